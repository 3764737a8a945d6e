"""One connection to a storage process: questions and answers (`protocol.py`)."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

from redo import protocol
from redo.errors import VolumeError
from redo.protocol import SAYS_NOTHING, Epochs


class Client:
    """Asks one thing at a time. One thread at a time.

    path       the process's Unix socket
    timeout_s  for each step of an answer; None: as long as it takes
    epochs     sent with every question
    Any broken connection raises VolumeError from the call it broke; `connect` tries again.
    """

    def __init__(self, path: str, timeout_s: float | None = None) -> None:
        self.path = path
        self.epochs = SAYS_NOTHING
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """Connect (again). Raises VolumeError when nobody listens."""
        self.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(self.path)
        except OSError as error:
            connection.close()
            raise VolumeError(f"storage is not there ({self.path}): {error.strerror}") from None
        self._socket = connection

    @property
    def connected(self) -> bool:
        """Is there a connection, as far as we know?"""
        return self._socket is not None

    @property
    def socket(self) -> socket.socket:
        """The connection, to wait for. Raises VolumeError when there is none."""
        if self._socket is None:
            raise VolumeError("not connected to storage")
        return self._socket

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def hello(self) -> tuple[int, int, Epochs]:
        """(page size, VDL, epochs) of the volume, as that process knows them."""
        self.ask_hello()
        return self.take_hello()

    def ask_hello(self) -> None:
        """Say hello; `take_hello` takes the answer."""
        self.send(protocol.question(protocol.HELLO))

    def take_hello(self) -> tuple[int, int, Epochs]:
        """What `hello` gives. Raises VolumeError."""
        page_bytes, vdl, *epochs = protocol.WELCOME.unpack(self._answer())
        return page_bytes, vdl, Epochs(*epochs)

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have storage do something (`requests.py`). Raises VolumeError."""
        self.ask_request(request)
        return self.take_request()

    def ask_request(self, request: dict[str, Any]) -> None:
        """Say what is to be done; `take_request` takes the answer. Raises VolumeError."""
        text = json.dumps(request).encode()
        if len(text) > protocol.REQUEST_BYTES_MAX:
            raise VolumeError(f"a request of {len(text)} bytes is too long")
        self.send(protocol.question(protocol.REQUEST, len(text), 0, self.epochs) + text)

    def take_request(self) -> dict[str, Any]:
        """What `request` gives. Raises VolumeError."""
        found: dict[str, Any] = json.loads(self._answer())
        return found

    def ask(
        self,
        op: int,
        a: int = 0,
        b: int = 0,
        into: memoryview | None = None,
        tail: bytes = b"",
        said: bool = True,
    ) -> bytes:
        """One question, one answer; a good payload of the expected size goes to `into`.

        said   whether to send our epochs with it
        """
        self.send(protocol.question(op, a, b, self.epochs if said else SAYS_NOTHING) + tail)
        return self._answer(into)

    def _answer(self, into: memoryview | None = None) -> bytes:
        try:
            code, count = protocol.ANSWER.unpack(self._receive(protocol.ANSWER.size))
            if code == 0 and into is not None and count == len(into):
                self._receive_into(into)
                return b""
            payload = self._receive(count)
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None
        if code:
            raise protocol.FAILED.get(code, VolumeError)(payload.decode())
        return payload

    def relay(self, asked: bytes) -> bytes:
        """The answer, as it is, to a question with its tail that somebody else has made."""
        self.send(asked)
        try:
            head = self._receive(protocol.ANSWER.size)
            return head + self._receive(protocol.ANSWER.unpack(head)[1])
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None

    def send(self, data: bytes) -> None:
        """Send bytes of a question. Raises VolumeError."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None

    def ask_many(self, page_nos: Sequence[int], lsn: int) -> None:
        """Ask for several pages; `take_many` takes them. Raises VolumeError."""
        count = len(page_nos)
        question = protocol.question(protocol.READ_MANY, count, lsn, self.epochs)
        self.send(question + struct.pack(f"<{count}q", *page_nos))

    def take_many(self, data: memoryview, frames: Sequence[int], page_bytes: int) -> list[int]:
        """Fill data[frame:frame + page_bytes] with the pages asked for, in that order; their codes.

        Raises VolumeError.
        """
        size = protocol.ANSWER.size
        heads = memoryview(bytearray(size * len(frames)))
        parts: list[memoryview] = []
        for number, frame in enumerate(frames):
            parts.append(heads[size * number : size * (number + 1)])
            parts.append(data[frame : frame + page_bytes])
        connection = self.socket
        try:
            _receive_parts(connection, parts)
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None
        return list(struct.unpack(f"<{2 * len(frames)}q", heads)[::2])

    def _receive(self, count: int) -> bytes:
        data = bytearray(count)
        self._receive_into(memoryview(data))
        return bytes(data)

    def _receive_into(self, into: memoryview) -> None:
        while len(into):
            got = self.socket.recv_into(into)
            if got == 0:
                raise OSError("connection closed")
            into = into[got:]


def _receive_parts(connection: socket.socket, parts: list[memoryview]) -> None:
    """Fill all of these runs, one after the other."""
    first = 0
    while first < len(parts):
        got = connection.recvmsg_into(parts[first:], 0, socket.MSG_WAITALL)[0]
        if got == 0:
            raise OSError("connection closed")
        while first < len(parts) and got >= len(parts[first]):
            got -= len(parts[first])
            first += 1
        if got:
            parts[first] = parts[first][got:]
