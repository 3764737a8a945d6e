"""Listening sockets, all connections, and the clock that ends silent ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from mysqlcompat.errors import SqlError
from mysqlcompat.wire.auth import Authenticator
from mysqlcompat.wire.channel import Channel
from mysqlcompat.wire.columns import error_packet
from mysqlcompat.wire.connection import LOGIN_BYTES, Connection
from mysqlcompat.wire.encode import packets_of
from mysqlcompat.wire.sessions import Sessions
from mysqlcompat.wire.tls import Identity

_FIRST_ID: Final = 8
_BACKLOG: Final = 1024


class ServerConfig(Protocol):
    """What of the configuration concerns the wire."""

    @property
    def server_version(self) -> str: ...
    @property
    def max_connections(self) -> int: ...
    @property
    def data(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and counts.

    connect_timeout  from the connection to the end of the login
    write_timeout    for a client that does not read what was sent
    sweep            how often deadlines are looked at
    statements       prepared statements a connection may have
    """

    connect_timeout: float = 10.0
    write_timeout: float = 60.0
    sweep: float = 0.25
    statements: int = 16382


class Server:
    """The MySQL server as clients see it: `start` on sockets, `close`.

    sessions  what makes sessions of logged-in clients
    on_ready  called with each connection whose login is over (the lane takes over plain ones)
    most      how many connections there may be now; None: what the configuration says
    """

    def __init__(
        self,
        sessions: Sessions,
        config: ServerConfig,
        limits: Limits | None = None,
        on_ready: Callable[[Connection], None] | None = None,
        most: Callable[[], int] | None = None,
    ) -> None:
        self.sessions = sessions
        self.version = config.server_version
        self.limits = limits or Limits()
        self.identity = Identity(config.data / "tls")
        self.authenticator = Authenticator(sessions.accounts, self.identity.password_key)
        self._most = most or (lambda: config.max_connections)
        self._on_ready = on_ready
        self._connections: dict[int, Connection] = {}
        self._ids = count(_FIRST_ID)
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.refused = 0  #: clients turned away because there were too many

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections.values()))

    def __len__(self) -> int:
        return len(self._connections)

    def now(self) -> float:
        assert self._loop is not None
        return self._loop.time()

    async def start(self, listeners: Iterable[socket.socket]) -> None:
        """Accept on sockets that are bound already."""
        self._loop = asyncio.get_running_loop()
        for listener in listeners:
            self._servers.append(
                await self._loop.create_server(self._channel, sock=listener, backlog=_BACKLOG)
            )
        self._sweeper = self._loop.create_task(self._sweep())

    async def close(self) -> None:
        """Accept nobody any more, break every connection off."""
        for server in self._servers:
            server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        tasks = [connection.cancel() for connection in self]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)

    def ready(self, connection: Connection) -> None:
        """A connection's login is over."""
        if self._on_ready is not None:
            self._on_ready(connection)

    def forget(self, connection: Connection) -> None:
        self._connections.pop(connection.id, None)

    def _channel(self) -> Channel:
        return Channel(LOGIN_BYTES, self._accept)

    def _accept(self, channel: Channel) -> None:
        if len(self._connections) >= self._most():
            self.refused += 1
            channel.write(packets_of(error_packet(SqlError(1040)), 0)[0])
            channel.close(self.limits.connect_timeout)
            return
        connection = Connection(self, channel, next(self._ids))
        self._connections[connection.id] = connection
        connection.start()

    async def _sweep(self) -> None:
        """End what is overdue. One task for all: a timer for each command would cost more."""
        while True:
            await asyncio.sleep(self.limits.sweep)
            now = self.now()
            for connection in self:
                if 0.0 < connection.deadline < now:
                    connection.expire()
