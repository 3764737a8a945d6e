"""What constraints cost: inserts into a child with a foreign key, a cascade, ANALYZE.

    python -m tests.bench.bench_constraints [host:port]

Without an address a cluster of one writer is started. The same statements run on a real MySQL when
its address is given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql

ROWS = 100_000
ANALYZED = 1_000_000
BATCH = 1000


@contextmanager
def address() -> Iterator[tuple[str, int]]:
    if len(sys.argv) > 1:
        host, _, port = sys.argv[1].rpartition(":")
        yield host, int(port)
        return
    from mysqlcompat import Cluster

    with Cluster(replicas=0) as cluster:
        yield "127.0.0.1", cluster.writer_port


def timed(what: str, run: Any, count: int) -> float:
    started = time.perf_counter()
    run()
    seconds = time.perf_counter() - started
    print(f"{what:44} {seconds:8.3f} s {count / seconds:12,.0f} rows/s", flush=True)
    return seconds


def fill(cursor: Any, table: str, rows: int, parents: int) -> None:
    for first in range(0, rows, BATCH):
        values = ",".join(f"({n},{n % parents + 1},{n % 97})" for n in range(first, first + BATCH))
        cursor.execute(f"INSERT INTO {table} VALUES {values}")


def single(cursor: Any, table: str, first: int, count: int, parents: int) -> None:
    for n in range(first, first + count):
        cursor.execute(f"INSERT INTO {table} VALUES ({n},{n % parents + 1},1)")


def main() -> None:
    with address() as (host, port):
        connection = pymysql.connect(host=host, port=port, user="root", autocommit=True)
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS bench_constraints")
        cursor.execute("CREATE DATABASE bench_constraints")
        cursor.execute("USE bench_constraints")
        cursor.execute("CREATE TABLE p (id INT PRIMARY KEY)")
        parents = 1000
        rows = ",".join(f"({n})" for n in range(1, parents + 1))
        cursor.execute(f"INSERT INTO p VALUES {rows}")
        columns = "id INT PRIMARY KEY, p INT, x INT, KEY (p)"
        cursor.execute(f"CREATE TABLE plain ({columns})")
        key = "FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE"
        cursor.execute(f"CREATE TABLE child ({columns}, {key})")
        bare = timed("insert, no key", lambda: fill(cursor, "plain", ROWS, parents), ROWS)
        keyed = timed("insert, one key", lambda: fill(cursor, "child", ROWS, parents), ROWS)
        print(f"{'ratio':44} {bare / keyed:8.2f}")
        one = timed(
            "insert one by one, no key", lambda: single(cursor, "plain", ROWS, 3000, 9), 3000
        )
        two = timed(
            "insert one by one, one key", lambda: single(cursor, "child", ROWS, 3000, 9), 3000
        )
        print(f"{'ratio':44} {one / two:8.2f}")
        timed("cascade delete", lambda: cursor.execute("DELETE FROM p"), ROWS + 3000)
        cursor.execute("SELECT COUNT(*) FROM child")
        assert cursor.fetchall() == ((0,),)
        cursor.execute("TRUNCATE TABLE plain")
        fill(cursor, "plain", ANALYZED, parents)
        timed("ANALYZE", lambda: cursor.execute("ANALYZE TABLE plain"), ANALYZED)
        cursor.execute("SHOW INDEX FROM plain")
        print([row[6] for row in cursor.fetchall()])
        cursor.execute("DROP DATABASE bench_constraints")


if __name__ == "__main__":
    main()
