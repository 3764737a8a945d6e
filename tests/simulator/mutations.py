"""Planted bugs: the traps of the literature on such systems, one at a time.

Each changes one function or constant of production code for as long as the context lasts. The
invariants must find every one of them (`test_simulator`); `docs/simulator.md` has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from btree import pool_kernels
from redo import log_kernels
from redo.archive import Archive
from redo.arena import RING_AT
from redo.chunks import ChunkLog
from redo.control import COPY_DURABLE, COPY_WRITTEN, CTRL_LAST_BATCH, CTRL_VDL, Control
from redo.copier import Copier
from redo.errors import ArchiveUnavailable, PageUnavailable
from redo.image import PAGE_LSN_AT
from redo.keyring import KeySealer
from redo.log import LogWriter, Recovered
from redo.page_store import PageStore
from redo.quorum import READ_QUORUM
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from redo.record_kernels import record_apply
from redo.state import ST_RING_BYTES, ST_VDL
from redo.storage import Storage
from replicas.apply import Applier
from replicas.reader import ReadEngine
from tests.simulator.cluster import Kind
from tests.simulator.drives import Drives

NEVER = 1 << 62
PLAIN = Kind(1, encrypted=False, archived=False)
Plant = Callable[[], Any]


@dataclass(frozen=True)
class Mutation:
    """trap    its number in the literature's list
    plant      makes the context manager
    caught_by  the invariants any of which may find it
    kind       of cluster that shows it soon
    seed       that shows it, or a later one: where the hunt begins
    """

    name: str
    trap: str
    plant: Plant
    caught_by: tuple[str, ...]
    kind: Kind = PLAIN
    seed: int = 1


def evict_what_is_not_durable() -> Any:
    """F1: the condition the paper prints: pages above VDL may go."""
    evict = pool_kernels.pool_evict
    return patch.object(
        pool_kernels, "pool_evict", lambda st, mem, vdl, force: evict(st, mem, NEVER, force)
    )


def apply_above_vdl() -> Any:
    """F2: replicas apply what was published, durable or not."""

    def advance(self: Applier) -> bool:
        published = self._control.published
        if self.applied < published:
            self._apply_up_to(published)
            self._publish()
        return False

    return patch.object(Applier, "advance", advance)


def starve_idle_groups() -> Any:
    """F5: a read point of the whole volume is compared with how far a group's own log goes: here
    that of a group of one page, which ends at its last record."""
    read_page = Storage.read_page

    def starving(self: Storage, page_no: int, lsn: int, frame: int) -> None:
        read_page(self, page_no, lsn, frame)
        at = frame + PAGE_LSN_AT
        complete = int.from_bytes(self.arena.mem[at : at + 8].tobytes(), "little")
        if complete < self.control.get(CTRL_LAST_BATCH):
            raise PageUnavailable(f"the group is complete to {complete} only")

    return patch.object(Storage, "read_page", starving)


def look_before_fencing() -> Any:
    """F3: the end of the log is taken, and only then earlier writers are shut out."""
    open_writer = Storage.open_writer

    def early(self: Storage, timeout_s: float = 30.0) -> Recovered:
        published = self.control.published
        for _ in range(20):  # meanwhile the old writer goes on
            self.environment.clock.sleep(0.001)
        found = open_writer(self, timeout_s)
        self.control.put(CTRL_VDL, published)
        return replace(found, vdl=published)

    return patch.object(Storage, "open_writer", early)


def durable_within_a_batch() -> Any:
    """F4: a copy reports each chunk it has written: VDL may lie within a mini-transaction."""
    step = Copier._step

    def eager(self: Copier, scratch: int) -> bool:
        more = step(self, scratch)
        written = self._get(COPY_WRITTEN)
        if self.live and written > self._get(COPY_DURABLE):
            self._put(COPY_DURABLE, written)
        return more

    return patch.object(Copier, "_step", eager)


def link_to_nothing() -> Any:
    """F6: after a recovery the log goes on without naming the batch that survived."""
    open_log = LogWriter.open

    def unlinked(self: LogWriter, recovered: Recovered) -> None:
        open_log(self, replace(recovered, last_batch=0))

    return patch.object(LogWriter, "open", unlinked)


@contextmanager
def recover_without_a_full_copy() -> Iterator[None]:
    """F7: recovery reads any three copies, though the full ones alone may have acknowledged."""

    def recovery_point(complete: Any) -> int | None:
        there = [lsn for lsn in complete if lsn is not None]
        return max(there) if len(there) >= READ_QUORUM else None

    with (
        patch("redo.recovery.recovery_point", recovery_point),
        patch("redo.recovery.can_write", lambda live: sum(live) >= READ_QUORUM),
        patch("redo.recovery._rebuild_to_quorum"),
    ):
        yield


def forget_readers() -> Any:
    """F8: storage keeps what the writer needs, and nothing for replicas."""
    return patch.object(Control, "read_points", lambda self: [])


def apply_half() -> Any:
    """F9: a replica stops in the middle of a mini-transaction and lets people read."""
    apply_up_to = Applier._apply_up_to
    halves: dict[int, int] = {}

    def half(self: Applier, vdl: int) -> None:
        pages, lsn = _records(self, self.applied), self.applied
        if len(pages) < 2 or halves.get(id(self)) == lsn:
            apply_up_to(self, vdl)
            return
        halves[id(self)] = lsn
        pool = self._drop_pages.__self__  # type: ignore[attr-defined]
        for page_no, record in pages[: len(pages) // 2]:
            frame = pool.lookup(page_no)
            if frame is not None:
                record_apply(self._st, self._mem, frame, record)

    return patch.object(Applier, "_apply_up_to", half)


def _records(applier: Applier, lsn: int) -> list[tuple[int, int]]:
    """(page, offset) of the page records of the ring's batch at `lsn`."""
    mem = applier._mem
    ring = applier._st[ST_RING_BYTES]

    def number(at: int, size: int) -> int:
        return int.from_bytes(mem[at : at + size].tobytes(), "little")

    batch = RING_AT + lsn % int(ring)
    at, end = batch + BATCH_HEADER_BYTES, batch + number(batch + BATCH_LENGTH_AT, 4)
    found: list[tuple[int, int]] = []
    if number(batch + BATCH_LSN_AT, 8) != lsn:  # the writer has gone round the ring
        return found
    while at < end and number(at + RECORD_LENGTH_AT, 4):
        if number(at + RECORD_KIND_AT, 2) == KIND_PAGE:
            found.append((number(at + RECORD_PAGE_NO_AT, 8), at))
        at += (number(at + RECORD_LENGTH_AT, 4) + 7) & -8
    return found


