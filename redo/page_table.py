"""The memory of a full copy's index: page table, lists of older images, runs being gathered.

Python allocates and enlarges; `page_table_kernels` and `index_kernels` use it. All under
`Segment.lock`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from redo import page_table_kernels
from redo.arena import Arena, Words
from redo.page_store import PageStore
from redo.runs import Pairs, Run
from redo.segment_layout import (
    ENTRY_BYTES,
    HOT_SLOTS,
    OLDER_BYTES,
    PAIR_BYTES,
    S_CHAIN_AT,
    S_CHAIN_SLOTS,
    S_HASH_AT,
    S_HASH_SLOTS,
    S_HASH_USED,
    S_HOT_AT,
    S_INDEX_FDS_AT,
    S_LIVE_AT,
    S_OLDER_AT,
    S_OLDER_FREE,
    S_OLDER_LEFT,
    S_OLDER_SLOTS,
    S_REMADE,
    S_REMADE_AT,
    S_REMADE_SLOTS,
    S_STARTS_AT,
    S_STARTS_SLOTS,
    S_STORE_FDS_AT,
    S_SUMS_AT,
    S_TOUCHED,
    S_TOUCHED_AT,
    S_TOUCHED_SLOTS,
    S_WINDOW_AT,
    SEGMENT_BYTES,
    START_BYTES,
    STARTS_AT_FIRST,
    STORE_ENTRY_BYTES,
    SUM_BYTES,
    SUMS_A_START,
    WINDOW_BYTES,
)

_SLOTS_AT_FIRST = 4096
_CHAIN_AT_FIRST = 4096
#: Tables that grow: word of the place, word of the number of slots, bytes a slot.
_TABLES = (
    (S_HASH_AT, S_HASH_SLOTS, ENTRY_BYTES),
    (S_OLDER_AT, S_OLDER_SLOTS, OLDER_BYTES),
    (S_TOUCHED_AT, S_TOUCHED_SLOTS, 8),
    (S_REMADE_AT, S_REMADE_SLOTS, PAIR_BYTES),
    (S_CHAIN_AT, S_CHAIN_SLOTS, 8),
)


class PageTable:
    """The tables of one copy; `seg` is its segment block."""

    def __init__(self, arena: Arena, seg: int, store: PageStore) -> None:
        self._arena = arena
        self._seg = seg
        self._store = store
        #: Where images are that were given up in a former life.
        self.given_up: list[Words] = []
        self._words = arena.words(seg, SEGMENT_BYTES // 8)
        self._put(S_WINDOW_AT, arena.alloc(WINDOW_BYTES))
        self._put(S_HOT_AT, arena.alloc(8 * HOT_SLOTS))
        self._put(S_STORE_FDS_AT, store.fds_at)
        self._put(S_INDEX_FDS_AT, store.index_fds_at)
        self._put(S_LIVE_AT, store.live_at)
        self._put(S_OLDER_FREE, -1)
        for place, slots, size in _TABLES:
            count = _CHAIN_AT_FIRST if place == S_CHAIN_AT else _SLOTS_AT_FIRST
            at = arena.alloc(count * size)
            if place == S_HASH_AT:
                arena.mem[at : at + count * size] = 0
            self._put(place, at)
            self._put(slots, 0 if place == S_OLDER_AT else count)
        self._grow_older()

    def _put(self, word: int, value: int) -> None:
        self._words[word >> 3] = value

    def _get(self, word: int) -> int:
        return int(self._words[word >> 3])

    # room

    def _enlarge(self, place: int, slots: int, size: int, used: int) -> None:
        """Twice the slots for a plain table of which `used` are in use."""
        old, count = self._get(place), self._get(slots)
        new = self._arena.alloc(2 * count * size)
        mem = self._arena.mem
        mem[new : new + used * size] = mem[old : old + used * size]
        self._arena.free(old, count * size)
        self._put(place, new)
        self._put(slots, 2 * count)

    def _grow_hash(self) -> None:
        slots, old = self._get(S_HASH_SLOTS), self._get(S_HASH_AT)
        new = self._arena.alloc(2 * slots * ENTRY_BYTES)
        page_table_kernels.hash_grow(self._arena.mem, self._seg, new, 2 * slots)
        self._arena.free(old, slots * ENTRY_BYTES)

    def _grow_older(self) -> None:
        slots, old = self._get(S_OLDER_SLOTS), self._get(S_OLDER_AT)
        new = self._arena.alloc(max(_SLOTS_AT_FIRST, 2 * slots) * OLDER_BYTES)
        count = max(_SLOTS_AT_FIRST, 2 * slots)
        page_table_kernels.older_grow(self._arena.mem, self._seg, new, count)
        self._arena.free(old, max(slots, _SLOTS_AT_FIRST) * OLDER_BYTES)

    def grow(self) -> None:
        """Room for more log: whatever of the index is nearly full is enlarged."""
        touched, remade = self._get(S_TOUCHED), self._get(S_REMADE)
        if 2 * touched >= self._get(S_TOUCHED_SLOTS):
            self._enlarge(S_TOUCHED_AT, S_TOUCHED_SLOTS, 8, touched)
        elif 2 * remade >= self._get(S_REMADE_SLOTS):
            self._enlarge(S_REMADE_AT, S_REMADE_SLOTS, PAIR_BYTES, remade)
        elif 4 * self._get(S_HASH_USED) >= self._get(S_HASH_SLOTS):
            self._grow_hash()
        else:  # a batch of very many records
            self._enlarge(S_TOUCHED_AT, S_TOUCHED_SLOTS, 8, touched)
            self._enlarge(S_REMADE_AT, S_REMADE_SLOTS, PAIR_BYTES, remade)
            self._grow_hash()

    def note_starts(self, log_bytes: int) -> None:
        """Have room to note where batches start in so much log (`sealed_log_kernels`)."""
        slots, old = self._get(S_STARTS_SLOTS), self._get(S_STARTS_AT)
        wanted = max(STARTS_AT_FIRST, log_bytes // START_BYTES + STARTS_AT_FIRST)
        if wanted <= slots:
            return
        count = 1 << (wanted - 1).bit_length()
        new = self._arena.alloc(8 * count)
        noted = self._arena.words(new, count)
        noted[:] = 0
        sums_bytes = SUM_BYTES * SUMS_A_START
        sums = self._arena.alloc(sums_bytes * count)
        self._arena.words(sums, sums_bytes * count // 8)[:] = 0
        if slots:  # a slot goes where its block does: either place, what is wrong is found out
            noted[:] = np.tile(self._arena.words(old, slots), count // slots)
            self._arena.free(old, 8 * slots)
            self._arena.free(self._get(S_SUMS_AT), sums_bytes * slots)
        self._put(S_SUMS_AT, sums)
        self._put(S_STARTS_AT, new)
        self._put(S_STARTS_SLOTS, count)

    def grow_chain(self) -> None:
        """Room for a page with more records to apply."""
        self._enlarge(S_CHAIN_AT, S_CHAIN_SLOTS, 8, 0)

    def make_room(self, images: int) -> None:
        """Room for so many stored images."""
        while 2 * (self._get(S_HASH_USED) + images) > self._get(S_HASH_SLOTS):
            self._grow_hash()
        while self._get(S_OLDER_LEFT) < images:
            self._grow_older()

    # contents

    def load(self, shared: Sequence[tuple[int, int, int]], floor: int) -> None:
        """Enter what the page files hold, once; what is torn behind it is cut off.

        Their indexes have images, too, which nobody needs who reads at `floor` or later: some of
        them are no longer there, and the room of the others is to be given back (`given_up`).
        """
        if self._store.files:
            return
        limits = {(pg, sequence): images for pg, sequence, images in shared}
        for file, entries in self._store.open(limits):
            good = self.enter(file.location, entries)
            self._store.cut(file, good, entries)
        self._store.save_entries()
        self.given_up.append(self.prune(floor, 0, self._get(S_HASH_SLOTS)))

    def enter(self, location: int, entries: bytes) -> int:
        """Enter store index entries, the first one's image at `location`; how many are good."""
        count = len(entries) // STORE_ENTRY_BYTES
        self.make_room(count)
        size = max(1, len(entries))
        at = self._arena.alloc(size)
        mem = self._arena.mem
        mem[at : at + len(entries)] = memoryview(entries)
        good = int(page_table_kernels.versions_load(mem, self._seg, at, count, location))
        self._arena.free(at, size)
        return good

    def prune(self, floor: int, first: int, count: int) -> Words:
        """Forget images nobody needs who reads at `floor` or later, in slots first …; where
        they are."""
        older = self._get(S_OLDER_SLOTS) - self._get(S_OLDER_LEFT)
        out = self._arena.alloc(8 * max(1, older))
        mem = self._arena.mem
        freed = int(page_table_kernels.versions_prune(mem, self._seg, floor, first, count, out))
        locations = self._arena.words(out, freed).copy()
        self._arena.free(out, 8 * max(1, older))
        return locations

    def take_over(self, run: Run) -> None:
        """Index a run of a former life."""
        self.make_room(len(run.heads))
        self._with_pairs(run.heads, page_table_kernels.heads_load)
        used = self._get(S_REMADE)
        while used + len(run.remade) > self._get(S_REMADE_SLOTS):
            self._enlarge(S_REMADE_AT, S_REMADE_SLOTS, PAIR_BYTES, used)
        self._remade(used, len(run.remade))[:] = run.remade
        self._put(S_REMADE, used + len(run.remade))

    def _with_pairs(self, pairs: Pairs, kernel: Callable[..., int]) -> None:
        at = self._arena.alloc(max(1, PAIR_BYTES * len(pairs)))
        self._arena.words(at, 2 * len(pairs))[:] = pairs.ravel()
        kernel(self._arena.mem, self._seg, at, len(pairs))
        self._arena.free(at, max(1, PAIR_BYTES * len(pairs)))

    def _remade(self, first: int, count: int) -> Pairs:
        at = self._get(S_REMADE_AT) + PAIR_BYTES * first
        return self._arena.words(at, 2 * count).reshape(-1, 2)

    def finished(self, run: Run) -> Run:
        """The run that was gathered, with its pages; the next one begins."""
        count = self._get(S_TOUCHED)
        at = self._arena.alloc(max(1, PAIR_BYTES * count))
        mem = self._arena.mem
        page_table_kernels.heads_store(mem, self._seg, self._get(S_TOUCHED_AT), count, at)
        heads = self._arena.words(at, 2 * count).reshape(-1, 2).copy()
        self._arena.free(at, max(1, PAIR_BYTES * count))
        self._put(S_TOUCHED, 0)
        remade = self._remade(0, self._get(S_REMADE))
        return replace(run, heads=heads, remade=remade[remade[:, 0] >= run.lsn].copy())

    def forget_remade(self, lsn: int) -> None:
        """Nobody reads below `lsn` any more: what was made again before is what it is."""
        remade = self._remade(0, self._get(S_REMADE))
        kept = remade[remade[:, 0] >= lsn].copy()
        self._remade(0, len(kept))[:] = kept
        self._put(S_REMADE, len(kept))

    def close(self) -> None:
        """Give the arena back."""
        for place, slots, size in _TABLES:
            self._arena.free(self._get(place), self._get(slots) * size)
        if self._get(S_STARTS_SLOTS):
            slots = self._get(S_STARTS_SLOTS)
            self._arena.free(self._get(S_STARTS_AT), 8 * slots)
            self._arena.free(self._get(S_SUMS_AT), SUM_BYTES * SUMS_A_START * slots)
        self._arena.free(self._get(S_WINDOW_AT), WINDOW_BYTES)
        self._arena.free(self._get(S_HOT_AT), 8 * HOT_SLOTS)
