"""Metadata locks as statements take them; LOCK TABLES, FLUSH TABLES WITH READ LOCK, LOCK INSTANCE.

What a session has locked by LOCK TABLES is part of its `Transaction` (`locked`): it may then use
only those tables, by the names it has locked (ERROR 1100), and change only those it has locked for
writing (1099). Everything that keeps others waiting is a lock of `metadata_locks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Table
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.errors import SqlError
from mysqlcompat.information_schema import VirtualTable
from mysqlcompat.metadata_locks import BACKUP, COMMIT, GLOBAL, Key, Mode, Ticket
from mysqlcompat.results import Ok, Result
from mysqlcompat.sql import statements as st
from mysqlcompat.temporary_tables import is_temporary

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program
    from mysqlcompat.session import Session

#: How long a lock is kept: for the statement, or until the client gives it back.
STATEMENT: Final = "STATEMENT"
EXPLICIT: Final = "EXPLICIT"


async def acquire(
    session: Session, key: Key, mode: Mode, duration: str, table_id: int = 0
) -> Ticket:
    """A lock, waited for at most lock_wait_timeout. ERROR 1205, 1213."""
    transaction = session.transaction
    shuts_out = mode >= Mode.SHARED_READ_ONLY or mode == Mode.SHARED
    return await session.node.processlist.locks.acquire(
        transaction.owner,
        key,
        mode,
        duration,
        transaction.lock_wait_seconds,
        table_id,
        session.node.recall if shuts_out else None,
    )


def key_of(table: Table) -> Key:
    return Key("TABLE", table.database, table.name)


# LOCK TABLES


async def lock_tables(session: Session, statement: st.LockTables, binary: bool) -> Result:
    """LOCK TABLES: commits, lets go of earlier locks, waits, takes all that are named."""
    _check_named_once(session, statement)
    await session.transaction.commit()
    unlock(session)
    if session.node.read_only and any(one.write for one in statement.tables):
        raise SqlError(1290, "--read-only")
    owner = session.transaction.owner
    if owner.held(GLOBAL) is not None and any(one.write for one in statement.tables):
        raise SqlError(1223)
    try:
        wanted = _wanted(session, statement)
        for place in sorted({(database, name) for database, name, _ in wanted}):
            write = any(wanted[one] for one in wanted if one[:2] == place)
            mode = Mode.SHARED_NO_READ_WRITE if write else Mode.SHARED_READ_ONLY
            if write:
                await acquire(session, GLOBAL, Mode.INTENTION_EXCLUSIVE, STATEMENT)
            table = CatalogView(session).stored_table(*place)
            await acquire(session, key_of(table), mode, EXPLICIT, table.table_id)
            CatalogView(session).stored_table(*place)  # perhaps it has been dropped meanwhile
    except BaseException:
        session.node.processlist.locks.release_all(owner, EXPLICIT, ("TABLE",))
        raise
    finally:
        session.node.processlist.locks.release_all(owner, STATEMENT)
    session.transaction.locked = wanted
    return Ok()


def _check_named_once(session: Session, statement: st.LockTables) -> None:
    """ERROR 1066 before anything is given back."""
    seen: set[tuple[str | None, str]] = set()
    for one in statement.tables:
        name = one.table.database or session.database, one.alias or one.table.name
        if name in seen:
            raise SqlError(1066, name[1])
        seen.add(name)


def _wanted(session: Session, statement: st.LockTables) -> dict[tuple[str, str, str], bool]:
    """(database, table, alias) -> for writing; ERROR 1146."""
    view = CatalogView(session)
    wanted: dict[tuple[str, str, str], bool] = {}
    for one in statement.tables:
        table = view.table(one.table.database, one.table.name)
        if not isinstance(table, VirtualTable) and not is_temporary(table):
            wanted[table.database, table.name, one.alias or table.name] = one.write
    return wanted


async def unlock_tables(session: Session, statement: st.UnlockTables, binary: bool) -> Result:
    """UNLOCK TABLES: the locks of LOCK TABLES (and a commit), the global read lock."""
    if session.transaction.locked is not None:
        await session.transaction.commit()
        unlock(session)
    locks = session.node.processlist.locks
    locks.release_all(session.transaction.owner, EXPLICIT, ("GLOBAL", "COMMIT"))
    return Ok()


def unlock(session: Session) -> None:
    """Let go of what LOCK TABLES took."""
    if session.transaction.locked is not None:
        session.transaction.locked = None
        locks = session.node.processlist.locks
        locks.release_all(session.transaction.owner, EXPLICIT, ("TABLE",))


# The whole server


async def global_read_lock(session: Session) -> Result:
    """FLUSH TABLES WITH READ LOCK: nobody changes or commits anything until UNLOCK TABLES."""
    await session.transaction.commit()
    if session.transaction.locked is not None:
        raise SqlError(1192)
    owner = session.transaction.owner
    if owner.held(GLOBAL) is None:
        await acquire(session, GLOBAL, Mode.SHARED, EXPLICIT)
        try:
            await acquire(session, COMMIT, Mode.SHARED, EXPLICIT)
        except BaseException:
            session.node.processlist.locks.release_all(owner, EXPLICIT, ("GLOBAL",))
            raise
    return Ok()


async def lock_instance(session: Session, statement: st.LockInstance, binary: bool) -> Result:
    """LOCK INSTANCE FOR BACKUP and UNLOCK INSTANCE: no data definition in between."""
    locks, owner = session.node.processlist.locks, session.transaction.owner
    if statement.unlock:
        locks.release_all(owner, EXPLICIT, (BACKUP.kind,))
    elif owner.held(BACKUP) is None:
        await acquire(session, BACKUP, Mode.SHARED, EXPLICIT)
    return Ok()


# Statements


async def admit(session: Session, program: Program) -> bool:
    """Return when a statement may use its tables; whether the dictionary has moved meanwhile.

    Called only while somebody shuts others out, or holds LOCK TABLES. ERROR 1099, 1100, 1205,
    1213, 1223.
    """
    if session.transaction.locked is not None:
        for table, alias in _names(program):
            check_own(session, table, table is program.written or program.locking, alias)
        return False
    owner, locks = session.transaction.owner, session.node.processlist.locks
    if program.written is not None and not is_temporary(program.written):
        if owner.held(GLOBAL) is not None:
            raise SqlError(1223)
        if locks.must_wait(owner, GLOBAL, Mode.INTENTION_EXCLUSIVE):
            locks.release(await acquire(session, GLOBAL, Mode.INTENTION_EXCLUSIVE, STATEMENT))
    for table in program.tables:
        writes = table is program.written or program.locking
        mode = Mode.SHARED_WRITE if writes else Mode.SHARED_READ
        if owner.tables.get(table.table_id, 0) >= mode or is_temporary(table):
            continue
        if locks.must_wait(owner, key_of(table), mode):
            session.transaction.enter_statement()
            ticket = await acquire(session, key_of(table), mode, STATEMENT)
            owner.note(table.table_id, mode)  # from here on a word of the owner is the lock
            locks.release(ticket)
    return bool(session.node.engine.catalog.version != program.version)


def _names(program: Program) -> Iterator[tuple[Table, str]]:
    """The tables of a statement and what it calls them ("" where that is not known)."""
    named = [one for one in program.sources if isinstance(getattr(one, "table", None), Table)]
    for one in named:
        yield one.table, one.alias
    known = {one.table.table_id for one in named}
    for table in program.tables:
        if table.table_id not in known:
            yield table, ""


def check_own(session: Session, table: Table, write: bool, alias: str = "") -> None:
    """ERROR 1100 or 1099 unless the session's own locks, if it has any, allow this."""
    locked = session.transaction.locked
    if locked is None or is_temporary(table):
        return
    place = table.database, table.name
    found = [one for one in locked if one[:2] == place and alias in ("", one[2])]
    if not found:
        raise SqlError(1100, alias or table.name)
    if write and not any(locked[one] for one in found):
        raise SqlError(1099, alias or table.name)


