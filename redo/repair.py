"""Filling a copy from its peers: a gap of log, or all of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from redo.errors import VolumeLost
from redo.metadata import CopyMeta
from redo.segment import Segment
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.timeline import Gaps

logger = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20


class Readable(Protocol):
    """Log, here or elsewhere."""

    def read(self, lsn: int, count: int) -> bytes: ...


class LogSource(Protocol):
    """A copy whose log can be read: a `Segment`, or a `peers.FarCopy`."""

    @property
    def name(self) -> str: ...

    @property
    def log(self) -> Readable: ...


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


def rebuild(segment: Segment, peer: Segment, end: int) -> None:
    """Make `segment`, a directory lost or damaged, anew from `peer`, whose log is durable to `end`.

    The metadata is written last: a directory without it is no copy.
    """
    with peer.store_lock:
        segment.create(replace(peer.meta, copy_no=segment.copy_no, shared=()))
        if segment.full:
            assert peer.full
            _copy_pages(segment, peer)
    _copy_log(segment, peer, segment.meta, end)
    segment.finish()


def _copy_log(segment: Segment, peer: Segment, meta: CopyMeta, end: int) -> None:
    at = meta.kept
    while at < end:
        piece = peer.log.read(at, min(PIECE_BYTES, end - at))
        if not piece:
            raise VolumeLost(f"{peer.name} has no log at {at} any more")
        segment.log.write(at, piece)
        at += len(piece)


def _copy_pages(segment: Segment, peer: Segment) -> None:
    """Copy the page files as far as they have entries, byte for byte."""
    disk, store = segment.disk, peer.store
    assert store is not None
    page_bytes = segment.volume.page_bytes
    for file in store.files.values():
        directory = f"{segment.path}/pg-{file.pg:05d}"
        disk.make_directory(directory)
        sources = (
            ("dat", file.data_fd, file.indexed * page_bytes),
            ("idx", file.index_fd, file.indexed * STORE_ENTRY_BYTES),
        )
        for suffix, source, count in sources:
            fd = disk.create(f"{directory}/pages-{file.sequence:08d}.{suffix}", 0)
            try:
                for at in range(0, count, PIECE_BYTES):
                    piece = disk.read(source, at, min(PIECE_BYTES, count - at))
                    disk.write(fd, at, piece)
                disk.sync(fd)
            finally:
                disk.close(fd)
        disk.sync_directory(directory)
