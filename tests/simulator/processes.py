"""The storage processes: one with all six copies, or one for each zone, which ask one another.

Questions between processes go over a network that loses them, loses the answer, delivers them
twice, or late: when whoever asked has given up long ago.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from redo import protocol
from redo.answers import Answers
from redo.archived import PIN
from redo.archiver import ArchiveSettings
from redo.arena import Arena
from redo.cipher import Cipher
from redo.control import COPY_DURABLE, Control, copy_word
from redo.coordinator import Coordinator
from redo.copier import Copier
from redo.environment import Steps
from redo.errors import VolumeError
from redo.keyring import KeyService, unwrapped
from redo.log import Recovered
from redo.metadata import new_volume
from redo.peers import Peers
from redo.protocol import BadQuestion, Epochs
from redo.quorum import COPIES, ZONES, zone_copies
from redo.storage import Storage
from redo.storage_server import Background, StorageConfig
from redo.zone_node import ZoneNode
from tests.simulator.wires import Wire

if TYPE_CHECKING:
    from tests.simulator.objects import WorldStore
    from tests.simulator.world import World, WorldTask

PAGE_BYTES = 512
CHUNK_BYTES = 1 << 14
COALESCE_BYTES = 1 << 14
WINDOW_S = 3600
ARCHIVE_BASE_BYTES = 1 << 16
ARCHIVE_S = 0.5  #: between two looks at the log
PG_PAGES = 16
STORAGE_BYTES = 1 << 30
SCRUB_BYTES_PER_S = 1 << 18
LOOK_US = 10_000  #: between two looks of a task that has nothing to do
_NO_ANSWER_S = 1.0
_BUSY_S = 0.05  #: else links would seem to be silent while zones that are busy ask one another
WRITER = -1  #: as one end of a call
FEEDER = "feeder"  #: the writer's ends of links to hosts


@dataclass(frozen=True)
class Services:
    """What there is besides machines.

    keys    of an encrypted volume;  store   that the volume is archived in
    """

    keys: KeyService | None = None
    store: WorldStore | None = None


NO_SERVICES = Services()


class OwnTasks:
    """The tasks of one process: named after it."""

    def __init__(self, world: World, process: str) -> None:
        self._world = world
        self._process = process
        self.executor = world.executor

    def start(self, name: str, steps: Steps, nice: int = 0) -> WorldTask:
        return self._world.start(f"{self._process} {name}", steps, nice)


@dataclass(frozen=True)
class Place:
    """Where a volume is served.

    data      its directory
    ring_fd   the ring it shares with the writer;  wake_fds  of the copies, and the writer's
    """

    world: World
    data: str
    ring_fd: int
    wake_fds: list[int]
    services: Services = NO_SERVICES


class Processes:
    """What both kinds have in common."""

    def __init__(self, place: Place) -> None:
        self.world = place.world
        self.data = place.data
        self.ring_fd = place.ring_fd
        self.wake_fds = place.wake_fds
        services = place.services
        self.keys = keys = services.keys
        self.services = services
        wrapped = None if keys is None else keys.generate_data_key()[1]
        self.volume = new_volume(PAGE_BYTES, CHUNK_BYTES, PG_PAGES, wrapped)
        archive = None
        if services.store is not None:
            archive = ArchiveSettings("", "main", 1, ARCHIVE_S, ARCHIVE_BASE_BYTES, services.store)
        self.config = StorageConfig(
            data_dir=place.data,
            socket_path="",
            coalesce_bytes=COALESCE_BYTES,
            backtrack_window_s=WINDOW_S,
            scrub_bytes_per_s=SCRUB_BYTES_PER_S,
            archive=archive,
        )

    def storage(
        self,
        process: str,
        copies: tuple[int, ...],
        peers: Peers | None,
        ring_fd: int = -1,
        wake_fds: list[int] | None = None,
        fed: bool = False,
    ) -> Storage:
        """Some copies, not open; over the writer's ring, or one of their own."""
        fds = wake_fds or self.wake_fds
        environment = replace(self.world.environment, tasks=OwnTasks(self.world, process))
        return Storage(
            environment,
            self.data_of(copies[0]),
            self.ring_fd if ring_fd < 0 else ring_fd,
            fds[:COPIES],
            fds[COPIES],
            self.volume,
            private_bytes=STORAGE_BYTES,
            copies=copies,
            peers=peers,
            fed=fed,
            keys=self.keys,
        )

    def data_of(self, copy_no: int) -> str:
        """The volume's directory that has this copy."""
        return self.data

    def cipher(self, arena: Arena) -> Cipher | None:
        """Encryption of log, for a node's arena; None: there is none."""
        for storage in self.open_storages():
            self.volume = storage.volume
        key = self.volume.key
        return None if key is None else Cipher(arena, unwrapped(key, self.keys), self.volume.seals)

    def forget(self, storage: Storage) -> None:
        """Its process is gone."""
        if not storage.arena.size or not storage.arena.mem.size:
            return
        segments = [copier.segment for copier in storage.copiers if copier is not None]
        for segment in [*segments, *storage.opening]:
            if segment is not None and not segment.closed:
                segment.cipher.close()
        os.close(storage._lock_fd)
        storage.arena.close()

    def end_tasks(self) -> None:
        """Nothing of these processes runs any more."""
        names = self.names()
        self.world.tasks = [task for task in self.world.tasks if task.process not in names]

    def control_of(self, copy_no: int) -> Control | None:
        """The control block of the ring that this copy follows; None when it has none now."""
        raise NotImplementedError

    def open_storages(self) -> list[Storage]:
        raise NotImplementedError

    def live(self) -> list[Copier]:
        """All copies that count."""
        return [copier for storage in self.open_storages() for copier in storage.live()]

    @property
    def archived(self) -> int:
        """Log up to here is in the archive."""
        return max((s.pins.get(PIN, 0) for s in self.open_storages()), default=0)

    def archive_status(self) -> list[dict[str, object]]:
        """What archivers say of themselves."""
        return [storage.archive_status() for storage in self.open_storages()]

    def standing(self) -> set[str]:
        """Processes whose tasks, but for the copies', may wait for what somebody holds: their
        turn does not come."""
        locked = [s for s in self.open_storages() if s.writer_lock.locked()]
        return self.names() if locked else set()

    def names(self) -> set[str]:
        """Names of all processes."""
        raise NotImplementedError


