"""Compare random typed expressions with a real MySQL.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.fuzz_values COUNT SEED

`corpus.grammar_of_values` makes them, `corpus.ours` evaluates them in this process, the MySQL is
asked many at a time. What differs is made as small as hypothesis can make it, and printed.

Left out of the comparison is how often one warning is repeated and in which order (MySQL looks at
constants once while it prepares and perhaps again), and the name of a CAST in warning 1264 (MySQL
has one only within functions of the common syntax).
"""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.grammar_of_values import Tree, leaves, tree
from tests.mysqlcompat.corpus.sections import as_in_8_4, section

SECTION: Final = section((), tail="FROM v")
BATCH: Final = 50  #: expressions in one round trip
DEPTH: Final = 3
KINDS: Final = "nnssbbttjy"
SIMPLER: Final = settings(
    max_examples=400,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
_CAST_NAME: Final = re.compile(r"W1264 Out of range value for column '.*' at row 1")


def essence(answer: str) -> tuple[str, ...]:
    """Value, type and the warnings, each once."""
    if answer.startswith("!"):
        return (answer,)
    value, meta, *warnings = answer.split("\t")
    return (value, meta, *sorted({_CAST_NAME.sub("W1264", one) for one in warnings}))


@dataclass(frozen=True, slots=True)
class Difference:
    """An expression, what the MySQL says of it and what this server does."""

    expression: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.expression}\n  expected {self.expected}\n  got      {self.got}"


def differences(oracle: Asker, expressions: list[str]) -> Iterator[tuple[int, Difference]]:
    """Those that differ, each with its number."""
    for number, asked in enumerate(oracle.ask_all(SECTION, expressions)):
        expected = as_in_8_4(asked.text())
        got = ours.answer(SECTION, expressions[number]).text()
        if essence(got) != essence(expected):
            yield number, Difference(expressions[number], expected, got)


def simplest(oracle: Asker, wrong: Tree, seen: Difference) -> Difference:
    """The smallest difference within an expression that differs; what was `seen` if it only does
    after others."""

    def differs(one: Tree) -> bool:
        return any(True for _ in differences(oracle, [one.text]))

    with suppress(NoSuchExample):  # all that chance tried was too simple: it stays as it is
        wrong = find(_simpler(wrong), differs, settings=SIMPLER)
    return next((one for _, one in differences(oracle, [wrong.text])), seen)


def _simpler(whole: Tree) -> st.SearchStrategy[Tree]:
    """The simplest first: leaves, parts, and the same template with simpler parts."""
    if not whole.inner:
        return st.just(whole)
    parts = [one for one in whole.below() if one.kind == whole.kind]
    inner = st.tuples(*map(_simpler, whole.inner))
    return st.one_of(
        st.sampled_from(leaves(whole.kind)),
        *([st.sampled_from(parts)] if parts else []),
        inner.map(lambda made: Tree(whole.kind, whole.template, made)),
        st.just(whole),
    )


def fuzz(oracle: Asker, count: int, seed: int) -> Iterator[Difference]:
    """What differs of `count` expressions, as small as it can be."""
    generator = random.Random(seed)
    for begin in range(0, count, BATCH):
        trees = [
            tree(generator.choice, generator.choice(KINDS), DEPTH, True)
            for _ in range(min(BATCH, count - begin))
        ]
        for number, seen in list(differences(oracle, [one.text for one in trees])):
            yield simplest(oracle, trees[number], seen)


def main(count: int, seed: int) -> None:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    oracle = Asker(host, int(port), f"values_fuzz_{seed}")
    oracle.prepare(SECTION)
    began, differing = time.monotonic(), 0
    for difference in fuzz(oracle, count, seed):
        differing += 1
        sys.stdout.write(f"{difference}\n")
        sys.stdout.flush()
    oracle.close()
    seconds = time.monotonic() - began
    sys.stdout.write(f"-- seed {seed}: {differing} of {count} differ, {seconds:.0f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
