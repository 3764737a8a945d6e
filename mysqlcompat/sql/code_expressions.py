"""Expressions to instructions: each gives a register. What no op can do becomes one callback.

A `Frame` says where the values of this stage come from: row registers of tables, fields of records,
registers already made. Everything else is computed and remembered until the batch is compacted
(`shorten`), after which it is computed again from the frame where it is still needed.

A kernel op that may fail (overflow, a value out of a column's range) has a callback for its
expression too: `run` answers the failure by evaluating that batch in Python, which raises MySQL's
error, or finds that in this mode it is only a warning.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any, Final

from btree.layout import RUN_SHIFT
from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import HIDDEN
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    arithmetic_kernels as arithmetic,
)
from mysqlcompat.machine.ops import (
    callback_kernels,
    collect_kernels,
    compare_kernels,
    load_kernels,
    logic_kernels,
)
from mysqlcompat.machine.program import Answering, Assembler, Callback, Constant, Register, Slot
from mysqlcompat.sql import code_decimals, code_json, code_logic, code_moments, code_texts, typed
from mysqlcompat.sql.code_chains import comparing
from mysqlcompat.sql.code_frames import Frame, RowBinding, is_stable, key_of
from mysqlcompat.sql.code_functions import CODED as FUNCTIONS
from mysqlcompat.sql.code_functions import date_cast
from mysqlcompat.sql.code_order import coded_in_order
from mysqlcompat.sql.describe import origin_name
from mysqlcompat.sql.lane_forms import (
    ANYTHING,
    assignable,
    conversion,
    is_same,
    lane_order,
)
from mysqlcompat.sql.typed import (
    ASSIGN,
    EXPLICIT,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    DefaultValue,
    Expression,
    Literal,
    Param,
)
from mysqlcompat.sqltypes import TEMPORAL, Class, SqlType
from mysqlcompat.values import is_variable, to_bytes, to_lane

#: Table number of what a callback's expression takes from the frame besides columns.
INPUT: Final = 1 << 20
MAX_IN_LIST: Final = 32  #: of what is compared one by one; longer ones are one callback

_COMPARISONS: Final = {
    "=": layout.EQ,
    "=@in": layout.EQ,
    "=@when": layout.EQ,
    "<>": layout.NE,
    "!=": layout.NE,
    "<": layout.LT,
    "<=": layout.LE,
    ">": layout.GT,
    ">=": layout.GE,
    "<=>": layout.NULL_SAFE_EQ,
}
#: The operator when the sides are exchanged.
_MIRRORED: Final = {
    layout.LT: layout.GT,
    layout.GT: layout.LT,
    layout.LE: layout.GE,
    layout.GE: layout.LE,
}
_ORDINAL: Final = (layout.SIGNED, layout.UNSIGNED, layout.DOUBLE)  #: modes of op_keep
CODED: Final = {
    **FUNCTIONS,
    **code_logic.CODED,
    **code_moments.CODED,
    **code_texts.CODED,
    **code_json.CODED,
    **dict.fromkeys(code_decimals.OPERATORS, code_decimals.arithmetic),
    **dict.fromkeys(code_decimals.DIVISIONS, code_decimals.division),
    "neg": code_decimals.negation,
}


class Coder:
    """Codes the expressions of one program."""

    has_parts = True  #: what a callback looks at may be computed before it by ops
    is_within = False  #: a call whose batches are evaluated as a whole (`code_order`)
    most_rows = layout.VECTOR  #: in a batch that is gathered or given

    def __init__(self, assembler: Assembler) -> None:
        self.asm = assembler
        self.slots: list[Slot] = []
        self.callbacks: dict[int, Callback | Answering] = {}
        self.frame = Frame()
        self.slot_of: dict[Any, int] = {}
        self.made: dict[Any, Any] = {}  #: registers and pairs, of the batch as it is

    # frames

    def enter(self, frame: Frame) -> None:
        """A new stage begins."""
        self.frame = frame
        self.made.clear()

    def shorten(self) -> Constant:
        """The batch is about to be compacted: list of registers that follow."""
        self.made.clear()
        bases = self.frame.bases()
        return self.asm.words([len(bases), *bases])  # type: ignore[list-item]

    def filter(self, condition: Expression) -> None:
        """Keep the lanes where a condition is true."""
        if self._kept(condition):
            return
        self.keep(code_logic.truth(self, condition))

    def keep(self, condition: Register) -> None:
        """Keep the lanes where a register is true."""
        self.asm.emit(logic_kernels.op_filter, condition, self.shorten())

    def _kept(self, condition: Expression) -> bool:
        """Whether a condition compares a value with a constant, and one op has been made of it."""
        if not isinstance(condition, Call) or len(condition.args) != 2:
            return False
        operator = _COMPARISONS.get(condition.function.name, layout.NULL_SAFE_EQ)
        left, right = condition.args
        if typed.is_constant(left):
            operator, left, right = _MIRRORED.get(operator, operator), right, left
        form = comparing(operator, left, right)
        if operator == layout.NULL_SAFE_EQ or form is None or not typed.is_constant(right):
            return False
        wide = left.type.is_wide_decimal or right.type.is_wide_decimal
        if form[0] is not compare_kernels.op_compare or form[2] not in _ORDINAL or wide:
            return False
        a = self.value(left)
        if a in self.frame.bases():
            return False
        self.asm.emit(compare_kernels.op_keep, a, *self._member(right), *form[1:], self.shorten())
        return True

    # slots

    def slot(self, expression: Expression) -> int:
        """Number of the slot for a constant expression."""
        key = key_of(expression)
        if isinstance(expression, Literal) and expression.literal_no is not None:
            key = ("literal", expression.literal_no, expression.type)
        found = self.slot_of.get(key)
        if found is None:
            found = self.slot_of[key] = self.new_slot(expression)
        return found

    def new_slot(self, expression: Expression, row: int = 1) -> int:
        param_no = expression.param_no if isinstance(expression, Param) else -1
        literal_no = -1
        if isinstance(expression, Literal) and expression.literal_no is not None:
            literal_no = expression.literal_no
        self.slots.append(Slot(expression.type, expression, param_no, literal_no, row))
        return len(self.slots) - 1

    # values

    def value(self, expression: Expression) -> Register:
        """Register with the value of an expression in every lane."""
        key = key_of(expression)
        made = self.made.get(key) or self.frame.registers.get(key)
        if made is None:
            made = self._compute(expression, key)
            if is_stable(expression):
                self.made[key] = made
        return made

    def is_known(self, expression: Expression) -> bool:
        """Whether the value is at hand; what it was made of may not be."""
        key = key_of(expression)
        return key in self.frame.registers or key in self.frame.fields

    def _compute(self, expression: Expression, key: Any) -> Register:
        kept = self.frame.fields.get(key)
        if kept is not None:
            to = self.asm.register()
            self.asm.emit(collect_kernels.op_field, to, kept.records, kept.at, kept.null_at)
            return to
        if typed.is_constant(expression):
            return self._constant(expression)
        match expression:
            case ColumnRef():
                return self._column(expression)
            case Call():
                made = coded_in_order(self, expression)
            case Cast():
                made = self._cast(expression)
            case Aggregate() | DefaultValue():
                raise SqlError(1111)
            case _:
                made = None
        return made if made is not None else self.callback(expression)

    def _constant(self, expression: Expression) -> Register:
        to = self.asm.register()
        if isinstance(expression, Literal) and expression.literal_no is None:
            if expression.value is None:
                self.asm.emit(load_kernels.op_constant, to, 0, 1)
                return to
            self.asm.emit(load_kernels.op_constant, to, self._lane(expression), 0)
            return to
        self.asm.emit(load_kernels.op_slot, to, self.slot(expression))
        return to

    def _lane(self, literal: Literal) -> int:
        """The lane of a value that is part of the plan."""
        if not is_variable(literal.type):
            return to_lane(literal.value, literal.type)
        data = to_bytes(literal.value, literal.type)
        return self.asm.block(data or b"\0") << RUN_SHIFT | len(data)

    def _column(self, column: ColumnRef) -> Register:
        binding = self.frame.rows[column.table_no]
        if binding.wanted is not None:
            self.asm.set_word(binding.wanted, column.column_no, 1)
        return self._extract(binding, binding.rows, column.column_no)

    def stored(self, table_no: int, column_no: int) -> Register:
        """A column as the row has it, perhaps only the reference of a long value."""
        binding = self.frame.rows[table_no]
        return self._extract(binding, binding.raw or binding.rows, column_no)

    def _extract(self, binding: RowBinding, rows: Register, column_no: int) -> Register:
        to = self.asm.register()
        table = binding.table.descriptor
        self.asm.emit(load_kernels.op_column, to, rows, table, column_no, int(binding.outer))
        return to

    def callback(self, expression: Expression) -> Register:
        """An expression evaluated in Python, from values computed by ops where possible."""
        to = self.asm.register()
        made = self._callback(expression, to)
        number = self.asm.emit(callback_kernels.op_callback)
        self.callbacks[number] = made
        return to

    def _callback(self, expression: Expression, to: Register) -> Callback:
        rewritten, inputs = self.inputs(expression)
        return Callback(rewritten, inputs, to)

    def inputs(
        self, expression: Expression, own: Container[Any] = ()
    ) -> tuple[Expression, dict[tuple[int, int], tuple[SqlType, Register]]]:
        """An expression as Python evaluates it, and the registers it takes values from.

        own  keys of columns that whoever evaluates has by himself
        """
        inputs: dict[tuple[int, int], tuple[SqlType, Register]] = {}
        places: dict[Any, ColumnRef] = {}
        by_ops = self.has_parts and not own

        def rewrite(node: Expression) -> Expression:
            key = key_of(node)
            if isinstance(node, ColumnRef):
                if key not in own:
                    inputs[node.table_no, node.column_no] = (node.type, self.value(node))
                return node
            is_kept = key in self.frame.fields or key in self.frame.registers
            if is_kept or (by_ops and code_json.is_shown(node)):
                if key not in places:
                    at, shown = len(places), origin_name(node)
                    places[key] = ColumnRef(node.type, INPUT, at, shown, node)
                    inputs[INPUT, at] = (node.type, self.value(node))
                return places[key]
            match node:
                case Call():
                    return replace(node, args=tuple(map(rewrite, code_json.taken(node, by_ops))))
                case Cast():
                    return replace(node, arg=rewrite(node.arg))
            return node

        return rewrite(expression), inputs

    # operators

    def coded(self, call: Call) -> Register | None:
        name, args = call.function.name, call.args
        if name in _COMPARISONS and len(args) == 2:
            return self._comparison(_COMPARISONS[name], args[0], args[1])
        if name == "between":
            least = self._comparison(layout.GE, args[0], args[1])
            most = self._comparison(layout.LE, args[0], args[2])
            return None if least is None or most is None else code_logic.both(self, least, most)
        if name == "in":
            return self._in(args[0], args[1:])
        operator, _, form = name.partition("@")
        if form == "near":
            near = self._lane(args[2])  # type: ignore[arg-type]
            operands = _COMPARISONS[operator], near
            return self._emit(compare_kernels.op_compare_near, args[0], args[1], *operands)
        coded = CODED.get(name)
        return None if coded is None else coded(self, call)

    def emit_checked(
        self, op: Any, node: Expression, *operands: Any, partial: bool = False
    ) -> Register:
        """An op whose failure is answered by evaluating `node` in Python for that batch; partial:
        for the lanes it has marked."""
        to = self.asm.register()
        plan = replace(self._callback(node, to), partial=partial)
        self.callbacks[self.asm.emit(op, to, *operands)] = plan
        return to

    def remembered(self, what: str, expression: Expression) -> Any:
        """What was made for an expression besides its register."""
        return self.made.get((what, key_of(expression)))

    def remember(self, what: str, expression: Expression, made: Any) -> None:
        if is_stable(expression):
            self.made[what, key_of(expression)] = made

    def _comparison(self, operator: int, left: Expression, right: Expression) -> Register | None:
        a, b = left.type, right.type
        if a.cls is not b.cls or TypeKind.BIT in (a.kind, b.kind):
            return None
        if a.cls is Class.JSON:
            return code_json.comparison(self, operator, left, right)
        if a.cls is Class.DECIMAL and (a.is_wide_decimal or b.is_wide_decimal):
            return code_decimals.comparison(self, operator, left, right)
        return self.compared(operator, left, right)

    def _emit(self, op: Any, left: Expression, right: Expression, *rest: int) -> Register:
        a, b = self.value(left), self.value(right)
        to = self.asm.register()
        self.asm.emit(op, to, a, b, *rest)
        return to

    def compared(self, operator: int, left: Expression, right: Expression) -> Register | None:
        """What op_compare or op_compare_text says of two values that lie in lanes."""
        form = comparing(operator, left, right)
        return None if form is None else self._emit(form[0], left, right, *form[1:])

    def _in(self, left: Expression, members: tuple[Expression, ...]) -> Register | None:
        mode = lane_order(left.type, [member.type for member in members])
        if mode is not None and all(map(typed.is_constant, members)):
            to = self.asm.register()
            listed = [word for member in members for word in self._member(member)]
            words = self.asm.words([len(members), *listed])
            self.asm.emit(compare_kernels.op_in, to, self.value(left), words, mode)
            return to
        made: Register | None = None
        for member in members if len(members) <= MAX_IN_LIST else ():
            one = self._comparison(layout.EQ, left, member)
            if one is None:
                return None
            if made is None:
                made = one
                continue
            to = self.asm.register()
            self.asm.emit(logic_kernels.op_logic, to, made, one, layout.OR)
            made = to
        return made

    def _member(self, member: Expression) -> tuple[int, int]:
        """A constant of an IN list: (slot, 0), or (-1, lane)."""
        if isinstance(member, Literal) and member.literal_no is None and member.value is not None:
            return -1, self._lane(member)
        return self.slot(member), 0

    # casts

    def _cast(self, cast: Cast) -> Register | None:
        source, target = cast.arg.type, cast.type
        if cast.mode == ASSIGN:
            return self._assigned(cast)
        made = code_json.cast(self, cast, cast)
        if made is not None:
            return made
        if TypeKind.TIMESTAMP in (source.kind, target.kind) and source.kind is not target.kind:
            return None
        if source.cls is target.cls and is_same(source, target):
            return self.value(cast.arg)
        form = conversion(source, target)
        if form is None:
            coded = code_texts.shown if code_texts.is_shown(cast) else code_texts.cast
            return coded(self, cast) or date_cast(self, cast)
        return self.emit_checked(arithmetic.op_convert, cast, self.value(cast.arg), *form)

    def _assigned(self, cast: Cast) -> Register | None:
        """A value that goes into a column as it is, once its range is checked; else for Python."""
        if cast.into.startswith(HIDDEN) and any(
            isinstance(node, Cast) and node.mode == EXPLICIT for node in typed.walk(cast.arg)
        ):
            return code_json.key_part(self, cast)  # what it complains of is said of the index
        limits = assignable(cast.arg.type, cast.type)
        if limits is None or (cast.type.cls in TEMPORAL and typed.has_params(cast.arg)):
            return None  # a date that is sent may be one that sql_mode refuses
        refuses_null = cast.arg.type.nullable and not cast.type.nullable
        a = self.value(cast.arg)
        if limits == ANYTHING and not refuses_null:
            return a
        return self.emit_checked(arithmetic.op_limits, cast, a, *limits, int(refuses_null))
