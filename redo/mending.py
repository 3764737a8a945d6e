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
from queue import Empty
from typing import TYPE_CHECKING, Final

from redo.coalesce import store_image
from redo.control import COUNT_DAMAGED, COUNT_MENDED
from redo.copier import Copier
from redo.errors import VolumeError
from redo.record import BATCH_HEADER_BYTES, BATCH_LENGTH_AT
from redo.repair import LogSource
from redo.segment_layout import BUFFER_BYTES

if TYPE_CHECKING:
    from redo.storage import Storage

logger = logging.getLogger(__name__)

READS_AT_ONCE: Final = 16  #: damages that reads have met, mended in one step


class Mender:
    """Mends the copies of one process."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def step(self) -> None:
        """Mend what reads have met."""
        met = set()
        for _ in range(READS_AT_ONCE):
            try:
                met.add(self._storage.damages.get_nowait())
            except Empty:
                break
        for copy_no, page_no, lsn in sorted(met):
            copier = self._storage.copiers[copy_no]
            if copier is not None and copier.live and not self._reads(copier, page_no, lsn):
                self._mend_read(copier, page_no, lsn)

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
        self.mend_log(copier, copier.segment.meta.kept, copier.durable)
        if copier.live and not self._reads(copier, page_no, lsn):
            self.mend_image(copier, page_no, lsn)
        if copier.live and not self._reads(copier, page_no, lsn):
            copier.fail(f"page {page_no} at {lsn} cannot be read, nor mended")
        elif copier.live:
            logger.warning("copy %s: page %d is readable again", name, page_no)

    # images

    def mend_image(self, copier: Copier, page_no: int, lsn: int) -> bool:
        """Store a peer's state of a page below `lsn` where ours is damaged; done?"""
        segment, control = copier.segment, self._storage.control
        control.count(segment.copy_no, COUNT_DAMAGED)
        logger.error("copy %s: the stored image of page %d is damaged", segment.name, page_no)
        for image in self._images_elsewhere(copier, page_no, lsn):
            try:
                store_image(segment, page_no, image)
            except OSError as error:
                logger.error("copy %s: page %d not stored: %s", segment.name, page_no, error)
                return False
            control.count(segment.copy_no, COUNT_MENDED)
            logger.warning("copy %s: page %d is mended", segment.name, page_no)
            return True
        logger.error("copy %s: no peer has page %d as of LSN %d", segment.name, page_no, lsn)
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
        """Verify log [lsn, end), from a batch boundary on, and mend it; how far it is good now."""
        segment = copier.segment
        while lsn < end and copier.live:
            reached = segment.verify_log(lsn, end)
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
        if not BATCH_HEADER_BYTES <= length <= BUFFER_BYTES:
            return b""
        batch = source.log.read(lsn, length)
        return batch if len(batch) == length else b""
    except (OSError, VolumeError) as error:
        logger.warning("%s: log at %d: %s", source.name, lsn, error)
        return b""
