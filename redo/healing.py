"""Lost copies come back: each copy of this process that is dead is taken back, or made anew.

What to do with a dead copy (`remedy`) depends on what else is there:

    take back  its files are there, and they had only been out of reach, or nothing better is left:
               it goes on from what it last said was durable; what is above is written again, and
               nothing is believed that was never synced
    rebuild    a read quorum lives (three copies, one full): a new member is made from a peer,
               beside whatever is left of the old one (`members.py`)
    wait       fewer: who decides now might decide wrongly; copies that return end it

A rebuild is made in a directory of its own (``az1/full.next``) and takes the place when it is
complete and its membership is installed. Should the old member come back before that, it is kept.
A crash in between leaves one of the two, or both, and `candidates.tidy` knows which one counts.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from redo.candidates import NEXT, meta_at, take_place
from redo.control import (
    COPY_ERRNO,
    COUNT_DAMAGED,
    COUNT_MENDED,
    COUNT_REBUILD_ALL,
    COUNT_REBUILD_DONE,
    COUNT_REBUILT,
    copy_word,
    count_word,
)
from redo.copier import Copier
from redo.environment import Steps, Task
from redo.errors import VolumeError
from redo.members import Members
from redo.metadata import load_copy
from redo.quorum import COPIES, can_recover, copy_directory, is_full
from redo.repair import NearCopy, Source, make_copy
from redo.segment import Segment
from redo.timeline import NEVER

if TYPE_CHECKING:
    from redo.storage import Storage

logger = logging.getLogger(__name__)

TAKE_BACK: Final = "take back"
REBUILD: Final = "rebuild"
WAIT: Final = "wait"

_PAUSE_S: Final = 0.5  #: after an attempt that failed
_TRIED_S: Final = 5.0  #: a copy that lives so long after it was taken back is well
_SAID_S: Final = 10.0  #: between two lines about the same trouble
_LOOK_BYTES: Final = 16 << 20  #: rebuilt between two looks whether the old member is back


Change = Callable[[Members], Members]


class OldMemberBack(VolumeError):
    """The copy that was being replaced is there again."""


def remedy(present: bool, out_of_reach: bool, hopeless: bool, live: Sequence[bool]) -> str:
    """What to do with a dead copy.

    present       are its files where they belong?
    out_of_reach  did it die because they were not, and for no other reason?
    hopeless      has taking it back been tried?
    live          which of the six count
    """
    if present and out_of_reach and not hopeless:
        return TAKE_BACK
    if can_recover(live):
        return REBUILD
    return TAKE_BACK if present else WAIT


def suspected(slot: int) -> Change:
    """Give the slot a candidate, unless peers know that it has one."""
    return lambda members: members.suspect(slot) if members.candidate(slot) is None else members


def settled(slot: int, number: int) -> Change:
    """Let the slot belong to this member, unless peers know that it was decided already."""

    def change(members: Members) -> Members:
        open_question = members.candidate(slot) is not None and members.has(slot, number)
        return members.settle(slot, number) if open_question else members

    return change


class Healer:
    """Heals the copies of one process, one at a time.

    retired   called with the number of a copy that is about to be closed
    """

    def __init__(self, storage: Storage, retired: Callable[[int], None]) -> None:
        self._storage = storage
        self._clock = storage.environment.clock
        self._retired = retired
        self._task: Task | None = None
        self._last = -1  #: the copy that was looked after last
        self._said: dict[str, float] = {}
        self._taken_back: dict[int, float] = {}  #: when that was tried

    def step(self) -> None:
        """See whether a copy is dead; start to heal it, or settle who its member is."""
        if self._task is not None:
            if self._task.is_alive():
                return
            self._task = None
        storage = self._storage
        # Whom to begin with: one that must wait for others would otherwise keep them from healing.
        for copy_no in sorted(storage.copies, key=lambda copy_no: (copy_no <= self._last, copy_no)):
            copier = storage.copiers[copy_no]
            if copier is not None and copier.live:
                if self._clock.monotonic_s() - self._taken_back.get(copy_no, 0.0) > _TRIED_S:
                    self._taken_back.pop(copy_no, None)
                if storage.members.candidate(copy_no) is None:
                    continue
                steps = self._settle(copier)
            else:
                steps = self._heal(copy_no)
            self._last = copy_no
            self._task = storage.environment.tasks.start("redo-repair", steps)
            return

    def stop(self) -> None:
        """Wait for what is being done; `storage.stopping` ends it."""
        if self._task is not None:
            self._task.join()

    def _heal(self, copy_no: int) -> Steps:
        storage, name = self._storage, copy_directory(copy_no)
        copier = storage.copiers[copy_no]
        gone = storage.control.get(copy_word(copy_no, COPY_ERRNO)) == errno.ENOENT
        yield
        try:
            live = storage.live_slots()
            tried = copy_no in self._taken_back
            match remedy(self._is_there(copy_no), gone, tried, live):
                case "take back":
                    if tried:
                        self._pause()
                    self._taken_back[copy_no] = self._clock.monotonic_s()
                    self._take_back(copy_no, copier)
                case "rebuild":
                    yield from self._rebuild(copy_no)
                    self._taken_back.pop(copy_no, None)
                case _:
                    self._say(
                        f"copy {name}: {sum(live)} of {COPIES} copies live, which is too few"
                        " to replace it; waiting until copies return"
                    )
                    self._pause()
        except OldMemberBack:
            logger.warning("copy %s: its old member is back", name)
        except (OSError, VolumeError) as error:
            self._say(f"copy {name} cannot be healed: {error}")
            self._pause()

    def _settle(self, copier: Copier) -> Steps:
        """A live member needs no candidate."""
        copy_no, number = copier.segment.copy_no, copier.segment.meta.number
        yield
        try:
            members = self._storage.change_members(settled(copy_no, number))
            if not members.has(copy_no, number):
                copier.fail("it was replaced")
                return
            self._storage.disk.remove_tree(copier.segment.path + NEXT)
        except (OSError, VolumeError) as error:
            self._say(f"copy {copier.segment.name}: membership: {error}")
            self._pause()

    def _pause(self) -> None:
        if not self._storage.stopping:
            self._clock.sleep(_PAUSE_S)

    def _say(self, line: str) -> None:
        """Log trouble, but not twice a second."""
        now = self._clock.monotonic_s()
        if now - self._said.get(line, -_SAID_S) >= _SAID_S:
            self._said = {line: now}
            logger.error("%s", line)

    def _path(self, copy_no: int) -> str:
        return f"{self._storage.data_dir}/{copy_directory(copy_no)}"

    def _is_there(self, copy_no: int) -> bool:
        """Are the files of the slot's member, not those of one that was replaced, in place?"""
        storage = self._storage
        path = self._path(copy_no)
        meta = meta_at(storage.disk, path)
        if meta is None or not storage.disk.exists(f"{path}/log"):
            return False  # metadata alone may have been written into a directory that was going
        if meta.volume_id != storage.volume.volume_id:
            return False
        return storage.members.has(copy_no, meta.number)

    # taking back

    def _take_back(self, copy_no: int, copier: Copier | None) -> None:
        """Open a copy where it is; all that it never said to be durable is written again."""
        storage = self._storage
        limit = NEVER if copier is None else copier.last_durable
        self._retire(copy_no)
        segment = self._segment(copy_no)
        try:
            segment.open()
            segment.scan(storage.history, min(limit, storage.control.published))
        except BaseException:
            segment.close()
            raise
        self._take_in(segment)
        logger.warning("copy %s is taken back, complete to %d", segment.name, segment.complete)

    def _segment(self, copy_no: int, place: str = "") -> Segment:
        storage = self._storage
        return Segment(
            *(storage.disk, storage.data_dir, copy_no, storage.volume, storage.arena, storage.st),
            place=place,
            key=storage.key,
        )

    def _retire(self, copy_no: int) -> None:
        copier = self._storage.copiers[copy_no]
        if copier is None:
            return
        copier.stop()
        self._retired(copy_no)
        self._storage.copiers[copy_no] = None
        with copier.segment.store_lock, copier.segment.lock:
            copier.segment.close()

    def _take_in(self, segment: Segment) -> None:
        """Let a copy count, with what has been decided meanwhile."""
        storage = self._storage
        with storage.writer_lock:
            if segment.meta.history != storage.history:
                segment.set_history(storage.history)
            if segment.meta.members != storage.members:
                segment.set_members(storage.members)
            storage.start_copy(segment)

    # rebuilding

    def _rebuild(self, copy_no: int) -> Steps:
        storage, name = self._storage, copy_directory(copy_no)
        source, end = self._source(copy_no)
        if storage.members.candidate(copy_no) is None:
            storage.change_members(suspected(copy_no))
        number = storage.members.candidate(copy_no)
        assert number is not None
        yield
        logger.warning("rebuilding copy %s from %s", name, source.name)
        started = self._clock.monotonic_s()
        whole = self._make(copy_no, source, end, number)
        yield
        members = storage.change_members(settled(copy_no, number))
        if not members.has(copy_no, number):
            raise OldMemberBack
        segment = self._put_in_place(copy_no, number, members)
        if segment.complete < end:
            segment.close()
            raise VolumeError(f"complete to {segment.complete}, not to {end}")
        self._take_in(segment)
        storage.control.count(copy_no, COUNT_REBUILT)
        control = storage.control  # what was damaged has gone with the files
        left = control.counted(copy_no, COUNT_DAMAGED) - control.counted(copy_no, COUNT_MENDED)
        control.count(copy_no, COUNT_MENDED, max(0, left))
        took_s = max(1e-6, self._clock.monotonic_s() - started)
        logger.warning(
            "copy %s is back, complete to %d: %.1f MiB in %.1f s",
            *(name, segment.complete, whole / (1 << 20), took_s),
        )

    def _source(self, copy_no: int) -> tuple[Source, int]:
        """The copy to make it from, and how far that one is durable. Raises VolumeError."""
        storage = self._storage
        near = [c for c in storage.live() if c.segment.full or not is_full(copy_no)]
        if near:
            best = max(near, key=lambda copier: copier.durable)
            return NearCopy(best.segment), best.durable
        far = [] if storage.peers is None else storage.peers.copies()
        for copy, end in far:
            if copy.full or not is_full(copy_no):
                return copy, end
        raise VolumeError("no peer to make it from")

    def _make(self, copy_no: int, source: Source, end: int, number: int) -> int:
        """Make the candidate's directory; its bytes."""
        storage, control = self._storage, self._storage.control
        name = copy_directory(copy_no)
        who = f"rebuild of {name}"
        looked = told = 0
        size = 0

        def watch(done: int, whole: int) -> None:
            nonlocal looked, told, size
            size = whole
            storage.faults.meet(copy_no)
            control.put(count_word(copy_no, COUNT_REBUILD_DONE), done)
            control.put(count_word(copy_no, COUNT_REBUILD_ALL), max(1, whole))
            if 4 * done // max(1, whole) > told:
                told = 4 * done // max(1, whole)
                logger.info("copy %s: %d %% of %d bytes", name, 25 * told, whole)
            if storage.stopping:
                raise VolumeError("storage is stopping")
            if done - looked >= _LOOK_BYTES:
                looked = done
                if self._old_is_back(copy_no):
                    raise OldMemberBack

        storage.pins[who] = self._kept()
        segment = self._segment(copy_no, place=name + NEXT)
        try:
            make_copy(segment, source, end, (number, storage.members), watch)
        finally:
            segment.close()
            storage.pins.pop(who, None)
            control.put(count_word(copy_no, COUNT_REBUILD_ALL), 0)
        if self._old_is_back(copy_no):
            raise OldMemberBack
        return size

    def _kept(self) -> int:
        """Log from here on must stay while a copy is made from it."""
        kept = [copier.segment.meta.kept for copier in self._storage.live()]
        return min(kept, default=self._storage.control.vdl)

    def _old_is_back(self, copy_no: int) -> bool:
        """Are the files there again that had only been out of reach?"""
        gone = self._storage.control.get(copy_word(copy_no, COPY_ERRNO)) == errno.ENOENT
        return gone and copy_no not in self._taken_back and self._is_there(copy_no)

    def _put_in_place(self, copy_no: int, number: int, members: Members) -> Segment:
        """Let the candidate be the copy: open, scanned, not yet counting."""
        storage = self._storage
        self._retire(copy_no)
        candidate = self._segment(copy_no, place=copy_directory(copy_no) + NEXT)
        try:
            candidate.meta = load_copy(storage.disk, candidate.path)
            assert candidate.meta.number == number
            candidate.save(replace(candidate.meta, members=members, history=storage.history))
        finally:
            candidate.close()
        take_place(storage.disk, self._path(copy_no))
        segment = self._segment(copy_no)
        try:
            segment.open()
            segment.scan(storage.history, NEVER)
        except BaseException:
            segment.close()
            raise
        return segment
