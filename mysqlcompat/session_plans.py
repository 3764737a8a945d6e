"""A session before plan cache and lane: what its texts mean, and when Python is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from btree.txn_layout import ISOLATION_SERIALIZABLE
from mysqlcompat.lane.installing import install_text, install_transaction, prepared_slots
from mysqlcompat.lane.lane import Slots
from mysqlcompat.lane.lane_layout import (
    MODE_ANSI_QUOTES,
    MODE_NO_BACKSLASH_ESCAPES,
    SERVES_BEGIN,
    SERVES_COMMIT,
    SERVES_ROLLBACK,
    SERVES_ROWS,
    UNKNOWN_TABLES,
)
from mysqlcompat.lane.lending import Served, Terms
from mysqlcompat.machine.program import Program
from mysqlcompat.metadata_locks import Mode
from mysqlcompat.plan_cache import Fingerprint
from mysqlcompat.results import Parameter
from mysqlcompat.sql.statements import Begin, Commit, Rollback, Statement
from mysqlcompat.transaction import ISOLATION

if TYPE_CHECKING:
    from mysqlcompat.prepared import Prepared
    from mysqlcompat.session_state import SessionState

#: Settings besides database and sql_mode that decide what a text means, or how its rows look.
_MEANING: Final = (
    "collation_connection",
    "character_set_results",
    "time_zone",
    "div_precision_increment",
    "group_concat_max_len",
    "block_encryption_mode",
    "default_week_format",
    "lc_time_names",
)
_CLIENT_OPTIONAL_METADATA: Final = 1 << 25


def transaction_kind(statement: Statement) -> int:
    """How the lane serves a transaction statement; 0: not at all."""
    match statement:
        case Begin(read_only=None, snapshot=False):
            return SERVES_BEGIN
        case Commit(chain=False, release=False):
            return SERVES_COMMIT
        case Rollback(chain=False, release=False, savepoint=None):
            return SERVES_ROLLBACK
    return 0


class SessionPlans:
    """Plans of one session's statements."""

    def __init__(self, session: SessionState) -> None:
        self._session = session
        self._cache = session.node.plans
        self._is_utf8 = True
        self._transcodes = False  #: rows must be put into another character set
        self._mode = 0
        self._context = 0
        self.read: Fingerprint | None = None  #: the running text, if its plan may be kept

    def settings_changed(self) -> None:
        """Variables or the current database are others now."""
        session = self._session
        self._is_utf8 = session.variables.get("character_set_client") in ("utf8mb4", "utf8mb3")
        self._transcodes = bool(session.results_codec)
        self._mode = MODE_ANSI_QUOTES if "ANSI_QUOTES" in session.sql_mode else 0
        if "NO_BACKSLASH_ESCAPES" in session.sql_mode:
            self._mode |= MODE_NO_BACKSLASH_ESCAPES
        self._context = 0

    @property
    def mode(self) -> int | None:
        """How the fingerprint kernels read this session's texts; None: not at all."""
        return self._mode if self._is_utf8 else None

    @property
    def context(self) -> int:
        """Number of everything that decides what a text means to this session."""
        if self._context == 0:
            session = self._session
            settings = tuple(session.variables.get(name) for name in _MEANING)
            key = session.database, session.sql_mode, settings
            own = bool(session.temporary)  # names mean what they mean to nobody else
            self._context = self._cache.new_context() if own else self._cache.context(key)
        return self._context

    # The text protocol

    def find(self, sql: bytes) -> Program | None:
        """The program of a text that was run before; `read` is set for `literals` and `keep`."""
        self.read = self.fingerprint(sql)
        if self.read is None:
            return None
        version = self._session.node.engine.catalog.version
        program = self._cache.find(self.read, self.context, version)
        if program is not None:
            self._offer(self.read, program)
        return program

    def _offer(self, read: Fingerprint, program: Program) -> None:
        """The lane gets a program if it may have it, and has it not."""
        lane = self._session.node.lane
        if lane is None:
            return
        pinned = self._cache.pinned_for_lane(read, self.context)
        if pinned is not None:
            install_text(lane, read, pinned, program, self._session)

    def literals(self) -> list[Any] | None:
        """Values of the literals of the text just read."""
        read = self.read
        assert read is not None
        numbers = range(len(read.literals))
        return [read.value(number, self.unquote) for number in numbers] or None

    def fingerprint(self, source: bytes) -> Fingerprint | None:
        """A piece of a text, or a whole one, as the kernel reads it."""
        return self._cache.read(source, self._mode) if self._is_utf8 else None

    def unquote(self, source: bytes) -> str:
        return str(self._session.tokenize(source.decode("utf-8", "replace"))[0].value)

    def keep(self, program: Program, text: str) -> None:
        """Keep the program compiled from the text just read; the lane gets it if it may."""
        read, self.read = self.read, None
        if read is None or program.version != self._cache.version:
            return
        if self._cache.add(read, self.context, program, text) is not None:
            self._offer(read, program)

    def keep_transaction(self, statement: Statement) -> None:
        """The lane serves the text just read from now on, if it is BEGIN or the like."""
        read, self.read = self.read, None
        kind, lane = transaction_kind(statement), self._session.node.lane
        if read is None or not kind or lane is None:
            return
        if self._cache.has_left_lane_as(read, self.context):
            install_transaction(lane, read, self.context, kind)

    # The lane

    def lane_terms(self) -> Terms | None:
        """How the lane may serve this session while it waits; None: not now."""
        session = self._session
        transaction = session.transaction
        if (
            not self._is_utf8
            or self._transcodes
            or transaction.next_isolation
            or session.kill_requested
        ):
            return None
        if session.client.capabilities & _CLIENT_OPTIONAL_METADATA:
            return None
        locks = session.node.processlist.locks
        if transaction.locked is not None or locks.closed:
            return None
        if not transaction.active:
            transaction.current_isolation = transaction.isolation
        if transaction.single and not transaction.active:
            level = ISOLATION[transaction.isolation]
            session.node.engine.begin(session.ctx, level, single=True)
        elif not transaction.explicit:
            return None
        refused = session.node.read_only or transaction.is_read_only
        refused = refused or session.auto_increment is not None
        writes = not (refused or locks.closed_to_writes)
        return Terms(self.context, self._mode, session.ctx, writes, self._level())

    def _level(self) -> int:
        """Isolation of the transactions that the lane may begin and end; -1: none."""
        session = self._session
        transaction = session.transaction
        level = ISOLATION[transaction.isolation]
        plain = level != ISOLATION_SERIALIZABLE and not transaction.is_read_only
        plain = plain and transaction.next_read_only is None
        plain = plain and not transaction.session_read_only
        plain = plain and session.variables.get("completion_type") == "NO_CHAIN"
        return level if plain else -1

    def lane_served(self, served: Served) -> None:
        """The lane has run statements of this session."""
        session, counters = self._session, self._session.node.counters
        transaction = session.transaction
        if served.commits or served.rollbacks:
            transaction.ended_outside()
        if served.is_open and not transaction.explicit:
            transaction.begun_outside(served.begun_ns)
        owner = transaction.owner
        for table in served.tables if transaction.explicit else ():
            if table == UNKNOWN_TABLES:
                owner.unknown = Mode.SHARED_WRITE
            else:
                owner.note(table >> 1, Mode.SHARED_WRITE if table & 1 else Mode.SHARED_READ)
        session.diagnostics.clear()
        session.row_count = -1 if served.kind == SERVES_ROWS else served.affected
        if served.selects:
            session.found_rows = served.rows
        if served.insert_id:
            session.last_insert_id = served.insert_id
        for keyword in ("select", "insert", "update", "delete", "begin", "commit", "rollback"):
            times = getattr(served, f"{keyword}s")
            if times:
                counters.questions += times
                counters.count(keyword, times)

    def lane_program(
        self, handle: Prepared, parameters: Sequence[Parameter]
    ) -> tuple[int, int, bytes, bytes, int, Slots] | None:
        """Context and what `prepared_slots` gives, if the lane may run the statement."""
        program = handle.program
        if not self._is_utf8 or self._transcodes:
            return None
        kind = transaction_kind(handle.statement)
        if kind:
            return (self.context, 0, b"", b"", 0, Slots(kind))
        if program is None or handle.questions:
            return None
        if not (program.lane_write or handle.is_as_prepared):
            return None  # its columns are other ones for these values
        if handle.place != handle.place_now(self._session):
            return None  # data definition has come in between
        made = prepared_slots(program, parameters, self._session)
        return None if made is None else (self.context, *made)
