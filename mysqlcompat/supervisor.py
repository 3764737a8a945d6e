"""The supervisor: owns the endpoints' sockets, starts the processes, restarts what dies, stops all.

::

    supervisor ──fork──► storage    six copies, page server (or storage-az1, storage-az2 …)
       │  │ └────fork──► writer     accepts on the writer endpoint
       │  └──────fork──► replica-1 … accept on the reader endpoint, all on one socket
       └─ lock on the data directory, listening sockets, ring memfd, eventfds: outlive every child

One thread, one `selectors` loop over: a wake-up pipe for signals, and per child its pidfd (readable
when it is dead) and its status pipe. What to do is decided by `replicas.failover.Restarts` and
`replicas.membership.Membership`; this module only carries it out.

Order of a start: storage, then the writer (recovery), then replicas, each after the one before says
that it serves. Order of a stop: the reverse, each by SIGTERM, and SIGKILL after its share of a
patience; at once when storage has gone first (somebody may have asked every process to stop), since
without it writer and replicas stand still, and nobody starts it again.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mysqlcompat.child import Child, Status, fork_child
from mysqlcompat.config import Config
from mysqlcompat.control_socket import ControlServer
from mysqlcompat.operations import Operations
from redo.arena import CONTROL_AT, CONTROL_BYTES, create_ring
from redo.control import COPY_DURABLE, REPLICA_STRIDE, STATE_ABSENT, copy_word, replica_word
from redo.quorum import COPIES, ZONES, zone_copies
from replicas.endpoints import READER_ENDPOINT, WRITER_ENDPOINT, replica_name, replica_number
from replicas.failover import (
    STORAGE,
    WRITER,
    Action,
    Died,
    GiveUp,
    Kill,
    Ready,
    Restarts,
    Silent,
    Start,
    Tick,
    is_storage,
    start_order,
    zone_name,
)
from replicas.membership import Membership

STOP_PATIENCE_S: Final = 10.0  #: for all together
TICK_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Shared:
    """What every process of the cluster inherits; it outlives each of them.

    ring_fd       memfd: control block and log ring
    copy_wakes    eventfds, one per copy: new log was published
    writer_wake   eventfd: a copy's durable LSN moved
    reader_wakes  eventfds, one per replica: VDL moved
    listeners     endpoint name → listening socket
    """

    ring_fd: int
    copy_wakes: tuple[int, ...]
    writer_wake: int
    reader_wakes: tuple[int, ...]
    listeners: dict[str, socket.socket]

    @classmethod
    def create(cls, config: Config, listeners: dict[str, socket.socket]) -> Shared:
        """Ring and eventfds for a cluster of this size."""
        flags = os.EFD_NONBLOCK
        return cls(
            ring_fd=create_ring(config.ring_bytes),
            # A copy's thread sleeps in read(eventfd): these block.
            copy_wakes=tuple(os.eventfd(0) for _ in range(COPIES)),
            writer_wake=os.eventfd(0, flags),
            reader_wakes=tuple(os.eventfd(0, flags) for _ in range(config.replicas)),
            listeners=listeners,
        )

    def port(self, endpoint: str) -> int:
        """The port an endpoint really listens on."""
        return int(self.listeners[endpoint].getsockname()[1])

    def forget_zone(self, name: str) -> None:
        """The copies of a dead zone's process do not count until it is back."""
        for zone, zone_text in enumerate(ZONES):
            if name == zone_name(zone_text):
                for copy_no in zone_copies(zone):
                    at = copy_word(copy_no, COPY_DURABLE) - CONTROL_AT
                    os.pwrite(self.ring_fd, struct.pack("<qq", 0, STATE_ABSENT), at)

    def forget_replica(self, name: str) -> None:
        """Clear a dead replica's words, so that nothing is kept for it and nobody lists it."""
        number = replica_number(name)
        if number is not None:
            at = replica_word(number, 0) - CONTROL_AT
            os.pwrite(self.ring_fd, bytes(REPLICA_STRIDE), at)


#: Runs in a forked child until it is told to stop.
Role = Callable[[Config, Shared, str, Status], None]


@dataclass(frozen=True, slots=True)
class Roles:
    """What each kind of process runs (the composition root fills this in)."""

    storage: Role
    load_node: Callable[[], Role]  #: loads what writer and replicas need, once; that of both

    def of(self, name: str) -> Role:
        """The role of the process called `name`."""
        return self.storage if is_storage(name) else self.load_node()


