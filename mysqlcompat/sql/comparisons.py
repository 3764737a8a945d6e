"""In which class two values compare, and the conversions that bring them there.

MySQL's rules: JSON before dates, dates before text, text before numbers. A constant beside a column
is first taken for what the column would hold of it (`_constant_beside`); a text beside a date that
is none counts as the date zero, with a warning. BETWEEN and IN: `memberships.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal, temporal_text
from mysqlcompat.numerals import leading_decimal, leading_integer, round_decimal
from mysqlcompat.partial_dates import PartialDate
from mysqlcompat.sql.branches import common_decimal
from mysqlcompat.sql.literals import folded_number
from mysqlcompat.sql.typed import (
    COMPARE,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Param,
    is_constant,
)
from mysqlcompat.sqltypes import (
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    TEMPORAL,
    Class,
    SqlType,
    bool_type,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    int_type,
    string_type,
    time_type,
)
from mysqlcompat.values import text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

DATED: Final = frozenset({Class.DATE, Class.DATETIME})
_DATE_DIGITS: Final = 10  #: a constant beside a DATE that is longer has a time


class Comparisons:
    """The part of `Typing` that compares two values."""

    context: Context

    if TYPE_CHECKING:

        def cast(self, arg: Expression, target: SqlType, mode: int = 0) -> Expression: ...

        def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call: ...

        def as_string(self, arg: Expression) -> Expression: ...

        def as_number(self, arg: Expression) -> Expression: ...

        def as_double(self, arg: Expression) -> Expression: ...

        def as_moment(self, arg: Expression, fsp: int | None = None) -> Expression: ...

        def constant_value(self, arg: Expression) -> Any: ...

        def quiet_value(self, arg: Expression) -> Any: ...

        def as_json(self, arg: Expression) -> Expression: ...

        def collation(self, types: Sequence[SqlType], operator: str) -> str: ...

        def with_collation(self, arg: Expression, collation: str) -> Expression: ...

    def comparison(self, operator: str, left: Expression, right: Expression) -> Expression:
        left, right = self.comparable(operator, left, right)
        nullable = operator != "<=>" and (left.type.nullable or right.type.nullable)
        return self.call(operator, bool_type(nullable), left, right)

    def comparable(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        """Both sides cast to the class in which MySQL compares them."""
        left, right = self.typed_params(left, right)
        right = self._constant_beside(operator, left, right)
        left = self._constant_beside(operator, right, left)
        one, other = left.type.cls, right.type.cls
        if Class.NULL in (one, other):
            return self._with_null(left, right)
        if Class.JSON in (one, other):
            return self.as_json(left), self.as_json(right)
        if one is Class.STRING and other is Class.STRING:
            return self._texts(operator, left, right)
        if one in TEMPORAL or other in TEMPORAL:
            return self._temporals(operator, left, right)
        return self._numbers(operator, left, right)

    def _numbers(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        if operator in _ORDERS:
            left, right = _exact_text(left, right), _exact_text(right, left)
        left, right = self.as_number(left), self.as_number(right)
        if Class.DOUBLE in (left.type.cls, right.type.cls):
            return self.as_double(left), self.as_double(right)
        if Class.DECIMAL in (left.type.cls, right.type.cls):
            target = common_decimal([left.type, right.type])
            return self.cast(left, target), self.cast(right, target)
        return left, right

    def _with_null(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        if left.type.cls is Class.NULL:
            return self.cast(left, right.type), right
        return left, self.cast(right, left.type)

    def typed_params(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        """A `?` compares in the type of the other side."""
        if is_untyped(left) and not is_untyped(right):
            left = self.cast(left, _param_target(right.type))
        elif is_untyped(right) and not is_untyped(left):
            right = self.cast(right, _param_target(left.type))
        elif is_untyped(left) and is_untyped(right):
            target = string_type(16383, self.context.collation)
            left, right = self.cast(left, target), self.cast(right, target)
        return left, right

    def _texts(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        left, right = self.as_string(left), self.as_string(right)
        collation = self.collation([left.type, right.type], operator)
        return self.with_collation(left, collation), self.with_collation(right, collation)

    # dates and times

    def _temporals(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        """At least one side is a date or a time."""
        one, other = left.type.cls, right.type.cls
        if one not in TEMPORAL:
            right, left = self._temporals(operator, right, left)
            return left, right
        if other is Class.STRING and one is Class.TIME:
            return self._texts(operator, left, right)
        if other is Class.STRING:
            right = self._date_of_text(right, left, operator in _ORDERS)
        elif other not in TEMPORAL:
            return self._temporal_and_number(operator, left, right)
        if one is right.type.cls:
            return left, right
        if operator in _ORDERS and _is_held(left, right):
            return left, self.cast(right, time_type(left.type.scale))
        if operator in _ORDERS and _is_held(right, left):
            return self.cast(left, time_type(right.type.scale)), right
        return self.as_moment(left), self.as_moment(right)

    def _date_of_text(self, text: Expression, like: Expression, must: bool) -> Expression:
        """A text compared with the date `like`. A constant must be one: ERROR 1525."""
        is_date = like.type.cls is Class.DATE
        if not is_constant(text):
            if is_constant(like):
                return as_compared(text, datetime_type(6), wording(like, plain=True))
            return as_compared(text, date_type() if is_date else datetime_type(6))
        if not isinstance(text, Literal) or not isinstance(text.value, str) or is_date:
            text = pinned(text)  # whether it has a time decides the comparison
        name = "DATE" if is_date else "DATETIME"
        if like.type.kind is TypeKind.TIMESTAMP:
            name = "TIMESTAMP"
        target = date_type() if is_date and not _has_time(text) else datetime_type(6)
        made = as_compared(text, target, wording(like), name if must else "")
        if must:
            self.quiet_value(made)
        return made

    def _temporal_and_number(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        is_dated = left.type.cls in DATED
        if right.type.kind is TypeKind.YEAR and is_dated:
            return self.as_moment(left), as_compared(right, datetime_type())
        if isinstance(left, ColumnRef) and isinstance(right, Literal) and is_dated:
            if _is_moment(right):
                target = date_type() if left.type.cls is Class.DATE else datetime_type(6)
                return left, as_compared(pinned(right), target)
            if operator not in _LISTS and _is_bad_moment(right):
                return self.as_double(self.as_number(left)), _doubted(right, left)
        elif isinstance(right, Cast) and right.mode == COMPARE:
            return self.as_double(self.as_number(left)), right
        return self.as_double(self.as_number(left)), self.as_double(right)

    # constants beside columns

    def _constant_beside(
        self, operator: str, column: Expression, constant: Expression
    ) -> Expression:
        """A constant as what `column` would hold of it, where it makes a difference."""
        if not isinstance(column, ColumnRef) or operator == "case":
            return constant
        if column.type.cls in TEMPORAL:
            constant = folded_number(constant)
        if column.type.cls is Class.TIME and operator in _ORDERS and is_constant(constant):
            constant = self._computed_beside_time(column, constant)
        if not isinstance(constant, Literal):
            return constant
        if constant.value is None or constant.type.cls is Class.JSON:
            return constant
        if column.type.kind is TypeKind.YEAR:
            return constant if operator == "in" else self._as_year(constant)
        if column.type.cls is Class.TIME and constant.type.cls not in TEMPORAL:
            return constant if operator == "in" else self._as_time(column, constant)
        if column.type.cls is Class.INT and isinstance(constant.value, str):
            return whole_number(constant)
        return constant

    def _computed_beside_time(self, column: ColumnRef, constant: Expression) -> Expression:
        """What functions make of constants goes into a TIME as its text does: a date is none, a
        moment leaves its date, which MySQL notes."""
        if not isinstance(constant, Call | Cast):
            return constant
        is_chosen = isinstance(constant, Call) and constant.function.name in _CHOOSING
        is_dated = is_chosen and constant.type.cls in DATED
        if constant.type.cls is not Class.STRING and not is_dated:
            return constant
        value = self.constant_value(constant)
        if value is None:
            return constant
        made = Literal(constant.type, value)
        if not is_dated:
            return made
        is_date = made.type.cls is Class.DATE
        said = wording(column).format(text_of(value, made.type))
        self.context.warn(1292, said, "Warning" if is_date else "Note")
        return as_compared(made, datetime_type()) if is_date else made

    def _as_year(self, constant: Literal) -> Expression:
        value: Any = constant.value
        is_text = isinstance(value, str)
        match value:
            case date() | PartialDate():
                number = value.year
            case timedelta():
                number = temporal.local_of_us(self.context.now_us, self.context.time_zone).year
            case str():
                number, _ = leading_integer(value)
                number = number if value[:1].isdigit() else -1
            case bytes():
                number = int.from_bytes(value, "big")
            case float():
                number = round(value) if abs(value) < 1e15 else -1
            case _:
                number = int(round_decimal(Decimal(value), 0))
        if 0 < number < 100 or (number == 0 and is_text and len(value) != 4):
            number += 2000 if number < 70 else 1900
        if number and not 1901 <= number <= 2155:
            return pinned(constant)
        return Literal(int_type(5, nullable=False), number)

    def _as_time(self, column: ColumnRef, constant: Literal) -> Expression:
        value: Any = constant.value
        fraction = timedelta(0)
        if isinstance(value, str | bytes):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            read = temporal_text.read_time(text)
            if not text.strip():
                return pinned(constant)
        else:
            read = temporal_text.time_of_number(int(value))
            micros = round(Decimal(str(value)) % 1 * 1000000)
            fraction = timedelta(microseconds=micros)
        if not read.is_good:
            return _doubted(constant, column)
        span: Any = read.value
        if not isinstance(span, timedelta) and isinstance(value, str):
            self.context.warn(1292, wording(column).format(value), "Note")
        span = span if isinstance(span, timedelta) else temporal.time_of(span)
        stored = temporal.with_fsp(span + fraction, column.type.scale)
        return Literal(time_type(column.type.scale, False), stored)


_CHOOSING: Final = (
    *("if", "case", "nullif", "ifnull", "coalesce", "greatest", "least", "any_value"),
)
_LISTS: Final = ("in", "case")
_ORDERS: Final = frozenset(("=", "<>", "<", "<=", ">", ">=", "<=>"))


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


def _doubted(constant: Literal, column: ColumnRef) -> Expression:
    """A constant that `column` cannot hold, compared as it is."""
    kind = constant.type if constant.type.cls is Class.STRING else double_type(nullable=False)
    return as_compared(pinned(constant), kind, wording(column))


def _is_held(column: Expression, constant: Expression) -> bool:
    """Whether a date is compared as what a TIME column would hold of it."""
    if isinstance(constant, Cast) and constant.mode == COMPARE:
        return False
    is_column = isinstance(column, ColumnRef) and column.type.cls is Class.TIME
    return is_column and is_constant(constant)


def pinned(arg: Expression) -> Expression:
    """A literal as part of the plan."""
    return replace(arg, literal_no=None) if isinstance(arg, Literal) else arg


def is_untyped(arg: Expression) -> bool:
    return isinstance(arg, Param) and arg.type.kind is TypeKind.NULL


def _has_time(text: Expression) -> bool:
    return not isinstance(text, Literal) or len(str(text.value).strip()) > _DATE_DIGITS


def _is_moment(literal: Literal) -> bool:
    """Whether a number reads as a date."""
    if literal.value is None or isinstance(literal.value, bytes):
        return False
    return temporal.datetime_of_number(int(literal.value)) is not None


def _is_bad_moment(literal: Literal) -> bool:
    """Whether MySQL warns of a number that is no date."""
    value: Any = literal.value
    if value is None or isinstance(value, bytes):
        return False
    if value < 0:
        return True
    read = temporal_text.datetime_of_number(int(value), temporal_text.FUZZY)
    wrong = (temporal_text.TRUNCATED, temporal_text.OUT_OF_RANGE)
    return read.value is None and read.warnings in wrong


def whole_number(constant: Literal) -> Literal:
    """A text beside an integer column becomes an integer if it is one exactly."""
    text = str(constant.value)
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 18):
        return replace(constant, literal_no=None)
    return replace(constant, type=int_type(20, nullable=False), value=int(text), literal_no=None)


def _exact_text(arg: Expression, beside: Expression) -> Expression:
    """A constant text beside a DECIMAL that varies is a DECIMAL."""
    if arg.type.cls is not Class.STRING or not is_constant(arg):
        return arg
    if beside.type.cls is not Class.DECIMAL or is_constant(beside) or is_untyped(arg):
        return arg
    if not isinstance(arg, Literal):
        widest = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, nullable=arg.type.nullable)
        return Cast(widest, arg)
    if not isinstance(arg.value, str):
        return arg
    number, whole = leading_decimal(arg.value)
    fraction = max(-int(number.as_tuple().exponent), 0)
    made = decimal_type(max(number.adjusted() + 1, 1) + fraction, fraction, nullable=False)
    if whole:
        return Literal(made, number)
    return Cast(made, pinned(arg))


def _param_target(sql_type: SqlType) -> SqlType:
    """The type a `?` takes from what it is compared with: wide enough for any value."""
    match sql_type.cls:
        case Class.INT:
            return int_type(20, sql_type.unsigned)
        case Class.STRING:
            return string_type(16383, sql_type.collation)
        case Class.DATE | Class.DATETIME:
            return datetime_type(6)
        case Class.TIME:
            return time_type(6)
    return sql_type.or_null()
