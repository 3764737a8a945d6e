"""Arithmetic with dates and times, Unix time and time zones: ops over microseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.functions.definitions import FUNCTIONS
from mysqlcompat.functions.extremes import shown_digits
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    compare_kernels,
    date_kernels,
    moment_kernels,
    text_forms_kernels,
    text_kernels,
)
from mysqlcompat.machine.program import Register
from mysqlcompat.sql import typed
from mysqlcompat.sql.code_chains import Chain
from mysqlcompat.sql.lane_forms import ANYTHING
from mysqlcompat.sql.typed import IMPLICIT, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import BINARY, Class, SqlType, date_type, datetime_type, string_type
from mysqlcompat.values import is_variable
from mysqlcompat.wire.encode import column_words

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_FSP: Final = 6
UNIT_MICROS: Final = {
    "MICROSECOND": 1, "SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6, "WEEK": 7 * 86400 * 10**6,
}  # fmt: skip
UNIT_MONTHS: Final = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}


def is_text(sql_type: SqlType) -> bool:
    return sql_type.cls is Class.STRING and is_variable(sql_type)


def _is_local(sql_type: SqlType) -> bool:
    """A DATE or DATETIME that is the same on every clock."""
    return sql_type.cls in (Class.DATE, Class.DATETIME) and sql_type.kind is not TypeKind.TIMESTAMP


def _is_integer(sql_type: SqlType) -> bool:
    return (
        sql_type.cls is Class.INT
        and not sql_type.unsigned
        and sql_type.kind not in (TypeKind.BIT, TypeKind.YEAR)
    )


def _scaled(sql_type: SqlType) -> int | None:
    """Digits behind the point of an exact number in a lane, at most those of a microsecond."""
    if _is_integer(sql_type):
        return 0
    is_exact = sql_type.cls is Class.DECIMAL and not sql_type.mixed
    return sql_type.scale if is_exact and sql_type.scale <= _FSP else None


def _number(chain: Chain, source: SqlType) -> Register:
    """The argument, an exact number, in a lane."""
    if not source.is_wide_decimal:
        return chain.args[0]
    read = text_forms_kernels.op_read
    return chain.op(read, chain.args[0], codes.READ_DECIMAL, source.scale, ANYTHING[1])


def _time(chain: Chain, arg: Expression, place: int) -> Register | None:
    """µs of an argument that is a TIME, or a text of one."""
    register = chain.args[place]
    if is_text(arg.type):
        register = chain.op(text_forms_kernels.op_read, register, codes.READ_TIME, _FSP, 0)
    elif arg.type.cls is not Class.TIME:
        return None
    return chain.micros(register, codes.MICROS_OF_TIME)


def _moment(chain: Chain, arg: Expression, place: int) -> Register | None:
    """µs of an argument that is a DATE or DATETIME, or a text of one."""
    register = chain.args[place]
    if is_text(arg.type):
        register = chain.op(text_forms_kernels.op_read, register, codes.READ_DATETIME, _FSP, 0)
    elif not _is_local(arg.type):
        return None
    return chain.micros(register, codes.MICROS_OF_MOMENT)


def _shift_time(coder: Coder, call: Call) -> Register | None:
    """ADDTIME and SUBTIME."""
    first, span = call.args
    is_time = first.type.cls is Class.TIME
    if not (is_time or _is_local(first.type)) or not (
        span.type.cls is Class.TIME or is_text(span.type)
    ):
        return None
    operator = layout.SUBTRACT if call.function.name == "subtime" else layout.ADD
    chain = Chain(coder, call, first, span)
    start = (_time if is_time else _moment)(chain, first, 0)
    added = _time(chain, span, 1)
    assert start is not None
    assert added is not None
    kind = codes.TIME_OF_MICROS if is_time else codes.MOMENT_OF_MICROS
    return chain.end(chain.micros(chain.arithmetic(start, operator, added), kind))


def _timediff(coder: Coder, call: Call) -> Register | None:
    """Of two times or two moments; one of them may be a text."""
    classes = {arg.type.cls for arg in call.args}
    if not all(
        arg.type.cls is Class.TIME or _is_local(arg.type) or is_text(arg.type) for arg in call.args
    ):
        return None
    if classes == {Class.STRING} or (
        Class.TIME in classes and classes - {Class.TIME, Class.STRING}
    ):
        return None
    chain = Chain(coder, call, *call.args)
    read = _time if Class.TIME in classes else _moment
    left, right = (read(chain, arg, place) for place, arg in enumerate(call.args))
    assert left is not None
    assert right is not None
    span = chain.arithmetic(left, layout.SUBTRACT, right)
    return chain.end(chain.micros(span, codes.TIME_OF_MICROS))


def _timestampdiff(coder: Coder, call: Call) -> Register | None:
    unit, first, last = call.args
    if not isinstance(unit, Literal) or not (_is_local(first.type) and _is_local(last.type)):
        return None
    chain = Chain(coder, call, first, last)
    one, other = (chain.micros(arg, codes.MICROS_OF_MOMENT) for arg in chain.args)
    if unit.value in UNIT_MONTHS:
        return chain.end(chain.divided(_months_between(chain), UNIT_MONTHS[unit.value]))
    span = chain.arithmetic(other, layout.SUBTRACT, one)
    return chain.end(chain.divided(span, UNIT_MICROS[unit.value]))


def _months_between(chain: Chain) -> Register:
    """Whole months from the first moment to the last; none of a day or a clock behind."""
    months, rests = [], []
    for moment in chain.args:
        year, month = (
            chain.op(date_kernels.op_date, moment, kind, moment, 1, 0)
            for kind in (codes.YEAR, codes.MONTH)
        )
        months.append(chain.arithmetic(year, layout.ADD, month, 12))
        packed = chain.arithmetic(year, layout.ADD, month, 13)  # as a lane has them
        rests.append(chain.arithmetic(moment, layout.SUBTRACT, packed, 1, 1 << 46))
    made = chain.arithmetic(months[1], layout.SUBTRACT, months[0])
    nothing, compare = chain.constant(0), compare_kernels.op_compare
    for direction, late, step in (
        (layout.GT, layout.LT, layout.SUBTRACT),
        (layout.LT, layout.GT, layout.ADD),
    ):
        some = chain.op(compare, made, nothing, direction, layout.SIGNED)
        short = chain.op(compare, rests[1], rests[0], late, layout.SIGNED)
        made = chain.arithmetic(made, step, chain.logic(layout.AND, some, short))
    return made


def _seconds(coder: Coder, call: Call) -> Register | None:
    """TIME_TO_SEC and TO_SECONDS."""
    (source,) = call.args
    is_time = source.type.cls is Class.TIME
    if not is_time and not _is_local(source.type):
        return None
    chain = Chain(coder, call, source)
    micros = (_time if is_time else _moment)(chain, source, 0)
    assert micros is not None
    return chain.end(chain.divided(micros, UNIT_MICROS["SECOND"]))


def _sec_to_time(coder: Coder, call: Call) -> Register | None:
    (source,) = call.args
    scale = _scaled(source.type)
    if scale is None:
        return None
    chain = Chain(coder, call, source)
    nothing = chain.constant(0)
    seconds = _number(chain, source.type)
    micros = chain.arithmetic(seconds, layout.ADD, nothing, 10 ** (_FSP - scale))
    return chain.end(chain.micros(micros, codes.TIME_OF_MICROS))


def _from_days(coder: Coder, call: Call) -> Register | None:
    (source,) = call.args
    if not _is_integer(source.type):
        return None
    chain = Chain(coder, call, source)
    nothing = chain.constant(0)
    micros = chain.arithmetic(chain.args[0], layout.ADD, nothing, UNIT_MICROS["DAY"])
    return chain.end(chain.micros(micros, codes.DATE_OF_MICROS))


def time_shift(coder: Coder, call: Call) -> Register | None:
    """``time ± INTERVAL n unit``, of hours and less."""
    start, amount, unit = call.args
    micros = UNIT_MICROS.get(unit.value) if isinstance(unit, Literal) else None
    if call.type.cls is not Class.TIME or start.type.cls is not Class.TIME or micros is None:
        return None
    if not _is_integer(amount.type):
        return None
    operator = layout.SUBTRACT if call.function.name == "date_sub" else layout.ADD
    chain = Chain(coder, call, start, amount)
    span = chain.micros(chain.args[0], codes.MICROS_OF_TIME)
    moved = chain.arithmetic(chain.constant(0), layout.ADD, chain.args[1], 1, micros)
    moved = chain.micros(moved, codes.TIME_OF_MICROS)  # too much for a TIME is an overflow
    shifted = chain.arithmetic(span, operator, chain.micros(moved, codes.MICROS_OF_TIME))
    return chain.end(chain.micros(shifted, codes.TIME_OF_MICROS))


def text_shift(coder: Coder, call: Call) -> Register | None:
    """A text of a moment moved by whole seconds or more; a date moved by days stays one."""
    start, amount, unit = call.args
    if not (start.type.is_text and is_text(start.type) and is_text(call.type)):
        return None
    if not isinstance(unit, Literal) or not _is_integer(amount.type) or unit.value == "MICROSECOND":
        return None
    factor = UNIT_MONTHS.get(unit.value) or UNIT_MICROS.get(unit.value)
    if factor is None:
        return None
    sign = -1 if call.function.name == "date_sub" else 1
    kind = codes.ADD_MONTHS if unit.value in UNIT_MONTHS else codes.ADD_MICROS
    chain = Chain(coder, call, start, amount)
    text, count = chain.args
    moment = chain.op(text_forms_kernels.op_read, text, codes.READ_DATETIME, 0, 0)
    moved = chain.op(date_kernels.op_date, moment, kind, count, sign * factor, 0)
    column = coder.asm.words(column_words(datetime_type(0), 0, 0))
    shown = chain.op(text_forms_kernels.op_show, moved, column, text_forms_kernels.MOST_SHOWN)
    if unit.value in _CLOCK_UNITS:
        return chain.end(shown)
    ten, op = chain.constant(text_forms_kernels.LONGEST_DATE), text_kernels.op_text
    size = chain.op(op, text, codes.LENGTH, ten, ten, 1)
    is_date = chain.op(compare_kernels.op_compare, size, ten, layout.EQ, layout.SIGNED)
    return chain.end(chain.choose(is_date, chain.op(op, shown, codes.LEFT, ten, ten, 1), shown))


_CLOCK_UNITS: Final = ("SECOND", "MINUTE", "HOUR")


def moment_of_today(coder: Coder, cast: Cast) -> Register | None:
    """A TIME as a DATETIME."""
    if cast.type.kind is not TypeKind.DATETIME or cast.type.scale < cast.arg.type.scale:
        return None
    today = Call(date_type(False), FUNCTIONS["curdate"], ())
    chain = Chain(coder, cast, cast.arg, today)
    midnight = chain.micros(chain.args[1], codes.MICROS_OF_MOMENT)
    span = chain.micros(chain.args[0], codes.MICROS_OF_TIME)
    moment = chain.arithmetic(midnight, layout.ADD, span)
    return chain.end(chain.micros(moment, codes.MOMENT_OF_MICROS))


def extreme_moment(coder: Coder, call: Call) -> Register | None:
    """GREATEST and LEAST of moments and texts, as a text."""
    if not all(_is_local(arg.type) or is_text(arg.type) for arg in call.args):
        return None
    fsp = shown_digits(call.args)
    chain = Chain(coder, call, *call.args)
    read = text_forms_kernels.op_read
    moments = [
        chain.op(read, register, codes.READ_DATETIME, fsp, 0) if is_text(arg.type) else register
        for register, arg in zip(chain.args, call.args, strict=True)
    ]
    operator = layout.GT if call.function.name.startswith("greatest") else layout.LT
    best, null = moments[0], chain.is_null(moments[0])
    for moment in moments[1:]:
        better = chain.op(compare_kernels.op_compare, moment, best, operator, layout.SIGNED)
        best = chain.choose(better, moment, best)
        null = chain.logic(layout.OR, null, chain.is_null(moment))
    chosen = chain.choose(null, chain.constant(0, 1), best)
    column = coder.asm.words(column_words(datetime_type(fsp), 0, 0))
    most = text_forms_kernels.MOST_SHOWN
    return chain.end(chain.op(text_forms_kernels.op_show, chosen, column, most))


# Numbers ----------------------------------------------------------------------------------------

_DATE_PARTS: Final = (codes.YEAR, codes.MONTH, codes.DAY)
_CLOCK_PARTS: Final = (codes.HOUR, codes.MINUTE, codes.SECOND)
#: Unit -> its fields, most of them two digits wide.
_FIELDS: Final = {
    "YEAR_MONTH": (codes.YEAR, codes.MONTH),
    "DAY_HOUR": (codes.DAY, codes.HOUR),
    "DAY_MINUTE": (codes.DAY, codes.HOUR, codes.MINUTE),
    "DAY_SECOND": (codes.DAY, *_CLOCK_PARTS),
    "DAY_MICROSECOND": (codes.DAY, *_CLOCK_PARTS, codes.MICROSECOND),
    "HOUR_MINUTE": (codes.HOUR, codes.MINUTE),
    "HOUR_SECOND": _CLOCK_PARTS,
    "HOUR_MICROSECOND": (*_CLOCK_PARTS, codes.MICROSECOND),
    "MINUTE_SECOND": (codes.MINUTE, codes.SECOND),
    "MINUTE_MICROSECOND": (codes.MINUTE, codes.SECOND, codes.MICROSECOND),
    "SECOND_MICROSECOND": (codes.SECOND, codes.MICROSECOND),
}


def _side_by_side(chain: Chain, kinds: tuple[int, ...], is_time: bool) -> Register:
    """The fields of the argument as the digits of one number; of a TIME without its sign."""
    source = chain.args[0]
    made: Register | None = None
    for kind in kinds:
        part = chain.op(date_kernels.op_date, source, kind, source, 1, int(is_time))
        width = 10**6 if kind == codes.MICROSECOND else 100
        made = part if made is None else chain.arithmetic(made, layout.ADD, part, width)
    assert made is not None
    return made


def composite_part(coder: Coder, call: Call) -> Register | None:
    """EXTRACT of several fields of a moment, or of those of a clock of a time."""
    unit, source = call.args
    kinds = _FIELDS.get(unit.value) if isinstance(unit, Literal) else None
    is_time = source.type.cls is Class.TIME
    if kinds is None or not (is_time or _is_local(source.type)):
        return None
    if is_time and kinds[0] not in _CLOCK_PARTS:
        return None
    chain = Chain(coder, call, source)
    made = _side_by_side(chain, kinds, is_time)
    return chain.end(_signed(chain, made) if is_time else made)


def _signed(chain: Chain, made: Register) -> Register:
    """A number with the sign of the argument."""
    nothing, compare = chain.constant(0), compare_kernels.op_compare
    below = chain.op(compare, chain.args[0], nothing, layout.LT, layout.SIGNED)
    return chain.choose(below, chain.arithmetic(nothing, layout.SUBTRACT, made), made)


def number_moment(coder: Coder, cast: Cast) -> Register | None:
    """YYYYMMDD or YYYYMMDDhhmmss as a date or moment, hhmmss as a time."""
    source, target = cast.arg.type, cast.type
    if not _is_integer(source) or target.kind is TypeKind.TIMESTAMP:
        return None
    if target.cls not in (Class.DATE, Class.DATETIME, Class.TIME):
        return None
    chain = Chain(coder, cast, cast.arg)
    is_time = target.cls is Class.TIME
    kind = moment_kernels.TIME_OF_NUMBER if is_time else moment_kernels.MOMENT_OF_NUMBER
    made = chain.micros(chain.args[0], kind)
    if target.cls is Class.DATE:
        made = chain.op(date_kernels.op_date, made, codes.TO_DATE, made, 1, 0)
    return chain.end(made)


def moment_number(coder: Coder, cast: Cast) -> Register | None:
    """A date or time without a fraction as an integer."""
    source, target = cast.arg.type, cast.type
    if target.unsigned or target.kind in (TypeKind.BIT, TypeKind.YEAR) or source.scale:
        return None
    is_time = source.cls is Class.TIME
    if not is_time and not _is_local(source):
        return None
    chain = Chain(coder, cast, cast.arg)
    date = () if is_time else _DATE_PARTS
    clock = () if source.cls is Class.DATE else _CLOCK_PARTS
    made = _side_by_side(chain, date + clock, is_time)
    return chain.end(_signed(chain, made) if is_time else made)


# Time zones -------------------------------------------------------------------------------------


def _zone(*name: Expression) -> Expression:
    """The changes of a zone, of the session's by default: asked for once an execution."""
    return Call(string_type(1 << 16, BINARY, True), FUNCTIONS["zone changes"], name)


