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
from mysqlcompat.supervisor import Shared
from redo.archiver import ArchiveSettings
from redo.environment import system_environment
from redo.feeder import Feeder
from redo.network import TlsNetwork
from redo.peers import Peers, SocketPeer
from redo.quorum import ZONES
from redo.secret import load_secret
from redo.storage_server import StorageConfig, StorageServer, ZoneServer
from replicas.failover import STORAGE, zone_name

BEAT_S: Final = 0.2
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
    """The zone whose process archives the volume: the first one on this host."""
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


def _server(config: Config, shared: Shared, name: str) -> StorageServer | ZoneServer | Feeder:
    ring = (shared.ring_fd, list(shared.copy_wakes), shared.writer_wake)
    if name == STORAGE:
        settings = storage_config(config, storage_socket(config.volume_dir), archiving=True)
        return StorageServer(settings, *ring)
    sockets = zone_sockets(config.volume_dir)
    zone = ZONES.index(name.removeprefix(zone_name("")))
    if zone in config.places:
        others = {other: path for other, path in sockets.items() if other != zone}
        world = system_environment(network=TlsNetwork(load_secret(Path(config.secret_file))))
        return Feeder(zone, config.places[zone], world, ring, sockets[zone], others)
    peers = Peers({other: SocketPeer(path) for other, path in sockets.items() if other != zone})
    settings = storage_config(config, sockets[zone], archiving=zone == archiving_zone(config))
    return ZoneServer(settings, zone, ring, peers)
