"""A small real server on a port of its own, whose sessions answer a few constant statements.

The sessions are complete implementations of `wire.sessions.Session` over constant data, so the wire
is tested without SQL: what a statement text means is a table, `STATEMENTS`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from mysqlcompat import results as r
from mysqlcompat.errors import SqlError
from mysqlcompat.results import (
    ColumnDef,
    Ok,
    Parameter,
    PreparedInfo,
    Result,
    Rows,
    StateChange,
)
from mysqlcompat.wire.auth import hash_password, native_secret
from mysqlcompat.wire.encode import PythonRows
from mysqlcompat.wire.server import Limits, Server
from mysqlcompat.wire.sessions import Accounts, Client, Credentials

NUMBER = ColumnDef("n", r.WIRE_LONGLONG, 21, flags=r.FLAG_NOT_NULL | r.FLAG_BINARY)
TEXT = ColumnDef("s", r.WIRE_VAR_STRING, 400, collation=255, decimals=31)
PARAMETER = ColumnDef("?", r.WIRE_VAR_STRING, 65532, collation=255)

#: Statement text → (columns, rows).
TABLES: dict[str, tuple[tuple[ColumnDef, ...], Sequence[Sequence[Any]]]] = {
    "select 1": ((replace(NUMBER, name="1"),), [[1]]),
    "select seven": ((NUMBER, TEXT), [[i, f"row {i}"] for i in range(7)]),
    "select none": ((NUMBER,), []),
    "select mixed": (
        (
            NUMBER,
            TEXT,
            ColumnDef("d", r.WIRE_NEWDECIMAL, 14, decimals=2),
            ColumnDef("f", r.WIRE_DOUBLE, 22, decimals=31),
            ColumnDef("t", r.WIRE_DATETIME, 19),
            ColumnDef("tm", r.WIRE_TIME, 10),
            ColumnDef("tiny", r.WIRE_TINY, 4),
        ),
        [
            [2**62, "añb", Decimal("-1.50"), 1e20, 0x7D0 * 13 + 2 << 46 | 3 << 41, -(5 << 36), -5],
            [None] * 7,
        ],
    ),
    "select wide": ((TEXT,), [["x" * 17_000_000], ["y"]]),
    "select many": ((NUMBER, TEXT), [[i, "m" * 1000] for i in range(20_000)]),
}


class ScriptedSession:
    """One client's session."""

    def __init__(self, owner: ScriptedSessions, client: Client) -> None:
        self.owner = owner
        self.client = client
        self.status = r.STATUS_AUTOCOMMIT
        self.results_collation = 255
        self.results_codec = ""
        self.wait_timeout = owner.wait_timeout
        self.max_allowed_packet = 64 << 20
        self.parameters: Sequence[Parameter] = ()
        self.closed_statements = 0
        self._changes: list[StateChange] = []
        if client.database:
            self._use(client.database)

    def _use(self, database: str) -> None:
        if database == "nowhere":
            raise SqlError(1049, database)
        self._changes.append(StateChange(r.TRACK_SCHEMA, "", database))

    async def query(
        self, sql: bytes, multi: bool, attributes: Sequence[Parameter]
    ) -> AsyncIterator[Result]:
        self.parameters = attributes
        texts = [text.strip() for text in sql.decode("utf-8", "replace").split(";") if text.strip()]
        if len(texts) > 1 and not multi:
            raise SqlError(1064, "You have an error in your SQL syntax;", texts[1], 1)
        for number, text in enumerate(texts):
            yield await self._run(text, False, number < len(texts) - 1)

    async def _run(self, text: str, binary: bool, more: bool) -> Result:
        lowered = text.lower()
        if lowered in TABLES:
            columns, rows = TABLES[lowered]
            return Rows(columns, PythonRows(columns, rows, binary), more=more)
        if lowered == "select params":
            values = [[repr(tuple(parameter))] for parameter in self.parameters]
            return Rows((TEXT,), PythonRows((TEXT,), values, binary), more=more)
        if lowered == "begin":
            self.status |= r.STATUS_IN_TRANSACTION
        elif lowered == "set autocommit=0":
            self.status &= ~r.STATUS_AUTOCOMMIT
            change = StateChange(r.TRACK_SYSTEM_VARIABLE, "autocommit", "OFF")
            self._changes.append(change)
        elif lowered == "update":
            return Ok(2, 0, "Rows matched: 3  Changed: 2  Warnings: 1", 1, more)
        elif lowered == "insert":
            return Ok(1, 2**40, more=more)
        elif lowered == "sleep":
            await asyncio.get_running_loop().create_future()  # until cancelled
        elif lowered == "crash":
            raise ZeroDivisionError("a bug")
        elif not lowered.startswith(("set", "use", "commit", "rollback", "create")):
            raise SqlError(1064, "You have an error in your SQL syntax;", text, 1)
        return Ok(more=more)

    async def prepare(self, sql: bytes) -> PreparedInfo:
        text = sql.decode("utf-8", "replace")
        columns: tuple[ColumnDef, ...] = (TEXT,)
        if text.lower() in TABLES:
            columns = TABLES[text.lower()][0]
        elif "params" not in text:
            raise SqlError(1064, "You have an error in your SQL syntax;", text, 1)
        return PreparedInfo((PARAMETER,) * text.count("?"), columns, handle=text)

    async def execute(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> AsyncIterator[Result]:
        self.parameters = parameters
        text = str(statement.handle)
        yield await self._run(text.split("?")[0].strip(), True, False)

    def close_statement(self, statement: PreparedInfo) -> None:
        self.closed_statements += 1

    async def init_db(self, database: bytes) -> None:
        self._use(database.decode("utf-8", "replace"))

    async def field_list(self, table: bytes, pattern: bytes) -> Sequence[ColumnDef]:
        if table != b"t":
            raise SqlError(1146, "shop", repr(table))
        return [replace(NUMBER, default=b"5"), TEXT]

    async def statistics(self) -> str:
        return "Uptime: 1  Threads: 1"

    async def kill(self, connection_id: int) -> None:
        for session in self.owner.open_sessions:
            if session.client.connection_id == connection_id:
                session.client.disconnect()
                return
        raise SqlError(1094, connection_id)

    async def reset(self) -> None:
        self.status = r.STATUS_AUTOCOMMIT

    def take_changes(self) -> Sequence[StateChange]:
        changes, self._changes = self._changes, []
        return changes

    async def end(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        self.owner.open_sessions.remove(self)


class Book:
    """Accounts by name, from anywhere."""

    def __init__(self) -> None:
        self.entries = {
            "root": Credentials("root", "localhost"),
            "sha": Credentials("sha", "%", secret=hash_password("geheim")),
            "nat": Credentials("nat", "%", "mysql_native_password", native_secret("alt")),
        }

    def lookup(self, user: str, host: str) -> Credentials | None:
        return self.entries.get(user)


class ScriptedSessions:
    """Satisfies `wire.sessions.Sessions`."""

    def __init__(self) -> None:
        self.accounts: Accounts = Book()
        self.open_sessions: list[ScriptedSession] = []
        self.abortions: list[bool] = []  #: whether those who said no farewell were logged in
        self.wait_timeout = 600.0

    async def open(self, client: Client) -> ScriptedSession:
        session = ScriptedSession(self, client)
        self.open_sessions.append(session)
        return session

    def aborted(self, logged_in: bool) -> None:
        self.abortions.append(logged_in)


@dataclass
class Config:
    data: Path
    server_version: str = "8.4.6"
    max_connections: int = 200


@dataclass
class Running:
    """A server that runs in a thread of its own."""

    server: Server
    sessions: ScriptedSessions
    port: int
    loop: asyncio.AbstractEventLoop = field(repr=False)

    def do(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(300)


@contextmanager
def running(
    data: Path, limits: Limits | None = None, max_connections: int = 200
) -> Iterator[Running]:
    """A server on a free port, until the block is left."""
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sessions = ScriptedSessions()

    async def start() -> Server:
        server = Server(sessions, Config(data, max_connections=max_connections), limits)
        await server.start([listener])
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(300)
    try:
        yield Running(server, sessions, listener.getsockname()[1], loop)
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(300)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
