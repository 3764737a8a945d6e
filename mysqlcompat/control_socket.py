"""Talking to a running cluster: a Unix socket in the volume's directory, for its owner only.

One request, one answer, in frames: a u4 of how many bytes follow, then JSON. An answer is
``{"done": {...}}`` or ``{"failed": "one line"}``. The requests are `Supervisor.answer`'s.

The server's end lives in the supervisor's loop and never blocks it for a client: bytes are gathered
as they come, answers are small, a client that misbehaves is dropped.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from redo.errors import VolumeError
from redo.quorum import ZONES

FRAME_BYTES_MAX: Final = 1 << 20
CLIENTS_MAX: Final = 32
ANSWER_TIMEOUT_S: Final = 120.0
SOCKET_PATH_LIMIT: Final = 100  #: sun_path is 108 bytes; the server appends a suffix for a moment
_LENGTH: Final = struct.Struct("<I")

Fields = dict[str, Any]
Reply = Callable[[Fields], None]


def socket_path(volume_dir: Path, name: str) -> str:
    """Where a process of the volume listens: beside the copies, if the path is short enough."""
    path = str(volume_dir.absolute() / name)
    if len(path) <= SOCKET_PATH_LIMIT:
        return path
    return f"/tmp/mysqlcompat-{uuid.uuid5(uuid.NAMESPACE_URL, path)}.sock"


def control_socket(volume_dir: Path) -> str:
    """Where the supervisor of the volume listens."""
    return socket_path(volume_dir, "control.sock")


def storage_socket(volume_dir: Path) -> str:
    """Where the storage process listens."""
    return socket_path(volume_dir, "storage.sock")


def zone_sockets(volume_dir: Path) -> dict[int, str]:
    """Where the zones' storage processes listen, by zone from 0."""
    return {
        zone: socket_path(volume_dir, f"storage-{name}.sock") for zone, name in enumerate(ZONES)
    }


def pack(fields: Fields) -> bytes:
    """A frame."""
    text = json.dumps(fields).encode()
    return _LENGTH.pack(len(text)) + text


class ControlServer:
    """The supervisor's end.

    handle   called with (request, reply); `reply` may be called later, once
    """

    def __init__(
        self,
        path: str,
        selector: selectors.BaseSelector,
        handle: Callable[[Fields, Reply], None],
    ) -> None:
        self._path = path
        self._selector = selector
        self._handle = handle
        self._clients: dict[socket.socket, bytes] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        new = f"{path}.new"
        for old in (new, path):
            if os.path.lexists(old):
                os.unlink(old)
        self._listener.bind(new)
        os.chmod(new, 0o600)
        self._listener.listen(CLIENTS_MAX)
        os.rename(new, path)  # whoever sees the socket can connect, and only its owner can
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def fds(self) -> list[int]:
        """Descriptors that children must not keep."""
        return [self._listener.fileno(), *(client.fileno() for client in self._clients)]

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= CLIENTS_MAX:
            client.close()
            return
        client.setblocking(False)
        self._clients[client] = b""
        self._selector.register(client, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        try:
            arrived = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            arrived = b""
        data = self._clients[client] + arrived
        self._clients[client] = data
        size = _LENGTH.unpack(data[:4])[0] if len(data) >= 4 else 0
        if not arrived or size > FRAME_BYTES_MAX:
            self._drop(client)
        elif len(data) >= 4 + size and size:
            self._clients[client] = data[4 + size :]
            self._take(client, data[4 : 4 + size])

    def _take(self, client: socket.socket, text: bytes) -> None:
        try:
            request = json.loads(text)
            if not isinstance(request, dict):
                raise ValueError
        except ValueError:
            self._send(client, {"failed": "not a request"})
            return
        self._handle(request, lambda fields: self._send(client, fields))

    def _send(self, client: socket.socket, fields: Fields) -> None:
        if client not in self._clients:
            return  # it has not waited for its answer
        try:
            client.sendall(pack(fields))  # far smaller than a socket's buffer
        except OSError:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._clients[client]
        client.close()

    def close(self) -> None:
        """Stop listening and drop everybody."""
        for client in list(self._clients):
            self._drop(client)
        self._selector.unregister(self._listener)
        self._listener.close()
        if os.path.exists(self._path):
            os.unlink(self._path)


def ask(volume_dir: Path, request: Fields) -> Fields | None:
    """Ask the supervisor that serves a volume; None when none does. Raises VolumeError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(control_socket(volume_dir))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        try:
            connection.sendall(pack(request))
            with connection.makefile("rb") as stream:
                (size,) = _LENGTH.unpack(stream.read(4))
                answer = json.loads(stream.read(size))
        except (OSError, struct.error, ValueError) as error:
            raise VolumeError(f"the server gave no answer: {error}") from None
    if "failed" in answer:
        raise VolumeError(answer["failed"])
    done: Fields = answer["done"]
    return done


def ask_storage(path: str, request: Fields, timeout_s: float) -> Fields:
    """Have the storage process do something (`redo.requests`). Raises VolumeError."""
    from redo.client import Client

    client = Client(path, timeout_s)
    client.connect()
    try:
        return client.request(request)
    finally:
        client.close()
