"""The engine beside LMDB and SQLite, the same work driven from Python: `bench_engine [rows]`.

A table ``(id BIGINT PRIMARY KEY, n INT, pad VARBINARY(100))`` of a million rows. First what an
operation costs inside a kernel, with redo and undo written; then one call from Python each, and a
thousand rows a call, for all three stores in turn: in one transaction, where nothing is made
durable in any of them (LMDB with sync off, SQLite in memory with its journal off); then inserts
that are a transaction each, without durability (SQLite: a file, synchronous off) and with it (ours:
on four of six copies). Times are CPU of the calling thread: our six copies' threads, which store
the log meanwhile, are other machines in a cluster.
"""

from __future__ import annotations

import random
import sqlite3
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import lmdb
import numpy as np

from btree import cursor_kernels, purge_kernels, row_kernels, txn_kernels
from btree import txn_layout as t
from btree.engine import Engine
from btree.keys import KeyEncoder
from btree.prepared import PreparedGet, PreparedInsert
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from redo import jit
from redo.state import ST_NEXT_LSN
from redo.volume import LocalVolume
from tests.bench import bench_engine_kernels as loops

TABLE = Table(
    "t",
    "bench",
    (
        Column("id", ColumnType(TypeKind.BIGINT), nullable=False),
        Column("n", ColumnType(TypeKind.INT), nullable=False),
        Column("pad", ColumnType(TypeKind.VARBINARY, length=100), nullable=False),
    ),
    (Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),),
)
PAD = b"x" * 100
ROUNDS = 5
BATCH = 1000


class Bench:
    """An engine with one table, everything in the pool."""

    def __init__(self, directory: str, pool_bytes: int, durable: bool = False) -> None:
        self.volume = LocalVolume(
            directory, ring_bytes=64 << 20, private_bytes=pool_bytes + (512 << 20), durable=durable
        )
        self.arena, self.st, self.mem = self.volume.arena, self.volume.st, self.volume.arena.mem
        self.engine = Engine(self.arena, self.st, self.volume.log, self.volume, pool_bytes)
        self.engine.create()
        self.engine.catalog.create_database("bench")
        self.table = self.engine.catalog.create_table(TABLE)
        self.ctx = self.engine.open_context()
        codec = RowCodec(self.arena, self.st, self.table)
        row = codec.encode((0x0102030405060708, 0, PAD))
        self.row_bytes = len(row)
        self.row = self.arena.alloc(256)
        self.mem[self.row : self.row + len(row)] = bytearray(row)
        self.id_at = row.index(struct.pack("<q", 0x0102030405060708))
        encoder = KeyEncoder(self.arena, self.st, self.table, 0)
        self.key = self.arena.alloc(64)
        zero = encoder.encode((0,))
        self.mem[self.key : self.key + len(zero)] = bytearray(zero)
        self.key_bytes = len(zero)
        self.cursor = self.arena.alloc(t.CURSOR_BYTES)
        self.rows_out = self.arena.alloc(8 * 1024)
        self.lanes = self.arena.alloc(8 * 1024)
        self.nulls = self.arena.alloc(1024)

    def fill(self, n: int, scattered: int, base: int) -> float:
        """Insert n rows in one kernel; CPU seconds of this thread."""
        done, spent = 0, 0.0
        while done < n:
            started = time.thread_time()
            step = loops.insert_many(
                *(self.st, self.mem, self.ctx, self.table.descriptor, done, n, scattered, base),
                *(self.row, self.row_bytes, self.id_at),
            )
            spent += time.thread_time() - started
            code = step & 0xFF
            done = step >> 8
            if code:
                assert self.engine.settle(-code), -code
        self.engine.commit(self.ctx)
        return spent

    def get(self, n: int, scattered: int) -> float:
        """Look up n rows in one kernel; seconds."""
        self.engine.statement(self.ctx)
        started = time.thread_time()
        assert (
            loops.get_many(
                *(self.st, self.mem, self.ctx, self.table.descriptor, n, scattered),
                *(self.key, self.key_bytes),
            )
            == n
        )
        spent = time.thread_time() - started
        self.engine.commit(self.ctx)
        return spent

    def scan(self) -> float:
        """Sum one fixed column of all rows, 1,024 rows at a time; seconds."""
        self.engine.statement(self.ctx)
        bounds = (0, -1, 1, 0, -1, 1, 0, 0)
        self.engine.call(
            *(cursor_kernels.cursor_open, self.ctx, self.cursor, self.table.descriptor, 0),
            *bounds,
        )
        started = time.thread_time()
        total = loops.scan_sum(
            *(self.st, self.mem, self.table.descriptor, self.cursor, self.rows_out, 1024),
            *(1, self.lanes, self.nulls),
        )
        spent = time.thread_time() - started
        assert total >= 0
        self.engine.commit(self.ctx)
        return spent

    def purge(self) -> None:
        while self.engine.ensure(self.engine.call(purge_kernels.purge_step, 4096)):
            pass


