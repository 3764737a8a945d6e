"""Every golden script gives on our server what MySQL gave when it was recorded.

``--update-golden`` records them anew from the MySQL at MYSQL_ORACLE=host:port; read the diff.
GOLDEN_SERVER=host:port names a server to test instead of a cluster started here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import golden_runner

ROOT = Path(__file__).parent / "golden"
SCRIPTS = golden_runner.scripts(ROOT)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    name = "MYSQL_ORACLE" if request.config.getoption("--update-golden") else "GOLDEN_SERVER"
    address = os.environ.get(name, "")
    if address or request.config.getoption("--update-golden"):
        host, _, port = address.rpartition(":")
        yield host, int(port)
        return
    from mysqlcompat import Cluster

    with Cluster(replicas=0) as cluster:
        yield "127.0.0.1", cluster.writer_port


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_script(path: Path, server: tuple[str, int], request: pytest.FixtureRequest) -> None:
    update = bool(request.config.getoption("--update-golden"))
    recorded = path.read_text(encoding="utf-8")
    blocks = golden_runner.parse(recorded)
    answered = golden_runner.render(golden_runner.Runner(*server).run(blocks, keep_ours=update))
    if update:
        path.write_text(answered, encoding="utf-8")
    else:
        assert answered == golden_runner.render(blocks)
