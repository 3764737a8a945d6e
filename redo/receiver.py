"""A zone on another host than the writer's: its end of the links (`feeder.py` is the other one).

Log that arrives goes into this process's own ring, where the zone's copies find it as they would
in the writer's; whenever one of them is durable further, that is said. Log comes in order or not at
all: what does not continue what is here is not taken, and where it should go on is said again.

Memory is bounded: a frame has a limit, the ring has its size, and a sender that is not held up by
the ring's room (`feeder.WINDOW_BYTES`) is dropped.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from redo import messages
from redo.arena import RING_AT, Arena
from redo.control import (
    COPY_DURABLE,
    COPY_STATE,
    COPY_WRITTEN,
    CTRL_BATCH_CLOCK,
    CTRL_LAST_BATCH,
    CTRL_PUBLISHED,
    CTRL_RESERVED,
    CTRL_VDL,
    REPLICA_READ_POINT,
    STATE_FILLING,
    STATE_LIVE,
    Control,
    copy_word,
    replica_word,
)
from redo.environment import Environment, Link, Steps, Task, system_environment
from redo.errors import StaleEpoch, VolumeError
from redo.exchange import Exchange
from redo.gossip import Gossip
from redo.messages import BadMessage, LogHead, Opening, Stand
from redo.pins import FROM_AFAR, tell_pin
from redo.quorum import zone_copies
from redo.record import BATCH_CLOCK_AT, BATCH_LSN_AT
from redo.zone_node import OPEN, ZoneNode

logger = logging.getLogger(__name__)

QUEUED_MAX: Final = 64  #: messages of log that wait; a feeder never has so many on the way
ROOM_S: Final = 5.0  #: a copy that is behind by a ring for so long takes log from its peers
_STAND_S: Final = 1.0
_ANSWERERS: Final = 8


class Session:
    """One link from the writer's host (`environment.Peer`)."""

    def __init__(self, receiver: Receiver, link: Link) -> None:
        self._receiver = receiver
        self.link = link
        self.exchange = Exchange(link, receiver.answer, receiver.executor)

    def received(self, link: Link, message: bytes) -> None:
        """Raises BadMessage: the link ends."""
        kind = message[0] if message else 0
        match kind:
            case messages.ASK | messages.ANSWER:
                self.exchange.received(message)
            case messages.OPEN | messages.LOG:
                self._receiver.queue_up(link, message)
            case _:
                raise BadMessage(f"a message of kind {kind}")

    def lost(self, link: Link, reason: str) -> None:
        """The link is gone."""
        logger.warning("link to the writer's host: %s", reason)
        self.exchange.lost(reason)
        self._receiver.lost(self)


