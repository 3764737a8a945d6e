"""Snapshots, clones and backtrack at several sizes, with real processes.

usage: python -m tests.bench.bench_volumes [MEGABYTES …]

For each size: a table of so many MB is loaded; a snapshot and a clone are made five times, while
what was loaded becomes pages (median, as the storage process measures it, and as the command takes
with its start); rows are inserted and a tenth of all deleted, and the volume is taken back to
before that, and forward again. A table of 1 GB takes 13 GB of disk: six copies of log, three of
pages.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask
from redo.timeline import clock_text

ROUNDS = 5
ROW_BYTES = 1000
COMMAND = [sys.executable, "-m", "mysqlcompat"]


def connect(cluster: Cluster) -> Any:
    return pymysql.connect(
        host="127.0.0.1", port=cluster.writer_port, user="root", autocommit=True, database="big"
    )


def load(cluster: Cluster, megabytes: int, first: int = 0) -> None:
    """Insert so many MB of rows."""
    with connect(cluster) as connection, connection.cursor() as cursor:
        for start in range(first, first + megabytes * 1000, 500):
            rows = ",".join(
                f"({i},'{os.urandom(ROW_BYTES // 2).hex()}')" for i in range(start, start + 500)
            )
            cursor.execute(f"INSERT INTO t VALUES {rows}")


def count(cluster: Cluster) -> tuple[Any, ...]:
    with connect(cluster) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MAX(id) FROM t")
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def data_bytes(path: Path) -> int:
    """Bytes that a directory adds to what others already hold."""
    files = [file.stat() for file in path.rglob("*")]
    return sum(512 * stat.st_blocks for stat in files if stat.st_nlink == 1 or stat.st_blocks == 8)


def run(cluster: Cluster, *arguments: str) -> float:
    """Seconds a command takes, its start included."""
    started = time.monotonic()
    command = [*COMMAND, *arguments, "--data", str(cluster.data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def freezing(cluster: Cluster, megabytes: int) -> None:
    """Snapshots and clones."""
    for kind, request in [("snapshot", "name"), ("clone", "to")]:
        took, used = [], []
        for number in range(ROUNDS):
            name = f"{kind}{number}"
            done = ask(cluster.volume_dir, {"do": kind, request: name})
            assert done is not None
            took.append(done["took_us"] / 1000)
            used.append(done["cpu_us"] / 1000)
        path = cluster.data / ("snapshots" if kind == "snapshot" else "volumes") / f"{kind}0"
        extra = sum(512 * p.stat().st_blocks for p in (path, path / "files", path / "frozen.json"))
        words = (kind, "create", "x") if kind == "snapshot" else (kind, "main", "x")
        seconds = run(cluster, *words)
        print(
            f"{megabytes} MB: {kind} {statistics.median(took):.1f} ms (most {max(took):.1f}), "
            f"CPU {statistics.median(used):.1f} ms, command {seconds:.2f} s, "
            f"{extra >> 10} KiB more on disk"
        )


def travelling(cluster: Cluster, megabytes: int) -> None:
    """Back before a while of writes, forward again."""
    now = time.time_ns() // 1000
    before = count(cluster)
    load(cluster, min(megabytes, 200), megabytes * 1000)
    with connect(cluster) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM t WHERE id % 10 = 3")
    after, later = count(cluster), time.time_ns() // 1000
    back = run(cluster, "backtrack", "--to", clock_text(now))
    assert count(cluster) == before
    forward = run(cluster, "backtrack", "--to", clock_text(later))
    assert count(cluster) == after
    print(f"{megabytes} MB: backtrack {back:.2f} s, forward again {forward:.2f} s")


def main() -> int:
    sizes = [int(text) for text in sys.argv[1:]] or [10, 100]
    for megabytes in sizes:
        script = "CREATE DATABASE big; CREATE TABLE big.t (id INT PRIMARY KEY, v VARCHAR(1100));"
        with Cluster(replicas=1, init_sql=script, backtrack_window=3600) as cluster:
            started = time.monotonic()
            load(cluster, megabytes)
            print(f"{megabytes} MB loaded in {time.monotonic() - started:.0f} s", flush=True)
            freezing(cluster, megabytes)
            travelling(cluster, megabytes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
