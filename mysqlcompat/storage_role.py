"""The storage processes: the bodies of the supervisor's first children."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.control_socket import storage_socket, zone_sockets
from mysqlcompat.encryption import await_key
from mysqlcompat.supervisor import Shared
from redo.archived import FarVolume
from redo.archiver import Archiver, ArchiveSettings
from redo.arena import Arena
from redo.environment import Environment, system_environment
from redo.feeder import Feeder
from redo.keyring import LocalKeyring
from redo.network import TlsNetwork
from redo.peers import Peers, SocketPeer
from redo.quorum import ZONES
from redo.secret import load_secret
from redo.storage_server import StorageConfig, StorageServer, ZoneServer
from replicas.failover import STORAGE, zone_name

BEAT_S: Final = 0.2
_ARCHIVER_BYTES: Final = 256 << 20  #: address space, for what is decrypted
LOG_FORMAT: Final = "%(asctime)s {name} %(levelname)s %(message)s"


def start_logging(name: str) -> None:
    """Warnings of this process go to standard error, with its name."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format=LOG_FORMAT.format(name=name), force=True
    )


def archive_settings(config: Config) -> ArchiveSettings | None:
    """How the volume is backed up; None: not at all."""
    if not config.backup_url:
        return None
    return ArchiveSettings(
        url=config.backup_url,
        name=config.volume,
        retention_days=config.backup_retention_days,
    )


def archiving_zone(config: Config) -> int:
    """The zone whose process archives the volume: the first on this host, if there is one."""
    return min({*range(len(ZONES))} - set(config.places), default=0)


def storage_config(config: Config, socket: str, archiving: bool) -> StorageConfig:
    """Settings of a storage process that listens at `socket`."""
    return StorageConfig(
        data_dir=str(config.volume_dir),
        socket_path=socket,
        page_bytes=config.page_bytes,
        pg_pages=group_pages(config),
        coalesce_bytes=config.coalesce_bytes,
        backtrack_window_s=config.backtrack_window,
        scrub_bytes_per_s=config.scrub_bytes_per_second,
        archive=archive_settings(config) if archiving else None,
        keyring=config.keyring,
        encrypt=config.encrypt,
    )


def group_pages(config: Config) -> int:
    """Pages of a protection group of a new volume."""
    return max(1, config.protection_group_bytes // config.page_bytes)


def run_storage(config: Config, shared: Shared, name: str, status: Status) -> None:
    """The storage process of that name, until SIGTERM."""
    start_logging(name)
    await_key(config, status)
    server = _server(config, shared, name)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        server.start()
        status.ready()
        while not stop.wait(BEAT_S):
            status.beat()
    finally:
        server.close()


class ArchivingFeeder:
    """A zone elsewhere, when all are: what archives the volume is beside what feeds the first."""

    def __init__(self, config: Config, shared: Shared, feeder: Feeder, world: Environment) -> None:
        settings = archive_settings(config)
        assert settings is not None
        keys = LocalKeyring(Path(config.keyring)) if config.keyring else None
        sockets = zone_sockets(config.volume_dir)
        peers = Peers({zone: SocketPeer(path) for zone, path in sockets.items()})
        arena = Arena(shared.ring_fd, _ARCHIVER_BYTES)
        self._archiver = Archiver(FarVolume(arena, world, peers, keys), settings, keys)
        self._feeder = feeder
        feeder.archive_status = self._archiver.status

    def start(self) -> None:
        """Start both."""
        self._feeder.start()
        self._archiver.start()

    def close(self) -> None:
        """Stop both."""
        self._archiver.stop()
        self._feeder.close()


def _server(
    config: Config, shared: Shared, name: str
) -> StorageServer | ZoneServer | Feeder | ArchivingFeeder:
    ring = (shared.ring_fd, list(shared.copy_wakes), shared.writer_wake)
    if name == STORAGE:
        settings = storage_config(config, storage_socket(config.volume_dir), archiving=True)
        return StorageServer(settings, *ring)
    sockets = zone_sockets(config.volume_dir)
    zone = ZONES.index(name.removeprefix(zone_name("")))
    if zone in config.places:
        others = {other: path for other, path in sockets.items() if other != zone}
        world = system_environment(network=TlsNetwork(load_secret(Path(config.secret_file))))
        feeder = Feeder(zone, config.places[zone], world, ring, sockets[zone], others)
        if config.backup_url and zone == archiving_zone(config):
            return ArchivingFeeder(config, shared, feeder, world)
        return feeder
    peers = Peers({other: SocketPeer(path) for other, path in sockets.items() if other != zone})
    settings = storage_config(config, sockets[zone], archiving=zone == archiving_zone(config))
    return ZoneServer(settings, zone, ring, peers)
