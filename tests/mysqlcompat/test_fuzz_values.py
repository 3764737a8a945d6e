"""Random typed expressions, here and on a real MySQL: a soak, shrunk by hypothesis.

    MYSQL_ORACLE=host:port VALUES_FUZZ=100000 pytest tests/mysqlcompat/test_fuzz_values.py

`corpus.random_values` is the run that every suite makes, against recorded answers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.grammar_of_values import expression
from tests.mysqlcompat.corpus.sections import as_in_8_4, section

EXAMPLES = int(os.environ.get("VALUES_FUZZ", "0"))
SECTION = section((), tail="FROM v")


@pytest.fixture(scope="module")
def oracle() -> Iterator[Asker]:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    asker = Asker(host, int(port))
    asker.prepare(SECTION)
    yield asker
    asker.close()


@pytest.mark.skipif(not EXAMPLES, reason="a soak: VALUES_FUZZ says how many expressions")
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
    assert ours.answer(SECTION, text).text() == expected, text
