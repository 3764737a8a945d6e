"""Faults on demand: disks that fail or are slow, replicas that get no log, until a moment.

What is simulated stands in the control block, so any process may ask for it and those that it
concerns obey: a copy's thread before each write (`copy_kernels.meet_faults`), storage before each
read of a page and each piece of a rebuild, a replica before it applies log. The effects are those
of the real thing: a copy whose write fails is dead, and is made anew or taken back. Everything
carries its end, nothing has to be taken away.

A *disk* is one of the six copies, a *node* a zone's two.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from redo.control import (
    COPIES,
    COUNT_FAULTS,
    FAULT_FAILS_UNTIL,
    FAULT_PERCENT,
    FAULT_SLOW_HIGH_US,
    FAULT_SLOW_LOW_US,
    FAULT_SLOW_PERCENT,
    FAULT_SLOW_UNTIL,
    REPLICAS_MAX,
    Control,
    fault_word,
    stream_fault_word,
)
from redo.environment import Environment

DISKS: Final = COPIES
NODES: Final = COPIES // 2
STREAMS: Final = REPLICAS_MAX


def disks_of_node(node: int) -> Sequence[int]:
    """Copies that a zone has."""
    return (2 * node, 2 * node + 1)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What is simulated of a copy or a stream; 0: nothing. Ends are wall clock, µs."""

    fails_until_us: int = 0
    percent: int = 0
    slow_until_us: int = 0
    low_us: int = 0
    high_us: int = 0
    slow_percent: int = 0

    def text(self, now_us: int) -> str:
        """For people, such as ``fails 25 %, 40 s left``; empty when nothing is going on."""
        parts = []
        if self.fails_until_us > now_us:
            left_s = (self.fails_until_us - now_us) / 1e6
            parts.append(f"fails {self.percent} %, {left_s:.0f} s left")
        if self.slow_until_us > now_us:
            left_s = (self.slow_until_us - now_us) / 1e6
            low_ms, high_ms = self.low_us / 1000, self.high_us / 1000
            slower = f"{self.slow_percent} % slower by {low_ms:g} to {high_ms:g} ms"
            parts.append(f"{slower}, {left_s:.0f} s left")
        return "; ".join(parts)


def fail_disks(control: Control, disks: Iterable[int], percent: int, until_us: int) -> None:
    """Let so many of the writes and reads of these copies fail. 0 percent: none any more."""
    for disk in disks:
        control.put(fault_word(disk, FAULT_PERCENT), percent)
        control.put(fault_word(disk, FAULT_FAILS_UNTIL), until_us if percent else 0)


def slow_disks(
    control: Control,
    disks: Iterable[int],
    low_us: int,
    high_us: int,
    until_us: int,
    percent: int = 100,
) -> None:
    """Let so many writes and reads of these copies take longer by a time between the two."""
    for disk in disks:
        control.put(fault_word(disk, FAULT_SLOW_LOW_US), low_us)
        control.put(fault_word(disk, FAULT_SLOW_HIGH_US), high_us)
        control.put(fault_word(disk, FAULT_SLOW_PERCENT), percent)
        control.put(fault_word(disk, FAULT_SLOW_UNTIL), until_us if percent and high_us else 0)


def fail_streams(control: Control, replicas: Iterable[int], percent: int, until_us: int) -> None:
    """Let so much of the log not reach these replicas (0…15): they fall behind."""
    for replica in replicas:
        control.put(stream_fault_word(replica, FAULT_PERCENT), percent)
        control.put(stream_fault_word(replica, FAULT_FAILS_UNTIL), until_us if percent else 0)


def of_disk(control: Control, disk: int) -> Simulated:
    """What is simulated of a copy."""
    words = (
        FAULT_FAILS_UNTIL,
        FAULT_PERCENT,
        FAULT_SLOW_UNTIL,
        FAULT_SLOW_LOW_US,
        FAULT_SLOW_HIGH_US,
        FAULT_SLOW_PERCENT,
    )
    return Simulated(*(control.get(fault_word(disk, word)) for word in words))


def of_stream(control: Control, replica: int) -> Simulated:
    """What is simulated of a replica's stream."""
    words = (FAULT_FAILS_UNTIL, FAULT_PERCENT)
    return Simulated(*(control.get(stream_fault_word(replica, word)) for word in words))


class Faults:
    """Meets the faults of copies in Python, as `copy_kernels.meet_faults` does in kernels."""

    def __init__(self, environment: Environment, control: Control) -> None:
        self._environment = environment
        self._control = control

    def meet(self, disk: int) -> None:
        """Before a read or write: take as long as is simulated. Raises OSError."""
        fails_until = self._control.get(fault_word(disk, FAULT_FAILS_UNTIL))
        slow_until = self._control.get(fault_word(disk, FAULT_SLOW_UNTIL))
        if not fails_until and not slow_until:
            return
        clock, random = self._environment.clock, self._environment.random
        found = of_disk(self._control, disk)
        slow = clock.wall_us() < found.slow_until_us
        if slow and random.randrange(100) < found.slow_percent:
            clock.sleep(random.uniform(found.low_us, max(found.low_us, found.high_us)) / 1e6)
        if clock.wall_us() < found.fails_until_us and random.randrange(100) < found.percent:
            self._control.count(disk, COUNT_FAULTS)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def stream_fails(self, replica: int) -> bool:
        """Is what has come for a replica (0…15) not to be applied now?"""
        found = of_stream(self._control, replica)
        if not found.fails_until_us or self._environment.clock.wall_us() >= found.fails_until_us:
            return False
        return self._environment.random.randrange(100) < found.percent
