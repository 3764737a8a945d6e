"""The tokenizer of the administrative parsers: SQL text to tokens with offsets into that text.

Rules taken from MySQL's lexer: version comments (`/*!80400 … */`) are text when the version is not
above ours; `-- ` needs a blank after the dashes; adjacent strings are one; a word directly after a
dot is a name, whatever it spells; `"…"` is a name under ANSI_QUOTES and a string otherwise.
DML and SELECT are tokenized again by sqlglot; this pass only splits and routes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mysqlcompat.errors import SqlError

OUR_VERSION: Final = 80406  #: version comments up to here are executed


class Kind(Enum):
    WORD = "word"  #: unquoted: keyword or name
    QUOTED = "quoted"  #: `name`
    STRING = "string"
    NUMBER = "number"
    BITS = "bits"  #: x'…', 0x…, b'…', 0b…
    AT = "@"  #: @name; value is the name
    ATAT = "@@"
    PARAM = "?"
    OP = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """text[start:end] is the source; `value` is upper case for words, unescaped for strings."""

    kind: Kind
    value: str
    start: int
    end: int


_LEXEMES: Final = re.compile(
    r"""
      (?P<space>[\s\x00]+)
    | (?P<line>--(?=[\s\x00]|$)[^\n]*|\#[^\n]*)
    | (?P<version>/\*!(?:\d{5,6})?)
    | (?P<close>\*/)
    | (?P<block>/\*.*?(?:\*/|$))
    | (?P<bits>[xXbBnN](?=')|0x[0-9a-fA-F]+(?![0-9A-Za-z_$])|0b[01]+(?![0-9A-Za-z_$]))
    | (?P<number>(?:\d+\.\d*|\.\d+|\d+)[eE][+-]?\d+|\d+\.\d*|\.\d+
        |\d+(?![0-9A-Za-z_$\u0080-\U0010ffff]))
    | (?P<word>[0-9A-Za-z_$\u0080-\U0010ffff]+)
    | (?P<quote>['"`])
    | (?P<sysvar>@@)
    | (?P<uservar>@)
    | (?P<param>\?)
    | (?P<op><=>|<<|>>|<=|>=|<>|!=|\|\||&&|:=|->>|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES: Final = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def tokenize(
    text: str, *, ansi_quotes: bool = False, backslash_escapes: bool = True
) -> list[Token]:
    """Every token of `text`, ending with one END token at its end. Unclosed quotes: ERROR 1064.

    Session, router and parser each ask for the same text in turn, so the last answer is kept,
    unless it is huge. Nobody changes the list.
    """
    global _last
    key = (text, ansi_quotes, backslash_escapes)
    if _last[0] == key:
        return _last[1]
    tokens = _tokens(text, ansi_quotes, backslash_escapes)
    if len(text) <= _KEPT_LENGTH:
        _last = key, tokens
    return tokens


_KEPT_LENGTH: Final = 1 << 20
_last: tuple[tuple[str, bool, bool] | None, list[Token]] = (None, [])


def _tokens(text: str, ansi_quotes: bool, backslash_escapes: bool) -> list[Token]:
    tokens: list[Token] = []
    for token in _scan(text, ansi_quotes, backslash_escapes):
        previous = tokens[-1] if tokens else None
        if (
            token.kind is Kind.STRING
            and previous is not None
            and previous.kind is Kind.STRING
            and text[previous.end : token.start].strip() == ""
        ):
            tokens[-1] = Token(Kind.STRING, previous.value + token.value, previous.start, token.end)
        else:
            tokens.append(token)
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens


def _scan(text: str, ansi_quotes: bool, backslash_escapes: bool) -> Iterator[Token]:
    at, size, open_versions = 0, len(text), 0
    while at < size:
        match = _LEXEMES.match(text, at)
        assert match is not None  # the last alternative takes any character
        kind, start, at = match.lastgroup, at, match.end()
        if kind in ("space", "line", "block"):
            continue
        if kind == "version":
            digits = match.group()[3:]
            if digits and int(digits) > OUR_VERSION:
                close = text.find("*/", at)
                at = size if close < 0 else close + 2
            else:
                open_versions += 1
            continue
        if kind == "close":
            if open_versions:
                open_versions -= 1
                continue
            yield Token(Kind.OP, "*", start, start + 1)
            at = start + 1
            continue
        if kind == "quote":
            value, at = _quoted(text, start, backslash_escapes)
            quote = text[start]
            is_name = quote == "`" or (quote == '"' and ansi_quotes)
            yield Token(Kind.QUOTED if is_name else Kind.STRING, value, start, at)
        elif kind == "bits":
            if match.group()[0] == "0":
                yield Token(Kind.BITS, match.group(), start, at)
            else:
                value, at = _quoted(text, at, backslash_escapes)
                national = text[start] in "nN"
                if not national and not _DIGITS[text[start].lower()].fullmatch(value):
                    raise syntax_error(text, start)
                yield Token(Kind.STRING if national else Kind.BITS, value, start, at)
        elif kind == "sysvar":
            yield Token(Kind.ATAT, "@@", start, at)
        elif kind == "uservar":
            yield from _user_variable(text, start, backslash_escapes)
            at = _user_variable_end(text, start, backslash_escapes)
        elif kind == "param":
            yield Token(Kind.PARAM, "?", start, at)
        elif kind == "number":
            yield Token(Kind.NUMBER, match.group(), start, at)
        elif kind == "word":
            yield Token(Kind.WORD, match.group().upper(), start, at)
        else:
            yield Token(Kind.OP, match.group(), start, at)


#: What may be within the quotes of x'…' and b'…'.
_DIGITS: Final = {"x": re.compile("(?:[0-9a-fA-F]{2})*"), "b": re.compile("[01]*")}
_VARIABLE_NAME: Final = re.compile(r"[0-9A-Za-z_$.\u0080-\U0010ffff]*")


def _user_variable(text: str, start: int, backslash_escapes: bool) -> Iterator[Token]:
    end = _user_variable_end(text, start, backslash_escapes)
    if end > start + 1 and text[start + 1] in "`'\"":
        name, _ = _quoted(text, start + 1, backslash_escapes)
    else:
        name = text[start + 1 : end]
    yield Token(Kind.AT, name, start, end)


def _user_variable_end(text: str, start: int, backslash_escapes: bool) -> int:
    if start + 1 < len(text) and text[start + 1] in "`'\"":
        return _quoted(text, start + 1, backslash_escapes)[1]
    match = _VARIABLE_NAME.match(text, start + 1)
    assert match is not None
    return match.end()


def _quoted(text: str, start: int, backslash_escapes: bool) -> tuple[str, int]:
    """Value of the quoted run that begins at `start`, and the offset after its closing quote."""
    quote = text[start]
    escapes = backslash_escapes and quote != "`"
    parts: list[str] = []
    at = start + 1
    size = len(text)
    while at < size:
        close = text.find(quote, at)
        if close < 0:
            break
        slash = text.find("\\", at, close) if escapes else -1
        if slash >= 0:
            if slash + 1 >= size:
                break
            escaped = text[slash + 1]
            parts.append(text[at:slash])
            # \% and \_ stay as they are: LIKE reads them.
            parts.append("\\" + escaped if escaped in "%_" else _ESCAPES.get(escaped, escaped))
            at = slash + 2
        elif text.startswith(quote, close + 1):
            parts.append(text[at : close + 1])
            at = close + 2
        else:
            parts.append(text[at:close])
            return "".join(parts), close + 1
    raise syntax_error(text, start)


def split_statements(text: str, tokens: list[Token]) -> list[tuple[int, int]]:
    """Source ranges of the statements in `text`, without their semicolons.

    A semicolon at the end is usual. An empty statement before another one is a mistake: its range
    begins with the semicolon, so that whoever parses it says so. Comments alone are a statement.
    """
    ranges: list[tuple[int, int]] = []
    start, empty = 0, True
    for token in tokens[:-1]:
        if token.kind is not Kind.OP or token.value != ";":
            empty = False
            continue
        if empty and token.start + 1 < len(text.rstrip()):
            return [*ranges, (token.start, len(text))]
        if not empty:
            ranges.append((_skip_blanks(text, start), token.start))
        start, empty = token.end, True
    if not empty or text[start:].strip(" \t\r\n;"):
        ranges.append((_skip_blanks(text, start), len(text)))
    return ranges


def _skip_blanks(text: str, start: int) -> int:
    return len(text) - len(text[start:].lstrip())


class StatementError(SqlError):
    """ERROR 1064 at offset `at` of the text it was raised for."""

    at: int


def syntax_error(text: str, at: int, start: int = 0) -> StatementError:
    """ERROR 1064 with MySQL's hint: up to 80 characters from the offending token, and its line,
    counted from the beginning of the statement at `start`."""
    line = text.count("\n", start, at) + 1
    error = StatementError(1064, SYNTAX_HINT, text[at : at + 80], line)
    error.at = at
    return error


SYNTAX_HINT: Final = (
    "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server"
    " version for the right syntax to use"
)
