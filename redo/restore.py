"""A volume made again from its archive, as of a moment, exact to the commit.

The moment is looked up in the clocks of commits: the log is cut before the first mini-transaction
that commits later (or changes the dictionary later), in the middle of a batch if need be, which is
then sealed anew. Transactions open at the cut are rolled back when the volume is opened, as after a
crash. Backtracks count as of the moment: one that came later is not known to the new volume.

Everything is prepared beside its place and opened there once, by the ordinary recovery; only what
comes out whole, at the LSN that was meant, gets its name. What an interrupted restore has left is
removed by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from redo.archive import Archive, Base, LogName
from redo.arena import Arena, create_ring
from redo.checksum_kernels import crc32c_of
from redo.chunks import ChunkLog
from redo.cipher import Cipher
from redo.disk import FileDisk
from redo.environment import Environment, system_environment
from redo.errors import ArchiveDamaged, OutsideWindow, VolumeError, VolumeLocked
from redo.keyring import DataKey, KeyService
from redo.metadata import (
    CopyMeta,
    VolumeMeta,
    descendant,
    encrypted,
    save_copy,
    save_volume,
)
from redo.quorum import COPIES, copy_directory, is_full
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_CRC_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    BATCH_MAGIC,
    BATCH_RECORDS_AT,
    FLAG_CPL,
    KIND_COMMIT,
    KIND_DICTIONARY,
    MARK_CLOCK_AT,
    RECORD_FLAGS_AT,
    RECORD_HEADER_BYTES,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
)
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.storage import Storage
from redo.timeline import NEVER, Gaps, History, clock_text, gaps_at, on_path

_RING_BYTES: Final = 4 << 20
_MEMORY_BYTES: Final = 256 << 20  #: address space; an object of the archive at a time

Report = Callable[[str, int, int], None]  #: (what, done, of how many bytes or objects)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed for a state.

    logs     objects with log of the path from the base's mark to `target`
    last     contents of the last of them, cut; None: it is used whole
    last_us  clock of the last commit or batch in it
    """

    base: Base
    logs: tuple[LogName, ...]
    last: bytes | None
    target: int
    last_us: int
    history: History


def window(archive: Archive) -> tuple[int, int]:
    """The earliest and the latest moment that can be restored, µs. Raises VolumeError."""
    first = next(archive.bases(), None)
    if first is None:
        raise VolumeError(f"the archive of {archive.volume} has no complete base yet")
    head, logs = archive.head(), archive.logs()
    ends = [0 if head is None else head.latest_us, *(name.last_us for name in logs[-1:])]
    return first.clock_us, max(first.clock_us, *ends)


def make_plan(archive: Archive, to_us: int | None) -> Plan:
    """What to restore for the state of `to_us`; None: the latest. Raises VolumeError."""
    earliest, latest = window(archive)
    if to_us is not None and not earliest <= to_us <= latest:
        raise OutsideWindow(
            f"{clock_text(to_us)} cannot be restored:"
            f" the archive has {clock_text(earliest)} to {clock_text(latest)} UTC"
        )
    head = archive.head()
    until_us = NEVER if to_us is None else to_us
    bases = [base for base in archive.bases() if base.clock_us <= until_us]
    full = bases[-1].history if head is None else head.history
    jumps = tuple(jump for jump in full.jumps if jump.clock_us <= until_us)
    end = min([NEVER, *(jump.start for jump in full.jumps[len(jumps) :])])
    logs = [name for name in longest(archive.logs()) if name.start < end]
    target, last, last_us, name = _cut(archive, logs, bases[-1], until_us)
    if jumps and jumps[-1].start > target:
        target, last = jumps[-1].start, None
    if name is None and end == NEVER and head is not None and target < head.lsn:
        raise ArchiveDamaged(
            f"the archive of {archive.volume} lacks log from LSN {target} on: it had more,"
            f" to LSN {head.lsn}"
        )
    epochs = tuple(pair for pair in full.epochs if pair[1] <= target)
    history = History(epochs, jumps)
    gaps = gaps_at(jumps, target)
    good = [base for base in bases if on_path(gaps, base.mark.lsn) and base.lsn <= target]
    if not good:
        raise OutsideWindow("no base of the archive is on the way to that moment")
    needed = [
        log for log in logs if any(_overlaps(log, piece) for piece in _path(good[-1], gaps, target))
    ]
    _check_chain(archive, needed, good[-1], gaps, target)
    if last is not None and name != needed[-1]:
        raise ArchiveDamaged("the log of the archive overlaps itself")
    return Plan(good[-1], tuple(needed), last, target, last_us, history)


def longest(logs: list[LogName]) -> list[LogName]:
    """Without those that are part of another one, ascending: what was stored though the store did
    not say so was stored once more, with what had come since."""
    found: list[LogName] = []
    for name in sorted(logs, key=lambda name: (name.start, -name.end)):
        if not found or name.end > found[-1].end:
            found.append(name)
    return found


