"""Keys order as the values do, and are as long as promised."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from btree import descriptors, rows
from btree.collation_kernels import text_key
from btree.keys import Collation, KeyEncoder, Sorter
from btree.layout import COLLATION_GENERAL_CI
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from redo.arena import Arena, create_ring
from redo.log import new_state

PAGE_BYTES = 16384


class Node:
    """An arena with collations, for all tests of this module."""

    def __init__(self) -> None:
        self.arena = Arena(create_ring(1 << 20), 256 << 20)
        self.st = new_state(self.arena, PAGE_BYTES)
        rows.collations.install(self.arena, self.st)
        self._sorters: dict[tuple[ColumnType, bool], Sorter] = {}
        self.collations = {name: Collation(self.arena, self.st, name) for name in COLLATED}

    def key(self, of: ColumnType, value: rows.Value, descending: bool = False) -> bytes:
        if (of, descending) not in self._sorters:
            self._sorters[of, descending] = Sorter(self.arena, self.st, of, descending)
        return self._sorters[of, descending].key(value)


@pytest.fixture(scope="module")
def node():
    return Node()


DAYS = some.dates(date(1000, 1, 1), date(9999, 12, 31))
TIMES = some.integers(-(838 * 3600 + 3599), 838 * 3600 + 3599)
KINDS = [
    (ColumnType(TypeKind.TINYINT), some.integers(-128, 127)),
    (ColumnType(TypeKind.SMALLINT, unsigned=True), some.integers(0, 65535)),
    (ColumnType(TypeKind.MEDIUMINT), some.integers(-(2**23), 2**23 - 1)),
    (ColumnType(TypeKind.INT, unsigned=True), some.integers(0, 2**32 - 1)),
    (ColumnType(TypeKind.BIGINT), some.integers(-(2**63), 2**63 - 1)),
    (ColumnType(TypeKind.BIGINT, unsigned=True), some.integers(0, 2**64 - 1)),
    (ColumnType(TypeKind.DOUBLE), some.floats(allow_nan=False).map(lambda x: x + 0.0)),
    (
        ColumnType(TypeKind.DECIMAL, precision=12, scale=2),
        some.decimals(-(10**9), 10**9, places=2),
    ),
    (
        ColumnType(TypeKind.DECIMAL, precision=40, scale=10),
        some.decimals(-(10**29), 10**29, places=10),
    ),
    (ColumnType(TypeKind.DATE), DAYS),
    (ColumnType(TypeKind.DATETIME), some.datetimes().map(lambda x: x.replace(microsecond=0))),
    (ColumnType(TypeKind.TIMESTAMP, scale=6), some.datetimes()),
    (ColumnType(TypeKind.TIME), TIMES.map(lambda x: timedelta(seconds=x))),
    (
        ColumnType(TypeKind.TIME, scale=6),
        some.tuples(TIMES, some.integers(0, 999_999)).map(
            lambda x: timedelta(seconds=x[0], microseconds=x[1])
        ),
    ),
    (ColumnType(TypeKind.YEAR), some.integers(1901, 2155)),
    (ColumnType(TypeKind.VARBINARY, 20), some.binary(max_size=20)),
    (ColumnType(TypeKind.VARCHAR, 20, collation="utf8mb4_0900_bin"), some.text(max_size=20)),
]


@pytest.mark.parametrize(("of", "values"), KINDS, ids=lambda x: getattr(x, "kind", None))
@settings(max_examples=150, deadline=None)
@given(data=some.data())
def test_keys_order_as_values(node, of, values, data):
    a, b = data.draw(values), data.draw(values)
    order = (a > b) - (a < b)
    if isinstance(a, str):
        order = (a.encode() > b.encode()) - (a.encode() < b.encode())
    for descending, sign in ((False, 1), (True, -1)):
        x, y = node.key(of, a, descending), node.key(of, b, descending)
        assert ((x > y) - (x < y)) == sign * order
        assert not x.startswith(y) or x == y, "no key may begin with another one"


@pytest.mark.parametrize("of", [of for of, _ in KINDS], ids=lambda of: of.kind.name)
def test_null_is_first_and_last_when_descending(node, of):
    lowest = {
        TypeKind.BIGINT: 0 if of.unsigned else -(2**63),
        TypeKind.VARBINARY: b"",
        TypeKind.VARCHAR: "",
        TypeKind.DOUBLE: float("-inf"),
        TypeKind.TIME: timedelta(hours=-838),
        TypeKind.DATE: date(1, 1, 1),
        TypeKind.DATETIME: datetime(1, 1, 1),
        TypeKind.TIMESTAMP: datetime(1, 1, 1),
        TypeKind.DECIMAL: Decimal(-(10**9)),
    }.get(of.kind, 0)
    assert node.key(of, None) < node.key(of, lowest)
    assert node.key(of, None, True) > node.key(of, lowest, True)


def test_zero_has_one_key(node):
    double = ColumnType(TypeKind.DOUBLE)
    assert node.key(double, 0.0) == node.key(double, -0.0)
    wide = ColumnType(TypeKind.DECIMAL, precision=30, scale=5)
    forms = ("0", "-0.00", "0.00000", "000")
    assert len({node.key(wide, form) for form in forms}) == 1
    assert node.key(wide, "100") == node.key(wide, "100.00")
    assert node.key(wide, "100") != node.key(wide, "10")


# Groups of strings that are equal, in ascending order of the groups, as MySQL 9.7 sorts them.
COLLATED = {
    "utf8mb4_0900_ai_ci": [
        ["", "\x00"],
        [" "],
        ["-"],
        ["1", "１", "①"],
        ["a", "A", "á", "Ä", "ａ"],
        ["a "],
        ["ae", "æ", "AE"],
        ["b", "B"],
        ["ss", "ß", "SS"],
        ["z"],
        ["я", "Я"],
        ["한"],
        ["中"],
        ["文"],
    ],
    "utf8mb4_general_ci": [
        ["\x00"],
        ["", " ", "   "],
        ["1"],
        ["a\x00"],
        ["a", "A", "á", "Ä", "a "],
        ["ae"],
        ["b"],
        ["s", "ß", "S "],
        ["ss"],
        ["æ", "Æ"],
        ["я", "Я"],
        ["中"],
        ["😀", "😁"],
    ],
    "utf8mb4_bin": [["a\t"], ["a", "a "], ["a!"], ["b"], ["é"], ["中"], ["😀"]],
    "utf8mb4_0900_bin": [["a"], ["a\t"], ["a "], ["a!"], ["é"]],
    "latin1_swedish_ci": [["a", "À", "A "], ["y", "ü", "Ý"], ["z"], ["å", "Å"], ["ä", "æ"], ["ö"]],
    "binary": [["A"], ["a"], ["a\x00"], ["a "]],
}


@pytest.mark.parametrize("name", COLLATED)
def test_collation_compares_hashes_and_keys_alike(node, name):
    collation = node.collations[name]
    of = ColumnType(TypeKind.VARCHAR, 20, collation=name)
    ranked = [(rank, text) for rank, group in enumerate(COLLATED[name]) for text in group]
    for a_rank, a in ranked:
        for b_rank, b in ranked:
            order = (a_rank > b_rank) - (a_rank < b_rank)
            assert collation.compare(a, b) == order, (a, b)
            x, y = node.key(of, a), node.key(of, b)
            assert ((x > y) - (x < y)) == order, (a, b, x, y)
            assert (collation.key(a) == collation.key(b)) == (order == 0), (a, b)
            if order == 0:
                assert collation.hash(a) == collation.hash(b), (a, b)


@settings(max_examples=300, deadline=None)
@given(
    a=some.text("aAbBäÄßs \u0301\x00中文한글😀", max_size=12),
    b=some.text("aAbBäÄßs \u0301\x00中文한글😀", max_size=12),
)
def test_comparison_agrees_with_keys(node, a, b):
    for name in ("utf8mb4_0900_ai_ci", "utf8mb4_general_ci"):
        collation = node.collations[name]
        order = collation.compare(a, b)
        assert order == -collation.compare(b, a)
        assert (order == 0) == (collation.key(a) == collation.key(b))
        if "0900" in name:
            x, y = collation.key(a), collation.key(b)
            assert order == (x > y) - (x < y)


def test_broken_utf8_is_one_character_a_byte(node):
    staged = node.arena.alloc(64)
    out = node.arena.alloc(64)
    for broken, points in ((b"\xff", 1), (b"a\xc3", 2), (b"\xe4\xb8", 2), (b"\xf0\x9f\x98", 3)):
        node.arena.mem[staged : staged + len(broken)] = bytearray(broken)
        made = text_key(node.st, node.arena.mem, COLLATION_GENERAL_CI, staged, len(broken), out)
        assert made == 2 * points, broken


def orders_table(node: Node) -> Table:
    table = Table(
        "orders",
        "shop",
        (
            Column("id", ColumnType(TypeKind.BIGINT), nullable=False),
            Column("status", ColumnType(TypeKind.VARCHAR, 32)),
            Column("n", ColumnType(TypeKind.INT), nullable=False),
        ),
        (
            Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
            Index("by_status", (IndexPart("status", 3), IndexPart("n", descending=True))),
        ),
    )
    return descriptors.describe(node.arena, node.st, table)


def test_keys_of_several_parts_order_part_by_part(node):
    encoder = KeyEncoder(node.arena, node.st, orders_table(node), 1)
    rng = random.Random(3)
    entries = [
        (rng.choice([None, "", "a", "aa", "AB", "b"]), rng.randrange(-3, 3), rng.randrange(9))
        for _ in range(300)
    ]

    def by_hand(entry):
        status, n, order_id = entry
        return (status is not None, (status or "").lower(), -n, order_id)

    by_key = sorted(entries, key=encoder.encode)
    assert [by_hand(entry) for entry in by_key] == sorted(map(by_hand, entries))


def test_prefix_part_sees_only_its_characters(node):
    encoder = KeyEncoder(node.arena, node.st, orders_table(node), 1)
    assert encoder.encode(["grün und blau"]) == encoder.encode(["GRU"])
    assert encoder.encode(["gr"]) != encoder.encode(["gru"])
