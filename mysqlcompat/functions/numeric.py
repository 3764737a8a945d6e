"""Numeric functions."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mysqlcompat.functions.definitions import (
    BIGINT,
    DOUBLE,
    build_as,
    constant_int,
    define,
    implement,
    integer,
    text,
)
from mysqlcompat.functions.operators import checked
from mysqlcompat.functions.table import Context, OutOfRange
from mysqlcompat.numerals import EXACT, round_decimal, truncate_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import digits
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import Class, decimal_type, double_type, int_type

_MASK = (1 << 64) - 1


@build_as("abs", 1)
def build_abs(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = typing.as_number(args[0])
    made = arg.type
    if made.cls is Class.NULL:
        return typing.call("abs", double_type(17, scale=0), typing.as_double(arg))
    if made.cls is Class.INT:
        made = int_type(made.length, made.unsigned, made.nullable)
    elif made.cls is Class.DOUBLE:
        made = double_type(nullable=made.nullable)
    return typing.call("abs", made, arg)


@implement("abs")
def absolute(context: Context, call: Call, value: Any) -> Any:
    return checked(abs(value), call.type)


def _build_whole(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    """CEIL and FLOOR: BIGINT where the whole part fits, DECIMAL beyond, DOUBLE of doubles."""
    arg = typing.as_number(args[0])
    source = arg.type
    if source.cls in (Class.DOUBLE, Class.NULL):
        return typing.call(name, double_type(nullable=source.nullable), typing.as_double(arg))
    whole = digits(source) - (source.scale if source.cls is Class.DECIMAL else 0)
    if source.cls is Class.DECIMAL and whole > 18:
        return typing.call(name, decimal_type(whole + 1, 0, nullable=source.nullable), arg)
    return typing.call(name, int_type(21, source.unsigned, source.nullable), arg)


@build_as("ceil ceiling", 1)
def build_ceil(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_whole("ceil", typing, args)


@build_as("floor", 1)
def build_floor(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_whole("floor", typing, args)


def _whole(call: Call, value: Any, rounding: Callable[[Any], int]) -> Any:
    match value:
        case float():
            return value if math.isinf(value) else float(rounding(value))
        case Decimal():
            whole = rounding(value)
            return whole if call.type.cls is Class.INT else Decimal(whole)
    return value


@implement("ceil")
def ceil(context: Context, call: Call, value: Any) -> Any:
    return _whole(call, value, math.ceil)


@implement("floor")
def floor(context: Context, call: Call, value: Any) -> Any:
    return _whole(call, value, math.floor)


def _build_round(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    """ROUND and TRUNCATE: the number of decimals, if it is written out, gives the scale."""
    arg = typing.as_number(args[0])
    source = arg.type
    places = args[1] if len(args) > 1 else Literal(int_type(2, nullable=False), 0)
    count = constant_int(places)
    if isinstance(places, Literal):
        count = 0 if places.value is None else count
        places = replace(places, literal_no=None)
    places = typing.as_integer(places)
    nullable = source.nullable or places.type.nullable
    if source.cls in (Class.DOUBLE, Class.NULL):
        double = typing.as_double(arg)
        return typing.call(name, double_type(nullable=nullable), double, places)
    if source.cls is Class.INT:
        return typing.call(name, int_type(21, source.unsigned, nullable), arg, places)
    scale = source.scale if count is None else min(max(count, 0), source.scale)
    carry = name == "round" and scale < source.scale
    precision = source.precision - source.scale + scale + carry
    made = decimal_type(max(precision, 1), scale, source.unsigned, nullable)
    return typing.call(name, made, arg, places)


@build_as("round", 1, 2)
def build_round(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_round("round", typing, args)


@build_as("truncate", 2)
def build_truncate(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_round("truncate", typing, args)


def _places(call: Call, value: Any, places: int, exact: Callable[[Decimal, int], Decimal]) -> Any:
    places = min(max(places, -80), 80)
    match value:
        case int():
            return checked(int(exact(Decimal(value), places)) if places < 0 else value, call.type)
        case Decimal():
            rounded = exact(value, min(places, call.type.scale))
            return EXACT.quantize(rounded, Decimal(1).scaleb(-call.type.scale))
    return value


@implement("round")
def rounded(context: Context, call: Call, value: Any, places: int) -> Any:
    if isinstance(value, float):
        if abs(places) > 300 or not math.isfinite(value):
            return value
        factor = 10.0 ** abs(places)
        scaled = value * factor if places >= 0 else value / factor
        if not math.isfinite(scaled):
            return value
        whole = float(round(scaled))
        return whole / factor if places >= 0 else whole * factor
    return _places(call, value, places, round_decimal)


@implement("truncate")
def truncated(context: Context, call: Call, value: Any, places: int) -> Any:
    if isinstance(value, float):
        if abs(places) > 300 or not math.isfinite(value):
            return value
        factor = 10.0 ** abs(places)
        scaled = value * factor if places >= 0 else value / factor
        if not math.isfinite(scaled):
            return value
        whole = float(math.trunc(scaled))
        return whole / factor if places >= 0 else whole * factor
    return _places(call, value, places, truncate_decimal)


@build_as("mod", 2)
def build_mod(typing: Typing, args: Sequence[Expression]) -> Expression:
    return typing.arithmetic("%", *args)


def _double_function(
    names: str, compute: Callable[[float], float], nullable: bool | None = True
) -> None:
    """A function of one double whose result is NULL outside its domain."""

    def apply(context: Context, call: Call, value: float) -> float | None:
        try:
            return float(checked(compute(value), call.type))
        except ValueError:
            return None
        except OverflowError:
            raise OutOfRange("DOUBLE") from None

    define(names, "d", DOUBLE, nullable=nullable)(apply)


def _logarithm(base: float | None) -> Callable[[float], float]:
    def compute(value: float) -> float:
        if value <= 0:
            raise ValueError
        if base is None:
            return math.log(value)
        return math.log2(value) if base == 2 else math.log10(value)

    return compute


_double_function("sqrt", math.sqrt)
_double_function("exp", math.exp)
_double_function("log2", _logarithm(2))
_double_function("log10", _logarithm(10))
_double_function("sin", math.sin)
_double_function("cos", math.cos)
_double_function("tan", math.tan)
_double_function("cot", lambda value: 1 / math.tan(value))
_double_function("asin", math.asin)
_double_function("acos", math.acos)
_double_function("degrees", math.degrees, None)
_double_function("radians", math.radians, None)


def _no_logarithm(context: Context) -> float | None:
    context.warn(3020, "Invalid argument for logarithm")
    return None


@define("ln", "d", DOUBLE, nullable=True)
def ln(context: Context, call: Call, value: float) -> float | None:
    return math.log(value) if value > 0 else _no_logarithm(context)


@define("log", "dd", DOUBLE, required=1, nullable=True)
def log(context: Context, call: Call, base: float, value: float | None = None) -> float | None:
    if value is None:
        return math.log(base) if base > 0 else _no_logarithm(context)
    if base <= 0 or base == 1 or value <= 0:
        return _no_logarithm(context)
    return math.log(value) / math.log(base)


@define("atan atan2", "dd", DOUBLE, required=1, nullable=True)
def atan(context: Context, call: Call, y: float, x: float | None = None) -> float:
    return math.atan(y) if x is None else math.atan2(y, x)


@define("pow power", "dd", DOUBLE, nullable=True)
def power(context: Context, call: Call, base: float, exponent: float) -> float:
    try:
        result = math.pow(base, exponent)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise OutOfRange("DOUBLE") from None
    return float(checked(result, call.type))


@define("sign", "n", BIGINT)
def sign(context: Context, call: Call, value: Any) -> int:
    return int(value > 0) - int(value < 0)


@define("pi", "", replace(double_type(8, nullable=False), scale=6))
def pi(context: Context, call: Call) -> float:
    return math.pi


@define("rand", "i", DOUBLE, required=0, nullable=False, once=False, pure=False, null_rejects=False)
def rand(context: Context, call: Call, *seed: int | None) -> float:
    """RAND() from the session's generator; RAND(n) gives MySQL's first number for seed n."""
    if not seed:
        return context.random()
    limit = 0x3FFFFFFF
    first = ((seed[0] or 0) * 0x10001 + 55555555) & 0xFFFFFFFF
    second = ((seed[0] or 0) * 0x10000001) & 0xFFFFFFFF
    first, second = first % limit, second % limit
    first = (first * 3 + second) % limit
    return first / limit


@define("crc32", "s", integer(10, unsigned=True))
def crc32(context: Context, call: Call, value: Any) -> int:
    return zlib.crc32(value.encode() if isinstance(value, str) else value)


@define("bit_count", "i", BIGINT)
def bit_count(context: Context, call: Call, value: int) -> int:
    return (value & _MASK).bit_count()


def _in_base(number: int, base: int) -> str:
    numerals = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    made = ""
    while number:
        number, digit = divmod(number, base)
        made = numerals[digit] + made
    return made or "0"


@define("conv", "sii", text(65))
def conv(context: Context, call: Call, value: str, source: int, target: int) -> str | None:
    if not (2 <= abs(source) <= 36 and 2 <= abs(target) <= 36):
        return None
    stripped = value.strip().lower()
    negative = stripped.startswith("-")
    digit_values = "0123456789abcdefghijklmnopqrstuvwxyz"[: abs(source)]
    number = 0
    for character in stripped.lstrip("+-"):
        if character not in digit_values:
            break
        number = number * abs(source) + digit_values.index(character)
    number = min(number, _MASK)
    if negative:
        number = -number & _MASK
    if target < 0 and number >= 1 << 63:
        return "-" + _in_base((1 << 64) - number, -target)
    return _in_base(number, abs(target))


@define("bin", "i", text(65))
def binary(context: Context, call: Call, value: int) -> str:
    return _in_base(value & _MASK, 2)


@define("oct", "i", text(65))
def octal(context: Context, call: Call, value: int) -> str:
    return _in_base(value & _MASK, 8)
