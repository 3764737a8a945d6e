"""Statement text -> shape and literals: the key under which a plan is cached.

One pass over the text. Everything stays as written except

- literals, each replaced by a marker byte that names its type (see the table) and recorded,
- plain comments, dropped; ``/*! */`` and ``/*+ */`` stay, unread,
- spaces before and after the statement and one trailing semicolon.

Spelling and inner spaces are kept on purpose: MySQL names an unnamed result column by its source
text, so two spellings are two result sets. A literal that decides the plan or a column name is
pinned by the plan cache, which then keys on its value as well.

::

    MARKER  TYPE             FOLLOWED BY
    0x01    integer          nothing; the value fits int64
    0x02    decimal          precision byte, scale byte; integers over 18 digits: `whole_class`
    0x03    float            nothing (has an exponent)
    0x04    string           nothing ('…', or "…" without ANSI_QUOTES)

A literal record is LITERAL_WORDS int64 words: type marker, start and end offset of its text in the
statement (end exclusive, quotes included), value (integers: the number; decimals up to 18 digits:
scaled), escaped (1 when a string holds an escape or a doubled quote), scale.
"""

from __future__ import annotations

from mysqlcompat.lane.lane_layout import (
    LITERAL_DECIMAL,
    LITERAL_FLOAT,
    LITERAL_INT,
    LITERAL_STRING,
    LITERAL_WORDS,
    MODE_ANSI_QUOTES,
    MODE_NO_BACKSLASH_ESCAPES,
)
from redo.codes import E_BAD_VALUE, E_NO_ROOM
from redo.coding_kernels import load_u8, move, store_i64, store_u8
from redo.jit import helper, routine

WHOLE = 64  #: no scale: an integer
PAST_TENTH = (1 << 64) - 1 - 10**19  #: the greatest BIGINT UNSIGNED without its first digit


@helper
def is_word(byte):
    """Letters, digits, underscore, dollar, and every byte of a multi-byte character."""
    return (
        (48 <= byte <= 57)
        or (65 <= byte <= 90)
        or (97 <= byte <= 122)
        or byte == 95
        or byte == 36
        or byte >= 128
    )


@helper
def is_space(byte):
    return byte == 32 or 9 <= byte <= 13


@helper
def quoted_end(mem, at, end, quote, backslash):
    """Offset after the closing quote of the run that opens at `at`; -1 when it never closes."""
    at += 1
    while at < end:
        byte = load_u8(mem, at)
        if backslash and byte == 92:
            at += 2
            continue
        if byte == quote:
            if at + 1 < end and load_u8(mem, at + 1) == quote:
                at += 2
                continue
            return at + 1
        at += 1
    return -1


@helper
def has_escape(mem, at, end, quote, backslash):
    """Whether the text inside quotes differs from the value it stands for."""
    for i in range(at, end):
        byte = load_u8(mem, i)
        if byte == quote or (backslash and byte == 92):
            return 1
    return 0


@helper
def comment_end(mem, at, end):
    """Offset after the comment that begins at `at`; `at` itself when none does; -1 unclosed."""
    byte = load_u8(mem, at)
    following = load_u8(mem, at + 1) if at + 1 < end else 0
    line = byte == 35
    if byte == 45 and following == 45:
        line = at + 2 >= end or load_u8(mem, at + 2) <= 32
    if line:
        while at < end and load_u8(mem, at) != 10:
            at += 1
        return at
    if byte == 47 and following == 42:
        at += 2
        while at + 1 < end:
            if load_u8(mem, at) == 42 and load_u8(mem, at + 1) == 47:
                return at + 2
            at += 1
        return -1
    return at


@helper
def number_end(mem, at, end):
    """Length and form of the number at `at`: end << 8 | scale << 2 | form; 0 when it is a word.

    form: 1 integer, 2 decimal, 3 float. A run such as `1abc` is an identifier in MySQL.
    """
    start = at
    while at < end and 48 <= load_u8(mem, at) <= 57:
        at += 1
    form = 1
    scale = 0
    if at < end and load_u8(mem, at) == 46:
        form = 2
        at += 1
        point = at
        while at < end and 48 <= load_u8(mem, at) <= 57:
            at += 1
        scale = at - point
    if at < end and (load_u8(mem, at) | 32) == 101:
        exponent = at + 1
        if exponent < end and (load_u8(mem, exponent) == 43 or load_u8(mem, exponent) == 45):
            exponent += 1
        if exponent < end and 48 <= load_u8(mem, exponent) <= 57:
            while exponent < end and 48 <= load_u8(mem, exponent) <= 57:
                exponent += 1
            at = exponent
            form = 3
    if at < end and is_word(load_u8(mem, at)):
        return 0
    if at == start or scale > 30 or at - start > 64:
        return 0
    return at << 8 | scale << 2 | form


@helper
def number_value(mem, at, end):
    """Digits of a number as one integer, the point left out; -1 past 18 digits."""
    value = 0
    digits = 0
    for i in range(at, end):
        byte = load_u8(mem, i)
        if byte == 46:
            continue
        if digits or byte != 48:
            digits += 1
        if digits > 18:
            return -1
        value = value * 10 + (byte - 48)
    return value


@helper
def whole_class(mem, at, end):
    """Of 19 digits and more: WHOLE + 0 for a BIGINT, 1 for an unsigned one, 2 for a DECIMAL. It
    stands where a shape has a scale: they are literals of different types."""
    while at < end and load_u8(mem, at) == 48:
        at += 1
    digits = end - at
    if digits > 20 or (digits == 20 and load_u8(mem, at) != 49):
        return WHOLE + 2
    value = 0
    for i in range(end - 19, end):
        value = value * 10 + (load_u8(mem, i) - 48)  # which wraps past the greatest BIGINT
    if digits == 20:
        return WHOLE + (1 if 0 <= value <= PAST_TENTH else 2)
    return WHOLE + (1 if value < 0 else 0)


