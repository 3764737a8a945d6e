"""What it would cost to give a transaction up, counted as InnoDB counts: of a circle of waits the
cheapest is given up.

One for each row it has changed, one for each structure that InnoDB would keep its locks in: a table
and intention, or the locks of one mode on an index. InnoDB has one such structure for each page of
the index, so who holds locks all over a big table is dearer there than here.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from btree import txn_layout
from btree.lock_views import GAP, INSERT_INTENTION, REC_NOT_GAP, LockReader, LockView
from btree.locks import Wait

if TYPE_CHECKING:
    from btree.engine import Engine

LOCKS_LOOKED_AT: Final = 256  #: of one transaction: with more it is dear whatever their modes


class LockWeights:
    """Weighs transactions of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = -1
        self._places: dict[int, tuple[int, bool]] = {}  #: by root: table id, is it the clustered

    def of(self, circle: list[Wait]) -> dict[int, int]:
        """Weight by context of those who wait in a circle, each for the next."""
        self._learn()
        with closing(LockReader(self._engine)) as reader:
            return {
                wait.ctx: self._weight(reader, wait, circle[number - 1])
                for number, wait in enumerate(circle)
            }

    def _learn(self) -> None:
        catalog = self._engine.catalog
        if self._version == catalog.version:
            return
        self._places.clear()
        for table in catalog.loaded_tables():
            for number, index in enumerate(table.indexes):
                self._places[index.root] = table.table_id, number == 0
        self._version = catalog.version

    def _weight(self, reader: LockReader, wait: Wait, behind: Wait) -> int:
        """behind: who waits for this one."""
        rows = self._engine.word(wait.ctx, txn_layout.CTX_ROWS_CHANGED)
        locks = list(islice(reader.locks_of(wait.ctx), LOCKS_LOOKED_AT))
        wanted = reader.request(behind.node)
        if wanted.kind != INSERT_INTENTION and reader.blocking(wanted, wait.ctx) is None:
            # the row it has changed stands for a lock, which is made when somebody waits for it
            locks.append(replace(wanted, exclusive=True, kind=REC_NOT_GAP, waiting=False))
        asked = reader.request(wait.node)
        if asked.kind == INSERT_INTENTION and not self._place(asked)[1]:
            rows += 1  # InnoDB has the row itself in its place before it comes to other indexes
        structures = {
            (lock.root, lock.exclusive, lock.kind, lock.waiting)
            for lock in locks
            # the gap before the entry it waits for comes with that one
            if (lock.root, lock.key, lock.kind) != (asked.root, asked.key, GAP)
        }
        intentions = {(self._place(lock)[0], lock.exclusive) for lock in locks}
        return rows + len(structures) + len(intentions)

    def _place(self, lock: LockView) -> tuple[int, bool]:
        return self._places.get(lock.root, (0, True))
