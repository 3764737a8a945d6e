"""Dying at a failpoint, inside kernels (`failpoints`)."""

from __future__ import annotations

import os
import signal

from redo import jit
from redo.state import ST_FAILPOINT, ST_FAILPOINT_HITS

if not jit.DISABLED:
    _raise = jit.External("raise", "int32", "int32")
else:

    def _raise(number):
        os.kill(os.getpid(), number)


SIGKILL = int(signal.SIGKILL)


@jit.helper
def process_kill():
    """The end, as if by kill -9."""
    return _raise(SIGKILL)


@jit.routine
def failpoint_hit(st, mem):
    """An armed point is reached: 1 when this is the time to die."""
    st[ST_FAILPOINT_HITS] -= 1
    return 1 if st[ST_FAILPOINT_HITS] <= 0 else 0


@jit.inlined
def die_at(st, mem, number):
    """Die here if `number` is armed. What was not published is lost."""
    if st[ST_FAILPOINT] == number and failpoint_hit(st, mem):
        process_kill()
