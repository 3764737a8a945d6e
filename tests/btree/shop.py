"""An engine with one table to test transactions on, and the plain interpreter it must agree with.

The table is ``t (id BIGINT PRIMARY KEY, u INT NOT NULL, s VARCHAR(20) UNIQUE)`` with an index on u.
`Shop` calls the row kernels the way a session does. `Model` keeps dicts: what is committed, what is
current, and per context its view and its own changes; it says what every call must give.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from btree import cursor_kernels, row_kernels
from btree import txn_layout as t
from btree.engine import Engine
from btree.keys import KeyEncoder
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from redo.codes import E_DUPLICATE, E_LOCK_WAIT, E_NOT_FOUND
from redo.state import ST_DUPLICATE_INDEX, ST_WAIT_FOR
from redo.volume import LocalVolume

Row = tuple[int, int, str | None]

TABLE = Table(
    "t",
    "shop",
    (
        Column("id", ColumnType(TypeKind.BIGINT), nullable=False, auto_increment=True),
        Column("u", ColumnType(TypeKind.INT), nullable=False),
        Column(
            "s",
            ColumnType(
                TypeKind.VARCHAR, length=2000, charset="utf8mb4", collation="utf8mb4_0900_ai_ci"
            ),
        ),
    ),
    (
        Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
        Index("u", (IndexPart("u"),)),
        Index("s", (IndexPart("s", length=8),), unique=True),
    ),
)


class Shop:
    """An engine on a volume in `directory`, created or opened; rows as tuples."""

    NAME = "t"

    def __init__(
        self, directory: Path, page_bytes: int = 512, frames: int = 200, **options: int
    ) -> None:
        self.volume = LocalVolume(
            str(directory), page_bytes=page_bytes, ring_bytes=8 << 20, durable=False, **options
        )
        self.arena, self.st, self.log = self.volume.arena, self.volume.st, self.volume.log
        self.engine = Engine(self.arena, self.st, self.log, self.volume, frames * page_bytes)
        if self.engine.is_empty():
            self.engine.create()
            self.engine.catalog.create_database("shop")
            self.engine.catalog.create_table(TABLE)
        else:
            self.engine.open()
        self.cursor = self.arena.alloc(t.CURSOR_BYTES)
        self.out = self.arena.alloc(8 * 64)
        self._old = self.arena.alloc(1 << 16)
        self._bounds = self.arena.alloc(1 << 14)
        self.look_up()

    def look_up(self) -> None:
        """The table as the dictionary has it now."""
        table = self.engine.catalog.table("shop", self.NAME)
        assert table is not None
        self.table = table
        self.codec = RowCodec(self.arena, self.st, table, room=1 << 16)
        count = len(table.indexes)
        self._keys = [KeyEncoder(self.arena, self.st, table, n, 1 << 14) for n in range(count)]

    def close(self) -> None:
        self.volume.close()

    def _put_old(self, pk: int) -> int:
        row = self.codec.encode((pk, 0, None))
        self.arena.mem[self._old : self._old + len(row)] = bytearray(row)
        return self._old

    def insert(self, ctx: int, row: Row) -> int:
        at, count = self.codec.encode_at(row)
        return self.engine.call(row_kernels.row_insert, ctx, self.table.descriptor, at, count)

    def update(self, ctx: int, pk: int, row: Row) -> int:
        old = self._put_old(pk)
        at, count = self.codec.encode_at(row)
        return self.engine.call(row_kernels.row_update, ctx, self.table.descriptor, old, at, count)

    def delete(self, ctx: int, pk: int) -> int:
        old = self._put_old(pk)
        return self.engine.call(row_kernels.row_delete, ctx, self.table.descriptor, old)

    def get(self, ctx: int, pk: int, mode: int = t.MODE_SNAPSHOT) -> Row | int:
        """The row, or the code."""
        key = self._bound(0, (pk,), 0)
        code = self.engine.call(row_kernels.row_get, ctx, self.table.descriptor, *key, mode)
        return self._row(code) if code >= 0 else code

    def _bound(self, index: int, values: tuple | None, place: int) -> tuple[int, int]:
        at = self._bounds + place * 8192
        if values is None:
            return at, -1
        key = self._keys[index].encode(values)
        self.arena.mem[at : at + len(key)] = bytearray(key)
        return at, len(key)

    def _row(self, at: int) -> Row:
        pk, u, s = self.codec.decode_at(at)
        return pk, u, s

    def scan(
        self,
        ctx: int,
        index: int = 0,
        low: tuple | None = None,
        high: tuple | None = None,
        low_inclusive: int = 1,
        high_inclusive: int = 1,
        backward: int = 0,
        limit: int = 64,
        mode: int = t.MODE_SNAPSHOT,
    ) -> list[Row]:
        """All rows of a range, in the cursor's order."""
        opened = self.engine.call(
            cursor_kernels.cursor_open,
            ctx,
            self.cursor,
            self.table.descriptor,
            index,
            *self._bound(index, low, 0),
            low_inclusive,
            *self._bound(index, high, 1),
            high_inclusive,
            backward,
            mode,
        )
        assert opened == 0
        rows: list[Row] = []
        while True:
            count = self.engine.call(cursor_kernels.cursor_next, self.cursor, self.out, limit)
            assert count >= 0, count
            if count == 0:
                return rows
            rows += [self._row(int(at)) for at in self.engine.words(self.out, count)]

    def finish_background(self) -> None:
        while self.engine.background_step():
            pass


