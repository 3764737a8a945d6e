"""A zone's storage is killed, cut off, stalled while customers place orders: nobody notices."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.storage_watch import PATIENCE_S
from redo.secret import create_secret
from tests.crash.ledger import SCHEMA, Ledger, connect, start_customers, stop_customers, verify
from tests.crash.test_kill import check_data
from tests.crash.test_lost_copies import compare_copies
from tests.crash.zones import Host, Wire, copies, lose_zone, wait_for_all
from tests.seeds import seed_of

CUSTOMERS = 4
ZONES = ("az1", "az2", "az3")


def settle(cluster: Cluster, ledger: Ledger, threads: list) -> None:  # type: ignore[type-arg]
    """Stop the customers. No order failed: each that was placed has been acknowledged."""
    stop_customers(ledger, threads)
    failed = ledger.intended.keys() - ledger.acknowledged
    assert not failed, f"{len(failed)} of {len(ledger.intended)} orders failed\n{cluster.output}"
    verify(cluster.writer_port, ledger)


def test_any_zone_may_be_killed_while_orders_flow(tmp_path: Path) -> None:
    seed = seed_of("zones")
    ledger = Ledger()
    data = tmp_path / "data"
    with Cluster(
        data, replicas=1, init_sql=SCHEMA, zones=3, ring_bytes="4M", coalesce_bytes="1M"
    ) as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, seed, ledger)
        assert ledger.wait_for_more(50), cluster.output
        for zone in random.Random(seed).sample(ZONES, 2):
            pids = dict(cluster.pids)
            cluster.kill(f"storage-{zone}")
            assert ledger.wait_for_more(50), f"no orders without {zone}\n{cluster.output}"
            cluster.wait_ready(f"storage-{zone}")
            wait_for_all(cluster, ledger)
            others = [name for name in pids if name != f"storage-{zone}"]
            assert all(cluster.pids[name] == pids[name] for name in others)
        settle(cluster, ledger, threads)
        assert cluster.stop() == 0, cluster.output
        check_data(data)
        assert compare_copies(cluster.volume_dir) > 10
        cluster.start()
        verify(cluster.writer_port, ledger)


def test_all_zones_and_the_writer_may_be_killed_at_once(tmp_path: Path) -> None:
    """The ring lives on in the supervisor: nothing that was published is lost."""
    ledger = Ledger()
    with Cluster(
        tmp_path / "data", replicas=1, init_sql=SCHEMA, zones=3, ring_bytes="4M"
    ) as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, 1, ledger)
        for names in (["storage-az1", "storage-az2", "storage-az3"], cluster.names[:4]):
            assert ledger.wait_for_more(50), cluster.output
            for name in names:
                cluster.kill(name)
            for name in names:
                cluster.wait_ready(name)
            wait_for_all(cluster, ledger)
        stop_customers(ledger, threads)
        verify(cluster.writer_port, ledger)


def test_a_zone_whose_directory_is_gone_is_made_anew(tmp_path: Path) -> None:
    ledger = Ledger()
    with Cluster(
        tmp_path / "data", replicas=0, init_sql=SCHEMA, zones=3, coalesce_bytes="1M"
    ) as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, 2, ledger)
        assert ledger.wait_for_more(100), cluster.output
        lose_zone(cluster, "az2")
        cluster.wait_ready("storage-az2")
        wait_for_all(cluster, ledger)
        settle(cluster, ledger, threads)
        assert cluster.stop() == 0, cluster.output
        assert compare_copies(cluster.volume_dir) > 10
        for lost in ("az3", "az1/tail"):  # three are left, two of them full
            shutil.rmtree(cluster.volume_dir / lost)
        cluster.start()
        verify(cluster.writer_port, ledger)


def test_a_silent_zone_is_not_waited_for(tmp_path: Path) -> None:
    """Pages come from the others while one zone's process stands still; and it gives space back.

    The volume has grown by some protection groups meanwhile.
    """
    options = {"ring_bytes": "4M", "coalesce_bytes": "256K", "buffer_pool": "2M"}
    groups = {"protection_group_bytes": "1M", "heartbeat_timeout_ms": 1_000_000}
    with Cluster(
        tmp_path / "data", replicas=0, init_sql=SCHEMA, zones=3, **options, **groups
    ) as cluster:
        write_much(cluster.writer_port)
        connection = connect(cluster.writer_port)
        with connection.cursor() as cursor:
            full = wait_for_room(cluster, lambda count: count > 6 << 20)
            while not all(" pages " in volume(cursor)[f"Copy_{zone}_full"] for zone in ZONES):
                pass  # until each has answered in time
            assert int(volume(cursor)["Protection_groups"]) > 5
            for zone in ZONES:
                with cluster.paused(f"storage-{zone}"):
                    cursor.execute("SELECT COUNT(*), SUM(LENGTH(a)) FROM bulk")
                    assert cursor.fetchone() == (1000, 8_000_000)
                    cursor.execute("UPDATE bulk SET a = CONCAT(a, '') WHERE id = 7")
                    connection.commit()
                    text = volume(cursor)[f"Copy_{zone}_full"]  # what it said last
                    assert "has not answered for" in text and " pages " in text, text
                    looks_wait_no_more(cursor)
            cursor.execute("DROP TABLE bulk")
            cursor.execute("CREATE TABLE later (id INT PRIMARY KEY, a VARCHAR(8000))")
            cursor.execute("INSERT INTO later VALUES (1, '')")

            def work() -> None:  # log, so that rounds of coalescing are due
                for number in range(10):
                    cursor.execute("UPDATE later SET a = REPEAT(%s, 8000)", (number,))
                    connection.commit()

            wait_for_room(cluster, lambda count: count < full * 0.8, work)
        connection.close()


def volume(cursor: Any) -> dict[str, str]:
    """What SHOW VOLUME STATUS says."""
    cursor.execute("SHOW VOLUME STATUS")
    return dict(cursor.fetchall())


def looks_wait_no_more(cursor: Any) -> None:
    """Who has found a process silent does not wait for it again: a hundred looks take less time
    than a hundred times that wait."""
    started = time.monotonic()
    for _ in range(100):
        cursor.execute("SELECT COUNT(*) FROM information_schema.VOLUME_COPIES")
    assert time.monotonic() - started < 100 * PATIENCE_S, "it was waited for"


def wait_for_room(
    cluster: Cluster, good: Callable[[int], bool], work: Callable[[], None] = lambda: None
) -> int:
    """Return when the page files of each full copy take so much room, as `du` has it."""
    deadline = time.monotonic() + 300
    while True:
        files = [list((cluster.volume_dir / zone).glob("full/pg-*/*.dat")) for zone in ZONES]
        room = [sum(512 * file.stat().st_blocks for file in some) for some in files]
        if all(good(count) for count in room):
            return max(room)
        assert time.monotonic() < deadline, (room, copies(cluster))
        work()
        threading.Event().wait(0.1)


@pytest.mark.slow
def test_zones_on_other_hosts(tmp_path: Path) -> None:
    """az2 and az3 over TLS: cut off, stalled, killed (and all at once in `test_no_quorum`)."""
    secret = tmp_path / "secret"
    create_secret(secret)
    hosts = {zone: Host(zone, tmp_path, secret) for zone in ("az2", "az3")}
    wires = {zone: Wire(host.address) for zone, host in hosts.items()}
    places = ",".join(f"{zone}={wire.address}" for zone, wire in wires.items())
    ledger = Ledger()
    options = {"zone": places, "secret_file": secret, "ring_bytes": "4M", "coalesce_bytes": "1M"}
    cluster = Cluster(tmp_path / "home", replicas=1, init_sql=SCHEMA, start=False, **options)
    try:
        cluster.start()
        threads = start_customers(cluster.writer_port, CUSTOMERS, 3, ledger)
        assert ledger.wait_for_more(20), cluster.output
        wires["az2"].cut()
        wait_for_all(cluster, ledger)
        wires["az3"].stall()
        assert ledger.wait_for_more(20), f"no orders while az3 is silent\n{cluster.output}"
        while copies(cluster)["az3/full"]["state"] == "live":
            assert ledger.wait_for_more(5), cluster.output
        wires["az3"].flow()
        wait_for_all(cluster, ledger)
        hosts["az2"].kill()
        write_much(cluster.writer_port)  # more than the ring has: only peers still have it
        assert ledger.wait_for_more(20), cluster.output
        hosts["az2"].start()
        wait_for_all(cluster, ledger)
        settle(cluster, ledger, threads)
        assert cluster.stop() == 0, cluster.output
        assert [host.stop() for host in hosts.values()] == [0, 0]
    finally:
        cluster.close()
        for zone, host in hosts.items():
            wires[zone].close()
            host.close()


def write_much(port: int) -> None:
    """Eight megabytes of log."""
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, database="ledger"
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bulk (id INT PRIMARY KEY, a VARCHAR(8000))")
        for start in range(0, 1000, 50):
            values = ", ".join(f"({start + i}, '{'x' * 8000}')" for i in range(50))
            cursor.execute(f"INSERT INTO bulk VALUES {values}")
            connection.commit()
    connection.close()
