"""Changing pages: mini-transactions and the edits they are made of.  They alone write pages.

Every edit helper does the edit on the page *and* appends it to the log ring, at once: there is no
second representation that could disagree. A mini-transaction (MTR) is never rolled back, so a
caller checks and reserves everything it needs before `mtr_begin`.

Invariants
I1  Bytes of LSN x are at RING_AT + x % ring; the ring is mapped twice, so runs never wrap.
I2  `mtr_begin` leaves room for ST_MTR_LIMIT bytes: nothing inside an MTR can fail for want of room.
I3  While a record is open it ends at ST_NEXT_LSN; closing pads it to 8 bytes.
I4  A page's `page_lsn` is stamped when its record opens: the LSN is known by then.
I6  A batch is at most two MTR limits long: `mtr_begin` asks for a publish first. Readers' buffers
    rely on it.
I5  The batch opens with its first record, so an MTR without edits leaves no trace.

Kernels take ``(st, mem, …)``; `frame` is the offset of a page in `mem`; `at` counts from its start.
"""

from __future__ import annotations

from redo import jit
from redo.arena import RING_AT
from redo.codes import E_CORRUPT, E_LOG_FULL, E_READ_ONLY, E_STALE_EPOCH, E_TOO_BIG
from redo.coding_kernels import (
    atomic_load,
    atomic_store,
    fill,
    load_i64,
    load_u16,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from redo.control import CTRL_BATCH_CLOCK, CTRL_EPOCH, CTRL_RESERVED
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT, PAGE_LSN_AT, PAGE_NO_AT
from redo.record import (
    BATCH_HEADER_BYTES,
    EDIT_AT_AT,
    EDIT_BYTE_AT,
    EDIT_COUNT_AT,
    EDIT_FILL,
    EDIT_HEADER_BYTES,
    EDIT_IMAGE,
    EDIT_MOVE,
    EDIT_SOURCE_AT,
    EDIT_WRITE,
    FLAG_CPL,
    FLAG_WHOLE,
    KIND_PAGE,
    MARK_CLOCK_AT,
    MARK_TRX_AT,
    RECORD_FLAGS_AT,
    RECORD_HEADER_BYTES,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_LSN_AT,
    RECORD_PAGE_NO_AT,
    RECORD_PREV_PAGE_AT,
    RECORD_SPLIT_BYTES,
)
from redo.state import (
    ST_BATCH_LSN,
    ST_BATCH_MTRS,
    ST_BATCH_RECORDS,
    ST_DIRTY_LSN,
    ST_EPOCH,
    ST_MTR_FRAME,
    ST_MTR_LAST,
    ST_MTR_LIMIT,
    ST_MTR_OPEN,
    ST_MTR_RECORD,
    ST_MTR_START,
    ST_NEXT_LSN,
    ST_PAGE_BYTES,
    ST_READ_ONLY,
    ST_RING_BYTES,
    ST_VDL,
)
from redo.system_kernels import clock_us


@jit.helper
def ring_offset(st, lsn):
    """Where in `mem` the byte of `lsn` is (I1)."""
    return RING_AT + (lsn & (st[ST_RING_BYTES] - 1))


@jit.helper
def mtr_begin(st, mem):
    """Open a mini-transaction. 0, E_LOG_FULL, E_READ_ONLY or E_STALE_EPOCH; then none is open.

    E_CORRUPT: one is open already, a bug.

    After E_LOG_FULL: publish, wait until VDL has moved, call again.
    """
    if st[ST_MTR_OPEN] != 0:
        return E_CORRUPT
    if st[ST_READ_ONLY] != 0:
        return E_READ_ONLY
    if atomic_load(mem, CTRL_EPOCH) != st[ST_EPOCH]:
        return E_STALE_EPOCH
    lsn = st[ST_NEXT_LSN]
    reserved = lsn + st[ST_MTR_LIMIT] + BATCH_HEADER_BYTES
    if reserved > st[ST_VDL] + st[ST_RING_BYTES]:
        return E_LOG_FULL
    if st[ST_BATCH_LSN] != 0 and lsn - st[ST_BATCH_LSN] > st[ST_MTR_LIMIT]:
        return E_LOG_FULL
    if reserved > atomic_load(mem, CTRL_RESERVED):  # a writer before may have reserved more
        atomic_store(mem, CTRL_RESERVED, reserved)
    st[ST_MTR_OPEN] = 1
    st[ST_MTR_START] = lsn
    st[ST_MTR_RECORD] = 0
    st[ST_MTR_FRAME] = 0
    st[ST_MTR_LAST] = 0
    return 0


@jit.helper
def record_close(st, mem):
    """Finish the open record, if there is one: its length, padding, bookkeeping (I3)."""
    record = st[ST_MTR_RECORD]
    if record == 0:
        return 0
    end = st[ST_NEXT_LSN]
    store_u32(mem, ring_offset(st, record) + RECORD_LENGTH_AT, end - record)
    store_i64(mem, ring_offset(st, end), 0)
    st[ST_NEXT_LSN] = (end + 7) & -8
    st[ST_MTR_LAST] = record
    st[ST_MTR_RECORD] = 0
    st[ST_MTR_FRAME] = 0
    st[ST_BATCH_RECORDS] += 1
    return 0


@jit.helper
def record_open(st, mem, kind, page_no, prev_page, flags):
    """Close the open record and begin another one; its LSN."""
    record_close(st, mem)
    if st[ST_BATCH_LSN] == 0:  # I5; the header is written by `log_seal`
        st[ST_BATCH_LSN] = st[ST_NEXT_LSN]
        st[ST_NEXT_LSN] += BATCH_HEADER_BYTES
        st[ST_BATCH_RECORDS] = 0
        st[ST_BATCH_MTRS] = 0
    lsn = st[ST_NEXT_LSN]
    at = ring_offset(st, lsn)
    store_i64(mem, at + RECORD_LSN_AT, lsn)
    store_i64(mem, at + RECORD_PREV_PAGE_AT, prev_page)
    store_i64(mem, at + RECORD_PAGE_NO_AT, page_no)
    store_u32(mem, at + RECORD_LENGTH_AT, 0)
    store_u16(mem, at + RECORD_KIND_AT, kind)
    store_u16(mem, at + RECORD_FLAGS_AT, flags)
    st[ST_NEXT_LSN] = lsn + RECORD_HEADER_BYTES
    st[ST_MTR_RECORD] = lsn
    return lsn


@jit.routine
def record_of_page(st, mem, frame):
    """Close the open record and begin one of this page."""
    page_no = load_i64(mem, frame + PAGE_NO_AT)
    lsn = record_open(st, mem, KIND_PAGE, page_no, load_i64(mem, frame + PAGE_LSN_AT), 0)
    store_i64(mem, frame + PAGE_LSN_AT, lsn)  # I4
    st[ST_MTR_FRAME] = frame
    return 0


# --- edits: room for them in the page's record, then each one where the one before ended ----------
@jit.inlined
def edits_open(st, mem, frame, count):
    """Offset of room for edits of `count` bytes, headers included, in the page's record.

    Opens a record if need be. All of that room is to be filled, by the `edit_…` below.
    """
    if st[ST_MTR_FRAME] != frame or st[ST_NEXT_LSN] - st[ST_MTR_RECORD] > RECORD_SPLIT_BYTES:
        record_of_page(st, mem, frame)
    place = ring_offset(st, st[ST_NEXT_LSN])
    st[ST_NEXT_LSN] += count
    return place


@jit.inlined
def edit_header(mem, place, op, byte, at, count, source):
    """Write an edit's header; offset of its payload."""
    word = op | byte << 8 * EDIT_BYTE_AT | at << 8 * EDIT_AT_AT
    store_i64(mem, place, word | count << 8 * EDIT_COUNT_AT | source << 8 * EDIT_SOURCE_AT)
    return place + EDIT_HEADER_BYTES


@jit.inlined
def edit_write(mem, place, frame, at, source, count):
    """Copy `count` bytes from `mem[source:]` to the page; the place behind this edit."""
    payload = edit_header(mem, place, EDIT_WRITE, 0, at, count, 0)
    move(mem, payload, source, count)
    move(mem, frame + at, payload, count)
    return payload + count


@jit.inlined
def edit_put_i64(mem, place, frame, at, value):
    """Write eight bytes, little-endian; the place behind this edit."""
    payload = edit_header(mem, place, EDIT_WRITE, 0, at, 8, 0)
    store_i64(mem, payload, value)
    store_i64(mem, frame + at, value)
    return payload + 8


@jit.inlined
def edit_move(mem, place, frame, to, source, count):
    """Move `count` bytes inside the page; the place behind this edit."""
    edit_header(mem, place, EDIT_MOVE, 0, to, count, source)
    move(mem, frame + to, frame + source, count)
    return place + EDIT_HEADER_BYTES


@jit.helper
def edit_append(st, mem, frame, op, byte, at, count, source, payload):
    """Append an edit's header to the page's record; offset of its payload."""
    place = edits_open(st, mem, frame, EDIT_HEADER_BYTES + payload)
    return edit_header(mem, place, op, byte, at, count, source)


@jit.helper
def page_new(st, mem, frame, page_no):
    """Make `frame` the page `page_no`, zeroed. What the frame held does not matter."""
    lsn = record_open(st, mem, KIND_PAGE, page_no, 0, FLAG_WHOLE)
    body = st[ST_PAGE_BYTES] - PAGE_BODY_AT
    fill(mem, frame, st[ST_PAGE_BYTES], 0)
    store_i64(mem, frame + PAGE_NO_AT, page_no)
    store_i64(mem, frame + PAGE_LSN_AT, lsn)
    st[ST_MTR_FRAME] = frame
    edit_append(st, mem, frame, EDIT_FILL, 0, PAGE_BODY_AT, body, 0, 0)
    return 0


@jit.helper
def page_write(st, mem, frame, at, source, count):
    """Copy `count` bytes from `mem[source:]` (anywhere, this page included) to the page at `at`."""
    if count > 0:
        place = edits_open(st, mem, frame, EDIT_HEADER_BYTES + count)
        edit_write(mem, place, frame, at, source, count)
    return 0


@jit.helper
def page_put_u8(st, mem, frame, at, value):
    """Write one byte."""
    place = edit_append(st, mem, frame, EDIT_WRITE, 0, at, 1, 0, 1)
    store_u8(mem, place, value)
    store_u8(mem, frame + at, value)
    return 0


@jit.helper
def page_put_u16(st, mem, frame, at, value):
    """Write two bytes, little-endian."""
    place = edit_append(st, mem, frame, EDIT_WRITE, 0, at, 2, 0, 2)
    store_u16(mem, place, value)
    store_u16(mem, frame + at, value)
    return 0


@jit.helper
def page_put_u32(st, mem, frame, at, value):
    """Write four bytes, little-endian."""
    place = edit_append(st, mem, frame, EDIT_WRITE, 0, at, 4, 0, 4)
    store_u32(mem, place, value)
    store_u32(mem, frame + at, value)
    return 0


@jit.helper
def page_put_i64(st, mem, frame, at, value):
    """Write eight bytes, little-endian."""
    place = edits_open(st, mem, frame, EDIT_HEADER_BYTES + 8)
    edit_put_i64(mem, place, frame, at, value)
    return 0


@jit.helper
def page_move(st, mem, frame, to, source, count):
    """Move `count` bytes inside the page from `source` to `to`; the runs may overlap."""
    if count > 0:
        place = edits_open(st, mem, frame, EDIT_HEADER_BYTES)
        edit_move(mem, place, frame, to, source, count)
    return 0


@jit.helper
def page_fill(st, mem, frame, at, count, byte):
    """Set `count` bytes of the page to `byte`."""
    if count > 0:
        edit_append(st, mem, frame, EDIT_FILL, byte, at, count, 0, 0)
        fill(mem, frame + at, count, byte)
    return 0


@jit.helper
def page_image(st, mem, frame):
    """Log the whole page as it is now, after its caller has built it in place.

    Only bytes from PAGE_BODY_AT on may have been built by hand; `page_no` must be right. Edits of
    this page that the open record already has are replaced: the image says it all.
    """
    body = st[ST_PAGE_BYTES] - PAGE_BODY_AT
    record = st[ST_MTR_RECORD]
    if record != 0 and st[ST_MTR_FRAME] == frame:
        st[ST_NEXT_LSN] = record + RECORD_HEADER_BYTES
    place = edit_append(st, mem, frame, EDIT_IMAGE, 0, PAGE_BODY_AT, body, 0, body)
    move(mem, place, frame + PAGE_BODY_AT, body)
    flags = ring_offset(st, st[ST_MTR_RECORD]) + RECORD_FLAGS_AT
    store_u16(mem, flags, load_u16(mem, flags) | FLAG_WHOLE)
    store_u32(mem, frame + PAGE_CRC_AT, 0)
    return 0


@jit.helper
def log_mark(st, mem, kind, trx_id):
    """Append a mark (KIND_BEGIN, KIND_COMMIT, KIND_ROLLBACK, KIND_DICTIONARY) to the open MTR."""
    lsn = record_open(st, mem, kind, -1, 0, 0)
    at = ring_offset(st, lsn)
    st[ST_NEXT_LSN] += 16
    now = max(clock_us(mem, at + MARK_TRX_AT), atomic_load(mem, CTRL_BATCH_CLOCK))
    store_i64(mem, at + MARK_TRX_AT, trx_id)
    store_i64(mem, at + MARK_CLOCK_AT, now)
    return 0


@jit.routine
def mtr_commit(st, mem):
    """Close the mini-transaction; the LSN at its end, or E_TOO_BIG, E_CORRUPT: a bug, stop.

    Without edits it leaves no trace, and the end is that of the log so far.
    """
    if st[ST_MTR_OPEN] == 0:
        return E_CORRUPT
    record_close(st, mem)
    st[ST_MTR_OPEN] = 0
    last = st[ST_MTR_LAST]
    end = st[ST_NEXT_LSN]
    if last == 0:
        return end
    if end - st[ST_MTR_START] > st[ST_MTR_LIMIT] + BATCH_HEADER_BYTES:
        return E_TOO_BIG
    flags = ring_offset(st, last) + RECORD_FLAGS_AT
    store_u16(mem, flags, load_u16(mem, flags) | FLAG_CPL)
    st[ST_BATCH_MTRS] += 1
    st[ST_DIRTY_LSN] = end
    return end
