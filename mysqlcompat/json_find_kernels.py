"""All that a path with wildcards leads to, in documents in binary form."""

from __future__ import annotations

from mysqlcompat.json_build_kernels import ENTRY_BYTES, cell_number, entry_put
from mysqlcompat.json_kernels import (
    BROKEN,
    LEG_ALL,
    LEG_ANYWHERE,
    LEG_BYTES,
    LEG_CELLS,
    LEG_MEMBER,
    LEG_MEMBERS,
    MAX_DEPTH,
    NOWHERE,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    is_array,
    is_container,
    kind_of,
    member_place,
)
from redo.coding_kernels import load_i64
from redo.jit import helper, routine


@helper
def is_gathered(mem, path, first, last, body):
    """Whether a value is among the entries: what is behind ** may be found twice."""
    goes_down = False
    for number in range(load_i64(mem, path)):
        goes_down |= load_i64(mem, path + 8 + LEG_BYTES * number) == LEG_ANYWHERE
    if not goes_down:
        return False
    for entry in range(first, last, ENTRY_BYTES):
        if load_i64(mem, entry + 24) == body:
            return True
    return False


@helper
def range_end(mem, word, count):
    """The number a range's end says, of `count` cells."""
    index = load_i64(mem, word) >> 1
    return count - 1 - index if load_i64(mem, word) & 1 == 1 else index


@helper
def children_of(mem, place, end, leg):
    """(first, last) of the members or cells that a leg may lead to; BROKEN as the last."""
    what = load_i64(mem, leg)
    container = is_container(kind_of(place))
    array = is_array(kind_of(place))
    count = cells_of(mem, place, end) if container else 1
    if count < 0:
        return 0, BROKEN
    if what == LEG_ANYWHERE:
        return 0, count - 1 if container else -1
    if what == LEG_MEMBERS:
        return 0, count - 1 if container and not array else -1
    if what == LEG_ALL:
        return 0, count - 1 if array else -1
    if not array:
        count = 1
    if what == LEG_CELLS:
        low = max(range_end(mem, leg + 8, count), 0)
        return low, max(min(range_end(mem, leg + 16, count), count - 1), -1)
    index = cell_number(mem, leg, count)
    return (index, index) if 0 <= index < count else (0, -1)


@helper
def gathered(mem, place, end, path, number, first, last, top, depth):
    """Entries of what the legs from `number` on lead to: where they end, or BROKEN. It calls
    itself for each leg, and for each level that ** goes down."""
    if place < 0 or depth > 3 * MAX_DEPTH:
        return BROKEN
    legs = load_i64(mem, path)
    if number == legs:
        size = body_bytes(mem, place, end)
        if size < 0 or last + ENTRY_BYTES > top:
            return BROKEN
        if is_gathered(mem, path, first, last, body_of(place)):
            return last
        return entry_put(mem, last, 0, 0, kind_of(place), body_of(place), size)
    leg = path + 8 + LEG_BYTES * number
    what = load_i64(mem, leg)
    if what == LEG_MEMBER:
        if not is_container(kind_of(place)) or is_array(kind_of(place)):
            return last
        child = member_place(mem, place, end, load_i64(mem, leg + 8), load_i64(mem, leg + 16))
        if child == NOWHERE:
            return last
        return gathered(mem, child, end, path, number + 1, first, last, top, depth + 1)
    following = number + 1
    if what == LEG_ANYWHERE:
        last = gathered(mem, place, end, path, number + 1, first, last, top, depth + 1)
        following = number
    begin, stop = children_of(mem, place, end, leg)
    if stop == BROKEN:
        return BROKEN
    wrapped = not is_array(kind_of(place)) and what != LEG_ANYWHERE and what != LEG_MEMBERS
    for child in range(begin, stop + 1):
        if last < 0:
            return BROKEN
        one = place if wrapped else cell_place(mem, place, end, child)
        last = gathered(mem, one, end, path, following, first, last, top, depth + 1)
    return last


@routine
def json_find(st, mem, place, end, path, at, top):
    """Entries of all that a path leads to, each once: where they end, or BROKEN for Python."""
    return gathered(mem, place, end, path, 0, at, at, top, 0)
