"""Sources: the first instruction of a stage. They give the next batch, and 0 at the end.

::

    BOUNDS (constants, words), what a key is made of: count, then for each part BOUND_WORDS
    +0  slot                   +1  column description     +2  slot is unsigned
    +3  least value            +4  greatest value         +5  column is unsigned
    +6  1: the two above apply (integers and lane decimals)
    +7  1: NULL is searched for too (<=>), 2: NULL itself, no slot (IS NULL, and below all values)

    RANGE (constants, words)
    0   cursor_open's address  1   cursor_next's address   2   table     3  index
    4   mode                   5   backward                6   low: bounds, 0 none
    7   low inclusive          8   high: bounds, 0 none    9   high inclusive
    10  first slot of IN (…)   11  slots of IN, 0: no IN    12  slot that holds the member at hand
"""

from __future__ import annotations

from btree.keys_kernels import key_append, key_bound
from btree.txn_layout import MODE_ONE
from mysqlcompat.machine.calls import call3, call5, call12
from mysqlcompat.machine.layout import (
    COLLECTION_COUNT,
    COLLECTION_ORDER,
    NULLS_AT,
    RUN_CTX,
    RUN_HEAP,
    RUN_PARAM_COUNT,
    RUN_PARAMS,
    RUN_QUANTUM,
    RUN_WIDTH,
    VECTOR,
)
from mysqlcompat.machine.ops.collect_kernels import record_at
from mysqlcompat.machine.ops.key_kernels import place_in, slot_lane
from mysqlcompat.machine.ops.operands import OP, heap_room, operand, register
from redo.codes import E_LATER, E_NOT_FOUND
from redo.coding_kernels import fill, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel, routine

BOUND_WORDS = 8
RANGE_CURSOR_OPEN, RANGE_CURSOR_NEXT, RANGE_TABLE, RANGE_INDEX, RANGE_MODE = 0, 8, 16, 24, 32
RANGE_BACKWARD, RANGE_LOW, RANGE_LOW_INCLUSIVE, RANGE_HIGH = 40, 48, 56, 64
RANGE_HIGH_INCLUSIVE, RANGE_MEMBERS, RANGE_MEMBER_COUNT, RANGE_MEMBER = 72, 80, 88, 96
RANGE_CLOSED, RANGE_CHOSEN, RANGE_OPEN, RANGE_ENDED = range(4)  #: where a range op stands
MEMBERS_A_PAUSE = 256  #: members of IN (…) that are looked up between two looks at the quantum
QUANTUM_OF_MEMBERS = 8  #: batches that take as long
CLAMPED = 1 << 40
NO_MATCH = -(1 << 40)  #: a bound that no row can meet (never leaves this module)
EQUAL, AT_LEAST, AT_MOST = 0, 1, 2  #: what a bound is for


@helper
def width_next(mem, run):
    """Rows to ask for: few at first, so that LIMIT 1 and EXISTS stay cheap, then whole vectors."""
    width = load_i64(mem, run + RUN_WIDTH)
    if width == 0:
        width = 64
    store_i64(mem, run + RUN_WIDTH, min(width * 4, VECTOR))
    return min(width, VECTOR)


@kernel(OP)
def op_once(st, mem, run, instruction, n):
    """One lane, once: SELECT without FROM. Operands: state (1 word)."""
    state = register(mem, run, instruction, 1)
    if load_i64(mem, state) != 0:
        return 0
    store_i64(mem, state, 1)
    return 1


@kernel(OP)
def op_numbers(st, mem, run, instruction, n):
    """Numbers 0 … count-1: rows of VALUES. Operands: to, count, state (1 word)."""
    to = register(mem, run, instruction, 1)
    state = register(mem, run, instruction, 3)
    start = load_i64(mem, state)
    live = min(operand(mem, instruction, 2) - start, VECTOR)
    for i in range(live):
        store_i64(mem, to + 8 * i, start + i)
    fill(mem, to + NULLS_AT, live, 0)
    store_i64(mem, state, start + live)
    return live


@kernel(OP)
def op_records(st, mem, run, instruction, n):
    """Records of a collection, in its order. Operands: to, collection, state (1 word), most in a
    batch (0: as many as fit)."""
    to = register(mem, run, instruction, 1)
    collection = register(mem, run, instruction, 2)
    state = register(mem, run, instruction, 3)
    start = load_i64(mem, state)
    most = operand(mem, instruction, 4)
    live = min(load_i64(mem, collection + COLLECTION_COUNT) - start, VECTOR)
    if most != 0:
        live = min(live, most)
    order = load_i64(mem, collection + COLLECTION_ORDER)
    for i in range(live):
        if order != 0:
            record = load_i64(mem, order + 8 * (start + i))
        else:
            record = record_at(mem, collection, start + i)
        store_i64(mem, to + 8 * i, record)
    fill(mem, to + NULLS_AT, live, 0)
    store_i64(mem, state, start + live)
    return live


