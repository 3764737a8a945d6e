"""The arithmetic of going back, against a model that keeps every state's whole path."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from redo import timeline
from redo.timeline import NEVER, Jump, Mark, gaps_at, is_hidden, kept_marks, newest_mark, on_path


def test_examples() -> None:
    assert doctest.testmod(timeline).attempted > 0
    assert doctest.testmod(timeline).failed == 0


@pytest.mark.parametrize("seed", range(20))
def test_paths_are_those_of_the_model(seed: int) -> None:
    """A model writes records and goes back and forth; the path of each state is a list of LSNs."""
    rng = np.random.default_rng(seed)
    jumps: list[Jump] = []
    end = 100
    states: dict[int, list[int]] = {end: []}
    present = end
    for _ in range(60):
        if rng.random() < 0.8:
            path = [*states[present], end]
            end += 8
            states[end] = path
        else:
            origin = int(rng.choice(list(states)))
            path = states[origin]
            end += int(rng.integers(1, 4)) * 16
            jumps.append(Jump(end, origin, 0))
            states[end] = path
        present = end
    records = sorted({lsn for path in states.values() for lsn in path})
    for position, path in states.items():
        gaps = gaps_at(jumps, position)
        seen = [lsn for lsn in records if lsn < position and not is_hidden(gaps, lsn)]
        assert seen == path, position
        assert on_path(gaps, position)


JUMPS = [Jump(200, 120, 0)]
MARKS = tuple(Mark(lsn, lsn - 8, 1, 1000 + lsn) for lsn in (50, 100, 150, 250, 300))
KEPT = [
    # window begins, pin -> first that stays
    (NEVER, NEVER, 300),
    (1275, NEVER, 250),
    (1250, NEVER, 250),
    (1249, NEVER, 100),  # 150 is above what the jump went on from
    (1160, NEVER, 100),
    (1010, NEVER, 50),
    (NEVER, 299, 250),
    (NEVER, 160, 100),
    (NEVER, 10, 50),
]


@pytest.mark.parametrize(("before_us", "pin", "first"), KEPT)
def test_checkpoints_that_stay(before_us: int, pin: int, first: int) -> None:
    kept = kept_marks(MARKS, JUMPS, before_us, pin)
    assert kept == tuple(mark for mark in MARKS if mark.lsn >= first)


def test_checkpoints_are_never_too_many() -> None:
    marks: tuple[Mark, ...] = (MARKS[0],)
    for lsn in range(100, 100_000, 100):
        marks = kept_marks((*marks, Mark(lsn, lsn - 8, 1, lsn)), [], 0, NEVER)
        assert len(marks) <= timeline.MARKS_MAX
        assert (marks[0], marks[-1].lsn) == (MARKS[0], lsn)


def test_the_newest_checkpoint_on_the_path() -> None:
    gaps = gaps_at(JUMPS, NEVER)
    assert newest_mark(MARKS, gaps, 249) == MARKS[1]
    assert newest_mark(MARKS, gaps, NEVER) == MARKS[-1]
    assert newest_mark(MARKS, gaps, 49) is None
