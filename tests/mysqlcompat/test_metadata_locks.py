"""Queues of metadata locks: who stands beside whom, who waits, in which order they go on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from btree.errors import LockTimeout
from mysqlcompat.errors import SqlError
from mysqlcompat.metadata_locks import USER_LOCK, Key, MetadataLocks, Mode, Owner
from tests.btree.shop import Shop, open_shop

TABLE = Key("TABLE", "db", "t")
#: MySQL's table (mdl.cc): a row is what is asked for, a column what somebody else holds.
MODES = [mode.name for mode in Mode if mode >= Mode.SHARED_HIGH_PRIO]
BESIDE = """++++++++-
+++++++--
+++++----
+++++----
++++-+---
++--+++--
++---+---
+--------
---------"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        yield shop


def owners(shop: Shop, count: int) -> tuple[MetadataLocks, list[Owner]]:
    locks = MetadataLocks()
    contexts = [shop.engine.open_context() for _ in range(count)]
    return locks, [locks.open(ctx, ctx, shop.engine.locks) for ctx in contexts]


def test_what_stands_beside_what(shop: Shop) -> None:
    allowed = {
        (asked, held): sign == "+"
        for asked, line in zip(MODES, BESIDE.splitlines(), strict=True)
        for held, sign in zip(MODES, line, strict=True)
    }
    for asked, held in itertools.product(MODES, MODES):
        locks, (first, second) = owners(shop, 2)
        assert locks.take(first, TABLE, Mode[held], "TRANSACTION") is not None
        ticket = locks.take(second, TABLE, Mode[asked], "TRANSACTION")
        assert (ticket is not None) == allowed[asked, held], (asked, held)


def test_locks_of_statements_bar_as_tickets_do(shop: Shop) -> None:
    for used, wanted in itertools.product((Mode.SHARED_READ, Mode.SHARED_WRITE), MODES):
        locks, (first, second) = owners(shop, 2)
        first.note(7, used)
        mode = Mode[wanted]
        ticket = locks.take(second, TABLE, mode, "TRANSACTION", table_id=7)
        locks, (first, second) = owners(shop, 2)
        locks.take(first, TABLE, used, "TRANSACTION")
        assert (ticket is None) == (locks.take(second, TABLE, mode, "TRANSACTION") is None)


def test_whoever_waits_goes_first_and_all_go_on_in_order(shop: Shop) -> None:
    async def story() -> list[str]:
        locks, (reader, definer, second, late, last) = owners(shop, 5)
        reader.note(7, Mode.SHARED_READ)
        order: list[str] = []

        async def lock(name: str, owner: Owner, mode: Mode) -> None:
            ticket = await locks.acquire(owner, TABLE, mode, "STATEMENT", 60, 7)
            order.append(name)
            await asyncio.sleep(0)
            locks.release(ticket)

        waits = [
            asyncio.create_task(lock("definer", definer, Mode.EXCLUSIVE)),
            asyncio.create_task(lock("second", second, Mode.EXCLUSIVE)),
            asyncio.create_task(lock("late", late, Mode.SHARED_READ)),
            asyncio.create_task(lock("look", last, Mode.SHARED_HIGH_PRIO)),
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == ["look"]  # a look at the definition waits for nobody who waits
        locks.release_transaction(reader)
        await asyncio.gather(*waits)
        assert list(locks.tickets()) == []
        assert (locks.closed, locks.closed_to_writes) == (0, 0)
        return order

    assert asyncio.run(story()) == ["look", "definer", "second", "late"]


def test_a_wait_given_up_lets_others_pass(shop: Shop) -> None:
    async def story() -> None:
        locks, (reader, definer, late) = owners(shop, 3)
        reader.note(7, Mode.SHARED_READ)
        killed = asyncio.create_task(
            locks.acquire(definer, TABLE, Mode.EXCLUSIVE, "STATEMENT", 60, 7)
        )
        await asyncio.sleep(0)
        waits = asyncio.create_task(
            locks.acquire(late, TABLE, Mode.SHARED_WRITE, "STATEMENT", 60, 7)
        )
        await asyncio.sleep(0)
        assert locks.closed == 1
        killed.cancel()
        await waits
        assert killed.cancelled()
        assert locks.closed == 0
        with pytest.raises(LockTimeout):
            await locks.acquire(definer, TABLE, Mode.EXCLUSIVE, "STATEMENT", 0.01, 7)

    asyncio.run(story())


def test_a_circle_of_user_locks(shop: Shop) -> None:
    async def story() -> None:
        locks, (one, two) = owners(shop, 2)
        left, right = Key(USER_LOCK, "", "left"), Key(USER_LOCK, "", "right")
        locks.take(one, left, Mode.EXCLUSIVE, "EXPLICIT")
        locks.take(two, right, Mode.EXCLUSIVE, "EXPLICIT")
        waits = asyncio.create_task(locks.acquire(one, right, Mode.EXCLUSIVE, "EXPLICIT", 60))
        await asyncio.sleep(0)
        with pytest.raises(SqlError) as error:
            await locks.acquire(two, left, Mode.EXCLUSIVE, "EXPLICIT", 60)
        assert error.value.errno == 3058
        locks.close(two)
        await waits

    asyncio.run(story())
