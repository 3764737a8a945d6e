"""Pages from the zones' processes: the quickest is asked, and a second one when it takes long.

No quorum reads: a full copy whose log is durable up to the asked LSN has the page, and the control
block says which copies are. How long each zone usually takes is remembered (a moving average); now
and then another one is asked, so that its figure does not grow old. When the answer takes much
longer than usual, the same is asked of a second zone, and whichever answers first is taken. What
the other one still owes is read and dropped before it is asked again.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping, Sequence
from typing import Final

from redo import protocol
from redo.arena import Arena
from redo.client import Client
from redo.control import COPY_DURABLE, Control, copy_word
from redo.coordinator import Coordinator
from redo.errors import StaleEpoch, VolumeError
from redo.log import Recovered
from redo.quorum import zone_copies

ANSWER_TIMEOUT_S: Final = 12.0
FIRST_GUESS_US: Final = 500.0
HEDGE_FACTOR: Final = 8.0  #: so many times the usual is much longer
HEDGE_MIN_US: Final = 5000.0
EXPLORE_EVERY: Final = 64  #: questions
REST_S: Final = 0.5  #: after a failure
HELLO_S: Final = 5.0  #: until one zone has answered
_WEIGHT: Final = 0.1
#: Another zone may know better: it lags, or is not open.
_ELSEWHERE: Final = (2, 4, 5)


class Link:
    """The way to one zone's process."""

    def __init__(self, zone: int, path: str) -> None:
        self.zone = zone
        self.client = Client(path, ANSWER_TIMEOUT_S)
        self.usual_us = FIRST_GUESS_US
        self.owes = 0  #: bytes of an answer nobody waits for any more
        self.rests_until_s = 0.0
        self.page_bytes = 0
        self._greeting = False  #: it has not said hello yet

    def rest(self) -> None:
        """It failed: leave it alone for a moment."""
        self.client.close()
        self.owes = 0
        self._greeting = False
        self.rests_until_s = time.monotonic() + REST_S

    def usable(self) -> bool:
        """Can it be asked now? Connects if need be, drops what it owes."""
        try:
            if not self.client.connected:
                if time.monotonic() < self.rests_until_s:
                    return False
                self.client.connect()
                self.client.ask_hello()
                self._greeting = True
            if self._greeting:
                if not self.ready(0):
                    return False
                self.page_bytes, _, self.client.epochs = self.client.take_hello()
                self._greeting = False
            while self.owes and self.ready(0):
                dropped = len(self.client.socket.recv(min(self.owes, 1 << 16)))
                if not dropped:
                    raise VolumeError("connection closed")
                self.owes -= dropped
        except (VolumeError, OSError):
            self.rest()
            return False
        return self.owes == 0

    def ready(self, timeout_s: float) -> bool:
        """Is there something to read?"""
        return bool(_readable([self], timeout_s))

    def took(self, us: float) -> None:
        """Remember how long an answer took."""
        self.usual_us += _WEIGHT * (us - self.usual_us)


def _readable(links: Sequence[Link], timeout_s: float) -> list[Link]:
    """Those from which something can be read, or that have gone."""
    by_fd = {link.client.socket.fileno(): link for link in links}
    poller = select.poll()
    for fd in by_fd:
        poller.register(fd, select.POLLIN)
    return [by_fd[fd] for fd, _ in poller.poll(timeout_s * 1000)]


