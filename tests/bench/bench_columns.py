"""What a value of each class costs to put into a row and to take out: `bench_columns [rows]`.

Tables of eight columns of one type, NOT NULL. Encoding is a row at a time from lanes, decoding a
column of 1,024 rows at a time to lanes, as the machine does it; nanoseconds of CPU a value.
"""

from __future__ import annotations

import sys
import tempfile
import time
from typing import Any

from btree.rows import RowCodec, Value
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from tests.bench import bench_engine_kernels as loops
from tests.bench.bench_engine import Bench

COLUMNS = 8
BATCH = 1024
_TEXT = {"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}
K = TypeKind
CLASSES: list[tuple[str, ColumnType, Value]] = [
    ("INT", ColumnType(K.INT), 123_456),
    ("BIGINT", ColumnType(K.BIGINT), 1 << 40),
    ("DOUBLE", ColumnType(K.DOUBLE), 1.5),
    ("DECIMAL(12,2)", ColumnType(K.DECIMAL, precision=12, scale=2), "1234.56"),
    ("DECIMAL(40,2)", ColumnType(K.DECIMAL, precision=40, scale=2), "1234.56"),
    ("DATETIME(6)", ColumnType(K.DATETIME, precision=6), "2026-11-21 10:20:30.123456"),
    ("CHAR(20)", ColumnType(K.CHAR, length=20, **_TEXT), "twenty of them, here"),
    ("VARCHAR(100), 20 B", ColumnType(K.VARCHAR, length=100, **_TEXT), "twenty of them, here"),
    ("VARBINARY(500), 400 B", ColumnType(K.VARBINARY, length=500), b"x" * 400),
]


def table_of(kind: ColumnType) -> Table:
    columns = [Column("id", ColumnType(K.BIGINT), nullable=False)]
    columns += [Column(f"c{number}", kind, nullable=False) for number in range(COLUMNS)]
    key = Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True)
    return Table(f"t{abs(hash(kind))}", "bench", tuple(columns), (key,))


def spent(loop: Any, *arguments: Any) -> float:
    """CPU seconds, the best of three after one that compiles."""
    best = float("inf")
    for _ in range(4):
        started = time.thread_time()
        assert loop(*arguments) >= 0
        best = min(best, time.thread_time() - started)
    return best


def measure(bench: Bench, kind: ColumnType, value: Value, rows: int) -> tuple[float, float]:
    """ns a value: encoding, decoding."""
    table = bench.engine.catalog.create_table(table_of(kind))
    codec = RowCodec(bench.arena, bench.st, table)
    row, row_bytes = codec.encode_at((1, *[value] * COLUMNS))
    places = bench.arena.words(bench.rows_out, BATCH)
    copies = bench.arena.alloc(BATCH * row_bytes)
    for number in range(BATCH):
        places[number] = at = copies + number * row_bytes
        bench.mem[at : at + row_bytes] = bench.mem[row : row + row_bytes]
    lanes, nulls = bench.arena.alloc(8 * (COLUMNS + 1)), bench.arena.alloc(COLUMNS + 1)
    out = bench.arena.alloc(row_bytes)
    encoding = spent(
        *(loops.encode_many, bench.st, bench.mem, table.descriptor, row, rows),
        *(COLUMNS + 1, lanes, nulls, out),
    )
    decoding = spent(
        *(loops.extract_many, bench.mem, table.descriptor, bench.rows_out, BATCH, rows),
        *(COLUMNS, bench.lanes, bench.nulls),
    )
    values = rows * COLUMNS
    return encoding / values * 1e9, decoding / (rows // BATCH * BATCH * COLUMNS) * 1e9


def main(rows: int = 100 * BATCH) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(directory, 64 << 20)
        sys.stdout.write(f"{'a value of':24}{'encode':>12}{'decode':>12}\n")
        for name, kind, value in CLASSES:
            encoding, decoding = measure(bench, kind, value, rows)
            sys.stdout.write(f"{name:24}{encoding:9.1f} ns{decoding:9.1f} ns\n")
        bench.volume.close()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
