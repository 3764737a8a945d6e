"""What SQL sees of the dictionary: the engine's catalog and the virtual databases as one.

Names of databases and tables are case-sensitive (`lower_case_table_names` = 0), but for the virtual
ones, as in MySQL. A view belongs to a session: unqualified names mean its current database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from btree.outlines import TableOutline
from btree.schema import DEFAULT_CHARSET, DEFAULT_COLLATION, Table
from mysqlcompat import information_schema
from mysqlcompat.errors import SqlError
from mysqlcompat.information_schema import VirtualTable

if TYPE_CHECKING:
    from mysqlcompat.session_state import SessionState

#: Databases that exist without being in the dictionary.
VIRTUAL: Final = ("information_schema", "mysql", "performance_schema", "sys")


@dataclass(frozen=True, slots=True)
class CatalogView:
    """The dictionary as one session may name it."""

    session: SessionState

    @property
    def _catalog(self) -> Any:
        return self.session.node.engine.catalog

    @property
    def version(self) -> int:
        """Moves with every DDL statement."""
        return int(self._catalog.version)

    @property
    def current_database(self) -> str | None:
        return self.session.database

    def databases(self) -> list[str]:
        """Every database, virtual ones too, in MySQL's order."""
        return sorted([*(one.name for one in self._catalog.databases()), *VIRTUAL])

    def database_name(self, name: str) -> str:
        """The name as it is spelt; ERROR 1049 when there is no such database."""
        if name.lower() in VIRTUAL:
            return name.lower()
        if not self.has_database(name):
            raise SqlError(1049, name)
        return name

    def has_database(self, name: str) -> bool:
        return is_virtual(name) or any(one.name == name for one in self._catalog.databases())

    def database_collation(self, name: str) -> tuple[str, str]:
        """(character set, collation) that tables of the database get by default."""
        if is_virtual(name):
            return ("utf8mb3", "utf8mb3_general_ci") if name != "sys" else _DEFAULT
        for one in self._catalog.databases():
            if one.name == name:
                return one.charset, one.collation
        raise SqlError(1049, name)

    def tables(
        self, database: str, names: frozenset[str] | None = None
    ) -> Iterator[Table | VirtualTable]:
        """Tables of one database by name; `names`: only those. Others may run between two."""
        if is_virtual(database):
            for one in information_schema.tables_of(database):
                if names is None or one.name in names:
                    yield one
        else:
            yield from self._catalog.tables(database, names)

    def outlines(
        self, database: str, names: frozenset[str] | None, measured: bool, counted: bool
    ) -> Iterator[TableOutline | VirtualTable]:
        """As `tables`, without definitions.

        measured, counted  `Engine.estimate_rows`, `next_auto_increment` are about to be asked
        """
        if is_virtual(database):
            for one in self.tables(database, names):
                assert isinstance(one, VirtualTable)
                yield one
            return
        engine = self.session.node.engine
        yield from self._catalog.outlines(
            database, names, lambda group: engine.look_ahead(group, measured, counted)
        )

    def table_names(self, database: str) -> list[str]:
        """The names alone, which cost nothing however many there are."""
        if is_virtual(database):
            return [table.name for table in information_schema.tables_of(database)]
        names: list[str] = self._catalog.table_names(database)
        return names

    def table(self, database: str | None, name: str) -> Table | VirtualTable:
        """A table by name; ERROR 1046, 1049 or 1146 when there is none."""
        found = self.find(database, name)
        if found is None and (database or "").lower() == "information_schema":
            raise SqlError(1109, name.upper(), "information_schema")
        if found is None:
            raise SqlError(1146, database or self.current_database, name)
        return found

    def stored_table(self, database: str | None, name: str) -> Table:
        """A table that is no virtual one; ERROR 1044 (the virtual databases cannot be changed)."""
        found = self.table(database, name)
        if isinstance(found, VirtualTable):
            account = self.session.client.account
            raise SqlError(1044, account.user, account.host, found.database)
        return found

    def find(self, database: str | None, name: str) -> Table | VirtualTable | None:
        """The same, None when the database has no such table."""
        database = self.resolve_database(database)
        private = self.session.private_tables.get((database, name))
        private = private or self.session.temporary.find(database, name)
        return private or self.find_shared(database, name)

    def find_shared(self, database: str, name: str) -> Table | VirtualTable | None:
        """A table that is not the session's own."""
        if is_virtual(database):
            return information_schema.table_named(database, name)
        found: Table | None = self._catalog.table(database, name)
        return found

    def resolve_database(self, database: str | None) -> str:
        """The database meant; ERROR 1046 when none is given and none is current, 1049."""
        database = self.current_database if database is None else database
        if database is None:
            raise SqlError(1046)
        return self.database_name(database)


_DEFAULT: Final = (DEFAULT_CHARSET, DEFAULT_COLLATION)


def is_virtual(database: str) -> bool:
    return database.lower() in VIRTUAL
