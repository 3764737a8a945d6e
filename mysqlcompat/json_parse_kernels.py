"""The text of JSON to a document in binary form. What is out of the ordinary (mistakes, pairs of
surrogates, integers of 19 digits, very long or deep documents) is left to `jsonb.parse`."""

from __future__ import annotations

from mysqlcompat.json_build_kernels import (
    ENTRY_BYTES,
    LONGEST_KEY,
    document_put,
    entry_put,
    integer_put,
    json_container,
    length_put,
    member_put,
)
from mysqlcompat.json_kernels import BROKEN, DOUBLE, FALSE, LITERAL, MAX_DEPTH, NULL, STRING, TRUE
from mysqlcompat.wire.float_kernels import double_of_text
from redo.coding_kernels import load_i64, load_u8, load_u32, move, store_i64, store_u8
from redo.jit import helper, routine

LONGEST_TEXT = 1 << 16  #: of which anything is made here
FRAME_BYTES = 32  #: first entry, 1: an object, the key of the next member
LONGEST_NUMBER = 300
MOST_UNSORTED = 1000  #: members of an object, which are sorted by insertion
_NULL, _TRUE, _ALSE, _E = 0x6C6C756E, 0x65757274, 0x65736C61, 101
_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _POINT, _ZERO, _NINE = 34, 92, 44, 58, 45, 46, 48, 57
_BRACKET, _BRACE, _CLOSES = 91, 123, 2  # ] and } are two behind [ and {
_INFINITE = 0x7FF


@helper
def after_blanks(mem, at, end):
    while at < end:
        byte = load_u8(mem, at)
        if byte != 32 and byte != 10 and byte != 13 and byte != 9:
            break
        at += 1
    return at


@helper
def quote_after(mem, at, end):
    """(where the string that begins at `at` has its quote, or BROKEN; 1: it has escapes)."""
    escapes = 0
    while at < end:
        byte = load_u8(mem, at)
        if byte == _QUOTE:
            return at, escapes
        if byte < 32:
            break
        if byte == _BACKSLASH:
            escapes = 1
            at += 1
        at += 1
    return BROKEN, escapes


@helper
def hex_of(mem, at):
    """The number of four hexadecimal digits, or BROKEN."""
    value = 0
    for i in range(4):
        byte = load_u8(mem, at + i)
        digit = byte - _ZERO if byte <= _NINE else (byte | 32) - 87
        if digit < 0 or digit > 15 or (byte > _NINE and digit < 10):
            return BROKEN
        value = value << 4 | digit
    return value


@helper
def utf8_put(mem, to, code):
    """A character below 65536: where it ends."""
    if code < 0x80:
        store_u8(mem, to, code)
        return to + 1
    if code < 0x800:
        store_u8(mem, to, 0xC0 | code >> 6)
        store_u8(mem, to + 1, 0x80 | code & 63)
        return to + 2
    store_u8(mem, to, 0xE0 | code >> 12)
    store_u8(mem, to + 1, 0x80 | code >> 6 & 63)
    store_u8(mem, to + 2, 0x80 | code & 63)
    return to + 3


@helper
def meant(byte):
    """What stands for a letter behind a backslash, or BROKEN."""
    if byte == _QUOTE or byte == _BACKSLASH or byte == 47:
        return byte
    if byte == 110:
        return 10
    if byte == 116:
        return 9
    if byte == 114:
        return 13
    if byte == 98:
        return 8
    return 12 if byte == 102 else BROKEN


@helper
def unescaped(mem, at, end, to):
    """Write what a string with escapes says: where it ends, or BROKEN."""
    while at < end:
        byte = load_u8(mem, at)
        at += 1
        if byte == _BACKSLASH:
            byte = load_u8(mem, at)
            at += 1
            if byte == 117:
                code = hex_of(mem, at) if at + 4 <= end else BROKEN
                if code == BROKEN or 0xD800 <= code < 0xE000:
                    return BROKEN
                to = utf8_put(mem, to, code)
                at += 4
                continue
            byte = meant(byte)
            if byte == BROKEN:
                return BROKEN
        store_u8(mem, to, byte)
        to += 1
    return to


@helper
def number_end(mem, at, end):
    """(where the number at `at` ends or BROKEN, 1: it is a double)."""
    is_double = 0
    if load_u8(mem, at) == _MINUS:
        at += 1
    start = at
    while at < end and _ZERO <= load_u8(mem, at) <= _NINE:
        at += 1
    if at == start or (at > start + 1 and load_u8(mem, start) == _ZERO):
        return BROKEN, 0
    if at < end and load_u8(mem, at) == _POINT:
        is_double = 1
        at += 1
        start = at
        while at < end and _ZERO <= load_u8(mem, at) <= _NINE:
            at += 1
        if at == start:
            return BROKEN, 0
    if at < end and load_u8(mem, at) | 32 == _E:
        is_double = 1
        at += 1
        if at < end and (load_u8(mem, at) == _MINUS or load_u8(mem, at) == 43):
            at += 1
        start = at
        while at < end and _ZERO <= load_u8(mem, at) <= _NINE:
            at += 1
        if at == start:
            return BROKEN, 0
    return at, is_double


@helper
def number_put(mem, at, end, is_double, to):
    """The body of a number: (kind or BROKEN, bytes)."""
    if is_double == 1:
        if end - at > LONGEST_NUMBER:
            return BROKEN, 0
        move(mem, to, at, end - at)
        store_u8(mem, to + end - at, 0)
        bits = double_of_text(mem, to)
        store_i64(mem, to, bits)
        return (DOUBLE if bits >> 52 & _INFINITE != _INFINITE else BROKEN), 8
    negative = load_u8(mem, at) == _MINUS
    if negative:
        at += 1
    value = 0
    if end - at > 18 or (negative and load_u8(mem, at) == _ZERO):
        return BROKEN, 0
    for i in range(at, end):
        value = value * 10 + load_u8(mem, i) - _ZERO
    if negative:
        return integer_put(mem, to, -value, 0)
    return integer_put(mem, to, value, 1 if value >= 1 << 32 else 0)


