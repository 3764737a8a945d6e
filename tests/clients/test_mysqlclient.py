"""mysqlclient (MySQLdb), the C library's binding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.shop_script import statements

MySQLdb = pytest.importorskip("MySQLdb", reason="needs libmariadb at installation")


def test_the_script(shop_cluster: Cluster) -> None:
    connection = MySQLdb.connect(
        host="127.0.0.1", port=shop_cluster.writer_port, user="root", autocommit=True
    )
    cursor = connection.cursor()
    cursor.execute("DROP DATABASE IF EXISTS ecommerce_mysqlclient")
    for sql in statements("schema.sql", "ecommerce_mysqlclient"):
        cursor.execute(sql)
    assert cursor.rowcount == 2
    recent, by_city = statements("queries.sql", "ecommerce_mysqlclient")
    cursor.execute(recent)
    ((order, total, _),) = cursor.fetchall()
    assert (order, total) == (1, Decimal("199.99"))
    cursor.execute(by_city)
    assert cursor.fetchall() == ((1, '"Bengaluru"'),)
    connection.close()
