"""Records of an encrypted log, read without their whole batches.

To decrypt a stretch one must know which batches lie in it. Their headers are plain, so it is enough
to remember one that starts in each START_BYTES of log (S_STARTS_AT) and to walk on from there. That
is noted when a batch is authenticated: when it is indexed, or when its run is verified that was
taken over from a former life. What was noted is never trusted: what is there must be a header.
"""

from __future__ import annotations

from redo import jit
from redo.cipher_kernels import DECRYPT, batch_turn, log_stream
from redo.cipher_layout import C_HEADER
from redo.codes import E_CORRUPT
from redo.coding_kernels import load_i64, move, store_i64
from redo.log_file_kernels import log_read
from redo.record import BATCH_HEADER_BYTES, BATCH_LSN_AT
from redo.record_kernels import batch_check, batch_length
from redo.segment_layout import (
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_CIPHER,
    S_STARTS_AT,
    S_STARTS_SLOTS,
    S_TRUSTED_END,
    S_TRUSTED_LSN,
    S_WINDOW_AT,
    S_WINDOW_COUNT,
    S_WINDOW_LSN,
    START_BYTES,
    STARTS_AT_FIRST,
)


@jit.helper
def start_slot(mem, seg, block):
    """Where the start of a block is noted."""
    slot = block & (load_i64(mem, seg + S_STARTS_SLOTS) - 1)
    return load_i64(mem, seg + S_STARTS_AT) + 8 * slot


@jit.helper
def start_known(mem, seg, block):
    """The first batch noted that starts in a block, or -1: slots are used again."""
    start = load_i64(mem, start_slot(mem, seg, block))
    return start if start // START_BYTES == block else -1


@jit.helper
def start_note(mem, seg, lsn):
    """Note a batch for the block it starts in, unless an earlier one does."""
    if load_i64(mem, seg + S_STARTS_SLOTS) == 0:  # a tail: nobody asks it for records
        return 0
    known = start_known(mem, seg, lsn // START_BYTES)
    if known < 0 or known > lsn:
        store_i64(mem, start_slot(mem, seg, lsn // START_BYTES), lsn)
    return 0


@jit.routine
def batch_admit(mem, seg, at, lsn, length):
    """Note the intact batch at `at`, decrypt it if the log is encrypted; 0 or E_CORRUPT."""
    cipher = load_i64(mem, seg + S_CIPHER)
    start_note(mem, seg, lsn)
    if cipher == 0:
        return 0
    return batch_turn(mem, cipher, at, length, DECRYPT)


@jit.helper
def header_at(mem, seg, header, lsn):
    """Read the header of the batch at `lsn`; its length or E_CORRUPT."""
    if log_read(mem, seg, lsn, BATCH_HEADER_BYTES, header) != BATCH_HEADER_BYTES:
        return E_CORRUPT
    return batch_length(mem, header, lsn)


@jit.helper
def start_before(mem, seg, lsn):
    """A batch that starts at or before `lsn`, not far from it, or -1."""
    block = lsn // START_BYTES
    for back in range(min(block, STARTS_AT_FIRST)):
        start = start_known(mem, seg, block - back)
        if 0 < start <= lsn:
            return start
    return -1


@jit.helper
def batch_around(mem, seg, header, lsn):
    """Read the header of the batch that `lsn` lies in; its length or E_CORRUPT."""
    start = start_before(mem, seg, lsn)
    if start < 0:
        return E_CORRUPT
    length = header_at(mem, seg, header, start)
    while length > 0 and start + length <= lsn:
        start += length
        length = header_at(mem, seg, header, start)
    return length


@jit.routine
def log_trust(mem, seg, lsn):
    """Is the batch that the record at `lsn` lies in still intact in its file? 0 or E_CORRUPT.

    It was when it was indexed. Where nobody can tell which batch that is, it is left to scrubbing.
    """
    if load_i64(mem, seg + S_TRUSTED_LSN) <= lsn < load_i64(mem, seg + S_TRUSTED_END):
        return 0
    if load_i64(mem, seg + S_STARTS_SLOTS) == 0:
        return 0
    start = start_before(mem, seg, lsn)
    if start < 0:
        return 0
    buffer = load_i64(mem, seg + S_BUFFER_AT)
    store_i64(mem, seg + S_BUFFER_COUNT, 0)
    length = header_at(mem, seg, buffer, start)
    while length > 0 and start + length <= lsn:
        start += length
        length = header_at(mem, seg, buffer, start)
    if length <= 0 or length > load_i64(mem, seg + S_BUFFER_BYTES):
        return 0
    if log_read(mem, seg, start, length, buffer) != length:
        return E_CORRUPT
    if batch_check(mem, buffer, start, length) < 0:
        return E_CORRUPT
    store_i64(mem, seg + S_TRUSTED_LSN, start)
    store_i64(mem, seg + S_TRUSTED_END, start + length)
    return 0


@jit.helper
def stretch_decrypt(mem, seg, length):
    """Decrypt the window from the batch on whose header is at hand, as far as batches go on.

    length  of that batch;  ->  LSN that it is decrypted up to
    """
    cipher, window = load_i64(mem, seg + S_CIPHER), load_i64(mem, seg + S_WINDOW_AT)
    first = load_i64(mem, seg + S_WINDOW_LSN)
    end = first + load_i64(mem, seg + S_WINDOW_COUNT)
    header, lsn = cipher + C_HEADER, first
    while length > 0:
        start = load_i64(mem, header + BATCH_LSN_AT)
        body, stop = max(first, start + BATCH_HEADER_BYTES), min(end, start + length)
        if body < stop:
            if log_stream(mem, cipher, header, body, window + body - first, stop - body) < 0:
                break
        lsn = min(end, start + length)
        if lsn + BATCH_HEADER_BYTES > end:
            break
        length = batch_length(mem, window + lsn - first, lsn)
        if length > 0:
            move(mem, header, window + lsn - first, BATCH_HEADER_BYTES)
    return lsn


@jit.routine
def window_decrypt(mem, seg, wanted):
    """Decrypt the window as far as one can tell which batches are in it.

    wanted  LSN of the record it was read for: what is before may be log that nobody knows, or end
            where the path makes a jump
    """
    header, window = load_i64(mem, seg + S_CIPHER) + C_HEADER, load_i64(mem, seg + S_WINDOW_AT)
    first = load_i64(mem, seg + S_WINDOW_LSN)
    end = first + load_i64(mem, seg + S_WINDOW_COUNT)
    reached = first
    length = batch_around(mem, seg, header, first)
    if length > 0:
        reached = stretch_decrypt(mem, seg, length)
    if reached <= wanted:
        reached = first
        length = batch_around(mem, seg, header, wanted)
        if length > 0:
            begin = max(first, load_i64(mem, header + BATCH_LSN_AT))
            move(mem, window, window + begin - first, end - begin)
            store_i64(mem, seg + S_WINDOW_LSN, begin)
            store_i64(mem, seg + S_WINDOW_COUNT, end - begin)
            reached = stretch_decrypt(mem, seg, length)
    store_i64(mem, seg + S_WINDOW_COUNT, reached - load_i64(mem, seg + S_WINDOW_LSN))
    return 0
