"""Locked gaps: intervals of keys, each with the records in it, in one treap for all indexes.

An interval (low, high) of an index says: nobody but its owner inserts a key between the two, and
the records between them are locked in its mode. The record at the high end belongs to it only if
GAP_HIGH_RECORD says so, that at the low end never. A next-key lock is (key before, key] with that
record; a lock on a gap alone is an interval without records in it; bytes -1 stand for infinity.

Intervals name keys, not entries: entries may come, go, and move between pages below them. They do
not exclude each other: what is locked there is checked record by record before an interval grows
over it (`range_lock_kernels.py`), and gaps may be shared.

The treap is ordered by (root, low, offset); priorities are hashes of offsets. Every node knows the
interval of its subtree that ends last, so the intervals around a key are found in O(log n) each.
"""

from __future__ import annotations

from btree.lock_memory_kernels import lock_alloc, lock_free
from btree.state import ST_GAP_COUNT, ST_GAP_STACK, ST_GAP_TOP
from btree.txn_layout import (
    CTX_GAP_COUNT,
    CTX_GAPS,
    GAP_BYTES,
    GAP_CTX,
    GAP_HIGH,
    GAP_HIGH_BYTES,
    GAP_HIGH_RECORD,
    GAP_HIGH_ROOM,
    GAP_KIND,
    GAP_LEFT,
    GAP_LOW,
    GAP_LOW_BYTES,
    GAP_LOW_ROOM,
    GAP_OWNED,
    GAP_REACH,
    GAP_RIGHT,
    GAP_ROOT,
    GAP_UP,
    LOCK_EXCLUSIVE,
    LOCK_MODE,
)
from redo.coding_kernels import compare, load_i64, move, store_i64
from redo.jit import helper, routine

STACK_WORDS = 4096  #: a treap of a million nodes is some 50 deep
GAP_OTHERS = 0  #: what `gap_holder` looks for: an interval of another context that forbids,
GAP_OWN = 1  #: one of the same context that suffices,
GAP_BIRTH = 2  #: one of another context in which no key may be born


@helper
def _ends(mem, at, count, inclusive_sign, key, key_bytes):
    """An end of an interval against a key; `inclusive_sign`: what infinity (-1 bytes) is."""
    if count < 0:
        return inclusive_sign
    return compare(mem, at, count, key, key_bytes)


@helper
def low_against(mem, node, root, key, key_bytes):
    """Sign of the low end less (root, key)."""
    own = load_i64(mem, node + GAP_ROOT)
    if own != root:
        return -1 if own < root else 1
    return _ends(
        mem, load_i64(mem, node + GAP_LOW), load_i64(mem, node + GAP_LOW_BYTES), -1, key, key_bytes
    )


@helper
def high_against(mem, node, root, key, key_bytes):
    """Sign of the high end less (root, key)."""
    own = load_i64(mem, node + GAP_ROOT)
    if own != root:
        return -1 if own < root else 1
    return _ends(
        mem, load_i64(mem, node + GAP_HIGH), load_i64(mem, node + GAP_HIGH_BYTES), 1, key, key_bytes
    )


@helper
def _ends_after(mem, a, b):
    """1 when interval `a` ends after `b`."""
    count = load_i64(mem, b + GAP_HIGH_BYTES)
    root = load_i64(mem, b + GAP_ROOT)
    if count < 0:
        return 1 if load_i64(mem, a + GAP_ROOT) > root else 0
    return 1 if high_against(mem, a, root, load_i64(mem, b + GAP_HIGH), count) > 0 else 0


@helper
def _reach_mend(mem, node):
    """Recompute what ends last below a node."""
    best = node
    for side in (GAP_LEFT, GAP_RIGHT):
        child = load_i64(mem, node + side)
        if child:
            reach = load_i64(mem, child + GAP_REACH)
            if _ends_after(mem, reach, best):
                best = reach
    store_i64(mem, node + GAP_REACH, best)


@routine
def _reach_mend_up(st, mem, node):
    """… and above it."""
    while node:
        _reach_mend(mem, node)
        node = load_i64(mem, node + GAP_UP)
    return 0


@helper
def _priority(node):
    return (node * 0x1E3779B97F4A7C15) & 0x7FFFFFFFFFFFFFFF


@helper
def _child_replace(st, mem, parent, child, by):
    """Let `parent` (0: the top) point to `by` instead of `child`."""
    if parent == 0:
        st[ST_GAP_TOP] = by
    elif load_i64(mem, parent + GAP_LEFT) == child:
        store_i64(mem, parent + GAP_LEFT, by)
    else:
        store_i64(mem, parent + GAP_RIGHT, by)
    if by:
        store_i64(mem, by + GAP_UP, parent)


