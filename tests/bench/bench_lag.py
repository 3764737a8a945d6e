"""Replica lag under 1,000 orders a second: from a commit's answer to the read that shows the row.

usage: python -m tests.bench.bench_lag [SECONDS] [ORDERS_PER_SECOND]

The load is placed at a steady pace over several connections; a probe on its own connections inserts
a row on the writer and asks the reader for it until it is there. The polling itself costs about a
round trip, so the figures are upper bounds.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from pathlib import Path

from mysqlcompat.cluster import Cluster

SHOP = Path(__file__).resolve().parents[2] / "examples" / "orders"
sys.path.insert(0, str(SHOP))

import shop  # noqa: E402

CONNECTIONS = 4


def load(port: int, pace_s: float, stop: threading.Event, placed: list[int]) -> None:
    """Place orders, one every `pace_s`, until told to stop."""
    connection = shop.connect("127.0.0.1", port)
    rng = random.Random(1)
    due = time.perf_counter()
    while not stop.is_set():
        shop.place_order(connection, 1001, rng)
        placed.append(1)
        due += pace_s
        time.sleep(max(0.0, due - time.perf_counter()))
    connection.close()


def probe(cluster: Cluster, seconds: float) -> list[float]:
    """Lags in ms."""
    writer = shop.connect("127.0.0.1", cluster.writer_port)
    reader = shop.connect("127.0.0.1", cluster.reader_port)
    rng = random.Random(2)
    lags = []
    end = time.perf_counter() + seconds
    with reader.cursor() as cursor:
        while time.perf_counter() < end:
            order = shop.place_order(writer, 1, rng)
            committed = time.perf_counter()
            seen = 0
            while not seen:
                cursor.execute("SELECT COUNT(*) FROM orders WHERE order_id = %s", (order,))
                (seen,) = cursor.fetchone()
            lags.append((time.perf_counter() - committed) * 1000)
            time.sleep(0.005)
    writer.close()
    reader.close()
    return sorted(lags)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 1000.0
    schema = (SHOP / "schema.sql").read_text(encoding="utf-8")
    with Cluster(replicas=2, init_sql=schema) as cluster:
        stop, placed = threading.Event(), list[int]()
        arguments = (cluster.writer_port, CONNECTIONS / rate, stop, placed)
        threads = [threading.Thread(target=load, args=arguments) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        lags = probe(cluster, seconds)
        stop.set()
        for thread in threads:
            thread.join()
    print(f"{len(placed) / seconds:.0f} orders/s, {len(lags)} probes")
    for share in (50, 90, 99):
        print(f"lag p{share} {lags[len(lags) * share // 100]:.2f} ms")


if __name__ == "__main__":
    main()
