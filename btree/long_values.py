"""Long values for Python: write a chain for a row to come, patch one, read one.

The loops around `chain_kernels`: a piece at a time, so that neither the pool, nor the log, nor one
mini-transaction has to hold a whole value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from btree import chain_kernels
from btree.layout import (
    CELLS_AT,
    PATCH_HEADER,
    REFERENCE_BYTES,
    REFERENCE_PATCHED,
    REFERENCE_SHARED,
    REFERENCE_STAMP,
)
from btree.state import ST_CHAIN_DONE, ST_CHAIN_PAGE
from redo.codes import E_PAGE_MISS
from redo.state import ST_MTR_LIMIT, ST_PAGE_BYTES

if TYPE_CHECKING:
    from btree.engine import Engine

_PAGES_AT_ONCE: Final = 32
_WORTH_IT: Final = 4  #: patches take at most this part of a value
_LONGEST_PATCH: Final = (1 << 16) - 1
_PAGE_OVERHEAD: Final = 256  #: log bytes a page takes beside its contents


class LongValues:
    """Chains of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _pages(self) -> int:
        """Pages of one mini-transaction."""
        engine = self._engine
        page = int(engine.st[ST_PAGE_BYTES]) + _PAGE_OVERHEAD
        of_log = int(engine.st[ST_MTR_LIMIT]) // 2 // page
        return max(1, min(_PAGES_AT_ONCE, engine.pool.frames // 8, of_log))

    def writing(self, ctx: int, table_id: int, at: int, count: int) -> LongWrite:
        """Write the value at an offset to a chain of its own, step by step."""
        return LongWrite(self._engine, self._pages(), ctx, table_id, at, count)

    def store(self, ctx: int, table_id: int, at: int, count: int) -> bytes:
        """Write all of it; the reference for the row."""
        writing = self.writing(ctx, table_id, at, count)
        while writing.step():
            pass
        return writing.reference

    def read(self, reference: bytes) -> bytes:
        """The value behind a reference. For tests and tools."""
        _, count, _ = _opened(reference)
        out = self._engine.arena.alloc(count)
        try:
            self._gather(reference, out)
            return self._engine.arena.mem[out : out + count].tobytes()
        finally:
            self._engine.arena.free(out, count)

    def changed(self, reference: bytes, at: int, count: int) -> bytes:
        """A reference to the value at an offset that has the chain of another one: what differs are
        patches of the chain then (K5). b"" if that is too much."""
        page_no, size, patched = _opened(reference)
        if size != count:
            return b""
        engine = self._engine
        mem = engine.arena.mem
        before = engine.arena.alloc(count)
        try:
            self._gather(reference, before)
            patches = _patches(mem[before : before + count], mem[at : at + count])
        finally:
            engine.arena.free(before, count)
        room = int(engine.st[ST_PAGE_BYTES]) - CELLS_AT - patched
        if patches is None or len(patches) > min(room, count // _WORTH_IT):
            return b""
        if patches:
            given = engine.arena.alloc(len(patches))
            try:
                mem[given : given + len(patches)] = np.frombuffer(patches, np.uint8)
                kernel = chain_kernels.chain_patch
                arguments = (page_no, count, patched, given, len(patches))
                engine.ensure(engine.call(kernel, *arguments))
            finally:
                engine.arena.free(given, len(patches))
        return reference[:REFERENCE_PATCHED] + (patched + len(patches)).to_bytes(4, "little")

    def _gather(self, reference: bytes, out: int) -> None:
        """Put the value behind a reference at an offset."""
        page_no, count, patched = _opened(reference)
        self._whole(chain_kernels.chain_gather, page_no, count, out)
        behind = int(self._engine.st[ST_CHAIN_PAGE])
        arguments = (behind, patched, out, count)
        self._engine.ensure(self._engine.call(chain_kernels.chain_patches, *arguments))

    def _whole(self, kernel: Callable[..., Any], page_no: int, count: int, at: int) -> int:
        """Run a reading kernel over a chain, going on behind each page that has to be fetched."""
        engine = self._engine
        while True:
            code = int(kernel(engine.st, engine.arena.mem, page_no, count, at))
            if code != E_PAGE_MISS:
                return engine.ensure(code)
            done, page_no = int(engine.st[ST_CHAIN_DONE]), int(engine.st[ST_CHAIN_PAGE])
            at, count = at + done, count - done
            engine.settle(code)


class LongWrite:
    """A value on its way to a chain, which goes away with the transaction unless that commits a row
    that has `reference`. The value must stay where it is until the last step."""

    def __init__(
        self, engine: Engine, pages: int, ctx: int, table_id: int, at: int, count: int
    ) -> None:
        self._engine = engine
        self._pages = pages
        self._at = at
        self._left = count
        self._ctx, self._table_id = ctx, table_id
        self._last = 0  #: the last page written
        self.reference = b""

    def step(self) -> bool:
        """Write some pages; whether more are to come."""
        engine = self._engine
        given = (self._at, self._left, self._pages)
        if self._last:
            done = engine.call(chain_kernels.chain_extend, self._last, *given)
        else:
            room = engine.arena.alloc(64)
            begin = chain_kernels.chain_begin
            done = engine.call(begin, self._ctx, self._table_id, *given, room)
            self.reference = engine.arena.mem[room : room + REFERENCE_BYTES].tobytes()
            engine.arena.free(room, 64)
        done = engine.ensure(done)
        self._last = int(engine.st[ST_CHAIN_PAGE])
        self._at += done
        self._left -= done
        return self._left > 0


def _opened(reference: bytes) -> tuple[int, int, int]:
    """(first page, bytes, bytes of patches)"""
    size = int.from_bytes(reference[8:REFERENCE_STAMP], "little")
    patched = int.from_bytes(reference[REFERENCE_PATCHED:], "little")
    return int.from_bytes(reference[:8], "little"), size & (REFERENCE_SHARED - 1), patched


def _patches(before: Any, after: Any) -> bytes | None:
    """What makes a value of another one as long; None when that is too much to be worth it."""
    places = np.flatnonzero(before != after)
    if len(places) > len(after) // _WORTH_IT:
        return None
    if not len(places):
        return b""
    gaps = np.flatnonzero(np.diff(places) > PATCH_HEADER)
    starts = places[np.concatenate(([0], gaps + 1))].tolist()
    ends = (places[np.concatenate((gaps, [len(places) - 1]))] + 1).tolist()
    made = bytearray()
    for start, end in zip(starts, ends, strict=True):
        for at in range(start, end, _LONGEST_PATCH):
            part = after[at : min(end, at + _LONGEST_PATCH)].tobytes()
            made += at.to_bytes(4, "little") + len(part).to_bytes(2, "little") + part
    return bytes(made)
