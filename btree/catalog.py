"""The dictionary: databases, tables, indexes; rows of the B-tree whose root is page 2.

What the rows are is told by `catalog_rows`. A DDL statement is one mini-transaction over these rows
and the root pages it makes (`catalog_kernels.catalog_change`), which also moves the dictionary's
version in page 1. Pages of what is dropped are freed later, in steps; an X row remembers them
across a crash. So are trees that nobody has yet: of an index that is being built, of a *private*
table that is being filled. Until they are adopted a crash sweeps them away.

In memory are all names. Definitions are read when asked for; those in use stay (`loaded_tables`):
frozen, so whoever holds a `Table` keeps a consistent one. Plans are checked by `version`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from btree import catalog_kernels, catalog_rows
from btree.catalog_kernels import OP_DELETE, OP_PUT, OP_WORDS
from btree.catalog_rows import Database, Op
from btree.errors import DatabaseExists, TableExists, UnknownDatabase, UnknownTable
from btree.index_build import IndexBuild
from btree.loaded_tables import LoadedTables
from btree.schema import DEFAULT_CHARSET, DEFAULT_COLLATION, Index, Table
from btree.state import ST_NEXT_TRX, ST_REMOTE_LOW
from btree.tree import BTree
from btree.txn_layout import CATALOG_ROOT, SYS_DICTIONARY

if TYPE_CHECKING:
    from btree.engine import Engine

_VALUE_BYTES = 4 << 20
_READ_ONE_BY_ONE = 64  #: tables of a database: more are read by one pass over the tree
_DROPPED_AT_ONCE = 64  #: tables a mini-transaction takes out of the dictionary


class Catalog:
    """The dictionary of one engine; changes go through the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tree = BTree(engine.store, CATALOG_ROOT, value_bytes=_VALUE_BYTES)
        self._databases: dict[str, Database] = {}
        self._going: set[str] = set()  #: databases being dropped
        self._names: dict[str, dict[str, int]] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._trees: dict[bytes, int] = {}  #: X rows
        self._dropped_by: dict[bytes, int] = {}  #: … and the id each drop took
        self._foreign: dict[int, Table] = {}  #: definitions with foreign keys
        self._private: dict[int, Table] = {}
        self._next_id = catalog_rows.FIRST_ID
        self.loaded = LoadedTables(engine.arena, engine.st, self._is_pinned)
        self.building: set[bytes] = set()  #: X rows of trees that are not to be freed
        self.version = 0

    def _is_pinned(self, table: Table) -> bool:
        """Kernels follow foreign keys from table to table: both ends stay loaded."""
        place = table.database, table.name
        return bool(table.foreign_keys) or any(
            (key.database, key.table) == place
            for child in self._foreign.values()
            for key in child.foreign_keys
        )

    # reading

    def databases(self) -> list[Database]:
        """All databases by name."""
        return [self._databases[name] for name in sorted(self._databases)]

    def database(self, name: str) -> Database:
        """A database; raises UnknownDatabase."""
        if name not in self._databases:
            raise UnknownDatabase(name)
        return self._databases[name]

    def has_database(self, name: str) -> bool:
        return name in self._databases

    def table_names(self, database: str) -> list[str]:
        """Names of the tables of a database, sorted."""
        return sorted(self._names.get(database, ()))

    def has_table(self, database: str, name: str) -> bool:
        return name in self._names.get(database, ())

    def tables(self, database: str) -> Iterator[Table]:
        """The tables of a database by name. Those that are not loaded have no descriptor."""
        names = self._names.get(database, {})
        if len(names) > _READ_ONE_BY_ONE:
            yield from self._read_all(database)
            return
        for name in sorted(names):
            yield self._definition(names[name])

    def _read_all(self, database: str) -> list[Table]:
        """The definitions of a database with many tables, by one pass over the tree."""
        roots: dict[bytes, bytes] = {}
        found: list[Table] = []
        for key, value in self._tree.items(b"R"):
            if key[:1] == b"R":
                roots[key] = value
            elif key[:1] == b"T":
                table_id = catalog_rows.id_of(key)
                if self._places.get(table_id, ("",))[0] == database:
                    loaded = self.loaded.peek(table_id)
                    found.append(loaded or self._rooted(table_id, value, roots.get))
            else:
                break
        return sorted(found, key=lambda table: table.name)

    def table(self, database: str, name: str) -> Table | None:
        """A table, None when there is none of that name."""
        table_id = self._names.get(database, {}).get(name)
        return None if table_id is None else self.table_of_id(table_id)

    def table_of_id(self, table_id: int) -> Table | None:
        """A table by id, private ones too."""
        table = self.loaded.get(table_id)
        if table is None and table_id in self._places:
            return self.loaded.load(self._read(table_id))
        return table or self._private.get(table_id)

    def has_id(self, table_id: int) -> bool:
        """Whether there is a table of that id."""
        return table_id in self._places

    def all_tables(self) -> Iterator[Table]:
        """Every table by id, ready for kernels."""
        for table_id in sorted(self._places):
            table = self.table_of_id(table_id)
            if table is not None:
                yield table

    def tables_with_foreign_keys(self) -> list[Table]:
        """The tables that have foreign keys, ready for kernels."""
        found = (self.table_of_id(table_id) for table_id in sorted(self._foreign))
        return [table for table in found if table is not None]

    def private_tables(self) -> list[Table]:
        """Tables that no name leads to."""
        return list(self._private.values())

    def dropping(self) -> Iterator[tuple[bytes, int]]:
        """Rows and root pages of trees that no table has: dropped, or not in use yet."""
        return iter(list(self._trees.items()))

    def _definition(self, table_id: int) -> Table:
        return self.loaded.peek(table_id) or self._read(table_id)

    def _read(self, table_id: int) -> Table:
        """A definition with its roots, from the tree."""
        stored = self._tree.get(catalog_rows.table_key(table_id))
        assert stored is not None, f"table {table_id} is in the names, not in the tree"
        return self._rooted(table_id, stored, self._tree.get)

    def _rooted(
        self, table_id: int, stored: bytes, root_of: Callable[[bytes], bytes | None]
    ) -> Table:
        """A definition from its row, with the root pages of its indexes."""
        table = Table.from_dict(json.loads(stored))
        roots = (root_of(catalog_rows.root_key(table_id, one.index_id)) for one in table.indexes)
        indexes = tuple(
            replace(index, root=catalog_rows.number_of(root or b""))
            for index, root in zip(table.indexes, roots, strict=True)
        )
        return replace(table, indexes=indexes, table_id=table_id, version=self.version)

    # following the tree

    def refresh(self) -> bool:
        """Take over what has changed in the tree since the last time; whether anything has."""
        version = self._engine.call(catalog_kernels.system_word, SYS_DICTIONARY)
        if version == self.version:
            return False
        changed: set[bytes] = set()
        first = self.version + 1
        if self.version == 0 or version - first >= catalog_rows.CHANGES_KEPT:
            self.reload(version)
            return True
        for number in range(first, version + 1):
            row = self._tree.get(catalog_rows.version_key(number))
            if row is None or catalog_rows.number_of(row) != number:
                self.reload(version)
                return True
            changed.update(catalog_rows.keys_of_version(row))
        self._take(((key, self._tree.get(key)) for key in changed), version)
        return True

    def reload(self, version: int) -> None:
        """Read the whole tree."""
        self._databases, self._going = {}, set()
        self._names, self._trees = {}, {}
        before, self._places, self._foreign = set(self._places), {}, {}
        self._take(self._tree.items(), version)
        for table_id in before - set(self._places):
            self.loaded.forget(table_id)

    def _take(self, rows: Iterable[tuple[bytes, bytes | None]], version: int) -> None:
        """Rows of the tree as they are now; None: gone."""
        self.version = version
        for key, value in rows:
            kind = key[:1]
            if kind == b"T":
                self._take_table(catalog_rows.id_of(key), value)
            elif kind == b"R" and catalog_rows.id_of(key) in self._places:
                self.loaded.unload(catalog_rows.id_of(key))
            elif kind == b"X":
                self._trees.pop(key, None)
                if value is not None:
                    self._trees[key] = catalog_rows.number_of(value)
                    self._dropped_by[key] = int(self._engine.st[ST_NEXT_TRX]) - 1
            elif kind == b"D":
                self._databases.pop(key[1:].decode(), None)
                if value is not None:
                    database = Database(**json.loads(value))
                    self._databases[database.name] = database
            elif kind == b"G":
                (self._going.discard if value is None else self._going.add)(key[1:].decode())
            elif kind == b"N" and value is not None:
                self._next_id = catalog_rows.number_of(value)

    def _take_table(self, table_id: int, value: bytes | None) -> None:
        database, name = self._places.pop(table_id, ("", ""))
        if self._names.get(database, {}).get(name) == table_id:
            del self._names[database][name]
        self._foreign.pop(table_id, None)
        if value is None:
            self.loaded.forget(table_id)
            return
        stored = json.loads(value)
        place = stored["database"], stored["name"]
        self._places[table_id] = place
        self._names.setdefault(place[0], {})[place[1]] = table_id
        if stored.get("foreign_keys"):
            self._foreign[table_id] = Table.from_dict(stored)
        self.loaded.unload(table_id)

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
        key = catalog_rows.database_key(database.name)
        self._change([Op(OP_PUT, key, json.dumps(asdict(database)).encode())])

    def drop_database(self, name: str) -> None:
        """Drop a database with its tables: all, also across a crash, or nothing."""
        self.database(name)
        gone = Op(OP_DELETE, catalog_rows.database_key(name))
        self._change([gone, Op(OP_PUT, catalog_rows.going_key(name))])
        self._finish_dropping(name)

    def _finish_dropping(self, name: str) -> None:
        places = [(name, table) for table in self.table_names(name)]
        for first in range(0, len(places), _DROPPED_AT_ONCE):
            self.drop_tables(places[first : first + _DROPPED_AT_ONCE])
        self._change([Op(OP_DELETE, catalog_rows.going_key(name))])

    def recover(self) -> None:
        """After a crash: go on with databases that were being dropped."""
        for name in sorted(self._going):
            self._finish_dropping(name)

    # tables

    def create_table(self, table: Table) -> Table:
        """Make a table with its trees; ids, roots and the hidden row id are filled in."""
        self._check_free(table.database, table.name)
        first = self._next_id
        table = catalog_rows.numbered(table.with_clustered(), first)
        ids = catalog_rows.ids_up_to(first + 1 + len(table.indexes))
        self._change([*catalog_rows.making(table), ids])
        made = self._now(table.table_id)
        if table.auto_increment > 1:
            self.raise_counter(made, table.auto_increment)
        return made

    def drop_table(self, database: str, name: str) -> None:
        """Drop one table."""
        self.drop_tables([(database, name)])

    def drop_tables(self, places: Sequence[tuple[str, str]]) -> None:
        """Drop tables, (database, name), in one step; their pages are freed in the background."""
        ops = [op for place in places for op in catalog_rows.unmaking(self._definition_at(*place))]
        self._change(ops)

    def truncate_table(self, database: str, name: str) -> None:
        """Replace a table by an empty one of the same definition."""
        old = self._existing(database, name)
        first = self._next_id
        new = replace(catalog_rows.numbered(old, first), row_format=1, formats=())
        ids = catalog_rows.ids_up_to(first + 1 + len(new.indexes))
        self._change([*catalog_rows.unmaking(old), *catalog_rows.making(new), ids])

    def rename_table(self, database: str, name: str, to_database: str, to_name: str) -> None:
        """Give a table another name, perhaps in another database."""
        self._check_free(to_database, to_name)
        table = self._existing(database, name)
        self.redefine([replace(table, database=to_database, name=to_name)])

    def redefine(self, tables: Sequence[Table]) -> None:
        """Other definitions, names perhaps, for tables that stay: all in one step."""
        self._change([catalog_rows.definition(table) for table in tables])

    def alter_table(
        self, old: Table, new: Table, others: Sequence[Table] = (), trees: Sequence[Index] = ()
    ) -> Table:
        """Replace a definition by one that fits the rows there are.

        others new definitions of tables that follow it, in the same step
        trees  indexes of `new` that `old` has not, with the trees `make_trees` made for them, full
        Indexes that `new` has no more are dropped.
        """
        kept = {one.index_id for one in new.indexes}
        gone = [one for one in old.indexes if one.index_id not in kept]
        new = replace(new, table_id=old.table_id)
        ops = catalog_rows.dropping(old, gone) + catalog_rows.adopting(new, trees)
        self._change([*ops, *map(catalog_rows.definition, (new, *others))])
        self.building -= {catalog_rows.tree_key(index.index_id) for index in trees}
        return self._now(old.table_id)

    def set_auto_increment(self, database: str, name: str, value: int) -> None:
        """Let the next AUTO_INCREMENT value be at least `value`."""
        self.raise_counter(self._existing(database, name), value)

    def has_rows(self, table: Table) -> bool:
        """Whether a table has any row, or has had one that is not purged yet."""
        engine = self._engine
        return engine.ensure(engine.call(catalog_kernels.rows_count, table.clustered.root, 1)) > 0

    def raise_counter(self, table: Table, value: int) -> None:
        """The same for a table at hand, private ones too."""
        engine = self._engine
        engine.ensure(engine.call(catalog_kernels.autoinc_raise, table.descriptor, value))

    # tables and indexes that nobody sees yet

    def make_trees(self, indexes: Sequence[Index]) -> list[Index]:
        """The indexes with ids and empty trees; `alter_table` adopts or `abandon_trees` drops."""
        first = self._next_id
        ided = [replace(index, index_id=first + n) for n, index in enumerate(indexes)]
        self.building |= {catalog_rows.tree_key(index.index_id) for index in ided}
        ids = catalog_rows.ids_up_to(first + len(ided))
        self._change([*catalog_rows.making_trees(ided), ids])
        return [
            replace(index, root=self._trees[catalog_rows.tree_key(index.index_id)])
            for index in ided
        ]

    def abandon_trees(self, indexes: Iterable[Index]) -> None:
        """Trees of `make_trees` are not wanted any more."""
        self.building -= {catalog_rows.tree_key(index.index_id) for index in indexes}

    def make_private(self, table: Table) -> Table:
        """A table that no name leads to: to be filled and published, or for one session alone."""
        table_id = self._next_id
        self._change([catalog_rows.ids_up_to(table_id + 1)])
        table = table.with_clustered()
        indexes = tuple(self.make_trees(table.indexes))
        table = replace(table, table_id=table_id, indexes=indexes, version=self.version, lease=None)
        private = self._private[table_id] = self.loaded.load(table)
        if table.auto_increment > 1:
            self.raise_counter(private, table.auto_increment)
        return private

    def publish(
        self, table: Table, old: Table | None = None, others: Sequence[Table] = ()
    ) -> Table:
        """A private table gets its name, in the place of the table `old` if there is one."""
        ops = [] if old is None else catalog_rows.unmaking(old)
        ops += catalog_rows.adopting(table, table.indexes)
        ops += map(catalog_rows.definition, (table, *others))
        self._change(ops)
        self._private.pop(table.table_id, None)
        self.abandon_trees(table.indexes)
        return self._now(table.table_id)

    def abandon(self, table: Table) -> None:
        """A private table is not wanted any more; its pages are freed in the background."""
        self._private.pop(table.table_id, None)
        self.loaded.forget(table.table_id)
        self.abandon_trees(table.indexes)

    # indexes

    def create_index(self, database: str, name: str, index: Index) -> Table:
        """Build an index over the rows there are, at once; nobody changes them meanwhile.

        Raises DuplicateKey when two rows have one key of a unique index; then nothing is left.
        """
        table = self._existing(database, name)
        made = self.make_trees([index])
        new = replace(table, indexes=(*table.indexes, *made))
        build = IndexBuild(self._engine, new, made)
        try:
            while build.step():
                pass
            build.finish()
            return self.alter_table(table, new, trees=made)
        finally:
            build.close()
            self.abandon_trees(made)

    def drop_index(self, database: str, name: str, index_name: str) -> Table:
        """Drop a secondary index; raises KeyError when there is none of that name."""
        table = self._existing(database, name)
        number = table.index_no(index_name)
        assert number > 0, "the clustered index is the table"
        left = (*table.indexes[:number], *table.indexes[number + 1 :])
        return self.alter_table(table, replace(table, indexes=left))

    # pieces

    def _check_free(self, database: str, name: str) -> None:
        self.database(database)
        if self.has_table(database, name):
            raise TableExists(f"{database}.{name}")

    def _existing(self, database: str, name: str) -> Table:
        self.database(database)
        table = self.table(database, name)
        if table is None:
            raise UnknownTable(f"{database}.{name}")
        return table

    def _definition_at(self, database: str, name: str) -> Table:
        if not self.has_table(database, name):
            raise UnknownTable(f"{database}.{name}")
        return self._definition(self._names[database][name])

    def _now(self, table_id: int) -> Table:
        table = self.table_of_id(table_id)
        assert table is not None
        return table

    def _change(self, ops: Sequence[Op]) -> None:
        """Do the operations in one mini-transaction, and in memory."""
        engine = self._engine
        version = self.version + 1
        ops = [*ops, catalog_rows.version_row(version, [op.key for op in ops])]
        total = 8 * OP_WORDS * len(ops) + sum(len(op.key) + len(op.value) for op in ops)
        block = engine.arena.alloc(total)
        try:
            words = engine.words(block, OP_WORDS * len(ops)).reshape(-1, OP_WORDS)
            at = block + 8 * OP_WORDS * len(ops)
            for row, op in zip(words, ops, strict=True):
                value_at = at + len(op.key)
                row[:] = (op.kind, at, len(op.key), value_at, len(op.value), op.tree_id, 0)
                engine.arena.mem[at:value_at] = bytearray(op.key)
                at = value_at + len(op.value)
                engine.arena.mem[value_at:at] = bytearray(op.value)
            engine.ensure(engine.call(catalog_kernels.catalog_change, block, len(ops)))
            values = [_stored(op, int(row[6])) for row, op in zip(words, ops, strict=True)]
        finally:
            engine.arena.free(block, total)
        self._take(zip((op.key for op in ops), values, strict=True), version)

    def free_step(self) -> bool:
        """Free some pages of what has been dropped; whether there is more to do.

        A follower's statement that began before may still be in it: its view does not show the id
        which the drop took.
        """
        engine = self._engine
        for key, root in self.dropping():
            if key in self.building or engine.st[ST_REMOTE_LOW] <= self._dropped_by[key]:
                continue
            block = engine.arena.alloc(64)
            engine.arena.mem[block : block + len(key)] = bytearray(key)
            more = engine.ensure(engine.call(catalog_kernels.drop_step, root, block, len(key)))
            engine.arena.free(block, 64)
            if not more:
                del self._trees[key]
            return True
        return False


def _stored(op: Op, root: int) -> bytes | None:
    """Value of an operation's row afterwards."""
    if op.kind == OP_DELETE:
        return None
    return op.value if op.kind == OP_PUT else catalog_rows.page_bytes(root)
