"""Texts brought into a shape: LPAD, RPAD, digits in groups; dates and times read by a pattern."""

from __future__ import annotations

from mysqlcompat.machine.function_codes import LANE_FAILED
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP, RUN_LANE
from mysqlcompat.machine.ops.date_kernels import is_real
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from mysqlcompat.machine.ops.text_forms_kernels import UNREAD
from mysqlcompat.machine.ops.text_kernels import characters, past
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

MOST_PADDED = 256  #: bytes; of longer ones Python asks max_allowed_packet
WIDEST = 4  #: bytes of a character
LEFT_OF_IT = 2  #: flag of op_pad: LPAD; 1 is "bytes, not characters"
MOST_GROUPED = 64  #: bytes of a number with its separators
NO_SEPARATOR = -1
FIRST_GROUP = 3  #: digits of the group before the point
# One part of the pattern of op_read_by: a byte, or FIELD with digits, weight in the lane, limit.
FIELD = -1
PART_WORDS = 4
LEAST_YEAR = 100  #: of those that are not taken for one of two digits
FRACTION_DIGITS = 6


@helper
def padded(mem, to, pad, missing, binary):
    """Write `missing` characters of a pad to `to`, over and over; where they end."""
    at = text_at(pad)
    end = at + text_bytes(pad)
    while missing > 0:
        next_at = past(mem, at, end, 1, binary)
        move(mem, to, at, next_at - at)
        to += next_at - at
        at = next_at if next_at < end else text_at(pad)
        missing -= 1
    return to


@kernel(OP)
def op_pad(st, mem, run, instruction, n):
    """to = LPAD or RPAD. Operands: to, a, number of characters, pad (registers), flags."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    wanted = register(mem, run, instruction, 3)
    pads = register(mem, run, instruction, 4)
    flags = operand(mem, instruction, 5)
    binary = flags & 1
    code = heap_room(mem, run, MOST_PADDED * n)
    if code < 0:
        return code
    heap = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | load_u8(mem, wanted + NULLS_AT + i)
        null |= load_u8(mem, pads + NULLS_AT + i)
        lane = 0
        count = load_i64(mem, wanted + 8 * i)
        if null == 0 and count < 0:
            null = 1
        if null == 0:
            if count > MOST_PADDED // (1 if binary == 1 else WIDEST):
                store_i64(mem, run + RUN_LANE, i)
                return E_OVERFLOW
            lane = load_i64(mem, a + 8 * i)
            pad = load_i64(mem, pads + 8 * i)
            at = text_at(lane)
            size = text_bytes(lane)
            missing = count - characters(mem, at, size, binary)
            if missing <= 0:
                lane = text_lane(at, past(mem, at, at + size, count, binary) - at)
            elif text_bytes(pad) > 0:
                begin = heap
                if flags & LEFT_OF_IT != 0:
                    heap = padded(mem, heap, pad, missing, binary)
                move(mem, heap, at, size)
                heap += size
                if flags & LEFT_OF_IT == 0:
                    heap = padded(mem, heap, pad, missing, binary)
                lane = text_lane(begin, heap - begin)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return n


@kernel(OP)
def op_group(st, mem, run, instruction, n):
    """to = a number's text as FORMAT has it. Operands: to, a, byte for the point, byte between
    groups (NO_SEPARATOR: none), digits of the groups left of the first."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    point = operand(mem, instruction, 3)
    separator = operand(mem, instruction, 4)
    group = operand(mem, instruction, 5)
    code = heap_room(mem, run, MOST_GROUPED * n)
    if code < 0:
        return code
    heap = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        lane = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            at = text_at(lane)
            end = at + text_bytes(lane)
            whole = at
            while whole < end and load_u8(mem, whole) != 46:
                whole += 1
            begin = heap
            while at < end:
                byte = load_u8(mem, at)
                store_u8(mem, heap, point if at == whole else byte)
                heap += 1
                at += 1
                left = whole - at - FIRST_GROUP  # digits, without those of the first group
                if separator >= 0 and left >= 0 and left % group == 0 and byte != 45:
                    store_u8(mem, heap, separator)
                    heap += 1
            lane = text_lane(begin, heap - begin)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return n


@helper
def past_blanks(mem, at, end):
    while at < end and (load_u8(mem, at) == 32 or 9 <= load_u8(mem, at) <= 13):
        at += 1
    return at


@helper
def read_by(mem, parts, at, end, is_time):
    """The lane of a text that fits a pattern, as far as it goes; UNREAD."""
    lane = 0
    for number in range(load_i64(mem, parts)):
        part = parts + 8 + 8 * PART_WORDS * number
        at = past_blanks(mem, at, end)
        if at == end:
            break
        wanted = load_i64(mem, part)
        if wanted != FIELD:
            if load_u8(mem, at) != wanted:
                return UNREAD
            at += 1
            continue
        begin = at
        value = 0
        stop = min(end, at + load_i64(mem, part + 8))
        while at < stop and 48 <= load_u8(mem, at) <= 57:
            value = value * 10 + load_u8(mem, at) - 48
            at += 1
        weight = load_i64(mem, part + 16)
        if at == begin or value > load_i64(mem, part + 24):
            return UNREAD
        if weight == 1:
            for _ in range(FRACTION_DIGITS - (at - begin)):
                value *= 10
        lane += value * weight
    if past_blanks(mem, at, end) < end:
        return UNREAD
    days = lane >> 41
    year = (days >> 5) // 13
    if is_time == 0 and (year < LEAST_YEAR or not is_real(year, (days >> 5) % 13, days & 31)):
        return UNREAD
    return lane


@kernel(OP)
def op_read_by(st, mem, run, instruction, n):
    """to = a date or time in a text, read by a pattern. Operands: to, a, parts (constants: count,
    then PART_WORDS words each), 1: a TIME. What does not fit, or is no day, is Python's."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    parts = operand(mem, instruction, 3)
    is_time = operand(mem, instruction, 4)
    failed = 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        value = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            at = text_at(lane)
            value = read_by(mem, parts, at, at + text_bytes(lane), is_time)
            if value == UNREAD:
                value = 0
                null = LANE_FAILED
                failed = 1
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if failed == 1 else n
