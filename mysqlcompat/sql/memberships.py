"""IN and CASE … WHEN: one class for all that is compared, where MySQL has one."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.convert_compared import (
    LISTED,
    LISTED_OR_NULL,
    NO_TIME,
    NO_VALUE,
    SOUGHT,
    Listener,
    compared,
)
from mysqlcompat.convert_temporal import moment_of
from mysqlcompat.partial_dates import PartialDatetime
from mysqlcompat.sql.agreement import has_param
from mysqlcompat.sql.betweens import TEXTUAL, Betweens, said_beside
from mysqlcompat.sql.branches import SHIFTED, SILENT, branches_of, is_chosen, natural
from mysqlcompat.sql.describe import WITHOUT_SIGN, describe, function_name
from mysqlcompat.sql.held_constants import (
    ALL_DIGITS,
    DATED,
    as_compared,
    whole_number,
    wording,
)
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    TEMPORAL,
    Class,
    bool_type,
    date_type,
    datetime_type,
    int_type,
    null_type,
    string_type,
    time_type,
)
from mysqlcompat.temporal_text import FUZZY, INVALID_DATES

_INEXACT: Final = frozenset({Class.DOUBLE, Class.STRING, Class.NULL, *TEMPORAL})
_YEAR_DIGITS: Final = 4
_I63: Final = 1 << 63
_NO_CLOCKS: Final = frozenset({Class.STRING, *DATED})


class Memberships(Betweens):
    """The part of `Typing` for IN and CASE … WHEN."""

    def equal_case(self, subject: Expression, when: Expression) -> Expression:
        """``CASE subject WHEN when``: what is compared is of the subject's class. A text that is no
        date is none here, and no error; documents are their texts."""
        pair = self.alike(self._case_pair(subject, when))
        return self.call("=@when", bool_type(any(arg.type.nullable for arg in pair)), *pair)

    def alike(self, args: Sequence[Expression]) -> Sequence[Expression]:
        """Integers only some of which have a sign as their 64 bits: in CASE, FIELD and IN of what
        varies MySQL compares nothing else, so that -1 is the largest of all."""
        types = [arg.type for arg in args]
        is_mixed = any(one.unsigned and one.kind is TypeKind.BIGINT for one in types)
        is_mixed = is_mixed and not all(one.unsigned for one in types)
        is_mixed = is_mixed and not any(isinstance(one, Literal) and one.text for one in args)
        if not is_mixed or any(one.cls is not Class.INT for one in types):
            return args
        zero = Literal(int_type(1, nullable=False), 0, text=WITHOUT_SIGN)
        return [self.call("|", int_type(21, True, arg.type.nullable), arg, zero) for arg in args]

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
        if value.type.cls is Class.NULL and not isinstance(value, Literal):  # NULLIF: a text
            value = Cast(string_type(0, BINARY, coercibility=value.type.coercibility), value)
        if self._is_of_documents(value, items):
            sought = self.as_json(value)
            return self._equal_members(value, [(sought, self.as_json(item)) for item in items])
        if value.type.cls in TEMPORAL and all(map(self._is_no_moment, items)):
            nothing = Literal(value.type.or_null(), None)
            items = [replace(nothing, value=self.constant_value(item)) for item in items]
        is_listed = _is_listed(value, items)
        if is_listed:
            dates = {arg.type.cls for arg in (value, *items)} & TEMPORAL
            kept = bool(dates) and Class.DATETIME not in dates
            items = [item if kept and _is_chosen_text(item) else self.known(item) for item in items]
            if value.type.kind is TypeKind.YEAR and not all(map(_is_year, items)):
                value, *items = map(self.as_string, (value, *items))
        given = value
        value, items = self.some_gathered(value, items, " IN ")
        is_varying = not all(map(is_constant, items))
        if is_varying and value is not given and self.is_known(value):
            is_null = self.quiet_value(value) is None  # as which a constant text is brought
            value = Literal(null_type(), None) if is_null else value
        numbers = [item.type.cls in NUMERIC for item in items]
        if given.type.cls is Class.STRING and any(numbers) and not all(numbers):
            is_brought = isinstance(value, Literal)  # to a character set: a text and nothing else
            return self._apart(value if is_brought else given, value, items)
        value, *items = self._members(value, items)
        pairs = [self.comparable("in", value, item) for item in items]
        if not is_listed:
            pairs = [(one, other) for one, other in map(self.alike, pairs)]
        if value.type.cls in TEMPORAL and all(map(self._is_nothing, items)):
            return self._equal_nothing(pairs, is_listed)
        return self._equal_members(value, pairs)

    def _is_nothing(self, item: Expression) -> bool:
        return self.is_known(item) and self.quiet_value(item) is None

    def _equal_nothing(
        self, pairs: Sequence[tuple[Expression, Expression]], is_listed: bool
    ) -> Expression:
        """A date that is looked for among NULLs: in a list it is not looked at."""
        made = bool_type(True)
        if is_listed:
            return self.call("in", made, pairs[0][0], *(right for _, right in pairs))
        return self.call("or@in", made, *(self.call("=@in", made, *pair) for pair in pairs))

    @staticmethod
    def _is_of_documents(value: Expression, items: Sequence[Expression]) -> bool:
        """Whether all are compared as documents: if one is, among those up to the first item that
        varies, which is as far as MySQL looks."""
        varying = (at for at, item in enumerate(items, 1) if not is_constant(item))
        seen = items[: next(varying, len(items))]
        return any(arg.type.cls is Class.JSON for arg in (value, *seen))

    def _apart(
        self, given: Expression, value: Expression, items: Sequence[Expression]
    ) -> Expression:
        """A text among numbers and others: as a number among these, as a text among those."""
        is_brought = isinstance(given, Literal) and value.type.collation == BINARY
        given = value if is_brought else given
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
            made = bool_type(any(arg.type.nullable for arg in args))
            return self.call("in@date" if _is_sought(first) else "in", made, *args)
        is_constant_list = all(is_constant(item) for _, item in pairs)
        is_seen = value.type.cls is not Class.NULL or is_constant_list
        name = "=@in" if is_seen else "="  # beside NULL nothing is looked at but constants
        equal = [
            self.call(name, bool_type(one.type.nullable or other.type.nullable), one, other)
            for one, other in pairs
        ]
        return self.call("or@in", bool_type(any(one.type.nullable for one in equal)), *equal)

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

    def _is_no_moment(self, item: Expression) -> bool:
        """Whether it is a constant date or time that is NULL."""
        is_moment = item.type.cls in TEMPORAL and is_constant(item) and not has_param(item)
        return is_moment and self.quiet_value(item) is None

    def is_null(self, arg: Expression) -> Expression:
        return self.call("is null", bool_type(False), self.known(arg) if arg.type.nullable else arg)

    def known(self, item: Expression) -> Expression:
        """A constant as MySQL sees it while it prepares: in a list of constants, before IS NULL."""
        if not isinstance(item, Call | Cast) or not is_constant(item) or has_param(item):
            return item
        value = self.constant_value(natural(item))
        is_silent = function_name(item) in (*SILENT, *SHIFTED) and item.type.cls is Class.STRING
        is_taken = is_chosen(item) and item.type.cls is Class.DOUBLE and _is_beyond(value)
        return item if is_silent or is_taken else Literal(item.type, value, text=describe(item))

    def _members(self, value: Expression, items: Sequence[Expression]) -> Sequence[Expression]:
        args = [value, *items]
        classes = {arg.type.cls for arg in args} - {Class.NULL}
        constant = all(map(is_constant, items))
        if value.type.cls is Class.INT and constant and self._is_rounded(value, items):
            return self._numbers_of_texts(value, items)
        if not classes & TEMPORAL or value.type.cls not in TEXTUAL:
            return args
        numbers = {item.type.cls for item in items} - {Class.NULL}
        if value.type.cls in TEMPORAL and numbers <= NUMERIC and all(map(self.is_known, items)):
            return [value, *(self._date_of_number(item, value.type.cls) for item in items)]
        lead = value if classes & NUMERIC else _leading(args)
        if lead.type.cls is Class.TIME and (classes & NUMERIC or not constant):
            return [self.clock(arg) if arg.type.cls in _NO_CLOCKS else arg for arg in args]
        if Class.STRING not in classes:
            return args
        if classes & NUMERIC or not constant:
            return [
                self._member(arg, lead, False) if arg.type.cls is Class.STRING else arg
                for arg in args
            ]
        return self._among_dates(value, items, classes & TEMPORAL)

    def _date_of_number(self, item: Expression, kind: Class) -> Expression:
        """A constant number in which a date or time is looked for: zero if it is none."""
        item = self.as_number(item)
        number, source = self.constant_value(item), item.type
        if number is None:
            return item
        if source.kind is TypeKind.YEAR:
            source = int_type(4)
        made: Any = PartialDatetime(0, 0, 0)
        target = {Class.DATE: date_type(), Class.TIME: time_type(6)}.get(kind, datetime_type(6))
        if kind is Class.TIME:
            made = compared(self.context, number, source, target, "", "")
        else:
            wanted = "date" if kind is Class.DATE else "datetime"
            day = moment_of(self.context, number, source, wanted, "", FUZZY | INVALID_DATES)
            made = made if day is None else day
            made = made.date() if kind is Class.DATE else made
        return Literal(target.or_null(item.type.nullable), made, text=describe(item))

    def _among_dates(
        self, value: Expression, items: Sequence[Expression], kinds: Set[Class]
    ) -> Sequence[Expression]:
        """Texts among constant dates: as DATE or TIME where there is nothing else."""
        args = [value, *items]
        dates = [arg for arg in args if arg.type.cls in TEMPORAL]
        like = next((arg for arg in dates if isinstance(arg, ColumnRef)), dates[0])
        like = next((arg for arg in dates if arg.type.cls is Class.DATETIME), like)
        if len(kinds) > 1 and like.type.cls is not Class.DATETIME:
            like = Literal(datetime_type(6), None)
        name = _name(value).replace("{", "{{").replace("}", "}}")
        if like.type.cls in (Class.DATE, Class.TIME):
            value = self._sought(value, like)
        elif value.type.cls is Class.DATE:  # as what texts are said to be none
            moment, said = datetime_type(6), wording(value)
            return [
                as_compared(arg, moment, said) if arg.type.cls is Class.STRING else arg
                for arg in (value, *items)
            ]
        return [
            self._member(arg, like, True, name) if arg.type.cls is Class.STRING else arg
            for arg in (value, *items)
        ]

    def _sought(self, value: Expression, like: Expression) -> Expression:
        """A text looked for among constant dates or times: what is none is not found."""
        if value.type.cls is not Class.STRING:
            return value
        target = date_type() if like.type.cls is Class.DATE else time_type(6)
        said = wording(like, plain=True)
        otherwise = SOUGHT if target.cls is Class.DATE else NO_VALUE
        if not is_chosen(value):
            return as_compared(value, target, said, otherwise)

        def read(inner: Expression) -> Expression:
            is_text = inner.type.cls is Class.STRING
            return as_compared(inner, target, said if is_text else "", otherwise)

        made = target.or_null(value.type.nullable)
        return self.own_branches(value, made, read) or read(value)

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
                otherwise = NO_VALUE if constant and _may_be_null(text) else otherwise
                return as_compared(text, time_type(6), wording(like, plain=True), otherwise)
            case Class.DATE if constant:
                otherwise = LISTED_OR_NULL if _may_be_null(text) else LISTED

                def read(inner: Expression) -> Expression:
                    said = wording(like, plain=True) if inner.type.cls is Class.STRING else ""
                    return as_compared(inner, date_type(), said, otherwise)

                return self.own_branches(text, date_type(), read) or read(text)
        said = wording(like)
        if not isinstance(like, ColumnRef) and name:
            said = f"Incorrect datetime value: '{{}}' for column '{name}' at row 1"
        return as_compared(text, datetime_type(6), said)


def _is_chosen_text(arg: Expression) -> bool:
    return is_chosen(arg) and arg.type.cls is Class.STRING


def _may_be_null(text: Expression) -> bool:
    """Whether a text was chosen, which is NULL where it is no date or time, if it may be that."""
    return _is_chosen_text(text) and text.type.nullable


def _is_beyond(value: float | None) -> bool:
    """Whether a DOUBLE is no BIGINT: then it matters what computed it."""
    return value is not None and not -_I63 <= value < _I63


def _is_sought(value: Expression) -> bool:
    """Whether a text is looked for among dates or times that is not found if it is none, while what
    was chosen and may be NULL is NULL then."""
    if isinstance(value, Cast) and value.into in (SOUGHT, NO_VALUE):
        return not _may_be_null(value.arg)
    if not isinstance(value, Call) or not is_chosen(value) or value.type.nullable:
        return False
    return any(_is_sought(value.args[number]) for number in branches_of(value))


def _is_listed(value: Expression, items: Sequence[Expression]) -> bool:
    """Whether MySQL looks at all items while it prepares: constants that compare in one class."""
    classes = {_class_beside(value, item) for item in items if item.type.cls is not Class.NULL}
    return len(classes) < 2 and all(map(is_constant, items))


def _is_year(item: Expression) -> bool:
    """Whether it is an integer or NULL, or its text is that of a year: a YEAR is compared with
    other constants as a text."""
    if item.type.cls in (Class.INT, Class.DECIMAL, Class.NULL):
        return True
    text = item.value if isinstance(item, Literal) else None
    return isinstance(text, str) and len(text) == _YEAR_DIGITS and text.isdecimal()


def _class_beside(value: Expression, item: Expression) -> Class:
    """The class in which two are compared: dates are strings."""
    one, other = (
        arg.type.cls if arg.type.cls in NUMERIC else Class.STRING for arg in (value, item)
    )
    if one is other:
        return one
    return Class.DECIMAL if {one, other} <= {Class.INT, Class.DECIMAL} else Class.DOUBLE


def _leading(args: Sequence[Expression]) -> Expression:
    """The date or time that says as what all of `args` are compared: the first moment, the last of
    dates and times if there is none, the first of nothing but dates. Behind dates and times only a
    TIMESTAMP counts as a moment."""
    lead, kinds = args[0], set[Class]()
    for arg in args:
        kind = arg.type.cls
        if kind not in TEMPORAL:
            continue
        if kind is not Class.DATETIME:
            lead = lead if kinds == {kind} else arg
            kinds.add(kind)
        elif len(kinds) < 2 or arg.type.kind is TypeKind.TIMESTAMP:
            return arg
    return lead


def _name(arg: Expression) -> str:
    """What MySQL calls a value that is looked for among dates."""
    if isinstance(arg, ColumnRef):
        return arg.name
    return str(arg.value) if isinstance(arg, Literal) and isinstance(arg.value, str) else ""


def _whole(arg: Expression) -> Expression:
    is_text = isinstance(arg, Literal) and isinstance(arg.value, str)
    return whole_number(arg, ALL_DIGITS) if isinstance(arg, Literal) and is_text else arg
