"""Joins: each lane of a batch meets its partners. One batch may give many; the op then puts itself
on the stack of the run and is called again for the rest, when what it gave has been used up.

::

    STATE (words)     0 phase     1 lane     2 partner at hand / lookup open     3 heap mark
                      4 lane has met one     5 lanes given so far, 6 rows pending (lookup)
"""

from __future__ import annotations

from btree.keys_kernels import key_append, key_bound
from btree.rows_kernels import row_size
from btree.txn_layout import MODE_ONE
from mysqlcompat.machine.calls import call3, call12
from mysqlcompat.machine.layout import (
    NULLS_AT,
    RECORD_NEXT,
    RUN_CTX,
    RUN_DEPTH,
    RUN_HEAP,
    RUN_HEAP_END,
    RUN_HEAP_START,
    RUN_QUANTUM,
    RUN_STACK,
    VECTOR,
)
from mysqlcompat.machine.ops.collect_kernels import record_find
from mysqlcompat.machine.ops.key_kernels import place_in
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
)
from redo.codes import E_LATER
from redo.coding_kernels import fill, hash_bytes, load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

LOOKUP_WIDTH = 16  #: rows asked of a cursor at once: most lookups find few
FRESH, RUNNING, MORE = range(3)
PHASE, LANE, PARTNER, MARK, MET, GIVEN, PENDING = 0, 8, 16, 24, 32, 40, 48
JOIN_STATE_BYTES = 56

# LOOKUP (constants, words): cursor_open, cursor_next, table, index, mode, part count, then for each
# part LOOKUP_WORDS: register, column description, register is unsigned, least, greatest, column is
# unsigned, the three before apply.
LOOKUP_OPEN, LOOKUP_NEXT, LOOKUP_TABLE, LOOKUP_INDEX, LOOKUP_MODE, LOOKUP_PARTS = range(0, 48, 8)
LOOKUP_WORDS = 7


@helper
def join_enter(mem, run, state):
    """Begin, or go on with, a batch: strings made since the last visit are forgotten."""
    phase = load_i64(mem, state + PHASE)
    if phase == FRESH:
        store_i64(mem, state + MARK, load_i64(mem, run + RUN_HEAP))
        store_i64(mem, state + LANE, 0)
        store_i64(mem, state + PARTNER, 0)
        store_i64(mem, state + MET, 0)
    elif phase == MORE:
        mark = load_i64(mem, state + MARK)
        start = load_i64(mem, run + RUN_HEAP_START)
        if mark < start or mark > load_i64(mem, run + RUN_HEAP_END):
            mark = start  # the heap was replaced by a larger one meanwhile
        store_i64(mem, run + RUN_HEAP, mark)
    if phase != RUNNING:
        store_i64(mem, state + GIVEN, 0)
    store_i64(mem, state + PHASE, RUNNING)


@helper
def join_pauses(mem, run, state):
    """Whether others are to run before a batch meets more partners: what it has is pinned, and one
    batch may have a million of them."""
    if load_i64(mem, state + PHASE) != MORE:
        return False
    quantum = load_i64(mem, run + RUN_QUANTUM)
    store_i64(mem, run + RUN_QUANTUM, quantum - 1)
    return quantum <= 0


@helper
def join_leave(mem, run, instruction, state, n, lane, given):
    """End of a visit: on the stack again if lanes are left."""
    if lane >= n:
        store_i64(mem, state + PHASE, FRESH)
        return given
    store_i64(mem, state + PHASE, MORE)
    store_i64(mem, state + LANE, lane)
    depth = load_i64(mem, run + RUN_DEPTH)
    store_i64(mem, run + RUN_STACK + 16 * depth, instruction)
    store_i64(mem, run + RUN_STACK + 16 * depth + 8, n)
    store_i64(mem, run + RUN_DEPTH, depth + 1)
    return given


@helper
def pair_give(mem, lanes, partners, given, lane, partner):
    store_i64(mem, lanes + 8 * given, lane)
    store_i64(mem, partners + 8 * given, partner)
    store_u8(mem, lanes + NULLS_AT + given, 0)
    store_u8(mem, partners + NULLS_AT + given, 0)


@kernel(OP)
def op_probe(st, mem, run, instruction, n):
    """Partners in a hashed collection. Operands: to lanes, to records, keys, collection, state,
    outer (1: a lane without partner gets record 0)."""
    lanes = register(mem, run, instruction, 1)
    partners = register(mem, run, instruction, 2)
    keys = register(mem, run, instruction, 3)
    collection = register(mem, run, instruction, 4)
    state = register(mem, run, instruction, 5)
    outer = operand(mem, instruction, 6)
    if join_pauses(mem, run, state):
        return E_LATER
    join_enter(mem, run, state)
    lane = load_i64(mem, state + LANE)
    partner = load_i64(mem, state + PARTNER)
    going_on = partner != 0
    given = 0
    while lane < n and given < VECTOR:
        if not going_on:
            partner = 0
            if load_u8(mem, keys + NULLS_AT + lane) == 0:
                key = load_i64(mem, keys + 8 * lane)
                stamp = hash_bytes(mem, text_at(key), text_bytes(key))
                partner = load_i64(mem, record_find(mem, collection, key, stamp))
            if partner == 0 and outer == 1:
                pair_give(mem, lanes, partners, given, lane, 0)
                given += 1
        while partner != 0 and given < VECTOR:
            pair_give(mem, lanes, partners, given, lane, partner)
            given += 1
            partner = load_i64(mem, partner + RECORD_NEXT)
        going_on = partner != 0
        if not going_on:
            lane += 1
    store_i64(mem, state + PARTNER, partner)
    return join_leave(mem, run, instruction, state, n, lane, given)


