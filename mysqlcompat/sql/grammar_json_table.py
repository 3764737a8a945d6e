"""JSON_TABLE as it is written: the clause behind its document, read token by token.

``JSON_TABLE(document, 'path' COLUMNS (column, …))``, a column being one of::

    name FOR ORDINALITY
    name type PATH 'path' [reaction ON EMPTY] [reaction ON ERROR]
    name type EXISTS PATH 'path'
    NESTED PATH 'path' COLUMNS (column, …)

and a reaction NULL, ERROR or DEFAULT 'JSON text'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from btree.schema import ColumnType, TypeKind
from mysqlcompat.errors import not_supported
from mysqlcompat.sql.parse_types import parse_type, read_collation
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

ORDINALITY, PATH, EXISTS = range(3)
_LATE_EMPTY: Final = (
    "Specifying an ON EMPTY clause after the ON ERROR clause in a JSON_TABLE column definition is"
    " deprecated syntax and will be removed in a future release. Specify ON EMPTY before ON ERROR"
    " instead."
)


@dataclass(frozen=True, slots=True)
class WrittenReaction:
    """`action` is NULL, ERROR or DEFAULT; `text` is the JSON text of DEFAULT."""

    action: str = "NULL"
    text: str = ""


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """One column. `kind`: ORDINALITY, PATH or EXISTS."""

    name: str
    kind: int
    type: ColumnType
    path: str = ""
    empty: WrittenReaction = WrittenReaction()
    error: WrittenReaction = WrittenReaction()


@dataclass(frozen=True, slots=True)
class WrittenLevel:
    """A path with its columns and what is nested below, in the order of the text."""

    path: str
    parts: tuple[WrittenColumn | WrittenLevel, ...]


@dataclass(frozen=True, slots=True)
class JsonTableClause:
    """One JSON_TABLE of a statement: what is behind its document, from `start` to `end`."""

    start: int
    end: int
    level: WrittenLevel


def read_json_table(stream: TokenStream, expression: Callable[[], None]) -> JsonTableClause:
    """Read from the opening parenthesis to the closing one. `expression` reads the document."""
    stream.expect_op("(")
    expression()
    start = stream.token.start
    stream.expect_op(",")
    level = _level(stream)
    end = stream.token.start
    stream.expect_op(")")
    return JsonTableClause(start, end, level)


def _level(stream: TokenStream) -> WrittenLevel:
    path = _string(stream)
    stream.expect("COLUMNS")
    stream.expect_op("(")
    parts: list[WrittenColumn | WrittenLevel] = [_part(stream)]
    while stream.accept_op(","):
        parts.append(_part(stream))
    stream.expect_op(")")
    return WrittenLevel(path, tuple(parts))


def _part(stream: TokenStream) -> WrittenColumn | WrittenLevel:
    if stream.is_word("NESTED") and stream.peek().kind is not Kind.END:
        follows = stream.peek()
        if follows.kind is Kind.STRING or follows.value == "PATH":
            stream.advance()
            stream.expect("PATH")
            return _level(stream)
    name = stream.name()
    if stream.clause("FOR", "ORDINALITY"):
        return WrittenColumn(name, ORDINALITY, ColumnType(TypeKind.INT, unsigned=True))
    parsed = parse_type(stream, name)
    if parsed.serial:
        raise not_supported("SERIAL in JSON_TABLE")
    declared = parsed.type
    if stream.accept("COLLATE"):
        declared = replace(declared, collation=read_collation(stream))
    if stream.accept("EXISTS"):
        stream.expect("PATH")
        return WrittenColumn(name, EXISTS, declared, _string(stream))
    stream.expect("PATH")
    path = _string(stream)
    reactions = _reactions(stream)
    nothing = WrittenReaction()
    empty, error = reactions.get("EMPTY", nothing), reactions.get("ERROR", nothing)
    return WrittenColumn(name, PATH, declared, path, empty, error)


def _reactions(stream: TokenStream) -> dict[str, WrittenReaction]:
    found: dict[str, WrittenReaction] = {}
    while stream.is_word("NULL") or stream.is_word("ERROR") or stream.is_word("DEFAULT"):
        action = stream.advance().value
        text = ""
        if action == "DEFAULT":
            if stream.token.kind is Kind.NUMBER:
                raise not_supported(
                    "non-string DEFAULT value for a column in a JSON_TABLE expression"
                )
            text = _string(stream)
        stream.expect("ON")
        allowed = [event for event in ("EMPTY", "ERROR") if event not in found]
        event = stream.expect_any(*allowed)
        if event == "EMPTY" and "ERROR" in found:
            stream.notes.append((1287, _LATE_EMPTY))
        found[event] = WrittenReaction(action, text)
    return found


def _string(stream: TokenStream) -> str:
    """A string literal, perhaps behind an introducer of its character set."""
    if stream.token.kind is Kind.WORD and stream.token.value.startswith("_"):
        stream.advance()
    return stream.string()
