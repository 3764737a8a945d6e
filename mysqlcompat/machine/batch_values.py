"""What a callback's expression is for every lane of a batch: in columns, or row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mysqlcompat.machine import layout
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.evaluate_columns import ColumnEvaluator, NotInColumns, is_columnar
from mysqlcompat.sql.typed import Expression
from mysqlcompat.sqltypes import SqlType

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
