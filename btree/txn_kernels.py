"""Life of a transaction inside kernels: statement, view, commit, end.

::

    idle ──statement_begin──► in statement ──first change (undo_append)──► active, has id and slot
      ▲                                                                          │
      └──────────── txn_commit, or rollback to nothing and txn_rolled_back ◄─────┘

A transaction is committed when the MTR that frees its slot is in the log, and durable when VDL has
reached the end of that MTR. From its end on others see its changes and its locks are gone: waiting
for durability keeps nobody but its own client waiting.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.lock_kernels import locks_release
from btree.mvcc_kernels import followers_low, purge_low, view_open
from btree.pool_kernels import pool_find
from btree.state import ST_COMMITS, ST_CTX_HEAD, ST_ROLLBACKS, ST_WAKE
from btree.txn_layout import (
    CTX_BEGUN,
    CTX_COMMIT_LSN,
    CTX_FLAGS,
    CTX_ISOLATION,
    CTX_NEXT,
    CTX_PREVIOUS,
    CTX_ROWS_CHANGED,
    CTX_SERIAL,
    CTX_SLOT,
    CTX_STATEMENT_ROWS,
    CTX_STATEMENT_UNDO,
    CTX_TRX,
    CTX_UNDO_LAST,
    CTX_VIEW_OPEN,
    CTX_WAITERS,
    ISOLATION_READ_COMMITTED,
    SLOT_TRX,
)
from btree.undo_kernels import active_add, active_remove
from redo.coding_kernels import load_i64, store_i64
from redo.edit_kernels import log_mark, mtr_begin, mtr_commit, page_put_i64
from redo.jit import helper, kernel
from redo.record import KIND_COMMIT, KIND_ROLLBACK


@helper
def statement_begin(st, mem, ctx, reads):
    """A statement starts: its savepoint, and its view. 0, E_PAGE_MISS (followers), E_TOO_MANY.

    reads   1: it reads rows as its view shows them; 0: the newest, locked
    REPEATABLE READ keeps the view of the first that reads, READ COMMITTED takes a new one.
    """
    store_i64(mem, ctx + CTX_STATEMENT_UNDO, load_i64(mem, ctx + CTX_UNDO_LAST))
    store_i64(mem, ctx + CTX_STATEMENT_ROWS, load_i64(mem, ctx + CTX_ROWS_CHANGED))
    kept = load_i64(mem, ctx + CTX_ISOLATION) > ISOLATION_READ_COMMITTED
    if kept and (reads == 0 or load_i64(mem, ctx + CTX_VIEW_OPEN)):
        store_i64(mem, ctx + CTX_FLAGS, load_i64(mem, ctx + CTX_FLAGS) | CTX_BEGUN)
        return 0
    return view_open(st, mem, ctx)


@helper
def _txn_end(st, mem, ctx):
    """Forget the transaction: locks, view, id; tell waiters."""
    trx_id = load_i64(mem, ctx + CTX_TRX)
    if trx_id:
        active_remove(st, mem, trx_id)
    locks_release(st, mem, ctx)
    for word in (
        CTX_TRX,
        CTX_UNDO_LAST,
        CTX_SLOT,
        CTX_VIEW_OPEN,
        CTX_STATEMENT_UNDO,
        CTX_STATEMENT_ROWS,
        CTX_ROWS_CHANGED,
        CTX_FLAGS,
    ):
        store_i64(mem, ctx + word, 0)
    store_i64(mem, ctx + CTX_SERIAL, load_i64(mem, ctx + CTX_SERIAL) + 1)
    if load_i64(mem, ctx + CTX_WAITERS):
        st[ST_WAKE] += 1


@helper
def _slot_free(st, mem, ctx, mark):
    """Free the slot and write the mark, one MTR: its end LSN, E_PAGE_MISS, E_LOG_FULL …"""
    failpoint(st, mem, failpoints.COMMIT_BEFORE if mark == KIND_COMMIT else failpoints.ROLLBACK_END)
    slot = load_i64(mem, ctx + CTX_SLOT)
    frame = pool_find(st, mem, slot >> 16)
    if frame < 0:
        return frame
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    page_put_i64(st, mem, frame, (slot & 0xFFFF) + SLOT_TRX, 0)
    log_mark(st, mem, mark, load_i64(mem, ctx + CTX_TRX))
    return mtr_commit(st, mem)


@helper
def commit(st, mem, ctx):
    """Commit: end LSN to wait for, 0 when nothing was written, or a code with nothing done."""
    end = 0
    if load_i64(mem, ctx + CTX_TRX):
        end = _slot_free(st, mem, ctx, KIND_COMMIT)
        if end < 0:
            return end
        failpoint(st, mem, failpoints.COMMIT_AFTER)
        store_i64(mem, ctx + CTX_COMMIT_LSN, end)
        st[ST_COMMITS] += 1
    _txn_end(st, mem, ctx)
    return end


@kernel("i8(i8[::1], u1[::1], i8)")
def txn_commit(st, mem, ctx):
    """`commit` for Python."""
    return commit(st, mem, ctx)


@kernel("i8(i8[::1], u1[::1], i8)")
def txn_rolled_back(st, mem, ctx):
    """The last step of a rollback, after `rollback_step` has undone everything. 0 or a code."""
    if load_i64(mem, ctx + CTX_TRX):
        end = _slot_free(st, mem, ctx, KIND_ROLLBACK)
        if end < 0:
            return end
        st[ST_ROLLBACKS] += 1
    _txn_end(st, mem, ctx)
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def txn_statement(st, mem, ctx, reads):
    """`statement_begin` for Python."""
    return statement_begin(st, mem, ctx, reads)


@kernel("i8(i8[::1], u1[::1], i8)")
def txn_view(st, mem, ctx):
    """Open the view now if none is (START TRANSACTION WITH CONSISTENT SNAPSHOT). 0 or a code."""
    if load_i64(mem, ctx + CTX_VIEW_OPEN):
        return 0
    return view_open(st, mem, ctx)


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def txn_adopt(st, mem, ctx, trx_id):
    """Make `ctx` the transaction `trx_id` found on the system pages at start. 0 or E_TOO_MANY."""
    store_i64(mem, ctx + CTX_TRX, trx_id)
    return active_add(st, mem, ctx, trx_id)


@kernel("i8(i8[::1], u1[::1], i8)")
def ctx_link(st, mem, ctx):
    """Put a context in the list of all contexts."""
    head = st[ST_CTX_HEAD]
    store_i64(mem, ctx + CTX_NEXT, head)
    store_i64(mem, ctx + CTX_PREVIOUS, 0)
    if head:
        store_i64(mem, head + CTX_PREVIOUS, ctx)
    st[ST_CTX_HEAD] = ctx
    return 0


@kernel("i8(i8[::1], u1[::1], i8)")
def ctx_unlink(st, mem, ctx):
    """Take a context out of the list."""
    after = load_i64(mem, ctx + CTX_NEXT)
    before = load_i64(mem, ctx + CTX_PREVIOUS)
    if before:
        store_i64(mem, before + CTX_NEXT, after)
    else:
        st[ST_CTX_HEAD] = after
    if after:
        store_i64(mem, after + CTX_PREVIOUS, before)
    return 0


@kernel("i8(i8[::1], u1[::1])")
def txn_purge_low(st, mem):
    """`purge_low` for Python."""
    return purge_low(st, mem)


@kernel("i8(i8[::1], u1[::1], i8)")
def txn_followers_low(st, mem, low):
    """`followers_low` for Python."""
    return followers_low(st, mem, low)
