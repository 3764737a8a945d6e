"""Ops against naive twins in plain Python, on random lanes."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce

import pytest

from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import (
    aggregate_kernels,
    arithmetic_kernels,
    collect_kernels,
    compare_kernels,
    logic_kernels,
    variance_kernels,
)
from mysqlcompat.machine.program import Assembler, Program, Register
from mysqlcompat.machine.registers import RunMemory
from mysqlcompat.sqltypes import SqlType, decimal_type, double_type, int_type
from mysqlcompat.values import to_lane
from redo.arena import Arena, create_ring
from redo.codes import E_NO_ROOM, E_OVERFLOW
from redo.log import new_state

N = 300
INT = int_type()
EDGES = (0, 1, -1, 2**31, -(2**31), 2**62, -(2**62), 2**63 - 1, -(2**63) + 1)


class Bench:
    """Registers to call single ops on."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.st = new_state(arena, 16384)
        self.asm = Assembler(arena)
        self.asm.stage()
        self.registers = [self.asm.register() for _ in range(6)]
        self.grouped = self.asm.collection(4, hashed=True)
        made = self.asm.finish({})
        program = Program(
            arena=arena, kind="read", columns=(), slots=(), stages=(), callbacks={},
            collections=(self.grouped,), tables=(), version=0, kernel_only=False, at=made.at,
            size=made.size, run_bytes=made.run_bytes, state_bytes=made.state_bytes,
            registers_at=made.registers_at,
        )  # fmt: skip
        self.memory = RunMemory(arena, program)
        self.instruction = arena.alloc(64)

    def call(self, op, *operands: int | Register, n: int = N) -> int:
        words = [0, *(self._operand(value) for value in operands)]
        self.arena.words(self.instruction, 8)[: len(words)] = words
        return int(op(self.st, self.arena.mem, self.memory.run, self.instruction, n))

    def _operand(self, value: int | Register) -> int:
        if isinstance(value, Register):
            return self.memory.offset_of(value) - self.memory.run
        return value

    def fill(self, values: list, sql_type=INT) -> Register:
        register = self.registers.pop(0)
        self.memory.write(register, sql_type, values, "UTC")
        self.registers.append(register)
        return register

    def read(self, register: Register, sql_type=INT, n: int = N) -> list:
        return self.memory.read(register, sql_type, n, "UTC")


@pytest.fixture
def bench() -> Iterator[Bench]:
    arena = Arena(create_ring(1 << 16), 64 << 20)
    yield Bench(arena)
    arena.close()


def some_ints(rng: random.Random, edges: bool = True) -> list[int | None]:
    def one() -> int | None:
        kind = rng.random()
        if kind < 0.1:
            return None
        if kind < 0.4 and edges:
            return rng.choice(EDGES)
        return rng.randint(-1000, 1000)

    return [one() for _ in range(N)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("code", "twin"),
    [(layout.ADD, operator.add), (layout.SUBTRACT, operator.sub), (layout.MULTIPLY, operator.mul)],
)
def test_arithmetic_is_exact_or_overflows(bench: Bench, code: int, twin, seed: int) -> None:
    rng = random.Random(seed)
    for edges in (False, True):
        a, b = some_ints(rng, edges), some_ints(rng, edges)
        expected = [None if None in pair else twin(*pair) for pair in zip(a, b, strict=True)]
        x, y, to = bench.fill(a), bench.fill(b), bench.registers[0]
        result = bench.call(arithmetic_kernels.op_arithmetic, to, x, y, code, layout.SIGNED, 1, 1)
        fits = all(value is None or -(2**63) <= value < 2**63 for value in expected)
        assert (result == N) == fits, seed
        if fits:
            assert bench.read(to) == expected, seed
        else:
            assert result == E_OVERFLOW


def test_decimals_meet_at_one_scale(bench: Bench) -> None:
    a = [Decimal("1.5"), Decimal("-2.25"), None]
    x = bench.fill(a, decimal_type(10, 2))
    y = bench.fill([Decimal("0.125")] * 3, decimal_type(10, 3))
    to = bench.registers[0]
    operands = (to, x, y, layout.ADD, layout.SIGNED, 10, 1)
    assert bench.call(arithmetic_kernels.op_arithmetic, *operands, n=3) == 3
    expected = [Decimal("1.625"), Decimal("-2.125"), None]
    assert bench.read(to, decimal_type(12, 3), 3) == expected


def naive_compare(code: int, a, b):
    if code == layout.NULL_SAFE_EQ:
        return int(a == b)
    if a is None or b is None:
        return None
    names = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
    return int(names[code](a, b))


