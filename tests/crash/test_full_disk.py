"""No room for the data: nobody is told of a commit that is not there, and room ends the wait."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.crash.ledger import SCHEMA, Ledger, connect, start_customers, stop_customers, verify
from tests.crash.test_kill import SERVE, check_data

CUSTOMERS = 4
MIB = 1 << 20
PATIENCE_S = 300.0
BULK = "CREATE TABLE bulk (id BIGINT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(8000))"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 700 MiB."""
    if os.geteuid():
        pytest.skip("needs root to mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=700m", "tmpfs", str(place)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("may not mount here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(MIB))
        except OSError:
            return ballast


def write_much(port: int, ledger: Ledger) -> None:
    """Log by the megabyte, so that the present chunk is soon full."""
    connection = connect(port)
    with connection.cursor() as cursor:
        values = ", ".join(f"('{'x' * 8000}')" for _ in range(100))
        while not ledger.stop.is_set():
            try:
                cursor.execute(f"INSERT INTO bulk (a) VALUES {values}")
                cursor.execute("DELETE FROM bulk")
                connection.commit()
            except pymysql.err.Error:  # a read timeout while there is no room
                break


def refused_for_room(place: Path, cluster: Cluster) -> None:
    """A change is refused with MySQL's error, reads go on, and the volume says why."""
    changes = (
        "UPDATE orders SET total = 1 WHERE ref = 0",
        "CREATE TABLE IF NOT EXISTS more (a INT)",
    )
    for sql in changes:
        error = refusal_of(sql, place, cluster)
        assert error.args[1].startswith("Disk full ("), error
    connection = connect(cluster.writer_port)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM orders")
        assert cursor.fetchone()[0] > 0
    connection.close()


def refusal_of(sql: str, place: Path, cluster: Cluster) -> pymysql.err.Error:
    """The error 1021 of a statement, while there is no room anywhere.

    Some comes back by itself, when log has become pages: then it is filled, too.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        fill(place)
        connection = connect(cluster.writer_port)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW VOLUME STATUS LIKE 'Volume_state'")
                state = cursor.fetchone()[1]
                if state == "full":
                    cursor.execute(sql)
        except pymysql.err.Error as error:
            if error.args[0] == 1021:
                return error
            state = f"{state}, {error}"
        finally:
            connection.close()
        assert time.monotonic() < deadline, f"{sql}: {state}\n{cluster.output}"
        threading.Event().wait(0.1)


def test_writes_wait_for_room(small_disk: Path) -> None:
    ledger = Ledger()
    (small_disk / "data").mkdir()
    data = small_disk.parent / "data"  # what the cluster says goes beside it, where there is room
    data.symlink_to(small_disk / "data")
    with Cluster(
        data, replicas=1, init_sql=SCHEMA, ring_bytes="16M", coalesce_bytes="4M"
    ) as cluster:
        connection = connect(cluster.writer_port)
        connection.cursor().execute(BULK)
        connection.close()
        threads = start_customers(cluster.writer_port, CUSTOMERS, 1, ledger)
        assert ledger.wait_for_more(50), cluster.output
        ballast = fill(small_disk)
        bulk = threading.Thread(target=write_much, args=(cluster.writer_port, ledger), daemon=True)
        bulk.start()
        refused_for_room(small_disk, cluster)
        assert not ledger.errors, ledger.errors
        deadline = time.monotonic() + PATIENCE_S
        while "no space for log" not in cluster.output:  # it says so, and a pipe brings it here
            assert time.monotonic() < deadline, cluster.output
            threading.Event().wait(0.1)
        ballast.unlink()
        assert ledger.wait_for_more(100), f"no orders with room again\n{cluster.output}"
        stop_customers(ledger, [bulk, *threads])
        verify(cluster.writer_port, ledger)
        assert cluster.stop() == 0, cluster.output
        check_data(data)
        cluster.start()
        verify(cluster.writer_port, ledger)


def test_a_start_without_room_says_so(small_disk: Path) -> None:
    fill(small_disk)
    done = subprocess.run(
        [*SERVE, "--data", str(small_disk / "data")],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert done.stderr.startswith("mysqlcompat: "), done.stderr
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1
