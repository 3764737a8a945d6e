"""INSERT, UPDATE and DELETE to programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from btree.schema import ROW_ID, Check, Column, Table
from btree.txn_layout import (
    MODE_COMMITTED,
    MODE_EXCLUSIVE,
    MODE_ONE,
    MODE_SHARED,
    MODE_SNAPSHOT_BELOW,
)
from mysqlcompat.errors import SqlError
from mysqlcompat.machine.layout import VECTOR
from mysqlcompat.machine.ops import (
    autoinc_kernels,
    collect_kernels,
    given_kernels,
    load_kernels,
    logic_kernels,
    source_kernels,
    write_kernels,
)
from mysqlcompat.machine.program import Constant, Program, Register, Sorted
from mysqlcompat.sql import typed
from mysqlcompat.sql.code_expressions import Coder
from mysqlcompat.sql.code_frames import FieldBinding, Frame, row_frame
from mysqlcompat.sql.code_keys import description, sortable
from mysqlcompat.sql.code_scans import ScanCoder
from mysqlcompat.sql.codegen import SelectCoder, Target, finish
from mysqlcompat.sql.column_defaults import column_default, on_update_value
from mysqlcompat.sql.plan import DeletePlan, InsertPlan, Plan, Scan, SelectPlan, UpdatePlan
from mysqlcompat.sql.table_expressions import check_expression, default_value, generated_value
from mysqlcompat.sql.typed import (
    ASSIGN,
    Cast,
    ColumnRef,
    DefaultValue,
    Expression,
    Insert,
    Literal,
    Order,
    Update,
)
from mysqlcompat.sqltypes import column_type, int_type


def code_plan(target: Target, plan: Plan) -> Program:
    """Program of any plan."""
    from mysqlcompat.sql.codegen import code_select

    match plan:
        case SelectPlan():
            return code_select(target, plan)
        case InsertPlan():
            return _InsertCoder(target, plan).code()
        case UpdatePlan():
            return _ChangeCoder(target, plan).update(plan)
        case DeletePlan():
            return _ChangeCoder(target, plan).delete(plan)


def stored_numbers(table: Table) -> list[int]:
    return list(range(len(table.stored_columns)))


class _InsertCoder:
    def __init__(self, target: Target, plan: InsertPlan) -> None:
        statement = plan.statement
        if statement.on_duplicate:
            raise SqlError(1235, "INSERT … ON DUPLICATE KEY UPDATE")
        if statement.replace:
            raise SqlError(1235, "REPLACE")
        if statement.ignore:
            raise SqlError(1235, "INSERT IGNORE")
        if not isinstance(statement.table.table, Table):
            raise SqlError(1044, "root@localhost", statement.table.database)
        self.target = target
        self.plan = plan
        self.statement: Insert = statement
        self.table: Table = statement.table.table
        self.coder = target.coder()
        self.asm = self.coder.asm
        self.given = 0
        self.cells: list[Expression] = []  #: of a row that a run is given
        self.loads: list[int] = []  #: the instructions that load them
        self.source = 0  #: the instruction that counts them

    def code(self) -> Program:
        if self.statement.given:
            registers = self._from_given()
        else:
            registers = self._from_select() if self.plan.select else self._from_values()
        generate(self.coder, self.table, registers)
        self._insert(registers)
        self._last_slots()
        tables = self.target.related(self.table)
        if self.plan.select:
            sources = self.plan.select.statement.tables
            tables += [one.table for one in sources if isinstance(one.table, Table)]
        return finish(
            self.target,
            self.coder,
            "write",
            tables,
            self.plan,
            sources=(self.statement.table,),
            statement_kind="insert",
            written=self.table,
            row_registers=registers,
            from_select=self.plan.select is not None,
            given=self.given,
            single_row=self._is_single_row,
            one_row=self._is_single_row,
        )

    @property
    def _is_single_row(self) -> bool:
        is_values = self.plan.select is None and not self.statement.given
        return is_values and len(self.statement.rows) == 1

    def _from_values(self) -> dict[int, Register]:
        """Rows of VALUES: every value is a slot, a column is every n-th of them."""
        rows, columns = self.statement.rows, self.statement.columns
        first = len(self.coder.slots)
        for number, row in enumerate(rows, 1):
            for column_no, value in zip(columns, row, strict=True):
                self.coder.new_slot(self._given(value, column_no), number)
        self.asm.stage()
        self.coder.enter(Frame())
        numbers = self.asm.register()
        if self.target.row_by_row:  # the run says how many: those before one that has no value
            self.given, state = self.asm.state(8), self.asm.state(8)
            self.asm.emit(given_kernels.op_given_numbers, numbers, self.given, state, 1)
        else:
            self.asm.emit(source_kernels.op_numbers, numbers, len(rows), self.asm.state(8))
        registers: dict[int, Register] = {}
        for place, column_no in enumerate(columns):
            to = registers[column_no] = self.asm.register()
            self.asm.emit(load_kernels.op_slots_column, to, first + place, len(columns), numbers)
        self._defaults(registers)
        return registers

    def _from_given(self) -> dict[int, Register]:
        """Rows of which only the run knows how many: their slots follow all others (`_last_slots`),
        those of a row, and again, and again."""
        (row,), columns = self.statement.rows, self.statement.columns
        self.asm.stage()
        self.coder.enter(Frame())
        numbers = self.asm.register()
        self.given = self.asm.state(8)
        source = given_kernels.op_given_numbers
        self.source = self.asm.emit(source, numbers, self.given, self.asm.state(8), VECTOR)
        registers: dict[int, Register] = {}
        for column_no, value in zip(columns, row, strict=True):
            self.cells.append(self._given(value, column_no))
            to = registers[column_no] = self.asm.register()
            load = self.asm.emit(load_kernels.op_slots_column, to, 0, len(columns), numbers)
            self.loads.append(load)
        self._defaults(registers)
        return registers

    def _last_slots(self) -> None:
        """The slots of the rows that a run is given, now that all others are known."""
        for cell, load in zip(self.cells, self.loads, strict=True):
            self.asm.set_operand(load, 2, self.coder.new_slot(cell))
        if self.cells and self.asm.needs_python:
            self.asm.set_operand(self.source, 4, PYTHON_BATCH)

    def _given(self, value: Expression, column_no: int) -> Expression:
        """A value of VALUES; DEFAULT is the column's own."""
        if isinstance(value, DefaultValue):
            return self._default(self.table.columns[column_no])
        if any(isinstance(node, ColumnRef) for node in typed.walk(value)):
            raise SqlError(1235, "columns in VALUES")
        column = self.table.columns[column_no]
        if column.auto_increment and isinstance(value, Cast) and value.mode == ASSIGN:
            nullable = value.type.or_null()  # NULL means: the next value
            return Cast(nullable, value.arg, ASSIGN, value.into)
        return value

    def _default(self, column: Column) -> Expression:
        if column.auto_increment or column.generated is not None:
            return Literal(column_type(column).or_null(), None)
        return column_default(column, self.statement.strict)

    def _defaults(self, registers: dict[int, Register]) -> None:
        """Columns which are not named get their defaults."""
        later: list[int] = []
        for column_no, column in enumerate(self.table.columns):
            if column_no in registers or column.generated is not None:
                continue
            if column.has_default_expression:
                later.append(column_no)
            else:
                registers[column_no] = self.coder.value(self._default(column))
        before = self.coder.frame
        for column_no in later:
            self.coder.enter(row_frame(before, registers))
            column = self.table.columns[column_no]
            registers[column_no] = self.coder.value(default_value(self.table, column))
        self.coder.enter(before)

    def _from_select(self) -> dict[int, Register]:
        """INSERT … SELECT: all rows are there before the first is inserted, unless they plainly
        come from other tables: then batch by batch."""
        assert self.plan.select is not None
        shared = MODE_SHARED | MODE_SNAPSHOT_BELOW
        casts = [item.expression for item in self.plan.select.statement.items]
        select = SelectCoder(self.target, self.coder, _without_casts(self.plan.select), shared)
        registers: dict[int, Register] = {}
        if self._streams(self.plan.select.statement):
            select.code(lambda items: self._assign(registers, casts, items))
            return registers

        def sink(items: Sequence[Expression]) -> None:
            collection = self.asm.collection(len(items), hashed=False)
            empty, records = self.asm.register(), self.asm.register()
            self.asm.emit(load_kernels.op_constant, empty, 0, 0)
            self.asm.emit(collect_kernels.op_append, records, collection.at, empty)
            for number, item in enumerate(items):
                select.scans.store(records, collection, [item], first=number)
            self.asm.stage()
            kept = select.scans.records(collection)
            frame = Frame()
            for number in range(len(items)):
                binding = FieldBinding(kept, *collection.field(number))
                frame.fields["column", _SELECTED, number] = binding
            self.coder.enter(frame)
            self._assign(registers, casts, list(map(_as_kept, range(len(items)), items)))

        select.code(sink)
        return registers

    def _assign(
        self, registers: dict[int, Register], casts: Sequence[Any], items: Sequence[Expression]
    ) -> None:
        """The items of a SELECT go to the columns."""
        for cast, item, column_no in zip(casts, items, self.statement.columns, strict=True):
            registers[column_no] = self.coder.value(replace(cast, arg=item))
        self._defaults(registers)

    def _streams(self, select: typed.Select) -> bool:
        """Whether rows may be inserted while others are still to be read."""
        tables = [one.table for one in select.tables]
        if any(one.table_id == self.table.table_id for one in tables if isinstance(one, Table)):
            return False
        items = [item.expression for item in select.items]
        aggregates = any(
            isinstance(node, typed.Aggregate) for item in items for node in typed.walk(item)
        )
        ordered = select.order_by or select.distinct or select.limit is not None
        grouped = select.group_by is not None or select.having is not None or aggregates
        return all(isinstance(one, Table) for one in tables) and not (ordered or grouped)

    def _insert(self, registers: dict[int, Register]) -> None:
        if self.table.has_row_id:
            registers[self.table.column_no(ROW_ID)] = self.coder.value(Literal(int_type(), 0))
        counted = [n for n, column in enumerate(self.table.columns) if column.auto_increment]
        for number in counted:
            own = self.asm.register()  # the register may be a slot's, shared with other columns
            self.asm.emit(load_kernels.op_duplicate, own, registers[number])
            registers[number] = own
        spec = row_spec(self.coder, self.table, registers)
        counters = [self._auto_increment(number, registers[number], spec) for number in counted]
        self.asm.emit(write_kernels.op_insert, spec, self.target.writers(self.table).row_insert)
        for counter in counters:
            self.asm.emit(autoinc_kernels.op_autoinc_written, self.table.descriptor, *counter)

    def _auto_increment(self, column_no: int, own: Register, spec: Constant) -> tuple[Any, ...]:
        """The next values, once all else is known of the rows: a CHECK may refuse them. State
        and greatest value."""
        _, greatest = column_type(self.table.columns[column_no]).range
        most = greatest if greatest < 1 << 63 else -1
        rows = 0 if self.statement.given else len(self.statement.rows)
        rows = rows if self.plan.select is None else -1
        state = self.asm.state(autoinc_kernels.STATE_BYTES)
        self.asm.emit(
            autoinc_kernels.op_autoinc,
            own,
            self.table.descriptor,
            self.target.calls.autoinc_next,
            *(rows, state, most, spec),
        )
        return state, most


