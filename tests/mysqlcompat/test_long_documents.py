"""Documents outside of their rows, changed in few bytes: little is logged, every version stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

LONG = 20_000


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LocalNode]:
    with local_node(tmp_path / "data") as made:
        yield made


def document(talk: Talk) -> Any:
    return json.loads(talk.done("SELECT j FROM d WHERE id = 1")[0][0])


def test_a_long_document_is_changed_in_place(node: LocalNode) -> None:
    writer, reader = Talk(node), Talk(node)
    writer.done("CREATE DATABASE d")
    for talk in (writer, reader):
        talk.done("USE d")
    index = "INDEX ((CAST(j->'$.n' AS UNSIGNED)))"
    writer.done(f"CREATE TABLE d (id INT PRIMARY KEY, j JSON, {index})")
    first = {"n": 1, "name": "abcdefgh", "deep": [{"a": 100_000}], "text": "x" * LONG}
    writer.done(f"INSERT INTO d VALUES (1, '{json.dumps(first)}')")
    reader.done("BEGIN")
    assert document(reader) == first
    log = node.volume.log
    for number in range(2, 40):
        before = log.next_lsn
        change = f"'$.n', {number}, '$.name', 'n{number}', '$.deep[0].a', {100_000 + number}"
        writer.done(f"UPDATE d SET j = JSON_SET(j, {change}) WHERE id = 1")
        assert log.next_lsn - before < LONG // 8
        now = {**first, "n": number, "name": f"n{number}", "deep": [{"a": 100_000 + number}]}
        assert document(writer) == now
        assert writer.done(f"SELECT id FROM d WHERE CAST(j->'$.n' AS UNSIGNED) = {number}")
    assert document(reader) == first
    writer.done("BEGIN")
    writer.done("UPDATE d SET j = JSON_REMOVE(j, '$.name')")
    assert "name" not in document(writer)
    writer.done("ROLLBACK")
    assert document(writer) == now
    writer.done("UPDATE d SET j = JSON_SET(j, '$.more', REPEAT('y', 100))")  # it does not fit
    assert document(writer) == {**now, "more": "y" * 100}
    assert document(reader) == first
    reader.done("COMMIT")
    while node.engine.background_step():
        pass
    assert node.engine.check() == []