@routine
def _rotate_up(st, mem, node):
    """Exchange a node with its parent."""
    parent = load_i64(mem, node + GAP_UP)
    above = load_i64(mem, parent + GAP_UP)
    is_left = load_i64(mem, parent + GAP_LEFT) == node
    inner_side = GAP_RIGHT if is_left else GAP_LEFT
    outer_side = GAP_LEFT if is_left else GAP_RIGHT
    inner = load_i64(mem, node + inner_side)
    _child_replace(st, mem, above, parent, node)
    store_i64(mem, parent + outer_side, inner)
    if inner:
        store_i64(mem, inner + GAP_UP, parent)
    store_i64(mem, node + inner_side, parent)
    store_i64(mem, parent + GAP_UP, node)
    _reach_mend(mem, parent)
    _reach_mend(mem, node)
    return 0


@routine
def _link(st, mem, node):
    """Put a node whose ends are set into the treap."""
    root = load_i64(mem, node + GAP_ROOT)
    low = load_i64(mem, node + GAP_LOW)
    low_bytes = load_i64(mem, node + GAP_LOW_BYTES)
    parent = 0
    side = GAP_LEFT
    at = st[ST_GAP_TOP]
    while at:
        if low_bytes < 0:
            sign = 1 if load_i64(mem, at + GAP_ROOT) >= root else -1
            if load_i64(mem, at + GAP_ROOT) == root and load_i64(mem, at + GAP_LOW_BYTES) < 0:
                sign = 1 if at > node else -1
        else:
            sign = low_against(mem, at, root, low, low_bytes)
            if sign == 0:
                sign = 1 if at > node else -1
        parent = at
        side = GAP_LEFT if sign > 0 else GAP_RIGHT
        at = load_i64(mem, at + side)
    store_i64(mem, node + GAP_LEFT, 0)
    store_i64(mem, node + GAP_RIGHT, 0)
    store_i64(mem, node + GAP_UP, parent)
    store_i64(mem, node + GAP_REACH, node)
    if parent == 0:
        st[ST_GAP_TOP] = node
        return 0
    store_i64(mem, parent + side, node)
    above = parent
    while above and _priority(above) < _priority(node):
        _rotate_up(st, mem, node)
        above = load_i64(mem, node + GAP_UP)
    return _reach_mend_up(st, mem, above)


@routine
def _unlink(st, mem, node):
    """Take a node out of the treap."""
    while True:
        left = load_i64(mem, node + GAP_LEFT)
        right = load_i64(mem, node + GAP_RIGHT)
        if left == 0 or right == 0:
            break
        _rotate_up(st, mem, left if _priority(left) > _priority(right) else right)
    parent = load_i64(mem, node + GAP_UP)
    _child_replace(st, mem, parent, node, left if left else right)
    return _reach_mend_up(st, mem, parent)


@routine
def gap_holder(st, mem, ctx, root, key, key_bytes, want, mode, out, room):
    """Intervals around a key that matter for a request of `ctx`.

    want    GAP_OTHERS: of others, against a lock of `mode` on the record; GAP_BIRTH: of others,
            against a new key; GAP_OWN: its own, of `mode` at least
    out     contexts found, `room` words; room 0: only the first is wanted
    ->      room 0: the owner of one, or 0; otherwise how many were put at `out`
    """
    top = st[ST_GAP_TOP]
    if top == 0:
        return 0
    stack = st[ST_GAP_STACK]
    store_i64(mem, stack, top)
    depth = 1
    found = 0
    while depth > 0:
        depth -= 1
        node = load_i64(mem, stack + 8 * depth)
        if high_against(mem, load_i64(mem, node + GAP_REACH), root, key, key_bytes) < 0:
            continue
        left = load_i64(mem, node + GAP_LEFT)
        if left:
            store_i64(mem, stack + 8 * depth, left)
            depth += 1
        begins = low_against(mem, node, root, key, key_bytes)
        if begins > 0:
            continue
        right = load_i64(mem, node + GAP_RIGHT)
        if right:
            store_i64(mem, stack + 8 * depth, right)
            depth += 1
        owner = load_i64(mem, node + GAP_CTX)
        if (owner == ctx) != (want == GAP_OWN):
            continue
        kind = load_i64(mem, node + GAP_KIND)
        ends = high_against(mem, node, root, key, key_bytes)
        if begins == 0 or ends < 0 or load_i64(mem, node + GAP_ROOT) != root:
            continue
        if ends == 0 and kind & GAP_HIGH_RECORD == 0:
            continue
        if want == GAP_OWN and kind & LOCK_MODE < mode:
            continue
        if want == GAP_OTHERS and (kind | mode) & LOCK_EXCLUSIVE == 0:
            continue
        if room == 0:
            return owner
        store_i64(mem, out + 8 * found, owner)
        found += 1
        if found == room:
            break
    return found


