"""Data twenty times the buffer pool: ``python -m tests.bench.bench_small_pool [rows]``.

Loads sysbench's table with multi-row INSERTs, reads rows by random keys with 1 and 16 connections,
scans all, and updates one hot row from 64. With MYSQL_PORT=port the same on a MySQL beside it
(which should have as small a pool: innodb_buffer_pool_size=16M), and ratios. Needs sysbench.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster

POOL = "16M"
SECONDS = 5


def sysbench(port: int, script: str, rows: int, *options: str) -> str:
    """Run a script; what it wrote."""
    command = ["sysbench", script, "--db-driver=mysql", "--mysql-host=127.0.0.1"]
    command += ["--mysql-user=root", "--mysql-db=pool", "--mysql-ssl=off", f"--mysql-port={port}"]
    command += ["--tables=1", f"--table-size={rows}", "--rand-type=uniform", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


def rate(port: int, script: str, rows: int, threads: int) -> float:
    """Queries a second."""
    options = (f"--threads={threads}", f"--time={SECONDS}", "run")
    found = re.search(r"queries:\s+\d+\s+\(([\d.]+)", sysbench(port, script, rows, *options))
    assert found
    return float(found[1])


def query(port: int, *statements: str) -> Any:
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="root", read_timeout=300, autocommit=True
    )
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
        rows = cursor.fetchall()
    connection.close()
    return rows


def measure(port: int, rows: int) -> dict[str, float]:
    """Everything, each as something per second."""
    query(port, "DROP DATABASE IF EXISTS pool", "CREATE DATABASE pool")
    started = time.perf_counter()
    sysbench(port, "oltp_read_write", rows, "--create_secondary=off", "prepare")
    made = {"rows loaded": rows / (time.perf_counter() - started)}
    for threads in (1, 16):
        name = f"point selects, {threads} connections"
        made[name] = rate(port, "oltp_point_select", rows, threads)
    started = time.perf_counter()
    assert query(port, "SELECT COUNT(*), SUM(k) FROM pool.sbtest1")[0][0] == rows
    made["rows scanned"] = rows / (time.perf_counter() - started)
    query(port, "DROP TABLE pool.sbtest1")
    sysbench(port, "oltp_read_write", 1, "--create_secondary=off", "prepare")
    made["updates of one row, 64 connections"] = rate(port, "oltp_update_non_index", 1, 64)
    query(port, "DROP DATABASE pool")
    return made


def main(rows: int = 1_400_000) -> None:
    """Print the table."""
    beside = os.environ.get("MYSQL_PORT")
    with Cluster(replicas=0, buffer_pool=POOL) as cluster:
        ours = measure(cluster.writer_port, rows)
        figures = dict(query(cluster.writer_port, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool%'"))
    theirs = measure(int(beside), rows) if beside else {}
    print(f"{'a second':40}{'ours':>12}{'MySQL':>12}{'ratio':>8}")
    for name, value in ours.items():
        other = theirs.get(name)
        shown = f"{other:12,.0f}{value / other:8.2f}" if other else ""
        print(f"{name:40}{value:12,.0f}{shown}")
    for name in ("read_requests", "reads", "read_ahead"):
        print(f"Innodb_buffer_pool_{name}: {int(figures[f'Innodb_buffer_pool_{name}']):,}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
