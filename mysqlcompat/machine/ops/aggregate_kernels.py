"""COUNT, SUM, AVG, MIN, MAX, BIT_AND, BIT_OR, BIT_XOR: states in the records of groups, and what
comes out of them.

::

    STATE       FIELDS (8 bytes each)
    COUNT       count
    SUM_…       low, high of 128 bits (double: its bits, unused), count
    MINIMUM     value, seen            (strings are copied to the collection's heap)
    BIT_…       bits                   (BIT_AND: those that some value lacks)
"""

from __future__ import annotations

from btree.collation_kernels import collate_compare
from mysqlcompat.machine.layout import (
    AS_AVERAGE_DOUBLE,
    AS_AVERAGE_LANE,
    AS_AVERAGE_TEXT,
    AS_LANE,
    AS_TEXT,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    BY_TEXT,
    COLLECTION_HEAP,
    COLLECTION_HEAP_END,
    COUNT,
    MAXIMUM,
    MINIMUM,
    NULLS_AT,
    RUN_HEAP,
    SUM_DOUBLE,
    SUM_TEXT,
    SUM_UNSIGNED,
)
from mysqlcompat.machine.ops.collect_kernels import text_kept, wants
from mysqlcompat.machine.ops.compare_kernels import order_i64
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from mysqlcompat.machine.ops.wide_kernels import (
    wide_add,
    wide_divide,
    wide_multiply,
    wide_negate,
    wide_of,
    wide_of_text,
    wide_to_text,
)
from redo.coding_kernels import (
    bits_of_float,
    float_of_bits,
    load_i64,
    load_u8,
    move,
    store_i64,
    store_u8,
)
from redo.jit import helper, kernel


@helper
def state_add(mem, state, low, high, count):
    """Add a 128-bit number and a count to a SUM state."""
    low, high = wide_add(load_i64(mem, state), load_i64(mem, state + 8), low, high)
    store_i64(mem, state, low)
    store_i64(mem, state + 8, high)
    store_i64(mem, state + 16, load_i64(mem, state + 16) + count)


@kernel(OP)
def op_count(st, mem, run, instruction, n):
    """COUNT. Operands: records, source (0: COUNT(*)), offset of the state, one group."""
    records = register(mem, run, instruction, 1)
    source = operand(mem, instruction, 2)
    field = operand(mem, instruction, 3)
    single = operand(mem, instruction, 4)
    if single == 1:
        count = n
        if source != 0:
            for i in range(n):
                count -= load_u8(mem, run + source + NULLS_AT + i)
        state = load_i64(mem, records) + field
        store_i64(mem, state, load_i64(mem, state) + count)
        return n
    for i in range(n):
        if source == 0 or load_u8(mem, run + source + NULLS_AT + i) == 0:
            state = load_i64(mem, records + 8 * i) + field
            store_i64(mem, state, load_i64(mem, state) + 1)
    return n


@kernel(OP)
def op_sum(st, mem, run, instruction, n):
    """SUM and AVG. Operands: records, source, offset of the state, kind (SUM_…), scale of texts,
    one group, high words of the source (SUM_TEXT; 0: it is text)."""
    records = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    kind = operand(mem, instruction, 4)
    scale = operand(mem, instruction, 5)
    single = operand(mem, instruction, 6)
    highs = operand(mem, instruction, 7)
    unsigned = 1 if kind == SUM_UNSIGNED else 0
    if single == 1 and kind <= SUM_UNSIGNED:  # split in halves: no carry inside the loop
        below = 0
        above = 0
        count = 0
        for i in range(n):
            lane = load_i64(mem, source + 8 * i)  # a NULL lane is 0
            below += lane & 0xFFFFFFFF
            above += (lane >> 32) & 0xFFFFFFFF if unsigned == 1 else lane >> 32
            count += 1 - load_u8(mem, source + NULLS_AT + i)
        low, high = wide_add(below, 0, above << 32, above >> 32)
        state_add(mem, load_i64(mem, records) + field, low, high, count)
        return n
    if single == 1 and kind == SUM_DOUBLE:
        state = load_i64(mem, records) + field
        total = float_of_bits(load_i64(mem, state))
        count = 0
        for i in range(n):
            total += float_of_bits(load_i64(mem, source + 8 * i))  # a NULL lane is 0
            count += 1 - load_u8(mem, source + NULLS_AT + i)
        store_i64(mem, state, bits_of_float(total))
        store_i64(mem, state + 16, load_i64(mem, state + 16) + count)
        return n
    if single == 1 and highs != 0:
        low = 0
        high = 0
        count = 0
        for i in range(n):
            lane = load_i64(mem, source + 8 * i)
            low, high = wide_add(low, high, lane, load_i64(mem, run + highs + 8 * i))
            count += 1 - load_u8(mem, source + NULLS_AT + i)
        state_add(mem, load_i64(mem, records) + field, low, high, count)
        return n
    for i in range(n):
        if load_u8(mem, source + NULLS_AT + i) != 0:
            continue
        state = load_i64(mem, records + 8 * (0 if single == 1 else i)) + field
        lane = load_i64(mem, source + 8 * i)
        if kind == SUM_DOUBLE:
            total = float_of_bits(load_i64(mem, state)) + float_of_bits(lane)
            store_i64(mem, state, bits_of_float(total))
            store_i64(mem, state + 16, load_i64(mem, state + 16) + 1)
        elif highs != 0:
            state_add(mem, state, lane, load_i64(mem, run + highs + 8 * i), 1)
        elif kind == SUM_TEXT:
            low, high = wide_of_text(mem, text_at(lane), text_bytes(lane), scale)
            state_add(mem, state, low, high, 1)
        else:
            low, high = wide_of(lane, unsigned)
            state_add(mem, state, low, high, 1)
    return n


