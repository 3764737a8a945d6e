"""Statements with their values taken out, as MySQL's digests are made: token by token.

Each token is shown with a blank behind it; what has been shown can be taken back, as lists and rows
of values become one token. MySQL keeps 1024 bytes of tokens: what comes later is not shown.

    token      its byte, up to three bytes of an operator, or one of the codes from VALUE on; the
               code of a word is KEYWORD + its slot
    entry      16 bytes of the stack: token, where its text begins
    slot       of `functions.digest_words`: place and length of a word, of what is shown; flags
"""

from __future__ import annotations

from mysqlcompat.digest_token_kernels import (
    AFTER_AT,
    AFTER_ATAT,
    AFTER_NOTHING,
    AFTER_POINT,
    AFTER_WORD,
    BASE,
    BITS,
    BROKEN,
    DECIMAL,
    END,
    QUOTED,
    WHOLE,
    WORD,
    byte_at,
    is_name_byte,
    past_blanks,
    token_end,
)
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel

SEED, PRIME, MASK = 1469598103, 1099511627, (1 << 31) - 1  #: of the hashes of words
OTHER_PRIME = 1566083941  #: of the other half of a shape
SLOT_WORDS, LENGTH_BITS = 3, 8
CALLED, BEFORE_EXPRESSION, GOES_ON, BEHIND_LIST, TYPE = 1, 2, 4, 8, 16
ROLE_BY, ROLE_IN, ROLE_IS, ROLE_NOT, ROLE_NULL = 1 << 8, 2 << 8, 3 << 8, 4 << 8, 5 << 8
ROLES = 15 << 8
VALUE, VALUES, ROW, ROWS, LIST_ROW, LIST_ROWS, IN_ROW, NAME, NUMBER_BY = range(BASE, BASE + 9)
KEYWORD = BASE << 1
MOST_BYTES = 1024  #: of tokens
TOKEN_BYTES = 2
STACK_BYTES = 16 * 520
MOST_SHOWN = 1 << 15  #: bytes of a digest's text; fewer of a short statement
SHOWN_GROWTH, SHOWN_BESIDES = 8, 64
#: Places of the state: bytes of tokens, entries, where text goes on, depth of parentheses, a bit
#: for each depth whether it is within a list behind BY, an integer that may be a column's number
#: (where, bytes), whether MySQL has stopped.
BYTES, TOP, OUT, DEPTH, LISTS, NUMBER, NUMBER_BYTES, FULL = range(0, 64, 8)
DEEPEST = 62
STATE_BYTES = 80


@helper
def slot_of(slots, words, mem, at, end):
    """Number of a word's slot; -1: it means nothing."""
    made = SEED
    for place in range(at, end):
        byte = load_u8(mem, place)
        made = ((made ^ (byte & ~32 if 97 <= byte <= 122 else byte)) * PRIME) & MASK
    count = slots[0]
    slot = made & (count - 1)
    while slots[1 + slot * SLOT_WORDS] != 0:
        known = slots[1 + slot * SLOT_WORDS]
        same = known & ((1 << LENGTH_BITS) - 1) == end - at
        if same:
            first = known >> LENGTH_BITS
            for place in range(end - at):
                byte = load_u8(mem, at + place)
                byte = byte & ~32 if 97 <= byte <= 122 else byte
                same = same and byte == load_u8(words, first + place)
        if same:
            return slot
        slot = (slot + 1) & (count - 1)
    return -1


@helper
def flags_of(slots, token):
    """Of a token that is a keyword."""
    return slots[3 + (token - KEYWORD) * SLOT_WORDS] if token >= KEYWORD else 0


@helper
def starts_expression(slots, token):
    if token >= KEYWORD:
        return flags_of(slots, token) & BEFORE_EXPRESSION != 0
    if token >= BASE or token < 0:
        return False
    first, second = token & 255, token >> 8
    if second == 0:  # ( , = < > | & ^ + - * / %
        plain = first == 40 or first == 44 or 60 <= first <= 62 or first == 124 or first == 38
        sign = first == 43 or first == 45
        return plain or sign or first == 94 or first == 42 or first == 47 or first == 37
    return first == 60 or first == 62 or first == 33 or first == 124 or first == 38


