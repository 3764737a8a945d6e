"""Who goes first, and who stands still meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from redo import coalesce
from redo.arena import Arena, create_ring
from redo.chunks import ChunkLog
from redo.disk import FileDisk
from redo.environment import SystemClock, system_environment
from redo.metadata import new_volume
from redo.right_of_way import RightOfWay
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.timeline import NEVER
from tests.redo.editing import FILL, NEW, Step
from tests.redo.writing import PAGE, Writer, wait_for

PATIENCE_S = 300.0
CHUNK_BYTES = 1 << 20


class StoppedClock(SystemClock):
    """Time stands still for who waits: only the event ends a wait."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(PATIENCE_S)


def test_background_work_stands_still_until_the_last_one_has_passed() -> None:
    way = RightOfWay(StoppedClock())
    way.give()  # nobody is about
    passed: list[str] = []
    with way:
        with way:
            thread = threading.Thread(target=lambda: (way.give(), passed.append("background")))
            thread.start()
        assert way.taken
        passed.append("foreground")
    thread.join(PATIENCE_S)
    assert passed == ["foreground", "background"]
    assert not way.taken


def test_an_error_gives_the_way_back() -> None:
    way = RightOfWay(StoppedClock())
    try:
        with way:
            raise OSError
    except OSError:
        pass
    assert not way.taken


def test_a_prepared_chunk_is_whole_and_is_the_one_that_is_used(tmp_path: Path) -> None:
    log_path = tmp_path / "log"
    log_path.mkdir()
    (log_path / "spare-0000000000200000.new").write_bytes(b"half")  # of a life that was cut off
    arena = Arena(create_ring(1 << 20), 1 << 24)
    try:
        log = ChunkLog(FileDisk(False), str(log_path), new_volume(4096, CHUNK_BYTES, 1024), arena)
        log.open(0)
        log.prepare(CHUNK_BYTES)
        assert [path.name for path in log_path.iterdir()] == [f"{CHUNK_BYTES:016x}.log"]
        made = (log_path / f"{CHUNK_BYTES:016x}.log").stat()
        assert made.st_size == CHUNK_HEADER_BYTES + CHUNK_BYTES
        log.prepare(CHUNK_BYTES)
        log.chunk_at(CHUNK_BYTES + 7)
        assert (log_path / f"{CHUNK_BYTES:016x}.log").stat().st_ino == made.st_ino
        log.close()
    finally:
        arena.close()


class DirtyDisk(FileDisk):
    """Knows how much of the page files is written and not synced."""

    def __init__(self) -> None:
        super().__init__(durable=False)
        self.dirty: dict[int, int] = {}
        self.most = 0

    def create(self, path: str, count: int) -> int:
        fd = super().create(path, count)
        if path.endswith(".dat"):
            self.dirty[os.fstat(fd).st_ino] = 0
        return fd

    def write(self, fd: int, at: int, data: bytes) -> None:
        super().write(fd, at, data)
        inode = os.fstat(fd).st_ino
        if inode in self.dirty:
            self.dirty[inode] += len(data)
            self.most = max(self.most, sum(self.dirty.values()))

    def sync(self, fd: int) -> None:
        super().sync(fd)
        inode = os.fstat(fd).st_ino
        if inode in self.dirty:
            self.dirty[inode] = 0


def test_a_round_of_coalescing_leaves_little_unsynced_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages a round writes: whoever syncs something else waits for a step's only."""
    monkeypatch.setattr(coalesce, "_SYNC_STEPS", 1)
    monkeypatch.setattr(coalesce, "STEP_PAGES", 4)
    disk = DirtyDisk()
    environment = system_environment(disk)
    writer = Writer(tmp_path / "data", coalesce_bytes=1 << 30, environment=environment)
    try:
        pages = range(1, 21)
        end = writer.run([step for n in pages for step in (Step(NEW, n), Step(FILL, n, 99, 9, 7))])
        copier = writer.volume.storage.copiers[0]
        assert copier is not None
        wait_for(lambda: copier.durable >= end)
        segment = copier.segment
        with segment.lock:
            assert segment.extend_index(end) == 0
            segment.end_run()
        for _ in coalesce.coalesce(segment, end, 1 << 30, coalesce.Keep(NEVER, NEVER)):
            pass
        assert segment.images == len(pages)
        assert 0 < disk.most <= 4 * PAGE
    finally:
        writer.volume.close()
