"""The simulated machines: storage, a writer (and one that was replaced), replicas. Production code.

What a process holds in memory is dropped with its objects; what several share (the ring) stays
until the power is cut. `boot` brings everything up from the disks; the other methods of `Cluster`
are what may happen to it.
"""

from __future__ import annotations

import os

from redo.arena import Arena, create_ring
from redo.control import COPY_DURABLE, COPY_WRITTEN, Control, copy_word
from redo.errors import VolumeLost
from redo.metadata import new_volume
from redo.quorum import COPIES
from redo.storage import Storage
from redo.upkeep import Upkeep, UpkeepSettings
from redo.volume import OnePageVolume
from tests.simulator.ledger import Ledger
from tests.simulator.nodes import Replica, Writer
from tests.simulator.world import Violation, World, WorldTask

PAGE_BYTES = 512
RING_BYTES = 1 << 16
CHUNK_BYTES = 1 << 14
COALESCE_BYTES = 1 << 14
PG_PAGES = 64
STORAGE_BYTES = 1 << 30
REPLICAS = 2


class NodeVolume(OnePageVolume):
    """A node's way to storage: pages take their time, and storage may be started anew meanwhile."""

    def __init__(self, cluster: Cluster, arena: Arena) -> None:
        self._cluster = cluster
        self._arena = arena

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        self._cluster.world.sleep(0.0001)
        storage = self._cluster.storage
        at = storage.arena.alloc(PAGE_BYTES)
        try:
            storage.read_page(page_no, lsn, at)
            self._arena.mem[frame : frame + PAGE_BYTES] = storage.arena.mem[at : at + PAGE_BYTES]
        finally:
            storage.arena.free(at, PAGE_BYTES)


class Cluster:
    """One volume and the nodes on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger()
        self.data = f"{world.disk.root}/volume"
        self.storage: Storage
        self.control: Control
        self.writer: Writer | None = None
        self.zombie: Writer | None = None
        self.replicas: list[Replica | None] = [None] * REPLICAS
        self.wake_fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(COPIES)]
        self.ring_fd = -1
        self.up = False  #: storage is
        self.boots = 0
        self.hurt = [False] * COPIES  #: by faults, and not whole again
        self.flipped = [False] * COPIES  #: a bit of it, which may not have been found yet
        world.weight = self.weight

    # storage

    def boot(self) -> None:
        """Start storage on an empty ring. Raises VolumeError, OSError, PowerCut."""
        self.boots += 1
        self.ring_fd = create_ring(RING_BYTES)
        self._start_storage()
        recovered = self.storage.recovered
        assert recovered is not None
        self.world.note(f"recovered at {recovered.vdl}, epoch {recovered.epoch}")
        self.ledger.recovered(recovered.vdl)

    def _start_storage(self) -> None:
        self.up = False
        storage = Storage(
            self.world.environment,
            self.data,
            self.ring_fd,
            self.wake_fds,
            -1,
            new_volume(PAGE_BYTES, CHUNK_BYTES, PG_PAGES),
            private_bytes=STORAGE_BYTES,
        )
        storage.open()  # closes itself when it fails
        self.storage, self.up = storage, True
        self.control = Control(storage.arena)
        upkeep = Upkeep(self.storage, UpkeepSettings(COALESCE_BYTES))
        upkeep.start()

    def weight(self, task: WorldTask) -> float:
        """How likely a task's turn is: copies that have nothing to do have none."""
        if task.name == "redo-upkeep":
            return 0.0 if self.storage.writer_lock.locked() else 0.3
        if not task.name.startswith("redo-az"):
            return 0.0 if self.storage.writer_lock.locked() else 1.0
        zone, kind = int(task.name[7]) - 1, task.name.endswith("tail")
        copy_no = 2 * zone + kind
        durable = self.control.get(copy_word(copy_no, COPY_DURABLE))
        written = self.control.get(copy_word(copy_no, COPY_WRITTEN))
        if durable == written == self.control.published:
            return 0.0
        return self.world.disk.drives[copy_no].speed

    def kill_storage(self) -> None:
        """kill -9 of the storage process, and a new one beside the living nodes."""
        self.world.note("storage is killed")
        self._drop_storage()
        self._start_storage()

    def whole(self) -> None:
        """Wait until all copies are there and equally far. Raises Violation."""
        for _ in range(3000):
            self.world.sleep(0.1)
            live = self.storage.live()
            if len(live) == COPIES and all(c.durable == self.control.published for c in live):
                self.hurt = [False] * COPIES
                return
        states = [(c.segment.name, c.durable, c.reason) for c in self.storage.copiers if c]
        raise Violation("copies become whole again", f"{states} of {self.control.published}")

    def _drop_storage(self) -> None:
        self.world.tasks.clear()
        self.world.disk.kill()
        if self.up:
            os.close(self.storage._lock_fd)
            self.storage.arena.close()
            self.up = False

    def cut_power(self) -> None:
        """Everything is gone but what is on the disks; those forget what was not synced."""
        world = self.world
        world.note("power cut")
        for number in range(REPLICAS):
            self.stop_replica(number)
        self.stop_writer()
        self.stop_zombie()
        self._drop_storage()
        os.close(self.ring_fd)
        world.disk.cut_power()
        world.cut, world.cut_after = False, None

    # nodes

    def start_writer(self) -> None:
        """A new writer takes over. Raises VolumeError when the volume cannot be written."""
        recovered = self.storage.open_writer()
        self.world.note(f"writer of epoch {recovered.epoch} at {recovered.vdl}")
        self.ledger.recovered(recovered.vdl)
        self.writer = Writer(self, recovered)
        self.writer.open()

    def stop_writer(self) -> None:
        """kill -9 of the writer."""
        if self.writer is not None:
            self.world.note("writer is killed")
            self.writer.close()
            self.writer = None

    def replace_writer(self) -> None:
        """A new writer while the old one still runs: it must find out and do no harm."""
        self.stop_zombie()
        self.zombie, self.writer = self.writer, None
        self.start_writer()

    def stop_zombie(self) -> None:
        if self.zombie is not None:
            self.zombie.close()
            self.zombie = None

    def start_replica(self, number: int) -> None:
        """A new replica, with an empty cache."""
        self.stop_replica(number)
        self.replicas[number] = Replica(self, number)

    def stop_replica(self, number: int) -> None:
        replica = self.replicas[number]
        if replica is not None:
            replica.close()
            self.replicas[number] = None

    def close(self) -> None:
        """The end of the simulation."""
        for number in range(REPLICAS):
            self.stop_replica(number)
        self.stop_writer()
        self.stop_zombie()
        self._drop_storage()
        for fd in (self.ring_fd, *self.wake_fds):
            os.close(fd)
        self.world.disk.close_all()

    # what may be expected

    def explained(self, error: Exception) -> None:
        """Is the volume so damaged that this error is the truth? Raises Violation if not."""
        drives = self.world.disk.drives
        impaired = [drive.name for drive in drives if not drive.good or drive.speed < 0.1]
        live = len(self.storage.live()) if not isinstance(error, VolumeLost) else COPIES
        if impaired or live < COPIES:
            self.world.note(f"refused: {error} (impaired {impaired}, {live} live)")
            return
        raise Violation("the volume serves", f"{type(error).__name__}: {error}") from error
