"""Random typed expressions, here and on a real MySQL: a soak, shrunk by hypothesis.

    MYSQL_ORACLE=host:port make fuzz FUZZ=100000 SEED=7

`corpus.random_values` is the run that every suite makes, against recorded answers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.fuzz_values import SECTION, fuzz

EXAMPLES = int(os.environ.get("VALUES_FUZZ", "0"))
SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Asker]:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    asker = Asker(host, int(port))
    asker.prepare(SECTION)
    yield asker
    asker.close()


@pytest.mark.skipif(not EXAMPLES, reason="a soak: VALUES_FUZZ says how many expressions")
def test_random_expressions_are_as_on_mysql(oracle: Asker) -> None:
    wrong = [str(one) for one in fuzz(oracle, EXAMPLES, SEED)]
    assert not wrong, f"{len(wrong)} of {EXAMPLES} differ:\n" + "\n".join(wrong)
