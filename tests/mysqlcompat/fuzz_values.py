"""Compare random typed expressions with a real MySQL.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.fuzz_values COUNT SEED

`corpus.grammar_of_values` makes them, `corpus.ours` evaluates them in this process, the MySQL is
asked many at a time. What differs is made as small as hypothesis can make it, and printed.

Left out of the comparison is how often one warning is repeated and in which order (MySQL looks at
constants once while it prepares and perhaps again), and what a computed value is called in warnings
1264 and 1292 (MySQL has its text as it was written, or nothing). What `corpus.explained` knows a
reason for is counted, not printed.
"""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.explained import reason
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
    phases=(Phase.generate, Phase.shrink),  # explaining what it found takes it minutes
    suppress_health_check=list(HealthCheck),
)
_CAST_NAME: Final = re.compile(r"W1264 Out of range value for column '.*' at row 1")
_COMPUTED_NAME: Final = re.compile(r"(?<= for column ')(?!\w+' at row 1).*(?=' at row 1)")

#: The name of the database where a message cuts it, as each fuzzer has its own.
_CUT_NAME: Final = re.compile(r"`values_\w*(?=' for function)")


def essence(answer: str) -> tuple[str, ...]:
    """Value, type and the warnings, each once."""
    if answer.startswith("!"):
        return (answer,)
    value, meta, *warnings = answer.split("\t")
    whole = (_CUT_NAME.sub("", one) for one in warnings)
    named = (_COMPUTED_NAME.sub("", _CAST_NAME.sub("W1264", one)) for one in whole)
    return (value, meta, *sorted(set(named)))


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


def explanation(oracle: Asker, tree: Tree, seen: Difference) -> str | None:
    """The reason why an expression differs, if it is known."""

    def alone(expression: str) -> tuple[str, str]:
        answers = oracle.ask_all(SECTION, [expression])[0], ours.answer(SECTION, expression)
        there, here = ("\t".join(essence(as_in_8_4(answer.text()))) for answer in answers)
        return there, here

    def warnings_of(expression: str) -> set[str]:
        return {warning for text in alone(expression) for warning in essence(text)[2:]}

    texts = ("\t".join(essence(text)) for text in (seen.expected, seen.got))
    return reason(tree, *texts, warnings_of, alone)


def fuzz(
    oracle: Asker, count: int, seed: int, explained: Counter[str] | None = None
) -> Iterator[Difference]:
    """What differs of `count` expressions without a reason, as small as it can be; `explained`
    counts the others."""
    generator = random.Random(seed)
    for begin in range(0, count, BATCH):
        trees = [
            tree(generator.choice, generator.choice(KINDS), DEPTH, True)
            for _ in range(min(BATCH, count - begin))
        ]
        for number, seen in list(differences(oracle, [one.text for one in trees])):
            why = explanation(oracle, trees[number], seen)
            if why is None:
                yield simplest(oracle, trees[number], seen)
            elif explained is not None:
                explained[why] += 1


def main(count: int, seed: int) -> None:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    oracle = Asker(host, int(port), f"values_{seed:06d}")
    oracle.prepare(SECTION)
    began, differing = time.monotonic(), 0
    explained: Counter[str] = Counter()
    for difference in fuzz(oracle, count, seed, explained):
        differing += 1
        sys.stdout.write(f"{difference}\n")
        sys.stdout.flush()
    oracle.close()
    seconds = time.monotonic() - began
    reasons = "".join(f", {number} for {why}" for why, number in explained.items())
    sys.stdout.write(f"-- seed {seed}: {differing} of {count} differ{reasons}, {seconds:.0f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
