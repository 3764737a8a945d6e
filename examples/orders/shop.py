"""The shop's few statements, shared by the scripts beside this file."""

from __future__ import annotations

import argparse
import json
import random
from decimal import Decimal
from typing import Any

import pymysql

CITIES = ("Bengaluru", "Mumbai", "Chennai", "Pune", "Delhi")
STATUSES = ("PLACED", "PAID", "SHIPPED", "DELIVERED")


def connect(host: str, port: int, password: str = "") -> Any:
    """A connection to the shop's database, in autocommit mode."""
    return pymysql.connect(
        host=host,
        port=port,
        user="root",
        password=password,
        database="ecommerce",
        autocommit=True,
        connect_timeout=10,
    )


def place_order(connection: Any, customer: int, rng: random.Random) -> int:
    """Place one order; its id. When this returns, the order is durable."""
    address = {"street": f"{rng.randrange(1, 200)} Main St", "city": rng.choice(CITIES)}
    total = Decimal(rng.randrange(100, 100_000)) / 100
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders (user_id, status, total_amount, shipping_address) "
            "VALUES (%s, %s, %s, %s)",
            (customer, "PLACED", total, json.dumps(address)),
        )
        return int(cursor.lastrowid)


def advance_order(connection: Any, order: int, status: str) -> None:
    """Move an order to its next status."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET status = %s WHERE order_id = %s", (status, order))


def arguments(description: str | None, **defaults: Any) -> argparse.Namespace:
    """Command line of a script: host, password, and an option for each of `defaults`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--password", default="")
    for name, default in defaults.items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=type(default), default=default, help="default: %(default)s")
    return parser.parse_args()
