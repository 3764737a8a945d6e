"""Gaps around keys and along scans: where the neighbours of a key are, and what InnoDB would lock.

A scan that locks has one interval, which grows over what it has passed (`CUR_GAP`). Its records are
asked for one by one before that, so a conflict stops the scan, not the growing. As in InnoDB, the
ends reach out to the neighbours of the range:

- forward: from the entry before the range (a clustered range that begins with an existing key: from
  that very record, the gap before it stays free) to the entry after it: its gap only, for equality
  and in the clustered index; the entry itself too in ranges of secondary indexes. A clustered range
  that ends with the key it found has no more after it.
- backward: from the gap below the entry after the range to the first entry before it, and its gap.
- a whole key of a unique index that is found is a record lock and no gap.
"""

from __future__ import annotations

from btree.gap_kernels import (
    GAP_OWN,
    gap_close,
    gap_high,
    gap_holder,
    gap_low,
    gap_open,
    gap_room,
)
from btree.lock_kernels import lock_row, writer_conflict
from btree.state import ST_LEAF_FRAME, ST_LEAF_SLOT
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_previous,
    leaf_value_start,
    tree_find,
)
from btree.txn_layout import (
    CTX_GAP_COUNT,
    CUR_AT_BYTES,
    CUR_AT_INCLUSIVE,
    CUR_AT_KEY,
    CUR_BACKWARD,
    CUR_CTX,
    CUR_GAP,
    CUR_INDEX,
    CUR_LAST_BYTES,
    CUR_MODE,
    CUR_NEXT_ROW,
    CUR_ROOT,
    CUR_STOP_BYTES,
    CUR_STOP_KEY,
    LOCK_CHECK,
    LOCK_NOWAIT,
    MODE_EQUAL,
    MODE_KIND,
    MODE_NOWAIT,
    MODE_SKIP_LOCKED,
    ROW_FIRST,
    S_TRX,
)
from redo.codes import E_LOCK_WAIT
from redo.coding_kernels import compare, load_i64, load_u8, store_i64
from redo.jit import helper, routine


@helper
def lock_mode(mode):
    """LOCK_… of a MODE_…."""
    return 3 - (mode & MODE_KIND)


@helper
def _key_here(st, mem):
    """The key stood on: where, and its bytes."""
    frame, slot = st[ST_LEAF_FRAME], st[ST_LEAF_SLOT]
    return leaf_key(st, mem, frame, slot), leaf_key_bytes(st, mem, frame, slot)


@routine
def _stand_after(st, mem, root, key, key_bytes):
    """Stand on the first entry after a key: 1, 0 there is none, or E_PAGE_MISS."""
    code = tree_find(st, mem, root, key, key_bytes)
    if code < 0:
        return code
    st[ST_LEAF_SLOT] += code
    return leaf_here(st, mem)


@routine
def _stand_before(st, mem, root, key, key_bytes):
    """Stand on the last entry before a key: 1, 0 there is none, or E_PAGE_MISS."""
    code = tree_find(st, mem, root, key, key_bytes)
    if code < 0:
        return code
    return leaf_previous(st, mem)


@routine
def _open_here(st, mem, ctx, root, mode, found):
    """An empty interval at the entry stood on (found 1), or below all: the node, E_LOCKS_FULL."""
    if found == 0:
        return gap_open(st, mem, ctx, root, mode, 0, -1)
    key, count = _key_here(st, mem)
    return gap_open(st, mem, ctx, root, mode, key, count)


@routine
def _high_here(st, mem, node, found, record):
    """End an interval at the entry stood on (found 1), or above all: 0 or E_LOCKS_FULL."""
    if found == 0:
        return gap_high(st, mem, node, 0, -1, 0)
    key, count = _key_here(st, mem)
    code = gap_room(st, mem, node, count)
    if code < 0:
        return code
    return gap_high(st, mem, node, key, count, record)


@helper
def _low_here(st, mem, node, found):
    """Begin an interval at the entry stood on (found 1), or below all: 0 or E_LOCKS_FULL."""
    if found == 0:
        return gap_low(st, mem, node, 0, -1)
    key, count = _key_here(st, mem)
    code = gap_room(st, mem, node, count)
    if code < 0:
        return code
    return gap_low(st, mem, node, key, count)


