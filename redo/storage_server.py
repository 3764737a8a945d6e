"""The storage process: opens the volume, runs the six copies, serves pages on a Unix socket.

A thread per client: there are as many clients as nodes. `protocol.py` has the bytes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redo import protocol
from redo.archiver import Archiver, ArchiveSettings
from redo.disk import FileDisk, is_full_disk
from redo.environment import system_environment
from redo.errors import VolumeError
from redo.image import PAGE_BYTES
from redo.keyring import LocalKeyring
from redo.metadata import new_volume
from redo.requests import answer
from redo.storage import Storage
from redo.upkeep import Upkeep, UpkeepSettings

logger = logging.getLogger(__name__)

_GOOD = protocol.ANSWER.pack(0, 0)
_SEND_BYTES = 64 << 10
EXIT_OK = 0
EXIT_FAILED = 1


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Settings of a storage process. Sizes in bytes."""

    data_dir: str
    socket_path: str
    page_bytes: int = PAGE_BYTES  #: of a new volume; an existing one has its own
    chunk_bytes: int = 16 << 20  #: log file size of a new volume
    pg_pages: int = 655360  #: pages per protection group of a new volume (10 GiB)
    coalesce_bytes: int = 64 << 20  #: log beyond this becomes page versions
    backtrack_window_s: int = 0  #: how far back in time the volume can be taken
    archive: ArchiveSettings | None = None  #: continuous backup
    durable: bool = True  #: False: no fdatasync (tests of everything but crashes)


def main(
    config: StorageConfig, ring_fd: int, copy_wake_fds: Sequence[int], writer_wake_fd: int
) -> int:
    """Run until SIGTERM; the exit code. Formats the volume when the directory is empty or missing.

    The socket appears when recovery is done. What prevents a start is one line in the log.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    try:
        server = StorageServer(config, ring_fd, copy_wake_fds, writer_wake_fd)
    except VolumeError as error:
        logger.error("%s", error)
        return EXIT_FAILED
    except OSError as error:
        what = "no space left on the disk" if is_full_disk(error) else str(error.strerror)
        logger.error("cannot open the volume in %s: %s", config.data_dir, what)
        return EXIT_FAILED
    try:
        server.start()
        stop.wait()
    finally:
        server.close()
    return EXIT_OK


class StorageServer:
    """Storage, its upkeep, and the socket. Raises VolumeError, OSError when it cannot open."""

    def __init__(
        self, config: StorageConfig, ring_fd: int, wake_fds: Sequence[int], writer_fd: int
    ) -> None:
        volume = new_volume(config.page_bytes, config.chunk_bytes, config.pg_pages)
        self.storage = Storage(
            system_environment(FileDisk(config.durable)),
            config.data_dir,
            ring_fd,
            wake_fds,
            writer_fd,
            volume,
            config.durable,
        )
        self._archiver: Archiver | None = None
        if config.archive is not None:
            keyring = config.archive.keyring
            keys = LocalKeyring(Path(keyring)) if keyring else None
            self._archiver = Archiver(self.storage, config.archive, keys)
        self.storage.open()
        settings = UpkeepSettings(config.coalesce_bytes, config.backtrack_window_s)
        self._upkeep = Upkeep(self.storage, settings)
        self._path = config.socket_path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start upkeep and accept clients."""
        self._upkeep.start()
        if self._archiver is not None:
            self._archiver.start()
        new = f"{self._path}.new"
        for path in (new, self._path):
            if os.path.exists(path):
                os.unlink(path)
        self._listener.bind(new)
        self._listener.listen(64)
        os.rename(new, self._path)  # whoever sees the socket can connect to it
        thread = threading.Thread(target=self._accept, name="redo-accept", daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Stop everything, in the order of who uses whom."""
        self.storage.stopping = True
        for connection in (self._listener, *self._clients):
            with contextlib.suppress(OSError):  # it never listened, or went by itself
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        if self._archiver is not None:
            self._archiver.stop()
        self._upkeep.stop()
        self.storage.close()
        if os.path.exists(self._path):
            os.unlink(self._path)

    def _accept(self) -> None:
        while not self.storage.stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.add(client)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(
                target=self._serve, args=(client,), name="redo-client", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        """Answer one client until it goes."""
        frame = self.storage.arena.alloc(self.storage.volume.page_bytes)
        try:
            while True:
                question = client.recv(protocol.QUESTION.size, socket.MSG_WAITALL)
                if len(question) < protocol.QUESTION.size:
                    return
                op, a, b = protocol.QUESTION.unpack(question)
                if op == protocol.READ_MANY:
                    self._answer_many(client, frame, a, b)
                    continue
                request = b""
                if op == protocol.REQUEST and 0 <= a <= protocol.REQUEST_BYTES_MAX:
                    request = client.recv(a, socket.MSG_WAITALL)
                client.sendall(self._answer(frame, op, a, b, request))
        except OSError:
            return  # it went away; others notice nothing
        finally:
            self.storage.arena.free(frame, self.storage.volume.page_bytes)
            self._clients.discard(client)
            client.close()

    def _answer(self, frame: int, op: int, a: int, b: int, request: bytes) -> bytes:
        try:
            if op == protocol.REQUEST:
                payload = self._do(request)
            else:
                payload = self._payload(frame, op, a, b)
            return protocol.ANSWER.pack(0, len(payload)) + payload
        except VolumeError as error:
            text = str(error).encode()
            return protocol.ANSWER.pack(protocol.failure_code(error), len(text)) + text

    def _answer_many(self, client: socket.socket, frame: int, count: int, lsn: int) -> None:
        """Read several pages; those that are ready leave while the next are being made."""
        if not 0 < count <= protocol.READ_MANY_PAGES:
            raise OSError(f"{count} pages asked for at once")
        asked = client.recv(8 * count, socket.MSG_WAITALL)
        if len(asked) < 8 * count:
            raise OSError("connection closed")
        page_bytes = self.storage.volume.page_bytes
        pages = self.storage.arena.mem[frame : frame + page_bytes].data
        made = bytearray()
        for page_no in struct.unpack(f"<{count}q", asked):
            try:
                self.storage.read_page(page_no, lsn, frame)
                made += _GOOD
                made += pages
            except VolumeError as error:
                made += protocol.ANSWER.pack(protocol.failure_code(error), 0) + bytes(page_bytes)
            if len(made) >= _SEND_BYTES:
                client.sendall(made)
                made = bytearray()
        if made:
            client.sendall(made)

    def _do(self, request: bytes) -> bytes:
        try:
            return json.dumps(answer(self.storage, json.loads(request))).encode()
        except OSError as error:
            raise VolumeError(f"{error.strerror}: {error.filename}") from error
        except ValueError as error:
            raise VolumeError(f"not a request: {error}") from None

    def _payload(self, frame: int, op: int, a: int, b: int) -> bytes:
        storage = self.storage
        page_bytes = storage.volume.page_bytes
        if op == protocol.READ:
            storage.read_page(a, b, frame)
            return storage.arena.mem[frame : frame + page_bytes].tobytes()
        if op == protocol.HELLO:
            return protocol.THREE.pack(page_bytes, storage.control.vdl, storage.control.epoch)
        if op == protocol.OPEN_WRITER:
            recovered = storage.open_writer()
            return protocol.THREE.pack(recovered.epoch, recovered.vdl, recovered.last_batch)
        raise VolumeError(f"unknown request {op}")
