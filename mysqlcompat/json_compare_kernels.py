"""Documents in binary form held against each other: their order, and what one has of another.

Values of different kinds go by kind, as `json_order` has it. Decimals, dates and bytes, and doubles
beside integers that doubles do not tell apart, are Python's.
"""

from __future__ import annotations

from mysqlcompat.json_kernels import (
    BROKEN,
    DOUBLE,
    LITERAL,
    MAX_DEPTH,
    NOWHERE,
    NULL,
    STRING,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    counted,
    double_at,
    integer_at,
    is_array,
    is_container,
    is_number,
    key_of,
    kind_of,
    member_place,
)
from redo.coding_kernels import compare, load_u8
from redo.jit import helper, routine

UNORDERED = 2  #: of two values that only Python compares
EXACT = 1 << 53  #: integers up to here are doubles, too
CONTAINS, OVERLAPS, MEMBER = range(3)
_NULLS, _NUMBERS, _STRINGS, _OBJECTS, _ARRAYS, _TRUTHS, _OTHERS = range(7)


@helper
def rank(mem, place):
    """NULL, numbers, strings, objects, arrays, booleans, others."""
    kind = kind_of(place)
    if is_container(kind):
        return _ARRAYS if is_array(kind) else _OBJECTS
    if kind == LITERAL:
        return _NULLS if load_u8(mem, body_of(place)) == NULL else _TRUTHS
    if kind <= DOUBLE:
        return _NUMBERS
    return _STRINGS if kind == STRING else _OTHERS


@helper
def sign(order):
    return (1 if order > 0 else 0) - (1 if order < 0 else 0)


@helper
def is_exact(mem, place):
    """Whether the double of an integer is the same number."""
    return -EXACT <= integer_at(mem, place) <= EXACT


@helper
def number_order(mem, a, a_end, b, b_end):
    one = is_number(mem, a, a_end)
    two = is_number(mem, b, b_end)
    if one == 0 or two == 0:
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
def order_of(mem, a, a_end, b, b_end, depth):
    """-1, 0, 1 or UNORDERED; of containers cell by cell, which calls itself."""
    if a < 0 or b < 0 or depth > MAX_DEPTH:
        return UNORDERED
    x = rank(mem, a)
    y = rank(mem, b)
    if x == _OTHERS or y == _OTHERS:
        return UNORDERED
    if x != y:
        return sign(x - y)
    if x == _NULLS:
        return 0
    if x == _NUMBERS:
        return number_order(mem, a, a_end, b, b_end)
    if x == _TRUTHS:
        return sign(load_u8(mem, body_of(b)) - load_u8(mem, body_of(a)))
    if x == _STRINGS:
        count, at = counted(mem, body_of(a), a_end)
        other, there = counted(mem, body_of(b), b_end)
        return compare(mem, at, count, there, other) if min(count, other) >= 0 else UNORDERED
    count = cells_of(mem, a, a_end)
    other = cells_of(mem, b, b_end)
    if count < 0 or other < 0:
        return UNORDERED
    if x == _OBJECTS and count != other:
        return sign(count - other)
    for number in range(min(count, other)):
        if x == _OBJECTS:
            key, size = key_of(mem, a, number)
            there, bytes_there = key_of(mem, b, number)
            if key + size > a_end or there + bytes_there > b_end:
                return UNORDERED
            order = compare(mem, key, size, there, bytes_there)
            if order != 0:
                return order
        one = cell_place(mem, a, a_end, number)
        two = cell_place(mem, b, b_end, number)
        order = order_of(mem, one, a_end, two, b_end, depth + 1)
        if order != 0:
            return order
    return sign(count - other)


@routine
def json_order(st, mem, a, a_end, b, b_end):
    """-1, 0 or 1 of two values as `json_order` has it, UNORDERED for Python."""
    return order_of(mem, a, a_end, b, b_end, 0)


@helper
def contains(st, mem, target, target_end, wanted, wanted_end, depth):
    """JSON_CONTAINS: 1, 0, or BROKEN for Python. It calls itself for what is within containers."""
    if target < 0 or wanted < 0 or depth > MAX_DEPTH:
        return BROKEN
    kind = kind_of(wanted)
    in_array = is_array(kind_of(target))
    if not is_container(kind_of(target)):
        if is_container(kind):
            return 0
        order = json_order(st, mem, target, target_end, wanted, wanted_end)
        return BROKEN if order == UNORDERED else int(order == 0)
    if not in_array and (not is_container(kind) or is_array(kind)):
        return 0
    unknown = 1
    cells = cells_of(mem, target, target_end)
    count = cells_of(mem, wanted, wanted_end) if is_container(kind) else 1
    if is_container(kind) and in_array and not is_array(kind):
        count = 1
    if cells < 0 or count < 0:
        return BROKEN
    for number in range(count):
        one = wanted
        if is_array(kind) or not in_array:
            one = cell_place(mem, wanted, wanted_end, number)
        found = 0
        if not in_array:
            name, size = key_of(mem, wanted, number)
            if name + size > wanted_end:
                return BROKEN
            inside = member_place(mem, target, target_end, name, size)
            if inside != NOWHERE:
                found = contains(st, mem, inside, target_end, one, wanted_end, depth + 1)
        cell = 0
        while in_array and cell < cells and found != 1:
            inside = cell_place(mem, target, target_end, cell)
            here = contains(st, mem, inside, target_end, one, wanted_end, depth + 1)
            found = here if here != 0 else found
            cell += 1
        if found == 0:
            return 0
        if found == BROKEN:
            unknown = BROKEN
    return unknown


@helper
def has_equal(st, mem, target, target_end, one, one_end):
    """Whether a value is, or an array has, that one: 1, 0 or BROKEN."""
    array = is_array(kind_of(target))
    unknown = 0
    count = cells_of(mem, target, target_end) if array else 1
    for number in range(count):
        cell = cell_place(mem, target, target_end, number) if array else target
        order = json_order(st, mem, cell, target_end, one, one_end)
        if order == 0:
            return 1
        if order == UNORDERED:
            unknown = BROKEN
    return unknown if count >= 0 else BROKEN


@routine
def json_holds(st, mem, target, target_end, wanted, wanted_end, how):
    """CONTAINS, OVERLAPS, MEMBER (`wanted` is an element): 1, 0, or BROKEN for Python."""
    if how == CONTAINS:
        return contains(st, mem, target, target_end, wanted, wanted_end, 0)
    if how == MEMBER:
        return has_equal(st, mem, target, target_end, wanted, wanted_end)
    objects = not is_array(kind_of(wanted)) and not is_array(kind_of(target))
    objects = objects and is_container(kind_of(wanted)) and is_container(kind_of(target))
    loose = is_array(kind_of(wanted)) or objects
    unknown = 0
    count = cells_of(mem, wanted, wanted_end) if loose else 1
    for number in range(count):
        one = cell_place(mem, wanted, wanted_end, number) if loose else wanted
        if one < 0 or body_bytes(mem, one, wanted_end) < 0:
            return BROKEN
        if objects:
            name, size = key_of(mem, wanted, number)
            inside = BROKEN
            if name + size <= wanted_end:
                inside = member_place(mem, target, target_end, name, size)
            if inside == NOWHERE:
                continue
            order = json_order(st, mem, inside, target_end, one, wanted_end)
            found = BROKEN if order == UNORDERED else int(order == 0)
        else:
            found = has_equal(st, mem, target, target_end, one, wanted_end)
        if found == 1:
            return 1
        if found == BROKEN:
            unknown = BROKEN
    return unknown if count >= 0 else BROKEN
