"""Strings looked for and compared, the greatest of several values, casts from and to text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat import collations
from mysqlcompat.convert import DOUBLE_CHARACTERS
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import search_kernels, text_forms_kernels, text_kernels
from mysqlcompat.machine.program import Register
from mysqlcompat.sql import code_text_shapes
from mysqlcompat.sql.agreement import agree
from mysqlcompat.sql.branches import MUTE
from mysqlcompat.sql.code_chains import Chain, comparing
from mysqlcompat.sql.code_moments import is_text
from mysqlcompat.sql.describe import function_name
from mysqlcompat.sql.lane_forms import same_lane
from mysqlcompat.sql.typed import EXPLICIT, IMPLICIT, Call, Cast, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import BINARY, NOT_FIXED, Class, SqlType, int_type
from mysqlcompat.wire.encode import column_words

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_CHOICES_MOST: Final = 16  #: of FIELD that are compared one by one
UTF8: Final = ("utf8mb4", "utf8mb3", "ascii")
_ONE: Final = Literal(int_type(1, nullable=False), 1)


# Searches ---------------------------------------------------------------------------------------


def search_flags(collation: str) -> int | None:
    """How `op_search` compares; None: that is more than it can."""
    if collation == BINARY:
        return 0
    if collations.is_binary(collation):
        return text_kernels.CHARACTERS
    return text_kernels.CHARACTERS | text_kernels.FOLD if collation.endswith("_ci") else None


def _locate(coder: Coder, call: Call) -> Register | None:
    first, second, *start = call.args
    whole, part = (first, second) if call.function.name == "instr" else (second, first)
    flags = search_flags(whole.type.collation)
    if flags is None or not (is_text(whole.type) and is_text(part.type)):
        return None
    if whole.type.is_text != part.type.is_text or any(one.type.unsigned for one in start):
        return None
    registers = [coder.value(one) for one in (whole, part, *(start or (_ONE,)))]
    a, b, at = registers
    op = search_kernels.op_search
    return coder.emit_checked(op, call, a, b, codes.LOCATE, at, flags, partial=True)


def _find_in_set(coder: Coder, call: Call) -> Register | None:
    wanted, members = call.args
    if not (is_text(wanted.type) and is_text(members.type)):
        return None
    if wanted.type.is_text != members.type.is_text:
        return None
    collation = agree([arg.type for arg in call.args], "find_in_set")[0]
    flags = search_flags(collation)
    if flags is None or collation == "latin1_bin":
        return None
    if flags and "0900" not in collation:
        flags |= search_kernels.PAD
    a, b, one = coder.value(members), coder.value(wanted), coder.value(_ONE)
    op = search_kernels.op_search
    return coder.emit_checked(op, call, a, b, codes.FIND_IN_SET, one, flags, partial=True)


# Choices ----------------------------------------------------------------------------------------


def _strcmp(coder: Coder, call: Call) -> Register | None:
    left, right = call.args
    less = coder.compared(layout.LT, left, right)
    equal = coder.compared(layout.EQ, left, right)
    if less is None or equal is None:
        return None
    chain = Chain(coder, call)
    not_less = chain.choose(equal, chain.constant(0), chain.constant(1))
    made = chain.choose(less, chain.constant(-1), not_less)
    return chain.end(chain.choose(chain.is_null(less), chain.constant(0, 1), made))


def _field(coder: Coder, call: Call) -> Register | None:
    value, *choices = call.args
    if len(choices) > _CHOICES_MOST:
        return None
    same = [coder.compared(layout.EQ, value, choice) for choice in choices]
    if None in same:
        return None
    chain = Chain(coder, call)
    made = chain.constant(0)
    for number in range(len(same), 0, -1):
        found = same[number - 1]
        assert found is not None
        made = chain.choose(found, chain.constant(number), made)
    return chain.end(made)


def _extreme(coder: Coder, call: Call) -> Register | None:
    """GREATEST and LEAST: of several that are equal the last greatest, the first least."""
    args, made = call.args, call.type
    if len(args) > _CHOICES_MOST or not all(same_lane(arg.type, made) for arg in args):
        return None
    if any(arg.type.cls is not made.cls for arg in args):
        return None
    is_greatest = call.function.name == "greatest"
    operator = layout.GE if is_greatest else layout.LT
    forms = [comparing(operator, arg, args[0]) for arg in args[1:]]
    if None in forms:
        return None
    registers = [coder.value(arg) for arg in args]
    chain = Chain(coder, call)
    chosen, null = registers[0], chain.is_null(registers[0])
    for register, form in zip(registers[1:], forms, strict=True):
        assert form is not None
        better = chain.op(form[0], register, chosen, *form[1:])
        chosen = chain.choose(better, register, chosen)
        null = chain.logic(layout.OR, null, chain.is_null(register))
    return chain.end(chain.choose(null, chain.constant(0, 1), chosen))


# Casts ------------------------------------------------------------------------------------------

_SHOWN: Final = (Class.INT, Class.DECIMAL, Class.DATE, Class.DATETIME, Class.TIME)


def _is_plain_double(source: SqlType) -> bool:
    return source.kind is TypeKind.DOUBLE and source.scale == NOT_FIXED


def is_shown(cast: Expression) -> bool:
    """Whether an expression is a cast to text that `op_show` does; it always has a value."""
    if not isinstance(cast, Cast) or cast.mode not in (IMPLICIT, EXPLICIT):
        return False
    source, target = cast.arg.type, cast.type
    if not is_text(target) or (cast.mode == EXPLICIT and target.precision):
        return False
    if _is_plain_double(source):  # one that is computed has no room for all its digits
        return isinstance(cast.arg, ColumnRef)
    if source.cls not in _SHOWN or source.is_wide_decimal or source.mixed:
        return False
    return source.kind not in (TypeKind.BIT, TypeKind.TIMESTAMP)


def shown(coder: Coder, cast: Cast) -> Register:
    source = cast.arg.type
    if source.kind is TypeKind.YEAR and source.precision:  # of YEAR(): no year to be shown as such
        source = int_type(4)
    words = column_words(source, 0, 0, None, source.zerofill)
    column = coder.asm.words(words)
    to = coder.asm.register()
    op = text_forms_kernels.op_show
    coder.asm.emit(op, to, coder.value(cast.arg), column, text_forms_kernels.MOST_SHOWN)
    return to


def shown_double(coder: Coder, cast: Cast) -> Register | None:
    """The text of a DOUBLE, where that is not longer than such texts are."""
    source, target = cast.arg.type, cast.type
    if not _is_plain_double(source) or not is_text(target):
        return None
    if cast.mode == EXPLICIT and target.precision:
        return None
    column = coder.asm.words(column_words(source, 0, 0))
    op, most = text_forms_kernels.op_show, DOUBLE_CHARACTERS + 1
    return coder.emit_checked(op, cast, coder.value(cast.arg), column, most, partial=True)


def same_bytes(coder: Coder, cast: Cast) -> Register | None:
    """Text in UTF-8 as a binary string."""
    source, target = cast.arg.type, cast.type
    is_plain = is_text(source) and source.charset in UTF8 and is_text(target)
    if not is_plain or target.collation != BINARY or (cast.mode == EXPLICIT and target.precision):
        return None
    return coder.value(cast.arg)


def read(coder: Coder, cast: Cast) -> Register | None:
    """A text as a number or moment."""
    source, target = cast.arg.type, cast.type
    form = _form(target, cast.mode == EXPLICIT) if is_text(source) else None
    if form is None or (form[0] == codes.READ_DECIMAL and function_name(cast.arg) in MUTE):
        return None
    op = text_forms_kernels.op_read
    return coder.emit_checked(op, cast, coder.value(cast.arg), *form, partial=True)


def _form(target: SqlType, explicit: bool) -> tuple[int, int, int] | None:
    match target.cls:
        case Class.INT if target.kind not in (TypeKind.BIT, TypeKind.YEAR):
            return codes.READ_UNSIGNED if target.unsigned else codes.READ_SIGNED, 0, 0
        case Class.DOUBLE if target.kind is TypeKind.DOUBLE:
            return codes.READ_DOUBLE, 0, 0
        case Class.DECIMAL if explicit and not target.is_wide_decimal and not target.mixed:
            return codes.READ_DECIMAL, target.scale, 10**target.precision - 1
        case Class.DATE:
            return codes.READ_DATE, 0, 0
        case Class.DATETIME if target.kind is TypeKind.DATETIME:
            return codes.READ_DATETIME, target.scale, 0
        case Class.TIME:
            return codes.READ_CLOCK_OF_MOMENT, target.scale, 0
    return None


def cast(coder: Coder, node: Cast) -> Register | None:
    """From text or to it, where that may fail."""
    ways = (read, shown_double, same_bytes, code_text_shapes.in_charset)
    return next((made for way in ways if (made := way(coder, node)) is not None), None)


CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "locate": _locate,
    "instr": _locate,
    "find_in_set": _find_in_set,
    "strcmp": _strcmp,
    "field": _field,
    "greatest": _extreme,
    "least": _extreme,
    **code_text_shapes.CODED,
}
