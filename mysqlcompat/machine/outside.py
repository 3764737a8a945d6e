"""Long values of rows that are written: each gets a chain of pages of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from btree.layout import D_COLUMNS, D_TABLE_ID, REFERENCE_BYTES, RUN_MASK, RUN_SHIFT
from mysqlcompat.machine import layout
from mysqlcompat.machine.state import (
    ST_LONG_BEFORE,
    ST_LONG_COLUMN,
    ST_LONG_LANE,
    ST_LONG_TABLE,
)

if TYPE_CHECKING:
    from mysqlcompat.machine.run import Execution


async def put_outside(execution: Execution) -> None:
    """Give a long value of the row being written a chain of its own, or keep the one it has."""
    memory, st = execution.memory, execution.st
    values = execution.engine.long_values
    descriptor, lane = int(st[ST_LONG_TABLE]), int(st[ST_LONG_LANE])
    column, before = int(st[ST_LONG_COLUMN]), int(st[ST_LONG_BEFORE])
    columns = int(memory.arena.words(descriptor, D_COLUMNS + 1)[D_COLUMNS])
    if not execution.outside:
        execution.outside = memory.alloc((8 + REFERENCE_BYTES) * columns)
    words = memory.arena.words(execution.outside, columns)
    if not memory.get(layout.RUN_LONG):
        words[:] = 0
        memory.set(layout.RUN_LONG, execution.outside)
    at, count = lane >> RUN_SHIFT, lane & RUN_MASK
    reference = b""
    if before:
        kept = execution.mem[before : before + REFERENCE_BYTES].tobytes()
        reference = values.changed(kept, at, count)
    if not reference:
        table_id = int(memory.arena.words(descriptor, D_TABLE_ID + 1)[D_TABLE_ID])
        writing = values.writing(execution.session.ctx, table_id, at, count)
        while writing.step():
            await asyncio.sleep(0)
            await execution.session.node.gate.admitted(execution.session)
        reference = writing.reference
    place = execution.outside + 8 * columns + REFERENCE_BYTES * column
    execution.mem[place : place + REFERENCE_BYTES] = np.frombuffer(reference, np.uint8)
    words[column] = place
