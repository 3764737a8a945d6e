"""Rows of a SELECT on their way out: the machine runs as far as the client takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops.load_kernels import op_pin_texts
from mysqlcompat.results import Chunk
from redo.codes import E_LATER, E_NO_ROOM

if TYPE_CHECKING:
    from mysqlcompat.machine.run import Execution

OUT_BYTES: Final = 128 << 10
CHUNK_BYTES: Final = 64 << 10

Again = Callable[[SqlError], Awaitable["Execution | None"]]


class SentRows:
    """Rows of a SELECT, encoded batch by batch as the client takes them.

    again  the statement once more, for an error it may not come to (`in_turn.instead`); None:
           the error stands
    """

    def __init__(self, execution: Execution, again: Again) -> None:
        self._again = again
        self._ended = False
        self._begin(execution)

    def _begin(self, execution: Execution) -> None:
        self._execution = execution
        self._memory = execution.memory
        self._out = self._memory.alloc(OUT_BYTES)
        self._out_bytes = OUT_BYTES
        self._pin = 0  #: an instruction for op_pin_texts
        self._is_new = True  #: nothing has been sent

    async def read(self, sequence: int, limit: int) -> Chunk:
        """The next rows; see `results.RowSource`."""
        try:
            chunk = await self._read(sequence, limit)
        except SqlError as error:
            other = await self._again(error) if self._is_new else None
            if other is None:
                raise
            self._execution.close()
            self._begin(other)
            chunk = await self._read(sequence, limit)
        self._is_new = False
        return chunk

    async def _read(self, sequence: int, limit: int) -> Chunk:
        memory = self._memory
        parts: list[bytes] = []
        size = 0
        before = memory.get(layout.RUN_ROWS)
        memory.set(layout.RUN_SEQUENCE, sequence)
        memory.set(layout.RUN_ROWS_LIMIT, before + limit if limit else 0)
        while not self._ended:
            memory.set(layout.RUN_OUT, self._out)
            memory.set(layout.RUN_OUT_END, self._out + self._out_bytes)
            code = await self._execution.step()
            count = memory.get(layout.RUN_OUT) - self._out
            parts.append(self._execution.mem[self._out : self._out + count].tobytes())
            size += count
            sent = memory.get(layout.RUN_ROWS) - before
            if code == 0:
                self._finish()
            elif code == E_NO_ROOM and not count and not (limit and sent >= limit):
                self._larger(memory.get(layout.RUN_WANT))
            if size >= CHUNK_BYTES or (limit and sent >= limit):
                self._keep(code)
                break
            if code == E_LATER:
                await asyncio.sleep(0)
        rows = memory.get(layout.RUN_ROWS) - before if not self._ended else self._rows - before
        sequence = memory.get(layout.RUN_SEQUENCE) if not self._ended else self._sequence
        return Chunk(b"".join(parts), rows, sequence, self._ended)

    _rows = 0
    _sequence = 0

    def _keep(self, code: int) -> None:
        """A pause in mid-batch: strings on pages must survive what others do meanwhile."""
        if code != E_NO_ROOM:
            return
        execution, memory = self._execution, self._memory
        n = memory.get(layout.RUN_LANES)
        instruction = self._pin = self._pin or memory.alloc(64)
        for register in execution.program.sent:
            offset = memory.offset_of(register) - execution.run
            execution.program.arena.words(instruction, 2)[:] = (0, offset)
            arguments = (execution.run, instruction, n)
            if op_pin_texts(execution.st, execution.mem, *arguments) == E_NO_ROOM:
                memory.grow_heap(memory.get(layout.RUN_WANT))
                op_pin_texts(execution.st, execution.mem, *arguments)

    def _larger(self, wanted: int) -> None:
        self._out_bytes = max(2 * self._out_bytes, wanted)
        self._out = self._memory.alloc(self._out_bytes)

    def _finish(self) -> None:
        self._rows = self._memory.get(layout.RUN_ROWS)
        self._sequence = self._memory.get(layout.RUN_SEQUENCE)
        self._ended = True
        self._execution.close()

    def close(self) -> None:
        if not self._ended:
            self._rows = self._sequence = 0
            self._ended = True
            self._execution.close()
