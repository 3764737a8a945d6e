"""A zone that is fed over a link: log twice, late, with holes; old writers; nonsense."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from redo import messages, protocol
from redo.arena import RING_AT, Arena, create_ring
from redo.control import COPY_DURABLE, CTRL_EPOCH, STATE_LIVE, Control, copy_word
from redo.environment import system_environment
from redo.errors import VolumeError
from redo.feeder import Feeder
from redo.gossip import whole_batches
from redo.log import LogWriter, Recovered, new_state
from redo.messages import LOG_BYTES_MAX, BadMessage, LogHead, Opening, Stand
from redo.metadata import new_volume
from redo.network import TlsNetwork
from redo.peers import Peers, SocketPeer, request
from redo.quorum import COPIES
from redo.receiver import QUEUED_MAX, Receiver, Session
from redo.state import FIRST_LSN
from redo.storage_server import StorageConfig, ZoneServer
from redo.timeline import History
from tests.redo.editing import Editor, random_steps

PAGE, PAGES, RING = 512, 20, 1 << 16
EPOCH = 2


class Home:
    """The writer's end of the link, and a writer; what the zone says is remembered."""

    def __init__(self, ring_bytes: int = RING) -> None:
        self.ring_fd = create_ring(ring_bytes)
        self.arena = Arena(self.ring_fd, 4 << 20)
        st = new_state(self.arena, PAGE)
        self.log = LogWriter(self.arena, st, [])
        self.log.open(Recovered(EPOCH, FIRST_LSN, 0))
        self.control = Control(self.arena)
        self.control.put(CTRL_EPOCH, EPOCH)
        self.editor = Editor(self.arena, st, self.log, PAGES)
        self.known: set[int] = set()
        self.said: list[bytes] = []
        self.closed = False
        self._heard = threading.Condition()

    def send(self, message: bytes) -> bool:
        with self._heard:
            self.said.append(message)
            self._heard.notify_all()
        return True

    def close(self) -> None:
        with self._heard:
            self.closed = True
            self._heard.notify_all()

    def wait_for(self, good: Callable[[], bool]) -> None:
        with self._heard:
            assert self._heard.wait_for(good, 300), self.said[-3:]

    def wait_for_copies(self, lsn: int) -> None:
        """Both are durable to here, and no further."""
        self.wait_for(lambda: self.stand.full == self.stand.tail == lsn)

    @property
    def stand(self) -> Stand:
        """The last one."""
        stands = [message for message in self.said if message[0] == messages.STAND]
        return Stand.unpack(stands[-1]) if stands else Stand(0, 0, 0, 0, 0, 0)

    @property
    def refusals(self) -> list[bytes]:
        """All of them."""
        return [message for message in self.said if message[0] == messages.REFUSED]

    def work(self, rng: np.random.Generator, count: int, publish_every: int = 1) -> tuple[int, int]:
        """Some batches; where they begin and end."""
        start = self.log.published_lsn
        for number in range(count):
            self.editor.run(random_steps(rng, PAGE, self.known, PAGES))
            if (number + 1) % publish_every == 0:
                self.log.publish()
            for copy_no in (0, 1, 4, 5):  # the other zones are quick
                self.control.put(copy_word(copy_no, COPY_DURABLE), self.log.published_lsn)
        return start, self.log.published_lsn

    def message(self, start: int, end: int, published: int, epoch: int = EPOCH) -> bytes:
        """A LOG message."""
        at = RING_AT + start % RING
        head = LogHead(epoch, start, published, 0, 0, FIRST_LSN, 0)
        return head.pack() + self.arena.mem[at : at + end - start].tobytes()

    def opening(self, epoch: int = EPOCH) -> bytes:
        """An OPEN message."""
        published = self.log.published_lsn
        return Opening(epoch, 0, published, 0, FIRST_LSN, 0).pack()


