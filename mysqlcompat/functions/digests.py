"""STATEMENT_DIGEST_TEXT and STATEMENT_DIGEST: a statement with its values taken out.

The text follows MySQL's (Reference Manual, 29.10). The digest is SHA-256 of that text; MySQL hashes
its parser's token numbers, which no other server has.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import IGNORABLE, define
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.keywords import RESERVED
from mysqlcompat.sql.tokens import Kind, Token, tokenize
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

_TEXT_LENGTH: Final = 16777216
_VALUE, _VALUES, _LIST = "?", "?, ...", "(...)"
_SHAPING: Final = (Kind.WORD, Kind.QUOTED, Kind.OP, Kind.AT, Kind.ATAT)
_WORDS: Final = frozenset(
    ["TRUE", "FALSE", "OFFSET", "BEGIN", "COMMIT", "ROLLBACK", "START", "TRANSACTION"]
)

_KNOWN_SHAPES: Final = 512
_KNOWN_TOKENS: Final = 1000
#: Shapes of statements that were found to be some: only their values differ. The oldest first.
_known: dict[tuple[tuple[Kind, str], ...], None] = {}


def _parts(text: str) -> list[str]:
    made: list[str] = []
    tokens = tokenize(text)
    for token, following in itertools.pairwise(tokens):
        match token.kind:
            case Kind.STRING | Kind.NUMBER | Kind.BITS | Kind.PARAM:
                made.append(_VALUE)
            case Kind.QUOTED:
                made.append(f"`{token.value}`")
            case Kind.WORD if token.value == "NULL" and made[-1:] != ["IS"]:
                made.append(_VALUE)
            case Kind.WORD:
                known = token.value in RESERVED or token.value in _WORDS
                called = following.kind is Kind.OP and following.value == "("
                shown = text[token.start : token.end]
                made.append(token.value if known or called else f"`{shown}`")
            case Kind.AT:
                made.append("@" + token.value)
            case Kind.ATAT:
                made.append("@@" + token.value)
            case Kind.OP if token.value != ";":
                made.append(token.value)
        _reduce(made)
    return made


def _reduce(made: list[str]) -> None:
    """Lists of values become one."""
    if made[-2:] in (["-", _VALUE], ["+", _VALUE]) and made[-3:-2] and made[-3] in "(,=<>":
        del made[-2]
    if made[-3:] in ([_VALUE, ",", _VALUE], [_VALUES, ",", _VALUE]):
        made[-3:] = [_VALUES]
    if made[-3:] == ["(", _VALUES, ")"]:
        made[-3:] = [_LIST]
    for row, rows in ((["(", _VALUE, ")"], "(?) /* , ... */"), ([_LIST], "(...) /* , ... */")):
        count = len(row)
        if made[-count:] != row or made[-count - 1 : -count] != [","]:
            continue
        before = made[: -count - 1]
        if before[-count:] == row:
            made[:] = [*before[:-count], rows]
        elif before[-1:] == [rows]:
            made[:] = before


def _text_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    if args[0].type.coercibility == IGNORABLE:  # NULL
        return string_type(_TEXT_LENGTH, BINARY)
    return string_type(_TEXT_LENGTH, typing.context.collation)


def digest_text(text: str) -> str:
    """The normalized statement. Raises 3676 for text that is no statement."""
    try:
        parts = _parts(text)
        if not parts:
            raise SqlError(1065)
        shape = tuple((one.kind, _shaping(one)) for one in tokenize(text))
        if shape not in _known:
            _check(text)
            while len(_known) >= _KNOWN_SHAPES:
                del _known[next(iter(_known))]
            if len(shape) <= _KNOWN_TOKENS:
                _known[shape] = None
    except SqlError as error:
        raise SqlError(3676, error.message) from None
    return " ".join(parts)


def _shaping(token: Token) -> str:
    """What of a token decides whether its statement is one."""
    if token.kind is Kind.NUMBER:
        return "" if token.value.isdecimal() else "."
    return token.value if token.kind in _SHAPING else ""


def _check(text: str) -> None:
    """Raises what is wrong with a statement."""
    from mysqlcompat.sql.parse import parse_statement
    from mysqlcompat.sql.router import route
    from mysqlcompat.sql.statements import Plain

    if isinstance(route(text), Plain):
        parse_statement(text, frozenset())


@define("statement_digest_text", "s", _text_type)
def statement_digest_text(context: Context, call: Call, text: Any) -> str:
    return digest_text(text)


@define(
    "statement_digest", "s", lambda typing, args: string_type(64, typing.context.collation, True)
)
def statement_digest(context: Context, call: Call, text: Any) -> str:
    return hashlib.sha256(digest_text(text).encode()).hexdigest()
