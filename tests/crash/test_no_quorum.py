"""Two zones are gone: reads go on, writes wait and say so, KILL works; all goes on with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask
from mysqlcompat.write_gate import NO_QUORUM
from redo.secret import create_secret
from tests.crash.zones import Host

PATIENCE_S = 300.0
SCHEMA = """CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b VARCHAR(500));
CREATE TABLE shop.source (b VARCHAR(500));
CREATE TABLE shop.undone (b VARCHAR(500)); CREATE TABLE shop.left_open (b VARCHAR(500));
CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, b VARCHAR(500));
CREATE TABLE shop.wide (id INT PRIMARY KEY, b VARCHAR(8000));"""
WIDE = "UPDATE wide SET b = REPEAT('y', 7000) WHERE id {}"  #: undoing it takes more than the ring
LOCK = "SELECT a FROM t WHERE id = {} FOR UPDATE"


class Client(threading.Thread):
    """A connection of its own, whose statement is waited for later."""

    def __init__(self, port: int, *before: str) -> None:
        super().__init__(daemon=True)
        self._connection = pymysql.connect(
            host="127.0.0.1",
            port=port,
            user="root",
            ssl_disabled=True,
            database="shop",
            autocommit=True,
        )
        self.number = self._connection.thread_id()
        self._sql = ""
        self.outcome: Any = None
        for sql in before:
            self.now(sql)

    def now(self, sql: str) -> Any:
        """Run a statement; its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def begin(self, sql: str) -> None:
        """Run a statement beside us."""
        self._sql = sql
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self.now(self._sql)
        except pymysql.err.Error as error:
            self.outcome = error.args[0]

    def leave(self) -> None:
        """The connection is closed."""
        self._connection.close()

    def ended(self) -> Any:
        """What became of it."""
        self.join(PATIENCE_S)
        assert not self.is_alive(), self._sql
        return self.outcome


