"""Long work in turns: what it gives and raises, who runs meanwhile, and what ends it early."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.members import Members
from mysqlcompat.turns import breathe, in_turns
from tests.mysqlcompat.local_node import Talk, local_node

MEMBERS = 4000


def test_results_and_errors_come_back() -> None:
    assert asyncio.run(in_turns(lambda: 7)) == 7
    with pytest.raises(SqlError, match="1046"):
        asyncio.run(in_turns(_refuse))


def _refuse() -> None:
    breathe()
    raise SqlError(1046)


def test_elsewhere_nobody_breathes() -> None:
    breathe()


def test_work_stops_for_others_and_when_given_up() -> None:
    """Two go on beside each other, and never at the same time; one is cancelled."""
    running: list[str] = []
    ended: list[str] = []

    def work(name: str, until: list[bool]) -> str:
        try:
            while not until:
                assert not running
                running.append(name)
                running.pop()
                breathe()
            return name
        finally:
            ended.append(name)

    async def main() -> None:
        over: list[bool] = []
        first = asyncio.create_task(in_turns(lambda: work("first", over)))
        second = asyncio.create_task(in_turns(lambda: work("second", [])))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not ended
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert ended == ["second"]
        over.append(True)
        assert await first == "first"

    asyncio.run(main())


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with local_node(tmp_path_factory.mktemp("turns")) as node:
        talk = Talk(node)
        talk.done("CREATE DATABASE d")
        talk.done("USE d")
        talk.done("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), k INT, KEY k (k))")
        rows = ", ".join(f"({n}, 'n{n}', {n % 7})" for n in range(100))
        talk.done(f"INSERT INTO t VALUES {rows}")
        yield talk


def _numbers() -> str:
    return ", ".join(str(random.Random(5).randrange(10**6)) for _ in range(MEMBERS))


LONG = {
    "numbers": f"SELECT COUNT(*) FROM t WHERE id IN ({_numbers()}, 5, NULL, 77, 5)",
    "texts": "SELECT COUNT(*) FROM t WHERE name IN ('N5', "
    + ", ".join(f"'x{number}'" for number in range(MEMBERS))
    + ", 'n77')",
    "conditions": "SELECT COUNT(*) FROM t WHERE "
    + " OR ".join(f"id = {number}" for number in [*range(1000, 1000 + MEMBERS // 4), 5, 77]),
    "cases": "SELECT COUNT(CASE id WHEN 5 THEN 1 WHEN 77 THEN 1 "
    + " ".join(f"WHEN {number} THEN NULL" for number in range(100, 400))
    + " END) FROM t",
}


@pytest.mark.parametrize("name", LONG)
def test_others_are_served_during_a_long_statement(talk: Talk, name: str) -> None:
    other = Talk(talk.node)
    other.done("USE d")

    async def beside() -> tuple[object, int]:
        long = asyncio.create_task(talk.ask(LONG[name]))
        served = 0
        while not long.done():
            assert await other.ask("SELECT name FROM t WHERE id = 3") == [["n3"]]
            await asyncio.sleep(0)
            served += 1
        return await long, served

    answer, served = asyncio.run(beside())
    assert answer == [["2"]]
    assert served > 20


def test_a_table_that_changes_meanwhile(talk: Talk) -> None:
    """The statement means the table that is there when it runs."""
    other = Talk(talk.node)
    other.done("USE d")
    talk.done("CREATE TABLE c (id INT PRIMARY KEY, a INT)")
    talk.done("INSERT INTO c VALUES (1, 1)")
    wanted = ", ".join(map(str, range(MEMBERS)))

    async def beside() -> object:
        long = asyncio.create_task(talk.ask(f"SELECT * FROM c WHERE id IN ({wanted})"))
        while talk.session.command != "Query":
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        await other.ask("ALTER TABLE c ADD COLUMN b INT DEFAULT 9")
        return await long

    assert asyncio.run(beside()) in ([["1", "1"]], [["1", "1", "9"]])
    assert talk.done("SELECT * FROM c") == [["1", "1", "9"]]


def test_an_index_is_read_in_order_whatever_the_list(talk: Talk) -> None:
    """Each member once, ascending; NULL finds nothing."""
    shuffled = [*range(7), 3, 5, 3]
    random.Random(1).shuffle(shuffled)
    for members in (shuffled, [6], [6, 0], [0, 6, 3], list(range(300, -1, -1))):
        text = ", ".join(["NULL", *map(str, members), "NULL"])
        rows = talk.done(f"SELECT k, id FROM t FORCE INDEX (k) WHERE k IN ({text})")
        wanted = sorted((n % 7, n) for n in range(100) if n % 7 in members)
        assert rows == [[str(k), str(n)] for k, n in wanted]


def test_members_are_those_that_compare_equal() -> None:
    members = Members.of(["a", "B", None], "utf8mb4_0900_ai_ci")
    assert members is not None and members.fits(["x", None]) and not members.fits([1])
    assert [members.contain(one) for one in ("A", "b", "c", None)] == [1, 1, None, None]
    numbers = Members.of([1, 2], "")
    assert numbers is not None and [numbers.contain(2), numbers.contain(3)] == [1, 0]
    assert Members.of([1, "1"], "") is None
