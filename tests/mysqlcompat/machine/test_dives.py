"""Constants decide where averages mislead; plans that hang on them are kept for them alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat import compiler
from mysqlcompat.sql.dives import Dives
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.plan import SelectPlan
from mysqlcompat.sql.planner import plan
from tests.mysqlcompat.local_node import Talk, local_node

ROWS = 6000
TABLE = """CREATE TABLE t (id INT PRIMARY KEY, status VARCHAR(20), day DATE, price DECIMAL(8,2),
    owner INT, note VARCHAR(20),
    KEY status (status), KEY day (day), KEY price (price DESC), KEY owner (owner, day))"""

# condition | index for these values | rows it finds
CASES = """
status = 'rare'                                 | status  | 6
status = 'RARE'                                 | status  | 6
status = 'common'                               | PRIMARY | 6000
status IN ('rare', 'none')                      | PRIMARY | 6000
day = '2026-01-03'                              | day     | 60
day > '2026-04-15'                              | day     | 0
day >= '2026-01-01'                             | PRIMARY | 6000
day BETWEEN '2026-01-01' AND '2026-04-01'       | PRIMARY | 6000
day BETWEEN '2026-01-01' AND '2026-01-03'       | day     | 180
owner IN (5998, 5999)                           | owner   | 2
owner = 5999 AND day > '2026-01-03'             | owner   | 1
status = 'rare' AND day = '2026-01-01'          | status  | 6
"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    directory: Path = tmp_path_factory.mktemp("dives")
    with local_node(directory) as node:
        talk = Talk(node)
        for sql in ("CREATE DATABASE d", "USE d", TABLE):
            talk.run(sql)
        for start in range(0, ROWS, 1000):
            rows = ", ".join(row(number) for number in range(start, start + 1000))
            talk.run(f"INSERT INTO t VALUES {rows}")
        talk.run("ANALYZE TABLE t")
        yield talk


def row(number: int) -> str:
    status = "rare" if number % 1000 == 7 else "common"
    day = f"2026-{number % 100 // 28 + 1:02}-{number % 100 % 28 + 1:02}"
    owner = 1 if number < ROWS - 2 else number
    return f"({number}, '{status}', '{day}', {number}.25, {owner}, 'n')"


def planned(talk: Talk, sql: str, estimates: Estimates) -> SelectPlan:
    made = plan(compiler.resolved(sql, talk.session), estimates)
    assert isinstance(made, SelectPlan)
    return made


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_choice(talk: Talk, case: str) -> None:
    condition, index, count = (part.strip() for part in case.split("|"))
    estimates = Estimates(talk.node.engine, Dives(talk.node.engine))
    made = planned(talk, f"SELECT note FROM t WHERE {condition}", estimates)
    assert made.scan is not None
    table = made.statement.tables[0].table
    assert table.indexes[made.scan.access.index_no].name == index
    found = estimates.matching(table, made.scan.access)
    assert abs(found - int(count)) <= max(ROWS // 40, int(count) // 5)


def test_each_value_has_the_plan_that_suits_it(talk: Talk) -> None:
    common, rare, nobody = (
        "SELECT COUNT(*), MAX(note) FROM t WHERE status = 'common' AND 1 = 1",
        "SELECT COUNT(*), MAX(note) FROM t WHERE status = 'rare' AND 1 = 1",
        "SELECT COUNT(*), MAX(note) FROM t WHERE status = 'nobody' AND 1 = 1",
    )
    for _ in range(3):
        assert talk.run(rare) == [["6", "n"]]
        assert talk.run(common) == [[str(ROWS - 6), "n"]]
        assert talk.run(nobody) == [["0", None]]


def test_values_that_are_not_known_yet(talk: Talk) -> None:
    estimates = Estimates(talk.node.engine, Dives(talk.node.engine))
    for value in ("@v", "NOW()", f"REPEAT('x', {1 << 12})"):
        made = planned(talk, f"SELECT note FROM t WHERE status = {value}", estimates)
        assert made == planned(
            talk, f"SELECT note FROM t WHERE status = {value}", estimates.averages
        )
