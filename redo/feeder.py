"""The writer's host's side of a zone on another host: log out, acknowledgements in, questions both
ways.

A process of its own in the zone's place among the storage processes, with the same Unix socket: who
asks there asks the zone. One link carries log and acknowledgements, another one questions, so that
pages stand in no commit's way. What is published goes out at once, and whatever else is published
until it does goes with it (no timer). A link that is lost is made again, at growing intervals; the
zone then says from where it wants log. What the ring does not have any more it takes from its
peers, by questions that go through here.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from redo import messages, protocol
from redo.arena import RING_AT, Arena
from redo.client import Client
from redo.control import (
    COPY_DURABLE,
    COPY_SLEEPING,
    COPY_STATE,
    CTRL_LAST_BATCH,
    CTRL_PIN,
    CTRL_RESERVED,
    STATE_ABSENT,
    Control,
    copy_word,
)
from redo.environment import Link, Network
from redo.errors import VolumeError
from redo.exchange import Exchange
from redo.messages import LOG_BYTES_MAX, BadMessage, LogHead, Opening, Stand
from redo.protocol import BadQuestion
from redo.quorum import ZONES, volume_durable, zone_copies
from redo.socket_server import SocketServer

logger = logging.getLogger(__name__)

WINDOW_BYTES: Final = 8 << 20  #: sent and not yet taken by the zone's copies
FIRST_RETRY_S: Final = 0.05
LAST_RETRY_S: Final = 2.0
SILENCE_S: Final = 5.0  #: a zone that says nothing for so long is connected to anew
_TICK_S: Final = 0.05
_HELLO_S: Final = 1.0
_VDL_S: Final = 0.2  #: VDL and pins reach an idle zone within this
_ANSWERERS: Final = 8


class _Line:
    """A link that is made again whenever it is lost (`environment.Peer`)."""

    def __init__(self, feeder: Feeder, name: str) -> None:
        self._feeder = feeder
        self.name = name
        self.link: Link | None = None
        self.exchange: Exchange | None = None
        self._lock = threading.Lock()
        self._retry_s = 0.0
        self._due_s = 0.0
        self.said: set[str] = set()  #: why it could not be made, since it was there last

    def keep(self, network: Network, address: str) -> bool:
        """Make the link if there is none and it is time; is it new?"""
        if self.link is not None or time.monotonic() < self._due_s:
            return False
        self._retry_s = min(LAST_RETRY_S, max(FIRST_RETRY_S, 2 * self._retry_s))
        self._due_s = time.monotonic() + self._retry_s
        with self._lock:  # it may be lost before we have it
            self.link = link = network.connect(address, self)
            self.exchange = Exchange(link, self._feeder.answer_zone, self._feeder.executor)
        return True

    def received(self, link: Link, message: bytes) -> None:
        """A message from the zone."""
        self._retry_s = 0.0
        if self.said:
            logger.warning("%s: connected again", self._feeder.name)
            self.said.clear()
        if message[:1] in (bytes([messages.ASK]), bytes([messages.ANSWER])):
            if self.exchange is not None:
                self.exchange.received(message)
        elif link is self.link:
            self._feeder.told(message)

    def lost(self, link: Link, reason: str) -> None:
        """The link is gone."""
        with self._lock:
            if link is not self.link:
                return
            self.link = None
        if self.exchange is not None:
            self.exchange.lost(reason)
        if reason not in self.said:
            logger.warning("%s: %s", self._feeder.name, reason)
            self.said.add(reason)
        self._feeder.line_lost(self)


class Feeder:
    """Runs from `start` to `close`.

    zone     from 0;  address   of its process, "host:port"
    ring     memfd, the copies' eventfds, the writer's eventfd
    path     Unix socket to listen at;  others   those of the other zones' processes
    """

    def __init__(
        self,
        zone: int,
        address: str,
        network: Network,
        ring: tuple[int, list[int], int],
        path: str,
        others: Mapping[int, str],
    ) -> None:
        self._zone = zone
        self._address = address
        self._network = network
        ring_fd, wake_fds, self._writer_fd = ring
        self._full, self._tail = zone_copies(zone)
        self._wake_fd = wake_fds[self._full]
        self._arena = Arena(ring_fd, 1 << 20)
        self._control = Control(self._arena)
        self._others = others
        self.name = f"{ZONES[zone]} ({address})"
        self.executor = ThreadPoolExecutor(_ANSWERERS, "redo-relay")
        self._log = _Line(self, "log")
        self._asks = _Line(self, "questions")
        self._server = SocketServer(path, self)
        self._thread = threading.Thread(target=self._main, name="redo-feeder", daemon=True)
        self._told_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stop = False
        self._next = 0  #: log from here on is to be sent; 0: the zone has not said
        self._stand = Stand(0, 0, 0, 0, 0, 0)
        self._heard_s = 0.0
        self._opened_s = self._ticked_s = 0.0

    def start(self) -> None:
        """Begin."""
        self._server.start()
        self._thread.start()

    def close(self) -> None:
        """End; the zone goes on waiting for somebody."""
        self._stop = True
        os.eventfd_write(self._told_fd, 1)
        self._thread.join()
        for line in (self._log, self._asks):
            if line.link is not None:
                line.link.close()
            if line.exchange is not None:
                line.exchange.lost("stopping")
        self._server.close()
        self.executor.shutdown(wait=False, cancel_futures=True)

    # questions

    def pieces(self, question: bytes, tail: bytes) -> Iterator[bytes]:
        """The zone's answer to a client of ours (`socket_server.Answering`)."""
        exchange = self._asks.exchange
        try:
            if exchange is None or self._asks.link is None:
                raise VolumeError("no connection")
            yield exchange.ask(question + tail, timeout_s=self._patience(question))
        except VolumeError as error:
            if protocol.QUESTION.unpack(question)[0] == protocol.READ_MANY:
                raise BadQuestion(str(error)) from None  # one answer for each page: it has none
            yield protocol.failure(VolumeError(f"{self.name}: {error}"))

    def _patience(self, question: bytes) -> float:
        """Requests may read a whole log; pages are there or not."""
        op = protocol.QUESTION.unpack(question)[0]
        return 60.0 if op == protocol.REQUEST else SILENCE_S

    def answer_zone(self, zone: int, asked: bytes) -> bytes:
        """Another zone's answer to a question of ours. Raises BadQuestion."""
        path = self._others.get(zone)
        if path is None:
            raise BadQuestion(f"there is no zone {zone}")
        op = protocol.QUESTION.unpack(asked[: protocol.QUESTION.size])[0]
        if op == protocol.READ_MANY:
            raise BadQuestion("peers do not read pages")
        client = Client(path, SILENCE_S)
        try:
            client.connect()
            return client.relay(asked)
        except VolumeError as error:
            return protocol.failure(error)
        finally:
            client.close()

    # log

    def told(self, message: bytes) -> None:
        """A message about log has come from the zone. Raises BadMessage."""
        self._heard_s = time.monotonic()
        kind = message[0] if message else 0
        if kind == messages.REFUSED:
            epoch, text = messages.refusal(message)
            raise BadMessage(f"refused: {text} (epoch {epoch})")
        if kind != messages.STAND:
            raise BadMessage(f"a message of kind {kind}")
        stand = Stand.unpack(message)
        self._stand = stand
        if self._next == 0 and stand.next:
            self._next = stand.next
        control = self._control
        for copy_no, durable, state in (
            (self._full, stand.full, stand.full_state),
            (self._tail, stand.tail, stand.tail_state),
        ):
            control.put(copy_word(copy_no, COPY_STATE), state)
            control.put(copy_word(copy_no, COPY_DURABLE), durable)
        if volume_durable(control.durable()) > control.vdl:
            os.eventfd_write(self._writer_fd, 1)
        os.eventfd_write(self._told_fd, 1)

    def line_lost(self, line: _Line) -> None:
        """A link is gone: the zone's copies do not count until it is back."""
        if line is self._log:
            self._next = 0
            for copy_no in (self._full, self._tail):
                self._control.put(copy_word(copy_no, COPY_DURABLE), 0)
                self._control.put(copy_word(copy_no, COPY_STATE), STATE_ABSENT)
        os.eventfd_write(self._told_fd, 1)

    def _main(self) -> None:
        while not self._stop:
            try:
                self._turn()
            except Exception:  # the next turn begins with what is there
                logger.exception("%s", self.name)
                time.sleep(_TICK_S)

    def _turn(self) -> None:
        """Keep the links, send what there is, sleep until there is more."""
        for line in (self._asks, self._log):
            if line.keep(self._network, self._address) and line is self._log:
                self._heard_s = time.monotonic()
                self._opened_s = 0.0
                self._next = 0
        now_s = time.monotonic()
        link = self._log.link
        if link is not None and self._control.published > 0:
            if self._next == 0 and now_s - self._opened_s > _HELLO_S:
                self._open(link)
            if now_s - self._heard_s > SILENCE_S and self._opened_s:
                logger.warning("%s: silent for %.0f s", self.name, SILENCE_S)
                link.close()
                self._log.lost(link, "silent")
                return
            while self._next and self._send(link):
                pass
            if self._next and now_s - self._ticked_s > _VDL_S and self._control.epoch > 0:
                self._ticked_s = now_s
                head = LogHead(self._reign(), self._next, 0, 0, self._control.vdl, *self._lows())
                link.send(head.pack())
        self._sleep()

    def _open(self, link: Link) -> None:
        control = self._control
        published = control.published
        floor = max(0, control.get(CTRL_RESERVED) - self._arena.ring_bytes)
        low, pin = self._lows()
        self._opened_s = time.monotonic()
        opening = Opening(self._reign(), floor, published, control.get(CTRL_LAST_BATCH), low, pin)
        link.send(opening.pack())

    def _reign(self) -> int:
        """The writer's epoch; while a new one is let in, the last one (`reign.FENCED`)."""
        return abs(self._control.epoch)

    def _lows(self) -> tuple[int, int]:
        """(nobody reads pages below, log from here on must stay)."""
        low = min([self._control.vdl, *self._control.read_points()])
        return low, self._control.get(CTRL_PIN)

    def _send(self, link: Link) -> bool:
        """Send one message of log if there is some and the zone has room; is there more?"""
        control, lsn = self._control, self._next
        last_batch = control.get(CTRL_LAST_BATCH)
        published = control.published
        taken = max(self._stand.full, self._stand.tail)
        if lsn >= published or lsn - taken > WINDOW_BYTES:
            return False
        count = min(published - lsn, LOG_BYTES_MAX)
        at = RING_AT + lsn % self._arena.ring_bytes
        data = self._arena.mem[at : at + count].tobytes()
        if control.get(CTRL_RESERVED) - self._arena.ring_bytes > lsn:
            self._next = 0  # the ring has run past it: the zone's peers have it
            self._open(link)
            return False
        end = published if lsn + count == published else 0
        head = LogHead(self._reign(), lsn, end, last_batch, control.vdl, *self._lows())
        if not link.send(head.pack() + data):
            return False
        self._next = lsn + count
        return True

    def _sleep(self) -> None:
        control, word = self._control, copy_word(self._full, COPY_SLEEPING)
        control.put(word, 1)
        poller = select.poll()
        for fd in (self._wake_fd, self._told_fd):
            poller.register(fd, select.POLLIN)
        moved = self._next and control.published > self._next and self._has_room()
        for fd, _ in poller.poll(0 if moved else _TICK_S * 1000):
            os.eventfd_read(fd)
        control.put(word, 0)

    def _has_room(self) -> bool:
        taken = max(self._stand.full, self._stand.tail)
        return self._next - taken <= WINDOW_BYTES
