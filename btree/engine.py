"""Engine: what a node does with its data, in one object.  The façade of this package.

Kernels do the work; Python here answers the codes they come back with, and keeps what is not per
row: contexts, the dictionary, lock waits, and the background (rollback of what a crash cut off,
purge, freeing of dropped trees). One thread owns an engine.

A *statement* is: `statement(ctx)`; row kernels, `settle` for what they return; then nothing, or
`rollback_statement(ctx)`. A *transaction* is statements and `commit` or `rollback`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from btree import (
    catalog_kernels,
    chain_kernels,
    collations,
    entry_kernels,
    purge_kernels,
    rollback_kernels,
    txn_kernels,
)
from btree.catalog import Catalog
from btree.check_rows import check_engine
from btree.element_kernels import ELEMENTS_BYTES
from btree.errors import TooManyLocks, TooManyTransactions
from btree.foreign_keys import ForeignKeys
from btree.layout import COUNTER_AT
from btree.lock_weights import LockWeights
from btree.locks import Locks
from btree.long_values import LongValues
from btree.outlines import TableOutline
from btree.pool import BufferPool
from btree.recovered import RecoveredTransactions
from btree.row_keys_kernels import KEYS_BYTES
from btree.schema import Table
from btree.state import (
    ST_ACTIVE_AT,
    ST_ACTIVE_COUNT,
    ST_ACTIVE_CTX_AT,
    ST_ACTIVE_ROOM,
    ST_ALLOCATED,
    ST_BUILD_AT,
    ST_CTX_HEAD,
    ST_ELEMENTS_AT,
    ST_KEYS_AT,
    ST_NEXT_TRX,
    ST_PURGE_TRX,
    ST_PURGE_UNDO,
    ST_TABLES_AT,
    ST_WANTED_TABLE,
)
from btree.statistics import Statistics
from btree.tree import Store
from btree.txn_layout import (
    CTX_BEGUN,
    CTX_BYTES,
    CTX_FLAGS,
    CTX_GAPS,
    CTX_ISOLATION,
    CTX_LOCKING_READS,
    CTX_LOCKS,
    CTX_NEXT,
    CTX_STATEMENT_UNDO,
    CTX_TRX,
    CTX_UNDO_LAST,
    CTX_VIEW_IDS,
    CTX_VIEW_LOW,
    CTX_VIEW_OPEN,
    CTX_VIEW_ROOM,
    CTX_WAITERS,
    ISOLATION_REPEATABLE_READ,
    ISOLATION_SERIALIZABLE,
    SYS_NEXT_TRX,
    SYS_UNDO_HEAD,
    TABLE_AUTOINC,
    TABLE_BYTES,
    TABLE_ROWS,
)
from redo.arena import Arena, Words
from redo.codes import (
    E_CASCADE_ROOM,
    E_LOCKS_FULL,
    E_LOG_FULL,
    E_NOT_LOADED,
    E_SPILL_FULL,
    E_TOO_MANY,
)
from redo.control import CTRL_PURGE_LOW, Control
from redo.log import LogWriter
from redo.state import FIRST_LSN, ST_DIRTY_LSN, ST_NEXT_LSN, ST_READ_ONLY
from redo.volume import Volume

TRANSACTIONS_MAX: Final = 4096  #: that change data at the same time
_BUILD_BYTES: Final = 2 << 20
_ROLLBACK_ROWS: Final = 256  #: undone between two looks at the clock of others
UNTOUCHED: Final = -1  #: a savepoint of a transaction that had done nothing yet
_PURGE_ROWS: Final = 128
_COUNTED_LEAVES: Final = 200
_CHAIN_PAGES: Final = 32  #: of a long value freed at once


class Engine:
    """Pages, rows and transactions of one node.

    arena, st   the node's memory and state words (`redo.log.new_state`)
    log         open for writing; None: this engine follows a stream
    volume      where pages come from
    pool_bytes  size of the buffer pool
    """

    def __init__(
        self, arena: Arena, st: Words, log: LogWriter | None, volume: Volume, pool_bytes: int
    ) -> None:
        self.arena = arena
        self.st = st
        self.log = log
        self.volume = volume
        self.first_lsn = int(st[ST_NEXT_LSN])  #: where this life's log began
        self.pool = BufferPool(arena, st, volume, pool_bytes)
        self.store = Store(arena, st, self.pool, log)
        collations.install(arena, st)
        st[ST_ACTIVE_AT] = arena.alloc(8 * TRANSACTIONS_MAX)
        st[ST_ACTIVE_CTX_AT] = arena.alloc(8 * TRANSACTIONS_MAX)
        st[ST_ACTIVE_ROOM] = TRANSACTIONS_MAX
        st[ST_KEYS_AT] = arena.alloc(KEYS_BYTES)
        st[ST_ELEMENTS_AT] = arena.alloc(ELEMENTS_BYTES)
        st[ST_BUILD_AT] = arena.alloc(_BUILD_BYTES)
        self.catalog = Catalog(self)
        self.locks = Locks(arena, st, LockWeights(self).of)
        self.foreign_keys = ForeignKeys(self)
        self.statistics = Statistics(self)
        self.recovered = RecoveredTransactions(self)
        self.long_values = LongValues(self)
        self._counted: dict[int, int] = {}

    # life

    def is_empty(self) -> bool:
        """Whether the volume has no pages yet: `create` it, or `open` it."""
        assert self.log is not None
        return self.log.next_lsn == FIRST_LSN

    def create(self) -> None:
        """Make the pages every volume has, durably; the engine is then open."""
        assert self.log is not None
        self.ensure(self.call(entry_kernels.volume_create))
        end = self.ensure(self.call(catalog_kernels.system_create))
        self.log.wait_durable(end)
        self.open()

    def open(self) -> None:
        """After recovery: read system page and dictionary. Rollback is for the background."""
        if not self.st[ST_READ_ONLY]:
            Control(self.arena).put(CTRL_PURGE_LOW, 0)
            self.st[ST_NEXT_TRX] = self.system_word(SYS_NEXT_TRX)
            self.st[ST_PURGE_UNDO] = self.system_word(SYS_UNDO_HEAD)
            self.ensure(self.call(purge_kernels.history_open))
            self.recovered.adopt()
        self.catalog.refresh()

    @property
    def log_end(self) -> int:
        """End of the last mini-transaction: what a statement waits for to be durable."""
        return int(self.st[ST_DIRTY_LSN])

    # calling kernels

    def settle(self, code: int) -> bool:
        """Do what a retryable code asks for (page, frame, log room, locks); whether to retry."""
        if code == E_LOCKS_FULL:
            self.locks.grow()
            return True
        if code == E_SPILL_FULL:
            self.pool.grow_spill()
            return True
        if code == E_NOT_LOADED:
            return self.catalog.table_of_id(int(self.st[ST_WANTED_TABLE])) is not None
        if code == E_CASCADE_ROOM:
            self.foreign_keys.grow_stack()
            return True
        return self.store.settle(code)

    def fetch(self) -> None:
        """Bring in the page that the last E_PAGE_MISS asked for."""
        self.pool.fetch()

    def call(self, kernel: Callable[..., Any], *args: int) -> int:
        """Call a kernel, settling and calling again until there is a result or a final code."""
        mem = self.arena.mem
        while True:
            code = int(kernel(self.st, mem, *args))
            if code >= 0 or not self.settle(code):
                return code

    def ensure(self, code: int) -> int:
        """A kernel's result; raises what a negative one stands for."""
        if code == E_TOO_MANY:
            raise TooManyTransactions(f"more than {TRANSACTIONS_MAX} transactions change data")
        return self.store.check(code)

    def words(self, at: int, count: int) -> Words:
        """Words of the arena."""
        return self.arena.words(at, count)

    def word(self, ctx: int, at: int) -> int:
        """A word of a context (`txn_layout.CTX_…`)."""
        return int(self.arena.words(ctx + at, 1)[0])

    def system_word(self, at: int) -> int:
        """A word of page 1 (`txn_layout.SYS_…`)."""
        return self.ensure(self.call(catalog_kernels.system_word, at))

    # contexts

    def open_context(self) -> int:
        """A context for a session; its offset."""
        ctx = self.arena.alloc(CTX_BYTES)
        self.words(ctx, CTX_BYTES // 8)[:] = 0
        self._set(ctx, CTX_ISOLATION, ISOLATION_REPEATABLE_READ)
        self._set(ctx, CTX_VIEW_IDS, self.arena.alloc(8 * TRANSACTIONS_MAX))
        self._set(ctx, CTX_VIEW_ROOM, TRANSACTIONS_MAX)
        txn_kernels.ctx_link(self.st, self.arena.mem, ctx)
        return ctx

    def close_context(self, ctx: int) -> None:
        """Give a context back; what it had open is rolled back."""
        self.rollback(ctx)
        assert self.word(ctx, CTX_WAITERS) == 0
        txn_kernels.ctx_unlink(self.st, self.arena.mem, ctx)
        self.foreign_keys.forget(ctx)
        self.arena.free(self.word(ctx, CTX_VIEW_IDS), 8 * TRANSACTIONS_MAX)
        self.arena.free(ctx, CTX_BYTES)

    def _set(self, ctx: int, at: int, value: int) -> None:
        self.arena.words(ctx + at, 1)[0] = value

    # transactions

    def begin(
        self, ctx: int, isolation: int = ISOLATION_REPEATABLE_READ, single: bool = False
    ) -> None:
        """A transaction starts; it has no id, and no view, until it needs one.

        single  it is one statement: at SERIALIZABLE its plain reads need no locks
        """
        assert self.word(ctx, CTX_TRX) == 0
        locking = isolation == ISOLATION_SERIALIZABLE and not single
        self._set(ctx, CTX_FLAGS, CTX_LOCKING_READS if locking else 0)
        self._set(ctx, CTX_ISOLATION, isolation)

    def open_view(self, ctx: int) -> None:
        """START TRANSACTION WITH CONSISTENT SNAPSHOT."""
        self.ensure(self.call(txn_kernels.txn_view, ctx))

    def hold_history(self, ctx: int) -> int:
        """Open the view now, and keep what any view there is may need until this one closes.

        -> the purge limit, which stays until then: undo may be followed from versions at or above
           it, also after the views that needed them are gone
        """
        self.open_view(ctx)
        low = self.call(txn_kernels.txn_purge_low)
        self._set(ctx, CTX_VIEW_LOW, low)  # what lies between is in no list: it stays visible
        return low

    def statement(self, ctx: int, reads: bool = True) -> None:
        """A statement starts: its savepoint, and the view its isolation level gives it, if it reads
        rows as a view shows them (not: the newest, locked)."""
        self.ensure(self.call(txn_kernels.txn_statement, ctx, int(reads)))

    def rollback_statement(self, ctx: int) -> None:
        """Undo what the statement has done so far; its locks stay."""
        self._undo(ctx, self.word(ctx, CTX_STATEMENT_UNDO), True)

    def undoing_statement(self, ctx: int) -> Iterator[int]:
        """The same in pieces (`undoing`)."""
        return self.undoing(ctx, self.word(ctx, CTX_STATEMENT_UNDO), True)

    def commit(self, ctx: int) -> int:
        """Commit; the LSN that must become durable before anybody is told, 0: nothing written."""
        end = self.ensure(self.call(txn_kernels.txn_commit, ctx))
        self.locks.wake()
        return end

    def rollback(self, ctx: int) -> None:
        """Undo the whole transaction and end it."""
        self._undo(ctx, 0, False)
        self.ensure(self.call(txn_kernels.txn_rolled_back, ctx))
        self.locks.wake()

    def rolling_back(self, ctx: int) -> Iterator[int]:
        """Undo the whole transaction in pieces (`undoing`); `rollback`, which must follow, has
        nothing left to wait for."""
        yield from self.undoing(ctx, 0, False)
        if self.log is not None and self.word(ctx, CTX_TRX):
            self.log.publish()
            while self.log.room_lsn > self.log.advance():
                yield self.log.room_lsn

    def has_begun(self, ctx: int) -> bool:
        """Whether a statement of the transaction has used tables, or it has a view."""
        begun = (CTX_TRX, CTX_VIEW_OPEN, CTX_LOCKS, CTX_GAPS)
        return bool(self.word(ctx, CTX_FLAGS) & CTX_BEGUN) or any(
            self.word(ctx, at) for at in begun
        )

    def savepoint(self, ctx: int) -> int:
        """A mark for `rollback_to`, good until the transaction ends or goes back before it."""
        return self.word(ctx, CTX_UNDO_LAST) if self.has_begun(ctx) else UNTOUCHED

    def rollback_to(self, ctx: int, mark: int) -> None:
        """Undo what was done since the mark; its locks stay, unless nothing was done before it."""
        if mark != UNTOUCHED:
            self._undo(ctx, mark, True)
            return
        flags = self.word(ctx, CTX_FLAGS) & ~CTX_BEGUN
        self.rollback(ctx)
        self._set(ctx, CTX_FLAGS, flags)

    def _undo(self, ctx: int, until: int, keep_locks: bool) -> None:
        for lsn in self.undoing(ctx, until, keep_locks):
            if lsn:
                assert self.log is not None
                self.log.wait_durable(lsn)

    def undoing(self, ctx: int, until: int, keep_locks: bool) -> Iterator[int]:
        """Undo in pieces, between which others may run: 0, or the LSN at which VDL must be first,
        for the log is full, or the pool is full of what is newer."""
        self.foreign_keys.give_up(ctx)
        while True:
            try:
                mem, keep = self.arena.mem, int(keep_locks)
                code = int(
                    rollback_kernels.rollback_step(self.st, mem, ctx, until, _ROLLBACK_ROWS, keep)
                )
                if code == E_LOG_FULL and self.log is not None:
                    self.log.publish()
                    yield self.log.room_lsn
                    continue
                if self.log is not None and self.store.must_wait(code):
                    self.log.publish()
                    yield self.log.next_lsn
                if code >= 0 or not self.settle(code):
                    if not self.ensure(code):
                        return
                    yield 0
            except TooManyLocks:  # going back must not fail
                keep_locks = False

    # tables

    def next_auto_increment(self, table: Table | TableOutline) -> int:
        """The AUTO_INCREMENT value that comes next; nothing is given out."""
        value = self._given_out(table.table_id)
        if value:
            return value
        frame = self.pool.lookup(table.root)
        while frame is None:
            self.store.fetch_many([table.root])
            frame = self.pool.lookup(table.root)
        value = max(1, int(self.words(frame + COUNTER_AT, 1)[0]))
        if not self.st[ST_READ_ONLY]:
            self.catalog.loaded.set_counter(table.table_id, value)
        return value

    def _given_out(self, table_id: int) -> int:
        """Where a table's counter is in memory; 0: where its root page has it, as for followers."""
        entry = int(self.st[ST_TABLES_AT]) + table_id * TABLE_BYTES
        return 0 if self.st[ST_READ_ONLY] else int(self.words(entry + TABLE_AUTOINC, 1)[0])

    def estimate_rows(self, table: Table | TableOutline) -> int:
        """About how many rows a table has: sampled, or leaves counted once; changes since."""
        sampled = self.statistics.rows(table)
        if sampled is not None:
            return sampled
        entry = int(self.st[ST_TABLES_AT]) + table.table_id * TABLE_BYTES
        changed = int(self.words(entry + TABLE_ROWS, 1)[0])
        if table.table_id not in self._counted:
            count = self.call(catalog_kernels.rows_count, table.root, _COUNTED_LEAVES)
            self._counted[table.table_id] = self.ensure(count) - changed
        return max(0, self._counted[table.table_id] + changed)

    def look_ahead(self, tables: Sequence[TableOutline], measured: bool, counted: bool) -> None:
        """Bring in together the root pages that `estimate_rows` (measured) and
        `next_auto_increment` (counted) are about to look at."""
        roots = [
            one.root
            for one in tables
            if (counted and one.is_counting and not self._given_out(one.table_id))
            or (measured and one.table_id not in self._counted and not self.statistics.has(one))
        ]
        missing = [root for root in roots if self.pool.lookup(root) is None]
        if missing:
            self.store.fetch_many(missing)

    # background

    def background_step(self) -> bool:
        """A bounded piece of what waits to be done; whether there is more."""
        if self.st[ST_READ_ONLY]:
            return False
        if self.recovered.step(_ROLLBACK_ROWS):
            return True
        if self.catalog.free_step():
            return True
        pages = max(1, min(_CHAIN_PAGES, self.pool.frames // 8))
        if self.ensure(self.call(chain_kernels.chains_free_step, pages)):
            return True
        return self.purge_step() or self.statistics.background_step()

    @property
    def active_count(self) -> int:
        """Transactions that have changed something and not ended."""
        return int(self.st[ST_ACTIVE_COUNT])

    @property
    def pages_created(self) -> int:
        """Pages taken from the volume since the start."""
        return int(self.st[ST_ALLOCATED])

    @property
    def history_length(self) -> int:
        """Transactions that have ended and whose old versions purge has not passed yet."""
        st = self.st
        started = int(st[ST_NEXT_TRX]) - 1 - int(st[ST_PURGE_TRX])
        return max(0, started - self.active_count)

    def oldest_view(self) -> tuple[int, int]:
        """Context whose open view here is the oldest, and the lowest transaction it does not show;
        (0, 0) when no view is open."""
        oldest = (0, 0)
        ctx = int(self.st[ST_CTX_HEAD])
        while ctx:
            low = self.word(ctx, CTX_VIEW_LOW)
            if self.word(ctx, CTX_VIEW_OPEN) and (oldest == (0, 0) or low < oldest[1]):
                oldest = (ctx, low)
            ctx = self.word(ctx, CTX_NEXT)
        return oldest

    def purge_step(self, rows: int = _PURGE_ROWS) -> bool:
        """Pass some undo records that nobody needs; whether there is more."""
        return self.ensure(self.call(purge_kernels.purge_step, rows)) == 1

    def check(self) -> list[str]:
        """Verify everything: trees, space, rows against indexes, undo. Problems as text."""
        return check_engine(self)
