"""Values, types, lengths, decimals, flags, collations, warnings and errors of expressions against
what a real MySQL said: all through parse, resolve and the Python implementations; a sample, and
what needs many rows, through a server in both protocols."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.sections import Section, families, faults, generated, read, reasons
from tests.mysqlcompat.corpus.tables import ALL_ROWS
from tests.mysqlcompat.local_node import serve

FAMILIES: Final = families()
#: One expression in so many also goes through the server; `make soak` asks it all of them.
SAMPLE: Final = int(os.environ.get("VALUES_SAMPLE", "5"))


class Judge:
    """Compares answers of one family; `wrong` has what is neither right nor a known difference."""

    def __init__(self, family: str) -> None:
        self.on_purpose = reasons(family)
        self.faults = faults(family)
        self.wrong: list[str] = []

    def hear(self, section: Section, expression: str, expected: str, got: str) -> bool:
        """Whether the answer is right. A fault that is gone must leave the list."""
        place = (section.header(), expression)
        is_fault = place in self.faults
        is_on_purpose = expression in self.on_purpose or place in self.on_purpose
        if got == expected and is_fault:
            self.wrong.append(f"{expression}\n  no longer differs: {got}")
        elif got != expected and not is_fault and not is_on_purpose:
            self.wrong.append(f"{expression}\n  expected {expected}\n  got      {got}")
        return got == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_expressions_are_as_recorded(family: str) -> None:
    judge, total = Judge(family), 0
    for section, answers in read(family):
        if section.node:
            continue
        for expression, expected in answers:
            total += 1
            judge.hear(section, expression, expected, ours.answer(section, expression).text())
    wrong = judge.wrong
    assert not wrong, f"{len(wrong)} of {total} differ:\n" + "\n".join(wrong)


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_generated_is_recorded(family: str) -> None:
    recorded = [(one.header(), one.expressions) for one, _ in read(family)]
    assert recorded == [(one.header(), one.expressions) for one in generated(family)]
    asked = {(header, one) for header, expressions in recorded for one in expressions}
    assert not faults(family) - asked, "faults nobody asks for"
    known = asked | {one for _, one in asked}
    assert not reasons(family).keys() - known, "differences nobody asks for"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    directory: Path = tmp_path_factory.mktemp("values")
    with serve(directory) as port:
        asker = Asker("127.0.0.1", port)
        yield asker
        asker.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_says_the_same(family: str, server: Asker) -> None:
    judge = Judge(family)
    for section, answers in read(family):
        header, node = section.header(), section.node
        known = set() if node else judge.faults  # the other test has looked at those
        chosen = [
            (one, expected)
            for one, expected in answers
            if node or (_sampled(one) and (header, one) not in known)
        ]
        if chosen:
            server.prepare(section)
        for expression, expected in chosen:
            got = server.ask(section, expression).text()
            if section.tail and (section.tail == ALL_ROWS or not section.node):
                got = _with_warnings_of(expected, got)
            if not judge.hear(section, expression, expected, got):
                continue
            if not section.into and not got.startswith("!"):
                binary = server.binary(section, expression)
                if not _is_same(binary, *got.split("\t")[:2]):
                    judge.wrong.append(f"{expression}\n  binary   {binary}\n  text     {got}")
    assert not judge.wrong, f"{len(judge.wrong)} differ:\n" + "\n".join(judge.wrong)


def _with_warnings_of(expected: str, got: str) -> str:
    """Over rows a program computes both sides of an operator, and constants once: what it warns
    about besides is let pass."""
    if got.startswith("!"):
        return got
    return "\t".join(got.split("\t")[:2] + expected.split("\t")[2:])


def _is_same(binary: str, text: str, meta: str) -> bool:
    """Whether both protocols have sent one value; how many digits a DOUBLE is shown with hangs on
    how it was written."""
    is_double = meta.startswith("5 ") and binary != "\\N" != text
    return binary == text or (is_double and float(binary) == float(text))


def _sampled(expression: str) -> bool:
    """The same choice on every run."""
    return hashlib.blake2b(expression.encode()).digest()[0] % SAMPLE == 0
