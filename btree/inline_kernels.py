"""Rows with external values made whole: a copy that has the wanted ones among its own bytes.

Whoever reads columns asks for the copy first, and only for rows and columns that need it: a scan
of other columns never reads a chain.
"""

from __future__ import annotations

from btree.layout import (
    C_AT,
    C_CLASS,
    CLASS_DOUBLE,
    CLASS_FIXED,
    D_COLUMNS,
    D_ENDS_AT,
    D_ENDS_WIDTH,
    D_VARIABLE_AT,
    EXTERNAL_END,
    EXTERNAL_ROW,
    EXTERNAL_WIDE_END,
    REFERENCE_BYTES,
)
from btree.reference_kernels import chain_touch, reference_count, reference_patched
from btree.rows_kernels import column_of, end_entry, row_size, table_word, variable_end
from btree.space_kernels import overflow_read, patches_apply
from btree.state import ST_CHAIN_DONE, ST_CHAIN_PAGE
from redo.codes import E_CORRUPT
from redo.coding_kernels import load_i64, load_u16, move, store_i64, store_u16, store_u32
from redo.jit import helper, routine

#: State of `row_inline` between two calls (words): column at hand + 1, its bytes done, next page.
INLINE_COLUMN, INLINE_DONE, INLINE_PAGE = 0, 8, 16
INLINE_BYTES = 24


@helper
def _variable_no(mem, table, column):
    """Number of a variable column among them, -1 for a fixed one."""
    description = column_of(mem, table, column)
    kind = load_i64(mem, description + 8 * C_CLASS)
    if kind == CLASS_FIXED or kind == CLASS_DOUBLE:
        return -1
    return load_i64(mem, description + 8 * C_AT)


@routine
def inline_size(st, mem, table, row, wanted):
    """Bytes of the whole copy of a row; 0 when it has no wanted value outside: use the row itself.

    wanted  a word for each stored column: 1 when its value is
    """
    if not load_u16(mem, row) & EXTERNAL_ROW:
        return 0
    size = 0
    for column in range(table_word(mem, table, D_COLUMNS)):
        if load_i64(mem, wanted + 8 * column):
            number = _variable_no(mem, table, column)
            if number >= 0:
                entry = end_entry(mem, table, row, number)
                if entry < 0:
                    size += reference_count(mem, row + ~entry)
    return size + row_size(mem, table, row) if size else 0


@helper
def _end_put(mem, table, out, number, entry, external):
    """Write an entry of the ends table."""
    at = out + table_word(mem, table, D_ENDS_AT)
    if table_word(mem, table, D_ENDS_WIDTH) == 2:
        store_u16(mem, at + 2 * number, entry + EXTERNAL_END * external)
    else:
        store_u32(mem, at + 4 * number, entry + EXTERNAL_WIDE_END * external)


@routine
def _references_keep(st, mem, table, row, wanted, out, end):
    """End of `row_inline`: references of values that are not wanted; the copy's bytes."""
    count = 0
    for column in range(table_word(mem, table, D_COLUMNS)):
        number = _variable_no(mem, table, column)
        if number < 0 or load_i64(mem, wanted + 8 * column):
            continue
        entry = end_entry(mem, table, row, number)
        if entry < 0:
            move(mem, out + end, row + ~entry, REFERENCE_BYTES)
            _end_put(mem, table, out, number, end, 1)
            end += REFERENCE_BYTES
            count += 1
    if count == 0:
        store_u16(mem, out, load_u16(mem, out) & ~EXTERNAL_ROW)
        return end
    store_u16(mem, out + end, count)
    return end + 2


@helper
def _chain_check(st, mem, reference):
    """0 when a reference is good; else E_CORRUPT, or E_PAGE_MISS with nothing read."""
    st[ST_CHAIN_DONE] = 0
    st[ST_CHAIN_PAGE] = 0
    there = chain_touch(st, mem, reference)
    if there == 0:
        return E_CORRUPT
    return min(there, 0)


@routine
def row_inline(st, mem, table, row, wanted, out, state):
    """Write the whole copy of a row at `out` (`inline_size` bytes at most): its bytes.

    state   INLINE_BYTES, zero at first. After E_PAGE_MISS call again with the same arguments.
    """
    first = load_i64(mem, state + INLINE_COLUMN) - 1
    if first < 0:
        first = 0
        move(mem, out, row, table_word(mem, table, D_VARIABLE_AT))
        store_i64(mem, state + INLINE_PAGE, 0)
    for column in range(first, table_word(mem, table, D_COLUMNS)):
        number = _variable_no(mem, table, column)
        if number < 0:
            continue
        end = variable_end(mem, table, out, number - 1)
        entry = end_entry(mem, table, row, number)
        if entry >= 0:
            start = variable_end(mem, table, row, number - 1)
            move(mem, out + end, row + start, entry - start)
            end += entry - start
        elif load_i64(mem, wanted + 8 * column):
            count = reference_count(mem, row + ~entry)
            page_no = load_i64(mem, state + INLINE_PAGE)
            done = load_i64(mem, state + INLINE_DONE)
            code = 0
            if page_no == 0:
                page_no = load_i64(mem, row + ~entry)
                done = 0
                code = _chain_check(st, mem, row + ~entry)
            if code >= 0:
                code = overflow_read(st, mem, page_no, count - done, out + end + done)
                if code >= 0:
                    done = count
                    patched = reference_patched(mem, row + ~entry)
                    code = patches_apply(st, mem, st[ST_CHAIN_PAGE], patched, out + end, count)
            if code < 0:
                store_i64(mem, state + INLINE_COLUMN, column + 1)
                store_i64(mem, state + INLINE_DONE, done + st[ST_CHAIN_DONE])
                store_i64(mem, state + INLINE_PAGE, st[ST_CHAIN_PAGE])
                return code
            store_i64(mem, state + INLINE_PAGE, 0)
            end += count
        _end_put(mem, table, out, number, end, 0)
    store_i64(mem, state + INLINE_COLUMN, 0)
    last = table_word(mem, table, D_COLUMNS) - 1
    while _variable_no(mem, table, last) < 0:
        last -= 1
    end = variable_end(mem, table, out, _variable_no(mem, table, last))
    return _references_keep(st, mem, table, row, wanted, out, end)
