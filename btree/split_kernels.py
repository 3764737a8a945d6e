"""Trees growing and shrinking: splits up to the root, merges and the root's collapse.

Works along the path that `tree_find` left in the state words. Everything needed is in the pool
(`tree_reserve`); merging is optional, so what is missing there is simply left for another time.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.layout import (
    CELLS_AT,
    CHILD_BYTES,
    COUNT_AT,
    HEADER_PAGE,
    LEAF_CELL_HEADER,
    LEFT_AT,
    RIGHT_AT,
    SLOT_BYTES,
    TREE_ID_AT,
)
from btree.page_kernels import (
    cell_bytes,
    cell_of,
    child_cell_stage,
    child_of,
    gather_cell,
    key_bytes_of,
    key_of,
    page_append_gathered,
    page_compact,
    page_count,
    page_hole,
    page_insert,
    page_level,
    page_remove,
    page_room,
    page_truncate,
    page_used,
    scratch,
    shape_word,
    slot_of,
)
from btree.pool_kernels import pool_find, pool_peek
from btree.space_kernels import page_allocate, page_format, page_free
from btree.state import ST_HEIGHT, ST_PATH, ST_PATH_SLOT
from redo import jit
from redo.coding_kernels import head_of, load_i64, load_u8
from redo.edit_kernels import page_put_i64
from redo.image import PAGE_NO_AT
from redo.state import ST_PAGE_BYTES


@jit.helper
def split_point(st, mem, frame, slot, length):
    """How many cells stay left when a cell of `length` bytes comes in as `slot`: half by bytes."""
    count = page_count(mem, frame)
    total = page_used(st, mem, frame) + length + SLOT_BYTES
    left = 0
    for j in range(count):
        if j == slot:
            left += length + SLOT_BYTES
        else:
            old = j if j < slot else j - 1
            left += cell_bytes(st, mem, frame, old) + SLOT_BYTES
        if 2 * left >= total:
            return j + 1
    return count


@jit.helper
def gather_slots(st, mem, frame, first, last, index, at):
    """Add the cells of slots [first, last) to the gather area; the byte after them."""
    for old in range(first, last):
        source = slot_of(st, frame, old)
        cell = cell_of(st, mem, frame, old)
        length = cell_bytes(st, mem, frame, old)
        key_bytes = key_bytes_of(st, mem, frame, old)
        head = load_i64(mem, source)
        at = gather_cell(st, mem, index, at, cell, length, head, key_bytes)
        index += 1
    return at


@jit.routine
def page_split(st, mem, frame, slot, cell, length, key_at, key_bytes, edge):
    """Split a full page while inserting a staged cell as `slot`; frame of the new right page.

    edge  1: the cell goes to the right end of the tree: it gets a page of its own, and pages filled
          in key order stay full
    """
    count = page_count(mem, frame)
    level = page_level(mem, frame)
    keep = count if edge else split_point(st, mem, frame, slot, length)
    page_no = load_i64(mem, frame + PAGE_NO_AT)
    after = load_i64(mem, frame + RIGHT_AT)
    goes_right = slot >= keep
    first_moved = keep if goes_right else keep - 1
    head = head_of(mem, cell + key_at, key_bytes)
    if goes_right:
        at = gather_slots(st, mem, frame, first_moved, slot, 0, 0)
        at = gather_cell(st, mem, slot - first_moved, at, cell, length, head, key_bytes)
        at = gather_slots(st, mem, frame, slot, count, slot - first_moved + 1, at)
        moved = count - first_moved + 1
    else:
        at = gather_slots(st, mem, frame, first_moved, count, 0, 0)
        moved = count - first_moved
    right = page_allocate(st, mem)
    if right < 0:
        return right
    right_no = load_i64(mem, right + PAGE_NO_AT)
    left_link = page_no if level == 0 else 0
    page_format(st, mem, right, level, left_link, after, load_i64(mem, frame + TREE_ID_AT))
    page_append_gathered(st, mem, right, moved, at)
    if first_moved < count:
        page_truncate(st, mem, frame, first_moved)
    if level == 0:
        page_put_i64(st, mem, frame, RIGHT_AT, right_no)
    if not goes_right:
        page_insert(st, mem, frame, slot, cell, length, key_at, key_bytes)
    if level == 0 and after != 0:
        neighbour = pool_find(st, mem, after)
        if neighbour < 0:
            return neighbour
        page_put_i64(st, mem, neighbour, LEFT_AT, right_no)
    failpoint(st, mem, failpoints.SPLIT)
    return right


@jit.helper
def separator_bytes(st, mem, left, right):
    """Bytes of the right page's first key that tell it from all keys of the left page."""
    key = key_of(st, mem, right, 0)
    key_bytes = key_bytes_of(st, mem, right, 0)
    if page_level(mem, right) > 0:
        return key_bytes
    last = page_count(mem, left) - 1
    other = key_of(st, mem, left, last)
    shorter = min(key_bytes, key_bytes_of(st, mem, left, last))
    same = 0
    while same < shorter and load_u8(mem, key + same) == load_u8(mem, other + same):
        same += 1
    return min(same + 1, key_bytes)


