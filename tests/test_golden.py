"""Every golden script gives on our cluster what MySQL gave when it was recorded: by the text
protocol, with its reads through prepared statements, and (unless its statements wait for each
other) with its reads on a replica.

``--update-golden`` records them anew from the MySQL at MYSQL_ORACLE=host:port; read the diff.
GOLDEN_SERVER=host:port names a server to test instead of a cluster started here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import golden_runner

ROOT = Path(__file__).parent / "golden"
SCRIPTS = golden_runner.scripts(ROOT)


class Endpoints(NamedTuple):
    """Where scripts are sent; `reader_port` 0: there are no replicas."""

    host: str
    port: int
    reader_port: int = 0


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Endpoints]:
    name = "MYSQL_ORACLE" if request.config.getoption("--update-golden") else "GOLDEN_SERVER"
    address = os.environ.get(name, "")
    if address or request.config.getoption("--update-golden"):
        host, _, port = address.rpartition(":")
        yield Endpoints(host, int(port))
        return
    from mysqlcompat import Cluster

    with Cluster(replicas=1) as cluster:
        yield Endpoints("127.0.0.1", cluster.writer_port, cluster.reader_port)


def answered(path: Path, server: Endpoints, way: str, keep_ours: bool = False) -> str:
    blocks = golden_runner.parse(path.read_text(encoding="utf-8"))
    runner = golden_runner.Runner(server.host, server.port, way, server.reader_port)
    return golden_runner.render(runner.run(blocks, keep_ours))


def recorded(path: Path) -> str:
    return golden_runner.render(golden_runner.parse(path.read_text(encoding="utf-8")))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)).removesuffix(".test")


by_script = pytest.mark.parametrize("path", SCRIPTS, ids=_name)
#: Scripts about waiting are about the writer: on a replica nobody waits.
READING = [path for path in SCRIPTS if "\n[waits] " not in path.read_text(encoding="utf-8")]


@by_script
def test_script(path: Path, server: Endpoints, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        answer = answered(path, server, golden_runner.TEXT, keep_ours=True)
        path.write_text(answer, encoding="utf-8")
    else:
        assert answered(path, server, golden_runner.TEXT) == recorded(path)


@by_script
def test_prepared(path: Path, server: Endpoints) -> None:
    assert answered(path, server, golden_runner.PREPARED) == recorded(path)


@pytest.mark.parametrize("path", READING, ids=_name)
def test_replica(path: Path, server: Endpoints) -> None:
    if not server.reader_port:
        pytest.skip("a server without replicas")
    assert answered(path, server, golden_runner.REPLICA) == recorded(path)
