"""Entries of an index that is being built, while rows are changed by others.

B1  Entries are made of what a read view shows, so of what is committed and stays: nobody's rollback
    can make one of them wrong. Purge stands still from the build's beginning on, even where older
    views close: versions are walked down to its limit of then, and nobody else would remove the
    marked entries made of them.
B2  A row's entries: one without mark for the version the view shows, unless that is a deletion;
    one with mark for each other key that an older version has, down to those nobody can see.
    All carry the writer of the version shown (S1, S2 of `row_keys_kernels`).
B3  Whatever was changed after the scan began is in the undo stream behind the place where that
    ended then. Rows named there get their entries anew under a later view; keys that were right
    before are among those of older versions, so they get their marks.
"""

from __future__ import annotations

from btree import failpoints
from btree.bulk_kernels import ENTRY_HEADER, entry_bytes
from btree.element_kernels import (
    element_key,
    element_note,
    elements_load,
    elements_match,
    has_elements,
)
from btree.failpoint_kernels import failpoint
from btree.keys_kernels import key_has_null
from btree.layout import D_TABLE_ID, I_PARTS, I_UNIQUE
from btree.mvcc_kernels import version_older, version_start, view_sees
from btree.pool_kernels import pool_find
from btree.row_find_kernels import row_stand
from btree.row_keys_kernels import (
    WHICH_NEW,
    WHICH_OLD,
    entry_put,
    index_root,
    index_word,
    key_at,
    key_count,
    key_make,
    key_place,
    keys_equal,
    table_indexes,
)
from btree.space_kernels import reserve_begin
from btree.state import (
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_AT,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
    ST_VALUE_BYTES,
)
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_next,
    leaf_value,
    leaf_value_start,
    tree_find,
    tree_reserve,
)
from btree.txn_layout import (
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
    S_VALUE_BYTES,
    SYS_UNDO_TAIL,
    SYSTEM_PAGE,
    U_BYTES,
    U_FLAGS,
    U_KEY,
    U_KEY_BYTES,
    U_TABLE,
    U_TRX,
    UNDO_AT,
    UNDO_END,
    UNDO_NEXT,
    UNDONE,
)
from redo.codes import E_DUPLICATE, E_NO_ROOM
from redo.coding_kernels import (
    compare,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from redo.edit_kernels import mtr_begin, mtr_commit
from redo.jit import helper, kernel, routine
from redo.state import ST_DUPLICATE_INDEX

#: A sink: two words, where the next entry goes and where the room ends; 0: into the index's tree.
SINK_AT = 0
SINK_END = 8
#: Beside the mark of an entry that is being sorted: a unique index has no objection to it.
EXEMPT = 2

#: Words of a walk over the undo stream (`catch_up`).
WALK_AT = 0  #: undo pointer of the record to look at next
WALK_END = 8  #: where this round ends
WALK_LEFT = 16  #: first record passed whose writer the view does not show, 0: none


@helper
def _entry_collect(st, mem, index, which, trx_id, flags, sink):
    """Append an entry to a sink: 0, or E_NO_ROOM."""
    count = key_count(st, mem, index, which)
    at = load_i64(mem, sink + SINK_AT)
    end = at + ENTRY_HEADER + count + S_VALUE_BYTES
    if end > load_i64(mem, sink + SINK_END):
        return E_NO_ROOM
    store_u32(mem, at, count)
    store_u32(mem, at + 4, S_VALUE_BYTES)
    move(mem, at + ENTRY_HEADER, key_at(st, index, which), count)
    value = at + ENTRY_HEADER + count
    store_i64(mem, value + S_TRX, trx_id)
    store_u8(mem, value + S_DELETED, flags)
    store_u16(mem, value + S_KEY_BYTES, key_count(st, mem, 0, which))
    store_i64(mem, sink + SINK_AT, end)
    return 0


@routine
def _entry_out(st, mem, table, index, which, trx_id, flags, sink):
    """An entry goes to the sink, or into the tree in an MTR of its own. 0 or a code."""
    if sink:
        return _entry_collect(st, mem, index, which, trx_id, flags, sink)
    reserve_begin(st)
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    code = tree_reserve(st, mem, index_root(mem, table, index), key, count, S_VALUE_BYTES)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    entry_put(st, mem, table, index, which, trx_id, flags & 1)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_FOLLOW)
    return 0


