"""No room for the data: nobody is told of a commit that is not there, and room ends the wait."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.crash.ledger import SCHEMA, Ledger, connect, start_customers, verify
from tests.crash.test_kill import SERVE, check_data

CUSTOMERS = 4
MIB = 1 << 20


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
        cursor.execute("CREATE TABLE bulk (id BIGINT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(8000))")
        values = ", ".join(f"('{'x' * 8000}')" for _ in range(100))
        while not ledger.stop.is_set():
            try:
                cursor.execute(f"INSERT INTO bulk (a) VALUES {values}")
                cursor.execute("DELETE FROM bulk")
                connection.commit()
            except pymysql.err.Error:  # a read timeout while there is no room
                break


def refused_for_room(cluster: Cluster) -> None:
    """A change is refused with MySQL's error, reads go on, and the volume says why."""
    connection = connect(cluster.writer_port)
    with connection.cursor() as cursor:
        for sql in (
            "INSERT INTO orders (ref, customer, status, total) VALUES (1, 1, 'X', 1)",
            "CREATE TABLE more (id INT)",
        ):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                cursor.execute(sql)
            assert caught.value.args[0] == 1021
            assert caught.value.args[1].startswith("Disk full (")
        cursor.execute("SHOW VOLUME STATUS LIKE 'Volume_state'")
        assert cursor.fetchone() == ("Volume_state", "full")
        cursor.execute("SELECT COUNT(*) FROM orders")
        assert cursor.fetchone()[0] > 0
    connection.close()


def test_writes_wait_for_room(small_disk: Path) -> None:
    ledger = Ledger()
    data = small_disk / "data"
    with Cluster(
        data, replicas=1, init_sql=SCHEMA, ring_bytes="16M", coalesce_bytes="4M"
    ) as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, 1, ledger)
        assert ledger.wait_for_more(50), cluster.output
        ballast = fill(small_disk)
        bulk = threading.Thread(target=write_much, args=(cluster.writer_port, ledger), daemon=True)
        bulk.start()
        while ledger.wait_for_more(1, 4.0):  # until the log's next chunk does not fit
            fill(small_disk)
        assert not ledger.errors, ledger.errors
        assert "no space for log" in cluster.output
        refused_for_room(cluster)
        ballast.unlink()
        assert ledger.wait_for_more(100), f"no orders with room again\n{cluster.output}"
        ledger.stop.set()
        for thread in (bulk, *threads):
            thread.join(60)
        assert not ledger.errors, ledger.errors
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
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert done.stderr.startswith("mysqlcompat: "), done.stderr
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1
