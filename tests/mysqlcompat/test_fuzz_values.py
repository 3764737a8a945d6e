"""Random typed expressions, here and on a real MySQL: a soak, shrunk by hypothesis.

    MYSQL_ORACLE=host:port make fuzz FUZZ=100000 SEED=7

`corpus.random_values` is the run that every suite makes, against recorded answers. What is left
out of the comparison is how often one warning is repeated and in which order (MySQL looks at
constants once while it prepares and perhaps again), and the name of a CAST in warning 1264 (MySQL
has one only within functions of the common syntax).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.grammar_of_values import expression
from tests.mysqlcompat.corpus.sections import as_in_8_4, section

EXAMPLES = int(os.environ.get("VALUES_FUZZ", "0"))
SEED = int(os.environ.get("SEED", "1"))
SECTION = section((), tail="FROM v")
_CAST_NAME = re.compile(r"W1264 Out of range value for column '.*' at row 1")


def essence(answer: str) -> tuple[str, ...]:
    """Value, type and the warnings, each once."""
    if answer.startswith("!"):
        return (answer,)
    value, meta, *warnings = answer.split("\t")
    return (value, meta, *sorted({_CAST_NAME.sub("W1264", one) for one in warnings}))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Asker]:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    asker = Asker(host, int(port))
    asker.prepare(SECTION)
    yield asker
    asker.close()


@pytest.mark.skipif(not EXAMPLES, reason="a soak: VALUES_FUZZ says how many expressions")
@seed(SEED)
@settings(
    max_examples=max(EXAMPLES, 1),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(st.data())
def test_random_expressions_are_as_on_mysql(oracle: Asker, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from("nsbt"))
    text = expression(lambda options: data.draw(st.sampled_from(options)), kind, 3)
    expected = as_in_8_4(oracle.ask(SECTION, text).text())
    got = ours.answer(SECTION, text).text()
    assert essence(got) == essence(expected), f"{text}\n  expected {expected}\n  got      {got}"
