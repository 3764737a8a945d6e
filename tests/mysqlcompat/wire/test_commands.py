"""Every command, over raw sockets and drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from struct import pack
from typing import Any

import mysql.connector
import pymysql
import pytest
from pymysql.constants import CLIENT

from mysqlcompat import results as r
from mysqlcompat.wire import constants as c
from mysqlcompat.wire.fields import Fields
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient, errno_of
from tests.mysqlcompat.wire.scripted import TABLES, Running

OLD_EOF = PLAIN & ~c.CLIENT_DEPRECATE_EOF


@pytest.fixture
def client(server: Running) -> Iterator[RawClient]:
    with RawClient(server.port) as made:
        assert made.login()[0] == 0
        yield made


@pytest.fixture
def old_client(server: Running) -> Iterator[RawClient]:
    with RawClient(server.port, OLD_EOF) as made:
        assert made.login()[0] == 0
        yield made


@pytest.fixture
def driver(server: Running) -> Iterator[Any]:
    made = pymysql.connect(
        host="127.0.0.1", port=server.port, user="root",
        client_flag=CLIENT.MULTI_STATEMENTS, ssl_disabled=True,
    )  # fmt: skip
    with closing(made):
        yield made


@pytest.fixture
def connector(server: Running) -> Iterator[Any]:
    made = mysql.connector.connect(
        host="127.0.0.1", port=server.port, user="root", password="", use_pure=True
    )
    with closing(made):
        yield made


def test_small_commands(client: RawClient) -> None:
    for command in (b"\x0e", b"\x02shop", b"\x1f", b"\x0c\xff\xff\xff\x7f"):
        client.command(command)
        packet = client.read()
        if command[0] == c.COM_PROCESS_KILL:
            assert errno_of(packet) == 1094
        else:
            assert packet[0] == 0, command
    client.command(b"\x09")
    assert client.read() == b"Uptime: 1  Threads: 1"
    client.command(b"\x0d")
    assert client.read()[0] == 0xFE


def test_unknown_commands(client: RawClient) -> None:
    for command in (
        b"\x00",
        b"\x05x",
        b"\x07\x01",
        b"\x08",
        b"\x0a",
        b"\x12",
        b"\x1d",
        b"\x7f",
        b"",
    ):
        client.command(command)
        packet = client.read()
        assert packet == b"\xff\x17\x04#08S01Unknown command", command
    client.command(b"\x0e")
    assert client.read()[0] == 0


def test_quit_closes(client: RawClient) -> None:
    client.command(b"\x01")
    assert client.is_closed()


def test_init_db_tracks_the_schema(client: RawClient) -> None:
    client.command(b"\x02shop")
    assert client.read() == b"\0\0\0\x02\x40\0\0\0\x07\x01\x05\x04shop"
    client.command(b"\x02nowhere")
    assert errno_of(client.read()) == 1049


def test_variables_are_tracked(client: RawClient) -> None:
    client.command(b"\x03set autocommit=0")
    assert client.read() == b"\0\0\0\x00\x40\0\0\0\x11\x00\x0f\x0aautocommit\x03OFF"
    client.command(b"\x03begin")
    assert client.read() == b"\0\0\0\x01\0\0\0"
    client.command(b"\x1f")
    assert client.read() == b"\0\0\0\x02\0\0\0"


def test_ok_of_an_update(client: RawClient, old_client: RawClient) -> None:
    info = b"Rows matched: 3  Changed: 2  Warnings: 1"
    client.command(b"\x03update")
    assert client.read() == b"\0\x02\0\x02\0\x01\0" + bytes((len(info),)) + info
    with RawClient(client.socket.getpeername()[1], PLAIN & ~c.CLIENT_SESSION_TRACK) as simple:
        simple.login()
        simple.command(b"\x03update")
        assert simple.read() == b"\0\x02\0\x02\0\x01\0" + bytes((len(info),)) + info
    old_client.command(b"\x03insert")
    assert old_client.read() == b"\0\x01\xfe" + pack("<Q", 2**40) + b"\x02\0\0\0"


def test_a_result_with_and_without_eof(client: RawClient, old_client: RawClient) -> None:
    definition = (
        b"\x03def\0\0\0\x011\0\x0c" + pack("<HIBHBH", 63, 21, 8, 129, 0, 0)
    )  # fmt: skip
    client.command(b"\x03select 1")
    assert [client.read() for _ in range(4)] == [
        b"\x01", definition, b"\x011", b"\xfe\0\0\x02\0\0\0",
    ]  # fmt: skip
    old_client.command(b"\x03select 1")
    eof = b"\xfe\0\0\x02\0"
    assert [old_client.read() for _ in range(5)] == [b"\x01", definition, eof, b"\x011", eof]


def test_optional_metadata(server: Running) -> None:
    with RawClient(server.port, PLAIN | c.CLIENT_OPTIONAL_METADATA) as client:
        client.login()
        client.command(b"\x03select 1")
        assert client.read() == b"\x01\x01"
        assert client.read().startswith(b"\x03def")


def test_multi_statements(client: RawClient, driver: Any) -> None:
    client.command(b"\x03update; select none; select 1; bad")
    assert client.read()[:7] == b"\0\x02\0\x0a\0\x01\0"  # more results follow
    assert client.read() == b"\x01"
    client.read()
    assert client.read() == b"\xfe\0\0\x0a\0\0\0"
    assert [client.read()[0] for _ in range(4)][::3] == [1, 0xFE]
    assert errno_of(client.read()) == 1064
    with driver.cursor() as cursor:
        cursor.execute("select 1; select seven")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset()
        assert len(cursor.fetchall()) == 7
        assert not cursor.nextset()


def test_multi_statements_can_be_switched_off(client: RawClient) -> None:
    client.command(b"\x1b\x01\x00")
    assert client.read()[0] == 0xFE
    client.command(b"\x03update; update")
    assert errno_of(client.read()) == 1064
    client.command(b"\x1b\x00\x00")
    assert client.read()[0] == 0xFE
    client.command(b"\x03update; update")
    assert client.read()[0] == client.read()[0] == 0
    client.command(b"\x1b\x05\x00")
    assert errno_of(client.read()) == 1047


def test_errors_keep_the_connection(driver: Any, client: RawClient) -> None:
    with driver.cursor() as cursor:
        with pytest.raises(pymysql.err.ProgrammingError) as caught:
            cursor.execute("bad")
        assert caught.value.args[0] == 1064
        with pytest.raises(pymysql.err.MySQLError) as unforeseen:
            cursor.execute("crash")
        assert unforeseen.value.args[0] == 1105
        cursor.execute("select 1")
        assert cursor.fetchone() == (1,)
    client.command(b"\x03")
    assert errno_of(client.read()) == 1065
    client.command(b"\x03bad")
    assert client.read()[3:9] == b"#42000"


def test_values_over_the_text_protocol(driver: Any) -> None:
    with driver.cursor() as cursor:
        cursor.execute("select mixed")
        first, second = cursor.fetchall()
    assert first == (
        2**62, "añb", Decimal("-1.50"), 1e20, datetime(2000, 2, 3), -timedelta(hours=5), -5
    )  # fmt: skip
    assert second == (None,) * 7


def test_values_over_the_binary_protocol(connector: Any) -> None:
    with closing(connector.cursor(prepared=True)) as cursor:
        cursor.execute("select mixed")
        first, second = cursor.fetchall()
    # mysql-connector loses the sign of a binary TIME (from MySQL as well).
    assert first == (
        2**62, "añb", Decimal("-1.50"), 1e20, datetime(2000, 2, 3), timedelta(hours=5), -5
    )  # fmt: skip
    assert second == (None,) * 7


def test_rows_over_sixteen_mebibytes(driver: Any) -> None:
    with driver.cursor() as cursor:
        cursor.execute("select wide")
        assert cursor.fetchall() == (("x" * 17_000_000,), ("y",))
        cursor.execute("set x = '" + "z" * 17_000_000 + "'")  # and on the way in


def test_many_rows(driver: Any, server: Running) -> None:
    compressed = mysql.connector.connect(
        host="127.0.0.1", port=server.port, user="root", compress=True, use_pure=True,
        ssl_disabled=True,
    )  # fmt: skip
    with driver.cursor() as cursor, closing(compressed), closing(compressed.cursor()) as other:
        cursor.execute("select many")
        other.execute("select many")
        rows = cursor.fetchall()
        assert rows == tuple(other.fetchall())
        assert len(rows) == 20_000 and rows[19_999] == (19_999, "m" * 1000)
        other.execute("set x = '" + "z" * 17_000_000 + "'")
        other.execute("select 1")
        assert other.fetchall() == [(1,)]


def test_field_list(old_client: RawClient) -> None:
    old_client.command(b"\x04t\0%")
    first, second, eof = (old_client.read() for _ in range(3))
    assert first.endswith(b"\0\0\x015") and b"\x01n" in first
    assert second.endswith(b"\xfb") and b"\x01s" in second
    assert eof == b"\xfe\0\0\x02\0"
    old_client.command(b"\x04gone\0")
    assert errno_of(old_client.read()) == 1146


def test_kill_ends_the_other_connection(client: RawClient, server: Running) -> None:
    with RawClient(server.port) as victim:
        victim.login()
        victim.command(b"\x03sleep")
        client.command(b"\x0c" + pack("<I", victim.connection_id))
        assert client.read()[0] == 0
        assert victim.is_closed()


def test_change_user(client: RawClient, server: Running, connector: Any) -> None:
    connector.cmd_change_user(username="sha", password="geheim", database="shop")
    with closing(connector.cursor()) as cursor:
        cursor.execute("select 1")
        assert cursor.fetchall() == [(1,)]
    client.command(b"\x16select params ?")
    assert client.read()[:5] == b"\0\x01\0\0\0"
    client.read(), client.read()
    packet = b"\x11sha\0\0\0\xff\0caching_sha2_password\0"
    client.command(packet)
    assert client.read().startswith(b"\xfecaching_sha2_password\0")
    client.send(b"")
    assert errno_of(client.read()) == 1045
    assert client.is_closed()


# Prepared statements


def prepare(client: RawClient, text: str) -> tuple[int, int, int]:
    """Statement id, columns, parameters; their definitions are read."""
    client.command(b"\x16" + text.encode())
    packet = client.read()
    assert packet[0] == 0, packet
    fields = Fields(packet, 1)
    number, columns, parameters = fields.number(4), fields.number(2), fields.number(2)
    with_eof = not client.capabilities & c.CLIENT_DEPRECATE_EOF
    for count in (parameters, columns):
        for _ in range(count):
            assert client.read().startswith(b"\x03def")
        if with_eof and count:
            assert client.read()[0] == 0xFE
    return number, columns, parameters


def execute(number: int, body: bytes = b"", flags: int = 0) -> bytes:
    return b"\x17" + pack("<IBI", number, flags, 1) + body


def seen_parameters(client: RawClient) -> list[Any]:
    """What the session got, from the rows of "select params"."""
    packets = client.read_until_end()
    assert packets[-1][0] == 0xFE, packets
    return [eval(Fields(row, 2).string()) for row in packets[2:-1]]


def test_prepare_and_execute_again_without_types(client: RawClient, old_client: RawClient) -> None:
    number, columns, parameters = prepare(client, "select params ?, ?")
    assert (columns, parameters) == (1, 2)
    assert prepare(old_client, "select params ?, ?")[1:] == (1, 2)
    types = b"\x01\x08\x80\x03\x00"  # new types: unsigned bigint, int
    client.command(execute(number, b"\0" + types + pack("<Qi", 2**64 - 1, -7)))
    expected = [(r.WIRE_LONGLONG, True, 2**64 - 1, ""), (r.WIRE_LONG, False, -7, "")]
    assert seen_parameters(client) == expected
    client.command(execute(number, b"\x02\x00" + pack("<Q", 5)))
    assert seen_parameters(client)[0][2] == 5
    number, _, _ = prepare(client, "select params ?")
    client.command(execute(number, b"\0\0" + pack("<Q", 5)))
    assert errno_of(client.read()) == 1210  # never any types


STAMP = (2024 * 13 + 2 << 5 | 29) << 41
CLOCK = (12 << 12 | 34 << 6 | 56) << 24
#: Type word, bytes, value.
PARAMETERS: list[tuple[int, bytes, Any]] = [
    (r.WIRE_TINY, b"\xff", -1),
    (0x8000 | r.WIRE_TINY, b"\xff", 255),
    (r.WIRE_SHORT, b"\xfe\xff", -2),
    (0x8000 | r.WIRE_SHORT, b"\xfe\xff", 65534),
    (0x8000 | r.WIRE_LONG, b"\xfd\xff\xff\xff", 2**32 - 3),
    (r.WIRE_LONGLONG, pack("<q", -(2**63)), -(2**63)),
    (r.WIRE_FLOAT, pack("<f", 0.5), 0.5),
    (r.WIRE_DOUBLE, pack("<d", -1e300), -1e300),
    (r.WIRE_NEWDECIMAL, b"\x04-1.5", b"-1.5"),
    (r.WIRE_VAR_STRING, b"\x03a'b", b"a'b"),
    (r.WIRE_BLOB, b"\x03\0\xff\x80", b"\0\xff\x80"),
    (r.WIRE_STRING, b"\xfc\x2c\x01" + b"s" * 300, b"s" * 300),
    (r.WIRE_STRING, b"\xfd\x70\x11\x01" + b"s" * 70_000, b"s" * 70_000),
    (r.WIRE_JSON, b"\x02{}", b"{}"),
    (r.WIRE_DATE, b"\x04\xe8\x07\x02\x1d", STAMP),
    (r.WIRE_DATE, b"\x07\xe8\x07\x02\x1d\x0c\x22\x38", STAMP),
    (r.WIRE_DATETIME, b"\0", 0),
    (r.WIRE_DATETIME, b"\x04\xe8\x07\x02\x1d", STAMP),
    (r.WIRE_DATETIME, b"\x07\xe8\x07\x02\x1d\x0c\x22\x38", STAMP | CLOCK),
    (r.WIRE_TIMESTAMP, b"\x0b\xe8\x07\x02\x1d\x0c\x22\x38\x07\0\0\0", STAMP | CLOCK | 7),
    (r.WIRE_TIME, b"\0", 0),
    (r.WIRE_TIME, b"\x08\0\x01\0\0\0\x0c\x22\x38", CLOCK + (24 << 36)),
    (r.WIRE_TIME, b"\x08\0\x22\0\0\0\x16\x3b\x3b", (838 << 12 | 59 << 6 | 59) << 24),
    (r.WIRE_TIME, b"\x0c\x01\0\0\0\0\x0c\x22\x38\x07\0\0\0", -(CLOCK | 7)),
]
#: Types and bytes that cannot be.
MALFORMED = [
    b"\x08\0\x01\x02",
    b"\x04\0\x01\x02",
    b"\xfd\0",
    b"\xfd\0\x05abcd",
    b"\xfd\0\xfc\x05",
    b"\xfd\0\xfe\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xfd\0\xff",
    b"\x0a\0\x04\xe8\x07\x0d\x01",
    b"\x0a\0\x03\xe8\x07\x0d",
    b"\x0a\0\x04\xe8\x07",
    b"\x0c\0\x07\xe8\x07\x02\x1d\x18\0\0",
    b"\x0c\0\x0b\xe8\x07\x02\x1d\0\0\0\x40\x42\x0f\0",
    b"\x0b\0\x05\0\0\0\0\0",
]
#: What may not be sent: types that only columns have, a time beyond all times.
REFUSED = [
    (b"\x63\0\x01", 1210),
    *((bytes((kind,)) + b"\0\x01\x05", 1210) for kind in (r.WIRE_BIT, r.WIRE_YEAR, r.WIRE_ENUM)),
    (b"\x0b\0\x08\0\x22\0\0\0\x17\0\0", 1690),
]


def test_all_parameter_types(client: RawClient) -> None:
    for word, data, value in [*PARAMETERS, (r.WIRE_NULL, b"", None)]:
        number, _, _ = prepare(client, "select params ?")
        client.command(execute(number, b"\0\x01" + pack("<H", word) + data))
        expected = [(word & 255, word > 0x7FFF, value, "")]
        assert seen_parameters(client) == expected, (word, data)


@pytest.mark.parametrize(("body", "errno"), REFUSED)
def test_refused_parameters(client: RawClient, body: bytes, errno: int) -> None:
    number, _, _ = prepare(client, "select params ?")
    client.command(execute(number, b"\0\x01" + body))
    assert errno_of(client.read()) == errno


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\0\x01", b"\0\x01\x08", *(b"\0\x01" + broken for broken in MALFORMED)]
)
def test_malformed_parameters(client: RawClient, body: bytes) -> None:
    number, _, _ = prepare(client, "select params ?")
    client.command(execute(number, body))
    assert errno_of(client.read()) == 1835
    client.command(execute(number, b"\0\x01\x01\0\x07"))
    assert seen_parameters(client)[0][2] == 7


def test_long_data(client: RawClient) -> None:
    number, _, _ = prepare(client, "select params ?, ?")
    for piece in (b"abc", b"", b"d" * 100_000):
        client.command(b"\x18" + pack("<IH", number, 1) + piece)
    client.command(execute(number, b"\0\x01\x01\0\xfc\0\x07"))
    assert seen_parameters(client)[1][2] == b"abc" + b"d" * 100_000
    client.command(execute(number, b"\0\0\x07\x01z"))  # long data is for one execution
    assert [row[2] for row in seen_parameters(client)] == [7, b"z"]
    client.command(b"\x18" + pack("<IH", number, 9) + b"x")
    client.command(execute(number, b"\0\0\x07\x01z"))
    assert errno_of(client.read()) == 1210
    client.command(b"\x18" + pack("<IH", 99, 0) + b"x")  # unknown: no answer
    client.command(b"\x18\x01")
    client.command(b"\x0e")
    assert client.read()[0] == 0


def test_closing_and_resetting_statements(client: RawClient, server: Running) -> None:
    number, _, _ = prepare(client, "select seven")
    client.command(b"\x1a" + pack("<I", number))
    assert client.read()[0] == 0
    client.command(b"\x19" + pack("<I", number))  # no answer
    for command in (execute(number), b"\x1a" + pack("<I", number)):
        client.command(command)
        packet = client.read()
        text = f"Unknown prepared statement handler ({number}) given to mysql_stmt_precheck"
        assert errno_of(packet) == 1243 and packet.endswith(text.encode())
    number, _, _ = prepare(client, "select seven")
    client.command(b"\x1f")
    assert client.read()[0] == 0
    client.command(execute(number))
    assert errno_of(client.read()) == 1243
    session = server.sessions.open_sessions[-1]
    assert session.closed_statements == 2


def test_query_attributes(server: Running) -> None:
    with RawClient(server.port, PLAIN | c.CLIENT_QUERY_ATTRIBUTES) as client:
        client.login()
        attribute = b"\x01\x01\0\x01\xfd\0\x05trace\x03abc"
        client.command(b"\x03" + attribute + b"select params")
        packets = client.read_until_end()
        expected = (253, False, b"abc", "trace")
        assert eval(Fields(packets[2]).string()) == expected
        client.command(b"\x03\0\x01select 1")
        assert client.read() == b"\x01"
        client.read_until_end()
        number, _, _ = prepare(client, "select params ?")
        body = b"\x02\0\x01\x01\0\0\xfd\0\x05trace\x07\x03abc"
        client.command(execute(number, body, flags=c.PARAMETER_COUNT_AVAILABLE))
        assert seen_parameters(client) == [(1, False, 7, "")]
        for broken in (b"\x03\xfb", b"\x03\x05\x01\0", b"\x03\x01\x02\0\x01", b"\x03\x01\x01\0\0"):
            client.command(broken)
            assert errno_of(client.read()) == 1835, broken


@pytest.mark.parametrize("deprecate", [True, False])
def test_cursor_fetches_lose_no_row(server: Running, deprecate: bool) -> None:
    with RawClient(server.port, PLAIN if deprecate else OLD_EOF) as client:
        client.login()
        number, _, _ = prepare(client, "select seven")
        client.command(execute(number, flags=c.CURSOR_READ_ONLY))
        head = [client.read() for _ in range(4)]
        assert head[0] == b"\x02" and head[3][0] == 0xFE
        assert head[3][3] & r.STATUS_CURSOR_EXISTS
        seen: list[int] = []
        for limit, rows, status in ((2, 2, 0x42), (2, 2, 0x42), (3, 3, 0x42), (5, 0, 0x82)):
            client.command(b"\x1c" + pack("<II", number, limit))
            packets = client.read_until_end()
            assert len(packets) == rows + 1
            assert packets[-1][3] == status
            seen += [int.from_bytes(packet[2:10], "little") for packet in packets[:-1]]
        assert seen == list(range(7))
        client.command(b"\x1c" + pack("<II", number, 1))
        assert errno_of(client.read()) == 1421
        client.command(b"\x1c" + pack("<II", 77, 1))
        assert errno_of(client.read()) == 1243


def test_a_driver_binds_parameters(connector: Any) -> None:
    values = (1, "it's", None, 2.5, Decimal("3.14"), date(2024, 1, 2), timedelta(hours=25), b"\0")
    with closing(connector.cursor(prepared=True)) as cursor:
        for _ in range(3):
            cursor.execute("select params" + " %s" * 8, values)
            seen = [eval(row[0])[2] for row in cursor.fetchall()]
            assert seen[:4] == [1, b"it's", None, 2.5]
            assert seen[4:] == [b"3.14", (2024 * 13 + 1 << 5 | 2) << 41, 25 << 36, b"\0"]


def test_a_repeated_prepare_execute_close_leaves_nothing(connector: Any) -> None:
    for text in TABLES.keys() - {"select wide"}:  # the connector splits rows over 16 MiB
        with closing(connector.cursor(prepared=True)) as cursor:
            cursor.execute(text)
            assert len(cursor.fetchall()) == len(TABLES[text][1])
