"""A node in this process: a real engine on a `LocalVolume`, real sessions, perhaps a server.

`serve` runs the server on a thread of its own; the engine then belongs to that thread.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from btree.engine import Engine
from mysqlcompat.engine_monitor import watch_deadlocks
from mysqlcompat.errors import SqlError
from mysqlcompat.lane.lane import Lane
from mysqlcompat.machine import machine_kernels
from mysqlcompat.node_api import Counters, ProcessList, ReplicaStatus
from mysqlcompat.plan_cache import PlanCache
from mysqlcompat.results import Ok, Rows
from mysqlcompat.session import Session
from mysqlcompat.sessions import NodeSessions
from mysqlcompat.variables import GlobalVariables
from mysqlcompat.wire.server import Server
from mysqlcompat.write_gate import WriteGate
from redo.calls import address_of
from redo.errors import VolumeError
from redo.volume import LocalVolume

#: Room for long texts of many rows; what nobody uses costs nothing.
_PRIVATE_BYTES = 2 << 30


class LocalNode:
    """Satisfies `node_api.Node`."""

    def __init__(
        self,
        directory: Path,
        read_only: bool = False,
        pool_bytes: int = 16 << 20,
        **volume: Any,
    ) -> None:
        """`volume`: further options of `LocalVolume`."""
        self.volume = LocalVolume(
            str(directory),
            ring_bytes=1 << 22,
            private_bytes=_PRIVATE_BYTES,
            durable=False,
            **volume,
        )
        arena, st, log = self.volume.arena, self.volume.st, self.volume.log
        self.engine = Engine(arena, st, log, self.volume, pool_bytes)
        if self.engine.is_empty():
            self.engine.create()
        else:
            self.engine.open()
        self.lane = Lane(arena, st, address_of(machine_kernels.program_execute))
        self.plans = PlanCache(arena, self.lane)
        self.control = self.volume.storage.control
        self.read_only = read_only
        self.disk_full = False
        self.gate = WriteGate(self.control, st, self.durable)
        self.server_id = "local"
        self.processlist = ProcessList()
        self.counters = Counters(started_us=time.time_ns() // 1000)
        self.globals = GlobalVariables()
        self.config: dict[str, Any] = {"port": 0, "version": "8.4.6"}
        watch_deadlocks(self)

    def recall(self) -> None:
        """No lane here."""

    def is_committing(self, session: Session) -> bool:
        return False

    async def durable(self, lsn: int) -> None:
        self.volume.log.publish()
        self.volume.log.wait_durable(lsn)

    def clock_us(self) -> int:
        return time.time_ns() // 1000

    async def ask_supervisor(self, request: dict[str, Any]) -> dict[str, Any]:
        raise VolumeError("there is no supervisor")

    def volume_status(self) -> dict[str, Any]:
        return self.volume.storage.status()

    def replica_status(self) -> list[ReplicaStatus]:
        return [ReplicaStatus(self.server_id, True, "MASTER_SESSION_ID")]

    def close(self) -> None:
        self.volume.close()


@contextmanager
def local_node(directory: Path, read_only: bool = False) -> Iterator[LocalNode]:
    node = LocalNode(directory, read_only)
    try:
        yield node
    finally:
        node.close()


class Talk:
    """A session spoken to in text: `run` gives rows as lists of text, or the Ok, or the error."""

    def __init__(self, node: LocalNode) -> None:
        self.node = node
        self.sessions = NodeSessions(node, "")  # type: ignore[arg-type]
        self.session: Session = asyncio.run(self.sessions.open(self.sessions.own_client()))

    def run(self, sql: str) -> Any:
        return asyncio.run(self.ask(sql))

    def done(self, sql: str) -> Any:
        """As `run`, and an error is the test's."""
        answer = self.run(sql)
        assert not isinstance(answer, SqlError), (sql, answer)
        return answer

    async def ask(self, sql: str) -> Any:
        try:
            answers = [
                result if isinstance(result, Ok) else await texts_of(result)
                async for result in self.session.query(sql.encode(), False)
            ]
        except SqlError as error:
            return error
        return answers[-1]


async def texts_of(result: Any, binary: bool = False) -> list[Any]:
    """Rows as lists of text; of the binary protocol, what follows the NULL bitmap."""
    assert isinstance(result, Rows)
    packets, sequence = b"", 1
    while True:
        chunk = await result.source.read(sequence, 0)
        packets, sequence = packets + chunk.packets, chunk.sequence
        if chunk.end:
            break
    return _binary_rows(packets) if binary else _rows(packets, len(result.columns))


def _binary_rows(packets: bytes) -> list[bytes]:
    rows = []
    while packets:
        size = int.from_bytes(packets[:3], "little")
        rows.append(packets[6 : 4 + size])
        packets = packets[4 + size :]
    return rows


def _rows(packets: bytes, count: int) -> list[list[str | None]]:
    rows, at = [], 0
    while at < len(packets):
        at += 4
        row: list[str | None] = []
        for _ in range(count):
            size, at = packets[at], at + 1
            if size == 0xFB:
                row.append(None)
                continue
            if size >= 0xFC:
                width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[size]
                size, at = int.from_bytes(packets[at : at + width], "little"), at + width
            row.append(packets[at : at + size].decode())
            at += size
        rows.append(row)
    return rows


@contextmanager
def serve(directory: Path) -> Iterator[int]:
    """A server over a new node; the port it listens on."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready, failures = threading.Event(), []
    stop: list[Any] = []

    async def main() -> None:
        with local_node(directory / "data") as node:
            config = SimpleNamespace(server_version="8.4.6", max_connections=100, data=directory)
            server = Server(NodeSessions(node, ""), config)  # type: ignore[arg-type]
            await server.start([listener])
            end = asyncio.Event()
            stop.append((asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()
            await server.close()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # told to the test below
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    if failures:
        raise failures[0]
    try:
        yield listener.getsockname()[1]
    finally:
        loop, end = stop[0]
        loop.call_soon_threadsafe(end.set)
        thread.join()
