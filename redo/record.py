"""The log's bytes: batches of records of edits.  All little-endian; the byte tables of the format.

::

    OFFSET SIZE TYPE  NAME        BATCH HEADER (64 bytes; the records follow)
    0      4    u4    magic       BATCH_MAGIC
    4      4    u4    crc         CRC32C of bytes 8 … length
    8      8    i8    lsn         of this header: its position in the log
    16     8    i8    previous    LSN of the batch before; 0: first batch of the volume
    24     8    i8    epoch       volume epoch of the writer; never falls along the log
    32     8    i8    clock_us    wall clock when sealed
    40     4    u4    length      bytes with this header, a multiple of 8
    44     4    u4    records
    48     4    u4    mtrs        mini-transactions
    52     12         tag         of an encrypted batch (`cipher_kernels`), else 0

    OFFSET SIZE TYPE  NAME        RECORD HEADER (32 bytes; edits or a mark follow; 8-byte aligned)
    0      8    i8    lsn         of this header
    8      8    i8    prev_page   LSN of the record before of this page; 0: first, or made anew
    16     8    i8    page_no     -1 in marks
    24     4    u4    length      bytes with this header, without the padding after them
    28     2    u2    kind        KIND_…
    30     2    u2    flags       FLAG_CPL 1: last record of its mini-transaction
                                  FLAG_WHOLE 2: needs nothing before it (sets all of the page)

    OFFSET SIZE TYPE  NAME        EDIT (8 bytes, then `count` bytes after WRITE and IMAGE)
    0      1    u1    op          EDIT_…
    1      1    u1    byte        FILL: the byte
    2      2    u2    at          where in the page
    4      2    u2    count
    6      2    u2    source      MOVE: from where in the page

    OFFSET SIZE TYPE  NAME        MARK (kinds BEGIN, COMMIT, ROLLBACK, DICTIONARY; after a header)
    0      8    i8    trx_id      DICTIONARY: the dictionary's new version
    8      8    i8    clock_us    wall clock
"""

from __future__ import annotations

from typing import Final

BATCH_MAGIC: Final = 0x4F444552  # "REDO"
BATCH_MAGIC_AT: Final = 0
BATCH_CRC_AT: Final = 4
BATCH_LSN_AT: Final = 8
BATCH_PREVIOUS_AT: Final = 16
BATCH_EPOCH_AT: Final = 24
BATCH_CLOCK_AT: Final = 32
BATCH_LENGTH_AT: Final = 40
BATCH_RECORDS_AT: Final = 44
BATCH_MTRS_AT: Final = 48
BATCH_TAG_AT: Final = 52
BATCH_TAG_BYTES: Final = 12
BATCH_HEADER_BYTES: Final = 64

RECORD_LSN_AT: Final = 0
RECORD_PREV_PAGE_AT: Final = 8
RECORD_PAGE_NO_AT: Final = 16
RECORD_LENGTH_AT: Final = 24
RECORD_KIND_AT: Final = 28
RECORD_FLAGS_AT: Final = 30
RECORD_HEADER_BYTES: Final = 32

KIND_PAGE: Final = 1
KIND_BEGIN: Final = 2
KIND_COMMIT: Final = 3
KIND_ROLLBACK: Final = 4
KIND_DICTIONARY: Final = 5
KIND_NAMES: Final = {1: "PAGE", 2: "BEGIN", 3: "COMMIT", 4: "ROLLBACK", 5: "DICTIONARY"}

FLAG_CPL: Final = 1
FLAG_WHOLE: Final = 2

MARK_TRX_AT: Final = RECORD_HEADER_BYTES
MARK_CLOCK_AT: Final = RECORD_HEADER_BYTES + 8
MARK_BYTES: Final = RECORD_HEADER_BYTES + 16

EDIT_WRITE: Final = 1
EDIT_MOVE: Final = 2
EDIT_FILL: Final = 3
EDIT_IMAGE: Final = 4
EDIT_OP_AT: Final = 0
EDIT_BYTE_AT: Final = 1
EDIT_AT_AT: Final = 2
EDIT_COUNT_AT: Final = 4
EDIT_SOURCE_AT: Final = 6
EDIT_HEADER_BYTES: Final = 8

#: A record that has grown past this is closed and the next edit opens another one of the page,
#: so that a record (this, one edit, one page image) always fits a 64 KiB buffer.
RECORD_SPLIT_BYTES: Final = 16384
RECORD_BYTES_MAX: Final = 65536

assert MARK_BYTES % 8 == 0 and BATCH_HEADER_BYTES % 8 == 0
assert RECORD_SPLIT_BYTES + EDIT_HEADER_BYTES + 32768 + 8 <= RECORD_BYTES_MAX
