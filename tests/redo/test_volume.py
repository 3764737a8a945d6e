"""The volume in one process: pages at every LSN, coalescing, chunks, lost copies."""

from __future__ import annotations

import errno
import os
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
from redo.errors import LogUnavailable, PageUnavailable
from redo.quorum import COPIES, copy_directory
from redo.segment_layout import S_HOT, S_HOT_AT
from redo.volume import NEWEST
from tests.redo.editing import FILL, NEW, PUT8, WRITE, Step, random_steps
from tests.redo.writing import PAGE, PAGES, Writers, wait_for


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


def test_damaged_stored_page_is_read_elsewhere_and_repaired(
    writers: Writers, tmp_path: Path
) -> None:
    writer = writers(coalesce_bytes=1 << 12)
    end = writer.work(np.random.default_rng(8), 300)
    wait_for(lambda: min(writer.checkpoints()) >= end - (1 << 12))  # no round is due any more
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

    def stands_still() -> bool:
        """Nothing becomes durable any more, for want of room (and not because all is so slow)."""
        nonlocal appended
        appended = writer.editor.run(random_steps(rng, PAGE, writer.known, PAGES))
        try:
            writer.volume.log.wait_durable(appended, timeout_s=0.3)
        except LogUnavailable:
            return disk.refused > 6
        return False

    wait_for(stands_still)
    assert writer.volume.log.vdl < appended
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
    wait_for(lambda: victim.durable >= writer.volume.log.vdl)
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
        refused = False
        while not refused or storage.pressure(full[0]) < 1:
            end = writer.run(random_steps(rng, PAGE, writer.known, PAGES), wait=False)
            try:
                log.wait_durable(end, timeout_s=0.5)
                refused = False
            except LogUnavailable:
                refused = True
        assert log.vdl - full[0].mark.lsn < storage.log_bound + (1 << 16) + (1 << 15)
    finally:
        for segment in full:
            segment.store_lock.release()
    log.wait_durable(log.next_lsn)
    for page, image in writer.expected(log.vdl).items():
        assert writer.read(page) == image
