"""What a session is: settings, variables, diagnostics, current database, traces of statements.

Functions see it as `functions.table.Context`, the wire reads flags and limits from it. What a
session *does* is in `session.py`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from btree.layout import RUN_MASK
from btree.schema import Table
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.diagnostics import Diagnostics
from mysqlcompat.errors import SORTS_NO_MEMBERS, STRICT, SqlError
from mysqlcompat.functions.table import Effects
from mysqlcompat.long_texts import LongText, tokens_of
from mysqlcompat.metadata_locks import STAGES
from mysqlcompat.node_api import Node, sleep
from mysqlcompat.results import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_READ_ONLY_TRANSACTION,
    STATUS_IN_TRANSACTION,
    STATUS_NO_BACKSLASH_ESCAPES,
    TRACK_SCHEMA,
    TRACK_SYSTEM_VARIABLE,
    StateChange,
)
from mysqlcompat.session_plans import SessionPlans
from mysqlcompat.sql.parse import Parsed, parse_statement
from mysqlcompat.sql.token_stream import Note
from mysqlcompat.sql.tokens import Kind, StatementError, Token
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.stages import Stage
from mysqlcompat.temporary_tables import TemporaryTables
from mysqlcompat.transaction import Transaction
from mysqlcompat.user_locks import UserLocks
from mysqlcompat.variables import ALIASES, VARIABLES, Value, find
from mysqlcompat.wire import charsets
from mysqlcompat.wire.sessions import Client
from mysqlcompat.write_gate import NO_QUORUM, NO_ROOM

if TYPE_CHECKING:
    from mysqlcompat.prepared import Prepared

CLIENT_INTERACTIVE: Final = 1 << 10
CLIENT_FOUND_ROWS: Final = 1 << 1


#: What AUTO_INCREMENT values depend on: `auto_increment`.
_COUNTING: Final = ("auto_increment_increment", "auto_increment_offset", "insert_id")
#: Stages of statements by their first word.
_STAGES: Final = {"update": "updating", "delete": "updating", "insert": "update"}
#: Results in these go out as the kernels make them.
_AS_THEY_ARE: Final = ("utf8mb4", "utf8mb3", "binary")


class SessionState:
    """State of one connection, and what others ask of it."""

    def __init__(self, node: Node, client: Client) -> None:
        self.node = node
        self.client = client
        self.connection_id = client.connection_id
        self.transaction = Transaction(node, client.connection_id)
        self.diagnostics = Diagnostics()
        self.variables = node.globals.new_session()
        self.user_variables: dict[str, tuple[Any, SqlType | None]] = {}
        self.named_statements: dict[str, Prepared] = {}
        self.database: str | None = None
        self.plans = SessionPlans(self)
        self.user = f"{client.user}@{client.host}"
        self.account = f"{client.account.user}@{client.account.host}"
        self.strict = False  #: the running statement changes data, in strict mode
        self.null_fails = True
        self.told: set[str] | None = None
        self.row = 1  #: the row it stands at, for messages
        self.last_insert_id = 0
        self.row_count = -1
        self.found_rows = 0
        self.now_us = time.time_ns() // 1000
        self.parser_notes: list[Note] = []  #: deprecations in the running statement's text
        self.text = ""  #: the running statement, for the process list
        self.command = "Sleep"
        #: (database, name) -> tables that the running statement fills
        self.private_tables: dict[tuple[str, str], Table] = {}
        self.temporary = TemporaryTables(self)
        self.long_stage: Stage | None = None  #: of data definition
        self.own_stage = ""  #: what a wait that is not for a lock is called
        self.since_us = self.now_us
        self.effects = Effects()
        self.user_locks = UserLocks(node.processlist.locks, self.transaction.owner)
        self.kill_requested = ""  #: "query", "connection", or "timeout"
        self.max_execution_ms = 0  #: of a SELECT, 0: any
        #: Step, offset, next value (SET insert_id), 1: 0 stays 0. None: as usual
        self.auto_increment: tuple[int, ...] | None = None
        self.asked_insert_id = 0  #: what LAST_INSERT_ID(expression) said in this statement
        self._timer: asyncio.TimerHandle | None = None  #: ends the running SELECT
        self._task: asyncio.Task[Any] | None = None
        self.ahead: LongText | None = None  #: the running command's text, if it is long
        self._changes: list[StateChange] = []
        self._random = random.Random()
        self.reset_state()

    def reset_state(self) -> None:
        """What login and COM_RESET_CONNECTION have in common."""
        self.variables.reset()
        self.user_variables.clear()
        self.close_named_statements()
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

    def close_named_statements(self) -> None:
        """Forget what PREPARE has made."""
        for handle in self.named_statements.values():
            handle.close()
        self.named_statements.clear()

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
        checks = bool(variables.get("foreign_key_checks"))
        self.node.engine.foreign_keys.set_checks(self.transaction.ctx, checks)
        seconds, limit_ms = variables.get("lock_wait_timeout"), variables.get("max_execution_time")
        assert isinstance(seconds, int) and isinstance(limit_ms, int)
        self.max_execution_ms = limit_ms
        counting = tuple(int(variables.get(name) or 0) for name in _COUNTING)
        keep_zero = int("NO_AUTO_VALUE_ON_ZERO" in self.sql_mode)
        plain = counting == (1, 1, 0) and not keep_zero
        self.auto_increment = None if plain else (*counting, keep_zero)
        self.transaction.lock_wait_seconds = seconds
        limit = variables.get("max_error_count")
        assert isinstance(limit, int)
        self.diagnostics.limit = limit

    @property
    def stage(self) -> str:
        """What the process list says of a running command."""
        ticket = self.transaction.owner.waiting
        if ticket is not None:
            return STAGES[ticket.key.kind]
        is_committing = self.transaction.is_committing or self.command == "Sleep"
        if self.node.gate.closed and (is_committing or self.own_stage == NO_ROOM):
            return NO_QUORUM
        if is_committing:
            return "waiting for handler commit"
        if self.long_stage is not None and self.own_stage != NO_QUORUM:
            return self.long_stage.state  # that it waits for room now and then is part of it
        if self.own_stage in (NO_QUORUM, NO_ROOM):
            return self.own_stage
        return self.own_stage or _STAGES.get(self.text.lstrip()[:6].lower(), "executing")

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
        if self.strict and level == "Warning" and errno in STRICT:
            raise SqlError.with_text(errno, message)
        if message == SORTS_NO_MEMBERS and self.diagnostics.has(errno, message):
            return
        if level != "Note" or self.variables.get("sql_notes"):
            self.diagnostics.add(level, errno, message, self.row)

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

    def is_connected(self, connection_id: int) -> bool:
        return self.node.processlist.get(connection_id) is not None

    def random(self) -> float:
        return self._random.random()

    async def sleep(self, seconds: float, uses_tables: bool) -> int:
        """What SLEEP() waits for. KILL QUERY or max_execution_time ends it with 1 instead of 0 when
        the statement does nothing else; a statement over tables is interrupted like any other."""
        self.own_stage = "User sleep"
        try:
            await sleep(seconds)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if uses_tables or self.kill_requested in ("", "connection") or task is None:
                raise
            self.kill_requested = ""
            task.uncancel()
            return 1
        finally:
            self.own_stage = ""
        return 0

    # What the wire asks

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
    def results_codec(self) -> str:
        """Python's name of character_set_results; "" when rows go out as they are, in UTF-8."""
        name = self.variables.get("character_set_results")
        if name is None or str(name) in _AS_THEY_ARE:
            return ""
        return charsets.default_collation(str(name)).charset.codec

    @property
    def wait_timeout(self) -> float:
        return float(self.variables.get("wait_timeout") or 1)

    @property
    def max_allowed_packet(self) -> int:
        # No value is longer than a lane can say, whatever the setting.
        return min(int(self.variables.get("max_allowed_packet") or 0), RUN_MASK)

    def take_changes(self) -> Sequence[StateChange]:
        changes, self._changes = self._changes, []
        return changes

    def decode(self, text: bytes) -> str:
        """Text in the client's character set; broken sequences become U+FFFD, as MySQL warns of."""
        return text.decode(self._codec, "replace")

    def readable(self, sql: bytes) -> bytes:
        """A statement without broken sequences: strings that are no text are given in digits.

        Drivers send binary values as `_binary '…'`, and MySQL takes any string's bytes as they are.
        """
        if sql.isascii() or self._codec != "utf-8":
            return sql
        try:
            sql.decode()
        except UnicodeDecodeError:
            with suppress(StatementError):  # who parses says what is wrong
                return b"".join(_in_digits(sql, self.tokenize(sql.decode("latin-1"))))
        return sql

    def decode_value(self, data: bytes) -> str | bytes:
        """A string parameter; bytes that are no text stay bytes, for columns that take them."""
        try:
            return data.decode(self._codec)
        except UnicodeDecodeError:
            return data

    def tokenize(self, text: str) -> list[Token]:
        ahead = self.ahead
        if ahead is not None and ahead.is_for(text, self.sql_mode):
            tokens = ahead.tokens
        else:
            tokens = tokens_of(text, self.sql_mode)
        if "REAL_AS_FLOAT" not in self.sql_mode:
            return tokens
        return [
            replace(one, value="FLOAT4") if one.kind is Kind.WORD and one.value == "REAL" else one
            for one in tokens
        ]

    def parsed(self, text: str) -> Parsed:
        """The tree of a statement; it is taken once if it was made ahead."""
        ahead, self.ahead = self.ahead, None
        if ahead is None or ahead.parsed is None or not ahead.is_for(text, self.sql_mode):
            return parse_statement(text, self.sql_mode)
        if isinstance(ahead.parsed, Exception):
            raise ahead.parsed
        return ahead.parsed

    # Changes of state which several statements make

    def forget_insert_id(self) -> None:
        """SET insert_id is for one statement."""
        if self.auto_increment is not None and self.auto_increment[2]:
            self.variables.put("insert_id", 0)
            self.variables_changed()

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


def _in_digits(sql: bytes, tokens: list[Token]) -> Iterator[bytes]:
    """Pieces of a statement; tokens are of a text with a character for each byte."""
    done = 0
    for is_string, run in groupby(tokens, lambda token: token.kind is Kind.STRING):
        if not is_string:
            continue
        strings = list(run)  # strings that follow one another are one value
        data = "".join(str(token.value) for token in strings).encode("latin-1")
        try:
            data.decode()
        except UnicodeDecodeError:
            yield sql[done : strings[0].start] + b" x'" + data.hex().encode() + b"'"
            done = strings[-1].end
    yield sql[done:]
