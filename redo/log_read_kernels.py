"""Reading a copy's log files: bytes by LSN, whole batches, and how far the log is complete.

`seg` is the offset of a segment block (`segment_layout.py`).
"""

from __future__ import annotations

from redo import jit
from redo.codes import E_CORRUPT
from redo.coding_kernels import load_i64, store_i64
from redo.log_file_kernels import log_read
from redo.record import BATCH_CLOCK_AT, BATCH_EPOCH_AT, BATCH_HEADER_BYTES, BATCH_PREVIOUS_AT
from redo.record_kernels import batch_check, batch_length
from redo.sealed_log_kernels import batch_admit
from redo.segment_layout import (
    CHECK_BYTES,
    K_DONE,
    K_END,
    K_LSN,
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_BUFFER_LSN,
    S_CHECKS,
    S_CHECKS_AT,
    S_EPOCHS,
    S_EPOCHS_AT,
    S_GAPS,
    S_GAPS_AT,
    S_SCAN_BATCH,
    S_SCAN_CLOCK,
    S_SCAN_EPOCH,
    S_SCAN_LSN,
    S_UNCHECKED,
)


@jit.helper
def batch_load(mem, seg, lsn, limit):
    """Offset of the complete, intact batch at `lsn`, ending at or before `limit`, or E_CORRUPT.

    The buffer is filled from `lsn` on if the batch is not in it already.
    """
    buffer = load_i64(mem, seg + S_BUFFER_AT)
    start = load_i64(mem, seg + S_BUFFER_LSN)
    count = load_i64(mem, seg + S_BUFFER_COUNT)
    if start <= lsn and lsn + BATCH_HEADER_BYTES <= start + count:
        length = batch_length(mem, buffer + lsn - start, lsn)
        if length > 0 and lsn + length <= min(limit, start + count):
            if batch_check(mem, buffer + lsn - start, lsn, length) > 0:
                return buffer + lsn - start
    wanted = min(load_i64(mem, seg + S_BUFFER_BYTES), limit - lsn)
    count = log_read(mem, seg, lsn, wanted, buffer)
    store_i64(mem, seg + S_BUFFER_LSN, lsn)
    store_i64(mem, seg + S_BUFFER_COUNT, count)
    if batch_check(mem, buffer, lsn, count) < 0:
        store_i64(mem, seg + S_BUFFER_COUNT, 0)
        return E_CORRUPT
    return buffer


@jit.helper
def batch_is_void(mem, seg, epoch, lsn):
    """Was a batch of `epoch` at `lsn` cut off by a later epoch? (`quorum.is_void`)"""
    table = load_i64(mem, seg + S_EPOCHS_AT)
    for i in range(load_i64(mem, seg + S_EPOCHS)):
        later = load_i64(mem, table + 16 * i) > epoch
        if later and load_i64(mem, table + 16 * i + 8) <= lsn:
            return True
    return False


@jit.helper
def gap_skip(mem, seg, lsn):
    """Where the path goes on from `lsn`: at the end of the gap that begins there, if one does."""
    table = load_i64(mem, seg + S_GAPS_AT)
    for i in range(load_i64(mem, seg + S_GAPS)):
        if load_i64(mem, table + 16 * i) == lsn:
            lsn = load_i64(mem, table + 16 * i + 8)
    return lsn


