"""A session's transaction: autocommit, BEGIN, savepoints, the characteristics of the next one.

States: *idle* → (BEGIN, or a statement on tables) → *active* → (commit, rollback, deadlock) → idle.
`explicit` is true between BEGIN and its end. With autocommit a statement outside BEGIN is its own
transaction. The engine's context is one block per session and lives as long as the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from btree import txn_layout
from btree.schema import Table
from mysqlcompat.errors import SqlError
from mysqlcompat.node_api import Node

ISOLATION: Final = {
    "READ-UNCOMMITTED": txn_layout.ISOLATION_READ_UNCOMMITTED,
    "READ-COMMITTED": txn_layout.ISOLATION_READ_COMMITTED,
    "REPEATABLE-READ": txn_layout.ISOLATION_REPEATABLE_READ,
    "SERIALIZABLE": txn_layout.ISOLATION_SERIALIZABLE,
}


@dataclass(slots=True)
class _Savepoint:
    name: str
    mark: Any  #: the engine's


class Transaction:
    """The transaction of one session."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._engine = node.engine
        self.ctx: int = self._engine.open_context()
        self.autocommit = True
        self.explicit = False
        self.active = False
        self.read_only = False
        self.isolation = "REPEATABLE-READ"  #: of the session
        self.session_read_only = False
        self.current_isolation = self.isolation  #: of the transaction that is active
        self.used_lane = False  #: it has read in the lane, nobody knows which tables
        self.wrote_in_lane = False  #: nor which it has changed there
        self.next_isolation: str | None = None  #: SET TRANSACTION without a scope
        self.next_read_only: bool | None = None
        self.tables: set[int] = set()  #: ids of those it has used: data definition waits for it
        self.written: set[int] = set()  #: ids of those it has changed
        self.locked: dict[int, bool] | None = None  #: LOCK TABLES: id -> for writing
        self._ended: list[asyncio.Future[None]] = []
        self._savepoints: list[_Savepoint] = []

    @property
    def in_transaction(self) -> bool:
        """What SERVER_STATUS_IN_TRANS says."""
        return self.explicit or (self.active and not self.autocommit)

    @property
    def single(self) -> bool:
        """The next statement is a transaction of its own."""
        return self.autocommit and not self.explicit

    # beginning

    def begin(self, read_only: bool | None, snapshot: bool) -> None:
        """BEGIN; whatever was open has been committed by the caller."""
        assert not self.active
        self.explicit = True
        self._start(read_only)
        if snapshot:
            self._engine.open_view(self.ctx)

    def enter_statement(self, tables: Iterable[Table] = (), written: Table | None = None) -> None:
        """A statement that reads these tables and changes `written` is about to run."""
        if not self.active:
            self._start(None)
        if written is not None:
            self.written.add(written.table_id)
        self.tables.update(table.table_id for table in tables)

    def _start(self, read_only: bool | None) -> None:
        isolation = self.next_isolation or self.isolation
        self.read_only = (
            read_only
            if read_only is not None
            else self.next_read_only
            if self.next_read_only is not None
            else self.session_read_only
        )
        self.next_isolation = self.next_read_only = None
        self._engine.begin(self.ctx, ISOLATION[isolation])
        self.current_isolation = isolation
        self.active = True

    def uses(self, table: Table) -> bool:
        """Whether data definition on this table must wait for the end of the transaction."""
        return self.uses_id(table.table_id)

    def uses_id(self, table_id: int) -> bool:
        locked = self.locked is not None and table_id in self.locked
        return locked or self.used_lane or table_id in self.tables

    def changed_id(self, table_id: int) -> bool:
        """Whether the transaction may have changed this table."""
        return self.wrote_in_lane or table_id in self.written

    def check_write(self) -> None:
        """ERROR 1290 on a reader, ERROR 1792 in a READ ONLY transaction."""
        if self._node.read_only:
            raise SqlError(1290, "--read-only")
        if self.is_read_only:
            raise SqlError(1792)

    @property
    def is_read_only(self) -> bool:
        """Whether the transaction, open or the next, refuses changes."""
        return self.read_only if self.active else self._next_is_read_only

    @property
    def _next_is_read_only(self) -> bool:
        return self.session_read_only if self.next_read_only is None else self.next_read_only

    # ending

    async def commit(self) -> None:
        """Commit what is open; returns when it is durable. Nothing open: nothing happens."""
        lsn = self.commit_early()
        if lsn:
            await self._node.durable(lsn)

    def commit_early(self) -> int:
        """Commit without waiting: the LSN that must become durable before anybody is told, or 0."""
        active, self.active, self.explicit = self.active, False, False
        self._savepoints.clear()
        self.read_only = False
        try:
            return int(self._engine.commit(self.ctx)) if active else 0
        finally:
            self._let_go()

    def rollback(self) -> None:
        active, self.active, self.explicit = self.active, False, False
        self._savepoints.clear()
        self.read_only = False
        if active:
            self._engine.rollback(self.ctx)
        self._let_go()

    def _let_go(self) -> None:
        self.tables.clear()
        self.written.clear()
        self.used_lane = self.wrote_in_lane = False
        self.wake()

    def wake(self) -> None:
        """Whoever waits for the end of this transaction, or its locks, looks again."""
        ended, self._ended = self._ended, []
        for future in ended:
            if not future.done():
                future.set_result(None)

    def ended(self) -> asyncio.Future[None]:
        """Done when the transaction that is open now has ended."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended.append(future)
        return future

    def close(self) -> None:
        """The session ends."""
        self.rollback()
        self._engine.close_context(self.ctx)
        self.ctx = 0

    # savepoints

    def savepoint(self, name: str) -> None:
        if self.single:
            return  # as in MySQL: accepted, and gone with the statement
        self.enter_statement()
        self._forget(name)
        self._savepoints.append(_Savepoint(name, self._engine.savepoint(self.ctx)))

    def release(self, name: str) -> None:
        place = self._find(name)
        del self._savepoints[place:]

    def rollback_to(self, name: str) -> None:
        place = self._find(name)
        self._engine.rollback_to(self.ctx, self._savepoints[place].mark)
        del self._savepoints[place + 1 :]

    def _find(self, name: str) -> int:
        for place, savepoint in enumerate(self._savepoints):
            if savepoint.name.casefold() == name.casefold():
                return place
        raise SqlError(1305, "SAVEPOINT", name)

    def _forget(self, name: str) -> None:
        """A savepoint set again under the same name moves."""
        self._savepoints = [
            one for one in self._savepoints if one.name.casefold() != name.casefold()
        ]
