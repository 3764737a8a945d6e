"""A stage of a program: batches from its source through its instructions; and between stages.

`stage_run` is resumable, for Python (`run.py`) and for the lane. In the lane (`program_execute`)
nothing is answered on the way, so what collections need is given to them beforehand, from one
stretch of memory that every statement uses anew; whoever needs more is Python's.
"""

from __future__ import annotations

from mysqlcompat.machine.calls import call3
from mysqlcompat.machine.layout import (
    BEFORE_ONE_GROUP,
    BEFORE_SORT,
    COLLECTION_CHUNKS,
    COLLECTION_COUNT,
    COLLECTION_DIRECTORY,
    COLLECTION_HEAP,
    COLLECTION_HEAP_END,
    COLLECTION_MASK,
    COLLECTION_RECORD,
    COLLECTION_SHIFT,
    COLLECTION_TABLE,
    GATHERED_BYTES,
    GATHERED_COLLECTION,
    GATHERED_HASHED,
    GATHERED_RECORD,
    INSTRUCTION_BYTES,
    PROGRAM_GATHERED,
    PROGRAM_GATHERED_COUNT,
    RECORD_FIELDS,
    RUN_CODE,
    RUN_DEPTH,
    RUN_END,
    RUN_HEAP,
    RUN_HEAP_START,
    RUN_LANES,
    RUN_PC,
    RUN_QUANTUM,
    RUN_STACK,
    RUN_STOP,
    RUN_WIDTH,
    STAGE_BEFORE,
    STAGE_CODE,
    STAGE_COLLECTION,
    STAGE_END,
    STAGE_FIELDS,
    STAGE_NULLS,
)
from mysqlcompat.machine.ops.collect_kernels import record_new
from mysqlcompat.machine.ops.operands import text_lane
from mysqlcompat.machine.ops.sort_kernels import records_sort
from mysqlcompat.machine.state import (
    LANE_BATCHES,
    LANE_RECORDS,
    LANE_RECORDS_BYTES,
    ST_MACHINE_RECORDS,
)
from redo.codes import E_LATER, E_NO_ROOM
from redo.coding_kernels import fill, load_i64, store_i64
from redo.jit import helper, routine

#: A source batch may become many (joins): so many of those count as one more batch of the quantum.
PIECES = 16
#: Room for the sort of one collection: pairs of 16 bytes, and as many spare ones.
SORT_BYTES = 32 * LANE_RECORDS + 32
#: Words of a hash table in the lane: twice as many as a batch has lanes, twice over.
TABLE_WORDS = 4096


@routine
def stage_run(st, mem, run):
    """Run the stage of `run` until its source ends (0), its quantum is over, or an op stops it.

    A stop leaves RUN_PC at the op that stopped; calling again calls that op again with the same
    lanes. Ops therefore change nothing before they are sure, or keep their place in their state.
    """
    code = load_i64(mem, run + RUN_CODE)
    end = load_i64(mem, run + RUN_END)
    pc = load_i64(mem, run + RUN_PC)
    n = load_i64(mem, run + RUN_LANES)
    pieces = 0
    while True:
        if pc == 0:
            quantum = load_i64(mem, run + RUN_QUANTUM)
            if quantum <= 0:
                store_i64(mem, run + RUN_PC, 0)
                return E_LATER
            store_i64(mem, run + RUN_QUANTUM, quantum - 1)
            store_i64(mem, run + RUN_HEAP, load_i64(mem, run + RUN_HEAP_START))
            if load_i64(mem, run + RUN_STOP) != 0:
                return 0
            pc = code
        while pc < end:
            result = call3(load_i64(mem, pc), st, mem, (run, pc, n))
            if result < 0:
                store_i64(mem, run + RUN_PC, pc)
                store_i64(mem, run + RUN_LANES, n)
                return result
            if result == 0:
                if pc == code:
                    return 0
                break
            n = result
            pc += INSTRUCTION_BYTES
        depth = load_i64(mem, run + RUN_DEPTH)
        if depth > 0 and load_i64(mem, run + RUN_STOP) == 0:
            depth -= 1
            store_i64(mem, run + RUN_DEPTH, depth)
            pc = load_i64(mem, run + RUN_STACK + 16 * depth)
            n = load_i64(mem, run + RUN_STACK + 16 * depth + 8)
            pieces += 1
            if pieces == PIECES:
                pieces = 0
                quantum = load_i64(mem, run + RUN_QUANTUM) - 1
                store_i64(mem, run + RUN_QUANTUM, quantum)
                if quantum < 0:
                    store_i64(mem, run + RUN_PC, pc)
                    store_i64(mem, run + RUN_LANES, n)
                    return E_LATER
        else:
            pc = 0


