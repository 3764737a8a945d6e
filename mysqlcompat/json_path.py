"""JSON paths: ``$.a.b[0]``, ``$[last]``, ``$.*``, ``$[1 to 3]``, ``$**.c``; parse, find, change.

A path is a tuple of legs. A scalar or object behaves as an array of one for an index leg, as in
MySQL: ``$[0]`` and ``$[last]`` of it is the value itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.jsonb import make_object


@dataclass(frozen=True, slots=True)
class Member:
    """``.name``; None is ``.*``"""

    name: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """``[index]``, or ``[last - index]``."""

    index: int
    from_end: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """``[low to high]``; ``[*]`` is all of them."""

    low: Cell
    high: Cell


@dataclass(frozen=True, slots=True)
class Anywhere:
    """``**``"""


Leg = Member | Cell | Cells | Anywhere
Path = tuple[Leg, ...]
_ALL: Final = Cells(Cell(0), Cell(0, from_end=True))


@lru_cache(maxsize=1024)
def parse_path(text: str) -> Path:
    """The legs of `text`. ERROR 3143 with the position of the mistake."""
    return _Reader(text).path()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def path(self) -> Path:
        self._blanks()
        if self._peek() != "$":
            raise self._error(1)
        self.at += 1
        legs: list[Leg] = []
        self._blanks()
        while self.at < len(self.text):
            legs.append(self._leg())
            self._blanks()
        if legs and isinstance(legs[-1], Anywhere):
            raise self._error()
        return tuple(legs)

    def _leg(self) -> Leg:
        start = self._peek()
        if start == ".":
            self.at += 1
            self._blanks()
            return self._member()
        if start == "[":
            self.at += 1
            self._blanks()
            return self._cells()
        if self.text.startswith("**", self.at):
            self.at += 2
            return Anywhere()
        raise self._error()

    def _member(self) -> Member:
        if self._peek() == "*":
            self.at += 1
            return Member(None)
        if self._peek() == '"':
            end = self.at + 1
            while end < len(self.text) and self.text[end] != '"':
                end += 2 if self.text[end] == "\\" else 1
            if end >= len(self.text):
                raise self._error()
            try:
                name = json.loads(self.text[self.at : end + 1])
            except json.JSONDecodeError:
                raise self._error() from None
            self.at = end + 1
            return Member(name)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ".[* \t\n\r":
            self.at += 1
        name = self.text[start : self.at]
        if not name or name[0].isdigit() or not name.replace("$", "_").isidentifier():
            raise self._error()
        return Member(name)

    def _cells(self) -> Leg:
        if self._peek() == "*":
            self.at += 1
            leg: Leg = _ALL
        else:
            leg = low = self._cell()
            self._blanks()
            if self.text.startswith("to ", self.at):
                self.at += 3
                self._blanks()
                high = self._cell()
                if low.from_end == high.from_end and (
                    low.index < high.index if low.from_end else low.index > high.index
                ):
                    raise self._error()
                leg = Cells(low, high)
        self._blanks()
        if self._peek() != "]":
            raise self._error()
        self.at += 1
        return leg

    def _cell(self) -> Cell:
        if self.text.startswith("last", self.at):
            self.at += 4
            self._blanks()
            if self._peek() != "-":
                return Cell(0, from_end=True)
            self.at += 1
            self._blanks()
            return Cell(self._number(), from_end=True)
        return Cell(self._number())

    def _number(self) -> int:
        start = self.at
        while self._peek().isdigit():
            self.at += 1
        if start == self.at:
            raise self._error()
        return int(self.text[start : self.at])

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _blanks(self) -> None:
        while self._peek() in (" ", "\t", "\n", "\r"):
            self.at += 1

    def _error(self, position: int | None = None) -> SqlError:
        return SqlError(3143, self.at if position is None else position, "")


def is_wild(path: Path) -> bool:
    """Whether the path may find more than one value."""
    return any(isinstance(leg, Anywhere | Cells) or leg == Member(None) for leg in path)


def single(text: str) -> Path:
    """A path for functions that change documents: no wildcards (ERROR 3149)."""
    path = parse_path(text)
    if is_wild(path):
        raise SqlError(3149)
    return path


def find(value: Any, path: Path) -> list[Any]:
    """Every value `path` leads to, in document order, each once."""
    found = [value]
    for leg in path:
        found = [child for parent in found for child in _children(parent, leg)]
    return found


def _children(value: Any, leg: Leg) -> list[Any]:
    match leg:
        case Member(name=None):
            return list(value.values()) if isinstance(value, dict) else []
        case Member(name=name):
            return [value[name]] if isinstance(value, dict) and name in value else []
        case Cell():
            cells = value if isinstance(value, list) else [value]
            index = position(leg, len(cells))
            return [cells[index]] if 0 <= index < len(cells) else []
        case Cells(low=low, high=high):
            if not isinstance(value, list):
                inside = position(low, 1) <= 0 <= position(high, 1)
                return [value] if inside and leg is not _ALL else []
            first, last = position(low, len(value)), position(high, len(value))
            return value[max(first, 0) : last + 1] if last >= 0 else []
    return _everything(value)


def _everything(value: Any) -> list[Any]:
    found = [value]
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    for child in children:
        found.extend(_everything(child))
    return found


def position(cell: Cell, count: int) -> int:
    return count - 1 - cell.index if cell.from_end else cell.index


def store(document: Any, path: Path, value: Any, insert: bool, replace: bool) -> Any:
    """A copy of `document` with `value` at `path`: put there when absent (`insert`), in place of
    what is there (`replace`)."""
    if not path:
        return value if replace else document
    leg, rest = path[0], path[1:]
    match leg:
        case Member(name=str() as name) if isinstance(document, dict):
            if name in document:
                return document | {name: store(document[name], rest, value, insert, replace)}
            return make_object(document | {name: value}) if insert and not rest else document
        case Cell():
            return _store_cell(document, leg, rest, value, insert, replace)
    return document


def _store_cell(
    document: Any, leg: Cell, rest: Path, value: Any, insert: bool, replace: bool
) -> Any:
    cells = document if isinstance(document, list) else [document]
    index = position(leg, len(cells))
    if 0 <= index < len(cells):
        changed = store(cells[index], rest, value, insert, replace)
        if not isinstance(document, list):
            return changed
        return [*cells[:index], changed, *cells[index + 1 :]]
    if not insert or rest:
        return document
    return [value, *cells] if index < 0 else [*cells, value]


def remove(document: Any, path: Path) -> Any:
    """A copy of `document` without what `path` leads to."""
    leg, rest = path[0], path[1:]
    match leg:
        case Member(name=str() as name) if isinstance(document, dict) and name in document:
            if not rest:
                return {key: member for key, member in document.items() if key != name}
            return document | {name: remove(document[name], rest)}
        case Cell():
            if not isinstance(document, list):
                return remove(document, rest) if rest and position(leg, 1) == 0 else document
            index = position(leg, len(document))
            if not 0 <= index < len(document):
                return document
            if not rest:
                return [*document[:index], *document[index + 1 :]]
            changed = remove(document[index], rest)
            return [*document[:index], changed, *document[index + 1 :]]
    return document
