"""Read views: which versions a transaction sees, and walking to the newest of them.

A view is (low, high, ids): everything below low is visible, everything from high on is not, and in
between what is not in `ids`. Own changes always are.

V1  An undo pointer is followed only from a version whose trx_id is not below ``st[ST_PURGE_LOW]``,
    because purge may have freed what older versions lead to. Walks of a view obey it by themselves:
    a version invisible to any open view was written by somebody at or above that limit.
V2  The limit never sinks: a new view's low is at least the lowest active id.
V4  The writer says to which limit it would purge, and then looks at what followers hold. A follower
    says what it holds, and then looks at that limit: one that has just come serves nobody until its
    views show everything below it. So one of the two sees the other.
V3  A follower's view is read from the system pages at its applied LSN, so it equals the view the
    writer would have opened there.
"""

from __future__ import annotations

from btree.pool_kernels import pool_find
from btree.space_kernels import overflow_read
from btree.state import (
    ST_ACTIVE_AT,
    ST_ACTIVE_COUNT,
    ST_CTX_HEAD,
    ST_NEXT_TRX,
    ST_PURGE_LOW,
    ST_ROW_AT,
    ST_ROW_BYTES,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_ROW_UNDO,
    ST_SPILL_END,
    ST_SPILL_NEXT,
    ST_SPILL_WANTED,
)
from btree.txn_layout import (
    C_DELETED,
    C_ROW,
    C_TRX,
    C_UNDO,
    CTX_ISOLATION,
    CTX_NEXT,
    CTX_TRX,
    CTX_VIEW_COUNT,
    CTX_VIEW_HIGH,
    CTX_VIEW_IDS,
    CTX_VIEW_LOW,
    CTX_VIEW_OPEN,
    CTX_VIEW_ROOM,
    IMAGE_SPILLED,
    ISOLATION_READ_UNCOMMITTED,
    PREVIOUS_DELETED,
    SLOT_BYTES,
    SLOTS_AT,
    SYS_NEXT_SLOTS,
    SYS_NEXT_TRX,
    SYS_SLOT_COUNT,
    SYSTEM_PAGE,
    U_FLAGS,
    U_KEY,
    U_KEY_BYTES,
    U_KIND,
    U_ROW_BYTES,
    U_ROW_TRX,
    U_ROW_UNDO,
    UNDO_INSERT,
)
from redo.codes import E_SPILL_FULL, E_TOO_MANY
from redo.coding_kernels import (
    atomic_load,
    atomic_store,
    fence,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_i64,
)
from redo.control import (
    CTRL_PURGE_LOW,
    CTRL_REPLICA,
    REPLICA_STRIDE,
    REPLICA_VIEW_LOW,
    REPLICAS_MAX,
)
from redo.jit import helper, routine
from redo.state import ST_READ_ONLY

EVERYTHING = 1 << 62


@helper
def view_sees(mem, ctx, trx_id):
    """1 when the view of `ctx` shows what `trx_id` wrote, else 0."""
    if trx_id < load_i64(mem, ctx + CTX_VIEW_LOW) or trx_id == load_i64(mem, ctx + CTX_TRX):
        return 1
    if trx_id >= load_i64(mem, ctx + CTX_VIEW_HIGH):
        return 0
    at = load_i64(mem, ctx + CTX_VIEW_IDS)
    low = 0
    high = load_i64(mem, ctx + CTX_VIEW_COUNT)
    while low < high:
        middle = (low + high) >> 1
        active = load_i64(mem, at + 8 * middle)
        if active == trx_id:
            return 0
        if active < trx_id:
            low = middle + 1
        else:
            high = middle
    return 1


@helper
def _view_of_stream(st, mem, ctx):
    """The view at the LSN this follower has applied, from the slots of the system pages."""
    ids = load_i64(mem, ctx + CTX_VIEW_IDS)
    room = load_i64(mem, ctx + CTX_VIEW_ROOM)
    frame = pool_find(st, mem, SYSTEM_PAGE)
    if frame < 0:
        return frame
    next_trx = load_i64(mem, frame + SYS_NEXT_TRX)
    count = 0
    while True:
        slots = load_i64(mem, frame + SYS_SLOT_COUNT)
        for i in range(slots):
            trx_id = load_i64(mem, frame + SLOTS_AT + SLOT_BYTES * i)
            if trx_id == 0:
                continue
            if count == room:
                return E_TOO_MANY
            place = count
            while place > 0 and load_i64(mem, ids + 8 * (place - 1)) > trx_id:
                store_i64(mem, ids + 8 * place, load_i64(mem, ids + 8 * (place - 1)))
                place -= 1
            store_i64(mem, ids + 8 * place, trx_id)
            count += 1
        page_no = load_i64(mem, frame + SYS_NEXT_SLOTS)
        if page_no == 0:
            break
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
    store_i64(mem, ctx + CTX_VIEW_COUNT, count)
    store_i64(mem, ctx + CTX_VIEW_HIGH, next_trx)
    store_i64(mem, ctx + CTX_VIEW_LOW, load_i64(mem, ids) if count else next_trx)
    return 0


