"""Protection groups: which pages are kept together.

A volume is a row of groups of equally many pages; page -> group is a division. Each group has six
segments, a full one and a tail in each of three zones. The segments that a copy has of all groups
share its log, and so one SCL: one write and one sync for a commit, whatever groups it touches; but
a copy is rebuilt as a whole. A full one keeps its pages in a directory of its own (`pg-00000`, …).

A volume grows by itself: whoever indexes the log and meets a page beyond the last group adds
groups up to it. So every storage process comes to the same geometry, and its epoch, the number of
groups, only rises. Who asks with an older one is refused and told the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from redo.errors import StaleGeometry


@dataclass(frozen=True, slots=True)
class Geometry:
    """`groups` protection groups of `pg_pages` pages."""

    pg_pages: int
    groups: int = 1

    @property
    def epoch(self) -> int:
        """Number of this geometry."""
        return self.groups

    def group_of(self, page_no: int) -> int:
        """Protection group of a page."""
        return page_no // self.pg_pages

    def grown_to(self, page_no: int) -> Geometry:
        """With as many groups as it takes to have this page."""
        return replace(self, groups=max(self.groups, self.group_of(page_no) + 1))

    def check(self, known: int) -> None:
        """Raises StaleGeometry when someone who knows epoch `known` has to learn (0: not said)."""
        if 0 < known < self.epoch:
            raise StaleGeometry(f"geometry {known} is over: the volume is at {self.epoch}")
