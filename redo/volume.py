"""Reading pages of the volume: through the storage process, or with storage inside this process.

Both classes are a `Volume`: ``read_page(page_no, lsn, frame)`` fills
``mem[frame:frame+page_bytes]`` with the page that has every record of LSN < `lsn` applied, crc
bytes 0. A page that does not exist there is `PageUnavailable`. `NEWEST` as LSN stands for the
volume's VDL.

``pages_ask(page_nos, lsn)`` asks for several at once without waiting, ``pages_take(frames)`` waits
for all of them and says which are good; in between nothing else may be asked. `another` gives a
second way to the same volume, for questions that are open while the first is used.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final, Protocol

from redo import protocol
from redo.arena import Arena, Words, create_ring
from redo.cipher import encrypt
from redo.disk import FileDisk
from redo.environment import Environment, system_environment
from redo.errors import PageUnavailable, VolumeError
from redo.image import PAGE_BYTES
from redo.keyring import DataKey
from redo.log import LogWriter, Recovered, new_state
from redo.metadata import new_volume
from redo.quorum import COPIES
from redo.storage import Storage
from redo.timeline import NEVER
from redo.upkeep import Upkeep, UpkeepSettings

NEWEST: Final = NEVER


class Volume(Protocol):
    """What an engine needs of the volume."""

    def read_page(self, page_no: int, lsn: int, frame: int) -> None: ...

    def pages_ask(self, page_nos: Sequence[int], lsn: int) -> None: ...

    def pages_take(self, frames: Sequence[int]) -> list[bool]: ...

    def another(self) -> Volume: ...


class OnePageVolume:
    """The part of a `Volume` that follows from `read_page`, where storage is in this process."""

    _asked: Sequence[tuple[int, int]] = ()

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        raise NotImplementedError

    def pages_ask(self, page_nos: Sequence[int], lsn: int) -> None:
        """Remember what `pages_take` is to read."""
        self._asked = [(page_no, lsn) for page_no in page_nos]

    def pages_take(self, frames: Sequence[int]) -> list[bool]:
        """Fill the frames; which pages are good."""
        good = []
        for (page_no, lsn), frame in zip(self._asked, frames, strict=True):
            try:
                self.read_page(page_no, lsn, frame)
                good.append(True)
            except PageUnavailable:
                good.append(False)
        return good

    def another(self) -> Volume:
        """A volume on which something may stay asked while this one is used."""
        return _Beside(self)


class _Beside(OnePageVolume):
    def __init__(self, volume: OnePageVolume) -> None:
        self._volume = volume

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        self._volume.read_page(page_no, lsn, frame)


class SocketVolume:
    """Client of the storage process. One thread at a time.

    path    its Unix socket
    arena   pages are received straight into its frames
    Any broken connection raises VolumeError from the call it broke; `reconnect` tries again.
    """

    def __init__(self, path: str, arena: Arena) -> None:
        self._path = path
        self._arena = arena
        self._socket: socket.socket | None = None
        self.page_bytes = 0
        self.reconnect()

    def reconnect(self) -> None:
        """Connect (again). Raises VolumeError when nobody listens."""
        self.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            raise VolumeError(f"storage is not there ({self._path}): {error.strerror}") from None
        self._socket = connection
        self.page_bytes, _, _ = protocol.THREE.unpack(self._ask(protocol.HELLO, 0, 0))

    def open_writer(self) -> Recovered:
        """Fence earlier writers: a new epoch, durable on four copies; where to go on writing."""
        return Recovered(*protocol.THREE.unpack(self._ask(protocol.OPEN_WRITER, 0, 0)))

    def status(self) -> dict[str, Any]:
        """Copies, their states and positions."""
        return self.request({"do": "status"})

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have storage do something (`requests.py`). Raises VolumeError."""
        text = json.dumps(request).encode()
        found: dict[str, Any] = json.loads(self._ask(protocol.REQUEST, len(text), 0, tail=text))
        return found

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, VolumeError."""
        self.pages_ask((page_no,), lsn)
        if not self.pages_take((frame,))[0]:  # asked once more for the reason
            into = self._arena.mem.data[frame : frame + self.page_bytes]
            self._ask(protocol.READ, page_no, lsn, into)

    def pages_ask(self, page_nos: Sequence[int], lsn: int) -> None:
        """Ask for at most READ_MANY_PAGES pages. Raises VolumeError."""
        count = len(page_nos)
        question = protocol.QUESTION.pack(protocol.READ_MANY, count, lsn)
        if self._socket is None:
            raise VolumeError("not connected to storage")
        try:
            self._socket.sendall(question + struct.pack(f"<{count}q", *page_nos))
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None

    def pages_take(self, frames: Sequence[int]) -> list[bool]:
        """Fill the frames with the pages asked for, in that order; which are good.

        Raises VolumeError.
        """
        if self._socket is None:
            raise VolumeError("not connected to storage")
        size = protocol.ANSWER.size
        heads = memoryview(bytearray(size * len(frames)))
        data = self._arena.mem.data
        parts: list[memoryview] = []
        for number, frame in enumerate(frames):
            parts.append(heads[size * number : size * (number + 1)])
            parts.append(data[frame : frame + self.page_bytes])
        try:
            self._receive_parts(parts)
        except OSError as error:
            self.close()
            raise VolumeError(f"storage went away: {error}") from None
        codes = struct.unpack(f"<{2 * len(frames)}q", heads)[::2]
        return [code == 0 for code in codes]

    def _receive_parts(self, parts: list[memoryview]) -> None:
        """Fill all of these runs, one after the other."""
        assert self._socket is not None
        first = 0
        while first < len(parts):
            got = self._socket.recvmsg_into(parts[first:], 0, socket.MSG_WAITALL)[0]
            if got == 0:
                raise OSError("connection closed")
            while first < len(parts) and got >= len(parts[first]):
                got -= len(parts[first])
                first += 1
            if got:
                parts[first] = parts[first][got:]

    def another(self) -> SocketVolume:
        """A second connection, made when it is first used."""
        return SocketVolume(self._path, self._arena)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(
        self, op: int, a: int, b: int, into: memoryview | None = None, tail: bytes = b""
    ) -> bytes:
        """One question, one answer; a good payload of the expected size goes to `into`."""
        if self._socket is None:
            raise VolumeError("not connected to storage")
        try:
            self._socket.sendall(protocol.QUESTION.pack(op, a, b) + tail)
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

    def _receive(self, count: int) -> bytes:
        data = bytearray(count)
        self._receive_into(memoryview(data))
        return bytes(data)

    def _receive_into(self, into: memoryview) -> None:
        assert self._socket is not None
        while len(into):
            got = self._socket.recv_into(into)
            if got == 0:
                raise OSError("connection closed")
            into = into[got:]


class LocalVolume(OnePageVolume):
    """The whole volume in this process: six copies on threads, and a writer's log over them.

    Formats `data_dir` when it is empty. Ready for kernels: `arena`, `st`, `log` (open for writing);
    also `recovered`, `page_bytes`, `storage`, `writer_fd`, `wake_fds`. After `close` the arena is
    gone: no view of it may be used.

    key   of an encrypted volume; a new one is encrypted if there is a key
    """

    def __init__(
        self,
        data_dir: str,
        *,
        page_bytes: int = PAGE_BYTES,
        ring_bytes: int = 8 << 20,
        private_bytes: int = 256 << 20,
        chunk_bytes: int = 4 << 20,
        pg_pages: int = 655360,
        coalesce_bytes: int = 64 << 20,
        backtrack_window_s: int = 0,
        durable: bool = True,
        environment: Environment | None = None,
        key: DataKey | None = None,
    ) -> None:
        self._ring_fd = create_ring(ring_bytes)
        self.wake_fds = [os.eventfd(0, os.EFD_CLOEXEC) for _ in range(COPIES)]
        self.writer_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.arena = Arena(self._ring_fd, private_bytes)
        try:
            self.storage = Storage(
                environment or system_environment(FileDisk(durable)),
                data_dir,
                self._ring_fd,
                self.wake_fds,
                self.writer_fd,
                new_volume(page_bytes, chunk_bytes, pg_pages, key),
                durable,
                private_bytes=4 << 30,
                key=key,
            )
            self.storage.open()
            self.recovered = self.storage.open_writer()
        except BaseException:
            self._close_fds()
            self.arena.close()
            raise
        self.page_bytes = self.storage.volume.page_bytes
        self.st: Words = new_state(self.arena, self.page_bytes)
        encrypt(self.arena, self.st, self.storage.volume, key)
        self.log = LogWriter(self.arena, self.st, self.wake_fds, self.writer_fd)
        self.log.open(self.recovered)
        self._frame = self.storage.arena.alloc(self.page_bytes)
        settings = UpkeepSettings(coalesce_bytes, backtrack_window_s)
        self._upkeep = Upkeep(self.storage, settings)
        self._upkeep.start()

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable."""
        self.storage.read_page(page_no, lsn, self._frame)
        source = self.storage.arena.mem[self._frame : self._frame + self.page_bytes]
        self.arena.mem[frame : frame + self.page_bytes] = source

    def close(self) -> None:
        """Stop threads, close files, unmap the arenas. What was not durable may be lost."""
        self._upkeep.stop()
        self.storage.close()
        self._close_fds()
        self.arena.close()

    def _close_fds(self) -> None:
        for fd in (self._ring_fd, self.writer_fd, *self.wake_fds):
            os.close(fd)
