"""Descriptors: what kernels know of a table, written into the arena (`layout.D_…`)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

from btree import collations
from btree.layout import (
    C_AT,
    C_CLASS,
    C_COLUMN,
    C_DESCENDING,
    C_LONG,
    C_PREFIX,
    CLASS_BYTES,
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
    EXTERNAL_LEAST,
    FORMAT_DESCRIPTOR,
    FORMAT_NUMBER,
    FORMAT_SOURCES_AT,
    FORMAT_WORDS,
    I_ALL_PARTS,
    I_ARRAY,
    I_CLUSTERED,
    I_KEY_LIMIT,
    I_PARTS,
    I_PARTS_AT,
    I_ROOT,
    I_TREE_ID,
    I_UNIQUE,
    INDEX_WORDS,
    RUN_SHIFT,
)
from btree.rows import (
    TINY_BYTES,
    Placement,
    describe_type,
    longest,
    place,
    place_types,
    storage_of,
)
from btree.schema import Column, ColumnType, Index, Table
from redo.arena import Arena, Words

WEIGHTS_A_CHARACTER = 8


def _describe_column(table: Table, column: Column, number: int, at: int) -> list[int]:
    words = describe_type(column.type, column.nullable, table.collation)
    words[C_AT] = at
    words[C_COLUMN] = number
    words[C_LONG] = int(may_be_external(table, column))
    return words


def may_be_external(table: Table, column: Column) -> bool:
    """Whether values of a column may leave the row for pages of their own.

    Not those that the clustered key is made of, nor those that foreign keys compare.
    """
    if column.array is not None:
        return False  # kernels look at all of it
    kind = storage_of(column.type).kind
    if kind not in (CLASS_TEXT, CLASS_BYTES) or longest(column.type) <= EXTERNAL_LEAST:
        return False
    if any(column.name in key.columns for key in table.foreign_keys):
        return False
    whole = [index for index in table.indexes if index.unique or index is table.clustered]
    return all(part.column != column.name or part.length for one in whole for part in one.parts)


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
    array = 0
    for part in wanted:
        number = table.column_no(part.column)
        words = list(columns[number])
        element = table.stored_columns[number].array
        if element is not None:
            array = len(parts) + 1
            words = describe_type(element, False)
            words[C_COLUMN] = number
        words[C_PREFIX] = part.length
        words[C_DESCENDING] = int(part.descending)
        parts.append(words)
        of = element or table.stored_columns[number].type
        limit += 1 + _part_limit(of, part.length, words)
    words = [0] * INDEX_WORDS
    words[I_ROOT] = index.root
    words[I_TREE_ID] = index.index_id
    words[I_PARTS] = len(index.parts)
    words[I_ALL_PARTS] = len(wanted)
    words[I_UNIQUE] = int(index.unique or index.primary)
    words[I_CLUSTERED] = int(clustered)
    words[I_KEY_LIMIT] = limit
    words[I_ARRAY] = array
    return words, parts


def _part_limit(of: ColumnType, prefix: int, words: Sequence[int]) -> int:
    """Most key bytes of a part."""
    if words[C_CLASS] in (CLASS_FIXED, CLASS_DOUBLE):
        return 8
    if words[C_CLASS] == CLASS_TEXT:
        characters = prefix or (of.length if of.length else TINY_BYTES)
        return 2 * WEIGHTS_A_CHARACTER * characters + 8
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
