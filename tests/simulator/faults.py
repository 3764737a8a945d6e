"""What goes wrong: chosen by chance, within what six copies promise to survive.

At most two copies are hurt at a time (`HURT_MAX`): any two may fail without a pause in writing. A
copy counts as hurt until it is whole again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from redo.quorum import COPIES, ZONES, is_full, zone_copies
from tests.simulator.drives import Drive
from tests.simulator.processes import ThreeProcesses

if TYPE_CHECKING:
    from tests.simulator.cluster import Cluster

HURT_MAX = 2
NEVER = 1 << 62
_TURNS_TO_FAIL = 30


class Faults:
    """Hurts a cluster.

    likely   faults that come thirty times as often
    """

    def __init__(self, cluster: Cluster, likely: tuple[str, ...] = ()) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._drives = cluster.world.disk.drives
        self._return_at = NEVER
        self._likely = {f"_{name}" for name in likely}

    def step(self) -> None:
        """One more thing goes wrong, or one ends."""
        world = self._world
        options: list[tuple[float, Callable[[], None]]] = [
            (3, self._mend_some),
            (2, self._slow),
            (1, self._fail_sync),
            (1, self._fail_sync_and_kill),
            (1, self._fail_write),
            (1, self._fail_reads),
            (1, self._fill),
            (1, self._remove),
            (1, self._take_away),
            (1, self._flip),
            (2, self._cut_power),
            (2, self._kill_storage),
            (1, self._stop_zone),
            (1, self._cut_off),
            (1.5, self._kill_writer),
            (1.5, self._replace_writer),
            (2, self._kill_replica),
            (2, self._pause_replica),
            (1, self._lose_a_quorum),
            (3, self._miss_a_recovery),
            (1, self._travel),
            (1, self._turn_clock),
            (1, self._lose_the_store),
            (1, self._rotate_key),
        ]
        weights = [w * (30 if f.__name__ in self._likely else 1) for w, f in options]
        world.choose([fault for _, fault in options], weights)()

    def due(self) -> None:
        """What was put off until now."""
        if self._world.steps >= self._return_at:
            self._return()

    def end(self) -> None:
        """Everything that is wrong with disks ends."""
        for drive in self._drives:
            self._mend(drive)
        self._end_outages()
        processes, store = self._cluster.processes, self._cluster.services.store
        if isinstance(processes, ThreeProcesses):
            processes.trouble = 0.0
        if store is not None:
            store.away, store.trouble = False, 0.0

    def relent(self) -> None:
        """Something could not be done: let it be possible again."""
        self.end()

    # disks

    def _victim(self) -> int | None:
        """A copy that may be hurt now."""
        hurt = self._cluster.hurt
        if sum(hurt) < HURT_MAX:
            whole = [n for n in range(COPIES) if not hurt[n]]
            return int(self._world.chance.choice(whole))
        return None

    def _hurt(self, what: str) -> Drive | None:
        copy_no = self._victim()
        if copy_no is None:
            return None
        drive = self._drives[copy_no]
        self._cluster.hurt[copy_no] = True
        self._world.note(f"{drive.name}: {what}")
        return drive

    def _mend(self, drive: Drive) -> None:
        drive.speed = 1.0
        drive.full = drive.away = False
        drive.failing_syncs = drive.failing_writes = drive.failing_reads = 0

    def _mend_some(self) -> None:
        if self._world.chance.random() < 0.3:
            self._end_outages()
        drive = self._world.chance.choice(self._drives)
        if not drive.good or drive.speed < 1.0:
            self._world.note(f"{drive.name}: mended")
            self._mend(drive)

    def _slow(self) -> None:
        drive = self._world.chance.choice(self._drives)
        drive.speed = self._world.chance.choice((0.02, 0.1, 1.0))
        self._world.note(f"{drive.name}: speed {drive.speed}")

    def _fail_sync(self) -> None:
        drive = self._hurt("a sync fails")
        if drive is not None:
            drive.failing_syncs = 1

    def _fail_sync_and_kill(self) -> None:
        """A sync fails, and nobody lives to tell: what it should have saved can still be read."""
        drive = self._hurt("a sync fails, and its process dies")
        writer = self._cluster.writer
        if drive is None or writer is None:
            return
        drive.failing_syncs = 1
        writer.change_and_commit()
        writer.publish()
        for _ in range(_TURNS_TO_FAIL):
            self._world.run_something()
            if not drive.failing_syncs:
                break
        self._cluster.processes.restart_some(self._drives.index(drive))

    def _fail_write(self) -> None:
        drive = self._hurt("a write fails")
        if drive is not None:
            drive.failing_writes = 1

    def _fail_reads(self) -> None:
        drive = self._hurt("some reads fail")
        if drive is not None:
            drive.failing_reads = self._world.chance.choice((1, 3, 30))

    def _fill(self) -> None:
        drive = self._hurt("full")
        if drive is not None:
            drive.full = True

    def _take_away(self) -> None:
        drive = self._hurt("away")
        if drive is not None:
            drive.away = True

    def _remove(self) -> None:
        drive = self._hurt("everything is removed")
        if drive is not None:
            self._cluster.removed.add(self._drives.index(drive))
            path = self._cluster.path_of(self._drives.index(drive))
            shutil.rmtree(path, ignore_errors=True)

    def _flip(self) -> None:
        """One bit of a page file; or of log, which is read again when its process has died.

        (Log that was indexed is believed by reads until scrub comes by.)"""
        drive = self._hurt("a bit flips")
        if drive is None:
            return
        top = self._cluster.path_of(self._drives.index(drive))
        paths = [
            f"{directory}/{name}"
            for directory, _, names in sorted(os.walk(top))
            for name in sorted(names)
            if name.endswith((".log", ".dat"))
        ]
        chance = self._world.chance
        if paths:
            path = chance.choice(paths)
            size = os.path.getsize(path)
            if size:
                at, bit = chance.randrange(size), chance.randrange(8)
                self._world.note(f"bit {bit} of byte {at} of {path}")
                self._world.disk.flip(path, at, bit)
                copy_no = self._drives.index(drive)
                self._cluster.flipped[copy_no] = True
                if path.endswith(".log"):
                    self._cluster.processes.restart_some(copy_no)

    # processes and machines

    def _cut_power(self) -> None:
        self._world.cut_after = self._world.chance.randrange(60)
        self._world.note(f"power will be cut in {self._world.cut_after} disk operations")

    def _lose_a_quorum(self) -> None:
        """The power fails, and too few disks come back to say what was acknowledged: storage must
        not open until others do."""
        full = [n for n in range(COPIES) if is_full(n)]
        missing = self._world.chance.choice((full, self._world.chance.sample(range(COPIES), 4)))
        self._get_ahead(missing)
        self._without(missing)

    def _miss_a_recovery(self) -> None:
        """The power fails, and one or two disks come back when recovery has gone on without."""
        if not any(self._cluster.hurt):
            missing = self._world.chance.sample(range(COPIES), self._world.chance.choice((1, 2)))
            for copy_no in missing:
                self._cluster.hurt[copy_no] = True
            self._get_ahead(missing)
            self._without(missing)
            self._return_at = self._world.steps + self._world.chance.randrange(2, 25)

    def _get_ahead(self, copies: list[int]) -> None:
        """These copies have log that no other has: all other disks stall for a moment."""
        speeds = [drive.speed for drive in self._drives]
        for copy_no, drive in enumerate(self._drives):
            drive.speed = 1.0 if copy_no in copies else 0.0
        writer = self._cluster.writer
        if writer is not None:
            writer.change_and_commit()
            writer.publish()
            for _ in range(10):
                self._world.run_something()
            writer.advance()
        for drive, speed in zip(self._drives, speeds, strict=True):
            drive.speed = speed

    def _return(self) -> None:
        """Those disks are there again, with what they had, and the power fails once more."""
        self._return_at = NEVER
        self._world.note("the power fails; all disks come back")
        for drive in self._drives:
            drive.away = False
        self._world.cut = True

    def _without(self, missing: list[int]) -> None:
        names = [self._drives[copy_no].name for copy_no in missing]
        self._world.note(f"power fails, {names} do not come back")
        self._world.cut = True
        for copy_no in missing:
            self._drives[copy_no].away = True

    def _travel(self) -> None:
        """The volume goes back in time."""
        self._cluster.travel()

    def _kill_storage(self) -> None:
        self._cluster.processes.restart_some()

    def _stop_zone(self) -> None:
        """A zone's process is gone for a while."""
        processes = self._cluster.processes
        if isinstance(processes, ThreeProcesses) and not any(self._cluster.hurt):
            number = self._world.chance.randrange(len(ZONES))
            for copy_no in zone_copies(number):
                self._cluster.hurt[copy_no] = True
            self._world.note(f"{ZONES[number]} is down")
            processes.stop_zone(number)

    def _cut_off(self) -> None:
        """A zone cannot be asked for a while."""
        processes = self._cluster.processes
        if isinstance(processes, ThreeProcesses):
            processes.unreachable ^= {self._world.chance.randrange(len(ZONES))}
            self._world.note(f"zones {sorted(processes.unreachable)} cannot be reached")

    def _end_outages(self) -> None:
        processes = self._cluster.processes
        if isinstance(processes, ThreeProcesses):
            processes.unreachable.clear()
            for number in range(len(ZONES)):
                if number not in processes.zones:
                    self._world.note(f"{ZONES[number]} is back")
                    processes.start_zone(number)

    def _kill_writer(self) -> None:
        self._cluster.stop_writer()
        self._cluster.start_writer()

    def _replace_writer(self) -> None:
        self._cluster.replace_writer()

    def _kill_replica(self) -> None:
        number = self._world.chance.randrange(len(self._cluster.replicas))
        self._world.note(f"replica {number} is killed")
        self._cluster.start_replica(number)

    def _pause_replica(self) -> None:
        """A replica stands still, for so long that the ring may run past it."""
        number = self._world.chance.randrange(len(self._cluster.replicas))
        replica = self._cluster.replicas[number]
        if replica is not None:
            replica.resumes_at = self._world.steps + self._world.chance.randrange(200)
            self._world.note(f"replica {number} stands still")

    def _lose_the_store(self) -> None:
        """The object store does not answer for a while."""
        store = self._cluster.services.store
        if store is not None:
            store.away = not store.away
            self._world.note(f"the object store is {'away' if store.away else 'back'}")

    def _rotate_key(self) -> None:
        """There is another master key; what earlier ones have wrapped can be read for ever."""
        keys = self._cluster.services.keys
        if keys is not None:
            keys.rotate()
            self._world.note("there is another master key")

    def _turn_clock(self) -> None:
        self._world.skew_us = self._world.chance.randint(-10_000_000, 10_000_000)
        self._world.was_skewed = True
        self._world.note(f"wall clock is {self._world.skew_us / 1e6:.1f} s wrong")
