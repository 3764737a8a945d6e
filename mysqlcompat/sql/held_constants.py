"""A constant beside a column as what the column would hold of it.

While MySQL prepares a comparison it stores the constant in the column, on trial: a text beside a
BIGINT becomes an integer, a number beside a date a date, nearly everything beside a TIME a time.
What the column cannot hold is compared as it is. What is wrong with a constant is said at once,
whether or not the comparison will be reached.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal, temporal_text
from mysqlcompat.convert import convert, double_of
from mysqlcompat.convert_compared import Listener, Storing
from mysqlcompat.decimal_reading import leading_decimal
from mysqlcompat.message_text import shown, text_for_number
from mysqlcompat.numerals import double_text, leading_double, round_decimal
from mysqlcompat.partial_dates import PartialDate
from mysqlcompat.sql.agreement import has_param
from mysqlcompat.sql.branches import is_cast, is_extreme_date, is_passed_on, natural
from mysqlcompat.sql.describe import describe, origin_name
from mysqlcompat.sql.literals import folded_number
from mysqlcompat.sql.typed import COMPARE, Call, Cast, ColumnRef, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    NOT_FIXED,
    TEMPORAL,
    Class,
    SqlType,
    datetime_type,
    int_type,
    string_type,
    time_type,
)
from mysqlcompat.values import text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

DATED: Final = frozenset({Class.DATE, Class.DATETIME})
ORDERS: Final = frozenset(("=", "<>", "<", "<=", ">", ">=", "<=>", "nullif"))
FIRST_YEAR, LAST_YEAR = 1901, 2155
_NUMBERS: Final = frozenset({Class.INT, Class.DECIMAL, Class.DOUBLE})
_NUMBER: Final = re.compile(r"\s*[+-]?\.?[0-9]")
_BIGINT_BYTES: Final = 8
ALL_DIGITS: Final = 20  #: that a BIGINT may have, or a sign
_DIGITS: Final = 21  #: of a BIGINT made here, and one more where its 64 bits have no sign
_EXACT_BELOW: Final = 1 << 53  #: a double is the integer it shows
_LEAST, _MOST, _MOST_UNSIGNED = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_ROUNDED_MOST: Final = float(1 << 64)  #: what a double makes of the largest integers
_CHOOSING: Final = (
    *("if", "case", "nullif", "ifnull", "coalesce", "greatest", "least", "any_value"),
)


class HeldConstants:
    """The part of `Typing` that brings constants into columns, on trial."""

    context: Context

    if TYPE_CHECKING:

        def constant_value(self, arg: Expression) -> Any: ...

        def as_double(self, arg: Expression) -> Expression: ...

        def as_number(self, arg: Expression) -> Expression: ...

        def quiet_value(self, arg: Expression) -> Any: ...

    def beside(self, operator: str, column: Expression, constant: Expression) -> Expression:
        """A constant as what `column` would hold of it, where it makes a difference."""
        if not isinstance(column, ColumnRef) or operator == "case":
            return constant
        if operator == "in":
            return self._among(column, constant)
        if constant.type.cls is Class.JSON:
            return self._document(column, constant)
        if column.type.kind is TypeKind.BIGINT and operator in ORDERS:
            constant = self._as_bigint(column, constant)
        made = self._folded(operator, column, constant)
        if not isinstance(made, Literal) or made.value is None:
            return made
        made = self._as_held(column, made, constant)
        is_text = made.type.cls is Class.STRING and column.type.cls is Class.INT
        return constant if is_text and not isinstance(constant, Literal) else made

    def _as_held(self, column: ColumnRef, constant: Literal, origin: Expression) -> Expression:
        if column.type.kind is TypeKind.YEAR:
            return self._as_year(constant)
        if column.type.cls is Class.TIME and constant.type.cls not in TEMPORAL:
            return self._as_time(column, constant)
        if column.type.cls is Class.INT and isinstance(constant.value, str):
            return self.held_integer(column, constant, origin)
        if column.type.cls is Class.INT and isinstance(constant.value, bytes):
            return self._integer_of_bytes(column, constant, origin)
        if column.type.kind is TypeKind.BIGINT and constant.type.cls is Class.DATETIME:
            convert(self.context, constant.value, constant.type, column.type, False)  # which warns
        return constant

    def _as_bigint(self, column: ColumnRef, constant: Expression) -> Expression:
        """A constant number as the BIGINT that it is, if it is one."""
        if not is_constant(constant) or has_param(constant):
            return constant
        is_number = constant.type.cls in _NUMBERS
        match constant:
            case Literal(type=kind, value=bytes() as data):
                is_number = kind.scale != NOT_FIXED and 0 < len(data) <= _BIGINT_BYTES
            case Literal(type=kind) if kind.cls is Class.INT:
                is_number = False
        made = self.exact_integer(constant, column.type.unsigned) if is_number else None
        return constant if made is None else made

    def exact_integer(self, constant: Expression, unsigned: bool) -> Literal | None:
        """A constant as the BIGINT that it is exactly; None if it is none."""
        if isinstance(constant, Literal) and constant.value == b"":
            return None
        if constant.type.cls is Class.STRING:
            text = self.quiet_value(constant)
            if isinstance(text, str) and not _is_bigint(text, unsigned):  # nothing is said of it
                return None
        value = self.constant_value(self.as_number(constant))
        if value is None or abs(value) > _ROUNDED_MOST or value != value // 1:
            return None
        number = int(value)
        is_text = constant.type.cls is Class.STRING and isinstance(value, float)
        if is_text and abs(number) >= _EXACT_BELOW:
            text = text_for_number(self.quiet_value(constant))
            number = _whole_of(text)
        most = _MOST_UNSIGNED if unsigned and constant.type.cls is not Class.JSON else _MOST
        if not (0 if unsigned else _LEAST) <= number <= most:
            return None
        return Literal(int_type(_DIGITS + (0 <= number <= _MOST), unsigned, False), number)

    def _document(self, column: ColumnRef, constant: Expression) -> Expression:
        """A document beside a BIGINT or TIME: what it is as a number or time, if it is one."""
        is_whole = column.type.kind is TypeKind.BIGINT
        if not (is_whole or column.type.cls is Class.TIME):
            return constant
        if not is_constant(constant) or has_param(constant):
            return constant
        value, name = self.constant_value(constant), origin_name(constant)
        if value is None:
            return constant
        context: Any = self.context
        kind = constant.type
        if is_passed_on(constant):  # as its text
            context = Listener(context) if is_whole else context
            value, kind = text_of(value, kind), string_type(1, "utf8mb4_bin")
        stored = convert(context, value, kind, column.type, False, name)
        if is_whole and double_of(context, value, kind, name) != stored:
            return constant
        stored = timedelta(0) if stored is None else stored
        return Literal(column.type.or_null(constant.type.nullable), stored)

    def _among(self, column: ColumnRef, constant: Expression) -> Expression:
        """One of several in which `column` is looked for."""
        constant = folded_number(constant) if column.type.cls in TEMPORAL else constant
        is_text = isinstance(constant, Literal) and isinstance(constant.value, str)
        if column.type.cls is Class.INT and column.type.kind is not TypeKind.YEAR and is_text:
            assert isinstance(constant, Literal)
            return whole_number(constant)
        return constant

    def _folded(self, operator: str, column: ColumnRef, constant: Expression) -> Expression:
        """A computed constant as a literal, where it is looked at while MySQL prepares."""
        if column.type.cls in TEMPORAL:
            constant = folded_number(constant)
        if not isinstance(constant, Call | Cast) or not is_constant(constant):
            return constant
        if has_param(constant):
            return constant
        kind = constant.type.cls
        if column.type.cls is Class.TIME and kind not in _NUMBERS:
            is_stored = operator in (*ORDERS, "held")
            return self._computed_beside_time(column, constant) if is_stored else constant
        is_number = kind in _NUMBERS and column.type.cls in TEMPORAL
        is_long = column.type.kind is TypeKind.BIGINT and kind in (Class.STRING, Class.DATETIME)
        if not (is_number or is_long or column.type.kind is TypeKind.YEAR):
            return constant
        value = self.constant_value(natural(constant))
        return Literal(constant.type, value, text=describe(constant))

    def _computed_beside_time(self, column: ColumnRef, constant: Expression) -> Expression:
        """What functions make of constants goes into a TIME as its text does: a date is none, a
        moment leaves its date, which MySQL notes."""
        is_dated = choosing(constant) and constant.type.cls in DATED
        if constant.type.cls is Class.TIME:
            return self.rounded_time(constant, column)
        if constant.type.cls is not Class.STRING and not is_dated:
            return constant
        value = self._value_stored(constant)
        if value is None:
            return constant
        made = Literal(constant.type, value)
        if is_extreme_date(constant):  # which is no time
            self.doubted(made, column)
            return constant
        if not is_dated:
            return made
        is_date = made.type.cls is Class.DATE
        said = wording(column).format(text_of(value, made.type))
        self.context.warn(1292, said, "Warning" if is_date else "Note")
        return as_compared(made, datetime_type()) if is_date else made

    def _value_stored(self, constant: Expression) -> Any:
        """What a constant is while MySQL tries to store it: dates may be off the calendar."""
        storing: Any = Storing(self.context)
        context, self.context = self.context, storing
        try:
            return self.constant_value(constant)
        finally:
            self.context = context

    def _integer_of_bytes(
        self, column: ColumnRef, constant: Literal, origin: Expression
    ) -> Expression:
        """A binary string beside an integer; ``x'41'`` is a number by itself."""
        if constant.type.scale != NOT_FIXED:
            return constant
        text = text_for_number(constant.value)
        made = self.held_integer(column, replace(constant, value=text), origin)
        return made if made.type.cls is Class.INT else constant

    def rounded_time(self, constant: Expression, column: ColumnRef) -> Expression:
        """A computed TIME with the fractional digits of the column."""
        value, fsp = self.constant_value(constant), column.type.scale
        if value is None:
            return constant
        return Literal(time_type(fsp, False), temporal.with_fsp(value, fsp))

    def held_integer(
        self, column: Expression, constant: Literal, origin: Expression | None = None
    ) -> Literal:
        """A text beside an integer. Beside a BIGINT it is one even if more follows, which is said
        of its `origin`."""
        made = whole_number(constant)
        if column.type.kind is not TypeKind.BIGINT:
            return replace(made, text=describe(constant)) if made.type.cls is Class.INT else made
        if made.type.cls is Class.INT:
            return made
        number, _ = leading_double(str(constant.value))
        if not _is_bigint(str(constant.value), column.type.unsigned):
            return made
        self.constant_value(self.as_double(constant if origin is None else origin))  # which warns
        if not number.is_integer():
            return made
        target = int_type(20, column.type.unsigned, constant.type.nullable)
        return Literal(target, _whole_of(str(constant.value)))

    def _as_year(self, constant: Literal) -> Expression:
        value: Any = constant.value
        is_text = isinstance(value, str)
        match value:
            case date() | PartialDate():
                number = value.year
            case timedelta():
                number = temporal.local_of_us(self.context.now_us, self.context.time_zone).year
            case str():
                exact = round_decimal(leading_decimal(value)[0], 0)
                number = int(exact) if _NUMBER.match(value) else -1
            case bytes():
                number = int.from_bytes(value, "big")
            case float():
                number = int(value) if 0 <= value < 1e15 else -1
            case _:
                number = int(round_decimal(Decimal(value), 0))
        if 0 < number < 100 or (number == 0 and is_text and len(value) != 4):
            number += 2000 if number < 70 else 1900
        if number and not FIRST_YEAR <= number <= LAST_YEAR:
            return pinned(constant)
        return Literal(int_type(5, nullable=constant.type.nullable), number)

    def _as_time(self, column: ColumnRef, constant: Literal) -> Expression:
        value: Any = constant.value
        fraction = timedelta(0)
        if isinstance(value, str | bytes):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            read = temporal_text.read_time(text)
            if read.value is None and not read.warnings:
                return pinned(constant)
        else:
            read = temporal_text.time_of_number(int(value))
            if read.is_good:
                micros = round(Decimal(str(value)) % 1 * 1000000)
                fraction = timedelta(microseconds=micros)
        if not read.is_good:
            return self.doubted(constant, column)
        span: Any = read.value
        if not isinstance(span, timedelta) and not isinstance(value, bytes):
            self.doubted(constant, column, "Note")
        span = span if isinstance(span, timedelta) else temporal.time_of(span)
        stored = temporal.with_fsp(span + fraction, column.type.scale)
        return Literal(time_type(column.type.scale, constant.type.nullable), stored)

    def doubted(self, constant: Literal, column: ColumnRef, level: str = "Warning") -> Literal:
        """A constant that `column` cannot hold, compared as it is."""
        value: Any = constant.value
        if isinstance(value, str | bytes):
            text = shown(value)
        else:
            text = double_text(value) if isinstance(value, float) else text_of(value, constant.type)
        self.context.warn(1292, wording(column).replace("{}", text, 1), level)
        return replace(constant, literal_no=None)


def choosing(constant: Expression) -> bool:
    is_one = isinstance(constant, Call) and constant.function.name in _CHOOSING
    return is_one and not is_cast(constant)


def as_compared(
    arg: Expression, target: SqlType, wording: str = "", type_name: str = ""
) -> Expression:
    """`arg` as a comparison sees it: `typed.COMPARE`."""
    return Cast(target.or_null(arg.type.nullable), arg, COMPARE, type_name, wording)


def wording(like: Expression, plain: bool = False) -> str:
    """How MySQL warns of what is no date where it is compared with `like`."""
    kind = {Class.DATE: "date", Class.TIME: "time"}.get(like.type.cls, "datetime")
    if isinstance(like, ColumnRef) and not plain:
        return f"Incorrect {kind} value: '{{}}' for column '{like.name}' at row 1"
    return f"Truncated incorrect {kind} value: '{{}}'"


def told_by_nullif(date: Expression) -> str:
    """How NULLIF warns of a text that is no date: `date` is named as it is written."""
    kind = "date" if date.type.cls is Class.DATE else "datetime"
    name = date.name if isinstance(date, ColumnRef) else describe(date).lower()
    return f"Incorrect {kind} value: '{{}}' for column '{name}' at row 1"


def _whole_of(text: str) -> int:
    """The integer that begins a text, rounded."""
    return int(round_decimal(leading_decimal(text)[0], 0))


def _is_bigint(text: str, unsigned: bool) -> bool:
    """Whether a BIGINT column has room for the number that begins a text."""
    low, high = (0, _MOST_UNSIGNED) if unsigned else (_LEAST, _MOST)
    return low <= _whole_of(text) <= high


def pinned(arg: Expression) -> Expression:
    """A literal as part of the plan."""
    return replace(arg, literal_no=None) if isinstance(arg, Literal) else arg


def whole_number(constant: Literal, digits: int = 18) -> Literal:
    """A text beside an integer column becomes an integer if it is one exactly, of no more `digits`
    than a DOUBLE beside it has."""
    text = str(constant.value)
    is_whole = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= digits
    if not is_whole or not _LEAST <= int(text) <= _MOST_UNSIGNED:
        return replace(constant, literal_no=None)
    value = int(text)
    made = int_type(20, value > _MOST, constant.type.nullable)
    return replace(constant, type=made, value=value, text="", literal_no=None)
