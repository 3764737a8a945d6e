"""Links over TCP and TLS: `environment.Network` between hosts.

Messages are frames: u4 length, then so many bytes, at most FRAME_BYTES_MAX. A link has two threads:
one receives, one sends what the socket did not take at once. What TLS encrypts and decrypts goes
through memory under one lock, since OpenSSL takes no two calls at a time.

Whoever connects without the secret, or talks nonsense, is dropped with one line in the log; at most
GUESTS_MAX connections are in the middle of a handshake, for at most HANDSHAKE_S each.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

from redo.environment import Link, Peer
from redo.errors import VolumeError
from redo.secret import context

logger = logging.getLogger(__name__)

FRAME_BYTES_MAX: Final = 4 << 20
QUEUE_BYTES_MAX: Final = 16 << 20  #: waiting to be sent; beyond that `send` says no
GUESTS_MAX: Final = 32
HANDSHAKE_S: Final = 5.0
CONNECT_S: Final = 5.0
_EARLY_MAX: Final = 64  #: messages sent before there is a connection
_RECEIVE_BYTES: Final = 256 << 10
_SAY_S: Final = 60.0
_SAID_MAX: Final = 1000
_LENGTH: Final = struct.Struct("<I")


class _Lost(Exception):
    """The link is gone; why, for people."""


def address_of(text: str) -> tuple[str, int]:
    """(host, port) of "host:port" or "[host]:port"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class TlsLink:
    """One end of a connection (`environment.Link`).

    connection   connected
    made         its TLS settings
    peer         told of messages, and once of the end; from this link's own thread
    """

    def __init__(self, made: ssl.SSLContext, connection: socket.socket, server: bool) -> None:
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = made.wrap_bio(self._incoming, self._outgoing, server_side=server)
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._unsent = bytearray()
        self._closed = False
        self._peer: Peer | None = None
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setblocking(False)
        self._sendable, self._readable = select.poll(), select.poll()
        self._sendable.register(connection, select.POLLOUT)
        self._readable.register(connection, select.POLLIN)

    def handshake(self, timeout_s: float) -> None:
        """Shake hands. Raises _Lost."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    self._tls.do_handshake()
                    self._flush(deadline)
                    return
                except ssl.SSLWantReadError:
                    self._flush(deadline)
                    self._incoming.write(self._receive(deadline))
        except ssl.SSLCertVerificationError:
            with contextlib.suppress(_Lost, OSError):
                self._flush(deadline)
            raise _Lost("refused: it has another secret") from None
        except ssl.SSLError as error:
            with contextlib.suppress(_Lost, OSError):
                self._flush(deadline)
            raise _Lost(_why(error)) from None
        except OSError as error:
            raise _Lost(f"{error.strerror or error}") from None

    def _flush(self, deadline: float) -> None:
        data = memoryview(self._outgoing.read())
        while data:
            self._wait(self._sendable, deadline)
            with contextlib.suppress(BlockingIOError):
                data = data[self._socket.send(data) :]

    def _receive(self, deadline: float) -> bytes:
        self._wait(self._readable, deadline)
        data = self._socket.recv(_RECEIVE_BYTES)
        if not data:
            raise _Lost("closed by the other side")
        return data

    def _wait(self, poller: select.poll, deadline: float) -> None:
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _Lost("no answer")

    # messages

    def begin(self, peer: Peer) -> None:
        """Start the threads: messages go to `peer` from now on."""
        self._peer = peer
        for name, run in (("redo-receive", self._receiving), ("redo-send", self._sending)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def send(self, message: bytes) -> bool:
        """Send a message, now or as soon as the socket takes it; False: too much waits."""
        with self._lock:
            if self._closed or len(self._unsent) > QUEUE_BYTES_MAX:
                return False
            self._tls.write(_LENGTH.pack(len(message)) + message)
            waiting = bool(self._unsent)
            self._unsent += self._outgoing.read()
            if waiting:
                return True
            try:
                del self._unsent[: self._socket.send(self._unsent)]
            except BlockingIOError:
                pass
            except OSError:
                return False  # the receiving thread says why
            if self._unsent:
                self._moved.notify()
            return True

    def _sending(self) -> None:
        """Send what the socket did not take at once."""
        while True:
            with self._lock:
                self._moved.wait_for(lambda: self._unsent or self._closed)
            self._sendable.poll(1000)
            with self._lock:
                if self._closed:
                    return
                try:
                    del self._unsent[: self._socket.send(self._unsent[: 1 << 20])]
                except BlockingIOError:
                    continue
                except OSError:
                    return

    def _receiving(self) -> None:
        assert self._peer is not None
        try:
            self._receive_frames(self._peer)
        except (_Lost, VolumeError) as lost:
            reason = str(lost)
        except ssl.SSLError as error:
            reason = _why(error)
        except OSError as error:
            reason = f"{error.strerror or error}"
        except Exception as error:  # whatever a message was, it ends this link and nothing else
            logger.exception("a link")
            reason = str(error)
        self.close()
        with self._lock:
            self._socket.close()
        self._peer.lost(self, reason)

    def _receive_frames(self, peer: Peer) -> None:
        data = bytearray()
        while True:
            data += self._decrypted()
            at = 0
            while len(data) - at >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(data, at)
                if size > FRAME_BYTES_MAX:
                    raise _Lost(f"a frame of {size} bytes")
                if len(data) - at < _LENGTH.size + size:
                    break
                at += _LENGTH.size
                peer.received(self, bytes(data[at : at + size]))
                at += size
            del data[:at]
            self._readable.poll()
            try:
                arrived = self._socket.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                continue
            if not arrived:
                raise _Lost("closed by the other side")
            self._incoming.write(arrived)

    def _decrypted(self) -> bytes:
        parts: list[bytes] = []
        with self._lock:
            while True:
                try:
                    part = self._tls.read(_RECEIVE_BYTES)
                except ssl.SSLWantReadError:
                    return b"".join(parts)
                if not part:
                    raise _Lost("closed by the other side")
                parts.append(part)

    def close(self) -> None:
        """Close; `lost` follows, from the receiving thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._moved.notify_all()
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._peer is None:
            self._socket.close()


