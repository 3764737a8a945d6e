"""GREATEST and LEAST.

Among texts and numbers a date makes all of them dates, in one of two ways: beside a DATETIME what
is no date counts as zero, and where zero wins the texts are compared instead; beside a DATE what is
no date is greater than all dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat.character_sets import characters_of
from mysqlcompat.convert import DOUBLE_CHARACTERS, convert, opaque_code
from mysqlcompat.convert_compared import Listener
from mysqlcompat.convert_temporal import date_of_span, moment_of
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import build_as, implement
from mysqlcompat.functions.moments import own_type
from mysqlcompat.functions.operators import order
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json, Opaque
from mysqlcompat.message_text import shown, text_for_number
from mysqlcompat.numerals import round_decimal
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sql.branches import SHIFTED, SILENT, is_chosen, natural
from mysqlcompat.sql.describe import describe, function_name, origin_name
from mysqlcompat.sql.infer import Typing, is_number_literal, nullable_of
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    double_type,
    string_type,
)
from mysqlcompat.temporal_text import (
    FUZZY,
    INVALID_DATES,
    NO_ZERO_DATE,
    date_flags,
    read_datetime,
    read_time,
)
from mysqlcompat.values import text_of

_MICROSECONDS: Final = 6  #: fractional digits a text or a double may have
_I63: Final = 1 << 63
_NO_DATE: Final = PartialDate(16383, 15, 31)  #: as MySQL shows what it takes for no date
_ZERO: Final = PartialDatetime(0, 0, 0)
_WRITTEN: Final = "written number"
_QUIET: Final = "quiet text"


@build_as("greatest", 2, 999)
def build_greatest(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build("greatest", typing, args)


@build_as("least", 2, 999)
def build_least(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build("least", typing, args)


def json_text(nullable: bool, collation: str) -> SqlType:
    """JSON taken for a string that MySQL calls VARCHAR, however long."""
    short = string_type(1, collation, nullable, coercibility=2)
    return replace(short, length=(1 << 30) - 1)


def _build(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    made, given = typing.common_type(args, nullable_of(args), name), args
    classes = {arg.type.cls for arg in args}
    if made.cls is Class.STRING and not classes.isdisjoint(TEMPORAL):
        is_moment = Class.DATETIME in classes
        args = [
            _read_once(typing, arg)
            if is_moment or _is_brought(arg, made) or not (_is_moved(arg) or is_chosen(arg))
            else arg
            for arg in args
        ]
        _check_characters(args, made)
        args = [
            replace(arg, text="") if isinstance(arg, Literal) and _is_brought(arg, made) else arg
            for arg in args
        ]
    if Class.JSON in classes:
        feature = "comparison of JSON in the LEAST and GREATEST operators"
        typing.context.warn(1235, SqlError(1235, feature).message)
        if made.cls is Class.JSON:
            made = json_text(made.nullable, "utf8mb4_bin")
    elif made.cls is Class.STRING and classes & TEMPORAL:
        length = _length([_text_seen(typing, arg) for arg in args])
        if length > made.length:
            kind = TypeKind.VARCHAR if made.kind is TypeKind.CHAR else made.kind
            made = replace(made, kind=kind, length=length)
    if made.cls is Class.STRING and Class.DATETIME in classes:
        read = (_by_branches(typing, natural(arg)) for arg in args)
        return typing.call(f"{name}@datetime", made, *read)
    if made.cls is Class.STRING and Class.DATE in classes:
        read = (_read_by_branches(typing, natural(arg)) for arg in args)
        return typing.call(f"{name}@date", made, *read)
    if made.cls is Class.STRING and Class.TIME in classes:
        args = [_still_silent(typing, *pair) for pair in zip(given, args, strict=True)]
    return typing.call(name, made, *(typing.to_result(arg, made) for arg in args))


def _read_once(typing: Typing, arg: Expression) -> Expression:
    """A constant text beside dates and times: what it is."""
    is_computed = isinstance(arg, Call | Cast) and arg.type.cls is Class.STRING
    value = typing.constant_value(arg) if is_computed else None
    if value is None or (function_name(arg) in SILENT and not _is_dated(value)):
        return arg
    return Literal(arg.type, value, text=describe(arg))


def _still_silent(typing: Typing, given: Expression, read: Expression) -> Expression:
    """What was `given` and `read` once: nothing is said of it as a number if nothing was before."""
    if read is given or function_name(given) not in SILENT:
        return read
    return typing.call(_QUIET, read.type, read)


def _is_dated(value: str | bytes) -> bool:
    text = text_for_number(value)
    return any(read.value is not None for read in (read_datetime(text, FUZZY), read_time(text)))


def _text_seen(typing: Typing, arg: Expression) -> Expression:
    """A constant text, which MySQL reads while it prepares to see how long it is as a time."""
    if arg.type.cls is not Class.STRING or isinstance(arg, Literal) or not typing.is_known(arg):
        return arg
    value = typing.quiet_value(arg)
    return arg if value is None else Literal(arg.type, value)


def _check_characters(args: Sequence[Expression], made: SqlType) -> None:
    """Raise 3854 for a literal text that has no place in the character set of the result."""
    for arg in args:
        if isinstance(arg, Literal) and isinstance(arg.value, str) and _is_brought(arg, made):
            characters_of(arg.value, arg.type.collation, made.collation)


def _is_brought(arg: Expression, made: SqlType) -> bool:
    """Whether a text is of another character set than the result."""
    return arg.type.is_text and made.is_text and arg.type.charset != made.charset


def _read_by_branches(typing: Typing, arg: Expression) -> Expression:
    """A text that IF, CASE or NULLIF chose is the date that its branch is."""
    is_mixed = arg.type.cls in (Class.DOUBLE, Class.DECIMAL) or arg.type.kind is TypeKind.YEAR
    is_number = is_mixed and is_chosen(arg)
    is_text = arg.type.cls is Class.STRING and (is_chosen(arg) or _is_moved(arg))
    if not is_number and not is_text:
        return arg
    made = date_type().or_null(arg.type.nullable)

    def read(inner: Expression) -> Expression:
        return typing.call("date@extreme", made, inner)

    whole = arg if is_number or _is_moved(arg) else read(arg)
    return typing.own_branches(arg, made, read) or whole


def _by_branches(typing: Typing, arg: Expression) -> Expression:
    """A DOUBLE that IF, CASE or NULLIF chose is the number that its branch is, as it is written."""
    if arg.type.cls is not Class.DOUBLE or not is_chosen(arg):
        return arg
    made = string_type(DOUBLE_CHARACTERS, typing.context.collation, arg.type.nullable)

    def written(inner: Expression) -> Expression:
        is_short = inner.type.kind is TypeKind.FLOAT
        inner = Cast(double_type(nullable=inner.type.nullable), inner) if is_short else inner
        return typing.cast(typing.as_string(inner), made)

    own = typing.own_branches(arg, made, written)
    return arg if own is None else typing.call(_WRITTEN, made, own)


@implement(f"{_QUIET},{_WRITTEN}")
def text_itself(context: Context, call: Call, text: str) -> str:
    return text


def _number_written(text: str) -> int | Decimal | float:
    if "e" in text:
        return float(text)
    return Decimal(text) if "." in text else int(text)


def _is_moved(arg: Expression) -> bool:
    """A text that is a moment or a time, moved: beside a DATE it is a date."""
    return isinstance(arg, Call) and arg.function.name in SHIFTED


def _length(args: Sequence[Expression]) -> int:
    """Characters of a time with the fractional digits any of the arguments may have, unless it is
    a date."""
    classes = {arg.type.cls for arg in args}
    width = 19 if Class.DATETIME in classes else 10
    fsp = shown_digits(args) if width > 10 or Class.DATE not in classes else 0
    return width + (fsp + 1 if fsp else 0)


def shown_digits(args: Sequence[Expression]) -> int:
    """Fractional digits of the greatest or least of moments and texts."""
    is_dated = any(arg.type.cls is Class.DATETIME for arg in args)
    return max(_places(arg, is_dated) for arg in args)


def _places(arg: Expression, is_dated: bool) -> int:
    """Fractional digits of an argument as a moment, or as a time of day."""
    if isinstance(arg, Literal) and isinstance(arg.value, str | bytes):
        text = text_for_number(arg.value)
        read = read_datetime(text, FUZZY | INVALID_DATES) if is_dated else read_time(text)
        is_known = read.value is not None or is_number_literal(arg)
        return read.digits if is_known else _MICROSECONDS
    match arg.type.cls:
        case Class.INT | Class.NULL | Class.DATE:
            return 0
        case Class.STRING | Class.JSON:
            return _MICROSECONDS
    return min(arg.type.scale, _MICROSECONDS)


def _best(values: Sequence[Any], collation: str, sign: int) -> int:
    """Which of `values` is the greatest, or with a negative sign the least."""
    best = 0
    for at in range(1, len(values)):
        ranked = order(values[at], values[best], collation) * sign
        if ranked > 0 or (ranked == 0 and sign > 0):  # of equal texts, 0 and -0 the last
            best = at
    return best


@implement("greatest")
def greatest(context: Context, call: Call, *values: Any) -> Any:
    return values[_best(values, call.type.collation, 1)]


@implement("least")
def least(context: Context, call: Call, *values: Any) -> Any:
    return values[_best(values, call.type.collation, -1)]


@implement("greatest@date", null_rejects=False)
def greatest_date(context: Context, call: Call, *values: Any) -> Any:
    return _extreme_date(context, call, values, 1)


@implement("least@date", null_rejects=False)
def least_date(context: Context, call: Call, *values: Any) -> Any:
    return _extreme_date(context, call, values, -1)


@implement("greatest@date number", null_rejects=False)
def greatest_date_number(context: Context, call: Call, *values: Any) -> int | Decimal | None:
    return _number(call, _best_date(context, call, values, 1))


@implement("least@date number", null_rejects=False)
def least_date_number(context: Context, call: Call, *values: Any) -> int | Decimal | None:
    return _number(call, _best_date(context, call, values, -1))


@implement("greatest@datetime number")
def greatest_datetime_number(context: Context, call: Call, *values: Any) -> int | Decimal | None:
    return _number(call, _best_moment(context, call, values, 1))


@implement("least@datetime number")
def least_datetime_number(context: Context, call: Call, *values: Any) -> int | Decimal | None:
    return _number(call, _best_moment(context, call, values, -1))


def _number(call: Call, moment: Any) -> int | Decimal | None:
    """YYYYMMDD or YYYYMMDDhhmmss, as an integer without its fraction."""
    if moment is None:
        return None
    if call.type.cls is Class.INT:
        return int(temporal.number_of(moment))
    return Decimal(temporal.number_of(moment, _MICROSECONDS))


def _extreme_date(context: Context, call: Call, values: Sequence[Any], sign: int) -> Any:
    chosen = _best_date(context, call, values, sign)
    return None if chosen is None else _in_type(call.type, temporal.date_text(chosen))


def _best_date(
    context: Context, call: Call, values: Sequence[Any], sign: int
) -> PartialDate | None:
    """None is NULL."""
    pairs = list(zip(values, call.args, strict=True))
    if any(value is None and arg.type.nullable for value, arg in pairs):
        return None
    dates: list[PartialDate] = []
    for value, arg in pairs:
        made = _date(context, value, arg)
        if made is None and _is_null(arg):
            return None
        dates.append(_NO_DATE if made is None else made)
    chosen: PartialDate = dates[_best(dates, BINARY, sign)]
    return chosen


def _date(context: Context, value: Any, arg: Expression) -> PartialDate | None:
    """The value of `arg` as a date, which may lack a month and a day, and be zero as a number.
    None, with a warning, if it is none."""
    if value is None:
        return None
    flags = FUZZY | INVALID_DATES
    if isinstance(value, str | bytes):
        flags = FUZZY | date_flags(context.sql_mode) & (NO_ZERO_DATE | INVALID_DATES)
    made: Any = (
        date_of_span(context, value)
        if isinstance(value, timedelta)
        else moment_of(context, value, own_type(arg), "date", origin_name(arg), flags)
    )
    if made is None:  # a DECIMAL that is no BIGINT is zero before it is no date
        is_zero = isinstance(value, Decimal) and not -_I63 <= value < _I63
        return PartialDate(0, 0, 0) if is_zero and not _is_null(arg) else None
    return PartialDate(made.year, made.month, made.day)


@implement("date@extreme")
def date_of_branch(context: Context, call: Call, value: Any) -> PartialDate | None:
    return _date(context, value, call.args[0])


def heed(context: Context, call: Call, values: Sequence[Any]) -> None:
    """Warn of the first of the values that are compared as dates: the next one is NULL."""
    like = next((arg for arg in call.args if arg.type.cls is Class.DATETIME), None)
    for value, arg in zip(values, call.args, strict=False):
        if like is not None:
            _moment(context, value, arg, like)
        else:
            _date(context, value, arg)


@implement("greatest@datetime")
def greatest_datetime(context: Context, call: Call, *values: Any) -> Any:
    return _extreme_datetime(context, call, values, 1)


@implement("least@datetime")
def least_datetime(context: Context, call: Call, *values: Any) -> Any:
    return _extreme_datetime(context, call, values, -1)


def _best_moment(context: Context, call: Call, values: Sequence[Any], sign: int) -> Any:
    like = next(arg for arg in call.args if arg.type.cls is Class.DATETIME)
    moments = []
    for value, arg in zip(values, call.args, strict=True):
        made = _moment(context, value, arg, like)
        if made is None and _is_null(arg):
            return None
        moments.append(_ZERO if made is None else made)
    return moments[_best(moments, BINARY, sign)]


def _extreme_datetime(context: Context, call: Call, values: Sequence[Any], sign: int) -> Any:
    best = _best_moment(context, call, values, sign)
    if best is None:
        return None
    if best > _ZERO:
        return _in_type(call.type, temporal.datetime_text(best, shown_digits(call.args)))
    texts = [
        characters_of(value, BINARY, call.type.collation)
        if isinstance(value, bytes) and call.type.is_text
        else convert(context, _in_full(value, arg.type), arg.type, call.type, False)
        for value, arg in zip(values, call.args, strict=True)
    ]
    return texts[_best(texts, call.type.collation, sign)]


def _in_full(value: Any, kind: SqlType) -> Any:
    """A DECIMAL with all the digits of its type, which it had no need of as a date."""
    return round_decimal(value, kind.scale) if isinstance(value, Decimal) else value


def _moment(context: Context, value: Any, arg: Expression, like: Expression) -> Any:
    """The value of `arg` as a DATETIME; None, with a warning, if it is none."""
    kind = own_type(arg)
    if function_name(arg) == _WRITTEN:
        value, kind = _number_written(value), double_type()
    if kind.cls in (Class.STRING, Class.JSON):
        text = value if isinstance(value, str | bytes) else text_of(value, kind)
        quiet: Any = Listener(context)
        made = moment_of(quiet, text, kind)
        if quiet.was_warned:
            name = like.name if isinstance(like, ColumnRef) else _name(like)
            place = f"for column '{name}' at row {context.row}"
            context.warn(1292, f"Incorrect datetime value: '{shown(text)}' {place}")
    else:
        made = moment_of(context, value, kind, "datetime", "", FUZZY | INVALID_DATES)
    return made


def _is_null(arg: Expression) -> bool:
    """Whether a number that is no date is NULL: if IF, CASE or NULLIF chose it and it can be."""
    is_number = is_chosen(arg) and arg.type.cls in NUMERIC
    return arg.type.nullable and (is_number or function_name(arg) == _WRITTEN)


def _name(arg: Expression) -> str:
    """An expression as a column's name."""
    return describe(arg).lower().replace("`", "")


def _in_type(kind: SqlType, text: str) -> str | bytes:
    return text.encode() if kind.collation == BINARY else text


@implement("opaque")
def opaque(context: Context, call: Call, text: str | bytes) -> Json:
    """The text of a date in JSON: MySQL has no name for its type."""
    code = opaque_code(call.args[0].type)
    return Json(Opaque(code, text.encode() if isinstance(text, str) else text))
