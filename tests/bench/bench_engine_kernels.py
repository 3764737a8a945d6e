"""Loops for `bench_engine.py`, compiled: what a row operation costs inside a kernel."""

from __future__ import annotations

from btree.cursor_kernels import cursor_next
from btree.row_kernels import row_get, row_insert
from btree.rows_kernels import row_column, row_encode, rows_extract
from redo import jit
from redo.coding_kernels import load_i64, store_i64, store_i64_be, store_u8

GOLDEN = 0x9E3779B1


@jit.helper
def insert_many(st, mem, ctx, table, first, n, scattered, base, row, row_bytes, id_at):
    """Insert rows first… until n; how far it came << 8, plus the negated code that stopped it."""
    for i in range(first, n):
        number = (i * GOLDEN) & (n - 1) if scattered else i
        store_i64(mem, row + id_at, base + number)
        code = row_insert(st, mem, ctx, table, row, row_bytes)
        if code < 0:
            return i << 8 | -code
    return n << 8


@jit.helper
def get_many(st, mem, ctx, table, n, scattered, key, key_bytes):
    """Look up rows 1 … n; how many were found."""
    found = 0
    for i in range(n):
        number = (i * GOLDEN) & (n - 1) if scattered else i
        store_i64_be(mem, key, (1 + number) ^ (-9223372036854775807 - 1))
        if row_get(st, mem, ctx, table, key, key_bytes, 0) > 0:
            found += 1
    return found


@jit.helper
def scan_sum(st, mem, table, cursor, rows_out, limit, column, lanes, nulls):
    """Sum of one column over the cursor's range; a code below 0."""
    total = 0
    while True:
        n = cursor_next(st, mem, cursor, rows_out, limit)
        if n <= 0:
            return total if n == 0 else n
        rows_extract(mem, table, rows_out, n, column, lanes, nulls)
        for i in range(n):
            total += load_i64(mem, lanes + 8 * i)


@jit.helper
def encode_many(st, mem, table, row, n, columns, lanes, nulls, out):
    """Make a row of the values of another, n times; its bytes."""
    for column in range(columns):
        store_i64(mem, lanes + 8 * column, row_column(mem, table, row, column))
        store_u8(mem, nulls + column, 0)
    count = 0
    for _ in range(n):
        count = row_encode(st, mem, table, lanes, nulls, out)
    return count


@jit.helper
def extract_many(mem, table, rows, batch, n, columns, lanes, nulls):
    """Take each column but the first out of n rows, a batch at a time; the sum of one lane."""
    total = 0
    for _ in range(n // batch):
        for column in range(1, columns + 1):
            rows_extract(mem, table, rows, batch, column, lanes, nulls)
            total ^= load_i64(mem, lanes)
    return total & 1
