"""Numeric functions."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.functions.definitions import (
    BIGINT,
    DOUBLE,
    FUNCTIONS,
    build_as,
    constant_int,
    define,
    implement,
    integer,
    known_int,
)
from mysqlcompat.functions.operators import checked
from mysqlcompat.functions.strings import bytes_of
from mysqlcompat.functions.table import Context, OutOfRange
from mysqlcompat.message_text import shown
from mysqlcompat.numerals import EXACT, round_decimal, truncate_decimal
from mysqlcompat.sql.describe import describe, function_name
from mysqlcompat.sql.infer import Typing, is_binary_string, is_number_literal
from mysqlcompat.sql.measures import digits, is_fixed
from mysqlcompat.sql.typed import Call, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    TEMPORAL,
    Class,
    decimal_type,
    double_type,
    int_type,
    string_type,
)

_MASK = (1 << 64) - 1
_I63 = 1 << 63
_I31, _U32 = 1 << 31, (1 << 32) - 1


@build_as("abs", 1)
def build_abs(typing: Typing, args: Sequence[Expression]) -> Expression:
    source = args[0].type
    if source.cls in TEMPORAL or is_number_literal(args[0]):
        scale = source.scale if source.cls in TEMPORAL else 0
        made = double_type(17 + scale, source.nullable, scale)
        made = replace(made, unsigned=source.unsigned)
        return typing.call("abs", made, typing.as_double(args[0]))
    arg = typing.as_number(args[0])
    made = arg.type
    if made.cls is Class.NULL:
        return typing.call("abs", double_type(17, scale=0), typing.as_double(arg))
    if made.cls is Class.INT:
        made = int_type(made.length, made.unsigned, made.nullable)
    elif made.cls is Class.DECIMAL:
        made = replace(made, mixed=False)
        arg = typing.cast(arg, made)
    elif made.cls is Class.DOUBLE:
        length = 17 + made.scale if is_fixed(made) else 23
        made = replace(double_type(length, made.nullable, made.scale), unsigned=made.unsigned)
    return typing.call("abs", made, arg)


@implement("abs")
def absolute(context: Context, call: Call, value: Any) -> Any:
    return checked(value.copy_abs() if isinstance(value, Decimal) else abs(value), call.type)


def _measured(typing: Typing, arg: Expression) -> Expression:
    """A number to be rounded: dates and hexadecimal literals become doubles."""
    if arg.type.cls in TEMPORAL or is_number_literal(arg):
        return typing.as_double(arg)
    return typing.as_number(arg)


def _build_whole(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    """CEIL and FLOOR: BIGINT where the whole part fits, DECIMAL beyond, DOUBLE of doubles."""
    arg = _measured(typing, args[0])
    source = arg.type
    if source.cls in (Class.DOUBLE, Class.NULL):
        return typing.call(name, double_type(nullable=source.nullable), typing.as_double(arg))
    scale = source.scale if source.cls is Class.DECIMAL else 0
    whole = digits(source) - scale + (scale > 0)
    if source.cls is Class.DECIMAL and whole > 18:
        return typing.call(name, decimal_type(whole, 0, nullable=source.nullable), arg)
    unsigned = source.unsigned and source.cls is Class.INT
    return typing.call(name, int_type(21, unsigned, source.nullable), arg)


@build_as("ceil ceiling", 1)
def build_ceil(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_whole("ceil", typing, args)


@build_as("floor", 1)
def build_floor(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_whole("floor", typing, args)


def _whole(call: Call, value: Any, rounding: Callable[[Any], int]) -> Any:
    match value:
        case float():
            return value if math.isinf(value) else math.copysign(rounding(value), value)
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
    arg = _measured(typing, args[0])
    source = arg.type
    places = args[1] if len(args) > 1 else Literal(int_type(2, nullable=False), 0)
    if is_number_literal(places):
        places = typing.as_number(places)
    count = known_int(typing, places) if places.type.cls is Class.INT else constant_int(places)
    is_computed = not isinstance(places, Literal) and typing.is_known(places)
    if count is None and is_computed and source.cls is Class.DECIMAL:
        count = typing.constant_value(typing.as_integer(places)) or 0
    if isinstance(places, Literal) and isinstance(places.value, str | Decimal | float):
        given, whole = places, typing.as_integer(replace(places, literal_no=None))
        count = typing.quiet_value(whole)
        if not isinstance(given.value, str) and -_I63 < count < _I63 - 1:
            kind = int_type(nullable=False)
            places = Literal(kind, count, text=describe(given))
        elif source.cls is Class.DECIMAL:  # its digits hang on it, so it is looked at now, too
            typing.constant_value(whole)
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
    carry = name == "round" and (scale < source.scale or (not source.scale and (count or 0) <= 0))
    precision = source.precision - source.scale + scale + carry
    made = decimal_type(max(precision, 1), scale, nullable=nullable)
    return typing.call(name, made, arg, places)


@build_as("round", 1, 2)
def build_round(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_round("round", typing, args)


@build_as("truncate", 2)
def build_truncate(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_round("truncate", typing, args)


@cache
def _ulp(scale: int) -> Decimal:
    """The least number of a scale."""
    return Decimal(1).scaleb(-scale)


def _places(call: Call, value: Any, places: int, exact: Callable[[Decimal, int], Decimal]) -> Any:
    places = min(max(places, -80), 80)
    match value:
        case int():
            return checked(int(exact(Decimal(value), places)) if places < 0 else value, call.type)
        case Decimal():
            rounded = exact(value, min(places, call.type.scale))
            rounded = rounded or rounded.copy_abs()
            if call.type.mixed:
                return rounded
            return EXACT.quantize(rounded, _ulp(call.type.scale))
    return value


def _double_places(value: float, places: int, whole_of: Callable[[float], int]) -> float:
    if places > _DOUBLE_DIGITS or not math.isfinite(value):
        return value
    if places < -_DOUBLE_DIGITS:
        return 0.0
    factor = 10.0 ** abs(places)
    scaled = value * factor if places >= 0 else value / factor
    if not math.isfinite(scaled):
        return value
    whole = math.copysign(float(whole_of(scaled)), value)
    return whole / factor if places >= 0 else whole * factor


_DOUBLE_DIGITS = 300  #: places beyond which nothing, or all, of a double is rounded away


@implement("round")
def rounded(context: Context, call: Call, value: Any, places: int) -> Any:
    if isinstance(value, float):
        return _double_places(value, places, round)
    return _places(call, value, places, round_decimal)


@implement("truncate")
def truncated(context: Context, call: Call, value: Any, places: int) -> Any:
    if isinstance(value, float):
        return _double_places(value, places, math.trunc)
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
        except (OverflowError, ZeroDivisionError):
            raise OutOfRange("DOUBLE") from None

    define(names, "d", DOUBLE, nullable=nullable)(apply)


_double_function("sqrt", math.sqrt)
_double_function("exp", math.exp)
_double_function("sin", math.sin)
_double_function("cos", math.cos)
_double_function("tan", math.tan)
_double_function("cot", lambda value: 1 / math.tan(value))
_double_function("asin", math.asin)
_double_function("acos", math.acos)
_double_function("degrees", lambda value: math.degrees(value) + 0.0, None)  # -0 becomes 0
_double_function("radians", lambda value: math.radians(value) + 0.0, None)


def _no_logarithm(context: Context) -> float | None:
    context.warn(3020, "Invalid argument for logarithm")
    return None


@define("log2", "d", DOUBLE, nullable=True)
def log2(context: Context, call: Call, value: float) -> float | None:
    return math.log2(value) if value > 0 else _no_logarithm(context)


@define("log10", "d", DOUBLE, nullable=True)
def log10(context: Context, call: Call, value: float) -> float | None:
    return math.log10(value) if value > 0 else _no_logarithm(context)


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


@define(
    "rand",
    "i",
    double_type(nullable=False),
    required=0,
    once=False,
    pure=False,
    null_rejects=False,
)
def rand(context: Context, call: Call, *seed: int | None) -> float:
    """RAND() from the session's generator; RAND(n) begins with seed n, for each row anew unless n
    is a constant."""
    if not seed:
        return context.random()
    given = call.args[0]
    is_known = is_constant(given) or function_name(given) == "user variable"
    begun = context.effects.seeded.get(id(call)) if is_known else None
    first, second = begun or _seeded(seed[0] or 0)
    first = (first * 3 + second) % _RANDOM_LIMIT
    context.effects.seeded[id(call)] = first, (first + second + 33) % _RANDOM_LIMIT
    return first / _RANDOM_LIMIT


_RANDOM_LIMIT: Final = 0x3FFFFFFF


def _seeded(seed: int) -> tuple[int, int]:
    """The state of MySQL's generator (`randominit`)."""
    first, second = (seed * 0x10001 + 55555555) & _U32, (seed * 0x10000001) & _U32
    return first % _RANDOM_LIMIT, second % _RANDOM_LIMIT


