"""One client's session: the way of a statement from text to results. Its state: `session_state.py`.

A statement's way: decode → plan cache or `router.route` → (`Plain`: `compiler.compile_statement` →
`machine.run.execute`; anything else: a handler of `administer.HANDLERS`) → commit, when it is a
transaction of its own → wait until the commit is durable → `Ok`, or `Rows` whose source ends the
statement when the last row has been read.

I1  An error rolls back its statement; 1213 and a failed autocommit statement the whole transaction.
I2  Nothing is acknowledged before it is durable.
I3  DDL commits before and after itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from mysqlcompat import administer, bulk, compiler, prepared, table_locks
from mysqlcompat.errors import SqlError, translate
from mysqlcompat.lane.lane import Slots
from mysqlcompat.lane.lending import Served, Terms
from mysqlcompat.long_texts import LONG_CHARACTERS, read_ahead
from mysqlcompat.machine import run
from mysqlcompat.machine.program import Program
from mysqlcompat.message_text import kept
from mysqlcompat.results import (
    ColumnDef,
    Ok,
    Parameter,
    PreparedInfo,
    Result,
    Rows,
)
from mysqlcompat.session_state import SessionState
from mysqlcompat.sql import statements
from mysqlcompat.sql.router import route
from mysqlcompat.sql.token_stream import Note
from mysqlcompat.sql.tokens import StatementError, split_statements, syntax_error
from mysqlcompat.statement_rows import StatementRows
from mysqlcompat.temporary_tables import is_temporary

_STRICT: Final = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES")


class Session(SessionState):
    """State and behaviour of one connection."""

    # What the wire asks: `wire.sessions.Session`

    async def query(
        self, sql: bytes, multi: bool, attributes: Sequence[Parameter] = ()
    ) -> AsyncIterator[Result]:
        """Run the statements of `sql`, one result each."""
        sql = self.readable(sql)
        given = bulk.read(self, sql) if len(sql) >= bulk.LEAST_BYTES else None
        if given is not None:
            try:
                if await self._resolves(given):
                    yield await self.run_planned(given.program, sql, given)
                    return
            finally:
                given.close()
        program = self.plans.find(sql)
        if program is not None:
            yield await self.run_planned(program, sql)
            return
        text = self.decode(sql)
        self.ahead = await read_ahead(text, self.sql_mode)
        tokens = self.tokenize(text)
        ranges = split_statements(text, tokens)
        if not ranges:
            raise await self._failed(SqlError(1065))
        if len(ranges) > 1 and not multi:
            raise await self._failed(syntax_error(text, ranges[1][0]))
        for number, (start, end) in enumerate(ranges):
            try:
                if len(ranges) > 1:
                    self.plans.read = None
                result = await self.run_text(text[start:end])
            except StatementError as error:  # its hint quotes what follows, too
                raise syntax_error(text, start + error.at, start) from error
            result.more = number + 1 < len(ranges)
            yield result

    async def prepare(self, sql: bytes) -> PreparedInfo:
        self._begin_command("Prepare", "")
        mark = self.diagnostics.mark()
        try:
            text = self.decode(self.readable(sql))
            self.ahead = await read_ahead(text, self.sql_mode)
            return prepared.prepare(self, text).info()
        except Exception as error:
            self.diagnostics.forget_before(mark)
            raise await self._failed(error) from error
        finally:
            self._end_command()

    async def execute(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> AsyncIterator[Result]:
        handle = statement.handle
        assert isinstance(handle, prepared.Prepared)
        yield await self.run_prepared(
            handle, prepared.from_wire(self, handle, parameters), binary=True
        )

    def close_statement(self, statement: PreparedInfo) -> None:
        handle = statement.handle
        assert isinstance(handle, prepared.Prepared)
        handle.close()

    async def init_db(self, database: bytes) -> None:
        self.use(self.decode(database))

    async def field_list(self, table: bytes, pattern: bytes) -> Sequence[ColumnDef]:
        return administer.field_list(self, self.decode(table), self.decode(pattern))

    async def statistics(self) -> str:
        return administer.statistics(self)

    async def kill(self, connection_id: int) -> None:
        administer.kill(self, connection_id, query_only=False)

    async def reset(self) -> None:
        await self.end()
        self.temporary.close()
        table_locks.unlock(self)
        self.reset_state()

    async def end(self) -> None:
        await self.transaction.roll_back(self)
        if self.temporary:  # dropping them is log, too
            await self.node.gate.room_for_commit()

    def close(self) -> None:
        self.close_named_statements()
        table_locks.unlock(self)
        self.transaction.close()
        self.temporary.close()
        self.node.processlist.remove(self)
        received, sent = self.client.traffic()
        self.node.counters.bytes_received += received
        self.node.counters.bytes_sent += sent

    # Statements

    def route(self, text: str, notes: list[Note]) -> statements.Statement:
        """The statement in `text`; what its parser warns of is appended to `notes`."""
        return route(text, self.tokenize(text), notes)

    async def run_text(self, text: str) -> Result:
        """One statement of the text protocol."""
        self._begin_command("Query", text)
        try:
            notes: list[Note] = []
            try:
                statement = self.route(text, notes)
            except Exception:
                self.diagnostics.clear()
                raise
            self.parser_notes = notes
            result = await self._run(statement, text, (), False)
        except (Exception, asyncio.CancelledError) as error:
            raise await self._failed(error) from error
        return self._begun(result)

    async def run_prepared(
        self, handle: prepared.Prepared, values: Sequence[Any], binary: bool
    ) -> Result:
        self._begin_command("Execute", handle.text)
        try:
            result = await self.run_handle(handle, values, binary)
        except (Exception, asyncio.CancelledError) as error:
            raise await self._failed(error) from error
        return self._begun(result)

    def _begun(self, result: Result) -> Result:
        """The command is over, unless it goes on while its rows are read."""
        if not isinstance(result, Rows) or not isinstance(result.source, StatementRows):
            self._end_command()
        return result

    async def run_handle(
        self, handle: prepared.Prepared, values: Sequence[Any], binary: bool
    ) -> Result:
        """A prepared statement within the running command, in the database it was prepared in."""
        current, self.database = self.database, handle.database
        try:
            return await self._run(handle.statement, handle.text, values, binary, handle)
        finally:
            dropped = self.database is None and current == handle.database
            self.database = None if dropped else current

    async def _run(
        self,
        statement: statements.Statement,
        text: str,
        values: Sequence[Any],
        binary: bool,
        handle: prepared.Prepared | None = None,
    ) -> Result:
        self.node.counters.questions += 1
        if isinstance(statement, statements.Plain):
            self.node.counters.count(statement.keyword)
            self.diagnostics.clear()
            return await self._run_plain(statement, text, values, binary, handle)
        if (
            not isinstance(statement, statements.Show)
            or statement.what not in administer.DIAGNOSTIC
        ):
            self.diagnostics.clear()
        for errno, message in self.parser_notes:
            self.warn(errno, message)
        result = await administer.run(self, statement, binary)
        if handle is None:
            self.plans.keep_transaction(statement)
        if isinstance(result, Ok):
            self.row_count = result.affected
            result.warnings = result.warnings or self.diagnostics.warning_count
        else:
            self.row_count = -1
        return result

    async def _run_plain(
        self,
        statement: statements.Plain,
        text: str,
        values: Sequence[Any],
        binary: bool,
        handle: prepared.Prepared | None,
    ) -> Result:
        """DML or SELECT: compile (or take the compiled one), run, commit if it stands alone."""
        writes = statement.keyword in ("insert", "replace", "update", "delete")
        self.strict = writes and not self.sql_mode.isdisjoint(_STRICT)
        if writes and not self.temporary:
            self.transaction.check_write()
        if handle is None:
            program = await self._compiled(text)
            while self._is_guarded and await table_locks.admit(self, program):
                program = await self._compiled(text)
            if (
                self.diagnostics.warning_count
            ):  # of the text itself: said again when it is run again
                self.plans.read = None
            else:
                self.plans.keep(program, text)
        else:
            program = handle.current_program(self)
            while self._is_guarded and await table_locks.admit(self, program):
                program = handle.current_program(self)
            values = handle.given(self, values)
            program = handle.program_for(self, values)
            values = handle.convert(self, program, values)
        if writes and not is_temporary(program.written):
            self.transaction.check_write()
        return await self._run_program(program, values, binary, None)

    async def _compiled(self, text: str) -> Program:
        if len(text) >= LONG_CHARACTERS:
            return await compiler.compile_in_turns(text, self)
        return compiler.compile_statement(text, self)

    @property
    def _is_guarded(self) -> bool:
        """Whether a statement must ask before it uses a table."""
        transaction = self.transaction
        return transaction.locked is not None or self.node.processlist.locks.closed_to_writes > 0

    async def _resolves(self, given: bulk.GivenRows) -> bool:
        """Whether all expressions among these rows are good; the long way says what is wrong."""
        self._begin_command("Query", given.text.decode("utf-8", "replace"))
        self.strict = not self.sql_mode.isdisjoint(_STRICT)
        try:
            return await given.resolve(self)
        except (Exception, asyncio.CancelledError) as error:
            raise await self._failed(error) from error
        finally:
            self._end_command()

    async def run_planned(
        self, program: Program, sql: bytes, given: bulk.GivenRows | None = None
    ) -> Result:
        """One statement of the text protocol whose program is known."""
        self._begin_command("Query", sql.decode("utf-8", "replace"))
        try:
            kind = program.statement_kind
            self.node.counters.questions += 1
            self.node.counters.count(kind)
            self.diagnostics.clear()
            writes = program.kind != "read"
            self.strict = writes and not self.sql_mode.isdisjoint(_STRICT)
            if writes and not is_temporary(program.written):
                self.transaction.check_write()
            if self._is_guarded and await table_locks.admit(self, program):
                self._end_command()
                return await self.run_text(self.decode(sql))
            literals = self.plans.literals() if given is None else None
            result = await self._run_program(program, (), False, literals, given)
        except (Exception, asyncio.CancelledError) as error:
            raise await self._failed(error) from error
        return self._begun(result)

    async def _run_program(
        self,
        program: Program,
        values: Sequence[Any],
        binary: bool,
        literals: Sequence[Any] | None,
        given: bulk.GivenRows | None = None,
    ) -> Result:
        """Run, and commit if the statement stands alone."""
        is_insert = program.statement_kind == "insert"
        one_row = program.one_row if given is None else given.rows == 1
        self.null_fails, self.told = self.strict or one_row, set() if is_insert else None
        if program.looks is not None:
            program = compiler.suited(program, self, values, literals)
        transaction = self.transaction
        uses_tables = bool(program.tables)
        if program.kind != "read" and not is_temporary(program.written):
            await self.node.gate.admitted(self)
        if program.locking:
            transaction.check_locking(program.tables)
        if uses_tables:
            transaction.enter_statement(program.tables, program.written, program.locking)
        limit_ms = program.max_execution_ms or self.max_execution_ms
        if limit_ms and program.kind == "read":
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(limit_ms / 1000, self.cancel, "timeout")
        try:
            result = await run.execute(program, self, values, binary, literals, given)
        finally:
            transaction.leave_statement()
        if isinstance(result, Rows):
            result.source = StatementRows(self, result, uses_tables)
            self.row_count = -1
            return result
        if uses_tables and transaction.single:
            await transaction.commit()
        self.row_count = result.affected
        if result.generated_id:
            self.last_insert_id = result.generated_id
            self.forget_insert_id()
        result.warnings = self.diagnostics.warning_count
        return result

    def lane_terms(self) -> Terms | None:
        return self.plans.lane_terms()

    def lane_served(self, served: Served) -> None:
        self.plans.lane_served(served)

    def lane_program(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> tuple[int, int, bytes, bytes, int, Slots] | None:
        handle = statement.handle
        assert isinstance(handle, prepared.Prepared)
        return self.plans.lane_program(handle, parameters)

    def finish_rows(self, uses_tables: bool, rows: int) -> None:
        """The last row of a SELECT has been read, or the rest is not wanted."""
        self.found_rows = rows
        self._end_command()
        if uses_tables and self.transaction.single:
            self.transaction.commit_early()  # nothing was written: nothing to wait for

    def _begin_command(self, command: str, text: str) -> None:
        self.command, self.text = command, text
        self.since_us = time.time_ns() // 1000
        fixed = self.variables.get("timestamp")
        self.now_us = int(float(fixed) * 1e6) if fixed else self.since_us
        self.effects.seeded.clear()
        self.strict = False
        self.null_fails = True
        self.asked_insert_id = 0
        self.effects.clear()
        self.parser_notes = []
        self._task = asyncio.current_task()

    def _end_command(self) -> None:
        took_s = (time.time_ns() // 1000 - self.since_us) / 1e6
        most_s = float(self.variables.get("long_query_time") or 0)
        if self.command != "Sleep" and took_s > most_s:
            self.node.counters.slow_queries += 1
        self.command, self.text, self._task, self.ahead = "Sleep", "", None, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.since_us = time.time_ns() // 1000

    async def fail_rows(self, error: BaseException) -> BaseException:
        """A SELECT broke off half-way."""
        return await self._failed(error)

    async def _failed(self, error: BaseException) -> BaseException:
        """The command is over: undo what must be undone and give the error the client sees."""
        try:
            return await self._undone(error)
        finally:
            self._end_command()

    async def _undone(self, error: BaseException) -> BaseException:
        if isinstance(error, asyncio.CancelledError):
            if self._is_leaving:
                await self.transaction.roll_back(self)
                return error  # the client has gone, or is not to hear anything more
            error = self._interrupted()
        assert isinstance(error, Exception)
        seen = translate(error)
        if seen.errno == 1213 or (self.transaction.active and self.transaction.single):
            try:
                await self.transaction.roll_back(self)
            except asyncio.CancelledError as broken_off:
                if self._is_leaving:
                    return broken_off
                self._interrupted()  # what was to be broken off has failed already
        for level, errno, message in seen.listed or (seen.condition(),):
            self.diagnostics.add(level, errno, kept(message))
        self.row_count = -1
        return seen

    @property
    def _is_leaving(self) -> bool:
        """Whether a cancellation is the end of the connection, not of a statement."""
        return self.kill_requested in ("", "connection")

    def _interrupted(self) -> SqlError:
        """A cancellation becomes the error of the statement it was for."""
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        kind, self.kill_requested = self.kill_requested, ""
        return SqlError(3024 if kind == "timeout" else 1317)

    def cancel(self, what: str) -> None:
        """KILL, or "timeout": break the running statement off; "connection" also the connection."""
        if self._task is not None:
            self.kill_requested = what
            self._task.cancel()
        if what == "connection":
            self.client.disconnect()
