"""Copies vanish under real threads, in random settings; at the end all six are whole.

LOST_ROUNDS=100 makes it a soak; SEED begins elsewhere.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from redo.copier import Copier
from redo.quorum import COPIES, copy_directory
from tests.redo.test_volume import Writer, wait_for

ROUNDS = int(os.environ.get("LOST_ROUNDS", "3"))
FIRST = int(os.environ.get("SEED", "1"))
PATIENCE_S = 120.0


def random_writer(rng: np.random.Generator, path: Path) -> Writer:
    """Small rings, chunks and groups: copies fall behind, and chunks are used again."""
    return Writer(
        path,
        coalesce_bytes=1 << int(rng.integers(11, 16)),
        ring_bytes=1 << int(rng.integers(15, 18)),
        chunk_bytes=1 << int(rng.integers(13, 17)),
        pg_pages=int(rng.choice([8, 16, 1000])),
        backtrack_window_s=int(rng.choice([0, 2, 3600])),
    )


def lose(writer: Writer, rng: np.random.Generator, path: Path) -> None:
    """One or two copies vanish while the writer works, which it does until others took over."""
    storage = writer.volume.storage
    lost = rng.choice(COPIES, int(rng.integers(1, 3)), replace=False).tolist()
    before = {copy_no: storage.copiers[copy_no] for copy_no in lost}
    for copy_no in lost:
        gone = path / f"gone-{copy_no}"
        (path / "data" / copy_directory(copy_no)).rename(gone)
        shutil.rmtree(gone)

    def replaced(copy_no: int) -> bool:
        writer.work(rng, int(rng.integers(1, 30)))
        now = storage.copiers[copy_no]
        return now is not None and now is not before[copy_no] and now.live

    for copy_no in lost:
        wait_for(lambda copy_no=copy_no: replaced(copy_no), PATIENCE_S)  # type: ignore[misc]


def is_whole(copier: Copier, end: int) -> bool:
    """Is all the log there that the copy says it keeps?"""
    segment = copier.segment
    with segment.lock:
        return segment.stretch(segment.meta.marks[0], end).lsn == end


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_whatever_vanishes_all_copies_are_whole_again(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    writer = random_writer(rng, tmp_path / "data")
    writer.work(rng, int(rng.integers(20, 300)))
    for _ in range(int(rng.integers(1, 4))):
        lose(writer, rng, tmp_path)
    end = writer.work(rng, int(rng.integers(1, 100)))
    copiers = writer.volume.storage.copiers
    wait_for(
        lambda: all(c is not None and c.live and c.durable >= end for c in copiers), PATIENCE_S
    )
    for copier in copiers:
        assert copier is not None and is_whole(copier, end)
    expected = writer.expected(end)
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == expected
    writer.volume.close()
