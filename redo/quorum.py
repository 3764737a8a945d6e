"""Quorum arithmetic: pure functions of six numbers.

Write: any four of six, or all three full ones. Recovery reads: any three of six, one of them full.
Every two write quorums have a copy in common, and so has every write quorum with every read quorum
(tests/redo/test_quorum.py goes through all of them).

Copies 0, 2, 4 are full (log and pages), 1, 3, 5 are tails (log only): copy_no = 2 * zone + tail.
None means: cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

COPIES: Final = 6
ZONES: Final = ("az1", "az2", "az3")
WRITE_QUORUM: Final = 4  #: or all full copies
READ_QUORUM: Final = 3  #: with a full copy


def is_full(copy_no: int) -> bool:
    """Has this copy pages, or only log?"""
    return copy_no % 2 == 0


def copy_directory(copy_no: int) -> str:
    """Its place below the data directory, such as "az1/full"."""
    return f"{ZONES[copy_no // 2]}/{'full' if is_full(copy_no) else 'tail'}"


def zone_copies(zone: int) -> tuple[int, int]:
    """The full copy and the tail of a zone, counted from 0."""
    return 2 * zone, 2 * zone + 1


def can_write(live: Sequence[bool]) -> bool:
    """Are these copies a write quorum?"""
    assert len(live) == COPIES
    return sum(live) >= WRITE_QUORUM or all(live[i] for i in range(COPIES) if is_full(i))


def can_recover(readable: Sequence[bool]) -> bool:
    """Are these copies a read quorum: is everything that was acknowledged on one of them?"""
    assert len(readable) == COPIES
    full = any(readable[i] for i in range(COPIES) if is_full(i))
    return sum(readable) >= READ_QUORUM and full


def volume_durable(durable: Sequence[int]) -> int:
    """How far a write quorum is durable; a dead copy counts as 0."""
    assert len(durable) == COPIES
    full = min(durable[i] for i in range(COPIES) if is_full(i))
    return max(full, sorted(durable, reverse=True)[WRITE_QUORUM - 1])


def recovery_point(complete: Sequence[int | None]) -> int | None:
    """VDL after a crash: how far the furthest readable copy is complete.

    Whatever was acknowledged is on a write quorum, so any read quorum has it. None when the
    readable ones are none: then nothing may be decided, least of all truncation.
    """
    if not can_recover([lsn is not None for lsn in complete]):
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
