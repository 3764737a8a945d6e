"""What an administrator sees and does while others work: limits, KILL, progress of ALTER TABLE."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import mysql.connector
import pymysql
import pytest

from mysqlcompat.cluster import Cluster

ROWS_DOUBLED = 18  #: a copy of the rows takes several turns of the loop
SOON_S = 300.0
EVENTS = """SELECT EVENT_NAME, WORK_COMPLETED, WORK_ESTIMATED
    FROM performance_schema.events_stages_current"""
STATES = "SELECT STATE FROM performance_schema.processlist"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    schema = """CREATE DATABASE d;
        CREATE TABLE d.t (id INT PRIMARY KEY, v INT NOT NULL);
        INSERT INTO d.t VALUES (1, 1), (2, 2);"""
    with Cluster(replicas=0, init_sql=schema, ring_bytes="16M", buffer_pool="16M") as cluster:
        yield cluster


def connect(cluster: Cluster) -> Any:
    return pymysql.connect(
        host="127.0.0.1",
        port=cluster.writer_port,
        user="root",
        ssl_disabled=True,
        database="d",
        autocommit=True,
    )


def answer(connection: Any, sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_max_connections_takes_effect_at_once(cluster: Cluster) -> None:
    held = [connect(cluster)]
    first = held[0]
    try:
        answer(first, "SET GLOBAL max_connections = 3")
        with pytest.raises(pymysql.err.OperationalError) as refused:
            while len(held) < 10:
                held.append(connect(cluster))
        assert refused.value.args[0] == 1040
        assert len(held) == 4  # one more for SUPER
        answer(first, "SET GLOBAL max_connections = 100")
        held.append(connect(cluster))
        assert answer(held[-1], "SELECT v FROM t WHERE id = 1") == ((1,),)
    finally:
        for one in held:
            one.close()


def test_kill_of_a_connection_that_waits_for_a_row(cluster: Cluster) -> None:
    with closing(connect(cluster)) as holder, ThreadPoolExecutor(1) as pool:
        waiter = connect(cluster)
        number = waiter.thread_id()
        answer(holder, "BEGIN")
        answer(holder, "UPDATE t SET v = 10 WHERE id = 1")
        waiting = pool.submit(answer, waiter, "UPDATE t SET v = 11 WHERE id = 1")
        looks = f"""SELECT COUNT(*) FROM performance_schema.data_lock_waits
            WHERE REQUESTING_THREAD_ID = {number}"""
        while answer(holder, looks) == ((0,),):
            assert not waiting.done()
        answer(holder, f"KILL CONNECTION {number}")
        error = waiting.exception(SOON_S)
        assert isinstance(error, pymysql.err.OperationalError)
        assert error.args[0] in (1053, 2006, 2013)
        answer(holder, "COMMIT")
        assert answer(holder, "SELECT v FROM t WHERE id = 1") == ((10,),)
        there = "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_ID = "
        while answer(holder, f"{there}{number}") != ((0,),):
            pass
        answer(holder, "UPDATE t SET v = 1 WHERE id = 1")


@pytest.fixture(scope="module")
def many(cluster: Cluster) -> None:
    """Table `many`, of many rows."""
    with closing(connect(cluster)) as connection:
        answer(connection, "CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL)")
        answer(connection, "INSERT INTO many (v) VALUES (1), (2)")
        for _ in range(ROWS_DOUBLED):
            answer(connection, "INSERT INTO many (v) SELECT v + id FROM many")


@pytest.mark.parametrize(
    ("action", "undo", "state", "event"),
    [
        (
            "MODIFY v BIGINT NOT NULL",
            "MODIFY v INT NOT NULL",
            "copy to tmp table",
            "stage/sql/copy to tmp table",
        ),
        ("ADD KEY (v)", "DROP KEY v", "altering table", "stage/innodb/alter table ("),
    ],
)
def test_progress_of_alter_table(
    cluster: Cluster, many: None, action: str, undo: str, state: str, event: str
) -> None:
    deadline = time.monotonic() + SOON_S
    with closing(connect(cluster)) as other, ThreadPoolExecutor(1) as pool:
        while not sees_progress(cluster, other, pool, action, (state,), event):
            assert time.monotonic() < deadline  # we may be too slow to see any of it
            answer(other, f"ALTER TABLE many {undo}")
        assert answer(other, "SELECT * FROM performance_schema.events_stages_current") == ()


def sees_progress(
    cluster: Cluster,
    other: Any,
    pool: ThreadPoolExecutor,
    action: str,
    state: tuple[str],
    event: str,
) -> bool:
    """Alter the table; whether all there is to see of it was seen meanwhile."""
    events: list[tuple[str, int, int]] = []
    states: set[tuple[str]] = set()
    with closing(connect(cluster)) as altering:
        running = pool.submit(answer, altering, f"ALTER TABLE many {action}")
        while not running.done():
            events += answer(other, EVENTS)
            states |= set(answer(other, STATES))
        running.result()
    assert all(name.startswith(event) for name, *_ in events)
    done = [completed for _, completed, _ in events]
    assert done == sorted(done)
    return state in states and any(done)


def status(client: Any, name: str) -> str:
    with client.cursor() as cursor:
        cursor.execute(f"SHOW GLOBAL STATUS LIKE '{name}'")
        ((_, value),) = cursor.fetchall()
    return str(value)


def until(client: Any, name: str, least: int) -> None:
    deadline = time.monotonic() + SOON_S
    while int(status(client, name)) < least:
        assert time.monotonic() < deadline, (name, least)


@pytest.mark.parametrize("with_tls", [False, True])
def test_bytes_are_counted_whoever_serves(cluster: Cluster, with_tls: bool) -> None:
    options = {"ssl": {"ca": None}} if with_tls else {"ssl_disabled": True}
    with closing(connect(cluster)) as watcher:
        before = {name: int(status(watcher, name)) for name in ("Bytes_sent", "Bytes_received")}
        client = pymysql.connect(
            host="127.0.0.1", port=cluster.writer_port, user="root", database="d", **options
        )
        text = "a" * 1000
        with closing(client), client.cursor() as cursor:
            for number in range(100):  # soon in the lane
                cursor.execute(f"SELECT v, '{text}' FROM t WHERE id = {number}")
            cursor.execute(f"SELECT REPEAT('{text}', 500)")  # a reply that the lane has no room for
        sent = int(status(watcher, "Bytes_sent")) - before["Bytes_sent"]
        received = int(status(watcher, "Bytes_received")) - before["Bytes_received"]
    assert 500_000 + 2_000 < sent < 500_000 + 40_000
    assert 101_000 < received < 120_000


def test_farewells_that_were_not_said(cluster: Cluster) -> None:
    with closing(connect(cluster)) as watcher:
        connects = int(status(watcher, "Aborted_connects"))
        clients = int(status(watcher, "Aborted_clients"))
        socket.create_connection(("127.0.0.1", cluster.writer_port)).close()
        until(watcher, "Aborted_connects", connects + 1)
        connect(cluster)._force_close()
        until(watcher, "Aborted_clients", clients + 1)
        connect(cluster).close()
        assert int(status(watcher, "Aborted_clients")) == clients + 1


def test_slow_queries_are_counted(cluster: Cluster) -> None:
    with closing(connect(cluster)) as client, client.cursor() as cursor:
        before = int(status(client, "Slow_queries"))
        cursor.execute("SET long_query_time = 0.05")
        cursor.execute("SELECT 1")
        cursor.execute("SELECT SLEEP(0.06)")
        assert int(status(client, "Slow_queries")) >= before + 1


def test_compression_is_told(cluster: Cluster) -> None:
    for compress, expected in ((True, "ON"), (False, "OFF")):
        client = mysql.connector.connect(
            host="127.0.0.1", port=cluster.writer_port, user="root", compress=compress
        )
        with closing(client), closing(client.cursor()) as cursor:
            cursor.execute("SHOW STATUS LIKE 'Compression'")
            assert cursor.fetchall() == [("Compression", expected)]
