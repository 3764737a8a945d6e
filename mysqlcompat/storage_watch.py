"""What the storage processes of a cluster say of themselves, asked all at the same time.

A process that stands still delays nobody for long: its question stays asked, and until it answers,
what it said last counts, with its age. Who asks waits for it at most `PATIENCE_S`, and only the
first time.
"""

from __future__ import annotations

import select
import time
from typing import Final

from mysqlcompat.config import Config
from mysqlcompat.control_socket import Fields, storage_socket, zone_sockets
from redo import health
from redo.client import Client
from redo.control import Control
from redo.errors import VolumeError
from redo.quorum import COPIES, zone_copies

PATIENCE_S: Final = 0.5
FIRST_PATIENCE_S: Final = 2.0  #: while a process has never answered


class StorageWatch:
    """Asks the storage processes of one cluster, from one thread. `close` ends it."""

    def __init__(self, config: Config, control: Control) -> None:
        self._control = control
        if config.zoned:
            paths = zone_sockets(config.volume_dir)
            self._asked = [_Asked(path, zone_copies(zone)) for zone, path in paths.items()]
        else:
            self._asked = [_Asked(storage_socket(config.volume_dir), tuple(range(COPIES)))]

    def read(self) -> Fields:
        """What the control block says (`health.from_control`), and what the processes add."""
        for one in self._asked:
            one.ask()
        started_s = time.monotonic()
        while waiting := [one for one in self._asked if one.is_asked]:
            left_s = max(one.patience_s for one in waiting) - (time.monotonic() - started_s)
            sockets = {one.client.socket: one for one in waiting}
            ready = select.select(list(sockets), (), (), max(0.0, left_s))[0]
            for connection in ready:
                sockets[connection].take()
            if not ready:
                break
        for one in waiting:
            one.patience_s = 0.0  # until it answers
        base = health.from_control(self._control, time.time_ns() // 1000)
        for one in self._asked:
            if one.is_down:
                base = health.without(base, one.copies)
        fresh = [one.said for one in self._asked if one.said and not one.is_asked]
        silent = [
            health.from_silent(base, one.copies, one.said, time.monotonic() - one.said_s)
            for one in waiting
        ]
        return health.merged(base, [*fresh, *silent])

    def close(self) -> None:
        """Close the connections."""
        for one in self._asked:
            one.client.close()


class _Asked:
    """One process: at most one question is under way.

    said, said_s   its last answer, if its copies were open then, and when it came
    is_down        there is nobody to ask
    """

    def __init__(self, path: str, copies: tuple[int, ...]) -> None:
        self.client = Client(path, FIRST_PATIENCE_S)
        self.copies = copies
        self.is_asked = False
        self.is_down = False
        self.patience_s = FIRST_PATIENCE_S
        self.said: Fields = {}
        self.said_s = time.monotonic()
        self._again = False  #: the connection is an old one: it may be a dead process's

    def ask(self) -> None:
        """Ask, unless the answer to an earlier question is still to come."""
        if self.is_asked:
            self._take_late()
        if self.is_asked:
            return
        self._again = self.client.connected
        try:
            if not self.client.connected:
                self.client.connect()
            self.client.ask_request({"do": "status"})
            self.is_asked, self.is_down = True, False
        except VolumeError:
            self.said, self.is_down = {}, True

    def _take_late(self) -> None:
        if select.select((self.client.socket,), (), (), 0)[0]:
            self.take()

    def take(self) -> None:
        """Take the answer that has come."""
        self.is_asked = False
        try:
            said = self.client.take_request()
        except VolumeError:
            self.said = {}
            if self._again:
                self.ask()
            return
        self.said = said if "pins" in said else {}  # else it is not open yet
        self.said_s = time.monotonic()
        self.patience_s = PATIENCE_S
