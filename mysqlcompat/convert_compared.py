"""What a comparison makes of a value beside a date: zero where it is none (`typed.COMPARE`)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat.character_sets import UTF8, encoded
from mysqlcompat.convert import convert
from mysqlcompat.convert_temporal import moment_of
from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import shown, shown_in_error
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sqltypes import TEMPORAL, Class, SqlType, datetime_type
from mysqlcompat.temporal_text import FUZZY, INVALID_DATES
from mysqlcompat.values import text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_ZERO: Final = {
    Class.DATE: PartialDate(0, 0, 0),
    Class.DATETIME: PartialDatetime(0, 0, 0),
    Class.TIME: timedelta(0),
}


NO_VALUE: Final = "NULL"
NO_TIME: Final = "NO TIME"
SOUGHT: Final = "SOUGHT"
LISTED: Final = "LISTED"
LISTED_OR_NULL: Final = "LISTED OR NULL"
_ARE_ZERO: Final = ("", LISTED)
_ARE_NULL: Final = (NO_VALUE, SOUGHT, LISTED_OR_NULL)
_NO_TIME_VALUE: Final = timedelta(microseconds=-1)  #: MySQL's sign of an error, taken for a time


class Listener:
    """A context that keeps quiet about warnings, but knows whether there were some."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.was_warned = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        self.was_warned = True


class Storing(Listener):
    """A context in which a constant is stored in a column that it is compared with."""

    @property
    def sql_mode(self) -> frozenset[str]:
        return (self.context.sql_mode | {"ALLOW_INVALID_DATES"}) - {"NO_ZERO_DATE"}

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        self.context.warn(errno, message, level)


def compared(
    context: Context,
    value: Any,
    source: SqlType,
    target: SqlType,
    type_name: str,
    wording: str,
    name: str = "",
) -> Any:
    """`value` as a value of type `target`.

    type_name  ERROR 1525 for what is no such type; "": it is zero; NO_VALUE: it is NULL; NO_TIME:
               no other time is equal to it; SOUGHT: a text that is looked for among dates, NULL if
               it is none; LISTED, LISTED_OR_NULL: one of those, zero or NULL if it is none or has
               a time; month and day of these three may be zero
    wording    the warning, ``{}`` where the value is; "": the conversion's own
    name       what that calls the value
    """
    if value is None:
        return None
    if target.cls not in TEMPORAL:  # a constant that its column cannot hold
        _say(context, value, source, wording)
        return convert(context, value, source, target, False)
    if source.kind is TypeKind.YEAR:
        return PartialDatetime(value, 0, 0)
    is_number = isinstance(value, int | float | Decimal) and source.kind is not TypeKind.BIT
    is_dated = target.cls is Class.DATE and type_name in (SOUGHT, LISTED, LISTED_OR_NULL)
    if not wording and is_number and is_dated:
        moment = moment_of(context, value, source, "date", name, FUZZY | INVALID_DATES)
        made = None if moment is None else moment.date()
    elif not wording:
        made = convert(context, value, source, target, False, name)
    else:
        listener: Any = Listener(context)
        made = _read(listener, value, source, target, type_name)
        if made is None and type_name not in (*_ARE_ZERO, *_ARE_NULL, NO_TIME):
            is_text = isinstance(value, str | bytes)
            if isinstance(value, str) and source.charset not in UTF8:
                value = encoded(value, source.collation)
            text = shown_in_error(value) if is_text else text_of(value, source)
            raise _refused(context, SqlError(1525, type_name, text), value, source, wording)
        is_unsaid = made is None and target.cls is not Class.TIME
        if listener.was_warned or is_unsaid:
            _say(context, value, source, wording)
    if made is None and type_name == NO_TIME:
        return _NO_TIME_VALUE
    if made is None and type_name not in _ARE_NULL:
        return _ZERO[target.cls]
    return made


class _Fuzzy(Listener):
    """A quiet context in which month and day of a date may be zero."""

    @property
    def sql_mode(self) -> frozenset[str]:
        return self.context.sql_mode - {"NO_ZERO_IN_DATE"}


def _read(context: Listener, value: Any, source: SqlType, target: SqlType, type_name: str) -> Any:
    """`value` as a `target`, None if it is none."""
    if type_name not in (SOUGHT, LISTED, LISTED_OR_NULL):
        return convert(cast("Context", context), value, source, target, False)
    fuzzy: Any = _Fuzzy(context.context)
    moment = convert(fuzzy, value, source, datetime_type(6), False)
    context.was_warned = fuzzy.was_warned
    is_listed = type_name != SOUGHT and isinstance(value, str | bytes)
    if moment is None or (is_listed and temporal.time_of(moment)):
        return None
    return moment.date()


def _say(context: Context, value: Any, source: SqlType, wording: str) -> None:
    context.warn(1292, wording.replace("{}", _shown(value, source), 1))


def _refused(
    context: Context, error: SqlError, value: Any, source: SqlType, wording: str
) -> SqlError:
    """The error, listed behind the conversion's warning; where that is an error, this is it."""
    said = SqlError.with_text(1292, wording.replace("{}", _shown(value, source), 1))
    if context.strict:
        return said.followed_by(error)
    error.listed = (said.condition("Warning"), error.condition())
    return error


def _shown(value: Any, source: SqlType) -> str:
    return shown(value) if isinstance(value, str | bytes) else text_of(value, source)
