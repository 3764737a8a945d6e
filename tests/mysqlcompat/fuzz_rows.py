"""Compare random expressions over rows: what a server's programs compute, beside a real MySQL.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.fuzz_rows COUNT SEED [DEPTH]

`fuzz_values` asks the functions themselves, for one row; here a server computes each expression for
all rows of `r` at once, with its kernels and batches. Compared are values, types and the numbers of
errors: programs warn of rows in another order, and of some things once.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.grammar_of_values import tree
from tests.mysqlcompat.corpus.sections import as_in_8_4, section
from tests.mysqlcompat.corpus.tables import ALL_ROWS
from tests.mysqlcompat.fuzz_values import KINDS, Difference
from tests.mysqlcompat.local_node import serve

SECTION: Final = section((), tail=ALL_ROWS)
BATCH: Final = 25  #: expressions in one round trip
DEPTH: Final = 3
SHOWN: Final = 600  #: characters of an answer that are printed


def essence(answer: str) -> tuple[str, ...]:
    """Values and type, or the number of the error."""
    if answer.startswith("!"):
        return (answer.split(" ", 1)[0],)
    return tuple(answer.split("\t")[:2])


def fuzz(
    oracle: Asker, server: Asker, count: int, seed: int, depth: int = DEPTH
) -> Iterator[Difference]:
    """What differs of `count` expressions."""
    generator = random.Random(seed)
    for begin in range(0, count, BATCH):
        asked = [
            tree(generator.choice, generator.choice(KINDS), depth, True).text
            for _ in range(min(BATCH, count - begin))
        ]
        there, here = (one.ask_all(SECTION, asked) for one in (oracle, server))
        for expression, expected, got in zip(asked, there, here, strict=True):
            answers = as_in_8_4(expected.text()), got.text()
            if essence(answers[0]) != essence(answers[1]):
                yield Difference(expression, *(answer[:SHOWN] for answer in answers))


def main(count: int, seed: int, depth: int = DEPTH) -> None:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    oracle = Asker(host, int(port), f"rows_{seed:08d}")
    oracle.prepare(SECTION)
    began, differing = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as directory, serve(Path(directory)) as own:
        server = Asker("127.0.0.1", own)
        server.prepare(SECTION)
        for difference in fuzz(oracle, server, count, seed, depth):
            differing += 1
            sys.stdout.write(f"{difference}\n")
            sys.stdout.flush()
        server.close()
    oracle.close()
    seconds = time.monotonic() - began
    sys.stdout.write(f"-- seed {seed}: {differing} of {count} differ, {seconds:.0f} s\n")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
