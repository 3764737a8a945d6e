"""Aggregate functions: their types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from btree.schema import TypeKind
from mysqlcompat import jsonb
from mysqlcompat.assign import assign, complain
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import implement
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.message_text import shown
from mysqlcompat.numerals import round_decimal
from mysqlcompat.sql.branches import AMONG_DATES
from mysqlcompat.sql.infer import STRICT_MODES, Typing, is_binary_string, is_number_literal
from mysqlcompat.sql.measures import digits, numeric_type, scale_of, sum_type
from mysqlcompat.sql.parameters import is_untyped
from mysqlcompat.sql.typed import (
    ASSIGN,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Order,
    is_constant,
)
from mysqlcompat.sqltypes import (
    BINARY,
    TEMPORAL,
    Class,
    SqlType,
    bytes_per_character,
    decimal_type,
    double_type,
    int_type,
    json_type,
    string_type,
)

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context
    from mysqlcompat.sql.expressions import Resolver

_DEVIATIONS: Final = {
    "std": "stddev_pop", "stddev": "stddev_pop", "stddev_pop": "stddev_pop",
    "stddev_samp": "stddev_samp", "variance": "var_pop", "var_pop": "var_pop",
    "var_samp": "var_samp",
}  # fmt: skip
BITS: Final = ("bit_and", "bit_or", "bit_xor")
#: Name -> least and most arguments.
AGGREGATES: Final[dict[str, tuple[int, int]]] = {
    "count": (0, 999), "sum": (1, 1), "avg": (1, 1), "min": (1, 1), "max": (1, 1),
    "json_arrayagg": (1, 1), "json_objectagg": (2, 2),
    **dict.fromkeys(_DEVIATIONS, (1, 1)), **dict.fromkeys(BITS, (1, 1)),
}  # fmt: skip
_LONGEST_BITS: Final = 511  #: bytes of a binary string whose bits are combined
_SHORT_CONCAT: Final = 512  #: a GROUP_CONCAT of more is a LONGTEXT


def build_aggregate(
    typing: Typing, name: str, args: Sequence[Expression], distinct: bool
) -> Expression:
    low, high = AGGREGATES[name]
    if not low <= len(args) <= high:
        raise SqlError(1582, name)
    match name:
        case "count":
            return Aggregate(int_type(21, nullable=False), name, tuple(args), distinct)
        case "sum" | "avg":
            return _build_sum(typing, name, args[0], distinct)
        case "min" | "max":
            return Aggregate(_extreme_type(args[0].type), name, tuple(args), distinct)
        case "json_arrayagg":
            return Aggregate(json_type(), name, (typing.as_json(args[0]),), distinct)
        case "json_objectagg":
            taken = typing.as_string(args[0]), typing.as_json(args[1])
            return Aggregate(json_type(), name, taken, distinct)
    if name in BITS:
        if is_binary_string(args[0]):
            if args[0].type.length > _LONGEST_BITS:
                raise SqlError(3514)
            size = args[0].type.length + 1
            made = replace(args[0].type, length=size, scale=0, unsigned=True, nullable=False)
            return Aggregate(made, name, tuple(args), distinct)
        made = replace(int_type(21, True, False), collation=BINARY, coercibility=4)  # of its text
        return Aggregate(made, name, (typing.as_bits(args[0]),), distinct)
    arg = typing.as_double(args[0])
    if arg.type.cls is Class.NULL:
        arg = Literal(double_type(), None)
    return Aggregate(double_type(), _DEVIATIONS[name], (arg,), distinct)


def _extreme_type(source: SqlType) -> SqlType:
    """Of MIN and MAX: one of ENUMs or SETs is a text, no number any more, one of BITs is bytes."""
    if source.cls is Class.JSON:
        return json_type()
    if source.kind in (TypeKind.ENUM, TypeKind.SET):
        return string_type(source.length, source.collation, True, source.coercibility)
    if source.is_computed_bits:
        source = replace(source, precision=0, mixed=False)
    return source.or_null()


def _build_sum(typing: Typing, name: str, arg: Expression, distinct: bool) -> Expression:
    arg = _stored_number(typing, arg) if distinct else typing.as_number(arg)
    source = arg.type
    if source.cls not in (Class.INT, Class.DECIMAL):
        made = double_type()
        if source.cls is Class.NULL:
            made = double_type(17 if name == "sum" else 21, scale=0 if name == "sum" else 4)
        return Aggregate(made, name, (typing.as_double(arg),), distinct)
    more = typing.division_digits
    made = decimal_type(digits(source) + more, scale_of(source) + more)
    if name == "sum":
        made = sum_type(source)
    return Aggregate(made, name, (arg,), distinct)


def _stored_number(typing: Typing, arg: Expression) -> Expression:
    """What SUM and AVG tell apart: `arg` in a column of a temporary table. A text is complained of
    as there; a moment that was chosen goes there as a text, which is no number."""
    is_member = isinstance(arg, ColumnRef) and arg.type.kind in (TypeKind.ENUM, TypeKind.SET)
    is_text = arg.type.cls is Class.STRING and not (is_member or is_number_literal(arg))
    if is_text and not is_untyped(arg):
        return Cast(double_type(nullable=arg.type.nullable), arg, ASSIGN)
    if isinstance(arg, Call) and arg.type.cls in TEMPORAL and arg.function.name in _CHOOSING:
        return typing.call("decimal of chosen", numeric_type(arg.type), typing.as_string(arg))
    return typing.as_number(arg)


_CHOOSING: Final = (
    *("if", "case", "ifnull", "coalesce", "nullif", "any_value"),
    *("greatest", "least", *AMONG_DATES),
)


@implement("decimal of chosen")
def _decimal_of_chosen(context: Context, call: Call, text: str | bytes) -> Any:
    """In strict mode nothing is stored of a text that is no number, zero otherwise what it begins
    with."""
    scale = call.type.scale
    if context.sql_mode & STRICT_MODES:
        complain(context, 1366, "decimal", shown(text), "", context.row)
        return Decimal(0).scaleb(-scale) if scale else 0
    made = decimal_type(65, scale)
    number = assign(context, text, call.args[0].type, made, "")
    return number if scale else int(number)


def build_group_concat(typing: Typing, resolver: Resolver, node: Any) -> Expression:
    """``GROUP_CONCAT([DISTINCT] a, b ORDER BY c SEPARATOR ';')``."""
    separator_node = node.args.get("separator")
    separator = str(separator_node.this) if separator_node is not None else ","
    inner = node.this
    ordering: tuple[Order, ...] = ()
    if isinstance(inner, exp.Order):
        ordering = tuple(
            Order(
                _stored(typing, _position(resolver, one.this, inner.this)),
                bool(one.args.get("desc")),
            )
            for one in inner.expressions
        )
        inner = inner.this
    distinct = isinstance(inner, exp.Distinct)
    parts = inner.expressions if distinct else [inner]
    if len(parts) == 1 and isinstance(parts[0], exp.Concat):
        parts = parts[0].expressions
    own = [resolver.resolve(part) for part in parts]
    if distinct and not ordering:  # MySQL walks the tree that tells equal ones apart
        ordering = tuple(Order(_stored(typing, arg), False) for arg in own)
    args = tuple(typing.as_string(_held(typing, arg)) for arg in own)
    types = [arg.type for arg in args]
    collation = typing.collation(types, "group_concat")
    limit = int(typing.context.system_variable("group_concat_max_len", ""))
    is_short = collation == BINARY or limit <= _SHORT_CONCAT
    width = 1 if is_short else bytes_per_character(collation)  # MySQL takes bytes for characters
    length = limit * width
    long, short = TypeKind.LONGTEXT, TypeKind.VARCHAR
    kind = short if limit <= _SHORT_CONCAT else TypeKind.LONGBLOB if collation == BINARY else long
    made = string_type(length, collation, True, 2, kind)
    return Aggregate(made, "group_concat", args, distinct, ordering, separator)


def _stored(typing: Typing, arg: Expression) -> Expression:
    """What a temporary table orders `arg` by: its own value, of a document the bytes."""
    if arg.type.cls is not Class.JSON:
        return arg
    return typing.call("json@stored", string_type(arg.type.length, BINARY, True), arg)


def _held(typing: Typing, arg: Expression) -> Expression:
    """What a temporary table gives of `arg` as a text: that of a column of its type, not of the
    branch that was chosen."""
    if not isinstance(arg, Call) or is_constant(arg) or not _has_own_text(arg.type):
        return arg
    return typing.call("stored", replace(arg.type, mixed=False), arg)


def _has_own_text(sql_type: SqlType) -> bool:
    return sql_type.cls in (Class.DOUBLE, Class.DECIMAL) or sql_type.is_computed_bits


@implement("stored")
def _stored_value(context: Context, call: Call, value: Any) -> Any:
    return round_decimal(value, call.type.scale) if isinstance(value, Decimal) else value


@implement("json@stored")
def _json_stored(context: Context, call: Call, document: Json) -> bytes:
    return document.data if isinstance(document, StoredJson) else jsonb.encode(document.value)


def _position(resolver: Resolver, node: Any, listed: Any) -> Expression:
    """An expression of ORDER BY, or the number of an argument."""
    if not isinstance(node, exp.Literal) or node.is_string or not str(node.this).isdigit():
        return resolver.resolve(node)
    if isinstance(listed, exp.Distinct | exp.Concat):
        listed = listed.expressions
    parts = listed if isinstance(listed, list) else [listed]
    number = int(str(node.this))
    if not 1 <= number <= len(parts):
        raise SqlError(1054, str(number), "order clause")
    return resolver.resolve(parts[number - 1])
