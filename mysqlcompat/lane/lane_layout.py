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
    21    queue         connections whose commit is not durable yet, in LSN order: a ring of
                        `descriptors` connection blocks, 0 where one has gone meanwhile
    22    queue head    how many have left it    23  queue tail: how many have entered it
    24    slots         converted parameters: lanes, then null bytes
    25    missed        connections whose statement has missed a page: (connection, page number)
    26    missed count  they are served again at the start of the next turn
    27    tls           TLS block; 0 until a connection needs it

    WORD  TLS BLOCK (TLS_WORDS words)
    0     addresses of libssl's BIO_write      1  SSL_read        2  SSL_write      3  BIO_read
    4     SSL_get_error                        5  ERR_clear_error
    6     received      buffer of RECORDS_BYTES: what a socket gave
    7     sealed        buffer of SEALED_BYTES: a reply, encrypted

    WORD  CONNECTION BLOCK (CONNECTION_WORDS words, one per descriptor the lane knows)
    0     serving       0 Python's, 1 the lane's, UNTIL_DURABLE: Python's after the reply that waits
    1     context       number of (database, sql_mode, character set, …), part of every plan key
    2     status        server status flags to put in result packets
    3     capabilities  what the client announced (DEPRECATE_EOF and such)
    4     ctx           the session's transaction context (btree)
    5     mode          MODE_ bits for the fingerprint kernel
    6     served        statements served so far (feeds status counters)
    7     filled        bytes waiting in the receive buffer
    8     receive       offset of the receive buffer, RECEIVE_BYTES long
    9     prepared      offset of this connection's PREPARED_SLOTS served statements
    10    sent          bytes of replies so far   11  received  bytes received so far; in clear
    14    rows          of the last statement served
    12    unsent        offset of reply bytes the socket did not take; 13 how many
    15    reply         offset of the reply that waits for its commit   16  its bytes
    17    wait          end LSN of that commit, 0: none. Nothing is served meanwhile
    18    descriptor    19  writes: 1 when this session may change data now
    20    kind          of the last statement served (SERVES_)
    21    affected      rows of the last change    22  last AUTO_INCREMENT value given out, 0: none
    27    tables used in the transaction meanwhile: TABLE_SLOTS words as S_TABLE, 0: no more; more
          tables than that: the last one is UNKNOWN_TABLES
    32    inserts, updates, deletes, begins, commits, rollbacks: how many were served since the
          connection was lent
    38    level         isolation of the transactions it may begin and end; -1: none
    39    begun         monotonic ns of the last BEGIN
    26    misses        pages its statement has missed so far; not 0: it is among the missed
    40    tls           address of its libssl session, 0: it speaks clear text
    41    tls in        address of that session's buffer of received bytes   42  of those to send
    43    tls more      1 when the session may have more to read although the socket has not

    WORD  SERVED STATEMENT (SERVED_WORDS words; in the plan table, or per connection when prepared)
    0     hash of shape and context, or statement id + 1 (0: empty, -1: was removed)
    1     shape offset       2  shape bytes
    3     context            4  program offset
    5     parameters         6  types: offset of one byte per parameter (LITERAL_ or wire types)
    7     prefix: column count and definition packets    8  its bytes    9  packets in it
    10    slots: offset of one slot source for each slot of the program, 0: parameters as they are
    11    how many slots     12  kind: SERVES_
    13    table: its id << 1, plus 1 when rows are changed or locked; UNKNOWN_TABLES: several
    14    bytes at `slots`: sources, constant texts, pins
    15    pins: offset of the literals that a text must have just so, 0: none. A count; for each its
          number, how many bytes it has, and these as they are written, up to a whole word

    WORD  SLOT SOURCE (SLOT_WORDS words): what the program takes, made from what the client gives
    0     number of the literal or `?`
    1     SLOT_ kind, plus SLOT_NULLABLE when NULL may pass
    2     least    3  greatest value (numbers), or greatest length    4  factor (numbers)
          2 is the lane itself when the slot is a constant
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

