"""B-trees: find, walk along the leaves, reserve, insert, replace, delete.

A tree is known by its root page, whose number never changes. Keys and values are runs of `mem`;
keys are compared as bytes. Protocol of a change: `reserve_begin`; `tree_reserve` for each change to
come; `mtr_begin`; the changes; `mtr_commit`. Between first reserve and commit nothing is fetched.

A position is a leaf frame and a slot, in ST_LEAF_FRAME and ST_LEAF_SLOT. It is good until the next
fetch, and until the next change of that tree.
"""

from __future__ import annotations

from btree.layout import (
    CELLS_AT,
    HEADER_PAGE,
    LEAF_CELL_HEADER,
    LEFT_AT,
    OVERFLOW_FLAG,
    OVERFLOW_REFERENCE_BYTES,
    RIGHT_AT,
    SLOT_BYTES,
    SLOT_CELL,
    SLOT_KEY_BYTES,
)
from btree.page_kernels import (
    cell_bytes,
    cell_of,
    child_of,
    key_bytes_of,
    leaf_cell_stage,
    leaf_overwrite,
    leaf_prefetch,
    page_count,
    page_level,
    page_remove,
    page_room,
    page_search,
    page_used,
    scratch,
    slot_of,
)
from btree.pool_kernels import pool_find
from btree.space_kernels import (
    overflow_free,
    overflow_pages,
    overflow_read,
    overflow_touch,
    overflow_write,
    page_allocate,
    page_format,
    pages_reserve,
)
from btree.split_kernels import tree_grow, tree_mend
from btree.state import (
    ST_FOUND_ROOT,
    ST_HEIGHT,
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_PATH,
    ST_PATH_SLOT,
    ST_POOL_HITS,
    ST_RESERVED_BYTES,
    ST_SPILL_AT,
    ST_SPILL_END,
    ST_SPILL_NEXT,
    ST_SPILL_WANTED,
    ST_VALUE_BYTES,
)
from redo import jit
from redo.codes import E_CORRUPT, E_DUPLICATE, E_NOT_FOUND, E_SPILL_FULL, E_TOO_BIG
from redo.coding_kernels import compare, head_of, load_i64, load_u16, load_u32, store_i64, store_u32
from redo.image import PAGE_NO_AT
from redo.state import ST_PAGE_BYTES, ST_READ_ONLY


# --- finding --------------------------------------------------------------------------------------
@jit.helper
def _found_again(st, mem, head, key, key_bytes):
    """Where the last search ended, or a slot further, if `key` belongs there; as `page_search`, -1.

    Told by two neighbouring slots of the leaf alone, so what lies above it does not matter.
    """
    frame = st[ST_PATH]
    slot = st[ST_PATH_SLOT]
    count = page_count(mem, frame)
    at = slot_of(st, frame, slot)
    if slot < count and load_i64(mem, at) < head:
        slot += 1
        at -= SLOT_BYTES
    elif slot == 0 or slot > count or load_i64(mem, at + SLOT_BYTES) >= head:
        return -1
    if slot == count:  # behind the last key: right only in the last leaf
        return slot << 1 if load_i64(mem, frame + RIGHT_AT) == 0 else -1
    found = load_i64(mem, at)
    if found > head:
        return slot << 1
    if found < head:
        return -1
    cell = frame + load_u16(mem, at + SLOT_CELL) + LEAF_CELL_HEADER
    order = compare(mem, cell, load_u16(mem, at + SLOT_KEY_BYTES), key, key_bytes)
    return slot << 1 | 1 if order == 0 else -1


