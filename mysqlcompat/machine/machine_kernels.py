"""The machine's loop: batches from the source of a stage through its instructions, resumable."""

from __future__ import annotations

from btree.txn_kernels import statement_begin
from btree.txn_layout import CTX_VIEW_OPEN
from mysqlcompat.machine.calls import call3
from mysqlcompat.machine.layout import (
    INSTRUCTION_BYTES,
    PROGRAM_CODE,
    PROGRAM_END,
    PROGRAM_KERNEL_ONLY,
    PROGRAM_RUN_BYTES,
    PROGRAM_SLOTS,
    PROGRAM_STATE_BYTES,
    RUN_BINARY,
    RUN_CODE,
    RUN_CTX,
    RUN_DEPTH,
    RUN_END,
    RUN_HEAP,
    RUN_HEAP_END,
    RUN_HEAP_START,
    RUN_LANES,
    RUN_OUT,
    RUN_OUT_END,
    RUN_PARAM_COUNT,
    RUN_PARAMS,
    RUN_PC,
    RUN_QUANTUM,
    RUN_ROWS,
    RUN_SEQUENCE,
    RUN_STACK,
    RUN_STOP,
)
from mysqlcompat.machine.state import (
    EXECUTE_BINARY,
    EXECUTE_IN_TRANSACTION,
    LANE_BATCHES,
    LANE_RUN_BYTES,
    ST_MACHINE_HEAP,
    ST_MACHINE_HEAP_BYTES,
    ST_MACHINE_ROWS,
    ST_MACHINE_RUN,
    ST_MACHINE_SEQUENCE,
)
from redo.codes import E_BAD_VALUE, E_LATER
from redo.coding_kernels import fill, load_i64, store_i64
from redo.jit import helper, kernel


@helper
def stage_run(st, mem, run):
    """Run the stage of `run` until its source ends (0), its quantum is over, or an op stops it.

    A stop leaves RUN_PC at the op that stopped; calling again calls that op again with the same
    lanes. Ops therefore change nothing before they are sure, or keep their place in their state.
    """
    code = load_i64(mem, run + RUN_CODE)
    end = load_i64(mem, run + RUN_END)
    pc = load_i64(mem, run + RUN_PC)
    n = load_i64(mem, run + RUN_LANES)
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
        if depth > 0:
            depth -= 1
            store_i64(mem, run + RUN_DEPTH, depth)
            pc = load_i64(mem, run + RUN_STACK + 16 * depth)
            n = load_i64(mem, run + RUN_STACK + 16 * depth + 8)
        else:
            pc = 0


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


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8)")
def program_execute(st, mem, program, ctx, params, out, out_bytes, sequence, flags):
    """Run a kernel-only program from beginning to end: row packets of its whole result.

    program   offset of its header; params: its slots (lanes, then null bytes)
    flags     EXECUTE_BINARY: rows of the binary protocol; EXECUTE_IN_TRANSACTION: a read view
    opened
              for this statement stays open afterwards
    ->        bytes written to `out`; rows in st[ST_MACHINE_ROWS], next sequence number in
              st[ST_MACHINE_SEQUENCE]; or a code, nothing of `out` being valid then: E_PAGE_MISS
              (fetch, call again), anything else is for Python to run.
    """
    run = st[ST_MACHINE_RUN]
    size = load_i64(mem, program + PROGRAM_RUN_BYTES)
    if load_i64(mem, program + PROGRAM_KERNEL_ONLY) == 0 or size > LANE_RUN_BYTES:
        return E_BAD_VALUE
    had_view = load_i64(mem, ctx + CTX_VIEW_OPEN)
    result = statement_begin(st, mem, ctx)
    if result < 0:
        return result
    run_prepare(st, mem, run, program, ctx, params)
    store_i64(mem, run + RUN_OUT, out)
    store_i64(mem, run + RUN_OUT_END, out + out_bytes)
    store_i64(mem, run + RUN_SEQUENCE, sequence)
    store_i64(mem, run + RUN_BINARY, flags & EXECUTE_BINARY)
    result = stage_run(st, mem, run)
    if had_view == 0 and flags & EXECUTE_IN_TRANSACTION == 0:
        store_i64(mem, ctx + CTX_VIEW_OPEN, 0)
    if result < 0:
        return result
    st[ST_MACHINE_ROWS] = load_i64(mem, run + RUN_ROWS)
    st[ST_MACHINE_SEQUENCE] = load_i64(mem, run + RUN_SEQUENCE)
    return load_i64(mem, run + RUN_OUT) - out
