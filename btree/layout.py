"""Byte tables of pages, rows and descriptors: the only place where their offsets are written.

::

    OFFSET SIZE TYPE  NAME         EVERY PAGE (0-19 belong to redo/image.py)
    0      8    i8    page_no      own number; a misdirected write shows
    8      8    i8    page_lsn     LSN of the last record applied
    16     4    u4    crc          of the rest when stored; stale in the pool
    20     2    u2    count        slots (overflow page: payload bytes)
    22     1    u1    kind         PAGE_…
    23     1    u1    level        0: leaf
    24     2    u2    cells_end    first byte after the cells
    26     2    u2    garbage      bytes of dead cells below cells_end
    28     4    u4    -            0
    32     8    i8    left         leaf: page before it in key order, 0: none
    40     8    i8    right        leaf: page after it; overflow, free: next page of the chain
    48     8    i8    tree_id      index id this page belongs to; first page of a chain: its stamp
    56     8    i8    counter      root pages: AUTO_INCREMENT or row-id counter of the table

    64               cells, growing up
    ...              hole
    end-12*count     slots, growing down: slot i is at end - 12*(i+1), in key order
                       i8 head    first eight key bytes, comparable as a signed number
                       u2 cell    offset of the cell in the page
                       u2 bytes   key bytes

    OFFSET SIZE TYPE  NAME         CELL OF A LEAF
    0      2    u2    value_bytes  bit 15: the value is on overflow pages, the cell has a reference
    2      k          key
    2+k    v          value, or reference: i8 first overflow page, u4 bytes in all

    0      k          key          CELL OF AN INTERNAL PAGE
    k      8    i8    child        page with keys >= this key (slot 0: with all smaller keys too)

    OFFSET SIZE TYPE  NAME         PAGE 0, the volume header (count, cells unused)
    64     8    i8    format       FORMAT
    72     8    i8    next_page    first page number never used
    80     8    i8    free_head    first free page, linked by `right`; 0: none
    88     8    i8    free_count   pages in that chain
    96     8    i8    next_tree    next tree id to hand out
    104    8    i8    chains       first page of the chains that wait to be freed, linked by the
                                   `left` of their first pages; 0: none

Fixed pages: 0 volume header, 1 transaction system, 2 root of the catalog tree.

Invariants: (I1) keys of a page ascend strictly, and lie between its separators. (I2) slot 0 of an
internal page is never compared. (I3) leaves of a tree are doubly linked in key order. (I4) the page
number of a root never changes. (I5) a page is reachable from exactly one root or overflow chain, or
is in the free chain, or is >= next_page. (I6) no cell is larger than `cell_limit`, so a split
always makes room.

A **row** (`rows_kernels`)::

    0      2    u2    format       row-format version of the table when it was written; bit 15: some
                                   columns are external
    2      n    u1    null bitmap  bit c%8 of byte c/8 for stored column c
    ..                fixed columns, in column order, each in its own width; NULL: zeros
    ..     w*v        ends table   for variable column k, where its bytes end (from the row's start)
    ..                variable columns, in column order; NULL: no bytes
    ..     16*x       rows with external columns only: a reference for each of them (first page of
                      its chain i8, bytes u4 with bit 31 for `REFERENCE_SHARED`, stamp u4)
    ..     2    u2    x

w is 2 when no row of the table can reach 32 KiB, 4 otherwise. The topmost bit of an entry of the
ends table says that the column is external: the rest is then the offset of its reference, and the
column has no bytes among the variable ones. Who owns a chain: `chain_kernels.py`.

Columns come and go without a row being touched: then the table gets a new format number, and its
descriptor tells how rows of each older one are to be read (`rows_kernels.row_upgrade`).

**Descriptor of a table** (words in the arena at `Table.descriptor`; D_, then columns, then indexes)
and **column description** (C_, `COLUMN_WORDS` words): the same block describes a stored column, a
key part, or any sort key of the machine. See the constants below.
"""

from __future__ import annotations

from typing import Final

# --- pages ----------------------------------------------------------------------------------------
COUNT_AT: Final = 20
KIND_AT: Final = 22
LEVEL_AT: Final = 23
CELLS_END_AT: Final = 24
GARBAGE_AT: Final = 26
LEFT_AT: Final = 32
RIGHT_AT: Final = 40
TREE_ID_AT: Final = 48
STAMP_AT: Final = 48  #: first page of a chain: what its references say too; 0 when it is given up
COUNTER_AT: Final = 56
CELLS_AT: Final = 64

