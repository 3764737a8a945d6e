"""The text of a document in binary form, as MySQL prints it: ``{"a": 1, "b": [true, 1.0]}``."""

from __future__ import annotations

from mysqlcompat.json_kernels import (
    BROKEN,
    DOUBLE,
    LITERAL,
    MAX_DEPTH,
    NULL,
    STRING,
    TRUE,
    UINT64,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    counted,
    integer_at,
    is_array,
    is_container,
    key_of,
    kind_of,
)
from mysqlcompat.wire.encode_kernels import put_signed, put_unsigned
from mysqlcompat.wire.float_kernels import FLOAT_ROOM, double_text
from redo.coding_kernels import fill, load_i64, load_u8, move, store_i64, store_u8, store_u32
from redo.jit import helper, routine

STACK_BYTES = 16 * (MAX_DEPTH + 1)
#: Bytes of text per byte of a document, at most, and besides.
GROWTH = 6
PRETTY = 2
BESIDES = 64 + FLOAT_ROOM  # also what is left when the last of it is written
_NULL, _TRUE, _FALS = 0x6C6C756E, 0x65757274, 0x736C6166  # "null", "true", "fals"
_QUOTE, _BACKSLASH = 34, 92


@helper
def letter_of(byte):
    """What stands behind the backslash for a byte that has a short escape, else 0."""
    if byte == _QUOTE or byte == _BACKSLASH:
        return byte
    if byte == 8:
        return 98
    if byte == 9:
        return 116
    if byte == 10:
        return 110
    if byte == 12:
        return 102
    return 114 if byte == 13 else 0


@routine
def put_quoted(mem, to, at, count):
    """A string in quotes, escaped: where it ends."""
    store_u8(mem, to, _QUOTE)
    to += 1
    for i in range(count):
        byte = load_u8(mem, at + i)
        if byte >= 32 and byte != _QUOTE and byte != _BACKSLASH:
            store_u8(mem, to, byte)
            to += 1
            continue
        store_u8(mem, to, _BACKSLASH)
        letter = letter_of(byte)
        if letter != 0:
            store_u8(mem, to + 1, letter)
            to += 2
            continue
        store_u32(mem, to + 1, 0x30303075)  # u000
        store_u8(mem, to + 4, 48 + (byte >> 4))
        low = byte & 15
        store_u8(mem, to + 5, 48 + low if low < 10 else 87 + low)
        to += 6
    store_u8(mem, to, _QUOTE)
    return to + 1


@helper
def put_double(mem, to, bits):
    """A double, which shows that it is one: where it ends."""
    end = to + double_text(mem, to, bits, 0)
    for at in range(to, end):
        byte = load_u8(mem, at)
        if byte == 46 or byte == 101:
            return end
    store_u8(mem, end, 46)
    store_u8(mem, end + 1, 48)
    return end + 2


@helper
def put_scalar(mem, place, end, to, limit, quoted):
    """A value that is no container: where its text ends, or BROKEN (dates, decimals, bytes)."""
    kind = kind_of(place)
    body = body_of(place)
    if kind > STRING or body_bytes(mem, place, end) < 0:
        return BROKEN
    if kind == STRING:
        count, at = counted(mem, body, end)
        if to + GROWTH * count + BESIDES > limit:
            return BROKEN
        if quoted != 0:
            return put_quoted(mem, to, at, count)
        move(mem, to, at, count)
        return to + count
    if kind == LITERAL:
        value = load_u8(mem, body)
        store_u32(mem, to, _NULL if value == NULL else _TRUE if value == TRUE else _FALS)
        store_u8(mem, to + 4, 101)
        return to + (4 if value <= TRUE else 5)
    if kind == DOUBLE:
        return put_double(mem, to, load_i64(mem, body))
    if kind == UINT64:
        return to + put_unsigned(mem, to, load_i64(mem, body))
    return to + put_signed(mem, to, integer_at(mem, place))


@helper
def put_line(mem, to, depth):
    """A new line and what it begins with: where it ends."""
    store_u8(mem, to, 10)
    fill(mem, to + 1, 2 * depth, 32)
    return to + 1 + 2 * depth


@routine
def json_text(st, mem, place, end, out, room, stack, quoted):
    """Write the text of a value at `out`: its bytes, or BROKEN for Python.

    room    GROWTH bytes for each of the value, and BESIDES, is enough for every real document
    stack   STACK_BYTES: containers that are open, and how many of their members are written
    quoted  1: a string is in quotes; within containers it always is; PRETTY: also a line for each
            member or cell, indented
    """
    to = out
    limit = out + room
    depth = 0
    while True:
        kind = kind_of(place)
        if depth > MAX_DEPTH or to + BESIDES > limit:
            return BROKEN
        if is_container(kind):
            if depth == MAX_DEPTH:
                return BROKEN
            store_i64(mem, stack + 16 * depth, place)
            store_i64(mem, stack + 16 * depth + 8, 0)
            depth += 1
            store_u8(mem, to, 91 if is_array(kind) else 123)
            to += 1
        else:
            to = put_scalar(mem, place, end, to, limit, quoted if depth == 0 else 1)
            if to < 0:
                return BROKEN
        place = BROKEN
        while depth > 0 and place == BROKEN:
            open_place = load_i64(mem, stack + 16 * depth - 16)
            done = load_i64(mem, stack + 16 * depth - 8)
            array = is_array(kind_of(open_place))
            count = cells_of(mem, open_place, end)
            pretty = quoted == PRETTY and count > 0
            if pretty and to + 2 * depth + BESIDES > limit:
                return BROKEN
            if done >= count:
                if count < 0:
                    return BROKEN
                depth -= 1
                if pretty:
                    to = put_line(mem, to, depth)
                store_u8(mem, to, 93 if array else 125)
                to += 1
                continue
            if done > 0:
                store_u8(mem, to, 44)
                store_u8(mem, to + 1, 32)
                to += 1 if pretty else 2
            if pretty:
                to = put_line(mem, to, depth)
            if not array:
                key, size = key_of(mem, open_place, done)
                if key + size > end or to + GROWTH * size + BESIDES > limit:
                    return BROKEN
                to = put_quoted(mem, to, key, size)
                store_u8(mem, to, 58)
                store_u8(mem, to + 1, 32)
                to += 2
            store_i64(mem, stack + 16 * depth - 8, done + 1)
            place = cell_place(mem, open_place, end, done)
            if place < 0:
                return BROKEN
        if depth == 0:
            return to - out
