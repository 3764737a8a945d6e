"""Copies vanish under real threads, in random settings; at the end all six are whole.

LOST_ROUNDS=100 makes it a soak; SEED begins elsewhere.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from redo.copier import Copier
from redo.errors import VolumeLost
from redo.metadata import CopyMeta
from redo.quorum import COPIES, copy_directory
from redo.repair import NearCopy, fill_log
from tests.redo.writing import Writer, Writers, wait_for

ROUNDS = int(os.environ.get("LOST_ROUNDS", "3"))
FIRST = int(os.environ.get("SEED", "1"))
PATIENCE_S = 300.0


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


def test_a_copy_made_anew_gives_no_log_from_before_it(writers: Writers, tmp_path: Path) -> None:
    """Its first chunk begins earlier than its log does: what lies between was never written."""
    writer = writers(coalesce_bytes=1 << 12)
    rng = np.random.default_rng(14)
    end = writer.work(rng, 200)
    wait_for(lambda: min(writer.checkpoints()) > end - (1 << 13))
    storage = writer.volume.storage
    lost = storage.copiers[1]
    assert lost is not None
    (tmp_path / "data" / copy_directory(1)).rename(tmp_path / "lost")

    def made_anew() -> bool:
        now = storage.copiers[1]
        return now is not None and now is not lost and now.durable >= end

    wait_for(made_anew)
    now, other = storage.copiers[1], storage.copiers[3]
    assert now is not None and other is not None
    made = now.segment
    assert made.log.begin % made.log.chunk_bytes > 0
    more = writer.work(rng, 3)
    wait_for(lambda: now.durable >= more)
    before = made.log.begin - 1
    with pytest.raises(VolumeLost):
        fill_log(other.segment, before, [(made, now.durable)])
    assert made.log.read(made.log.begin, 8)  # all of that chunk is still there


def test_a_copy_made_while_its_source_makes_checkpoints_has_no_hole(
    writers: Writers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoints come with the page files, later than the end of log was asked for."""
    writer = writers(coalesce_bytes=1 << 12, backtrack_window_s=3600)
    storage = writer.volume.storage
    rng = np.random.default_rng(15)
    held = threading.Event()

    class LateCopy(NearCopy):
        def borrow(self) -> tuple[CopyMeta, dict[str, int]]:
            assert held.wait(PATIENCE_S)
            return super().borrow()

    monkeypatch.setattr("redo.healing.NearCopy", LateCopy)
    writer.work(rng, 100)
    lost = storage.copiers[2]
    (tmp_path / "data" / copy_directory(2)).rename(tmp_path / "lost")
    wait_for(lambda: storage.members.candidate(2) is not None)
    before = max(writer.checkpoints())
    while min(writer.checkpoints()[::2]) <= max(before, 1 << 15):
        writer.work(rng, 20)
    held.set()
    wait_for(lambda: storage.copiers[2] not in (None, lost))
    made = storage.copiers[2]
    assert made is not None
    wait_for(lambda: made.live)
    end = made.durable  # which goes on
    with made.segment.lock:
        assert made.segment.stretch(made.segment.meta.marks[0], end).lsn == end


LOST = [(0, 1), (0, 2), (1, 3), (2, 5), (4, 5), (3, 4)]


@pytest.mark.parametrize("lost", LOST)
def test_two_copies_deleted_while_writing(
    writers: Writers, tmp_path: Path, lost: tuple[int, int]
) -> None:
    """Writes go on, and both copies come back equal to the others."""
    writer = writers(coalesce_bytes=1 << 13)
    rng = np.random.default_rng(sum(lost))
    writer.work(rng, 200)
    copiers = [writer.volume.storage.copiers[i] for i in lost]
    for copy_no in lost:  # away first: deleting in place may meet a file just being made
        gone = tmp_path / f"gone-{copy_no}"
        (tmp_path / "data" / copy_directory(copy_no)).rename(gone)
        shutil.rmtree(gone)
    storage = writer.volume.storage

    def back() -> bool:
        new = [storage.copiers[i] for i in lost]
        return all(
            a is not None and a is not b and a.live for a, b in zip(new, copiers, strict=True)
        )

    wait_for(lambda: writer.work(rng, 20) > 0 and back())
    end = writer.work(rng, 100)
    wait_for(lambda: all(c is not None and c.durable >= end for c in storage.copiers))
    expected = writer.expected(end)
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == expected
    writer = writers()
    assert writer.volume.recovered.vdl == end
    for copy_no in (0, 2, 4):
        writer.history = [(end, expected)]
        assert writer.images_of_copy(copy_no, end) == expected
