"""The volume in one process: pages at every LSN, coalescing, chunks, lost copies."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from redo.coalesce import store_hot
from redo.control import (
    COUNT_MENDED,
    REPLICA_READ_POINT,
    Control,
    replica_word,
)
from redo.disk import FileDisk
from redo.environment import system_environment
from redo.errors import LogUnavailable, PageUnavailable, VolumeLost
from redo.metadata import CopyMeta
from redo.quorum import COPIES, copy_directory
from redo.repair import NearCopy, fill_log
from redo.segment_layout import S_HOT, S_HOT_AT
from redo.volume import NEWEST, LocalVolume
from tests.redo.editing import FILL, NEW, PUT8, WRITE, Editor, Step, random_steps

PAGE = 512
PAGES = 40


class Writer:
    """A small volume with an editor, which remembers what every page was at every LSN."""

    def __init__(self, path: Path, **options: object) -> None:
        settings: dict[str, object] = {
            "page_bytes": PAGE,
            "ring_bytes": 1 << 16,
            "private_bytes": 4 << 20,
            "chunk_bytes": 1 << 15,
            "pg_pages": 16,
            "durable": False,
        }
        self.volume = LocalVolume(str(path), **{**settings, **options})  # type: ignore[arg-type]
        v = self.volume
        self.editor = Editor(v.arena, v.st, v.log, PAGES)
        self.frame = v.arena.alloc(PAGE)
        self.history: list[tuple[int, dict[int, bytes]]] = []
        self.known: set[int] = set()

    def run(self, steps: list[Step], wait: bool = True) -> int:
        """One mini-transaction, durable if `wait`; its end LSN."""
        end = self.editor.run(steps)
        touched = {step.page for step in steps}
        self.known |= touched
        self.history.append((end, {page: self.editor.image(page) for page in touched}))
        if wait:
            self.volume.log.wait_durable(end)
        return end

    def work(self, rng: np.random.Generator, count: int) -> int:
        """`count` random mini-transactions, published now and then; all durable at the end."""
        end = 0
        for _ in range(count):
            end = self.run(random_steps(rng, PAGE, self.known, PAGES), wait=False)
            if rng.random() < 0.3:
                self.volume.log.publish()
        self.volume.log.wait_durable(end)
        return end

    def read(self, page: int, lsn: int = NEWEST) -> bytes:
        """A page out of the volume."""
        self.volume.read_page(page, lsn, self.frame)
        return self.volume.arena.mem[self.frame : self.frame + PAGE].tobytes()

    def expected(self, lsn: int) -> dict[int, bytes]:
        """All pages as of `lsn`."""
        pages: dict[int, bytes] = {}
        for end, images in self.history:
            if end <= lsn:
                pages.update(images)
        return pages

    def images_of_copy(self, copy_no: int, lsn: int) -> dict[int, bytes]:
        """All pages of one full copy."""
        storage = self.volume.storage
        copier = storage.copiers[copy_no]
        assert copier is not None
        wait_for(lambda: copier.durable >= lsn)
        frame = storage.arena.alloc(PAGE)
        found = {}
        for page in self.expected(lsn):
            with copier.segment.lock:
                assert copier.segment.read_page(page, lsn, copier.durable, frame) == 0
            found[page] = storage.arena.mem[frame : frame + PAGE].tobytes()
        storage.arena.free(frame, PAGE)
        return found

    def gives(self, copy_no: int, lsn: int) -> bool:
        """Does one full copy give every page, as it should be?"""
        storage = self.volume.storage
        copier = storage.copiers[copy_no]
        frame = storage.arena.alloc(PAGE)
        try:
            if copier is None:
                return False
            for page, image in self.expected(lsn).items():
                with copier.segment.lock:
                    if copier.segment.read_page(page, lsn, copier.durable, frame) != 0:
                        return False
                assert storage.arena.mem[frame : frame + PAGE].tobytes() == image
            return True
        finally:
            storage.arena.free(frame, PAGE)

    def checkpoints(self) -> list[int]:
        """Checkpoints of the full copies; 0 for one that is not there."""
        copiers = self.volume.storage.copiers
        return [0 if c is None else c.segment.mark.lsn for c in copiers[::2]]


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait for other threads to have done something."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    """Makes writers on one data directory, one after the other; the last is closed at the end."""
    made: list[Writer] = []

    def make(**options: object) -> Writer:
        if made:
            made.pop().volume.close()
        made.append(Writer(tmp_path / "data", **options))
        return made[-1]

    yield make
    for writer in made:
        writer.volume.close()


Writers = Callable[..., Writer]


def test_pages_at_every_lsn(writers: Writers) -> None:
    writer = writers()
    writer.work(np.random.default_rng(1), 60)
    for lsn, _ in writer.history:
        for page, image in writer.expected(lsn).items():
            assert writer.read(page, lsn) == image, (page, lsn)


def test_page_that_does_not_exist(writers: Writers) -> None:
    writer = writers()
    before = writer.run([Step(NEW, 3)])
    writer.run([Step(NEW, 4)])
    assert writer.read(4)[:8] == (4).to_bytes(8, "little")
    for page, lsn in [(5, NEWEST), (4, before), (3, 4096)]:
        with pytest.raises(PageUnavailable):
            writer.read(page, lsn)


def test_page_made_again_keeps_its_past(writers: Writers) -> None:
    """A page freed and used again starts with NEW; readers of the past still see what it was."""
    writer = writers()
    writer.run([Step(NEW, 1), Step(PUT8, 1, 100, 8, 11)])
    old = writer.run([Step(PUT8, 1, 200, 8, 12)])
    writer.run([Step(NEW, 1), Step(PUT8, 1, 300, 8, 13)])
    assert writer.read(1, old) == writer.expected(old)[1]
    assert writer.read(1) == writer.editor.image(1)


@pytest.mark.parametrize("seed", range(4))
def test_everything_is_there_after_reopening(writers: Writers, seed: int) -> None:
    writer = writers()
    rng = np.random.default_rng(seed)
    for _ in range(3):
        end = writer.work(rng, 150)
        history = writer.history
        images = writer.expected(end)
        writer = writers(coalesce_bytes=int(rng.choice([1 << 12, 64 << 20])))
        writer.history = history
        assert writer.volume.recovered.vdl == end
        for page, image in images.items():
            assert writer.read(page) == image
            at = writer.editor.frame(page)
            writer.volume.arena.mem[at : at + PAGE] = np.frombuffer(image, np.uint8)
        writer.known = set(images)


def test_coalescing_changes_nothing_and_frees_the_log(writers: Writers, tmp_path: Path) -> None:
    writer = writers(coalesce_bytes=1 << 13)
    rng = np.random.default_rng(3)
    for _ in range(10):
        end = writer.work(rng, 120)
        for page, image in writer.expected(end).items():
            assert writer.read(page) == image
    wait_for(lambda: min(writer.checkpoints()) > end - (1 << 16))
    wait_for(lambda: all(len(list(path.glob("*.log"))) <= 4 for path in log_paths(tmp_path)))
    assert end > 12 << 15  # the log was much longer than what is left of it
    assert (tmp_path / "data/az1/full/pg-00002").is_dir()
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == writer.expected(end)
    with pytest.raises(PageUnavailable):
        writer.read(0, 4096 + 600)


def log_paths(tmp_path: Path) -> list[Path]:
    return [tmp_path / "data" / copy_directory(i) / "log" for i in range(COPIES)]


def test_read_points_hold_coalescing_back(writers: Writers) -> None:
    writer = writers(coalesce_bytes=1 << 12)
    rng = np.random.default_rng(5)
    pinned = writer.work(rng, 40)
    Control(writer.volume.arena).put(replica_word(2, REPLICA_READ_POINT), pinned)
    end = writer.work(rng, 400)
    for page, image in writer.expected(pinned).items():
        assert writer.read(page, pinned) == image
    assert max(writer.checkpoints()) <= pinned
    Control(writer.volume.arena).put(replica_word(2, REPLICA_READ_POINT), 0)
    wait_for(lambda: min(writer.checkpoints()) > pinned)
    for page, image in writer.expected(end).items():
        assert writer.read(page) == image


def test_page_files_do_not_grow_for_ever(
    writers: Writers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redo.page_store.FILE_BYTES", 16 * PAGE)
    writer = writers(coalesce_bytes=1 << 12, pg_pages=1000)
    rng = np.random.default_rng(6)
    end = 0
    for _ in range(25):
        end = writer.work(rng, 60)
        low = end - (1 << 15)
        wait_for(lambda low=low: min(writer.checkpoints()) > low)  # type: ignore[misc]
    files = list((tmp_path / "data/az1/full/pg-00000").glob("*.dat"))
    assert max(int(file.stem[6:]) for file in files) > 15  # many were written
    assert len(files) <= 10  # 40 pages need three
    images = writer.expected(end)
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == images
    writer = writers()
    for page, image in images.items():
        assert writer.read(page) == image


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
            assert held.wait(60.0)
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
    with made.segment.lock:
        assert made.segment.stretch(made.segment.meta.marks[0], made.durable).lsn == made.durable


def test_images_newer_than_the_index_do_not_lead_round_in_a_circle(writers: Writers) -> None:
    """A round that broke off leaves such images, of pages that were made anew as well."""
    writer = writers(coalesce_bytes=1 << 30)
    page = [Step(NEW, 1), Step(FILL, 1, 100, 50, 7)]
    ends = [writer.run(page), writer.run(page), writer.run([Step(FILL, 1, 200, 50, 8)])]
    copier = writer.volume.storage.copiers[0]
    assert copier is not None
    wait_for(lambda: copier.durable >= ends[-1])
    segment = copier.segment
    with segment.lock:
        assert segment.extend_index(ends[-1]) == 0
        segment.put(S_HOT, 1)
        segment.arena.words(segment.get(S_HOT_AT), 1)[0] = 1
    store_hot(segment, ends[-1])
    history = writer.history
    writer = writers(coalesce_bytes=1 << 30)
    writer.history = history
    for end in ends:
        copier = writer.volume.storage.copiers[0]
        assert copier is not None
        frame = writer.volume.arena.alloc(PAGE)
        with copier.segment.lock:
            assert copier.segment.read_page(1, end, copier.durable, frame) == 0
        image = writer.volume.storage.arena.mem[frame : frame + PAGE].tobytes()
        assert image == writer.expected(end)[1]


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

    rounds = 0
    while not back():
        writer.work(rng, 20)
        rounds += 1
        assert rounds < 2000
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


def test_damaged_stored_page_is_read_elsewhere_and_repaired(
    writers: Writers, tmp_path: Path
) -> None:
    writer = writers(coalesce_bytes=1 << 12)
    end = writer.work(np.random.default_rng(8), 300)
    wait_for(lambda: min(writer.checkpoints()) > 1 << 14)
    storage = writer.volume.storage
    for data in (tmp_path / "data/az2/full").glob("pg-*/*.dat"):
        data.write_bytes(bytes(data.stat().st_size))
    for _ in range(3):
        for page, image in writer.expected(end).items():
            assert writer.read(page) == image
    wait_for(storage.damages.empty)
    wait_for(lambda: writer.gives(2, end))
    assert storage.control.counted(2, COUNT_MENDED) > 0


def test_copy_that_fell_behind_the_ring_is_filled(writers: Writers) -> None:
    """A copy whose thread slept through a whole ring takes the log from a peer's files."""
    writer = writers()
    storage = writer.volume.storage
    slow = storage.copiers[3]
    assert slow is not None
    slow.stop()
    end = 0
    while end < 3 << 16:
        end = writer.run(
            [Step(NEW, 0), Step(WRITE, 0, 30, 400, 5), Step(FILL, 0, 60, 90, 2)], wait=end % 3 == 0
        )
    writer.volume.log.wait_durable(end)
    segment = slow.segment
    segment.complete = segment.follow(segment.mark, NEWEST).lsn
    assert segment.complete < end - (1 << 16)
    storage.start_copy(segment)
    again = storage.copiers[3]
    assert again is not None
    wait_for(lambda: again.durable == end)
    assert segment.follow(segment.mark, NEWEST).lsn == end


