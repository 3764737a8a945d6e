"""A node's view of the volume, which outlives a restart of the storage process.

A writer cannot begin without a write quorum, and nobody without the first pages: they wait for
copies to come back, as long as that takes, and say for what.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from mysqlcompat.config import Config
from mysqlcompat.control_socket import storage_socket, zone_sockets
from mysqlcompat.storage_role import storage_config
from mysqlcompat.supervisor import Shared
from redo.arena import Arena
from redo.coordinator import Coordinator
from redo.disk import FileDisk
from redo.environment import SystemClock
from redo.errors import (
    LogUnavailable,
    LsnOutOfRange,
    PageUnavailable,
    StaleEpoch,
    VolumeError,
    VolumeLost,
)
from redo.log import Recovered
from redo.metadata import VOLUME_FILE, VolumeMeta, load_volume, save_volume
from redo.peers import SocketPeer
from redo.quorum import ZONES
from redo.volume import SocketVolume
from redo.zoned_volume import ZonedVolume

PATIENCE_S: Final = 30.0  #: the supervisor restarts storage within a fraction of this
RETRY_S: Final = 0.01
#: Answers of a storage process that is there: asking again would not change them.
ANSWERS: Final = (PageUnavailable, StaleEpoch, VolumeLost, LogUnavailable)

#: What a writer waits for, however long it takes: copies that return.
COMES_BACK: Final = (LogUnavailable, VolumeLost)
WAIT_S: Final = 0.5
SAY_S: Final = 10.0  #: until it is said that there is no write quorum
ZONE_TIMEOUT_S: Final = 60.0  #: a zone that recovers reads its log

T = TypeVar("T")
Waits = Callable[[str], None]
Errors = type[VolumeError] | tuple[type[VolumeError], ...]


class _Patience:
    """Connects again and repeats the question while storage is being restarted.

    The node stands still meanwhile: without storage it could not answer anything either. What is
    asked on `another` may go unanswered.
    """

    def __init__(self) -> None:
        self._deadline = time.monotonic() + PATIENCE_S
        self.begins: Waits | None = None  #: of a node that begins

    def page(self, ask: Callable[[], T], connect: Callable[[], None]) -> T:
        """The same of a page that whoever begins needs."""
        if self.begins is None:
            return self.persist(ask, connect)
        return _await(PageUnavailable, lambda: self.persist(ask, connect), self.begins)

    def persist(self, ask: Callable[[], T], connect: Callable[[], None] | None) -> T:
        """What `ask` gives; between two attempts `connect` is called."""
        self._deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask()
            except ANSWERS:
                raise
            except VolumeError:
                self._pause()
                _try(connect)

    def _pause(self) -> None:
        """Called inside `except`: raises what is being handled when patience has ended."""
        if time.monotonic() > self._deadline:
            raise
        time.sleep(RETRY_S)


def _try(connect: Callable[[], None] | None) -> None:
    try:
        if connect is not None:
            connect()
    except VolumeError:
        return  # the next question fails, waits, and tries again


def _await(comes_back: Errors, ask: Callable[[], T], waits: Waits) -> T:
    """What `ask` gives, as soon as it is not one of these errors; `waits` is told for what."""
    said = ""
    while True:
        try:
            return ask()
        except LsnOutOfRange:
            raise  # that moment is over: who asks begins anew at another one
        except comes_back as error:
            if str(error) != said:
                said = str(error)
                waits(said)
            time.sleep(WAIT_S)


def _await_copies(ask: Callable[[], T], waits: Waits | None) -> T:
    """What `ask` gives, as soon as there are copies enough; `waits` is told for what."""
    return ask() if waits is None else _await(COMES_BACK, ask, waits)


class _Beginning:
    """A volume whose node begins, and waits for its pages meanwhile."""

    _patience: _Patience

    def begins(self, waits: Waits | None) -> None:
        """A node begins, and waits for its pages; None: it has begun."""
        self._patience.begins = waits


class PatientVolume(_Beginning, SocketVolume):
    """One storage process that may be restarted.

    waits   of a writer: told what it waits for before it can begin
    """

    def __init__(self, path: str, arena: Arena, waits: Waits | None = None) -> None:
        self._patience = _Patience()
        self._waits = waits
        self._patience.persist(lambda: SocketVolume.__init__(self, path, arena), None)

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, and VolumeError when patience has ended."""
        read = SocketVolume.read_page
        self._patience.page(lambda: read(self, page_no, lsn, frame), self.reconnect)

    def open_writer(self) -> Recovered:
        """Fence earlier writers; where to go on writing."""

        def ask() -> Recovered:
            begin = SocketVolume.open_writer
            return self._patience.persist(lambda: begin(self), self.reconnect)

        return _await_copies(ask, self._waits)


class PatientZones(_Beginning, ZonedVolume):
    """The zones' processes, all of which may be restarted at the same time.

    remember   called when the volume is open
    """

    def __init__(
        self,
        paths: Mapping[int, str],
        arena: Arena,
        coordinator: Coordinator | None,
        waits: Waits | None = None,
        remember: Callable[[], None] = lambda: None,
    ) -> None:
        self._patience = _Patience()
        self._waits = waits
        self._remember = remember

        def start() -> None:
            begin = ZonedVolume.__init__
            self._patience.persist(lambda: begin(self, paths, arena, coordinator), None)

        _await_copies(start, waits)

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        """Fill the frame. Raises PageUnavailable, and VolumeError when patience has ended."""
        read = ZonedVolume.read_page
        self._patience.page(lambda: read(self, page_no, lsn, frame), self.reconnect)

    def open_writer(self, timeout_s: float = 60.0) -> Recovered:
        """Recover if need be, fence earlier writers; where to go on writing."""
        recovered = _await_copies(lambda: ZonedVolume.open_writer(self, SAY_S), self._waits)
        self._remember()
        return recovered


Pages = PatientVolume | PatientZones


def open_volume(config: Config, shared: Shared, arena: Arena, waits: Waits | None) -> Pages:
    """The volume of a node of this cluster.

    waits   of the writer: told what it waits for before it can begin
    """
    if not config.zoned:
        return PatientVolume(storage_socket(config.volume_dir), arena, waits)
    paths = zone_sockets(config.volume_dir)
    if waits is None:
        return PatientZones(paths, arena, None)

    def wake() -> None:
        for fd in shared.copy_wakes:
            os.eventfd_write(fd, 1)

    peers = {zone: SocketPeer(path, ZONE_TIMEOUT_S) for zone, path in paths.items()}
    volume = storage_config(config, "", archiving=False).new_volume()
    known = known_volume(config)
    coordinator = Coordinator(arena, SystemClock(), peers, volume, wake, known)

    def remember() -> None:
        if len(config.places) == len(ZONES) and known is None and coordinator.known is not None:
            config.volume_dir.mkdir(parents=True, exist_ok=True)
            save_volume(FileDisk(), str(config.volume_dir), coordinator.known)

    return PatientZones(paths, arena, coordinator, waits, remember)


def known_volume(config: Config) -> VolumeMeta | None:
    """The volume whose zones are all on other hosts: its constants are remembered here, too."""
    directory, disk = str(config.volume_dir), FileDisk()
    if len(config.places) < len(ZONES) or not disk.exists(f"{directory}/{VOLUME_FILE}"):
        return None
    return load_volume(disk, directory)
