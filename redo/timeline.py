"""Which log counts: epochs, jumps, marks. Pure functions of LSNs; the arithmetic of going back.

LSNs only grow, also when a volume goes back in time: whatever is written after a jump gets LSNs
above everything that was ever written. A *jump* says where writing went on (`start`) and which
state it went on from (`origin`)::

    LSN   4096 ─────────► B ──────────────► N      jump 1: start N+, origin B
                          └─ hidden, kept ──┘ N+ ──────────────►

The *path* to a position is the log that its state is made of; what the path leaves out between two
of its pieces is a *gap*. A jump to a position inside a gap goes forward again: nothing is copied,
gaps are worked out from the jumps anew. The same mechanism starts a clone: its first jump has the
state of its parent as origin.

A position p names the state made of all records of the path below p. Records are hidden when they
lie in [origin, start) of a gap, positions when they lie strictly inside. Every batch that a gap
hides stays in the log until the backtrack window has passed it.

Epochs tell apart what two writers put at the same LSN (`quorum.is_void`); they and jumps are never
forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from redo.errors import OutsideWindow

NEVER: Final = 1 << 62
MARKS_MAX: Final = 256

Epochs = tuple[tuple[int, int], ...]
Gaps = tuple[tuple[int, int], ...]


class Jump(NamedTuple):
    """Writing went on at `start` from the state `origin`; `clock_us`: when that was decided."""

    start: int
    origin: int
    clock_us: int


class Mark(NamedTuple):
    """A batch boundary: its LSN, the last batch below it (0: none), that batch's epoch and clock.

    As a checkpoint: every page's state at `lsn` is among the stored images.
    """

    lsn: int
    batch: int
    epoch: int
    clock_us: int


@dataclass(frozen=True, slots=True)
class History:
    """What a volume has been through.

    epochs  (epoch, LSN it starts at), ascending
    jumps   by ascending start
    """

    epochs: Epochs = ()
    jumps: tuple[Jump, ...] = ()

    @property
    def gaps(self) -> Gaps:
        """What the path to the newest state leaves out: [(from, to)], ascending."""
        return gaps_at(self.jumps, NEVER)

    @property
    def latest_epoch(self) -> int:
        """The last epoch; 0: none."""
        return self.epochs[-1][0] if self.epochs else 0

    def no_earlier_than(self, clock_us: int) -> int:
        """The clock that log goes on from whose last batch has `clock_us`: by time, too, batches
        and jumps ascend."""
        return max([clock_us, *(jump.clock_us for jump in self.jumps[-1:])])


def clock_text(clock_us: int) -> str:
    """A moment for people, UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clock_us)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def refuse_future(to_us: int, now_us: int) -> None:
    """Nothing can be taken to a moment that is still to come. Raises OutsideWindow."""
    if to_us > now_us:
        raise OutsideWindow(f"{clock_text(to_us)} is in the future: it is {clock_text(now_us)} UTC")


def path_bytes(gaps: Gaps, start: int, end: int) -> int:
    """Bytes of log on the path from `start` to `end`."""
    hidden = sum(max(0, min(end, b) - max(start, a)) for a, b in gaps)
    return end - start - hidden


def gaps_at(jumps: Sequence[Jump], position: int) -> Gaps:
    """Gaps of the path to `position`: follow the jump it stands on back, and that one's, …

    >>> gaps_at([Jump(100, 40, 0), Jump(200, 70, 0)], 250)
    ((70, 200),)
    >>> gaps_at([Jump(100, 40, 0), Jump(200, 120, 0)], 250)
    ((40, 100), (120, 200))
    """
    gaps: list[tuple[int, int]] = []
    for jump in reversed(jumps):
        if jump.start <= position:
            gaps.append((jump.origin, jump.start))
            position = jump.origin
    return tuple(reversed(gaps))


def is_hidden(gaps: Gaps, lsn: int) -> bool:
    """Is a record or batch at `lsn` left out?"""
    return any(start <= lsn < end for start, end in gaps)


def on_path(gaps: Gaps, position: int) -> bool:
    """Does the path pass through this state?"""
    return not any(start < position < end for start, end in gaps)


def newest_mark(marks: Sequence[Mark], gaps: Gaps, limit: int) -> Mark | None:
    """The last checkpoint on the path at or below `limit`."""
    good = [mark for mark in marks if mark.lsn <= limit and on_path(gaps, mark.lsn)]
    return max(good, key=lambda mark: mark.lsn, default=None)


def kept_marks(
    marks: Sequence[Mark], jumps: Sequence[Jump], before_us: int, pin: int
) -> tuple[Mark, ...]:
    """Checkpoints that must stay, ascending; log and images are needed from the first one on.

    before_us  the window's beginning: the newest checkpoint not after it is the first to stay
    pin        and not above this LSN either
    A checkpoint above some jump's origin and below its start cannot be the first: the state that
    the jump went on from would be lost. There are never more than MARKS_MAX: rather fewer of them
    between the first and the last (a rewind then reads a little more log).
    """
    first = 0
    for i, mark in enumerate(marks):
        reachable = all(j.origin >= mark.lsn for j in jumps if j.start > mark.lsn)
        if mark.clock_us <= before_us and mark.lsn <= pin and reachable:
            first = i
    kept = tuple(marks[first:])
    if len(kept) > MARKS_MAX:
        kept = (kept[0], *kept[1:-1:2], kept[-1])
    return kept
