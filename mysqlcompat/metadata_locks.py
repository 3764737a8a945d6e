"""Metadata locks: who may use, change and redefine what has a name. GET_LOCK's locks are here, too.

An *owner* is a session. Statements lock the tables they use, for reading or for writing, until the
transaction ends; data definition and LOCK TABLES want more. The modes, what stands beside what, and
who lets whom pass in the queue are MySQL's.

::

    mode                    taken by                                    stands beside
    SHARED_HIGH_PRIO        a look at the definition                    all but EXCLUSIVE
    SHARED_READ             SELECT                                      … but NO_READ_WRITE
    SHARED_WRITE            INSERT, UPDATE, DELETE, SELECT FOR UPDATE   … but READ_ONLY, NO_WRITE
    SHARED_WRITE_LOW_PRIO   the same, LOW_PRIORITY: lets READ_ONLY pass
    SHARED_UPGRADABLE       ALTER TABLE while rows still change         … but itself and above
    SHARED_READ_ONLY        LOCK TABLES … READ                          readers
    SHARED_NO_WRITE         a copy of a table is being made             readers
    SHARED_NO_READ_WRITE    LOCK TABLES … WRITE                         SHARED_HIGH_PRIO
    EXCLUSIVE               a definition changes                        nothing
    INTENTION_EXCLUSIVE, SHARED, EXCLUSIVE   of GLOBAL, COMMIT, BACKUP, SCHEMA

Statements are many and data definition is rare, so the locks of statements are words in their
owner (`Owner.tables`), and whoever wants a stronger mode looks through all owners. A `Ticket` in a
queue stands for everything else, and for every lock that must be waited for.

I1  A ticket waits only while `_barriers` gives somebody for it; they are looked at again whenever
    a lock is given back or a wait is given up. Tickets are granted in the order in which they came.
I2  A wait that closes a circle, also through waits for rows, ends for its cheapest member.
I3  While `closed` is not 0 the lane, which asks nobody, serves nothing; `closed_to_writes`: no
    changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Final, NamedTuple

from btree.errors import LockTimeout
from btree.locks import Locks, Wait
from mysqlcompat.errors import SqlError


class Mode(IntEnum):
    """How much is locked; names are performance_schema's."""

    INTENTION_EXCLUSIVE = 1
    SHARED = 2
    SHARED_HIGH_PRIO = 3
    SHARED_READ = 4
    SHARED_WRITE = 5
    SHARED_WRITE_LOW_PRIO = 6
    SHARED_UPGRADABLE = 7
    SHARED_READ_ONLY = 8
    SHARED_NO_WRITE = 9
    SHARED_NO_READ_WRITE = 10
    EXCLUSIVE = 11


class Key(NamedTuple):
    """What is locked. kind: TABLE, SCHEMA, GLOBAL, COMMIT, BACKUP LOCK, USER LEVEL LOCK."""

    kind: str
    schema: str = ""
    name: str = ""


GLOBAL: Final = Key("GLOBAL")
COMMIT: Final = Key("COMMIT")
BACKUP: Final = Key("BACKUP LOCK")
USER_LOCK: Final = "USER LEVEL LOCK"

