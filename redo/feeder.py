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

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from redo import messages, protocol
from redo.arena import RING_AT, Arena
from redo.client import Client
from redo.control import (
    COPY_DURABLE,
    COPY_SLEEPING,
    COPY_STATE,
    CTRL_LAST_BATCH,
    CTRL_RESERVED,
    STATE_ABSENT,
    Control,
    copy_word,
)
from redo.environment import Clock, Environment, Link, Network, Steps, Task
from redo.errors import VolumeError
from redo.exchange import Exchange
from redo.gossip import batch_bytes
from redo.messages import LOG_BYTES_MAX, BadMessage, LogHead, Opening, Stand
from redo.pins import lowest_pin
from redo.protocol import BadQuestion
from redo.quorum import ZONES, volume_durable, zone_copies
from redo.socket_server import SocketServer

logger = logging.getLogger(__name__)

WINDOW_BYTES: Final = 8 << 20  #: sent and not yet taken by the zone's copies
FIRST_RETRY_S: Final = 0.05
LAST_RETRY_S: Final = 2.0
SILENCE_S: Final = 5.0  #: a zone that says nothing for so long is connected to anew
STALL_S: Final = 10.0  #: the same for one that was sent log and takes none of it
_TICK_S: Final = 0.05
_HELLO_S: Final = 1.0
_VDL_S: Final = 0.2  #: VDL and pins reach an idle zone within this
_ANSWERERS: Final = 8
_STATUS: Final = json.dumps({"do": "status"}).encode()  #: as clients ask

