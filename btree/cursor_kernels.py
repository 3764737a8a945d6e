"""Range scans: batches of rows that a transaction sees, in index order, forward or backward.

A bound is a key or the beginning of one; an entry that begins with the bound counts as equal to it.
`cursor_open` turns bounds into plain byte strings [from, to): "after everything that begins with k"
is k with its last byte increased.

A cursor remembers the last key it has passed and, as a hint, leaf, slot and page_lsn. While the
leaf still has that LSN it goes on from the slot; otherwise it finds its place again by key. So
anything may happen between two calls: fetches, splits, changes by this or other transactions.

The block is `CURSOR_BYTES` at `cursor`, 8-byte aligned; its contents before `cursor_open` do not
matter.
"""

from __future__ import annotations

from btree.ahead_kernels import ahead_leaf, ahead_leaves
from btree.element_kernels import entry_key, row_has_key
from btree.layout import (
    AHEAD_MAX,
    LEFT_AT,
    RIGHT_AT,
)
from btree.lock_kernels import lock_passed
from btree.locking_scan_kernels import scan_row
from btree.mvcc_kernels import version_seen, version_start, view_sees
from btree.page_kernels import page_count, page_search
from btree.pool_kernels import pool_find, pool_peek
from btree.range_lock_kernels import lock_mode, scan_begin, scan_end, scan_reach
from btree.row_find_kernels import keeps_gaps, mode_of, row_current, row_stand
from btree.row_keys_kernels import WHICH_WALK, index_root, key_at, key_make
from btree.rows_kernels import row_is_old, row_upgrade
from btree.settled_kernels import leaf_soon, settled_run
from btree.state import (
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_AT,
    ST_ROWS_READ,
    ST_VALUE_BYTES,
)
from btree.tree_kernels import (
    leaf_key,
    leaf_key_bytes,
    leaf_previous,
    leaf_value,
    leaf_value_start,
    spill_reset,
    tree_find,
    tree_last,
)
from btree.txn_layout import (
    CTX_TRX,
    CUR_AHEAD,
    CUR_AT_BYTES,
    CUR_AT_INCLUSIVE,
    CUR_AT_KEY,
    CUR_BACKWARD,
    CUR_CTX,
    CUR_DONE,
    CUR_GAP,
    CUR_INDEX,
    CUR_KEY_ROOM,
    CUR_LAST_BYTES,
    CUR_LSN,
    CUR_MODE,
    CUR_NEXT_ROW,
    CUR_PAGE,
    CUR_ROOT,
    CUR_SLOT,
    CUR_STOP_BYTES,
    CUR_STOP_KEY,
    CUR_TABLE,
    GAPLESS,
    MODE_KIND,
    MODE_PASSING,
    MODE_SNAPSHOT,
    MODE_UNIQUE,
    ROW_AGAIN,
    ROW_PLAIN,
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
)
from redo.codes import E_PAGE_MISS, E_TOO_BIG
from redo.coding_kernels import (
    head_of,
    load_i64,
    load_u8,
    load_u16,
    move,
    store_i64,
    store_u8,
)
from redo.image import PAGE_LSN_AT
from redo.jit import helper, kernel, routine


