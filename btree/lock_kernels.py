"""Record locks: who owns which key of which index, and who waits for it.

A row that somebody changed is locked by its own trx_id and has no entry here (an *implicit* lock)
until somebody waits for it: then its writer gets an entry. Other entries come from locking reads
and from duplicates. They are filed in a chained hash table in the arena, by (tree root, key), in
the order in which they came, waiting ones among them.

L1  A request is in the way of a later one, granted or not: nobody overtakes a waiter whom he
    conflicts with, unless that one waits for a lock of his own (else both would wait for ever).
L2  A granted entry passes to the next in the queue when it is given back (`lock_blockers`, called
    by `locks.py`), before anybody else can ask: a hot row is handed on, not fought for.
L3  Whoever must wait is told the holder (ST_WAIT_FOR), and what was asked for stays in ST_REQUEST_…
    until the next such answer: `lock_enqueue` files it.
L4  A new key is born only where no interval of another context holds the gap, and where no other
    context has or wants a lock on that very key.

Entries are released when their owner's transaction ends; only READ COMMITTED gives back earlier
what turned out not to match.
"""

from __future__ import annotations

from btree.gap_kernels import GAP_BIRTH, GAP_OTHERS, GAP_OWN, gap_holder, gaps_release
from btree.lock_memory_kernels import lock_alloc, lock_free
from btree.state import (
    ST_ACTIVE_AT,
    ST_ACTIVE_COUNT,
    ST_ACTIVE_CTX_AT,
    ST_GAP_COUNT,
    ST_LOCK_BUCKETS_AT,
    ST_LOCK_COUNT,
    ST_LOCK_MASK,
    ST_REQUEST_BYTES,
    ST_REQUEST_CTX,
    ST_REQUEST_IMPLICIT,
    ST_REQUEST_KEY,
    ST_REQUEST_KIND,
    ST_REQUEST_ROOT,
    ST_WAKE,
)
from btree.txn_layout import (
    CTX_GAP_COUNT,
    CTX_GAPS,
    CTX_LOCK_COUNT,
    CTX_LOCKS,
    CTX_RELEASED,
    CTX_TRX,
    CTX_WAITERS,
    LOCK_CHECK,
    LOCK_CTX,
    LOCK_EXCLUSIVE,
    LOCK_HASH,
    LOCK_INTENTION,
    LOCK_KEY,
    LOCK_KEY_BYTES,
    LOCK_KIND,
    LOCK_MODE,
    LOCK_NEXT,
    LOCK_OWNED,
    LOCK_PASSING,
    LOCK_ROOT,
    LOCK_WAITING,
)
from redo.codes import E_LOCK_WAIT
from redo.coding_kernels import compare, hash_bytes, load_i64, move, store_i64
from redo.jit import helper, kernel, routine
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
def _hash(mem, root, key, key_bytes):
    """What a lock on `key` in the tree `root` is filed under."""
    hashed = hash_bytes(mem, key, key_bytes) ^ (root * 0x1E3779B97F4A7C15 & 0x7FFFFFFFFFFFFFFF)
    return ((hashed ^ (hashed >> 32)) * 0x1E3779B97F4A7C15 >> 20) & 0x7FFFFFFFFFF


@helper
def _bucket(st, hashed):
    return st[ST_LOCK_BUCKETS_AT] + 8 * (hashed & st[ST_LOCK_MASK])


@helper
def _is_on(mem, node, hashed, root, key, key_bytes):
    """Whether an entry is about this key."""
    return (
        load_i64(mem, node + LOCK_HASH) == hashed
        and load_i64(mem, node + LOCK_ROOT) == root
        and compare(mem, node + LOCK_KEY, load_i64(mem, node + LOCK_KEY_BYTES), key, key_bytes) == 0
    )


@helper
def _refuse(st, mem, ctx, root, key, key_bytes, kind, holder, implicit):
    """E_LOCK_WAIT, with what `lock_enqueue` needs (L3)."""
    st[ST_WAIT_FOR] = holder
    st[ST_REQUEST_CTX] = ctx
    st[ST_REQUEST_ROOT] = root
    st[ST_REQUEST_BYTES] = key_bytes
    st[ST_REQUEST_KIND] = kind
    st[ST_REQUEST_IMPLICIT] = implicit
    move(mem, st[ST_REQUEST_KEY], key, key_bytes)
    return E_LOCK_WAIT


