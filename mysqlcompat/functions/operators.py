"""Operators over values: comparison, arithmetic, logic, bits, LIKE and REGEXP."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

from mysqlcompat import collations, json_order
from mysqlcompat.errors import SqlError
from mysqlcompat.functions import operator_columns
from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.like_pattern import like_pattern
from mysqlcompat.functions.table import Context, OutOfRange
from mysqlcompat.jsonb import Json
from mysqlcompat.numerals import EXACT, WORD, WORDS, room_behind, round_decimal, truncate_decimal
from mysqlcompat.sql.typed import Call
from mysqlcompat.sqltypes import Class, SqlType

_MASK = (1 << 64) - 1


def order(left: Any, right: Any, collation: str) -> int:
    """Below zero, zero or above zero. Both values are of one class, neither is NULL."""
    if isinstance(left, Json):
        return json_order.compare(left.value, right.value)
    if isinstance(left, str) and isinstance(right, str):
        if left == right:
            return 0
        left, right = collations.ordered_keys(left, right, collation)
    return int(left > right) - int(left < right)


def _collation(call: Call) -> str:
    return call.args[0].type.collation


@implement("=,=@when")
def equal(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) == 0)


@implement("=@in", null_rejects=False)
def equal_member(context: Context, call: Call, left: Any, right: Any) -> int | None:
    """One of an IN whose members are of several classes: both sides are always looked at."""
    return None if left is None or right is None else equal(context, call, left, right)


@implement("<>")
def unequal(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) != 0)


@implement("<")
def less(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) < 0)


@implement("<=")
def at_most(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) <= 0)


@implement(">")
def greater(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) > 0)


@implement(">=")
def at_least(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(order(left, right, _collation(call)) >= 0)


@implement("<=>", null_rejects=False)
def null_safe_equal(context: Context, call: Call, left: Any, right: Any) -> int:
    if left is None or right is None:
        return int(left is right)
    return int(order(left, right, _collation(call)) == 0)


_HOLDS: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


@implement(",".join(f"{operator}@near" for operator in _HOLDS))
def nearly(context: Context, call: Call, left: float, right: float, near: float) -> int:
    """Doubles of known decimals, which are equal if they differ by less than `near`."""
    holds = _HOLDS[call.function.name.partition("@")[0]]
    return int(holds(0 if abs(left - right) < near else order(left, right, "")))


@implement("<=>@near", null_rejects=False)
def null_safe_nearly(context: Context, call: Call, left: Any, right: Any, near: float) -> int:
    if left is None or right is None:
        return int(left is right)
    return int(left == right or abs(left - right) < near)


@implement("between", null_rejects=False)
def between(context: Context, call: Call, value: Any, low: Any, high: Any) -> int | None:
    collation = _collation(call)
    return _within((value, low, collation), (value, high, collation))


@implement("between@each", null_rejects=False)
def between_each(
    context: Context, call: Call, one: Any, low: Any, other: Any, high: Any
) -> int | None:
    """BETWEEN with a value of another class, or said to be none, beside each bound."""
    first, second = call.args[0].type.collation, call.args[2].type.collation
    return _within((one, low, first), (other, high, second))


def _within(above: tuple[Any, Any, Any], below: tuple[Any, Any, Any]) -> int | None:
    """BETWEEN of a value, its bound and the collation to compare them by, for low and high."""
    value, low, collation = above
    other, high, other_collation = below
    if value is None or other is None:
        return None
    if low is not None and order(value, low, collation) < 0:
        return 0
    if high is not None and order(other, high, other_collation) > 0:
        return 0
    return None if low is None or high is None else 1


@implement("in,in@date", null_rejects=False)
def is_in(context: Context, call: Call, value: Any, *items: Any) -> int | None:
    if value is None:
        return None
    collation = _collation(call)
    if any(item is not None and order(value, item, collation) == 0 for item in items):
        return 1
    return None if None in items else 0


@implement("row in", null_rejects=False)
def is_row_in(context: Context, call: Call, size: int, *values: Any) -> int | None:
    """`size` columns of a row, then those of each row it is looked for among."""
    found: int | None = 0
    for at in range(size, len(values), size):
        alike = row_order(call, values[:size], values[at : at + size])
        if alike:
            return 1
        found = None if alike is None else found
    return found


def row_order(call: Call, left: Sequence[Any], row: Iterable[Any]) -> int | None:
    """Whether rows are equal, `row` being looked at up to the first column that differs."""
    result: int | None = 1
    for number, (one, other) in enumerate(zip(left, row, strict=False), 1):
        if one is None or other is None:
            result = None
        elif isinstance(one, int) and isinstance(other, int):
            if (one ^ other) & _MASK:  # 64 bits, signed or not
                return 0
        elif order(one, other, call.args[number].type.collation):
            return 0
    return result


@implement("row <,row <=,row >,row >=", null_rejects=False)
def row_comes(context: Context, call: Call, *values: Any) -> int | None:
    """``(a, b) < (c, d)``: a, c, b, d, looked at up to a difference or a NULL."""
    operator = call.function.name.removeprefix("row ")
    for at in range(0, len(values), 2):
        one, other = values[at : at + 2]
        if one is None or other is None:
            return None
        result = order(one, other, call.args[at].type.collation)
        if result:
            return int((result < 0) == operator.startswith("<"))
    return int(operator.endswith("="))


# Logic ------------------------------------------------------------------------------------------


@implement("and,and@sure", null_rejects=False)
def conjunction(context: Context, call: Call, *values: Any) -> int | None:
    if any(value is not None and not value for value in values):
        return 0
    return None if None in values else 1


@implement("or,or@in", null_rejects=False)
def disjunction(context: Context, call: Call, *values: Any) -> int | None:
    if any(value for value in values if value is not None):
        return 1
    return None if None in values else 0


@implement("xor")
def exclusive(context: Context, call: Call, left: Any, right: Any) -> int:
    return int(bool(left) != bool(right))


@implement("not")
def negated(context: Context, call: Call, value: Any) -> int:
    return int(not value)


@implement("is null", null_rejects=False)
def is_null(context: Context, call: Call, value: Any) -> int:
    return int(value is None)


@implement("is true", null_rejects=False)
def is_true(context: Context, call: Call, value: Any) -> int:
    return int(value is not None and bool(value))


@implement("is false", null_rejects=False)
def is_false(context: Context, call: Call, value: Any) -> int:
    return int(value is not None and not value)


# Arithmetic -------------------------------------------------------------------------------------


def checked(value: Any, sql_type: SqlType) -> Any:
    """`value` if it is within its type's range. Raises OutOfRange."""
    match value:
        case int() if sql_type.cls is Class.INT:  # an integer may stand for another number
            low, high = sql_type.range
            if not low <= value <= high:
                raise OutOfRange("BIGINT UNSIGNED" if sql_type.unsigned else "BIGINT")
        case float():
            if not math.isfinite(value):
                raise OutOfRange("DOUBLE")
        case Decimal():
            if value.adjusted() >= 81:
                raise OutOfRange("DECIMAL")
    return value


