"""Statements with literals and `?` mixed in all places: what the lane makes of them, with other
values each time, is what a session that never takes it makes of literals alone.

LANE_LITERALS is how many statements the random test makes, LANE_SEED where it begins.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from struct import pack

import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.wire import constants as c
from tests.mysqlcompat.lane.test_lane_writes import (
    LONGLONG,
    VAR_STRING,
    ask,
    connect,
    execute,
    prepare,
    rows,
    served,
)
from tests.mysqlcompat.wire.raw_client import RawClient, errno_of

STATEMENTS = int(os.environ.get("LANE_LITERALS", "100"))
SEED = int(os.environ.get("LANE_SEED", "1"))
EXECUTIONS = 6
COLUMNS = (
    "id INT PRIMARY KEY AUTO_INCREMENT, small TINYINT NOT NULL DEFAULT 3, big BIGINT UNSIGNED, "
    "fixed CHAR(5), name VARCHAR(10) NOT NULL DEFAULT 'none', price DECIMAL(5,2), body TEXT, "
    "ratio DOUBLE DEFAULT 0.5, born DATE, seen DATETIME, stamp TIMESTAMP NULL, bytes VARBINARY(6), "
    "mood ENUM('low', 'high') DEFAULT 'low', KEY (name), KEY (small, price)"
)
Value = int | bytes | None
NUMBERS = (0, 1, 2, 3, 7, 127, 128, -1, -5, -128, 999, 1000, 70000, 1 << 40, -(1 << 63), None)
TEXTS = (b"", b"a", b"low", b"abcde ", b"abcdef", b"0123456789", b"x'y", b"7", b"2020-02-03",
         "é".encode(), b"2020-02-03 04:05:06", b"1.5", None)  # fmt: skip
MOMENTS = (b"2020-02-03", b"2020-02-03 04:05:06", b"1999-12-31 23:59:59.5", None)
#: Values by column.
_POOLS = {
    **dict.fromkeys(("small", "big", "price", "ratio"), NUMBERS),
    **dict.fromkeys(("born", "seen", "stamp"), MOMENTS),
    **dict.fromkeys(("fixed", "name", "body", "bytes"), TEXTS),
    "mood": (b"low", b"high", b"none", None),
}
#: Nothing that a client binds: constants only.
WRITTEN = ("TRUE", "1.5", "2.675", "-3.25", "1e2", "-7", "1 + 2", "0x41", "DATE'2021-01-31'",
           "'2020-01-01 10:00:00.75'", "CONCAT('a', 'b')", "REPEAT('x', 5)", "NULL", "99999",
           "18446744073709551615", "CAST('12' AS SIGNED)", "DEFAULT", "NOW() - NOW()",
           "TIME'10:11:12'")  # fmt: skip
NAMES = ("small", "big", "fixed", "name", "price", "body", "ratio", "born", "seen", "stamp",
         "bytes", "mood")  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=0, init_sql="CREATE DATABASE d") as made:
        yield made


def written(value: Value) -> str:
    """A value as a literal."""
    if isinstance(value, bytes):
        return "'" + value.decode().replace("'", "''") + "'"
    return "NULL" if value is None else str(value)


class Mixed:
    """A statement whose values are `?` or literals, by chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pools: list[tuple[Value, ...]] = []  #: of each `?`
        self.sql = self._statement()

    def value(self, pool: tuple[Value, ...], constants: tuple[str, ...] = ()) -> str:
        if self.rng.random() < 0.5:
            self.pools.append(pool)
            return "?"
        if constants and self.rng.random() < 0.4:
            return self.rng.choice(constants)
        return written(self.rng.choice(pool))

    def value_of(self, name: str, constants: tuple[str, ...] = WRITTEN) -> str:
        """One for this column: a `?` of another class is not always what a literal is."""
        return self.value(_POOLS[name], constants)

    def row_number(self) -> str:
        return self.value((1, 2, 3, 4, 5, 6, 7, 8))

    def condition(self) -> str:
        name = self.rng.choice(NAMES)
        constants = tuple(one for one in WRITTEN if one != "DEFAULT")
        match self.rng.randrange(5):
            case 0:
                sign = self.rng.choice(("=", "<", ">=", "<>"))
                if name in ("born", "seen", "stamp"):  # where other literals are mistakes
                    return f"{name} {sign} {self.value(MOMENTS)}"
                return f"{name} {sign} {self.value_of(name, constants)}"
            case 1:
                return f"id BETWEEN {self.row_number()} AND {self.row_number()}"
            case 2:
                return f"id IN ({self.row_number()}, {self.row_number()}, -5)"
            case 3:
                return f"small {self.rng.choice(('=', '<'))} {self.value(NUMBERS)}"
        return f"name LIKE {self.value((b'a%', b'%0%', b'none', None))}"

    def _statement(self) -> str:
        """Its values are made in the order in which they stand in the text."""
        rng = self.rng
        names = rng.sample(NAMES, rng.randrange(1, 4))
        match rng.randrange(8):
            case 0 | 1:
                given = "".join(f", {self.value_of(name)}" for name in names)
                return f"INSERT INTO TABLE_ (id, {', '.join(names)}) VALUES (NULL{given})"
            case 2 | 3:
                sets = ", ".join(f"{name} = {self.value_of(name)}" for name in names)
                changed = f"UPDATE TABLE_ SET {sets} WHERE id = {self.row_number()}"
                if rng.random() < 0.3:
                    return f"{changed} AND {self.condition()}"
                return changed + rng.choice(("", "", " LIMIT 1"))
            case 4:
                step = self.value((0, 1, 2, 100))
                return f"UPDATE TABLE_ SET small = small + {step} WHERE id = {self.row_number()}"
            case 5:
                return f"DELETE FROM TABLE_ WHERE id = {self.value((8, 9, 10, 11, 12))}"
        found = f"SELECT {', '.join(['id', *names])}, 7, 'x' FROM TABLE_ WHERE {self.condition()}"
        return f"{found} ORDER BY id LIMIT {self.value((0, 1, 5))} OFFSET {self.value((0, 1, 2))}"

    def values(self) -> list[Value]:
        return [self.rng.choice(pool) for pool in self.pools]

    def with_literals(self, values: list[Value]) -> str:
        pieces = self.sql.split("?")
        return (
            "".join(one + written(v) for one, v in zip(pieces, values, strict=False)) + pieces[-1]
        )