SLOT_BYTES: Final = 12
SLOT_CELL: Final = 8
SLOT_KEY_BYTES: Final = 10
LEAF_CELL_HEADER: Final = 2
CHILD_BYTES: Final = 8
OVERFLOW_FLAG: Final = 0x8000
OVERFLOW_REFERENCE_BYTES: Final = 12

PAGE_NONE: Final = 0
PAGE_HEADER: Final = 1  #: page 0
PAGE_TREE: Final = 2  #: leaf or internal page of a tree
PAGE_OVERFLOW: Final = 3
PAGE_FREE: Final = 4
PAGE_TRX: Final = 5  #: transaction system and its slot pages
PAGE_UNDO: Final = 6

FORMAT_AT: Final = 64
NEXT_PAGE_AT: Final = 72
FREE_HEAD_AT: Final = 80
FREE_COUNT_AT: Final = 88
NEXT_TREE_AT: Final = 96
CHAINS_AT: Final = 104
FORMAT: Final = 1

HEADER_PAGE: Final = 0
TRX_PAGE: Final = 1
CATALOG_ROOT: Final = 2
FIRST_FREE_PAGE: Final = 3

MAX_LEVELS: Final = 16

# --- page table: two words an entry ---------------------------------------------------------------
TABLE_ENTRY_BYTES: Final = 16
TABLE_PAGE: Final = 0  #: page number + 1, 0: empty
TABLE_FRAME: Final = 8  #: frame offset, flags in its low six bits
FRAME_REFERENCED: Final = 1
FRAME_NEW: Final = 2  #: on probation: finds do not mark it referenced
FRAME_HOT: Final = 4  #: found again and again: not given up for pages that were found once
FRAME_FLAGS: Final = 63

AHEAD_MAX: Final = 64  #: page numbers a kernel may leave at `st[ST_AHEAD_AT]`

# --- descriptor of a table ------------------------------------------------------------------------
D_TABLE_ID: Final = 0
D_ROW_FORMAT: Final = 1
D_COLUMNS: Final = 2  #: stored columns
D_FIXED_AT: Final = 3  #: offset of the fixed columns in a row
D_ENDS_AT: Final = 4  #: offset of the ends table
D_ENDS_WIDTH: Final = 5  #: 2 or 4
D_VARIABLE_COUNT: Final = 6
D_VARIABLE_AT: Final = 7  #: offset of the first variable byte
D_INDEXES: Final = 8
D_COLUMNS_AT: Final = 9  #: arena offset of the column descriptions
D_INDEXES_AT: Final = 10  #: arena offset of the index descriptions, `INDEX_WORDS` each
D_ROW_ID_COLUMN: Final = 11  #: number of the hidden row-id column, -1: none
D_AUTO_COLUMN: Final = 12  #: number of the AUTO_INCREMENT column, -1: none
D_FORMATS: Final = 13  #: older row formats that rows may still have
D_FORMATS_AT: Final = 14  #: arena offset of their entries, `FORMAT_WORDS` each
D_INITIAL_AT: Final = 15  #: with older formats: per column, lane of what they lack; nulls; scratch
D_WORDS: Final = 24

FORMAT_NUMBER: Final = 0  #: as in the row's first two bytes
FORMAT_DESCRIPTOR: Final = 1  #: offset of a descriptor of its columns (no indexes)
FORMAT_SOURCES_AT: Final = 2  #: per present column: its number in that format, -1: not there
FORMAT_WORDS: Final = 3

C_CLASS: Final = 0  #: CLASS_…
C_WIDTH: Final = 1  #: fixed classes: bytes stored
C_SHIFT: Final = 2  #: fixed: stored = lane >> shift
C_SIGNED: Final = 3  #: fixed: 1 when the stored number is signed
C_AT: Final = 4  #: fixed: offset in the row; variable: position in the ends table
C_COLUMN: Final = 5  #: number of the stored column
C_NULLABLE: Final = 6  #: 1: keys of it begin with a marker byte
C_COLLATION: Final = 7  #: COLLATION_…
C_PREFIX: Final = 8  #: key part: characters (bytes for binary) taken, 0: all
C_DESCENDING: Final = 9
C_KIND: Final = 10  #: TypeKind
C_SCALE: Final = 11  #: DECIMAL digits after the point, temporal fractional digits
C_LENGTH: Final = 12  #: ColumnType.length
C_PAD: Final = 13  #: CHAR: trailing spaces are stripped when stored
C_LONG: Final = 14  #: 1: values may lie outside of the row, on a chain of pages
COLUMN_WORDS: Final = 16

