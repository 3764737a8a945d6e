"""What goes over a storage process's Unix socket.  Little-endian, one answer to one question.

::

    QUESTION  i8 op, i8 a, i8 b, i8 volume epoch, i8 membership epoch, i8 geometry epoch
              HELLO                    ->  payload: i8 page_bytes, vdl, and the three epochs
              READ page_no, lsn        ->  payload: the page image, crc 0
              OPEN_WRITER              ->  payload: i8 epoch, vdl, last_batch
              REQUEST bytes            and so many bytes of JSON  ->  payload: JSON (`requests.py`)
              LOG lsn, count           ->  payload: so many bytes of log, fewer where files end
              FILE bytes, count        and so many bytes of JSON ["path", at]  ->  payload: at most
                                           count bytes of a page file that is lent (`lending.py`)
              READ_MANY count, lsn, then count i8 page numbers (at most READ_MANY_PAGES)
                  ->  for each, in order: an ANSWER without payload, page_bytes (zeros if it failed)
    ANSWER    i8 code, i8 payload bytes, payload
              code 0, or one of FAILED_…: the payload is then a message in UTF-8

Who asks says which epochs it knows (0: it does not matter). Older ones than storage's are refused
as stale; HELLO then tells the new ones.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from redo.errors import (
    LogUnavailable,
    LsnOutOfRange,
    PageUnavailable,
    StaleEpoch,
    StaleGeometry,
    StaleMembership,
    VolumeError,
    VolumeLost,
)

HELLO: Final = 1
READ: Final = 2
OPEN_WRITER: Final = 3
REQUEST: Final = 4
LOG: Final = 5
FILE: Final = 6
READ_MANY: Final = 16

REQUEST_BYTES_MAX: Final = 1 << 16
PIECE_BYTES_MAX: Final = 1 << 20  #: of log or of a file, asked for at once
READ_MANY_PAGES: Final = 64  #: asked for at once

QUESTION: Final = struct.Struct("<qqqqqq")
ANSWER: Final = struct.Struct("<qq")
THREE: Final = struct.Struct("<qqq")
WELCOME: Final = struct.Struct("<qqqqq")

FAILED_OTHERWISE: Final = 4
FAILED_STALE_EPOCH: Final = 6
FAILED_STALE: Final = (FAILED_STALE_EPOCH, 7, 8)
FAILED: Final[dict[int, type[VolumeError]]] = {
    1: PageUnavailable,
    2: LogUnavailable,
    3: VolumeLost,
    5: LsnOutOfRange,
    6: StaleEpoch,
    7: StaleGeometry,
    8: StaleMembership,
    4: VolumeError,
}


class Epochs(NamedTuple):
    """Which reign, which members, which protection groups; 0: not said."""

    volume: int = 0
    membership: int = 0
    geometry: int = 0


SAYS_NOTHING: Final = Epochs()


class BadQuestion(Exception):
    """Bytes that are no question: nothing more is to be expected of whoever sent them."""


def question(op: int, a: int = 0, b: int = 0, epochs: Epochs = SAYS_NOTHING) -> bytes:
    """A question's fixed part."""
    return QUESTION.pack(op, a, b, *epochs)


def tail_bytes(op: int, a: int) -> int:
    """How many bytes follow a question's fixed part. Raises BadQuestion."""
    limit = {REQUEST: REQUEST_BYTES_MAX, FILE: REQUEST_BYTES_MAX, READ_MANY: READ_MANY_PAGES}
    if op not in limit:
        return 0
    if not 0 < a <= limit[op]:
        raise BadQuestion(f"question {op} with {a} of what follows")
    return 8 * a if op == READ_MANY else a


def failure_code(error: VolumeError) -> int:
    """The code that stands for this exception."""
    for kind in type(error).__mro__:
        for code, known in FAILED.items():
            if kind is known:
                return code
    return FAILED_OTHERWISE


def failure(error: VolumeError) -> bytes:
    """The answer that says so."""
    text = str(error).encode()
    return ANSWER.pack(failure_code(error), len(text)) + text
