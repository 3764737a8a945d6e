"""Random typed expressions: a grammar (`value_rules`), and whoever chooses (a seeded generator,
hypothesis)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.mysqlcompat.corpus.value_rules import LEAVES, RULES, WIDE_LEAVES, WIDE_RULES

Choose = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Tree:
    """A template with what stands in its places; a leaf has none."""

    kind: str
    template: str
    inner: tuple[Tree, ...] = ()

    @property
    def text(self) -> str:
        inner = iter(self.inner)
        made = self.template
        for kind in WIDE_LEAVES:
            place = "{" + kind + "}"
            if place in made:
                first, *rest = made.split(place)
                made = first + "".join(next(inner).text + after for after in rest)
        return made

    def below(self) -> Iterator[Tree]:
        """Every tree within this one."""
        for one in self.inner:
            yield one
            yield from one.below()


def leaves(kind: str) -> tuple[Tree, ...]:
    return tuple(Tree(kind, text) for text in WIDE_LEAVES[kind])


def tree(choose: Choose, kind: str, depth: int, wide: bool = False) -> Tree:
    """A random expression over `v`, at most `depth` calls deep."""
    rules, known = (WIDE_RULES, WIDE_LEAVES) if wide else (RULES, LEAVES)
    if depth == 0 or choose((0, 1, 2, 3)) == 0:
        return Tree(kind, choose(known[kind]))
    made = choose(rules[kind])
    if isinstance(made, tuple):
        made = choose(made)
    places = [inner for inner in known for _ in range(made.count("{" + inner + "}"))]
    return Tree(kind, made, tuple(tree(choose, inner, depth - 1, wide) for inner in places))