@jit.routine
def tree_find(st, mem, root, key, key_bytes):
    """Position of `key`, or of the first greater key (slot may be `count` of its leaf).

    -> 1 found, 0 not, or E_PAGE_MISS. Path in ST_PATH, ST_PATH_SLOT, ST_HEIGHT.

    A path stays good until a page is allocated, freed or taken out of the pool: whoever does that
    clears ST_FOUND_ROOT. A follower's pages change by themselves, so it remembers no path.
    """
    head = head_of(mem, key, key_bytes)
    if st[ST_FOUND_ROOT] == root:
        found = _found_again(st, mem, head, key, key_bytes)
        if found >= 0:
            st[ST_POOL_HITS] += 1
            st[ST_PATH_SLOT] = found >> 1
            st[ST_LEAF_FRAME] = st[ST_PATH]
            st[ST_LEAF_SLOT] = found >> 1
            return found & 1
    st[ST_FOUND_ROOT] = 0
    frame = pool_find(st, mem, root)
    if frame < 0:
        return frame
    level = page_level(mem, frame)
    st[ST_HEIGHT] = level
    while level > 0:
        found = page_search(st, mem, frame, 1, head, key, key_bytes)
        slot = (found >> 1) - 1 + (found & 1)
        st[ST_PATH + level] = frame
        st[ST_PATH_SLOT + level] = slot
        frame = pool_find(st, mem, child_of(st, mem, frame, slot))
        if frame < 0:
            return frame
        level -= 1
        if level == 0:
            leaf_prefetch(st, mem, frame)
        if page_level(mem, frame) != level:
            return E_CORRUPT
    found = page_search(st, mem, frame, 0, head, key, key_bytes)
    st[ST_PATH] = frame
    st[ST_PATH_SLOT] = found >> 1
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = found >> 1
    st[ST_FOUND_ROOT] = root if st[ST_READ_ONLY] == 0 else 0
    return found & 1


@jit.helper
def leaf_previous(st, mem):
    """Step to the key before. 1, 0 at the start, or E_PAGE_MISS; the position moves only with 1."""
    frame = st[ST_LEAF_FRAME]
    slot = st[ST_LEAF_SLOT]
    while slot == 0:
        page_no = load_i64(mem, frame + LEFT_AT)
        if page_no == 0:
            return 0
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        slot = page_count(mem, frame)
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot - 1
    return 1


@jit.helper
def tree_last(st, mem, root):
    """Position of the last key. 1, 0 when the tree is empty, or E_PAGE_MISS."""
    st[ST_FOUND_ROOT] = 0
    frame = pool_find(st, mem, root)
    if frame < 0:
        return frame
    level = page_level(mem, frame)
    st[ST_HEIGHT] = level
    while level > 0:
        slot = page_count(mem, frame) - 1
        st[ST_PATH + level] = frame
        st[ST_PATH_SLOT + level] = slot
        frame = pool_find(st, mem, child_of(st, mem, frame, slot))
        if frame < 0:
            return frame
        level -= 1
    count = page_count(mem, frame)
    st[ST_PATH] = frame
    st[ST_PATH_SLOT] = count
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = count
    return leaf_previous(st, mem)


@jit.routine
def leaf_here(st, mem):
    """Move a position that is past its leaf's last slot to the next leaf that has one.

    -> 1, 0 at the end of the tree, or E_PAGE_MISS (position unchanged).
    """
    frame = st[ST_LEAF_FRAME]
    slot = st[ST_LEAF_SLOT]
    while slot >= page_count(mem, frame):
        page_no = load_i64(mem, frame + RIGHT_AT)
        if page_no == 0:
            return 0
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        slot = 0
    st[ST_LEAF_FRAME] = frame
    st[ST_LEAF_SLOT] = slot
    return 1


@jit.inlined
def leaf_next(st, mem):
    """Step to the next key. 1, 0 at the end, or E_PAGE_MISS; the position moves only with 1."""
    slot = st[ST_LEAF_SLOT] + 1
    if slot < page_count(mem, st[ST_LEAF_FRAME]):
        st[ST_LEAF_SLOT] = slot
        return 1
    st[ST_LEAF_SLOT] = slot
    code = leaf_here(st, mem)
    if code != 1:
        st[ST_LEAF_SLOT] = slot - 1
    return code


# --- reading --------------------------------------------------------------------------------------
@jit.inlined
def leaf_key(st, mem, frame, slot):
    """Offset of a leaf slot's key in `mem`; its length is `leaf_key_bytes`."""
    return cell_of(st, mem, frame, slot) + LEAF_CELL_HEADER


@jit.inlined
def leaf_key_bytes(st, mem, frame, slot):
    """Bytes of a leaf slot's key."""
    return key_bytes_of(st, mem, frame, slot)


@jit.helper
def spill_reset(st):
    """Forget the values gathered from overflow pages; before a statement's next batch of rows."""
    st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
    return 0


@jit.inlined
def leaf_value_start(st, mem, frame, slot):
    """Offset of the part of a value that lies in the leaf itself: the value, or its reference."""
    cell = cell_of(st, mem, frame, slot)
    return cell + LEAF_CELL_HEADER + key_bytes_of(st, mem, frame, slot)


