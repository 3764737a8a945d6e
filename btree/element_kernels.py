"""Multi-valued indexes: a row's elements, listed beside the key scratch, and the key of each.

Such an index has an array among its parts (`I_ARRAY`): a row has an entry for each element of it
(`elements.py` says how they are stored), perhaps none. A list is good as long as its row's version
is in hand, also when the page it came from has changed: it has copies.

::

    LIST      0 count    8 key bytes before the array's part    16 and behind it    24 the part's
              description    32 entries: note (the caller's), where its bytes are, how many
    40960     the elements' bytes, copied
    65536     the key's bytes behind the array's part
"""

from __future__ import annotations

from btree.keys_kernels import description_word, index_of, key_append, key_of_parts, part_of
from btree.layout import (
    C_CLASS,
    C_COLUMN,
    CLASS_DOUBLE,
    CLASS_FIXED,
    I_ALL_PARTS,
    I_ARRAY,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.mvcc_kernels import version_older
from btree.row_keys_kernels import (
    INDEXES_MAX,
    WHICH_NEW,
    WHICH_OLD,
    WHICH_WALK,
    index_word,
    key_at,
    key_count,
    key_make,
    key_place,
    table_indexes,
)
from btree.rows_kernels import (
    format_of,
    old_column,
    old_is_null,
    row_column,
    row_is_null,
    row_is_old,
)
from btree.state import ST_ELEMENTS_AT, ST_ROW_AT, ST_ROW_DELETED, ST_ROW_TRX
from redo.codes import E_CORRUPT
from redo.coding_kernels import compare, load_i64, load_u16, move, store_i64
from redo.jit import helper, kernel, routine

LIST_SHIFT = 17
LISTS = 3  #: of an index: as many as there are WHICH_…
ELEMENTS_BYTES = (INDEXES_MAX * LISTS) << LIST_SHIFT
L_COUNT = 0
L_BEFORE = 8
L_BEHIND = 16
L_DESCRIPTION = 24
L_ENTRIES = 32
ENTRY_BYTES = 24
E_NOTE = 0
E_AT = 8
E_BYTES = 16
BYTES_AT = 40960
BEHIND_AT = 65536
MOST = (BYTES_AT - L_ENTRIES) // ENTRY_BYTES


@helper
def has_elements(mem, table, index):
    """1 for a multi-valued index."""
    return 1 if index_word(mem, table, index, I_ARRAY) else 0


@helper
def list_at(st, index, which):
    return st[ST_ELEMENTS_AT] + ((index * LISTS + which) << LIST_SHIFT)


@helper
def element_count(st, mem, index, which):
    return load_i64(mem, list_at(st, index, which))


@helper
def element_at(st, index, which, number):
    """Where the entry of an element is."""
    return list_at(st, index, which) + L_ENTRIES + ENTRY_BYTES * number


@helper
def element_note(st, mem, index, which, number):
    return load_i64(mem, element_at(st, index, which, number) + E_NOTE)


@helper
def element_note_set(st, mem, index, which, number, note):
    store_i64(mem, element_at(st, index, which, number) + E_NOTE, note)


@routine
def elements_load(st, mem, table, index, which, row):
    """List the elements of a row, with notes of 0: how many, or a code."""
    part = index_word(mem, table, index, I_ARRAY) - 1
    parts = index_word(mem, table, index, I_ALL_PARTS)
    base = list_at(st, index, which)
    before = key_of_parts(st, mem, table, index, 0, part, row, key_at(st, index, which))
    if before < 0:
        return before
    behind = key_of_parts(st, mem, table, index, part + 1, parts, row, base + BEHIND_AT)
    if behind < 0:
        return behind
    description = part_of(mem, index_of(mem, table, index), part)
    column = description_word(mem, description, C_COLUMN)
    lane = 0
    if row_is_old(mem, table, row):
        form = format_of(mem, table, row)
        if old_is_null(mem, table, form, row, column) == 0:
            lane = old_column(mem, table, form, row, column)
    elif row_is_null(mem, row, column) == 0:
        lane = row_column(mem, table, row, column)
    size = lane & RUN_MASK
    if size > BEHIND_AT - BYTES_AT:
        return E_CORRUPT
    move(mem, base + BYTES_AT, lane >> RUN_SHIFT, size)
    count = at = 0
    while at + 2 <= size and count < MOST:
        entry = element_at(st, index, which, count)
        length = load_u16(mem, base + BYTES_AT + at)
        store_i64(mem, entry + E_NOTE, 0)
        store_i64(mem, entry + E_AT, base + BYTES_AT + at + 2)
        store_i64(mem, entry + E_BYTES, length)
        at += 2 + length
        count += 1
    store_i64(mem, base + L_COUNT, count)
    store_i64(mem, base + L_BEFORE, before)
    store_i64(mem, base + L_BEHIND, behind)
    store_i64(mem, base + L_DESCRIPTION, description)
    return count


@routine
def element_key(st, mem, index, which, number):
    """Put the key of one element into the key place of its list; its bytes."""
    base = list_at(st, index, which)
    entry = element_at(st, index, which, number)
    description = load_i64(mem, base + L_DESCRIPTION)
    kind = description_word(mem, description, C_CLASS)
    at = load_i64(mem, entry + E_AT)
    lane = at << RUN_SHIFT | load_i64(mem, entry + E_BYTES)
    if kind == CLASS_FIXED or kind == CLASS_DOUBLE:
        lane = load_i64(mem, at)
    place = key_place(st, index, which)
    out = key_at(st, index, which)
    count = load_i64(mem, base + L_BEFORE)
    count += key_append(st, mem, description, lane, 0, out + count)
    behind = load_i64(mem, base + L_BEHIND)
    move(mem, out + count, base + BEHIND_AT, behind)
    store_i64(mem, place, count + behind)
    return count + behind


@routine
def elements_match(st, mem, index):
    """Notes of 1 for elements whose keys are the same in the old list and in the new one."""
    old = list_at(st, index, WHICH_OLD)
    new = list_at(st, index, WHICH_NEW)
    before = load_i64(mem, old + L_BEFORE)
    behind = load_i64(mem, old + L_BEHIND)
    if before != load_i64(mem, new + L_BEFORE) or behind != load_i64(mem, new + L_BEHIND):
        return 0
    if compare(mem, old + BEHIND_AT, behind, new + BEHIND_AT, behind) != 0:
        return 0
    old_key = key_at(st, index, WHICH_OLD)
    if compare(mem, old_key, before, key_at(st, index, WHICH_NEW), before) != 0:
        return 0
    i = j = 0
    while i < load_i64(mem, old) and j < load_i64(mem, new):
        one = element_at(st, index, WHICH_OLD, i)
        other = element_at(st, index, WHICH_NEW, j)
        order = compare(
            mem,
            load_i64(mem, one + E_AT),
            load_i64(mem, one + E_BYTES),
            load_i64(mem, other + E_AT),
            load_i64(mem, other + E_BYTES),
        )
        if order == 0:
            store_i64(mem, one + E_NOTE, 1)
            store_i64(mem, other + E_NOTE, 1)
        i += 1 if order <= 0 else 0
        j += 1 if order >= 0 else 0
    return 1


@routine
def row_has_key(st, mem, table, index, row, key, count):
    """Whether an entry of that key belongs to this version of a row: 1, 0 or a code."""
    if has_elements(mem, table, index) == 0:
        made = key_make(st, mem, table, index, WHICH_WALK, row)
        if made < 0:
            return made
        return 1 if compare(mem, key_at(st, index, WHICH_WALK), made, key, count) == 0 else 0
    elements = elements_load(st, mem, table, index, WHICH_WALK, row)
    for number in range(max(0, elements)):
        made = element_key(st, mem, index, WHICH_WALK, number)
        if compare(mem, key_at(st, index, WHICH_WALK), made, key, count) == 0:
            return 1
    return min(elements, 0)


@helper
def keys_make(st, mem, table, which, row):
    """Put the keys of `row` for all secondary indexes into their places, or into lists. 0 | code"""
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            code = elements_load(st, mem, table, index, which, row)
        else:
            code = key_make(st, mem, table, index, which, row)
        if code < 0:
            return code
    return 0


@routine
def version_has_key(st, mem, table, index, which, low):
    """Does the version stood on, or an older one that some view may see, have this key?

    low  the purge limit: nothing older than the first version below it is looked at
    -> 1, 0, E_PAGE_MISS.  Leaves ST_ROW_… anywhere.
    """
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    while True:
        if not st[ST_ROW_DELETED]:
            code = row_has_key(st, mem, table, index, st[ST_ROW_AT], key, count)
            if code != 0:
                return code
        if st[ST_ROW_TRX] < low:
            return 0
        code = version_older(st, mem)
        if code <= 0:
            return code


@routine
def entry_key(st, mem, table, index, which, row, least, least_bytes):
    """The first key of a row that is not below `least`, in its place: bytes, 0: none, or a code."""
    if has_elements(mem, table, index) == 0:
        return key_make(st, mem, table, index, which, row)
    elements = elements_load(st, mem, table, index, which, row)
    if elements < 0:
        return elements
    best = -1
    for number in range(elements):
        made = element_key(st, mem, index, which, number)
        key = key_at(st, index, which)
        if compare(mem, key, made, least, least_bytes) >= 0:
            best = number if best < 0 else best
            break
    return element_key(st, mem, index, which, best) if best >= 0 else 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def row_element(st, mem, table, index, row, number, out):
    """Key of one element of a row, for Python; 0 when it has not so many, or a code."""
    elements = elements_load(st, mem, table, index, WHICH_WALK, row)
    if number >= elements:
        return min(elements, 0)
    count = element_key(st, mem, index, WHICH_WALK, number)
    move(mem, out, key_at(st, index, WHICH_WALK), count)
    return count
