"""What storage can be asked to do besides reading pages, as JSON both ways.

::

    {"do": "freeze", "path": DIRECTORY}      ->  {"lsn", "clock_us", "page_bytes", "log_bytes",
                                                  "took_us", "cpu_us"}
    {"do": "locate", "to_us": CLOCK}         ->  {"lsn", "clock_us"}   a state that can be gone to;
                                                  may say "vdl", if that is further than known here
    {"do": "rewind", "to_us": CLOCK}         ->  the same; storage must then be started again
    {"do": "status"}                         ->  `health.describe`
    {"do": "stand"}                          ->  {"epoch", "vdl", "durable"}  of our furthest copy
    {"do": "members"}                        ->  {"members"}   who they are (`members.py`)
    {"do": "install members", "members": M}  ->  {"copies"}    on which that is durable now
    {"do": "lend" | "give back", "copy": N}  ->  `Lending.lend`; {}

`storage_server` answers them on its socket; commands that find nothing running open the volume and
answer them themselves.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from redo.errors import VolumeError
from redo.frozen import Frozen
from redo.members import Members, members_of
from redo.storage import Storage
from redo.timeline import Mark

Fields = dict[str, Any]


def answer(storage: Storage, request: Fields) -> Fields:
    """Do what is asked. Raises VolumeError, OSError."""
    match request:
        case {"do": "freeze", "path": str(path)}:
            started, worked = time.monotonic(), time.thread_time()
            frozen = storage.freeze(Path(path))
            took_us = round((time.monotonic() - started) * 1e6)
            cpu_us = round((time.thread_time() - worked) * 1e6)
            return {**described(frozen), "took_us": took_us, "cpu_us": cpu_us}
        case {"do": "locate", "to_us": int(to_us), **rest}:
            vdl = rest.get("vdl")
            return _state(storage.locate(to_us, vdl if isinstance(vdl, int) else None))
        case {"do": "rewind", "to_us": int(to_us)}:
            return _state(storage.rewind(to_us))
        case {"do": "status"}:
            return storage.status()
        case {"do": "stand"}:
            durable = max((copier.durable for copier in storage.live()), default=0)
            control = storage.control
            return {"epoch": abs(control.epoch), "vdl": control.vdl, "durable": durable}
        case {"do": "members"}:
            return {"members": asdict(storage.members)}
        case {"do": "install members", "members": dict(members)}:
            return {"copies": sorted(storage.install_members(_members(members)))}
        case {"do": "lend", "copy": int(copy_no)}:
            return storage.lending.lend(storage.segment_of(copy_no))
        case {"do": "give back", "copy": int(copy_no)}:
            storage.lending.take_back(copy_no)
            return {}
    raise VolumeError(f"unknown request {request!r:.200}")


def _members(fields: Fields) -> Members:
    try:
        return members_of(fields)
    except (TypeError, KeyError, ValueError):
        raise VolumeError("not members") from None


def described(frozen: Frozen) -> Fields:
    """What people want to know of it."""
    return {
        "lsn": frozen.lsn,
        "clock_us": frozen.clock_us,
        "page_bytes": frozen.page_bytes,
        "log_bytes": frozen.log_bytes,
    }


def _state(mark: Mark) -> Fields:
    return {"lsn": mark.lsn, "clock_us": mark.clock_us}