@pytest.mark.parametrize("code", range(7))
def test_comparison_of_signed_and_unsigned(bench: Bench, code: int) -> None:
    rng = random.Random(code)
    unsigned = int_type(unsigned=True)
    signed_values = some_ints(rng)
    unsigned_values = [None if v is None else v % 2**64 for v in some_ints(rng)]
    x, y = bench.fill(signed_values), bench.fill(unsigned_values, unsigned)
    to = bench.registers[0]
    cases = (
        (x, y, layout.SIGNED_UNSIGNED, signed_values, unsigned_values),
        (y, x, layout.UNSIGNED_SIGNED, unsigned_values, signed_values),
        (y, y, layout.UNSIGNED, unsigned_values, unsigned_values),
    )
    for a, b, mode, left, right in cases:
        bench.call(compare_kernels.op_compare, to, a, b, code, mode)
        pairs = zip(left, right, strict=True)
        assert bench.read(to) == [naive_compare(code, *pair) for pair in pairs], mode


def test_comparison_of_doubles(bench: Bench) -> None:
    double = double_type()
    values = [1.5, -0.0, None, 1e300, -3.25]
    x, y = bench.fill(values, double), bench.fill([1.5, 0.0, 1.0, -1e300, None], double)
    to = bench.registers[0]
    bench.call(compare_kernels.op_compare, to, x, y, layout.GE, layout.DOUBLE, n=5)
    assert bench.read(to, n=5) == [1, 1, None, 1, None]


_UNSIGNED = (0, 1, 5, 2**63 - 1, 2**63, 2**64 - 1, None)
_DOUBLES = (0.0, -0.0, 1.5, -1.5, 1.7976931348623157e308, -1.7976931348623157e308, None)


@pytest.mark.parametrize("code", [layout.EQ, layout.NE, layout.LT, layout.LE, layout.GT, layout.GE])
@pytest.mark.parametrize(
    ("mode", "sql_type", "values"),
    [
        (layout.SIGNED, INT, (-(2**63), *EDGES, None)),
        (layout.UNSIGNED, int_type(unsigned=True), _UNSIGNED),
        (layout.DOUBLE, double_type(), _DOUBLES),
    ],
)
def test_lanes_are_kept_by_a_constant(
    bench: Bench, code: int, mode: int, sql_type: SqlType, values: tuple
) -> None:
    n = len(values)
    for constant in values[:-1]:
        others = bench.fill(list(range(n)))
        a = bench.fill(list(values), sql_type)
        kept = bench.arena.alloc(16)
        bench.arena.words(kept, 2)[:] = 1, bench._operand(others)
        lane = to_lane(constant, sql_type)
        expected = [i for i in range(n) if naive_compare(code, values[i], constant)]
        live = bench.call(compare_kernels.op_keep, a, -1, lane, code, mode, kept, n=n)
        assert live == len(expected), constant
        assert bench.read(others, n=live) == expected, constant


def test_three_valued_logic(bench: Bench) -> None:
    values = [None, 0, 1, 7]
    a = [x for x in values for _ in values]
    b = values * len(values)
    x, y, to = bench.fill(a), bench.fill(b), bench.registers[0]

    def naive(code: int, p, q):
        p, q = (None if v is None else bool(v) for v in (p, q))
        if code == layout.AND:
            return False if p is False or q is False else None if None in (p, q) else True
        if code == layout.OR:
            return True if p or q else None if None in (p, q) else False
        if code == layout.XOR:
            return None if None in (p, q) else p != q
        if code == layout.NOT:
            return None if p is None else not p
        return {layout.IS_NULL: p is None, layout.IS_TRUE: p is True}.get(code, p is False)

    for code in range(7):
        bench.call(logic_kernels.op_logic, to, x, y, code, n=16)
        pairs = zip(a, b, strict=True)
        assert bench.read(to, n=16) == [naive(code, *pair) for pair in pairs], code


@pytest.mark.parametrize("seed", range(5))
def test_sum_and_average_of_128_bits(bench: Bench, seed: int) -> None:
    rng = random.Random(seed)
    values = some_ints(rng)
    groups = [rng.randint(0, 2) for _ in values]
    for one_group in (True, False):
        keys = [[0] * N, groups][not one_group]
        records = group(bench, keys)
        source = bench.fill(values)
        state = 24
        operands = (records, source, state, layout.SUM_SIGNED, 0, int(one_group))
        bench.memory.mem[bench.arena.words(bench.memory.offset_of(records), 1)[0] + 24] = 0
        assert bench.call(aggregate_kernels.op_sum, *operands) == N
        total, average = bench.registers[0], bench.registers[1]
        kind = layout.SUM_SIGNED
        bench.call(aggregate_kernels.op_result, total, records, state, kind, layout.AS_TEXT, 0)
        form = layout.AS_AVERAGE_TEXT
        bench.call(aggregate_kernels.op_result, average, records, state, kind, form, 4)
        for key, seen, mean in zip(
            keys,
            bench.read(total, decimal_type(40, 0)),
            bench.read(average, decimal_type(40, 4)),
            strict=True,
        ):
            mine = [v for k, v in zip(keys, values, strict=True) if k == key and v is not None]
            assert seen == sum(mine), (seed, one_group)
            exact = Decimal(sum(mine)) / len(mine)
            assert mean == exact.quantize(Decimal("0.0001"), ROUND_HALF_UP), (seed, one_group)