@helper
def _key_after(mem, key, count):
    """Make a key the first string after all that begin with it; its bytes, -1: there is none."""
    while count > 0 and load_u8(mem, key + count - 1) == 255:
        count -= 1
    if count == 0:
        return -1
    store_u8(mem, key + count - 1, load_u8(mem, key + count - 1) + 1)
    return count


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8)")
def cursor_open(
    st, mem, ctx, cursor, table, index, low, low_bytes, low_inclusive, high, high_bytes,
    high_inclusive, backward, mode,
):  # fmt: skip
    """Prepare a scan of one index; touches no page. 0, or E_TOO_BIG for a bound over the room.

    low, high   bounds, as `key_append` makes them; bytes -1: no bound on that side
    backward    1: from high to low
    mode        MODE_SNAPSHOT, MODE_EXCLUSIVE or MODE_SHARED, and MODE_ bits
    """
    if low_bytes > CUR_KEY_ROOM or high_bytes > CUR_KEY_ROOM:
        return E_TOO_BIG
    begin = cursor + CUR_STOP_KEY if backward else cursor + CUR_AT_KEY
    end = cursor + CUR_AT_KEY if backward else cursor + CUR_STOP_KEY
    done = 0
    if low_bytes > 0:
        move(mem, begin, low, low_bytes)
        if not low_inclusive:
            low_bytes = _key_after(mem, begin, low_bytes)
            if low_bytes < 0:
                done = 1
    low_bytes = max(low_bytes, 0)
    store_i64(mem, cursor + CUR_LAST_BYTES, high_bytes if high_inclusive else -1)
    if high_bytes >= 0:
        move(mem, end, high, high_bytes)
        if high_inclusive:
            high_bytes = _key_after(mem, end, high_bytes)
    store_i64(mem, cursor + CUR_CTX, ctx)
    store_i64(mem, cursor + CUR_TABLE, table)
    store_i64(mem, cursor + CUR_INDEX, index)
    store_i64(mem, cursor + CUR_ROOT, index_root(mem, table, index))
    mode = mode_of(st, mem, ctx, mode)
    gapless = mode & MODE_KIND == MODE_SNAPSHOT or not keeps_gaps(mem, ctx)
    store_i64(mem, cursor + CUR_MODE, mode)
    store_i64(mem, cursor + CUR_GAP, GAPLESS if gapless else 0)
    store_i64(mem, cursor + CUR_NEXT_ROW, ROW_PLAIN)
    store_i64(mem, cursor + CUR_BACKWARD, backward)
    store_i64(mem, cursor + CUR_AT_BYTES, high_bytes if backward else low_bytes)
    store_i64(mem, cursor + CUR_STOP_BYTES, low_bytes if backward else high_bytes)
    store_i64(mem, cursor + CUR_AT_INCLUSIVE, 1)
    store_i64(mem, cursor + CUR_PAGE, 0)
    store_i64(mem, cursor + CUR_AHEAD, 0)
    store_i64(mem, cursor + CUR_DONE, done)
    return 0


@routine
def _clustered_row(st, mem, ctx, frame, slot):
    """The row of a clustered slot as the view of `ctx` shows it: offset, 0: none, or a code."""
    value = leaf_value(st, mem, frame, slot)
    if value < 0:
        return value
    version_start(st, mem, value, st[ST_VALUE_BYTES])
    code = version_seen(st, mem, ctx)
    if code <= 0:
        return code
    return st[ST_ROW_AT]


@routine
def _secondary_row(st, mem, ctx, table, index, frame, slot):
    """The clustered row behind a secondary slot, if the view shows it under that key (S1, S2)."""
    entry = leaf_key(st, mem, frame, slot)
    count = leaf_key_bytes(st, mem, frame, slot)
    value = leaf_value_start(st, mem, frame, slot)
    trx_id = load_i64(mem, value + S_TRX)
    deleted = load_u8(mem, value + S_DELETED)
    pk_bytes = load_u16(mem, value + S_KEY_BYTES)
    pk = entry + count - pk_bytes
    # One's own entry is not believed: what a savepoint's rollback leaves may be older than it says.
    believed = trx_id != load_i64(mem, ctx + CTX_TRX) and view_sees(mem, ctx, trx_id)
    if believed and deleted:
        return 0
    code = row_stand(st, mem, index_root(mem, table, 0), pk, pk_bytes)
    if code == 1:
        code = version_seen(st, mem, ctx)
    if code <= 0:
        return code
    if not believed:
        row = st[ST_ROW_AT]
        code = row_has_key(st, mem, table, index, row, entry, count)
        if code <= 0:
            return code
    return st[ST_ROW_AT]


@helper
def _finish(st, mem, cursor, frame, edge):
    """The range ends at `edge`: 0, or a code with the scan still before its end."""
    if load_i64(mem, cursor + CUR_GAP) > 0:
        slot = edge
        if load_i64(mem, cursor + CUR_BACKWARD):
            st[ST_LEAF_FRAME] = frame
            st[ST_LEAF_SLOT] = edge
            found = leaf_previous(st, mem)
            if found < 0:
                return found
            slot = -1
            if found:
                frame, slot = st[ST_LEAF_FRAME], st[ST_LEAF_SLOT]
                code = scan_row(st, mem, cursor, frame, slot)
                if code < 0:
                    return code
        code = scan_end(st, mem, cursor, frame, slot)
        if code < 0:
            return code
    store_i64(mem, cursor + CUR_DONE, 1)
    return 0