@helper
def bound_part(st, mem, run, part, purpose, out):
    """Append one part of a bound: bytes, or NO_MATCH; plus CLAMPED when the column's own limit took
    the place of a value beyond it."""
    description = load_i64(mem, part + 8)
    nulls = load_i64(mem, part + 56)
    if nulls == 2:
        return key_append(st, mem, description, 0, 1, out)
    lane, null = slot_lane(mem, run, load_i64(mem, part))
    if null != 0:
        if nulls == 0:
            return NO_MATCH
        return key_append(st, mem, description, 0, 1, out)
    if load_i64(mem, part + 48) == 1:
        least = load_i64(mem, part + 24)
        greatest = load_i64(mem, part + 32)
        unsigned = load_i64(mem, part + 40)
        place = place_in(lane, load_i64(mem, part + 16), least, greatest, unsigned)
        if place != 0:
            if (
                purpose == EQUAL
                or (purpose == AT_LEAST and place == 1)
                or (purpose == AT_MOST and place == -1)
            ):
                return NO_MATCH
            lane = least if place == -1 else greatest
            return key_append(st, mem, description, lane, 0, out) + CLAMPED
    return key_append(st, mem, description, lane, 0, out)


@helper
def bound_room(mem, run, bounds):
    """Most bytes the key of a bound takes."""
    total = 0
    if bounds != 0:
        for j in range(load_i64(mem, bounds)):
            part = bounds + 8 + 8 * BOUND_WORDS * j
            slot = load_i64(mem, part)
            if slot >= 0:
                lane, _ = slot_lane(mem, run, slot)
                total += key_bound(mem, load_i64(mem, part + 8), lane)
            else:
                total += 16
    return total


@routine
def bound_key(st, mem, run, bounds, last, out):
    """Encode a bound at `out`; its last part is for `last` (EQUAL, AT_LEAST, AT_MOST).

    -> bytes (0: no bound), plus CLAMPED when the bound has become inclusive; NO_MATCH
    """
    at = out
    clamped = 0
    count = load_i64(mem, bounds) if bounds != 0 else 0
    for j in range(count):
        part = bounds + 8 + 8 * BOUND_WORDS * j
        size = bound_part(st, mem, run, part, last if j == count - 1 else EQUAL, at)
        if size == NO_MATCH:
            return NO_MATCH
        if size >= CLAMPED:
            clamped = CLAMPED
            size -= CLAMPED
        at += size
    return at - out + clamped


@kernel(OP)
def op_point(st, mem, run, instruction, n):
    """The row with a primary key. Operands: to, row_get's address, table, bounds, mode, state."""
    to = register(mem, run, instruction, 1)
    state = register(mem, run, instruction, 6)
    if load_i64(mem, state) != 0:
        return 0
    bounds = operand(mem, instruction, 4)
    result = heap_room(mem, run, bound_room(mem, run, bounds))
    if result < 0:
        return result
    key = load_i64(mem, run + RUN_HEAP)
    size = bound_key(st, mem, run, bounds, EQUAL, key)
    if size == NO_MATCH:
        return 0
    table = operand(mem, instruction, 3)
    ctx = load_i64(mem, run + RUN_CTX)
    arguments = (ctx, table, key, size, operand(mem, instruction, 5))
    row = call5(operand(mem, instruction, 2), st, mem, arguments)
    if row == E_NOT_FOUND:
        return 0
    if row < 0:
        return row
    store_i64(mem, state, 1)
    store_i64(mem, to, row)
    fill(mem, to + NULLS_AT, 1, 0)
    return 1


@helper
def members_sort(mem, lanes, nulls, count):
    """Put lanes into ascending order, those that are NULL last (heapsort)."""
    live = 0
    for j in range(count):
        if load_u8(mem, nulls + j) == 0:
            store_i64(mem, lanes + 8 * live, load_i64(mem, lanes + 8 * j))
            live += 1
    for j in range(count):
        store_u8(mem, nulls + j, 0 if j < live else 1)
    root = live // 2
    end = live
    while end > 1:
        if root > 0:
            root -= 1
            lane = load_i64(mem, lanes + 8 * root)
        else:
            end -= 1
            lane = load_i64(mem, lanes + 8 * end)
            store_i64(mem, lanes + 8 * end, load_i64(mem, lanes))
        hole = root
        child = 2 * hole + 1
        while child < end:
            if child + 1 < end:
                child += load_i64(mem, lanes + 8 * child) < load_i64(mem, lanes + 8 * child + 8)
            if load_i64(mem, lanes + 8 * child) <= lane:
                break
            store_i64(mem, lanes + 8 * hole, load_i64(mem, lanes + 8 * child))
            hole = child
            child = 2 * hole + 1
        store_i64(mem, lanes + 8 * hole, lane)


