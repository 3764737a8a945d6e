"""Lists of all tables are made of outlines: these follow every change of a definition."""

from __future__ import annotations

from pathlib import Path

from btree.outlines import TableOutline
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

CHANGES = """
CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, v INT) COMMENT 'one' ROW_FORMAT=COMPACT
CREATE TABLE b (v INT, KEY (v)) COLLATE utf8mb4_bin
INSERT INTO a (v) VALUES (1), (2), (3)
ALTER TABLE b ADD COLUMN w INT, ADD KEY (w)
ALTER TABLE b DROP KEY v, COMMENT 'two'
ALTER TABLE b ADD PRIMARY KEY (w)
TRUNCATE TABLE b
ALTER TABLE a MODIFY v BIGINT NOT NULL
RENAME TABLE a TO c, b TO a
ALTER TABLE c AUTO_INCREMENT = 50
DROP TABLE a
"""
STATUS = """SELECT table_name, table_rows, auto_increment, table_comment, row_format
    FROM information_schema.tables WHERE table_schema = 'd' ORDER BY 1"""


def check(node: LocalNode) -> None:
    catalog = node.engine.catalog
    tables = [catalog.table("d", name) for name in catalog.table_names("d")]
    wanted = [TableOutline.of(table) for table in tables if table is not None]
    assert list(catalog.outlines("d")) == wanted
    assert all(outline.root for outline in wanted)


def test_outlines_are_those_of_the_definitions(tmp_path: Path) -> None:
    with local_node(tmp_path) as node:
        talk = Talk(node)
        for sql in ("CREATE DATABASE d", "USE d", *CHANGES.strip().splitlines()):
            talk.done(sql)
            check(node)
        rows = talk.done(STATUS)
        assert rows == [["c", "3", "50", "one", "Compact"]]
    with local_node(tmp_path) as node:
        check(node)
        assert Talk(node).done(STATUS) == rows  # of a table that nobody has used yet
