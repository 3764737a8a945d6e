"""Rows of the catalog tree: keys, values, and the operations that data definition is made of.

::

    KEY                          VALUE
    D name                       JSON of a `Database`
    G name                       a database whose tables are being dropped: none of them is there
    T table id                   JSON of a `schema.Table`, without root pages
    R table id, index id         root page of an index's tree
    X index id                   root page of a tree that is being dropped, or not in use yet
    N                            next id, for tables and indexes alike; never given twice
    V version % CHANGES_KEPT     version, keys that were changed then: what a follower looks at

Ids are eight bytes, big-endian; pages and versions eight bytes, little-endian.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from btree.catalog_kernels import OP_COUNTER, OP_DELETE, OP_PUT, OP_TREE
from btree.schema import DEFAULT_CHARSET, DEFAULT_COLLATION, Index, Table

FIRST_ID: Final = 16
CHANGES_KEPT: Final = 256
NEXT_ID_KEY: Final = b"N"


@dataclass(frozen=True, slots=True)
class Database:
    """A database and what its tables get by default."""

    name: str
    charset: str = DEFAULT_CHARSET
    collation: str = DEFAULT_COLLATION
    created: str = ""


@dataclass(slots=True)
class Op:
    """One row written (OP_PUT), removed (OP_DELETE), or made with a tree (OP_TREE); or no row but
    the AUTO_INCREMENT counter on a root page (OP_COUNTER)."""

    kind: int
    key: bytes
    value: bytes = b""
    tree_id: int = 0
    root: int = 0
    counter: int = 0


def id_bytes(number: int) -> bytes:
    return number.to_bytes(8, "big")


def id_of(key: bytes) -> int:
    """The id that follows a key's letter."""
    return int.from_bytes(key[1:9], "big")


def page_bytes(number: int) -> bytes:
    return number.to_bytes(8, "little")


def number_of(value: bytes) -> int:
    return int.from_bytes(value[:8], "little")


def database_key(name: str) -> bytes:
    return b"D" + name.encode()


def going_key(name: str) -> bytes:
    return b"G" + name.encode()


def table_key(table_id: int) -> bytes:
    return b"T" + id_bytes(table_id)


def root_key(table_id: int, index_id: int) -> bytes:
    return b"R" + id_bytes(table_id) + id_bytes(index_id)


def tree_key(index_id: int) -> bytes:
    """Of a tree that no table has: not yet, or no more."""
    return b"X" + id_bytes(index_id)


def version_key(version: int) -> bytes:
    return b"V" + bytes([version % CHANGES_KEPT])


# Values


def version_row(version: int, keys: Iterable[bytes]) -> Op:
    """What a follower reads to learn which rows a version has changed."""
    value = b"".join(len(key).to_bytes(2, "little") + key for key in keys)
    return Op(OP_PUT, version_key(version), page_bytes(version) + value)


def keys_of_version(value: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(value):
        count = int.from_bytes(value[at : at + 2], "little")
        yield value[at + 2 : at + 2 + count]
        at += 2 + count


def definition(table: Table) -> Op:
    """The T row of a table. Root pages are in R rows."""
    bare = replace(
        table,
        indexes=tuple(replace(index, root=0) for index in table.indexes),
        version=0,
        descriptor=0,
        lease=None,
    )
    return Op(OP_PUT, table_key(table.table_id), json.dumps(bare.to_dict()).encode())


# Operations


def numbered(table: Table, first: int) -> Table:
    """The table with id `first` and its indexes with the ids after it."""
    indexes = tuple(
        replace(index, index_id=first + 1 + number, root=0)
        for number, index in enumerate(table.indexes)
    )
    return replace(table, table_id=first, indexes=indexes, descriptor=0, lease=None)


def ids_up_to(next_id: int) -> Op:
    return Op(OP_PUT, NEXT_ID_KEY, page_bytes(next_id))


def making(table: Table) -> list[Op]:
    """A table and its trees appear, the counter where the definition has it start."""
    trees = [
        Op(OP_TREE, root_key(table.table_id, index.index_id), tree_id=index.index_id)
        for index in table.indexes
    ]
    trees[0].counter = table.auto_increment if table.auto_increment > 1 else 0
    return [definition(table), *trees]


def making_trees(indexes: Iterable[Index], counter: int = 0) -> list[Op]:
    """Trees appear that no table has yet; `counter` is for the first."""
    trees = [Op(OP_TREE, tree_key(one.index_id), tree_id=one.index_id) for one in indexes]
    trees[0].counter = counter
    return trees


def counting(table: Table, counter: int) -> Op:
    """The next AUTO_INCREMENT value of a table is another one."""
    return Op(OP_COUNTER, b"", root=table.clustered.root, counter=counter)


def unmaking(table: Table) -> list[Op]:
    """A table vanishes; its trees are freed later."""
    return [Op(OP_DELETE, table_key(table.table_id)), *dropping(table, table.indexes)]


def dropping(table: Table, indexes: Iterable[Index]) -> list[Op]:
    """Indexes leave their table."""
    ops = []
    for index in indexes:
        ops.append(Op(OP_DELETE, root_key(table.table_id, index.index_id)))
        ops.append(Op(OP_PUT, tree_key(index.index_id), page_bytes(index.root)))
    return ops


def adopting(table: Table, indexes: Iterable[Index]) -> list[Op]:
    """Trees that no table had become indexes of one."""
    ops = []
    for index in indexes:
        ops.append(Op(OP_DELETE, tree_key(index.index_id)))
        ops.append(Op(OP_PUT, root_key(table.table_id, index.index_id), page_bytes(index.root)))
    return ops
