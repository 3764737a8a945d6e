"""Rows changed under foreign keys: children follow their parents, by a stack instead of recursion.

`foreign_insert`, `foreign_update` and `foreign_delete` stand in for the row kernels of tables that
have foreign keys or are named by some. Arguments and codes are the row kernels', and more codes:

    E_PARENT_MISSING, E_CHILD_THERE   the key is in ST_FOREIGN_TABLE and ST_FOREIGN_NUMBER
    E_CASCADE_DEPTH                   more than DEPTH_MAX actions inside each other
    E_CASCADE_ROOM, E_LATER           to be settled, and called again with the same arguments

F1  A parent is looked up, and locked for sharing, before the child row changes: whoever deletes it
    afterwards waits. A key with a NULL refers to nothing. A row may be its own parent.
F2  Children that keep their parent as it is are looked for before it changes: a row may keep
    itself. Those which follow it are changed after it, so that cycles end; an error there leaves
    everything to the statement's rollback.
F3  What is still to be done is on the context's cascade stack. While it is not empty the same call
    goes on with it, whatever interrupted it: nothing is kept across calls but keys.
F4  An action on a table that an update above it has changed already is refused (E_CHILD_THERE), as
    MySQL does: such updates might never end.
"""

from __future__ import annotations

from btree.foreign_kernels import (
    SCRATCH_KEY,
    children_keep,
    foreign_block,
    foreign_next,
    foreign_prefix,
    key_action,
    key_blamed,
    parents_present,
    row_stood_on,
    same_values,
)
from btree.foreign_layout import (
    ACT_CASCADE,
    ACT_RESTRICT,
    ACT_SET_NULL,
    DEPTH_MAX,
    F_BELOW,
    F_CHANGE,
    F_DEPTH,
    F_KEY,
    F_LAST_BYTES,
    F_OWN,
    F_OWN_BYTES,
    F_PREFIX,
    F_TABLE,
    K_CHILD,
    K_CHILD_COLUMNS,
    K_CHILD_INDEX,
    K_COLUMNS,
    K_PARENT,
    K_PARENT_COLUMNS,
    KEY_BYTES,
    KEYS_AT,
    NAMING_COUNT,
    OWN_COUNT,
    STACK_AT,
    STACK_TOP,
)
from btree.keys_kernels import key_of_row
from btree.layout import (
    C_CLASS,
    C_LENGTH,
    C_NULLABLE,
    CLASS_BYTES,
    CLASS_TEXT,
    D_COLUMNS,
    RUN_MASK,
    RUN_SHIFT,
)
from btree.row_find_kernels import row_stand
from btree.row_kernels import CHANGE_DELETE, CHANGE_UPDATE
from btree.row_keys_kernels import index_root
from btree.rows_kernels import (
    column_of,
    row_bound,
    row_column,
    row_encode,
    row_is_null,
    row_null,
)
from btree.state import (
    ST_FOREIGN_CTX,
    ST_FOREIGN_SCRATCH,
    ST_FOREIGN_WANTED,
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_CALLS,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
)
from btree.tree_kernels import (
    leaf_key,
    leaf_key_bytes,
)
from btree.txn_layout import (
    CTX_CASCADE_AT,
    CTX_CASCADE_ROOM,
    CTX_CASCADE_TOP,
    CTX_FOREIGN_OFF,
    LOCK_EXCLUSIVE,
)
from redo.calls import call3, call4, call5
from redo.codes import (
    E_CASCADE_DEPTH,
    E_CASCADE_ROOM,
    E_CHILD_THERE,
    E_LATER,
    E_LOCK_WAIT,
    E_LOCKS_FULL,
    E_LOG_FULL,
    E_NO_FRAME,
    E_PAGE_MISS,
)
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel, routine
from redo.state import ST_PAGE_BYTES

_STEPS = 256  #: children done between two looks at the clock of others


# --- the cascade stack ----------------------------------------------------------------------------
@helper
def _key_room(st):
    """Room for the longest key of a tree, as a multiple of eight."""
    return st[ST_PAGE_BYTES] // 4 + 64


@helper
def _room_check(st, mem, ctx, count):
    """0 when the stack has `count` more bytes, else E_CASCADE_ROOM."""
    used = max(load_i64(mem, ctx + CTX_CASCADE_TOP), STACK_AT)
    if used + count <= load_i64(mem, ctx + CTX_CASCADE_ROOM):
        return 0
    st[ST_FOREIGN_CTX] = ctx
    st[ST_FOREIGN_WANTED] = used + count
    return E_CASCADE_ROOM


@helper
def _frame_bytes(st, mem, block):
    """Bytes a frame may take for a table with these keys."""
    return F_OWN + (2 + load_i64(mem, block + NAMING_COUNT)) * (_key_room(st) + 8)


