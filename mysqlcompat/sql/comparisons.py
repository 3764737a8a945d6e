"""In which class two values compare, and the conversions that bring them there.

MySQL's rules: JSON before dates, dates before text, text before numbers. A constant beside a column
is first taken for what the column would hold of it (`held_constants`); a text beside a date that is
none counts as the date zero, with a warning. BETWEEN and IN: `memberships.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal, temporal_text
from mysqlcompat.convert import convert
from mysqlcompat.convert_compared import NO_VALUE, Listener
from mysqlcompat.convert_temporal import moment_of
from mysqlcompat.decimal_reading import leading_decimal
from mysqlcompat.sql.agreement import NO_COLLATION, illegal_mix
from mysqlcompat.sql.branches import is_chosen
from mysqlcompat.sql.common_types import common_decimal
from mysqlcompat.sql.describe import describe
from mysqlcompat.sql.held_constants import (
    DATED,
    ORDERS,
    HeldConstants,
    as_compared,
    pinned,
    told_by_nullif,
    wording,
)
from mysqlcompat.sql.measures import is_fixed, scale_of
from mysqlcompat.sql.parameters import is_untyped, text_type, with_type
from mysqlcompat.sql.typed import (
    COMPARE,
    COMPARED,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Param,
    is_constant,
)
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    NOT_FIXED,
    NUMERIC,
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
from mysqlcompat.turns import breathe
from mysqlcompat.values import text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_OF_ALL: Final = ("in", "between", "like", "case")  #: which bring together all that they compare
_DATE_DIGITS: Final = 10  #: a constant beside a DATE that is longer has a time


class Comparisons(HeldConstants):
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

        def own_branches(
            self, arg: Expression, target: SqlType, convert: Callable[[Expression], Expression]
        ) -> Expression | None: ...

        def collation(self, types: Sequence[SqlType], operator: str) -> str: ...

        def with_collation(self, arg: Expression, collation: str) -> Expression: ...

    def comparison(self, operator: str, left: Expression, right: Expression) -> Expression:
        given = left, right
        pair = self.comparable(operator, left, right)
        return self.compared(operator, compared_type(operator, *given, *pair), given, pair)

    def compared(
        self,
        operator: str,
        made: SqlType,
        given: Sequence[Expression],
        pair: tuple[Expression, Expression],
    ) -> Call:
        """What was `given` and is comparable now, compared."""
        near = nearness(given, pair)
        if not near:
            return self.call(operator, made, *pair)
        within = Literal(double_type(nullable=False), near)
        return self.call(f"{operator}@near", made, *pair, within)

    def comparable(
        self, operator: str, left: Expression, right: Expression, held: bool = True
    ) -> tuple[Expression, Expression]:
        """Both sides cast to the class in which MySQL compares them. held: a constant is what a
        column beside it would hold of it."""
        breathe()
        left, right = self.typed_params(left, right)
        if held:
            right = self.beside(operator, left, right)
            left = self.beside(operator, right, left)
        one, other = left.type.cls, right.type.cls
        if Class.NULL in (one, other):
            return self._with_null(left, right)
        if Class.JSON in (one, other):
            return self.as_json(left), self.as_json(right)
        if one is Class.STRING and other is Class.STRING:
            return self._texts(operator, left, right)
        if one in TEMPORAL or other in TEMPORAL:
            return self._temporals(operator, left, right, held)
        return self._numbers(operator, left, right)

    def _numbers(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        if operator in ORDERS:
            left, right = self._exact_text(left, right), self._exact_text(right, left)
        left, right = self.as_number(left), self.as_number(right)
        if Class.DOUBLE in (left.type.cls, right.type.cls):
            return self.as_double(left), self.as_double(right)
        if Class.DECIMAL in (left.type.cls, right.type.cls):
            target = common_decimal([left.type, right.type])
            return self.cast(left, target), self.cast(right, target)
        return left, right

    def _exact_text(self, arg: Expression, beside: Expression) -> Expression:
        """A constant text beside a DECIMAL that varies is a DECIMAL."""
        if arg.type.cls is not Class.STRING or not is_constant(arg):
            return arg
        if beside.type.cls is not Class.DECIMAL or is_constant(beside) or is_untyped(arg):
            return arg
        if not isinstance(arg, Literal) or (
            isinstance(arg.value, bytes) and arg.type.scale == NOT_FIXED
        ):
            widest = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, nullable=arg.type.nullable)
            return self.cast(arg, widest)
        if not isinstance(arg.value, str):
            return arg
        number, whole = leading_decimal(arg.value)
        fraction = max(-int(number.as_tuple().exponent), 0)
        made = decimal_type(max(number.adjusted() + 1, 1) + fraction, fraction, nullable=False)
        if whole:
            return Literal(made, number, text=describe(arg))
        return Cast(made, pinned(arg))

    def _with_null(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        if left.type.cls is Class.NULL:
            return self.cast(left, right.type), right
        return left, self.cast(right, left.type)

    def typed_params(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        """A `?` compares in the type of the other side."""
        if is_untyped(left) and not is_untyped(right):
            left = _compared_with(left, right.type)
        elif is_untyped(right) and not is_untyped(left):
            right = _compared_with(right, left.type)
        elif is_untyped(left) and is_untyped(right):
            target = text_type(self.context.collation)
            left, right = with_type(left, target), with_type(right, target)
        return left, right

    def _texts(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        left, right = self.as_string(left), self.as_string(right)
        collation = self.pair_collation([left.type, right.type], operator)
        return self.with_collation(left, collation), self.with_collation(right, collation)

    def pair_collation(self, types: Sequence[SqlType], operator: str) -> str:
        """The collation two strings are compared in, with each other and with no more: one without
        a collation meets none that has the binary one. Raises 1267."""
        left, right = types
        is_bare = left.collation == BINARY or left.collation.endswith("_bin")
        is_undecided = left.coercibility == NO_COLLATION and is_bare
        if operator not in _OF_ALL and is_undecided and left.collation == right.collation:
            raise illegal_mix(types, operator)
        return self.collation(types, operator)

    # dates and times

    def _temporals(
        self, operator: str, left: Expression, right: Expression, held: bool
    ) -> tuple[Expression, Expression]:
        """At least one side is a date or a time."""
        one, other = left.type.cls, right.type.cls
        if one not in TEMPORAL:
            right, left = self._temporals(operator, right, left, held)
            return left, right
        if other is Class.STRING and one is Class.TIME:
            return self._texts(operator, left, right)
        if other is Class.STRING:
            right = self._date_of_text(right, left, operator)
        elif other not in TEMPORAL:
            return self._temporal_and_number(operator, left, right, held)
        if one is right.type.cls:
            return left, right
        held = held and operator in ORDERS
        if held and _is_held(left, right):
            return left, self._held_time(right, left)
        if held and _is_held(right, left):
            return self._held_time(left, right), right
        return self.as_moment(left), self.as_moment(right)

    def _held_time(self, constant: Expression, column: Expression) -> Expression:
        """A date as the TIME that `column` would hold of it."""
        made = self.cast(constant, time_type(column.type.scale))
        is_literal = isinstance(constant, Literal) and constant.literal_no is None
        return Literal(made.type, self.constant_value(made)) if is_literal else made

    def _date_of_text(self, text: Expression, like: Expression, operator: str) -> Expression:
        """A text compared with the date `like`. A constant must be one: ERROR 1525."""
        must, is_date = operator in ORDERS, like.type.cls is Class.DATE
        told = told_by_nullif(like) if operator == "nullif" else ""
        if not is_constant(text):
            if is_constant(like):
                return as_compared(text, datetime_type(6), told or wording(like, plain=True))
            if told:  # a time counts, too
                return as_compared(text, datetime_type(6), told)
            target = date_type() if is_date else datetime_type(6)
            otherwise = NO_VALUE if must and text.type.nullable and is_chosen(text) else ""

            def read(inner: Expression) -> Expression:
                if inner.type.kind is TypeKind.YEAR:  # a number here
                    inner = Cast(int_type(4, nullable=inner.type.nullable), inner)
                return as_compared(inner, target, "", otherwise)

            target = target.or_null(text.type.nullable)
            return self.own_branches(text, target, read) or read(text)
        if not isinstance(text, Literal) or not isinstance(text.value, str) or is_date:
            text = pinned(text)  # whether it has a time decides the comparison
        name = "DATE" if is_date else "DATETIME"
        if like.type.kind is TypeKind.TIMESTAMP:
            name = "TIMESTAMP"
        target = date_type() if is_date and not _has_time(text) else datetime_type(6)
        made = as_compared(text, target, told or wording(like), name if must else "")
        return self._seen_at_once(made) if must else made

    def _seen_at_once(self, made: Expression) -> Expression:
        """A constant beside a date, which MySQL reads while it prepares, and not again."""
        context: Any = self.context
        self.context = listener = Listener(context)
        try:
            self.constant_value(made)
        finally:
            self.context = context
        if not listener.was_warned:
            return made
        return Literal(made.type, self.constant_value(made), text=describe(made))

    def _doubt_year(self, operator: str, year: Expression, column: Expression) -> None:
        """Tell of a constant YEAR beside a DATE or DATETIME column: it is no date."""
        if not isinstance(column, ColumnRef) or operator in ("in", "case"):
            return
        number = Literal(int_type(4), self.constant_value(year))
        level = _doubts(number, column)
        if level:
            self.doubted(number, column, level)

    def _held_moment(self, number: Literal, column: ColumnRef) -> Literal | None:
        """A number as the date that `column` would hold of it; None if it holds none."""
        value: Any = number.value
        if value is None or isinstance(value, bytes):
            return None
        quiet: Any = Listener(self.context)
        moment = moment_of(quiet, value, number.type, flags=_allowed_in(column))
        if moment is None:
            return None
        if column.type.cls is Class.DATE:
            day = moment.date()
            return Literal(date_type(False), day, text=f"DATE'{text_of(day, date_type())}'")
        target = datetime_type(column.type.scale).or_null(False)
        held = quiet.was_warned or convert(quiet, moment, datetime_type(6), target, False)
        if quiet.was_warned:
            return None
        return Literal(target, held, text=f"'{text_of(held, target)}'")

    def _temporal_and_number(
        self, operator: str, left: Expression, right: Expression, held: bool
    ) -> tuple[Expression, Expression]:
        is_dated = left.type.cls in DATED
        if right.type.kind is TypeKind.YEAR and is_dated:
            if held:
                self._doubt_year(operator, right, left)
            return self.as_moment(left), as_compared(right, datetime_type())
        is_held = held and is_dated and operator not in ("case", "in")
        if isinstance(left, ColumnRef) and isinstance(right, Literal) and is_held:
            level = _doubts(right, left)
            if level:
                right = self.doubted(right, left, level)
            made = self._held_moment(right, left)
            if made is not None:
                return left, made
        return self.as_double(self.as_number(left)), self.as_double(right)


def compared_type(operator: str, *args: Expression) -> SqlType:
    """The type of a comparison of `args`: what may be NULL before it is what a column holds of it
    counts, too."""
    return bool_type(operator != "<=>" and any(arg.type.nullable for arg in args))


def nearness(given: Sequence[Expression], pair: Sequence[Expression]) -> float:
    """How near two doubles must be to be equal, if both sides have a known number of decimals: half
    a unit behind the last of them. 0.0: it is their bits that count, as they do of what a column
    has rounded, which is looked for in an index."""
    if any(arg.type.cls is not Class.DOUBLE for arg in pair) or not is_near_number(*given):
        return 0.0
    types = [arg.type for arg in given]
    decimals = max(one.scale if one.cls is Class.DOUBLE else scale_of(one) for one in types)
    return 5 / 10.0 ** (decimals + 1)


def is_near_number(one: Expression, other: Expression) -> bool:
    """Whether two sides are compared as doubles of known decimals, if as doubles."""
    types = one.type, other.type
    if not any(arg.cls is Class.DOUBLE for arg in types) or not all(map(_has_decimals, types)):
        return False
    sides = one, other
    return not any(map(_is_rounded, sides)) or not all(
        _is_rounded(arg) or _is_exact(arg) for arg in sides
    )


def _has_decimals(kind: SqlType) -> bool:
    return kind.cls in (*NUMERIC, *TEMPORAL) and is_fixed(kind)


def _is_rounded(arg: Expression) -> bool:
    return isinstance(arg, ColumnRef) and arg.type.kind is TypeKind.DOUBLE


def _is_exact(arg: Expression) -> bool:
    return isinstance(arg, Literal) and arg.type.cls in (Class.INT, Class.DECIMAL)


def _is_held(column: Expression, constant: Expression) -> bool:
    """Whether a date is compared as what a TIME column would hold of it."""
    if isinstance(constant, Cast) and constant.mode == COMPARE:
        return False
    is_column = isinstance(column, ColumnRef) and column.type.cls is Class.TIME
    return is_column and is_constant(constant)


def _has_time(text: Expression) -> bool:
    return not isinstance(text, Literal) or len(str(text.value).strip()) > _DATE_DIGITS


def _allowed_in(column: ColumnRef) -> int:
    """What dates a column holds of numbers: no day of a TIMESTAMP is beyond its month's last."""
    flags = temporal_text.NO_ZERO_IN_DATE | temporal_text.NO_ZERO_DATE
    is_moment = column.type.kind is TypeKind.TIMESTAMP
    return flags if is_moment else flags | temporal_text.INVALID_DATES


