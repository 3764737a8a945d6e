"""What a statement answers: the vocabulary that sessions, the machine and the wire share.

A statement gives either an `Ok` or `Rows`. Rows are pulled: the wire says at which packet number
the next row starts and how many rows it can use, the `RowSource` answers with finished packets. So
rows are encoded once, by whoever has them, and nobody renumbers packets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

# Status flags of a session, in every OK and EOF (`SERVER_STATUS_…` and `SERVER_…` in MySQL).
STATUS_IN_TRANSACTION: Final = 0x0001
STATUS_AUTOCOMMIT: Final = 0x0002
STATUS_MORE_RESULTS: Final = 0x0008  #: added by the wire from `Ok.more` and `Rows.more`
STATUS_NO_GOOD_INDEX: Final = 0x0010
STATUS_NO_INDEX: Final = 0x0020
STATUS_CURSOR_EXISTS: Final = 0x0040  #: added by the wire
STATUS_LAST_ROW_SENT: Final = 0x0080  #: added by the wire
STATUS_NO_BACKSLASH_ESCAPES: Final = 0x0200
STATUS_METADATA_CHANGED: Final = 0x0400
STATUS_IN_READ_ONLY_TRANSACTION: Final = 0x2000
STATUS_STATE_CHANGED: Final = 0x4000  #: added by the wire when there are `StateChange`s

# Column flags in column definitions.
FLAG_NOT_NULL: Final = 1
FLAG_PRIMARY_KEY: Final = 2
FLAG_UNIQUE_KEY: Final = 4
FLAG_MULTIPLE_KEY: Final = 8
FLAG_BLOB: Final = 16
FLAG_UNSIGNED: Final = 32
FLAG_ZEROFILL: Final = 64
FLAG_BINARY: Final = 128
FLAG_ENUM: Final = 256
FLAG_AUTO_INCREMENT: Final = 512
FLAG_TIMESTAMP: Final = 1024
FLAG_SET: Final = 2048
FLAG_NO_DEFAULT: Final = 4096
FLAG_ON_UPDATE_NOW: Final = 8192
FLAG_PART_KEY: Final = 16384
FLAG_NUMERIC: Final = 32768

# Types as the protocol numbers them (`MYSQL_TYPE_…`).
WIRE_DECIMAL: Final = 0
WIRE_TINY: Final = 1
WIRE_SHORT: Final = 2
WIRE_LONG: Final = 3
WIRE_FLOAT: Final = 4
WIRE_DOUBLE: Final = 5
WIRE_NULL: Final = 6
WIRE_TIMESTAMP: Final = 7
WIRE_LONGLONG: Final = 8
WIRE_INT24: Final = 9
WIRE_DATE: Final = 10
WIRE_TIME: Final = 11
WIRE_DATETIME: Final = 12
WIRE_YEAR: Final = 13
WIRE_VARCHAR: Final = 15
WIRE_BIT: Final = 16
WIRE_BOOL: Final = 244
WIRE_JSON: Final = 245
WIRE_NEWDECIMAL: Final = 246
WIRE_ENUM: Final = 247
WIRE_SET: Final = 248
WIRE_TINY_BLOB: Final = 249
WIRE_MEDIUM_BLOB: Final = 250
WIRE_LONG_BLOB: Final = 251
WIRE_BLOB: Final = 252
WIRE_VAR_STRING: Final = 253
WIRE_STRING: Final = 254
WIRE_GEOMETRY: Final = 255

# Kinds of `StateChange`.
TRACK_SYSTEM_VARIABLE: Final = 0
TRACK_SCHEMA: Final = 1
TRACK_STATE: Final = 2
TRACK_GTIDS: Final = 3
TRACK_TRANSACTION_CHARACTERISTICS: Final = 4
TRACK_TRANSACTION_STATE: Final = 5

BINARY_COLLATION: Final = 63
DECIMALS_NOT_FIXED: Final = 31  #: `decimals` of a DOUBLE or FLOAT printed with its shortest digits


@dataclass(frozen=True)
class ColumnDef:
    """One result column as MySQL describes it.

    length     in bytes of the column's own character set (the wire rescales text columns for
               the character set of results)
    collation  id of the column's collation; 63 (binary) for numbers and temporals
    decimals   scale of decimals, fsp of temporals, 31 for doubles without fixed decimals
    default    COM_FIELD_LIST only
    """

    name: str
    wire_type: int
    length: int
    flags: int = 0
    decimals: int = 0
    collation: int = BINARY_COLLATION
    schema: str = ""
    table: str = ""
    org_table: str = ""
    org_name: str = ""
    default: bytes | None = None


class StateChange(NamedTuple):
    """One session-tracking entry: (TRACK_SCHEMA, "", "shop"), (TRACK_SYSTEM_VARIABLE, "autocommit",
    "OFF"), …"""

    kind: int
    name: str
    value: str


@dataclass(slots=True)
class Ok:
    """A statement without rows. `more`: the text sent has further statements.

    insert_id     what the client is told: the first AUTO_INCREMENT value given out, else the last
                  one that the statement itself gave
    generated_id  the former only: what LAST_INSERT_ID() becomes
    """

    affected: int = 0
    insert_id: int = 0
    info: str = ""
    warnings: int = 0
    more: bool = False
    generated_id: int = 0


class Chunk(NamedTuple):
    """Some rows as complete packets.

    packets   whole packets, headers included, numbered from the `sequence` that was asked for
    rows      how many rows they hold
    sequence  number of the next packet (0–255)
    end       nothing follows
    """

    packets: bytes
    rows: int
    sequence: int
    end: bool


class RowSource(Protocol):
    """Rows on their way to the client. Whoever encodes them implements this."""

    async def read(self, sequence: int, limit: int) -> Chunk:
        """The next rows: at most `limit`, where 0 means as many as make a good chunk (≈ 64 KiB).

        May give the loop to others in between. Raises SqlError when the statement fails half-way.
        """
        ...

    def close(self) -> None:
        """Stop: the rest is not wanted. Harmless after the end."""
        ...


@dataclass(slots=True)
class Rows:
    """A statement with rows. `warnings` may be set as late as the last `read`."""

    columns: tuple[ColumnDef, ...]
    source: RowSource
    warnings: int = 0
    more: bool = False


Result = Ok | Rows


class Parameter(NamedTuple):
    """One bound parameter of COM_STMT_EXECUTE, or a query attribute (which has a name).

    value  None for NULL; int for the integer types, YEAR and BIT; float for FLOAT and DOUBLE; the
           packed int64 of `docs/seams.md` §3 for DATE, DATETIME, TIMESTAMP and TIME; bytes as sent
           for everything else (strings in the client's character set, decimals and JSON as text)
    """

    wire_type: int
    unsigned: bool
    value: int | float | bytes | None
    name: str = ""


@dataclass(slots=True)
class PreparedInfo:
    """What COM_STMT_PREPARE tells the client about a statement."""

    parameters: tuple[ColumnDef, ...] = ()
    columns: tuple[ColumnDef, ...] = ()
    warnings: int = 0
    handle: object = field(default=None, repr=False)  #: the session's own; the wire gives it back