def _unix_timestamp(coder: Coder, call: Call) -> Register | None:
    if len(call.args) != 1 or call.type.mixed:
        return None
    (source,) = call.args
    if not (source.type.cls in (Class.DATE, Class.DATETIME) or is_text(source.type)):
        return None
    scale = 0 if call.type.cls is Class.INT else call.type.scale
    is_utc = source.type.kind is TypeKind.TIMESTAMP
    chain = Chain(coder, call, source, *(() if is_utc else (_zone(),)))
    if is_utc:
        utc = chain.micros(chain.args[0], codes.MICROS_OF_MOMENT)
    else:
        local = _moment(chain, source, 0)
        assert local is not None
        utc = chain.micros(local, codes.LOCAL_TO_UTC, chain.args[1])
    return chain.end(chain.micros(utc, codes.MICROS_TO_UNIX, 0, 10 ** (_FSP - scale)))


def _even(arg: Expression) -> Expression:
    """A sum of exact numbers with the digits of its type, which do not change what it is worth."""
    match arg:
        case Cast(mode=mode, arg=inner) if mode == IMPLICIT and inner.type.cls is Class.INT:
            return replace(arg, type=replace(arg.type, mixed=False))
        case Call(function=function, args=(left, right)) if function.name in ("+", "-"):
            sides = _even(left), _even(right)
            if not any(side.type.mixed for side in sides):
                return replace(arg, type=replace(arg.type, mixed=False), args=sides)
    return arg


