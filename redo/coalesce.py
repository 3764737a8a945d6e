"""Log becomes pages: each full copy by itself, from its own log, in small steps.

A round takes the pages that log below some LSN has changed, builds each as of that LSN, appends the
images to the page store, and when all of them are on disk moves the checkpoint there. A crash in
between leaves images nobody needs yet: newer than the checkpoint and equal to what the log gives.
Page files of which less than half is still needed are emptied by the same round.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np

from redo import index_kernels
from redo.errors import VolumeError
from redo.segment import Segment
from redo.segment_layout import STORE_ENTRY_BYTES

logger = logging.getLogger(__name__)

STEP_PAGES = 16


def coalesce(segment: Segment, limit: int, durable: int) -> Iterator[None]:
    """One round up to the last known batch boundary at or below `limit`; a step between yields.

    limit     nobody reads below: min(VDL, read points)
    durable   end of this copy's log
    Raises VolumeError: the copy is damaged. OSError: it is, or its disk is full; then `abandon`.
    """
    with segment.lock:
        if segment.extend_index(durable) < 0:
            raise VolumeError(f"{segment.name}: log is damaged")
        known = [boundary for boundary in segment.boundaries if boundary[0] <= limit]
        if not known or known[-1][0] <= segment.meta.checkpoint:
            return
        target, batch, epoch = known[-1]
        crowded = _emptiest(segment)
        pages = _pages_due(segment, target, -1 if crowded is None else crowded)
    yield
    written = []
    pages.sort()
    for group in _steps(segment, pages):
        written.append(_store(segment, group, target))
        yield
    assert segment.store is not None
    with segment.store_lock:
        segment.store.commit()
    yield
    with segment.store_lock, segment.lock:
        for entries, location in written:
            _enter(segment, entries, location)
        segment.set_checkpoint(target, batch, epoch)
        index_kernels.nodes_drop(segment.arena.mem, segment.at, target)
        segment.store.remove_unused(_live_images(segment))
    segment.log.recycle_below(target)
    logger.debug("%s: %d pages coalesced up to %d", segment.name, len(pages), target)


def _pages_due(segment: Segment, lsn: int, file_no: int) -> np.ndarray:
    mem, arena = segment.arena.mem, segment.arena
    count = int(index_kernels.pages_due(mem, segment.at, lsn, file_no, 0, 0))
    if count == 0:
        return np.empty(0, np.int64)
    at = arena.alloc(8 * count)
    index_kernels.pages_due(mem, segment.at, lsn, file_no, at, count)
    pages = arena.words(at, count).copy()
    arena.free(at, 8 * count)
    return pages


def abandon(segment: Segment) -> None:
    """Take back what a round has written that did not come to its end."""
    assert segment.store is not None
    with segment.store_lock:
        segment.store.abandon()


def _live_images(segment: Segment) -> np.ndarray:
    """By page file: how many pages have their newest image there."""
    store, arena = segment.store, segment.arena
    assert store is not None
    files = max(1, store.file_numbers)
    at = arena.alloc(8 * files)
    index_kernels.versions_count(arena.mem, segment.at, at, files)
    live = arena.words(at, files).copy()
    arena.free(at, 8 * files)
    return live


def _emptiest(segment: Segment) -> int | None:
    """Number of a page file worth emptying."""
    store = segment.store
    assert store is not None
    if len(store.files) < 2:
        return None
    file = store.emptiest(_live_images(segment))
    return None if file is None else file.number


def _steps(segment: Segment, pages: np.ndarray) -> Iterator[np.ndarray]:
    """Runs of at most STEP_PAGES pages of one protection group; `pages` ascending."""
    store = segment.store
    assert store is not None
    start = 0
    while start < len(pages):
        end = start + 1
        group = store.pg_of(int(pages[start]))
        while end < min(len(pages), start + STEP_PAGES) and store.pg_of(int(pages[end])) == group:
            end += 1
        yield pages[start:end]
        start = end


def _store(segment: Segment, pages: np.ndarray, lsn: int) -> tuple[np.ndarray, int]:
    """Build and append pages of one protection group; their entries, the first one's location."""
    store, arena = segment.store, segment.arena
    assert store is not None
    count = len(pages)
    sizes = (8 * count, count * segment.volume.page_bytes, count * STORE_ENTRY_BYTES)
    numbers_at, images_at, entries_at = (arena.alloc(size) for size in sizes)
    try:
        arena.words(numbers_at, count)[:] = pages
        with segment.lock:
            code = segment.build_pages(numbers_at, count, lsn, images_at, entries_at)
        if code < 0:
            raise VolumeError(f"{segment.name}: pages cannot be built (code {code})")
        with segment.store_lock:
            pg = store.pg_of(int(pages[0]))
            location = store.append(pg, images_at, entries_at, count)
        return arena.mem[entries_at : entries_at + sizes[2]].copy(), location
    finally:
        for at, size in zip((numbers_at, images_at, entries_at), sizes, strict=True):
            arena.free(at, size)


def _enter(segment: Segment, entries: np.ndarray, location: int) -> None:
    """Make the stored images the pages' newest."""
    arena = segment.arena
    at = arena.alloc(len(entries))
    arena.mem[at : at + len(entries)] = entries
    count = len(entries) // STORE_ENTRY_BYTES
    good = index_kernels.versions_load(arena.mem, segment.at, at, count, location)
    assert good == count
    arena.free(at, len(entries))
