"""Snapshots, clones, clones of clones: each must show its moment, whatever happens after it was
made, and go its own way from there.

Each lies beside the volume, on the same disks. Now and then one is opened by a storage process and
a writer of its own, looked at, changed, frozen again, and closed, while the cluster goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from btree.errors import BtreeError
from redo import frozen
from redo.archive import Archive
from redo.arena import Arena, create_ring
from redo.control import COPY_DURABLE, COPY_WRITTEN, Control, copy_word
from redo.errors import OutsideWindow, PageUnavailable, VolumeError
from redo.quorum import COPIES, ZONES
from redo.restore import make_plan, restore, window
from redo.timeline import NEVER
from tests.btree.shop import Row
from tests.simulator.drives import PowerCut
from tests.simulator.hosts import ThreeHosts, host_data
from tests.simulator.ledger import Commit, Ledger
from tests.simulator.nodes import DATABASE, Writer
from tests.simulator.processes import OneProcess, OwnTasks, Place, Services
from tests.simulator.world import Violation

if TYPE_CHECKING:
    from tests.simulator.cluster import Cluster

PROCESS = "branch"
RING_BYTES = 1 << 15
MOMENTS_MAX = 6
_PATIENCE = 4000


@dataclass
class Moment:
    """A frozen volume, or one that was made of it, and what must be in it.

    tables   whose making or dropping is certain;  doubtful   the others
    folded   never opened: it must not change any more
    in_parts   hosts have what belongs to their copies
    """

    path: Path
    rows: dict[int, Row]
    tables: set[str]
    doubtful: set[str]
    folded: bool = True
    in_parts: bool = False
    made_by: str = "snapshots show their moment"  #: the invariant that it has to keep


class BranchProcess(OneProcess):
    """The storage of a branch."""

    process = PROCESS


class Branch:
    """A branch that is served (`nodes.Site`)."""

    def __init__(self, cluster: Cluster, moment: Moment) -> None:
        self.world = cluster.world
        self.ledger = Ledger()
        self.ring_fd = create_ring(RING_BYTES)
        self.arena = Arena(self.ring_fd, 1 << 16)
        self.control = Control(self.arena)
        self.wake_fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(COPIES + 1)]
        data = str(moment.path)
        services = Services(cluster.services.keys)
        self.processes = BranchProcess(
            Place(self.world, data, self.ring_fd, self.wake_fds, services)
        )
        self.writer: Writer | None = None
        self.ledger.committed(Commit(0, dict(moment.rows)))
        for table in sorted(moment.tables | moment.doubtful):
            self.ledger.committed(Commit(0, table=table))
        self.ledger.doubtful = set(moment.doubtful)

    def open(self) -> Writer:
        """Serve it. Raises VolumeError, OSError."""
        self.processes.start()
        self.writer = Writer(self, self.processes.open_writer())
        self.writer.open()
        return self.writer

    def asked(self, page_no: int, lsn: int, epoch: int) -> None:
        """Nothing is known of its log."""

    def refused(self, page_no: int, lsn: int, error: PageUnavailable) -> None:
        """Nor of what it must have."""

    def weight(self, copy_no: int) -> float:
        """Of the turn of a copy."""
        control = self.control
        durable = control.get(copy_word(copy_no, COPY_DURABLE))
        written = control.get(copy_word(copy_no, COPY_WRITTEN))
        return 0.0 if durable == written == control.published else 1.0

    def close(self) -> None:
        """kill -9."""
        if self.writer is not None:
            self.writer.close()
        self.processes.drop()
        self.arena.close()
        for fd in (self.ring_fd, *self.wake_fds):
            os.close(fd)


class Branches:
    """All of a cluster's."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._moments: list[Moment] = []
        self._numbers = iter(range(1, 1 << 30))
        self._root = Path(cluster.world.disk.root)
        for folder in ("volumes", "snapshots"):
            (self._root / folder).mkdir()

    def _new_path(self, folder: str) -> Path:
        return self._root / folder / str(next(self._numbers))

    def freeze(self) -> None:
        """A snapshot of the volume, or a clone: they begin alike."""
        cluster = self._cluster
        if len(self._moments) >= MOMENTS_MAX:
            self._remove(self._world.chance.choice(self._moments))
        path = self._new_path(self._world.chance.choice(("volumes", "snapshots")))
        try:
            lsn = cluster.processes.freeze(path)
        except (VolumeError, OSError) as error:
            self._world.note(f"no snapshot: {error}")
            return
        ledger = cluster.ledger
        rows, doubtful = ledger.rows_at(lsn), set(ledger.doubtful)
        moment = Moment(path, rows, ledger.tables_at(lsn) - doubtful, doubtful)
        moment.in_parts = isinstance(cluster.processes, ThreeHosts)
        self._moments.append(moment)
        self._world.note(f"frozen at {lsn}: {path.parent.name} {path.name}")

    def _remove(self, moment: Moment) -> None:
        self._moments.remove(moment)
        frozen.remove(self._world.disk, moment.path)

    def visit(self, moment: Moment | None = None) -> None:
        """Open one, look at it, perhaps change it and freeze it once more. Raises Violation."""
        moment = moment or self._world.choose(self._moments, [1.0] * len(self._moments))
        if moment is None:
            return
        try:
            if moment.in_parts:
                moment = self._gathered(moment)
            elif moment.path.parent.name == "snapshots":
                moment = self._restored(moment)
            with self._served(moment) as branch:
                self._work(branch, moment)
        except Violation:
            raise
        except AssertionError as error:
            raise Violation(moment.made_by, repr(error)) from error
        except (VolumeError, OSError, BtreeError) as error:
            self._forget_unless_folded(moment)
            self._cluster.explained(error, moment.made_by)
        except PowerCut:
            self._forget_unless_folded(moment)
            raise

    def restore(self) -> None:
        """Make the volume once more, of its archive, as of some moment. Raises Violation."""
        services, ledger, chance = self._cluster.services, self._cluster.ledger, self._world.chance
        if services.store is None:
            return
        self._wait_for_archive()
        (name,) = {path.split("/")[0] for path in services.store.objects}
        archive = Archive("", name, services.keys, services.store)
        archive.open()
        earliest, latest = window(archive)
        clocks = [b.clock_us for b in ledger.batches if earliest <= b.clock_us <= latest]
        to_us = chance.choice((None, latest, chance.choice([latest, *clocks])))
        try:
            plan = make_plan(archive, to_us)
        except OutsideWindow as error:  # a base is not on every path
            if to_us is None or not ledger.jumps:
                raise Violation("the archive has every moment", str(error)) from error
            return
        self._world.note(f"restored to {to_us}: {plan.target}")
        self._check_target(plan.target, to_us)
        path = self._new_path("volumes")
        tasks = OwnTasks(self._world, PROCESS)
        environment = replace(self._world.environment, tasks=tasks)
        restore(archive, plan, path, lambda *_: None, services.keys, environment)
        rows, doubtful = ledger.rows_at(plan.target), set(ledger.doubtful)
        moment = Moment(path, rows, ledger.tables_at(plan.target) - doubtful, doubtful)
        moment.made_by = "the archive has every moment"
        self.visit(moment)

    def _wait_for_archive(self) -> None:
        cluster = self._cluster
        for _ in range(_PATIENCE):
            if cluster.processes.archived >= cluster.ledger.vdl:
                return
            self._world.sleep(0.1)
        what = f"{cluster.processes.archived} of {cluster.ledger.vdl}"
        raise Violation("the archive follows", f"{what}: {cluster.processes.archive_status()}")

    def _check_target(self, target: int, to_us: int | None) -> None:
        """Is this the state of that moment? The clocks of commits say so, if they only grow."""
        ledger = self._cluster.ledger
        if to_us is None and target != ledger.vdl:
            raise Violation("the archive has every moment", f"{target} instead of {ledger.vdl}")
        if to_us is None or ledger.jumps or self._world.was_skewed:
            return
        cipher = self._cluster.processes.cipher(self._cluster.arena)
        decided = ledger.decisions(bytes if cipher is None else cipher.decrypted_log)
        if cipher is not None:
            cipher.close()
        last = max((lsn for lsn, clock_us in decided if clock_us <= to_us), default=0)
        following = min((lsn for lsn, clock_us in decided if clock_us > to_us), default=NEVER)
        if not last < target <= following:
            what = f"{target} is not between {last} and {following}"
            raise Violation("the archive has every moment", what)

    def visit_all(self) -> None:
        """Each of them, at the end."""
        for moment in list(self._moments):
            self.visit(moment)

    def _forget_unless_folded(self, moment: Moment) -> None:
        """What was changed when it broke off is not known."""
        if not moment.folded and moment in self._moments:
            self._moments.remove(moment)

    def _restored(self, snapshot: Moment) -> Moment:
        """A volume of a snapshot."""
        path = self._new_path("volumes")
        disk = self._world.disk
        volume = frozen.heir(frozen.load(disk, snapshot.path), f"snapshot {snapshot.path.name}")
        frozen.refreeze(disk, snapshot.path, path, volume)
        made = Moment(path, dict(snapshot.rows), snapshot.tables, snapshot.doubtful)
        self._moments.append(made)
        return made

    def _gathered(self, source: Moment) -> Moment:
        """A volume on one host, of the parts that several have."""
        path, disk = self._new_path("volumes"), self._world.disk
        found, draft = frozen.load(disk, source.path), frozen.draft_of(disk, path)
        copies = []
        for zone, name in enumerate(ZONES):
            data = Path(host_data(disk.root, zone))
            part = data / source.path.parent.name / source.path.name
            if name in found.elsewhere and disk.exists(str(part)):
                copies += [copy for copy in found.copies if copy.copy_no // 2 == zone]
                for file in disk.names(f"{part}/{frozen.FILES}"):
                    disk.link(f"{part}/{frozen.FILES}/{file}", f"{draft}/{frozen.FILES}/{file}")
        frozen.put(disk, draft, path, replace(found, copies=tuple(copies), elsewhere=()))
        made = Moment(path, dict(source.rows), source.tables, source.doubtful)
        self._moments.append(made)
        return made

    @contextmanager
    def _served(self, moment: Moment) -> Iterator[Branch]:
        branch = self._cluster.branch = Branch(self._cluster, moment)
        self._world.note(f"volume {moment.path.name} is opened")
        try:
            yield branch
        finally:
            self._cluster.branch = None
            branch.close()

    def _work(self, branch: Branch, moment: Moment) -> None:
        writer = branch.open()
        writer.check_rows(writer.sessions[0].ctx, moment.made_by)
        seen = set(writer.engine.catalog.table_names(DATABASE)) - moment.doubtful
        tables = moment.tables | {writer.NAME}  # which it has made if there was none
        if seen != tables:
            what = f"{sorted(seen)} instead of {sorted(tables)}"
            raise Violation(moment.made_by, what)
        if self._world.chance.random() < 0.5:
            return
        moment.folded, moment.tables = False, tables
        for _ in range(self._world.chance.randrange(10)):
            writer.change_and_commit()
            writer.publish()
        writer.log.wait_durable(writer.log.next_lsn)
        rows = branch.ledger.rows_at(writer.log.next_lsn)
        if self._world.chance.random() < 0.5:
            path = self._new_path("volumes")
            branch.processes.freeze(path)
            self._moments.append(Moment(path, dict(rows), moment.tables, moment.doubtful))
        moment.rows = rows
        moment.folded = True
