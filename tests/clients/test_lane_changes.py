"""What the lane serves is what MySQL would answer, whatever changes between two statements."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.lane_client import (
    PreparedClient,
    ServerError,
    connect,
    lane_statements,
    run,
    wait_for_rows,
)

SCHEMA = """
CREATE DATABASE lane;
CREATE DATABASE other;
"""
ROWS = 200


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=1, init_sql=SCHEMA, ring_bytes="16M", buffer_pool="16M") as cluster:
        yield cluster


@pytest.fixture
def writer(cluster: Cluster) -> Iterator[Any]:
    connection = connect(cluster.writer_port)
    run(connection, "DROP TABLE IF EXISTS t")
    yield connection
    connection.close()


def value(generation: int, number: int) -> str:
    return f"{generation}:{number * 7}"


class Generations:
    """A table that is dropped, made anew, emptied and altered while others read it.

    Each generation has other values, and columns in another order, so that a plan made for an
    earlier one gives itself away. `low` and `high` say which generations may be seen.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.low = self.high = 0
        self._make(0)

    def _make(self, generation: int) -> None:
        columns = ["a VARCHAR(40)", "pad INT", "id BIGINT PRIMARY KEY"]
        columns = columns[generation % 3 :] + columns[: generation % 3]
        run(self._connection, f"CREATE TABLE t ({', '.join(columns)})")
        self._fill(generation)

    def _fill(self, generation: int) -> None:
        rows = ", ".join(f"({n}, '{value(generation, n)}', 5)" for n in range(ROWS))
        run(self._connection, f"INSERT INTO t (id, a, pad) VALUES {rows}")

    def next(self, how: str) -> None:
        self.high += 1
        if how == "drop":
            run(self._connection, "DROP TABLE t")
            self._make(self.high)
        elif how == "truncate":
            run(self._connection, "TRUNCATE TABLE t")
            self._fill(self.high)
        else:
            run(self._connection, f"UPDATE t SET a = CONCAT('{self.high}:', id * 7)")
            run(self._connection, f"CREATE INDEX i{self.high} ON t (a)")
            run(self._connection, f"DROP INDEX i{self.high} ON t")
        self.low = self.high

    def check(self, low: int, number: int, rows: Any) -> None:
        """`rows` is what one of the generations since `low` has for a row, or nothing."""
        if rows:
            ((found,),) = rows
            text = found.decode() if isinstance(found, bytes) else found
            wanted = [value(generation, number) for generation in range(low, self.high + 1)]
            assert text in wanted, (text, wanted)
        else:
            assert low < self.high, f"row {number} is missing"


def test_definition_under_lane_reads(cluster: Cluster, writer: Any) -> None:
    table = Generations(writer)
    stop = threading.Event()

    def read_texts(seed: int) -> int:
        rng, count = random.Random(seed), 0
        connection = connect(cluster.writer_port)
        while not stop.is_set():
            low, number = table.low, rng.randrange(ROWS)
            try:
                rows = run(connection, f"SELECT a FROM t WHERE id = {number}")
            except pymysql.err.ProgrammingError as error:
                assert error.args[0] == 1146, error
                assert low < table.high
            else:
                table.check(low, number, rows)
            count += 1
        connection.close()
        return count

    def read_prepared(client: PreparedClient, seed: int) -> int:
        rng, count = random.Random(seed), 0
        while not stop.is_set():
            low, number = table.low, rng.randrange(ROWS)
            try:
                rows = client.execute(statement, number)
            except ServerError as error:
                assert error.errno == 1146, error
                assert low < table.high
            else:
                table.check(low, number, rows)
            count += 1
        client.close()
        return count

    clients = [PreparedClient(cluster.writer_port) for _ in range(3)]
    (statement,) = {client.prepare("SELECT a FROM t WHERE id = ?") for client in clients}
    before = lane_statements(writer)
    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read_texts, seed) for seed in range(3)]
        readers += [
            pool.submit(read_prepared, *pair) for pair in zip(clients, range(3), strict=True)
        ]
        try:
            rng = random.Random(1)
            for _ in range(24):
                table.next(rng.choice(("drop", "truncate", "index")))
        finally:
            stop.set()
        assert sum(reader.result(300) for reader in readers) > 100
    assert lane_statements(writer) > before + 50