class SmallDisk(FileDisk):
    """A disk that is full when somebody says so."""

    def __init__(self) -> None:
        super().__init__(durable=False)
        self.full = False
        self.refused = 0

    def _check(self) -> None:
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(self, path: str, count: int) -> int:
        self._check()
        return super().create(path, count)

    def write(self, fd: int, at: int, data: bytes) -> None:
        self._check()
        super().write(fd, at, data)

    def replace_file(self, path: str, data: bytes) -> None:
        self._check()
        super().replace_file(path, data)


def test_full_disk_stops_acknowledgements_and_nothing_else(
    writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy dies of it; when there is room again everything goes on."""
    monkeypatch.setattr("redo.upkeep._FULL_DISK_S", 0.05)
    disk = SmallDisk()
    writer = writers(coalesce_bytes=1 << 13, environment=system_environment(disk))
    rng = np.random.default_rng(12)
    writer.work(rng, 200)
    copiers = list(writer.volume.storage.copiers)
    disk.full = True
    appended = 0
    with pytest.raises(LogUnavailable):
        while True:
            appended = writer.editor.run(random_steps(rng, PAGE, writer.known, PAGES))
            writer.volume.log.wait_durable(appended, timeout_s=0.3)
    assert writer.volume.log.vdl < appended
    wait_for(lambda: disk.refused > 6)
    disk.full = False
    writer.volume.log.wait_durable(appended)
    assert writer.volume.storage.copiers == copiers
    end = writer.work(rng, 100)
    wait_for(lambda: all(c is not None and c.durable >= end for c in copiers))
    for page in writer.known:
        assert writer.read(page) == writer.editor.image(page)


def test_failed_write_kills_the_copy_and_only_it(writers: Writers) -> None:
    """A descriptor that refuses writes: the copy is dead at once, and rebuilt."""
    writer = writers()
    writer.work(np.random.default_rng(13), 50)
    storage = writer.volume.storage
    victim = storage.copiers[1]
    assert victim is not None
    fd = victim.segment.log.chunk_at(victim.durable)
    readonly = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    os.dup2(readonly, fd)
    os.close(readonly)
    end = writer.work(np.random.default_rng(14), 50)
    wait_for(lambda: storage.copiers[1] not in (victim, None))
    assert "Bad file descriptor" in victim.reason
    again = storage.copiers[1]
    assert again is not None
    wait_for(lambda: again.durable >= end)


def test_a_deleted_log_file_acknowledges_nothing(
    writers: Writers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy's thread notices by itself, before it says "durable"."""
    monkeypatch.setattr("redo.upkeep.Upkeep.step", lambda _self: False)
    writer = writers()
    writer.work(np.random.default_rng(15), 30)
    storage = writer.volume.storage
    victim = storage.copiers[3]
    assert victim is not None
    for file in (tmp_path / "data/az2/tail/log").iterdir():
        file.unlink()
    writer.run([Step(NEW, 0)])
    wait_for(lambda: not victim.live)
    assert victim.reason == "No such file or directory while writing log"
    assert victim.durable == 0
    writer.work(np.random.default_rng(16), 30)


def test_log_that_cannot_become_pages_is_bounded(writers: Writers) -> None:
    """Writers wait when coalescing stands still, and go on when it does."""
    writer = writers(coalesce_bytes=1 << 13)
    rng = np.random.default_rng(20)
    storage, log = writer.volume.storage, writer.volume.log
    full = [copier.segment for copier in storage.live() if copier.segment.full]
    wait_for(lambda: storage.log_bound > 0)
    for segment in full:
        segment.store_lock.acquire()
    try:
        with pytest.raises(LogUnavailable):
            while True:
                end = writer.run(random_steps(rng, PAGE, writer.known, PAGES), wait=False)
                log.wait_durable(end, timeout_s=2.0)
        assert storage.pressure(full[0]) >= 1
        assert log.vdl - full[0].mark.lsn < storage.log_bound + (1 << 16) + (1 << 15)
    finally:
        for segment in full:
            segment.store_lock.release()
    log.wait_durable(log.next_lsn)
    for page, image in writer.expected(log.vdl).items():
        assert writer.read(page) == image
