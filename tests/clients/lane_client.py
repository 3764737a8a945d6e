"""A client whose statements the lane serves: plain text, no TLS, nothing else switched on.

PyMySQL does for texts; for prepared statements this speaks the binary protocol itself, because
drivers choose a parameter's type by its value.
"""

from __future__ import annotations

import time
from struct import pack
from typing import Any

import pymysql

from mysqlcompat.wire.constants import CLIENT_DEPRECATE_EOF
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient

LONGLONG = b"\x08\x00"


def connect(port: int, **options: Any) -> Any:
    options = {
        "autocommit": True,
        "database": "lane",
        "connect_timeout": 300,
        "read_timeout": 300,
    } | options
    options["ssl_disabled"] = True
    return pymysql.connect(host="127.0.0.1", port=port, user="root", **options)


def run(connection: Any, sql: str) -> Any:
    """All rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def lane_statements(connection: Any) -> int:
    """How many statements the lane of this node has served."""
    ((_, value),) = run(connection, "SHOW GLOBAL STATUS LIKE 'Lane_statements'")
    return int(value)


def wait_for_rows(port: int, sql: str, rows: Any, **options: Any) -> None:
    """Return when a node gives these rows: a replica does a little later, if it has the table yet
    and this is not the one before it."""
    deadline = time.monotonic() + 300
    found: Any = None
    with connect(port, **options) as connection:
        while found != rows:
            assert time.monotonic() < deadline, found
            try:
                found = run(connection, sql)
            except pymysql.err.MySQLError as error:
                found = error.args
                assert found[0] in (1049, 1146, 1412), error


class ServerError(Exception):
    """An ERR packet."""

    def __init__(self, packet: bytes) -> None:
        super().__init__(packet[9:].decode())
        self.errno = int.from_bytes(packet[1:3], "little")


class PreparedClient:
    """One connection with prepared statements whose parameters are BIGINT and columns VARCHAR."""

    def __init__(self, port: int, database: str = "lane") -> None:
        self.raw = RawClient(port, PLAIN | CLIENT_DEPRECATE_EOF)
        packet = self.raw.login(db=database)
        assert packet[0] == 0, packet

    def prepare(self, sql: str) -> int:
        self.raw.command(b"\x16" + sql.encode())
        first = self._read()
        columns, parameters = (int.from_bytes(first[at : at + 2], "little") for at in (5, 7))
        for _ in range(parameters + columns):
            self.raw.read()
        return int.from_bytes(first[1:5], "little")

    def execute(self, statement: int, *values: int) -> list[list[bytes | None]]:
        """Rows as strings; columns of other types cannot be read."""
        self.raw.command(execute_command(statement, *values))
        return self.rows()

    def query(self, sql: str) -> None:
        """A statement without rows."""
        self.raw.command(b"\x03" + sql.encode())
        self._read()

    def _read(self) -> bytes:
        packet = self.raw.read()
        if packet[0] == 0xFF:
            raise ServerError(packet)
        return packet

    def rows(self) -> list[list[bytes | None]]:
        """The rows of a reply in the binary protocol."""
        count = self._read()[0]
        self.definitions = [self.raw.read() for _ in range(count)]
        found = []
        while (packet := self._read())[0] != 0xFE:
            found.append(binary_strings(packet, count))
        return found

    def close(self) -> None:
        self.raw.socket.close()

    def __enter__(self) -> PreparedClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def execute_command(statement: int, *values: int) -> bytes:
    """COM_STMT_EXECUTE with BIGINT parameters."""
    body = b"\x17" + pack("<IBI", statement, 0, 1)
    if values:
        body += bytes((len(values) + 7) // 8) + b"\x01" + LONGLONG * len(values)
    return body + b"".join(pack("<q", value) for value in values)


def binary_strings(packet: bytes, count: int) -> list[bytes | None]:
    """The columns of a binary row, all of them strings below 64 KiB."""
    at = 1 + (count + 9) // 8
    nulls = int.from_bytes(packet[1:at], "little") >> 2
    row: list[bytes | None] = []
    for number in range(count):
        if nulls >> number & 1:
            row.append(None)
            continue
        size, at = packet[at], at + 1
        if size == 0xFC:
            size, at = int.from_bytes(packet[at : at + 2], "little"), at + 2
        row.append(packet[at : at + size])
        at += size
    return row
