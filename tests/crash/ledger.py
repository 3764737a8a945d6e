"""Customers who place orders while processes are killed, and the ledger of what was acknowledged.

An order is one transaction: a row in `orders` and two in `items`. The ledger notes an order before
it is sent (intended) and again when COMMIT was answered (acknowledged). Afterwards every
acknowledged order must be there, an order that is there must be whole and as intended, and nothing
else exists.
"""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql

SCHEMA = """
CREATE DATABASE ledger;
USE ledger;
CREATE TABLE orders (
  order_id BIGINT AUTO_INCREMENT PRIMARY KEY,
  ref BIGINT NOT NULL,
  customer INT NOT NULL,
  status VARCHAR(32) NOT NULL,
  total DECIMAL(12,2) NOT NULL,
  INDEX (ref),
  INDEX (status)
);
CREATE TABLE items (
  item_id BIGINT AUTO_INCREMENT PRIMARY KEY,
  ref BIGINT NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  note VARCHAR(200),
  INDEX (ref)
);
"""

#: How long one answer may take. Longer than any stall: an order that is cut off counts as failed.
PATIENCE_S = 300


def connect(port: int) -> Any:
    return pymysql.connect(
        host="127.0.0.1",
        port=port,
        user="root",
        ssl_disabled=True,
        database="ledger",
        connect_timeout=PATIENCE_S,
        read_timeout=PATIENCE_S,
    )


@dataclass
class Ledger:
    """What customers intended and what the server acknowledged, by order reference."""

    intended: dict[int, tuple[int, int]] = field(default_factory=dict)  #: ref → cents of two items
    acknowledged: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    errors: list[BaseException] = field(default_factory=list)
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def acknowledge(self, ref: int) -> None:
        with self._moved:
            self.acknowledged.add(ref)
            self._moved.notify_all()

    def wait_for_more(self, count: int, timeout_s: float = PATIENCE_S) -> bool:
        """Return when `count` more orders have been acknowledged."""
        with self._moved:
            goal = len(self.acknowledged) + count
            return self._moved.wait_for(
                lambda: len(self.acknowledged) >= goal or bool(self.errors), timeout_s
            )


def place(connection: Any, ledger: Ledger, ref: int, rng: random.Random) -> None:
    first, second = rng.randrange(1, 10_000), rng.randrange(1, 10_000)
    ledger.intended[ref] = (first, second)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "INSERT INTO orders (ref, customer, status, total) VALUES (%s, %s, 'PLACED', %s)",
            (ref, ref % 1000, f"{(first + second) / 100:.2f}"),
        )
        for cents in (first, second):
            cursor.execute(
                "INSERT INTO items (ref, amount, note) VALUES (%s, %s, %s)",
                (ref, f"{cents / 100:.2f}", "x" * rng.randrange(200)),
            )
        if rng.random() < 0.3:
            cursor.execute("UPDATE orders SET status = 'PAID' WHERE ref = %s", (ref,))
    connection.commit()
    ledger.acknowledge(ref)


def customer(port: int, number: int, seed: int, ledger: Ledger) -> None:
    """Place orders until told to stop; connect again whenever the connection breaks."""
    rng = random.Random(seed * 1000 + number)
    serial = seed * 100_000
    with _Line(port) as line:
        while not ledger.stop.is_set():
            serial += 1
            try:
                place(line.connection(), ledger, number * 10_000_000 + serial, rng)
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError, OSError):
                line.hang_up()  # the order in flight may or may not be there: both are right
                ledger.stop.wait(0.05)
            except BaseException as error:
                ledger.errors.append(error)
                raise


