"""Foreign keys looked up: the parents of a child row, and children that keep their parent.

A key's prefix is what the values of some columns of a row are in an index of another table. Nothing
here changes a row; locks are taken.
"""

from __future__ import annotations

from btree.foreign_layout import (
    ACT_RESTRICT,
    K_CHILD,
    K_CHILD_COLUMNS,
    K_CHILD_ID,
    K_CHILD_INDEX,
    K_COLUMNS,
    K_NUMBER,
    K_ON_DELETE,
    K_ON_UPDATE,
    K_PARENT,
    K_PARENT_COLUMNS,
    K_PARENT_INDEX,
    KEY_BYTES,
    KEYS_AT,
    NAMING_COUNT,
    OWN_COUNT,
)
from btree.keys_kernels import index_of, key_append, part_of
from btree.layout import (
    C_CLASS,
    CLASS_DOUBLE,
    CLASS_FIXED,
    D_TABLE_ID,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.lock_kernels import writer_conflict
from btree.row_find_kernels import row_current
from btree.row_kernels import CHANGE_DELETE, CHANGE_UPDATE
from btree.row_keys_kernels import index_root, table_entry
from btree.rows_kernels import (
    column_of,
    row_column,
    row_is_null,
    row_is_old,
    row_upgrade,
)
from btree.state import (
    ST_FOREIGN_NUMBER,
    ST_FOREIGN_SCRATCH,
    ST_FOREIGN_TABLE,
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_AT,
)
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_next,
    leaf_value_start,
    tree_find,
)
from btree.txn_layout import (
    LOCK_SHARED,
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
    TABLE_FOREIGN,
)
from redo.codes import (
    E_CHILD_THERE,
    E_PARENT_MISSING,
)
from redo.coding_kernels import compare, load_i64, load_u8, load_u16
from redo.jit import helper, routine

SCRATCH_KEY = 1 << 15  #: the scratch holds keys: a parent's, a row's own, the entry of a child
SCRATCH_BYTES = 3 * SCRATCH_KEY


@helper
def foreign_block(st, mem, table):
    """The table's foreign keys, 0 when nobody has prepared any."""
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    return load_i64(mem, entry + TABLE_FOREIGN)


@helper
def key_blamed(st, mem, key, code):
    """Remember which key the code is about."""
    st[ST_FOREIGN_TABLE] = load_i64(mem, key + K_CHILD_ID)
    st[ST_FOREIGN_NUMBER] = load_i64(mem, key + K_NUMBER)
    return code


@helper
def key_action(mem, key, change):
    """What the key's children do when their parent changes so."""
    return load_i64(mem, key + (K_ON_DELETE if change == CHANGE_DELETE else K_ON_UPDATE))


@routine
def foreign_prefix(st, mem, table, columns, count, row, other, index, out):
    """Values of `count` columns of a row, as the beginning of an index of the `other` table.

    columns  offset of the numbers of the columns
    ->       bytes written at `out`, -1 when one of them is NULL
    """
    described = index_of(mem, other, index)
    to = out
    for i in range(count):
        column = load_i64(mem, columns + 8 * i)
        if row_is_null(mem, row, column):
            return -1
        to += key_append(
            st, mem, part_of(mem, described, i), row_column(mem, table, row, column), 0, to
        )
    return to - out


@routine
def same_values(st, mem, table, columns, count, one, other):
    """1 when two rows have the same bytes in these columns. ('a' and 'A' are not the same.)"""
    for i in range(count):
        column = load_i64(mem, columns + 8 * i)
        null = row_is_null(mem, one, column)
        if null != row_is_null(mem, other, column):
            return 0
        if null:
            continue
        a = row_column(mem, table, one, column)
        b = row_column(mem, table, other, column)
        kind = load_i64(mem, column_of(mem, table, column) + 8 * C_CLASS)
        if kind == CLASS_FIXED or kind == CLASS_DOUBLE:
            if a != b:
                return 0
        elif compare(mem, a >> RUN_SHIFT, a & RUN_MASK, b >> RUN_SHIFT, b & RUN_MASK) != 0:
            return 0
    return 1


