"""Physical plans to programs.

A SELECT becomes one stage for each hash table, one that reads and joins, and one for each time all
rows must be there before the first can go on: grouping, DISTINCT, sorting. Between stages rows
live as records of collections.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from btree.layout import RUN_SHIFT
from btree.schema import Table, TypeKind
from btree.txn_layout import (
    MODE_EXCLUSIVE,
    MODE_NOWAIT,
    MODE_ONE,
    MODE_SHARED,
    MODE_SKIP_LOCKED,
    MODE_SNAPSHOT,
)
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    collect_kernels,
    logic_kernels,
    source_kernels,
    wire_kernels,
)
from mysqlcompat.machine.program import Assembler, Callback, Program, Register, Sorted
from mysqlcompat.machine.row_calls import RowCalls, Writers
from mysqlcompat.machine.state import LANE_COLLECTIONS, LANE_WRITE, PROGRAM_TABLE
from mysqlcompat.sql import typed
from mysqlcompat.sql.code_aggregates import AggregateCoder
from mysqlcompat.sql.code_expressions import Coder
from mysqlcompat.sql.code_frames import FieldBinding, Frame, key_of
from mysqlcompat.sql.code_in_turn import CoderInTurn
from mysqlcompat.sql.code_keys import description, sortable
from mysqlcompat.sql.code_scans import ScanCoder
from mysqlcompat.sql.metadata import result_columns
from mysqlcompat.sql.plan import SelectPlan
from mysqlcompat.sql.typed import (
    EXPLICIT,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Item,
    Select,
)
from mysqlcompat.sqltypes import BINARY, Class, SqlType, string_type
from mysqlcompat.values import is_variable
from mysqlcompat.wire.encode import block_words, column_words
from redo.arena import Arena

LOCK_MODES = {
    strength + waiting: mode | bit
    for strength, mode in (("update", MODE_EXCLUSIVE), ("share", MODE_SHARED))
    for waiting, bit in (("", 0), (" nowait", MODE_NOWAIT), (" skip locked", MODE_SKIP_LOCKED))
}
Before = Callable[..., None]


@dataclass(slots=True)
class Target:
    """What code is made for: this process's arena and engine."""

    arena: Arena
    calls: RowCalls
    version: int = 0  #: of the dictionary
    foreign_keys: Any = None  #: the engine's; None: tables have none
    in_turn: bool = False  #: expressions are evaluated in MySQL's order, whatever that takes
    row_by_row: bool = False  #: what changes rows is done with each before it looks at the next

    def coder(self) -> Coder:
        """For the expressions of one program."""
        coder = (CoderInTurn if self.in_turn else Coder)(Assembler(self.arena))
        coder.most_rows = 1 if self.row_by_row else layout.VECTOR
        return coder

    def writers(self, table: Table) -> Writers:
        """What changes rows of a table: its foreign keys are seen to."""
        if self.foreign_keys is None or not self.foreign_keys.concerns(table):
            return self.calls.plain
        self.foreign_keys.prepare(table)
        return self.calls.foreign

    def related(self, table: Table) -> list[Table]:
        """The table and those that a change of its rows may read or change."""
        if self.foreign_keys is None or not self.foreign_keys.concerns(table):
            return [table]
        related: list[Table] = self.foreign_keys.related(table)
        return related

    def is_parent(self, table: Table) -> bool:
        """Whether some foreign key names the table: a change may then be many."""
        return bool(self.foreign_keys and self.foreign_keys.naming(table.database, table.name))


def finish(
    target: Target,
    coder: Coder,
    kind: str,
    tables: Sequence[Table],
    plan: Any,
    **described: Any,
) -> Program:
    """Put the code into the arena and wrap it up. `described`: further fields of the Program, and
    `single_row`: it changes one row at most."""
    asm = coder.asm
    kernel_only = kind == "read" and asm.is_kernels_alone
    kernel_only = kernel_only and len(asm.collections) <= LANE_COLLECTIONS
    kernel_only = kernel_only and bool(described.get("uses_view"))
    lane_write = bool(described.pop("single_row", False)) and not asm.needs_python
    lane_write = lane_write and len(asm.starts) == 1 and not asm.collections
    written = described.get("written")
    made = asm.finish(
        {
            layout.PROGRAM_SLOTS: len(coder.slots),
            layout.PROGRAM_KERNEL_ONLY: LANE_WRITE if lane_write else int(kernel_only),
            PROGRAM_TABLE: written.descriptor if lane_write and written else 0,
            layout.PROGRAM_VERSION: target.version,
        }
    )
    callbacks = {
        made.instruction(number): one.placed(made) if isinstance(one, Callback) else one
        for number, one in coder.callbacks.items()
    }
    return Program(
        arena=target.arena,
        kind=kind,
        columns=described.pop("columns", ()),
        slots=tuple(coder.slots),
        stages=tuple(made.stages),
        callbacks=callbacks,
        collections=tuple(asm.collections),
        tables=tuple(tables),
        version=target.version,
        kernel_only=kernel_only,
        lane_write=lane_write,
        at=made.at,
        size=made.size,
        run_bytes=made.run_bytes,
        state_bytes=made.state_bytes,
        registers_at=made.registers_at,
        plan=plan,
        is_in_turn=target.in_turn,
        row_by_row=target.row_by_row,
        blocks=asm.blocks,
        sent=tuple(asm.sent),
        **described,
    )


