"""What is said of a volume, out of the control block alone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from mysqlcompat.volume_status import text_of
from redo import health
from redo.arena import CONTROL_AT, create_ring
from redo.control import COPIES, COPY_STATE, CTRL_BATCH_CLOCK, STATE_LIVE, copy_word
from redo.timeline import clock_text

NOW_US = 1_800_000_000_000_000


@pytest.fixture
def ring() -> Iterator[int]:
    """A ring whose copies are all live."""
    fd = create_ring(4 << 20)
    for copy_no in range(COPIES):
        put(fd, copy_word(copy_no, COPY_STATE), STATE_LIVE)
    yield fd
    os.close(fd)


def put(ring_fd: int, word: int, value: int) -> None:
    os.pwrite(ring_fd, value.to_bytes(8, "little"), word - CONTROL_AT)


def said(ring_fd: int) -> health.Fields:
    return health.from_control(health.ControlSnapshot(ring_fd), NOW_US)


@pytest.mark.parametrize("ahead_us", [-5_000_000, 0, 999_999, 3_600_000_000])
def test_a_clock_that_was_turned_back(ring: int, ahead_us: int) -> None:
    put(ring, CTRL_BATCH_CLOCK, NOW_US + ahead_us)
    lines = text_of("main", said(ring))
    expected = f"its log is of {clock_text(NOW_US + ahead_us)} UTC, 3600 s ahead of this host"
    assert any(line.startswith(expected) for line in lines) == (ahead_us > 1_000_000)
    assert any("ahead" in line for line in lines) == (ahead_us > 1_000_000)


def test_copies_whose_process_is_gone(ring: int) -> None:
    """Whatever the control block says of them."""
    whole = said(ring)
    assert whole["state"] == health.HEALTHY
    assert health.without(whole, (0, 1))["state"] == health.DEGRADED
    assert health.without(whole, (0, 1, 2, 3))["state"] == health.LOST
    none = health.without(whole, range(COPIES))
    assert none["state"] == health.LOST
    assert {row["state"] for row in none["copies"]} == {row["health"] for row in none["copies"]}
    assert {row["state"] for row in whole["copies"]} == {"live"}  # what was said stays
