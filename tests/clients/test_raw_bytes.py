"""Bytes that are no text, in statements: as drivers and `mysqldump` send binary values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster

RAW = b"\xff\xfe\x80 caf\xc3\xa9 \xe2\x82"
QUERY = 3  #: COM_QUERY
PREPARE, EXECUTE = 22, 23  #: COM_STMT_PREPARE, COM_STMT_EXECUTE


@pytest.fixture
def connection(shop_cluster: Cluster) -> Iterator[Any]:
    made = pymysql.connect(
        host="127.0.0.1", port=shop_cluster.writer_port, user="root", autocommit=True
    )
    with closing(made):
        made.query("CREATE DATABASE raw")
        made.select_db("raw")
        made.query("CREATE TABLE b (id INT PRIMARY KEY, v BLOB, t TEXT)")
        yield made
        made.query("DROP DATABASE raw")


def run(connection: Any, sql: bytes) -> Any:
    """Send these bytes, all rows of the answer."""
    connection._execute_command(QUERY, sql)
    connection._read_query_result()
    return connection._result.rows


@pytest.mark.parametrize("introducer", [b"_binary", b"_binary ", b""])
def test_they_are_stored_as_they_are(connection: Any, introducer: bytes) -> None:
    """More than once: from the second on, the plan is known, and the lane may have it."""
    for number in range(1, 6):
        sql = b"INSERT INTO b VALUES (%d, %s'%s%d', 'x')" % (number, introducer, RAW, number)
        run(connection, sql)
        run(
            connection,
            b"UPDATE b SET v = %s'%s-%d' WHERE id = %d" % (introducer, RAW, number, number),
        )
        found = run(connection, b"SELECT HEX(v) FROM b WHERE id = %d" % number)
        assert bytes.fromhex(found[0][0]) == RAW + b"-%d" % number
        found = run(connection, b"SELECT id FROM b WHERE v = %s'%s-%d'" % (introducer, RAW, number))
        assert found == ((number,),)


def test_escapes_and_neighbours(connection: Any) -> None:
    run(connection, rb"INSERT INTO b VALUES (1, _binary '\0\'\n" + RAW + rb"' 'more', 'caf\xe9')")
    found = run(connection, b"SELECT HEX(v), t /* " + RAW + b" */ FROM b")
    assert bytes.fromhex(found[0][0]) == b"\0'\n" + RAW + b"more"


def test_a_text_column_refuses_them(connection: Any) -> None:
    for _ in range(3):
        with pytest.raises(pymysql.err.DataError) as refused:
            run(connection, b"INSERT INTO b VALUES (1, '', '" + RAW + b"')")
        assert refused.value.args[0] == 1366
    assert run(connection, b"SELECT COUNT(*) FROM b") == ((0,),)


def test_prepared_text(connection: Any) -> None:
    connection._execute_command(PREPARE, b"INSERT INTO b VALUES (7, _binary'" + RAW + b"', ?)")
    statement = connection._read_packet().get_all_data()[1:5]
    connection._read_packet()  # the parameter
    assert connection._read_packet().is_eof_packet()
    values = b"\0\1\xfd\0\2ok"  # none is NULL, types follow: a string
    connection._execute_command(EXECUTE, statement + b"\0" + struct.pack("<I", 1) + values)
    connection._read_query_result()
    assert run(connection, b"SELECT HEX(v), t FROM b") == ((RAW.hex().upper(), "ok"),)
