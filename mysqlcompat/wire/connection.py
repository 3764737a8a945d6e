"""One client: greeting, login, then command after command until one side has enough.

::

    accepted ─► greeting ─► [TLS] ─► login packet ─► authenticate ─► Session ─► OK
                                                        │ refused: ERR             │
                                                        ▼                          ▼
                                                     closed ◄── QUIT, lost ── command loop

I1  No command is looked at before `authenticate` returned an account: the loop needs the session,
    and only `_login` makes one.
I2  Every packet of a reply is numbered by `send` or by a `RowSource` which was told the number.
I3  A command's errors end the command; malformed framing, wrong numbers and sizes end the
    connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError, translate
from mysqlcompat.results import STATUS_AUTOCOMMIT
from mysqlcompat.wire import constants as c
from mysqlcompat.wire import handshake
from mysqlcompat.wire.auth import CACHING_SHA2, is_loopback
from mysqlcompat.wire.channel import Channel, ConnectionLost
from mysqlcompat.wire.columns import error_packet, ok_packet
from mysqlcompat.wire.commands import HANDLERS, Statements
from mysqlcompat.wire.encode import packets_of
from mysqlcompat.wire.fields import Malformed
from mysqlcompat.wire.framing import OutOfOrder, Packet, PacketTooLarge
from mysqlcompat.wire.handshake import Login
from mysqlcompat.wire.sessions import Client, Credentials, Session

if TYPE_CHECKING:
    from mysqlcompat.wire.server import Server

log = logging.getLogger(__name__)

LOGIN_BYTES: Final = 1 << 17  #: most bytes of a packet before the login is over
_FLUSH_BYTES: Final = 1 << 16


class Connection:
    """One client's connection. `deadline`: loop time at which `expire` is due, 0: none."""

    def __init__(self, server: Server, channel: Channel, connection_id: int) -> None:
        self.server = server
        self.channel = channel
        self.id = connection_id
        self.host, self.port = self._peer(channel)
        self.capabilities = c.SERVER_CAPABILITIES
        self.multi_statements = False
        self.statements = Statements(server.limits.statements)
        self.sequence = 0
        self.deadline = server.now() + server.limits.connect_timeout
        self._session: Session | None = None
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._idle = False
        self._killed = False
        self._said_farewell = False
        self._counted = (0, 0)  #: bytes received and sent in earlier sessions
        self._task: asyncio.Task[None] | None = None

    @staticmethod
    def _peer(channel: Channel) -> tuple[str, int]:
        address, port = channel.peer
        address = address.removeprefix("::ffff:")
        return ("localhost" if is_loopback(address) else address), port

    @property
    def session(self) -> Session:
        """The session; there is one as soon as the login is over."""
        assert self._session is not None  # I1
        return self._session

    @property
    def has_session(self) -> bool:
        """Whether somebody is logged in: not before the login, nor while a user changes."""
        return self._session is not None

    @property
    def secure(self) -> bool:
        return self.channel.secure

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self.run())

    def cancel(self) -> asyncio.Task[None] | None:
        """Break off whatever runs and close (KILL, shutdown). The task, for those who wait."""
        if self._task is not None:
            self._task.cancel()
        return self._task

    async def run(self) -> None:
        """The whole life of the connection. Never raises."""
        try:
            if await self._login():
                self.server.ready(self)
                while await self._command():
                    pass
        except ConnectionLost:
            pass
        except asyncio.CancelledError:
            log.debug("connection %d from %s was broken off", self.id, self.host)
        except PacketTooLarge as error:
            self.sequence = error.sequence + 1 & 255
            self._refuse(SqlError(1153), str(error))
        except OutOfOrder as error:
            self._refuse(SqlError(1156), str(error))
        except Malformed as error:
            self._refuse(SqlError(1835 if self._session else 1043), str(error))
        except Exception as error:  # ours: it ends this connection, not the server
            self._refuse(translate(error), "unforeseen")
        finally:
            await self._close()

    def expire(self) -> None:
        """The deadline has passed: silence, a login that does not end, a reader that reads not."""
        self.deadline = 0.0
        lender = self.channel.lender
        if self._idle and lender is not None and lender.recall():
            self.deadline = self.server.now() + self.session.wait_timeout
            lender.idle()
        elif self._idle:
            self.sequence = 0
            self._refuse(SqlError(4031), "wait_timeout")
            self.channel.close(self.server.limits.write_timeout)
        else:
            log.info("connection %d from %s: timeout", self.id, self.host)
            self.channel.abort()

    # Packets

    def send(self, payload: bytes) -> None:
        """Queue one payload."""
        packets, self.sequence = packets_of(payload, self.sequence)
        self.push(packets)

    def push(self, packets: bytes) -> None:
        """Queue whole packets, numbered by their maker."""
        self._out.append(packets)
        self._out_bytes += len(packets)

    def flush(self) -> None:
        """Hand what is queued to the channel."""
        if self._out:
            self.channel.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
            self._out.clear()
            self._out_bytes = 0

    async def flush_some(self) -> None:
        """Flush when much is queued, and wait for a slow reader. Raises ConnectionLost."""
        if self._out_bytes >= _FLUSH_BYTES:
            self.flush()
            await self._drain()

    async def _drain(self) -> None:
        self.deadline = self.server.now() + self.server.limits.write_timeout
        await self.channel.drain()
        self.deadline = 0.0

    def ok(self, affected: int = 0, insert_id: int = 0, warnings: int = 0, info: str = "") -> None:
        """Queue an OK with the session's status and state changes."""
        session = self.session
        changes = session.take_changes()
        self.send(
            ok_packet(
                self.capabilities, session.status, affected, insert_id, warnings, info, changes
            )
        )

    async def ask(self) -> bytes:
        """Flush, then the client's next packet, which must carry the next number."""
        self.flush()
        packet = await self.channel.receive()
        if packet.first != self.sequence:
            raise OutOfOrder(f"packet numbered {packet.first}, not {self.sequence}")
        self.sequence = packet.last + 1 & 255
        return packet.payload

    # Login

    async def _login(self) -> bool:
        """Whether the client is in. When not, he has been told why."""
        nonce = handshake.new_nonce()
        self.send(
            handshake.greeting(self.server.version, self.id, nonce, CACHING_SHA2, STATUS_AUTOCOMMIT)
        )
        packet = await self.ask()
        if handshake.is_tls_request(packet):
            await self.channel.start_tls(self.server.identity.context)
            packet = await self.ask()
        if not handshake.speaks_protocol_41(packet):
            self._refuse(SqlError(1251), "an old protocol")
            return False
        login = handshake.parse_login(packet)
        self.capabilities = login.capabilities
        try:
            account = await self.server.authenticator.authenticate(self, login, nonce, self.host)
            self._session = await self.server.sessions.open(self._client(login, account))
        except SqlError as error:
            self._refuse(error, "login")
            return False
        self.multi_statements = bool(login.capabilities & c.CLIENT_MULTI_STATEMENTS)
        self.ok()
        self.flush()
        if login.capabilities & c.CLIENT_COMPRESS:
            self.channel.start_compression()
        self.channel.leave_login()
        return True

    def _client(self, login: Login, account: Credentials) -> Client:
        tls = self.channel.tls
        return Client(
            connection_id=self.id,
            user=login.user,
            host=self.host,
            port=self.port,
            account=account,
            database=login.database,
            collation=login.collation,
            capabilities=login.capabilities,
            secure=self.secure,
            cipher=tls.cipher if tls is not None else "",
            tls_version=tls.version if tls is not None else "",
            attributes=login.attributes,
            disconnect=self._disconnect,
            traffic=self._traffic,
        )

    def _traffic(self) -> tuple[int, int]:
        """Bytes received and sent in this session."""
        (received, sent), before = self.channel.traffic(), self._counted
        return received - before[0], sent - before[1]

    def _disconnect(self) -> None:
        # The session may turn the cancellation into an error of its statement: hence the mark.
        self._killed = True
        self.cancel()

    async def change_user(self, login: Login) -> bool:
        """COM_CHANGE_USER: prove another password on the same connection, with a new session."""
        self.clear_statements()
        await self.session.end()
        self.session.close()
        self._session = None
        self._counted = self.channel.traffic()
        try:
            account = await self.server.authenticator.authenticate(
                self, login, b"", self.host, switch=True
            )
            self._session = await self.server.sessions.open(self._client(login, account))
        except SqlError as error:
            self._refuse(error, "change of user")
            return False
        self.ok()
        return True

    # Commands

    async def _command(self) -> bool:
        """Serve the next command. False: it was the last."""
        self.channel.reader.limit = self.session.max_allowed_packet
        self._idle = True
        self.deadline = self.server.now() + self.session.wait_timeout
        packet = await self.channel.receive()
        self._idle = False
        self.deadline = 0.0
        if packet.first != 0:
            self.sequence = 0
            raise OutOfOrder(f"a command numbered {packet.first}")
        return await self.dispatch(packet)

    async def dispatch(self, packet: Packet) -> bool:
        """Answer one command. False: the connection ends with it."""
        self.channel.start_reply()
        self.sequence = packet.last + 1 & 255
        command = packet.payload[0] if packet.payload else -1
        if command == c.COM_QUIT:
            self._said_farewell = True
            return False
        handler = HANDLERS.get(command)
        goes_on = True
        try:
            if handler is None:
                raise SqlError(1047)
            goes_on = await handler(self, packet.payload[1:]) is not False
        except Malformed as error:
            log.info("connection %d from %s: %s", self.id, self.host, error)
            self.send(error_packet(SqlError(1835)))
        except ConnectionLost:
            raise
        except Exception as error:
            self.send(error_packet(translate(error)))
        self.flush()
        await self._drain()
        # A change of user that broke off half-way has ended one session and begun no other.
        return goes_on and not self._killed and self._session is not None

    def clear_statements(self) -> None:
        """Close all prepared statements."""
        if self.channel.lender is not None:
            self.channel.lender.close_statements()
        self.statements.clear(self.session)

    # End

    def _refuse(self, error: SqlError, reason: str) -> None:
        """Last words: the error, and a line in the log."""
        log.info("connection %d from %s refused (%s): %s", self.id, self.host, reason, error)
        self.send(error_packet(error))
        self.flush()

    async def _close(self) -> None:
        self.deadline = 0.0
        if not self._said_farewell:
            self.server.sessions.aborted(logged_in=self._session is not None)
        if self._session is not None:
            self.clear_statements()
            if self.channel.lender is not None:  # before its transaction context is given back
                self.channel.lender.lost()
            with contextlib.suppress(asyncio.CancelledError):  # once more: this is the end anyway
                await self._session.end()
            self._session.close()
        self.flush()
        self.channel.close(self.server.limits.write_timeout)
        self.server.forget(self)
