"""The shape of a statement: what is cut out, what stays, and that nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mysqlcompat.lane import fingerprint_kernels, lane_layout
from redo.codes import E_BAD_VALUE, E_NO_ROOM

TEXT, SHAPE, LITERALS = 1024, 65536, 131072
INT, DECIMAL, FLOAT, STRING = b"\x01", b"\x02", b"\x03", b"\x04"


def fingerprint(text: bytes, mode: int = 0, room: int = 32768, limit: int = 64):
    """(shape, [(marker, source, value, escaped, scale)]) or the code."""
    mem = np.zeros(200_000, np.uint8)
    mem[TEXT : TEXT + len(text)] = np.frombuffer(text, np.uint8)
    found = fingerprint_kernels.fingerprint(
        mem, TEXT, len(text), mode, SHAPE, room, LITERALS, limit
    )
    if found < 0:
        return found
    words = lane_layout.LITERAL_WORDS
    count = found >> 32
    records = mem[LITERALS : LITERALS + 8 * words * count].view(np.int64).reshape(count, words)
    shape = bytes(mem[SHAPE : SHAPE + (found & 0xFFFFFFFF)])
    return shape, [
        (marker, text[start:end], value, escaped, scale)
        for marker, start, end, value, escaped, scale in records.tolist()
    ]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (b"SELECT c FROM t WHERE id=50", b"SELECT c FROM t WHERE id=" + INT),
        (b"  select 'a' , \"b\";  ", b"select " + STRING + b" , " + STRING),
        (b"select 1.50", b"select " + DECIMAL + b"\x03\x02"),
        (b"select .5", b"select " + DECIMAL + b"\x01\x01"),
        (b"select 1e3", b"select " + FLOAT),
        (b"select 9223372036854775807", b"select " + DECIMAL + b"\x13\x40"),
        (b"select 9223372036854775808", b"select " + DECIMAL + b"\x13\x41"),
        (b"select 18446744073709551615", b"select " + DECIMAL + b"\x14\x41"),
        (b"select 018446744073709551616", b"select " + DECIMAL + b"\x15\x42"),
        (b"select 99999999999999999999", b"select " + DECIMAL + b"\x14\x42"),
        (b"select 18446744073709551615.", b"select " + DECIMAL + b"\x14\x00"),
        (b"select x'41', 0x41, b'01', N'a'", b"select x'41', 0x41, b'01', N'a'"),
        (b"select t1.a2, 1abc, @a1, `a'1`", b"select t1.a2, 1abc, @a1, `a'1`"),
        (b"select a/* 'x */,b -- it's\n,c # x", b"select a ,b \n,c"),
        (b"select /*+ MAX_EXECUTION_TIME(9) */ 1", b"select /*+ MAX_EXECUTION_TIME(9) */ " + INT),
        (b"select -5", b"select -" + INT),
        (b"select 1 ; -- done", b"select " + INT),
    ],
)
def test_shape(text: bytes, shape: bytes) -> None:
    assert fingerprint(text)[0] == shape


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (b"select 42", (1, b"42", 42, 0, 0)),
        (b"select 12.340", (2, b"12.340", 12340, 0, 3)),
        (b"select 'it''s'", (4, b"'it''s'", 0, 1, 0)),
        (b"select 'a\\'b'", (4, b"'a\\'b'", 0, 1, 0)),
        (b"select 'plain'", (4, b"'plain'", 0, 0, 0)),
        (b"select 9999999999999999999", (2, b"9999999999999999999", -1, 0, 0)),
    ],
)
def test_literal(text: bytes, literal: tuple[int, bytes, int, int, int]) -> None:
    assert fingerprint(text)[1] == [literal]


def test_modes_decide_what_a_string_is() -> None:
    ansi = lane_layout.MODE_ANSI_QUOTES
    assert fingerprint(b'select "a"', ansi)[0] == b'select "a"'
    plain = lane_layout.MODE_NO_BACKSLASH_ESCAPES
    assert fingerprint(b"select '\\', 1", plain)[0] == b"select " + STRING + b", " + INT
    assert fingerprint(b"select '\\', 1") == E_BAD_VALUE


@pytest.mark.parametrize("text", [b"select 1; select 2", b"select 'a", b"select \x01", b"/* open"])
def test_left_to_python(text: bytes) -> None:
    assert fingerprint(text) == E_BAD_VALUE


def test_room_is_bounded() -> None:
    assert fingerprint(b"select " + b"1," * 100 + b"1", limit=50) == E_NO_ROOM
    assert fingerprint(b"select " + b"a" * 500, room=200) == E_NO_ROOM


PIECES = some.sampled_from(
    b"select|a|t1.c2|`q'1`|=|(|)|,|12|0|3.25|1e5|'s'|'it''s'|\"d\"|x'41'|-|*|@v|7up|\xc3\xa9".split(
        b"|"
    )
)


@given(some.lists(PIECES, min_size=1, max_size=12))
def test_shape_and_literals_give_the_text_back(pieces: list[bytes]) -> None:
    """Putting each literal back where its marker stands restores the statement."""
    text = b" ".join(pieces)
    shape, literals = fingerprint(text)
    restored, at, sources = b"", 0, iter(literals)
    while at < len(shape):
        if shape[at] in (1, 2, 3, 4):
            marker, source, *_ = next(sources)
            assert marker == shape[at]
            restored += source
            at += 3 if marker == 2 else 1
        else:
            restored += shape[at : at + 1]
            at += 1
    assert restored == text
    assert next(sources, None) is None


@given(some.binary(max_size=200))
def test_any_bytes_are_read_without_harm(text: bytes) -> None:
    found = fingerprint(text)
    assert found in (E_BAD_VALUE, E_NO_ROOM) or len(found[0]) <= 3 * len(text) + 3
