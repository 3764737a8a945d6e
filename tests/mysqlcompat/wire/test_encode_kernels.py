"""The row kernels against their plain twin, and doubles against what MySQL printed."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from btree.layout import RUN_SHIFT
from btree.schema import ColumnType, TypeKind
from mysqlcompat import results as r
from mysqlcompat.results import ColumnDef
from mysqlcompat.wire import layout as w
from mysqlcompat.wire.encode import (
    PythonRows,
    block_words,
    column_words,
    double_text,
    float_text,
    packed_temporal,
)
from mysqlcompat.wire.encode_kernels import rows_encode
from redo.codes import E_NO_ROOM

LANES = 16
OUT = 1 << 19
ROOM = 1 << 18

WIRE = {
    TypeKind.TINYINT: r.WIRE_TINY,
    TypeKind.SMALLINT: r.WIRE_SHORT,
    TypeKind.MEDIUMINT: r.WIRE_INT24,
    TypeKind.INT: r.WIRE_LONG,
    TypeKind.BIGINT: r.WIRE_LONGLONG,
    TypeKind.DECIMAL: r.WIRE_NEWDECIMAL,
    TypeKind.DOUBLE: r.WIRE_DOUBLE,
    TypeKind.FLOAT: r.WIRE_FLOAT,
    TypeKind.DATE: r.WIRE_DATE,
    TypeKind.DATETIME: r.WIRE_DATETIME,
    TypeKind.TIME: r.WIRE_TIME,
    TypeKind.YEAR: r.WIRE_YEAR,
    TypeKind.BIT: r.WIRE_BIT,
    TypeKind.VARCHAR: r.WIRE_VAR_STRING,
    TypeKind.ENUM: r.WIRE_STRING,
    TypeKind.SET: r.WIRE_STRING,
    TypeKind.NULL: r.WIRE_NULL,
}


class Batch:
    """A little arena with one register per column, as the machine lays them out."""

    def __init__(self, types: Sequence[ColumnType]) -> None:
        self.st = np.zeros(4096, np.int64)
        self.mem = np.zeros(OUT + ROOM + 64, np.uint8)
        self.types = types
        self._next = 1 << 17
        self.lanes_at, self.nulls_at = 8192, 8192 + 8 * LANES * len(types)
        words = block_words(
            column_words(kind, number * 8 * LANES, number * LANES, self.put_members)
            for number, kind in enumerate(types)
        )
        self.mem[64 : 64 + 8 * len(words)] = np.array(words, np.int64).view(np.uint8)

    def put(self, value: bytes) -> int:
        at = self._next
        self.mem[at : at + len(value)] = np.frombuffer(value, np.uint8)
        self._next += len(value)
        return at << RUN_SHIFT | len(value)

    def put_members(self, names: Sequence[bytes]) -> int:
        lanes = [self.put(name) for name in names]
        at = self._next = -(-self._next // 8) * 8
        self.mem[at : at + 8 * len(lanes)] = np.array(lanes, np.int64).view(np.uint8)
        self._next += 8 * len(lanes)
        return at

    def set(self, column: int, lane: int, value: int | None) -> None:
        self.mem[self.nulls_at + column * LANES + lane] = value is None
        at = self.lanes_at + column * 8 * LANES + 8 * lane
        self.mem[at : at + 8] = np.frombuffer(
            struct.pack("<Q", (value or 0) & (1 << 64) - 1), np.uint8
        )

    def encode(
        self, n: int, binary: bool, room: int = ROOM, sequence: int = 1, selection: int = 0
    ) -> int:
        return int(
            rows_encode(
                self.st,
                self.mem,
                64,
                self.lanes_at,
                self.nulls_at,
                selection,
                n,
                OUT,
                room,
                sequence,
                int(binary),
            )
        )

    def packets(self, size: int) -> bytes:
        return self.mem[OUT : OUT + size].tobytes()


def column_of(kind: ColumnType) -> ColumnDef:
    decimals = r.DECIMALS_NOT_FIXED
    if kind.kind not in (TypeKind.DOUBLE, TypeKind.FLOAT) or kind.precision:
        decimals = kind.scale
    return ColumnDef("c", WIRE[kind.kind], kind.length, decimals=decimals)


def read_all(rows: PythonRows, sequence: int) -> bytes:
    return asyncio.run(rows.read(sequence, 10_000)).packets


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little", signed=True)


def a_value(kind: ColumnType, rng: random.Random, batch: Batch) -> tuple[int, Any]:
    """A random lane of a type, and what PythonRows needs for the same value."""
    name = kind.kind
    if name in (TypeKind.DOUBLE, TypeKind.FLOAT):
        number = rng.choice([0.0, -0.0, 0.1, 1e15, 123.5, rng.uniform(-1e6, 1e6), 1e-7, 1e22])
        if name is TypeKind.FLOAT:
            number = struct.unpack("<f", struct.pack("<f", number))[0]
        return bits(number), number
    if name is TypeKind.VARCHAR:
        text = bytes(rng.randrange(32, 127) for _ in range(rng.choice([0, 1, 7, 250, 251, 3000])))
        return batch.put(text), text
    if name in (TypeKind.DATE, TypeKind.DATETIME):
        day = (rng.randrange(10000) * 13 + rng.randrange(13)) << 5 | rng.randrange(32)
        clock = rng.randrange(24) << 12 | rng.randrange(60) << 6 | rng.randrange(60)
        micros = rng.choice([0, 5, 999999]) if kind.scale else 0
        lane = day << 41 | (0 if name is TypeKind.DATE or rng.random() < 0.3 else clock << 24)
        lane |= 0 if name is TypeKind.DATE else micros
        lane = 0 if rng.random() < 0.1 else lane
        return lane, lane
    if name is TypeKind.TIME:
        clock = rng.randrange(839) << 12 | rng.randrange(60) << 6 | rng.randrange(60)
        lane = rng.choice([1, -1, 0]) * (clock << 24 | rng.choice([0, 250000]))
        return lane, lane
    if name is TypeKind.ENUM:
        lane = rng.randrange(len(kind.members) + 1)
        return lane, kind.members[lane - 1] if lane else ""
    if name is TypeKind.SET:
        lane = rng.randrange(1 << len(kind.members))
        return lane, ",".join(n for i, n in enumerate(kind.members) if lane >> i & 1)
    if name is TypeKind.YEAR:
        lane = rng.choice([0, 1901, 2155])
        return lane, lane
    if name is TypeKind.DECIMAL:
        lane = rng.choice([0, 1, -1, 10**kind.precision - 1, -(10 ** (kind.precision - 1)), 5])
        digits = str(abs(lane)).rjust(kind.scale + 1, "0")
        cut = len(digits) - kind.scale
        text = digits[:cut] + ("." + digits[cut:] if kind.scale else "")
        return lane, ("-" if lane < 0 else "") + text
    size = {TypeKind.TINYINT: 8, TypeKind.SMALLINT: 16, TypeKind.MEDIUMINT: 24, TypeKind.INT: 32}
    width = kind.length if name is TypeKind.BIT else size.get(name, 64)
    if kind.unsigned or name is TypeKind.BIT:
        lane = rng.choice([0, 1, 9, 10, 2**width - 1, 2 ** (width - 1), rng.randrange(2**width)])
    else:
        half = 2 ** (width - 1)
        lane = rng.choice([0, -1, half - 1, -half, rng.randrange(-half, half), 10, 99, 100])
    return lane, lane


TYPES = [
    *(
        ColumnType(kind, unsigned=unsigned)
        for kind in (
            TypeKind.TINYINT,
            TypeKind.SMALLINT,
            TypeKind.MEDIUMINT,
            TypeKind.INT,
            TypeKind.BIGINT,
        )
        for unsigned in (False, True)
    ),
    ColumnType(TypeKind.DECIMAL, precision=12, scale=2),
    ColumnType(TypeKind.DECIMAL, precision=18, scale=18),
    ColumnType(TypeKind.DECIMAL, precision=10, scale=0),
    ColumnType(TypeKind.DOUBLE),
    ColumnType(TypeKind.DOUBLE, precision=30, scale=3),
    ColumnType(TypeKind.FLOAT),
    ColumnType(TypeKind.DATE),
    ColumnType(TypeKind.DATETIME),
    ColumnType(TypeKind.DATETIME, scale=6),
    ColumnType(TypeKind.TIME),
    ColumnType(TypeKind.TIME, scale=3),
    ColumnType(TypeKind.YEAR),
    ColumnType(TypeKind.BIT, length=17),
    ColumnType(TypeKind.VARCHAR, length=3000, collation="utf8mb4_0900_ai_ci"),
    ColumnType(TypeKind.ENUM, members=("red", "green", "")),
    ColumnType(TypeKind.SET, members=("a", "bc", "d" * 300)),
    ColumnType(TypeKind.NULL),
]


@pytest.mark.parametrize("binary", [False, True])
def test_rows_equal_those_of_the_plain_twin(binary: bool) -> None:
    rng = random.Random(7)
    for _ in range(60):
        types = rng.sample(TYPES, rng.randrange(1, 12))
        batch = Batch(types)
        columns = [column_of(kind) for kind in types]
        rows = []
        for lane_no in range(LANES):
            row: list[Any] = []
            for number, kind in enumerate(types):
                lane, value = a_value(kind, rng, batch)
                null = kind.kind is TypeKind.NULL or rng.random() < 0.2
                batch.set(number, lane_no, None if null else lane)
                row.append(None if null else value)
            rows.append(row)
        size = batch.encode(LANES, binary, sequence=250)
        assert batch.packets(size) == read_all(PythonRows(columns, rows, binary), 250), types
        assert batch.st[w.ST_ENCODED_ROWS] == LANES
        assert batch.st[w.ST_ENCODED_SEQUENCE] == (250 + LANES) % 256


def test_selection_chooses_lanes() -> None:
    batch = Batch([ColumnType(TypeKind.INT)])
    for lane in range(LANES):
        batch.set(0, lane, lane * 11)
    batch.mem[4096 : 4096 + 24] = np.array([3, 5, 2], np.int64).view(np.uint8)
    assert batch.packets(batch.encode(3, False, selection=4096)) == b"".join(
        bytes((len(text) + 1, 0, 0, number, len(text))) + text
        for number, text in enumerate((b"33", b"55", b"22"), 1)
    )


def test_a_full_buffer_keeps_whole_rows_and_can_be_resumed() -> None:
    batch = Batch([ColumnType(TypeKind.VARCHAR, length=100)])
    rows = [[bytes([65 + i]) * 100] for i in range(LANES)]
    for lane, (text,) in enumerate(rows):
        batch.set(0, lane, batch.put(text))
    whole = read_all(PythonRows([ColumnDef("c", r.WIRE_VAR_STRING, 100)], rows, False), 1)
    gathered, done = b"", 0
    while done < LANES:
        size = int(
            rows_encode(
                batch.st, batch.mem, 64, batch.lanes_at + 8 * done, batch.nulls_at + done,
                0, LANES - done, OUT, 500, 1 + done, 0,
            )
        )  # fmt: skip
        gathered += batch.packets(size)
        assert 0 < batch.st[w.ST_ENCODED_ROWS] <= 4
        done += int(batch.st[w.ST_ENCODED_ROWS])
    assert gathered == whole
    assert batch.encode(1, False, room=100) == E_NO_ROOM
    need = int(batch.st[w.ST_ENCODE_NEED])
    assert batch.encode(1, False, room=need) == 105


@pytest.mark.parametrize("extra", [-1, 0, 1, 0xFFFFFF])
def test_rows_of_sixteen_mebibytes_are_cut_into_packets(extra: int) -> None:
    text = b"x" * (0xFFFFFF // 2 - 100_000)
    left = 0xFFFFFF + extra - 2 * len(text) - 4 * 4  # payload: 0xFFFFFF + extra
    values = [text, text, b"y" * (left // 2), b"z" * (left - left // 2)]
    batch = Batch([ColumnType(TypeKind.VARCHAR, length=3)] * 4)
    batch.mem = np.concatenate([batch.mem, np.zeros(80 << 20, np.uint8)])
    batch._next = OUT + ROOM + 64
    for number, value in enumerate(values):
        batch.set(number, 0, batch.put(value))
    out = batch._next
    size = int(
        rows_encode(
            batch.st, batch.mem, 64, batch.lanes_at, batch.nulls_at, 0, 1, out, 40 << 20, 254, 0
        )
    )
    columns = [ColumnDef("c", r.WIRE_VAR_STRING, 3)] * 4
    expected = read_all(PythonRows(columns, [values], False), 254)
    assert batch.mem[out : out + size].tobytes() == expected
    assert batch.st[w.ST_ENCODED_SEQUENCE] == (254 + 1 + (0xFFFFFF + extra) // 0xFFFFFF) % 256


#: (number, its text) as MySQL 9.7 printed them, from literals and columns.
PRINTED = [
    (1e14, "100000000000000"),
    (1e15, "1e15"),
    (1234567890123456.0, "1.234567890123456e15"),
    (1000000000000000.2, "1000000000000000.2"),
    (123456789012345.6, "123456789012345.6"),
    (0.00001, "0.00001"),
    (1e-15, "0.000000000000001"),
    (1e-16, "1e-16"),
    (1.23e-15, "0.00000000000000123"),
    (9.99e-16, "9.99e-16"),
    (1.2345678901234567e-15, "0.0000000000000012345678901234568"),
    (1.23e22, "1.23e22"),
    (1e300, "1e300"),
    (-0.0, "-0"),
    (1.7976931348623157e308, "1.7976931348623157e308"),
    (5e-324, "5e-324"),
    (1e-323, "1e-323"),
    (0.1 + 0.2, "0.30000000000000004"),
    (2.0**-24, "0.00000005960464477539063"),
    (2.0**-44, "0.00000000000005684341886080802"),
    (2.0**89, "6.189700196426902e26"),
    (4503599627370495.5, "4503599627370495.5"),
]
PRINTED_FLOATS = [
    (16777216.0, "16777200"),
    (1e10, "10000000000"),
    (1e15, "1e15"),
    (123456.7, "123457"),
    (1234567.0, "1234570"),
    (0.000000123456, "0.000000123456"),
    (-0.00001234567e-8, "-0.000000000000123457"),
    (1e-16, "1e-16"),
    (3.4e38, "3.4e38"),
    (0.1, "0.1"),
]


def one_text(kind: ColumnType, value: float) -> str:
    batch = Batch([kind])
    batch.set(0, 0, bits(value))
    return batch.packets(batch.encode(1, False))[5:].decode()


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_doubles_are_printed_as_mysql_prints_them(value: float, text: str) -> None:
    assert one_text(ColumnType(TypeKind.DOUBLE), value) == text
    assert double_text(value) == text


@pytest.mark.parametrize(("value", "text"), PRINTED_FLOATS)
def test_floats_are_printed_as_mysql_prints_them(value: float, text: str) -> None:
    single = struct.unpack("<f", struct.pack("<f", value))[0]
    assert one_text(ColumnType(TypeKind.FLOAT), single) == text
    assert float_text(single) == text


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.05, 20, "0.05000000000000000000"),
        (1e9, 20, "1000000000.00000000000000000000"),
        (1e-21, 20, "0.00000000000000000000"),
        (1.23456789012345678e-10, 20, "0.00000000012345678901"),
        (0.00000000000000000005, 20, "0.00000000000000000005"),
        (0.05, 1, "0.1"),
        (0.25, 1, "0.2"),
        (123.456, 2, "123.46"),
        (9.999, 2, "10.00"),
        (0.5, 0, "0"),
        (0.6, 0, "1"),
        (2.5, 0, "2"),
        (-1.005, 2, "-1.00"),
        (1e300, 2, "1" + "0" * 300 + ".00"),
    ],
)
def test_doubles_with_fixed_decimals(value: float, scale: int, text: str) -> None:
    kind = ColumnType(TypeKind.DOUBLE, precision=53, scale=scale)
    batch = Batch([kind])
    batch.set(0, 0, bits(value))
    packet = batch.packets(batch.encode(1, False))
    assert packet[-len(text) :].decode() == text
    assert len(packet) == 4 + (1 if len(text) < 251 else 3) + len(text)


def test_random_doubles_have_the_digits_of_their_shortest_text() -> None:
    rng = random.Random(11)
    numbers = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(4000)]
    numbers += [2.0**power for power in range(-1074, 1024)]
    for value in numbers:
        if value == value and abs(value) != float("inf"):
            assert one_text_fast(value) == double_text(value), value


_FAST = Batch([ColumnType(TypeKind.DOUBLE)])


def one_text_fast(value: float) -> str:
    _FAST.set(0, 0, bits(value))
    return _FAST.packets(_FAST.encode(1, False))[5:].decode()


def test_zerofill_pads_numbers() -> None:
    batch = Batch([ColumnType(TypeKind.INT, unsigned=True)])
    words = block_words([column_words(batch.types[0], 0, 0, zerofill_width=10)])
    batch.mem[64 : 64 + 8 * len(words)] = np.array(words, np.int64).view(np.uint8)
    batch.set(0, 0, 42)
    assert batch.packets(batch.encode(1, False))[4:] == b"\x0a0000000042"


def test_python_temporals_are_packed() -> None:
    column = ColumnDef("c", r.WIRE_TIME, 10)
    assert packed_temporal(timedelta(hours=-30, seconds=-1)) == -((30 << 12 | 1) << 24)
    rows = PythonRows([column], [[timedelta(hours=-30)]], False)
    assert read_all(rows, 1)[4:] == b"\x09-30:00:00"
    stamp = datetime(2024, 2, 29, 12, 34, 56, 7)
    rows = PythonRows([ColumnDef("c", r.WIRE_DATETIME, 26, decimals=6)], [[stamp]], True)
    assert read_all(rows, 1)[6:] == b"\x0b\xe8\x07\x02\x1d\x0c\x22\x38\x07\0\0\0"
