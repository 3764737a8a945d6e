"""Encryption at rest, as a cluster's options ask for it: keyrings, checks before a start, rotation.

Whether a volume is encrypted is decided when it is made, and written in its constants together with
its wrapped data key (`redo.keyring`). Whoever opens it unwraps the key for himself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.startup import StartError
from redo import frozen
from redo.arena import Arena, Words
from redo.disk import FileDisk
from redo.errors import KeyUnavailable
from redo.keyring import KeyService, LocalKeyring, Wrapped, unwrapped
from redo.metadata import VOLUME_FILE, load_volume, save_volume
from redo.volumes import SNAPSHOTS, VOLUMES

RETRY_S: Final = 0.2


def keyring_of(config: Config) -> KeyService | None:
    """The keyring that was named. Raises KeyUnavailable."""
    return LocalKeyring(Path(config.keyring)) if config.keyring else None


def encrypt_node(config: Config, arena: Arena, st: Words) -> None:
    """Let a writer or reader of an open volume write and follow its log. Raises VolumeError."""
    from redo.cipher import encrypt

    if config.keyring:
        volume = load_volume(FileDisk(), str(config.volume_dir))
        encrypt(arena, st, volume, keyring_of(config))


def check_keys(config: Config) -> None:
    """Before anything is started: is there a key, and is it the right one?

    The volume's lock is ours. A data key that an earlier master key wraps is wrapped by the
    current one. Raises StartError, VolumeError.
    """
    keys = keyring_of(config)
    path = config.volume_dir
    found = wrapped_key(path)
    if found is None and config.encrypt:
        if keys is None:
            raise StartError("--encrypt needs --keyring FILE: mysqlcompat keyring create FILE")
        if is_volume(path):
            raise StartError(
                f"volume {config.volume} is not encrypted, and cannot become so:"
                " load a dump of it into a new one"
            )
    if found is not None:
        if keys is None:
            raise StartError(f"volume {config.volume} is encrypted: its --keyring FILE is needed")
        unwrapped(found, keys)
        rewrap(path, keys)


def await_key(config: Config, status: Status) -> None:
    """In a process that begins: wait, saying for what, until the volume's key can be had.

    There was one when the cluster started; the file may have been out of reach since. To end the
    cluster because of that would help nobody.
    """
    said = ""
    while config.keyring:
        try:
            keys, found = keyring_of(config), wrapped_key(config.volume_dir)
            if found is not None:
                unwrapped(found, keys)
            return
        except KeyUnavailable as error:
            if str(error) != said:
                said = str(error)
                status.waiting(said)
        status.beat()
        time.sleep(RETRY_S)


def is_volume(path: Path) -> bool:
    """Is there a volume or snapshot in the directory?"""
    disk = FileDisk()
    return disk.exists(f"{path}/{VOLUME_FILE}") or frozen.is_folded(disk, path)


def wrapped_key(path: Path) -> Wrapped | None:
    """The wrapped data key of a volume or snapshot; None: it has none, or is not there yet."""
    disk = FileDisk()
    if frozen.is_folded(disk, path):
        return frozen.load(disk, path).volume.key
    if disk.exists(f"{path}/{VOLUME_FILE}"):
        return load_volume(disk, str(path)).key
    return None


def rewrap(path: Path, keys: KeyService) -> bool:
    """Have a data key wrapped by the current master key; whether it was not. Raises VolumeError."""
    wrapped = wrapped_key(path)
    if wrapped is None:
        return False
    new = keys.rewrap(wrapped)
    if new is wrapped:
        return False
    disk = FileDisk()
    if frozen.is_folded(disk, path):
        frozen.rewrap(disk, path, new)
    else:
        save_volume(disk, str(path), replace(load_volume(disk, str(path)), key=new))
    return True


def encrypted_below(data: Path) -> Iterator[Path]:
    """Encrypted volumes and snapshots of a data directory."""
    for kind in (VOLUMES, SNAPSHOTS):
        for path in sorted((data / kind).iterdir()) if (data / kind).is_dir() else ():
            if path.is_dir() and not path.name.startswith(".") and wrapped_key(path) is not None:
                yield path
