"""Print where this server differs from the recorded corpus of values.

    python -m tests.mysqlcompat.compare_values [--keep] [--all] [family …]

`--keep` writes the lists of known faults anew; `--all` prints those in the lists, too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.sections import (
    Place,
    Section,
    families,
    faults,
    read,
    reasons,
    write_faults,
)
from tests.mysqlcompat.local_node import serve

Answered = Iterator[tuple[Section, str, str, str]]


def direct(family: str) -> Answered:
    """(section, expression, expected, got) of what is evaluated in this process."""
    for section, answers in read(family):
        if not section.node:
            for expression, expected in answers:
                yield section, expression, expected, ours.answer(section, expression).text()


def served(family: str, asker: Asker) -> Answered:
    """The same of what only a node can answer."""
    for section, answers in read(family):
        if section.node:
            asker.prepare(section)
            for expression, expected in answers:
                yield section, expression, expected, asker.ask(section, expression).text()


def compare(family: str, answered: Answered, show_all: bool) -> list[Place]:
    """Faults; prints them, or those that are new."""
    known, on_purpose = faults(family), reasons(family)
    wrong: list[Place] = []
    header, count = "", 0
    for section, expression, expected, got in answered:
        count += 1
        place = (section.header(), expression)
        if got == expected or expression in on_purpose or place in on_purpose:
            continue
        wrong.append(place)
        if show_all or place not in known:
            if section.header() != header:
                header = section.header()
                sys.stdout.write(header + "\n")
            sys.stdout.write(f"{expression}\n  expected {expected}\n  got      {got}\n")
    sys.stdout.write(f"-- {family}: {len(wrong)} of {count} differ\n")
    return wrong


def main(arguments: list[str]) -> None:
    options = {one for one in arguments if one.startswith("--")}
    wanted = [one for one in arguments if one not in options] or families()
    wrong = {family: compare(family, direct(family), "--all" in options) for family in wanted}
    if any(section.node for family in wanted for section, _ in read(family)):
        with tempfile.TemporaryDirectory() as directory, serve(Path(directory)) as port:
            asker = Asker("127.0.0.1", port)
            for family in wanted:
                wrong[family] += compare(family, served(family, asker), "--all" in options)
            asker.close()
    if "--keep" in options:
        for family, places in wrong.items():
            write_faults(family, places)


if __name__ == "__main__":
    main(sys.argv[1:])
