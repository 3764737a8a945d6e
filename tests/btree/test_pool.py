"""The buffer pool under pressure: hot pages stay, scans read ahead, everything stays bounded."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from btree import cursor_kernels, pool_kernels
from btree import txn_layout as t
from btree.state import ST_AHEAD_COUNT, ST_HOT_COUNT
from btree.tree import BTree
from redo.volume import LocalVolume
from tests.btree.shop import Shop
from tests.btree.storage import Pages, open_pages

FRAMES = 128


def grow(pages: Pages, entries: int) -> BTree:
    tree = BTree.create(pages.store)
    for number in range(entries):
        assert tree.insert(number.to_bytes(8, "big"), b"v" * 40)
    pages.settle_log()
    return tree


def leaf_misses(pages: Pages, tree: BTree, numbers: list[int]) -> int:
    before = pages.pool.reads
    for number in numbers:
        assert tree.get(number.to_bytes(8, "big")) is not None
    return pages.pool.reads - before


def test_a_full_scan_leaves_the_hot_pages(tmp_path: Path) -> None:
    with open_pages(tmp_path, page_bytes=1024, frames=FRAMES) as pages:
        tree = grow(pages, 40_000)  # about 2,500 leaves: twenty pools
        step = 17
        hot = [step * number for number in range(40)]  # on leaves of their own, nearly
        cold = random.Random(1)
        for _ in range(60):  # found again and again, among others that are not
            leaf_misses(pages, tree, hot)
            leaf_misses(pages, tree, [cold.randrange(40_000) for _ in range(10)])
        assert leaf_misses(pages, tree, hot) == 0
        assert sum(1 for _ in tree.items()) == 40_000
        assert leaf_misses(pages, tree, hot) <= 4
        assert int(pages.st[ST_HOT_COUNT]) <= FRAMES * 5 // 8
        assert pages.pool.frames == FRAMES
        pages.check(tree)


def test_what_was_hot_makes_room_for_what_is(tmp_path: Path) -> None:
    with open_pages(tmp_path, page_bytes=1024, frames=FRAMES) as pages:
        tree = grow(pages, 20_000)
        for start in (0, 10_000):
            hot = [start + 17 * number for number in range(30)]
            for _ in range(80):
                leaf_misses(pages, tree, hot)
                leaf_misses(pages, tree, random.sample(range(20_000), 10))
            assert leaf_misses(pages, tree, hot) <= 3


class Counted:
    """Counts the questions a shop's volume gets."""

    def __init__(self, shop: Shop) -> None:
        self.one_by_one = 0
        self.ahead: list[int] = []
        volume: LocalVolume = shop.volume
        read = volume.read_page

        def read_page(page_no: int, lsn: int, frame: int) -> None:
            self.one_by_one += 1
            read(page_no, lsn, frame)

        beside = volume.another()
        ask = beside.pages_ask

        def pages_ask(page_nos: list[int], lsn: int) -> None:
            self.ahead.append(len(page_nos))
            ask(page_nos, lsn)

        beside.pages_ask = pages_ask  # type: ignore[method-assign, assignment]
        shop.engine.pool._ahead._own = beside
        volume.read_page = read_page  # type: ignore[method-assign]


def filled(directory: Path, rows: int, frames: int) -> Shop:
    shop = Shop(directory, 512, frames)
    ctx = shop.engine.open_context()
    for number in random.Random(3).sample(range(rows), rows):
        assert shop.insert(ctx, (number, (number * 7919) % rows, f"{number:08d}")) == 0
        if number % 50 == 0:
            shop.engine.commit(ctx)
    shop.engine.commit(ctx)
    shop.log.wait_durable(shop.log.next_lsn)
    shop.engine.close_context(ctx)
    return shop


