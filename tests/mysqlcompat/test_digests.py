"""Digests are made by a kernel: it does what a slow twin does, whatever it is given. Whether text
is a statement is asked once for all of a shape."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mysqlcompat import digest_kernels as kernels
from mysqlcompat.errors import SqlError
from mysqlcompat.functions import digests
from mysqlcompat.functions.digest_words import table
from mysqlcompat.functions.digests import digest_text, digest_texts
from tests.mysqlcompat.corpus.digests import _given
from tests.mysqlcompat.naive_digests import Broken, digest

_WRITTEN = r"""
    a b1 `c-d` `e``f` `` x.y x. .y $x é _utf8mb4'x' _utf8mb4 _no'x' 1 23 4.5 .5 5. 1e5 1.e5 1e 0x41
    0xZ 0b1 0b2 x'41' b'01' 's' 'it''s' 'a\'b' "d""q" n'x' NULL null ? ; % 1a COUNT( COUNT now() -1
    +2 - + SELECT limit BY by ORDER HAVING DESC IN ( ) , @a @@a @@global.b @`c` @'d' := <=> <> != <<
    >> || && ! ~ -> ->> = < > <= >= NOT IS SET INT CHAR DEFAULT DAY /*c*/ /*!80000 --x #y /*!99999 {
    } : . * / ^ | & */
"""
_PIECES = [*_WRITTEN.split(), *["(", ")", ",", "1", "'s'", "a"] * 8]
_HOSTILE = (
    *(
        "'",
        '"',
        "`",
        "/*",
        "/*!",
        "/*!1",
        "--",
        "#",
        "@",
        "@@",
        "@.",
        "x'4'",
        "b'2'",
        "\\",
        "'\\",
        ".",
    ),
    *("", " ", "\0", "1.", "1e+", "0x", "0b", "(" * 3000, ")" * 3000, "1," * 3000, "(1)," * 900),
    *("a," * 900, "`" + "é" * 600 + "`,1", "- " * 900 + "1", "é" * 70, "x" * 3000, "BY 1," * 400),
)


def _made(texts: list[str]) -> list[str | None]:
    """By the kernel; None: it is broken."""
    parts = [text.encode() for text in texts]
    slots, words = table()
    rows = np.zeros(3 * len(texts) + 1, np.int64)
    rows[1 : len(texts) + 1] = np.cumsum([len(part) for part in parts])
    size = int(rows[len(texts)])
    room = kernels.STATE_BYTES + kernels.STACK_BYTES + 8 + kernels.MOST_SHOWN * len(texts)
    mem = np.zeros(size + room, np.uint8)
    mem[:size] = np.frombuffer(b"".join(parts), np.uint8)
    kernels.digests_made(slots, words, mem, rows, len(texts))
    start = (size + 7 & ~7) + kernels.STATE_BYTES + kernels.STACK_BYTES
    made: list[str | None] = []
    for end, shape in rows[len(texts) + 1 :].reshape(-1, 2).tolist():
        made.append(None if shape < 0 else mem[start : end - 1].tobytes().decode())
        start = end
    return made


def _twin(text: str) -> str | None:
    try:
        return digest(text)
    except Broken:
        return None


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_does_what_its_twin_does(seed: int) -> None:
    chosen = random.Random(seed)
    texts = [
        chosen.choice((" ", " ", "")).join(chosen.choices(_PIECES, k=chosen.randrange(1, 20)))
        for _ in range(400)
    ]
    for text, made in zip(texts, _made(texts), strict=True):
        assert made == _twin(text), text


def test_whatever_the_kernel_is_given(seed: int = 1) -> None:
    texts = [*_given, *_HOSTILE, *(one + two for one in _HOSTILE[:22] for two in _HOSTILE[:22])]
    texts += [text[:end] for text in _given[:12] for end in range(len(text))]
    for text, made in zip(texts, _made(texts), strict=True):
        assert made == _twin(text), text


def test_statements_of_a_shape_keep_their_names() -> None:
    for name in ("alpha", "beta", "gamma"):
        made = digest_text(f"SELECT {name}, `{name} x` FROM t_{name} WHERE a = 'b' AND c = 1.5")
        shown = f"SELECT `{name}` , `{name} x` FROM `t_{name}` WHERE `a` = ? AND `c` = ?"
        assert made == shown


def test_what_differs_in_what_the_parser_knows_has_another_shape() -> None:
    assert digest_text("SELECT a FROM t") == "SELECT `a` FROM `t`"
    for text in ("SELECT FROM FROM t", "SELECT a FROM", "SELECT a FROM 't", "SELECT a FROM 1", ""):
        with pytest.raises(SqlError, match="Could not parse"):
            digest_text(text)


def test_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_KNOWN_SHAPES", 3)
    texts = [f"SELECT {'é' * (n % 3)}x{n}{', 1 + a' * (n % 7)}" for n in range(50)]
    assert digest_texts(texts) == [digest_text(text) for text in texts]
    assert digest_texts([]) == []


def test_a_long_statement_ends_early() -> None:
    text = f"SELECT {', '.join(f'name_{number}' for number in range(2000))}"
    assert digest_text(text).endswith(", `name_78` ,") and len(digest_text(text)) < 2000
    assert digest(text) == digest_text(text)