class Zone:
    """az2 on another host, in this process: formatted, recovered at the beginning of the log."""

    def __init__(self, path: Path, peers: Peers | None = None) -> None:
        self.data, self.path = str(path / "data"), str(path / "socket")
        self.peers = peers or Peers({})
        self.begin()
        volume = asdict(new_volume(PAGE, 1 << 15, 16))
        for phase in ("draft", "format"):
            self.ask({"do": phase, "volume": volume})
        history = asdict(History(((1, FIRST_LSN),)))
        found = self.ask({"do": "fence", "epoch": EPOCH, "history": history})
        assert found["complete"] == {"2": FIRST_LSN, "3": FIRST_LSN}
        history = asdict(History(((1, FIRST_LSN), (EPOCH, FIRST_LSN))))
        assert self.ask({"do": "install", "history": history, "vdl": FIRST_LSN})["copies"] == [2, 3]
        self.ask({"do": "start", "vdl": FIRST_LSN, "epoch": EPOCH, "last_batch": 0})

    def begin(self) -> None:
        """With what is on disk."""
        wakes = [os.eventfd(0) for _ in range(COPIES)]
        ring = self.ring = (create_ring(RING), wakes, os.eventfd(0, os.EFD_NONBLOCK))
        config = StorageConfig(self.data, self.path, durable=False)
        self.server = ZoneServer(config, 1, ring, self.peers, shared=False)
        self.node = self.server.node
        self.receiver = Receiver(1, self.node, ring, self.server.answers.whole)
        self.server.start()
        self.receiver.start()
        self.peer = SocketPeer(self.path)

    def ask(self, fields: dict[str, object]) -> dict[str, object]:
        return request(self.peer, fields)

    def read(self, page: int, lsn: int) -> bytes:
        return self.peer.ask(protocol.READ, page, lsn)

    def close(self) -> None:
        self.peer.close()
        self.receiver.close()
        self.server.close()


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[Zone]:
    made = Zone(tmp_path)
    yield made
    made.close()


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.arena.close()


def test_log_twice_late_and_with_holes(zone: Zone, home: Home) -> None:
    rng = np.random.default_rng(1)
    session = zone.receiver.accept(home)
    session.received(home, home.opening())
    home.wait_for(lambda: home.stand.next == FIRST_LSN)
    for _ in range(10):
        start, end = home.work(rng, 20)
        middle = start + (end - start) // 16 * 8
        parts = [
            home.message(start, middle, 0),
            home.message(middle, end, end),
        ]
        order = [parts[1], parts[0], parts[0], parts[1], parts[0], parts[1]]
        for message in order:  # the second part first is a hole; then each of them twice
            session.received(home, message)
        home.wait_for_copies(end)
        assert home.stand.full_state == home.stand.tail_state == STATE_LIVE
        for page in home.known:
            assert zone.read(page, end) == home.editor.image(page)


def test_a_new_link_goes_on_where_the_last_one_was_lost(zone: Zone, home: Home) -> None:
    rng = np.random.default_rng(2)
    for _ in range(4):
        session = zone.receiver.accept(home)
        session.received(home, home.opening())
        begin = home.log.published_lsn
        home.wait_for(lambda begin=begin: home.stand.next == begin)  # type: ignore[misc]
        start, end = home.work(rng, 10)
        session.received(home, home.message(start, end, end))
        home.wait_for_copies(end)
        session.received(home, home.message(end, end, 0))
        session.lost(home, "cut")
    assert zone.read(min(home.known), end) == home.editor.image(min(home.known))


def test_a_zone_that_starts_again_takes_all_that_it_lacks_from_the_ring(
    zone: Zone, home: Home
) -> None:
    """However much that is: other zones may have died with it, and nobody else has it."""
    rng = np.random.default_rng(7)
    session = zone.receiver.accept(home)
    session.received(home, home.opening())
    home.wait_for(lambda: home.stand.next == FIRST_LSN)
    start, end = home.work(rng, 10)
    session.received(home, home.message(start, end, end))
    home.wait_for_copies(end)
    session.lost(home, "the zone dies")
    zone.close()
    while home.log.published_lsn < end + RING * 3 // 4:
        _, last = home.work(rng, 1)
    home.said.clear()
    zone.begin()
    session = zone.receiver.accept(home)
    session.received(home, home.opening())
    home.wait_for(lambda: home.stand.next > 0)
    assert home.stand.next == end
    session.received(home, home.message(end, last, last))
    home.wait_for_copies(last)
    for page in home.known:
        assert zone.read(page, last) == home.editor.image(page)


