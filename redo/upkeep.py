"""Storage's background work, in small steps on one thread of low priority.

Each step looks whether copies are still there, prepares the next chunk files, starts a repair,
goes on with coalescing, and gives up log that nobody needs.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from redo.coalesce import Keep, abandon, coalesce, store_hot
from redo.control import CTRL_LOG_START
from redo.copier import Copier
from redo.disk import is_full_disk
from redo.environment import Steps, Task
from redo.errors import VolumeError
from redo.healing import Healer
from redo.mending import Mender
from redo.pins import lowest_pin, tell_pins
from redo.segment import Segment
from redo.segment_layout import RUN_BYTES
from redo.storage import Storage
from redo.timeline import NEVER

logger = logging.getLogger(__name__)

_STEP_S = 0.1
_SLICE_S = 0.02  #: of coalescing between two looks at everything else
_IDLE_S = 5.0
_IDLE_BYTES = 1 << 20
_FULL_DISK_S = 5.0
_RUN_S = 5.0
_INDEX_BYTES = 1 << 19  #: log that is indexed at once, so much the next read of a page waits for
_BOUND_ROUNDS = 8  #: so much log that could be pages is too much: writers wait
_MISSED_RUNS = 8  #: a tail that is so far behind reads its log itself
_NICE = 5


@dataclass(frozen=True, slots=True)
class UpkeepSettings:
    """What upkeep goes by.

    coalesce_bytes      log above the checkpoint of a full copy that starts a round
    backtrack_window_s  how far back in time the volume can be taken; 0: not at all
    """

    coalesce_bytes: int
    backtrack_window_s: int = 0


class Upkeep:
    """Runs until `stop`."""

    def __init__(self, storage: Storage, settings: UpkeepSettings) -> None:
        self._storage = storage
        self._settings = settings
        self._run_bytes = min(RUN_BYTES, settings.coalesce_bytes // 4)
        self._index_bytes = min(_INDEX_BYTES, self._run_bytes)
        self._clock = storage.environment.clock
        self._ended = self._clock.monotonic_s()
        self._rounds: dict[int, Iterator[None]] = {}
        self._mender = Mender(storage)
        self._healer = Healer(storage, self._forget_round)
        self._seen = (0, 0.0)
        self._pause_until = 0.0
        self._look_from = 0.0
        self._task: Task | None = None

    def start(self) -> None:
        """Start the task."""
        self._task = self._storage.environment.tasks.start("redo-upkeep", self._main(), _NICE)

    def stop(self) -> None:
        """End the task, and the repair it may have started."""
        self._storage.stopping = True
        self._storage.event.set()
        if self._task is not None:
            self._task.join()
        self._mender.stop()
        self._healer.stop()

    def _main(self) -> Steps:
        storage = self._storage
        while not storage.stopping:
            busy = False
            storage.right_of_way.give()
            try:
                busy = self.step()
            except Exception:  # the next step finds out what is wrong, copy by copy
                logger.exception("upkeep")
            yield
            self._clock.wait(storage.event, 0.001 if busy else _STEP_S)
            storage.event.clear()

    def step(self) -> bool:
        """One look at everything; whether there is more to do at once."""
        self._look_for_files()
        for copier in self._storage.live():
            if copier.live:
                self._prepare_chunk(copier)
                self._storage.right_of_way.give()
        self._mender.step()
        self._healer.step()
        more = self._index_step()
        self._storage.grow()
        if self._clock.monotonic_s() - self._ended > _RUN_S:
            self._ended = self._clock.monotonic_s()
        paused = self._clock.monotonic_s() <= self._pause_until
        self._storage.log_bound = 0 if paused else _BOUND_ROUNDS * self._settings.coalesce_bytes
        busy = not paused and self._coalesce_step()
        if not busy:
            self._recycle_tails()
        return busy or more

    def _look_for_files(self) -> None:
        """Every now and then: it asks the system about each file."""
        now = self._clock.monotonic_s()
        if now < self._look_from:
            return
        self._look_from = now + _STEP_S
        for copier in self._storage.live():
            if not copier.segment.present():
                copier.fail("its files are gone", errno.ENOENT)

    def _prepare_chunk(self, copier: Copier) -> None:
        """Have the next chunk file ready when the present one is half full."""
        log = copier.segment.log
        position = max(copier.durable, copier.segment.mark.lsn)
        start = log.start_of(position)
        if position - start < log.chunk_bytes // 2:
            return
        try:
            log.prepare(start + log.chunk_bytes)
        except OSError as error:
            logger.warning("copy %s: next log file: %s", copier.segment.name, error)

    def _forget_round(self, copy_no: int) -> None:
        """A copy is about to be closed."""
        self._rounds.pop(copy_no, None)

    def _limit(self) -> int:
        """Nobody reads pages below this LSN any more."""
        control = self._storage.control
        return min([control.vdl, *control.read_points()])

    def _keep(self) -> Keep:
        """What must stay of the past."""
        window_us = self._settings.backtrack_window_s * 1_000_000
        before_us = self._clock.wall_us() - window_us if window_us else NEVER
        return Keep(before_us, self._pin())

    def _pin(self) -> int:
        """The lowest pin, ours or that of another process's."""
        storage = self._storage
        tell_pins(storage.control, min(storage.copies) // 2, dict(storage.pins))
        return lowest_pin(storage.control) or NEVER

    def _idle(self) -> bool:
        """Has nothing been published for a while?"""
        published, now = self._storage.control.published, self._clock.monotonic_s()
        if published != self._seen[0]:
            self._seen = (published, now)
        return now - self._seen[1] > _IDLE_S

    def _coalesce_step(self) -> bool:
        """Start rounds that are due, go on for a moment with those that run."""
        most = self._settings.coalesce_bytes
        threshold = min(_IDLE_BYTES, most) if self._idle() else most
        for copier in self._storage.live():
            segment = copier.segment
            limit = min(copier.durable, self._limit())
            running = segment.copy_no in self._rounds
            busy = running or self._mender.works_on(segment.copy_no)
            if segment.full and not busy and limit - segment.mark.lsn > threshold:
                self._rounds[segment.copy_no] = coalesce(segment, limit, 2 * most, self._keep())
        until = self._clock.monotonic_s() + _SLICE_S
        while self._rounds and self._clock.monotonic_s() < until and not self._storage.stopping:
            for copy_no in list(self._rounds):
                self._storage.right_of_way.give()
                self._advance(copy_no)
        return bool(self._rounds)

    def _advance(self, copy_no: int) -> None:
        """A step of a copy's round."""
        copier = self._storage.copiers[copy_no]
        steps = self._rounds.get(copy_no)
        if copier is None or steps is None or not copier.live:
            self._rounds.pop(copy_no, None)
            return
        try:
            next(steps)
        except StopIteration:
            self._rounds.pop(copy_no, None)
        except (OSError, VolumeError) as error:
            self._rounds.pop(copy_no, None)
            self._give_up_round(copier, error)

    def _give_up_round(self, copier: Copier, error: OSError | VolumeError) -> None:
        """A full disk is waited for, with the log kept; damage is mended, a failure is the end."""
        if isinstance(error, OSError) and is_full_disk(error):
            logger.error("copy %s: no space for pages; waiting", copier.segment.name)
            self._pause_until = self._clock.monotonic_s() + _FULL_DISK_S
            abandon(copier.segment)
        elif isinstance(error, OSError):
            copier.fail(f"coalescing: {error}", error.errno or 0)
        else:
            if copier.segment.full:
                abandon(copier.segment)
            self._mender.go_through(copier, f"coalescing: {error}")

    def _index_step(self) -> bool:
        """Index log in time, so that nobody who reads a page, or starts again, waits for much.

        Whether there is more to verify of what was taken over from a former life.
        """
        more = False
        for copier in self._storage.live():
            segment = copier.segment
            if self._mender.works_on(segment.copy_no):
                continue
            try:
                with segment.lock:
                    self._gather(copier)
                    more = segment.verify_step() or more
                if segment.full and self._clock.monotonic_s() > self._pause_until:
                    store_hot(segment, self._storage.control.vdl)
            except (OSError, VolumeError) as error:
                self._give_up_round(copier, error)
        return more

    def _gather(self, copier: Copier) -> None:
        """Index what is there, and end the run if it is long enough, or old."""
        segment, vdl = copier.segment, self._storage.control.vdl
        if segment.closed:
            return
        end = min(copier.durable, vdl)
        if not segment.full:
            self._adopt_runs(segment, end)
            if end - segment.indexed.lsn < _MISSED_RUNS * self._run_bytes:
                return
        ahead = end - segment.indexed.lsn
        due = self._idle() or self._clock.monotonic_s() - self._ended > _RUN_S
        if (ahead > self._index_bytes or due) and ahead > 0 and segment.extend_index(end) < 0:
            raise VolumeError("its log is damaged")
        if segment.gathered >= self._run_bytes or due:
            segment.end_run()

    def _adopt_runs(self, tail: Segment, end: int) -> None:
        """A tail has the log that full copies have indexed: it need not read it to know runs."""
        full = next((c.segment for c in self._storage.live() if c.segment.full), None)
        for run in () if full is None else list(full.runs):
            if run.lsn == tail.indexed.lsn and run.mark.lsn <= end:
                tail.adopt(run)

    def _recycle_tails(self) -> None:
        """Tails keep log from the first checkpoint of the full copies on."""
        live = self._storage.live()
        full = [copier.segment.meta for copier in live if copier.segment.full]
        if not full:
            return
        lowest = min(full, key=lambda meta: meta.kept)
        for copier in live:
            segment = copier.segment
            if segment.full or lowest.kept - segment.meta.kept < segment.log.chunk_bytes:
                continue
            segment.save_marks(lowest.marks[:1])
            with segment.store_lock, segment.lock:
                segment.go_to(lowest.marks[0])
            segment.drop_log(lowest.kept)
        self._storage.control.put(CTRL_LOG_START, lowest.kept)