@helper
def scalar_put(mem, at, end, to):
    """(kind or BROKEN, bytes of the body written at `to`, where the text goes on)."""
    byte = load_u8(mem, at)
    if byte == _QUOTE:
        quote, escapes = quote_after(mem, at + 1, end)
        if quote == BROKEN:
            return BROKEN, 0, at
        if escapes == 0:
            size = quote - at - 1
            body = length_put(mem, to, size)
            move(mem, body, at + 1, size)
            return STRING, body + size - to, quote + 1
        last = unescaped(mem, at + 1, quote, to + 5)
        if last == BROKEN:
            return BROKEN, 0, at
        body = length_put(mem, to, last - to - 5)
        move(mem, body, to + 5, last - to - 5)
        return STRING, body + last - to - 5 - to, quote + 1
    if byte == _MINUS or _ZERO <= byte <= _NINE:
        last, is_double = number_end(mem, at, end)
        if last == BROKEN:
            return BROKEN, 0, at
        kind, size = number_put(mem, at, last, is_double, to)
        return kind, size, last
    word = load_u32(mem, at) if at + 4 <= end else 0
    literal = NULL if word == _NULL else TRUE if word == _TRUE else BROKEN
    size = 4
    if byte == 102 and at + 5 <= end and load_u32(mem, at + 1) == _ALSE:
        literal = FALSE
        size = 5
    store_u8(mem, to, literal)
    return (LITERAL if literal != BROKEN else BROKEN), 1, at + size


@helper
def key_read(mem, at, end, frame, out):
    """The key of the next member into its object's frame: (where its value's text is, or BROKEN;
    what of `out` is free)."""
    at = after_blanks(mem, at, end)
    if at >= end or load_u8(mem, at) != _QUOTE:
        return BROKEN, out
    quote, escapes = quote_after(mem, at + 1, end)
    if quote == BROKEN:
        return BROKEN, out
    key = at + 1
    size = quote - key
    if escapes == 1:
        last = unescaped(mem, key, quote, out)
        key = out
        size = last - out
        out = last
    at = after_blanks(mem, quote + 1, end)
    if size < 0 or size > LONGEST_KEY or at >= end or load_u8(mem, at) != _COLON:
        return BROKEN, out
    store_i64(mem, frame + 16, key)
    store_i64(mem, frame + 24, size)
    return at + 1, out


@helper
def parse_room(count):
    """Scratch memory that is enough for any but odd documents of so many bytes."""
    return FRAME_BYTES * (MAX_DEPTH + 2) + (ENTRY_BYTES // 2 + 8) * count + 1024


@routine
def json_parsed(st, mem, text, count, scratch, limit):
    """Make the document a text is: ``address << 28 | bytes``, or BROKEN for Python."""
    end = text + count
    at = text
    frame = scratch  # of the open container; the first one stands for none
    last = scratch + FRAME_BYTES * (MAX_DEPTH + 2)
    top = last + ENTRY_BYTES // 2 * count + 2 * ENTRY_BYTES
    out = top + 1
    while True:
        at = after_blanks(mem, at, end)
        if at >= end or out + count + LONGEST_NUMBER > limit or last + ENTRY_BYTES > top:
            return BROKEN
        byte = load_u8(mem, at)
        closes = False
        kind = 0
        size = 0
        if byte == _BRACE or byte == _BRACKET:
            if frame >= scratch + FRAME_BYTES * MAX_DEPTH:
                return BROKEN
            frame += FRAME_BYTES
            store_i64(mem, frame, last)
            store_i64(mem, frame + 8, 1 if byte == _BRACE else 0)
            at = after_blanks(mem, at + 1, end)
            closes = at < end and load_u8(mem, at) == byte + _CLOSES
            if not closes:
                if byte == _BRACE:
                    at, out = key_read(mem, at, end, frame, out)
                    if at == BROKEN:
                        return BROKEN
                continue
        else:
            kind, size, at = scalar_put(mem, at, end, out)
            if kind == BROKEN:
                return BROKEN
        while True:
            if closes:
                at += 1
                first = load_i64(mem, frame)
                made = json_container(st, mem, first, last, load_i64(mem, frame + 8), out, limit)
                if made < 0:
                    return BROKEN
                kind = made & 255
                size = made >> 8
                last = first
                frame -= FRAME_BYTES
            if frame == scratch:
                at = after_blanks(mem, at, end)
                return document_put(mem, out, kind, size) if at == end else BROKEN
            is_object = load_i64(mem, frame + 8)
            if is_object == 1:
                first = load_i64(mem, frame)
                if last - first > ENTRY_BYTES * MOST_UNSORTED:
                    return BROKEN
                key = load_i64(mem, frame + 16)
                last = member_put(mem, first, last, key, load_i64(mem, frame + 24), kind, out, size)
            else:
                last = entry_put(mem, last, 0, 0, kind, out, size)
            out += 1 + size
            at = after_blanks(mem, at, end)
            byte = load_u8(mem, at) if at < end else 0
            closes = byte == (_BRACE if is_object == 1 else _BRACKET) + _CLOSES
            if not closes:
                break
        if byte != _COMMA:
            return BROKEN
        at += 1
        if is_object == 1:
            at, out = key_read(mem, at, end, frame, out)
            if at == BROKEN:
                return BROKEN