I_ROOT: Final = 0
I_TREE_ID: Final = 1
I_PARTS: Final = 2  #: parts the user gave
I_ALL_PARTS: Final = 3  #: secondary: those, then the primary key's
I_UNIQUE: Final = 4
I_CLUSTERED: Final = 5
I_PARTS_AT: Final = 6  #: arena offset of the parts' column descriptions
I_KEY_LIMIT: Final = 7  #: largest key of all parts in bytes
I_ARRAY: Final = 8  #: multi-valued: number of the part with several values, from 1; 0: none
INDEX_WORDS: Final = 16

CLASS_FIXED: Final = 0  #: integers, small decimals, temporals, YEAR, BIT, ENUM, SET
CLASS_DOUBLE: Final = 1  #: FLOAT, DOUBLE: 8 bytes of the double
CLASS_TEXT: Final = 2  #: strings with a collation
CLASS_BYTES: Final = 3  #: binary strings, JSON
CLASS_DECIMAL_TEXT: Final = 4  #: DECIMAL with more than 18 digits, as ASCII text

COLLATION_BINARY: Final = 0
COLLATION_UTF8MB4_BIN: Final = 1  #: code point order, PAD SPACE
COLLATION_0900_BIN: Final = 2  #: code point order, NO PAD
COLLATION_GENERAL_CI: Final = 3  #: PAD SPACE
COLLATION_0900_AI_CI: Final = 4  #: UCA 9.0.0 primary weights, NO PAD
COLLATION_UNICODE_CI: Final = 6  #: UCA 4.0.0, PAD SPACE
COLLATION_UNICODE_520_CI: Final = 7  #: UCA 5.2.0, PAD SPACE
COLLATION_0900_AS_CI: Final = 8  #: UCA 9.0.0, two levels, NO PAD
COLLATION_0900_AS_CS: Final = 9  #: three levels
COLLATION_LATIN1_GENERAL_CI: Final = 10  #: PAD SPACE
COLLATION_LATIN1_BIN: Final = 11  #: by cp1252 byte, PAD SPACE
COLLATION_LATIN1_SWEDISH_CI: Final = 5  #: PAD SPACE; strings are UTF-8 here as everywhere

# --- lane values of strings -----------------------------------------------------------------------
RUN_SHIFT: Final = 28  #: lane = offset << 28 | byte count: values below 256 MiB, arenas of 32 GiB
RUN_MASK: Final = (1 << RUN_SHIFT) - 1

# --- external columns -----------------------------------------------------------------------------
EXTERNAL_ROW: Final = 0x8000  #: in a row's format word
FORMAT_BITS: Final = 15
FORMAT_MASK: Final = 0x7FFF
EXTERNAL_END: Final = 0x8000  #: in an entry of an ends table of width 2
EXTERNAL_WIDE_END: Final = 0x80000000  #: and of width 4
EXTERNAL_LEAST: Final = 40  #: values up to this many bytes always stay in the row
REFERENCE_BYTES: Final = 20
REFERENCE_STAMP: Final = 12  #: in a reference, u4: as at STAMP_AT of the first page
REFERENCE_SHARED: Final = 0x80000000  #: the version after this one has the same chain, and owns it
REFERENCE_PATCHED: Final = 16  #: u4: bytes of the chain's patches that belong to the value
PATCH_HEADER: Final = 6  #: of a patch: offset in the value u4, bytes u2; then these
NULL_EXTERNAL: Final = 2  #: null byte of a lane that holds a reference instead of the value


def cell_limit(page_bytes: int) -> int:
    """Largest cell (without its slot) on a page of this size: four fit (I6)."""
    return (page_bytes - CELLS_AT) // 4 - SLOT_BYTES


def row_limit(page_bytes: int, key_bytes: int) -> int:
    """Largest row that stays on its leaf beside a key of that size."""
    return cell_limit(page_bytes) - LEAF_CELL_HEADER - key_bytes - 17


def key_limit(page_bytes: int) -> int:
    """Largest key a tree on pages of this size takes; its value may then need overflow pages."""
    return cell_limit(page_bytes) - LEAF_CELL_HEADER - OVERFLOW_REFERENCE_BYTES


def scratch_bytes(page_bytes: int) -> int:
    """Scratch that page rebuilding needs: a copy, a gathered half, a sort area, one new cell."""
    return 8 * page_bytes


assert CELLS_AT % 8 == 0
assert key_limit(16384) >= 3072, "MySQL's longest key must fit"
