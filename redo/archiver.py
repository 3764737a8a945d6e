"""Continuous backup: a task that sends log and pages to the archive (`archive.py`).

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
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redo.archive import Archive, Base, Head, LogName, Piece
from redo.archived import ArchivedCopy, ArchivedVolume
from redo.cipher import Cipher
from redo.environment import Steps, Task
from redo.errors import ArchiveUnavailable, KeyUnavailable, VolumeError
from redo.keyring import KeyService
from redo.record import BATCH_CLOCK_AT
from redo.repair import Source
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.timeline import Mark, clock_text, newest_mark

logger = logging.getLogger(__name__)

_OBJECT_BYTES: Final = 8 << 20  #: of log, at most
_PIECE_BYTES: Final = 16 << 20
_OPEN_S: Final = 0.2
_HEAD_S: Final = 4.0
_EXPIRE_S: Final = 3600.0
_BACKOFF_MAX_S: Final = 60.0
_DAY_US: Final = 86_400_000_000
#: A commit's clock is read before its batch is published: by less than this.
_UNPUBLISHED_US: Final = 1_000_000
_NICE: Final = 10
_ENTRIES: Final = ".idx"
_IMAGES: Final = ".dat"


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


def _read(source: Source, path: str, slot: int, count: int, each: int) -> bytes:
    """So many entries, or images, of a file that is borrowed. Raises VolumeError."""
    found = source.pieces(path, slot * each, (slot + count) * each)
    data = b"".join(piece for _, piece in found)
    if len(data) != count * each:
        raise VolumeError(f"copy {source.name}: {path} is not all there")
    return data


class Archiver:
    """Runs until `stop`. With `keys` the archive is encrypted."""

    def __init__(
        self, volume: ArchivedVolume, settings: ArchiveSettings, keys: KeyService | None = None
    ) -> None:
        self._volume = volume
        self._clock = volume.environment.clock
        self._settings = settings
        self._keys = keys
        self._archive: Archive | None = None
        self._position = Mark(0, -1, 0, 0)
        self._bases: list[Base] = []
        self._latest_us = 0
        self._begun_us = self._clock.wall_us()
        self._hole = False  #: log is missing before the position: only another base helps
        self._stored_bytes = 0
        self._error = ""
        self._failures = 0
        self._said = self._expired = 0.0
        self._source = 0
        self._cipher: Cipher | None = None
        self._stop = threading.Event()
        self._task: Task | None = None
        volume.hold(0)

    def start(self) -> None:
        """Start the task."""
        self._task = self._volume.environment.tasks.start("redo-archiver", self._main(), _NICE)

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
            "lag_bytes": max(0, self._volume.control.vdl - self._position.lsn),
            "lag_ms": max(0, self._clock.wall_us() - (latest or self._begun_us)) // 1000,
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
            if not self._volume.is_open():
                yield
                self._clock.wait(self._stop, _OPEN_S)
                continue
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
            archive.put_head(Head(self._position.lsn, self._latest_us, self._volume.history))
            self._said = now
        if now - self._expired > _EXPIRE_S or not self._expired:
            self.expire(self._clock.wall_us() - self._settings.retention_days * _DAY_US)
            self._expired = now

    def _attach(self) -> Archive:
        """Find out where the archive ends, or begin one."""
        volume = self._volume.volume
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
        vdl = self._volume.control.vdl
        if end is not None and end.lsn > vdl:
            raise ArchiveUnavailable(
                f"the archive has log up to {end.lsn}, the volume ends at {vdl}:"
                " it is older than its archive; use another --backup-url"
            )
        full = self._full()
        kept = min(copy.kept for copy in full)
        if end is not None and end.lsn >= kept:
            self._position = end
            self._latest_us = end.clock_us
        else:
            self._position = max((copy.mark for copy in full), key=lambda mark: mark.lsn)
            self._position = self._position._replace(batch=-1, epoch=0)
            self._hole = end is not None
        self._volume.hold(self._position.lsn)
        key = self._volume.key
        if key is not None and self._cipher is None:
            self._cipher = Cipher(self._volume.arena, key, volume.seals)
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

    def _full(self) -> list[ArchivedCopy]:
        full = [copy for copy in self._volume.copies() if copy.full]
        if not full:
            raise VolumeError("no full copy is alive")
        return full

    # log

    def _ship(self, archive: Archive) -> None:
        now_us, published = self._clock.wall_us(), self._volume.control.published
        while not self._stop.is_set():
            vdl = self._volume.control.vdl
            if self._position.lsn >= vdl:
                break
            starts = [j.start for j in self._volume.history.jumps if j.start > self._position.lsn]
            if not self._ship_one(archive, min([vdl, *starts])):
                if not starts or starts[0] > vdl:
                    raise VolumeError(f"log at {self._position.lsn} cannot be read")
                self._position = Mark(starts[0], -1, 0, self._position.clock_us)
            self._volume.hold(self._position.lsn)
        if self._position.lsn >= published:
            self._latest_us = max(self._latest_us, now_us - _UNPUBLISHED_US)
        self._latest_us = max(self._latest_us, self._position.clock_us)

    def _ship_one(self, archive: Archive, limit: int) -> bool:
        """Store one object of log below `limit`; False: there is no whole batch."""
        begin = self._position
        copies = [copy for copy in self._volume.copies() if copy.durable >= limit]
        copies = [copy for copy in copies if copy.kept <= begin.lsn]
        if not copies:
            raise VolumeError(f"no copy has log from {begin.lsn}")
        copy = copies[self._source % len(copies)]
        end, log = copy.stretch(begin, min(limit, begin.lsn + _OBJECT_BYTES))
        if end.lsn == begin.lsn:
            return False
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
        source = max(self._full(), key=lambda copy: copy.mark.lsn).source
        meta, files = source.borrow()
        try:
            history = self._volume.history
            lsn = self._volume.control.vdl
            mark = newest_mark(meta.marks, history.gaps, lsn)
            assert mark is not None
            clock_us = self._clock.wall_us()
            pieces = self._send_files(archive, source, files)
        finally:
            source.give_back()
        self._ship(archive)
        base = Base(lsn, clock_us, mark, history, tuple(pieces))
        archive.put_base(base)
        self._bases.append(base)
        self._hole = False
        logger.info("archive: base of %d pieces as of %d", len(pieces), lsn)

    def _send_files(self, archive: Archive, source: Source, files: dict[str, int]) -> list[Piece]:
        known = {piece.name for base in self._bases for piece in base.pieces}
        step = max(1, _PIECE_BYTES // self._volume.volume.page_bytes)
        pieces = []
        for path, size in files.items():
            if path.endswith(_ENTRIES):
                pg, sequence = (
                    int(part.split("-")[1]) for part in path[: -len(_ENTRIES)].split("/")[-2:]
                )
                for slot in range(0, size // STORE_ENTRY_BYTES, step):
                    count = min(step, size // STORE_ENTRY_BYTES - slot)
                    name = self._send_piece(archive, source, known, path, slot, count)
                    pieces.append(Piece(pg, sequence, slot, count, name))
        return pieces

    def _send_piece(
        self, archive: Archive, source: Source, known: set[str], path: str, slot: int, count: int
    ) -> str:
        """Store images of a page file, whose entries are in the file at `path`; the object."""
        if self._stop.is_set():
            raise VolumeError("stopping")
        entries = _read(source, path, slot, count, STORE_ENTRY_BYTES)
        name = f"pages/{hashlib.sha256(entries).hexdigest()[:40]}"
        if name not in known:
            page_bytes = self._volume.volume.page_bytes
            images = _read(source, path.removesuffix(_ENTRIES) + _IMAGES, slot, count, page_bytes)
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
