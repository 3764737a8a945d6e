"""Documents changed in their bytes are what changing them as values makes, at the same length."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mysqlcompat import json_partial, json_path, jsonb
from mysqlcompat.json_path import Cell, Member, Path


def some_value(rng: random.Random, depth: int = 3) -> Any:
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice([0, -5, 32767, 70000, -(2**40), 2**62])
    if kind == 3:
        return rng.random() * 1000
    if kind < 6:
        return "x" * rng.choice([0, 1, 5, 40, 200])
    if kind < 8:
        names = rng.sample(["a", "b", "cc", "ddd", "e" * 30], rng.randrange(5))
        return jsonb.make_object({name: some_value(rng, depth - 1) for name in names})
    return [some_value(rng, depth - 1) for _ in range(rng.randrange(5))]


def some_path(rng: random.Random, value: Any) -> Path:
    """A path into the document; sometimes to nothing."""
    legs: list[Any] = []
    while isinstance(value, dict | list) and value and (not legs or rng.random() < 0.7):
        if isinstance(value, dict):
            name = rng.choice(list(value))
            legs.append(Member(name))
            value = value[name]
        else:
            number = rng.randrange(len(value))
            legs.append(Cell(number, False))
            value = value[number]
    if not legs or rng.random() < 0.1:
        legs.append(Member("nothing"))
    return tuple(legs)


@pytest.mark.parametrize("seed", range(6))
def test_many_changes(seed: int) -> None:
    rng = random.Random(seed)
    kept = 0
    for number in range(40):
        value: Any = [some_value(rng), some_value(rng)]
        if number == 0:  # the large form has wider offsets
            value += ["x" * 1000] * 70
        data = jsonb.encode(value)
        for _ in range(8):
            path = some_path(rng, value)
            new = some_value(rng, 1)
            is_removal = rng.random() < 0.3
            try:
                if is_removal:
                    made, wanted = json_partial.removed(data, path), json_path.remove(value, path)
                else:
                    made = json_partial.replaced(data, path, new, False)
                    wanted = json_path.store(value, path, new, False, True)
            except json_partial.DoesNotFit:
                continue
            assert len(made) == len(data)
            assert jsonb.text_of(jsonb.decode(made)) == jsonb.text_of(wanted), (seed, path, new)
            assert json_partial.free_bytes(made) >= 0
            data, value = made, wanted
            kept += 1
    assert kept > 50


def test_what_is_not_there_yet_does_not_fit() -> None:
    data = jsonb.encode({"a": 1})
    with pytest.raises(json_partial.DoesNotFit):
        json_partial.replaced(data, (Member("b"),), 1, True)
    assert json_partial.replaced(data, (Member("b"),), 1, False) == data
