"""Reading a copy's log files: bytes by LSN, whole batches, and how far the log is complete.

`seg` is the offset of a segment block (`segment_layout.py`).
"""

from __future__ import annotations

from redo import jit
from redo.codes import E_CORRUPT
from redo.coding_kernels import address_of, load_i64, store_i64
from redo.record import BATCH_EPOCH_AT, BATCH_HEADER_BYTES, BATCH_PREVIOUS_AT
from redo.record_kernels import batch_check, batch_length
from redo.segment_layout import (
    CHUNK_HEADER_BYTES,
    FDS_SLOTS,
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_BUFFER_LSN,
    S_CHUNK_BYTES,
    S_EPOCHS,
    S_EPOCHS_AT,
    S_FDS_AT,
    S_SCAN_BATCH,
    S_SCAN_EPOCH,
    S_SCAN_LSN,
)
from redo.system_kernels import sys_pread


@jit.helper
def log_read(mem, seg, lsn, count, out):
    """Read up to `count` bytes of log at `lsn` to mem[out:]; bytes read: fewer where files end."""
    chunk_bytes = load_i64(mem, seg + S_CHUNK_BYTES)
    fds = load_i64(mem, seg + S_FDS_AT)
    done = 0
    while done < count:
        at = lsn + done
        chunk = at // chunk_bytes
        fd = load_i64(mem, fds + 8 * (chunk & (FDS_SLOTS - 1)))
        if fd < 0:
            return done
        inside = at - chunk * chunk_bytes
        take = min(count - done, chunk_bytes - inside)
        got = sys_pread(fd, address_of(mem, out + done), take, CHUNK_HEADER_BYTES + inside)
        if got <= 0:
            return done
        done += got
    return done


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


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def log_scan(st, mem, seg, limit):
    """Follow batches from S_SCAN_LSN while they are whole, linked and not void, up to `limit`.

    ->  LSN at the end of the last good one; also in S_SCAN_LSN, with S_SCAN_BATCH, S_SCAN_EPOCH
    """
    lsn = load_i64(mem, seg + S_SCAN_LSN)
    last = load_i64(mem, seg + S_SCAN_BATCH)
    epoch = load_i64(mem, seg + S_SCAN_EPOCH)
    while lsn < limit:
        at = batch_load(mem, seg, lsn, limit)
        if at < 0:
            break
        mine = load_i64(mem, at + BATCH_EPOCH_AT)
        linked = last < 0 or load_i64(mem, at + BATCH_PREVIOUS_AT) == last
        if not linked or mine < epoch or batch_is_void(mem, seg, mine, lsn):
            break
        epoch = mine
        last = lsn
        lsn += batch_length(mem, at, lsn)
    store_i64(mem, seg + S_SCAN_LSN, lsn)
    store_i64(mem, seg + S_SCAN_BATCH, last)
    store_i64(mem, seg + S_SCAN_EPOCH, epoch)
    return lsn


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def log_bytes(st, mem, seg, lsn, count, out):
    """`log_read` for Python: `count` bytes of log, or E_CORRUPT when they are not all there."""
    if log_read(mem, seg, lsn, count, out) != count:
        return E_CORRUPT
    return count
