"""A node's view of the volume, which outlives a restart of the storage process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from redo.arena import Arena
from redo.errors import LogUnavailable, PageUnavailable, StaleEpoch, VolumeError, VolumeLost
from redo.log import Recovered
from redo.volume import SocketVolume

PATIENCE_S: Final = 30.0  #: the supervisor restarts storage within a fraction of this
RETRY_S: Final = 0.01
#: Answers of a storage process that is there: asking again would not change them.
ANSWERS: Final = (PageUnavailable, StaleEpoch, VolumeLost, LogUnavailable)

T = TypeVar("T")


class PatientVolume(SocketVolume):
    """Connects again and repeats the question while storage is being restarted.

    The node stands still meanwhile: without storage it could not answer anything either. What is
    asked on `another` may go unanswered.
    """

    def __init__(self, path: str, arena: Arena) -> None:
        self._deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                super().__init__(path, arena)
                return
            except VolumeError:
                self._pause()

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, and VolumeError when patience has ended."""
        self._persist(lambda: SocketVolume.read_page(self, page_no, lsn, frame))

    def open_writer(self) -> Recovered:
        """Fence earlier writers; where to go on writing."""
        return self._persist(lambda: SocketVolume.open_writer(self))

    def _persist(self, ask: Callable[[], T]) -> T:
        self._deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask()
            except ANSWERS:
                raise
            except VolumeError:
                self._pause()
                self._try_to_connect()

    def _try_to_connect(self) -> None:
        try:
            self.reconnect()
        except VolumeError:
            return  # the next question fails, waits, and tries again

    def _pause(self) -> None:
        """Called inside `except`: raises what is being handled when patience has ended."""
        if time.monotonic() > self._deadline:
            raise
        time.sleep(RETRY_S)
