"""Walks through documents in binary form: bytes that sort as they do, their depth, their length."""

from __future__ import annotations

from btree.collation_kernels import bytes_escaped
from mysqlcompat.json_kernels import (
    BROKEN,
    DOUBLE,
    LITERAL,
    MAX_DEPTH,
    NULL,
    STRING,
    TRUE,
    UINT16,
    UINT32,
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
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, routine

WALK_BYTES = 32 * (MAX_DEPTH + 1)
KEY_GROWTH = 8  #: bytes of a sort key for each of a document, at most, and BESIDES
BESIDES = 64 + FLOAT_ROOM
DEPTH, COMPACT = range(2)
_TEXTS = 64  # behind a number's key: its text
_MIDDLE = 1 << 15  # added to exponents


@helper
def text_key_put(mem, to, at, count):
    """A string that ends with two zero bytes, its own being followed by 255: where it ends."""
    to += bytes_escaped(mem, at, count, to)
    store_u8(mem, to, 0)
    store_u8(mem, to + 1, 0)
    return to + 2


@helper
def number_key_put(mem, to, at, end):
    """Sign, exponent and digits of the number whose text is there; inverted if it is negative."""
    flip = 0
    if load_u8(mem, at) == 45:
        flip = 255
        at += 1
    exponent = -1
    digits = 0
    is_whole = True
    for i in range(at, end):
        byte = load_u8(mem, i)
        if byte == 46:
            is_whole = False
        elif byte == 101:
            negative = load_u8(mem, i + 1) == 45
            shift = 0
            for j in range(i + (2 if negative else 1), end):
                shift = shift * 10 + load_u8(mem, j) - 48
            exponent += -shift if negative else shift
            break
        elif digits == 0 and byte == 48:
            exponent -= 0 if is_whole else 1
        else:
            store_u8(mem, to + 3 + digits, byte ^ flip)
            digits += 1
            exponent += 1 if is_whole else 0
    while digits > 0 and load_u8(mem, to + 2 + digits) ^ flip == 48:
        digits -= 1
    if digits == 0:
        store_u8(mem, to, 1)
        return to + 1
    exponent += _MIDDLE
    store_u8(mem, to, 2 if flip == 0 else 0)
    store_u8(mem, to + 1, exponent >> 8 ^ flip)
    store_u8(mem, to + 2, exponent & 255 ^ flip)
    store_u8(mem, to + 3 + digits, flip)
    return to + 4 + digits


@helper
def scalar_key_put(mem, place, end, to):
    """The key of what is no container: where it ends, or BROKEN (decimals, dates, bytes)."""
    kind = kind_of(place)
    body = body_of(place)
    if kind > STRING or body_bytes(mem, place, end) < 0:
        return BROKEN
    if kind == STRING:
        count, at = counted(mem, body, end)
        store_u8(mem, to, 2)
        return text_key_put(mem, to + 1, at, count)
    if kind == LITERAL:
        value = load_u8(mem, body)
        store_u8(mem, to, 0 if value == NULL else 5)
        store_u8(mem, to + 1, 1 if value == TRUE else 0)
        return to + (1 if value == NULL else 2)
    store_u8(mem, to, 1)
    text = to + _TEXTS
    if kind == DOUBLE:
        count = double_text(mem, text, load_i64(mem, body), 0)
    elif kind == UINT64:
        count = put_unsigned(mem, text, load_i64(mem, body))
    else:
        count = put_signed(mem, text, integer_at(mem, place))
    return number_key_put(mem, to + 1, text, text + count)


@routine
def json_sort_key(st, mem, place, end, out, room, stack):
    """Write what `json_order.sort_key` makes of a value at `out`: bytes, or BROKEN for Python.

    stack  WALK_BYTES
    """
    to = out
    depth = 0
    while True:
        if depth > MAX_DEPTH or to + KEY_GROWTH * 8 + BESIDES > out + room:
            return BROKEN
        if is_container(kind_of(place)):
            count = cells_of(mem, place, end)
            if count < 0:
                return BROKEN
            store_i64(mem, stack + 16 * depth, place)
            store_i64(mem, stack + 16 * depth + 8, 0)
            depth += 1
            array = is_array(kind_of(place))
            store_u8(mem, to, 4 if array else 3)
            to += 1
            if not array:
                for i in range(4):
                    store_u8(mem, to + i, count >> 24 - 8 * i & 255)
                to += 4
        else:
            size = body_bytes(mem, place, end)
            if size < 0 or to + 2 * size + BESIDES > out + room:
                return BROKEN
            to = scalar_key_put(mem, place, end, to)
            if to < 0:
                return BROKEN
        place = BROKEN
        while depth > 0 and place == BROKEN:
            container = load_i64(mem, stack + 16 * depth - 16)
            done = load_i64(mem, stack + 16 * depth - 8)
            array = is_array(kind_of(container))
            if done >= cells_of(mem, container, end):
                if array:
                    store_u8(mem, to, 0)
                    to += 1
                depth -= 1
                continue
            if array:
                store_u8(mem, to, 1)
                to += 1
            else:
                key, size = key_of(mem, container, done)
                if key + size > end or to + 2 * size + BESIDES > out + room:
                    return BROKEN
                to = text_key_put(mem, to, key, size)
            store_i64(mem, stack + 16 * depth - 8, done + 1)
            place = cell_place(mem, container, end, done)
            if place < 0:
                return BROKEN
        if depth == 0:
            return to - out


@routine
def json_measure(st, mem, place, end, what, stack):
    """DEPTH of a value, or the bytes its COMPACT form has; BROKEN.

    stack  WALK_BYTES: container, next member, bytes so far with offsets of 2 and of 4 bytes
    """
    depth = 0
    deepest = 1
    while True:
        kind = kind_of(place)
        if is_container(kind):
            count = cells_of(mem, place, end)
            if count < 0 or depth >= MAX_DEPTH:
                return BROKEN
            frame = stack + 32 * depth
            entry = 3 if is_array(kind) else 7
            store_i64(mem, frame, place)
            store_i64(mem, frame + 8, 0)
            store_i64(mem, frame + 16, 4 + count * entry)
            store_i64(mem, frame + 24, 8 + count * (entry + (2 if is_array(kind) else 4)))
            depth += 1
            deepest = max(deepest, depth + (1 if count > 0 else 0))
            size = 0
        else:
            size = body_bytes(mem, place, end)
            if size < 0:
                return BROKEN
        closed = not is_container(kind)
        while depth > 0:
            frame = stack + 32 * depth - 32
            if closed:
                small = LITERAL <= kind <= UINT16
                large = small or LITERAL < kind <= UINT32
                store_i64(mem, frame + 16, load_i64(mem, frame + 16) + (0 if small else size))
                store_i64(mem, frame + 24, load_i64(mem, frame + 24) + (0 if large else size))
            container = load_i64(mem, frame)
            done = load_i64(mem, frame + 8)
            if done < cells_of(mem, container, end):
                if not is_array(kind_of(container)):
                    _, size = key_of(mem, container, done)
                    store_i64(mem, frame + 16, load_i64(mem, frame + 16) + size)
                    store_i64(mem, frame + 24, load_i64(mem, frame + 24) + size)
                store_i64(mem, frame + 8, done + 1)
                place = cell_place(mem, container, end, done)
                if place < 0:
                    return BROKEN
                break
            small_bytes = load_i64(mem, frame + 16)
            size = small_bytes if small_bytes <= 65535 else load_i64(mem, frame + 24)
            kind = kind_of(container)
            closed = True
            depth -= 1
        if depth == 0:
            return 1 + size if what == COMPACT else deepest
