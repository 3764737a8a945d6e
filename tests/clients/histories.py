"""List-append histories: what transactions did, and which anomalies that proves (Adya's names).

Every key holds a list; a transaction appends values that nobody else appends, and reads whole
lists. So a read tells which appends it saw and in which order, and dependencies between
transactions follow from what was read (as in Kingsbury's and Alvaro's Elle):

    ww  b appended to a key right after a
    wr  b read a list whose last value a had appended
    rw  a read a list, and b appended the next value

Anomalies found: a read that contradicts the transaction's own appends; lost appends; orders that
contradict each other; values read twice; G1a (of an aborted transaction), G1b (of an unfinished
one); cycles: G0 (ww only), G1c (ww and wr), G-single (one rw), G2 (more).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

COMMITTED: Final = "committed"
ABORTED: Final = "aborted"


class Append(NamedTuple):
    key: int
    value: int


class Read(NamedTuple):
    key: int
    values: tuple[int, ...]


@dataclass
class Transaction:
    """What one transaction did, in order, and how it ended."""

    name: str
    steps: list[Append | Read] = field(default_factory=list)
    outcome: str = COMMITTED

    @property
    def only_reads(self) -> bool:
        return all(isinstance(step, Read) for step in self.steps)


class Anomaly(NamedTuple):
    """kind   "lost", "order", "internal", "twice", "G1a", "G1b", "G0", "G1c", "G-single", "G2"
    readers   of a cycle: names of those whose read the rw edges start from"""

    kind: str
    text: str
    readers: tuple[str, ...] = ()


class Edge(NamedTuple):
    kind: str
    to: str


class History:
    """Transactions of one run, and the lists as they were at its end."""

    def __init__(self, transactions: Iterable[Transaction], final: dict[int, tuple[int, ...]]):
        self.transactions = {one.name: one for one in transactions}
        self.final = final
        self._writer: dict[tuple[int, int], Transaction] = {}
        self._last_of: dict[tuple[str, int], int] = {}  #: (transaction, key) -> its last value
        for one in self.transactions.values():
            for step in one.steps:
                if isinstance(step, Append):
                    self._writer[step] = one
                    self._last_of[one.name, step.key] = step.value

    def anomalies(self) -> list[Anomaly]:
        """Everything that is wrong with it."""
        return [*self._lists(), *self._reads(), *self._cycles()]

    # single lists and reads

    def _lists(self) -> Iterator[Anomaly]:
        for (key, value), one in self._writer.items():
            there = value in self.final[key]
            if one.outcome == COMMITTED and not there:
                yield Anomaly("lost", f"{one.name} appended {value} to {key}: it is gone")
            if one.outcome == ABORTED and there:
                yield Anomaly("G1a", f"{value} of the aborted {one.name} is in {key}")
        for key, values in self.final.items():
            if len(set(values)) != len(values):
                yield Anomaly("twice", f"{key} has a value twice: {values}")

    def _reads(self) -> Iterator[Anomaly]:
        for one, step, own in self._all_reads():
            seen = step.values
            if own and seen[-len(own) :] != own:
                yield Anomaly("internal", f"{one.name} appended {own}, then read {seen}")
                continue
            others = seen[: len(seen) - len(own)]
            if len(set(seen)) != len(seen):
                yield Anomaly("twice", f"{one.name} read {seen} of {step.key}")
            if self.final[step.key][: len(others)] != others and not self._dirty(step.key, others):
                text = (
                    f"{one.name} read {others} of {step.key}, which became {self.final[step.key]}"
                )
                yield Anomaly("order", text)
            yield from self._dirty_reads(one, step.key, others)

    def _dirty(self, key: int, values: tuple[int, ...]) -> bool:
        """Whether a value is of a transaction that did not commit: a prefix of nothing then."""
        return any(self._writer[key, value].outcome == ABORTED for value in values)

    def _dirty_reads(
        self, one: Transaction, key: int, values: tuple[int, ...]
    ) -> Iterator[Anomaly]:
        if one.outcome == ABORTED:
            return
        for value in values:
            if self._writer[key, value].outcome == ABORTED:
                yield Anomaly("G1a", f"{one.name} read {value} of {key}, which was never committed")
        if values:
            writer = self._writer[key, values[-1]]
            if writer is not one and self._last_of[writer.name, key] != values[-1]:
                text = f"{one.name} read {values[-1]} of {key}, which {writer.name} went on from"
                yield Anomaly("G1b", text)

    def _all_reads(self) -> Iterator[tuple[Transaction, Read, tuple[int, ...]]]:
        """(transaction, read, what it had itself appended to that key before)"""
        for one in self.transactions.values():
            own: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
            for step in one.steps:
                if isinstance(step, Append):
                    own[step.key] += (step.value,)
                else:
                    yield one, step, own[step.key]

    # cycles

    def edges(self) -> dict[str, set[Edge]]:
        """Dependencies between committed transactions."""
        made: defaultdict[str, set[Edge]] = defaultdict(set)

        def add(kind: str, before: Transaction | None, after: Transaction | None) -> None:
            if before is None or after is None or before is after:
                return
            if before.outcome == after.outcome == COMMITTED:
                made[before.name].add(Edge(kind, after.name))

        for key, values in self.final.items():
            for first, second in pairwise(values):
                add("ww", self._writer.get((key, first)), self._writer.get((key, second)))
        for one, step, own in self._all_reads():
            others = step.values[: len(step.values) - len(own)]
            order = self.final[step.key]
            if others:
                add("wr", self._writer.get((step.key, others[-1])), one)
            following = order[len(others)] if len(others) < len(order) else None
            if following is not None and not own:
                add("rw", one, self._writer.get((step.key, following)))
        return made

    def _cycles(self) -> Iterator[Anomaly]:
        edges = self.edges()
        for part in _strong_parts({name: {e.to for e in out} for name, out in edges.items()}):
            inside = {
                name: {edge for edge in edges[name] if edge.to in part} for name in sorted(part)
            }
            yield self._named(inside)

    def _named(self, inside: dict[str, set[Edge]]) -> Anomaly:
        """The strictest name for what a strongly connected part shows."""
        for kind, allowed in (("G0", {"ww"}), ("G1c", {"ww", "wr"})):
            for name, out in inside.items():
                for edge in out:
                    path = _path(inside, edge.to, name, allowed) if edge.kind in allowed else None
                    if path is not None:
                        return Anomaly(kind, _shown([name, *path]))
        singles = []
        for name, out in inside.items():
            for edge in out:
                path = _path(inside, edge.to, name, {"ww", "wr"}) if edge.kind == "rw" else None
                if path is not None:
                    singles.append((name, [name, *path]))
        if singles:
            readers = tuple(sorted({name for name, _ in singles}))
            return Anomaly("G-single", _shown(min((p for _, p in singles), key=len)), readers)
        readers = tuple(n for n, out in inside.items() if any(e.kind == "rw" for e in out))
        return Anomaly("G2", _shown(list(inside)), readers)


def _shown(names: list[str]) -> str:
    return " -> ".join(names)


def _path(edges: dict[str, set[Edge]], start: str, goal: str, kinds: set[str]) -> list[str] | None:
    """A shortest way by edges of these kinds, both ends included; None: there is none."""
    came: dict[str, str | None] = {start: None}
    queue = [start]
    for name in queue:
        if name == goal:
            path: list[str] = []
            at: str | None = name
            while at is not None:
                path.append(at)
                at = came[at]
            return path[::-1]
        for edge in sorted(edges.get(name, ())):
            if edge.kind in kinds and edge.to not in came:
                came[edge.to] = name
                queue.append(edge.to)
    return None


def _strong_parts(edges: dict[str, set[str]]) -> Iterator[set[str]]:
    """Strongly connected parts of more than one node (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in list(edges):
        if root in number:
            continue
        work = [(root, iter(edges.get(root, ())))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, ways = work[-1]
            for after in ways:
                if after not in number:
                    number[after] = low[after] = len(number)
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, iter(edges.get(after, ()))))
                    break
                if after in on_stack:
                    low[name] = min(low[name], number[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    part = set()
                    while True:
                        one = stack.pop()
                        on_stack.discard(one)
                        part.add(one)
                        if one == name:
                            break
                    if len(part) > 1:
                        yield part