class Beside(Shop):
    """Another table of a shop."""

    def __init__(self, shop: Shop, name: str) -> None:
        vars(self).update(vars(shop))
        self.NAME = name
        self.look_up()


@contextmanager
def open_shop(directory: Path, page_bytes: int = 512, frames: int = 200) -> Iterator[Shop]:
    """A shop for the length of a test."""
    shop = Shop(directory, page_bytes, frames)
    try:
        yield shop
    finally:
        shop.close()


def key_of(row: Row | None) -> str | None:
    """What the unique index says of a row: its first eight characters, caseless."""
    return None if row is None or row[2] is None else row[2][:8].lower()


@dataclass
class Session:
    """What the model knows of one context."""

    ctx: int
    isolation: int = t.ISOLATION_REPEATABLE_READ
    view: dict[int, Row] | None = None
    changes: list[tuple[int, Row | None, Row | None]] = field(default_factory=list)
    locks: dict[int, int] = field(default_factory=dict)  #: id → t.LOCK_…
    #: Locked gaps of the primary key: an id in it, and the live ids around it when it was locked.
    gaps: list[tuple[int, float, float]] = field(default_factory=list)
    #: Entries (key, id) of the unique index that were found to be duplicates, and the gap before.
    duplicates: set[tuple[str, int]] = field(default_factory=set)
    took_back: bool = False  #: an insert, and so locks gaps of the secondary indexes
    marks: list[tuple[int, int]] = field(default_factory=list)  #: (engine's mark, changes then)


@dataclass(frozen=True)
class Wait:
    """The call waits for this context."""

    ctx: int


