"""Packets a server sends about results: column definitions, OK, EOF, ERR.

Everything here is payloads except `result_head`, which is whole packets: plans keep it prebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from struct import pack
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import sent
from mysqlcompat.results import (
    BINARY_COLLATION,
    STATUS_STATE_CHANGED,
    TRACK_GTIDS,
    TRACK_SYSTEM_VARIABLE,
    WIRE_BLOB,
    WIRE_LONG_BLOB,
    WIRE_MEDIUM_BLOB,
    WIRE_TINY_BLOB,
    ColumnDef,
    StateChange,
)
from mysqlcompat.wire import constants as c
from mysqlcompat.wire.charsets import COLLATIONS
from mysqlcompat.wire.fields import length_encoded, string_lenenc

_MOST_ERROR_BYTES: Final = 511  #: MYSQL_ERRMSG_SIZE less its NUL
_MOST_LENGTH: Final = 0xFFFFFFFF
_LARGE: Final = (WIRE_TINY_BLOB, WIRE_MEDIUM_BLOB, WIRE_LONG_BLOB, WIRE_BLOB)


def error_packet(error: SqlError) -> bytes:
    """ERR."""
    text = sent(error.message).encode()
    if len(text) > _MOST_ERROR_BYTES:
        text = text[:_MOST_ERROR_BYTES].decode("utf-8", "ignore").encode()
    return b"\xff" + pack("<H", error.errno) + b"#" + error.sqlstate.encode() + text


def ok_packet(
    capabilities: int,
    status: int,
    affected: int = 0,
    insert_id: int = 0,
    warnings: int = 0,
    info: str = "",
    changes: Sequence[StateChange] = (),
    header: int = 0,
) -> bytes:
    """OK; with header 0xFE the OK that ends rows for clients which deprecated EOF."""
    tracks = capabilities & c.CLIENT_SESSION_TRACK
    if tracks and changes:
        status |= STATUS_STATE_CHANGED
    packet = (
        bytes((header,))
        + length_encoded(affected)
        + length_encoded(insert_id)
        + pack("<HH", status, min(warnings, 0xFFFF))
    )
    if tracks and (info or changes):
        packet += string_lenenc(info.encode())
        if changes:
            packet += string_lenenc(b"".join(map(_change, changes)))
    elif info:  # with its length, whatever the protocol's manual says: MySQL sends one
        packet += string_lenenc(info.encode())
    return packet


def _change(change: StateChange) -> bytes:
    value = string_lenenc(change.value.encode())
    if change.kind == TRACK_SYSTEM_VARIABLE:
        value = string_lenenc(change.name.encode()) + value
    elif change.kind == TRACK_GTIDS:
        value = b"\0" + value  # the only encoding there is
    return bytes((change.kind,)) + string_lenenc(value)


def end_of_rows(
    capabilities: int, status: int, warnings: int = 0, changes: Sequence[StateChange] = ()
) -> bytes:
    """What follows the last row: EOF, or the OK that replaces it."""
    if capabilities & c.CLIENT_DEPRECATE_EOF:
        return ok_packet(capabilities, status, warnings=warnings, changes=changes, header=0xFE)
    return eof_packet(status, warnings)


def eof_packet(status: int, warnings: int = 0) -> bytes:
    """EOF as it always was."""
    return b"\xfe" + pack("<HH", min(warnings, 0xFFFF), status)


@lru_cache(maxsize=4096)
def column_packet(column: ColumnDef, results_collation: int = 0) -> bytes:
    """ColumnDefinition41.

    results_collation  id behind character_set_results: text columns are described in it, their
                       length counted in its characters; 0: as they are
    """
    collation, length = column.collation, column.length
    if results_collation and collation != BINARY_COLLATION:
        own, shown = COLLATIONS.get(collation), COLLATIONS.get(results_collation)
        if column.wire_type in _LARGE and not column.org_name and shown is not None:
            length *= shown.charset.max_bytes  # MySQL takes these bytes for characters
        elif own is not None and shown is not None and own.charset is not shown.charset:
            length = length // own.charset.max_bytes * shown.charset.max_bytes
        collation = results_collation
    packet = (
        b"\x03def"
        + string_lenenc(column.schema.encode())
        + string_lenenc(column.table.encode())
        + string_lenenc(column.org_table.encode())
        + string_lenenc(column.name.encode())
        + string_lenenc(column.org_name.encode())
        + b"\x0c"
        + pack("<HIBHBH", collation, min(length, _MOST_LENGTH), column.wire_type,
               column.flags & 0xFFFF, column.decimals, 0)
    )  # fmt: skip
    return packet


def field_list_packet(column: ColumnDef, results_collation: int) -> bytes:
    """A column definition with its default, as COM_FIELD_LIST answers."""
    default = b"\xfb" if column.default is None else string_lenenc(column.default)
    return column_packet(column, results_collation) + default


def count_packet(capabilities: int, count: int) -> bytes:
    """The first packet of a result set. Metadata always follows (resultset_metadata=FULL)."""
    prefix = b"\x01" if capabilities & c.CLIENT_OPTIONAL_METADATA else b""
    return prefix + length_encoded(count)


def result_head(
    columns: Sequence[ColumnDef],
    capabilities: int,
    results_collation: int,
    status: int,
    warnings: int,
    sequence: int,
    cursor: bool = False,
) -> tuple[bytes, int]:
    """Packets before the first row, and the number of the next packet.

    With a cursor, clients which deprecated EOF still get one closing packet: it has the status.
    """
    payloads = [count_packet(capabilities, len(columns))]
    payloads += [column_packet(column, results_collation) for column in columns]
    if not capabilities & c.CLIENT_DEPRECATE_EOF:
        payloads.append(eof_packet(status, warnings))
    elif cursor:
        payloads.append(end_of_rows(capabilities, status, warnings))
    packets = []
    for payload in payloads:
        packets.append(pack("<I", len(payload) | sequence << 24) + payload)
        sequence = sequence + 1 & 255
    return b"".join(packets), sequence
