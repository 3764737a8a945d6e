"""The join with a JSON_TABLE: each lane of a batch meets the rows its document gives.

Python makes the rows, as many as a batch may have; the op behind (`callback_kernels.op_expand`)
puts the callback on the stack of the run as long as there are more, as other joins do themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mysqlcompat.json_table import JsonTable
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops.callback_kernels import EXPAND_GIVEN, EXPAND_MORE
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.typed import ColumnRef, Expression
from mysqlcompat.sqltypes import Class, SqlType

#: Rows made at once when some of their values may be long documents.
_FEW: Final = 64
Given = tuple[int, Sequence[Any]]  #: lane of the batch, row of the JSON_TABLE


@dataclass(frozen=True, slots=True)
class Expansion:
    """One JSON_TABLE of a program.

    expression  its document
    inputs      (table number, column number) -> type and register
    on, outer   LEFT JOIN: what rows must fulfil; a lane without any meets NULLs
    columns     the columns as expressions name them, and the registers that get them
    lanes       register for the lanes that rows belong to
    state       EXPAND_… words
    """

    expression: Expression
    table: JsonTable
    inputs: dict[tuple[int, int], tuple[SqlType, Register]]
    on: Expression | None
    outer: bool
    columns: tuple[ColumnRef, ...]
    registers: tuple[Register, ...]
    lanes: Register
    state: int

    def answer(self, execution: Any, n: int) -> None:
        """Give the next rows."""
        memory = execution.memory
        going_on = execution.expansions.get(self.state)
        if going_on is None:
            mark = memory.get(layout.RUN_HEAP)
            going_on = execution.expansions[self.state] = (self._given(execution, n), mark)
        rows, mark = going_on
        start, end = memory.get(layout.RUN_HEAP_START), memory.get(layout.RUN_HEAP_END)
        memory.set(layout.RUN_HEAP, mark if start <= mark <= end else start)
        given: list[Given] = []
        wanted = _FEW if any(c.type.cls is Class.JSON for c in self.columns) else layout.VECTOR
        stopped = memory.get(layout.RUN_STOP)
        while len(given) < wanted and not stopped:
            one = next(rows, None)
            if one is None:
                break
            given.append(one)
        more = len(given) == wanted
        if not more:
            del execution.expansions[self.state]
        self._write(execution, given)
        memory.set(self.state + EXPAND_GIVEN, len(given))
        memory.set(self.state + EXPAND_MORE, int(more))

    def _given(self, execution: Any, n: int) -> Iterator[Given]:
        document = execution.as_run(self.expression)
        width = len(self.columns)
        for lane in range(n):
            row = execution.lane_values(self.inputs, lane)
            met = False
            for made in self.table.rows(execution.session, execution.value(document, row)):
                if self.on is not None:
                    own = {(c.table_no, c.column_no): made[c.column_no] for c in self.columns}
                    if not execution.value(self.on, row | own):
                        continue
                met = True
                yield lane, made
            if self.outer and not met:
                yield lane, [None] * width

    def _write(self, execution: Any, given: Sequence[Given]) -> None:
        memory, zone = execution.memory, execution.session.time_zone
        memory.write_lanes(self.lanes, [lane for lane, _ in given])
        for number, register in enumerate(self.registers):
            values = [row[number] for _, row in given]
            memory.write(register, self.columns[number].type, values, zone)
