"""LOCK TABLES and UNLOCK TABLES.

What a session has locked is part of its `Transaction` (`locked`); all locks of one statement are
taken at once, so nobody waits while holding half of them. A session with locks may use only those
tables (ERROR 1100), and change only those it has locked for writing (1099). Everybody else waits:
for a change of a table locked for reading, for any use of one locked for writing. The lane knows
nothing of locks: while one for writing is held, and for whoever holds locks, it is not used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from btree.schema import Table
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.errors import SqlError
from mysqlcompat.information_schema import VirtualTable
from mysqlcompat.results import Ok, Result
from mysqlcompat.sql import statements as st

if TYPE_CHECKING:
    from mysqlcompat.session import Session
    from mysqlcompat.transaction import Transaction


async def lock_tables(session: Session, statement: st.LockTables, binary: bool) -> Result:
    """LOCK TABLES: commits, lets go of earlier locks, waits, takes all that are named."""
    await session.transaction.commit()
    unlock(session)
    if session.node.read_only and any(one.write for one in statement.tables):
        raise SqlError(1290, "--read-only")
    while True:
        session.node.recall()
        wanted = _wanted(session, statement)
        holder = _holder(session, wanted)
        if holder is None:
            break
        await _wait(session, holder)
    transaction = session.transaction
    transaction.locked = wanted
    session.node.processlist.table_locks += 1
    session.node.processlist.write_locks += any(wanted.values())
    session.node.recall()  # now with what these locks forbid
    return Ok()


async def unlock_tables(session: Session, statement: st.UnlockTables, binary: bool) -> Result:
    """UNLOCK TABLES; only when something is locked does it commit, too."""
    if session.transaction.locked is not None:
        await session.transaction.commit()
        unlock(session)
    return Ok()


def unlock(session: Session) -> None:
    """Let go of what LOCK TABLES took."""
    locked, session.transaction.locked = session.transaction.locked, None
    if locked is not None:
        session.node.processlist.table_locks -= 1
        session.node.processlist.write_locks -= any(locked.values())
        session.transaction.wake()


async def admit(session: Session, tables: Iterable[Any], written: Any, version: int) -> None:
    """Return when a statement may use `tables` and change `written`; ERROR 1099, 1100, 1205.

    version  of the dictionary the statement was made for: 1412 when it has moved meanwhile
    """
    used = {table.table_id: table is written for table in tables}
    own = session.transaction.locked
    if own is not None:
        for table in tables:
            check_own(session, table, table is written)
        return
    while (holder := _lock_holder(session, used)) is not None:
        await _wait(session, holder)
    if session.node.engine.catalog.version != version:
        raise SqlError(1412)


def check_own(session: Session, table: Table, write: bool) -> None:
    """ERROR 1100 or 1099 unless the session's own locks, if it has any, allow this."""
    own = session.transaction.locked
    if own is None:
        return
    if table.table_id not in own:
        raise SqlError(1100, table.name)
    if write and not own[table.table_id]:
        raise SqlError(1099, table.name)


def _wanted(session: Session, statement: st.LockTables) -> dict[int, bool]:
    """Table id -> for writing; ERROR 1146."""
    view = CatalogView(session)
    wanted: dict[int, bool] = {}
    for one in statement.tables:
        table = view.table(one.table.database, one.table.name)
        if not isinstance(table, VirtualTable):
            wanted[table.table_id] = wanted.get(table.table_id, False) or one.write
    return wanted


def _holder(session: Session, wanted: dict[int, bool]) -> Transaction | None:
    """A transaction whose end, or whose UNLOCK TABLES, must come first."""
    for other in session.node.processlist:
        transaction = other.transaction
        if other is not session and any(
            transaction.uses_id(table_id) if write else transaction.changed_id(table_id)
            for table_id, write in wanted.items()
        ):
            return transaction
    return _lock_holder(session, wanted)


def _lock_holder(session: Session, used: dict[int, bool]) -> Transaction | None:
    for other in session.node.processlist:
        locked = other.transaction.locked
        if other is session or locked is None:
            continue
        if any(table_id in locked and (write or locked[table_id])
               for table_id, write in used.items()):  # fmt: skip
            return other.transaction
    return None


async def _wait(session: Session, holder: Transaction) -> None:
    limit = session.variables.get("lock_wait_timeout")
    assert isinstance(limit, int)
    try:
        await asyncio.wait_for(holder.ended(), limit)
    except TimeoutError:
        raise SqlError(1205) from None