@helper
def _is_held(st, mem, ctx, root, key, key_bytes, mode):
    """Whether an interval of the same context has the key in it already."""
    if load_i64(mem, ctx + CTX_GAP_COUNT) == 0:
        return 0
    return gap_holder(st, mem, ctx, root, key, key_bytes, GAP_OWN, mode, 0, 0)


@routine
def gap_around(st, mem, ctx, root, key, key_bytes, mode):
    """Lock the gap in which a key is missing (or marked): 0, E_PAGE_MISS or E_LOCKS_FULL."""
    if _is_held(st, mem, ctx, root, key, key_bytes, mode):
        return 0
    found = _stand_after(st, mem, root, key, key_bytes)
    if found < 0:
        return found
    found = _stand_before(st, mem, root, key, key_bytes)
    if found < 0:
        return found
    node = _open_here(st, mem, ctx, root, mode, found)
    if node < 0:
        return node
    found = _stand_after(st, mem, root, key, key_bytes)
    code = _high_here(st, mem, node, found, 0)
    if code < 0:
        gap_close(st, mem, ctx, node)
    return code


@routine
def gap_upto(st, mem, ctx, root, key, key_bytes, mode):
    """Lock the gap before an entry (itself is locked already): 0, E_PAGE_MISS or E_LOCKS_FULL."""
    if _is_held(st, mem, ctx, root, key, key_bytes, mode):
        return 0
    found = _stand_before(st, mem, root, key, key_bytes)
    if found < 0:
        return found
    node = _open_here(st, mem, ctx, root, mode, found)
    if node < 0:
        return node
    code = gap_room(st, mem, node, key_bytes)
    if code < 0:
        gap_close(st, mem, ctx, node)
        return code
    return gap_high(st, mem, node, key, key_bytes, 1)


@routine
def scan_begin(st, mem, cursor, frame, slot):
    """The interval of a scan that stands at its beginning: 0, or a code with nothing done.

    slot  of the first entry in the range; backward: one past it
    """
    ctx = load_i64(mem, cursor + CUR_CTX)
    root = load_i64(mem, cursor + CUR_ROOT)
    mode = lock_mode(load_i64(mem, cursor + CUR_MODE))
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot
    here = leaf_here(st, mem)
    if here < 0:
        return here
    backward = load_i64(mem, cursor + CUR_BACKWARD)
    if here == 1 and not backward and load_i64(mem, cursor + CUR_INDEX) == 0:
        key, count = _key_here(st, mem)
        at_bytes = load_i64(mem, cursor + CUR_AT_BYTES)
        if at_bytes > 0 and compare(mem, key, count, cursor + CUR_AT_KEY, at_bytes) == 0:
            node = gap_open(st, mem, ctx, root, mode, key, count)
            if node > 0:
                store_i64(mem, cursor + CUR_GAP, node)
                store_i64(mem, cursor + CUR_NEXT_ROW, ROW_FIRST)
            return min(node, 0)
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot
    found = leaf_previous(st, mem)
    if found < 0:
        return found
    node = _open_here(st, mem, ctx, root, mode, found)
    if node < 0:
        return node
    if backward:
        st[ST_LEAF_FRAME] = frame
        st[ST_LEAF_SLOT] = slot
        code = _high_here(st, mem, node, leaf_here(st, mem), 0)
        if code < 0:
            gap_close(st, mem, ctx, node)
            return code
    store_i64(mem, cursor + CUR_GAP, node)
    return 0


@routine
def scan_reach(st, mem, cursor, frame, slot):
    """Let the interval grow over the entry at `slot`, which was passed: 0.

    Room was made for its key; backward, the entry before it is in the pool (`scan_room`).
    """
    node = load_i64(mem, cursor + CUR_GAP)
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot
    if load_i64(mem, cursor + CUR_BACKWARD):
        return _low_here(st, mem, node, leaf_previous(st, mem))
    return _high_here(st, mem, node, 1, 1)