class OneProcess(Processes):
    """All six copies."""

    up: Storage | None = None
    process = "storage"

    def start(self) -> None:
        """Open the volume, recover it when the ring is new. Raises VolumeError, OSError."""
        storage = self.storage(self.process, tuple(range(6)), None)
        background = Background(storage, self.config)
        storage.open()  # closes itself when it fails
        self.up = storage
        background.start()
        ends = [copier.durable if copier is not None else None for copier in storage.copiers]
        self.world.note(f"storage opens, copies durable to {ends}")

    def open_storages(self) -> list[Storage]:
        return [] if self.up is None else [self.up]

    def names(self) -> set[str]:
        return {self.process}

    def control_of(self, copy_no: int) -> Control | None:
        return None if self.up is None else self.up.control

    def open_writer(self) -> Recovered:
        assert self.up is not None
        return self.up.open_writer()

    def read_page(self, page_no: int, lsn: int, epoch: int) -> bytes:
        storage = self.up
        assert storage is not None
        storage.check_epochs(Epochs(epoch))
        at = storage.arena.alloc(PAGE_BYTES)
        try:
            storage.read_page(page_no, lsn, at)
            return storage.arena.mem[at : at + PAGE_BYTES].tobytes()
        finally:
            storage.arena.free(at, PAGE_BYTES)

    def restart_some(self, copy_no: int | None = None) -> None:
        """kill -9, and a new one beside the living writer."""
        self.drop()
        self.start()

    def deliver(self) -> bool:
        return False

    def drop(self) -> None:
        """Whatever they have in memory is gone."""
        self.end_tasks()
        self.world.disk.kill(f"{self.data}/")
        if self.up is not None:
            self.forget(self.up)
            self.up = None

    def rewind(self, to_us: int) -> int:
        """Go to the state of a moment; its LSN. Everything must start anew. Raises VolumeError."""
        assert self.up is not None
        return self.up.rewind(to_us).lsn

    def freeze(self, path: Path) -> int:
        """Freeze the state of now; its LSN. Raises VolumeError, OSError."""
        assert self.up is not None
        return self.up.freeze(path).lsn


