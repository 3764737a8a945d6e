"""Sessions on a real engine: what one connection's statements do to another's, and to itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.results import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANSACTION,
    TRACK_SCHEMA,
    TRACK_SYSTEM_VARIABLE,
    WIRE_LONGLONG,
    WIRE_VAR_STRING,
    Ok,
    Parameter,
)
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node, texts_of


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("volume")) as made:
        yield made


@pytest.fixture
def talk(node: LocalNode) -> Iterator[Talk]:
    """A session in a new database with one table."""
    made = Talk(node)
    made.run("CREATE DATABASE d")
    made.run("USE d")
    made.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))")
    made.run("INSERT INTO t VALUES (1, 'one')")
    yield made
    made.run("ROLLBACK")
    made.run("DROP DATABASE d")
    made.session.close()


def another(talk: Talk) -> Talk:
    made = Talk(talk.node)
    made.run("USE d")
    return made


def errno(result: Any) -> int:
    assert isinstance(result, SqlError), result
    return result.errno


def test_status_flags(talk: Talk) -> None:
    assert talk.session.status == STATUS_AUTOCOMMIT
    talk.run("BEGIN")
    assert talk.session.status == STATUS_AUTOCOMMIT | STATUS_IN_TRANSACTION
    talk.run("COMMIT")
    talk.run("SET autocommit = 0")
    assert talk.session.status == 0
    talk.run("SELECT * FROM t")
    assert talk.session.status == STATUS_IN_TRANSACTION
    talk.run("ROLLBACK")
    assert talk.session.status == 0


def test_changes_for_tracking(talk: Talk) -> None:
    talk.session.take_changes()
    talk.run("USE information_schema")
    talk.run("SET autocommit = 0, sql_safe_updates = 1")
    assert list(talk.session.take_changes()) == [
        (TRACK_SCHEMA, "", "information_schema"),
        (TRACK_SYSTEM_VARIABLE, "autocommit", "OFF"),
    ]
    assert list(talk.session.take_changes()) == []


def test_a_failed_statement_is_undone_and_the_transaction_goes_on(talk: Talk) -> None:
    talk.run("BEGIN")
    talk.run("INSERT INTO t VALUES (2, 'two')")
    assert errno(talk.run("INSERT INTO t VALUES (3, 'three'), (1, 'again')")) == 1062
    assert talk.run("SELECT id FROM t ORDER BY id") == [["1"], ["2"]]
    talk.run("COMMIT")
    assert another(talk).run("SELECT id FROM t ORDER BY id") == [["1"], ["2"]]


def test_last_insert_id_row_count_found_rows(talk: Talk) -> None:
    talk.run("CREATE TABLE c (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
    result = talk.run("INSERT INTO c (v) VALUES (1), (2)")
    assert (result.affected, result.insert_id) == (2, 1)
    assert talk.run("SELECT LAST_INSERT_ID(), ROW_COUNT()") == [["1", "2"]]
    assert talk.run("SELECT ROW_COUNT(), FOUND_ROWS()") == [["-1", "1"]]


def test_warnings_stay_until_the_next_statement(talk: Talk) -> None:
    talk.run("DROP TABLE IF EXISTS nothing")
    expected = [["Note", "1051", "Unknown table 'd.nothing'"]]
    assert talk.run("SHOW WARNINGS") == expected
    assert talk.run("SHOW COUNT(*) WARNINGS") == [["1"]]
    assert talk.run("SHOW WARNINGS") == expected
    talk.run("SELECT 1")
    assert talk.run("SHOW WARNINGS") == []


def test_warnings_of_a_text_are_said_whenever_it_is_run(talk: Talk) -> None:
    """Also those given while its names and types are looked up."""
    talk.run("CREATE TABLE clocks (id INT PRIMARY KEY, at TIME)")
    said = "Incorrect time value: '2024-01-01 10:10:10' for column 'at' at row 1"
    for _ in range(3):
        talk.run("SELECT id FROM clocks WHERE at = '2024-01-01 10:10:10'")
        assert talk.run("SHOW WARNINGS") == [["Note", "1292", said]]


def test_lengths_follow_the_settings_that_a_plan_is_made_for(talk: Talk) -> None:
    """A constant is looked at while a statement is prepared: another setting is another plan."""

    async def length(sql: str) -> int:
        answers = [result async for result in talk.session.query(sql.encode(), False)]
        await texts_of(answers[0])
        return int(answers[0].columns[0].length) // 4

    day = "SELECT LEFT('0123456789', LENGTH(DAYNAME('2024-02-29'))) FROM t"
    week = "SELECT LEFT('0123456789', WEEK('2024-02-29')) FROM t"
    for _ in range(2):
        assert [asyncio.run(length(text)) for text in (day, week)] == [8, 8]
        talk.run("SET lc_time_names = 'de_DE', default_week_format = 4")
        assert [asyncio.run(length(text)) for text in (day, week)] == [10, 9]
        talk.run("SET lc_time_names = DEFAULT, default_week_format = DEFAULT")


def test_reset_forgets(talk: Talk) -> None:
    talk.run("SET @a = 1, wait_timeout = 5")
    talk.run("PREPARE s FROM 'SELECT 1'")
    talk.run("BEGIN")
    talk.run("INSERT INTO t VALUES (2, 'two')")
    asyncio.run(talk.session.reset())
    assert talk.run("SELECT @a, @@wait_timeout, DATABASE()") == [[None, "28800", "d"]]
    assert errno(talk.run("EXECUTE s")) == 1243
    assert talk.run("SELECT COUNT(*) FROM t") == [["1"]]


def test_prepared_statements_survive_data_definition(talk: Talk) -> None:
    async def run() -> list[Any]:
        session = talk.session
        info = await session.prepare(b"SELECT v FROM t WHERE id = ? AND v = ?")
        assert (len(info.parameters), [column.name for column in info.columns]) == (2, ["v"])
        given = [
            Parameter(WIRE_LONGLONG, False, 1),
            Parameter(WIRE_VAR_STRING, False, b"one"),
        ]
        answers = []
        for sql in (b"DO 1", b"CREATE INDEX v ON t (v)", b"DROP INDEX v ON t"):
            async for _ in session.query(sql, False):
                pass
            async for result in session.execute(info, given):
                answers.append(await texts_of(result, binary=True))
        session.close_statement(info)
        return answers

    assert asyncio.run(run()) == [[b"\x03one"]] * 3


def test_a_reader_refuses_writes(talk: Talk) -> None:
    talk.node.read_only = True
    try:
        for sql in (
            "INSERT INTO t VALUES (2, 'two')",
            "UPDATE t SET v = 'x'",
            "DELETE FROM t",
            "CREATE TABLE u (a INT)",
            "DROP TABLE t",
        ):
            error = talk.run(sql)
            assert errno(error) == 1290
            assert "--read-only" in error.message
        assert talk.run("SELECT v FROM t") == [["one"]]
    finally:
        talk.node.read_only = False


def test_data_definition_waits_for_transactions_that_use_the_table(talk: Talk) -> None:
    other = another(talk)
    order: list[str] = []

    async def reads() -> None:
        await other.ask("BEGIN")
        await other.ask("SELECT * FROM t")
        changing.set_result(None)
        await asyncio.sleep(0)
        await other.ask("SELECT * FROM t")
        order.append("read")
        await other.ask("COMMIT")

    async def changes() -> None:
        await changing
        await talk.ask("DROP TABLE t")
        order.append("dropped")

    async def run() -> None:
        nonlocal changing
        changing = asyncio.get_running_loop().create_future()
        await asyncio.gather(reads(), changes())

    changing: asyncio.Future[None]
    asyncio.run(run())
    other.session.close()
    assert order == ["read", "dropped"]
    assert errno(talk.run("SELECT * FROM t")) == 1146


def test_kill_query_breaks_a_lock_wait(talk: Talk) -> None:
    other, killer = another(talk), another(talk)

    async def run() -> Any:
        await talk.ask("BEGIN")
        await talk.ask("UPDATE t SET v = 'held' WHERE id = 1")
        waiting = asyncio.ensure_future(other.ask("UPDATE t SET v = 'x' WHERE id = 1"))
        while talk.node.engine.locks.waiting(other.session.ctx) is None:
            await asyncio.sleep(0)
        await killer.ask(f"KILL QUERY {other.session.connection_id}")
        return await waiting

    assert errno(asyncio.run(run())) == 1317
    talk.run("COMMIT")
    assert other.run("SELECT v FROM t") == [["held"]]
    other.session.close()
    killer.session.close()


def test_deadlock_rolls_the_victim_back(talk: Talk) -> None:
    other = another(talk)
    talk.run("INSERT INTO t VALUES (2, 'two')")

    async def run() -> list[Any]:
        for one, row in ((talk, 1), (other, 2)):
            await one.ask("BEGIN")
            await one.ask(f"UPDATE t SET v = 'a' WHERE id = {row}")
        return await asyncio.gather(
            talk.ask("UPDATE t SET v = 'b' WHERE id = 2"),
            other.ask("UPDATE t SET v = 'b' WHERE id = 1"),
        )

    results = asyncio.run(run())
    victims = [result for result in results if isinstance(result, SqlError)]
    assert [victim.errno for victim in victims] == [1213]
    assert [result.affected for result in results if isinstance(result, Ok)] == [1]
    loser = talk if isinstance(results[0], SqlError) else other
    assert not loser.session.transaction.in_transaction
    talk.run("ROLLBACK")
    other.session.close()


def test_information_schema(talk: Talk) -> None:
    assert talk.run(
        "SELECT COLUMN_NAME, COLUMN_TYPE, COLUMN_KEY FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = 'd' ORDER BY ORDINAL_POSITION"
    ) == [["id", "int", "PRI"], ["v", "varchar(10)", ""]]
    assert talk.run(
        "SELECT INDEX_NAME, NON_UNIQUE FROM information_schema.statistics WHERE TABLE_SCHEMA = 'd'"
    ) == [["PRIMARY", "0"]]
    assert talk.run("SELECT SERVER_ID FROM information_schema.replica_host_status") == [["local"]]
    assert errno(talk.run("SELECT * FROM information_schema.nothing")) == 1109


def test_what_clients_ask_when_they_connect(talk: Talk) -> None:
    assert talk.run("select @@version_comment limit 1") == [["mysqlcompat"]]
    assert talk.run("SELECT @@aurora_version, @@innodb_read_only") == [["3.10.0", "0"]]
    assert talk.run("SHOW VARIABLES LIKE 'aurora_version'") == [["aurora_version", "3.10.0"]]
    for sql in (
        "SET AUTOCOMMIT = 0",
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'",
        "SET @@session.autocommit = OFF",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET character_set_results = NULL",
        "SET sql_mode='STRICT_TRANS_TABLES'",
        "SELECT @@session.auto_increment_increment, @@character_set_client, @@license,"
        " @@lower_case_table_names, @@max_allowed_packet, @@system_time_zone, @@time_zone",
        "SHOW SESSION VARIABLES LIKE 'lower_case_table_names'",
        "SHOW SESSION STATUS LIKE 'Ssl_cipher'",
        "SHOW PLUGINS",
        "SHOW ENGINES",
        "SHOW DATABASES",
        "SELECT current_user()",
    ):
        assert not isinstance(talk.run(sql), SqlError), sql
