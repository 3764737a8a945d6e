"""Page, pool and tree kernels as plain Python, where every offset is checked.

Run by itself this file starts a second interpreter with ``NUMBA_DISABLE_JIT=1`` for its tests;
there a read or write outside the arena is an assertion, not garbage.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from btree import entry_kernels
from btree.check import check_page, check_space, check_tree, page_reader
from btree.layout import CELLS_AT, LEAF_CELL_HEADER
from btree.page import Page, head_of
from btree.page_kernels import (
    leaf_cell_stage,
    leaf_overwrite,
    page_compact,
    page_insert,
    page_remove,
    page_room,
    page_search,
    page_truncate,
    scratch,
)
from btree.pool import BufferPool
from btree.pool_kernels import page_hash, pool_admit, pool_drop, pool_lookup
from btree.space_kernels import page_format, reserve_begin
from btree.tree import BTree, Store
from btree.tree_kernels import tree_delete, tree_insert, tree_replace, tree_reserve
from redo import jit
from redo.arena import Arena, create_ring
from redo.codes import E_NOT_FOUND
from redo.edit_kernels import mtr_begin, mtr_commit, page_new
from redo.log import LogWriter, Recovered, new_state, start_ring
from redo.state import ST_VDL
from redo.volume import OnePageVolume
from tests.btree.storage import Follower

PAGE_BYTES = 512
plain = pytest.mark.skipif(not jit.DISABLED, reason="run in the interpreter without JIT")


@pytest.mark.skipif(jit.DISABLED, reason="this is the interpreter without JIT")
def test_kernels_as_plain_python():
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", str(Path(__file__))],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-4000:]
    assert " passed" in found.stdout


class FollowedVolume(OnePageVolume):
    """Gives back pages as the log makes them: a volume that has applied everything."""

    def __init__(self, arena: Arena, follower: Follower) -> None:
        self._arena = arena
        self._follower = follower

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        page = self._follower.page(page_no)
        self._arena.mem[frame : frame + len(page)] = bytearray(page)


class Bench:
    """An arena with a log nobody writes out, and a pool."""

    def __init__(self, frames: int = 256) -> None:
        self.arena = Arena(create_ring(1 << 20), 8 << 20)
        self.mem = self.arena.mem
        self.st = new_state(self.arena, PAGE_BYTES)
        recovered = Recovered(1, 4096, 0)
        start_ring(self.arena, recovered)
        self.log = LogWriter(self.arena, self.st, [-1] * 6)
        self.log.open(recovered)
        self.follower = Follower(self.arena, self.st, 4096, PAGE_BYTES)
        volume = FollowedVolume(self.arena, self.follower)
        self.pool = BufferPool(self.arena, self.st, volume, frames * PAGE_BYTES, 1 << 16)

    def page(self, frame: int) -> Page:
        return Page(self.mem[frame : frame + PAGE_BYTES].tobytes())

    def new_leaf(self, page_no: int) -> int:
        frame = pool_admit(self.st, self.mem, page_no, 0)
        mtr_begin(self.st, self.mem)
        page_new(self.st, self.mem, frame, page_no)
        page_format(self.st, self.mem, frame, 0, 0, 0, 1)
        mtr_commit(self.st, self.mem)
        return frame

    def stage(self, key: bytes, value: bytes) -> int:
        """Stage a leaf cell; its bytes."""
        at = self.arena.alloc(1024)
        self.mem[at : at + len(key)] = bytearray(key)
        self.mem[at + 512 : at + 512 + len(value)] = bytearray(value)
        return leaf_cell_stage(self.st, self.mem, at, len(key), at + 512, len(value))

    def search(self, frame: int, key: bytes) -> tuple[int, bool]:
        at = self.arena.alloc(64)
        self.mem[at : at + len(key)] = bytearray(key)
        found = page_search(self.st, self.mem, frame, 0, head_of(key), at, len(key))
        return found >> 1, bool(found & 1)

    def replayed(self) -> None:
        self.log.publish()
        self.st[ST_VDL] = self.log.published_lsn
        self.follower.follow(self.log.published_lsn)
        for page_no in self.pool.pages():
            frame = self.pool.lookup(page_no)
            assert self.page(frame).data == self.follower.page(page_no)


@plain
@pytest.mark.parametrize("seed", range(4))
def test_one_page_equals_a_dict(seed):
    rng, bench = random.Random(seed), Bench()
    st, mem, frame, model = bench.st, bench.mem, bench.new_leaf(7), {}
    for _ in range(400):
        key = b"abcdefgh"[: rng.randrange(9)] + rng.randbytes(rng.randrange(3))
        value = rng.randbytes(rng.randrange(60))
        slot, found = bench.search(frame, key)
        assert (slot, found) == (sum(k < key for k in model), key in model)
        length = bench.stage(key, value)
        assert mtr_begin(st, mem) == 0
        room = page_room(st, mem, frame)
        if found and rng.random() < 0.5:
            page_remove(st, mem, frame, slot)
            del model[key]
        elif found and room >= length:
            leaf_overwrite(st, mem, frame, slot, scratch(st, 4), length)
            model[key] = value
        elif not found and room >= length + 12:
            page_insert(st, mem, frame, slot, scratch(st, 4), length, LEAF_CELL_HEADER, len(key))
            model[key] = value
        elif rng.random() < 0.5:
            keep = rng.randrange(len(model) + 1)
            page_truncate(st, mem, frame, keep)
            model = dict(sorted(model.items())[:keep])
        else:
            page_compact(st, mem, frame)
            assert bench.page(frame).garbage == 0
        mtr_commit(st, mem)
        page = bench.page(frame)
        assert check_page(page, 7) == []
        assert [(slot.key, slot.value) for slot in page.slots] == sorted(model.items())
        assert page_room(st, mem, frame) == PAGE_BYTES - CELLS_AT - sum(
            slot.cell_bytes + 12 for slot in page.slots
        )
        bench.replayed()


@plain
def test_pool_equals_a_dict():
    rng, bench = random.Random(9), Bench(frames=32)
    st, mem, model = bench.st, bench.mem, {}
    # Pages whose probing starts at the same few entries, so that runs form and are cut.
    crowd = [n for n in range(20_000) if page_hash(n) & 63 in (5, 6, 63)][:60]
    for _ in range(3000):
        page_no = rng.choice(crowd)
        if rng.random() < 0.5 and len(model) < 32:
            frame = pool_admit(st, mem, page_no, 0)
            assert model.setdefault(page_no, frame) == frame
        else:
            assert (pool_drop(st, mem, page_no) == 0) == (page_no in model)
            model.pop(page_no, None)
        for known in crowd:
            assert pool_lookup(st, mem, known) == model.get(known, -2)
    assert bench.pool.free == 32 - len(model)
    assert len(set(model.values())) == len(model)


@plain
def test_tree_equals_dict():
    rng, bench, model = random.Random(11), Bench(), {}
    store = Store(bench.arena, bench.st, bench.pool, None)
    store.check(store.call(entry_kernels.volume_create))
    tree = BTree.create(store)
    read = page_reader(bench.arena, bench.pool)
    for step in range(500):
        key = rng.randrange(150).to_bytes(2, "big") * rng.choice((1, 5))
        value = rng.randbytes(rng.choice((0, 5, 30, 60, 900)))
        if rng.random() < (0.7 if step < 250 else 0.3):
            assert tree.insert(key, value) or tree.replace(key, value)
            model[key] = value
        elif tree.delete(key):
            del model[key]
        assert tree.get(key) == model.get(key)
        bench.replayed()
        if step % 10 == 0:
            report = check_tree(read, tree.root)
            assert report.problems + check_space(read, [1, 2, *report.pages]) == []
    assert list(tree.items()) == sorted(model.items())


Change = tuple[
    int, int, int, bytes | None
]  # root, offset and length of the key, value (None: delete)


def reserve_all(bench: Bench, store: Store, changes: list[Change]) -> None:
    """Reserve for all changes, fetching what is missed, as row kernels and their callers do."""
    while True:
        reserve_begin(bench.st)
        for root, key, key_bytes, value in changes:
            wanted = -1 if value is None else len(value)
            code = tree_reserve(bench.st, bench.mem, root, key, key_bytes, wanted)
            if code < 0:
                break
        else:
            return
        assert store.settle(code), code


@plain
@pytest.mark.parametrize("seed", range(3))
def test_what_is_reserved_is_enough(seed):
    """Several changes in one MTR on two trees, after evictions: none may miss a page."""
    rng, bench = random.Random(seed), Bench(frames=64)
    store = Store(bench.arena, bench.st, bench.pool, bench.log)
    store.check(store.call(entry_kernels.volume_create))
    trees = [BTree.create(store), BTree.create(store)]
    models: list[dict[bytes, bytes]] = [{}, {}]
    place = bench.arena.alloc(256)
    value_at = bench.arena.alloc(2048)
    for step in range(300):
        bench.replayed()
        for page_no in bench.pool.pages():
            if rng.random() < 0.3:
                pool_drop(bench.st, bench.mem, page_no)
        changes: list[Change] = []
        for number in range(rng.randrange(1, 4)):
            which, key = rng.randrange(2), rng.randrange(250).to_bytes(2, "big") * 6
            at = place + 64 * number
            bench.mem[at : at + len(key)] = bytearray(key)
            gone = rng.random() < (0.25 if step % 150 < 90 else 0.8)
            value = None if gone else rng.randbytes(rng.choice((10, 40, 90, 700)))
            changes.append((trees[which].root, at, len(key), value))
        reserve_all(bench, store, changes)
        assert mtr_begin(bench.st, bench.mem) == 0
        for root, at, key_bytes, value in changes:
            model = models[0 if root == trees[0].root else 1]
            key = bench.mem[at : at + key_bytes].tobytes()
            run = (bench.st, bench.mem, root, at, key_bytes)
            if value is None:
                code, expected = tree_delete(*run), 0 if key in model else E_NOT_FOUND
                model.pop(key, None)
            else:
                bench.mem[value_at : value_at + len(value)] = bytearray(value)
                change = tree_replace if key in model else tree_insert
                code, expected = change(*run, value_at, len(value)), 0
                model[key] = value
            assert code == expected, (step, code)
        mtr_commit(bench.st, bench.mem)
    bench.replayed()
    read = page_reader(bench.arena, bench.pool)
    used = [1, 2]
    for tree, model in zip(trees, models, strict=True):
        report = check_tree(read, tree.root)
        used += report.pages
        assert report.problems == []
        assert list(tree.items()) == sorted(model.items())
    assert check_space(read, used) == []
