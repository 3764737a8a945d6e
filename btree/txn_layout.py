"""Byte tables of transactions: the session's context, system page, undo pages, row and entry heads.

::

    OFFSET  NAME            TRANSACTION CONTEXT (words of the arena; one block a session)
    0       trx_id          0 until the first change of this transaction
    8       undo_last       undo pointer of its newest record that is not undone, 0: none
    16      slot            page_no << 16 | offset of its slot on the system pages, 0: none
    24      isolation       ISOLATION_*
    32      view_open       1 while the four words below hold a read view
    40      view_low        every trx_id below is visible
    48      view_high       every trx_id from here on is not
    56      view_count      how many active ids follow at `view_ids`
    64      view_ids        offset of an ascending run of int64
    72      view_room       how many ids fit there
    80      statement_undo  undo_last when the statement began
    88      statement_rows  rows_changed when the statement began
    96      rows_changed    undo records written and not undone: the weight of a deadlock victim
    104     locks           first record lock it owns or waits for, 0: none
    112     waiters         contexts that wait for this one (kept by `locks.py`)
    120     serial          moves at every commit and rollback
    128     next            contexts of this engine form a list: `st[ST_CTX_HEAD]`, 0 ends it
    136     previous
    144     flags           CTX_*
    152     begin_us        for whom it may concern; kernels do not look
    160     commit_lsn      end LSN of the last commit that wrote something
    168     gaps            first interval of locked gaps it owns, 0: none
    176     lock_count      record locks it owns or waits for
    184     gap_count       intervals it owns
    192     cascade_at      stack of foreign keys' actions (`foreign_kernels`), 0: none yet
    200     cascade_room    its bytes
    208     cascade_top     bytes in use; not 0: a row has changed, and what follows is to be done
    216     foreign_off     1: foreign_key_checks = 0
    224     released        1: it gave locks back for which somebody waits (`Locks.wake` clears it)

    OFFSET  SIZE NAME       TRANSACTION SYSTEM PAGE (page 1; 0-63 is the common page header)
    64      8    next_trx   next id to give out (ids start at 1)
    72      8    undo_head  undo pointer of the oldest record that purge has not passed
    80      8    undo_tail  number of the undo page that is appended to
    88      8    dictionary version of the dictionary; moves with every DDL statement
    96      8    next_slots number of the next slot page, 0: none (same place on every slot page)
    104     8    slot_count slots ever used on this page (same place on every slot page)
    112     16n  slots      trx_id i8 (0: free), first undo pointer i8

    OFFSET  SIZE NAME       UNDO PAGE (0-63 is the common page header)
    64      8    next       number of the next undo page, 0: this is the tail
    72      8    end        offset of the first free byte
    80           records

    OFFSET  SIZE NAME       UNDO RECORD
    0       2    bytes      of the whole record
    2       1    kind       UNDO_*
    3       1    flags      UNDONE | PREVIOUS_DELETED | IMAGE_SPILLED
    4       4    table      table id
    8       8    trx_id     who changed the row
    16      8    previous   undo pointer of the same transaction's record before, 0: first
    24      8    row_trx    trx_id of the version before
    32      8    row_undo   undo pointer of the version before
    40      2    key_bytes
    42      2    row_bytes  image of the version before; none for UNDO_INSERT
    44           key, row

    OFFSET  SIZE NAME       CLUSTERED LEAF VALUE
    0       8    trx_id     who wrote this version
    8       8    undo       undo pointer of the record that leads to the version before
    16      1    deleted    1: delete-marked
    17           row        as `rows_kernels` lays it out

    OFFSET  SIZE NAME       SECONDARY LEAF VALUE
    0       8    trx_id     who set the mark last
    8       1    deleted    1: delete-marked
    9       2    key_bytes  bytes of the clustered key, which ends the entry's key

An undo pointer is ``page_no << 16 | offset``; 0 is none (page 0 holds no undo).
"""

from __future__ import annotations

from typing import Final

CTX_TRX: Final = 0
CTX_UNDO_LAST: Final = 8
CTX_SLOT: Final = 16
CTX_ISOLATION: Final = 24
CTX_VIEW_OPEN: Final = 32
CTX_VIEW_LOW: Final = 40
CTX_VIEW_HIGH: Final = 48
CTX_VIEW_COUNT: Final = 56
CTX_VIEW_IDS: Final = 64
CTX_VIEW_ROOM: Final = 72
CTX_STATEMENT_UNDO: Final = 80
CTX_STATEMENT_ROWS: Final = 88
CTX_ROWS_CHANGED: Final = 96
CTX_LOCKS: Final = 104
CTX_WAITERS: Final = 112
CTX_SERIAL: Final = 120
CTX_NEXT: Final = 128
CTX_PREVIOUS: Final = 136
CTX_FLAGS: Final = 144
CTX_BEGIN_US: Final = 152
CTX_COMMIT_LSN: Final = 160
CTX_GAPS: Final = 168
CTX_LOCK_COUNT: Final = 176
CTX_GAP_COUNT: Final = 184
CTX_CASCADE_AT: Final = 192
CTX_CASCADE_ROOM: Final = 200
CTX_CASCADE_TOP: Final = 208
CTX_FOREIGN_OFF: Final = 216
CTX_RELEASED: Final = 224
CTX_BYTES: Final = 256