Fields = dict[str, Any]


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

    def keep(self, network: Network, address: str, clock: Clock) -> bool:
        """Make the link if there is none and it is time; is it new?"""
        now_s = clock.monotonic_s()
        if self.link is not None or now_s < self._due_s:
            return False
        self._retry_s = min(LAST_RETRY_S, max(FIRST_RETRY_S, 2 * self._retry_s))
        self._due_s = now_s + self._retry_s
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
    path     Unix socket to listen at, "": none;  others   those of the other zones' processes
    """

    def __init__(
        self,
        zone: int,
        address: str,
        environment: Environment,
        ring: tuple[int, list[int], int],
        path: str,
        others: Mapping[int, str],
    ) -> None:
        self._zone = zone
        self._address = address
        assert environment.network is not None
        self._network = environment.network
        self._clock = environment.clock
        self._tasks = environment.tasks
        ring_fd, wake_fds, self._writer_fd = ring
        self._full, self._tail = zone_copies(zone)
        self._wake_fd = wake_fds[self._full]
        self._arena = Arena(ring_fd, 1 << 20)
        self._control = Control(self._arena)
        self._others = others
        self.name = f"{ZONES[zone]} ({address})"
        self.executor = self._tasks.executor(_ANSWERERS)
        #: of whoever archives the volume from here
        self.archive_status: Callable[[], Fields] = dict
        self._log = _Line(self, "log")
        self._asks = _Line(self, "questions")
        self._server = SocketServer(path, self) if path else None
        self._task: Task | None = None
        self._told_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stop = False
        self._next = 0  #: log from here on is to be sent; 0: the zone has not said
        self._batch = self._batch_end = 0  #: of the batch that is being sent; 0: not known
        self._stand = Stand(0, 0, 0, 0, 0, 0)
        self._heard_s = self._moved_s = 0.0
        self._opened_s = self._ticked_s = 0.0

    def start(self) -> None:
        """Begin."""
        if self._server is not None:
            self._server.start()
        self._task = self._tasks.start("redo-feeder", self._main())

    def close(self) -> None:
        """End; the zone goes on waiting for somebody."""
        self._stop = True
        os.eventfd_write(self._told_fd, 1)
        if self._task is not None:
            self._task.join()
        for line in (self._log, self._asks):
            if line.link is not None:
                line.link.close()
            if line.exchange is not None:
                line.exchange.lost("stopping")
        if self._server is not None:
            self._server.close()
        self.executor.shutdown(wait=False, cancel_futures=True)

    # questions

    def pieces(self, question: bytes, tail: bytes) -> Iterator[bytes]:
        """The zone's answer to a client of ours (`socket_server.Answering`)."""
        archive = self.archive_status() if tail == _STATUS else {}
        try:
            found = self._ask_zone(question, tail)
            yield self._with_archive(found, archive) if archive else found
        except VolumeError as error:
            if archive:
                yield self._with_archive(b"", archive)
                return
            if protocol.QUESTION.unpack(question)[0] == protocol.READ_MANY:
                raise BadQuestion(str(error)) from None  # one answer for each page: it has none
            yield protocol.failure(VolumeError(f"{self.name}: {error}"))

    def _ask_zone(self, question: bytes, tail: bytes) -> bytes:
        exchange = self._asks.exchange
        if exchange is None or self._asks.link is None:
            raise VolumeError("no connection")
        return exchange.ask(question + tail, timeout_s=self._patience(question))

    def _with_archive(self, answer: bytes, archive: Fields) -> bytes:
        """The zone's answer to "status" (b"": there is none), and what the archiver here says."""
        code, count = protocol.ANSWER.unpack_from(answer) if answer else (1, 0)
        size = protocol.ANSWER.size
        said = {"copies": [], "pins": []} if code else json.loads(answer[size : size + count])
        if "pins" in said:
            lsn = archive["archived"]
            pin = {"who": "archive", "lsn": lsn, "behind_bytes": archive["lag_bytes"]}
            said |= {"archive": archive, "pins": [*said["pins"], pin]}
        text = json.dumps(said).encode()
        return protocol.ANSWER.pack(0, len(text)) + text

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
        self._heard_s = self._clock.monotonic_s()
        kind = message[0] if message else 0
        if kind == messages.REFUSED:
            epoch, text = messages.refusal(message)
            raise BadMessage(f"refused: {text} (epoch {epoch})")
        if kind != messages.STAND:
            raise BadMessage(f"a message of kind {kind}")
        stand = Stand.unpack(message)
        if stand.next != self._stand.next or stand.next >= self._next:
            self._moved_s = self._heard_s
        self._stand = stand
        if self._next == 0 and stand.next:
            self._next = self._batch_end = stand.next
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

    def _main(self) -> Steps:
        while not self._stop:
            try:
                self._turn()
            except Exception:  # the next turn begins with what is there
                logger.exception("%s", self.name)
                self._clock.sleep(_TICK_S)
            yield
            self._sleep()

    def _turn(self) -> None:
        """Keep the links, send what there is."""
        for line in (self._asks, self._log):
            if line.keep(self._network, self._address, self._clock) and line is self._log:
                self._heard_s = self._moved_s = self._clock.monotonic_s()
                self._opened_s = 0.0
                self._next = 0
        now_s = self._clock.monotonic_s()
        link = self._log.link
        if link is not None and self._control.published > 0:
            if self._next == 0 and now_s - self._opened_s > _HELLO_S:
                self._open(link)
            reason = self._given_up(now_s)
            if reason:
                logger.warning("%s: %s", self.name, reason)
                link.close()
                self._log.lost(link, reason)
                return
            while self._next and self._send(link):
                pass
            if self._next and now_s - self._ticked_s > _VDL_S and self._control.epoch > 0:
                self._ticked_s = now_s
                head = LogHead(self._reign(), self._next, 0, 0, self._control.vdl, *self._lows())
                link.send(head.pack())

    def _given_up(self, now_s: float) -> str:
        """Why the link is to be made anew; "": it is good."""
        if now_s - self._heard_s > SILENCE_S and self._opened_s:
            return f"silent for {SILENCE_S:.0f} s"
        if self._next > self._stand.next and now_s - self._moved_s > STALL_S:
            return f"has taken no log for {STALL_S:.0f} s"
        return ""

    def _open(self, link: Link) -> None:
        control = self._control
        published = control.published
        floor = max(0, control.get(CTRL_RESERVED) - self._arena.ring_bytes)
        low, pin = self._lows()
        self._opened_s = self._clock.monotonic_s()
        opening = Opening(self._reign(), floor, published, control.get(CTRL_LAST_BATCH), low, pin)
        link.send(opening.pack())

    def _reign(self) -> int:
        """The writer's epoch; while a new one is let in, the last one (`reign.FENCED`)."""
        return abs(self._control.epoch)

    def _lows(self) -> tuple[int, int]:
        """(nobody reads pages below, log from here on must stay)."""
        low = min([self._control.vdl, *self._control.read_points()])
        return low, lowest_pin(self._control)

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
        end = published
        if lsn + count < published:
            count, last_batch = self._whole(lsn, data)
            end = lsn + count if last_batch else 0
        head = LogHead(self._reign(), lsn, end, last_batch, control.vdl, *self._lows())
        if not link.send(head.pack() + data[:count]):
            return False
        self._next = lsn + count
        if end:
            self._batch_end = end
        return True

    def _whole(self, lsn: int, data: bytes) -> tuple[int, int]:
        """How much of the log from `lsn` on to send, and LSN of the last batch if one ends there.

        The zone's copies can take what ends with a batch: its ring may hold less than there is.
        """
        begins, last = self._batch_end, self._batch
        while length := batch_bytes(data, begins - lsn, begins) if begins >= lsn else 0:
            if begins + length > lsn + len(data):
                break
            begins, last = begins + length, begins
        if lsn < begins <= lsn + len(data):
            return begins - lsn, last
        if length:  # the beginning of a long one
            self._batch, self._batch_end = begins, begins + length
        return len(data), 0

    def _sleep(self) -> None:
        control, word = self._control, copy_word(self._full, COPY_SLEEPING)
        control.put(word, 1)
        moved = self._next and control.published > self._next and self._has_room()
        self._clock.poll((self._wake_fd, self._told_fd), 0 if moved else _TICK_S)
        control.put(word, 0)

    def _has_room(self) -> bool:
        taken = max(self._stand.full, self._stand.tail)
        return self._next - taken <= WINDOW_BYTES