def _path(base: Base, gaps: Gaps, target: int) -> list[tuple[int, int]]:
    """Stretches of log from the base's mark to the target, without what the path leaves out."""
    stretches, at = [], base.mark.lsn
    for start, end in gaps:
        if end > at:
            stretches.append((at, start))
            at = end
    return [(a, b) for a, b in (*stretches, (at, target)) if a < b]


def _overlaps(log: LogName, piece: tuple[int, int]) -> bool:
    return log.start < piece[1] and piece[0] < log.end


def _check_chain(
    archive: Archive, logs: list[LogName], base: Base, gaps: Gaps, target: int
) -> None:
    for at, end in _path(base, gaps, target):
        for log in logs:
            if log.start <= at < log.end:
                at = log.end
        if at < end:
            raise ArchiveDamaged(
                f"the archive of {archive.volume} lacks log from LSN {at} on:"
                f" nothing can be restored between {clock_text(base.clock_us)} and its next base"
            )


def _cut(
    archive: Archive, logs: list[LogName], base: Base, until_us: int
) -> tuple[int, bytes | None, int, LogName | None]:
    """End of the last commit not later than `until_us`, the log object cut there, its clock."""
    target, last_us = base.lsn, base.mark.clock_us
    for name in logs:
        if name.end <= base.lsn:
            continue
        if name.last_us > until_us:
            log = archive.log(name)
            cut = cut_log(log, name.start, until_us)
            if cut is not None:
                return name.start + len(cut), cut or None, min(until_us, name.last_us), name
        target, last_us = name.end, name.last_us
    return target, None, last_us, None


def cut_log(log: bytes, lsn: int, until_us: int) -> bytes | None:
    """Batches at `lsn` up to the first commit after `until_us`; None: there is none after it."""
    at = 0
    while at < len(log):
        (length,) = struct.unpack_from("<I", log, at + BATCH_LENGTH_AT)
        magic, _, found = struct.unpack_from("<IIq", log, at)
        good = magic == BATCH_MAGIC and found == lsn + at and length >= BATCH_HEADER_BYTES
        if not good or at + length > len(log):
            raise ArchiveDamaged(f"there is no whole batch at LSN {lsn + at}")
        if struct.unpack_from("<q", log, at + BATCH_CLOCK_AT)[0] > until_us:
            kept = _cut_batch(log[at : at + length], until_us)
            if kept is not None:
                return log[:at] + kept
        at += length
    return None


def _cut_batch(batch: bytes, until_us: int) -> bytes | None:
    """A batch up to the first commit after `until_us`, sealed anew; None: it has none."""
    at = whole = BATCH_HEADER_BYTES
    records = mtrs = seen = 0
    while at < len(batch):
        length, kind, flags = struct.unpack_from("<IHH", batch, at + RECORD_LENGTH_AT)
        if length < RECORD_HEADER_BYTES:
            raise ArchiveDamaged("a record of the archive is damaged")
        decides = kind in (KIND_COMMIT, KIND_DICTIONARY)
        if decides and struct.unpack_from("<q", batch, at + MARK_CLOCK_AT)[0] > until_us:
            break
        at += (length + 7) & -8
        seen += 1
        if flags & FLAG_CPL:
            whole, records, mtrs = at, seen, mtrs + 1
    else:
        return None
    if mtrs == 0:
        return b""
    kept = np.frombuffer(batch[:whole], np.uint8).copy()
    struct.pack_into("<III", kept.data, BATCH_LENGTH_AT, whole, records, mtrs)
    crc = int(crc32c_of(kept, BATCH_LSN_AT, whole - BATCH_LSN_AT))
    struct.pack_into("<I", kept.data, BATCH_CRC_AT, crc)
    return kept.tobytes()


assert (BATCH_RECORDS_AT - BATCH_LENGTH_AT, RECORD_FLAGS_AT - RECORD_KIND_AT) == (4, 2)
assert RECORD_KIND_AT - RECORD_LENGTH_AT == 4


def restore(
    archive: Archive,
    plan: Plan,
    path: Path,
    report: Report,
    keys: KeyService | None = None,
    environment: Environment | None = None,
) -> VolumeMeta:
    """Make the volume `path`, which is not there yet; encrypted if there are keys.

    environment  in which it is opened once
    Raises VolumeError, OSError.
    """
    disk = FileDisk()
    parent = archive.open()
    if parent is None:
        raise ArchiveDamaged(f"object {archive.volume}/about.json is missing")
    volume = descendant(parent, f"archive {archive.volume} at LSN {plan.target}", 0)
    key = None
    volume = replace(volume, key=None, seals=())
    if keys is not None:
        key = DataKey(*keys.generate_data_key())
        volume = encrypted(volume, key.wrapped)
    draft = path.parent / f".{path.name}.new"
    disk.make_directory(str(path.parent))
    with _alone(path.parent):
        try:
            disk.remove_tree(str(draft))
            disk.make_directory(f"{draft / copy_directory(0)}/log")
            with _making(volume, key) as making:
                _write_pages(archive, plan, draft / copy_directory(0), report, making)
                _write_log(archive, plan, draft / copy_directory(0), report, making)
            _write_copies(draft, plan, report, volume)
            save_volume(disk, str(draft), volume)
            report("check", 0, 1)
            _verify(draft, plan.target, environment or system_environment())
            if path.exists():
                raise VolumeError(f"there is a volume {path.name} already")
            disk.rename(str(draft), str(path))
            report("check", 1, 1)
        finally:
            disk.remove_tree(str(draft))
    return volume


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Nobody else restores into the directory. Raises VolumeLocked."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise VolumeLocked(f"another restore is making a volume in {directory}") from None
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class _Making:
    """The volume that is being made, some memory for kernels, and its encryption."""

    volume: VolumeMeta
    arena: Arena
    cipher: Cipher | None

    def stored(self, entries: bytes, images: bytes) -> tuple[bytes, bytes]:
        """Store index entries and images as they are in its files."""
        if self.cipher is not None:
            made = self.cipher.encrypted_images(entries, images)
            entries, images = made[: len(entries)], made[len(entries) :]
        return entries, images


