"""The volume's storage: six copies with their threads, recovery, pages, upkeep. No sockets here.

`storage_server.py` runs it as a process, `volume.LocalVolume` inside a test. Threads: one per copy
(`copier.py`), the callers of `read_page`, and one that calls `upkeep.Upkeep.step`.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from redo.arena import Arena
from redo.codes import E_NOT_FOUND
from redo.control import (
    COPY_DURABLE,
    COPY_ERRNO,
    COPY_STATE,
    COUNT_PAGE_READS,
    STATE_ABSENT,
    STATE_DEAD,
    Control,
    copy_word,
)
from redo.copier import Copier
from redo.copy_kernels import HOW_DURABLE, HOW_SIGNAL_ALWAYS
from redo.directory import LOCK_FILE, format_volume, is_formatted, lock_directory
from redo.environment import Environment
from redo.errors import (
    LogUnavailable,
    LsnOutOfRange,
    PageUnavailable,
    StaleEpoch,
    StaleMembership,
    VolumeError,
    VolumeLost,
)
from redo.faults import Faults
from redo.frozen import Frozen, freeze, thaw
from redo.geometry import Geometry
from redo.health import describe, is_live
from redo.index_kernels import CANNOT_READ
from redo.keyring import DataKey, KeyService, unwrapped
from redo.lending import Lending
from redo.log import Recovered, new_state, start_ring
from redo.members import FIRST, Members
from redo.metadata import COPY_FILE, VolumeMeta, load_volume, new_volume
from redo.peers import Peers
from redo.protocol import Epochs
from redo.quorum import COPIES, can_recover, can_write, copy_directory
from redo.recovery import merged_history, open_segments, recover, scan_segments, set_history
from redo.reign import FENCED, look_until, take_over
from redo.repair import LogSource, fill_log
from redo.rewind import locate_in, rewind
from redo.right_of_way import RightOfWay
from redo.segment import Segment
from redo.timeline import NEVER, History, Mark, path_bytes

logger = logging.getLogger(__name__)

_PEERS_PATIENCE_S = 30.0


class Storage:
    """Copies over one log ring: all six, or those of one zone (`zone_node.py`).

    environment                    the world: `environment.system_environment`, but in a simulator
    ring_fd, wake_fds, writer_fd   from whoever created the ring (`arena.create_ring`)
    volume                         constants for a new volume; an existing one keeps its own
    copies                         numbers of the copies that are ours
    peers                          processes that have the others
    fed                            the ring is ours alone; the writer's is on another host
    keys                           of an encrypted volume. Without them the copies work, but pages
                                   cannot be read, and no log becomes pages
    """

    def __init__(
        self,
        environment: Environment,
        data_dir: str,
        ring_fd: int,
        wake_fds: Sequence[int],
        writer_fd: int,
        volume: VolumeMeta | None = None,
        durable: bool = True,
        private_bytes: int = 16 << 30,
        copies: Sequence[int] = range(COPIES),
        peers: Peers | None = None,
        fed: bool = False,
        keys: KeyService | None = None,
    ) -> None:
        assert len(wake_fds) == COPIES
        self.copies = tuple(copies)
        self.peers = peers
        self.environment = environment
        self.disk = environment.disk
        self.data_dir = data_dir.rstrip("/")
        self._wake_fds = list(wake_fds)
        self._writer_fd = writer_fd
        self._how = HOW_DURABLE * durable + HOW_SIGNAL_ALWAYS * fed
        self._fed = fed
        self.keys = keys
        self.key: DataKey | None = None
        self._wanted = volume or new_volume(16384, 16 << 20, 655360)
        lock = LOCK_FILE if len(self.copies) == COPIES else f"{LOCK_FILE}-{self.copies[0]}"
        self._lock_fd = lock_directory(self.data_dir, lock)
        self.arena = Arena(ring_fd, private_bytes)
        self.control = Control(self.arena)
        self.copiers: list[Copier | None] = [None] * COPIES
        self.event = threading.Event()  #: set when upkeep has something to do
        self.stopping = False
        self.recovered: Recovered | None = None
        self.history = History()
        self.opening: list[Segment | None] = []  #: copies that do not count yet
        self._turn = 0
        self.writer_lock = threading.Lock()
        self.right_of_way = RightOfWay(environment.clock)
        self.geometry = Geometry(1)
        self.members = FIRST
        self._members_lock = threading.Lock()
        self.faults = Faults(environment, self.control)
        self.pins: dict[str, int] = {}  #: by whom: log and states from this LSN on must stay
        self.lending = Lending(self.disk, environment.clock, self.pins)
        #: (copy, page, LSN) of what could not be read and has to be mended
        self.damages: SimpleQueue[tuple[int, int, int]] = SimpleQueue()
        self.log_bound = 0  #: bytes of log that a full copy may have and not have made pages of
        self.archive_status: Callable[[], dict[str, object]] = dict  #: of whoever archives it

    def open(self) -> None:
        """Recover and start the copies. Raises VolumeError, OSError; all is closed then."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        thaw(self.disk, Path(self.data_dir))
        if not is_formatted(self.disk, self.data_dir):
            format_volume(self.disk, self.data_dir, self._wanted)
        self.prepare()
        published = self.control.published
        if published == 0:
            self.recovered = recover(self.environment.tasks, self.opening)
            start_ring(self.arena, self.recovered)
            self.begin(merged_history(self.opening))
        else:
            logger.info("going on from the ring: published %d", published)
            history = merged_history(self.opening)
            self.scan(history, published)
            self.begin(history)

    def prepare(self) -> None:
        """Open the copies as they are on disk; none counts. Raises VolumeError, OSError."""
        self.volume = load_volume(self.disk, self.data_dir)
        if self.volume.key is not None and self.keys is not None:
            self.key = unwrapped(self.volume.key, self.keys)
        self.geometry = Geometry(self.volume.pg_pages)
        self.st = new_state(self.arena, self.volume.page_bytes)
        for copy_no in self.copies:
            self.control.put(copy_word(copy_no, COPY_DURABLE), 0)
            self.control.put(copy_word(copy_no, COPY_STATE), STATE_ABSENT)
        world = (self.volume, self.arena, self.st, self.copies, self.key)
        self.opening = open_segments(self.disk, self.data_dir, *world)

    def scan(self, history: History, limit: int) -> None:
        """Find out how far each copy is complete; those that cannot be read are given up."""
        scan_segments(self.environment.tasks, self.opening, history, limit)

    def begin(self, history: History) -> None:
        """Let our copies count from now on, with this history."""
        self.history = history
        known = [s.meta.members for s in self.opening if s is not None]
        known += [] if self.peers is None else self.peers.members()
        self.members = max(known, key=lambda members: members.epoch, default=FIRST)
        groups = max((s.meta.groups for s in self.opening if s is not None), default=1)
        self.geometry = replace(self.geometry, groups=groups)
        for copy_no in self.copies:
            segment = self.opening[copy_no]
            if segment is not None and not self.members.has(copy_no, segment.meta.number):
                logger.warning("copy %s was replaced while it was away", segment.name)
                segment.close()
                segment = None
            if segment is None:
                there = self.disk.exists(f"{self.data_dir}/{copy_directory(copy_no)}/{COPY_FILE}")
                self.control.put(copy_word(copy_no, COPY_ERRNO), 0 if there else errno.ENOENT)
                self.control.put(copy_word(copy_no, COPY_STATE), STATE_DEAD)
            else:
                self.start_copy(segment)
        self.opening = []
        self.event.set()

    def start_copy(self, segment: Segment) -> None:
        """Give a complete-enough copy its thread and let it count."""
        copier = Copier(
            self.environment,
            segment,
            self.arena,
            self.st,
            self._wake_fds[segment.copy_no],
            self._writer_fd,
            self._how,
            self._fill,
            self.pressure,
            self.event.set,
        )
        self.copiers[segment.copy_no] = copier
        copier.start()

    def pressure(self, segment: Segment) -> float:
        """How much of a copy's log could be pages and is not, as a part of `log_bound`."""
        if self.log_bound == 0 or not segment.full or self.control.epoch == FENCED:
            return 0.0
        durable = self.control.get(copy_word(segment.copy_no, COPY_DURABLE))
        end = min([durable, self.control.vdl, *self.control.read_points()])
        start = segment.mark.lsn
        return max(0, path_bytes(segment.history.gaps, start, end)) / self.log_bound

    def live(self) -> list[Copier]:
        """Copies that count."""
        return [copier for copier in self.copiers if copier is not None and copier.live]

    def segments(self) -> list[Segment]:
        """The same, without their threads."""
        return [copier.segment for copier in self.live()]

    @property
    def membership_epoch(self) -> int:
        """Number of the members' epoch."""
        return self.members.epoch

    def live_slots(self) -> list[bool]:
        """Which of the six count, wherever they are."""
        live = [is_live(state) for state in self.control.states()]
        if self._fed and self.peers is not None:  # our own ring tells of our own copies only
            for copy, _ in self.peers.copies():
                live[copy.copy_no] = True
        return live

    def change_members(self, change: Callable[[Members], Members]) -> Members:
        """Begin the next epoch of members; who they are now.

        Raises VolumeLost when too few copies know of it, StaleMembership when somebody else was
        first: trying again is right in both cases.
        """
        elsewhere = [] if self.peers is None else self.peers.members()
        with self._members_lock:
            known = max((self.members, *elsewhere), key=lambda members: members.epoch)
            members = change(known)
            done = self._install_members(members)
        if self.peers is not None:
            done |= self.peers.install_members(members)
        live = self.live_slots()
        told = [copy_no in done for copy_no in range(COPIES)]
        if not can_write(told) and (can_write(live) or not can_recover(told)):
            raise VolumeLost(f"membership {members.epoch} is on {len(done)} copies: too few")
        logger.info("membership %d: %s", members.epoch, members.slots)
        return members

    def install_members(self, members: Members) -> set[int]:
        """Take over what another process has decided; on which copies it is durable."""
        with self._members_lock:
            return self._install_members(members)

    def _install_members(self, members: Members) -> set[int]:
        if members.epoch < self.members.epoch or (
            members.epoch == self.members.epoch and members != self.members
        ):
            raise StaleMembership(f"membership {members.epoch} is over: it is {self.members.epoch}")
        self.members = members
        done = set()
        for segment in self.segments():
            try:
                segment.set_members(members)
                done.add(segment.copy_no)
            except OSError as error:
                logger.warning("copy %s: members not written: %s", segment.name, error)
        return done

    @property
    def epochs(self) -> Epochs:
        """What whoever asks must know."""
        return Epochs(self.history.latest_epoch, self.membership_epoch, self.geometry.epoch)

    def check_epochs(self, said: Epochs) -> None:
        """Refuse who knows less than we do. Raises StaleEpoch, StaleGeometry, StaleMembership."""
        if 0 < said.volume < self.history.latest_epoch:
            latest = self.history.latest_epoch
            raise StaleEpoch(f"epoch {said.volume} is over: the volume is at {latest}")
        if 0 < said.membership < self.membership_epoch:
            epoch = self.membership_epoch
            raise StaleMembership(f"membership {said.membership} is over: it is {epoch}")
        self.geometry.check(said.geometry)

    def grow(self) -> None:
        """Add protection groups for pages that have come; copies made anew learn of all."""
        segments = self.segments()
        last = max((s.last_page for s in segments if s.full), default=0)
        grown = self.geometry.grown_to(last)
        lagging = [s for s in segments if s.meta.groups < grown.groups]
        if grown == self.geometry and not lagging:
            return
        try:
            for segment in lagging:
                segment.set_groups(grown.groups)
        except OSError as error:  # no room: the next look tries again
            logger.warning("another protection group: %s", error)
            return
        self.geometry = grown
        logger.info("the volume has %d protection groups", grown.groups)

    def segment_of(self, copy_no: int) -> Segment:
        """One of our copies, whether it counts yet or not. Raises VolumeError."""
        copier = self.copiers[copy_no] if 0 <= copy_no < COPIES else None
        segment = copier.segment if copier is not None and copier.live else None
        if segment is None and 0 <= copy_no < len(self.opening):
            segment = self.opening[copy_no]
        if segment is None:
            raise VolumeError(f"copy {copy_no} is not here")
        return segment

    def read_log(self, lsn: int, count: int) -> bytes:
        """Log bytes of the copy of ours that has most of them, durable there."""
        ours = [(c.durable, c.segment) for c in self.live()]
        ours += [(s.complete, s) for s in self.opening if s is not None]
        best = b""
        for end, segment in sorted(ours, key=lambda pair: -pair[0]):
            piece = segment.log.read(lsn, max(0, min(count, end - lsn)))
            best = max(best, piece, key=len)
            if len(best) == min(count, end - lsn):
                break
        return best

    def _fill(self, segment: Segment, lsn: int) -> int:
        others = [c for c in self.live() if c.segment is not segment]
        others.sort(key=lambda copier: -copier.durable)
        clock = self.environment.clock
        deadline = clock.monotonic_s() + _PEERS_PATIENCE_S
        while True:
            sources: list[tuple[LogSource, int]] = []
            sources += [(c.segment, c.durable) for c in others if c.durable > lsn]
            if self.peers is not None:
                sources += self.peers.logs(lsn)
            try:
                return fill_log(segment, lsn, sources)
            except VolumeLost:
                if self.peers is None or self.stopping or clock.monotonic_s() > deadline:
                    raise
            clock.sleep(0.1)

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """The page with every record below `lsn`, into the arena at `frame`.

        Asks a full copy that is that far; what is damaged there is noted, to be mended, and the
        next one is asked. Raises PageUnavailable; LsnOutOfRange when `lsn` is above VDL or below
        what is kept for readers (`timeline.NEVER` stands for VDL).
        """
        vdl = self.control.vdl
        if self._fed and vdl < lsn <= self.control.published:  # VDL comes to us a little late
            vdl = lsn
        if vdl < lsn < NEVER:
            raise LsnOutOfRange(f"LSN {lsn} is above VDL, which is {vdl}")
        lsn = min(lsn, vdl)
        code = E_NOT_FOUND
        for copier in self._readers_in_turn(lsn):
            segment = copier.segment
            try:
                self.faults.meet(segment.copy_no)
            except OSError:
                code = CANNOT_READ
                continue
            with segment.lock:
                code = segment.read_page(page_no, lsn, copier.durable, frame)
            if code == 0:
                self.control.count(segment.copy_no, COUNT_PAGE_READS)
                if self.geometry.group_of(page_no) >= self.geometry.groups:
                    self.grow()
                return
            if code != E_NOT_FOUND and not segment.closed:
                self.damages.put((segment.copy_no, page_no, lsn))
                self.event.set()
        if code == E_NOT_FOUND:
            raise PageUnavailable(f"page {page_no} does not exist at LSN {lsn}")
        raise PageUnavailable(f"no copy can give page {page_no} at LSN {lsn}")

    def _readers_in_turn(self, lsn: int) -> Iterator[Copier]:
        """Full copies that are at `lsn`, then those that have been behind when they are there."""
        asked: set[Copier] = set()
        while True:
            for copier in self._readers(lsn, asked):
                asked.add(copier)
                yield copier
            if not any(c.segment.full and c not in asked for c in self.live()):
                return

    def _readers(
        self, lsn: int, but: Collection[Copier] = (), timeout_s: float = 10.0
    ) -> list[Copier]:
        """Full copies that are at `lsn`, the next in turn first, those that work (coalesce) just
        now last: they would be waited for. Waits for one if none is."""
        deadline = self.environment.clock.monotonic_s() + timeout_s
        while True:
            full = [c for c in self.live() if c.segment.full and c not in but]
            ahead = [c for c in full if c.durable >= lsn]
            ready = [c for c in ahead if c.segment.mark.lsn <= lsn]
            if ahead and not ready:
                kept = min(c.segment.mark.lsn for c in ahead)
                raise LsnOutOfRange(f"pages are kept as of LSN {kept} and later, not {lsn}")
            if ready:
                self._turn += 1
                first = self._turn % len(ready)
                in_turn = ready[first:] + ready[:first]
                return sorted(in_turn, key=lambda copier: copier.segment.lock.locked())
            if self.environment.clock.monotonic_s() > deadline or self.stopping:
                raise PageUnavailable(f"no full copy has the log up to LSN {lsn}")
            self.environment.clock.sleep(0.001)

    def open_writer(self, timeout_s: float = 10.0) -> Recovered:
        """Fence whoever wrote before and say where to go on.

        What was published becomes durable first: nothing is lost. LogUnavailable, VolumeLost.
        """
        clock, stopping = self.environment.clock, lambda: self.stopping

        def look(for_s: float) -> Recovered:
            with self.writer_lock:  # let go in between: copies that have healed are taken in
                return take_over(self.arena, clock, self, for_s, self.wake_copies, stopping)

        return look_until(look, clock, timeout_s, stopping)

    def newest_history(self) -> History:
        """What the volume has been through (`reign.Reign`)."""
        return self.history

    def install(self, history: History, _: int) -> set[int]:
        """Make a history durable; on which copies it is (`reign.Reign`)."""
        self.history = history
        return set_history(self.environment.tasks, self.segments(), history)

    def freeze(self, path: Path) -> Frozen:
        """Freeze the volume as of VDL into the new directory `path`.

        Raises VolumeError, OSError.
        """
        with self.writer_lock, self.right_of_way:
            vdl = self.control.vdl
            if not can_write([durable >= vdl for durable in self.control.durable()]):
                raise VolumeLost("too few copies are alive: a write quorum is needed")
            now_us = self.environment.clock.wall_us()
            name = Path(self.data_dir).name
            return freeze(self.segments(), path, self.history, vdl, name, now_us)

    def rewind(self, to_us: int) -> Mark:
        """Go back (or forward again) to the last state not later than `to_us`; that state.

        Nobody may write any more, and this storage must be closed: whoever opens the volume next
        goes on from there. Raises VolumeError: nothing was done.
        """
        with self.writer_lock, self.right_of_way:
            return rewind(self, to_us)

    def locate(self, to_us: int, known_vdl: int | None = None) -> Mark:
        """The last state not later than `to_us`. Raises VolumeError: it is not kept, or not here.

        known_vdl   how far the log is durable, by whoever asks: a zone elsewhere may not have it
        """
        vdl = max(self.control.vdl, known_vdl or 0)
        if vdl > self.control.published:
            raise LogUnavailable(f"log is here to LSN {self.control.published} only, not {vdl}")
        return locate_in(self._readers(vdl), to_us, vdl)

    def wake_copies(self) -> None:
        """Have the copies' threads look at the ring."""
        for fd in self._wake_fds:
            os.eventfd_write(fd, 1)

    def status(self) -> dict[str, object]:
        """A description for people and `SHOW` statements."""
        return describe(self)

    def close(self) -> None:
        """Stop the copies and close all files. Nothing of the arena may be in use by others."""
        self.stopping = True
        self.lending.close()
        for copier in self.copiers:
            if copier is not None:
                copier.stop()
                copier.segment.close()
        for segment in self.opening:
            if segment is not None and not segment.closed:
                segment.close()
        self.copiers = [None] * COPIES
        os.close(self._lock_fd)
        self.arena.close()
