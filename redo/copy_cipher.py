"""Encryption as one copy needs it: pages are decrypted to be read, encrypted to be stored.

A tail needs none of it: it never looks at records. Without the key a copy takes log and gives it to
others, but cannot read pages.
"""

from __future__ import annotations

import numpy as np

from redo.arena import Arena
from redo.cipher import Cipher, new_salts
from redo.errors import KeyUnavailable
from redo.keyring import DataKey
from redo.metadata import VolumeMeta
from redo.page_table import PageTable
from redo.segment_layout import S_CIPHER, STORE_ENTRY_BYTES, X_SALT


class CopyCipher:
    """Of the segment block at `seg`; all of it under `Segment.lock`.

    table   None: a tail
    """

    def __init__(
        self,
        arena: Arena,
        seg: int,
        volume: VolumeMeta,
        key: DataKey | None,
        table: PageTable | None,
    ) -> None:
        self._arena = arena
        self._table = table
        self._encrypted = volume.key is not None
        self._cipher: Cipher | None = None
        if table is not None and self._encrypted and key is not None:
            self._cipher = Cipher(arena, key, volume.seals)
            arena.words(seg + S_CIPHER, 1)[0] = self._cipher.at
            table.note_starts(0)

    def must_decrypt(self) -> None:
        """Raises KeyUnavailable when records and pages cannot be read."""
        if self._encrypted and self._cipher is None:
            raise KeyUnavailable("the volume is encrypted: its --keyring is needed")

    def note_log(self, log_bytes: int) -> None:
        """So much log is about to be indexed."""
        if self._table is not None:
            self._table.note_starts(log_bytes)

    def put_salts(self, entries: int, count: int) -> None:
        """New salts for images whose store index entries will be at `entries`."""
        if self._cipher is not None:
            size = count * STORE_ENTRY_BYTES
            table = self._arena.mem[entries : entries + size].view(np.int64).reshape(count, -1)
            table[:, X_SALT // 8] = new_salts(count)

    def close(self) -> None:
        """Forget the keys."""
        if self._cipher is not None:
            self._cipher.close()
