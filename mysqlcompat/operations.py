"""What a running cluster can be asked to do over its control socket.

::

    {"do": "snapshot", "name": NAME}    ->  as `redo.requests` answers "freeze"
    {"do": "clone", "to": NAME}         ->  the same
    {"do": "restore snapshot", "name": NAME, "to": VOLUME}
    {"do": "drop snapshot", "name": NAME}   of which zones on other hosts have parts
    {"do": "backtrack", "to_us": CLOCK} ->  {"lsn", "clock_us"}, when everything serves again
    {"do": "crash", "what": WHAT,
     "name": NAME}                      ->  {}: "instance" NAME was killed -9, or "dispatcher", what
                                            writes to the volume, or "node", both
    {"do": "status"}                    ->  `redo.health`, of all storage processes

A backtrack stops every process: whoever is connected is disconnected, and no cache survives that
knows of what is undone. Then all start as after a crash, on the log as it was at that moment.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from mysqlcompat.child import Child
from mysqlcompat.config import Config
from mysqlcompat.control_socket import Fields, Reply, ask_storage, socket_path, zone_sockets
from mysqlcompat.storage_watch import StorageWatch
from redo.control import CTRL_BATCH_CLOCK
from redo.errors import VolumeError
from redo.health import ControlSnapshot
from redo.timeline import refuse_future
from redo.volumes import snapshot_path, volume_path
from replicas.failover import STORAGE, start_order

if TYPE_CHECKING:
    from redo.zones import Zones

STORAGE_TIMEOUT_S: Final = 20.0


class HasRing(Protocol):
    """What all processes share."""

    @property
    def ring_fd(self) -> int: ...


class Processes(Protocol):
    """What is needed of the supervisor."""

    config: Config
    children: dict[str, Child]

    @property
    def shared(self) -> HasRing: ...
    def start_anew(self, between: Callable[[], None], then: Callable[[], None]) -> None: ...


class Operations:
    """Carries out requests, one at a time."""

    def __init__(self, supervisor: Processes) -> None:
        self._supervisor = supervisor
        self._config = supervisor.config
        self._storage = socket_path(self._config.volume_dir, "storage.sock")
        self._busy = False

    def handle(self, request: Fields, reply: Reply) -> None:
        """Answer a request, now or when it is done."""
        try:
            if self._busy:
                raise VolumeError("the cluster is going back in time: try again in a moment")
            self._do(request, reply)
        except VolumeError as error:
            reply({"failed": str(error)})

    def _do(self, request: Fields, reply: Reply) -> None:
        data = self._config.data
        match request:
            case {"do": "snapshot", "name": str(name)}:
                path = snapshot_path(data, name)
                reply({"done": self._ask({"do": "freeze", "path": str(path)})})
            case {"do": "clone", "to": str(name)}:
                path = volume_path(data, name)
                reply({"done": self._ask({"do": "freeze", "path": str(path)})})
            case {"do": "restore snapshot" | "drop snapshot"}:
                reply({"done": self._ask(request)})
            case {"do": "status"}:
                reply({"done": self._status()})
            case {"do": "crash", "what": str(what), "name": str(name)}:
                self._crash(what, name)
                reply({"done": {}})
            case {"do": "backtrack", "to_us": int(to_us)}:
                self._backtrack(to_us, reply)
            case _:
                raise VolumeError(f"unknown request {request!r:.200}")

    def _status(self) -> Fields:
        control = ControlSnapshot(self._supervisor.shared.ring_fd)
        with contextlib.closing(StorageWatch(self._config, control)) as watch:
            return watch.read()

    def _crash(self, what: str, name: str) -> None:
        """Kill processes; the supervisor finds them dead and does as always."""
        children = self._supervisor.children
        doomed = [name] if what in ("instance", "node") else []
        if what in ("dispatcher", "node"):
            doomed += [child for child in children if start_order(child) == start_order(STORAGE)]
        for one in doomed:
            if one in children:
                children[one].signal(signal.SIGKILL)

    def _ask(self, request: Fields) -> Fields:
        if not self._config.zoned:
            return ask_storage(self._storage, request, STORAGE_TIMEOUT_S)
        from redo.peers import SocketPeer  # not before kernels are compiled
        from redo.zones import Zones

        paths = zone_sockets(self._config.volume_dir)
        peers = {zone: SocketPeer(path, STORAGE_TIMEOUT_S) for zone, path in paths.items()}
        try:
            return self._ask_zones(Zones(peers, elsewhere=list(self._config.places)), request)
        except OSError as error:
            raise VolumeError(f"{error.strerror}: {error.filename}") from error
        finally:
            for peer in peers.values():
                peer.close()

    def _ask_zones(self, zones: Zones, request: Fields) -> Fields:
        match request:
            case {"do": "locate", "to_us": int(to_us)}:
                return zones.locate(to_us)
            case {"do": "rewind", "to_us": int(to_us)}:
                return zones.rewind(to_us)
            case {"do": "freeze", "path": str(path)}:
                from redo.requests import described

                started = time.monotonic()
                frozen = zones.freeze(Path(path), self._config.volume)
                took_us = round((time.monotonic() - started) * 1e6)
                return {**described(frozen), "took_us": took_us}
            case {"do": "restore snapshot", "name": str(name), "to": str(to)}:
                zones.restore(
                    snapshot_path(self._config.data, name), volume_path(self._config.data, to)
                )
                return {}
            case {"do": "drop snapshot", "name": str(name)}:
                zones.drop(snapshot_path(self._config.data, name))
                return {}
        raise VolumeError(f"unknown request {request!r:.200}")

    def _backtrack(self, to_us: int, reply: Reply) -> None:
        if not self._config.backtrack_window:
            raise VolumeError("this volume keeps no past: serve it with --backtrack-window SECONDS")
        log_us = ControlSnapshot(self._supervisor.shared.ring_fd).get(CTRL_BATCH_CLOCK)
        refuse_future(to_us, max(time.time_ns() // 1000, log_us))
        self._ask({"do": "locate", "to_us": to_us})  # what is impossible stops nobody
        answer: Fields = {}

        def rewind() -> None:
            try:
                answer["done"] = self._ask({"do": "rewind", "to_us": to_us})
            except VolumeError as error:
                answer["failed"] = str(error)

        def serves() -> None:
            self._busy = False
            reply(answer)

        self._busy = True
        self._supervisor.start_anew(rewind, serves)
