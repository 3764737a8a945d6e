"""Random expressions of a fixed seed over rows of many kinds: what batches and kernels compute."""

from __future__ import annotations

import random
from typing import Final

from tests.mysqlcompat.corpus.grammar_of_values import tree
from tests.mysqlcompat.corpus.sections import section
from tests.mysqlcompat.corpus.tables import ALL_ROWS

_GENERATOR: Final = random.Random(20261122)

SECTIONS: Final = (
    section(
        [
            tree(_GENERATOR.choice, kind, depth, True).text
            for kind in "nsbtjy"
            for depth in (1, 2, 3)
            for _ in range(40)
        ],
        tail=ALL_ROWS,
        node=True,
    ),
)
