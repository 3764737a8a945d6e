"""INSERT … VALUES (…), (…), …: literals straight from the text into lanes, whole rows at a time.

Cells are numbers (with a sign), strings, NULL, or expressions, of which only the end is found:
Python parses them one by one. What may mean something to other cells (variables) or ends there only
to the eye (comments, parameters) gives E_BAD_VALUE, and the statement goes the long way: parser,
resolver, slots.

::

    COLUMN (words), what a cell is turned into
    0  FORM_…: of the column; FORM_OTHER leaves every cell but a good NULL to Python
    1  integer: least value; decimal: scale; text: the most bytes (ASCII only, so characters)
    2  integer: greatest value; decimal: greatest scaled value; text: 1 trailing spaces are cut
    3  decimal: 1 unsigned
    4  1: NULL is a value of the column

    LEFT (words), a cell for Python: its number, FORM of the literal (0 NULL, FORM_OTHER: it is an
                  expression), start, end, negative
"""

from __future__ import annotations

from typing import Final

from btree.layout import RUN_SHIFT
from mysqlcompat.lane.fingerprint_kernels import (
    has_escape,
    is_space,
    is_word,
    number_end,
    number_value,
    only_space_left,
    quoted_end,
)
from mysqlcompat.lane.lane_layout import MODE_ANSI_QUOTES, MODE_NO_BACKSLASH_ESCAPES
from redo.codes import E_BAD_VALUE, E_NO_ROOM
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, routine

FORM_NULL: Final = 0
FORM_INT: Final = 1
FORM_DECIMAL: Final = 2
FORM_FLOAT: Final = 3
FORM_TEXT: Final = 4
FORM_OTHER: Final = 5
COLUMN_WORDS: Final = 5
LEFT_WORDS: Final = 5
_NEGATIVE: Final = 64
_ESCAPED: Final = 128


@helper
def _skip_space(mem, at, end):
    while at < end and is_space(load_u8(mem, at)):
        at += 1
    return at


@helper
def _spells(mem, at, first, second, third, fourth):
    """Whether four letters at `at` are these (given in lower case)."""
    return (
        (load_u8(mem, at) | 32) == first
        and (load_u8(mem, at + 1) | 32) == second
        and (load_u8(mem, at + 2) | 32) == third
        and (load_u8(mem, at + 3) | 32) == fourth
    )


@helper
def _word_end(mem, at, end):
    while at < end and is_word(load_u8(mem, at)):
        at += 1
    return at


@helper
def _literal(mem, at, end, mode):
    """The literal at `at`: end << 16 | scale << 8 | _ESCAPED | _NEGATIVE | form; -1: none."""
    if at >= end:
        return -1
    byte = load_u8(mem, at)
    if byte == 39 or (byte == 34 and not (mode & MODE_ANSI_QUOTES)):
        backslash = (mode & MODE_NO_BACKSLASH_ESCAPES) == 0
        after = quoted_end(mem, at, end, byte, backslash)
        if after < 0 or after > end:
            return -1
        escaped = has_escape(mem, at + 1, after - 1, byte, backslash)
        return after << 16 | (_ESCAPED if escaped else 0) | FORM_TEXT
    negative = 0
    if byte == 45:
        negative = _NEGATIVE
        at += 1
    found = number_end(mem, at, end)
    if found:
        return (found >> 8) << 16 | ((found >> 2) & 63) << 8 | negative | (found & 3)
    after = _word_end(mem, at, end)
    if negative == 0 and after == at + 4 and _spells(mem, at, 110, 117, 108, 108):
        return after << 16 | FORM_NULL
    return -1


@routine
def _expression(mem, at, end, mode):
    """The expression at `at`, up to the comma or parenthesis after it, as `_literal` gives it."""
    start = at
    depth = 0
    backslash = (mode & MODE_NO_BACKSLASH_ESCAPES) == 0
    while at < end:
        byte = load_u8(mem, at)
        if byte == 39 or byte == 34 or byte == 96:
            escapes = backslash and (byte == 39 or (byte == 34 and not (mode & MODE_ANSI_QUOTES)))
            at = quoted_end(mem, at, end, byte, escapes)
            if at < 0 or at > end:
                return -1
            continue
        if byte == 40:
            depth += 1
        elif (byte == 41 or byte == 44) and depth == 0:
            return at << 16 | FORM_OTHER if at > start else -1
        elif byte == 41:
            depth -= 1
        elif (
            byte == 59 or byte == 35 or byte == 63 or byte == 64 or byte == 92
        ):  # ; # ? @ backslash
            return -1
        elif at + 1 < end and (byte == 45 or byte == 47):
            following = load_u8(mem, at + 1)
            if following == (45 if byte == 45 else 42):  # -- and /*
                return -1
        at += 1
    return -1


@helper
def _cell(mem, at, end, mode):
    """The literal or expression at `at`, as `_literal` gives it."""
    found = _literal(mem, at, end, mode)
    if found >= 0:
        after = _skip_space(mem, found >> 16, end)
        if after < end and (load_u8(mem, after) == 44 or load_u8(mem, after) == 41):
            return found
    return _expression(mem, at, end, mode)


