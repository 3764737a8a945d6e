"""Keys and entries of one row: clustered leaf values, secondary entries, the scratch they use.

Key scratch: a place for every (index, version) of the row in hand: `WHICH_OLD`, `WHICH_NEW`, and
`WHICH_WALK` for older versions met on a walk. A place is a word with the byte count, a word for the
caller (`key_note`), and the key.

A secondary entry is (index columns, clustered key) → (trx_id, mark, clustered key bytes):
S1  An entry without mark says: the newest version of the row has this key, since trx_id or before.
S2  An entry with mark says: the newest version has not; some version still reachable may.
So a view that sees trx_id, and not as its own, believes the entry; any other asks the row's
versions. (Seen and not one's own means committed before the view: so was whatever the row was built
on.)
"""

from __future__ import annotations

from btree.keys_kernels import key_of_row
from btree.layout import D_INDEXES, D_INDEXES_AT, I_ROOT, INDEX_WORDS
from btree.state import (
    ST_BUILD_AT,
    ST_KEYS_AT,
    ST_TABLES_AT,
    ST_TABLES_ROOM,
    ST_WANTED_TABLE,
)
from btree.tree_kernels import tree_delete, tree_find, tree_insert, tree_replace
from btree.txn_layout import (
    C_DELETED,
    C_ROW,
    C_TRX,
    C_UNDO,
    NOT_LOADED,
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
    S_VALUE_BYTES,
    TABLE_BYTES,
    TABLE_DESCRIPTOR,
)
from redo.codes import E_NOT_LOADED
from redo.coding_kernels import compare, load_i64, move, store_i64, store_u8, store_u16
from redo.jit import helper, routine

WHICH_OLD = 0
WHICH_NEW = 1
WHICH_WALK = 2
PLACE_SHIFT = 15  #: a place is 32 KiB: the longest keys MySQL allows, twice, as weights
PLACE_KEY = 16
INDEXES_MAX = 65  #: MySQL's 64 secondary ones and the clustered one
KEYS_BYTES = INDEXES_MAX << (PLACE_SHIFT + 2)


@helper
def table_indexes(mem, table):
    """How many indexes a table has, the clustered one included."""
    return load_i64(mem, table + 8 * D_INDEXES)


@helper
def index_word(mem, table, index, word):
    """A word of an index's description (`layout.I_…`)."""
    return load_i64(mem, load_i64(mem, table + 8 * D_INDEXES_AT) + 8 * (INDEX_WORDS * index + word))


@helper
def index_root(mem, table, index):
    """Root page number of an index."""
    return index_word(mem, table, index, I_ROOT)


@helper
def table_entry(st, table_id):
    """The table's entry in the table directory, 0 for an id the directory has no room for."""
    if table_id >= st[ST_TABLES_ROOM]:
        return 0
    return st[ST_TABLES_AT] + TABLE_BYTES * table_id


@helper
def table_descriptor(st, mem, table_id):
    """Descriptor of a table by id, 0 when it has been dropped, or E_NOT_LOADED."""
    entry = table_entry(st, table_id)
    if entry == 0:
        return 0
    descriptor = load_i64(mem, entry + TABLE_DESCRIPTOR)
    if descriptor == NOT_LOADED:
        st[ST_WANTED_TABLE] = table_id
        return E_NOT_LOADED
    return descriptor


@helper
def key_place(st, index, which):
    """Scratch place of one index's key."""
    return st[ST_KEYS_AT] + ((index << 2 | which) << PLACE_SHIFT)


@helper
def key_at(st, index, which):
    """Where that key's bytes are."""
    return key_place(st, index, which) + PLACE_KEY


@helper
def key_count(st, mem, index, which):
    """How many bytes that key has."""
    return load_i64(mem, key_place(st, index, which))


@helper
def key_note(st, mem, index, which):
    """The caller's word of a place."""
    return load_i64(mem, key_place(st, index, which) + 8)


@helper
def key_note_set(st, mem, index, which, note):
    """Set the caller's word of a place."""
    store_i64(mem, key_place(st, index, which) + 8, note)


@routine
def key_make(st, mem, table, index, which, row):
    """Put the key of `row` into its place; its bytes, or a code (`keys_kernels.external_head`)."""
    place = key_place(st, index, which)
    count = key_of_row(st, mem, table, index, row, place + PLACE_KEY)
    if count >= 0:
        store_i64(mem, place, count)
        store_i64(mem, place + 8, 0)
    return count


@helper
def keys_equal(st, mem, index, a, b):
    """1 when two places of an index hold the same key."""
    count = key_count(st, mem, index, a)
    if count != key_count(st, mem, index, b):
        return 0
    if compare(mem, key_at(st, index, a), count, key_at(st, index, b), count) == 0:
        return 1
    return 0


@helper
def value_build(st, mem, trx_id, undo, deleted, row, row_bytes):
    """Put a clustered leaf value together at ST_BUILD_AT; its bytes."""
    build = st[ST_BUILD_AT]
    store_i64(mem, build + C_TRX, trx_id)
    store_i64(mem, build + C_UNDO, undo)
    store_u8(mem, build + C_DELETED, deleted)
    move(mem, build + C_ROW, row, row_bytes)
    return C_ROW + row_bytes


@routine
def entry_put(st, mem, table, index, which, trx_id, deleted):
    """Inside an MTR, reserved: write a secondary entry with this writer and mark, new or not."""
    build = st[ST_BUILD_AT]
    store_i64(mem, build + S_TRX, trx_id)
    store_u8(mem, build + S_DELETED, deleted)
    store_u16(mem, build + S_KEY_BYTES, key_count(st, mem, 0, which))
    root = index_root(mem, table, index)
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    if tree_find(st, mem, root, key, count) == 1:
        return tree_replace(st, mem, root, key, count, build, S_VALUE_BYTES)
    return tree_insert(st, mem, root, key, count, build, S_VALUE_BYTES)


@routine
def entry_remove(st, mem, table, index, which):
    """Inside an MTR, reserved: take a secondary entry away, if it is there."""
    root = index_root(mem, table, index)
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    if tree_find(st, mem, root, key, count) == 1:
        return tree_delete(st, mem, root, key, count)
    return 0
