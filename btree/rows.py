"""What a type stores, and rows for Python.

`storage_of` decides how each MySQL type lies in a row; `descriptors` writes that and the indexes
into the arena, where row and key kernels read it. Python values here are the lane values' natural
counterparts; MySQL's conversions and texts are the SQL side's business.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from btree import collations, rows_kernels
from btree.errors import RowTooLarge
from btree.layout import (
    C_CLASS,
    C_COLLATION,
    C_KIND,
    C_LENGTH,
    C_NULLABLE,
    C_PAD,
    C_SCALE,
    C_SHIFT,
    C_SIGNED,
    C_WIDTH,
    CLASS_BYTES,
    CLASS_DECIMAL_TEXT,
    CLASS_DOUBLE,
    CLASS_FIXED,
    CLASS_TEXT,
    COLUMN_WORDS,
    EXTERNAL_END,
    NULL_EXTERNAL,
    REFERENCE_BYTES,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.schema import BLOB_KINDS, ColumnType, Table, TypeKind
from redo.arena import Arena, Words


@dataclass(frozen=True, slots=True)
class External:
    """A value that is not in the row: the reference to its chain (`long_values.py`)."""

    reference: bytes


Value = int | float | str | bytes | Decimal | date | datetime | timedelta | External | None

_INTEGER_WIDTH: Final = {
    TypeKind.TINYINT: 1,
    TypeKind.SMALLINT: 2,
    TypeKind.MEDIUMINT: 3,
    TypeKind.INT: 4,
    TypeKind.BIGINT: 8,
}
_LONG_KINDS: Final = frozenset(
    {
        TypeKind.TEXT,
        TypeKind.MEDIUMTEXT,
        TypeKind.LONGTEXT,
        TypeKind.BLOB,
        TypeKind.MEDIUMBLOB,
        TypeKind.LONGBLOB,
        TypeKind.JSON,
        TypeKind.GEOMETRY,
        TypeKind.VECTOR,
    }
)
_DECIMAL_DIGITS: Final = 18  #: most digits that a lane holds as a number
TINY_BYTES: Final = 255


@dataclass(frozen=True, slots=True)
class Storage:
    """How a type lies in rows and keys: class, and for fixed ones width, shift and sign."""

    kind: int
    width: int = 0
    shift: int = 0
    signed: bool = False


def storage_of(of: ColumnType) -> Storage:
    """How values of a type are stored."""
    kind = of.kind
    if kind in _INTEGER_WIDTH:
        return Storage(CLASS_FIXED, _INTEGER_WIDTH[kind], 0, not of.unsigned)
    if kind is TypeKind.DECIMAL:
        return _decimal_storage(of.precision or 10)
    if kind in (TypeKind.FLOAT, TypeKind.DOUBLE):
        return Storage(CLASS_DOUBLE, 8)
    if kind is TypeKind.YEAR:
        return Storage(CLASS_FIXED, 2)
    if kind is TypeKind.DATE:
        return Storage(CLASS_FIXED, 3, 41)
    if kind is TypeKind.TIME:
        return Storage(CLASS_FIXED, 6, 0, True) if of.scale else Storage(CLASS_FIXED, 3, 24, True)
    if kind in (TypeKind.DATETIME, TypeKind.TIMESTAMP):
        return Storage(CLASS_FIXED, 8) if of.scale else Storage(CLASS_FIXED, 5, 24)
    if kind is TypeKind.BIT:
        return Storage(CLASS_FIXED, (max(of.length, 1) + 7) // 8)
    if kind is TypeKind.ENUM:
        return Storage(CLASS_FIXED, 2)
    if kind is TypeKind.SET:
        return Storage(CLASS_FIXED, (max(len(of.members), 1) + 7) // 8)
    if of.is_text and of.collation != "binary":
        return Storage(CLASS_TEXT)
    return Storage(CLASS_BYTES)


def _decimal_storage(precision: int) -> Storage:
    if precision > _DECIMAL_DIGITS:
        return Storage(CLASS_DECIMAL_TEXT)
    width = next(w for digits, w in ((2, 1), (4, 2), (9, 4), (18, 8)) if precision <= digits)
    return Storage(CLASS_FIXED, width, 0, True)


def longest(of: ColumnType) -> int:
    """Most bytes of a value of a variable type; 0 for fixed ones, 2**24 for very long ones."""
    if of.kind in _LONG_KINDS:
        return 1 << 24
    if of.kind in (TypeKind.TINYTEXT, TypeKind.TINYBLOB):
        return TINY_BYTES
    if of.kind is TypeKind.DECIMAL:
        return of.precision + 3
    if of.is_text:
        return 4 * of.length
    return of.length if of.kind in BLOB_KINDS else 0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the columns of a table's rows are."""

    fixed_at: int
    ends_at: int
    ends_width: int
    variable_at: int
    variable_count: int
    at: tuple[int, ...]  #: per stored column: offset of a fixed one, number of a variable one


