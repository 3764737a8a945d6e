"""Storage in several processes, for tests: zones on "other hosts", and the network between."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mysqlcompat.cluster import SUPERVISOR, Cluster, port_of, reserve_port
from mysqlcompat.control_socket import ask
from tests.crash.ledger import PATIENCE_S, Ledger


class Host:
    """`mysqlcompat storage` of one zone: its address stays the same over restarts."""

    def __init__(self, zone: str, directory: Path, secret: Path, **options: str) -> None:
        self.zone = zone
        self.data = directory / zone
        self._reserved = reserve_port()
        self.address = f"127.0.0.1:{port_of(self._reserved)}"
        self._log = directory / f"{zone}.log"
        self._options = {"secret-file": str(secret), "ring-bytes": "4M", **options}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start; returns when it listens."""
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "mysqlcompat", "storage", "--zone", self.zone]
        command += ["--listen", self.address, "--data", str(self.data)]
        command += ["--notify-fd", str(writing)]
        for name, value in self._options.items():
            command += [f"--{name}", value]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, pass_fds=[writing]
            )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.address = pipe.readline().strip()
        assert self.address, self.output

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait()

    def close(self) -> None:
        """It is gone for good."""
        self.kill()
        self._reserved.close()

    @property
    def output(self) -> str:
        """What it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")


class Wire:
    """A TCP relay to an address: it can be cut, and it can stop passing anything on."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self._to = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flows = threading.Event()
        self._flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection that is there; new ones are taken."""
        for pair in list(self._pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Pass nothing on until `flow`; nobody is told."""
        self._flows.clear()

    def flow(self) -> None:
        """Pass everything on."""
        self._flows.set()

    def close(self) -> None:
        """No more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.flow()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._to, 5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        self._pairs.add((near, far))
        try:
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(65536)
                    self._flows.wait()
                    if not data:
                        return
                    (far if end is near else near).sendall(data)
        except OSError:
            return
        finally:
            self._pairs.discard((near, far))
            near.close()
            far.close()


def copies(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """State of the six copies, by name, as the supervisor says it."""
    status = ask(cluster.volume_dir, {"do": "status"})
    assert status is not None
    return {one["copy"]: one for one in status["copies"]}


def lose_zone(cluster: Cluster, zone: str) -> None:
    """kill -9 a zone's storage and remove all it had, before anybody starts it again."""
    with cluster.paused(SUPERVISOR):
        cluster.kill(f"storage-{zone}")
        shutil.rmtree(cluster.volume_dir / zone)


def wait_for_all(cluster: Cluster, ledger: Ledger) -> None:
    """Return when all six copies count and have the log; orders flow meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert ledger.wait_for_more(5), cluster.output
        found = copies(cluster)
        target = max(one["durable"] for one in found.values()) - (1 << 20)
        if all(one["state"] == "live" and one["durable"] >= target for one in found.values()):
            return
    raise AssertionError(f"{copies(cluster)}\n{cluster.output}")
