"""The copies of one zone in a process of their own, and what it can be told.

::

    blank ──format──► closed ──start──► open            blank   no volume here
      ▲                 ▲  └─fence─┐      │              closed  files are open, no copy counts
      └──── (files) ────┴──────────┴◄─fence┘              open    copies take log and count

    {"do": "survey"}                     ->  {"state", "volume", "draft", "history", "fence",
                                              "keys"}     can it unwrap data keys?
    {"do": "draft", "volume": META}          makes empty copies of a volume that there is not yet
    {"do": "format", "volume": META}         makes a volume of its draft; without one the copies
                                             are lost ones, to be made anew from their peers
    {"do": "fence", "epoch": N, "history": H}  ->  {"complete": {copy: LSN},
                                                    "last": {copy: (LSN, µs)}}   of the last batch
    {"do": "install", "history": H, "vdl": LSN}  ->  {"copies": [...]}   on which it is durable now
    {"do": "start", "vdl": LSN, "epoch": N, "last_batch": LSN}
    {"do": "link", "draft": PATH, "lsn": LSN}    ->  {"copies": [...]}   (`frozen.Linked`)

and what `frozen_parts.py` and, once open, `requests.py` know. Who recovers the volume
(`coordinator.py`) sends survey, fence, install, start, in this order. A process that is restarted
beside a living writer starts by itself: the ring says how far the log is, its peers what the volume
has been through.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from redo import requests
from redo.control import CTRL_EPOCH, CTRL_PUBLISHED, CTRL_VDL, Control
from redo.directory import draft_of_zone, draft_zone, is_zone, make_zone
from redo.errors import LogUnavailable, StaleEpoch, VolumeError
from redo.frozen import link_copy
from redo.frozen_parts import FrozenParts, linked_fields
from redo.log import Recovered, start_ring
from redo.messages import Opening
from redo.metadata import VolumeMeta, history_of, volume_of
from redo.peers import Peers
from redo.recovery import fill_laggards, merged_history, set_history
from redo.segment import Segment
from redo.storage import Storage
from redo.timeline import NEVER, History

logger = logging.getLogger(__name__)

BLANK: Final = "blank"
CLOSED: Final = "closed"
OPEN: Final = "open"

Fields = dict[str, Any]


class ZoneNode:
    """One zone's storage.

    make      makes a `Storage` of this zone's copies, not open
    shared    is the ring that of the writer? Otherwise it is ours alone, fed by a `Receiver`
    opened    called with the storage each time it opened;  closing  before it closes
    lock      held while the state changes, and by whoever puts log into a ring of our own
    """

    def __init__(
        self,
        make: Callable[[], Storage],
        peers: Peers,
        shared: bool,
        opened: Callable[[Storage], None],
        closing: Callable[[], None],
    ) -> None:
        self._make = make
        self.peers = peers
        self._shared = shared
        self._opened = opened
        self._closing = closing
        self.lock = threading.RLock()
        self._fence = 0
        self._scanned = self._installed = False
        self.state = BLANK
        self._storage = storage = make()
        self._parts = FrozenParts(storage.disk, storage.data_dir, storage.copies[0] // 2)
        self._prepare()

    @property
    def control(self) -> Control:
        """Control block of this process's ring."""
        return self._storage.control

    @property
    def fence(self) -> int:
        """No earlier epoch begins any more, nor this one again."""
        return max(self._fence, self._storage.history.latest_epoch)

    @property
    def log_fence(self) -> int:
        """Log is refused that comes from a ring of an earlier epoch than this.

        Not `fence`: when a writer replaces another on its ring, nothing of that is cut off; zones
        may know the new epoch, and the ring not yet, or never if that came to nothing halfway.
        """
        return self._fence

    def storage(self) -> Storage:
        """The open volume. Raises VolumeError when it is not."""
        if self.state != OPEN:
            raise LogUnavailable(f"storage is {self.state}")
        return self._storage

    def log_storage(self) -> Storage:
        """The volume, open or closed: its log can be read. Raises VolumeError."""
        if self.state == BLANK:
            raise LogUnavailable("there is no volume here")
        return self._storage

    def _prepare(self) -> None:
        storage = self._storage
        self._scanned = self._installed = False
        if not is_zone(storage.disk, storage.data_dir, storage.copies):
            return
        storage.prepare()
        present = [segment for segment in storage.opening if segment is not None]
        self._fence = max((segment.meta.fence for segment in present), default=0)
        self.state = CLOSED

    def _reopen(self) -> None:
        """Back to closed, with files as they are on disk."""
        if self.state == OPEN:
            self._closing()
        self._storage.close()
        self.state = BLANK
        self._storage = self._make()
        self._prepare()

    def stop_waiting(self) -> None:
        """Nobody who waits for something in here goes on waiting: `close` follows."""
        self._storage.stopping = True

    def close(self) -> None:
        """Stop and close everything."""
        with self.lock:
            if self.state == OPEN:
                self._closing()
            self.state = BLANK
            self._storage.close()

    # requests

    def request(self, fields: Fields) -> Fields:
        """Do what is asked. Raises VolumeError, OSError."""
        match fields:
            case {"do": "survey"}:
                return self._survey()
            case {"do": "draft", "volume": dict(volume)}:
                return self._draft(volume_of(volume, "volume"))
            case {"do": "format", "volume": dict(volume)}:
                return self._format(volume_of(volume, "volume"))
            case {"do": "fence", "epoch": int(epoch), "history": dict(history)}:
                return self._set_fence(epoch, _history(history))
            case {"do": "install", "history": dict(history), "vdl": int(vdl)}:
                return self._install(_history(history), vdl)
            case {"do": "start", "vdl": int(vdl), "epoch": int(epoch), "last_batch": int(last)}:
                with self.lock:
                    if self.state != OPEN and not self._shared:
                        start_ring(self._storage.arena, Recovered(epoch, vdl, last))
                self.go_on()
                return {}
            case {"do": "link", "draft": str(draft), "lsn": int(lsn)}:
                with self.storage().right_of_way:
                    live = self.storage().live()
                return linked_fields([link_copy(c.segment, draft, lsn, c.durable) for c in live])
            case {"do": str(what)} if what.startswith("part "):
                live = self.storage().live() if what == "part link" else []
                return self._parts.answer(fields, live)
            case {"do": "status"} if self.state != OPEN:
                return self._closed_status()
        return requests.answer(self.storage(), fields)

    def _survey(self) -> Fields:
        storage = self._storage
        volume = None if self.state == BLANK else asdict(storage.volume)
        draft = None
        if self.state == BLANK:
            draft = draft_of_zone(storage.disk, storage.data_dir, storage.copies)
        history = self._known_history()
        return {
            "state": self.state,
            "volume": volume,
            "draft": None if draft is None else asdict(draft),
            "history": asdict(history),
            "fence": self.fence,
            "keys": storage.keys is not None,
        }

    def _closed_status(self) -> Fields:
        copies = [
            {
                "copy": segment.name,
                "state": "live" if self._scanned else "closed",
                "durable": segment.complete,
            }
            for segment in self._storage.opening
            if segment is not None
        ]
        return {"copies": copies}

    def _known_history(self) -> History:
        if self.state == OPEN:
            return self._storage.history
        return merged_history(self._storage.opening) if self.state == CLOSED else History()

    def _draft(self, volume: VolumeMeta) -> Fields:
        with self.lock:
            self._must_be_blank()
            storage = self._storage
            draft_zone(storage.disk, storage.data_dir, volume, storage.copies)
            return {}

    def _format(self, volume: VolumeMeta) -> Fields:
        with self.lock:
            self._must_be_blank()
            storage = self._storage
            make_zone(storage.disk, storage.data_dir, volume, storage.copies)
            self._reopen()
            return {}

    def _must_be_blank(self) -> None:
        if self.state != BLANK:
            raise VolumeError("there is a volume already")

    def _set_fence(self, epoch: int, history: History) -> Fields:
        """From now on nobody writes here who has an earlier epoch; how far our copies are."""
        with self.lock:
            if epoch <= self.fence:
                raise StaleEpoch(f"epoch {epoch} is over: the fence is at {self.fence}")
            if self.state == BLANK:
                raise VolumeError("there is no volume here")
            if not self._shared:  # what is in our ring is of an earlier writer's
                for word in (CTRL_PUBLISHED, CTRL_VDL, CTRL_EPOCH):
                    self.control.put(word, 0)
            if self.state == OPEN or self._scanned:
                self._reopen()
            for segment in self._present():
                segment.set_fence(epoch)
            self._fence = epoch
            self._storage.scan(history, NEVER)
            self._scanned = True
            copies = self._present()
            return {
                "complete": {segment.copy_no: segment.complete for segment in copies},
                "last": {s.copy_no: (s.last_batch, s.last_clock_us) for s in copies},
            }

    def _present(self) -> list[Segment]:
        return [segment for segment in self._storage.opening if segment is not None]

    def _install(self, history: History, vdl: int) -> Fields:
        """Take over the volume's history; closed copies are first filled up to `vdl`."""
        with self.lock:
            if history.latest_epoch < self.fence:
                raise StaleEpoch(f"epoch {history.latest_epoch} is over")
            if self.state == OPEN:
                with self._storage.writer_lock:
                    self._storage.history = history
                    copies = [copier.segment for copier in self._storage.live()]
                    return {"copies": sorted(self._set_history(copies, history))}
            if not self._scanned:
                raise LogUnavailable("this zone is not recovered yet")
            fill_laggards(self._storage.opening, vdl, self.peers.logs)
            done = self._set_history(self._present(), history)
            self._installed = True
            return {"copies": sorted(done)}

    # opening

    def go_on(self) -> bool:
        """Open, when the ring has log: beside a living writer, or after `start`; open now?

        Raises VolumeError when it cannot be known what the volume has been through.
        """
        with self.lock:
            published = self.control.published
            if self.state == OPEN or published == 0:
                return self.state == OPEN
            if self.state == BLANK and not self._begin_anew():
                return False
            self._begin(self._scan(max(0, self.control.epoch), published))
            return True

    def _begin_anew(self) -> bool:
        """Have the volume of our open peers here, with copies that are to be made from theirs."""
        volume = self.peers.volume()
        if volume is None:
            return False
        storage = self._storage
        logger.warning("volume %s is begun anew here, from its other zones", volume.volume_id)
        make_zone(storage.disk, storage.data_dir, volume, storage.copies)
        self._reopen()
        return True

    def join(self, opening: Opening) -> int:
        """Open beside a living writer whose ring is elsewhere; from where on log is wanted.

        That may be beyond what was published when it was said: peers were quicker. What was told
        to be here stays readable, so the end of our log never goes back. Raises VolumeError.
        """
        with self.lock:
            if self.state == BLANK and not self._begin_anew():
                raise LogUnavailable("there is no volume here")
            if self.state == OPEN and opening.epoch > self._storage.history.latest_epoch:
                self._catch_up(self._newest_history(opening.epoch))
            if self.state == CLOSED:
                history = self._scan(opening.epoch, opening.published)
                self._start_ring(opening, max((s.complete for s in self._present()), default=0))
                self._begin(history)
            elif self.control.published < opening.floor:
                self._start_ring(opening, opening.published)  # peers fill the hole before it
            self._shut_out_before(opening.epoch)
            return self.control.published

    def _catch_up(self, history: History) -> None:
        """Take over what was decided without us; log that may be cut off is read anew."""
        storage = self._storage
        ours = storage.history
        later = [start for epoch, start in history.epochs if epoch > ours.latest_epoch]
        if history.jumps != ours.jumps or min(later) < self.control.published:
            self._reopen()
            return
        with storage.writer_lock:
            storage.history = history
            self._set_history(storage.segments(), history)

    def _shut_out_before(self, epoch: int) -> None:
        """Take log of no ring of an earlier epoch, durably. Raises OSError."""
        if epoch > self._fence:
            for segment in self._storage.segments():
                segment.set_fence(epoch)
            self._fence = epoch

    def _start_ring(self, opening: Opening, lsn: int) -> None:
        if not opening.floor <= lsn <= opening.published:
            lsn = opening.published
        start_ring(self._storage.arena, Recovered(opening.epoch, lsn, opening.last_batch))
        self._storage.wake_copies()

    def _scan(self, epoch: int, limit: int) -> History:
        """Learn what the volume has been through, and how far our copies are."""
        history = self._newest_history(epoch)
        if not self._installed:
            if self._scanned:
                self._reopen()
            self._storage.scan(history, limit)
            self._scanned = True
        self._set_history(self._storage.opening, history)
        return history

    def _set_history(self, segments: Sequence[Segment | None], history: History) -> set[int]:
        return set_history(self._storage.environment.tasks, segments, history)

    def _newest_history(self, epoch: int) -> History:
        """Ours or a peer's. Raises LogUnavailable when neither knows of `epoch`."""
        needed = max(self._fence, epoch)
        own = self._known_history()
        if own.latest_epoch >= needed:
            return own
        history = max((own, self.peers.history()), key=lambda known: known.latest_epoch)
        if history.latest_epoch < needed:
            known = history.latest_epoch
            raise LogUnavailable(f"peers are needed: the epoch is {needed}, {known} is known here")
        return history

    def _begin(self, history: History) -> None:
        storage = self._storage
        storage.begin(history)
        self.state = OPEN
        self._opened(storage)
        logger.info("open at %d", self.control.published)


def _history(fields: Fields) -> History:
    try:
        return history_of(fields)
    except (TypeError, KeyError, ValueError):
        raise VolumeError("not a history") from None


class Survey(NamedTuple):
    """What a zone has: its volume or a draft of one, what it knows of the past, its fence, and
    whether it has a keyring."""

    volume: VolumeMeta | None
    draft: VolumeMeta | None
    history: History
    fence: int
    has_keys: bool


def survey_of(fields: Fields) -> Survey:
    """A survey out of JSON. Raises VolumeError."""
    volume, draft = (
        None if found is None else volume_of(dict(found), "survey")
        for found in (fields["volume"], fields["draft"])
    )
    history, fence = _history(fields["history"]), int(fields["fence"])
    return Survey(volume, draft, history, fence, bool(fields["keys"]))
