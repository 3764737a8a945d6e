"""Statistics: exact for small tables, near for large ones, kept over a restart, kept up to date."""

from __future__ import annotations

import pytest

from btree.statistics import LEAVES_SAMPLED, Sampling
from tests.btree.shop import TABLE, Shop, open_shop


def fill(shop: Shop, first: int, last: int) -> None:
    ctx = shop.engine.open_context()
    for pk in range(first, last):
        assert shop.insert(ctx, (pk, pk % 7, f"{pk:06}")) == 0
    shop.engine.commit(ctx)
    shop.engine.close_context(ctx)


def known(shop: Shop, table):
    return shop.engine.statistics.of(table)


def test_a_small_table_is_counted_exactly(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 0, 30)
        table = shop.engine.catalog.table(TABLE.database, TABLE.name)
        made = shop.engine.statistics.analyze(table)
        assert made.rows == 30
        assert made.indexes[0].different == (30,)
        assert made.indexes[1].different == (7, 30)
        assert made.indexes[2].different == (30, 30)


def test_a_large_table_is_estimated_within_a_third(tmp_path):
    with open_shop(tmp_path, page_bytes=512) as shop:
        fill(shop, 0, 3000)
        table = shop.engine.catalog.table(TABLE.database, TABLE.name)
        made = shop.engine.statistics.analyze(table)
        assert made.indexes[0].leaves > LEAVES_SAMPLED == made.indexes[0].sampled
        assert 2000 < made.rows < 4000
        assert made.indexes[0].pages > made.indexes[0].leaves
        statistics = shop.engine.statistics
        half = statistics.rows_between(table, 0, None, (1 << 63 | 1500).to_bytes(8, "big"))
        assert half is not None
        assert 0.3 * made.rows < half < 0.7 * made.rows
        assert statistics.rows_between(table, 0, None, None) == made.rows


def test_a_table_is_due_after_a_tenth_of_its_rows_have_changed(tmp_path):
    with open_shop(tmp_path, page_bytes=4096) as shop:
        statistics = shop.engine.statistics
        fill(shop, 0, 300)
        table = shop.engine.catalog.table(TABLE.database, TABLE.name)
        statistics.analyze(table)
        statistics._at.clear()
        fill(shop, 300, 325)
        assert statistics.due() is None
        assert shop.engine.estimate_rows(table) == 325
        fill(shop, 325, 350)
        assert statistics.due() == table
        statistics._next_look = 0.0
        while statistics.background_step():
            pass
        assert known(shop, table).rows == 350
        assert shop.engine.check() == []


def test_statistics_survive_a_restart_and_go_with_their_table(tmp_path):
    with open_shop(tmp_path) as shop:
        fill(shop, 0, 40)
        table = shop.engine.catalog.table(TABLE.database, TABLE.name)
        made = shop.engine.statistics.analyze(table)
        shop.log.wait_durable(shop.log.next_lsn)
    with open_shop(tmp_path) as shop:
        table = shop.engine.catalog.table(TABLE.database, TABLE.name)
        assert known(shop, table) == made
        shop.engine.catalog.drop_table(TABLE.database, TABLE.name)
        shop.engine.statistics._next_look = 0.0
        while shop.engine.background_step():
            pass
        assert shop.engine.statistics._tree.get(b"S" + table.table_id.to_bytes(8, "big")) is None
        assert shop.engine.check() == []


@pytest.mark.parametrize("steps", [1, 3])
def test_a_sampling_ends_with_the_index_it_looks_at(tmp_path, steps):
    """The pages of a dropped index are something else by the next step."""
    with open_shop(tmp_path, page_bytes=512, frames=2000) as shop:
        catalog, statistics = shop.engine.catalog, shop.engine.statistics
        fill(shop, 0, 500)
        statistics.analyze(shop.table)
        sampling = Sampling(shop.engine, shop.table)
        for _ in range(steps):
            assert sampling.step()
        catalog.drop_index(TABLE.database, TABLE.name, "s")
        assert not sampling.step()
        assert statistics.keep(sampling) is None
        table = catalog.table(TABLE.database, TABLE.name)
        assert len(statistics.analyze(table).indexes) == 2
        sampling = Sampling(shop.engine, table)
        assert sampling.step()
        catalog.drop_table(TABLE.database, TABLE.name)
        assert not sampling.step()
        shop.finish_background()
        assert shop.engine.check() == []
