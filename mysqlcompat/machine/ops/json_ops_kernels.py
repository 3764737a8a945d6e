"""Values within documents: found by a path, and what is asked of them; the rows of a JSON_TABLE.

Documents are read in their binary form, where they lie; strings are not copied. What is not done
here (decimals, dates, bytes, texts that become numbers) is left over, lane by lane, to Python.
"""

from __future__ import annotations

from mysqlcompat.json_compare_kernels import UNORDERED, json_holds, json_order
from mysqlcompat.json_kernels import (
    BROKEN,
    FALSE,
    LITERAL,
    NOWHERE,
    NULL,
    OPAQUE,
    STRING,
    TRUE,
    UINT64,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    counted,
    double_at,
    double_bits,
    exact_decimal,
    integer_at,
    is_array,
    is_container,
    is_null,
    is_number,
    json_locate,
    kind_of,
    place_of,
)
from mysqlcompat.json_text_kernels import BESIDES, GROWTH, STACK_BYTES, json_text
from mysqlcompat.machine.function_codes import (
    JSON_AS_TEXT,
    JSON_COMPARE,
    JSON_EXISTS,
    JSON_HOLDS,
    JSON_LENGTH,
    JSON_MISSING_FAILS,
    JSON_NULL_IS_NULL,
    JSON_QUOTED,
    JSON_TEXT,
    JSON_TO_DECIMAL,
    JSON_TO_DOUBLE,
    JSON_TO_UNSIGNED,
    JSON_TYPE,
    JSON_VALUE,
    LANE_FAILED,
    ROWS_OF_CELLS,
    ROWS_OUTER,
)
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP, VECTOR
from mysqlcompat.machine.ops.compare_kernels import holds
from mysqlcompat.machine.ops.join_kernels import (
    GIVEN,
    JOIN_STATE_BYTES,
    LANE,
    PARTNER,
    join_enter,
    join_leave,
    join_pauses,
)
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from mysqlcompat.machine.ops.text_kernels import characters
from redo.codes import E_CORRUPT, E_LATER, E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

LONGEST_TEXT = 1 << 20  #: bytes of a container that is written here
NAME_OF_BOOLEAN = 128  #: place in the table of JSON_TYPE's names, which goes by kind
NOT_HERE = -1  #: of `text_made`: the value is Python's


@helper
def root_of(mem, lane):
    """Place of the document a lane is."""
    return place_of(load_u8(mem, text_at(lane)), text_at(lane) + 1)


@helper
def bytes_made(mem, kind, place, end, flags):
    """Room for what JSON_VALUE and JSON_TEXT make of a value; 0 where it may lie where it is."""
    size = body_bytes(mem, place, end)
    is_there = kind_of(place) == STRING and flags & JSON_QUOTED == 0
    if size < 0 or (kind == JSON_TEXT and (size > LONGEST_TEXT or is_there)):
        return 0
    return 1 + size if kind == JSON_VALUE else GROWTH * size + 2 * BESIDES


@helper
def text_made(st, mem, place, end, heap, stack, most, flags):
    """The lane of a value's text, at most `most` characters (-1: any number); or NOT_HERE."""
    kind = kind_of(place)
    size = body_bytes(mem, place, end)
    is_there = kind == STRING and flags & JSON_QUOTED == 0
    if size < 0 or kind == OPAQUE or (size > LONGEST_TEXT and not is_there):
        return NOT_HERE
    if is_container(kind) and most >= 0:
        return NOT_HERE
    at = heap
    if is_there:
        count, at = counted(mem, body_of(place), end)
    else:
        room = GROWTH * size + 2 * BESIDES
        count = json_text(st, mem, place, end, heap, room, stack, flags & JSON_QUOTED)
    if count < 0 or (0 <= most < count and characters(mem, at, count, 0) > most):
        return NOT_HERE
    return text_lane(at, count)


