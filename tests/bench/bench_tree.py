"""What trees and rows cost: ``python -m tests.bench.bench_tree [rows]`` (a power of two).

One tree of 8-byte keys and 100-byte values on 16 KiB pages, all in the pool, with redo (published,
written by nobody). Figures are per operation inside a kernel.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from btree import descriptors, entry_kernels, rows
from btree.pool import BufferPool
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from btree.tree import BTree, Store
from redo.arena import Arena, create_ring
from redo.log import LogWriter, Recovered, new_state, start_ring
from redo.state import ST_NEXT_LSN, ST_VDL
from redo.volume import Volume
from tests.bench import bench_tree_kernels as loops

VALUE_BYTES = 100


class Bench:
    """A node without a volume: nothing is evicted, and what is published counts as durable."""

    def __init__(self, pool_bytes: int) -> None:
        self.arena = Arena(create_ring(64 << 20), pool_bytes + (256 << 20))
        self.mem = self.arena.mem
        self.st = new_state(self.arena, 16384)
        start_ring(self.arena, Recovered(1, 4096, 0))
        self.log = LogWriter(self.arena, self.st, [-1] * 6)
        self.log.open(Recovered(1, 4096, 0))
        volume: Volume = None  # type: ignore[assignment]
        self.pool = BufferPool(self.arena, self.st, volume, pool_bytes)
        self.store = Store(self.arena, self.st, self.pool, self.log)
        self.store.check(entry_kernels.volume_create(self.st, self.mem))
        self.key = self.arena.alloc(64)
        self.value = self.arena.alloc(4096)

    def drain(self) -> None:
        self.log.publish()
        self.st[ST_VDL] = self.st[ST_NEXT_LSN]

    def fill(self, n: int, step: Callable[[int], int]) -> None:
        """Call `step(first)` until it has come to n, making room in the log between."""
        done = 0
        while done < n:
            done = step(done)
            assert done >= 0, done
            self.drain()


def timed(name: str, n: int, work: Callable[[], object], note: str = "") -> None:
    started = time.process_time()  # CPU time: the machine may be busy with other things
    work()
    seconds = time.process_time() - started
    print(f"{name:<34}{seconds / n * 1e9:>9.1f} ns {n / seconds / 1e6:>8.2f} M/s  {note}")


def insert(bench: Bench, n: int, shuffled: int) -> BTree:
    tree = BTree.create(bench.store, 0)
    before = int(bench.st[ST_NEXT_LSN])
    free = bench.pool.free

    def work() -> None:
        bench.fill(
            n,
            lambda first: loops.put_many(
                bench.st,
                bench.mem,
                tree.root,
                first,
                n,
                shuffled,
                bench.key,
                bench.value,
                VALUE_BYTES,
            ),
        )

    timed(f"insert {'scattered' if shuffled else 'in order'}", n, work)
    log = (int(bench.st[ST_NEXT_LSN]) - before) / n
    pages = free - bench.pool.free
    print(f"{'':<34}{log:>9.0f} B of log a row, {pages} pages, {pages * 16384 / n:.0f} B a row")
    return tree


def extraction(bench: Bench) -> None:
    """Columns of 1,024 rows at a time."""
    table = Table(
        "t",
        "d",
        (
            Column("id", ColumnType(TypeKind.BIGINT), nullable=False),
            Column("n", ColumnType(TypeKind.INT)),
            Column("name", ColumnType(TypeKind.VARCHAR, 32)),
        ),
        (Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),),
    )
    table = descriptors.describe(bench.arena, bench.st, table)
    codec = rows.RowCodec(bench.arena, bench.st, table)
    count, rounds = 1024, 4000
    places = bench.arena.alloc(8 * count)
    lanes, nulls = bench.arena.alloc(8 * count), bench.arena.alloc(count)
    for number in range(count):
        row = codec.encode([number, number, "name"])
        at = bench.arena.alloc(128)
        bench.mem[at : at + len(row)] = bytearray(row)
        bench.arena.words(places, count)[number] = at
    for column, name in enumerate(("BIGINT", "INT NULL", "VARCHAR")):
        timed(
            f"extract {name}",
            count * rounds,
            lambda column=column: loops.extract_many(
                bench.st, bench.mem, table.descriptor, places, count, column, lanes, nulls, rounds
            ),
        )


def warm(bench: Bench) -> None:
    """Compile the loops: they are helpers, so that no cache can be older than what they call."""
    tree = BTree.create(bench.store, 0)
    st, mem, root, key = bench.st, bench.mem, tree.root, bench.key
    loops.put_many(st, mem, root, 0, 0, 0, key, bench.value, VALUE_BYTES)
    loops.get_many(st, mem, root, 0, 0, key)
    loops.scan_all(st, mem, root, key)
    loops.replace_many(st, mem, root, 0, 0, key, bench.value, VALUE_BYTES)
    loops.extract_many(st, mem, 0, 0, 0, 0, 0, 0, 0)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 20
    warm(Bench(4 << 20))
    bench = Bench(n * 400)
    insert(bench, n, 0)
    tree = insert(bench, n, 1)
    for shuffled in (0, 1):
        name = f"get {'scattered' if shuffled else 'in order'}"
        timed(
            name,
            n,
            lambda shuffled=shuffled: loops.get_many(
                bench.st, bench.mem, tree.root, n, shuffled, bench.key
            ),
        )
    timed("scan", n, lambda: loops.scan_all(bench.st, bench.mem, tree.root, bench.key))
    before = int(bench.st[ST_NEXT_LSN])
    timed(
        "replace, same length, scattered",
        n,
        lambda: bench.fill(
            n,
            lambda first: loops.replace_many(
                bench.st, bench.mem, tree.root, first, n, bench.key, bench.value, VALUE_BYTES
            ),
        ),
    )
    print(f"{'':<34}{(int(bench.st[ST_NEXT_LSN]) - before) / n:>9.0f} B of log a row")
    extraction(bench)


if __name__ == "__main__":
    main()
