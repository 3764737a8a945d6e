"""The arena's private memory: runs that do not overlap, and all of it for whoever asks next."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from redo.arena import Arena, create_ring
from tests.seeds import seed_of

PRIVATE_BYTES = 1 << 22


@pytest.fixture
def arena() -> Iterator[Arena]:
    fd = create_ring(1 << 16)
    made = Arena(fd, PRIVATE_BYTES)
    yield made
    made.close()
    os.close(fd)


def test_what_small_runs_were_serves_large_ones(arena: Arena) -> None:
    small = [arena.alloc(4096) for _ in range(PRIVATE_BYTES // 4096)]
    with pytest.raises(MemoryError):
        arena.alloc(64)
    for at in small:
        arena.free(at, 4096)
    large = arena.alloc(PRIVATE_BYTES)
    assert large == arena.private_at
    arena.free(large, PRIVATE_BYTES)
    assert len({arena.alloc(64) for _ in range(PRIVATE_BYTES // 64)}) == PRIVATE_BYTES // 64


def test_runs_never_overlap(arena: Arena) -> None:
    chance = random.Random(seed_of("arena"))
    held: dict[int, int] = {}
    refused = 0
    for _ in range(4000):
        if held and chance.random() < 0.5:
            at = chance.choice(list(held))
            arena.free(at, held.pop(at))
            continue
        count = chance.choice((1, 100, 5000, 70_000, 600_000, 1_500_000))
        try:
            at = arena.alloc(count)
        except MemoryError:
            refused += 1
            continue
        size = arena.size_class(count)
        assert arena.private_at <= at <= arena.size - size
        assert all(
            at + size <= other or other + arena.size_class(other_count) <= at
            for other, other_count in held.items()
        )
        held[at] = count
    assert refused
    for at, count in held.items():
        arena.free(at, count)
    assert arena.alloc(PRIVATE_BYTES) == arena.private_at
