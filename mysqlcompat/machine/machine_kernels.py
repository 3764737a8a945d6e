"""Running programs: stage by stage for Python, from beginning to end for the lane."""

from __future__ import annotations

from btree.layout import D_TABLE_ID
from btree.lock_kernels import locks_release
from btree.row_keys_kernels import table_entry
from btree.txn_kernels import commit, statement_begin
from btree.txn_layout import CTX_VIEW_OPEN, TABLE_AUTOINC
from mysqlcompat.machine.layout import (
    PROGRAM_CODE,
    PROGRAM_END,
    PROGRAM_KERNEL_ONLY,
    PROGRAM_RUN_BYTES,
    PROGRAM_SLOTS,
    PROGRAM_STAGE_COUNT,
    PROGRAM_STAGES,
    PROGRAM_STATE_BYTES,
    RUN_BINARY,
    RUN_CODE,
    RUN_CTX,
    RUN_END,
    RUN_HEAP,
    RUN_HEAP_END,
    RUN_HEAP_START,
    RUN_INSERT_ID,
    RUN_OUT,
    RUN_OUT_END,
    RUN_PARAM_COUNT,
    RUN_PARAMS,
    RUN_QUANTUM,
    RUN_ROWS,
    RUN_SEQUENCE,
    STAGE_BYTES,
)
from mysqlcompat.machine.stage_kernels import collections_prepare, stage_enter, stage_run
from mysqlcompat.machine.state import (
    EXECUTE_BINARY,
    EXECUTE_IN_TRANSACTION,
    LANE_BATCHES,
    LANE_RUN_BYTES,
    LANE_WRITE,
    PROGRAM_TABLE,
    ST_MACHINE_HEAP,
    ST_MACHINE_HEAP_BYTES,
    ST_MACHINE_LSN,
    ST_MACHINE_ROWS,
    ST_MACHINE_RUN,
    ST_MACHINE_SEQUENCE,
)
from redo.codes import E_BAD_VALUE, E_LATER, E_LOG_FULL
from redo.coding_kernels import fill, load_i64, store_i64
from redo.jit import helper, kernel
from redo.record import BATCH_HEADER_BYTES
from redo.state import ST_BATCH_LSN, ST_MTR_LIMIT, ST_NEXT_LSN, ST_RING_BYTES, ST_VDL


@kernel("i8(i8[::1], u1[::1], i8)")
def pipeline_run(st, mem, run):
    """Step the stage `run` stands in: 0 when it is finished, else why it stopped (E_LATER,
    E_CALLBACK, E_NO_ROOM, E_PAGE_MISS, E_LOCK_WAIT, E_OVERFLOW, …)."""
    return stage_run(st, mem, run)


@helper
def run_prepare(st, mem, run, program, ctx, params):
    """Make the lane's run block ready for a program."""
    fill(mem, run, load_i64(mem, program + PROGRAM_STATE_BYTES), 0)
    store_i64(mem, run + RUN_CODE, load_i64(mem, program + PROGRAM_CODE))
    store_i64(mem, run + RUN_END, load_i64(mem, program + PROGRAM_END))
    store_i64(mem, run + RUN_QUANTUM, LANE_BATCHES)
    store_i64(mem, run + RUN_CTX, ctx)
    store_i64(mem, run + RUN_PARAMS, params)
    store_i64(mem, run + RUN_PARAM_COUNT, load_i64(mem, program + PROGRAM_SLOTS))
    heap = st[ST_MACHINE_HEAP]
    store_i64(mem, run + RUN_HEAP, heap)
    store_i64(mem, run + RUN_HEAP_START, heap)
    store_i64(mem, run + RUN_HEAP_END, heap + st[ST_MACHINE_HEAP_BYTES])


@helper
def stages_run(st, mem, run, program):
    """Run all stages of a program that only reads: 0, or a code."""
    result = collections_prepare(st, mem, run, program)
    stages = load_i64(mem, program + PROGRAM_STAGES)
    for number in range(load_i64(mem, program + PROGRAM_STAGE_COUNT)):
        if result < 0:
            break
        stage_enter(st, mem, run, stages + STAGE_BYTES * number)
        result = stage_run(st, mem, run)
    return result


