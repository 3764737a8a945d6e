"""Indexes built while rows are changed: scan, sort, fill, catch up, in slices of the loop.

1  A read view is opened; the end of the undo stream is noted. Transactions that have changed the
   table before must have ended, later ones need not be waited for.
2  Per index: entries of what the view shows are collected from the clustered tree, sorted
   (`entry_sort`), and fill the index's new tree in key order (`bulk_kernels`).
3  Rows named in the undo stream since then get their entries anew, under a view of now; again and
   again, until little is left. Writers notice nothing: what they leave behind anyway is the log.
4  While nobody uses the table, `finish` does the rest; then the dictionary may adopt the trees.

The steps need the table's descriptor as it will be, new columns and all: rows keep their formats.
Nothing refers to the trees before the dictionary adopts them, so a crash, or an error, leaves
nothing but pages to free.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from btree import bulk_kernels, index_build_kernels
from btree.descriptors import describe, forget
from btree.entry_sort import RUN_BYTES, EntrySort
from btree.errors import DuplicateKey
from btree.index_build_kernels import SINK_AT, WALK_AT, WALK_END, WALK_LEFT
from btree.schema import Index, Table
from btree.state import ST_VALUE_BYTES
from redo.codes import E_DUPLICATE, E_NO_ROOM
from redo.state import ST_DUPLICATE_INDEX

if TYPE_CHECKING:
    from btree.engine import Engine

_ROWS: Final = 512  #: scanned between two looks at what others want, below 1 ms
_RECORDS: Final = 256  #: undo records passed: each makes entries anew, so this is the longest slice
_LEAVES: Final = 8
_KEY_ROOM: Final = 1 << 15
#: A round of catching up that passes fewer records has caught up; another would find as many.
_FEW_RECORDS: Final = 4 * _RECORDS


class IndexBuild:
    """New indexes of one table being built.

    table    as it will be; the indexes to build are its last ones
    indexes  those, with the trees made for them
    """

    def __init__(self, engine: Engine, table: Table, indexes: Sequence[Index]) -> None:
        self._engine = engine
        self._first = len(table.indexes) - len(indexes)
        self._table = describe(engine.arena, engine.st, replace(table, lease=None))
        self._indexes = indexes
        self._start = engine.open_context()
        self._now = engine.open_context()
        self._last = engine.arena.alloc(_KEY_ROOM)
        self._block = engine.arena.alloc(2 * _KEY_ROOM)
        self._words_at = engine.arena.alloc(64)
        self._words = engine.words(self._words_at, 8)
        self._words[:] = 0
        self._low = engine.hold_history(self._start)
        self._words[WALK_AT // 8] = engine.ensure(engine.call(index_build_kernels.undo_end))
        self._sort: EntrySort | None = None
        self._closed = False
        self._work = self._run()
        self.rows_done = 0  #: scanned, all indexes together
        self._collected = self._filled = 0  #: bytes of entries of the present index
        self._indexes_done = 0
        self.stage = "reading rows"

    def work(self) -> tuple[int, int]:
        """How far it is: rows read and rows put into indexes, of how many."""
        rows = max(self._engine.estimate_rows(self._table), 1)
        count = len(self._indexes)
        indexed = rows * self._indexes_done
        if self._indexes_done < count and self._collected:
            indexed += rows * self._filled // self._collected
        done = self.rows_done + indexed
        return done, max(done, 2 * rows * count)

    def step(self) -> bool:
        """A slice of the work; whether there is more before `finish`. Raises DuplicateKey."""
        return next(self._work, False)

    def finish(self) -> None:
        """The last changes, while nobody uses the table. Raises DuplicateKey."""
        for _ in self._round():
            pass
        assert self._words[WALK_LEFT // 8] == 0, "somebody's changes of the table are open"

    def close(self) -> None:
        """Give everything back, the read view above all."""
        if self._closed:
            return
        self._closed = True
        self._work.close()
        engine, arena = self._engine, self._engine.arena
        if self._sort is not None:
            self._sort.close()
        for ctx in (self._start, self._now):
            engine.close_context(ctx)
        for at, size in (
            (self._last, _KEY_ROOM),
            (self._block, 2 * _KEY_ROOM),
            (self._words_at, 64),
        ):
            arena.free(at, size)
        forget(arena, self._table)

    def _run(self) -> Generator[bool, None, None]:
        for number, index in enumerate(self._indexes, self._first):
            self._sort = EntrySort(self._engine.arena, self._engine.st)
            self.stage = "reading rows"
            yield from self._collect(number)
            self.stage = "sorting"
            yield from self._fill(number, index)
            self._sort.close()
            self._sort = None
            self._indexes_done += 1
        self.stage = "following changes"
        while True:
            passed = 0
            for count in self._round():
                passed += count
                yield True
            if passed < _FEW_RECORDS or self._words[WALK_LEFT // 8]:
                return

    def _collect(self, number: int) -> Iterator[bool]:
        """Scan the rows; entries of an index go to the sort."""
        engine, sort = self._engine, self._sort
        assert sort is not None
        sink = self._words_at + 32
        words = engine.words(sink, 2)
        words[:] = (sort.room, sort.room + RUN_BYTES)
        last_bytes = -1
        self._collected = self._filled = 0
        while True:
            code = engine.call(
                index_build_kernels.index_collect,
                self._start,
                self._table.descriptor,
                number,
                self._low,
                self._last,
                last_bytes,
                sink,
                _ROWS,
            )
            if code != E_NO_ROOM:
                if engine.ensure(code) == 0:
                    break
                last_bytes = int(engine.st[ST_VALUE_BYTES])
                self.rows_done += code
            used = int(words[SINK_AT // 8]) - sort.room
            if code == E_NO_ROOM or used > RUN_BYTES - _KEY_ROOM:
                assert used, "a row has more entries than a run has room for"
                sort.close_run(used)
                self._collected += used
                words[:] = (sort.room, sort.room + RUN_BYTES)
            yield True
        used = int(words[SINK_AT // 8]) - sort.room
        sort.close_run(used)
        self._collected += used

    def _fill(self, number: int, index: Index) -> Iterator[bool]:
        """The sorted entries become the index's tree."""
        engine, sort = self._engine, self._sort
        assert sort is not None
        engine.words(self._block, 1)[0] = 0
        engine.words(self._block + _KEY_ROOM, 1)[0] = 0
        unique = int(index.unique or index.primary)
        for at, used in sort.batches():
            yield True
            code = engine.call(index_build_kernels.entries_settle, at, used, unique, self._block)
            if code == E_DUPLICATE:
                raise DuplicateKey(self._table.indexes[number].name)
            end = at + engine.ensure(code)
            self._filled += used
            while at < end:
                at += engine.ensure(
                    engine.call(bulk_kernels.bulk_append, index.root, at, end - at, _LEAVES)
                )
                if at < end:
                    yield True
        for _ in sort.file_cuts():
            yield True

    def _round(self) -> Iterator[int]:
        """Follow the undo stream up to where it ends now: records passed by each slice."""
        engine, words = self._engine, self._words
        if words[WALK_LEFT // 8]:
            words[WALK_AT // 8], words[WALK_LEFT // 8] = words[WALK_LEFT // 8], 0
        words[WALK_END // 8] = engine.ensure(engine.call(index_build_kernels.undo_end))
        engine.commit(self._now)
        engine.open_view(self._now)
        while True:
            passed = engine.call(
                index_build_kernels.catch_up,
                self._now,
                self._table.descriptor,
                self._first,
                self._low,
                self._words_at,
                self._block,
                _RECORDS,
            )
            if passed == E_DUPLICATE:
                raise DuplicateKey(self._blamed())
            if engine.ensure(passed) == 0:
                engine.commit(self._now)
                return
            yield passed

    def _blamed(self) -> str:
        return self._table.indexes[int(self._engine.st[ST_DUPLICATE_INDEX])].name