def answer(client: RawClient, number: int, values: list[Value]) -> bytes | list[bytes]:
    """An OK or ERR, or the rows."""
    first = execute(client, number, values)
    if first[0] in (0, 0xFF):
        return first.replace(b"lane_m", b"slow_m")
    for _ in range(first[-1]):
        client.read()
    return client.read_until_end()


def close(client: RawClient, number: int) -> None:
    client.command(pack("<BI", 0x19, number))


def with_literals_alone(client: RawClient, sql: str) -> bytes | list[bytes]:
    """The same for a statement without `?`, prepared for once; it may fail already then."""
    try:
        number = prepare(client, sql)
    except AssertionError as failed:
        return bytes(failed.args[0])
    try:
        return answer(client, number, [])
    finally:
        close(client, number)


@pytest.mark.parametrize("mode", ["STRICT_TRANS_TABLES", ""])
def test_literals_and_parameters_in_all_places(cluster: Cluster, mode: str) -> None:
    rng = random.Random(f"{SEED}{mode}")
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        for table in ("lane_m", "slow_m"):
            ask(slow, f"DROP TABLE IF EXISTS {table}")
            ask(slow, f"CREATE TABLE {table} ({COLUMNS})")
        for client in (lane, slow):
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ask(client, f"SET sql_mode = '{mode}'")
        before = served(slow)
        for _ in range(STATEMENTS):
            mixed = Mixed(rng)
            try:
                number = prepare(lane, mixed.sql.replace("TABLE_", "lane_m"))
            except AssertionError as failed:  # for the sake of its literals
                sql = mixed.with_literals(mixed.values()).replace("TABLE_", "slow_m")
                assert with_literals_alone(slow, sql)[:3] == failed.args[0][:3], mixed.sql
                continue
            if rng.random() < 0.3:
                assert ask(lane, "BEGIN") and ask(slow, "BEGIN")
            for _ in range(EXECUTIONS):
                values = mixed.values()
                sql = mixed.with_literals(values)
                expected = with_literals_alone(slow, sql.replace("TABLE_", "slow_m"))
                assert answer(lane, number, values) == expected, (mixed.sql, sql)
            close(lane, number)
            for client in (lane, slow):
                ask(client, "COMMIT")
            read = [rows(slow, f"SELECT * FROM {table}") for table in ("lane_m", "slow_m")]
            assert read[0] == read[1], mixed.sql
        assert served(slow) - before > 2 * STATEMENTS


