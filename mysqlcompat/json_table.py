"""JSON_TABLE: the rows a document gives.

A `JsonTable` stands among a statement's tables. Its `Level` is a path whose matches are rows;
levels nested in it give further rows for each match, one level after the other, the columns of the
others being NULL meanwhile (a union, no product); where none of them has a match there is one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from btree.schema import INTEGER_KINDS, Column, TypeKind
from mysqlcompat import json_path, json_stored, jsonb
from mysqlcompat.assign import assign
from mysqlcompat.convert import parse_json
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.json_value import DEFAULT, ERROR, NOTHING, Reaction
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json, Unsigned
from mysqlcompat.sql.grammar_json_table import EXISTS, ORDINALITY, PATH
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import Class, SqlType, int_type, json_type, string_type
from mysqlcompat.unstored_table import UnstoredTable

_TEXT: Final = string_type((1 << 32) - 1, "utf8mb4_bin")
_JSON: Final = json_type()
_NUMBERS: Final = (Class.INT, Class.DECIMAL, Class.DOUBLE)
_TEMPORAL: Final = (Class.DATE, Class.DATETIME, Class.TIME)
#: What converting complains of in its own words; everything else is "out of range".
_OWN_WORDS: Final = (3140, 3155, 3156)


#: Functions of no name: (document as text) -> document; (match, (column, table)) -> value.
DOCUMENT: Final = "json_table document"
COLUMN: Final = "json_table column"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """How one column is made. `kind`: ORDINALITY, PATH, EXISTS; values of reactions are made."""

    number: int
    name: str
    kind: int
    type: SqlType
    path: json_path.Path = ()
    empty: Reaction = NOTHING
    error: Reaction = NOTHING
    least: int = 0  #: of an integer type
    greatest: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A path, the columns made of each of its matches, and what is nested there."""

    path: json_path.Path
    columns: tuple[TableColumn, ...]
    nested: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class JsonTable(UnstoredTable):
    """A JSON_TABLE of FROM: like a virtual table, but its rows depend on `document`, which may
    name columns of the tables before it."""

    name: str
    columns: tuple[Column, ...]
    document: Expression
    level: Level
    database: str = ""

    @property
    def made_of(self) -> tuple[Expression, ...]:
        return (self.document,)

    def rows(self, context: Context, value: Any) -> Iterator[list[Any]]:
        """The rows of one document, made one by one; none for NULL. Raises 3141, 3144, 3665 …"""
        if value is None:
            return iter(())
        if isinstance(value, bytes):
            raise SqlError(3144, "binary")
        row: list[Any] = [None] * len(self.columns)
        if isinstance(value, StoredJson):
            return _rows(context, self.level, _matches(value, self.level.path), row, self.name)
        root = value.value if isinstance(value, Json) else parse_json(value, 1, "json_table").value
        matches = json_path.find(root, self.level.path)
        return _rows(context, self.level, matches, row, self.name)


def _matches(stored_value: StoredJson, path: json_path.Path) -> list[Any]:
    """What a path leads to; only what its first legs lead to is decoded."""
    plain = 0
    while plain < len(path) and not json_path.is_wild(path[plain : plain + 1]):
        plain += 1
    start = json_stored.find(stored_value, path[:plain])
    return json_path.find(start[0], path[plain:]) if start else []


def _rows(
    context: Context, level: Level, matches: Sequence[Any], row: list[Any], table: str
) -> Iterator[list[Any]]:
    for number, match in enumerate(matches, 1):
        made = row.copy()
        for column in level.columns:
            if column.kind == ORDINALITY:
                made[column.number] = number
            else:
                made[column.number] = _value(context, column, match, table)
        alone = True
        for nested in level.nested:
            below = json_path.find(match, nested.path)
            for one in _rows(context, nested, below, made, table):
                alone = False
                yield one
        if alone:
            yield made


def _value(context: Context, column: TableColumn, match: Any, table: str) -> Any:
    found = json_path.find(match, column.path) if column.path else [match]
    if column.kind == PATH and len(found) == 1 and _is_same(found[0], column):
        return found[0]
    if column.kind == EXISTS:
        name = f"{table}.{column.name}" if column.type.cls is Class.JSON else column.name
        return assign(context, int(bool(found)), int_type(), column.type, name)
    if not found:
        if column.empty.action == ERROR:
            raise SqlError(3665, column.name)
        return column.empty.value
    try:
        return stored(context, column.type, column.name, found if len(found) > 1 else found[0])
    except SqlError:
        if column.error.action == ERROR:
            raise
    if column.error.action == DEFAULT:
        return column.error.value
    return "" if column.type.kind is TypeKind.ENUM else None


def _is_same(value: Any, column: TableColumn) -> bool:
    """Whether the column has the very value: nothing is converted, cut or refused."""
    target = column.type
    if type(value) is int and target.kind in INTEGER_KINDS:
        return column.least <= value <= column.greatest
    plain = target.kind is TypeKind.VARCHAR and target.collation.startswith("utf8mb4")
    return plain and type(value) is str and len(value) <= target.length


@implement(DOCUMENT)
def document_of(context: Context, call: Call, value: Any) -> Json:
    """The document a text is. Raises 3141, 3144."""
    if isinstance(value, bytes):
        raise SqlError(3144, "binary")
    return parse_json(value, 1, "json_table")


@implement(COLUMN)
def column_of(context: Context, call: Call, match: Json, made: tuple[TableColumn, str]) -> Any:
    """A column of the row that a match gives. Raises 3665, 3666, 3669 …"""
    column, table = made
    return _value(context, column, match.value, table)


class _Strict:
    """A context in which whatever is lost is an error, but for parts of dates and of numbers."""

    strict = True
    row = 1

    def __init__(self, context: Context, target: SqlType) -> None:
        self._context = context
        self._is_number = target.cls in _NUMBERS

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if errno in _OWN_WORDS or (level != "Note" and not self._is_number):
            raise SqlError.with_text(errno, message)
        if not self._is_number:
            self._context.warn(errno, message, level)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def stored(context: Context, target: SqlType, name: str, value: Any) -> Any:
    """A value within a document as a column has it. Raises 3666, 3669, 3155, 3156."""
    if target.cls is Class.JSON:
        return None if value is None else Json(value)
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise SqlError(3666, name)
    as_it_is = target.cls in _NUMBERS or (
        target.cls in _TEMPORAL and isinstance(value, date | timedelta)
    )
    given: Any = Json(value) if as_it_is else jsonb.scalar_text(value)
    source = _JSON if as_it_is else _TEXT
    if type(value) in (int, Unsigned) and target.cls is Class.INT:
        source, given = int_type(unsigned=value >= 0), int(value)
    is_below = type(value) is float and -(1 << 63) <= value < 0
    if is_below and target.cls is Class.INT and target.unsigned:  # its 64 bits count
        source, given = int_type(unsigned=True), round(value) % (1 << 64)
    strict: Any = _Strict(context, target)
    try:
        return assign(strict, given, source, target, name, name)
    except SqlError as error:
        lost = SqlError(3669, name)
        if error.errno in _OWN_WORDS:
            raise error.followed_by(lost) from None
        lost.listed = (error.condition("Warning"), lost.condition())
        raise lost from None
