"""What kernels know about one copy: a block of words in storage's arena, and the tables it points
to.

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
    72     S_EPOCHS_AT        (epoch, start LSN) pairs, ascending
    80     S_EPOCHS
    88     S_HASH_AT          page table: entries below, open addressing
    96     S_HASH_SLOTS       a power of two
    104    S_HASH_USED
    112    S_NODES_AT         ring of nodes, one per page record of log that is not coalesced yet
    120    S_NODES_SLOTS      a power of two; node number n is in slot n % slots
    128    S_FIRST_NODE       lowest node number kept
    136    S_NEXT_NODE        number of the next node
    144    S_INDEXED          log below this LSN is in the nodes
    152    S_STORE_FDS_AT     descriptors of page-store files by file number
    160    S_WINDOW_AT        buffer that records are read into
    168    S_WINDOW_LSN
    176    S_WINDOW_COUNT
    184    S_INDEXED_BATCH    LSN of the last batch below S_INDEXED; 0: none
    192    S_INDEXED_EPOCH    its epoch

    OFFSET SIZE  NAME         PAGE TABLE ENTRY (32 bytes)
    0      8     E_PAGE       page_no + 1; 0: empty
    8      8     E_HEAD       newest node number of the page; -1: none
    16     8     E_LOCATION   file number << 32 | slot of its newest stored image; -1: none
    24     8     E_VERSION    page_lsn of that image

    OFFSET SIZE  NAME         NODE (24 bytes)
    0      8     N_LSN        LSN of the record | 1 if it is WHOLE
    8      8     N_PREVIOUS   node number of the page's record before, maybe below S_FIRST_NODE; -1
    16     8     N_FOLLOWING  scratch of `page_build`: the next record to apply

    OFFSET SIZE  TYPE NAME    STORE INDEX ENTRY (24 bytes; entry n of pages-….idx is slot n of .dat)
    0      8     i8   page_no
    8      8     i8   page_lsn
    16     4     u4   slot
    20     4     u4   crc     CRC32C of bytes 0–19
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
S_EPOCHS_AT: Final = 72
S_EPOCHS: Final = 80
S_HASH_AT: Final = 88
S_HASH_SLOTS: Final = 96
S_HASH_USED: Final = 104
S_NODES_AT: Final = 112
S_NODES_SLOTS: Final = 120
S_FIRST_NODE: Final = 128
S_NEXT_NODE: Final = 136
S_INDEXED: Final = 144
S_STORE_FDS_AT: Final = 152
S_WINDOW_AT: Final = 160
S_WINDOW_LSN: Final = 168
S_WINDOW_COUNT: Final = 176
S_INDEXED_BATCH: Final = 184
S_INDEXED_EPOCH: Final = 192
SEGMENT_BYTES: Final = 256

FDS_SLOTS: Final = 4096
STORE_FILES_MAX: Final = 65536
EPOCHS_MAX: Final = 4096

ENTRY_BYTES: Final = 32
E_PAGE: Final = 0
E_HEAD: Final = 8
E_LOCATION: Final = 16
E_VERSION: Final = 24

NODE_BYTES: Final = 24
N_LSN: Final = 0
N_PREVIOUS: Final = 8
N_FOLLOWING: Final = 16

STORE_ENTRY_BYTES: Final = 24
X_PAGE: Final = 0
X_LSN: Final = 8
X_SLOT: Final = 16
X_CRC: Final = 20

#: Chunk files: a header of this size, then log bytes.
CHUNK_HEADER_BYTES: Final = 4096
#: At least two of the longest batches (`edit_kernels` I6).
BUFFER_BYTES: Final = 4 << 20
WINDOW_BYTES: Final = 65536
WINDOW_STEP_BYTES: Final = 8192
