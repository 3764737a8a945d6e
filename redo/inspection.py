"""A volume that nobody serves, looked at: what each copy has, by its files alone."""

from __future__ import annotations

import os
from typing import Any, Final

from redo import health
from redo.arena import Arena, create_ring
from redo.environment import system_environment
from redo.log import new_state
from redo.metadata import load_volume
from redo.quorum import COPIES
from redo.recovery import merged_history, merged_members, open_segments, scan_segments
from redo.timeline import NEVER

_RING_BYTES: Final = 4 << 20
_PRIVATE_BYTES: Final = 16 << 30

Fields = dict[str, Any]


def inspect(volume_dir: str) -> Fields:
    """As `health.describe`, of a volume whose lock the caller holds. Raises VolumeError, OSError.

    Nothing is decided: no epoch begins, nothing is rebuilt.
    """
    environment = system_environment()
    ring_fd = create_ring(_RING_BYTES)
    arena = Arena(ring_fd, _PRIVATE_BYTES)
    try:
        volume = load_volume(environment.disk, volume_dir)
        st = new_state(arena, volume.page_bytes)
        segments = open_segments(environment.disk, volume_dir, volume, arena, st)
        history = merged_history(segments)
        scan_segments(environment.tasks, segments, history, NEVER)
        rows = health.stopped_rows(segments)
        live = [segment is not None for segment in segments]
        ends = [segment.complete for segment in segments if segment is not None]
        fields = {
            "state": health.volume_state(live, [False] * COPIES, [False] * COPIES),
            "served": False,
            "vdl": max(ends, default=0),
            "published": max(ends, default=0),
            "epoch": history.latest_epoch,
            "copies": rows,
            "pins": [],
            "archive": {},
            "volume_id": volume.volume_id,
            "page_size": volume.page_bytes,
            "group_bytes": volume.pg_pages * volume.page_bytes,
            "groups": max((s.meta.groups for s in segments if s is not None), default=1),
            "membership_epoch": merged_members(segments).epoch,
        }
        for segment in segments:
            if segment is not None:
                segment.close()
        return fields
    finally:
        arena.close()
        os.close(ring_fd)
