"""Keys: a master key wraps the data keys that encrypt. Shaped like a key management service.

`LocalKeyring` is the service in a file that only its owner can read::

    {"format": 1, "current": "<id>", "keys": {"<id>": "<32 bytes, base64>", ...}}

A rotation adds a master key and makes it the current one. Earlier ones stay: they are needed for
whatever was wrapped by them and has not been wrapped again. A data key never changes.

A volume that is encrypted at rest has a data key of its own (`DataKey`); what is encrypted with it
is said in `cipher`. A clone or snapshot has the key of what it was made from: it reads the same
files.

`KeySealer` encrypts objects of an archive with a data key: AES-256-GCM, a random nonce of 96 bits
before each. A data key belongs to one archive, which writes an object every two seconds at most: a
thousand years of that are far below the 2^32 messages up to which random nonces are taken not to
meet. The object's name is bound to it as associated data, so that swapped ones are found out.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from redo.disk import FileDisk
from redo.errors import KeyUnavailable

Wrapped = dict[str, str]

_FORMAT: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_WRAPPING: Final = b"mysqlcompat data key"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key and how it is kept. Never printed."""

    secret: bytes = field(repr=False)
    wrapped: Wrapped

    def derived(self, purpose: str) -> bytes:
        """A key of 256 bits for one purpose: HKDF-SHA256."""
        derivation = HKDF(hashes.SHA256(), _KEY_BYTES, None, f"mysqlcompat {purpose}".encode())
        return derivation.derive(self.secret)


class KeyService(Protocol):
    """What a key management service does. Everything raises KeyUnavailable."""

    def generate_data_key(self) -> tuple[bytes, Wrapped]: ...
    def decrypt(self, wrapped: Wrapped) -> bytes: ...
    def rewrap(self, wrapped: Wrapped) -> Wrapped: ...
    def rotate(self) -> str: ...


def unwrapped(wrapped: Wrapped, keys: KeyService | None) -> DataKey:
    """The data key of a volume. Raises KeyUnavailable."""
    if keys is None:
        raise KeyUnavailable("the volume is encrypted: its --keyring is needed")
    return DataKey(keys.decrypt(wrapped), wrapped)


class LocalKeyring:
    """Master keys in a file. Raises KeyUnavailable when it is not there, or not safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise KeyUnavailable(f"keyring {path} can be read by others: chmod 600 it")
            fields = json.loads(path.read_text())
            keys = {str(name): base64.b64decode(key) for name, key in fields["keys"].items()}
            self._keys, self._current = keys, str(fields["current"])
            sound = fields["format"] == _FORMAT and self._current in keys
            if not sound or any(len(key) != _KEY_BYTES for key in keys.values()):
                raise ValueError
        except OSError as error:
            raise KeyUnavailable(f"cannot read keyring {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyUnavailable(f"{path} is not a keyring") from None

    @classmethod
    def create(cls, path: Path) -> LocalKeyring:
        """A new keyring with one master key. Raises KeyUnavailable when the file is there."""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            os.close(fd)
        except OSError as error:
            raise KeyUnavailable(f"cannot make keyring {path}: {error.strerror}") from None
        name = secrets.token_hex(8)
        _save(path, {name: secrets.token_bytes(_KEY_BYTES)}, name)
        return cls(path)

    @property
    def current(self) -> str:
        """Id of the master key that wraps."""
        return self._current

    def generate_data_key(self) -> tuple[bytes, Wrapped]:
        """A new data key, and how to keep it."""
        key = secrets.token_bytes(_KEY_BYTES)
        return key, self._wrap(key)

    def _wrap(self, key: bytes) -> Wrapped:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._keys[self._current]).encrypt(nonce, key, _WRAPPING)
        return {"master": self._current, "key": base64.b64encode(nonce + sealed).decode()}

    def decrypt(self, wrapped: Wrapped) -> bytes:
        """The data key."""
        try:
            name, data = str(wrapped["master"]), base64.b64decode(wrapped["key"])
        except (ValueError, KeyError, TypeError):
            raise KeyUnavailable("the wrapped data key is damaged") from None
        master = self._keys.get(name)
        if master is None:
            raise KeyUnavailable(f"keyring {self._path} lacks master key {name}")
        try:
            return AESGCM(master).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _WRAPPING)
        except InvalidTag:
            raise KeyUnavailable(f"keyring {self._path} has another master key") from None

    def rewrap(self, wrapped: Wrapped) -> Wrapped:
        """The same data key under the current master key."""
        if wrapped["master"] == self._current:
            return wrapped
        return self._wrap(self.decrypt(wrapped))

    def rotate(self) -> str:
        """A new master key, the current one from now on; its id."""
        name = secrets.token_hex(8)
        self._keys[name] = secrets.token_bytes(_KEY_BYTES)
        self._current = name
        _save(self._path, self._keys, name)
        return name


def _save(path: Path, keys: dict[str, bytes], current: str) -> None:
    """Replace the file, durably; nobody else can read it at any time."""
    texts = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    fields: dict[str, Any] = {"format": _FORMAT, "current": current, "keys": texts}
    new = path.with_name(path.name + ".new")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(fd, 0o600)
        os.write(fd, json.dumps(fields, indent=1).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    FileDisk().rename(str(new), str(path))


class KeySealer:
    """Encrypts objects with one data key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, name: str, data: bytes) -> bytes:
        """Encrypted, bound to `name`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, name.encode())

    def unseal(self, name: str, data: bytes) -> bytes:
        """What was sealed. Raises KeyUnavailable."""
        try:
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            raise KeyUnavailable(
                f"object {name} cannot be decrypted: it was changed, or is of another key"
            ) from None
