"""The machine's speed: scan + filter + aggregate in ns a row, point programs in µs.

python -m tests.bench.bench_machine [rows]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mysqlcompat import compiler
from mysqlcompat.machine import run
from mysqlcompat.machine.machine_kernels import program_execute
from mysqlcompat.machine.program import Program
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

QUERIES = {
    "count(*)": "SELECT COUNT(*) FROM t",
    "sum of one column": "SELECT SUM(k) FROM t",
    "filter, multiply, sum": "SELECT SUM(k * 2) FROM t WHERE k > 250",
    "decimal filter, avg": "SELECT AVG(v) FROM t WHERE v > 500.00",
    "group by 500 groups": "SELECT k, COUNT(*), SUM(v) FROM t GROUP BY k",
    "order by, limit 10": "SELECT id FROM t ORDER BY v LIMIT 10",
    "text filter": "SELECT COUNT(*) FROM t WHERE s = 'name-77'",
}


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def load(talk: Talk, rows: int) -> None:
    talk.run("CREATE DATABASE bench")
    talk.run("USE bench")
    talk.run(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, k INT NOT NULL, v DECIMAL(10,2), s VARCHAR(40))"
    )
    first = ",".join(f"({i},{i % 500},{i}.25,'name-{i % 100}')" for i in range(1000))
    talk.run(f"INSERT INTO t VALUES {first}")
    have = 1000
    while have < rows:
        step = min(have, rows - have)
        talk.run(f"INSERT INTO t SELECT id + {have}, k, v, s FROM t WHERE id < {step}")
        have += step


def point(node: LocalNode, talk: Talk, rows: int) -> None:
    """A point SELECT by primary key: in the kernel, and through the Python side of a run."""
    session = talk.session
    text = "SELECT k, s FROM t WHERE id = ?"
    program: Program = compiler.compile_statement(text, session)
    assert program.kernel_only
    arena, st = node.engine.arena, node.engine.st
    params, out = arena.alloc(64), arena.alloc(4096)
    word = arena.words(params, 1)
    count = 100_000

    def kernel() -> None:
        for i in range(count):
            word[0] = (i * 7919) % rows
            program_execute(st, arena.mem, program.at, session.ctx, params, out, 4096, 1, 1)

    print(
        f"{'point select, kernel (called from Python)':44} {seconds(kernel) / count * 1e6:8.2f} µs"
    )

    async def python() -> None:
        for i in range(2000):
            result = await run.execute(program, session, [i], True)
            await result.source.read(1, 0)

    spent = seconds(lambda: asyncio.run(python()))
    print(f"{'point select, through run.execute':44} {spent / 2000 * 1e6:8.2f} µs")


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as directory, local_node(Path(directory)) as node:
        talk = Talk(node)
        spent = seconds(lambda: load(talk, rows))
        print(f"{'insert … select':44} {spent / rows * 1e6:8.2f} µs a row")
        for name, query in QUERIES.items():
            best = min(seconds(lambda query=query: talk.run(query)) for _ in range(3))
            print(f"{name:44} {best / rows * 1e9:8.1f} ns a row")
        point(node, talk, rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
