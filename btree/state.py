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

# --- 96–159: trees --------------------------------------------------------------------------------
ST_LEAF_FRAME: Final = 96  #: frame of the leaf a search ended in
ST_LEAF_SLOT: Final = 97  #: its slot: of the key, or of the first greater key (may be `count`)
ST_HEIGHT: Final = 98  #: level of the root in the last descent; path words 0..height are valid
ST_VALUE_BYTES: Final = 99  #: bytes of the value or key last asked for
ST_SCRATCH_AT: Final = 100  #: scratch for page rebuilding, `layout.scratch_bytes(page_bytes)`
ST_SPILL_AT: Final = 101  #: buffer where values from overflow pages are gathered
ST_SPILL_END: Final = 102
ST_SPILL_NEXT: Final = 103  #: next free place in it; `spill_reset` takes it back to the start
ST_RESERVED_FRAMES: Final = 104  #: frames promised to changes since `reserve_begin`
ST_RESERVED_PAGES: Final = 105  #: page numbers promised since `reserve_begin`
ST_ALLOCATED: Final = 106  #: pages allocated since start, a counter
ST_FREED: Final = 107  #: pages freed since start, a counter
ST_PATH: Final = 112  #: frame of the page at each level (16 words; level 0 is the leaf)
ST_PATH_SLOT: Final = 128  #: slot taken at each level (16 words)

# --- 160–255: keys, collations --------------------------------------------------------------------
ST_WEIGHTS_0900: Final = 160  #: weight tables of utf8mb4_0900_ai_ci in the arena (0: not loaded)
ST_WEIGHTS_GENERAL: Final = 161  #: weight table of utf8mb4_general_ci
ST_WEIGHTS_LATIN1: Final = 162  #: weight table of latin1_swedish_ci

# --- 256–1023: transactions, rows, locks, cursors -------------------------------------------------
