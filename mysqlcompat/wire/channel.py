"""One client's socket under asyncio: packets in, bytes out, with limits in both directions.

Until the login is over the channel reads exactly what the next packet needs and pauses after it, so
that what a client sends ahead stays in the socket: a ClientHello is then TLS's, a first command the
lane's. Afterwards it reads into one buffer that all channels share, and stops reading from a client
who sends more than is being worked off. TLS is a filter between the socket and all that; asyncio
sees what is encrypted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from mysqlcompat.wire.framing import Decompressor, Packet, PacketReader, compress
from mysqlcompat.wire.openssl import TlsContext, TlsError, TlsSession

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

    def traffic(self) -> tuple[int, int]:
        """Bytes received and sent so far, except what went through Python."""
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

    on_connect        called with the channel when there is a connection
    received, sent    bytes of packets that have gone through here
    """

    def __init__(self, limit: int, on_connect: Callable[[Channel], None]) -> None:
        self.reader = PacketReader(limit)
        self.exact = True
        self.tls: TlsSession | None = None
        self.received = 0
        self.sent = 0
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
        if self.exact and self.tls is None:
            wanted = min(self.reader.missing, RECEIVE_BYTES)
            self._exact_buffer = bytearray(wanted)
            return self._exact_buffer
        return _shared

    def buffer_updated(self, nbytes: int) -> None:
        if self.tls is not None:
            self._decrypt(self.tls, bytes(_shared[:nbytes]))
        else:
            self.feed(memoryview(self._exact_buffer)[:nbytes] if self.exact else _shared[:nbytes])

    def eof_received(self) -> bool | None:
        return None  # close; what was received is still served

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self.lender is not None:
            self.lender.lost()
            self.received, self.sent = self.traffic()
            self.lender = None
        if self.tls is not None:
            self.tls.close()
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
        """asyncio's side."""
        assert self._transport is not None
        return self._transport

    @property
    def secure(self) -> bool:
        """Whether what passes is encrypted."""
        return self.tls is not None and self.tls.established

    @property
    def lost(self) -> bool:
        return self._lost

    def traffic(self) -> tuple[int, int]:
        """Bytes of packets received and sent so far, as if nothing were encrypted."""
        received, sent = self.lender.traffic() if self.lender is not None else (0, 0)
        return self.received + received, self.sent + sent

    def feed(self, data: bytes | memoryview) -> None:
        """Bytes in clear have come: from asyncio, or from whoever read the socket in its place."""
        self.received += len(data)
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

    def returned(self, received: bytes, unsent: bytes) -> None:
        """Whoever had the socket gives it back, with bytes in clear that he has not served, and
        the end of a reply, encrypted if need be, which the socket did not take."""
        self._put(unsent)
        if received:
            self.received -= len(received)  # he has counted them
            self.feed(received)
        if self.tls is not None and not self._lost:
            self._decrypt(self.tls, b"")

    def _decrypt(self, tls: TlsSession, data: bytes) -> None:
        """Bytes have come under TLS: a part of the handshake, or what `feed` takes."""
        received, shaking_hands = b"", not tls.established
        try:
            received = tls.receive(data)
        except TlsError as error:
            self._failure = ConnectionLost(str(error))
        self._send_encrypted(tls)
        if received or self._failure is not None:
            self.feed(received)
        elif shaking_hands and tls.established:
            self._wake(self._waiter)
        if tls.ended:
            self.transport.close()  # what was received is still served

    def _send_encrypted(self, tls: TlsSession) -> None:
        self._put(tls.outgoing())

    def _put(self, data: bytes) -> None:
        """Give bytes to the transport, which complains of those that come after the end."""
        if data and not self._lost and not self.transport.is_closing():
            self.transport.write(data)

    async def receive(self) -> Packet:
        """The next packet. ConnectionLost; PacketTooLarge and Malformed end the connection too."""
        while True:
            if self._failure is not None:
                raise self._failure
            packet = self.reader.next()
            if packet is not None:
                return packet
            await self._wait()

    async def _wait(self) -> None:
        """Until there may be something new. Raises ConnectionLost."""
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
            self.sent += len(packets)
            if self.tls is None:
                self._put(packets)
            else:
                self._encrypt(self.tls, packets)

    def _encrypt(self, tls: TlsSession, packets: bytes) -> None:
        try:
            tls.send(packets)
        except TlsError:
            self.abort()
        else:
            self._send_encrypted(tls)

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

    async def start_tls(self, context: TlsContext) -> None:
        """Go on encrypted. Raises ConnectionLost when the client does not."""
        self.tls = tls = context.session()
        while not tls.established:
            await self._wait()
            if self._failure is not None:
                raise self._failure

    def close(self, linger: float) -> None:
        """Send what is queued, then close; after `linger` seconds close anyway."""
        if self._transport is not None and not self._lost:
            if self.tls is not None:
                self.tls.end()
                self._send_encrypted(self.tls)
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
