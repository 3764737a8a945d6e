"""A volume as the archiver sees it: that of this process (`NearVolume`), or one whose copies are
all in other processes (`FarVolume`), which is looked at through their sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from redo.arena import Arena
from redo.control import Control
from redo.environment import Environment
from redo.errors import LogUnavailable, VolumeError
from redo.gossip import whole_batches
from redo.keyring import DataKey, KeyService, unwrapped
from redo.metadata import VolumeMeta
from redo.peers import FarCopy, Peers
from redo.pins import FROM_AFAR, tell_pin
from redo.protocol import PIECE_BYTES_MAX
from redo.quorum import is_void
from redo.record import BATCH_CLOCK_AT, BATCH_EPOCH_AT, BATCH_LENGTH_AT
from redo.repair import NearCopy, Source
from redo.segment import Segment
from redo.storage import Storage
from redo.timeline import History, Mark

PIN: Final = "archive"


class ArchivedCopy(Protocol):
    """A live copy.

    durable, kept   where its log ends and begins;  mark   LSN and clock of its newest checkpoint
    source          where its page files can be borrowed
    """

    name: str
    full: bool
    durable: int
    kept: int
    mark: Mark

    @property
    def source(self) -> Source: ...

    def stretch(self, begin: Mark, limit: int) -> tuple[Mark, bytes]:
        """The whole, intact log from `begin` on, below `limit`: where it ends, and its bytes.

        Raises VolumeError, OSError.
        """
        ...


class ArchivedVolume(Protocol):
    """What is archived. All but `hold` may raise VolumeError."""

    environment: Environment
    arena: Arena
    control: Control

    @property
    def volume(self) -> VolumeMeta: ...

    @property
    def key(self) -> DataKey | None:
        """Of an encrypted volume."""
        ...

    @property
    def history(self) -> History: ...

    def is_open(self) -> bool:
        """Is there a volume to look at yet?"""
        ...

    def copies(self) -> Sequence[ArchivedCopy]: ...

    def hold(self, lsn: int) -> None:
        """Log and states from `lsn` on must stay."""
        ...


class _NearArchivedCopy:
    def __init__(self, segment: Segment, durable: int) -> None:
        self._segment = segment
        self.name = segment.name
        self.full = segment.full
        self.durable = durable
        self.kept = segment.meta.kept
        self.mark = segment.mark

    @property
    def source(self) -> Source:
        return NearCopy(self._segment)

    def stretch(self, begin: Mark, limit: int) -> tuple[Mark, bytes]:
        segment = self._segment
        with segment.lock:
            if segment.closed:
                raise VolumeError(f"copy {self.name} was given up")
            end = segment.stretch(begin, limit)
        log = segment.log.read(begin.lsn, end.lsn - begin.lsn)
        if len(log) != end.lsn - begin.lsn:
            raise VolumeError(f"copy {self.name}: log at {begin.lsn} is not all there")
        return end, log


class NearVolume:
    """The volume whose storage is in this process."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.environment = storage.environment
        self.arena = storage.arena
        self.control = storage.control

    @property
    def volume(self) -> VolumeMeta:
        return self._storage.volume

    @property
    def key(self) -> DataKey | None:
        return self._storage.key

    @property
    def history(self) -> History:
        return self._storage.history

    def is_open(self) -> bool:
        return True

    def copies(self) -> Sequence[ArchivedCopy]:
        return [_NearArchivedCopy(one.segment, one.durable) for one in self._storage.live()]

    def hold(self, lsn: int) -> None:
        self._storage.pins[PIN] = lsn


class _FarArchivedCopy:
    def __init__(self, source: FarCopy, row: dict[str, int], history: History) -> None:
        self.source: Source = source
        self.name = source.name
        self.full = source.full
        self.durable = int(row["durable"])
        self.kept = int(row["kept"])
        self.mark = Mark(int(row["checkpoint"]), -1, 0, 0)
        self._history = history

    def stretch(self, begin: Mark, limit: int) -> tuple[Mark, bytes]:
        data = b""
        while begin.lsn + len(data) < limit:
            wanted = min(PIECE_BYTES_MAX, limit - begin.lsn - len(data))
            piece = self.source.log.read(begin.lsn + len(data), wanted)
            if not piece:
                break
            data += piece
        count, _ = whole_batches(data, begin.lsn)
        at, end = 0, begin
        while at < count:
            epoch, clock_us = (_word(data, at + word) for word in (BATCH_EPOCH_AT, BATCH_CLOCK_AT))
            if is_void(self._history.epochs, epoch, begin.lsn + at):
                break
            batch = begin.lsn + at
            at += int.from_bytes(data[at + BATCH_LENGTH_AT : at + BATCH_LENGTH_AT + 4], "little")
            end = Mark(begin.lsn + at, batch, epoch, clock_us)
        return end, data[:at]


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little", signed=True)


class FarVolume:
    """A volume of which no copy is in this process.

    control   that of the writer's host
    peers     the processes of all zones
    """

    def __init__(
        self, arena: Arena, environment: Environment, peers: Peers, keys: KeyService | None
    ) -> None:
        self.environment = environment
        self.arena = arena
        self.control = Control(arena)
        self._peers = peers
        self._keys = keys
        self._volume: VolumeMeta | None = None
        self._key: DataKey | None = None

    @property
    def volume(self) -> VolumeMeta:
        if not self.is_open() or self._volume is None:
            raise LogUnavailable("no zone has the volume open")
        return self._volume

    @property
    def key(self) -> DataKey | None:
        wrapped = self.volume.key
        if self._key is None and wrapped is not None:
            self._key = unwrapped(wrapped, self._keys)
        return self._key

    @property
    def history(self) -> History:
        found = self._peers.history()
        if not found.epochs:
            raise LogUnavailable("no zone answers")
        return found

    def is_open(self) -> bool:
        if self._volume is None and self.control.published > 0:
            self._volume = self._peers.volume()
        return self._volume is not None

    def copies(self) -> Sequence[ArchivedCopy]:
        history = self.history
        return [
            _FarArchivedCopy(copy, row, history)
            for copy, row in self._peers.live()
            if "checkpoint" in row
        ]

    def hold(self, lsn: int) -> None:
        tell_pin(self.control, FROM_AFAR, lsn)
