"""The tokenizer of administrative statements, and how a text is split into statements."""

from __future__ import annotations

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.tokens import Kind, split_statements, tokenize


def kinds(text: str, **options: bool) -> list[tuple[str, str]]:
    return [(token.kind.name, token.value) for token in tokenize(text, **options)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `b``c` 'd''e'", [("WORD", "A"), ("QUOTED", "b`c"), ("STRING", "d'e")]),
        (r"'a\n\%\\'", [("STRING", "a\n\\%\\")]),
        ("'a' 'b'", [("STRING", "ab")]),
        ("1 1.5 .5", [("NUMBER", "1"), ("NUMBER", "1.5"), ("NUMBER", ".5")]),
        ("1e3 1a", [("NUMBER", "1e3"), ("WORD", "1A")]),
        ("0x1F x'41' b'01'", [("BITS", "0x1F"), ("BITS", "41"), ("BITS", "01")]),
        ("@a @`b c` @@x", [("AT", "a"), ("AT", "b c"), ("ATAT", "@@"), ("WORD", "X")]),
        ("a -- b\n# c\n/* d */ e", [("WORD", "A"), ("WORD", "E")]),
        ("a--1", [("WORD", "A"), ("OP", "-"), ("OP", "-"), ("NUMBER", "1")]),
        ("/*!40101 SET */ x /*!99999 y */", [("WORD", "SET"), ("WORD", "X")]),
        ("a<=>b->>c", [("WORD", "A"), ("OP", "<=>"), ("WORD", "B"), ("OP", "->>"), ("WORD", "C")]),
    ],
)  # fmt: skip
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_modes() -> None:
    assert kinds('"a"') == [("STRING", "a")]
    assert kinds('"a"', ansi_quotes=True) == [("QUOTED", "a")]
    assert kinds(r"'a\'", backslash_escapes=False) == [("STRING", "a\\")]


def test_offsets_are_into_the_text() -> None:
    text = "SELECT  /*!80000 'x' */ `é`"
    tokens = tokenize(text)
    assert [text[token.start : token.end] for token in tokens[:-1]] == ["SELECT", "'x'", "`é`"]
    assert tokens[-1].kind is Kind.END and tokens[-1].start == len(text)


def test_open_quote() -> None:
    with pytest.raises(SqlError, match="near ''open' at line 2"):
        tokenize("SELECT\n'open")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a; b", ["a", "b"]),
        ("a;", ["a"]),
        ("  a ; \n", ["a "]),
        ("'x;y'; b", ["'x;y'", "b"]),
        ("a;; b", ["a", "; b"]),
        ("", []),
        (" ; ", []),
        ("a; -- end", ["a", "-- end"]),
        ("/* only */", ["/* only */"]),
        ("/*!1 SET @x = 5 */; b", ["/*!1 SET @x = 5 */", "b"]),
    ],
)
def test_split(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in split_statements(text, tokenize(text))] == parts
