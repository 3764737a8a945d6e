"""A node's memory is bounded by its buffer pool, however much data passes through it.

MYSQLCOMPAT_SOAK=1 takes the pool that a small server would have, and twenty times as much data;
without it both are an eighth of that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat import Cluster

POOL_BYTES = (16 << 20) if os.environ.get("MYSQLCOMPAT_SOAK") else (2 << 20)
DATA_BYTES = 20 * POOL_BYTES
RING_BYTES = 16 << 20
#: What a node may take besides its pool: the log ring, page tables and locks, the machine's and
#: the heap's working room, and one long value in each of the forms it has on its way.
BESIDES_BYTES = RING_BYTES + (48 << 20)
LONG_BYTES = 2 << 20
ROW_BYTES = 8_000
ROWS_A_STATEMENT = 64


def resident(cluster: Cluster) -> int:
    """Bytes of memory of the writer."""
    status = Path(f"/proc/{cluster.pids['writer']}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    schema = (
        "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, n INT, pad VARCHAR(8000));"
        "CREATE TABLE d.l (id INT PRIMARY KEY, v LONGTEXT);"
    )
    options = {"buffer_pool": str(POOL_BYTES), "ring_bytes": str(RING_BYTES)}
    with Cluster(replicas=0, init_sql=schema, **options) as cluster:
        yield cluster


def run(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchall()


def test_data_twenty_times_the_pool(cluster: Cluster) -> None:
    cursor = pymysql.connect(
        host="127.0.0.1", port=cluster.writer_port, user="root", ssl_disabled=True, autocommit=True
    ).cursor()
    run(cursor, "SELECT COUNT(*), MAX(n), MAX(pad) FROM d.t")
    before = resident(cluster)
    rows = DATA_BYTES // ROW_BYTES
    for first in range(0, rows, ROWS_A_STATEMENT):
        pad = f"REPEAT(CHAR({97 + first // ROWS_A_STATEMENT % 26}), {ROW_BYTES})"
        many = range(first, min(first + ROWS_A_STATEMENT, rows))
        run(cursor, f"INSERT INTO d.t VALUES {','.join(f'({i}, {i}, {pad})' for i in many)}")
    for number in range(4):
        run(cursor, f"INSERT INTO d.l VALUES ({number}, REPEAT('v', {LONG_BYTES}))")
    ((count, total),) = run(cursor, "SELECT COUNT(*), SUM(LENGTH(pad)) FROM d.t")
    assert (count, total) == (rows, rows * ROW_BYTES)
    run(cursor, "UPDATE d.t SET n = n + 1")
    assert run(cursor, "SELECT SUM(n) FROM d.t") == ((rows * (rows + 1) // 2,),)
    for number in range(4):
        assert run(cursor, f"SELECT v FROM d.l WHERE id = {number}") == (("v" * LONG_BYTES,),)
    grown = resident(cluster) - before
    assert grown < POOL_BYTES + BESIDES_BYTES, f"{grown >> 20} MB"
