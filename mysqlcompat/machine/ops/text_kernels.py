"""Functions of strings: lengths, parts (places in the same bytes), case, CONCAT, LIKE.

Text is UTF-8 (a character begins where the top bits are not 10), or bytes. What asks for more than
ASCII where case or a collation matters is an overflow: that batch is Python's.
"""

from __future__ import annotations

from mysqlcompat.machine.function_codes import (
    ASCII,
    CHAR_LENGTH,
    LEFT,
    LENGTH,
    LTRIM,
    PLAIN,
    RIGHT,
    RTRIM,
    SUBSTRING,
    SUBSTRING_TO,
    TRIM,
    UPPER,
)
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

MAX_CONCAT_BYTES = 256  #: longer ones are compared with max_allowed_packet
ESCAPE_NONE = 256  #: escape of `op_like`: there is none
FOLD = 1  #: bits of its flags: capitals are small letters
CHARACTERS = 2  #: _ is a character of UTF-8


@helper
def characters(mem, at, count, binary):
    """Characters in `count` bytes."""
    if binary == 1:
        return count
    found = 0
    for i in range(count):
        found += 1 if load_u8(mem, at + i) & 0xC0 != 0x80 else 0
    return found


@helper
def past(mem, at, end, wanted, binary):
    """Where `wanted` characters after `at` end, at most `end`."""
    if binary == 1:
        return at + max(min(wanted, end - at), 0)
    while wanted > 0 and at < end:
        at += 1
        while at < end and load_u8(mem, at) & 0xC0 == 0x80:
            at += 1
        wanted -= 1
    return at


@helper
def part(mem, kind, lane, x, y, binary):
    """The lane of a part of a string: SUBSTRING and so on."""
    at = text_at(lane)
    end = at + text_bytes(lane)
    if kind >= LTRIM:
        if kind != RTRIM:
            while at < end and load_u8(mem, at) == 32:
                at += 1
        if kind != LTRIM:
            while end > at and load_u8(mem, end - 1) == 32:
                end -= 1
        return text_lane(at, end - at)
    if kind == LEFT:
        return text_lane(at, past(mem, at, end, x, binary) - at)
    size = 0
    if kind == RIGHT or x < 0:
        size = characters(mem, at, end - at, binary)
    if kind == RIGHT:
        at = past(mem, at, end, size - x if x < size else 0, binary) if x > 0 else end
        return text_lane(at, end - at)
    if x == 0 or (x < 0 and x < -size) or (kind == SUBSTRING_TO and y <= 0):
        return text_lane(at, 0)
    at = past(mem, at, end, x - 1 if x > 0 else size + x, binary)
    if kind == SUBSTRING_TO:
        end = past(mem, at, end, y, binary)
    return text_lane(at, end - at)


@helper
def cased(mem, run, kind, lane):
    """The lane of a copy in capitals or small letters; -1 when it is not ASCII."""
    at = text_at(lane)
    to = load_i64(mem, run + RUN_HEAP)
    first = 97 if kind == UPPER else 65
    wide = 0
    for i in range(text_bytes(lane)):
        byte = load_u8(mem, at + i)
        wide |= byte
        if first <= byte < first + 26:
            byte ^= 32
        store_u8(mem, to + i, byte)
    if wide >= 128:
        return -1
    store_i64(mem, run + RUN_HEAP, to + text_bytes(lane))
    return text_lane(to, text_bytes(lane))


@helper
def is_ascii(mem, lane):
    wide = 0
    for i in range(text_bytes(lane)):
        wide |= load_u8(mem, text_at(lane) + i)
    return wide < 128