def _why(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "alert" in reason or "certificate" in reason:
        return "refused: it has another secret"
    return f"not a storage process ({reason})"


class TlsNetwork:
    """The `environment.Network` of hosts that share a secret."""

    def __init__(self, secret: bytes) -> None:
        self._client = context(secret, server=False)
        self._server = context(secret, server=True)

    def connect(self, address: str, peer: Peer) -> Link:
        """A link; if nobody is there, `peer.lost` says so."""
        link = _LateLink(peer)
        threading.Thread(
            target=self._connect, args=(address, link), name="redo-connect", daemon=True
        ).start()
        return link

    def _connect(self, address: str, late: _LateLink) -> None:
        connection: socket.socket | None = None
        try:
            connection = socket.create_connection(address_of(address), CONNECT_S)
            link = TlsLink(self._client, connection, server=False)
            link.handshake(HANDSHAKE_S)
        except (OSError, _Lost) as error:
            if connection is not None:
                connection.close()
            late.failed(getattr(error, "strerror", None) or str(error))
            return
        late.made(link)

    def listen(self, address: str, accept: Callable[[Link], Peer]) -> Callable[[], None]:
        """Take links at `address`; raises OSError when that cannot be. What it returns ends it."""
        return self.accept_at(listen_at(address), accept)

    def accept_at(
        self, listener: socket.socket, accept: Callable[[Link], Peer]
    ) -> Callable[[], None]:
        """Take links on a listening socket. What it returns ends it and closes the socket."""
        _Door(listener, self._server, accept).start()

        def end() -> None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

        return end


def listen_at(address: str) -> socket.socket:
    """A listening socket. Raises OSError."""
    host, port = address_of(address)
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=64)


class _LateLink:
    """A link that is being made; what is sent before waits."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._link: TlsLink | None = None
        self._closed = False
        self._early: list[bytes] = []
        self._lock = threading.Lock()

    def made(self, link: TlsLink) -> None:
        with self._lock:
            if self._closed:
                link.close()
                return
            for message in self._early:
                link.send(message)
            self._link = link
        link.begin(_Behind(self, self._peer))

    def failed(self, reason: str) -> None:
        self._closed = True
        self._peer.lost(self, reason)

    def send(self, message: bytes) -> bool:
        with self._lock:
            if self._link is None:
                if self._closed or len(self._early) >= _EARLY_MAX:
                    return False
                self._early.append(message)
                return True
        return self._link.send(message)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._link is not None:
            self._link.close()


class _Behind:
    """Passes on what comes over a link that was made late, in the name of the one that was given
    out."""

    def __init__(self, link: _LateLink, peer: Peer) -> None:
        self._link = link
        self._peer = peer

    def received(self, _: Link, message: bytes) -> None:
        self._peer.received(self._link, message)

    def lost(self, _: Link, reason: str) -> None:
        self._peer.lost(self._link, reason)


class _Door:
    """Accepts connections, shakes hands with each in a thread of its own."""

    def __init__(
        self,
        listener: socket.socket,
        made: ssl.SSLContext,
        accept: Callable[[Link], Peer],
    ) -> None:
        self._listener = listener
        self._made = made
        self._accept = accept
        self._guests = threading.BoundedSemaphore(GUESTS_MAX)
        self._said: dict[tuple[str, str], float] = {}

    def start(self) -> None:
        threading.Thread(target=self._accepting, name="redo-door", daemon=True).start()

    def _accepting(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            if not self._guests.acquire(blocking=False):
                self._say(address[0], "too many handshakes at once")
                connection.close()
                continue
            threading.Thread(
                target=self._welcome, args=(connection, address[0]), name="redo-guest", daemon=True
            ).start()

    def _welcome(self, connection: socket.socket, host: str) -> None:
        try:
            link = TlsLink(self._made, connection, server=True)
            link.handshake(HANDSHAKE_S)
        except _Lost as lost:
            self._say(host, str(lost))
            connection.close()
            return
        finally:
            self._guests.release()
        link.begin(self._accept(link))

    def _say(self, host: str, reason: str) -> None:
        """Why somebody was dropped: once a minute, however often they try."""
        now_s = time.monotonic()
        if now_s - self._said.get((host, reason), -_SAY_S) >= _SAY_S:
            logger.warning("connection from %s: %s", host, reason)
            if len(self._said) >= _SAID_MAX:
                self._said.clear()
            self._said[host, reason] = now_s
