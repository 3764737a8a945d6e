"""The writer's end of the log: publish, learn what is durable, wait for it.

Appending is done by `edit_kernels`; the lane calls the helpers of `log_kernels` itself. This class
is the same for Python, plus the waiting.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redo import log_kernels
from redo.arena import Arena, Words
from redo.codes import E_STALE_EPOCH
from redo.control import (
    CTRL_BATCH_CLOCK,
    CTRL_EPOCH,
    CTRL_LAST_BATCH,
    CTRL_PUBLISHED,
    CTRL_RESERVED,
    CTRL_VDL,
    REPLICAS_MAX,
    Control,
)
from redo.environment import Clock, SystemClock
from redo.errors import LogUnavailable, StaleEpoch
from redo.state import (
    MTR_BYTES_MAX,
    ST_BATCH_LSN,
    ST_COPY_FD,
    ST_EPOCH,
    ST_FOLLOWER_FD,
    ST_LAST_BATCH,
    ST_MTR_LIMIT,
    ST_MTR_OPEN,
    ST_NEXT_LSN,
    ST_PAGE_BYTES,
    ST_PUBLISHED,
    ST_READ_ONLY,
    ST_RING_BYTES,
    ST_VDL,
    ST_WORDS,
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery found, and where a new writer goes on."""

    epoch: int
    vdl: int
    last_batch: int  #: LSN of the last batch before `vdl`; 0: none
    clock_us: int = 0  #: no later batch is of an earlier time (a cold start says it to the ring)


def new_state(arena: Arena, page_bytes: int) -> Words:
    """Fresh state words in the arena: read-only until a `LogWriter` opens them."""
    ring = arena.ring_bytes
    assert ring & (ring - 1) == 0
    st = arena.words(arena.alloc(8 * ST_WORDS), ST_WORDS)
    st[ST_PAGE_BYTES] = page_bytes
    st[ST_RING_BYTES] = ring
    st[ST_MTR_LIMIT] = min(MTR_BYTES_MAX, ring // 4)
    st[ST_READ_ONLY] = 1
    st[ST_COPY_FD : ST_COPY_FD + 6] = -1
    st[ST_FOLLOWER_FD : ST_FOLLOWER_FD + REPLICAS_MAX] = -1
    return st


class LogWriter:
    """Publishes the log and waits for its durability. One per writer process, one thread.

    arena, st   the node's arena and state words
    wakers      six eventfds, read by the copies' threads
    writer_fd   eventfd the copies write when the quorum has moved; -1: poll instead
    """

    def __init__(
        self,
        arena: Arena,
        st: Words,
        wakers: Sequence[int],
        writer_fd: int = -1,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._mem = arena.mem
        self._st = st
        self._writer_fd = writer_fd
        self._control = Control(arena)
        for i, fd in enumerate(wakers):
            st[ST_COPY_FD + i] = fd

    def open(self, recovered: Recovered) -> None:
        """Start writing where recovery ended."""
        st = self._st
        st[ST_NEXT_LSN] = st[ST_PUBLISHED] = st[ST_VDL] = recovered.vdl
        st[ST_LAST_BATCH] = recovered.last_batch
        st[ST_EPOCH] = recovered.epoch
        st[ST_BATCH_LSN] = st[ST_MTR_OPEN] = st[ST_READ_ONLY] = 0

    def follow(self, replica_no: int, event_fd: int) -> None:
        """Wake this eventfd when VDL moves and replica `replica_no` sleeps; -1: no more."""
        self._st[ST_FOLLOWER_FD + replica_no] = event_fd

    @property
    def next_lsn(self) -> int:
        """End of everything appended."""
        return int(self._st[ST_NEXT_LSN])

    @property
    def published_lsn(self) -> int:
        """End of everything published."""
        return int(self._st[ST_PUBLISHED])

    @property
    def vdl(self) -> int:
        """Volume durable LSN, as of the last `advance`."""
        return int(self._st[ST_VDL])

    def publish(self) -> int:
        """Seal and publish what was appended; end of it. Raises StaleEpoch when fenced."""
        lsn = int(log_kernels.publish(self._st, self._mem))
        if lsn == E_STALE_EPOCH:
            raise StaleEpoch(f"epoch {int(self._st[ST_EPOCH])} is over")
        return lsn

    def advance(self) -> int:
        """Recompute and store VDL, wake replicas that wait for it."""
        return int(log_kernels.advance(self._st, self._mem))

    def wait_durable(self, lsn: int, timeout_s: float = 60.0) -> None:
        """Publish and block until VDL >= `lsn`. Raises LogUnavailable after `timeout_s`."""
        self.publish()
        self._wait(lambda vdl: vdl >= lsn, timeout_s)

    def make_room(self, timeout_s: float = 60.0) -> None:
        """The answer to E_LOG_FULL: publish, wait until a mini-transaction has room again."""
        self.publish()
        limit = self.room_lsn
        self._wait(lambda vdl: vdl >= limit, timeout_s)

    @property
    def room_lsn(self) -> int:
        """Where VDL must be for a mini-transaction to have room; publish first."""
        st = self._st
        return int(st[ST_NEXT_LSN] + st[ST_MTR_LIMIT] + 64 - st[ST_RING_BYTES])

    def _wait(self, good: Callable[[int], bool], timeout_s: float) -> None:
        deadline = self._clock.monotonic_s() + timeout_s
        slept = False
        while not good(self.advance()):
            left = deadline - self._clock.monotonic_s()
            if left <= 0:
                durable = self._control.durable()
                raise LogUnavailable(f"not durable in {timeout_s:.0f} s; copies at {durable}")
            slept = True
            if self._writer_fd < 0:
                self._clock.sleep(0.0002)
            elif select.select([self._writer_fd], [], [], min(left, 0.1))[0]:
                os.eventfd_read(self._writer_fd)
        if slept and self._writer_fd >= 0:  # whoever polls it too must not miss that VDL moved
            os.eventfd_write(self._writer_fd, 1)


def start_ring(arena: Arena, recovered: Recovered) -> None:
    """Set the shared words after a cold recovery: nothing below VDL is in the ring."""
    control = Control(arena)
    control.put(CTRL_LAST_BATCH, recovered.last_batch)
    control.put(CTRL_BATCH_CLOCK, recovered.clock_us)
    control.put(CTRL_RESERVED, recovered.vdl + arena.ring_bytes)
    control.put(CTRL_VDL, recovered.vdl)
    control.put(CTRL_PUBLISHED, recovered.vdl)
    control.put(CTRL_EPOCH, recovered.epoch)
