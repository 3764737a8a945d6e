"""Cells of a bulk INSERT that are documents: a kernel parses their texts, one after the other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.json_parse_kernels import LONGEST_TEXT, json_parsed, parse_room
from mysqlcompat.machine.registers import RunMemory

_CHUNK_BYTES: Final = 1 << 16
_LEAST_SCRATCH_BYTES: Final = 1 << 15


class Documents:
    """Documents in the memory of a run.

    escapes  whether a backslash in a text means something
    """

    def __init__(self, memory: RunMemory, st: Any, escapes: bool) -> None:
        self._memory = memory
        self._st = st
        self._escapes = escapes
        self._scratch = self._scratch_end = 0
        self._free = self._end = 0

    def lane(self, literal: bytes) -> int | None:
        """The lane of the document whose text a literal is; None: the long way knows it."""
        text = self._text(literal)
        if text is None or len(text) > LONGEST_TEXT:
            return None
        mem, count = self._memory.mem, len(text)
        room = count + 8 + parse_room.py_func(count)  # which need not be compiled for Python
        if room > self._scratch_end - self._scratch:
            room = max(2 * room, _LEAST_SCRATCH_BYTES)
            self._scratch = self._memory.alloc(room)
            self._scratch_end = self._scratch + room
        at = self._scratch
        mem[at : at + count] = np.frombuffer(text, np.uint8)
        rest = at + count + 8 & -8
        made = int(json_parsed(self._st, mem, at, count, rest, self._scratch_end))
        return None if made < 0 else self._kept(made >> RUN_SHIFT, made & RUN_MASK)

    def _text(self, literal: bytes) -> bytes | None:
        """What a literal says, if it says it nearly as it is."""
        inner = literal[1:-1]
        if literal[:1] != b"'" or b"'" in inner:
            return None
        if b"\\" in inner:
            if not self._escapes or inner.count(b"\\") != inner.count(b'\\"'):
                return None
            inner = inner.replace(b'\\"', b'"')
        if not inner.isascii():
            try:
                inner.decode()
            except UnicodeDecodeError:
                return None
        return inner

    def _kept(self, at: int, count: int) -> int:
        """The lane of a copy that stays."""
        if count > self._end - self._free:
            room = max(_CHUNK_BYTES, count)
            self._free = self._memory.alloc(room)
            self._end = self._free + room
        to, mem = self._free, self._memory.mem
        mem[to : to + count] = mem[at : at + count]
        self._free += count
        return to << RUN_SHIFT | count
