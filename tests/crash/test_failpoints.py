"""A death at every failpoint, here and in a server: what was acknowledged is there, and fits.

CRASH_ROUNDS=n (`make soak`: 20) takes each point n times, later and later in its work.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from btree import txn_layout as t
from btree.failpoints import POINTS
from mysqlcompat.cluster import Cluster
from redo.failpoints import VARIABLE
from tests.btree.shop import Shop
from tests.crash.doomed import FRAMES, PAGE_BYTES, State, run_doomed, step_of, was_killed
from tests.crash.ledger import SCHEMA, Ledger, start_customers, stop_customers, verify
from tests.crash.sides import Side
from tests.crash.test_kill import check_data
from tests.mysqlcompat.test_images import Comparison, Replica, bytes_of, compare_pool
from tests.seeds import seed_from, seed_of

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "1"))
#: How often a point is passed before it is deadly, at most; rare ones the first time.
OFTEN = {
    "publish.": 40,
    "page.": 30,
    "row.": 100,
    "commit.": 25,
    "overflow.": 12,
    "split": 8,
    "ddl.build": 1,
}


def states(seed: int, acknowledged: int) -> tuple[State, State]:
    """The state after that many steps, and after one more."""
    state = State()
    for number in range(acknowledged):
        state = step_of(seed, number, state).after
    return state, step_of(seed, acknowledged, state).after


def found(shop: Shop) -> State:
    """What is there."""
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    rows = shop.scan(ctx)
    for index in range(1, len(shop.table.indexes)):
        assert sorted(shop.scan(ctx, index)) == rows
    catalog = shop.engine.catalog
    names = set(catalog.table_names("shop")) - {"t"}
    sides = {name: Side(shop, name).contents(ctx) for name in names}
    shop.engine.commit(ctx)
    shop.engine.close_context(ctx)
    bases = (base.name for base in catalog.databases() if base.name.startswith("base"))
    databases = {name: tuple(catalog.table_names(name)) for name in bases}
    has_index = len(shop.table.indexes) > 3
    return State({row[0]: row for row in rows}, sides, databases, has_index)


def same_everywhere(shop: Shop) -> None:
    """Every page is the same in the pool, in the copies, and at a replica."""
    volume = shop.volume
    volume.log.wait_durable(volume.log.next_lsn)
    end = volume.storage.control.vdl
    while min(volume.storage.control.durable()) < end:
        os.sched_yield()
    comparison = Comparison(shop)  # type: ignore[arg-type]
    full = [segment for segment in comparison.segments if segment.full]
    truth, *others = (
        {no: bytes_of(raw) for no, raw in comparison.pages_of(one, end).items()} for one in full
    )
    assert all(other == truth for other in others)
    assert compare_pool("writer", shop.engine, truth)
    replica = Replica(volume, 0, 400)
    replica.follow()
    for page_no in truth:
        replica.engine.pool.fetch(page_no)
    assert compare_pool("replica", replica.engine, truth)
    replica.arena.close()


@pytest.mark.timeout(300 + 60 * ROUNDS)
@pytest.mark.parametrize("point", POINTS)
def test_death_at(point: str, tmp_path: Path) -> None:
    limit = next((limit for name, limit in OFTEN.items() if point.startswith(name)), 3)
    for number in range(ROUNDS):
        seed = seed_from("CRASH_SEED", point) + number
        most = limit if limit <= 3 else limit * (number + 1)  # rare points do not come more often
        hits = random.Random(seed).randint(1, most)
        print(f"CRASH_SEED={seed} {point} {hits}")
        die_and_look(tmp_path / str(number), point, hits, seed)


def test_death_before_the_first_write_of_a_batch(tmp_path: Path) -> None:
    die_and_look(tmp_path, "page.free", 4, 4122)


def die_and_look(directory: Path, point: str, hits: int, seed: int) -> None:
    """A death; what is there afterwards is what was there before it, or one step more."""
    acknowledged, status = run_doomed(directory, point, hits, seed)
    assert was_killed(status), f"{acknowledged} steps, status {status:#x}"
    before, after = states(seed, acknowledged)
    shop = Shop(directory, PAGE_BYTES, FRAMES)
    try:
        shop.finish_background()
        there = found(shop)
        for state in (before, after):
            state.next_id = there.next_id  # nobody looks
            state.databases = {name: tuple(sorted(t)) for name, t in state.databases.items()}
        assert there in (before, after), f"{acknowledged} steps"
        assert shop.engine.check() == []
        same_everywhere(shop)
        goes_on(shop)
    finally:
        shop.close()


SERVED = ["commit.after", "publish.batch", "publish.done", "split", "row.change", "undo.page"]


@pytest.mark.parametrize(
    "point",
    SERVED if ROUNDS > 1 else [SERVED[seed_of("server", len(SERVED))]],
    ids=lambda point: "point",  # processes that run tests choose differently with EXPLORE
)
def test_a_server_dies_under_load(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(point)
    order = tmp_path / "failpoint"
    monkeypatch.setenv(VARIABLE, str(order))
    ledger = Ledger()
    with Cluster(replicas=1, init_sql=SCHEMA, ring_bytes="16M") as cluster:
        order.write_text(f"{point} 20", encoding="utf-8")
        cluster.kill("writer")
        cluster.wait_ready("writer")
        assert not order.exists()
        doomed = cluster.pids["writer"]
        threads = start_customers(cluster.writer_port, 4, 1, ledger)
        cluster.wait_successor("writer", doomed)
        assert cluster.output.count("killed by SIGKILL") == 2
        assert ledger.wait_for_more(20), cluster.output
        stop_customers(ledger, threads)
        verify(cluster.writer_port, ledger)
        assert cluster.stop() == 0, cluster.output
        check_data(cluster.data)


def goes_on(shop: Shop) -> None:
    """The engine that was opened after the death takes changes."""
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    assert shop.insert(ctx, (10**9, 1, "after")) == 0
    shop.engine.commit(ctx)
    assert shop.get(ctx, 10**9, t.MODE_EXCLUSIVE) == (10**9, 1, "after")
    shop.engine.close_context(ctx)