_IX, _S, _SH, _SR, _SW, _SWLP, _SU, _SRO, _SNW, _SNRW, _X = Mode
#: A lock of this mode is not given while somebody else holds one of these.
_BARRED_BY: Final[dict[Mode, frozenset[Mode]]] = {
    _IX: frozenset((_S, _X)),
    _S: frozenset((_IX, _X)),
    _SH: frozenset((_X,)),
    _SR: frozenset((_SNRW, _X)),
    _SW: frozenset((_SRO, _SNW, _SNRW, _X)),
    _SWLP: frozenset((_SRO, _SNW, _SNRW, _X)),
    _SU: frozenset((_SU, _SNW, _SNRW, _X)),
    _SRO: frozenset((_SW, _SWLP, _SNRW, _X)),
    _SNW: frozenset((_SW, _SWLP, _SU, _SNW, _SNRW, _X)),
    _SNRW: frozenset((_SR, _SW, _SWLP, _SU, _SRO, _SNW, _SNRW, _X)),
    _X: frozenset(Mode),
}
#: … nor while somebody waits for one of these: so that a stream of statements starves nobody.
_YIELDS_TO: Final[dict[Mode, frozenset[Mode]]] = {
    _IX: frozenset((_S, _X)),
    _S: frozenset((_X,)),
    _SH: frozenset(),
    _SR: frozenset((_SNRW, _X)),
    _SW: frozenset((_SNW, _SNRW, _X)),
    _SWLP: frozenset((_SRO, _SNW, _SNRW, _X)),
    _SU: frozenset((_X,)),
    _SRO: frozenset((_SW, _SNRW, _X)),
    _SNW: frozenset((_X,)),
    _SNRW: frozenset((_X,)),
    _X: frozenset(),
}
#: What the process list says of a session that waits.
STAGES: Final = {
    "TABLE": "Waiting for table metadata lock",
    "SCHEMA": "Waiting for schema metadata lock",
    "GLOBAL": "Waiting for global read lock",
    "COMMIT": "Waiting for commit lock",
    "BACKUP LOCK": "Waiting for backup lock",
    USER_LOCK: "User lock",
}
#: Who is broken off in a circle: the cheapest. Statements, then user locks, then data definition.
_WEIGHT_STATEMENT: Final = 0
_WEIGHT_USER_LOCK: Final = 50
_WEIGHT_DEFINITION: Final = 100


@dataclass(eq=False, slots=True)
class Owner:
    """One session's locks.

    tables    table id -> SHARED_READ or SHARED_WRITE, until the transaction ends
    unknown   the mode in which it has perhaps used every table; 0: it has not
    changing  a statement that changes rows is running: it has INTENTION_EXCLUSIVE of GLOBAL
    """

    ctx: int
    connection_id: int
    tables: dict[int, Mode] = field(default_factory=dict)
    unknown: int = 0
    changing: bool = False
    tickets: list[Ticket] = field(default_factory=list)
    waiting: Ticket | None = None

    def note(self, table_id: int, mode: Mode) -> None:
        """A statement uses a table."""
        if self.tables.get(table_id, 0) < mode:
            self.tables[table_id] = mode

    def held(self, key: Key) -> Ticket | None:
        """The strongest ticket for `key`."""
        return max(
            (one for one in self.tickets if one.key == key),
            key=lambda one: one.mode,
            default=None,
        )


@dataclass(eq=False, slots=True)
class Ticket:
    """A lock in a queue: granted, or waited for. `times` counts GET_LOCK of the same name."""

    owner: Owner
    key: Key
    mode: Mode
    table_id: int
    duration: str
    times: int = 1
    granted: bool = False
    over: asyncio.Future[None] | None = None

    @property
    def weight(self) -> int:
        if self.key.kind == USER_LOCK:
            return _WEIGHT_USER_LOCK
        return _WEIGHT_STATEMENT if self.mode <= _SWLP else _WEIGHT_DEFINITION


