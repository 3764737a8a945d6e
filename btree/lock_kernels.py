"""Explicit record locks: who owns a row it has read FOR UPDATE or FOR SHARE.

A row that somebody changed is locked by its own trx_id and has no entry here. Entries exist for
locking reads only, in a chained hash table in the arena, keyed by a 63-bit hash of (tree root,
key): two rows with one hash share a lock, which is safe and does not happen.

An entry is released when its owner's transaction ends.
"""

from __future__ import annotations

from btree.state import (
    ST_ACTIVE_AT,
    ST_ACTIVE_COUNT,
    ST_ACTIVE_CTX_AT,
    ST_LOCK_BUCKETS_AT,
    ST_LOCK_COUNT,
    ST_LOCK_FREE,
    ST_LOCK_MASK,
)
from btree.txn_layout import (
    CTX_LOCKS,
    CTX_TRX,
    LOCK_CTX,
    LOCK_EXCLUSIVE,
    LOCK_HASH,
    LOCK_MODE,
    LOCK_NEXT,
    LOCK_OWNED,
)
from redo.codes import E_LOCK_WAIT, E_LOCKS_FULL
from redo.coding_kernels import hash_bytes, load_i64, store_i64
from redo.jit import helper
from redo.state import ST_WAIT_FOR


@helper
def active_place(st, mem, trx_id):
    """Place of an id among the active ones, or -1."""
    at = st[ST_ACTIVE_AT]
    low = 0
    high = st[ST_ACTIVE_COUNT]
    if high == 0 or trx_id < load_i64(mem, at):
        return -1
    while low < high:
        middle = (low + high) >> 1
        if load_i64(mem, at + 8 * middle) < trx_id:
            low = middle + 1
        else:
            high = middle
    if low < st[ST_ACTIVE_COUNT] and load_i64(mem, at + 8 * low) == trx_id:
        return low
    return -1


@helper
def writer_conflict(st, mem, ctx, trx_id):
    """E_LOCK_WAIT when the writer of a version is active and not `ctx`, else 0."""
    if trx_id == load_i64(mem, ctx + CTX_TRX):
        return 0
    place = active_place(st, mem, trx_id)
    if place < 0:
        return 0
    st[ST_WAIT_FOR] = load_i64(mem, st[ST_ACTIVE_CTX_AT] + 8 * place)
    return E_LOCK_WAIT


@helper
def lock_hash(mem, root, key, key_bytes):
    """What a lock on `key` in the tree `root` is filed under."""
    return (hash_bytes(mem, key, key_bytes) ^ (root * 0x9E3779B97F4A7C1)) & 0x7FFFFFFFFFFFFFFF


@helper
def lock_conflict(st, mem, ctx, root, key, key_bytes, mode):
    """E_LOCK_WAIT when another context's lock on the key excludes `mode`, else 0."""
    if st[ST_LOCK_COUNT] == 0:
        return 0
    hashed = lock_hash(mem, root, key, key_bytes)
    entry = load_i64(mem, st[ST_LOCK_BUCKETS_AT] + 8 * (hashed & st[ST_LOCK_MASK]))
    while entry:
        if load_i64(mem, entry + LOCK_HASH) == hashed:
            owner = load_i64(mem, entry + LOCK_CTX)
            exclusive = mode == LOCK_EXCLUSIVE or load_i64(mem, entry + LOCK_MODE) == LOCK_EXCLUSIVE
            if owner != ctx and exclusive:
                st[ST_WAIT_FOR] = owner
                return E_LOCK_WAIT
        entry = load_i64(mem, entry + LOCK_NEXT)
    return 0


@helper
def lock_take(st, mem, ctx, root, key, key_bytes, mode):
    """Own a lock on the key: 0, E_LOCK_WAIT or E_LOCKS_FULL with nothing done."""
    code = lock_conflict(st, mem, ctx, root, key, key_bytes, mode)
    if code < 0:
        return code
    hashed = lock_hash(mem, root, key, key_bytes)
    bucket = st[ST_LOCK_BUCKETS_AT] + 8 * (hashed & st[ST_LOCK_MASK])
    entry = load_i64(mem, bucket)
    while entry:
        if load_i64(mem, entry + LOCK_HASH) == hashed and load_i64(mem, entry + LOCK_CTX) == ctx:
            if mode > load_i64(mem, entry + LOCK_MODE):
                store_i64(mem, entry + LOCK_MODE, mode)
            return 0
        entry = load_i64(mem, entry + LOCK_NEXT)
    entry = st[ST_LOCK_FREE]
    if entry == 0:
        return E_LOCKS_FULL
    st[ST_LOCK_FREE] = load_i64(mem, entry + LOCK_NEXT)
    st[ST_LOCK_COUNT] += 1
    store_i64(mem, entry + LOCK_HASH, hashed)
    store_i64(mem, entry + LOCK_CTX, ctx)
    store_i64(mem, entry + LOCK_MODE, mode)
    store_i64(mem, entry + LOCK_NEXT, load_i64(mem, bucket))
    store_i64(mem, entry + LOCK_OWNED, load_i64(mem, ctx + CTX_LOCKS))
    store_i64(mem, bucket, entry)
    store_i64(mem, ctx + CTX_LOCKS, entry)
    return 0


@helper
def locks_release(st, mem, ctx):
    """Give back every lock entry of `ctx`."""
    entry = load_i64(mem, ctx + CTX_LOCKS)
    store_i64(mem, ctx + CTX_LOCKS, 0)
    while entry:
        hashed = load_i64(mem, entry + LOCK_HASH)
        link = st[ST_LOCK_BUCKETS_AT] + 8 * (hashed & st[ST_LOCK_MASK])
        while load_i64(mem, link) != entry:
            link = load_i64(mem, link) + LOCK_NEXT
        store_i64(mem, link, load_i64(mem, entry + LOCK_NEXT))
        owned = load_i64(mem, entry + LOCK_OWNED)
        store_i64(mem, entry + LOCK_NEXT, st[ST_LOCK_FREE])
        st[ST_LOCK_FREE] = entry
        st[ST_LOCK_COUNT] -= 1
        entry = owned