def _from_unixtime(coder: Coder, call: Call) -> Register | None:
    source = _even(call.args[0])
    scale = _scaled(source.type)
    if scale is None:
        return None
    chain = Chain(coder, call, source, _zone())
    seconds = _number(chain, source.type)
    utc = chain.micros(seconds, codes.UNIX_TO_MICROS, 0, 10 ** (_FSP - scale))
    local = chain.micros(utc, codes.UTC_TO_LOCAL, chain.args[1])
    return chain.end(chain.micros(local, codes.MOMENT_OF_MICROS))


def _convert_tz(coder: Coder, call: Call) -> Register | None:
    moment, *zones = call.args
    if not _is_local(moment.type) or not all(map(typed.is_constant, zones)):
        return None
    chain = Chain(coder, call, moment, *map(_zone, zones))
    micros = chain.micros(chain.args[0], codes.MICROS_OF_MOMENT)
    moved = chain.micros(micros, codes.CONVERTED, chain.args[1], chain.args[2])
    return chain.end(chain.micros(moved, codes.MOMENT_OF_MICROS))


CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "greatest@datetime": extreme_moment,
    "least@datetime": extreme_moment,
    "addtime": _shift_time,
    "timestamp": _shift_time,
    "subtime": _shift_time,
    "timediff": _timediff,
    "timestampdiff": _timestampdiff,
    "time_to_sec": _seconds,
    "to_seconds": _seconds,
    "sec_to_time": _sec_to_time,
    "from_days": _from_days,
    "unix_timestamp": _unix_timestamp,
    "from_unixtime": _from_unixtime,
    "convert_tz": _convert_tz,
}
