"""Aggregate functions: their types, and accumulators over Python values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from btree.schema import TypeKind
from mysqlcompat import collations
from mysqlcompat.convert import json_scalar
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.operators import order
from mysqlcompat.jsonb import Json, make_object
from mysqlcompat.numerals import EXACT, round_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import DIVISION_DIGITS, digits, scale_of
from mysqlcompat.sql.typed import Aggregate, Expression, Order
from mysqlcompat.sqltypes import (
    BINARY,
    Class,
    SqlType,
    decimal_type,
    double_type,
    int_type,
    json_type,
    string_type,
)
from mysqlcompat.values import text_of

if TYPE_CHECKING:
    from mysqlcompat.sql.expressions import Resolver

_DEVIATIONS: Final = {
    "std": "stddev_pop", "stddev": "stddev_pop", "stddev_pop": "stddev_pop",
    "stddev_samp": "stddev_samp", "variance": "var_pop", "var_pop": "var_pop",
    "var_samp": "var_samp",
}  # fmt: skip
_BITS: Final = ("bit_and", "bit_or", "bit_xor")
#: Name -> least and most arguments.
AGGREGATES: Final[dict[str, tuple[int, int]]] = {
    "count": (0, 999), "sum": (1, 1), "avg": (1, 1), "min": (1, 1), "max": (1, 1),
    "json_arrayagg": (1, 1), "json_objectagg": (2, 2),
    **dict.fromkeys(_DEVIATIONS, (1, 1)), **dict.fromkeys(_BITS, (1, 1)),
}  # fmt: skip
_SUM_DIGITS: Final = 22  #: digits a SUM gains
GROUP_CONCAT_BYTES: Final = 65536


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
            return Aggregate(args[0].type.or_null(), name, tuple(args), distinct)
        case "json_arrayagg":
            return Aggregate(json_type(), name, (typing.as_json(args[0]),), distinct)
        case "json_objectagg":
            taken = typing.as_string(args[0]), typing.as_json(args[1])
            return Aggregate(json_type(), name, taken, distinct)
    if name in _BITS:
        return Aggregate(int_type(21, True, False), name, (typing.as_integer(args[0]),), distinct)
    return Aggregate(double_type(), _DEVIATIONS[name], (typing.as_double(args[0]),), distinct)


def _build_sum(typing: Typing, name: str, arg: Expression, distinct: bool) -> Expression:
    arg = typing.as_number(arg)
    source = arg.type
    if source.cls not in (Class.INT, Class.DECIMAL):
        made = double_type()
        if source.cls is Class.NULL:
            made = double_type(17 if name == "sum" else 21, scale=0 if name == "sum" else 4)
        return Aggregate(made, name, (typing.as_double(arg),), distinct)
    scale = scale_of(source)
    if name == "sum":
        made = decimal_type(digits(source) + _SUM_DIGITS, scale)
    else:
        made = decimal_type(digits(source) + DIVISION_DIGITS, scale + DIVISION_DIGITS)
    return Aggregate(made, name, (arg,), distinct)


def build_group_concat(typing: Typing, resolver: Resolver, node: Any) -> Expression:
    """``GROUP_CONCAT([DISTINCT] a, b ORDER BY c SEPARATOR ';')``."""
    separator_node = node.args.get("separator")
    separator = str(separator_node.this) if separator_node is not None else ","
    inner = node.this
    ordering: tuple[Order, ...] = ()
    if isinstance(inner, exp.Order):
        ordering = tuple(
            Order(resolver.resolve(one.this), bool(one.args.get("desc")))
            for one in inner.expressions
        )
        inner = inner.this
    distinct = isinstance(inner, exp.Distinct)
    parts = inner.expressions if distinct else [inner]
    if len(parts) == 1 and isinstance(parts[0], exp.Concat):
        parts = parts[0].expressions
    args = tuple(typing.as_string(resolver.resolve(part)) for part in parts)
    types = [arg.type for arg in args]
    collation = typing.collation(types, "group_concat")
    characters = GROUP_CONCAT_BYTES if collation == BINARY else GROUP_CONCAT_BYTES // 4
    made = string_type(characters, collation, True, 2, TypeKind.LONGTEXT)
    return Aggregate(made, "group_concat", args, distinct, ordering, separator)


# Accumulators -----------------------------------------------------------------------------------


class Accumulator:
    """One group's value of one aggregate. `add` gets the argument values of a row; rows with a NULL
    argument are left out by the caller, except for JSON aggregates and COUNT(*)."""

    def __init__(self, node: Aggregate) -> None:
        self.node = node

    def add(self, values: Sequence[Any]) -> None:
        raise NotImplementedError

    def result(self) -> Any:
        raise NotImplementedError


class _Count(Accumulator):
    count = 0

    def add(self, values: Sequence[Any]) -> None:
        self.count += None not in values

    def result(self) -> int:
        return self.count


class _Sum(Accumulator):
    total: Any = None
    count = 0

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        if value is None:
            return
        self.count += 1
        if isinstance(value, int):
            value = Decimal(value)
        if self.total is None:
            self.total = value
        elif isinstance(value, Decimal):
            self.total = EXACT.add(self.total, value)
        else:
            self.total += value

    def result(self) -> Any:
        if self.total is None or isinstance(self.total, float):
            return self.total
        return round_decimal(self.total, self.node.type.scale)


class _Average(_Sum):
    def result(self) -> Any:
        if self.total is None:
            return None
        if isinstance(self.total, float):
            return self.total / self.count
        return round_decimal(EXACT.divide(self.total, Decimal(self.count)), self.node.type.scale)


class _Extreme(Accumulator):
    best: Any = None

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        if value is None:
            return
        sign = 1 if self.node.function == "max" else -1
        collation = self.node.args[0].type.collation
        if self.best is None or order(value, self.best, collation) * sign > 0:
            self.best = value

    def result(self) -> Any:
        return self.best


class _Bits(Accumulator):
    def __init__(self, node: Aggregate) -> None:
        super().__init__(node)
        self.bits = (1 << 64) - 1 if node.function == "bit_and" else 0

    def add(self, values: Sequence[Any]) -> None:
        if values[0] is None:
            return
        value = values[0] & ((1 << 64) - 1)
        match self.node.function:
            case "bit_and":
                self.bits &= value
            case "bit_or":
                self.bits |= value
            case "bit_xor":
                self.bits ^= value

    def result(self) -> int:
        return self.bits


class _Deviation(Accumulator):
    """Welford's running variance."""

    count = 0
    mean = 0.0
    squares = 0.0

    def add(self, values: Sequence[Any]) -> None:
        if values[0] is None:
            return
        self.count += 1
        distance = values[0] - self.mean
        self.mean += distance / self.count
        self.squares += distance * (values[0] - self.mean)

    def result(self) -> float | None:
        sample = self.node.function.endswith("samp")
        below = self.count - sample
        if below <= 0:
            return None
        variance = self.squares / below
        return math.sqrt(variance) if self.node.function.startswith("stddev") else variance


