"""Finding one row: its newest version, whoever sees it, and locked by whom it is for.

What a locking mode means depends on the isolation level: from REPEATABLE READ on gaps are locked
and what was locked stays so; below, rows only, and those which match.
"""

from __future__ import annotations

from btree.lock_kernels import lock_row, writer_conflict
from btree.mvcc_kernels import version_start
from btree.state import (
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_VALUE_BYTES,
)
from btree.tree_kernels import leaf_value, tree_find
from btree.txn_layout import (
    CTX_FLAGS,
    CTX_ISOLATION,
    CTX_LOCKING_READS,
    CTX_TRX,
    ISOLATION_REPEATABLE_READ,
    MODE_KIND,
    MODE_SHARED,
    MODE_SNAPSHOT,
    MODE_SNAPSHOT_BELOW,
)
from redo.coding_kernels import load_i64
from redo.jit import helper, routine
from redo.state import ST_READ_ONLY


@routine
def row_stand(st, mem, root, key, key_bytes):
    """Stand on the newest version of a row: 1 and ST_ROW_…, 0 no such key, or a code."""
    code = tree_find(st, mem, root, key, key_bytes)
    if code <= 0:
        return code
    value = leaf_value(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])
    if value < 0:
        return value
    version_start(st, mem, value, st[ST_VALUE_BYTES])
    return 1


@helper
def keeps_gaps(mem, ctx):
    """Whether the isolation level locks gaps, and keeps what turned out not to match."""
    return load_i64(mem, ctx + CTX_ISOLATION) >= ISOLATION_REPEATABLE_READ


@helper
def mode_of(st, mem, ctx, mode):
    """What a MODE_… means for a transaction: SERIALIZABLE reads lock; INSERT … SELECT may not.

    Nothing is locked where nothing can change: a follower reads what its view shows.
    """
    if st[ST_READ_ONLY]:
        return MODE_SNAPSHOT
    if mode & MODE_KIND == MODE_SNAPSHOT:
        locking = load_i64(mem, ctx + CTX_FLAGS) & CTX_LOCKING_READS
        return mode | MODE_SHARED if locking else MODE_SNAPSHOT
    if mode & MODE_SNAPSHOT_BELOW and not keeps_gaps(mem, ctx):
        return MODE_SNAPSHOT
    return mode


@routine
def row_current(st, mem, ctx, root, key, key_bytes, wanted):
    """Stand on the newest version, locked as `wanted` (LOCK_…): 1, 0 (none, or deleted), a code."""
    code = row_stand(st, mem, root, key, key_bytes)
    if code <= 0:
        return code
    code = writer_conflict(st, mem, ctx, st[ST_ROW_TRX], root, key, key_bytes, wanted)
    if code < 0:
        return code
    if st[ST_ROW_DELETED]:
        return 0
    if st[ST_ROW_TRX] != load_i64(mem, ctx + CTX_TRX) or load_i64(mem, ctx + CTX_TRX) == 0:
        code = lock_row(st, mem, ctx, root, key, key_bytes, wanted)
        if code < 0:
            return code
    return 1
