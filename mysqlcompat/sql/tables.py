"""FROM: tables, JSON_TABLEs, joins, USING and NATURAL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.index_hints import index_hints
from mysqlcompat.sql.json_tables import resolve_json_table
from mysqlcompat.sql.scope import ON, CatalogView, Scope
from mysqlcompat.sql.typed import Expression, Join, Source

MOST_TABLES: Final = 61  #: of one SELECT
_TABLE_ARGS: Final = {"this", "db", "alias", "hints", "joins"}
_JOIN_ARGS: Final = {"this", "side", "kind", "method", "on", "using"}


def check_args(node: Any, known: set[str], feature: str) -> None:
    """Refuse what a node carries beyond `known`: nothing is parsed and then ignored."""
    for name, value in node.args.items():
        if value and name not in known:
            raise not_supported(f"{feature} {name.replace('_', ' ').upper().strip()}")


def add_table(view: CatalogView, resolver: Resolver, node: Any) -> Source:
    scope = resolver.scope
    if len(scope.sources) == MOST_TABLES:
        raise SqlError(1116, MOST_TABLES)
    if isinstance(node, exp.Subquery):
        if node.args.get("alias") is None:
            raise SqlError(1248)
        raise not_supported("derived tables")
    if not isinstance(node, exp.Table):
        raise not_supported(f"{type(node).__name__} in FROM")
    check_args(node, _TABLE_ARGS, "table")
    alias = node.args.get("alias")
    if not isinstance(node.this, exp.Identifier):
        return _add_json_table(resolver, node.this, alias.name if alias else None)
    if alias is not None and alias.args.get("columns"):
        raise SqlError(1064, "")
    source = scope.add(view, node.db or None, node.name, alias.name if alias else None)
    hints = node.args.get("hints")
    if hints:
        source = replace(source, hints=index_hints(source.table, source.alias, hints))
        scope.sources[-1] = source
    return source


def _add_json_table(resolver: Resolver, call: Any, alias: str | None) -> Source:
    """The next JSON_TABLE of the text."""
    clause = resolver.json_tables.pop(0)
    return resolver.scope.place(resolve_json_table(resolver, call, clause, alias), alias)


def resolve_from(
    view: CatalogView, resolver: Resolver, first: Any, joins: list[Any]
) -> tuple[Join, ...]:
    """Add the tables of a FROM to the resolver's scope; the joins between them."""
    nodes = [first, *(one.this for one in [*(first.args.get("joins") or ()), *joins])]
    resolver.from_names = frozenset(one.alias_or_name for one in nodes)
    add_table(view, resolver, first)
    made: list[Join] = []
    for node in [*(first.args.get("joins") or ()), *joins]:
        check_args(node, _JOIN_ARGS, "JOIN")
        nested = node.this.args.get("joins")
        if nested:
            raise not_supported("nested joins")
        made.append(_join(view, resolver, node))
    return tuple(made)


def _join(view: CatalogView, resolver: Resolver, node: Any) -> Join:
    scope = resolver.scope
    side = str(node.args.get("side") or "").upper()
    if side == "RIGHT":
        raise not_supported("RIGHT JOIN")
    add_table(view, resolver, node.this)
    number = len(scope.sources) - 1
    kind = "left" if side == "LEFT" else "inner"
    if kind == "left":
        scope.nullable.add(number)
    names = [name.name for name in node.args.get("using") or ()]
    if str(node.args.get("method") or "").upper() == "NATURAL":
        names = _common_names(scope, number)
    parts = [_using(resolver, name, number) for name in names]
    condition = node.args.get("on")
    if condition is not None:
        with resolver.using(clause=ON):
            parts.append(resolver.condition(condition))
    on: Expression | None = resolver.logic("and", parts) if parts else None
    return Join(kind, number, on)


def _common_names(scope: Scope, number: int) -> list[str]:
    earlier = {
        column.name.casefold()
        for source in scope.sources[:number]
        for column in source.table.columns
        if not column.invisible
    }
    return [
        column.name
        for column in scope.sources[number].table.columns
        if column.name.casefold() in earlier and not column.invisible
    ]


def _using(resolver: Resolver, name: str, number: int) -> Expression:
    """``left.name = right.name``; afterwards the bare name means the left one."""
    scope = resolver.scope
    found = scope.find(name, None, None)
    right = [one for one in found if one.table_no == number]
    left = [one for one in found if one.table_no < number]
    if not left or not right:
        raise SqlError(1054, name, "from clause")
    if len(left) > 1:
        raise SqlError(1052, name, "from clause")
    scope.hidden.add((number, right[0].column_no))
    return resolver.typing.comparison("=", left[0], right[0])
