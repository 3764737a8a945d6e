"""The dictionary: databases, tables, indexes; rows of the B-tree whose root is page 2.

::

    KEY                          VALUE
    D name                       JSON of a `Database`
    T table id                   JSON of a `schema.Table`, without root pages
    R table id, index id         root page of an index's tree
    X index id                   root page of a tree that is being dropped, or not in use yet
    Y index id                   the same of a tree that has rows: with it go their chains
    N                            next id, for tables and indexes alike; never given twice

Ids are eight bytes, big-endian; pages eight bytes, little-endian. A DDL statement is one mini-
transaction over these rows and the root pages it makes (`catalog_kernels.catalog_change`), which
also moves the dictionary's version in page 1. Pages of what is dropped are freed later, in steps;
an X or Y row remembers them across a crash.

In memory the dictionary is a set of frozen objects, compared with the tree after each change:
whoever holds a `Table` keeps a consistent one, and plans are checked by `version`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from btree import catalog_kernels
from btree.catalog_kernels import OP_DELETE, OP_PUT, OP_TREE, OP_WORDS
from btree.errors import (
    DatabaseExists,
    DuplicateKey,
    TableExists,
    UnknownDatabase,
    UnknownTable,
)
from btree.rows import describe
from btree.schema import DEFAULT_CHARSET, DEFAULT_COLLATION, Index, Table
from btree.state import ST_TABLES_AT, ST_TABLES_ROOM, ST_VALUE_BYTES
from btree.tree import BTree
from btree.txn_layout import CATALOG_ROOT, SYS_DICTIONARY, TABLE_BYTES
from redo.codes import E_DUPLICATE

if TYPE_CHECKING:
    from btree.engine import Engine

_BUILD_ROWS: Final = 1024  #: rows a step of an index build does
_FIRST_ID: Final = 16


@dataclass(frozen=True, slots=True)
class Database:
    """A database and what its tables get by default."""

    name: str
    charset: str = DEFAULT_CHARSET
    collation: str = DEFAULT_COLLATION
    created: str = ""


@dataclass(slots=True)
class _Op:
    kind: int
    key: bytes
    value: bytes = b""
    tree_id: int = 0


def _id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _page(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _table_key(table_id: int) -> bytes:
    return b"T" + _id(table_id)


def _root_key(table_id: int, index_id: int) -> bytes:
    return b"R" + _id(table_id) + _id(index_id)


class Catalog:
    """The dictionary of one engine; reads from memory, changes through the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tree = BTree(engine.store, CATALOG_ROOT, value_bytes=4 << 20)
        self._raw: dict[bytes, bytes] = {}
        self._databases: dict[str, Database] = {}
        self._tables: dict[int, Table] = {}
        self._names: dict[tuple[str, str], Table] = {}
        self.version = 0

    # reading

    def databases(self) -> list[Database]:
        """All databases by name."""
        return [self._databases[name] for name in sorted(self._databases)]

    def database(self, name: str) -> Database:
        """A database; raises UnknownDatabase."""
        if name not in self._databases:
            raise UnknownDatabase(name)
        return self._databases[name]

    def tables(self, database: str) -> list[Table]:
        """The tables of a database by name."""
        return [self._names[key] for key in sorted(self._names) if key[0] == database]

    def table(self, database: str, name: str) -> Table | None:
        """A table, None when there is none of that name."""
        return self._names.get((database, name))

    def all_tables(self) -> list[Table]:
        """Every table by id."""
        return [self._tables[number] for number in sorted(self._tables)]

    def table_of_id(self, table_id: int) -> Table | None:
        """A table by id."""
        return self._tables.get(table_id)

    def dropping(self) -> Iterator[tuple[bytes, int]]:
        """Rows and root pages of trees that wait to be freed."""
        for key, value in self._raw.items():
            if key[:1] in (b"X", b"Y"):
                yield key, int.from_bytes(value, "little")

    def refresh(self) -> bool:
        """Read what has changed in the tree since the last time; whether anything has."""
        version = self._engine.call(catalog_kernels.system_word, SYS_DICTIONARY)
        if version == self.version:
            return False
        self.reload(version)
        return True

    def reload(self, version: int) -> None:
        """Read the whole tree, keeping the objects whose rows are as they were."""
        before, self._raw = self._raw, dict(self._tree.items())
        databases = {}
        tables = {}
        for key, value in self._raw.items():
            if key[:1] == b"D":
                database = Database(**json.loads(value))
                databases[database.name] = database
            elif key[:1] == b"T":
                table_id = int.from_bytes(key[1:], "big")
                tables[table_id] = self._table(table_id, value, before, version)
        for table_id in self._tables.keys() - tables.keys():
            self._engine.words(self._entry(table_id), TABLE_BYTES // 8)[:] = 0
        self._databases = databases
        self._tables = tables
        self._names = {(table.database, table.name): table for table in tables.values()}
        self.version = version

    def _table(
        self, table_id: int, value: bytes, before: dict[bytes, bytes], version: int
    ) -> Table:
        table = Table.from_dict(json.loads(value))
        roots = {
            index.index_id: self._raw[_root_key(table_id, index.index_id)]
            for index in table.indexes
        }
        kept = self._tables.get(table_id)
        if (
            kept is not None
            and before.get(_table_key(table_id)) == value
            and all(before.get(_root_key(table_id, i)) == root for i, root in roots.items())
        ):
            return kept
        indexes = tuple(
            replace(index, root=int.from_bytes(roots[index.index_id], "little"))
            for index in table.indexes
        )
        table = replace(table, indexes=indexes, table_id=table_id, version=version)
        engine = self._engine
        table = describe(engine.arena, engine.st, table)
        engine.words(self._entry(table_id), 1)[0] = table.descriptor
        return table

    def _entry(self, table_id: int) -> int:
        """The table's entry in the directory that kernels look tables up in; room is made."""
        engine = self._engine
        st = engine.st
        room = int(st[ST_TABLES_ROOM])
        if table_id >= room:
            wider = max(1024, 2 * table_id)
            at = engine.arena.alloc(wider * TABLE_BYTES)
            words = engine.words(at, wider * TABLE_BYTES // 8)
            words[:] = 0
            used = room * TABLE_BYTES // 8
            if room:
                words[:used] = engine.words(int(st[ST_TABLES_AT]), used)
                engine.arena.free(int(st[ST_TABLES_AT]), room * TABLE_BYTES)
            st[ST_TABLES_AT] = at
            st[ST_TABLES_ROOM] = wider
        return int(st[ST_TABLES_AT]) + table_id * TABLE_BYTES

    # databases

    def create_database(
        self,
        name: str,
        charset: str = DEFAULT_CHARSET,
        collation: str = DEFAULT_COLLATION,
        created: str = "",
    ) -> Database:
        """Make a database; raises DatabaseExists."""
        if name in self._databases:
            raise DatabaseExists(name)
        self._put_database(Database(name, charset, collation, created))
        return self._databases[name]

    def alter_database(self, name: str, charset: str, collation: str) -> None:
        """Give a database other defaults."""
        self._put_database(replace(self.database(name), charset=charset, collation=collation))

    def _put_database(self, database: Database) -> None:
        key = b"D" + database.name.encode()
        self._change([_Op(OP_PUT, key, json.dumps(asdict(database)).encode())])

    def drop_database(self, name: str) -> None:
        """Drop a database after its tables, each in a mini-transaction of its own."""
        self.database(name)
        for table in self.tables(name):
            self.drop_table(name, table.name)
        self._change([_Op(OP_DELETE, b"D" + name.encode())])

    # tables

    def create_table(self, table: Table) -> Table:
        """Make a table with its trees; ids, roots and the hidden row id are filled in."""
        self.database(table.database)
        if self.table(table.database, table.name) is not None:
            raise TableExists(f"{table.database}.{table.name}")
        first = self._next_id()
        table = _numbered(table.with_clustered(), first)
        ops = [*self._making(table), self._ids_up_to(first + 1 + len(table.indexes))]
        self._change(ops)
        made = self._tables[table.table_id]
        if table.auto_increment > 1:
            self._engine.ensure(
                self._engine.call(
                    catalog_kernels.autoinc_raise, made.descriptor, table.auto_increment
                )
            )
        return made

    def drop_table(self, database: str, name: str) -> None:
        """Drop a table; its pages are freed in the background."""
        self._change(self._unmaking(self._existing(database, name)))

    def truncate_table(self, database: str, name: str) -> None:
        """Replace a table by an empty one of the same definition."""
        old = self._existing(database, name)
        first = self._next_id()
        new = _numbered(old, first)
        ids = self._ids_up_to(first + 1 + len(new.indexes))
        self._change([*self._unmaking(old), *self._making(new), ids])

    def rename_table(self, database: str, name: str, to_database: str, to_name: str) -> None:
        """Give a table another name, perhaps in another database."""
        table = self._existing(database, name)
        self.database(to_database)
        if self.table(to_database, to_name) is not None:
            raise TableExists(f"{to_database}.{to_name}")
        self.alter_table(table, replace(table, database=to_database, name=to_name))

    def alter_table(self, old: Table, new: Table) -> Table:
        """Replace a definition by one that rows and trees fit already (names, defaults)."""
        assert [index.index_id for index in old.indexes] == [i.index_id for i in new.indexes]
        self._change([_definition(replace(new, table_id=old.table_id))])
        return self._tables[old.table_id]

    def set_auto_increment(self, database: str, name: str, value: int) -> None:
        """Let the next AUTO_INCREMENT value be at least `value`."""
        table = self._existing(database, name)
        engine = self._engine
        engine.ensure(engine.call(catalog_kernels.autoinc_raise, table.descriptor, value))

    # indexes

    def create_index(
        self,
        database: str,
        name: str,
        index: Index,
        progress: Callable[[int], None] | None = None,
    ) -> Table:
        """Build an index over the rows there are; `progress` hears how many are done.

        Raises DuplicateKey when a unique index meets two rows with one key; then nothing is left.
        The caller sees to it that no transaction changes the table meanwhile.
        """
        table = self._existing(database, name)
        index = replace(index, index_id=self._next_id())
        waiting = b"X" + _id(index.index_id)
        making = _Op(OP_TREE, waiting, tree_id=index.index_id)
        self._change([making, self._ids_up_to(index.index_id + 1)])
        root = int.from_bytes(self._raw[waiting], "little")
        built = replace(table, indexes=(*table.indexes, replace(index, root=root)))
        described = describe(self._engine.arena, self._engine.st, built)
        self._engine.catalog_building.add(waiting)
        try:
            self._build(described, progress)
        finally:
            self._engine.catalog_building.discard(waiting)
        root_key = _root_key(table.table_id, index.index_id)
        self._change(
            [_Op(OP_DELETE, waiting), _Op(OP_PUT, root_key, _page(root)), _definition(built)]
        )
        return self._tables[table.table_id]

    def _build(self, table: Table, progress: Callable[[int], None] | None) -> None:
        engine = self._engine
        number = len(table.indexes) - 1
        ctx = engine.open_context()
        last = engine.arena.alloc(1 << 15)
        last_bytes = -1
        done = 0
        try:
            while True:
                step = engine.call(
                    catalog_kernels.index_build_step,
                    ctx,
                    table.descriptor,
                    number,
                    last,
                    last_bytes,
                    _BUILD_ROWS,
                )
                if step == E_DUPLICATE:
                    raise DuplicateKey(table.indexes[number].name)
                if engine.ensure(step) == 0:
                    return
                last_bytes = int(engine.st[ST_VALUE_BYTES])
                done += step
                if progress is not None:
                    progress(done)
        finally:
            engine.arena.free(last, 1 << 15)
            engine.close_context(ctx)

    def drop_index(self, database: str, name: str, index_name: str) -> Table:
        """Drop a secondary index; raises KeyError when there is none of that name."""
        table = self._existing(database, name)
        number = table.index_no(index_name)
        assert number > 0, "the clustered index is the table"
        gone = table.indexes[number]
        left = (*table.indexes[:number], *table.indexes[number + 1 :])
        self._change(
            [
                _Op(OP_DELETE, _root_key(table.table_id, gone.index_id)),
                _Op(OP_PUT, b"X" + _id(gone.index_id), _page(gone.root)),
                _definition(replace(table, indexes=left)),
            ]
        )
        return self._tables[table.table_id]

    # pieces

    def _existing(self, database: str, name: str) -> Table:
        self.database(database)
        table = self.table(database, name)
        if table is None:
            raise UnknownTable(f"{database}.{name}")
        return table

    def _next_id(self) -> int:
        return int.from_bytes(self._raw.get(b"N", _page(_FIRST_ID)), "little")

    def _ids_up_to(self, next_id: int) -> _Op:
        return _Op(OP_PUT, b"N", _page(next_id))

    def _making(self, table: Table) -> list[_Op]:
        trees = [
            _Op(OP_TREE, _root_key(table.table_id, index.index_id), tree_id=index.index_id)
            for index in table.indexes
        ]
        return [_definition(table), *trees]

    def _unmaking(self, table: Table) -> list[_Op]:
        ops = [_Op(OP_DELETE, _table_key(table.table_id))]
        for index in table.indexes:
            waiting = b"Y" if index is table.clustered else b"X"
            ops.append(_Op(OP_DELETE, _root_key(table.table_id, index.index_id)))
            ops.append(_Op(OP_PUT, waiting + _id(index.index_id), _page(index.root)))
        return ops

    def _change(self, ops: Sequence[_Op]) -> None:
        """Do the operations in one mini-transaction, then look at the tree again."""
        engine = self._engine
        total = 8 * OP_WORDS * len(ops) + sum(len(op.key) + len(op.value) for op in ops)
        block = engine.arena.alloc(total)
        try:
            words = engine.words(block, OP_WORDS * len(ops)).reshape(len(ops), OP_WORDS)
            at = block + 8 * OP_WORDS * len(ops)
            for row, op in zip(words, ops, strict=True):
                value_at = at + len(op.key)
                row[:] = (op.kind, at, len(op.key), value_at, len(op.value), op.tree_id, 0)
                engine.arena.mem[at:value_at] = bytearray(op.key)
                at = value_at + len(op.value)
                engine.arena.mem[value_at:at] = bytearray(op.value)
            engine.ensure(engine.call(catalog_kernels.catalog_change, block, len(ops)))
        finally:
            engine.arena.free(block, total)
        self.refresh()

    def free_step(self) -> bool:
        """Free some pages of what has been dropped; whether there is more to do."""
        engine = self._engine
        for key, root in self.dropping():
            if key in engine.catalog_building:
                continue
            block = engine.arena.alloc(64)
            engine.arena.mem[block : block + len(key)] = bytearray(key)
            code = engine.ensure(engine.call(catalog_kernels.drop_step, root, block, len(key)))
            engine.arena.free(block, 64)
            if code == 0:
                del self._raw[key]
            return True
        return False


def _definition(table: Table) -> _Op:
    """The T row of a table. Root pages are in R rows."""
    bare = replace(table, indexes=tuple(replace(index, root=0) for index in table.indexes))
    return _Op(OP_PUT, _table_key(table.table_id), json.dumps(bare.to_dict()).encode())


def _numbered(table: Table, first: int) -> Table:
    """The table with id `first` and its indexes with the ids after it."""
    indexes = tuple(
        replace(index, index_id=first + 1 + number, root=0)
        for number, index in enumerate(table.indexes)
    )
    return replace(table, table_id=first, indexes=indexes, descriptor=0)
