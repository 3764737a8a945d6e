"""BEGIN, COMMIT and ROLLBACK in the lane.

Python hears of them when the connection comes back to it, or asks (`Lending.recall`): locks of
tables, savepoints and the like of a transaction that has ended here are given back then. Whatever
is more than a word in the context (chains, an open transaction that BEGIN would commit, changes to
be undone) is Python's.
"""

from __future__ import annotations

from btree.txn_kernels import commit
from btree.txn_layout import CTX_ISOLATION, CTX_TRX
from mysqlcompat.lane.lane_layout import (
    C_AFFECTED,
    C_BEGUN,
    C_COUNTS,
    C_CTX,
    C_KIND,
    C_LEVEL,
    C_STATUS,
    C_TABLES,
    C_WAIT,
    C_WRITES,
    L_OUT,
    L_SCRATCH,
    SERVES_BEGIN,
    SERVES_ROLLBACK,
    TABLE_SLOTS,
)
from mysqlcompat.lane.system_kernels import monotonic_ns
from mysqlcompat.lane.write_kernels import STATUS_IN_TRANSACTION, put_ok
from mysqlcompat.machine.machine_kernels import has_log_room
from redo.codes import E_CALLBACK
from redo.coding_kernels import fill, load_i64, store_i64
from redo.jit import helper


@helper
def _word(mem, block, number):
    return load_i64(mem, block + 8 * number)


@helper
def end_transaction(st, mem, connection, ctx, rolls_back):
    """End what is open: end LSN of the commit (0: nothing was written), or a code with nothing
    done."""
    if load_i64(mem, ctx + CTX_TRX) != 0:
        if rolls_back or _word(mem, connection, C_WRITES) == 0 or not has_log_room(st):
            return E_CALLBACK
    lsn = commit(st, mem, ctx)
    if lsn >= 0:
        fill(mem, connection + 8 * C_TABLES, 8 * TABLE_SLOTS, 0)
    return lsn


@helper
def run_transaction(st, mem, lane, connection, kind):
    """Serve BEGIN, COMMIT or ROLLBACK: bytes of the OK in the out buffer, or a code with nothing
    done. C_WAIT is where VDL must be before the OK may leave."""
    level = _word(mem, connection, C_LEVEL)
    status = _word(mem, connection, C_STATUS)
    ctx = _word(mem, connection, C_CTX)
    is_open = status & STATUS_IN_TRANSACTION
    if level < 0 or (kind == SERVES_BEGIN and is_open):
        return E_CALLBACK
    lsn = 0
    if kind == SERVES_BEGIN:
        status |= STATUS_IN_TRANSACTION
        store_i64(mem, connection + 8 * C_BEGUN, monotonic_ns(mem, _word(mem, lane, L_SCRATCH)))
    else:
        if is_open:
            lsn = end_transaction(st, mem, connection, ctx, kind == SERVES_ROLLBACK)
            if lsn < 0:
                return lsn
        status &= ~STATUS_IN_TRANSACTION
    store_i64(mem, ctx + CTX_ISOLATION, level)
    store_i64(mem, connection + 8 * C_STATUS, status)
    store_i64(mem, connection + 8 * C_WAIT, lsn)
    store_i64(mem, connection + 8 * C_KIND, kind)
    store_i64(mem, connection + 8 * C_AFFECTED, 0)
    counter = connection + 8 * (C_COUNTS + kind)
    store_i64(mem, counter, load_i64(mem, counter) + 1)
    return put_ok(mem, _word(mem, lane, L_OUT), 0, 0, status, False, 0, 0)