@routine
def _other_live(st, mem, table, index, other):
    """Has another row a live entry with the key in WHICH_NEW? 1 (its clustered key at `other`,
    bytes in ST_VALUE_BYTES), 0, or a code."""
    key = key_at(st, index, WHICH_NEW)
    own_bytes = key_count(st, mem, 0, WHICH_NEW)
    prefix = key_count(st, mem, index, WHICH_NEW) - own_bytes
    code = tree_find(st, mem, index_root(mem, table, index), key, prefix)
    if code >= 0:
        code = leaf_here(st, mem)
    while code == 1:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        entry = leaf_key(st, mem, frame, slot)
        count = leaf_key_bytes(st, mem, frame, slot)
        if count < prefix or compare(mem, entry, prefix, key, prefix) != 0:
            return 0
        value = leaf_value_start(st, mem, frame, slot)
        pk_bytes = load_u16(mem, value + S_KEY_BYTES)
        pk = entry + count - pk_bytes
        if (
            load_u8(mem, value + S_DELETED) == 0
            and compare(mem, pk, pk_bytes, key_at(st, 0, WHICH_NEW), own_bytes) != 0
        ):
            move(mem, other, pk, pk_bytes)
            st[ST_VALUE_BYTES] = pk_bytes
            return 1
        code = leaf_next(st, mem)
    return code


@routine
def _live_elements(st, mem, table, index, sink, other):
    """`_live_entry` of a multi-valued index."""
    writer = st[ST_ROW_TRX]
    elements = elements_load(st, mem, table, index, WHICH_NEW, st[ST_ROW_AT])
    unique = index_word(mem, table, index, I_UNIQUE)
    for number in range(max(0, elements)):
        element_key(st, mem, index, WHICH_NEW, number)
        code = 0
        if unique and other:
            code = _other_live(st, mem, table, index, other)
        if code == 0:
            flags = 0 if unique else EXEMPT
            code = _entry_out(st, mem, table, index, WHICH_NEW, writer, flags, sink)
        if code != 0:
            return code
    return min(elements, 0)


@routine
def _older_elements(st, mem, table, index, writer, live, sink):
    """Marked entries of an older version's elements that the live one has not. 0 or a code."""
    elements = elements_load(st, mem, table, index, WHICH_OLD, st[ST_ROW_AT])
    if live and elements > 0:
        elements_match(st, mem, index)
    for number in range(max(0, elements)):
        if element_note(st, mem, index, WHICH_OLD, number) == 0:
            element_key(st, mem, index, WHICH_OLD, number)
            code = _entry_out(st, mem, table, index, WHICH_OLD, writer, 1 | EXEMPT, sink)
            if code < 0:
                return code
    return min(elements, 0)


@routine
def _live_entry(st, mem, table, index, sink, other):
    """The entry of the version stood on, which is no deletion. 0, 1 (see `_other_live`), a code."""
    if has_elements(mem, table, index):
        return _live_elements(st, mem, table, index, sink, other)
    row = st[ST_ROW_AT]
    writer = st[ST_ROW_TRX]
    code = key_make(st, mem, table, index, WHICH_NEW, row)
    if code < 0:
        return code
    flags = EXEMPT
    if index_word(mem, table, index, I_UNIQUE):
        parts = index_word(mem, table, index, I_PARTS)
        if not key_has_null(mem, table, index, parts, row):
            flags = 0
            code = _other_live(st, mem, table, index, other) if other else 0
            if code != 0:
                return code
    return _entry_out(st, mem, table, index, WHICH_NEW, writer, flags, sink)


