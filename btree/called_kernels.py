"""The tree operations that row kernels use, as kernels of their own, called through addresses.

Row, undo, rollback and purge kernels all find, reserve and write in trees and make keys. Linking that
code into each of them cost minutes of compilation; here it is compiled once, and the helpers below
look like the functions they stand for (`tree_kernels`, `keys_kernels`). `install` puts the addresses
into the state words, once in the life of a node.
"""

from __future__ import annotations

from btree import keys_kernels, space_kernels, tree_kernels
from btree.state import (
    ST_CALL_FIND,
    ST_CALL_KEY,
    ST_CALL_RESERVE,
    ST_CALL_SPACE,
    ST_CALL_VALUE,
    ST_CALL_WRITE,
)
from redo.arena import Words
from redo.calls import address_of, call2, call3, call4, call6
from redo.jit import helper, kernel

WRITE_INSERT = 0
WRITE_REPLACE = 1
WRITE_DELETE = 2

SPACE_RESERVE = 0  #: a: pages
SPACE_OVERFLOW_TOUCH = 1  #: a: first page
SPACE_OVERFLOW_FREE = 2  #: a: first page
SPACE_OVERFLOW_WRITE = 3  #: a: value, b: bytes
SPACE_FREE = 4  #: a: frame
SPACE_ALLOCATE = 5


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def find_called(st, mem, root, key, key_bytes):
    """`tree_kernels.tree_find`."""
    return tree_kernels.tree_find(st, mem, root, key, key_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def value_called(st, mem, frame, slot):
    """`tree_kernels.leaf_value`."""
    return tree_kernels.leaf_value(st, mem, frame, slot)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def reserve_called(st, mem, root, key, key_bytes, value_bytes):
    """`tree_kernels.tree_reserve`."""
    return tree_kernels.tree_reserve(st, mem, root, key, key_bytes, value_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def write_called(st, mem, what, root, key, key_bytes, value, value_bytes):
    """`tree_kernels.tree_insert`, `tree_replace`, `tree_delete`."""
    if what == WRITE_INSERT:
        return tree_kernels.tree_insert(st, mem, root, key, key_bytes, value, value_bytes)
    if what == WRITE_REPLACE:
        return tree_kernels.tree_replace(st, mem, root, key, key_bytes, value, value_bytes)
    return tree_kernels.tree_delete(st, mem, root, key, key_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def key_called(st, mem, table, index, row, out):
    """`keys_kernels.key_of_row`."""
    return keys_kernels.key_of_row(st, mem, table, index, row, out)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def space_called(st, mem, what, a, b):
    """Pages and overflow chains of `space_kernels`."""
    if what == SPACE_RESERVE:
        return space_kernels.pages_reserve(st, mem, a)
    if what == SPACE_OVERFLOW_TOUCH:
        return space_kernels.overflow_touch(st, mem, a)
    if what == SPACE_OVERFLOW_FREE:
        return space_kernels.overflow_free(st, mem, a)
    if what == SPACE_OVERFLOW_WRITE:
        return space_kernels.overflow_write(st, mem, a, b)
    if what == SPACE_FREE:
        return space_kernels.page_free(st, mem, a)
    return space_kernels.page_allocate(st, mem)


def install(st: Words) -> None:
    """Put the addresses into the state words of this process."""
    st[ST_CALL_FIND] = address_of(find_called)
    st[ST_CALL_VALUE] = address_of(value_called)
    st[ST_CALL_RESERVE] = address_of(reserve_called)
    st[ST_CALL_WRITE] = address_of(write_called)
    st[ST_CALL_KEY] = address_of(key_called)
    st[ST_CALL_SPACE] = address_of(space_called)


@helper
def tree_find(st, mem, root, key, key_bytes):
    return call3(st[ST_CALL_FIND], st, mem, (root, key, key_bytes))


@helper
def leaf_value(st, mem, frame, slot):
    return call2(st[ST_CALL_VALUE], st, mem, (frame, slot))


@helper
def tree_reserve(st, mem, root, key, key_bytes, value_bytes):
    return call4(st[ST_CALL_RESERVE], st, mem, (root, key, key_bytes, value_bytes))


@helper
def tree_insert(st, mem, root, key, key_bytes, value, value_bytes):
    return call6(
        st[ST_CALL_WRITE], st, mem, (WRITE_INSERT, root, key, key_bytes, value, value_bytes)
    )


@helper
def tree_replace(st, mem, root, key, key_bytes, value, value_bytes):
    return call6(
        st[ST_CALL_WRITE], st, mem, (WRITE_REPLACE, root, key, key_bytes, value, value_bytes)
    )


@helper
def tree_delete(st, mem, root, key, key_bytes):
    return call6(st[ST_CALL_WRITE], st, mem, (WRITE_DELETE, root, key, key_bytes, 0, 0))


@helper
def key_of_row(st, mem, table, index, row, out):
    return call4(st[ST_CALL_KEY], st, mem, (table, index, row, out))


@helper
def pages_reserve(st, mem, pages):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_RESERVE, pages, 0))


@helper
def overflow_touch(st, mem, page_no):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_OVERFLOW_TOUCH, page_no, 0))


@helper
def overflow_free(st, mem, page_no):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_OVERFLOW_FREE, page_no, 0))


@helper
def overflow_write(st, mem, value, count):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_OVERFLOW_WRITE, value, count))


@helper
def page_free(st, mem, frame):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_FREE, frame, 0))


@helper
def page_allocate(st, mem):
    return call3(st[ST_CALL_SPACE], st, mem, (SPACE_ALLOCATE, 0, 0))