@jit.helper
def in_gap(mem, seg, lsn):
    """Does the path leave out what is at `lsn`? (`timeline.is_hidden`)"""
    table = load_i64(mem, seg + S_GAPS_AT)
    for i in range(load_i64(mem, seg + S_GAPS)):
        if load_i64(mem, table + 16 * i) <= lsn < load_i64(mem, table + 16 * i + 8):
            return True
    return False


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def log_scan(st, mem, seg, limit, until_us):
    """Follow the path's batches from S_SCAN_LSN while they are whole, linked and not void.

    limit     up to this LSN
    until_us  and while their clock is not after this
    ->        LSN at the end of the last good one; also in S_SCAN_LSN, the others in S_SCAN_…
    """
    lsn = gap_skip(mem, seg, load_i64(mem, seg + S_SCAN_LSN))
    last = load_i64(mem, seg + S_SCAN_BATCH)
    epoch = load_i64(mem, seg + S_SCAN_EPOCH)
    clock = load_i64(mem, seg + S_SCAN_CLOCK)
    while lsn < limit:
        at = batch_load(mem, seg, lsn, limit)
        if at < 0:
            break
        mine = load_i64(mem, at + BATCH_EPOCH_AT)
        linked = last < 0 or load_i64(mem, at + BATCH_PREVIOUS_AT) == last
        if not linked or mine < epoch or batch_is_void(mem, seg, mine, lsn):
            break
        if load_i64(mem, at + BATCH_CLOCK_AT) > until_us:
            break
        clock = load_i64(mem, at + BATCH_CLOCK_AT)
        epoch = mine
        last = lsn
        lsn = gap_skip(mem, seg, lsn + batch_length(mem, at, lsn))
    store_i64(mem, seg + S_SCAN_LSN, lsn)
    store_i64(mem, seg + S_SCAN_BATCH, last)
    store_i64(mem, seg + S_SCAN_EPOCH, epoch)
    store_i64(mem, seg + S_SCAN_CLOCK, clock)
    return lsn


@jit.helper
def run_verify(mem, seg, check):
    """Read all batches of a run taken over from a former life; 0 when they are intact."""
    lsn = load_i64(mem, check + K_LSN)
    end = load_i64(mem, check + K_END)
    while lsn < end:
        at = batch_load(mem, seg, lsn, end)
        if at < 0:
            return E_CORRUPT
        length = batch_length(mem, at, lsn)
        if batch_admit(mem, seg, at, lsn, length) < 0:
            return E_CORRUPT
        lsn += length
    store_i64(mem, check + K_DONE, 1)
    return 0


@jit.routine
def log_believe(mem, seg, lsn):
    """Verify the run that `lsn` lies in unless that has been done; 0 or E_CORRUPT.

    Runs in the page table since before this process were not read when it started: a start does
    not take longer because there is more log.
    """
    if lsn >= load_i64(mem, seg + S_UNCHECKED):
        return 0
    table = load_i64(mem, seg + S_CHECKS_AT)
    low, high = 0, load_i64(mem, seg + S_CHECKS)
    while low < high:
        middle = (low + high) // 2
        if load_i64(mem, table + middle * CHECK_BYTES + K_END) <= lsn:
            low = middle + 1
        else:
            high = middle
    check = table + low * CHECK_BYTES
    if low == load_i64(mem, seg + S_CHECKS) or load_i64(mem, check + K_LSN) > lsn:
        return 0
    if load_i64(mem, check + K_DONE) != 0:
        return 0
    return run_verify(mem, seg, check)


@jit.kernel("i8(u1[::1], i8)")
def log_verify_step(mem, seg):
    """Verify one more run that nobody has read yet; how many are left, or E_CORRUPT."""
    table = load_i64(mem, seg + S_CHECKS_AT)
    left = load_i64(mem, seg + S_CHECKS)
    while left > 0:
        left -= 1
        check = table + left * CHECK_BYTES
        if load_i64(mem, check + K_DONE) == 0:
            if run_verify(mem, seg, check) < 0:
                return E_CORRUPT
            break
    store_i64(mem, seg + S_CHECKS, left)
    if left == 0:
        store_i64(mem, seg + S_UNCHECKED, 0)
    return left


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def log_bytes(st, mem, seg, lsn, count, out):
    """`log_read` for Python: `count` bytes of log, or E_CORRUPT when they are not all there."""
    if log_read(mem, seg, lsn, count, out) != count:
        return E_CORRUPT
    return count
