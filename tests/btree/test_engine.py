"""The engine around rows: dictionary, counters, savepoints, purge, index builds, restarts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from btree import row_kernels
from btree import txn_layout as t
from btree.engine import Engine
from btree.errors import (
    DatabaseExists,
    DuplicateKey,
    ReadOnlyEngine,
    TableExists,
    UnknownDatabase,
    UnknownTable,
)
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from btree.state import ST_ACTIVE_COUNT, ST_UNDO_PAGES
from redo.codes import E_DUPLICATE, E_LOCK_WAIT, E_READ_ONLY
from redo.log import new_state
from redo.state import ST_VDL
from redo.volume import LocalVolume
from tests.btree.shop import TABLE, Shop, open_shop


def fill(shop: Shop, rows: int, text: str | None = None) -> None:
    ctx = shop.engine.open_context()
    for pk in range(1, rows + 1):
        name = None if text is None else f"{pk:08}{text}"
        assert shop.insert(ctx, (pk, pk % 7, name)) == 0
    shop.engine.commit(ctx)
    shop.engine.close_context(ctx)


def read_all(shop: Shop, index: int = 0) -> list:
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    rows = shop.scan(ctx, index)
    shop.engine.close_context(ctx)
    return rows


def reopened(directory: Path) -> Shop:
    return Shop(directory)


def make_durable(shop: Shop) -> None:
    shop.log.wait_durable(shop.log.next_lsn)


def test_a_statement_is_undone_to_where_it_began(tmp_path):
    with open_shop(tmp_path) as shop:
        ctx = shop.engine.open_context()
        shop.engine.statement(ctx)
        assert shop.insert(ctx, (1, 1, "one")) == 0
        shop.engine.statement(ctx)
        assert shop.insert(ctx, (2, 2, "two")) == 0
        assert shop.update(ctx, 1, (1, 9, "nine")) == 0
        assert shop.insert(ctx, (3, 3, "NINE")) == E_DUPLICATE
        shop.engine.rollback_statement(ctx)
        assert shop.scan(ctx) == [(1, 1, "one")]
        shop.engine.commit(ctx)
        assert read_all(shop) == [(1, 1, "one")]
        assert shop.engine.check() == []


def test_old_views_keep_their_rows_until_purge_may_pass(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 40, "x" * 700)  # images of these rows do not fit an undo page
        before = read_all(shop)
        old = shop.engine.open_context()
        shop.engine.statement(old)
        ctx = shop.engine.open_context()
        for pk in range(1, 41):
            assert shop.update(ctx, pk, (pk, 100, f"{pk}-")) == 0
        for pk in range(1, 41, 2):
            assert shop.delete(ctx, pk) == 0
        shop.engine.commit(ctx)
        shop.finish_background()
        assert shop.scan(old) == before
        assert shop.scan(old, 2) == before
        assert shop.engine.check() == []
        assert shop.st[ST_UNDO_PAGES] > 0
        shop.engine.commit(old)
        shop.finish_background()
        assert shop.st[ST_UNDO_PAGES] == 0
        assert [row[0] for row in read_all(shop, 1)] == list(range(2, 41, 2))
        assert shop.engine.check() == []


def test_more_transactions_than_one_system_page_has_slots(tmp_path):
    with open_shop(tmp_path) as shop:
        contexts = [shop.engine.open_context() for _ in range(90)]
        for pk, ctx in enumerate(contexts):
            assert shop.insert(ctx, (pk, 0, None)) == 0
        assert read_all(shop) == []
        assert shop.engine.check() == []
        make_durable(shop)
    shop = reopened(tmp_path)
    assert shop.st[ST_ACTIVE_COUNT] == 90
    assert read_all(shop) == []
    ctx = shop.engine.open_context()
    assert shop.insert(ctx, (5, 0, None)) == E_LOCK_WAIT
    shop.finish_background()
    assert shop.st[ST_ACTIVE_COUNT] == 0
    assert shop.insert(ctx, (5, 0, None)) == 0
    assert shop.engine.check() == []
    shop.close()


def test_auto_increment_survives_and_never_goes_back(tmp_path):
    with open_shop(tmp_path) as shop:
        engine, descriptor = shop.engine, shop.table.descriptor
        assert engine.next_auto_increment(shop.table) == 1
        first = engine.call(row_kernels.autoinc_next, descriptor, 3)
        assert first == 1
        ctx = engine.open_context()
        for pk in (1, 2, 3, 50):
            assert shop.insert(ctx, (pk, 0, None)) == 0
        assert engine.next_auto_increment(shop.table) == 51
        engine.rollback(ctx)
        engine.catalog.raise_counter(shop.table, 40)
        assert engine.next_auto_increment(shop.table) == 51
        make_durable(shop)
    shop = reopened(tmp_path)
    assert shop.engine.next_auto_increment(shop.table) == 51
    shop.engine.catalog.raise_counter(shop.table, 1000)
    assert shop.engine.next_auto_increment(shop.table) == 1000
    fill(shop, 300)  # the root splits; its counter stays
    assert shop.engine.next_auto_increment(shop.table) == 1000
    shop.close()


def test_rows_without_a_primary_key_keep_their_order(tmp_path):
    with open_shop(tmp_path) as shop:
        bare = Table("bare", "shop", (Column("n", ColumnType(TypeKind.INT)),))
        table = shop.engine.catalog.create_table(bare)
        assert table.has_row_id
        codec = RowCodec(shop.arena, shop.st, table)
        ctx = shop.engine.open_context()
        for n in (5, 5, None, 1):
            at, count = codec.encode_at((n, 0))
            insert = row_kernels.row_insert
            assert shop.engine.call(insert, ctx, table.descriptor, at, count) == 0
        shop.engine.commit(ctx)
        shop.table, shop.codec = table, codec
        shop._row = lambda at: tuple(codec.decode_at(at))
        rows = read_all(shop)
        assert [row[0] for row in rows] == [5, 5, None, 1]
        assert len({row[1] for row in rows}) == 4
        assert shop.engine.check() == []


def test_the_dictionary_says_what_is_wrong(tmp_path):
    with open_shop(tmp_path) as shop:
        catalog = shop.engine.catalog
        with pytest.raises(DatabaseExists):
            catalog.create_database("shop")
        with pytest.raises(TableExists):
            catalog.create_table(TABLE)
        with pytest.raises(UnknownDatabase):
            catalog.create_table(replace(TABLE, database="nowhere"))
        with pytest.raises(UnknownTable):
            catalog.drop_table("shop", "nothing")
        assert catalog.table("shop", "nothing") is None


def test_tables_come_and_go_and_leave_no_page(tmp_path):
    with open_shop(tmp_path) as shop:
        catalog = shop.engine.catalog
        fill(shop, 300, "y" * 900)
        version = catalog.version
        catalog.create_database("two", created="now")
        catalog.rename_table("shop", "t", "two", "moved")
        assert catalog.table("shop", "t") is None
        catalog.truncate_table("two", "moved")
        assert shop.engine.estimate_rows(catalog.table("two", "moved")) == 0
        assert catalog.version == version + 3
        assert shop.engine.check() == []  # the old trees wait to be freed
        make_durable(shop)
    shop_again = None
    try:
        shop_again = engine_of(tmp_path)
        catalog = shop_again.catalog
        assert [one.name for one in catalog.databases()] == ["shop", "two"]
        assert len(list(catalog.dropping())) == 3
        while shop_again.background_step():
            pass
        assert shop_again.check() == []
        catalog.drop_database("two")
        while shop_again.background_step():
            pass
        assert list(catalog.all_tables()) == []
        assert shop_again.check() == []
    finally:
        if shop_again is not None:
            shop_again.volume.close()


def engine_of(directory: Path) -> Engine:
    """An engine on an existing volume, whatever tables it has."""
    volume = LocalVolume(str(directory), ring_bytes=8 << 20, durable=False)
    engine = Engine(volume.arena, volume.st, volume.log, volume, 100 * 512)
    engine.open()
    return engine


def test_an_index_is_built_for_every_version_and_dropped(tmp_path):
    with open_shop(tmp_path) as shop:
        catalog = shop.engine.catalog
        fill(shop, 60, "z")
        old = shop.engine.open_context()
        shop.engine.statement(old)
        before = shop.scan(old)
        ctx = shop.engine.open_context()
        for pk in range(1, 30):
            assert shop.update(ctx, pk, (pk, 77, None)) == 0
        assert shop.delete(ctx, 60) == 0
        shop.engine.commit(ctx)
        catalog.create_index("shop", "t", Index("us", (IndexPart("u"), IndexPart("s"))))
        shop.look_up()
        assert shop.engine.check() == []
        assert sorted(shop.scan(old, 3)) == before
        assert [row[0] for row in read_all(shop, 3)][-29:] == list(range(1, 30))
        shop.engine.rollback(old)
        shop.finish_background()
        assert shop.engine.check() == []
        catalog.drop_index("shop", "t", "us")
        shop.finish_background()
        assert shop.engine.check() == []
        with pytest.raises(KeyError):
            catalog.drop_index("shop", "t", "us")


def test_a_unique_index_over_equal_rows_is_refused_without_a_trace(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 20)
        with pytest.raises(DuplicateKey):
            shop.engine.catalog.create_index(
                "shop", "t", Index("once", (IndexPart("u"),), unique=True)
            )
        shop.finish_background()
        assert len(shop.engine.catalog.table("shop", "t").indexes) == 3
        assert shop.engine.check() == []


def test_changes_of_a_dropped_table_are_passed_over(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 10)
        ctx = shop.engine.open_context()
        assert shop.delete(ctx, 3) == 0
        shop.engine.catalog.drop_table("shop", "t")
        shop.engine.rollback(ctx)
        shop.finish_background()
        assert shop.engine.check() == []
        assert shop.st[ST_UNDO_PAGES] == 0


def test_a_follower_sees_what_was_committed_and_changes_nothing(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 30, "w")
        committed = read_all(shop)
        ctx = shop.engine.open_context()
        for pk in range(1, 20):
            assert shop.update(ctx, pk, (pk, 500, None)) == 0
        make_durable(shop)
        st = new_state(shop.arena, int(shop.volume.page_bytes))
        st[ST_VDL] = shop.log.vdl  # reads are as of this LSN
        follower = Engine(shop.arena, st, None, shop.volume, 100 * 512)
        follower.open()
        table = follower.catalog.table("shop", "t")
        assert table == shop.table
        behind = Shop.__new__(Shop)
        behind.__dict__.update(shop.__dict__)
        behind.engine, behind.st = follower, st
        behind.look_up()
        assert read_all(behind) == committed
        assert read_all(behind, 2) == committed
        reader = follower.open_context()
        assert behind.insert(reader, (99, 0, None)) == E_READ_ONLY
        with pytest.raises(ReadOnlyEngine):
            follower.catalog.create_database("no")


def test_a_read_only_transaction_changes_nothing(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 3)
        ctx = shop.engine.open_context()
        shop.engine.words(ctx + t.CTX_FLAGS, 1)[0] = t.CTX_READ_ONLY
        assert shop.delete(ctx, 1) == E_READ_ONLY
        shop.engine.commit(ctx)
        assert shop.delete(ctx, 1) == 0


def test_a_row_larger_than_a_page_comes_back(tmp_path):
    with open_shop(tmp_path) as shop:
        long = "abcdefgh" + "0123456789" * 190
        ctx = shop.engine.open_context()
        assert shop.insert(ctx, (1, 1, long)) == 0
        shop.engine.commit(ctx)
        assert shop.update(ctx, 1, (1, 2, "short")) == 0
        assert shop.update(ctx, 1, (1, 3, long + "!")) == 0
        shop.engine.rollback(ctx)
        assert read_all(shop) == [(1, 1, long)]
        shop.finish_background()
        assert shop.engine.check() == []
