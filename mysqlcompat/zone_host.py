"""`mysqlcompat storage --zone az2 --listen HOST:PORT`: a zone's storage on a host of its own.

It runs in the foreground until Ctrl-C or SIGTERM: the same storage process as beside a writer, with
a log ring of its own that the writer's host feeds over TLS. It needs no configuration but its zone,
its directory and the shared secret: what the volume is, it is told.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mysqlcompat.control_socket import socket_path
from mysqlcompat.startup import StartError, lock_volume
from redo.quorum import COPIES, ZONES
from redo.secret import load_secret
from redo.volumes import MAIN, volume_path

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHost:
    """What the command line says. Sizes in bytes."""

    zone: int
    listen: str
    data: Path
    secret_file: Path
    keyring: Path | None = None
    volume: str = MAIN
    ring_bytes: int = 64 * MIB
    coalesce_bytes: int = 64 * MIB
    backtrack_window: int = 0


def run_zone_host(settings: ZoneHost, notify_fd: int | None = None) -> int:
    """Serve the zone until a signal; the exit code. Raises StartError, VolumeError.

    notify_fd   where the address that is listened at is written when it is served
    """
    secret = load_secret(settings.secret_file)
    data = settings.data.absolute()
    lock_fd = lock_volume(data, settings.volume)
    try:
        _compile()
        from mysqlcompat.storage_role import start_logging

        name = ZONES[settings.zone]
        start_logging(f"storage-{name}")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        directory = volume_path(data, settings.volume)
        address, close = _serve(settings, directory, secret)
        sys.stdout.write(f"storage of {name} in {directory}, listening at {address}\n")
        sys.stdout.flush()
        if notify_fd is not None:
            os.write(notify_fd, address.encode() + b"\n")
        stop.wait()
        close()
    finally:
        os.close(lock_fd)
    return 0


def _compile() -> None:
    from mysqlcompat.progress import compile_kernels

    try:
        compile_kernels()
    except RuntimeError as error:
        raise StartError(str(error)) from error


def _serve(settings: ZoneHost, directory: Path, secret: bytes) -> tuple[str, Callable[[], None]]:
    """Serve; where, and what ends it."""
    from redo.arena import create_ring
    from redo.disk import FileDisk
    from redo.exchange import ExchangePeer
    from redo.frozen import thaw
    from redo.network import TlsNetwork, listen_at
    from redo.peers import Peers
    from redo.receiver import Receiver
    from redo.storage_server import StorageConfig, ZoneServer

    thaw(FileDisk(), directory)
    wakes = [os.eventfd(0, os.EFD_CLOEXEC) for _ in range(COPIES)]
    moved = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    ring = (create_ring(settings.ring_bytes), wakes, moved)
    others = {
        zone: ExchangePeer(lambda: receiver.way_home(), zone)
        for zone in range(len(ZONES))
        if zone != settings.zone
    }
    config = StorageConfig(
        data_dir=str(directory),
        socket_path=socket_path(directory, f"storage-{ZONES[settings.zone]}.sock"),
        coalesce_bytes=settings.coalesce_bytes,
        backtrack_window_s=settings.backtrack_window,
        keyring=str(settings.keyring or ""),
    )
    try:
        listener = listen_at(settings.listen)
    except OSError as error:
        raise StartError(
            f"cannot listen at {settings.listen}: {os.strerror(error.errno or 0)}"
        ) from error
    server = ZoneServer(config, settings.zone, ring, Peers(others), shared=False)
    receiver = Receiver(settings.zone, server.node, ring, server.answers.whole)
    server.start()
    receiver.start()
    stop_listening = TlsNetwork(secret).accept_at(listener, receiver.accept)

    def close() -> None:
        stop_listening()
        receiver.close()
        server.close()

    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}", close
