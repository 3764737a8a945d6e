"""What XPath finds in a document, by MySQL's rules.

A path is a chain of `Nodes`, each of which makes a set out of another one's. A set is a list of
(node, position, size): the position is counted anew for every node a step starts from, a node may
be in a set more than once. Everything that is no set of nodes is an SQL expression (`Value`), in
which a column of the table `FOUND` stands for what is asked of a set: `Inputs`. Arithmetic,
comparisons, functions and their warnings are therefore those of SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.markup_reader import ATTRIBUTE, ELEMENT, TEXT, Document
from mysqlcompat.numerals import leading_double
from mysqlcompat.sql.typed import Expression

FOUND: Final = 0  #: the table whose columns are inputs
AXES: Final = {
    "ancestor": 0, "ancestor-or-self": 1, "attribute": 2, "child": 3, "descendant": 4,
    "descendant-or-self": 5, "following": 3, "following-sibling": 3, "namespace": 3, "parent": 9,
    "preceding": 3, "preceding-sibling": 3, "self": 12,
}  # fmt: skip
ANCESTOR, ANCESTORS, ATTRIBUTES, CHILD, DESCENDANT, DESCENDANTS = range(6)
PARENT, SELF = 9, 12
ANY: Final = b"*"
_MOST_VISITED: Final = 1 << 26  #: nodes one evaluation looks at: some paths lead to any number
Place = tuple[int, int, int]  #: node, position from 0, size of the set or 0


@dataclass(slots=True, eq=False)
class Root:
    """The document."""


@dataclass(slots=True, eq=False)
class Current:
    """The node that a predicate is asked of."""


@dataclass(slots=True, eq=False)
class Step:
    start: Nodes
    axis: int
    name: bytes


@dataclass(slots=True, eq=False)
class Union:
    left: Nodes
    right: Nodes


@dataclass(slots=True, eq=False)
class Filtered:
    """The nodes of a set of which `test` is true; or those at the position that it is."""

    start: Nodes
    current: Current
    test: Value


Nodes = Root | Current | Step | Union | Filtered


@dataclass(slots=True, eq=False)
class Value:
    """Not nodes: an SQL expression. is_truth: a predicate that is one counts no positions."""

    expression: Expression
    is_truth: bool = False


@dataclass(slots=True, eq=False)
class Input:
    """What an expression takes from a set: `text`, `count`, `position`, `sum`, `one` (whether it
    is of one node), `any` (whether `test` is true of one of its texts, which is input `other`)."""

    what: str
    nodes: Nodes
    test: Expression | None = None
    other: int = 0


@dataclass(slots=True, eq=False)
class Path:
    """An XPath expression, and how a value of it becomes a text or an integer."""

    found: Nodes | Value
    inputs: list[Input | None]
    as_text: Callable[[Value], Expression]
    as_number: Callable[[Value], Expression]


class Search:
    """One evaluation of a path in a document."""

    def __init__(self, path: Path, document: Document, context: Any) -> None:
        from mysqlcompat.sql.evaluate import Evaluator

        self.path, self.document = path, document
        self._evaluator = Evaluator(context, (), self._input)
        self._current: dict[Current, Place] = {}
        self._texts: dict[int, str] = {}
        self._visited = 0

    def nodes(self, nodes: Nodes) -> list[Place]:
        """The places of a set."""
        match nodes:
            case Root():
                return [(0, 0, 0)]
            case Current():
                return [self._current[nodes]]
            case Step():
                return self._step(nodes)
            case Union():
                both = {one[0] for side in (nodes.left, nodes.right) for one in self.nodes(side)}
                return [(node, position, 0) for position, node in enumerate(sorted(both))]
            case Filtered():
                return self._filtered(nodes)

    def text(self, nodes: Nodes) -> str:
        """The texts that are right within the nodes of a set, in the document's order."""
        document, parents = self.document, {one[0] for one in self.nodes(nodes)}
        found = b""
        for node, kind in enumerate(document.kind):
            if kind == TEXT and document.parent[node] in parents:
                found += (b" " if found else b"") + document.text(node)
        return found.decode(errors="replace")

    def value(self, value: Value, wanted: Callable[[Value], Expression]) -> Any:
        """An expression as a text or an integer."""
        return self._evaluator.value(wanted(value))

    def _visit(self, count: int) -> None:
        self._visited += count
        if self._visited > _MOST_VISITED:
            raise SqlError.with_text(1105, "XPATH error: too many nodes")

    def _step(self, step: Step) -> list[Place]:
        start = self.nodes(step.start)
        if step.axis in (ANCESTOR, ANCESTORS, PARENT):
            return self._upwards(step, start)
        document, name = self.document, step.name
        wanted = ATTRIBUTE if step.axis == ATTRIBUTES else ELEMENT
        found: list[Place] = []
        for node, _, _ in start:
            first = len(found)
            is_named = name[:1] == ANY or document.text(node) == name
            if step.axis in (SELF, DESCENDANTS) and is_named:
                found.append((node, 0, 0))
            behind = node + 1 if step.axis == SELF else document.behind(node)
            self._visit(behind - node)
            is_deep = step.axis in (DESCENDANT, DESCENDANTS)
            for at in range(node + 1, behind):
                if document.kind[at] != wanted or not (is_deep or document.parent[at] == node):
                    continue
                if name[:1] == ANY or document.text(at) == name:
                    found.append((at, len(found) - first, 0))
        return found

    def _upwards(self, step: Step, start: Sequence[Place]) -> list[Place]:
        """Ancestors: positions are counted from the last one, and as often as they are reached."""
        document, name = self.document, step.name
        found: set[int] = set()
        count = 0

        def take(node: int) -> None:
            nonlocal count
            if name[:1] == ANY or document.text(node) == name:
                found.add(node)
                count += 1

        for node, _, _ in start:
            self._visit(document.level[node] + 1)
            if step.axis == ANCESTORS:
                take(node)
            at = document.parent[node]
            if step.axis == PARENT:
                if node:
                    take(at)
                continue
            while document.parent[at] != at:
                take(at)
                at = document.parent[at]
        if step.axis == PARENT:
            return [(node, position, 0) for position, node in enumerate(sorted(found))]
        return [(node, count - 1 - number, 0) for number, node in enumerate(sorted(found))]

    def _filtered(self, filtered: Filtered) -> list[Place]:
        start, test = self.nodes(filtered.start), filtered.test
        wanted = self.path.as_number(test)
        found: list[Place] = []
        for node, position, _ in start:
            self._visit(1)
            self._current[filtered.current] = node, position, len(start)
            value = self._evaluator.value(wanted) or 0
            if value if test.is_truth else value - 1 == position:
                found.append((node, len(found), 0))
        return found

    def _input(self, _table: int, number: int) -> Any:
        known = self._texts.get(number)
        if known is not None:
            return known
        one = self.path.inputs[number]
        assert one is not None
        match one.what:
            case "text":
                return self.text(one.nodes)
            case "any":
                return self._any(one)
            case "sum":
                return self._sum(self.nodes(one.nodes))
        found = self.nodes(one.nodes)
        if one.what == "one":
            return int(len(found) == 1)
        if len(found) != 1:
            return len(found) if one.what == "count" else 0
        _, position, size = found[0]
        return size or 1 if one.what == "count" else position + 1

    def _within(self, node: int) -> list[int]:
        """The texts right within a node."""
        document = self.document
        behind = document.behind(node)
        self._visit(behind - node)
        return [
            at
            for at in range(node + 1, behind)
            if document.kind[at] == TEXT and document.parent[at] == node
        ]

    def _any(self, one: Input) -> int:
        assert one.test is not None
        for node, _, _ in self.nodes(one.nodes):
            for text in self._within(node):
                self._texts[one.other] = self.document.text(text).decode(errors="replace")
                if self._evaluator.value(one.test):
                    return 1
        return 0

    def _sum(self, places: Sequence[Place]) -> float:
        total = 0.0
        for node, _, _ in places:
            for text in self._within(node):
                total += leading_double(self.document.text(text).decode(errors="replace"))[0]
        return total
