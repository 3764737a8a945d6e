"""Log becomes pages: each full copy by itself, from its own log, in small steps.

A round takes the pages that log up to some LSN has changed, builds each as of that LSN, appends the
images to the page store, and when all of them are on disk makes that LSN a checkpoint. A crash in
between leaves images nobody needs yet: newer than the checkpoint and equal to what the log gives.
The same round moves what is left out of a page file of which less than half is needed, then drops
images, files and log that are below every checkpoint that must stay (`timeline.kept_marks`).

Between rounds, pages with very many records get an image early (`store_hot`), which bounds the
time of a read.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from redo import mend_kernels, page_table_kernels
from redo.control import COUNT_PAGE_BYTES, COUNT_PAGE_WRITES
from redo.errors import VolumeError
from redo.runs import Run
from redo.segment import Segment
from redo.segment_layout import S_HASH_SLOTS, S_HOT, S_HOT_AT, S_INDEXED, STORE_ENTRY_BYTES
from redo.timeline import Mark, kept_marks

logger = logging.getLogger(__name__)

STEP_PAGES = 16
_PRUNE_SLOTS = 1 << 16
_RELEASE_SLOTS = 256  #: at a time: whoever freezes the volume waits for it
#: Images of so many steps are synced together: a disk that is given much at once is busy for long,
#: and whoever else syncs something (a commit, a snapshot) waits behind it.
_SYNC_STEPS = 8


@dataclass(frozen=True, slots=True)
class Keep:
    """What must stay readable of the past.

    before_us   every state since this time: the backtrack window (timeline.NEVER: none of it)
    pin         every state since this LSN: what is not in the archive yet, say
    """

    before_us: int
    pin: int


def coalesce(segment: Segment, limit: int, most: int, keep: Keep) -> Iterator[None]:
    """One round up to the last known run at or below `limit`; a step between yields.

    limit   nobody reads below, but for going back in time: min(VDL, read points)
    most    bytes of log at once: checkpoints come regularly, also when log comes faster than this
    Raises VolumeError: the copy is damaged. OSError: it is, or its disk is full; then `abandon`.
    """
    with segment.lock:
        runs = [run for run in segment.runs if run.mark.lsn <= limit]
        if not runs:
            return
        near = [run for run in runs if run.mark.lsn - segment.mark.lsn <= most]
        runs = near or runs[:1]
    target = runs[-1].mark
    pages = np.unique(np.concatenate([run.heads[:, 0] for run in runs]))
    yield
    yield from _read_again(segment, runs)
    written = []
    images = chain(
        (_store(segment, group, target.lsn) for group in _steps(segment, pages)),
        _move_emptiest(segment),
    )
    for group in images:
        written.append(group)
        if len(written) % _SYNC_STEPS == 0:
            _sync_images(segment)
        yield
    _make_durable(segment)
    yield
    marks = (*segment.meta.marks, target)
    segment.save_marks(kept_marks(marks, segment.history.jumps, keep.before_us, keep.pin))
    with segment.store_lock, segment.lock:
        _enter(segment, written)
        segment.go_to(target)
    yield from _drop(segment)
    logger.debug("%s: %d pages coalesced up to %d", segment.name, len(pages), target.lsn)


def _read_again(segment: Segment, runs: Sequence[Run]) -> Iterator[None]:
    """Verify the log once more: what has rotted since it was indexed must not become an image,
    which would be believed for good. Raises VolumeError."""
    for run in runs:
        with segment.lock:
            end = segment.follow(Mark(run.lsn, -1, 0, 0), run.mark.lsn)
        if end.lsn < run.mark.lsn:
            raise VolumeError(f"{segment.name}: log at {end.lsn} is damaged")
        yield


def _drop(segment: Segment) -> Iterator[None]:
    """Give up what no checkpoint needs: images, then page files, then log."""
    assert segment.store is not None and segment.table is not None
    kept = segment.meta.kept
    forgotten, segment.table.given_up = segment.table.given_up, []
    for at in range(0, segment.get(S_HASH_SLOTS), _PRUNE_SLOTS):
        with segment.lock:
            forgotten.append(segment.table.prune(kept, at, _PRUNE_SLOTS))
        yield
    while True:
        with segment.store_lock:
            removed = segment.store.remove_unused(kept)
        if not removed:
            break
        for fd in removed:  # the file system gives their room back now, which takes a while
            segment.disk.close(fd)
        yield
    locations = np.sort(np.concatenate(forgotten))
    for at in range(0, len(locations), _RELEASE_SLOTS):
        with segment.store_lock:
            segment.store.release(locations[at : at + _RELEASE_SLOTS])
        yield
    segment.drop_log(kept)


def store_hot(segment: Segment, durable: int) -> None:
    """Store images of pages that have gathered very many records.

    durable   VDL: an image must not hold what recovery may still cut off
    """
    with segment.lock:
        count = segment.get(S_HOT)
        lsn = segment.get(S_INDEXED)
        if count == 0 or lsn > durable:
            return
        pages = np.unique(segment.arena.words(segment.get(S_HOT_AT), count))
        segment.put(S_HOT, 0)
    written = [_store(segment, group, lsn) for group in _steps(segment, pages)]
    _make_durable(segment)
    with segment.store_lock, segment.lock:
        _enter(segment, written)


def store_image(segment: Segment, page_no: int, image: bytes) -> None:
    """Store an image that came from elsewhere: it takes the place of one of the same state."""
    assert segment.store is not None
    with _Room(segment, np.array([page_no])) as room:
        mem = segment.arena.mem
        mem[room.images : room.images + len(image)] = memoryview(image)
        with segment.lock:
            segment.cipher.put_salts(room.entries, 1)
            code = mend_kernels.images_seal(
                segment.st, mem, segment.at, 1, room.images, room.entries
            )
        if code < 0:
            raise VolumeError(f"{segment.name}: page {page_no} cannot be encrypted")
        written = _append(segment, segment.store.pg_of(page_no), room, 1)
    _make_durable(segment)
    with segment.store_lock, segment.lock:
        _enter(segment, [written])


def abandon(segment: Segment) -> None:
    """Take back what a round has written that did not come to its end."""
    assert segment.store is not None
    with segment.store_lock:
        segment.store.abandon()


def _sync_images(segment: Segment) -> None:
    """Sync images that do not count yet, without the lock."""
    assert segment.store is not None
    with segment.store_lock:
        fds = segment.store.pending()
    _sync(segment, fds)


def _make_durable(segment: Segment) -> None:
    """Sync images, then let them count."""
    assert segment.store is not None
    _sync_images(segment)
    while True:
        with segment.store_lock:
            written = segment.store.write_entries()
        if written is None:
            return
        file, slots, fd = written
        _sync(segment, [fd])
        with segment.store_lock:
            segment.store.commit(file, slots)


def _sync(segment: Segment, fds: Sequence[int]) -> None:
    """Sync descriptors, and close them whatever happens."""
    try:
        for fd in fds:
            segment.disk.sync(fd)
    finally:
        for fd in fds:
            os.close(fd)


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


class _Room:
    """Arena room for some images and their entries; `with` gives it back."""

    def __init__(self, segment: Segment, numbers: np.ndarray) -> None:
        self._arena = segment.arena
        count = len(numbers)
        entries = count * STORE_ENTRY_BYTES
        self._sizes = (8 * count, count * segment.volume.page_bytes, entries)
        self.numbers, self.images, self.entries = (self._arena.alloc(n) for n in self._sizes)
        self._arena.words(self.numbers, count)[:] = numbers

    def __enter__(self) -> _Room:
        return self

    def __exit__(self, *_: object) -> None:
        places = (self.numbers, self.images, self.entries)
        for at, size in zip(places, self._sizes, strict=True):
            self._arena.free(at, size)


def _store(segment: Segment, pages: np.ndarray, lsn: int) -> tuple[np.ndarray, int]:
    """Build and append pages of one protection group; their entries, the first one's location."""
    assert segment.store is not None
    with _Room(segment, pages) as room:
        with segment.lock:
            code = segment.build_pages(room.numbers, len(pages), lsn, room.images, room.entries)
        if code < 0:
            raise VolumeError(f"{segment.name}: pages cannot be built (code {code})")
        return _append(segment, segment.store.pg_of(int(pages[0])), room, len(pages))