def test_definition_under_reads_of_a_replica(cluster: Cluster, writer: Any) -> None:
    """A replica may be behind, but every row it gives is of one generation, whole."""
    table = Generations(writer)
    wait_for_rows(cluster.reader_port, "SELECT a FROM t WHERE id = 0", ((value(0, 0),),))
    stop = threading.Event()
    found_by = [0] * 4

    def read(seed: int) -> None:
        rng = random.Random(seed)
        connection = connect(cluster.reader_port)
        while not stop.is_set():
            number = rng.randrange(ROWS)
            sql = f"SELECT a FROM t WHERE id = {number}"
            if rng.random() < 0.2:
                sql = f"SELECT a FROM t WHERE pad = 5 AND id BETWEEN {number} AND {number}"
            try:
                found = run(connection, sql)
            except pymysql.err.MySQLError as error:
                assert error.args[0] in (1146, 1412), error
            else:
                if found:
                    table.check(0, number, found)
                found_by[seed] += bool(found)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, seed) for seed in range(4)]
        try:
            rng = random.Random(5)
            for number in itertools.count():
                table.next(rng.choice(("drop", "truncate", "index")))
                if number >= 24 and (min(found_by) > 10 or any(one.done() for one in readers)):
                    break
        finally:
            stop.set()
        for reader in readers:
            reader.result(300)


def test_a_snapshot_on_a_replica_outlives_purge(cluster: Cluster, rows: Any) -> None:
    columns = "SELECT COUNT(*), MIN(k), MAX(a) FROM t"
    wait_for_rows(cluster.reader_port, columns, ((ROWS, 0, max(value(0, n) for n in range(ROWS))),))
    with connect(cluster.reader_port) as reader:
        run(reader, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
        for number in range(600):
            run(rows, f"UPDATE t SET a = 'v{number}' WHERE id = 5")
            run(rows, f"DELETE FROM t WHERE id = {10 + number % 100}")
            run(rows, f"INSERT INTO t VALUES ({10 + number % 100}, 'new', 1)")
            if number % 20 == 0:
                assert run(reader, "SELECT a FROM t WHERE id = 5") == ((value(0, 5),),)
                old = 10 + number % 100
                assert run(reader, f"SELECT a FROM t WHERE id = {old}") == ((value(0, old),),)
        run(reader, "COMMIT")
        while run(reader, "SELECT a FROM t WHERE id = 5") != (("v599",),):
            pass


@pytest.fixture
def rows(writer: Any) -> Any:
    """Table t with a row for each number below ROWS."""
    run(writer, "CREATE TABLE t (id BIGINT PRIMARY KEY, a VARCHAR(40), k INT, KEY (k))")
    values = ", ".join(f"({n}, '{value(0, n)}', {n % 10})" for n in range(ROWS))
    run(writer, f"INSERT INTO t VALUES {values}")
    return writer


def test_changes_are_visible_at_once(cluster: Cluster, rows: Any) -> None:
    texts = connect(cluster.writer_port)
    prepared = PreparedClient(cluster.writer_port)
    statement = prepared.prepare("SELECT a FROM t WHERE id = ?")
    before = lane_statements(rows)
    for number in range(1, 200):
        run(rows, f"UPDATE t SET a = 'x{number}' WHERE id = {number}")
        assert run(texts, f"SELECT a FROM t WHERE id = {number}") == ((f"x{number}",),)
        assert prepared.execute(statement, number) == [[f"x{number}".encode()]]
        run(rows, f"DELETE FROM t WHERE id = {number}")
        assert run(texts, f"SELECT a FROM t WHERE id = {number}") == ()
        assert prepared.execute(statement, number) == []
    assert lane_statements(rows) > before + 700
    texts.close()
    prepared.close()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "READ COMMITTED"])