@routine
def writer_conflict(st, mem, ctx, trx_id, root, key, key_bytes, wanted):
    """E_LOCK_WAIT when the writer of the entry's newest version is active and not `ctx`, else 0."""
    if trx_id == load_i64(mem, ctx + CTX_TRX):
        return 0
    place = active_place(st, mem, trx_id)
    if place < 0:
        return 0
    holder = load_i64(mem, st[ST_ACTIVE_CTX_AT] + 8 * place)
    return _refuse(st, mem, ctx, root, key, key_bytes, wanted & ~LOCK_CHECK, holder, 1)


@helper
def _is_alone(st, mem, ctx):
    """Whether nobody but `ctx` has, or wants, a lock with an entry, or a gap."""
    records = st[ST_LOCK_COUNT] - load_i64(mem, ctx + CTX_LOCK_COUNT)
    return records + st[ST_GAP_COUNT] - load_i64(mem, ctx + CTX_GAP_COUNT) == 0


@helper
def _file(st, mem, ctx, hashed, root, key, key_bytes, kind):
    """A new entry at the end of its chain: where it is, or E_LOCKS_FULL."""
    node = lock_alloc(st, mem, LOCK_KEY + key_bytes)
    if node < 0:
        return node
    link = _bucket(st, hashed)
    while load_i64(mem, link):
        link = load_i64(mem, link) + LOCK_NEXT
    store_i64(mem, link, node)
    store_i64(mem, node + LOCK_NEXT, 0)
    store_i64(mem, node + LOCK_HASH, hashed)
    store_i64(mem, node + LOCK_CTX, ctx)
    store_i64(mem, node + LOCK_KIND, kind)
    store_i64(mem, node + LOCK_ROOT, root)
    store_i64(mem, node + LOCK_KEY_BYTES, key_bytes)
    move(mem, node + LOCK_KEY, key, key_bytes)
    store_i64(mem, node + LOCK_OWNED, load_i64(mem, ctx + CTX_LOCKS))
    store_i64(mem, ctx + CTX_LOCKS, node)
    store_i64(mem, ctx + CTX_LOCK_COUNT, load_i64(mem, ctx + CTX_LOCK_COUNT) + 1)
    st[ST_LOCK_COUNT] += 1
    return node


@routine
def lock_row(st, mem, ctx, root, key, key_bytes, wanted):
    """A lock on an entry of an index, which has no other active writer.

    wanted  LOCK_SHARED or LOCK_EXCLUSIVE; with LOCK_CHECK nothing is taken; LOCK_PASSING and
            LOCK_NOWAIT go into the request if there is to be a wait
    -> 0 | E_LOCK_WAIT | E_LOCKS_FULL, these with nothing done
    """
    mode = wanted & LOCK_MODE
    alone = _is_alone(st, mem, ctx)
    if alone and wanted & LOCK_CHECK:
        return 0
    hashed = _hash(mem, root, key, key_bytes)
    holder = queued = own = own_mode = 0
    node = load_i64(mem, _bucket(st, hashed)) if st[ST_LOCK_COUNT] else 0
    while node:
        kind = load_i64(mem, node + LOCK_KIND)
        if kind & LOCK_INTENTION == 0 and _is_on(mem, node, hashed, root, key, key_bytes):
            owner = load_i64(mem, node + LOCK_CTX)
            if owner == ctx:
                if kind & LOCK_WAITING == 0 and kind & LOCK_MODE > own_mode:
                    own = node
                    own_mode = kind & LOCK_MODE
            elif (kind | mode) & LOCK_EXCLUSIVE:
                if kind & LOCK_WAITING:
                    queued = owner
                else:
                    holder = owner
        node = load_i64(mem, node + LOCK_NEXT)
    if own_mode >= mode:
        if wanted & LOCK_CHECK == 0:
            store_i64(mem, own + LOCK_KIND, own_mode)  # no longer in passing
        return 0
    if load_i64(mem, ctx + CTX_GAP_COUNT):
        if gap_holder(st, mem, ctx, root, key, key_bytes, GAP_OWN, mode, 0, 0):
            return 0
        own |= gap_holder(st, mem, ctx, root, key, key_bytes, GAP_OWN, 0, 0, 0)
    if not alone:
        if holder == 0:
            holder = gap_holder(st, mem, ctx, root, key, key_bytes, GAP_OTHERS, mode, 0, 0)
        if holder == 0 and own == 0:
            holder = queued
        if holder:
            asked = wanted & ~LOCK_CHECK
            return _refuse(st, mem, ctx, root, key, key_bytes, asked, holder, 0)
    if wanted & LOCK_CHECK:
        return 0
    return min(_file(st, mem, ctx, hashed, root, key, key_bytes, mode), 0)


