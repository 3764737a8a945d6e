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
from mysqlcompat.values import to_lane

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
    before = memory.get(layout.RUN_MATCHED) + memory.get(layout.RUN_CHANGED)
    for lane in range(n):
        session.row = before + lane + 1
        values.append(execution.value(expression, {at: one[lane] for at, one in columns.items()}))
    return values


def evaluate_failed(
    execution: Execution, expression: Expression, callback: Callback, n: int
) -> None:
    """Do the lanes that an op has left over. Their type is not variable."""
    memory, session = execution.memory, execution.session
    at = memory.offset_of(callback.to)
    lanes, nulls = memory.arena.words(at, n), memory.mem[at + layout.NULLS_AT :][:n]
    before = memory.get(layout.RUN_MATCHED) + memory.get(layout.RUN_CHANGED)
    for lane in np.flatnonzero(nulls == LANE_FAILED).tolist():
        session.row = before + lane + 1
        value = execution.value(expression, execution.lane_values(callback.inputs, lane))
        nulls[lane] = value is None
        if value is not None:
            lanes[lane] = to_lane(value, callback.expression.type, session.time_zone)
