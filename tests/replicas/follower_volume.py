"""A volume as a follower in the same process sees it: the same copies, another arena."""

from __future__ import annotations

from redo.arena import Arena
from redo.volume import LocalVolume, OnePageVolume


class FollowerVolume(OnePageVolume):
    """The copies of a `LocalVolume`, read into the follower's arena, a page at a time."""

    def __init__(self, volume: LocalVolume, arena: Arena, page_bytes: int) -> None:
        self._storage = volume.storage
        self._arena = arena
        self._page_bytes = page_bytes
        self._frame = volume.storage.arena.alloc(page_bytes)

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Put page `page_no` as of `lsn` into the follower's `frame`."""
        self._storage.read_page(page_no, lsn, self._frame)
        source = self._storage.arena.mem[self._frame : self._frame + self._page_bytes]
        self._arena.mem[frame : frame + self._page_bytes] = source
