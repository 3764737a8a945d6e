"""mysql-connector-python: text protocol, and the binary one of prepared statements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import mysql.connector
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.shop_script import statements


@pytest.fixture(params=[False, True], ids=["tls", "clear"])
def writer(request: pytest.FixtureRequest, shop_cluster: Cluster) -> Any:
    connection = mysql.connector.connect(
        host="127.0.0.1",
        port=shop_cluster.writer_port,
        user="root",
        use_pure=True,
        ssl_disabled=request.param,
        autocommit=True,
    )
    yield connection
    connection.close()


def test_the_script(writer: Any) -> None:
    cursor = writer.cursor()
    cursor.execute("DROP DATABASE IF EXISTS ecommerce_connector")
    for sql in statements("schema.sql", "ecommerce_connector"):
        cursor.execute(sql)
    assert (cursor.rowcount, cursor.lastrowid) == (2, 1)
    recent, by_city = statements("queries.sql", "ecommerce_connector")
    cursor.execute(recent)
    ((order, total, _),) = cursor.fetchall()
    assert (order, total) == (1, Decimal("199.99"))
    cursor.execute(by_city)
    assert cursor.fetchall() == [(1, '"Bengaluru"')]
    cursor.close()


def test_prepared_statements(writer: Any) -> None:
    writer.database = "ecommerce"
    cursor = writer.cursor(prepared=True)
    insert = "INSERT INTO orders (user_id, status, total_amount) VALUES (?, ?, ?)"
    orders = []
    for number in range(5):
        cursor.execute(insert, (7000 + number, "PREPARED", Decimal("10.50") * number))
        orders.append(cursor.lastrowid)
    select = "SELECT user_id, status, total_amount FROM orders WHERE order_id = ?"
    for number, order in enumerate(orders):
        cursor.execute(select, (order,))
        assert cursor.fetchall() == [(7000 + number, "PREPARED", Decimal("10.50") * number)]
    cursor.execute(select, (10**12,))
    assert cursor.fetchall() == []
    cursor.close()