@helper
def put_literal(mem, literals, count, marker, start, end, value, escaped, scale):
    at = literals + count * LITERAL_WORDS * 8
    store_i64(mem, at, marker)
    store_i64(mem, at + 8, start)
    store_i64(mem, at + 16, end)
    store_i64(mem, at + 24, value)
    store_i64(mem, at + 32, escaped)
    store_i64(mem, at + 40, scale)


@helper
def put_number(mem, literals, count, at, base, found, out):
    """Record the number `found` (see number_end) and write its marker; bytes written."""
    end = found >> 8
    form = found & 3
    scale = (found >> 2) & 63
    if form == 3:
        put_literal(mem, literals, count, LITERAL_FLOAT, at - base, end - base, 0, 0, 0)
        store_u8(mem, out, LITERAL_FLOAT)
        return 1
    value = number_value(mem, at, end)
    if form == 1 and value >= 0:
        put_literal(mem, literals, count, LITERAL_INT, at - base, end - base, value, 0, 0)
        store_u8(mem, out, LITERAL_INT)
        return 1
    put_literal(mem, literals, count, LITERAL_DECIMAL, at - base, end - base, value, 0, scale)
    store_u8(mem, out, LITERAL_DECIMAL)
    store_u8(mem, out + 1, end - at - (1 if form == 2 else 0))
    store_u8(mem, out + 2, scale if form == 2 else whole_class(mem, at, end))
    return 3


@helper
def only_space_left(mem, at, end):
    """Whether nothing but spaces and comments follows."""
    while at < end:
        if is_space(load_u8(mem, at)):
            at += 1
            continue
        after = comment_end(mem, at, end)
        if after <= at:
            return False
        at = after
    return True


@routine
def fingerprint(mem, text, count, mode, out, out_bytes, literals, limit):
    """Shape and literals of one statement.

    text, count      the statement; unchanged
    mode             MODE_ bits of the session's sql_mode
    out, out_bytes   gets the shape
    literals, limit  gets up to `limit` literal records
    ->               literals << 32 | shape bytes; E_NO_ROOM when either does not fit;
                     E_BAD_VALUE when the text is not one statement that can be cached (several
                     statements, an unclosed quote, control bytes): Python reads it then.
    """
    backslash = (mode & MODE_NO_BACKSLASH_ESCAPES) == 0
    end = text + count
    at = text
    to = out
    stop = out + out_bytes - 8
    found_literals = 0
    while at < end and is_space(load_u8(mem, at)):
        at += 1
    while at < end:
        if to >= stop or found_literals >= limit:
            return E_NO_ROOM
        byte = load_u8(mem, at)
        before = load_u8(mem, to - 1) if to > out else 32
        if byte < 9:
            return E_BAD_VALUE
        if byte == 59:
            if only_space_left(mem, at + 1, end):
                break
            return E_BAD_VALUE
        if byte == 39 or (byte == 34 and not (mode & MODE_ANSI_QUOTES)):
            after = quoted_end(mem, at, end, byte, backslash)
            if after < 0 or after > end:
                return E_BAD_VALUE
            if is_word(before):  # x'41', _utf8mb4'a', N'a': the prefix decides what it means
                if to + after - at >= stop:
                    return E_NO_ROOM
                move(mem, to, at, after - at)
                to += after - at
            else:
                escaped = has_escape(mem, at + 1, after - 1, byte, backslash)
                put_literal(
                    mem, literals, found_literals, LITERAL_STRING,
                    at - text, after - text, 0, escaped, 0,
                )  # fmt: skip
                found_literals += 1
                store_u8(mem, to, LITERAL_STRING)
                to += 1
            at = after
            continue
        if byte == 96 or byte == 34:
            after = quoted_end(mem, at, end, byte, False)
            if after < 0:
                return E_BAD_VALUE
            if to + after - at >= stop:
                return E_NO_ROOM
            move(mem, to, at, after - at)
            to += after - at
            at = after
            continue
        if byte == 47 or byte == 45 or byte == 35:
            after = comment_end(mem, at, end)
            if after < 0:
                return E_BAD_VALUE
            if after > at:
                kept = load_u8(mem, at + 2) if byte == 47 else 0
                if kept == 33 or kept == 43:
                    if to + after - at >= stop:
                        return E_NO_ROOM
                    move(mem, to, at, after - at)
                    to += after - at
                elif not is_space(before):
                    store_u8(mem, to, 32)
                    to += 1
                at = after
                continue
        digit = 48 <= byte <= 57
        if byte == 46 and at + 1 < end and not is_word(before) and before != 96:
            digit = 48 <= load_u8(mem, at + 1) <= 57
        if digit and not is_word(before) and before != 46 and before != 64:
            found = number_end(mem, at, end)
            if found:
                to += put_number(mem, literals, found_literals, at, text, found, to)
                found_literals += 1
                at = found >> 8
                continue
        if is_word(byte):
            while at < end and is_word(load_u8(mem, at)):
                if to >= stop:
                    return E_NO_ROOM
                store_u8(mem, to, load_u8(mem, at))
                to += 1
                at += 1
            continue
        store_u8(mem, to, byte)
        to += 1
        at += 1
    while to > out and is_space(load_u8(mem, to - 1)):
        to -= 1
    return found_literals << 32 | (to - out)
