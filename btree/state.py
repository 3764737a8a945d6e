"""State words 64–1023 of a node: what `btree` kernels keep between calls.

64–255 belong to the storage structures (pool, trees, keys), 256–1023 to transactions and rows.
"""

from __future__ import annotations

from typing import Final

# --- 64–95: buffer pool ---------------------------------------------------------------------------
ST_FRAMES_AT: Final = 64  #: offset of frame 0
ST_FRAME_COUNT: Final = 65  #: frames in all
ST_PAGE_SHIFT: Final = 66  #: log2 of the page size
ST_TABLE_AT: Final = 67  #: page table: entries of two words (`layout.TABLE_…`)
ST_TABLE_MASK: Final = 68  #: entries - 1, a power of two less one
ST_OWNER_AT: Final = 69  #: i8 per frame: page number, or -2 - next free frame
ST_FREE_FRAME: Final = 70  #: number of the first free frame, -1: none
ST_FREE_COUNT: Final = 71  #: free frames
ST_CLOCK_HAND: Final = 72  #: frame the sweep looks at next
ST_POOL_HITS: Final = 73  #: finds answered from the pool (counted by descents, not by every find)
ST_POOL_MISSES: Final = 74  #: finds that ended in E_PAGE_MISS
ST_AHEAD_AT: Final = 75  #: numbers of pages a scan comes to next, AHEAD_MAX words
ST_AHEAD_COUNT: Final = 76  #: how many; taken, and set to 0, by the fetch that answers the miss
ST_AHEAD_SLOT: Final = 79  #: where the last search for what comes next ended
ST_HOT_COUNT: Final = 77  #: frames flagged FRAME_HOT: at most five eighths of all
ST_HOT_WANTED: Final = 78  #: pages found again that wait for a hot one to grow cold
ST_SETTLED_AT: Final = 80  #: two words per frame: `settled_kernels.leaf_settled`

# --- 96–159: trees --------------------------------------------------------------------------------
ST_LEAF_FRAME: Final = 96  #: frame of the leaf a search ended in
ST_LEAF_SLOT: Final = 97  #: its slot: of the key, or of the first greater key (may be `count`)
ST_HEIGHT: Final = 98  #: level of the root in the last descent; path words 0..height are valid
ST_VALUE_BYTES: Final = 99  #: bytes of the value or key last asked for
ST_SCRATCH_AT: Final = 100  #: scratch for page rebuilding, `layout.scratch_bytes(page_bytes)`
ST_SPILL_AT: Final = 101  #: buffer where values from overflow pages are gathered
ST_SPILL_END: Final = 102
ST_SPILL_NEXT: Final = 103  #: next free place in it; `spill_reset` takes it back to the start
ST_RESERVED_FRAMES: Final = 104  #: free frames that changes since `reserve_begin` need
ST_RESERVED_PAGES: Final = 105  #: page numbers promised since `reserve_begin`
ST_ALLOCATED: Final = 106  #: pages allocated since start, a counter
ST_FREED: Final = 107  #: pages freed since start, a counter
ST_RESERVED_BYTES: Final = 108  #: page bytes promised since `reserve_begin`
ST_FOUND_ROOT: Final = 109  #: tree whose path ST_PATH is, still good; 0: of none (`tree_find`)
ST_PATH: Final = 112  #: frame of the page at each level (16 words; level 0 is the leaf)
ST_PATH_SLOT: Final = 128  #: slot taken at each level (16 words)

# --- 160–255: keys, collations --------------------------------------------------------------------
ST_WEIGHTS_0900: Final = 160  #: weight tables of utf8mb4_0900_ai_ci in the arena (0: not loaded)
ST_WEIGHTS_GENERAL: Final = 161  #: weight table of utf8mb4_general_ci
ST_WEIGHTS_SECONDARY: Final = 163  #: of the second level of the 0900 collations
ST_WEIGHTS_TERTIARY: Final = 164  #: and the third
ST_WEIGHTS_UNICODE: Final = 165  #: weight table of utf8mb4_unicode_ci
ST_WEIGHTS_520: Final = 166  #: of utf8mb4_unicode_520_ci
ST_WEIGHTS_LATIN1_GENERAL: Final = 167  #: of latin1_general_ci
ST_WEIGHTS_LATIN1_BIN: Final = 168  #: of latin1_bin
ST_WEIGHTS_LATIN1: Final = 162  #: weight table of latin1_swedish_ci

# --- 176–191: chains of long values ---------------------------------------------------------------
ST_CHAIN_PAGE: Final = 176  #: last page written, or page to go on reading from
ST_CHAIN_DONE: Final = 177  #: bytes read before E_PAGE_MISS
ST_SPILL_WANTED: Final = 178  #: E_SPILL_FULL: bytes that the spill buffer must have

