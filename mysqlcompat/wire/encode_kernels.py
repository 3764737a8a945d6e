"""Rows from machine registers to complete packets, in the text and the binary protocol.

`encode_rows` bounds what a row may need, column by column, before it writes the first byte of it;
so the writers below never look at the end of the buffer. The twin in plain Python is
`encode.PythonRows`; tests compare them.
"""

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.wire.float_kernels import (
    FIXED_ROOM,
    FLOAT_ROOM,
    double_text,
    fixed_text,
    float32_bits,
)
from mysqlcompat.wire.layout import (
    CLASS_BIT,
    CLASS_DATE,
    CLASS_DATETIME,
    CLASS_DECIMAL,
    CLASS_DOUBLE,
    CLASS_ENUM,
    CLASS_FLOAT,
    CLASS_NULL,
    CLASS_SET,
    CLASS_SIGNED,
    CLASS_STRING,
    CLASS_TIME,
    CLASS_UNSIGNED,
    CLASS_YEAR,
    COLUMN_WORDS,
    DAY_TIME,
    FILL,
    FIRST_COLUMN,
    LANE_CLASS,
    LANES_AT,
    MAX_PACKET,
    MEMBER_COUNT,
    MEMBERS,
    NULLS_AT,
    SCALE,
    ST_ENCODE_NEED,
    ST_ENCODED_ROWS,
    ST_ENCODED_SEQUENCE,
    WIDTH,
)
from redo import jit
from redo.codes import E_NO_ROOM
from redo.coding_kernels import (
    fill,
    float_of_bits,
    load_i64,
    load_u8,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)

_ZERO = 48
_NULL_TEXT = 0xFB
_SMALL_FIELD = 48  # more than any integer, decimal of 18 digits or temporal takes


@jit.helper
def put_length(mem, at, count):
    """A length-encoded number (protocol `int<lenenc>`): bytes."""
    if count < 251:
        store_u8(mem, at, count)
        return 1
    if count < 1 << 16:
        store_u8(mem, at, 0xFC)
        store_u16(mem, at + 1, count)
        return 3
    if count < 1 << 24:
        store_u8(mem, at, 0xFD)
        store_u16(mem, at + 1, count & 0xFFFF)
        store_u8(mem, at + 3, count >> 16)
        return 4
    store_u8(mem, at, 0xFE)
    store_i64(mem, at + 1, count)
    return 9


@jit.helper
def put_unsigned(mem, at, value):
    """Decimal digits of a word taken as unsigned: bytes."""
    last = -1
    if value < 0:  # 2^63 and above: the last digit by unsigned division, the others then fit
        half = (value >> 1) & 0x7FFFFFFFFFFFFFFF
        last = (half % 5) * 2 + (value & 1)
        value = half // 5
    size = 1
    limit = 10
    while size < 19 and value >= limit:
        size += 1
        limit *= 10
    place = at + size
    while place > at:
        place -= 1
        tens = value // 10
        store_u8(mem, place, _ZERO + value - tens * 10)
        value = tens
    if last >= 0:
        store_u8(mem, at + size, _ZERO + last)
        size += 1
    return size


@jit.helper
def put_fixed_digits(mem, at, value, count):
    """`value` as exactly `count` digits: bytes."""
    for place in range(at + count - 1, at - 1, -1):
        store_u8(mem, place, _ZERO + value % 10)
        value //= 10
    return count


@jit.helper
def put_signed(mem, at, value):
    """Decimal digits of a signed word: bytes."""
    if value < 0:
        store_u8(mem, at, 45)
        return 1 + put_unsigned(mem, at + 1, -value)
    return put_unsigned(mem, at, value)


@jit.helper
def put_decimal(mem, at, value, scale):
    """A decimal lane (value × 10^scale) with all its digits after the point: bytes."""
    start = at
    if value < 0:
        store_u8(mem, at, 45)
        at += 1
        value = -value
    if scale == 0:
        return at - start + put_unsigned(mem, at, value)
    unit = 1
    for _ in range(scale):
        unit *= 10
    whole = value // unit
    at += put_unsigned(mem, at, whole)
    store_u8(mem, at, 46)
    at += 1
    at += put_fixed_digits(mem, at, value - whole * unit, scale)
    return at - start


@jit.helper
def put_fraction(mem, at, micros, digits):
    """`.` and the first `digits` of a fraction of a second, or nothing for 0 digits: bytes."""
    if digits == 0:
        return 0
    for _ in range(6 - digits):
        micros //= 10
    store_u8(mem, at, 46)
    return 1 + put_fixed_digits(mem, at + 1, micros, digits)


