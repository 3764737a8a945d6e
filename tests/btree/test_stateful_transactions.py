"""Transactions chosen, and shrunk, by hypothesis: the engine on the smallest pages and a pool that
is smaller than the data, against the interpreter of snapshots and locks in `shop.py`. The checkers
run after each step.

With SOAK_SECONDS (`make soak`) there are that many examples, at random; otherwise always the same.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from btree import txn_layout as t
from btree.engine import UNTOUCHED
from btree.state import ST_ACTIVE_COUNT, ST_LOCK_COUNT
from redo.codes import E_LOCK_WAIT
from redo.state import ST_WAIT_FOR
from tests.btree.shop import Model, Row, Session, Shop, agree

SOAK = int(float(os.environ.get("SOAK_SECONDS", "0")))
CONTEXTS = 3
IDS = 12

ids = st.integers(0, IDS - 1)
texts = st.one_of(
    st.none(),
    st.integers(0, 5).map(lambda number: f"s{number}"),
    st.sampled_from(("x", "xxxx", "S1")),  # an entry of the index must fit a small page
)
rows = st.tuples(ids, st.integers(0, 3), texts)
contexts = st.integers(0, CONTEXTS - 1)
isolations = st.sampled_from(
    (
        t.ISOLATION_REPEATABLE_READ,
        t.ISOLATION_READ_COMMITTED,
        t.ISOLATION_READ_UNCOMMITTED,
    )
)


class Transactions(RuleBasedStateMachine):
    """Three sessions on one table."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.shop = Shop(self.directory, page_bytes=256, frames=90)
        self.model = Model()

    @initialize(levels=st.tuples(*[isolations] * CONTEXTS), given=st.lists(rows, max_size=IDS))
    def begin(self, levels: tuple[int, ...], given: list[Row]) -> None:
        engine = self.shop.engine
        self.model.sessions = [Session(engine.open_context()) for _ in levels]
        first = self.model.sessions[0]
        for row in given:
            self._statement(first)
            self.insert_row(first, row)
        self._end(first, True)
        for session, isolation in zip(self.model.sessions, levels, strict=True):
            session.isolation = isolation
            engine.begin(session.ctx, isolation)

    def _statement(self, session: Session) -> Session:
        self.shop.engine.statement(session.ctx)
        self.model.statement(session)
        return session

    def _session(self, number: int) -> Session:
        return self._statement(self.model.sessions[number])

    def _blocked_by(self, code: Any) -> int:
        return int(self.shop.st[ST_WAIT_FOR]) if code == E_LOCK_WAIT else 0

    def insert_row(self, session: Session, row: Row) -> None:
        code = self.shop.insert(session.ctx, row)
        agree(self.shop, code, self.model.insert(session, row, self._blocked_by(code)))

    @rule(number=contexts, row=rows)
    def insert(self, number: int, row: Row) -> None:
        self.insert_row(self._session(number), row)

    @rule(number=contexts, pk=ids, row=rows, moves=st.booleans())
    def update(self, number: int, pk: int, row: Row, moves: bool) -> None:
        session = self._session(number)
        row = row if moves else (pk, *row[1:])
        code = self.shop.update(session.ctx, pk, row)
        agree(self.shop, code, self.model.update(session, pk, row, self._blocked_by(code)))

    @rule(number=contexts, pk=ids)
    def delete(self, number: int, pk: int) -> None:
        session = self._session(number)
        agree(self.shop, self.shop.delete(session.ctx, pk), self.model.delete(session, pk))

    @rule(number=contexts, pk=ids, mode=st.sampled_from((t.MODE_EXCLUSIVE, t.MODE_SHARED)))
    def lock(self, number: int, pk: int, mode: int) -> None:
        session = self._session(number)
        expected = self.model.lock(session, pk, 3 - mode)
        agree(self.shop, self.shop.get(session.ctx, pk, mode), expected)

    @rule(number=contexts, pk=ids)
    def get(self, number: int, pk: int) -> None:
        session = self._session(number)
        agree(self.shop, self.shop.get(session.ctx, pk), self.model.seen(session).get(pk, -1))

    @rule(number=contexts, index=st.integers(0, 1), backward=st.booleans(), limit=st.integers(1, 5))
    def scan(self, number: int, index: int, backward: bool, limit: int) -> None:
        session = self._session(number)
        expected = sorted(self.model.seen(session).values(), key=lambda row: (row[index], row[0]))
        if backward:
            expected.reverse()
        found = self.shop.scan(session.ctx, index, backward=int(backward), limit=limit)
        assert found == expected

    @rule(number=contexts, low=ids, high=ids)
    def scan_range(self, number: int, low: int, high: int) -> None:
        session = self._session(number)
        seen = self.model.seen(session)
        expected = [seen[pk] for pk in sorted(seen) if low <= pk <= high]
        assert self.shop.scan(session.ctx, 0, (low,), (high,)) == expected

    @rule(number=contexts)
    def savepoint(self, number: int) -> None:
        session = self.model.sessions[number]
        session.marks.append((self.shop.engine.savepoint(session.ctx), len(session.changes)))

    @precondition(lambda self: any(one.marks for one in self.model.sessions))
    @rule(data=st.data())
    def rollback_to(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from([one for one in self.model.sessions if one.marks]))
        place = data.draw(st.integers(0, len(session.marks) - 1))
        marks = session.marks[: place + 1]
        mark, changes = marks[-1]
        self.shop.engine.rollback_to(session.ctx, mark)
        if mark == UNTOUCHED:  # of a transaction that had not begun to do anything
            self.model.end(session, False)
        else:
            self.model.back_to(session, changes)
        session.marks = marks

    @rule(number=contexts, commits=st.booleans(), isolation=isolations)
    def end(self, number: int, commits: bool, isolation: int) -> None:
        session = self.model.sessions[number]
        self._end(session, commits)
        session.isolation = isolation
        self.shop.engine.begin(session.ctx, isolation)

    def _end(self, session: Session, commits: bool) -> None:
        if commits:
            self.shop.engine.commit(session.ctx)
        else:
            self.shop.engine.rollback(session.ctx)
        self.model.end(session, commits)

    @rule(rows=st.integers(1, 9))
    def purge(self, rows: int) -> None:
        self.shop.engine.purge_step(rows)

    @rule()
    def background(self) -> None:
        self.shop.finish_background()

    @invariant()
    def is_sound(self) -> None:
        assert self.shop.engine.check() == []

    def teardown(self) -> None:
        try:
            for session in self.model.sessions:
                self._end(session, False)
                self.shop.engine.close_context(session.ctx)
            self.shop.finish_background()
            assert self.shop.engine.check() == []
            assert self.shop.st[ST_ACTIVE_COUNT] == self.shop.st[ST_LOCK_COUNT] == 0
            reader = self.shop.engine.open_context()
            self.shop.engine.statement(reader)
            assert self.shop.scan(reader) == sorted(self.model.committed.values())
        finally:
            self.shop.close()
            shutil.rmtree(self.directory)


TestTransactions = Transactions.TestCase
TestTransactions.settings = settings(
    max_examples=SOAK or 30,
    stateful_step_count=40,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
