"""What must be true: every batch that was published, every commit, every table, by LSN.

The ledger is told by the writer what it did, takes the log's bytes out of the ring itself, and
forgets what a recovery has cut off. Everything is asked as of an LSN: `rows_at`, `tables_at`.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from redo.arena import RING_AT, Arena
from redo.control import Control
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    KIND_COMMIT,
    KIND_DICTIONARY,
    MARK_CLOCK_AT,
    RECORD_LENGTH_AT,
)
from redo.state import FIRST_LSN
from redo.timeline import Jump, gaps_at, is_hidden
from tests.btree.shop import Row
from tests.simulator.world import Violation

Changes = dict[int, Row | None]


@dataclass(frozen=True)
class Batch:
    """What one publish gave."""

    lsn: int
    data: bytes
    clock_us: int

    @property
    def end(self) -> int:
        return self.lsn + len(self.data)


@dataclass(frozen=True)
class Commit:
    """A transaction or a data definition: durable, hence visible, when the log is up to `end`."""

    end: int
    changes: Changes = field(default_factory=dict)
    table: str = ""  #: was made, or dropped
    dropped: bool = False


class Ledger:
    """One volume's history.

    acknowledged  clients were told of everything below
    vdl           highest VDL seen
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.commits: list[Commit] = []
        self.jumps: list[Jump] = []
        self.acknowledged = FIRST_LSN
        self.vdl = FIRST_LSN
        self.captured = FIRST_LSN
        self.turn = 0  #: how often log was cut off, or left out
        self.doubtful: set[str] = set()  #: tables whose making or dropping was broken off

    # the log

    def capture(self, control: Control, arena: Arena) -> None:
        """Take what has been published since out of the ring."""
        while self.captured < control.published:
            at = RING_AT + self.captured % arena.ring_bytes
            length = int(arena.mem[at + BATCH_LENGTH_AT :][:4].view("<u4")[0])
            if length == 0:
                raise Violation("log follows itself", f"no batch at {self.captured}")
            data = arena.mem[at : at + length].tobytes()
            clock = int.from_bytes(data[BATCH_CLOCK_AT : BATCH_CLOCK_AT + 8], "little")
            self.batches.append(Batch(self.captured, data, clock))
            self.captured += length

    def is_boundary(self, lsn: int) -> bool:
        """Does a batch end, or the log begin or go on after a jump, at this LSN?"""
        if lsn == FIRST_LSN or any(jump.start == lsn for jump in self.jumps):
            return True
        place = bisect.bisect_left(self.batches, lsn, key=lambda batch: batch.end)
        return place < len(self.batches) and self.batches[place].end == lsn

    def stretch(self, lsn: int, end: int) -> list[Batch]:
        """Batches that begin at `lsn` or later and below `end`."""
        first = bisect.bisect_left(self.batches, lsn, key=lambda batch: batch.lsn)
        last = bisect.bisect_left(self.batches, end, key=lambda batch: batch.lsn)
        return self.batches[first:last]

    def path(self, lsn: int) -> list[Batch]:
        """The batches that lead to the state at `lsn`."""
        gaps = gaps_at(self.jumps, lsn)
        return [batch for batch in self.stretch(0, lsn) if not is_hidden(gaps, batch.lsn)]

    def decisions(self, decrypted: Callable[[bytes], bytes]) -> list[tuple[int, int]]:
        """(LSN, clock in µs) of the commits and changes of the dictionary that lead to VDL."""
        found = []
        for batch in self.path(self.vdl):
            data, at = decrypted(batch.data), BATCH_HEADER_BYTES
            while at < len(data):
                length, kind = struct.unpack_from("<IH", data, at + RECORD_LENGTH_AT)
                if kind in (KIND_COMMIT, KIND_DICTIONARY):
                    (clock_us,) = struct.unpack_from("<q", data, at + MARK_CLOCK_AT)
                    found.append((batch.lsn + at, clock_us))
                at += (length + 7) & -8
        return found

    # what the writer says

    def committed(self, commit: Commit) -> None:
        """The writer made it; nobody has been told."""
        assert not self.commits or self.commits[-1].end <= commit.end
        self.commits.append(commit)

    def acknowledge(self, vdl: int) -> None:
        """Clients are told of every commit that ends at or below `vdl`."""
        ends = [commit.end for commit in self.commits if commit.end <= vdl]
        self.acknowledged = max([self.acknowledged, *ends])

    def recovered(self, vdl: int) -> None:
        """The volume goes on at `vdl`: what was above is gone for good. Raises Violation."""
        if vdl < self.acknowledged:
            lost = [c.end for c in self.commits if vdl < c.end <= self.acknowledged]
            raise Violation(
                "acknowledged commits stay",
                f"recovered at {vdl}, but commits ending at {lost} were acknowledged",
            )
        if vdl < self.vdl:
            raise Violation("VDL never falls", f"{vdl} after {self.vdl}")
        if not self.is_boundary(vdl):
            raise Violation("VDL is a batch boundary", f"recovered at {vdl}")
        self.turn += 1
        self.batches = self.stretch(0, vdl)
        self.commits = [commit for commit in self.commits if commit.end <= vdl]
        self.captured = self.vdl = vdl

    def went_back(self, jump: Jump, to_us: int) -> None:
        """The volume goes on at `jump.start` with the state of `jump.origin`, which was meant to
        be the last one not later than `to_us`. What is undone may come back, but for what had left
        the writer's ring for no disk that was there. Raises Violation."""
        self._check_target(jump.origin, to_us)
        self.jumps.append(jump)
        self.turn += 1
        self.batches = [batch for batch in self.batches if batch.end <= jump.start]
        self.commits = [commit for commit in self.commits if commit.end <= jump.start]
        self.captured = self.vdl = self.acknowledged = jump.start

    def _check_target(self, lsn: int, to_us: int) -> None:
        """Without an earlier jump in between: the last batch not after that time ends there.

        What nobody was told of may count, or not."""
        if self.jumps:
            return
        known = self.stretch(0, max(self.vdl, lsn))
        before = [batch.end for batch in known if batch.clock_us <= to_us]
        if lsn != max(before, default=FIRST_LSN):
            what = f"went to {lsn} instead of {max(before, default=FIRST_LSN)}"
            raise Violation("backtrack finds the moment", what)

    # what readers must see

    def _commits_at(self, lsn: int) -> list[Commit]:
        gaps = gaps_at(self.jumps, lsn)
        upto = (commit for commit in self.commits if commit.end <= lsn)
        return [commit for commit in upto if not is_hidden(gaps, commit.end - 1)]

    def rows_at(self, lsn: int) -> dict[int, Row]:
        """The table as of an LSN."""
        rows: dict[int, Row] = {}
        for commit in self._commits_at(lsn):
            for row_id, row in commit.changes.items():
                if row is None:
                    rows.pop(row_id, None)
                else:
                    rows[row_id] = row
        return rows

    def tables_at(self, lsn: int) -> set[str]:
        """Names of the tables there are."""
        tables: set[str] = set()
        for commit in self._commits_at(lsn):
            if commit.table and commit.dropped:
                tables.discard(commit.table)
            elif commit.table:
                tables.add(commit.table)
        return tables
