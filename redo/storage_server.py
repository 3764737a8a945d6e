"""The storage process: opens the volume, runs its copies, serves pages on a Unix socket.

One process for all six copies (`StorageServer`), or one for each zone (`ZoneServer`).
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redo.answers import Answers
from redo.archived import NearVolume
from redo.archiver import Archiver, ArchiveSettings
from redo.disk import FileDisk, is_full_disk
from redo.environment import system_environment
from redo.errors import VolumeError
from redo.image import PAGE_BYTES
from redo.keyring import KeyService, LocalKeyring
from redo.metadata import VolumeMeta, new_volume
from redo.peers import Peers
from redo.quorum import zone_copies
from redo.requests import answer
from redo.scrub import Scrubber
from redo.socket_server import SocketServer
from redo.storage import Storage
from redo.upkeep import Upkeep, UpkeepSettings
from redo.zone_node import ZoneNode

logger = logging.getLogger(__name__)

_JOIN_S = 0.05
CHUNK_BYTES = 16 << 20
EXIT_OK = 0
EXIT_FAILED = 1


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Settings of a storage process. Sizes in bytes."""

    data_dir: str
    socket_path: str
    page_bytes: int = PAGE_BYTES  #: of a new volume; an existing one has its own
    chunk_bytes: int = CHUNK_BYTES  #: log file size of a new volume
    pg_pages: int = 655360  #: pages per protection group of a new volume (10 GiB)
    coalesce_bytes: int = 64 << 20  #: log beyond this becomes page versions
    backtrack_window_s: int = 0  #: how far back in time the volume can be taken
    scrub_bytes_per_s: int = 0  #: verified in the background; 0: nothing
    archive: ArchiveSettings | None = None  #: continuous backup
    keyring: str = ""  #: file of the master key of an encrypted volume, and of its archive
    encrypt: bool = False  #: a new volume
    durable: bool = True  #: False: no fdatasync (tests of everything but crashes)

    @property
    def keys(self) -> KeyService | None:
        """Whoever has the master keys. Raises KeyUnavailable."""
        return LocalKeyring(Path(self.keyring)) if self.keyring else None

    def new_volume(self) -> VolumeMeta:
        """Constants of a new volume. Raises KeyUnavailable."""
        keys = self.keys
        wrapped = keys.generate_data_key()[1] if keys is not None and self.encrypt else None
        return new_volume(self.page_bytes, self.chunk_bytes, self.pg_pages, wrapped)


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


class Background:
    """What runs beside an open volume: upkeep and, if it is archived, the archiver.

    Made before the volume is opened, so that nothing is given up that the archive lacks.
    """

    def __init__(self, storage: Storage, config: StorageConfig) -> None:
        self._archiver: Archiver | None = None
        if config.archive is not None:
            self._archiver = Archiver(NearVolume(storage), config.archive, storage.keys)
            storage.archive_status = self._archiver.status
        settings = UpkeepSettings(config.coalesce_bytes, config.backtrack_window_s)
        self._upkeep = Upkeep(storage, settings)
        self._scrubber = Scrubber(storage, config.scrub_bytes_per_s)

    def start(self) -> None:
        """Start both; the volume is open."""
        self._upkeep.start()
        self._scrubber.start()
        if self._archiver is not None:
            self._archiver.start()

    def stop(self) -> None:
        """Stop both; the volume is about to be closed."""
        if self._archiver is not None:
            self._archiver.stop()
        self._upkeep.stop()
        self._scrubber.stop()


class StorageServer:
    """Storage, its upkeep, and the socket. Raises VolumeError, OSError when it cannot open."""

    def __init__(
        self, config: StorageConfig, ring_fd: int, wake_fds: Sequence[int], writer_fd: int
    ) -> None:
        self.storage = Storage(
            system_environment(FileDisk(config.durable)),
            config.data_dir,
            ring_fd,
            wake_fds,
            writer_fd,
            config.new_volume(),
            config.durable,
            keys=config.keys,
        )
        self._background = Background(self.storage, config)
        self.storage.open()
        answers = Answers(lambda: self.storage, lambda fields: answer(self.storage, fields))
        self._server = SocketServer(config.socket_path, answers)

    def start(self) -> None:
        """Start upkeep and accept clients."""
        self._background.start()
        self._server.start()

    def close(self) -> None:
        """Stop everything, in the order of who uses whom."""
        self.storage.stopping = True
        self._server.close()
        self._background.stop()
        self.storage.close()


class ZoneServer:
    """The same for one zone of several; whoever becomes the writer recovers the volume.

    peers   the other zones' processes
    shared  is the ring that of the writer? (`ZoneNode`)
    """

    def __init__(
        self,
        config: StorageConfig,
        zone: int,
        ring: tuple[int, Sequence[int], int],
        peers: Peers,
        shared: bool = True,
    ) -> None:
        self._config = config
        self._copies = zone_copies(zone)
        self._shared = shared
        self._ring = ring
        self._peers = peers
        self._background: Background | None = None
        self._stop = threading.Event()
        self._joining: threading.Thread | None = None
        self.node = ZoneNode(self._make, peers, shared, self._opened, self._closing)
        self.answers = Answers(self.node.storage, self.node.request, self.node.log_storage)
        self._server = SocketServer(config.socket_path, self.answers)

    def _make(self) -> Storage:
        config, (ring_fd, wake_fds, writer_fd) = self._config, self._ring
        environment = system_environment(FileDisk(config.durable))
        storage = Storage(
            environment,
            config.data_dir,
            ring_fd,
            wake_fds,
            writer_fd,
            durable=config.durable,
            keys=config.keys,
            copies=self._copies,
            peers=self._peers,
            fed=not self._shared,
        )
        self._background = Background(storage, config)
        return storage

    def _opened(self, _: Storage) -> None:
        assert self._background is not None
        self._background.start()

    def _closing(self) -> None:
        assert self._background is not None
        self._background.stop()

    def start(self) -> None:
        """Accept clients; beside a living writer, join it."""
        self._server.start()
        self._joining = threading.Thread(target=self._join, name="redo-join", daemon=True)
        self._joining.start()

    def _join(self) -> None:
        said = ""
        while not self._stop.wait(_JOIN_S):
            try:
                self.node.go_on()
                said = ""
            except (VolumeError, OSError) as error:
                if str(error) != said:
                    logger.warning("%s", error)
                said = str(error)

    def close(self) -> None:
        """Stop everything, in the order of who uses whom."""
        self._stop.set()
        if self._joining is not None:
            self._joining.join()
        self.node.stop_waiting()
        self._server.close()
        self.node.close()