PYTHON_BATCH = 64  #: rows between two looks at the loop, where Python has a part in each
_SELECTED = -3  #: table number of the columns that INSERT … SELECT gives


def _as_kept(number: int, item: Expression) -> Expression:
    """Item `number` of rows that have been gathered."""
    return item if typed.is_constant(item) else ColumnRef(item.type, _SELECTED, number, "", item)


def _without_casts(plan: SelectPlan) -> SelectPlan:
    """The query as it is without the columns its items go to."""
    given: Sequence[Any] = plan.statement.items
    items = tuple(replace(item, expression=item.expression.arg) for item in given)
    return replace(plan, statement=replace(plan.statement, items=items))


def generate(coder: Coder, table: Table, registers: dict[int, Register]) -> None:
    """Compute the generated columns of the new row, each after those before it."""
    before = coder.frame
    for column_no, column in enumerate(table.columns):
        if column.generated is not None:
            coder.enter(row_frame(before, registers))
            registers[column_no] = coder.value(generated_value(table, column))
    coder.enter(before)


def row_spec(
    coder: Coder,
    table: Table,
    registers: dict[int, Register],
    seen: dict[int, Register] | None = None,
) -> Constant:
    """ROW words: descriptor, stored columns, the register of each, then the CHECKs' registers.

    seen  registers that conditions look at instead: ON UPDATE columns of rows that change, values
          of columns of which the row keeps a reference
    """
    numbers = stored_numbers(table)
    conditions = check_registers(coder, table, {**registers, **(seen or {})})
    words: list[Any] = [table.descriptor, len(numbers), *(registers[n] for n in numbers)]
    words += [len(conditions), *conditions]
    return coder.asm.words(words)


