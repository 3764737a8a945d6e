"""Dying at a failpoint with everything durable that was logged before it (`failpoints`)."""

from __future__ import annotations

from redo import jit
from redo.coding_kernels import load_u32
from redo.edit_kernels import ring_offset
from redo.failpoint_kernels import failpoint_hit, process_kill
from redo.log_kernels import log_advance, log_publish
from redo.record import BATCH_HEADER_BYTES, RECORD_LENGTH_AT
from redo.state import (
    ST_BATCH_LSN,
    ST_BATCH_RECORDS,
    ST_FAILPOINT,
    ST_MTR_OPEN,
    ST_MTR_START,
    ST_NEXT_LSN,
    ST_PUBLISHED,
    ST_VDL,
)

_PATIENCE = 1 << 28  #: looks at the copies: some seconds


@jit.helper
def _mtr_forget(st, mem):
    """Take the open mini-transaction out of the log: its pages die with the process."""
    end = st[ST_NEXT_LSN] = st[ST_MTR_START]
    st[ST_MTR_OPEN] = 0
    if st[ST_BATCH_LSN] == 0 or st[ST_BATCH_LSN] >= end:  # it has written nothing, or was the first
        st[ST_BATCH_LSN] = 0
        return
    count = 0
    at = st[ST_BATCH_LSN] + BATCH_HEADER_BYTES
    while at < end:
        at += (load_u32(mem, ring_offset(st, at) + RECORD_LENGTH_AT) + 7) & -8
        count += 1
    st[ST_BATCH_RECORDS] = count


@jit.routine
def _reached(st, mem):
    """An armed point is reached: the end, when its time has come."""
    if failpoint_hit(st, mem):
        if st[ST_MTR_OPEN]:
            _mtr_forget(st, mem)
        log_publish(st, mem)
        looks = 0
        while st[ST_VDL] < st[ST_PUBLISHED] and looks < _PATIENCE:
            log_advance(st, mem)
            looks += 1
        process_kill()
    return 0


@jit.inlined
def failpoint(st, mem, number):
    """Die here if `number` is armed."""
    if st[ST_FAILPOINT] == number:
        _reached(st, mem)
