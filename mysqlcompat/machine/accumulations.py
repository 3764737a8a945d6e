"""Aggregate functions without kernels: a Python accumulator for each group.

Three callbacks: `Accumulation` stands in the reading stage and gives every row of a batch to the
accumulator of its group (known by the address of the group's record, which never moves);
`Accumulated` stands in the next stage and puts the results into a register. `OutOfDoubles` says
what a kernel found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.accumulators import Accumulator, accumulator
from mysqlcompat.machine.program import Register
from mysqlcompat.machine.registers import MEMORY_LIMIT
from mysqlcompat.sql.describe import describe, itself
from mysqlcompat.sql.typed import Aggregate
from mysqlcompat.sqltypes import SqlType

if TYPE_CHECKING:
    from mysqlcompat.machine.run import Execution


def _addresses(execution: Execution, records: Register, n: int) -> list[int]:
    """Addresses of groups; the null bytes of their register mean something else."""
    memory = execution.memory
    made: list[int] = memory.arena.words(memory.offset_of(records), n).tolist()
    return made


@dataclass(frozen=True, slots=True)
class Accumulation:
    """Rows to accumulators.

    number   of the aggregate in the program
    records  register with the addresses of the rows' groups; only the first lane if `single`
    inputs   (type, register) of the arguments, then of the expressions of ORDER BY
    """

    number: int
    expression: Aggregate
    records: Register
    inputs: tuple[tuple[SqlType, Register], ...]
    single: bool

    def answer(self, execution: Execution, n: int) -> None:
        memory, zone = execution.memory, execution.session.time_zone
        columns = [memory.read(register, kind, n, zone) for kind, register in self.inputs]
        groups = _addresses(execution, self.records, 1 if self.single else n)
        if self.single:
            self._give(execution, groups[0], columns)
        else:
            lanes: dict[int, list[int]] = {}
            for lane, address in enumerate(groups):
                lanes.setdefault(address, []).append(lane)
            for address, own in lanes.items():
                parts = [[column[lane] for lane in own] for column in columns]
                self._give(execution, address, parts)
        if execution.kept_bytes + memory.used_bytes > MEMORY_LIMIT:
            raise SqlError(1038)

    def _give(self, execution: Execution, address: int, columns: Sequence[list[Any]]) -> None:
        """A group's rows to its accumulator."""
        key = self.number, address
        group = execution.accumulators.get(key)
        if group is None:
            group = accumulator(self.expression, execution.session)
            execution.accumulators[key] = group
            execution.kept_bytes += group.kept_bytes
        before = group.kept_bytes
        group.take_all(columns)
        execution.kept_bytes += group.kept_bytes - before


@dataclass(frozen=True, slots=True)
class Accumulated:
    """Results of the groups whose records are in a register."""

    number: int
    expression: Aggregate
    records: Register
    to: Register

    def answer(self, execution: Execution, n: int) -> None:
        memory, zone = execution.memory, execution.session.time_zone
        groups = _addresses(execution, self.records, n)
        made = [self._result(execution, address) for address in groups]
        memory.write(self.to, self.expression.type, made, zone)

    def _result(self, execution: Execution, address: int) -> Any:
        group: Accumulator | None = execution.accumulators.get((self.number, address))
        return (group or accumulator(self.expression, execution.session)).result()


@dataclass(frozen=True, slots=True)
class OutOfDoubles:
    """An aggregate that is infinite: ERROR 1690."""

    expression: Aggregate

    def answer(self, execution: Execution, _n: int) -> None:
        text = describe(itself(self.expression, True), execution.evaluator.sources)
        raise SqlError(1690, "DOUBLE", text)
