"""Transactions, sorted and grouped reads served by the lane: as Python would have answered.

The two clients of `test_lane_writes`: one is served by the lane, the other never is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.wire import constants as c
from tests.mysqlcompat.lane.test_lane_writes import ask, connect, execute, prepare, rows, served
from tests.mysqlcompat.wire.raw_client import errno_of

COLUMNS = "id INT PRIMARY KEY AUTO_INCREMENT, n INT, d DECIMAL(8,2), name VARCHAR(20), KEY (n)"
READS = (
    "SELECT SUM(n), COUNT(*), AVG(d), MAX(name) FROM TABLE_ WHERE id BETWEEN {a} AND {b}",
    "SELECT SUM(n), ANY_VALUE(id), MIN(name) FROM TABLE_ WHERE id > {b} + 100000 AND id < {b}",
    "SELECT name FROM TABLE_ WHERE id BETWEEN {a} AND {b} ORDER BY name, id",
    "SELECT DISTINCT name FROM TABLE_ WHERE id BETWEEN {a} AND {b} ORDER BY name",
    "SELECT n, COUNT(*), SUM(d) FROM TABLE_ WHERE id >= {a} GROUP BY n ORDER BY n DESC",
    "SELECT n, COUNT(DISTINCT name) AS k FROM TABLE_ GROUP BY n HAVING k > 1 ORDER BY n LIMIT 3",
    "SELECT a.id, b.name FROM TABLE_ a JOIN TABLE_ b ON a.d = b.d WHERE a.id < {a} ORDER BY 1, 2",
    "SELECT MIN(n) FROM TABLE_ WHERE n = {a}",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=0, init_sql="CREATE DATABASE d") as made:
        yield made


def statement(rng: random.Random) -> str:
    a, b = rng.randrange(1, 40), rng.randrange(30, 80)
    name = rng.choice("abcdefgh") * rng.randrange(1, 5)
    match rng.randrange(9):
        case 0:
            return f"INSERT INTO TABLE_ (n, d, name) VALUES ({a}, {b}.25, '{name}')"
        case 1:
            return f"UPDATE TABLE_ SET n = n + 1, name = '{name}' WHERE id = {a}"
        case 2:
            return f"DELETE FROM TABLE_ WHERE id = {b}"
        case 3 | 4:
            return rng.choice(READS).format(a=a, b=b)
        case 5:
            return rng.choice(("SAVEPOINT s", "ROLLBACK TO s", "SELECT ROW_COUNT()"))
    return rng.choice(("BEGIN", "COMMIT", "ROLLBACK", "begin", "START TRANSACTION"))


@pytest.mark.parametrize("level", ["REPEATABLE READ", "READ COMMITTED", "SERIALIZABLE"])
def test_transactions_answer_as_without_the_lane(cluster: Cluster, level: str) -> None:
    rng = random.Random(level)
    script = [statement(rng) for _ in range(500)]
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        for table in ("lane_t", "slow_t"):
            ask(slow, f"DROP TABLE IF EXISTS {table}")
            ask(slow, f"CREATE TABLE {table} ({COLUMNS})")
        for client in (lane, slow):
            ask(client, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
        before = served(slow)
        for number, sql in enumerate([*script, *script]):  # by then the lane knows the shapes
            one, other = sql.replace("TABLE_", "lane_t"), sql.replace("TABLE_", "slow_t")
            if sql.startswith("SELECT"):
                assert rows(lane, one) == rows(slow, other), (number, sql)
            else:
                answer = ask(lane, one).replace(b"lane", b"slow")
                assert answer == ask(slow, other), (number, sql)
        for client in (lane, slow):
            ask(client, "ROLLBACK")
        assert rows(slow, "SELECT * FROM lane_t") == rows(slow, "SELECT * FROM slow_t")
        assert served(slow) - before > 250


def known(client: object, *texts: str) -> None:
    """Have statements run often enough for the lane to know them."""
    for text in texts * 2:
        ask(client, text)  # type: ignore[arg-type]


def test_more_groups_than_the_lane_has_room_for(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE many (id INT PRIMARY KEY, pad VARCHAR(200))")
        for start in range(0, 12000, 2000):
            values = ", ".join(f"({n}, REPEAT('x', {n % 200}))" for n in range(start, start + 2000))
            assert ask(client, f"INSERT INTO many VALUES {values}")[0] == 0
        for limit in (10, 700, 2047, 2500, 4096, 4097, 12000, 3):
            count = rows(client, f"SELECT id, COUNT(*) FROM many WHERE id < {limit} GROUP BY id")
            assert len(count) == limit
            order = f"SELECT id FROM many WHERE id < {limit} ORDER BY pad, id DESC"
            assert len(set(rows(client, order))) == limit


def test_what_was_begun_in_the_lane_is_rolled_back_with_its_connection(cluster: Cluster) -> None:
    change = "UPDATE left_open SET n = n + 1 WHERE id = 1"
    with connect(cluster, c.CLIENT_OPTIONAL_METADATA) as watcher:
        ask(watcher, "CREATE TABLE left_open (id INT PRIMARY KEY, n INT)")
        ask(watcher, "INSERT INTO left_open VALUES (1, 0)")
        for _ in range(3):
            client = connect(cluster)
            known(client, "BEGIN", change, "ROLLBACK")
            ask(client, "BEGIN")
            ask(client, change)
            client.socket.close()
            assert ask(watcher, change)[0] == 0  # waits until the other one is gone
        assert rows(watcher, "SELECT n FROM left_open") == [b"\x013"]


def test_data_definition_waits_for_what_the_lane_has_begun(cluster: Cluster) -> None:
    read = "SELECT n FROM used WHERE id = 1"
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        ask(slow, "CREATE TABLE used (id INT PRIMARY KEY, n INT)")
        for _ in range(2):
            ask(lane, "BEGIN")
            rows(lane, read)
            ask(lane, "COMMIT")
        ask(lane, "BEGIN")
        rows(lane, read)
        slow.command(b"\x03ALTER TABLE used ADD COLUMN more INT")
        with connect(cluster, c.CLIENT_OPTIONAL_METADATA) as watcher:
            waits = "SELECT COUNT(*) FROM performance_schema.metadata_locks "
            waits += "WHERE lock_status = 'PENDING'"
            while rows(watcher, waits) != [b"\x011"]:
                pass
            transactions = "SELECT COUNT(*) FROM information_schema.innodb_trx"
            assert rows(watcher, transactions) != [b"\x010"]
        assert ask(lane, "COMMIT")[0] == 0
        assert slow.read()[0] == 0
        ask(lane, "BEGIN")
        ask(lane, "COMMIT")
        assert ask(slow, "ALTER TABLE used DROP COLUMN more")[0] == 0


def test_a_commit_is_held_up_by_a_global_read_lock(cluster: Cluster) -> None:
    change = "UPDATE held SET n = n + 1 WHERE id = 1"
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        ask(slow, "CREATE TABLE held (id INT PRIMARY KEY, n INT)")
        ask(slow, "INSERT INTO held VALUES (1, 0)")
        known(lane, "BEGIN", change, "COMMIT")
        ask(lane, "BEGIN")
        ask(lane, change)
        assert ask(slow, "FLUSH TABLES WITH READ LOCK")[0] == 0
        lane.command(b"\x03COMMIT")
        assert rows(slow, "SELECT n FROM held") == [b"\x012"]
        assert ask(slow, "UNLOCK TABLES")[0] == 0
        assert lane.read()[0] == 0
        assert rows(slow, "SELECT n FROM held") == [b"\x013"]


def test_prepared_commits(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE prepared_ (id INT PRIMARY KEY)")
        insert = prepare(client, "INSERT INTO prepared_ VALUES (?)")
        commit, rollback = prepare(client, "COMMIT"), prepare(client, "ROLLBACK")
        before = served(client)
        for number in range(40):
            ask(client, "BEGIN")
            assert execute(client, insert, [number])[0] == 0
            client.command(b"\x17" + (rollback if number % 4 == 0 else commit).to_bytes(4, "little")
                           + bytes(5))  # fmt: skip
            assert client.read()[0] == 0
        assert served(client) - before > 60
        assert rows(client, "SELECT COUNT(*) FROM prepared_") == [b"\x0230"]


def test_characteristics_that_python_must_see_to(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE careful (id INT PRIMARY KEY)")
        known(client, "BEGIN", "COMMIT")
        ask(client, "SET TRANSACTION READ ONLY")
        ask(client, "BEGIN")
        assert errno_of(ask(client, "INSERT INTO careful VALUES (1)")) == 1792
        ask(client, "COMMIT")
        ask(client, "SET completion_type = 'CHAIN'")
        ask(client, "BEGIN")
        ask(client, "COMMIT")
        assert ask(client, "INSERT INTO careful VALUES (1)")[3] & 1  # still in a transaction
        ask(client, "SET completion_type = 'NO_CHAIN'")
        ask(client, "ROLLBACK")
        assert rows(client, "SELECT COUNT(*) FROM careful") == [b"\x010"]
