"""Looks: where the values of a run decide which index is best, and what they decide.

Most plans are good for whatever values they are run with: a key is given, or one index is far
better than another. A plan that *hangs on values* keeps the candidates it chose from, and each run
dives for its own values; those which would choose otherwise get a program of their own beside it
(`Program.beside`). Such statements are not for the lane, which looks at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from btree.schema import Table
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.plan import Access, DeletePlan, InsertPlan, Plan, SelectPlan, UpdatePlan

#: One secondary index against a scan hangs on values when it finds, on the average, so much that it
#: costs more than this share of the scan: then a rare value gains much, or a frequent one.
_SHARE: Final = 5
_SIZE_BITS: Final = 3  #: joins: how many rows a table gives matters by powers of eight


@dataclass(frozen=True, slots=True)
class Candidate:
    """One index used as far as the conditions allow."""

    access: Access
    score: tuple[int, ...]
    covered: frozenset[int]  #: id() of the conditions that need not be checked again

    @property
    def is_narrow(self) -> bool:
        return self.access.kind not in ("ALL", "index")

    def outdoes(self, other: Candidate) -> bool:
        """Whether it finds no more than `other` does, whatever the values are."""
        theirs = other.access
        ranged = theirs.low is not None or theirs.high is not None or bool(theirs.members)
        given = len(theirs.equal)
        return (
            not ranged
            and given < len(self.access.equal)
            and (self.access.equal[:given] == theirs.equal)
        )


@dataclass(frozen=True, slots=True)
class Look:
    """One choice: the ways into a table that were weighed by their costs."""

    table: Table
    candidates: tuple[Candidate, ...]

    def cheapest(self, estimates: Estimates) -> Candidate:
        """By cost; among equals the better score."""

        def cost(one: Candidate) -> tuple[int, ...]:
            return (estimates.cost(self.table, one.access), *(-each for each in one.score))

        return min(self.candidates, key=cost)

    def decides(self, averages: Estimates) -> bool:
        """Whether values may well choose otherwise than averages do."""
        narrow = [one for one in self.candidates if one.is_narrow]
        rivals = [one for one in narrow if not any(other.outdoes(one) for other in narrow)]
        if len(rivals) != 1:
            return len(rivals) > 1
        access = rivals[0].access
        cost = averages.cost(self.table, access)
        return access.index_no > 0 and cost * _SHARE > averages.rows(self.table)


@dataclass(frozen=True, slots=True)
class Looks:
    """The choices of one plan. joined: how many rows each table gives is one, too."""

    each: tuple[Look, ...]
    joined: bool

    @classmethod
    def of(cls, made: Plan, looks: Sequence[Look]) -> Looks:
        """One for each table: the planner may have asked several times."""
        once: list[Look] = []
        once.extend(look for look in looks if look not in once)
        return cls(tuple(once), len(_scans(made)) > 1)

    def decide(self, averages: Estimates) -> bool:
        narrow = [any(one.is_narrow for one in look.candidates) for look in self.each]
        return sum(narrow) > 1 or any(look.decides(averages) for look in self.each)

    def ways(self, estimates: Estimates) -> tuple[Any, ...]:
        """What values choose: runs that choose alike share a program."""
        return tuple(self._way(look, estimates) for look in self.each)

    def _way(self, look: Look, estimates: Estimates) -> tuple[int, int]:
        access = look.cheapest(estimates).access
        rows = estimates.matching(look.table, access) if self.joined else 0
        return access.index_no, rows.bit_length() // _SIZE_BITS


def ways_of(made: Plan) -> list[tuple[int, int, str, str]]:
    """Which way each table of a plan is read, in what order, and how it is joined."""
    return [
        (scan.table_no, scan.access.index_no, scan.access.kind, method)
        for scan, method in _scans(made)
    ]


def _scans(made: Plan) -> list[tuple[Any, str]]:
    match made:
        case SelectPlan(scan=scan, joins=joins):
            first = [] if scan is None else [(scan, "")]
            return first + [(join.scan, join.method) for join in joins]
        case InsertPlan(select=select):
            return [] if select is None else _scans(select)
        case UpdatePlan() | DeletePlan():
            return [(made.scan, "")]
