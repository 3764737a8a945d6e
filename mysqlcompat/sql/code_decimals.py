"""Arithmetic to instructions: integers, decimals in lanes or in pairs of registers, doubles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import arithmetic_kernels, division_kernels, wide_ops_kernels
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.typed import Call, Cast, Expression
from mysqlcompat.sqltypes import PAIR_DECIMAL_DIGITS, Class, SqlType

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

OPERATORS: Final = {"+": layout.ADD, "-": layout.SUBTRACT, "*": layout.MULTIPLY}
DIVISIONS: Final = {"/": codes.DIVIDE, "div": codes.INTEGER_DIVIDE, "%": codes.REMAINDER}
_WORD: Final = 9  #: digits of the words in which MySQL divides, whole words behind the point
_BIGINT: Final = 20  #: characters of an unsigned BIGINT
_LONGEST: Final = 19  #: digits of every other integer


@dataclass(frozen=True, slots=True)
class Pair:
    """128-bit numbers: low words, and high words (None: the signs of the low ones)."""

    low: Register
    high: Register | None = None

    def operands(self) -> tuple[Any, Any]:
        return self.low, 0 if self.high is None else self.high


def _scale(sql_type: SqlType) -> int:
    return sql_type.scale if sql_type.cls is Class.DECIMAL else 0


def _is_exact(sql_type: SqlType) -> bool:
    """A number whose value times 10^scale fits a pair."""
    if sql_type.cls is Class.INT:
        return sql_type.kind is not TypeKind.BIT and not (
            sql_type.unsigned and sql_type.length >= _BIGINT
        )
    is_short = sql_type.precision <= PAIR_DECIMAL_DIGITS and not sql_type.mixed
    return sql_type.cls is Class.DECIMAL and is_short


def _is_lane(sql_type: SqlType) -> bool:
    """An exact number whose lane is the number itself."""
    if sql_type.cls is Class.INT:
        return sql_type.kind is not TypeKind.BIT
    return sql_type.cls is Class.DECIMAL and not sql_type.is_wide_decimal


def arithmetic(coder: Coder, call: Call) -> Register | None:
    """``+ - *``; None when Python has to."""
    operator, (left, right) = OPERATORS[call.function.name], call.args
    a, b, result = left.type, right.type, call.type
    if result.cls is Class.DOUBLE:
        if not a.cls is b.cls is Class.DOUBLE:
            return None
        rest = (operator, layout.DOUBLE, 1, 1)
    elif result.cls is Class.INT:
        if not a.cls is b.cls is Class.INT or TypeKind.BIT in (a.kind, b.kind):
            return None
        rest = (operator, _unsigned_mode(a, b, result), 1, 1)
    elif not (result.cls is Class.DECIMAL and _is_exact(a) and _is_exact(b)):
        return None
    elif result.is_wide_decimal or a.is_wide_decimal or b.is_wide_decimal:
        pair = wide(coder, call)
        return None if pair is None else text_of(coder, pair, call.type)
    else:
        factors = _factors(operator, a, b, result)
        if factors is None:
            return None
        rest = (operator, layout.SIGNED, *factors)
    op = arithmetic_kernels.op_arithmetic
    return coder.emit_checked(op, call, coder.value(left), coder.value(right), *rest)


def _unsigned_mode(a: SqlType, b: SqlType, result: SqlType) -> int:
    unsigned = codes.UNSIGNED_A * a.unsigned + codes.UNSIGNED_B * b.unsigned
    return unsigned + codes.UNSIGNED_RESULT * result.unsigned


def _factors(operator: int, a: SqlType, b: SqlType, result: SqlType) -> tuple[int, int] | None:
    """What brings both sides to the scale at which the result comes out."""
    one, other = _scale(a), _scale(b)
    if operator == layout.MULTIPLY:
        return (1, 1) if one + other == result.scale else None
    if max(one, other) != result.scale:
        return None
    return 10 ** (result.scale - one), 10 ** (result.scale - other)


def negation(coder: Coder, call: Call) -> Register | None:
    (arg,) = call.args
    a, result = arg.type, call.type
    if a.unsigned or a.cls is not result.cls or a.is_wide_decimal or result.is_wide_decimal:
        return None
    if a.cls not in (Class.INT, Class.DECIMAL, Class.DOUBLE) or a.scale != result.scale:
        return None
    mode = layout.DOUBLE if a.cls is Class.DOUBLE else layout.SIGNED
    value = coder.value(arg)
    op = arithmetic_kernels.op_arithmetic
    return coder.emit_checked(op, call, value, value, layout.NEGATE, mode, 1, 1)


def division(coder: Coder, call: Call) -> Register | None:
    """``/ DIV %``; None when Python has to."""
    kind, (left, right) = DIVISIONS[call.function.name], call.args
    a, b, result = left.type, right.type, call.type
    mode, factors = _unsigned_mode(a, b, result), (1, 1)
    if a.cls is b.cls is Class.DOUBLE:
        if kind != codes.DIVIDE or result.cls is not Class.DOUBLE:
            return None
        mode = layout.DOUBLE
    elif not (_is_lane(a) and _is_lane(b)) or result.is_wide_decimal:
        return None
    elif kind == codes.DIVIDE:
        digits = result.scale - _scale(a) + _scale(b)
        if result.cls is not Class.DECIMAL or not 0 <= digits <= 18:
            return None
        kind = codes.DIVIDE if _is_rounded(a, b, result) else codes.DIVIDE_CUT
        factors = 10**digits, 1
    else:
        scale = max(_scale(a), _scale(b))
        if kind == codes.REMAINDER and _scale(result) != scale:
            return None
        factors = 10 ** (scale - _scale(a)), 10 ** (scale - _scale(b))
    op = division_kernels.op_divide
    x, y = coder.value(left), coder.value(right)
    return coder.emit_checked(op, call, x, y, kind, mode, *factors, partial=True)


def _is_rounded(a: SqlType, b: SqlType, result: SqlType) -> bool:
    """Whether MySQL has digits of a quotient behind those it shows."""
    one, other = _scale(a), _scale(b)
    padding = -one % _WORD + -other % _WORD
    more = max(result.scale - one - padding, 0)
    return -(-(one + other + padding + more) // _WORD) * _WORD > result.scale


def wide(coder: Coder, expression: Expression) -> Pair | None:
    """A decimal of at most 38 digits in two registers; None when Python has to."""
    if not _is_exact(expression.type):
        return None
    if not expression.type.is_wide_decimal:
        return Pair(coder.value(expression))
    made: Pair | None = coder.remembered("pair", expression)
    if made is None:
        made = _wide_call(coder, expression) or _read(coder, expression)
        coder.remember("pair", expression, made)
    return made


def _wide_call(coder: Coder, expression: Expression) -> Pair | None:
    """The pair of an operator over pairs, or of a number with more decimals."""
    match expression:
        case Call(function=function, args=(left, right)) if function.name in OPERATORS:
            operator = OPERATORS[function.name]
            factors = _factors(operator, left.type, right.type, expression.type)
            if factors is None or max(factors) >= 1 << 62:
                return None
            a, b = wide(coder, left), wide(coder, right)
            if a is not None and b is not None:
                return _emit(coder, operator, a, b, *factors)
        case Cast(arg=arg) if arg.type.cls in (Class.INT, Class.DECIMAL):
            more = expression.type.scale - _scale(arg.type)
            digits = arg.type.precision if arg.type.cls is Class.DECIMAL else _LONGEST
            room = expression.type.precision - expression.type.scale
            pair = wide(coder, arg) if 0 <= more <= 18 else None
            if pair is not None and room >= digits - _scale(arg.type):
                return _emit(coder, layout.ADD, pair, pair, 10**more, 0)
    return None


def _read(coder: Coder, expression: Expression) -> Pair:
    text = Pair(coder.value(expression))
    return _emit(coder, codes.FROM_TEXT, text, text, expression.type.scale, 0)


def _emit(coder: Coder, operator: int, a: Pair, b: Pair, x: int, y: int) -> Pair:
    to = Pair(coder.asm.register(), coder.asm.register())
    specification = coder.asm.words([operator, x, y])
    op = wide_ops_kernels.op_wide
    coder.asm.emit(op, *to.operands(), *a.operands(), *b.operands(), specification)
    return to


def text_of(coder: Coder, pair: Pair, sql_type: SqlType) -> Register:
    """A pair as the text that lanes of wide decimals are."""
    return _emit(coder, codes.TO_TEXT, pair, pair, sql_type.scale, 0).low


def comparison(coder: Coder, operator: int, left: Expression, right: Expression) -> Register | None:
    """A comparison of decimals one of which is wide."""
    scale = max(_scale(left.type), _scale(right.type))
    factors = 10 ** (scale - _scale(left.type)), 10 ** (scale - _scale(right.type))
    whole = max(one.type.precision - one.type.scale for one in (left, right))
    if whole + scale > PAIR_DECIMAL_DIGITS or max(factors) >= 1 << 62:
        return None
    a, b = wide(coder, left), wide(coder, right)
    if a is None or b is None:
        return None
    return _emit(coder, codes.COMPARE + operator, a, b, *factors).low
