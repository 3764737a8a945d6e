"""Within one page: search, insert, overwrite, remove, compact.  Bytes as in `layout.py`.

All take ``(st, mem, frame, …)``; changes happen inside a mini-transaction. Cells come from scratch
memory (`cell_stage…`), never straight from the caller, because compaction moves what he points at.

The eight header bytes from `COUNT_AT` are read and written as one word, the page's *shape*:
count | kind << 16 | level << 24 | cells_end << 32 | garbage << 48.

Scratch, in pages: 0 gather area · 1 slots · 2–3 offset index for compaction · 4 cell staged for a
leaf · 5, 6 cells staged for internal pages (by parity of level) · 7 headers.
"""

from __future__ import annotations

from btree.layout import (
    CELLS_AT,
    CHILD_BYTES,
    COUNT_AT,
    GARBAGE_AT,
    LEAF_CELL_HEADER,
    LEVEL_AT,
    OVERFLOW_FLAG,
    OVERFLOW_REFERENCE_BYTES,
    PAGE_TREE,
    SLOT_BYTES,
    SLOT_CELL,
    SLOT_KEY_BYTES,
)
from btree.state import ST_SCRATCH_AT
from redo import jit
from redo.coding_kernels import (
    compare,
    fill,
    head_of,
    load_i64,
    load_u8,
    load_u16,
    move,
    prefetch,
    store_i64,
    store_u16,
)
from redo.edit_kernels import (
    edit_move,
    edit_put_i64,
    edit_write,
    edits_open,
    page_move,
    page_put_i64,
    page_put_u16,
    page_write,
)
from redo.record import EDIT_HEADER_BYTES
from redo.state import ST_PAGE_BYTES

PREFETCHED_LINES = 16  #: slots of eighty rows; a get of scattered rows takes 7 % less
PREFETCHED_SLOTS = 32  #: a leaf with more has them on so many cache lines that it pays


@jit.inlined
def scratch(st, page):
    """Offset of a page of the scratch area."""
    return st[ST_SCRATCH_AT] + page * st[ST_PAGE_BYTES]


@jit.inlined
def page_count(mem, frame):
    """Slots of a page."""
    return load_u16(mem, frame + COUNT_AT)


@jit.inlined
def page_level(mem, frame):
    """Level of a page; 0 is a leaf."""
    return load_u8(mem, frame + LEVEL_AT)


@jit.inlined
def slot_of(st, frame, slot):
    """Offset of a slot in `mem`."""
    return frame + st[ST_PAGE_BYTES] - SLOT_BYTES * (slot + 1)


@jit.inlined
def cell_of(st, mem, frame, slot):
    """Offset of a slot's cell in `mem`."""
    return frame + load_u16(mem, slot_of(st, frame, slot) + SLOT_CELL)


@jit.inlined
def key_bytes_of(st, mem, frame, slot):
    """Bytes of a slot's key."""
    return load_u16(mem, slot_of(st, frame, slot) + SLOT_KEY_BYTES)


@jit.inlined
def key_of(st, mem, frame, slot):
    """Offset of a slot's key in `mem`."""
    header = LEAF_CELL_HEADER if page_level(mem, frame) == 0 else 0
    return cell_of(st, mem, frame, slot) + header


@jit.inlined
def child_of(st, mem, frame, slot):
    """Page number an internal slot leads to."""
    cell = cell_of(st, mem, frame, slot)
    return load_i64(mem, cell + key_bytes_of(st, mem, frame, slot))


@jit.inlined
def stored_bytes(field):
    """Bytes that a leaf cell keeps for a value whose length field is `field`."""
    return OVERFLOW_REFERENCE_BYTES if field & OVERFLOW_FLAG else field


@jit.helper
def cell_bytes(st, mem, frame, slot):
    """Bytes of a slot's cell."""
    key_bytes = key_bytes_of(st, mem, frame, slot)
    if page_level(mem, frame) > 0:
        return key_bytes + CHILD_BYTES
    field = load_u16(mem, cell_of(st, mem, frame, slot))
    return LEAF_CELL_HEADER + key_bytes + stored_bytes(field)