@routine
def lock_birth(st, mem, ctx, root, key, key_bytes):
    """May `ctx` put a new entry here (L4)? 0 or E_LOCK_WAIT."""
    if _is_alone(st, mem, ctx):
        return 0
    hashed = _hash(mem, root, key, key_bytes)
    holder = own = 0
    node = load_i64(mem, _bucket(st, hashed)) if st[ST_LOCK_COUNT] else 0
    while node:
        kind = load_i64(mem, node + LOCK_KIND)
        if kind & LOCK_INTENTION == 0 and _is_on(mem, node, hashed, root, key, key_bytes):
            owner = load_i64(mem, node + LOCK_CTX)
            if owner != ctx:
                holder = owner
            elif kind == LOCK_EXCLUSIVE:
                own = node
        node = load_i64(mem, node + LOCK_NEXT)
    if holder and own == 0:
        return _refuse(st, mem, ctx, root, key, key_bytes, LOCK_EXCLUSIVE, holder, 0)
    if st[ST_GAP_COUNT] > load_i64(mem, ctx + CTX_GAP_COUNT):
        holder = gap_holder(st, mem, ctx, root, key, key_bytes, GAP_BIRTH, LOCK_EXCLUSIVE, 0, 0)
        if holder:
            kind = LOCK_EXCLUSIVE | LOCK_INTENTION
            return _refuse(st, mem, ctx, root, key, key_bytes, kind, holder, 0)
    return 0


@routine
def lock_keep(st, mem, ctx, root, key, key_bytes):
    """The writer of a row is about to lose its implicit lock: an entry instead. 0, E_LOCKS_FULL."""
    hashed = _hash(mem, root, key, key_bytes)
    node = load_i64(mem, _bucket(st, hashed))
    while node:
        if _is_on(mem, node, hashed, root, key, key_bytes):
            kind = load_i64(mem, node + LOCK_KIND)
            if load_i64(mem, node + LOCK_CTX) == ctx and kind == LOCK_EXCLUSIVE:
                return 0
        node = load_i64(mem, node + LOCK_NEXT)
    return min(_file(st, mem, ctx, hashed, root, key, key_bytes, LOCK_EXCLUSIVE), 0)


@kernel("i8(i8[::1], u1[::1], i8)")
def lock_enqueue(st, mem, ctx):
    """File the request that has just met E_LOCK_WAIT: its entry, or E_LOCKS_FULL."""
    root, key, key_bytes = st[ST_REQUEST_ROOT], st[ST_REQUEST_KEY], st[ST_REQUEST_BYTES]
    if st[ST_REQUEST_IMPLICIT]:
        code = lock_keep(st, mem, st[ST_WAIT_FOR], root, key, key_bytes)
        if code < 0:
            return code
    kind = st[ST_REQUEST_KIND] & (LOCK_MODE | LOCK_INTENTION | LOCK_PASSING) | LOCK_WAITING
    return _file(st, mem, ctx, _hash(mem, root, key, key_bytes), root, key, key_bytes, kind)


@helper
def _unchain(st, mem, node):
    """Take an entry out of its chain and give its memory back."""
    link = _bucket(st, load_i64(mem, node + LOCK_HASH))
    while load_i64(mem, link) != node:
        link = load_i64(mem, link) + LOCK_NEXT
    store_i64(mem, link, load_i64(mem, node + LOCK_NEXT))
    lock_free(st, mem, node, LOCK_KEY + load_i64(mem, node + LOCK_KEY_BYTES))
    st[ST_LOCK_COUNT] -= 1


@helper
def _tell(st, mem, ctx):
    """`ctx` has given something back: whoever watches it looks again."""
    if load_i64(mem, ctx + CTX_WAITERS):
        store_i64(mem, ctx + CTX_RELEASED, 1)
        st[ST_WAKE] += 1