LANE_WORDS: Final = 32
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
L_QUEUE: Final = 21
L_QUEUE_HEAD: Final = 22
L_QUEUE_TAIL: Final = 23
L_SLOTS: Final = 24
L_MISSED: Final = 25
L_MISSED_COUNT: Final = 26
L_TLS: Final = 27
NOBODY_WAITS: Final = 2**62

EVENT_LIMIT: Final = 256
PLAN_SLOTS: Final = 4096
PREPARED_SLOTS: Final = 32
RECEIVE_BYTES: Final = 16384
OUT_BYTES: Final = 262_144
SHAPE_BYTES: Final = 16384

REPLY_BYTES: Final = 128
SEALED_BYTES: Final = OUT_BYTES + 32768  #: records of 16 KiB grow by less than a hundredth
RECORDS_BYTES: Final = 2 * RECEIVE_BYTES  #: more than one record

TLS_WORDS: Final = 8
T_BIO_WRITE: Final = 0
T_READ: Final = 1
T_WRITE: Final = 2
T_BIO_READ: Final = 3
T_GET_ERROR: Final = 4
T_CLEAR_ERROR: Final = 5
T_RECEIVED: Final = 6
T_SEALED: Final = 7

CONNECTION_WORDS: Final = 44
C_SERVING: Final = 0
UNTIL_DURABLE: Final = 2
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
C_REPLY: Final = 15
C_REPLY_BYTES: Final = 16
C_WAIT: Final = 17
C_DESCRIPTOR: Final = 18
C_WRITES: Final = 19
C_KIND: Final = 20
C_AFFECTED: Final = 21
C_INSERT_ID: Final = 22
C_TABLES: Final = 27
TABLE_SLOTS: Final = 4
UNKNOWN_TABLES: Final = -1
C_COUNTS: Final = 31  #: plus SERVES_…: 32 inserts … 37 rollbacks
C_LEVEL: Final = 38
C_BEGUN: Final = 39
C_MISSES: Final = 26
C_TLS: Final = 40
C_TLS_IN: Final = 41
C_TLS_OUT: Final = 42
C_TLS_MORE: Final = 43

#: Pages one statement may miss before it is Python's; a scan is better off there.
MISSES_MAX: Final = 8

SERVES_ROWS: Final = 0
SERVES_INSERT: Final = 1
SERVES_UPDATE: Final = 2
SERVES_DELETE: Final = 3
SERVES_BEGIN: Final = 4  #: from here on: transaction statements, which have no program
SERVES_COMMIT: Final = 5
SERVES_ROLLBACK: Final = 6

SERVED_WORDS: Final = 16
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
S_SLOTS: Final = 10
S_SLOT_COUNT: Final = 11
S_KIND: Final = 12
S_TABLE: Final = 13
S_SLOTS_BYTES: Final = 14
S_PINS: Final = 15

SLOT_WORDS: Final = 5
M_SOURCE: Final = 0
M_KIND: Final = 1
M_LEAST: Final = 2
M_GREATEST: Final = 3
M_FACTOR: Final = 4
SLOT_SAME: Final = 0  #: the lane as it is
SLOT_NUMBER: Final = 1  #: a number within bounds, times a factor
SLOT_TEXT: Final = 2  #: ASCII, not too long
SLOT_CHAR: Final = 3  #: the same without spaces at its end
SLOT_NULL: Final = 4  #: always NULL
SLOT_CONSTANT: Final = 5  #: always the same
SLOT_NULLABLE: Final = 8

CLIENT_FOUND_ROWS: Final = 1 << 1
CLIENT_DEPRECATE_EOF: Final = 1 << 24
CLIENT_QUERY_ATTRIBUTES: Final = 1 << 27
COM_QUERY: Final = 3
COM_STMT_EXECUTE: Final = 0x17
