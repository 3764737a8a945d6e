"""The control block: words that writer, storage and replicas share (page CONTROL_AT).

Each word has one writing side; whoever writes a word another waits for follows it with a fence and
a look at the sleeping flag. Words that different processes write lie in different cache lines.

::

    OFFSET  WORDS                                                   WRITTEN BY
    0       epoch                                                   storage (open of a writer)
    64      published LSN                                           writer
    72      LSN of the last published batch                         writer
    80      wall clock of that batch, µs                            writer
    128     reserved LSN: the writer may be writing up to here; ring bytes of
            LSN < reserved - ring_bytes are lost                    writer
    192     VDL                                                     writer (storage at recovery)
    256     writer's heartbeat, µs                                  writer
    320     log kept from here on by storage (lowest LSN)           storage
    384     log and states from here on must stay; 0: no such pin   storage (archiver)
    448     purge limit: versions that every view from this
            transaction id on shows may be forgotten                writer
    512     copy 0…5, 64 bytes each: durable, state, sleeping,
            written, command, error number                          storage
    1024    replica 0…15, 64 bytes each: applied, read point,
            sleeping, pid, state, apply clock µs, lag µs, view low  replicas
    2048    supervisor: 64 words for `replicas` and `mysqlcompat`
    2560    simulated faults of copy 0…5, 64 bytes each (`faults.py`)       whoever asked for them
    2944    simulated failure of the stream of replica 0…15, 16 bytes each  the same
    3200    what copy 0…5 has done, 128 bytes each: counters (COUNT_…)      storage
"""

from __future__ import annotations

from typing import Final

from redo.arena import CONTROL_AT, CONTROL_BYTES, Arena

COPIES: Final = 6
REPLICAS_MAX: Final = 16

CTRL_EPOCH: Final = CONTROL_AT
CTRL_PUBLISHED: Final = CONTROL_AT + 64
CTRL_LAST_BATCH: Final = CONTROL_AT + 72
CTRL_BATCH_CLOCK: Final = CONTROL_AT + 80
CTRL_RESERVED: Final = CONTROL_AT + 128
CTRL_VDL: Final = CONTROL_AT + 192
CTRL_WRITER_CLOCK: Final = CONTROL_AT + 256
CTRL_LOG_START: Final = CONTROL_AT + 320
CTRL_PIN: Final = CONTROL_AT + 384
CTRL_PURGE_LOW: Final = CONTROL_AT + 448

CTRL_COPY: Final = CONTROL_AT + 512
COPY_STRIDE: Final = 64
COPY_DURABLE: Final = 0
COPY_STATE: Final = 8
COPY_SLEEPING: Final = 16
COPY_WRITTEN: Final = 24
COPY_COMMAND: Final = 32
COPY_ERRNO: Final = 40

STATE_ABSENT: Final = 0  #: not opened yet
STATE_LIVE: Final = 1  #: counts for the quorum
STATE_DEAD: Final = 2  #: failed or lost; its durable word is 0; will be rebuilt
STATE_FILLING: Final = 3  #: being filled from a peer
STATE_NAMES: Final = {0: "absent", 1: "live", 2: "dead", 3: "filling"}

COMMAND_RUN: Final = 0
COMMAND_RETURN: Final = 1  #: the copy's thread comes back to Python

CTRL_REPLICA: Final = CONTROL_AT + 1024
REPLICA_STRIDE: Final = 64
REPLICA_APPLIED: Final = 0
REPLICA_READ_POINT: Final = 8  #: lowest LSN it may still read pages at; 0: no such replica
REPLICA_SLEEPING: Final = 16
REPLICA_PID: Final = 24
REPLICA_STATE: Final = 32
REPLICA_CLOCK: Final = 40
REPLICA_LAG_US: Final = 48  #: from the last commit's clock mark to its being applied
REPLICA_VIEW_LOW: Final = 56  #: lowest transaction id its open read views may not see; 0: none

CTRL_SUPERVISOR: Final = CONTROL_AT + 2048

CTRL_FAULT: Final = CONTROL_AT + 2560
FAULT_STRIDE: Final = 64
FAULT_FAILS_UNTIL: Final = 0  #: wall clock, µs; 0: nothing is simulated
FAULT_PERCENT: Final = 8  #: of writes and reads that fail
FAULT_SLOW_UNTIL: Final = 16
FAULT_SLOW_LOW_US: Final = 24  #: writes and reads take at least so much longer
FAULT_SLOW_HIGH_US: Final = 32  #: and at most so much
FAULT_SLOW_PERCENT: Final = 40  #: of them

