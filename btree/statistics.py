"""What is known of tables by sampling: rows, sizes, different keys; persistent, kept up to date.

A table is sampled in steps (`Sampling`): the leaves of each index are counted on the pages above
them, LEAVES_SAMPLED of them are looked at, the rest is proportion; small indexes are looked at
whole, so their figures are exact. The result is a row of the catalog tree (``S table id``), which
followers read too. It is no part of the dictionary: plans do not die with it.

Row kernels count changes in the table directory; a table is due when a tenth of its rows have
changed since it was sampled. In between, rows are the sampled ones and what came and went since.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from btree import statistics_kernels as kernels
from btree.outlines import TableOutline
from btree.schema import Table
from btree.state import ST_TABLES_AT
from btree.tree import BTree
from btree.txn_layout import CATALOG_ROOT, TABLE_BYTES, TABLE_CHANGES, TABLE_ROWS
from redo.codes import E_NOT_FOUND
from redo.state import ST_PAGE_BYTES, ST_READ_ONLY

if TYPE_CHECKING:
    from btree.engine import Engine

LEAVES_SAMPLED: Final = 20  #: of each index, as MySQL's innodb_stats_persistent_sample_pages
LEAST_CHANGES: Final = 16  #: below, a table is not due
LOOK_SECONDS: Final = 1.0  #: between two looks for tables that are due
AGAIN_SECONDS: Final = 10.0  #: between two samplings of one table in the background
_ROOM: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """One index.

    leaves, pages   leaf pages; pages in all
    different       different prefixes of 1, 2 … parts (a secondary's parts, then the primary key's)
    """

    index_id: int
    leaves: int
    pages: int
    different: tuple[int, ...]
    sampled: int  #: leaves that were looked at


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """One table, when it was sampled (`sampled_us`: µs since 1970)."""

    rows: int
    row_bytes: int
    indexes: tuple[IndexStatistics, ...]
    sampled_us: int

    def of(self, index_id: int) -> IndexStatistics | None:
        """Statistics of an index; None for one that came later."""
        return next((one for one in self.indexes if one.index_id == index_id), None)


def _of_json(text: bytes) -> TableStatistics:
    fields: dict[str, Any] = json.loads(text)
    indexes = tuple(
        IndexStatistics(**{**one, "different": tuple(one["different"])})
        for one in fields.pop("indexes")
    )
    return TableStatistics(indexes=indexes, **fields)


def _key(table_id: int) -> bytes:
    return b"S" + table_id.to_bytes(8, "big")


class Sampling:
    """The sampling of one table; `step` does a bounded piece, until `result` is there.

    It ends without a result when the table is dropped or loses an index: between two steps the
    pages of that may have become anything.
    """

    def __init__(self, engine: Engine, table: Table) -> None:
        self._engine = engine
        self.table = table
        self.result: TableStatistics | None = None
        self._work = self._run()

    def step(self) -> bool:
        """Go on; whether there is more to do."""
        if not self._is_there():
            self._work.close()
        return next(self._work, None) is not None

    def _is_there(self) -> bool:
        """Whether every index begun with is still one of the table."""
        now = self._engine.catalog.table_of_id(self.table.table_id)
        if now is None or now is self.table:
            return now is not None
        roots = {(one.index_id, one.root) for one in now.indexes}
        return all((one.index_id, one.root) in roots for one in self.table.indexes)

    def _run(self) -> Generator[int, None, None]:
        arena = self._engine.arena
        room = arena.alloc(_ROOM)
        try:
            indexes = []
            rows, used = 0, 0
            for number in range(len(self.table.indexes)):
                for made in self._index(number, room):
                    if isinstance(made, int):
                        yield made
                    else:
                        statistics, entries, leaf_bytes = made
                        indexes.append(statistics)
                        if number == 0:
                            rows, used = entries, leaf_bytes
            now = time.time_ns() // 1000
            row_bytes = used // rows if rows else 0
            self.result = TableStatistics(rows, row_bytes, tuple(indexes), now)
        finally:
            arena.free(room, _ROOM)

    def _index(self, number: int, room: int) -> Iterator[int | tuple[IndexStatistics, int, int]]:
        """Sample one index: numbers while there is more to do, then what is known of it, its
        entries, and bytes of its leaves in use."""
        engine, table = self._engine, self.table
        index = table.indexes[number]
        stack, ordinals, pages = room, room + 512, room + 1024
        sample, previous = room + 2048, room + 4096
        call = engine.call
        leaves = engine.ensure(call(kernels.leaves_pick, index.root, ordinals, 0, pages, stack))
        above = int(engine.words(pages, 1)[0])
        whole = leaves <= LEAVES_SAMPLED
        chosen = range(leaves) if whole else sorted(random.sample(range(leaves), LEAVES_SAMPLED))
        engine.words(ordinals, len(chosen))[:] = list(chosen)
        yield 1
        engine.ensure(call(kernels.leaves_pick, index.root, ordinals, len(chosen), pages, stack))
        picked = engine.words(pages, len(chosen)).tolist()
        parts = min(len(index.parts) + (len(table.clustered.parts) if number else 0), 40)
        sums = [0] * (3 + parts)
        last, looked = -1, 0
        for page_no in picked:
            before = last if whole else -1
            found = call(
                kernels.leaf_sample, table.descriptor, number, page_no, previous, before, sample
            )
            if found == E_NOT_FOUND:  # it has been emptied since
                continue
            last = found if found >= -1 else engine.ensure(found)
            words = engine.words(sample, 3 + parts).tolist()
            sums = [one + more for one, more in zip(sums, words, strict=True)]
            looked += 1
            yield 1
        entries, used, pairs = sums[:3]
        share = leaves / looked if looked else 0.0
        total = entries if whole else round(entries * share)
        different = tuple(
            min(total, round(total * one / pairs) + 1 if not whole else one + 1) if pairs else total
            for one in sums[3:]
        )
        pages_all = leaves + above if leaves > 1 else 1
        statistics = IndexStatistics(index.index_id, leaves, pages_all, different, looked)
        yield statistics, total, used if whole else round(used * share)


class Statistics:
    """Statistics of the tables of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tree = BTree(engine.store, CATALOG_ROOT, value_bytes=1 << 16)
        self._known: dict[int, TableStatistics | None] = {}
        self._counted: dict[int, tuple[int, int]] = {}  # table id -> rows, changes when sampled
        self._at: dict[int, float] = {}
        self._running: Sampling | None = None
        self._next_look = 0.0

    def of(self, table: Table | TableOutline) -> TableStatistics | None:
        """What is known of a table; None when it has never been sampled."""
        table_id = table.table_id
        if self._engine.st[ST_READ_ONLY] or table_id not in self._known:
            stored = self._tree.get(_key(table_id))
            self._known[table_id] = None if stored is None else _of_json(stored)
        return self._known[table_id]

    def has(self, table: TableOutline) -> bool:
        """Whether a table is known to have been sampled; a follower may learn that only later."""
        if self._engine.st[ST_READ_ONLY]:
            return self._known.get(table.table_id) is not None
        return self.of(table) is not None

    def rows(self, table: Table | TableOutline) -> int | None:
        """Rows there may be now; None when the table has never been sampled."""
        known = self.of(table)
        if known is None:
            return None
        then, _ = self._counted.get(table.table_id, (0, 0))
        return max(0, known.rows + self._word(table.table_id, TABLE_ROWS) - then)

    def rows_added(self, table: Table) -> int:
        """Rows that have come, less those that have gone, since the table was loaded first."""
        return max(0, self._word(table.table_id, TABLE_ROWS))

    def _word(self, table_id: int, at: int) -> int:
        entry = int(self._engine.st[ST_TABLES_AT]) + table_id * TABLE_BYTES
        return int(self._engine.words(entry + at, 1)[0])

    # sampling

    def keep(self, sampling: Sampling) -> TableStatistics | None:
        """Store what a sampling has found, if the table is still there; None: it found nothing."""
        made, table_id = sampling.result, sampling.table.table_id
        if made is None:
            return None
        self._known[table_id] = made
        counts = self._word(table_id, TABLE_ROWS), self._word(table_id, TABLE_CHANGES)
        self._counted[table_id] = counts
        self._at[table_id] = time.monotonic()
        value = json.dumps(asdict(made)).encode()
        if self._engine.catalog.table_of_id(table_id) is not None:
            key = _key(table_id)
            if not self._tree.replace(key, value):
                self._tree.insert(key, value)
        return made

    def analyze(self, table: Table) -> TableStatistics:
        """Sample a table now, in one go."""
        sampling = Sampling(self._engine, table)
        while sampling.step():
            pass
        made = self.keep(sampling)
        assert made is not None, "the table changed while nobody else ran"
        return made

    def due(self) -> Table | None:
        """A table of which a tenth of the rows have changed since it was sampled."""
        catalog = self._engine.catalog
        now = time.monotonic()
        for table_id in catalog.loaded.known():
            changes = self._word(table_id, TABLE_CHANGES)
            _, before = self._counted.get(table_id, (0, 0))
            if changes - before < LEAST_CHANGES or now - self._at.get(table_id, 0) < AGAIN_SECONDS:
                continue
            table = catalog.table_of_id(table_id)
            if table is None or catalog.is_private(table):
                continue
            known = self.of(table)
            if 10 * (changes - before) > (known.rows if known else 0):
                return table
        return None

    def background_step(self) -> bool:
        """A bounded piece of sampling what is due; whether there is more."""
        if self._running is None:
            now = time.monotonic()
            if now < self._next_look:
                return False
            table = self.due()
            if table is None:
                self._next_look = now + LOOK_SECONDS
                self._forget_dropped()
                return False
            self._running = Sampling(self._engine, table)
        if self._running.step():
            return True
        sampling, self._running = self._running, None
        self.keep(sampling)
        return True

    def _forget_dropped(self) -> None:
        """Remove the statistics of tables that are gone."""
        catalog = self._engine.catalog
        for table_id in [one for one in self._known if not catalog.has_id(one)]:
            self._tree.delete(_key(table_id))
            for kept in (self._known, self._counted, self._at):
                kept.pop(table_id, None)

    # estimates

    def rows_between(
        self, table: Table, number: int, low: bytes | None, high: bytes | None
    ) -> int | None:
        """About how many entries of an index lie in [low, high), by descending to both ends."""
        rows = self.rows(table)
        if rows is None:
            return None
        root = table.indexes[number].root
        begin = 0 if low is None else self._position(root, low)
        end = kernels.WHOLE if high is None else self._position(root, high)
        return round(rows * max(0, end - begin) / kernels.WHOLE)

    def _position(self, root: int, key: bytes) -> int:
        engine = self._engine
        at = engine.arena.alloc(max(8, len(key)))
        try:
            engine.arena.mem[at : at + len(key)] = bytearray(key)
            return engine.ensure(engine.call(kernels.key_position, root, at, len(key)))
        finally:
            engine.arena.free(at, max(8, len(key)))

    @property
    def page_bytes(self) -> int:
        return int(self._engine.st[ST_PAGE_BYTES])
