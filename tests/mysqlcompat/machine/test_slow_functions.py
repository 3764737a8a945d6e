"""Functions that take long: others are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.accumulators import accumulator
from mysqlcompat.sql.typed import Aggregate, ColumnRef
from mysqlcompat.sqltypes import string_type
from tests.mysqlcompat.local_node import Talk, local_node

PATTERN = "^(a|aa)+$"  #: backtracks: twice as long with every second letter


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with local_node(tmp_path) as node:
        talk = Talk(node)
        talk.run("CREATE DATABASE slow")
        talk.run("USE slow")
        talk.run("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(40))")
        talk.run("INSERT INTO t VALUES (1, CONCAT(REPEAT('a', 38), '!')), (2, 'aaa'), (3, NULL)")
        yield talk


async def turns_beside(work: asyncio.Task[object]) -> int:
    """How many turns others have at the loop until `work` is done."""
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    return turns


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT CONCAT(REPEAT('a', 38), '!') REGEXP '{PATTERN}'",
        f"SELECT s REGEXP '{PATTERN}' FROM t",
        f"SELECT COUNT(*) FROM t WHERE s = REGEXP_REPLACE(s, '{PATTERN}', 'b')",
    ],
)
def test_a_slow_pattern_stops_nobody(talk: Talk, sql: str) -> None:
    async def both() -> tuple[object, int]:
        work = asyncio.ensure_future(talk.ask(sql))
        turns = await turns_beside(work)
        return work.result(), turns

    answer, turns = asyncio.run(both())
    assert isinstance(answer, SqlError)
    assert answer.errno == 3699
    assert turns > 10


def test_a_pattern_that_would_take_minutes_to_read_is_too_big(talk: Talk) -> None:
    answer = asyncio.run(talk.ask("SELECT 'a' REGEXP REPEAT('.', 40000)"))
    assert isinstance(answer, SqlError)
    assert answer.errno == 3700
    assert talk.run("SELECT 'a' REGEXP REPEAT('.', 4000)") == [["0"]]


def test_a_pattern_that_takes_a_while_answers(talk: Talk) -> None:
    talk.run("SET GLOBAL regexp_time_limit = 0")
    rows = talk.run(f"SELECT id, LEFT(s, 24) REGEXP '{PATTERN}', s FROM t ORDER BY id")
    assert [row[:2] for row in rows] == [["1", "1"], ["2", "1"], ["3", None]]
    slow = talk.run(f"SELECT id, CONCAT(LEFT(s, 24), '!') REGEXP '{PATTERN}', s FROM t")
    assert [row[:2] for row in slow] == [["1", "0"], ["2", "0"], ["3", None]]


def test_benchmark_evaluates_so_often_beside_others(talk: Talk) -> None:
    talk.run("SET @n = 0")
    assert talk.run("SELECT BENCHMARK(1000, @n := @n + 1), @n") == [["0", "1000"]]
    assert talk.run("SELECT SUM(BENCHMARK(id, @n := @n + 1)) FROM t") == [["0"]]
    assert talk.run("SELECT @n") == [["1006"]]
    talk.run("DO BENCHMARK(5, @n := @n + 1)")
    assert talk.run("SELECT @n, BENCHMARK(0, @n := 1), BENCHMARK(NULL, 1)") == [["1011", "0", None]]

    async def both() -> int:
        return await turns_beside(asyncio.ensure_future(talk.ask("DO BENCHMARK(20000, MD5('x'))")))

    turns = asyncio.run(both())
    assert turns > 3


def test_strings_put_together_keep_what_is_shown(talk: Talk) -> None:
    talk.run("CREATE TABLE many (id INT PRIMARY KEY, s VARCHAR(1000))")
    talk.run("INSERT INTO many VALUES (1, REPEAT('x', 1000))")
    for power in range(8):
        talk.run(f"INSERT INTO many SELECT id + {1 << power}, s FROM many")
    assert talk.run("SELECT LENGTH(GROUP_CONCAT(s)), COUNT(*) FROM many") == [["1024", "256"]]
    node = Aggregate(string_type(1024), "group_concat", (ColumnRef(string_type(1000), 0, 1),))
    group = accumulator(node, talk.session)
    for _ in range(1000):
        group.take(["x" * 1000])
    assert group.kept_bytes < 10_000
    assert group.result() == ("x" * 1000 + "," + "x" * 1000)[:1024]
