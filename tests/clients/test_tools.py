"""mysqldump and sysbench, where they are installed, against a real cluster."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster

ROWS = 100_000
SCRIPTS = (
    "oltp_point_select", "oltp_read_only", "oltp_write_only", "oltp_read_write",
    "oltp_update_index", "oltp_update_non_index", "oltp_insert", "oltp_delete",
)  # fmt: skip


def dumpers() -> list[list[str]]:
    """MariaDB's mysqldump where it is installed, MySQL's where MYSQLDUMP names it (a command)."""
    found = [
        [path] for path in (shutil.which("mariadb-dump") or shutil.which("mysqldump"),) if path
    ]
    if os.environ.get("MYSQLDUMP"):
        found.append(shlex.split(os.environ["MYSQLDUMP"]))
    return found


def connect(port: int, **options: Any) -> Any:
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", ssl_disabled=True, autocommit=True, **options
    )


def rows_of(port: int, database: str) -> Any:
    with closing(connect(port, database=database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders ORDER BY order_id")
        return cursor.fetchall()


@pytest.mark.skipif(not dumpers(), reason="no mysqldump here")
@pytest.mark.parametrize("dumper", dumpers(), ids=lambda dumper: dumper[-1])
def test_a_dump_is_loaded_again(dumper: list[str], shop_cluster: Cluster) -> None:
    port = shop_cluster.writer_port
    options = ["-h127.0.0.1", f"-P{port}", "-uroot", "--no-tablespaces", "ecommerce"]
    dump = subprocess.run([*dumper, *options], capture_output=True, timeout=500, check=False)
    assert (dump.returncode, dump.stderr) == (0, b"")
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        pytest.skip("no client to load it with")
    with closing(connect(port)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS ecommerce_again")
        cursor.execute("CREATE DATABASE ecommerce_again")
    load = [client, "-h127.0.0.1", f"-P{port}", "-uroot", "ecommerce_again"]
    subprocess.run(load, input=dump.stdout, timeout=500, check=True)
    assert rows_of(port, "ecommerce_again") == rows_of(port, "ecommerce") != ()


@pytest.fixture(scope="module")
def sbtest(shop_cluster: Cluster) -> Iterator[list[str]]:
    """A prepared sysbench database: how sysbench is called for it."""
    sysbench = shutil.which("sysbench")
    if sysbench is None:
        pytest.skip("no sysbench here")
    port = shop_cluster.writer_port
    with closing(connect(port)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE sbtest")
    command = [
        sysbench, "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}",
        "--mysql-user=root", "--mysql-db=sbtest", "--mysql-ssl=off", "--tables=1",
        f"--table-size={ROWS}", "--threads=4", "--time=1",
    ]  # fmt: skip
    subprocess.run([*command, "oltp_read_write", "prepare"], timeout=500, check=True)
    with closing(connect(port, database="sbtest")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MIN(id), MAX(id) FROM sbtest1")
        assert cursor.fetchone() == (ROWS, 1, ROWS)
    yield command
    with closing(connect(port)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE sbtest")


@pytest.mark.parametrize("mode", ["auto", "disable"], ids=["prepared", "text"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_sysbench_runs_without_errors(script: str, mode: str, sbtest: list[str]) -> None:
    run = subprocess.run(
        [*sbtest, f"--db-ps-mode={mode}", script, "run"],
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FATAL" not in run.stdout + run.stderr
    assert "transactions:" in run.stdout


def test_kill_ends_a_sleep_and_nobody_else_waits_for_it(shop_cluster: Cluster) -> None:
    sleeper = connect(shop_cluster.writer_port)
    slept: list[Any] = []

    def sleep() -> None:
        with sleeper.cursor() as cursor:
            cursor.execute("SELECT SLEEP(600)")
            slept.extend(cursor.fetchall())

    thread = threading.Thread(target=sleep)
    thread.start()
    with closing(connect(shop_cluster.writer_port)) as other, other.cursor() as cursor:
        begun = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(600)'"
        cursor.execute(begun)
        while cursor.fetchone() == (0,):
            cursor.execute(begun)
        cursor.execute(f"KILL QUERY {sleeper.thread_id()}")
    thread.join()
    assert slept == [(1,)]
    with sleeper.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    sleeper.close()