def test_transactions_see_their_snapshot(cluster: Cluster, rows: Any, level: str) -> None:
    reader = connect(cluster.writer_port)
    select = "SELECT a FROM t WHERE id = 5"
    run(reader, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
    for number in range(20):
        old = run(rows, select)
        run(reader, "BEGIN")
        assert run(reader, select) == old
        run(rows, f"UPDATE t SET a = 'v{number}' WHERE id = 5")
        seen = old if level == "REPEATABLE READ" else ((f"v{number}",),)
        assert run(reader, select) == run(reader, select) == seen
        run(reader, "UPDATE t SET a = CONCAT(a, '!') WHERE id = 5")
        mine = ((f"v{number}!",),)
        assert run(reader, select) == run(reader, select) == mine
        assert run(rows, select) == ((f"v{number}",),)
        run(reader, "ROLLBACK")
        assert run(reader, select) == ((f"v{number}",),)
    reader.close()


def test_without_autocommit_a_read_opens_a_transaction(cluster: Cluster, rows: Any) -> None:
    reader = connect(cluster.writer_port)
    select = "SELECT a FROM t WHERE id = 5"
    old = run(reader, select)
    assert run(reader, select) == old
    run(reader, "SET autocommit = 0")
    assert run(reader, select) == old
    run(rows, "UPDATE t SET a = 'new' WHERE id = 5")
    assert run(reader, select) == run(reader, select) == old
    run(reader, "COMMIT")
    assert run(reader, select) == (("new",),)
    run(reader, "SET autocommit = 1")
    run(rows, "UPDATE t SET a = 'newer' WHERE id = 5")
    assert run(reader, select) == run(reader, select) == (("newer",),)
    reader.close()


def test_settings_change_what_a_text_means(cluster: Cluster, rows: Any) -> None:
    run(rows, "DROP TABLE IF EXISTS other.t")
    run(rows, "CREATE TABLE other.t (a VARCHAR(40), id BIGINT PRIMARY KEY)")
    run(rows, "INSERT INTO other.t VALUES ('elsewhere', 5)")
    reader = connect(cluster.writer_port)
    select = "SELECT a FROM t WHERE id = 5"
    quoted = 'SELECT "a" FROM t WHERE id = 5'
    for _ in range(3):
        for _ in range(3):
            assert run(reader, select) == ((value(0, 5),),)
            assert run(reader, quoted) == (("a",),)
        run(reader, "SET sql_mode = 'ANSI_QUOTES'")
        for _ in range(3):
            assert run(reader, quoted) == ((value(0, 5),),)
        run(reader, "SET sql_mode = ''")
        run(reader, "USE other")
        for _ in range(3):
            assert run(reader, select) == (("elsewhere",),)
        reader.select_db("lane")
    reader.close()


def test_character_set_of_results(cluster: Cluster, rows: Any) -> None:
    run(rows, "UPDATE t SET a = 'grün €' WHERE id = 5")
    client = PreparedClient(cluster.writer_port)
    client.query("SET NAMES utf8mb4")
    statement = client.prepare("SELECT a FROM t WHERE id = ?")
    utf8, latin1 = "grün €".encode(), b"gr\xfcn \x80"
    for _ in range(3):
        for _ in range(3):
            assert client.execute(statement, 5) == [[utf8]]
            assert charset_of(client.definitions[0]) == 255
        client.query("SET character_set_results = latin1")
        for _ in range(3):
            assert client.execute(statement, 5) == [[latin1]]
            assert charset_of(client.definitions[0]) == 8
        client.query("SET character_set_results = utf8mb4")
    client.close()


def test_texts_in_another_character_set(cluster: Cluster, rows: Any) -> None:
    run(rows, "UPDATE t SET a = 'grün €', k = NULL WHERE id = 5")
    reader = connect(cluster.writer_port, charset="latin1")
    for _ in range(3):
        assert run(reader, "SELECT a, k, id, NULL, 'ß' FROM t WHERE id = 5") == (
            ("grün €", None, 5, None, "ß"),
        )
    run(reader, "UPDATE t SET a = 'ß' WHERE id = 6")
    assert run(rows, "SELECT a FROM t WHERE id = 6") == (("ß",),)
    run(rows, "UPDATE t SET a = 'Ω' WHERE id = 5")
    assert run(reader, "SELECT a FROM t WHERE id = 5") == (("?",),)
    reader.close()


def charset_of(definition: bytes) -> int:
    """The collation in a column definition; it stands 13 bytes from the end."""
    return int.from_bytes(definition[-12:-10], "little")


def test_time_zone_of_results(cluster: Cluster, writer: Any) -> None:
    run(writer, "SET time_zone = '+00:00'")
    run(writer, "CREATE TABLE t (id BIGINT PRIMARY KEY, a TIMESTAMP)")
    run(writer, "INSERT INTO t VALUES (5, '2024-05-06 10:00:00')")
    select = "SELECT a FROM t WHERE id = 5"
    client = PreparedClient(cluster.writer_port)
    statement = client.prepare("SELECT a FROM t WHERE id = ?")
    client.query("SET time_zone = '+00:00'")
    for _ in range(3):
        for zone, hour in (("+00:00", 10), ("+05:00", 15), ("-02:00", 8)):
            run(writer, f"SET time_zone = '{zone}'")
            client.query(f"SET time_zone = '{zone}'")
            for _ in range(3):
                assert run(writer, select)[0][0].hour == hour
                ((packed,),) = client.execute(statement, 5)
                assert packed is not None and packed[4] == hour
    client.close()


def test_a_prepared_statement_keeps_its_database(cluster: Cluster, rows: Any) -> None:
    run(rows, "DROP TABLE IF EXISTS other.t")
    run(rows, "CREATE TABLE other.t (a VARCHAR(40), id BIGINT PRIMARY KEY)")
    run(rows, "INSERT INTO other.t VALUES ('elsewhere', 5)")
    client = PreparedClient(cluster.writer_port)
    statement = client.prepare("SELECT a FROM t WHERE id = ?")
    for database in ("lane", "other", "lane"):
        client.query(f"USE {database}")
        for _ in range(3):
            assert client.execute(statement, 5) == [[value(0, 5).encode()]]
    client.close()


def test_reads_of_a_replica_during_apply(cluster: Cluster, rows: Any) -> None:
    """Money is moved between accounts; no read on the replica may see it half-way."""
    run(rows, "DROP TABLE IF EXISTS accounts")
    run(rows, "CREATE TABLE accounts (id BIGINT PRIMARY KEY, x INT, y INT)")
    run(rows, "INSERT INTO accounts VALUES " + ", ".join(f"({n}, 100, 100)" for n in range(50)))
    stop = threading.Event()

    def read(total: bool) -> int:
        reader, count, rng = connect(cluster.reader_port), 0, random.Random(total)
        while not run(reader, "SHOW TABLES LIKE 'accounts'"):
            pass
        while run(reader, "SELECT COUNT(*) FROM accounts") != ((50,),):
            pass
        while not stop.is_set():
            if total:
                ((found,),) = run(reader, "SELECT SUM(x + y) FROM accounts WHERE id < 50")
                assert found == 10_000
            else:
                number = rng.randrange(50)
                ((x, y),) = run(reader, f"SELECT x, y FROM accounts WHERE id = {number}")
                assert x + y == 200, (x, y)
            count += 1
        reader.close()
        return count

    rng = random.Random(2)
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, number % 2 == 0) for number in range(4)]
        try:
            for _ in range(400):
                one, amount = rng.randrange(50), rng.randrange(1, 9)
                sql = f"x = x + {amount}, y = y - {amount}"
                run(rows, f"UPDATE accounts SET {sql} WHERE id BETWEEN {one} AND {one + 5}")
        finally:
            stop.set()
        assert sum(reader.result(300) for reader in readers) > 50