@contextlib.contextmanager
def _making(volume: VolumeMeta, key: DataKey | None) -> Iterator[_Making]:
    ring_fd = create_ring(_RING_BYTES)
    arena = Arena(ring_fd, _MEMORY_BYTES)
    try:
        cipher = None if key is None else Cipher(arena, key, volume.seals)
        yield _Making(volume, arena, cipher)
        if cipher is not None:
            cipher.close()
    finally:
        arena.close()
        os.close(ring_fd)


def _write_pages(archive: Archive, plan: Plan, copy: Path, report: Report, making: _Making) -> None:
    pieces, page_bytes = plan.base.pieces, making.volume.page_bytes
    for done, piece in enumerate(pieces):
        report("pages", done, len(pieces))
        data = archive.read(piece.name)
        split = piece.count * STORE_ENTRY_BYTES
        if len(data) != split + piece.count * page_bytes:
            raise ArchiveDamaged(f"object {archive.volume}/{piece.name} is of the wrong size")
        stem = copy / f"pg-{piece.pg:05d}" / f"pages-{piece.sequence:08d}"
        stem.parent.mkdir(exist_ok=True)
        entries, images = making.stored(data[:split], data[split:])
        _append(Path(f"{stem}.idx"), piece.slot * STORE_ENTRY_BYTES, entries)
        _append(Path(f"{stem}.dat"), piece.slot * page_bytes, images)
    report("pages", len(pieces), len(pieces))


def _append(path: Path, at: int, data: bytes) -> None:
    with path.open("ab") as file:
        if file.tell() != at:
            raise ArchiveDamaged("pieces of a base do not fit together")
        file.write(data)


def _log_pieces(archive: Archive, plan: Plan) -> Iterator[tuple[int, bytes]]:
    """(LSN, log of the path from there on), ascending."""
    stretches = _path(plan.base, gaps_at(plan.history.jumps, plan.target), plan.target)
    for name in plan.logs:
        is_last = plan.last is not None and name == plan.logs[-1]
        log = plan.last if is_last and plan.last is not None else archive.log(name)
        for start, end in stretches:
            a, b = max(start, name.start), min(end, name.start + len(log))
            if a < b:
                yield a, log[a - name.start : b - name.start]


def _write_log(archive: Archive, plan: Plan, copy: Path, report: Report, making: _Making) -> None:
    log = ChunkLog(FileDisk(), f"{copy}/log", making.volume, making.arena)
    total = max(1, len(plan.logs))
    try:
        for done, (lsn, data) in enumerate(_log_pieces(archive, plan)):
            report("log", min(done, total - 1), total)
            log.write(lsn, data if making.cipher is None else making.cipher.encrypted_log(data))
    finally:
        log.close()
    report("log", total, total)


def _write_copies(draft: Path, plan: Plan, report: Report, volume: VolumeMeta) -> None:
    first = draft / copy_directory(0)
    disk = FileDisk()
    for copy_no in range(COPIES):
        report("copies", copy_no, COPIES)
        path = draft / copy_directory(copy_no)
        if is_full(copy_no) and copy_no:
            shutil.copytree(first, path)
        elif copy_no:
            shutil.copytree(first / "log", path / "log")
        for file in path.rglob("*"):
            _sync(file)
        meta = CopyMeta(volume.format, volume.volume_id, copy_no, plan.history)
        save_copy(disk, str(path), replace(meta, marks=(plan.base.mark,)))
        disk.sync_directory(str(path.parent))
    disk.sync_directory(str(draft))
    report("copies", COPIES, COPIES)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _verify(path: Path, target: int, environment: Environment) -> None:
    """Open it as a server would. Raises VolumeError when it is not what was meant."""
    fds = [create_ring(_RING_BYTES), *(os.eventfd(0) for _ in range(COPIES + 1))]
    try:
        storage = Storage(environment, str(path), fds[0], fds[1 : 1 + COPIES], fds[-1])
        storage.open()
        try:
            found = storage.recovered
            dead = COPIES - len(storage.live())
            if found is None or found.vdl != target or dead:
                end = 0 if found is None else found.vdl
                raise ArchiveDamaged(f"the log ends at LSN {end} instead of {target}")
        finally:
            storage.close()
    finally:
        for fd in fds:
            os.close(fd)
