"""A pool that is full of what is not durable yet: who needs room in it waits, and nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from btree.tree import Store
from mysqlcompat.write_gate import NO_FRAMES
from tests.mysqlcompat.local_node import LocalNode, Talk

POOL_BYTES = 1 << 20
ROWS = 800  #: five on a page
PATIENCE_S = 300.0


class Patient(LocalNode):
    """A node of which nothing becomes durable for a while; meanwhile others run."""

    is_held = False

    async def durable(self, lsn: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.is_held:
            assert time.monotonic() < deadline
            await asyncio.sleep(0)
        await super().durable(lsn)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Patient]:
    node = Patient(tmp_path, pool_bytes=POOL_BYTES)
    try:
        yield node
    finally:
        node.close()


def talk_to(node: Patient) -> Talk:
    talk = Talk(node)
    talk.done("USE d")
    return talk


@pytest.mark.parametrize("change", ["UPDATE t SET k = k + 1", "INSERT INTO u SELECT * FROM t"])
def test_others_are_answered(node: Patient, change: str) -> None:
    Talk(node).done("CREATE DATABASE d")
    writer, reader = talk_to(node), talk_to(node)
    writer.done("CREATE TABLE t (id INT PRIMARY KEY, k INT, b VARCHAR(4000))")
    writer.done("CREATE TABLE u LIKE t")
    for start in range(0, ROWS, 100):
        rows = ", ".join(f"({n}, 0, REPEAT('x', 3000))" for n in range(start, start + 100))
        writer.done(f"INSERT INTO t VALUES {rows}")
    writer.done("CREATE TABLE cached (id INT PRIMARY KEY, v INT)")
    writer.done("INSERT INTO cached VALUES (1, 7)")

    async def beside() -> int:
        node.is_held = True
        await writer.ask("BEGIN")
        await writer.ask("UPDATE cached SET v = 8")  # so that its page cannot go, either
        changing = asyncio.create_task(writer.ask(change))
        answered = 0
        deadline = time.monotonic() + PATIENCE_S
        while answered < 2:
            assert time.monotonic() < deadline and not changing.done()
            is_stuck = writer.session.own_stage == NO_FRAMES
            assert await reader.ask("SELECT v FROM cached WHERE id = 1") == [["7"]]
            answered += is_stuck and not changing.done()
            await asyncio.sleep(0)
        assert not changing.done()
        node.is_held = False
        changed = int((await changing).affected)
        await writer.ask("COMMIT")
        return changed

    assert asyncio.run(beside()) == ROWS
    assert writer.done("SELECT COUNT(*), SUM(k) FROM t")[0][0] == str(ROWS)


def test_the_lane_waits_for_nothing(node: Patient) -> None:
    """A page that is only just gone is left out while something is not durable yet."""
    Talk(node).done("CREATE DATABASE d")
    store = node.engine.store
    assert isinstance(store, Store)
    talk = talk_to(node)
    talk.done("CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(4000))")
    for start in range(0, ROWS, 100):
        rows = ", ".join(f"({n}, REPEAT('x', 3000))" for n in range(start, start + 100))
        talk.done(f"INSERT INTO t VALUES {rows}")
    talk.done("SELECT COUNT(b) FROM t")
    gone = just_gone(store)
    store.fetch_many([gone])  # all is durable
    assert store.pool.lookup(gone) is not None
    node.is_held = True
    talk.done("BEGIN")
    talk.done("UPDATE t SET b = 'y' WHERE id = 3")
    gone = just_gone(store)
    store.fetch_many([gone])
    assert node.engine.log is not None and node.engine.log.vdl < node.engine.log.next_lsn
    assert store.pool.lookup(gone) is None
    node.is_held = False
    talk.done("COMMIT")


def just_gone(store: Store) -> int:
    """A page that was evicted a moment ago."""
    pool = store.pool
    pages = range(1, ROWS)
    return next(page for page in pages if pool.strained(page) and pool.lookup(page) is None)
