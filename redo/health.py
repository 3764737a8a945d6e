"""How the volume is: of the whole what the control block says, of each copy what has it says.

The control block is enough for the state of all six copies, wherever they are, and for counters;
what only their own process knows (sizes, checkpoints, why one is dead) comes from `describe` of
that process, and `merged` puts it together.

States of a volume, the worst that applies::

    lost       fewer than three copies, or no full one: nothing can be decided; what is known
               durable is still read from full copies that are left
    read-only  no write quorum: what is written waits, and goes on when a copy is back
    full       copies of a write quorum are there, but have no room for log: changes are refused
    degraded   a copy is missing, behind or damaged; reads and writes go on
    healthy
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from redo import faults
from redo.arena import CONTROL_AT, CONTROL_BYTES
from redo.control import (
    COPIES,
    COPY_DURABLE,
    COPY_ERRNO,
    COPY_STATE,
    COUNT_DAMAGED,
    COUNT_FAULTS,
    COUNT_LOG_BYTES,
    COUNT_LOG_SYNCS,
    COUNT_LOG_WRITES,
    COUNT_MENDED,
    COUNT_PAGE_BYTES,
    COUNT_PAGE_READS,
    COUNT_PAGE_WRITES,
    COUNT_REBUILD_ALL,
    COUNT_REBUILD_DONE,
    COUNT_REBUILT,
    COUNT_SCRUBBED,
    CTRL_BATCH_CLOCK,
    CTRL_PUBLISHED,
    REPLICA_READ_POINT,
    REPLICAS_MAX,
    STATE_DEAD,
    STATE_FILLING,
    STATE_LIVE,
    STATE_NAMES,
    Control,
    copy_word,
    replica_word,
)
from redo.quorum import ZONES, can_recover, can_write, copy_directory
from redo.quorum import is_full as has_pages
from redo.rewind import kept_by

if TYPE_CHECKING:
    from redo.segment import Segment
    from redo.storage import Storage

Fields = dict[str, Any]

HEALTHY: Final = "healthy"
DEGRADED: Final = "degraded"
FULL: Final = "full"
READ_ONLY: Final = "read-only"
LOST: Final = "lost"

#: What nobody knows of a copy that is not open.
_UNKNOWN: Final[Fields] = {
    "member": None,
    "checkpoint": 0,
    "kept": 0,
    "images": 0,
    "reason": "",
    "log_bytes": 0,
    "page_bytes": 0,
}

#: A copy that has so much less log than others is behind.
BEHIND_BYTES: Final = 4 << 20

COUNTERS: Final = {
    "log_writes": COUNT_LOG_WRITES,
    "log_bytes_written": COUNT_LOG_BYTES,
    "log_syncs": COUNT_LOG_SYNCS,
    "page_reads": COUNT_PAGE_READS,
    "page_writes": COUNT_PAGE_WRITES,
    "page_bytes_written": COUNT_PAGE_BYTES,
    "scrubbed_bytes": COUNT_SCRUBBED,
    "damaged": COUNT_DAMAGED,
    "mended": COUNT_MENDED,
    "rebuilt": COUNT_REBUILT,
    "simulated_failures": COUNT_FAULTS,
}


class ControlSnapshot(Control):
    """The control block as it was, for who has the ring's descriptor and no arena."""

    def __init__(self, ring_fd: int) -> None:
        data = bytes(CONTROL_AT) + os.pread(ring_fd, CONTROL_BYTES, 0)
        self._words = np.frombuffer(data, np.int64).copy()


def is_live(state: int) -> bool:
    """Does a copy in this state count for the quorum?"""
    return state in (STATE_LIVE, STATE_FILLING)


def has_no_room(control: Control, copy_no: int) -> bool:
    """Does a copy wait for room on its disk?"""
    code = control.get(copy_word(copy_no, COPY_ERRNO))
    live = is_live(control.get(copy_word(copy_no, COPY_STATE)))
    return live and code in (errno.ENOSPC, errno.EDQUOT)


def is_full(control: Control) -> bool:
    """Can nothing be written because copies have no room for log?"""
    no_room = [has_no_room(control, copy_no) for copy_no in range(COPIES)]
    return any(no_room) and state_of(control) == FULL