#: The context is a transaction found active at start, waiting to be rolled back.
CTX_RECOVERED: Final = 1
#: START TRANSACTION READ ONLY: changes are refused.
CTX_READ_ONLY: Final = 2
#: SERIALIZABLE, and not a statement by itself: plain reads take share locks.
CTX_LOCKING_READS: Final = 4
#: A statement has used tables, perhaps without a view, a lock or a change.
CTX_BEGUN: Final = 8

ISOLATION_READ_UNCOMMITTED: Final = 0
ISOLATION_READ_COMMITTED: Final = 1
ISOLATION_REPEATABLE_READ: Final = 2
ISOLATION_SERIALIZABLE: Final = 3

SYSTEM_PAGE: Final = 1
CATALOG_ROOT: Final = 2

SYS_NEXT_TRX: Final = 64
SYS_UNDO_HEAD: Final = 72
SYS_UNDO_TAIL: Final = 80
SYS_DICTIONARY: Final = 88
SYS_NEXT_SLOTS: Final = 96
SYS_SLOT_COUNT: Final = 104
SLOTS_AT: Final = 112
SLOT_BYTES: Final = 16
SLOT_TRX: Final = 0
SLOT_FIRST_UNDO: Final = 8

UNDO_NEXT: Final = 64
UNDO_END: Final = 72
UNDO_AT: Final = 80

UNDO_INSERT: Final = 1
UNDO_UPDATE: Final = 2
UNDO_DELETE: Final = 3
UNDO_CHAIN: Final = 4  #: its row is a reference: the chain goes when the record is undone

UNDONE: Final = 1
PREVIOUS_DELETED: Final = 2
IMAGE_SPILLED: Final = 4
SPILLED_BYTES: Final = 12  #: what then stands for the row: first overflow page i8, bytes u4

U_BYTES: Final = 0
U_KIND: Final = 2
U_FLAGS: Final = 3
U_TABLE: Final = 4
U_TRX: Final = 8
U_PREVIOUS: Final = 16
U_ROW_TRX: Final = 24
U_ROW_UNDO: Final = 32
U_KEY_BYTES: Final = 40
U_ROW_BYTES: Final = 42
U_KEY: Final = 44

C_TRX: Final = 0
C_UNDO: Final = 8
C_DELETED: Final = 16
C_ROW: Final = 17

S_TRX: Final = 0
S_DELETED: Final = 8
S_KEY_BYTES: Final = 9
S_VALUE_BYTES: Final = 11

# Table directory: `st[ST_TABLES_AT]` + 64 * table id.  Undo records name tables by id.
TABLE_DESCRIPTOR: Final = (
    0  #: offset of the table's descriptor; 0: dropped, its undo is passed over
)
TABLE_AUTOINC: Final = 8  #: next AUTO_INCREMENT value to hand out, 0: ask the root page
TABLE_CHANGES: Final = 16  #: rows inserted, updated, deleted since start
TABLE_ROWS: Final = 24  #: estimated rows: counted at open or load, kept up by row kernels
TABLE_FOREIGN: Final = 32  #: offset of its foreign keys (`foreign_layout`), 0: none
TABLE_BYTES: Final = 64
NOT_LOADED: Final = -1  #: in place of a descriptor: the table is there, Python must load it

# A record lock, owned or waited for (`lock_kernels.py`): words, then the key.
LOCK_NEXT: Final = 0  #: next one in the same bucket, in the order in which they came
LOCK_HASH: Final = 8  #: hash of tree root and key
LOCK_CTX: Final = 16  #: whose
LOCK_KIND: Final = 24  #: LOCK_SHARED | LOCK_EXCLUSIVE, and the bits below
LOCK_OWNED: Final = 32  #: next one of the same context
LOCK_ROOT: Final = 40  #: root page of the index
LOCK_KEY_BYTES: Final = 48
LOCK_KEY: Final = 56