@jit.helper
def put_clock(mem, at, hour, packed, digits):
    """HH:MM:SS and fraction of a packed time: bytes."""
    start = at
    at += put_fixed_digits(mem, at, hour, 3 if hour > 99 else 2)
    store_u8(mem, at, 58)
    put_fixed_digits(mem, at + 1, packed >> 30 & 63, 2)
    store_u8(mem, at + 3, 58)
    put_fixed_digits(mem, at + 4, packed >> 24 & 63, 2)
    at += 6
    at += put_fraction(mem, at, packed & 0xFFFFFF, digits)
    return at - start


@jit.helper
def put_temporal_text(mem, at, lane, cls, digits):
    """DATE, DATETIME or TIME as text: bytes."""
    if cls == CLASS_TIME:
        if lane < 0:
            store_u8(mem, at, 45)
            return 1 + put_clock(mem, at + 1, -lane >> 36, -lane, digits)
        return put_clock(mem, at, lane >> 36, lane, digits)
    months = lane >> 46
    put_fixed_digits(mem, at, months // 13, 4)
    store_u8(mem, at + 4, 45)
    put_fixed_digits(mem, at + 5, months % 13, 2)
    store_u8(mem, at + 7, 45)
    put_fixed_digits(mem, at + 8, lane >> 41 & 31, 2)
    if cls == CLASS_DATE:
        return 10
    store_u8(mem, at + 10, 32)
    return 11 + put_clock(mem, at + 11, lane >> 36 & 31, lane, digits)


@jit.helper
def put_temporal_binary(mem, at, lane, cls):
    """DATE, DATETIME or TIME in the binary protocol, its length byte first: bytes."""
    if lane == 0:
        store_u8(mem, at, 0)
        return 1
    if cls == CLASS_TIME:
        store_u8(mem, at + 1, 1 if lane < 0 else 0)
        packed = -lane if lane < 0 else lane
        hours = packed >> 36
        store_u32(mem, at + 2, hours // 24)
        store_u8(mem, at + 6, hours % 24)
        store_u8(mem, at + 7, packed >> 30 & 63)
        store_u8(mem, at + 8, packed >> 24 & 63)
        size = 8
    else:
        packed = lane
        months = lane >> 46
        store_u16(mem, at + 1, months // 13)
        store_u8(mem, at + 3, months % 13)
        store_u8(mem, at + 4, lane >> 41 & 31)
        size = 4
        if lane & DAY_TIME != 0 and cls != CLASS_DATE:
            store_u8(mem, at + 5, lane >> 36 & 31)
            store_u8(mem, at + 6, lane >> 30 & 63)
            store_u8(mem, at + 7, lane >> 24 & 63)
            size = 7
    if packed & 0xFFFFFF != 0 and size >= 7:
        store_u32(mem, at + 1 + size, packed & 0xFFFFFF)
        size += 4
    store_u8(mem, at, size)
    return 1 + size


@jit.helper
def put_run(mem, at, lane):
    """A string lane with its length before it: bytes."""
    count = lane & RUN_MASK
    head = put_length(mem, at, count)
    move(mem, at + head, lane >> RUN_SHIFT, count)
    return head + count


@jit.helper
def put_members(mem, at, lane, cls, members, member_count):
    """Name of an ENUM member, or a SET's names with commas between: bytes."""
    if cls == CLASS_ENUM:
        if lane < 1 or lane > member_count:
            store_u8(mem, at, 0)
            return 1
        return put_run(mem, at, load_i64(mem, members + 8 * (lane - 1)))
    size = 0
    for number in range(member_count):
        if lane >> number & 1:
            name = load_i64(mem, members + 8 * number)
            if size > 0:
                store_u8(mem, at + 9 + size, 44)
                size += 1
            move(mem, at + 9 + size, name >> RUN_SHIFT, name & RUN_MASK)
            size += name & RUN_MASK
    head = put_length(mem, at, size)
    move(mem, at + head, at + 9, size)
    return head + size


@jit.helper
def put_bits(mem, at, lane, width):
    """A BIT value: `width` bytes, the highest first, their number before them: bytes."""
    store_u8(mem, at, width)
    for place in range(width):
        store_u8(mem, at + 1 + place, lane >> (8 * (width - 1 - place)) & 255)
    return 1 + width


@jit.helper
def put_number_text(mem, at, lane, cls, scale, fill_to):
    """A number as text with its length before it: bytes."""
    text = at + 1
    if cls == CLASS_SIGNED:
        size = put_signed(mem, text, lane)
    elif cls == CLASS_UNSIGNED:
        size = put_unsigned(mem, text, lane)
    elif cls == CLASS_DECIMAL:
        size = put_decimal(mem, text, lane, scale)
    elif cls == CLASS_YEAR:
        size = put_fixed_digits(mem, text, lane, 4)
    elif scale < 31:
        size = fixed_text(mem, text, lane, scale)
    else:
        size = double_text(mem, text, lane, int(cls == CLASS_FLOAT))
    if size < fill_to:
        move(mem, text + fill_to - size, text, size)
        fill(mem, text, fill_to - size, _ZERO)
        size = fill_to
    if size < 251:
        store_u8(mem, at, size)
        return 1 + size
    move(mem, at + 3, text, size)
    put_length(mem, at, size)
    return 3 + size


@jit.routine
def put_text_field(mem, column, at, lane):
    """One value of a text row: bytes. `column` is the offset of the column's words."""
    cls = load_i64(mem, column + 8 * LANE_CLASS)
    if cls == CLASS_STRING:
        return put_run(mem, at, lane)
    scale = load_i64(mem, column + 8 * SCALE)
    if cls == CLASS_DATE or cls == CLASS_DATETIME or cls == CLASS_TIME:
        size = put_temporal_text(mem, at + 1, lane, cls, scale)
        store_u8(mem, at, size)
        return 1 + size
    if cls == CLASS_ENUM or cls == CLASS_SET:
        count = load_i64(mem, column + 8 * MEMBER_COUNT)
        return put_members(mem, at, lane, cls, load_i64(mem, column + 8 * MEMBERS), count)
    if cls == CLASS_BIT:
        return put_bits(mem, at, lane, load_i64(mem, column + 8 * WIDTH))
    return put_number_text(mem, at, lane, cls, scale, load_i64(mem, column + 8 * FILL))


@jit.helper
def put_binary_field(mem, column, at, lane):
    """One value of a binary row: bytes."""
    cls = load_i64(mem, column + 8 * LANE_CLASS)
    if cls == CLASS_SIGNED or cls == CLASS_UNSIGNED or cls == CLASS_YEAR:
        store_i64(mem, at, lane)  # little-endian: the field is its first bytes
        return load_i64(mem, column + 8 * WIDTH)
    if cls == CLASS_DOUBLE:
        store_i64(mem, at, lane)
        return 8
    if cls == CLASS_FLOAT:
        store_u32(mem, at, float32_bits(float_of_bits(lane)))
        return 4
    if cls == CLASS_DATE or cls == CLASS_DATETIME or cls == CLASS_TIME:
        return put_temporal_binary(mem, at, lane, cls)
    return put_text_field(mem, column, at, lane)


@jit.helper
def field_room(mem, column, lane):
    """Bytes that writing one value may touch."""
    cls = load_i64(mem, column + 8 * LANE_CLASS)
    if cls == CLASS_STRING:
        return 9 + (lane & RUN_MASK)
    if cls == CLASS_DOUBLE or cls == CLASS_FLOAT:
        room = FLOAT_ROOM if load_i64(mem, column + 8 * SCALE) >= 31 else FIXED_ROOM
        return room + load_i64(mem, column + 8 * FILL)
    if cls == CLASS_ENUM or cls == CLASS_SET:
        return 18 + load_i64(mem, column + 8 * WIDTH)
    return _SMALL_FIELD + load_i64(mem, column + 8 * FILL)


@jit.helper
def lane_is_null(mem, column, nulls, lane_no):
    """Whether the column is NULL in that lane."""
    if load_i64(mem, column + 8 * LANE_CLASS) == CLASS_NULL:
        return True
    return load_u8(mem, nulls + load_i64(mem, column + 8 * NULLS_AT) + lane_no) != 0


@jit.helper
def row_room(mem, columns, registers, nulls, lane_no):
    """Bytes that one row may touch, packet headers included."""
    count = load_i64(mem, columns)
    room = 16 + count // 8 + 1
    column = columns + 8 * FIRST_COLUMN
    for _ in range(count):
        if not lane_is_null(mem, column, nulls, lane_no):
            lanes = registers + load_i64(mem, column + 8 * LANES_AT)
            room += field_room(mem, column, load_i64(mem, lanes + 8 * lane_no))
        column += 8 * COLUMN_WORDS
    return room + count + 4 * (room // MAX_PACKET + 1)


@jit.helper
def seal_packet(mem, at, size, sequence):
    """Make packets of `size` payload bytes at `at` + 4: bytes in all, headers included.

    The payload is cut every 16 MiB - 1, an empty packet ends one that fills its last exactly.
    """
    parts = size // MAX_PACKET
    rest = size - parts * MAX_PACKET
    for part in range(parts, -1, -1):
        count = rest if part == parts else MAX_PACKET
        to = at + part * (MAX_PACKET + 4)
        if part > 0:
            move(mem, to + 4, at + 4 + part * MAX_PACKET, count)
        store_u32(mem, to, count | ((sequence + part) & 255) << 24)
    return size + 4 * (parts + 1)


@jit.helper
def put_text_row(mem, columns, registers, nulls, lane_no, at):
    """Payload of one text row: bytes."""
    start = at
    column = columns + 8 * FIRST_COLUMN
    for _ in range(load_i64(mem, columns)):
        if lane_is_null(mem, column, nulls, lane_no):
            store_u8(mem, at, _NULL_TEXT)
            at += 1
        else:
            lanes = registers + load_i64(mem, column + 8 * LANES_AT)
            at += put_text_field(mem, column, at, load_i64(mem, lanes + 8 * lane_no))
        column += 8 * COLUMN_WORDS
    return at - start


@jit.helper
def put_binary_row(mem, columns, registers, nulls, lane_no, at):
    """Payload of one binary row (0, null bitmap from bit 2 on, values): bytes."""
    start = at
    count = load_i64(mem, columns)
    bitmap = at + 1
    size = (count + 9) // 8
    fill(mem, at, 1 + size, 0)
    at += 1 + size
    column = columns + 8 * FIRST_COLUMN
    for number in range(count):
        if lane_is_null(mem, column, nulls, lane_no):
            place = bitmap + (number + 2) // 8
            store_u8(mem, place, load_u8(mem, place) | 1 << (number + 2) % 8)
        else:
            lanes = registers + load_i64(mem, column + 8 * LANES_AT)
            at += put_binary_field(mem, column, at, load_i64(mem, lanes + 8 * lane_no))
        column += 8 * COLUMN_WORDS
    return at - start


@jit.routine
def encode_rows(st, mem, columns, registers, nulls, selection, n, out, out_bytes, sequence, binary):
    """Encode up to `n` rows as packets at `out`; stops before the row that would not fit.

    columns    offset of the column block (`layout.py`; 8-byte aligned)
    registers  offset that LANES_AT counts from; column c's lane i: i8 at registers + LANES_AT + 8*i
    nulls      offset that NULLS_AT counts from; its null byte: nulls + NULLS_AT + i (1: NULL)
    selection  offset of n lane numbers (i8), or 0 for lanes 0 … n-1
    out        offset of out_bytes bytes to write to
    sequence   number of the first packet
    binary     0 text protocol, 1 binary protocol
    ->         bytes written; rows done in st[ST_ENCODED_ROWS], next packet number in
               st[ST_ENCODED_SEQUENCE]; E_NO_ROOM when not even the first row fits. When rows are
               left over, st[ST_ENCODE_NEED] says how many bytes the next of them needs.

    To go on after a partial result: with a selection, call again with selection + 8*done and
    n - done; without, registers + 8*done, nulls + done, n - done.
    """
    at = out
    end = out + out_bytes
    done = 0
    while done < n:
        lane_no = load_i64(mem, selection + 8 * done) if selection != 0 else done
        room = row_room(mem, columns, registers, nulls, lane_no)
        if at + room > end:
            st[ST_ENCODE_NEED] = room
            break
        if binary != 0:
            size = put_binary_row(mem, columns, registers, nulls, lane_no, at + 4)
        else:
            size = put_text_row(mem, columns, registers, nulls, lane_no, at + 4)
        at += seal_packet(mem, at, size, sequence)
        sequence += size // MAX_PACKET + 1
        done += 1
    st[ST_ENCODED_ROWS] = done
    st[ST_ENCODED_SEQUENCE] = sequence & 255
    if done == 0 and n > 0:
        return E_NO_ROOM
    return at - out


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8, i8, i8)")
def rows_encode(st, mem, columns, registers, nulls, selection, n, out, out_bytes, sequence, binary):
    """`encode_rows` for Python callers."""
    return encode_rows(
        st, mem, columns, registers, nulls, selection, n, out, out_bytes, sequence, binary
    )
