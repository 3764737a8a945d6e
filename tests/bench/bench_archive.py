"""What continuous backup costs, how far it is behind, and how fast a restore is.

    python -m tests.bench.bench_archive [seconds] [clients]

Clients commit one row each, as fast as they can: without an archive, with one, with an encrypted
one. Then the encrypted one is restored.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask
from redo.keyring import LocalKeyring

TABLE = "CREATE TABLE bench.t (id INT AUTO_INCREMENT PRIMARY KEY, pad VARCHAR(400))"


def commit_rows(port: int, until: float, counts: list[int]) -> None:
    connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
    done = 0
    with connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("INSERT INTO bench.t (pad) VALUES (%s)", ("x" * 200,))
            done += 1
    counts.append(done)


def run(data: Path, seconds: float, clients: int, **options: Any) -> str:
    """Commits a second, and the greatest lag that was seen once the archive had begun."""
    with Cluster(data, replicas=0, **options) as cluster:
        connection = pymysql.connect(host="127.0.0.1", port=cluster.writer_port, user="root")
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE bench")
            cursor.execute(TABLE)
        counts: list[int] = []
        until = time.monotonic() + seconds
        arguments = (cluster.writer_port, until, counts)
        threads = [threading.Thread(target=commit_rows, args=arguments) for _ in range(clients)]
        for thread in threads:
            thread.start()
        lags, stored = [0], 0
        while time.monotonic() < until:
            status = (ask(cluster.volume_dir, {"do": "status"}) or {})["archive"]
            if status and status["latest_us"]:
                lags.append(status["lag_ms"])
                stored = status["stored_bytes"]
            time.sleep(0.2)
        for thread in threads:
            thread.join()
    rate = sum(counts) / seconds
    return f"{rate:.0f} commits/s, lag at most {max(lags)} ms, {stored >> 10} KiB stored"


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory(prefix="bench-archive-") as directory:
        path = Path(directory)
        keyring = path / "keyring"
        LocalKeyring.create(keyring)
        url = f"file://{path}/sealed"
        plain = {"backup_url": f"file://{path}/archive"}
        print("no archive       ", run(path / "none", seconds, clients))
        print("archive          ", run(path / "plain", seconds, clients, **plain))
        sealed = {"backup_url": url, "keyring": keyring}
        print("encrypted archive", run(path / "data", seconds, clients, **sealed))
        command = ["restore", "--from", url, "--keyring", keyring, "--latest"]
        command += ["--data", path / "restored"]
        line = [sys.executable, "-m", "mysqlcompat", *map(str, command)]
        print(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
