"""Documents in MySQL's binary form (`jsonb` has the table of it), read where they lie.

A *place* is ``body << 8 | kind``: where the body of a value is in the arena and its kind. NOWHERE:
a path leads nowhere; BROKEN: bytes that are no document, or what only Python knows how to read.
Every offset is held against the end of the document before it is followed.

::

    PATH (words)   0 how many legs, then for each: kind (LEG_), address of a name or number, bytes
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
LEG_MEMBER, LEG_CELL, LEG_CELL_FROM_END, LEG_CELLS = range(4)
LEG_BYTES = 24
UNORDERED = 2  #: of two values that only Python compares
NULL, TRUE, FALSE = range(3)
MAX_DEPTH = 100
EXACT = 1 << 53  #: integers up to here are doubles, too


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


@helper
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


@helper
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
def rank(kind):
    """NULL, numbers, strings, objects, arrays, booleans; 9: to be found out in Python."""
    if is_container(kind):
        return 4 if is_array(kind) else 3
    if kind <= DOUBLE:
        return 1
    return 2 if kind == STRING else 9


@helper
def sign(order):
    return (1 if order > 0 else 0) - (1 if order < 0 else 0)


@helper
def is_exact(mem, place):
    """Whether the double of an integer is the same number."""
    return -EXACT <= integer_at(mem, place) <= EXACT


@routine
def json_order(st, mem, a, a_end, b, b_end):
    """-1, 0 or 1 of two values as `json_order` has it, UNORDERED for Python."""
    x = rank(kind_of(a))
    y = rank(kind_of(b))
    if kind_of(a) == LITERAL:
        x = 0 if load_u8(mem, body_of(a)) == NULL else 5
    if kind_of(b) == LITERAL:
        y = 0 if load_u8(mem, body_of(b)) == NULL else 5
    if x == 9 or y == 9:
        return UNORDERED
    if x != y:
        return sign(x - y)
    if x == 0:
        return 0
    if x == 5:
        return sign(load_u8(mem, body_of(b)) - load_u8(mem, body_of(a)))
    if x == 2:
        count, at = counted(mem, body_of(a), a_end)
        other, there = counted(mem, body_of(b), b_end)
        if count < 0 or other < 0:
            return UNORDERED
        return compare(mem, at, count, there, other)
    one = is_number(mem, a, a_end)
    two = is_number(mem, b, b_end)
    if x != 1 or one == 0 or two == 0:
        return UNORDERED
    if one == 1 and two == 1:
        m = integer_at(mem, a)
        n = integer_at(mem, b)
        return (1 if m > n else 0) - (1 if m < n else 0)
    if (one == 1 and not is_exact(mem, a)) or (two == 1 and not is_exact(mem, b)):
        return UNORDERED
    f = double_at(mem, a)
    g = double_at(mem, b)
    return (1 if f > g else 0) - (1 if f < g else 0)


@helper
def has_scalar(st, mem, target, target_end, wanted, wanted_end, nested):
    """Whether a value is, or an array holds, that scalar: 1, 0 or BROKEN.

    nested  arrays are looked for in arrays, too (which is Python's)
    """
    if not is_array(kind_of(target)):
        order = json_order(st, mem, target, target_end, wanted, wanted_end)
        return BROKEN if order == UNORDERED else int(order == 0)
    unknown = 0
    count = cells_of(mem, target, target_end)
    if count < 0:
        return BROKEN
    for number in range(count):
        one = cell_place(mem, target, target_end, number)
        if one < 0:
            return BROKEN
        if is_array(kind_of(one)) and nested:
            unknown = BROKEN
            continue
        order = json_order(st, mem, one, target_end, wanted, wanted_end)
        if order == 0:
            return 1
        if order == UNORDERED:
            unknown = BROKEN
    return unknown


@routine
def json_holds(st, mem, target, target_end, wanted, wanted_end, any_of):
    """JSON_CONTAINS of scalars, flat arrays and flat objects (any_of 0), JSON_OVERLAPS of what is
    flat (1), MEMBER OF (2): 1, 0, or BROKEN for what is Python's."""
    kind = kind_of(wanted)
    if not is_container(kind):
        return has_scalar(st, mem, target, target_end, wanted, wanted_end, any_of == 0)
    count = cells_of(mem, wanted, wanted_end)
    if count < 0 or any_of == 2:
        return BROKEN
    if is_array(kind):
        if not is_array(kind_of(target)) and any_of == 0:
            return 0
    elif is_array(kind_of(target)) or any_of == 1:
        return BROKEN
    elif not is_container(kind_of(target)):
        return 0
    for number in range(count):
        one = cell_place(mem, wanted, wanted_end, number)
        if one < 0 or is_container(kind_of(one)):
            return BROKEN
        inside = target
        if not is_array(kind):
            name, size = key_of(mem, wanted, number)
            inside = member_place(mem, target, target_end, name, size)
            if inside == NOWHERE:
                return 0
            if inside < 0:
                return BROKEN
        found = has_scalar(st, mem, inside, target_end, one, wanted_end, any_of == 0)
        if found < 0:
            return BROKEN
        if found == any_of:
            return found
    return 1 - any_of


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
