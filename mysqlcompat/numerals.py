"""Numbers and their text, MySQL's way: doubles, decimals, the number at the start of a string."""

from __future__ import annotations

import decimal
import math
import re
from decimal import Decimal
from functools import cache
from typing import Final

#: Enough for any product of two DECIMAL(65,30); nothing is rounded by accident.
EXACT: Final = decimal.Context(prec=200, rounding=decimal.ROUND_HALF_UP, Emax=9999, Emin=-9999)

_NUMBER: Final = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_INTEGER: Final = re.compile(r"[ \t\n\r\v\f]*([+-]?\d+)")
SPACE: Final = " \t\n\r\v\f"
_FLOAT_WIDTH: Final = 12
_ANY_WIDTH: Final = 1000
_LAST_FIXED: Final = 15  #: a double with its point further out is printed with an exponent


WORD: Final = 9  #: digits of the words in which MySQL computes
WORDS: Final = 9  #: that it has room for
_PLAIN_BELOW: Final = 1e15  #: Python shows doubles of this size as MySQL does


def double_text(value: float) -> str:
    """Shortest digits that read back as `value`: ``1``, ``0.1``, ``1e20``, ``1.5e-16``. What is
    infinite, as a sum may be, is shown as 0."""
    text = repr(value) if math.isfinite(value) else "0.0"
    if -_PLAIN_BELOW < value < _PLAIN_BELOW and "e" not in text:
        return text.removesuffix(".0")
    return _laid_out(repr(value), _ANY_WIDTH)


def float_text(value: float) -> str:
    """A FLOAT as a text: six digits of it, in no more characters than its column is wide."""
    return _laid_out(f"{value:.5e}", _FLOAT_WIDTH)


def fixed_text(value: float, scale: int) -> str:
    """With `scale` digits behind the point: the shortest digits, padded, where they are enough;
    else correctly rounded."""
    shortest = Decimal(repr(value))
    exponent = shortest.as_tuple().exponent
    is_enough = isinstance(exponent, int) and -exponent <= scale
    return f"{shortest if is_enough else value:.{scale}f}"


def double_text_within(value: float, width: int) -> str:
    """`value` in at most `width` characters, rounded where they are too few (`my_gcvt`)."""
    text = repr(value)
    if -_PLAIN_BELOW < value < _PLAIN_BELOW and "e" not in text and len(text) <= width:
        return text.removesuffix(".0")
    text = _laid_out(repr(value), width)
    count = len(str(value))
    while len(text) > width and count > 1:
        count -= 1
        text = _laid_out(f"{value:.{count - 1}e}", width)
    return text


def _laid_out(text: str, width: int) -> str:
    """The digits of `text` with an exponent if the number asks for it, or has too few places."""
    sign = ""
    if text.startswith("-"):
        sign, text, width = "-", text[1:], width - 1
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if point <= 0:
        plain = f"0.{'0' * -point}{digits}"
    elif point >= len(digits):
        plain = digits + "0" * (point - len(digits))
    else:
        plain = f"{digits[:point]}.{digits[point:]}"
    is_nice = point > -_LAST_FIXED and (point <= _LAST_FIXED or len(digits) > point)
    if is_nice and (len(plain) <= width or -2 < point <= width):
        return sign + plain
    tail = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1}"


def decimal_text(value: Decimal) -> str:
    """Plain digits, never an exponent; no ``-0``."""
    text = format(value, "f")
    return text[1:] if text.startswith("-") and not value else text


def leading_double(text: str) -> tuple[float, bool]:
    """The number at the start of `text` (0 when there is none) and whether that is all of it."""
    match = _NUMBER.match(text)
    if match is None:
        return 0.0, False
    value = float(match.group(1))
    if math.isinf(value):
        return math.copysign(1.7976931348623157e308, value), False
    return value, not text[match.end() :].strip(SPACE)


def leading_integer(text: str) -> tuple[int, bool]:
    """Only digits count here: ``1e2`` is 1, and not all of it."""
    match = _INTEGER.match(text)
    if match is None:
        return 0, False
    return integer_of_digits(match.group(1)), not text[match.end() :].strip(SPACE)


def integer_of_digits(text: str) -> int:
    """Digits behind an optional sign as an integer. Of more than any integer of SQL has only the
    first are taken: enough to be out of every range."""
    digits = text.lstrip("+-").lstrip("0")[:_ENOUGH_DIGITS]
    return -int(digits or "0") if text.startswith("-") else int(digits or "0")


_ENOUGH_DIGITS: Final = 100


@cache
def _quantum(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


def round_decimal(value: Decimal, scale: int) -> Decimal:
    """`value` with `scale` digits after the point (negative: before it), halves away from zero."""
    quantum = _quantum(scale)
    rounded = EXACT.quantize(value, quantum)
    return rounded if scale >= 0 else EXACT.quantize(rounded, Decimal(1))


def truncate_decimal(value: Decimal, scale: int) -> Decimal:
    """`value` cut to `scale` digits after the point (negative: before it)."""
    quantum = _quantum(scale)
    cut = value.quantize(quantum, rounding=decimal.ROUND_DOWN, context=EXACT)
    return cut if scale >= 0 else EXACT.quantize(cut, Decimal(1))


def round_double(value: float) -> int:
    """To the nearest integer, halves to even: what the machine's rint does."""
    return round(value)


def room_behind(value: Decimal) -> int:
    """Digits behind the point of a number: MySQL computes in nine words of nine digits, whole ones
    on both sides of the point."""
    return max(WORDS - -(-(value.adjusted() + 1) // WORD), 0) * WORD


def fitted_decimal(value: Decimal, scale: int) -> Decimal:
    """`value` with `scale` digits after the point, or as many as there is room for."""
    return round_decimal(value, min(scale, room_behind(value)))


@cache
def greatest_decimal(precision: int, scale: int) -> Decimal:
    """The greatest value of DECIMAL(precision, scale)."""
    return Decimal(10**precision - 1).scaleb(-scale, EXACT)
