"""Several ops for one call, any of which may fail: the call is then evaluated anew in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from btree.collations import CODES
from btree.schema import TypeKind
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    arithmetic_kernels,
    compare_kernels,
    division_kernels,
    load_kernels,
    logic_kernels,
    moment_kernels,
)
from mysqlcompat.machine.program import Callback, Register
from mysqlcompat.sql.lane_forms import lane_order
from mysqlcompat.sql.typed import Expression
from mysqlcompat.sqltypes import Class
from mysqlcompat.values import is_variable

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder


def comparing(operator: int, left: Expression, right: Expression) -> tuple[Any, int, int] | None:
    """The op that compares two values of the same form, and its operands behind the registers."""
    a, b = left.type, right.type
    if a.cls is not b.cls or TypeKind.BIT in (a.kind, b.kind):
        return None
    if a.cls is Class.STRING:
        if not (is_variable(a) and is_variable(b)) or a.collation != b.collation:
            return None
        code = CODES.get(a.collation)
        return None if code is None else (compare_kernels.op_compare_text, operator, code)
    mode = lane_order(a, [b])
    return None if mode is None else (compare_kernels.op_compare, operator, mode)


class Chain:
    """The ops of `node`. Its arguments are computed before the first of them."""

    def __init__(self, coder: Coder, node: Expression, *args: Expression) -> None:
        self._coder = coder
        self.args = [coder.value(arg) for arg in args]
        self._expression, self._inputs = coder.inputs(node)
        self._numbers: list[int] = []

    def op(self, op: Any, *operands: Any) -> Register:
        to = self._coder.asm.register()
        self._numbers.append(self._coder.asm.emit(op, to, *operands))
        return to

    def end(self, made: Register) -> Register:
        """`made` is the result; the ops that may fail are answered by the whole."""
        asm = self._coder.asm
        whole = Callback(self._expression, self._inputs, made, asm.mark())
        for number in self._numbers:
            self._coder.callbacks[number] = whole
        return made

    def constant(self, lane: int, null: int = 0) -> Register:
        return self.op(load_kernels.op_constant, lane, null)

    def arithmetic(
        self, a: Register, operator: int, b: Register, factor_a: int = 1, factor_b: int = 1
    ) -> Register:
        """a × its factor + or - b × its own, or a × b."""
        ops = arithmetic_kernels.op_arithmetic
        return self.op(ops, a, b, operator, layout.SIGNED, factor_a, factor_b)

    def divided(self, a: Register, by: int) -> Register:
        """a DIV by, towards zero."""
        one = self.constant(1)
        kind = codes.INTEGER_DIVIDE
        return self.op(division_kernels.op_divide, a, one, kind, layout.SIGNED, 1, by)

    def micros(self, a: Register, kind: int, x: Register | int = 0, y: Any = 1) -> Register:
        return self.op(moment_kernels.op_micros, a, kind, x, y)

    def choose(self, condition: Register, a: Register, b: Register) -> Register:
        return self.op(logic_kernels.op_choose, condition, a, b)

    def is_null(self, a: Register) -> Register:
        return self.op(logic_kernels.op_logic, a, a, layout.IS_NULL)

    def logic(self, operator: int, a: Register, b: Register) -> Register:
        return self.op(logic_kernels.op_logic, a, b, operator)
