"""Data definition on a big table, beside MySQL when MYSQL_ORACLE=host:port is set.

    python -m tests.bench.bench_ddl [rows] [tables]

Prints seconds: an index built with nobody about and beside 8 connections that update and insert
(with their changes a second alone and meanwhile: half as many, at least), columns added and
dropped, a copy; then many tables: making them, a point select among them, SHOW TABLES,
information_schema, DROP DATABASE; memory before and after.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pymysql

from mysqlcompat import Cluster

Port = tuple[str, int]
WRITERS = 8


def connect(server: Port) -> Any:
    return pymysql.connect(host=server[0], port=server[1], user="root", autocommit=True)


def timed(cursor: Any, text: str) -> float:
    start = time.perf_counter()
    cursor.execute(text)
    cursor.fetchall()
    return time.perf_counter() - start


def load(cursor: Any, rows: int) -> None:
    cursor.execute("DROP DATABASE IF EXISTS bench_ddl")
    cursor.execute("CREATE DATABASE bench_ddl")
    cursor.execute("USE bench_ddl")
    cursor.execute(
        "CREATE TABLE sbtest1 (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '',"
        " pad CHAR(60) NOT NULL DEFAULT '')"
    )
    rng = random.Random(1)
    for first in range(0, rows, 2000):
        values = ",".join(
            f"({rng.randrange(1, rows)},'{rng.random():0<120.100f}','{rng.random():0<60.50f}')"
            for _ in range(min(2000, rows - first))
        )
        cursor.execute(f"INSERT INTO sbtest1 (k, c, pad) VALUES {values}")


class Writers:
    """Connections that update rows and insert others, in turn, until they are stopped."""

    def __init__(self, server: Port, rows: int) -> None:
        self._done = [0] * WRITERS
        self._longest = [0.0] * WRITERS
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(server, rows, number))
            for number in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, server: Port, rows: int, number: int) -> None:
        rng = random.Random(number)
        cursor = connect(server).cursor()
        cursor.execute("USE bench_ddl")
        while not self._stop.is_set():
            key, k = rng.randrange(1, rows), rng.randrange(1, rows)
            for text in (
                f"UPDATE sbtest1 SET k = {k} WHERE id = {key}",
                f"INSERT INTO sbtest1 (k, c, pad) VALUES ({k}, 'c', 'pad')",
            ):
                seconds = timed(cursor, text)
                self._longest[number] = max(self._longest[number], seconds)
                self._done[number] += 1

    def during(self, work: Callable[[], object]) -> tuple[float, float, float]:
        """Changes a second while something is done; the longest of them; seconds it took."""
        before = sum(self._done)
        self._longest[:] = [0.0] * WRITERS
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        return (sum(self._done) - before) / seconds, max(self._longest), seconds

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def big_table(server: Port, rows: int) -> dict[str, float]:
    cursor = connect(server).cursor()
    figures: dict[str, float] = {}
    start = time.perf_counter()
    load(cursor, rows)
    figures["load"] = time.perf_counter() - start
    figures["index"] = timed(cursor, "CREATE INDEX k1 ON sbtest1 (k)")
    writers = Writers(server, rows)
    writers.during(lambda: time.sleep(1))  # connected, and warm
    alone = writers.during(lambda: time.sleep(3))  # their own pace
    beside = writers.during(lambda: cursor.execute("CREATE INDEX k2 ON sbtest1 (k, id)"))
    writers.stop()
    figures["index beside"] = beside[2]
    figures["changes/s alone"], figures["changes/s beside"] = alone[0], beside[0]
    figures["of their pace kept"] = beside[0] / alone[0]
    figures["longest alone"], figures["longest beside"] = alone[1], beside[1]
    figures["add column"] = timed(cursor, "ALTER TABLE sbtest1 ADD n INT NOT NULL DEFAULT 7 FIRST")
    figures["drop column"] = timed(cursor, "ALTER TABLE sbtest1 DROP n")
    figures["count"] = timed(cursor, "SELECT COUNT(*), SUM(k) FROM sbtest1 IGNORE INDEX (k1, k2)")
    figures["copy"] = timed(cursor, "ALTER TABLE sbtest1 MODIFY k BIGINT NOT NULL")
    figures["drop table"] = timed(cursor, "DROP TABLE sbtest1")
    return figures


def many_tables(server: Port, tables: int) -> dict[str, float]:
    cursor = connect(server).cursor()
    cursor.execute("DROP DATABASE IF EXISTS bench_many")
    cursor.execute("CREATE DATABASE bench_many")
    cursor.execute("USE bench_many")
    figures: dict[str, float] = {}
    start = time.perf_counter()
    for number in range(tables):
        cursor.execute(
            f"CREATE TABLE t{number} (id INT PRIMARY KEY, a INT, b VARCHAR(50), KEY (a))"
        )
    figures["tables/s"] = tables / (time.perf_counter() - start)
    cursor.execute("INSERT INTO t7 VALUES (1, 2, 'three')")
    point = [timed(cursor, "SELECT b FROM t7 WHERE id = 1") for _ in range(2000)]
    figures["point select µs"] = sorted(point)[1000] * 1e6
    figures["show tables"] = timed(cursor, "SHOW TABLES")
    figures["i_s.tables"] = timed(
        cursor, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'bench_many'"
    )
    figures["i_s.tables, one"] = timed(
        cursor,
        "SELECT COUNT(*) FROM information_schema.tables"
        " WHERE table_schema = 'bench_many' AND table_name = 't7'",
    )
    for name in ("i_s.tables, whole rows", "the same again"):
        figures[name] = timed(
            cursor, "SELECT * FROM information_schema.tables WHERE table_schema = 'bench_many'"
        )
    figures["show table status"] = timed(cursor, "SHOW TABLE STATUS")
    figures["drop database"] = timed(cursor, "DROP DATABASE bench_many")
    return figures


def resident_mb(pid: int) -> int:
    """Resident memory of a process; only grows with what a run leaves in its pool and heap."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def show(name: str, ours: dict[str, float], theirs: dict[str, float]) -> None:
    print(f"{name:24} {'ours':>12} {'MySQL':>12}")
    for key, value in ours.items():
        print(f"{key:24} {value:12.3f} {theirs.get(key, float('nan')):12.3f}", flush=True)


def main(rows: int = 1_000_000, tables: int = 2_000) -> None:
    oracle = os.environ.get("MYSQL_ORACLE", "")
    both: list[tuple[str, Callable[[Port], dict[str, float]]]] = [
        (f"{rows} rows, seconds", lambda server: big_table(server, rows)),
        (f"{tables} tables", lambda server: many_tables(server, tables)),
    ]
    with Cluster(replicas=0, buffer_pool=1 << 30) as cluster:
        for name, run in both:
            before = resident_mb(cluster.pids["writer"])
            ours = run(("127.0.0.1", cluster.writer_port))
            print(
                f"writer's memory {before} MB before, {resident_mb(cluster.pids['writer'])} after"
            )
            host, _, port = oracle.rpartition(":")
            show(name, ours, run((host, int(port))) if oracle else {})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