_SECOND: Final = 10**9  #: nanoseconds; what is less is no fraction
_MICROS: Final = 10**6
_I63: Final = 1 << 63


def _doubts(literal: Literal, column: ColumnRef) -> str:
    """How MySQL tells of a number that is no date, or has a time that a DATE has not: the level of
    the warning, "" for none."""
    value: Any = literal.value
    if not value or isinstance(value, bytes):
        return ""
    nanos = int((value - int(value)) * _SECOND) if abs(value) < _I63 else 0
    micros = (nanos + 500) // 1000
    if value < 0:
        return "Warning"
    read = temporal_text.datetime_of_number(int(value), temporal_text.FUZZY)
    if read.value is None:
        wrong = (temporal_text.TRUNCATED, temporal_text.OUT_OF_RANGE)
        if read.warnings in wrong or column.type.kind is TypeKind.TIMESTAMP:
            return "Warning"
        invalid = temporal_text.FUZZY | temporal_text.INVALID_DATES
        read = temporal_text.datetime_of_number(int(value), invalid)
    moment = read.value
    least = 10 ** (6 - column.type.scale)  # of what the column holds, in microseconds
    if moment is None or (value < 1 and 2 * micros + least < 2 * _MICROS):  # rounds to no second
        return ""
    assert not isinstance(moment, timedelta)
    if not (moment.month and moment.day) or (read.kind == temporal_text.DATE and nanos):
        return "Warning"
    has_time = 2000 * micros >= _SECOND or bool(temporal.time_of(moment))
    return "Note" if has_time and column.type.cls is Class.DATE else ""


def _compared_with(param: Expression, beside: SqlType) -> Expression:
    """A `?` beside something of a type."""
    made = with_type(param, _param_target(beside))
    return replace(made, place=COMPARED) if isinstance(made, Param) else made


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
