"""Who waits for VDL: commits park here until the volume has them, and nobody else is held up."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from mysqlcompat.lane import lane_layout as layout
from redo.arena import Words
from redo.state import ST_VDL


class DurabilityQueue:
    """Futures by end LSN. `release` resolves those at or below VDL, in LSN order (C8)."""

    def __init__(self, st: Words, lane_words: Words) -> None:
        self._st = st
        self._lane = lane_words
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def wait(self, lsn: int) -> asyncio.Future[None]:
        """Done when VDL >= `lsn`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if int(self._st[ST_VDL]) >= lsn:
            future.set_result(None)
            return future
        heapq.heappush(self._heap, (lsn, next(self._order), future))
        self._lane[layout.L_WAITING] = self._heap[0][0]
        return future

    def release(self) -> None:
        """Resolve what has become durable; called after every turn of the lane."""
        vdl = int(self._st[ST_VDL])
        heap = self._heap
        if not heap or heap[0][0] > vdl:
            return
        while heap and heap[0][0] <= vdl:
            future = heapq.heappop(heap)[2]
            if not future.done():
                future.set_result(None)
        self._lane[layout.L_WAITING] = heap[0][0] if heap else layout.NOBODY_WAITS

    def fail(self, error: Exception) -> None:
        """The volume is lost to this node (fenced): no waiting commit may be acknowledged."""
        for _, _, future in self._heap:
            if not future.done():
                future.set_exception(error)
        self._heap.clear()
        self._lane[layout.L_WAITING] = layout.NOBODY_WAITS
