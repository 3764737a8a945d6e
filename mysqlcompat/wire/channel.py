"""One client's socket under asyncio: packets in, bytes out, with limits in both directions.

Until the login is over the channel reads exactly what the next packet needs and pauses after it, so
that what a client sends ahead stays in the socket: a ClientHello is then TLS's, a first command the
lane's. Afterwards it reads into one buffer that all channels share, and stops reading from a client
who sends more than is being worked off.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol

from mysqlcompat.wire.framing import Decompressor, Packet, PacketReader, compress

RECEIVE_BYTES: Final = 1 << 16
_MOST_UNREAD: Final = 1 << 18  #: bytes a client may send ahead
_MOST_UNSENT: Final = 1 << 18  #: bytes that wait for a slow reader before `drain` waits too

_shared = memoryview(bytearray(RECEIVE_BYTES))


class ConnectionLost(Exception):
    """The other side is gone, or was given up."""


class Lender(Protocol):
    """Somebody who may read the socket in asyncio's place while the client is waited for."""

    def idle(self) -> None:
        """The connection begins to wait for its client."""
        ...

    def recall(self) -> bool:
        """Give the socket back; whether commands were served since `idle`."""
        ...

    def lost(self) -> None:
        """The socket is about to be closed."""
        ...

    def install(
        self,
        statement: int,
        context: int,
        program: int,
        types: bytes,
        prefix: bytes,
        packets: int,
        slots: Any,
    ) -> None:
        """Serve executions of a prepared statement whose parameters have these wire types, for as
        long as the session's settings are those of `context`.
        """
        ...

    def serves(self, statement: int) -> bool:
        """Whether executions of this statement are served already."""
        ...

    def close_statement(self, statement: int) -> None: ...

    def close_statements(self) -> None: ...


class Channel(asyncio.BufferedProtocol):
    """Protocol of one connection.

    on_connect  called with the channel when there is a connection
    """

    def __init__(self, limit: int, on_connect: Callable[[Channel], None]) -> None:
        self.reader = PacketReader(limit)
        self.exact = True
        self.secure = False
        self._on_connect = on_connect
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._lost = False
        self._paused_reading = False
        self._paused_writing = False
        self._exact_buffer = bytearray()
        self._decompressor: Decompressor | None = None
        self._compressed_sequence = 0
        self._failure: Exception | None = None
        self.lender: Lender | None = None

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_MOST_UNSENT)
        self._on_connect(self)

    def get_buffer(self, sizehint: int) -> Any:
        if self.exact:
            wanted = min(self.reader.missing, RECEIVE_BYTES)
            self._exact_buffer = bytearray(wanted)
            return self._exact_buffer
        return _shared

    def buffer_updated(self, nbytes: int) -> None:
        self.feed(memoryview(self._exact_buffer)[:nbytes] if self.exact else _shared[:nbytes])

    def eof_received(self) -> bool | None:
        return None  # close; what was received is still served

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self.lender is not None:
            self.lender.lost()
            self.lender = None
        self._wake(self._waiter)
        self._wake(self._drained)

    def pause_writing(self) -> None:
        self._paused_writing = True

    def resume_writing(self) -> None:
        self._paused_writing = False
        self._wake(self._drained)

    @staticmethod
    def _wake(future: asyncio.Future[None] | None) -> None:
        if future is not None and not future.done():
            future.set_result(None)

    # The connection calls these.

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of the client; ("localhost", 0) on a Unix socket."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        if isinstance(name, tuple) and len(name) >= 2:
            return str(name[0]), int(name[1])
        return "localhost", 0

    @property
    def transport(self) -> asyncio.Transport:
        """asyncio's side; after `start_tls` the encrypted one."""
        assert self._transport is not None
        return self._transport

    @property
    def lost(self) -> bool:
        return self._lost

    def feed(self, data: bytes | memoryview) -> None:
        """Bytes have come: from asyncio, or from whoever reads the socket in its place."""
        try:
            if self._decompressor is not None:
                data = self._decompressor.feed(data)
            self.reader.feed(data)
        except Exception as error:  # kept for `receive`, whose task closes the connection
            self._failure = error
        waiting = self._waiter is not None and not self._waiter.done()
        if self._failure is not None or self.reader.complete:
            if self.exact:
                self._pause()
            self._wake(self._waiter)
        if not waiting and self.reader.buffered > _MOST_UNREAD:
            self._pause()

    async def receive(self) -> Packet:
        """The next packet. ConnectionLost; PacketTooLarge and Malformed end the connection too."""
        while True:
            if self._failure is not None:
                raise self._failure
            packet = self.reader.next()
            if packet is not None:
                return packet
            if self._lost:
                raise ConnectionLost
            if self._paused_reading:
                self._paused_reading = False
                self.transport.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            if self.lender is not None:
                self.lender.idle()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def write(self, packets: bytes) -> None:
        """Queue bytes for the client; to nobody when he is gone."""
        if not self._lost and packets:
            if self._decompressor is not None:
                packets, self._compressed_sequence = compress(packets, self._compressed_sequence)
            self.transport.write(packets)

    async def drain(self) -> None:
        """Wait until the client has read most of what was written. Raises ConnectionLost."""
        while self._paused_writing and not self._lost:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self._lost:
            raise ConnectionLost

    def start_reply(self) -> None:
        """A command was received: compressed packets of the reply are numbered after its own."""
        if self._decompressor is not None:
            self._compressed_sequence = self._decompressor.sequence + 1 & 255

    def start_compression(self) -> None:
        """From now on both directions are compressed."""
        self._decompressor = Decompressor()

    @property
    def compressed(self) -> bool:
        return self._decompressor is not None

    def leave_login(self) -> None:
        """The login is over: read ahead from now on."""
        self.exact = False
        self._exact_buffer = bytearray()

    async def start_tls(self, context: ssl.SSLContext, timeout: float) -> None:
        """Go on encrypted. Raises ConnectionLost when the client does not."""
        loop = asyncio.get_running_loop()
        try:
            encrypted = await loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=timeout,
                ssl_shutdown_timeout=1.0,
            )
        except (OSError, ssl.SSLError) as error:
            raise ConnectionLost from error
        if encrypted is None:
            raise ConnectionLost
        self._transport = encrypted
        self._paused_reading = False
        self.secure = True
        encrypted.set_write_buffer_limits(high=_MOST_UNSENT)

    def close(self, linger: float) -> None:
        """Send what is queued, then close; after `linger` seconds close anyway."""
        if self._transport is not None and not self._lost:
            self._transport.close()
            asyncio.get_running_loop().call_later(linger, self._transport.abort)

    def abort(self) -> None:
        """Close at once; what is queued is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _pause(self) -> None:
        if not self._paused_reading and not self._lost:
            self._paused_reading = True
            self.transport.pause_reading()
