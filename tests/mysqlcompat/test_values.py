"""Values, types, lengths, decimals, flags, collations, warnings and errors of expressions against
what a real MySQL said: all through parse, resolve and the Python implementations; a sample, and
what needs many rows, through a server in both protocols."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.sections import different, families, generated, read
from tests.mysqlcompat.local_node import serve

FAMILIES: Final = families()
SAMPLE: Final = 25  #: one expression in so many also goes through the server


@pytest.mark.parametrize("family", FAMILIES)
def test_expressions_are_as_recorded(family: str) -> None:
    accepted, wrong, total = different(family), [], 0
    for section, answers in read(family):
        if section.node:
            continue
        for expression, expected in answers:
            total += 1
            got = ours.answer(section, expression).text()
            if (got != expected) != (expression in accepted):
                wrong.append(_difference(expression, expected, got))
    assert not wrong, f"{len(wrong)} of {total} differ:\n" + "\n".join(wrong)


def _difference(expression: str, expected: str, got: str) -> str:
    if got == expected:
        return f"{expression}\n  no longer differs: {got}"
    return f"{expression}\n  expected {expected}\n  got      {got}"


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_generated_is_recorded(family: str) -> None:
    recorded = [(one.header(), one.expressions) for one, _ in read(family)]
    assert recorded == [(one.header(), one.expressions) for one in generated(family)]
    asked = {expression for _, expressions in recorded for expression in expressions}
    assert not different(family) - asked, "differences nobody asks for"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    directory: Path = tmp_path_factory.mktemp("values")
    with serve(directory) as port:
        asker = Asker("127.0.0.1", port)
        yield asker
        asker.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_says_the_same(family: str, server: Asker) -> None:
    accepted, wrong = different(family), []
    for section, answers in read(family):
        chosen = [pair for pair in answers if section.node or _sampled(pair[0])]
        if chosen:
            server.prepare(section)
        for expression, expected in chosen:
            got = server.ask(section, expression).text()
            if (got != expected) != (expression in accepted):
                wrong.append(_difference(expression, expected, got))
            elif not section.into and not got.startswith("!"):
                binary = server.binary(section, expression)
                if binary != got.split("\t")[0]:
                    wrong.append(f"{expression}\n  binary   {binary}\n  text     {got}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)


def _sampled(expression: str) -> bool:
    """The same choice on every run."""
    return hashlib.blake2b(expression.encode()).digest()[0] % SAMPLE == 0
