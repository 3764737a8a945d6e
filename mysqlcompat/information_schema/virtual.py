"""A virtual table: columns like any other table's, and a function that makes its rows.

It is no `schema.Table`: nothing of it is stored, it has no trees and no descriptor. The planner
tells the two apart by class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from btree.schema import Column, Index

if TYPE_CHECKING:
    from mysqlcompat.session import Session

RowMaker = Callable[["Session"], Iterable[tuple[Any, ...]]]


def no_rows(session: Session) -> Iterable[tuple[Any, ...]]:
    """Rows of a table that has nothing to show yet."""
    return ()


@dataclass(frozen=True, slots=True)
class VirtualTable:
    """A table whose rows are made when a statement reads it.

    rows  (session) -> rows of Python values (`mysqlcompat.values`) in column order
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    rows: RowMaker = no_rows
    charset: str = "utf8mb3"
    collation: str = "utf8mb3_general_ci"
    comment: str = ""

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        return self.columns

    @property
    def indexes(self) -> tuple[Index, ...]:
        return ()

    @property
    def has_row_id(self) -> bool:
        return False

    def column_no(self, name: str) -> int:
        """Number of a column by name, case-insensitively; KeyError when there is none."""
        folded = name.casefold()
        for number, column in enumerate(self.columns):
            if column.name.casefold() == folded:
                return number
        raise KeyError(name)
