"""Edits, records, batches: what is logged gives the same pages again, and damage is noticed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from redo import checksum_kernels, log_kernels, record_kernels
from redo.arena import RING_AT, Arena, create_ring
from redo.codes import E_CORRUPT, E_LOG_FULL, E_READ_ONLY, E_STALE_EPOCH
from redo.control import CTRL_EPOCH, Control
from redo.image import PAGE_BODY_AT
from redo.log import Recovered, new_state, start_ring
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_RECORDS_AT,
    FLAG_CPL,
    FLAG_WHOLE,
    KIND_PAGE,
    RECORD_FLAGS_AT,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from redo.state import (
    FIRST_LSN,
    ST_BATCH_LSN,
    ST_EPOCH,
    ST_NEXT_LSN,
    ST_PUBLISHED,
    ST_READ_ONLY,
    ST_VDL,
)
from tests.redo.editing import FILL, IMAGE, MARK, MOVE, NEW, PUT8, WRITE, Editor, NaivePages, Step

PAGE = 256
PAGES = 4
RING = 1 << 16


class Node:
    """An arena with an open log and no copies."""

    def __init__(self) -> None:
        fd = create_ring(RING)
        self.arena = Arena(fd, 1 << 20)
        os.close(fd)
        self.st = new_state(self.arena, PAGE)
        recovered = Recovered(1, FIRST_LSN, 0)
        start_ring(self.arena, recovered)
        self.st[ST_NEXT_LSN] = self.st[ST_PUBLISHED] = self.st[ST_VDL] = FIRST_LSN
        self.st[ST_EPOCH], self.st[ST_READ_ONLY] = 1, 0
        self.editor = Editor(self.arena, self.st, None, PAGES)

    def records(self, start: int, end: int) -> list[int]:
        """Offsets of the records of one batch [start, end)."""
        at, found = RING_AT + start % RING + BATCH_HEADER_BYTES, []
        while at < RING_AT + start % RING + end - start:
            found.append(at)
            at += -(-int(load_u32_of(self, at + RECORD_LENGTH_AT)) // 8) * 8
        return found


def load_u32_of(node: Node, at: int) -> int:
    return int.from_bytes(node.arena.mem[at : at + 4].tobytes(), "little")


def load_u16_of(node: Node, at: int) -> int:
    return int.from_bytes(node.arena.mem[at : at + 2].tobytes(), "little")


def load_i64_of(node: Node, at: int) -> int:
    return int.from_bytes(node.arena.mem[at : at + 8].tobytes(), "little", signed=True)


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    yield made
    made.arena.close()


@some.composite
def step(draw: some.DrawFn) -> Step:
    op = draw(some.sampled_from([WRITE, PUT8, MOVE, FILL, IMAGE, MARK, NEW]))
    count = 8 if op == PUT8 else draw(some.integers(0, PAGE - PAGE_BODY_AT))
    at = draw(some.integers(PAGE_BODY_AT, PAGE - count))
    top = PAGE - count if op == MOVE else 255
    value = draw(some.integers(PAGE_BODY_AT if op == MOVE else 0, top))
    return Step(op, draw(some.integers(0, PAGES - 1)), at, count, value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mtrs=some.lists(some.lists(step(), min_size=1, max_size=12), min_size=1, max_size=6))
def test_log_gives_the_pages_again(mtrs: list[list[Step]]) -> None:
    """Pages edited = pages of the naive twin = pages rebuilt by applying the records."""
    node = Node()
    try:
        naive = NaivePages(PAGE)
        first = [Step(NEW, page) for page in range(PAGES)]
        copies = {page: node.arena.alloc(PAGE) for page in range(PAGES)}
        for steps in [first, *mtrs]:
            start = int(node.st[ST_NEXT_LSN])
            assert node.editor.run(steps) == node.st[ST_NEXT_LSN]
            naive.run(steps)
            end = int(log_kernels.publish(node.st, node.arena.mem))
            if end == start:
                continue  # edits of no bytes
            at = RING_AT + start % RING
            assert (
                record_kernels.batch_verify(node.arena.mem, at, start, end - start) == end - start
            )
            records = node.records(start, end)
            assert load_u32_of(node, at + BATCH_RECORDS_AT) == len(records)
            flags = [load_u16_of(node, record + RECORD_FLAGS_AT) for record in records]
            assert [bool(flag & FLAG_CPL) for flag in flags] == [False] * (len(flags) - 1) + [True]
            for record in records:
                if load_u16_of(node, record + RECORD_KIND_AT) == KIND_PAGE:
                    frame = copies[load_i64_of(node, record + RECORD_PAGE_NO_AT)]
                    assert record_kernels.record_apply(node.st, node.arena.mem, frame, record) == 0
        for page, frame in copies.items():
            assert node.editor.image(page)[PAGE_BODY_AT:] == naive.body(page)
            assert node.arena.mem[frame : frame + PAGE].tobytes() == node.editor.image(page)
    finally:
        node.arena.close()


def test_record_must_follow_the_pages_last_one(node: Node) -> None:
    node.editor.run([Step(NEW, 1)])
    node.editor.run([Step(PUT8, 1, 64, 8, 5)])
    node.editor.run([Step(PUT8, 1, 64, 8, 6)])
    end = int(log_kernels.publish(node.st, node.arena.mem))
    first, second, third = node.records(FIRST_LSN, end)
    frame = node.arena.alloc(PAGE)
    mem = node.arena.mem
    assert record_kernels.record_apply(node.st, mem, frame, second) == E_CORRUPT
    assert record_kernels.record_apply(node.st, mem, frame, first) == 0
    assert record_kernels.record_apply(node.st, mem, frame, third) == E_CORRUPT
    assert record_kernels.record_apply(node.st, mem, frame, second) == 0
    assert record_kernels.record_apply(node.st, mem, frame, third) == 0


def test_image_replaces_earlier_edits_of_its_record(node: Node) -> None:
    node.editor.run([Step(NEW, 2)])
    before = int(node.st[ST_NEXT_LSN])
    node.editor.run([Step(FILL, 2, 100, 50, 7), Step(WRITE, 2, 40, 150, 3), Step(IMAGE, 2)])
    log_kernels.publish(node.st, node.arena.mem)
    record = RING_AT + before % RING
    assert load_u32_of(node, record + RECORD_LENGTH_AT) == 32 + 8 + PAGE - PAGE_BODY_AT
    assert load_u16_of(node, record + RECORD_FLAGS_AT) == FLAG_CPL | FLAG_WHOLE


def test_every_flipped_bit_of_a_batch_is_noticed(node: Node) -> None:
    node.editor.run([Step(NEW, 0), Step(WRITE, 0, 30, 60, 9)])
    end = int(log_kernels.publish(node.st, node.arena.mem))
    mem, at, length = node.arena.mem, RING_AT + FIRST_LSN % RING, end - FIRST_LSN
    for i in range(length):
        mem[at + i] ^= 1 << (i % 8)
        assert record_kernels.batch_verify(mem, at, FIRST_LSN, length) == E_CORRUPT, i
        mem[at + i] ^= 1 << (i % 8)
    for short in range(0, length, 8):
        assert record_kernels.batch_verify(mem, at, FIRST_LSN, short) == E_CORRUPT
    assert record_kernels.batch_verify(mem, at, FIRST_LSN, length) == length


def test_empty_mini_transaction_leaves_no_trace(node: Node) -> None:
    assert node.editor.run([]) == FIRST_LSN
    assert node.st[ST_BATCH_LSN] == 0
    assert log_kernels.publish(node.st, node.arena.mem) == FIRST_LSN


def test_log_full_then_room_again(node: Node) -> None:
    """Without copies VDL stands still: after a ring of log there is no room; nothing is lost."""
    node.editor.run([Step(NEW, 0)])
    ends = []
    while (end := node.editor.try_run([Step(FILL, 0, 30, 200, 1)] * 50)) > 0:
        ends.append(end)
        log_kernels.publish(node.st, node.arena.mem)
    assert end == E_LOG_FULL
    assert RING // 2 < ends[-1] - FIRST_LSN <= RING
    assert node.st[ST_NEXT_LSN] == ends[-1]
    node.st[ST_VDL] = ends[-1]
    assert node.editor.try_run([Step(FILL, 0, 30, 200, 1)]) > ends[-1]


def test_a_batch_is_bounded(node: Node) -> None:
    """Without a publish in between, `mtr_begin` asks for one long before the ring is full."""
    node.editor.run([Step(NEW, 0)])
    while (end := node.editor.try_run([Step(FILL, 0, 30, 200, 1)] * 50)) > 0:
        assert end - FIRST_LSN <= RING // 2
    assert end == E_LOG_FULL
    log_kernels.publish(node.st, node.arena.mem)
    assert node.editor.try_run([Step(FILL, 0, 30, 200, 1)]) > 0


def test_followers_and_fenced_writers_cannot_edit(node: Node) -> None:
    node.st[ST_READ_ONLY] = 1
    assert node.editor.try_run([Step(NEW, 0)]) == E_READ_ONLY
    node.st[ST_READ_ONLY] = 0
    node.editor.run([Step(NEW, 0)])
    Control(node.arena).put(CTRL_EPOCH, 2)
    assert node.editor.try_run([Step(NEW, 0)]) == E_STALE_EPOCH
    assert log_kernels.publish(node.st, node.arena.mem) == E_STALE_EPOCH


def naive_crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 63, 64, 65, 1000])
def test_crc32c(count: int) -> None:
    data = np.random.default_rng(count).integers(0, 256, count + 3).astype(np.uint8)
    expected = naive_crc32c(data[3:].tobytes())
    assert checksum_kernels.crc32c_of(data, 3, count) == expected


def test_crc32c_check_value() -> None:
    assert checksum_kernels.crc32c_of(np.frombuffer(bytearray(b"123456789"), np.uint8), 0, 9) == (
        0xE3069283
    )
