"""Documents in binary form put together: containers out of entries, changes, merging.

What a container will have is gathered as entries first; its bytes follow from them. Bodies are
copied from where they lie, so that what is not changed is not looked at. A container within another
is made before that one, in the same scratch memory.

::

    ENTRY (words)   0 address of the key, bytes   2 kind   3 address of the body, bytes
"""

from __future__ import annotations

from btree.layout import RUN_SHIFT
from mysqlcompat.json_kernels import (
    BROKEN,
    INT16,
    INT32,
    INT64,
    LEG_BYTES,
    LEG_CELL_FROM_END,
    LEG_MEMBER,
    LITERAL,
    MAX_DEPTH,
    NOWHERE,
    UINT16,
    UINT32,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    is_array,
    is_container,
    is_null,
    key_of,
    kind_of,
    member_number,
    place_of,
)
from redo.coding_kernels import (
    compare,
    load_i64,
    load_u8,
    load_u16,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from redo.jit import helper, routine

ENTRY_BYTES = 40
LONGEST_KEY = 65535
#: Kinds of change.
SET, INSERT, REPLACE, APPEND, INSERT_CELL, REMOVE = range(6)
UNCHANGED = -3  #: what `json_changed` says when the document stays as it is
#: Whether a path leads to a value; if only its last leg does not, where the value would be.
THERE, NOT_THERE, NEW_MEMBER, NEW_FIRST, NEW_LAST = range(5)
PATCH, PRESERVE = range(2)
FRAME_BYTES = 64
ENTRIES_PER_BYTE = ENTRY_BYTES // 3 + 1  #: bytes of entries for each of a document, at most


@helper
def entry_put(mem, at, key, key_bytes, kind, body, size):
    """Write an entry: where the next one goes."""
    store_i64(mem, at, key)
    store_i64(mem, at + 8, key_bytes)
    store_i64(mem, at + 16, kind)
    store_i64(mem, at + 24, body)
    store_i64(mem, at + 32, size)
    return at + ENTRY_BYTES


@routine
def member_put(mem, first, last, key, key_bytes, kind, body, size):
    """Put an entry where its key belongs, in place of one of the same key: where the entries
    end."""
    at = last
    while at > first:
        before = at - ENTRY_BYTES
        other = load_i64(mem, before + 8)
        order = key_bytes - other
        if order == 0:
            order = compare(mem, key, key_bytes, load_i64(mem, before), other)
        if order == 0:
            entry_put(mem, before, key, key_bytes, kind, body, size)
            return last
        if order > 0:
            break
        at = before
    move(mem, at + ENTRY_BYTES, at, last - at)
    entry_put(mem, at, key, key_bytes, kind, body, size)
    return last + ENTRY_BYTES


@routine
def json_entries(st, mem, at, place, end, top):
    """Entries of all that a container has, from `at` on: where they end, or BROKEN (also when they
    would pass `top`)."""
    count = cells_of(mem, place, end)
    if count < 0 or at + ENTRY_BYTES * (count + 1) > top:
        return BROKEN
    key = 0
    key_bytes = 0
    for number in range(count):
        one = cell_place(mem, place, end, number)
        size = body_bytes(mem, one, end) if one >= 0 else BROKEN
        if not is_array(kind_of(place)):
            key, key_bytes = key_of(mem, place, number)
        if size < 0 or key + key_bytes > end:
            return BROKEN
        at = entry_put(mem, at, key, key_bytes, kind_of(one), body_of(one), size)
    return at


@helper
def is_inline(kind, width):
    """Whether a value lies in its container's table."""
    return LITERAL <= kind <= UINT16 or (width == 4 and LITERAL < kind <= UINT32)


@helper
def put_number(mem, at, value, width):
    if width == 4:
        store_u32(mem, at, value)
    else:
        store_u16(mem, at, value)


@helper
def widest(mem, first, last, is_object, width):
    """Bytes of the container with offsets of that width."""
    total = 2 * width
    for entry in range(first, last, ENTRY_BYTES):
        total += 1 + width + (load_i64(mem, entry + 8) + width + 2 if is_object == 1 else 0)
        if not is_inline(load_i64(mem, entry + 16), width):
            total += load_i64(mem, entry + 32)
    return total


@helper
def value_put(mem, at, entry, width, offset):
    """An entry of the table of values; what does not lie in it will be at `offset`."""
    kind = load_i64(mem, entry + 16)
    body = load_i64(mem, entry + 24)
    store_u8(mem, at, kind)
    if not is_inline(kind, width):
        put_number(mem, at + 1, offset, width)
    elif kind == LITERAL:
        put_number(mem, at + 1, load_u8(mem, body), width)
    elif kind <= UINT16:
        value = load_u16(mem, body)
        put_number(mem, at + 1, value - 65536 if kind == INT16 and value > 32767 else value, width)
    else:
        move(mem, at + 1, body, 4)


@routine
def json_container(st, mem, first, last, is_object, out, limit):
    """The body of an array or object of these entries, at `out`: ``bytes << 8 | kind``; BROKEN
    when it would pass `limit`."""
    width = 2
    total = widest(mem, first, last, is_object, 2)
    if total > 65535:
        width = 4
        total = widest(mem, first, last, is_object, 4)
    if out + total > limit:
        return BROKEN
    count = (last - first) // ENTRY_BYTES
    put_number(mem, out, count, width)
    put_number(mem, out + width, total, width)
    at = out + 2 * width
    free = at + count * (1 + width + (width + 2 if is_object == 1 else 0))
    if is_object == 1:
        for entry in range(first, last, ENTRY_BYTES):
            size = load_i64(mem, entry + 8)
            put_number(mem, at, free - out, width)
            store_u16(mem, at + width, size)
            move(mem, free, load_i64(mem, entry), size)
            at += width + 2
            free += size
    for entry in range(first, last, ENTRY_BYTES):
        value_put(mem, at, entry, width, free - out)
        if not is_inline(load_i64(mem, entry + 16), width):
            size = load_i64(mem, entry + 32)
            move(mem, free, load_i64(mem, entry + 24), size)
            free += size
        at += 1 + width
    return total << 8 | (0 if is_object == 1 else 2) + (1 if width == 4 else 0)


@helper
def document_put(mem, body, kind, size):
    """The lane of a document whose body has room before it."""
    store_u8(mem, body - 1, kind)
    return body - 1 << RUN_SHIFT | 1 + size


@helper
def length_put(mem, at, count):
    """The byte count of a string, seven bits a byte: where it ends."""
    while count >= 128:
        store_u8(mem, at, count & 127 | 128)
        count >>= 7
        at += 1
    store_u8(mem, at, count)
    return at + 1


@helper
def integer_put(mem, at, value, unsigned):
    """The body of an integer: (kind, bytes)."""
    store_i64(mem, at, value)
    if 0 <= value < 1 << 15 + unsigned or (unsigned == 0 and -(1 << 15) <= value < 0):
        return INT16 + unsigned, 2
    if 0 <= value < 1 << 31 + unsigned or (unsigned == 0 and -(1 << 31) <= value < 0):
        return INT32 + unsigned, 4
    return INT64 + unsigned, 8


@helper
def entry_of_document(mem, at, document, size):
    """An entry of a value that is a document by itself."""
    return entry_put(mem, at, 0, 0, load_u8(mem, document), document + 1, size - 1)


@helper
def cells_put(st, mem, at, place, end, top):
    """Entries of an array's cells; of what is no array, as of an array of one."""
    if is_array(kind_of(place)):
        return json_entries(st, mem, at, place, end, top)
    size = body_bytes(mem, place, end)
    return entry_put(mem, at, 0, 0, kind_of(place), body_of(place), size) if size >= 0 else BROKEN


@helper
def descend(mem, place, end, path, legs, stack):
    """(where the first legs lead, or BROKEN; end of the stack of containers and numbers on the way;
    THERE, or where it would be if it is only the last leg that leads nowhere)."""
    for number in range(legs):
        leg = path + 8 + LEG_BYTES * number
        index = load_i64(mem, leg + 8)
        kind = kind_of(place)
        absent = NOT_THERE
        if load_i64(mem, leg) == LEG_MEMBER:
            if not is_container(kind) or is_array(kind):
                return place, stack, NOT_THERE
            index = member_number(mem, place, end, index, load_i64(mem, leg + 16))
            if index == BROKEN:
                return BROKEN, stack, NOT_THERE
            if index == NOWHERE:
                absent = NEW_MEMBER
        else:
            count = cells_of(mem, place, end) if is_array(kind) else 1
            if load_i64(mem, leg) == LEG_CELL_FROM_END:
                index = count - 1 - index
            if index >= count:
                absent = NEW_LAST
            elif index < 0:
                absent = NEW_FIRST
            elif not is_array(kind):
                continue  # behaves as an array of one
        if absent != NOT_THERE:
            return place, stack, absent if number == legs - 1 else NOT_THERE
        store_i64(mem, stack, place)
        store_i64(mem, stack + 8, index)
        stack += 16
        place = cell_place(mem, place, end, index)
        if place < 0:
            return BROKEN, stack, NOT_THERE
    return place, stack, THERE


@helper
def without(mem, first, last, number):
    """Take an entry out: where they end."""
    at = first + ENTRY_BYTES * number
    move(mem, at, at + ENTRY_BYTES, last - at - ENTRY_BYTES)
    return last - ENTRY_BYTES


@helper
def with_cell(mem, first, last, number, value, value_size):
    """Put a document among the entries, at most behind them: where they end."""
    at = min(first + ENTRY_BYTES * max(number, 0), last)
    move(mem, at + ENTRY_BYTES, at, last - at)
    entry_of_document(mem, at, value, value_size)
    return last + ENTRY_BYTES


@helper
def cell_number(mem, leg, count):
    """The number a leg for cells says, of `count`."""
    index = load_i64(mem, leg + 8)
    return count - 1 - index if load_i64(mem, leg) == LEG_CELL_FROM_END else index


@routine
def json_changed(st, mem, document, size, path, kind, value, value_size, scratch, limit):
    """Make the document that a change gives: ``address << 28 | bytes``, or UNCHANGED, BROKEN.

    kind     SET, INSERT, REPLACE, APPEND (to an array), INSERT_CELL, REMOVE
    path     the legs, as `json_locate` takes them
    value    a document
    scratch  up to `limit`: entries, and a container of each level; too little of it is BROKEN
    """
    end = document + size
    legs = load_i64(mem, path)
    first = scratch + 16 * legs
    top = out = first + ENTRIES_PER_BYTE * size + 2 * ENTRY_BYTES
    root = place_of(load_u8(mem, document), document + 1)
    deep = legs - 1 if kind == INSERT_CELL else legs
    place, stack, absent = descend(mem, root, end, path, deep, scratch)
    if place == BROKEN or out > limit:
        return BROKEN
    is_here = absent == THERE
    if absent == NOT_THERE or not (is_here or kind <= INSERT) or (is_here and kind == INSERT):
        return UNCHANGED
    if (kind == INSERT_CELL and not is_array(kind_of(place))) or (
        kind == REMOVE and stack == scratch
    ):
        return UNCHANGED
    at = value
    made = value_size - 1 << 8 | load_u8(mem, value) if kind != REMOVE else 0
    if not is_here or kind >= APPEND:
        last_leg = path + 8 + LEG_BYTES * (legs - 1)
        is_object = 0
        if kind == REMOVE:
            stack -= 16
            place = load_i64(mem, stack)
            is_object = 0 if is_array(kind_of(place)) else 1
            last = json_entries(st, mem, first, place, end, top)
            if last >= 0:
                last = without(mem, first, last, load_i64(mem, stack + 8))
        elif absent == NEW_MEMBER:
            is_object = 1
            last = json_entries(st, mem, first, place, end, top)
            if last >= 0:
                key = load_i64(mem, last_leg + 8)
                kind = load_u8(mem, value)
                count = load_i64(mem, last_leg + 16)
                last = member_put(mem, first, last, key, count, kind, value + 1, value_size - 1)
        else:
            last = cells_put(st, mem, first, place, end, top)
            count = (last - first) // ENTRY_BYTES
            number = 0 if absent == NEW_FIRST else count
            if kind == INSERT_CELL:
                number = cell_number(mem, last_leg, count)
            if last >= 0:
                last = with_cell(mem, first, last, number, value, value_size)
        at = out
        made = json_container(st, mem, first, last, is_object, out + 1, limit) if last >= 0 else -1
        if made < 0:
            return BROKEN
    while stack > scratch:
        stack -= 16
        place = load_i64(mem, stack)
        last = json_entries(st, mem, first, place, end, top)
        if last < 0:
            return BROKEN
        entry = first + ENTRY_BYTES * load_i64(mem, stack + 8)
        store_i64(mem, entry + 16, made & 255)
        store_i64(mem, entry + 24, at + 1)
        store_i64(mem, entry + 32, made >> 8)
        if at != value:
            out = at + 1 + (made >> 8)
        is_object = 0 if is_array(kind_of(place)) else 1
        made = json_container(st, mem, first, last, is_object, out + 1, limit)
        if made < 0:
            return BROKEN
        at = out
    if at == value:
        return value << RUN_SHIFT | value_size
    return document_put(mem, at + 1, made & 255, made >> 8)


@helper
def is_object(place):
    return place >= 0 and is_container(kind_of(place)) and not is_array(kind_of(place))


@helper
def frame_put(mem, frame, a, b, key, key_bytes, first):
    """Begin to merge two objects (NOWHERE: an empty one), whose entries are gathered at `first`."""
    store_i64(mem, frame, a)
    store_i64(mem, frame + 8, 0)
    store_i64(mem, frame + 16, b)
    store_i64(mem, frame + 24, 0)
    store_i64(mem, frame + 32, key)
    store_i64(mem, frame + 40, key_bytes)
    store_i64(mem, frame + 48, first)


@helper
def side(mem, frame, end, at):
    """(key, its bytes, the value's place) of the next member of one of the two; bytes -1: none."""
    place = load_i64(mem, frame + at)
    number = load_i64(mem, frame + at + 8)
    count = cells_of(mem, place, end) if place >= 0 else 0
    if number >= count:
        return 0, -1, BROKEN if count < 0 else NOWHERE
    key, key_bytes = key_of(mem, place, number)
    if key + key_bytes > end:
        return 0, -1, BROKEN
    return key, key_bytes, cell_place(mem, place, end, number)


@helper
def joined(st, mem, at, a, a_end, b, b_end, out, limit, top):
    """An array of the cells of two values: as `json_container`."""
    last = cells_put(st, mem, at, a, a_end, top)
    if last >= 0:
        last = cells_put(st, mem, last, b, b_end, top)
    return json_container(st, mem, at, last, 0, out, limit) if last >= 0 else BROKEN


@routine
def json_merged(st, mem, a, a_end, b, b_end, way, scratch, limit):
    """Merge two places: the document's ``address << 28 | bytes``, or BROKEN.

    way      PATCH: members of the second take the place of those of the first, null removes them;
             PRESERVE: values of one key, and what is no object, become an array
    scratch  up to `limit`: frames, entries, and a container of each level
    """
    first = scratch + FRAME_BYTES * (MAX_DEPTH + 1)
    out = first + ENTRIES_PER_BYTE * (a_end - body_of(a) + b_end - body_of(b)) + 2 * ENTRY_BYTES
    top = out
    if out > limit:
        return BROKEN
    if not (is_object(b) and (is_object(a) or way == PATCH)):
        made = joined(st, mem, first, a, a_end, b, b_end, out + 1, limit, top)
        return document_put(mem, out + 1, made & 255, made >> 8) if made >= 0 else BROKEN
    frame = scratch
    frame_put(mem, frame, a if is_object(a) else NOWHERE, b, 0, 0, first)
    at = first
    while True:
        x, x_bytes, one = side(mem, frame, a_end, 0)
        y, y_bytes, other = side(mem, frame, b_end, 16)
        if one == BROKEN or other == BROKEN:
            return BROKEN
        if at + ENTRY_BYTES > top:
            return BROKEN
        if x_bytes < 0 and y_bytes < 0:
            begin = load_i64(mem, frame + 48)
            made = json_container(st, mem, begin, at, 1, out + 1, limit)
            if made < 0:
                return BROKEN
            if frame == scratch:
                return document_put(mem, out + 1, made & 255, made >> 8)
            x = load_i64(mem, frame + 32)
            x_bytes = load_i64(mem, frame + 40)
            frame -= FRAME_BYTES
            at = entry_put(mem, begin, x, x_bytes, made & 255, out + 1, made >> 8)
            out += 1 + (made >> 8)
            continue
        order = -1 if y_bytes < 0 else 1 if x_bytes < 0 else x_bytes - y_bytes
        if order == 0:
            order = compare(mem, x, x_bytes, y, y_bytes)
        if order <= 0:
            store_i64(mem, frame + 8, load_i64(mem, frame + 8) + 1)
        if order >= 0:
            store_i64(mem, frame + 24, load_i64(mem, frame + 24) + 1)
            x = y
            x_bytes = y_bytes
            if way == PATCH and is_null(mem, other):
                continue
        if order > 0:
            one = NOWHERE
        if order >= 0 and is_object(other) and (way == PATCH or is_object(one)):
            if frame >= scratch + FRAME_BYTES * MAX_DEPTH:
                return BROKEN
            frame += FRAME_BYTES
            frame_put(mem, frame, one if is_object(one) else NOWHERE, other, y, y_bytes, at)
        elif order == 0 and way == PRESERVE:
            made = joined(st, mem, at, one, a_end, other, b_end, out, limit, top)
            if made < 0:
                return BROKEN
            at = entry_put(mem, at, x, x_bytes, made & 255, out, made >> 8)
            out += made >> 8
        else:
            value = one if order < 0 else other
            size = body_bytes(mem, value, a_end if order < 0 else b_end)
            if size < 0:
                return BROKEN
            at = entry_put(mem, at, x, x_bytes, kind_of(value), body_of(value), size)
