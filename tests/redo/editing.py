"""Random edits for tests of the log: scripts, the kernel that runs them, and their naive twin.

A script is a list of `Step`. `Editor` runs one through the real edit kernels on frames of an arena;
`NaivePages` does the same with bytearrays and knows nothing of records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from redo import jit
from redo.arena import Arena, Words
from redo.codes import E_LOG_FULL
from redo.coding_kernels import load_i64
from redo.edit_kernels import (
    log_mark,
    mtr_begin,
    mtr_commit,
    page_fill,
    page_image,
    page_move,
    page_new,
    page_put_i64,
    page_put_u8,
    page_put_u16,
    page_put_u32,
    page_write,
)
from redo.image import PAGE_BODY_AT
from redo.log import LogWriter
from redo.record import KIND_COMMIT
from redo.state import ST_PAGE_BYTES

NEW, WRITE, PUT1, PUT2, PUT4, PUT8, MOVE, FILL, IMAGE, MARK = range(10)
STEP_WORDS = 5
PUT_BYTES = {PUT1: 1, PUT2: 2, PUT4: 4, PUT8: 8}


@dataclass(frozen=True)
class Step:
    """One edit. `value`: what is put, the source of a MOVE, the byte of FILL, the seed of WRITE."""

    op: int
    page: int
    at: int = 0
    count: int = 0
    value: int = 0


@jit.helper
def run_steps(st, mem, steps, count, frames, source):
    """One mini-transaction of `count` steps; its end LSN or a code. Page p is in frame p."""
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    for i in range(count):
        step = steps + 40 * i
        op = load_i64(mem, step)
        page = load_i64(mem, step + 8)
        at = load_i64(mem, step + 16)
        run = load_i64(mem, step + 24)
        value = load_i64(mem, step + 32)
        frame = frames + page * st[ST_PAGE_BYTES]
        if op == NEW:
            page_new(st, mem, frame, page)
        elif op == WRITE:
            page_write(st, mem, frame, at, source + value, run)
        elif op == PUT1:
            page_put_u8(st, mem, frame, at, value)
        elif op == PUT2:
            page_put_u16(st, mem, frame, at, value)
        elif op == PUT4:
            page_put_u32(st, mem, frame, at, value)
        elif op == PUT8:
            page_put_i64(st, mem, frame, at, value)
        elif op == MOVE:
            page_move(st, mem, frame, at, value, run)
        elif op == FILL:
            page_fill(st, mem, frame, at, run, value)
        elif op == IMAGE:
            page_image(st, mem, frame)
        else:
            log_mark(st, mem, KIND_COMMIT, value)
    return mtr_commit(st, mem)


class Editor:
    """Runs mini-transactions on `pages` frames of an arena. WRITE copies from 256 known bytes."""

    def __init__(self, arena: Arena, st: Words, log: LogWriter | None, pages: int) -> None:
        self.arena, self.st, self.log = arena, st, log
        self.page_bytes = int(st[ST_PAGE_BYTES])
        self.frames = arena.alloc(pages * self.page_bytes)
        self.source = arena.alloc(1024)
        arena.mem[self.source : self.source + 1024] = source_bytes()
        self.steps = arena.alloc(8 * STEP_WORDS * 4096)

    def try_run(self, steps: list[Step]) -> int:
        """One mini-transaction; its end LSN, or E_… and nothing done."""
        words = self.arena.words(self.steps, STEP_WORDS * max(1, len(steps)))
        for i, s in enumerate(steps):
            row = (s.op, s.page, s.at, s.count, s.value)
            words[STEP_WORDS * i : STEP_WORDS * (i + 1)] = row
        mem = self.arena.mem
        return int(run_steps(self.st, mem, self.steps, len(steps), self.frames, self.source))

    def run(self, steps: list[Step]) -> int:
        """One mini-transaction; its end LSN. Waits for room."""
        end = self.try_run(steps)
        while end == E_LOG_FULL:
            assert self.log is not None
            self.log.make_room()
            end = self.try_run(steps)
        assert end > 0, end
        return end

    def frame(self, page: int) -> int:
        """Offset of a page's frame."""
        return self.frames + page * self.page_bytes

    def image(self, page: int) -> bytes:
        """A page as it is now."""
        return self.arena.mem[self.frame(page) : self.frame(page) + self.page_bytes].tobytes()


def source_bytes() -> np.ndarray:
    """What WRITE copies from: no byte equals its neighbour."""
    return np.arange(1024, dtype=np.int64).astype(np.uint8) ^ 0x5A


class NaivePages:
    """The same edits on bytearrays. LSNs and page numbers are left out of the comparison."""

    def __init__(self, page_bytes: int) -> None:
        self.page_bytes = page_bytes
        self.pages: dict[int, bytearray] = {}

    def run(self, steps: list[Step]) -> None:
        """Do the edits."""
        known = source_bytes().tobytes()
        for s in steps:
            if s.op == NEW:
                self.pages[s.page] = bytearray(self.page_bytes)
            elif s.op == WRITE:
                self.pages[s.page][s.at : s.at + s.count] = known[s.value : s.value + s.count]
            elif s.op in PUT_BYTES:
                data = (s.value & (1 << 64) - 1).to_bytes(8, "little")[: PUT_BYTES[s.op]]
                self.pages[s.page][s.at : s.at + len(data)] = data
            elif s.op == MOVE:
                moved = bytes(self.pages[s.page][s.value : s.value + s.count])
                self.pages[s.page][s.at : s.at + s.count] = moved
            elif s.op == FILL:
                self.pages[s.page][s.at : s.at + s.count] = bytes([s.value]) * s.count

    def body(self, page: int) -> bytes:
        """A page without its header."""
        return bytes(self.pages[page][PAGE_BODY_AT:])


def random_steps(
    rng: np.random.Generator, page_bytes: int, known: set[int], pages: int
) -> list[Step]:
    """1–6 random edits of pages below `pages`; one not in `known` is made first."""
    steps: list[Step] = []
    for _ in range(int(rng.integers(1, 7))):
        page = int(rng.integers(pages))
        if page not in known or rng.random() < 0.02:
            steps.append(Step(NEW, page))
            known.add(page)
        op = int(rng.integers(WRITE, MARK + 1))
        count = int(rng.integers(0, (page_bytes - PAGE_BODY_AT) // 2))
        count = PUT_BYTES.get(op, count)
        at = int(rng.integers(PAGE_BODY_AT, page_bytes - count + 1))
        value = int(rng.integers(256))
        if op == MOVE:
            value = int(rng.integers(PAGE_BODY_AT, page_bytes - count + 1))
        elif op == WRITE:
            count = min(count, 700)
        steps.append(Step(op, page, at, count, value))
    return steps