class _Line:
    """A customer's connection, made again after it has broken. None is left open, with what it has
    locked: the next customers would wait for that."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: Any = None

    def connection(self) -> Any:
        if self._connection is None:
            self._connection = connect(self._port)
        return self._connection

    def hang_up(self) -> None:
        broken, self._connection = self._connection, None
        if broken is not None:
            with suppress(pymysql.err.Error, OSError):
                broken.close()

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()


def restless(port: int, seed: int, ledger: Ledger) -> None:
    """Tables that come and go, fill and empty beside the orders: work for rollback and purge."""
    rng = random.Random(seed)
    with _Line(port) as line:
        while not ledger.stop.is_set():
            number = rng.randrange(3)
            values = ", ".join(f"({rng.randrange(1000)}, '{'y' * 900}')" for _ in range(30))
            script = [
                f"DROP TABLE IF EXISTS restless{number}",
                f"CREATE TABLE restless{number} (k INT, a VARCHAR(2000), INDEX (k))",
                *[f"INSERT INTO restless{number} VALUES {values}"] * 3,
                f"UPDATE restless{number} SET k = k + 1",
                f"CREATE INDEX more ON restless{number} (k, a(20))",
                f"DELETE FROM restless{number} WHERE k < 500",
            ]
            try:
                _run(line.connection(), script, ledger)
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError, OSError):
                line.hang_up()
                ledger.stop.wait(0.05)
            except BaseException as error:
                ledger.errors.append(error)
                raise


def _run(connection: Any, script: list[str], ledger: Ledger) -> None:
    """The statements, or those until it is told to stop."""
    with connection.cursor() as cursor:
        for sql in script:
            cursor.execute(sql)
            if ledger.stop.is_set():
                return
    connection.commit()


def start_customers(port: int, count: int, seed: int, ledger: Ledger) -> list[threading.Thread]:
    ledger.stop.clear()
    threads = [
        threading.Thread(target=customer, args=(port, number, seed, ledger), daemon=True)
        for number in range(1, count + 1)
    ]
    threads.append(threading.Thread(target=restless, args=(port, seed, ledger), daemon=True))
    for thread in threads:
        thread.start()
    return threads


def stop_customers(ledger: Ledger, threads: list[threading.Thread]) -> None:
    """Nobody places orders any more when this returns, and nothing unexpected has happened."""
    ledger.stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "an order is neither placed nor refused"
    assert not ledger.errors, ledger.errors


def cents(amount: Any) -> int:
    return int(amount * 100)


def verify(port: int, ledger: Ledger) -> None:
    """Compare the database with the ledger."""
    connection = connect(port)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ref, total FROM orders")
        orders: dict[int, int] = {}
        for ref, total in cursor.fetchall():
            assert ref not in orders, f"order {ref} is there twice"
            orders[ref] = cents(total)
        cursor.execute("SELECT ref, amount FROM items ORDER BY item_id")
        items: dict[int, list[int]] = {}
        for ref, amount in cursor.fetchall():
            items.setdefault(ref, []).append(cents(amount))
        check_indexes(cursor, orders, random.Random(len(orders)))
    connection.close()
    missing = ledger.acknowledged - orders.keys()
    assert not missing, f"acknowledged but lost: {sorted(missing)[:10]} of {len(missing)}"
    assert items.keys() == orders.keys(), "an order is half there"
    for ref, total in orders.items():
        assert tuple(items[ref]) == ledger.intended[ref], f"order {ref} is not as intended"
        assert total == sum(ledger.intended[ref])


def check_indexes(cursor: Any, orders: dict[int, int], rng: random.Random) -> None:
    """What secondary indexes find is what the table holds."""
    cursor.execute("SELECT status, COUNT(*) FROM orders GROUP BY status")
    for status, count in cursor.fetchall():
        cursor.execute("SELECT COUNT(*) FROM orders WHERE status = %s", (status,))
        assert cursor.fetchone()[0] == count
    for ref in rng.sample(sorted(orders), min(50, len(orders))):
        cursor.execute("SELECT total FROM orders WHERE ref = %s", (ref,))
        assert [cents(total) for (total,) in cursor.fetchall()] == [orders[ref]]
