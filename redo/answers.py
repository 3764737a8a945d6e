"""What a storage process answers to a question (`protocol.py`), whichever way it came."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

from redo import protocol
from redo.errors import VolumeError
from redo.protocol import BadQuestion, Epochs
from redo.storage import Storage

_GOOD = protocol.ANSWER.pack(0, 0)
_SEND_BYTES = 64 << 10

Fields = dict[str, Any]


class Answers:
    """Answers questions, those of several clients at a time.

    storage   the open volume; raises VolumeError while there is none
    request   what is done with JSON requests; VolumeError, OSError
    closed    the volume, open or not: its log can be read; VolumeError
    """

    def __init__(
        self,
        storage: Callable[[], Storage],
        request: Callable[[Fields], Fields],
        closed: Callable[[], Storage] | None = None,
    ) -> None:
        self._storage = storage
        self._request = request
        self._closed = closed or storage

    def pieces(self, question: bytes, tail: bytes) -> Iterator[bytes]:
        """The answer, in pieces: what is ready may leave while the next is made.

        Raises BadQuestion.
        """
        op, a, b, *said = protocol.QUESTION.unpack(question)
        try:
            if op == protocol.READ_MANY:
                yield from self._many(tail, b, Epochs(*said))
                return
            payload = self._payload(op, a, b, Epochs(*said), tail)
            yield protocol.ANSWER.pack(0, len(payload)) + payload
        except VolumeError as error:
            yield protocol.failure(error)

    def whole(self, question: bytes) -> bytes:
        """The answer to a question with its tail. Raises BadQuestion."""
        size = protocol.QUESTION.size
        if len(question) < size:
            raise BadQuestion("a question that is too short")
        op, a, *_ = protocol.QUESTION.unpack(question[:size])
        if len(question) != size + protocol.tail_bytes(op, a):
            raise BadQuestion(f"question {op} of {len(question)} bytes")
        return b"".join(self.pieces(question[:size], question[size:]))

    def _payload(self, op: int, a: int, b: int, said: Epochs, tail: bytes) -> bytes:
        if op == protocol.REQUEST:
            return self._do(tail)
        if op == protocol.LOG:
            return self._closed().read_log(a, min(b, protocol.PIECE_BYTES_MAX))
        if op == protocol.HELLO:
            storage = self._closed()
            vdl = storage.control.vdl
            return protocol.WELCOME.pack(storage.volume.page_bytes, vdl, *storage.epochs)
        storage = self._storage()
        storage.check_epochs(said)
        match op:
            case protocol.READ:
                return bytes(next(self._pages(storage, [a], b, raising=True))[1])
            case protocol.OPEN_WRITER:
                recovered = storage.open_writer()
                return protocol.THREE.pack(recovered.epoch, recovered.vdl, recovered.last_batch)
            case protocol.FILE:
                path, at = _place(tail)
                return storage.lending.read(path, at, min(b, protocol.PIECE_BYTES_MAX))
        raise VolumeError(f"unknown request {op}")

    def _do(self, request: bytes) -> bytes:
        try:
            return json.dumps(self._request(json.loads(request))).encode()
        except OSError as error:
            raise VolumeError(f"{error.strerror}: {error.filename}") from error
        except ValueError as error:
            raise VolumeError(f"not a request: {error}") from None

    def _many(self, tail: bytes, lsn: int, said: Epochs) -> Iterator[bytes]:
        page_nos = struct.unpack(f"<{len(tail) // 8}q", tail)
        try:
            storage = self._storage()
            storage.check_epochs(said)
        except VolumeError as error:
            nothing = protocol.ANSWER.pack(protocol.failure_code(error), 0)
            yield (nothing + bytes(self._page_bytes())) * len(page_nos)
            return
        made = bytearray()
        for code, page in self._pages(storage, page_nos, lsn):
            made += _GOOD if code == 0 else protocol.ANSWER.pack(code, 0)
            made += page
            if len(made) >= _SEND_BYTES:
                yield bytes(made)
                made.clear()
        if made:
            yield bytes(made)

    def _page_bytes(self) -> int:
        """Page size, for an answer without pages. Raises BadQuestion when nobody knows it."""
        try:
            return self._closed().volume.page_bytes
        except VolumeError as error:
            raise BadQuestion(str(error)) from None

    def _pages(
        self, storage: Storage, page_nos: Any, lsn: int, raising: bool = False
    ) -> Iterator[tuple[int, bytes | memoryview]]:
        """(code, image) of each page; those that failed are zeros."""
        page_bytes = storage.volume.page_bytes
        frame = storage.arena.alloc(page_bytes)
        try:
            for page_no in page_nos:
                try:
                    storage.read_page(page_no, lsn, frame)
                    yield 0, storage.arena.mem[frame : frame + page_bytes].data
                except VolumeError as error:
                    if raising:
                        raise
                    yield protocol.failure_code(error), bytes(page_bytes)
        finally:
            storage.arena.free(frame, page_bytes)


def _place(tail: bytes) -> tuple[str, int]:
    """A path and an offset. Raises VolumeError."""
    try:
        path, at = json.loads(tail)
        return str(path), int(at)
    except (TypeError, ValueError) as error:
        raise VolumeError(f"not a place in a file: {error}") from None
