"""One client's session: its state, and the way of a statement from text to results.

A statement's way: decode → plan cache or `router.route` → (`Plain`: `compiler.compile_statement` →
`machine.run.execute`; anything else: a handler of `administer.HANDLERS`) → commit, when it is a
transaction of its own → wait until the commit is durable → `Ok`, or `Rows` whose source ends the
statement when the last row has been read.

The session is also what functions may ask (`functions.table.Context`) and what the wire drives
(`wire.sessions.Session`).

I1  An error rolls back its statement; 1213 and a failed autocommit statement the whole transaction.
I2  Nothing is acknowledged before it is durable.
I3  DDL commits before and after itself.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from mysqlcompat import administer, compiler, prepared
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.diagnostics import Diagnostics
from mysqlcompat.errors import SqlError, translate
from mysqlcompat.lane.lending import Terms
from mysqlcompat.machine import run
from mysqlcompat.machine.program import Program
from mysqlcompat.node_api import Node
from mysqlcompat.results import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_READ_ONLY_TRANSACTION,
    STATUS_IN_TRANSACTION,
    STATUS_NO_BACKSLASH_ESCAPES,
    TRACK_SCHEMA,
    TRACK_SYSTEM_VARIABLE,
    ColumnDef,
    Ok,
    Parameter,
    PreparedInfo,
    Result,
    Rows,
    StateChange,
)
from mysqlcompat.session_plans import SessionPlans
from mysqlcompat.sql import statements
from mysqlcompat.sql.router import route
from mysqlcompat.sql.token_stream import Note
from mysqlcompat.sql.tokens import StatementError, split_statements, syntax_error, tokenize
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.statement_rows import StatementRows
from mysqlcompat.transaction import Transaction
from mysqlcompat.variables import ALIASES, VARIABLES, Value, find
from mysqlcompat.wire import charsets
from mysqlcompat.wire.sessions import Client

CLIENT_INTERACTIVE: Final = 1 << 10
CLIENT_FOUND_ROWS: Final = 1 << 1
_STRICT: Final = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES")
_DIAGNOSTIC: Final = ("warnings", "errors", "count_warnings", "count_errors")


class Session:
    """State and behaviour of one connection."""

    def __init__(self, node: Node, client: Client) -> None:
        self.node = node
        self.client = client
        self.connection_id = client.connection_id
        self.transaction = Transaction(node)
        self.diagnostics = Diagnostics()
        self.variables = node.globals.new_session()
        self.user_variables: dict[str, tuple[Any, SqlType | None]] = {}
        self.named_statements: dict[str, prepared.Prepared] = {}
        self.database: str | None = None
        self.plans = SessionPlans(self)
        self.user = f"{client.user}@{client.host}"
        self.account = f"{client.account.user}@{client.account.host}"
        self.strict = False  #: the running statement changes data, in strict mode
        self.row = 1  #: the row it stands at, for messages
        self.last_insert_id = 0
        self.row_count = -1
        self.found_rows = 0
        self.now_us = time.time_ns() // 1000
        self.parser_notes: list[Note] = []  #: deprecations in the running statement's text
        self.text = ""  #: the running statement, for the process list
        self.command = "Sleep"
        self.since_us = self.now_us
        self.kill_requested = ""  #: "query" or "connection"
        self._task: asyncio.Task[Any] | None = None
        self._changes: list[StateChange] = []
        self._random = random.Random()
        self._reset_state()

    def _reset_state(self) -> None:
        """What login and COM_RESET_CONNECTION have in common."""
        self.variables.reset()
        self.user_variables.clear()
        self.named_statements.clear()
        self.diagnostics.clear()
        self.last_insert_id = self.found_rows = 0
        self.row_count = -1
        collation = charsets.collation_of_login(self.client.collation)
        for name in ("client", "connection", "results"):
            self.variables.put(f"character_set_{name}", collation.charset.name)
        self.variables.put("collation_connection", collation.name)
        self.variables.put("pseudo_thread_id", self.connection_id)
        if self.client.capabilities & CLIENT_INTERACTIVE:
            self.variables.put("wait_timeout", self.variables.get("interactive_timeout"))
        self.variables_changed()

    def variables_changed(self) -> None:
        """Derive what is asked for often from the variables."""
        variables = self.variables
        self.sql_mode = frozenset(filter(None, str(variables.get("sql_mode")).split(",")))
        self.time_zone = str(variables.get("time_zone"))
        self.collation = str(variables.get("collation_connection"))
        client = charsets.CHARACTER_SETS[str(variables.get("character_set_client"))]
        self._codec = client.codec or "utf-8"
        self.plans.settings_changed()
        self.transaction.autocommit = bool(variables.get("autocommit"))
        self.transaction.isolation = str(variables.get("transaction_isolation"))
        self.transaction.session_read_only = bool(variables.get("transaction_read_only"))
        limit = variables.get("max_error_count")
        assert isinstance(limit, int)
        self.diagnostics.limit = limit

    # What functions ask: `functions.table.Context`

    @property
    def ctx(self) -> int:
        """Offset of the engine's transaction context."""
        return self.transaction.ctx

    @property
    def found_rows_capability(self) -> bool:
        """UPDATE counts matched rows instead of changed ones (CLIENT_FOUND_ROWS)."""
        return bool(self.client.capabilities & CLIENT_FOUND_ROWS)

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if level != "Note" or self.variables.get("sql_notes"):
            self.diagnostics.add(level, errno, message)

    def user_variable(self, name: str) -> tuple[Any, SqlType | None]:
        return self.user_variables.get(name.lower(), (None, None))

    def set_user_variable(self, name: str, value: Any, sql_type: SqlType | None) -> None:
        self.user_variables[name.lower()] = (value, sql_type)

    def system_variable(self, name: str, scope: str = "") -> Value:
        """@@name, @@session.name, @@global.name."""
        variable = VARIABLES.get(name.lower()) or find(ALIASES.get(name.lower(), name))
        if scope == "global":
            if variable.scope == "session":
                raise SqlError(1238, variable.name, "SESSION")
            value = self.node.globals.get(variable.name)
        else:
            if scope and variable.scope == "global":
                raise SqlError(1238, variable.name, "GLOBAL")
            value = self.live_value(variable.name)
        return value

    def live_value(self, name: str) -> Value:
        """The session's value; some follow the session's state instead of being stored."""
        if name == "warning_count":
            return self.diagnostics.warning_count
        if name == "error_count":
            return self.diagnostics.error_count
        if name in ("last_insert_id", "identity"):
            return self.last_insert_id
        if name == "timestamp" and not self.variables.get(name):
            return self.now_us / 1e6
        if name in ("character_set_database", "collation_database") and self.database:
            charset, collation = CatalogView(self).database_collation(self.database)
            return charset if name.startswith("character") else collation
        return self.variables.get(name)

    def random(self) -> float:
        return self._random.random()

    # What the wire asks: `wire.sessions.Session`

    @property
    def status(self) -> int:
        flags = STATUS_AUTOCOMMIT if self.transaction.autocommit else 0
        if self.transaction.in_transaction:
            flags |= STATUS_IN_TRANSACTION
            if self.transaction.read_only:
                flags |= STATUS_IN_READ_ONLY_TRANSACTION
        if "NO_BACKSLASH_ESCAPES" in self.sql_mode:
            flags |= STATUS_NO_BACKSLASH_ESCAPES
        return flags

    @property
    def results_collation(self) -> int:
        name = self.variables.get("character_set_results")
        return 0 if name is None else charsets.default_collation(str(name)).id

    @property
    def wait_timeout(self) -> float:
        return float(self.variables.get("wait_timeout") or 1)

    @property
    def max_allowed_packet(self) -> int:
        return int(self.variables.get("max_allowed_packet") or 0)

    async def query(
        self, sql: bytes, multi: bool, attributes: Sequence[Parameter] = ()
    ) -> AsyncIterator[Result]:
        """Run the statements of `sql`, one result each."""
        program = self.plans.find(sql)
        if program is not None:
            yield await self.run_planned(program, sql)
            return
        text = self.decode(sql)
        tokens = self.tokenize(text)
        ranges = split_statements(text, tokens)
        if not ranges:
            raise self._failed(SqlError(1065))
        if len(ranges) > 1 and not multi:
            raise self._failed(syntax_error(text, ranges[1][0]))
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
        try:
            return prepared.prepare(self, self.decode(sql)).info()
        except Exception as error:
            raise self._failed(error) from error
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
        self.transaction.rollback()
        self._reset_state()

    def take_changes(self) -> Sequence[StateChange]:
        changes, self._changes = self._changes, []
        return changes

    def close(self) -> None:
        self.transaction.close()
        self.node.processlist.remove(self)

    # Statements

    def decode(self, text: bytes) -> str:
        """Text in the client's character set; broken sequences become U+FFFD, as MySQL warns of."""
        return text.decode(self._codec, "replace")

    def tokenize(self, text: str) -> list[Any]:
        return tokenize(
            text,
            ansi_quotes="ANSI_QUOTES" in self.sql_mode,
            backslash_escapes="NO_BACKSLASH_ESCAPES" not in self.sql_mode,
        )

    def route(self, text: str, notes: list[Note]) -> statements.Statement:
        """The statement in `text`; what its parser warns of is appended to `notes`."""
        return route(text, self.tokenize(text), notes)

    async def run_text(self, text: str) -> Result:
        """One statement of the text protocol."""
        self._begin_command("Query", text)
        try:
            notes: list[Note] = []
            statement = self.route(text, notes)
            self.parser_notes = notes
            result = await self._run(statement, text, (), False)
        except (Exception, asyncio.CancelledError) as error:
            self._end_command()
            raise self._failed(error) from error
        return self._begun(result)

    async def run_prepared(
        self, handle: prepared.Prepared, values: Sequence[Any], binary: bool
    ) -> Result:
        self._begin_command("Execute", handle.text)
        try:
            result = await self._run(handle.statement, handle.text, values, binary, handle)
        except (Exception, asyncio.CancelledError) as error:
            self._end_command()
            raise self._failed(error) from error
        return self._begun(result)

    def _begun(self, result: Result) -> Result:
        """The command is over, unless it goes on while its rows are read."""
        if not isinstance(result, Rows) or not isinstance(result.source, StatementRows):
            self._end_command()
        return result

    async def run_handle(
        self, handle: prepared.Prepared, values: Sequence[Any], binary: bool
    ) -> Result:
        """EXECUTE: a prepared statement within the running one."""
        return await self._run(handle.statement, handle.text, values, binary, handle)

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
        if not isinstance(statement, statements.Show) or statement.what not in _DIAGNOSTIC:
            self.diagnostics.clear()
        for errno, message in self.parser_notes:
            self.warn(errno, message)
        result = await administer.run(self, statement, binary)
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
        if writes:
            self.transaction.check_write()
        if handle is None:
            program = compiler.compile_statement(text, self)
            self.plans.keep(program, text)
        else:
            program = handle.current_program(self)
            values = handle.convert(self, values)
        return await self._run_program(program, values, binary, None)

    async def run_planned(self, program: Program, sql: bytes) -> Result:
        """One statement of the text protocol whose program is known."""
        self._begin_command("Query", sql.decode("utf-8", "replace"))
        try:
            kind = program.statement_kind
            self.node.counters.questions += 1
            self.node.counters.count(kind)
            self.diagnostics.clear()
            writes = program.kind != "read"
            self.strict = writes and not self.sql_mode.isdisjoint(_STRICT)
            if writes:
                self.transaction.check_write()
            result = await self._run_program(program, (), False, self.plans.literals())
        except (Exception, asyncio.CancelledError) as error:
            self._end_command()
            raise self._failed(error) from error
        return self._begun(result)

    async def _run_program(
        self,
        program: Program,
        values: Sequence[Any],
        binary: bool,
        literals: Sequence[Any] | None,
    ) -> Result:
        """Run, and commit if the statement stands alone."""
        transaction = self.transaction
        uses_tables = bool(program.tables)
        if uses_tables:
            transaction.enter_statement(program.tables)
        result = await run.execute(program, self, values, binary, literals)
        if isinstance(result, Rows):
            result.source = StatementRows(self, result, uses_tables)
            self.row_count = -1
            return result
        if uses_tables and transaction.single:
            await transaction.commit()
        self.row_count = result.affected
        if result.insert_id:
            self.last_insert_id = result.insert_id
        result.warnings = self.diagnostics.warning_count
        return result

    def lane_terms(self) -> Terms | None:
        return self.plans.lane_terms()

    def lane_served(self, count: int, rows: int) -> None:
        self.plans.lane_served(count, rows)

    def lane_program(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> tuple[int, bytes, bytes, int] | None:
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
        self.strict = False
        self.parser_notes = []
        self._task = asyncio.current_task()

    def _end_command(self) -> None:
        self.command, self.text, self._task = "Sleep", "", None
        self.since_us = time.time_ns() // 1000

    def fail_rows(self, error: BaseException) -> BaseException:
        """A SELECT broke off half-way."""
        self._end_command()
        return self._failed(error)

    def _failed(self, error: BaseException) -> BaseException:
        """Undo what must be undone and give the error the client sees."""
        if isinstance(error, asyncio.CancelledError):
            if not self.kill_requested:
                self.transaction.rollback()
                return error  # the client has gone: the wire cancelled
            self.kill_requested = ""
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            error = SqlError(1317)
        assert isinstance(error, Exception)
        seen = translate(error)
        if seen.errno == 1213 or (self.transaction.active and self.transaction.single):
            self.transaction.rollback()
        self.diagnostics.add("Error", seen.errno, seen.message)
        self.row_count = -1
        return seen

    def cancel(self, what: str) -> None:
        """KILL: break the running statement off; "connection" also the connection."""
        if self._task is not None:
            self.kill_requested = what
            self._task.cancel()
        if what == "connection":
            self.client.disconnect()

    # Changes of state which several statements make

    def use(self, database: str) -> None:
        """Make `database` the current one; ERROR 1049 when there is none."""
        self.database = CatalogView(self).database_name(database)
        self.plans.settings_changed()
        if self.variables.get("session_track_schema"):
            self._changes.append(StateChange(TRACK_SCHEMA, "", self.database))

    def forget_database(self) -> None:
        """The current database has been dropped."""
        self.database = None
        self.plans.settings_changed()
        if self.variables.get("session_track_schema"):
            self._changes.append(StateChange(TRACK_SCHEMA, "", ""))

    def track(self, name: str, value: str) -> None:
        """Note a changed system variable for session tracking."""
        tracked = str(self.variables.get("session_track_system_variables"))
        if tracked == "*" or name in tracked.split(","):
            self._changes.append(StateChange(TRACK_SYSTEM_VARIABLE, name, value))
