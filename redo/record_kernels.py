"""Reading the log: checking batches, walking records, applying them to pages.

`apply_record` is the one apply kernel: six copies, replicas and checks all run it, so their page
images are equal byte for byte. `at` and `record` are offsets in `mem` of bytes as in the log.
"""

from __future__ import annotations

from redo import jit
from redo.checksum_kernels import crc32c, crc_run
from redo.codes import E_CORRUPT
from redo.coding_kernels import (
    fill,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_i64,
    store_u32,
)
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT, PAGE_LSN_AT, PAGE_NO_AT
from redo.record import (
    BATCH_CRC_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    BATCH_MAGIC,
    BATCH_MAGIC_AT,
    EDIT_AT_AT,
    EDIT_BYTE_AT,
    EDIT_COUNT_AT,
    EDIT_FILL,
    EDIT_HEADER_BYTES,
    EDIT_IMAGE,
    EDIT_MOVE,
    EDIT_OP_AT,
    EDIT_SOURCE_AT,
    EDIT_WRITE,
    FLAG_WHOLE,
    RECORD_FLAGS_AT,
    RECORD_HEADER_BYTES,
    RECORD_LENGTH_AT,
    RECORD_LSN_AT,
    RECORD_PAGE_NO_AT,
    RECORD_PREV_PAGE_AT,
)
from redo.state import ST_PAGE_BYTES


@jit.helper
def record_stride(mem, record):
    """Bytes from this record to the next."""
    return (load_u32(mem, record + RECORD_LENGTH_AT) + 7) & -8


@jit.helper
def batch_length(mem, at, lsn):
    """Bytes of the batch whose header is at `at` and claims to be at `lsn`, or E_CORRUPT."""
    if load_u32(mem, at + BATCH_MAGIC_AT) != BATCH_MAGIC:
        return E_CORRUPT
    if load_i64(mem, at + BATCH_LSN_AT) != lsn:
        return E_CORRUPT
    length = load_u32(mem, at + BATCH_LENGTH_AT)
    if length <= BATCH_HEADER_BYTES or length & 7 != 0:
        return E_CORRUPT
    return length


@jit.helper
def batch_check(mem, at, lsn, available):
    """Bytes of the whole, intact batch at `at`, or E_CORRUPT. `available`: bytes to be read."""
    if available < BATCH_HEADER_BYTES:
        return E_CORRUPT
    length = batch_length(mem, at, lsn)
    if length < 0 or length > available:
        return E_CORRUPT
    crc = crc32c(mem, at + BATCH_LSN_AT, length - BATCH_LSN_AT)
    if crc != load_u32(mem, at + BATCH_CRC_AT):
        return E_CORRUPT
    return length


@jit.helper
def apply_edits(mem, frame, page_bytes, edit, end):
    """Do the edits in mem[edit:end] to the page; 0 or E_CORRUPT."""
    while edit < end:
        if edit + EDIT_HEADER_BYTES > end:
            return E_CORRUPT
        op = load_u8(mem, edit + EDIT_OP_AT)
        at = load_u16(mem, edit + EDIT_AT_AT)
        count = load_u16(mem, edit + EDIT_COUNT_AT)
        if at < PAGE_BODY_AT or at + count > page_bytes:
            return E_CORRUPT
        payload = edit + EDIT_HEADER_BYTES
        edit = payload
        if op == EDIT_WRITE or op == EDIT_IMAGE:
            edit = payload + count
            if edit > end:
                return E_CORRUPT
            move(mem, frame + at, payload, count)
        elif op == EDIT_MOVE:
            source = load_u16(mem, payload - EDIT_HEADER_BYTES + EDIT_SOURCE_AT)
            if source < PAGE_BODY_AT or source + count > page_bytes:
                return E_CORRUPT
            move(mem, frame + at, frame + source, count)
        elif op == EDIT_FILL:
            fill(mem, frame + at, count, load_u8(mem, payload - EDIT_HEADER_BYTES + EDIT_BYTE_AT))
        else:
            return E_CORRUPT
    return 0


@jit.helper
def apply_record(st, mem, frame, record):
    """Apply the PAGE record at `record` to the page at `frame`; 0 or E_CORRUPT (page undefined).

    A record with FLAG_WHOLE may be applied to any bytes. Any other must follow the page's last one.
    """
    page_bytes = st[ST_PAGE_BYTES]
    if load_u16(mem, record + RECORD_FLAGS_AT) & FLAG_WHOLE == 0:
        if load_i64(mem, record + RECORD_PREV_PAGE_AT) != load_i64(mem, frame + PAGE_LSN_AT):
            return E_CORRUPT
        if load_i64(mem, record + RECORD_PAGE_NO_AT) != load_i64(mem, frame + PAGE_NO_AT):
            return E_CORRUPT
    end = record + load_u32(mem, record + RECORD_LENGTH_AT)
    if apply_edits(mem, frame, page_bytes, record + RECORD_HEADER_BYTES, end) < 0:
        return E_CORRUPT
    store_i64(mem, frame + PAGE_NO_AT, load_i64(mem, record + RECORD_PAGE_NO_AT))
    store_i64(mem, frame + PAGE_LSN_AT, load_i64(mem, record + RECORD_LSN_AT))
    store_u32(mem, frame + PAGE_CRC_AT, 0)
    return 0


@jit.helper
def image_crc(mem, frame, page_bytes):
    """CRC32C of a page image, its own four bytes left out."""
    crc = crc_run(mem, frame, PAGE_CRC_AT, 0xFFFFFFFF)
    return crc_run(mem, frame + PAGE_BODY_AT, page_bytes - PAGE_BODY_AT, crc) ^ 0xFFFFFFFF


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def record_apply(st, mem, frame, record):
    """`apply_record` for Python."""
    return apply_record(st, mem, frame, record)


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def batch_verify(mem, at, lsn, available):
    """`batch_check` for Python."""
    return batch_check(mem, at, lsn, available)