class Supervisor:
    """Runs one cluster until it is told to stop.

    announce   called once, when every process serves for the first time
    notify_fd  where to report events as JSON lines (`mysqlcompat.Cluster` listens), or None
    control_path  socket to take requests on (`operations.py`), or None
    """

    def __init__(
        self,
        config: Config,
        shared: Shared,
        roles: Roles,
        private_fds: list[int],
        announce: Callable[[], None],
        notify_fd: int | None = None,
        control_path: str | None = None,
        patience_s: float = STOP_PATIENCE_S,
    ) -> None:
        self.config = config
        self.shared = shared
        self.roles = roles
        self.children: dict[str, Child] = {}
        self.membership = Membership(config.heartbeat_timeout_ms)
        self.restarts = Restarts()
        self.failure = ""  #: why the cluster gave up
        self._private_fds = private_fds
        self._announce = announce
        self._notify_fd = notify_fd
        self._selector = selectors.DefaultSelector()
        self._never_ready = self._everybody()
        self._stopping = False
        self._starting_anew = False
        self._control_path = control_path
        self._patience_s = patience_s  #: for those that are asked to stop
        self._control: ControlServer | None = None

    def _everybody(self) -> list[str]:
        storage = [zone_name(zone) for zone in ZONES] if self.config.zoned else [STORAGE]
        return [*storage, WRITER, *map(replica_name, range(1, self.config.replicas + 1))]

    # -- the whole life -------------------------------------------------------------------

    def run(self) -> int:
        """Start everything, stay until a signal or a hopeless failure, stop everything."""
        wake_read, wake_write = self._catch_signals()
        if self._control_path is not None:
            operations = Operations(self)
            self._control = ControlServer(self._control_path, self._selector, operations.handle)
        try:
            self._start_next()
            self.roles.load_node()  # while storage recovers
            while not self._stopping:
                self._turn()
        finally:
            self._stop_all()
            if self._control is not None:
                self._control.close()
            signal.set_wakeup_fd(-1)
            os.close(wake_read)
            os.close(wake_write)
            self._selector.close()
        if self.failure:
            sys.stderr.write(f"mysqlcompat: {self.failure}\n")
            return 1
        return 0

    def _catch_signals(self) -> tuple[int, int]:
        """Signals become bytes in a pipe, so that they are seen in the loop and nowhere else."""
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._selector.register(read_end, selectors.EVENT_READ, lambda: self._on_signal(read_end))
        self._private_fds += [read_end, write_end, self._selector.fileno()]
        return read_end, write_end

    def _turn(self) -> None:
        self._handle_events()
        now_ms = clock_ms()
        for name in self.membership.tick(now_ms, self._work_of):
            self._carry_out(self.restarts.step(Silent(name, now_ms)))
        self._carry_out(self.restarts.step(Tick(now_ms)))

    def _handle_events(self) -> None:
        """Wait a little for something to happen, and do what is to be done then."""
        for key, _ in self._selector.select(TICK_S):
            if key in self._selector.get_map().values():  # one before it may have ended the process
                key.data()

    def _work_of(self, name: str) -> int:
        child = self.children.get(name)
        return 0 if child is None else child.work_ns()

    def _on_signal(self, pipe: int) -> None:
        os.read(pipe, 4096)
        self._stopping = True

    # -- starting -------------------------------------------------------------------------

    def _start_next(self) -> None:
        """At the first start: storage, then the writer, then all replicas at once."""
        for name in list(self._never_ready):
            if start_order(name)[0] > start_order(self._never_ready[0])[0]:
                break
            if name not in self.children:
                self._start(name)

    def _start(self, name: str) -> None:
        role = self.roles.of(name)
        close = [*self._private_fds, *(self._control.fds if self._control else ())]
        for child in self.children.values():
            close += [child.pidfd, child.status_fd]
        child = fork_child(name, lambda status: role(self.config, self.shared, name, status), close)
        self.children[name] = child
        self.membership.starting(name, clock_ms())
        self._selector.register(child.pidfd, selectors.EVENT_READ, lambda: self._on_death(child))
        self._selector.register(
            child.status_fd, selectors.EVENT_READ, lambda: self._on_message(child)
        )
        self._notify("started", name)

    # -- events ---------------------------------------------------------------------------

    def _on_message(self, child: Child) -> None:
        now_ms = clock_ms()
        for message in child.messages():
            if message.kind == "beat":
                self.membership.beat(child.name, now_ms)
            elif message.kind == "ready":
                self.membership.ready(child.name, now_ms)
                self._notify("ready", child.name)
                self._carry_out(self.restarts.step(Ready(child.name, now_ms)))
                self._on_first_ready(child.name)
            elif message.kind == "waiting":
                sys.stderr.write(f"mysqlcompat: {child.name} waits: {message.text}\n")
            elif message.kind == "failed" and self._never_ready:
                self.failure = message.text
                self._stopping = True
        if child.silent:
            self._stop_listening(child)

    def _on_first_ready(self, name: str) -> None:
        if name not in self._never_ready or self._stopping:
            return
        self._never_ready.remove(name)
        if self._never_ready:
            self._start_next()
        else:
            self._notify("all-ready", name)
            self._announce()

    def _on_death(self, child: Child) -> None:
        self._forget(child)
        reason = child.reap()
        self.shared.forget_replica(child.name)
        self.shared.forget_zone(child.name)
        self.membership.died(child.name)
        self._notify("died", child.name)
        if not self._stopping and not self._starting_anew:
            sys.stderr.write(f"mysqlcompat: {child.name} (pid {child.pid}): {reason}\n")
            self._carry_out(self.restarts.step(Died(child.name, clock_ms(), reason)))

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Start(name):
                    self._start(name)
                case Kill(name):
                    self.children[name].signal(signal.SIGKILL)
                case GiveUp(why):
                    self.failure = why
                    self._stopping = True

    # -- starting anew --------------------------------------------------------------------

    def start_anew(self, between: Callable[[], None], then: Callable[[], None]) -> None:
        """Kill every process and start as after a crash of the machine: nothing is remembered.

        between   called when only storage lives;  then  when every process serves
        """
        self._starting_anew = True
        nodes = [child for child in self.children.values() if not is_storage(child.name)]
        self._kill(nodes)
        between()
        self._kill(list(self.children.values()))
        os.pwrite(self.shared.ring_fd, bytes(CONTROL_BYTES), 0)
        self.restarts = Restarts()
        self._never_ready = self._everybody()
        self._announce = then
        self._starting_anew = False
        self._start_next()

    def _kill(self, group: list[Child]) -> None:
        for child in group:
            child.signal(signal.SIGKILL)
        self._await_deaths(group, self._patience_s)

    # -- stopping -------------------------------------------------------------------------

    def _stop_all(self) -> None:
        """Readers, writer, storage: each is asked, waited for, and killed if it does not go."""
        self._stopping = True
        until = time.monotonic() + self._patience_s
        levels = sorted({start_order(name)[0] for name in self.children}, reverse=True)
        for more, level in zip(range(len(levels), 0, -1), levels, strict=True):
            group = [child for child in self.children.values() if level_of(child) == level]
            for child in group:
                child.signal(signal.SIGTERM)
            self._await_deaths(group, (until - time.monotonic()) / more)

    def _await_deaths(self, group: list[Child], patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while waited_for := [child for child in group if child.name in self.children]:
            late = time.monotonic() > deadline
            for child in waited_for:
                if late or (not is_storage(child.name) and self._storage_has_gone()):
                    child.signal(signal.SIGKILL)
            self._handle_events()

    def _storage_has_gone(self) -> bool:
        """Are there too few storage processes to read a page?"""
        living = sum(is_storage(name) for name in self.children)
        return living < (len(ZONES) - 1 if self.config.zoned else 1)

    def _forget(self, child: Child) -> None:
        self._selector.unregister(child.pidfd)
        self._stop_listening(child)
        del self.children[child.name]

    def _stop_listening(self, child: Child) -> None:
        if child.status_fd in self._selector.get_map():
            self._selector.unregister(child.status_fd)

    def _notify(self, event: str, name: str) -> None:
        if self._notify_fd is None:
            return
        child = self.children.get(name)
        note = {
            "event": event,
            "name": name,
            "pid": child.pid if child else 0,
            "writer_port": self.shared.port(WRITER_ENDPOINT),
            "reader_port": self.shared.port(READER_ENDPOINT),
        }
        try:
            os.write(self._notify_fd, json.dumps(note).encode() + b"\n")
        except BrokenPipeError:
            self._notify_fd = None  # nobody listens any more


def level_of(child: Child) -> int:
    """Which wave of the stop a process belongs to."""
    return start_order(child.name)[0]


def clock_ms() -> int:
    """The supervisor's clock: monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000
