"""Rows inserted and looked up by one number, from Python: made ready once, called a million times.

A call of a kernel from Python costs more than what the kernel does, and most of it is the passing
of the node's arrays. What is prepared here knows them: it is called with the number alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from btree import keys_kernels, prepared_kernels, row_kernels
from btree.engine import Engine
from btree.keys import KeyEncoder
from btree.layout import (
    C_AT,
    C_CLASS,
    C_SHIFT,
    C_WIDTH,
    CLASS_FIXED,
    COLUMN_WORDS,
    D_COLUMNS_AT,
    D_WORDS,
)
from btree.prepared_kernels import (
    P_CALL,
    P_COUNT,
    P_CTX,
    P_ENCODE,
    P_MEM,
    P_MEM_BYTES,
    P_OPEN,
    P_OUT,
    P_PART,
    P_ROOM,
    P_ROW,
    P_ROW_BYTES,
    P_SHIFT,
    P_ST,
    P_TABLE,
    P_WIDTH,
    P_WORDS,
)
from btree.rows import RowCodec
from btree.schema import Table
from redo import jit
from redo.calls import address_of
from redo.codes import E_NO_ROOM, E_NOT_FOUND
from redo.number_calls import number_call

MANY = 4096  #: numbers that one kernel call works on


class _Prepared:
    """A block of words in the arena, and the memory it speaks of."""

    def __init__(self, engine: Engine, ctx: int, table: Table) -> None:
        self._engine = engine
        self._table = table
        arena = engine.arena
        self._values_at = arena.alloc(8 * MANY)
        self._values = arena.words(self._values_at, MANY)
        at = arena.alloc(8 * P_WORDS)
        self._block = arena.words(at, P_WORDS)
        self._block[P_ST] = engine.st.ctypes.data
        self._block[P_MEM] = arena.mem.ctypes.data
        self._block[P_MEM_BYTES] = len(arena.mem)
        self._block[P_CTX] = ctx
        self._block[P_TABLE] = table.descriptor
        self.address = int(self._block.ctypes.data)

    def _settle(self, code: int) -> None:
        """Do what a code asks for. Raises what it stands for if it is final."""
        if not self._engine.settle(code):
            self._engine.ensure(code)

    def _number_call(self, kernel: Any, ask: Callable[..., Any]) -> Callable[[int], Any]:
        """A kernel of this block as a function of one number."""
        counter = self.address + 8 * P_COUNT
        return number_call(address_of(kernel), self.address, counter, E_NOT_FOUND, ask)


class PreparedInsert(_Prepared):
    """Inserting rows that are alike but for one number.

    values  of the stored columns, of which `column`, a number kept in the row itself, is left open
    Numbers must fit the column: they are lane values of it. Raises what `Engine.ensure` does; the
    rows before are inserted then.
    """

    def __init__(
        self, engine: Engine, ctx: int, table: Table, values: Sequence[Any], column: int
    ) -> None:
        super().__init__(engine, ctx, table)
        self._codec = RowCodec(engine.arena, engine.st, table)
        self._block[P_ROW], self._block[P_ROW_BYTES] = self._codec.encode_at(values)
        columns = int(engine.words(table.descriptor, D_WORDS)[D_COLUMNS_AT])
        described = engine.words(columns + 8 * COLUMN_WORDS * column, COLUMN_WORDS)
        assert described[C_CLASS] == CLASS_FIXED, "only a number can be left open"
        self._block[P_OPEN] = described[C_AT]
        self._block[P_WIDTH], self._block[P_SHIFT] = described[C_WIDTH], described[C_SHIFT]
        self._block[P_CALL] = address_of(row_kernels.row_insert)

    def one(self) -> Callable[[int], None]:
        """A function that inserts one row."""
        kernel, address = jit.entry(prepared_kernels.insert_one), self.address

        def insert(number: int, code: int = 0) -> None:
            while code < 0 or (code := kernel(address, number)) < 0:
                self._settle(code)
                code = 0

        return insert if jit.DISABLED else self._number_call(prepared_kernels.insert_one, insert)

    def many(self, numbers: npt.NDArray[np.int64]) -> None:
        """Insert a row for each number."""
        for start in range(0, len(numbers), MANY):
            part = numbers[start : start + MANY]
            self._values[: len(part)] = part
            done = 0
            while done < len(part):
                step = int(
                    prepared_kernels.insert_many(self.address, self._values_at, done, len(part))
                )
                done = step >> 8
                if step & 0xFF:
                    self._settle(-(step & 0xFF))


class PreparedGet(_Prepared):
    """Looking rows up by a clustered key that is one number, as the context sees them."""

    def __init__(self, engine: Engine, ctx: int, table: Table) -> None:
        super().__init__(engine, ctx, table)
        assert len(table.clustered.parts) == 1
        self._encoder = KeyEncoder(engine.arena, engine.st, table, 0, 1024)
        self._block[P_ROW] = self._encoder.out_at
        self._block[P_PART] = self._encoder.parts_at
        self._block[P_ENCODE] = address_of(keys_kernels.key_encode)
        self._block[P_CALL] = address_of(row_kernels.row_get)
        self._make_room(1 << 16)

    def _settle(self, code: int) -> None:
        if code == E_NO_ROOM:
            self._grow()
        else:
            super()._settle(code)

    def one(self) -> Callable[[int], bytes | None]:
        """A function that gives one row, None if there is none."""
        kernel, address = jit.entry(prepared_kernels.get_one), self.address

        def get(number: int, row: int = 0) -> bytes | None:
            while row < 0 or (row := kernel(address, number)) < 0:
                if row == E_NOT_FOUND:
                    return None
                self._settle(row)
                row = 0
            return ctypes.string_at(int(row), int(self._block[P_COUNT]))

        return get if jit.DISABLED else self._number_call(prepared_kernels.get_one, get)

    def many(self, numbers: npt.NDArray[np.int64]) -> list[bytes | None]:
        """The rows of all numbers, None where there is none."""
        made: list[bytes | None] = []
        for start in range(0, len(numbers), MANY):
            made += self._batch(numbers[start : start + MANY])
        return made

    def _batch(self, numbers: npt.NDArray[np.int64]) -> list[bytes | None]:
        self._values[: len(numbers)] = numbers
        done = 0
        while done < len(numbers):
            step = int(prepared_kernels.get_many(self.address, self._values_at, done, len(numbers)))
            done = step >> 8
            if step & 0xFF:
                self._settle(-(step & 0xFF))
        ends = self._values[: len(numbers)].tolist()
        rows = self._out[: ends[-1]].tobytes()
        return [
            rows[first:last] if last > first else None
            for first, last in zip([0, *ends], ends, strict=False)
        ]

    def _grow(self) -> None:
        """Twice the room for rows; what is there moves along."""
        size = len(self._out)
        before = self._out.tobytes()
        self._engine.arena.free(int(self._block[P_OUT]), size)
        self._make_room(2 * size)
        self._out[:size] = before

    def _make_room(self, size: int) -> None:
        arena = self._engine.arena
        at = arena.alloc(size)
        self._block[P_OUT], self._block[P_ROOM] = at, size
        self._out = arena.mem[at : at + size].data  #: a slice of little memory is made sooner
