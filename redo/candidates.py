"""Directories of a copy that is being replaced: which one counts, also after a crash.

::

    az1/full        the copy
    az1/full.next   a candidate (`members.py`), being made or complete
    az1/full.old    a member that was replaced, until it is removed
"""

from __future__ import annotations

from typing import Final

from redo.disk import Disk
from redo.errors import VolumeError
from redo.metadata import CopyMeta, load_copy

NEXT: Final = ".next"
OLD: Final = ".old"


def tidy(disk: Disk, path: str, copy_no: int) -> None:
    """After a crash: let the directory that counts be at `path`, and no other one be left."""
    if disk.exists(path + NEXT):
        old, new = meta_at(disk, path), meta_at(disk, path + NEXT)
        if new is not None and (old is None or not _is_member(copy_no, old, new)):
            take_place(disk, path)
        else:
            disk.remove_tree(path + NEXT)
    if disk.exists(path + OLD):
        disk.remove_tree(path + OLD)


def meta_at(disk: Disk, path: str) -> CopyMeta | None:
    """Metadata of the copy in a directory, None when there is none."""
    try:
        return load_copy(disk, path)
    except (OSError, VolumeError):
        return None


def _is_member(copy_no: int, old: CopyMeta, new: CopyMeta) -> bool:
    """Is the old one still a member, by what both know?"""
    latest = max((old.members, new.members), key=lambda members: members.epoch)
    return latest.has(copy_no, old.number)


def take_place(disk: Disk, path: str) -> None:
    """Put a complete candidate where the copy belongs."""
    disk.remove_tree(path + OLD)
    if disk.exists(path):
        disk.move(path, path + OLD)
    disk.rename(path + NEXT, path)
    disk.remove_tree(path + OLD)
