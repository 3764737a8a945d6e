"""An engine that is going to die at a failpoint, and what it must have left behind.

The work is a sequence of numbered steps, each all or nothing: transactions over one table, some of
them rolled back, long values in side tables, statements that change the dictionary (tables, whole
databases, instant columns, an index that is built while rows change); purge and the freeing of
dropped trees run in between. What a step does follows from the seed and the steps before it, so
whoever knows how many were acknowledged knows every row that must be there.
"""

from __future__ import annotations

import os
import random
import signal
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from btree.failpoints import POINTS
from btree.index_build import IndexBuild
from btree.schema import Index, IndexPart
from redo import failpoints
from tests.btree.shop import Row, Shop
from tests.crash.sides import SIDE, Contents, Side

PAGE_BYTES = 1024
FRAMES = 120
STEPS_MAX = 3000  #: so many that the rarest point is passed


@dataclass
class State:
    """Rows of the table, and what else the dictionary has."""

    rows: dict[int, Row] = field(default_factory=dict)
    sides: dict[str, Contents] = field(default_factory=dict)
    databases: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: with their tables
    has_index: bool = False
    next_id: int = 1

    def copy(self) -> State:
        sides, databases = dict(self.sides), dict(self.databases)
        return State(dict(self.rows), sides, databases, self.has_index, self.next_id)


@dataclass
class Change:
    """A row written, or removed (None)."""

    pk: int
    row: Row | None


@dataclass
class Step:
    """What one step does, and the state after it."""

    kind: str  #: "commit", "rollback", or one of KINDS
    after: State
    changes: list[Change] = field(default_factory=list)
    name: str = ""
    note: tuple[int, str] = (0, "")


def step_of(seed: int, number: int, before: State) -> Step:
    """The step with this number."""
    rng = random.Random(seed * 100_003 + number)
    after = before.copy()
    if rng.random() < 0.25:
        return _definition(rng, number, after)
    changes = []
    shrinking = number % 30 >= 18
    for _ in range(rng.randrange(8, 40) if shrinking else rng.randrange(1, 14)):
        known = sorted(after.rows)
        kind = rng.random()
        if known and kind < (0.9 if shrinking else 0.15):
            change = Change(rng.choice(known), None)
        elif known and kind < (0.95 if shrinking else 0.4):
            pk = rng.choice(known)
            change = Change(pk, (pk, rng.randrange(50), _text(rng, number)))
        else:
            pk = after.next_id
            after.next_id += rng.choice((1, 1, 7))
            change = Change(pk, (pk, rng.randrange(50), _text(rng, number)))
        changes.append(change)
        if change.row is None:
            del after.rows[change.pk]
        else:
            after.rows[change.pk] = change.row
    if rng.random() < 0.2:
        back = before.copy()
        back.next_id = after.next_id
        return Step("rollback", back, changes)
    return Step("commit", after, changes)


def _text(rng: random.Random, number: int) -> str | None:
    size = rng.choice((0, 10, 30, 200, 900, 2500))
    name = f"{rng.randrange(36**8):08x}"
    return None if rng.random() < 0.1 else f"{name}{number} {'y' * rng.randrange(size + 1)}"[:2000]


#: Statements about the dictionary, and transactions over side tables.
KINDS = (
    *("side+", "side-", "column+", "note+", "note+", "note+", "note-", "note?"),
    *("note~", "note~", "note~"),
    *("index", "database+", "table+", "table+", "database-"),
)


def _definition(rng: random.Random, number: int, after: State) -> Step:
    kind = rng.choice(KINDS)
    note = (number, f"{number} {'long ' * rng.choice((1, 300, 2000, 9000))}")
    if kind == "index":
        after.has_index = not after.has_index
        return Step("index+" if after.has_index else "index-", after)
    if kind in ("table+", "database-") and after.databases:
        name = rng.choice(sorted(after.databases))
        tables = after.databases.pop(name)
        if kind == "table+":
            after.databases[name] = (*tables, f"table{number}")
        return Step(kind, after, name=name, note=note)
    if kind in ("database+", "table+", "database-"):
        after.databases[f"base{number}"] = ()
        return Step("database+", after, name=f"base{number}")
    if kind == "side+" or not after.sides:
        after.sides[f"side{number}"] = Contents()
        return Step("side+", after, name=f"side{number}")
    name = rng.choice(sorted(after.sides))
    if kind == "side-":
        del after.sides[name]
    elif kind in ("note-", "note~") and not after.sides[name].notes:
        kind = "note?"
    elif kind != "note?":
        after.sides[name] = after.sides[name].changed(kind, note)
    return Step(kind, after, name=name, note=note)