@routine
def _derive(st, mem, ctx, table, index, low, sink, other):
    """Entries (B2) of the row on whose newest version we stand; its key is in its two places.

    low    versions older than the first one below are nobody's
    other  room for a clustered key: another row's live entry is looked for; 0: it is not
    -> 0, 1: there is one (bytes in ST_VALUE_BYTES), or a code
    """
    while not view_sees(mem, ctx, st[ST_ROW_TRX]):
        code = version_older(st, mem)
        if code <= 0:
            return code
    writer = st[ST_ROW_TRX]
    live = 0
    if not st[ST_ROW_DELETED]:
        live = 1
        code = _live_entry(st, mem, table, index, sink, other)
        if code != 0:
            return code
    while st[ST_ROW_TRX] >= low:
        code = version_older(st, mem)
        if code <= 0:
            return code
        if not st[ST_ROW_DELETED] and has_elements(mem, table, index):
            code = _older_elements(st, mem, table, index, writer, live, sink)
            if code < 0:
                return code
        elif not st[ST_ROW_DELETED]:
            code = key_make(st, mem, table, index, WHICH_OLD, st[ST_ROW_AT])
            if code < 0:
                return code
            if not live or not keys_equal(st, mem, index, WHICH_OLD, WHICH_NEW):
                flags = 1 | EXEMPT
                code = _entry_out(st, mem, table, index, WHICH_OLD, writer, flags, sink)
                if code < 0:
                    return code
    return 0


@helper
def _key_places(st, mem, key, count):
    """Put a clustered key into both of its places."""
    for which in (WHICH_OLD, WHICH_NEW):
        store_i64(mem, key_place(st, 0, which), count)
        move(mem, key_at(st, 0, which), key, count)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8, i8)")
def index_collect(st, mem, ctx, table, index, low, last, last_bytes, sink, limit):
    """Collect entries of an index from up to `limit` rows after clustered key `last`.

    last  room for a key; the last key done is left there, its bytes in ST_VALUE_BYTES; -1: start
    -> rows done, 0 at the end, or a code when there are none (E_NO_ROOM: the sink is full)
    """
    root = index_root(mem, table, 0)
    st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
    found = tree_find(st, mem, root, last, max(0, last_bytes))
    if found < 0:
        return found
    code = leaf_next(st, mem) if found == 1 else leaf_here(st, mem)
    done = 0
    while code == 1 and done < limit:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        count = leaf_key_bytes(st, mem, frame, slot)
        _key_places(st, mem, leaf_key(st, mem, frame, slot), count)
        value = leaf_value(st, mem, frame, slot)
        if value < 0:
            code = value
            break
        version_start(st, mem, value, st[ST_VALUE_BYTES])
        before = load_i64(mem, sink + SINK_AT)
        code = _derive(st, mem, ctx, table, index, low, sink, 0)
        if code < 0:
            store_i64(mem, sink + SINK_AT, before)
            break
        last_bytes = count
        move(mem, last, key_at(st, 0, WHICH_NEW), count)
        done += 1
        st[ST_LEAF_FRAME] = frame
        st[ST_LEAF_SLOT] = slot
        code = leaf_next(st, mem)
    st[ST_VALUE_BYTES] = last_bytes
    if done == 0 and code < 0:
        return code
    return done


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def entries_settle(st, mem, entries, used, unique, last):
    """Make sorted entries ready to be appended: equal ones once, without EXEMPT flags.

    last  room for two entries: the last one passed, and the last that a unique index is asked
          about, kept from call to call; its first two words are 0 before the first
    -> bytes left, or E_DUPLICATE when two live entries have one key in a unique index
    """
    half = last + (1 << 15)
    at = entries
    out = entries
    while at < entries + used:
        size = entry_bytes(mem, at)
        count = load_u32(mem, at)
        key = at + ENTRY_HEADER
        value = key + count
        flags = load_u8(mem, value + S_DELETED)
        same = load_u32(mem, last) > 0
        same = same and compare(mem, last + ENTRY_HEADER, load_u32(mem, last), key, count) == 0
        if not same:
            if unique and flags == 0:
                prefix = count - load_u16(mem, value + S_KEY_BYTES)
                before = load_u32(mem, half)
                found = half + ENTRY_HEADER
                if load_u32(mem, half + 4) and compare(mem, found, before, key, prefix) == 0:
                    return E_DUPLICATE
                store_u32(mem, half, prefix)
                store_u32(mem, half + 4, 1)
                move(mem, found, key, prefix)
            store_u32(mem, last, count)
            move(mem, last + ENTRY_HEADER, key, count)
            store_u8(mem, value + S_DELETED, flags & 1)
            if out != at:
                move(mem, out, at, size)
            out += size
        at += size
    return out - entries


