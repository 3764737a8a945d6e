"""What must be right before anything is started, each failure as one clear line.

The data directory: writable, of a format we know, not in use by another supervisor. The endpoints:
free. Everything here runs in the supervisor, before the first fork.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Any, Final

from redo.volumes import MAIN, SNAPSHOTS, VOLUMES, refuse_old_layout, volume_path

LOCK_NAME: Final = "supervisor.lock"
OWN_NAMES: Final = {VOLUMES, SNAPSHOTS, "tls", "lost+found"}
PATIENCE_S: Final = 1.0  #: processes of a killed server may need a moment to vanish
RETRY_S: Final = 0.02
BACKLOG: Final = 1024


class StartError(Exception):
    """The server cannot start; the message is one line for the user."""


def lock_volume(data: Path, volume: str = MAIN) -> int:
    """Make the volume's directory if need be and take its lock; the descriptor that holds it.

    Raises StartError, UnknownFormat.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        refuse_old_layout(data)
        _refuse_strange_contents(data)
        directory = volume_path(data, volume)
        directory.mkdir(parents=True, exist_ok=True)
        fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(explain(error, data)) from error
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise StartError(
                    f"volume {volume} in data directory {data} is in use by another server:"
                    " stop it, or use --data or --volume"
                ) from None
            time.sleep(RETRY_S)
        else:
            return fd


def _refuse_strange_contents(data: Path) -> None:
    """Never make a volume inside a directory that is used for something else."""
    names = {entry.name for entry in data.iterdir()}
    strangers = sorted(name for name in names - OWN_NAMES if not name.startswith("."))
    if strangers and VOLUMES not in names:
        raise StartError(
            f"data directory {data} is of an unknown format: it has no {VOLUMES!r}"
            f" but {strangers[0]!r}; choose an empty one with --data"
        )


def listen(host: str, port: int, flag: str) -> socket.socket:
    """A listening socket for an endpoint; `flag` is the option that chose `port`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"cannot listen on {host}: {error.strerror or error}") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(listener, address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"port {port} on {host} is taken: stop what uses it, or choose another with {flag}"
            ) from error
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def _bind(listener: socket.socket, address: Any) -> None:
    """Bind and listen; a taken port is tried again for a moment, as the lock is."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(RETRY_S)


def explain(error: OSError, data: Path) -> str:
    """An operating system error about the data directory, as one line."""
    if error.errno == errno.ENOSPC:
        return f"disk full: no room left for data directory {data}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"data directory {data} is not writable: {error.strerror}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"data directory {data} is not a directory"
    return f"data directory {data}: {error.strerror or error}"


def one_line(error: OSError) -> str:
    """What the operating system would not do, and with which file if it says so."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = error.strerror or str(error)
    reason = f"disk full: {reason}" if full else reason
    return reason if error.filename is None else f"{error.filename}: {reason}"
