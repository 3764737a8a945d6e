"""What kernels know about one copy: a block of words in storage's arena, and the tables it points
to; and the byte tables of a copy's own files. The log's bytes are in `record.py`.

::

    OFFSET WORD               SEGMENT BLOCK (i8 each; offset `seg` in mem)
    0      S_CHUNK_BYTES      log bytes in a chunk file; chunk n holds LSN [n, n + 1) * chunk_bytes
    8      S_FDS_AT           descriptors of chunk files: word n % FDS_SLOTS, -1 none
    16     S_BUFFER_AT        buffer that batches are read into
    24     S_BUFFER_BYTES
    32     S_BUFFER_LSN       LSN of its first byte
    40     S_BUFFER_COUNT     bytes in it
    48     S_SCAN_LSN         in: where `log_scan` starts, out: end of the last good batch
    56     S_SCAN_BATCH       in: LSN of the batch before (-1: unknown), out: the last good batch
    64     S_SCAN_EPOCH       in: 0 or the epoch before, out: epoch of the last good batch
    72     S_SCAN_CLOCK       in: its clock, out: that of the last good batch, µs
    80     S_EPOCHS_AT        (epoch, start LSN) pairs, ascending
    88     S_EPOCHS
    96     S_GAPS_AT          (from, to) pairs, ascending: log that the present path leaves out
    104    S_GAPS
    112    S_HASH_AT          page table: entries below, open addressing
    120    S_HASH_SLOTS       a power of two
    128    S_HASH_USED
    136    S_OLDER_AT         nodes of older images, see below
    144    S_OLDER_SLOTS
    152    S_OLDER_FREE       first free node, linked by O_NEXT; -1: none
    160    S_OLDER_LEFT       free nodes
    168    S_INDEXED          log below this LSN is in the page table
    176    S_INDEXED_BATCH    LSN of the last batch below S_INDEXED; 0: none
    184    S_INDEXED_EPOCH    its epoch
    192    S_INDEXED_CLOCK    its clock, µs
    200    S_RUN_LSN          where the run begins that is being gathered (`runs.py`)
    208    S_TOUCHED_AT       numbers of the pages that have records in it
    216    S_TOUCHED_SLOTS
    224    S_TOUCHED
    232    S_REMADE_AT        (record LSN, record before) pairs, ascending: records that say
    240    S_REMADE_SLOTS     "none before" although there was one: pages made again
    248    S_REMADE
    256    S_HOT_AT           numbers of pages with HOT_RECORDS records above their newest image
    264    S_HOT              at most HOT_SLOTS
    272    S_STORE_FDS_AT     descriptors of page-store files by file number
    280    S_LIVE_AT          by file number: images of the file that the page table knows
    288    S_WINDOW_AT        buffer that records are read into
    296    S_WINDOW_LSN
    304    S_WINDOW_COUNT
    312    S_CHAIN_AT         scratch of `page_make`: LSNs of records to apply, the newest first
    320    S_CHAIN_SLOTS
    328    S_CHECKS_AT        runs taken over from a former life, ascending, see below
    336    S_CHECKS
    344    S_UNCHECKED        log below is believed only after its run was verified; 0: all is
    352    S_RUN_BYTES        a run that is so long is ended
    360    S_LAST_PAGE        highest page number in the page table
    368    S_CIPHER           cipher block (`cipher_layout`); 0: the volume is not encrypted
    376    S_STARTS_AT        of a log with records, by block n % S_STARTS_SLOTS of START_BYTES:
    384    S_STARTS_SLOTS     LSN of the first batch that starts in it; a power of two, or 0
    392    S_INDEX_FDS_AT     descriptors of store indexes by file number
    400    S_TRUSTED_LSN      the batch that was last found intact for a read
    408    S_TRUSTED_END
    416    S_SUMS_AT          SUMS_A_START * S_STARTS_SLOTS pairs: LSN of a record that was found
                              intact, CRC32C of its bytes as they are read

    OFFSET SIZE  NAME         PAGE TABLE ENTRY (48 bytes)
    0      8     E_PAGE       page_no + 1; 0: empty
    8      8     E_HEAD       LSN of its newest record in the log that is indexed; 0: none
    16     8     E_LOCATION   file number << 32 | slot of its newest stored image; -1: none
    24     8     E_VERSION    page_lsn of that image; 0: none
    32     8     E_OLDER      node of the image before; -1: none is kept
    40     8     E_COUNT      records indexed since that image or a WHOLE record

    OFFSET SIZE  NAME         NODE OF AN OLDER IMAGE (24 bytes)
    0      8     O_LOCATION
    8      8     O_VERSION    falls along the list
    16     8     O_NEXT       -1: none

    OFFSET SIZE  NAME         RUN TO BE VERIFIED (24 bytes)
    0      8     K_LSN        its first batch
    8      8     K_END
    16     8     K_DONE       1: its batches are intact

    OFFSET SIZE  TYPE NAME    STORE INDEX ENTRY (48 bytes; entry n of pages-….idx is slot n of .dat)
    0      8     i8   page_no
    8      8     i8   page_lsn
    16     8     i8   salt    of an encrypted image's nonce, random
    24     16         tag     of an encrypted image
    40     4     u4   slot
    44     4     u4   crc     CRC32C of bytes 0–43

    OFFSET SIZE  TYPE NAME    RUN (log/….run, one after the other; 64 bytes, then the pairs)
    0      4     u4   magic   RUN_MAGIC
    4      4     u4   crc     CRC32C of bytes 8 … the end of the last pair
    8      8     i8   lsn     of its first batch
    16     8     i8   end     of its last batch
    24     8     i8   batch   LSN of its last batch
    32     8     i8   epoch   of that
    40     8     i8   clock   of that, µs
    48     4     u4   heads   pairs (i8 page_no, i8 LSN of its newest record in the run)
    52     4     u4   remade  pairs (i8 LSN of a record, i8 LSN of the page's record before)
    56     8          0
"""

