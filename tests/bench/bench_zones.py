"""``python -m tests.bench.bench_zones``: what a commit costs where storage is one process, three,
or on other hosts.

One-row inserts, each a transaction, durable on a write quorum: by one client (latency), then by
eight processes of one client each (rate). "Other hosts" are processes on this machine behind TLS on
loopback: what is measured is our own share, not a network's.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from redo.secret import create_secret
from tests.crash.zones import Host

CLIENTS = 8
ALONE = 3000
TOGETHER_S = 5.0


def connect(port: int) -> Any:
    """A connection whose every statement is a transaction."""
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", database="bench", autocommit=True
    )


def latencies(port: int) -> list[float]:
    """Milliseconds of each commit of one client, ascending."""
    times = []
    with connect(port).cursor() as cursor:
        for number in range(ALONE):
            started = time.perf_counter()
            cursor.execute("INSERT INTO t VALUES (%s, 'alone')", (number,))
            times.append((time.perf_counter() - started) * 1e3)
    return sorted(times)


def hurry(port: int, client: int, counts: Queue[int]) -> None:
    """One of several clients: how many commits it came to."""
    until = time.monotonic() + TOGETHER_S
    done = 0
    with connect(port).cursor() as cursor:
        while time.monotonic() < until:
            number = (client + 1) * 10_000_000 + done
            cursor.execute("INSERT INTO t VALUES (%s, 'together')", (number,))
            done += 1
    counts.put(done)


def measure(name: str, cluster: Cluster) -> None:
    """Print one line of the table."""
    times = latencies(cluster.writer_port)
    p50, p99 = statistics.median(times), times[len(times) * 99 // 100]
    counts: Queue[int] = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=hurry, args=(cluster.writer_port, number, counts))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    done = sum(counts.get() for _ in clients)
    for client in clients:
        client.join()
    rate = done / TOGETHER_S
    sys.stdout.write(f"{name:<28} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   {rate:7.0f} commits/s\n")
    sys.stdout.flush()


SQL = "CREATE DATABASE bench; CREATE TABLE bench.t (id BIGINT PRIMARY KEY, a VARCHAR(100));"


def main(directory: Path) -> None:
    """Print the table."""
    with Cluster(directory / "one", replicas=0, init_sql=SQL) as cluster:
        measure("one process", cluster)
    with Cluster(directory / "three", replicas=0, init_sql=SQL, zones=3) as cluster:
        measure("a process for each zone", cluster)
    secret = directory / "secret"
    create_secret(secret)
    hosts = [Host(zone, directory, secret) for zone in ("az2", "az3")]
    places = ",".join(f"{host.zone}={host.address}" for host in hosts)
    options = {"zone": places, "secret_file": secret}
    try:
        with Cluster(directory / "hosts", replicas=0, init_sql=SQL, **options) as cluster:
            measure("az2 and az3 behind TLS", cluster)
    finally:
        for host in hosts:
            host.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-zones") as place:
        main(Path(place))