CTRL_STREAM_FAULT: Final = CONTROL_AT + 2944
STREAM_FAULT_STRIDE: Final = 16  #: FAULT_FAILS_UNTIL, FAULT_PERCENT

CTRL_COUNT: Final = CONTROL_AT + 3200
COUNT_STRIDE: Final = 128
COUNT_LOG_WRITES: Final = 0
COUNT_LOG_BYTES: Final = 8
COUNT_LOG_SYNCS: Final = 16
COUNT_PAGE_READS: Final = 24  #: pages given to nodes
COUNT_PAGE_WRITES: Final = 32  #: images stored
COUNT_PAGE_BYTES: Final = 40
COUNT_SCRUBBED: Final = 48  #: bytes that scrubbing has verified
COUNT_DAMAGED: Final = 56  #: pieces of log and images found damaged
COUNT_MENDED: Final = 64
COUNT_REBUILT: Final = 72  #: how often the copy was made anew
COUNT_FAULTS: Final = 80  #: simulated failures it has met
COUNT_REBUILD_DONE: Final = 88  #: bytes, while it is being rebuilt
COUNT_REBUILD_ALL: Final = 96  #: 0: it is not

assert CTRL_COPY + COPIES * COPY_STRIDE <= CTRL_REPLICA
assert CTRL_REPLICA + REPLICAS_MAX * REPLICA_STRIDE <= CTRL_SUPERVISOR
assert CTRL_SUPERVISOR + 64 * 8 <= CTRL_FAULT
assert CTRL_FAULT + COPIES * FAULT_STRIDE <= CTRL_STREAM_FAULT
assert CTRL_STREAM_FAULT + REPLICAS_MAX * STREAM_FAULT_STRIDE <= CTRL_COUNT
assert CTRL_COUNT + COPIES * COUNT_STRIDE <= CONTROL_AT + CONTROL_BYTES


def copy_word(copy_no: int, word: int) -> int:
    """Offset of a word (COPY_…) of one of the six copies."""
    return CTRL_COPY + copy_no * COPY_STRIDE + word


def replica_word(replica_no: int, word: int) -> int:
    """Offset of a word (REPLICA_…) of one of the sixteen replicas."""
    return CTRL_REPLICA + replica_no * REPLICA_STRIDE + word


def fault_word(copy_no: int, word: int) -> int:
    """Offset of a word (FAULT_…) about one of the six copies."""
    return CTRL_FAULT + copy_no * FAULT_STRIDE + word


def stream_fault_word(replica_no: int, word: int) -> int:
    """Offset of a word (FAULT_…) about the stream of one of the sixteen replicas."""
    return CTRL_STREAM_FAULT + replica_no * STREAM_FAULT_STRIDE + word


def count_word(copy_no: int, word: int) -> int:
    """Offset of a counter (COUNT_…) of one of the six copies."""
    return CTRL_COUNT + copy_no * COUNT_STRIDE + word


class Control:
    """The control block for Python: reads and writes one shared word at a time."""

    def __init__(self, arena: Arena) -> None:
        self._words = arena.words(0, (CONTROL_AT + CONTROL_BYTES) // 8)

    def get(self, at: int) -> int:
        """The word at offset `at` (CTRL_…, copy_word(), replica_word())."""
        return int(self._words[at >> 3])

    def put(self, at: int, value: int) -> None:
        """Set the word at `at`; an aligned 8-byte store, ordered on the machines we run on."""
        self._words[at >> 3] = value

    @property
    def published(self) -> int:
        return self.get(CTRL_PUBLISHED)

    @property
    def vdl(self) -> int:
        return self.get(CTRL_VDL)

    @property
    def epoch(self) -> int:
        return self.get(CTRL_EPOCH)

    def durable(self) -> list[int]:
        """Durable LSN of each copy; 0 for those that are not live."""
        return [self.get(copy_word(i, COPY_DURABLE)) for i in range(COPIES)]

    def states(self) -> list[int]:
        """STATE_… of each copy."""
        return [self.get(copy_word(i, COPY_STATE)) for i in range(COPIES)]

    def read_points(self) -> list[int]:
        """Read points of the replicas that have one."""
        points = (self.get(replica_word(i, REPLICA_READ_POINT)) for i in range(REPLICAS_MAX))
        return [point for point in points if point > 0]

    def count(self, copy_no: int, word: int, more: int = 1) -> None:
        """Add to a counter (COUNT_…); each has one thread that counts."""
        self._words[count_word(copy_no, word) >> 3] += more

    def counted(self, copy_no: int, word: int) -> int:
        """A counter (COUNT_…)."""
        return self.get(count_word(copy_no, word))
