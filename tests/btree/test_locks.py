"""Waiting: deadlocks and their victims, waking, timeouts, shared locks."""

from __future__ import annotations

import pytest

from btree import txn_layout as t
from btree.errors import Deadlock, LockTimeout
from redo.codes import E_LOCK_WAIT
from tests.btree.shop import Shop, open_shop


def filled(shop: Shop, rows: int = 6) -> None:
    """Rows 0… with u = id."""
    ctx = shop.engine.open_context()
    for pk in range(rows):
        assert shop.insert(ctx, (pk, pk, None)) == 0
    shop.engine.commit(ctx)
    shop.engine.close_context(ctx)


def started(shop: Shop, count: int) -> list[int]:
    """Contexts in a transaction."""
    contexts = [shop.engine.open_context() for _ in range(count)]
    for ctx in contexts:
        shop.engine.begin(ctx)
        shop.engine.statement(ctx)
    return contexts


def blocked(shop: Shop, ctx: int, code: int):
    """The wait that a call's code asks for."""
    assert code == E_LOCK_WAIT
    return shop.engine.locks.wait(ctx)


def test_waiters_are_woken_in_order_when_the_holder_ends(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b, c = started(shop, 3)
        assert shop.update(a, 1, (1, 10, None)) == 0
        order: list[int] = []
        for ctx in (b, c):
            wait = blocked(shop, ctx, shop.update(ctx, 1, (1, 20, None)))
            wait.add_done_callback(lambda wait: order.append(wait.ctx))
        assert order == []
        shop.engine.commit(a)
        assert order == [b]
        assert shop.update(b, 1, (1, 20, None)) == 0
        shop.engine.commit(b)
        assert order == [b, c]
        assert shop.update(c, 1, (1, 30, None)) == 0


def test_a_rollback_wakes_too(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b = started(shop, 2)
        assert shop.delete(a, 1) == 0
        wait = blocked(shop, b, shop.update(b, 1, (1, 20, None)))
        shop.engine.rollback(a)
        wait.result()
        assert shop.update(b, 1, (1, 20, None)) == 0


def test_the_victim_of_a_deadlock_has_changed_least(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b = started(shop, 2)
        assert shop.update(a, 1, (1, 10, None)) == 0
        assert shop.update(b, 2, (2, 20, None)) == 0
        assert shop.update(b, 3, (3, 20, None)) == 0
        first = blocked(shop, a, shop.update(a, 2, (2, 10, None)))
        second = blocked(shop, b, shop.update(b, 1, (1, 20, None)))
        assert shop.engine.locks.deadlocks == 1
        assert not second.done()
        with pytest.raises(Deadlock):
            first.result()
        shop.engine.rollback(a)
        second.result()
        assert shop.update(b, 1, (1, 20, None)) == 0


def test_among_equals_the_one_who_closes_the_circle_is_the_victim(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        contexts = started(shop, 3)
        for pk, ctx in enumerate(contexts):
            assert shop.update(ctx, pk, (pk, 9, None)) == 0
        waits = [
            blocked(shop, ctx, shop.update(ctx, (pk + 1) % 3, ((pk + 1) % 3, 9, None)))
            for pk, ctx in enumerate(contexts)
        ]
        with pytest.raises(Deadlock):
            waits[2].result()
        assert [wait.done() for wait in waits] == [False, False, True]
        assert len(shop.engine.locks.all_waits()) == 2


def test_a_wait_given_up_raises_and_leaves_no_edge(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b = started(shop, 2)
        assert shop.update(a, 1, (1, 10, None)) == 0
        wait = blocked(shop, b, shop.update(b, 1, (1, 20, None)))
        shop.engine.locks.cancel(wait)
        with pytest.raises(LockTimeout):
            wait.result()
        assert shop.engine.locks.all_waits() == []
        assert shop.engine.word(a, t.CTX_WAITERS) == 0
        shop.engine.commit(a)


def test_shared_locks_stand_together_and_against_writers(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b, c = started(shop, 3)
        for ctx in (a, b):
            assert shop.get(ctx, 1, t.MODE_SHARED) == (1, 1, None)
        wait = blocked(shop, c, shop.update(c, 1, (1, 5, None)))
        assert set(shop.engine.locks.edges(wait)) == {a, b}
        shop.engine.commit(a)
        assert shop.engine.locks.edges(wait) == [b]
        # The last holder of a shared lock may make it exclusive, whoever waits for it.
        assert shop.get(b, 1, t.MODE_EXCLUSIVE) == (1, 1, None)
        assert not wait.done()
        shop.engine.commit(b)
        wait.result()
        assert shop.update(c, 1, (1, 5, None)) == 0


def test_a_scan_for_update_locks_what_it_gives(tmp_path):
    with open_shop(tmp_path) as shop:
        filled(shop)
        a, b = started(shop, 2)
        assert len(shop.scan(a, 1, (2,), (4,), mode=t.MODE_EXCLUSIVE)) == 3
        assert shop.update(b, 1, (1, 9, None)) == 0
        assert shop.delete(b, 3) == E_LOCK_WAIT
        shop.engine.rollback(a)
        assert shop.delete(b, 3) == 0


def test_more_locks_than_the_table_has_room_for(tmp_path):
    with open_shop(tmp_path, page_bytes=16384) as shop:
        filled(shop, 9000)
        a, b = started(shop, 2)
        assert len(shop.scan(a, mode=t.MODE_SHARED)) == 9000
        assert shop.delete(b, 8999) == E_LOCK_WAIT
        shop.engine.commit(a)
        assert shop.delete(b, 8999) == 0


def test_a_unique_key_of_somebody_active_is_waited_for(tmp_path):
    with open_shop(tmp_path) as shop:
        a, b = started(shop, 2)
        assert shop.insert(a, (1, 1, "same")) == 0
        wait = blocked(shop, b, shop.insert(b, (2, 2, "SAME")))
        shop.engine.rollback(a)
        wait.result()
        assert shop.insert(b, (2, 2, "SAME")) == 0