class ZonedVolume:
    """A `volume.Volume` over several processes. One thread at a time.

    paths        zone from 0 → Unix socket
    coordinator  recovers and fences for a writer; a reader has none
    """

    def __init__(
        self, paths: Mapping[int, str], arena: Arena, coordinator: Coordinator | None = None
    ) -> None:
        self._paths = dict(paths)
        self._arena = arena
        self._control = Control(arena)
        self._coordinator = coordinator
        self._links = [Link(zone, path) for zone, path in self._paths.items()]
        self._asked: tuple[Sequence[int], int] = ((), 0)
        self._chosen: Link | None = None
        self._asked_s = 0.0
        self._questions = 0
        self._reign = 0
        self.hedges = 0  #: how often a second zone was asked
        self.page_bytes = 0
        self.reconnect()

    def reconnect(self) -> None:
        """Connect to whoever is there. Raises VolumeError when nobody is."""
        if self._coordinator is not None and not self._reign:
            self._coordinator.make_ready()
        for link in self._links:
            link.rest()
            link.rests_until_s = 0.0
        deadline = time.monotonic() + HELLO_S
        while not (there := [link for link in self._links if link.usable()]):
            connected = [link for link in self._links if link.client.connected]
            if not connected or time.monotonic() > deadline:
                raise VolumeError("no zone's storage is there")
            _readable(connected, HELLO_S)
        self.page_bytes = there[0].page_bytes

    def open_writer(self, timeout_s: float = 60.0) -> Recovered:
        """Recover if need be, fence earlier writers; where to go on writing."""
        assert self._coordinator is not None
        recovered = self._coordinator.open_writer(timeout_s)
        self.write_as(recovered.epoch)
        return recovered

    def write_as(self, epoch: int) -> None:
        """We are the writer of this epoch, and of no other."""
        self._reign = epoch

    def another(self) -> ZonedVolume:
        """Connections of its own."""
        beside = ZonedVolume(self._paths, self._arena)
        beside.write_as(self._reign)
        return beside

    def close(self) -> None:
        """Close the connections."""
        for link in self._links:
            link.client.close()

    # pages

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, VolumeError."""
        self.pages_ask((page_no,), lsn)
        if not self.pages_take((frame,))[0]:  # asked once more for the reason
            link = self._pick(self._asked[1])
            into = self._arena.mem.data[frame : frame + self.page_bytes]
            link.client.ask(protocol.READ, page_no, self._asked[1], into)

    def pages_ask(self, page_nos: Sequence[int], lsn: int) -> None:
        """Ask for at most READ_MANY_PAGES pages. Raises VolumeError."""
        self._asked = page_nos, min(lsn, self._control.vdl)
        self._questions += 1
        self._chosen = self._send(explore=self._questions % EXPLORE_EVERY == 0)

    def pages_take(self, frames: Sequence[int]) -> list[bool]:
        """Fill the frames with the pages asked for, in that order; which are good.

        Raises VolumeError.
        """
        tried: set[int] = set()
        while True:
            link = self._first_to_answer(tried)
            try:
                codes = link.client.take_many(self._arena.mem.data, frames, self.page_bytes)
            except VolumeError:
                link.rest()
                tried.add(link.zone)
                self._chosen = self._send(tried)
                continue
            if any(code in protocol.FAILED_STALE for code in codes):
                self._learn(link, codes)
                self._chosen = self._send()
            elif any(code in _ELSEWHERE for code in codes) and self._pick_or_none(tried, link):
                tried.add(link.zone)
                self._chosen = self._send(tried)
            else:
                return [code == 0 for code in codes]

    def _learn(self, link: Link, codes: list[int]) -> None:
        """Take over newer epochs; the end of a writer that is not the writer any more."""
        known = link.client.hello()[2]
        if self._reign and protocol.FAILED_STALE_EPOCH in codes and known.volume > self._reign:
            raise StaleEpoch(f"epoch {self._reign} is over")
        link.client.epochs = known

    def _first_to_answer(self, tried: set[int]) -> Link:
        """Wait for the answer, from a second zone too if it takes long; who has one."""
        link = self._chosen
        assert link is not None
        waited_us = (time.monotonic() - self._asked_s) * 1e6
        if link.ready(0):
            if waited_us < link.usual_us:
                link.took(waited_us)
            return link
        patience_us = max(HEDGE_MIN_US, HEDGE_FACTOR * link.usual_us)
        if not link.ready(max(0.0, patience_us - waited_us) / 1e6):
            second = self._pick_or_none(tried, link)
            if second is not None:
                return self._hedge(link, second)
            if not link.ready(ANSWER_TIMEOUT_S):
                return link  # taking it fails by its own timeout
        link.took((time.monotonic() - self._asked_s) * 1e6)
        return link

    def _hedge(self, first: Link, second: Link) -> Link:
        page_nos, lsn = self._asked
        self.hedges += 1
        try:
            self._ask(second, page_nos, lsn)
            ready = _readable([first, second], ANSWER_TIMEOUT_S)
        except VolumeError:
            second.rest()
            return first
        winner = ready[0] if ready else second
        loser = second if winner is first else first
        loser.owes += len(page_nos) * (protocol.ANSWER.size + self.page_bytes)
        first.took((time.monotonic() - self._asked_s) * 1e6)  # at least so long
        return winner

    def _send(self, tried: set[int] | None = None, explore: bool = False) -> Link:
        """Ask the best zone that can be asked. Raises VolumeError when there is none."""
        page_nos, lsn = self._asked
        tried = set() if tried is None else tried
        while True:
            link = self._pick(lsn, tried, explore)
            try:
                self._asked_s = time.monotonic()
                self._ask(link, page_nos, lsn)
                return link
            except VolumeError:
                link.rest()
                tried.add(link.zone)

    def _ask(self, link: Link, page_nos: Sequence[int], lsn: int) -> None:
        if self._reign:
            link.client.epochs = link.client.epochs._replace(volume=self._reign)
        link.client.ask_many(page_nos, lsn)

    def _pick(self, lsn: int, tried: set[int] | None = None, explore: bool = False) -> Link:
        """The quickest zone that has the log up to `lsn`, or one that may soon."""
        tried = tried or set()
        links = [link for link in self._links if link.zone not in tried and link.usable()]
        if not links:
            raise VolumeError("no zone's storage answers")
        there = [link for link in links if self._durable(link.zone) >= lsn] or links
        there.sort(key=lambda link: link.usual_us)
        return there[1] if explore and len(there) > 1 else there[0]

    def _pick_or_none(self, tried: set[int], but: Link) -> Link | None:
        try:
            return self._pick(self._asked[1], {*tried, but.zone})
        except VolumeError:
            return None

    def _durable(self, zone: int) -> int:
        full, _ = zone_copies(zone)
        return self._control.get(copy_word(full, COPY_DURABLE))
