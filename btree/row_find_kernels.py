"""Finding one row: its newest version, locked for whom it is, and another with its unique key.

What a locking mode means depends on the isolation level: from REPEATABLE READ on gaps are locked
and what was locked stays so; below, rows only, and those which match.
"""

from __future__ import annotations

from btree.lock_kernels import lock_row, writer_conflict
from btree.mvcc_kernels import version_start
from btree.range_lock_kernels import gap_upto
from btree.row_keys_kernels import WHICH_NEW, index_root, key_at, key_count
from btree.state import (
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_VALUE_BYTES,
)
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_next,
    leaf_value,
    leaf_value_start,
    tree_find,
)
from btree.txn_layout import (
    CTX_FLAGS,
    CTX_ISOLATION,
    CTX_LOCKING_READS,
    CTX_TRX,
    ISOLATION_REPEATABLE_READ,
    LOCK_CHECK,
    LOCK_SHARED,
    MODE_KIND,
    MODE_SHARED,
    MODE_SNAPSHOT,
    MODE_SNAPSHOT_BELOW,
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
)
from redo.codes import E_DUPLICATE
from redo.coding_kernels import compare, load_i64, load_u8, load_u16
from redo.jit import helper, routine
from redo.state import ST_DUPLICATE_INDEX, ST_READ_ONLY


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


@routine
def unique_conflict(st, mem, ctx, table, index, own):
    """Does another row have the new row's key in this unique index? 0, E_DUPLICATE, E_LOCK_WAIT.

    own  which place holds the clustered key whose own entries do not count
    An entry by somebody active, marked or not, is waited for: only its end decides. The duplicate
    is locked, with the gap before it, so that it stays one.
    """
    key = key_at(st, index, WHICH_NEW)
    prefix = key_count(st, mem, index, WHICH_NEW) - key_count(st, mem, 0, WHICH_NEW)
    code = tree_find(st, mem, index_root(mem, table, index), key, prefix)
    if code < 0:
        return code
    code = leaf_here(st, mem)
    while code == 1:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        entry = leaf_key(st, mem, frame, slot)
        count = leaf_key_bytes(st, mem, frame, slot)
        if count < prefix or compare(mem, entry, prefix, key, prefix) != 0:
            return 0
        value = leaf_value_start(st, mem, frame, slot)
        pk_bytes = load_u16(mem, value + S_KEY_BYTES)
        pk = entry + count - pk_bytes
        own_bytes = key_count(st, mem, 0, own)
        if compare(mem, pk, pk_bytes, key_at(st, 0, own), own_bytes) != 0:
            trx = load_i64(mem, value + S_TRX)
            root = index_root(mem, table, index)
            code = writer_conflict(st, mem, ctx, trx, root, entry, count, LOCK_SHARED)
            if code < 0:
                return code
            if load_u8(mem, value + S_DELETED) == 0:
                code = lock_row(st, mem, ctx, root, entry, count, LOCK_SHARED | LOCK_CHECK)
                if code == 0:
                    code = gap_upto(st, mem, ctx, root, entry, count, LOCK_SHARED)
                if code < 0:
                    return code
                st[ST_DUPLICATE_INDEX] = index
                return E_DUPLICATE
        code = leaf_next(st, mem)
    return code
