"""A session's transaction: autocommit, BEGIN, savepoints, the characteristics of the next one.

States: *idle* → (BEGIN, or a statement on tables) → *active* → (commit, rollback, deadlock) → idle.
`explicit` is true between BEGIN and its end. With autocommit a statement outside BEGIN is its own
transaction. The engine's context is one block per session and lives as long as the session.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from btree import txn_layout
from btree.engine import UNTOUCHED
from btree.schema import Table
from mysqlcompat.errors import SqlError
from mysqlcompat.metadata_locks import COMMIT, Mode
from mysqlcompat.node_api import Node
from mysqlcompat.temporary_tables import is_temporary

if TYPE_CHECKING:
    from mysqlcompat.session_state import SessionState

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
    tables: frozenset[int]  #: used by then


class Transaction:
    """The transaction of one session."""

    def __init__(self, node: Node, connection_id: int = 0) -> None:
        self._node = node
        self._engine = node.engine
        self.ctx: int = self._engine.open_context()
        self._locks = node.processlist.locks
        self.owner = self._locks.open(self.ctx, connection_id, self._engine.locks)
        self.autocommit = True
        self.begun_us = 0  #: wall clock, when the transaction began
        self.explicit = False
        self.active = False
        self.read_only = False
        self.isolation = "REPEATABLE-READ"  #: of the session
        self.session_read_only = False
        self.lock_wait_seconds = 31536000
        self.is_committing = False  #: waits until its commit is durable
        self.current_isolation = self.isolation  #: of the transaction that is active
        self.next_isolation: str | None = None  #: SET TRANSACTION without a scope
        self.next_read_only: bool | None = None
        #: LOCK TABLES: (database, table, alias) -> for writing
        self.locked: dict[tuple[str, str, str], bool] | None = None
        self._savepoints: list[_Savepoint] = []
        self._after_end: list[Callable[[], None]] = []

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
        """BEGIN; whatever was open has been committed by the caller. A snapshot is taken at
        REPEATABLE READ only."""
        assert not self.active
        self.explicit = True
        self._start(read_only)
        if snapshot and self.current_isolation == "REPEATABLE-READ":
            self._engine.open_view(self.ctx)

    def enter_statement(
        self, tables: Iterable[Table] = (), written: Table | None = None, locking: bool = False
    ) -> None:
        """A statement that reads these tables (with locks: SELECT … FOR UPDATE) and changes
        `written` is about to run."""
        if not self.active:
            self._start(None)
        owner = self.owner
        if written is not None:
            owner.changing = True
            owner.tables[written.table_id] = Mode.SHARED_WRITE
        for table in tables:
            if locking or table.table_id not in owner.tables:
                owner.note(table.table_id, Mode.SHARED_WRITE if locking else Mode.SHARED_READ)

    def leave_statement(self) -> None:
        """It is over, well or not; a global read lock may have waited for that."""
        if self.owner.changing:
            self._locks.statement_ended(self.owner)

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
        self._engine.begin(self.ctx, ISOLATION[isolation], self.single)
        self.current_isolation = isolation
        self.begun_us = time.time_ns() // 1000
        self.active = True

    def check_write(self) -> None:
        """ERROR 1290 on a reader, ERROR 1792 in a READ ONLY transaction, ERROR 1021 while the
        volume's disks are full."""
        if self._node.read_only:
            raise SqlError(1290, "--read-only")
        check_room(self._node)
        if self.is_read_only:
            raise SqlError(1792)

    def check_locking(self, tables: Iterable[Table]) -> None:
        """ERROR 1792 when rows of these tables are to be locked for changes that are refused."""
        if self.is_read_only and not all(is_temporary(table) for table in tables):
            raise SqlError(1792)

    @property
    def is_read_only(self) -> bool:
        """Whether the transaction, open or the next, refuses changes."""
        return self.read_only if self.active else self._next_is_read_only

    @property
    def _next_is_read_only(self) -> bool:
        return self.session_read_only if self.next_read_only is None else self.next_read_only

    def begun_outside(self, begun_ns: int) -> None:
        """The lane has begun one, at a reading of the monotonic clock; the engine knows."""
        self.explicit = self.active = True
        self.read_only = False
        self.current_isolation = self.isolation
        self.begun_us = (time.time_ns() - (time.monotonic_ns() - begun_ns)) // 1000

    # ending

    def ended_outside(self) -> None:
        """The lane has ended it."""
        self.active = self.explicit = self.read_only = False
        self._savepoints.clear()
        self._let_go()

    async def commit(self) -> None:
        """Commit what is open; returns when it is durable. Nothing open: nothing happens.
        ERROR 1205 when somebody's global read lock stays longer than lock_wait_timeout."""
        if self._locks.closed_to_writes and self.active and self.changes_rows:
            await self._admit_commit()
        self.is_committing = True
        try:
            if self.active and self.changes_rows:
                await self._node.gate.room_for_commit()
            lsn = self.commit_early()
            if lsn:
                await self._node.durable(lsn)
        finally:
            self.is_committing = False

    @property
    def changes_rows(self) -> bool:
        """Whether the transaction has perhaps changed, or locked for changing, any row."""
        owner = self.owner
        return max(owner.unknown, *owner.tables.values(), 0) >= Mode.SHARED_WRITE

    async def _admit_commit(self) -> None:
        locks, owner, mode = self._locks, self.owner, Mode.INTENTION_EXCLUSIVE
        if owner.held(COMMIT) is None and locks.must_wait(owner, COMMIT, mode):
            seconds = self.lock_wait_seconds
            locks.release(await locks.acquire(owner, COMMIT, mode, "STATEMENT", seconds))

    def commit_early(self) -> int:
        """Commit without waiting: the LSN that must become durable before anybody is told, or 0."""
        active, self.active, self.explicit = self.active, False, False
        self._savepoints.clear()
        self.read_only = False
        try:
            return int(self._engine.commit(self.ctx)) if active else 0
        finally:
            self._let_go()

    async def roll_back(self, session: SessionState) -> None:
        """As `rollback`, while others run: undoing, too, may have to wait for room in the log."""
        try:
            if self.active:
                await self._node.gate.undone(session, self._engine.rolling_back(self.ctx))
        finally:
            self.rollback()

    def rollback(self) -> None:
        active, self.active, self.explicit = self.active, False, False
        self._savepoints.clear()
        self.read_only = False
        if active:
            self._engine.rollback(self.ctx)
        self._let_go()

    def _let_go(self) -> None:
        self._locks.release_transaction(self.owner)
        waiting, self._after_end = self._after_end, []
        for step in waiting:
            step()

    def after_end(self, step: Callable[[], None]) -> None:
        """Do something when the transaction is over: at once when none is open."""
        if self.active:
            self._after_end.append(step)
        else:
            step()

    def close(self) -> None:
        """The session ends."""
        self.rollback()
        self._locks.close(self.owner)
        self._engine.close_context(self.ctx)
        self.ctx = 0

    # savepoints

    def savepoint(self, name: str) -> None:
        if self.single:
            return  # as in MySQL: accepted, and gone with the statement
        self.enter_statement()
        self._forget(name)
        tables = frozenset(self.owner.tables)
        self._savepoints.append(_Savepoint(name, self._engine.savepoint(self.ctx), tables))

    def release(self, name: str) -> None:
        place = self._find(name)
        del self._savepoints[place:]

    async def rollback_to(self, session: SessionState, name: str) -> None:
        place = self._find(name)
        mark = self._savepoints[place].mark
        untouched = mark == UNTOUCHED
        steps = self._engine.undoing(self.ctx, 0 if untouched else mark, not untouched)
        try:
            await self._node.gate.undone(session, steps)
        finally:
            self._engine.rollback_to(self.ctx, mark)
        if not self.changes_rows:  # otherwise locks of rows may be left: the tables stay locked
            self._locks.forget(self.owner, self._savepoints[place].tables)
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


def check_room(node: Node) -> None:
    """ERROR 1021 while copies of the volume have no room for log: a change could only wait."""
    if node.disk_full:
        code = errno.ENOSPC
        raise SqlError(1021, node.config.get("data", "."), code, os.strerror(code))
