"""Random typed expressions: a small grammar, and whoever chooses (a seeded generator, hypothesis).

Kinds: n number, s string, t date or time, b condition, j JSON. Only functions whose value does not
depend on the clock, the session or chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.mysqlcompat.corpus.edges import DECIMALS, DOUBLES, INTEGERS, STRINGS, TEMPORALS

Choose = Callable[[Sequence[Any]], Any]

_LEAVES: Final = {
    "n": (*INTEGERS[:16], *DECIMALS[:7], *DOUBLES[:5], "null", "i", "d", "f", "t", "u", "n"),
    "s": (*STRINGS[:14], "null", "s", "sn", "c", "gc"),
    "t": (*TEMPORALS[:8], "da", "dt6", "ti", "null"),
    "b": ("true", "false", "null", "i > 5", "n is null"),
    "j": ("cast('[1, 2]' as json)", "cast('{\"a\": 1}' as json)", "j", "cast('1' as json)"),
}
#: Result kind -> templates; each {x} is an expression of that kind.
_RULES: Final = {
    "n": (
        "({n} + {n})", "({n} - {n})", "({n} * {n})", "({n} / {n})", "({n} div {n})", "({n} % {n})",
        "-({n})", "abs({n})", "sign({n})", "round({n}, 2)", "truncate({n}, 1)", "floor({n})",
        "ceil({n})", "mod({n}, {n})", "({n} & {n})", "({n} | 5)", "length({s})", "char_length({s})",
        "locate({s}, {s})", "ascii({s})", "cast({s} as signed)", "cast({n} as decimal(10,2))",
        "cast({t} as unsigned)", "if({b}, {n}, {n})", "ifnull({n}, {n})", "nullif({n}, {n})",
        "coalesce({n}, {n}, {n})", "greatest({n}, {n})", "least({n}, {n})", "year({t})",
        "case when {b} then {n} else {n} end", "({b})", "strcmp({s}, {s})", "interval({n}, 1, 10)",
    ),
    "s": (
        "concat({s}, {s})", "upper({s})", "lower({s})", "left({s}, 3)", "right({s}, 2)",
        "trim({s})",
        "replace({s}, {s}, 'x')", "substring({s}, 2)", "reverse({s})", "concat({n}, {s})",
        "cast({n} as char)", "cast({t} as char)", "if({b}, {s}, {s})", "ifnull({s}, {s})",
        "coalesce({s}, {n})", "repeat({s}, 2)", "hex({n})", "lpad({s}, 5, '*')",
        "elt(2, {s}, {s})",
        "case when {b} then {s} else {s} end", "nullif({s}, {s})", "concat_ws(',', {s}, {n})",
    ),
    "t": (
        "cast({t} as date)", "cast({t} as datetime(3))", "if({b}, {t}, {t})", "ifnull({t}, {t})",
        "date_add({t}, interval 1 day)", "coalesce({t}, {t})", "cast('2024-02-29' as date)",
    ),
    "b": (
        "({n} = {n})", "({n} < {n})", "({n} <=> {n})", "({s} = {s})", "({s} > {s})", "({s} <> {s})",
        "({t} < {t})", "({t} = {t})", "({b} and {b})", "({b} or {b})", "not ({b})", "({b} xor {b})",
        "({n} between {n} and {n})", "({n} in ({n}, {n}))", "({s} in ({s}, {s}))", "({s} like {s})",
        "({n} is null)", "(({b}) is true)", "isnull({s})", "({n} = {s})",
    ),
    "j": ("json_array({n}, {s})", "json_object('k', {n})", "json_extract({j}, '$[0]')"),
}  # fmt: skip


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
        for kind in _LEAVES:
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
    return tuple(Tree(kind, text) for text in _LEAVES[kind])


def tree(choose: Choose, kind: str, depth: int) -> Tree:
    """A random expression over `v`, at most `depth` calls deep."""
    if depth == 0 or choose((0, 1, 2, 3)) == 0:
        return Tree(kind, choose(_LEAVES[kind]))
    made = choose(_RULES[kind])
    places = [inner for inner in _LEAVES for _ in range(made.count("{" + inner + "}"))]
    return Tree(kind, made, tuple(tree(choose, inner, depth - 1) for inner in places))