@routine
def _frame_build(st, mem, ctx, table, change, old_row, new_row):
    """Put a frame together above the stack's top: its bytes, 0 when no key has anything to do.

    The room is there (`_room_check`). It is not on the stack before `_frame_push`.
    """
    block = foreign_block(st, mem, table)
    stack = load_i64(mem, ctx + CTX_CASCADE_AT)
    frame = stack + max(load_i64(mem, ctx + CTX_CASCADE_TOP), STACK_AT)
    at = F_OWN + 2 * _key_room(st)
    store_i64(mem, frame + F_CHANGE, change)
    store_i64(mem, frame + F_TABLE, table)
    store_i64(mem, frame + F_KEY, 0)
    store_i64(mem, frame + F_PREFIX, at)
    store_i64(mem, frame + F_LAST_BYTES, -1)
    store_i64(mem, frame + F_OWN_BYTES, 0)
    if change == CHANGE_UPDATE:
        own = key_of_row(st, mem, table, 0, new_row, frame + F_OWN)
        store_i64(mem, frame + F_OWN_BYTES, own)
    busy = 0
    first = KEYS_AT + KEY_BYTES * load_i64(mem, block + OWN_COUNT)
    for i in range(load_i64(mem, block + NAMING_COUNT)):
        key = block + first + KEY_BYTES * i
        columns = load_i64(mem, key + K_PARENT_COLUMNS)
        n = load_i64(mem, key + K_COLUMNS)
        count = -1
        same = change == CHANGE_UPDATE and same_values(st, mem, table, columns, n, old_row, new_row)
        if key_action(mem, key, change) != ACT_RESTRICT and not same:
            child = load_i64(mem, key + K_CHILD)
            index = load_i64(mem, key + K_CHILD_INDEX)
            out = frame + at + 8
            count = foreign_prefix(st, mem, table, columns, n, old_row, child, index, out)
        store_i64(mem, frame + at, count)
        if count >= 0:
            busy = 1
            at += count
        at = (at + 15) & -8
    return at if busy else 0


@helper
def _frame_push(mem, ctx, count):
    """Put the frame that has been built on the stack."""
    stack = load_i64(mem, ctx + CTX_CASCADE_AT)
    top = load_i64(mem, ctx + CTX_CASCADE_TOP)
    below = load_i64(mem, stack + STACK_TOP) if top else 0
    at = top if top else STACK_AT
    depth = load_i64(mem, stack + below + F_DEPTH) + 1 if below else 0
    store_i64(mem, stack + at + F_BELOW, below)
    store_i64(mem, stack + at + F_DEPTH, depth)
    store_i64(mem, stack + STACK_TOP, at)
    store_i64(mem, ctx + CTX_CASCADE_TOP, at + count)


@helper
def _frame_pop(mem, ctx):
    stack = load_i64(mem, ctx + CTX_CASCADE_AT)
    at = load_i64(mem, stack + STACK_TOP)
    below = load_i64(mem, stack + at + F_BELOW)
    store_i64(mem, stack + STACK_TOP, below)
    store_i64(mem, ctx + CTX_CASCADE_TOP, at if below else 0)


@routine
def _changed(st, mem, ctx, table, change, old_row, new_row, new_bytes, more):
    """Update or delete a row and leave its children to the stack: 0, or a code with nothing done.

    more  bytes at the end of the stack that are in use
    """
    block = foreign_block(st, mem, table)
    count = 0
    if block and load_i64(mem, block + NAMING_COUNT):
        code = children_keep(st, mem, ctx, table, change, old_row, new_row)
        if code < 0:
            return code
        code = _room_check(st, mem, ctx, _frame_bytes(st, mem, block) + more)
        if code < 0:
            return code
        count = _frame_build(st, mem, ctx, table, change, old_row, new_row)
    if change == CHANGE_DELETE:
        code = call3(st[ST_ROW_CALLS + 2], st, mem, (ctx, table, old_row))
    else:
        code = call5(st[ST_ROW_CALLS + 1], st, mem, (ctx, table, old_row, new_row, new_bytes))
    if code >= 0 and count:
        _frame_push(mem, ctx, count)
    return code


# --- actions --------------------------------------------------------------------------------------
@helper
def _characters(mem, at, count):
    """Characters of a UTF-8 string."""
    found = 0
    for i in range(count):
        found += (load_u8(mem, at + i) & 0xC0) != 0x80
    return found


