"""Trees built from sorted entries, and indexes built while rows are changed by others."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from btree import bulk_kernels
from btree.entry_sort import EntrySort
from btree.errors import DuplicateKey
from btree.index_build import IndexBuild
from btree.schema import Index, IndexPart
from btree.tree import BTree
from tests.btree.shop import Shop, open_shop
from tests.btree.test_engine import fill, read_all


def entry(key: bytes, value: bytes) -> bytes:
    return len(key).to_bytes(4, "little") + len(value).to_bytes(4, "little") + key + value


def entries_of(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        key_bytes = int.from_bytes(data[at : at + 4], "little")
        end = at + 8 + key_bytes
        value_bytes = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at + 8 : end], data[end : end + value_bytes]))
        at = end + value_bytes
    return found


@pytest.mark.parametrize("runs", [1, 2, 70])
def test_sorting_gives_what_sorted_gives(tmp_path, runs):
    rng = random.Random(runs)
    with open_shop(tmp_path) as shop:
        sort = EntrySort(shop.arena, shop.st, 8 << 10)
        given: list[tuple[bytes, bytes]] = []
        for _ in range(runs):
            data = b""
            while len(data) < (7 << 10):
                key = rng.randbytes(rng.choice([1, 3, 8, 9, 30, 200]))
                given.append((key, rng.randbytes(11)))
                data += entry(*given[-1])
            shop.arena.mem[sort.room : sort.room + len(data)] = bytearray(data)
            sort.close_run(len(data))
        got = b"".join(shop.arena.mem[at : at + n].tobytes() for at, n in sort.batches())
        assert sorted(entries_of(got)) == sorted(given)
        assert [key for key, _ in entries_of(got)] == sorted(key for key, _ in given)
        assert (sort.spilled_bytes > 0) == (runs > 1)
        sort.close()


@pytest.mark.parametrize("page_bytes", [256, 1024])
def test_a_tree_is_filled_in_order_and_goes_on_living(tmp_path, page_bytes):
    rng = random.Random(page_bytes)
    with open_shop(tmp_path, 512 if page_bytes < 512 else page_bytes, frames=100) as shop:
        tree = BTree.create(shop.engine.store)
        model = {}
        for number in range(3000):
            value = rng.randbytes(rng.randrange(900 if number % 100 == 0 else 20))
            model[b"k%08d" % number] = value
        data = b"".join(entry(*item) for item in sorted(model.items()))
        room = shop.arena.alloc(len(data))
        shop.arena.mem[room : room + len(data)] = bytearray(data)
        at = 0
        while at < len(data):
            arguments = tree.root, room + at, min(len(data) - at, len(data)), 3
            at += shop.engine.ensure(shop.engine.call(bulk_kernels.bulk_append, *arguments))
        assert dict(tree.items()) == model
        for key in rng.sample(sorted(model), 1500):
            if rng.random() < 0.6:
                assert tree.delete(key)
                del model[key]
            else:
                model[key] = rng.randbytes(30)
                assert tree.replace(key, model[key])
                model[key + b"x"] = b"new"
                assert tree.insert(key + b"x", b"new")
        assert dict(tree.items()) == model
        tree.drop()
        shop.finish_background()
        assert shop.engine.check() == []


def change_rows(shop: Shop, rng: random.Random, ctx: int, rows: dict[int, tuple]) -> None:
    """A few random changes; what E_DUPLICATE or a wait refuses is not done."""
    for _ in range(rng.randrange(1, 6)):
        pk = rng.randrange(1, 120)
        row = (pk, rng.randrange(50), rng.choice([None, f"v{rng.randrange(10_000)}"]))
        if pk not in rows:
            if shop.insert(ctx, row) == 0:
                rows[pk] = row
        elif rng.random() < 0.3:
            if shop.delete(ctx, pk) == 0:
                del rows[pk]
        elif shop.update(ctx, pk, row) == 0:
            rows[pk] = row


@pytest.mark.parametrize("seed", range(6))
def test_writers_go_on_while_an_index_is_built(tmp_path, seed, monkeypatch):
    rng = random.Random(seed)
    monkeypatch.setattr("btree.index_build._ROWS", 7)
    monkeypatch.setattr("btree.index_build._RECORDS", 5)
    with open_shop(tmp_path, frames=400) as shop:
        catalog = shop.engine.catalog
        fill(shop, 100)
        rows = {row[0]: row for row in read_all(shop)}
        old = shop.engine.open_context()
        shop.engine.open_view(old)
        seen = shop.scan(old)
        made = catalog.make_trees([Index("us", (IndexPart("u"), IndexPart("s")))])
        new = replace(shop.table, indexes=(*shop.table.indexes, *made))
        build = IndexBuild(shop.engine, new, made)
        writer = shop.engine.open_context()
        long = shop.engine.open_context()
        shop.engine.statement(long)
        more, turns = True, 0
        while more or turns < 40:
            turns += 1
            more = build.step() if more else False
            shop.engine.statement(writer)
            before = dict(rows)
            change_rows(shop, rng, writer, rows)
            if rng.random() < 0.3:
                shop.engine.rollback(writer)
                rows = before
            else:
                shop.engine.commit(writer)
            shop.engine.purge_step(20)
        shop.engine.rollback(long)
        build.finish()
        catalog.alter_table(shop.table, new, trees=made)
        build.close()
        shop.look_up()
        assert shop.engine.check() == []
        assert sorted(read_all(shop, 3)) == [rows[pk] for pk in sorted(rows)]
        assert sorted(shop.scan(old, 3)) == seen
        shop.engine.rollback(old)
        shop.finish_background()
        assert shop.engine.check() == []


@pytest.mark.parametrize("is_scanned", [False, True])
def test_an_older_view_closes_while_an_index_is_built(tmp_path, is_scanned):
    """What only that view needed may be purged, and its pages used again; the build looks there."""
    with open_shop(tmp_path, frames=400) as shop:
        catalog = shop.engine.catalog
        fill(shop, 60, "long text")
        old, writer = shop.engine.open_context(), shop.engine.open_context()
        shop.engine.open_view(old)

        def change_all(number: int) -> None:
            shop.engine.statement(writer)
            for pk in range(1, 61):
                assert shop.update(writer, pk, (pk, number, f"{pk:08}{number}")) == 0
            shop.engine.commit(writer)

        change_all(1)
        change_all(2)
        made = catalog.make_trees([Index("us", (IndexPart("u"), IndexPart("s")))])
        new = replace(shop.table, indexes=(*shop.table.indexes, *made))
        build = IndexBuild(shop.engine, new, made)
        while is_scanned and build.stage != "following changes":
            build.step()
        change_all(3)
        shop.engine.rollback(old)
        shop.finish_background()
        shop.engine.statement(writer)
        for pk in range(61, 461):
            assert shop.insert(writer, (pk, pk, f"{pk:08}" + "x" * 8)) == 0
        shop.engine.commit(writer)
        while build.step():
            pass
        build.finish()
        catalog.alter_table(shop.table, new, trees=made)
        build.close()
        shop.look_up()
        assert sorted(read_all(shop, 3)) == read_all(shop)
        shop.finish_background()
        assert shop.engine.check() == []
        entries = BTree(shop.engine.store, made[0].root).items()
        assert len(list(entries)) == 460


def test_keys_that_move_between_rows_are_no_duplicates(tmp_path):
    """Row 2 takes the key that row 1 gives up, but is met first in the undo stream."""
    with open_shop(tmp_path) as shop:
        catalog = shop.engine.catalog
        ctx = shop.engine.open_context()
        for pk in (1, 2):
            shop.engine.statement(ctx)
            assert shop.insert(ctx, (pk, pk, None)) == 0
        shop.engine.commit(ctx)
        made = catalog.make_trees([Index("once", (IndexPart("u"),), unique=True)])
        new = replace(shop.table, indexes=(*shop.table.indexes, *made))
        build = IndexBuild(shop.engine, new, made)
        assert build.step()
        while build.stage != "following changes":
            build.step()
        shop.engine.statement(ctx)
        for row in ((2, 3, None), (1, 4, None), (2, 1, None)):
            assert shop.update(ctx, row[0], row) == 0
        shop.engine.commit(ctx)
        while build.step():
            pass
        build.finish()
        build.close()
        catalog.alter_table(shop.table, new, trees=made)
        shop.look_up()
        assert read_all(shop, 3) == [(2, 1, None), (1, 4, None)]
        assert shop.engine.check() == []


def test_a_duplicate_made_meanwhile_ends_the_build(tmp_path):
    with open_shop(tmp_path) as shop:
        catalog = shop.engine.catalog
        ctx = shop.engine.open_context()
        for pk in (1, 2):
            shop.engine.statement(ctx)
            assert shop.insert(ctx, (pk, pk, None)) == 0
        shop.engine.commit(ctx)
        made = catalog.make_trees([Index("once", (IndexPart("u"),), unique=True)])
        build = IndexBuild(
            shop.engine, replace(shop.table, indexes=(*shop.table.indexes, *made)), made
        )
        while build.step():
            pass
        shop.engine.statement(ctx)
        assert shop.update(ctx, 2, (2, 1, None)) == 0
        shop.engine.commit(ctx)
        with pytest.raises(DuplicateKey):
            build.finish()
        build.close()
        catalog.abandon_trees(made)
        shop.finish_background()
        assert shop.engine.check() == []


def test_a_build_that_a_crash_cuts_off_leaves_nothing(tmp_path):
    with open_shop(tmp_path, frames=400) as shop:
        fill(shop, 100)
        made = shop.engine.catalog.make_trees([Index("u2", (IndexPart("u"),))])
        build = IndexBuild(
            shop.engine, replace(shop.table, indexes=(*shop.table.indexes, *made)), made
        )
        while build.step():
            pass
        shop.log.publish()
        shop.log.wait_durable(shop.log.next_lsn)
    with open_shop(tmp_path, frames=400) as shop:
        assert [root for _, root in shop.engine.catalog.dropping()] == [made[0].root]
        shop.finish_background()
        assert not list(shop.engine.catalog.dropping())
        assert len(shop.table.indexes) == 3
        assert shop.engine.check() == []
