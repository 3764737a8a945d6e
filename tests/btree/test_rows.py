"""Rows: what goes in comes out, one by one and by columns; definitions survive JSON."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from btree import descriptors, rows, rows_kernels
from btree.errors import RowTooLarge
from btree.layout import C_WIDTH, D_ENDS_WIDTH, D_ROW_ID_COLUMN
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from redo.arena import Arena, create_ring
from redo.log import new_state


def column(name: str, kind: TypeKind, **how) -> Column:
    return Column(name, ColumnType(kind, **how))


WIDE = Table(
    "everything",
    "shop",
    (
        Column("id", ColumnType(TypeKind.BIGINT), nullable=False, auto_increment=True),
        column("tiny", TypeKind.TINYINT),
        column("small", TypeKind.SMALLINT, unsigned=True),
        column("medium", TypeKind.MEDIUMINT),
        column("plain", TypeKind.INT, unsigned=True),
        column("big", TypeKind.BIGINT, unsigned=True),
        column("amount", TypeKind.DECIMAL, precision=12, scale=2),
        column("cents", TypeKind.DECIMAL, precision=4, scale=2),
        column("huge", TypeKind.DECIMAL, precision=40, scale=10),
        column("real", TypeKind.DOUBLE),
        column("bits", TypeKind.BIT, length=17),
        column("year", TypeKind.YEAR),
        column("day", TypeKind.DATE),
        column("clock", TypeKind.TIME),
        column("exact", TypeKind.TIME, scale=6),
        column("made", TypeKind.DATETIME),
        column("stamp", TypeKind.TIMESTAMP, scale=6),
        column("code", TypeKind.CHAR, length=5),
        column("name", TypeKind.VARCHAR, length=20),
        column("raw", TypeKind.VARBINARY, length=20),
        column("choice", TypeKind.ENUM, members=("a", "b")),
        column("flags", TypeKind.SET, members=tuple(str(n) for n in range(12))),
        column("document", TypeKind.JSON),
        column("letter", TypeKind.LONGTEXT),
    ),
).with_clustered()

NARROW = Table(
    "narrow",
    "shop",
    (
        Column("id", ColumnType(TypeKind.INT), nullable=False),
        column("s", TypeKind.VARCHAR, length=9),
    ),
    (Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),),
)


@pytest.fixture(scope="module")
def node():
    arena = Arena(create_ring(1 << 20), 64 << 20)
    return arena, new_state(arena, 16384)


@pytest.fixture(scope="module")
def wide(node):
    return rows.RowCodec(*node, descriptors.describe(*node, WIDE))


def random_row(rng: random.Random) -> list[rows.Value]:
    moment = datetime(2024, 2, 29, 23, 59, 58) + timedelta(seconds=rng.randrange(10**8))
    row: list[rows.Value] = [
        rng.randrange(-(2**63), 2**63),
        rng.randrange(-128, 128),
        rng.randrange(65536),
        rng.randrange(-(2**23), 2**23),
        rng.randrange(2**32),
        rng.randrange(2**64),
        Decimal(rng.randrange(-(10**12) + 1, 10**12)).scaleb(-2),
        Decimal(rng.randrange(-9999, 10000)).scaleb(-2),
        Decimal(rng.randrange(-(10**27), 10**27)).scaleb(-10),
        rng.choice((0.0, -1.5, 1e300, float("-inf"))),
        rng.randrange(2**17),
        rng.randrange(1901, 2156),
        moment.date(),
        timedelta(seconds=rng.randrange(-3020399, 3020400)),
        timedelta(microseconds=rng.randrange(-(3 * 10**12), 3 * 10**12)),
        moment,
        moment + timedelta(microseconds=rng.randrange(10**6)),
        rng.choice(("", "a", "äöü", "abcde")),
        rng.choice(("", "x" * 20, "日本語", "trailing  ")),
        rng.randbytes(rng.randrange(21)),
        rng.randrange(3),
        rng.randrange(2**12),
        rng.randbytes(rng.randrange(300)),
        "long " * rng.randrange(1000),
    ]
    return [
        value if number == 0 or rng.random() < 0.8 else None for number, value in enumerate(row)
    ] + [rng.randrange(2**40)]


@pytest.mark.parametrize("seed", range(5))
def test_rows_come_back(wide, seed):
    rng = random.Random(seed)
    for _ in range(100):
        row = random_row(rng)
        assert wide.decode(wide.encode(row)) == row


def test_column_extraction_equals_single_reads(node, wide):
    arena, st = node
    rng, table = random.Random(1), wide.table
    count = 200
    offsets = arena.alloc(8 * count)
    lanes, nulls = arena.alloc(8 * count), arena.alloc(count)
    expected = []
    for number in range(count):
        row = random_row(rng)
        data = wide.encode(row)
        at = arena.alloc(len(data) + 8)
        arena.mem[at : at + len(data)] = bytearray(data)
        arena.words(offsets, count)[number] = at
        expected.append(row)
    for number, of in enumerate(table.stored_columns):
        rows_kernels.extract_column(
            st, arena.mem, table.descriptor, offsets, count, number, lanes, nulls
        )
        found = [
            None if null else rows.value_of(arena, of.type, int(lane))
            for lane, null in zip(
                arena.words(lanes, count), arena.mem[nulls : nulls + count], strict=True
            )
        ]
        assert found == [row[number] for row in expected], of.name


def test_char_loses_trailing_spaces_varchar_keeps_them(wide):
    row = random_row(random.Random(2))
    row[17], row[18] = "ab   ", "ab   "
    found = wide.decode(wide.encode(row))
    assert (found[17], found[18]) == ("ab", "ab   ")


def test_small_tables_have_small_rows(node):
    table = descriptors.describe(*node, NARROW)
    codec = rows.RowCodec(*node, table, room=4096)
    described = node[0].words(table.descriptor, 16)
    assert described[D_ENDS_WIDTH] == 2
    assert described[D_ROW_ID_COLUMN] == -1
    assert len(codec.encode([1, "abc"])) == 2 + 1 + 4 + 2 + 3
    assert codec.decode(codec.encode([-1, None])) == [-1, None]


def test_hidden_row_id_is_the_last_stored_column(node):
    table = descriptors.describe(*node, WIDE)
    assert WIDE.has_row_id
    described = node[0].words(table.descriptor, 16)
    assert described[D_ROW_ID_COLUMN] == len(WIDE.columns)
    assert table.stored_columns[-1].name == "DB_ROW_ID"
    descriptors.forget(node[0], table)


def test_row_over_the_codecs_room_is_refused(node):
    codec = rows.RowCodec(*node, descriptors.describe(*node, NARROW), room=64)
    with pytest.raises(RowTooLarge):
        codec.encode([1, "x" * 65])


def test_dates_that_no_calendar_has_are_text(node):
    assert rows.unpack_datetime(0) == "0000-00-00 00:00:00.000000"
    assert rows.unpack_datetime(rows.pack_datetime(date(2024, 2, 29))) == datetime(2024, 2, 29)


@pytest.mark.parametrize(
    ("precision", "width"), [(1, 1), (2, 1), (3, 2), (9, 4), (10, 8), (18, 8), (19, 0)]
)
def test_decimals_take_the_bytes_they_need(precision, width):
    of = ColumnType(TypeKind.DECIMAL, precision=precision)
    assert rows.describe_type(of, nullable=False)[C_WIDTH] == width


@pytest.mark.parametrize("table", [WIDE, NARROW])
def test_definition_survives_json(table):
    assert Table.from_dict(json.loads(json.dumps(table.to_dict()))) == table


def test_unknown_collation_is_refused(node):
    odd = Table("t", "d", (column("s", TypeKind.VARCHAR, length=3, collation="klingon_ci"),))
    with pytest.raises(KeyError):
        descriptors.describe(*node, odd.with_clustered())