class Zone:
    """One zone's process."""

    shared = True  #: is its ring the writer's?

    def __init__(self, processes: ThreeProcesses, number: int) -> None:
        self.number = number
        self.name = ZONES[number]
        self._processes = processes
        self._storage: Storage | None = None
        self._background: Background | None = None
        others = {n: Wire(processes, number, n) for n in range(len(ZONES)) if n != number}
        self.peers = Peers(others)
        self.is_up = True
        try:
            self.node = ZoneNode(self._make, self.peers, self.shared, self._opened, self._closing)
        except BaseException:  # a power cut, say
            Zone.drop(self)
            raise
        self.answers = Answers(self.node.storage, self.node.request, self.node.log_storage)
        processes.world.start(f"{self.name} join", self._join()).every_us = LOOK_US

    def _make(self) -> Storage:
        copies = zone_copies(self.number)
        self._storage = self._processes.storage_of(self, copies)
        config = self._processes.config
        if self.number != 0 or not self.shared:
            config = replace(config, archive=None)
        self._background = Background(self._storage, config)
        return self._storage

    def _opened(self, _: Storage) -> None:
        assert self._background is not None
        self._background.start()

    def _closing(self) -> None:
        assert self._background is not None
        self._background.stop()

    def _join(self) -> Steps:
        while True:
            try:
                self.node.go_on()
            except (VolumeError, OSError) as error:
                self._processes.world.note(f"{self.name} cannot join: {error}")
            yield

    @property
    def is_open(self) -> bool:
        return self.node.state == "open"

    def is_locked(self) -> bool:
        """Would a question, or a task that wants what questions want, wait?"""
        return bool(self.node.lock._is_owned())  # type: ignore[attr-defined]

    def is_busy(self) -> bool:
        """Is one of its tasks, or a question, in the middle of something?"""
        if self.is_locked():
            return True
        tasks = self._processes.world.tasks
        mine = (task for task in tasks if task.process == self.name)
        return any(task.running for task in mine)

    def drop(self) -> None:
        """kill -9."""
        self.is_up = False
        world = self._processes.world
        world.tasks = [task for task in world.tasks if task.process != self.name]
        data = self._processes.data_of(zone_copies(self.number)[0])
        world.disk.kill(f"{data}/{self.name}/")
        if self._storage is not None:
            self._processes.forget(self._storage)


