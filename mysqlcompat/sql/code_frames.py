"""Where the values of a stage come from while it is coded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from btree.schema import Table
from mysqlcompat.machine.program import Constant, Register
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import Call, ColumnRef, Expression
from mysqlcompat.turns import breathe


@dataclass(frozen=True, slots=True)
class RowBinding:
    """A table whose rows are at hand: a register of row offsets.

    pinned  rows are copies in the batch heap
    raw     the rows as they are stored: long values may be outside
    wanted  `rows` have those long values that are marked here, a word for each column
    """

    rows: Register
    table: Table
    outer: bool = False
    pinned: bool = False
    raw: Register | None = None
    wanted: Constant | None = None


@dataclass(frozen=True, slots=True)
class FieldBinding:
    """A value kept in a record."""

    records: Register
    at: int
    null_at: int


@dataclass(slots=True)
class Frame:
    """Where values come from in the stage being coded."""

    rows: dict[int, RowBinding] = field(default_factory=dict)
    fields: dict[Any, FieldBinding] = field(default_factory=dict)
    registers: dict[Any, Register] = field(default_factory=dict)

    def bases(self) -> list[Register]:
        """Registers that must follow when a batch is compacted."""
        found = [binding.rows for binding in self.rows.values()]
        found += [binding.raw for binding in self.rows.values() if binding.raw is not None]
        found += [binding.records for binding in self.fields.values()]
        found += self.registers.values()
        return list(dict.fromkeys(found))


def row_frame(before: Frame, registers: dict[int, Register]) -> Frame:
    """A frame in which the columns of table 0 are those of the new row, as far as it is known."""
    columns: dict[Any, Register] = {
        ("column", 0, number): register for number, register in registers.items()
    }
    return Frame(before.rows, before.fields, {**before.registers, **columns})


def key_of(expression: Expression) -> Any:
    """What makes two expressions the same value."""
    breathe()
    if isinstance(expression, ColumnRef):
        return "column", expression.table_no, expression.column_no
    try:
        hash(expression)
    except TypeError:
        return "object", id(expression)
    return expression


def is_stable(expression: Expression) -> bool:
    """Same value whenever it is computed for the same row: not RAND(), not UUID()."""
    return all(node.function.once for node in typed.walk(expression) if isinstance(node, Call))
