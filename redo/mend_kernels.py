"""Sealing of images that came from elsewhere."""

from __future__ import annotations

from redo import jit
from redo.coding_kernels import load_i64
from redo.index_kernels import entry_write, image_seal
from redo.segment_layout import STORE_ENTRY_BYTES, X_SALT
from redo.state import ST_PAGE_BYTES


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def images_seal(st, mem, seg, count, frames, entries):
    """Make `count` page images ready for the page store, as `index_kernels.pages_build` does.

    entries   of an encrypted volume: random salts;  ->  count or CANNOT_READ
    """
    for i in range(count):
        frame, entry = frames + i * st[ST_PAGE_BYTES], entries + i * STORE_ENTRY_BYTES
        salt = load_i64(mem, entry + X_SALT)
        entry_write(mem, frame, entry, i)
        code = image_seal(st, mem, seg, frame, entry, salt)
        if code < 0:
            return code
    return count
