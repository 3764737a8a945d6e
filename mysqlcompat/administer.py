"""Statements that are neither DML nor data definition nor SHOW: one handler each, by class.

A handler is ``async (session, statement, binary) -> Result``. SHOW is in `show.py`, SET in
`assignments.py`, data definition in `ddl.execute`; this module knows them all (`HANDLERS`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Table
from btree.statistics import Sampling
from mysqlcompat import (
    assignments,
    compiler,
    fault_statements,
    prepared,
    show,
    status,
    table_locks,
)
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.ddl import execute as ddl
from mysqlcompat.errors import SqlError
from mysqlcompat.information_schema import VirtualTable
from mysqlcompat.results import ColumnDef, Ok, Result, Rows
from mysqlcompat.show_columns import columns_of as show_columns
from mysqlcompat.sql import statements as st
from mysqlcompat.sql.alter_actions import AlterTable
from mysqlcompat.sql.tokens import StatementError
from mysqlcompat.wire.encode import PythonRows

if TYPE_CHECKING:
    from mysqlcompat.session import Session

#: SHOW of these is about the statement before: it clears nothing, and cannot be prepared.
DIAGNOSTIC: Final = ("warnings", "errors", "count_warnings", "count_errors")

Handler = Callable[["Session", Any, bool], Awaitable[Result]]


async def run(session: Session, statement: st.Statement, binary: bool) -> Result:
    """Run an administrative statement."""
    if isinstance(statement, st.Unsupported):
        raise SqlError(1235, statement.feature)
    command = COMMANDS.get(type(statement))
    if command is not None:
        session.node.counters.count(command)
    return await HANDLERS[type(statement)](session, statement, binary)


def columns_of(session: Session, statement: st.Statement) -> tuple[ColumnDef, ...]:
    """Result columns of an administrative statement, for COM_STMT_PREPARE; () without rows."""
    if isinstance(statement, st.Show):
        return show.columns(session, statement)
    if isinstance(statement, st.TableMaintenance):
        return show_columns("analyze")
    if isinstance(statement, st.Explain):
        return show_columns("explain")
    return ()


# Transactions

_NO_SNAPSHOT: Final = (
    "InnoDB: WITH CONSISTENT SNAPSHOT was ignored because this phrase can only be used with"
    " REPEATABLE READ isolation level."
)


async def _begin(session: Session, statement: st.Begin, binary: bool) -> Result:
    if statement.read_only is False and session.node.read_only:
        raise SqlError(1290, "--read-only")
    await session.transaction.commit()
    session.temporary.transaction_ended()
    table_locks.unlock(session)
    transaction = session.transaction
    transaction.begin(statement.read_only, statement.snapshot)
    if statement.snapshot and transaction.current_isolation != "REPEATABLE-READ":
        session.warn(138, _NO_SNAPSHOT)
    return Ok()


async def _commit(session: Session, statement: st.Commit, binary: bool) -> Result:
    await session.transaction.commit()
    session.temporary.transaction_ended()
    return _after_end(session, statement)


async def _rollback(session: Session, statement: st.Rollback, binary: bool) -> Result:
    if statement.savepoint is not None:
        await session.transaction.rollback_to(session, statement.savepoint)
        return Ok()
    await session.transaction.roll_back(session)
    session.temporary.warn_of_rollback()
    return _after_end(session, statement)


def _after_end(session: Session, statement: st.Commit | st.Rollback) -> Result:
    completion = session.variables.get("completion_type")
    if statement.chain or completion == "CHAIN":
        session.transaction.begin(None, False)
    elif statement.release or completion == "RELEASE":
        session.client.disconnect()
    return Ok()


async def _savepoint(session: Session, statement: st.Savepoint, binary: bool) -> Result:
    session.transaction.savepoint(statement.name)
    return Ok()


async def _release(session: Session, statement: st.ReleaseSavepoint, binary: bool) -> Result:
    session.transaction.release(statement.name)
    return Ok()


async def _set_transaction(session: Session, statement: st.SetTransaction, binary: bool) -> Result:
    assignments.set_transaction(session, statement)
    return Ok()


# Variables and database


async def _set(session: Session, statement: st.SetVariables, binary: bool) -> Result:
    await assignments.set_variables(session, statement)
    return Ok()


async def _set_names(session: Session, statement: st.SetNames, binary: bool) -> Result:
    assignments.set_names(session, statement)
    return Ok()


async def _use(session: Session, statement: st.Use, binary: bool) -> Result:
    session.use(statement.database)
    return Ok()


async def _do(session: Session, statement: st.Do, binary: bool) -> Result:
    await compiler.evaluate(session, statement.expressions)
    return Ok()


# Prepared statements in SQL


async def _prepare(session: Session, statement: st.Prepare, binary: bool) -> Result:
    text = statement.text
    if text is None:
        assert statement.variable is not None
        value, _ = session.user_variable(statement.variable)
        text = "NULL" if value is None else _text_of(value)
    session.named_statements.pop(statement.name.lower(), None)
    try:
        session.named_statements[statement.name.lower()] = prepared.prepare(session, text)
    except StatementError as error:  # its place is in the text prepared, not in PREPARE's
        raise SqlError.with_text(error.errno, error.message) from error
    return Ok(info="Statement prepared")


def _text_of(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def _execute(session: Session, statement: st.Execute, binary: bool) -> Result:
    handle = session.named_statements.get(statement.name.lower())
    if handle is None:
        raise SqlError(1243, statement.name, "EXECUTE")
    if len(statement.variables) != handle.parameter_count:
        raise SqlError(1210, "EXECUTE")
    values = [session.user_variable(name) for name in statement.variables]
    return await session.run_handle(handle, values, binary)


async def _deallocate(session: Session, statement: st.Deallocate, binary: bool) -> Result:
    handle = session.named_statements.pop(statement.name.lower(), None)
    if handle is None:
        raise SqlError(1243, statement.name, "DEALLOCATE PREPARE")
    handle.close()
    return Ok()


# The server


async def _nothing(session: Session, statement: st.Nothing, binary: bool) -> Result:
    return Ok()


async def _kill(session: Session, statement: st.Kill, binary: bool) -> Result:
    source = f"CAST(({statement.target.text}) AS SIGNED)"
    ((value, _),) = await compiler.evaluate(session, source)
    session.diagnostics.clear()
    kill(session, (value or 0) % (1 << 32), statement.query_only)
    return Ok()


def kill(session: Session, connection_id: int, query_only: bool) -> None:
    """KILL [QUERY] of this node's connection; ERROR 1094, and 1317 when it is one's own."""
    target = session.node.processlist.get(connection_id)
    if target is None:
        raise SqlError(1094, connection_id)
    if target is session:
        if not query_only:
            session.client.disconnect()
        raise SqlError(1317)
    target.cancel("query" if query_only else "connection")


async def _flush(session: Session, statement: st.Flush, binary: bool) -> Result:
    """What FLUSH resets does not exist here (host cache, open files): nothing is left to do
    but the commit which MySQL makes before it."""
    if statement.what == "GLOBAL READ LOCK":
        return await table_locks.global_read_lock(session)
    await session.transaction.commit()
    return Ok()


async def _maintain(session: Session, statement: st.TableMaintenance, binary: bool) -> Result:
    """ANALYZE, CHECK, OPTIMIZE TABLE: one or two rows a table. Pages are merged as they empty, so
    OPTIMIZE has nothing to do but what ANALYZE does."""
    if statement.verb != "check":
        await session.transaction.commit()
    view = CatalogView(session)
    rows: list[tuple[str, str, str, str]] = []
    for name in statement.tables:
        database = view.resolve_database(name.database)
        shown = f"{database}.{name.name}"
        if view.find(database, name.name) is None:
            message = f"Table '{shown}' doesn't exist"
            rows.append((shown, statement.verb, "Error", message))
            rows.append((shown, statement.verb, "status", "Operation failed"))
            continue
        if statement.verb != "check" and not session.node.read_only:
            await _analyze(session, view.find(database, name.name))
        if statement.verb == "optimize":
            message = "Table does not support optimize, doing recreate + analyze instead"
            rows.append((shown, statement.verb, "note", message))
        rows.append((shown, statement.verb, "status", "OK"))
    if not session.node.read_only:
        await session.node.durable(session.node.engine.log_end)  # readers have the figures then
    columns = show_columns("analyze")
    return Rows(columns, PythonRows(columns, rows, binary))


async def _analyze(session: Session, table: Table | VirtualTable | None) -> None:
    """Sample a table, letting others run in between."""
    if isinstance(table, Table):
        statistics = session.node.engine.statistics
        sampling = Sampling(session.node.engine, table)
        while sampling.step():
            await asyncio.sleep(0)
        statistics.keep(sampling)


async def _explain(session: Session, statement: st.Explain, binary: bool) -> Result:
    return await compiler.explain(session, statement, binary)


async def _show(session: Session, statement: st.Show, binary: bool) -> Result:
    return await show.run(session, statement, binary)


async def _ddl(session: Session, statement: st.Statement, binary: bool) -> Result:
    return await ddl.run(session, statement)


# For the wire


def field_list(session: Session, table: str, pattern: str) -> Sequence[ColumnDef]:
    """COM_FIELD_LIST: the columns of a table of the current database."""
    return show.field_list(session, table, pattern)


def statistics(session: Session) -> str:
    """COM_STATISTICS."""
    counters, uptime = session.node.counters, status.uptime_s(session)
    return (
        f"Uptime: {uptime}  Threads: {len(session.node.processlist)}"
        f"  Questions: {counters.questions}  Slow queries: {counters.slow_queries}"
        f"  Opens: 0  Flush tables: 0  Open tables: 0"
        f"  Queries per second avg: {counters.questions / max(uptime, 1):.3f}"
    )


HANDLERS: Final[dict[type[st.Statement], Handler]] = {
    st.Begin: _begin,
    st.Commit: _commit,
    st.Rollback: _rollback,
    st.Savepoint: _savepoint,
    st.ReleaseSavepoint: _release,
    st.SetTransaction: _set_transaction,
    st.SetVariables: _set,
    st.SetNames: _set_names,
    st.Use: _use,
    st.Do: _do,
    st.Prepare: _prepare,
    st.Execute: _execute,
    st.Deallocate: _deallocate,
    st.Kill: _kill,
    st.Nothing: _nothing,
    st.Flush: _flush,
    st.LockTables: table_locks.lock_tables,
    st.UnlockTables: table_locks.unlock_tables,
    st.LockInstance: table_locks.lock_instance,
    st.TableMaintenance: _maintain,
    st.CrashSystem: fault_statements.crash,
    st.SimulateDiskFault: fault_statements.simulate_disk,
    st.SimulateReplicaFault: fault_statements.simulate_replica,
    st.Explain: _explain,
    st.Show: _show,
    **dict.fromkeys(ddl.STATEMENTS, _ddl),
}
#: Com_ counters of SHOW STATUS.
COMMANDS: Final[dict[type[st.Statement], str]] = {
    st.Begin: "begin",
    st.Commit: "commit",
    st.Rollback: "rollback",
    st.Savepoint: "savepoint",
    st.ReleaseSavepoint: "release_savepoint",
    st.SetTransaction: "set_option",
    st.SetVariables: "set_option",
    st.SetNames: "set_option",
    st.Use: "use_db",
    st.Do: "do",
    st.Prepare: "prepare_sql",
    st.Execute: "execute_sql",
    st.Kill: "kill",
    st.Flush: "flush",
    st.Explain: "explain_other",
    st.CreateDatabase: "create_db",
    st.DropDatabase: "drop_db",
    st.CreateTable: "create_table",
    st.CreateTableLike: "create_table",
    st.DropTable: "drop_table",
    st.TruncateTable: "truncate",
    AlterTable: "alter_table",
    st.RenameTable: "rename_table",
}
