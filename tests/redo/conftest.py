"""Fixtures of the tests of storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.redo.writing import Writer


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    """Makes writers on one data directory, one after the other; the last is closed at the end."""
    made: list[Writer] = []

    def make(**options: object) -> Writer:
        if made:
            made.pop().volume.close()
        made.append(Writer(tmp_path / "data", **options))
        return made[-1]

    yield make
    for writer in made:
        writer.volume.close()
