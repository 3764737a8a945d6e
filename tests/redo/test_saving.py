"""What a copy finds when it is opened counts as durable: whoever wrote it may have failed to sync
it, and the system's cache does not tell. So it is written and synced before it counts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from redo.disk import FileDisk
from redo.environment import system_environment
from redo.quorum import copy_directory
from redo.segment_layout import CHUNK_HEADER_BYTES, STORE_ENTRY_BYTES
from tests.redo.writing import Writer, wait_for

CHUNK = 1 << 15


class Watched(FileDisk):
    """Remembers which bytes of which files were written and then synced."""

    def __init__(self) -> None:
        super().__init__(durable=False)
        self.synced: dict[str, list[tuple[int, int]]] = {}
        self._written: dict[str, list[tuple[int, int]]] = {}

    def _path(self, fd: int) -> str:
        return os.readlink(f"/proc/self/fd/{fd}")

    def write(self, fd: int, at: int, data: bytes) -> None:
        super().write(fd, at, data)
        self._written.setdefault(self._path(fd), []).append((at, at + len(data)))

    def sync(self, fd: int) -> None:
        path = self._path(fd)
        self.synced.setdefault(path, []).extend(self._written.pop(path, ()))

    def has_synced(self, path: Path, at: int, end: int) -> bool:
        """All of these bytes?"""
        for first, stop in sorted(self.synced.get(str(path), ())):
            if first <= at < stop:
                at = stop
        return at >= end


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A volume with pages, runs, and log beyond them."""
    path = tmp_path / "data"
    writer = Writer(path, coalesce_bytes=1 << 14)
    rng = np.random.default_rng(1)
    while not all(writer.checkpoints()) or min(writer.checkpoints()) <= 1 << 15:
        writer.work(rng, 50)
    end = writer.work(rng, 5)
    wait_for(lambda: all(durable >= end for durable in writer.volume.storage.control.durable()))
    writer.volume.close()
    return path


def test_log_and_entries_are_saved_before_they_count(data: Path) -> None:
    disk = Watched()
    writer = Writer(data, environment=system_environment(disk))
    try:
        end = writer.volume.recovered.vdl
        for copier in writer.volume.storage.copiers:
            assert copier is not None
            segment = copier.segment
            known = max((run.mark.lsn for run in segment.runs), default=segment.mark.lsn)
            known = min(known, end)
            log = data / copy_directory(segment.copy_no) / "log"
            while known < end:
                start = known - known % CHUNK
                stop = min(end, start + CHUNK)
                place = CHUNK_HEADER_BYTES - start
                path = log / f"{start:016x}.log"
                assert disk.has_synced(path, place + known, place + stop), (segment.name, known)
                known = stop
    finally:
        writer.volume.close()
    for copy_no in (0, 2, 4):
        for group in (data / copy_directory(copy_no)).glob("pg-*"):
            newest = max(group.glob("*.idx"), key=lambda path: path.name)
            size = newest.stat().st_size
            assert size % STORE_ENTRY_BYTES == 0
            assert disk.has_synced(newest, 0, size), newest
