"""Foreign keys of the dictionary, made ready for kernels.

A key is kept by its child (`schema.Table.foreign_keys`); which keys name a table is looked up here,
for one version of the dictionary at a time. `prepare` writes the blocks that `foreign_kernels`
read, for a table and for every table an action on it may reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from btree import foreign_kernels, row_kernels
from btree.foreign_layout import (
    ACT_CASCADE,
    ACT_RESTRICT,
    ACT_SET_NULL,
    KEY_WORDS,
    STACK_AT,
)
from btree.schema import ForeignKey, Index, Table
from btree.state import (
    ST_FOREIGN_CTX,
    ST_FOREIGN_NUMBER,
    ST_FOREIGN_SCRATCH,
    ST_FOREIGN_TABLE,
    ST_FOREIGN_WANTED,
    ST_ROW_CALLS,
    ST_TABLES_AT,
)
from btree.txn_layout import (
    CTX_CASCADE_AT,
    CTX_CASCADE_ROOM,
    CTX_CASCADE_TOP,
    CTX_FOREIGN_OFF,
    TABLE_BYTES,
    TABLE_FOREIGN,
)
from redo.calls import address_of

if TYPE_CHECKING:
    from btree.engine import Engine

_ACTIONS: Final = {"CASCADE": ACT_CASCADE, "SET NULL": ACT_SET_NULL}
_STACK_BYTES: Final = 1 << 15  #: a cascade stack's first size


class Naming(NamedTuple):
    """A key that names some table as its parent."""

    child: Table
    number: int

    @property
    def key(self) -> ForeignKey:
        return self.child.foreign_keys[self.number]


def child_index(table: Table, key: ForeignKey) -> int | None:
    """Number of an index that begins with the key's columns: children are found by it."""
    return leading_index(table.indexes, key.columns)


def leading_index(indexes: tuple[Index, ...], columns: tuple[str, ...]) -> int | None:
    """Number of the first index whose first parts are just these columns, whole; None."""
    wanted = [(name.casefold(), 0) for name in columns]
    for number, index in enumerate(indexes):
        parts = [(part.column.casefold(), part.length) for part in index.parts]
        if parts[: len(wanted)] == wanted:
            return number
    return None


def parent_index(table: Table, columns: tuple[str, ...]) -> int | None:
    """Number of the unique index over just these columns, in this order; None."""
    wanted = [(name.casefold(), 0) for name in columns]
    for number, index in enumerate(table.indexes):
        parts = [(part.column.casefold(), part.length) for part in index.parts]
        if parts == wanted and (index.unique or index.primary):
            return number
    return None


