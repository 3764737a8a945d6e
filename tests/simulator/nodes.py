"""The nodes of the simulated cluster: production engines, and what clients do with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from btree import txn_layout as t
from btree.engine import Engine
from btree.errors import BtreeError
from redo.arena import RING_AT, Arena
from redo.codes import E_LOCK_WAIT, E_STALE_EPOCH
from redo.errors import PageUnavailable, StaleEpoch, VolumeError
from redo.log import LogWriter, Recovered, new_state
from redo.state import ST_BATCH_LSN, ST_CIPHER, ST_NEXT_LSN, ST_RING_BYTES
from redo.volume import OnePageVolume
from replicas.reader import ReadEngine
from tests.btree.shop import TABLE, Row, Shop
from tests.simulator.ledger import Changes, Commit
from tests.simulator.processes import PAGE_BYTES
from tests.simulator.records import page_records
from tests.simulator.world import Violation

if TYPE_CHECKING:
    from redo.control import Control
    from tests.simulator.ledger import Ledger
    from tests.simulator.processes import OneProcess, ThreeProcesses
    from tests.simulator.world import World

NODE_BYTES = 192 << 20
FRAMES = 64
SESSIONS = 3
IDS = 60
DATABASE = "shop"
PLANTED = "planted plaintext "  #: in rows; what an encrypted volume stores does not show it


class Site(Protocol):
    """What nodes are told: a cluster, or a branch of one."""

    world: World
    ledger: Ledger
    control: Control
    ring_fd: int
    wake_fds: list[int]
    processes: OneProcess | ThreeProcesses

    def asked(self, page_no: int, lsn: int, epoch: int) -> None:
        """A node asks for a page. Raises Violation when it must not."""
        ...

    def refused(self, page_no: int, lsn: int, error: PageUnavailable) -> None:
        """It does not get it. Raises Violation when it must."""
        ...


class NodeVolume(OnePageVolume):
    """A node's way to storage.

    epoch   of the writer that reads; 0: a replica
    """

    def __init__(self, site: Site, arena: Arena) -> None:
        self._site = site
        self._arena = arena
        self.epoch = 0

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        self._site.world.sleep(0.0001)
        self._site.asked(page_no, lsn, self.epoch)
        try:
            image = self._site.processes.read_page(page_no, lsn, self.epoch)
        except PageUnavailable as error:
            self._site.refused(page_no, lsn, error)
            raise
        self._arena.mem[frame : frame + PAGE_BYTES] = bytearray(image)


class Node(Shop):
    """A process with an arena of its own over the ring; `Shop` reads and changes rows with it."""

    engine: Engine

    def __init__(self, cluster: Site) -> None:
        self.cluster = cluster
        self.world = cluster.world
        self.arena = Arena(cluster.ring_fd, NODE_BYTES)
        self.st = new_state(self.arena, PAGE_BYTES)
        self.cipher = cluster.processes.cipher(self.arena)
        if self.cipher is not None:
            self.st[ST_CIPHER] = self.cipher.at
        self.pages = NodeVolume(cluster, self.arena)
        self.pool_bytes = FRAMES * PAGE_BYTES

    def prepare(self) -> None:
        """Room for rows and keys, once the table is there."""
        self.cursor = self.arena.alloc(t.CURSOR_BYTES)
        self.out = self.arena.alloc(8 * 64)
        self._old = self.arena.alloc(1 << 16)
        self._bounds = self.arena.alloc(1 << 14)
        self.look_up()

    def rows(self, ctx: int, index: int = 0) -> dict[int, Row]:
        """All rows this context sees, found by an index."""
        return {row[0]: row for row in self.scan(ctx, index)}

    def close(self) -> None:
        """The process is gone."""
        if self.cipher is not None:
            self.cipher.close()
        self.arena.close()


@dataclass
class Session:
    """A client's connection, and what its transaction has done."""

    ctx: int
    number: int
    changes: Changes = field(default_factory=dict)
    begun: bool = False