def volume_state(live: Sequence[bool], no_room: Sequence[bool], worse: Sequence[bool]) -> str:
    """State of a volume whose copies count, wait for room, or are not well."""
    if not can_recover(live):
        return LOST
    if not can_write(live):
        return READ_ONLY
    if not can_write([alive and not full for alive, full in zip(live, no_room, strict=True)]):
        return FULL
    return DEGRADED if any(worse) or not all(live) or any(no_room) else HEALTHY


def state_of(control: Control) -> str:
    """State of the volume, by the control block alone."""
    rows = copy_rows(control, 0)
    return volume_state(
        [row["state"] in ("live", "filling") for row in rows],
        [has_no_room(control, i) for i in range(COPIES)],
        [row["health"] != "ok" for row in rows],
    )


def copy_rows(control: Control, now_us: int) -> list[Fields]:
    """What the control block says of each copy. `now_us`: 0 leaves simulated faults out."""
    durable = control.durable()
    furthest = max(durable)
    rows = []
    for copy_no in range(COPIES):
        state = control.get(copy_word(copy_no, COPY_STATE))
        row: Fields = {
            **_place(copy_no),
            "state": STATE_NAMES.get(state, str(state)),
            "durable": control.get(copy_word(copy_no, COPY_DURABLE)),
            "behind_bytes": furthest - durable[copy_no] if is_live(state) else 0,
            "simulated": faults.of_disk(control, copy_no).text(now_us) if now_us else "",
        }
        row |= {name: control.counted(copy_no, word) for name, word in COUNTERS.items()}
        row["health"] = _health(control, copy_no, state, row["behind_bytes"])
        rows.append(row)
    return rows


def _health(control: Control, copy_no: int, state: int, behind_bytes: int) -> str:
    whole = control.counted(copy_no, COUNT_REBUILD_ALL)
    if whole:
        done = control.counted(copy_no, COUNT_REBUILD_DONE)
        return f"rebuilding, {min(99, 100 * done // whole)} %"
    if state == STATE_DEAD:
        code = control.get(copy_word(copy_no, COPY_ERRNO))
        return f"dead ({errno.errorcode.get(code, code)})" if code else "dead"
    if not is_live(state):
        return "absent"
    if has_no_room(control, copy_no):
        return "no room"
    if state == STATE_FILLING or behind_bytes > BEHIND_BYTES:
        return "behind"
    if control.counted(copy_no, COUNT_DAMAGED) > control.counted(copy_no, COUNT_MENDED):
        return "damaged"
    return "ok"


def pins_of(control: Control, pins: Mapping[str, int]) -> list[Fields]:
    """Who keeps which states: replicas by their read points, and others by name."""
    points = {
        f"replica-{number + 1}": control.get(replica_word(number, REPLICA_READ_POINT))
        for number in range(REPLICAS_MAX)
    }
    held = {who: lsn for who, lsn in points.items() if lsn} | dict(pins)
    vdl = control.vdl
    return [
        {"who": who, "lsn": lsn, "behind_bytes": max(0, vdl - lsn)}
        for who, lsn in sorted(held.items(), key=lambda item: item[1])
    ]


def from_control(control: Control, now_us: int) -> Fields:
    """The volume, as far as the control block knows it: also while storage is down."""
    rows = copy_rows(control, now_us)
    batch_us = control.get(CTRL_BATCH_CLOCK)
    return {
        "state": state_of(control),
        "vdl": control.vdl,
        "published": control.get(CTRL_PUBLISHED),
        "batch_us": batch_us,
        "ahead_us": max(0, batch_us - now_us),  # the clock of the log, of this host's
        "epoch": control.epoch,
        "copies": rows,
        "pins": pins_of(control, {}),
        "archive": {},
    }


