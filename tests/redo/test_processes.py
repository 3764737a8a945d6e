"""Real processes, killed: storage, the writer, both. What was acknowledged is there afterwards."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from redo import protocol
from redo.arena import Arena, create_ring
from redo.client import Client
from redo.errors import StaleEpoch, StaleGeometry, VolumeError
from redo.log import LogWriter, new_state
from redo.protocol import Epochs
from redo.quorum import COPIES
from redo.storage_server import StorageConfig, main
from redo.volume import NEWEST, SocketVolume
from tests.redo.editing import NEW, PUT8, WRITE, Editor, Step, random_steps
from tests.redo.writing import wait_for

PAGE = 512
PAGES = 20
LEDGER = struct.Struct("<qqq")  # page, value, end LSN


class Cluster:
    """A ring, eventfds, and a storage process over them."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.config = StorageConfig(
            data_dir=str(path / "data"),
            socket_path=str(path / "storage.sock"),
            page_bytes=PAGE,
            chunk_bytes=1 << 16,
            pg_pages=16,
            coalesce_bytes=1 << 14,
        )
        self.pids: list[int] = []
        self.new_ring()

    def new_ring(self) -> None:
        """As after a restart of the machine: shared memory is gone."""
        self.ring_fd = create_ring(1 << 17)
        self.wake_fds = [os.eventfd(0) for _ in range(COPIES)]
        self.writer_fd = os.eventfd(0, os.EFD_NONBLOCK)

    def start_storage(self) -> int:
        """Fork a storage process; its pid, once it serves."""
        socket_path = Path(self.config.socket_path)
        socket_path.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = main(self.config, self.ring_fd, self.wake_fds, self.writer_fd)
            finally:
                os._exit(code)
        self.pids.append(pid)
        wait_for(socket_path.exists)
        return pid

    def kill(self, pid: int, how: int = signal.SIGKILL) -> int:
        """End a child; its wait status."""
        self.pids.remove(pid)
        os.kill(pid, how)
        return os.waitpid(pid, 0)[1]


class Node:
    """A writer on a cluster, in this process."""

    def __init__(self, cluster: Cluster) -> None:
        self.arena = Arena(cluster.ring_fd, 4 << 20)
        self.volume = SocketVolume(cluster.config.socket_path, self.arena)
        self.st = new_state(self.arena, self.volume.page_bytes)
        self.log = LogWriter(self.arena, self.st, cluster.wake_fds, cluster.writer_fd)
        self.recovered = self.volume.open_writer()
        self.log.open(self.recovered)
        self.editor = Editor(self.arena, self.st, self.log, PAGES)
        self.frame = self.arena.alloc(PAGE)

    def read(self, page: int) -> bytes:
        self.volume.read_page(page, NEWEST, self.frame)
        return self.arena.mem[self.frame : self.frame + PAGE].tobytes()

    def close(self) -> None:
        self.volume.close()
        self.arena.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "c")
    yield made
    for pid in list(made.pids):
        made.kill(pid)


def test_storage_killed_while_the_writer_lives(cluster: Cluster) -> None:
    """The writer goes on in the same ring; nothing it appended is missing."""
    pid = cluster.start_storage()
    node = Node(cluster)
    rng = np.random.default_rng(1)
    known: set[int] = set()
    for round_no in range(6):
        for i in range(int(rng.integers(50, 200))):
            end = node.editor.run(random_steps(rng, PAGE, known, PAGES))
            node.log.publish()
            if i % 10 == 0:
                node.log.wait_durable(end)
        cluster.kill(pid)
        for _ in range(20):  # goes to the ring only
            end = node.editor.run(random_steps(rng, PAGE, known, PAGES))
            node.log.publish()
        pid = cluster.start_storage()
        node.log.wait_durable(end)
        node.volume.reconnect()
        for page in known:
            assert node.read(page) == node.editor.image(page), (round_no, page)
    node.close()
    assert cluster.kill(pid, signal.SIGTERM) == 0