@helper
def lookup_key(st, mem, run, spec, lane, out):
    """Key of one lane at `out`: bytes, 0 when no row can match."""
    at = out
    for j in range(load_i64(mem, spec + LOOKUP_PARTS)):
        part = spec + 48 + 8 * LOOKUP_WORDS * j
        source = run + load_i64(mem, part)
        value = load_i64(mem, source + 8 * lane)
        if load_u8(mem, source + NULLS_AT + lane) != 0:
            return 0
        if load_i64(mem, part + 48) == 1:
            place = place_in(
                value,
                load_i64(mem, part + 16),
                load_i64(mem, part + 24),
                load_i64(mem, part + 32),
                load_i64(mem, part + 40),
            )
            if place != 0:
                return 0
        at += key_append(st, mem, load_i64(mem, part + 8), value, 0, at)
    return at - out


@helper
def lookup_room(mem, run, spec, lane):
    total = 0
    for j in range(load_i64(mem, spec + LOOKUP_PARTS)):
        part = spec + 48 + 8 * LOOKUP_WORDS * j
        value = load_i64(mem, run + load_i64(mem, part) + 8 * lane)
        total += key_bound(mem, load_i64(mem, part + 8), value)
    return total


@helper
def lookup_open(st, mem, run, spec, lane, cursor):
    """Cursor over the partners of one lane: 1 open, 0 it has none, or a code."""
    result = heap_room(mem, run, lookup_room(mem, run, spec, lane))
    if result < 0:
        return result
    key = load_i64(mem, run + RUN_HEAP)
    size = lookup_key(st, mem, run, spec, lane, key)
    if size == 0:
        return 0
    arguments = (
        load_i64(mem, run + RUN_CTX),
        cursor,
        load_i64(mem, spec + LOOKUP_TABLE),
        load_i64(mem, spec + LOOKUP_INDEX),
        key,
        size,
        1,
        key,
        size,
        1,
        0,
        load_i64(mem, spec + LOOKUP_MODE),
    )
    result = call12(load_i64(mem, spec + LOOKUP_OPEN), st, mem, arguments)
    return result if result < 0 else 1


@helper
def rows_keep(mem, run, table, rows, count):
    """Copy rows into the batch heap, in place; E_NO_ROOM with nothing done."""
    total = 0
    for i in range(count):
        total += row_size(mem, table, load_i64(mem, rows + 8 * i))
    result = heap_room(mem, run, total)
    if result < 0:
        return result
    at = load_i64(mem, run + RUN_HEAP)
    for i in range(count):
        row = load_i64(mem, rows + 8 * i)
        size = row_size(mem, table, row)
        move(mem, at, row, size)
        store_i64(mem, rows + 8 * i, at)
        at += size
    store_i64(mem, run + RUN_HEAP, at)
    return 0


@kernel(OP)
def op_lookup(st, mem, run, instruction, n):
    """Partners through an index. Operands: to lanes, to rows (copies in the batch heap), lookup
    (constants), cursor, state, outer.

    Rows that the cursor gave and the heap had no room for are PENDING: the cursor cannot go back.
    """
    lanes = register(mem, run, instruction, 1)
    rows = register(mem, run, instruction, 2)
    spec = operand(mem, instruction, 3)
    cursor = register(mem, run, instruction, 4)
    state = register(mem, run, instruction, 5)
    outer = operand(mem, instruction, 6)
    table = load_i64(mem, spec + LOOKUP_TABLE)
    if join_pauses(mem, run, state):
        return E_LATER
    join_enter(mem, run, state)
    lane = load_i64(mem, state + LANE)
    given = load_i64(mem, state + GIVEN)
    while lane < n and given < VECTOR:
        store_i64(mem, state + LANE, lane)
        store_i64(mem, state + GIVEN, given)
        if load_i64(mem, state + PARTNER) == 0:
            result = lookup_open(st, mem, run, spec, lane, cursor)
            if result < 0:
                return result
            store_i64(mem, state + PARTNER, result)
            store_i64(mem, state + MET, 0)
        count = 0
        if load_i64(mem, state + PARTNER) != 0:
            count = load_i64(mem, state + PENDING)
            if count == 0:
                width = min(VECTOR - given, LOOKUP_WIDTH)
                if load_i64(mem, spec + LOOKUP_MODE) & MODE_ONE:
                    width = 1
                arguments = (cursor, rows + 8 * given, width)
                count = call3(load_i64(mem, spec + LOOKUP_NEXT), st, mem, arguments)
                if count < 0:
                    return count
            store_i64(mem, state + PENDING, count)
            result = rows_keep(mem, run, table, rows + 8 * given, count)
            if result < 0:
                return result
            store_i64(mem, state + PENDING, 0)
        for i in range(count):
            store_i64(mem, lanes + 8 * (given + i), lane)
        given += count
        if count > 0:
            store_i64(mem, state + MET, 1)
            continue
        if outer == 1 and load_i64(mem, state + MET) == 0:
            store_i64(mem, lanes + 8 * given, lane)
            store_i64(mem, rows + 8 * given, 0)
            given += 1
        store_i64(mem, state + PARTNER, 0)
        lane += 1
    fill(mem, lanes + NULLS_AT, given, 0)
    fill(mem, rows + NULLS_AT, given, 0)
    return join_leave(mem, run, instruction, state, n, lane, given)
