"""Functions of strings and dates that ops do; what is not said here is a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat import collations
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    arithmetic_kernels,
    compare_kernels,
    date_kernels,
    division_kernels,
    load_kernels,
    text_kernels,
)
from mysqlcompat.machine.program import Register
from mysqlcompat.sql import code_digests, code_markup, typed
from mysqlcompat.sql.code_chains import Chain
from mysqlcompat.sql.code_moments import (
    composite_part,
    moment_number,
    moment_of_today,
    number_moment,
    text_shift,
    time_shift,
)
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import BINARY, Class, SqlType
from mysqlcompat.values import is_variable

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_UTF8: Final = ("utf8mb4", "utf8mb3", "ascii")
_ASCII: Final = 128


def _is_text(sql_type: SqlType) -> bool:
    return sql_type.cls is Class.STRING and is_variable(sql_type)


def _has_its_bytes(sql_type: SqlType) -> bool:
    """Whether lanes are the bytes of the character set."""
    return _is_text(sql_type) and (not sql_type.is_text or sql_type.charset in _UTF8)


def _number(expression: Expression) -> bool:
    return expression.type.cls is Class.INT and not expression.type.unsigned


# Strings ----------------------------------------------------------------------------------------


def _text(coder: Coder, call: Call, kind: int, *numbers: Expression) -> Register | None:
    """`op_text` of the first argument."""
    source = call.args[0]
    if not _is_text(source.type) or not all(map(_number, numbers)):
        return None
    a = coder.value(source)
    places = [*map(coder.value, numbers), a, a][:2]
    binary = int(not source.type.is_text)
    return coder.emit_checked(text_kernels.op_text, call, a, kind, *places, binary)


def _bytes_counted(coder: Coder, call: Call) -> Register | None:
    kind = codes.LENGTH if call.function.name == "length" else codes.ASCII
    return _text(coder, call, kind) if _has_its_bytes(call.args[0].type) else None


def _substring(coder: Coder, call: Call) -> Register | None:
    kind = codes.SUBSTRING if len(call.args) == 2 else codes.SUBSTRING_TO
    return _text(coder, call, kind, *call.args[1:])


_ENDS: Final = {
    "left": codes.LEFT, "right": codes.RIGHT, "ltrim": codes.LTRIM, "rtrim": codes.RTRIM,
    "trim@both": codes.TRIM, "trim@plain": codes.TRIM,
    "char_length": codes.CHAR_LENGTH, "upper": codes.UPPER,
    "lower": codes.LOWER,
}  # fmt: skip


def _end(coder: Coder, call: Call) -> Register | None:
    """LEFT, RIGHT; and what takes a string alone."""
    name = call.function.name
    if name in ("left", "right"):
        return _text(coder, call, _ENDS[name], call.args[1])
    is_case = name in ("upper", "lower")
    if len(call.args) > 1 or (is_case and not call.args[0].type.is_text):
        return None
    return _text(coder, call, _ENDS[name])


def _concat(coder: Coder, call: Call) -> Register | None:
    types = [arg.type for arg in call.args]
    if not all(map(_is_text, types)) or len({one.is_text for one in types}) > 1:
        return None
    parts = [coder.value(arg) for arg in call.args]
    listed = coder.asm.words([len(parts), *parts])  # type: ignore[list-item]
    return coder.emit_checked(text_kernels.op_concat, call, listed)


def _collate(coder: Coder, call: Call) -> Register | None:
    """The same text, to be compared in another way."""
    (text,) = call.args
    same = _is_text(text.type) and _is_text(call.type) and text.type.charset == call.type.charset
    return coder.value(text) if same and text.type.is_text else None


def _like(coder: Coder, call: Call) -> Register | None:
    text, pattern, escape = call.args
    a, b = text.type, pattern.type
    if not (_is_text(a) and _is_text(b)) or a.is_text != b.is_text:
        return None
    if not isinstance(escape, Literal) or escape.literal_no is not None:
        return None
    flags = 0
    if a.collation != BINARY:
        flags = text_kernels.CHARACTERS
        if not collations.is_binary(a.collation):
            if not a.collation.endswith("_ci"):
                return None
            flags |= text_kernels.FOLD
    stop = escape.value.encode("latin-1", "replace") if isinstance(escape.value, str) else b"%"
    if len(stop) > 1 or stop in (b"%", b"_") or (stop and stop[0] >= _ASCII):
        return None
    byte = stop[0] if stop else text_kernels.ESCAPE_NONE
    x, y = coder.value(text), coder.value(pattern)
    return coder.emit_checked(text_kernels.op_like, call, x, y, byte, flags)


# Numbers ----------------------------------------------------------------------------------------


def _rounded(coder: Coder, call: Call) -> Register | None:
    """ROUND and TRUNCATE to places that are written out."""
    source, places = call.args
    given, made = source.type, call.type
    left = _left_of_point(places)
    if left:
        return _rounded_whole(coder, call, 10**left)
    if not isinstance(places, Literal) or places.literal_no is not None:
        return None
    if type(places.value) is not int or places.value < 0:
        return None
    if given.cls is Class.INT and made.cls is Class.INT:
        return coder.value(source)
    if given.cls is not Class.DECIMAL or given.is_wide_decimal or made.is_wide_decimal:
        return None
    dropped = given.scale - made.scale
    if made.scale != min(places.value, given.scale):
        return None
    a = coder.value(source)
    if not dropped:
        return a
    if call.function.name == "round":
        kind = arithmetic_kernels.op_convert
        return coder.emit_checked(kind, call, a, layout.SCALE_DOWN, 10**dropped, 0)
    one = coder.asm.register()
    coder.asm.emit(load_kernels.op_constant, one, 1, 0)
    by = (codes.INTEGER_DIVIDE, layout.SIGNED, 1, 10**dropped)
    return coder.emit_checked(division_kernels.op_divide, call, a, one, *by)


def _left_of_point(places: Expression) -> int:
    """How many digits of an integer are to become zero; 0: none, or that is not written out."""
    match places:
        case Call(function=function, args=(Literal(value=int() as value, literal_no=None),)):
            return value if function.name == "neg" and 0 < value < _INTEGER_DIGITS else 0
        case Literal(value=int() as value, literal_no=None):
            return -value if -_INTEGER_DIGITS < value < 0 else 0
    return 0


_INTEGER_DIGITS: Final = 19


def _rounded_whole(coder: Coder, call: Call, unit: int) -> Register | None:
    """ROUND and TRUNCATE of an integer to a power of ten."""
    source = call.args[0]
    if not _number(source) or call.type.cls is not Class.INT or source.type.kind is TypeKind.BIT:
        return None
    chain = Chain(coder, call, source)
    if call.function.name == "truncate":
        made = chain.divided(chain.args[0], unit)
    else:
        convert = arithmetic_kernels.op_convert
        made = chain.op(convert, chain.args[0], layout.SCALE_DOWN, unit, 0)
    return chain.end(chain.arithmetic(made, layout.ADD, chain.constant(0), unit))


def _absolute(coder: Coder, call: Call) -> Register | None:
    (source,) = call.args
    given = source.type
    is_lane = given.cls is Class.DECIMAL and not given.is_wide_decimal
    if not is_lane and (given.cls is not Class.INT or given.kind is TypeKind.BIT):
        return None
    if given.cls is not call.type.cls or given.scale != call.type.scale:
        return None
    if given.unsigned:
        return coder.value(source)
    chain = Chain(coder, call, source)
    (value,), nothing = chain.args, chain.constant(0)
    negative = chain.op(compare_kernels.op_compare, value, nothing, layout.LT, layout.SIGNED)
    return chain.end(
        chain.choose(negative, chain.arithmetic(nothing, layout.SUBTRACT, value), value)
    )


# Dates and times --------------------------------------------------------------------------------

_PARTS: Final = {
    "year": codes.YEAR, "quarter": codes.QUARTER, "month": codes.MONTH, "day": codes.DAY,
    "hour": codes.HOUR, "minute": codes.MINUTE, "second": codes.SECOND,
    "microsecond": codes.MICROSECOND, "weekday": codes.WEEKDAY, "dayofweek": codes.DAY_OF_WEEK,
    "dayofyear": codes.DAY_OF_YEAR, "to_days": codes.TO_DAYS,
}  # fmt: skip
_MONTHS: Final = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_MICROS: Final = {
    "MICROSECOND": 1, "SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6, "WEEK": 7 * 86400 * 10**6,
}  # fmt: skip


def _is_moment(sql_type: SqlType) -> bool:
    """A DATE or DATETIME that is the same on every clock."""
    return sql_type.cls in (Class.DATE, Class.DATETIME) and sql_type.kind is not TypeKind.TIMESTAMP


def _date(
    coder: Coder, node: Expression, source: Expression, kind: int, *rest: Register | int
) -> Register:
    a = coder.value(source)
    is_time = int(source.type.cls is Class.TIME)
    amount, factor = rest or (a, 1)
    op = date_kernels.op_date
    return coder.emit_checked(op, node, a, kind, amount, factor, is_time, partial=True)


def _part(coder: Coder, call: Call) -> Register | None:
    (source,) = call.args
    kind = _PARTS[call.function.name]
    is_clock = codes.HOUR <= kind <= codes.MICROSECOND
    if not _is_moment(source.type) and not (is_clock and source.type.cls is Class.TIME):
        return None
    return _date(coder, call, source, kind)


def _may_be_time(source: Expression) -> bool:
    """Whether a text is read as what it turns out to be, a moment or a time, for which there is no
    lane."""
    calls = (one for one in typed.walk(source) if isinstance(one, Call))
    return any(one.function.name == "clock@date" for one in calls)


def _extract(coder: Coder, call: Call) -> Register | None:
    unit, source = call.args
    if not isinstance(unit, Literal) or _may_be_time(source):
        return None
    kind = _PARTS.get(str(unit.value).lower())
    if kind is None:
        return composite_part(coder, call)
    if not _is_moment(source.type):
        return None
    return _date(coder, call, source, kind)


def _datediff(coder: Coder, call: Call) -> Register | None:
    left, right = call.args
    if not (_is_moment(left.type) and _is_moment(right.type)):
        return None
    chain = Chain(coder, call, left, right)
    one, other = (
        chain.op(date_kernels.op_date, arg, codes.TO_DAYS, arg, 1, 0) for arg in chain.args
    )
    return chain.end(chain.arithmetic(one, layout.SUBTRACT, other))


def _shift(coder: Coder, call: Call) -> Register | None:
    start, amount, unit = call.args
    if call.type.cls is Class.TIME:
        return time_shift(coder, call)
    if call.type.cls is Class.STRING:
        return text_shift(coder, call)
    if not isinstance(unit, Literal) or not _number(amount) or not _is_moment(start.type):
        return None
    if call.type.cls not in (Class.DATE, Class.DATETIME) or call.type.scale < start.type.scale:
        return None
    sign = -1 if call.function.name == "date_sub" else 1
    kind = codes.ADD_MONTHS if unit.value in _MONTHS else codes.ADD_MICROS
    factor = _MONTHS.get(unit.value) or _MICROS.get(unit.value)
    if factor is None:
        return None
    return _date(coder, call, start, kind, coder.value(amount), sign * factor)


def date_cast(coder: Coder, cast: Cast) -> Register | None:
    """DATETIME to DATE or TIME; what is a date or time to a number."""
    source, target = cast.arg.type, cast.type
    if target.cls is Class.INT:
        return moment_number(coder, cast)
    if source.cls is Class.INT:
        return number_moment(coder, cast)
    if source.cls is Class.TIME:
        return moment_of_today(coder, cast)
    if source.kind is not TypeKind.DATETIME:
        return None
    if target.cls is Class.DATE:
        return _date(coder, cast, cast.arg, codes.TO_DATE)
    if target.cls is Class.TIME and target.scale >= source.scale:
        return _date(coder, cast, cast.arg, codes.TO_TIME)
    return None


#: Function -> its instructions, or None when Python has to.
CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    **code_digests.CODED,
    **code_markup.CODED,
    "length": _bytes_counted,
    "ascii": _bytes_counted,
    "substring": _substring,
    **dict.fromkeys(_ENDS, _end),
    "concat": _concat,
    "collate": _collate,
    "round": _rounded,
    "truncate": _rounded,
    "abs": _absolute,
    "like": _like,
    **dict.fromkeys(_PARTS, _part),
    "extract": _extract,
    "datediff": _datediff,
    "date_add": _shift,
    "date_sub": _shift,
}
