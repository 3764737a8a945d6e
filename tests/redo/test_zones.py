"""A volume in three zones' processes: made, however often that breaks off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from redo import protocol
from redo.arena import Arena, create_ring
from redo.coordinator import Coordinator
from redo.environment import SystemClock, system_environment
from redo.errors import LogUnavailable, VolumeError
from redo.metadata import VolumeMeta, is_like, new_volume
from redo.peers import Peers
from redo.quorum import COPIES, ZONES, copy_directory, zone_copies
from redo.storage import Storage
from redo.zone_node import ZoneNode
from redo.zones import durable_between

RING = 1 << 17


class Breaks(Exception):
    """Whoever asked is gone."""


class Processes:
    """Three zones over one ring; the writer may be killed at any of its questions.

    shared   have they one directory, or each its own?
    """

    def __init__(self, path: Path, shared: bool) -> None:
        self.ring_fd = create_ring(RING)
        self.wake_fds = [os.eventfd(0) for _ in range(COPIES)]
        self.writer_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.arena = Arena(self.ring_fd, 1 << 20)
        self.paths = [path / ("all" if shared else name) for name in ZONES]
        self.nodes: list[ZoneNode] = []
        self.left = -1  #: so many questions until it is killed
        self.done = True  #: is what is asked last still done?
        self.asked: list[str] = []
        self.start()

    def start(self) -> None:
        """Start all zones, on what is in their files."""
        for zone in range(len(ZONES)):
            self.nodes.append(self._node(zone))

    def _node(self, zone: int) -> ZoneNode:
        def make() -> Storage:
            wakes = (self.ring_fd, self.wake_fds, self.writer_fd)
            copies = zone_copies(zone)
            path = str(self.paths[zone])
            return Storage(system_environment(), path, *wakes, copies=copies, peers=Peers({}))

        return ZoneNode(make, Peers({}), True, lambda _: None, lambda: None)

    def stop(self) -> None:
        """End all zones."""
        for node in self.nodes:
            node.stop_waiting()
            node.close()
        self.nodes.clear()

    def writer(self, volume: VolumeMeta) -> Coordinator:
        """A writer that has not asked anything yet."""
        wires = {zone: Wire(self, zone) for zone in range(len(ZONES))}
        return Coordinator(self.arena, SystemClock(), wires, volume, self._wake)

    def _wake(self) -> None:
        for fd in self.wake_fds:
            os.eventfd_write(fd, 1)


class Wire:
    """The way from the writer to a zone (`peers.Peer`)."""

    def __init__(self, processes: Processes, zone: int) -> None:
        self._processes = processes
        self._zone = zone

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        assert op == protocol.REQUEST
        fields = json.loads(tail)
        processes = self._processes
        processes.asked.append(fields["do"])
        processes.left -= 1
        if processes.left == 0:
            if processes.done:
                processes.nodes[self._zone].request(fields)
            raise Breaks
        return json.dumps(processes.nodes[self._zone].request(fields)).encode()


@pytest.fixture(params=[True, False], ids=["one directory", "three directories"])
def processes(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Processes]:
    made = Processes(tmp_path, request.param)
    yield made
    made.stop()


def made_anew() -> VolumeMeta:
    return new_volume(512, 1 << 15, 16)


@pytest.mark.parametrize("done", [True, False])
def test_making_a_volume_may_break_off_anywhere(processes: Processes, done: bool) -> None:
    """At every question of the writer: the next one has the volume, with all six copies."""
    processes.done = done
    for kill_at in range(1, 12):
        processes.left = kill_at
        try:
            processes.writer(made_anew()).make_ready()
            break
        except Breaks:
            processes.stop()
            processes.start()
    processes.left = -1
    assert processes.asked.count("draft") >= 3 and kill_at > 3
    recovered = processes.writer(made_anew()).open_writer()
    assert recovered.epoch >= 2
    assert sum(len(node.storage().live()) for node in processes.nodes) == COPIES
    assert len({node.storage().volume.volume_id for node in processes.nodes}) == 1


def test_a_draft_is_no_volume(processes: Processes) -> None:
    """One of other constants is made anew."""
    first = made_anew()
    for node in processes.nodes[:2]:
        node.request(json.loads(json.dumps({"do": "draft", "volume": asdict(first)})))
    other = new_volume(1024, 1 << 15, 16)
    assert not is_like(first, other)
    processes.writer(other).open_writer()
    assert all(node.storage().volume == other for node in processes.nodes)


def test_a_new_volume_needs_all_zones(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is begun that could not be finished."""
    monkeypatch.setattr("redo.coordinator.ALL_ZONES_S", 0.1)

    def refuse(fields: object) -> dict[str, object]:
        raise VolumeError("away")

    monkeypatch.setattr(processes.nodes[2], "request", refuse)
    with pytest.raises(LogUnavailable, match="needs all zones; no answer from az3"):
        processes.writer(made_anew()).make_ready()
    assert "draft" not in processes.asked


def status(zone: int, vdl: int, published: int, *durable: int | None) -> dict[str, object]:
    """What a zone says; None: that copy is dead."""
    copies = [
        {"copy": copy_directory(copy_no), "state": "live" if lsn else "dead", "durable": lsn or 0}
        for copy_no, lsn in zip(zone_copies(zone), durable, strict=True)
    ]
    return {"vdl": vdl, "published": published, "copies": copies}


def test_whoever_is_silent_may_have_counted() -> None:
    """Four copies had the log to 37,240; one died and two are not heard of: what two others and
    the zones' old VDL say is not the end."""
    first, second = (
        status(0, 13_176, 16_040, 16_040, 16_040),
        status(1, 13_176, 37_240, 37_240, 37_240),
    )
    third = status(2, 13_176, 38_640, None, 38_640)
    assert durable_between([first, third]) == (13_176, 38_640)
    assert durable_between([first, second, third]) == (16_040, 37_240)
    caught_up = status(0, 13_176, 38_640, 38_000, 38_000)
    assert durable_between([caught_up, second, third]) == (37_240, 38_000)


def test_copies_that_agree_leave_no_doubt() -> None:
    """Also with a zone away: four copies are a write quorum."""
    zones = [status(0, 4096, 9000, 9000, 9000), status(2, 8000, 9000, 9000, 9000)]
    assert durable_between(zones) == (9000, 9000)