@jit.routine
def value_gather(st, mem, reference):
    """Gather a value from its overflow pages in the spill buffer; as `leaf_value`."""
    count = load_u32(mem, reference + 8)
    out = st[ST_SPILL_NEXT]
    if out + count > st[ST_SPILL_END]:
        st[ST_SPILL_WANTED] = count
        return E_SPILL_FULL
    code = overflow_read(st, mem, load_i64(mem, reference), count, out)
    if code < 0:
        return code
    st[ST_SPILL_NEXT] = out + ((count + 7) & -8)
    st[ST_VALUE_BYTES] = count
    return out


@jit.inlined
def leaf_value(st, mem, frame, slot):
    """Offset of a leaf slot's value; its bytes in st[ST_VALUE_BYTES].

    A value on overflow pages is gathered in the spill buffer, good until `spill_reset`.
    Codes: E_PAGE_MISS; E_SPILL_FULL.
    """
    at = slot_of(st, frame, slot)
    cell = frame + load_u16(mem, at + SLOT_CELL)
    field = load_u16(mem, cell)
    value = cell + LEAF_CELL_HEADER + load_u16(mem, at + SLOT_KEY_BYTES)
    if field & OVERFLOW_FLAG:
        return value_gather(st, mem, value)
    st[ST_VALUE_BYTES] = field
    return value


@jit.helper
def overflow_head(st, mem, frame, slot):
    """First overflow page of a slot's value, 0 when it has none."""
    field = load_u16(mem, cell_of(st, mem, frame, slot))
    if field & OVERFLOW_FLAG == 0:
        return 0
    return load_i64(mem, leaf_value_start(st, mem, frame, slot))


# --- reserving ------------------------------------------------------------------------------------
@jit.helper
def cell_limit_of(st):
    """`layout.cell_limit` of this volume."""
    return (st[ST_PAGE_BYTES] - CELLS_AT) // 4 - SLOT_BYTES


@jit.helper
def value_overflows(st, key_bytes, value_bytes):
    """Whether a value goes to overflow pages."""
    return LEAF_CELL_HEADER + key_bytes + value_bytes > cell_limit_of(st)


@jit.helper
def growth_reserve(st, mem, length, pages, longest):
    """Reserve for `length` more bytes in the leaf at ST_PATH[0] and `pages` overflow pages.

    longest  bytes that a cell in the level above may need. What other reserves of this
             mini-transaction asked for is taken as asked from the same pages.
    """
    level = 0
    promised = st[ST_RESERVED_BYTES]
    while page_room(st, mem, st[ST_PATH + level]) < length + promised:
        if level == 0:
            after = load_i64(mem, st[ST_PATH] + RIGHT_AT)
            if after != 0:
                frame = pool_find(st, mem, after)
                if frame < 0:
                    return frame
        pages += 1
        promised += length
        length = longest
        if level == st[ST_HEIGHT]:
            pages += 1
            break
        level += 1
    code = pages_reserve(st, mem, pages)
    if code < 0:
        return code
    st[ST_RESERVED_BYTES] = promised + length
    return 0


@jit.helper
def shrink_reserve(st, mem):
    """Reserve for a removal from the leaf at ST_PATH[0]: neighbours, if it may get underfull."""
    frame = st[ST_PATH]
    if st[ST_HEIGHT] == 0:
        return 0
    longest = cell_limit_of(st) + SLOT_BYTES
    if 4 * (page_used(st, mem, frame) - longest) >= st[ST_PAGE_BYTES] - CELLS_AT:
        return 0
    before = load_i64(mem, frame + LEFT_AT)
    after = load_i64(mem, frame + RIGHT_AT)
    code = pool_find(st, mem, HEADER_PAGE)
    if code >= 0 and before != 0:
        code = pool_find(st, mem, before)
    if code >= 0 and after != 0:
        code = pool_find(st, mem, after)
        if code >= 0:
            beyond = load_i64(mem, code + RIGHT_AT)
            if beyond != 0:
                code = pool_find(st, mem, beyond)
    return min(code, 0)


