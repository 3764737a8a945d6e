"""What goes over the storage process's Unix socket.  Little-endian, one answer to one question.

::

    QUESTION  i8 op, i8 a, i8 b
              HELLO                    ->  payload: i8 page_bytes, vdl, epoch
              READ page_no, lsn        ->  payload: the page image, crc 0
              OPEN_WRITER              ->  payload: i8 epoch, vdl, last_batch
              REQUEST bytes            and so many bytes of JSON  ->  payload: JSON (`requests.py`)
              READ_MANY count, lsn, then count i8 page numbers (at most READ_MANY_PAGES)
                  ->  for each, in order: an ANSWER without payload, page_bytes (zeros if it failed)
    ANSWER    i8 code, i8 payload bytes, payload
              code 0, or one of FAILED_…: the payload is then a message in UTF-8
"""

from __future__ import annotations

import struct
from typing import Final

from redo.errors import LogUnavailable, LsnOutOfRange, PageUnavailable, VolumeError, VolumeLost

HELLO: Final = 1
READ: Final = 2
OPEN_WRITER: Final = 3
REQUEST: Final = 4
READ_MANY: Final = 16

REQUEST_BYTES_MAX: Final = 1 << 16
READ_MANY_PAGES: Final = 64  #: asked for at once

QUESTION: Final = struct.Struct("<qqq")
ANSWER: Final = struct.Struct("<qq")
THREE: Final = struct.Struct("<qqq")

FAILED_OTHERWISE: Final = 4
FAILED: Final[dict[int, type[VolumeError]]] = {
    1: PageUnavailable,
    2: LogUnavailable,
    3: VolumeLost,
    5: LsnOutOfRange,
    4: VolumeError,
}


def failure_code(error: VolumeError) -> int:
    """The code that stands for this exception."""
    for kind in type(error).__mro__:
        for code, known in FAILED.items():
            if kind is known:
                return code
    return FAILED_OTHERWISE
