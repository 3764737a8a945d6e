"""GROUP BY and aggregate functions to instructions: states in the records of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from btree.collations import CODES
from btree.schema import TypeKind
from mysqlcompat.machine import layout
from mysqlcompat.machine.accumulations import Accumulated, Accumulation, OutOfDoubles
from mysqlcompat.machine.ops import (
    aggregate_kernels,
    callback_kernels,
    collect_kernels,
    load_kernels,
    source_kernels,
    variance_kernels,
)
from mysqlcompat.machine.program import Collection, OneGroup, Register
from mysqlcompat.sql import code_decimals, typed
from mysqlcompat.sql.code_frames import FieldBinding, Frame, key_of
from mysqlcompat.sql.code_keys import description
from mysqlcompat.sql.measures import DIVISION_DIGITS
from mysqlcompat.sql.plan import SelectPlan
from mysqlcompat.sql.typed import Aggregate, ColumnRef, Expression
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.values import is_variable

if TYPE_CHECKING:
    from mysqlcompat.sql.code_scans import ScanCoder

_KINDS: Final = {
    "min": layout.MINIMUM, "max": layout.MAXIMUM, "count": layout.COUNT,
    "bit_and": layout.BIT_AND, "bit_or": layout.BIT_OR, "bit_xor": layout.BIT_XOR,
    "var_pop": layout.VARIANCE, "var_samp": layout.VARIANCE,
    "stddev_pop": layout.VARIANCE, "stddev_samp": layout.VARIANCE,
}  # fmt: skip
_BITS: Final = (layout.BIT_AND, layout.BIT_OR, layout.BIT_XOR)
_VARIANCE_FORMS: Final = {
    "var_pop": 0, "var_samp": layout.OF_SAMPLE, "stddev_pop": layout.AS_DEVIATION,
    "stddev_samp": layout.OF_SAMPLE | layout.AS_DEVIATION,
}  # fmt: skip
#: Digits of which 10^9 can be added up in 128 bits, and then be divided with four digits more.
_SUMMED_DIGITS: Final = {"sum": 29, "avg": 25}
SUPPORTED: Final = frozenset({"sum", "avg", *_KINDS})


def sum_kind(sql_type: SqlType) -> int:
    """How values of a type are summed."""
    if sql_type.cls is Class.DOUBLE:
        return layout.SUM_DOUBLE
    if sql_type.is_wide_decimal:
        return layout.SUM_TEXT
    return layout.SUM_UNSIGNED if sql_type.unsigned else layout.SUM_SIGNED


def is_accumulated(aggregate: Aggregate) -> bool:
    """Whether Python accumulates it: the kernels lack the function or its form for this type."""
    if aggregate.function not in SUPPORTED:
        return True
    if aggregate.function == "count":
        return False
    source, result = aggregate.args[0].type, aggregate.type
    if aggregate.function in _VARIANCE_FORMS:
        return False
    if _KINDS.get(aggregate.function) in _BITS:
        return source.cls is Class.STRING
    if aggregate.function in ("min", "max"):
        if source.kind in (TypeKind.ENUM, TypeKind.SET):
            return True  # compared as text, kept as numbers
        is_text = source.cls is Class.STRING and source.collation in CODES
        return is_variable(source) and not is_text
    if source.cls is Class.DOUBLE or Class.NULL in (source.cls, result.cls):
        return aggregate.distinct or Class.NULL in (source.cls, result.cls)
    if source.is_wide_decimal and source.precision > _SUMMED_DIGITS[aggregate.function]:
        return True
    given = source.scale if source.cls is Class.DECIMAL else 0
    return result.scale != given + (DIVISION_DIGITS if aggregate.function == "avg" else 0)


class AggregateCoder:
    """Codes the end of the reading stage (states) and the start of the next (results)."""

    def __init__(self, scans: ScanCoder, plan: SelectPlan) -> None:
        self.scans = scans
        self.coder = scans.coder
        self.asm = scans.asm
        self.plan = plan
        self.groups = plan.statement.group_by or ()

    def code(self) -> None:
        carried = self._carried()
        first = len(carried)
        states: list[int] = []
        for aggregate in self.plan.aggregates:
            states.append(first)
            if not is_accumulated(aggregate):
                first += layout.STATE_FIELDS[self._kind(aggregate)]
        collection = self.asm.collection(first, hashed=bool(self.groups))
        records = self._records(collection)
        places = self.scans.store(records, collection, carried, only_new=True)
        for number, aggregate in enumerate(self.plan.aggregates):
            if is_accumulated(aggregate):
                self._accumulate(number, aggregate, records)
            else:
                self._update(aggregate, records, collection, states[number])
        rollup = self.plan.statement.rollup
        single = bool(rollup) or (not self.groups and self.plan.statement.group_by is None)
        self.asm.stage(*(OneGroup(collection, len(carried)),) * single)
        self._results(collection, places, states)

    def _carried(self) -> list[Expression]:
        """Group expressions, and columns that stand outside aggregates."""
        found: dict[Any, Expression] = {
            key_of(group): group for group in self.groups if not typed.is_constant(group)
        }
        select = self.plan.statement
        roots = [item.expression for item in select.items]
        roots += [order.expression for order in select.order_by]
        if select.having is not None:
            roots.append(select.having)
        for root in roots:
            self._outside(root, found)
        return list(found.values())

    def _outside(self, expression: Expression, found: dict[Any, Expression]) -> None:
        if isinstance(expression, Aggregate) or key_of(expression) in found:
            return
        if isinstance(expression, ColumnRef):
            found[key_of(expression)] = expression
        for child in typed.children(expression):
            self._outside(child, found)

    def _records(self, collection: Collection) -> Register:
        records = self.asm.register()
        if not self.groups:
            self.asm.emit(collect_kernels.op_single, records, collection.at)
            return records
        groups = [group for group in self.groups if not typed.is_constant(group)]
        keys = self.scans.keys(groups, [description(group.type) for group in groups])
        self.asm.emit(collect_kernels.op_group, records, collection.at, keys, 0)
        return records

    def _accumulate(self, number: int, aggregate: Aggregate, records: Register) -> None:
        """An aggregate without a kernel."""
        parts = [*aggregate.args, *(order.expression for order in aggregate.order_by)]
        inputs = tuple((part.type, self.coder.value(part)) for part in parts)
        made = Accumulation(number, aggregate, records, inputs, not self.groups)
        self.coder.callbacks[self.asm.emit(callback_kernels.op_callback)] = made

    @staticmethod
    def _kind(aggregate: Aggregate) -> int:
        kind = _KINDS.get(aggregate.function)
        return sum_kind(aggregate.args[0].type) if kind is None else kind

    def _update(
        self, aggregate: Aggregate, records: Register, collection: Collection, field: int
    ) -> None:
        kind = self._kind(aggregate)
        at, _ = collection.field(field)
        single = int(not self.groups)
        if aggregate.function == "count" and not aggregate.args:
            self.asm.emit(aggregate_kernels.op_count, records, 0, at, single)
            return
        if kind == layout.SUM_TEXT and not aggregate.distinct:
            pair = code_decimals.wide(self.coder, aggregate.args[0])
            assert pair is not None, "more digits are accumulated"
            rest = (at, kind, 0, single, pair.high)
            self.asm.emit(aggregate_kernels.op_sum, records, pair.low, *rest)
            return
        source = self._argument(aggregate)
        if kind == layout.COUNT:
            self.asm.emit(aggregate_kernels.op_count, records, source, at, single)
        elif kind == layout.VARIANCE:
            self.asm.emit(variance_kernels.op_variance, records, source, at, single)
        elif kind in _BITS:
            self.asm.emit(aggregate_kernels.op_bits, records, source, at, kind, single)
        elif kind in (layout.MINIMUM, layout.MAXIMUM):
            by, collation = self._order(aggregate.args[0].type)
            op = aggregate_kernels.op_extreme
            self.asm.emit(op, records, source, at, kind, by, collation, collection.at)
        else:
            scale = aggregate.args[0].type.scale if kind == layout.SUM_TEXT else 0
            self.asm.emit(aggregate_kernels.op_sum, records, source, at, kind, scale, single)

    def _argument(self, aggregate: Aggregate) -> Register:
        """Register with the argument, NULL where DISTINCT leaves it out."""
        if len(aggregate.args) > 1:
            return self._several(aggregate)
        source = self.coder.value(aggregate.args[0])
        if not aggregate.distinct or aggregate.function in ("min", "max"):
            return source
        return self._distinct(aggregate, source)

    def _several(self, aggregate: Aggregate) -> Register:
        """COUNT(DISTINCT a, b): NULL where any of them is."""
        args = aggregate.args
        keys = self.scans.keys(args, [description(arg.type) for arg in args])
        return self._distinct(aggregate, keys)

    def _distinct(self, aggregate: Aggregate, source: Register) -> Register:
        seen = self.asm.collection(0, hashed=True)
        parts = [*(one for one in self.groups if not typed.is_constant(one)), *aggregate.args]
        keys = self.scans.keys(parts, [description(one.type) for one in parts])
        mask, to = self.asm.register(), self.asm.register()
        self.asm.emit(collect_kernels.op_group, mask, seen.at, keys, 0)
        self.asm.emit(load_kernels.op_copy, to, source, mask)
        return to

    @staticmethod
    def _order(sql_type: SqlType) -> tuple[int, int]:
        if is_variable(sql_type):
            return layout.BY_TEXT, CODES[sql_type.collation]
        if sql_type.cls is Class.DOUBLE:
            return layout.DOUBLE, 0
        unsigned = sql_type.cls is Class.INT and sql_type.unsigned
        return (layout.UNSIGNED if unsigned else layout.SIGNED), 0

    # the stage after

    def _results(
        self, collection: Collection, places: dict[Any, tuple[int, int]], states: list[int]
    ) -> None:
        records = self.asm.register()
        self.asm.emit(source_kernels.op_records, records, collection.at, self.asm.state(8))
        frame = Frame()
        for key, (at, null_at) in places.items():
            frame.fields[key] = FieldBinding(records, at, null_at)
        for place, aggregate in enumerate(self.plan.aggregates):
            to = self.asm.register()
            if is_accumulated(aggregate):
                made = Accumulated(place, aggregate, records, to)
                self.coder.callbacks[self.asm.emit(callback_kernels.op_callback)] = made
                frame.registers[key_of(aggregate)] = to
                continue
            at, _ = collection.field(states[place])
            if aggregate.function in _VARIANCE_FORMS:
                form = _VARIANCE_FORMS[aggregate.function]
                op = variance_kernels.op_variance_result
                number = self.asm.emit(op, to, records, at, form)
                self.coder.callbacks[number] = OutOfDoubles(aggregate)
                frame.registers[key_of(aggregate)] = to
                continue
            form, scale = self._form(aggregate)
            op = aggregate_kernels.op_result
            self.asm.emit(op, to, records, at, self._kind(aggregate), form, scale)
            frame.registers[key_of(aggregate)] = to
        self.coder.enter(frame)

    def _form(self, aggregate: Aggregate) -> tuple[int, int]:
        """Form of op_result, and the scale of its text."""
        kind, result = self._kind(aggregate), aggregate.type
        if kind in (layout.COUNT, layout.MINIMUM, layout.MAXIMUM, *_BITS):
            return layout.AS_LANE, 0
        average = aggregate.function == "avg"
        if kind == layout.SUM_DOUBLE:
            return (layout.AS_AVERAGE_DOUBLE if average else layout.AS_LANE), 0
        if result.is_wide_decimal:
            return (layout.AS_AVERAGE_TEXT if average else layout.AS_TEXT), result.scale
        return (layout.AS_AVERAGE_LANE if average else layout.AS_LANE), result.scale
