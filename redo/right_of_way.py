"""Who does something that people wait for goes first; background work stands still meanwhile.

Freezing and rewinding a volume take some ten milliseconds, however large it is, unless they have to
share the disk and the interpreter with coalescing, which never ends under load. So background work
looks between two of its small steps whether somebody has the right of way, and lets them pass.
"""

from __future__ import annotations

import threading
from types import TracebackType

from redo.environment import Clock

_AT_MOST_S = 1.0


class RightOfWay:
    """``with right_of_way:`` is taken by who goes first; others call `give`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._holders = 0
        self._free = threading.Event()
        self._free.set()

    def __enter__(self) -> None:
        with self._lock:
            self._holders += 1
            self._free.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self._free.set()

    @property
    def taken(self) -> bool:
        """Does somebody go first?"""
        return not self._free.is_set()

    def give(self) -> None:
        """Stand still while somebody goes first, for a second at most."""
        if self.taken:
            self._clock.wait(self._free, _AT_MOST_S)
