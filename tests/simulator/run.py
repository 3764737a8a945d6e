"""One simulation: a seed decides what is done, what fails, and when."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import btree.statistics
import redo.cipher
import redo.keyring
import redo.metadata
from btree.errors import BtreeError
from redo.errors import LogUnavailable, StaleEpoch, VolumeError
from tests.simulator.branches import Branches
from tests.simulator.cluster import ANY, Cluster, Kind, StartAnew
from tests.simulator.drives import PowerCut
from tests.simulator.faults import Faults
from tests.simulator.invariants import Invariants
from tests.simulator.world import Violation, World

_ROOT = "/dev/shm" if Path("/dev/shm").is_dir() else None
STEP_S = 0.01
_PATIENCE_S = 600.0  #: links may break a few times, for nobody has a turn in time
FAILURES = (LogUnavailable, VolumeError, BtreeError)
Action = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """How a simulation ended.

    violation  name of the invariant that does not hold, "" if all do
    """

    seed: int
    steps: int
    violation: str
    what: str
    trace: list[str]
    commits: int
    boots: int


class Simulation:
    """A world with one cluster."""

    def __init__(self, seed: int, root: Path, kind: Kind) -> None:
        self.world = World(seed, root)
        btree.statistics.time = self.world  # it has no clock given to it
        redo.metadata.secrets = redo.keyring.secrets = redo.cipher.secrets = self.world
        self.cluster = Cluster(self.world, kind)
        self.invariants = Invariants(self.cluster)
        self.cluster.went_back = self.invariants.start_over
        self.faults = Faults(self.cluster, kind.likely)
        self.branches = Branches(self.cluster)
        self._often = 4.0 if "branch" in kind.likely else 0.4
        self.world.observe = self.invariants.observe

    def run(self, steps: int) -> None:
        """Begin, `steps` steps, then let everything heal and look at it all. Raises Violation."""
        self._guarded(self._bring_up)
        while self.world.steps < steps:
            self.world.steps += 1
            self.world.pass_time(STEP_S)
            self._guarded(self.faults.due)
            self._guarded(self._choose())
        self.world.note("the end: faults end")
        self.world.cut_after = None
        self.faults.end()
        self._guarded(self._settle)

    def _choose(self) -> Action:
        cluster, world = self.cluster, self.world
        writer = cluster.writer
        assert writer is not None
        actions: list[tuple[float, Action]] = [
            (30, writer.step),
            (20, writer.publish),
            (15, writer.advance),
            (6, writer.background),
            (60, lambda: self._others()),
            (0.3, self.invariants.check_log),
            (1, lambda: self.invariants.check_pages(3)),
            (5, self.faults.step),
            (self._often, self.branches.freeze),
            (self._often, self.branches.visit),
        ]
        for replica in cluster.replicas:
            if replica is not None and replica.resumes_at <= world.steps:
                actions += [(8, partial(self.invariants.advance, replica)), (2, replica.check)]
        if cluster.zombie is not None:
            actions.append((2, cluster.zombie.try_harm))
        action: Action = world.choose([a for _, a in actions], [w for w, _ in actions])
        return action

    def _others(self) -> None:
        self.world.run_something()

    def _guarded(self, action: Action) -> None:
        """Do it; what dies of it is started again."""
        try:
            try:
                action()
                self.invariants.after_step()
                self.world.power()
            except StaleEpoch as error:  # a zombie catches its own
                raise Violation("the newest writer may write", str(error)) from error
            except FAILURES as error:
                self.cluster.explained(error)
                self.faults.relent()
                self._restart_nodes()
        except PowerCut:
            self.cluster.cut_power()
            self._bring_up()
        except StartAnew:
            self.cluster.stop_all()
            self._bring_up()

    def _bring_up(self) -> None:
        """Start storage and nodes, whatever happens meanwhile."""
        while True:
            try:
                try:
                    self.cluster.boot()
                    self.cluster.start_nodes()
                    self.invariants.check_log()
                    return
                except (*FAILURES, OSError) as error:
                    self.cluster.explained(error)
                    self.faults.end()
                    raise PowerCut from error
            except PowerCut:
                self.cluster.cut_power()

    def _restart_nodes(self) -> None:
        """Raises PowerCut."""
        while True:
            try:
                self.cluster.start_nodes()
                return
            except FAILURES as error:
                self.cluster.explained(error)
                self.faults.end()
                self.world.sleep(0.1)

    def _settle(self) -> None:
        """Without faults everything becomes durable, whole and equal."""
        cluster = self.cluster
        writer = cluster.writer
        assert writer is not None
        for session in writer.sessions:
            writer.engine.rollback(session.ctx)
            session.begun, session.changes = False, {}
        writer.log.wait_durable(writer.log.next_lsn, _PATIENCE_S)
        writer.advance()
        while writer.engine.background_step():
            writer.publish()
            self.world.sleep(0.001)
        problems = writer.engine.check()
        if problems:
            raise Violation("structures are whole", "; ".join(problems[:3]))
        writer.check_rows(writer.sessions[0].ctx, "the writer reads what was committed")
        writer.log.wait_durable(writer.log.next_lsn)
        cluster.whole()
        self.invariants.observe()
        self.invariants.check_log()
        self.invariants.check_pages(1 << 30)
        self._wait_for_groups()
        for replica in cluster.replicas:
            assert replica is not None
            while replica.engine.advance():
                cluster.check_cache(replica)
            cluster.check_cache(replica)
            replica.check()
        try:
            self.branches.restore()
        except FAILURES as error:
            cluster.explained(error, "the archive has every moment")
            raise
        self.branches.visit_all()
        self.invariants.check_stored()

    def _wait_for_groups(self) -> None:
        """Upkeep looks at them now and then."""
        for _ in range(300):
            try:
                return self.invariants.check_groups()
            except Violation:
                self.world.sleep(0.1)
        self.invariants.check_groups()

    def close(self) -> None:
        self.invariants.close()
        self.cluster.close()


def simulate(seed: int, steps: int, kind: Kind = ANY) -> Outcome:
    """Run one seed; the same seed and steps give the same outcome."""
    logging.disable(logging.CRITICAL)
    root = Path(tempfile.mkdtemp(prefix="simulator-", dir=_ROOT))
    simulation = Simulation(seed, root, kind)
    violation = what = ""
    try:
        simulation.run(steps)
        simulation.close()
    except Violation as error:
        violation, what = error.name, str(error)
        if error.__cause__ is not None:
            simulation.world.note(_where(error.__cause__))
    except Exception as error:
        violation, what = "nothing breaks", f"{type(error).__name__}: {error}"
        simulation.world.note(_where(error))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    world, cluster = simulation.world, simulation.cluster
    commits, boots = len(cluster.ledger.commits), cluster.boots
    return Outcome(seed, world.steps, violation, what, list(world.trace), commits, boots)


def _where(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