def sync_again() -> Any:
    """F10: a sync that failed is tried again, and believed."""
    kernel_sync = Drives.kernel_sync

    def again(self: Drives, fd: int) -> int:
        code = kernel_sync(self, fd)
        return kernel_sync(self, fd) if code < 0 else code

    return patch.object(Drives, "kernel_sync", again)


def believe_what_is_read() -> Any:
    """Log that can be read counts as durable, though a process before could not sync it."""
    return patch.object(ChunkLog, "save", lambda self, lsn, end: None)


def keep_the_cache() -> Any:
    """F11: the stream was lost, or time went back, and the replica keeps its pages."""
    return patch.object(Applier, "_jump", _jump_with_pages)


def _jump_with_pages(self: Applier) -> None:
    self.applied = self._control.vdl
    self.jumps += 1


def keep_the_dictionary() -> Any:
    """F12: replicas are not told that tables come and go."""

    def advance(self: ReadEngine) -> bool:
        return self.applier.advance()

    return patch.object(ReadEngine, "advance", advance)


def acknowledge_early() -> Any:
    """The writer believes three copies."""
    advance = log_kernels.advance

    def eager(self: LogWriter) -> int:
        third = sorted(self._control.durable(), reverse=True)[2]
        advance(self._st, self._mem)
        if third > self._st[ST_VDL]:
            self._st[ST_VDL] = third
            self._control.put(CTRL_VDL, third)
        return int(self._st[ST_VDL])

    return patch.object(LogWriter, "advance", eager)


def forget_jumps() -> Any:
    """Copies do not know that the volume went back in time: what was undone returns."""
    from redo.segment import Segment

    set_history = Segment._set_history

    def without(self: Segment, history: Any) -> None:
        set_history(self, replace(history, jumps=()))

    return patch.object(Segment, "_set_history", without)


def share_everything() -> Any:
    """A snapshot counts the images that its parent stores after it was made."""
    return patch.object(PageStore, "limits", lambda self, shared: shared)


