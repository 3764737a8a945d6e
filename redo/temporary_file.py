"""A file without a name, for what does not fit memory: gone with its last descriptor.

Beside an encrypted volume it is encrypted too, with AES-256 in counter mode under a key that only
this object has; a byte's place is its counter, so each place may be written once.
"""

from __future__ import annotations

import os
import secrets
import tempfile

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK_BYTES = 16


class TemporaryFile:
    """Raises OSError."""

    def __init__(self, encrypted: bool) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            self.fd = os.dup(file.fileno())
        self._key = secrets.token_bytes(32) if encrypted else b""

    def _turned(self, data: memoryview, at: int) -> memoryview:
        """Encrypted or decrypted bytes of place `at`."""
        counter = (at // _BLOCK_BYTES).to_bytes(_BLOCK_BYTES, "big")
        stream = Cipher(AES(self._key), CTR(counter)).encryptor()
        stream.update(bytes(at % _BLOCK_BYTES))
        return memoryview(stream.update(data))

    def write(self, data: memoryview, at: int) -> None:
        """Write all of it."""
        if self._key:
            data = self._turned(data, at)
        while data:
            done = os.pwrite(self.fd, data, at)
            at += done
            data = data[done:]

    def read(self, into: memoryview, at: int) -> int:
        """Bytes read; fewer than asked for at the end."""
        got = os.preadv(self.fd, [into], at)
        if self._key:
            into[:got] = self._turned(into[:got], at)
        return got

    def truncate(self, count: int) -> None:
        """Cut it: what was there must not be written again."""
        os.ftruncate(self.fd, count)

    def close(self) -> None:
        """Give it back."""
        os.close(self.fd)