@routine
def view_open(st, mem, ctx):
    """Open the view of `ctx` on this moment: 0, E_PAGE_MISS or E_TOO_MANY."""
    if load_i64(mem, ctx + CTX_ISOLATION) == ISOLATION_READ_UNCOMMITTED:
        store_i64(mem, ctx + CTX_VIEW_COUNT, 0)
        store_i64(mem, ctx + CTX_VIEW_LOW, EVERYTHING)
        store_i64(mem, ctx + CTX_VIEW_HIGH, EVERYTHING)
    elif st[ST_READ_ONLY]:
        code = _view_of_stream(st, mem, ctx)
        if code < 0:
            return code
    else:
        count = st[ST_ACTIVE_COUNT]
        if count > load_i64(mem, ctx + CTX_VIEW_ROOM):
            return E_TOO_MANY
        ids = load_i64(mem, ctx + CTX_VIEW_IDS)
        move(mem, ids, st[ST_ACTIVE_AT], 8 * count)
        store_i64(mem, ctx + CTX_VIEW_COUNT, count)
        store_i64(mem, ctx + CTX_VIEW_HIGH, st[ST_NEXT_TRX])
        store_i64(mem, ctx + CTX_VIEW_LOW, load_i64(mem, ids) if count else st[ST_NEXT_TRX])
    store_i64(mem, ctx + CTX_VIEW_OPEN, 1)
    return 0


@helper
def followers_low(st, mem, low):
    """`low`, or the lowest id that some follower's view might not show, if that is lower (V4)."""
    if st[ST_READ_ONLY]:
        return low
    if low > atomic_load(mem, CTRL_PURGE_LOW):
        atomic_store(mem, CTRL_PURGE_LOW, low)
        fence()
    for i in range(REPLICAS_MAX):
        held = atomic_load(mem, CTRL_REPLICA + i * REPLICA_STRIDE + REPLICA_VIEW_LOW)
        if held != 0:
            low = min(low, held)
    return low


@routine
def purge_low(st, mem):
    """Lowest trx_id that some view, now or later, on any instance, might not show; stored."""
    low = st[ST_NEXT_TRX]
    if st[ST_ACTIVE_COUNT]:
        low = min(low, load_i64(mem, st[ST_ACTIVE_AT]))
    ctx = st[ST_CTX_HEAD]
    while ctx:
        if load_i64(mem, ctx + CTX_VIEW_OPEN):
            low = min(low, load_i64(mem, ctx + CTX_VIEW_LOW))
        ctx = load_i64(mem, ctx + CTX_NEXT)
    low = max(followers_low(st, mem, low), st[ST_PURGE_LOW])
    st[ST_PURGE_LOW] = low
    return low


@helper
def version_start(st, mem, value, value_bytes):
    """Stand on the newest version: the clustered leaf value at `value`."""
    st[ST_ROW_TRX] = load_i64(mem, value + C_TRX)
    st[ST_ROW_UNDO] = load_i64(mem, value + C_UNDO)
    st[ST_ROW_DELETED] = load_u8(mem, value + C_DELETED)
    st[ST_ROW_AT] = value + C_ROW
    st[ST_ROW_BYTES] = value_bytes - C_ROW


@routine
def version_of_record(st, mem, record):
    """Stand on the version an undo record keeps: 1, E_PAGE_MISS, E_SPILL_FULL."""
    row = record + U_KEY + load_u16(mem, record + U_KEY_BYTES)
    count = load_u16(mem, record + U_ROW_BYTES)
    if load_u8(mem, record + U_FLAGS) & IMAGE_SPILLED:
        out = st[ST_SPILL_NEXT]
        count = load_u32(mem, row + 8)
        if out + count > st[ST_SPILL_END]:
            st[ST_SPILL_WANTED] = count
            return E_SPILL_FULL
        code = overflow_read(st, mem, load_i64(mem, row), count, out)
        if code < 0:
            return code
        st[ST_SPILL_NEXT] = out + ((count + 7) & -8)
        row = out
    st[ST_ROW_TRX] = load_i64(mem, record + U_ROW_TRX)
    st[ST_ROW_UNDO] = load_i64(mem, record + U_ROW_UNDO)
    st[ST_ROW_DELETED] = load_u8(mem, record + U_FLAGS) & PREVIOUS_DELETED
    st[ST_ROW_AT] = row
    st[ST_ROW_BYTES] = count
    return 1


@helper
def version_older(st, mem):
    """Step to the version before: 1, 0 when there is none, E_PAGE_MISS, E_SPILL_FULL. Mind V1."""
    undo = st[ST_ROW_UNDO]
    if undo == 0:
        return 0
    frame = pool_find(st, mem, undo >> 16)
    if frame < 0:
        return frame
    record = frame + (undo & 0xFFFF)
    if load_u8(mem, record + U_KIND) == UNDO_INSERT:
        return 0
    return version_of_record(st, mem, record)


@helper
def version_seen(st, mem, ctx):
    """From the version stood on, walk to the one `ctx` sees.

    -> 1 and ST_ROW_… is it; 0: there is none, or it is a deletion; E_PAGE_MISS
    """
    while not view_sees(mem, ctx, st[ST_ROW_TRX]):
        code = version_older(st, mem)
        if code <= 0:
            return code
    if st[ST_ROW_DELETED]:
        return 0
    return 1
