"""Encryption of a volume's log and pages: keys, and libcrypto for kernels (`cipher_kernels`).

From the data key (`keyring.DataKey`) come, by HKDF, one key for pages and one for each volume's own
log. A clone reads its parent's log below the LSN where its own begins: `VolumeMeta.seals` says
which log is whose. Whatever is encrypted, everywhere: batches of log, page images. Plain are what
one needs to find them: headers of batches, page numbers and LSNs, `copy.json`, runs.

Why no nonce is ever used for two different contents with one key:

- A batch's is (clock, epoch, LSN) under its volume's own log key. Within a volume LSNs never fall,
  also when it goes back in time. What a recovery cuts off is written again at the same LSN, but in
  a later epoch, and an epoch is durable on four copies before its writer may write. A writer seals
  a batch once. Whoever writes it again (a copy that was behind, repair, storage restarted on the
  ring) writes the bytes it has. A clone, and a volume restored from an archive or a snapshot, has
  an id of its own, hence a log key of its own, and so may have the same epochs and LSNs.
- A directory that was copied by hand and is served twice, or an old copy of it that is put back,
  has the same id and goes through the same epochs and LSNs: the clock, in µs, is in the nonce.
- An image's is (salt, page, LSN) under the key of pages, which a volume shares with its clones. A
  page as of the record at an LSN has one content in one volume; the salt is 64 random bits and
  keeps apart what clones, or copied directories, made of a page at the same LSN.

The nonce says where a batch or image belongs, and is recomputed from where it was found: what was
swapped or moved does not open.
"""

from __future__ import annotations

import ctypes
import functools
import secrets
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from redo import cipher_kernels
from redo.arena import Arena, Memory, Words
from redo.cipher_layout import (
    C_CONTROL,
    C_FINAL,
    C_INIT,
    C_KEYS,
    C_LOG,
    C_OPEN,
    C_PAGES,
    C_SEAL,
    C_STREAM,
    C_UPDATE,
    KEY_BYTES,
    LOG_KEYS_MAX,
    Y_CONTEXT,
    Y_FROM,
    Y_MASK,
    cipher_bytes,
)
from redo.errors import KeyUnavailable, VolumeError
from redo.keyring import DataKey, KeyService, unwrapped
from redo.metadata import VolumeMeta
from redo.segment_layout import STORE_ENTRY_BYTES, X_SALT
from redo.shared_library import find_library
from redo.state import ST_CIPHER

Seals = tuple[tuple[int, str], ...]

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib")
_CALLS: Final = (
    (C_INIT, "EVP_CipherInit_ex"),
    (C_UPDATE, "EVP_CipherUpdate"),
    (C_FINAL, "EVP_CipherFinal_ex"),
    (C_CONTROL, "EVP_CIPHER_CTX_ctrl"),
)
_SALT_MASK: Final = (1 << 63) - 1  #: kernels take words for signed
_REDUCTION: Final = 0x87  #: of GF(2^128)


@functools.cache
def libcrypto() -> Any:
    """OpenSSL's libcrypto, 1.1 or later. Raises KeyUnavailable when this machine has none."""
    library = find_library(_LIBRARIES, "crypto", ["EVP_CIPHER_CTX_new"])
    if library is None:
        raise KeyUnavailable("encryption needs OpenSSL's libcrypto, which was not found")
    pointer = ctypes.c_void_p
    for maker in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm", "EVP_aes_256_ctr", "EVP_aes_256_ecb"):
        getattr(library, maker).restype = pointer
    library.EVP_CIPHER_CTX_free.argtypes = [pointer]
    library.EVP_CIPHER_CTX_set_padding.argtypes = [pointer, ctypes.c_int]
    library.EVP_CipherInit_ex.argtypes = [pointer] * 3 + [ctypes.c_char_p] * 2 + [ctypes.c_int]
    library.EVP_CipherUpdate.argtypes = [pointer] * 4 + [ctypes.c_int]
    return library


def _context(cipher: str, key: bytes | None, encrypt: bool = True) -> int:
    """A new context of libcrypto."""
    library = libcrypto()
    context = int(library.EVP_CIPHER_CTX_new() or 0)
    kind = getattr(library, f"EVP_aes_256_{cipher}")()
    if not context or library.EVP_CipherInit_ex(context, kind, None, key, None, encrypt) != 1:
        raise KeyUnavailable(f"libcrypto has no AES-256-{cipher.upper()}")
    library.EVP_CIPHER_CTX_set_padding(context, 0)
    return context


