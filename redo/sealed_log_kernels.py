"""Records read without their whole batches: which batch they lie in, to verify or decrypt it.

Checksums are of batches, and to decrypt a stretch one must know which batches lie in it. Their
headers are plain, so it is enough to remember one that starts in each START_BYTES of log
(S_STARTS_AT) and to walk on from there. That is noted when a batch is found intact: when it is
indexed, or when its run is verified that was taken over from a former life. What was noted is never
trusted: what is there must be a header, or a gap that the path leaves out.

A record whose batch was found intact once is known by a checksum of its own from then on
(S_SUMS_AT): the next time it must have the same bytes, and its batch need not be read.
"""

from __future__ import annotations

from redo import jit
from redo.checksum_kernels import crc32c
from redo.cipher_kernels import DECRYPT, batch_turn, log_stream
from redo.cipher_layout import C_HEADER
from redo.codes import E_CORRUPT
from redo.coding_kernels import load_i64, load_u32, move, store_i64
from redo.log_file_kernels import log_read
from redo.record import BATCH_HEADER_BYTES, BATCH_LSN_AT, RECORD_LENGTH_AT
from redo.record_kernels import batch_check, batch_length
from redo.segment_layout import (
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_CIPHER,
    S_GAPS,
    S_GAPS_AT,
    S_STARTS_AT,
    S_STARTS_SLOTS,
    S_SUMS_AT,
    S_TRUSTED_END,
    S_TRUSTED_LSN,
    S_WINDOW_AT,
    S_WINDOW_COUNT,
    S_WINDOW_LSN,
    START_BYTES,
    STARTS_AT_FIRST,
    SUM_BYTES,
    SUMS_A_START,
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
def gap_over(mem, seg, lsn):
    """End of the gap that the path leaves out at `lsn`, or `lsn`."""
    table = load_i64(mem, seg + S_GAPS_AT)
    for i in range(load_i64(mem, seg + S_GAPS)):
        if load_i64(mem, table + 16 * i) <= lsn < load_i64(mem, table + 16 * i + 8):
            return load_i64(mem, table + 16 * i + 8)
    return lsn


@jit.helper
def batch_around(mem, seg, header, lsn):
    """Read the header of the batch that `lsn` lies in; its length or E_CORRUPT.

    In a gap there may be batches, too, which were given up: one may even reach beyond its end.
    """
    start = start_before(mem, seg, lsn)
    if start < 0:
        return E_CORRUPT
    length = 0
    while start + length <= lsn:
        start = gap_over(mem, seg, start + length)
        if start > lsn:
            return E_CORRUPT
        length = header_at(mem, seg, header, start)
        if length < 0:
            return E_CORRUPT
    return length


@jit.helper
def log_trust(mem, seg, lsn):
    """Is the batch that `lsn` lies in still intact in its file, as when it was indexed?

    ->  1, E_CORRUPT; 0: nobody can tell which batch that is, or it is not there: left to scrubbing
    """
    if load_i64(mem, seg + S_TRUSTED_LSN) <= lsn < load_i64(mem, seg + S_TRUSTED_END):
        return 1
    start = start_before(mem, seg, lsn)
    if start < 0:
        return 0
    buffer = load_i64(mem, seg + S_BUFFER_AT)
    store_i64(mem, seg + S_BUFFER_COUNT, 0)
    length = 0
    while start + length <= lsn:
        start = gap_over(mem, seg, start + length)
        if start > lsn:
            return 0
        if log_read(mem, seg, start, BATCH_HEADER_BYTES, buffer) != BATCH_HEADER_BYTES:
            return 0
        length = batch_length(mem, buffer, start)
        if length < 0:
            return E_CORRUPT
    if length > load_i64(mem, seg + S_BUFFER_BYTES):
        return E_CORRUPT
    if log_read(mem, seg, start, length, buffer) != length:
        return E_CORRUPT
    if batch_check(mem, buffer, start, length) < 0:
        return E_CORRUPT
    store_i64(mem, seg + S_TRUSTED_LSN, start)
    store_i64(mem, seg + S_TRUSTED_END, start + length)
    return 1


@jit.routine
def record_trust(mem, seg, lsn, record):
    """Are the bytes at `record` those of the record at `lsn` as it was indexed? 0 or E_CORRUPT."""
    slots = SUMS_A_START * load_i64(mem, seg + S_STARTS_SLOTS)
    if slots == 0:
        return 0
    known = load_i64(mem, seg + S_SUMS_AT) + SUM_BYTES * ((lsn >> 3) & (slots - 1))
    crc = crc32c(mem, record, load_u32(mem, record + RECORD_LENGTH_AT))
    if load_i64(mem, known) == lsn:
        if load_i64(mem, known + 8) == crc:
            return 0
        store_i64(mem, seg + S_TRUSTED_END, 0)
    verified = log_trust(mem, seg, lsn)
    if verified > 0:
        store_i64(mem, known, lsn)
        store_i64(mem, known + 8, crc)
    return min(verified, 0)


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
        lsn = min(end, gap_over(mem, seg, start + length))
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
