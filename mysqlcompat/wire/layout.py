"""Words that describe a result's columns to the row kernels.

::

    WORD  NAME             COLUMN BLOCK (i8 words at `columns`, 8-byte aligned)
    0     COUNT            columns
    1     (unused)
    2…    COLUMN_WORDS each:
    +0    LANE_CLASS       one of the CLASS_… below
    +1    LANES_AT         bytes from `registers` to this column's lane 0
    +2    NULLS_AT         bytes from `nulls` to this column's null byte 0
    +3    SCALE            decimals: scale; temporals: fsp; doubles: fixed decimals or 31
    +4    WIDTH            bytes of an integer in the binary protocol, of a BIT value;
                           minimal digits with ZEROFILL in FILL
    +5    MEMBERS          ENUM, SET: offset of a table of string lanes (i8), member 1 first
    +6    MEMBER_COUNT
    +7    FILL             ZEROFILL: digits to pad to, else 0

`encode_rows` leaves in the state words::

    ST_ENCODED_ROWS       rows it has encoded
    ST_ENCODED_SEQUENCE   number of the next packet
    ST_ENCODE_NEED        bytes the next row may need, when it did not fit
"""

from typing import Final

COUNT: Final = 0
FIRST_COLUMN: Final = 2
COLUMN_WORDS: Final = 8
LANE_CLASS: Final = 0
LANES_AT: Final = 1
NULLS_AT: Final = 2
SCALE: Final = 3
WIDTH: Final = 4
MEMBERS: Final = 5
MEMBER_COUNT: Final = 6
FILL: Final = 7

CLASS_SIGNED: Final = 0
CLASS_UNSIGNED: Final = 1
CLASS_STRING: Final = 2  #: offset << 28 | bytes: strings, blobs, JSON text, decimals over 18 digits
CLASS_DECIMAL: Final = 3
CLASS_DOUBLE: Final = 4
CLASS_FLOAT: Final = 5
CLASS_DATE: Final = 6
CLASS_DATETIME: Final = 7  #: and TIMESTAMP, already in the session's time zone
CLASS_TIME: Final = 8
CLASS_YEAR: Final = 9
CLASS_BIT: Final = 10
CLASS_ENUM: Final = 11
CLASS_SET: Final = 12
CLASS_NULL: Final = 13

# State words of the wire: 1536–1551.
ST_ENCODED_ROWS: Final = 1536
ST_ENCODED_SEQUENCE: Final = 1537
ST_ENCODE_NEED: Final = 1538

MAX_PACKET: Final = 0xFFFFFF  #: payload bytes at which a packet is continued in another
DAY_TIME: Final = (1 << 41) - 1  #: bits of a packed DATETIME that hold the time of day
