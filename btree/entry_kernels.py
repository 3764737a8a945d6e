"""Entry points for Python over the tree kernels: one call, one mini-transaction.

For the catalog, tests and tools; statements use the row kernels, which call the helpers themselves.
"""

from __future__ import annotations

from btree.dismantle_kernels import tree_dismantle
from btree.layout import CATALOG_ROOT, FIRST_FREE_PAGE, FRAME_REFERENCED, HEADER_PAGE
from btree.pool_kernels import pool_take
from btree.space_kernels import (
    header_create,
    page_format,
    pages_reserve,
    reserve_begin,
    tree_id_next,
)
from btree.state import ST_LEAF_FRAME, ST_LEAF_SLOT, ST_VALUE_BYTES
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_next,
    leaf_value,
    tree_create,
    tree_delete,
    tree_find,
    tree_insert,
    tree_replace,
    tree_reserve,
)
from redo import jit
from redo.codes import E_NO_FRAME, E_NO_ROOM, E_NOT_FOUND
from redo.coding_kernels import move, store_u32
from redo.edit_kernels import mtr_begin, mtr_commit, page_new


@jit.kernel("i8(i8[::1], u1[::1])")
def volume_create(st, mem):
    """Page 0 and the empty root of the catalog tree of a new volume; end LSN | code."""
    header = pool_take(st, mem, HEADER_PAGE, FRAME_REFERENCED)
    root = pool_take(st, mem, CATALOG_ROOT, FRAME_REFERENCED)
    if root < 0:
        return E_NO_FRAME
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    header_create(st, mem, header, FIRST_FREE_PAGE, 2)
    page_new(st, mem, root, CATALOG_ROOT)
    page_format(st, mem, root, 0, 0, 0, 1)
    return mtr_commit(st, mem)


@jit.kernel("i8(i8[::1], u1[::1], i8)")
def tree_make(st, mem, tree_id):
    """A new empty tree in a mini-transaction of its own; its root page. tree_id 0: the next one."""
    reserve_begin(st)
    code = pages_reserve(st, mem, 1)
    if code < 0:
        return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    if tree_id == 0:
        tree_id = tree_id_next(st, mem)
    root = tree_create(st, mem, tree_id)
    mtr_commit(st, mem)
    return root


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def tree_get(st, mem, root, key, key_bytes):
    """Offset of a key's value, bytes in st[ST_VALUE_BYTES]; E_NOT_FOUND, or a code to settle."""
    found = tree_find(st, mem, root, key, key_bytes)
    if found != 1:
        return E_NOT_FOUND if found == 0 else found
    return leaf_value(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def tree_put(st, mem, root, key, key_bytes, value, value_bytes, replace):
    """Insert a key (replace 0), or give one that is there a new value (1). End LSN | code."""
    reserve_begin(st)
    code = tree_reserve(st, mem, root, key, key_bytes, value_bytes)
    if code < 0:
        return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    if replace:
        code = tree_replace(st, mem, root, key, key_bytes, value, value_bytes)
    else:
        code = tree_insert(st, mem, root, key, key_bytes, value, value_bytes)
    end = mtr_commit(st, mem)
    return code if code < 0 else end


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def tree_remove(st, mem, root, key, key_bytes):
    """Delete a key. End LSN | E_NOT_FOUND | a code to settle."""
    reserve_begin(st)
    code = tree_reserve(st, mem, root, key, key_bytes, -1)
    if code < 0:
        return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    code = tree_delete(st, mem, root, key, key_bytes)
    end = mtr_commit(st, mem)
    return code if code < 0 else end


@jit.kernel("i8(i8[::1], u1[::1], i8)")
def tree_drop_step(st, mem, root):
    """One step of freeing a tree. 1: call again, 0: done, or a code to settle."""
    reserve_begin(st)
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    code = tree_dismantle(st, mem, root, 0)
    mtr_commit(st, mem)
    return code


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def tree_collect(st, mem, root, key, key_bytes, out, out_bytes, inclusive):
    """Copy entries from `key` on as (u4 key bytes, u4 value bytes, key, value); bytes written.

    inclusive  0: only keys greater than `key`
    0 at the end of the tree; E_NO_ROOM when not even one entry fits; a code to settle.
    """
    found = tree_find(st, mem, root, key, key_bytes)
    if found < 0:
        return found
    if found == 1 and inclusive == 0:
        more = leaf_next(st, mem)
    else:
        more = leaf_here(st, mem)
    used = 0
    while more == 1:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        value = leaf_value(st, mem, frame, slot)
        if value < 0:
            return used if used > 0 else value  # what was copied is good; a miss comes again
        size = leaf_key_bytes(st, mem, frame, slot)
        needed = 8 + size + st[ST_VALUE_BYTES]
        if used + needed > out_bytes:
            return used if used > 0 else E_NO_ROOM
        store_u32(mem, out + used, size)
        store_u32(mem, out + used + 4, st[ST_VALUE_BYTES])
        move(mem, out + used + 8, leaf_key(st, mem, frame, slot), size)
        move(mem, out + used + 8 + size, value, st[ST_VALUE_BYTES])
        used += needed
        more = leaf_next(st, mem)
    return used if more == 0 or used > 0 else more