@helper
def number_made(mem, kind, place, end, least, greatest, flags):
    """(lane, whether it is one) of a number or, as such, a boolean."""
    sort = is_number(mem, place, end)
    if kind_of(place) == LITERAL:
        value = 1 if load_u8(mem, body_of(place)) == TRUE else 0
        if flags & (JSON_AS_TEXT | JSON_NULL_IS_NULL) != 0 or kind == JSON_TO_DECIMAL:
            return 0, False
        if kind == JSON_TO_DOUBLE:
            return (0x3FF0000000000000 if value == 1 else 0), not is_null(mem, place)
        return value, not is_null(mem, place)
    if kind == JSON_TO_DOUBLE:
        return (double_bits(mem, place), True) if sort != 0 else (0, False)
    if kind == JSON_TO_DECIMAL:
        if sort == 2:
            lane, fits = exact_decimal(double_at(mem, place), least)
            return lane, fits and -greatest <= lane <= greatest
        value = integer_at(mem, place) if sort == 1 else 0
        most = greatest // least
        return value * least, sort == 1 and -most <= value <= most
    if sort == 1:
        value = integer_at(mem, place)
        return value, least <= value <= greatest
    huge = kind_of(place) == UINT64 and body_bytes(mem, place, end) == 8
    if huge and kind == JSON_TO_UNSIGNED and flags & JSON_NULL_IS_NULL == 0:
        return integer_at(mem, place), True
    return 0, False


@helper
def answer(st, mem, kind, place, end, x, y, other, flags):
    """(lane, whether it is one) of what is asked of a value and gives a number."""
    if kind >= JSON_COMPARE:
        there = text_at(other) + text_bytes(other)
        if text_bytes(other) == 0:
            return 0, False
        if kind == JSON_HOLDS:
            found = json_holds(st, mem, place, end, root_of(mem, other), there, y)
            return found, found >= 0
        order = json_order(st, mem, place, end, root_of(mem, other), there)
        return holds(y, order), order != UNORDERED
    if kind >= JSON_TO_DOUBLE:
        return number_made(mem, kind, place, end, x, y, flags)
    if kind == JSON_EXISTS:
        return 1, True
    if kind == JSON_LENGTH:
        count = cells_of(mem, place, end) if is_container(kind_of(place)) else 1
        return count, count >= 0
    number = kind_of(place)
    if number == LITERAL and not is_null(mem, place):
        number = NAME_OF_BOOLEAN >> 3
    return load_i64(mem, x + 8 * number), number != OPAQUE


@kernel(OP)
def op_json(st, mem, run, instruction, n):
    """to = what is asked of the value at a path. Operands: to, documents, path (constants), kind
    (bits from 8 on: flags), x, y (numbers; JSON_COMPARE and JSON_HOLDS: register of the other
    document, and how). Lanes for Python are marked."""
    to = register(mem, run, instruction, 1)
    documents = register(mem, run, instruction, 2)
    path = operand(mem, instruction, 3)
    kind = operand(mem, instruction, 4) & 255
    flags = operand(mem, instruction, 4) >> 8
    x = operand(mem, instruction, 5)
    y = operand(mem, instruction, 6)
    heap = load_i64(mem, run + RUN_HEAP)
    stack = heap
    if kind == JSON_TEXT:
        heap += STACK_BYTES
    first = stack
    failed = 0
    for i in range(n):
        null = load_u8(mem, documents + NULLS_AT + i)
        other = 0
        if kind >= JSON_COMPARE:
            null |= load_u8(mem, run + x + NULLS_AT + i)
            other = load_i64(mem, run + x + 8 * i)
        lane = load_i64(mem, documents + 8 * i)
        end = text_at(lane) + text_bytes(lane)
        place = BROKEN
        value = 0
        fits = True
        if null == 0 and text_bytes(lane) > 0:
            place = json_locate(st, mem, root_of(mem, lane), end, path)
        if null != 0 or (place == NOWHERE and flags & JSON_MISSING_FAILS == 0):
            null = 0 if null == 0 and kind == JSON_EXISTS else 1
        elif place < 0:
            fits = False
        elif flags & JSON_NULL_IS_NULL != 0 and kind != JSON_EXISTS and is_null(mem, place):
            null = 1
        elif kind <= JSON_TEXT:
            result = heap_room(mem, run, heap - first + bytes_made(mem, kind, place, end, flags))
            if result < 0:
                return result
            if kind == JSON_TEXT:
                value = text_made(st, mem, place, end, heap, stack, y, flags)
                fits = value != NOT_HERE
                if fits and text_at(value) == heap:
                    heap += text_bytes(value)
            else:
                size = body_bytes(mem, place, end)
                fits = size >= 0
                if fits:
                    store_u8(mem, heap, kind_of(place))
                    move(mem, heap + 1, body_of(place), size)
                    value = text_lane(heap, 1 + size)
                    heap += 1 + size
        else:
            value, fits = answer(st, mem, kind, place, end, x, y, other, flags)
        if not fits:
            null = LANE_FAILED
            failed = 1
        store_i64(mem, to + 8 * i, value if null == 0 else 0)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return E_OVERFLOW if failed == 1 else n


