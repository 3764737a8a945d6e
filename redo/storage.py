"""The volume's storage: six copies with their threads, recovery, pages, upkeep. No sockets here.

`storage_server.py` runs it as a process, `volume.LocalVolume` inside a test. Threads: one per copy
(`copier.py`), the callers of `read_page`, and one that calls `upkeep.Upkeep.step`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from redo.arena import RING_AT, Arena
from redo.codes import E_CORRUPT, E_NOT_FOUND
from redo.control import (
    COPY_DURABLE,
    COPY_STATE,
    CTRL_EPOCH,
    CTRL_LAST_BATCH,
    CTRL_PUBLISHED,
    CTRL_VDL,
    STATE_ABSENT,
    STATE_DEAD,
    STATE_FILLING,
    STATE_LIVE,
    Control,
    copy_word,
)
from redo.copier import Copier
from redo.disk import Disk
from redo.environment import Environment
from redo.errors import (
    LogUnavailable,
    LsnOutOfRange,
    PageUnavailable,
    UnknownFormat,
    VolumeLocked,
    VolumeLost,
)
from redo.frozen import Frozen, freeze, thaw
from redo.index_kernels import CANNOT_READ
from redo.keyring import DataKey
from redo.log import Recovered, new_state, start_ring
from redo.metadata import (
    VOLUME_FILE,
    CopyMeta,
    VolumeMeta,
    load_volume,
    new_volume,
    save_copy,
    save_volume,
)
from redo.quorum import COPIES, ZONES, can_write, copy_directory, volume_durable, with_epoch
from redo.record import BATCH_PREVIOUS_AT
from redo.recovery import (
    merged_history,
    open_segments,
    recover,
    save_history,
    scan_segments,
)
from redo.repair import fill_log
from redo.rewind import locate, rewound
from redo.segment import Segment
from redo.state import FIRST_LSN
from redo.timeline import NEVER, History, Mark

logger = logging.getLogger(__name__)

LOCK_FILE = "lock"
_FORMATTING = "volume.formatting"
_FENCED = -1  #: epoch word while a new writer is being let in


def lock_directory(data_dir: str) -> int:
    """Lock the data directory (made if missing) for this process. Raises VolumeLocked."""
    os.makedirs(data_dir, exist_ok=True)
    fd = os.open(f"{data_dir}/{LOCK_FILE}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise VolumeLocked(f"{data_dir} is in use by another process") from None
    return fd


def is_formatted(disk: Disk, data_dir: str) -> bool:
    """Is there a volume? Raises UnknownFormat when something else is there."""
    if disk.exists(f"{data_dir}/{VOLUME_FILE}"):
        load_volume(disk, data_dir)
        return True
    if disk.exists(f"{data_dir}/{_FORMATTING}") or not disk.exists(data_dir):
        return False
    if any(zone in disk.names(data_dir) for zone in ZONES):
        raise UnknownFormat(f"{data_dir} has copies of a volume but no {VOLUME_FILE}")
    return False


def format_volume(disk: Disk, data_dir: str, volume: VolumeMeta) -> None:
    """Make an empty volume. What an interrupted attempt left is removed first."""
    marker = f"{data_dir}/{_FORMATTING}"
    disk.replace_file(marker, b"")
    for zone in ZONES:
        disk.remove_tree(f"{data_dir}/{zone}")
    for copy_no in range(COPIES):
        path = f"{data_dir}/{copy_directory(copy_no)}"
        disk.make_directory(f"{path}/log")
        history = History(((1, FIRST_LSN),))
        meta = CopyMeta(volume.format, volume.volume_id, copy_no, history)
        save_copy(disk, path, meta)
    save_volume(disk, data_dir, volume)
    disk.remove(marker)
    disk.sync_directory(data_dir)


class Storage:
    """Six copies over one log ring.

    environment                    the world: `environment.system_environment`, but in a simulator
    ring_fd, wake_fds, writer_fd   from whoever created the ring (`arena.create_ring`)
    volume                         constants for a new volume; an existing one keeps its own
    key                            of an encrypted volume. Without it the copies work, but pages
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
        key: DataKey | None = None,
    ) -> None:
        assert len(wake_fds) == COPIES
        self.environment = environment
        self.disk = environment.disk
        self.data_dir = data_dir.rstrip("/")
        self._wake_fds = list(wake_fds)
        self._writer_fd = writer_fd
        self._durable = durable
        self.key = key
        self._wanted = volume or new_volume(16384, 16 << 20, 655360)
        self._lock_fd = lock_directory(self.data_dir)
        self.arena = Arena(ring_fd, private_bytes)
        self.control = Control(self.arena)
        self.copiers: list[Copier | None] = [None] * COPIES
        self.event = threading.Event()  #: set when upkeep has something to do
        self.stopping = False
        self.recovered: Recovered | None = None
        self.history = History()
        self._opening: list[Segment | None] = []
        self._turn = 0
        self.writer_lock = threading.Lock()
        self.pins: dict[str, int] = {}  #: by whom: log and states from this LSN on must stay
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
        self.volume = load_volume(self.disk, self.data_dir)
        self.st = new_state(self.arena, self.volume.page_bytes)
        for copy_no in range(COPIES):
            self.control.put(copy_word(copy_no, COPY_DURABLE), 0)
            self.control.put(copy_word(copy_no, COPY_STATE), STATE_ABSENT)
        world = (self.volume, self.arena, self.st, self.key)
        segments = open_segments(self.disk, self.data_dir, *world)
        self._opening = segments
        published = self.control.published
        if published == 0:
            self.recovered = recover(self.environment.tasks, segments)
            start_ring(self.arena, self.recovered)
            self.history = merged_history(segments)
        else:
            logger.info("going on from the ring: published %d", published)
            self.history = merged_history(segments)
            scan_segments(self.environment.tasks, segments, self.history, published)
        for copy_no, segment in enumerate(segments):
            if segment is None:
                self.control.put(copy_word(copy_no, COPY_STATE), STATE_DEAD)
            else:
                self.start_copy(segment)
        self._opening = []
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
            self._durable,
            self._fill,
            self.event.set,
        )
        self.copiers[segment.copy_no] = copier
        copier.start()

    def live(self) -> list[Copier]:
        """Copies that count."""
        return [copier for copier in self.copiers if copier is not None and copier.live]

    @property
    def can_write(self) -> bool:
        """Are the copies that count, in this process or another, a write quorum?"""
        return can_write([state in (STATE_LIVE, STATE_FILLING) for state in self.control.states()])

    def _fill(self, segment: Segment, lsn: int) -> int:
        others = [c for c in self.live() if c.segment is not segment]
        others.sort(key=lambda copier: -copier.durable)
        return fill_log(segment, lsn, [(c.segment, c.durable) for c in others if c.durable > lsn])

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """The page with every record below `lsn`, into the arena at `frame`.

        Asks a full copy that is that far; a damaged one is given up for repair and the next is
        asked. Raises PageUnavailable; LsnOutOfRange when `lsn` is above VDL or below what is kept
        for readers (`timeline.NEVER` stands for VDL).
        """
        vdl = self.control.vdl
        if vdl < lsn < NEVER:
            raise LsnOutOfRange(f"LSN {lsn} is above VDL, which is {vdl}")
        lsn = min(lsn, vdl)
        code = E_NOT_FOUND
        for copier in self._readers(lsn):
            segment = copier.segment
            with segment.lock:
                code = segment.read_page(page_no, lsn, copier.durable, frame)
            if code == 0:
                return
            if code != E_NOT_FOUND:
                what = {CANNOT_READ: "unreadable", E_CORRUPT: "inconsistent"}.get(code, str(code))
                copier.fail(f"page {page_no} at {lsn} is {what}")
        if code == E_NOT_FOUND:
            raise PageUnavailable(f"page {page_no} does not exist at LSN {lsn}")
        raise PageUnavailable(f"no copy can give page {page_no} at LSN {lsn}")

    def _readers(self, lsn: int, timeout_s: float = 10.0) -> list[Copier]:
        """Full copies that are at `lsn`, the next in turn first; waits for one if none is."""
        deadline = self.environment.clock.monotonic_s() + timeout_s
        while True:
            ahead = [c for c in self.live() if c.segment.full and c.durable >= lsn]
            ready = [c for c in ahead if c.segment.mark.lsn <= lsn]
            if ahead and not ready:
                kept = min(c.segment.mark.lsn for c in ahead)
                raise LsnOutOfRange(f"pages are kept as of LSN {kept} and later, not {lsn}")
            if ready:
                self._turn += 1
                first = self._turn % len(ready)
                return ready[first:] + ready[:first]
            if self.environment.clock.monotonic_s() > deadline or self.stopping:
                raise PageUnavailable(f"no full copy has the log up to LSN {lsn}")
            self.environment.clock.sleep(0.001)

    def open_writer(self, timeout_s: float = 30.0) -> Recovered:
        """Fence whoever wrote before and say where to go on.

        What was published is in the ring and becomes durable first, so a new writer loses nothing
        that the old one published. Raises LogUnavailable, VolumeLost.
        """
        with self.writer_lock:
            control = self.control
            control.put(CTRL_EPOCH, _FENCED)
            vdl = control.published
            self._wait_durable(vdl, timeout_s)
            last_batch = control.get(CTRL_LAST_BATCH)
            if last_batch >= vdl > FIRST_LSN:  # killed between the two words of a publish
                at = RING_AT + last_batch % self.arena.ring_bytes + BATCH_PREVIOUS_AT
                last_batch = int.from_bytes(self.arena.mem[at : at + 8].tobytes(), "little")
            control.put(CTRL_LAST_BATCH, last_batch)
            control.put(CTRL_VDL, vdl)
            epoch = self.history.latest_epoch + 1
            epochs = with_epoch(self.history.epochs, epoch, vdl)
            self.history = replace(self.history, epochs=epochs)
            save_history([copier.segment for copier in self.live()], self.history)
            control.put(CTRL_EPOCH, epoch)
            logger.info("writer of epoch %d starts at %d", epoch, vdl)
            return Recovered(epoch, vdl, last_batch)

    def freeze(self, path: Path) -> Frozen:
        """Freeze the volume as of VDL into the new directory `path`.

        Raises VolumeError, OSError.
        """
        with self.writer_lock:
            vdl = self.control.vdl
            segments = [copier.segment for copier in self.live()]
            if not can_write([durable >= vdl for durable in self.control.durable()]):
                raise VolumeLost("too few copies are alive: a write quorum is needed")
            now_us = self.environment.clock.wall_us()
            return freeze(segments, path, self.history, vdl, Path(self.data_dir).name, now_us)

    def rewind(self, to_us: int) -> Mark:
        """Go back (or forward again) to the last state not later than `to_us`; that state.

        Nobody may write any more, and this storage must be closed: whoever opens the volume next
        goes on from there. Raises VolumeError: nothing was done.
        """
        with self.writer_lock:
            target = self.locate(to_us)
            self.control.put(CTRL_EPOCH, _FENCED)
            end = max([self.control.published, *(c.durable for c in self.live())])
            now_us = self.environment.clock.wall_us()
            self.history = rewound(self.history, target.lsn, end, now_us)
            save_history([copier.segment for copier in self.live()], self.history)
            return target

    def locate(self, to_us: int) -> Mark:
        """The last state not later than `to_us`. Raises VolumeError when it is not kept."""
        vdl = self.control.vdl
        full = [copier.segment for copier in self._readers(vdl)]  # one may be behind by some log
        segment = min(full, key=lambda segment: segment.meta.kept)
        return locate(segment, to_us, vdl)

    def _wait_durable(self, lsn: int, timeout_s: float) -> None:
        deadline = self.environment.clock.monotonic_s() + timeout_s
        while volume_durable(self.control.durable()) < lsn or not self.can_write:
            self._wake_copies()
            if self.environment.clock.monotonic_s() > deadline or self.stopping:
                durable = self.control.durable()
                raise LogUnavailable(f"LSN {lsn} is not durable on a write quorum: {durable}")
            self.environment.clock.sleep(0.001)

    def _wake_copies(self) -> None:
        for fd in self._wake_fds:
            os.eventfd_write(fd, 1)

    def status(self) -> dict[str, object]:
        """A description for people and `SHOW` statements."""
        copies = []
        for copy_no, copier in enumerate(self.copiers):
            state = "live" if copier is not None and copier.live else "dead"
            copies.append(
                {
                    "copy": copy_directory(copy_no),
                    "state": state,
                    "durable": 0 if copier is None else copier.durable,
                    "checkpoint": 0 if copier is None else copier.segment.mark.lsn,
                    "kept": 0 if copier is None else copier.segment.meta.kept,
                    "images": 0 if copier is None else copier.segment.images,
                    "reason": "" if copier is None else copier.reason,
                }
            )
        return {
            "vdl": self.control.vdl,
            "published": self.control.get(CTRL_PUBLISHED),
            "epoch": self.control.epoch,
            "copies": copies,
            "archive": self.archive_status(),
        }

    def close(self) -> None:
        """Stop the copies and close all files. Nothing of the arena may be in use by others."""
        self.stopping = True
        for copier in self.copiers:
            if copier is not None:
                copier.stop()
                copier.segment.close()
        for segment in self._opening:
            if segment is not None and not segment.closed:
                segment.close()
        self.copiers = [None] * COPIES
        os.close(self._lock_fd)
        self.arena.close()
