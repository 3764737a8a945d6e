"""A read engine beside a writer: same rows, same dictionary, views that hold still."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from btree import cursor_kernels, row_kernels
from btree.engine import Engine
from btree.rows import RowCodec
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from btree.txn_layout import CURSOR_BYTES, MODE_SNAPSHOT
from redo.arena import Arena, Words
from redo.codes import E_READ_ONLY
from redo.control import REPLICA_VIEW_LOW, Control, replica_word
from redo.log import new_state
from redo.volume import LocalVolume
from replicas.reader import ReadEngine
from tests.replicas.follower_volume import FollowerVolume
from tests.seeds import seed_of

PAGE_BYTES = 1024
BIGINT = ColumnType(TypeKind.BIGINT)
ORDERS = Table(
    name="orders",
    database="shop",
    columns=(
        Column("id", BIGINT, nullable=False),
        Column("amount", BIGINT, nullable=False),
    ),
    indexes=(
        Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
        Index("amount", (IndexPart("amount"),)),
    ),
)


class Shop:
    """A writer and a reader, with one table."""

    def __init__(self, data: Path) -> None:
        self.volume = LocalVolume(
            str(data), page_bytes=PAGE_BYTES, durable=False, private_bytes=512 << 20
        )
        volume = self.volume
        self.writer = Engine(volume.arena, volume.st, volume.log, volume, 1000 * PAGE_BYTES)
        self.writer.create()
        self.arena = Arena(volume._ring_fd, 512 << 20)
        st = new_state(self.arena, PAGE_BYTES)
        self.control = Control(self.arena)
        self.reader = self._reader(st, 0)
        self.writer.catalog.create_database("shop")
        self.table = self.writer.catalog.create_table(ORDERS)
        self.codec = RowCodec(volume.arena, volume.st, self.table, 4096)
        self.ctx = self.writer.open_context()

    def _reader(self, st: Words, number: int) -> ReadEngine:
        pages = FollowerVolume(self.volume, self.arena, PAGE_BYTES)
        return ReadEngine(self.arena, st, pages, 100 * PAGE_BYTES, number)

    def another_reader(self) -> ReadEngine:
        """One that comes now."""
        return self._reader(new_state(self.arena, PAGE_BYTES), 1)

    def insert(self, number: int, amount: int) -> None:
        row, count = self.codec.encode_at([number, amount])
        writer = self.writer
        code = writer.call(row_kernels.row_insert, self.ctx, self.table.descriptor, row, count)
        assert code == 0, code

    def delete(self, number: int, amount: int) -> None:
        row, _ = self.codec.encode_at([number, amount])
        code = self.writer.call(row_kernels.row_delete, self.ctx, self.table.descriptor, row)
        assert code == 0, code

    def begin(self) -> None:
        self.writer.begin(self.ctx)
        self.writer.statement(self.ctx)

    def commit(self) -> None:
        self.writer.commit(self.ctx)

    def follow(self) -> None:
        self.volume.log.wait_durable(self.volume.log.next_lsn)
        while self.reader.advance():
            pass

    def close(self) -> None:
        self.arena.close()
        self.volume.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def rows_of(engine: Engine, ctx: int, index: int = 0) -> Iterator[list[Any]]:
    """The rows of shop.orders as `ctx` sees them, in the order of an index."""
    table = engine.catalog.table("shop", "orders")
    assert table is not None
    codec = RowCodec(engine.arena, engine.st, table, 4096)
    cursor = engine.arena.alloc(CURSOR_BYTES)
    rows_at = engine.arena.alloc(64)
    bounds = (0, -1, 0, 0, -1, 0)
    engine.ensure(
        engine.call(
            cursor_kernels.cursor_open,
            ctx,
            cursor,
            table.descriptor,
            index,
            *bounds,
            0,
            MODE_SNAPSHOT,
        )
    )
    while count := engine.ensure(engine.call(cursor_kernels.cursor_next, cursor, rows_at, 8)):
        offsets = [int(at) for at in engine.words(rows_at, count)]
        yield from [codec.decode_at(at) for at in offsets]


def scan(engine: Engine, ctx: int, index: int = 0) -> list[list[Any]]:
    """All of them."""
    return list(rows_of(engine, ctx, index))


def read(engine: Engine, index: int = 0) -> list[list[Any]]:
    """All rows, in a transaction of its own."""
    ctx = engine.open_context()
    engine.begin(ctx)
    engine.statement(ctx)
    rows = scan(engine, ctx, index)
    engine.commit(ctx)
    engine.close_context(ctx)
    return rows


def test_rows_and_dictionary_follow(shop: Shop) -> None:
    assert shop.reader.catalog.table("shop", "orders") is None
    shop.follow()
    table = shop.reader.catalog.table("shop", "orders")
    assert table == shop.table
    rng = random.Random(seed_of("reader"))
    model: dict[int, int] = {}
    for _ in range(30):
        shop.begin()
        for _ in range(rng.randrange(1, 30)):
            number = rng.randrange(400)
            if number in model:
                shop.delete(number, model.pop(number))
            else:
                model[number] = rng.randrange(50)
                shop.insert(number, model[number])
        shop.commit()
        shop.follow()
        assert read(shop.reader) == sorted([n, a] for n, a in model.items())
        by_amount = read(shop.reader, index=1)
        assert by_amount == sorted(([n, a] for n, a in model.items()), key=lambda r: (r[1], r[0]))


def test_what_is_not_committed_is_not_seen(shop: Shop) -> None:
    shop.begin()
    shop.insert(1, 10)
    shop.follow()  # the row is on the reader's pages, its transaction is not over
    assert read(shop.reader) == []
    shop.commit()
    assert read(shop.reader) == []
    shop.follow()
    assert read(shop.reader) == [[1, 10]]


def test_a_view_holds_still(shop: Shop) -> None:
    shop.begin()
    shop.insert(1, 10)
    shop.commit()
    shop.follow()
    ctx = shop.reader.open_context()
    shop.reader.begin(ctx)
    shop.reader.statement(ctx)
    assert scan(shop.reader, ctx) == [[1, 10]]
    shop.reader.hold_views()
    shop.begin()
    shop.delete(1, 10)
    shop.insert(2, 20)
    shop.commit()
    shop.follow()
    assert scan(shop.reader, ctx) == [[1, 10]]
    assert read(shop.reader) == [[2, 20]]
    shop.reader.commit(ctx)


def test_purge_leaves_what_a_reader_may_need(shop: Shop) -> None:
    shop.begin()
    shop.insert(1, 10)
    shop.commit()
    shop.follow()
    ctx = shop.reader.open_context()
    shop.reader.begin(ctx)
    shop.reader.statement(ctx)
    assert scan(shop.reader, ctx) == [[1, 10]]
    shop.reader.hold_views()
    low = shop.control.get(replica_word(0, REPLICA_VIEW_LOW))
    assert low > 0
    for round_no in range(20):
        shop.begin()
        shop.delete(1, 10 + round_no)
        shop.insert(1, 11 + round_no)
        shop.commit()
        while shop.writer.background_step():
            pass
        shop.follow()
        assert scan(shop.reader, ctx) == [[1, 10]]
    shop.reader.commit(ctx)
    shop.reader.hold_views()
    assert shop.control.get(replica_word(0, REPLICA_VIEW_LOW)) > low
    assert read(shop.reader) == [[1, 30]]


def test_a_new_reader_waits_for_what_is_being_purged(shop: Shop) -> None:
    """The writer purges, in log that is not durable, what a view at VDL still shows."""
    shop.begin()
    shop.insert(1, 10)
    shop.commit()
    shop.volume.log.wait_durable(shop.volume.log.next_lsn)
    shop.reader.applier.leave()
    shop.begin()
    shop.delete(1, 10)
    shop.insert(1, 20)
    shop.commit()
    while shop.writer.background_step():
        pass
    assert shop.writer.history_length == 0
    reader = shop.another_reader()
    assert not reader.advance()
    reader.hold_views()
    assert not reader.is_settled
    assert read(reader) == [[1, 10]]
    shop.volume.log.wait_durable(shop.volume.log.next_lsn)
    while not reader.is_settled:
        reader.advance()
        reader.hold_views()
    ctx = reader.open_context()
    reader.begin(ctx)
    reader.statement(ctx)
    before = scan(reader, ctx)
    shop.begin()
    shop.delete(1, 20)
    shop.insert(1, 30)
    shop.commit()
    while shop.writer.background_step():
        pass
    shop.volume.log.wait_durable(shop.volume.log.next_lsn)
    while reader.advance():
        reader.hold_views()
    assert scan(reader, ctx) == before == [[1, 20]]
    assert read(reader) == [[1, 30]]
    reader.commit(ctx)


def test_a_reader_changes_nothing(shop: Shop) -> None:
    shop.follow()
    reader = shop.reader
    table = reader.catalog.table("shop", "orders")
    assert table is not None
    row, count = RowCodec(reader.arena, reader.st, table, 4096).encode_at([1, 1])
    ctx = reader.open_context()
    reader.begin(ctx)
    reader.statement(ctx)
    code = reader.call(row_kernels.row_insert, ctx, table.descriptor, row, count)
    assert code == E_READ_ONLY
    reader.rollback(ctx)
    assert read(reader) == []


def test_a_dropped_index_stays_until_no_reader_is_in_it(shop: Shop) -> None:
    """A scan on the reader goes on in an index that the writer drops meanwhile."""
    shop.begin()
    for number in range(300):
        shop.insert(number, number)
    shop.commit()
    shop.follow()
    reader, catalog = shop.reader, shop.writer.catalog
    ctx = reader.open_context()
    reader.begin(ctx)
    reader.statement(ctx)
    rows = rows_of(reader, ctx, 1)
    first = [next(rows) for _ in range(10)]
    reader.hold_views()
    catalog.drop_index("shop", "orders", "amount")
    while shop.writer.background_step():
        pass
    assert len(list(catalog.dropping())) == 1
    shop.follow()
    assert first + list(rows) == [[number, number] for number in range(300)]
    reader.commit(ctx)
    reader.hold_views()
    while shop.writer.background_step():
        pass
    assert not list(catalog.dropping())
    assert shop.writer.history_length == 0
    assert shop.writer.check() == []
