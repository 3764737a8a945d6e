"""What is in memory of the dictionary: all names, the definitions in use; and following its tree.

Definitions are read when asked for; those in use stay (`loaded_tables`): frozen, so whoever holds a
`Table` keeps a consistent one. Plans are checked by `version`. Followers take over what has changed
since they last looked (`refresh`). What changes the dictionary is `catalog`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from btree import catalog_kernels, catalog_rows
from btree.catalog_rows import Database
from btree.errors import UnknownDatabase
from btree.loaded_tables import LoadedTables
from btree.outlines import Facts, TableOutline, facts_of
from btree.schema import Table
from btree.state import ST_NEXT_TRX
from btree.tree import BTree
from btree.txn_layout import CATALOG_ROOT, SYS_DICTIONARY

if TYPE_CHECKING:
    from btree.engine import Engine

_VALUE_BYTES = 4 << 20
OUTLINES_AT_ONCE = 16


class Dictionary:
    """The dictionary of one engine, to be read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tree = BTree(engine.store, CATALOG_ROOT, value_bytes=_VALUE_BYTES)
        self._databases: dict[str, Database] = {}
        #: databases being dropped, and ids of their tables: no name leads to those any more
        self._going: dict[str, set[int]] = {}
        self._names: dict[str, dict[str, int]] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._facts: dict[int, Facts] = {}  #: of every table
        self._roots: dict[int, int] = {}  #: root pages by index id: R rows
        self._trees: dict[bytes, int] = {}  #: X rows
        self._dropped_by: dict[bytes, int] = {}  #: … and the id each drop took
        self._foreign: dict[int, Table] = {}  #: definitions with foreign keys
        self._checks: dict[int, tuple[str, ...]] = {}  #: names of CHECKs, where there are any
        self._private: dict[int, Table] = {}
        self._next_id = catalog_rows.FIRST_ID
        self.loaded = LoadedTables(engine.arena, engine.st, self._is_pinned)
        self.building: set[bytes] = set()  #: X rows of trees that are not to be freed
        self.version = 0

    def _is_pinned(self, table: Table) -> bool:
        """Kernels follow foreign keys from table to table: both ends stay loaded. So do private
        tables: nothing in the tree says what they are."""
        place = table.database, table.name
        if table.table_id in self._private:
            return True
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

    def places(self, database: str) -> dict[str, int]:
        """Ids of the tables of a database by name."""
        return dict(self._names.get(database, {}))

    def tables(self, database: str, names: frozenset[str] | None = None) -> Iterator[Table]:
        """The tables of a database by name; `names`: only those. Those that are not loaded have no
        descriptor. Between two of them others may run: what is dropped meanwhile is left out."""
        for name, table_id in sorted(self.places(database).items()):
            if table_id in self._places and (names is None or name in names):
                yield self._definition(table_id)

    def outlines(
        self,
        database: str,
        names: frozenset[str] | None = None,
        ahead: Callable[[list[TableOutline]], None] = lambda group: None,
    ) -> Iterator[TableOutline]:
        """As `tables`, without definitions. `ahead` is called with each of the groups they come
        in, before its first."""
        places = sorted(self.places(database).items())
        ids = [table_id for name, table_id in places if names is None or name in names]
        for at in range(0, len(ids), OUTLINES_AT_ONCE):
            group = ids[at : at + OUTLINES_AT_ONCE]
            ahead([self._outline(table_id) for table_id in group if table_id in self._places])
            for table_id in group:
                if table_id in self._places:
                    yield self._outline(table_id)

    def _outline(self, table_id: int) -> TableOutline:
        facts, (database, name) = self._facts[table_id], self._places[table_id]
        root = self._roots.get(facts[0][0], 0)
        return TableOutline(table_id, database, name, root, *facts)

    def check_names(self, database: str, besides: str) -> set[str]:
        """Names of the CHECKs of a database's tables, folded, but for those of one table."""
        places = self._names.get(database, {})
        others = (
            names
            for table_id, names in self._checks.items()
            if table_id in self._places
            and self._places[table_id][0] == database
            and table_id != places.get(besides)
        )
        return {name for names in others for name in names}

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

    def loaded_tables(self) -> Iterator[Table]:
        """The tables that are ready for kernels."""
        for table_id in self.loaded.known():
            table = self.loaded.peek(table_id)
            if table is not None:
                yield table

    def tables_with_foreign_keys(self) -> list[Table]:
        """The tables that have foreign keys, ready for kernels."""
        found = (self.table_of_id(table_id) for table_id in sorted(self._foreign))
        return [table for table in found if table is not None]

    def private_tables(self) -> list[Table]:
        """Tables that no name leads to."""
        return list(self._private.values())

    def is_private(self, table: Table) -> bool:
        """Whether no name in the dictionary leads to the table."""
        return table.table_id in self._private

    def dropping(self) -> Iterator[tuple[bytes, int]]:
        """Rows and root pages of trees that nobody sees: dropped, or not in use yet."""
        yield from list(self._trees.items())
        for table_id in [one for left in self._going.values() for one in left]:
            for index in self._read(table_id).indexes:
                yield catalog_rows.root_key(table_id, index.index_id), index.root

    def _definition(self, table_id: int) -> Table:
        return self.loaded.peek(table_id) or self._read(table_id)

    def _read(self, table_id: int) -> Table:
        """A definition with its roots, from the tree."""
        stored = self._tree.get(catalog_rows.table_key(table_id))
        assert stored is not None, f"table {table_id} is in the names, not in the tree"
        table = Table.from_dict(json.loads(stored))
        roots = self._roots
        indexes = tuple(replace(one, root=roots.get(one.index_id, 0)) for one in table.indexes)
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
        # In the order of the keys: databases and what is left of them before tables.
        self._take(((key, self._tree.get(key)) for key in sorted(changed)), version)
        return True

    def reload(self, version: int) -> None:
        """Read the whole tree."""
        self._databases, self._going = {}, {}
        self._names, self._trees, self._facts, self._roots = {}, {}, {}, {}
        before, self._places, self._foreign = set(self._places), {}, {}
        self._checks = {}
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
            elif kind == b"R":
                self._take_root(key, value)
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
                self._take_going(key[1:].decode(), value is not None)
            elif kind == b"N" and value is not None:
                self._next_id = catalog_rows.number_of(value)

    def _take_root(self, key: bytes, value: bytes | None) -> None:
        table_id, index_id = catalog_rows.id_of(key), catalog_rows.id_of(key[8:])
        if value is None:
            self._roots.pop(index_id, None)
        else:
            self._roots[index_id] = catalog_rows.number_of(value)
        if table_id in self._places:
            self.loaded.unload(table_id)

    def _take_going(self, database: str, is_going: bool) -> None:
        """A database is being dropped: its tables are out of sight at once. Or it has been, and
        whoever missed that has them still; there are no others of its name yet."""
        left = set(self._names.get(database, {}).values())
        for table_id in left:
            self._forget(table_id)
        if is_going:
            self._going[database] = left
        else:
            self._going.pop(database, None)

    def _forget(self, table_id: int) -> None:
        """No name leads to a table."""
        database, name = self._places.pop(table_id, ("", ""))
        if self._names.get(database, {}).get(name) == table_id:
            del self._names[database][name]
        self._foreign.pop(table_id, None)
        self._checks.pop(table_id, None)
        self._facts.pop(table_id, None)
        self.loaded.forget(table_id)

    def _take_table(self, table_id: int, value: bytes | None) -> None:
        stored = None if value is None else json.loads(value)
        going = None if stored is None else self._going.get(stored["database"])
        if stored is None or going is not None:
            self._forget(table_id)
            if going is not None:
                going.add(table_id)
            return
        database, name = self._places.pop(table_id, ("", ""))
        if self._names.get(database, {}).get(name) == table_id:
            del self._names[database][name]
        self._foreign.pop(table_id, None)
        self._checks.pop(table_id, None)
        place = stored["database"], stored["name"]
        self._places[table_id] = place
        self._facts[table_id] = facts_of(stored)
        self._names.setdefault(place[0], {})[place[1]] = table_id
        if stored.get("foreign_keys"):
            self._foreign[table_id] = Table.from_dict(stored)
        if stored.get("checks"):
            self._checks[table_id] = tuple(one["name"].casefold() for one in stored["checks"])
        self.loaded.unload(table_id)