@jit.inlined
def page_hole(st, mem, frame):
    """Bytes between cells and slots."""
    shape = load_i64(mem, frame + COUNT_AT)
    return st[ST_PAGE_BYTES] - SLOT_BYTES * (shape & 0xFFFF) - ((shape >> 32) & 0xFFFF)


@jit.inlined
def page_room(st, mem, frame):
    """Bytes a page can still take, compaction included; a new cell needs SLOT_BYTES besides."""
    return page_hole(st, mem, frame) + load_u16(mem, frame + GARBAGE_AT)


@jit.helper
def page_used(st, mem, frame):
    """Bytes of live cells and slots."""
    return st[ST_PAGE_BYTES] - CELLS_AT - page_room(st, mem, frame)


@jit.helper
def shape_word(count, level, cells_end, garbage):
    """The shape of a tree page."""
    return count | PAGE_TREE << 16 | level << 24 | cells_end << 32 | garbage << 48


@jit.helper
def page_shape(st, mem, frame, count, cells_end, garbage):
    """Write count, cells_end and garbage of a tree page, as one edit."""
    word = shape_word(count, page_level(mem, frame), cells_end, garbage)
    page_put_i64(st, mem, frame, COUNT_AT, word)
    return 0


@jit.helper
def leaf_prefetch(st, mem, frame):
    """Ask for the lines of a leaf that a search begins with, before its count is known."""
    end = frame + st[ST_PAGE_BYTES]
    prefetch(mem, frame)
    for line in range(1, PREFETCHED_LINES + 1):
        prefetch(mem, end - 64 * line)


@jit.helper
def page_search(st, mem, frame, low, head, key, key_bytes):
    """First slot from `low` on whose key is >= `key`, as ``slot << 1 | (1 when it is equal)``.

    head  head_of(key)
    """
    shape = load_i64(mem, frame + COUNT_AT)
    high = shape & 0xFFFF
    header = LEAF_CELL_HEADER if (shape >> 24) & 0xFF == 0 else 0
    base = frame + st[ST_PAGE_BYTES] - SLOT_BYTES
    if header and high > PREFETCHED_SLOTS:  # a leaf is seldom in the cache: fetch the first steps
        step = high >> 3
        for part in range(1, 8):
            prefetch(mem, base - SLOT_BYTES * step * part)
    while low < high:
        middle = (low + high) >> 1
        at = base - SLOT_BYTES * middle
        found = load_i64(mem, at)
        if found < head:
            low = middle + 1
        elif found > head:
            high = middle
        else:
            cell = frame + load_u16(mem, at + SLOT_CELL) + header
            order = compare(mem, cell, load_u16(mem, at + SLOT_KEY_BYTES), key, key_bytes)
            if order == 0:
                return middle << 1 | 1
            if order < 0:
                low = middle + 1
            else:
                high = middle
    return low << 1


@jit.helper
def leaf_cell_stage(st, mem, key, key_bytes, value, field):
    """Build a leaf cell in scratch page 4; its bytes.

    field  value bytes, or OVERFLOW_FLAG when `value` is the offset of a reference
    """
    at = scratch(st, 4)
    kept = stored_bytes(field)
    store_u16(mem, at, field)
    move(mem, at + LEAF_CELL_HEADER, key, key_bytes)
    move(mem, at + LEAF_CELL_HEADER + key_bytes, value, kept)
    return LEAF_CELL_HEADER + key_bytes + kept


@jit.helper
def child_cell_stage(st, mem, level, key, key_bytes, child):
    """Build a cell for an internal page of that level in scratch page 5 or 6; its offset."""
    at = scratch(st, 5 + (level & 1))
    move(mem, at, key, key_bytes)
    store_i64(mem, at + key_bytes, child)
    return at


