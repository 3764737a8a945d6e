"""A document as its bytes in MySQL's binary form: a path is followed without decoding the rest.

Objects keep their keys sorted by length, then bytes, so that a member is found by bisection; an
array's cell is found by its number. Only the value at the end of the path becomes Python's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.json_path import Cell, Member, Path, is_wild, parse_path, position

_NONE: Final = object()


class StoredJson(jsonb.Json):
    """A JSON value that is decoded when all of it is asked for."""

    __slots__ = ("_value", "data")

    data: bytes
    _value: Any

    def __init__(self, data: bytes) -> None:
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "_value", _NONE)

    @property
    def value(self) -> Any:
        if self._value is _NONE:
            object.__setattr__(self, "_value", jsonb.decode(self.data))
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, jsonb.Json) and bool(self.value == other.value)

    __hash__ = jsonb.Json.__hash__


def put_together(documents: Iterable[bytes], keys: Iterable[str] | None = None) -> StoredJson:
    """An array of documents in binary form, or the object whose members they are: `keys` in its
    order."""
    parts = [(one[0], one[1:]) for one in documents]
    kind, body = jsonb.container(parts, None if keys is None else [key.encode() for key in keys])
    return StoredJson(bytes([kind]) + body)


def plain_path(text: Any) -> Path | None:
    """The legs of a path which leads to one value at most; None for all others, and mistakes."""
    try:
        path = parse_path(text) if isinstance(text, str) else None
    except SqlError:
        return None
    return None if path is None or is_wild(path) else path


Place = tuple[int, int]  #: kind of a value, and where its body is


def find(stored: StoredJson, path: Path) -> list[Any]:
    """The value `path` (without wildcards) leads to, in a list of one, or an empty list."""
    place = place_of(stored.data, path)
    return [] if place is None else [jsonb.decode_at(place[0], stored.data, place[1])]


def place_of(data: bytes, path: Path) -> Place | None:
    """Where a path (without wildcards) leads."""
    assert not is_wild(path)
    kind, at = data[0], 1
    for leg in path:
        below = None
        if isinstance(leg, Member):
            below = _member(data, kind, at, leg)
        elif isinstance(leg, Cell):
            below = _cell(data, kind, at, leg)
        if below is None:
            return None
        kind, at = below
    return kind, at


def _member(data: bytes, kind: int, start: int, leg: Member) -> Place | None:
    number = member_number(data, kind, start, leg)
    if number is None:
        return None
    width, offset = jsonb.container_form(kind)
    (count,) = struct.unpack_from(offset, data, start)
    values = start + 2 * width + count * (width + 2)
    return jsonb.entry_place(kind, data, start, values + number * (1 + width))


def member_number(data: bytes, kind: int, start: int, leg: Member) -> int | None:
    """Number of a member of the object, if it is one, whose body is at `start`."""
    if kind not in jsonb.OBJECT_KINDS:
        return None
    assert leg.name is not None
    wanted = leg.name.encode("utf-8", "surrogatepass")
    width, offset = jsonb.container_form(kind)
    (count,) = struct.unpack_from(offset, data, start)
    entries = start + 2 * width
    low, high = 0, int(count)
    while low < high:
        middle = (low + high) // 2
        at = entries + middle * (width + 2)
        (key_at,) = struct.unpack_from(offset, data, at)
        (size,) = struct.unpack_from("<H", data, at + width)
        key = data[start + key_at : start + key_at + size]
        if key == wanted:
            return middle
        if (size, key) < (len(wanted), wanted):
            low = middle + 1
        else:
            high = middle
    return None


def _cell(data: bytes, kind: int, start: int, leg: Cell) -> Place | None:
    if kind not in jsonb.ARRAY_KINDS:  # behaves as an array of one
        return (kind, start) if position(leg, 1) == 0 else None
    index = cell_number(data, kind, start, leg)
    if index is None:
        return None
    width, _ = jsonb.container_form(kind)
    return jsonb.entry_place(kind, data, start, start + 2 * width + index * (1 + width))


def cell_number(data: bytes, kind: int, start: int, leg: Cell) -> int | None:
    """Number of a cell of the array whose body is at `start`."""
    _, offset = jsonb.container_form(kind)
    (count,) = struct.unpack_from(offset, data, start)
    index = position(leg, count)
    return index if 0 <= index < count else None
