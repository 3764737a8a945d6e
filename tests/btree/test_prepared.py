"""Rows by one number from Python: the same as the row kernels, whatever gets in the way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from btree import prepared
from btree.errors import BtreeError
from btree.prepared import PreparedGet, PreparedInsert
from redo import jit
from tests.btree.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Pages of 512 bytes in a pool of fewer frames than the rows will take."""
    made = Shop(tmp_path / "shop", frames=64)
    yield made
    made.volume.close()


def test_one_by_one_and_many(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MANY", 50)
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    insert = PreparedInsert(shop.engine, ctx, shop.table, (0, 7, None), 0)
    get = PreparedGet(shop.engine, ctx, shop.table)
    one, look = insert.one(), get.one()
    for number in (5, 3, -2):
        one(number)
    insert.many(np.arange(10, 130))
    shop.engine.commit(ctx)
    shop.engine.statement(ctx)
    assert [shop.codec.decode(look(number)) for number in (-2, 5)] == [[-2, 7, None], [5, 7, None]]
    assert look(4) is None
    found = get.many(np.arange(-3, 140))
    kept = [shop.codec.decode(row)[0] for row in found if row is not None]
    assert kept == [-2, 3, 5, *range(10, 130)]
    assert [number for number, row in enumerate(found, -3) if row is None] == [
        *(-3, -1, 0, 1, 2, 4, 6, 7, 8, 9),
        *range(130, 140),
    ]
    assert get.many(np.empty(0, np.int64)) == []


def test_a_row_that_is_there_already(shop: Shop) -> None:
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    insert = PreparedInsert(shop.engine, ctx, shop.table, (0, 7, None), 0)
    insert.many(np.arange(5))
    with pytest.raises(BtreeError):
        insert.one()(3)
    with pytest.raises(BtreeError):
        insert.many(np.arange(8, 2, -1))
    get = PreparedGet(shop.engine, ctx, shop.table)
    assert [row is None for row in get.many(np.arange(10))] == [False] * 9 + [True]


@pytest.mark.skipif(jit.DISABLED, reason="functions of Python take any number")
def test_what_is_no_number_of_64_bits(shop: Shop) -> None:
    gc.freeze()  # collections below need not look at what all the tests before have left
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    insert = PreparedInsert(shop.engine, ctx, shop.table, (0, 7, None), 0)
    one, look = insert.one(), PreparedGet(shop.engine, ctx, shop.table).one()
    del insert
    gc.collect()  # the functions keep what they need
    for call in (one, look):
        with pytest.raises(TypeError):
            call("1")  # type: ignore[arg-type]
        with pytest.raises(OverflowError):
            call(1 << 63)
    assert look(-1) is None
    one(-1)
    made = [look(-1) for _ in range(3)]
    assert [shop.codec.decode(row) for row in made] == [[-1, 7, None]] * 3
    for _ in range(20):  # they die with all that they need at once, in any order
        cycle: list[object] = [PreparedGet(shop.engine, ctx, shop.table).one()]
        cycle.append(cycle)
        del cycle
        gc.collect()


def test_rows_longer_than_the_room_for_them(shop: Shop) -> None:
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    values = (0, 1, None)
    PreparedInsert(shop.engine, ctx, shop.table, values, 0).many(np.arange(60))
    get = PreparedGet(shop.engine, ctx, shop.table)
    get._make_room(20)  # half a row
    look = get.one()
    assert shop.codec.decode(look(7))[0] == 7
    get._make_room(50)  # a row and a half
    assert [shop.codec.decode(row)[0] for row in get.many(np.arange(60)) if row] == list(range(60))
    assert shop.codec.decode(look(8))[0] == 8