@helper
def has_log_room(st):
    """Whether the log surely takes a change and its commit: a change alone may not stay."""
    lsn = st[ST_NEXT_LSN]
    limit = st[ST_MTR_LIMIT]
    if lsn + 2 * (limit + BATCH_HEADER_BYTES) > st[ST_VDL] + st[ST_RING_BYTES]:
        return False
    return st[ST_BATCH_LSN] == 0 or 2 * (lsn - st[ST_BATCH_LSN]) <= limit


@helper
def write_run(st, mem, run, program, ctx, flags):
    """Run a LANE_WRITE: 0 and ST_MACHINE_LSN, or a code with nothing done.

    One batch has the one row, and the source is not asked for another: that could miss a page when
    the row has been changed already. So what can fail stops before the change.
    """
    st[ST_MACHINE_LSN] = 0
    store_i64(mem, run + RUN_QUANTUM, 1)
    result = stage_run(st, mem, run)
    if result < 0 and result != E_LATER:
        if load_i64(mem, run + RUN_INSERT_ID) != 0:  # whoever runs it again takes the same value
            table_id = load_i64(mem, load_i64(mem, program + PROGRAM_TABLE) + 8 * D_TABLE_ID)
            counter = table_entry(st, table_id) + TABLE_AUTOINC
            store_i64(mem, counter, load_i64(mem, run + RUN_INSERT_ID))
        if flags & EXECUTE_IN_TRANSACTION == 0:
            locks_release(st, mem, ctx)
        return result
    if flags & EXECUTE_IN_TRANSACTION == 0:
        result = commit(st, mem, ctx)
        if result < 0:
            return result
        st[ST_MACHINE_LSN] = result
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8)")
def program_execute(st, mem, program, ctx, params, out, out_bytes, sequence, flags):
    """Run a kernel-only program from beginning to end: row packets of its whole result; or a
    LANE_WRITE, with its commit unless EXECUTE_IN_TRANSACTION.

    program   offset of its header; params: its slots (lanes, then null bytes)
    flags     EXECUTE_BINARY: rows of the binary protocol; EXECUTE_IN_TRANSACTION: a read view
    opened
              for this statement stays open afterwards
    ->        bytes written to `out` (0: a LANE_WRITE, whose commit ends at st[ST_MACHINE_LSN] and
              whose counts are in the run block); rows in st[ST_MACHINE_ROWS], next sequence number
              in st[ST_MACHINE_SEQUENCE]; or a code, nothing of `out` being valid then: E_PAGE_MISS
              (fetch, call again), anything else is for Python to run.
    """
    run = st[ST_MACHINE_RUN]
    size = load_i64(mem, program + PROGRAM_RUN_BYTES)
    kind = load_i64(mem, program + PROGRAM_KERNEL_ONLY)
    if kind == 0 or size > LANE_RUN_BYTES:
        return E_BAD_VALUE
    if kind == LANE_WRITE and not has_log_room(st):
        return E_LOG_FULL
    had_view = load_i64(mem, ctx + CTX_VIEW_OPEN)
    result = statement_begin(st, mem, ctx, int(kind != LANE_WRITE))
    if result < 0:
        return result
    run_prepare(st, mem, run, program, ctx, params)
    store_i64(mem, run + RUN_OUT, out)
    store_i64(mem, run + RUN_OUT_END, out + out_bytes)
    store_i64(mem, run + RUN_SEQUENCE, sequence)
    store_i64(mem, run + RUN_BINARY, flags & EXECUTE_BINARY)
    if kind == LANE_WRITE:
        result = write_run(st, mem, run, program, ctx, flags)
    else:
        result = stages_run(st, mem, run, program)
    if had_view == 0 and flags & EXECUTE_IN_TRANSACTION == 0:
        store_i64(mem, ctx + CTX_VIEW_OPEN, 0)
    if result < 0:
        return result
    st[ST_MACHINE_ROWS] = load_i64(mem, run + RUN_ROWS)
    st[ST_MACHINE_SEQUENCE] = load_i64(mem, run + RUN_SEQUENCE)
    return load_i64(mem, run + RUN_OUT) - out
