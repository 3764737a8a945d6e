"""Snapshots, clones and backtrack of a running cluster, through the command line and a client."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import control_socket
from redo.timeline import clock_text

ROOT = Path(__file__).parents[2]
SETUP = """
CREATE DATABASE d;
USE d;
CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100), INDEX (v));
INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mysqlcompat", *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=ROOT,
    )


def command(cluster: Cluster, *arguments: str) -> str:
    """A command that must succeed; what it says."""
    done = run(*arguments, "--data", str(cluster.data))
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(cluster: Cluster, *arguments: str) -> str:
    """A command that must fail with one line; that line."""
    done = run(*arguments, "--data", str(cluster.data))
    assert done.returncode == 1, done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def connect(port: int) -> Any:
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True
    )


def rows(port: int, sql: str) -> Any:
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def moment() -> int:
    """Now, µs; the clock has moved when this returns."""
    now = time.time_ns() // 1000
    while time.time_ns() // 1000 <= now + 1:
        pass
    return now + 1


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(replicas=1, init_sql=SETUP, backtrack_window=3600) as made:
        yield made
        assert made.stop() == 0, made.output


def test_a_clone_is_served_beside_its_parent(cluster: Cluster) -> None:
    open_one = connect(cluster.writer_port)
    with open_one.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO d.t VALUES (99, 'not committed')")
        said = command(cluster, "clone", "main", "test")
    assert said.startswith("volume test is a clone of main: state of ")
    open_one.close()
    with Cluster(data=cluster.data, replicas=1, volume="test") as clone:
        assert rows(clone.writer_port, "SELECT id FROM d.t ORDER BY id") == ((1,), (2,), (3,))
        rows(clone.writer_port, "UPDATE d.t SET v = 'clone' WHERE id = 1")
        rows(cluster.writer_port, "UPDATE d.t SET v = 'parent' WHERE id = 1")
        assert rows(clone.writer_port, "SELECT v FROM d.t WHERE id = 1") == (("clone",),)
        listed = command(cluster, "volume", "list").split()
        assert listed.count("served") == 2
        assert "in use by another server" in refused(cluster, "volume", "drop", "test")
        command(cluster, "clone", "test", "grandchild")
        assert clone.stop() == 0, clone.output
    assert rows(cluster.writer_port, "SELECT v FROM d.t WHERE id = 1") == (("parent",),)
    command(cluster, "volume", "drop", "test")
    with Cluster(data=cluster.data, replicas=0, volume="grandchild") as clone:
        assert rows(clone.writer_port, "SELECT v FROM d.t WHERE id = 1") == (("clone",),)
        assert clone.stop() == 0
    done = run("check", "--data", str(cluster.data), "--volume", "grandchild")
    assert done.returncode == 0, done.stdout
    command(cluster, "volume", "drop", "grandchild")
    assert command(cluster, "volume", "list").split()[3:] == ["main", "served"]


def test_snapshots(cluster: Cluster) -> None:
    command(cluster, "snapshot", "create", "monday")
    before = rows(cluster.writer_port, "SELECT * FROM d.t ORDER BY id")
    rows(cluster.writer_port, "INSERT INTO d.t VALUES (4, 'after')")
    assert "there is a snapshot monday already" in refused(cluster, "snapshot", "create", "monday")
    assert "monday  main at LSN " in command(cluster, "snapshot", "list")
    command(cluster, "snapshot", "restore", "monday", "--as", "old")
    command(cluster, "snapshot", "drop", "monday")
    assert "there is no snapshot monday" in refused(cluster, "snapshot", "drop", "monday")
    with Cluster(data=cluster.data, replicas=0, volume="old") as restored:
        assert rows(restored.writer_port, "SELECT * FROM d.t ORDER BY id") == before
    command(cluster, "volume", "drop", "old")


