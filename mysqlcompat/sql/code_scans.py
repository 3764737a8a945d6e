"""Scans and joins to instructions: sources, bounds of keys, lookups, probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from btree.descriptors import may_be_external
from btree.layout import (
    COLUMN_WORDS,
    D_INDEXES_AT,
    I_PARTS_AT,
    INDEX_WORDS,
)
from btree.schema import Table
from btree.txn_layout import (
    CURSOR_BYTES,
    MODE_EQUAL,
    MODE_KIND,
    MODE_PASSING,
    MODE_SNAPSHOT,
    MODE_UNIQUE,
)
from mysqlcompat.json_table import JsonTable
from mysqlcompat.machine import layout
from mysqlcompat.machine.expansion import Expansion
from mysqlcompat.machine.first_seen import FirstSeen
from mysqlcompat.machine.ops import (
    callback_kernels,
    collect_kernels,
    join_kernels,
    key_kernels,
    load_kernels,
    lock_kernels,
    logic_kernels,
    long_kernels,
    source_kernels,
)
from mysqlcompat.machine.program import Collection, Constant, Register
from mysqlcompat.machine.row_calls import RowCalls
from mysqlcompat.sql import typed, virtual_access
from mysqlcompat.sql.code_expressions import Coder
from mysqlcompat.sql.code_frames import FieldBinding, Frame, RowBinding, key_of
from mysqlcompat.sql.code_json_tables import expanded
from mysqlcompat.sql.code_keys import description, keyed
from mysqlcompat.sql.plan import Access, Join, Scan
from mysqlcompat.sql.rollup import LEVEL
from mysqlcompat.sql.typed import ColumnRef, Expression, Literal, Select, Source, anonymous
from mysqlcompat.sqltypes import Class, SqlType, column_type, of_column_type
from mysqlcompat.values import is_variable
from redo.arena import Arena


class ScanCoder:
    """Codes how the rows of tables get into the frame."""

    def __init__(
        self,
        coder: Coder,
        arena: Arena,
        calls: RowCalls,
        sources: Sequence[Source],
        modes: Sequence[int],
        select: Select | None = None,
    ) -> None:
        """`modes`: how the rows of each table are read (`txn_layout.MODE_…`). `select`: what the
        tables are joined for."""
        self.coder = coder
        self.asm = coder.asm
        self.arena = arena
        self.calls = calls
        self.sources = sources
        self.modes = modes
        self.select = select
        self.copies = False  #: rows are copied out of their pages at once

    # sources

    def begin(self, table_no: int) -> None:
        """Begin the stage that reads a table. Rows of a virtual one are made before it."""
        if isinstance(self.sources[table_no].table, Table | JsonTable):
            self.asm.stage()
            self.coder.enter(Frame())
            return
        assert self.select is not None
        columns = list(
            {key_of(one): one for one in typed.columns_of(self.select, table_no)}.values()
        )
        collection = self.asm.collection(len(columns), hashed=False)
        self.asm.stage(virtual_access.rows_of(self.select, table_no, columns, collection))
        self.asm.needs_python = True
        frame, records = Frame(), self.records(collection)
        for number, column in enumerate(columns):
            frame.fields[key_of(column)] = FieldBinding(records, *collection.field(number))
        self.coder.enter(frame)

    def records(self, collection: Collection) -> Register:
        """Source of a stage: the records of a collection."""
        to = self.asm.register()
        most = self.coder.most_rows
        self.asm.emit(source_kernels.op_records, to, collection.at, self.asm.state(8), most)
        return to

    def made(self, scan: Scan) -> None:
        """Source of a stage: the rows of one table, filtered."""
        table = self.sources[scan.table_no].table
        if isinstance(table, Table):
            self.scan(scan)
            return
        if isinstance(table, JsonTable):
            self.asm.emit(source_kernels.op_once, self.asm.state(8))
            self.expand(scan.table_no)
        for condition in scan.filters:
            self.coder.filter(condition)

    def scan(self, scan: Scan) -> Register:
        """The same of a table that is stored; the register of its rows as stored."""
        table = self._table(scan.table_no)
        mode = self.modes[scan.table_no]
        if mode & MODE_KIND and scan.filters:
            mode |= MODE_PASSING
        rows, cursor = self.source(table, scan.access, mode)
        if self.copies:
            stored, rows = rows, self.asm.register()
            self.asm.emit(load_kernels.op_pin_rows, rows, stored, table.descriptor)
        self.coder.frame.rows[scan.table_no] = self.binding(rows, table, pinned=self.copies)
        if scan.access.again:
            self._once(scan.table_no, table)
        for condition in scan.filters:
            self.coder.filter(condition)
        binding = self.coder.frame.rows[scan.table_no]
        stored = binding.raw or binding.rows
        if mode & MODE_PASSING:
            calls = self.calls
            locks = (calls.row_lock, mode, calls.cursor_again, cursor)
            self.asm.emit(lock_kernels.op_lock, stored, table.descriptor, *locks)
        return stored

    def _once(self, table_no: int, table: Table) -> None:
        """Keep the lanes whose row has not been there before."""
        stored = table.stored_columns
        keys = []
        for part in table.clustered.parts:
            number = table.column_no(part.column)
            column = ColumnRef(column_type(stored[number]), table_no, number)
            keys.append((column.type, self.coder.value(column)))
        to, state = self.asm.register(), self.asm.state(8)
        number = self.asm.emit(callback_kernels.op_callback)
        self.coder.callbacks[number] = FirstSeen(tuple(keys), to, state)
        self.asm.emit(logic_kernels.op_filter, to, self.coder.shorten())

    def binding(
        self,
        rows: Register,
        table: Table,
        outer: bool = False,
        pinned: bool = False,
        lanes: Register | int = 0,
    ) -> RowBinding:
        """Rows at hand, with their long values as far as the program will turn out to want them.

        lanes  what a join gave beside the rows
        """
        if not any(may_be_external(table, column) for column in table.stored_columns):
            return RowBinding(rows, table, outer, pinned)
        whole, raw = self.asm.register(), self.asm.register()
        wanted = self.asm.words([0] * len(table.stored_columns))
        state = self.asm.state(long_kernels.LONG_STATE_BYTES)
        op = long_kernels.op_long
        self.asm.emit(op, whole, raw, rows, table.descriptor, wanted, state, lanes)
        return RowBinding(whole, table, outer, pinned, raw, wanted)

    def _table(self, table_no: int) -> Table:
        table = self.sources[table_no].table
        assert isinstance(table, Table), f"{table.name} is not stored"
        assert table.descriptor, f"{table.name} has no descriptor"
        return table

    def source(self, table: Table, access: Access, mode: int) -> tuple[Register, Any]:
        """The rows of an access, and the cursor that finds them, if there is one."""
        rows = self.asm.register()
        if access.point:
            bounds = self._bounds(table, access, access.equal)
            state = self.asm.state(8)
            self.asm.emit(
                source_kernels.op_point,
                rows,
                self.calls.row_get,
                table.descriptor,
                bounds,
                mode,
                state,
            )
            return rows, 0
        spec = self._range(table, access, mode | self._bound_bits(table, access))
        cursor, state = self.asm.state(CURSOR_BYTES), self.asm.state(16)
        self.asm.emit(source_kernels.op_range, rows, spec, cursor, state)
        return rows, cursor

    @staticmethod
    def _bound_bits(table: Table, access: Access) -> int:
        """What a locking scan should know of its bounds."""
        if not access.equal and not access.members:
            return 0
        if access.low is not None or access.high is not None:
            return 0
        index = table.indexes[access.index_no]
        given = len(access.equal) + bool(access.members)
        whole = given == len(index.parts) and not any(part.length for part in index.parts)
        if index.unique and whole and None not in access.equal:
            return MODE_EQUAL | MODE_UNIQUE
        return MODE_EQUAL

    def _range(self, table: Table, access: Access, mode: int) -> Constant:
        member = first = -1
        low_values: list[Expression | None] = list(access.equal)
        high_values = list(low_values)
        low_inclusive, high_inclusive = True, True
        if access.members:
            members = [self.coder.new_slot(value) for value in access.members]
            first = members[0]
            member = self.coder.new_slot(Literal(access.members[0].type, None))
            low = high = self._bounds(table, access, access.equal, member)
        else:
            place = len(access.equal)
            if access.low is not None:
                low_values.append(access.low)
                low_inclusive = access.low_inclusive
            elif access.high is not None and self._part_nullable(table, access, place):
                low_values.append(None)  # NULLs stand before everything
                low_inclusive = False
            if access.high is not None:
                high_values.append(access.high)
                high_inclusive = access.high_inclusive
            low = self._bounds(table, access, low_values)
            high = self._bounds(table, access, high_values)
        return self.asm.words(
            [
                self.calls.cursor_open,
                self.calls.cursor_next,
                table.descriptor,
                access.index_no,
                mode,
                int(access.backward),
                low,  # type: ignore[list-item]
                int(low_inclusive),
                high,  # type: ignore[list-item]
                int(high_inclusive),
                first,
                len(access.members),
                member,
            ]
        )

    @staticmethod
    def _part_nullable(table: Table, access: Access, place: int) -> bool:
        part = table.indexes[access.index_no].parts[place]
        return table.columns[table.column_no(part.column)].nullable

    def _bounds(
        self,
        table: Table,
        access: Access,
        values: Sequence[Expression | None],
        member: int = -1,
    ) -> Constant | int:
        """BOUNDS words of leading parts; 0 when there are none."""
        words: list[int] = []
        for place, value in enumerate(values):
            slot = -1 if value is None else self.coder.slot(value)
            value_type = None if value is None else value.type
            words += self._part_words(table, access.index_no, place, slot, value_type)
            words.append(2 if value is None else 0)
        if member >= 0:
            place = len(values)
            words += self._part_words(table, access.index_no, place, member, access.members[0].type)
            words.append(0)
        if not words:
            return 0
        return self.asm.words([len(words) // source_kernels.BOUND_WORDS, *words])

    def _part_words(
        self, table: Table, index_no: int, place: int, given: Any, value_type: SqlType | None
    ) -> list[int]:
        """Slot or register, column description, and the limits a number must keep: 7 words."""
        words = self.arena.words(table.descriptor, D_INDEXES_AT + 1)
        index = int(words[D_INDEXES_AT]) + 8 * INDEX_WORDS * index_no
        parts_at = int(self.arena.words(index, I_PARTS_AT + 1)[I_PARTS_AT])
        at = parts_at + 8 * COLUMN_WORDS * place
        column = table.columns[table.column_no(table.indexes[index_no].parts[place].column)]
        kind = column_type(column)
        if column.array is not None:
            kind = of_column_type(column.array, False)
        least = greatest = applies = 0
        if kind.cls is Class.INT:
            least, greatest = kind.range
            applies = 1
        elif kind.cls is Class.DECIMAL and not kind.is_wide_decimal:
            greatest = 10**kind.precision - 1
            least = 0 if kind.unsigned else -greatest
            applies = 1
        unsigned = int(kind.unsigned and kind.cls is Class.INT)
        value_unsigned = int(
            value_type is not None and value_type.unsigned and value_type.cls is Class.INT
        )
        if greatest >= 1 << 63:
            greatest -= 1 << 64
        return [given, at, value_unsigned, least, greatest, unsigned, applies]

    # joins

    def build(self, join: Join) -> tuple[Collection, dict[Any, Any]]:
        """A stage that reads the inner table of a hash join into a collection."""
        assert self.select is not None
        self.begin(join.scan.table_no)
        self.made(join.scan)
        needed = typed.columns_of(self.select, join.scan.table_no)
        columns = list({key_of(column): column for column in needed}.values())
        collection = self.asm.collection(len(columns), hashed=True, chained=True)
        keys = self.keys(join.inner_keys, [description(key.type) for key in join.inner_keys])
        records = self.asm.register()
        self.asm.emit(collect_kernels.op_group, records, collection.at, keys, 1)
        places = self.store(records, collection, columns)
        return collection, places

    def keys(self, expressions: Sequence[Expression], parts: Sequence[list[int]]) -> Register:
        """Register with memcmp-ordered keys of several expressions."""
        words: list[Any] = [len(expressions)]
        for expression, part in zip(expressions, parts, strict=True):
            words += [self.coder.value(keyed(expression)), self.asm.words(part)]
        to = self.asm.register()
        self.asm.emit(key_kernels.op_key, to, self.asm.words(words))
        return to

    def store(
        self,
        records: Register,
        collection: Collection,
        expressions: Sequence[Expression],
        first: int = 0,
        only_new: bool = False,
    ) -> dict[Any, tuple[int, int]]:
        """Keep values in records: where each is, by `key_of`."""
        places: dict[Any, tuple[int, int]] = {}
        for number, expression in enumerate(expressions, first):
            at, null_at = collection.field(number)
            self.asm.emit(
                collect_kernels.op_store,
                records,
                collection.at,
                self.coder.value(expression),
                at,
                null_at,
                int(is_variable(expression.type)),
                int(only_new),
            )
            places[key_of(expression)] = (at, null_at)
        return places

    def probe(self, join: Join, collection: Collection, places: dict[Any, Any]) -> None:
        """Join the batch with a hash table built before."""
        self.pin()
        keys = self.keys(join.outer_keys, [description(key.type) for key in join.outer_keys])
        lanes, records = self.asm.register(), self.asm.register()
        state = self.asm.state(join_kernels.JOIN_STATE_BYTES)
        self.asm.emit(
            join_kernels.op_probe, lanes, records, keys, collection.at, state, int(join.outer)
        )
        frame = self.gathered(lanes)
        for key, (at, null_at) in places.items():
            frame.fields[key] = FieldBinding(records, at, null_at)
        self._joined(frame, join)

    def levels(self, count: int) -> tuple[Collection, dict[Any, Any]]:
        """A stage that makes the levels 0 to `count` - 1 of a WITH ROLLUP."""
        self.asm.stage()
        self.coder.enter(Frame())
        self.asm.emit(source_kernels.op_once, self.asm.state(8))
        collection = self.asm.collection(1, hashed=True, chained=True)
        places: dict[Any, Any] = {}
        for number in range(count):
            keys, records = self.keys((), ()), self.asm.register()
            self.asm.emit(collect_kernels.op_group, records, collection.at, keys, 1)
            places = self.store(records, collection, (Literal(LEVEL.type, number),))
        return collection, {key_of(LEVEL): place for place in places.values()}

    def roll_up(self, collection: Collection, places: dict[Any, Any]) -> None:
        """Every row of the batch meets every level."""
        levels = Scan(LEVEL.table_no, Access(0, "ALL"), ())
        self.probe(Join(levels, "hash", (), (), False, ()), collection, places)

    def lookup(self, join: Join) -> None:
        """Join the batch with a table looked up by index, row by row."""
        table = self._table(join.scan.table_no)
        access = join.scan.access
        values = [value for value in access.equal if value is not None]
        self.pin()
        registers = [self.coder.value(value) for value in values]
        words: list[Any] = [
            self.calls.cursor_open,
            self.calls.cursor_next,
            table.descriptor,
            access.index_no,
            self.modes[join.scan.table_no] | self._bound_bits(table, access),
            len(values),
        ]
        for place, (register, value) in enumerate(zip(registers, values, strict=True)):
            words += self._part_words(table, access.index_no, place, register, value.type)
        lanes, rows = self.asm.register(), self.asm.register()
        cursor = self.asm.state(CURSOR_BYTES)
        state = self.asm.state(join_kernels.JOIN_STATE_BYTES)
        self.asm.emit(
            join_kernels.op_lookup,
            lanes,
            rows,
            self.asm.words(words),
            cursor,
            state,
            int(join.outer),
        )
        joined = self.binding(rows, table, join.outer, lanes=lanes)
        frame = self.gathered(lanes)
        frame.rows[join.scan.table_no] = joined
        self._joined(frame, join)

    def expand(self, table_no: int, outer: bool = False, on: Expression | None = None) -> Register:
        """Join the batch with the rows of a JSON_TABLE; the register of lanes they belong to."""
        by_kernels = expanded(self, table_no, outer, on)
        if by_kernels is not None:
            return by_kernels
        table = self.sources[table_no].table
        self.pin()
        lanes, state = self.asm.register(), self.asm.state(callback_kernels.EXPAND_STATE_BYTES)
        columns = tuple(
            ColumnRef(column_type(column), table_no, number, column.name)
            for number, column in enumerate(table.columns)
        )
        made = tuple(self.asm.register() for _ in columns)
        document, inputs = self.coder.inputs(table.document)
        condition = None
        if on is not None:
            condition, more = self.coder.inputs(anonymous(on), set(map(key_of, columns)))
            inputs |= more
        number = self.asm.emit(callback_kernels.op_callback)
        self.coder.callbacks[number] = Expansion(
            document, table, inputs, condition, outer, columns, made, lanes, state
        )
        self.asm.emit(callback_kernels.op_expand, state)
        frame = self.gathered(lanes)
        frame.registers |= {key_of(c): r for c, r in zip(columns, made, strict=True)}
        self.coder.enter(frame)
        return lanes

    def pin(self) -> None:
        """While a batch meets its partners pages come and go: rows at hand must not lie there."""
        frame = self.coder.frame
        for table_no, binding in list(frame.rows.items()):
            if not binding.pinned:
                to = self.asm.register()
                self.asm.emit(load_kernels.op_pin_rows, to, binding.rows, binding.table.descriptor)
                frame.rows[table_no] = replace(binding, rows=to, pinned=True, raw=None)
        self.coder.enter(frame)

    def gathered(self, lanes: Register) -> Frame:
        """The frame after a join: what was there before, one lane for each pair."""
        before, frame = self.coder.frame, Frame()
        moved: dict[Register, Register] = {}

        def gather(register: Register) -> Register:
            if register not in moved:
                moved[register] = self.asm.register()
                self.asm.emit(load_kernels.op_gather, moved[register], register, lanes)
            return moved[register]

        for table_no, row in before.rows.items():
            frame.rows[table_no] = replace(row, rows=gather(row.rows), raw=None)
        for key, kept in before.fields.items():
            frame.fields[key] = FieldBinding(gather(kept.records), kept.at, kept.null_at)
        for key, register in before.registers.items():
            frame.registers[key] = gather(register)
        return frame

    def _joined(self, frame: Frame, join: Join) -> None:
        self.coder.enter(frame)
        filters = join.filters
        if join.method == "lookup":
            filters = (*join.scan.filters, *filters)
        for condition in filters:
            self.coder.filter(condition)


assert MODE_SNAPSHOT == 0 and layout.VECTOR == 1024
