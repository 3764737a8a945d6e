"""EXTRACTVALUE and UPDATEXML by paths of steps and simple predicates (`sql.code_markup`).

A document is read once into an array of nodes, as `functions.markup_reader` does; a path is steps
from one set of nodes to the next, as in `functions.xpath`. Documents in which something is wrong,
declarations (``<!DOCTYPE …>``), long documents and sets with nodes that are in them more often than
once are left over, lane by lane, to Python.

    node, 56 bytes     kind, parent's place, begin and end of its name or text, where it was over,
                       place of the first node behind it, whether its texts are wanted
    of a set, 16 bytes place of a node, position
    step, 6 words      what, name, bytes of the name (0: any), axis within a predicate,
                       lane of a text, flags or a position
"""

from __future__ import annotations

from mysqlcompat.machine.function_codes import (
    LANE_FAILED,
    MARKUP_ANY,
    MARKUP_AT,
    MARKUP_ATTRIBUTE,
    MARKUP_COUNT,
    MARKUP_DESCENDANTS,
    MARKUP_LAST,
    MARKUP_ONE,
    MARKUP_SELF,
    MARKUP_TEXT,
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
from mysqlcompat.machine.ops.search_kernels import is_plain, stands_at, stripped
from mysqlcompat.machine.ops.text_kernels import FOLD
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

LONGEST = 1 << 20  #: bytes of a document, and of what is put into it
SHORT = 1 << 10  #: bytes of a document whose nodes are not counted beforehand
MOST_NODES = 1 << 16
MOST_MADE = 1 << 23  #: bytes of results of a batch
MOST_LEVELS = 255
NODE, PLACE, STEP = 56, 16, 48  #: bytes of each
ELEMENT, ATTRIBUTE, TEXT = 0, 1, 2
BROKEN = -1
NOTHING = 0  #: a byte where there is none
OPEN, CLOSE, SLASH, QUESTION, EXCLAMATION, EQUALS = 60, 62, 47, 63, 33, 61
QUOTE, APOSTROPHE, MINUS, BRACKET_OPEN, BRACKET = 34, 39, 45, 91, 93


@helper
def byte_at(mem, at, end):
    return load_u8(mem, at) if at < end else NOTHING


@helper
def past_blanks(mem, at, end):
    while at < end:
        byte = load_u8(mem, at)
        if byte != 32 and byte != 10 and byte != 9 and byte != 13:
            break
        at += 1
    return at


@helper
def name_end(mem, at, end):
    """Where a name ends that begins here; `at` itself: none does."""
    start = at
    while at < end:
        byte = load_u8(mem, at)
        letter = 97 <= byte | 32 <= 122 and byte < 128
        letter = letter or byte == 95 or byte == 58 or byte >= 128
        if not letter and (at == start or not (48 <= byte <= 57 or byte == 45 or byte == 46)):
            break
        at += 1
    return at


@helper
def found(mem, at, end, first, second):
    """Where two bytes `first`, one `second` are; -1: nowhere."""
    for place in range(at, end - 2):
        is_there = load_u8(mem, place) == first and load_u8(mem, place + 1) == first
        if is_there and load_u8(mem, place + 2) == second:
            return place
    return -1


@helper
def node_put(mem, node, kind, parent, begin, end):
    """A node; where the next one goes."""
    store_i64(mem, node, kind)
    store_i64(mem, node + 8, parent)
    store_i64(mem, node + 16, begin)
    store_i64(mem, node + 24, end)
    store_i64(mem, node + 32, end)
    store_i64(mem, node + 40, node + NODE)
    store_i64(mem, node + 48, 0)
    return node + NODE


@helper
def node_over(mem, node, close, behind):
    """The end of an element or attribute; its parent."""
    store_i64(mem, node + 32, close)
    store_i64(mem, node + 40, behind)
    return load_i64(mem, node + 8)


@helper
def attributes_read(mem, at, end, parent, behind):
    """(where the attributes of an element end, or BROKEN; where the next node goes)"""
    while True:
        at = past_blanks(mem, at, end)
        name = at
        at = name_end(mem, at, end)
        if at == name:
            return at, behind
        stop = at
        at = past_blanks(mem, at, end)
        if byte_at(mem, at, end) != EQUALS:
            if name_end(mem, at, end) > at:
                return BROKEN, behind
            continue
        at = past_blanks(mem, at + 1, end)
        quote = byte_at(mem, at, end)
        attribute = behind
        behind = node_put(mem, behind, ATTRIBUTE, parent, name, stop)
        if quote == QUOTE or quote == APOSTROPHE:
            value = at + 1
            at = value
            while at < end and load_u8(mem, at) != quote:
                at += 1
            if at == end:
                return BROKEN, behind
            behind = node_put(mem, behind, TEXT, attribute, value, at)
            at += 1
        else:
            value = at
            at = name_end(mem, at, end)
            if at == value:
                return BROKEN, behind
            behind = node_put(mem, behind, TEXT, attribute, value, at)
        node_over(mem, attribute, at, behind)


@helper
def aside_read(mem, at, end, parent, behind):
    """The same of a comment or CDATA that begins at `at`."""
    if byte_at(mem, at + 2, end) == MINUS and byte_at(mem, at + 3, end) == MINUS:
        stop = found(mem, at, end, MINUS, CLOSE)
        return (end if stop < 0 else stop + 3), behind
    data = byte_at(mem, at + 2, end) == BRACKET_OPEN and byte_at(mem, at + 8, end) == BRACKET_OPEN
    word = load_i64(mem, at + 1) if data and at + 9 <= end else 0
    stop = found(mem, at + 9, end, BRACKET, CLOSE) if word == 0x5B41544144435B21 else -1
    if stop < 0:
        return BROKEN, behind
    return stop + 3, node_put(mem, behind, TEXT, parent, at + 9, stop)


@helper
def element_read(mem, at, end, parent, behind):
    """(where a tag that begins at `at` ends, or BROKEN; the element that is open then; where the
    next node goes)"""
    at = past_blanks(mem, at + 1, end)
    mark = byte_at(mem, at, end)
    if mark == SLASH:
        name = past_blanks(mem, at + 1, end)
        at = name_end(mem, name, end)
        size = load_i64(mem, parent + 24) - load_i64(mem, parent + 16)
        if at == name or at - name != size:
            return BROKEN, parent, behind
        parent = node_over(mem, parent, at, behind)
    else:
        name = past_blanks(mem, at + 1, end) if mark == QUESTION else at
        at = name_end(mem, name, end)
        if at == name:
            return BROKEN, parent, behind
        element = behind
        behind = node_put(mem, behind, ELEMENT, parent, name, at)
        at, behind = attributes_read(mem, at, end, element, behind)
        if at < 0:
            return BROKEN, parent, behind
        last = byte_at(mem, at, end)
        if mark == QUESTION and last != QUESTION:
            return BROKEN, parent, behind
        if mark == QUESTION or last == SLASH:
            at += 1
            node_over(mem, element, at, behind)
        else:
            parent = element
    at = past_blanks(mem, at, end)
    if byte_at(mem, at, end) != CLOSE:
        return BROKEN, parent, behind
    return at + 1, parent, behind


@helper
def markup_read(mem, at, end, nodes):
    """Reads a document; where its nodes end, or BROKEN."""
    behind = node_put(mem, nodes, ELEMENT, nodes, at, at)
    parent = nodes
    depth = 0
    while at < end:
        if load_u8(mem, at) != OPEN:
            begin = at
            while at < end and load_u8(mem, at) != OPEN:
                at += 1
            behind = node_put(mem, behind, TEXT, parent, begin, at)
        elif byte_at(mem, at + 1, end) == EXCLAMATION:
            at, behind = aside_read(mem, at, end, parent, behind)
        else:
            before = parent
            at, parent, behind = element_read(mem, at, end, parent, behind)
            if parent != before:
                depth += 1 if load_i64(mem, parent + 8) == before else -1
        if at < 0 or depth < 0 or depth > MOST_LEVELS - 2:
            return BROKEN
    store_i64(mem, nodes + 40, behind)
    return behind if parent == nodes else BROKEN


@helper
def is_named(mem, node, name, size):
    begin = load_i64(mem, node + 16)
    if size == 0:
        return True
    return load_i64(mem, node + 24) - begin == size and stands_at(mem, begin, name, size, 0)


@helper
def next_reached(mem, node, at, axis, name, size):
    """The next node, from `at` on, that an axis leads to from a node; 0: there is none."""
    behind = load_i64(mem, node + 40)
    kind = ATTRIBUTE if axis == MARKUP_ATTRIBUTE else ELEMENT
    while at < behind:
        if load_i64(mem, at) == kind and is_named(mem, at, name, size):
            return at
        at = at + NODE if axis == MARKUP_DESCENDANTS else load_i64(mem, at + 40)
    return 0


@helper
def has_text(mem, node, wanted, flags):
    """1: one of a node's own texts is the wanted one; 0; BROKEN: that is not known here."""
    behind = load_i64(mem, node + 40)
    size = stripped(mem, text_at(wanted), text_bytes(wanted), flags)
    at = node + NODE
    while at < behind:
        if load_i64(mem, at) == TEXT:
            begin = load_i64(mem, at + 16)
            count = load_i64(mem, at + 24) - begin
            if flags & FOLD != 0 and not is_plain(mem, text_lane(begin, count)):
                return BROKEN
            count = stripped(mem, begin, count, flags)
            if count == size and stands_at(mem, begin, text_at(wanted), size, flags):
                return 1
        at = load_i64(mem, at + 40)
    return 0


@helper
def is_kept(mem, node, position, count, step):
    """1: a predicate is true of a node; 0; BROKEN: that is not known here."""
    what = load_i64(mem, step)
    flags = load_i64(mem, step + 40)
    if what == MARKUP_AT:
        return 1 if position == flags else 0
    if what == MARKUP_LAST:
        return 1 if position == count - 1 else 0
    axis = load_i64(mem, step + 24)
    wanted = load_i64(mem, step + 32)
    if axis == MARKUP_SELF:
        return has_text(mem, node, wanted, flags)
    name, size = load_i64(mem, step + 8), load_i64(mem, step + 16)
    seen = 0
    at = next_reached(mem, node, node + NODE, axis, name, size)
    while at != 0:
        seen += 1
        if what == MARKUP_ANY:
            is_there = has_text(mem, at, wanted, flags)
            if is_there != 0:
                return is_there
        at = next_reached(mem, node, load_i64(mem, at + 40), axis, name, size)
    return 1 if what == MARKUP_ONE and seen == 1 else 0


@helper
def step_made(mem, source, count, to, step, most):
    """Members of the set that a step makes of another one; BROKEN: Python has to."""
    what = load_i64(mem, step)
    made = 0
    for number in range(count):
        node = load_i64(mem, source + PLACE * number)
        position = load_i64(mem, source + PLACE * number + 8)
        if what >= MARKUP_AT:
            kept = is_kept(mem, node, position, count, step)
            if kept < 0:
                return BROKEN
            if kept == 1:
                store_i64(mem, to + PLACE * made, node)
                store_i64(mem, to + PLACE * made + 8, made)
                made += 1
            continue
        name, size = load_i64(mem, step + 8), load_i64(mem, step + 16)
        at = node + NODE
        if what == MARKUP_DESCENDANTS and is_named(mem, node, name, size):
            at = node
        else:
            at = next_reached(mem, node, at, what, name, size)
        first = made
        while at != 0:
            if made == most:
                return BROKEN
            store_i64(mem, to + PLACE * made, at)
            store_i64(mem, to + PLACE * made + 8, made - first)
            made += 1
            after = at + NODE if what == MARKUP_DESCENDANTS else load_i64(mem, at + 40)
            at = next_reached(mem, node, after, what, name, size)
    return made


@helper
def texts_made(mem, nodes, behind, source, count, heap):
    """The lane of the texts of a set's nodes, in the document's order."""
    for number in range(count):
        store_i64(mem, load_i64(mem, source + PLACE * number) + 48, 1)
    pieces = 0
    only = text_lane(nodes, 0)
    at = heap
    for node in range(nodes, behind, NODE):
        if load_i64(mem, node) != TEXT or load_i64(mem, load_i64(mem, node + 8) + 48) == 0:
            continue
        begin, size = load_i64(mem, node + 16), load_i64(mem, node + 24) - load_i64(mem, node + 16)
        if pieces == 0:
            only = text_lane(begin, size)
        else:
            if pieces == 1:
                move(mem, at, text_at(only), text_bytes(only))
                at += text_bytes(only)
            if at > heap:
                store_u8(mem, at, 32)
                at += 1
            move(mem, at, begin, size)
            at += size
        pieces += 1
    return only if pieces < 2 else text_lane(heap, at - heap)


@helper
def count_shown(mem, count, heap):
    at = heap + 20
    size = 0
    while count > 0 or size == 0:
        size += 1
        store_u8(mem, at - size, 48 + count % 10)
        count //= 10
    return text_lane(at - size, size)


@helper
def replaced(mem, document, node, root, new, heap):
    """The lane of a document with something else in an element's or attribute's place."""
    if node == root:
        return new
    around = 1 if load_i64(mem, node) == ELEMENT else 0
    start = text_at(document)
    size = load_i64(mem, node + 16) - around - start
    move(mem, heap, start, size)
    move(mem, heap + size, text_at(new), text_bytes(new))
    size += text_bytes(new)
    rest = load_i64(mem, node + 32) + around
    left = start + text_bytes(document) - rest
    move(mem, heap + size, rest, left)
    return text_lane(heap, size + left)


@helper
def nodes_most(mem, document):
    """How many nodes a document may have: one and a text for each < and =, and the root."""
    count = text_bytes(document)
    if count > SHORT:
        at = text_at(document)
        marks = 0
        for place in range(at, at + text_bytes(document)):
            byte = load_u8(mem, place)
            marks += 1 if byte == OPEN or byte == EQUALS else 0
        count = 2 * marks
    return count + 2


@helper
def made_most(document, new):
    """Bytes a result may have."""
    return 2 * text_bytes(document) + text_bytes(new) + 24


@helper
def is_fit(mem, document, new):
    """Whether this is not too long to be done here."""
    return text_bytes(document) <= LONGEST and text_bytes(new) <= LONGEST


@helper
def markup_made(mem, document, path, new, heap, nodes, most):
    """The lane of what a path finds, or a document becomes; BROKEN: Python has to."""
    at = text_at(document)
    if most > MOST_NODES:
        return BROKEN
    behind = markup_read(mem, at, at + text_bytes(document), nodes)
    if behind < 0:
        return BROKEN
    source = behind
    to = source + PLACE * most
    store_i64(mem, source, nodes)
    store_i64(mem, source + 8, 0)
    count = 1
    for number in range(load_i64(mem, path + 8)):
        count = step_made(mem, source, count, to, path + 16 + STEP * number, most)
        if count < 0:
            return BROKEN
        source, to = to, source
    what = load_i64(mem, path)
    if what == MARKUP_TEXT:
        return texts_made(mem, nodes, behind, source, count, heap)
    if what == MARKUP_COUNT:
        return count_shown(mem, count, heap)
    if count != 1:
        return document
    return replaced(mem, document, load_i64(mem, source), nodes, new, heap)


@kernel(OP)
def op_markup(st, mem, run, instruction, n):
    """to = what a path finds in a document, or the document with something else in its place.
    Operands: to, documents, path (what is made; steps), what is put there (or the documents)."""
    to = register(mem, run, instruction, 1)
    documents = register(mem, run, instruction, 2)
    path = operand(mem, instruction, 3)
    others = register(mem, run, instruction, 4)
    made, most = 0, 0
    for i in range(n):
        null = load_u8(mem, documents + NULLS_AT + i) | load_u8(mem, others + NULLS_AT + i)
        document, new = load_i64(mem, documents + 8 * i), load_i64(mem, others + 8 * i)
        if null == 0 and is_fit(mem, document, new):
            made += made_most(document, new)
            most = max(most, nodes_most(mem, document))
    heap = load_i64(mem, run + RUN_HEAP)
    nodes = (heap + min(made, MOST_MADE) + 7) & ~7
    most = min(most, MOST_NODES)
    code = heap_room(mem, run, nodes - heap + most * (NODE + 2 * PLACE))
    if code < 0:
        return code
    failed = 0
    for i in range(n):
        null = load_u8(mem, documents + NULLS_AT + i) | load_u8(mem, others + NULLS_AT + i)
        lane = 0
        if null == 0:
            document, new = load_i64(mem, documents + 8 * i), load_i64(mem, others + 8 * i)
            lane = BROKEN
            if is_fit(mem, document, new) and heap + made_most(document, new) <= nodes:
                most = nodes_most(mem, document)
                lane = markup_made(mem, document, path, new, heap, nodes, most)
            if lane == BROKEN:
                lane = 0
                null = LANE_FAILED
                failed = 1
            elif heap <= text_at(lane) < nodes:
                heap = text_at(lane) + text_bytes(lane)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return E_OVERFLOW if failed == 1 else n
