"""Random expressions of a fixed seed: the bounded run of the fuzzer, with recorded answers."""

from __future__ import annotations

import random
from typing import Final

from tests.mysqlcompat.corpus.grammar_of_values import tree
from tests.mysqlcompat.corpus.sections import section

_GENERATOR: Final = random.Random(20260101)

SECTIONS: Final = (
    section(
        [tree(_GENERATOR.choice, kind, 3).text for kind in "nsbt" for _ in range(400)],
        tail="FROM v",
    ),
)