@helper
def _cursor_place(st, mem, cursor):
    """Frame to go on in, its slot in ST_LEAF_SLOT (backward: one past it); or a code."""
    page_no = load_i64(mem, cursor + CUR_PAGE)
    if page_no:
        frame = pool_peek(st, mem, page_no)
        if frame >= 0 and load_i64(mem, frame + PAGE_LSN_AT) == load_i64(mem, cursor + CUR_LSN):
            st[ST_LEAF_SLOT] = load_i64(mem, cursor + CUR_SLOT)
            return frame
    root = load_i64(mem, cursor + CUR_ROOT)
    count = load_i64(mem, cursor + CUR_AT_BYTES)
    if count < 0:
        code = tree_last(st, mem, root)
        st[ST_LEAF_SLOT] += code == 1
    else:
        code = tree_find(st, mem, root, cursor + CUR_AT_KEY, count)
        if code == 1 and not load_i64(mem, cursor + CUR_AT_INCLUSIVE):
            st[ST_LEAF_SLOT] += 1
    if code < 0:
        return code
    return st[ST_LEAF_FRAME]


@helper
def _cursor_keep(st, mem, cursor, frame, slot, passed):
    """Remember where the cursor stands; passed: the slot whose key is behind it, -1: none here."""
    if passed >= 0:
        count = leaf_key_bytes(st, mem, frame, passed)
        move(mem, cursor + CUR_AT_KEY, leaf_key(st, mem, frame, passed), count)
        store_i64(mem, cursor + CUR_AT_BYTES, count)
        backward = load_i64(mem, cursor + CUR_BACKWARD)
        store_i64(mem, cursor + CUR_AT_INCLUSIVE, backward)
        if load_i64(mem, cursor + CUR_GAP) > 0 and not load_i64(mem, cursor + CUR_DONE):
            scan_reach(st, mem, cursor, frame, passed)
    store_i64(mem, cursor + CUR_PAGE, load_i64(mem, frame))
    store_i64(mem, cursor + CUR_LSN, load_i64(mem, frame + PAGE_LSN_AT))
    store_i64(mem, cursor + CUR_SLOT, slot)


@helper
def _leaf_edge(st, mem, cursor, frame, backward):
    """Slot at which the range ends in this leaf; ST_LEAF_SLOT 1: it ends here, 0: goes on."""
    count = page_count(mem, frame)
    stop_bytes = load_i64(mem, cursor + CUR_STOP_BYTES)
    stop = cursor + CUR_STOP_KEY
    edge = 0 if backward else count
    if stop_bytes > 0 or (stop_bytes == 0 and not backward):
        head = head_of(mem, stop, stop_bytes)
        edge = page_search(st, mem, frame, 0, head, stop, stop_bytes) >> 1
    st[ST_LEAF_SLOT] = edge > 0 if backward else edge < count
    return edge