LOCK_SHARED: Final = 1
LOCK_EXCLUSIVE: Final = 2
LOCK_MODE: Final = 3  #: the two above
LOCK_WAITING: Final = 4  #: in the queue for it
LOCK_INTENTION: Final = 8  #: to insert into a gap: never granted, only waited for
LOCK_PASSING: Final = 16  #: waited for by a scan that may find that the row does not match
#: Bits of requests only.
LOCK_CHECK: Final = 32  #: ask, take nothing: an interval, or the row's writer, will stand for it
LOCK_NOWAIT: Final = 64  #: whoever is told to wait gives up instead

# Locked gaps, with the records in them: an interval of keys of one index (`gap_kernels.py`).
GAP_LEFT: Final = 0  #: children and parent in the treap
GAP_RIGHT: Final = 8
GAP_UP: Final = 16
GAP_REACH: Final = 24  #: the interval of this subtree that ends last
GAP_CTX: Final = 32
GAP_KIND: Final = 40  #: mode, GAP_HIGH_RECORD
GAP_ROOT: Final = 48  #: root page of the index
GAP_OWNED: Final = 56  #: next one of the same context
GAP_LOW: Final = 64  #: offset of the key below the interval
GAP_LOW_BYTES: Final = 72  #: -1: there is none
GAP_LOW_ROOM: Final = 80
GAP_HIGH: Final = 88  #: offset of the key above it
GAP_HIGH_BYTES: Final = 96  #: -1: there is none (the supremum)
GAP_HIGH_ROOM: Final = 104
GAP_BYTES: Final = 112

GAP_HIGH_RECORD: Final = 4  #: the record at the high end is locked too

LOCK_CLASSES: Final = 10  #: lock memory comes in runs of 64 << class bytes

#: How rows are read: the low two bits, and what they may be combined with.
MODE_SNAPSHOT: Final = 0
MODE_EXCLUSIVE: Final = 1
MODE_SHARED: Final = 2
MODE_KIND: Final = 3  #: the three above
MODE_NOWAIT: Final = 4  #: a locked row is an error
MODE_SKIP_LOCKED: Final = 8  #: a locked row is passed over
MODE_UNIQUE: Final = 16  #: the bounds are one whole key of a unique index
MODE_EQUAL: Final = 32  #: the bounds are the same: the entry after them is not locked
MODE_PASSING: Final = 64  #: READ COMMITTED: rows are locked later, if they match (`rows_lock`)
MODE_COMMITTED: Final = 128  #: and a locked one is looked at as it was committed (UPDATE)
MODE_SNAPSHOT_BELOW: Final = 256  #: READ COMMITTED and below: a snapshot (INSERT … SELECT)
MODE_ONE: Final = 512  #: one row at a time, for no more may be locked than is looked at (LIMIT)

#: A cursor block, caller-owned, zeroed before the first `cursor_open`.  Words, then two key runs.
CUR_CTX: Final = 0
CUR_TABLE: Final = 8
CUR_INDEX: Final = 16
CUR_ROOT: Final = 24
CUR_MODE: Final = 32
CUR_BACKWARD: Final = 40
CUR_STOP_BYTES: Final = 48  #: bytes of the bound at which it ends, -1: none
CUR_LAST_BYTES: Final = 56  #: bytes of an inclusive upper bound, -1: another one, or none
CUR_AT_BYTES: Final = 64  #: bytes of the key it stands on or begins from, -1: at the very end
CUR_AT_INCLUSIVE: Final = 72  #: 1: the entry equal to that key is still to come
CUR_PAGE: Final = 80  #: leaf it stands on, 0: position again by key
CUR_LSN: Final = 88  #: that leaf's page_lsn then
CUR_SLOT: Final = 96  #: next slot there
CUR_DONE: Final = 104
CUR_GAP: Final = 112  #: interval that grows with the scan, 0: not begun, GAPLESS: none is wanted
CUR_AHEAD: Final = 120  #: pages it was given word of when it missed one last
CUR_NEXT_ROW: Final = 128  #: ROW_… of the next row
CUR_KEY_ROOM: Final = 16384
CUR_AT_KEY: Final = 136
CUR_STOP_KEY: Final = CUR_AT_KEY + CUR_KEY_ROOM
CURSOR_BYTES: Final = CUR_STOP_KEY + CUR_KEY_ROOM

GAPLESS: Final = -1
ROW_PLAIN: Final = 0
ROW_FIRST: Final = 1  #: the range begins with it: the gap before it stays free
ROW_AGAIN: Final = 2  #: it has been looked at before it was locked: wait for it

assert SLOTS_AT % 8 == 0
assert U_KEY == U_ROW_BYTES + 2
assert CTX_BYTES >= CTX_RELEASED + 8
