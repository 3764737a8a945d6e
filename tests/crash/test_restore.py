"""Backups of a busy cluster: restored to moments, exact to the commit; with all copies lost; with
a damaged archive."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask
from mysqlcompat.restore_command import restore
from mysqlcompat.volume_commands import parse_moment
from redo.errors import ArchiveDamaged, KeyUnavailable, VolumeError
from redo.keyring import LocalKeyring
from redo.volumes import volume_path

#: How many random moments are restored; 20 make a thorough run.
MOMENTS = int(os.environ.get("RESTORE_MOMENTS", "2"))
SCHEMA = "CREATE DATABASE kept; CREATE TABLE kept.t (id INT PRIMARY KEY, pad VARCHAR(400))"


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mysqlcompat", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=500, check=False)


def moment_text(now_us: int) -> str:
    moment = datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment}.{now_us % 1_000_000:06d}"


def connect(port: int) -> Any:
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
    )


def archived(cluster: Cluster) -> dict[str, Any]:
    done = ask(cluster.volume_dir, {"do": "status"})
    assert done is not None
    archive: dict[str, Any] = done["archive"]
    return archive


def wait_until_restorable(cluster: Cluster, now_us: int) -> dict[str, Any]:
    deadline = time.monotonic() + 300
    while True:
        status = archived(cluster)
        if status["earliest_us"] and status["latest_us"] >= now_us:
            return status
        assert time.monotonic() < deadline, status
        threading.Event().wait(0.1)


def now() -> int:
    return time.time_ns() // 1000


def kill_after(stage: str, *arguments: object) -> None:
    """kill -9 a restore that has said that a stage of it is done."""
    line = [sys.executable, "-m", "mysqlcompat", *map(str, arguments)]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(said.startswith(f"{stage}:") for said in process.stderr)
        process.kill()


class Ledger:
    """Rows 1, 2, 3, …, each a transaction, with the time before it and after its acknowledgment."""

    def __init__(self, port: int) -> None:
        self.times: list[tuple[int, int]] = []
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._main)
        self._thread.start()

    def _main(self) -> None:
        connection = connect(self._port)
        with connection, connection.cursor() as cursor:
            while not self._stop.is_set():
                before = now()
                row = (len(self.times) + 1, "x" * 300)
                try:
                    cursor.execute("INSERT INTO kept.t VALUES (%s, %s)", row)
                except pymysql.err.OperationalError:
                    return  # the cluster is gone
                self.times.append((before, now()))

    def wait_for_more(self, count: int) -> None:
        """Return when so many more rows have been acknowledged."""
        goal = len(self.times) + count
        while len(self.times) < goal:
            assert self._thread.is_alive()
            threading.Event().wait(0.05)

    def finish(self) -> None:
        self._stop.set()
        self._thread.join()

    def verify(self, found: list[int], to_us: int) -> None:
        """Rows acknowledged until then are there, those begun later are not, and no hole."""
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= sum(after < to_us for _, after in self.times)
        assert len(found) <= sum(before <= to_us for before, _ in self.times)


def rows_of(data: Path, **options: Any) -> list[int]:
    with (
        Cluster(data, replicas=0, **options) as cluster,
        connect(cluster.writer_port) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT id FROM kept.t ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.slow
def test_restore_to_moments(tmp_path: Path) -> None:
    """Under load, with open transactions and a killed storage; then everything is lost."""
    url = f"file://{tmp_path}/archive"
    data = tmp_path / "data"
    rng = random.Random(7)
    keyring = tmp_path / "keyring"
    LocalKeyring.create(keyring)
    options = {"backup_url": url, "keyring": keyring, "coalesce_bytes": "1M"}
    with Cluster(data, replicas=0, **options) as cluster:
        connection = connect(cluster.writer_port)
        with connection.cursor() as cursor:
            for statement in SCHEMA.split("; "):
                cursor.execute(statement)
        begin = wait_until_restorable(cluster, now())["latest_us"]
        idle = connect(cluster.writer_port)
        with idle.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO kept.t VALUES (-1, 'never committed')")
        ledger = Ledger(cluster.writer_port)
        ledger.wait_for_more(500)
        wait_until_restorable(cluster, ledger.times[-1][1])
        with connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Backup_lag_ms'")
            assert 0 <= int(cursor.fetchall()[0][1]) * 1000 <= now() - ledger.times[0][0]
        cluster.kill("storage")
        ledger.wait_for_more(500)
        ledger.finish()
        end = now()
        wait_until_restorable(cluster, end)
        idle.close()
        connection.close()
    shutil.rmtree(data)
    objects = [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]
    assert not any(b"never committed" in path.read_bytes() for path in objects)
    moments = [rng.randrange(ledger.times[0][0], ledger.times[-1][1]) for _ in range(MOMENTS)]
    for number, to_us in enumerate(moments):
        new = tmp_path / f"new{number}"
        done = command(
            "restore",
            "--from",
            url,
            "--keyring",
            keyring,
            "--to-time",
            moment_text(to_us),
            "--data",
            new,
        )
        assert done.returncode == 0, done.stderr
        ledger.verify(rows_of(new, keyring=keyring), to_us)
    latest = ["restore", "--from", url, "--keyring", keyring, "--latest"]
    latest += ["--data", tmp_path / "latest"]
    everything = list(range(1, len(ledger.times) + 1))
    for stage in ("pages", "log", "copies"):
        kill_after(stage, *latest)
        if volume_path(tmp_path / "latest", "main").exists():  # it had been faster: all is there
            assert rows_of(tmp_path / "latest", keyring=keyring) == everything
            shutil.rmtree(tmp_path / "latest")
    done = command(*latest)
    assert done.returncode == 0, done.stderr
    assert " s since then is not in it" in done.stdout
    assert [path.name for path in (tmp_path / "latest/volumes").iterdir()] == ["main"]
    assert rows_of(tmp_path / "latest", keyring=keyring) == everything
    refusals(tmp_path, url, keyring, begin)


def refusals(tmp_path: Path, url: str, keyring: Path, begin: int) -> None:
    """What cannot be restored is said, and nothing is left behind."""
    early = moment_text(begin - 86_400_000_000)
    new = tmp_path / "refused"
    done = command(
        "restore", "--from", url, "--keyring", keyring, "--to-time", early, "--data", new
    )
    assert done.returncode == 1
    assert "cannot be restored: the archive has 2" in done.stderr
    with pytest.raises(VolumeError, match="holds a volume main already"):
        restore(url, "main", None, tmp_path / "latest", "main", keyring)
    with pytest.raises(KeyUnavailable, match="its keyring is needed"):
        restore(url, "main", None, new, "main", None)
    log = max((tmp_path / "archive").glob("*/log/*"), key=lambda path: path.stat().st_size)
    stored = bytearray(log.read_bytes())
    stored[len(stored) // 2] ^= 1
    log.write_bytes(stored)
    with pytest.raises(ArchiveDamaged, match="is damaged: its checksum differs"):
        restore(url, "main", None, new, "main", keyring)
    assert not list((new / "volumes").iterdir())
    log.unlink()
    with pytest.raises(ArchiveDamaged, match="lacks log from LSN"):
        restore(url, "main", None, new, "main", keyring)


@pytest.mark.slow
def test_everything_is_lost_under_load(tmp_path: Path) -> None:
    """All processes are killed and all six copies wiped at once: all is there but for the last
    seconds, and the restore says truly how many."""
    url = f"file://{tmp_path}/archive"
    with Cluster(tmp_path / "data", replicas=0, backup_url=url) as cluster:
        with connect(cluster.writer_port) as connection, connection.cursor() as cursor:
            for statement in SCHEMA.split("; "):
                cursor.execute(statement)
        ledger = Ledger(cluster.writer_port)
        ledger.wait_for_more(50)
        wait_until_restorable(cluster, now())
        cluster.kill()
        lost_at = now()
        shutil.rmtree(tmp_path / "data")
        ledger.finish()
    done = command("restore", "--from", url, "--latest", "--data", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    said = re.search(r"is as of (\S+ \S+) UTC", done.stdout)
    seconds = re.search(r"committed in the ([0-9.]+) s since then", done.stdout)
    assert said is not None and seconds is not None, done.stdout
    until_us = parse_moment(said[1])
    assert until_us <= lost_at < until_us + float(seconds[1]) * 1_000_000 + 1_000_000
    found = rows_of(tmp_path / "new")
    assert found == list(range(1, len(found) + 1))
    acknowledged = sum(after < until_us for _, after in ledger.times)
    assert 0 < acknowledged <= len(found)
