"""Heartbeats in, silence out."""

from __future__ import annotations

from replicas.membership import Membership, State


def test_silence_is_told_once_and_a_beat_ends_it() -> None:
    members = Membership(timeout_ms=1000)
    members.starting("writer", 0)
    members.ready("writer", 100)
    assert members.tick(1099) == []
    assert members.tick(1100) == ["writer"]
    assert members.tick(5000) == []
    members.beat("writer", 5001)
    assert members.is_up("writer")
    assert members.tick(6001) == ["writer"]


def test_beats_keep_alive() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("replica-1", 0)
    for now_ms in range(0, 10_000, 900):
        members.beat("replica-1", now_ms)
        assert members.tick(now_ms + 99) == []


def test_starting_takes_as_long_as_it_takes() -> None:
    members = Membership(timeout_ms=1000)
    members.starting("writer", 0)
    assert members.tick(100_000) == []
    assert not members.is_up("writer")


def test_the_dead_do_not_beat() -> None:
    members = Membership(timeout_ms=1000)
    members.ready("writer", 0)
    members.died("writer")
    members.beat("writer", 10)
    assert members.members["writer"].state is State.DOWN
    assert members.tick(5000) == []


def test_strangers_are_ignored() -> None:
    members = Membership(timeout_ms=1000)
    members.beat("nobody", 1)
    members.died("nobody")
    assert not members.is_up("nobody")
