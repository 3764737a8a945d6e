"""State words 0–63 of a node: what the log and its kernels remember.  ``st`` is ``i8[::1]``.

::

    WORD   NAME                 MEANING
    0      ST_PAGE_BYTES        page size, a power of two, 256…32768
    1      ST_RING_BYTES        size of the log ring, a power of two
    2      ST_NEXT_LSN          where the next record goes: end of everything appended
    3      ST_PUBLISHED         end of everything sealed and published (a batch boundary)
    4      ST_BATCH_LSN         LSN of the batch being filled; 0: none is open
    5      ST_LAST_BATCH        LSN of the batch sealed before it
    6      ST_EPOCH             volume epoch this node writes under
    7      ST_VDL               volume durable LSN, as last computed by `log_advance`
    8      ST_READ_ONLY         not 0: this node follows a stream; `mtr_begin` gives E_READ_ONLY
    9      ST_MISS_PAGE         page asked for by the last E_PAGE_MISS
    10     ST_WAIT_FOR          transaction waited for by the last E_LOCK_WAIT
    11     ST_DUPLICATE_INDEX   index number of the last E_DUPLICATE
    12     ST_MTR_OPEN          1 between `mtr_begin` and `mtr_commit`
    13     ST_MTR_START         ST_NEXT_LSN when the mini-transaction began
    14     ST_MTR_RECORD        LSN of the record being filled; 0: none
    15     ST_MTR_FRAME         the frame that record is about
    16     ST_MTR_LAST          LSN of the last record closed in this mini-transaction; 0: none
    17     ST_MTR_LIMIT         largest mini-transaction in bytes: 1 MiB, or a quarter of the ring
    18     ST_BATCH_RECORDS     records in the open batch
    19     ST_BATCH_MTRS        mini-transactions in the open batch
    20     ST_DIRTY_LSN         end of the last mini-transaction
    21     ST_FAILPOINT         number of the failpoint at which this process dies; 0: none
    22     ST_FAILPOINT_HITS    how many more times it is reached until then
    23     ST_CIPHER            cipher block of an encrypted volume (`cipher_layout`); 0: none
    24–29  ST_COPY_FD           eventfds that wake the six copies (-1: none)
    32–47  ST_FOLLOWER_FD       eventfds that wake replicas 0…15 (-1: none)
"""

from __future__ import annotations

from typing import Final

ST_WORDS: Final = 4096  #: size of the whole state array, all packages

ST_PAGE_BYTES: Final = 0
ST_RING_BYTES: Final = 1
ST_NEXT_LSN: Final = 2
ST_PUBLISHED: Final = 3
ST_BATCH_LSN: Final = 4
ST_LAST_BATCH: Final = 5
ST_EPOCH: Final = 6
ST_VDL: Final = 7
ST_READ_ONLY: Final = 8
ST_MISS_PAGE: Final = 9
ST_WAIT_FOR: Final = 10
ST_DUPLICATE_INDEX: Final = 11
ST_MTR_OPEN: Final = 12
ST_MTR_START: Final = 13
ST_MTR_RECORD: Final = 14
ST_MTR_FRAME: Final = 15
ST_MTR_LAST: Final = 16
ST_MTR_LIMIT: Final = 17
ST_BATCH_RECORDS: Final = 18
ST_BATCH_MTRS: Final = 19
ST_DIRTY_LSN: Final = 20
ST_FAILPOINT: Final = 21
ST_FAILPOINT_HITS: Final = 22
ST_CIPHER: Final = 23
ST_COPY_FD: Final = 24
ST_FOLLOWER_FD: Final = 32
ST_REDO_END: Final = 64  #: first word of `btree`

FIRST_LSN: Final = 4096  #: where the log of a new volume starts; 0 means "none"
MTR_BYTES_MAX: Final = 1 << 20
