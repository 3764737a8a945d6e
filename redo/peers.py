"""The storage processes of the other zones, as one zone's process sees them.

Gossip is on demand: a copy that finds out that it missed log (the ring has run past it, or it was
away) asks its peers how far they are, takes what follows its own end from the furthest one in
bounded pieces, and asks the next one when that breaks off. Asking twice does no harm.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from redo import protocol
from redo.client import Client
from redo.errors import VolumeError
from redo.members import Members, members_of
from redo.metadata import CopyMeta, VolumeMeta, copy_of, history_of, volume_of
from redo.quorum import COPIES, copy_directory, is_full
from redo.timeline import History

logger = logging.getLogger(__name__)

PEER_TIMEOUT_S: Final = 5.0

Fields = dict[str, Any]


class Peer(Protocol):
    """A storage process that can be asked. Raises VolumeError."""

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes: ...


class SocketPeer:
    """A process on this machine; connects when it is asked, and again after a failure."""

    def __init__(self, path: str, timeout_s: float = PEER_TIMEOUT_S) -> None:
        self._client = Client(path, timeout_s)
        self._lock = threading.Lock()

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        """One question, one answer. Raises VolumeError."""
        with self._lock:
            if not self._client.connected:
                self._client.connect()
            return self._client.ask(op, a, b, tail=tail)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._client.close()


def request(peer: Peer, fields: Fields) -> Fields:
    """Have a peer do something (`requests.py`, `zone_node.py`). Raises VolumeError."""
    text = json.dumps(fields).encode()
    found: Fields = json.loads(peer.ask(protocol.REQUEST, len(text), tail=text))
    return found


class FarLog:
    """Log that another process has."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def read(self, lsn: int, count: int) -> bytes:
        """`count` bytes of log, fewer where it ends or the peer does not answer."""
        try:
            return self._peer.ask(protocol.LOG, lsn, count)
        except VolumeError as error:
            logger.warning("log at %d: %s", lsn, error)
            return b""


class FarCopy:
    """A copy that another process has: what `repair` needs of it."""

    def __init__(self, peer: Peer, copy_no: int) -> None:
        self.copy_no = copy_no
        self.name = copy_directory(copy_no)
        self.full = is_full(copy_no)
        self.log = FarLog(peer)
        self._peer = peer

    def borrow(self) -> tuple[CopyMeta, dict[str, int]]:
        """Its metadata, and its page files: paths and sizes. `give_back` must follow."""
        lent = request(self._peer, {"do": "lend", "copy": self.copy_no})
        return copy_of(lent["meta"], self.name), {str(k): int(n) for k, n in lent["files"].items()}

    def pieces(self, path: str, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Bytes of a file that was lent, each piece with its offset."""
        at = start
        while at < end:
            tail = json.dumps([path, at]).encode()
            count = min(end - at, protocol.PIECE_BYTES_MAX)
            piece = self._peer.ask(protocol.FILE, len(tail), count, tail=tail)
            if not piece:
                raise VolumeError(f"{self.name}: {path} ends at {at}, not at {end}")
            yield at, piece
            at += len(piece)

    def give_back(self) -> None:
        """The files are not needed any more."""
        request(self._peer, {"do": "give back", "copy": self.copy_no})


class Peers:
    """All other zones' processes, by zone from 0."""

    def __init__(self, by_zone: Mapping[int, Peer]) -> None:
        self.by_zone = by_zone

    def _answers(self, fields: Fields) -> Iterator[tuple[Peer, Fields]]:
        for peer in list(self.by_zone.values()):
            try:
                yield peer, request(peer, fields)
            except VolumeError as error:
                logger.info("peer: %s", error)

    def copies(self) -> list[tuple[FarCopy, int]]:
        """Live copies elsewhere with the ends of their durable logs, the furthest first."""
        return [(copy, int(row["durable"])) for copy, row in self.live()]

    def live(self) -> list[tuple[FarCopy, Fields]]:
        """The same, each with what its process says of it (`health.describe`)."""
        names = {copy_directory(copy_no): copy_no for copy_no in range(COPIES)}
        found = []
        for peer, status in self._answers({"do": "status"}):
            for row in status["copies"]:
                if row["state"] == "live" and row["copy"] in names:
                    found.append((FarCopy(peer, names[row["copy"]]), row))
        return sorted(found, key=lambda pair: -int(pair[1]["durable"]))

    def members(self) -> list[Members]:
        """Who the members are, as each peer knows it."""
        found = [answer for _, answer in self._answers({"do": "members"})]
        return [members_of(answer["members"]) for answer in found]

    def install_members(self, members: Members) -> set[int]:
        """Have peers take over who the members are; on which copies that is durable."""
        fields = {"do": "install members", "members": asdict(members)}
        return {int(n) for _, found in self._answers(fields) for n in found["copies"]}

    def pages(self, page_no: int, lsn: int) -> Iterator[bytes]:
        """A page as of an LSN, from each peer that can give it."""
        for peer in list(self.by_zone.values()):
            try:
                yield peer.ask(protocol.READ, page_no, lsn)
            except VolumeError as error:
                logger.info("peer: %s", error)

    def logs(self, lsn: int) -> list[tuple[FarCopy, int]]:
        """Those whose log goes beyond `lsn`."""
        return [(copy, end) for copy, end in self.copies() if end > lsn]

    def volume(self) -> VolumeMeta | None:
        """The volume that open peers have; None when none is open."""
        for _, found in self._answers({"do": "survey"}):
            if found["state"] == "open" and found["volume"] is not None:
                return volume_of(dict(found["volume"]), "survey")
        return None

    def history(self) -> History:
        """The newest history that a peer knows; an empty one when none answers."""
        known = [history_of(found["history"]) for _, found in self._answers({"do": "survey"})]
        return max(known, key=lambda history: history.latest_epoch, default=History())
