"""SET in all its forms: variables, user variables, NAMES, CHARACTER SET, TRANSACTION.

One statement may mix assignments; a scope keyword holds until the next one only for its own
assignment (`SET GLOBAL a = 1, b = 2` sets the session's b), as in MySQL 8.
"""

from __future__ import annotations

from typing import Final

from mysqlcompat.sql.parse_transaction import parse_set_transaction
from mysqlcompat.sql.parse_types import read_charset
from mysqlcompat.sql.statements import (
    Assignment,
    Bare,
    Default,
    Scope,
    SetNames,
    SetVariables,
    Source,
    Statement,
    Unsupported,
)
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

_SCOPES: Final[dict[str, Scope]] = {
    "GLOBAL": "global",
    "SESSION": "session",
    "LOCAL": "session",
    "PERSIST": "persist",
    "PERSIST_ONLY": "persist_only",
}
_OF_NEXT_TRANSACTION: Final = ("TRANSACTION_ISOLATION", "TRANSACTION_READ_ONLY")
_BARE_RESERVED: Final = ("ON", "ALL", "BINARY", "ROW", "SYSTEM")
_UNSUPPORTED: Final = {"PASSWORD": "SET PASSWORD", "ROLE": "SET ROLE", "RESOURCE": "SET RESOURCE"}


def parse_set(stream: TokenStream) -> Statement:
    stream.expect("SET")
    for word, feature in _UNSUPPORTED.items():
        follows = stream.peek()
        if stream.is_word(word) and not (follows.kind is Kind.OP and follows.value in ("=", ":=")):
            return Unsupported(feature)
    if stream.is_word("DEFAULT", "ROLE"):
        return Unsupported("SET DEFAULT ROLE")
    if stream.accept("TRANSACTION"):
        return parse_set_transaction(stream, "next")
    if stream.accept("GLOBAL", "TRANSACTION"):
        return parse_set_transaction(stream, "global")
    if stream.accept("SESSION", "TRANSACTION") or stream.accept("LOCAL", "TRANSACTION"):
        return parse_set_transaction(stream, "session")
    assignments: list[Assignment] = []
    items = 0
    while True:
        items += 1
        names = _names(stream)
        if names is not None:
            assignments.extend(_names_as_assignments(names))
        else:
            assignments.append(_assignment(stream))
        if not stream.accept_op(","):
            break
    if names is not None and items == 1:
        return names
    return SetVariables(tuple(assignments))


def _names(stream: TokenStream) -> SetNames | None:
    """NAMES or CHARACTER SET here; None when it is an ordinary assignment."""
    follows = stream.peek()
    assigns = follows.kind is Kind.OP and follows.value in ("=", ":=", ".")
    if stream.is_word("NAMES") and not assigns:
        stream.advance()
        if stream.accept("DEFAULT"):
            return SetNames(None)
        charset = read_charset(stream)
        collation = _charset(stream) if stream.accept("COLLATE") else None
        return SetNames(charset, collation)
    if (
        stream.accept("CHARACTER", "SET")
        or stream.accept("CHARSET")
        or stream.accept("CHAR", "SET")
    ):
        charset_or_default = None if stream.accept("DEFAULT") else read_charset(stream)
        return SetNames(charset_or_default, character_set_only=True)
    return None


def _charset(stream: TokenStream) -> str:
    if stream.accept("BINARY"):
        return "binary"
    return stream.string_or_name()


def _names_as_assignments(names: SetNames) -> list[Assignment]:
    """NAMES inside a longer list, as assignments to pseudo-variables of these names."""
    target = "character set" if names.character_set_only else "names"
    value = Default() if names.charset is None else Bare(names.charset)
    found = [Assignment("system", target, value)]
    if names.collation is not None:
        found.append(Assignment("system", "collation_connection", Bare(names.collation)))
    return found


def _assignment(stream: TokenStream) -> Assignment:
    token = stream.token
    if token.kind is Kind.AT:
        stream.advance()
        _equals(stream)
        return Assignment("user", token.value, Source(stream.expression()))
    scope: Scope | None = None
    if token.kind is Kind.ATAT:
        stream.advance()
        if stream.peek().kind is Kind.OP and stream.peek().value == ".":
            scope = _SCOPES.get(stream.token.value)
            if scope is not None:
                stream.advance()
                stream.expect_op(".")
        if scope is None and stream.token.value in _OF_NEXT_TRANSACTION:
            scope = "next"
    else:
        word = stream.accept_any(*_SCOPES)
        scope = _SCOPES[word] if word else None
    name = _variable_name(stream)
    _equals(stream)
    return Assignment("system", name, _value(stream), scope)


def _variable_name(stream: TokenStream) -> str:
    name = stream.name()
    if stream.accept_op("."):
        return f"{name}.{stream.name_after_dot()}"
    return name


def _equals(stream: TokenStream) -> None:
    if not stream.accept_op("=") and not stream.accept_op(":="):
        raise stream.error()


def _value(stream: TokenStream) -> Source | Default | Bare:
    follows = stream.peek()
    alone = follows.kind is Kind.END or (follows.kind is Kind.OP and follows.value == ",")
    if alone and stream.accept("DEFAULT"):
        return Default()
    if alone and stream.token.kind is Kind.WORD and stream.token.value in _BARE_RESERVED:
        return Bare(stream.advance().value)
    if alone and stream.is_name() and stream.token.value not in ("NULL", "TRUE", "FALSE"):
        return Bare(stream.name())
    return Source(stream.expression())
