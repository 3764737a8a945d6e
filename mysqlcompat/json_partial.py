"""Documents changed in their bytes: what JSON_SET, JSON_REPLACE and JSON_REMOVE do to a column that
is set to what they make of it.

A new value takes the place of the old one if it fits between what lies before and behind it; what
an object or array loses only leaves its table. So the document keeps its length and most of its
bytes, and little of it is logged; what is not used any more is JSON_STORAGE_FREE.
"""

from __future__ import annotations

import struct
from typing import Any

from mysqlcompat import jsonb
from mysqlcompat.json_path import Cell, Member, Path
from mysqlcompat.json_stored import Place, cell_number, member_number, place_of


class DoesNotFit(Exception):
    """The document must be put together anew."""


def replaced(data: bytes, path: Path, value: Any, insert: bool) -> bytes:
    """`data` with `value` where the path leads.

    insert  a value that is not there would be added: raises DoesNotFit; otherwise nothing happens
    """
    found = _parent_of(data, path)
    if found is None:
        if insert or not path:
            raise DoesNotFit
        return data
    container, number = found
    return _Container(data, container).with_value(number, value)


def removed(data: bytes, path: Path) -> bytes:
    """`data` without what the path leads to."""
    found = _parent_of(data, path)
    return data if found is None else _Container(data, found[0]).without(found[1])


def free_bytes(data: bytes) -> int:
    """How many bytes of a document are not used."""
    return max(0, len(data) - len(jsonb.encode(jsonb.decode(data))))


def _parent_of(data: bytes, path: Path) -> tuple[Place, int] | None:
    """The container and the number of the entry a path leads to; None: it leads nowhere."""
    if not path:
        raise DoesNotFit
    container = place_of(data, path[:-1])
    if container is None:
        return None
    leg = path[-1]
    number = None
    if isinstance(leg, Member):
        number = member_number(data, *container, leg)
    elif isinstance(leg, Cell):
        if container[0] not in jsonb.ARRAY_KINDS:
            raise DoesNotFit  # behaves as an array of one
        number = cell_number(data, *container, leg)
    return None if number is None else (container, number)


class _Container:
    """An object or array of a document, by its bytes."""

    def __init__(self, data: bytes, place: Place) -> None:
        self.data = data
        self.kind, self.start = place
        self.width, self.format = jsonb.container_form(self.kind)
        self.count = self._number(self.start)
        self.size = self._number(self.start + self.width)
        self.key_bytes = self.width + 2 if self.kind in jsonb.OBJECT_KINDS else 0
        self.keys = self.start + 2 * self.width
        self.values = self.keys + self.count * self.key_bytes

    def _number(self, at: int) -> int:
        return int(struct.unpack_from(self.format, self.data, at)[0])

    def _entry(self, number: int) -> int:
        return self.values + number * (1 + self.width)

    def _span(self, number: int) -> tuple[int, int] | None:
        """Where a value lies, from the container's start; None: in its entry."""
        at = self._entry(number)
        kind = self.data[at]
        if jsonb.is_inline(kind, self.width):
            return None
        begin = self._number(at + 1)
        return begin, begin + jsonb.body_bytes(kind, self.data, self.start + begin)

    def _room(self, number: int) -> tuple[int, int]:
        """What lies between the values before and behind an entry's."""
        begin = self._entry(self.count) - self.start
        if self.key_bytes and self.count:
            last = self.keys + (self.count - 1) * self.key_bytes
            ends = self._number(last) + self._number_of_key(last)
            begin = max(begin, ends)
        for one in range(number):
            span = self._span(one)
            begin = max(begin, span[1]) if span else begin
        following = [self._span(one) for one in range(number + 1, self.count)]
        end = min([self.size, *(span[0] for span in following if span)])
        own = self._span(number)
        return (max(begin, own[0]) if own and own[0] < end else begin), end

    def _number_of_key(self, entry: int) -> int:
        return int(struct.unpack_from("<H", self.data, entry + self.width)[0])

    def with_value(self, number: int, value: Any) -> bytes:
        encoded = jsonb.encode(value)
        kind, body = encoded[0], encoded[1:]
        made = bytearray(self.data)
        at = self._entry(number)
        made[at] = kind
        if jsonb.is_inline(kind, self.width):
            made[at + 1 : at + 1 + self.width] = jsonb.inlined(kind, body, self.width)
            return bytes(made)
        begin, end = self._room(number)
        if begin + len(body) > end:
            raise DoesNotFit
        made[at + 1 : at + 1 + self.width] = struct.pack(self.format, begin)
        made[self.start + begin : self.start + begin + len(body)] = body
        return bytes(made)

    def without(self, number: int) -> bytes:
        made = bytearray(self.data)
        size = 1 + self.width
        entries = self.data[self.values : self._entry(self.count)]
        kept = entries[: number * size] + entries[(number + 1) * size :]
        keys = self.data[self.keys : self.values]
        if self.key_bytes:
            keys = keys[: number * self.key_bytes] + keys[(number + 1) * self.key_bytes :]
        made[self.start : self.start + self.width] = struct.pack(self.format, self.count - 1)
        table = keys + kept
        made[self.keys : self.keys + len(table)] = table
        return bytes(made)
