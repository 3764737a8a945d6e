"""What a data directory holds: volumes and snapshots, each a directory of its own.

::

    DATA/volumes/<name>/…      a volume: its six copies (`segment`), or another's (`frozen`)
    DATA/snapshots/<name>/…    a snapshot (`frozen`)

Each volume has its own lock (`directory.lock_directory`), so several may be served side by side.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from redo.errors import UnknownFormat, VolumeError

MAIN: Final = "main"  #: the volume that is meant when none is named
VOLUMES: Final = "volumes"
SNAPSHOTS: Final = "snapshots"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_OLD_MARKS: Final = ("volume.json", "volume.formatting", "az1", "az2", "az3")


def checked_name(name: str) -> str:
    """The name of a volume or snapshot: letters, digits, ``_ - .``, at most 63 of them."""
    if not _NAME.fullmatch(name):
        raise VolumeError(
            f"{name!r} is not a name: letters, digits, '_', '-' and '.', at most 63, "
            "the first a letter, a digit or '_'"
        )
    return name


def volume_path(data: Path, name: str) -> Path:
    """The directory of a volume."""
    return data / VOLUMES / checked_name(name)


def snapshot_path(data: Path, name: str) -> Path:
    """The directory of a snapshot."""
    return data / SNAPSHOTS / checked_name(name)


def refuse_old_layout(data: Path) -> None:
    """Raises UnknownFormat when the copies lie in the data directory itself, as they once did."""
    found = [name for name in _OLD_MARKS if (data / name).exists()]
    if found:
        raise UnknownFormat(
            f"data directory {data} has the layout of format 1 ({found[0]!r} in it); this program"
            f" keeps volumes in {data}/{VOLUMES}: load a dump of the old server into a new one"
        )
