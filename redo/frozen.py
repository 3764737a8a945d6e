"""A volume frozen at an LSN: second names for its files, and a manifest. That is a snapshot, and
how a clone begins.

::

    <directory>/frozen.json                               Frozen
    <directory>/files/az1+full+log+0000000000400000.log   the file az1/full/log/… of the volume

Nothing in a volume's files is ever overwritten below an LSN that was durable, so giving the files
second names is all it takes, however large they are: what the volume goes on to write into them
lies above the frozen LSN and is left out (log by a jump, `timeline.py`; images by counting them,
`metadata.CopyMeta.shared`). The volume may coalesce, drop or be dropped: a file is gone when its
last name is. So nobody has to remember who needs what, no process reads another's volume, and
copies of a clone are as independent of each other as those of its parent.

A frozen volume that lies among the volumes is *folded*: `thaw` gives its files their proper places
when it is opened for the first time. Its own log begins in a chunk of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from redo.disk import Disk
from redo.errors import UnknownFormat, VolumeError
from redo.keyring import Wrapped
from redo.metadata import (
    FORMAT,
    VOLUME_FILE,
    CopyMeta,
    VolumeMeta,
    copy_of,
    descendant,
    load_fields,
    packed,
    save_copy,
    save_volume,
    volume_of,
)
from redo.quorum import copy_directory, is_full
from redo.state import FIRST_LSN
from redo.timeline import History, Jump, path_bytes

if TYPE_CHECKING:  # commands that only move names do without kernels
    from redo.segment import Segment

MANIFEST: Final = "frozen.json"
FILES: Final = "files"


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is frozen.

    volume      constants of the volume that will be
    lsn         state that is frozen;  clock_us  and when that was done
    page_bytes  of the pages it has;  log_bytes  of log that is not pages yet
    copies      those that were alive
    """

    format: int
    volume: VolumeMeta
    lsn: int
    clock_us: int
    page_bytes: int
    log_bytes: int
    copies: tuple[CopyMeta, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """A copy whose files have second names: its metadata, and how many images it has."""

    meta: CopyMeta
    images: int


def freeze(
    segments: Sequence[Segment], path: Path, history: History, lsn: int, origin: str, clock_us: int
) -> Frozen:
    """Freeze the copies as of `lsn`, durable on a write quorum of them, into the new `path`.

    history  of the volume;  origin  its name, for people;  clock_us  now
    Raises VolumeError when there is something at `path`, OSError.
    """
    disk, parent = segments[0].disk, segments[0].volume
    must_have_begun(lsn)
    draft = draft_of(disk, path)
    linked = [link_copy(segment, draft, lsn) for segment in segments]
    return publish(disk, draft, path, parent, history, linked, lsn, origin, clock_us)


def must_have_begun(lsn: int) -> None:
    """Raises VolumeError when nothing was written yet: what is made of it could not be opened."""
    if lsn <= FIRST_LSN:
        raise VolumeError("there is nothing in the volume yet")


def publish(
    disk: Disk,
    draft: str,
    path: Path,
    parent: VolumeMeta,
    history: History,
    linked: Sequence[Linked],
    lsn: int,
    origin: str,
    clock_us: int,
) -> Frozen:
    """Put a draft with linked copies in its place. The arguments are as for `freeze`."""
    start = (lsn // parent.chunk_bytes + 1) * parent.chunk_bytes
    history = replace(history, jumps=(*history.jumps, Jump(start, lsn, clock_us)))
    volume = descendant(parent, f"{origin} at LSN {lsn}", start)
    copies = tuple(replace(one.meta, volume_id=volume.volume_id, history=history) for one in linked)
    full = max(
        (one for one in linked if is_full(one.meta.copy_no)), key=lambda one: one.meta.marks[0].lsn
    )
    page_bytes = full.images * parent.page_bytes
    log_bytes = path_bytes(history.gaps, full.meta.marks[0].lsn, lsn)
    frozen = Frozen(FORMAT, volume, lsn, clock_us, page_bytes, log_bytes, copies)
    _publish(disk, draft, path, frozen)
    return frozen


def link_copy(segment: Segment, draft: str, lsn: int) -> Linked:
    """Name the files of one copy in a draft."""
    with segment.store_lock:  # checkpoints and page files stand still
        return Linked(_link_copy(segment, f"{draft}/{FILES}", lsn), segment.images)


def _link_copy(segment: Segment, files: str, lsn: int) -> CopyMeta:
    """Name the files of one copy that have its newest checkpoint and the log up to `lsn`."""
    names = [f"log/{name}" for name in segment.log.names(segment.mark.lsn, lsn)]
    shared: tuple[tuple[int, int, int], ...] = ()
    if segment.store is not None:
        names += segment.store.names()
        shared = segment.store.limits(segment.meta.shared)
    for name in names:
        flat = f"{segment.name}/{name}".replace("/", "+")
        segment.disk.link(f"{segment.path}/{name}", f"{files}/{flat}")
    return replace(segment.meta, marks=(segment.mark,), shared=shared)


def refreeze(disk: Disk, source: Path, path: Path, origin: str) -> Frozen:
    """Freeze what is frozen: a snapshot becomes a volume, a folded clone is cloned."""
    frozen = load(disk, source)
    start = frozen.copies[0].history.jumps[-1].start
    volume = descendant(frozen.volume, f"{origin} at LSN {frozen.lsn}", start)
    copies = tuple(replace(copy, volume_id=volume.volume_id) for copy in frozen.copies)
    frozen = replace(frozen, volume=volume, copies=copies)
    draft = draft_of(disk, path)
    for name in disk.names(f"{source}/{FILES}"):
        disk.link(f"{source}/{FILES}/{name}", f"{draft}/{FILES}/{name}")
    _publish(disk, draft, path, frozen)
    return frozen


def draft_of(disk: Disk, path: Path) -> str:
    """A directory to prepare what becomes `path`; what an interrupted attempt left is removed."""
    if disk.exists(str(path)):
        raise VolumeError(f"there is a {path.parent.name.removesuffix('s')} {path.name} already")
    draft = f"{path.parent}/.{path.name}.new"
    disk.remove_tree(draft)
    disk.make_directory(f"{draft}/{FILES}", durable=False)
    return draft


def _publish(disk: Disk, draft: str, path: Path, frozen: Frozen) -> None:
    fd = disk.create(f"{draft}/{MANIFEST}", 0)
    try:
        disk.write(fd, 0, packed(asdict(frozen)))
        disk.sync(fd)
    finally:
        disk.close(fd)
    for directory in (f"{draft}/{FILES}", draft):
        disk.sync_directory(directory)
    disk.rename(draft, str(path))


def is_folded(disk: Disk, path: Path) -> bool:
    """Is it frozen, and never opened?"""
    return disk.exists(f"{path}/{MANIFEST}") and not disk.exists(f"{path}/{VOLUME_FILE}")


def load(disk: Disk, path: Path) -> Frozen:
    """The manifest. Raises UnknownFormat, OSError."""
    name = f"{path}/{MANIFEST}"
    fields = load_fields(disk, name)
    try:
        volume = volume_of(fields.pop("volume"), name)
        copies = tuple(copy_of(copy, name) for copy in fields.pop("copies"))
        return Frozen(**fields, volume=volume, copies=copies)
    except (TypeError, KeyError):
        raise UnknownFormat(f"{name} is not one of ours") from None


def rewrap(disk: Disk, path: Path, key: Wrapped) -> None:
    """Keep the data key wrapped by another master key."""
    found = load(disk, path)
    found = replace(found, volume=replace(found.volume, key=key))
    disk.replace_file(f"{path}/{MANIFEST}", packed(asdict(found)))


def thaw(disk: Disk, path: Path) -> None:
    """Unfold a volume that has never been opened; may be interrupted and called again."""
    if not is_folded(disk, path):
        if disk.exists(f"{path}/{MANIFEST}"):
            _forget_manifest(disk, path)
        return
    frozen = load(disk, path)
    directories = {f"{path}/{copy_directory(copy.copy_no)}/log" for copy in frozen.copies}
    names = [name.replace("+", "/") for name in disk.names(f"{path}/{FILES}")]
    directories |= {f"{path}/{name}".rpartition("/")[0] for name in names}
    for directory in sorted(directories):
        disk.make_directory(directory)
    for name in names:
        disk.move(f"{path}/{FILES}/{name.replace('/', '+')}", f"{path}/{name}")
    for directory in sorted(directories):
        disk.sync_directory(directory)
    for copy in frozen.copies:
        save_copy(disk, f"{path}/{copy_directory(copy.copy_no)}", copy)
    save_volume(disk, str(path), frozen.volume)
    _forget_manifest(disk, path)


def _forget_manifest(disk: Disk, path: Path) -> None:
    disk.remove_tree(f"{path}/{FILES}")
    disk.remove(f"{path}/{MANIFEST}")
    disk.sync_directory(str(path))


def remove(disk: Disk, path: Path) -> None:
    """Remove a volume or snapshot: at once for everybody, then file by file."""
    gone = f"{path.parent}/.{path.name}.dropped"
    disk.remove_tree(gone)
    disk.rename(str(path), gone)
    disk.remove_tree(gone)
