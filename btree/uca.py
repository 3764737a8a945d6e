"""Weights of the Unicode Collation Algorithm as MySQL has them: 9.0.0, 5.2.0 and 4.0.0.

9.0.0 and 5.2.0 come from the Default Unicode Collation Element Tables that pyuca ships. There is no
such library for 4.0.0: `data/uca-4.0.0.xz` has what MySQL 9.7 answers for
``WEIGHT_STRING(c COLLATE utf8mb4_unicode_ci)``, for every character of the BMP: a byte of weights
each (255: implicit ones, by the rule of 9.0.0), then the weights as little-endian u2. Beyond the
BMP all characters are equal there.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from btree.collation_kernels import ENTRY_HANGUL, ENTRY_IMPLICIT, ENTRY_PLAIN

Weights = Callable[[int], tuple[int, ...] | int]

PRIMARY, SECONDARY, TERTIARY = range(3)
#: Weight of a character without an entry, by level; the primary ones are computed.
_COMMON: Final = (0, 0x20, 0x02)
#: MySQL gives the syllables of its last block of 256 code points this tertiary weight.
_LAST_HANGUL: Final = 3
_MOST: Final = 8  #: elements MySQL keeps of a character; only U+FDFA has more
_IMPLICIT: Final = 255
_BEYOND_BMP: Final = 0xFFFD

Elements = tuple[tuple[int, ...], ...]  #: (primary, secondary, tertiary) each


@cache
def _elements(version: str) -> dict[int, Elements]:
    """Collation elements of the single characters of a DUCET."""
    text = resources.files("pyuca").joinpath(f"allkeys-{version}.txt").read_text("utf-8")
    known: dict[int, Elements] = {}
    for line in text.splitlines():
        points, semicolon, elements = line.partition("#")[0].partition(";")
        if not semicolon or " " in points.strip():
            continue  # a directive, or a contraction
        known[int(points, 16)] = tuple(
            tuple(int(weight, 16) for weight in part[1:].split(".")[:3])
            for part in elements.strip()[1:-1].split("][")
        )
    return known


def uca_900(level: int) -> Weights:
    """Weights of one level in the utf8mb4_0900 collations."""
    known = _elements("9.0.0")

    def weights_of(point: int) -> tuple[int, ...] | int:
        if point in known:
            kept = (element[level] for element in known[point])
            return tuple(weight for weight in kept if weight)[:_MOST]
        # MySQL decomposes up to U+D7AF, past the last syllable.
        is_hangul = 0xAC00 <= point <= 0xD7AF
        if level == PRIMARY:
            return ENTRY_HANGUL if is_hangul else ENTRY_IMPLICIT
        if level == TERTIARY and 0xD700 <= point <= 0xD7AF:
            return (_LAST_HANGUL,) * (2 if (point - 0xAC00) % 28 == 0 else 3)
        jamos = 1 if not is_hangul else 2 if (point - 0xAC00) % 28 == 0 else 3
        return (_COMMON[level],) * jamos

    return weights_of


def uca_520() -> Weights:
    """Weights of utf8mb4_unicode_520_ci."""
    known = _elements("5.2.0")

    def weights_of(point: int) -> tuple[int, ...] | int:
        if point in known:
            return tuple(element[0] for element in known[point] if element[0])[:_MOST]
        is_later = point > 0xFFFF or 0x9FA6 <= point <= 0x9FD5
        return ENTRY_PLAIN if is_later else ENTRY_IMPLICIT

    return weights_of


def uca_400() -> Weights:
    """Weights of utf8mb4_unicode_ci."""
    packed = resources.files("btree").joinpath("data/uca-4.0.0.xz").read_bytes()
    data = np.frombuffer(lzma.decompress(packed), np.uint8)
    counts = data[:0x10000].astype(np.int64)
    weights = data[0x10000:].view("<u2")
    ends = np.cumsum(np.where(counts == _IMPLICIT, 0, counts))

    def weights_of(point: int) -> tuple[int, ...] | int:
        if point > 0xFFFF:
            return (_BEYOND_BMP,)
        count = int(counts[point])
        if count == _IMPLICIT:
            return ENTRY_IMPLICIT
        return tuple(int(weight) for weight in weights[int(ends[point]) - count : int(ends[point])])

    return weights_of
