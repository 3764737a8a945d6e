"""Word tables of the lane: literals, the lane's own block, connections, served statements.

State words 1280–1535 belong to the lane; only ``ST_LANE`` is used, the rest is in the arena.

::

    WORD  LANE BLOCK (LANE_WORDS words at st[ST_LANE])
    0     events        epoll_event buffer, EVENT_LIMIT entries of 12 bytes
    1     connections   table: descriptor -> offset of its connection block, or 0
    2     descriptors   how many entries that table has
    3     foreign       out: (descriptor, events) pairs for asyncio
    4     foreign count
    5     handoffs      out: descriptors whose received bytes Python must read
    6     handoff count
    7     out           reply buffer              8   out bytes
    9     shape         scratch for fingerprints  10  shape bytes
    11    literals      literal records           12  parameters: lane values, then null bytes
    13    plans         plan table, PLAN_SLOTS entries of SERVED_WORDS words
    14    spin_ns       how long to poll after the last statement served, before sleeping
    15    execute       address of the function that runs a program
    16    scratch       64 bytes
    17    served        statements served since start
    18    active_ns     when the last one was
    19    acks          eventfd the copies signal; -1 on a replica
    20    waiting       lowest end LSN that Python waits for; NOBODY_WAITS when there is none

    WORD  CONNECTION BLOCK (CONNECTION_WORDS words, one per descriptor the lane knows)
    0     serving       0 Python's, 1 the lane's
    1     context       number of (database, sql_mode, character set, …), part of every plan key
    2     status        server status flags to put in result packets
    3     capabilities  what the client announced (DEPRECATE_EOF and such)
    4     ctx           the session's transaction context (btree)
    5     mode          MODE_ bits for the fingerprint kernel
    6     served        statements served so far (feeds status counters)
    7     filled        bytes waiting in the receive buffer
    8     receive       offset of the receive buffer, RECEIVE_BYTES long
    9     prepared      offset of this connection's PREPARED_SLOTS served statements
    10    sent          bytes sent so far     11  received  bytes received so far
    14    rows          of the last statement served
    12    unsent        offset in `out` of reply bytes the socket did not take; 13 how many

    WORD  SERVED STATEMENT (SERVED_WORDS words; in the plan table, or per connection when prepared)
    0     hash of shape and context, or statement id + 1 (0: empty, -1: was removed)
    1     shape offset       2  shape bytes
    3     context            4  program offset
    5     parameters         6  types: offset of one byte per parameter (LITERAL_ or wire types)
    7     prefix: column count and definition packets    8  its bytes    9  packets in it
"""

from __future__ import annotations

from typing import Final

ST_LANE: Final = 1280

LITERAL_INT: Final = 1
LITERAL_DECIMAL: Final = 2
LITERAL_FLOAT: Final = 3
LITERAL_STRING: Final = 4
LITERAL_WORDS: Final = 6
LITERAL_LIMIT: Final = 128

MODE_ANSI_QUOTES: Final = 1
MODE_NO_BACKSLASH_ESCAPES: Final = 2

LANE_WORDS: Final = 24
L_EVENTS: Final = 0
L_CONNECTIONS: Final = 1
L_DESCRIPTORS: Final = 2
L_FOREIGN: Final = 3
L_FOREIGN_COUNT: Final = 4
L_HANDOFFS: Final = 5
L_HANDOFF_COUNT: Final = 6
L_OUT: Final = 7
L_OUT_BYTES: Final = 8
L_SHAPE: Final = 9
L_SHAPE_BYTES: Final = 10
L_LITERALS: Final = 11
L_PARAMETERS: Final = 12
L_PLANS: Final = 13
L_SPIN_NS: Final = 14
L_EXECUTE: Final = 15
L_SCRATCH: Final = 16
L_SERVED: Final = 17
L_ACTIVE_NS: Final = 18
L_ACKS: Final = 19
L_WAITING: Final = 20
NOBODY_WAITS: Final = 2**62

EVENT_LIMIT: Final = 256
PLAN_SLOTS: Final = 4096
PREPARED_SLOTS: Final = 32
RECEIVE_BYTES: Final = 16384
OUT_BYTES: Final = 262_144
SHAPE_BYTES: Final = 16384

CONNECTION_WORDS: Final = 16
C_SERVING: Final = 0
C_CONTEXT: Final = 1
C_STATUS: Final = 2
C_CAPABILITIES: Final = 3
C_CTX: Final = 4
C_MODE: Final = 5
C_SERVED: Final = 6
C_FILLED: Final = 7
C_RECEIVE: Final = 8
C_PREPARED: Final = 9
C_SENT: Final = 10
C_RECEIVED: Final = 11
C_UNSENT: Final = 12
C_UNSENT_BYTES: Final = 13
C_ROWS: Final = 14

SERVED_WORDS: Final = 12
S_KEY: Final = 0
S_SHAPE: Final = 1
S_SHAPE_BYTES: Final = 2
S_CONTEXT: Final = 3
S_PROGRAM: Final = 4
S_PARAMETERS: Final = 5
S_TYPES: Final = 6
S_PREFIX: Final = 7
S_PREFIX_BYTES: Final = 8
S_PREFIX_PACKETS: Final = 9

CLIENT_DEPRECATE_EOF: Final = 1 << 24
CLIENT_QUERY_ATTRIBUTES: Final = 1 << 27
COM_QUERY: Final = 3
COM_STMT_EXECUTE: Final = 0x17
