"""Copies fail, vanish, are damaged while customers place orders: what that means, and the way back.

Faults are Aurora's SQL, given to the running cluster by a client, or what happens to files.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from redo.quorum import copy_directory
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.state import FIRST_LSN
from tests.crash.ledger import (
    SCHEMA,
    Ledger,
    connect,
    place,
    start_customers,
    stop_customers,
    verify,
)
from tests.crash.test_kill import SERVE, check_data
from tests.crash.test_lost_copies import compare_copies, copies
from tests.crash.zones import lose_zone

CUSTOMERS = 3
OPTIONS = {"replicas": 1, "init_sql": SCHEMA, "ring_bytes": "16M", "coalesce_bytes": "1M"}
WAIT_S = 300.0
IMAGES = 20  #: of a copy: so many that some of them are in use however things go on
DISKS_FAIL = "100 PERCENT DISK FAILURE"
DISKS_SLOW = "100 PERCENT DISK CONGESTION BETWEEN 20 AND 40 MILLISECONDS"


class Operator:
    """A client that looks at the volume, and simulates faults."""

    def __init__(self, port: int) -> None:
        self._connection = pymysql.connect(
            host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
        )

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def volume(self) -> dict[str, str]:
        return dict(self.ask("SHOW VOLUME STATUS"))  # type: ignore[arg-type]

    def counter(self, name: str) -> int:
        ((_, value),) = self.ask(f"SHOW GLOBAL STATUS LIKE 'Storage_{name}'")
        return int(value)

    def simulate(self, what: str) -> None:
        """A fault that lasts until `end` is asked for the same."""
        self.ask(f"ALTER SYSTEM SIMULATE {what} FOR INTERVAL 1 HOUR")

    def end(self, what: str) -> None:
        self.simulate(re.sub(r"^\d+ PERCENT", "0 PERCENT", what))

    def fail_disks(self, *disks: int) -> None:
        for disk in disks:
            self.simulate(f"{DISKS_FAIL} IN DISK {disk}")

    def wait(self, states: set[str]) -> str:
        """Return when the volume is in one of these states."""
        deadline = time.monotonic() + WAIT_S
        while (state := self.volume()["Volume_state"]) not in states:
            assert time.monotonic() < deadline, f"never {states}: {self.volume()}"
            threading.Event().wait(0.05)
        return state

    def wait_for_rows(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Return when a query gives these (a replica gets them a little later)."""
        deadline = time.monotonic() + WAIT_S
        while (found := self.ask(sql)) != rows:
            assert time.monotonic() < deadline, found
            threading.Event().wait(0.05)

    def wait_for_count(self, name: str, more_than: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while (found := self.counter(name)) <= more_than:
            assert time.monotonic() < deadline, f"Storage_{name} stays {found}"
            threading.Event().wait(0.05)


def place_one(cluster: Cluster, ledger: Ledger, ref: int) -> threading.Thread:
    """An order that has to wait: it ends when it is acknowledged."""

    def run() -> None:
        place(connect(cluster.writer_port), ledger, ref, random.Random(ref))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def settle(cluster: Cluster, ledger: Ledger, threads: list[threading.Thread]) -> None:
    """No order failed, and the data is what was acknowledged, in all copies."""
    stop_customers(ledger, threads)
    assert ledger.intended.keys() == ledger.acknowledged, cluster.output
    verify(cluster.writer_port, ledger)
    assert cluster.stop() == 0, cluster.output
    check_data(cluster.data)
    assert compare_copies(cluster.volume_dir) > 5


def test_disks_fail_and_congest_by_sql(tmp_path: Path) -> None:
    """A zone, any two copies, a little of everything: orders flow, copies come back.

    And all at once: each is taken back where it was durable, and nothing is lost.
    """
    ledger = Ledger()
    with Cluster(tmp_path / "data", **OPTIONS) as cluster:  # type: ignore[arg-type]
        threads = start_customers(cluster.writer_port, CUSTOMERS, 1, ledger)
        operator = Operator(cluster.writer_port)
        assert ledger.wait_for_more(30), cluster.output
        for places in (["IN NODE 1"], ["IN DISK 0", "IN DISK 5"]):
            for place_ in places:
                operator.simulate(f"{DISKS_FAIL} {place_}")
            operator.wait({"degraded"})
            assert ledger.wait_for_more(30), cluster.output
            operator.end(DISKS_FAIL)
            operator.wait({"healthy"})
        assert operator.counter("simulated_failures") > 0
        operator.simulate(DISKS_SLOW)
        texts = [v for k, v in operator.volume().items() if k.startswith("Copy_")]
        assert all("100 % slower by 20 to 40 ms" in text for text in texts), texts
        operator.simulate("3 PERCENT DISK FAILURE")
        assert ledger.wait_for_more(10), cluster.output
        operator.end(DISKS_SLOW)
        operator.end(DISKS_FAIL)
        operator.wait({"healthy"})
        operator.simulate(DISKS_FAIL)
        operator.wait({"lost"})
        operator.end(DISKS_FAIL)
        assert ledger.wait_for_more(30), cluster.output
        operator.wait({"healthy"})
        settle(cluster, ledger, threads)


def test_three_copies_read_and_two_lie_about_nothing(tmp_path: Path) -> None:
    """A zone and one more: reads go on, writes wait, and go on when copies return. One more still:
    nothing is acknowledged, and a start is refused."""
    ledger = Ledger()
    with Cluster(tmp_path / "data", **OPTIONS) as cluster:  # type: ignore[arg-type]
        operator = Operator(cluster.writer_port)
        place_one(cluster, ledger, 1).join()
        operator.fail_disks(0, 1, 2)
        waiting = place_one(cluster, ledger, 2)
        assert operator.wait({"read-only", "lost"}) == "read-only"
        assert operator.ask("SELECT COUNT(*) FROM ledger.items")[0][0] >= 2
        reader = Operator(cluster.reader_port)
        reader.wait_for_rows("SELECT COUNT(*) FROM ledger.orders", [(1,)])
        assert 2 not in ledger.acknowledged
        operator.end(DISKS_FAIL)
        waiting.join(WAIT_S)
        assert 2 in ledger.acknowledged
        operator.wait({"healthy"})

        operator.fail_disks(0, 1, 2, 3)
        waiting = place_one(cluster, ledger, 3)
        operator.wait({"lost"})
        assert 3 not in ledger.acknowledged
        reader = Operator(cluster.reader_port)
        reader.wait_for_rows("SELECT ref FROM ledger.orders ORDER BY ref", [(1,), (2,)])
        operator.end(DISKS_FAIL)
        waiting.join(WAIT_S)
        assert 3 in ledger.acknowledged, cluster.output
        operator.wait({"healthy"})
        verify(cluster.writer_port, ledger)
        begin_without_pages(cluster, operator)
        assert cluster.stop() == 0, cluster.output
        for copy_no in (0, 1, 2, 3):
            shutil.move(cluster.volume_dir / copy_directory(copy_no), tmp_path / str(copy_no))
        refused = subprocess.run(
            [*SERVE, "--data", str(cluster.data)],
            capture_output=True,
            text=True,
            timeout=500,
            cwd=Path(__file__).parents[2],
        )
        assert refused.returncode == 1
        last = refused.stderr.splitlines()[-1]
        assert "2 of 6 copies are readable; at least 3 are needed, one full" in last
        for copy_no in (0, 3):
            shutil.move(tmp_path / str(copy_no), cluster.volume_dir / copy_directory(copy_no))
        cluster.start()
        verify(cluster.writer_port, ledger)
        Operator(cluster.writer_port).wait({"healthy"})


def wait_for_output(cluster: Cluster, words: str) -> None:
    """Return when the cluster has said that."""
    deadline = time.monotonic() + WAIT_S
    while words not in cluster.output:
        assert time.monotonic() < deadline, cluster.output
        threading.Event().wait(0.05)


def begin_without_pages(cluster: Cluster, operator: Operator) -> None:
    """No copy can give a page: a replica that begins then waits, and says for what."""
    operator.simulate(DISKS_FAIL)
    cluster.kill("replica-1")
    wait_for_output(cluster, "replica-1 waits: no copy can give page")
    operator.end(DISKS_FAIL)
    cluster.wait_ready("replica-1")
    operator.wait({"healthy"})


def lose_the_stream(cluster: Cluster, ledger: Ledger) -> None:
    """A replica does not see what is committed, until the simulated failure ends."""
    failure = "100 PERCENT READ REPLICA FAILURE TO 'replica-1'"
    operator, reader = Operator(cluster.writer_port), Operator(cluster.reader_port)
    operator.simulate(failure)
    reader.ask("DO 0")  # what it had begun to apply by then is applied
    assert "fails 100 %" in operator.volume()["Stream_replica-1"]
    place_one(cluster, ledger, 1).join()
    assert reader.ask("SELECT COUNT(*) FROM ledger.orders") == [(0,)]
    operator.end(failure)
    assert "Stream_replica-1" not in operator.volume()
    reader.wait_for_rows("SELECT COUNT(*) FROM ledger.orders", [(1,)])


def test_replicas_fail_and_processes_crash_by_sql(tmp_path: Path) -> None:
    ledger = Ledger()
    with Cluster(tmp_path / "data", **OPTIONS) as cluster:  # type: ignore[arg-type]
        lose_the_stream(cluster, ledger)
        threads = start_customers(cluster.writer_port, CUSTOMERS, 4, ledger)
        for what, dies in (
            ("DISPATCHER", {"storage"}),
            ("INSTANCE", {"writer"}),
            ("NODE", {"storage", "writer"}),
        ):
            assert ledger.wait_for_more(30), cluster.output
            pids = dict(cluster.pids)
            operator = Operator(cluster.writer_port)
            try:
                operator.ask(f"ALTER SYSTEM CRASH {what}")
                assert "writer" not in dies
            except pymysql.err.OperationalError:
                assert "writer" in dies
            assert ledger.wait_for_more(30), cluster.output
            for name in dies:
                cluster.wait_successor(name, pids[name])
            changed = {name for name in pids if cluster.pids[name] != pids[name]}
            assert changed == dies
        stop_customers(ledger, threads)
        verify(cluster.writer_port, ledger)


def flip(path: Path, at: int) -> None:
    """Change a byte of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


def damage(volume: Path, page_bytes: int = 16384) -> int:
    """Flip a byte in each image of a full copy, and one in the log of two copies; how many.

    Storage must not run meanwhile: it would mend, and give up images, where the next byte falls.
    """
    images = 0
    for path in (volume / "az2/full").glob("pg-*/*.dat"):
        for at in range(0, path.stat().st_size - page_bytes + 1, page_bytes):
            flip(path, at + 700)
            images += 1
    for name in ("az1/tail", "az3/full"):
        oldest = min((volume / name / "log").glob("0*.log"))
        first = max(int(re.sub(r"\..*", "", oldest.name), 16), FIRST_LSN)
        start = int(oldest.stem, 16)
        flip(oldest, CHUNK_HEADER_BYTES + kept_of(volume / name) - start + 100)
        assert first >= start
    return images


def kept_of(path: Path) -> int:
    """Where a copy's log begins to be needed."""
    found = re.search(r'"marks": \[\s*\[\s*(\d+)', (path / "copy.json").read_text())
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("by", ["scrub", "read"])
def test_flipped_bytes_are_found_and_mended(by: str, tmp_path: Path) -> None:
    ledger = Ledger()
    rate = "64M" if by == "scrub" else "0"
    options = {**OPTIONS, "scrub_bytes_per_second": rate}
    with Cluster(tmp_path / "data", **options) as cluster:  # type: ignore[arg-type]
        threads = start_customers(cluster.writer_port, CUSTOMERS, 5, ledger)
        operator = Operator(cluster.writer_port)
        assert ledger.wait_for_more(150), cluster.output
        while copies(cluster)["az2/full"]["images"] < IMAGES:
            assert ledger.wait_for_more(10), cluster.output
        stop_customers(ledger, threads)
        if by == "scrub":
            with cluster.paused("storage"):
                assert damage(cluster.volume_dir) > 0
        else:  # nobody has an image in memory: a third of all reads meets damage
            assert cluster.stop() == 0
            assert damage(cluster.volume_dir) > 0
            cluster.start()
            operator = Operator(cluster.writer_port)
            verify(cluster.writer_port, ledger)
        operator.wait_for_count("mended", 2 if by == "scrub" else 0)
        verify(cluster.writer_port, ledger)
        if by == "scrub":
            operator.wait_for_count("scrubbed_bytes", 1 << 20)
            operator.wait({"healthy"})
            wait_for_output(cluster, "is mended")


def test_a_killed_zone_without_its_directory_is_whole_again(tmp_path: Path) -> None:
    """kill -9 and rm -rf of what a storage process had: its copies come from the other zones."""
    ledger = Ledger()
    with Cluster(tmp_path / "data", **OPTIONS, zones=3) as cluster:  # type: ignore[arg-type]
        threads = start_customers(cluster.writer_port, CUSTOMERS, 6, ledger)
        assert ledger.wait_for_more(50), cluster.output
        lose_zone(cluster, "az2")
        assert ledger.wait_for_more(50), cluster.output
        cluster.wait_ready("storage-az2")
        operator = Operator(cluster.writer_port)
        operator.wait({"healthy"})
        assert operator.counter("rebuilt") == 2
        assert operator.volume()["Membership_epoch"] == "5"
        assert ledger.wait_for_more(50), cluster.output
        settle(cluster, ledger, threads)