@jit.helper
def page_compact(st, mem, frame):
    """Close the gaps between cells by MOVE edits, in offset order, and rewrite the slots.

    A byte array indexed by offset tells where live cells begin, so nothing needs sorting.
    """
    page_bytes = st[ST_PAGE_BYTES]
    shape = load_i64(mem, frame + COUNT_AT)
    count = shape & 0xFFFF
    cells_end = (shape >> 32) & 0xFFFF
    index = scratch(st, 2)
    fill(mem, index, 2 * page_bytes, 0)
    for slot in range(count):
        at = load_u16(mem, slot_of(st, frame, slot) + SLOT_CELL)
        store_u16(mem, index + 2 * at, slot + 1)
    slots = scratch(st, 1)
    slots_at = page_bytes - SLOT_BYTES * count
    move(mem, slots, frame + slots_at, SLOT_BYTES * count)
    to = CELLS_AT  # where the next cell belongs
    run = CELLS_AT  # live run [run, at) goes to [to - (at - run), to)
    at = CELLS_AT
    while at < cells_end:
        slot = load_u16(mem, index + 2 * at) - 1
        if slot < 0:
            if at > run:
                start = to - (at - run)
                if start != run:
                    page_move(st, mem, frame, start, run, at - run)
            at += 1
            run = at
            continue
        # Cells not yet moved are still in place, so their own bytes tell their length.
        length = cell_bytes(st, mem, frame, slot)
        store_u16(mem, slots + SLOT_BYTES * (count - 1 - slot) + SLOT_CELL, to)
        to += length
        at += length
    if at > run and to - (at - run) != run:
        page_move(st, mem, frame, to - (at - run), run, at - run)
    page_write(st, mem, frame, slots_at, slots, SLOT_BYTES * count)
    page_shape(st, mem, frame, count, to, 0)
    return 0


@jit.routine
def page_insert(st, mem, frame, slot, cell, length, key_at, key_bytes):
    """Insert a staged cell as slot `slot`; there is room (`page_room` >= length + SLOT_BYTES).

    key_at  where the key lies in the cell
    """
    if page_hole(st, mem, frame) < length + SLOT_BYTES:
        page_compact(st, mem, frame)
    shape = load_i64(mem, frame + COUNT_AT)
    count = shape & 0xFFFF
    cells_end = (shape >> 32) & 0xFFFF
    first = st[ST_PAGE_BYTES] - SLOT_BYTES * count
    moved = SLOT_BYTES * (count - slot)
    made = scratch(st, 7)
    store_i64(mem, made, head_of(mem, cell + key_at, key_bytes))
    store_u16(mem, made + SLOT_CELL, cells_end)
    store_u16(mem, made + SLOT_KEY_BYTES, key_bytes)
    edits = length + SLOT_BYTES + 8 + (4 if moved else 3) * EDIT_HEADER_BYTES
    place = edits_open(st, mem, frame, edits)
    place = edit_write(mem, place, frame, cells_end, cell, length)
    if moved:
        place = edit_move(mem, place, frame, first - SLOT_BYTES, first, moved)
    place = edit_write(mem, place, frame, first - SLOT_BYTES + moved, made, SLOT_BYTES)
    shape = count + 1 | (shape & 0xFFFF0000) | (cells_end + length) << 32 | (shape >> 48) << 48
    edit_put_i64(mem, place, frame, COUNT_AT, shape)
    return 0


@jit.helper
def page_remove(st, mem, frame, slot):
    """Take a slot out; its cell becomes garbage, or hole when it is the last one."""
    length = cell_bytes(st, mem, frame, slot)
    at = load_u16(mem, slot_of(st, frame, slot) + SLOT_CELL)
    shape = load_i64(mem, frame + COUNT_AT)
    count = shape & 0xFFFF
    cells_end = (shape >> 32) & 0xFFFF
    garbage = (shape >> 48) & 0xFFFF
    first = st[ST_PAGE_BYTES] - SLOT_BYTES * count
    page_move(st, mem, frame, first + SLOT_BYTES, first, SLOT_BYTES * (count - 1 - slot))
    if count == 1:
        cells_end = CELLS_AT
        garbage = 0
    elif at + length == cells_end:
        cells_end = at
    else:
        garbage += length
    page_shape(st, mem, frame, count - 1, cells_end, garbage)
    return 0