def test_backtrack_and_forward_again(cluster: Cluster) -> None:
    reader = connect(cluster.reader_port)
    writer = connect(cluster.writer_port)
    with writer.cursor() as cursor:
        cursor.execute("CREATE TABLE d.past (id INT PRIMARY KEY, v INT)")
        cursor.execute("INSERT INTO d.past VALUES (1, 10), (2, 20)")
        half_done = connect(cluster.writer_port)
        with half_done.cursor() as other:
            other.execute("BEGIN")
            other.execute("INSERT INTO d.past VALUES (3, 30)")
            cursor.execute("UPDATE d.past SET v = 11 WHERE id = 1")
            full = moment()
            other.execute("COMMIT")
        cursor.execute("DELETE FROM d.past")
        empty = moment()
        cursor.execute("DROP TABLE d.past")
        gone = moment()
    where = f"SELECT * FROM d.past ORDER BY id /* {reader.thread_id()} */"
    for to_us, expected in [(full, ((1, 11), (2, 20))), (empty, ()), (full, ((1, 11), (2, 20)))]:
        said = command(cluster, "backtrack", "--to", clock_text(to_us))
        assert said.startswith("volume main is as of ")
        assert rows(cluster.writer_port, where) == expected
        assert rows(cluster.reader_port, where) == expected
    for connection in (reader, writer):
        with pytest.raises(pymysql.err.OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    rows(cluster.writer_port, "INSERT INTO d.past VALUES (7, 70)")
    assert len(rows(cluster.writer_port, where)) == 3
    command(cluster, "backtrack", "--to", clock_text(gone))
    with pytest.raises(pymysql.err.ProgrammingError):
        rows(cluster.writer_port, where)
    kept: dict[str, str] = {}
    while "Backtrack_journeys" not in kept:  # until storage has answered in time
        kept = dict(rows(cluster.reader_port, "SHOW GLOBAL STATUS LIKE 'Backtrack%'"))
    assert kept["Backtrack_window_s"] == "3600"
    assert kept["Backtrack_journeys"] == "4"
    assert 0 < int(kept["Backtrack_window_actual_s"]) < 3600
    assert kept["Backtrack_earliest_time"] < clock_text(full)
    assert int(kept["Backtrack_log_bytes"]) > 4096
    assert "there was no volume then" in refused(
        cluster, "backtrack", "--to", "2020-01-02 03:04:05"
    )
    assert rows(cluster.writer_port, "SELECT COUNT(*) FROM d.t")[0][0] >= 3
    done = run("backtrack", "--to", "yesterday", "--data", str(cluster.data))
    assert done.returncode == 2
    assert "is not a moment" in done.stderr


def test_the_control_socket_is_its_owners_and_survives_anybody(cluster: Cluster) -> None:
    path = control_socket(cluster.volume_dir)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    junk = [
        b"",
        b"\1",
        b"\xff\xff\xff\xff",
        struct.pack("<I", 5) + b"nojso",
        struct.pack("<I", 2) + b"[]",
    ]
    for data in junk:
        with socket.socket(socket.AF_UNIX) as bad:
            bad.connect(path)
            bad.sendall(data)
    text = json.dumps({"do": "snapshot", "name": "../escape"}).encode()
    with socket.socket(socket.AF_UNIX) as good, good.makefile("rb") as answers:
        good.connect(path)
        good.sendall(struct.pack("<I", len(text)) + text)
        (size,) = struct.unpack("<I", answers.read(4))
        assert "is not a name" in json.loads(answers.read(size))["failed"]
    assert rows(cluster.writer_port, "SELECT 1") == ((1,),)


def test_without_a_window_nothing_goes_back(tmp_path: Path) -> None:
    with Cluster(data=tmp_path / "data", replicas=0) as cluster:
        line = refused(cluster, "backtrack", "--to", clock_text(moment()))
        assert "serve it with --backtrack-window SECONDS" in line
        assert "there is no volume other" in refused(cluster, "clone", "other", "x")


def test_the_old_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "volume.json").write_text("{}")
    done = run("serve", "--data", str(tmp_path), "--port", "0", "--reader-port", "0")
    assert done.returncode == 1
    assert "has the layout of format 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
