"""JSON_TABLE in FROM, resolved: paths, column types, DEFAULTs converted, the document's type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from btree.schema import Column, ColumnType
from mysqlcompat import json_path
from mysqlcompat.convert import parse_json
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.json_value import DEFAULT, ERROR, NULL, Reaction
from mysqlcompat.functions.table import Context
from mysqlcompat.json_table import JsonTable, Level, TableColumn, stored
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.grammar_json_table import (
    JsonTableClause,
    WrittenColumn,
    WrittenLevel,
    WrittenReaction,
)
from mysqlcompat.sql.typed import Expression, Param
from mysqlcompat.sqltypes import Class, column_type, string_type
from mysqlcompat.wire.charsets import BY_NAME

_CLAUSE: Final = "a table function argument"
_ACTIONS: Final = {"NULL": NULL, "ERROR": ERROR, "DEFAULT": DEFAULT}
_NESTED_MAX: Final = 16
_LONGEST: Final = (1 << 28) - 1  #: characters of a document given as a parameter


def resolve_json_table(
    resolver: Resolver, node: Any, clause: JsonTableClause, alias: str | None
) -> JsonTable:
    """The table of one JSON_TABLE. Raises 3667, 1060, 3143, 3146, 3141, 1067, 3668 …"""
    if alias is None:
        raise SqlError(3667)
    document = _document(resolver, node.expressions[0])
    making = _Making(resolver.context, alias)
    level = making.level(clause.level)
    return JsonTable(alias, tuple(making.columns), document, level)


def _document(resolver: Resolver, node: Any) -> Expression:
    with resolver.using(clause=_CLAUSE):
        try:
            made = resolver.scalar(node)
        except SqlError as error:
            table = getattr(node, "table", "")
            if error.errno == 1054 and table in resolver.from_names - _aliases(resolver):
                raise SqlError(1109, table, _CLAUSE) from None
            raise
    if isinstance(made, Param) and made.type.cls is Class.NULL:
        made = replace(made, type=string_type(_LONGEST, resolver.context.collation))
    if made.type.cls not in (Class.STRING, Class.JSON, Class.NULL):
        raise SqlError(3146, 1, "json_table")
    return made


def _aliases(resolver: Resolver) -> set[str]:
    return {source.alias for source in resolver.scope.sources}


class _Making:
    """Makes the levels of one table, numbering its columns as they come in the text."""

    def __init__(self, context: Context, table: str) -> None:
        self.context = context
        self.table = table
        self.columns: list[Column] = []
        self.nested = 0

    def level(self, written: WrittenLevel) -> Level:
        path = json_path.parse_path(written.path)
        columns: list[TableColumn] = []
        nested: list[Level] = []
        for part in written.parts:
            if isinstance(part, WrittenColumn):
                columns.append(self.column(part))
                continue
            self.nested += 1
            if self.nested > _NESTED_MAX:
                raise SqlError(3668, _NESTED_MAX, self.table)
            nested.append(self.level(part))
        return Level(path, tuple(columns), tuple(nested))

    def column(self, written: WrittenColumn) -> TableColumn:
        name = written.name
        if any(column.name.casefold() == name.casefold() for column in self.columns):
            raise SqlError(1060, name)
        column = Column(name, self._type(name, written.type))
        self.columns.append(column)
        sql_type = column_type(column)
        least, greatest = sql_type.range if column.type.is_integer else (0, 0)
        made = TableColumn(
            *(len(self.columns) - 1, name, written.kind, sql_type),
            least=least,
            greatest=greatest,
        )
        path = json_path.parse_path(written.path) if written.path else ()
        empty, error = self._reaction(made, written.empty), self._reaction(made, written.error)
        return replace(made, path=path, empty=empty, error=error)

    def _type(self, name: str, declared: ColumnType) -> ColumnType:
        from mysqlcompat.ddl.definition import Charset, complete_type

        collation = self.context.collation
        return complete_type(name, declared, Charset(BY_NAME[collation].charset.name, collation))

    def _reaction(self, column: TableColumn, written: WrittenReaction) -> Reaction:
        action = _ACTIONS[written.action]
        if action != DEFAULT:
            return Reaction(action)
        try:
            value = parse_json(written.text, 1, "JSON_TABLE").value
        except SqlError as error:
            raise error.followed_by(SqlError(1067, column.name)) from None
        if isinstance(value, dict | list) and column.type.cls is not Class.JSON:
            raise SqlError(1067, column.name)
        return Reaction(action, stored(self.context, column.type, column.name, value))
