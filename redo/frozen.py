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

Files of zones that are on other hosts lie there, in the zone's own data directory; the manifest on
the writer's host names these zones (`frozen_parts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
from redo.quorum import ZONES, copy_directory, is_full
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
    elsewhere   zones whose files are not here, but in their own data directories
    """

    format: int
    volume: VolumeMeta
    lsn: int
    clock_us: int
    page_bytes: int
    log_bytes: int
    copies: tuple[CopyMeta, ...]
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """A copy whose files have second names: its metadata, how many images it has, and how far its
    log is durable."""

    meta: CopyMeta
    images: int
    durable: int


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
    linked = [link_copy(segment, draft, lsn, lsn) for segment in segments]
    made = manifest(parent, history, linked, lsn, origin, clock_us)
    put(disk, draft, path, made)
    return made


def must_have_begun(lsn: int) -> None:
    """Raises VolumeError when nothing was written yet: what is made of it could not be opened."""
    if lsn <= FIRST_LSN:
        raise VolumeError("there is nothing in the volume yet")


def manifest(
    parent: VolumeMeta,
    history: History,
    linked: Sequence[Linked],
    lsn: int,
    origin: str,
    clock_us: int,
) -> Frozen:
    """What is frozen with these copies. The arguments are as for `freeze`."""
    start = (lsn // parent.chunk_bytes + 1) * parent.chunk_bytes
    history = replace(history, jumps=(*history.jumps, Jump(start, lsn, clock_us)))
    volume = descendant(parent, f"{origin} at LSN {lsn}", start)
    copies = tuple(replace(one.meta, volume_id=volume.volume_id, history=history) for one in linked)
    full = max(
        (one for one in linked if is_full(one.meta.copy_no)), key=lambda one: one.meta.marks[0].lsn
    )
    page_bytes = full.images * parent.page_bytes
    log_bytes = path_bytes(history.gaps, full.meta.marks[0].lsn, lsn)
    return Frozen(FORMAT, volume, lsn, clock_us, page_bytes, log_bytes, copies)


def link_copy(segment: Segment, draft: str, lsn: int, durable: int) -> Linked:
    """Name the files of one copy, whose log is durable up to `durable`, in a draft."""
    with segment.store_lock:  # checkpoints and page files stand still
        meta = _link_copy(segment, f"{draft}/{FILES}", lsn)
        return Linked(meta, segment.images, durable)


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


def heir(source: Frozen, origin: str) -> VolumeMeta:
    """Constants of a new volume that begins as what is frozen."""
    start = source.copies[0].history.jumps[-1].start
    return descendant(source.volume, f"{origin} at LSN {source.lsn}", start)


def refreeze(disk: Disk, source: Path, path: Path, volume: VolumeMeta) -> Frozen:
    """Freeze what is frozen: a snapshot becomes a volume, a folded clone is cloned.

    volume   constants of the new one (`heir`)
    """
    frozen = load(disk, source)
    copies = tuple(replace(copy, volume_id=volume.volume_id) for copy in frozen.copies)
    frozen = replace(frozen, volume=volume, copies=copies)
    draft = draft_of(disk, path)
    for name in disk.names(f"{source}/{FILES}"):
        disk.link(f"{source}/{FILES}/{name}", f"{draft}/{FILES}/{name}")
    put(disk, draft, path, frozen)
    return frozen


def draft_name(path: Path) -> str:
    """Where what becomes `path` is prepared."""
    return f"{path.parent}/.{path.name}.new"


def draft_of(disk: Disk, path: Path) -> str:
    """A directory to prepare what becomes `path`; what an interrupted attempt left is removed."""
    if disk.exists(str(path)):
        raise VolumeError(f"there is a {path.parent.name.removesuffix('s')} {path.name} already")
    draft = draft_name(path)
    disk.remove_tree(draft)
    disk.make_directory(f"{draft}/{FILES}", durable=False)
    return draft


def put(disk: Disk, draft: str, path: Path, frozen: Frozen) -> None:
    """Put a draft with its linked copies in its place."""
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
    return frozen_of(load_fields(disk, name), name)


def frozen_of(fields: dict[str, Any], name: str) -> Frozen:
    """A manifest out of JSON. Raises UnknownFormat."""
    try:
        volume = volume_of(fields.pop("volume"), name)
        copies = tuple(copy_of(copy, name) for copy in fields.pop("copies"))
        elsewhere = tuple(map(str, fields.pop("elsewhere", ())))
        return Frozen(**fields, volume=volume, copies=copies, elsewhere=elsewhere)
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
    here = [copy for copy in frozen.copies if ZONES[copy.copy_no // 2] not in frozen.elsewhere]
    directories = {f"{path}/{copy_directory(copy.copy_no)}/log" for copy in here}
    names = [name.replace("+", "/") for name in disk.names(f"{path}/{FILES}")]
    directories |= {f"{path}/{name}".rpartition("/")[0] for name in names}
    for directory in sorted(directories):
        disk.make_directory(directory)
    for name in names:
        disk.move(f"{path}/{FILES}/{name.replace('/', '+')}", f"{path}/{name}")
    for directory in sorted(directories):
        disk.sync_directory(directory)
    for copy in here:
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
