"""Recovery and fencing of a volume whose zones are processes of their own.

Whoever becomes the writer does it, in Aurora's order:
 1  a new epoch is installed first (`fence`): from then on no zone takes log from an older writer,
    and each says how far its copies are complete
 2  any three of six copies, one of them full, decide VDL (`quorum.recovery_point`)
 3  the epoch that begins at VDL is made durable on as many: no earlier writer finds a write quorum
    without them. What lies above VDL is void. Copies behind it take what they lack from their peers
 4  the ring starts at VDL, and queries with it: nothing is replayed
Lost copies are made anew from then on; the writer waits until a write quorum is there.
A new writer beside a living ring loses nothing that was published: that becomes durable first, then
its epoch begins (`reign.take_over`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from redo.arena import Arena
from redo.control import Control
from redo.environment import Clock
from redo.errors import LogUnavailable, VolumeError, VolumeLost
from redo.log import Recovered, start_ring
from redo.metadata import VolumeMeta, is_like
from redo.peers import Peer
from redo.quorum import COPIES, ZONES, can_recover, copy_directory, recovery_point, with_epoch
from redo.reign import take_over
from redo.timeline import History
from redo.zone_node import Survey
from redo.zones import Zones

logger = logging.getLogger(__name__)

ALL_ZONES_S: Final = 5.0  #: so long is waited for a zone that does not answer
_RETRY_S: Final = 0.05

Fields = dict[str, Any]


class Coordinator(Zones):
    """Talks to the zones' processes on behalf of a writer.

    zones    by number from 0
    volume   constants of a new volume
    wake     wakes the copies' threads
    known    the volume that there must be; None: it may have to be made
    """

    def __init__(
        self,
        arena: Arena,
        clock: Clock,
        zones: Mapping[int, Peer],
        volume: VolumeMeta,
        wake: Callable[[], None],
        known: VolumeMeta | None = None,
    ) -> None:
        self._arena = arena
        self._control = Control(arena)
        super().__init__(zones, clock)
        self._volume = volume
        self._wake = wake
        self.known = known

    def open_writer(self, timeout_s: float = 60.0) -> Recovered:
        """Recover the volume if nobody has, fence earlier writers; where to go on writing."""
        if self._control.published == 0:
            self._recover()
        else:
            self._start(Recovered(0, self._control.published, 0))
        return take_over(self._arena, self._clock, self, timeout_s, self._wake, lambda: False)

    # a cold start

    def make_ready(self) -> None:
        """Have a volume in every zone that answers; a new one if there is none anywhere.

        Raises VolumeError when zones belong to different volumes, LogUnavailable when a new volume
        cannot be made because a zone does not answer.
        """
        surveys = self._survey_all()
        metas = {zone: found.volume for zone, found in surveys.items() if found.volume is not None}
        blank = [zone for zone in surveys if zone not in metas]
        ids = {meta.volume_id for meta in metas.values()}
        ids |= set() if self.known is None else {self.known.volume_id}
        if len(ids) > 1:
            named = ", ".join(f"{ZONES[zone]} {meta.volume_id}" for zone, meta in metas.items())
            here = "" if self.known is None else f"; known here: {self.known.volume_id}"
            raise VolumeError(f"the zones belong to different volumes: {named}{here}")
        if self.known is not None and not metas:
            raise VolumeLost(f"no zone that answers has volume {self.known.volume_id}")
        volume = next(iter(metas.values())) if metas else self._make_drafts(surveys)
        if volume.key is not None and not any(found.has_keys for found in surveys.values()):
            raise LogUnavailable("the volume is encrypted, and no zone has its keyring")
        done = self.ask_all({"do": "format", "volume": asdict(volume)}, blank)
        if not metas and len(done) < len(ZONES):
            raise LogUnavailable("a new volume is not made in all zones yet")
        self.known = volume

    def _make_drafts(self, surveys: Mapping[int, Survey]) -> VolumeMeta:
        """The first phase of a new volume (`directory.py`); the volume that all have drafts of.

        An earlier attempt may have come so far, or further than we know: then it is its volume.
        Raises LogUnavailable.
        """
        if len(surveys) < len(ZONES):
            missing = ", ".join(name for i, name in enumerate(ZONES) if i not in surveys)
            raise LogUnavailable(f"a new volume needs all zones; no answer from {missing}")
        drafts = {zone: found.draft for zone, found in surveys.items() if found.draft is not None}
        volume = self._volume
        for draft in drafts.values():
            if is_like(draft, volume):
                volume = draft
                break
        lacking = [zone for zone in surveys if drafts.get(zone) != volume]
        done = self.ask_all({"do": "draft", "volume": asdict(volume)}, lacking)
        if len(done) < len(lacking):
            raise LogUnavailable("a new volume could not be begun in all zones")
        return volume

    def _survey_all(self) -> dict[int, Survey]:
        """Surveys of all zones, or after a while of those that answer."""
        deadline = self._clock.monotonic_s() + ALL_ZONES_S
        while True:
            found = self.surveys()
            if len(found) == len(ZONES) or self._clock.monotonic_s() > deadline:
                return found
            self._clock.sleep(_RETRY_S)

    def _recover(self) -> None:
        """Steps 1 to 4. Raises VolumeLost, LogUnavailable."""
        self.make_ready()
        surveys = self._survey_all()
        history = max(
            (found.history for found in surveys.values()),
            key=lambda known: known.latest_epoch,
            default=History(),
        )
        epoch = 1 + max([history.latest_epoch, *(found.fence for found in surveys.values())])
        fence = {"do": "fence", "epoch": epoch, "history": asdict(history)}
        answers = self.ask_all(fence, list(surveys))
        complete: list[int | None] = [None] * COPIES
        last: dict[int, tuple[int, int]] = {}
        for found in answers.values():
            for copy_no, lsn in found["complete"].items():
                complete[int(copy_no)] = int(lsn)
                batch, clock_us = map(int, found["last"][copy_no])
                last[int(lsn)] = batch, clock_us
        vdl = recovery_point(complete)
        if vdl is None:
            missing = [copy_directory(no) for no in range(COPIES) if complete[no] is None]
            text = f"{COPIES - len(missing)} of 6 copies are readable; 3 are needed, one full"
            raise VolumeLost(f"{text}; not there: {', '.join(missing)}")
        logger.info("recovery: copies complete to %s, VDL %d", complete, vdl)
        history = replace(history, epochs=with_epoch(history.epochs, epoch, vdl))
        done = self.install(history, vdl, list(answers))
        if not can_recover([copy_no in done for copy_no in range(COPIES)]):
            raise VolumeLost(f"epoch {epoch} is on {len(done)} of 6 copies: too few")
        batch, clock_us = last[vdl]
        recovered = Recovered(epoch, vdl, batch, history.no_earlier_than(clock_us))
        start_ring(self._arena, recovered)
        self._start(recovered)

    def _start(self, recovered: Recovered) -> None:
        epoch, vdl, last_batch = recovered.epoch, recovered.vdl, recovered.last_batch
        self.ask_all({"do": "start", "vdl": vdl, "epoch": epoch, "last_batch": last_batch})