class Receiver:
    """Takes log and questions for one zone, from `start` to `close`.

    ring      (ring memfd, the copies' eventfds, eventfd the copies signal)
    answer    (question with its tail) -> answer, of this zone's process
    """

    def __init__(
        self,
        zone: int,
        node: ZoneNode,
        ring: tuple[int, list[int], int],
        answer: Callable[[bytes], bytes],
        environment: Environment | None = None,
    ) -> None:
        environment = environment or system_environment()
        self._clock = environment.clock
        self._start_task = environment.tasks.start
        self._node = node
        self._full, self._tail = zone_copies(zone)
        ring_fd, self._wake_fds, self._moved_fd = ring
        self._arena = Arena(ring_fd, 1 << 16)
        self._control = Control(self._arena)
        self._answer = answer
        self.executor = environment.tasks.executor(_ANSWERERS)
        self._sessions: list[Session] = []
        self._queue: deque[tuple[Link, bytes]] = deque()
        self._queued_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._link: Link | None = None  #: that log comes over
        self._next = 0
        self._said: Stand | None = None
        self._said_s = 0.0
        self._stop = False
        self._tasks: list[Task] = []
        self._gossip = Gossip(self._arena, self._clock, node.peers, self._take_from_peer)
        self._gossip_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def start(self) -> None:
        """Begin."""
        for name, steps in (
            ("redo-receiver", self._taking()),
            ("redo-stand", self._telling()),
            ("redo-gossip", self._gossip.steps(self._gossip_fd)),
        ):
            self._tasks.append(self._start_task(name, steps))

    def close(self) -> None:
        """End."""
        self._stop = self._gossip.stopping = True
        for fd in (self._queued_fd, self._moved_fd, self._gossip_fd):
            os.eventfd_write(fd, 1)
        for task in self._tasks:
            task.join()
        self.executor.shutdown(wait=False, cancel_futures=True)

    def accept(self, link: Link) -> Session:
        """The writer's host has made a link."""
        session = Session(self, link)
        self._sessions = [*self._sessions, session]
        return session

    def way_home(self) -> Exchange:
        """On which other zones can be asked: a link without log. Raises VolumeError."""
        for session in reversed(self._sessions):
            if session.link is not self._link:
                return session.exchange
        raise VolumeError("the writer's host is not connected")

    def answer(self, _: int, asked: bytes) -> bytes:
        """What this zone answers; it has no others to ask for somebody else."""
        return self._answer(asked)

    def queue_up(self, link: Link, message: bytes) -> None:
        """A message about log. Raises BadMessage when far too many wait."""
        if len(self._queue) > QUEUED_MAX:
            raise BadMessage("more log than was asked for")
        self._queue.append((link, message))
        os.eventfd_write(self._queued_fd, 1)

    def lost(self, session: Session) -> None:
        """Nothing more comes over its link."""
        self._sessions = [one for one in self._sessions if one is not session]
        if session.link is self._link:
            self._link = None

    # log

    def _taking(self) -> Steps:
        while not self._stop:
            if self._queue:
                self._taken(*self._queue.popleft())
            yield
            if not self._queue:
                self._clock.poll((self._queued_fd,), _STAND_S)

    def _taken(self, link: Link, message: bytes) -> None:
        """A message about log has its turn."""
        try:
            if message[0] == messages.OPEN:
                self._open(link, Opening.unpack(message))
            elif link is self._link:
                self._take(link, *LogHead.unpack(message))
        except StaleEpoch as error:
            link.send(messages.refused(self._node.fence, str(error)))
        except BadMessage as error:
            logger.warning("link to the writer's host: %s", error)
            link.close()
        except (VolumeError, OSError) as error:  # it asks again
            logger.warning("%s", error)
        except Exception:
            logger.exception("log")
            link.close()

    def _check(self, epoch: int) -> None:
        if epoch < self._node.log_fence:
            raise StaleEpoch(f"epoch {epoch} is over: the fence is at {self._node.log_fence}")

    def _open(self, link: Link, opening: Opening) -> None:
        self._check(opening.epoch)
        self._keep(opening.low, opening.pin)
        self._next = self._node.join(opening)
        self._link = link
        link.send(self._stand(self._next).pack())

    def _keep(self, low: int, pin: int) -> None:
        """What the zone must keep: pages as of `low` on, log from `pin` on."""
        self._control.put(replica_word(0, REPLICA_READ_POINT), low)
        tell_pin(self._control, FROM_AFAR, pin or None)

    def _take(self, link: Link, head: LogHead, data: memoryview) -> None:
        end = head.lsn + len(data)
        if data and head.lsn == self._next:
            self._wait_for_room(end)
        with self._node.lock:  # nothing of an earlier epoch once a later one is installed
            self._check(head.epoch)
            if self._node.state != OPEN:
                return
            self._keep(head.low, head.pin)
            if data and head.lsn == self._next:
                self._put(head.lsn, data)
            elif data:
                if end > self._next:
                    link.send(self._stand(self._next).pack())
                return
            self._publish(head)

    def _put(self, lsn: int, data: memoryview) -> None:
        control, end = self._control, lsn + len(data)
        control.put(CTRL_RESERVED, max(end, control.get(CTRL_RESERVED)))
        at = RING_AT + lsn % self._arena.ring_bytes
        self._arena.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
        self._next = end

    def _publish(self, head: LogHead) -> None:
        control = self._control
        if head.published:
            if head.published != self._next:
                raise BadMessage(f"published {head.published}, but log is here to {self._next}")
            self._let_out(head.last_batch)
        if control.vdl < head.vdl <= control.published:
            control.put(CTRL_VDL, head.vdl)

    def _take_from_peer(self, lsn: int, data: bytes, last_batch: int) -> bool:
        """Whole batches that a peer has, if they are what comes next (`gossip.py`)."""
        with self._node.lock:
            control = self._control
            begun = self._link is not None and self._next not in (0, lsn)  # it brings a batch
            if begun or control.published != lsn or self._node.state != OPEN:
                return False
            self._wait_for_room(lsn + len(data))
            self._put(lsn, memoryview(data))
            self._let_out(last_batch)
            control.put(CTRL_VDL, max(control.vdl, self._next))
            return True

    def _let_out(self, last_batch: int) -> None:
        """All that is here are whole batches: the copies may have them."""
        control = self._control
        batch = RING_AT + last_batch % self._arena.ring_bytes
        if self._number(batch + BATCH_LSN_AT) == last_batch > 0:
            control.put(CTRL_BATCH_CLOCK, self._number(batch + BATCH_CLOCK_AT))
        control.put(CTRL_LAST_BATCH, last_batch)
        control.put(CTRL_PUBLISHED, self._next)
        for copy_no in (self._full, self._tail):
            os.eventfd_write(self._wake_fds[copy_no], 1)

    def _number(self, at: int) -> int:
        return int.from_bytes(self._arena.mem[at : at + 8].tobytes(), "little", signed=True)

    def _wait_for_room(self, end: int) -> None:
        """Until the copies have written what log up to `end` overwrites; not for ever."""
        deadline = self._clock.monotonic_s() + ROOM_S
        while self._clock.monotonic_s() < deadline and not self._stop:
            if all(written >= end - self._arena.ring_bytes for written in self._written()):
                return
            self._clock.sleep(0.0005)

    def _written(self) -> list[int]:
        """How far each copy that takes log has written it."""
        control = self._control
        return [
            control.get(copy_word(copy_no, COPY_WRITTEN))
            for copy_no in (self._full, self._tail)
            if control.get(copy_word(copy_no, COPY_STATE)) == STATE_LIVE
        ]

    # acknowledgements

    def _stand(self, following: int) -> Stand:
        control = self._control
        states = [control.get(copy_word(no, COPY_STATE)) for no in (self._full, self._tail)]
        durable = [control.get(copy_word(no, COPY_DURABLE)) for no in (self._full, self._tail)]
        counts = [state in (STATE_LIVE, STATE_FILLING) for state in states]
        full, tail = (lsn if counted else 0 for lsn, counted in zip(durable, counts, strict=True))
        return Stand(following, full, tail, states[0], states[1], self._node.fence)

    def _telling(self) -> Steps:
        """Say how far the copies are, whenever that has changed, and now and then."""
        while not self._stop:
            self._tell()
            yield
            self._clock.poll((self._moved_fd,), _STAND_S)

    def _tell(self) -> None:
        """Say how far the copies are, if that is news or was not said for a while."""
        link = self._link
        if link is None or self._node.state != OPEN:
            return
        stand = self._stand(self._next)
        if stand != self._said or self._clock.monotonic_s() - self._said_s >= _STAND_S:
            link.send(stand.pack())
            self._said, self._said_s = stand, self._clock.monotonic_s()
