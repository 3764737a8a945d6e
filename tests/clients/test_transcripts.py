"""Every client sees on our cluster what it saw on a real MySQL, metadata and warnings included.

The transcripts in `transcripts/` are recorded with ``--update-golden`` from the MySQL at
MYSQL_ORACLE=host:port. MySQL's own command line client is the one MYSQL_CLIENT names (a command,
e.g. ``mysql`` or ``chroot /somewhere mysql``), else the `mysql` found if it is not MariaDB's.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import mysql.connector
import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from tests.clients import transcripts
from tests.golden_runner import wait_for_replicas

DIRECTORY: Final = Path(__file__).parent / "transcripts"
DATABASE: Final = "ecommerce_clients"
#: (port, statements) -> transcript
Client = Callable[[int, list[str]], str]


def _by_pymysql(port: int, sql: list[str]) -> str:
    with closing(
        pymysql.connect(host="127.0.0.1", port=port, user="root", ssl_disabled=True)
    ) as connection:
        connection.autocommit(True)
        return transcripts.of_driver(connection.cursor(), sql, pymysql.MySQLError)


def _by_mysqlclient(port: int, sql: list[str]) -> str:
    driver = pytest.importorskip("MySQLdb", reason="needs libmariadb at installation")
    connection = driver.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
    with closing(connection):
        return transcripts.of_driver(connection.cursor(), sql, driver.MySQLError)


def _by_connector(port: int, sql: list[str], prepared: bool = False) -> str:
    connection = mysql.connector.connect(
        host="127.0.0.1", port=port, user="root", use_pure=True, autocommit=True, get_warnings=True
    )
    with closing(connection):
        if not prepared:
            cursor: Any = connection.cursor(buffered=True)
            return transcripts.of_driver(cursor, sql, mysql.connector.Error)
        plain = connection.cursor(buffered=True)
        parts = []
        for one in (transcripts.SETTINGS, *sql):
            if one.startswith("USE "):  # MySQL does not prepare it
                plain.execute(one)
                continue
            cursor = connection.cursor(prepared=True)
            parts.append(transcripts.of_driver(cursor, [one], mysql.connector.Error))
            cursor.close()
        return "".join(parts)


def _command(wanted: str) -> list[str]:
    """The command line client of MariaDB or of MySQL; [] when it is not here."""
    if wanted == "mariadb":
        return [found] if (found := shutil.which("mariadb")) else []
    named = shlex.split(os.environ.get("MYSQL_CLIENT", shutil.which("mysql") or ""))
    if not named:
        return []
    version = subprocess.run([*named, "--version"], capture_output=True, text=True, check=True)
    return [] if "MariaDB" in version.stdout else named


def _by_command(wanted: str) -> Client:
    def run(port: int, sql: list[str]) -> str:
        command = _command(wanted)
        if not command:
            pytest.skip(f"no {wanted} command here")
        return transcripts.of_command(command, port, sql)

    return run


CLIENTS: Final[dict[str, Client]] = {
    "pymysql": _by_pymysql,
    "mysqlclient": _by_mysqlclient,
    "connector": _by_connector,
    "connector-prepared": lambda port, sql: _by_connector(port, sql, prepared=True),
    "mariadb": _by_command("mariadb"),
    "mysql": _by_command("mysql"),
}


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def port(request: pytest.FixtureRequest, update: bool) -> Iterator[int]:
    """The writer, or the MySQL to record from; without the database."""
    if update:
        port = int(os.environ["MYSQL_ORACLE"].rpartition(":")[2])
    else:
        port = request.getfixturevalue("shop_cluster").writer_port
    _drop(port)
    yield port
    _drop(port)


def _drop(port: int) -> None:
    with closing(
        pymysql.connect(host="127.0.0.1", port=port, user="root", ssl_disabled=True)
    ) as connection:
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {DATABASE}")


@pytest.mark.parametrize("name", CLIENTS)
def test_the_script_as_on_mysql(name: str, port: int, update: bool) -> None:
    seen = CLIENTS[name](port, transcripts.script(DATABASE))
    transcripts.compare(DIRECTORY / f"{name}.txt", seen, update)


@pytest.mark.parametrize("name", CLIENTS)
def test_the_reader_answers_alike(name: str, shop_cluster: Cluster) -> None:
    client, sql = CLIENTS[name], transcripts.reads("ecommerce")
    with closing(
        pymysql.connect(host="127.0.0.1", port=shop_cluster.writer_port, user="root")
    ) as writer:
        wait_for_replicas(writer)
    assert client(shop_cluster.reader_port, sql) == client(shop_cluster.writer_port, sql)


@pytest.mark.parametrize("name", CLIENTS)
def test_the_reader_refuses_a_write(name: str, shop_cluster: Cluster) -> None:
    seen = CLIENTS[name](shop_cluster.reader_port, ["USE ecommerce", transcripts.REFUSED])
    assert "1290" in seen
    assert "running with the --read-only option so it cannot execute this statement" in seen
    if name in ("mariadb", "mysql"):
        assert "ERROR 1290 (HY000)" in seen
