"""Copies lose their directories while customers place orders: writes go on, copies come back."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.control_socket import ask_storage, storage_socket
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT
from redo.quorum import COPIES, copy_directory, is_full
from redo.volume import LocalVolume
from tests.crash.ledger import PATIENCE_S, SCHEMA, Ledger, start_customers, stop_customers, verify
from tests.crash.test_kill import check_data
from tests.seeds import seed_of

CUSTOMERS = 4
ROUNDS = min(15, int(os.environ.get("CRASH_ROUNDS", "2")))  #: pairs that go, one after the other
NAMES = [copy_directory(number) for number in range(COPIES)]
PAIRS = [(one, two) for one in range(COPIES) for two in range(one)]


def copies(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """State of the six copies, by name, as storage says it."""
    status = ask_storage(storage_socket(cluster.volume_dir), {"do": "status"}, PATIENCE_S)
    return {one["copy"]: one for one in status["copies"]}


def wait_for_copies(cluster: Cluster, lost: list[str], ledger: Ledger) -> None:
    """Return when all are alive again and the lost ones have directories; orders flow meanwhile."""
    while True:
        assert ledger.wait_for_more(5), cluster.output
        alive = all(one["state"] == "live" for one in copies(cluster).values())
        if alive and all((cluster.volume_dir / name / "copy.json").exists() for name in lost):
            return


def compare_copies(data: Path) -> int:
    """Every page of a stopped volume from each full copy: the same bytes; how many pages."""
    volume = LocalVolume(str(data), durable=False)
    try:
        storage = volume.storage
        frame = storage.arena.alloc(volume.page_bytes)
        vdl = storage.control.vdl
        found: list[dict[int, bytes]] = []
        ends = []
        first = max(vdl - 4096, *(copier.segment.meta.kept for copier in storage.live()))
        for copier in storage.live():
            segment = copier.segment
            while copier.durable < vdl:
                threading.Event().wait(0.01)
            ends.append(segment.log.read(first, vdl - first))
            if not is_full(segment.copy_no):
                continue
            pages: dict[int, bytes] = {}
            number = 0
            while number < len(pages) + 64:
                with segment.lock:
                    code = segment.read_page(number, vdl, copier.durable, frame)
                if code == 0:
                    raw = storage.arena.mem[frame : frame + volume.page_bytes].tobytes()
                    pages[number] = raw[:PAGE_CRC_AT] + raw[PAGE_BODY_AT:]
                number += 1
            found.append(pages)
        assert len(ends) == COPIES and len(found) == 3
        assert all(end == ends[0] for end in ends), "the logs differ"
        assert all(pages == found[0] for pages in found), "the pages differ"
        return len(found[0])
    finally:
        volume.close()


@pytest.mark.parametrize("how", ["delete", "rename"])
def test_any_two_copies_may_go_while_orders_flow(how: str, tmp_path: Path) -> None:
    seed = seed_of(f"lost copies, {how}")
    rng = random.Random(seed)
    ledger = Ledger()
    data = tmp_path / "data"
    with Cluster(
        data, replicas=1, init_sql=SCHEMA, ring_bytes="16M", coalesce_bytes="1M"
    ) as cluster:
        threads = start_customers(cluster.writer_port, CUSTOMERS, seed, ledger)
        assert ledger.wait_for_more(100), cluster.output
        for number, pair in enumerate(rng.sample(PAIRS, ROUNDS)):
            lost = [NAMES[copy] for copy in pair]
            for name in lost:
                if how == "delete":
                    with cluster.paused("storage"):  # it makes no file in there meanwhile
                        shutil.rmtree(cluster.volume_dir / name)
                else:
                    away = f"{number}-{name.replace('/', '-')}"
                    (cluster.volume_dir / name).rename(tmp_path / away)
            assert ledger.wait_for_more(100), f"no orders without {lost}\n{cluster.output}"
            wait_for_copies(cluster, lost, ledger)
        stop_customers(ledger, threads)
        verify(cluster.writer_port, ledger)
        assert cluster.stop() == 0, cluster.output
        check_data(data)
        print(f"{len(ledger.acknowledged)} orders, {compare_copies(cluster.volume_dir)} pages")
        cluster.start()
        verify(cluster.writer_port, ledger)
