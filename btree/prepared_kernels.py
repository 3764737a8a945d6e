"""Row operations that Python calls by one number: the loops and the entries of `prepared.py`.

They take the address of a block instead of the node's arrays: words that say where those are, what
to call, and with what.
"""

from __future__ import annotations

from typing import Final

from btree.rows_kernels import store_width
from btree.state import ST_ROW_BYTES
from redo.calls import call4, call5, memory_at, words_at
from redo.codes import E_NO_ROOM, E_NOT_FOUND
from redo.coding_kernels import load_i64, move, store_i64
from redo.jit import helper, kernel
from redo.state import ST_WORDS

# --- words of a block -----------------------------------------------------------------------------
P_ST: Final = 0  #: address of the state words
P_MEM: Final = 1  #: address of the arena,
P_MEM_BYTES: Final = 2  #: and its bytes
P_CALL: Final = 3  #: address of `row_insert` or of `row_get`
P_CTX: Final = 4
P_TABLE: Final = 5  #: the table's descriptor
P_ROW: Final = 6  #: the row (insert), where the key is put together (get)
# of an insert
P_ROW_BYTES: Final = 7
P_OPEN: Final = 8  #: where in the row the open column is,
P_WIDTH: Final = 9  #: its bytes,
P_SHIFT: Final = 10  #: and by how much its lane is shifted (`layout.C_SHIFT`)
# of a get
P_ENCODE: Final = 7  #: address of `key_encode`
P_PART: Final = 8  #: the key part's description
P_OUT: Final = 9  #: where found rows are copied to,
P_ROOM: Final = 10  #: and the bytes there are
P_COUNT: Final = 11  #: bytes of the row that `get_one` found
P_WORDS: Final = 12


@helper
def _insert(block, st, mem, value):
    """Put `value` into the open column and insert the row: 0 or a code."""
    row = block[P_ROW]
    store_width(mem, row + block[P_OPEN], block[P_WIDTH], value >> block[P_SHIFT])
    return call4(block[P_CALL], st, mem, (block[P_CTX], block[P_TABLE], row, block[P_ROW_BYTES]))


@helper
def _get(block, st, mem, value):
    """Look up the row whose key is `value`: its offset, or a code."""
    key = block[P_ROW]
    count = call4(block[P_ENCODE], st, mem, (block[P_PART], value, 0, key))
    return call5(block[P_CALL], st, mem, (block[P_CTX], block[P_TABLE], key, count, 0))


@kernel("i8(i8, i8)")
def insert_one(at, value):
    """Insert a row; 0 or a code of `row_insert`."""
    block = words_at(at, P_WORDS)
    return _insert(
        block,
        words_at(block[P_ST], ST_WORDS),
        memory_at(block[P_MEM], block[P_MEM_BYTES]),
        value,
    )


@kernel("i8(i8, i8, i8, i8)")
def insert_many(at, values, first, last):
    """Insert rows for words [first, last) of `values`: how many are done << 8 | negated code."""
    block = words_at(at, P_WORDS)
    st = words_at(block[P_ST], ST_WORDS)
    mem = memory_at(block[P_MEM], block[P_MEM_BYTES])
    for i in range(first, last):
        code = _insert(block, st, mem, load_i64(mem, values + 8 * i))
        if code < 0:
            return i << 8 | -code
    return last << 8


@helper
def _copy(block, st, mem, value, end):
    """Copy the row whose key is `value` to the out area, from `end` on: its end there, or a code.

    E_NO_ROOM when it does not fit; a code of `row_get`.
    """
    row = _get(block, st, mem, value)
    if row < 0:
        return row
    count = st[ST_ROW_BYTES]
    if end + count > block[P_ROOM]:
        return E_NO_ROOM
    move(mem, block[P_OUT] + end, row, count)
    return end + count


@kernel("i8(i8, i8)")
def get_one(at, value):
    """Machine address of a row, its bytes in P_COUNT, good until the next call; or a code."""
    block = words_at(at, P_WORDS)
    st = words_at(block[P_ST], ST_WORDS)
    row = _get(block, st, memory_at(block[P_MEM], block[P_MEM_BYTES]), value)
    if row < 0:
        return row
    block[P_COUNT] = st[ST_ROW_BYTES]
    return block[P_MEM] + row


@kernel("i8(i8, i8, i8, i8)")
def get_many(at, values, first, last):
    """Copy the rows for words [first, last) of `values` to the out area, one behind the other.

    Each of those words becomes the end of its row there; a row that does not exist takes nothing.
    How many are done << 8 | negated code: E_NO_ROOM, or one of `row_get`.
    """
    block = words_at(at, P_WORDS)
    st = words_at(block[P_ST], ST_WORDS)
    mem = memory_at(block[P_MEM], block[P_MEM_BYTES])
    end = load_i64(mem, values + 8 * first - 8) if first else 0
    for i in range(first, last):
        code = _copy(block, st, mem, load_i64(mem, values + 8 * i), end)
        if code >= 0:
            end = code
        elif code != E_NOT_FOUND:
            return i << 8 | -code
        store_i64(mem, values + 8 * i, end)
    return last << 8