def test_much_log_is_sent_in_pieces_that_end_with_a_batch() -> None:
    """So that the zone's copies can take them, and it needs no ring for all of it."""
    home = Home(4 << 20)
    rng = np.random.default_rng(8)
    while home.log.published_lsn < FIRST_LSN + LOG_BYTES_MAX * 5 // 4:
        home.work(rng, 40, publish_every=40)
    ring = (home.ring_fd, [os.eventfd(0) for _ in range(COPIES)], os.eventfd(0))
    world = system_environment(network=TlsNetwork(bytes(32)))
    feeder = Feeder(1, "nowhere:1", world, ring, "", {})
    feeder.told(Stand(FIRST_LSN, FIRST_LSN, FIRST_LSN, STATE_LIVE, STATE_LIVE, EPOCH).pack())
    while feeder._send(home):
        pass
    reached = FIRST_LSN
    for message in home.said:
        head, data = LogHead.unpack(message)
        (count, last) = whole_batches(bytes(data), reached)
        assert (head.lsn, head.published, head.last_batch) == (reached, reached + len(data), last)
        assert count == len(data)
        reached = head.published
    assert reached == home.log.published_lsn and len(home.said) == 2
    home.arena.close()


def test_earlier_writers_are_refused(zone: Zone, home: Home) -> None:
    session = zone.receiver.accept(home)
    session.received(home, home.opening(EPOCH - 1))
    home.wait_for(lambda: bool(home.refusals))
    assert messages.refusal(home.refusals[-1]) == (EPOCH, "epoch 1 is over: the fence is at 2")
    session.received(home, home.opening())
    home.wait_for(lambda: home.stand.next == FIRST_LSN)
    zone.ask({"do": "fence", "epoch": 9, "history": asdict(zone.node._known_history())})
    start, end = home.work(np.random.default_rng(3), 5)
    session.received(home, home.message(start, end, end))
    home.wait_for(lambda: len(home.refusals) == 2)
    assert zone.node.control.published == 0, "log of an earlier epoch was taken"
    with pytest.raises(VolumeError, match="the fence is at 9"):
        zone.ask({"do": "fence", "epoch": 9, "history": asdict(History())})


NONSENSE = [b"", b"\x63", bytes([messages.ASK]), bytes([messages.STAND]) + bytes(40)]


@pytest.mark.parametrize("message", NONSENSE)
def test_nonsense_ends_the_link(message: bytes, zone: Zone, home: Home) -> None:
    with pytest.raises(BadMessage):
        zone.receiver.accept(home).received(home, message)


LATE_NONSENSE = [
    bytes([messages.OPEN]),
    bytes([messages.LOG]) + bytes(11),
    Opening(EPOCH, 0, 0, 0, 0, 0).pack()[:1] + b"\xff" + Opening(EPOCH, 0, 0, 0, 0, 0).pack()[2:],
]


@pytest.mark.parametrize("message", LATE_NONSENSE)
def test_bad_log_messages_end_the_link(message: bytes, zone: Zone, home: Home) -> None:
    session = zone.receiver.accept(home)
    session.received(home, home.opening())
    home.wait_for(lambda: home.stand.next == FIRST_LSN)
    session.received(home, message)
    home.wait_for(lambda: home.closed)


def test_more_than_was_asked_for_ends_the_link(zone: Zone, home: Home) -> None:
    session = Session(Receiver(1, zone.node, zone.ring, bytes), home)  # nobody takes what comes
    with pytest.raises(BadMessage, match="more log than was asked for"):
        for _ in range(QUEUED_MAX + 2):
            session.received(home, home.opening())


