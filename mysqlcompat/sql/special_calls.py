"""Functions with a syntax of their own: TRIM(LEADING …), CHAR(… USING …), WEIGHT_STRING(… AS …),
DEFAULT(column), VALUES(column)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import DEFINITIONS
from mysqlcompat.functions.string_codes import weight_string_of
from mysqlcompat.sql.casts import char_using
from mysqlcompat.sql.column_defaults import column_default
from mysqlcompat.sql.typed import ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import column_type, null_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mysqlcompat.sql.expressions import Resolver


def _substring(resolver: Resolver, node: Any) -> Expression:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return resolver.named_call("substring", [part for part in parts if part is not None])


def _trim(resolver: Resolver, node: Any) -> Expression:
    side = str(node.args.get("position") or "PLAIN").lower()
    args = [node.this] + ([node.expression] if node.expression is not None else [])
    return resolver.named_call(f"trim@{side}", args)


def _position(resolver: Resolver, node: Any) -> Expression:
    return resolver.named_call("locate", [node.args["substr"], node.this])


def _char(resolver: Resolver, node: Any) -> Expression:
    made = resolver.named_call("char", node.expressions)
    charset = node.args.get("charset")
    return char_using(resolver.typing, made, charset.name) if charset else made


def _weight_string(resolver: Resolver, node: Any) -> Expression:
    to = node.args.get("to")
    size = int(str(to.expressions[0].this.this)) if to else None
    is_binary = bool(to) and to.this is not exp.DataType.Type.CHAR
    return weight_string_of(resolver.typing, resolver.resolve(node.this), size, is_binary)


def default_of(resolver: Resolver, args: Sequence[Any]) -> Expression:
    """``DEFAULT(column)``. Raises 1364 if it has none, 3773 for an expression."""
    found = _column(resolver, args[0])
    column = resolver.scope.sources[found.table_no].table.columns[found.column_no]
    if column.auto_increment:
        return Literal(column_type(column), 0)
    if (column.default or "").startswith("("):
        raise SqlError(3773)
    if column.default_is_expression:  # CURRENT_TIMESTAMP is no value yet; NULL stands for it
        return Literal(column_type(column).or_null(), None)
    return column_default(column)


def grouping_of(resolver: Resolver, args: Sequence[Any]) -> Expression:
    """``GROUPING(a, b)``. Raises 1111 where there are no groups yet."""
    if resolver.rules.aggregates == "no":
        raise SqlError(1111)
    return DEFINITIONS["grouping"].build(resolver.typing, resolver.resolve_all(args))


def values_of(resolver: Resolver, args: Sequence[Any]) -> Expression:
    """``VALUES(column)`` outside of ON DUPLICATE KEY UPDATE: NULL."""
    _column(resolver, args[0])
    return Literal(null_type(), None)


def _column(resolver: Resolver, node: Any) -> ColumnRef:
    parts = (node.table or None, node.db or None) if isinstance(node, exp.Column) else (None, None)
    return resolver.scope.column(node.name, *parts, resolver.rules.clause)


SPECIAL_CALLS: Final[dict[type, Callable[[Resolver, Any], Expression]]] = {
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Chr: _char,
    exp.WeightString: _weight_string,
}