@routine
def foreign_next(st, mem, ctx, table, index, prefix, prefix_bytes, last, last_bytes, mode):
    """The next live row whose key in an index begins with the prefix, locked in `mode`.

    last, last_bytes   the entry to go on after, bytes -1: from the first
    -> 1, the row at ST_ROW_AT and its entry's place in ST_LEAF_FRAME, ST_LEAF_SLOT; 0: none; a code
    """
    root = index_root(mem, table, index)
    if last_bytes < 0:
        code = tree_find(st, mem, root, prefix, prefix_bytes)
        if code >= 0:
            code = leaf_here(st, mem)
    else:
        code = tree_find(st, mem, root, last, last_bytes)
        if code >= 0:
            code = leaf_next(st, mem) if code == 1 else leaf_here(st, mem)
    while code == 1:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        entry = leaf_key(st, mem, frame, slot)
        count = leaf_key_bytes(st, mem, frame, slot)
        if count < prefix_bytes or compare(mem, entry, prefix_bytes, prefix, prefix_bytes) != 0:
            return 0
        deleted = 0
        if index > 0:
            value = leaf_value_start(st, mem, frame, slot)
            pk_bytes = load_u16(mem, value + S_KEY_BYTES)
            entry += count - pk_bytes
            count = pk_bytes
            deleted = load_u8(mem, value + S_DELETED)
            if deleted:  # only the end of who marked it decides
                trx_id = load_i64(mem, value + S_TRX)
                key = leaf_key(st, mem, frame, slot)
                key_bytes = leaf_key_bytes(st, mem, frame, slot)
                code = writer_conflict(st, mem, ctx, trx_id, root, key, key_bytes, mode)
        if not deleted:
            code = row_current(st, mem, ctx, index_root(mem, table, 0), entry, count, mode)
        st[ST_LEAF_FRAME] = frame
        st[ST_LEAF_SLOT] = slot
        if code < 0 or (code == 1 and not deleted):
            return code
        code = leaf_next(st, mem)
    return code


@helper
def row_stood_on(st, mem, table):
    """The row at ST_ROW_AT in the table's present format, or a code."""
    row = st[ST_ROW_AT]
    if row_is_old(mem, table, row):
        return row_upgrade(st, mem, table, row)
    return row


@routine
def _parent_present(st, mem, ctx, key, row):
    """0 when the parent of a child row is there, now locked, or none is meant; or a code."""
    table = load_i64(mem, key + K_CHILD)
    parent = load_i64(mem, key + K_PARENT)
    index = load_i64(mem, key + K_PARENT_INDEX)
    columns = load_i64(mem, key + K_COLUMNS)
    named = load_i64(mem, key + K_CHILD_COLUMNS)
    wanted = st[ST_FOREIGN_SCRATCH]
    other = parent if parent else table
    other_index = index if parent else load_i64(mem, key + K_CHILD_INDEX)
    count = foreign_prefix(st, mem, table, named, columns, row, other, other_index, wanted)
    if count < 0:
        return 0
    if parent == 0:
        return key_blamed(st, mem, key, E_PARENT_MISSING)
    if parent == table:
        own = wanted + SCRATCH_KEY
        naming = load_i64(mem, key + K_PARENT_COLUMNS)
        own_count = foreign_prefix(st, mem, table, naming, columns, row, parent, index, own)
        if own_count == count and compare(mem, own, count, wanted, count) == 0:
            return 0
    code = foreign_next(st, mem, ctx, parent, index, wanted, count, 0, -1, LOCK_SHARED)
    if code == 0:
        return key_blamed(st, mem, key, E_PARENT_MISSING)
    return min(code, 0)


@routine
def parents_present(st, mem, ctx, table, old_row, new_row):
    """Look up the parents of a row that is to be; 0 or a code. `old_row` 0: a new row."""
    block = foreign_block(st, mem, table)
    for i in range(load_i64(mem, block + OWN_COUNT)):
        key = block + KEYS_AT + KEY_BYTES * i
        if old_row:
            columns = load_i64(mem, key + K_CHILD_COLUMNS)
            count = load_i64(mem, key + K_COLUMNS)
            if same_values(st, mem, table, columns, count, old_row, new_row):
                continue
        code = _parent_present(st, mem, ctx, key, new_row)
        if code < 0:
            return code
    return 0


@routine
def children_keep(st, mem, ctx, table, change, old_row, new_row):
    """Look for children that keep a row as it is: 0, E_CHILD_THERE, or a code to settle."""
    block = foreign_block(st, mem, table)
    first = block + KEYS_AT + KEY_BYTES * load_i64(mem, block + OWN_COUNT)
    prefix = st[ST_FOREIGN_SCRATCH]
    for i in range(load_i64(mem, block + NAMING_COUNT)):
        key = first + KEY_BYTES * i
        if key_action(mem, key, change) != ACT_RESTRICT:
            continue
        columns = load_i64(mem, key + K_PARENT_COLUMNS)
        n = load_i64(mem, key + K_COLUMNS)
        if change == CHANGE_UPDATE and same_values(st, mem, table, columns, n, old_row, new_row):
            continue
        child = load_i64(mem, key + K_CHILD)
        index = load_i64(mem, key + K_CHILD_INDEX)
        count = foreign_prefix(st, mem, table, columns, n, old_row, child, index, prefix)
        if count < 0:
            continue
        code = foreign_next(st, mem, ctx, child, index, prefix, count, 0, -1, LOCK_SHARED)
        if code < 0:
            return code
        if code == 1:
            return key_blamed(st, mem, key, E_CHILD_THERE)
    return 0
