"""Following the log ring: whole batches below VDL are applied to cached pages, the rest is dropped.

The ring belongs to the writer, who never waits for a reader. So a batch is copied out first, and
believed only if the writer had not come round to it meanwhile (CTRL_RESERVED) and its CRC is right.
Edits are checked against the page's bounds by `apply_record`.
"""

from __future__ import annotations

from btree.pool_kernels import pool_peek
from redo import jit
from redo.cipher_kernels import DECRYPT, batch_turn
from redo.codes import E_CORRUPT, E_END
from redo.coding_kernels import (
    atomic_load,
    atomic_store,
    fence,
    load_i64,
    load_u16,
    load_u32,
    move,
    store_i64,
)
from redo.control import CTRL_RESERVED, CTRL_VDL
from redo.edit_kernels import ring_offset
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    KIND_COMMIT,
    KIND_DICTIONARY,
    KIND_PAGE,
    MARK_CLOCK_AT,
    MARK_TRX_AT,
    RECORD_KIND_AT,
    RECORD_PAGE_NO_AT,
)
from redo.record_kernels import apply_record, batch_check, batch_length, record_stride
from redo.state import ST_CIPHER, ST_RING_BYTES
from redo.system_kernels import clock_us
from replicas.stream_layout import (
    FIGURE_APPLIED,
    FIGURE_BATCHES,
    FIGURE_CLOCK_US,
    FIGURE_COMMITS,
    FIGURE_DICTIONARY,
    FIGURE_LAG_MAX_US,
    FIGURE_LAG_US,
    FIGURE_RECORDS,
    FIGURE_SCRATCH,
)


@jit.helper
def is_lapped(st, mem, lsn):
    """Whether the writer may have overwritten the ring's bytes from `lsn` on."""
    return lsn < atomic_load(mem, CTRL_RESERVED) - st[ST_RING_BYTES]


@jit.helper
def batch_copy(st, mem, lsn, to, scratch):
    """Copy the batch at `lsn` out of the ring, decrypted; its bytes, E_END if lapped, E_CORRUPT."""
    at = ring_offset(st, lsn)
    length = batch_length(mem, at, lsn)
    if length > 0 and length <= to - lsn:
        move(mem, scratch, at, length)
    fence()
    if is_lapped(st, mem, lsn):
        return E_END
    if length < 0 or length > to - lsn:
        return E_CORRUPT
    if batch_check(mem, scratch, lsn, length) < 0:
        return E_CORRUPT
    if st[ST_CIPHER] != 0 and batch_turn(mem, st[ST_CIPHER], scratch, length, DECRYPT) < 0:
        return E_CORRUPT
    return length


@jit.helper
def figure_add(mem, at, more):
    """Count something."""
    store_i64(mem, at, load_i64(mem, at) + more)
    return 0


@jit.helper
def batch_apply(st, mem, batch, figures):
    """Apply the intact batch at `batch` to cached pages; wall clock of its last commit, 0 if none.

    E_CORRUPT: a record does not follow its page's last one.
    """
    end = batch + load_u32(mem, batch + BATCH_LENGTH_AT)
    record = batch + BATCH_HEADER_BYTES
    committed_us = 0
    while record < end:
        kind = load_u16(mem, record + RECORD_KIND_AT)
        if kind == KIND_PAGE:
            figure_add(mem, figures + FIGURE_RECORDS, 1)
            frame = pool_peek(st, mem, load_i64(mem, record + RECORD_PAGE_NO_AT))
            if frame >= 0:
                if apply_record(st, mem, frame, record) < 0:
                    return E_CORRUPT
                figure_add(mem, figures + FIGURE_APPLIED, 1)
        elif kind == KIND_COMMIT:
            figure_add(mem, figures + FIGURE_COMMITS, 1)
            committed_us = load_i64(mem, record + MARK_CLOCK_AT)
        elif kind == KIND_DICTIONARY:
            store_i64(mem, figures + FIGURE_DICTIONARY, load_i64(mem, record + MARK_TRX_AT))
        record += record_stride(mem, record)
    return committed_us


@jit.helper
def lag_note(mem, figures, committed_us):
    """Note how long after its clock mark a commit became visible here."""
    now_us = clock_us(mem, figures + FIGURE_SCRATCH)
    store_i64(mem, figures + FIGURE_CLOCK_US, now_us)
    if committed_us > 0:
        lag_us = max(now_us - committed_us, 0)
        store_i64(mem, figures + FIGURE_LAG_US, lag_us)
        if lag_us > load_i64(mem, figures + FIGURE_LAG_MAX_US):
            store_i64(mem, figures + FIGURE_LAG_MAX_US, lag_us)
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def stream_apply(st, mem, lsn, to, scratch, figures, turn_bytes):
    """Apply batches from `lsn` (a batch boundary) up to `to` (<= VDL); where it stopped.

    scratch     room for a whole ring, overwritten
    figures     offset of the follower's figures (`stream_layout.FIGURE_…`), updated
    turn_bytes  stop at the first batch boundary after so much log
    -> LSN of a batch boundary, E_END: lapped by the writer, E_CORRUPT: cannot be. In both cases
       pages in the pool may be half way: drop them all and go on at VDL.
    """
    stop = min(to, lsn + turn_bytes)
    while lsn < stop:
        length = batch_copy(st, mem, lsn, to, scratch)
        if length < 0:
            return length
        committed_us = batch_apply(st, mem, scratch, figures)
        if committed_us < 0:
            return E_CORRUPT
        lsn += length
        figure_add(mem, figures + FIGURE_BATCHES, 1)
        lag_note(mem, figures, committed_us)
    return lsn


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def stream_sleep(st, mem, flag, applied):
    """Raise the sleeping flag at `flag`, look once more: 1 sleep, 0 there is more already."""
    atomic_store(mem, flag, 1)
    fence()
    if atomic_load(mem, CTRL_VDL) > applied:
        atomic_store(mem, flag, 0)
        return 0
    return 1
