"""Statements of megabytes and of thousands of parts: answered, and others are served meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.lane_client import connect, run


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    schema = "CREATE DATABASE lane; USE lane; CREATE TABLE t (id INT PRIMARY KEY, n INT)"
    with Cluster(replicas=0, init_sql=schema) as made:
        yield made


def failure(connection: Any, sql: str) -> tuple[int, str]:
    with pytest.raises(pymysql.err.MySQLError) as failed:
        run(connection, sql)
    errno, message = failed.value.args
    return errno, message


def test_others_are_served_while_a_long_text_is_read(cluster: Cluster) -> None:
    """The mistake is at the end of half a megabyte: seconds of reading."""
    rows = ", ".join(f"({number}, 'abc')" for number in range(20_000))
    found: list[tuple[int, str]] = []
    with connect(cluster.writer_port) as long, connect(cluster.writer_port) as other:
        run(other, "SELECT n FROM t WHERE id = 1")
        sql = f"INSERT INTO t VALUES {rows}, (1 2)"
        thread = threading.Thread(target=lambda: found.append(failure(long, sql)))
        thread.start()
        served = 0
        while thread.is_alive():
            run(other, "SELECT n FROM t WHERE id = 1")
            served += not found
        thread.join()
    ((errno, message),) = found
    assert errno == 1064 and "near '2)' at line 1" in message
    assert served > 10


def test_long_texts_are_what_short_ones_are(cluster: Cluster) -> None:
    blanks = " " * 20_000
    with connect(cluster.writer_port) as client:
        assert run(client, f"SELECT 1,{blanks}2") == ((1, 2),)
        assert run(client, f"SELECT{blanks}'a', 1;") == (("a", 1),)
        assert failure(client, f"SELECT{blanks}'a")[0] == 1064
        assert failure(client, f"SELECT{blanks}a FROM t")[0] == 1054
        assert failure(client, f"SELEC{blanks}a FROM t")[0] == 1064
        run(client, f"SET @a ={blanks}5")
        assert run(client, f"SELECT @a +{blanks}1") == ((6,),)
        run(client, f"PREPARE p FROM 'SELECT{blanks}?, 7'")
        assert run(client, "EXECUTE p USING @a") == ((5, 7),)
        run(client, f"INSERT INTO t VALUES (1,{blanks}1)")
        run(client, f"UPDATE t SET n = n + 4{blanks}WHERE id = 1")
        assert run(client, f"SELECT n FROM t{blanks}") == ((5,),)


def test_too_deep(cluster: Cluster) -> None:
    with connect(cluster.writer_port) as client:
        for count in (2_000, 8_000):
            assert failure(client, "SELECT " + "(" * count + "1" + ")" * count)[0] == 1436
        assert run(client, "SELECT " + "(" * 30 + "1" + ")" * 30) == ((1,),)
