"""IN and CASE … WHEN: one class for all that is compared, where MySQL has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.convert_compared import NO_TIME, NO_VALUE, Listener
from mysqlcompat.sql.agreement import has_param
from mysqlcompat.sql.betweens import TEXTUAL, Betweens, said_beside
from mysqlcompat.sql.describe import describe
from mysqlcompat.sql.held_constants import DATED, as_compared, whole_number, wording
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    NUMERIC,
    TEMPORAL,
    Class,
    bool_type,
    date_type,
    datetime_type,
    time_type,
)

_INEXACT: Final = frozenset({Class.DOUBLE, Class.STRING, Class.NULL})


class Memberships(Betweens):
    """The part of `Typing` for IN and CASE … WHEN."""

    def equal_case(self, subject: Expression, when: Expression) -> Expression:
        """``CASE subject WHEN when``: what is compared is of the subject's class. A text that is no
        date is none here, and no error; documents are their texts."""
        pair = self._case_pair(subject, when)
        return self.call("=@when", bool_type(any(arg.type.nullable for arg in pair)), *pair)

    def _case_pair(self, subject: Expression, when: Expression) -> tuple[Expression, Expression]:
        one, other = subject.type.cls, when.type.cls
        is_text = one is Class.STRING and other in TEMPORAL
        if is_text or {one, other} == {Class.JSON, Class.STRING}:
            subject, when = self.as_string(subject), self.as_string(when)
        elif one in DATED and other in (Class.STRING, Class.JSON):
            when = as_compared(self.as_string(when), datetime_type(6), said_beside(subject))
            return self.as_moment(subject), when
        elif one is Class.TIME and other in (Class.STRING, Class.DATE):
            when = self.clock(when, NO_VALUE)
        elif one is Class.TIME and other is Class.DATETIME:
            when = self.cast(when, time_type(6))
        return self.comparable("case", subject, when)

    def clock(self, arg: Expression, otherwise: str = NO_TIME) -> Expression:
        """A text or a date where a TIME is looked for: unequal, with a warning, if it is none."""
        said = "Truncated incorrect time value: '{}'"
        return as_compared(self.as_string(arg), time_type(6), said, otherwise)

    def membership(self, value: Expression, items: Sequence[Expression]) -> Expression:
        if len(items) == 1:
            return self.comparison("=", value, items[0])
        if all(map(is_constant, items)):
            items = [self.known(item) for item in items]
        given, numbers = value, [item.type.cls in NUMERIC for item in items]
        if not any(arg.type.cls is Class.JSON for arg in (value, *items)):
            value, items = self.some_gathered(value, items, " IN ")
            if given.type.cls is Class.STRING and any(numbers) and not all(numbers):
                return self._apart(given, value, items)
        clocks = all(item.type.cls not in (Class.DATETIME, Class.NULL) for item in items)
        clocks = clocks and (any(numbers) or _last_date(value, items).type.cls is Class.TIME)
        if (
            value.type.cls is Class.TIME
            and clocks
            and not all(is_constant(item) and item.type.cls in TEMPORAL for item in items)
        ):
            items = [self.clock(item) if item.type.cls is Class.DATE else item for item in items]
        value, *items = self._members(value, items)
        return self._equal_members(value, [self.comparable("in", value, item) for item in items])

    def _apart(
        self, given: Expression, value: Expression, items: Sequence[Expression]
    ) -> Expression:
        """A text among numbers and others: as a number among these, as a text among those."""
        pairs = [
            self.comparable("in", given, item)
            if item.type.cls in NUMERIC
            else self.comparable("in", value, self.as_string(item))
            for item in items
        ]
        return self._equal_members(given, pairs)

    def _equal_members(
        self, value: Expression, pairs: Sequence[tuple[Expression, Expression]]
    ) -> Expression:
        first = pairs[0][0]
        if all(left == first and right.type.cls is first.type.cls for left, right in pairs):
            args = (first, *(right for _, right in pairs))
            if all(map(is_constant, args[1:])):
                args = (first, *map(self._seen, args[1:]))
            is_read = isinstance(first, Cast) and first.into == NO_VALUE
            made = bool_type(any(arg.type.nullable for arg in args))
            return self.call("in@date" if is_read else "in", made, *args)
        is_constant_list = all(is_constant(item) for _, item in pairs)
        is_seen = value.type.cls is not Class.NULL or is_constant_list
        name = "=@in" if is_seen else "="  # beside NULL nothing is looked at but constants
        equal = [
            self.call(name, bool_type(one.type.nullable or other.type.nullable), one, other)
            for one, other in pairs
        ]
        return self.call("or", bool_type(any(one.type.nullable for one in equal)), *equal)

    def _seen(self, arg: Expression) -> Expression:
        """One of a list of constants of one class, which MySQL reads while it prepares. It stays
        what it is if there is nothing to be said of it."""
        from mysqlcompat.sql.evaluate import Evaluator

        if not isinstance(arg, Cast) or has_param(arg):
            return arg
        quiet: Any = Listener(self.context)
        Evaluator(quiet).value(arg)
        if not quiet.was_warned:
            return arg
        return Literal(arg.type, self.constant_value(arg), text=describe(arg))

    def is_null(self, arg: Expression) -> Expression:
        return self.call("is null", bool_type(False), self.known(arg) if arg.type.nullable else arg)

    def known(self, item: Expression) -> Expression:
        """A constant as MySQL sees it while it prepares: in a list of constants, before IS NULL."""
        if not isinstance(item, Call | Cast) or not is_constant(item) or has_param(item):
            return item
        return Literal(item.type, self.constant_value(item), text=describe(item))

    def _members(self, value: Expression, items: Sequence[Expression]) -> Sequence[Expression]:
        args = [value, *items]
        classes = {arg.type.cls for arg in args} - {Class.NULL}
        constant = all(map(is_constant, items))
        if value.type.cls is Class.INT and constant and self._is_rounded(value, items):
            return self._numbers_of_texts(value, items)
        is_clock = classes <= {Class.DATE, Class.TIME, Class.STRING} and Class.DATE in classes
        is_clock = is_clock and value.type.cls is not Class.NULL
        if is_clock and not constant and _last_date(value, items).type.cls is Class.TIME:
            return [arg if arg.type.cls is Class.TIME else self.clock(arg) for arg in args]
        if not classes & TEMPORAL or Class.STRING not in classes or value.type.cls not in TEXTUAL:
            return args
        dates = [arg for arg in args if arg.type.cls in TEMPORAL]
        constant = constant and not classes & NUMERIC
        like = next((arg for arg in dates if isinstance(arg, ColumnRef)), dates[0])
        like = next((arg for arg in dates if arg.type.cls is Class.DATETIME), like)
        if {arg.type.cls for arg in dates} == {Class.DATE, Class.TIME} and not constant:
            like = dates[-1]
        name = _name(value).replace("{", "{{").replace("}", "}}") if constant else ""
        if like.type.cls in (Class.DATE, Class.TIME) and constant:
            value = self._sought(value, like)
        return [
            self._member(arg, like, constant, name) if arg.type.cls is Class.STRING else arg
            for arg in (value, *items)
        ]

    def _sought(self, value: Expression, like: Expression) -> Expression:
        """A text looked for among constant dates or times: what is none is not found."""
        if value.type.cls is not Class.STRING:
            return value
        target = date_type() if like.type.cls is Class.DATE else time_type(6)
        return as_compared(value, target, wording(like, plain=True), NO_VALUE)

    @staticmethod
    def _is_rounded(value: Expression, items: Sequence[Expression]) -> bool:
        """Whether an integer is looked for in integers that constants are taken for: texts, and
        doubles where it was computed."""
        if all(item.type.cls in (Class.STRING, Class.NULL) for item in items):
            return True
        is_computed = not isinstance(value, ColumnRef) and value.type.kind is not TypeKind.YEAR
        is_doubtful = all(item.type.cls in _INEXACT for item in items)
        return is_computed and is_doubtful

    def _numbers_of_texts(
        self, value: Expression, items: Sequence[Expression]
    ) -> Sequence[Expression]:
        """Constant texts and doubles in which an integer is looked for."""
        if not isinstance(value, ColumnRef):
            return [value, *map(self.as_integer, items)]
        made = [_whole(item) for item in items]
        if all(item.type.cls is Class.INT for item in made):
            return [value, *made]
        return [self.as_double(arg) for arg in (value, *items)]

    def _member(
        self, text: Expression, like: Expression, constant: bool, name: str = ""
    ) -> Expression:
        """A text among the dates of IN: the date zero if it is none."""
        match like.type.cls:
            case Class.TIME:
                otherwise = "" if constant else NO_TIME
                return as_compared(text, time_type(6), wording(like, plain=True), otherwise)
            case Class.DATE if constant:
                short = date_type() if is_constant(text) else datetime_type(6)
                return as_compared(text, short, wording(like, plain=True))
        said = wording(like)
        if not isinstance(like, ColumnRef) and name:
            said = f"Incorrect datetime value: '{{}}' for column '{name}' at row 1"
        return as_compared(text, datetime_type(6), said)


def _last_date(value: Expression, items: Sequence[Expression]) -> Expression:
    return next((arg for arg in reversed(items) if arg.type.cls in TEMPORAL), value)


def told_of_date(equal: Call, date: Expression, text: Expression) -> Call:
    """``date = text`` of NULLIF and CASE: that a text which varies is no date is said of the
    date."""
    made = equal.args[1]
    if date.type.cls not in DATED or text.type.cls is not Class.STRING or is_constant(text):
        return equal
    if not isinstance(made, Cast):
        return equal
    kind = "date" if date.type.cls is Class.DATE else "datetime"
    name = date.name if isinstance(date, ColumnRef) else describe(date).lower()
    said = f"Incorrect {kind} value: '{{}}' for column '{name}' at row 1"
    return replace(equal, args=(equal.args[0], replace(made, wording=said)))


def _name(arg: Expression) -> str:
    """What MySQL calls a value that is looked for among dates."""
    if isinstance(arg, ColumnRef):
        return arg.name
    return str(arg.value) if isinstance(arg, Literal) and isinstance(arg.value, str) else ""


def _whole(arg: Expression) -> Expression:
    return whole_number(arg) if isinstance(arg, Literal) and isinstance(arg.value, str) else arg
