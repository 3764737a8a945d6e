"""Changes served by the lane of a running cluster answer as Python's do, and nothing is lost.

One client is served by the lane, another, which asks for optional metadata, never is: whatever both
say to tables of their own must be answered with the same bytes.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from struct import pack

import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.wire import constants as c
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient, errno_of

COLUMNS = (
    "id INT PRIMARY KEY AUTO_INCREMENT, small TINYINT NOT NULL DEFAULT 3, big BIGINT UNSIGNED, "
    "fixed CHAR(5), name VARCHAR(10) NOT NULL DEFAULT 'none', price DECIMAL(5,2), body TEXT, "
    "UNIQUE KEY (big), KEY (name)"
)
NUMBERS = ("0", "1", "127", "128", "-128", "-5", "255", "1.5", "'7'", "'x'", "NULL", "3000000000")
BIGS = ("9223372036854775807", "9223372036854775808", "18446744073709551615", "-1", "NULL")
TEXTS = ("''", "'a'", "'abcde'", "'abcde  '", "'abcdef'", "'0123456789'", "'0123456789 '", "'é'",
         "'01234567890'", "'it''s'", "'éééééééééé'", "7", "NULL", "'tail '", "0x41")  # fmt: skip
PRICES = ("1", "1.5", "1.25", "999.99", "999.991", "1000", "'2.5'", "NULL", "-3.5", "99999", "1e2")
LONGLONG, VAR_STRING = 8, 0xFD


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=0, init_sql="CREATE DATABASE d") as made:
        yield made


def connect(cluster: Cluster, capabilities: int = 0) -> RawClient:
    client = RawClient(cluster.writer_port, (PLAIN | capabilities) & ~c.CLIENT_MULTI_STATEMENTS)
    client.login(db="d")
    return client


def ask(client: RawClient, sql: str) -> bytes:
    """The reply to a statement without rows."""
    client.command(b"\x03" + sql.encode())
    return client.read()


def rows(client: RawClient, sql: str) -> list[bytes]:
    client.command(b"\x03" + sql.encode())
    head = client.read()
    assert head[0] != 0xFF, head
    for _ in range(head[-1]):
        client.read()
    return client.read_until_end()[:-1]


def served(client: RawClient) -> int:
    (row,) = rows(client, "SHOW GLOBAL STATUS LIKE 'Lane_statements'")
    return int(row.rsplit(b"Lane_statements", 1)[1][1:])


def statement(rng: random.Random) -> str:
    """A change of at most one row, mostly one that both ways can do."""
    number = rng.randrange(1, 30)
    big = rng.choice((str(number), str(number + 1), str(rng.randrange(1000)), rng.choice(BIGS)))
    values = {
        "small": rng.choice(NUMBERS),
        "big": big,
        "fixed": rng.choice(TEXTS),
        "name": rng.choice(TEXTS),
        "price": rng.choice(PRICES),
        "body": rng.choice(TEXTS),
    }
    chosen = rng.sample(sorted(values), rng.randrange(1, 4))
    match rng.randrange(8):
        case 0 | 1 | 2:
            given = rng.choice(("NULL", "0", str(number), str(number)))
            names = ", ".join(["id", *chosen])
            listed = ", ".join([given, *(values[name] for name in chosen)])
            return f"INSERT INTO TABLE_ ({names}) VALUES ({listed})"
        case 3:
            listed = ", ".join(values[name] for name in chosen)
            return f"INSERT INTO TABLE_ ({', '.join(chosen)}) VALUES ({listed})"
        case 4:
            assigned = ", ".join(f"{name} = {values[name]}" for name in chosen)
            return f"UPDATE TABLE_ SET {assigned} WHERE id = {number}"
        case 5:
            return f"UPDATE TABLE_ SET small = small + {rng.choice((1, 100))} WHERE big = {number}"
        case 6:
            return f"DELETE FROM TABLE_ WHERE id = {number}"
    return rng.choice(("SELECT LAST_INSERT_ID()", "SELECT ROW_COUNT()", "BEGIN", "COMMIT"))


@pytest.mark.parametrize(
    ("seed", "capabilities"),
    [(1, 0), (2, c.CLIENT_FOUND_ROWS), (3, c.CLIENT_SESSION_TRACK), (4, 0)],
)
def test_text_statements_answer_as_without_the_lane(
    cluster: Cluster, seed: int, capabilities: int
) -> None:
    tables = f"lane{seed}", f"slow{seed}"
    rng = random.Random(seed)
    script = [statement(rng) for _ in range(250)]
    with (
        connect(cluster, capabilities) as lane,
        connect(cluster, capabilities | c.CLIENT_OPTIONAL_METADATA) as slow,
    ):
        for table in tables:
            ask(lane, f"CREATE TABLE {table} ({COLUMNS})")
        before = served(slow)
        for mode in ("STRICT_TRANS_TABLES", ""):
            for client in (lane, slow):
                ask(client, f"SET sql_mode = '{mode}'")
            for number, sql in enumerate([*script, *script]):  # by then the lane knows the shapes
                if sql.startswith("SELECT"):
                    assert rows(lane, sql) == rows(slow, sql), (number, sql)
                    continue
                one = ask(lane, sql.replace("TABLE_", tables[0])).replace(b"lane", b"slow")
                assert one == ask(slow, sql.replace("TABLE_", tables[1])), (number, sql)
            for client in (lane, slow):
                ask(client, "COMMIT")
            read = [rows(lane, f"SELECT * FROM {table} ORDER BY id") for table in tables]
            assert read[0] == read[1]
        assert served(slow) - before > 125


def prepare(client: RawClient, sql: str) -> int:
    client.command(b"\x16" + sql.encode())
    reply = client.read()
    if reply[0] != 0:
        raise AssertionError(reply)
    for described in (reply[7:9], reply[5:7]):  # parameters, columns
        if count := int.from_bytes(described, "little"):
            for _ in range(count + (0 if client.capabilities & c.CLIENT_DEPRECATE_EOF else 1)):
                client.read()
    return int.from_bytes(reply[1:5], "little")


def execute(client: RawClient, number: int, values: list[int | bytes | None]) -> bytes:
    nulls = sum(1 << i for i, value in enumerate(values) if value is None)
    types, data = b"", b""
    for value in values:
        types += bytes((VAR_STRING if isinstance(value, bytes) else LONGLONG, 0))
        if isinstance(value, bytes):
            data += bytes((len(value),)) + value
        elif value is not None:
            data += pack("<q", value)
    size = (len(values) + 7) // 8
    body = pack("<BIBI", 0x17, number, 0, 1) + nulls.to_bytes(size, "little") + b"\x01"
    client.command(body + types + data)
    return client.read()


def test_prepared_statements_answer_as_without_the_lane(cluster: Cluster) -> None:
    rng = random.Random(5)
    numbers = (0, 1, 2, 3, 127, 128, -128, -129, 1 << 40, -1, None)
    texts = (b"", b"a", b"abcde", b"abcde ", b"abcdef", "é".encode(), b"\xff", b"0123456789", None)
    sql = {
        "INSERT INTO %s (id, small, big, name) VALUES (?, ?, ?, ?)": (0, 0, 0, 1),
        "INSERT INTO %s (fixed, body, price) VALUES (?, ?, ?)": (1, 1, 0),
        "UPDATE %s SET small = small + ? WHERE id = ?": (0, 0),
        "UPDATE %s SET name = ?, price = ? WHERE id = ?": (1, 0, 0),
        "DELETE FROM %s WHERE id = ?": (0,),
    }
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        for table in ("lane_p", "slow_p"):
            ask(lane, f"CREATE TABLE {table} ({COLUMNS})")
        handles = [
            (prepare(lane, text % "lane_p"), prepare(slow, text % "slow_p"), kinds)
            for text, kinds in sql.items()
        ]
        before = served(slow)
        for number in range(1500):
            one, other, kinds = rng.choice(handles)
            values = [rng.choice(texts if kind else numbers) for kind in kinds]
            answer = execute(lane, one, values).replace(b"lane", b"slow")
            assert answer == execute(slow, other, values), (number, values)
        assert rows(lane, "SELECT * FROM lane_p") == rows(lane, "SELECT * FROM slow_p")
        assert served(slow) - before > 300


def test_literals_of_prepared_statements_stay_what_they_are(cluster: Cluster) -> None:
    """The lane may put parameters into a program's slots, and nothing else."""
    with connect(cluster) as client:
        ask(client, "CREATE TABLE literal (id INT PRIMARY KEY, n INT, s CHAR(1))")
        ask(client, "INSERT INTO literal VALUES (1, 0, 'a'), (2, 0, 'b'), (7, 0, 'c')")
        before = served(client)
        for change in ("n = n + 3", "n = 7", "s = 'x'"):
            update = prepare(client, f"UPDATE literal SET {change} WHERE id = ?")
            for number in (1, 1, 2, 2):
                assert execute(client, update, [number])[0] == 0
        assert served(client) > before
        found = rows(client, "SELECT id, n, s FROM literal ORDER BY id")
        assert found == [b"\x011\x017\x01x", b"\x012\x017\x01x", b"\x017\x010\x01c"]
        for sql, values, count in (
            ("SELECT id FROM literal WHERE n = 7 AND id = ?", [2], 1),
            ("SELECT id FROM literal WHERE s > 'c' AND n <= 7 ORDER BY s, id", [], 2),
        ):
            select = prepare(client, sql)
            for _ in range(3):
                assert execute(client, select, values) == b"\x01"
                client.read()
                assert len(client.read_until_end()) == count + 1


