"""A small volume with a writer that remembers what every page was: for tests of storage."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from redo.volume import NEWEST, LocalVolume
from tests.redo.editing import Editor, Step, random_steps

PAGE = 512
PAGES = 40


class Writer:
    """A small volume with an editor, which remembers what every page was at every LSN."""

    def __init__(self, path: Path, **options: object) -> None:
        settings: dict[str, object] = {
            "page_bytes": PAGE,
            "ring_bytes": 1 << 16,
            "private_bytes": 4 << 20,
            "chunk_bytes": 1 << 15,
            "pg_pages": 16,
            "durable": False,
        }
        self.volume = LocalVolume(str(path), **{**settings, **options})  # type: ignore[arg-type]
        v = self.volume
        self.editor = Editor(v.arena, v.st, v.log, PAGES)
        self.frame = v.arena.alloc(PAGE)
        self.history: list[tuple[int, dict[int, bytes]]] = []
        self.known: set[int] = set()

    def run(self, steps: list[Step], wait: bool = True) -> int:
        """One mini-transaction, durable if `wait`; its end LSN."""
        end = self.editor.run(steps)
        touched = {step.page for step in steps}
        self.known |= touched
        self.history.append((end, {page: self.editor.image(page) for page in touched}))
        if wait:
            self.volume.log.wait_durable(end)
        return end

    def work(self, rng: np.random.Generator, count: int) -> int:
        """`count` random mini-transactions, published now and then; all durable at the end."""
        end = 0
        for _ in range(count):
            end = self.run(random_steps(rng, PAGE, self.known, PAGES), wait=False)
            if rng.random() < 0.3:
                self.volume.log.publish()
        self.volume.log.wait_durable(end)
        return end

    def read(self, page: int, lsn: int = NEWEST) -> bytes:
        """A page out of the volume."""
        self.volume.read_page(page, lsn, self.frame)
        return self.volume.arena.mem[self.frame : self.frame + PAGE].tobytes()

    def expected(self, lsn: int) -> dict[int, bytes]:
        """All pages as of `lsn`."""
        pages: dict[int, bytes] = {}
        for end, images in self.history:
            if end <= lsn:
                pages.update(images)
        return pages

    def images_of_copy(self, copy_no: int, lsn: int) -> dict[int, bytes]:
        """All pages of one full copy."""
        storage = self.volume.storage
        copier = storage.copiers[copy_no]
        assert copier is not None
        wait_for(lambda: copier.durable >= lsn)
        frame = storage.arena.alloc(PAGE)
        found = {}
        for page in self.expected(lsn):
            with copier.segment.lock:
                assert copier.segment.read_page(page, lsn, copier.durable, frame) == 0
            found[page] = storage.arena.mem[frame : frame + PAGE].tobytes()
        storage.arena.free(frame, PAGE)
        return found

    def gives(self, copy_no: int, lsn: int) -> bool:
        """Does one full copy give every page, as it should be?"""
        storage = self.volume.storage
        copier = storage.copiers[copy_no]
        frame = storage.arena.alloc(PAGE)
        try:
            if copier is None or copier.durable < lsn:
                return False
            for page, image in self.expected(lsn).items():
                with copier.segment.lock:
                    if copier.segment.read_page(page, lsn, copier.durable, frame) != 0:
                        return False
                assert storage.arena.mem[frame : frame + PAGE].tobytes() == image
            return True
        finally:
            storage.arena.free(frame, PAGE)

    def checkpoints(self) -> list[int]:
        """Checkpoints of the full copies; 0 for one that is not there."""
        copiers = self.volume.storage.copiers
        return [0 if c is None else c.segment.mark.lsn for c in copiers[::2]]


def wait_for(condition: Callable[[], bool], timeout_s: float = 300.0) -> None:
    """Wait for other threads to have done something."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


Writers = Callable[..., Writer]