# Data definition


async def intend(session: Session) -> None:
    """Before any data definition: ERROR 1223 under one's own global read lock; everybody else's,
    and LOCK INSTANCE FOR BACKUP, are waited for."""
    owner = session.transaction.owner
    if owner.held(GLOBAL) is not None:
        raise SqlError(1223)
    for key in (GLOBAL, BACKUP):
        await acquire(session, key, Mode.INTENTION_EXCLUSIVE, STATEMENT)


async def upgrade(session: Session, table: Table, mode: Mode) -> None:
    """A stronger lock than the running statement of data definition has of a table."""
    if is_temporary(table):
        return
    await _stronger(session, key_of(table), mode, table.table_id)


def downgrade(session: Session, table: Table) -> None:
    """Others may use the table again until `exclusive` is called once more; nobody may alter it."""
    owner, locks = session.transaction.owner, session.node.processlist.locks
    key = key_of(table)
    for ticket in list(owner.tickets):
        if ticket.key == key and ticket.mode > Mode.SHARED_UPGRADABLE:
            locks.release(ticket)


def owns(session: Session, table: Table) -> bool:
    """Whether the session has locked the table by LOCK TABLES."""
    locked = session.transaction.locked or {}
    return any(one[:2] == (table.database, table.name) for one in locked)


async def exclusive(session: Session, table: Any) -> None:
    """Nobody uses the table until the running statement of data definition ends; transactions that
    have used it are waited for. A virtual or temporary table has nobody to wait for."""
    if isinstance(table, Table) and not is_temporary(table):
        await exclusive_name(session, table.database, table.name, table.table_id)


async def exclusive_name(session: Session, database: str, name: str, table_id: int = 0) -> None:
    """The same for a name that need not have a table yet."""
    await _stronger(session, Key("SCHEMA", database), Mode.INTENTION_EXCLUSIVE)
    await _stronger(session, Key("TABLE", database, name), Mode.EXCLUSIVE, table_id)


async def exclusive_tables(session: Session, database: str, ids: dict[str, int]) -> None:
    """Nobody uses any of a database's tables (ids by name), however many, until the caller waits
    for something else."""
    owner, locks = session.transaction.owner, session.node.processlist.locks
    while True:
        session.node.recall()
        used = locks.used(owner, database, ids)
        if not used:
            return
        for name in used:
            await exclusive_name(session, database, name, ids[name])


async def exclusive_schema(session: Session, database: str) -> None:
    """Nobody makes, changes or drops a table of the database until the statement ends."""
    await _stronger(session, Key("SCHEMA", database), Mode.EXCLUSIVE)


async def _stronger(session: Session, key: Key, mode: Mode, table_id: int = 0) -> None:
    held = session.transaction.owner.held(key)
    if held is None or held.mode < mode:
        await acquire(session, key, mode, STATEMENT, table_id)


def definition_ended(session: Session) -> None:
    """Give back what data definition took."""
    session.node.processlist.locks.release_all(session.transaction.owner, STATEMENT)
