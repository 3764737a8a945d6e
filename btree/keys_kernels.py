"""Order-preserving keys: memcmp of two keys orders as MySQL orders the values.

Per part, by its column description (`layout.C_…`):

- nullable: a marker byte, 0 for NULL (nothing follows), 1 otherwise. NULL sorts first.
- fixed: the stored number big-endian in its width, sign flipped
- double: IEEE bits big-endian, sign flipped, negative ones inverted; -0 is 0
- text: weights (two bytes each), then 0 0, and what further levels take; byte-comparing
  collations: bytes with 0 → 0 255, then 0 0. PAD SPACE: without the weights of trailing spaces,
  then one of a space before the terminator, so that what is lower than a space comes before it
- bytes: 0 → 0 255, then 0 0
- decimal text: sign (0, 1 zero, 2), then exponent and digits, inverted when negative
- descending: all bytes of the part inverted

No part is a prefix of another of the same column, so parts can be put one after another.
"""

from __future__ import annotations

from btree.collation_kernels import (
    SPACE,
    bytes_escaped,
    levels_key,
    levels_of,
    pads_space,
    primary_key,
    text_prefix,
    text_stripped,
    weights_of,
    weights_stripped,
)
from btree.layout import (
    C_CLASS,
    C_COLLATION,
    C_COLUMN,
    C_DESCENDING,
    C_LENGTH,
    C_NULLABLE,
    C_PREFIX,
    C_SHIFT,
    C_SIGNED,
    C_WIDTH,
    CLASS_DECIMAL_TEXT,
    CLASS_DOUBLE,
    CLASS_FIXED,
    CLASS_TEXT,
    COLUMN_WORDS,
    D_INDEXES_AT,
    I_ALL_PARTS,
    I_PARTS_AT,
    INDEX_WORDS,
    NULL_EXTERNAL,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.rows_kernels import (
    format_of,
    old_column,
    old_is_null,
    old_null,
    row_column,
    row_is_null,
    row_is_old,
    row_null,
)
from btree.space_kernels import overflow_read
from btree.state import ST_SPILL_END, ST_SPILL_NEXT, ST_SPILL_WANTED
from redo import jit
from redo.codes import E_SPILL_FULL
from redo.coding_kernels import (
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i64_be,
    store_u8,
    store_u16_be,
)

SIGN_BIT = -(2**63)


@jit.inlined
def description_word(mem, description, word):
    """A word of a column description."""
    return load_i64(mem, description + 8 * word)


@jit.helper
def key_fixed(mem, width, shift, signed, lane, out):
    """Big-endian number of `width` bytes."""
    number = lane >> shift
    if signed:
        number ^= 1 << (8 * width - 1) if width < 8 else SIGN_BIT
    if width == 8:
        store_i64_be(mem, out, number)
        return 8
    for i in range(width):
        store_u8(mem, out + i, (number >> (8 * (width - 1 - i))) & 0xFF)
    return width


@jit.helper
def key_double(mem, lane, out):
    """Bits of a double, ordered."""
    if lane == SIGN_BIT:
        lane = 0
    store_i64_be(mem, out, ~lane if lane < 0 else lane ^ SIGN_BIT)
    return 8


@jit.helper
def key_text(st, mem, collation, at, count, out):
    """A string under its collation, terminated."""
    pads = pads_space(collation)
    if pads == 1:
        count = text_stripped(mem, at, count)
    table = weights_of(st, collation)
    if table == 0:
        to = out + bytes_escaped(mem, at, count, out)
        if pads == 1:
            store_u8(mem, to, SPACE)
            to += 1
        store_u8(mem, to, 0)
        store_u8(mem, to + 1, 0)
        return to + 2 - out
    to = primary_key(mem, table, at, at + count, out)
    if levels_of(collation) > 1:
        to = levels_key(st, mem, collation, at, at + count, to)
        store_u8(mem, to, 0)
        return to + 1 - out
    if pads == 1:
        to = weights_stripped(mem, table, out, to)
        store_u16_be(mem, to, load_u16(mem, table + 2 * SPACE))
        to += 2
    store_u16_be(mem, to, 0)
    return to + 2 - out


@jit.helper
def key_decimal(mem, at, count, out):
    """A decimal given as ASCII text: [-]digits[.digits]."""
    negative = count > 0 and load_u8(mem, at) == 45
    i = at + 1 if negative else at
    end = at + count
    while i < end and load_u8(mem, i) == 48:
        i += 1
    exponent = 0  # digits before the point, or minus the zeros after it
    j = i
    while j < end and load_u8(mem, j) != 46:
        j += 1
    exponent = j - i
    first = i
    if exponent == 0:
        first = j + 1
        while first < end and load_u8(mem, first) == 48:
            first += 1
            exponent -= 1
    if j < end:  # there is a fraction: its trailing zeros do not count
        while end > first and load_u8(mem, end - 1) == 48:
            end -= 1
    if end > first and load_u8(mem, end - 1) == 46:
        end -= 1
    while end > first and load_u8(mem, end - 1) == 48:
        end -= 1
    if first >= end:
        store_u8(mem, out, 1)
        return 1
    flip = 0xFF if negative else 0
    store_u8(mem, out, 0 if negative else 2)
    store_u8(mem, out + 1, (exponent + 0x80) & 0xFF ^ flip)
    to = out + 2
    for k in range(first, end):
        digit = load_u8(mem, k)
        if digit != 46:
            store_u8(mem, to, digit ^ flip)
            to += 1
    store_u8(mem, to, flip)
    return to + 1 - out


@jit.helper
def key_value(st, mem, description, lane, out):
    """Encode a value that is not NULL, ascending, without marker; bytes."""
    kind = description_word(mem, description, C_CLASS)
    if kind == CLASS_FIXED:
        width = description_word(mem, description, C_WIDTH)
        shift = description_word(mem, description, C_SHIFT)
        signed = description_word(mem, description, C_SIGNED)
        return key_fixed(mem, width, shift, signed, lane, out)
    if kind == CLASS_DOUBLE:
        return key_double(mem, lane, out)
    at = lane >> RUN_SHIFT
    count = lane & RUN_MASK
    prefix = description_word(mem, description, C_PREFIX)
    if kind == CLASS_TEXT:
        if prefix > 0:
            count = text_prefix(mem, at, count, prefix)
        return key_text(st, mem, description_word(mem, description, C_COLLATION), at, count, out)
    if kind == CLASS_DECIMAL_TEXT:
        return key_decimal(mem, at, count, out)
    if prefix > 0:
        count = min(count, prefix)
    to = out + bytes_escaped(mem, at, count, out)
    store_u8(mem, to, 0)
    store_u8(mem, to + 1, 0)
    return to + 2 - out


@jit.helper
def key_append(st, mem, description, lane, null, out):
    """Encode one part at `out`; its bytes. `description`: offset of a column description."""
    count = 0
    if description_word(mem, description, C_NULLABLE) == 1:
        store_u8(mem, out, 0 if null else 1)
        count = 1
    if null == 0:
        count += key_value(st, mem, description, lane, out + count)
    if description_word(mem, description, C_DESCENDING) == 1:
        for i in range(count):
            store_u8(mem, out + i, load_u8(mem, out + i) ^ 0xFF)
    return count


@jit.helper
def key_bound(mem, description, lane):
    """Most bytes that `key_append` may write for a value."""
    kind = description_word(mem, description, C_CLASS)
    if kind == CLASS_FIXED or kind == CLASS_DOUBLE:
        return 9
    if kind == CLASS_TEXT:
        # Eight weights of two bytes from two bytes of UTF-8, and of one byte on two levels more.
        return 16 * (lane & RUN_MASK) + 16
    return 2 * (lane & RUN_MASK) + 8


@jit.helper
def index_of(mem, table, index):
    """Offset of an index description of a table descriptor."""
    return load_i64(mem, table + 8 * D_INDEXES_AT) + 8 * INDEX_WORDS * index


@jit.helper
def part_of(mem, index, part):
    """Offset of the column description of a part; `index` from `index_of`."""
    return load_i64(mem, index + 8 * I_PARTS_AT) + 8 * COLUMN_WORDS * part


@jit.routine
def external_head(st, mem, description, lane):
    """As much of an external value as a key part takes: its lane, in the spill buffer behind what
    is there, good for the moment; or E_PAGE_MISS, E_SPILL_FULL, E_CORRUPT."""
    reference = lane >> RUN_SHIFT
    count = load_u32(mem, reference + 8) & RUN_MASK
    wanted = description_word(mem, description, C_PREFIX)
    if wanted == 0:
        wanted = description_word(mem, description, C_LENGTH)
    if description_word(mem, description, C_CLASS) == CLASS_TEXT:
        wanted *= 4
    count = min(count, wanted)
    out = st[ST_SPILL_NEXT]
    if out + count > st[ST_SPILL_END]:
        st[ST_SPILL_WANTED] = count
        return E_SPILL_FULL
    code = overflow_read(st, mem, load_i64(mem, reference), count, out)
    return code if code < 0 else out << RUN_SHIFT | count


@jit.helper
def key_of_parts(st, mem, table, index, first, last, row, out):
    """Key of parts [first, last) of an index (its number) for a row; bytes, or a code of
    `external_head`."""
    described = index_of(mem, table, index)
    form = format_of(mem, table, row) if row_is_old(mem, table, row) else 0
    to = out
    for part in range(first, last):
        description = part_of(mem, described, part)
        column = description_word(mem, description, C_COLUMN)
        if form > 0:
            null = old_null(mem, table, form, row, column)
            lane = old_column(mem, table, form, row, column)
        else:
            null = row_null(mem, table, row, column)
            lane = row_column(mem, table, row, column) if null != 1 else 0
        if null == NULL_EXTERNAL:
            lane = external_head(st, mem, description, lane)
            if lane < 0:
                return lane
        to += key_append(st, mem, description, lane, null & 1, to)
    return to - out


@jit.helper
def key_of_row(st, mem, table, index, row, out):
    """Whole key of a row in an index (its number): its parts; secondary: then the primary's."""
    parts = load_i64(mem, index_of(mem, table, index) + 8 * I_ALL_PARTS)
    return key_of_parts(st, mem, table, index, 0, parts, row, out)


@jit.helper
def key_has_null(mem, table, index, parts, row):
    """1 when one of the first `parts` parts is NULL: then a unique index does not object."""
    described = index_of(mem, table, index)
    form = format_of(mem, table, row) if row_is_old(mem, table, row) else 0
    for part in range(parts):
        column = description_word(mem, part_of(mem, described, part), C_COLUMN)
        if form > 0:
            null = old_is_null(mem, table, form, row, column)
        else:
            null = row_is_null(mem, row, column)
        if null == 1:
            return 1
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def key_encode(st, mem, description, lane, null, out):
    """`key_append` for Python."""
    return key_append(st, mem, description, lane, null, out)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def row_key(st, mem, table, index, row, out):
    """`key_of_row` for Python."""
    return key_of_row(st, mem, table, index, row, out)
