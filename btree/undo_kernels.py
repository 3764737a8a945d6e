"""The undo stream: one append-only chain of pages shared by all transactions, freed from its head.

A record says how to get from a row version to the one before. Readers walk it (`mvcc_kernels`),
rollback applies it and marks it UNDONE in the same mini-transaction (`rollback_kernels`), purge
passes it once nobody can need it (`purge_kernels`). Records of one page never span pages.

U1  Appending is promised first (`undo_promise`, may fail) and then done (`undo_append`, cannot).
U2  A transaction's slot is taken in the mini-transaction of its first record, so a slot on the
    system pages always has a record, and whoever has a record and no COMMIT has a slot.
U3  ``SYS_UNDO_HEAD`` is the start of a page: passing a record twice after a restart is harmless.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.layout import KIND_AT, PAGE_TRX, PAGE_UNDO
from btree.lock_kernels import active_place
from btree.pool_kernels import pool_find
from btree.reference_kernels import references_share
from btree.space_kernels import overflow_pages, overflow_write, page_allocate, pages_reserve
from btree.state import (
    ST_ACTIVE_AT,
    ST_ACTIVE_COUNT,
    ST_ACTIVE_CTX_AT,
    ST_ACTIVE_ROOM,
    ST_BUILD_AT,
    ST_LAST_SLOTS,
    ST_NEXT_TRX,
    ST_SLOT_PROMISED,
    ST_UNDO_PAGES,
)
from btree.txn_layout import (
    CTX_FLAGS,
    CTX_READ_ONLY,
    CTX_RECOVERED,
    CTX_ROWS_CHANGED,
    CTX_SLOT,
    CTX_TRX,
    CTX_UNDO_LAST,
    IMAGE_SPILLED,
    SLOT_BYTES,
    SLOT_FIRST_UNDO,
    SLOT_TRX,
    SLOTS_AT,
    SPILLED_BYTES,
    SYS_NEXT_SLOTS,
    SYS_NEXT_TRX,
    SYS_SLOT_COUNT,
    SYS_UNDO_TAIL,
    SYSTEM_PAGE,
    U_BYTES,
    U_FLAGS,
    U_KEY,
    U_KEY_BYTES,
    U_KIND,
    U_PREVIOUS,
    U_ROW_BYTES,
    U_ROW_TRX,
    U_ROW_UNDO,
    U_TABLE,
    U_TRX,
    UNDO_AT,
    UNDO_DELETE,
    UNDO_END,
    UNDO_NEXT,
    UNDO_UPDATE,
    UNDONE,
)
from redo.codes import E_READ_ONLY, E_TOO_BIG, E_TOO_MANY
from redo.coding_kernels import (
    load_i64,
    load_u8,
    load_u16,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from redo.edit_kernels import (
    edit_put_i64,
    edit_write,
    edits_open,
    page_put_i64,
    page_put_u8,
)
from redo.jit import helper, kernel, routine
from redo.record import EDIT_HEADER_BYTES
from redo.state import ST_PAGE_BYTES, ST_READ_ONLY


@helper
def _slot_promise(st, mem):
    """Find a free slot for a new transaction: 0 and ST_SLOT_PROMISED is set, or a code."""
    page_no = SYSTEM_PAGE
    room = (st[ST_PAGE_BYTES] - SLOTS_AT) // SLOT_BYTES
    while page_no:
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        slots = load_i64(mem, frame + SYS_SLOT_COUNT)
        for i in range(min(slots + 1, room)):
            at = SLOTS_AT + SLOT_BYTES * i
            if i == slots or load_i64(mem, frame + at + SLOT_TRX) == 0:
                st[ST_SLOT_PROMISED] = page_no << 16 | at
                return 0
        st[ST_LAST_SLOTS] = page_no
        page_no = load_i64(mem, frame + SYS_NEXT_SLOTS)
    st[ST_SLOT_PROMISED] = -1
    return pages_reserve(st, mem, 1)


@helper
def _record_bytes(st, key_bytes, row_bytes):
    """Bytes of a record; a row image that does not fit an undo page goes to overflow pages."""
    count = U_KEY + key_bytes + row_bytes
    if UNDO_AT + count > st[ST_PAGE_BYTES]:
        return U_KEY + key_bytes + SPILLED_BYTES
    return count


@routine
def undo_promise(st, mem, ctx, first_key, first_row, second_key, second_row):
    """Make sure that a record, or two, can be appended; after `reserve_begin`.

    first_key, first_row    key and row bytes of the first record
    second_key, second_row  of the second; -1: there is none
    -> 0 | E_PAGE_MISS | E_NO_FRAME | E_READ_ONLY | E_TOO_BIG | E_TOO_MANY (too many transactions)
    """
    if st[ST_READ_ONLY] or load_i64(mem, ctx + CTX_FLAGS) & CTX_READ_ONLY:
        return E_READ_ONLY
    system = pool_find(st, mem, SYSTEM_PAGE)
    if system < 0:
        return system
    tail = pool_find(st, mem, load_i64(mem, system + SYS_UNDO_TAIL))
    if tail < 0:
        return tail
    end = load_i64(mem, tail + UNDO_END)
    pages = 0
    for which in range(2 if second_key >= 0 else 1):
        key_bytes = second_key if which else first_key
        row_bytes = second_row if which else first_row
        count = _record_bytes(st, key_bytes, row_bytes)
        if count < U_KEY + key_bytes + row_bytes:
            chain = overflow_pages(st, row_bytes)
            if chain < 0:
                return chain
            pages += chain
        if UNDO_AT + count > st[ST_PAGE_BYTES]:
            return E_TOO_BIG
        if end + count > st[ST_PAGE_BYTES]:
            pages += 1
            end = UNDO_AT
        end += count
    code = pages_reserve(st, mem, pages)
    st[ST_SLOT_PROMISED] = 0
    if code < 0 or load_i64(mem, ctx + CTX_TRX):
        return code
    if st[ST_ACTIVE_COUNT] == st[ST_ACTIVE_ROOM]:
        return E_TOO_MANY
    return _slot_promise(st, mem)


@routine
def _tail_with_room(st, mem, count):
    """The frame to append `count` bytes to; a new tail page is linked when they do not fit."""
    system = pool_find(st, mem, SYSTEM_PAGE)
    tail = pool_find(st, mem, load_i64(mem, system + SYS_UNDO_TAIL))
    if load_i64(mem, tail + UNDO_END) + count <= st[ST_PAGE_BYTES]:
        return tail
    frame = page_allocate(st, mem)
    page_put_u8(st, mem, frame, KIND_AT, PAGE_UNDO)
    page_put_i64(st, mem, frame, UNDO_END, UNDO_AT)
    page_no = load_i64(mem, frame)
    page_put_i64(st, mem, tail, UNDO_NEXT, page_no)
    page_put_i64(st, mem, system, SYS_UNDO_TAIL, page_no)
    st[ST_UNDO_PAGES] += 1
    failpoint(st, mem, failpoints.UNDO_PAGE)
    return frame


@helper
def active_add(st, mem, ctx, trx_id):
    """Put a transaction among the active ones; its id is the greatest so far. 0 or E_TOO_MANY."""
    count = st[ST_ACTIVE_COUNT]
    if count == st[ST_ACTIVE_ROOM]:
        return E_TOO_MANY
    store_i64(mem, st[ST_ACTIVE_AT] + 8 * count, trx_id)
    store_i64(mem, st[ST_ACTIVE_CTX_AT] + 8 * count, ctx)
    st[ST_ACTIVE_COUNT] = count + 1
    return 0


@routine
def _trx_assign(st, mem, ctx, first_undo):
    """Give the context the next transaction id and the promised slot (U2)."""
    trx_id = st[ST_NEXT_TRX]
    system = pool_find(st, mem, SYSTEM_PAGE)
    slot = st[ST_SLOT_PROMISED]
    if slot == -1:
        frame = page_allocate(st, mem)
        page_put_u8(st, mem, frame, KIND_AT, PAGE_TRX)
        last = pool_find(st, mem, st[ST_LAST_SLOTS])
        page_put_i64(st, mem, last, SYS_NEXT_SLOTS, load_i64(mem, frame))
        slot = load_i64(mem, frame) << 16 | SLOTS_AT
    page_put_i64(st, mem, system, SYS_NEXT_TRX, trx_id + 1)
    st[ST_NEXT_TRX] = trx_id + 1
    frame = pool_find(st, mem, slot >> 16)
    at = slot & 0xFFFF
    if (at - SLOTS_AT) // SLOT_BYTES == load_i64(mem, frame + SYS_SLOT_COUNT):
        page_put_i64(st, mem, frame, SYS_SLOT_COUNT, (at - SLOTS_AT) // SLOT_BYTES + 1)
    page_put_i64(st, mem, frame, at + SLOT_TRX, trx_id)
    page_put_i64(st, mem, frame, at + SLOT_FIRST_UNDO, first_undo)
    store_i64(mem, ctx + CTX_TRX, trx_id)
    store_i64(mem, ctx + CTX_SLOT, slot)
    active_add(st, mem, ctx, trx_id)
    return trx_id


@routine
def undo_append(
    st, mem, ctx, table_id, kind, flags, row_trx, row_undo, key, key_bytes, row, row_bytes,
    newer, newer_bytes,
):  # fmt: skip
    """Append a record inside the open MTR, as promised; its undo pointer. Gives `ctx` an id.

    newer, newer_bytes  the row that takes the place of `row`, bytes 0: none (`chain_kernels`, K3)
    """
    count = _record_bytes(st, key_bytes, row_bytes)
    frame = _tail_with_room(st, mem, count)
    at = load_i64(mem, frame + UNDO_END)
    pointer = load_i64(mem, frame) << 16 | at
    trx_id = load_i64(mem, ctx + CTX_TRX)
    build = st[ST_BUILD_AT]
    store_u16(mem, build + U_BYTES, count)
    store_u8(mem, build + U_KIND, kind)
    store_u8(mem, build + U_FLAGS, flags)
    store_u32(mem, build + U_TABLE, table_id)
    store_i64(mem, build + U_TRX, trx_id if trx_id else st[ST_NEXT_TRX])
    store_i64(mem, build + U_PREVIOUS, load_i64(mem, ctx + CTX_UNDO_LAST))
    store_i64(mem, build + U_ROW_TRX, row_trx)
    store_i64(mem, build + U_ROW_UNDO, row_undo)
    store_u16(mem, build + U_KEY_BYTES, key_bytes)
    move(mem, build + U_KEY, key, key_bytes)
    image = build + U_KEY + key_bytes
    move(mem, image, row, row_bytes)
    if kind == UNDO_UPDATE or kind == UNDO_DELETE:
        references_share(st, mem, image, row_bytes, newer, newer_bytes)
    if count < U_KEY + key_bytes + row_bytes:
        store_i64(mem, image, overflow_write(st, mem, image, row_bytes))
        store_u32(mem, image + 8, row_bytes)
        store_u8(mem, build + U_FLAGS, flags | IMAGE_SPILLED)
        store_u16(mem, build + U_ROW_BYTES, SPILLED_BYTES)
    else:
        store_u16(mem, build + U_ROW_BYTES, row_bytes)
    place = edits_open(st, mem, frame, count + 8 + 2 * EDIT_HEADER_BYTES)
    place = edit_write(mem, place, frame, at, build, count)
    edit_put_i64(mem, place, frame, UNDO_END, at + count)
    if trx_id == 0:
        _trx_assign(st, mem, ctx, pointer)
    store_i64(mem, ctx + CTX_UNDO_LAST, pointer)
    store_i64(mem, ctx + CTX_ROWS_CHANGED, load_i64(mem, ctx + CTX_ROWS_CHANGED) + 1)
    return pointer


@helper
def active_remove(st, mem, trx_id):
    """Take a transaction out of the active ones."""
    place = active_place(st, mem, trx_id)
    if place < 0:
        return 0
    count = st[ST_ACTIVE_COUNT] - 1
    for words in (st[ST_ACTIVE_AT], st[ST_ACTIVE_CTX_AT]):
        at = words + 8 * place
        move(mem, at, at + 8, 8 * (count - place))
    st[ST_ACTIVE_COUNT] = count
    return 1


@kernel("i8(i8[::1], u1[::1], i8)")
def undo_scan(st, mem, page_no):
    """Find the newest record of each recovered transaction: one page of the stream, in order.

    -> number of the next page, 0: this is the tail, E_PAGE_MISS
    """
    frame = pool_find(st, mem, page_no)
    if frame < 0:
        return frame
    at = UNDO_AT
    end = load_i64(mem, frame + UNDO_END)
    while at < end:
        place = active_place(st, mem, load_i64(mem, frame + at + U_TRX))
        if place >= 0 and not load_u8(mem, frame + at + U_FLAGS) & UNDONE:
            ctx = load_i64(mem, st[ST_ACTIVE_CTX_AT] + 8 * place)
            if load_i64(mem, ctx + CTX_FLAGS) & CTX_RECOVERED:
                store_i64(mem, ctx + CTX_UNDO_LAST, page_no << 16 | at)
                changed = load_i64(mem, ctx + CTX_ROWS_CHANGED) + 1
                store_i64(mem, ctx + CTX_ROWS_CHANGED, changed)
        at += load_u16(mem, frame + at + U_BYTES)
    return load_i64(mem, frame + UNDO_NEXT)


@kernel("i8(i8[::1], u1[::1], i8)")
def undo_format(st, mem, frame):
    """Inside an MTR: make `frame` (page already new) the first, empty undo page."""
    page_put_u8(st, mem, frame, KIND_AT, PAGE_UNDO)
    page_put_i64(st, mem, frame, UNDO_END, UNDO_AT)
    return 0