@helper
def _fits(mem, description, lane):
    """1 when a parent's value fits the child's column, which may be shorter."""
    kind = load_i64(mem, description + 8 * C_CLASS)
    limit = load_i64(mem, description + 8 * C_LENGTH)
    if kind == CLASS_TEXT:
        return _characters(mem, lane >> RUN_SHIFT, lane & RUN_MASK) <= limit
    return kind != CLASS_BYTES or lane & RUN_MASK <= limit


@routine
def _child_lanes(st, mem, key, row, parent_row, lanes):
    """Lanes and null bytes of the child row as it will be; E_CHILD_THERE when it cannot be.

    parent_row  the changed parent whose values it takes, 0: NULLs
    """
    table = load_i64(mem, key + K_CHILD)
    columns = load_i64(mem, table + 8 * D_COLUMNS)
    nulls = lanes + 8 * columns
    for column in range(columns):
        store_u8(mem, nulls + column, row_null(mem, table, row, column))
        store_i64(mem, lanes + 8 * column, row_column(mem, table, row, column))
    parent = load_i64(mem, key + K_PARENT)
    for i in range(load_i64(mem, key + K_COLUMNS)):
        column = load_i64(mem, load_i64(mem, key + K_CHILD_COLUMNS) + 8 * i)
        named = load_i64(mem, load_i64(mem, key + K_PARENT_COLUMNS) + 8 * i)
        description = column_of(mem, table, column)
        null = 1 if parent_row == 0 else row_is_null(mem, parent_row, named)
        if null and load_i64(mem, description + 8 * C_NULLABLE) == 0:
            return key_blamed(st, mem, key, E_CHILD_THERE)
        lane = 0
        if not null:
            lane = row_column(mem, parent, parent_row, named)
            if not _fits(mem, description, lane):
                return key_blamed(st, mem, key, E_CHILD_THERE)
        store_u8(mem, nulls + column, null)
        store_i64(mem, lanes + 8 * column, lane)
    return 0


@helper
def _has_updated(mem, stack, frame, table):
    """Whether this frame or one below is about an update of a row of the table (F4)."""
    while True:
        is_update = load_i64(mem, frame + F_CHANGE) == CHANGE_UPDATE
        if is_update and load_i64(mem, frame + F_TABLE) == table:
            return True
        below = load_i64(mem, frame + F_BELOW)
        if below == 0:
            return False
        frame = stack + below


@routine
def _child_update(st, mem, ctx, frame, key, row, action):
    """CASCADE of an update, or SET NULL, on one child row. 0 or a code."""
    table = load_i64(mem, key + K_CHILD)
    stack = load_i64(mem, ctx + CTX_CASCADE_AT)
    if _has_updated(mem, stack, frame, table):
        return key_blamed(st, mem, key, E_CHILD_THERE)
    parent_row = 0
    if action == ACT_CASCADE:
        root = index_root(mem, load_i64(mem, key + K_PARENT), 0)
        code = row_stand(st, mem, root, frame + F_OWN, load_i64(mem, frame + F_OWN_BYTES))
        if code < 0:
            return code
        parent_row = row_stood_on(st, mem, load_i64(mem, key + K_PARENT))
        if parent_row < 0:
            return parent_row
    columns = load_i64(mem, table + 8 * D_COLUMNS)
    code = _room_check(st, mem, ctx, 9 * columns + 16)
    if code < 0:
        return code
    lanes = stack + load_i64(mem, ctx + CTX_CASCADE_ROOM) - ((9 * columns + 15) & -8)
    code = _child_lanes(st, mem, key, row, parent_row, lanes)
    if code < 0:
        return code
    bound = row_bound(mem, table, lanes, lanes + 8 * columns)
    more = ((9 * columns + 15) & -8) + ((bound + 15) & -8)
    code = _room_check(st, mem, ctx, more)
    if code < 0:
        return code
    out = lanes - ((bound + 15) & -8)
    size = row_encode(st, mem, table, lanes, lanes + 8 * columns, out)
    if size < 0:
        return size
    if foreign_block(st, mem, table):
        code = parents_present(st, mem, ctx, table, row, out)
        if code < 0:
            return code
    return _changed(st, mem, ctx, table, CHANGE_UPDATE, row, out, size, more)