from __future__ import annotations

from typing import Final

S_CHUNK_BYTES: Final = 0
S_FDS_AT: Final = 8
S_BUFFER_AT: Final = 16
S_BUFFER_BYTES: Final = 24
S_BUFFER_LSN: Final = 32
S_BUFFER_COUNT: Final = 40
S_SCAN_LSN: Final = 48
S_SCAN_BATCH: Final = 56
S_SCAN_EPOCH: Final = 64
S_SCAN_CLOCK: Final = 72
S_EPOCHS_AT: Final = 80
S_EPOCHS: Final = 88
S_GAPS_AT: Final = 96
S_GAPS: Final = 104
S_HASH_AT: Final = 112
S_HASH_SLOTS: Final = 120
S_HASH_USED: Final = 128
S_OLDER_AT: Final = 136
S_OLDER_SLOTS: Final = 144
S_OLDER_FREE: Final = 152
S_OLDER_LEFT: Final = 160
S_INDEXED: Final = 168
S_INDEXED_BATCH: Final = 176
S_INDEXED_EPOCH: Final = 184
S_INDEXED_CLOCK: Final = 192
S_RUN_LSN: Final = 200
S_TOUCHED_AT: Final = 208
S_TOUCHED_SLOTS: Final = 216
S_TOUCHED: Final = 224
S_REMADE_AT: Final = 232
S_REMADE_SLOTS: Final = 240
S_REMADE: Final = 248
S_HOT_AT: Final = 256
S_HOT: Final = 264
S_STORE_FDS_AT: Final = 272
S_LIVE_AT: Final = 280
S_WINDOW_AT: Final = 288
S_WINDOW_LSN: Final = 296
S_WINDOW_COUNT: Final = 304
S_CHAIN_AT: Final = 312
S_CHAIN_SLOTS: Final = 320
S_CHECKS_AT: Final = 328
S_CHECKS: Final = 336
S_UNCHECKED: Final = 344
S_RUN_BYTES: Final = 352
S_LAST_PAGE: Final = 360
S_CIPHER: Final = 368
S_STARTS_AT: Final = 376
S_STARTS_SLOTS: Final = 384
S_INDEX_FDS_AT: Final = 392
S_TRUSTED_LSN: Final = 400
S_TRUSTED_END: Final = 408
S_SUMS_AT: Final = 416
SEGMENT_BYTES: Final = 448

FDS_SLOTS: Final = 4096
STORE_FILES_MAX: Final = 65536
EPOCHS_MAX: Final = 4096
HOT_SLOTS: Final = 256
#: A page with so many records above its newest image gets another one: that bounds what a read
#: has to apply.
HOT_RECORDS: Final = 1024

ENTRY_BYTES: Final = 48
E_PAGE: Final = 0
E_HEAD: Final = 8
E_LOCATION: Final = 16
E_VERSION: Final = 24
E_OLDER: Final = 32
E_COUNT: Final = 40

OLDER_BYTES: Final = 24
O_LOCATION: Final = 0
O_VERSION: Final = 8
O_NEXT: Final = 16

#: Of the (location, version) pair that entries and nodes have alike.
IMAGE_VERSION: Final = 8
assert E_VERSION - E_LOCATION == O_VERSION - O_LOCATION == IMAGE_VERSION

CHECK_BYTES: Final = 24
K_LSN: Final = 0
K_END: Final = 8
K_DONE: Final = 16

STORE_ENTRY_BYTES: Final = 48
X_PAGE: Final = 0
X_LSN: Final = 8
X_SALT: Final = 16
X_TAG: Final = 24
X_SLOT: Final = 40
X_CRC: Final = 44

RUN_MAGIC: Final = 0x534E5552  # "RUNS"
RUN_HEADER_BYTES: Final = 64
PAIR_BYTES: Final = 16

SUM_BYTES: Final = 16
SUMS_A_START: Final = 16  #: slots for records by each slot for starts
START_BYTES: Final = 4096
STARTS_AT_FIRST: Final = 4096  #: more than blocks of the longest batch

#: Chunk files: a header of this size, then log bytes.
CHUNK_HEADER_BYTES: Final = 4096
#: At least two of the longest batches (`edit_kernels` I6).
BUFFER_BYTES: Final = 4 << 20
WINDOW_BYTES: Final = 65536
#: A start reads about so much log, and so does the first read of a page out of a former life.
RUN_BYTES: Final = 4 << 20
WINDOW_STEP_BYTES: Final = 8192
