"""Gossip: a zone on another host asks its peers how far they are, and takes log that it lacks.

Log comes from the writer's host, in order (`receiver.py`). When none has come for a while though
peers have more that is durable on a quorum, the zone takes it from them: the link for log may be
lost, or stuck, while questions still get through. What it takes is what every copy must have, up to
VDL, of the same epoch; whole batches, each verified. Asking twice does no harm.

Copies beside the writer have its ring, and need none of this: who falls behind there takes what the
ring has lost from a peer at once (`Storage._fill`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from redo import protocol
from redo.arena import Arena
from redo.checksum_kernels import crc32c_of
from redo.control import Control
from redo.environment import Clock, Steps
from redo.errors import VolumeError
from redo.peers import Peer, Peers, request
from redo.record import (
    BATCH_CRC_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    BATCH_MAGIC,
)

logger = logging.getLogger(__name__)

GOSSIP_S: Final = 1.0
_MAGIC: Final = BATCH_MAGIC.to_bytes(4, "little")

Fields = dict[str, Any]


class Gossip:
    """Of one zone.

    take   (LSN, bytes, LSN of the last one) of whole batches; whether they were taken, as those
           that follow what is published
    """

    def __init__(
        self, arena: Arena, clock: Clock, peers: Peers, take: Callable[[int, bytes, int], bool]
    ) -> None:
        self._arena = arena
        self._control = Control(arena)
        self._clock = clock
        self._peers = peers
        self._take = take
        self._seen = -1  #: what was published when we last looked
        self.stopping = False

    def steps(self, wake_fd: int) -> Steps:
        """Look every second, until `stopping`; `wake_fd` is written when that is so."""
        while not self.stopping:
            self.look()
            yield
            if not self.stopping:
                self._clock.poll((wake_fd,), GOSSIP_S)

    def look(self) -> None:
        """Unless log flows, take what the furthest peer has."""
        published = self._control.published
        if published <= 0 or published != self._seen:
            self._seen = published
            return
        stands = []
        for peer in list(self._peers.by_zone.values()):
            try:
                stands.append((_common(request(peer, {"do": "stand"}), self._control), peer))
            except VolumeError as error:
                logger.debug("peer: %s", error)
        for end, peer in sorted(stands, key=lambda pair: -pair[0]):
            if end > published and self._take_from(peer, published, end):
                return

    def _take_from(self, peer: Peer, lsn: int, end: int) -> bool:
        """Take a bounded stretch of a peer's log; was there anything good?"""
        try:
            wanted, data = min(end - lsn, self._arena.ring_bytes // 2), b""
            while len(data) < wanted:
                piece = peer.ask(protocol.LOG, lsn + len(data), wanted - len(data))
                if not piece:
                    break
                data += piece
        except VolumeError as error:
            logger.info("peer: log at %d: %s", lsn, error)
            return False
        count, last = whole_batches(data, lsn)
        if not count or not self._take(lsn, data[:count], last):
            return False
        self._seen = lsn + count
        logger.warning("log %d to %d is from a peer", lsn, lsn + count)
        return True


def _common(stand: Fields, control: Control) -> int:
    """How far a peer's log is what ours must be; 0 when it is in another epoch."""
    if int(stand["epoch"]) != abs(control.epoch):
        return 0
    return min(int(stand["durable"]), int(stand["vdl"]))


def whole_batches(data: bytes, lsn: int) -> tuple[int, int]:
    """How many bytes at the beginning are whole, intact batches from `lsn` on; LSN of the last."""
    at, last = 0, 0
    mem = np.frombuffer(bytearray(data), np.uint8)
    while length := batch_bytes(data, at, lsn + at):
        if at + length > len(data):
            break
        crc = int.from_bytes(data[at + BATCH_CRC_AT : at + BATCH_CRC_AT + 4], "little")
        if int(crc32c_of(mem, at + BATCH_LSN_AT, length - BATCH_LSN_AT)) != crc:
            break
        at, last = at + length, lsn + at
    return at, last


def batch_bytes(data: bytes, at: int, lsn: int) -> int:
    """How long the batch is whose header is at `data[at:]`, if it is that of `lsn`; or 0."""
    if at + BATCH_HEADER_BYTES > len(data) or data[at : at + 4] != _MAGIC:
        return 0
    length = int.from_bytes(data[at + BATCH_LENGTH_AT : at + BATCH_LENGTH_AT + 4], "little")
    found = int.from_bytes(data[at + BATCH_LSN_AT : at + BATCH_LSN_AT + 8], "little")
    good = found == lsn and length > BATCH_HEADER_BYTES and length % 8 == 0
    return length if good else 0
