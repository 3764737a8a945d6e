"""Sealing of images that came from elsewhere."""

from __future__ import annotations

from redo import jit
from redo.index_kernels import image_seal
from redo.segment_layout import STORE_ENTRY_BYTES
from redo.state import ST_PAGE_BYTES


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def images_seal(st, mem, count, frames, entries):
    """Set the crc of `count` images and write their store index entries, slots 0 … count - 1."""
    for i in range(count):
        frame = frames + i * st[ST_PAGE_BYTES]
        image_seal(st, mem, frame, entries + i * STORE_ENTRY_BYTES, i)
    return count