def say(what: str, seconds: float, n: int, target_us: float = 0.0) -> None:
    cost = seconds / n * 1e6
    note = f"target {target_us:.1f} µs: {'met' if cost <= target_us else 'MISSED'}"
    sys.stdout.write(f"{what:44} {cost:8.3f} µs  {note if target_us else ''}\n")


class Store(Protocol):
    """A store driven from Python. What is inserted is in one transaction until `commit`."""

    name: str

    def insert(self) -> Callable[[int], object]: ...
    def get(self) -> Callable[[int], object]: ...
    def insert_many(self, numbers: list[int]) -> None: ...
    def get_many(self, numbers: list[int]) -> int: ...
    def commit(self) -> None: ...
    def close(self) -> None: ...


class Ours:
    name = "ours"

    def __init__(self, directory: str) -> None:
        self._bench = Bench(f"{directory}/ours-called", 512 << 20)
        bench = self._bench
        ordered = (0, 0, PAD)
        self._insert = PreparedInsert(bench.engine, bench.ctx, bench.table, ordered, 0)
        self._get = PreparedGet(bench.engine, bench.ctx, bench.table)
        bench.engine.statement(bench.ctx)

    def insert(self) -> Callable[[int], object]:
        return self._insert.one()

    def get(self) -> Callable[[int], object]:
        return self._get.one()

    def insert_many(self, numbers: list[int]) -> None:
        self._insert.many(np.array(numbers))

    def get_many(self, numbers: list[int]) -> int:
        return len(self._get.many(np.array(numbers)))

    def commit(self) -> None:
        self._bench.engine.commit(self._bench.ctx)
        self._bench.engine.statement(self._bench.ctx)

    def close(self) -> None:
        self._bench.volume.close()


class Lmdb:
    name = "LMDB"

    def __init__(self, directory: str) -> None:
        path = f"{directory}/lmdb"
        self._environment = lmdb.open(path, map_size=4 << 30, sync=False, metasync=False)
        self._transaction = self._environment.begin(write=True)
        self._value = struct.pack("<i", 0) + PAD

    def insert(self) -> Callable[[int], object]:
        put, pack, value = self._transaction.put, struct.Struct(">q").pack, self._value
        return lambda number: put(pack(number), value)

    def get(self) -> Callable[[int], object]:
        get, pack = self._transaction.get, struct.Struct(">q").pack
        return lambda number: get(pack(number))

    def insert_many(self, numbers: list[int]) -> None:
        pack, value = struct.Struct(">q").pack, self._value
        self._transaction.cursor().putmulti([(pack(number), value) for number in numbers])

    def get_many(self, numbers: list[int]) -> int:
        pack = struct.Struct(">q").pack
        return len(self._transaction.cursor().getmulti([pack(number) for number in numbers]))

    def commit(self) -> None:
        self._transaction.commit()
        self._transaction = self._environment.begin(write=True)

    def close(self) -> None:
        self._transaction.abort()
        self._environment.close()


