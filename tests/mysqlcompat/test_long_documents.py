"""Documents outside of their rows, changed in few bytes: little is logged, every version stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mysqlcompat.errors import SqlError
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

LONG = 20_000


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LocalNode]:
    with local_node(tmp_path / "data") as made:
        yield made


def done(talk: Talk, sql: str) -> Any:
    answer = talk.run(sql)
    assert not isinstance(answer, SqlError), (sql, answer)
    return answer


def document(talk: Talk) -> Any:
    return json.loads(done(talk, "SELECT j FROM d WHERE id = 1")[0][0])


def test_a_long_document_is_changed_in_place(node: LocalNode) -> None:
    writer, reader = Talk(node), Talk(node)
    done(writer, "CREATE DATABASE d")
    for talk in (writer, reader):
        done(talk, "USE d")
    index = "INDEX ((CAST(j->'$.n' AS UNSIGNED)))"
    done(writer, f"CREATE TABLE d (id INT PRIMARY KEY, j JSON, {index})")
    first = {"n": 1, "name": "abcdefgh", "deep": [{"a": 100_000}], "text": "x" * LONG}
    done(writer, f"INSERT INTO d VALUES (1, '{json.dumps(first)}')")
    done(reader, "BEGIN")
    assert document(reader) == first
    log = node.volume.log
    for number in range(2, 40):
        before = log.next_lsn
        change = f"'$.n', {number}, '$.name', 'n{number}', '$.deep[0].a', {100_000 + number}"
        done(writer, f"UPDATE d SET j = JSON_SET(j, {change}) WHERE id = 1")
        assert log.next_lsn - before < LONG // 8
        now = {**first, "n": number, "name": f"n{number}", "deep": [{"a": 100_000 + number}]}
        assert document(writer) == now
        assert done(writer, f"SELECT id FROM d WHERE CAST(j->'$.n' AS UNSIGNED) = {number}")
    assert document(reader) == first
    done(writer, "BEGIN")
    done(writer, "UPDATE d SET j = JSON_REMOVE(j, '$.name')")
    assert "name" not in document(writer)
    done(writer, "ROLLBACK")
    assert document(writer) == now
    done(writer, "UPDATE d SET j = JSON_SET(j, '$.more', REPEAT('y', 100))")  # it does not fit
    assert document(writer) == {**now, "more": "y" * 100}
    assert document(reader) == first
    done(reader, "COMMIT")
    while node.engine.background_step():
        pass
    assert node.engine.check() == []
