"""One database process, put together: arena, log, volume, engine, sessions, loop.

A writer opens the volume for writing (which fences whoever wrote before), recovers, and answers on
the writer endpoint. A reader follows the ring and answers on the reader endpoint. What a session
needs of either is `node_api.Node`; `ClusterNode` is that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from btree.engine import Engine
from btree.failpoints import POINTS
from mysqlcompat.config import MIB, Config
from mysqlcompat.control_socket import Fields, ask
from mysqlcompat.encryption import encrypt_node
from mysqlcompat.engine_monitor import watch_deadlocks
from mysqlcompat.lane.durability import DurabilityQueue
from mysqlcompat.lane.lane import Lane
from mysqlcompat.lane.lending import Lending
from mysqlcompat.machine import machine_kernels
from mysqlcompat.node_api import Counters, ProcessList, ReplicaStatus
from mysqlcompat.patient_volume import open_volume
from mysqlcompat.plan_cache import PlanCache
from mysqlcompat.storage_watch import StorageWatch
from mysqlcompat.supervisor import Shared
from mysqlcompat.variables import GlobalVariables
from mysqlcompat.write_gate import WriteGate
from redo.arena import Arena, Words
from redo.calls import address_of
from redo.control import (
    CTRL_SUPERVISOR,
    REPLICA_APPLIED,
    REPLICA_CLOCK,
    REPLICA_LAG_US,
    REPLICA_PID,
    REPLICA_STATE,
    REPLICA_VIEW_LOW,
    REPLICAS_MAX,
    STATE_LIVE,
    Control,
    replica_word,
)
from redo.environment import system_environment
from redo.errors import PageUnavailable, VolumeError
from redo.failpoints import arm_from_file
from redo.faults import Faults
from redo.health import is_full
from redo.log import LogWriter, new_state
from redo.state import ST_EPOCH
from replicas.endpoints import replica_name, replica_number
from replicas.failover import WRITER
from replicas.reader import ReadEngine

if TYPE_CHECKING:
    from mysqlcompat.session import Session

#: Private arena besides frames and stream scratch: machine, lane, sessions. Address space, not
#: memory: pages are taken as they are touched.
WORK_BYTES: Final = 8192 * MIB
FAULT_RETRY_S: Final = 0.01  #: after log that a simulated failure has kept away
_SETTLE_S: Final = 0.002  #: between looks whether a new reader may serve
_VIEW_SESSION: Final = CTRL_SUPERVISOR + 8 * 32  #: connections that hold the oldest views


class ClusterNode:
    """A writer or a reader of a cluster (`node_api.Node`)."""

    def __init__(
        self, config: Config, shared: Shared, name: str, waits: Callable[[str], None] | None = None
    ) -> None:
        self.name = name
        self._config = config
        self.server_id = name
        self.read_only = name != WRITER
        self.disk_full = False
        self.processlist = ProcessList()
        self.counters = Counters(started_us=time.time_ns() // 1000)
        self.globals = GlobalVariables(global_values(config, shared, name))
        self.config: Mapping[str, Any] = node_config(config, shared, name)
        private = config.buffer_pool + WORK_BYTES + config.ring_bytes
        self.arena = Arena(shared.ring_fd, private)
        self.control = Control(self.arena)
        self.volume = open_volume(config, shared, self.arena, waits)
        self.st: Words = new_state(self.arena, self.volume.page_bytes)
        self.lane = Lane(self.arena, self.st, address_of(machine_kernels.program_execute))
        self.plans = PlanCache(self.arena, self.lane)
        self.lending = Lending(self.lane)
        self.durability = DurabilityQueue(self.st, self.lane.words)
        self.gate = WriteGate(self.control, self.st, self.durable, self._gate_changed)
        self.engine: Any = None
        self._storage = StorageWatch(config, self.control)
        self._cpu = CpuMeter()
        self._session_id = str(uuid.uuid4())

    def recall(self) -> None:
        """Have the sessions told what the lane has served for them so far."""
        self.lending.recall()

    def is_committing(self, session: Session) -> bool:
        """Does a commit of this session, which the lane serves, wait to be durable?"""
        return self.lending.is_committing(session.connection_id)

    def _gate_changed(self) -> None:
        """While the gate is closed the lane serves no changes."""
        self.processlist.locks.closed_to_writes += 1 if self.gate.closed else -1
        self.lending.recall()

    def durable(self, lsn: int) -> Awaitable[None]:
        """Done as soon as VDL >= `lsn`. The loop's selector publishes before it waits."""
        return self.durability.wait(lsn)

    def clock_us(self) -> int:
        """Wall clock, µs since 1970."""
        return time.time_ns() // 1000

    async def ask_supervisor(self, request: Fields) -> Fields:
        """Have the supervisor do something. Raises VolumeError."""
        done = await asyncio.to_thread(ask, self._config.volume_dir, request)
        if done is None:
            raise VolumeError("the supervisor does not answer")
        return done

    def volume_status(self) -> Fields:
        """What is known of the volume."""
        return self._storage.read()

    def check_plans(self) -> None:
        """Before every turn of the lane: nothing made for an older dictionary is served."""
        version = self.engine.catalog.version
        if version != self.plans.version:
            self.plans.forget(version)

    def fetch_pages(self, page_nos: Sequence[int]) -> None:
        """Bring in the pages that statements in the lane have missed."""
        self.engine.store.fetch_many(page_nos)

    def wake_waiters(self) -> None:
        """After every turn of the lane: whoever waits for a lock that was given back goes on."""
        self.engine.locks.wake()

    def beat(self) -> None:
        """Several times a second: figures of this node for the others."""
        place = self._place
        self.control.put(CTRL_SUPERVISOR + 8 * place, self._cpu.hundredths_of_percent())
        _, holder = self.oldest_view()
        self.control.put(_VIEW_SESSION + 8 * place, holder)

    @property
    def _place(self) -> int:
        """This node's among the words of all: 0 for the writer, then replicas."""
        return 0 if self.name == WRITER else 1 + (replica_number(self.name) or 0)

    def oldest_view(self) -> tuple[int, int]:
        """(lowest transaction that the oldest open view here does not show, its connection)."""
        ctx, low = self.engine.oldest_view()
        for session in self.processlist:
            if ctx and session.ctx == ctx:
                return low, session.connection_id
        return low, 0

    def replica_status(self) -> list[ReplicaStatus]:
        """The writer first, then every reader that is alive."""
        now_us = time.time_ns() // 1000
        vdl = self.control.vdl
        session = self.control.get(_VIEW_SESSION)
        view = 0
        if self.name == WRITER:
            view, session = self.oldest_view()
        master = "MASTER_SESSION_ID"
        writer = (WRITER, True, master, 0.0, now_us, self._cpu_of(0), vdl, vdl, view, session)
        rows = [ReplicaStatus(*writer)]
        return rows + [
            self._reader_status(number, now_us)
            for number in range(REPLICAS_MAX)
            if self._word(number, REPLICA_STATE) == STATE_LIVE
        ]

    def _reader_status(self, number: int, now_us: int) -> ReplicaStatus:
        name = replica_name(number + 1)
        pid = self._word(number, REPLICA_PID)
        return ReplicaStatus(
            server_id=name,
            is_writer=False,
            session_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {pid}")),
            lag_ms=self._word(number, REPLICA_LAG_US) / 1000,
            last_update_us=self._word(number, REPLICA_CLOCK) or now_us,
            cpu_percent=self._cpu_of(number + 1),
            durable_lsn=self.control.vdl,
            applied_lsn=self._word(number, REPLICA_APPLIED),
            view_trx_id=self._word(number, REPLICA_VIEW_LOW),
            view_session=self.control.get(_VIEW_SESSION + 8 * (number + 1)),
        )

    def _word(self, number: int, word: int) -> int:
        return self.control.get(replica_word(number, word))

    def _cpu_of(self, place: int) -> float:
        return self.control.get(CTRL_SUPERVISOR + 8 * place) / 100