def place(table: Table) -> Placement:
    """Where the stored columns of a table lie in its rows."""
    return place_types([column.type for column in table.stored_columns])


def place_types(types: Sequence[ColumnType]) -> Placement:
    """Where columns of these types lie in a row."""
    fixed_at = rows_kernels.NULLS_AT + (len(types) + 7) // 8
    at: list[int] = []
    fixed, variable, bytes_at_most = fixed_at, 0, 0
    for type_ in types:
        storage = storage_of(type_)
        if storage.kind in (CLASS_FIXED, CLASS_DOUBLE):
            at.append(fixed)
            fixed += storage.width
        else:
            at.append(variable)
            variable += 1
            bytes_at_most += longest(type_)
    width = 2 if fixed + 2 * variable + bytes_at_most < EXTERNAL_END else 4
    ends_at = fixed
    return Placement(fixed_at, ends_at, width, ends_at + width * variable, variable, tuple(at))


def describe_type(of: ColumnType, nullable: bool, collation: str = "") -> list[int]:
    """Words of a column description: for a sort key of the machine, or to be completed."""
    storage = storage_of(of)
    words = [0] * COLUMN_WORDS
    words[C_CLASS] = storage.kind
    words[C_WIDTH] = storage.width
    words[C_SHIFT] = storage.shift
    words[C_SIGNED] = int(storage.signed)
    words[C_NULLABLE] = int(nullable)
    words[C_KIND] = int(of.kind)
    words[C_SCALE] = of.scale
    words[C_LENGTH] = of.length
    words[C_PAD] = int(of.kind is TypeKind.CHAR)
    if storage.kind == CLASS_TEXT:
        words[C_COLLATION] = collations.code_of(of.collation or collation)
    return words


# --- lane values ----------------------------------------------------------------------------------
def pack_datetime(value: date) -> int:
    """MySQL's packed form of a date or datetime."""
    packed = (value.year * 13 + value.month) << 5 | value.day
    if not isinstance(value, datetime):
        return packed << 41
    clock = value.hour << 12 | value.minute << 6 | value.second
    return (packed << 17 | clock) << 24 | value.microsecond


def unpack_datetime(lane: int) -> date | datetime | str:
    """A datetime from its packed form; text when the calendar has no such day (0000-00-00)."""
    micro, clock, day = lane & 0xFFFFFF, lane >> 24 & 0x1FFFF, lane >> 41
    year, month = divmod(day >> 5, 13)
    parts = (year, month, day & 31, clock >> 12, clock >> 6 & 63, clock & 63, micro)
    try:
        return datetime(*parts)
    except ValueError:
        return "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}".format(*parts)


def pack_time(value: timedelta) -> int:
    """MySQL's packed form of a TIME."""
    span = abs(value)
    seconds = span.days * 86400 + span.seconds
    clock = seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60
    packed = clock << 24 | span.microseconds
    return packed if value >= timedelta(0) else -packed


def unpack_time(lane: int) -> timedelta:
    """A timedelta from a packed TIME."""
    size = abs(lane)
    clock = size >> 24
    span = timedelta(
        hours=clock >> 12,
        minutes=clock >> 6 & 63,
        seconds=clock & 63,
        microseconds=size & 0xFFFFFF,
    )
    return span if lane >= 0 else -span


