"""Rows to packets: the last instruction of a SELECT."""

from __future__ import annotations

from mysqlcompat.machine.calls import call9
from mysqlcompat.machine.layout import (
    RUN_BINARY,
    RUN_OUT,
    RUN_OUT_END,
    RUN_ROWS,
    RUN_ROWS_LIMIT,
    RUN_SEQUENCE,
    RUN_WANT,
    RUN_WANT_OF,
    WANT_OUT,
)
from mysqlcompat.machine.ops.operands import OP, operand, register
from mysqlcompat.wire.layout import ST_ENCODE_NEED, ST_ENCODED_ROWS, ST_ENCODED_SEQUENCE
from redo.codes import E_NO_ROOM
from redo.coding_kernels import load_i64, store_i64
from redo.jit import kernel


@kernel(OP)
def op_send(st, mem, run, instruction, n):
    """Encode the batch's rows at RUN_OUT. Operands: column block (lanes and nulls counted from the
    run block), address of `rows_encode`, state (1 word: lanes sent).

    -> n; E_NO_ROOM when the buffer is full or RUN_ROWS_LIMIT reached, what is in it being good
    """
    columns = operand(mem, instruction, 1)
    encode = operand(mem, instruction, 2)
    state = register(mem, run, instruction, 3)
    sent = load_i64(mem, state)
    rows = load_i64(mem, run + RUN_ROWS)
    count = n - sent
    limit = load_i64(mem, run + RUN_ROWS_LIMIT)
    if limit > 0:
        count = min(count, limit - rows)
    if count > 0:
        out = load_i64(mem, run + RUN_OUT)
        size = call9(
            encode,
            st,
            mem,
            (
                columns,
                run + 8 * sent,
                run + sent,
                0,
                count,
                out,
                load_i64(mem, run + RUN_OUT_END) - out,
                load_i64(mem, run + RUN_SEQUENCE),
                load_i64(mem, run + RUN_BINARY),
            ),
        )
        if size < 0 and size != E_NO_ROOM:
            return size
        if size > 0:
            done = st[ST_ENCODED_ROWS]
            sent += done
            store_i64(mem, run + RUN_OUT, out + size)
            store_i64(mem, run + RUN_SEQUENCE, st[ST_ENCODED_SEQUENCE])
            store_i64(mem, run + RUN_ROWS, rows + done)
    if sent < n:
        store_i64(mem, state, sent)
        store_i64(mem, run + RUN_WANT, st[ST_ENCODE_NEED])
        store_i64(mem, run + RUN_WANT_OF, WANT_OUT)
        return E_NO_ROOM
    store_i64(mem, state, 0)
    return n
