"""Sampling of trees: how many leaves, and how often neighbouring keys differ in each part.

Sorted keys make this enough: an index has one more different prefix than it has neighbours that
differ in it. A sample is a run of entries of a leaf, `SAMPLE` words at `out`:

::

    0  entries that are not delete-marked      2  neighbours looked at
    1  bytes of the leaf in use                3… how many of those differ in the first 1, 2 … parts
"""

from __future__ import annotations

from btree.keys_kernels import key_of_parts
from btree.layout import (
    I_ALL_PARTS,
    I_PARTS,
    I_TREE_ID,
    KIND_AT,
    PAGE_TREE,
    TREE_ID_AT,
)
from btree.page_kernels import child_of, page_count, page_level, page_used
from btree.pool_kernels import pool_find
from btree.row_find_kernels import row_stand
from btree.row_keys_kernels import index_root, index_word
from btree.state import (
    ST_HEIGHT,
    ST_PATH,
    ST_PATH_SLOT,
    ST_ROW_AT,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
)
from btree.tree_kernels import (
    leaf_key,
    leaf_key_bytes,
    leaf_value_start,
    overflow_head,
    tree_find,
)
from btree.txn_layout import C_DELETED, C_ROW, S_DELETED, S_KEY_BYTES
from redo.codes import E_NOT_FOUND
from redo.coding_kernels import load_i64, load_u8, load_u16, move, store_i64
from redo.jit import helper, kernel, routine

ENTRIES = 0
USED = 8
NEIGHBOURS = 16
DIFFERENT = 24
PARTS_MAX = 40
SAMPLE_BYTES = DIFFERENT + 8 * PARTS_MAX
LOOKED_AT = 64  #: clustered rows for a leaf of a secondary index
PREVIOUS_KEY = 1 << 13  #: room for the key before, kept between leaves that follow each other

WHOLE = 1 << 60
STACK_WORDS = 64  #: of the walk over internal pages: (page number, next slot) a level


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def leaves_pick(st, mem, root, ordinals, count, pages, stack):
    """Count the leaves of a tree, and say which pages some of them are.

    ordinals  `count` ascending numbers of leaves, from 0 (words); pages: their numbers come there
    stack     STACK_WORDS words of scratch
    ->        leaves; the word after the last of `pages` gets the pages above them. E_PAGE_MISS: all
              over again, what has been found stays in the pool.
    """
    frame = pool_find(st, mem, root)
    if frame < 0:
        return frame
    store_i64(mem, pages + 8 * count, 0)
    if page_level(mem, frame) == 0:
        for i in range(count):
            store_i64(mem, pages + 8 * i, root)
        return 1
    leaves = 0
    above = 1
    picked = 0
    depth = 0
    store_i64(mem, stack, root)
    store_i64(mem, stack + 8, 0)
    while depth >= 0:
        page_no = load_i64(mem, stack + 16 * depth)
        slot = load_i64(mem, stack + 16 * depth + 8)
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        slots = page_count(mem, frame)
        if page_level(mem, frame) == 1:
            while picked < count and load_i64(mem, ordinals + 8 * picked) < leaves + slots:
                child = child_of(st, mem, frame, load_i64(mem, ordinals + 8 * picked) - leaves)
                store_i64(mem, pages + 8 * picked, child)
                picked += 1
            leaves += slots
            depth -= 1
        elif slot == slots:
            depth -= 1
        else:
            store_i64(mem, stack + 16 * depth + 8, slot + 1)
            depth += 1
            above += 1
            store_i64(mem, stack + 16 * depth, child_of(st, mem, frame, slot))
            store_i64(mem, stack + 16 * depth + 8, 0)
    while picked < count:
        store_i64(mem, pages + 8 * picked, root)
        picked += 1
    store_i64(mem, pages + 8 * count, above)
    return leaves


@helper
def _entry_row(st, mem, table, index, frame, slot):
    """The newest version of the row behind an entry: offset, 0: out of the way, or a code."""
    value = leaf_value_start(st, mem, frame, slot)
    if index == 0:
        return 0 if overflow_head(st, mem, frame, slot) else value + C_ROW
    count = leaf_key_bytes(st, mem, frame, slot)
    pk_bytes = load_u16(mem, value + S_KEY_BYTES)
    pk = leaf_key(st, mem, frame, slot) + count - pk_bytes
    st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
    code = row_stand(st, mem, index_root(mem, table, 0), pk, pk_bytes)
    if code <= 0:
        return code
    return st[ST_ROW_AT]


