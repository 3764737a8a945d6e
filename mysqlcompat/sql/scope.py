"""Names of columns: which table of FROM a name means, and MySQL's errors when it means none or two.

Clauses have names of their own in messages: 'field list', 'where clause', 'order clause' …
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.typed import ColumnRef, Source
from mysqlcompat.sqltypes import column_type

FIELD_LIST = "field list"
WHERE = "where clause"
ON = "on clause"
GROUP = "group statement"
HAVING = "having clause"
ORDER = "order clause"


class CatalogView(Protocol):
    """What the resolver asks of the dictionary. Virtual tables come through it like others."""

    @property
    def current_database(self) -> str | None: ...

    def table(self, database: str, name: str) -> Any:
        """The table; raises ERROR 1146, or 1049 when there is no such database."""
        ...


@dataclass(slots=True)
class Scope:
    """The tables of one FROM. `nullable` are numbers of tables on the inner side of a left join;
    `hidden` are (table, column) numbers that USING or NATURAL merged into an earlier column."""

    sources: list[Source] = field(default_factory=list)
    nullable: set[int] = field(default_factory=set)
    hidden: set[tuple[int, int]] = field(default_factory=set)

    def add(self, view: CatalogView, database: str | None, name: str, alias: str | None) -> Source:
        if database is None:
            database = view.current_database
            if database is None:
                raise SqlError(1046)
        return self.place(view.table(database, name), alias)

    def place(self, table: Any, alias: str | None) -> Source:
        """Add a table that is at hand. Raises 1066."""
        source = Source(table, alias or table.name, table.database)
        for other in self.sources:
            same_database = alias is not None or other.database == source.database
            if other.alias == source.alias and same_database:
                raise SqlError(1066, source.alias)
        self.sources.append(source)
        return source

    def column(self, name: str, table: str | None, database: str | None, clause: str) -> ColumnRef:
        """The column a name means. Raises 1054 (none) or 1052 (several)."""
        found = self.find(name, table, database)
        shown = ".".join(part for part in (database, table, name) if part)
        if not found:
            raise SqlError(1054, shown, clause)
        if len(found) > 1:
            raise SqlError(1052, shown, clause)
        return found[0]

    def find(self, name: str, table: str | None, database: str | None) -> list[ColumnRef]:
        folded = name.casefold()
        return [
            self.reference(number, column_no)
            for number, source in enumerate(self.sources)
            if self._is(source, table, database)
            for column_no, column in enumerate(source.table.columns)
            if column.name.casefold() == folded
            and not column.hidden
            and (table is not None or (number, column_no) not in self.hidden)
        ]

    def reference(self, table_no: int, column_no: int) -> ColumnRef:
        column = self.sources[table_no].table.columns[column_no]
        made = column_type(column)
        if table_no in self.nullable:
            made = made.or_null()
        return ColumnRef(made, table_no, column_no, column.name)

    @staticmethod
    def _is(source: Source, table: str | None, database: str | None) -> bool:
        if table is not None and source.alias != table:
            return False
        return database is None or (
            source.database == database and source.alias == source.table.name
        )

    def star(self, table: str | None, database: str | None) -> list[ColumnRef]:
        """What ``*`` or ``t.*`` stands for. Raises 1096 (no tables) or 1051 (unknown table)."""
        if not self.sources:
            raise SqlError(1096)
        numbers = [n for n, source in enumerate(self.sources) if self._is(source, table, database)]
        if not numbers:
            raise SqlError(1051, table)
        return [
            self.reference(number, column_no)
            for number in numbers
            for column_no, column in enumerate(self.sources[number].table.columns)
            if not column.invisible
            and (table is not None or (number, column_no) not in self.hidden)
        ]
