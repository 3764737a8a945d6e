"""Statements of several sessions: lock waits in mid-statement, deadlock, timeout, kill."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.mysqlcompat.local_node import Talk, local_node
from tests.mysqlcompat.machine.test_statements import answer_of


async def run(talk: Talk, sql: str) -> str:
    return answer_of(await talk.ask(sql), sql)


async def waits(talk: Talk, sql: str) -> asyncio.Task[str]:
    """Start a statement that must wait for a lock."""
    task = asyncio.create_task(run(talk, sql))
    locks = talk.session.node.engine.locks
    for _ in range(1000):
        await asyncio.sleep(0)
        if locks.waiting(talk.session.ctx) is not None:
            return task
    raise AssertionError(f"does not wait: {sql}")


def played(tmp_path: Path, play: Any) -> None:
    """Run `play(a, b)` with two sessions on a table of three rows."""
    with local_node(tmp_path) as node:
        a, b = Talk(node), Talk(node)

        async def main() -> None:
            for sql in (
                "CREATE DATABASE d",
                "USE d",
                "CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, u INT UNIQUE)",
                "INSERT INTO t VALUES (1, 10, 1), (2, 20, 2), (3, 30, 3)",
            ):
                answer = await run(a, sql)
                assert answer.startswith("ok"), answer
            await run(b, "USE d")
            await play(a, b)

        asyncio.run(main())
        assert node.engine.check() == []


def test_writer_waits_and_sees_the_committed_value(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        await run(a, "BEGIN")
        assert await run(a, "UPDATE t SET n = n + 1 WHERE id = 2") == "ok 1 0"
        task = await waits(b, "UPDATE t SET n = n * 2")
        await run(a, "COMMIT")
        assert await task == "ok 3 0"
        assert await run(b, "SELECT n FROM t ORDER BY id") == "20\n42\n60"

    played(tmp_path, play)


def test_reader_does_not_wait(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        await run(a, "BEGIN")
        await run(a, "DELETE FROM t WHERE id < 3")
        assert await run(b, "SELECT SUM(n) FROM t") == "60"
        task = await waits(b, "SELECT n FROM t WHERE id = 1 FOR UPDATE")
        await run(a, "ROLLBACK")
        assert await task == "10"

    played(tmp_path, play)


def test_insert_waits_for_the_fate_of_a_duplicate(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        for end, expected in (
            ("ROLLBACK", "ok 1 0"),
            ("COMMIT", "error 1062 Duplicate entry '9' for key 't.u'"),
        ):
            await run(a, "DELETE FROM t WHERE id > 6")
            await run(a, "BEGIN")
            await run(a, "INSERT INTO t VALUES (7, 0, 9)")
            task = await waits(b, "INSERT INTO t VALUES (8, 0, 9)")
            await run(a, end)
            assert await task == expected

    played(tmp_path, play)


def test_deadlock_has_one_victim(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        await run(a, "BEGIN")
        await run(b, "BEGIN")
        await run(a, "UPDATE t SET n = 0 WHERE id IN (1, 3)")
        await run(b, "UPDATE t SET n = 1 WHERE id = 2")
        task = await waits(a, "UPDATE t SET n = 0 WHERE id = 2")
        lost = await run(b, "UPDATE t SET n = 1 WHERE id = 1")
        assert lost.startswith("error 1213"), lost
        assert await task == "ok 1 0"
        await run(a, "COMMIT")
        assert await run(b, "SELECT n FROM t ORDER BY id") == "0\n0\n0"

    played(tmp_path, play)


def test_timeout_rolls_back_the_statement_only(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        await run(b, "SET innodb_lock_wait_timeout = 1")
        await run(a, "BEGIN")
        await run(a, "UPDATE t SET n = 0 WHERE id = 3")
        await run(b, "BEGIN")
        await run(b, "UPDATE t SET n = 11 WHERE id = 1")
        lost = await run(b, "UPDATE t SET n = n + 1")
        assert lost.startswith("error 1205"), lost
        assert await run(b, "SELECT n FROM t ORDER BY id") == "11\n20\n30"
        await run(b, "COMMIT")
        await run(a, "ROLLBACK")

    played(tmp_path, play)


def test_a_killed_wait_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        await run(a, "BEGIN")
        await run(a, "UPDATE t SET n = 0 WHERE id = 2")
        task = await waits(b, "UPDATE t SET n = n + 1")
        b.session.cancel("query")
        assert (await task).startswith("error 1317")
        await run(a, "ROLLBACK")
        assert await run(b, "SELECT n FROM t ORDER BY id") == "10\n20\n30"

    played(tmp_path, play)


def test_failed_insert_leaves_no_row(tmp_path: Path) -> None:
    async def play(a: Talk, b: Talk) -> None:
        lost = await run(a, "INSERT INTO t VALUES (4, 1, 4), (5, 1, 5), (1, 1, 6)")
        assert lost == "error 1062 Duplicate entry '1' for key 't.PRIMARY'"
        assert await run(b, "SELECT COUNT(*) FROM t") == "3"

    played(tmp_path, play)
