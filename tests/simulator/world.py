"""Time, chance, and who runs next. One thread; everything that happens is decided by the seed."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from redo.environment import Environment, Steps
from tests.simulator import syscalls
from tests.simulator.drives import Drives, PowerCut

_BEGINNING_US = 1_700_000_000_000_000
_TRACE_LINES = 400
LOOK_US = 1_000  #: whoever polls sees this late what was written
_TURNS_MAX = 500  #: of others, per step: whoever waits longer waits for ever


class Violation(AssertionError):
    """An invariant does not hold. `name` is that of the invariant."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


class WorldTask:
    """A task of production code: a step when its turn comes."""

    def __init__(self, world: World, name: str, steps: Steps) -> None:
        self._world = world
        self._steps = steps
        self.name = name
        self.process, self.kind = name.split()[:2]
        self.running = False
        self.alive = True
        self.rests_until_us = 0
        self.every_us = 0  #: of a task that only looks whether there is something to do

    def is_alive(self) -> bool:
        return self.alive

    def step(self) -> None:
        """On to the next yield."""
        assert not self.running
        self.running = True
        before = self._world.enter(self)
        try:
            next(self._steps)
        except StopIteration:
            self.alive = False
        finally:
            self.running = False
            self._world.enter(before)
            self._world.let_rest(self)

    def join(self) -> None:
        """Run it to its end: whoever joins has told it to stop."""
        while self.alive:
            self.step()


class InlineExecutor(Executor):
    """Calls at once what it is given."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class World:
    """The environment of production code (clock and tasks are this object), and its fate.

    weights     of tasks' turns; 0: it has nothing to do, or its machine stands still
    deliver     lets something that is under way arrive; whether there was anything
    observe     looks whether everything is as it must be
    cut_after   disk operations until the power is cut; None: it stays on
    skew_us     how wrong the machines' wall clocks are
    """

    def __init__(self, seed: int, root: Path) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.trace: deque[str] = deque(maxlen=_TRACE_LINES)
        self.steps = 0
        self.skew_us = 0
        self.was_skewed = False
        self.cut = False
        self.cut_after: int | None = None
        self.tasks: list[WorldTask] = []
        self.weights: Callable[[list[WorldTask]], list[float]] = lambda tasks: [1.0] * len(tasks)
        self.deliver: Callable[[], bool] = lambda: False
        self.observe: Callable[[], None] = lambda: None
        self._now_us = 0
        self._turns = 0
        self._current: WorldTask | None = None
        self.disk = Drives(self, root)
        self.environment = Environment(self, self.disk, self.chance, self)
        syscalls.enter(self)

    def note(self, text: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.steps:6d} {self._now_us / 1e6:10.4f} {text}")

    # clock

    def monotonic_s(self) -> float:
        self._now_us += self.chance.randint(0, 2000)  # looking at it takes time, too
        return self._now_us / 1e6

    def wall_us(self) -> int:
        return _BEGINNING_US + self._now_us + self.skew_us

    def monotonic(self) -> float:
        """As `time.monotonic`, for code that has no clock given to it."""
        return self.monotonic_s()

    def time_ns(self) -> int:
        """As `time.time_ns`."""
        return self.wall_us() * 1000

    def token_bytes(self, count: int) -> bytes:
        """As `secrets.token_bytes`, for code that has no chance given to it."""
        return self.chance.randbytes(count)

    def token_hex(self, count: int) -> str:
        """As `secrets.token_hex`."""
        return self.chance.randbytes(count).hex()

    def pass_time(self, seconds: float) -> None:
        """Let time go by, and nothing happen."""
        self._now_us += int(seconds * 1e6)

    def sleep(self, seconds: float) -> None:
        """Whoever calls this waits for others: some of them have their turn now."""
        busy = sum(self.run_something() for _ in range(self.chance.randint(1, 4)))
        self.pass_time(seconds if busy else max(seconds, 0.2))

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if not event.is_set() and self._current is not None:
            self._current.rests_until_us = self._now_us + int(timeout_s * 1e6)
        return event.is_set()

    def poll(self, fds: Sequence[int], timeout_s: float) -> None:
        """The next turn of whoever waits comes soon, and it looks again then."""
        written = False
        for fd in fds:
            with contextlib.suppress(BlockingIOError):
                written = bool(os.eventfd_read(fd)) or written
        if not written and self._current is not None:
            rest_us = min(int(timeout_s * 1e6), LOOK_US)
            self._current.rests_until_us = self._now_us + rest_us

    # tasks

    def let_rest(self, task: WorldTask) -> None:
        """Its turn does not come again at once."""
        if task.every_us:
            task.rests_until_us = self._now_us + task.every_us

    def enter(self, task: WorldTask | None) -> WorldTask | None:
        """This one runs now; which one did."""
        before, self._current = self._current, task
        return before

    def start(self, name: str, steps: Steps, nice: int = 0) -> WorldTask:
        task = WorldTask(self, name, steps)
        self.tasks.append(task)
        return task

    def executor(self, count: int) -> Executor:
        return InlineExecutor()

    def run_something(self) -> bool:
        """A step of some task, or a message arrives; whether there was anything to do."""
        self.observe()
        self._turns += 1
        if self._turns > _TURNS_MAX * (self.steps + 10):
            raise Violation("everything ends", "too much is done in too few steps")
        if self.chance.random() < 0.3 and self.deliver():
            self.power()
            return True
        self.tasks = [task for task in self.tasks if task.alive]
        now_us = self._now_us
        ready = [t for t in self.tasks if not t.running and t.rests_until_us <= now_us]
        task = self.choose(ready, self.weights(ready))
        if task is None:
            return self.deliver()
        task.step()
        self.power()
        return True

    def choose(self, things: Sequence[Any], weights: Sequence[float]) -> Any:
        """One of them; None when all weights are 0."""
        if not any(weights):
            return None
        return self.chance.choices(things, weights)[0]

    # power

    def power(self) -> None:
        """Called before whatever touches a disk. Raises PowerCut when it is time."""
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                self.cut = True
        if self.cut:
            raise PowerCut

    def kernel(self, call: Callable[[Drives], int]) -> int:
        """A system call of a kernel, which cannot be left by raising."""
        try:
            return call(self.disk)
        except PowerCut:
            return -5
