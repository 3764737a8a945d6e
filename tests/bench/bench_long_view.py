"""One long read view plus a million updates: ``python -m tests.bench.bench_long_view [updates]``.

A session keeps a consistent snapshot open while others update 100,000 rows again and again. Printed
are the cost of some statements before, during and after, the history that is kept, the writer's
memory, and how long purge takes to catch up once the view is closed.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster

ROWS = 100_000
STATEMENTS = {
    "point select": "SELECT c FROM t WHERE id = {0}",
    "point update": "UPDATE t SET k = k + 1 WHERE id = {0}",
    "update of the indexed column": "UPDATE t SET i = i + 1 WHERE id = {0}",
    "range of 100": "SELECT SUM(k) FROM t WHERE id BETWEEN {0} AND {0} + 99",
    "range of 100 by an index": "SELECT COUNT(k) FROM t WHERE i BETWEEN {0} AND {0} + 99",
    "insert": "INSERT INTO t (k, i, c) VALUES (1, 1, 'new')",
    "count": "SELECT COUNT(*) FROM t",
}
HOLDER = "SELECT * FROM information_schema.HISTORY_HOLDERS WHERE IS_OLDEST = 'YES'"
HISTORY = (
    "SELECT `COUNT` FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'"
)


def connect(port: int) -> Any:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)


def one(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()


def memory_mib(cluster: Cluster) -> float:
    """Resident memory of the writer without shared pages."""
    for line in Path(f"/proc/{cluster.pids['writer']}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no RssAnon")


def costs(cursor: Any) -> dict[str, float]:
    """Median milliseconds of each statement."""
    made = {}
    for name, sql in STATEMENTS.items():
        spent = []
        for number in range(15 if name == "count" else 60):
            text = sql.format(1 + (number * 7919) % (ROWS - 200))
            started = time.perf_counter()
            cursor.execute(text)
            cursor.fetchall()
            spent.append(time.perf_counter() - started)
        made[name] = statistics.median(spent) * 1000
    return made


def fill(cursor: Any) -> None:
    cursor.execute("CREATE DATABASE d")
    cursor.execute("USE d")
    cursor.execute(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, i INT NOT NULL,"
        " c CHAR(120) NOT NULL, INDEX (i))"
    )
    for first in range(0, ROWS, 2000):
        rows = ", ".join(f"({n}, {n}, 'text of row {n}')" for n in range(first, first + 2000))
        cursor.execute(f"INSERT INTO t (k, i, c) VALUES {rows}")


def update(cursor: Any, updates: int) -> float:
    """Update so many rows, 1,000 a statement, every fifth time the indexed column; seconds."""
    started = time.perf_counter()
    for number in range(updates // 1000):
        low = 1 + (number * 1000) % ROWS
        column = "i" if number % 5 == 0 else "k"
        cursor.execute(
            f"UPDATE t SET {column} = {column} + 1 WHERE id BETWEEN {low} AND {low + 999}"
        )
    return time.perf_counter() - started


def main(updates: int = 1_000_000) -> None:
    """Print the table."""
    with Cluster(replicas=1, buffer_pool="64M") as cluster:
        writer = connect(cluster.writer_port)
        viewer = connect(cluster.reader_port)
        with writer.cursor() as cursor, viewer.cursor() as view:
            fill(cursor)
            while not one(
                view,
                "SELECT COUNT(*) FROM information_schema.TABLES"
                " WHERE TABLE_NAME = 't' AND TABLE_SCHEMA = 'd'",
            )[0]:
                pass
            before = costs(cursor)
            memory = memory_mib(cluster)
            view.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            seen = one(view, "SELECT SUM(k) FROM d.t")
            seconds = update(cursor, updates)
            print(f"{updates} updates under the view: {seconds:.1f} s")
            during = costs(cursor)
            print(f"history {one(cursor, HISTORY)[0]}, held by {one(cursor, HOLDER)}")
            grown = memory_mib(cluster)
            started = time.perf_counter()
            assert one(view, "SELECT SUM(k) FROM d.t") == seen
            print(f"the old view reads {ROWS} rows in {time.perf_counter() - started:.2f} s")
            view.execute("COMMIT")
            started = time.perf_counter()
            while one(cursor, HISTORY)[0] > 2:
                time.sleep(0.05)
            print(f"purge caught up {time.perf_counter() - started:.1f} s after the view closed")
            after = costs(cursor)
            print(
                f"writer's memory: {memory:.0f} MiB before, {grown:.0f} under the view,"
                f" {memory_mib(cluster):.0f} after; its pool is 64 MiB"
            )
        print(f"{'ms, median':32}{'before':>9}{'during':>9}{'after':>9}{'after/before':>14}")
        for name, cost in before.items():
            ratio = after[name] / cost
            print(f"{name:32}{cost:9.2f}{during[name]:9.2f}{after[name]:9.2f}{ratio:14.2f}")
            assert ratio < 5, name
        writer.close()
        viewer.close()
        assert cluster.stop() == 0, cluster.output


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