class Sqlite:
    name = "SQLite"

    def __init__(self, directory: str) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        execute = self._connection.execute
        execute("PRAGMA journal_mode = OFF")
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, pad BLOB)")
        execute("BEGIN")

    def insert(self) -> Callable[[int], object]:
        execute = self._connection.execute
        return lambda number: execute("INSERT INTO t VALUES (?, 0, ?)", (number, PAD))

    def get(self) -> Callable[[int], object]:
        execute = self._connection.execute
        return lambda number: execute("SELECT n, pad FROM t WHERE id = ?", (number,)).fetchone()

    def insert_many(self, numbers: list[int]) -> None:
        rows = [(number, PAD) for number in numbers]
        self._connection.executemany("INSERT INTO t VALUES (?, 0, ?)", rows)

    def get_many(self, numbers: list[int]) -> int:
        marks = ",".join("?" * len(numbers))
        rows = self._connection.execute(f"SELECT n, pad FROM t WHERE id IN ({marks})", numbers)
        return len(rows.fetchall())

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        self._connection.close()


WORKS = ("insert in order", "and commit", "get scattered", "insert scattered", "and commit")


def one_by_one(store: Store, base: int, numbers: list[int]) -> list[float]:
    """CPU seconds of this thread: calls in order, commit, gets, scattered calls, commit."""
    n = len(numbers)
    made = []
    for kind, order in (
        ("insert", range(base, base + n)),
        ("get", [base + i for i in numbers]),
        ("insert", [base + n + i for i in numbers]),
    ):
        work = store.insert() if kind == "insert" else store.get()
        started = time.thread_time()
        for number in order:
            work(number)
        called = time.thread_time()
        made.append(called - started)
        if kind == "insert":
            store.commit()
            made.append(time.thread_time() - called)
    return made


def by_batches(store: Store, base: int, numbers: list[int]) -> list[float]:
    """The same in batches of `BATCH` rows."""
    n = len(numbers)
    made = []
    for work, order in (
        (store.insert_many, list(range(base, base + n))),
        (store.get_many, [base + i for i in numbers]),
        (store.insert_many, [base + n + i for i in numbers]),
    ):
        started = time.thread_time()
        for first in range(0, n, BATCH):
            work(order[first : first + BATCH])
        called = time.thread_time()
        made.append(called - started)
        if work == store.insert_many:
            store.commit()
            made.append(time.thread_time() - called)
    return made


def beside(title: str, work: Callable[[Store, int, list[int]], list[float]], n: int) -> None:
    """µs a row, best of `ROUNDS` in which the stores take turns, each round on further rows."""
    numbers = random.Random(1).sample(range(n), n)
    with tempfile.TemporaryDirectory() as directory:
        stores: list[Store] = [kind(directory) for kind in (Ours, Lmdb, Sqlite)]
        rounds = [
            [work(store, number * 2 * n, numbers) for store in stores] for number in range(ROUNDS)
        ]
        for store in stores:
            store.close()
    sys.stdout.write(f"\n{title:24}" + "".join(f"{name:>17}" for name in WORKS) + "\n")
    best = [
        [min(times) / n * 1e6 for times in zip(*made, strict=True)]
        for made in zip(*rounds, strict=True)
    ]
    for store, costs in zip(stores, best, strict=True):
        shown = "".join(f"{cost:14.2f} µs" for cost in costs)
        sys.stdout.write(f"{store.name:24}{shown}\n")
    for store, costs in list(zip(stores, best, strict=True))[1:]:
        ratios = [other / mine for mine, other in zip(best[0], costs, strict=True)]
        shown = "".join(f"{ratio:15.2f} ×" for ratio in ratios)
        sys.stdout.write(f"{store.name + ' / ours':24}{shown}\n")


