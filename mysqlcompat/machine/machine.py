"""The machine of one process: compiles typed statements for its engine.

One for each engine, made on first use (`machine_of`). It also owns the run block, batch heap and
collections' memory that `program_execute` uses for the lane.
"""

from __future__ import annotations

from typing import Any
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
from mysqlcompat.sql.dives import Dives
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.planner import plan
from mysqlcompat.sql.typed import Statement


class Machine:
    """Compiles statements into programs in the arena of `engine`."""

    def __init__(self, engine: Any) -> None:
        self._estimates = Estimates(engine, Dives(engine))
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
        made = plan(statement, self._estimates)
        return code_plan(Target(self.arena, self._calls, version, self._foreign_keys), made)


_machines: WeakKeyDictionary[Any, Machine] = WeakKeyDictionary()


def machine_of(engine: Any) -> Machine:
    """The machine of an engine."""
    made = _machines.get(engine)
    if made is None:
        made = _machines[engine] = Machine(engine)
    return made
