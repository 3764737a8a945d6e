"""Long synchronous work in turns with the loop: others are served in between.

Resolving, planning and coding a statement of ten thousand parts takes a second, and looks at what
belongs to the loop's thread: catalog, arena, session. So the work has a thread of its own, but runs
only while the loop stands still for it, a slice at a time, and stops where it calls `breathe`:
there it may find the dictionary changed, as after an ``await``, and nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from mysqlcompat.slices import Slice

T = TypeVar("T")


class _Here(threading.local):
    turns: _Turns[Any] | None = None  #: whose work this thread does


_here = _Here()


def breathe() -> None:
    """A place where work that is done in turns may stop for a while; elsewhere nothing happens.

    Raises CancelledError in work that nobody waits for any more.
    """
    turns = _here.turns
    if turns is not None:
        turns.breathe()


async def in_turns(work: Callable[[], T]) -> T:
    """What `work` gives or raises."""
    turns = _Turns(work)
    try:
        while not turns.go_on():
            await asyncio.sleep(0)
    finally:
        turns.stop()
    return turns.result()


class _Turns(Generic[T]):
    """One work and its thread. Each of two locks is what one side waits for."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._made: list[T] = []
        self._error: BaseException | None = None
        self._is_done = self._is_given_up = False
        self._work_may_go_on = threading.Lock()
        self._loop_may_go_on = threading.Lock()
        self._work_may_go_on.acquire()
        self._loop_may_go_on.acquire()
        self._slice = Slice()
        self._thread = threading.Thread(target=self._run, name="turns", daemon=True)
        self._thread.start()

    def go_on(self) -> bool:
        """One turn of the work: whether it is done."""
        self._slice = Slice()
        self._work_may_go_on.release()
        self._loop_may_go_on.acquire()
        return self._is_done

    def stop(self) -> None:
        """Nobody waits for more."""
        self._is_given_up = True
        while not self._is_done:
            self.go_on()
        self._thread.join()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._made[0]

    def breathe(self) -> None:
        if self._is_given_up:
            raise asyncio.CancelledError
        if self._slice.is_over():
            self._loop_may_go_on.release()
            self._work_may_go_on.acquire()

    def _run(self) -> None:
        _here.turns = self
        self._work_may_go_on.acquire()
        try:
            self._made.append(self._work())
        except BaseException as error:
            self._error = error
        self._is_done = True
        self._loop_may_go_on.release()
