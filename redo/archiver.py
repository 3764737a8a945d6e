"""Continuous backup: a task of storage that sends log and pages to the archive (`archive.py`).

Log follows within seconds, from a copy's files, verified batch by batch; never in anybody's way. It
is the volume's pin for as long as it is not stored: nothing that the archive lacks is given up.
When the store does not answer, that is said in the status, tried again at growing intervals, and
writers notice nothing until disks are full of log.

A base is taken when the archive begins, once a day, and when much log has come since: pieces of the
page files of one full copy, read through descriptors of their own, so that files may go meanwhile.
Images are collected before the LSN is read that they are said to be not newer than.

Log and images of an encrypted volume are decrypted, compressed, and encrypted as objects: with a
key of the archive's, wrapped by the same master key.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redo.archive import Archive, Base, Head, LogName, Piece
from redo.cipher import Cipher
from redo.environment import Steps, Task
from redo.errors import ArchiveUnavailable, KeyUnavailable, VolumeError
from redo.keyring import KeyService
from redo.record import BATCH_CLOCK_AT
from redo.segment import Segment
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.storage import Storage
from redo.timeline import Mark, clock_text

logger = logging.getLogger(__name__)

PIN: Final = "archive"
_OBJECT_BYTES: Final = 8 << 20  #: of log, at most
_PIECE_BYTES: Final = 16 << 20
_HEAD_S: Final = 4.0
_EXPIRE_S: Final = 3600.0
_BACKOFF_MAX_S: Final = 60.0
_DAY_US: Final = 86_400_000_000
#: A commit's clock is read before its batch is published: by less than this.
_UNPUBLISHED_US: Final = 1_000_000
_NICE: Final = 10


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How to archive.

    url, name       where, and the volume's name there
    retention_days  how far back it shall be restorable
    interval_s      between two looks at the log
    base_bytes      of log since the last base ask for another one
    store           the object store at `url`, if it is open
    """

    url: str
    name: str
    retention_days: int = 7
    interval_s: float = 2.0
    base_bytes: int = 1 << 30
    store: Any = None


