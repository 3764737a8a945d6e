"""Multi-valued indexes against a dictionary: any changes, rolled back or not, purged or not, built
beforehand or afterwards, give the same answers as looking at every document, and a sound volume."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import ELEMENT
from mysqlcompat.machine.program import Program
from mysqlcompat.results import Ok
from mysqlcompat.sql.typed import Call, walk
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

Model = dict[int, list[int] | None]
MANY = 300  #: more elements than get their entries in the row's own mini-transaction


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LocalNode]:
    with local_node(tmp_path / "data") as made:
        yield made


def opened(node: LocalNode, indexed: bool = True) -> Talk:
    talk = Talk(node)
    talk.done("CREATE DATABASE d")
    talk.done("USE d")
    index = ", INDEX mv ((CAST(j->'$.t' AS SIGNED ARRAY)))" if indexed else ""
    talk.done(f"CREATE TABLE m (id INT PRIMARY KEY, j JSON, n INT DEFAULT 0{index})")
    return talk


def document(tags: list[int] | None) -> str:
    return "NULL" if tags is None else f"'{json.dumps({'t': tags})}'"


def some_tags(rng: random.Random) -> list[int] | None:
    if rng.random() < 0.1:
        return None
    count = MANY if rng.random() < 0.05 else rng.randrange(8)
    return [rng.randrange(-20, 20) if count < MANY else rng.randrange(2000) for _ in range(count)]


def found(talk: Talk, condition: str) -> list[int]:
    rows = talk.done(f"SELECT id FROM m WHERE {condition}")
    return sorted(int(row[0]) for row in rows)


def agree(talk: Talk, model: Model) -> None:
    for tag in (-3, 0, 7, 19, 1000):
        wanted = sorted(row for row, tags in model.items() if tags and tag in tags)
        assert found(talk, f"{tag} MEMBER OF (j->'$.t')") == wanted, tag
    both = sorted(row for row, tags in model.items() if tags is not None and {1, 2} <= set(tags))
    assert found(talk, "JSON_CONTAINS(j->'$.t', '[1, 2]')") == both
    any_of = sorted(row for row, tags in model.items() if tags and {1, 2, 3} & set(tags))
    assert found(talk, "JSON_OVERLAPS(j->'$.t', '[1, 2, 3]')") == any_of


def change(talk: Talk, model: Model, rng: random.Random) -> None:
    row, tags = rng.randrange(40), some_tags(rng)
    if row not in model:
        talk.done(f"INSERT INTO m (id, j) VALUES ({row}, {document(tags)})")
        model[row] = tags
    elif rng.random() < 0.3:
        talk.done(f"DELETE FROM m WHERE id = {row}")
        del model[row]
    elif rng.random() < 0.2:
        talk.done(f"UPDATE m SET id = id + 100 WHERE id = {row}")
        talk.done(f"UPDATE m SET id = id - 100, n = n + 1 WHERE id = {row + 100}")
    else:
        talk.done(f"UPDATE m SET j = {document(tags)} WHERE id = {row}")
        model[row] = tags


@pytest.mark.parametrize("seed", range(3))
def test_any_changes(node: LocalNode, seed: int) -> None:
    rng, talk, model = random.Random(seed), opened(node), {}  # type: ignore[var-annotated]
    for _ in range(25):
        before = dict(model)
        talk.done("BEGIN")
        for _ in range(rng.randrange(1, 6)):
            change(talk, model, rng)
        if rng.random() < 0.3:
            kept = dict(model)
            talk.done("SAVEPOINT s")
            change(talk, model, rng)
            talk.done("ROLLBACK TO s")
            model = kept
        if rng.random() < 0.3:
            talk.done("ROLLBACK")
            model = before
        else:
            talk.done("COMMIT")
        if rng.random() < 0.3:
            while node.engine.background_step():
                pass
        agree(talk, model)
    assert node.engine.check() == []
    while node.engine.background_step():
        pass
    assert node.engine.check() == []


def test_readers_see_what_they_saw(node: LocalNode) -> None:
    talk = opened(node)
    talk.done("INSERT INTO m (id, j) VALUES (1, '{\"t\": [1, 2]}'), (2, '{\"t\": [2, 3]}')")
    reader = Talk(node)
    reader.done("USE d")
    reader.done("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    talk.done("UPDATE m SET j = '{\"t\": [2, 9]}' WHERE id = 1")
    talk.done("DELETE FROM m WHERE id = 2")
    assert found(reader, "1 MEMBER OF (j->'$.t')") == [1]
    assert found(reader, "2 MEMBER OF (j->'$.t')") == [1, 2]
    assert found(reader, "9 MEMBER OF (j->'$.t')") == []
    assert found(talk, "2 MEMBER OF (j->'$.t')") == [1]
    assert found(talk, "9 MEMBER OF (j->'$.t')") == [1]


def test_an_index_made_of_rows_that_are_there(node: LocalNode) -> None:
    rng, talk = random.Random(7), opened(node, indexed=False)
    model: Model = {row: some_tags(rng) for row in range(300)}
    for row, tags in model.items():
        talk.done(f"INSERT INTO m (id, j) VALUES ({row}, {document(tags)})")
    talk.done("CREATE INDEX mv ON m ((CAST(j->'$.t' AS SIGNED ARRAY)))")
    agree(talk, model)
    talk.done("ALTER TABLE m DROP INDEX mv, ADD INDEX other (n, (CAST(j->'$.t' AS SIGNED ARRAY)))")
    agree(talk, model)
    assert found(talk, "n = 0 AND 7 MEMBER OF (j->'$.t')") == sorted(
        row for row, tags in model.items() if tags and 7 in tags
    )
    assert node.engine.check() == []


def test_many_elements_and_the_limit(node: LocalNode) -> None:
    talk = opened(node)
    for row in range(4):
        tags = list(range(row, 1606 + row))
        talk.done(f"INSERT INTO m (id, j) VALUES ({row}, {document(tags)})")
    assert found(talk, "1605 MEMBER OF (j->'$.t')") == [0, 1, 2, 3]
    refused = talk.run(f"INSERT INTO m (id, j) VALUES (9, {document(list(range(1607)))})")
    assert isinstance(refused, SqlError) and refused.errno == 3905
    talk.done("BEGIN")
    talk.done("UPDATE m SET j = '{\"t\": [5]}'")
    talk.done("ROLLBACK")
    assert found(talk, "1605 MEMBER OF (j->'$.t')") == [0, 1, 2, 3]
    assert isinstance(talk.done("DELETE FROM m WHERE 1605 MEMBER OF (j->'$.t')"), Ok)
    while node.engine.background_step():
        pass
    assert node.engine.check() == []
    assert found(talk, "1 MEMBER OF (j->'$.t')") == []


def test_a_crash_in_the_middle(tmp_path: Path) -> None:
    with local_node(tmp_path / "data") as node:
        talk = opened(node)
        talk.done(f"INSERT INTO m (id, j) VALUES (1, {document(list(range(50)))})")
        talk.done("BEGIN")
        talk.done(f"UPDATE m SET j = {document(list(range(25, 90)))} WHERE id = 1")
        talk.done("INSERT INTO m (id, j) VALUES (2, '{\"t\": [1]}')")
        node.volume.log.publish()
        node.volume.log.wait_durable(node.volume.log.published_lsn)
    with local_node(tmp_path / "data") as node:
        while node.engine.background_step():
            pass
        assert node.engine.check() == []
        talk = Talk(node)
        talk.done("USE d")
        assert found(talk, "1 MEMBER OF (j->'$.t')") == [1]
        assert found(talk, "80 MEMBER OF (j->'$.t')") == []


@pytest.mark.parametrize(
    ("condition", "asked", "wanted"),
    [
        ("JSON_CONTAINS(j->'$.t', ?)", ["'[5, 6]'", "'[6]'", "'7'"], [[5], [5, 6], [6, 7]]),
        ("JSON_OVERLAPS(j->'$.t', ?)", ["'[5, 9]'", "'7'", "'[]'"], [[4, 5, 8, 9], [6, 7], []]),
        ("? MEMBER OF (j->'$.t')", ["7", "-1", "'7'", "1.5"], [[6, 7], [], [], []]),
    ],
)  # fmt: skip
def test_parameters(
    node: LocalNode, condition: str, asked: list[str], wanted: list[list[int]]
) -> None:
    """A prepared statement finds by the index what it is asked for, whatever that is."""
    talk = opened(node)
    for row in range(20):
        talk.done(f"INSERT INTO m (id, j) VALUES ({row}, {document([row, row + 1])})")
    talk.done(f"PREPARE p FROM 'SELECT id FROM m WHERE {condition.replace(chr(39), chr(39) * 2)}'")
    for value, rows in zip(asked, wanted, strict=True):
        talk.done(f"SET @v = {value}")
        assert sorted(int(row[0]) for row in talk.done("EXECUTE p USING @v")) == rows, value
    programs = node.plans.programs("prepared", node.engine.catalog.version)
    by_index = [one for key, one in programs.items() if key[-1]]
    assert any(map(_is_lookup, by_index))


def _is_lookup(program: Program) -> bool:
    """Whether a program asks the index of elements."""
    return any(
        isinstance(node, Call) and node.function.name == ELEMENT
        for slot in program.slots
        for node in walk(slot.expression)
    )
