"""Interleaved transactions against the plain interpreter of `shop.py`; reopening after a crash."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from btree import txn_layout as t
from btree.state import (
    ST_ACTIVE_COUNT,
    ST_FRAME_COUNT,
    ST_GAP_COUNT,
    ST_LOCK_BYTES,
    ST_LOCK_COUNT,
    ST_SETTLED_AT,
    ST_UNDO_PAGES,
)
from redo.codes import E_LOCK_WAIT
from redo.state import ST_WAIT_FOR
from tests.btree.shop import Model, Row, Session, Shop, agree, open_shop

IDS = 24
ISOLATIONS = (
    t.ISOLATION_READ_UNCOMMITTED,
    t.ISOLATION_READ_COMMITTED,
    t.ISOLATION_REPEATABLE_READ,
    t.ISOLATION_REPEATABLE_READ,
)


class Story:
    """Random sessions on a shop and on its model; every answer compared."""

    def __init__(self, rng: random.Random, shop: Shop, model: Model, sessions: int = 4) -> None:
        self.rng = rng
        self.shop = shop
        self.model = model
        model.sessions = [Session(shop.engine.open_context()) for _ in range(sessions)]
        for session in model.sessions:
            self._begin(session)

    def _begin(self, session: Session) -> None:
        session.isolation = self.rng.choice(ISOLATIONS)
        self.shop.engine.begin(session.ctx, session.isolation)

    def row(self) -> Row:
        rng = self.rng
        text = rng.choice((None, f"s{rng.randrange(12)}", "x" * rng.randrange(1, 9)))
        if text and rng.random() < 0.1:
            text += "-" * rng.choice((40, 900))  # the unique index takes eight characters
        return rng.randrange(IDS), rng.randrange(5), text

    def step(self) -> None:
        """One call of one session."""
        rng = self.rng
        session = rng.choice(self.model.sessions)
        action = rng.choices(
            (self.insert, self.update, self.delete, self.lock, self.read, self.scan),
            (5, 4, 3, 1, 2, 3),
        )[0]
        if rng.random() < 0.12:
            action = rng.choice((self.end, self.mark, self.back))
        self.shop.engine.statement(session.ctx)
        self.model.statement(session)
        action(session)
        if rng.random() < 0.2:
            self.shop.engine.background_step()

    def _blocked_by(self, code: int) -> int:
        return int(self.shop.st[ST_WAIT_FOR]) if code == E_LOCK_WAIT else 0

    def insert(self, session: Session) -> None:
        row = self.row()
        code = self.shop.insert(session.ctx, row)
        agree(self.shop, code, self.model.insert(session, row, self._blocked_by(code)))

    def update(self, session: Session) -> None:
        row = self.row()
        pk = row[0] if self.rng.random() < 0.7 else self.rng.randrange(IDS)
        code = self.shop.update(session.ctx, pk, row)
        agree(self.shop, code, self.model.update(session, pk, row, self._blocked_by(code)))

    def delete(self, session: Session) -> None:
        pk = self.rng.randrange(IDS)
        agree(self.shop, self.shop.delete(session.ctx, pk), self.model.delete(session, pk))

    def lock(self, session: Session) -> None:
        pk = self.rng.randrange(IDS)
        mode = self.rng.choice((t.MODE_EXCLUSIVE, t.MODE_SHARED))
        expected = self.model.lock(session, pk, 3 - mode)
        agree(self.shop, self.shop.get(session.ctx, pk, mode), expected)

    def read(self, session: Session) -> None:
        pk = self.rng.randrange(IDS)
        expected = self.model.seen(session).get(pk, -1)
        agree(self.shop, self.shop.get(session.ctx, pk), expected)

    def scan(self, session: Session) -> None:
        rng = self.rng
        index = rng.randrange(3)
        orders = (
            lambda row: (row[0],),
            lambda row: (row[1], row[0]),
            lambda row: (row[2] is not None, (row[2] or "")[:8], row[0]),
        )
        rows = sorted(self.model.seen(session).values(), key=orders[index])
        low = high = None
        low_inclusive, high_inclusive, backward = (rng.randrange(2) for _ in range(3))
        if index < 2 and rng.random() < 0.6:
            if rng.random() < 0.8:
                low = (rng.randrange(IDS if index == 0 else 5),)
            if rng.random() < 0.8:
                high = (rng.randrange(IDS if index == 0 else 5),)
            rows = [
                row
                for row in rows
                if (low is None or row[index] > low[0] - low_inclusive)
                and (high is None or row[index] < high[0] + high_inclusive)
            ]
        if backward:
            rows.reverse()
        found = self.shop.scan(
            session.ctx,
            index,
            low,
            high,
            low_inclusive,
            high_inclusive,
            backward,
            rng.choice((1, 3, 64)),
        )
        assert found == rows

    def end(self, session: Session) -> None:
        commit = self.rng.random() < 0.7
        if commit:
            end = self.shop.engine.commit(session.ctx)
            assert (end > 0) >= bool(session.changes)
        else:
            self.shop.engine.rollback(session.ctx)
        self.model.end(session, commit)
        self._begin(session)

    def mark(self, session: Session) -> None:
        mark = self.shop.engine.savepoint(session.ctx)
        session.marks.append((mark, len(session.changes)))

    def back(self, session: Session) -> None:
        if session.marks:
            place = self.rng.randrange(len(session.marks))
            mark, changes = session.marks[place]
            del session.marks[place + 1 :]
            self.shop.engine.rollback_to(session.ctx, mark)
            self.model.back_to(session, changes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("page_bytes", "frames"), [(512, 400), (512, 100), (16384, 32)])
def test_transactions_agree_with_the_interpreter(tmp_path: Path, page_bytes, frames, seed):
    rng = random.Random(seed)
    with open_shop(tmp_path, page_bytes, frames) as shop:
        story = Story(rng, shop, Model())
        for step in range(700):
            story.step()
            if step % 50 == 0:
                assert shop.engine.check() == [], (seed, step)
        for session in story.model.sessions:
            shop.engine.rollback(session.ctx)
            story.model.end(session, commit=False)
        shop.finish_background()
        assert shop.engine.check() == []
        assert shop.st[ST_ACTIVE_COUNT] == 0
        assert shop.st[ST_LOCK_COUNT] == shop.st[ST_GAP_COUNT] == shop.st[ST_LOCK_BYTES] == 0
        reader = shop.engine.open_context()
        shop.engine.statement(reader)
        assert shop.scan(reader) == sorted(story.model.committed.values())


@pytest.mark.parametrize("backward", [0, 1])
def test_leaves_known_to_be_settled_are_looked_at_again_when_they_change(
    tmp_path: Path, backward: int
) -> None:
    before = [(pk, pk, f"s{pk}") for pk in range(60)]
    with open_shop(tmp_path) as shop:
        engine = shop.engine
        writer, old, new = (engine.open_context() for _ in range(3))

        def scan(ctx: int) -> list[Row]:
            engine.statement(ctx)
            return shop.scan(ctx, backward=backward)[:: -1 if backward else 1]

        for row in before:
            engine.begin(writer, t.ISOLATION_REPEATABLE_READ)
            assert shop.insert(writer, row) == 0
            engine.commit(writer)
        engine.begin(old, t.ISOLATION_REPEATABLE_READ)
        assert scan(old) == scan(old) == before
        notes = shop.arena.words(int(shop.st[ST_SETTLED_AT]), 2 * int(shop.st[ST_FRAME_COUNT]))
        assert notes.any()
        engine.begin(writer, t.ISOLATION_REPEATABLE_READ)
        assert shop.update(writer, 7, (7, 700, "other")) == 0
        assert shop.delete(writer, 9) == 0
        assert shop.insert(writer, (1000, 1, "more")) == 0
        assert scan(old) == before
        engine.commit(writer)
        assert scan(old) == before
        engine.begin(new, t.ISOLATION_REPEATABLE_READ)
        changed = {row[0]: row for row in before} | {7: (7, 700, "other"), 1000: (1000, 1, "more")}
        del changed[9]
        assert scan(new) == scan(new) == list(changed.values())
        assert scan(old) == before


@pytest.mark.parametrize("seed", range(8))
def test_a_crash_leaves_committed_rows_only(tmp_path: Path, seed):
    """Whatever was not durable is gone; what was committed is there; the rest is rolled back."""
    rng = random.Random(seed)
    committed: dict[int, Row] = {}
    for life in range(4):
        with open_shop(tmp_path, frames=4000) as shop:
            reader = shop.engine.open_context()
            shop.engine.statement(reader)
            assert shop.engine.check() == [], (seed, life)
            assert shop.scan(reader) == sorted(committed.values()), (seed, life)
            assert shop.scan(reader, 1) == sorted(committed.values(), key=lambda r: (r[1], r[0]))
            shop.engine.close_context(reader)
            if rng.random() < 0.5:
                shop.finish_background()
                assert shop.engine.check() == [], (seed, life)
                assert shop.st[ST_ACTIVE_COUNT] == 0
                assert shop.st[ST_UNDO_PAGES] <= 0
            else:
                while len(shop.engine.recovered):
                    shop.engine.background_step()
            model = Model()
            model.committed = dict(committed)
            model.current = dict(committed)
            story = Story(rng, shop, model)
            for _ in range(rng.randrange(10, 250)):
                story.step()
            shop.log.wait_durable(shop.log.next_lsn)
            committed = dict(model.committed)
            # Nothing below is published: the pool is large enough not to need it, closing does not.
            for _ in range(rng.randrange(0, 30)):
                story.step()
