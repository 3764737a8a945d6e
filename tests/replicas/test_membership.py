"""Heartbeats in, silence out."""

from __future__ import annotations

from itertools import count

from replicas.membership import PATIENCE, Membership, State


def still(_name: str) -> int:
    return 7


def test_silence_is_told_once_and_a_beat_ends_it() -> None:
    members = Membership(timeout_ms=1000)
    members.starting("writer", 0)
    members.ready("writer", 100)
    assert members.tick(600, still) == []
    assert members.tick(1099, still) == []
    assert members.tick(1100, still) == ["writer"]
    assert members.tick(5000, still) == []
    members.beat("writer", 5001)
    assert members.is_up("writer")
    assert members.tick(5501, still) == []
    assert members.tick(6001, still) == ["writer"]


def test_beats_keep_alive() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("replica-1", 0)
    for now_ms in range(0, 10_000, 900):
        members.beat("replica-1", now_ms)
        assert members.tick(now_ms + 99, still) == []


def test_who_computes_is_not_dead() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("writer", 0)
    for now_ms in range(0, 10_000, 400):
        assert members.tick(now_ms, lambda _name, work=now_ms: work) == []
    idle_from = 9_600
    assert members.tick(idle_from + 499, lambda _name: 9_600) == []
    assert members.tick(idle_from + 500, lambda _name: 9_600) == ["writer"]


def test_nobody_computes_for_ever() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("writer", 0)
    work = count()
    fallen = [at for at in range(0, 40_000, 250) if members.tick(at, lambda _name: next(work))]
    assert fallen == [PATIENCE * 1000]


def test_one_look_is_none() -> None:
    """Of a supervisor that was kept waiting itself."""
    members = Membership(timeout_ms=1000)
    members.ready("writer", 0)
    assert members.tick(30_000 // 2, still) == []
    members.beat("writer", 15_001)
    assert members.tick(15_002, still) == []
    assert members.is_up("writer")


def test_starting_takes_as_long_as_it_takes() -> None:
    members = Membership(timeout_ms=1000)
    members.starting("writer", 0)
    assert members.tick(100_000, still) == []
    assert not members.is_up("writer")


def test_the_dead_do_not_beat() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("writer", 0)
    members.died("writer")
    members.beat("writer", 10)
    assert members.members["writer"].state is State.DOWN
    assert members.tick(5000, still) == []


def test_strangers_are_ignored() -> None:
    members = Membership(timeout_ms=1000)
    members.beat("nobody", 1)
    members.died("nobody")
    assert not members.is_up("nobody")
