"""A Unix socket on which questions are answered, a thread per client: they are as many as nodes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from redo import protocol
from redo.protocol import BadQuestion


class Answering(Protocol):
    """Who knows the answers (`answers.Answers`, `relay.Relay`)."""

    def pieces(self, question: bytes, tail: bytes) -> Iterator[bytes]:
        """Raises BadQuestion: the client is dropped."""
        ...


class SocketServer:
    """Accepts clients at `path` from `start` to `close`."""

    def __init__(self, path: str, answers: Answering) -> None:
        self._path = path
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = False

    def start(self) -> None:
        """Listen: whoever sees the socket can connect to it."""
        new = f"{self._path}.new"
        for path in (new, self._path):
            if os.path.lexists(path):
                os.unlink(path)
        self._listener.bind(new)
        self._listener.listen(64)
        os.rename(new, self._path)
        self._thread("redo-accept", self._accept)

    def _thread(self, name: str, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Drop all clients and wait for their threads."""
        self._stopping = True
        for connection in (self._listener, *self._clients):
            with contextlib.suppress(OSError):  # it never listened, or went by itself
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        if os.path.exists(self._path):
            os.unlink(self._path)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.add(client)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._thread("redo-client", self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        """Answer one client until it goes."""
        try:
            while True:
                question = client.recv(protocol.QUESTION.size, socket.MSG_WAITALL)
                if len(question) < protocol.QUESTION.size:
                    return
                op, a, *_ = protocol.QUESTION.unpack(question)
                size = protocol.tail_bytes(op, a)
                tail = client.recv(size, socket.MSG_WAITALL) if size else b""
                if len(tail) < size:
                    return
                for piece in self._answers.pieces(question, tail):
                    client.sendall(piece)
        except (OSError, BadQuestion):
            return  # it went away, or talks nonsense; others notice nothing
        finally:
            self._clients.discard(client)
            client.close()