@jit.routine
def root_push(st, mem, level):
    """Move the root's contents to a new page below it; the root gets one level higher. 0 | code."""
    root = st[ST_PATH + level]
    count = page_count(mem, root)
    gathered = gather_slots(st, mem, root, 0, count, 0, 0)
    child = page_allocate(st, mem)
    if child < 0:
        return child
    page_format(st, mem, child, level, 0, 0, load_i64(mem, root + TREE_ID_AT))
    page_append_gathered(st, mem, child, count, gathered)
    page_put_i64(st, mem, root, COUNT_AT, shape_word(0, level + 1, CELLS_AT, 0))
    cell = child_cell_stage(st, mem, level + 1, root, 0, load_i64(mem, child + PAGE_NO_AT))
    page_insert(st, mem, root, 0, cell, CHILD_BYTES, 0, 0)
    st[ST_PATH + level] = child
    st[ST_PATH + level + 1] = root
    st[ST_PATH_SLOT + level + 1] = 0
    st[ST_HEIGHT] = level + 1
    failpoint(st, mem, failpoints.ROOT_PUSH)
    return 0


@jit.routine
def tree_attach(st, mem, frame, right, edge):
    """Enter `right`, the new neighbour of the leaf `frame` on the path, in the levels above.

    edge  1: it is the last leaf of the tree.   0 | code
    """
    level = 0
    while True:
        level += 1
        key_bytes = separator_bytes(st, mem, frame, right)
        key = key_of(st, mem, right, 0)
        cell = child_cell_stage(st, mem, level, key, key_bytes, load_i64(mem, right + PAGE_NO_AT))
        length = key_bytes + CHILD_BYTES
        slot = st[ST_PATH_SLOT + level] + 1
        frame = st[ST_PATH + level]
        if page_room(st, mem, frame) >= length + SLOT_BYTES:
            page_insert(st, mem, frame, slot, cell, length, 0, key_bytes)
            return 0
        if level == st[ST_HEIGHT]:
            code = root_push(st, mem, level)
            if code < 0:
                return code
            frame = st[ST_PATH + level]
        edge = edge and slot == page_count(mem, frame)
        right = page_split(st, mem, frame, slot, cell, length, 0, key_bytes, edge)
        if right < 0:
            return right


@jit.routine
def tree_grow(st, mem, length, key_bytes):
    """Insert the cell staged for the leaf at ST_PATH[0], ST_PATH_SLOT[0], splitting. 0 | code."""
    frame = st[ST_PATH]
    slot = st[ST_PATH_SLOT]
    cell = scratch(st, 4)
    if page_room(st, mem, frame) >= length + SLOT_BYTES:
        page_insert(st, mem, frame, slot, cell, length, LEAF_CELL_HEADER, key_bytes)
        return 0
    if st[ST_HEIGHT] == 0:
        code = root_push(st, mem, 0)
        if code < 0:
            return code
        frame = st[ST_PATH]
    edge = load_i64(mem, frame + RIGHT_AT) == 0 and slot == page_count(mem, frame)
    right = page_split(st, mem, frame, slot, cell, length, LEAF_CELL_HEADER, key_bytes, edge)
    if right < 0:
        return right
    return tree_attach(st, mem, frame, right, edge)


