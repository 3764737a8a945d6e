"""Documents in MySQL's binary form (`jsonb` has the table of it), read where they lie.

A *place* is ``body << 8 | kind``: where the body of a value is in the arena and its kind. NOWHERE:
a path leads nowhere; BROKEN: bytes that are no document, or what only Python knows how to read.
Every offset is held against the end of the document before it is followed.

::

    PATH (words)   0 how many legs, then for each: kind (LEG_), address of a name or number, bytes
                   LEG_CELLS: twice the number of the first and of the last one, 1 more from the end
"""

from __future__ import annotations

from redo.coding_kernels import (
    bits_of_float,
    compare,
    float_of_bits,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
)
from redo.jit import helper, routine

LITERAL, INT16, UINT16, INT32, UINT32, INT64, UINT64, DOUBLE, STRING = range(4, 13)
OPAQUE = 15
NOWHERE = -1
BROKEN = -2
LEG_MEMBER, LEG_CELL, LEG_CELL_FROM_END = range(3)
LEG_CELLS, LEG_ALL, LEG_MEMBERS, LEG_ANYWHERE = range(3, 7)  #: wildcards
LEG_BYTES = 24
NULL, TRUE, FALSE = range(3)
MAX_DEPTH = 100


@helper
def place_of(kind, body):
    return body << 8 | kind


@helper
def kind_of(place):
    return place & 255


@helper
def body_of(place):
    return place >> 8


@helper
def is_null(mem, place):
    return kind_of(place) == LITERAL and load_u8(mem, body_of(place)) == NULL


@helper
def is_container(kind):
    return kind <= 3


@helper
def is_array(kind):
    return kind == 2 or kind == 3


@helper
def width_of(kind):
    """Bytes of an offset in a container."""
    return 4 if kind & 1 == 1 else 2


@helper
def number_at(mem, at, width):
    return load_u32(mem, at) if width == 4 else load_u16(mem, at)


@helper
def cells_of(mem, place, end):
    """How many members or cells a container has; BROKEN when its table passes the end."""
    kind = kind_of(place)
    width = width_of(kind)
    body = body_of(place)
    if body + 2 * width > end:
        return BROKEN
    count = number_at(mem, body, width)
    entry = 1 + width if is_array(kind) else 3 + 2 * width
    if body + 2 * width + count * entry > end:
        return BROKEN
    return count


@routine
def cell_place(mem, place, end, number):
    """Place of a member's or cell's value, by its number."""
    kind = kind_of(place)
    width = width_of(kind)
    body = body_of(place)
    at = body + 2 * width + number * (1 + width)
    if not is_array(kind):
        at += number_at(mem, body, width) * (width + 2)
    found = load_u8(mem, at)
    if found == LITERAL or found == INT16 or found == UINT16:
        return place_of(found, at + 1)
    if width == 4 and (found == INT32 or found == UINT32):
        return place_of(found, at + 1)
    start = body + number_at(mem, at + 1, width)
    return place_of(found, start) if start < end else BROKEN


@helper
def key_of(mem, place, number):
    """(where, bytes) of a member's key."""
    width = width_of(kind_of(place))
    body = body_of(place)
    at = body + 2 * width + number * (width + 2)
    return body + number_at(mem, at, width), load_u16(mem, at + width)


@helper
def member_number(mem, place, end, name, count):
    """Number of the member of that name: shorter keys come first, then by bytes."""
    high = cells_of(mem, place, end)
    low = 0
    while low < high:
        middle = (low + high) >> 1
        key, size = key_of(mem, place, middle)
        if key + size > end:
            return BROKEN
        order = size - count if size != count else compare(mem, key, size, name, count)
        if order == 0:
            return middle
        if order < 0:
            low = middle + 1
        else:
            high = middle
    return NOWHERE


@helper
def member_place(mem, place, end, name, count):
    """Place of the member of that name."""
    number = member_number(mem, place, end, name, count)
    return cell_place(mem, place, end, number) if number >= 0 else number


@routine
def json_locate(st, mem, place, end, path):
    """Where a path of plain legs leads from `place`, in a document that ends at `end`. What is no
    array behaves as an array of one."""
    for number in range(load_i64(mem, path)):
        leg = path + 8 + LEG_BYTES * number
        what = load_i64(mem, leg)
        index = load_i64(mem, leg + 8)
        kind = kind_of(place)
        if what == LEG_MEMBER:
            if not is_container(kind) or is_array(kind):
                return NOWHERE
            place = member_place(mem, place, end, index, load_i64(mem, leg + 16))
        else:
            count = cells_of(mem, place, end) if is_array(kind) else 1
            if what == LEG_CELL_FROM_END:
                index = count - 1 - index
            if index < 0 or index >= count:
                return NOWHERE
            if is_array(kind):
                place = cell_place(mem, place, end, index)
        if place < 0:
            return place
    return place


@helper
def counted(mem, at, end):
    """(byte count, where the bytes are) of a string or opaque value; -1 when it is broken."""
    count = 0
    shift = 0
    while at < end and shift < 35:
        byte = load_u8(mem, at)
        at += 1
        count |= (byte & 127) << shift
        if byte < 128:
            return (count if at + count <= end else -1), at
        shift += 7
    return -1, at


@routine
def body_bytes(mem, place, end):
    """Bytes of a value's body, or BROKEN."""
    kind = kind_of(place)
    body = body_of(place)
    size = 1
    if is_container(kind):
        width = width_of(kind)
        size = number_at(mem, body + width, width) if body + 2 * width <= end else 1 << 40
    elif kind <= UINT16:
        size = 1 if kind == LITERAL else 2
    elif kind <= DOUBLE:
        size = 4 if kind <= UINT32 else 8
    else:
        count, at = counted(mem, body + (1 if kind == OPAQUE else 0), end)
        size = at + count - body if count >= 0 else 1 << 40
    return size if body + size <= end else BROKEN


@helper
def integer_at(mem, place):
    """The number of an integer; an unsigned one of 64 bits as it is."""
    kind = kind_of(place)
    body = body_of(place)
    if kind <= UINT16:
        value = load_u16(mem, body)
        return value - 65536 if kind == INT16 and value >= 32768 else value
    if kind == INT32:
        return load_i32(mem, body)
    return load_u32(mem, body) if kind == UINT32 else load_i64(mem, body)


@helper
def is_number(mem, place, end):
    """1: an integer that BIGINT holds, 2: a double, 0: something else (or a larger integer)."""
    kind = kind_of(place)
    if kind < INT16 or kind > DOUBLE or body_bytes(mem, place, end) < 0:
        return 0
    if kind == DOUBLE:
        return 2
    return 0 if kind == UINT64 and load_i64(mem, body_of(place)) < 0 else 1


@helper
def double_at(mem, place):
    """A number as a double."""
    if kind_of(place) == DOUBLE:
        return float_of_bits(load_i64(mem, body_of(place)))
    return float(integer_at(mem, place))


@helper
def exact_decimal(value, factor):
    """(value × factor, whether that is what the double's shortest digits say)."""
    scaled = value * float(factor)
    if not abs(scaled) < 1e15:
        return 0, False
    whole = int(scaled + (0.5 if scaled >= 0 else -0.5))
    return whole, float(whole) / float(factor) == value


@helper
def double_bits(mem, place):
    """A number as the bits of a double."""
    if kind_of(place) == DOUBLE:
        return load_i64(mem, body_of(place))
    return bits_of_float(float(integer_at(mem, place)))
