"""A page image: the first bytes of every page, whoever the rest belongs to.

::

    OFFSET SIZE TYPE  NAME       PAGE HEADER (bytes 0–19; `redo`'s, the rest is `btree`'s)
    0      8    i8    page_no    own number; a misdirected write shows
    8      8    i8    page_lsn   LSN of the last record applied; 0: none
    16     4    u4    crc        CRC32C of all bytes but these four; 0 while in a pool

Edits never touch these bytes: page_no and page_lsn are set by the record itself (`record.py`),
crc only in the image that the page store writes. So images of one page at one LSN are equal byte
for byte in every pool.
"""

from __future__ import annotations

from typing import Final

PAGE_NO_AT: Final = 0
PAGE_LSN_AT: Final = 8
PAGE_CRC_AT: Final = 16
PAGE_BODY_AT: Final = 20

PAGE_BYTES: Final = 16384  #: of a new volume, unless told otherwise
PAGE_BYTES_MIN: Final = 256
PAGE_BYTES_MAX: Final = 32768  #: edit offsets and counts are u2


def valid_page_bytes(page_bytes: int) -> bool:
    """Is this a page size a volume can have?"""
    in_range = PAGE_BYTES_MIN <= page_bytes <= PAGE_BYTES_MAX
    return in_range and page_bytes & (page_bytes - 1) == 0
