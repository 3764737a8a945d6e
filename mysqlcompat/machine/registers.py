"""One run's memory: run block, slots, batch heap, chunks of collections; lanes as Python values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.errors import SqlError
from mysqlcompat.lane_columns import encoded, fixed_lanes, of_lanes
from mysqlcompat.machine import layout
from mysqlcompat.machine.program import Collection, Program, Register
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.turns import breathe
from mysqlcompat.values import is_variable, of_bytes, of_lane, to_bytes, to_lane
from redo.arena import Arena

HEAP_BYTES: Final = 128 << 10
CHUNK_BYTES: Final = 1 << 20
FIRST_CHUNK_BYTES: Final = 64 << 10
#: All records and their strings of one statement; sorting and grouping more is refused.
MEMORY_LIMIT: Final = 1 << 30


class OutOfMemory(Exception):
    """A statement needs more than MEMORY_LIMIT for sorting, grouping or joining."""


class RunMemory:
    """Arena memory of one run of a program; `close` gives all of it back."""

    def __init__(self, arena: Arena, program: Program) -> None:
        self.arena = arena
        self.mem = arena.mem
        self.program = program
        self._owned: list[tuple[int, int]] = []
        self.used_bytes = 0
        self.run = self.alloc(program.run_bytes)
        self.mem[self.run : self.run + program.state_bytes] = 0
        self.words = arena.words(self.run, program.state_bytes // 8)
        self.replace_heap(HEAP_BYTES)
        for collection in program.collections:
            self._open(collection)

    def alloc(self, count: int) -> int:
        at = self.arena.alloc(count)
        self._owned.append((at, count))
        self.used_bytes += count
        return at

    def close(self) -> None:
        owned, self._owned = self._owned, []
        for at, count in owned:
            self.arena.free(at, count)

    def get(self, at: int) -> int:
        """A word of the run block, by its offset in it."""
        return int(self.words[at // 8])

    def set(self, at: int, value: int) -> None:
        self.words[at // 8] = value

    # batch heap

    def replace_heap(self, count: int) -> None:
        """A new batch heap; what lies in the old one stays good until the run ends."""
        at = self.alloc(count)
        self.set(layout.RUN_HEAP_START, at)
        self.set(layout.RUN_HEAP, at)
        self.set(layout.RUN_HEAP_END, at + count)

    def grow_heap(self, wanted: int) -> None:
        size = self.get(layout.RUN_HEAP_END) - self.get(layout.RUN_HEAP_START)
        self._check(wanted)
        self.replace_heap(max(2 * size, 2 * wanted))

    def put_text(self, data: bytes) -> int:
        """A string into the batch heap: its lane."""
        if len(data) > RUN_MASK:
            raise SqlError(1153)
        return self._put(data) << RUN_SHIFT | len(data)

    def _put(self, data: bytes) -> int:
        """Where bytes are in the batch heap, all of them together."""
        at = self.get(layout.RUN_HEAP)
        if at + len(data) > self.get(layout.RUN_HEAP_END):
            self.grow_heap(len(data))
            at = self.get(layout.RUN_HEAP)
        self.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
        self.set(layout.RUN_HEAP, at + len(data))
        return at

    # slots

    def bind(self, types: Sequence[SqlType], values: Sequence[Any], time_zone: str) -> None:
        """Write the slots of this run."""
        count = len(types)
        texts = {
            number: to_bytes(value, sql_type)
            for number, (sql_type, value) in enumerate(zip(types, values, strict=True))
            if value is not None and is_variable(sql_type)
        }
        at = self.alloc(9 * count + sum(map(len, texts.values())) + 8)
        lanes = self.arena.words(at, count)
        nulls = self.mem[at + 8 * count : at + 9 * count]
        free = at + 9 * count
        for number, (sql_type, value) in enumerate(zip(types, values, strict=True)):
            breathe()
            nulls[number] = value is None
            if value is None:
                lanes[number] = 0
            elif number in texts:
                data = texts[number]
                self.mem[free : free + len(data)] = np.frombuffer(data, np.uint8)
                lanes[number] = free << RUN_SHIFT | len(data)
                free += len(data)
            else:
                lanes[number] = to_lane(value, sql_type, time_zone)
        self.set(layout.RUN_PARAMS, at)
        self.set(layout.RUN_PARAM_COUNT, count)

    # registers

    def offset_of(self, register: Register) -> int:
        number = register.number
        return self.run + self.program.registers_at + layout.REGISTER_BYTES * number

    def read(self, register: Register, sql_type: SqlType, n: int, time_zone: str) -> list[Any]:
        """The first `n` lanes as Python values."""
        at = self.offset_of(register)
        nulls = self.mem[at + layout.NULLS_AT : at + layout.NULLS_AT + n]
        return of_lanes(self.mem, self.arena.words(at, n), nulls, sql_type, time_zone)

    def read_lane(self, register: Register, sql_type: SqlType, lane: int, time_zone: str) -> Any:
        """One lane as a Python value."""
        at = self.offset_of(register)
        if self.mem[at + layout.NULLS_AT + lane]:
            return None
        value = int(self.arena.words(at + 8 * lane, 1)[0])
        if is_variable(sql_type):
            return of_bytes(self.text(value), sql_type)
        return of_lane(value, sql_type, time_zone)

    def write_lanes(self, register: Register, lanes: Sequence[int]) -> None:
        """Put numbers as they are into the first lanes."""
        at = self.offset_of(register)
        self.arena.words(at, len(lanes))[:] = lanes
        self.mem[at + layout.NULLS_AT : at + layout.NULLS_AT + len(lanes)] = 0

    def text(self, lane: int) -> bytes:
        at, count = lane >> RUN_SHIFT, lane & RUN_MASK
        return self.mem[at : at + count].tobytes()

    def write(
        self, register: Register, sql_type: SqlType, values: Sequence[Any], time_zone: str
    ) -> None:
        """Put Python values into the first lanes."""
        at, n = self.offset_of(register), len(values)
        lanes = self.arena.words(at, n)
        if is_variable(sql_type):
            data, starts, sizes = encoded(values, sql_type)
            if data and sizes.max() > RUN_MASK:
                raise SqlError(1153)
            begin = self._put(data) if data else 0
            lanes[:] = begin + starts << RUN_SHIFT | sizes
        else:
            lanes[:] = fixed_lanes(values, sql_type, time_zone)
        nulls = self.mem[at + layout.NULLS_AT : at + layout.NULLS_AT + n]
        if sql_type.cls is Class.JSON or None in values:  # documents are slow to compare
            nulls[:] = [value is None for value in values]
            lanes[nulls != 0] = 0
        else:
            nulls[:] = 0

    # collections

    def _open(self, collection: Collection) -> None:
        self._set(collection, layout.COLLECTION_RECORD, collection.record_bytes)
        per_chunk = max(64, CHUNK_BYTES // collection.record_bytes)
        self._set(collection, layout.COLLECTION_SHIFT, per_chunk.bit_length() - 1)
        if collection.hashed:
            self.grow_table(collection, 512)
        self.grow_chunks(collection)  # cheaper than a stop of the first batch for each
        self.grow_heap_of(collection, FIRST_CHUNK_BYTES)

    def _get(self, collection: Collection, at: int) -> int:
        return self.get(collection.at + at)

    def _set(self, collection: Collection, at: int, value: int) -> None:
        self.set(collection.at + at, value)

    def _check(self, wanted: int) -> None:
        if self.used_bytes + wanted > MEMORY_LIMIT:
            raise OutOfMemory

    def grow_heap_of(self, collection: Collection, wanted: int) -> None:
        """A new chunk for strings."""
        full = self._get(collection, layout.COLLECTION_HEAP) != 0
        size = max(CHUNK_BYTES if full else FIRST_CHUNK_BYTES, wanted)
        self._check(size)
        at = self.alloc(size)
        self._set(collection, layout.COLLECTION_HEAP, at)
        self._set(collection, layout.COLLECTION_HEAP_END, at + size)

    def grow_chunks(self, collection: Collection) -> None:
        """One more chunk of records."""
        size = collection.record_bytes << self._get(collection, layout.COLLECTION_SHIFT)
        self._check(size)
        count = self._get(collection, layout.COLLECTION_CHUNKS)
        if count >= self._get(collection, layout.COLLECTION_ROOM):
            room = max(16, 4 * count)
            directory = self.alloc(8 * room)
            old = self._get(collection, layout.COLLECTION_DIRECTORY)
            if count:
                self.arena.words(directory, count)[:] = self.arena.words(old, count)
            self._set(collection, layout.COLLECTION_DIRECTORY, directory)
            self._set(collection, layout.COLLECTION_ROOM, room)
        directory = self._get(collection, layout.COLLECTION_DIRECTORY)
        self.arena.words(directory, count + 1)[count] = self.alloc(size)
        self._set(collection, layout.COLLECTION_CHUNKS, count + 1)

    def grow_table(self, collection: Collection, wanted: int) -> tuple[int, int]:
        """A larger, empty hash table: (offset, mask)."""
        size = 1 << (wanted - 1).bit_length()
        self._check(8 * size)
        table = self.alloc(8 * size)
        self.arena.words(table, size)[:] = 0
        if not self._get(collection, layout.COLLECTION_TABLE):
            self._set(collection, layout.COLLECTION_TABLE, table)
            self._set(collection, layout.COLLECTION_MASK, size - 1)
        return table, size - 1

    def count_of(self, collection: Collection) -> int:
        return self._get(collection, layout.COLLECTION_COUNT)

    def append(
        self,
        collection: Collection,
        types: Sequence[SqlType],
        rows: Sequence[Sequence[Any]],
        time_zone: str,
    ) -> None:
        """Records made of Python values."""
        shift = self._get(collection, layout.COLLECTION_SHIFT)
        done = 0
        while done < len(rows):
            number = self.count_of(collection)
            if number >> shift >= self._get(collection, layout.COLLECTION_CHUNKS):
                self.grow_chunks(collection)
            place = number & ((1 << shift) - 1)
            taken = rows[done : done + (1 << shift) - place]
            directory = self._get(collection, layout.COLLECTION_DIRECTORY)
            chunk = int(self.arena.words(directory, (number >> shift) + 1)[number >> shift])
            at = chunk + place * collection.record_bytes
            self._put_records(collection, at, types, taken, time_zone)
            self._set(collection, layout.COLLECTION_COUNT, number + len(taken))
            done += len(taken)

    def _put_records(
        self,
        collection: Collection,
        at: int,
        types: Sequence[SqlType],
        rows: Sequence[Sequence[Any]],
        time_zone: str,
    ) -> None:
        """Records one behind the other, written column by column."""
        size = len(rows) * collection.record_bytes
        bytes_ = self.mem[at : at + size].reshape(len(rows), -1)
        words = self.arena.words(at, size // 8).reshape(len(rows), -1)
        bytes_[:] = 0
        for field, (sql_type, values) in enumerate(
            zip(types, zip(*rows, strict=True), strict=True)
        ):
            field_at, null_at = collection.field(field)
            nulls = [value is None for value in values]
            bytes_[:, null_at] = nulls
            if all(nulls):
                continue
            if is_variable(sql_type):
                words[:, field_at // 8] = self._kept_texts(collection, sql_type, values)
            else:
                words[:, field_at // 8] = fixed_lanes(values, sql_type, time_zone)

    def _kept_texts(self, collection: Collection, sql_type: SqlType, values: Sequence[Any]) -> Any:
        """Lanes of strings that are kept with the records."""
        data, starts, sizes = encoded(values, sql_type)
        size = len(data)
        heap = self._get(collection, layout.COLLECTION_HEAP)
        if heap + size > self._get(collection, layout.COLLECTION_HEAP_END) or not heap:
            self.grow_heap_of(collection, size)
            heap = self._get(collection, layout.COLLECTION_HEAP)
        self.mem[heap : heap + size] = np.frombuffer(data, np.uint8)
        self._set(collection, layout.COLLECTION_HEAP, heap + size)
        return heap + starts << RUN_SHIFT | sizes
