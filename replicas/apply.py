"""The applier: keeps a replica's cached pages at the applied LSN, and says so in the control block.

Invariants
A1  Every cached page is exactly as of the applied LSN, which is also the node's st[ST_VDL]: patched
    up to it, or fetched as of it.
A2  The applied LSN is a batch boundary and never above VDL; it only grows.
A3  The read point is published before the first page is fetched, and is never above the applied
    LSN: storage keeps what is needed to make pages as of any LSN from the lowest read point on.
A4  Whoever sleeps has looked once more after raising the flag: no wake-up is lost.
A5  A view is open only while the lowest view that is published is not above it, and, in a replica
    that has just come, when it shows all that the writer had meant to purge before it saw that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from redo.arena import Arena, Words
from redo.codes import E_CORRUPT, E_END
from redo.control import (
    CTRL_PURGE_LOW,
    REPLICA_APPLIED,
    REPLICA_CLOCK,
    REPLICA_LAG_US,
    REPLICA_PID,
    REPLICA_READ_POINT,
    REPLICA_SLEEPING,
    REPLICA_STATE,
    REPLICA_STRIDE,
    REPLICA_VIEW_LOW,
    STATE_LIVE,
    Control,
    replica_word,
)
from redo.state import ST_VDL
from replicas import stream_kernels
from replicas.stream_layout import (
    FIGURE_APPLIED,
    FIGURE_CLOCK_US,
    FIGURE_COMMITS,
    FIGURE_DICTIONARY,
    FIGURE_LAG_MAX_US,
    FIGURE_LAG_US,
    FIGURE_RECORDS,
    FIGURES_BYTES,
    TURN_BYTES,
)


class Applier:
    """Follows the ring on one thread, that which reads.

    replica_no  0…15: our words in the control block
    drop_pages  empties the page cache; called when the stream was lost (A1)
    """

    def __init__(
        self, arena: Arena, st: Words, replica_no: int, drop_pages: Callable[[], None]
    ) -> None:
        self._st = st
        self._mem = arena.mem
        self._control = Control(arena)
        self._replica_no = replica_no
        self._drop_pages = drop_pages
        self._scratch = arena.alloc(arena.ring_bytes)
        self._figures = arena.alloc(FIGURES_BYTES)
        self._words = arena.words(self._figures, FIGURES_BYTES // 8)
        self.jumps = 0  #: times the stream was lost and the cache emptied
        self._clear_words()
        self._put(REPLICA_READ_POINT, 1)  # A3: nothing may be thrown away while we look at VDL
        self.hold(1)  # nor any version: A5
        self.applied = self._control.vdl
        self._publish()
        self._put(REPLICA_PID, os.getpid())
        self._put(REPLICA_STATE, STATE_LIVE)

    # -- following ------------------------------------------------------------------------

    def advance(self) -> bool:
        """Apply what became durable, a turn's worth; True when there is more already."""
        vdl = self._control.vdl
        if self.applied < vdl:
            self._apply_up_to(vdl)
            self._publish()
        return self.applied < self._control.vdl

    def _apply_up_to(self, vdl: int) -> None:
        reached = int(
            stream_kernels.stream_apply(
                self._st, self._mem, self.applied, vdl, self._scratch, self._figures, TURN_BYTES
            )
        )
        if reached in (E_END, E_CORRUPT):
            self._jump()
        else:
            assert reached > self.applied, (reached, self.applied)  # A2
            self.applied = reached

    def _jump(self) -> None:
        """The stream is lost: forget every page, go on at VDL."""
        self._drop_pages()
        self.applied = self._control.vdl
        self.jumps += 1

    def sleep(self) -> bool:
        """Ask for a wake-up; False when there is something to apply already, so none will come."""
        flag = replica_word(self._replica_no, REPLICA_SLEEPING)
        return bool(stream_kernels.stream_sleep(self._st, self._mem, flag, self.applied))

    def woken(self) -> None:
        """The eventfd has fired."""
        self._put(REPLICA_SLEEPING, 0)

    # -- what others may know -------------------------------------------------------------

    def hold(self, view_low: int) -> None:
        """Publish the lowest transaction id some open read view here may not see; 0: no view."""
        self._put(REPLICA_VIEW_LOW, view_low)

    @property
    def purge_limit(self) -> int:
        """Versions that every view from this transaction id on shows may be gone soon."""
        return self._control.get(CTRL_PURGE_LOW)

    @property
    def lag_us(self) -> int:
        """From the last commit's clock mark to the moment it was visible here."""
        return self._figure(FIGURE_LAG_US)

    def take_lag_max_us(self) -> int:
        """The largest lag since this was last asked."""
        largest = self._figure(FIGURE_LAG_MAX_US)
        self._words[FIGURE_LAG_MAX_US // 8] = 0
        return largest

    @property
    def dictionary_version(self) -> int:
        """Version in the last dictionary mark that was applied; 0: none since the start."""
        return self._figure(FIGURE_DICTIONARY)

    @property
    def records(self) -> int:
        """Page records seen in the stream."""
        return self._figure(FIGURE_RECORDS)

    @property
    def patched(self) -> int:
        """Page records that met a cached page."""
        return self._figure(FIGURE_APPLIED)

    @property
    def commits(self) -> int:
        """Commits seen in the stream."""
        return self._figure(FIGURE_COMMITS)

    def leave(self) -> None:
        """This replica reads no more: nothing needs to be kept for it."""
        self._clear_words()

    def _publish(self) -> None:
        self._st[ST_VDL] = self.applied  # the pool fetches and evicts as of here (A1)
        self._put(REPLICA_APPLIED, self.applied)
        self._put(REPLICA_READ_POINT, self.applied)
        self._put(REPLICA_LAG_US, self.lag_us)
        self._put(REPLICA_CLOCK, self._figure(FIGURE_CLOCK_US) or time.time_ns() // 1000)

    def _clear_words(self) -> None:
        for word in range(0, REPLICA_STRIDE, 8):
            self._put(word, 0)

    def _figure(self, at: int) -> int:
        return int(self._words[at // 8])

    def _put(self, word: int, value: int) -> None:
        self._control.put(replica_word(self._replica_no, word), value)