@helper
def last_of(mem, state, number):
    """The last token, or the last but `number`; -1: there is none."""
    top = load_i64(mem, state + TOP) - 1 - number
    return load_i64(mem, state + STATE_BYTES + 16 * top) if top >= 0 else -1


@helper
def taken_back(mem, state, count):
    """The last tokens are not there."""
    top = load_i64(mem, state + TOP) - count
    store_i64(mem, state + TOP, top)
    store_i64(mem, state + BYTES, load_i64(mem, state + BYTES) - TOKEN_BYTES * count)
    store_i64(mem, state + OUT, load_i64(mem, state + STATE_BYTES + 16 * top + 8))


@helper
def pushed(mem, state, token, size):
    """Where the text of a token goes; -1: MySQL has no room for it, nor for what follows."""
    count = load_i64(mem, state + BYTES) + size
    if count > MOST_BYTES or load_i64(mem, state + FULL) == 1:
        store_i64(mem, state + FULL, 1)
        return -1
    top = load_i64(mem, state + TOP)
    out = load_i64(mem, state + OUT)
    store_i64(mem, state + BYTES, count)
    store_i64(mem, state + TOP, top + 1)
    store_i64(mem, state + STATE_BYTES + 16 * top, token)
    store_i64(mem, state + STATE_BYTES + 16 * top + 8, out)
    return out


@helper
def list_begins(mem, state, begins):
    """Whether there is a list behind BY at this depth of parentheses."""
    depth = load_i64(mem, state + DEPTH)
    if depth < DEEPEST:
        lists = load_i64(mem, state + LISTS) & ~(1 << depth)
        store_i64(mem, state + LISTS, lists | (1 << depth if begins else 0))


@helper
def ended(mem, state, out):
    """A blank behind a token's text."""
    store_u8(mem, out, 32)
    store_i64(mem, state + OUT, out + 1)


@helper
def packed_shown(mem, state, token, packed):
    """A token whose text is the bytes of an integer."""
    out = pushed(mem, state, token, TOKEN_BYTES)
    if out < 0:
        return
    while packed != 0:
        store_u8(mem, out, packed & 255)
        packed >>= 8
        out += 1
    if token == 64:  # @
        store_i64(mem, state + OUT, out)
    else:
        ended(mem, state, out)


@helper
def rows_shown(mem, state, token, single):
    """(?) /* , ... */ or (...) /* , ... */"""
    packed_shown(mem, state, token, 0x293F28 if single else 0x292E2E2E28)
    out = load_i64(mem, state + OUT)
    if load_i64(mem, state + FULL) == 0:
        store_i64(mem, out, 0x2E2E2E202C202A2F)
        store_i64(mem, out + 8, 0x202F2A20)
        store_i64(mem, state + OUT, out + 12)


@helper
def value_shown(slots, mem, state, is_number):
    """A value: with the signs before it, and as one with the values before it."""
    if load_i64(mem, state + FULL) == 1:
        return
    while is_number:
        sign = last_of(mem, state, 0)
        is_number = (sign == 43 or sign == 45) and starts_expression(slots, last_of(mem, state, 1))
        if is_number:
            taken_back(mem, state, 1)
    before = last_of(mem, state, 1)
    if last_of(mem, state, 0) == 44 and (before == VALUE or before == VALUES):
        taken_back(mem, state, 2)
        packed_shown(mem, state, VALUES, 0x2E2E2E202C3F)
    else:
        packed_shown(mem, state, VALUE, 0x3F)


@helper
def parenthesis_shown(slots, mem, state):
    """A closing one: with a value or values within it is a row."""
    if load_i64(mem, state + FULL) == 1:
        return
    inner = last_of(mem, state, 0)
    if last_of(mem, state, 1) != 40 or (inner != VALUE and inner != VALUES):
        packed_shown(mem, state, 41, 41)
        return
    taken_back(mem, state, 2)
    single = inner == VALUE
    one, several = (ROW, ROWS) if single else (LIST_ROW, LIST_ROWS)
    last, before = last_of(mem, state, 0), last_of(mem, state, 1)
    if last == 44 and (before == one or before == several):
        taken_back(mem, state, 2)
        rows_shown(mem, state, several, single)
    elif flags_of(slots, last) & ROLES == ROLE_IN:
        taken_back(mem, state, 1)
        packed_shown(mem, state, IN_ROW, 0x292E2E2E28204E49)
    else:
        packed_shown(mem, state, one, 0x293F28 if single else 0x292E2E2E28)