class ThreeProcesses(Processes):
    """A process for each zone.

    unreachable  zones nobody can ask: their copies go on, they have the ring
    trouble      how likely it is that a call goes wrong
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        world, ring_fd = place.world, place.ring_fd
        self.zones: dict[int, Zone] = {}
        self.unreachable: set[int] = set()
        self.trouble = world.chance.choice((0.0, 0.02, 0.1))
        self._late: list[tuple[int, bytes]] = []
        self._desk = Arena(ring_fd, 1 << 16)
        self._control = Control(self._desk)
        wires = {n: Wire(self, WRITER, n) for n in range(len(ZONES))}
        self._wires = wires
        self._coordinator = Coordinator(self._desk, world, wires, self.volume, lambda: None)

    def start(self) -> None:
        """Start all; a writer recovers the volume."""
        for number in range(len(ZONES)):
            self.start_zone(number)

    def storage_of(self, zone: Zone, copies: tuple[int, ...]) -> Storage:
        """The copies of a zone, not open."""
        return self.storage(zone.name, copies, zone.peers)

    def control_of(self, copy_no: int) -> Control | None:
        return self._control

    def start_zone(self, number: int) -> None:
        self.zones[number] = Zone(self, number)

    def stop_zone(self, number: int) -> None:
        """kill -9 of one zone's process."""
        zone = self.zones.pop(number, None)
        if zone is not None:
            zone.drop()

    def standing(self) -> set[str]:
        locked = {zone.name for zone in self.zones.values() if zone.is_locked()}
        return locked | super().standing()

    def names(self) -> set[str]:
        return {*ZONES, FEEDER}

    def open_storages(self) -> list[Storage]:
        return [zone.node.storage() for zone in self.zones.values() if zone.is_open]

    def open_writer(self) -> Recovered:
        return self._coordinator.open_writer()

    def read_page(self, page_no: int, lsn: int, epoch: int) -> bytes:
        """From any zone that has the log up to `lsn`."""
        there = [n for n in self.zones if self._durable(n) >= lsn] or list(self.zones)
        self.world.chance.shuffle(there)
        failure = VolumeError("no zone answers")
        for number in there * 2:
            question = protocol.question(protocol.READ, page_no, lsn, Epochs(epoch))
            try:
                return self._wires[number].said(question)
            except VolumeError as error:
                if type(error) is not VolumeError or type(failure) is VolumeError:
                    failure = error
        raise failure

    def _durable(self, zone: int) -> int:
        return self._control.get(copy_word(zone_copies(zone)[0], COPY_DURABLE))

    # the network between them

    def call(self, source: int, target: int, question: bytes) -> bytes:
        """What the target answers, if nothing goes wrong. Raises VolumeError."""
        world = self.world
        world.sleep(0.0002)
        cut = {source, target} & self.unreachable
        zone = self.zones.get(target)
        fate = world.chance.random() / max(self.trouble, 1e-9)
        if cut or zone is None or fate < 0.25:
            raise self._no_answer()
        if fate < 0.5:
            self._late.append((target, question))
            raise self._no_answer()
        answer = self._ask(zone, question)
        if fate < 0.75:
            raise self._no_answer()
        return self._ask(zone, question) if fate < 1.0 else answer

    def _no_answer(self, after_s: float = _NO_ANSWER_S) -> VolumeError:
        self.world.pass_time(after_s)
        return VolumeError("no answer")

    def _ask(self, zone: Zone, question: bytes) -> bytes:
        if zone.is_busy():  # it would wait until that is done; whoever asks, does not
            raise self._no_answer(_BUSY_S)
        try:
            return zone.answers.whole(question)
        except BadQuestion as error:
            raise VolumeError(str(error)) from None

    def deliver(self) -> bool:
        """A question arrives that nobody waits for any more."""
        if not self._late:
            return False
        target, question = self._late.pop(self.world.chance.randrange(len(self._late)))
        zone = self.zones.get(target)
        if zone is not None and not zone.is_busy():
            self.world.note(f"{zone.name} gets a late question")
            with contextlib.suppress(BadQuestion):
                zone.answers.whole(question)
        return True

    def restart_some(self, copy_no: int | None = None) -> None:
        """kill -9 of one of them, that which has this copy, and a new one."""
        number = self.world.chance.randrange(len(ZONES)) if copy_no is None else copy_no // 2
        self.world.note(f"{ZONES[number]} is killed")
        self.stop_zone(number)
        self.start_zone(number)

    def drop(self) -> None:
        for number in list(self.zones):
            self.stop_zone(number)
        self.end_tasks()
        self.world.disk.kill(f"{self.data}/")
        self._desk.close()

    def rewind(self, to_us: int) -> int:
        """As `OneProcess.rewind`."""
        return int(self._coordinator.rewind(to_us)["lsn"])

    def freeze(self, path: Path) -> int:
        """As `OneProcess.freeze`."""
        return self._coordinator.freeze(path, "main", self.world.disk).lsn
