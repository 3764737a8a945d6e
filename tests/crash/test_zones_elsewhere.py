"""All zones on other hosts: encrypted, with snapshots, clones, backtrack; each has its part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mysqlcompat import volume_commands as commands
from mysqlcompat.cluster import Cluster
from mysqlcompat.restore_command import create_keyring, restore
from redo.errors import VolumeError
from redo.quorum import ZONES
from redo.secret import create_secret
from tests.crash.test_encrypted import (
    MARK,
    ask,
    is_archived,
    marks,
    plant,
    planted_in,
    wait_for_marks,
)
from tests.crash.zones import Host

SCHEMA = "CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, word TEXT);"


class Everywhere:
    """Three hosts and the writer's, which has nothing of the volume but its constants."""

    def __init__(self, path: Path, volume: str) -> None:
        self.path = path
        secret, keyring = path / "secret", path / "keyring"
        options = {"keyring": str(keyring), "backtrack-window": "3600", "volume": volume}
        self.hosts = [Host(zone, path, secret, **options) for zone in ZONES]
        self.cluster = Cluster(
            path / "home",
            replicas=1,
            start=False,
            init_sql=SCHEMA,
            volume=volume,
            zone=",".join(f"{host.zone}={host.address}" for host in self.hosts),
            secret_file=secret,
            encrypt=True,
            keyring=keyring,
            backtrack_window=3600,
            backup_url=f"file://{path}/archive",
        )

    @property
    def data(self) -> Path:
        """The writer's host's data directory."""
        return self.cluster.data

    @property
    def port(self) -> int:
        """Of the writer."""
        return self.cluster.writer_port

    def kill(self) -> None:
        """kill -9 of everything."""
        self.cluster.kill()
        for host in self.hosts:
            host.kill()

    def have(self, place: str) -> list[bool]:
        """Which hosts, the writer's last, have something at a place of their data directories."""
        return [(root / place).is_dir() for root in (*(h.data for h in self.hosts), self.data)]


@contextmanager
def everywhere(path: Path, volume: str = "main") -> Iterator[Everywhere]:
    made = Everywhere(path, volume)
    try:
        made.cluster.start()
        yield made
    finally:
        made.cluster.close()
        for host in made.hosts:
            host.close()


def restored_without_any_copy(path: Path) -> None:
    """The archive alone is enough."""
    keyring = path / "keyring"
    restore(f"file://{path}/archive", "main", None, path / "restored", "main", keyring)
    with Cluster(path / "restored", replicas=0, keyring=keyring) as cluster:
        assert marks(cluster.writer_port) == 1010


@pytest.mark.slow
def test_a_volume_with_no_zone_here(tmp_path: Path) -> None:
    create_secret(tmp_path / "secret")
    create_keyring(tmp_path / "keyring")
    with everywhere(tmp_path) as main:
        plant(main.port, 0, 500)
        commands.create_snapshot(main.data, "main", "early")
        then = time.time_ns() // 1000
        plant(main.port, 500, 500)
        last = time.time_ns() // 1000
        commands.clone(main.data, "main", "branch")
        assert main.have("snapshots/early") == main.have("volumes/branch") == [True] * 4
        commands.backtrack(main.data, "main", then)
        assert marks(main.port) == 500
        wait_for_marks(main.cluster.reader_port, 500)
        commands.backtrack(main.data, "main", last)
        assert marks(main.port) == 1000
        plant(main.port, 2000, 10)
        commands.restore_snapshot(main.data, "early", "old")
        commands.drop_snapshot(main.data, "early")
        assert main.have("snapshots/early") == [False] * 4
        assert main.have("volumes/old") == [True] * 4
        with pytest.raises(VolumeError, match="there is a volume old already"):
            commands.clone(main.data, "main", "old")
        is_archived(main.cluster)
        main.kill()
    restored_without_any_copy(tmp_path)
    with everywhere(tmp_path, "old") as other:
        assert marks(other.port) == 500
        ask(other.port, f"INSERT INTO shop.t VALUES (5000, '{MARK}')")
        wait_for_marks(other.cluster.reader_port, 501)
    assert not planted_in(tmp_path)
