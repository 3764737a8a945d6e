"""kill -9 of every process at random moments under load: nothing acknowledged is ever lost.

CRASH_ROUNDS sets the number of rounds (`make soak`: 20), CRASH_SEED the seed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.crash.ledger import SCHEMA, Ledger, connect, start_customers, stop_customers, verify
from tests.seeds import seed_from

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
CUSTOMERS = 4
SERVE = [sys.executable, "-m", "mysqlcompat", "serve", "--port", "0", "--reader-port", "0"]
FIRST_QUERY_S = 100.0  # the promise is 2 s on a quiet machine; this one may be busy


def check_data(data: Path) -> None:
    """`mysqlcompat check` finds nothing wrong with a stopped cluster's data."""
    done = subprocess.run(
        [sys.executable, "-m", "mysqlcompat", "check", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stdout + done.stderr


def kill_and_return(cluster: Cluster, victim: str) -> float:
    """kill -9, start again if need be; seconds from the start to the first answered query."""
    for name in victim.split("+"):
        cluster.kill(name)
    started = time.monotonic()
    if victim == "supervisor":
        cluster.start()
    else:
        for name in victim.split("+"):
            cluster.wait_ready(name)
    connection = connect(cluster.writer_port)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM orders WHERE order_id = 1")
        cursor.fetchone()
    connection.close()
    return time.monotonic() - started


@pytest.mark.timeout(300 + 60 * ROUNDS)
def test_nothing_acknowledged_is_lost() -> None:
    seed = seed_from("CRASH_SEED", "kill")
    rng = random.Random(seed)
    ledger = Ledger()
    with Cluster(replicas=2, init_sql=SCHEMA, ring_bytes="16M") as cluster:
        # Everybody in turn, in random order, so that a few rounds meet different victims.
        victims: list[str] = []
        for number in range(ROUNDS):
            everybody = [*cluster.names, "storage+writer", "writer+replica-1"]
            victims = victims or rng.sample(everybody, len(everybody))
            victim = "supervisor" if number == 0 else victims.pop()
            threads = start_customers(cluster.writer_port, CUSTOMERS, seed + number, ledger)
            assert ledger.wait_for_more(rng.randrange(5, 200)), cluster.output
            seconds = kill_and_return(cluster, victim)
            print(f"round {number}: {victim}, first query after {seconds:.2f} s")
            assert seconds < FIRST_QUERY_S, cluster.output
            assert ledger.wait_for_more(5), f"no orders after {victim} died\n{cluster.output}"
            stop_customers(ledger, threads)
            verify(cluster.writer_port, ledger)
        assert cluster.stop() == 0, cluster.output
        check_data(cluster.data)


def test_two_lost_copies_do_not_stop_writes() -> None:
    ledger = Ledger()
    with Cluster(replicas=0, init_sql=SCHEMA, ring_bytes="16M") as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, 1, ledger)
        assert ledger.wait_for_more(20), cluster.output
        with cluster.paused("storage"):
            for copy in ("az1/full", "az3/tail"):
                shutil.rmtree(cluster.volume_dir / copy)
        assert ledger.wait_for_more(50), cluster.output
        stop_customers(ledger, threads)
        cluster.kill()
        cluster.start()
        verify(cluster.writer_port, ledger)


def test_readers_live_through_a_writers_death() -> None:
    with Cluster(replicas=1, init_sql=SCHEMA, ring_bytes="16M") as cluster:
        reader = connect(cluster.reader_port)
        count = "SELECT COUNT(*) FROM orders"
        with reader.cursor() as cursor:
            cursor.execute(count)
            cluster.kill("writer")
            cursor.execute(count)
            assert cursor.fetchone() == (0,)
            cluster.wait_ready("writer")
            writer = connect(cluster.writer_port)
            with writer.cursor() as writing:
                writing.execute(
                    "INSERT INTO orders (ref, customer, status, total) VALUES (1, 1, 'PLACED', 1)"
                )
            writer.commit()
            writer.close()
            seen = 0
            while not seen:  # the test's time limit ends this if it never comes
                reader.commit()
                cursor.execute(count)
                (seen,) = cursor.fetchone()
        reader.close()


def test_a_second_server_on_the_same_data_is_refused() -> None:
    with Cluster(replicas=0, init_sql=SCHEMA) as cluster:
        done = subprocess.run(
            [*SERVE, "--data", str(cluster.data)],
            capture_output=True,
            text=True,
            timeout=500,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 1
        assert done.stderr.startswith("mysqlcompat: volume main in data directory ")
        assert "in use by another server" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        connection = connect(cluster.writer_port)
        with connection.cursor() as cursor, pytest.raises(pymysql.err.ProgrammingError):
            cursor.execute("SELECT * FROM nothing")
        connection.close()
