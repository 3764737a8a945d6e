"""Documents made: of SQL values and of texts, arrays and objects, changed and merged ones, their
keys, where in them a text is; and sort keys.

Each lane is made in scratch memory above the batch heap and then moved there. Lanes that are
Python's (mistakes, decimals of many digits, very long documents) are marked.
"""

from __future__ import annotations

from mysqlcompat.json_build_kernels import (
    ENTRY_BYTES,
    LONGEST_KEY,
    UNCHANGED,
    entry_of_document,
    json_changed,
    json_merged,
    member_put,
)
from mysqlcompat.json_find_kernels import json_find
from mysqlcompat.json_kernels import (
    LITERAL,
    NULL,
    cells_of,
    is_array,
    is_container,
    key_of,
    kind_of,
    place_of,
)
from mysqlcompat.json_parse_kernels import after_blanks, json_parsed
from mysqlcompat.json_text_kernels import PRETTY, json_text, put_quoted
from mysqlcompat.json_walk_kernels import COMPACT, WALK_BYTES, json_measure, json_sort_key
from mysqlcompat.machine.function_codes import (
    LANE_FAILED,
    MAKE_ARRAY,
    MAKE_CHANGE,
    MAKE_FOUND,
    MAKE_KEYS,
    MAKE_MEASURE,
    MAKE_MERGE,
    MAKE_OBJECT,
    MAKE_OF_BYTES,
    MAKE_OF_TEXT,
    MAKE_PARSED,
    MAKE_PRESENT,
    MAKE_PRETTY,
    MAKE_QUOTED,
    MAKE_SEARCH,
    MAKE_UNQUOTED,
    MAKE_VALID,
)
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP
from mysqlcompat.machine.ops.json_search_kernels import (
    IS_NULL,
    NOT_HERE,
    container_lane,
    json_search,
    string_entry,
)
from mysqlcompat.machine.ops.json_value_kernels import document_of
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

LONGEST = 1 << 16  #: bytes of documents and texts that are read here
SCRATCH_PER_BYTE = 64
SCRATCH = 24 << 10


@helper
def null_put(mem, at):
    """The document of JSON's null, at `at`."""
    store_u8(mem, at, LITERAL)
    store_u8(mem, at + 1, NULL)
    return text_lane(at, 2)


@helper
def container_of(st, mem, run, i, kind, parts, scratch, limit):
    """An array or object of what stands in registers (constants: count, then registers; of
    objects keys and values)."""
    count = load_i64(mem, parts)
    step = 2 if kind == MAKE_OBJECT else 1
    null_document = null_put(mem, scratch)
    scratch += 8
    last = scratch
    if scratch + ENTRY_BYTES * count > limit:
        return NOT_HERE
    for j in range(0, count, step):
        source = run + load_i64(mem, parts + 8 * (j + step))
        document = load_i64(mem, source + 8 * i)
        if load_u8(mem, source + NULLS_AT + i) != 0:
            if kind == MAKE_PRESENT:
                continue
            document = null_document
        if text_bytes(document) < 2:
            return NOT_HERE
        at = text_at(document)
        if kind != MAKE_OBJECT:
            last = entry_of_document(mem, last, at, text_bytes(document))
            continue
        source = run + load_i64(mem, parts + 8 * (j + 1))
        key = load_i64(mem, source + 8 * i)
        if load_u8(mem, source + NULLS_AT + i) != 0 or text_bytes(key) > LONGEST_KEY:
            return NOT_HERE
        form = load_u8(mem, at)
        size = text_bytes(document) - 1
        last = member_put(mem, scratch, last, text_at(key), text_bytes(key), form, at + 1, size)
    if kind == MAKE_PRESENT and last == scratch:
        return IS_NULL
    return container_lane(st, mem, scratch, last, int(kind == MAKE_OBJECT), last + 1, limit)


@helper
def keys_of(st, mem, place, end, scratch, limit):
    """The array of an object's keys."""
    if not is_container(kind_of(place)) or is_array(kind_of(place)):
        return IS_NULL
    count = cells_of(mem, place, end)
    bodies = scratch + ENTRY_BYTES * (count + 1)
    last = scratch
    for number in range(count):
        key, size = key_of(mem, place, number)
        if key + size > end or bodies + size + 16 > limit:
            return NOT_HERE
        last = string_entry(mem, last, key, size, bodies)
        bodies += load_i64(mem, last - 8)
    return container_lane(st, mem, scratch, last, 0, bodies + 1, limit) if count >= 0 else NOT_HERE


