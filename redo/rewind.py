"""Backtrack: finding the state of a moment, and making it the one the volume goes on from.

The moment is found in the log itself: runs (`runs.py`) say when each stretch was written, and the
batches of the stretch in question carry the clock. A state is always a batch boundary, hence whole
mini-transactions; transactions open at that moment are rolled back when the volume is opened, as
after a crash. Going there is one more jump (`timeline.py`), written to every copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from redo.control import CTRL_BATCH_CLOCK, CTRL_EPOCH
from redo.errors import LogUnavailable, OutsideWindow
from redo.record import BATCH_CLOCK_AT, BATCH_HEADER_BYTES, BATCH_MAGIC
from redo.recovery import save_history
from redo.reign import FENCED
from redo.segment import Segment
from redo.timeline import History, Jump, Mark, clock_text

if TYPE_CHECKING:
    from redo.copier import Copier
    from redo.storage import Storage

_ALIGNED: Final = 4096
_MAGIC: Final = BATCH_MAGIC.to_bytes(4, "little")


def locate(segment: Segment, to_us: int, vdl: int) -> Mark:
    """The last state of the volume not later than `to_us`, whatever has been undone since.

    segment  a full copy
    Raises OutsideWindow when the log does not reach back so far.
    """
    jumps = [jump for jump in segment.history.jumps if jump.start > segment.meta.kept]
    past = [jump for jump in jumps if jump.clock_us <= to_us]
    later = [jump.start for jump in jumps[len(past) :]]
    end = min([vdl, *later])
    first = segment.meta.marks[0]
    if past:
        begin = Mark(past[-1].start, -1, 0, past[-1].clock_us)
    elif not first.batch or first.clock_us <= to_us:
        begin = first
    else:
        raise OutsideWindow(_too_early(to_us, f"the earliest state kept is of {_text(first)}"))
    found = _last_batch(segment, begin, end, to_us)
    if found.lsn > begin.lsn:
        return found
    if past:  # nothing was written yet: the state that was gone back to
        return begin._replace(lsn=past[-1].origin)
    if not first.batch:
        raise OutsideWindow(_too_early(to_us, "there was no volume then"))
    return first


def locate_in(copies: Iterable[Copier], to_us: int, vdl: int) -> Mark:
    """The same in whichever full copy keeps most and can be read: one may be behind by some log,
    and who cannot be read is dead. Raises OutsideWindow, LogUnavailable."""
    for copier in sorted(copies, key=lambda copier: copier.segment.meta.kept):
        try:
            return locate(copier.segment, to_us, vdl)
        except OSError as error:
            copier.fail(f"looking for a moment: {error}", error.errno or 0)
    raise LogUnavailable("no copy with all pages can be read")


def wait_for_copies(storage: Storage, timeout_s: float = 10.0) -> None:
    """Until every live copy has all that was published: one that lacks the end of what is undone
    could not go forward to it again."""
    clock, end = storage.environment.clock, storage.control.published
    deadline = clock.monotonic_s() + timeout_s
    storage.wake_copies()
    while any(c.durable < end for c in storage.live()) and clock.monotonic_s() < deadline:
        clock.sleep(0.001)


def rewind(storage: Storage, to_us: int) -> Mark:
    """`Storage.rewind`, whose locks are held."""
    target = storage.locate(to_us)
    storage.control.put(CTRL_EPOCH, FENCED)
    wait_for_copies(storage)
    end = max([storage.control.published, *(copier.durable for copier in storage.live())])
    now_us = max(storage.environment.clock.wall_us(), storage.control.get(CTRL_BATCH_CLOCK))
    storage.history = rewound(storage.history, target.lsn, end, now_us)
    save_history(storage.environment.tasks, storage.segments(), storage.history)
    return target


def kept_by(storage: Storage) -> dict[str, int]:
    """What of the past is kept: since when (µs; 0: nothing), how much log, journeys made in it."""
    full = [c.segment for c in storage.live() if c.segment.full]
    for segment in sorted(full, key=lambda segment: segment.meta.kept):
        with suppress(OSError):  # whoever uses the copy next will find it dead
            return _kept_in(segment, storage.control.vdl)
    return {"earliest_us": 0, "log_bytes": 0, "journeys": 0}


def _kept_in(segment: Segment, vdl: int) -> dict[str, int]:
    first = segment.meta.marks[0]
    earliest_us = first.clock_us
    if not first.batch:  # since the volume's first batch
        header = segment.log.read(first.lsn, BATCH_HEADER_BYTES)
        if len(header) == BATCH_HEADER_BYTES and header.startswith(_MAGIC):
            earliest_us = int.from_bytes(header[BATCH_CLOCK_AT : BATCH_CLOCK_AT + 8], "little")
    jumps = [jump for jump in segment.history.jumps if jump.start > first.lsn]
    return {
        "earliest_us": earliest_us,
        "log_bytes": vdl - first.lsn,
        "journeys": len(jumps),
    }


def _last_batch(segment: Segment, begin: Mark, end: int, until_us: int) -> Mark:
    """The last batch boundary from `begin` on, below `end`, not later than `until_us`.

    Nothing was gone back from in between; log that the present path leaves out counts.
    """
    with segment.lock:
        marks = [run.mark for run in segment.run_files.around(until_us)] + list(segment.meta.marks)
        inside = [mark for mark in marks if begin.lsn < mark.lsn <= end]
        later = [mark.lsn for mark in inside if mark.clock_us > until_us]
        known = [mark for mark in inside if mark.clock_us <= until_us]
        begin = max([begin, *known], key=lambda mark: mark.lsn)
        stop = min([end, *(lsn for lsn in later if lsn > begin.lsn)])
        return segment.stretch(begin, stop, until_us)


def _text(mark: Mark) -> str:
    return clock_text(mark.clock_us)


def _too_early(to_us: int, why: str) -> str:
    return f"{clock_text(to_us)} is before the backtrack window: {why}"


def rewound(history: History, lsn: int, end: int, now_us: int) -> History:
    """The history after going to the state `lsn`, when log up to `end` may be on some copy."""
    start = (end // _ALIGNED + 2) * _ALIGNED
    jump = Jump(start, lsn, now_us)
    epochs = (*history.epochs, (history.latest_epoch + 1, start))
    return replace(history, epochs=epochs, jumps=(*history.jumps, jump))