def test_everything_killed_and_the_ring_gone(cluster: Cluster) -> None:
    rng = np.random.default_rng(2)
    known: set[int] = set()
    images: dict[int, bytes] = {}
    for _ in range(6):
        pid = cluster.start_storage()
        node = Node(cluster)
        for page in known:
            assert node.read(page) == images[page]
            at = node.editor.frame(page)
            node.arena.mem[at : at + PAGE] = np.frombuffer(images[page], np.uint8)
        for _ in range(int(rng.integers(50, 200))):
            end = node.editor.run(random_steps(rng, PAGE, known, PAGES))
            if rng.random() < 0.5:
                node.log.publish()
        node.log.wait_durable(end)
        images = {page: node.editor.image(page) for page in known}
        cluster.kill(pid)
        node.close()
        cluster.new_ring()


def writer_child(cluster: Cluster, ledger_fd: int) -> None:
    """Puts ever larger values into pages; each one acknowledged goes to the ledger."""
    node = Node(cluster)
    for page in range(PAGES):
        node.volume.read_page(page, NEWEST, node.editor.frame(page))
    value = 0
    while True:
        batch = []
        for page in range(PAGES):
            value += 1
            end = node.editor.run([Step(PUT8, page, 100, 8, value), Step(WRITE, page, 200, 90, 3)])
            batch.append(LEDGER.pack(page, value, end))
        node.log.wait_durable(end)
        os.write(ledger_fd, b"".join(batch))


@pytest.mark.parametrize("storage_too", [False, True])
def test_writer_killed(cluster: Cluster, storage_too: bool) -> None:
    """A new writer finds all that was acknowledged; the ring may have given it more."""
    pid = cluster.start_storage()
    node = Node(cluster)
    node.log.wait_durable(node.editor.run([Step(NEW, page) for page in range(PAGES)]))
    node.close()
    rng = np.random.default_rng(3)
    for _ in range(5):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                writer_child(cluster, writing)
            finally:
                os._exit(1)
        os.close(writing)
        cluster.pids.append(child)
        ledger = b""
        enough = int(rng.integers(1, 60)) * PAGES * LEDGER.size
        while len(ledger) < enough:
            assert select.select([reading], [], [], 300)[0]
            ledger += os.read(reading, 1 << 16)
        if storage_too and rng.random() < 0.5:
            cluster.kill(pid)
            cluster.kill(child)
            pid = cluster.start_storage()
        else:
            cluster.kill(child)
        while piece := os.read(reading, 1 << 20):
            ledger += piece
        os.close(reading)
        acknowledged = {page: value for page, value, _ in LEDGER.iter_unpack(ledger)}
        assert len(acknowledged) == PAGES
        node = Node(cluster)
        assert node.recovered.vdl >= max(end for _, _, end in LEDGER.iter_unpack(ledger))
        for page, value in acknowledged.items():
            assert int.from_bytes(node.read(page)[100:108], "little") >= value
        node.close()


def test_old_writer_is_fenced(cluster: Cluster) -> None:
    cluster.start_storage()
    old = Node(cluster)
    old.log.wait_durable(old.editor.run([Step(NEW, 1)]))
    old.editor.run([Step(PUT8, 1, 64, 8, 1)])
    new = Node(cluster)
    assert new.recovered.epoch == old.recovered.epoch + 1
    with pytest.raises(StaleEpoch):
        old.log.publish()
    assert old.editor.try_run([Step(PUT8, 1, 64, 8, 2)]) < 0
    assert int.from_bytes(new.read(1)[64:72], "little") == 0
    old.close()
    new.close()