# --- 256–1023: transactions, rows, locks, cursors -------------------------------------------------
ST_ACTIVE_AT: Final = 256  #: ascending ids of the transactions active here
ST_ACTIVE_CTX_AT: Final = 257  #: their contexts, in the same order
ST_ACTIVE_COUNT: Final = 258
ST_ACTIVE_ROOM: Final = 259
ST_CTX_HEAD: Final = 260  #: first context of the list of all contexts, 0: none
ST_WAKE: Final = 261  #: transactions that ended and had waiters since `Locks.wake` looked
ST_TABLES_AT: Final = 262  #: table directory (`txn_layout.TABLE_…`), indexed by table id
ST_TABLES_ROOM: Final = 263  #: ids it has room for
ST_LOCK_BUCKETS_AT: Final = 264  #: heads of the lock table's chains
ST_LOCK_MASK: Final = 265  #: buckets - 1
ST_LOCK_COUNT: Final = 267  #: record locks, owned or waited for
ST_KEYS_AT: Final = 268  #: key scratch of the row kernels (`row_kernels.key_place`)
ST_ELEMENTS_AT: Final = 269  #: lists of elements (`element_kernels`)
ST_PURGE_LOW: Final = 270  #: every transaction below is visible to every view anywhere
ST_BUILD_AT: Final = 272  #: where an undo record or a leaf value is put together
ST_ROW_TRX: Final = 273  #: the version a walk stands on: who wrote it,
ST_ROW_UNDO: Final = 274  #: its undo pointer,
ST_ROW_DELETED: Final = 275  #: whether it is delete-marked,
ST_ROW_AT: Final = 276  #: its row,
ST_ROW_BYTES: Final = 277  #: and the bytes of that
ST_UNDO_ROOM: Final = 278  #: 1: the undo record promised fits the tail page, 0: a new page is due
ST_SLOT_PROMISED: Final = (
    279  #: slot (page_no << 16 | offset) promised, 0: none needed, -1: new page
)
ST_LAST_SLOTS: Final = 280  #: last system page of the chain, as `slot_promise` found it
ST_NEXT_TRX: Final = 281  #: next transaction id, as page 1 has it (not on a follower)
ST_PURGE_UNDO: Final = 282  #: undo pointer of the record that purge looks at next
ST_WANTED_TABLE: Final = 283  #: id of the table that E_NOT_LOADED is about
ST_PURGE_TRX: Final = 283  #: greatest transaction id of a record that purge has passed
ST_COMMITS: Final = 288  #: counters since start
ST_ROLLBACKS: Final = 289
ST_ROWS_INSERTED: Final = 290
ST_ROWS_UPDATED: Final = 291
ST_ROWS_DELETED: Final = 292
ST_ROWS_READ: Final = 293
ST_UNDO_PAGES: Final = 294  #: undo pages appended less undo pages freed
ST_PURGED: Final = 295  #: undo records passed by purge

# --- 384–399: foreign keys ------------------------------------------------------------------------
ST_FOREIGN_TABLE: Final = 384  #: id of the child table of the key that E_PARENT_MISSING is about
ST_FOREIGN_NUMBER: Final = 385  #: and the key's number among that table's
ST_FOREIGN_CTX: Final = 386  #: context whose cascade stack is too small
ST_FOREIGN_WANTED: Final = 387  #: bytes it needs
ST_FOREIGN_SCRATCH: Final = 388  #: where parent keys and rows are put together
ST_ROW_CALLS: Final = 389  #: addresses of `row_insert`, `row_update`, `row_delete`
# 320–351: locks
ST_GAP_COUNT: Final = 320  #: locked intervals
ST_GAP_TOP: Final = 321  #: root of their treap, 0: none
ST_GAP_STACK: Final = 322  #: `gap_kernels.STACK_WORDS` words for walks
ST_LOCK_NEXT: Final = 323  #: lock memory never used yet,
ST_LOCK_END: Final = 324  #: and its end
ST_LOCK_BYTES: Final = 325  #: lock memory in use
ST_LOCK_FREE: Final = 326  #: first free run of each size class (LOCK_CLASSES words)
ST_REQUEST_CTX: Final = 336  #: the last request that met E_LOCK_WAIT: whose,
ST_REQUEST_ROOT: Final = 337  #: in which index,
ST_REQUEST_KEY: Final = 338  #: a copy of its key (the buffer stays, CUR_KEY_ROOM bytes),
ST_REQUEST_BYTES: Final = 339  #: and its bytes,
ST_REQUEST_KIND: Final = 340  #: LOCK_… bits,
ST_REQUEST_IMPLICIT: Final = 341  #: 1: the holder has no lock entry, it is the row's writer
