"""Who waits for whom: queues, the wait-for graph, deadlocks, going on when locks are given back.

Kernels decide *whether* somebody must wait (`lock_kernels.py`): they return E_LOCK_WAIT with the
holder's context in ``st[ST_WAIT_FOR]`` and the request in state words. This module decides what
then happens. It knows no event loop and no clock: a `Wait` calls back, its owner has the timer.

I1  A context waits once at a time. It watches one other context: the one before it in the queue, or
    else a holder. When that one gives back locks, or leaves the queue, the waiter looks again.
I2  The graph has no cycle: a wait that would close one makes a victim instead. Its edges go to all
    who must end first, as they are at that moment.
I3  Requests for one key are granted in the order in which they came; a granted request is a lock,
    so nobody comes in between before its statement runs again.

Waits that are not for rows (metadata locks, LOCK TABLES) take part through `wait_outside`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from btree import lock_kernels, txn_layout
from btree.errors import Deadlock, LockTimeout, TooManyLocks
from btree.gap_kernels import STACK_WORDS
from btree.state import (
    ST_GAP_STACK,
    ST_LOCK_BUCKETS_AT,
    ST_LOCK_BYTES,
    ST_LOCK_END,
    ST_LOCK_FREE,
    ST_LOCK_MASK,
    ST_LOCK_NEXT,
    ST_REQUEST_CTX,
    ST_REQUEST_KEY,
    ST_REQUEST_KIND,
    ST_WAKE,
)
from redo.arena import Arena, Words
from redo.codes import E_LOCKS_FULL

LOCK_BYTES_MAX: Final = 256 << 20  #: of all locks of a node; then statements fail
_BUCKETS: Final = 1 << 17
_CHUNK: Final = 256 << 10
_BLOCKERS: Final = 64  #: holders looked at for one wait: with more, a cycle is found later


class Wait:
    """One statement's wait for others."""

    __slots__ = ("_callbacks", "_done", "blockers", "ctx", "error", "node", "watched", "weight")

    def __init__(
        self,
        ctx: int,
        node: int,
        blockers: Callable[[], Iterable[int]] | None = None,
        weight: int = 0,
    ) -> None:
        self.ctx = ctx
        self.node = node  #: its entry in the lock table, 0: it waits for something else
        self.blockers = blockers  #: of a wait outside: whom it waits for,
        self.weight = weight  #: and what its being given up would cost
        self.watched = 0  #: the context whose locks are looked at again when it gives some back
        self._callbacks: list[Callable[[Wait], None]] = []
        self._done = False
        self.error: Exception | None = None  #: what `result` raises

    def done(self) -> bool:
        """Is the wait over, one way or the other?"""
        return self._done

    def result(self) -> None:
        """Return: go on. Raises Deadlock, LockTimeout, or what `cancel` was given."""
        assert self._done
        if self.error is not None:
            raise self.error

    def add_done_callback(self, callback: Callable[[Wait], None]) -> None:
        """Call `callback(self)` when the wait is over; at once when it already is."""
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def finish(self, error: Exception | None) -> None:
        """For `Locks`: it is over."""
        self._done = True
        self.error = error
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


@dataclass(frozen=True, slots=True)
class Circle:
    """A deadlock as it was found: who waited for whom in turn, and who was given up."""

    waits: tuple[Wait, ...]
    victim: int


