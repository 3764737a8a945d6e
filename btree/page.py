"""A page opened up for Python: tests, checker and dump.  Never on a hot path."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from btree.layout import (
    CELLS_AT,
    COUNTER_AT,
    FORMAT_AT,
    LEAF_CELL_HEADER,
    OVERFLOW_FLAG,
    OVERFLOW_REFERENCE_BYTES,
    PAGE_FREE,
    PAGE_HEADER,
    PAGE_NONE,
    PAGE_OVERFLOW,
    PAGE_TREE,
    PAGE_TRX,
    PAGE_UNDO,
    SLOT_BYTES,
)

_HEADER = struct.Struct("<qqIHBBHHIqqqq")
_SLOT = struct.Struct("<qHH")
_REFERENCE = struct.Struct("<qI")
_VOLUME = struct.Struct("<qqqqq")

KIND_NAMES = {
    PAGE_NONE: "none",
    PAGE_HEADER: "volume header",
    PAGE_TREE: "tree",
    PAGE_OVERFLOW: "overflow",
    PAGE_FREE: "free",
    PAGE_TRX: "transactions",
    PAGE_UNDO: "undo",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot and its cell. `value` is None in internal pages and for overflow values."""

    head: int
    cell_at: int
    key: bytes
    cell_bytes: int
    child: int = 0
    value: bytes | None = None
    overflow_page: int = 0
    overflow_bytes: int = 0


class Page:
    """A copy of a page's bytes, read field by field."""

    page_no: int
    page_lsn: int
    crc: int
    count: int
    kind: int
    level: int
    cells_end: int
    garbage: int
    left: int
    right: int
    tree_id: int
    counter: int

    def __init__(self, data: bytes) -> None:
        self.data = data
        (
            self.page_no,
            self.page_lsn,
            self.crc,
            self.count,
            self.kind,
            self.level,
            self.cells_end,
            self.garbage,
            _,
            self.left,
            self.right,
            self.tree_id,
            self.counter,
        ) = _HEADER.unpack_from(data)

    @property
    def is_leaf(self) -> bool:
        return self.kind == PAGE_TREE and self.level == 0

    @property
    def slots_at(self) -> int:
        """Where the slots begin (the last one lies there)."""
        return len(self.data) - SLOT_BYTES * self.count

    @cached_property
    def slots(self) -> list[Slot]:
        """All slots in key order. Raises struct.error or ValueError when offsets cannot be."""
        return [self._slot(number) for number in range(self.count)]

    def _slot(self, number: int) -> Slot:
        at = len(self.data) - SLOT_BYTES * (number + 1)
        head, cell_at, key_bytes = _SLOT.unpack_from(self.data, at)
        if not CELLS_AT <= cell_at < self.cells_end:
            raise ValueError(f"slot {number}: cell at {cell_at}")
        if self.level:
            key = self.data[cell_at : cell_at + key_bytes]
            child = int.from_bytes(self.data[cell_at + key_bytes :][:8], "little")
            return Slot(head, cell_at, key, key_bytes + 8, child=child)
        (field,) = struct.unpack_from("<H", self.data, cell_at)
        key_at = cell_at + LEAF_CELL_HEADER
        key = self.data[key_at : key_at + key_bytes]
        value_at = key_at + key_bytes
        if field & OVERFLOW_FLAG:
            page_no, count = _REFERENCE.unpack_from(self.data, value_at)
            size = LEAF_CELL_HEADER + key_bytes + OVERFLOW_REFERENCE_BYTES
            return Slot(head, cell_at, key, size, overflow_page=page_no, overflow_bytes=count)
        value = self.data[value_at : value_at + field]
        return Slot(head, cell_at, key, LEAF_CELL_HEADER + key_bytes + field, value=value)

    @property
    def volume(self) -> tuple[int, int, int, int, int]:
        """Page 0: format, next page, first free page, free pages, next tree id."""
        format_no, next_page, free_head, free_count, next_tree = _VOLUME.unpack_from(
            self.data, FORMAT_AT
        )
        return format_no, next_page, free_head, free_count, next_tree

    def line(self) -> str:
        """One line about the page."""
        text = f"page {self.page_no} lsn {self.page_lsn} {KIND_NAMES.get(self.kind, self.kind)}"
        if self.kind == PAGE_TREE:
            what = "leaf" if self.level == 0 else f"level {self.level}"
            room = self.slots_at - self.cells_end
            text += f" {self.tree_id} {what}, {self.count} slots, {room} free"
            text += f", {self.garbage} garbage, left {self.left}, right {self.right}"
            if self.counter:
                text += f", counter {self.counter}"
        elif self.kind == PAGE_OVERFLOW:
            text += f", {self.count} bytes, next {self.right}"
        elif self.kind == PAGE_FREE:
            text += f", next {self.right}"
        elif self.kind == PAGE_HEADER:
            names = ("format", "next page", "free head", "free", "next tree")
            pairs = zip(names, self.volume, strict=True)
            text += ", " + ", ".join(f"{name} {value}" for name, value in pairs)
        return text


def head_of(key: bytes) -> int:
    """The slot head that belongs to a key: its first eight bytes as a number that orders alike."""
    return int.from_bytes(key[:8].ljust(8, b"\0"), "big") - (1 << 63)


assert _HEADER.size == COUNTER_AT + 8 == CELLS_AT
