"""The thread of one copy: the Python around `copy_kernels.copy_run`.

Python acts when a chunk is full (open the next one, prepared ahead by maintenance), when the ring
has run away (fill from a peer's files), and when something failed. A disk that is full is waited
for: making a chunk file can be tried again, a failed write or sync of log cannot.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from redo import copy_kernels
from redo.arena import Arena, Words
from redo.control import (
    COMMAND_RETURN,
    COMMAND_RUN,
    COPY_COMMAND,
    COPY_DURABLE,
    COPY_ERRNO,
    COPY_SLEEPING,
    COPY_STATE,
    COPY_WRITTEN,
    STATE_DEAD,
    STATE_FILLING,
    STATE_LIVE,
    Control,
    copy_word,
)
from redo.disk import is_full_disk
from redo.environment import Environment, Steps, Task
from redo.segment import Segment
from redo.system_kernels import STAT_BYTES

logger = logging.getLogger(__name__)

Fill = Callable[[Segment, int], int]

_HOLD_S = 1.0  #: longest pause between two chunks while the bound is not reached
_LOOK_S = 0.02


class Copier:
    """Runs a copy's thread.

    how       copy_kernels.HOW_…
    fill      (segment, from LSN) -> LSN: copies log from a peer; VolumeError, OSError
    pressure  how much of its log is not pages yet: from 1 on, too much
    on_event  called when a chunk was changed or the copy died, from this thread
    """

    def __init__(
        self,
        environment: Environment,
        segment: Segment,
        arena: Arena,
        st: Words,
        wake_fd: int,
        writer_fd: int,
        how: int,
        fill: Fill,
        pressure: Callable[[Segment], float],
        on_event: Callable[[], None],
    ) -> None:
        self._environment = environment
        self.segment = segment
        self.reason = ""
        self.last_durable = 0  #: when it died
        self._out_of_space = False
        self._arena = arena
        self._st = st
        self._control = Control(arena)
        self._wake_fd = wake_fd
        self._writer_fd = writer_fd
        self._how = how
        self._fill = fill
        self._pressure = pressure
        self._on_event = on_event
        self._stop = threading.Event()
        self._task: Task | None = None

    def _put(self, word: int, value: int) -> None:
        self._control.put(copy_word(self.segment.copy_no, word), value)

    def _get(self, word: int) -> int:
        return self._control.get(copy_word(self.segment.copy_no, word))

    def start(self) -> None:
        """Count for the quorum from now on: everything below `segment.complete` is durable."""
        self._put(COPY_COMMAND, COMMAND_RUN)
        self._put(COPY_SLEEPING, 0)
        self._put(COPY_ERRNO, 0)
        self._put(COPY_WRITTEN, self.segment.complete)
        self._put(COPY_DURABLE, self.segment.complete)
        self._put(COPY_STATE, STATE_LIVE)
        os.eventfd_write(self._writer_fd, 1)  # the quorum may have moved by this alone
        name = f"redo-{self.segment.name.replace('/', '-')}"
        self._task = self._environment.tasks.start(name, self._main())

    @property
    def live(self) -> bool:
        """Does it count for the quorum?"""
        return self._get(COPY_STATE) in (STATE_LIVE, STATE_FILLING)

    @property
    def durable(self) -> int:
        """End of this copy's durable log, a batch boundary."""
        return self._get(COPY_DURABLE)

    def stop(self) -> None:
        """End the thread; what is published is not waited for."""
        self._stop.set()
        self._put(COPY_COMMAND, COMMAND_RETURN)
        if self._task is not None:
            os.eventfd_write(self._wake_fd, 1)
            self._task.join()

    def fail(self, reason: str, code: int = 0) -> None:
        """The copy is dead: it counts no more and will be rebuilt."""
        if self._get(COPY_STATE) == STATE_DEAD:
            return
        self.reason = reason
        self.last_durable = self.durable
        self._put(COPY_STATE, STATE_DEAD)
        self._put(COPY_DURABLE, 0)
        self._put(COPY_ERRNO, code)
        self._put(COPY_COMMAND, COMMAND_RETURN)
        logger.warning("copy %s is dead: %s", self.segment.name, reason)
        os.eventfd_write(self._wake_fd, 1)
        self._on_event()

    def _main(self) -> Steps:
        scratch = self._arena.alloc(STAT_BYTES)
        try:
            while not self._stop.is_set() and self._step(scratch):
                yield
        except Exception as error:  # whatever it was, this copy must not count
            logger.exception("copy %s", self.segment.name)
            self.fail(str(error))
        finally:
            self._arena.free(scratch, STAT_BYTES)

    def _step(self, scratch: int) -> bool:
        """Keep one chunk up to date; whether to go on with another."""
        segment = self.segment
        written = self._get(COPY_WRITTEN)
        if written == segment.log.start_of(written):
            self._hold_back()
        fd = self._chunk(written)
        if fd is None:
            return not self._stop.is_set()
        start = segment.log.start_of(written)
        code = int(
            copy_kernels.copy_run(
                self._st,
                self._arena.mem,
                segment.copy_no,
                fd,
                start,
                start + segment.log.chunk_bytes,
                self._wake_fd,
                self._writer_fd,
                self._how,
                scratch,
            )
        )
        if code == copy_kernels.RUN_CHUNK_END:
            self._on_event()
        elif code == copy_kernels.RUN_BEHIND:
            self._put(COPY_STATE, STATE_FILLING)
            self._put(COPY_WRITTEN, self._fill(segment, self._get(COPY_WRITTEN)))
            self._put(COPY_STATE, STATE_LIVE)
        elif code < 0:
            self.fail(f"{os.strerror(-code)} while writing log", -code)
            return False
        return code != copy_kernels.RUN_STOPPED

    def _hold_back(self) -> None:
        """Take log more slowly when it comes faster than it becomes pages, and not beyond a bound.

        When all full copies do so there is no write quorum, the ring fills, and writers wait.
        """
        clock = self._environment.clock
        pressure = self._pressure(self.segment)
        if pressure > 0.5:
            clock.wait(self._stop, min(1.0, 2 * pressure - 1) * _HOLD_S)
        while self._pressure(self.segment) >= 1 and not self._stop.is_set() and self.live:
            clock.wait(self._stop, _LOOK_S)

    def _chunk(self, lsn: int) -> int | None:
        """The chunk `lsn` goes to; None when there was no room for it yet."""
        try:
            fd = self.segment.log.chunk_at(lsn)
        except OSError as error:
            if not is_full_disk(error):
                self.fail(f"{error.strerror} while making a log file", error.errno or 0)
                self._stop.set()
                return None
            self._put(COPY_ERRNO, error.errno or 0)
            if not self._out_of_space:
                logger.error("copy %s: no space for log; waiting", self.segment.name)
            self._out_of_space = True
            self._environment.clock.wait(self._stop, 0.5)
            return None
        if self._out_of_space:
            self._out_of_space = False
            self._put(COPY_ERRNO, 0)
            logger.warning("copy %s: there is room for log again", self.segment.name)
        return fd
