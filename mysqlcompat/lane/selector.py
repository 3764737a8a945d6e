"""asyncio's selector, with the lane inside: hot statements never reach the event loop.

`select()` is one kernel call. It publishes the log, serves the sockets lent to the lane,
takes the copies' acknowledgements, and comes back with what needs Python.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import select
import selectors
from collections.abc import Callable

from btree.errors import BtreeError
from mysqlcompat.lane.durability import DurabilityQueue
from mysqlcompat.lane.lane import Lane
from mysqlcompat.lane.lane_kernels import lane_turn
from mysqlcompat.lane.lane_layout import (
    L_ACKS,
    L_FOREIGN_COUNT,
    L_HANDOFF_COUNT,
    L_MISSED_COUNT,
)
from redo.errors import VolumeError

logger = logging.getLogger(__name__)

ROUNDS = 64  #: epoll rounds before asyncio's timers and callbacks get their turn


class LaneSelector(selectors.EpollSelector):
    """An EpollSelector whose `select` serves. Registrations stay with the base class."""

    def __init__(
        self,
        lane: Lane,
        durability: DurabilityQueue,
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
        fetch: Callable[[list[int]], None] | None = None,
    ) -> None:
        """`before` is called ahead of every turn: what was served until now may have to go; `after`
        when it is over: who waits for a lock that was given back in it may go on. `fetch` brings in
        the pages that statements have missed; without it those statements are Python's."""
        super().__init__()
        self._fetch = fetch
        self._before = before
        self._after = after
        self._lane = lane
        self._durability = durability

    def watch_acknowledgements(self, descriptor: int) -> None:
        """The copies signal this eventfd; the kernel reads it and recomputes VDL."""
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, select.EPOLLIN)  # type: ignore[attr-defined]
        self._lane.words[L_ACKS] = descriptor

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            timeout_ms = -1
        elif timeout <= 0:
            timeout_ms = 0
        else:
            timeout_ms = math.ceil(timeout * 1e3)
        if self._before is not None:
            self._before()
        lane = self._lane
        for _ in range(ROUNDS):
            found = lane_turn(lane.st, lane.arena.mem, self.fileno(), timeout_ms, ROUNDS)
            if not lane.words[L_MISSED_COUNT]:
                break
            self._fetch_missed()
            if found < 0 or lane.words[L_FOREIGN_COUNT] or lane.words[L_HANDOFF_COUNT]:
                break
        if found < 0 and found != -errno.EINTR:
            raise OSError(-found, os.strerror(-found))
        ready: list[tuple[selectors.SelectorKey, int]] = []
        if found > 0:
            for descriptor, flags in lane.foreign():
                key = self.get_map().get(descriptor)
                if key is None:
                    continue
                events = 0
                if flags & ~select.EPOLLIN:
                    events |= selectors.EVENT_WRITE
                if flags & ~select.EPOLLOUT:
                    events |= selectors.EVENT_READ
                if events & key.events:
                    ready.append((key, events & key.events))
            lane.give_back()
        self._durability.release()
        if self._after is not None:
            self._after()
        return ready

    def _fetch_missed(self) -> None:
        """Bring in what the turn has missed; if that cannot be, Python will tell its clients."""
        if self._fetch is not None:
            try:
                self._fetch(self._lane.missed_pages())
                return
            except (BtreeError, VolumeError) as error:
                logger.warning("pages that the lane needs: %s", error)
        self._lane.give_up_missed()


def new_loop(
    lane: Lane,
    durability: DurabilityQueue,
    acks: int = -1,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    fetch: Callable[[list[int]], None] | None = None,
) -> asyncio.AbstractEventLoop:
    """An asyncio loop whose selector is the lane. `acks`: eventfd the copies signal, or -1."""
    selector = LaneSelector(lane, durability, before, after, fetch)
    if acks >= 0:
        selector.watch_acknowledgements(acks)
    return asyncio.SelectorEventLoop(selector)
