"""The hash of tables in memory: keys that follow one another must not fall into a few buckets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from redo import jit
from redo.coding_kernels import hash_bytes


@jit.kernel("i8(u1[::1], i8, i8)")
def hash_of(mem, at, count):
    """`hash_bytes`, to be called from Python."""
    return hash_bytes(mem, at, count)


@pytest.mark.parametrize(
    "key",
    [
        lambda number: (number + (1 << 63)).to_bytes(8, "big"),
        lambda number: b"\x01" + number.to_bytes(8, "big"),
        lambda number: (number << 8).to_bytes(8, "big"),
        lambda number: number.to_bytes(8, "little"),
        lambda number: number.to_bytes(4, "big"),
        lambda number: str(number).encode(),
    ],
    ids=["bigint", "nullable bigint", "steps of 256", "little-endian", "int", "digits"],
)
def test_neighbours_are_spread(key: Callable[[int], bytes]) -> None:
    """4,096 keys into as many buckets: chance leaves 63 % of them in use."""
    buckets = set()
    for number in range(4096):
        data = np.array(list(key(number)), np.uint8)
        buckets.add(int(hash_of(data, 0, len(data))) & 4095)
    assert len(buckets) > 2200
