"""Parts of a snapshot or clone: what a zone on another host has of it, in its own data directory.

The writer's host freezes the volume (`zones.py`) and has the manifest that counts; each zone
elsewhere keeps the second names of its own copies' files under the same name, with a manifest that
says which copies these are. Requests (`zone_node.py`), NAME being that of a snapshot or volume::

    {"do": "part begin", "kind": KIND, "name": NAME}             an empty draft
    {"do": "part link", "kind": KIND, "name": NAME, "lsn": LSN}  ->  {"copies": [...]}  as "link"
    {"do": "part publish", "kind": KIND, "name": NAME, "frozen": MANIFEST}
    {"do": "part restore", "name": SNAPSHOT, "to": VOLUME, "volume": META}
    {"do": "part drop", "name": SNAPSHOT}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from redo import frozen
from redo.copier import Copier
from redo.disk import Disk
from redo.errors import VolumeError
from redo.frozen import Linked, frozen_of, link_copy
from redo.metadata import volume_of
from redo.quorum import ZONES
from redo.volumes import SNAPSHOTS, VOLUMES, checked_name, snapshot_path, volume_path

Fields = dict[str, Any]


class FrozenParts:
    """Those of one zone.

    volume_dir   of the volume that is served here: others lie beside it
    """

    def __init__(self, disk: Disk, volume_dir: str, zone: int) -> None:
        self._disk = disk
        self._data = Path(volume_dir).parent.parent
        self._zone = zone

    def answer(self, fields: Fields, copies: Sequence[Copier]) -> Fields:
        """Do what is asked. Raises VolumeError, OSError.

        copies   that are alive
        """
        match fields:
            case {"do": "part begin", "kind": str(kind), "name": str(name)}:
                frozen.draft_of(self._disk, self._path(kind, name))
                return {}
            case {"do": "part link", "kind": str(kind), "name": str(name), "lsn": int(lsn)}:
                draft = frozen.draft_name(self._path(kind, name))
                linked = [link_copy(copy.segment, draft, lsn, copy.durable) for copy in copies]
                return linked_fields(linked)
            case {"do": "part publish", "kind": str(kind), "name": str(name), "frozen": dict(made)}:
                path = self._path(kind, name)
                whole = replace(frozen_of(made, str(path)), elsewhere=self._others())
                frozen.put(self._disk, frozen.draft_name(path), path, whole)
                return {}
            case {"do": "part restore", "name": str(name), "to": str(to), "volume": dict(meta)}:
                source, volume = snapshot_path(self._data, name), volume_of(meta, "volume")
                frozen.refreeze(self._disk, source, volume_path(self._data, to), volume)
                return {}
            case {"do": "part drop", "name": str(name)}:
                path = snapshot_path(self._data, name)
                if self._disk.exists(str(path)):
                    frozen.remove(self._disk, path)
                return {}
        raise VolumeError(f"unknown request {fields!r:.200}")

    def _path(self, kind: str, name: str) -> Path:
        if kind not in (VOLUMES, SNAPSHOTS):
            raise VolumeError(f"{kind!r:.40} is neither {VOLUMES} nor {SNAPSHOTS}")
        return self._data / kind / checked_name(name)

    def _others(self) -> tuple[str, ...]:
        return tuple(name for zone, name in enumerate(ZONES) if zone != self._zone)


def linked_fields(linked: Sequence[Linked]) -> Fields:
    """The answer to "link"."""
    return {"copies": [asdict(one) for one in linked]}
