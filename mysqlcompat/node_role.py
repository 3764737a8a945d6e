"""The database processes: the bodies of the supervisor's writer and replica children."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.encryption import await_key
from mysqlcompat.lane.selector import new_loop
from mysqlcompat.node import ClusterNode, ReaderNode, WriterNode
from mysqlcompat.sessions import NodeSessions, run_script
from mysqlcompat.storage_role import BEAT_S, start_logging
from mysqlcompat.supervisor import Role, Shared
from mysqlcompat.wire.server import Server
from redo.errors import StaleEpoch
from replicas.endpoints import endpoints_of
from replicas.failover import WRITER

PURGE_IDLE_S: Final = 0.1
BACKGROUND_S: Final = 0.002  #: at a time
PURGE_BUSY_S: Final = 0.005  #: between two times, while there is more to do


def node_role(script: str) -> Role:
    """Role of writer and readers. `script`: SQL that a writer of a new volume runs first."""

    def run(config: Config, shared: Shared, name: str, status: Status) -> None:
        start_logging(name)
        await_key(config, status)
        if name == WRITER:
            run_writer(config, shared, status, script)
        else:
            run_reader(config, shared, name, status)

    return run


def run_writer(config: Config, shared: Shared, status: Status, script: str) -> None:
    """The writer, until SIGTERM or until it is fenced."""
    node = WriterNode(config, shared, WRITER, status.waiting)
    loop = new_loop(
        node.lane,
        node.durability,
        shared.writer_wake,
        node.check_plans,
        node.wake_waiters,
        node.fetch_pages,
    )
    asyncio.set_event_loop(loop)
    sessions = NodeSessions(node, config.password)
    if node.is_new and script:
        loop.run_until_complete(run_script(sessions, script))
    life = NodeLife(node, loop, status)
    life.keep(lambda: _in_background(node))
    life.serve(config, shared, sessions)


def _in_background(node: WriterNode) -> float:
    """Rollbacks of a former life, purge, freeing of dropped tables: two milliseconds of it.

    -> seconds until the next time: a quarter of the loop is given to it while there is a backlog
    """
    if node.is_fenced:
        raise StaleEpoch("a newer writer owns the volume")
    if node.gate.closed:
        return PURGE_IDLE_S  # all of it writes
    until = time.monotonic() + BACKGROUND_S
    more = True
    while more and time.monotonic() < until:
        more = node.engine.background_step()
    return PURGE_BUSY_S if more else PURGE_IDLE_S


def run_reader(config: Config, shared: Shared, name: str, status: Status) -> None:
    """A reader, until SIGTERM."""
    node = ReaderNode(config, shared, name, status.waiting)
    loop = new_loop(node.lane, node.durability, before=node.check_plans, fetch=node.fetch_pages)
    asyncio.set_event_loop(loop)
    node.watch(loop)
    NodeLife(node, loop, status).serve(config, shared, NodeSessions(node, config.password))


class NodeLife:
    """A node's loop: what happens regularly, serving, and the end.

    An error in regular work ends the process: the supervisor starts another one, which recovers. A
    node that goes on without purge, or fenced, would be worse than one that is gone for a second.
    """

    def __init__(self, node: ClusterNode, loop: asyncio.AbstractEventLoop, status: Status) -> None:
        self._node = node
        self._loop = loop
        self._status = status
        self._stop = asyncio.Event()
        self._failure: Exception | None = None

    def every(self, seconds: float, step: Callable[[], None]) -> None:
        """Call `step` now and then, for good."""

        def timed() -> float:
            step()
            return seconds

        self.keep(timed)

    def keep(self, step: Callable[[], float]) -> None:
        """Call `step` for good; it says after how many seconds the next time."""

        def again() -> None:
            try:
                seconds = step()
            except Exception as error:
                self.fail(error)
            else:
                self._loop.call_later(seconds, again)

        self._loop.call_soon(again)

    def fail(self, error: Exception) -> None:
        """End this process because of `error`."""
        self._failure = self._failure or error
        self._stop.set()

    def serve(self, config: Config, shared: Shared, sessions: NodeSessions) -> None:
        """Accept on this node's endpoints until SIGTERM, then close every connection."""
        self._loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        self.every(BEAT_S, self._beat)
        names = endpoints_of(self._node.name, config.replicas)
        listeners = [shared.listeners[name] for name in names]
        self._loop.run_until_complete(self._serve(config, listeners, sessions))
        self._loop.close()

    async def _serve(
        self, config: Config, listeners: list[socket.socket], sessions: NodeSessions
    ) -> None:
        server = Server(sessions, config, on_ready=self._node.lending.ready, most=self._most)
        await server.start(listeners)
        self._node.beat()
        self._status.ready()
        await self._stop.wait()
        await server.close()
        if self._failure is not None:
            raise self._failure

    def _most(self) -> int:
        """max_connections as it is now, and one for SUPER, which every account here has."""
        return int(self._node.globals.get("max_connections")) + 1  # type: ignore[arg-type]

    def _beat(self) -> None:
        self._node.beat()
        self._status.beat()