class Committed:
    """Inserts that are a transaction each, in all three stores."""

    def __init__(self, directory: str, durable: bool) -> None:
        self._directory, self._durable = directory, durable
        self._value = struct.pack("<i", 0) + PAD

    def ours(self) -> Iterator[None]:
        bench = Bench(f"{self._directory}/committed", 64 << 20, self._durable)
        engine, st, mem, ctx, log = bench.engine, bench.st, bench.mem, bench.ctx, bench.volume.log
        insert, commit = jit.entry(row_kernels.row_insert), jit.entry(txn_kernels.txn_commit)
        begin = jit.entry(txn_kernels.txn_statement)
        pack = struct.Struct("<q").pack_into
        number = 0
        while True:
            number += 1
            pack(mem.data, bench.row + bench.id_at, number)
            for kernel, more in (
                (begin, (1,)),
                (insert, (bench.table.descriptor, bench.row, bench.row_bytes)),
                (commit, ()),
            ):
                code = kernel(st, mem, ctx, *more)
                while code < 0:
                    assert engine.settle(code), code
                    code = kernel(st, mem, ctx, *more)
            if self._durable:
                log.wait_durable(code)
            try:
                yield
            except GeneratorExit:
                bench.volume.close()
                raise

    def lmdb(self) -> Iterator[None]:
        path = f"{self._directory}/committed-lmdb"
        with lmdb.open(path, map_size=1 << 30, sync=self._durable) as environment:
            number = 0
            while True:
                number += 1
                with environment.begin(write=True) as transaction:
                    transaction.put(struct.pack(">q", number), self._value)
                yield

    def sqlite(self) -> Iterator[None]:
        connection = sqlite3.connect(f"{self._directory}/sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'OFF'}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, pad BLOB)")
        number = 0
        while True:
            number += 1
            connection.execute("INSERT INTO t VALUES (?, 0, ?)", (number, PAD))
            yield


def committed(durable: bool, calls: int) -> None:
    """µs a transaction, by the clock, best of five runs, the stores in turn."""
    with tempfile.TemporaryDirectory() as directory:
        stores = Committed(directory, durable)
        works = {"ours": stores.ours(), "LMDB": stores.lmdb(), "SQLite": stores.sqlite()}
        best = dict.fromkeys(works, float("inf"))
        for _ in range(5):
            for name, work in works.items():
                started = time.perf_counter()
                for _ in range(calls):
                    next(work)
                best[name] = min(best[name], (time.perf_counter() - started) / calls * 1e6)
        for work in works.values():
            work.close()  # type: ignore[attr-defined]
    kind = "durable" if durable else "not durable"
    shown = "".join(f"{name:>10}{cost:10.1f} µs" for name, cost in best.items())
    sys.stdout.write(f"one insert a transaction, {kind:12}{shown}\n")


def main(rows: int = 1 << 20) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(f"{directory}/ours", 1 << 30)
        bench.fill(0, 0, 0)  # compile
        bench.get(0, 0)
        log = int(bench.st[ST_NEXT_LSN])
        say("insert in order", bench.fill(rows, 0, 1), rows, 2.0)
        sys.stdout.write(f"{'':44} {(int(bench.st[ST_NEXT_LSN]) - log) / rows:8.0f} B of log\n")
        say("insert scattered", bench.fill(rows, 1, 1 << 32), rows, 4.0)
        bench.purge()
        for scattered in (0, 1):
            kind = "scattered" if scattered else "in order"
            say(f"get by primary key, {kind}", bench.get(rows, scattered), rows, 2.0)
        bench.scan()
        seconds = bench.scan()
        speed = 2 * rows / seconds / 1e6
        note = "met" if speed >= 50 else "MISSED"
        sys.stdout.write(f"{'scan of one column':44} {speed:8.0f} M rows/s (≥ 50: {note})\n")
        bench.volume.close()
    n = min(rows, 100_000)
    beside(f"{n} calls from Python", one_by_one, n)
    beside(f"{n} in batches of {BATCH}", by_batches, n)
    committed(False, 5_000)
    committed(True, 200)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
