"""Page files lent to a storage process elsewhere, which makes a copy anew from them.

What is lent is read through descriptors of its own, so the files may go meanwhile; images in them
are left as they are (`PageStore.duplicates`). Whoever borrows says when it is done; who does not
ask for a while has died, and its loan ends.
"""

from __future__ import annotations

import os
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from redo.disk import Disk
from redo.environment import Clock
from redo.errors import VolumeError
from redo.quorum import copy_directory
from redo.segment import Segment
from redo.segment_layout import STORE_ENTRY_BYTES

PATIENCE_S: Final = 60.0

Fields = dict[str, Any]


@dataclass(slots=True)
class _Loan:
    segment: Segment
    used_s: float
    files: dict[str, tuple[int, int]] = field(default_factory=dict)  #: path → descriptor, bytes


class Lending:
    """What is lent of one process's copies, by copy number."""

    def __init__(self, disk: Disk, clock: Clock, pins: dict[str, int]) -> None:
        self._disk = disk
        self._clock = clock
        self._pins = pins  #: `Storage.pins`: log from where a loan begins must stay
        self._loans: dict[int, _Loan] = {}
        self._lock = threading.Lock()

    def lend(self, segment: Segment) -> Fields:
        """Lend all that makes up a copy but its log: its metadata, paths of files, their sizes."""
        with self._lock, segment.store_lock:
            self._end(segment.copy_no)
            loan = _Loan(segment, self._clock.monotonic_s())
            if segment.store is not None:
                for pg, sequence, images, data_fd, index_fd in segment.store.duplicates():
                    stem = f"pg-{pg:05d}/pages-{sequence:08d}"
                    data_bytes = images * segment.volume.page_bytes
                    loan.files[f"{segment.name}/{stem}.dat"] = data_fd, data_bytes
                    index_bytes = images * STORE_ENTRY_BYTES
                    loan.files[f"{segment.name}/{stem}.idx"] = index_fd, index_bytes
            self._loans[segment.copy_no] = loan
            self._pins[_who(segment.copy_no)] = segment.meta.kept
            sizes = {path: count for path, (_, count) in loan.files.items()}
            return {"meta": asdict(segment.meta), "files": sizes}

    def read(self, path: str, at: int, count: int) -> bytes:
        """Bytes of a file that is lent. Raises VolumeError."""
        with self._lock:
            self._end_old()
            for loan in self._loans.values():
                if path in loan.files and at >= 0 and count >= 0:
                    loan.used_s = self._clock.monotonic_s()
                    fd, size = loan.files[path]
                    return self._disk.read(fd, at, max(0, min(count, size - at)))
        raise VolumeError(f"{path!r:.100} is not lent")

    def take_back(self, copy_no: int) -> None:
        """The loan of this copy is over."""
        with self._lock:
            self._end(copy_no)

    def _end_old(self) -> None:
        before = self._clock.monotonic_s() - PATIENCE_S
        for copy_no in [no for no, loan in self._loans.items() if loan.used_s < before]:
            self._end(copy_no)

    def _end(self, copy_no: int) -> None:
        loan = self._loans.pop(copy_no, None)
        self._pins.pop(_who(copy_no), None)
        if loan is None:
            return
        for fd, _ in loan.files.values():
            os.close(fd)
        if loan.segment.store is not None:
            loan.segment.store.lent -= 1

    def close(self) -> None:
        """End all loans."""
        with self._lock:
            for copy_no in list(self._loans):
                self._end(copy_no)


def _who(copy_no: int) -> str:
    return f"loan of {copy_directory(copy_no)}"
