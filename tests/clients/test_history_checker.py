"""The checker of histories finds each anomaly in histories made by hand, and none in sound ones."""

from __future__ import annotations

import random

import pytest

from tests.clients.histories import ABORTED, Append, History, Read, Transaction


def history(final: dict[int, tuple[int, ...]], **transactions: list[Append | Read]) -> History:
    """Transactions by name; a name that ends in `_` was aborted."""
    made = [
        Transaction(name, list(steps), ABORTED if name.endswith("_") else "committed")
        for name, steps in transactions.items()
    ]
    return History(made, final)


def kinds(one: History) -> list[str]:
    return sorted(anomaly.kind for anomaly in one.anomalies())


def test_a_serial_history_is_sound() -> None:
    rng = random.Random(1)
    lists: dict[int, tuple[int, ...]] = {0: (), 1: (), 2: ()}
    transactions = []
    for number in range(300):
        one = Transaction(f"t{number}")
        kept = dict(lists)
        for step in range(rng.randint(1, 4)):
            key = rng.randrange(3)
            if rng.random() < 0.5:
                one.steps.append(Read(key, lists[key]))
            else:
                value = number * 10 + step
                lists[key] += (value,)
                one.steps.append(Append(key, value))
        if rng.random() < 0.2:
            one.outcome, lists = ABORTED, kept
        transactions.append(one)
    assert History(transactions, lists).anomalies() == []


def test_a_lost_append() -> None:
    assert kinds(history({1: (2,)}, a=[Append(1, 1)], b=[Append(1, 2)])) == ["lost"]


def test_a_value_that_came_twice() -> None:
    assert kinds(history({1: (1, 1)}, a=[Append(1, 1)])) == ["twice"]


def test_an_order_that_nobody_else_saw() -> None:
    one = history({1: (1, 2)}, a=[Append(1, 1)], b=[Append(1, 2)], c=[Read(1, (2,))])
    assert "order" in kinds(one)


def test_own_appends_are_seen() -> None:
    assert kinds(history({1: (1,)}, a=[Append(1, 1), Read(1, ())])) == ["internal"]
    assert kinds(history({1: (1,)}, a=[Append(1, 1), Read(1, (1,))])) == []


def test_a_read_of_an_aborted_append() -> None:
    assert kinds(history({1: ()}, a_=[Append(1, 1)], b=[Read(1, (1,))])) == ["G1a"]
    assert kinds(history({1: (1,)}, a_=[Append(1, 1)])) == ["G1a"]


def test_a_read_in_the_middle_of_a_transaction() -> None:
    one = history({1: (1, 2)}, a=[Append(1, 1), Append(1, 2)], b=[Read(1, (1,))])
    assert "G1b" in kinds(one)


def test_writes_in_two_orders() -> None:
    one = history(
        {1: (1, 2), 2: (4, 3)}, a=[Append(1, 1), Append(2, 3)], b=[Append(1, 2), Append(2, 4)]
    )
    assert kinds(one) == ["G0"]


def test_information_flows_in_a_circle() -> None:
    one = history(
        {1: (1,), 2: (2,)}, a=[Append(1, 1), Read(2, (2,))], b=[Append(2, 2), Read(1, (1,))]
    )
    assert kinds(one) == ["G1c"]


def test_read_skew() -> None:
    one = history(
        {1: (1,), 2: (2,)}, a=[Read(1, ()), Read(2, (2,))], b=[Append(1, 1), Append(2, 2)]
    )
    (found,) = one.anomalies()
    assert found.kind == "G-single"
    assert found.readers == ("a",)


def test_a_lost_update_is_read_skew_with_a_write() -> None:
    one = history({1: (1, 2)}, a=[Read(1, ()), Append(1, 1)], b=[Read(1, ()), Append(1, 2)])
    assert kinds(one) == ["G-single"]


def test_write_skew() -> None:
    one = history({1: (1,), 2: (2,)}, a=[Read(1, ()), Append(2, 2)], b=[Read(2, ()), Append(1, 1)])
    (found,) = one.anomalies()
    assert found.kind == "G2"
    assert found.readers == ("a", "b")


@pytest.mark.parametrize("length", [3, 20])
def test_a_long_circle(length: int) -> None:
    steps = {
        f"t{number}": [Read(number, ()), Append((number + 1) % length, number)]
        for number in range(length)
    }
    final = {(number + 1) % length: (number,) for number in range(length)}
    assert kinds(history(final, **steps)) == ["G2"]  # type: ignore[arg-type]
