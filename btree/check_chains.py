"""Chains of long values against their owners: every one has exactly one (K1–K4 of
`chain_kernels.py`), is as long as its reference says, and no page is on two.

The volume may be in any state between two statements: transactions active, deletions not purged,
trees half dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from btree import txn_layout as t
from btree.check import ReadPage
from btree.layout import (
    CHAINS_AT,
    EXTERNAL_ROW,
    HEADER_PAGE,
    PAGE_OVERFLOW,
    REFERENCE_BYTES,
    REFERENCE_SHARED,
    REFERENCE_STAMP,
)

if TYPE_CHECKING:
    from btree.check_rows import UndoRecord


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, opened up."""

    page_no: int
    count: int
    shared: bool


def references_of(row: bytes) -> list[Reference]:
    """The references a row ends with."""
    if not int.from_bytes(row[:2], "little") & EXTERNAL_ROW:
        return []
    count = int.from_bytes(row[-2:], "little")
    first = len(row) - 2 - REFERENCE_BYTES * count
    return [reference_of(row[first + REFERENCE_BYTES * number :]) for number in range(count)]


def reference_of(data: bytes) -> Reference:
    """The reference at the start of some bytes."""
    size = int.from_bytes(data[8:REFERENCE_STAMP], "little")
    page_no = int.from_bytes(data[:8], "little")
    return Reference(page_no, size & (REFERENCE_SHARED - 1), bool(size & REFERENCE_SHARED))


@dataclass(slots=True)
class ChainCheck:
    """Chains met so far: who owns them, their pages, and what is wrong."""

    read: ReadPage
    problems: list[str] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    _owners: dict[int, str] = field(default_factory=dict)

    def row(self, name: str, value: bytes) -> None:
        """A leaf value of an index: of a row (K2), or a secondary entry."""
        if len(value) > t.S_VALUE_BYTES and not value[t.C_DELETED]:
            for reference in references_of(value[t.C_ROW :]):
                self._own(reference, f"a row of {name}")

    def records(self, records: Iterable[UndoRecord], active: set[int]) -> None:
        """The undo stream: after all rows (K1, K3)."""
        records = list(records)
        for record in records:
            keeps = record.kind in (t.UNDO_UPDATE, t.UNDO_DELETE)
            if keeps and not record.flags & (t.UNDONE | t.PREVIOUS_DELETED):
                for reference in references_of(record.row):
                    if not reference.shared:
                        self._own(reference, f"undo record {record.pointer:#x}")
        for record in records:
            if record.trx_id not in active or record.flags & t.UNDONE:
                continue
            held = [reference_of(record.row)] if record.kind == t.UNDO_CHAIN else []
            if record.kind == t.UNDO_DELETE:  # half of a move is undone, the other comes next
                held = references_of(record.row)
            for reference in held:
                if reference.page_no not in self._owners:
                    # It may not be written to its end yet.
                    self._own(Reference(reference.page_no, -1, False), "an active transaction")

    def waiting(self) -> None:
        """The list of chains to be freed (K4)."""
        header = self.read(HEADER_PAGE)
        page_no = int.from_bytes(header.data[CHAINS_AT : CHAINS_AT + 8], "little")
        while page_no and page_no not in self._owners:
            self._own(Reference(page_no, -1, False), "the list in page 0")
            page_no = self.read(page_no).left

    def _own(self, reference: Reference, owner: str) -> None:
        first = reference.page_no
        if first in self._owners:
            self.problems.append(f"chain {first}: owned by {self._owners[first]} and {owner}")
            return
        self._owners[first] = owner
        found, page_no, whole = 0, first, False
        while page_no and not (whole and found > reference.count >= 0):
            page = self.read(page_no)
            if page.page_no != page_no or page.kind != PAGE_OVERFLOW:
                self.problems.append(f"chain {first} of {owner}: page {page_no} is none of it")
                return
            self.pages.append(page_no)
            whole = whole or found + page.count == reference.count
            found, page_no = found + page.count, page.right
        if reference.count >= 0 and (not whole or page_no):
            self.problems.append(f"chain {first} of {owner}: {found} bytes, not {reference.count}")
