"""What a callback's expression is for every lane of a batch: in columns, or row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mysqlcompat.machine import layout
from mysqlcompat.machine.function_codes import LANE_FAILED
from mysqlcompat.machine.program import Callback, Register
from mysqlcompat.sql.evaluate_columns import ColumnEvaluator, NotInColumns, is_columnar
from mysqlcompat.sql.typed import Expression
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.values import is_variable, to_bytes, to_lane

if TYPE_CHECKING:
    from mysqlcompat.machine.run import Execution


def evaluated(
    execution: Execution,
    expression: Expression,
    inputs: Mapping[tuple[int, int], tuple[SqlType, Register]],
    n: int,
) -> list[Any]:
    """Values of the first `n` lanes."""
    memory, zone = execution.memory, execution.session.time_zone
    columns = {
        place: memory.read(register, sql_type, n, zone)
        for place, (sql_type, register) in inputs.items()
    }
    if n > 1 and is_columnar(expression):
        try:
            return ColumnEvaluator(execution.evaluator, columns, n).column(expression)
        except NotInColumns:
            pass
    session, values = execution.session, []
    first, step = _row_numbers(execution)
    for lane in range(n):
        session.row = first + step * lane
        values.append(execution.value(expression, {at: one[lane] for at, one in columns.items()}))
    return values


def _row_numbers(execution: Execution) -> tuple[int, int]:
    """Number of the row in the first lane, for messages, and from there to the next: of rows sent,
    or changed; while rows are gathered none has been sent."""
    memory = execution.memory
    if execution.program.kind != "read":
        return max(memory.get(layout.RUN_MATCHED), memory.get(layout.RUN_CHANGED)) + 1, 1
    return (1, 0) if execution.program.collections else (memory.get(layout.RUN_ROWS) + 1, 1)


def evaluate_failed(
    execution: Execution, expression: Expression, callback: Callback, n: int
) -> None:
    """Do the lanes that an op has left over."""
    memory, session = execution.memory, execution.session
    at = memory.offset_of(callback.to)
    lanes, nulls = memory.arena.words(at, n), memory.mem[at + layout.NULLS_AT :][:n]
    made = callback.expression.type
    first, step = _row_numbers(execution)
    for lane in np.flatnonzero(nulls == LANE_FAILED).tolist():
        session.row = first + step * lane
        value = execution.value(expression, execution.lane_values(callback.inputs, lane))
        nulls[lane] = value is None
        if value is None:
            continue
        if is_variable(made):
            lanes[lane] = memory.put_text(to_bytes(value, made))
        else:
            lanes[lane] = to_lane(value, made, session.time_zone)
