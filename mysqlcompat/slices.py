"""Long work in Python, done in slices: others run in between.

Whatever takes as long as there are tables (information_schema, SHOW TABLE STATUS) goes through one
of these; a millisecond is what another session's point select may be kept waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final, TypeVar

SLICE_S: Final = 0.001
T = TypeVar("T")


class Slice:
    """A clock for work that is to be interrupted."""

    def __init__(self) -> None:
        self._until = time.monotonic() + SLICE_S

    def is_over(self) -> bool:
        """Whether it is time to let others run, and to begin another."""
        return time.monotonic() >= self._until


async def gathered(made: Iterable[T]) -> list[T]:
    """Everything an iterable gives."""
    rows: list[T] = []
    slice_ = Slice()
    for row in made:
        rows.append(row)
        if slice_.is_over():
            await asyncio.sleep(0)
            slice_ = Slice()
    return rows
