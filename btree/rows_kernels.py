"""Rows: encode from lane values, read one column, extract a column of many rows.

The format is in `layout.py`. `table` is the offset of a table descriptor, `row` that of a row.
Lanes are 8 bytes each, nulls one byte each, both in stored-column order. NULL is in the bitmap; its
lane reads as 0.
"""

from __future__ import annotations

from btree.layout import (
    C_AT,
    C_CLASS,
    C_LONG,
    C_NULLABLE,
    C_PAD,
    C_SHIFT,
    C_SIGNED,
    C_WIDTH,
    CLASS_DOUBLE,
    CLASS_FIXED,
    COLUMN_WORDS,
    D_COLUMNS,
    D_COLUMNS_AT,
    D_ENDS_AT,
    D_ENDS_WIDTH,
    D_FIXED_AT,
    D_FORMATS,
    D_FORMATS_AT,
    D_INITIAL_AT,
    D_ROW_FORMAT,
    D_VARIABLE_AT,
    D_VARIABLE_COUNT,
    EXTERNAL_END,
    EXTERNAL_LEAST,
    EXTERNAL_ROW,
    EXTERNAL_WIDE_END,
    FORMAT_DESCRIPTOR,
    FORMAT_MASK,
    FORMAT_NUMBER,
    FORMAT_SOURCES_AT,
    FORMAT_WORDS,
    NULL_EXTERNAL,
    REFERENCE_BYTES,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.state import ST_ROW_BYTES, ST_SPILL_END, ST_SPILL_NEXT, ST_SPILL_WANTED
from redo import jit
from redo.codes import E_CORRUPT, E_SPILL_FULL, E_TOO_BIG
from redo.coding_kernels import (
    fill,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)

NULLS_AT = 2  #: of a row


@jit.inlined
def table_word(mem, table, word):
    """A word of a table descriptor."""
    return load_i64(mem, table + 8 * word)


@jit.inlined
def column_of(mem, table, column):
    """Offset of the description of a stored column."""
    return load_i64(mem, table + 8 * D_COLUMNS_AT) + 8 * COLUMN_WORDS * column


@jit.inlined
def row_is_null(mem, row, column):
    """1 when a stored column is NULL, 0 otherwise."""
    return (load_u8(mem, row + NULLS_AT + (column >> 3)) >> (column & 7)) & 1


@jit.inlined
def load_width(mem, at, width, signed):
    """A little-endian number of 1 to 8 bytes. Reads eight: the arena goes on after any row."""
    spare = 64 - 8 * width
    value = load_i64(mem, at)
    if spare == 0:
        return value
    if signed:
        # Its sign bit decides; shifting it up and down would leave int64 when the JIT is off.
        value &= (1 << (8 * width)) - 1
        return value - ((value >> (8 * width - 1)) << (8 * width))
    return value & ((1 << (8 * width)) - 1)


@jit.helper
def store_width(mem, at, width, value):
    """A little-endian number of 1 to 8 bytes."""
    if width == 8:
        store_i64(mem, at, value)
    elif width == 4:
        store_u32(mem, at, value)
    else:
        for i in range(width):
            store_u8(mem, at + i, (value >> (8 * i)) & 0xFF)
    return 0


@jit.inlined
def end_entry(mem, table, row, number):
    """Entry `number` of the ends table; negative when the column is external: ~offset of its
    reference."""
    at = row + table_word(mem, table, D_ENDS_AT)
    if table_word(mem, table, D_ENDS_WIDTH) == 2:
        entry = load_u16(mem, at + 2 * number)
        return ~(entry - EXTERNAL_END) if entry >= EXTERNAL_END else entry
    entry = load_u32(mem, at + 4 * number)
    return ~(entry - EXTERNAL_WIDE_END) if entry >= EXTERNAL_WIDE_END else entry


@jit.helper
def variable_end(mem, table, row, number):
    """Where variable column `number` ends, from the row's start; -1: where the first one begins."""
    while number >= 0:
        entry = end_entry(mem, table, row, number)
        if entry >= 0:
            return entry
        number -= 1
    return table_word(mem, table, D_VARIABLE_AT)


@jit.helper
def row_size(mem, table, row):
    """Bytes of a row."""
    last = table_word(mem, table, D_VARIABLE_COUNT) - 1
    size = variable_end(mem, table, row, last)
    if load_u16(mem, row) & EXTERNAL_ROW:
        size += 2
        for number in range(last + 1):
            if end_entry(mem, table, row, number) < 0:
                size += REFERENCE_BYTES
    return size


@jit.helper
def row_null(mem, table, row, column):
    """Null byte of a stored column of one row: 0, 1, or NULL_EXTERNAL."""
    if row_is_null(mem, row, column):
        return 1
    if load_u16(mem, row) & EXTERNAL_ROW:
        description = column_of(mem, table, column)
        kind = load_i64(mem, description + 8 * C_CLASS)
        at = load_i64(mem, description + 8 * C_AT)
        if kind != CLASS_FIXED and kind != CLASS_DOUBLE:
            if end_entry(mem, table, row, at) < 0:
                return NULL_EXTERNAL
    return 0


@jit.inlined
def variable_run(mem, table, row, at):
    """Lane of variable column `at`: its bytes, or its reference when it is external."""
    end = end_entry(mem, table, row, at)
    if end < 0:
        return (row + ~end) << RUN_SHIFT | REFERENCE_BYTES
    start = variable_end(mem, table, row, at - 1)
    return (row + start) << RUN_SHIFT | (end - start)


@jit.helper
def row_column(mem, table, row, column):
    """Lane value of a stored column of one row: 0 when it is NULL, its reference when it is
    external (ask `row_null`)."""
    description = column_of(mem, table, column)
    kind = load_i64(mem, description + 8 * C_CLASS)
    at = load_i64(mem, description + 8 * C_AT)
    if kind == CLASS_FIXED:
        width = load_i64(mem, description + 8 * C_WIDTH)
        signed = load_i64(mem, description + 8 * C_SIGNED)
        shift = load_i64(mem, description + 8 * C_SHIFT)
        return load_width(mem, row + at, width, signed) << shift
    if kind == CLASS_DOUBLE:
        return load_i64(mem, row + at)
    return variable_run(mem, table, row, at)


@jit.helper
def rows_extract(mem, table, rows, n, column, lanes, nulls):
    """A stored column of many rows: row offsets (i8 at `rows`) in, lanes and null bytes out.

    An external value comes as its reference, with null byte NULL_EXTERNAL.
    """
    description = column_of(mem, table, column)
    kind = load_i64(mem, description + 8 * C_CLASS)
    at = load_i64(mem, description + 8 * C_AT)
    bit = column & 7
    null_at = NULLS_AT + (column >> 3)
    if load_i64(mem, description + 8 * C_NULLABLE) == 0:
        fill(mem, nulls, n, 0)
    else:
        for i in range(n):
            row = load_i64(mem, rows + 8 * i)
            store_u8(mem, nulls + i, (load_u8(mem, row + null_at) >> bit) & 1)
    if kind == CLASS_FIXED:
        width = load_i64(mem, description + 8 * C_WIDTH)
        signed = load_i64(mem, description + 8 * C_SIGNED)
        shift = load_i64(mem, description + 8 * C_SHIFT)
        if width == 8:
            for i in range(n):
                row = load_i64(mem, rows + 8 * i)
                store_i64(mem, lanes + 8 * i, load_i64(mem, row + at) << shift)
            return 0
        mask = (1 << (8 * width)) - 1
        sign = (1 << (8 * width - 1)) if signed else 0
        for i in range(n):
            row = load_i64(mem, rows + 8 * i)
            value = load_i64(mem, row + at) & mask
            store_i64(mem, lanes + 8 * i, ((value ^ sign) - sign) << shift)
        return 0
    if kind == CLASS_DOUBLE:
        for i in range(n):
            row = load_i64(mem, rows + 8 * i)
            store_i64(mem, lanes + 8 * i, load_i64(mem, row + at))
        return 0
    for i in range(n):
        row = load_i64(mem, rows + 8 * i)
        store_i64(mem, lanes + 8 * i, variable_run(mem, table, row, at))
        if load_u16(mem, row) & EXTERNAL_ROW and end_entry(mem, table, row, at) < 0:
            store_u8(mem, nulls + i, NULL_EXTERNAL)
    return 0


@jit.helper
def stored_length(mem, description, lane):
    """Bytes stored for a variable value: CHAR loses its trailing spaces."""
    count = lane & RUN_MASK
    if load_i64(mem, description + 8 * C_PAD) == 1:
        at = lane >> RUN_SHIFT
        while count > 0 and load_u8(mem, at + count - 1) == 32:
            count -= 1
    return count


@jit.routine
def references_encode(st, mem, table, lanes, nulls, out, end):
    """End of `row_encode` for a row with external columns: their references; its bytes."""
    ends_width = table_word(mem, table, D_ENDS_WIDTH)
    ends_at = out + table_word(mem, table, D_ENDS_AT)
    count = 0
    for column in range(table_word(mem, table, D_COLUMNS)):
        if load_u8(mem, nulls + column) != NULL_EXTERNAL:
            continue
        at = load_i64(mem, column_of(mem, table, column) + 8 * C_AT)
        place = end + REFERENCE_BYTES * count
        if ends_width == 2:
            if place >= EXTERNAL_END:
                return E_TOO_BIG
            store_u16(mem, ends_at + 2 * at, place + EXTERNAL_END)
        else:
            store_u32(mem, ends_at + 4 * at, place + EXTERNAL_WIDE_END)
        move(mem, out + place, load_i64(mem, lanes + 8 * column) >> RUN_SHIFT, REFERENCE_BYTES)
        count += 1
    end += REFERENCE_BYTES * count
    store_u16(mem, out + end, count)
    store_u16(mem, out, load_u16(mem, out) | EXTERNAL_ROW)
    return end + 2


@jit.helper
def row_encode(st, mem, table, lanes, nulls, out):
    """Write a row at `out` from lane values; its bytes, or E_TOO_BIG.

    lanes, nulls  one per stored column; strings must not lie inside [out, out + row bytes).
                  NULL_EXTERNAL: the lane is a reference, which the row keeps in the value's place
    """
    columns = table_word(mem, table, D_COLUMNS)
    start = table_word(mem, table, D_VARIABLE_AT)
    ends_width = table_word(mem, table, D_ENDS_WIDTH)
    ends_at = out + table_word(mem, table, D_ENDS_AT)
    fill(mem, out, table_word(mem, table, D_FIXED_AT), 0)
    store_u16(mem, out, table_word(mem, table, D_ROW_FORMAT))
    end = start
    external = 0
    for column in range(columns):
        description = column_of(mem, table, column)
        kind = load_i64(mem, description + 8 * C_CLASS)
        at = load_i64(mem, description + 8 * C_AT)
        null = load_u8(mem, nulls + column)
        lane = 0 if null else load_i64(mem, lanes + 8 * column)
        if null == NULL_EXTERNAL:
            external += 1
        elif null:
            byte = out + NULLS_AT + (column >> 3)
            store_u8(mem, byte, load_u8(mem, byte) | 1 << (column & 7))
        if kind == CLASS_FIXED:
            width = load_i64(mem, description + 8 * C_WIDTH)
            shift = load_i64(mem, description + 8 * C_SHIFT)
            store_width(mem, out + at, width, lane >> shift)
        elif kind == CLASS_DOUBLE:
            store_i64(mem, out + at, lane)
        else:
            if not null:
                count = stored_length(mem, description, lane)
                move(mem, out + end, lane >> RUN_SHIFT, count)
                end += count
            if ends_width == 2:
                if end >= EXTERNAL_END:
                    return E_TOO_BIG
                store_u16(mem, ends_at + 2 * at, end)
            else:
                store_u32(mem, ends_at + 4 * at, end)
    if external == 0:
        return end
    return references_encode(st, mem, table, lanes, nulls, out, end)


@jit.helper
def row_bound(mem, table, lanes, nulls):
    """Bytes that `row_encode` will write at most."""
    total = table_word(mem, table, D_VARIABLE_AT) + 2
    for column in range(table_word(mem, table, D_COLUMNS)):
        kind = load_i64(mem, column_of(mem, table, column) + 8 * C_CLASS)
        if kind != CLASS_FIXED and kind != CLASS_DOUBLE and load_u8(mem, nulls + column) != 1:
            total += load_i64(mem, lanes + 8 * column) & RUN_MASK
    return total


@jit.routine
def row_longest(st, mem, table, lanes, nulls):
    """The column whose value should leave the row first: the longest that may; -1: none may."""
    found = -1
    most = EXTERNAL_LEAST
    for column in range(table_word(mem, table, D_COLUMNS)):
        if load_i64(mem, column_of(mem, table, column) + 8 * C_LONG) == 0:
            continue
        count = load_i64(mem, lanes + 8 * column) & RUN_MASK
        if load_u8(mem, nulls + column) == 0 and count > most:
            most = count
            found = column
    return found


# --- rows of older formats ------------------------------------------------------------------------
@jit.inlined
def row_is_old(mem, table, row):
    """1 when a row was written in another format than the table's present one."""
    return load_u16(mem, row) & FORMAT_MASK != table_word(mem, table, D_ROW_FORMAT)


@jit.routine
def format_of(mem, table, row):
    """Entry (FORMAT_…) of the older format that a row is in, or E_CORRUPT."""
    number = load_u16(mem, row) & FORMAT_MASK
    at = table_word(mem, table, D_FORMATS_AT)
    for _ in range(table_word(mem, table, D_FORMATS)):
        if load_i64(mem, at + 8 * FORMAT_NUMBER) == number:
            return at
        at += 8 * FORMAT_WORDS
    return E_CORRUPT


@jit.helper
def old_is_null(mem, table, form, row, column):
    """`row_is_null` of a present column in a row of the older format `form`."""
    source = load_i64(mem, load_i64(mem, form + 8 * FORMAT_SOURCES_AT) + 8 * column)
    if source >= 0:
        return row_is_null(mem, row, source)
    nulls = table_word(mem, table, D_INITIAL_AT) + 8 * table_word(mem, table, D_COLUMNS)
    return load_u8(mem, nulls + column)


@jit.helper
def old_null(mem, table, form, row, column):
    """`row_null` of a present column in a row of the older format `form`."""
    source = load_i64(mem, load_i64(mem, form + 8 * FORMAT_SOURCES_AT) + 8 * column)
    if source >= 0:
        return row_null(mem, load_i64(mem, form + 8 * FORMAT_DESCRIPTOR), row, source)
    return old_is_null(mem, table, form, row, column)


@jit.helper
def old_column(mem, table, form, row, column):
    """`row_column` of a present column in a row of the older format `form`."""
    source = load_i64(mem, load_i64(mem, form + 8 * FORMAT_SOURCES_AT) + 8 * column)
    if source >= 0:
        return row_column(mem, load_i64(mem, form + 8 * FORMAT_DESCRIPTOR), row, source)
    return load_i64(mem, table_word(mem, table, D_INITIAL_AT) + 8 * column)


@jit.routine
def row_upgrade(st, mem, table, row):
    """A row of an older format written anew in the spill buffer, bytes in ST_ROW_BYTES.

    -> its offset, E_SPILL_FULL, E_CORRUPT (a format nobody knows)
    """
    form = format_of(mem, table, row)
    if form < 0:
        return form
    columns = table_word(mem, table, D_COLUMNS)
    # Behind lanes and nulls of what old rows lack lie as many of scratch.
    lanes = table_word(mem, table, D_INITIAL_AT) + 16 * columns
    nulls = lanes + 8 * columns
    for column in range(columns):
        store_u8(mem, nulls + column, old_null(mem, table, form, row, column))
        store_i64(mem, lanes + 8 * column, old_column(mem, table, form, row, column))
    out = st[ST_SPILL_NEXT]
    if out + row_bound(mem, table, lanes, nulls) > st[ST_SPILL_END]:
        st[ST_SPILL_WANTED] = row_bound(mem, table, lanes, nulls)
        return E_SPILL_FULL
    count = row_encode(st, mem, table, lanes, nulls, out)
    if count < 0:
        return count
    st[ST_SPILL_NEXT] = out + ((count + 7) & -8)
    st[ST_ROW_BYTES] = count
    return out


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def encode_row(st, mem, table, lanes, nulls, out):
    """`row_encode` for Python."""
    return row_encode(st, mem, table, lanes, nulls, out)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def decode_row(st, mem, table, row, lanes, nulls):
    """All stored columns of a row as lanes and null bytes; their number."""
    columns = table_word(mem, table, D_COLUMNS)
    if row_is_old(mem, table, row):
        form = format_of(mem, table, row)
        if form < 0:
            return form
        for column in range(columns):
            store_u8(mem, nulls + column, old_null(mem, table, form, row, column))
            store_i64(mem, lanes + 8 * column, old_column(mem, table, form, row, column))
        return columns
    for column in range(columns):
        store_u8(mem, nulls + column, row_null(mem, table, row, column))
        store_i64(mem, lanes + 8 * column, row_column(mem, table, row, column))
    return columns


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def extract_column(st, mem, table, rows, n, column, lanes, nulls):
    """`rows_extract` for Python."""
    return rows_extract(mem, table, rows, n, column, lanes, nulls)