@helper
def _drop(st, mem, ctx, node):
    """Give one entry back, owned or waited for."""
    link = ctx + CTX_LOCKS
    while load_i64(mem, link) != node:
        link = load_i64(mem, link) + LOCK_OWNED
    store_i64(mem, link, load_i64(mem, node + LOCK_OWNED))
    _unchain(st, mem, node)
    store_i64(mem, ctx + CTX_LOCK_COUNT, load_i64(mem, ctx + CTX_LOCK_COUNT) - 1)
    _tell(st, mem, ctx)


@helper
def _found(mem, out, count, room, ctx):
    """Add a context to those at `out` from the second on, if there is room: how many now."""
    for i in range(1, count):
        if load_i64(mem, out + 8 * i) == ctx:
            return count
    if count < room:
        store_i64(mem, out + 8 * count, ctx)
        count += 1
    return count


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def lock_blockers(st, mem, wait, out, room, grant):
    """Who is in the way of an entry that waits.

    out    first the context whose locks to watch (the last of the queue before this one), then
           those that must end first, as far as there is room for them
    grant  1: if nobody is, it becomes a lock (an intention goes: it only waits)
    ->     0: nobody; otherwise the number of contexts at `out`, the first included
    """
    ctx = load_i64(mem, wait + LOCK_CTX)
    kind = load_i64(mem, wait + LOCK_KIND)
    hashed = load_i64(mem, wait + LOCK_HASH)
    root = load_i64(mem, wait + LOCK_ROOT)
    key = wait + LOCK_KEY
    key_bytes = load_i64(mem, wait + LOCK_KEY_BYTES)
    mode = kind & LOCK_MODE
    count = 1
    queued = own = before = 0
    node = load_i64(mem, _bucket(st, hashed))
    while node:
        if node == wait:
            before = queued
        other = load_i64(mem, node + LOCK_KIND)
        if other & LOCK_INTENTION == 0 and _is_on(mem, node, hashed, root, key, key_bytes):
            owner = load_i64(mem, node + LOCK_CTX)
            if owner == ctx:
                if other & LOCK_WAITING == 0:
                    own = 1
            elif (other | mode) & LOCK_EXCLUSIVE:
                if other & LOCK_WAITING == 0:
                    count = _found(mem, out, count, room, owner)
                else:
                    queued = owner
        node = load_i64(mem, node + LOCK_NEXT)
    if kind & LOCK_INTENTION:
        count = 1
        before = 0
    want = GAP_BIRTH if kind & LOCK_INTENTION else GAP_OTHERS
    if count < room:
        at = out + 8 * count
        count += gap_holder(st, mem, ctx, root, key, key_bytes, want, mode, at, room - count)
    if own or gap_holder(st, mem, ctx, root, key, key_bytes, GAP_OWN, 0, 0, 0):
        before = 0
    if count == 1 and before:
        count = _found(mem, out, count, room, before)
    if count == 1:
        if grant and kind & LOCK_INTENTION:
            _drop(st, mem, ctx, wait)
        elif grant:
            store_i64(mem, wait + LOCK_KIND, kind & ~LOCK_WAITING)
        return 0
    store_i64(mem, out, before if before else load_i64(mem, out + 8))
    return count


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def lock_drop(st, mem, ctx, node):
    """`_drop` for Python: a wait was given up."""
    _drop(st, mem, ctx, node)
    return 0


@routine
def lock_passed(st, mem, ctx):
    """A scan that waited for a row goes on: if the row did not match, its lock is given back."""
    node = load_i64(mem, ctx + CTX_LOCKS)
    while node and load_i64(mem, node + LOCK_KIND) & LOCK_PASSING:
        _drop(st, mem, ctx, node)
        node = load_i64(mem, ctx + CTX_LOCKS)
    return 0


@routine
def locks_release(st, mem, ctx):
    """Give back every lock of `ctx`."""
    node = load_i64(mem, ctx + CTX_LOCKS)
    store_i64(mem, ctx + CTX_LOCKS, 0)
    while node:
        following = load_i64(mem, node + LOCK_OWNED)
        _unchain(st, mem, node)
        node = following
    store_i64(mem, ctx + CTX_LOCK_COUNT, 0)
    if load_i64(mem, ctx + CTX_GAPS):
        gaps_release(st, mem, ctx)
    _tell(st, mem, ctx)
    return 0