def execution(number: int, wire_type: int | None, data: bytes, flags: int = 0) -> bytes:
    """COM_STMT_EXECUTE with one parameter; without a type it is of the last one's."""
    types = b"\0" if wire_type is None else bytes((1, wire_type, 0))
    return pack("<BIBIB", 0x17, number, flags, 1, 0) + types + data


def test_types_that_are_not_sent_again_are_the_last_ones(cluster: Cluster) -> None:
    """Seven letters take as many bytes as a BIGINT."""
    with connect(cluster) as client:
        ask(client, "CREATE TABLE typed (id INT PRIMARY KEY, s VARCHAR(20))")
        ask(client, "INSERT INTO typed VALUES (1, '')")
        update = prepare(client, "UPDATE typed SET s = ? WHERE id = 1")
        number, text = pack("<q", 77), b"\x07letters"
        steps = [(LONGLONG, number), (LONGLONG, number), (None, number), (VAR_STRING, text)]
        steps += [(None, text), (None, text), (LONGLONG, number), (None, number)]
        for wire_type, data in steps:
            client.command(execution(update, wire_type, data))
            reply = client.read()
            assert reply[0] == 0, (wire_type, data, reply)
            wanted = b"77" if data is number else b"letters"
            assert rows(client, "SELECT s FROM typed")[0][1:] == wanted


def test_a_cursor_is_closed_by_the_next_execution(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE fetched (id INT PRIMARY KEY)")
        ask(client, "INSERT INTO fetched VALUES (1), (2), (3)")
        select = prepare(client, "SELECT id FROM fetched WHERE id > ?")
        for flags in (0, 0, 1, 0):
            client.command(execution(select, LONGLONG, pack("<q", 0), flags))
            packets = [client.read(), client.read(), client.read()]
            if not flags:
                client.read_until_end()
        assert packets[0] == b"\x01"
        client.command(pack("<BII", 0x1C, select, 1))
        assert errno_of(client.read()) == 1421


def test_programs_are_told_apart_by_their_pins(cluster: Cluster) -> None:
    """The lane has some programs for one shape, whose literals name columns or are computed with;
    more than these are Python's."""
    with connect(cluster) as client:
        ask(client, "CREATE TABLE pinned (id INT PRIMARY KEY, n INT)")
        ask(client, "INSERT INTO pinned VALUES (1, 10), (2, 20)")
        before = served(client)
        for _ in range(3):
            for number in (*range(12), 100, 1000):
                for key in (1, 2):
                    sql = f"SELECT n + {number}, 'a{number}' FROM pinned WHERE id = {key}"
                    text = str(10 * key + number)
                    row = bytes((len(text),)) + text.encode()
                    row += bytes((1 + len(str(number)),)) + f"a{number}".encode()
                    assert rows(client, sql) == [row], sql
        assert served(client) - before > 20
