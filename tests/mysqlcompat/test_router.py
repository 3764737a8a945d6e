"""First keywords decide who parses; our own parsers read what they must and refuse the rest."""

from __future__ import annotations

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql import statements as st
from mysqlcompat.sql.router import route


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(SELECT 1)", st.Plain("select")),
        ("with x as (select 1) select * from x", st.Plain("with")),
        ("/* c */", st.Nothing()),
        ("BEGIN WORK", st.Begin()),
        ("START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT", st.Begin(True, True)),
        ("COMMIT AND CHAIN", st.Commit(chain=True)),
        ("ROLLBACK RELEASE", st.Rollback(release=True)),
        ("ROLLBACK WORK TO `a b`", st.Rollback(savepoint="a b")),
        ("SET GLOBAL TRANSACTION READ ONLY", st.SetTransaction("global", None, True)),
        ("SET NAMES 'utf8mb4' COLLATE utf8mb4_bin", st.SetNames("utf8mb4", "utf8mb4_bin")),
        ("USE `x`", st.Use("x")),
        ("KILL QUERY 1 + 2", st.Kill(st.Source("1 + 2"), True)),
        ("EXECUTE s USING @a, @b", st.Execute("s", ("a", "b"))),
        ("DROP TABLE IF EXISTS a, b.c CASCADE",
         st.DropTable((st.TableName(None, "a"), st.TableName("b", "c")), True)),
        ("SHOW WARNINGS LIMIT 5, 2", st.Show("warnings", limit=(5, 2))),
        ("SHOW TABLES FROM a LIKE 'b%'", st.Show("tables", database="a", like="b%")),
        ("DESC a.b c", st.Show("columns", table=st.TableName("a", "b"), like="c")),
        ("EXPLAIN SELECT 1", st.Explain("SELECT 1")),
        ("CREATE VIEW v AS SELECT 1", st.Unsupported("CREATE VIEW")),
        ("GRANT ALL ON *.* TO a", st.Unsupported("GRANT")),
        ("ALTER TABLE t ADD KEY k (a), DROP INDEX b", act.AlterTable(
            st.TableName(None, "t"),
            (
                act.AddIndex(st.IndexDefinition("k", "key", (st.KeyPart("a"),))),
                act.DropIndexAction("b"),
            ),
        )),
    ],
)  # fmt: skip
def test_route(text: str, expected: st.Statement) -> None:
    assert route(text) == expected


def test_set_mixes_kinds_and_scopes() -> None:
    statement = route("SET @a = (1, 2), GLOBAL x = DEFAULT, @@session.y = ON, z := 'q'")
    assert statement == st.SetVariables(
        (
            st.Assignment("user", "a", st.Source("(1, 2)")),
            st.Assignment("system", "x", st.Default(), "global"),
            st.Assignment("system", "y", st.Bare("ON"), "session"),
            st.Assignment("system", "z", st.Source("'q'")),
        )
    )


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("foo bar", "'foo bar'"),
        ("USE a b", "'b'"),
        ("COMMIT AND", "''"),
        ("CREATE TABLE t (a INT,\nb FOO)", "'FOO)' at line 2"),
        ("SET a = ", "''"),
    ],
)
def test_mistakes_name_the_place(text: str, near: str) -> None:
    with pytest.raises(SqlError) as caught:
        route(text)
    assert caught.value.errno == 1064
    assert f"near {near}" in caught.value.message