class Doomed:
    """The process that works until it dies."""

    def __init__(self, directory: Path, point: str, hits: int, seed: int, ledger: int) -> None:
        self._shop = Shop(directory, PAGE_BYTES, FRAMES)
        self._ctx = self._shop.engine.open_context()
        self._seed = seed
        self._ledger = ledger
        self._durable(self._shop.engine.log_end)
        failpoints.arm(self._shop.st, POINTS[point], hits)

    def work(self) -> None:
        """All steps; one byte in the ledger for each that was acknowledged."""
        state = State()
        for number in range(STEPS_MAX):
            step = step_of(self._seed, number, state)
            state = step.after
            self._do(step)
            os.write(self._ledger, b".")
            self._shop.engine.background_step()

    def _do(self, step: Step) -> None:
        engine, catalog = self._shop.engine, self._shop.engine.catalog
        if step.kind in ("commit", "rollback"):
            engine.statement(self._ctx)
            for change in step.changes:
                self._change(change)
            if step.kind == "rollback":
                engine.rollback(self._ctx)
            else:
                self._durable(engine.commit(self._ctx))
            return
        if step.kind == "side+":
            catalog.create_table(replace(SIDE, name=step.name))
        elif step.kind == "side-":
            catalog.drop_table("shop", step.name)
        elif step.kind == "index+":
            self._build_index()
        elif step.kind == "index-":
            catalog.drop_index("shop", "t", "more")
        elif step.kind == "database+":
            catalog.create_database(step.name)
        elif step.kind == "database-":
            catalog.drop_database(step.name)
        elif step.kind == "table+":
            name = f"table{step.note[0]}"
            catalog.create_table(replace(SIDE, name=name, database=step.name))
        else:
            Side(self._shop, step.name).change(self._ctx, step.kind, step.note)
        self._shop.look_up()
        self._durable(engine.log_end)

    def _build_index(self) -> None:
        """An index is built while a row moves away from its place in it and back again."""
        shop, engine = self._shop, self._shop.engine
        index = Index("more", (IndexPart("s", length=12), IndexPart("u")))
        table = shop.table
        made = engine.catalog.make_trees([index])
        new = replace(table, indexes=(*table.indexes, *made))
        build = IndexBuild(engine, new, made)
        engine.statement(self._ctx)
        rows = shop.scan(self._ctx)
        engine.commit(self._ctx)
        build.step()
        if rows:
            pk, u, text = rows[len(rows) // 2]
            engine.statement(self._ctx)
            for moved in ((pk, u + 1, text), (pk, u, text)):
                assert shop.update(self._ctx, pk, moved) == 0
            engine.commit(self._ctx)
        while build.step():
            pass
        build.finish()
        engine.catalog.alter_table(table, new, trees=made)
        build.close()

    def _change(self, change: Change) -> None:
        shop = self._shop
        if change.row is None:
            code = shop.delete(self._ctx, change.pk)
        else:
            code = shop.update(self._ctx, change.pk, change.row)
            if code < 0:
                code = shop.insert(self._ctx, change.row)
        assert code == 0, (change, code)

    def _durable(self, lsn: int) -> None:
        self._shop.log.publish()
        self._shop.log.wait_durable(lsn)


def run_doomed(directory: Path, point: str, hits: int, seed: int) -> tuple[int, int]:
    """Fork a process that works until it dies at the point; (steps acknowledged, wait status)."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _live(directory, point, hits, seed, write_end)
    os.close(write_end)
    acknowledged = 0
    while arrived := os.read(read_end, 65536):
        acknowledged += len(arrived)
    os.close(read_end)
    return acknowledged, os.waitpid(pid, 0)[1]


def _live(directory: Path, point: str, hits: int, seed: int, ledger: int) -> NoReturn:
    try:
        Doomed(directory, point, hits, seed, ledger).work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def was_killed(status: int) -> bool:
    """By SIGKILL: nobody but the failpoint sends it."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
