"""What stands among a statement's tables without being stored: no trees, no descriptor, no indexes.

Its rows are made when a statement reads them: a virtual table's (`information_schema.virtual`) once
for the statement, a JSON_TABLE's (`json_table`) for each row of the tables before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from btree.schema import Column, Index

if TYPE_CHECKING:
    from mysqlcompat.sql.typed import Expression


class UnstoredTable:
    """The part of `schema.Table` that names and columns need."""

    __slots__ = ()

    database: str
    name: str
    columns: tuple[Column, ...]

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        return self.columns

    @property
    def indexes(self) -> tuple[Index, ...]:
        return ()

    @property
    def has_row_id(self) -> bool:
        return False

    @property
    def made_of(self) -> tuple[Expression, ...]:
        """Expressions over tables before it that its rows are made of."""
        return ()

    def column_no(self, name: str) -> int:
        """Number of a column by name, case-insensitively; KeyError when there is none."""
        folded = name.casefold()
        for number, column in enumerate(self.columns):
            if column.name.casefold() == folded:
                return number
        raise KeyError(name)
