"""Byte tables of programs, run blocks, registers and collections: what the machine's kernels see.

A *program* is code and constants, built once, never changed by running it. A *run block* holds all
that changes while a program runs, so a parked run costs its block and nothing else. Operands which
name registers, cursors or collections are byte offsets relative to the run block; constants
are offsets into the arena.

::

    REGISTER (9,216 bytes)
    0      8 × 1024   lanes, by the lane-value convention of docs/seams.md §3
    8192   1 × 1024   null bytes: 1 is NULL (its lane is then 0)

    INSTRUCTION (8 words)
    0      address of the op: a kernel (st, mem, run, instruction, n) -> n of the batch, or a code
    1–7    operands

    STAGE: instructions, the first of them a source. n = 0 from the source is the end.

    RUN BLOCK: RUN_WORDS words (table below), then op states, cursors, collections, registers

    COLLECTION (words; records live in chunks that never move)
    0   record count                     5   heap: next free byte of the open heap chunk
    1   record bytes                     6   heap: end of the open heap chunk
    2   shift: 1 << shift records a chunk   7   hash table offset (words: record offsets, 0 is
    empty) 3   chunk count                      8   hash mask
    4   chunk directory (words)          9   order: offset of record offsets in order, 0 is none
    10  room in the chunk directory

    STAGE (6 words, in the program's constants)
    0   first instruction     2  what comes before it (BEFORE_)     4  fields of that collection
    1   end                   3  collection that is about           5  how many of them are NULL

    GATHERED (3 words, in the program's constants, one for each collection)
    0   collection     1  record bytes     2  1: it has a hash table

    RECORD
    0   next record of the same hash chain (joins), else 0
    8   hash of the key
    16  key: offset << 28 | bytes
    24  lane of field 0, field 1 …       then one null byte a field
"""

from __future__ import annotations

from typing import Final

VECTOR: Final = 1024
NULLS_AT: Final = 8 * VECTOR
REGISTER_BYTES: Final = 9 * VECTOR

INSTRUCTION_WORDS: Final = 8
INSTRUCTION_BYTES: Final = 8 * INSTRUCTION_WORDS

# Run block, in bytes from its start.
RUN_CODE: Final = 0  #: first instruction of the running stage
RUN_END: Final = 8  #: end of its instructions
RUN_PC: Final = 16  #: instruction to run next; 0 asks the source for a batch
RUN_LANES: Final = 24  #: lanes of the batch at that instruction
RUN_DEPTH: Final = 32  #: instructions waiting to give more of the same batch
RUN_QUANTUM: Final = 104  #: batches until E_LATER
RUN_STOP: Final = 112  #: 1: nobody wants more rows (LIMIT)
RUN_CTX: Final = 120  #: transaction context
RUN_PARAMS: Final = 128  #: slots: lanes, then null bytes
RUN_PARAM_COUNT: Final = 136
RUN_HEAP: Final = 144  #: next free byte of the batch heap
RUN_HEAP_START: Final = 152
RUN_HEAP_END: Final = 160
RUN_OUT: Final = 168  #: where the next packet goes
RUN_OUT_END: Final = 176
RUN_SEQUENCE: Final = 184  #: sequence number of the next packet
RUN_BINARY: Final = 192  #: 1: binary protocol rows
RUN_WANT: Final = 200  #: E_NO_ROOM: how many bytes are missing
RUN_WANT_OF: Final = 208  #: E_NO_ROOM: WANT_OUT, WANT_HEAP, or collection offset (in the run block)
RUN_MATCHED: Final = 216  #: rows that UPDATE or DELETE found
RUN_CHANGED: Final = 224  #: rows inserted, changed or deleted
RUN_INSERT_ID: Final = 232  #: first AUTO_INCREMENT value given out; 0 none
RUN_ROWS: Final = 240  #: rows sent
RUN_LANE: Final = 248  #: lane a row op stands at (and that an error is about)
RUN_LAST_ID: Final = 256  #: last explicit AUTO_INCREMENT value
RUN_WIDTH: Final = 264  #: rows the next source batch should bring at most
RUN_FAILED: Final = 280  #: E_CHECK_FAILED: number of the constraint
RUN_ROWS_LIMIT: Final = 272  #: rows to send before E_NO_ROOM; 0: as many as fit
RUN_AUTOINC: Final = 288  #: step, offset, next value, 1: 0 stays 0; zeroes: 1, 1, as it comes, 0
RUN_LONG: Final = 448  #: references of the row being written: a word a column, 0 none; or 0
RUN_MAY_PAUSE: Final = 456  #: 1: others may run before the op that stopped is called again
RUN_STACK: Final = 464  #: RUN_STACK_ENTRIES × (instruction offset, lanes)
RUN_STACK_ENTRIES: Final = 128  #: each op of MOST_TABLES joins may have one, and more
RUN_STACK_ROOM: Final = 32  #: entries of RUN_STACK for ops that can do without
RUN_BYTES: Final = RUN_STACK + 16 * RUN_STACK_ENTRIES  #: op states begin here

