"""Quorum arithmetic: pure functions of six numbers.  Write 4 of 6; read 3 of 6 with a full copy.

Copies 0, 2, 4 are full (log and pages), 1, 3, 5 are tails (log only): copy_no = 2 * zone + tail.
None means: cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence

COPIES = 6
WRITE_QUORUM = 4
READ_QUORUM = 3


def is_full(copy_no: int) -> bool:
    """Has this copy pages, or only log?"""
    return copy_no % 2 == 0


def copy_directory(copy_no: int) -> str:
    """Its place below the data directory, such as "az1/full"."""
    return f"az{copy_no // 2 + 1}/{'full' if is_full(copy_no) else 'tail'}"


def volume_durable(durable: Sequence[int]) -> int:
    """How far four of the six copies are durable; a dead copy counts as 0."""
    assert len(durable) == COPIES
    return sorted(durable, reverse=True)[WRITE_QUORUM - 1]


def can_write(live: Sequence[bool]) -> bool:
    """Are enough copies alive to acknowledge anything?"""
    return sum(live) >= WRITE_QUORUM


def recovery_point(complete: Sequence[int | None]) -> int | None:
    """VDL after a crash: how far the furthest readable copy is complete.

    Whatever was acknowledged is on four copies, so any three readable ones have it. None when fewer
    than three can be read, or no full one: then nothing may be decided, least of all truncation.
    """
    assert len(complete) == COPIES
    readable = [i for i, lsn in enumerate(complete) if lsn is not None]
    if len(readable) < READ_QUORUM or not any(is_full(i) for i in readable):
        return None
    return max(lsn for lsn in complete if lsn is not None)


def read_copies(durable: Sequence[int], lsn: int) -> list[int]:
    """Full copies that can serve a page at `lsn`."""
    return [i for i in range(COPIES) if is_full(i) and durable[i] >= lsn > 0]


def is_void(epochs: Sequence[tuple[int, int]], epoch: int, lsn: int) -> bool:
    """Was a batch of `epoch` at `lsn` cut off when a later epoch began at or below it?

    epochs   [(epoch, LSN it starts at)], ascending
    """
    return any(later > epoch and start <= lsn for later, start in epochs)


def with_epoch(
    epochs: Sequence[tuple[int, int]], epoch: int, start: int
) -> tuple[tuple[int, int], ...]:
    """The history with one more epoch.

    Epochs that began at or above `start` say nothing the new one does not, and are left out.
    """
    assert all(epoch > earlier for earlier, _ in epochs)
    return (*(pair for pair in epochs if pair[1] < start), (epoch, start))
