"""A virtual table: columns like any other table's, and a function that makes its rows.

It is no `schema.Table`: nothing of it is stored, it has no trees and no descriptor. The planner
tells the two apart by class. A statement reads it once, into records, and goes on with those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Column
from mysqlcompat.unstored_table import UnstoredTable

if TYPE_CHECKING:
    from mysqlcompat.session import Session

#: Columns that say in which database, and in which table, what a row describes is.
DATABASE_COLUMNS: Final = frozenset(
    ("table_schema", "constraint_schema", "index_schema", "schema_name", "database_name")
)
TABLE_COLUMNS: Final = frozenset(("table_name",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a statement wants to see; a row maker may give more.

    columns    names of the columns that are looked at, in lower case; None: all
    databases  only rows that describe something in these; None: all
    tables     only rows that describe tables of these names; None: all
    """

    columns: frozenset[str] | None = None
    databases: frozenset[str] | None = None
    tables: frozenset[str] | None = None

    def has_column(self, *names: str) -> bool:
        """Whether one of these columns is looked at."""
        return self.columns is None or not self.columns.isdisjoint(names)


RowMaker = Callable[["Session", Wanted], Iterable[tuple[Any, ...]]]


def no_rows(session: Session, wanted: Wanted) -> Iterable[tuple[Any, ...]]:
    """Rows of a table that has nothing to show yet."""
    return ()


@dataclass(frozen=True, slots=True)
class VirtualTable(UnstoredTable):
    """A table whose rows are made when a statement reads it.

    rows  (session, wanted) -> rows of Python values (`mysqlcompat.values`) in column order; columns
          nobody looks at may have any value
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    rows: RowMaker = no_rows
    charset: str = "utf8mb3"
    collation: str = "utf8mb3_general_ci"
    comment: str = ""
