"""Truth and choice to instructions: AND, OR, NOT, IS; IF, CASE, COALESCE and their relatives."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import logic_kernels
from mysqlcompat.machine.program import Callback, Register
from mysqlcompat.sql import typed
from mysqlcompat.sql.code_order import State
from mysqlcompat.sql.lane_forms import same_lane
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import Class, bool_type, decimal_type, double_type

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_OPERATORS: Final = {
    "and": layout.AND,
    "and@sure": layout.AND,
    "or": layout.OR,
    "or@in": layout.OR,
    "xor": layout.XOR,
    "not": layout.NOT,
    "is null": layout.IS_NULL,
    "is true": layout.IS_TRUE,
    "is false": layout.IS_FALSE,
}
_IN_LANE: Final = (Class.INT, Class.DECIMAL, Class.DOUBLE, Class.DATE, Class.DATETIME, Class.TIME)
_ZERO_DOUBLE: Final = Literal(double_type(nullable=False), 0.0)
_ZERO_DECIMAL: Final = Literal(decimal_type(1, 0, nullable=False), Decimal(0))


def truth(coder: Coder, tested: Expression) -> Register:
    """A register that is 0 where `tested` is not true. The lanes of doubles and of wide decimals
    are not: -0 has a bit that is set, and a text tells where it lies."""
    if tested.type.cls is Class.DOUBLE:
        zero = _ZERO_DOUBLE
    elif tested.type.is_wide_decimal:
        zero = _ZERO_DECIMAL
    else:
        return coder.value(tested)
    is_true = bool_type(tested.type.nullable)
    return coder.value(Call(is_true, FUNCTIONS["<>"], (tested, zero)))


def both(coder: Coder, a: Register, b: Register) -> Register:
    to = coder.asm.register()
    coder.asm.emit(logic_kernels.op_logic, to, a, b, layout.AND)
    return to


def _logic(coder: Coder, call: Call) -> Register | None:
    operator, args = _OPERATORS[call.function.name], call.args
    if operator == layout.IS_NULL:
        return _tested(coder, operator, [coder.value(args[0])])
    if any(arg.type.cls not in _IN_LANE for arg in args):
        return None
    return _tested(coder, operator, [truth(coder, arg) for arg in args])


def _tested(coder: Coder, operator: int, registers: list[Register]) -> Register:
    made = registers[0]
    for other in registers[1:] or registers:
        to = coder.asm.register()
        coder.asm.emit(logic_kernels.op_logic, to, made, other, operator)
        made = to
    return made


def _choice(coder: Coder, call: Call) -> Register | None:
    """All branches are computed, then one is chosen for each lane. If one of them fails, perhaps
    in a lane that does not choose it, the whole is evaluated anew."""
    name, args = call.function.name, call.args
    if name == "if":
        pairs, otherwise = [(args[0], args[1])], args[2]
    elif name == "case":
        whens = args[:-1] if len(args) % 2 else args
        pairs = list(zip(whens[::2], whens[1::2], strict=True))
        otherwise = args[-1] if len(args) % 2 else Literal(call.type, None)
    elif name == "nullif":
        pairs, otherwise = [(args[0], Literal(call.type, None))], args[1]
    elif len(args) == 1:
        return coder.value(args[0]) if same_lane(args[0].type, call.type) else None
    else:
        pairs, otherwise = [(arg, arg) for arg in args[:-1]], args[-1]
    branches = [value for _, value in pairs] + [otherwise]
    if not all(same_lane(branch.type, call.type) for branch in branches):
        return None
    if any(map(typed.divides_by_zero, args)):  # a constant, which would warn though nobody chose it
        return None
    is_test = name in ("if", "case", "nullif")
    if is_test and any(test.type.cls not in _IN_LANE for test, _ in pairs):
        return None
    known = _choice_begins(coder, call, pairs[0][0])
    made = coder.value(otherwise)
    for tested, branch in reversed(pairs):
        test = truth(coder, tested) if is_test else _is_there(coder, tested)
        to = coder.asm.register()
        coder.asm.emit(logic_kernels.op_choose, to, test, coder.value(branch), made)
        made = to
    return _choice_ends(coder, known, made)


def _choice_begins(coder: Coder, call: Call, first: Expression) -> Any:
    """What is computed for every lane comes before the state."""
    known = coder.inputs(call)
    coder.value(first)
    return *known, State.of(coder)


def _choice_ends(coder: Coder, known: Any, made: Register) -> Register | None:
    expression, inputs, before = known
    mark, coder.made = before.mark, dict(before.made)
    if coder.asm.calls_python_since(mark):  # who may warn of lanes that did not choose it
        before.back(coder)
        return None
    whole = Callback(expression, inputs, made, coder.asm.mark())
    for number in coder.callbacks:
        if number >= mark:
            coder.callbacks[number] = whole
    return made


def _is_there(coder: Coder, tested: Expression) -> Register:
    """1 where a value is not NULL."""
    null = _tested(coder, layout.IS_NULL, [coder.value(tested)])
    return _tested(coder, layout.NOT, [null])


CODED: Final = {
    **dict.fromkeys(_OPERATORS, _logic),
    **dict.fromkeys(("if", "ifnull", "coalesce", "case", "nullif"), _choice),
}
