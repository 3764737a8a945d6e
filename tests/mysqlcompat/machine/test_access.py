"""Index choice: one line a case, condition and order in, access path out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat import compiler
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.plan import SelectPlan, UpdatePlan
from mysqlcompat.sql.planner import plan
from tests.mysqlcompat.local_node import Talk, local_node

TABLE = """CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, c INT, d VARCHAR(20), e BIGINT UNSIGNED,
    PRIMARY KEY (a, b), UNIQUE KEY uc (c), KEY de (d, e), KEY e (e DESC))"""

# index, kind, equal parts, (low, high) given, backward, sorted afterwards, filters left
CASES = """
a = 1 AND b = 2                      | PRIMARY const 2 --        0
a = 1                                | PRIMARY ref   1 --        0
a = 1 AND b > 2                      | PRIMARY range 1 l-        0
a = 1 AND b BETWEEN 2 AND 5          | PRIMARY range 1 lh        0
b = 2                                | PRIMARY ALL   0 --        1
c = 3                                | uc      const 1 --        0
c IS NULL                            | uc      ref   1 --        0
c < 3 AND c <> 1                     | uc      range 0 -h        1
d = 'x' AND e = 1                    | de      ref   2 --        1
d = 'x' AND e > 1 AND a = 2          | de      range 1 l-        2
d > 'x'                              | de      range 0 l-        1
c IN (1, 2, 3)                       | uc      range 0 --        0
a + 0 = 1                            | PRIMARY ALL   0 --        1
a = 1 OR b = 2                       | PRIMARY ALL   0 --        1
1 ORDER BY a, b                      | PRIMARY ALL   0 --        1
1 ORDER BY a DESC, b DESC            | PRIMARY ALL   0 -- back   1
1 ORDER BY a, b DESC                 | PRIMARY ALL   0 -- sort   1
a = 1 ORDER BY b DESC                | PRIMARY ref   1 -- back   0
d = 'x' ORDER BY e, a, b             | de      ref   1 --        1
d = 'x' ORDER BY b                   | de      ref   1 -- sort   1
1 ORDER BY c                         | PRIMARY ALL   0 -- sort   1
1 ORDER BY c LIMIT 3                 | uc      index 0 --        1
1 ORDER BY e DESC LIMIT 3            | e       index 0 --        1
"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    directory: Path = tmp_path_factory.mktemp("access")
    with local_node(directory) as node:
        talk = Talk(node)
        for sql in ("CREATE DATABASE d", "USE d", TABLE):
            talk.run(sql)
        yield talk


def described(made: SelectPlan) -> str:
    scan = made.scan
    assert scan is not None
    access = scan.access
    table = made.statement.tables[0].table
    ends = ("l" if access.low else "-") + ("h" if access.high else "-")
    notes = " back" if access.backward else "" if made.ordered else " sort"
    name = table.indexes[access.index_no].name
    line = f"{name:7} {access.kind:5} {len(access.equal)} {ends}{notes}"
    return f"{line:25} {len(scan.filters)}"


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_access_path(talk: Talk, case: str) -> None:
    condition, expected = (part.strip() for part in case.split("|"))
    statement = compiler.resolved(f"SELECT * FROM t WHERE {condition}", talk.session)
    made = plan(statement, Estimates())
    assert isinstance(made, SelectPlan)
    assert described(made) == expected


@pytest.mark.parametrize(
    ("sql", "collects"),
    [
        ("UPDATE t SET c = c + 1 WHERE a = 1", False),
        ("UPDATE t SET b = b + 1 WHERE a = 1", True),
        ("UPDATE t SET c = c + 1 WHERE c > 1", True),
        ("UPDATE t SET c = 1 ORDER BY d", True),
        ("UPDATE t SET c = 1 ORDER BY a", False),
    ],
)
def test_rows_that_would_move_are_collected_first(talk: Talk, sql: str, collects: bool) -> None:
    made = plan(compiler.resolved(sql, talk.session), Estimates())
    assert isinstance(made, UpdatePlan)
    assert made.collect == collects