WANT_OUT: Final = 0
WANT_HEAP: Final = -1
WANT_TABLE: Final = 1 << 40  #: added to the collection's offset: the hash table is too small
WANT_CHUNK: Final = 1 << 41  #: added: a chunk for records is missing

COLLECTION_COUNT: Final = 0
COLLECTION_RECORD: Final = 8
COLLECTION_SHIFT: Final = 16
COLLECTION_CHUNKS: Final = 24
COLLECTION_DIRECTORY: Final = 32
COLLECTION_HEAP: Final = 40
COLLECTION_HEAP_END: Final = 48
COLLECTION_TABLE: Final = 56
COLLECTION_MASK: Final = 64
COLLECTION_ORDER: Final = 72
COLLECTION_ROOM: Final = 80
COLLECTION_BYTES: Final = 96

RECORD_NEXT: Final = 0
RECORD_HASH: Final = 8
RECORD_KEY: Final = 16
RECORD_FIELDS: Final = 24

# Program header in the arena, for `program_execute` (bytes).
PROGRAM_CODE: Final = 0  #: first instruction
PROGRAM_END: Final = 8  #: end of the instructions
PROGRAM_SLOTS: Final = 16  #: parameters it takes
PROGRAM_KERNEL_ONLY: Final = 24  #: 1: reads, with nothing left to Python; or LANE_WRITE
PROGRAM_RUN_BYTES: Final = 32  #: size of the run block
PROGRAM_VERSION: Final = 40  #: dictionary version it was made for
PROGRAM_STATE_BYTES: Final = 48  #: what of the run block must be zero at the start
PROGRAM_STAGES: Final = 64  #: STAGE table      72: how many
PROGRAM_STAGE_COUNT: Final = 72
PROGRAM_GATHERED: Final = 80  #: GATHERED table   88: how many
PROGRAM_GATHERED_COUNT: Final = 88
PROGRAM_HEADER: Final = 96

STAGE_BYTES: Final = 48
STAGE_CODE: Final = 0
STAGE_END: Final = 8
STAGE_BEFORE: Final = 16
STAGE_COLLECTION: Final = 24
STAGE_FIELDS: Final = 32
STAGE_NULLS: Final = 40
BEFORE_NOTHING, BEFORE_SORT, BEFORE_ONE_GROUP = range(3)
GATHERED_BYTES: Final = 24
GATHERED_COLLECTION: Final = 0
GATHERED_RECORD: Final = 8
GATHERED_HASHED: Final = 16

# Operators of op_compare, op_compare_text.
EQ, NE, LT, LE, GT, GE, NULL_SAFE_EQ = range(7)
SIGNED, UNSIGNED, SIGNED_UNSIGNED, UNSIGNED_SIGNED, DOUBLE = range(5)
# Operators of op_arithmetic.
ADD, SUBTRACT, MULTIPLY, NEGATE = range(4)
# Operators of op_logic.
AND, OR, XOR, NOT, IS_NULL, IS_TRUE, IS_FALSE = range(7)
# Kinds of op_convert.
SCALE_UP, SCALE_DOWN, INT_TO_DOUBLE, UNSIGNED_TO_DOUBLE, DECIMAL_TO_DOUBLE, TO_TRUTH = range(6)
# Both give the nearest integer of a double times the factor, halves to even; the second one is the
# lane of a number whose sign is shown: not of a zero that has one.
DOUBLE_TO_INT, DOUBLE_TO_SHOWN = range(6, 8)

# Kinds of op_result, and of the ops that keep states; fields a state takes: COUNT 1, SUM and AVG 3
# (low, high, count), MIN and MAX 2 (value, seen), variances 3 (mean, squares, count), bits 1.
COUNT, SUM_SIGNED, SUM_UNSIGNED, SUM_TEXT, SUM_DOUBLE, MINIMUM, MAXIMUM = range(7)
VARIANCE, BIT_AND, BIT_OR, BIT_XOR = range(7, 11)
STATE_FIELDS: Final = (1, 3, 3, 3, 3, 2, 2, 3, 1, 1, 1)
# Orders of MIN and MAX beside SIGNED, UNSIGNED and DOUBLE.
BY_TEXT: Final = 5
# Forms of op_result; those of op_variance_result are added up.
AS_LANE, AS_TEXT, AS_AVERAGE_LANE, AS_AVERAGE_TEXT, AS_AVERAGE_DOUBLE = range(5)
OF_SAMPLE, AS_DEVIATION = 1, 2

assert NULLS_AT + VECTOR == REGISTER_BYTES
