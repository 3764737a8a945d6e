"""Functions with a syntax of their own: TRIM(LEADING …), CHAR(… USING …), WEIGHT_STRING(… AS …),
DEFAULT(column)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from mysqlcompat.functions.string_codes import weight_string_of
from mysqlcompat.sql.casts import char_using
from mysqlcompat.sql.column_defaults import column_default
from mysqlcompat.sql.typed import Expression, Literal
from mysqlcompat.sqltypes import column_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from mysqlcompat.sql.expressions import Resolver


def _substring(resolver: Resolver, node: Any) -> Expression:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return resolver.named_call("substring", [part for part in parts if part is not None])


def _trim(resolver: Resolver, node: Any) -> Expression:
    side = str(node.args.get("position") or "BOTH").lower()
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


def _default_of(resolver: Resolver, node: Any) -> Expression:
    """``DEFAULT(column)``, which the parser takes for a column with names. Raises 1364."""
    name, parts = node.this, node.expressions
    if not isinstance(name, exp.Column) or name.name.lower() != "default" or len(parts) != 1:
        return resolver.unsupported(node)
    found = resolver.scope.column(parts[0].name, None, None, resolver.rules.clause)
    column = resolver.scope.sources[found.table_no].table.columns[found.column_no]
    return Literal(column_type(column), 0) if column.auto_increment else column_default(column)


SPECIAL_CALLS: Final[dict[type, Callable[[Resolver, Any], Expression]]] = {
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Chr: _char,
    exp.WeightString: _weight_string,
    exp.Aliases: _default_of,
}