@helper
def name_shown(mem, state, at, end, is_quoted):
    """A name, in quotes; of two quotes in it one."""
    size = end - at
    if is_quoted:
        quotes = 0
        for place in range(at, end):
            quotes += 1 if load_u8(mem, place) == 96 else 0
        size -= quotes >> 1
    out = pushed(mem, state, NAME, 2 * TOKEN_BYTES + size)
    if out < 0:
        return
    store_u8(mem, out, 96)
    if not is_quoted:
        move(mem, out + 1, at, size)
        out += size + 1
    else:
        out += 1
        while at < end:
            byte = load_u8(mem, at)
            store_u8(mem, out, byte)
            out += 1
            at += 2 if byte == 96 else 1
    store_u8(mem, out, 96)
    ended(mem, state, out + 1)


@helper
def is_value(slots, mem, state):
    """Whether NULL is a value behind what has been shown."""
    last = last_of(mem, state, 0)
    flags = flags_of(slots, last)
    if flags & ROLES == ROLE_NOT:
        return starts_expression(slots, last_of(mem, state, 1))
    return last != 41 and (last < VALUE or last >= KEYWORD) and flags & TYPE == 0


@helper
def word_shown(slots, words, mem, state, at, end, limit, after):
    """A word: a keyword or a name; what it adds to the shape."""
    slot = slot_of(slots, words, mem, at, end)
    place = 1 + slot * SLOT_WORDS
    shown = slots[place + 1] if slot >= 0 else 0
    flags = slots[place + 2] if slot >= 0 else 0
    size = shown & ((1 << LENGTH_BITS) - 1)
    follows = byte_at(mem, end, limit)
    is_name = size == 0 or after == AFTER_POINT or (flags & CALLED != 0 and follows != 40)
    if after != AFTER_ATAT and follows == 46 and is_name_byte(byte_at(mem, end + 1, limit)):
        is_name = True
    first = load_u8(mem, at)
    plain = 97 <= first | 32 <= 122 and first < 128
    code = KEYWORD + slot if slot >= 0 else (WORD if plain and end - at <= 64 else WORD + 32)
    if is_name:
        name_shown(mem, state, at, end, False)
        return code
    if flags & BEHIND_LIST != 0:
        list_begins(mem, state, False)
    if flags & ROLES == ROLE_BY:
        list_begins(mem, state, True)
    if flags & ROLES == ROLE_NULL and is_value(slots, mem, state):
        value_shown(slots, mem, state, False)
        return code
    out = pushed(mem, state, KEYWORD + slot, TOKEN_BYTES)
    if out >= 0:
        for number in range(size):
            store_u8(mem, out + number, load_u8(words, (shown >> LENGTH_BITS) + number))
        ended(mem, state, out + size)
    return code


@helper
def number_kept(slots, words, mem, state, token, at, end):
    """An integer that is all of what a list is ordered by stands for a column: it is shown. Here
    it is known what follows it."""
    place = load_i64(mem, state + NUMBER)
    store_i64(mem, state + NUMBER, 0)
    goes_on = token < BASE and token != 44 and token != 41 and token != 59
    if token == WORD:
        slot = slot_of(slots, words, mem, at, end)
        goes_on = slot >= 0 and slots[3 + slot * SLOT_WORDS] & GOES_ON != 0
    if goes_on or load_i64(mem, state + FULL) == 1:
        return
    size = load_i64(mem, state + NUMBER_BYTES)
    taken_back(mem, state, 1)
    out = pushed(mem, state, NUMBER_BY, 2 * TOKEN_BYTES + size)
    if out >= 0:
        move(mem, out, place, size)
        ended(mem, state, out + size)


