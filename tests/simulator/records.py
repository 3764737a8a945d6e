"""Which pages have records where: what one may expect of whoever reads or caches a page."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator

from redo.record import (
    BATCH_HEADER_BYTES,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from tests.simulator.ledger import Ledger

Decrypted = Callable[[bytes], bytes]


def page_records(batch: bytes) -> Iterator[tuple[int, int]]:
    """Offset and page of each record of a page in a batch."""
    at = BATCH_HEADER_BYTES
    while at < len(batch):
        length = _number(batch, at + RECORD_LENGTH_AT, 4)
        if not length:  # it is being made
            return
        if _number(batch, at + RECORD_KIND_AT, 2) == KIND_PAGE:
            yield at, _number(batch, at + RECORD_PAGE_NO_AT, 8)
        at += (length + 7) & -8


class Records:
    """LSNs of the records of each page, on the path, as far as log was published."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._turn = -1
        self._next = 0
        self._of: dict[int, list[int]] = {}

    def follow(self, decrypted: Decrypted) -> None:
        """Learn of what was published since."""
        ledger = self._ledger
        if self._turn != ledger.turn:  # some of it is gone
            self._turn, self._of = ledger.turn, {}
            batches = ledger.path(ledger.captured)
        else:
            batches = ledger.stretch(self._next, ledger.captured)
        for batch in batches:
            for at, page_no in page_records(decrypted(batch.data)):
                self._of.setdefault(page_no, []).append(batch.lsn + at)
        self._next = ledger.captured

    def below(self, page_no: int, lsn: int) -> int:
        """The page's last record below `lsn`; 0: there is none."""
        known = self._of.get(page_no, [])
        place = bisect.bisect_left(known, lsn)
        return known[place - 1] if place else 0

    def last(self, page_no: int) -> int:
        """The page's last record; 0: there is none."""
        return self._of.get(page_no, [0])[-1]

    def pages(self) -> list[int]:
        """All of which there are records."""
        return list(self._of)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little", signed=True)
