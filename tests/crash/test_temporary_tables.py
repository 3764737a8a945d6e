"""The writer dies with temporary tables in the middle of a transaction: nothing of them is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from replicas.failover import WRITER
from tests.crash.test_kill import check_data


def _connect(port: int) -> Any:
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
    )


def test_a_crash_leaves_nothing_of_temporary_tables(tmp_path: Path) -> None:
    with Cluster(replicas=0, data=tmp_path / "data") as cluster:
        cursor = _connect(cluster.writer_port).cursor()
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TEMPORARY TABLE d.t (a INT PRIMARY KEY, b LONGTEXT, KEY (b(20)))")
        for number in range(20):
            cursor.execute(f"INSERT INTO d.t VALUES ({number}, REPEAT('x', 50000))")
        cursor.execute("BEGIN")
        cursor.execute("UPDATE d.t SET b = REPEAT('y', 60000) WHERE a < 10")
        cursor.execute("CREATE TEMPORARY TABLE d.u SELECT * FROM d.t")
        cursor.execute("DELETE FROM d.t WHERE a > 15")
        cursor.execute("CREATE TABLE d.real_one (a INT)")  # durable, and everything before it
        cursor.execute("BEGIN")
        cursor.execute("UPDATE d.t SET b = REPEAT('z', 60000)")
        cluster.kill(WRITER)
        cluster.wait_ready(WRITER)
        cursor = _connect(cluster.writer_port).cursor()
        cursor.execute("SHOW TABLES FROM d")
        assert [name for (name,) in cursor.fetchall()] == ["real_one"]
        assert cluster.stop() == 0, cluster.output
        check_data(tmp_path / "data")