def test_second_storage_process_is_refused(
    cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    cluster.start_storage()
    pid = os.fork()
    if pid == 0:
        logging.basicConfig(stream=os.fdopen(2, "w"), force=True)
        code = main(cluster.config, cluster.ring_fd, cluster.wake_fds, cluster.writer_fd)
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert "in use by another process" in capfd.readouterr().err


def test_clients_that_misbehave_or_go_away(cluster: Cluster) -> None:
    cluster.start_storage()
    node = Node(cluster)
    node.log.wait_durable(node.editor.run([Step(NEW, 1)]))
    for junk in (b"", b"\0" * 5, b"\xff" * 4096):
        bad = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bad.connect(cluster.config.socket_path)
        bad.sendall(junk)
        bad.close()
    assert node.read(1) == node.editor.image(1)
    with pytest.raises(VolumeError, match="does not exist"):
        node.read(2)
    with pytest.raises(VolumeError, match="unknown request"):
        node.volume.client.ask(77)
    copies = node.volume.status()["copies"]
    assert isinstance(copies, list)
    assert [copy["state"] for copy in copies] == ["live"] * COPIES
    node.close()


def test_epochs_on_every_question(cluster: Cluster) -> None:
    """A writer of an earlier reign is refused, a reader learns and goes on."""
    cluster.config = replace(cluster.config, pg_pages=8)
    cluster.start_storage()
    old = Node(cluster)
    old.log.wait_durable(old.editor.run([Step(NEW, 1)]))
    reader = SocketVolume(cluster.config.socket_path, old.arena)
    reader.read_page(1, NEWEST, old.frame)
    new = Node(cluster)
    with pytest.raises(StaleEpoch, match=f"epoch {old.recovered.epoch} is over"):
        old.read(1)
    reader.read_page(1, NEWEST, old.frame)
    assert reader.client.epochs.volume == new.recovered.epoch
    knows_one = Client(cluster.config.socket_path)
    knows_one.connect()
    knows_one.epochs = knows_one.hello()[2]
    assert knows_one.epochs.geometry == 1
    new.log.wait_durable(new.editor.run([Step(NEW, page) for page in range(20)]))
    assert new.read(19) == new.editor.image(19)
    wait_for(lambda: knows_one.hello()[2].geometry == 3)
    with pytest.raises(StaleGeometry, match="geometry 1 is over: the volume is at 3"):
        knows_one.ask(protocol.READ, 1, new.log.vdl)
    reader.read_page(1, NEWEST, old.frame)
    assert reader.client.epochs.geometry == 3
    knows_one.epochs = Epochs(membership=99, geometry=99)  # who knows more than storage is right
    knows_one.ask(protocol.READ, 1, new.log.vdl)
    knows_one.close()
    reader.close()
    old.close()
    new.close()


QUESTIONS = [
    (protocol.REQUEST, protocol.REQUEST_BYTES_MAX + 1, b""),
    (protocol.REQUEST, -1, b""),
    (protocol.READ_MANY, protocol.READ_MANY_PAGES + 1, b""),
    (protocol.READ_MANY, 1 << 62, b""),
    (protocol.FILE, 0, b""),
]


@pytest.mark.parametrize(("op", "a", "tail"), QUESTIONS)
def test_questions_without_bounds_end_the_connection(
    op: int, a: int, tail: bytes, cluster: Cluster
) -> None:
    cluster.start_storage()
    bad = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bad.connect(cluster.config.socket_path)
    bad.sendall(protocol.question(op, a) + tail)
    bad.settimeout(300)
    assert bad.recv(100) == b""
    bad.close()


@pytest.mark.parametrize("text", [b"{}", b"[]", b"nonsense", b'{"do": "lend", "copy": 77}'])
def test_requests_that_are_none(text: bytes, cluster: Cluster) -> None:
    cluster.start_storage()
    client = Client(cluster.config.socket_path)
    client.connect()
    with pytest.raises(VolumeError):
        client.ask(protocol.REQUEST, len(text), tail=text)
    place = b'["/etc/hosts", 0]'
    with pytest.raises(VolumeError, match="is not lent"):
        client.ask(protocol.FILE, len(place), 100, tail=place)
    client.close()
