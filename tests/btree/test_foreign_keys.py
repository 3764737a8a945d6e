"""Foreign keys against a model: random changes of four tables, small pages, a small pool.

a ◄─cascade─ b (and b ◄─cascade─ b.up)     b ◄─set null, update cascades─ c     c ◄─restrict─ d
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from btree import cascade_kernels, cursor_kernels
from btree import txn_layout as t
from btree.engine import Engine
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, ForeignKey, Index, IndexPart, Table, TypeKind
from redo.codes import (
    E_CASCADE_DEPTH,
    E_CHILD_THERE,
    E_DUPLICATE,
    E_LATER,
    E_NOT_FOUND,
    E_PARENT_MISSING,
)
from redo.volume import LocalVolume

BIGINT = ColumnType(TypeKind.BIGINT)
Rows = dict[int, tuple[int | None, ...]]


class Refused(Exception):
    """The model's word for a code."""


def table(name: str, columns: tuple[str, ...], keys: tuple[ForeignKey, ...]) -> Table:
    made = (Column("id", BIGINT, nullable=False), *(Column(one, BIGINT) for one in columns))
    indexes = [Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True)]
    indexes += [Index(one, (IndexPart(one),)) for one in columns]
    return Table(name, "shop", made, tuple(indexes), foreign_keys=keys)


def key(column: str, parent: str, on_delete: str, on_update: str) -> ForeignKey:
    return ForeignKey(f"{column}_key", (column,), "shop", parent, ("id",), on_delete, on_update)


TABLES = (
    table("a", (), ()),
    table("b", ("a", "up"), (key("a", "a", "CASCADE", "CASCADE"), key("up", "b", "CASCADE", ""))),
    table("c", ("b",), (key("b", "b", "SET NULL", "CASCADE"),)),
    table("d", ("c",), (key("c", "c", "", ""),)),
)
#: (child, column, parent, on delete, on update)
KEYS = tuple(
    (one.name, 1 + number, foreign.table, foreign.on_delete, foreign.on_update)
    for one in TABLES
    for number, foreign in enumerate(one.foreign_keys)
)


class Model:
    """The tables as dicts; a refused change leaves them as they were."""

    def __init__(self) -> None:
        self.tables: dict[str, Rows] = {one.name: {} for one in TABLES}

    def change(self, what: str, name: str, *args: object) -> int:
        before = {one: dict(rows) for one, rows in self.tables.items()}
        try:
            getattr(self, what)(name, *args)
        except Refused as error:
            self.tables = before
            return int(error.args[0])
        return 0

    def _parents(self, name: str, row: tuple[int | None, ...], old: tuple = ()) -> None:
        for child, column, parent, _, _ in KEYS:
            if child != name or row[column] is None or (old and old[column] == row[column]):
                continue
            itself = parent == name and row[column] == row[0]
            if row[column] not in self.tables[parent] and not itself:
                raise Refused(E_PARENT_MISSING)

    def insert(self, name: str, row: tuple[int | None, ...]) -> None:
        self._parents(name, row)
        if row[0] in self.tables[name]:
            raise Refused(E_DUPLICATE)
        assert row[0] is not None
        self.tables[name][row[0]] = row

    def _children(self, name: str, pk: int, place: int) -> Iterator[tuple[str, int, str, int]]:
        for one in KEYS:
            child, column, parent = one[:3]
            if parent == name:
                for number, row in sorted(self.tables[child].items()):
                    if row[column] == pk:
                        yield child, column, one[place], number

    def delete(self, name: str, pk: int, depth: int = 0) -> None:
        if pk not in self.tables[name]:
            raise Refused(E_NOT_FOUND)
        children = list(self._children(name, pk, 3))
        if any(action == "" for _, _, action, _ in children):
            raise Refused(E_CHILD_THERE)
        del self.tables[name][pk]
        for child, column, action, number in children:
            row = self.tables[child].get(number)
            if row is None or row[column] != pk:
                continue
            if depth >= 14:
                raise Refused(E_CASCADE_DEPTH)
            if action == "CASCADE":
                self.delete(child, number, depth + 1)
            else:
                self.tables[child][number] = tuple(
                    None if place == column else value for place, value in enumerate(row)
                )

    def update(self, name: str, pk: int, row: tuple[int | None, ...]) -> None:
        old = self.tables[name].get(pk)
        if old is None:
            raise Refused(E_NOT_FOUND)
        self._parents(name, row, old)
        if row[0] != pk:
            children = list(self._children(name, pk, 4))
            if any(action == "" for _, _, action, _ in children):
                raise Refused(E_CHILD_THERE)
            if row[0] in self.tables[name]:
                raise Refused(E_DUPLICATE)
            del self.tables[name][pk]
            for child, column, _, number in children:
                changed = list(self.tables[child][number])
                changed[column] = row[0]
                self.tables[child][number] = tuple(changed)
        assert row[0] is not None
        self.tables[name][row[0]] = row