@kernel("i8(i8[::1], u1[::1])")
def undo_end(st, mem):
    """Undo pointer behind the newest record; E_PAGE_MISS."""
    system = pool_find(st, mem, SYSTEM_PAGE)
    if system < 0:
        return system
    page_no = load_i64(mem, system + SYS_UNDO_TAIL)
    tail = pool_find(st, mem, page_no)
    if tail < 0:
        return tail
    return page_no << 16 | load_i64(mem, tail + UNDO_END)


@helper
def _row_again(st, mem, ctx, table, first, low, key, count, other):
    """Entries of one row in all indexes from `first` on. 0, 1 (see `_derive`), or a code."""
    for index in range(first, table_indexes(mem, table)):
        _key_places(st, mem, key, count)
        code = row_stand(st, mem, index_root(mem, table, 0), key, count)
        if code == 1:
            code = _derive(st, mem, ctx, table, index, low, 0, other)
            if code == 1:
                st[ST_DUPLICATE_INDEX] = index
        if code != 0:
            return code
    return 0


@routine
def _record_again(st, mem, ctx, table, first, low, record, block):
    """Entries of the row an undo record names. 0 | E_DUPLICATE | a code to settle: call again.

    When another row seems to have the same unique key, that one may have changed, too: its entries
    are made anew before it is believed.
    """
    count = load_u16(mem, record + U_KEY_BYTES)
    own = block
    other = block + (1 << 15)
    move(mem, own, record + U_KEY, count)
    code = _row_again(st, mem, ctx, table, first, low, own, count, other)
    if code == 1:
        code = _row_again(st, mem, ctx, table, first, low, other, st[ST_VALUE_BYTES], 0)
        if code == 0:
            code = _row_again(st, mem, ctx, table, first, low, own, count, other)
    return E_DUPLICATE if code == 1 else code


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8, i8)")
def catch_up(st, mem, ctx, table, first, low, walk, block, limit):
    """Bring indexes from number `first` on up to what `ctx` sees, along the undo stream (B3).

    walk   WALK_… words
    block  room for two clustered keys
    -> records passed (0: the round is over), or a code when there are none
    """
    table_id = load_i64(mem, table + 8 * D_TABLE_ID)
    for done in range(limit):
        pointer = load_i64(mem, walk + WALK_AT)
        frame = pool_find(st, mem, pointer >> 16)
        if frame < 0:
            return done if done > 0 else frame
        if pointer == load_i64(mem, walk + WALK_END):
            return done
        record = frame + (pointer & 0xFFFF)
        if record - frame >= load_i64(mem, frame + UNDO_END):
            following = load_i64(mem, frame + UNDO_NEXT)
            if following == 0:
                return done
            store_i64(mem, walk + WALK_AT, following << 16 | UNDO_AT)
            continue
        count = load_u16(mem, record + U_BYTES)
        ours = load_u32(mem, record + U_TABLE) == table_id
        if ours and not load_u8(mem, record + U_FLAGS) & UNDONE:
            if view_sees(mem, ctx, load_i64(mem, record + U_TRX)):
                st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
                code = _record_again(st, mem, ctx, table, first, low, record, block)
                if code < 0:
                    return done if done > 0 and code != E_DUPLICATE else code
            elif load_i64(mem, walk + WALK_LEFT) == 0:
                store_i64(mem, walk + WALK_LEFT, pointer)
        store_i64(mem, walk + WALK_AT, pointer + count)
    return limit