class RowCodec:
    """Rows of one table between Python values and bytes. For tests, dump and the catalog.

    Keeps staging memory in the arena: `room` bytes for values and as much for the row.
    """

    def __init__(self, arena: Arena, st: Words, table: Table, room: int = 1 << 20) -> None:
        assert table.descriptor, "describe the table first"
        self._arena = arena
        self._st = st
        self.table = table
        columns = len(table.stored_columns)
        self._lanes = arena.alloc(8 * columns)
        self._nulls = arena.alloc(columns)
        self._room = room
        self._values = arena.alloc(room)
        self._row = arena.alloc(2 * room)

    def close(self) -> None:
        """Give the staging memory back."""
        columns = len(self.table.stored_columns)
        for at, count in (
            (self._lanes, 8 * columns),
            (self._nulls, columns),
            (self._values, self._room),
            (self._row, 2 * self._room),
        ):
            self._arena.free(at, count)

    def encode(self, values: Sequence[Value]) -> bytes:
        """Row bytes for values in stored-column order. Raises RowTooLarge."""
        at, count = self.encode_at(values)
        return self._arena.mem[at : at + count].tobytes()

    def encode_at(self, values: Sequence[Value]) -> tuple[int, int]:
        """Encode into the codec's own memory; offset and bytes."""
        arena, columns = self._arena, self.table.stored_columns
        assert len(values) == len(columns), (len(values), len(columns))
        lanes = arena.words(self._lanes, len(columns))
        used = self._values
        for number, (column, value) in enumerate(zip(columns, values, strict=True)):
            external = isinstance(value, External)
            arena.mem[self._nulls + number] = NULL_EXTERNAL if external else value is None
            lane = 0 if value is None else lane_of(column.type, value)
            if isinstance(lane, bytes):
                length = len(lane)
                if used + length > self._values + self._room:
                    raise RowTooLarge(f"row of table {self.table.name}")
                arena.mem[used : used + length] = bytearray(lane)
                lane, used = used << RUN_SHIFT | length, used + length
            lanes[number] = lane - (1 << 64) if lane >= 1 << 63 else lane
        count = int(
            rows_kernels.encode_row(
                self._st, arena.mem, self.table.descriptor, self._lanes, self._nulls, self._row
            )
        )
        if count < 0:
            raise RowTooLarge(f"row of table {self.table.name}")
        return self._row, count

    def decode(self, row: bytes) -> list[Value]:
        """Values of a row in stored-column order."""
        self._arena.mem[self._row : self._row + len(row)] = bytearray(row)
        return self.decode_at(self._row)

    def decode_at(self, row: int) -> list[Value]:
        """Values of the row at an offset of the arena."""
        arena, columns = self._arena, self.table.stored_columns
        rows_kernels.decode_row(
            self._st, arena.mem, self.table.descriptor, row, self._lanes, self._nulls
        )
        lanes = arena.words(self._lanes, len(columns))
        return [
            self._value(column.type, int(arena.mem[self._nulls + n]), int(lanes[n]))
            for n, column in enumerate(columns)
        ]

    def _value(self, of: ColumnType, null: int, lane: int) -> Value:
        if null == NULL_EXTERNAL:
            return External(self._arena.mem[lane >> RUN_SHIFT :][:REFERENCE_BYTES].tobytes())
        return None if null else value_of(self._arena, of, lane)


def lane_of(of: ColumnType, value: Value) -> int | bytes:
    """Lane value of a Python value; bytes for what lies outside the lane."""
    if isinstance(value, External):
        return value.reference
    storage = storage_of(of)
    if isinstance(value, float) or storage.kind == CLASS_DOUBLE:
        return int(struct.unpack("<q", struct.pack("<d", value))[0])
    if isinstance(value, Decimal):
        if storage.kind == CLASS_FIXED:
            return int(value.scaleb(of.scale).to_integral_value())
        return format(value, "f").encode()
    if isinstance(value, timedelta):
        return pack_time(value)
    if isinstance(value, date):
        return pack_datetime(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) or storage.kind != CLASS_FIXED:
        return str(value).encode()
    assert isinstance(value, int), value
    return value


def value_of(arena: Arena, of: ColumnType, lane: int) -> Value:
    """Python value of a lane value."""
    storage = storage_of(of)
    if storage.kind == CLASS_DOUBLE:
        return float(struct.unpack("<d", struct.pack("<q", lane))[0])
    if storage.kind == CLASS_FIXED:
        return _fixed_value(of, lane)
    at, count = lane >> RUN_SHIFT, lane & RUN_MASK
    data = arena.mem[at : at + count].tobytes()
    if storage.kind == CLASS_DECIMAL_TEXT:
        return Decimal(data.decode())
    return data.decode() if storage.kind == CLASS_TEXT else data


def _fixed_value(of: ColumnType, lane: int) -> Value:
    if of.kind is TypeKind.DECIMAL:
        return Decimal(lane).scaleb(-of.scale)
    if of.kind is TypeKind.TIME:
        return unpack_time(lane)
    if of.kind in (TypeKind.DATE, TypeKind.DATETIME, TypeKind.TIMESTAMP):
        found = unpack_datetime(lane)
        if of.kind is TypeKind.DATE and isinstance(found, datetime):
            return found.date()
        return found
    unsigned = of.unsigned or of.kind in (TypeKind.BIT, TypeKind.SET)
    return lane + (1 << 64) if unsigned and lane < 0 else lane