class Cipher:
    """A cipher block in an arena, for one thread at a time; `at` is its offset.

    seals   (LSN, volume id): log from that LSN on has the log key of that volume; ascending
    """

    def __init__(self, arena: Arena, key: DataKey, seals: Seals) -> None:
        if len(seals) > LOG_KEYS_MAX:
            raise VolumeError(f"a clone of {len(seals)} generations cannot be opened")
        self._arena = arena
        self._size = cipher_bytes(len(seals))
        self._contexts: list[int] = []
        self.at = arena.alloc(self._size)
        arena.mem[self.at : self.at + self._size] = 0
        for place, name in _CALLS:
            function = ctypes.cast(getattr(libcrypto(), name), ctypes.c_void_p).value
            self._put(place, function or 0)
        self._put(C_SEAL, self._keep(_context("gcm", None, encrypt=True)))
        self._put(C_OPEN, self._keep(_context("gcm", None, encrypt=False)))
        self._put(C_STREAM, self._keep(_context("ctr", None)))
        self._put(C_KEYS, len(seals))
        self._put_key(C_PAGES, 0, key.derived("pages"))
        for number, (lsn, volume_id) in enumerate(seals):
            self._put_key(C_LOG + KEY_BYTES * number, lsn, key.derived(f"log {volume_id}"))

    def _keep(self, context: int) -> int:
        self._contexts.append(context)
        return context

    def _put(self, word: int, value: int) -> None:
        self._arena.words(self.at + word, 1)[0] = value

    def _put_key(self, place: int, lsn: int, key: bytes) -> None:
        context = self._keep(_context("ecb", key))
        self._put(place + Y_FROM, lsn)
        self._put(place + Y_CONTEXT, context)
        at = self.at + place + Y_MASK
        self._arena.mem[at : at + 16] = np.frombuffer(derivation_mask(context), np.uint8)

    def close(self) -> None:
        """Forget the keys."""
        for context in self._contexts:
            libcrypto().EVP_CIPHER_CTX_free(context)
        self._contexts.clear()
        self._arena.mem[self.at : self.at + self._size] = 0
        self._arena.free(self.at, self._size)

    def decrypted_log(self, log: bytes) -> bytes:
        """Whole batches as an unencrypted volume would have them. Raises VolumeError."""
        return self._log(log, cipher_kernels.DECRYPT)

    def encrypted_log(self, log: bytes) -> bytes:
        """Whole plain batches, encrypted."""
        return self._log(log, cipher_kernels.ENCRYPT)

    def _log(self, log: bytes, direction: int) -> bytes:
        def turn(mem: Memory, at: int) -> int:
            return int(cipher_kernels.stretch_turn(mem, self.at, at, len(log), direction))

        return self._turned(log, turn)

    def decrypted_images(self, entries: bytes, images: bytes) -> bytes:
        """Entries and images, one after the other, as an unencrypted volume would have them.

        Raises VolumeError.
        """
        return self._images(entries, images, cipher_kernels.DECRYPT)

    def encrypted_images(self, entries: bytes, images: bytes) -> bytes:
        """The way back, with new salts."""
        salted = np.frombuffer(bytearray(entries), np.uint8).reshape(-1, STORE_ENTRY_BYTES)
        salted[:, X_SALT : X_SALT + 8] = new_salts(len(salted)).view(np.uint8).reshape(-1, 8)
        return self._images(salted.tobytes(), images, cipher_kernels.ENCRYPT)

    def _images(self, entries: bytes, images: bytes, direction: int) -> bytes:
        count = len(entries) // STORE_ENTRY_BYTES
        page_bytes = len(images) // max(1, count)

        def turn(mem: Memory, at: int) -> int:
            frames = at + len(entries)
            code = cipher_kernels.images_turn(
                mem, self.at, page_bytes, frames, at, count, direction
            )
            return int(code)

        return self._turned(entries + images, turn)

    def _turned(self, data: bytes, turn: Callable[[Memory, int], int]) -> bytes:
        if not data:
            return data
        at, mem = self._arena.alloc(len(data)), self._arena.mem
        try:
            mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
            if turn(mem, at) < 0:
                raise VolumeError("log or pages cannot be decrypted: changed, or of another key")
            return mem[at : at + len(data)].tobytes()
        finally:
            self._arena.free(at, len(data))


def encrypt(arena: Arena, st: Words, volume: VolumeMeta, keys: KeyService | None) -> None:
    """Let a node write and follow the log of a volume, encrypted if that is.

    Raises KeyUnavailable.
    """
    if volume.key is not None:
        st[ST_CIPHER] = Cipher(arena, unwrapped(volume.key, keys), volume.seals).at


def new_salts(count: int) -> Words:
    """Random salts for so many images."""
    return np.frombuffer(secrets.token_bytes(8 * count), np.int64) & _SALT_MASK


def derivation_mask(context: int) -> bytes:
    """K1 of XAES-256-GCM's key derivation (CMAC's subkey). `context`: AES-256-ECB."""
    block, length = ctypes.create_string_buffer(32), ctypes.c_int(0)
    if libcrypto().EVP_CipherUpdate(context, block, ctypes.byref(length), bytes(16), 16) != 1:
        raise KeyUnavailable("libcrypto does not encrypt")
    doubled = int.from_bytes(block.raw[:16], "big") << 1
    if doubled >> 128:
        doubled = (doubled & (1 << 128) - 1) ^ _REDUCTION
    return doubled.to_bytes(16, "big")
