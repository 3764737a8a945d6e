"""Every script of the orders shop runs, against a real cluster."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from mysqlcompat.cluster import Cluster
from tests.clients.shop_script import SHOP


def run_script(name: str, *arguments: str) -> str:
    """Its standard output; it must end well and say nothing on standard error."""
    done = subprocess.run(
        [sys.executable, str(SHOP / name), *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        env=os.environ | {"PYTHONPATH": str(SHOP.parents[1])},
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_place_orders(shop_cluster: Cluster) -> None:
    output = run_script(
        "place_orders.py", "--port", str(shop_cluster.writer_port), "--orders", "400"
    )
    assert output.startswith("400 orders by 8 customers")


def test_report_from_the_reader(shop_cluster: Cluster) -> None:
    output = run_script("report.py", "--port", str(shop_cluster.reader_port))
    assert re.search(r"^SHIPPED +\d+ +[\d.]+ ", output, re.MULTILINE)
    assert "latest orders" in output


def test_watch_lag(shop_cluster: Cluster) -> None:
    ports = ["--port", str(shop_cluster.writer_port)]
    ports += ["--reader-port", str(shop_cluster.reader_port)]
    output = run_script("watch_lag.py", *ports, "--orders", "50")
    assert re.match(r"50 orders seen on the reader: p50 [\d.]+ ms, p99 [\d.]+ ms", output)
    assert len(re.findall(r"^  \S+ +reader +[\d.]+ ms$", output, re.MULTILINE)) == 2
    assert len(re.findall(r"^  \S+ +writer +[\d.]+ ms$", output, re.MULTILINE)) == 1


@pytest.mark.parametrize("victim", ["supervisor", "writer"])
def test_survive_kill(victim: str) -> None:
    output = run_script("survive_kill.py", "--victim", victim)
    assert ", 0 of them are missing" in output
