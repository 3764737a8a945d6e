"""A volume's directory: its lock, and what is made in it before there is anything to recover.

A volume whose zones are processes of their own is made in two phases. First each zone makes a
*draft*: its empty copies, and a marker that says of which volume. When all zones have one, the
drafts become the volume: in each zone the marker goes, and the copies count. Whatever breaks off in
the first phase leaves drafts, which are no volume; in the second, zones that have the volume and
zones whose drafts are of it, and become it the next time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from redo.disk import Disk
from redo.errors import UnknownFormat, VolumeLocked
from redo.metadata import (
    COPY_FILE,
    VOLUME_FILE,
    CopyMeta,
    VolumeMeta,
    load_fields,
    load_volume,
    save_copy,
    save_fields,
    save_volume,
    volume_of,
)
from redo.quorum import COPIES, ZONES, copy_directory, is_full
from redo.state import FIRST_LSN
from redo.timeline import History

LOCK_FILE: Final = "lock"
_FORMATTING: Final = "volume.formatting"


def lock_directory(data_dir: str, name: str = LOCK_FILE) -> int:
    """Lock the data directory (made if missing) for this process. Raises VolumeLocked."""
    os.makedirs(data_dir, exist_ok=True)
    fd = os.open(f"{data_dir}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
    if not disk.exists(data_dir):
        return False
    names = disk.names(data_dir)
    if not any(name.startswith(_FORMATTING) for name in names) and any(z in names for z in ZONES):
        raise UnknownFormat(f"{data_dir} has copies of a volume but no {VOLUME_FILE}")
    return False


def format_volume(disk: Disk, data_dir: str, volume: VolumeMeta) -> None:
    """Make an empty volume. What an interrupted attempt left is removed first."""
    marker = f"{data_dir}/{_FORMATTING}"
    disk.replace_file(marker, b"")
    for zone in ZONES:
        disk.remove_tree(f"{data_dir}/{zone}")
    for name in disk.names(data_dir):  # drafts of zones
        if name.startswith(f"{_FORMATTING}-"):
            disk.remove(f"{data_dir}/{name}")
    for copy_no in range(COPIES):
        _make_copy(disk, f"{data_dir}/{copy_directory(copy_no)}", volume, copy_no)
    save_volume(disk, data_dir, volume)
    disk.remove(marker)
    disk.sync_directory(data_dir)


def is_zone(disk: Disk, data_dir: str, copies: Sequence[int]) -> bool:
    """Is there a volume, with room for these copies? Raises UnknownFormat."""
    if disk.exists(_marker(data_dir, copies)):
        return False
    if disk.exists(f"{data_dir}/{VOLUME_FILE}"):
        return True
    for copy_no in copies:
        if disk.exists(f"{data_dir}/{copy_directory(copy_no)}/{COPY_FILE}"):
            raise UnknownFormat(f"{data_dir} has copies of a volume but no {VOLUME_FILE}")
    return False


def draft_of_zone(disk: Disk, data_dir: str, copies: Sequence[int]) -> VolumeMeta | None:
    """The volume that these copies are a draft of, if they are."""
    marker = _marker(data_dir, copies)
    if not disk.exists(marker) or not disk.read_file(marker):
        return None
    return volume_of(load_fields(disk, marker), marker)


def draft_zone(disk: Disk, data_dir: str, volume: VolumeMeta, copies: Sequence[int]) -> None:
    """Make empty copies of a volume that there is not yet. Those of another draft are removed."""
    _begin_zone(disk, data_dir, copies)
    for copy_no in copies:
        _make_copy(disk, f"{data_dir}/{copy_directory(copy_no)}", volume, copy_no)
    save_fields(disk, _marker(data_dir, copies), asdict(volume))


def make_zone(disk: Disk, data_dir: str, volume: VolumeMeta, copies: Sequence[int]) -> None:
    """Have the volume here: with the draft's empty copies, or none yet if there is no draft of it.

    Copies that are missing are lost ones, to be made anew from their peers.
    """
    draft = draft_of_zone(disk, data_dir, copies)
    if draft is None or draft.volume_id != volume.volume_id:
        _begin_zone(disk, data_dir, copies)
    save_volume(disk, data_dir, volume)
    disk.remove(_marker(data_dir, copies))
    disk.sync_directory(data_dir)


def _begin_zone(disk: Disk, data_dir: str, copies: Sequence[int]) -> None:
    disk.replace_file(_marker(data_dir, copies), b"")
    for copy_no in copies:
        disk.remove_tree(f"{data_dir}/{copy_directory(copy_no)}")


def _marker(data_dir: str, copies: Sequence[int]) -> str:
    """A file that is there while what lies in the zone is not the volume's."""
    return f"{data_dir}/{_FORMATTING}-{copies[0]}"


def _make_copy(disk: Disk, path: str, volume: VolumeMeta, copy_no: int) -> None:
    disk.make_directory(f"{path}/log")
    if is_full(copy_no):
        disk.make_directory(f"{path}/pg-00000")
    history = History(((1, FIRST_LSN),))
    save_copy(disk, path, CopyMeta(volume.format, volume.volume_id, copy_no, history))