class _Concatenation(Accumulator):
    def __init__(self, node: Aggregate) -> None:
        super().__init__(node)
        self.parts: list[str] = []

    def add(self, values: Sequence[Any]) -> None:
        if None not in values:
            pairs = zip(values, self.node.args, strict=True)
            self.parts.append("".join(text_of(value, arg.type) for value, arg in pairs))

    def result(self) -> str | None:
        return self.node.separator.join(self.parts) if self.parts else None


class _JsonArray(Accumulator):
    def __init__(self, node: Aggregate) -> None:
        super().__init__(node)
        self.items: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        self.items.append(
            None if value is None else json_scalar(value, self.node.args[0].type).value
        )

    def result(self) -> Json | None:
        return Json(self.items) if self.items else None


class _JsonObject(Accumulator):
    def __init__(self, node: Aggregate) -> None:
        super().__init__(node)
        self.members: dict[str, Any] = {}
        self.rows = 0

    def add(self, values: Sequence[Any]) -> None:
        key, value = values
        if key is None:
            raise SqlError(3158)
        self.rows += 1
        self.members[str(key)] = (
            None if value is None else json_scalar(value, self.node.args[1].type).value
        )

    def result(self) -> Json | None:
        return Json(make_object(self.members)) if self.rows else None


_ACCUMULATORS: Final[dict[str, Callable[[Aggregate], Accumulator]]] = {
    "count": _Count,
    "sum": _Sum,
    "avg": _Average,
    "min": _Extreme,
    "max": _Extreme,
    "group_concat": _Concatenation,
    "json_arrayagg": _JsonArray,
    "json_objectagg": _JsonObject,
    **dict.fromkeys(_BITS, _Bits),
    **dict.fromkeys(set(_DEVIATIONS.values()), _Deviation),
}


def accumulator(node: Aggregate) -> Accumulator:
    """An empty group's accumulator for `node`."""
    return _ACCUMULATORS[node.function](node)


def distinct_key(values: Sequence[Any], types: Sequence[SqlType]) -> tuple[Any, ...]:
    """A key under which equal values of a DISTINCT aggregate meet."""
    return tuple(
        collations.sort_key(value, one.collation) if isinstance(value, str) else value
        for value, one in zip(values, types, strict=True)
    )