@routine
def scan_room(st, mem, cursor, frame, slot):
    """Before the entry at `slot` is passed: may the interval grow over it? 0 or a code."""
    node = load_i64(mem, cursor + CUR_GAP)
    count = leaf_key_bytes(st, mem, frame, slot)
    if load_i64(mem, cursor + CUR_BACKWARD):
        st[ST_LEAF_FRAME] = frame
        st[ST_LEAF_SLOT] = slot
        found = leaf_previous(st, mem)
        if found < 0:
            return found
        if found:
            _, count = _key_here(st, mem)
    return gap_room(st, mem, node, count)


@routine
def scan_skip(st, mem, cursor, frame, slot):
    """SKIP LOCKED passes the entry at `slot`: one interval ends, another begins. 0, a code."""
    ctx = load_i64(mem, cursor + CUR_CTX)
    node = load_i64(mem, cursor + CUR_GAP)
    key = leaf_key(st, mem, frame, slot)
    count = leaf_key_bytes(st, mem, frame, slot)
    code = gap_room(st, mem, node, count)
    if code < 0:
        return code
    mode = lock_mode(load_i64(mem, cursor + CUR_MODE))
    root = load_i64(mem, cursor + CUR_ROOT)
    following = gap_open(st, mem, ctx, root, mode, key, count)
    if following < 0:
        return following
    if load_i64(mem, cursor + CUR_BACKWARD):
        gap_low(st, mem, node, key, count)
    else:
        gap_high(st, mem, node, key, count, 0)
    store_i64(mem, cursor + CUR_GAP, following)
    return 0


@helper
def _ends_with_bound(mem, cursor):
    """Whether the last entry passed is the inclusive upper bound itself: the key of which the stop
    key is the first that does not begin with it."""
    count = load_i64(mem, cursor + CUR_LAST_BYTES)
    if load_i64(mem, cursor + CUR_AT_INCLUSIVE) or load_i64(mem, cursor + CUR_AT_BYTES) != count:
        return False
    stop = load_i64(mem, cursor + CUR_STOP_BYTES)
    if stop <= 0:
        return False
    key = cursor + CUR_AT_KEY
    last = cursor + CUR_STOP_KEY + stop - 1
    if load_u8(mem, key + stop - 1) + 1 != load_u8(mem, last):
        return False
    for i in range(stop, count):
        if load_u8(mem, key + i) != 255:
            return False
    return compare(mem, key, stop - 1, cursor + CUR_STOP_KEY, stop - 1) == 0


@routine
def scan_end(st, mem, cursor, frame, slot):
    """The scan has come to the end of its range at `slot`: the interval reaches to its neighbour.

    Backward, the neighbour has been locked by the caller and is at `slot`; -1: there is none.
    -> 0, or a code with nothing done
    """
    ctx = load_i64(mem, cursor + CUR_CTX)
    node = load_i64(mem, cursor + CUR_GAP)
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot
    if load_i64(mem, cursor + CUR_BACKWARD):
        found = 0
        if slot >= 0:
            found = leaf_previous(st, mem)
        return found if found < 0 else _low_here(st, mem, node, found)
    found = leaf_here(st, mem)
    if found < 0:
        return found
    record = 0
    if load_i64(mem, cursor + CUR_INDEX) == 0:
        if _ends_with_bound(mem, cursor):
            return 0
    elif found == 1 and load_i64(mem, cursor + CUR_MODE) & MODE_EQUAL == 0:
        key, count = _key_here(st, mem)
        value = leaf_value_start(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])
        mode = load_i64(mem, cursor + CUR_MODE)
        wanted = lock_mode(mode) | LOCK_CHECK | (LOCK_NOWAIT if mode & MODE_NOWAIT else 0)
        root = load_i64(mem, cursor + CUR_ROOT)
        trx_id = load_i64(mem, value + S_TRX)
        code = writer_conflict(st, mem, ctx, trx_id, root, key, count, wanted)
        if code == 0:
            code = lock_row(st, mem, ctx, root, key, count, wanted)
        if code < 0 and (code != E_LOCK_WAIT or mode & MODE_SKIP_LOCKED == 0):
            return code
        record = 1 if code == 0 else 0
    return _high_here(st, mem, node, found, record)
