"""Constants decide where averages mislead; plans that hang on them are kept for them alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from btree.state import ST_ROWS_READ
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


#: A value of `status`: how many rows have it, and how many a run that is planned for it may read.
RUNS = {"rare": (6, 6), "none": (0, 0), "common": (ROWS - 6, ROWS)}


def rows_read(talk: Talk, sql: str) -> tuple[Any, int]:
    """The answer, and how many rows were read for it."""
    before = int(talk.node.engine.st[ST_ROWS_READ])
    answer = talk.done(sql)
    return answer, int(talk.node.engine.st[ST_ROWS_READ]) - before


@pytest.mark.parametrize("order", [("rare", "common", "none"), ("common", "none", "rare")])
def test_each_value_has_the_plan_that_suits_it(talk: Talk, order: tuple[str, ...]) -> None:
    """Whichever came first."""
    for value in order * 2:
        answer, read = rows_read(
            talk,
            f"SELECT COUNT(*), MAX(note) FROM t WHERE status = '{value}' AND '{order[0]}' <> ''",
        )
        found, most = RUNS[value]
        assert int(answer[0][0]) == found
        assert read <= most + 1, value


#: A hint, a condition, how many rows are read for it.
HINTED = """
                             | owner = 5999 AND id > 5                  | 1
IGNORE INDEX (owner)         | owner = 5999 AND id >= 0                 | 6000
USE INDEX (day)              | owner = 5999 AND day = '2026-01-03'      | 60
USE INDEX ()                 | status = 'rare'                          | 6000
USE INDEX FOR ORDER BY (day) | status = 'rare'                          | 6
FORCE INDEX (status)         | status = 'common' AND id < 10            | 5994
FORCE INDEX (day)            | status = 'rare'                          | 6000
IGNORE INDEX (PRIMARY)       | id = 7 AND owner < 2                     | 6000
FORCE INDEX (owner)          | id = 7 AND owner >= 5999                 | 1
"""


@pytest.mark.parametrize("case", HINTED.strip("\n").splitlines())
def test_hints_outweigh_values(talk: Talk, case: str) -> None:
    hint, condition, count = (part.strip() for part in case.split("|"))
    for _ in range(2):
        sql = f"SELECT COUNT(note) FROM t {hint} WHERE {condition}"
        assert abs(rows_read(talk, sql)[1] - int(count)) <= 1


@pytest.mark.parametrize("verb", ["UPDATE t SET note = 'm' WHERE", "DELETE FROM t WHERE"])
def test_changes_look_at_their_values(talk: Talk, verb: str) -> None:
    """What is read is locked: a rare value must not lock the whole table."""
    for condition in ("status = 'rare'", "status = 'none'", "owner = 5998 AND status = 'common'"):
        talk.done("BEGIN")
        changed, read = rows_read(talk, f"{verb} {condition}")
        talk.done("ROLLBACK")
        assert read <= 7, condition
        assert changed.affected == {"status = 'rare'": 6, "status = 'none'": 0}.get(condition, 1)


def test_parameters_are_looked_at_by_each_run(talk: Talk) -> None:
    """Of a text that was prepared when nothing was known of them."""
    for verb in ("SELECT COUNT(note)", "DELETE"):
        talk.done(f'PREPARE p FROM "{verb} FROM t WHERE status = ? AND owner = ?"')
        for status, owner, most in (("rare", 1, 6), ("common", 5999, 1), ("rare", 5998, 1)):
            talk.done(f"SET @status = '{status}', @owner = {owner}")
            talk.done("BEGIN")
            answer, read = rows_read(talk, "EXECUTE p USING @status, @owner")
            talk.done("ROLLBACK")
            assert read <= most + 1, (verb, status, owner)
            found = int(answer[0][0]) if verb != "DELETE" else answer.affected
            assert found == (0 if (status, owner) == ("rare", 5998) else most)


def test_keys_are_not_looked_at(talk: Talk) -> None:
    for sql in (
        "SELECT note FROM t WHERE id = 5 AND status = 'rare'",
        "UPDATE t SET note = 'n' WHERE id = 5",
        "SELECT note FROM t WHERE id BETWEEN 5 AND 6",
        "DELETE FROM t WHERE owner = 5 AND day = '2026-01-01'",
    ):
        assert (compiler.compile_statement(sql, talk.session).looks is None) == ("day" not in sql)


def test_values_that_are_not_known_yet(talk: Talk) -> None:
    estimates = Estimates(talk.node.engine, Dives(talk.node.engine))
    for value in ("@v", "NOW()", f"REPEAT('x', {1 << 12})"):
        made = planned(talk, f"SELECT note FROM t WHERE status = {value}", estimates)
        assert made == planned(
            talk, f"SELECT note FROM t WHERE status = {value}", Estimates(talk.node.engine)
        )
