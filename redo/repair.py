"""Filling a copy from its peers: a gap of log, or all of it.

A source is another copy, of this process (`NearCopy`) or of another one (`peers.FarCopy`). Page
files are borrowed: their images stay as they are until they are given back; log is read as it is.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from redo.errors import VolumeLost
from redo.members import Members
from redo.metadata import CopyMeta
from redo.segment import Segment
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.timeline import Gaps

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 1 << 20
_HOLE_BYTES: Final = 1 << 16  #: zeros of this size are not written: they become holes

#: Called with (bytes done, bytes in all) after each piece; whatever it raises ends the work.
Watch = Callable[[int, int], None]


class Readable(Protocol):
    """Log, here or elsewhere."""

    def read(self, lsn: int, count: int) -> bytes: ...


class LogSource(Protocol):
    """A copy whose log can be read."""

    @property
    def name(self) -> str: ...

    @property
    def log(self) -> Readable: ...


class Source(LogSource, Protocol):
    """A copy that another one can be made from.

    borrow      its metadata, and its page files: paths that begin with its name, and sizes
    pieces      bytes of such a file from one offset to another, each piece with its offset
    give_back   must follow `borrow`
    """

    @property
    def full(self) -> bool: ...

    def borrow(self) -> tuple[CopyMeta, dict[str, int]]: ...

    def pieces(self, path: str, start: int, end: int) -> Iterator[tuple[int, bytes]]: ...

    def give_back(self) -> None: ...


class NearCopy:
    """A copy of this process as a source."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._files: dict[str, int] = {}
        self.name = segment.name
        self.full = segment.full
        self.log: Readable = segment.log

    def borrow(self) -> tuple[CopyMeta, dict[str, int]]:
        """Its metadata, and its page files with their sizes."""
        segment = self._segment
        sizes: dict[str, int] = {}
        with segment.store_lock:
            meta = segment.meta
            for pg, sequence, images, data_fd, index_fd in segment.borrow_files():
                stem = f"{self.name}/pg-{pg:05d}/pages-{sequence:08d}"
                self._files |= {f"{stem}.dat": data_fd, f"{stem}.idx": index_fd}
                sizes[f"{stem}.dat"] = images * segment.volume.page_bytes
                sizes[f"{stem}.idx"] = images * STORE_ENTRY_BYTES
        return meta, sizes

    def pieces(self, path: str, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Bytes of a borrowed file, each piece with its offset."""
        for at in range(start, end, PIECE_BYTES):
            yield at, self._segment.disk.read(self._files[path], at, min(PIECE_BYTES, end - at))

    def give_back(self) -> None:
        """The files are not needed any more."""
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()
        with self._segment.store_lock:
            if self._segment.store is not None:
                self._segment.store.lent -= 1


def fill_log(segment: Segment, lsn: int, peers: Sequence[tuple[LogSource, int]]) -> int:
    """Copy log from `lsn` on from the first peer that has it; how far it is copied, durably.

    peers   (peer, end of its durable log), the furthest first
    Raises VolumeLost when no peer's log reaches back to `lsn`, OSError when this disk fails.
    """
    for peer, end in peers:
        at = lsn
        while at < end:
            at, stop = next_stretch(segment.history.gaps, at, end)
            piece = peer.log.read(at, min(PIECE_BYTES, stop - at))
            if not piece and at < stop:
                break
            segment.log.write(at, piece)
            at += len(piece)
        if at >= end:
            logger.info("copy %s: log %d to %d from %s", segment.name, lsn, at, peer.name)
            return at
    raise VolumeLost(f"no copy has the log from {lsn} on that {segment.name} lacks")


def next_stretch(gaps: Gaps, lsn: int, end: int) -> tuple[int, int]:
    """From `lsn` on towards `end`: where the path goes on, and how far it has no gap."""
    for start, beyond in gaps:
        if start <= lsn < beyond:
            lsn = beyond
    return min(lsn, end), min([end, *(start for start, _ in gaps if start > lsn)])


def make_copy(
    segment: Segment,
    source: Source,
    end: int,
    member: tuple[int, Members],
    watch: Watch = lambda done, whole: None,
) -> None:
    """Make `segment`, in an empty or lost directory, from a source whose log is durable to `end`.

    Log up to the newest of the checkpoints that come along is copied too: there is no hole in it.

    member   its number, and who all the members are
    The metadata is written last: a directory without it is no copy.
    """
    assert source.full or not segment.full
    meta, files = source.borrow()
    try:
        end = max(end, meta.marks[-1].lsn)  # it may have made a checkpoint meanwhile
        number, members = member
        made = replace(meta, copy_no=segment.copy_no, shared=(), member=number, members=members)
        segment.create(made)
        if not segment.full:
            files = {}
        whole = end - meta.kept + sum(files.values())
        done = 0
        for path, size in files.items():
            for count in _copy_file(segment, source, path, size):
                done += count
                watch(done, whole)
        for count in _copy_log(segment, source, made, end):
            done += count
            watch(done, whole)
    finally:
        source.give_back()
    segment.finish()


def _copy_file(segment: Segment, source: Source, path: str, size: int) -> Iterator[int]:
    """Copy a page file; bytes done in each step."""
    disk = segment.disk
    _, _, directory, name = path.split("/")
    place = f"{segment.path}/{directory}"
    disk.make_directory(place)
    fd = disk.create(f"{place}/{name}", 0)
    try:
        for at, piece in source.pieces(path, 0, size):
            for start in range(0, len(piece), _HOLE_BYTES):
                part = piece[start : start + _HOLE_BYTES]
                if part.count(0) < len(part):
                    disk.write(fd, at + start, part)
            yield len(piece)
        disk.truncate(fd, size)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.sync_directory(place)


def _copy_log(segment: Segment, source: Source, meta: CopyMeta, end: int) -> Iterator[int]:
    """Copy the log that is kept, also what the path leaves out, where it is there."""
    at = meta.kept
    gaps = meta.history.gaps
    while at < end:
        piece = source.log.read(at, min(PIECE_BYTES, end - at))
        if piece:
            segment.log.write(at, piece)
            yield len(piece)
            at += len(piece)
            continue
        beyond = next_stretch(gaps, at, end)[0]
        if beyond == at:
            raise VolumeLost(f"{source.name} has no log at {at} any more")
        yield beyond - at
        at = beyond
