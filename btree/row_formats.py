"""Columns come and go without a row being touched: the row formats that a definition must know.

A row says in which format it was written; it is read with the columns of that format, gets what it
lacks from `Column.initial`, and is written in the present format when it is next changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.rows import place_types, storage_of
from btree.schema import ColumnType, RowFormat, Table

#: Older formats a table may have: each makes its descriptor longer.
FORMATS_MAX: Final = 64
#: Columns of all of them together: the definition must fit one mini-transaction.
FORMAT_COLUMNS_MAX: Final = 4096


def with_row_format(old: Table, new: Table, sources: Sequence[int]) -> Table:
    """`new`, able to read the rows that were written as `old`.

    sources  per column of `new`: its number in `old`, -1: it is new and has an `initial`
    Both have a hidden row id, or neither. The columns that stay hold the same lanes. Raises
    ValueError when there would be too many formats: the table must be written anew.
    """
    stored = list(sources)
    if old.has_row_id:
        stored.append(len(old.columns))
    if stored == list(range(len(old.stored_columns))) and _same_place(old, new):
        return replace(new, row_format=old.row_format, formats=old.formats)
    columns = sum(len(form.columns) + len(stored) for form in old.formats)
    if len(old.formats) >= FORMATS_MAX or columns > FORMAT_COLUMNS_MAX:
        raise ValueError("too many row formats")
    formats = tuple(
        replace(form, sources=tuple(form.sources[s] if s >= 0 else -1 for s in stored))
        for form in old.formats
    )
    last = RowFormat(old.row_format, _types(old), tuple(stored))
    return replace(new, row_format=old.row_format + 1, formats=(*formats, last))


def _types(table: Table) -> tuple[ColumnType, ...]:
    return tuple(column.type for column in table.stored_columns)


def _same_place(old: Table, new: Table) -> bool:
    """Whether rows of both lie alike, byte for byte."""
    before, after = _types(old), _types(new)
    return place_types(before) == place_types(after) and [*map(storage_of, before)] == [
        *map(storage_of, after)
    ]
