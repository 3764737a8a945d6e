"""Does upkeep keep up with writers that leave it no processor?

usage: python -m tests.bench.bench_upkeep [SECONDS [CLIENTS]]

Clients in as many processes update rows as fast as they can, on a cluster with an archive. Printed:
the rate, and the most that was seen of log that is not pages yet and of the archive's lag.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask

ROWS = 20000
COALESCE_MIB = 4


def update(port: int, until: float, number: int, counts: Any) -> None:
    """One client."""
    connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
    done = 0
    with connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            row = (done * 7919 + number * 104729) % ROWS
            cursor.execute(
                f"UPDATE b.t SET n = n + 1, v = REPEAT('{done % 10}', 200) WHERE id = {row}"
            )
            done += 1
    counts.put(done)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    script = "CREATE DATABASE b; CREATE TABLE b.t (id INT PRIMARY KEY, n INT, v VARCHAR(200));"
    with (
        tempfile.TemporaryDirectory(prefix="bench-upkeep-") as directory,
        Cluster(
            Path(directory) / "data",
            replicas=1,
            init_sql=script,
            coalesce_bytes=f"{COALESCE_MIB}M",
            backup_url=f"file://{directory}/archive",
        ) as cluster,
    ):
        port = cluster.writer_port
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            for first in range(0, ROWS, 1000):
                rows = ",".join(f"({i}, 0, '')" for i in range(first, first + 1000))
                cursor.execute(f"INSERT INTO b.t VALUES {rows}")
        counts: Any = multiprocessing.Queue()
        until = time.monotonic() + seconds
        workers = [
            multiprocessing.Process(target=update, args=(port, until, number, counts))
            for number in range(clients)
        ]
        for worker in workers:
            worker.start()
        behind, lag_ms, first_lsn, last_lsn = [0], [0], 0, 0
        while time.monotonic() < until:
            status = ask(cluster.volume_dir, {"do": "status"}) or {}
            full = [copy for copy in status["copies"] if "full" in copy["copy"]]
            behind.append(max(status["vdl"] - copy["checkpoint"] for copy in full))
            if status["archive"]["latest_us"]:
                lag_ms.append(status["archive"]["lag_ms"])
            first_lsn, last_lsn = first_lsn or status["vdl"], status["vdl"]
            time.sleep(0.2)
        rate = sum(counts.get() for _ in workers) / seconds
        for worker in workers:
            worker.join()
    print(
        f"{rate:.0f} updates/s, {(last_lsn - first_lsn) / seconds / (1 << 20):.1f} MiB/s of log;"
        f" at most {max(behind) / (1 << 20):.0f} MiB not pages yet"
        f" (bound {8 * COALESCE_MIB}), archive at most {max(lag_ms) / 1000:.1f} s behind"
    )


if __name__ == "__main__":
    main()
