"""Where the tokens of a statement end, for `digest_kernels`."""

from __future__ import annotations

from redo.coding_kernels import load_u8
from redo.jit import helper

BASE = 1 << 24
#: Codes of tokens that are no operators. END is behind the last one.
WORD, QUOTED, WHOLE, DECIMAL, TEXT, BITS, HOST, END, BROKEN = range(BASE + 16, BASE + 25)
OUR_VERSION = 80406  #: of comments that are executed
#: What was before a token.
AFTER_NOTHING, AFTER_POINT, AFTER_AT, AFTER_ATAT, AFTER_WORD = range(5)


@helper
def byte_at(mem, at, end):
    return load_u8(mem, at) if at < end else 0


@helper
def is_name_byte(byte):
    letter = 97 <= byte | 32 <= 122 and byte < 128
    return letter or 48 <= byte <= 57 or byte == 95 or byte == 36 or byte >= 128


@helper
def is_digit(byte, base):
    """Of x'41' or b'1'."""
    if base == 98:
        return 48 <= byte <= 49
    return 48 <= byte <= 57 or 97 <= byte | 32 <= 102


@helper
def past_name(mem, at, end):
    while at < end and is_name_byte(load_u8(mem, at)):
        at += 1
    return at


@helper
def past_digits(mem, at, end):
    while at < end and 48 <= load_u8(mem, at) <= 57:
        at += 1
    return at


@helper
def past_comment(mem, at, end):
    """Behind a comment between /* and */; of one that is executed behind its beginning."""
    begin = at
    at += 2
    if byte_at(mem, at, end) == 33:
        stop = past_digits(mem, at + 1, min(end, at + 7))
        version = 0
        for place in range(at + 1, stop):
            version = version * 10 + load_u8(mem, place) - 48
        if version <= OUR_VERSION:
            return stop if stop - at > 5 else at + 1
    at = begin + 2
    while at + 1 < end and (load_u8(mem, at) != 42 or load_u8(mem, at + 1) != 47):
        at += 1
    return min(at + 2, end)


@helper
def past_blanks(mem, at, end):
    """Behind blanks and comments."""
    while at < end:
        byte = load_u8(mem, at)
        after = byte_at(mem, at + 1, end)
        if byte <= 32:
            at += 1
        elif byte == 35 or (byte == 45 and after == 45 and byte_at(mem, at + 2, end) <= 32):
            while at < end and load_u8(mem, at) != 10:
                at += 1
        elif byte == 47 and after == 42:
            at = past_comment(mem, at, end)
        elif byte == 42 and after == 47:  # of a comment that is executed
            at += 2
        else:
            break
    return at


@helper
def past_quoted(mem, at, end):
    """Behind the closing quote of what begins at `at`; -1: there is none."""
    quote = load_u8(mem, at)
    at += 1
    while at < end:
        byte = load_u8(mem, at)
        if byte == 92 and quote != 96:
            at += 1
        elif byte == quote:
            if byte_at(mem, at + 1, end) != quote:
                return at + 1
            at += 1
        at += 1
    return -1


@helper
def number_end(mem, at, end):
    """(token, where it ends) of what begins with a digit or a point and a digit."""
    stop = past_digits(mem, at, end)
    byte = byte_at(mem, stop, end)
    if stop == at + 1 and load_u8(mem, at) == 48 and (byte == 120 or byte == 98):
        last = past_name(mem, at + 2, end)
        good = last > at + 2
        for place in range(at + 2, last):
            good = good and is_digit(load_u8(mem, place), byte)
        return (BITS if good else WORD), last
    token = WHOLE
    if byte == 46:
        stop = past_digits(mem, stop + 1, end)
        token = DECIMAL
        byte = byte_at(mem, stop, end)
    if byte | 32 == 101:
        sign = byte_at(mem, stop + 1, end)
        digits = stop + 2 if sign == 43 or sign == 45 else stop + 1
        last = past_digits(mem, digits, end)
        if last > digits:
            return DECIMAL, last
    if token == WHOLE and is_name_byte(byte):
        return WORD, past_name(mem, stop, end)
    return token, stop


@helper
def marked_end(mem, at, end):
    """The same of x'41', b'1' and n'x'; WORD: it is none."""
    letter = load_u8(mem, at) | 32
    if byte_at(mem, at + 1, end) != 39 or (letter != 120 and letter != 98 and letter != 110):
        return WORD, at
    if letter == 110:
        stop = past_quoted(mem, at + 1, end)
        return (TEXT if stop >= 0 else BROKEN), stop
    stop = at + 2
    while stop < end and is_digit(load_u8(mem, stop), letter):
        stop += 1
    good = byte_at(mem, stop, end) == 39 and (letter == 98 or (stop - at) % 2 == 0)
    return (BITS if good else BROKEN), stop + 1


@helper
def operator_end(mem, at, end):
    """(token, where it ends) of an operator: its bytes; <> is !=."""
    a, b, c = load_u8(mem, at), byte_at(mem, at + 1, end), byte_at(mem, at + 2, end)
    if (a == 60 and b == 61 and c == 62) or (a == 45 and b == 62 and c == 62):
        return a | b << 8 | c << 16, at + 3
    if a == 60 and b == 62:
        return 33 | 61 << 8, at + 2
    doubled = a == b and (a == 60 or a == 62 or a == 124 or a == 38)
    ordered = b == 61 and (a == 60 or a == 62 or a == 33 or a == 58)
    if doubled or ordered or (a == 45 and b == 62):
        return a | b << 8, at + 2
    return a, at + 1


@helper
def token_end(mem, at, end, after):
    """(token, where it ends) of what begins at `at`; `after`: AFTER_POINT …"""
    byte = load_u8(mem, at)
    if byte == 96 or byte == 39 or byte == 34:
        stop = past_quoted(mem, at, end)
        return (BROKEN if stop < 0 else QUOTED if byte == 96 else TEXT), stop
    if after == AFTER_AT:
        stop = at
        while stop < end and (is_name_byte(load_u8(mem, stop)) or load_u8(mem, stop) == 46):
            stop += 1
        return (HOST, stop) if stop > at else (byte, at + 1)
    if after == AFTER_POINT and is_name_byte(byte):
        return WORD, past_name(mem, at, end)
    point = byte == 46 and after != AFTER_WORD and 48 <= byte_at(mem, at + 1, end) <= 57
    if 48 <= byte <= 57 or point:
        return number_end(mem, at, end)
    if is_name_byte(byte):
        token, stop = marked_end(mem, at, end)
        return (WORD, past_name(mem, at, end)) if token == WORD else (token, stop)
    return operator_end(mem, at, end)