class Writer(Node):
    """The writer and its clients."""

    def __init__(self, cluster: Site, recovered: Recovered) -> None:
        super().__init__(cluster)
        self.epoch = self.pages.epoch = recovered.epoch
        self.log = LogWriter(self.arena, self.st, cluster.wake_fds[:6], -1, self.world)
        self.log.open(recovered)
        self.engine = Engine(self.arena, self.st, self.log, self.pages, self.pool_bytes)
        self.sessions: list[Session] = []
        self.busy = False  #: in `go_on`, or at its end

    def open(self) -> None:
        """Ready for clients; tables are made when there are none."""
        engine, ledger = self.engine, self.cluster.ledger
        if engine.is_empty():
            engine.create()
        else:
            engine.open()
        if DATABASE not in [database.name for database in engine.catalog.databases()]:
            engine.catalog.create_database(DATABASE)
        if self.NAME not in engine.catalog.table_names(DATABASE):
            engine.catalog.create_table(TABLE)
            ledger.committed(Commit(engine.log_end, table=self.NAME))
        self.prepare()
        self.sessions = [Session(engine.open_context(), n) for n in range(SESSIONS)]

    # log

    def last_unpublished(self, page_no: int) -> int:
        """The page's last record in the batch that is being made; 0: there is none."""
        begin, end = int(self.st[ST_BATCH_LSN]), int(self.st[ST_NEXT_LSN])
        if begin == 0:
            return 0
        at = RING_AT + begin % int(self.st[ST_RING_BYTES])
        log = self.arena.mem[at : at + end - begin].tobytes()
        known = [begin + place for place, page in page_records(log) if page == page_no]
        return max(known, default=0)

    def publish(self) -> None:
        self.log.publish()

    def advance(self) -> None:
        """Answer everybody whose commit is durable now."""
        self.cluster.ledger.acknowledge(self.log.advance())

    # clients

    def step(self) -> None:
        """Some client sends something."""
        chance = self.world.chance
        session = chance.choice(self.sessions)
        fate = chance.random()
        if session.begun and fate < 0.25:
            self._commit(session)
        elif session.begun and fate < 0.3:
            self._roll_back(session)
        elif fate < 0.33:
            self._define()
        elif fate < 0.4:
            self._look(session)
        else:
            for _ in range(chance.choice((1, 1, 2, 5))):
                self._change(session)

    def change_and_commit(self) -> None:
        """A client's shortest transaction."""
        session = self.world.chance.choice(self.sessions)
        self._change(session)
        if session.begun:
            self._commit(session)

    def _begin(self, session: Session) -> None:
        if not session.begun:
            self.engine.begin(session.ctx)
            session.begun = True
        self.engine.statement(session.ctx)

    def _now(self, session: Session) -> dict[int, Row]:
        """The rows this session could touch, as they are now."""
        rows = self.cluster.ledger.rows_at(self.log.next_lsn)
        for row_id, row in session.changes.items():
            if row is None:
                rows.pop(row_id, None)
            else:
                rows[row_id] = row
        return rows

    def _change(self, session: Session) -> None:
        chance = self.world.chance
        rows = self._now(session)
        self._begin(session)
        row_id = chance.randrange(IDS) * SESSIONS + session.number
        text = (
            None
            if chance.random() < 0.2
            else f"{row_id:06x}" + (7 * PLANTED)[: chance.randrange(120)]
        )
        row = (row_id, chance.randrange(50), text)
        there, goes = row_id in rows, chance.random() < 0.3
        if not there:
            code = self.insert(session.ctx, row)
        elif goes:
            code = self.delete(session.ctx, row_id)
        else:
            code = self.update(session.ctx, row_id, row)
        if code == E_LOCK_WAIT:
            self.engine.locks.cancel(self.engine.locks.wait(session.ctx), TimeoutError())
            self._roll_back(session)
        elif code == E_STALE_EPOCH:
            raise StaleEpoch("refused")
        elif code != 0:
            raise Violation("rows are where they were put", f"row {row_id} there={there}: {code}")
        else:
            session.changes[row_id] = None if there and goes else row

    def _commit(self, session: Session) -> None:
        end = self.engine.commit(session.ctx)
        session.begun = False
        if end:
            self.cluster.ledger.committed(Commit(end, session.changes))
        session.changes = {}

    def _roll_back(self, session: Session) -> None:
        self.engine.rollback(session.ctx)
        session.begun = False
        session.changes = {}

    def _define(self) -> None:
        """Make or drop a table."""
        name = f"more{self.world.chance.randrange(3)}"
        ledger, catalog = self.cluster.ledger, self.engine.catalog
        there = name in catalog.table_names(DATABASE)
        ledger.doubtful.add(name)
        if there:
            catalog.drop_tables([(DATABASE, name)])
        else:
            catalog.create_table(replace(TABLE, name=name))
        ledger.doubtful.discard(name)
        ledger.committed(Commit(self.engine.log_end, table=name, dropped=there))

    def _look(self, session: Session) -> None:
        """Read everything, in a transaction of its own."""
        if session.begun:
            return
        self.check_rows(session.ctx, "the writer reads what was committed")

    def check_rows(self, ctx: int, name: str) -> None:
        """A fresh view shows what was committed, by every index. Raises Violation."""
        self.engine.begin(ctx)
        self.engine.open_view(ctx)
        expected = self.cluster.ledger.rows_at(self.log.next_lsn)
        for index in range(2):
            seen = self.rows(ctx, index)
            if seen != expected:
                raise Violation(name, difference(seen, expected))
        self.engine.commit(ctx)

    def background(self) -> None:
        """Rollback after a crash, freeing of dropped tables, purge."""
        self.engine.background_step()

    def go_on(self) -> None:
        """Work as before, while somebody else is becoming the writer."""
        self.busy = True
        try:
            self.step()
            self.publish()
            self.advance()
            self.busy = False
        except StaleEpoch:  # it has found out, and ends
            self.world.note(f"the writer of epoch {self.epoch} is refused")
        except VolumeError as error:
            self.world.note(f"the writer of epoch {self.epoch}: {error}")

    def try_harm(self) -> None:
        """A writer that was replaced goes on. Raises Violation unless it is refused."""
        published = self.cluster.control.published
        try:
            ctx = self.sessions[0].ctx
            self.engine.statement(ctx)
            self.insert(ctx, (1 << 40, 1, None))
            self.engine.commit(ctx)
            self.log.publish()
        except (StaleEpoch, VolumeError):  # its pages may not be kept any more, either
            pass
        if self.cluster.control.published != published:
            raise Violation("old epochs are refused", f"epoch {self.epoch} has published")