@helper
def may_begin(mem, at, count):
    """0: no JSON begins like this; NOT_HERE: Python says whether it is."""
    start = after_blanks(mem, at, at + count)
    if start == at + count:
        return 0
    byte = load_u8(mem, start)
    digit = byte == 45 or 48 <= byte <= 57 or byte == 34 or byte == 91 or byte == 123
    return NOT_HERE if digit or byte == 116 or byte == 102 or byte == 110 else 0


@helper
def text_of(mem, kind, lane, out):
    """JSON_QUOTE and JSON_UNQUOTE of a text: the latter if it says itself."""
    at = text_at(lane)
    count = text_bytes(lane)
    if kind == MAKE_QUOTED:
        return text_lane(out, put_quoted(mem, out, at, count) - out)
    if count < 2 or load_u8(mem, at) != 34 or load_u8(mem, at + count - 1) != 34:
        return lane
    for i in range(1, count - 1):
        byte = load_u8(mem, at + i)
        if byte < 32 or byte == 34 or byte == 92:
            return NOT_HERE
    return text_lane(at + 1, count - 2)


@helper
def merged(st, mem, a, a_null, b, b_null, way, scratch, limit):
    """Two documents merged: one that is NULL makes it NULL, but a patch that is no object takes
    the place of whatever was there."""
    if (a_null == 0 and text_bytes(a) < 2) or (b_null == 0 and text_bytes(b) < 2):
        return NOT_HERE
    if b_null != 0 or (a_null != 0 and (way == 1 or load_u8(mem, text_at(b)) <= 1)):
        return IS_NULL
    b_place = place_of(load_u8(mem, text_at(b)), text_at(b) + 1)
    if way == 0 and kind_of(b_place) > 1:
        return b
    a_place = place_of(load_u8(mem, text_at(a)), text_at(a) + 1)
    a_end = text_at(a) + text_bytes(a)
    b_end = text_at(b) + text_bytes(b)
    made = json_merged(st, mem, a_place, a_end, b_place, b_end, way, scratch, limit)
    return made if made >= 0 else NOT_HERE


@helper
def asked_of(st, mem, kind, document, other, x, y, scratch, limit):
    """What is made of one document."""
    at = text_at(document)
    end = at + text_bytes(document)
    place = place_of(load_u8(mem, at), at + 1)
    if kind == MAKE_KEYS:
        return keys_of(st, mem, place, end, scratch, limit)
    if kind == MAKE_SEARCH:
        return json_search(st, mem, place, end, other, x, y, scratch, limit)
    if kind == MAKE_FOUND:
        last = json_find(st, mem, place, end, x, scratch, scratch + ((limit - scratch) >> 1))
        if last <= scratch:
            return IS_NULL if last == scratch else NOT_HERE
        return container_lane(st, mem, scratch, last, 0, last + 1, limit)
    if kind == MAKE_MEASURE:
        value = json_measure(st, mem, place, end, x, scratch)
        if x == COMPACT and value >= 0:
            value = max(text_bytes(document) - value, 0)
        return value if value >= 0 else NOT_HERE
    out = scratch + WALK_BYTES
    if kind == MAKE_PRETTY:
        size = json_text(st, mem, place, end, out, limit - out, scratch, PRETTY)
    elif x == 1 and is_container(kind_of(place)):
        return NOT_HERE
    else:
        size = json_sort_key(st, mem, place, end, out, limit - out, scratch)
    return text_lane(out, size) if size >= 0 else NOT_HERE


@helper
def made_of_value(st, mem, kind, lane, x, y, scratch, limit):
    """What is made of a SQL value, or of a text."""
    at = text_at(lane)
    if kind <= MAKE_OF_BYTES:
        return document_of(mem, kind, lane, x, y, scratch)
    if kind > MAKE_VALID:
        return text_of(mem, kind, lane, scratch)
    value = json_parsed(st, mem, at, text_bytes(lane), scratch, limit)
    if kind == MAKE_PARSED:
        return value
    return 1 if value >= 0 else may_begin(mem, at, text_bytes(lane))