class WriterNode(ClusterNode):
    """The one process that changes pages.

    waits   told why it cannot begin yet
    """

    def __init__(
        self, config: Config, shared: Shared, name: str, waits: Callable[[str], None]
    ) -> None:
        super().__init__(config, shared, name, waits)
        self.log = LogWriter(self.arena, self.st, shared.copy_wakes, shared.writer_wake)
        for number, fd in enumerate(shared.reader_wakes):
            self.log.follow(number, fd)
        recovered = self.volume.open_writer()
        encrypt_node(config, self.arena, self.st)
        self.log.open(recovered)
        arm_from_file(self.st, POINTS)
        self.engine = Engine(self.arena, self.st, self.log, self.volume, config.buffer_pool)
        watch_deadlocks(self)
        self.volume.begins(waits)
        self.is_new = self.engine.is_empty()
        if self.is_new:
            self.engine.create()
        else:
            self.engine.open()
        self.volume.begins(None)

    @property
    def is_fenced(self) -> bool:
        """Somebody with a newer epoch owns the volume: this process must end."""
        return self.control.epoch != int(self.st[ST_EPOCH])

    def beat(self) -> None:
        """Look at what others do."""
        super().beat()
        self._look_for_room()
        self.log.advance()
        self.gate.look()

    def _look_for_room(self) -> None:
        """While the volume's disks are full changes are refused, and the lane serves none."""
        full = is_full(self.control)
        if full != self.disk_full:
            self.disk_full = full
            self.processlist.locks.closed_to_writes += 1 if full else -1