@pytest.mark.parametrize("seed", range(3))
def test_variances_and_bits(bench: Bench, seed: int) -> None:
    rng = random.Random(seed)
    values = some_ints(rng)
    doubles = [None if v is None else float(v) for v in values]
    groups = [rng.randint(0, 2) for _ in values]
    records = group(bench, groups)
    found = bench.arena.words(bench.memory.offset_of(records), N).tolist()
    to, source = bench.registers[0], bench.fill(doubles, double_type())

    def cleared(fields: int) -> None:
        for record in set(found):
            bench.memory.mem[record + 24 : record + 24 + 8 * fields] = 0

    cleared(3)
    assert bench.call(variance_kernels.op_variance, records, source, 24, 0) == N
    for form in range(4):
        bench.call(variance_kernels.op_variance_result, to, records, 24, form)
        for key, seen in zip(groups, bench.read(to, double_type()), strict=True):
            mine = [v for k, v in zip(groups, doubles, strict=True) if k == key and v is not None]
            assert seen == naive_variance(mine, form), (seed, form)
    lanes = bench.fill(values)
    for kind in (layout.BIT_AND, layout.BIT_OR, layout.BIT_XOR):
        cleared(1)
        assert bench.call(aggregate_kernels.op_bits, records, lanes, 24, kind, 0) == N
        bench.call(aggregate_kernels.op_result, to, records, 24, kind, layout.AS_LANE, 0)
        for key, seen in zip(groups, bench.read(to), strict=True):
            mine = [v for k, v in zip(groups, values, strict=True) if k == key and v is not None]
            assert seen == reduce(_BITWISE[kind], mine, -1 if kind == layout.BIT_AND else 0)


_BITWISE = {
    layout.BIT_AND: operator.and_,
    layout.BIT_OR: operator.or_,
    layout.BIT_XOR: operator.xor,
}


def naive_variance(values: list[float], form: int) -> float | None:
    mean = squares = 0.0
    for count, value in enumerate(values, 1):
        distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    below = len(values) - (form & layout.OF_SAMPLE)
    if below <= 0:
        return None
    return math.sqrt(squares / below) if form & layout.AS_DEVIATION else squares / below


def test_infinite_variances_are_refused(bench: Bench) -> None:
    records = group(bench, [0] * N)
    source = bench.fill([1e308, -1e308] * (N // 2), double_type())
    bench.memory.mem[bench.arena.words(bench.memory.offset_of(records), 1)[0] + 24 :][:24] = 0
    bench.call(variance_kernels.op_variance, records, source, 24, 1)
    to = bench.registers[0]
    assert bench.call(variance_kernels.op_variance_result, to, records, 24, 0, n=1) == E_OVERFLOW


def group(bench: Bench, keys: list[int]) -> Register:
    """Records of a fresh collection, one for each different key."""
    memory = bench.memory
    memory.set(bench.grouped.at + layout.COLLECTION_COUNT, 0)
    table, _ = memory.grow_table(bench.grouped, 4096)
    memory.set(bench.grouped.at + layout.COLLECTION_TABLE, table)
    memory.set(bench.grouped.at + layout.COLLECTION_MASK, 4095)
    texts = bench.registers[2]
    from mysqlcompat.sqltypes import string_type

    memory.write(texts, string_type(9), [str(key) for key in keys], "UTC")
    records = bench.registers[3]
    operands = (records, bench.grouped.at, texts, 0)
    while (result := bench.call(collect_kernels.op_group, *operands)) == E_NO_ROOM:
        if memory.get(layout.RUN_WANT_OF) >= layout.WANT_CHUNK:
            memory.grow_chunks(bench.grouped)
        else:
            memory.grow_heap_of(bench.grouped, memory.get(layout.RUN_WANT))
    assert result == N
    made = memory.count_of(bench.grouped)
    assert made == len(set(keys))
    return records


def test_decimal_texts_are_summed(bench: Bench) -> None:
    wide = decimal_type(40, 6)
    values = [Decimal("123456789012345678901234.567891"), Decimal("-0.000001"), None]
    records = group(bench, [0] * N)
    source = bench.fill(values, wide)
    operands = (records, source, 24, layout.SUM_TEXT, 6, 1)
    bench.call(aggregate_kernels.op_sum, *operands, n=3)
    to = bench.registers[0]
    form = layout.AS_TEXT
    bench.call(aggregate_kernels.op_result, to, records, 24, layout.SUM_TEXT, form, 6, n=1)
    assert bench.read(to, wide, 1) == [Decimal("123456789012345678901234.567890")]
