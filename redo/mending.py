"""Mending what is damaged in a copy, piece by piece: a batch of log, an image of a page.

Log is the same bytes in all copies, so a damaged batch is written over with a peer's. Images are
never overwritten: a peer gives the page as of the state that the damaged image had, and that is
stored as a new image, which takes the other's place in the page table. What cannot be mended makes
the copy dead, and it is made anew (`healing.py`).

Found by reads, which put what they met into `Storage.damages` and go on with another copy, and by
`scrub.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from redo.coalesce import STEP_PAGES, bad_images, needed_images, store_image
from redo.control import COUNT_DAMAGED, COUNT_MENDED
from redo.copier import Copier
from redo.environment import Steps, Task
from redo.errors import VolumeError
from redo.record import BATCH_HEADER_BYTES, BATCH_LENGTH_AT, BATCH_LSN_AT
from redo.repair import LogSource, next_stretch
from redo.segment_layout import BUFFER_BYTES

if TYPE_CHECKING:
    from redo.storage import Storage

logger = logging.getLogger(__name__)


class Mender:
    """Mends the copies of one process."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._whole: dict[int, str] = {}  #: copies to be gone through, and why
        self._given_up: set[tuple[int, int, int, int]] = set()  #: states nobody has any more
        self._in_vain: set[int] = set()  #: copies in which nothing was found when it was looked for
        self._task: Task | None = None

    def step(self) -> None:
        """Start to mend what was met."""
        if self._task is not None and self._task.is_alive():
            return
        self._task = None
        if self._whole or not self._storage.damages.empty():
            self._task = self._storage.environment.tasks.start("redo-mend", self._work())

    def stop(self) -> None:
        """Wait for what is being done; `storage.stopping` ends it."""
        if self._task is not None:
            self._task.join()

    def go_through(self, copier: Copier, reason: str) -> None:
        """Something in the copy is damaged: all of it will be verified, and mended or given up."""
        self._whole.setdefault(copier.segment.copy_no, reason)

    def works_on(self, copy_no: int) -> bool:
        """Is all of this copy being verified, so that nobody should build on it?"""
        return copy_no in self._whole

    def _work(self) -> Steps:
        met = set()
        while not self._storage.damages.empty():
            met.add(self._storage.damages.get())
        for copy_no, page_no, lsn in sorted(met):
            yield
            copier = self._storage.copiers[copy_no]
            if copier is not None and copier.live and not self._reads(copier, page_no, lsn):
                try:
                    self._mend_read(copier, page_no, lsn)
                except OSError as error:
                    copier.fail(f"page {page_no} at {lsn}: {error}", error.errno or 0)
                except VolumeError as error:
                    copier.fail(f"page {page_no} at {lsn}: {error}")
        for copy_no, reason in list(self._whole.items()):
            yield
            copier = self._storage.copiers[copy_no]
            if copier is not None and copier.live:
                self._mend_whole(copier, reason)
            self._whole.pop(copy_no, None)

    def _mend_whole(self, copier: Copier, reason: str) -> None:
        copy_no = copier.segment.copy_no
        before = self._storage.control.counted(copy_no, COUNT_MENDED)
        try:
            for _ in self.verify(copier):
                pass
        except (OSError, VolumeError) as error:
            reason = f"{reason}; {error}"
        if self._storage.control.counted(copy_no, COUNT_MENDED) > before:
            self._in_vain.discard(copy_no)
        elif copy_no not in self._in_vain:  # a read may have had it mended before
            self._in_vain.add(copy_no)
        elif copier.live:
            self._in_vain.discard(copy_no)
            copier.fail(reason)

    def verify(self, copier: Copier) -> Iterator[int]:
        """Verify a copy's log and images, mending what is damaged; bytes in each step."""
        yield from self._log(copier)
        if copier.segment.full:
            yield from self._images(copier)

    def _usable(self, copier: Copier) -> bool:
        return copier.live and not copier.segment.closed and not self._storage.stopping

    def _log(self, copier: Copier) -> Iterator[int]:
        """Along the path: what it leaves out may have been another writer's half."""
        segment = copier.segment
        lsn = segment.meta.kept
        while self._usable(copier):
            end = min(copier.durable, self._storage.control.vdl)
            lsn, stop = next_stretch(segment.history.gaps, max(lsn, segment.meta.kept), end)
            if lsn >= stop:
                return
            reached = self.mend_log(copier, lsn, min(stop, lsn + 1))
            if reached <= lsn:
                return
            yield reached - lsn
            lsn = reached

    def _images(self, copier: Copier) -> Iterator[int]:
        segment = copier.segment
        assert segment.store is not None
        with segment.store_lock:
            files = [file.number for file in segment.store.files.values()]
        for number in files:
            slots = needed_images(segment, number)
            for start in range(0, len(slots), STEP_PAGES):
                if not self._usable(copier):
                    return
                some = slots[start : start + STEP_PAGES]
                for page_no, version in bad_images(segment, number, some):
                    self.mend_image(copier, page_no, version + 1)
                yield len(some) * segment.volume.page_bytes

    def _reads(self, copier: Copier, page_no: int, lsn: int) -> bool:
        """Can the copy give the page now?"""
        return self._page_of(copier, page_no, lsn) is not None

    def _page_of(self, copier: Copier, page_no: int, lsn: int) -> bytes | None:
        segment, arena = copier.segment, self._storage.arena
        page_bytes = segment.volume.page_bytes
        frame = arena.alloc(page_bytes)
        try:
            with segment.lock:
                if segment.read_page(page_no, lsn, copier.durable, frame) < 0:
                    return None
            return arena.mem[frame : frame + page_bytes].tobytes()
        finally:
            arena.free(frame, page_bytes)

    def _mend_read(self, copier: Copier, page_no: int, lsn: int) -> None:
        """A page could not be read at `lsn`: its image is damaged, or log above that."""
        name = copier.segment.name
        for _ in self._log(copier):
            pass
        if copier.live and not self._reads(copier, page_no, lsn):
            self.mend_image(copier, page_no, lsn)
        if copier.live and not self._reads(copier, page_no, lsn):
            copier.fail(f"page {page_no} at {lsn} cannot be read, nor mended")
        elif copier.live:
            logger.warning("copy %s: page %d is readable again", name, page_no)

    # images

    def mend_image(self, copier: Copier, page_no: int, lsn: int) -> bool:
        """Store a peer's state of a page below `lsn` where ours is damaged; done?

        Peers may have given that state up: then the newest one is enough, should it be damaged too.
        Whoever wants an earlier one of this copy is sent to another.
        """
        segment, control = copier.segment, self._storage.control
        what = (segment.copy_no, segment.meta.number, page_no, lsn)
        if what in self._given_up:
            return True
        control.count(segment.copy_no, COUNT_DAMAGED)
        logger.error("copy %s: the stored image of page %d is damaged", segment.name, page_no)
        mended = self._store_from_peer(copier, page_no, lsn)
        if not mended:
            newest = self._storage.control.vdl
            mended = self._reads(copier, page_no, newest)
            mended = mended or self._store_from_peer(copier, page_no, newest)
            if mended:
                self._given_up.add(what)
        if not mended:
            logger.error("copy %s: no peer has page %d", segment.name, page_no)
            return False
        control.count(segment.copy_no, COUNT_MENDED)
        logger.warning("copy %s: page %d is mended", segment.name, page_no)
        return True

    def _store_from_peer(self, copier: Copier, page_no: int, lsn: int) -> bool:
        for image in self._images_elsewhere(copier, page_no, lsn):
            try:
                store_image(copier.segment, page_no, image)
                return True
            except OSError as error:
                name = copier.segment.name
                logger.error("copy %s: page %d not stored: %s", name, page_no, error)
                return False
        return False

    def _images_elsewhere(self, copier: Copier, page_no: int, lsn: int) -> Iterator[bytes]:
        storage = self._storage
        for other in storage.live():
            if other is not copier and other.segment.full and other.durable >= lsn:
                image = self._page_of(other, page_no, lsn)
                if image is not None:
                    yield image
        if storage.peers is not None:
            yield from storage.peers.pages(page_no, lsn)

    # log

    def mend_log(self, copier: Copier, lsn: int, end: int) -> int:
        """Verify log from a batch boundary on, at least up to `end`, and mend it; how far it is.

        No gap begins in between.
        """
        segment = copier.segment
        while lsn < end and copier.live:
            limit = min(copier.durable, self._storage.control.vdl)
            gaps = segment.history.gaps
            reached = segment.verify_log(lsn, next_stretch(gaps, lsn, limit)[1])
            if reached == lsn and lsn < segment.meta.kept:
                return segment.meta.kept  # given up while we read: whatever was there has gone
            if reached == lsn and not self._mend_batch(copier, lsn):
                copier.fail(f"log at {lsn} is damaged, and no peer has it")
                return lsn
            lsn = reached
        return lsn

    def _mend_batch(self, copier: Copier, lsn: int) -> bool:
        """Write a peer's batch over the damaged one at `lsn`; is it good now?"""
        segment, control = copier.segment, self._storage.control
        control.count(segment.copy_no, COUNT_DAMAGED)
        logger.error("copy %s: log at %d is damaged", segment.name, lsn)
        for source in self._log_elsewhere(copier, lsn):
            batch = _batch_at(source, lsn)
            if not batch:
                continue
            try:
                segment.mend_log(lsn, batch)
            except OSError as error:
                logger.error("copy %s: log at %d not written: %s", segment.name, lsn, error)
                return False
            if segment.verify_log(lsn, lsn + len(batch)) > lsn:
                control.count(segment.copy_no, COUNT_MENDED)
                logger.warning("copy %s: log at %d is mended", segment.name, lsn)
                return True
        return False

    def _log_elsewhere(self, copier: Copier, lsn: int) -> Iterator[LogSource]:
        storage = self._storage
        for other in storage.live():
            if other is not copier and other.durable > lsn >= other.segment.meta.kept:
                yield other.segment
        if storage.peers is not None:
            for source, _ in storage.peers.logs(lsn):
                yield source


def _batch_at(source: LogSource, lsn: int) -> bytes:
    """The batch that a peer has at `lsn`, not verified; nothing when it has none."""
    try:
        header = source.log.read(lsn, BATCH_HEADER_BYTES)
        if len(header) < BATCH_HEADER_BYTES:
            return b""
        length = int.from_bytes(header[BATCH_LENGTH_AT : BATCH_LENGTH_AT + 4], "little")
        found = int.from_bytes(header[BATCH_LSN_AT : BATCH_LSN_AT + 8], "little")
        if found != lsn or not BATCH_HEADER_BYTES <= length <= BUFFER_BYTES:
            return b""  # damaged, too, or a file that is used anew
        batch = source.log.read(lsn, length)
        return batch if len(batch) == length else b""
    except (OSError, VolumeError) as error:
        logger.warning("%s: log at %d: %s", source.name, lsn, error)
        return b""
