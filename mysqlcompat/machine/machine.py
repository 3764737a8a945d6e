"""The machine of one process: compiles typed statements for its engine.

One for each engine, made on first use (`machine_of`). It also owns the run block, batch heap and
collections' memory that `program_execute` uses for the lane.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from mysqlcompat.machine.program import Program
from mysqlcompat.machine.row_calls import row_calls
from mysqlcompat.machine.state import (
    LANE_HEAP_BYTES,
    LANE_RECORDS_BYTES,
    LANE_RUN_BYTES,
    ST_MACHINE_HEAP,
    ST_MACHINE_HEAP_BYTES,
    ST_MACHINE_RECORDS,
    ST_MACHINE_RUN,
    ST_MACHINE_RUN_BYTES,
)
from mysqlcompat.sql.code_writes import code_plan
from mysqlcompat.sql.codegen import Target
from mysqlcompat.sql.dives import Dives, Values
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.looks import Look, Looks, ways_of
from mysqlcompat.sql.plan import Plan
from mysqlcompat.sql.planner import plan
from mysqlcompat.sql.typed import Statement

BESIDE_LIMIT: Final = 16  #: programs for other values beside one


class Machine:
    """Compiles statements into programs in the arena of `engine`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._dives = Dives(engine)
        self.arena = engine.arena
        st = engine.st
        st[ST_MACHINE_RUN] = self.arena.alloc(LANE_RUN_BYTES)
        st[ST_MACHINE_RUN_BYTES] = LANE_RUN_BYTES
        st[ST_MACHINE_HEAP] = self.arena.alloc(LANE_HEAP_BYTES)
        st[ST_MACHINE_HEAP_BYTES] = LANE_HEAP_BYTES
        st[ST_MACHINE_RECORDS] = self.arena.alloc(LANE_RECORDS_BYTES)
        self._calls = row_calls()
        self._foreign_keys = engine.foreign_keys

    def compile(self, statement: Statement, version: int = 0) -> Program:
        """Program of a typed statement. Raises SqlError (1235) for what has no plan.

        version  of the dictionary: the program dies with it
        """
        looks: list[Look] = []
        made = plan(statement, Estimates(self._engine, looks=looks))
        program = self._code(made, version)
        if looks:
            program.looks = self._hangs_on(made, looks)
        return program

    def _code(self, made: Plan, version: int, **how: bool) -> Program:
        target = Target(self.arena, self._calls, version, self._foreign_keys, **how)
        return code_plan(target, made)

    def in_turn(self, program: Program, row_by_row: bool) -> Program:
        """The program for the same plan that evaluates expressions in MySQL's order."""
        found = program.in_turn.get(row_by_row)
        if found is None:
            made = self._code(program.plan, program.version, in_turn=True, row_by_row=row_by_row)
            found = program.in_turn[row_by_row] = self._alike(made, program)
        return found

    def _looking(self, values: Values) -> Estimates:
        """Estimates for the values of one run."""
        self._dives.values = values
        return Estimates(self._engine, self._dives)

    def _hangs_on(self, made: Plan, looks: list[Look]) -> Looks | None:
        """The choices of a plan, if each run should look at its values. None: averages are about
        right for all, and for those that are written in the statement."""
        found = Looks.of(made, looks)
        if found.decide(Estimates(self._engine)):
            return found
        own = plan(made.statement, self._looking(Values()))
        return None if ways_of(own) == ways_of(made) else found

    def suited(self, program: Program, values: Values) -> Program:
        """The program beside one that `looks` for the values of a run, made when it is missing."""
        assert program.looks is not None
        estimates = self._looking(values)
        ways = program.looks.ways(estimates)
        if ways not in program.beside:
            while len(program.beside) >= BESIDE_LIMIT:
                program.beside.pop(next(iter(program.beside)))
            program.beside[ways] = self._beside(program, estimates)
        return program.beside[ways] or program

    def _beside(self, program: Program, estimates: Estimates) -> Program | None:
        made = plan(program.plan.statement, estimates)
        if ways_of(made) == ways_of(program.plan):
            return None
        return self._alike(self._code(made, program.version), program)

    @staticmethod
    def _alike(made: Program, program: Program) -> Program:
        """Another program for the statement of `program`."""
        made.params = program.params
        made.max_execution_ms = program.max_execution_ms
        return made


_machines: WeakKeyDictionary[Any, Machine] = WeakKeyDictionary()


def machine_of(engine: Any) -> Machine:
    """The machine of an engine."""
    made = _machines.get(engine)
    if made is None:
        made = _machines[engine] = Machine(engine)
    return made
