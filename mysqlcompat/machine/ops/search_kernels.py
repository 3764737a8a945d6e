"""Strings looked for in strings: LOCATE, INSTR, FIND_IN_SET.

Text is compared byte by byte, capitals as small letters where the collation says so; what asks for
more is left over, lane by lane, to Python.
"""

from __future__ import annotations

from mysqlcompat.machine.function_codes import FIND_IN_SET, LANE_FAILED
from mysqlcompat.machine.layout import NULLS_AT
from mysqlcompat.machine.ops.operands import OP, operand, register, text_at, text_bytes
from mysqlcompat.machine.ops.text_kernels import (
    CHARACTERS,
    FOLD,
    characters,
    folded,
    is_ascii,
    past,
)
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

PAD = 4  #: a flag beside those of `op_like`: blanks at the end do not count
COMMA = 44


@helper
def stands_at(mem, at, part, count, flags):
    """Whether `count` bytes are those of a part."""
    for i in range(count):
        if folded(load_u8(mem, at + i), flags) != folded(load_u8(mem, part + i), flags):
            return False
    return True


@helper
def located(mem, whole, part, start, flags):
    """Position of a part in a whole from the character `start` on; 0: it is not there."""
    binary = 0 if flags & CHARACTERS != 0 else 1
    at = text_at(whole)
    end = at + text_bytes(whole)
    count = text_bytes(part)
    if start < 1 or start > text_bytes(whole) + 1:
        return 0
    begin = past(mem, at, end, start - 1, binary)
    if begin == end and characters(mem, at, end - at, binary) < start - 1:
        return 0
    while begin + count <= end:
        if stands_at(mem, begin, text_at(part), count, flags):
            return characters(mem, at, begin - at, binary) + 1
        begin = past(mem, begin, end, 1, binary)
    return 0


@helper
def stripped(mem, at, count, flags):
    """Bytes that count."""
    while flags & PAD != 0 and count > 0 and load_u8(mem, at + count - 1) == 32:
        count -= 1
    return count


@helper
def member_number(mem, wanted, members, flags):
    """Number of a member of a list between commas; 0: it is none."""
    at = text_at(members)
    end = at + text_bytes(members)
    size = stripped(mem, text_at(wanted), text_bytes(wanted), flags)
    number = 1
    while at < end or number > 1:
        stop = at
        while stop < end and load_u8(mem, stop) != COMMA:
            stop += 1
        count = stripped(mem, at, stop - at, flags)
        if count == size and stands_at(mem, at, text_at(wanted), size, flags):
            return number
        if stop >= end:
            return 0
        at = stop + 1
        number += 1
    return 0


@helper
def is_plain(mem, lane):
    """Whether it is ASCII that can be seen: where two such are equal does not depend on more."""
    good = True
    for i in range(text_bytes(lane)):
        byte = load_u8(mem, text_at(lane) + i)
        good = good and 32 <= byte < 127
    return good


@kernel(OP)
def op_search(st, mem, run, instruction, n):
    """to = where a string stands in another. Operands: to, whole, part, kind, start (register),
    flags."""
    to = register(mem, run, instruction, 1)
    wholes = register(mem, run, instruction, 2)
    parts = register(mem, run, instruction, 3)
    kind = operand(mem, instruction, 4)
    starts = register(mem, run, instruction, 5)
    flags = operand(mem, instruction, 6)
    failed = 0
    for i in range(n):
        null = load_u8(mem, wholes + NULLS_AT + i) | load_u8(mem, parts + NULLS_AT + i)
        null |= load_u8(mem, starts + NULLS_AT + i)
        value = 0
        if null == 0:
            whole = load_i64(mem, wholes + 8 * i)
            part = load_i64(mem, parts + 8 * i)
            fits = flags & (FOLD | PAD) == 0
            if kind == FIND_IN_SET:
                fits = fits or (is_plain(mem, whole) and is_plain(mem, part))
                value = member_number(mem, part, whole, flags) if fits else 0
            else:
                fits = fits or (is_ascii(mem, whole) and is_ascii(mem, part))
                value = located(mem, whole, part, load_i64(mem, starts + 8 * i), flags)
            if not fits:
                value = 0
                null = LANE_FAILED
                failed = 1
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if failed == 1 else n