class Model:
    """The plain interpreter.

    It does not know which deleted rows are still there, and so not where exactly a locked gap ends.
    Between the least and the most that may be locked it believes the engine: changes take
    `blocked_by`, the context that the engine says must be waited for, 0: none.
    """

    def __init__(self) -> None:
        self.committed: dict[int, Row] = {}
        self.current: dict[int, Row] = {}
        self.sessions: list[Session] = []

    def owner(self, pk: int) -> Session | None:
        """Who has changed the row and not ended."""
        for session in self.sessions:
            if any(change[0] == pk for change in session.changes):
                return session
        return None

    def _writer(self, session: Session, pk: int) -> Wait | None:
        owner = self.owner(pk)
        return Wait(owner.ctx) if owner is not None and owner is not session else None

    def _locked(self, session: Session, pk: int, mode: int) -> set[int]:
        """Contexts whose explicit locks are in the way."""
        return {
            other.ctx
            for other in self.sessions
            if other is not session
            and pk in other.locks
            and t.LOCK_EXCLUSIVE in (mode, other.locks[pk])
        }

    def _unique(self, session: Session, own: int, row: Row) -> int | Wait:
        key = key_of(row)
        if key is None:
            return 0
        touched: dict[int, Session] = {}
        for other in self.sessions:
            for pk, before, after in other.changes:
                if key_of(before) != key_of(after) and key in (key_of(before), key_of(after)):
                    touched[pk] = other
        live = {pk for pk, one in self.current.items() if key_of(one) == key}
        for pk in sorted((touched.keys() | live) - {own}):
            if pk in touched and touched[pk] is not session:
                return Wait(touched[pk].ctx)
            if pk in live:
                session.duplicates.add((key, pk))
                return E_DUPLICATE
        return 0

    def _claim_new(self, session: Session, pk: int, blocked_by: int) -> int | Wait | set[int]:
        waits = self._writer(session, pk)
        if waits:
            return waits
        if pk in self.current:
            if self.owner(pk) is not session:
                locked = self._locked(session, pk, t.LOCK_SHARED)
                if locked:
                    return locked
                session.locks[pk] = max(t.LOCK_SHARED, session.locks.get(pk, 0))
            return E_DUPLICATE
        others = [one for one in self.sessions if one is not session]
        if session.locks.get(pk) != t.LOCK_EXCLUSIVE:
            locked = {one.ctx for one in others if pk in one.locks}
            if locked:
                return locked
        may = {o.ctx for o in others if any(low < pk < high for _, low, high in o.gaps)}
        if blocked_by in may:
            return Wait(blocked_by)
        return {one.ctx for one in others if any(pk == gap[0] for gap in one.gaps)}

    def _duplicate_gaps(self, session: Session, row: Row, blocked_by: int) -> int | Wait:
        """Whether the engine may refuse an entry of a secondary index for the gap it is in."""
        key = key_of(row)
        for other in self.sessions:
            if other.ctx == blocked_by and other is not session:
                near = (key is None or key <= locked for locked, _ in other.duplicates)
                if other.took_back or any(near):
                    return Wait(blocked_by)
        return 0

    def _old_entry(self, session: Session, pk: int) -> set[int]:
        """Who has locked the row's entry of the unique index."""
        entry = (key_of(self.current.get(pk)), pk)
        return {one.ctx for one in self.sessions if one is not session and entry in one.duplicates}

    def insert(self, session: Session, row: Row, blocked_by: int) -> int | Wait | set[int]:
        claim = self._claim_new(session, row[0], blocked_by)
        claim = claim or self._duplicate_gaps(session, row, blocked_by)
        claim = claim or self._unique(session, row[0], row)
        if not claim:
            self._change(session, row[0], row)
        return claim or 0

    def update(self, session: Session, pk: int, row: Row, blocked_by: int) -> int | Wait | set[int]:
        claim: int | Wait | set[int] = 0
        if pk != row[0]:
            claim = self._claim_new(session, row[0], blocked_by)
        claim = claim or self._claim_old(session, pk)
        old = self.current.get(pk)
        if not claim and (pk != row[0] or key_of(old) != key_of(row)):
            claim = self._duplicate_gaps(session, row, blocked_by)
            claim = claim or self._unique(session, pk, row)
            claim = claim or self._old_entry(session, pk)
        elif not claim and old is not None and old[1] != row[1]:
            claim = self._duplicate_gaps(session, row, blocked_by)
        if not claim:
            if pk != row[0]:
                self._change(session, pk, None)
            self._change(session, row[0], row)
        return claim or 0

    def _claim_old(self, session: Session, pk: int) -> int | Wait | set[int]:
        waits = self._writer(session, pk)
        if waits:
            return waits
        if pk not in self.current:
            return E_NOT_FOUND
        return self._locked(session, pk, t.LOCK_EXCLUSIVE)

    def delete(self, session: Session, pk: int) -> int | Wait | set[int]:
        claim = self._claim_old(session, pk) or self._old_entry(session, pk)
        if not claim:
            self._change(session, pk, None)
        return claim or 0

    def lock(self, session: Session, pk: int, mode: int) -> Row | int | Wait | set[int]:
        """A locking read; `mode` is a lock mode."""
        waits = self._writer(session, pk)
        if waits:
            return waits
        if pk not in self.current:
            if session.isolation >= t.ISOLATION_REPEATABLE_READ:
                self._lock_gap(session, pk)
            return E_NOT_FOUND
        if self.owner(pk) is not session:
            locked = self._locked(session, pk, mode)
            if locked:
                return locked
            session.locks[pk] = max(mode, session.locks.get(pk, 0))
        return self.current[pk]

    def _lock_gap(self, session: Session, pk: int) -> None:
        below = max((one for one in self.current if one < pk), default=float("-inf"))
        above = min((one for one in self.current if one > pk), default=float("inf"))
        session.gaps.append((pk, below, above))

    def _change(self, session: Session, pk: int, row: Row | None) -> None:
        session.changes.append((pk, self.current.get(pk), row))
        self._put(pk, row)

    def _put(self, pk: int, row: Row | None) -> None:
        if row is None:
            self.current.pop(pk, None)
        else:
            self.current[pk] = row

    def statement(self, session: Session) -> None:
        if session.view is None or session.isolation <= t.ISOLATION_READ_COMMITTED:
            session.view = dict(self.committed)

    def seen(self, session: Session) -> dict[int, Row]:
        """What a snapshot read shows."""
        if session.isolation == t.ISOLATION_READ_UNCOMMITTED:
            return dict(self.current)
        assert session.view is not None
        seen = dict(session.view)
        for pk, _, row in session.changes:
            seen.pop(pk, None)
            if row is not None:
                seen[pk] = row
        return seen

    def back_to(self, session: Session, changes: int) -> None:
        """Undo; the locks stay, and the gap of a row that is gone."""
        while len(session.changes) > changes:
            pk, before, _ = session.changes.pop()
            self._put(pk, before)
            session.locks[pk] = t.LOCK_EXCLUSIVE
            if before is None and session.isolation >= t.ISOLATION_REPEATABLE_READ:
                self._lock_gap(session, pk)
                session.took_back = True

    def end(self, session: Session, commit: bool) -> None:
        if commit:
            for pk, _, row in session.changes:
                self.committed.pop(pk, None)
                if row is not None:
                    self.committed[pk] = row
            session.changes.clear()
        self.back_to(session, 0)
        session.view = None
        session.locks.clear()
        session.gaps.clear()
        session.duplicates.clear()
        session.took_back = False
        session.marks.clear()


def agree(shop: Shop, code: int | Row, expected: object) -> None:
    """A call's result is what the model says."""
    if isinstance(expected, Wait):
        assert code == E_LOCK_WAIT
        assert int(shop.st[ST_WAIT_FOR]) == expected.ctx
    elif isinstance(expected, set):
        assert code == E_LOCK_WAIT
        assert int(shop.st[ST_WAIT_FOR]) in expected
    else:
        assert code == expected, (code, expected, int(shop.st[ST_DUPLICATE_INDEX]))
