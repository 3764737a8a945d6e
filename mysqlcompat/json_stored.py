"""A document as its bytes in MySQL's binary form: a path is followed without decoding the rest.

Objects keep their keys sorted by length, then bytes, so that a member is found by bisection; an
array's cell is found by its number. Only the value at the end of the path becomes Python's.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from mysqlcompat import jsonb
from mysqlcompat.json_path import Cell, Member, Path, is_wild, position

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


def find(stored: StoredJson, path: Path) -> list[Any]:
    """The value `path` (without wildcards) leads to, in a list of one, or an empty list."""
    assert not is_wild(path)
    data = stored.data
    kind, at = data[0], 1
    for leg in path:
        below = None
        if isinstance(leg, Member):
            below = _member(data, kind, at, leg)
        elif isinstance(leg, Cell):
            below = _cell(data, kind, at, leg)
        if below is None:
            return []
        kind, at = below
    return [jsonb.decode_at(kind, data, at)]


Place = tuple[int, int]  #: kind of a value, and where its body is


def _member(data: bytes, kind: int, start: int, leg: Member) -> Place | None:
    if kind not in jsonb.OBJECT_KINDS:
        return None
    assert leg.name is not None
    wanted = leg.name.encode("utf-8", "surrogatepass")
    width, offset = jsonb.container_form(kind)
    (count,) = struct.unpack_from(offset, data, start)
    entries = start + 2 * width
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        at = entries + middle * (width + 2)
        (key_at,) = struct.unpack_from(offset, data, at)
        (size,) = struct.unpack_from("<H", data, at + width)
        key = data[start + key_at : start + key_at + size]
        if key == wanted:
            values = entries + count * (width + 2)
            return jsonb.entry_place(kind, data, start, values + middle * (1 + width))
        if (size, key) < (len(wanted), wanted):
            low = middle + 1
        else:
            high = middle
    return None


def _cell(data: bytes, kind: int, start: int, leg: Cell) -> Place | None:
    if kind not in jsonb.ARRAY_KINDS:  # behaves as an array of one
        return (kind, start) if position(leg, 1) == 0 else None
    width, offset = jsonb.container_form(kind)
    (count,) = struct.unpack_from(offset, data, start)
    index = position(leg, count)
    if not 0 <= index < count:
        return None
    return jsonb.entry_place(kind, data, start, start + 2 * width + index * (1 + width))
