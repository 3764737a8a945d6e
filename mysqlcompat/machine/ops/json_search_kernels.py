"""Where in a document a text is: JSON_SEARCH."""

from __future__ import annotations

from mysqlcompat.json_build_kernels import (
    ENTRY_BYTES,
    document_put,
    entry_put,
    json_container,
    length_put,
)
from mysqlcompat.json_kernels import (
    BROKEN,
    MAX_DEPTH,
    STRING,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    counted,
    is_array,
    is_container,
    key_of,
    kind_of,
)
from mysqlcompat.json_text_kernels import put_quoted
from mysqlcompat.machine.ops.operands import text_at, text_bytes
from mysqlcompat.machine.ops.text_kernels import CHARACTERS, is_like
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, routine

NOT_HERE = -1  #: what is to be made is Python's
IS_NULL = -8
_PATH_BYTES = 4096
_DOLLAR = 36


@helper
def container_lane(st, mem, first, last, is_object, body, limit):
    """The document that entries make, or NOT_HERE."""
    made = json_container(st, mem, first, last, is_object, body, limit)
    return document_put(mem, body, made & 255, made >> 8) if made >= 0 else NOT_HERE


@helper
def string_entry(mem, at, text, count, body):
    """An entry of a string whose body is written at `body`."""
    to = length_put(mem, body, count)
    move(mem, to, text, count)
    return entry_put(mem, at, 0, 0, STRING, body, to + count - body)


@helper
def leg_put(mem, at, container, number):
    """The leg of a path to a member or cell: where it ends, or NOT_HERE."""
    if is_array(kind_of(container)):
        digits = 1
        power = 10
        while power <= number:
            power *= 10
            digits += 1
        store_u8(mem, at, 91)
        for i in range(digits):
            store_u8(mem, at + digits - i, 48 + number % 10)
            number //= 10
        store_u8(mem, at + digits + 1, 93)
        return at + digits + 2
    key, size = key_of(mem, container, number)
    store_u8(mem, at, 46)
    plain = size > 0
    for i in range(size):
        byte = load_u8(mem, key + i)
        if byte >= 128:
            return NOT_HERE
        letter = 97 <= byte | 32 <= 122 or byte == 95 or byte == _DOLLAR
        plain = plain and (letter or (i > 0 and 48 <= byte <= 57))
    if not plain:
        return put_quoted(mem, at + 1, key, size)
    move(mem, at + 1, key, size)
    return at + 1 + size


@routine
def json_search(st, mem, place, end, pattern, escape, every, scratch, limit):
    """JSON_SEARCH of all of a document: the lane of a path or, if there are several and `every` is
    1, of an array of them; IS_NULL; NOT_HERE."""
    path = scratch + 24 * (MAX_DEPTH + 1)
    entries = path + _PATH_BYTES
    last = entries
    top = entries + ((limit - entries) >> 1)
    bodies = top + 1
    store_u8(mem, path, _DOLLAR)
    path_end = path + 1
    depth = 0
    while True:
        kind = kind_of(place)
        if is_container(kind):
            if depth > MAX_DEPTH:
                return NOT_HERE
            store_i64(mem, scratch + 24 * depth, place)
            store_i64(mem, scratch + 24 * depth + 8, 0)
            store_i64(mem, scratch + 24 * depth + 16, path_end)
            depth += 1
        elif body_bytes(mem, place, end) < 0:
            return NOT_HERE
        elif kind == STRING:
            count, at = counted(mem, body_of(place), end)
            pattern_end = text_at(pattern) + text_bytes(pattern)
            start = text_at(pattern)
            if is_like(mem, at, at + count, start, pattern_end, escape, CHARACTERS) == 1:
                if last + ENTRY_BYTES > top or bodies + path_end - path + 16 > limit:
                    return NOT_HERE
                last = string_entry(mem, last, path, path_end - path, bodies)
                if every == 0:
                    return document_put(mem, bodies, STRING, load_i64(mem, last - 8))
                bodies += load_i64(mem, last - 8)
        place = BROKEN
        while depth > 0 and place == BROKEN:
            container = load_i64(mem, scratch + 24 * depth - 24)
            done = load_i64(mem, scratch + 24 * depth - 16)
            count = cells_of(mem, container, end)
            if done >= count:
                if count < 0:
                    return NOT_HERE
                depth -= 1
                continue
            store_i64(mem, scratch + 24 * depth - 16, done + 1)
            path_end = load_i64(mem, scratch + 24 * depth - 8)
            if not is_array(kind_of(container)):
                key, size = key_of(mem, container, done)
                if key + size > end or path_end + 6 * size + 64 > entries:
                    return NOT_HERE
            if path_end + 64 > entries:
                return NOT_HERE
            path_end = leg_put(mem, path_end, container, done)
            place = cell_place(mem, container, end, done)
            if place < 0 or path_end < 0:
                return NOT_HERE
        if depth == 0:
            break
    if last == entries:
        return IS_NULL
    if last == entries + ENTRY_BYTES:
        return document_put(mem, top + 1, STRING, load_i64(mem, last - 8))
    return container_lane(st, mem, entries, last, 0, bodies + 1, limit)