@helper
def made_of_document(st, mem, kind, a, b, b_null, x, y, scratch, limit):
    """What is made of one document; MAKE_CHANGE: with the value `b`."""
    if text_bytes(a) < 2:
        return NOT_HERE
    if kind != MAKE_CHANGE:
        return asked_of(st, mem, kind, a, b, x, y, scratch, limit)
    if b_null != 0:
        b = null_put(mem, scratch)
    if text_bytes(b) < 2:
        return NOT_HERE
    size = text_bytes(a)
    value = json_changed(
        st, mem, text_at(a), size, x, y, text_at(b), text_bytes(b), scratch + 8, limit
    )
    return a if value == UNCHANGED else value


@helper
def is_list(kind):
    return kind == MAKE_ARRAY or kind == MAKE_OBJECT or kind == MAKE_PRESENT


@helper
def size_of(kind, lane, null):
    """Bytes of the text or document that a lane is."""
    is_number = kind < MAKE_OF_TEXT or is_list(kind)
    return 0 if is_number or null != 0 else text_bytes(lane)


@kernel(OP)
def op_json_make(st, mem, run, instruction, n):
    """to = what is made of values or documents. Operands: to, kind, a, b (registers), x, y
    (constants). Lanes for Python are marked; those of MAKE_PARSED with y = 1 are empty instead.

    MAKE_OF_…, MAKE_PARSED, MAKE_VALID, MAKE_QUOTED, MAKE_UNQUOTED of the value a · MAKE_ARRAY,
    MAKE_OBJECT, MAKE_PRESENT of the registers listed at x · MAKE_CHANGE of a by the path x: b is
    put there, in the way y · MAKE_FOUND of a by the path x · MAKE_MERGE of a and b in the way x ·
    MAKE_SEARCH in a for the pattern b, with the escape x, for all places if y is 1 ·
    MAKE_MEASURE: x of a (COMPACT: the bytes it could do without) · MAKE_KEYS, MAKE_PRETTY
    of a · MAKE_SORT_KEY of a; x = 1: unless it is an array or an object
    """
    to = register(mem, run, instruction, 1)
    kind = operand(mem, instruction, 2)
    a_at = register(mem, run, instruction, 3)
    b_at = register(mem, run, instruction, 4)
    x = operand(mem, instruction, 5)
    y = operand(mem, instruction, 6)
    heap = load_i64(mem, run + RUN_HEAP)
    begin = heap
    failed = 0
    for i in range(n):
        a = load_i64(mem, a_at + 8 * i)
        b = load_i64(mem, b_at + 8 * i)
        a_null = load_u8(mem, a_at + NULLS_AT + i)
        b_null = load_u8(mem, b_at + NULLS_AT + i)
        size = size_of(kind, a, a_null)
        other = text_bytes(b) if MAKE_CHANGE <= kind <= MAKE_SEARCH and b_null == 0 else 0
        is_long = size > LONGEST or other > LONGEST
        scratch_bytes = SCRATCH + (0 if is_long else SCRATCH_PER_BYTE * (size + other))
        code = heap_room(mem, run, heap - begin + scratch_bytes)
        if code < 0:
            return code
        limit = heap + scratch_bytes
        if is_list(kind):
            value = container_of(st, mem, run, i, kind, x, heap, limit)
        elif kind == MAKE_MERGE and not is_long:
            value = merged(st, mem, a, a_null, b, b_null, x, heap, limit)
        elif a_null != 0 or (kind == MAKE_SEARCH and b_null != 0):
            value = IS_NULL
        elif is_long:
            value = NOT_HERE
        elif kind <= MAKE_UNQUOTED:
            value = made_of_value(st, mem, kind, a, x, y, heap, limit)
        else:
            value = made_of_document(st, mem, kind, a, b, b_null, x, y, heap, limit)
        null = 0
        if value < 0:
            null = 1 if value == IS_NULL else LANE_FAILED
            if kind == MAKE_PARSED and null == LANE_FAILED and y == 1:
                null = 0
            failed |= int(null == LANE_FAILED)
            value = 0
        elif (
            kind != MAKE_MEASURE
            and kind != MAKE_VALID
            and text_at(value) >= heap
            and text_at(value) < limit
        ):
            move(mem, heap, text_at(value), text_bytes(value))
            value = text_lane(heap, text_bytes(value))
            heap += text_bytes(value)
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return E_OVERFLOW if failed == 1 else n