@kernel(OP)
def op_text(st, mem, run, instruction, n):
    """to = a function of a string. Operands: to, a, kind, x, y (registers of numbers), 1: bytes,
    not characters."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    kind = operand(mem, instruction, 3)
    x_at = register(mem, run, instruction, 4)
    y_at = register(mem, run, instruction, 5)
    binary = operand(mem, instruction, 6)
    if UPPER <= kind < PLAIN:
        total = 0
        for i in range(n):
            if load_u8(mem, a + NULLS_AT + i) == 0:
                total += text_bytes(load_i64(mem, a + 8 * i))
        result = heap_room(mem, run, total)
        if result < 0:
            return result
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        if SUBSTRING <= kind <= RIGHT:
            null |= load_u8(mem, x_at + NULLS_AT + i) | load_u8(mem, y_at + NULLS_AT + i)
        value = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            if kind == LENGTH:
                value = text_bytes(lane)
            elif kind == CHAR_LENGTH:
                value = characters(mem, text_at(lane), text_bytes(lane), binary)
            elif kind == ASCII:
                value = load_u8(mem, text_at(lane)) if text_bytes(lane) > 0 else 0
            elif kind == PLAIN:
                value = lane
                if not is_ascii(mem, lane):
                    return E_OVERFLOW
            elif kind >= UPPER:
                value = cased(mem, run, kind, lane)
                if value < 0:
                    return E_OVERFLOW
            else:
                x = load_i64(mem, x_at + 8 * i) if kind <= RIGHT else 0
                y = load_i64(mem, y_at + 8 * i) if kind == SUBSTRING_TO else 0
                value = part(mem, kind, lane, x, y, binary)
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_concat(st, mem, run, instruction, n):
    """to = strings joined; one of more than MAX_CONCAT_BYTES is an overflow. Operands: to, list
    (constants: count, then registers)."""
    to = register(mem, run, instruction, 1)
    parts = operand(mem, instruction, 2)
    count = load_i64(mem, parts)
    result = heap_room(mem, run, MAX_CONCAT_BYTES * n)
    if result < 0:
        return result
    at = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        size = 0
        null = 0
        for j in range(count):
            source = run + load_i64(mem, parts + 8 + 8 * j)
            null |= load_u8(mem, source + NULLS_AT + i)
            size += text_bytes(load_i64(mem, source + 8 * i))
        lane = 0
        if null == 0:
            if size > MAX_CONCAT_BYTES:
                return E_OVERFLOW
            lane = text_lane(at, size)
            for j in range(count):
                one = load_i64(mem, run + load_i64(mem, parts + 8 + 8 * j) + 8 * i)
                move(mem, at, text_at(one), text_bytes(one))
                at += text_bytes(one)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, at)
    return n


@helper
def folded(byte, flags):
    if flags & FOLD != 0 and 65 <= byte <= 90:
        return byte | 32
    return byte


@helper
def is_like(mem, at, end, pattern, pattern_end, escape, flags):
    """Whether a string matches a pattern of LIKE: the last % is tried again one character on."""
    retry = -1
    retry_at = 0
    binary = 0 if flags & CHARACTERS != 0 else 1
    while True:
        matches = False
        if pattern < pattern_end:
            wanted = load_u8(mem, pattern)
            if wanted == 37:
                pattern += 1
                if pattern == pattern_end:
                    return 1
                retry = pattern
                retry_at = at
                continue
            if at < end:
                if wanted == 95:
                    at = past(mem, at, end, 1, binary)
                    pattern += 1
                    continue
                if wanted == escape and pattern + 1 < pattern_end:
                    pattern += 1
                    wanted = load_u8(mem, pattern)
                matches = folded(load_u8(mem, at), flags) == folded(wanted, flags)
        elif at >= end:
            return 1
        if matches:
            at += 1
            pattern += 1
            continue
        if retry < 0 or retry_at >= end:
            return 0
        retry_at = past(mem, retry_at, end, 1, binary)
        at = retry_at
        pattern = retry


@kernel(OP)
def op_like(st, mem, run, instruction, n):
    """to = a LIKE pattern. Operands: to, a, pattern, escape (a byte, or ESCAPE_NONE), flags."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    patterns = register(mem, run, instruction, 3)
    escape = operand(mem, instruction, 4)
    flags = operand(mem, instruction, 5)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | load_u8(mem, patterns + NULLS_AT + i)
        value = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            pattern = load_i64(mem, patterns + 8 * i)
            if flags & FOLD != 0 and not (is_ascii(mem, lane) and is_ascii(mem, pattern)):
                return E_OVERFLOW
            value = is_like(
                mem,
                text_at(lane),
                text_at(lane) + text_bytes(lane),
                text_at(pattern),
                text_at(pattern) + text_bytes(pattern),
                escape,
                flags,
            )
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


assert (TRIM, LEFT) == (9, 5)
