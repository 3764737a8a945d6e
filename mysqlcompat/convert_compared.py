"""What a comparison makes of a value beside a date: zero where it is none (`typed.COMPARE`)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat.convert import convert
from mysqlcompat.convert_temporal import moment_of
from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import shown, shown_in_error
from mysqlcompat.partial_dates import AnyDate, PartialDate, PartialDatetime
from mysqlcompat.sqltypes import TEMPORAL, Class, SqlType
from mysqlcompat.temporal_text import date_flags
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
#: A text looked for among constant dates, which may lack a month and a day: NULL if it is none, or
#: what no date is equal to; and one of those it is looked for in: none if it has a time.
SOUGHT, SOUGHT_FIRM, LISTED = "SOUGHT", "SOUGHT FIRM", "LISTED"
_AMONG_DATES: Final = (SOUGHT, SOUGHT_FIRM, LISTED)
_NO_DATE_VALUE: Final = PartialDate(9999, 15, 31)
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
               no other time is equal to it; SOUGHT, SOUGHT_FIRM, LISTED
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
    if type_name in _AMONG_DATES and isinstance(value, str | bytes):
        return _among_dates(context, value, source, type_name, wording)
    if not wording:
        made = convert(context, value, source, target, False, name)
    else:
        listener: Any = Listener(context)
        made = convert(listener, value, source, target, False)
        if made is None and type_name not in ("", NO_VALUE, NO_TIME, *_AMONG_DATES):
            is_text = isinstance(value, str | bytes)
            text = shown_in_error(value) if is_text else text_of(value, source)
            raise SqlError(1525, type_name, text)
        if listener.was_warned or made is None:
            _say(context, value, source, wording)
    if made is None and type_name in (NO_TIME, SOUGHT_FIRM):
        return _NO_TIME_VALUE if type_name == NO_TIME else _NO_DATE_VALUE
    if made is None and type_name not in (NO_VALUE, SOUGHT):
        return _ZERO[target.cls]
    return made


def _among_dates(
    context: Context, text: str | bytes, source: SqlType, place: str, wording: str
) -> AnyDate | None:
    listener: Any = Listener(context)
    flags = date_flags(context.sql_mode - {"NO_ZERO_IN_DATE"})
    moment = moment_of(listener, text, source, "date", "", flags)
    if place == LISTED and moment is not None and temporal.time_of(moment):
        moment = None
    if listener.was_warned or moment is None:
        _say(context, text, source, wording)
    if moment is not None:
        return moment.date()
    if place == LISTED:
        return PartialDate(0, 0, 0)
    return None if place == SOUGHT else _NO_DATE_VALUE


def _say(context: Context, value: Any, source: SqlType, wording: str) -> None:
    context.warn(1292, wording.replace("{}", _shown(value, source), 1))


def _shown(value: Any, source: SqlType) -> str:
    return shown(value) if isinstance(value, str | bytes) else text_of(value, source)