class Replica(Node):
    """A read-only node."""

    def __init__(self, cluster: Site, number: int) -> None:
        super().__init__(cluster)
        self.number = number
        self.engine: ReadEngine = ReadEngine(
            self.arena, self.st, self.pages, self.pool_bytes, number
        )
        self.prepared = False
        self.checked_at = 0  #: LSN that its cache was looked at
        self.resumes_at = 0  #: step; until then it stands still
        self.ctx = self.engine.open_context()

    @property
    def applied(self) -> int:
        return self.engine.applier.applied

    def advance(self) -> None:
        """Apply what became durable."""
        self.engine.advance()
        self.engine.hold_views()

    def check(self) -> None:
        """What is read here is the writer's state at the applied LSN. Raises Violation."""
        try:
            self._check()
        except Violation:
            raise
        except (AssertionError, BtreeError) as error:
            what = f"replica {self.number} at {self.applied}: {type(error).__name__}: {error}"
            raise Violation("replicas see prefixes", what) from error

    def _check(self) -> None:
        ledger = self.cluster.ledger
        lsn = self.applied
        expected = ledger.tables_at(lsn) - ledger.doubtful
        databases = [database.name for database in self.engine.catalog.databases()]
        names = self.engine.catalog.table_names(DATABASE) if DATABASE in databases else []
        seen = set(names) - ledger.doubtful
        if seen != expected:
            what = f"replica {self.number} at {lsn}: {sorted(seen)} instead of {sorted(expected)}"
            raise Violation("replicas know the tables of their LSN", what)
        if self.NAME not in seen:
            return
        if not self.prepared:
            self.prepare()
            self.prepared = True
        self.engine.begin(self.ctx)
        self.engine.open_view(self.ctx)
        rows = ledger.rows_at(lsn)
        for index in range(2):
            seen_rows = self.rows(self.ctx, index)
            if seen_rows != rows:
                what = f"replica {self.number} at {lsn}, index {index}: "
                raise Violation("replicas see prefixes", what + difference(seen_rows, rows))
        self.engine.commit(self.ctx)


def difference(seen: dict[int, Row], expected: dict[int, Row]) -> str:
    """What is wrong, briefly."""
    missing = sorted(expected.keys() - seen.keys())
    extra = sorted(seen.keys() - expected.keys())
    both = seen.keys() & expected.keys()
    wrong = [
        (seen[row_id], expected[row_id]) for row_id in both if seen[row_id] != expected[row_id]
    ]
    return f"missing {missing[:5]}, not expected {extra[:5]}, different {wrong[:3]}"