@helper
def collections_prepare(st, mem, run, program):
    """Memory for the collections of a run in the lane: 0, or E_NO_ROOM when there are too many."""
    count = load_i64(mem, program + PROGRAM_GATHERED_COUNT)
    if count == 0:
        return 0
    at = st[ST_MACHINE_RECORDS] + SORT_BYTES
    share = ((LANE_RECORDS_BYTES - SORT_BYTES) // count) & ~7
    for number in range(count):
        entry = load_i64(mem, program + PROGRAM_GATHERED) + GATHERED_BYTES * number
        collection = run + load_i64(mem, entry + GATHERED_COLLECTION)
        record = load_i64(mem, entry + GATHERED_RECORD)
        free = at
        if load_i64(mem, entry + GATHERED_HASHED) != 0:
            fill(mem, free, 8 * TABLE_WORDS, 0)
            store_i64(mem, collection + COLLECTION_TABLE, free)
            store_i64(mem, collection + COLLECTION_MASK, TABLE_WORDS - 1)
            free += 8 * TABLE_WORDS
        shift = 0
        records = 1
        while records < LANE_RECORDS and 2 * records * record <= share // 2:
            records *= 2
            shift += 1
        store_i64(mem, collection + COLLECTION_RECORD, record)
        store_i64(mem, collection + COLLECTION_SHIFT, shift)
        store_i64(mem, collection + COLLECTION_CHUNKS, 1)
        store_i64(mem, collection + COLLECTION_DIRECTORY, free)
        store_i64(mem, free, free + 8)
        free += 8 + records * record
        if free > at + share:
            return E_NO_ROOM
        store_i64(mem, collection + COLLECTION_HEAP, free)
        at += share
        store_i64(mem, collection + COLLECTION_HEAP_END, at)
    return 0


@helper
def stage_enter(st, mem, run, stage):
    """What comes before a stage of a run in the lane, then its first batch is next."""
    before = load_i64(mem, stage + STAGE_BEFORE)
    collection = run + load_i64(mem, stage + STAGE_COLLECTION)
    if before == BEFORE_SORT:
        pairs = st[ST_MACHINE_RECORDS]
        records_sort(st, mem, collection, pairs, pairs + SORT_BYTES // 2)
    elif before == BEFORE_ONE_GROUP and load_i64(mem, collection + COLLECTION_COUNT) == 0:
        record = record_new(mem, collection, text_lane(0, 0), 0)
        nulls = record + RECORD_FIELDS + 8 * load_i64(mem, stage + STAGE_FIELDS)
        fill(mem, nulls, load_i64(mem, stage + STAGE_NULLS), 1)
    store_i64(mem, run + RUN_CODE, load_i64(mem, stage + STAGE_CODE))
    store_i64(mem, run + RUN_END, load_i64(mem, stage + STAGE_END))
    for word in (RUN_PC, RUN_DEPTH, RUN_STOP, RUN_WIDTH):
        store_i64(mem, run + word, 0)
    store_i64(mem, run + RUN_QUANTUM, LANE_BATCHES)