def test_pipelined_changes_are_answered_in_order(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE pipe (id INT PRIMARY KEY AUTO_INCREMENT, n INT)")
        texts = [b"\x03INSERT INTO pipe (n) VALUES (%d)" % n for n in range(100)]
        client.socket.sendall(b"".join(pack("<I", len(text)) + text for text in texts))
        for number in range(1, 101):
            client.sequence = 1
            assert client.read()[:3] == bytes((0, 1, number))
        (count,) = rows(client, "SELECT COUNT(*) FROM pipe")
        assert count == b"\x03100"


def test_clients_that_go_away_while_they_wait(cluster: Cluster) -> None:
    with connect(cluster) as watcher:
        ask(watcher, "CREATE TABLE gone (id INT PRIMARY KEY)")
        for number in range(60):
            client = connect(cluster)
            client.command(b"\x03INSERT INTO gone VALUES (%d)" % number)
            if number % 2:
                client.socket.shutdown(1)  # says no more, but listens
                assert client.read()[:2] == b"\0\1"
                assert client.is_closed()
            client.socket.close()
        odd = rows(watcher, "SELECT COUNT(*) FROM gone WHERE id % 2 = 1")
        assert odd == [b"\x0230"]


def test_locks_between_the_lane_and_python(cluster: Cluster) -> None:
    with connect(cluster) as lane, connect(cluster, c.CLIENT_OPTIONAL_METADATA) as slow:
        ask(lane, "CREATE TABLE locked (id INT PRIMARY KEY, n INT)")
        for number in range(1, 5):
            ask(lane, f"INSERT INTO locked VALUES ({number}, 0)")
            ask(lane, f"UPDATE locked SET n = n + 1 WHERE id = {number}")
        for holder, waiter in ((slow, lane), (lane, slow)):
            ask(holder, "BEGIN")
            ask(holder, "UPDATE locked SET n = n + 1 WHERE id = 1")
            waiter.command(b"\x03UPDATE locked SET n = n + 1 WHERE id = 1")
            ask(holder, "UPDATE locked SET n = n + 1 WHERE id = 2")
            ask(holder, "COMMIT")
            assert waiter.read()[:2] == b"\0\1"
        for client, own in ((lane, 3), (slow, 4)):
            ask(client, "BEGIN")
            ask(client, f"UPDATE locked SET n = n + 1 WHERE id = {own}")
        lane.command(b"\x03UPDATE locked SET n = n + 1 WHERE id = 4")
        slow.command(b"\x03UPDATE locked SET n = n + 1 WHERE id = 3")
        answers = {}
        for name, client in (("slow", slow), ("lane", lane)):
            answers[name] = client.read()
            ask(client, "COMMIT")
        failed = [answer for answer in answers.values() if answer[0] == 0xFF]
        assert [errno_of(answer) for answer in failed] == [1213]
        total = rows(lane, "SELECT SUM(n) FROM locked WHERE id < 3")
        assert total == [b"\x018"]


def test_read_only_transactions_stay_read_only(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE quiet (id INT PRIMARY KEY)")
        for number in range(3):
            ask(client, f"INSERT INTO quiet VALUES ({number})")
        ask(client, "START TRANSACTION READ ONLY")
        assert errno_of(ask(client, "INSERT INTO quiet VALUES (9)")) == 1792
        ask(client, "COMMIT")
        ask(client, "SET SESSION TRANSACTION READ ONLY")
        assert errno_of(ask(client, "INSERT INTO quiet VALUES (9)")) == 1792


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed() -> None:
    with Cluster(replicas=1, init_sql="CREATE DATABASE d") as cluster:
        with connect(cluster) as client:
            ask(client, "CREATE TABLE kept (id INT PRIMARY KEY, n INT)")
        acknowledged: list[int] = []
        enough = threading.Event()

        def insert(first: int) -> None:
            with connect(cluster) as client:
                for number in range(first, first + 1_000_000):
                    try:
                        reply = ask(client, f"INSERT INTO kept VALUES ({number}, {number % 7})")
                    except (OSError, EOFError):
                        return
                    assert reply[:2] == b"\0\1", reply
                    acknowledged.append(number)
                    if len(acknowledged) > 2000:
                        enough.set()

        threads = [threading.Thread(target=insert, args=(n * 1_000_000,)) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        assert enough.wait(300)
        cluster.kill("writer")
        for thread in threads:
            thread.join(300)
        cluster.wait_ready("writer")
        with connect(cluster) as client:
            there = {int(row[1:]) for row in rows(client, "SELECT id FROM kept")}
        assert not set(acknowledged) - there
        assert len(there) <= len(acknowledged) + len(threads)


def test_long_data_is_never_the_lanes(cluster: Cluster) -> None:
    with connect(cluster) as client:
        ask(client, "CREATE TABLE longer (a TEXT, n BIGINT, b TEXT)")
        number = prepare(client, "INSERT INTO longer VALUES (?, ?, ?)")
        for _ in range(2):
            execute(client, number, [b"short", 1, b"short"])
        client.command(pack("<BIH", 0x18, number, 0) + b"long")
        strings = b"\x01" + bytes((VAR_STRING, 0, LONGLONG, 0, VAR_STRING, 0))
        data = pack("<q", 7) + b"\x09" + b"1234567\x01x"
        client.command(pack("<BIBI", 0x17, number, 0, 1) + b"\0" + strings + data)
        assert client.read()[:2] == b"\0\1"
        last = rows(client, "SELECT a, n FROM longer WHERE n = 7")
        assert last == [b"\x04long\x017"]


def test_lock_tables_holds_up_the_lane(cluster: Cluster) -> None:
    with connect(cluster) as lane, connect(cluster) as locker:
        ask(lane, "CREATE TABLE held (id INT PRIMARY KEY, n INT)")
        for number in range(3):
            ask(lane, f"INSERT INTO held VALUES ({number}, 0)")
        ask(locker, "LOCK TABLES held READ")
        lane.command(b"\x03INSERT INTO held VALUES (3, 0)")
        for _ in range(5):
            assert rows(locker, "SELECT COUNT(*) FROM held") == [b"\x013"]
        ask(locker, "UNLOCK TABLES")
        assert lane.read()[:2] == b"\0\1"
        ask(lane, "BEGIN")
        before = served(locker)
        ask(lane, "INSERT INTO held VALUES (4, 0)")
        assert served(locker) == before + 1
        locker.command(b"\x03LOCK TABLES held READ")
        ask(lane, "INSERT INTO held VALUES (5, 0)")
        ask(lane, "COMMIT")
        assert locker.read()[0] == 0
        assert rows(locker, "SELECT COUNT(*) FROM held") == [b"\x016"]
