"""COMPRESS gives zlib's bytes, whatever window it is done in."""

from __future__ import annotations

import random
import zlib

import pytest

from mysqlcompat.functions.compression import packed_by_zlib


@pytest.mark.parametrize("most", [32, 251, 2000, 40000])
def test_bytes_are_those_of_a_whole_window(most: int) -> None:
    chosen = random.Random(most)
    for _ in range(60 if most < 10000 else 5):
        size, letters = chosen.randrange(1, most + 1), chosen.choice((1, 2, 3, 5, 30, 256))
        data = bytes(chosen.randrange(letters) for _ in range(chosen.choice((size, 7, 40))))
        data = (data * (size // len(data) + 1))[:size]
        assert packed_by_zlib(data) == zlib.compress(data)
