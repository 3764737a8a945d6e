"""A copy's thread: write what the ring has gained, sync it, say how far it is durable.

The loop of six threads in the commit path, so it is all kernel: no Python, no GIL hand-over. It
comes back to Python to change chunk files, to be filled from a peer, to stop, or because something
failed.
"""

from __future__ import annotations

from redo import jit
from redo.coding_kernels import address_of, atomic_load, atomic_store, fence
from redo.control import (
    COMMAND_RUN,
    COPY_COMMAND,
    COPY_DURABLE,
    COPY_SLEEPING,
    COPY_STRIDE,
    COPY_WRITTEN,
    COUNT_FAULTS,
    COUNT_LOG_BYTES,
    COUNT_LOG_SYNCS,
    COUNT_LOG_WRITES,
    COUNT_STRIDE,
    CTRL_COPY,
    CTRL_COUNT,
    CTRL_FAULT,
    CTRL_PUBLISHED,
    CTRL_RESERVED,
    CTRL_VDL,
    FAULT_FAILS_UNTIL,
    FAULT_PERCENT,
    FAULT_SLOW_HIGH_US,
    FAULT_SLOW_LOW_US,
    FAULT_SLOW_PERCENT,
    FAULT_SLOW_UNTIL,
    FAULT_STRIDE,
)
from redo.edit_kernels import ring_offset
from redo.log_kernels import quorum_durable
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.state import ST_RING_BYTES
from redo.system_kernels import (
    clock_us,
    errno,
    event_signal,
    file_is_deleted,
    sys_fdatasync,
    sys_pwrite,
    sys_read,
    sys_usleep,
)

RUN_STOPPED = 0  #: COPY_COMMAND says so
RUN_CHUNK_END = 1  #: the chunk is full and synced; call again with the next one
RUN_BEHIND = 2  #: the ring has been overwritten; fill [written, …) from a peer
RUN_IDLE = 3  #: nothing to do, and `wake_fd` is one that does not block: call again when there is
#: Below zero: -errno of the call that failed. The copy is dead; nothing is tried again.

HOW_DURABLE = 1  #: sync what was written (tests may leave it out)
HOW_SIGNAL_ALWAYS = 2  #: whoever waits has more copies to look at than this ring knows of

ENOENT = 2
EINTR = 4
EIO = 5
EAGAIN = 11


@jit.helper
def ring_write(st, mem, fd, lsn, end, chunk_start):
    """Write ring bytes [lsn, end) to the chunk file; 0 or -errno."""
    while lsn < end:
        place = CHUNK_HEADER_BYTES + lsn - chunk_start
        done = sys_pwrite(fd, address_of(mem, ring_offset(st, lsn)), end - lsn, place)
        if done < 0:
            code = errno(mem)
            if code != EINTR:
                return -code
            done = 0
        elif done == 0:
            return -EIO
        lsn += done
    return 0


@jit.helper
def wait_for_log(mem, words, published, wake_fd, scratch):
    """Sleep until more than `published` is published or a command comes; 0 or -errno."""
    atomic_store(mem, words + COPY_SLEEPING, 1)
    fence()
    result = 0
    same = atomic_load(mem, CTRL_PUBLISHED) == published
    if same and atomic_load(mem, words + COPY_COMMAND) == COMMAND_RUN:
        if sys_read(wake_fd, address_of(mem, scratch), 8) < 0:
            code = errno(mem)
            if code != EINTR:
                result = -code
    atomic_store(mem, words + COPY_SLEEPING, 0)
    return result


@jit.helper
def add_to(mem, at, more):
    """Add to a word that only this thread changes."""
    atomic_store(mem, at, atomic_load(mem, at) + more)
    return 0


@jit.helper
def chance(now, copy_no, bound):
    """A number below `bound`, as good as random."""
    return (now % 1000003 * 48271 + copy_no * 69621) % 2147483647 * 48271 % 2147483647 % bound