class Neighbour:
    """Another zone, which has all that the writer has published (`peers.Peer`)."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.damaged = False

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        end = self._home.log.published_lsn
        if op == protocol.REQUEST and json.loads(tail) == {"do": "stand"}:
            return json.dumps({"epoch": EPOCH, "vdl": end, "durable": end}).encode()
        if op != protocol.LOG:
            raise VolumeError("not asked for here")
        data = bytearray(self._home.arena.mem[RING_AT + a : RING_AT + min(a + b, end)].tobytes())
        if self.damaged:
            data[len(data) // 2] ^= 1
        return bytes(data)


def test_gossip_fills_a_hole_that_no_link_brings(tmp_path: Path, home: Home) -> None:
    """And what a peer gives is looked at: damaged batches are not taken."""
    neighbour = Neighbour(home)
    zone = Zone(tmp_path, Peers({0: neighbour}))
    try:
        session = zone.receiver.accept(home)
        session.received(home, home.opening())
        home.wait_for(lambda: home.stand.next == FIRST_LSN)
        rng = np.random.default_rng(4)
        start, end = home.work(rng, 20)
        session.received(home, home.message(start, end, end))
        home.wait_for_copies(end)
        neighbour.damaged = True
        start, end = home.work(rng, 40)
        good = start + whole_batches(neighbour.ask(protocol.LOG, start, end - start), start)[0]
        assert start < good < end
        home.wait_for_copies(good)
        neighbour.damaged = False
        home.wait_for_copies(end)
        for page in home.known:
            assert zone.read(page, end) == home.editor.image(page)
    finally:
        zone.close()


def test_an_opening_that_peers_have_overtaken_takes_nothing_back(zone: Zone, home: Home) -> None:
    """What the zone said is durable can be read, whatever comes late."""
    session = zone.receiver.accept(home)
    late = home.opening()
    session.received(home, late)
    home.wait_for(lambda: home.stand.next == FIRST_LSN)
    start, end = home.work(np.random.default_rng(5), 20)
    session.received(home, home.message(start, end, end))
    home.wait_for_copies(end)
    home.said.clear()
    session.received(home, late)
    home.wait_for(lambda: home.stand.next > 0)
    assert home.stand.next == zone.node.control.published == end
    for page in home.known:
        assert zone.read(page, end) == home.editor.image(page)


class Survivor:
    """A zone that took part in a recovery (`peers.Peer`): its log ends at `vdl`, epoch 9 begins."""

    def __init__(self) -> None:
        self.vdl = 0
        self.asked = threading.Event()

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        self.asked.set()
        if op != protocol.REQUEST or json.loads(tail) != {"do": "survey"} or not self.vdl:
            raise VolumeError("not asked for here")
        history = asdict(History(((1, FIRST_LSN), (EPOCH, FIRST_LSN), (9, self.vdl))))
        return json.dumps({"state": "open", "volume": None, "history": history}).encode()


def test_a_zone_gives_up_what_a_recovery_without_it_cut_off(tmp_path: Path, home: Home) -> None:
    """It was not asked, and does not count before it knows what was decided."""
    peer = Survivor()
    zone = Zone(tmp_path, Peers({0: peer}))
    try:
        session = zone.receiver.accept(home)
        session.received(home, home.opening())
        home.wait_for(lambda: home.stand.next == FIRST_LSN)
        rng = np.random.default_rng(6)
        start, kept = home.work(rng, 20)
        _, end = home.work(rng, 20)
        session.received(home, home.message(start, end, end))
        home.wait_for_copies(end)
        opening = Opening(9, kept, kept, 0, FIRST_LSN, 0).pack()
        session.received(home, opening)
        assert peer.asked.wait(300)
        assert zone.node.log_fence == EPOCH, "it believes somebody whose epoch nobody knows"
        peer.vdl = kept
        session.received(home, opening)
        home.wait_for_copies(kept)
        home.wait_for(lambda: home.stand.next == kept)
        assert zone.node.control.published == kept
    finally:
        zone.close()
