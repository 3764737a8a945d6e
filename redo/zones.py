"""The zones' processes, asked together: what concerns the whole volume when each has its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from redo import frozen
from redo.disk import Disk, FileDisk
from redo.environment import Clock, SystemClock
from redo.errors import LogUnavailable, VolumeError, VolumeLost
from redo.frozen import Frozen, Linked
from redo.metadata import copy_of
from redo.peers import Peer, request
from redo.quorum import COPIES, ZONES, can_write, copy_directory, volume_durable
from redo.rewind import rewound
from redo.timeline import History
from redo.zone_node import Survey, survey_of

logger = logging.getLogger(__name__)

_PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.02
_NEVER: Final = 1 << 62

Fields = dict[str, Any]
COPY_NAMES: Final = tuple(copy_directory(copy_no) for copy_no in range(COPIES))


class Zones:
    """All zones' processes, by number from 0."""

    def __init__(
        self, zones: Mapping[int, Peer], clock: Clock | None = None, elsewhere: Sequence[int] = ()
    ) -> None:
        self._zones = zones
        self._elsewhere = elsewhere  #: those with a data directory of their own, on other hosts
        self._clock = clock or SystemClock()
        self._said: dict[int, str] = {}  #: why each zone last failed

    def ask_all(self, fields: Fields, zones: Sequence[int] | None = None) -> dict[int, Fields]:
        """What the zones answer; those that fail are left out."""
        answers = {}
        for zone in self._zones if zones is None else zones:
            try:
                answers[zone] = request(self._zones[zone], fields)
                self._said.pop(zone, None)
            except VolumeError as error:
                if self._said.get(zone) != str(error):
                    logger.warning("%s: %s: %s", ZONES[zone], fields["do"], error)
                self._said[zone] = str(error)
        return answers

    def surveys(self) -> dict[int, Survey]:
        """What the zones have that answer."""
        answers = self.ask_all({"do": "survey"})
        return {zone: survey_of(found) for zone, found in answers.items()}

    def newest_history(self) -> History:
        """The newest history a zone knows."""
        known = [found.history for found in self.surveys().values()]
        return max(known, key=lambda history: history.latest_epoch, default=History())

    def install(self, history: History, vdl: int, zones: Sequence[int] | None = None) -> set[int]:
        """Make a history durable; on which copies it is."""
        fields = {"do": "install", "history": asdict(history), "vdl": vdl}
        answers = self.ask_all(fields, zones).values()
        return {int(copy_no) for found in answers for copy_no in found["copies"]}

    def install_on_quorum(
        self, history: History, vdl: int, zones: Sequence[int] | None = None
    ) -> None:
        """The same; raises VolumeLost when it is not on a write quorum."""
        done = self.install(history, vdl, zones)
        if not can_write([copy_no in done for copy_no in range(COPIES)]):
            raise VolumeLost(f"epoch {history.latest_epoch} is on {len(done)} of 6 copies: too few")

    # the volume as a whole, when it is served

    def _statuses(self) -> list[Fields]:
        found = [one for one in self.ask_all({"do": "status"}).values() if "vdl" in one]
        if not found:
            raise VolumeError("no zone's storage answers")
        return found

    def _vdl(self) -> int:
        """How far the log is durable: at least what it was when this was asked.

        Zones on other hosts hear of VDL a little late, and what a copy has that is dead or does
        not answer may have counted: until those who answer have it, VDL is not known.
        Raises LogUnavailable when they do not get it in time.
        """
        deadline, most = self._clock.monotonic_s() + _PATIENCE_S, _NEVER
        while True:
            known, possible = durable_between(self._statuses())
            most = min(most, possible)
            if known >= most:
                return known
            if self._clock.monotonic_s() > deadline:
                raise LogUnavailable(f"the log is durable to LSN {known}, or to {most}: copies lag")
            self._clock.sleep(_LOOK_S)

    def locate(self, to_us: int) -> Fields:
        """The last state not later than `to_us`. Raises VolumeError."""
        reason = VolumeError("no zone's storage answers")
        vdl = self._vdl()
        for zone in self._zones.values():
            try:
                return request(zone, {"do": "locate", "to_us": to_us, "vdl": vdl})
            except VolumeError as error:
                reason = error
        raise reason

    def rewind(self, to_us: int) -> Fields:
        """As `Storage.rewind`: nobody may write any more, and all storage must start anew."""
        target = self.locate(to_us)
        statuses = self._await_copies()
        ends = [int(copy["durable"]) for one in statuses for copy in one["copies"]]
        end = max([*ends, *(int(one["published"]) for one in statuses)])
        now_us = max(self._clock.wall_us(), *(int(one["batch_us"]) for one in statuses))
        history = rewound(self.newest_history(), target["lsn"], end, now_us)
        self.install_on_quorum(history, end)
        return target

    def _await_copies(self) -> list[Fields]:
        """Statuses, when every live copy has all that was published, or not for a long time: one
        that lacks the end of what is undone could not go forward to it again."""
        clock = self._clock
        deadline = clock.monotonic_s() + _PATIENCE_S
        while True:
            statuses = self._statuses()
            end = max(int(one["published"]) for one in statuses)
            live = [copy for one in statuses for copy in one["copies"] if copy["state"] == "live"]
            if all(int(copy["durable"]) >= end for copy in live):
                return statuses
            if clock.monotonic_s() > deadline:
                return statuses
            clock.sleep(_LOOK_S)

    # snapshots and clones

    def freeze(self, path: Path, origin: str, disk: Disk | None = None) -> Frozen:
        """As `Storage.freeze`; zones elsewhere keep their parts (`frozen_parts.py`)."""
        disk = disk or FileDisk()
        lsn = self._vdl()
        frozen.must_have_begun(lsn)
        clock_us = self._clock.wall_us()
        parent = next((found.volume for found in self.surveys().values() if found.volume), None)
        draft = frozen.draft_of(disk, path)
        here = [zone for zone in self._zones if zone not in self._elsewhere]
        part: Fields = {"kind": path.parent.name, "name": path.name}
        there = list(self.ask_all({"do": "part begin", **part}, self._elsewhere))
        answers = self.ask_all({"do": "link", "draft": draft, "lsn": lsn}, here)
        answers |= self.ask_all({"do": "part link", **part, "lsn": lsn}, there)
        linked = [
            Linked(copy_of(one["meta"], draft), int(one["images"]), int(one["durable"]))
            for found in answers.values()
            for one in found["copies"]
        ]
        if parent is None:
            raise VolumeLost("no zone's storage answers")
        _check_quorum(linked, lsn)
        made = frozen.manifest(parent, self.newest_history(), linked, lsn, origin, clock_us)
        there = [zone for zone in there if zone in answers]
        made = replace(made, elsewhere=tuple(ZONES[zone] for zone in there))
        done = self.ask_all({"do": "part publish", **part, "frozen": asdict(made)}, there)
        lost = [zone for zone in there if zone not in done]
        _check_quorum([one for one in linked if one.meta.copy_no // 2 not in lost], lsn)
        frozen.put(disk, draft, path, made)
        return made

    def restore(self, snapshot: Path, path: Path) -> Frozen:
        """Make the volume `path` of a snapshot of which zones elsewhere have parts."""
        disk = FileDisk()
        found = frozen.load(disk, snapshot)
        volume = frozen.heir(found, f"snapshot {snapshot.name}")
        fields = {"do": "part restore", "name": snapshot.name, "to": path.name}
        self._all_parts(found, {**fields, "volume": asdict(volume)})
        return frozen.refreeze(disk, snapshot, path, volume)

    def drop(self, snapshot: Path) -> None:
        """Remove a snapshot, and what zones elsewhere have of it."""
        disk = FileDisk()
        self._all_parts(frozen.load(disk, snapshot), {"do": "part drop", "name": snapshot.name})
        frozen.remove(disk, snapshot)

    def _all_parts(self, found: Frozen, fields: Fields) -> None:
        zones = [ZONES.index(name) for name in found.elsewhere]
        done = self.ask_all(fields, zones)
        missing = [ZONES[zone] for zone in zones if zone not in done]
        if missing:
            why = "; ".join(self._said.get(ZONES.index(name), "no answer") for name in missing)
            raise VolumeError(f"{', '.join(missing)}: {why}")


def durable_between(statuses: Sequence[Fields]) -> tuple[int, int]:
    """How far the log is durable at least, and at most: if those copies have all that was
    published which are dead, or whose zones do not answer."""
    vdl = max(int(one["vdl"]) for one in statuses)
    published = max(int(one["published"]) for one in statuses)
    least, most = [0] * COPIES, [published] * COPIES
    for one in statuses:
        for copy in one["copies"]:
            if copy["state"] == "live":
                copy_no = COPY_NAMES.index(str(copy["copy"]))
                least[copy_no] = most[copy_no] = int(copy["durable"])
    return max(vdl, volume_durable(least)), volume_durable(most)


def _check_quorum(linked: Sequence[Linked], lsn: int) -> None:
    """Raises VolumeLost when copies that are durable up to `lsn` are no write quorum."""
    there = {one.meta.copy_no for one in linked if one.durable >= lsn}
    if not can_write([copy_no in there for copy_no in range(COPIES)]):
        raise VolumeLost("too few copies are alive: a write quorum is needed")
