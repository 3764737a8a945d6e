"""Loops for `bench_tree.py`, compiled: what one operation costs inside a kernel."""

from __future__ import annotations

from btree.rows_kernels import rows_extract
from btree.space_kernels import reserve_begin
from btree.state import ST_LEAF_FRAME, ST_LEAF_SLOT
from btree.tree_kernels import (
    leaf_here,
    leaf_next,
    leaf_value,
    tree_find,
    tree_insert,
    tree_replace,
    tree_reserve,
)
from redo import jit
from redo.coding_kernels import load_i64, store_i64, store_i64_be
from redo.edit_kernels import mtr_begin, mtr_commit

GOLDEN = 0x9E3779B1


@jit.helper
def key_number(i, n, shuffled):
    """The i-th of n keys: in order, or scattered (n a power of two)."""
    return (i * GOLDEN) & (n - 1) if shuffled else i


@jit.helper
def put_many(st, mem, root, first, n, shuffled, key, value, value_bytes):
    """Insert keys first… until n; how far it came (the log is full), or a code."""
    for i in range(first, n):
        store_i64_be(mem, key, key_number(i, n, shuffled))
        store_i64(mem, value, i)
        reserve_begin(st)
        code = tree_reserve(st, mem, root, key, 8, value_bytes)
        if code < 0:
            return code
        if mtr_begin(st, mem) < 0:
            return i
        code = tree_insert(st, mem, root, key, 8, value, value_bytes)
        mtr_commit(st, mem)
        if code < 0:
            return code
    return n


@jit.helper
def replace_many(st, mem, root, first, n, key, value, value_bytes):
    """Replace values of the same length, scattered; as `put_many`."""
    for i in range(first, n):
        store_i64_be(mem, key, key_number(i, n, 1))
        store_i64(mem, value, -i)
        reserve_begin(st)
        code = tree_reserve(st, mem, root, key, 8, value_bytes)
        if code < 0:
            return code
        if mtr_begin(st, mem) < 0:
            return i
        code = tree_replace(st, mem, root, key, 8, value, value_bytes)
        mtr_commit(st, mem)
        if code < 0:
            return code
    return n


@jit.helper
def get_many(st, mem, root, n, shuffled, key):
    """Look all keys up; the sum of the first words of their values."""
    total = 0
    for i in range(n):
        store_i64_be(mem, key, key_number(i, n, shuffled))
        if tree_find(st, mem, root, key, 8) != 1:
            return -1
        total += load_i64(mem, leaf_value(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT]))
    return total


@jit.helper
def scan_all(st, mem, root, key):
    """Walk all leaves; the sum of the first words of the values."""
    total = 0
    code = tree_find(st, mem, root, key, 0)
    more = leaf_here(st, mem) if code >= 0 else code
    while more == 1:
        total += load_i64(mem, leaf_value(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT]))
        more = leaf_next(st, mem)
    return total


@jit.helper
def extract_many(st, mem, table, rows, n, column, lanes, nulls, rounds):
    """Extract a column of n rows again and again."""
    total = 0
    for _ in range(rounds):
        rows_extract(mem, table, rows, n, column, lanes, nulls)
        total += load_i64(mem, lanes)
    return total
