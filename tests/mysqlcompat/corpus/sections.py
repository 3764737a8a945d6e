"""Sections of a family, the answers to their expressions, and the file that keeps them.

A file is a list of sections. A section begins with a line ``== {…}``: how its expressions are asked
(the fields of `Section`). Then a line for each expression, fields separated by tabs::

    expression  value  type length decimals flags collation  warning …
    expression  !errno SQLSTATE text

``\\N`` is NULL; rows of one answer are separated by ``¦``; bytes that are no UTF-8 are ``\\xFF``.
A warning is its level's letter, its number and its text: ``W1292 Truncated …``.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "values"
#: Advice of MySQL 9 that 8.4 does not give, deprecations among it: not recorded, not compared.
SILENT: Final = (1287, 1681, 3720, 4095, 4096)


@dataclass(frozen=True, slots=True)
class Section:
    """Expressions asked in one way: ``SELECT expression`` + `tail`, or INSERT into a column.

    tail      what follows the expression: ``FROM v``
    into      type of a column: the expression is inserted, the answer is the column's value
    settings  session variables, as SET takes them
    node      only a whole node can answer (aggregates, many rows)
    """

    expressions: tuple[str, ...]
    tail: str = ""
    into: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    node: bool = False

    def header(self) -> str:
        shown: dict[str, Any] = {}
        for name in ("tail", "into", "settings", "node"):
            if getattr(self, name):
                shown[name] = getattr(self, name)
        return "== " + json.dumps(shown, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says. `value` is as the file shows it; `error` instead of all the rest."""

    value: str = ""
    meta: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""

    def text(self) -> str:
        if self.error:
            return _escaped(f"!{self.error}")
        return "\t".join((self.value, self.meta, *map(_escaped, self.warnings)))

    @classmethod
    def of_error(cls, errno: int, state: str, text: str) -> Answer:
        return cls(error=f"{errno} {state} {text}")


def section(expressions: Iterable[str], **how: Any) -> Section:
    """A section; an expression given twice is asked once."""
    return Section(tuple(dict.fromkeys(expressions)), **how)


def shown(value: bytes | None) -> str:
    """A value as the file has it."""
    if value is None:
        return "\\N"
    return _escaped(value.decode("utf-8", "surrogateescape"))


def rows_shown(rows: Iterable[bytes | None]) -> str:
    return "¦".join(map(shown, rows))


_PLAIN: Final = str.maketrans(
    {
        "\\": "\\\\",
        "\t": "\\t",
        **{chr(code): f"\\x{code:02x}" for code in [*range(9), *range(10, 32), 0x7F, 0x85]},
        **{chr(code): f"\\u{code:04x}" for code in (0x2028, 0x2029)},
        **{chr(0xDC00 + byte): f"\\x{byte:02x}" for byte in range(128, 256)},
    }
)


def _escaped(text: str) -> str:
    return text.translate(_PLAIN)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    out, at = [], 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        kind = text[at + 1]
        if kind in "xu":
            size = 2 if kind == "x" else 4
            code = int(text[at + 2 : at + 2 + size], 16)
            out.append(chr(code if code < 128 or kind == "u" else 0xDC00 + code))
            at += 2 + size
        else:
            out.append("\t" if kind == "t" else kind)
            at += 2
    return "".join(out)


Recorded = list[tuple[Section, list[tuple[str, str]]]]  #: sections with (expression, answer text)


def write(family: str, recorded: Recorded) -> None:
    lines: list[str] = []
    for one, answers in recorded:
        lines.append(one.header())
        lines += [f"{_escaped(expression)}\t{answer}" for expression, answer in answers]
    (GOLDEN / f"{family}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(family: str) -> Recorded:
    recorded: Recorded = []
    head: dict[str, Any] = {}
    answers: list[tuple[str, str]] = []

    def close() -> None:
        if answers:
            recorded.append((section([one for one, _ in answers], **head), list(answers)))
            answers.clear()

    for line in (GOLDEN / f"{family}.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("== "):
            close()
            head = json.loads(line[3:])
        elif line:
            expression, _, answer = line.partition("\t")
            answers.append((_unescaped(expression), as_in_8_4(answer)))
    close()
    return recorded


def as_in_8_4(answer: str) -> str:
    """MySQL 9 words anew what 8.4 says of functions beyond the range of dates."""
    return _OVERFLOW.sub(_overflow_of, answer)


def _overflow_of(match: re.Match[str]) -> str:
    return f"W1441 Datetime function: {match[1].lower()} field overflow"


_OVERFLOW: Final = re.compile(r"W6527 (DATETIME|DATE|TIME) value is out of range in '[^\t]*'")


def families() -> list[str]:
    """Every family: those with a file and those only generated so far."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    modules = {stem for stem in stems if hasattr(_module(stem), "SECTIONS")}
    return sorted(modules | {path.stem for path in GOLDEN.glob("*.txt")})


def generated(family: str) -> list[Section]:
    """The family's sections: of its module, or of its file when it is written by hand."""
    sections = getattr(_module(family), "SECTIONS", None)
    return list(sections) if sections is not None else [one for one, _ in read(family)]


Place = tuple[str, str]  #: header of a section, expression


def reasons(family: str) -> dict[str | Place, str]:
    """Expressions on which this server differs on purpose, in all sections or in one, and why."""
    return dict(getattr(_module(family), "DIFFERENT", {}))


def faults(family: str) -> set[Place]:
    """What differs, is known to, and should not."""
    path = GOLDEN / "faults" / f"{family}.txt"
    header, found = "", set()
    for line in path.read_text("utf-8").split("\n") if path.exists() else ():
        if line.startswith("== "):
            header = line
        elif line:
            found.add((header, _unescaped(line)))
    return found


def write_faults(family: str, places: list[Place]) -> None:
    path = GOLDEN / "faults" / f"{family}.txt"
    path.unlink(missing_ok=True)
    lines: list[str] = []
    header = ""
    for place in places:
        if place[0] != header:
            header = place[0]
            lines.append(header)
        lines.append(_escaped(place[1]))
    if lines:
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _module(family: str) -> Any:
    name = f"tests.mysqlcompat.corpus.{family}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def calls(names: str, *lists: Iterable[str]) -> Iterator[str]:
    """``name(a, b)`` for every name and every combination of arguments out of `lists`."""
    combinations: list[tuple[str, ...]] = [()]
    for one in map(list, lists):
        combinations = [(*before, value) for before in combinations for value in one]
    for name in names.split():
        for arguments in combinations:
            yield f"{name}({', '.join(arguments)})"


def infix(operators: str, left: Iterable[str], right: Iterable[str]) -> Iterator[str]:
    """``a operator b`` for every operator, left and right side."""
    left, right = list(left), list(right)
    for operator in operators.split():
        for one in left:
            yield from (f"{one} {operator.replace('_', ' ')} {other}" for other in right)
