"""State words 1024–1279: the machine's corner of the node's state."""

from __future__ import annotations

from typing import Final

ST_MACHINE_RUN: Final = 1024  #: run block of `program_execute`, one for all (it never parks)
ST_MACHINE_RUN_BYTES: Final = 1025  #: its size: larger programs are not kernel-only
ST_MACHINE_ROWS: Final = 1026  #: rows the last `program_execute` wrote
ST_MACHINE_SEQUENCE: Final = 1027  #: sequence number after the last `program_execute`
ST_MACHINE_HEAP: Final = 1028  #: batch heap of that run block
ST_MACHINE_HEAP_BYTES: Final = 1029

ST_MACHINE_RECORDS: Final = 1031  #: memory for collections of that run block
ST_MACHINE_LSN: Final = 1030  #: end of the commit of the last `program_execute`; 0: none

# What E_LONG_VALUE is about: a value that has to leave the row which is being written.
ST_LONG_COLUMN: Final = 1040  #: stored column
ST_LONG_LANE: Final = 1041  #: the value
ST_LONG_TABLE: Final = 1042  #: descriptor
ST_LONG_BEFORE: Final = 1043  #: offset of the column's reference in the row before, 0: none

#: PROGRAM_KERNEL_ONLY of programs that change at most one row, with nothing left to Python.
LANE_WRITE: Final = 2
PROGRAM_TABLE: Final = 56  #: in the program header: descriptor of the table a LANE_WRITE changes

LANE_RUN_BYTES: Final = 512 << 10
LANE_HEAP_BYTES: Final = 256 << 10
LANE_BATCHES: Final = 6  #: batches a stage may take inside the lane; longer ones are parked
LANE_RECORDS_BYTES: Final = 1 << 20
LANE_RECORDS: Final = 4096  #: records of one collection inside the lane, at most (a power of two)
LANE_COLLECTIONS: Final = 4

EXECUTE_BINARY: Final = 1
EXECUTE_IN_TRANSACTION: Final = 2