@routine
def _look_ahead(st, mem, cursor, frame, slot):
    """A page is missing: leave word of those the scan comes to next, twice as many as before."""
    limit = min(AHEAD_MAX, 2 * load_i64(mem, cursor + CUR_AHEAD))
    store_i64(mem, cursor + CUR_AHEAD, max(limit, 1))
    count = page_count(mem, frame)
    backward = load_i64(mem, cursor + CUR_BACKWARD)
    edge = 0 if backward else count
    if limit == 0 or count == 0:
        return 0
    if slot == edge or load_i64(mem, cursor + CUR_INDEX) == 0:
        key = leaf_key(st, mem, frame, 0)
        key_bytes = leaf_key_bytes(st, mem, frame, 0)
        root = load_i64(mem, cursor + CUR_ROOT)
        return ahead_leaves(st, mem, root, key, key_bytes, -1 if backward else 1, limit)
    root = index_root(mem, load_i64(mem, cursor + CUR_TABLE), 0)
    at = slot - 1 if backward else slot
    found = 0
    for _ in range(4 * limit):
        if at < 0 or at >= count or found >= limit:
            break
        value = leaf_value_start(st, mem, frame, at)
        pk_bytes = load_u16(mem, value + S_KEY_BYTES)
        end = leaf_key(st, mem, frame, at) + leaf_key_bytes(st, mem, frame, at)
        found = ahead_leaf(st, mem, root, end - pk_bytes, pk_bytes, found)
        at += -1 if backward else 1
    return found


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def cursor_next(st, mem, cursor, rows_out, limit):
    """Up to `limit` row offsets at `rows_out` (int64 words): how many, 0 at the end, or a code.

    A code is returned only when there is no row to give first; call again after answering it.
    Offsets are good until the next fetch or change.
    """
    ctx = load_i64(mem, cursor + CUR_CTX)
    mode = load_i64(mem, cursor + CUR_MODE)
    locks = mode & MODE_KIND != MODE_SNAPSHOT
    if mode & MODE_PASSING and load_i64(mem, cursor + CUR_NEXT_ROW) == ROW_PLAIN:
        lock_passed(st, mem, ctx)
    if load_i64(mem, cursor + CUR_DONE):
        return 0
    spill_reset(st)
    frame = _cursor_place(st, mem, cursor)
    if frame < 0:
        return frame
    table = load_i64(mem, cursor + CUR_TABLE)
    index = load_i64(mem, cursor + CUR_INDEX)
    backward = load_i64(mem, cursor + CUR_BACKWARD)
    step = -1 if backward else 1
    settled = index == 0 and not locks
    slot = st[ST_LEAF_SLOT]
    passed = -1
    n = 0
    code = 0
    if locks and load_i64(mem, cursor + CUR_GAP) == 0:
        code = scan_begin(st, mem, cursor, frame, slot)
        if code < 0:
            return code
    while True:
        edge = _leaf_edge(st, mem, cursor, frame, backward)
        ends_here = st[ST_LEAF_SLOT]
        if settled and not ends_here:
            leaf_soon(st, mem, load_i64(mem, frame + (LEFT_AT if backward else RIGHT_AT)))
        while (slot > edge if backward else slot < edge) and n < limit:
            at = slot - 1 if backward else slot
            if settled:
                slots = min(limit - n, (edge - slot) * step)
                run = settled_run(st, mem, ctx, table, frame, at, slots, step, rows_out + 8 * n)
                if run > 0:
                    n += run
                    slot += run * step
                    passed = slot - step - backward
                    continue
            if locks:
                row = scan_row(st, mem, cursor, frame, at)
            elif index == 0:
                row = _clustered_row(st, mem, ctx, frame, at)
            else:
                row = _secondary_row(st, mem, ctx, table, index, frame, at)
            if row < 0:
                code = row
                break
            if row > 0 and row_is_old(mem, table, row):
                row = row_upgrade(st, mem, table, row)
                if row < 0:
                    code = row
                    break
            if row > 0:
                store_i64(mem, rows_out + 8 * n, row)
                n += 1
            passed = at
            slot += step
            if row > 0 and locks and mode & MODE_UNIQUE:
                store_i64(mem, cursor + CUR_DONE, 1)
                break
        if code < 0 or n == limit or load_i64(mem, cursor + CUR_DONE):
            break
        page_no = load_i64(mem, frame + (LEFT_AT if backward else RIGHT_AT))
        following = 0
        if not ends_here and page_no != 0:
            following = pool_find(st, mem, page_no)
            if following < 0:
                code = following
                break
        _cursor_keep(st, mem, cursor, frame, slot, passed)
        if following == 0:
            code = _finish(st, mem, cursor, frame, edge)
            break
        frame = following
        passed = -1
        slot = page_count(mem, frame) if backward else 0
    _cursor_keep(st, mem, cursor, frame, slot, passed)
    st[ST_ROWS_READ] += n
    if n > 0:
        return n
    if code == E_PAGE_MISS:
        _look_ahead(st, mem, cursor, frame, slot)
    return code


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def row_lock(st, mem, ctx, table, row, mode):
    """READ COMMITTED: lock a row that a MODE_PASSING scan has given and that matches.

    -> 0, or E_LOCK_WAIT: it was looked at as it was committed (`cursor_again`), or E_LOCKS_FULL …
    """
    if keeps_gaps(mem, ctx):
        return 0
    count = key_make(st, mem, table, 0, WHICH_WALK, row)
    root = index_root(mem, table, 0)
    key = key_at(st, 0, WHICH_WALK)
    code = row_current(st, mem, ctx, root, key, count, lock_mode(mode))
    return min(code, 0)


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def cursor_again(st, mem, cursor, row):
    """Go back to a row that the last call gave; it is waited for this time. 0 or a code."""
    table = load_i64(mem, cursor + CUR_TABLE)
    index = load_i64(mem, cursor + CUR_INDEX)
    stop = cursor + CUR_STOP_KEY
    stop_bytes = max(0, load_i64(mem, cursor + CUR_STOP_BYTES))
    count = entry_key(st, mem, table, index, WHICH_WALK, row, stop, stop_bytes)
    if count < 0:
        return count
    move(mem, cursor + CUR_AT_KEY, key_at(st, index, WHICH_WALK), count)
    store_i64(mem, cursor + CUR_AT_BYTES, count)
    backward = load_i64(mem, cursor + CUR_BACKWARD)
    store_i64(mem, cursor + CUR_AT_INCLUSIVE, 0 if backward else 1)
    store_i64(mem, cursor + CUR_PAGE, 0)
    store_i64(mem, cursor + CUR_DONE, 0)
    store_i64(mem, cursor + CUR_NEXT_ROW, ROW_AGAIN)
    return 0