class MetadataLocks:
    """All metadata locks of one node."""

    def __init__(self) -> None:
        self.owners: dict[int, Owner] = {}  #: by context
        self.closed = 0  #: tickets, waiting or granted, that shut out readers
        self.closed_to_writes = 0  #: tickets that shut out changes (those that shut readers, too)
        self.waits = 0
        self._queues: dict[Key, list[Ticket]] = {}
        self._rows: Locks | None = None

    def open(self, ctx: int, connection_id: int, rows: Locks) -> Owner:
        """An owner for a session."""
        self._rows = rows
        owner = self.owners[ctx] = Owner(ctx, connection_id)
        return owner

    def close(self, owner: Owner) -> None:
        """The session has gone."""
        self.release_transaction(owner)
        for ticket in list(owner.tickets):
            self.release(ticket)
        del self.owners[owner.ctx]

    def tickets(self) -> Iterator[Ticket]:
        """All, granted ones and those that wait."""
        for queue in list(self._queues.values()):
            yield from queue

    def holder(self, key: Key) -> Ticket | None:
        """The lock of `key` that is granted, when only one can be."""
        return next((one for one in self._queues.get(key, ()) if one.granted), None)

    # taking

    def take(
        self, owner: Owner, key: Key, mode: Mode, duration: str, table_id: int = 0
    ) -> Ticket | None:
        """The lock if it can be had now."""
        ticket = Ticket(owner, key, mode, table_id, duration)
        if next(self._barriers(ticket), None) is not None:
            return None
        self._enter(ticket)
        self._grant(ticket)
        return ticket

    async def acquire(
        self,
        owner: Owner,
        key: Key,
        mode: Mode,
        duration: str,
        seconds: float,
        table_id: int = 0,
        recall: Callable[[], None] | None = None,
    ) -> Ticket:
        """The lock, in the end. Raises LockTimeout, Deadlock, and 3058 for a user lock.

        table_id  of the table now behind the name, 0: none
        recall    called when the lock is asked for: what the lane did is to be told
        """
        ticket = Ticket(owner, key, mode, table_id, duration)
        self._enter(ticket)
        if recall is not None:
            recall()
        if next(self._barriers(ticket), None) is None:
            self._grant(ticket)
            return ticket
        try:
            await self._wait(ticket, seconds)
        except BaseException:
            if ticket.granted:  # just before the query was killed
                self.release(ticket)
            else:
                self._leave(ticket)
            raise
        return ticket

    async def _wait(self, ticket: Ticket, seconds: float) -> None:
        self.waits += 1
        owner = ticket.owner
        loop = asyncio.get_running_loop()
        ticket.over = over = loop.create_future()
        owner.waiting = ticket
        timer = loop.call_later(min(seconds, 1e8), _fail, ticket, LockTimeout())
        rows = self._rows
        assert rows is not None
        wait = rows.wait_outside(owner.ctx, partial(self.waits_for, owner.ctx), ticket.weight)
        wait.add_done_callback(partial(_break_off, ticket))
        try:
            await over
        finally:
            timer.cancel()
            rows.grant(wait)
            owner.waiting = ticket.over = None

    def _enter(self, ticket: Ticket) -> None:
        self._queues.setdefault(ticket.key, []).append(ticket)
        self._count(ticket, 1)

    def _grant(self, ticket: Ticket) -> None:
        ticket.granted = True
        ticket.owner.tickets.append(ticket)

    def _count(self, ticket: Ticket, change: int) -> None:
        """Keep the lane's doors. SHARED_UPGRADABLE leaves them open."""
        kind, mode = ticket.key.kind, ticket.mode
        if kind == "TABLE" and mode >= _SNRW:
            self.closed += change
        if (kind == "TABLE" and mode >= _SRO) or (kind in ("GLOBAL", "COMMIT") and mode == _S):
            self.closed_to_writes += change

    # giving back

    def release(self, ticket: Ticket) -> None:
        """Give a granted lock back."""
        ticket.owner.tickets.remove(ticket)
        self._leave(ticket)

    def release_all(self, owner: Owner, duration: str, kinds: Iterable[str] = ()) -> None:
        """Give back everything of one duration, of these kinds only if any are named."""
        for ticket in list(owner.tickets):
            if ticket.duration == duration and (not kinds or ticket.key.kind in kinds):
                self.release(ticket)

    def release_transaction(self, owner: Owner) -> None:
        """What statements took until the end of the transaction."""
        owner.tables.clear()
        owner.unknown = 0
        owner.changing = False
        if self._queues:
            self.changed()

    def forget(self, owner: Owner, kept: Collection[int]) -> None:
        """Give back what statements took but for these tables."""
        for table_id in [one for one in owner.tables if one not in kept]:
            del owner.tables[table_id]
        if self._queues:
            self.changed()

    def statement_ended(self, owner: Owner) -> None:
        """A statement that changed rows is over; somebody may wait for just that."""
        owner.changing = False
        if GLOBAL in self._queues:
            self.changed()

    def _leave(self, ticket: Ticket) -> None:
        queue = self._queues[ticket.key]
        queue.remove(ticket)
        self._count(ticket, -1)
        if not queue:
            del self._queues[ticket.key]
        self._look_again(ticket.key)

    def changed(self) -> None:
        """Locks of statements have been given back: whoever waits looks again."""
        for key in list(self._queues):
            self._look_again(key)

    def _look_again(self, key: Key) -> None:
        for ticket in list(self._queues.get(key, ())):
            over = ticket.over
            if ticket.granted or over is None or over.done():
                continue
            if next(self._barriers(ticket), None) is None:
                self._grant(ticket)
                over.set_result(None)

    # conflicts

    def _barriers(self, ticket: Ticket) -> Iterator[Owner]:
        """Whoever must give something back, or be served, before this ticket."""
        barred, yields = _BARRED_BY[ticket.mode], _YIELDS_TO[ticket.mode]
        owner = ticket.owner
        for other in self._queues.get(ticket.key, ()):
            if other.owner is owner:
                continue
            if other.mode in barred if other.granted else self._goes_first(other, ticket, yields):
                yield other.owner
        if ticket.key == GLOBAL and _IX in barred:
            yield from (one for one in self.owners.values() if one.changing and one is not owner)
        if ticket.table_id and _SW in barred:
            yield from self._users(ticket, reads=_SR in barred)

    def _goes_first(self, other: Ticket, ticket: Ticket, yields: frozenset[Mode]) -> bool:
        """Whether `other`, which waits, is served before `ticket`."""
        if other is ticket:
            return False
        if other.mode in yields:
            return True
        # Among equals that exclude each other the first comer is first.
        queue = self._queues[ticket.key]
        came_first = ticket not in queue or queue.index(other) < queue.index(ticket)
        return came_first and other.mode == ticket.mode and ticket.mode in _BARRED_BY[other.mode]

    def _users(self, ticket: Ticket, reads: bool) -> Iterator[Owner]:
        """Owners whose statements stand against a stronger lock of a table."""
        for one in self.owners.values():
            if one is not ticket.owner:
                mode = max(one.unknown, one.tables.get(ticket.table_id, 0))
                if mode >= _SW or (reads and mode):
                    yield one

    def used(self, owner: Owner, database: str, ids: dict[str, int]) -> list[str]:
        """The tables of a database (ids by name) that somebody else uses, or has asked for."""
        found: set[str] = set()
        for key, queue in self._queues.items():
            is_one = key.kind == "TABLE" and key.schema == database and key.name in ids
            if is_one and any(ticket.owner is not owner for ticket in queue):
                found.add(key.name)
        names = {table_id: name for name, table_id in ids.items()}
        for one in self.owners.values():
            if one is owner:
                continue
            if one.unknown:
                return sorted(ids)
            found.update(names[table_id] for table_id in one.tables if table_id in names)
        return sorted(found)

    def must_wait(self, owner: Owner, key: Key, mode: Mode) -> bool:
        """Whether a statement's lock is barred now."""
        return key in self._queues and any(self._barriers(Ticket(owner, key, mode, 0, "")))

    # circles

    def waits_for(self, ctx: int) -> list[int]:
        """Contexts that this one waits for, because of metadata locks."""
        owner = self.owners.get(ctx)
        ticket = owner.waiting if owner is not None else None
        if ticket is None or ticket.over is None or ticket.over.done():
            return []
        return [one.ctx for one in self._barriers(ticket)]


def _break_off(ticket: Ticket, wait: Wait) -> None:
    """The graph has ended the wait: a deadlock's victim."""
    if wait.error is not None:
        _fail(ticket, SqlError(3058) if ticket.key.kind == USER_LOCK else wait.error)


def _fail(ticket: Ticket, error: Exception) -> None:
    if ticket.over is not None and not ticket.over.done():
        ticket.over.set_exception(error)
