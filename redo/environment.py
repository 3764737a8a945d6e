"""Everything storage knows of the world outside: clock, disk, randomness, tasks, network.

One object, given by constructor. Production has `system_environment`; a simulator puts its own
parts in and thereby decides what time it is, what a crash leaves on a disk, which message arrives
and who runs next. Kernels reach the world only through the C functions that `system_kernels` names;
a simulator gives those symbols other addresses.

What runs beside others is a *task*: an iterator, all of whose work between two yields is done at
one go. In production it has a thread (and locks, which the tasks hold only between two yields); in
a simulator one thread runs all of them, a step at a time.

Messages go over *links*. A link keeps the order of messages and loses none until it is lost as a
whole, and then nobody knows which of the last ones arrived: whoever makes a new one says again what
matters. So whoever receives must take any message twice, late, or after others.
"""

from __future__ import annotations

import os
import random
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from redo.disk import Disk, FileDisk

Steps = Iterator[None]


class Clock(Protocol):
    """Time. Only differences of `monotonic_s` mean anything; `wall_us` may be wrong, and jump.

    poll   waits until one of these eventfds was written to, at most for so long; all are empty then
    """

    def monotonic_s(self) -> float: ...
    def wall_us(self) -> int: ...
    def sleep(self, seconds: float) -> None: ...
    def wait(self, event: threading.Event, timeout_s: float) -> bool: ...
    def poll(self, fds: Sequence[int], timeout_s: float) -> None: ...


class Task(Protocol):
    """Something that was started."""

    def is_alive(self) -> bool: ...
    def join(self) -> None: ...


class Tasks(Protocol):
    """Starts what runs beside others.

    start     `nice`: how far it stands back for others
    executor  for `count` calls at once, none of which waits for another
    """

    def start(self, name: str, steps: Steps, nice: int = 0) -> Task: ...
    def executor(self, count: int) -> Executor: ...


class Link(Protocol):
    """One end of a connection. `send` never blocks: False when too much is waiting already."""

    def send(self, message: bytes) -> bool: ...
    def close(self) -> None: ...


class Peer(Protocol):
    """Who is at our end of a link. Calls come one at a time."""

    def received(self, link: Link, message: bytes) -> None: ...
    def lost(self, link: Link, reason: str) -> None: ...


class Network(Protocol):
    """Links between nodes, by address ("host:port").

    connect   a link that may turn out to be lost at once; never raises
    listen    `accept` says who takes each new link; what it returns ends the listening
    """

    def connect(self, address: str, peer: Peer) -> Link: ...
    def listen(self, address: str, accept: Callable[[Link], Peer]) -> Callable[[], None]: ...


class SystemClock:
    """The machine's clock."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Until the event is set, or the time is over; whether it is set."""
        return event.wait(timeout_s)

    def poll(self, fds: Sequence[int], timeout_s: float) -> None:
        """Until one of them is written to, or the time is over."""
        poller = select.poll()
        for fd in fds:
            poller.register(fd, select.POLLIN)
        for fd, _ in poller.poll(timeout_s * 1000):
            os.eventfd_read(fd)


class ThreadTasks:
    """Every task has a daemon thread, which takes no signals."""

    def start(self, name: str, steps: Steps, nice: int = 0) -> threading.Thread:
        def run() -> None:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            if nice:
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
            for _ in steps:
                pass

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def executor(self, count: int) -> Executor:
        return ThreadPoolExecutor(count)


@dataclass(frozen=True)
class Environment:
    """The parts. `network` is None where all storage is on this machine."""

    clock: Clock
    disk: Disk
    random: random.Random
    tasks: Tasks
    network: Network | None = None

    def token(self, count: int = 8) -> str:
        """A new name that nobody else has: `count` random bytes, in hex."""
        return self.random.randbytes(count).hex()


def system_environment(disk: Disk | None = None, network: Network | None = None) -> Environment:
    """The machine we run on."""
    chance = random.SystemRandom()
    return Environment(SystemClock(), disk or FileDisk(), chance, ThreadTasks(), network)