@routine
def _cascade_step(st, mem, ctx):
    """Do one child, or be done with a key or a frame: 0 or a code, the step being not done then."""
    stack = load_i64(mem, ctx + CTX_CASCADE_AT)
    frame = stack + load_i64(mem, stack + STACK_TOP)
    block = foreign_block(st, mem, load_i64(mem, frame + F_TABLE))
    number = load_i64(mem, frame + F_KEY)
    if number == load_i64(mem, block + NAMING_COUNT):
        _frame_pop(mem, ctx)
        return 0
    key = block + KEYS_AT + KEY_BYTES * (load_i64(mem, block + OWN_COUNT) + number)
    prefix = frame + load_i64(mem, frame + F_PREFIX)
    count = load_i64(mem, prefix)
    change = load_i64(mem, frame + F_CHANGE)
    action = key_action(mem, key, change)
    table = load_i64(mem, key + K_CHILD)
    index = load_i64(mem, key + K_CHILD_INDEX)
    last = frame + F_OWN + _key_room(st)
    last_bytes = load_i64(mem, frame + F_LAST_BYTES)
    code = 0
    if count >= 0:
        st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
        code = foreign_next(
            st, mem, ctx, table, index, prefix + 8, count, last, last_bytes, LOCK_EXCLUSIVE
        )
    if code < 0:
        return code
    if code == 0:
        store_i64(mem, frame + F_KEY, number + 1)
        store_i64(mem, frame + F_PREFIX, (prefix - frame + max(count, 0) + 15) & -8)
        store_i64(mem, frame + F_LAST_BYTES, -1)
        return 0
    if load_i64(mem, frame + F_DEPTH) + 1 >= DEPTH_MAX:
        return key_blamed(st, mem, key, E_CASCADE_DEPTH)
    entry = leaf_key(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])
    entry_bytes = leaf_key_bytes(st, mem, st[ST_LEAF_FRAME], st[ST_LEAF_SLOT])
    kept = st[ST_FOREIGN_SCRATCH] + 2 * SCRATCH_KEY  # the change moves what is in the leaf
    move(mem, kept, entry, entry_bytes)
    row = row_stood_on(st, mem, table)
    if row < 0:
        return row
    if change == CHANGE_DELETE and action != ACT_SET_NULL:
        code = _changed(st, mem, ctx, table, CHANGE_DELETE, row, 0, 0, 0)
    else:
        code = _child_update(st, mem, ctx, frame, key, row, action)
    if code < 0:
        return code
    move(mem, last, kept, entry_bytes)
    store_i64(mem, frame + F_LAST_BYTES, entry_bytes)
    return 0


@helper
def _is_retryable(code):
    return (
        code == E_PAGE_MISS
        or code == E_LOCK_WAIT
        or code == E_NO_FRAME
        or code == E_LOG_FULL
        or code == E_LOCKS_FULL
        or code == E_CASCADE_ROOM
    )


@routine
def _cascade_run(st, mem, ctx):
    """Go on with the stack: 0 when it is empty, E_LATER after a while, or a code."""
    for _ in range(_STEPS):
        if load_i64(mem, ctx + CTX_CASCADE_TOP) == 0:
            return 0
        code = _cascade_step(st, mem, ctx)
        if code < 0:
            if not _is_retryable(code):
                store_i64(mem, ctx + CTX_CASCADE_TOP, 0)
            return code
    return E_LATER if load_i64(mem, ctx + CTX_CASCADE_TOP) else 0


# --- instead of the row kernels -------------------------------------------------------------------
@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def foreign_insert(st, mem, ctx, table, row, row_bytes):
    """`row_insert` into a table with foreign keys."""
    if load_i64(mem, ctx + CTX_FOREIGN_OFF) == 0:
        code = parents_present(st, mem, ctx, table, 0, row)
        if code < 0:
            return code
    return call4(st[ST_ROW_CALLS], st, mem, (ctx, table, row, row_bytes))


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def foreign_update(st, mem, ctx, table, old_row, new_row, new_bytes):
    """`row_update` of a table with foreign keys; `old_row` must be a copy."""
    if load_i64(mem, ctx + CTX_CASCADE_TOP):
        return _cascade_run(st, mem, ctx)
    if load_i64(mem, ctx + CTX_FOREIGN_OFF):
        return call5(st[ST_ROW_CALLS + 1], st, mem, (ctx, table, old_row, new_row, new_bytes))
    code = parents_present(st, mem, ctx, table, old_row, new_row)
    if code >= 0:
        code = _changed(st, mem, ctx, table, CHANGE_UPDATE, old_row, new_row, new_bytes, 0)
    if code < 0:
        return code
    return _cascade_run(st, mem, ctx)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def foreign_delete(st, mem, ctx, table, row):
    """`row_delete` from a table with foreign keys; `row` must be a copy."""
    if load_i64(mem, ctx + CTX_CASCADE_TOP):
        return _cascade_run(st, mem, ctx)
    if load_i64(mem, ctx + CTX_FOREIGN_OFF):
        return call3(st[ST_ROW_CALLS + 2], st, mem, (ctx, table, row))
    code = _changed(st, mem, ctx, table, CHANGE_DELETE, row, 0, 0, 0)
    if code < 0:
        return code
    return _cascade_run(st, mem, ctx)
