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

import os
from collections.abc import Sequence
from typing import Any, Final, Protocol

from redo import protocol
from redo.arena import Arena, Words, create_ring
from redo.cipher import encrypt
from redo.client import Client
from redo.disk import FileDisk
from redo.environment import Environment, system_environment
from redo.errors import PageUnavailable, StaleEpoch
from redo.image import PAGE_BYTES
from redo.keyring import KeyService
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
    """Pages from one storage process. One thread at a time.

    path    its Unix socket
    arena   pages are received straight into its frames
    Any broken connection raises VolumeError from the call it broke; `reconnect` tries again.

    Questions carry the epochs that storage had when we connected. A reader that hears of newer ones
    takes them over and asks again; a writer that hears of another reign is at its end.
    """

    def __init__(self, path: str, arena: Arena) -> None:
        self.client = Client(path)
        self._arena = arena
        self._asked: tuple[Sequence[int], int] = ((), 0)
        self._reign = 0  #: epoch of the writer we are; 0: a reader
        self.page_bytes = 0
        self.reconnect()

    def reconnect(self) -> None:
        """Connect (again). Raises VolumeError when nobody listens."""
        self.client.connect()
        self._learn()

    def _learn(self) -> None:
        """Take over storage's epochs."""
        self.page_bytes, _, epochs = self.client.hello()
        if self._reign:
            epochs = epochs._replace(volume=self._reign)
        self.client.epochs = epochs

    def open_writer(self) -> Recovered:
        """Fence earlier writers: a new epoch, durable on a write quorum; where to go on writing."""
        answer = self.client.ask(protocol.OPEN_WRITER, said=False)
        recovered = Recovered(*protocol.THREE.unpack(answer))
        self.write_as(recovered.epoch)
        return recovered

    def write_as(self, epoch: int) -> None:
        """We are the writer of this epoch, and of no other."""
        self._reign = epoch
        self.client.epochs = self.client.epochs._replace(volume=epoch)

    def status(self) -> dict[str, Any]:
        """Copies, their states and positions."""
        return self.request({"do": "status"})

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have storage do something (`requests.py`). Raises VolumeError."""
        return self.client.request(request)

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, VolumeError."""
        self.pages_ask((page_no,), lsn)
        if not self.pages_take((frame,))[0]:  # asked once more for the reason
            into = self._arena.mem.data[frame : frame + self.page_bytes]
            self.client.ask(protocol.READ, page_no, lsn, into)

    def pages_ask(self, page_nos: Sequence[int], lsn: int) -> None:
        """Ask for at most READ_MANY_PAGES pages. Raises VolumeError."""
        self._asked = page_nos, lsn
        self.client.ask_many(page_nos, lsn)

    def pages_take(self, frames: Sequence[int]) -> list[bool]:
        """Fill the frames with the pages asked for, in that order; which are good.

        Raises VolumeError.
        """
        codes = self.client.take_many(self._arena.mem.data, frames, self.page_bytes)
        if any(code in protocol.FAILED_STALE for code in codes):
            self._learn()
            self.client.ask_many(*self._asked)
            codes = self.client.take_many(self._arena.mem.data, frames, self.page_bytes)
            if protocol.FAILED_STALE_EPOCH in codes:
                raise StaleEpoch(f"epoch {self._reign} is over")
        return [code == 0 for code in codes]

    def another(self) -> SocketVolume:
        """A second connection, made when it is first used."""
        beside = SocketVolume(self.client.path, self._arena)
        if self._reign:
            beside.write_as(self._reign)
        return beside

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


class LocalVolume(OnePageVolume):
    """The whole volume in this process: six copies on threads, and a writer's log over them.

    Formats `data_dir` when it is empty. Ready for kernels: `arena`, `st`, `log` (open for writing);
    also `recovered`, `page_bytes`, `storage`, `writer_fd`, `wake_fds`. After `close` the arena is
    gone: no view of it may be used.

    keys  of an encrypted volume; a new one is encrypted if there are any
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
        keys: KeyService | None = None,
    ) -> None:
        wrapped = None if keys is None else keys.generate_data_key()[1]
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
                new_volume(page_bytes, chunk_bytes, pg_pages, wrapped),
                durable,
                private_bytes=4 << 30,
                keys=keys,
            )
            self.storage.open()
            try:
                self.page_bytes = self.storage.volume.page_bytes
                self.st: Words = new_state(self.arena, self.page_bytes)
                encrypt(self.arena, self.st, self.storage.volume, keys)
                self.recovered = self.storage.open_writer()
            except BaseException:
                self.storage.close()
                raise
        except BaseException:
            self._close_fds()
            self.arena.close()
            raise
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