def _exact_result(value: Decimal, sql_type: SqlType, room: int | None = None) -> Decimal:
    """room   digits behind the point for which there is room, by default as the value needs it"""
    scale = sql_type.scale
    if sql_type.mixed:
        scale = min(_places(value), scale) if value else 0
    elif sql_type.is_wide_decimal:
        scale = min(room_behind(value) if room is None else room, scale)
    made: Decimal = checked(round_decimal(value, scale), sql_type)
    return made or made.copy_abs()


def _result(call: Call, value: Any) -> Any:
    if isinstance(value, Decimal):
        return _exact_result(value, call.type)
    return checked(value, call.type)


@implement("+", columns=operator_columns.sums)
def add(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        if call.type.mixed and not left and not right:  # two zeros: no result of a subtraction
            return max(left, right, key=_places)
        return _sum(call, left, right)
    return _result(call, left + right)


@implement("-", columns=operator_columns.differences)
def subtract(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        return _sum(call, left, right.copy_negate())
    return _result(call, left - right)


def _sum(call: Call, left: Decimal, right: Decimal) -> Decimal:
    """A sum without the words behind the point for which there is no room. Terms of the same sign
    may need another word in front."""
    places = max(_places(left), _places(right))
    digits = max(left.adjusted(), right.adjusted(), -1) + 1
    words = -(-digits // WORD)
    if words + max(-(-places // WORD), -(-call.type.scale // WORD)) < WORDS:
        return _exact_result(EXACT.add(left, right), call.type)
    first = sum(
        int(EXACT.scaleb(side.copy_abs(), -(words - 1) * WORD))
        for side in (left, right)
        if side.adjusted() + 1 > (words - 1) * WORD
    )
    if left.is_signed() == right.is_signed() and first >= 10**WORD - 1:
        words += 1
    room = max(WORDS - words, 0) * WORD
    one, other = (truncate_decimal(side, min(_places(side), room)) for side in (left, right))
    return _exact_result(EXACT.add(one, other), call.type, room)


@implement("*", columns=operator_columns.products)
def multiply(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        return _result(call, _product(left, right))
    made = left * right
    if made == -(1 << 63) and made not in (left, right) and isinstance(made, int):
        # the least BIGINT is out of MySQL's reach here, too
        raise OutOfRange("BIGINT UNSIGNED" if call.type.unsigned else "BIGINT")
    return _result(call, made)


@implement("*@whole")
def multiply_words(context: Context, call: Call, left: Decimal, right: Decimal) -> Decimal:
    """A product that becomes an integer: one digit more, and no rounding."""
    made = _product(left, right)
    whole: Decimal = checked(truncate_decimal(made, min(_places(made), _PRODUCT_SCALE)), call.type)
    return whole


def _product(left: Decimal, right: Decimal) -> Decimal:
    """A product without what there is no room for: MySQL computes in nine words of nine digits,
    whole ones on both sides of the point, and drops words behind the point of both factors. Of one
    that has none there it drops those before it, hence what the product is worth."""
    whole = -(-sum(max(side.adjusted() + 1, 0) for side in (left, right)) // WORD)
    one, other = (-(-_places(side) // WORD) for side in (left, right))
    room = max(WORDS - whole, 0)
    beyond = one + other - room
    if beyond <= 0:
        return EXACT.multiply(left, right)
    half = beyond // 2
    cut = (half, beyond - half) if one <= other else (beyond - half, half)
    kept = [(words - less) * WORD for words, less in zip((one, other), cut, strict=True)]
    product = EXACT.multiply(truncate_decimal(left, kept[0]), truncate_decimal(right, kept[1]))
    return round_decimal(product, min(_places(left) + _places(right), room * WORD))


def _by_zero(context: Context) -> None:
    if "ERROR_FOR_DIVISION_BY_ZERO" in context.sql_mode:
        if context.strict:
            raise SqlError(1365)
        context.warn(1365, "Division by 0")


@implement("/")
def divide(context: Context, call: Call, left: Any, right: Any) -> Any:
    if not right:
        return _by_zero(context)
    if call.type.cls is Class.DOUBLE:
        return _result(call, left / right)
    quotient = _quotient(context, Decimal(left), Decimal(right))
    if not quotient:
        return _exact_result(quotient, call.type)
    room = _places(quotient) if call.type.mixed else room_behind(quotient)
    made = round_decimal(quotient, min(room, call.type.scale))
    return checked(made or made.copy_abs(), call.type)


@implement("/@whole")
def divide_words(context: Context, call: Call, left: Any, right: Any) -> Any:
    """A quotient that becomes an integer, or an average: not rounded to the digits of its type."""
    return _quotient(context, Decimal(left), Decimal(right)) if right else _by_zero(context)


def _quotient(context: Context, left: Decimal, right: Decimal) -> Decimal:
    one, other = _places(left), _places(right)
    padding = -one % WORD + -other % WORD
    increment = int(context.system_variable("div_precision_increment", ""))
    more = max(increment - padding, 0)
    quotient = EXACT.divide(left, right)
    words = max(WORDS - -(-max(quotient.adjusted() + 1, 1) // WORD), 0)
    places = min(-(-(one + other + padding + more) // WORD), words) * WORD
    return EXACT.quantize(truncate_decimal(quotient, places), _ulp(places))


@cache
def _ulp(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


_PRODUCT_SCALE = 31  #: digits behind the point of a product


def _places(value: Decimal) -> int:
    return max(-int(value.as_tuple().exponent), 0)


@implement("div")
def integer_divide(context: Context, call: Call, left: Any, right: Any) -> Any:
    if not right:
        return _by_zero(context)
    if isinstance(left, Decimal):
        return checked(int(truncate_decimal(EXACT.divide(left, right), 0)), call.type)
    quotient = abs(left) // abs(right)
    if (left < 0) == (right < 0):
        return checked(quotient, call.type)
    if quotient == 1 << 63:  # the least BIGINT is out of MySQL's reach here
        raise OutOfRange("BIGINT UNSIGNED" if call.type.unsigned else "BIGINT")
    return checked(-quotient, call.type)


@implement("%", columns=operator_columns.remainders)
def remainder(context: Context, call: Call, left: Any, right: Any) -> Any:
    """The sign is that of the left side."""
    if not right:
        return _by_zero(context)
    if isinstance(left, float):
        return math.fmod(left, right)
    if isinstance(left, Decimal):
        return _exact_result(EXACT.remainder(left, right), call.type)
    magnitude = abs(left) % abs(right)
    return -magnitude if left < 0 else magnitude


@implement("neg")
def negate(context: Context, call: Call, value: Any) -> Any:
    return checked(EXACT.minus(value) if isinstance(value, Decimal) else -value, call.type)


# Bits -------------------------------------------------------------------------------------------


def _bytewise(left: bytes, right: bytes, operator: Callable[[int, int], int]) -> bytes:
    if len(left) != len(right):
        raise SqlError(3513)
    return bytes(map(operator, left, right))


@implement("&")
def bit_and(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, bytes):
        return _bytewise(left, right, int.__and__)
    return left & right & _MASK


@implement("|")
def bit_or(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, bytes):
        return _bytewise(left, right, int.__or__)
    return (left | right) & _MASK


@implement("^")
def bit_xor(context: Context, call: Call, left: Any, right: Any) -> Any:
    if isinstance(left, bytes):
        return _bytewise(left, right, int.__xor__)
    return (left ^ right) & _MASK


def _shifted(value: bytes, places: int) -> bytes:
    """The bits of `value` moved to the left, or to the right when `places` is negative."""
    size = 8 * len(value)
    number = int.from_bytes(value, "big")
    if abs(places) >= size:
        number = 0
    number = number << places if places >= 0 else number >> -places
    return (number & ((1 << size) - 1)).to_bytes(len(value), "big")


@implement("<<")
def shift_left(context: Context, call: Call, left: Any, right: int) -> Any:
    places = right if right >= 0 else 1 << 62
    if isinstance(left, bytes):
        return _shifted(left, places)
    return (left & _MASK) << places & _MASK if places < 64 else 0


@implement(">>")
def shift_right(context: Context, call: Call, left: Any, right: int) -> Any:
    places = right if right >= 0 else 1 << 62
    if isinstance(left, bytes):
        return _shifted(left, -places)
    return (left & _MASK) >> places if places < 64 else 0


@implement("~")
def bit_not(context: Context, call: Call, value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes(byte ^ 255 for byte in value)
    return ~value & _MASK


# Patterns ---------------------------------------------------------------------------------------


@implement("like")
def like(context: Context, call: Call, text: Any, pattern: Any, escape: Any) -> int:
    collation = _collation(call)
    if isinstance(text, bytes) or isinstance(pattern, bytes):
        text, pattern = (
            part.decode("latin-1") if isinstance(part, bytes) else part.encode().decode("latin-1")
            for part in (text, pattern)
        )
    if isinstance(escape, bytes):
        escape = escape.decode("latin-1")
    if len(escape) > 1:
        raise SqlError(1210, "ESCAPE")
    return int(like_pattern(pattern, escape, collation).matches(text))