def believe_the_store() -> Any:
    """Log that the object store has not taken counts as archived."""
    put_log = Archive.put_log

    def believing(self: Archive, name: Any, log: bytes) -> int:
        try:
            return put_log(self, name, log)
        except ArchiveUnavailable:
            return 0

    return patch.object(Archive, "put_log", believing)


@contextmanager
def archive_in_clear() -> Iterator[None]:
    """The archive of an encrypted volume is not encrypted."""
    with (
        patch.object(KeySealer, "seal", lambda self, name, data: data),
        patch.object(KeySealer, "unseal", lambda self, name, data: data),
    ):
        yield


def believe_old_epochs() -> Any:
    """Recovery takes what an older writer left above the end of its epoch."""
    from redo.segment import Segment

    set_history = Segment._set_history

    def without(self: Segment, history: Any) -> None:
        set_history(self, replace(history, epochs=()))

    return patch.object(Segment, "_set_history", without)


COMMITS_ARE_LOST = ("acknowledged commits stay", "VDL never falls")
BOUNDARY = ("VDL is a batch boundary",)
COPIES_DIFFER = (
    "copies agree",
    "copies have the log that was published",
    "copies become whole again",
)
NOT_KEPT = ("what is acknowledged survives a power cut",)
TABLES_ARE_WRONG = ("replicas know the tables of their LSN",)
ANY_OF_THESE = BOUNDARY + COPIES_DIFFER + COMMITS_ARE_LOST
POOL_IS_WRONG = ("pages above VDL stay in the pool",)
CACHES_ARE_WRONG = ("replicas cache pages of their LSN",)
MOMENTS_ARE_WRONG = ("snapshots show their moment",)
ARCHIVE_IS_WRONG = ("the archive has every moment",)


def during(*faults: str) -> Kind:
    """A plain cluster to which these things happen often."""
    return replace(PLAIN, likely=faults)


MUTATIONS = [
    Mutation("evict_what_is_not_durable", "F1", evict_what_is_not_durable, POOL_IS_WRONG),
    Mutation("apply_above_vdl", "F2", apply_above_vdl, ("replicas stay below VDL",)),
    Mutation(
        "look_before_fencing", "F3", look_before_fencing, COMMITS_ARE_LOST, during("replace_writer")
    ),
    Mutation("durable_within_a_batch", "F4", durable_within_a_batch, BOUNDARY),
    Mutation("starve_idle_groups", "F5", starve_idle_groups, ("what is durable can be read",)),
    Mutation(
        "link_to_nothing",
        "F6",
        link_to_nothing,
        COMMITS_ARE_LOST + COPIES_DIFFER,
        during("cut_power"),
    ),
    Mutation(
        "recover_without_a_full_copy",
        "F7",
        recover_without_a_full_copy,
        COMMITS_ARE_LOST,
        during("lose_a_quorum"),
    ),
    Mutation(
        "forget_readers",
        "F8",
        forget_readers,
        ("what readers need is kept",),
        during("pause_replica"),
        seed=3,
    ),
    Mutation("apply_half", "F9", apply_half, CACHES_ARE_WRONG),
    Mutation(
        "sync_again",
        "F10",
        sync_again,
        (*NOT_KEPT, "what copies call durable is synced"),
        during("fail_sync", "mend_some"),
    ),
    Mutation(
        "believe_what_is_read",
        "F10b",
        believe_what_is_read,
        ("what copies call durable is synced",),
        during("fail_sync_and_kill"),
    ),
    Mutation("keep_the_cache", "F11", keep_the_cache, CACHES_ARE_WRONG, during("pause_replica")),
    Mutation("keep_the_dictionary", "F12", keep_the_dictionary, TABLES_ARE_WRONG),
    Mutation("acknowledge_early", "C5", acknowledge_early, NOT_KEPT),
    Mutation(
        "believe_old_epochs", "C15", believe_old_epochs, ANY_OF_THESE, during("miss_a_recovery")
    ),
    Mutation("forget_jumps", "C31", forget_jumps, ("what was undone stays out",), during("travel")),
    Mutation(
        "share_everything", "C32", share_everything, MOMENTS_ARE_WRONG, during("branch"), seed=8
    ),
    Mutation(
        "believe_the_store",
        "C33",
        believe_the_store,
        ARCHIVE_IS_WRONG,
        replace(PLAIN, archived=True),
        seed=17,
    ),
    Mutation(
        "archive_in_clear",
        "K",
        archive_in_clear,
        ("what is stored is encrypted",),
        Kind(1, encrypted=True, archived=True),
    ),
]