@helper
def row_give(mem, lanes, matches, ordinals, given, lane, match, ordinal):
    """One row of a JSON_TABLE; ordinal 0: it has no match."""
    null = 1 if ordinal == 0 else 0
    store_i64(mem, lanes + 8 * given, lane)
    store_i64(mem, matches + 8 * given, match)
    store_i64(mem, ordinals + 8 * given, ordinal)
    store_u8(mem, lanes + NULLS_AT + given, 0)
    store_u8(mem, matches + NULLS_AT + given, null)
    store_u8(mem, ordinals + NULLS_AT + given, null)


@kernel(OP)
def op_json_rows(st, mem, run, instruction, n):
    """The matches of a path, a row for each. Operands: to lanes, to matches (documents), to their
    numbers, documents, path (constants), state, flags: ROWS_OF_CELLS (the cells of what the path
    leads to), ROWS_OUTER (a lane without a match meets NULL)."""
    lanes = register(mem, run, instruction, 1)
    matches = register(mem, run, instruction, 2)
    ordinals = register(mem, run, instruction, 3)
    documents = register(mem, run, instruction, 4)
    path = operand(mem, instruction, 5)
    state = register(mem, run, instruction, 6)
    flags = operand(mem, instruction, 7)
    if join_pauses(mem, run, state):
        return E_LATER
    join_enter(mem, run, state)
    lane = load_i64(mem, state + LANE)
    number = load_i64(mem, state + PARTNER)
    given = load_i64(mem, state + GIVEN)
    while lane < n and given < VECTOR:
        place = NOWHERE
        end = 0
        document = load_i64(mem, documents + 8 * lane)
        if load_u8(mem, documents + NULLS_AT + lane) == 0 and text_bytes(document) > 0:
            end = text_at(document) + text_bytes(document)
            place = json_locate(st, mem, root_of(mem, document), end, path)
        count = 1 if place >= 0 else 0
        if place >= 0 and flags & ROWS_OF_CELLS != 0:
            count = cells_of(mem, place, end) if is_array(kind_of(place)) else 0
        if place == BROKEN or count < 0:
            return E_CORRUPT
        if count == 0 and flags & ROWS_OUTER != 0:
            row_give(mem, lanes, matches, ordinals, given, lane, 0, 0)
            given += 1
        while number < count and given < VECTOR:
            one = place
            if flags & ROWS_OF_CELLS != 0:
                one = cell_place(mem, place, end, number)
            match = document
            size = body_bytes(mem, one, end) if one >= 0 else BROKEN
            if size < 0:
                return E_CORRUPT
            if body_of(one) != text_at(document) + 1:
                code = heap_room(mem, run, 1 + size)
                if code < 0:
                    store_i64(mem, state + LANE, lane)
                    store_i64(mem, state + PARTNER, number)
                    store_i64(mem, state + GIVEN, given)
                    return code
                heap = load_i64(mem, run + RUN_HEAP)
                store_u8(mem, heap, kind_of(one))
                move(mem, heap + 1, body_of(one), size)
                store_i64(mem, run + RUN_HEAP, heap + 1 + size)
                match = text_lane(heap, 1 + size)
            number += 1
            row_give(mem, lanes, matches, ordinals, given, lane, match, number)
            given += 1
        if number >= count:
            lane += 1
            number = 0
    store_i64(mem, state + PARTNER, number)
    return join_leave(mem, run, instruction, state, n, lane, given)


ROWS_STATE_BYTES = JOIN_STATE_BYTES
assert (JSON_VALUE, JSON_TEXT, JSON_TYPE) == (0, 1, 2) and (NULL, TRUE, FALSE) == (0, 1, 2)
assert VECTOR * 8 == NULLS_AT and LANE_FAILED > 1
