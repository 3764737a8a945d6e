"""Records of collections: append, group, store and read fields.

An op first makes sure of all the room its batch may need (E_NO_ROOM names what is missing, Python
provides it and calls again) and only then changes anything, so it can always be called again.
"""

from __future__ import annotations

from mysqlcompat.machine.layout import (
    COLLECTION_CHUNKS,
    COLLECTION_COUNT,
    COLLECTION_DIRECTORY,
    COLLECTION_HEAP,
    COLLECTION_HEAP_END,
    COLLECTION_MASK,
    COLLECTION_RECORD,
    COLLECTION_SHIFT,
    COLLECTION_TABLE,
    NULLS_AT,
    RECORD_FIELDS,
    RECORD_HASH,
    RECORD_KEY,
    RECORD_NEXT,
    RUN_WANT,
    RUN_WANT_OF,
    WANT_CHUNK,
    WANT_TABLE,
)
from mysqlcompat.machine.ops.operands import (
    OP,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from redo.codes import E_NO_ROOM
from redo.coding_kernels import (
    compare,
    fill,
    hash_bytes,
    head_of,
    load_i64,
    load_u8,
    move,
    store_i64,
    store_u8,
)
from redo.jit import helper, kernel


@helper
def record_at(mem, collection, number):
    """Offset of record `number`."""
    shift = load_i64(mem, collection + COLLECTION_SHIFT)
    directory = load_i64(mem, collection + COLLECTION_DIRECTORY)
    chunk = load_i64(mem, directory + 8 * (number >> shift))
    within = number & ((1 << shift) - 1)
    return chunk + within * load_i64(mem, collection + COLLECTION_RECORD)


@helper
def wants(mem, run, collection, count, what):
    store_i64(mem, run + RUN_WANT, count)
    store_i64(mem, run + RUN_WANT_OF, collection - run + what)
    return E_NO_ROOM


@helper
def records_room(mem, run, collection, n):
    """0 when `n` more records fit the chunks there are."""
    count = load_i64(mem, collection + COLLECTION_COUNT)
    shift = load_i64(mem, collection + COLLECTION_SHIFT)
    if (count + n - 1) >> shift >= load_i64(mem, collection + COLLECTION_CHUNKS):
        return wants(mem, run, collection, n, WANT_CHUNK)
    return 0


@helper
def texts_room(mem, run, collection, texts, n):
    """0 when the strings of register `texts` fit the collection's open heap chunk."""
    total = 0
    for i in range(n):
        if load_u8(mem, texts + NULLS_AT + i) == 0:
            total += text_bytes(load_i64(mem, texts + 8 * i))
    heap = load_i64(mem, collection + COLLECTION_HEAP)
    if heap + total > load_i64(mem, collection + COLLECTION_HEAP_END):
        return wants(mem, run, collection, total, 0)
    return 0


@helper
def text_kept(mem, collection, lane):
    """Copy a string to the collection's heap (room is there): its new lane."""
    heap = load_i64(mem, collection + COLLECTION_HEAP)
    count = text_bytes(lane)
    move(mem, heap, text_at(lane), count)
    store_i64(mem, collection + COLLECTION_HEAP, heap + count)
    return text_lane(heap, count)


@helper
def record_new(mem, collection, key, stamp):
    """A zeroed record with `key` copied; room is there."""
    count = load_i64(mem, collection + COLLECTION_COUNT)
    record = record_at(mem, collection, count)
    fill(mem, record, load_i64(mem, collection + COLLECTION_RECORD), 0)
    store_i64(mem, record + RECORD_HASH, stamp)
    store_i64(mem, record + RECORD_KEY, text_kept(mem, collection, key))
    store_i64(mem, collection + COLLECTION_COUNT, count + 1)
    return record


@kernel(OP)
def op_append(st, mem, run, instruction, n):
    """A record for each lane. Operands: to (records), collection, keys (register of key runs).

    The stamp of a record is the head of its key: what the sort compares first.
    """
    to = register(mem, run, instruction, 1)
    collection = register(mem, run, instruction, 2)
    keys = register(mem, run, instruction, 3)
    result = records_room(mem, run, collection, n)
    if result < 0:
        return result
    result = texts_room(mem, run, collection, keys, n)
    if result < 0:
        return result
    for i in range(n):
        key = load_i64(mem, keys + 8 * i)
        head = head_of(mem, text_at(key), text_bytes(key))
        store_i64(mem, to + 8 * i, record_new(mem, collection, key, head))
        store_u8(mem, to + NULLS_AT + i, 0)
    return n


@helper
def record_find(mem, collection, key, stamp):
    """Place in the hash table (its word's offset) of the record with `key`, or of a free word."""
    table = load_i64(mem, collection + COLLECTION_TABLE)
    mask = load_i64(mem, collection + COLLECTION_MASK)
    at = stamp & mask
    while True:
        record = load_i64(mem, table + 8 * at)
        if record == 0:
            return table + 8 * at
        if load_i64(mem, record + RECORD_HASH) == stamp:
            other = load_i64(mem, record + RECORD_KEY)
            if compare(mem, text_at(key), text_bytes(key), text_at(other), text_bytes(other)) == 0:
                return table + 8 * at
        at = (at + 1) & mask


@kernel(OP)
def op_group(st, mem, run, instruction, n):
    """Find or make the record of each lane's key. Operands: to (records; null byte 1 where the lane
    made its record), collection, keys, chain (1: every lane makes a record, those of one key are
    linked by RECORD_NEXT: the build side of a join)."""
    to = register(mem, run, instruction, 1)
    collection = register(mem, run, instruction, 2)
    keys = register(mem, run, instruction, 3)
    chain = operand(mem, instruction, 4)
    count = load_i64(mem, collection + COLLECTION_COUNT)
    if 2 * (count + n) > load_i64(mem, collection + COLLECTION_MASK):
        return wants(mem, run, collection, 4 * (count + n), WANT_TABLE)
    result = records_room(mem, run, collection, n)
    if result < 0:
        return result
    result = texts_room(mem, run, collection, keys, n)
    if result < 0:
        return result
    for i in range(n):
        key = load_i64(mem, keys + 8 * i)
        stamp = hash_bytes(mem, text_at(key), text_bytes(key))
        place = record_find(mem, collection, key, stamp)
        found = load_i64(mem, place)
        made = 0
        record = found
        if found == 0 or chain == 1:
            record = record_new(mem, collection, key, stamp)
            store_i64(mem, record + RECORD_NEXT, found)
            store_i64(mem, place, record)
            made = 1
        store_i64(mem, to + 8 * i, record)
        store_u8(mem, to + NULLS_AT + i, made)
    return n


@kernel(OP)
def op_single(st, mem, run, instruction, n):
    """The one record of a query without GROUP BY, in every lane. Operands: to, collection."""
    to = register(mem, run, instruction, 1)
    collection = register(mem, run, instruction, 2)
    made = 0
    if load_i64(mem, collection + COLLECTION_COUNT) == 0:
        result = records_room(mem, run, collection, 1)
        if result < 0:
            return result
        record_new(mem, collection, text_lane(0, 0), 0)
        made = 1
    record = record_at(mem, collection, 0)
    for i in range(n):
        store_i64(mem, to + 8 * i, record)
    fill(mem, to + NULLS_AT, n, 0)
    store_u8(mem, to + NULLS_AT, made)
    return n


@kernel(OP)
def op_store(st, mem, run, instruction, n):
    """Lanes into a field of records. Operands: records, collection, from, offset of the field in a
    record, offset of its null byte, is text, only where the lane made its record."""
    records = register(mem, run, instruction, 1)
    collection = register(mem, run, instruction, 2)
    source = register(mem, run, instruction, 3)
    field = operand(mem, instruction, 4)
    null_at = operand(mem, instruction, 5)
    is_text = operand(mem, instruction, 6)
    only_new = operand(mem, instruction, 7)
    if is_text == 1:
        result = texts_room(mem, run, collection, source, n)
        if result < 0:
            return result
    for i in range(n):
        if only_new == 1 and load_u8(mem, records + NULLS_AT + i) == 0:
            continue
        record = load_i64(mem, records + 8 * i)
        lane = load_i64(mem, source + 8 * i)
        null = load_u8(mem, source + NULLS_AT + i)
        if is_text == 1 and null == 0:
            lane = text_kept(mem, collection, lane)
        store_i64(mem, record + field, lane)
        store_u8(mem, record + null_at, null)
    return n


@kernel(OP)
def op_field(st, mem, run, instruction, n):
    """A field of records into a register; record 0 gives NULL. Operands: to, records, offset of the
    field, offset of its null byte."""
    to = register(mem, run, instruction, 1)
    records = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    null_at = operand(mem, instruction, 4)
    for i in range(n):
        record = load_i64(mem, records + 8 * i)
        lane = 0
        null = 1
        if record != 0:
            lane = load_i64(mem, record + field)
            null = load_u8(mem, record + null_at)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def collection_rehash(st, mem, collection, table, mask, chain):
    """Move a collection to a larger hash table (`mask` + 1 zeroed words at `table`)."""
    store_i64(mem, collection + COLLECTION_TABLE, table)
    store_i64(mem, collection + COLLECTION_MASK, mask)
    count = load_i64(mem, collection + COLLECTION_COUNT)
    for i in range(count):
        record = record_at(mem, collection, i)
        key = load_i64(mem, record + RECORD_KEY)
        place = record_find(mem, collection, key, load_i64(mem, record + RECORD_HASH))
        if chain == 1:
            store_i64(mem, record + RECORD_NEXT, load_i64(mem, place))
        store_i64(mem, place, record)
    return count


assert RECORD_FIELDS == 24
