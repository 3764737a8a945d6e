"""Values of many megabytes by real clients: in, out, changed, on the reader, through a kill."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import mysql.connector
import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.lane_client import wait_for_rows

MIB = 1 << 20
#: The largest value that goes through; more in a longer run.
LARGEST = int(os.environ.get("LONG_VALUE_MIB", "20")) * MIB


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=1, buffer_pool="16M", ring_bytes="16M") as cluster:
        yield cluster


def connect(port: int, **options: Any) -> Any:
    return pymysql.connect(
        host="127.0.0.1",
        port=port,
        user="root",
        ssl_disabled=True,
        max_allowed_packet=1 << 30,
        **options,
    )


def text_of(size: int, seed: int) -> str:
    piece = "".join(random.Random(seed).choices("abcdefgh ä漢", k=4096))
    return (piece * (size // len(piece.encode()) + 1)).encode()[:size].decode("utf-8", "ignore")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def table(cluster: Cluster) -> Iterator[Any]:
    with connect(cluster.writer_port, autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE IF NOT EXISTS longs")
        cursor.execute("USE longs")
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT, doc LONGTEXT, raw LONGBLOB)")
        yield cursor
        cursor.execute("DROP TABLE t")


def test_in_and_out_on_writer_and_reader(cluster: Cluster, table: Any) -> None:
    sizes = [5000, 100_000, MIB, 16 * MIB - 100, LARGEST]
    texts = {number: text_of(size, number) for number, size in enumerate(sizes)}
    for number, text in texts.items():
        table.execute("INSERT INTO t VALUES (%s, 1, %s, NULL)", (number, text))
    table.execute("UPDATE t SET n = n + 1")
    for number, text in texts.items():
        table.execute("SELECT n, doc, LENGTH(doc) FROM t WHERE id = %s", (number,))
        assert table.fetchone() == (2, text, len(text.encode()))
    table.execute("SELECT SUM(n) FROM t")
    assert table.fetchone() == (2 * len(texts),)
    expected = tuple((number, digest(text)) for number, text in texts.items())
    sql = "SELECT id, SHA2(doc, 256) FROM longs.t ORDER BY id"
    wait_for_rows(cluster.reader_port, sql, expected, database=None)


def test_prepared_statements_and_updates(cluster: Cluster, table: Any) -> None:
    text, blob = text_of(3 * MIB, 7), random.Random(7).randbytes(2 * MIB)
    connection = mysql.connector.connect(
        host="127.0.0.1", port=cluster.writer_port, user="root", database="longs"
    )
    with connection, connection.cursor(prepared=True) as cursor:
        cursor.execute("INSERT INTO t VALUES (?, ?, ?, ?)", (1, 1, text, blob))
        connection.commit()
        cursor.execute("SELECT doc, raw FROM t WHERE id = ?", (1,))
        assert cursor.fetchone() == (text, bytearray(blob))
        connection.commit()
    assert table.execute("UPDATE t SET doc = CONCAT(doc, '')") == 0, "as it was"
    assert table.execute("UPDATE t SET doc = CONCAT(doc, 'z'), n = n + 1") == 1
    table.execute("SELECT n, RIGHT(doc, 1), SHA2(raw, 256) FROM t")
    assert table.fetchone() == (2, "z", hashlib.sha256(blob).hexdigest())
    assert table.execute("DELETE FROM t") == 1


def test_a_packet_over_the_limit_is_refused(cluster: Cluster, table: Any) -> None:
    table.execute("SELECT @@max_allowed_packet")
    (limit,) = table.fetchone()
    other = connect(cluster.writer_port, database="longs")
    with pytest.raises(pymysql.err.OperationalError) as refused, other:
        other.cursor().execute("INSERT INTO t VALUES (1, 1, '" + "x" * limit + "', NULL)")
    assert refused.value.args[0] in (1153, 2006, 2013)
    table.execute("SELECT COUNT(*) FROM t")
    assert table.fetchone() == (0,)


def test_a_kill_in_the_middle_leaves_no_page_behind() -> None:
    with Cluster(replicas=0, buffer_pool="16M", ring_bytes="16M") as cluster:
        with connect(cluster.writer_port) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE longs")
            cursor.execute("CREATE TABLE longs.t (id INT PRIMARY KEY, doc LONGTEXT)")
            cursor.execute("INSERT INTO longs.t VALUES (1, %s)", (text_of(MIB, 1),))
            connection.commit()
        committed = threading.Event()
        writing = threading.Thread(target=write_without_end, args=(cluster.writer_port, committed))
        writing.start()
        committed.wait()
        cluster.kill()
        writing.join()
        cluster.start()
        with connect(cluster.writer_port) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT SHA2(doc, 256) FROM longs.t WHERE id = 1")
            assert cursor.fetchone() == (digest(text_of(MIB, 1)),)
        cluster.stop()
        command = [sys.executable, "-m", "mysqlcompat", "check", "--data", str(cluster.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def write_without_end(port: int, committed: threading.Event) -> None:
    """Change one long value, again and again, until the server is gone."""
    with suppress(pymysql.err.Error, OSError):
        connection = connect(port, autocommit=True)
        for number in itertools.count():
            text = text_of(4 * MIB, number)
            connection.cursor().execute("INSERT INTO longs.t VALUES (%s, %s)", (number + 2, text))
            connection.cursor().execute(
                "DELETE FROM longs.t WHERE id = %s AND id > 1", (number + 1,)
            )
            if number == 3:
                committed.set()
