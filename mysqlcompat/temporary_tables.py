"""Temporary tables: tables that only their session sees, in front of others of the same name.

They are the engine's private tables, whose trees nobody but this process knows: a crash sweeps them
away, a session that ends frees them. Rows are as in any table: transactions, undo, indexes. Making
and dropping them moves nothing that others see, plans least of all, so a session with temporary
tables has plans of its own (`version`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Table

if TYPE_CHECKING:
    from mysqlcompat.session_state import SessionState

_MARK: Final = "temporary"  #: among the options of a definition
NOT_ROLLED_BACK: Final = (
    (1751, "The creation of some temporary tables could not be rolled back."),
    (1752, "Some temporary tables were dropped, but these operations could not be rolled back."),
)


def is_temporary(table: Any) -> bool:
    """Whether a table is a session's own."""
    return isinstance(table, Table) and _MARK in table.options


def marked(table: Table) -> Table:
    """The definition as a temporary table's."""
    return replace(table, options={**table.options, _MARK: "1"})


def unmarked(table: Table) -> Table:
    """The definition as that of a table for all."""
    options = {key: value for key, value in table.options.items() if key != _MARK}
    return replace(table, options=options)


class TemporaryTables:
    """Those of one session.

    version  moves when names come to mean other tables
    made, dropped  in the transaction that is open: a rollback does not undo that, and says so
    """

    def __init__(self, session: SessionState) -> None:
        self._session = session
        self._tables: dict[tuple[str, str], Table] = {}
        self.version = 0
        self.made = False
        self.dropped = False

    def __bool__(self) -> bool:
        return bool(self._tables)

    def find(self, database: str, name: str) -> Table | None:
        """The table of that name, if the session has one."""
        return self._tables.get((database, name))

    def add(self, table: Table) -> None:
        """A private table gets its name."""
        self._tables[table.database, table.name] = table
        self.made = self._session.transaction.in_transaction
        self._changed()

    def remove(self, table: Table) -> None:
        """DROP: the name is free at once."""
        del self._tables[table.database, table.name]
        self.dropped = self._session.transaction.in_transaction
        self.discard(table)
        self._changed()

    def put(self, old: Table, new: Table) -> None:
        """A private table takes the place of one there is, perhaps under another name."""
        del self._tables[old.database, old.name]
        self._tables[new.database, new.name] = new
        self.discard(old)
        self._changed()

    def discard(self, table: Table) -> None:
        """Free a private table, once the transaction that may have to undo changes is over."""
        catalog = self._session.node.engine.catalog
        self._session.transaction.after_end(lambda: catalog.abandon(table))

    def close(self) -> None:
        """The session ends, or begins anew; no transaction is open."""
        for table in list(self._tables.values()):
            self.remove(table)

    def warn_of_rollback(self) -> None:
        """ROLLBACK leaves temporary tables as they are; warnings 1751, 1752."""
        happened = self.made, self.dropped
        self.transaction_ended()
        for has, (errno, message) in zip(happened, NOT_ROLLED_BACK, strict=True):
            if has:
                self._session.warn(errno, message)

    def transaction_ended(self) -> None:
        self.made = self.dropped = False

    def _changed(self) -> None:
        self.version += 1
        self._session.plans.settings_changed()