@helper
def whole_shown(slots, mem, state, at, end):
    """An integer."""
    last, before = last_of(mem, state, 0), last_of(mem, state, 1)
    depth = load_i64(mem, state + DEPTH)
    in_list = depth < DEEPEST and (load_i64(mem, state + LISTS) >> depth) & 1 == 1
    first = flags_of(slots, last) & ROLES == ROLE_BY
    later = last == 44 and before != VALUE and before != VALUES
    value_shown(slots, mem, state, True)
    if in_list and (first or later):
        store_i64(mem, state + NUMBER, at)
        store_i64(mem, state + NUMBER_BYTES, end - at)


@helper
def operator_shown(slots, mem, state, token):
    depth = load_i64(mem, state + DEPTH)
    if token == 40:
        store_i64(mem, state + DEPTH, depth + 1)
        list_begins(mem, state, False)
    if token == 41:
        list_begins(mem, state, False)
        store_i64(mem, state + DEPTH, max(depth - 1, 0))
        parenthesis_shown(slots, mem, state)
    else:
        packed_shown(mem, state, token, token)


@helper
def token_shown(slots, words, mem, state, token, at, stop, end, after):
    """A token; what it adds to the shape."""
    if token == WORD:
        return word_shown(slots, words, mem, state, at, stop, end, after)
    if token == QUOTED:
        name_shown(mem, state, at + 1, stop - 1, True)
        return QUOTED if 3 <= stop - at <= 66 else QUOTED + 32
    if token == WHOLE:
        whole_shown(slots, mem, state, at, stop)
    elif token >= BASE:
        value_shown(slots, mem, state, token == DECIMAL or token == BITS)
    elif token == 63:
        value_shown(slots, mem, state, False)
    else:
        operator_shown(slots, mem, state, token)
    return token


@helper
def mixed(value, prime):
    """31 bits of a shape."""
    value = (value * prime) & MASK
    return value ^ (value >> 15)


@helper
def digest_made(slots, words, mem, at, end, state):
    """Shows a statement; its shape, or -1 if it is none."""
    after = AFTER_NOTHING
    high = low = SEED
    while True:
        begin = past_blanks(mem, at, end)
        if begin > at and after == AFTER_WORD:
            after = AFTER_NOTHING
        if begin >= end:
            break
        token, stop = token_end(mem, begin, end, after)
        if token == BROKEN:
            return -1
        if load_i64(mem, state + NUMBER) != 0:
            number_kept(slots, words, mem, state, token, begin, stop)
        code = token_shown(slots, words, mem, state, token, begin, stop, end, after)
        high, low = mixed(high ^ code, PRIME), mixed(low ^ code, OTHER_PRIME)
        if token == 64:
            after = AFTER_ATAT if after == AFTER_AT else AFTER_AT
        elif token == 46:
            after = AFTER_POINT
        else:
            after = AFTER_WORD if token == WORD else AFTER_NOTHING
        at = stop
    if load_i64(mem, state + NUMBER) != 0:
        number_kept(slots, words, mem, state, END, end, end)
    if last_of(mem, state, 0) == 59 and load_i64(mem, state + FULL) == 0:
        taken_back(mem, state, 1)
    return high << 31 | low


@kernel("i8(i8[::1], u1[::1], u1[::1], i8[::1], i8)")
def digests_made(slots, words, mem, rows, n):
    """The digests of statements that lie one behind the other. rows: where each begins, and where
    the last one ends; then of each where its digest and a blank end, and its shape (-1: it is
    broken); the first digest begins where the state (`STATE_BYTES`, `STACK_BYTES`) ends, which is
    behind the statements. Where the last digest ends."""
    state = (rows[n] + 7) & ~7
    out = state + STATE_BYTES + STACK_BYTES
    for i in range(n):
        for place in range(0, STATE_BYTES, 8):
            store_i64(mem, state + place, 0)
        store_i64(mem, state + OUT, out)
        shape = digest_made(slots, words, mem, rows[i], rows[i + 1], state)
        begin, out = out, load_i64(mem, state + OUT)
        if out == begin or load_u8(mem, out - 1) != 32:  # each ends with a blank
            store_u8(mem, out, 32)
            out += 1
        rows[n + 1 + 2 * i] = out
        rows[n + 2 + 2 * i] = shape
    return out
