"""Building a tree from sorted entries: leaves filled one after the other at its right edge.

An *entry* is (u4 key bytes, u4 value bytes, key, value), as `tree_collect` writes them too. Every
mini-transaction fills one leaf and leaves a sound tree, so a build that a crash cuts off is dropped
like any other tree.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.layout import (
    CELLS_AT,
    LEAF_CELL_HEADER,
    RIGHT_AT,
    SLOT_BYTES,
    TREE_ID_AT,
)
from btree.page_kernels import (
    gather_cell,
    leaf_cell_stage,
    page_append_gathered,
    page_compact,
    page_count,
    page_hole,
    page_used,
    scratch,
)
from btree.space_kernels import page_allocate, page_format, reserve_begin
from btree.split_kernels import root_push, tree_attach
from btree.state import ST_HEIGHT, ST_PATH
from btree.tree_kernels import (
    cell_limit_of,
    growth_reserve,
    tree_insert,
    tree_last,
    tree_reserve,
    value_overflows,
)
from redo.coding_kernels import head_of, load_i64, load_u32
from redo.edit_kernels import mtr_begin, mtr_commit, page_put_i64
from redo.image import PAGE_NO_AT
from redo.jit import helper, kernel, routine
from redo.state import ST_PAGE_BYTES

ENTRY_HEADER = 8


@helper
def entry_bytes(mem, entry):
    """Bytes of an entry, header and all."""
    return ENTRY_HEADER + load_u32(mem, entry) + load_u32(mem, entry + 4)


@helper
def _fitting(st, mem, entries, used, room):
    """Bytes of the entries from the first on whose cells and slots fit `room` and stay in pages."""
    at = entries
    while at < entries + used:
        key_bytes = load_u32(mem, at)
        value_bytes = load_u32(mem, at + 4)
        room -= LEAF_CELL_HEADER + key_bytes + value_bytes + SLOT_BYTES
        if room < 0 or value_overflows(st, key_bytes, value_bytes):
            break
        at += ENTRY_HEADER + key_bytes + value_bytes
    return at - entries


@helper
def _append(st, mem, frame, entries, used):
    """Inside an MTR: add entries behind the last slot of a leaf that has a hole for them."""
    at = entries
    gathered = 0
    count = 0
    while at < entries + used:
        key_bytes = load_u32(mem, at)
        value_bytes = load_u32(mem, at + 4)
        key = at + ENTRY_HEADER
        length = leaf_cell_stage(st, mem, key, key_bytes, key + key_bytes, value_bytes)
        head = head_of(mem, key, key_bytes)
        gathered = gather_cell(st, mem, count, gathered, scratch(st, 4), length, head, key_bytes)
        count += 1
        at += ENTRY_HEADER + key_bytes + value_bytes
    page_append_gathered(st, mem, frame, count, gathered)
    return count


@helper
def _insert_alone(st, mem, root, entry):
    """Put an entry whose value goes to overflow pages into the tree; its bytes, or a code."""
    key_bytes = load_u32(mem, entry)
    value_bytes = load_u32(mem, entry + 4)
    key = entry + ENTRY_HEADER
    code = tree_reserve(st, mem, root, key, key_bytes, value_bytes)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    code = tree_insert(st, mem, root, key, key_bytes, key + key_bytes, value_bytes)
    mtr_commit(st, mem)
    return code if code < 0 else entry_bytes(mem, entry)


@helper
def _new_leaf(st, mem, entries, used):
    """Inside an MTR, reserved: a leaf of these entries behind the last one, which ends the path."""
    if st[ST_HEIGHT] == 0:
        code = root_push(st, mem, 0)
        if code < 0:
            return code
    last = st[ST_PATH]
    right = page_allocate(st, mem)
    if right < 0:
        return right
    tree_id = load_i64(mem, last + TREE_ID_AT)
    page_format(st, mem, right, 0, load_i64(mem, last + PAGE_NO_AT), 0, tree_id)
    _append(st, mem, right, entries, used)
    page_put_i64(st, mem, last, RIGHT_AT, load_i64(mem, right + PAGE_NO_AT))
    return tree_attach(st, mem, last, right, 1)


@routine
def _fill_leaf(st, mem, root, entries, used):
    """Append as many entries as one leaf takes: their bytes, or a code with nothing done."""
    reserve_begin(st)
    code = tree_last(st, mem, root)
    if code < 0:
        return code
    if value_overflows(st, load_u32(mem, entries), load_u32(mem, entries + 4)):
        return _insert_alone(st, mem, root, entries)
    frame = st[ST_PATH]
    space = st[ST_PAGE_BYTES] - CELLS_AT
    space -= space >> 4  # what later changes of these rows may grow into
    room = space - page_used(st, mem, frame)
    taken = _fitting(st, mem, entries, used, room)
    if taken > 0:
        code = mtr_begin(st, mem)
        if code < 0:
            return code
        if page_hole(st, mem, frame) < room:
            page_compact(st, mem, frame)
        _append(st, mem, frame, entries, taken)
        mtr_commit(st, mem)
        return taken
    taken = _fitting(st, mem, entries, used, space)
    code = growth_reserve(st, mem, st[ST_PAGE_BYTES], 0, cell_limit_of(st) + SLOT_BYTES)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    code = _new_leaf(st, mem, entries, taken)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_BUILD)
    return code if code < 0 else taken


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def bulk_append(st, mem, root, entries, used, leaves):
    """Append sorted entries, all greater than what the tree has, filling at most `leaves` leaves.

    -> bytes of the entries that are done (whole ones), or a code when there are none
    """
    done = 0
    for _ in range(leaves):
        if done >= used:
            break
        code = _fill_leaf(st, mem, root, entries + done, used - done)
        if code < 0:
            return done if done > 0 else code
        done += code
    return done


@kernel("i8(i8[::1], u1[::1], i8)")
def leaf_entries(st, mem, root):
    """Entries of a tree's last leaf, for tests of the filling."""
    code = tree_last(st, mem, root)
    if code < 0:
        return code
    return page_count(mem, st[ST_PATH])
