"""The simulated machines: storage, a writer (and one that was replaced), replicas. Production code.

What a process holds in memory is dropped with its objects; what several share (the ring) stays
until the power is cut. `boot` brings storage up from the disks; the other methods of `Cluster` are
what may happen to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redo.arena import Arena, create_ring
from redo.control import COPY_DURABLE, COPY_WRITTEN, Control, copy_word
from redo.errors import LsnOutOfRange, PageUnavailable, StaleEpoch, VolumeError
from redo.image import PAGE_LSN_AT
from redo.keyring import LocalKeyring
from redo.quorum import COPIES, copy_directory
from redo.segment_layout import S_GAPS, S_GAPS_AT
from redo.timeline import NEVER, gaps_at
from tests.simulator.branches import PROCESS, Branch
from tests.simulator.drives import PowerCut
from tests.simulator.hosts import ThreeHosts
from tests.simulator.ledger import Ledger
from tests.simulator.nodes import Replica, Writer
from tests.simulator.objects import WorldStore
from tests.simulator.processes import OneProcess, Place, Services, ThreeProcesses
from tests.simulator.records import Records
from tests.simulator.world import Violation, World, WorldTask

RING_BYTES = 1 << 15
ENCRYPTED = 0.25  #: of all volumes
ARCHIVED = 0.4
#: The tasks of copies, by name.
COPY_TASKS = {f"redo-{copy_directory(n).replace('/', '-')}": n for n in range(COPIES)}
REPLICAS = 2
_PATIENCE = 4000


@dataclass(frozen=True)
class Kind:
    """What is known of a cluster before the seed decides the rest.

    processes  of storage: 1 or 3; 4: hosts, with that of the writer; 0: the seed decides
    encrypted, archived   is it? None: the seed decides
    likely     faults that come thirty times as often ("branch": snapshots and looks at them)
    """

    processes: int = 0
    encrypted: bool | None = None
    archived: bool | None = None
    likely: tuple[str, ...] = ()


ANY = Kind()


class StartAnew(Exception):
    """All processes are to be started again."""


class Cluster:
    """One volume and the nodes on it.

    kind   what the seed does not decide
    """

    def __init__(self, world: World, kind: Kind = ANY) -> None:
        self.world = world
        self.ledger = Ledger()
        self.records = Records(self.ledger)
        self.data = f"{world.disk.root}/volume"
        drawn = world.chance.choice((OneProcess, ThreeProcesses, ThreeHosts))
        kinds = {1: OneProcess, 3: ThreeProcesses, 4: ThreeHosts}
        self.kind = kinds.get(kind.processes, drawn)
        self.services = self._services(kind)
        self.branch: Branch | None = None  #: that is served beside it
        self.processes: OneProcess | ThreeProcesses
        self.arena: Arena
        self.control: Control
        self.writer: Writer | None = None
        self.zombie: Writer | None = None
        self.replicas: list[Replica | None] = [None] * REPLICAS
        self.wake_fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(COPIES + 1)]
        self.ring_fd = -1
        self.removed: set[int] = set()  #: copies whose files were removed at some time
        self.boots = 0
        self._travelling_to = 0
        self.recovered = False  #: the ledger knows where the log in the ring begins
        self.hurt = [False] * COPIES  #: by faults, and not whole again
        self.flipped = [False] * COPIES  #: a bit of it, which may not have been found yet
        self.went_back: Callable[[], None] = lambda: None  #: called when the volume did
        world.weights = self.weights
        services = self.services
        said = (
            ", encrypted" * (services.keys is not None),
            ", archived" * (services.store is not None),
        )
        world.note(self.kind.__name__ + "".join(said))

    def _services(self, kind: Kind) -> Services:
        chance, keys, store = self.world.chance, None, None
        fates = chance.random(), chance.random(), chance.choice((0.0, 0.05, 0.3))
        if fates[0] < ENCRYPTED if kind.encrypted is None else kind.encrypted:
            keys = LocalKeyring.create(Path(self.world.disk.root) / "keyring")
        archived = fates[1] < ARCHIVED if kind.archived is None else kind.archived
        if archived:
            store = WorldStore(self.world, fates[2])
        return Services(keys, store)

    # storage

    def boot(self) -> None:
        """Start storage beside an empty ring. Raises VolumeError, OSError, PowerCut."""
        self.boots += 1
        self.recovered = False
        self.ring_fd = create_ring(RING_BYTES)
        self.arena = Arena(self.ring_fd, 1 << 16)
        self.control = Control(self.arena)
        self.processes = self.kind(
            Place(self.world, self.data, self.ring_fd, self.wake_fds, self.services)
        )
        self.world.deliver = self.deliver
        self.processes.start()

    def deliver(self) -> bool:
        """A late message arrives, or a writer that is being replaced does something."""
        if self.zombie is not None and self.writer is None and not self.zombie.busy:
            self.zombie.go_on()
            return True
        return self.processes.deliver()

    def weights(self, tasks: list[WorldTask]) -> list[float]:
        """How likely each task's turn is: copies that have nothing to do have none."""
        processes, published = self.processes, self.control.published
        standing = processes.standing()
        weights = []
        for task in tasks:
            copy_no = COPY_TASKS.get(task.kind)
            if task.process == PROCESS and copy_no is not None:
                weights.append(0.0 if self.branch is None else self.branch.weight(copy_no))
            elif copy_no is not None:
                weights.append(self._copy_weight(copy_no, published))
            elif task.process in standing:
                weights.append(0.0)
            else:
                weights.append(0.3 if task.kind == "redo-upkeep" else 0.5)
        return weights

    def _copy_weight(self, copy_no: int, published: int) -> float:
        control = self.processes.control_of(copy_no)
        if control is None:
            return 0.0
        durable = control.get(copy_word(copy_no, COPY_DURABLE))
        written = control.get(copy_word(copy_no, COPY_WRITTEN))
        if control is not self.control:
            published = control.published
        if durable == written == published:
            return 0.0
        return self.world.disk.drives[copy_no].speed

    def cut_power(self) -> None:
        """Everything is gone but what is on the disks; those forget what was not synced."""
        world = self.world
        world.note("power cut")
        world.cut, world.cut_after = False, None
        self.stop_all()
        world.disk.cut_power()

    def travel(self) -> None:
        """Go back in time to some moment, or forward again. Raises StartAnew."""
        ledger, world = self.ledger, self.world
        if not self.processes.open_storages() or len(ledger.batches) < 5:
            return
        clocks = [batch.clock_us for batch in ledger.batches[1:]]
        to_us = world.chance.choice(clocks) + world.chance.choice((0, 1, 1000))
        self._travelling_to = to_us
        self.stop_writer()
        self.stop_zombie()
        try:
            world.note(f"back to {self.processes.rewind(to_us)}")
        except VolumeError as error:
            world.note(f"no way back to {to_us}: {error}")
        raise StartAnew

    def stop_all(self) -> None:
        """The end of all processes; files stay as they are."""
        self.stop_nodes()
        self.processes.drop()
        self.arena.close()
        os.close(self.ring_fd)

    # nodes

    def start_nodes(self) -> None:
        """A new writer and new replicas."""
        self.stop_writer()
        self.start_writer()
        for number in range(REPLICAS):
            self.start_replica(number)

    def stop_nodes(self) -> None:
        """kill -9 of all of them."""
        for number in range(REPLICAS):
            self.stop_replica(number)
        self.stop_writer()
        self.stop_zombie()

    def start_writer(self) -> None:
        """A new writer takes over. Raises VolumeError when the volume cannot be written."""
        recovered = self.processes.open_writer()
        self._notice_travel()
        self._check_paths()
        self.recovered = True
        self.world.note(f"writer of epoch {recovered.epoch} at {recovered.vdl}")
        self.ledger.recovered(recovered.vdl)
        if self.zombie is not None:
            self.zombie.busy = True  # from now on the ledger is somebody else's
        self.writer = Writer(self, recovered)
        self.writer.open()

    def _notice_travel(self) -> None:
        """Has the volume gone back since the last writer? The power may have failed meanwhile."""
        histories = [storage.history for storage in self.processes.open_storages()]
        newest = max(histories, key=lambda history: history.latest_epoch, default=None)
        if newest is not None:
            for jump in newest.jumps[len(self.ledger.jumps) :]:
                self.world.note(f"the volume went back to {jump.origin}, on at {jump.start}")
                self.ledger.went_back(jump, self._travelling_to)
                self.went_back()

    def _check_paths(self) -> None:
        """Whatever the volume went back from, every copy leaves out."""
        expected = gaps_at(tuple(self.ledger.jumps), NEVER)
        for copier in self.processes.live():
            segment = copier.segment
            words = segment.arena.words(segment.get(S_GAPS_AT), 2 * segment.get(S_GAPS)).tolist()
            found = tuple(zip(words[::2], words[1::2], strict=True))
            if found != expected:
                raise Violation(
                    "what was undone stays out", f"{segment.name}: {found}, not {expected}"
                )

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
        self.stop_nodes()
        self.processes.drop()
        self.arena.close()
        for fd in (self.ring_fd, *self.wake_fds):
            os.close(fd)
        self.world.disk.close_all()

    # what may be expected

    def whole(self) -> None:
        """Wait until all copies are there and equally far. Raises Violation."""
        for _ in range(_PATIENCE):
            self.world.sleep(0.1)
            live = self.processes.live()
            if len(live) == COPIES and all(c.durable == self.control.published for c in live):
                self.hurt = [False] * COPIES
                return
        copiers = [c for s in self.processes.open_storages() for c in s.copiers if c is not None]
        states = [(c.segment.name, c.durable, c.reason) for c in copiers]
        raise Violation("copies become whole again", f"{states} of {self.control.published}")

    def path_of(self, copy_no: int) -> str:
        """Where the files of a copy are."""
        return f"{self.processes.data_of(copy_no)}/{copy_directory(copy_no)}"

    def decrypted(self, log: bytes) -> bytes:
        """Whole batches as an unencrypted volume would have them."""
        writer = self.writer or self.zombie
        cipher = None if writer is None else writer.cipher
        if cipher is not None:
            return cipher.decrypted_log(log)
        assert self.services.keys is None
        return log

    def asked(self, page_no: int, lsn: int, epoch: int) -> None:
        """Raises Violation when the writer has given away a page that is newer than VDL, or a
        replica asks with others in its cache than those of its LSN."""
        if self.writer is None or not self.recovered:
            return
        self.ledger.capture(self.control, self.arena)
        for replica in self.replicas:
            if replica is not None and replica.applied != replica.checked_at:
                self.check_cache(replica, page_no)
        if epoch != self.writer.epoch:
            return
        self.records.follow(self.decrypted)
        newest = max(self.records.last(page_no), self.writer.last_unpublished(page_no))
        if newest >= lsn:
            what = f"page {page_no} is asked for at {lsn}, and has a record at {newest}"
            raise Violation("pages above VDL stay in the pool", what)

    def check_cache(self, replica: Replica, but: int = -1) -> None:
        """Every page that a replica has, but for one that is on its way, is that of its LSN."""
        lsn = replica.applied
        if self.writer is None:
            return
        replica.checked_at = lsn
        self.records.follow(self.decrypted)
        for page_no in self.records.pages():
            frame = replica.engine.pool.lookup(page_no)
            if frame is None or page_no == but:
                continue
            found = int(replica.arena.words(frame + PAGE_LSN_AT, 1)[0])
            expected = self.records.below(page_no, lsn)
            if found != expected:
                what = f"replica {replica.number} at {lsn}, page {page_no}: {found}, not {expected}"
                raise Violation("replicas cache pages of their LSN", what)

    def refused(self, page_no: int, lsn: int, error: PageUnavailable) -> None:
        """Raises Violation when there is the page, and a copy that nothing is the matter with."""
        if self.world.cut or self.writer is None or isinstance(error, LsnOutOfRange):
            return
        if not isinstance(self.processes, OneProcess):  # others' copies cannot always be asked
            return
        self.records.follow(self.decrypted)
        if not self.records.below(page_no, lsn):
            return
        drives = self.world.disk.drives
        for copier in self.processes.live():
            number = copier.segment.copy_no
            good = drives[number].good and not self.hurt[number] and not self.flipped[number]
            if copier.segment.full and good and copier.durable >= lsn:
                what = f"page {page_no} at {lsn}, though {copier.segment.name} is well: {error}"
                raise Violation("what is durable can be read", what) from error

    def is_impaired(self) -> bool:
        """Is anything the matter that may keep a volume from serving for a while?"""
        drives = self.world.disk.drives
        if any(not drive.good or drive.speed < 0.2 for drive in drives):
            return True
        processes = self.processes
        if isinstance(processes, ThreeProcesses) and (processes.trouble or processes.unreachable):
            return True
        return any(self.hurt) or len(self.processes.live()) < COPIES

    def explained(self, error: Exception, name: str = "the volume serves") -> None:
        """Is the volume so damaged that this error is the truth? Raises Violation if not, of the
        invariant `name`, and PowerCut when that is the reason."""
        if self.world.cut:
            raise PowerCut from error
        if isinstance(error, LsnOutOfRange):
            raise Violation("what readers need is kept", str(error)) from error
        if isinstance(error, StaleEpoch) or not self.is_impaired():
            raise Violation(name, f"{type(error).__name__}: {error}") from error
        self.world.note(f"refused: {type(error).__name__}: {error}")