@pytest.mark.parametrize("index", [0, 1], ids=["clustered", "by an index"])
@pytest.mark.parametrize("backward", [0, 1], ids=["forward", "backward"])
def test_a_scan_reads_ahead(tmp_path: Path, index: int, backward: int) -> None:
    shop = filled(tmp_path, 2000, 256)
    pool = shop.engine.pool
    pool.clear()
    counted = Counted(shop)
    reads = pool.reads
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    seen = shop.scan(ctx, index, backward=backward)
    assert len(seen) == 2000
    key = (lambda row: row[0]) if index == 0 else (lambda row: row[1])
    assert seen == sorted(seen, key=key, reverse=bool(backward))
    assert pool.read_ahead > 100
    if index == 0:  # no page twice: they are some 420
        assert pool.reads - reads + pool.read_ahead < 500
    assert max(counted.ahead) <= 256 // 32
    assert shop.engine.check() == []
    shop.close()


def test_a_short_range_reads_nothing_in_vain(tmp_path: Path) -> None:
    shop = filled(tmp_path, 2000, 256)
    ahead = shop.engine.pool.read_ahead
    shop.engine.pool.clear()
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    assert len(shop.scan(ctx, 0, (5,), (9,))) == 5
    assert shop.engine.pool.read_ahead == ahead
    assert int(shop.st[ST_AHEAD_COUNT]) == 0
    shop.close()


def test_many_misses_are_one_question(tmp_path: Path) -> None:
    shop = filled(tmp_path, 500, 256)
    pool = shop.engine.pool
    pages = [no for no in pool.pages() if no > 2][:20]
    before = {no: shop.arena.mem[pool.lookup(no) or 0 :][:512].tobytes() for no in pages}
    pool.clear()
    reads = pool.reads
    pool.fetch_many([*pages, *pages])
    assert pool.reads == reads + len(pages)
    for no in pages:
        frame = pool.lookup(no)
        assert frame is not None
        after = shop.arena.mem[frame : frame + 512].tobytes()
        assert after[:16] + after[20:] == before[no][:16] + before[no][20:]
    shop.close()


def test_a_page_is_kept_until_it_is_durable(tmp_path: Path) -> None:
    with open_pages(tmp_path, page_bytes=1024, frames=32) as pages:
        tree = grow(pages, 2000)
        assert tree.insert(b"new", b"value")
        new = [no for no in pages.pool.pages() if pages.read(no).page_lsn >= pages.log.vdl]
        assert new
        gone = 0
        while gone >= 0:
            gone = int(pool_kernels.pool_evict(pages.st, pages.arena.mem, pages.log.vdl, 1))
            assert gone not in new
        assert set(new) <= set(pages.pool.pages())
        assert pages.pool.not_durable() == len(new)


def test_a_cursor_goes_on_after_reading_ahead(tmp_path: Path) -> None:
    """Changes between two calls: what was asked for ahead is never older than what is there."""
    shop = filled(tmp_path, 1500, 200)
    shop.engine.pool.clear()
    reader, writer = shop.engine.open_context(), shop.engine.open_context()
    shop.engine.begin(reader, t.ISOLATION_READ_UNCOMMITTED)
    shop.engine.statement(reader)
    bounds = (0, -1, 1, 0, -1, 1, 0, 0)
    assert (
        shop.engine.call(
            cursor_kernels.cursor_open, reader, shop.cursor, shop.table.descriptor, 0, *bounds
        )
        == 0
    )
    last = -1
    changed: dict[int, int] = {}
    rng = random.Random(5)
    while count := shop.engine.call(cursor_kernels.cursor_next, shop.cursor, shop.out, 8):
        assert count > 0, count
        rows = [shop._row(int(at)) for at in shop.engine.words(shop.out, count)]
        for row in rows:
            assert row[0] > last
            last = row[0]
            assert row[1] == changed.get(row[0], (row[0] * 7919) % 1500)
        if last + 40 < 1500:
            pk = last + rng.randrange(1, 40)
            changed[pk] = changed.get(pk, 10_000) + 1
            assert shop.update(writer, pk, (pk, changed[pk], f"{pk:08d}")) == 0
            shop.engine.commit(writer)
            shop.log.publish()
    assert last == 1499
    shop.close()
