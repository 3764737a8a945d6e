"""Numbers of seconds as times: SEC_TO_TIME, and what FROM_UNIXTIME reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from mysqlcompat import temporal
from mysqlcompat.functions.definitions import build_as, implement
from mysqlcompat.functions.table import Context
from mysqlcompat.numerals import EXACT, decimal_text, round_decimal
from mysqlcompat.sql.branches import natural
from mysqlcompat.sql.infer import Typing, is_number_literal
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import (
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    Class,
    decimal_type,
    time_type,
)

MOST_SECONDS: Final = 10**18  #: of those with a fraction, which have two words of nine digits
_MICRO: Final = timedelta(microseconds=1)
_MOST_MICROS: Final = 4000000000000  #: beyond the limit of TIME
_TIME_LIMIT_US: Final = temporal.TIME_LIMIT // _MICRO
ANY_DECIMAL: Final = replace(decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE), mixed=True)


@build_as("sec_to_time", 1)
def build_sec_to_time(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg, fsp = seconds_of(typing, args[0])
    return typing.call("sec_to_time", time_type(fsp), arg)


def seconds_of(typing: Typing, arg: Expression) -> tuple[Expression, int]:
    """A number of seconds, and how many fractional digits what is made of it has."""
    if arg.type.cls is Class.STRING and not is_number_literal(arg):
        return typing.cast(arg, ANY_DECIMAL), min(arg.type.scale, 6)
    arg = typing.as_number(arg)
    if arg.type.cls is Class.DOUBLE:
        return typing.cast(arg, ANY_DECIMAL), min(arg.type.scale, 6)
    return natural(arg), min(arg.type.scale, 6)


def micros_of_seconds(context: Context, seconds: Decimal) -> int:
    micros = EXACT.scaleb(seconds, 6)
    return int(micros if _is_cut(context) else round_decimal(micros, 0))


def _is_cut(context: Context) -> bool:
    return "TIME_TRUNCATE_FRACTIONAL" in context.sql_mode


def _times(context: Context, call: Call, seconds: Sequence[Any]) -> list[timedelta | None] | None:
    micros = micros_column(context, seconds)
    if any(one is not None and not -_TIME_LIMIT_US <= one <= _TIME_LIMIT_US for one in micros):
        return None
    return [None if one is None else timedelta(0, 0, one) for one in micros]


def micros_column(context: Context, seconds: Sequence[Any]) -> list[int | None]:
    """`micros_of_seconds` of many, integers among them."""
    first = next((one for one in seconds if one is not None), 0)
    if type(first) is int:
        return [None if one is None else 1000000 * one for one in seconds]
    if type(first) is not Decimal:
        seconds = [None if one is None else Decimal(str(one)) for one in seconds]
    is_cut, scaled, rounded = _is_cut(context), EXACT.scaleb, EXACT.to_integral_value
    micros = (None if one is None else scaled(one, 6) for one in seconds)
    return [None if one is None else int(one if is_cut else rounded(one)) for one in micros]


@implement("sec_to_time", columns=_times)
def sec_to_time(context: Context, call: Call, seconds: Any) -> timedelta:
    exact = seconds if type(seconds) is Decimal else Decimal(str(seconds))
    micros = micros_of_seconds(context, exact)
    if -_TIME_LIMIT_US <= micros <= _TIME_LIMIT_US:
        return timedelta(0, 0, micros)
    span = timedelta(microseconds=max(min(micros, _MOST_MICROS), -_MOST_MICROS))
    if abs(span) > temporal.TIME_LIMIT:
        text = decimal_text(Decimal(seconds))
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
    return min(max(span, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)
