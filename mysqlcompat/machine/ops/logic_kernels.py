"""Three-valued logic, choice, and what shortens a batch: filter and limit."""

from __future__ import annotations

from mysqlcompat.machine.layout import (
    AND,
    IS_FALSE,
    IS_NULL,
    IS_TRUE,
    NOT,
    NULLS_AT,
    OR,
    RUN_PARAM_COUNT,
    RUN_PARAMS,
    RUN_STOP,
    XOR,
)
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel


@helper
def truth(mem, at, i):
    """1, 0, or 2 for NULL, of lane `i`."""
    if load_u8(mem, at + NULLS_AT + i) != 0:
        return 2
    return 1 if load_i64(mem, at + 8 * i) != 0 else 0


@helper
def combined(operator, x, y):
    """Result of a logical operator, 2 for NULL."""
    if operator == AND:
        if x == 0 or y == 0:
            return 0
        return 2 if x == 2 or y == 2 else 1
    if operator == OR:
        if x == 1 or y == 1:
            return 1
        return 2 if x == 2 or y == 2 else 0
    if operator == XOR:
        return 2 if x == 2 or y == 2 else x ^ y
    if operator == NOT:
        return 2 if x == 2 else 1 - x
    if operator == IS_NULL:
        return 1 if x == 2 else 0
    if operator == IS_TRUE:
        return 1 if x == 1 else 0
    return 1 if x == 0 else 0


@kernel(OP)
def op_logic(st, mem, run, instruction, n):
    """to = a operator b. Operands: to, a, b (a again for unary operators), operator."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    operator = operand(mem, instruction, 4)
    for i in range(n):
        value = combined(operator, truth(mem, a, i), truth(mem, b, i))
        store_i64(mem, to + 8 * i, value & 1)
        store_u8(mem, to + NULLS_AT + i, value >> 1)
    return n


@kernel(OP)
def op_choose(st, mem, run, instruction, n):
    """to = condition ? a : b. Operands: to, condition, a, b; NULL is not true."""
    to = register(mem, run, instruction, 1)
    condition = register(mem, run, instruction, 2)
    a = register(mem, run, instruction, 3)
    b = register(mem, run, instruction, 4)
    for i in range(n):
        source = a if truth(mem, condition, i) == 1 else b
        store_i64(mem, to + 8 * i, load_i64(mem, source + 8 * i))
        store_u8(mem, to + NULLS_AT + i, load_u8(mem, source + NULLS_AT + i))
    return n


@kernel(OP)
def op_filter(st, mem, run, instruction, n):
    """Keep lanes where the condition is true. Operands: condition, list (constants: count, then
    registers to compact). Registers not in the list hold nothing useful afterwards."""
    condition = register(mem, run, instruction, 1)
    kept = operand(mem, instruction, 2)
    count = load_i64(mem, kept)
    live = 0
    if count == 1 and condition != run + load_i64(mem, kept + 8):
        at = run + load_i64(mem, kept + 8)
        for i in range(n):
            store_i64(mem, at + 8 * live, load_i64(mem, at + 8 * i))
            store_u8(mem, at + NULLS_AT + live, load_u8(mem, at + NULLS_AT + i))
            live += 1 if truth(mem, condition, i) == 1 else 0
        return live
    for i in range(n):
        if truth(mem, condition, i) == 1:
            if live != i:
                for j in range(count):
                    at = run + load_i64(mem, kept + 8 + 8 * j)
                    store_i64(mem, at + 8 * live, load_i64(mem, at + 8 * i))
                    store_u8(mem, at + NULLS_AT + live, load_u8(mem, at + NULLS_AT + i))
            live += 1
    return live


@helper
def slot_number(mem, run, slot, absent):
    """The integer in a slot; `absent` where the slot is none (-1)."""
    if slot < 0:
        return absent
    params = load_i64(mem, run + RUN_PARAMS)
    if load_u8(mem, params + 8 * load_i64(mem, run + RUN_PARAM_COUNT) + slot) != 0:
        return 0
    return load_i64(mem, params + 8 * slot)


@kernel(OP)
def op_limit(st, mem, run, instruction, n):
    """LIMIT and OFFSET. Operands: list (as `op_filter`), limit slot, offset slot (-1: none),
    state (2 words: rows seen, rows let through)."""
    kept = operand(mem, instruction, 1)
    unlimited = 0x7FFFFFFFFFFFFFFF
    limit = slot_number(mem, run, operand(mem, instruction, 2), unlimited)
    offset = slot_number(mem, run, operand(mem, instruction, 3), 0)
    if limit < 0:  # past 2^63 as BIGINT UNSIGNED
        limit = unlimited
    if offset < 0:
        offset = unlimited
    state = register(mem, run, instruction, 4)
    seen = load_i64(mem, state)
    passed = load_i64(mem, state + 8)
    start = min(max(offset - seen, 0), n)
    live = min(n - start, limit - passed)
    store_i64(mem, state, seen + n)
    store_i64(mem, state + 8, passed + live)
    if passed + live >= limit:
        store_i64(mem, run + RUN_STOP, 1)
    if start > 0 and live > 0:
        count = load_i64(mem, kept)
        for j in range(count):
            at = run + load_i64(mem, kept + 8 + 8 * j)
            for i in range(live):
                store_i64(mem, at + 8 * i, load_i64(mem, at + 8 * (start + i)))
                store_u8(mem, at + NULLS_AT + i, load_u8(mem, at + NULLS_AT + start + i))
    return live


assert IS_FALSE == 6