def _append(segment: Segment, pg: int, room: _Room, count: int) -> tuple[np.ndarray, int]:
    assert segment.store is not None
    with segment.store_lock:
        location = segment.store.append(pg, room.images, room.entries, count)
    segment.control.count(segment.copy_no, COUNT_PAGE_WRITES, count)
    segment.control.count(segment.copy_no, COUNT_PAGE_BYTES, count * segment.volume.page_bytes)
    size = count * STORE_ENTRY_BYTES
    return segment.arena.mem[room.entries : room.entries + size].copy(), location


def needed_images(segment: Segment, number: int) -> np.ndarray:
    """Slots of a page file whose images the page table has; none if there is no such file."""
    store, arena = segment.store, segment.arena
    assert store is not None
    with segment.store_lock:
        file = None if segment.closed else store.files.get(number)
        if file is None or not file.indexed:
            return np.empty(0, np.int64)
        entries = store.entries(file)
        count = file.indexed
    at, out = arena.alloc(len(entries)), arena.alloc(8 * count)
    try:
        arena.mem[at : at + len(entries)] = memoryview(entries)
        with segment.lock:
            if segment.closed:
                return np.empty(0, np.int64)
            found = page_table_kernels.versions_of_file(
                arena.mem, segment.at, at, count, number << 32, out
            )
        return arena.words(out, int(found)).copy()
    finally:
        arena.free(at, len(entries))
        arena.free(out, 8 * count)