@helper
def _end_room(st, mem, node, which, room_word, count):
    """Make sure that an end may be a key of `count` bytes: 0 or E_LOCKS_FULL."""
    room = load_i64(mem, node + room_word)
    if count <= room:
        return 0
    at = lock_alloc(st, mem, count)
    if at < 0:
        return at
    old = load_i64(mem, node + which)
    if room:
        move(mem, at, old, room)
        lock_free(st, mem, old, room)
    wide = 64
    while wide < count:
        wide *= 2
    store_i64(mem, node + which, at)
    store_i64(mem, node + room_word, wide)
    return 0


@routine
def gap_room(st, mem, node, count):
    """Make sure that both ends of an interval may become keys of `count` bytes."""
    code = _end_room(st, mem, node, GAP_LOW, GAP_LOW_ROOM, count)
    if code == 0:
        code = _end_room(st, mem, node, GAP_HIGH, GAP_HIGH_ROOM, count)
    return code


@helper
def _ends_free(st, mem, node):
    for which, room_word in ((GAP_LOW, GAP_LOW_ROOM), (GAP_HIGH, GAP_HIGH_ROOM)):
        room = load_i64(mem, node + room_word)
        if room:
            lock_free(st, mem, load_i64(mem, node + which), room)


@routine
def gap_open(st, mem, ctx, root, mode, key, key_bytes):
    """An interval with nothing in it: both ends are `key` (bytes -1: the low end is open, the high
    one the shortest key). -> the node, or E_LOCKS_FULL.
    """
    node = lock_alloc(st, mem, GAP_BYTES)
    if node < 0:
        return node
    store_i64(mem, node + GAP_LOW_ROOM, 0)
    store_i64(mem, node + GAP_HIGH_ROOM, 0)
    code = gap_room(st, mem, node, max(key_bytes, 1))
    if code < 0:
        _ends_free(st, mem, node)
        lock_free(st, mem, node, GAP_BYTES)
        return code
    store_i64(mem, node + GAP_CTX, ctx)
    store_i64(mem, node + GAP_KIND, mode)
    store_i64(mem, node + GAP_ROOT, root)
    store_i64(mem, node + GAP_LOW_BYTES, key_bytes)
    store_i64(mem, node + GAP_HIGH_BYTES, max(key_bytes, 0))
    if key_bytes > 0:
        move(mem, load_i64(mem, node + GAP_LOW), key, key_bytes)
        move(mem, load_i64(mem, node + GAP_HIGH), key, key_bytes)
    store_i64(mem, node + GAP_OWNED, load_i64(mem, ctx + CTX_GAPS))
    store_i64(mem, ctx + CTX_GAPS, node)
    store_i64(mem, ctx + CTX_GAP_COUNT, load_i64(mem, ctx + CTX_GAP_COUNT) + 1)
    st[ST_GAP_COUNT] += 1
    _link(st, mem, node)
    return node


@routine
def gap_high(st, mem, node, key, key_bytes, record):
    """Move the high end (room has been made), with or without the record there; -1: infinity."""
    if key_bytes > 0:
        move(mem, load_i64(mem, node + GAP_HIGH), key, key_bytes)
    store_i64(mem, node + GAP_HIGH_BYTES, key_bytes)
    kind = load_i64(mem, node + GAP_KIND) & ~GAP_HIGH_RECORD
    store_i64(mem, node + GAP_KIND, kind | (GAP_HIGH_RECORD if record else 0))
    return _reach_mend_up(st, mem, node)


@routine
def gap_low(st, mem, node, key, key_bytes):
    """Move the low end (room has been made); -1: infinity."""
    _unlink(st, mem, node)
    if key_bytes > 0:
        move(mem, load_i64(mem, node + GAP_LOW), key, key_bytes)
    store_i64(mem, node + GAP_LOW_BYTES, key_bytes)
    return _link(st, mem, node)


@helper
def _forget(st, mem, ctx, node):
    _unlink(st, mem, node)
    _ends_free(st, mem, node)
    lock_free(st, mem, node, GAP_BYTES)
    store_i64(mem, ctx + CTX_GAP_COUNT, load_i64(mem, ctx + CTX_GAP_COUNT) - 1)
    st[ST_GAP_COUNT] -= 1


@routine
def gap_close(st, mem, ctx, node):
    """Give an interval back."""
    link = ctx + CTX_GAPS
    while load_i64(mem, link) != node:
        link = load_i64(mem, link) + GAP_OWNED
    store_i64(mem, link, load_i64(mem, node + GAP_OWNED))
    _forget(st, mem, ctx, node)
    return 0


@routine
def gaps_release(st, mem, ctx):
    """Give back every interval of `ctx`."""
    node = load_i64(mem, ctx + CTX_GAPS)
    store_i64(mem, ctx + CTX_GAPS, 0)
    while node:
        following = load_i64(mem, node + GAP_OWNED)
        _forget(st, mem, ctx, node)
        node = following
    return 0
