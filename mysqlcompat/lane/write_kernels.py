"""One-row changes in the lane: their parameters converted, run, committed, their OK made.

What the lane converts it converts exactly as Python would, without an error or a warning; every
other value is E_CALLBACK, and Python runs the statement from its beginning.
"""

from __future__ import annotations

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.lane.lane_layout import (
    C_AFFECTED,
    C_CAPABILITIES,
    C_COUNTS,
    C_CTX,
    C_INSERT_ID,
    C_KIND,
    C_STATUS,
    C_WAIT,
    C_WRITES,
    CLIENT_FOUND_ROWS,
    L_EXECUTE,
    L_OUT,
    M_FACTOR,
    M_GREATEST,
    M_KIND,
    M_LEAST,
    M_SOURCE,
    S_KIND,
    S_PROGRAM,
    SERVES_UPDATE,
    SLOT_CHAR,
    SLOT_CONSTANT,
    SLOT_NULL,
    SLOT_NULLABLE,
    SLOT_NUMBER,
    SLOT_SAME,
    SLOT_WORDS,
)
from mysqlcompat.machine.calls import call7
from mysqlcompat.machine.layout import RUN_CHANGED, RUN_INSERT_ID, RUN_LAST_ID, RUN_MATCHED
from mysqlcompat.machine.state import EXECUTE_IN_TRANSACTION, ST_MACHINE_LSN, ST_MACHINE_RUN
from redo.codes import E_CALLBACK
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8, store_u16
from redo.jit import helper
from redo.state import ST_READ_ONLY

STATUS_IN_TRANSACTION = 1
_HIGH_BITS = -0x7F7F7F7F7F7F7F80  # the top bit of each of eight bytes


@helper
def _word(mem, block, number):
    return load_i64(mem, block + 8 * number)


@helper
def is_ascii(mem, at, count):
    end = at + count
    while at + 8 <= end:
        if load_i64(mem, at) & _HIGH_BITS:
            return False
        at += 8
    while at < end:
        if load_u8(mem, at) >= 128:
            return False
        at += 1
    return True


@helper
def convert_slot(mem, source, kind, lane):
    """One value for a column: its lane and 0, or E_CALLBACK."""
    greatest = _word(mem, source, M_GREATEST)
    if kind == SLOT_NUMBER:
        if lane < _word(mem, source, M_LEAST) or lane > greatest:
            return 0, E_CALLBACK
        return lane * _word(mem, source, M_FACTOR), 0
    at = lane >> RUN_SHIFT
    size = lane & RUN_MASK
    if kind == SLOT_CHAR:
        while size > 0 and load_u8(mem, at + size - 1) == 32:
            size -= 1
    if size > greatest or not is_ascii(mem, at, size):
        return 0, E_CALLBACK
    return at << RUN_SHIFT | size, 0


@helper
def convert_slots(mem, sources, count, given, given_nulls, to):
    """Values as the client gave them -> the `count` slots of a program at `to`: 0 or E_CALLBACK."""
    for i in range(count):
        source = sources + 8 * SLOT_WORDS * i
        kind = _word(mem, source, M_KIND)
        nullable = kind & SLOT_NULLABLE
        kind &= SLOT_NULLABLE - 1
        lane = 0
        null = 1
        if kind == SLOT_CONSTANT:
            lane = _word(mem, source, M_LEAST)
            null = 0
        elif kind != SLOT_NULL:
            number = _word(mem, source, M_SOURCE)
            null = load_u8(mem, given_nulls + number)
            if null and kind != SLOT_SAME and nullable == 0:
                return E_CALLBACK
            if null == 0:
                lane = load_i64(mem, given + 8 * number)
                if kind != SLOT_SAME:
                    lane, code = convert_slot(mem, source, kind, lane)
                    if code < 0:
                        return code
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + 8 * count + i, null)
    return 0


@helper
def put_length(mem, at, value):
    """A length-encoded number; the offset after it."""
    if 0 <= value < 0xFB:
        store_u8(mem, at, value)
        return at + 1
    if 0 <= value < 1 << 16:
        store_u8(mem, at, 0xFC)
        store_u16(mem, at + 1, value)
        return at + 3
    store_u8(mem, at, 0xFE)
    if 0 <= value < 1 << 24:
        store_u8(mem, at, 0xFD)
        store_u16(mem, at + 1, value & 0xFFFF)
        store_u8(mem, at + 3, value >> 16)
        return at + 4
    store_i64(mem, at + 1, value)
    return at + 9


@helper
def put_text(mem, at, text):
    for byte in text:
        store_u8(mem, at, byte)
        at += 1
    return at


@helper
def put_ok(mem, out, affected, insert_id, status, updates, matched, changed):
    """An OK packet, number 1; its bytes. Counts are 0 or 1: one row at most."""
    store_u8(mem, out + 4, 0)
    at = put_length(mem, out + 5, affected)
    at = put_length(mem, at, insert_id)
    store_u16(mem, at, status)
    store_u16(mem, at + 2, 0)
    at += 4
    if updates:  # the info text, with its length
        store_u8(mem, at, 40)
        at = put_text(mem, at + 1, b"Rows matched: ")
        store_u8(mem, at, 48 + matched)
        at = put_text(mem, at + 1, b"  Changed: ")
        store_u8(mem, at, 48 + changed)
        at = put_text(mem, at + 1, b"  Warnings: 0")
    store_u8(mem, out, at - out - 4)
    store_u8(mem, out + 1, 0)
    store_u8(mem, out + 2, 0)
    store_u8(mem, out + 3, 1)
    return at - out


@helper
def run_change(st, mem, lane, connection, entry, slots):
    """Run a served change, and commit it when it stands alone: bytes of the OK in the out buffer,
    or a code with nothing done. C_WAIT is where VDL must be before the OK may leave."""
    if st[ST_READ_ONLY] or _word(mem, connection, C_WRITES) == 0:
        return E_CALLBACK
    status = _word(mem, connection, C_STATUS)
    flags = EXECUTE_IN_TRANSACTION if status & STATUS_IN_TRANSACTION else 0
    out = _word(mem, lane, L_OUT)
    result = call7(
        _word(mem, lane, L_EXECUTE), st, mem,
        (_word(mem, entry, S_PROGRAM), _word(mem, connection, C_CTX), slots, out, 0, 0, flags),
    )  # fmt: skip
    if result < 0:
        return result
    run = st[ST_MACHINE_RUN]
    changed = load_i64(mem, run + RUN_CHANGED)
    matched = load_i64(mem, run + RUN_MATCHED)
    generated = load_i64(mem, run + RUN_INSERT_ID)
    kind = _word(mem, entry, S_KIND)
    found = kind == SERVES_UPDATE and _word(mem, connection, C_CAPABILITIES) & CLIENT_FOUND_ROWS
    affected = matched if found else changed
    insert_id = generated if generated else load_i64(mem, run + RUN_LAST_ID)
    if generated:
        store_i64(mem, connection + 8 * C_INSERT_ID, generated)
    store_i64(mem, connection + 8 * C_KIND, kind)
    store_i64(mem, connection + 8 * C_AFFECTED, affected)
    counter = connection + 8 * (C_COUNTS + kind)
    store_i64(mem, counter, load_i64(mem, counter) + 1)
    store_i64(mem, connection + 8 * C_WAIT, st[ST_MACHINE_LSN])
    return put_ok(mem, out, affected, insert_id, status, kind == SERVES_UPDATE, matched, changed)
