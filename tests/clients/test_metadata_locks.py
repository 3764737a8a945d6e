"""Metadata locks beside the lane, and waits of every kind that end when somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, Final

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.write_gate import NO_QUORUM
from tests.clients.lane_client import connect, lane_statements, run

#: Much longer than it should take, much shorter than any timeout of the server.
SOON_S: Final = 300
NUMBERS: Final = 1200


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    schema = """CREATE DATABASE lane;
        CREATE TABLE lane.one (id INT PRIMARY KEY, v INT NOT NULL);
        CREATE TABLE lane.two (id INT PRIMARY KEY, v INT NOT NULL);
        INSERT INTO lane.one VALUES (1, 1);
        INSERT INTO lane.two VALUES (1, 1);
        CREATE TABLE lane.number (n INT PRIMARY KEY);"""
    with Cluster(replicas=0, init_sql=schema, ring_bytes="16M", buffer_pool="4M") as cluster:
        connection = connect(cluster.writer_port)
        values = ", ".join(f"({n})" for n in range(NUMBERS))
        run(connection, f"INSERT INTO number VALUES {values}")
        connection.close()
        yield cluster


@pytest.fixture
def clients(cluster: Cluster) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def client(**options: Any) -> Any:
        made.append(connect(cluster.writer_port, **options))
        return made[-1]

    yield client
    for connection in made:
        connection.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def state_of(observer: Any, connection: Any) -> str:
    query = "SELECT STATE FROM performance_schema.processlist WHERE ID = %d"
    ((state,),) = run(observer, query % connection.thread_id())
    return str(state)


def wait_for_state(observer: Any, connection: Any, *states: str) -> None:
    """Return when the connection is in one of these states."""
    deadline = time.monotonic() + SOON_S
    while (seen := state_of(observer, connection)) not in states:
        assert time.monotonic() < deadline, seen


def errno_of(future: Future[Any]) -> int:
    with pytest.raises(pymysql.err.MySQLError) as error:
        future.result(SOON_S)
    return int(error.value.args[0])


def test_the_lane_locks_the_tables_it_uses_and_no_others(
    clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, user, definer = clients(), clients(), clients()
    for _ in range(2):
        run(user, "SELECT v FROM one WHERE id = 1")
    run(user, "BEGIN")
    before = lane_statements(observer)
    run(user, "SELECT v FROM one WHERE id = 1")
    assert lane_statements(observer) > before
    run(definer, "ALTER TABLE two ADD INDEX v (v)")
    waiting = threads.submit(run, definer, "ALTER TABLE one ADD INDEX v (v)")
    wait_for_state(observer, definer, "Waiting for table metadata lock")
    locks = run(
        observer,
        "SELECT LOCK_TYPE, LOCK_STATUS FROM performance_schema.metadata_locks"
        " WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_NAME = 'one'",
    )
    assert ("SHARED_READ", "GRANTED") in locks
    assert any(status == "PENDING" for _, status in locks)
    run(user, "COMMIT")
    waiting.result(SOON_S)
    assert len(run(observer, "SHOW INDEX FROM one")) == 2


def test_a_lane_statement_waits_behind_data_definition(
    clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, holder, definer, late = clients(), clients(), clients(), clients()
    for _ in range(3):
        run(late, "UPDATE two SET v = v + 1 WHERE id = 1")
    run(holder, "BEGIN")
    run(holder, "SELECT COUNT(*) FROM two")
    change = threads.submit(run, definer, "TRUNCATE TABLE two")
    wait_for_state(observer, definer, "Waiting for table metadata lock")
    update = threads.submit(run, late, "UPDATE two SET v = v + 1 WHERE id = 1")
    wait_for_state(observer, late, "Waiting for table metadata lock")
    run(holder, "ROLLBACK")
    change.result(SOON_S)
    update.result(SOON_S)
    assert run(observer, "SELECT COUNT(*) FROM two") == ((0,),)
    run(observer, "INSERT INTO two VALUES (1, 1)")


@pytest.mark.parametrize("connection_too", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM number a, number b, number c WHERE a.n + b.n + c.n < 0",
        "SELECT a.n + b.n AS s, COUNT(*) FROM number a, number b, number c GROUP BY s",
        "SELECT a.n FROM number a, number b, number c ORDER BY b.n",
    ],
)
def test_kill_ends_long_work(
    clients: Callable[..., Any], threads: ThreadPoolExecutor, sql: str, connection_too: bool
) -> None:
    observer, worker = clients(), clients()
    working = threads.submit(run, worker, sql)
    wait_for_state(observer, worker, "executing")
    what = "CONNECTION" if connection_too else "QUERY"
    run(observer, f"KILL {what} {worker.thread_id()}")
    assert errno_of(working) == (2013 if connection_too else 1317)
    if not connection_too:
        assert run(worker, "SELECT 1") == ((1,),)


def test_max_execution_time_ends_long_work(clients: Callable[..., Any]) -> None:
    worker = clients()
    run(worker, "SET max_execution_time = 100")
    started = time.monotonic()
    with pytest.raises(pymysql.err.OperationalError) as error:
        run(worker, "SELECT COUNT(*) FROM number a, number b, number c WHERE a.n + b.n + c.n < 0")
    assert error.value.args[0] == 3024
    assert time.monotonic() - started < SOON_S


def test_kill_ends_the_wait_for_the_volume(
    cluster: Cluster, clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, writer = clients(), clients()
    with cluster.paused("storage"):
        commit = threads.submit(run, writer, "INSERT INTO one SELECT 77, COUNT(*) FROM two")
        wait_for_state(observer, writer, "waiting for handler commit", NO_QUORUM)
        run(observer, f"KILL QUERY {writer.thread_id()}")
        assert errno_of(commit) == 1317
    run(observer, "DELETE FROM one WHERE id = 77")


def test_locks_go_with_a_client_who_vanishes(
    clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, gone, next_one, other = (clients() for _ in range(4))
    assert run(gone, "SELECT GET_LOCK('door', 600)") == ((1,),)
    run(gone, "LOCK TABLES two WRITE")
    named = threads.submit(run, next_one, "SELECT GET_LOCK('door', 600)")
    table = threads.submit(run, other, "SELECT COUNT(*) FROM two")
    wait_for_state(observer, next_one, "User lock")
    wait_for_state(observer, other, "Waiting for table metadata lock")
    gone._force_close()
    assert named.result(SOON_S) == ((1,),)
    assert table.result(SOON_S) == ((1,),)


def test_a_client_who_vanishes_while_he_waits_is_no_obstacle(
    clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, holder, gone, next_one = (clients() for _ in range(4))
    assert run(holder, "SELECT GET_LOCK('door', 600)") == ((1,),)
    lost = threads.submit(run, gone, "SELECT GET_LOCK('door', 600)")
    wait_for_state(observer, gone, "User lock")
    run(observer, f"KILL {gone.thread_id()}")
    assert errno_of(lost) == 2013
    named = threads.submit(run, next_one, "SELECT GET_LOCK('door', 600)")
    wait_for_state(observer, next_one, "User lock")
    run(holder, "DO RELEASE_ALL_LOCKS()")
    assert named.result(SOON_S) == ((1,),)


def test_a_circle_through_rows_and_a_definition_is_broken(
    clients: Callable[..., Any], threads: ThreadPoolExecutor
) -> None:
    observer, one, two, definer = (clients() for _ in range(4))
    for name in ("left_side", "right_side"):
        run(observer, f"CREATE TABLE {name} (id INT PRIMARY KEY, v INT)")
        run(observer, f"INSERT INTO {name} VALUES (1, 1)")
    for connection, name in ((one, "left_side"), (two, "right_side")):
        run(connection, "BEGIN")
        run(connection, f"UPDATE {name} SET v = 2")
    definition = threads.submit(run, definer, "DROP TABLE left_side")
    wait_for_state(observer, definer, "Waiting for table metadata lock")
    behind = threads.submit(run, two, "UPDATE left_side SET v = 3")
    wait_for_state(observer, two, "Waiting for table metadata lock")
    closing = threads.submit(run, one, "UPDATE right_side SET v = 3")
    done, _ = wait({behind, closing}, SOON_S, FIRST_EXCEPTION)
    failed = {future: errno_of(future) for future in done if future.exception() is not None}
    victims = [future for future, errno in failed.items() if errno == 1213]
    assert len(victims) == 1
    if behind in victims:
        closing.result(SOON_S)
        run(one, "COMMIT")
        definition.result(SOON_S)
    else:
        definition.result(SOON_S)
        assert errno_of(behind) == 1146
        run(two, "ROLLBACK")
    run(observer, "DROP TABLE right_side")
