"""Byte and word tables of the lane: literals, connection blocks, the table of served statements.

State words 1280–1535 belong to the lane.

::

    WORD  CONNECTION BLOCK (CONNECTION_WORDS words, one per descriptor the lane knows)
    0     serving       0 Python's, 1 the lane's
    1     context       number of (database, sql_mode, character set, …), part of every plan key
    2     status        server status flags to put in result packets
    3     capabilities  what the client announced (DEPRECATE_EOF and such)
    4     ctx           the session's transaction context (btree)
    5     mode          MODE_ bits for the fingerprint kernel
    6     statements    served so far (feeds status counters)
    7     filled        bytes waiting in the receive buffer
    8     receive       offset of the receive buffer
    9     prepared      offset of this connection's prepared-statement table, PREPARED_SLOTS entries
    10    no_lane       1 while something about the session keeps every statement in Python

    WORD  SERVED STATEMENT (entry of the plan table, or of a prepared-statement table)
    0     hash / statement id (0: empty)
    1     shape offset      2  shape bytes
    3     context
    4     program offset
    5     parameters        6  types offset (byte per parameter: LITERAL_ markers, or wire types)
    7     dictionary version the program was made for
"""

from __future__ import annotations

from typing import Final

LITERAL_INT: Final = 1
LITERAL_DECIMAL: Final = 2
LITERAL_FLOAT: Final = 3
LITERAL_STRING: Final = 4
LITERAL_WORDS: Final = 6
LITERAL_LIMIT: Final = 512

MODE_ANSI_QUOTES: Final = 1
MODE_NO_BACKSLASH_ESCAPES: Final = 2
