"""Scrubbing: all that copies hold is read again and again, and verified, at a bounded rate.

A pass goes through a copy's log from the oldest batch that is kept, and through the images that its
page table has. Every batch and every image carries a CRC32C. What is damaged is mended at once
(`mending.py`), counted (COUNT_DAMAGED, COUNT_MENDED), and said in the log. All copies of a process
take turns; one thread of low priority does it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from redo.control import COUNT_SCRUBBED
from redo.copier import Copier
from redo.environment import Steps, Task
from redo.errors import VolumeError
from redo.mending import Mender

if TYPE_CHECKING:
    from redo.storage import Storage

logger = logging.getLogger(__name__)

PASS_PAUSE_S: Final = 5.0  #: a small volume is not read without end
_WAIT_S: Final = 0.2
_NICE: Final = 10


class Scrubber:
    """Scrubs the copies of one process until `stop`. `bytes_per_s`: 0: not at all."""

    def __init__(self, storage: Storage, bytes_per_s: int) -> None:
        self._storage = storage
        self._clock = storage.environment.clock
        self._bytes_per_s = bytes_per_s
        self._mender = Mender(storage)
        self._task: Task | None = None
        self.passes = 0  #: over all copies, since the start

    def start(self) -> None:
        """Start the task."""
        if self._bytes_per_s:
            self._task = self._storage.environment.tasks.start("redo-scrub", self._main(), _NICE)

    def stop(self) -> None:
        """End it; `storage.stopping` is set."""
        if self._task is not None:
            self._task.join()

    def _main(self) -> Steps:
        while not self._storage.stopping:
            yield from self._pass()
            self.passes += 1
            yield from self._wait(PASS_PAUSE_S)

    def _wait(self, seconds: float) -> Steps:
        until = self._clock.monotonic_s() + seconds
        while not self._storage.stopping:
            left = until - self._clock.monotonic_s()
            if left <= 0:
                return
            self._clock.sleep(min(left, _WAIT_S))
            yield

    def _pass(self) -> Steps:
        """Once over all copies, a piece of each in turn."""
        turns = [self._copy(copier) for copier in self._storage.live()]
        while turns and not self._storage.stopping:
            for turn in list(turns):
                count = self._piece(turn)
                if count is None:
                    turns.remove(turn)
                else:
                    yield from self._wait(count / self._bytes_per_s)

    def _piece(self, turn: Iterator[int]) -> int | None:
        """The next piece of a copy: bytes verified, None at the end."""
        try:
            return next(turn, None)
        except (OSError, VolumeError) as error:  # closed, replaced: the next pass sees
            logger.warning("scrub: %s", error)
            return None

    def _copy(self, copier: Copier) -> Iterator[int]:
        """Verify a copy; bytes in each step."""
        for count in self._mender.verify(copier):
            self._storage.control.count(copier.segment.copy_no, COUNT_SCRUBBED, count)
            yield count