class Archiver:
    """Runs until `stop`. With `keys` the archive is encrypted."""

    def __init__(
        self, storage: Storage, settings: ArchiveSettings, keys: KeyService | None = None
    ) -> None:
        self._storage = storage
        self._clock = storage.environment.clock
        self._settings = settings
        self._keys = keys
        self._archive: Archive | None = None
        self._position = Mark(0, -1, 0, 0)
        self._bases: list[Base] = []
        self._latest_us = 0
        self._hole = False  #: log is missing before the position: only another base helps
        self._stored_bytes = 0
        self._error = ""
        self._failures = 0
        self._said = self._expired = 0.0
        self._source = 0
        self._cipher: Cipher | None = None
        self._stop = threading.Event()
        self._task: Task | None = None
        storage.pins[PIN] = 0
        storage.archive_status = self.status

    def start(self) -> None:
        """Start the task."""
        self._task = self._storage.environment.tasks.start("redo-archiver", self._main(), _NICE)

    def stop(self) -> None:
        """End the task; what is not stored is at the next start."""
        self._stop.set()
        if self._task is not None:
            self._task.join()
        if self._cipher is not None:
            self._cipher.close()
            self._cipher = None

    def status(self) -> dict[str, object]:
        """For people: LSN in the archive, how far behind, what can be restored (µs; 0: nothing)."""
        earliest = self._bases[0].clock_us if self._bases else 0
        latest = self._latest_us if earliest else 0
        return {
            "url": self._settings.url,
            "volume": "" if self._archive is None else self._archive.volume,
            "state": "waiting for the store" if self._error else "archiving",
            "error": self._error,
            "archived": self._position.lsn,
            "lag_bytes": max(0, self._storage.control.vdl - self._position.lsn),
            "lag_ms": max(0, self._clock.wall_us() - latest) // 1000 if latest else 0,
            "earliest_us": earliest,
            "latest_us": latest,
            "earliest": clock_text(earliest) if earliest else "",
            "latest": clock_text(latest) if latest else "",
            "stored_bytes": self._stored_bytes,
            "bases": len(self._bases),
            "retention_days": self._settings.retention_days,
        }

    def _main(self) -> Steps:
        while not self._stop.is_set():
            try:
                self.step()
                self._error, self._failures = "", 0
            except (VolumeError, OSError) as error:
                self._fail(str(error))
            except Exception as error:
                logger.exception("archive")
                self._fail(repr(error))
            wait_s = self._settings.interval_s
            if self._failures:
                wait_s = min(_BACKOFF_MAX_S, 2.0 ** min(self._failures, 6))
            yield
            self._clock.wait(self._stop, wait_s)

    def _fail(self, reason: str) -> None:
        self._failures += 1
        self._source += 1  # it may have been the copy
        if reason != self._error:
            logger.warning("archive %s: %s; trying again", self._settings.url, reason)
        self._error = reason

    def step(self) -> None:
        """Store what is new. Raises VolumeError, OSError: nothing is lost, try again."""
        archive = self._archive or self._attach()
        self._ship(archive)
        if self._base_due():
            self._take_base(archive)
        now = self._clock.monotonic_s()
        if now - self._said > _HEAD_S or not self._said:
            archive.put_head(Head(self._position.lsn, self._latest_us, self._storage.history))
            self._said = now
        if now - self._expired > _EXPIRE_S or not self._expired:
            self.expire(self._clock.wall_us() - self._settings.retention_days * _DAY_US)
            self._expired = now

    def _attach(self) -> Archive:
        """Find out where the archive ends, or begin one."""
        volume = self._storage.volume
        name = f"{self._settings.name}-{volume.volume_id}"
        if volume.key is not None and self._keys is None:
            raise KeyUnavailable("the volume is encrypted: its archive needs the keyring too")
        archive = Archive(self._settings.url, name, self._keys, self._settings.store)
        if archive.open() is None:
            archive.begin(volume)
        archive.rewrap()
        logs = archive.logs()
        self._bases = list(archive.bases())
        end = self._end_of(logs)
        vdl = self._storage.control.vdl
        if end is not None and end.lsn > vdl:
            raise ArchiveUnavailable(
                f"the archive has log up to {end.lsn}, the volume ends at {vdl}:"
                " it is older than its archive; use another --backup-url"
            )
        kept = min(segment.meta.kept for segment in self._full())
        if end is not None and end.lsn >= kept:
            self._position = end
            self._latest_us = end.clock_us
        else:
            self._position = max((s.mark for s in self._full()), key=lambda mark: mark.lsn)
            self._position = self._position._replace(batch=-1, epoch=0)
            self._hole = end is not None
        self._storage.pins[PIN] = self._position.lsn
        if volume.key is not None and self._storage.key is not None and self._cipher is None:
            self._cipher = Cipher(self._storage.arena, self._storage.key, volume.seals)
        self._archive = archive
        return archive

    def _end_of(self, logs: Sequence[LogName]) -> Mark | None:
        """Where log is to be archived from; None: nothing is there yet."""
        if logs:
            return Mark(logs[-1].end, -1, 0, logs[-1].last_us)
        if self._bases:  # it was stopped before it had log to store
            base = self._bases[-1]
            return Mark(base.mark.lsn, -1, 0, base.clock_us)
        return None

    def _full(self) -> list[Segment]:
        full = [c.segment for c in self._storage.live() if c.segment.full]
        if not full:
            raise VolumeError("no full copy is alive")
        return full

    # log

    def _ship(self, archive: Archive) -> None:
        now_us, published = self._clock.wall_us(), self._storage.control.published
        while not self._stop.is_set():
            vdl = self._storage.control.vdl
            if self._position.lsn >= vdl:
                break
            starts = [j.start for j in self._storage.history.jumps if j.start > self._position.lsn]
            if not self._ship_one(archive, min([vdl, *starts])):
                if not starts or starts[0] > vdl:
                    raise VolumeError(f"log at {self._position.lsn} cannot be read")
                self._position = Mark(starts[0], -1, 0, self._position.clock_us)
            self._storage.pins[PIN] = self._position.lsn
        if self._position.lsn >= published:
            self._latest_us = max(self._latest_us, now_us - _UNPUBLISHED_US)
        self._latest_us = max(self._latest_us, self._position.clock_us)

    def _ship_one(self, archive: Archive, limit: int) -> bool:
        """Store one object of log below `limit`; False: there is no whole batch."""
        begin = self._position
        copiers = [c for c in self._storage.live() if c.durable >= limit]
        copiers = [c for c in copiers if c.segment.meta.kept <= begin.lsn]
        if not copiers:
            raise VolumeError(f"no copy has log from {begin.lsn}")
        segment = copiers[self._source % len(copiers)].segment
        with segment.lock:
            if segment.closed:
                raise VolumeError(f"copy {segment.name} was given up")
            end = segment.stretch(begin, min(limit, begin.lsn + _OBJECT_BYTES))
        if end.lsn == begin.lsn:
            return False
        log = segment.log.read(begin.lsn, end.lsn - begin.lsn)
        if len(log) != end.lsn - begin.lsn:
            raise VolumeError(f"copy {segment.name}: log at {begin.lsn} is not all there")
        (first_us,) = struct.unpack_from("<q", log, BATCH_CLOCK_AT)
        if self._cipher is not None:
            log = self._cipher.decrypted_log(log)
        name = LogName(begin.lsn, end.lsn, end.epoch, first_us, end.clock_us)
        self._stored_bytes += archive.put_log(name, log)
        self._position = end
        return True

    # pages

    def _base_due(self) -> bool:
        if not self._bases or self._hole:
            return True
        last = self._bases[-1]
        grown = self._position.lsn - last.lsn
        aged = grown and self._clock.wall_us() - last.clock_us > _DAY_US
        return grown > self._settings.base_bytes or bool(aged)

    def _take_base(self, archive: Archive) -> None:
        segment = max(self._full(), key=lambda segment: segment.mark.lsn)
        store = segment.store
        assert store is not None
        with segment.store_lock:
            mark, history = segment.mark, self._storage.history
            files = store.duplicates()
        lsn = self._storage.control.vdl
        clock_us = self._clock.wall_us()
        known = {piece.name for base in self._bases for piece in base.pieces}
        pieces = []
        try:
            for pg, sequence, images, data_fd, index_fd in files:
                step = max(1, _PIECE_BYTES // self._storage.volume.page_bytes)
                for slot in range(0, images, step):
                    count = min(step, images - slot)
                    fds = (data_fd, index_fd)
                    name = self._send_piece(archive, segment, known, fds, slot, count)
                    pieces.append(Piece(pg, sequence, slot, count, name))
        finally:
            with segment.store_lock:
                store.lent -= 1
            for *_, data_fd, index_fd in files:
                os.close(data_fd)
                os.close(index_fd)
        self._ship(archive)
        base = Base(lsn, clock_us, mark, history, tuple(pieces))
        archive.put_base(base)
        self._bases.append(base)
        self._hole = False
        logger.info("archive: base of %d pieces as of %d", len(pieces), lsn)

    def _send_piece(
        self,
        archive: Archive,
        segment: Segment,
        known: set[str],
        fds: tuple[int, int],
        slot: int,
        count: int,
    ) -> str:
        if self._stop.is_set():
            raise VolumeError("stopping")
        data_fd, index_fd = fds
        page_bytes = self._storage.volume.page_bytes
        at = slot * STORE_ENTRY_BYTES
        entries = segment.disk.read(index_fd, at, count * STORE_ENTRY_BYTES)
        name = f"pages/{hashlib.sha256(entries).hexdigest()[:40]}"
        if name not in known:
            images = segment.disk.read(data_fd, slot * page_bytes, count * page_bytes)
            if len(images) != count * page_bytes:
                raise VolumeError(f"copy {segment.name}: images are not all there")
            piece = entries + images
            if self._cipher is not None:
                piece = self._cipher.decrypted_images(entries, images)
            self._stored_bytes += archive.write(name, piece)
        return name

    # giving up

    def expire(self, before_us: int) -> None:
        """Delete what nobody needs who restores a moment from `before_us` on."""
        archive = self._archive
        if archive is None or not self._bases:
            return
        kept = list(self._bases)
        while len(kept) > 1 and kept[1].clock_us <= before_us:
            kept.pop(0)
        good = {base.path for base in kept}
        # Also those that were stored though the store did not say so: nobody keeps their log.
        gone = [path for path in archive.names("base") if path not in good]
        archive.delete(gone)  # first: a base without its pieces would be a lie
        self._bases = kept
        first = min(base.mark.lsn for base in kept)
        needed = {piece.name for base in kept for piece in base.pieces}
        stale = [name.path for name in archive.logs() if name.end <= first]
        archive.delete(stale + [name for name in archive.names("pages") if name not in needed])
