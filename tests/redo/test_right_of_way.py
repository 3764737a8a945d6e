"""Who goes first, and who stands still meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

from redo.arena import Arena, create_ring
from redo.chunks import ChunkLog
from redo.disk import FileDisk
from redo.environment import SystemClock
from redo.metadata import new_volume
from redo.right_of_way import RightOfWay
from redo.segment_layout import CHUNK_HEADER_BYTES

PATIENCE_S = 60.0
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