@define("crc32", "s", integer(10, unsigned=True))
def crc32(context: Context, call: Call, value: Any) -> int:
    return zlib.crc32(bytes_of(call, value))


@build_as("bit_count", 1)
def build_bit_count(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = args[0] if is_binary_string(args[0]) else typing.as_bits(args[0])
    return typing.call("bit_count", int_type(21, nullable=arg.type.nullable), arg)


@implement("bit_count")
def bit_count(context: Context, call: Call, value: Any) -> int:
    if isinstance(value, bytes):
        return int.from_bytes(value, "big").bit_count()
    return int((value & _MASK).bit_count())


_FORMS = {2: "b", 8: "o", 10: "d", 16: "X"}
_SHORT = 18  #: decimal digits that always fit


def _in_base(number: int, base: int) -> str:
    if base in _FORMS:
        return format(number, _FORMS[base])
    numerals = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    made = ""
    while number:
        number, digit = divmod(number, base)
        made = numerals[digit] + made
    return made or "0"


@build_as("conv", 3)
def build_conv(typing: Typing, args: Sequence[Expression]) -> Expression:
    number = args[0] if args[0].type.kind is TypeKind.BIT else typing.as_string(args[0])
    bases = [typing.as_integer(arg) for arg in args[1:]]
    return typing.call("conv", string_type(65, typing.context.collation), number, *bases)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _converted(
    context: Context, call: Call, values: Sequence[Any], source: Sequence[Any], to: Sequence[Any]
) -> list[str | None] | None:
    """Decimal digits in a base that Python has a form of; None: value by value."""
    form = _FORMS.get(to[0])
    if source[0] != 10 or form is None or not all(map(is_constant, call.args[1:])):
        return None
    made: list[str | None] = []
    for value in values:
        if value is None:
            made.append(None)
        elif type(value) is str and len(value) <= _SHORT and value.isdigit() and value.isascii():
            made.append(format(int(value), form))
        else:
            return None
    return made


@implement("conv", columns=_converted)
def conv(context: Context, call: Call, value: Any, source: int, target: int) -> str | None:
    """`value`, written in base `source`, in base `target`; a negative base is signed."""
    source, target = (((base + _I31) & _U32) - _I31 for base in (source, target))
    if not (2 <= abs(source) <= 36 and 2 <= abs(target) <= 36) or value in ("", b""):
        return None
    if isinstance(value, str) and source == 10 and len(value) <= _SHORT and _is_digits(value):
        number = int(value)
    elif is_number_literal(call.args[0]):
        number = int.from_bytes(value[-8:], "big")
    elif isinstance(value, int):
        number = value
    else:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        number = _number_in(context, text, value, source)
    if target < 0 and number >= 1 << 63:
        return "-" + _in_base((1 << 64) - number, -target)
    return _in_base(number, abs(target))


_ENOUGH_DIGITS = 65  #: of 64 bits in any base, and one


def _number_in(context: Context, text: str, given: str | bytes, base: int) -> int:
    """The digits at the start of `text`, as 64 bits."""
    stripped = text.strip().lower()
    sign = stripped[:1] if stripped[:1] in ("-", "+") else ""
    allowed = "0123456789abcdefghijklmnopqrstuvwxyz"[: abs(base)]
    rest = stripped[len(sign) :]
    digits = rest[: len(rest) - len(rest.lstrip(allowed))].lstrip("0")
    number = int(digits[:_ENOUGH_DIGITS] or "0", abs(base))  # the others change nothing
    greatest = (1 << 63) - (sign != "-") if base < 0 else _MASK
    beyond = number > greatest
    number = (0 if sign == "-" and base > 0 else greatest) if beyond else number
    if beyond or rest[:1] not in (*allowed,):
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{shown(given)}'")
    return -number & _MASK if sign == "-" else number


def _define_base(name: str, base: int) -> None:
    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        bases = [Literal(int_type(3, nullable=False), number) for number in (10, base)]
        arg = args[0] if is_number_literal(args[0]) else _written(typing, args[0])
        made = string_type(65, typing.context.collation)
        return replace(typing.call("conv", made, arg, *bases), function=FUNCTIONS[name])

    build_as(name, 1)(build)
    implement(name, columns=_converted)(conv)


def _written(typing: Typing, arg: Expression) -> Expression:
    return arg if arg.type.kind is TypeKind.BIT else typing.as_string(arg)


_define_base("bin", 2)
_define_base("oct", 8)