def bad_images(segment: Segment, number: int, slots: np.ndarray) -> list[tuple[int, int]]:
    """(page, its LSN) of the images at these slots of a page file that are damaged, and needed."""
    if _collects(segment, number, slots):
        return []
    still = set(needed_images(segment, number).tolist())  # some may have been given up meanwhile
    bad = [int(slot) for slot in slots if int(slot) in still]
    bad = [slot for slot in bad if not _collects(segment, number, np.array([slot]))]
    assert segment.store is not None
    with segment.store_lock:
        return [segment.store.entry(number, slot) for slot in bad]


def _collects(segment: Segment, number: int, slots: np.ndarray) -> bool:
    """Are these images intact?"""
    with _Room(segment, slots) as room, segment.lock:
        if segment.closed:
            return True
        code = segment.collect_images(
            number << 32, room.numbers, len(slots), room.images, room.entries
        )
    return code >= 0


def _move_emptiest(segment: Segment) -> Iterator[tuple[np.ndarray, int]]:
    """Append what is needed of the emptiest page file to the growing one, as it is."""
    store = segment.store
    assert store is not None
    with segment.store_lock:
        file = store.emptiest(segment.meta.kept)
    if file is None:
        return
    slots = needed_images(segment, file.number)
    for start in range(0, len(slots), STEP_PAGES):
        some = slots[start : start + STEP_PAGES]
        with _Room(segment, some) as room:
            with segment.lock:
                code = segment.collect_images(
                    file.location, room.numbers, len(some), room.images, room.entries
                )
            if code < 0:
                raise VolumeError(f"{segment.name}: a stored image is damaged")
            yield _append(segment, file.pg, room, len(some))


def _enter(segment: Segment, written: list[tuple[np.ndarray, int]]) -> None:
    """Let the page table know the stored images. Under both locks."""
    assert segment.table is not None
    for entries, location in written:
        good = segment.table.enter(location, entries.tobytes())
        assert good == len(entries) // STORE_ENTRY_BYTES
