"""What a copy and a volume know about themselves: two small JSON files, replaced atomically.

``volume.json`` says what the volume is, for good. ``azN/kind/copy.json`` says how far
that copy is: what the volume has been through, and the checkpoints from which its log is needed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from redo.disk import Disk
from redo.errors import UnknownFormat
from redo.image import valid_page_bytes
from redo.keyring import Wrapped
from redo.members import FIRST, Members, members_of
from redo.state import FIRST_LSN
from redo.timeline import History, Jump, Mark

FORMAT = 4  #: 3 had no patches of long values
VOLUME_FILE = "volume.json"
COPY_FILE = "copy.json"
FIRST_MARK = Mark(FIRST_LSN, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class VolumeMeta:
    """A volume's constants.

    ancestors  ids of the volumes it was cloned from: their files may be among ours
    origin     what it was made from, for people
    key        wrapped data key of an encrypted volume (`keyring`)
    seals      whose log key encrypts log from which LSN on: (LSN, volume id), ascending (`cipher`)
    """

    format: int
    volume_id: str
    page_bytes: int
    chunk_bytes: int
    pg_pages: int
    ancestors: tuple[str, ...] = ()
    origin: str = ""
    key: Wrapped | None = None
    seals: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CopyMeta:
    """A copy's state.

    history  epochs and jumps, as far as this copy has heard of them
    marks    checkpoints, ascending by LSN: the first is where the log that is kept begins
    shared   (protection group, sequence, images) of page files begun by another volume, which may
             hold more than ours
    groups   protection groups that the volume has
    fence    log of earlier epochs than this is refused, though the history does not have it yet
    member   its number as a member; -1: the first of its slot
    members  who all the members are, as far as this copy has heard
    """

    format: int
    volume_id: str
    copy_no: int
    history: History = field(default_factory=History)
    marks: tuple[Mark, ...] = (FIRST_MARK,)
    shared: tuple[tuple[int, int, int], ...] = ()
    groups: int = 1
    fence: int = 0
    member: int = -1
    members: Members = FIRST

    @property
    def number(self) -> int:
        """Its number as a member (`members.Members`)."""
        return self.copy_no if self.member < 0 else self.member

    @property
    def kept(self) -> int:
        """Log from here on is kept: the oldest state that can be asked for."""
        return self.marks[0].lsn


def new_volume(
    page_bytes: int, chunk_bytes: int, pg_pages: int, key: Wrapped | None = None
) -> VolumeMeta:
    """Constants of a new volume, with a random identity; encrypted if there is a data key."""
    if not valid_page_bytes(page_bytes):
        raise ValueError(f"page size {page_bytes} is not a power of two from 256 to 32768")
    if chunk_bytes % 4096 or chunk_bytes < 8192:
        raise ValueError(f"chunk size {chunk_bytes} is not a multiple of 4096")
    volume = VolumeMeta(FORMAT, secrets.token_hex(8), page_bytes, chunk_bytes, pg_pages)
    return volume if key is None else encrypted(volume, key)


def encrypted(volume: VolumeMeta, key: Wrapped) -> VolumeMeta:
    """Constants of a volume all of whose log it has written itself, encrypted with this key."""
    return replace(volume, key=key, seals=((0, volume.volume_id),))


def is_like(volume: VolumeMeta, other: VolumeMeta) -> bool:
    """Do two new volumes differ in nothing but who they are, and their data keys?"""
    masters = [None if one.key is None else one.key["master"] for one in (volume, other)]
    same = replace(volume, volume_id=other.volume_id, key=other.key, seals=other.seals)
    return same == other and masters[0] == masters[1]


def descendant(volume: VolumeMeta, origin: str, start: int) -> VolumeMeta:
    """Constants of a new volume that begins with the files of `volume`.

    start   where its own log begins: no other volume's does so above it
    """
    ancestors = (*volume.ancestors, volume.volume_id)
    new_id = secrets.token_hex(8)
    below = tuple(seal for seal in volume.seals if seal[0] < start)
    seals = (*below, (start, new_id)) if volume.seals else ()
    return replace(volume, volume_id=new_id, ancestors=ancestors, origin=origin, seals=seals)


def load_fields(disk: Disk, path: str) -> dict[str, Any]:
    """A JSON object of our format. Raises UnknownFormat, OSError."""
    try:
        fields = json.loads(disk.read_file(path))
    except ValueError as error:
        raise UnknownFormat(f"{path} is damaged: {error}") from None
    found = fields.get("format") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or found != FORMAT:
        raise UnknownFormat(f"{path} has format {found}, this program knows format {FORMAT}")
    return fields


def save_fields(disk: Disk, path: str, fields: dict[str, Any]) -> None:
    """Write a JSON object, atomically and durably."""
    disk.replace_file(path, packed(fields))


def packed(fields: dict[str, Any]) -> bytes:
    """A JSON object as it is in files."""
    return json.dumps(fields, indent=1).encode() + b"\n"


def load_volume(disk: Disk, volume_dir: str) -> VolumeMeta:
    """The volume's constants. Raises UnknownFormat, FileNotFoundError."""
    path = f"{volume_dir}/{VOLUME_FILE}"
    return volume_of(load_fields(disk, path), path)


def volume_of(fields: dict[str, Any], path: str) -> VolumeMeta:
    """A volume's constants out of JSON. Raises UnknownFormat."""
    try:
        ancestors = fields.pop("ancestors")
        assert isinstance(ancestors, list)
        seals = tuple((int(lsn), str(volume_id)) for lsn, volume_id in fields.pop("seals", ()))
        return VolumeMeta(**fields, ancestors=tuple(map(str, ancestors)), seals=seals)
    except (AssertionError, TypeError, KeyError, ValueError):
        raise UnknownFormat(f"{path} is not one of ours") from None


def save_volume(disk: Disk, volume_dir: str, meta: VolumeMeta) -> None:
    """Write the volume's constants, durably."""
    save_fields(disk, f"{volume_dir}/{VOLUME_FILE}", asdict(meta))


def load_copy(disk: Disk, path: str) -> CopyMeta:
    """A copy's state. Raises UnknownFormat, FileNotFoundError."""
    return copy_of(load_fields(disk, f"{path}/{COPY_FILE}"), f"{path}/{COPY_FILE}")


def copy_of(fields: dict[str, Any], path: str) -> CopyMeta:
    """A copy's state out of JSON. Raises UnknownFormat."""
    try:
        history = history_of(fields.pop("history"))
        marks = tuple(Mark(*map(int, mark)) for mark in fields.pop("marks"))
        shared = tuple((int(a), int(b), int(c)) for a, b, c in fields.pop("shared"))
        members = members_of(fields.pop("members")) if "members" in fields else FIRST
        if not marks:
            raise ValueError("no marks")
        return CopyMeta(**fields, history=history, marks=marks, shared=shared, members=members)
    except (AttributeError, TypeError, KeyError, ValueError):
        raise UnknownFormat(f"{path} is not one of ours") from None


def history_of(fields: dict[str, Any]) -> History:
    """A history out of JSON. Raises TypeError, KeyError, ValueError."""
    epochs = tuple((int(epoch), int(start)) for epoch, start in fields["epochs"])
    return History(epochs, tuple(Jump(*map(int, jump)) for jump in fields["jumps"]))


def save_copy(disk: Disk, path: str, meta: CopyMeta) -> None:
    """Write a copy's state, durably."""
    save_fields(disk, f"{path}/{COPY_FILE}", asdict(meta))
