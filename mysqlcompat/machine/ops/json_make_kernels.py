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
    document_put,
    entry_of_document,
    entry_put,
    integer_put,
    json_changed,
    json_container,
    json_merged,
    length_put,
    member_put,
)
from mysqlcompat.json_kernels import (
    BROKEN,
    DOUBLE,
    LITERAL,
    MAX_DEPTH,
    NULL,
    OPAQUE,
    STRING,
    TRUE,
    body_bytes,
    body_of,
    cell_place,
    cells_of,
    counted,
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
    MAKE_KEYS,
    MAKE_MEASURE,
    MAKE_MERGE,
    MAKE_OBJECT,
    MAKE_OF_BYTES,
    MAKE_OF_DECIMAL,
    MAKE_OF_DOUBLE,
    MAKE_OF_INTEGER,
    MAKE_OF_MOMENT,
    MAKE_OF_TEXT,
    MAKE_OF_TRUTH,
    MAKE_PARSED,
    MAKE_PRETTY,
    MAKE_QUOTED,
    MAKE_SEARCH,
    MAKE_SORT_KEY,
    MAKE_UNQUOTED,
    MAKE_VALID,
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
from mysqlcompat.machine.ops.text_kernels import CHARACTERS, is_like
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel, routine

LONGEST = 1 << 16  #: bytes of documents and texts that are read here
SCRATCH_PER_BYTE = 64
SCRATCH = 24 << 10
NOT_HERE = -1  #: the lane is Python's
IS_NULL = -8
_PATH_BYTES = 4096
_DOLLAR = 36


@helper
def group_put(mem, at, value, digits):
    """Some digits of a decimal, big-endian: where they end."""
    count = min((digits + 1) >> 1, 4)
    for i in range(count):
        store_u8(mem, at + i, value >> 8 * (count - 1 - i) & 255)
    return at + count


@helper
def decimal_put(mem, at, lane, factor, scale):
    """The body of a decimal, as `decimal_bytes` makes it: where it ends."""
    value = -lane if lane < 0 else lane
    whole = value // factor
    rest = value % factor
    digits = 1
    power = 10
    while digits < 18 and whole >= power:
        digits += 1
        power *= 10
    store_u8(mem, at, 246)
    store_u8(mem, at + 2, digits + scale)
    store_u8(mem, at + 3, scale)
    start = at + 4
    to = start
    if digits > 9:
        to = group_put(mem, to, whole // 1000000000, digits - 9)
        whole %= 1000000000
    to = group_put(mem, to, whole, min(digits, 9))
    if scale > 9:
        factor = 1
        for _ in range(scale - 9):
            factor *= 10
        to = group_put(mem, to, rest // factor, 9)
        rest %= factor
    to = group_put(mem, to, rest, scale if scale <= 9 else scale - 9)
    store_u8(mem, start, load_u8(mem, start) ^ 128)
    if lane < 0:
        for i in range(start, to):
            store_u8(mem, i, load_u8(mem, i) ^ 255)
    store_u8(mem, at + 1, to - at - 2)
    return to


@helper
def document_of(mem, kind, lane, x, y, out):
    """The document a SQL value is, at `out`. MAKE_OF_INTEGER: x is 1 for unsigned ones;
    MAKE_OF_DECIMAL: 10^scale and scale; of moments and bytes: the type's code."""
    body = out + 1
    if kind == MAKE_OF_INTEGER:
        form, size = integer_put(mem, body, lane, x)
        return document_put(mem, body, form, size)
    if kind == MAKE_OF_TRUTH:
        store_u8(mem, body, TRUE if lane != 0 else TRUE + 1)
        return document_put(mem, body, LITERAL, 1)
    if kind == MAKE_OF_DOUBLE:
        store_i64(mem, body, lane)
        return document_put(mem, body, DOUBLE, 8)
    if kind == MAKE_OF_DECIMAL:
        return document_put(mem, body, OPAQUE, decimal_put(mem, body, lane, x, y) - body)
    if kind == MAKE_OF_MOMENT:
        store_u8(mem, body, x)
        store_u8(mem, body + 1, 8)
        store_i64(mem, body + 2, lane)
        return document_put(mem, body, OPAQUE, 10)
    form = STRING
    at = body
    if kind == MAKE_OF_BYTES:
        form = OPAQUE
        store_u8(mem, at, x)
        at += 1
    at = length_put(mem, at, text_bytes(lane))
    move(mem, at, text_at(lane), text_bytes(lane))
    return document_put(mem, body, form, at + text_bytes(lane) - body)


@helper
def container_of(st, mem, run, i, kind, parts, null_document, scratch, limit):
    """An array or object of what stands in registers (constants: count, then registers; of
    objects keys and values)."""
    count = load_i64(mem, parts)
    step = 2 if kind == MAKE_OBJECT else 1
    last = scratch
    if scratch + ENTRY_BYTES * count > limit:
        return NOT_HERE
    for j in range(0, count, step):
        source = run + load_i64(mem, parts + 8 * (j + step))
        document = load_i64(mem, source + 8 * i)
        if load_u8(mem, source + NULLS_AT + i) != 0:
            document = null_document
        if text_bytes(document) < 2:
            return NOT_HERE
        at = text_at(document)
        if kind == MAKE_ARRAY:
            last = entry_of_document(mem, last, at, text_bytes(document))
            continue
        source = run + load_i64(mem, parts + 8 * (j + 1))
        key = load_i64(mem, source + 8 * i)
        if load_u8(mem, source + NULLS_AT + i) != 0 or text_bytes(key) > LONGEST_KEY:
            return NOT_HERE
        form = load_u8(mem, at)
        size = text_bytes(document) - 1
        last = member_put(
            mem, scratch, last, text_at(key), text_bytes(key), form, at + 1, size
        )
    return container_lane(st, mem, scratch, last, int(kind == MAKE_OBJECT), last + 1, limit)


@helper
def container_lane(st, mem, first, last, is_object, body, limit):
    """The document that entries make, or NOT_HERE."""
    made = json_container(st, mem, first, last, is_object, body, limit)
    return document_put(mem, body, made & 255, made >> 8) if made >= 0 else NOT_HERE


@helper
def string_entry(mem, at, text, count, body):
    """An entry of a string whose body is written at `body`."""
    to = length_put(mem, body, count)
    move(mem, to, text, count)
    return entry_put(mem, at, 0, 0, STRING, body, to + count - body)


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
def leg_put(mem, at, container, number):
    """The leg of a path to a member or cell: where it ends, or NOT_HERE."""
    if is_array(kind_of(container)):
        digits = 1
        power = 10
        while power <= number:
            power *= 10
            digits += 1
        store_u8(mem, at, 91)
        for i in range(digits):
            store_u8(mem, at + digits - i, 48 + number % 10)
            number //= 10
        store_u8(mem, at + digits + 1, 93)
        return at + digits + 2
    key, size = key_of(mem, container, number)
    store_u8(mem, at, 46)
    plain = size > 0
    for i in range(size):
        byte = load_u8(mem, key + i)
        if byte >= 128:
            return NOT_HERE
        letter = 97 <= byte | 32 <= 122 or byte == 95 or byte == _DOLLAR
        plain = plain and (letter or (i > 0 and 48 <= byte <= 57))
    if not plain:
        return put_quoted(mem, at + 1, key, size)
    move(mem, at + 1, key, size)
    return at + 1 + size


@routine
def json_search(st, mem, place, end, pattern, escape, every, scratch, limit):
    """JSON_SEARCH of all of a document: the lane of a path or, if there are several and `every` is
    1, of an array of them; IS_NULL; NOT_HERE."""
    path = scratch + 24 * (MAX_DEPTH + 1)
    entries = path + _PATH_BYTES
    last = entries
    top = entries + ((limit - entries) >> 1)
    bodies = top + 1
    store_u8(mem, path, _DOLLAR)
    path_end = path + 1
    depth = 0
    while True:
        kind = kind_of(place)
        if is_container(kind):
            if depth > MAX_DEPTH:
                return NOT_HERE
            store_i64(mem, scratch + 24 * depth, place)
            store_i64(mem, scratch + 24 * depth + 8, 0)
            store_i64(mem, scratch + 24 * depth + 16, path_end)
            depth += 1
        elif body_bytes(mem, place, end) < 0:
            return NOT_HERE
        elif kind == STRING:
            count, at = counted(mem, body_of(place), end)
            pattern_end = text_at(pattern) + text_bytes(pattern)
            start = text_at(pattern)
            if is_like(mem, at, at + count, start, pattern_end, escape, CHARACTERS) == 1:
                if last + ENTRY_BYTES > top or bodies + path_end - path + 16 > limit:
                    return NOT_HERE
                last = string_entry(mem, last, path, path_end - path, bodies)
                if every == 0:
                    return document_put(mem, bodies, STRING, load_i64(mem, last - 8))
                bodies += load_i64(mem, last - 8)
        place = BROKEN
        while depth > 0 and place == BROKEN:
            container = load_i64(mem, scratch + 24 * depth - 24)
            done = load_i64(mem, scratch + 24 * depth - 16)
            count = cells_of(mem, container, end)
            if done >= count:
                if count < 0:
                    return NOT_HERE
                depth -= 1
                continue
            store_i64(mem, scratch + 24 * depth - 16, done + 1)
            path_end = load_i64(mem, scratch + 24 * depth - 8)
            if not is_array(kind_of(container)):
                key, size = key_of(mem, container, done)
                if key + size > end or path_end + 6 * size + 64 > entries:
                    return NOT_HERE
            if path_end + 64 > entries:
                return NOT_HERE
            path_end = leg_put(mem, path_end, container, done)
            place = cell_place(mem, container, end, done)
            if place < 0 or path_end < 0:
                return NOT_HERE
        if depth == 0:
            break
    if last == entries:
        return IS_NULL
    if last == entries + ENTRY_BYTES:
        return document_put(mem, top + 1, STRING, load_i64(mem, last - 8))
    return container_lane(st, mem, entries, last, 0, bodies + 1, limit)


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
    if kind == MAKE_MEASURE:
        value = json_measure(st, mem, place, end, x, scratch)
        if x == COMPACT and value >= 0:
            value = max(text_bytes(document) - value, 0)
        return value if value >= 0 else NOT_HERE
    out = scratch + WALK_BYTES
    if kind == MAKE_PRETTY:
        size = json_text(st, mem, place, end, out, limit - out, scratch, PRETTY)
    else:
        size = json_sort_key(st, mem, place, end, out, limit - out, scratch)
    return text_lane(out, size) if size >= 0 else NOT_HERE


@kernel(OP)
def op_json_make(st, mem, run, instruction, n):
    """to = what is made of values or documents. Operands: to, kind, a, b (registers), x, y
    (constants). Lanes for Python are marked; those of MAKE_PARSED with y = 1 are empty instead.

    MAKE_OF_…, MAKE_PARSED, MAKE_VALID, MAKE_QUOTED, MAKE_UNQUOTED of the value a · MAKE_ARRAY, MAKE_OBJECT of
    the registers listed at x · MAKE_CHANGE of a by the path x: b is put there, in the way y ·
    MAKE_MERGE of a and b in the way x · MAKE_SEARCH in a for the pattern b, with the escape x, for
    all places if y is 1 · MAKE_MEASURE: x of
    a (COMPACT: the bytes it could do without) · MAKE_KEYS, MAKE_SORT_KEY, MAKE_PRETTY of a
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
        is_list = kind == MAKE_ARRAY or kind == MAKE_OBJECT
        size = 0 if is_list else (0 if a_null != 0 else text_bytes(a))
        if kind <= MAKE_OF_MOMENT and kind < MAKE_OF_TEXT:
            size = 0
        other = text_bytes(b) if MAKE_CHANGE <= kind <= MAKE_SEARCH and b_null == 0 else 0
        is_long = size > LONGEST or other > LONGEST
        scratch_bytes = SCRATCH + (0 if is_long else SCRATCH_PER_BYTE * (size + other))
        code = heap_room(mem, run, heap - begin + scratch_bytes)
        if code < 0:
            return code
        limit = heap + scratch_bytes
        scratch = heap + 8
        store_u8(mem, heap, LITERAL)
        store_u8(mem, heap + 1, NULL)
        null_document = text_lane(heap, 2)
        value = NOT_HERE
        if is_list:
            value = container_of(st, mem, run, i, kind, x, null_document, scratch, limit)
        elif kind == MAKE_MERGE and not is_long:
            if (size >= 2 or a_null != 0) and (other >= 2 or b_null != 0):
                value = merged(st, mem, a, a_null, b, b_null, x, scratch, limit)
        elif a_null != 0 or (kind == MAKE_SEARCH and b_null != 0):
            value = IS_NULL
        elif is_long:
            value = NOT_HERE
        elif kind <= MAKE_OF_BYTES:
            value = document_of(mem, kind, a, x, y, scratch)
        elif kind <= MAKE_VALID:
            value = json_parsed(st, mem, text_at(a), size, scratch, limit)
            if kind == MAKE_VALID:
                value = 1 if value >= 0 else may_begin(mem, text_at(a), size)
        elif kind <= MAKE_UNQUOTED:
            value = text_of(mem, kind, a, scratch)
        elif size < 2:
            value = NOT_HERE
        elif kind == MAKE_CHANGE:
            if b_null != 0:
                b = null_document
            if text_bytes(b) >= 2:
                value = json_changed(
                    st, mem, text_at(a), size, x, y, text_at(b), text_bytes(b), scratch, limit
                )
                if value == UNCHANGED:
                    value = a
        else:
            value = asked_of(st, mem, kind, a, b, x, y, scratch, limit)
        null = 0
        if value < 0:
            null = 1 if value == IS_NULL else LANE_FAILED
            if kind == MAKE_PARSED and null == LANE_FAILED and y == 1:
                null = 0
            failed |= int(null == LANE_FAILED)
            value = 0
        elif kind != MAKE_MEASURE and kind != MAKE_VALID and text_at(value) >= heap and text_at(value) < limit:
            move(mem, heap, text_at(value), text_bytes(value))
            value = text_lane(heap, text_bytes(value))
            heap += text_bytes(value)
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return E_OVERFLOW if failed == 1 else n