@routine
def bulk_head(mem, text, count, mode):
    """Bytes of `INSERT … VALUES` before the first row; E_BAD_VALUE when that is not what is there.

    Only names, dots, commas and parentheses may stand between the two words.
    """
    end = text + count
    at = _skip_space(mem, text, end)
    first = _word_end(mem, at, end)
    if first != at + 6 or not _spells(mem, at, 105, 110, 115, 101):
        return E_BAD_VALUE
    at = first
    while at < end:
        byte = load_u8(mem, at)
        if byte == 96:
            after = quoted_end(mem, at, end, byte, False)
            if after < 0:
                return E_BAD_VALUE
            at = after
        elif is_word(byte):
            after = _word_end(mem, at, end)
            size = after - at
            if (size == 5 or size == 6) and _spells(mem, at, 118, 97, 108, 117):
                row = _skip_space(mem, after, end)
                last = load_u8(mem, after - 1) | 32
                if row < end and load_u8(mem, row) == 40 and last == (101 if size == 5 else 115):
                    return after - text
            at = after
        elif is_space(byte) or byte == 40 or byte == 41 or byte == 44 or byte == 46:
            at += 1
        else:
            return E_BAD_VALUE
    return E_BAD_VALUE


@routine
def bulk_width(mem, text, count, mode):
    """Cells of the row that `text` begins with, and its bytes: cells << 32 | bytes."""
    end = text + count
    at = _skip_space(mem, text, end)
    cells = 0
    if at >= end or load_u8(mem, at) != 40:
        return E_BAD_VALUE
    while True:
        found = _cell(mem, _skip_space(mem, at + 1, end), end, mode)
        if found < 0:
            return E_BAD_VALUE
        cells += 1
        at = _skip_space(mem, found >> 16, end)
        if at >= end:
            return E_BAD_VALUE
        byte = load_u8(mem, at)
        if byte == 41:
            return cells << 32 | (at + 1 - text)
        if byte != 44:
            return E_BAD_VALUE


@helper
def _number_into(mem, column, at, found, lane_out):
    """1 when the number is a value of the column as it is, put at `lane_out`; else 0."""
    form = load_i64(mem, column)
    value = number_value(mem, at, found >> 16)
    if value < 0 or (found & 7) == FORM_FLOAT:
        return 0
    negative = (found & _NEGATIVE) != 0
    scale = (found >> 8) & 63
    if form == FORM_INT:
        if (found & 7) != FORM_INT:
            return 0
        value = -value if negative else value
        if value < load_i64(mem, column + 8) or value > load_i64(mem, column + 16):
            return 0
    elif form == FORM_DECIMAL:
        limit = load_i64(mem, column + 16)
        missing = load_i64(mem, column + 8) - scale
        if missing < 0 or (negative and load_i64(mem, column + 24)):
            return 0
        for _ in range(missing):
            if value > limit // 10:
                return 0
            value *= 10
        if value > limit:
            return 0
        value = -value if negative else value
    else:
        return 0
    store_i64(mem, lane_out, value)
    return 1


@helper
def _text_into(mem, column, at, found, lane_out):
    """1 when the string is a value of the column as it is, put at `lane_out`; else 0."""
    if load_i64(mem, column) != FORM_TEXT or (found & _ESCAPED) != 0:
        return 0
    start = at + 1
    stop = (found >> 16) - 1
    if load_i64(mem, column + 16):
        while stop > start and load_u8(mem, stop - 1) == 32:
            stop -= 1
    if stop - start > load_i64(mem, column + 8):
        return 0
    high = 0
    for i in range(start, stop):
        high |= load_u8(mem, i)
    if high >= 128:
        return 0
    store_i64(mem, lane_out, start << RUN_SHIFT | (stop - start))
    return 1


@routine
def bulk_rows(mem, text, count, mode, columns, width, lanes, nulls, limit, left, left_limit):
    """All rows: cells row by row into `lanes` and `nulls`, what Python must do into `left`.

    columns, width     COLUMN blocks
    limit, left_limit  cells there is room for
    ->                 rows << 32 | cells in `left`, E_NO_ROOM or E_BAD_VALUE
    """
    end = text + count
    at = text
    cell = 0
    todo = 0
    while True:
        at = _skip_space(mem, at, end)
        if at >= end or load_u8(mem, at) != 40:
            return E_BAD_VALUE
        if cell + width > limit or todo + width > left_limit:
            return E_NO_ROOM
        for number in range(width):
            at = _skip_space(mem, at + 1, end)
            found = _cell(mem, at, end, mode)
            if found < 0:
                return E_BAD_VALUE
            column = columns + 8 * COLUMN_WORDS * number
            form = found & 7
            store_u8(mem, nulls + cell, form == FORM_NULL)
            lane_out = lanes + 8 * cell
            if form == FORM_NULL:
                store_i64(mem, lane_out, 0)
                done = load_i64(mem, column + 32)
            elif form == FORM_TEXT:
                done = _text_into(mem, column, at, found, lane_out)
            elif form == FORM_OTHER:
                done = 0
            else:
                start = at + 1 if (found & _NEGATIVE) != 0 else at
                done = _number_into(mem, column, start, found, lane_out)
            if done == 0:
                entry = left + 8 * LEFT_WORDS * todo
                store_i64(mem, entry, cell)
                store_i64(mem, entry + 8, form)
                store_i64(mem, entry + 16, at - text)
                store_i64(mem, entry + 24, (found >> 16) - text)
                store_i64(mem, entry + 32, (found & _NEGATIVE) != 0)
                todo += 1
            cell += 1
            at = _skip_space(mem, found >> 16, end)
            if at >= end or load_u8(mem, at) != (41 if number == width - 1 else 44):
                return E_BAD_VALUE
        at = _skip_space(mem, at + 1, end)
        if at < end and load_u8(mem, at) == 44:
            at += 1
            continue
        if at < end and load_u8(mem, at) == 59:
            at += 1
        if not only_space_left(mem, at, end):
            return E_BAD_VALUE
        return (cell // width) << 32 | todo
