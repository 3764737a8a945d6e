"""What the wire asks of the layer above it: protocols, implemented by `mysqlcompat.session`.

All methods may raise `SqlError`, which the client sees as an ERR packet while the connection goes
on. One command runs at a time on a session; `close` may come at any moment and cancels nothing by
itself (the wire has already cancelled the command's task).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mysqlcompat.results import ColumnDef, Parameter, PreparedInfo, Result, StateChange


@dataclass(frozen=True, slots=True)
class Credentials:
    """How an account proves who it is.

    plugin  "caching_sha2_password" or "mysql_native_password"
    secret  what mysql.user.authentication_string holds (`auth.hash_password`); empty: no password,
            accepted from loopback only
    """

    user: str
    host: str
    plugin: str = "caching_sha2_password"
    secret: bytes = b""


class Accounts(Protocol):
    """Who may log in."""

    def lookup(self, user: str, host: str) -> Credentials | None:
        """The account that matches best, or None. `host` is "localhost" or an IP address."""
        ...


@dataclass(slots=True)
class Client:
    """One logged-in client, as `Sessions.open` gets it."""

    connection_id: int
    user: str
    host: str  #: "localhost" or an address: what CURRENT_USER() and the process list show
    port: int
    account: Credentials
    database: str  #: as given at login; "" for none
    collation: int  #: id the client asked for
    capabilities: int
    secure: bool  #: TLS
    cipher: str = ""
    tls_version: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    #: Break the connection off (KILL): the running command is cancelled. Set by the wire.
    disconnect: Callable[[], None] = lambda: None
    #: Bytes received and sent so far. Set by the wire.
    traffic: Callable[[], tuple[int, int]] = lambda: (0, 0)


class Session(Protocol):
    """One client's session.

    status             STATUS_… flags now (without those the wire adds)
    results_collation  id behind character_set_results; 0 when it is NULL
    results_codec      Python's name of it; "" when rows go out as they are, in UTF-8
    wait_timeout       seconds of silence before the connection is closed
    max_allowed_packet bytes a packet from the client may have
    """

    @property
    def status(self) -> int: ...
    @property
    def results_collation(self) -> int: ...
    @property
    def results_codec(self) -> str: ...
    @property
    def wait_timeout(self) -> float: ...
    @property
    def max_allowed_packet(self) -> int: ...

    def query(
        self, sql: bytes, multi: bool, attributes: Sequence[Parameter]
    ) -> AsyncIterator[Result]:
        """Run statement after statement (one only, unless `multi`).

        Rows must be read to their end, or closed, before the next result is asked for.
        """
        ...

    async def prepare(self, sql: bytes) -> PreparedInfo: ...

    def execute(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> AsyncIterator[Result]:
        """Run a prepared statement; its rows come in the binary protocol."""
        ...

    def close_statement(self, statement: PreparedInfo) -> None: ...

    async def init_db(self, database: bytes) -> None: ...

    async def field_list(self, table: bytes, pattern: bytes) -> Sequence[ColumnDef]:
        """Columns of a table of the current database, with defaults (COM_FIELD_LIST)."""
        ...

    async def statistics(self) -> str:
        """The one line of COM_STATISTICS (`mysqladmin status`)."""
        ...

    async def kill(self, connection_id: int) -> None:
        """COM_PROCESS_KILL."""
        ...

    async def reset(self) -> None:
        """COM_RESET_CONNECTION: roll back, forget variables; the wire closes the statements."""
        ...

    def lane_terms(self) -> Any:
        """`lane.lending.Terms` under which commands may be served without Python; None: not now."""
        ...

    def lane_served(self, served: Any) -> None:
        """`lane.lending.Served`: statements were run without Python."""
        ...

    def lane_program(
        self, statement: PreparedInfo, parameters: Sequence[Parameter]
    ) -> tuple[int, int, bytes, bytes, int, Any] | None:
        """Context, program, wire types of its parameters, head packets, how many these are, where
        slots come from: what the lane needs to run the statement's next executions. None when it
        cannot."""
        ...

    def take_changes(self) -> Sequence[StateChange]:
        """State changes since the last call, for session tracking."""
        ...

    async def end(self) -> None:
        """The client is gone, or another one takes over: roll back, which may have to wait."""
        ...

    def close(self) -> None:
        """After `end`: release everything."""
        ...


class Sessions(Protocol):
    """Where sessions come from."""

    @property
    def accounts(self) -> Accounts: ...

    async def open(self, client: Client) -> Session:
        """A session for a client who has proved who he is; SqlError (1049, 1044 …) refuses him."""
        ...

    def aborted(self, logged_in: bool) -> None:
        """A connection has ended otherwise than by COM_QUIT: in its login, or afterwards."""
        ...
