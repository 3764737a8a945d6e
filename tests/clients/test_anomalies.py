"""Two clients at once, on a real writer: what each isolation level forbids does not happen."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.lane_client import PreparedClient, connect, lane_statements, run, wait_for_rows

ACCOUNTS = 40
CLIENTS = 64


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    schema = "CREATE DATABASE lane;"
    with Cluster(replicas=1, init_sql=schema, ring_bytes="16M", buffer_pool="1M") as cluster:
        yield cluster


@pytest.fixture
def accounts(cluster: Cluster) -> Iterator[Any]:
    """Table `account`, a hundred in each."""
    connection = connect(cluster.writer_port)
    run(connection, "DROP TABLE IF EXISTS account")
    run(connection, "CREATE TABLE account (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL)")
    rows = ", ".join(f"({number}, 100)" for number in range(ACCOUNTS))
    run(connection, f"INSERT INTO account VALUES {rows}")
    yield connection
    connection.close()


@pytest.fixture
def pair(cluster: Cluster, accounts: Any) -> Iterator[tuple[Any, Any]]:
    """Two connections which begin transactions by themselves."""
    one, two = (connect(cluster.writer_port, autocommit=False) for _ in range(2))
    yield one, two
    one.close()
    two.close()


def amount(connection: Any, number: int, more: str = "") -> int:
    ((found,),) = run(connection, f"SELECT amount FROM account WHERE id = {number} {more}")
    return int(found)


def test_no_update_is_lost(cluster: Cluster, accounts: Any) -> None:
    """The same counter from many sides: in one statement, and read for update first."""

    def add(number: int) -> None:
        connection = connect(cluster.writer_port, autocommit=False)
        for turn in range(50):
            if (number + turn) % 2:
                run(connection, "UPDATE account SET amount = amount + 1 WHERE id = 1")
            else:
                before = amount(connection, 1, "FOR UPDATE")
                run(connection, f"UPDATE account SET amount = {before + 1} WHERE id = 1")
            connection.commit()
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert amount(accounts, 1) == 100 + 8 * 50


def test_nothing_uncommitted_is_read(pair: tuple[Any, Any]) -> None:
    one, two = pair
    run(one, "UPDATE account SET amount = 0 WHERE id = 3")
    assert amount(two, 3) == 100
    one.rollback()
    assert amount(two, 3) == 100


def test_a_deadlock_has_one_victim(pair: tuple[Any, Any]) -> None:
    one, two = pair
    run(one, "UPDATE account SET amount = amount + 1 WHERE id = 1")
    run(two, "UPDATE account SET amount = amount + 10 WHERE id = 2")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run, one, "UPDATE account SET amount = amount + 1 WHERE id = 2")
        outcomes: list[int] = []
        try:
            run(two, "UPDATE account SET amount = amount + 10 WHERE id = 1")
        except pymysql.err.OperationalError as error:
            outcomes.append(error.args[0])
            one_won = True
        else:
            one_won = False
        try:
            waiting.result(300)
        except pymysql.err.OperationalError as error:
            outcomes.append(error.args[0])
    assert outcomes == [1213]
    one.commit()
    two.commit()
    wanted = 101 if one_won else 110
    assert (amount(one, 1), amount(one, 2)) == (wanted, wanted)


def test_waiting_for_a_lock_ends(pair: tuple[Any, Any]) -> None:
    one, two = pair
    run(two, "SET SESSION innodb_lock_wait_timeout = 1")
    run(two, "UPDATE account SET amount = 7 WHERE id = 5")
    run(one, "UPDATE account SET amount = 8 WHERE id = 4")
    started = time.monotonic()
    with pytest.raises(pymysql.err.OperationalError) as error:
        run(two, "UPDATE account SET amount = 9 WHERE id = 4")
    assert error.value.args[0] == 1205
    assert 0.9 < time.monotonic() - started < 50  # seconds, the default
    two.commit()  # only the statement was undone
    one.rollback()
    assert (amount(one, 4), amount(one, 5)) == (100, 7)


def test_a_row_inserted_meanwhile_is_no_phantom(pair: tuple[Any, Any]) -> None:
    one, two = pair
    count = "SELECT COUNT(*) FROM account WHERE amount = 100"
    assert run(one, count) == ((ACCOUNTS,),)
    run(two, "INSERT INTO account VALUES (1000, 100)")
    two.commit()
    assert run(one, count) == ((ACCOUNTS,),)
    one.commit()
    assert run(one, count) == ((ACCOUNTS + 1,),)


class Bank:
    """Money that moves between accounts. Transfers note what they did once it is acknowledged."""

    def __init__(self, port: int, reader_port: int) -> None:
        self.ports = port, reader_port
        self.moved = [0] * ACCOUNTS
        self._lock = threading.Lock()

    def transfer(self, number: int) -> int:
        rng = random.Random(number)
        connection = connect(self.ports[0], autocommit=False)
        done = 0
        while done < 20:
            source, target = rng.sample(range(ACCOUNTS), 2)
            value = rng.randrange(1, 10)
            try:
                run(connection, f"UPDATE account SET amount = amount - {value} WHERE id = {source}")
                if rng.random() < 0.1:
                    connection.rollback()
                    continue
                run(connection, f"UPDATE account SET amount = amount + {value} WHERE id = {target}")
                connection.commit()
            except pymysql.err.OperationalError as error:
                assert error.args[0] == 1213, error
                continue
            with self._lock:
                self.moved[source] -= value
                self.moved[target] += value
            done += 1
        connection.close()
        return done

    def look(self, number: int) -> int:
        """Sums on the writer and the reader, in one statement and in one transaction."""
        connection = connect(self.ports[number % 2])
        rng = random.Random(number)
        done = 0
        while done < 40:
            if rng.random() < 0.5:
                ((total,),) = run(connection, "SELECT SUM(amount) FROM account")
            else:
                run(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
                total = sum(amount(connection, one) for one in range(ACCOUNTS))
                run(connection, "COMMIT")
            assert total == 100 * ACCOUNTS
            done += 1
        connection.close()
        return done

    def read_rows(self, number: int) -> int:
        """Single rows of a table larger than the pool, in the lane, as text and prepared."""
        port = self.ports[number % 2]
        connection, prepared = connect(port), PreparedClient(port)
        statement = prepared.prepare("SELECT a FROM wide WHERE id = ?")
        rng = random.Random(number)
        for _ in range(200):
            row = rng.randrange(WIDE_ROWS)
            if rng.random() < 0.5:
                assert run(connection, f"SELECT a FROM wide WHERE id = {row}") == ((wide(row),),)
            else:
                assert prepared.execute(statement, row) == [[wide(row).encode()]]
        connection.close()
        prepared.close()
        return 200


WIDE_ROWS = 1500


def wide(number: int) -> str:
    return f"{number}:" + "abcdefgh"[number % 8] * (1000 + number)


@pytest.fixture
def wide_rows(cluster: Cluster, accounts: Any) -> Any:
    """Table `wide` of 2.6 MB, several times the buffer pool, on writer and reader."""
    run(accounts, "CREATE TABLE IF NOT EXISTS wide (id BIGINT PRIMARY KEY, a VARCHAR(4000))")
    run(accounts, "TRUNCATE TABLE wide")
    for low in range(0, WIDE_ROWS, 100):
        rows = ", ".join(f"({number}, '{wide(number)}')" for number in range(low, low + 100))
        run(accounts, f"INSERT INTO wide VALUES {rows}")
    run(accounts, "CREATE TABLE IF NOT EXISTS filled (id BIGINT AUTO_INCREMENT PRIMARY KEY)")
    run(accounts, "INSERT INTO filled VALUES ()")
    times = run(accounts, "SELECT COUNT(*) FROM filled")
    wait_for_rows(cluster.reader_port, "SELECT COUNT(*) FROM filled", times)  # and all before it
    return accounts


def test_many_mixed_clients(cluster: Cluster, wide_rows: Any) -> None:
    before = lane_statements(wide_rows)
    bank = Bank(cluster.writer_port, cluster.reader_port)
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [bank.transfer, bank.transfer, bank.look, bank.read_rows]
        tasks = [pool.submit(work[number % 4], number // 4) for number in range(CLIENTS)]
        assert all(task.result(300) for task in tasks)
    found = dict(run(wide_rows, "SELECT id, amount FROM account"))
    assert found == {number: 100 + moved for number, moved in enumerate(bank.moved)}
    assert lane_statements(wide_rows) > before + 1000


def test_a_long_result_while_pages_come_and_go(cluster: Cluster, wide_rows: Any) -> None:
    """Its client pauses in mid-batch while others push its pages out of a small pool."""
    cursor = connect(cluster.writer_port).cursor(pymysql.cursors.SSCursor)
    cursor.execute(
        "SELECT x.id, x.a, y.id, y.a FROM wide x JOIN wide y ON y.id >= x.id AND y.id < x.id + 3"
    )
    bank = Bank(cluster.writer_port, cluster.reader_port)
    seen = 0
    while row := cursor.fetchone():
        assert row[1] == wide(row[0]) and row[3] == wide(row[2])
        seen += 1
        if seen % 500 == 0:
            bank.read_rows(seen)
    assert seen == 3 * WIDE_ROWS - 3
    cursor.connection.close()
