"""The storage process: the body of the supervisor's first child."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.control_socket import socket_path
from mysqlcompat.supervisor import Shared
from redo.archiver import ArchiveSettings
from redo.storage_server import StorageConfig, StorageServer

BEAT_S: Final = 0.2
LOG_FORMAT: Final = "%(asctime)s {name} %(levelname)s %(message)s"


def start_logging(name: str) -> None:
    """Warnings of this process go to standard error, with its name."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format=LOG_FORMAT.format(name=name), force=True
    )


def storage_socket(volume_dir: Path) -> str:
    """Where the storage process listens."""
    return socket_path(volume_dir, "storage.sock")


def archive_settings(config: Config) -> ArchiveSettings | None:
    """How the volume is backed up; None: not at all."""
    if not config.backup_url:
        return None
    return ArchiveSettings(
        url=config.backup_url,
        name=config.volume,
        retention_days=config.backup_retention_days,
        keyring=config.backup_keyring,
    )


def run_storage(config: Config, shared: Shared, name: str, status: Status) -> None:
    """Six copies and the page server, until SIGTERM."""
    start_logging(name)
    storage = StorageConfig(
        data_dir=str(config.volume_dir),
        socket_path=storage_socket(config.volume_dir),
        page_bytes=config.page_bytes,
        pg_pages=max(1, config.group_bytes // config.page_bytes),
        coalesce_bytes=config.coalesce_bytes,
        backtrack_window_s=config.backtrack_window,
        archive=archive_settings(config),
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server = StorageServer(storage, shared.ring_fd, shared.copy_wakes, shared.writer_wake)
    try:
        server.start()
        status.ready()
        while not stop.wait(BEAT_S):
            status.beat()
    finally:
        server.close()