class ReaderNode(ClusterNode):
    """A process that follows.

    waits   told why it cannot begin yet
    """

    def __init__(
        self, config: Config, shared: Shared, name: str, waits: Callable[[str], None]
    ) -> None:
        super().__init__(config, shared, name)
        self.volume.begins(waits)
        number = replica_number(name)
        assert number is not None
        self._number = number
        self._faults = Faults(system_environment(), self.control)
        self.wake_fd = shared.reader_wakes[number]
        encrypt_node(config, self.arena, self.st)
        self.engine = ReadEngine(self.arena, self.st, self.volume, config.buffer_pool, number)
        while not self.engine.is_settled:
            if not self.engine.advance():
                time.sleep(_SETTLE_S)
            self.engine.hold_views()
        self.volume.begins(None)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Apply whenever the writer signals that VDL moved."""
        loop.add_reader(self.wake_fd, self._on_wake, loop)
        loop.call_soon(self._follow, loop)

    def _on_wake(self, loop: asyncio.AbstractEventLoop) -> None:
        os.eventfd_read(self.wake_fd)
        self.engine.applier.woken()
        self._follow(loop)

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Apply a turn's worth; go on in the next turn when there is more, sleep otherwise."""
        try:
            fails = self._faults.stream_fails(self._number)
            more = not fails and (self.engine.advance() or not self.engine.applier.sleep())
        except VolumeError:  # it goes on when pages can be read again
            fails = True
        if fails:
            loop.call_later(FAULT_RETRY_S, self._follow, loop)
        elif more:
            loop.call_soon(self._follow, loop)

    def beat(self) -> None:
        """Tell the writer which versions must stay: as before, while pages cannot be read."""
        super().beat()
        with contextlib.suppress(PageUnavailable):
            self.engine.hold_views()


class CpuMeter:
    """This process's use of one CPU between two looks."""

    def __init__(self) -> None:
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    def hundredths_of_percent(self) -> int:
        """CPU time over wall time since the last call, 10000 for one CPU."""
        wall, cpu = time.monotonic(), time.process_time()
        used = (cpu - self._cpu) / max(wall - self._wall, 1e-9)
        self._wall, self._cpu = wall, cpu
        return round(used * 10_000)


def node_config(config: Config, shared: Shared, name: str) -> dict[str, Any]:
    """The settings that sessions may look at."""
    endpoint = "writer" if name == WRITER else "reader"
    return {
        "port": shared.port(endpoint),
        "data": str(config.data),
        "version": config.server_version,
        "bind": config.bind,
        "name": name,
        "backup_url": config.backup_url,
        "backtrack_window": config.backtrack_window,
    }


def global_values(config: Config, shared: Shared, name: str) -> list[tuple[str, Any]]:
    """System variables whose value this node knows better than the table."""
    endpoint = "writer" if name == WRITER else "reader"
    reads = name != WRITER
    return [
        ("hostname", socket.gethostname()),
        ("port", shared.port(endpoint)),
        ("datadir", f"{config.data}/"),
        ("version", config.server_version),
        ("max_connections", config.max_connections),
        ("innodb_buffer_pool_size", config.buffer_pool),
        ("innodb_page_size", config.page_bytes),
        ("read_only", reads),
        ("innodb_read_only", reads),
        ("aurora_server_id", name),
    ]
