"""An encrypted cluster of real processes: everything works on it, and none of the bytes it stores
is what was planted; without the right key nothing starts, and nothing is damaged."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat.__main__ import main
from mysqlcompat.cluster import Cluster
from redo.timeline import clock_text
from redo.volume import LocalVolume
from redo.volumes import volume_path

MARK = "planted-in-plain-text"


def command(*words: object, code: int = 0) -> str:
    """What a command says, in this process; its exit code is `code`."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        found = main([str(word) for word in words])
    assert found == code, said.getvalue()
    return said.getvalue()


def ask(port: int, sql: str) -> Any:
    """All rows of the last statement."""
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def marks(port: int) -> int:
    return int(ask(port, f"SELECT COUNT(*) FROM shop.t WHERE word LIKE '{MARK}%'")[0][0])


def wait_for_marks(port: int, count: int) -> None:
    """Return when so many are seen there: a replica sees them a little later."""
    until = time.monotonic() + 300
    while (found := marks(port)) != count:
        assert time.monotonic() < until, found
        time.sleep(0.02)


def plant(port: int, first: int, count: int) -> None:
    rows = ",".join(f"({i}, '{MARK}-{i}')" for i in range(first, first + count))
    ask(port, f"INSERT INTO shop.t VALUES {rows}")


def planted_in(path: Path) -> list[Path]:
    """Files with the mark in them."""
    files = (p for p in path.rglob("*") if p.is_file())
    return [p for p in files if MARK.encode() in p.read_bytes()]


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    command("keyring", "create", tmp_path / "keyring")
    return tmp_path / "keyring"


def test_everything_works_on_it(tmp_path: Path, keyring: Path) -> None:
    """Snapshots, clones, backtrack, a new master key, commands, a backup: nothing in plain text."""
    with Cluster(
        tmp_path / "data",
        replicas=1,
        init_sql="CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, word TEXT);",
        encrypt=True,
        keyring=keyring,
        backup_url=f"file://{tmp_path}/archive",
        backtrack_window=3600,
        coalesce_bytes="1M",
    ) as cluster:
        data, port = cluster.data, cluster.writer_port
        plant(port, 0, 4000)
        command("snapshot", "create", "early", "--data", data)
        then = time.time_ns() // 1000
        plant(port, 4000, 4000)
        command("clone", "main", "branch", "--data", data)
        without_keyring(cluster, keyring)
        cluster.kill("writer")
        cluster.wait_ready("writer")
        assert marks(port) == 8000
        wait_for_marks(cluster.reader_port, 8000)
        ask(port, "CREATE INDEX w ON shop.t (word(30))")
        command("backtrack", "--to", clock_text(then), "--data", data)
        assert marks(port) == 4000
        wait_for_marks(cluster.reader_port, 4000)
        command("keyring", "rotate", keyring, "--data", data)
        assert cluster.stop() == 0
        without_its_key(tmp_path, data)
        cluster.start()
        assert marks(port) == 4000
        plant(port, 9000, 10)
        is_archived(cluster)
        assert cluster.stop() == 0
    known = ("--data", data, "--keyring", keyring)
    assert "all is well" in command("check", *known)
    assert MARK[:10].encode().hex() in command("dump", "pages", *known)
    command("snapshot", "restore", "early", "--as", "old", "--data", data)
    assert "all is well" in command("check", *known, "--volume", "old")
    pages = command("dump", *known, "--volume", "old", "pages")
    assert "80000f9f = " in pages and "80000fa0 = " not in pages  # keys 3999, 4000
    with Cluster(data, replicas=0, volume="branch", keyring=keyring) as other:
        assert marks(other.writer_port) == 8000
        plant(other.writer_port, 20000, 10)
    restored = tmp_path / "restored"
    url = f"file://{tmp_path}/archive"
    source = ["restore", "--from", url, "--keyring", keyring, "--data", restored]
    assert "volume main in" in command(*source, "--latest")
    with Cluster(restored, replicas=0, keyring=keyring) as other:
        assert marks(other.writer_port) == 4010
    assert not planted_in(tmp_path)


def is_archived(cluster: Cluster) -> None:
    """Return when the archive, which the writer's host sends, has all that is committed."""
    now = clock_text(time.time_ns() // 1000)
    deadline = time.monotonic() + 300
    while True:
        kept = dict(ask(cluster.writer_port, "SHOW GLOBAL STATUS LIKE 'Backup%'"))
        if kept.get("Backup_latest_restorable_time", "") > now:
            break
        assert time.monotonic() < deadline, (kept, cluster.output)
        time.sleep(0.1)
    assert kept["Backup_last_error"] == ""
    pins = ask(cluster.writer_port, "SELECT HOLDER FROM information_schema.VOLUME_PINS")
    assert ("archive",) in pins


def without_keyring(cluster: Cluster, keyring: Path) -> None:
    """Storage begins anew while its key is out of reach: it waits, and goes on with it."""
    away = keyring.rename(keyring.with_name("away"))
    cluster.kill("storage")
    until = time.monotonic() + 300
    while f"storage waits: cannot read keyring {keyring}: No such file" not in cluster.output:
        assert time.monotonic() < until, cluster.output
        time.sleep(0.02)
    status = command("storage", "status", "--data", cluster.data)
    assert status.startswith("volume main: lost\n") and status.count(" absent ") == 12, status
    away.rename(keyring)
    cluster.wait_ready("storage")
    while not (status := command("storage", "status", "--data", cluster.data)).startswith(
        "volume main: healthy\n"
    ):
        assert time.monotonic() < until, status


def without_its_key(path: Path, data: Path) -> None:
    """One line, exit code 1; nothing is damaged."""
    serve = ["serve", "--data", data, "--port", 0, "--reader-port", 0]
    said = command(*serve, code=1)
    assert said == "mysqlcompat: volume main is encrypted: its --keyring FILE is needed\n"
    said = command(*serve, "--volume", "branch", code=1)
    assert said == "mysqlcompat: volume branch is encrypted: its --keyring FILE is needed\n"
    command("keyring", "create", path / "other")
    said = command(*serve, "--keyring", path / "other", code=1)
    assert "lacks master key" in said and said.count("\n") == 1
    said = command("check", "--data", data, code=1)
    assert "its --keyring is needed" in said and said.count("\n") == 1
    source = ("restore", "--from", f"file://{path}/archive", "--latest")
    said = command(*source, "--data", path / "new", code=1)
    assert "its keyring is needed" in said and not volume_path(path / "new", "main").exists()


def test_a_volume_stays_what_it_is(tmp_path: Path, keyring: Path) -> None:
    """A plain volume is not encrypted later; a new one is not without a key."""
    serve = ["serve", "--data", tmp_path / "data", "--port", 0, "--reader-port", 0]
    assert "--encrypt needs --keyring FILE" in command(*serve, "--encrypt", code=1)
    LocalVolume(str(volume_path(tmp_path / "data", "main")), durable=False).close()
    said = command(*serve, "--encrypt", "--keyring", keyring, code=1)
    assert "is not encrypted, and cannot become so" in said
