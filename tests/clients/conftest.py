"""One real cluster with the orders shop for all client tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat.cluster import Cluster

SHOP = Path(__file__).resolve().parents[2] / "examples" / "orders"


@pytest.fixture(scope="session")
def shop_cluster() -> Iterator[Cluster]:
    schema = (SHOP / "schema.sql").read_text(encoding="utf-8")
    with Cluster(replicas=2, init_sql=schema, buffer_pool="32M", ring_bytes="16M") as cluster:
        yield cluster
