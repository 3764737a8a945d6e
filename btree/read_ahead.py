"""Reading ahead: pages asked for before anybody misses them, answered while the scan goes on.

Kernels leave the numbers of the pages a scan comes to next (`ahead_kernels`); the pool, when it
answers their miss, asks the volume for those it does not have and does not wait. The answers are
taken when the first of those pages is missed. One batch is under way at a time.

Nothing that was asked for goes stale: a page under way is in nobody's pool, so on the writer nobody
can change it, and a follower drops a batch when it has applied anything since.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from redo.errors import VolumeError
from redo.protocol import READ_MANY_PAGES
from redo.volume import Volume

logger = logging.getLogger(__name__)


class ReadAhead:
    """The batch that is under way, if any.

    volume   answers to others go on while a batch is under way: a way of its own is opened
    frames   of the pool: a batch is at most a thirty-second of it
    """

    def __init__(self, volume: Volume, frames: int) -> None:
        self._volume = volume
        self._own: Volume | None = None
        self._under_way: dict[int, None] = {}
        self.lsn = 0  #: as of which the batch was asked for
        self.window = min(READ_MANY_PAGES // 2, frames // 32)

    def __contains__(self, page_no: int) -> bool:
        return page_no in self._under_way

    @property
    def page_nos(self) -> list[int]:
        """The pages under way, in the order of their answers."""
        return list(self._under_way)

    def ask(self, page_nos: Sequence[int], lsn: int) -> None:
        """Ask for some pages, if nothing is under way. Storage that is away is no error here."""
        if self._under_way or not page_nos:
            return
        try:
            if self._own is None:
                self._own = self._volume.another()
            self._own.pages_ask(page_nos, lsn)
        except VolumeError as error:
            self._lose(error)
            return
        self._under_way = dict.fromkeys(page_nos)
        self.lsn = lsn

    def take(self, frames: Sequence[int]) -> list[bool]:
        """Wait for the batch, one frame a page; which pages are good."""
        assert self._own is not None
        count = len(self._under_way)
        self._under_way = {}
        try:
            return self._own.pages_take(frames)
        except VolumeError as error:
            self._lose(error)
            return [False] * count

    def _lose(self, error: VolumeError) -> None:
        logger.info("reading ahead: %s", error)
        self._own = None
