"""One scripted server for all tests that do not change its limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mysqlcompat.wire.scripted import Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("wire")) as made:
        yield made
