"""Opening a volume after anything: which copies are readable, how far the volume is complete.

The checklist of a cold start (nothing in memory):
 1  open every copy that can be opened; its log is scanned from where its last run ends, void
    batches left out: how long that takes does not depend on how long the log is
 2  `quorum.recovery_point`: VDL = the furthest complete copy of at least three, one of them full
 3  copies behind it are filled from the furthest one; those that cannot be are given up
 4  a new epoch beginning at VDL is made durable on every copy, at least four: what an older writer
    left above VDL on a copy that comes back later is void by it
Fencing before reading (F3) is the lock on the data directory: one storage process, and it has not
started to take log from anybody.

A warm start (storage was restarted beside a living writer) knows VDL and epoch from the control
block; copies go on from the ring.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from redo.arena import Arena, Words
from redo.candidates import NEXT, take_place, tidy
from redo.disk import Disk
from redo.environment import Tasks
from redo.errors import VolumeError, VolumeLost
from redo.keyring import DataKey
from redo.log import Recovered
from redo.members import FIRST, Members
from redo.metadata import VolumeMeta
from redo.quorum import COPIES, can_write, copy_directory, recovery_point, with_epoch
from redo.repair import LogSource, NearCopy, fill_log, make_copy
from redo.segment import Segment
from redo.timeline import NEVER, History

logger = logging.getLogger(__name__)

NO_LIMIT = NEVER


def open_segments(
    disk: Disk,
    data_dir: str,
    volume: VolumeMeta,
    arena: Arena,
    st: Words,
    copies: Sequence[int] = range(COPIES),
    key: DataKey | None = None,
) -> list[Segment | None]:
    """The six copies, None where one is not ours or cannot be opened (said in the log)."""
    segments: list[Segment | None] = [None] * COPIES
    for copy_no in copies:
        segment = Segment(disk, data_dir, copy_no, volume, arena, st, key=key)
        try:
            tidy(disk, segment.path, copy_no)
            segment.open()
            segments[copy_no] = segment
        except (OSError, VolumeError) as error:
            logger.warning("copy %s cannot be read: %s", segment.name, error)
            segment.close()
    _leave_out_replaced(segments)
    return segments


def _leave_out_replaced(segments: list[Segment | None]) -> None:
    """Copies that were replaced while they were away do not count."""
    members = merged_members(segments)
    for i, segment in enumerate(segments):
        if segment is not None and not members.has(i, segment.meta.number):
            logger.warning("copy %s was replaced while it was away", segment.name)
            segment.close()
            segments[i] = None


def merged_history(segments: Sequence[Segment | None]) -> History:
    """The history of the copy that has seen the latest epoch."""
    histories = [segment.meta.history for segment in segments if segment is not None]
    return max(histories, key=lambda history: history.latest_epoch, default=History())


def scan_segments(
    tasks: Tasks, segments: list[Segment | None], history: History, limit: int
) -> None:
    """Scan all logs, several at once (the kernel runs without the GIL).

    Changes `segments`: copies that cannot be read become None.
    """
    with tasks.executor(COPIES) as pool:
        present = [segment for segment in segments if segment is not None]
        for segment, result in [(s, pool.submit(s.scan, history, limit)) for s in present]:
            try:
                result.result()
            except (OSError, VolumeError) as error:
                logger.warning("copy %s cannot be read: %s", segment.name, error)
                segment.close()
                segments[segment.copy_no] = None


def recover(tasks: Tasks, segments: list[Segment | None]) -> Recovered:
    """Cold start, steps 1 (scan) to 4. Changes `segments`: copies given up become None.

    Raises VolumeLost: fewer than three copies readable, or no full one.
    """
    history = merged_history(segments)
    scan_segments(tasks, segments, history, NO_LIMIT)
    complete = [None if segment is None else segment.complete for segment in segments]
    vdl = recovery_point(complete)
    if vdl is None:
        readable = sum(lsn is not None for lsn in complete)
        raise VolumeLost(f"{readable} of 6 copies are readable; at least 3 are needed, one full")
    logger.info("recovery: copies complete to %s, VDL %d", complete, vdl)
    best = max((s for s in segments if s is not None), key=lambda segment: segment.complete)
    fill_laggards(segments, vdl)
    _rebuild_to_quorum(segments, history, vdl)
    epoch = history.latest_epoch + 1
    history = replace(history, epochs=with_epoch(history.epochs, epoch, vdl))
    save_history(tasks, segments, history)
    return Recovered(epoch, vdl, best.last_batch, history.no_earlier_than(best.last_clock_us))


def fill_laggards(
    segments: list[Segment | None],
    vdl: int,
    elsewhere: Callable[[int], Sequence[tuple[LogSource, int]]] = lambda _: (),
) -> None:
    """Fill copies up to `vdl` from their peers. Changes `segments`: those that cannot be: None.

    elsewhere   peers in other processes whose log goes beyond an LSN, and how far
    """
    for i, segment in enumerate(segments):
        if segment is None or segment.complete >= vdl:
            continue
        peers: list[tuple[LogSource, int]] = []
        peers += [(s, vdl) for s in segments if s is not None and s.complete >= vdl]
        try:
            if not peers:
                peers += [(peer, vdl) for peer, end in elsewhere(segment.complete) if end >= vdl]
            segment.complete = fill_log(segment, segment.complete, peers)
        except (OSError, VolumeError) as error:
            logger.warning("copy %s cannot be filled: %s", segment.name, error)
            segment.close()
            segments[i] = None


def _rebuild_to_quorum(segments: list[Segment | None], history: History, vdl: int) -> None:
    """Without a write quorum nothing can be written: rebuild before opening, not after."""
    for i in range(COPIES):
        if can_write([segment is not None for segment in segments]):
            return
        if segments[i] is None:
            peer = next(s for s in segments if s is not None and s.full)
            logger.warning("rebuilding copy %s from %s", copy_directory(i), peer.name)
            members = merged_members(segments)
            if members.candidate(i) is None:
                members = members.suspect(i)
            number = members.slots[i][1]
            members = members.settle(i, number)
            segments[i] = _rebuilt(i, peer, vdl, history, (number, members))
            for segment in segments:
                if segment is not None:
                    segment.set_members(members)


def merged_members(segments: Sequence[Segment | None]) -> Members:
    """Who the members are, by the copy that has heard of the latest epoch."""
    known = [segment.meta.members for segment in segments if segment is not None]
    return max(known, key=lambda members: members.epoch, default=FIRST)


def _rebuilt(
    copy_no: int, peer: Segment, end: int, history: History, member: tuple[int, Members]
) -> Segment:
    """A new copy made from `peer`, open, complete to at least `end`."""
    data_dir = peer.path.removesuffix("/" + peer.name)
    place = copy_directory(copy_no) + NEXT
    disk = peer.disk
    maker = Segment(disk, data_dir, copy_no, peer.volume, peer.arena, peer.st, place)
    try:
        make_copy(maker, NearCopy(peer), end, member)
    finally:
        maker.close()
    take_place(disk, f"{data_dir}/{copy_directory(copy_no)}")
    world = (peer.volume, peer.arena, peer.st)
    segment = Segment(disk, data_dir, copy_no, *world, key=peer.key)
    try:
        segment.open()
        if segment.scan(history, NO_LIMIT) < end:
            raise VolumeError(f"{segment.name}: complete to {segment.complete}, not to {end}")
    except BaseException:
        segment.close()
        raise
    return segment


def save_history(tasks: Tasks, segments: Sequence[Segment | None], history: History) -> None:
    """Make the history durable on every copy, at least a write quorum. Raises VolumeLost."""
    done = set_history(tasks, segments, history)
    if not can_write([copy_no in done for copy_no in range(COPIES)]):
        raise VolumeLost(f"epoch {history.latest_epoch} is on {len(done)} of 6 copies: too few")


def set_history(tasks: Tasks, segments: Sequence[Segment | None], history: History) -> set[int]:
    """Make the history durable on every copy, on all at once; on which it is."""
    done = set()
    with tasks.executor(COPIES) as pool:
        present = [segment for segment in segments if segment is not None]
        for segment, result in [(s, pool.submit(s.set_history, history)) for s in present]:
            try:
                result.result()
                done.add(segment.copy_no)
            except OSError as error:
                logger.warning("copy %s: history not written: %s", segment.name, error)
    return done
