"""DECIMALs read from texts, as MySQL's decimals hold them: nine words of nine digits.

Of a number with more digits before the point the last ones are left; of one that its exponent makes
too large what was before the exponent. MySQL tells of that, and goes on with the greatest DECIMAL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mysqlcompat.numerals import EXACT, SPACE
from mysqlcompat.sqltypes import MAX_DECIMAL_DIGITS

WORD: Final = 9  #: digits
MOST_DIGITS: Final = 9 * WORD
_PARTS: Final = re.compile(
    r"[ \t\n\r\v\f]*([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)(\d+))?", re.ASCII
)
_I64_DIGITS: Final = 20  #: an exponent of more is none
_EXPONENT_MOST: Final = (1 << 30) - 1


@dataclass(frozen=True, slots=True)
class DecimalRead:
    """A number at the start of a text.

    is_whole   nothing follows it, it is not too large and not `is_cut`: it has not too many digits
    is_number  there is one
    left       what is left of one that is too large, in messages
    """

    value: Decimal
    is_whole: bool
    is_number: bool = True
    left: str | None = None
    is_cut: bool = False


_NO_NUMBER: Final = DecimalRead(Decimal(0), False, False)


def read_decimal(text: str) -> DecimalRead:
    match = _PARTS.match(text)
    if match is None:
        return _NO_NUMBER
    sign, whole, fraction, direction, digits = (part or "" for part in match.groups())
    whole, digits = whole.lstrip("0"), digits.lstrip("0")
    if len(digits) >= _I64_DIGITS:
        return _NO_NUMBER
    exponent = -int(digits or 0) if direction == "-" else int(digits or 0)
    words = -(-len(whole) // WORD)
    if words > MOST_DIGITS // WORD:
        return _too_large(sign, whole[-MOST_DIGITS:].lstrip("0") or "0")
    if exponent > _EXPONENT_MOST:
        return _too_large(sign, "0")
    cut = fraction[: MOST_DIGITS - WORD * words]
    mantissa = f"{whole or '0'}.{cut}".rstrip(".")
    value = Decimal(mantissa)
    is_cut = cut != fraction
    if exponent and value:
        point = value.adjusted() + exponent
        if point >= MOST_DIGITS:
            return _too_large(sign, mantissa)
        places = MOST_DIGITS - WORD * -(-max(point + 1, 0) // WORD)
        is_cut = is_cut or exponent + int(value.as_tuple().exponent) < -places
        value = EXACT.scaleb(value, exponent) if -point <= places else Decimal(0)
        value = EXACT.quantize(value, Decimal(1).scaleb(-places)) if is_cut else value
    value = value.copy_negate() if sign == "-" else value
    is_whole = not text[match.end() :].strip(SPACE)
    return DecimalRead(value, is_whole and not is_cut, is_cut=is_whole and is_cut)


def _too_large(sign: str, left: str) -> DecimalRead:
    is_negative = sign == "-" and left.strip("0.") != ""
    greatest = Decimal("9" * MAX_DECIMAL_DIGITS)
    return DecimalRead(
        greatest.copy_negate() if is_negative else greatest,
        False,
        left="-" + left if is_negative else left,
    )


def leading_decimal(text: str) -> tuple[Decimal, bool]:
    """The number at the start of `text` (0 when there is none) and whether that is all of it."""
    read = read_decimal(text)
    return read.value, read.is_whole
