"""Who waits for whom: the wait-for graph, deadlocks, and waking up when a transaction ends.

Kernels decide *whether* somebody must wait (`lock_kernels.py`, and rows whose writer is active):
they return E_LOCK_WAIT with the holder's context in ``st[ST_WAIT_FOR]``. This module decides what
then happens. It knows no event loop and no clock: a `Wait` calls back, its owner has the timer.

I1  A context waits for one holder at a time; the edge disappears when the holder's transaction
    ends.
I2  The graph has no cycle: an edge that would close one makes a victim instead.
I3  Waiters of one holder are woken in the order in which they came; each runs its statement again.

With several share-lock holders the edge names one of them. When that one ends the statement runs
again and names the next, so a cycle through any of them is found when it becomes real.
"""

from __future__ import annotations

from collections.abc import Callable

from btree import state, txn_layout
from btree.errors import Deadlock, LockTimeout
from redo.arena import Arena, Words


class Wait:
    """One statement's wait for the end of another transaction."""

    __slots__ = ("_callbacks", "_done", "_error", "ctx", "holder", "serial")

    def __init__(self, ctx: int, holder: int, serial: int) -> None:
        self.ctx = ctx
        self.holder = holder
        self.serial = serial  #: of the holder when the wait began
        self._callbacks: list[Callable[[Wait], None]] = []
        self._done = False
        self._error: Exception | None = None

    def done(self) -> bool:
        """Is the wait over, one way or the other?"""
        return self._done

    def result(self) -> None:
        """Return: run the statement again. Raises Deadlock or LockTimeout."""
        assert self._done
        if self._error is not None:
            raise self._error

    def add_done_callback(self, callback: Callable[[Wait], None]) -> None:
        """Call `callback(self)` when the wait is over; at once when it already is."""
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def _finish(self, error: Exception | None) -> None:
        self._done = True
        self._error = error
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


class Locks:
    """The wait-for graph of one engine."""

    def __init__(self, arena: Arena, st: Words) -> None:
        self._arena = arena
        self._st = st
        self._wait_of: dict[int, Wait] = {}
        self._waiters: dict[int, list[Wait]] = {}
        self.deadlocks = 0
        self.timeouts = 0

    def wait(self, ctx: int, holder: int) -> Wait:
        """Wait until the transaction of `holder` ends. A deadlock is decided here and now.

        The victim is the context of the cycle with the fewest changed rows, `ctx` among equals; its
        wait (perhaps the one returned) ends with Deadlock, and its owner must roll it back.
        """
        assert ctx not in self._wait_of, "a context waits once"
        wait = Wait(ctx, holder, self._word(holder, txn_layout.CTX_SERIAL))
        cycle = self._cycle(ctx, holder)
        if cycle:
            self.deadlocks += 1
            victim = min(cycle, key=lambda one: (self._weight(one), one != ctx))
            if victim == ctx:
                wait._finish(Deadlock())
                return wait
        self._wait_of[ctx] = wait
        self._waiters.setdefault(holder, []).append(wait)
        self._count(holder, 1)
        if cycle:
            self._end(self._wait_of[victim], Deadlock())
        return wait

    def cancel(self, wait: Wait, error: Exception | None = None) -> None:
        """Give up waiting: LockTimeout, or `error` (a killed query)."""
        if not wait.done():
            self.timeouts += error is None
            self._end(wait, error or LockTimeout())

    def wake(self) -> int:
        """Wake the waiters of every transaction which has ended since the last call; how many.

        Cheap when ``st[ST_WAKE]`` is 0; call it after each turn of the loop and each commit.
        """
        if not self._st[state.ST_WAKE]:
            return 0
        self._st[state.ST_WAKE] = 0
        woken = 0
        for holder in list(self._waiters):
            serial = self._word(holder, txn_layout.CTX_SERIAL)
            for wait in list(self._waiters.get(holder, ())):
                if wait.serial != serial and not wait.done():
                    self._end(wait, None)
                    woken += 1
        return woken

    def waiting(self, ctx: int) -> Wait | None:
        """The wait `ctx` is in, if any."""
        return self._wait_of.get(ctx)

    def edges(self) -> list[tuple[int, int]]:
        """(waiter, holder) pairs, for SHOW ENGINE STATUS and the checker."""
        return [(wait.ctx, wait.holder) for wait in self._wait_of.values()]

    def _end(self, wait: Wait, error: Exception | None) -> None:
        del self._wait_of[wait.ctx]
        waiters = self._waiters[wait.holder]
        waiters.remove(wait)
        if not waiters:
            del self._waiters[wait.holder]
        self._count(wait.holder, -1)
        wait._finish(error)

    def _cycle(self, ctx: int, holder: int) -> list[int]:
        """The contexts of the cycle which the edge ctx → holder would close; empty: none."""
        path = [ctx]
        while holder != ctx:
            path.append(holder)
            wait = self._wait_of.get(holder)
            if wait is None or wait.serial != self._word(wait.holder, txn_layout.CTX_SERIAL):
                return []
            holder = wait.holder
        return path

    def _weight(self, ctx: int) -> int:
        return self._word(ctx, txn_layout.CTX_ROWS_CHANGED)

    def _word(self, ctx: int, at: int) -> int:
        return int(self._arena.words(ctx + at, 1)[0])

    def _count(self, holder: int, change: int) -> None:
        self._arena.words(holder + txn_layout.CTX_WAITERS, 1)[0] += change
