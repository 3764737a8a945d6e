"""What goes over a link between the writer's host and a zone on another one.  Little-endian.

::

    u1 kind, then
    OPEN     OPEN_HEAD                       to the zone: where the ring is; it answers STAND
    LOG      LOG_HEAD, log bytes             to the zone: log from `lsn` on; published up to
                                             `published` when this has arrived, if not 0
    STAND    STAND_HEAD                      from the zone: how far its copies are. `next`: log it
                                             wants to have next; 0: it cannot take log yet
    REFUSED  i8 epoch, text                  from the zone: that epoch has begun, yours is over
    ASK      u4 number, i1 zone, question    either way: a question (`protocol.py`) for that zone's
                                             process, -1: for yours
    ANSWER   u4 number, answer               either way

All numbers of positions are LSNs. Every message from the writer's side carries its epoch.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from redo.errors import VolumeError

VERSION: Final = 1

OPEN: Final = 1
LOG: Final = 2
STAND: Final = 3
REFUSED: Final = 4
ASK: Final = 5
ANSWER: Final = 6

YOURSELF: Final = -1
LOG_BYTES_MAX: Final = 1 << 20  #: in one message
ASK_HEAD: Final = struct.Struct("<BIb")
ANSWER_HEAD: Final = struct.Struct("<BI")
_REFUSED_HEAD: Final = struct.Struct("<Bq")
_LOG_HEAD: Final = struct.Struct("<Bqqqqqqq")
_OPEN_HEAD: Final = struct.Struct("<BIqqqqqq")
_STAND_HEAD: Final = struct.Struct("<BqqqIIq")


class BadMessage(VolumeError):
    """Bytes that are no message of ours: the link ends."""


class Opening(NamedTuple):
    """OPEN: log from `floor` to `published` is in the ring."""

    epoch: int
    floor: int
    published: int
    last_batch: int
    low: int  #: nobody reads pages below it
    pin: int  #: log and states from here on must stay; 0: no pin

    def pack(self) -> bytes:
        return _OPEN_HEAD.pack(OPEN, VERSION, *self)

    @classmethod
    def unpack(cls, message: bytes) -> Opening:
        try:
            _, version, *fields = _OPEN_HEAD.unpack(message)
        except struct.error as error:
            raise BadMessage(str(error)) from None
        if version != VERSION:
            raise BadMessage(f"its messages have version {version}, ours {VERSION}")
        return cls(*fields)


class LogHead(NamedTuple):
    """LOG, but for its bytes."""

    epoch: int
    lsn: int
    published: int
    last_batch: int
    vdl: int
    low: int
    pin: int

    def pack(self) -> bytes:
        return _LOG_HEAD.pack(LOG, *self)

    @classmethod
    def unpack(cls, message: bytes) -> tuple[LogHead, memoryview]:
        try:
            _, *fields = _LOG_HEAD.unpack_from(message)
        except struct.error as error:
            raise BadMessage(str(error)) from None
        data = memoryview(message)[_LOG_HEAD.size :]
        if len(data) > LOG_BYTES_MAX:
            raise BadMessage(f"{len(data)} bytes of log at once")
        return cls(*fields), data


class Stand(NamedTuple):
    """STAND: durable LSNs (0: not live) and states of the zone's full copy and tail."""

    next: int
    full: int
    tail: int
    full_state: int
    tail_state: int
    epoch: int

    def pack(self) -> bytes:
        return _STAND_HEAD.pack(STAND, *self)

    @classmethod
    def unpack(cls, message: bytes) -> Stand:
        try:
            _, *fields = _STAND_HEAD.unpack(message)
        except struct.error as error:
            raise BadMessage(str(error)) from None
        return cls(*fields)


def refused(epoch: int, text: str) -> bytes:
    """A REFUSED message."""
    return _REFUSED_HEAD.pack(REFUSED, epoch) + text.encode()


def refusal(message: bytes) -> tuple[int, str]:
    """(epoch, text) of a REFUSED message."""
    try:
        _, epoch = _REFUSED_HEAD.unpack_from(message)
        return int(epoch), message[_REFUSED_HEAD.size :].decode()
    except (struct.error, UnicodeDecodeError) as error:
        raise BadMessage(str(error)) from None