@helper
def extreme_text(st, mem, run, collection, state, lane, sign, collation):
    """Take a string into a MIN or MAX state; E_NO_ROOM when the heap is full."""
    if load_i64(mem, state + 8) != 0:
        old = load_i64(mem, state)
        order = collate_compare(
            st, mem, collation, text_at(lane), text_bytes(lane), text_at(old), text_bytes(old)
        )
        if order * sign <= 0:
            return 0
        if text_bytes(lane) <= text_bytes(old):
            move(mem, text_at(old), text_at(lane), text_bytes(lane))
            store_i64(mem, state, text_lane(text_at(old), text_bytes(lane)))
            return 0
    heap = load_i64(mem, collection + COLLECTION_HEAP)
    if heap + text_bytes(lane) > load_i64(mem, collection + COLLECTION_HEAP_END):
        return wants(mem, run, collection, text_bytes(lane), 0)
    store_i64(mem, state, text_kept(mem, collection, lane))
    store_i64(mem, state + 8, 1)
    return 0


@kernel(OP)
def op_extreme(st, mem, run, instruction, n):
    """MIN and MAX; taking a value twice is harmless. Operands: records, source, offset of the
    state, kind, order (SIGNED, UNSIGNED, DOUBLE, BY_TEXT), collation, collection."""
    records = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    sign = -1 if operand(mem, instruction, 4) == MINIMUM else 1
    by = operand(mem, instruction, 5)
    collation = operand(mem, instruction, 6)
    collection = register(mem, run, instruction, 7)
    for i in range(n):
        if load_u8(mem, source + NULLS_AT + i) != 0:
            continue
        state = load_i64(mem, records + 8 * i) + field
        lane = load_i64(mem, source + 8 * i)
        if by == BY_TEXT:
            result = extreme_text(st, mem, run, collection, state, lane, sign, collation)
            if result < 0:
                return result
        elif load_i64(mem, state + 8) == 0 or order_i64(by, lane, load_i64(mem, state)) == sign:
            store_i64(mem, state, lane)
            store_i64(mem, state + 8, 1)
    return n


@kernel(OP)
def op_bits(st, mem, run, instruction, n):
    """BIT_AND, BIT_OR and BIT_XOR of 64 bits. Operands: records, source, offset of the state, kind,
    one group."""
    records = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    kind = operand(mem, instruction, 4)
    single = operand(mem, instruction, 5)
    for i in range(n):
        if load_u8(mem, source + NULLS_AT + i) != 0:
            continue
        state = load_i64(mem, records + 8 * (0 if single == 1 else i)) + field
        lane = load_i64(mem, source + 8 * i)
        bits = load_i64(mem, state)
        if kind == BIT_XOR:
            bits ^= lane
        else:
            bits |= lane if kind == BIT_OR else ~lane
        store_i64(mem, state, bits)
    return n


@helper
def averaged(low, high, count):
    """low:high × 10^4 / count rounded half away from zero: MySQL's div_precision_increment is 4."""
    negative = high < 0
    if negative:
        low, high = wide_negate(low, high)
    low, high = wide_multiply(low, high, 10000, 0)
    low, high, rest = wide_divide(low, high, count)
    if 2 * rest >= count:
        low, high = wide_add(low, high, 1, 0)
    if negative:
        low, high = wide_negate(low, high)
    return low, high


@kernel(OP)
def op_result(st, mem, run, instruction, n):
    """Values of states. Operands: to, records, offset of the state, kind, form (AS_…), scale of the
    result's text."""
    to = register(mem, run, instruction, 1)
    records = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    kind = operand(mem, instruction, 4)
    form = operand(mem, instruction, 5)
    scale = operand(mem, instruction, 6)
    texts = form == AS_TEXT or form == AS_AVERAGE_TEXT
    if texts:
        result = heap_room(mem, run, 48 * n)
        if result < 0:
            return result
    for i in range(n):
        state = load_i64(mem, records + 8 * i) + field
        value = load_i64(mem, state)
        null = 0
        if kind == BIT_AND:
            value = ~value
        elif kind == MINIMUM or kind == MAXIMUM:
            null = 1 if load_i64(mem, state + 8) == 0 else 0
        elif kind != COUNT and kind < BIT_AND:
            count = load_i64(mem, state + 16)
            high = load_i64(mem, state + 8)
            null = 1 if count == 0 else 0
            if form == AS_AVERAGE_DOUBLE and null == 0:
                value = bits_of_float(float_of_bits(value) / float(count))
            elif form != AS_LANE and null == 0:
                if form != AS_TEXT:
                    value, high = averaged(value, high, count)
                if form != AS_AVERAGE_LANE:
                    at = load_i64(mem, run + RUN_HEAP)
                    size = wide_to_text(mem, value, high, scale, at)
                    store_i64(mem, run + RUN_HEAP, at + size)
                    value = text_lane(at, size)
        store_i64(mem, to + 8 * i, 0 if null == 1 else value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n
