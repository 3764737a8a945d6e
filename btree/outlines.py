"""Outlines: the little of every table's definition that stays in memory, for lists of them all."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from btree.schema import Table


@dataclass(frozen=True, slots=True)
class TableOutline:
    """A table without its columns.

    root         root page of the clustered index
    index_ids    of all indexes, the clustered one first
    is_counting  it has an AUTO_INCREMENT column
    """

    table_id: int
    database: str
    name: str
    root: int
    index_ids: tuple[int, ...]
    is_counting: bool
    engine: str
    collation: str
    comment: str
    created: str
    row_format: str

    @classmethod
    def of(cls, table: Table) -> TableOutline:
        """Of a table whose definition is at hand."""
        return cls(
            table.table_id,
            table.database,
            table.name,
            table.clustered.root,
            tuple(one.index_id for one in table.indexes),
            any(column.auto_increment for column in table.columns),
            table.engine,
            table.collation,
            table.comment,
            table.created,
            table.options.get("row_format", ""),
        )


#: The fields of an outline that a definition has, but for names.
Facts = tuple[tuple[int, ...], bool, str, str, str, str, str]


def facts_of(stored: dict[str, Any]) -> Facts:
    """The facts in a T row of the dictionary (`Table.to_dict`: without what is as by default)."""
    text = stored.get
    words = (text("engine", _ENGINE), text("collation", _COLLATION), text("comment", ""))
    engine, collation, comment = map(sys.intern, words)
    return (
        tuple(one["index_id"] for one in stored["indexes"]),
        any(column.get("auto_increment") for column in stored["columns"]),
        engine,
        collation,
        comment,
        text("created", ""),
        stored.get("options", {}).get("row_format", ""),
    )


_FIELDS = Table.__dataclass_fields__
_ENGINE = str(_FIELDS["engine"].default)
_COLLATION = str(_FIELDS["collation"].default)