@jit.helper
def meet_faults(mem, copy_no, words, scratch):
    """Be as slow as a simulated congestion says, fail as a simulated failure says; 0 or -EIO."""
    fault = CTRL_FAULT + copy_no * FAULT_STRIDE
    fails_until = atomic_load(mem, fault + FAULT_FAILS_UNTIL)
    slow_until = atomic_load(mem, fault + FAULT_SLOW_UNTIL)
    if fails_until == 0 and slow_until == 0:
        return 0
    now = clock_us(mem, scratch)
    slow = chance(now, copy_no + 13, 100) < atomic_load(mem, fault + FAULT_SLOW_PERCENT)
    if now < slow_until and slow:
        low = atomic_load(mem, fault + FAULT_SLOW_LOW_US)
        high = atomic_load(mem, fault + FAULT_SLOW_HIGH_US)
        end = min(slow_until, now + low + chance(now, copy_no, max(high - low, 0) + 1))
        while now < end and atomic_load(mem, words + COPY_COMMAND) == COMMAND_RUN:
            sys_usleep(min(end - now, 20000))
            now = clock_us(mem, scratch)
    if now < fails_until:
        if chance(now, copy_no + 7, 100) < atomic_load(mem, fault + FAULT_PERCENT):
            add_to(mem, CTRL_COUNT + copy_no * COUNT_STRIDE + COUNT_FAULTS, 1)
            return -EIO
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8, i8)")
def copy_run(st, mem, copy_no, fd, chunk_start, chunk_end, wake_fd, writer_fd, how, scratch):
    """Keep one copy's log up to date in one chunk file; RUN_… or -errno.

    fd          the chunk of LSN [chunk_start, chunk_end), which COPY_WRITTEN lies in
    wake_fd     eventfd the writer signals;  writer_fd  eventfd to signal when the quorum has moved
    how         HOW_… bits
    scratch     STAT_BYTES of `mem` for this thread
    """
    words = CTRL_COPY + copy_no * COPY_STRIDE
    counters = CTRL_COUNT + copy_no * COUNT_STRIDE
    written = atomic_load(mem, words + COPY_WRITTEN)
    while True:
        published = atomic_load(mem, CTRL_PUBLISHED)
        if atomic_load(mem, words + COPY_COMMAND) != COMMAND_RUN:
            return RUN_STOPPED
        if published <= written and atomic_load(mem, words + COPY_DURABLE) == written:
            code = wait_for_log(mem, words, published, wake_fd, scratch)
            if code < 0:
                return RUN_IDLE if code == -EAGAIN else code
            continue
        end = min(published, chunk_end)
        if end > written:
            code = meet_faults(mem, copy_no, words, scratch)
            if code == 0:
                code = ring_write(st, mem, fd, written, end, chunk_start)
            if code < 0:
                return code
            add_to(mem, counters + COUNT_LOG_WRITES, 1)
            add_to(mem, counters + COUNT_LOG_BYTES, end - written)
            add_to(mem, counters + COUNT_LOG_SYNCS, how & HOW_DURABLE)
            # What was written may have been overwritten in the ring meanwhile: then it is garbage.
            if atomic_load(mem, CTRL_RESERVED) - st[ST_RING_BYTES] > written:
                return RUN_BEHIND
            if how & HOW_DURABLE != 0 and sys_fdatasync(fd) != 0:
                return -errno(mem)
            written = end
            atomic_store(mem, words + COPY_WRITTEN, written)
        if written < published:
            return RUN_CHUNK_END
        if file_is_deleted(mem, fd, scratch):
            return -ENOENT
        # Only whole batches count: VDL is the fourth best of these and must be a batch boundary.
        atomic_store(mem, words + COPY_DURABLE, written)
        fence()
        moved = quorum_durable(mem) > atomic_load(mem, CTRL_VDL)
        if moved or how & HOW_SIGNAL_ALWAYS != 0:
            event_signal(mem, writer_fd, scratch)
