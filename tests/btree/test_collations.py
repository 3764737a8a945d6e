"""Weights of every character, and the order of strings, against what MySQL has (`weights.txt`)."""

from __future__ import annotations

import pytest
import weights

from btree import collations
from btree.collation_kernels import levels_of
from btree.collations import code_of
from btree.keys import Collation, Sorter
from btree.schema import ColumnType, TypeKind
from redo.arena import Arena, create_ring
from redo.log import new_state

SECOND_LEAST = 0x1F


class Node:
    """An arena with all weight tables."""

    def __init__(self) -> None:
        self.arena = Arena(create_ring(1 << 20), 256 << 20)
        self.st = new_state(self.arena, 16384)
        collations.install(self.arena, self.st)


@pytest.fixture(scope="module")
def node():
    return Node()


def weight_string(key: bytes, name: str) -> str:
    """A key of ours as MySQL's WEIGHT_STRING shows it."""
    if "general" in name or "latin1" in name:  # one higher here
        words = [int.from_bytes(key[i : i + 2], "big") - 1 for i in range(0, len(key), 2)]
        size = 2 if "latin1" in name else 4
        # utf8mb4_general_ci has one weight for U+FFFE and U+FFFF here, which are no characters.
        return "".join(f"{word:0{size}X}" for word in words)
    if levels_of(code_of(name)) == 1:
        return key.hex().upper()
    end = 0
    while key[end : end + 2] != b"\0\0":
        end += 2
    second, *third = key[end + 2 :].split(b"\0")
    made = key[: end + 2].hex() + "".join(f"{weight + SECOND_LEAST:04x}" for weight in second)
    if third:
        made += "0000" + "".join(f"{weight:04x}" for weight in third[0])
    return made.upper()


@pytest.mark.parametrize("name", [*weights.UNICODE, *weights.ONE_BYTE])
def test_weights_are_those_of_mysql(node, name):
    collation = Collation(node.arena, node.st, name)
    expected = weights.recorded()
    wrong = []
    for block in weights.blocks(name):
        text = weights.characters(name, block)
        found = weight_string(collation.key(text), name)
        if weights.digest(found) != expected[name, f"{block:x}"]:
            wrong.append(f"{block:x}")
    assert wrong == []


@pytest.mark.parametrize("name", weights.ORDERED)
def test_random_strings_order_as_in_mysql(node, name):
    of = ColumnType(TypeKind.VARCHAR, length=10, charset="utf8mb4", collation=name)
    sorter, collation = Sorter(node.arena, node.st, of), Collation(node.arena, node.st, name)
    strings = weights.random_strings()
    keys = [sorter.key(text) for text in strings]
    assert weights.digest(weights.ranks_of(keys)) == weights.recorded()[name, "order"]
    for (a, x), (b, y) in zip(
        zip(strings, keys, strict=True), list(zip(strings, keys, strict=True))[1:], strict=False
    ):
        assert collation.compare(a, b) == (x > y) - (x < y), (a, b)
        if x == y:
            assert collation.hash(a) == collation.hash(b)
