"""BETWEEN: one class for all that is compared, where MySQL has one.

Dates and texts are compared as dates, the value with each bound by itself: a text that is no date
is said to be none of the other side, twice if it is the value. What was stored in a column's place
(`held_constants`) makes integers of the others. All three are looked at, unless the value is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import text_for_number
from mysqlcompat.sql.common_types import common_decimal
from mysqlcompat.sql.comparisons import Comparisons, compared_type, is_near_number
from mysqlcompat.sql.held_constants import DATED, as_compared, pinned
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    NOT_FIXED,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    null_type,
    string_type,
)
from mysqlcompat.values import text_of

TEXTUAL: Final = frozenset({Class.STRING, *TEMPORAL})
_OF_NUMBERS: Final = ("latin1", "binary")  #: the character sets of dates, and of no text
_YEARS: Final = range(1901, 2156)


class Betweens(Comparisons):
    """The part of `Typing` for BETWEEN."""

    if TYPE_CHECKING:

        def all_gathered(
            self, args: Sequence[Expression], operator: str
        ) -> Sequence[Expression]: ...

        def is_one_text(self, value: Expression, low: Expression, high: Expression) -> bool: ...

        def some_gathered(
            self, value: Expression, items: Sequence[Expression], operator: str
        ) -> tuple[Expression, Sequence[Expression]]: ...

        def as_integer(self, arg: Expression) -> Expression: ...

        def quiet_value(self, arg: Expression) -> Any: ...

        def is_known(self, arg: Expression) -> bool: ...

    def between(
        self, value: Expression, low: Expression, high: Expression, is_negated: bool = False
    ) -> Expression:
        given = low, high
        value, low, high = self.all_gathered((value, low, high), "between")
        if not is_negated and self.is_one_text(value, *given):
            if value.type.cls is Class.TIME:
                for bound in (low, high):
                    self.beside("held", value, bound)  # which warns
            return self._equal(value, low)
        value, low, high = self._without_json(value, low, high)
        classes = {arg.type.cls for arg in (value, low, high)} - {Class.NULL}
        is_text = value.type.is_text and value.type.charset not in _OF_NUMBERS
        is_written = is_text and not is_negated and classes <= TEXTUAL
        if is_written and self.is_known(low) and self.is_known(high):
            low, high = self._written(low, value.type), self._written(high, value.type)
        if low == high and classes & TEMPORAL and isinstance(low, Literal):
            return self._equal(value, low)
        if not is_negated and (
            _are_one_near(value, low, high) or self._is_one_number(value, low, high)
        ):
            return self._equal(value, low)
        if isinstance(low, Literal) and isinstance(high, Literal) and low.value == high.value:
            given = (low, high)
        if classes & DATED and Class.STRING in classes and classes <= TEXTUAL:
            pairs = [self._dates(value, bound) for bound in (low, high)]
        else:
            value, low, high = self._alike((value, low, high))
            held = value.type.kind is not TypeKind.YEAR  # which has stored its bounds
            pairs = [self.comparable("between", value, bound, held) for bound in (low, high)]
        (one, low), (other, high) = pairs
        made = compared_type("between", *given, one, low, other, high)
        if one == other and low.type.cls is high.type.cls:
            return self.call("between", made, one, low, high)
        if isinstance(value, ColumnRef) and isinstance(low, Literal) and isinstance(high, Literal):
            return self.call("and", made, self._side(">=", one, low), self._side("<=", other, high))
        return self.call("between@each", made, one, low, other, high)

    def _side(self, operator: str, value: Expression, bound: Expression) -> Expression:
        return self.call(operator, compared_type(operator, value, bound), value, bound)

    def _is_one_number(self, value: Expression, low: Expression, high: Expression) -> bool:
        """Whether both bounds are one number beside a BIGINT or a date: MySQL compares with what
        the column holds of it then."""
        classes = {low.type.cls, high.type.cls}
        if not isinstance(value, ColumnRef) or not classes <= NUMERIC:
            return False
        is_alike = value.type.cls in DATED and len(classes) == 1
        if not is_alike and value.type.kind is not TypeKind.BIGINT:
            return False
        if not (self.is_known(low) and self.is_known(high)):
            return False
        return bool(self.quiet_value(low) == self.quiet_value(high))

    def _equal(self, value: Expression, bound: Expression) -> Expression:
        """Both bounds are one constant: it may be NULL if what is made of it may."""
        pair = self.comparable("=", value, bound)
        return self.compared("=", compared_type("=", *pair), (value, bound), pair)

    def _written(self, bound: Expression, like: SqlType) -> Expression:
        """A constant as its text, if it is a date or computed in another character set than that
        of the value, into which MySQL brings it."""
        is_brought = isinstance(bound, Call | Cast) and bound.type.charset != like.charset
        if bound.type.cls not in TEMPORAL and not (is_brought and bound.type.is_text):
            return bound
        moment = self.constant_value(bound)
        if moment is None:
            return Literal(null_type(), None)
        text = text_of(moment, bound.type)
        return Literal(string_type(len(text), self.context.collation, False), text)

    def _without_json(self, *args: Expression) -> Sequence[Expression]:
        """BETWEEN compares no documents as such, but their texts with strings and their numbers
        with numbers, as MySQL warns."""
        classes = {arg.type.cls for arg in args}
        if Class.JSON not in classes:
            return args
        text = "comparison of JSON in the BETWEEN operator"
        self.context.warn(1235, SqlError(1235, text).message)
        if Class.STRING in classes or classes == {Class.JSON}:
            return [self.as_string(arg) for arg in args]
        return [self.as_double(arg) for arg in args] if classes & NUMERIC else args

    def _dates(self, value: Expression, bound: Expression) -> tuple[Expression, Expression]:
        """Value and bound as dates; each text is what is wrong with the other side."""
        made = value
        if value.type.cls is Class.STRING:
            made = as_compared(value, datetime_type(6), said_beside(bound))
        if bound.type.cls is Class.STRING:
            bound = self._dated(bound, value)
            is_alike = made.type.cls is bound.type.cls
            return (made if is_alike else self.as_moment(made)), bound
        return self.comparable("between", made, bound)

    def _dated(self, text: Expression, like: Expression) -> Expression:
        """A text among the dates of BETWEEN: the date zero if it is none."""
        short = isinstance(text, Literal) and len(str(text.value).strip()) <= 10
        is_date = like.type.cls is Class.DATE and short
        if like.type.cls is Class.DATE:
            text = pinned(text)  # whether it has a time decides the comparison
        target = date_type() if is_date else datetime_type(6)
        return as_compared(text, target, said_beside(like))

    def _alike(self, args: Sequence[Expression]) -> Sequence[Expression]:
        """What BETWEEN compares, in one class if none of it is JSON or `?`."""
        value, *bounds = args
        classes = {arg.type.cls for arg in args} - {Class.NULL}
        if isinstance(value, ColumnRef) and value.type.kind is TypeKind.BIGINT and classes & DATED:
            for bound in filter(is_constant, bounds):
                self.beside("held", value, bound)  # which warns
        is_year = value.type.kind is TypeKind.YEAR
        if isinstance(value, ColumnRef) and (is_year or not classes & DATED):
            held = self._held(value, *bounds)
            if held is not None:
                return held
        if classes == {Class.STRING, Class.TIME}:
            texts = [self.as_string(arg) for arg in args]
            collation = self.collation([text.type for text in texts], "between")
            return [self.with_collation(text, collation) for text in texts]
        if len(classes) == 1 or classes <= TEMPORAL or Class.JSON in classes:
            return args
        is_dated = isinstance(value, ColumnRef) and value.type.cls in DATED
        if classes & TEMPORAL and not is_dated:
            return [self.as_double(arg) for arg in args]
        if classes & TEMPORAL:
            return args
        args = [self.as_number(arg) for arg in args]
        classes = {arg.type.cls for arg in args} - {Class.NULL}
        if Class.DOUBLE in classes:
            return [self.as_double(arg) for arg in args]
        if Class.DECIMAL in classes:
            target = common_decimal([arg.type for arg in args if arg.type.cls is not Class.NULL])
            return [self.cast(arg, target) for arg in args]
        return args

    def _held(self, value: ColumnRef, *bounds: Expression) -> Sequence[Expression] | None:
        """All three, if constants have become what the column holds."""
        is_whole = value.type.cls is Class.INT and value.type.kind is not TypeKind.YEAR
        if value.type.cls not in (Class.INT, Class.TIME):
            return None
        made = [
            self.beside("held", value, bound) if is_constant(bound) else bound for bound in bounds
        ]
        known = [
            is_constant(bound)
            and arg.type.cls is value.type.cls
            and bound.type.cls is not Class.TIME
            and (value.type.kind is not TypeKind.YEAR or _is_in_range(arg))
            for arg, bound in zip(made, bounds, strict=True)
        ]
        fits = all(arg.type.cls in (value.type.cls, Class.NULL) for arg in made)
        if fits or (is_whole and all(known)):
            return [value, *made]
        if is_whole or not any(known):
            return None
        return [self.as_integer(arg) for arg in (value, *made)]


def _are_one_near(value: Expression, low: Expression, high: Expression) -> bool:
    """Whether both bounds are one number beside a DOUBLE that may be near it."""
    if not (isinstance(low, Literal) and isinstance(high, Literal)):
        return False
    return (low.type, low.value) == (high.type, high.value) and is_near_number(value, low)


def _is_in_range(year: Expression) -> bool:
    """Whether a number has become a YEAR."""
    return isinstance(year, Literal) and year.value in (0, *_YEARS)


def said_beside(like: Expression) -> str:
    """How MySQL warns of what is no date beside `like`, which may be a text itself."""
    kind = "date" if like.type.cls is Class.DATE else "datetime"
    if isinstance(like, ColumnRef):
        return f"Incorrect {kind} value: '{{}}' for column '{like.name}' at row 1"
    value = like.value if isinstance(like, Literal) else None
    is_text = isinstance(value, str) or like.type.scale == NOT_FIXED  # neither x'41' nor b'101'
    if isinstance(value, str | bytes) and is_text:
        name = text_for_number(value)
        return f"Incorrect {kind} value: '{{}}' for column '{name}' at row 1"
    if isinstance(like, Literal) and like.value is None:
        return f"Incorrect {kind} value: '{{}}' for column 'NULL' at row 1"
    return f"Truncated incorrect {kind} value: '{{}}'"
