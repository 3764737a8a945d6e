"""Data definition beside other sessions, by a real client: who waits, who goes on, what is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from mysqlcompat import Cluster

ROWS = 30_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=1) as made:
        yield made


def connect(cluster: Cluster, reader: bool = False) -> Any:
    port = cluster.reader_port if reader else cluster.writer_port
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
    )


@pytest.fixture
def cursor(cluster: Cluster) -> Iterator[Any]:
    connection = connect(cluster)
    cursor = connection.cursor()
    cursor.execute("DROP DATABASE IF EXISTS definition")
    cursor.execute("CREATE DATABASE definition")
    cursor.execute("USE definition")
    cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, k INT NOT NULL, c VARCHAR(20))")
    for first in range(0, ROWS, 3000):
        values = ",".join(f"({n},{n * 7919 % ROWS},'c{n}')" for n in range(first, first + 3000))
        cursor.execute(f"INSERT INTO t VALUES {values}")
    yield cursor
    connection.close()


class Changes(threading.Thread):
    """A session that changes rows until it is stopped; `model` is what must be there then."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self._cluster = cluster
        self._ending = threading.Event()
        self.model = {n: n * 7919 % ROWS for n in range(ROWS)}
        self.during = 0
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            cursor = connect(self._cluster).cursor()
            cursor.execute("USE definition")
            number = 0
            while not self._ending.is_set():
                number += 1
                key = number * 31 % ROWS
                if number % 3 == 0 and key in self.model:
                    cursor.execute(f"DELETE FROM t WHERE id = {key}")
                    del self.model[key]
                elif key in self.model:
                    cursor.execute(f"UPDATE t SET k = {number} WHERE id = {key}")
                    self.model[key] = number
                else:
                    cursor.execute(f"INSERT INTO t (id, k) VALUES ({key}, {number})")
                    self.model[key] = number
                self.during += 1
        except Exception as error:
            self.error = error

    def finish(self) -> None:
        self._ending.set()
        self.join()
        assert self.error is None, self.error


def test_an_index_grows_beside_a_writer(cluster: Cluster, cursor: Any) -> None:
    changes = Changes(cluster)
    while changes.during < 20:
        assert changes.error is None, changes.error
    for _ in range(3):
        cursor.execute("ALTER TABLE t ADD INDEX k (k), ADD INDEX ck (c, k)")
        cursor.execute("ALTER TABLE t DROP INDEX k, DROP INDEX ck")
    cursor.execute("CREATE INDEX k ON t (k)")
    changes.finish()
    cursor.execute("SELECT id, k FROM t FORCE INDEX (k) WHERE k >= 0 ORDER BY k")
    found = cursor.fetchall()
    assert [k for _, k in found] == sorted(changes.model.values())
    assert dict(found) == changes.model
    assert cluster_is_sound(cursor)


def cluster_is_sound(cursor: Any) -> bool:
    cursor.execute("CHECK TABLE t")
    return bool(cursor.fetchone()[3] == "OK")


def test_columns_come_and_go_beside_a_writer(cluster: Cluster, cursor: Any) -> None:
    changes = Changes(cluster)
    for number in range(10):
        cursor.execute(f"ALTER TABLE t ADD n{number} INT NOT NULL DEFAULT {number} FIRST")
    for number in range(0, 10, 2):
        cursor.execute(f"ALTER TABLE t DROP n{number}, RENAME COLUMN n{number + 1} TO m{number}")
    changes.finish()
    cursor.execute("SELECT id, k, m0, m8 FROM t")
    found = {row[0]: row[1:] for row in cursor.fetchall()}
    assert found == {key: (k, 1, 9) for key, k in changes.model.items()}


def test_tables_are_dropped_together_or_not_at_all(cluster: Cluster, cursor: Any) -> None:
    for name in ("a", "b", "d"):
        cursor.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY)")
    user = connect(cluster)
    user.begin()
    inner = user.cursor()
    inner.execute("SELECT * FROM definition.b")
    cursor.execute("SET lock_wait_timeout = 1")
    with pytest.raises(pymysql.OperationalError) as caught:
        cursor.execute("DROP TABLE a, b, d")
    assert caught.value.args[0] == 1205
    cursor.execute("SHOW TABLES")
    assert [name for (name,) in cursor.fetchall()] == ["a", "b", "d", "t"]
    user.rollback()
    cursor.execute("DROP TABLE a, b, d")
    cursor.execute("SHOW TABLES")
    assert [name for (name,) in cursor.fetchall()] == ["t"]
    user.close()


def test_a_replica_follows_columns_and_copies(cluster: Cluster, cursor: Any) -> None:
    reader = connect(cluster, reader=True).cursor()
    for text in (
        "ALTER TABLE t ADD n INT DEFAULT 5 FIRST",
        "UPDATE t SET n = 6 WHERE id < 10",
        "ALTER TABLE t MODIFY k BIGINT NOT NULL, ADD INDEX (k)",
        "ALTER TABLE t DROP n, ADD m VARCHAR(9) DEFAULT 'm' AFTER id",
    ):
        cursor.execute(text)
    cursor.execute("SELECT * FROM definition.t ORDER BY id LIMIT 20")
    wanted = cursor.fetchall()
    deadline = time.monotonic() + 300
    while True:
        try:
            reader.execute("SELECT * FROM definition.t ORDER BY id LIMIT 20")
            if reader.fetchall() == wanted:
                break
        except pymysql.Error:
            pass  # not there yet
        assert time.monotonic() < deadline
    reader.execute("SELECT COUNT(*) FROM definition.t FORCE INDEX (k) WHERE k >= 0")
    assert reader.fetchone() == (ROWS,)


def test_kill_ends_an_alteration_and_leaves_the_table(cluster: Cluster, cursor: Any) -> None:
    victim = connect(cluster)
    errors: list[int] = []

    def alter() -> None:
        try:
            inner = victim.cursor()
            inner.execute("USE definition")
            while True:
                inner.execute("ALTER TABLE t MODIFY k BIGINT NOT NULL")
                inner.execute("ALTER TABLE t MODIFY k INT NOT NULL")
        except pymysql.Error as error:
            errors.append(error.args[0])

    thread = threading.Thread(target=alter)
    thread.start()
    while True:
        cursor.execute("SHOW PROCESSLIST")
        busy = [row[0] for row in cursor.fetchall() if "MODIFY" in (row[7] or "")]
        if busy:
            break
    while thread.is_alive():  # the first one may meet it between two statements
        cursor.execute(f"KILL QUERY {busy[0]}")
        thread.join(0.1)
    assert errors == [1317]
    victim.close()
    cursor.execute("SELECT COUNT(*), SUM(k) FROM t")
    assert cursor.fetchone() == (ROWS, sum(n * 7919 % ROWS for n in range(ROWS)))
    cursor.execute("ALTER TABLE t ADD INDEX (k)")
    assert cluster_is_sound(cursor)


def test_a_database_goes_with_many_tables(cluster: Cluster, cursor: Any) -> None:
    for number in range(150):
        cursor.execute(f"CREATE TABLE m{number} (id INT PRIMARY KEY, a INT, KEY (a))")
    cursor.execute("SHOW TABLES")
    assert len(cursor.fetchall()) == 151
    cursor.execute("DROP DATABASE definition")
    cursor.execute("CREATE DATABASE definition")
    cursor.execute("USE definition")
    cursor.execute("SHOW TABLES")
    assert cursor.fetchall() == ()