def code_select(target: Target, plan: SelectPlan) -> Program:
    """Program of a SELECT that sends its rows to the client."""
    coder = target.coder()
    coding = SelectCoder(target, coder, plan)
    coding.code(coding.send)
    select = plan.statement
    columns = result_columns(select)
    tables = [source.table for source in select.tables if isinstance(source.table, Table)]
    return finish(
        target,
        coder,
        "read",
        tables,
        plan,
        may_wait=coding.scans.copies or not select.tables,
        columns=columns,
        locking=any(one.startswith("update") for one in select.locking),
        uses_view=not (select.locking and all(select.locking)),
        sources=select.tables,
    )


class SelectCoder:
    """Codes one SELECT; `sink` is called when the items of the result are in the frame."""

    def __init__(
        self, target: Target, coder: Coder, plan: SelectPlan, unlocked: int = MODE_SNAPSHOT
    ) -> None:
        """`unlocked`: how tables are read that no locking clause names."""
        self.target = target
        self.plan = plan
        self.select: Select = plan.statement
        self.coder = coder
        if typed.assigns(self.select):
            coder.most_rows = 1
        self.asm = coder.asm
        self.scans = ScanCoder(
            coder,
            target.arena,
            target.calls,
            self.select.tables,
            self._modes(unlocked),
            self.select,
        )
        alone = len(self.select.tables) == 1 and not self.select.locking
        self.scans.copies = alone and unlocked == MODE_SNAPSHOT and self._may_wait()

    def _modes(self, unlocked: int) -> list[int]:
        """How the rows of each table are read."""
        select = self.select
        collected = self.plan.aggregates or select.group_by is not None or select.distinct
        collected = collected or (select.order_by and not self.plan.ordered)
        stops = 0 if collected or select.limit is None else MODE_ONE
        locking = select.locking or ("",) * len(select.tables)
        if self.coder.most_rows == 1 and (typed.assigns(select) or not collected):
            stops, unlocked = MODE_ONE, unlocked | MODE_ONE
        return [LOCK_MODES[one] | stops if one else unlocked for one in locking]

    def code(self, sink: Callable[[Sequence[Expression]], None]) -> None:
        select = self.select
        self._read()
        if self.plan.aggregates or select.group_by is not None:
            AggregateCoder(self.scans, self.plan).code()
            for condition in (select.having,) if select.having is not None else ():
                self.coder.filter(condition)
        elif select.having is not None:
            self.coder.filter(select.having)
        items = [item.expression for item in select.items]
        order = list(select.order_by)
        if select.distinct and self._is_by(order, self._kept(items)):
            self._distinct(items, in_order=True)
        else:
            if select.distinct:
                self._distinct(items)
            if order and not (self.plan.ordered and not select.distinct):
                self._sort(items, order)
        self._limit()
        sink(items)

    # rows together

    def _read(self) -> None:
        rollup = self.select.rollup
        levels = self.scans.levels(rollup + 1) if rollup else None
        self._read_rows()
        if levels is not None:
            self.scans.roll_up(*levels)

    def _read_rows(self) -> None:
        plan = self.plan
        tables = {
            join.scan.table_no: self.scans.build(join)
            for join in plan.joins
            if join.method == "hash"
        }
        if plan.scan is None:
            self.asm.stage()
            self.coder.enter(Frame())
            self.asm.emit(source_kernels.op_once, self.asm.state(8))
        else:
            self.scans.begin(plan.scan.table_no)
            self.scans.made(plan.scan)
        for join in plan.joins:
            if join.method == "hash":
                self.scans.probe(join, *tables[join.scan.table_no])
            elif join.method == "expand":
                self.scans.expand(join.scan.table_no, join.outer, join.on)
                for condition in join.filters:
                    self.coder.filter(condition)
            else:
                self.scans.lookup(join)
        for condition in plan.filters:
            self.coder.filter(condition)

    def _may_wait(self) -> bool:
        """Whether a function of the statement may take long in mid-batch."""
        nodes = (node for root in typed.roots(self.select) for node in typed.walk(root))
        return any(isinstance(node, Call) and node.function.waits for node in nodes)

    # between stages

    def enter_records(self, records: Register, places: dict[Any, tuple[int, int]]) -> None:
        frame = Frame()
        for key, (at, null_at) in places.items():
            frame.fields[key] = FieldBinding(records, at, null_at)
        self.coder.enter(frame)

    def _kept(self, expressions: Sequence[Expression]) -> list[Expression]:
        """What must be stored to have these values later: constants need not be."""
        varying = [one for one in expressions if not typed.is_constant(one)]
        return list({key_of(one): one for one in varying}.values())

    def _is_by(self, order: Sequence[typed.Order], kept: Sequence[Expression]) -> bool:
        """Whether ascending keys of `kept` are what ORDER BY asks for: those of documents tell
        more apart."""
        if any(one.type.cls is Class.JSON for one in kept):
            return False
        wanted = [key_of(one.expression) for one in order if not one.descending]
        return bool(order) and len(wanted) == len(order) and wanted == [key_of(e) for e in kept]

    def _distinct(self, items: Sequence[Expression], in_order: bool = False) -> None:
        """Rows that differ; `in_order`: the keys they are told apart by are sorted as well."""
        kept = self._kept(items)
        collection = self.asm.collection(len(kept), hashed=True)
        keys = self.scans.keys(kept, [description(one.type) for one in kept])
        records = self.asm.register()
        self.asm.emit(collect_kernels.op_group, records, collection.at, keys, 0)
        places = self.scans.store(records, collection, kept, only_new=True)
        self.asm.stage(*(Sorted(collection),) * in_order)
        self.enter_records(self.scans.records(collection), places)

    def _parts(self, item: Expression) -> list[Expression]:
        """What is kept of an item while rows are sorted: of ``@rank := @rank + 1`` what it is made
        of, as its turn comes when the rows are in order; groups have had it before."""
        select = self.select
        is_made = self.plan.aggregates or select.group_by is not None or select.distinct
        if is_made or isinstance(item, ColumnRef) or not typed.has_effects(item):
            return [item]
        return [part for one in typed.children(item) for part in self._parts(one)]

    def _sort(self, items: Sequence[Expression], order: Sequence[typed.Order]) -> None:
        by = {key_of(one.expression) for one in order}
        for item in items:
            if key_of(item) in by and typed.has_effects(item):  # once, to sort by and to show
                self.coder.frame.registers[key_of(item)] = self.coder.value(item)
        kept = self._kept(
            [one for item in items for one in ([item] if key_of(item) in by else self._parts(item))]
        )
        varying = [one for one in order if not typed.is_constant(one.expression)]
        collection = self.asm.collection(len(kept), hashed=False)
        parts = [description(one.expression.type, one.descending) for one in varying]
        keys = self.scans.keys([sortable(one.expression) for one in varying], parts)
        records = self.asm.register()
        self.asm.emit(collect_kernels.op_append, records, collection.at, keys)
        places = self.scans.store(records, collection, kept)
        self.asm.stage(Sorted(collection))
        self.enter_records(self.scans.records(collection), places)

    def _limit(self) -> None:
        select = self.select
        if select.limit is None and select.offset is None:
            return
        limit = -1 if select.limit is None else self.coder.slot(select.limit)
        offset = -1 if select.offset is None else self.coder.slot(select.offset)
        state = self.asm.state(16)
        self.asm.emit(logic_kernels.op_limit, self.coder.shorten(), limit, offset, state)

    # the client

    def send(self, items: Sequence[Expression]) -> None:
        """Encode the items as packets."""
        columns: list[list[Any]] = []
        for item, column in zip(items, result_columns(self.select), strict=True):
            sent = sendable(item)
            register = self.coder.value(sent)
            if sent is not item and item.type.cls is not Class.JSON:
                self.asm.needs_python = True
            if is_variable(sent.type):
                self.asm.sent.append(register)
            columns.append(
                column_words(
                    as_defined(sent.type, column.wire_type),
                    register,  # type: ignore[arg-type]
                    Register(register.number, layout.NULLS_AT),  # type: ignore[arg-type]
                    self._put_members,
                    sent.type.zerofill,
                )
            )
        block = self.asm.words(block_words(columns))
        calls = self.target.calls
        self.asm.emit(wire_kernels.op_send, block, calls.rows_encode, self.asm.state(8))

    def _put_members(self, names: Sequence[bytes]) -> int:
        """A table of string lanes for the encoder."""
        lanes = [self.asm.block(name or b"\0") << RUN_SHIFT | len(name) for name in names]
        return self.asm.block(b"".join(lane.to_bytes(8, "little") for lane in lanes))


