"""`Cluster`: a real cluster for tests, notebooks and scripts, in one `with` statement.

::

    with Cluster() as cluster:
        connection = pymysql.connect(host="127.0.0.1", port=cluster.writer_port, user="root")

It runs `mysqlcompat serve` as a child process, with free ports and a data directory of its own (a
temporary one unless `data` is given). Processes are known by name: "storage", "writer", "replica-1"
…, "supervisor". It waits on events, never on time: `wait_ready` returns when the named process says
that it serves.
"""

from __future__ import annotations

import json
import os
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from redo.quorum import ZONES
from redo.volumes import MAIN, volume_path

SUPERVISOR: Final = "supervisor"
START_TIMEOUT_S: Final = 300.0  #: a first start compiles kernels


class ClusterError(Exception):
    """The cluster did not do what was asked; the message ends with what it wrote."""


class Cluster:
    """One cluster of real processes.

    data       data directory; a temporary one, removed at the end, when None
    replicas   number of read replicas
    init_sql   run once, when the data directory is made
    options    further options of `Config` by name, e.g. ``buffer_pool="16M"``
    """

    def __init__(
        self,
        data: Path | str | None = None,
        replicas: int = 2,
        init_sql: str = "",
        start: bool = True,
        **options: Any,
    ) -> None:
        self._temporary = data is None
        self.data = Path(tempfile.mkdtemp(prefix="mysqlcompat-") if data is None else data)
        self.replicas = replicas
        self.init_sql = init_sql
        self.options = options
        self.writer_port = 0
        self.reader_port = 0
        self.pids: dict[str, int] = {}
        self._ready: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._notes = -1
        self._buffer = b""
        self._reserved: list[socket.socket] = []
        self._output: Path = self.data.with_name(self.data.name + ".log")
        if start:
            self.start()

    # -- life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start (again) on the same data; returns when every process serves."""
        assert self._process is None, "the cluster runs already"
        self._notes, write_end = os.pipe()
        os.set_blocking(self._notes, False)
        command = [sys.executable, "-m", "mysqlcompat", "serve"]
        command += ["--data", str(self.data), "--notify-fd", str(write_end)]
        # The same ports again after a restart, as clients expect; ours in between, too.
        if not self._reserved:
            self._reserved = [reserve_port(self.writer_port), reserve_port(self.reader_port)]
            self.writer_port, self.reader_port = map(port_of, self._reserved)
        command += ["--port", str(self.writer_port), "--reader-port", str(self.reader_port)]
        command += ["--replicas", str(self.replicas)]
        for name, value in self.options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        if self.init_sql:
            script = self.data.with_name(self.data.name + ".sql")
            script.write_text(self.init_sql, encoding="utf-8")
            command += ["--init-file", str(script)]
        # The source tree this module came from, installed or not.
        path = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, pass_fds=[write_end], env=environment
            )
        os.close(write_end)
        self.pids = {SUPERVISOR: self._process.pid}
        self._ready.clear()
        self._buffer = b""
        try:
            self._wait(lambda: "*" in self._ready, "start")
        except BaseException:
            if self._process is not None:
                self.kill()
            self._release_ports()
            raise

    def stop(self) -> int:
        """Stop cleanly, as Ctrl-C does; the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._collect()

    def kill(self, name: str = SUPERVISOR) -> None:
        """kill -9 one process; it is dead when this returns.

        All others die with the supervisor, and are dead, too; then `start` may be called.
        """
        self._take_notes()
        self._ready.discard(name)
        dying = self.pids.values() if name == SUPERVISOR else [self.pids[name]]
        with ExitStack() as closing:
            watched = [fd for pid in dying if (fd := _watch(pid, closing)) is not None]
            os.kill(self.pids[name], signal.SIGKILL)
            for fd in watched:
                select.select([fd], [], [])
        if name == SUPERVISOR:
            self._collect()

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """While in here no thread of the process `name` runs: its files stay as they are."""
        self._take_notes()
        pid = self.pids[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            _wait_stopped(pid)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop, and remove what was temporary."""
        self.stop()
        self._release_ports()
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)
            self._output.unlink(missing_ok=True)
            self.data.with_name(self.data.name + ".sql").unlink(missing_ok=True)

    def _release_ports(self) -> None:
        for reserved in self._reserved:
            reserved.close()
        self._reserved = []

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- looking --------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The processes that can be killed, the supervisor last."""
        replicas = [f"replica-{number}" for number in range(1, self.replicas + 1)]
        zones = str(self.options.get("zones", 1)) != "1" or "zone" in self.options
        storage = [f"storage-{zone}" for zone in ZONES] if zones else ["storage"]
        return [*storage, "writer", *replicas, SUPERVISOR]

    @property
    def volume_dir(self) -> Path:
        """Where the copies of the served volume are."""
        return volume_path(self.data, str(self.options.get("volume", MAIN)))

    @property
    def output(self) -> str:
        """What the cluster has written to standard output and error since it was made."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_ready(self, name: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return as soon as the process `name` serves (again)."""
        self._wait(lambda: name in self._ready, f"{name} to be ready", timeout_s)

    def wait_successor(self, name: str, pid: int, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return as soon as a process `name` serves that is not `pid`."""
        done = lambda: name in self._ready and self.pids[name] != pid  # noqa: E731
        self._wait(done, f"another {name} to be ready", timeout_s)

    def _wait(self, done: Any, what: str, timeout_s: float = START_TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._notes, selectors.EVENT_READ)
            while not done():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ClusterError(f"waited {timeout_s:.0f} s for {what}\n{self.output}")
                if selector.select(left) and not self._take_notes():
                    code = self._collect()
                    raise ClusterError(f"exit code {code} before {what}\n{self.output}")

    def _take_notes(self) -> bool:
        """Read the supervisor's events; False when there will be no more."""
        while True:
            try:
                arrived = os.read(self._notes, 65536)
            except BlockingIOError:
                return True
            if not arrived:
                return False
            *lines, self._buffer = (self._buffer + arrived).split(b"\n")
            for line in lines:
                self._on_note(json.loads(line))

    def _on_note(self, note: dict[str, Any]) -> None:
        self.writer_port, self.reader_port = note["writer_port"], note["reader_port"]
        name = note["name"]
        match note["event"]:
            case "started":
                self.pids[name] = note["pid"]
            case "ready":
                self._ready.add(name)
            case "all-ready":
                self._ready.add("*")
            case "died":
                self._ready.discard(name)

    def _collect(self) -> int:
        assert self._process is not None
        code = self._process.wait()
        self._process = None
        os.close(self._notes)
        return code


def reserve_port(port: int = 0) -> socket.socket:
    """A socket that keeps a port (0: any that is free) for who is going to listen there.

    Before that and in between the system gives it to no connection and no other server.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", port))
    return reserved


def port_of(reserved: socket.socket) -> int:
    """The port that is kept."""
    return int(reserved.getsockname()[1])


def _watch(pid: int, closing: ExitStack) -> int | None:
    """A descriptor that is readable when the process is dead; None when it is already."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    closing.callback(os.close, fd)
    return fd


def _wait_stopped(pid: int) -> None:
    """Return when a stopped process's last system call has ended (state T in all its threads)."""
    while not all(map(_is_stopped, Path(f"/proc/{pid}/task").iterdir())):
        time.sleep(0.001)


def _is_stopped(task: Path) -> bool:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0] in "tTZX"
    except (FileNotFoundError, ProcessLookupError):
        return True  # it ended before it was stopped
