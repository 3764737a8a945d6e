"""What a type stores, table descriptors for kernels, and rows for Python.

`storage_of` decides how each MySQL type lies in a row; `describe` writes that and the indexes into
the arena, where row and key kernels read it. Python values here are the lane values' natural
counterparts; MySQL's conversions and texts are the SQL side's business.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from btree import collations, rows_kernels
from btree.errors import RowTooLarge
from btree.layout import (
    C_AT,
    C_CLASS,
    C_COLLATION,
    C_COLUMN,
    C_DESCENDING,
    C_KIND,
    C_LENGTH,
    C_NULLABLE,
    C_PAD,
    C_PREFIX,
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
    D_AUTO_COLUMN,
    D_COLUMNS,
    D_COLUMNS_AT,
    D_ENDS_AT,
    D_ENDS_WIDTH,
    D_FIXED_AT,
    D_FORMATS,
    D_FORMATS_AT,
    D_INDEXES,
    D_INDEXES_AT,
    D_INITIAL_AT,
    D_ROW_FORMAT,
    D_ROW_ID_COLUMN,
    D_TABLE_ID,
    D_VARIABLE_AT,
    D_VARIABLE_COUNT,
    D_WORDS,
    FORMAT_DESCRIPTOR,
    FORMAT_NUMBER,
    FORMAT_SOURCES_AT,
    FORMAT_WORDS,
    I_ALL_PARTS,
    I_CLUSTERED,
    I_KEY_LIMIT,
    I_PARTS,
    I_PARTS_AT,
    I_ROOT,
    I_TREE_ID,
    I_UNIQUE,
    INDEX_WORDS,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.schema import BLOB_KINDS, Column, ColumnType, Index, Table, TypeKind
from redo.arena import Arena, Words

Value = int | float | str | bytes | Decimal | date | datetime | timedelta | None

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
_TINY_BYTES: Final = 255
_WEIGHTS_A_CHARACTER: Final = 8


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
        return _TINY_BYTES
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
    width = 2 if fixed + 2 * variable + bytes_at_most <= 0xFFFF else 4
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


def _describe_column(table: Table, column: Column, number: int, at: int) -> list[int]:
    words = describe_type(column.type, column.nullable, table.collation)
    words[C_AT] = at
    words[C_COLUMN] = number
    return words


def _describe_index(
    table: Table, index: Index, columns: Sequence[list[int]]
) -> tuple[list[int], list[list[int]]]:
    """Words of an index and of its parts (the clustered key's appended to a secondary's)."""
    wanted = list(index.parts)
    clustered = index is table.clustered
    if not clustered:
        wanted += table.clustered.parts
    parts: list[list[int]] = []
    limit = 0
    for part in wanted:
        number = table.column_no(part.column)
        words = list(columns[number])
        words[C_PREFIX] = part.length
        words[C_DESCENDING] = int(part.descending)
        parts.append(words)
        limit += 1 + _part_limit(table.stored_columns[number].type, part.length, words)
    words = [0] * INDEX_WORDS
    words[I_ROOT] = index.root
    words[I_TREE_ID] = index.index_id
    words[I_PARTS] = len(index.parts)
    words[I_ALL_PARTS] = len(wanted)
    words[I_UNIQUE] = int(index.unique or index.primary)
    words[I_CLUSTERED] = int(clustered)
    words[I_KEY_LIMIT] = limit
    return words, parts


def _part_limit(of: ColumnType, prefix: int, words: Sequence[int]) -> int:
    """Most key bytes of a part."""
    if words[C_CLASS] in (CLASS_FIXED, CLASS_DOUBLE):
        return 8
    if words[C_CLASS] == CLASS_TEXT:
        characters = prefix or (of.length if of.length else _TINY_BYTES)
        return 2 * _WEIGHTS_A_CHARACTER * characters + 8
    return 2 * (prefix or longest(of)) + 8


def describe(arena: Arena, st: Words, table: Table) -> Table:
    """The table with a fresh descriptor in the arena (`forget` gives it back).

    Raises KeyError when a column has a collation that cannot be stored.
    """
    collations.install(arena, st)
    placed = place(table)
    columns = [
        _describe_column(table, column, number, placed.at[number])
        for number, column in enumerate(table.stored_columns)
    ]
    indexes = [_describe_index(table, index, columns) for index in table.indexes]
    base = arena.alloc(descriptor_bytes(table))
    columns_at = base + 8 * D_WORDS
    indexes_at = columns_at + 8 * COLUMN_WORDS * len(columns)
    parts_at = indexes_at + 8 * INDEX_WORDS * len(indexes)
    head = _head(table.row_format, placed, columns_at)
    head[D_TABLE_ID] = table.table_id
    head[D_INDEXES] = len(indexes)
    head[D_INDEXES_AT] = indexes_at
    head[D_ROW_ID_COLUMN] = len(table.columns) if table.has_row_id else -1
    auto = [number for number, column in enumerate(table.columns) if column.auto_increment]
    head[D_AUTO_COLUMN] = auto[0] if auto else -1
    words = head + [word for column in columns for word in column]
    tail: list[int] = []
    for described, parts in indexes:
        described[I_PARTS_AT] = parts_at + 8 * len(tail)
        words += described
        tail += [word for part in parts for word in part]
    words += tail
    if table.formats:
        _describe_formats(arena, table, words, base)
    arena.words(base, len(words))[:] = words
    return replace(table, descriptor=base)


def _head(row_format: int, placed: Placement, columns_at: int) -> list[int]:
    """First words of a descriptor: what reading a row takes."""
    head = [0] * D_WORDS
    head[D_ROW_FORMAT] = row_format
    head[D_COLUMNS] = len(placed.at)
    head[D_FIXED_AT] = placed.fixed_at
    head[D_ENDS_AT] = placed.ends_at
    head[D_ENDS_WIDTH] = placed.ends_width
    head[D_VARIABLE_COUNT] = placed.variable_count
    head[D_VARIABLE_AT] = placed.variable_at
    head[D_COLUMNS_AT] = columns_at
    return head


def _describe_formats(arena: Arena, table: Table, words: list[int], base: int) -> None:
    """Add what tells of older row formats to the words of a descriptor at `base`."""
    columns = table.stored_columns
    initial_at = base + 8 * len(words)
    lanes, nulls = [0] * len(columns), bytearray(8 * len(columns))
    initials = [_initial_bytes(column) for column in columns]
    bytes_at = base + _descriptor_words(table) * 8
    for number, (column, value) in enumerate(zip(columns, initials, strict=True)):
        nulls[number] = column.initial is None
        if isinstance(column.initial, int):
            lanes[number] = column.initial
        elif value:
            lanes[number] = bytes_at << RUN_SHIFT | len(value)
            arena.mem[bytes_at : bytes_at + len(value)] = bytearray(value)
            bytes_at += len(value)
    words += lanes
    words += struct.unpack(f"<{len(columns)}q", nulls)
    words += [0] * (2 * len(columns))  # scratch of `row_upgrade`
    formats_at = base + 8 * len(words)
    entries = [0] * (FORMAT_WORDS * len(table.formats))
    words += entries
    for number, form in enumerate(table.formats):
        entry = len(words)
        at = base + 8 * entry
        placed = place_types(form.columns)
        words += _head(form.number, placed, at + 8 * D_WORDS)
        for column_no, type_ in enumerate(form.columns):
            described = describe_type(type_, True, table.collation)
            described[C_AT] = placed.at[column_no]
            described[C_COLUMN] = column_no
            words += described
        first = (formats_at - base) // 8 + FORMAT_WORDS * number
        words[first + FORMAT_NUMBER] = form.number
        words[first + FORMAT_DESCRIPTOR] = at
        words[first + FORMAT_SOURCES_AT] = base + 8 * len(words)
        words += form.sources
    words[D_FORMATS] = len(table.formats)
    words[D_FORMATS_AT] = formats_at
    words[D_INITIAL_AT] = initial_at


def _initial_bytes(column: Column) -> bytes:
    return bytes.fromhex(column.initial) if isinstance(column.initial, str) else b""


def descriptor_bytes(table: Table) -> int:
    """Size of a table's descriptor."""
    return 8 * _descriptor_words(table) + sum(
        len(_initial_bytes(column)) for column in table.stored_columns
    ) * bool(table.formats)


def _descriptor_words(table: Table) -> int:
    """Its words, without the bytes that older rows lack."""
    own = len(table.clustered.parts)
    parts = sum(len(index.parts) + own for index in table.indexes) - own
    stored = len(table.stored_columns)
    words = D_WORDS + COLUMN_WORDS * (stored + parts) + INDEX_WORDS * len(table.indexes)
    if table.formats:
        words += 4 * stored + FORMAT_WORDS * len(table.formats)
    for form in table.formats:
        words += D_WORDS + COLUMN_WORDS * len(form.columns) + len(form.sources)
    return words


def forget(arena: Arena, table: Table) -> None:
    """Give a descriptor back; no kernel may use it any more."""
    if table.descriptor:
        arena.free(table.descriptor, descriptor_bytes(table))


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
            arena.mem[self._nulls + number] = value is None
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
            None if arena.mem[self._nulls + n] else value_of(arena, column.type, int(lanes[n]))
            for n, column in enumerate(columns)
        ]


def lane_of(of: ColumnType, value: Value) -> int | bytes:
    """Lane value of a Python value; bytes for what lies outside the lane."""
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