@jit.routine
def tree_reserve(st, mem, root, key, key_bytes, value_bytes):
    """Bring all that inserting, replacing or deleting `key` needs into the pool.

    value_bytes  of the new value; -1 for a deletion
    -> 0 | E_PAGE_MISS | E_NO_FRAME | E_TOO_BIG; the key need not be there, nor be missing
    """
    limit = cell_limit_of(st)
    if key_bytes + LEAF_CELL_HEADER + OVERFLOW_REFERENCE_BYTES > limit:
        return E_TOO_BIG
    found = tree_find(st, mem, root, key, key_bytes)
    if found < 0:
        return found
    if found == 1:
        chain = overflow_head(st, mem, st[ST_PATH], st[ST_PATH_SLOT])
        if chain != 0:
            code = overflow_touch(st, mem, chain)
            if code < 0:
                return code
    if value_bytes < 0:
        return shrink_reserve(st, mem)
    pages = 0
    length = LEAF_CELL_HEADER + key_bytes + value_bytes + SLOT_BYTES
    if value_overflows(st, key_bytes, value_bytes):
        pages = overflow_pages(st, value_bytes)
        if pages < 0:
            return pages
        length = LEAF_CELL_HEADER + key_bytes + OVERFLOW_REFERENCE_BYTES + SLOT_BYTES
    if found == 1:
        length -= cell_bytes(st, mem, st[ST_PATH], st[ST_PATH_SLOT]) + SLOT_BYTES
    return growth_reserve(st, mem, max(0, length), pages, limit + SLOT_BYTES)


# --- changing -------------------------------------------------------------------------------------
@jit.routine
def value_stage(st, mem, key, key_bytes, value, value_bytes):
    """Stage a leaf cell, writing the value's overflow pages first if it needs any; bytes | code."""
    if not value_overflows(st, key_bytes, value_bytes):
        return leaf_cell_stage(st, mem, key, key_bytes, value, value_bytes)
    first = overflow_write(st, mem, value, value_bytes)
    if first < 0:
        return first
    reference = scratch(st, 7)
    store_i64(mem, reference, first)
    store_u32(mem, reference + 8, value_bytes)
    return leaf_cell_stage(st, mem, key, key_bytes, reference, OVERFLOW_FLAG)


@jit.routine
def tree_insert(st, mem, root, key, key_bytes, value, value_bytes):
    """Insert a key that is not there. 0 | E_DUPLICATE (nothing done). Positions become stale."""
    found = tree_find(st, mem, root, key, key_bytes)
    if found != 0:
        return E_DUPLICATE if found == 1 else found
    length = value_stage(st, mem, key, key_bytes, value, value_bytes)
    if length < 0:
        return length
    return tree_grow(st, mem, length, key_bytes)


@jit.routine
def tree_replace(st, mem, root, key, key_bytes, value, value_bytes):
    """Give a key another value. 0 | E_NOT_FOUND (nothing done). Positions become stale."""
    found = tree_find(st, mem, root, key, key_bytes)
    if found != 1:
        return E_NOT_FOUND if found == 0 else found
    frame = st[ST_PATH]
    slot = st[ST_PATH_SLOT]
    chain = overflow_head(st, mem, frame, slot)
    length = value_stage(st, mem, key, key_bytes, value, value_bytes)
    if length < 0:
        return length
    code = 0
    if length - cell_bytes(st, mem, frame, slot) <= page_room(st, mem, frame):
        leaf_overwrite(st, mem, frame, slot, scratch(st, 4), length)
    else:
        page_remove(st, mem, frame, slot)
        code = tree_grow(st, mem, length, key_bytes)
    if chain != 0 and code == 0:
        code = overflow_free(st, mem, chain)
    return code


@jit.routine
def tree_delete(st, mem, root, key, key_bytes):
    """Remove a key. 0 | E_NOT_FOUND (nothing done). Positions become stale."""
    found = tree_find(st, mem, root, key, key_bytes)
    if found != 1:
        return E_NOT_FOUND if found == 0 else found
    frame = st[ST_PATH]
    slot = st[ST_PATH_SLOT]
    chain = overflow_head(st, mem, frame, slot)
    page_remove(st, mem, frame, slot)
    if chain != 0:
        code = overflow_free(st, mem, chain)
        if code < 0:
            return code
    return tree_mend(st, mem)


@jit.routine
def tree_create(st, mem, tree_id):
    """An empty tree; its root page number. One page is reserved; inside a mini-transaction."""
    frame = page_allocate(st, mem)
    if frame < 0:
        return frame
    page_format(st, mem, frame, 0, 0, 0, tree_id)
    return load_i64(mem, frame + PAGE_NO_AT)
