"""Tables ready for kernels: their descriptors, and the directory in which kernels look ids up.

A dictionary may have far more tables than are used. A table gets its descriptor when it is first
asked for, and may lose it again when many others have been asked for since. A descriptor is freed
when the last copy of its `Table` has gone, for programs made for it may still run.

An entry of the directory has the descriptor of a table that is loaded, NOT_LOADED for one that is
there (kernels then stop with E_NOT_LOADED), 0 for one that has been dropped.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from btree.descriptors import describe, descriptor_bytes
from btree.schema import Table
from btree.state import ST_TABLES_AT, ST_TABLES_ROOM
from btree.txn_layout import NOT_LOADED, TABLE_AUTOINC, TABLE_BYTES
from redo.arena import Arena, Words

TABLES_LOADED: Final = 4096  #: that are kept when nobody uses them


class DescriptorLease:
    """Memory of a descriptor, given back with the last reference."""

    __slots__ = ("_arena", "_at", "_bytes")

    def __init__(self, arena: Arena, at: int, size: int) -> None:
        self._arena = arena
        self._at = at
        self._bytes = size

    def __del__(self) -> None:
        self._arena.free(self._at, self._bytes)


class LoadedTables:
    """The directory and the tables in it, those used last at the end."""

    def __init__(self, arena: Arena, st: Words, is_pinned: Callable[[Table], bool]) -> None:
        self._arena = arena
        self._st = st
        self._is_pinned = is_pinned
        self._loaded: OrderedDict[int, Table] = OrderedDict()
        self.limit = TABLES_LOADED

    def __len__(self) -> int:
        return len(self._loaded)

    def get(self, table_id: int) -> Table | None:
        """A table that is loaded."""
        table = self._loaded.get(table_id)
        if table is not None:
            self._loaded.move_to_end(table_id)
        return table

    def peek(self, table_id: int) -> Table | None:
        """The same; it does not count as a use."""
        return self._loaded.get(table_id)

    def load(self, table: Table) -> Table:
        """Give a table a descriptor and its entry in the directory."""
        table = describe(self._arena, self._st, table)
        lease = DescriptorLease(self._arena, table.descriptor, descriptor_bytes(table))
        table = replace(table, lease=lease)
        self._loaded[table.table_id] = table
        self._loaded.move_to_end(table.table_id)
        self._entry(table.table_id)[0] = table.descriptor
        self._unload_some()
        return table

    def _unload_some(self) -> None:
        """Let go of the tables unused for longest, but for a few that must stay."""
        looked = 0
        while len(self._loaded) > self.limit and looked < 8:
            table_id, table = next(iter(self._loaded.items()))
            if self._is_pinned(table):
                self._loaded.move_to_end(table_id)
                looked += 1
            else:
                self.unload(table_id)

    def unload(self, table_id: int) -> None:
        """The table is there, but must be loaded (anew) before kernels use it."""
        self._loaded.pop(table_id, None)
        self._entry(table_id)[0] = NOT_LOADED

    def forget(self, table_id: int) -> None:
        """The table has been dropped."""
        self._loaded.pop(table_id, None)
        self._entry(table_id)[:] = 0

    def set_counter(self, table_id: int, value: int) -> None:
        """The next AUTO_INCREMENT value that kernels give out."""
        self._entry(table_id)[TABLE_AUTOINC // 8] = value

    def known(self) -> list[int]:
        """Ids of the tables that are loaded."""
        return list(self._loaded)

    def _entry(self, table_id: int) -> Words:
        """Words of the table's entry; room is made."""
        arena, st = self._arena, self._st
        room = int(st[ST_TABLES_ROOM])
        if table_id >= room:
            wider = max(1024, 2 * table_id)
            at = arena.alloc(wider * TABLE_BYTES)
            words = arena.words(at, wider * TABLE_BYTES // 8)
            words[:] = 0
            used = room * TABLE_BYTES // 8
            if room:
                words[:used] = arena.words(int(st[ST_TABLES_AT]), used)
                arena.free(int(st[ST_TABLES_AT]), room * TABLE_BYTES)
            st[ST_TABLES_AT] = at
            st[ST_TABLES_ROOM] = wider
        return arena.words(int(st[ST_TABLES_AT]) + table_id * TABLE_BYTES, TABLE_BYTES // 8)