def check_registers(coder: Coder, table: Table, registers: dict[int, Register]) -> list[Register]:
    """What the enforced CHECKs of a table say of the new rows, in their order."""
    before = coder.frame
    enforced = enforced_checks(table)
    if not enforced:
        return []
    coder.enter(row_frame(before, registers))
    made = [coder.value(check_expression(table, check)) for check in enforced]
    coder.enter(before)
    return made


def enforced_checks(table: Table) -> list[Check]:
    return [check for check in table.checks if check.enforced]


class _ChangeCoder:
    """UPDATE and DELETE: find and lock rows, copy them, then change them one by one."""

    def __init__(self, target: Target, plan: UpdatePlan | DeletePlan) -> None:
        statement = plan.statement
        if statement.ignore:
            raise SqlError(1235, f"{type(statement).__name__.upper()} IGNORE")
        self.target = target
        self.plan = plan
        self.table: Table = statement.table.table
        self.coder = target.coder()
        self.asm = self.coder.asm
        mode = MODE_EXCLUSIVE
        if isinstance(plan, UpdatePlan):
            mode |= MODE_COMMITTED
        if (statement.limit is not None and not plan.collect) or target.row_by_row:
            mode |= MODE_ONE
        if typed.assigns(statement):
            self.coder.most_rows, mode = 1, mode | MODE_ONE
        self.scans = ScanCoder(self.coder, target.arena, target.calls, (statement.table,), (mode,))

    def _rows(self, scan: Scan, collect: bool, order: Sequence[Order], limit: Any) -> Register:
        """Stage(s) that give copies of the rows to change."""
        self.asm.stage()
        self.coder.enter(Frame())
        rows = self.scans.scan(scan)
        if not collect:
            self._limit(limit)
            return self._pinned(rows)
        pinned = self._pinned(rows)
        collection = self.asm.collection(1, hashed=False)
        parts = [description(one.expression.type, one.descending) for one in order]
        keys = self.scans.keys([sortable(one.expression) for one in order], parts)
        records = self.asm.register()
        self.asm.emit(collect_kernels.op_append, records, collection.at, keys)
        at, null_at = collection.field(0)
        lanes = self.asm.register()
        self.asm.emit(load_kernels.op_row_lanes, lanes, pinned, self.table.descriptor)
        self.asm.emit(collect_kernels.op_store, records, collection.at, lanes, at, null_at, 1, 0)
        self.asm.stage(*([Sorted(collection)] if order else []))
        source, kept = self.asm.register(), self.asm.register()
        most = self.coder.most_rows
        self.asm.emit(source_kernels.op_records, source, collection.at, self.asm.state(8), most)
        self.asm.emit(collect_kernels.op_field, kept, source, at, null_at)
        copies = self.asm.register()
        self.asm.emit(load_kernels.op_lane_rows, copies, kept)
        binding = self.scans.binding(copies, self.table, pinned=True)
        self.coder.enter(Frame(rows={0: binding}))
        self._limit(limit)
        return binding.raw or copies

    def _pinned(self, rows: Register) -> Register:
        to = self.asm.register()
        self.asm.emit(load_kernels.op_pin_rows, to, rows, self.table.descriptor)
        binding = self.scans.binding(to, self.table, pinned=True)
        self.coder.enter(Frame(rows={0: binding}))
        return binding.raw or to

    def _limit(self, limit: Expression | None) -> None:
        if limit is not None:
            state = self.asm.state(16)
            slot = self.coder.slot(limit)
            self.asm.emit(logic_kernels.op_limit, self.coder.shorten(), slot, -1, state)

    def update(self, plan: UpdatePlan) -> Program:
        statement: Update = plan.statement
        order = () if plan.ordered else statement.order_by
        copies = self._rows(plan.scan, plan.collect, order, statement.limit)
        registers: dict[int, Register] = {}
        for column_no, value in statement.assignments:
            if self.table.columns[column_no].generated is not None:
                continue  # DEFAULT: it is computed anyway
            given = self._value(column_no, value)
            registers[column_no] = given
            key = "column", 0, column_no  # later assignments see it
            self.coder.frame.registers[key] = given
            self.coder.enter(self.coder.frame)
        assigned = set(registers)
        for number in stored_numbers(self.table):
            if number not in registers:
                registers[number] = self.coder.stored(0, number)
        generate(self.coder, self.table, registers)
        stamped = {
            number: self.coder.value(on_update_value(column))
            for number, column in enumerate(self.table.columns)
            if column.on_update is not None and number not in assigned
        }
        stamps: list[Any] = [word for pair in stamped.items() for word in pair]
        seen = {**self._seen_by_checks(assigned), **stamped}
        spec = row_spec(self.coder, self.table, registers, seen)
        self.asm.emit(
            write_kernels.op_update,
            spec,
            copies,
            self.target.writers(self.table).row_update,
            self.asm.words([len(stamped), *stamps]),
        )
        return self._finish("update", registers)

    def _seen_by_checks(self, assigned: set[int]) -> dict[int, Register]:
        """Values of columns that stay as they are and that conditions look at; generated ones do
        not."""
        named = {
            node.column_no
            for check in enforced_checks(self.table)
            for node in typed.walk(check_expression(self.table, check))
            if isinstance(node, ColumnRef) and self.table.columns[node.column_no].generated is None
        }
        columns = self.table.stored_columns
        return {
            number: self.coder.value(ColumnRef(column_type(columns[number]), 0, number))
            for number in sorted(named - assigned)
        }

    def _finish(self, kind: str, registers: dict[int, Register]) -> Program:
        return finish(
            self.target,
            self.coder,
            "write",
            self.target.related(self.table),
            self.plan,
            sources=(self.plan.statement.table,),
            statement_kind=kind,
            written=self.table,
            row_registers=registers,
            single_row=self.plan.scan.access.kind == "const"
            and not self.plan.collect
            and not self.target.is_parent(self.table),
        )

    def _value(self, column_no: int, value: Expression) -> Register:
        if isinstance(value, DefaultValue):
            statement = self.plan.statement
            strict = not isinstance(statement, Update) or statement.strict
            value = column_default(self.table.columns[column_no], strict)
        return self.coder.value(value)

    def delete(self, plan: DeletePlan) -> Program:
        statement = plan.statement
        order = () if plan.ordered else statement.order_by
        copies = self._rows(plan.scan, plan.collect, order, statement.limit)
        self.asm.emit(
            write_kernels.op_delete,
            copies,
            self.table.descriptor,
            self.target.writers(self.table).row_delete,
        )
        return self._finish("delete", {})
