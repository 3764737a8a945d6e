"""Kill a server under load, start it again, and look for every order that was acknowledged."""

from __future__ import annotations

import argparse
import random
import threading
from pathlib import Path

import pymysql
import shop

from mysqlcompat.cluster import Cluster

HERE = Path(__file__).parent


def customer(
    port: int, number: int, ledger: list[int], enough: threading.Event, over: threading.Event
) -> None:
    """Place orders until the server is gone; note each one the server acknowledged."""
    rng = random.Random(number)
    try:
        connection = shop.connect("127.0.0.1", port)
        while not over.is_set():
            ledger.append(shop.place_order(connection, 1001 + number, rng))
            if len(ledger) >= 50:
                enough.set()
    except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
        return  # the connection broke: the order in flight was not acknowledged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--victim", default="supervisor", help="process to kill -9")
    parser.add_argument("--customers", type=int, default=4)
    options = parser.parse_args()
    schema = (HERE / "schema.sql").read_text(encoding="utf-8")
    ledger: list[int] = []
    enough, over = threading.Event(), threading.Event()
    with Cluster(init_sql=schema) as cluster:
        threads = [
            threading.Thread(target=customer, args=(cluster.writer_port, n, ledger, enough, over))
            for n in range(options.customers)
        ]
        for thread in threads:
            thread.start()
        enough.wait(60)
        print(f"kill -9 {options.victim} with {options.customers} customers ordering")
        cluster.kill(options.victim)
        if options.victim == "supervisor":
            cluster.start()
        else:
            cluster.wait_ready(options.victim)
        over.set()  # for who is still connected, or came late
        for thread in threads:
            thread.join()
        connection = shop.connect("127.0.0.1", cluster.writer_port)
        with connection.cursor() as cursor:
            cursor.execute("SELECT order_id FROM orders")
            present = {order for (order,) in cursor.fetchall()}
        connection.close()
    missing = set(ledger) - present
    print(f"{len(ledger)} orders were acknowledged, {len(missing)} of them are missing")
    if missing:
        raise SystemExit(f"lost: {sorted(missing)}")


if __name__ == "__main__":
    main()