@helper
def _known_part(st, mem, table, index, frame, slot, at):
    """The first part that an entry and the one before differ in, from byte `at` on, if the entry
    alone tells; -1: its row must be looked at."""
    parts = index_word(mem, table, index, I_PARTS)
    if index == 0:
        return 0 if parts == 1 else -1
    value = leaf_value_start(st, mem, frame, slot)
    own = leaf_key_bytes(st, mem, frame, slot) - load_u16(mem, value + S_KEY_BYTES)
    if at >= own:
        return parts if index_word(mem, table, index, I_ALL_PARTS) == parts + 1 else -1
    return 0 if parts == 1 else -1


@helper
def _is_live(st, mem, index, frame, slot):
    """1 when an entry is not delete-marked."""
    value = leaf_value_start(st, mem, frame, slot)
    if index > 0:
        return 1 - min(load_u8(mem, value + S_DELETED), 1)
    if overflow_head(st, mem, frame, slot):
        return 1
    return 1 - min(load_u8(mem, value + C_DELETED), 1)


@helper
def _first_difference(mem, a, a_bytes, b, b_bytes):
    """Where two keys differ first."""
    shorter = min(a_bytes, b_bytes)
    at = 0
    while at < shorter and load_u8(mem, a + at) == load_u8(mem, b + at):
        at += 1
    return at


@routine
def _part_of_difference(st, mem, table, index, row, at, scratch):
    """The first part in which keys that differ from byte `at` on differ."""
    parts = index_word(mem, table, index, I_ALL_PARTS)
    passed = 0
    for part in range(parts - 1):
        passed += key_of_parts(st, mem, table, index, part, part + 1, row, scratch)
        if at < passed:
            return part
    return parts - 1


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def leaf_sample(st, mem, table, index, page_no, previous, previous_bytes, out):
    """Sample one leaf: SAMPLE words at `out`.

    previous  PREVIOUS_KEY bytes, then as many of scratch; the last key is left there
    previous_bytes  bytes of the key before this leaf's first, -1: it is not known
    -> bytes of the last key, -1 when there was none; E_NOT_FOUND when the page is no leaf of the
       index any more; E_PAGE_MISS: all over again
    """
    frame = pool_find(st, mem, page_no)
    if frame < 0:
        return frame
    for at in range(0, SAMPLE_BYTES, 8):
        store_i64(mem, out + at, 0)
    is_ours = load_i64(mem, frame + TREE_ID_AT) == index_word(mem, table, index, I_TREE_ID)
    if load_u8(mem, frame + KIND_AT) != PAGE_TREE or page_level(mem, frame) > 0 or not is_ours:
        return E_NOT_FOUND
    parts = min(index_word(mem, table, index, I_ALL_PARTS), PARTS_MAX)
    scratch = previous + PREVIOUS_KEY
    before = previous
    before_bytes = previous_bytes
    looked = 0
    live = 0
    pairs = 0
    for slot in range(page_count(mem, frame)):
        if not _is_live(st, mem, index, frame, slot):
            continue
        live += 1
        if looked == LOOKED_AT:
            continue
        key = leaf_key(st, mem, frame, slot)
        count = leaf_key_bytes(st, mem, frame, slot)
        if before_bytes >= 0:
            at = _first_difference(mem, before, before_bytes, key, count)
            first = _known_part(st, mem, table, index, frame, slot, at)
            if first < 0:
                row = _entry_row(st, mem, table, index, frame, slot)
                if row < 0:
                    return row
                if row == 0:
                    continue
                looked += index > 0
                first = _part_of_difference(st, mem, table, index, row, at, scratch)
            pairs += 1
            for part in range(first, parts):
                word = out + DIFFERENT + 8 * part
                store_i64(mem, word, load_i64(mem, word) + 1)
        before = key
        before_bytes = count
    store_i64(mem, out + ENTRIES, live)
    store_i64(mem, out + USED, page_used(st, mem, frame))
    store_i64(mem, out + NEIGHBOURS, pairs)
    if before_bytes >= 0 and before != previous:
        move(mem, previous, before, before_bytes)
    return before_bytes


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def key_position(st, mem, root, key, key_bytes):
    """Where a key is, or would be, in a tree: of WHOLE parts, how many lie before it (an estimate
    that takes pages of one level for equally full); or E_PAGE_MISS."""
    code = tree_find(st, mem, root, key, key_bytes)
    if code < 0:
        return code
    position = 0
    width = WHOLE
    for level in range(st[ST_HEIGHT], -1, -1):
        frame = st[ST_PATH + level]
        width //= max(page_count(mem, frame), 1)
        position += st[ST_PATH_SLOT + level] * width
    return position
