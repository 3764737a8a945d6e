"""JSON paths: ``$.a.b[0]``, ``$[last]``, ``$.*``, ``$[1 to 3]``, ``$**.c``; parse, find, change.

A path is a tuple of legs. A scalar or object behaves as an array of one for an index leg, as in
MySQL: ``$[0]`` and ``$[last]`` of it is the value itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.jsonb import make_object, quote
from mysqlcompat.short_texts import remembered


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
ALL: Final = Cells(Cell(0), Cell(0, from_end=True))


@remembered(1024)
def parse_path(text: str) -> Path:
    """The legs of `text`. ERROR 3143 with the position of the mistake."""
    return _Reader(text).path()


class _Reader:
    """Reads a path. What is wrong is behind the character where it is noticed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def path(self) -> Path:
        self._blanks()
        if not self._peek():
            raise self._error()
        if self._next() != "$":
            raise self._error()
        legs: list[Leg] = []
        self._blanks()
        while self._peek():
            legs.append(self._leg())
            self._blanks()
        if legs and isinstance(legs[-1], Anywhere):
            raise self._error()
        return tuple(legs)

    def _leg(self) -> Leg:
        match self._peek():
            case ".":
                self.at += 1
                self._blanks()
                return self._member()
            case "[":
                self.at += 1
                self._blanks()
                return self._cells()
            case "*":
                self.at += 1
                if self._next() == "*" and self._peek() not in ("", "*"):
                    return Anywhere()
        raise self._error()

    def _member(self) -> Member:
        if self._peek() == "*":
            self.at += 1
            return Member(None)
        found = _QUOTED.match(self.text, self.at) if self._peek() == '"' else None
        if found is None and self._peek() == '"':
            self.at = len(self.text)
            raise self._error()
        quoted = found[0] if found else f'"{self._bare_name()}"'
        self.at += len(found[0]) if found else 0
        try:
            name = json.loads(quoted)
            name.encode()
        except ValueError:
            raise self._error() from None
        if not found and not name.replace("$", "_").isidentifier():
            raise self._error()
        return Member(name)

    def _bare_name(self) -> str:
        start = self.at
        while self._peek() not in _ENDS_OF_NAME:
            self.at += 1
        return self.text[start : self.at]

    def _cells(self) -> Leg:
        if self._peek() == "*":
            self.at += 1
            leg: Leg = ALL
        else:
            leg = low = self._cell()
            self._blanks()
            if _RANGE.match(self.text, self.at - 1):
                self.at += 2
                self._blanks()
                high = self._cell()
                if low.from_end == high.from_end and (
                    low.index < high.index if low.from_end else low.index > high.index
                ):
                    raise self._error()
                leg = Cells(low, high)
        self._blanks()
        if self._peek() and self._next() == "]":
            return leg
        raise self._error()

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
        found = _DIGITS.match(self.text, self.at)
        if not found or int(found[0]) > _GREATEST_INDEX:
            raise self._error()
        self.at = found.end()
        return int(found[0])

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _next(self) -> str:
        found = self._peek()
        self.at += bool(found)
        return found

    def _blanks(self) -> None:
        while self._peek() in (" ", "\t", "\n", "\r"):
            self.at += 1

    def _error(self) -> SqlError:
        return SqlError(3143, len(self.text[: self.at].encode()), "")


_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_RANGE: Final = re.compile(r"[ \t\n\r]to[ \t\n\r]")
_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_ENDS_OF_NAME: Final = ("", ".", "[", "*", " ", "\t", "\n", "\r")
_GREATEST_INDEX: Final = (1 << 32) - 1


def is_wild(path: Path) -> bool:
    """Whether the path may find more than one value."""
    return any(isinstance(leg, Anywhere | Cells) or leg == Member(None) for leg in path)


def single(text: str) -> Path:
    """A path for functions that change documents: no wildcards (ERROR 3149)."""
    path = parse_path(text)
    if is_wild(path):
        raise SqlError(3149)
    return path


@dataclass(frozen=True, slots=True)
class Found:
    """A value a path leads to. `place`: the keys and numbers on the way; `shown`: the legs that a
    path to just this value has, as written where the path says it."""

    value: Any
    place: tuple[str | int, ...]
    shown: str


def find(value: Any, path: Path) -> list[Any]:
    """Every value `path` leads to, in document order, each once."""
    if any(isinstance(leg, Anywhere) for leg in path):
        return [one.value for one in places(value, path)]
    found = [value]
    for leg in path:
        found = [child for parent in found for child in _children(parent, leg)]
    return found


def places(value: Any, path: Path, wrap: bool = True) -> list[Found]:
    """As `find`, with where each value is.

    wrap  what is no array behaves as an array of one
    """
    found = [Found(value, (), "$")]
    for leg in path:
        found = [child for parent in found for child in _places_below(parent, leg, wrap)]
    each: dict[tuple[str | int, ...], Found] = {}
    for one in found:
        each.setdefault(one.place, one)
    return list(each.values())


def below(parent: Found) -> list[Found]:
    """The members or cells of a value."""
    value, place, shown = parent.value, parent.place, parent.shown
    if isinstance(value, dict):
        return [Found(v, (*place, k), f"{shown}.{_name(k)}") for k, v in value.items()]
    if isinstance(value, list):
        return [Found(v, (*place, n), f"{shown}[{n}]") for n, v in enumerate(value)]
    return []


def everything(parent: Found) -> list[Found]:
    """A value and all within it."""
    return [parent, *(one for child in below(parent) for one in everything(child))]


def _places_below(parent: Found, leg: Leg, wrap: bool) -> list[Found]:
    value = parent.value
    match leg:
        case Anywhere():
            return everything(parent)
        case Member(name=name):
            is_object = isinstance(value, dict)
            return [one for one in below(parent) if is_object and name in (None, one.place[-1])]
        case Cell() if isinstance(value, list):
            number = position(leg, len(value))
            if not 0 <= number < len(value):
                return []
            shown = f"[{_end(leg)}]" if leg.from_end else f"[{number}]"
            return [Found(value[number], (*parent.place, number), parent.shown + shown)]
        case Cells(low=low, high=high) if isinstance(value, list):
            first, last = position(low, len(value)), position(high, len(value))
            return below(parent)[max(first, 0) : last + 1] if last >= 0 else []
    return [parent] if wrap and _children(value, leg) else []


def _end(leg: Cell) -> str:
    return f"last-{leg.index}" if leg.index else "last"


def _name(key: str) -> str:
    return key if key.replace("$", "_").isidentifier() else quote(key)


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
                return [value] if inside and leg is not ALL else []
            first, last = position(low, len(value)), position(high, len(value))
            return value[max(first, 0) : last + 1] if last >= 0 else []
    raise TypeError(leg)


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
    found = places(document, path)
    if not found or not found[0].place:
        return document
    return _without(document, found[0].place)


def _without(document: Any, place: tuple[str | int, ...]) -> Any:
    first, rest = place[0], place[1:]
    if isinstance(document, dict):
        if rest:
            return document | {first: _without(document[first], rest)}
        return {key: member for key, member in document.items() if key != first}
    assert isinstance(first, int)
    changed = [_without(document[first], rest)] if rest else []
    return [*document[:first], *changed, *document[first + 1 :]]