@jit.helper
def page_patch(st, mem, frame, at, source, count):
    """Overwrite a run of the page, logging only from the first to the last byte that differs."""
    first = 0
    while first < count and load_u8(mem, frame + at + first) == load_u8(mem, source + first):
        first += 1
    last = count
    while last > first and load_u8(mem, frame + at + last - 1) == load_u8(mem, source + last - 1):
        last -= 1
    page_write(st, mem, frame, at + first, source + first, last - first)
    return 0


@jit.routine
def leaf_overwrite(st, mem, frame, slot, cell, length):
    """Put a staged cell with the same key in the place of a slot's; there is room for it."""
    old_length = cell_bytes(st, mem, frame, slot)
    at = load_u16(mem, slot_of(st, frame, slot) + SLOT_CELL)
    shape = load_i64(mem, frame + COUNT_AT)
    count = shape & 0xFFFF
    cells_end = (shape >> 32) & 0xFFFF
    garbage = (shape >> 48) & 0xFFFF
    if length <= old_length:
        page_patch(st, mem, frame, at, cell, length)
        if length < old_length:
            if at + old_length == cells_end:
                cells_end -= old_length - length
            else:
                garbage += old_length - length
            page_shape(st, mem, frame, count, cells_end, garbage)
        return 0
    if page_hole(st, mem, frame) < length:
        key_bytes = key_bytes_of(st, mem, frame, slot)
        page_remove(st, mem, frame, slot)
        page_insert(st, mem, frame, slot, cell, length, LEAF_CELL_HEADER, key_bytes)
        return 0
    page_write(st, mem, frame, cells_end, cell, length)
    page_put_u16(st, mem, frame, slot_of(st, frame, slot) - frame + SLOT_CELL, cells_end)
    page_shape(st, mem, frame, count, cells_end + length, garbage + old_length)
    return 0


@jit.helper
def page_append_gathered(st, mem, frame, count, gathered):
    """Append cells from scratch pages 0 (cells) and 1 (slots, in order, offsets from 0) to a page.

    count     slots gathered
    gathered  bytes of their cells; the hole is big enough
    """
    shape = load_i64(mem, frame + COUNT_AT)
    before = shape & 0xFFFF
    cells_end = (shape >> 32) & 0xFFFF
    page_write(st, mem, frame, cells_end, scratch(st, 0), gathered)
    # Slots grow down: the last gathered one lies lowest.
    made = scratch(st, 2)
    for i in range(count):
        source = scratch(st, 1) + SLOT_BYTES * i
        to = made + SLOT_BYTES * (count - 1 - i)
        move(mem, to, source, SLOT_BYTES)
        store_u16(mem, to + SLOT_CELL, cells_end + load_u16(mem, source + SLOT_CELL))
    at = st[ST_PAGE_BYTES] - SLOT_BYTES * (before + count)
    page_write(st, mem, frame, at, made, SLOT_BYTES * count)
    garbage = (shape >> 48) & 0xFFFF
    page_shape(st, mem, frame, before + count, cells_end + gathered, garbage)
    return 0


@jit.helper
def gather_cell(st, mem, index, at, cell, length, head, key_bytes):
    """Add a cell to the gather area as its `index`-th, at byte `at`; the byte after it."""
    move(mem, scratch(st, 0) + at, cell, length)
    slot = scratch(st, 1) + SLOT_BYTES * index
    store_i64(mem, slot, head)
    store_u16(mem, slot + SLOT_CELL, at)
    store_u16(mem, slot + SLOT_KEY_BYTES, key_bytes)
    return at + length


@jit.helper
def page_truncate(st, mem, frame, count):
    """Keep the first `count` slots only."""
    live = 0
    end = CELLS_AT
    for slot in range(count):
        length = cell_bytes(st, mem, frame, slot)
        live += length
        at = load_u16(mem, slot_of(st, frame, slot) + SLOT_CELL)
        end = max(end, at + length)
    page_shape(st, mem, frame, count, end, end - CELLS_AT - live)
    return 0
