"""Memory of locks: runs of 64 << class bytes, from free lists, then from what Python has given.

A record lock with a short key takes 64 bytes; an interval 128 and its two keys 64 each.
E_LOCKS_FULL asks for more; the engine gives it until its limit is reached (`Locks.grow`).
"""

from __future__ import annotations

from btree.state import ST_LOCK_BYTES, ST_LOCK_END, ST_LOCK_FREE, ST_LOCK_NEXT
from redo.codes import E_LOCKS_FULL
from redo.coding_kernels import load_i64, store_i64
from redo.jit import helper


@helper
def lock_class(count):
    """Size class of a run of `count` bytes."""
    size_class = 0
    while 64 << size_class < count:
        size_class += 1
    return size_class


@helper
def lock_alloc(st, mem, count):
    """A run of at least `count` bytes, or E_LOCKS_FULL."""
    size_class = lock_class(count)
    size = 64 << size_class
    at = st[ST_LOCK_FREE + size_class]
    if at:
        st[ST_LOCK_FREE + size_class] = load_i64(mem, at)
    else:
        at = st[ST_LOCK_NEXT]
        if at + size > st[ST_LOCK_END]:
            return E_LOCKS_FULL
        st[ST_LOCK_NEXT] = at + size
    st[ST_LOCK_BYTES] += size
    return at


@helper
def lock_free(st, mem, at, count):
    """Give a run of `count` bytes back."""
    size_class = lock_class(count)
    store_i64(mem, at, st[ST_LOCK_FREE + size_class])
    st[ST_LOCK_FREE + size_class] = at
    st[ST_LOCK_BYTES] -= 64 << size_class
