"""A volume's directory: its lock, and what is made in it before there is anything to recover."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from typing import Final

from redo.disk import Disk
from redo.errors import UnknownFormat, VolumeLocked
from redo.metadata import (
    COPY_FILE,
    VOLUME_FILE,
    CopyMeta,
    VolumeMeta,
    load_volume,
    save_copy,
    save_volume,
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
        _make_copy(disk, f"{data_dir}/{copy_directory(copy_no)}", volume, copy_no)
    save_volume(disk, data_dir, volume)
    disk.remove(marker)
    disk.sync_directory(data_dir)


def is_zone(disk: Disk, data_dir: str, copies: Sequence[int]) -> bool:
    """Is there a volume, with room for these copies? Raises UnknownFormat."""
    if disk.exists(f"{data_dir}/{_FORMATTING}-{copies[0]}"):
        return False
    if disk.exists(f"{data_dir}/{VOLUME_FILE}"):
        return True
    for copy_no in copies:
        if disk.exists(f"{data_dir}/{copy_directory(copy_no)}/{COPY_FILE}"):
            raise UnknownFormat(f"{data_dir} has copies of a volume but no {VOLUME_FILE}")
    return False


def make_zone(
    disk: Disk, data_dir: str, volume: VolumeMeta, copies: Sequence[int], new: bool
) -> None:
    """Make a volume's directory with these copies, empty ones if it is new, else none yet."""
    marker = f"{data_dir}/{_FORMATTING}-{copies[0]}"
    disk.replace_file(marker, b"")
    for copy_no in copies:
        path = f"{data_dir}/{copy_directory(copy_no)}"
        disk.remove_tree(path)
        if new:
            _make_copy(disk, path, volume, copy_no)
    save_volume(disk, data_dir, volume)
    disk.remove(marker)
    disk.sync_directory(data_dir)


def _make_copy(disk: Disk, path: str, volume: VolumeMeta, copy_no: int) -> None:
    disk.make_directory(f"{path}/log")
    if is_full(copy_no):
        disk.make_directory(f"{path}/pg-00000")
    history = History(((1, FIRST_LSN),))
    save_copy(disk, path, CopyMeta(volume.format, volume.volume_id, copy_no, history))
