"""Entries of multi-valued indexes through the life of a row: changed, undone, purged.

M1  What grows or shrinks trees has mini-transactions of its own, as one would not hold it for a
    thousand elements. Before a row changes, many new elements get entries that are marked and of
    nobody (trx 0): the change itself only overwrites them. Should it not come, they stay, found by
    nobody, until the element is written after all or the index goes.
M2  Before a row's change is undone, entries that go are removed; before a row is purged, too. Both
    may be repeated: what is gone already is passed over.
M3  Otherwise the rules of `row_keys_kernels` (S1, S2) hold for each element's entry.
"""

from __future__ import annotations

from btree.element_kernels import (
    element_count,
    element_key,
    element_note,
    elements_load,
    elements_match,
    has_elements,
    version_has_key,
)
from btree.layout import I_UNIQUE
from btree.lock_kernels import lock_birth, lock_row
from btree.mvcc_kernels import version_of_record
from btree.range_lock_kernels import gap_around
from btree.row_find_kernels import row_stand, unique_conflict
from btree.row_keys_kernels import (
    WHICH_NEW,
    WHICH_OLD,
    entry_put,
    entry_remove,
    index_root,
    index_word,
    key_at,
    key_count,
    table_indexes,
)
from btree.space_kernels import reserve_begin
from btree.state import ST_LEAF_FRAME, ST_LEAF_SLOT, ST_ROW_AT, ST_SPILL_NEXT
from btree.tree_kernels import leaf_value_start, tree_find, tree_reserve
from btree.txn_layout import (
    CTX_TRX,
    LOCK_CHECK,
    LOCK_EXCLUSIVE,
    S_DELETED,
    S_VALUE_BYTES,
)
from redo.codes import E_LATER
from redo.coding_kernels import load_i64, load_u8
from redo.edit_kernels import mtr_begin, mtr_commit
from redo.jit import helper, routine

#: New elements of one change that get their entries within the row's own mini-transaction.
FEW = 8


@routine
def _reserve(st, mem, table, index, which, value_bytes):
    """Reserve for the entry of the key in hand; one that is there and stays takes nothing."""
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    root = index_root(mem, table, index)
    if value_bytes >= 0:
        found = tree_find(st, mem, root, key, count)
        if found != 0:
            return min(found, 0)
    return tree_reserve(st, mem, root, key, count, value_bytes)


@routine
def _place_entries(st, mem, table, index):
    """Marked entries of nobody for the new elements that have none (M1). E_LATER when some were
    made: what was reserved is reserved no more. 0: all are there."""
    made = 0
    for number in range(element_count(st, mem, index, WHICH_NEW)):
        if element_note(st, mem, index, WHICH_NEW, number):
            continue
        count = element_key(st, mem, index, WHICH_NEW, number)
        root = index_root(mem, table, index)
        code = tree_find(st, mem, root, key_at(st, index, WHICH_NEW), count)
        if code == 0:
            reserve_begin(st)
            code = _reserve(st, mem, table, index, WHICH_NEW, S_VALUE_BYTES)
            if code >= 0:
                code = mtr_begin(st, mem)
            if code >= 0:
                entry_put(st, mem, table, index, WHICH_NEW, 0, 1)
                mtr_commit(st, mem)
                made = 1
        if code < 0:
            return code
    return E_LATER if made else 0


@routine
def multi_prepare(st, mem, ctx, table, index, is_insert, is_delete):
    """Duplicates, locks and reservations for a change; the lists are there. 0 or a code."""
    if not is_insert and not is_delete:
        elements_match(st, mem, index)
    own = WHICH_NEW if is_insert else WHICH_OLD
    root = index_root(mem, table, index)
    fresh = 0
    for number in range(0 if is_delete else element_count(st, mem, index, WHICH_NEW)):
        if element_note(st, mem, index, WHICH_NEW, number):
            continue
        count = element_key(st, mem, index, WHICH_NEW, number)
        code = 0
        if index_word(mem, table, index, I_UNIQUE):
            code = unique_conflict(st, mem, ctx, table, index, own)
        if code == 0:
            code = lock_birth(st, mem, ctx, root, key_at(st, index, WHICH_NEW), count)
        if code < 0:
            return code
        fresh += 1
    if fresh > FEW:
        code = _place_entries(st, mem, table, index)
        if code < 0:
            return code
    for number in range(0 if is_delete else element_count(st, mem, index, WHICH_NEW)):
        if element_note(st, mem, index, WHICH_NEW, number) == 0:
            element_key(st, mem, index, WHICH_NEW, number)
            code = _reserve(st, mem, table, index, WHICH_NEW, S_VALUE_BYTES)
            if code < 0:
                return code
    for number in range(0 if is_insert else element_count(st, mem, index, WHICH_OLD)):
        if element_note(st, mem, index, WHICH_OLD, number):
            continue
        count = element_key(st, mem, index, WHICH_OLD, number)
        key = key_at(st, index, WHICH_OLD)
        code = lock_row(st, mem, ctx, root, key, count, LOCK_EXCLUSIVE | LOCK_CHECK)
        if code >= 0:
            code = _reserve(st, mem, table, index, WHICH_OLD, S_VALUE_BYTES)
        if code < 0:
            return code
    return 0


