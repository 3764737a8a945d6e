"""What a copy remembers of its log: runs, so that a start need not read the log again.

::

    log/0000000000400000.run    runs that begin in the chunk beside it (byte table: segment_layout)

A run is a stretch of whole, durable batches, some megabytes long, with the newest record of each
page in it. Runs lie side by side, none reaches over a gap; they also tell which LSN was written
when. They are written without a sync: one that is torn by a crash ends the file, and the log from
there on is read. The files of tails hold runs without pages.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from redo.checksum_kernels import crc32c_of
from redo.disk import Disk
from redo.segment_layout import PAIR_BYTES, RUN_HEADER_BYTES, RUN_MAGIC
from redo.timeline import Mark

_HEADER = struct.Struct("<IIqqqqqIIq")
Pairs = npt.NDArray[np.int64]
assert _HEADER.size == RUN_HEADER_BYTES


def no_pairs() -> Pairs:
    """No (page, LSN) pairs."""
    return np.empty((0, 2), np.int64)


@dataclass(frozen=True, slots=True)
class Run:
    """Log [lsn, mark.lsn).

    heads   (page number, LSN of its newest record in the run)
    remade  (LSN of a record that names none before it, LSN of the page's record before)
    """

    lsn: int
    mark: Mark
    heads: Pairs = field(default_factory=no_pairs)
    remade: Pairs = field(default_factory=no_pairs)


def _crc(data: bytes) -> int:
    return int(crc32c_of(np.frombuffer(bytearray(data), np.uint8), 0, len(data)))


def pack(run: Run) -> bytes:
    """A run's bytes."""
    end, batch, epoch, clock = run.mark
    pairs = run.heads.astype("<i8").tobytes() + run.remade.astype("<i8").tobytes()
    counts = (len(run.heads), len(run.remade), 0)
    header = _HEADER.pack(RUN_MAGIC, 0, run.lsn, end, batch, epoch, clock, *counts)
    crc = _crc(header[8:] + pairs)
    return header[:4] + struct.pack("<I", crc) + header[8:] + pairs


def unpack(data: bytes) -> Iterator[tuple[int, Run]]:
    """Whole, intact runs, each with the offset behind it."""
    at = 0
    while at + RUN_HEADER_BYTES <= len(data):
        magic, crc, lsn, end, batch, epoch, clock, heads, remade, _ = _HEADER.unpack_from(data, at)
        stop = at + RUN_HEADER_BYTES + PAIR_BYTES * (heads + remade)
        if magic != RUN_MAGIC or stop > len(data) or _crc(data[at + 8 : stop]) != crc:
            return
        pairs = np.frombuffer(data[at + RUN_HEADER_BYTES : stop], "<i8").reshape(-1, 2)
        mark = Mark(end, batch, epoch, clock)
        yield stop, Run(lsn, mark, pairs[:heads].astype(np.int64), pairs[heads:].astype(np.int64))
        at = stop


class RunFiles:
    """The run files of one copy. One thread at a time (`Segment.lock`)."""

    def __init__(self, disk: Disk, path: str, chunk_bytes: int) -> None:
        self._disk = disk
        self._path = path
        self._chunk_bytes = chunk_bytes
        self._fd = -1
        self._start = -1
        self._end = 0

    def _name(self, start: int) -> str:
        return f"{self._path}/{start:016x}.run"

    def append(self, run: Run) -> None:
        """Write a run behind those of its chunk; not when the file is also another volume's."""
        start = run.lsn - run.lsn % self._chunk_bytes
        if start != self._start:
            self._open(start)
        if self._disk.shared(self._fd):
            return
        data = pack(run)
        self._disk.write(self._fd, self._end, data)
        self._end += len(data)

    def _open(self, start: int) -> None:
        self.close()
        path = self._name(start)
        if self._disk.exists(path):
            self._fd = self._disk.open(path)
            data = self._disk.read(self._fd, 0, self._disk.size(self._fd))
            self._end = max((end for end, _ in unpack(data)), default=0)
        else:
            self._fd = self._disk.create(path, 0)
            self._end = 0
        self._start = start

    def load(self, lsn: int) -> Iterator[Run]:
        """Runs at or above `lsn`, ascending, those of every path."""
        for name in self._disk.names(self._path):
            if name.endswith(".run") and int(name[:-4], 16) + self._chunk_bytes > lsn:
                for _, run in self._runs_of(name):
                    if run.lsn >= lsn:
                        yield run

    def around(self, clock_us: int) -> list[Run]:
        """Runs of every path that ended at about that time, before it and after it.

        LSNs and clocks grow together, so the file is found by halving.
        """
        names = [name for name in self._disk.names(self._path) if name.endswith(".run")]
        place = bisect.bisect_right(names, clock_us, key=self._first_clock)
        near = names[max(0, place - 1) : place + 1]
        return [run for name in near for _, run in self._runs_of(name)]

    def _first_clock(self, name: str) -> int:
        fd = self._disk.open(f"{self._path}/{name}")
        try:
            header = self._disk.read(fd, 0, RUN_HEADER_BYTES)
        finally:
            self._disk.close(fd)
        return int(_HEADER.unpack(header)[6]) if len(header) == RUN_HEADER_BYTES else 0

    def _runs_of(self, name: str) -> Iterator[tuple[int, Run]]:
        return unpack(self._disk.read_file(f"{self._path}/{name}"))

    def drop_below(self, lsn: int) -> None:
        """Remove the files of chunks wholly below `lsn`."""
        for name in self._disk.names(self._path):
            if name.endswith(".run") and int(name[:-4], 16) + self._chunk_bytes <= lsn:
                if int(name[:-4], 16) == self._start:
                    self.close()
                self._disk.remove(f"{self._path}/{name}")

    def close(self) -> None:
        """Close the file that is being written."""
        if self._fd >= 0:
            self._disk.close(self._fd)
        self._fd = self._start = -1