def as_defined(sql_type: SqlType, wire_type: int) -> SqlType:
    """The type of an item as its column's definition says: of a temporary table integers are INT or
    BIGINT, whatever they were computed as."""
    if sql_type.cls is not Class.INT or sql_type.kind is TypeKind.BIT:
        return sql_type
    kind = _INTEGERS.get(wire_type, sql_type.kind)
    return sql_type if kind is sql_type.kind else replace(sql_type, kind=kind, zerofill=0)


_INTEGERS: Final = {3: TypeKind.INT, 8: TypeKind.BIGINT}  #: by protocol::MYSQL_TYPE_*


def sendable(expression: Expression) -> Expression:
    """An item as the encoder wants it: JSON as text, TIMESTAMP in the session's time zone."""
    if expression.type.cls is Class.JSON:
        return Cast(string_type((1 << 30) - 1, "utf8mb4_bin"), expression, EXPLICIT)
    if expression.type.kind is TypeKind.BIT and expression.type.mixed:  # by its digits
        return Cast(string_type(20, BINARY), expression)
    if expression.type.kind is TypeKind.TIMESTAMP:
        moved = replace(expression.type, kind=TypeKind.DATETIME)
        return Cast(moved, expression, EXPLICIT)
    return expression


__all__ = ["Item", "Target", "code_select", "finish"]
