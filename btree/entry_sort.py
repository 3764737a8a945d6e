"""Sorting more entries than fit memory: runs sorted one by one, kept in a file, merged.

The memory taken does not depend on how many entries there are: one run, and a window for each of
the runs that are merged at once. A file is made only when there is a second run; it has no name, so
a crash leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from btree import sort_kernels
from redo.arena import Arena, Words
from redo.state import ST_CIPHER
from redo.temporary_file import TemporaryFile

RUN_BYTES: Final = 128 << 10  #: half a millisecond of sorting
MERGED_RUNS: Final = 64
WINDOW_BYTES: Final = 64 << 10  #: longer than any entry of an index
MERGED_BYTES: Final = 32 << 10  #: of a merge, between two looks at what others want
READ_BYTES: Final = 512 << 10  #: of windows, likewise: a merge begins with all of them
CUT_BYTES: Final = 2 << 20  #: of the file, likewise: closing 40 MB of it takes some milliseconds
_LEAST_ENTRY: Final = 20  #: header, a key of a byte, value of a secondary entry


@dataclass(slots=True)
class _Run:
    """A sorted run in the file: where what is not in memory begins, and ends."""

    at: int
    end: int


class EntrySort:
    """One sort: `room` takes entries, `close_run` when it is full, then `batches`."""

    def __init__(self, arena: Arena, st: Words, run_bytes: int = RUN_BYTES) -> None:
        self._arena = arena
        self._st = st
        self.run_bytes = run_bytes
        self._slot_bytes = 16 * (run_bytes // _LEAST_ENTRY + 1)
        self.room = arena.alloc(run_bytes)
        self._sorted = arena.alloc(run_bytes)
        self._slots = arena.alloc(2 * self._slot_bytes)
        self._sorted_bytes = 0  #: a sorted run that has not been written to the file
        self._merging: list[tuple[int, int]] = []  #: memory of a merge: offset, bytes
        self._file: TemporaryFile | None = None
        self._file_bytes = 0
        self._runs: list[_Run] = []
        self.spilled_bytes = 0

    def close(self) -> None:
        """Give memory and file back."""
        self._end_merge()
        for at, size in (
            (self.room, self.run_bytes),
            (self._sorted, self.run_bytes),
            (self._slots, 2 * self._slot_bytes),
        ):
            self._arena.free(at, size)
        if self._file is not None:
            self._file.close()
            self._file = None

    def close_run(self, used: int) -> None:
        """The first `used` bytes of `room` are a run; the room is free again."""
        if not used:
            return
        if self._sorted_bytes:
            self._runs.append(self._write(self._sorted, self._sorted_bytes))
        slots, spare = self._slots, self._slots + self._slot_bytes
        mem = self._arena.mem
        sort_kernels.run_sort(self._st, mem, self.room, used, slots, spare, self._sorted)
        self._sorted_bytes = used

    def _write(self, at: int, count: int) -> _Run:
        if self._file is None:
            self._file = TemporaryFile(encrypted=self._st[ST_CIPHER] != 0)
        start = self._file_bytes
        self._file.write(self._arena.mem[at : at + count].data, start)
        self._file_bytes += count
        self.spilled_bytes += count
        return _Run(start, self._file_bytes)

    def batches(self) -> Iterator[tuple[int, int]]:
        """(offset, bytes) of sorted entries, piece by piece; (0, 0) between: nothing yet."""
        if not self._runs:
            if self._sorted_bytes:
                yield self._sorted, self._sorted_bytes
            return
        if self._sorted_bytes:
            self._runs.append(self._write(self._sorted, self._sorted_bytes))
            self._sorted_bytes = 0
        while len(self._runs) > MERGED_RUNS:
            group, self._runs = self._runs[:MERGED_RUNS], self._runs[MERGED_RUNS:]
            start = self._file_bytes
            for at, count in self._merge(group):
                self._write(at, count)
                yield 0, 0
            self._runs.append(_Run(start, self._file_bytes))
        yield from self._merge(self._runs)

    def file_cuts(self) -> Iterator[None]:
        """Make the file, which nobody needs any more, shorter piece by piece until it is empty."""
        while self._file is not None and self._file_bytes > 0:
            self._file_bytes = max(0, self._file_bytes - CUT_BYTES)
            self._file.truncate(self._file_bytes)
            yield

    def _merge(self, runs: list[_Run]) -> Iterator[tuple[int, int]]:
        arena, count = self._arena, len(runs)
        self._merging = [
            (arena.alloc(size), size)
            for size in (8 * sort_kernels.WINDOW_WORDS * count, 8 * count, count * WINDOW_BYTES)
        ]
        (windows, _), (heap, _), (buffers, _) = self._merging
        words = arena.words(windows, sort_kernels.WINDOW_WORDS * count).reshape(count, -1)
        words[:] = 0
        room = min(MERGED_BYTES, self.run_bytes)
        while True:
            read = 0
            for number, run in enumerate(runs):
                read += self._refill(words[number], run, buffers + number * WINDOW_BYTES)
                if read >= READ_BYTES:
                    read = 0
                    yield 0, 0
            done = int(
                sort_kernels.runs_merge(
                    self._st, arena.mem, windows, count, heap, self._sorted, room
                )
            )
            if done:
                yield self._sorted, done
            elif not any(run.at < run.end for run in runs):
                break
        self._end_merge()

    def _refill(self, window: Words, run: _Run, buffer: int) -> int:
        """Move what is left of a window to its start and read on behind it; bytes read."""
        at, end = int(window[sort_kernels.WINDOW_AT]), int(window[sort_kernels.WINDOW_END])
        left, got = end - at, 0
        if run.at < run.end and left < WINDOW_BYTES // 2:
            mem = self._arena.mem
            mem[buffer : buffer + left] = mem[at:end].copy()
            wanted = min(WINDOW_BYTES - left, run.end - run.at)
            view = mem[buffer + left : buffer + left + wanted].data
            assert self._file is not None
            got = self._file.read(view, run.at)
            if got <= 0:
                raise OSError("a run of a sort is shorter than it was written")
            run.at += got
            window[sort_kernels.WINDOW_AT] = buffer
            window[sort_kernels.WINDOW_END] = buffer + left + got
        window[sort_kernels.WINDOW_OUTSIDE] = run.end - run.at
        return got

    def _end_merge(self) -> None:
        for at, size in self._merging:
            self._arena.free(at, size)
        self._merging = []
