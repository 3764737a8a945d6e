"""PyMySQL runs the shop's script: rows, metadata, affected rows, the reader, the refused write."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.shop_script import (
    BY_CITY_FIELDS,
    INSERT_INFO,
    RECENT_ORDERS_FIELDS,
    statements,
)
from tests.golden_runner import wait_for_replicas


def connect(port: int, **options: Any) -> Any:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", **options)


def fields_of(cursor: Any) -> list[tuple[Any, ...]]:
    return [
        (f.name, f.org_name, f.table_name, f.charsetnr, f.length, f.type_code, f.flags, f.scale)
        for f in cursor._result.fields
    ]


@pytest.fixture
def writer(shop_cluster: Cluster) -> Iterator[Any]:
    connection = connect(shop_cluster.writer_port, autocommit=True)
    yield connection
    connection.close()


def test_the_script_as_mysql_answers_it(writer: Any) -> None:
    create, use, table, insert = statements("schema.sql", "ecommerce_pymysql")
    cursor = writer.cursor()
    cursor.execute("DROP DATABASE IF EXISTS ecommerce_pymysql")
    assert [cursor.execute(sql) for sql in (create, use, table, insert)] == [1, 0, 0, 2]
    result = cursor._result
    assert (result.insert_id, result.warning_count) == (1, 0)
    assert INSERT_INFO in result.message
    recent, by_city = statements("queries.sql", "ecommerce_pymysql")
    cursor.execute(recent)
    ((order, total, created),) = cursor.fetchall()
    assert (order, total) == (1, Decimal("199.99"))
    assert abs(created - datetime.datetime.now()) < datetime.timedelta(days=2)
    assert fields_of(cursor) == RECENT_ORDERS_FIELDS
    cursor.execute(by_city)
    assert cursor.fetchall() == ((1, '"Bengaluru"'),)
    assert fields_of(cursor) == BY_CITY_FIELDS


def test_the_reader_gives_the_same(shop_cluster: Cluster, writer: Any) -> None:
    reader = connect(shop_cluster.reader_port, database="ecommerce")
    writer.select_db("ecommerce")
    wait_for_replicas(writer)
    for sql in statements("queries.sql", "ecommerce"):
        answers = []
        for connection in (writer, reader):
            with connection.cursor() as cursor:
                cursor.execute(sql)
                answers.append((cursor.fetchall(), fields_of(cursor)))
        assert answers[0] == answers[1]
        assert answers[0][0]
    reader.close()


def test_a_write_on_the_reader_is_error_1290(shop_cluster: Cluster) -> None:
    reader = connect(shop_cluster.reader_port, database="ecommerce")
    with reader.cursor() as cursor:
        with pytest.raises(pymysql.err.MySQLError) as refused:
            cursor.execute("INSERT INTO orders (user_id, status, total_amount) VALUES (1, 'x', 1)")
        assert refused.value.args[0] == 1290
        assert "--read-only" in refused.value.args[1]
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    reader.close()


def test_new_orders_reach_the_reader(shop_cluster: Cluster, writer: Any) -> None:
    reader = connect(shop_cluster.reader_port, database="ecommerce", autocommit=True)
    writer.select_db("ecommerce")
    with writer.cursor() as w, reader.cursor() as r:
        for number in range(20):
            w.execute(
                "INSERT INTO orders (user_id, status, total_amount) VALUES (%s, 'PLACED', %s)",
                (5000 + number, Decimal(number)),
            )
            seen = None
            while seen is None:  # the test's own time limit ends this if it never comes
                r.execute("SELECT total_amount FROM orders WHERE order_id = %s", (w.lastrowid,))
                seen = r.fetchone()
            assert seen == (Decimal(number),)
    reader.close()


def test_lag_is_shown(shop_cluster: Cluster, writer: Any) -> None:
    with writer.cursor() as cursor:
        cursor.execute(
            "SELECT server_id, session_id, replica_lag_in_milliseconds "
            "FROM information_schema.replica_host_status"
        )
        rows = {server: (session, lag) for server, session, lag in cursor.fetchall()}
    assert len(rows) == 1 + shop_cluster.replicas
    masters = [name for name, row in rows.items() if row[0] == "MASTER_SESSION_ID"]
    assert len(masters) == 1
    assert all(float(lag) >= 0 for _, lag in rows.values())


def test_a_wrong_password_is_refused(shop_cluster: Cluster) -> None:
    with pytest.raises(pymysql.err.OperationalError) as refused:
        connect(shop_cluster.writer_port, password="guess")
    assert refused.value.args[0] == 1045
