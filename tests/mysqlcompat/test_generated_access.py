"""Which index a condition on an expression finds, when a generated column holds the expression."""

from __future__ import annotations

import pytest

from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.parse import parse_statement
from mysqlcompat.sql.plan import SelectPlan
from mysqlcompat.sql.planner import plan
from mysqlcompat.sql.resolve import PlainContext, resolve
from tests.mysqlcompat.corpus.ours import Tables, table_of

CREATE = """CREATE TABLE t (id INT PRIMARY KEY, j JSON, x INT, y INT, name VARCHAR(20),
    city VARCHAR(20) COLLATE utf8mb4_bin AS (j->>'$.city'), loose VARCHAR(20) AS (j->>'$.loose'),
    a INT AS (j->'$.a') STORED, s INT AS (x + y), low VARCHAR(20) AS (LOWER(name)), bare INT AS
    (x * 2), KEY city (city), KEY loose (loose), KEY a (a), KEY s (s), KEY low (low))"""


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("j->>'$.city' = 'Bengaluru'", "city"),
        ("j->>'$.city' IN ('a', 'b')", "PRIMARY"),  # a list of strings is no range
        ("t.j->>'$.city' > 'B'", "city"),
        ("'B' = JSON_UNQUOTE(JSON_EXTRACT(j, '$.city'))", "city"),
        ("j->>'$.other' = 'x'", "PRIMARY"),
        ("j->>'$.loose' = 'x'", "PRIMARY"),  # the column compares in another collation
        ("j->'$.a' = 5", "a"),
        ("j->'$.a' > 5", "PRIMARY"),  # 5.4 is more, what the column keeps of it is not
        ("j->'$.a' = '5'", "PRIMARY"),
        ("x + y = 7", "s"),
        ("x + y BETWEEN 1 AND 7", "s"),
        ("y + x = 7", "PRIMARY"),
        ("x + y = 7.5", "PRIMARY"),
        ("lower(name) = 'x' AND id > 3", "low"),
        ("x * 2 = 4", "PRIMARY"),
    ],
)
def test_index_of_a_generated_column(condition: str, index: str) -> None:
    table = table_of(CREATE)
    parsed = parse_statement(f"SELECT id FROM t WHERE {condition}", frozenset())
    chosen = plan(resolve(parsed, Tables(t=table), PlainContext()), Estimates())
    assert isinstance(chosen, SelectPlan) and chosen.scan is not None
    assert table.indexes[chosen.scan.access.index_no].name == index


PARTS = """CREATE TABLE t (id INT PRIMARY KEY, j JSON, x INT, name VARCHAR(20), KEY plus ((x + 1)),
    KEY age ((CAST(j->'$.age' AS UNSIGNED))), KEY both_parts (name, (x * 2)),
    KEY text ((CAST(j->>'$.n' AS CHAR(30)) COLLATE utf8mb4_bin)),
    KEY value ((JSON_VALUE(j, '$.v' RETURNING UNSIGNED))),
    KEY tags ((CAST(j->'$.t' AS UNSIGNED ARRAY))),
    KEY pair (name, (CAST(j->'$.s' AS CHAR(10) ARRAY))))"""


@pytest.mark.parametrize(
    ("rest", "index"),
    [
        ("WHERE x + 1 = 5", "plus"),
        ("WHERE x + 1 BETWEEN 5 AND 6", "plus"),
        ("ORDER BY x + 1 LIMIT 1", "plus"),
        ("WHERE x + 2 = 5", "PRIMARY"),
        ("WHERE CAST(j->'$.age' AS UNSIGNED) > 5", "age"),
        ("WHERE CAST(j->'$.age' AS SIGNED) > 5", "PRIMARY"),
        ("WHERE name = 'x' AND x * 2 > 3", "both_parts"),
        ("WHERE j->>'$.n' = 'x'", "text"),
        ("WHERE JSON_VALUE(j, '$.v' RETURNING UNSIGNED) = 3", "value"),
        ("WHERE 3 MEMBER OF (j->'$.t')", "tags"),
        ("WHERE '3' MEMBER OF (j->'$.t')", "PRIMARY"),
        ("WHERE 3.5 MEMBER OF (j->'$.t')", "PRIMARY"),
        ("WHERE JSON_CONTAINS(j->'$.t', '[1, 2]')", "tags"),
        ("WHERE JSON_CONTAINS(j->'$.t', '[1, -2]')", "PRIMARY"),
        ("WHERE JSON_OVERLAPS(j->'$.t', CAST('[1, 2]' AS JSON))", "tags"),
        ("WHERE JSON_OVERLAPS(j->'$.t', j->'$.s')", "PRIMARY"),
        ("WHERE name = 'x' AND 'a' MEMBER OF (j->'$.s')", "pair"),
        ("WHERE 'a' MEMBER OF (j->'$.s')", "PRIMARY"),
        ("ORDER BY name LIMIT 1", "both_parts"),
    ],
)
def test_functional_key_parts(rest: str, index: str) -> None:
    table = table_of(PARTS)
    parsed = parse_statement(f"SELECT id FROM t {rest}", frozenset())
    chosen = plan(resolve(parsed, Tables(t=table), PlainContext()), Estimates())
    assert isinstance(chosen, SelectPlan) and chosen.scan is not None
    assert table.indexes[chosen.scan.access.index_no].name == index
