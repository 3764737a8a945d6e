"""Order of a collection's records, by their key runs."""

from __future__ import annotations

from mysqlcompat.machine.layout import (
    COLLECTION_COUNT,
    COLLECTION_ORDER,
    RECORD_KEY,
)
from mysqlcompat.machine.ops.collect_kernels import record_at
from mysqlcompat.machine.ops.operands import text_at, text_bytes
from redo.coding_kernels import compare, head_of, load_i64, store_i64
from redo.jit import helper, kernel, routine


@helper
def goes_first(mem, a, b):
    """Whether pair `a` may stand before pair `b` (pairs: head of the key, record)."""
    x = load_i64(mem, a)
    y = load_i64(mem, b)
    if x != y:
        return x < y
    k = load_i64(mem, load_i64(mem, a + 8) + RECORD_KEY)
    q = load_i64(mem, load_i64(mem, b + 8) + RECORD_KEY)
    return compare(mem, text_at(k), text_bytes(k), text_at(q), text_bytes(q)) <= 0


@helper
def pair_copy(mem, to, source):
    store_i64(mem, to, load_i64(mem, source))
    store_i64(mem, to + 8, load_i64(mem, source + 8))


@helper
def runs_merge(mem, source, to, low, middle, high):
    """Merge two neighbouring sorted runs of pairs; equal pairs keep their order."""
    i = low
    j = middle
    for k in range(low, high):
        if i < middle and (j >= high or goes_first(mem, source + 16 * i, source + 16 * j)):
            pair_copy(mem, to + 16 * k, source + 16 * i)
            i += 1
        else:
            pair_copy(mem, to + 16 * k, source + 16 * j)
            j += 1


@helper
def run_insert(mem, pairs, low, high):
    """Insertion sort of a short run."""
    for i in range(low + 1, high):
        head = load_i64(mem, pairs + 16 * i)
        record = load_i64(mem, pairs + 16 * i + 8)
        key = load_i64(mem, record + RECORD_KEY)
        j = i - 1
        while j >= low:
            other = load_i64(mem, pairs + 16 * j)
            if other < head:
                break
            if other == head:
                against = load_i64(mem, load_i64(mem, pairs + 16 * j + 8) + RECORD_KEY)
                order = compare(
                    mem, text_at(against), text_bytes(against), text_at(key), text_bytes(key)
                )
                if order <= 0:
                    break
            pair_copy(mem, pairs + 16 * (j + 1), pairs + 16 * j)
            j -= 1
        store_i64(mem, pairs + 16 * (j + 1), head)
        store_i64(mem, pairs + 16 * (j + 1) + 8, record)


@routine
def records_sort(st, mem, collection, pairs, spare):
    """Sort a collection stably by key: COLLECTION_ORDER then names its records in order.

    pairs, spare  room for 16 bytes a record each; the order stays in `pairs`
    ->            number of records
    """
    count = load_i64(mem, collection + COLLECTION_COUNT)
    for i in range(count):
        record = record_at(mem, collection, i)
        key = load_i64(mem, record + RECORD_KEY)
        store_i64(mem, pairs + 16 * i, head_of(mem, text_at(key), text_bytes(key)))
        store_i64(mem, pairs + 16 * i + 8, record)
    for low in range(0, count, 16):
        run_insert(mem, pairs, low, min(low + 16, count))
    source = pairs
    to = spare
    width = 16
    while width < count:
        for low in range(0, count, 2 * width):
            middle = min(low + width, count)
            runs_merge(mem, source, to, low, middle, min(low + 2 * width, count))
        source, to = to, source
        width *= 2
    for i in range(count):  # ascending, so `pairs` may be its own target
        store_i64(mem, pairs + 8 * i, load_i64(mem, source + 16 * i + 8))
    store_i64(mem, collection + COLLECTION_ORDER, pairs)
    return count


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def collection_sort(st, mem, collection, pairs, spare):
    """`records_sort` for Python."""
    return records_sort(st, mem, collection, pairs, spare)
