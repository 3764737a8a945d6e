"""The restart decider: events in, actions out."""

from __future__ import annotations

import pytest

from replicas.failover import (
    Died,
    GiveUp,
    Kill,
    Ready,
    Restarts,
    Silent,
    Start,
    Tick,
    restart_delay_ms,
    start_order,
)

# Deaths in a row → how long the next start waits, in ms.
DELAYS = [(0, 0), (1, 0), (2, 50), (3, 100), (4, 200), (7, 1600), (8, 2000), (50, 2000)]


@pytest.mark.parametrize(("deaths", "delay_ms"), DELAYS)
def test_delays_grow_and_end(deaths: int, delay_ms: int) -> None:
    assert restart_delay_ms(deaths) == delay_ms


def test_the_first_death_is_answered_at_once() -> None:
    restarts = Restarts()
    assert restarts.step(Died("writer", 1000, "killed")) == [Start("writer")]


def test_the_second_death_in_a_row_waits_for_its_time() -> None:
    restarts = Restarts()
    restarts.step(Died("writer", 1000, "killed"))
    assert restarts.step(Died("writer", 1010, "killed")) == []
    assert restarts.next_due_ms() == 1060
    assert restarts.step(Tick(1059)) == []
    assert restarts.step(Tick(1060)) == [Start("writer")]
    assert restarts.step(Tick(1061)) == []


def test_being_ready_forgives() -> None:
    restarts = Restarts()
    for second in range(50):
        assert restarts.step(Died("replica-1", 1000 * second, "killed")) == [Start("replica-1")]
        assert restarts.step(Ready("replica-1", 1000 * second + 10)) == []


def test_who_never_gets_ready_ends_the_cluster() -> None:
    restarts = Restarts(patience=3)
    for death in range(3):
        restarts.step(Died("writer", 10_000 * death, "exit code 1"))
        restarts.step(Tick(10_000 * death + 9_999))
    (action,) = restarts.step(Died("writer", 40_000, "exit code 1"))
    assert isinstance(action, GiveUp)
    assert "writer" in action.why and "exit code 1" in action.why


def test_silence_is_answered_by_kill_and_nothing_is_started_beside_it() -> None:
    restarts = Restarts()
    assert restarts.step(Silent("writer", 5000)) == [Kill("writer")]
    assert restarts.step(Tick(9000)) == []
    assert restarts.step(Died("writer", 9001, "killed")) == [Start("writer")]


def test_a_writer_waits_for_storage() -> None:
    restarts = Restarts()
    assert restarts.step(Died("storage", 0, "killed")) == [Start("storage")]
    assert restarts.step(Died("writer", 1, "killed")) == []
    assert restarts.step(Tick(100)) == []
    assert restarts.step(Ready("storage", 200)) == [Start("writer")]


def test_a_zone_is_tried_for_ever() -> None:
    restarts = Restarts(patience=3)
    for death in range(20):
        now_ms = 10_000 * death
        actions = restarts.step(Died("storage-az2", now_ms, "exit code 1"))
        assert actions + restarts.step(Tick(now_ms + 9_999)) == [Start("storage-az2")]


def test_a_writer_waits_only_while_two_zones_are_down() -> None:
    restarts = Restarts()
    restarts.step(Died("storage-az2", 0, "killed"))
    assert restarts.step(Died("writer", 1, "killed")) == [Start("writer")]
    restarts.step(Died("storage-az3", 2, "killed"))
    assert restarts.step(Died("writer", 3000, "killed")) == []
    assert restarts.step(Tick(9000)) == []
    assert restarts.step(Ready("storage-az3", 9001)) == [Start("writer")]


def test_everything_dead_is_started_in_order() -> None:
    restarts = Restarts()
    started = []
    for name in ("replica-2", "writer", "storage", "replica-1"):
        started += restarts.step(Died(name, 0, "killed"))
    assert started == [Start("replica-2"), Start("writer"), Start("storage")]
    assert restarts.step(Ready("storage", 10)) == [Start("replica-1")]


def test_order_of_starting() -> None:
    names = ["replica-2", "writer", "replica-1", "storage"]
    assert sorted(names, key=start_order) == ["storage", "writer", "replica-1", "replica-2"]
