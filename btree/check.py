"""Everything that must hold of pages, trees and space (the invariants I1–I6 of `layout.py`).

`check_tree` walks one tree, `check_space` accounts for every page of the volume. Both read through
the pool and give findings as text; rows against indexes are checked in `check_rows.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from btree.errors import PageCorrupt
from btree.layout import (
    CELLS_AT,
    FIRST_FREE_PAGE,
    FORMAT,
    HEADER_PAGE,
    PAGE_FREE,
    PAGE_HEADER,
    PAGE_OVERFLOW,
    PAGE_TREE,
    cell_limit,
)
from btree.page import Page, Slot, head_of
from btree.pool import BufferPool
from redo.arena import Arena
from redo.errors import PageUnavailable

ReadPage = Callable[[int], Page]


@dataclass(slots=True)
class TreeReport:
    """What a tree is made of, and what is wrong with it."""

    root: int
    pages: list[int] = field(default_factory=list)
    entries: int = 0
    height: int = 0
    problems: list[str] = field(default_factory=list)


def page_reader(arena: Arena, pool: BufferPool) -> ReadPage:
    """Reads pages through a pool, fetching what is not there."""
    page_bytes = 1 << pool.page_shift

    def read(page_no: int) -> Page:
        try:
            frame = pool.fetch(page_no)
        except (PageCorrupt, PageUnavailable):
            return Page(bytes(page_bytes))  # of no kind: whoever leads here hears of it
        return Page(arena.mem[frame : frame + page_bytes].tobytes())

    return read


def check_page(page: Page, page_no: int) -> list[str]:
    """Problems of a single tree page."""
    where = f"page {page_no}"
    if page.page_no != page_no:
        return [f"{where}: says it is page {page.page_no}"]
    if page.kind != PAGE_TREE:
        return [f"{where}: kind {page.kind}, not a tree page"]
    if not CELLS_AT <= page.cells_end <= page.slots_at:
        return [f"{where}: cells end at {page.cells_end}, slots begin at {page.slots_at}"]
    try:
        slots = page.slots
    except (ValueError, struct.error) as error:
        return [f"{where}: {error}"]
    problems = _check_cells(page, slots)
    first = 1 if page.level else 0  # I2
    for before, slot in zip(slots[first:], slots[first + 1 :], strict=False):
        if before.key >= slot.key:
            problems.append(f"{where}: {before.key.hex()} not before {slot.key.hex()}")
    return problems


def _check_cells(page: Page, slots: Iterable[Slot]) -> list[str]:
    """Cells within bounds and limits, not overlapping, garbage counted, heads right."""
    where, problems = f"page {page.page_no}", []
    end, live = CELLS_AT, 0
    for slot in sorted(slots, key=lambda slot: slot.cell_at):
        if slot.cell_at < end:
            problems.append(f"{where}: cell at {slot.cell_at} overlaps the one before")
        if slot.cell_bytes > cell_limit(len(page.data)):
            problems.append(f"{where}: cell of {slot.cell_bytes} bytes")
        if slot.head != head_of(slot.key):
            problems.append(f"{where}: wrong head of {slot.key.hex()}")
        end, live = slot.cell_at + slot.cell_bytes, live + slot.cell_bytes
    if end > page.cells_end:
        problems.append(f"{where}: a cell ends at {end}, cells end at {page.cells_end}")
    if CELLS_AT + live + page.garbage != page.cells_end:
        problems.append(
            f"{where}: {live} live and {page.garbage} garbage bytes up to {page.cells_end}"
        )
    return problems


class _TreeWalk:
    """One walk over a tree, collecting its report."""

    def __init__(self, read: ReadPage, root: int) -> None:
        self._read = read
        self._previous_leaf = 0
        self._right_of_previous = 0
        self._seen: set[int] = set()
        self.report = TreeReport(root)

    def visit(self, page_no: int, level: int | None, low: bytes, high: bytes | None) -> None:
        """Check a page and what is below; its keys must be in [low, high)."""
        report = self.report
        if page_no in self._seen:
            report.problems.append(f"page {page_no}: reached twice")
            return
        self._seen.add(page_no)
        report.pages.append(page_no)
        page = self._read(page_no)
        problems = check_page(page, page_no)
        report.problems += problems
        if problems:
            return
        if level is None:
            report.height = level = page.level
        if page.level != level:
            report.problems.append(f"page {page_no}: level {page.level}, expected {level}")
            return
        first = 1 if level else 0
        for slot in page.slots[first:]:
            if slot.key < low or (high is not None and slot.key >= high):
                report.problems.append(f"page {page_no}: key {slot.key.hex()} out of its range")
        if level == 0:
            self._leaf(page)
        else:
            self._children(page, level, low, high)

    def _children(self, page: Page, level: int, low: bytes, high: bytes | None) -> None:
        if not page.count:
            self.report.problems.append(f"page {page.page_no}: internal and empty")
        for number, slot in enumerate(page.slots):
            last = number + 1 == page.count
            below = low if number == 0 else slot.key
            above = high if last else page.slots[number + 1].key
            self.visit(slot.child, level - 1, below, above)

    def _leaf(self, page: Page) -> None:
        report = self.report
        if page.left != self._previous_leaf:  # I3
            report.problems.append(
                f"page {page.page_no}: left is {page.left}, not {self._previous_leaf}"
            )
        if self._previous_leaf and self._right_of_previous != page.page_no:
            report.problems.append(
                f"page {self._previous_leaf}: right is {self._right_of_previous}, "
                f"not {page.page_no}"
            )
        self._previous_leaf, self._right_of_previous = page.page_no, page.right
        report.entries += page.count
        for slot in page.slots:
            if slot.overflow_page:
                self._chain(slot.overflow_page, slot.overflow_bytes)

    def _chain(self, page_no: int, expected: int) -> None:
        """Check an overflow chain."""
        report, found, first = self.report, 0, page_no
        while page_no:
            if page_no in self._seen:
                report.problems.append(f"page {page_no}: reached twice, by an overflow chain")
                return
            self._seen.add(page_no)
            report.pages.append(page_no)
            page = self._read(page_no)
            if page.page_no != page_no or page.kind != PAGE_OVERFLOW:
                report.problems.append(f"page {page_no}: not an overflow page")
                return
            found, page_no = found + page.count, page.right
        if found != expected:
            report.problems.append(f"overflow chain {first}: {found} bytes, not {expected}")

    def finish(self) -> TreeReport:
        """The report, after the last page."""
        if self._right_of_previous:
            self.report.problems.append(
                f"page {self._previous_leaf}: last leaf, but right is {self._right_of_previous}"
            )
        return self.report


def check_tree(read: ReadPage, root: int, dropped: bool = False) -> TreeReport:
    """Walk a tree: order, separators, levels, links of the leaves, overflow chains.

    dropped   it is being freed, leaf by leaf from the right: the last link leads nowhere
    """
    walk = _TreeWalk(read, root)
    walk.visit(root, None, b"", None)
    return walk.report if dropped else walk.finish()


def check_space(read: ReadPage, used: Iterable[int]) -> list[str]:
    """Account for every page of the volume (I5).

    used  every page somebody has: trees (`TreeReport.pages`), transaction and undo pages; without
          page 0 and the free ones. A page that nobody has and that is not free is leaked.
    """
    header = read(HEADER_PAGE)
    if header.kind != PAGE_HEADER:
        return ["page 0: not a volume header"]
    format_no, next_page, free_head, free_count, _ = header.volume
    if format_no != FORMAT or next_page < FIRST_FREE_PAGE:
        return [f"page 0: format {format_no}, next page {next_page}"]
    problems: list[str] = []
    owner: dict[int, str] = {HEADER_PAGE: "header"}

    def claim(page_no: int, by: str) -> bool:
        if page_no in owner:
            problems.append(f"page {page_no}: {by} and {owner[page_no]}")
            return False
        if not 0 <= page_no < next_page:
            problems.append(f"page {page_no}: {by}, but next page is {next_page}")
        owner[page_no] = by
        return True

    for page_no in used:
        claim(page_no, "used")
    page_no, found = free_head, 0
    while page_no and claim(page_no, "free"):
        page = read(page_no)
        if page.kind != PAGE_FREE:
            problems.append(f"page {page_no}: in the free chain, but of kind {page.kind}")
            break
        page_no, found = page.right, found + 1
    if found != free_count:
        problems.append(f"page 0: {free_count} free pages, the chain has {found}")
    leaked = [page_no for page_no in range(next_page) if page_no not in owner]
    problems += [f"page {page_no}: leaked" for page_no in leaked]
    return problems