def wait_until(good: Any, what: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not good():
        assert time.monotonic() < deadline, what()
        threading.Event().wait(0.05)


@contextmanager
def hosts_and_cluster(path: Path) -> Iterator[tuple[list[Host], Cluster]]:
    create_secret(path / "secret")
    hosts = [Host(zone, path, path / "secret") for zone in ("az2", "az3")]
    places = ",".join(f"{host.zone}={host.address}" for host in hosts)
    options = {"zone": places, "secret_file": path / "secret", "ring_bytes": "4M"}
    cluster = Cluster(path / "home", replicas=1, init_sql=SCHEMA, start=False, **options)
    try:
        cluster.start()
        yield hosts, cluster
    finally:
        cluster.close()
        for host in hosts:
            host.close()


def test_writes_wait_for_two_zones(tmp_path: Path) -> None:
    with hosts_and_cluster(tmp_path) as (hosts, cluster):
        port = cluster.writer_port
        look = Client(port)
        for start in range(0, 1000, 100):
            rows = ",".join(f"({i}, 0, REPEAT('x', 400))" for i in range(start, start + 100))
            look.now(f"INSERT INTO t VALUES {rows}")
        look.now("INSERT INTO source SELECT b FROM t")
        look.now("INSERT INTO wide SELECT id, REPEAT('x', 7000) FROM t")

        def states() -> dict[int, tuple[str, str]]:
            return {row[0]: (row[4], row[6]) for row in look.now("SHOW PROCESSLIST")}

        def waits(client: Client) -> None:
            expected = ("Query", NO_QUORUM)
            wait_until(lambda: states().get(client.number) == expected, states)

        big = Client(port)
        commit = Client(port, "BEGIN", "UPDATE t SET a = 1 WHERE id = 1")
        many = "INSERT INTO {} SELECT x.b FROM source x, source y LIMIT 40000"
        undo = Client(port, "BEGIN", many.format("undone"))
        other = Client(port, "BEGIN", f"{many[:-5]}2000".format("undone"), LOCK.format(11))
        victim = Client(port, "BEGIN", WIDE.format("< 500"), LOCK.format(12))
        killed = Client(port, "BEGIN", WIDE.format("> 500"))
        killed.begin("SELECT SLEEP(600)")
        leaver = Client(port, "BEGIN", many.format("left_open"))
        laned = Client(port, *["UPDATE t SET a = a + 1 WHERE id = 2"] * 3)
        big.begin("INSERT INTO big (b) SELECT x.b FROM source x, source y")
        wait_until(lambda: states()[big.number][0] == "Query", states)
        for host in hosts:
            host.kill()
        commit.begin("COMMIT")
        laned.begin("UPDATE t SET a = a + 1 WHERE id = 2")
        waits(big)
        waits(commit)
        waits(laned)
        write = Client(port)
        write.begin("INSERT INTO t VALUES (5000, 0, '')")
        define = Client(port)
        define.begin("CREATE TABLE other (id INT)")
        waits(write)
        waits(define)
        missing = "az2/full, az2/tail, az3/full, az3/tail"
        status = "SHOW VOLUME STATUS LIKE 'Volume_writes'"
        expected = (("Volume_writes", f"{NO_QUORUM}: {missing}"),)
        wait_until(lambda: look.now(status) == expected, lambda: look.now(status))
        assert look.now("SELECT COUNT(*), SUM(LENGTH(b)) FROM t") == ((1000, 400000),)
        reader = Client(cluster.reader_port)
        all_rows = "SELECT COUNT(*), SUM(LENGTH(b)) FROM t"
        wait_until(lambda: reader.now(all_rows) == ((1000, 400000),), lambda: cluster.output)
        wait_until(lambda: reader.now(status) == expected, lambda: reader.now(status))
        for client, sql in ((write, "KILL QUERY"), (define, "KILL QUERY"), (big, "KILL QUERY")):
            look.now(f"{sql} {client.number}")
            assert client.ended() == 1317
        assert look.now("SELECT COUNT(*) FROM big") == ((0,),)
        undo.begin("ROLLBACK")
        waits(undo)
        other.begin(LOCK.format(12))
        is_waiting = "SELECT COUNT(*) FROM performance_schema.data_lock_waits"
        wait_until(lambda: look.now(is_waiting) == ((1,),), states)
        victim.begin(LOCK.format(11))
        waits(victim)
        look.now(f"KILL {killed.number}")
        waits(killed)
        leaver.leave()
        look.now(f"KILL QUERY {undo.number}")
        assert look.now("SELECT COUNT(*), SUM(LENGTH(b)) FROM t") == ((1000, 400000),)
        assert states()[undo.number] == ("Query", NO_QUORUM)
        assert commit.is_alive() and laned.is_alive() and undo.is_alive() and victim.is_alive()
        for host in hosts:
            host.start()
        assert not commit.ended() and not laned.ended()
        assert undo.ended() in ((), 1317)
        assert look.now("SELECT COUNT(*) FROM undone") == ((0,),)
        assert victim.ended() == 1213 and other.ended() == ((0,),)
        wait_until(lambda: not {leaver.number, killed.number} & states().keys(), states)
        assert look.now("SELECT COUNT(*) FROM wide WHERE b LIKE 'x%'") == ((1000,),)
        assert look.now("SELECT COUNT(*) FROM left_open") == ((0,),)
        look.now("INSERT INTO t VALUES (6000, 0, '')")
        assert look.now("SELECT id, a FROM t WHERE id IN (1, 2, 5000, 6000)") == (
            (1, 1), (2, 4), (6000, 0),
        )  # fmt: skip
        start_without_them(hosts, cluster)
        again = Client(cluster.writer_port)
        assert again.now("SELECT COUNT(*), SUM(a) FROM t") == ((1001, 5),)


def start_without_them(hosts: list[Host], cluster: Cluster) -> None:
    """The whole cluster has gone, and comes back before two of its zones: it waits for them."""
    cluster.kill()
    for host in hosts:
        host.kill()
    starting = threading.Thread(target=cluster.start, daemon=True)
    starting.start()
    wait_until(lambda: "writer waits: " in cluster.output, lambda: cluster.output)
    said = "2 of 6 copies are readable; 3 are needed, one full; not there: az2/full"
    wait_until(lambda: said in cluster.output, lambda: cluster.output)
    status = ask(cluster.volume_dir, {"do": "status"})
    assert status is not None and status["state"] == "lost"
    for host in hosts:
        host.start()
    starting.join(PATIENCE_S)
    assert not starting.is_alive(), cluster.output