def describe(storage: Storage) -> Fields:
    """What this process knows of its copies and of the volume."""
    now_us = storage.environment.clock.wall_us()
    fields = from_control(storage.control, now_us)
    fields["copies"] = [row for row in fields["copies"] if row["copy_no"] in storage.copies]
    for row in fields["copies"]:
        copier = storage.copiers[row["copy_no"]]
        if copier is None:
            row |= _UNKNOWN
            continue
        row |= {**_sizes(copier.segment), "reason": copier.reason}
    volume = storage.volume
    return fields | {
        "served": True,
        "volume_id": volume.volume_id,
        "page_size": volume.page_bytes,
        "group_bytes": volume.pg_pages * volume.page_bytes,
        "groups": storage.geometry.groups,
        "membership_epoch": storage.membership_epoch,
        "pins": pins_of(storage.control, storage.pins),
        "archive": storage.archive_status(),
        "backtrack": kept_by(storage),
    }


def stopped_rows(segments: Sequence[Segment | None]) -> list[Fields]:
    """What files say of copies that no process has open for use."""
    ends = [segment.complete for segment in segments if segment is not None]
    rows = []
    for copy_no, segment in enumerate(segments):
        row: Fields = {
            **_place(copy_no),
            "state": "missing" if segment is None else "stopped",
            "health": "cannot be read" if segment is None else "ok",
            "durable": 0 if segment is None else segment.complete,
            "behind_bytes": 0 if segment is None else max(ends) - segment.complete,
            "simulated": "",
            **_UNKNOWN,
            **dict.fromkeys(COUNTERS, 0),
        }
        if segment is not None:
            row |= _sizes(segment)
        rows.append(row)
    return rows


def _place(copy_no: int) -> Fields:
    return {
        "copy_no": copy_no,
        "copy": copy_directory(copy_no),
        "zone": ZONES[copy_no // 2],
        "kind": "full" if has_pages(copy_no) else "tail",
    }


def _sizes(segment: Segment) -> Fields:
    return {
        "member": segment.meta.number,
        "checkpoint": segment.mark.lsn,
        "kept": segment.meta.kept,
        "images": segment.images,
        "log_bytes": segment.log.file_bytes,
        "page_bytes": segment.images * segment.volume.page_bytes,
    }


def from_silent(base: Fields, copies: Sequence[int], said: Fields, age_s: float) -> Fields:
    """As from a process that does not answer: what it said `age_s` ago ({}: it never did), except
    for what `base` (`from_control`) knows better."""
    known = {row["copy_no"]: row for row in said.get("copies", ())}
    kept = {who["who"] for who in base["pins"]}
    rows = []
    for row in base["copies"]:
        if row["copy_no"] in copies:
            reason = row.get("reason") or f"its process has not answered for {age_s:.0f} s"
            rows.append({**known.get(row["copy_no"], {}), **row, "reason": reason})
    pins = [pin for pin in said.get("pins", ()) if pin["who"] not in kept]
    return {"archive": {}, **said, "copies": rows, "pins": pins}


def without(base: Fields, copies: Sequence[int]) -> Fields:
    """`from_control` when the process of these copies is gone, which the control block need not
    know: they are absent, and the volume is as it is without them."""
    rows = list(base["copies"])
    for copy_no in copies:
        rows[copy_no] = rows[copy_no] | {"state": "absent", "health": "absent", "behind_bytes": 0}
    live = [row["state"] in ("live", "filling") for row in rows]
    no_room = [row["health"] == "no room" for row in rows]
    state = volume_state(live, no_room, [row["health"] != "ok" for row in rows])
    return base | {"copies": rows, "state": state}


def merged(base: Fields, others: Sequence[Fields]) -> Fields:
    """One description out of those of several processes, each of which knows its own copies best.

    base   `from_control`;  others   `describe` of every process that answers
    """
    fields = dict(base)
    rows = {row["copy_no"]: row for row in base["copies"]}
    pins = {pin["who"]: pin for pin in base["pins"]}
    for other in others:
        for row in other["copies"]:
            rows[row["copy_no"]] |= row
        pins |= {pin["who"]: pin for pin in other["pins"]}
        known = {key: value for key, value in other.items() if key not in fields}
        fields |= known
        fields["archive"] = other["archive"] or fields["archive"]
    fields["copies"] = [rows[number] for number in sorted(rows)]
    fields["pins"] = sorted(pins.values(), key=lambda pin: int(pin["lsn"]))
    return fields
