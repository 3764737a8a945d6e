"""Texts in a shape: LPAD and RPAD, FORMAT, STR_TO_DATE, CONVERT … USING."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.functions.number_format import style_of
from mysqlcompat.functions.time_parse import plain_parts
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    arithmetic_kernels,
    text_forms_kernels,
    text_kernels,
    text_shape_kernels,
)
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.code_chains import Chain
from mysqlcompat.sql.code_moments import is_text
from mysqlcompat.sql.typed import EXPLICIT, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import Class, SqlType, decimal_type
from mysqlcompat.wire.encode import column_words

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_LANE_DIGITS: Final = 18
_DOUBLE_DIGITS: Final = 15  #: of a double that has all digits it is shown with


def _written(arg: Expression) -> object:
    """The value of a constant that is part of the plan; None: it is none, or NULL."""
    if isinstance(arg, Literal) and arg.literal_no is None:
        return arg.value
    return None


def _pad(coder: Coder, call: Call) -> Register | None:
    value, count, pad = (arg.type for arg in call.args)
    if not (is_text(value) and is_text(pad)) or value.is_text != pad.is_text:
        return None
    if count.cls is not Class.INT or count.unsigned or count.kind is TypeKind.BIT:
        return None
    flags = int(not value.is_text)
    if call.function.name == "lpad":
        flags |= text_shape_kernels.LEFT_OF_IT
    registers = [coder.value(arg) for arg in call.args]
    return coder.emit_checked(text_shape_kernels.op_pad, call, *registers, flags)


def _in_digits(source: SqlType, places: int) -> tuple[int, int, int] | None:
    """How `op_convert` makes a number the lane of a DECIMAL with these places; None: Python's."""
    greatest = 10**_LANE_DIGITS - 1
    match source.cls:
        case Class.INT if not source.unsigned and source.kind not in _NOT_NUMBERS:
            return layout.SCALE_UP, 10**places, greatest
        case Class.DECIMAL if not source.is_wide_decimal:
            more = places - source.scale
            kind = layout.SCALE_UP if more >= 0 else layout.SCALE_DOWN
            return kind, 10 ** abs(more), greatest
        case Class.DOUBLE if source.kind is TypeKind.DOUBLE:
            return layout.DOUBLE_TO_SHOWN, 10**places, 10**_DOUBLE_DIGITS - 1
    return None


_NOT_NUMBERS: Final = (TypeKind.BIT, TypeKind.YEAR)


def _format(coder: Coder, call: Call) -> Register | None:
    source, places, *locale = call.args
    count, style = _written(places), style_of("")
    if type(count) is not int or not 0 <= count < _DOUBLE_DIGITS or not is_text(call.type):
        return None
    if locale:
        name = _written(locale[0])
        if not isinstance(name, str):
            return None
        style = style_of(name)
    form = _in_digits(source.type, count)
    if form is None:
        return None
    chain = Chain(coder, call, source)
    lane = chain.op(arithmetic_kernels.op_convert, chain.args[0], *form)
    column = coder.asm.words(column_words(decimal_type(_LANE_DIGITS, count), 0, 0))
    most = text_forms_kernels.MOST_SHOWN
    shown = chain.op(text_forms_kernels.op_show, lane, column, most)
    point, separator, group = style
    between = ord(separator) if separator else text_shape_kernels.NO_SEPARATOR
    return chain.end(chain.op(text_shape_kernels.op_group, shown, ord(point), between, group))


#: Arguments of `datetime`: what one of each adds to a lane, and the most there may be.
_WEIGHTS: Final = (
    (13 << 46, 9999), (1 << 46, 12), (1 << 41, 31), (1 << 36, 23), (1 << 30, 59), (1 << 24, 59),
    (1, 999999),
)  # fmt: skip
_OF_DATE: Final = 3


def _str_to_date(coder: Coder, call: Call) -> Register | None:
    source, made = call.args[0], call.type
    pattern = _written(call.args[1])
    parts = plain_parts(pattern) if isinstance(pattern, str) and pattern.isascii() else None
    if parts is None or not (is_text(source.type) and source.type.is_text):
        return None
    places = {part[0] for part in parts if not isinstance(part, str)}
    is_time = made.cls is Class.TIME
    if (min(places, default=0) < _OF_DATE) if is_time else not {0, 1, 2} <= places:
        return None
    words = [len(parts)]
    for part in parts:
        if isinstance(part, str):
            words += [ord(part), 0, 0, 0]
        else:
            words += [text_shape_kernels.FIELD, part[1], *_WEIGHTS[part[0]]]
    op, listed = text_shape_kernels.op_read_by, coder.asm.words(words)
    value = coder.value(source)
    return coder.emit_checked(op, call, value, listed, int(is_time), partial=True)


_ALL_OF_UNICODE: Final = ("utf8mb4", "utf16", "utf16le", "utf32")


def in_charset(coder: Coder, cast: Cast) -> Register | None:
    """Text in another character set: the same, if it has all its characters."""
    source, target = cast.arg.type, cast.type
    is_plain = is_text(source) and source.is_text and is_text(target) and target.is_text
    if not is_plain or cast.mode != EXPLICIT or target.precision:
        return None
    if target.charset == source.charset or target.charset in _ALL_OF_UNICODE:
        return coder.value(cast.arg)
    a, op = coder.value(cast.arg), text_kernels.op_text
    return coder.emit_checked(op, cast, a, codes.PLAIN, a, a, 0)


CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "lpad": _pad,
    "rpad": _pad,
    "format": _format,
    "str_to_date": _str_to_date,
}