class Locks:
    """Queues and graph of one engine."""

    def __init__(
        self, arena: Arena, st: Words, weights: Callable[[list[Wait]], dict[int, int]]
    ) -> None:
        """weights: what giving up each of a circle of waits for rows would cost, by context."""
        self._weights = weights
        self._arena = arena
        self._st = st
        self._wait_of: dict[int, Wait] = {}
        self._watchers: dict[int, list[Wait]] = {}
        self.deadlocks = 0
        self.timeouts = 0
        self.waits = 0
        self.bytes_max = LOCK_BYTES_MAX
        self._chunks: list[int] = []
        self._given = 0  #: chunks that locks may be in
        #: Called with each deadlock while its waits are still there.
        self.on_deadlock: Callable[[Circle], None] | None = None
        st[ST_LOCK_BUCKETS_AT] = arena.alloc(8 * _BUCKETS)
        st[ST_LOCK_MASK] = _BUCKETS - 1
        st[ST_GAP_STACK] = arena.alloc(8 * STACK_WORDS)
        st[ST_REQUEST_KEY] = arena.alloc(txn_layout.CUR_KEY_ROOM)
        self._out = arena.alloc(8 * _BLOCKERS)

    # memory

    @property
    def bytes_used(self) -> int:
        """Bytes of all locks there are."""
        return int(self._st[ST_LOCK_BYTES])

    def grow(self) -> None:
        """More lock memory, for E_LOCKS_FULL. Raises TooManyLocks at the limit."""
        if not self.bytes_used:  # what was cut into runs of one size is whole again
            self._st[ST_LOCK_FREE : ST_LOCK_FREE + txn_layout.LOCK_CLASSES] = 0
            self._given = 0
        if self._given == len(self._chunks):
            if _CHUNK * (len(self._chunks) + 1) > self.bytes_max:
                raise TooManyLocks(f"locks take {self.bytes_used} bytes")
            self._chunks.append(self._arena.alloc(_CHUNK))
        self._st[ST_LOCK_NEXT] = self._chunks[self._given]
        self._st[ST_LOCK_END] = self._chunks[self._given] + _CHUNK
        self._given += 1

    # waiting

    def is_nowait(self) -> bool:
        """Whether the request that met E_LOCK_WAIT says NOWAIT."""
        return bool(self._st[ST_REQUEST_KIND] & txn_layout.LOCK_NOWAIT)

    def wait(self, ctx: int) -> Wait:
        """Wait for what the kernel that has just returned E_LOCK_WAIT asked for.

        A deadlock is decided here and now. The victim is the context of the cycle with the fewest
        changed rows, `ctx` among equals; its wait (perhaps the one returned) ends with Deadlock,
        and its owner must roll it back.
        """
        assert int(self._st[ST_REQUEST_CTX]) == ctx, "somebody else's request"
        node = E_LOCKS_FULL
        while (node := int(lock_kernels.lock_enqueue(self._st, self._arena.mem, ctx))) < 0:
            self.grow()
        wait = Wait(ctx, node)
        self._park(wait)
        self._look(wait)
        return wait

    def wait_outside(
        self, ctx: int, blockers: Callable[[], Iterable[int]], weight: int = 0
    ) -> Wait:
        """Wait for something that is not a row: the owner calls `grant` or `cancel`.

        blockers  whom it waits for, as contexts, whenever asked
        weight    what it costs to give it up: in a cycle with such waits the cheapest ends, and
                  waits for rows cost nothing
        """
        wait = Wait(ctx, 0, blockers, weight)
        self._park(wait)
        self._break_cycles(wait)
        return wait

    def grant(self, wait: Wait) -> None:
        """A wait outside has got what it wanted."""
        assert not wait.node
        if not wait.done():
            self._end(wait, None)

    def cancel(self, wait: Wait, error: Exception | None = None) -> None:
        """Give up waiting: LockTimeout, or `error` (a killed query)."""
        if not wait.done():
            self.timeouts += error is None
            self._end(wait, error or LockTimeout())

    def wake(self) -> int:
        """Let those go on who waited for locks given back since the last call; how many.

        Cheap when ``st[ST_WAKE]`` is 0; call it after each turn of the loop and each commit.
        """
        woken = 0
        while self._st[ST_WAKE]:
            self._st[ST_WAKE] = 0
            for watched in list(self._watchers):
                released = self._arena.words(watched + txn_layout.CTX_RELEASED, 1)
                if released[0]:
                    released[0] = 0
                    woken += self._look_again(watched)
        return woken

    def waiting(self, ctx: int) -> Wait | None:
        """The wait `ctx` is in, if any."""
        return self._wait_of.get(ctx)

    def all_waits(self) -> list[Wait]:
        """Everybody who waits, in no order."""
        return list(self._wait_of.values())

    def edges(self, wait: Wait) -> list[int]:
        """The contexts that must end before a wait can be granted."""
        if wait.blockers is not None:
            return list(wait.blockers())
        return self._blockers(wait, 0)[1:]

    def _blockers(self, wait: Wait, grant: int) -> list[int]:
        """Whom to watch, then who must end; empty: nobody, and it is granted if `grant` is 1."""
        out = self._out
        kernel = lock_kernels.lock_blockers
        count = int(kernel(self._st, self._arena.mem, wait.node, out, _BLOCKERS, grant))
        return [int(ctx) for ctx in self._arena.words(out, count)]

    def _park(self, wait: Wait) -> None:
        assert wait.ctx not in self._wait_of, "a context waits once"
        self.waits += 1
        self._wait_of[wait.ctx] = wait

    def _look(self, wait: Wait) -> bool:
        """Grant a wait for a row if nobody is in its way, or watch who is; whether it is over."""
        blockers = self._blockers(wait, 1)
        if not blockers:
            wait.node = 0  # it is a lock now
            self._end(wait, None)
            return True
        wait.watched = blockers[0]
        self._watchers.setdefault(wait.watched, []).append(wait)
        self._count(wait.watched, 1)
        self._break_cycles(wait)
        return wait.done()

    def _look_again(self, watched: int) -> int:
        """Everybody who watches a context; how many may go on."""
        over = 0
        watchers = self._watchers.pop(watched, [])
        self._count(watched, -len(watchers))
        for wait in watchers:
            wait.watched = 0
        for wait in watchers:
            if not wait.done():  # as the victim of one before it
                over += self._look(wait)
        return over

    def _end(self, wait: Wait, error: Exception | None) -> None:
        del self._wait_of[wait.ctx]
        if wait.watched:
            watchers = self._watchers[wait.watched]
            watchers.remove(wait)
            self._count(wait.watched, -1)
            if not watchers:
                del self._watchers[wait.watched]
        node, wait.node = wait.node, 0
        if node:
            lock_kernels.lock_drop(self._st, self._arena.mem, wait.ctx, node)
        wait.finish(error)
        self.wake()

    # deadlocks

    def _break_cycles(self, wait: Wait) -> None:
        """End a wait of each cycle that this one closes."""
        while not wait.done() and (cycle := self._cycle(wait)):
            self.deadlocks += 1
            if any(one.blockers is not None for one in cycle):
                weights = {one.ctx: one.weight for one in cycle}
            else:
                weights = self._weights(cycle)
            victim = min(cycle, key=lambda one: (weights[one.ctx], one is not wait))
            if self.on_deadlock is not None:
                self.on_deadlock(Circle(tuple(cycle), victim.ctx))
            self._end(victim, Deadlock())

    def _cycle(self, wait: Wait) -> list[Wait]:
        """The waits of a cycle through this one, each for the next; empty: there is none."""
        path = [wait]
        seen = {wait.ctx}
        ways: list[Iterator[int]] = [iter(self.edges(wait))]
        while ways:
            for ctx in ways[-1]:
                if ctx == wait.ctx:
                    return path
                following = self._wait_of.get(ctx)
                if following is not None and ctx not in seen:
                    seen.add(ctx)
                    path.append(following)
                    ways.append(iter(self.edges(following)))
                    break
            else:
                ways.pop()
                path.pop()
        return []

    def _count(self, ctx: int, change: int) -> None:
        self._arena.words(ctx + txn_layout.CTX_WAITERS, 1)[0] += change