class Database:
    """The same tables in an engine."""

    def __init__(self, directory: Path, page_bytes: int, frames: int) -> None:
        self.volume = LocalVolume(
            str(directory), page_bytes=page_bytes, ring_bytes=8 << 20, durable=False
        )
        arena, st = self.volume.arena, self.volume.st
        self.engine = Engine(arena, st, self.volume.log, self.volume, frames * page_bytes)
        self.engine.create()
        self.engine.catalog.create_database("shop")
        for one in TABLES:
            self.engine.catalog.create_table(one)
        self.tables = {one.name: self.engine.catalog.table("shop", one.name) for one in TABLES}
        for one in self.tables.values():
            self.engine.foreign_keys.prepare(one)
        self.codecs = {
            name: RowCodec(arena, st, one, room=4096) for name, one in self.tables.items()
        }
        self.old = arena.alloc(4096)
        self.ctx = self.engine.open_context()

    def _call(self, kernel: object, name: str, *args: int) -> int:
        self.engine.statement(self.ctx)
        while True:
            descriptor = self.tables[name].descriptor
            code = self.engine.call(kernel, self.ctx, descriptor, *args)
            if code != E_LATER:
                break
        if code < 0:
            self.engine.rollback_statement(self.ctx)
        return code

    def _old_row(self, name: str, row: tuple[int | None, ...]) -> int:
        data = self.codecs[name].encode(row)
        self.volume.arena.mem[self.old : self.old + len(data)] = bytearray(data)
        return self.old

    def insert(self, name: str, row: tuple[int | None, ...]) -> int:
        return self._call(cascade_kernels.foreign_insert, name, *self.codecs[name].encode_at(row))

    def delete(self, name: str, row: tuple[int | None, ...]) -> int:
        return self._call(cascade_kernels.foreign_delete, name, self._old_row(name, row))

    def update(self, name: str, old: tuple[int | None, ...], row: tuple[int | None, ...]) -> int:
        before = self._old_row(name, old)
        at, count = self.codecs[name].encode_at(row)
        return self._call(cascade_kernels.foreign_update, name, before, at, count)


@contextmanager
def database(directory: Path, page_bytes: int = 512, frames: int = 64) -> Iterator[Database]:
    made = Database(directory, page_bytes, frames)
    try:
        yield made
    finally:
        made.volume.close()


def contents(shop: Database, name: str) -> Rows:
    """All rows of a table, as the context sees them."""
    engine, made = shop.engine, shop.tables[name]
    cursor, out = engine.arena.alloc(t.CURSOR_BYTES), engine.arena.alloc(8 * 64)
    engine.statement(shop.ctx)
    bounds = (0, -1, 1, 0, -1, 1, 0, t.MODE_SNAPSHOT)
    engine.ensure(
        engine.call(cursor_kernels.cursor_open, shop.ctx, cursor, made.descriptor, 0, *bounds)
    )
    rows: Rows = {}
    while count := engine.ensure(engine.call(cursor_kernels.cursor_next, cursor, out, 64)):
        for at in engine.words(out, count).tolist():
            row = tuple(shop.codecs[name].decode_at(at))
            rows[row[0]] = row
    engine.arena.free(cursor, t.CURSOR_BYTES)
    engine.arena.free(out, 8 * 64)
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_are_as_in_the_model(tmp_path, seed):
    chance = random.Random(seed)
    model = Model()
    with database(tmp_path) as shop:
        for step in range(600):
            one = chance.choice(TABLES)
            name = one.name
            pk = chance.randrange(40)
            others = one.columns[1:]
            rest = [None if chance.random() < 0.2 else chance.randrange(40) for _ in others]
            row = (pk, *rest)
            what = chance.choice(("insert", "insert", "insert", "update", "delete"))
            old = model.tables[name].get(pk)
            if what == "insert":
                expected = model.change("insert", name, row)
                code = shop.insert(name, row)
            elif old is None:
                continue
            elif what == "delete":
                expected = model.change("delete", name, pk)
                code = shop.delete(name, old)
            else:
                if name == "b":
                    rest[1] = old[2]  # two ways from b to b would meet in one row
                target = (chance.randrange(40), *rest)
                if name == "b" and old[2] == old[0] != target[0]:
                    continue
                expected = model.change("update", name, pk, target)
                code = shop.update(name, old, target)
            assert code == expected, (seed, step, what, name, row)
            if step % 50 == 0:
                for each in TABLES:
                    assert contents(shop, each.name) == model.tables[each.name], (seed, step)
                if chance.random() < 0.5:
                    shop.engine.commit(shop.ctx)
        shop.engine.commit(shop.ctx)
        for each in TABLES:
            assert contents(shop, each.name) == model.tables[each.name], seed
        assert shop.engine.check() == []


def test_a_long_cascade_lets_others_run_and_is_undone_as_a_whole(tmp_path):
    with database(tmp_path, frames=4000) as shop:  # no miss gives others their turn
        assert shop.insert("a", (1,)) == 0
        for number in range(700):
            assert shop.insert("b", (number, 1, None)) == 0
            assert shop.insert("c", (number, number)) == 0
        shop.engine.commit(shop.ctx)
        shop.engine.statement(shop.ctx)
        descriptor = shop.tables["a"].descriptor
        old = shop._old_row("a", (1,))
        calls = 1
        delete = cascade_kernels.foreign_delete
        while (code := shop.engine.call(delete, shop.ctx, descriptor, old)) == E_LATER:
            calls += 1
        assert code == 0
        assert calls > 3
        assert contents(shop, "b") == {}
        assert set(contents(shop, "c").values()) == {(n, None) for n in range(700)}
        shop.engine.rollback(shop.ctx)
        assert len(contents(shop, "b")) == 700
        assert contents(shop, "c") == {n: (n, n) for n in range(700)}
        shop.engine.commit(shop.ctx)
        assert shop.engine.check() == []


def test_foreign_key_checks_off(tmp_path):
    with database(tmp_path) as shop:
        shop.engine.foreign_keys.set_checks(shop.ctx, False)
        assert shop.insert("b", (1, 99, None)) == 0
        shop.engine.foreign_keys.set_checks(shop.ctx, True)
        assert shop.insert("b", (2, 99, None)) == E_PARENT_MISSING
        assert shop.update("b", (1, 99, None), (1, 98, None)) == E_PARENT_MISSING
        assert shop.engine.foreign_keys.blamed().key.name == "a_key"
        shop.engine.commit(shop.ctx)
