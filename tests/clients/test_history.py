"""Random transactions of several clients at once, on a writer and a reader: their history shows
only the anomalies that the isolation level allows.

SOAK_SECONDS makes each level run that long (`make soak`); HISTORY_SEED repeats a run's choices.
What must not happen:

    READ UNCOMMITTED  lost appends, G0
    READ COMMITTED    and G1a, G1b, G1c
    REPEATABLE READ   and read skew seen by a transaction that only reads. One that reads and then
                      changes may see it: MySQL changes the newest version, not the one it has read
    … FOR UPDATE      any cycle, when every read locks
    SERIALIZABLE      any cycle
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.histories import ABORTED, Anomaly, Append, History, Read, Transaction
from tests.clients.lane_client import connect, run, wait_for_rows
from tests.seeds import seed_from

CLIENTS: Final = 6
KEYS: Final = 5
#: Lists are left when they are this long, for new ones.
APPENDS_PER_KEY: Final = 60
SECONDS: Final = float(os.environ.get("SOAK_SECONDS", "1.2"))
FEWEST: Final = 50  #: transactions that are committed
SEED: Final = seed_from("HISTORY_SEED", "history", 1 << 32)
#: Deadlock, timeout of a wait: the transaction may be tried again.
_LOSSES: Final = (1213, 1205)
_ALWAYS: Final = {"lost", "order", "internal", "twice", "G0"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    schema = "CREATE DATABASE lane; CREATE TABLE lane.list (k INT PRIMARY KEY, v TEXT);"
    with Cluster(replicas=1, init_sql=schema, ring_bytes="16M", buffer_pool="2M") as cluster:
        yield cluster


class Run:
    """One run: clients, what they do, what they note."""

    def __init__(self, cluster: Cluster, level: str, locking: bool) -> None:
        self.ports = cluster.writer_port, cluster.reader_port
        self.level = level
        self.suffix = " FOR UPDATE" if locking else ""
        self.done: list[Transaction] = []
        self.until = time.monotonic() + SECONDS
        self._values = itertools.count(1)
        self._appended = itertools.count()
        self._lock = threading.Lock()
        self._made = self._committed = 0
        self._owner = connect(self.ports[0])
        run(self._owner, "TRUNCATE TABLE list")
        self._keys(KEYS)
        wait_for_rows(self.ports[1], "SELECT v FROM list ORDER BY k", (("",),) * KEYS)

    def _keys(self, count: int) -> None:
        """Make lists up to number `count`."""
        with self._lock:
            for key in range(self._made, count):
                run(self._owner, f"INSERT INTO list VALUES ({key}, '')")
            self._made = max(self._made, count)

    def history(self) -> History:
        """Let all clients work, then read the lists as they are."""
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            futures = [pool.submit(self._client, number) for number in range(CLIENTS)]
            futures.append(pool.submit(self._reader, CLIENTS))
            for future in futures:
                future.result()
        final = {int(k): _list(v) for k, v in run(self._owner, "SELECT k, v FROM list")}
        self._owner.close()
        return History(self.done, final)

    def _is_enough(self) -> bool:
        """Is the time over, and was it enough for clients to meet, however slow the machine is?"""
        return time.monotonic() > self.until and self._committed >= FEWEST

    def _client(self, number: int) -> None:
        rng = random.Random(SEED + number)
        connection = connect(self.ports[0], autocommit=False)
        run(connection, f"SET SESSION TRANSACTION ISOLATION LEVEL {self.level}")
        for count in itertools.count():
            if self._is_enough():
                break
            one = Transaction(f"c{number}.{count}", outcome=ABORTED)
            try:
                for _ in range(rng.randint(1, 5)):
                    self._step(connection, one, rng, reads=0.5)
                if rng.random() < 0.1:
                    connection.rollback()
                else:
                    connection.commit()
                    one.outcome = "committed"
            except pymysql.err.OperationalError as error:
                if error.args[0] not in _LOSSES:
                    raise
                connection.rollback()
            self._note(one)
        connection.close()

    def _note(self, one: Transaction) -> None:
        with self._lock:
            self.done.append(one)
            self._committed += one.outcome != ABORTED

    def _reader(self, number: int) -> None:
        """Snapshots of a reader are part of the same history."""
        rng = random.Random(SEED + number)
        connection = connect(self.ports[1], autocommit=False)
        run(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for count in itertools.count():
            if count and self._is_enough():
                break
            one = Transaction(f"reader.{count}")
            for _ in range(rng.randint(2, 4)):
                self._step(connection, one, rng, reads=1, suffix="")
            connection.commit()
            self._note(one)
        connection.close()

    def _step(
        self,
        connection: Any,
        one: Transaction,
        rng: random.Random,
        reads: float,
        suffix: str | None = None,
    ) -> None:
        first = next(self._appended) // (APPENDS_PER_KEY * KEYS) * KEYS
        if first + KEYS > self._made:
            self._keys(first + KEYS)
        key = first + rng.randrange(KEYS)
        if rng.random() < reads:
            suffix = self.suffix if suffix is None else suffix
            rows = run(connection, f"SELECT v FROM list WHERE k = {key}{suffix}")
            if rows:  # a reader may not have the list yet
                one.steps.append(Read(key, _list(rows[0][0])))
            return
        with self._lock:
            value = next(self._values)
        one.steps.append(Append(key, value))
        run(connection, f"UPDATE list SET v = CONCAT(v, ' {value}') WHERE k = {key}")


def _list(text: str) -> tuple[int, ...]:
    return tuple(int(value) for value in text.split())


def found(history: History, forbidden: set[str]) -> list[Anomaly]:
    return [one for one in history.anomalies() if one.kind in forbidden]


def only_readers(history: History, anomaly: Anomaly) -> bool:
    return any(history.transactions[name].only_reads for name in anomaly.readers)


def checked(cluster: Cluster, level: str, locking: bool = False) -> History:
    """The history of a run in which clients have met each other."""
    print(f"HISTORY_SEED={SEED}")
    history = Run(cluster, level, locking).history()
    committed = [one for one in history.transactions.values() if one.outcome != ABORTED]
    assert len(committed) >= FEWEST
    assert any(one.name.startswith("reader") for one in committed)
    return history


def test_read_uncommitted(cluster: Cluster) -> None:
    history = checked(cluster, "READ UNCOMMITTED")
    assert found(history, _ALWAYS - {"order"}) == []


def test_read_committed(cluster: Cluster) -> None:
    history = checked(cluster, "READ COMMITTED")
    assert found(history, _ALWAYS | {"G1a", "G1b", "G1c"}) == []


def test_repeatable_read(cluster: Cluster) -> None:
    history = checked(cluster, "REPEATABLE READ")
    assert found(history, _ALWAYS | {"G1a", "G1b", "G1c"}) == []
    skews = found(history, {"G-single"})
    assert [one for one in skews if only_readers(history, one)] == []


def test_repeatable_read_with_locking_reads(cluster: Cluster) -> None:
    history = checked(cluster, "REPEATABLE READ", locking=True)
    assert history.anomalies() == []


def test_serializable(cluster: Cluster) -> None:
    history = checked(cluster, "SERIALIZABLE")
    assert history.anomalies() == []
