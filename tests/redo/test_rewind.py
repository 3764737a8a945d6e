"""Backtrack: back to a moment, forward again, to and fro, with coalescing, crashes, lost copies."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from redo.control import CTRL_BATCH_CLOCK
from redo.errors import OutsideWindow, PageUnavailable
from redo.quorum import copy_directory
from redo.record import BATCH_CLOCK_AT, BATCH_HEADER_BYTES, BATCH_LENGTH_AT
from redo.rewind import kept_by
from redo.segment import Segment
from redo.state import FIRST_LSN
from redo.timeline import clock_text
from tests.redo.writing import PAGE, PAGES, Writer, wait_for


class Traveller:
    """A volume whose every state is remembered by the moment it was durable."""

    def __init__(self, path: Path, **options: object) -> None:
        self.path = path
        self.options = {"coalesce_bytes": 1 << 13, "backtrack_window_s": 3600, **options}
        self.moments: list[tuple[int, dict[int, bytes]]] = []
        self.writer = Writer(path, **self.options)

    def work(self, rng: np.random.Generator, rounds: int, count: int = 15) -> None:
        for _ in range(rounds):
            self.writer.work(rng, count)
            self.moments.append((self._moment(), self.state()))

    def _moment(self) -> int:
        """Now; the clock has moved when this returns."""
        now = time.time_ns() // 1000
        while time.time_ns() // 1000 <= now + 1:
            pass
        return now + 1

    def state(self) -> dict[int, bytes]:
        return {page: self.writer.editor.image(page) for page in self.writer.known}

    def go(self, to_us: int) -> None:
        self.writer.volume.storage.rewind(to_us)
        self.again()

    def again(self) -> None:
        """Open it anew; pages are what the volume says."""
        self.writer.volume.close()
        self.writer = Writer(self.path, **self.options)
        for page in range(PAGES):
            try:
                image = self.writer.read(page)
            except PageUnavailable:
                continue
            self.writer.known.add(page)
            at = self.writer.editor.frame(page)
            self.writer.volume.arena.mem[at : at + PAGE] = np.frombuffer(image, np.uint8)

    def copies_agree(self) -> None:
        end = self.writer.volume.log.vdl
        expected = self.state()
        self.writer.history = [(end, expected)]
        for copy_no in (0, 2, 4):
            assert self.writer.images_of_copy(copy_no, end) == expected


@pytest.mark.parametrize("coalesce_bytes", [1 << 12, 1 << 15, 1 << 22])
def test_to_and_fro(tmp_path: Path, coalesce_bytes: int) -> None:
    """Each state that ever was can be gone to, also those that were undone."""
    rng = np.random.default_rng(coalesce_bytes)
    traveller = Traveller(tmp_path / "data", coalesce_bytes=coalesce_bytes)
    traveller.work(rng, 6)
    for _ in range(12):
        moment, state = traveller.moments[int(rng.integers(len(traveller.moments)))]
        traveller.go(moment)
        assert traveller.state() == state
        if rng.random() < 0.6:
            traveller.work(rng, 2)
            traveller.copies_agree()
        if rng.random() < 0.3:
            state = traveller.state()
            traveller.again()
            assert traveller.state() == state
    traveller.writer.volume.close()


def test_back_before_the_first_write_after_a_rewind(tmp_path: Path) -> None:
    """A moment between a rewind and the next write is the state that was gone back to."""
    rng = np.random.default_rng(1)
    traveller = Traveller(tmp_path / "data")
    traveller.work(rng, 4)
    moment, state = traveller.moments[1]
    traveller.go(moment)
    between = traveller._moment()
    traveller.work(rng, 3)
    traveller.go(between)
    assert traveller.state() == state
    traveller.writer.volume.close()


def test_a_moment_is_found_in_copies_that_can_be_read(tmp_path: Path) -> None:
    """Two of three full copies have lost their log, and nobody knows yet."""
    traveller = Traveller(tmp_path / "data")
    traveller.work(np.random.default_rng(3), 4)
    moment, _ = traveller.moments[1]
    storage = traveller.writer.volume.storage
    wait_for(lambda: min(storage.control.durable()) >= storage.control.published)
    expected = storage.locate(moment)
    for copy_no in (0, 2):
        log = tmp_path / "data" / copy_directory(copy_no) / "log"
        shutil.move(log, tmp_path / str(copy_no))
        log.touch()  # a file in its place: listing it is an error
    for _ in range(3):  # whichever is asked first
        assert storage.locate(moment) == expected
    assert kept_by(storage)["earliest_us"] > 0
    traveller.writer.volume.close()


def test_outside_the_window(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    before = time.time_ns() // 1000 - 1_000_000
    traveller = Traveller(tmp_path / "data", backtrack_window_s=0, coalesce_bytes=1 << 12)
    traveller.work(rng, 3)
    early, _ = traveller.moments[0]
    with pytest.raises(OutsideWindow, match="there was no volume then"):
        traveller.writer.volume.storage.locate(before)
    for _ in range(20):
        traveller.work(rng, 1)
    wait_for(lambda: min(traveller.writer.checkpoints()) > 1 << 14)
    with pytest.raises(OutsideWindow, match="the earliest state kept is of 2"):
        traveller.writer.volume.storage.locate(early)
    assert clock_text(0) == "1970-01-01 00:00:00.000000"
    traveller.writer.volume.close()


def test_the_window_keeps_log_and_images_and_gives_them_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redo.page_store.FILE_BYTES", 16 * PAGE)
    data = tmp_path / "data"
    rng = np.random.default_rng(3)
    traveller = Traveller(data)
    for low in (1 << 14, 1 << 15, 3 << 14):
        while traveller.writer.volume.log.vdl < 2 * low:
            traveller.work(rng, 1)
        wait_for(lambda low=low: min(traveller.writer.checkpoints()) > low)  # type: ignore[misc]
    log = data / "az1/full/log"
    assert (log / f"{0:016x}.log").exists()
    kept = len(list((data / "az1/full").glob("pg-*/*.dat")))
    segment = traveller.writer.volume.storage.live()[0].segment
    assert segment.meta.kept == 4096
    assert len(segment.meta.marks) > 2
    traveller.options["backtrack_window_s"] = 0
    traveller.again()
    traveller.work(rng, 10)
    wait_for(lambda: not (log / f"{0:016x}.log").exists())
    wait_for(lambda: len(list((data / "az1/full").glob("pg-*/*.dat"))) < kept)
    traveller.copies_agree()
    traveller.writer.volume.close()


def test_a_copy_that_was_away_learns_of_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    data = tmp_path / "data"
    traveller = Traveller(data, coalesce_bytes=1 << 22)
    traveller.work(rng, 6)
    moment, state = traveller.moments[2]
    traveller.writer.volume.close()
    shutil.copytree(data / copy_directory(2), tmp_path / "away")
    traveller.writer = Writer(data, **traveller.options)
    traveller.writer.known = set(traveller.moments[-1][1])
    traveller.go(moment)
    traveller.writer.volume.close()
    shutil.rmtree(data / copy_directory(2))
    shutil.move(tmp_path / "away", data / copy_directory(2))
    traveller.writer = Writer(data, **traveller.options)
    traveller.writer.known = set(state)
    assert {page: traveller.writer.read(page) for page in state} == state
    traveller.again()
    traveller.work(rng, 3)
    traveller.copies_agree()
    traveller.writer.volume.close()


def test_a_clone_of_a_volume_that_went_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    traveller = Traveller(tmp_path / "volumes" / "main")
    traveller.work(rng, 6)
    traveller.go(traveller.moments[1][0])
    traveller.work(rng, 2)
    state = traveller.state()
    traveller.writer.volume.storage.freeze(tmp_path / "volumes" / "copy")
    traveller.work(rng, 2)
    traveller.writer.volume.close()
    shutil.rmtree(tmp_path / "volumes" / "main")
    clone = Traveller(tmp_path / "volumes" / "copy")
    clone.writer.known = set(state)
    clone.again()
    assert clone.state() == state
    clone.work(rng, 4)
    clone.copies_agree()
    clone.writer.volume.close()


def test_a_pin_that_is_gone_keeps_nothing(tmp_path: Path) -> None:
    """What was pinned for a while, as when a copy is made anew, is given up afterwards."""
    rng = np.random.default_rng(7)
    one = Traveller(tmp_path / "data", coalesce_bytes=1 << 12, backtrack_window_s=0)
    storage = one.writer.volume.storage

    def kept() -> int:
        return max(copier.segment.meta.kept for copier in storage.live())

    pinned = storage.pins["somebody"] = storage.control.vdl
    for _ in range(2):
        one.work(rng, 20)
        end = one.writer.volume.log.vdl - (1 << 13)
        wait_for(lambda end=end: min(one.writer.checkpoints()) > end)  # type: ignore[misc]
    assert kept() <= pinned
    del storage.pins["somebody"]

    def given_up() -> bool:
        one.work(rng, 2)
        return kept() > pinned

    wait_for(given_up)
    one.writer.volume.close()


def test_moments_ascend_though_the_clock_is_turned_back(tmp_path: Path) -> None:
    """Log of a machine whose clock was an hour ahead; what comes after it is not earlier."""
    rng = np.random.default_rng(8)
    traveller = Traveller(tmp_path / "data")
    traveller.work(rng, 2)
    control = traveller.writer.volume.storage.control
    ahead_us = time.time_ns() // 1000 + 3_600_000_000
    control.put(CTRL_BATCH_CLOCK, ahead_us)
    traveller.work(rng, 1)
    later = traveller.state()
    traveller.again()
    control = traveller.writer.volume.storage.control
    assert control.get(CTRL_BATCH_CLOCK) == ahead_us, "a cold start forgets it"
    traveller.work(rng, 1)
    copier = traveller.writer.volume.storage.live()[0]
    end = control.vdl
    wait_for(lambda: copier.durable >= end)
    clocks = batch_clocks(copier.segment, end)
    assert clocks == sorted(clocks) and clocks[-1] == ahead_us
    traveller.go(ahead_us - 1)
    assert traveller.state() == traveller.moments[1][1] != later
    assert traveller.writer.volume.storage.history.jumps[-1].clock_us >= ahead_us


def batch_clocks(segment: Segment, end: int) -> list[int]:
    """Clocks of all batches up to `end`."""
    clocks, lsn = [], FIRST_LSN
    while lsn < end:
        header = segment.log.read(lsn, BATCH_HEADER_BYTES)
        clocks.append(int.from_bytes(header[BATCH_CLOCK_AT : BATCH_CLOCK_AT + 8], "little"))
        lsn += int.from_bytes(header[BATCH_LENGTH_AT : BATCH_LENGTH_AT + 4], "little")
    return clocks