class ForeignKeys:
    """The foreign keys of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = -1
        self._naming: dict[tuple[str, str], list[Naming]] = {}
        #: table id -> offset, words, and the tables whose descriptors those name
        self._blocks: dict[int, tuple[int, tuple[int, ...], list[Table]]] = {}
        st = engine.st
        st[ST_FOREIGN_SCRATCH] = engine.arena.alloc(foreign_kernels.SCRATCH_BYTES)
        changes = (row_kernels.row_insert, row_kernels.row_update, row_kernels.row_delete)
        for place, kernel in enumerate(changes):
            st[ST_ROW_CALLS + place] = address_of(kernel)

    # the dictionary

    def naming(self, database: str, name: str) -> list[Naming]:
        """The keys that name a table (it need not be there) as their parent."""
        catalog = self._engine.catalog
        if self._version != catalog.version:
            self._naming = {}
            for table in catalog.tables_with_foreign_keys():
                for number, key in enumerate(table.foreign_keys):
                    place = key.database, key.table
                    self._naming.setdefault(place, []).append(Naming(table, number))
            self._version = catalog.version
        return self._naming.get((database, name), [])

    def concerns(self, table: Table) -> bool:
        """Whether changes of the table's rows must go through `foreign_kernels`."""
        return bool(table.foreign_keys or self._naming_of(table))

    def _naming_of(self, table: Table) -> list[Naming]:
        """The keys that name this very table: a private one has its name for itself."""
        if self._engine.catalog.is_private(table):
            return []
        return self.naming(table.database, table.name)

    def related(self, table: Table) -> list[Table]:
        """The table, its parents, and every table that actions on it may reach, with theirs."""
        found = {table.table_id: table}
        reached, seen = [table], {table.table_id}
        while reached:
            one = reached.pop()
            for key in one.foreign_keys:
                parent = self._engine.catalog.table(key.database, key.table)
                if parent is not None:
                    found.setdefault(parent.table_id, parent)
            for child, _ in self._naming_of(one):
                if child.table_id not in seen:
                    seen.add(child.table_id)
                    found[child.table_id] = child
                    reached.append(child)
        return list(found.values())

    # for kernels

    def prepare(self, table: Table) -> list[Table]:
        """Write the blocks of a table and of all `related` to it; those tables."""
        related = self.related(table)
        for one in related:
            self._write(one)
        return related

    def _write(self, table: Table) -> None:
        engine = self._engine
        own = [Naming(table, number) for number in range(len(table.foreign_keys))]
        naming = self._naming_of(table)
        made = [self._key(one) for one in (*own, *naming)]
        words: list[int] = [len(own), len(naming)]
        columns: list[int] = []
        for fixed, child_columns, parent_columns in made:
            at = len(columns)
            columns += [*child_columns, *parent_columns]
            words += [*fixed, at, at + len(child_columns), 0]
        content = (*words, *columns)
        used = [table, *(one.child for one in naming)]
        used += [one for key in table.foreign_keys if (one := self._parent(key)) is not None]
        at, before, _ = self._blocks.get(table.table_id, (0, (), []))
        if before != content:
            if at:
                engine.arena.free(at, 8 * len(before))
            at = engine.arena.alloc(8 * len(content))
            first = at + 8 * len(words)
            for number in range(len(made)):
                place = 2 + KEY_WORDS * number
                for word in (place + 9, place + 10):
                    words[word] = first + 8 * words[word]
            engine.words(at, len(content))[:] = [*words, *columns]
        self._blocks[table.table_id] = at, content, used
        entry = int(engine.st[ST_TABLES_AT]) + table.table_id * TABLE_BYTES
        engine.words(entry + TABLE_FOREIGN, 1)[0] = at

    def _parent(self, key: ForeignKey) -> Table | None:
        return self._engine.catalog.table(key.database, key.table)

    def _key(self, naming: Naming) -> tuple[list[int], list[int], list[int]]:
        """The first nine words of a KEY, its columns, its parent's columns."""
        child, key = naming.child, naming.key
        parent = self._parent(key)
        number = child_index(child, key)
        assert number is not None, "data definition keeps the index of a foreign key"
        above = None if parent is None else parent_index(parent, key.parent_columns)
        words = [child.table_id, naming.number, child.descriptor, number]
        columns = [child.column_no(name) for name in key.columns]
        there = parent is not None and above is not None
        words += [parent.descriptor if there and parent else 0, above or 0, len(columns)]
        words += [_ACTIONS.get(one, ACT_RESTRICT) for one in (key.on_delete, key.on_update)]
        named = [parent.column_no(n) for n in key.parent_columns] if there and parent else columns
        return words, columns, named

    def blamed(self) -> Naming | None:
        """The key that the last E_PARENT_MISSING, E_CHILD_THERE, E_CASCADE_DEPTH is about."""
        st = self._engine.st
        child = self._engine.catalog.table_of_id(int(st[ST_FOREIGN_TABLE]))
        number = int(st[ST_FOREIGN_NUMBER])
        if child is None or number >= len(child.foreign_keys):
            return None
        return Naming(child, number)

    # contexts

    def set_checks(self, ctx: int, on: bool) -> None:
        """foreign_key_checks of a session."""
        self._engine.words(ctx + CTX_FOREIGN_OFF, 1)[0] = not on

    def grow_stack(self) -> None:
        """More room for the cascade stack that was too small."""
        engine = self._engine
        ctx, wanted = int(engine.st[ST_FOREIGN_CTX]), int(engine.st[ST_FOREIGN_WANTED])
        old, room = engine.word(ctx, CTX_CASCADE_AT), engine.word(ctx, CTX_CASCADE_ROOM)
        wider = max(_STACK_BYTES, 2 * room, (wanted + 4095) & -4096)
        at = engine.arena.alloc(wider)
        used = engine.word(ctx, CTX_CASCADE_TOP)
        engine.arena.mem[at : at + STACK_AT] = 0
        if used:
            engine.arena.mem[at : at + used] = engine.arena.mem[old : old + used]
        if old:
            engine.arena.free(old, room)
        engine.words(ctx + CTX_CASCADE_AT, 2)[:] = (at, wider)

    def give_up(self, ctx: int) -> None:
        """The statement of this context is undone: nothing of its actions is left to do."""
        self._engine.words(ctx + CTX_CASCADE_TOP, 1)[0] = 0

    def forget(self, ctx: int) -> None:
        """The context goes: give its stack back."""
        room = self._engine.word(ctx, CTX_CASCADE_ROOM)
        if room:
            self._engine.arena.free(self._engine.word(ctx, CTX_CASCADE_AT), room)
            self._engine.words(ctx + CTX_CASCADE_AT, 3)[:] = 0


__all__ = ["ForeignKeys", "Naming", "child_index", "leading_index", "parent_index"]