@jit.helper
def leaf_unlink(st, mem, frame):
    """Take an empty leaf out of the chain of leaves; 1, or 0: a neighbour is not in the pool."""
    before = load_i64(mem, frame + LEFT_AT)
    after = load_i64(mem, frame + RIGHT_AT)
    left = pool_peek(st, mem, before) if before != 0 else 0
    right = pool_peek(st, mem, after) if after != 0 else 0
    if left < 0 or right < 0:
        return 0
    if before != 0:
        page_put_i64(st, mem, left, RIGHT_AT, after)
    if after != 0:
        page_put_i64(st, mem, right, LEFT_AT, before)
    return 1


@jit.routine
def page_merge(st, mem, left, right, parent, slot):
    """Move all cells of `right` (child `slot` of `parent`) to `left`; 1, or 0: not (now)."""
    if left < 0 or right < 0:
        return 0
    level = page_level(mem, right)
    separator = key_of(st, mem, parent, slot)
    separator_length = key_bytes_of(st, mem, parent, slot)
    incoming = page_used(st, mem, right)
    if level > 0:
        incoming += separator_length - key_bytes_of(st, mem, right, 0)
    space = st[ST_PAGE_BYTES] - CELLS_AT
    if 4 * (page_used(st, mem, left) + incoming) > 3 * space:
        return 0
    after = load_i64(mem, right + RIGHT_AT)
    neighbour = pool_peek(st, mem, after) if after != 0 else 0
    if neighbour < 0:
        return 0
    if page_hole(st, mem, left) < incoming:
        page_compact(st, mem, left)
    count = page_count(mem, right)
    at = 0
    first = 0
    if level > 0:  # I2: its first key may be stale, the separator is the truth
        child = child_of(st, mem, right, 0)
        cell = child_cell_stage(st, mem, level, separator, separator_length, child)
        head = head_of(mem, cell, separator_length)
        at = gather_cell(
            st, mem, 0, 0, cell, separator_length + CHILD_BYTES, head, separator_length
        )
        first = 1
    at = gather_slots(st, mem, right, first, count, first, at)
    page_append_gathered(st, mem, left, count, at)
    if level == 0:
        page_put_i64(st, mem, left, RIGHT_AT, after)
    if after != 0:
        page_put_i64(st, mem, neighbour, LEFT_AT, load_i64(mem, left + PAGE_NO_AT))
    failpoint(st, mem, failpoints.MERGE)
    return 1


@jit.routine
def root_collapse(st, mem, root):
    """While the root has a single child: take over its contents and free it."""
    while page_level(mem, root) > 0 and page_count(mem, root) == 1:
        child = pool_peek(st, mem, child_of(st, mem, root, 0))
        if child < 0:
            return 0
        count = page_count(mem, child)
        gathered = gather_slots(st, mem, child, 0, count, 0, 0)
        level = page_level(mem, child)
        page_put_i64(st, mem, root, COUNT_AT, shape_word(0, level, CELLS_AT, 0))
        page_append_gathered(st, mem, root, count, gathered)
        failpoint(st, mem, failpoints.ROOT_COLLAPSE)
        page_free(st, mem, child)
    return 0


@jit.routine
def tree_mend(st, mem):
    """After a removal from the leaf at ST_PATH[0]: merge what is underfull, going upwards."""
    if pool_peek(st, mem, HEADER_PAGE) < 0:
        return 0
    space = st[ST_PAGE_BYTES] - CELLS_AT
    level = 0
    while level < st[ST_HEIGHT]:
        frame = st[ST_PATH + level]
        if 4 * page_used(st, mem, frame) >= space:
            break
        parent = st[ST_PATH + level + 1]
        slot = st[ST_PATH_SLOT + level + 1]
        siblings = page_count(mem, parent)
        gone = frame
        done = 0
        if siblings > 1 and page_count(mem, frame) == 0:
            done = leaf_unlink(st, mem, frame)
        if done == 0 and slot > 0:
            left = pool_peek(st, mem, child_of(st, mem, parent, slot - 1))
            done = page_merge(st, mem, left, frame, parent, slot)
        if done == 0 and slot + 1 < siblings:
            gone = pool_peek(st, mem, child_of(st, mem, parent, slot + 1))
            done = page_merge(st, mem, frame, gone, parent, slot + 1)
            slot += 1
        if done == 0:
            break
        page_remove(st, mem, parent, slot)
        page_free(st, mem, gone)
        level += 1
    root_collapse(st, mem, st[ST_PATH + st[ST_HEIGHT]])
    return 0
