"""The dictionary: databases, tables, indexes; rows of the B-tree whose root is page 2.

What the rows are is told by `catalog_rows`. A DDL statement is one mini-transaction over these rows
and the root pages it makes (`catalog_kernels.catalog_change`), which also moves the dictionary's
version in page 1. Pages of what is dropped are freed later, in steps; an X row remembers them
across a crash. So are trees that nobody has yet: of an index that is being built, of a *private*
table that is being filled. Until they are adopted a crash sweeps them away.

What is in memory of it, and how it is read, is in `dictionary`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from btree import catalog_kernels, catalog_rows, failpoints, txn_kernels
from btree.catalog_kernels import OP_DELETE, OP_PUT, OP_WORDS
from btree.catalog_rows import Database, Op
from btree.dictionary import Dictionary
from btree.errors import DatabaseExists, TableExists, UnknownTable
from btree.index_build import IndexBuild
from btree.schema import DEFAULT_CHARSET, DEFAULT_COLLATION, Index, Table

_DROPPED_AT_ONCE = 8  #: tables a mini-transaction takes out of the dictionary


class Catalog(Dictionary):
    """The dictionary of one engine; changes go through the engine."""

    # databases

    def create_database(
        self,
        name: str,
        charset: str = DEFAULT_CHARSET,
        collation: str = DEFAULT_COLLATION,
        created: str = "",
    ) -> Database:
        """Make a database; raises DatabaseExists. What is left of an earlier one goes first."""
        if name in self._databases:
            raise DatabaseExists(name)
        while self.drop_some(name):
            pass
        self._put_database(Database(name, charset, collation, created))
        return self._databases[name]

    def _put_database(self, database: Database) -> None:
        key = catalog_rows.database_key(database.name)
        self._change([Op(OP_PUT, key, json.dumps(asdict(database)).encode())])

    def drop_database(self, name: str) -> None:
        """Drop a database with its tables: all, also across a crash, or nothing. Nobody sees any of
        it from now on; its tables leave the tree in the background (`drop_some`)."""
        self.database(name)
        gone = Op(OP_DELETE, catalog_rows.database_key(name))
        going = Op(OP_PUT, catalog_rows.going_key(name))
        self._change([gone, going], point=failpoints.DDL_GONE)

    def drop_some(self, name: str) -> bool:
        """Go on with a database that has been dropped; whether there is more to do."""
        left = self._going.get(name)
        if left is None:
            return False
        batch = sorted(left)[:_DROPPED_AT_ONCE]
        if not batch:
            self._change([Op(OP_DELETE, catalog_rows.going_key(name))])
            return False
        ops = [op for one in batch for op in catalog_rows.unmaking(self._read(one))]
        self._change(ops, is_seen=False, point=failpoints.DDL_GOING)
        left.difference_update(batch)
        return True

    # tables

    def create_table(self, table: Table) -> Table:
        """Make a table with its trees; ids, roots and the hidden row id are filled in."""
        self._check_free(table.database, table.name)
        first = self._next_id
        table = catalog_rows.numbered(table.with_clustered(), first)
        ids = catalog_rows.ids_up_to(first + 1 + len(table.indexes))
        self._change([*catalog_rows.making(table), ids])
        return self._now(table.table_id)

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
        new = replace(catalog_rows.numbered(old, first), row_format=1, formats=(), auto_increment=1)
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
        self,
        old: Table,
        new: Table,
        others: Sequence[Table] = (),
        trees: Sequence[Index] = (),
        counter: int = 0,
    ) -> Table:
        """Replace a definition by one that fits the rows there are.

        others   new definitions of tables that follow it, in the same step
        trees    indexes of `new` that `old` has not, with the trees `make_trees` made for them,
                 full
        counter  the next AUTO_INCREMENT value, 0: as it is
        Indexes that `new` has no more are dropped.
        """
        kept = {one.index_id for one in new.indexes}
        gone = [one for one in old.indexes if one.index_id not in kept]
        new = replace(new, table_id=old.table_id)
        ops = catalog_rows.dropping(old, gone) + catalog_rows.adopting(new, trees)
        ops += map(catalog_rows.definition, (new, *others))
        is_instant = new.row_format != old.row_format
        point = failpoints.DDL_INSTANT if is_instant else 0
        self._change([*ops, *self._counting(new, counter)], point=point)
        self.building -= {catalog_rows.tree_key(index.index_id) for index in trees}
        return self._now(old.table_id)

    def has_rows(self, table: Table) -> bool:
        """Whether a table has any row, or has had one that is not purged yet."""
        engine = self._engine
        return engine.ensure(engine.call(catalog_kernels.rows_count, table.clustered.root, 1)) > 0

    def raise_counter(self, table: Table, value: int) -> None:
        """Let a table's next AUTO_INCREMENT value be at least `value`; a private one's, too."""
        engine = self._engine
        engine.ensure(engine.call(catalog_kernels.autoinc_raise, table.descriptor, value))

    def _counting(self, table: Table, counter: int) -> list[Op]:
        """The operation that sets a table's counter, if it is to be set."""
        if not counter:
            return []
        self.loaded.set_counter(table.table_id, counter)
        return [catalog_rows.counting(table, counter)]

    # tables and indexes that nobody sees yet

    def make_trees(self, indexes: Sequence[Index], counter: int = 0) -> list[Index]:
        """The indexes with ids and empty trees; `alter_table` adopts or `abandon_trees` drops.
        `counter` is where AUTO_INCREMENT starts, 0: at 1."""
        return self._make_trees(self._next_id, indexes, counter)

    def _make_trees(self, first: int, indexes: Sequence[Index], counter: int) -> list[Index]:
        """The same; ids from `first` on."""
        ided = [replace(index, index_id=first + n) for n, index in enumerate(indexes)]
        self.building |= {catalog_rows.tree_key(index.index_id) for index in ided}
        ids = catalog_rows.ids_up_to(first + len(ided))
        self._change([*catalog_rows.making_trees(ided, counter), ids], is_seen=False)
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
        table = table.with_clustered()
        counter = table.auto_increment if table.auto_increment > 1 else 0
        indexes = tuple(self._make_trees(table_id + 1, table.indexes, counter))
        table = replace(table, table_id=table_id, indexes=indexes, version=self.version, lease=None)
        return self.redefine_private(table)

    def redefine_private(self, table: Table) -> Table:
        """Another definition for a private table, new or not: indexes with trees of `make_trees`,
        another name."""
        private = self._private[table.table_id] = self.loaded.load(table)
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

    def _change(self, ops: Sequence[Op], is_seen: bool = True, point: int = 0) -> None:
        """Do the operations in one mini-transaction, and in memory.

        is_seen  others must know: the dictionary's version moves, and plans are made anew
        point    where a test lets the process die, besides those of every change
        """
        engine = self._engine
        version = self.version
        if is_seen:
            version += 1
            keys = [op.key for op in ops if op.key]
            ops = [*ops, catalog_rows.version_row(version, keys)]
        total = 8 * OP_WORDS * len(ops) + sum(len(op.key) + len(op.value) for op in ops)
        block = engine.arena.alloc(total)
        try:
            words = engine.words(block, OP_WORDS * len(ops)).reshape(-1, OP_WORDS)
            at = block + 8 * OP_WORDS * len(ops)
            for row, op in zip(words, ops, strict=True):
                value_at = at + len(op.key)
                places = at, len(op.key), value_at, len(op.value)
                row[:] = (op.kind, *places, op.tree_id, op.root, op.counter)
                engine.arena.mem[at:value_at] = bytearray(op.key)
                at = value_at + len(op.value)
                engine.arena.mem[value_at:at] = bytearray(op.value)
            change = catalog_kernels.catalog_change
            engine.ensure(engine.call(change, block, len(ops), int(is_seen), point))
            values = [_stored(op, int(row[6])) for row, op in zip(words, ops, strict=True)]
        finally:
            engine.arena.free(block, total)
        taken = zip((op.key for op in ops), values, strict=True)
        self._take(((key, value) for key, value in taken if key), version)

    def free_step(self) -> bool:
        """Free some of what has been dropped; whether there is more to do.

        A follower's statement that began before may still be in it: its view does not show the id
        which the drop took.
        """
        engine = self._engine
        for name in self._going:
            self.drop_some(name)
            return True
        for key, root in list(self._trees.items()):
            dropped_by = self._dropped_by[key]
            seen = engine.call(txn_kernels.txn_followers_low, dropped_by + 1)
            if key in self.building or seen <= dropped_by:
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
