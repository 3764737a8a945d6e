"""Row kernels with redo and undo: µs a row.  `python -m tests.bench.bench_rows [rows]`

A table as sysbench has it: id BIGINT PRIMARY KEY, k INT with an index, c CHAR(120), pad CHAR(60).
Calls come from Python (0.5 µs each). CPU time of this thread; commits are not waited for.

21 November 2026, 2 busy cores, 50,000 rows: insert 3.7 µs (617 B of log), get 0.9, scan 0.01, scan
by index 0.25, update of the index 6.5, of other columns 3.7, delete 3.9, undoing it 2.7,
purge 0.8.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable

from btree import cursor_kernels, purge_kernels, row_kernels, txn_kernels
from btree import txn_layout as t
from btree.engine import Engine
from btree.keys import KeyEncoder
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from redo.state import ST_NEXT_LSN
from redo.volume import LocalVolume

_TEXT = {"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}
SBTEST = Table(
    "sbtest1",
    "sbtest",
    (
        Column("id", ColumnType(TypeKind.BIGINT), nullable=False, auto_increment=True),
        Column("k", ColumnType(TypeKind.INT), nullable=False),
        Column("c", ColumnType(TypeKind.CHAR, length=120, **_TEXT), nullable=False),
        Column("pad", ColumnType(TypeKind.CHAR, length=60, **_TEXT), nullable=False),
    ),
    (
        Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
        Index("k_1", (IndexPart("k"),)),
    ),
)


class Bench:
    """One volume, one table, rows encoded beforehand."""

    def __init__(self, directory: str, rows: int) -> None:
        self.rows = rows
        self.volume = LocalVolume(
            directory, ring_bytes=64 << 20, private_bytes=1 << 30, durable=False
        )
        self.arena, self.st = self.volume.arena, self.volume.st
        self.engine = Engine(self.arena, self.st, self.volume.log, self.volume, 256 << 20)
        self.engine.create()
        self.engine.catalog.create_database("sbtest")
        self.table = self.engine.catalog.create_table(SBTEST)
        self.ctx = self.engine.open_context()
        self.codec = RowCodec(self.arena, self.st, self.table)
        rng = random.Random(1)
        self.ids = list(range(1, rows + 1))
        self.order = rng.sample(self.ids, rows)
        self.first = self._encode(rng)
        self.second = self._encode(rng)
        key = KeyEncoder(self.arena, self.st, self.table, 0)
        self.keys = self.arena.alloc(16 * rows)
        for number in self.ids:
            one = key.encode((number,))
            at = self._key(number)
            self.arena.mem[at : at + len(one)] = bytearray(one)
        self.key_bytes = len(one)

    def _encode(self, rng: random.Random) -> list[tuple[int, int]]:
        made = [(0, 0)]
        for number in self.ids:
            text = "".join(rng.choices("0123456789", k=119))
            row = self.codec.encode((number, rng.randrange(self.rows), text, text[:59]))
            at = self.arena.alloc(len(row))
            self.arena.mem[at : at + len(row)] = bytearray(row)
            made.append((at, len(row)))
        return made

    def _key(self, number: int) -> int:
        return self.keys + 16 * (number - 1)

    def timed(self, what: str, numbers: list[int], one: Callable[[int], int]) -> None:
        """Run `one` for each number and print µs and log bytes for each."""
        log = int(self.st[ST_NEXT_LSN])
        started = time.thread_time()
        for number in numbers:
            code = one(number)
            while code < 0:
                assert self.engine.settle(code), (what, code)
                code = one(number)
        spent = time.thread_time() - started
        written = (int(self.st[ST_NEXT_LSN]) - log) / len(numbers)
        sys.stdout.write(
            f"{what:34} {spent / len(numbers) * 1e6:8.2f} µs {written:8.0f} B of log\n"
        )

    def run(self) -> None:
        st, mem, ctx, descriptor = self.st, self.arena.mem, self.ctx, self.table.descriptor
        insert, update = row_kernels.row_insert, row_kernels.row_update
        get, delete = row_kernels.row_get, row_kernels.row_delete
        self.timed(
            "insert, ascending ids",
            self.ids,
            lambda n: insert(st, mem, ctx, descriptor, *self.first[n]),
        )
        self.engine.commit(ctx)
        self.engine.statement(ctx)
        size = self.key_bytes
        self.timed(
            "get by key", self.order, lambda n: get(st, mem, ctx, descriptor, self._key(n), size, 0)
        )
        self._scan("scan by primary key, 1024 a call", 0)
        self._scan("scan by index, rows fetched", 1)
        self.engine.commit(ctx)
        self.timed(
            "update with a changed index",
            self.order,
            lambda n: update(st, mem, ctx, descriptor, self.first[n][0], *self.second[n]),
        )
        self.engine.commit(ctx)
        self.timed(
            "update without",
            self.order,
            lambda n: update(st, mem, ctx, descriptor, self.second[n][0], *self.second[n]),
        )
        self.engine.commit(ctx)
        self._purge()
        half = self.order[: self.rows // 2]
        self.timed("delete", half, lambda n: delete(st, mem, ctx, descriptor, self.second[n][0]))
        started = time.thread_time()
        self.engine.rollback(ctx)
        self._say("roll back a delete", time.thread_time() - started, len(half))
        self.timed("insert refused, commit of nothing", half, lambda n: self._idle())
        sys.stdout.write(f"{len(self.engine.check())} problems\n")

    def _idle(self) -> int:
        txn_kernels.txn_statement(self.st, self.arena.mem, self.ctx, 1)
        return txn_kernels.txn_commit(self.st, self.arena.mem, self.ctx)

    def _scan(self, what: str, index: int) -> None:
        cursor, out = self.arena.alloc(t.CURSOR_BYTES), self.arena.alloc(8192)
        engine, descriptor = self.engine, self.table.descriptor
        started = time.thread_time()
        bounds = (0, -1, 1, 0, -1, 1, 0, 0)
        engine.call(cursor_kernels.cursor_open, self.ctx, cursor, descriptor, index, *bounds)
        found = 0
        while count := engine.ensure(engine.call(cursor_kernels.cursor_next, cursor, out, 1024)):
            found += count
        assert found == self.rows
        self._say(what, time.thread_time() - started, found)

    def _purge(self) -> None:
        started = time.thread_time()
        while self.engine.ensure(self.engine.call(purge_kernels.purge_step, 4096)):
            pass
        self._say("purge of an undo record", time.thread_time() - started, 3 * self.rows)

    def _say(self, what: str, seconds: float, count: int) -> None:
        sys.stdout.write(f"{what:34} {seconds / count * 1e6:8.3f} µs\n")


def main(rows: int = 50_000) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(directory, rows)
        try:
            bench.run()
        finally:
            bench.volume.close()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
