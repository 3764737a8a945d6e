"""The command line clients: MariaDB's where it is installed, MySQL's where MYSQL_CLIENT names it.

MYSQL_CLIENT is a command, e.g. ``mysql`` or ``chroot /somewhere mysql``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.shop_script import SHOP


def clients() -> list[list[str]]:
    found = [[path] for path in (shutil.which("mariadb") or shutil.which("mysql"),) if path]
    if os.environ.get("MYSQL_CLIENT"):
        found.append(shlex.split(os.environ["MYSQL_CLIENT"]))
    return found


@pytest.mark.skipif(not clients(), reason="no mysql or mariadb command here")
@pytest.mark.parametrize("client", clients(), ids=lambda client: client[-1])
def test_the_script(client: list[str], shop_cluster: Cluster) -> None:
    port = shop_cluster.writer_port
    command = [*client, "-h127.0.0.1", f"-P{port}", "-uroot", "--batch"]
    database = "ecommerce_command_line"
    schema = (SHOP / "schema.sql").read_text(encoding="utf-8")
    queries = (SHOP / "queries.sql").read_text(encoding="utf-8")
    text = f"DROP DATABASE IF EXISTS ecommerce;\n{schema}{queries}".replace("ecommerce", database)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=500)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "order_id\ttotal_amount\tcreated_at"
    assert lines[1].startswith("1\t199.99\t20")
    assert lines[2:] == ["order_id\tcity", '1\t"Bengaluru"']


@pytest.mark.skipif(not clients(), reason="no mysql or mariadb command here")
@pytest.mark.parametrize("client", clients(), ids=lambda client: client[-1])
def test_an_error_is_shown_and_the_client_goes_on(client: list[str], shop_cluster: Cluster) -> None:
    command = [*client, "-h127.0.0.1", f"-P{shop_cluster.writer_port}", "-uroot", "--force"]
    text = "SELECT * FROM ecommerce.nothing; SELECT 1 + 1 AS two;"
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=500)
    assert "ERROR 1146 (42S02)" in done.stderr
    assert "Table 'ecommerce.nothing' doesn't exist" in done.stderr
    assert done.stdout.split() == ["two", "2"]
