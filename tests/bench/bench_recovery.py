"""How long after kill -9 the first query is answered, by how much log is not pages yet.

usage: python -m tests.bench.bench_recovery [ROUNDS]   (five by default; three minutes)

With 1, 10 and 100 MB of such log, each process is killed in turn. Time runs from the kill, or from
the command `serve` when everything died, to the answer; medians, and least and most of all rounds:

writer      a SELECT of a new connection to the endpoint
storage     a commit: until then writes wait, and reads of what is cached go on
everything  a SELECT of a new connection, `mysqlcompat serve` started anew; its CPU is that of all
            processes until then

A process that has read more has more memory, which the system takes back before anybody hears that
it is dead; that part is told apart.
"""

from __future__ import annotations

import os
import select
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask
from tests.bench.bench_volumes import connect, load

SIZES_MB: Final = (1, 10, 100)
PATIENCE_S: Final = 120.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def log_bytes(cluster: Cluster) -> int:
    """Log of a full copy that is not pages yet."""
    status = ask(cluster.volume_dir, {"do": "status"})
    assert status is not None
    full = [copy for copy in status["copies"] if "full" in copy["copy"]]
    return max(int(copy["durable"]) - int(copy["checkpoint"]) for copy in full)


def cpu_s(supervisor: int) -> float:
    """CPU time of a supervisor and its children."""
    total = 0
    for directory in Path("/proc").iterdir():
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if directory.name == str(supervisor) or int(fields[1]) == supervisor:
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def answered(cluster: Cluster, sql: str) -> None:
    """Return when a new connection has its answer; connections that break are made again."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with connect(cluster) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return
        except pymysql.err.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)


def _when_over(process: int) -> float:
    """The moment the process of a pidfd is gone."""
    select.select([process], [], [])
    return time.monotonic()


def after_death(cluster: Cluster, name: str, sql: str) -> tuple[float, float]:
    """Milliseconds from kill -9 of a process to an answer, and until nothing of it was left."""
    pid = cluster.pids[name]
    watched = os.pidfd_open(pid)
    ended: list[float] = []
    watcher = threading.Thread(target=lambda: ended.append(_when_over(watched)))
    watcher.start()
    started = time.monotonic()
    cluster.kill(name)
    answered(cluster, sql)
    took = (time.monotonic() - started) * 1000
    watcher.join()
    os.close(watched)
    cluster.wait_successor(name, pid)
    for one in cluster.names[:-1]:
        cluster.wait_ready(one)
    return took, (ended[0] - started) * 1000


def after_restart(cluster: Cluster) -> tuple[float, float]:
    """Milliseconds from `serve`, everything having been killed -9, to an answer, and of CPU."""
    cluster.kill()
    starting = threading.Thread(target=cluster.start)
    started = time.monotonic()
    starting.start()
    answered(cluster, "SELECT id FROM t WHERE id = 1")
    took = (time.monotonic() - started) * 1000
    used = cpu_s(cluster.pids["supervisor"]) * 1000
    starting.join()
    return took, used


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    script = "CREATE DATABASE big; CREATE TABLE big.t (id INT PRIMARY KEY, v VARCHAR(1100));"
    smallest: dict[str, float] = {}
    loaded = 0
    with Cluster(replicas=1, init_sql=script, coalesce_bytes="4G") as cluster:
        for megabytes in SIZES_MB:
            while log_bytes(cluster) < megabytes << 20:
                load(cluster, max(1, megabytes // 10), loaded * 1000)
                loaded += max(1, megabytes // 10)
            kinds: dict[str, Callable[[], tuple[float, ...]]] = {
                "writer": lambda: after_death(cluster, "writer", "SELECT id FROM t LIMIT 1"),
                "storage": lambda: after_death(
                    cluster, "storage", "UPDATE t SET v = MD5(RAND()) WHERE id = 1"
                ),
                "everything": lambda: after_restart(cluster),
            }
            print(f"{log_bytes(cluster) / (1 << 20):.0f} MiB of log:", flush=True)
            for kind, measure in kinds.items():
                found = [measure() for _ in range(rounds)]
                took, other = (statistics.median(values) for values in zip(*found, strict=True))
                ratio = took / smallest.setdefault(kind, took)
                more = f", CPU {other:.0f} ms"
                if kind != "everything":
                    more = f", {other:.0f} ms of it until the system had its memory back"
                least, most = (pick(values[0] for values in found) for pick in (min, max))
                spread = f"{least:.0f} to {most:.0f}"
                print(f"  {kind}: {took:.0f} ms ({spread}){more}, ratio {ratio:.2f}")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
