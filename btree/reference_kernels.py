"""References of rows to the chains of their external columns: found without a table descriptor.

A row with external columns ends with them (`layout.py`), so purge and the freeing of dropped trees
find them by the row's bytes alone. Whose a chain is: `chain_kernels.py`.
"""

from __future__ import annotations

from btree.layout import (
    CHAINS_AT,
    EXTERNAL_ROW,
    HEADER_PAGE,
    LEFT_AT,
    REFERENCE_BYTES,
    REFERENCE_PATCHED,
    REFERENCE_SHARED,
    REFERENCE_STAMP,
    STAMP_AT,
)
from btree.pool_kernels import pool_find
from redo.coding_kernels import load_i64, load_u16, load_u32, store_u32
from redo.edit_kernels import page_put_i64
from redo.jit import helper, routine


@helper
def references(mem, row, row_bytes):
    """How many external columns a row has."""
    if load_u16(mem, row) & EXTERNAL_ROW:
        return load_u16(mem, row + row_bytes - 2)
    return 0


@helper
def reference_at(mem, row, row_bytes, number):
    """Offset of a row's reference `number`."""
    count = load_u16(mem, row + row_bytes - 2)
    return row + row_bytes - 2 - REFERENCE_BYTES * (count - number)


@helper
def reference_stamp(mem, at):
    """Stamp of the chain."""
    return load_u32(mem, at + REFERENCE_STAMP)


@helper
def reference_page(mem, at):
    """First page of the chain."""
    return load_i64(mem, at)


@helper
def reference_count(mem, at):
    """Bytes of the value."""
    return load_u32(mem, at + 8) & (REFERENCE_SHARED - 1)


@helper
def reference_patched(mem, at):
    """Bytes of patches."""
    return load_u32(mem, at + REFERENCE_PATCHED)


@routine
def references_share(st, mem, image, image_bytes, row, row_bytes):
    """Mark those references of a row image that `row` has too as shared (K3), the others not.

    row_bytes  0: there is no such row, nothing is shared
    """
    kept = references(mem, row, row_bytes) if row_bytes else 0
    for i in range(references(mem, image, image_bytes)):
        at = reference_at(mem, image, image_bytes, i)
        size = reference_count(mem, at)
        for j in range(kept):
            other = reference_at(mem, row, row_bytes, j)
            if reference_page(mem, other) == reference_page(mem, at):
                size |= REFERENCE_SHARED
        store_u32(mem, at + 8, size)
    return 0


@helper
def chain_touch(st, mem, at):
    """Bring in what `chain_drop` of a reference needs. 1, 0 when it is no good, or E_PAGE_MISS."""
    frame = pool_find(st, mem, HEADER_PAGE)
    if frame < 0:
        return frame
    frame = pool_find(st, mem, reference_page(mem, at))
    if frame < 0:
        return frame
    return 1 if load_i64(mem, frame + STAMP_AT) == reference_stamp(mem, at) else 0


@helper
def chain_drop(st, mem, page_no):
    """Inside an MTR, touched: put a chain on the list of those to be freed (K4)."""
    header = pool_find(st, mem, HEADER_PAGE)
    frame = pool_find(st, mem, page_no)
    page_put_i64(st, mem, frame, STAMP_AT, 0)
    page_put_i64(st, mem, frame, LEFT_AT, load_i64(mem, header + CHAINS_AT))
    page_put_i64(st, mem, header, CHAINS_AT, page_no)
    return 0


@routine
def references_touch(st, mem, row, row_bytes):
    """`chain_touch` for all chains that a row image owns: how many, or E_PAGE_MISS."""
    owned = 0
    for i in range(references(mem, row, row_bytes)):
        at = reference_at(mem, row, row_bytes, i)
        if load_u32(mem, at + 8) & REFERENCE_SHARED:
            continue
        code = chain_touch(st, mem, at)
        if code < 0:
            return code
        owned += code
    return owned


@routine
def references_drop(st, mem, row, row_bytes):
    """Inside an MTR, touched: give all chains up that a row image owns."""
    for i in range(references(mem, row, row_bytes)):
        at = reference_at(mem, row, row_bytes, i)
        if not load_u32(mem, at + 8) & REFERENCE_SHARED and chain_touch(st, mem, at) == 1:
            chain_drop(st, mem, reference_page(mem, at))
    return 0