@helper
def member_next(mem, run, spec, state):
    """Put the next greater member of IN (…) into its slot; 0 when there is none."""
    slots = load_i64(mem, run + RUN_PARAMS)
    first = load_i64(mem, spec + RANGE_MEMBERS)
    count = load_i64(mem, spec + RANGE_MEMBER_COUNT)
    lanes = slots + 8 * first
    nulls = slots + 8 * load_i64(mem, run + RUN_PARAM_COUNT)
    at = load_i64(mem, state + 8)
    if at == 0:
        members_sort(mem, lanes, nulls + first, count)
    while 0 < at < count and load_i64(mem, lanes + 8 * at) == load_i64(mem, lanes + 8 * at - 8):
        at += 1
    if at >= count or load_u8(mem, nulls + first + at) != 0:
        return 0
    member = load_i64(mem, spec + RANGE_MEMBER)
    store_i64(mem, slots + 8 * member, load_i64(mem, lanes + 8 * at))
    store_u8(mem, nulls + member, 0)
    store_i64(mem, state + 8, at + 1)
    return 1


@helper
def members_pause(mem, run, state):
    """Whether others are to run before the next of many members is looked up."""
    if (load_i64(mem, state + 8) + 1) % MEMBERS_A_PAUSE != 0:
        return False
    quantum = load_i64(mem, run + RUN_QUANTUM)
    store_i64(mem, run + RUN_QUANTUM, quantum - QUANTUM_OF_MEMBERS)
    return quantum <= 0


@helper
def range_open(st, mem, run, spec, cursor):
    """Open the cursor of a range: 0, a code, or NO_MATCH when nothing can be in it."""
    low = load_i64(mem, spec + RANGE_LOW)
    high = load_i64(mem, spec + RANGE_HIGH)
    result = heap_room(mem, run, bound_room(mem, run, low) + bound_room(mem, run, high))
    if result < 0:
        return result
    low_inclusive = load_i64(mem, spec + RANGE_LOW_INCLUSIVE)
    high_inclusive = load_i64(mem, spec + RANGE_HIGH_INCLUSIVE)
    low_at = load_i64(mem, run + RUN_HEAP)
    low_bytes = bound_key(st, mem, run, low, AT_LEAST, low_at)
    if low_bytes == NO_MATCH:
        return NO_MATCH
    if low_bytes >= CLAMPED:
        low_bytes -= CLAMPED
        low_inclusive = 1
    high_at = low_at + low_bytes
    high_bytes = bound_key(st, mem, run, high, AT_MOST, high_at)
    if high_bytes == NO_MATCH:
        return NO_MATCH
    if high_bytes >= CLAMPED:
        high_bytes -= CLAMPED
        high_inclusive = 1
    arguments = (
        load_i64(mem, run + RUN_CTX),
        cursor,
        load_i64(mem, spec + RANGE_TABLE),
        load_i64(mem, spec + RANGE_INDEX),
        low_at,
        low_bytes if low_bytes > 0 else -1,
        low_inclusive,
        high_at,
        high_bytes if high_bytes > 0 else -1,
        high_inclusive,
        load_i64(mem, spec + RANGE_BACKWARD),
        load_i64(mem, spec + RANGE_MODE),
    )
    return call12(load_i64(mem, spec + RANGE_CURSOR_OPEN), st, mem, arguments)


@kernel(OP)
def op_range(st, mem, run, instruction, n):
    """Rows of an index range. Operands: to, range, cursor, state (2 words: RANGE_…, IN's place)."""
    to = register(mem, run, instruction, 1)
    spec = operand(mem, instruction, 2)
    cursor = register(mem, run, instruction, 3)
    state = register(mem, run, instruction, 4)
    members = load_i64(mem, spec + RANGE_MEMBER_COUNT)
    while True:
        stands = load_i64(mem, state)
        if stands == RANGE_ENDED:
            return 0
        if stands == RANGE_CLOSED:
            if members > 0 and members_pause(mem, run, state):
                return E_LATER
            stands = RANGE_CHOSEN
            if members > 0 and member_next(mem, run, spec, state) == 0:
                stands = RANGE_ENDED
            store_i64(mem, state, stands)
            continue
        if stands == RANGE_CHOSEN:
            result = range_open(st, mem, run, spec, cursor)
            if result < 0 and result != NO_MATCH:
                return result
            stands = RANGE_OPEN
            if result == NO_MATCH:
                stands = RANGE_CLOSED if members > 0 else RANGE_ENDED
            store_i64(mem, state, stands)
            continue
        width = 1 if load_i64(mem, spec + RANGE_MODE) & MODE_ONE else width_next(mem, run)
        arguments = (cursor, to, width)
        count = call3(load_i64(mem, spec + RANGE_CURSOR_NEXT), st, mem, arguments)
        if count > 0:
            fill(mem, to + NULLS_AT, count, 0)
        if count != 0:
            return count
        store_i64(mem, state, RANGE_CLOSED if members > 0 else RANGE_ENDED)