@routine
def multi_change(st, mem, ctx, table, index, is_insert, is_delete):
    """Inside the MTR: mark old entries, write new ones."""
    trx_id = load_i64(mem, ctx + CTX_TRX)
    for number in range(0 if is_insert else element_count(st, mem, index, WHICH_OLD)):
        if element_note(st, mem, index, WHICH_OLD, number) == 0:
            element_key(st, mem, index, WHICH_OLD, number)
            entry_put(st, mem, table, index, WHICH_OLD, trx_id, 1)
    for number in range(0 if is_delete else element_count(st, mem, index, WHICH_NEW)):
        if element_note(st, mem, index, WHICH_NEW, number) == 0:
            element_key(st, mem, index, WHICH_NEW, number)
            entry_put(st, mem, table, index, WHICH_NEW, trx_id, 0)
    return 0


@routine
def multi_remove(st, mem, table, index, which):
    """Take the entry of the key in hand away, in an MTR of its own (M2). 0 or a code."""
    reserve_begin(st)
    code = _reserve(st, mem, table, index, which, -1)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    entry_remove(st, mem, table, index, which)
    mtr_commit(st, mem)
    return 0


@routine
def multi_mend(st, mem, table, index, which, deleted):
    """Inside the MTR of an undo step: write the entries again whose note says by whom (the writer
    << 1, and 1)."""
    for number in range(element_count(st, mem, index, which)):
        note = element_note(st, mem, index, which, number)
        if note:
            element_key(st, mem, index, which, number)
            entry_put(st, mem, table, index, which, note >> 1, deleted)
    return 0


@routine
def multi_reserve(st, mem, table, index, which):
    """Reserve for `multi_mend`. 0 or a code."""
    for number in range(element_count(st, mem, index, which)):
        if element_note(st, mem, index, which, number):
            element_key(st, mem, index, which, number)
            code = _reserve(st, mem, table, index, which, S_VALUE_BYTES)
            if code < 0:
                return code
    return 0


@routine
def multi_gaps(st, mem, ctx, table, index, row):
    """Lock the gaps around all entries of a row. 0 or a code."""
    elements = elements_load(st, mem, table, index, WHICH_OLD, row)
    for number in range(max(0, elements)):
        count = element_key(st, mem, index, WHICH_OLD, number)
        root = index_root(mem, table, index)
        key = key_at(st, index, WHICH_OLD)
        code = gap_around(st, mem, ctx, root, key, count, LOCK_EXCLUSIVE)
        if code < 0:
            return code
    return min(elements, 0)


@helper
def entry_is_dead(st, mem, table, index):
    """1 when the entry whose key is in WHICH_OLD is there and marked, 0 when not, or a code."""
    root = index_root(mem, table, index)
    key = key_at(st, index, WHICH_OLD)
    code = tree_find(st, mem, root, key, key_count(st, mem, index, WHICH_OLD))
    if code <= 0:
        return code
    value = leaf_value_start(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])
    return load_u8(mem, value + S_DELETED)


@routine
def multi_purge(st, mem, table, record, row_gone, low):
    """Remove what only this record's old version needed from the table's multi-valued indexes.

    Before anything is reserved. 0 or a code: what was removed stays so.
    """
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index) == 0:
            continue
        code = version_of_record(st, mem, record)
        if code >= 0:
            code = elements_load(st, mem, table, index, WHICH_OLD, st[ST_ROW_AT])
        if code < 0:
            return code
        spill = st[ST_SPILL_NEXT]
        for number in range(element_count(st, mem, index, WHICH_OLD)):
            st[ST_SPILL_NEXT] = spill
            element_key(st, mem, index, WHICH_OLD, number)
            code = entry_is_dead(st, mem, table, index)
            if code == 1 and not row_gone:
                root = index_root(mem, table, 0)
                key = key_at(st, 0, WHICH_OLD)
                code = row_stand(st, mem, root, key, key_count(st, mem, 0, WHICH_OLD))
                if code == 1:
                    code = version_has_key(st, mem, table, index, WHICH_OLD, low)
                if code >= 0:
                    code = 1 - code
            if code == 1:
                code = multi_remove(st, mem, table, index, WHICH_OLD)
            if code < 0:
                return code
    return 0
