"""Columns that come and go: rows of every older format read as if they had been written today."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from btree.row_formats import FORMATS_MAX, with_row_format
from btree.schema import Column, ColumnType, Table, TypeKind
from tests.btree.shop import Shop

BIG = Column("big", ColumnType(TypeKind.BIGINT), initial=-7)
TEXT = ColumnType(TypeKind.VARCHAR, length=50, charset="utf8mb4", collation="utf8mb4_0900_ai_ci")
NOTE = Column("note", TEXT, initial="schön".encode().hex())
GAP = Column("gap", ColumnType(TypeKind.INT))
NEW = {"big": (BIG, -7), "note": (NOTE, "schön"), "gap": (GAP, None)}


def alter(shop: Shop, columns: list[Column]) -> None:
    """Give the table these columns; those it has by name stay what they are."""
    table = shop.table
    names = [column.name for column in table.columns]
    sources = [names.index(c.name) if c.name in names else -1 for c in columns]
    new = replace(table, columns=tuple(columns))
    shop.engine.catalog.alter_table(table, with_row_format(table, new, sources))
    shop.look_up()


class Formats(Shop):
    """A shop whose rows have whatever columns the table has now."""

    def _row(self, at: int) -> tuple:
        return tuple(self.codec.decode_at(at))

    def _put_old(self, row: tuple) -> int:
        data = self.codec.encode(row)
        self.arena.mem[self._old : self._old + len(data)] = bytearray(data)
        return self._old

    def read(self, index: int = 0) -> list[tuple]:
        ctx = self.engine.open_context()
        self.engine.statement(ctx)
        found = self.scan(ctx, index)
        self.engine.close_context(ctx)
        return found


Rows = dict[int, dict[str, object]]


def values(row: dict[str, object], columns: list[Column]) -> tuple:
    return tuple(row[column.name] for column in columns)


def change_columns(shop: Shop, rng: random.Random, rows: list[Rows], turn: int) -> None:
    """Drop a column or put a new one somewhere; the model's rows follow."""
    columns = list(shop.table.columns)
    extra = [column for column in columns if column.name not in ("id", "u", "s")]
    if extra and rng.random() < 0.4:
        gone = rng.choice(extra)
        columns.remove(gone)
        for table in rows:
            for row in table.values():
                del row[gone.name]
    else:
        column, value = NEW[rng.choice(list(NEW))]
        column = replace(column, name=f"{column.name}{turn}")
        columns.insert(rng.randrange(len(columns) + 1), column)
        for table in rows:
            for row in table.values():
                row[column.name] = value
    alter(shop, columns)


def test_random_columns_come_and_go(tmp_path):
    rng = random.Random(5)
    shop = Formats(tmp_path, frames=2000)
    kept: Rows = {}
    for turn in range(40):
        change_columns(shop, rng, [kept], turn)
        columns = list(shop.table.columns)
        rows = {key: dict(row) for key, row in kept.items()}
        ctx = shop.engine.open_context()
        shop.engine.statement(ctx)
        for key in rng.sample(range(60), 12):
            row = {column.name: NEW.get(column.name.rstrip("0123456789"), (0, 0))[1]
                   for column in columns}  # fmt: skip
            row |= {"id": key, "u": rng.randrange(9), "s": f"s{key}"}
            row |= {name: f"{name} {turn}" for name in row if name.startswith("note")}
            if key in rows:
                old = values(rows[key], columns)
                assert shop.update(ctx, old, values(row, columns)) == 0
            else:
                assert shop.insert(ctx, values(row, columns)) == 0
            rows[key] = row
        if turn % 3:
            shop.engine.commit(ctx)
            kept = rows
        else:
            shop.engine.rollback(ctx)
        shop.engine.close_context(ctx)
        expected = [values(kept[key], columns) for key in sorted(kept)]
        assert shop.read() == expected
        u = shop.table.column_no("u")
        by_u = [(row[u], row) for row in shop.read(1)]
        assert sorted(row for _, row in by_u) == sorted(expected)
        assert [key for key, _ in by_u] == sorted(row[u] for row in expected)
        if turn % 8 == 7:
            shop.finish_background()
            assert shop.engine.check() == []
    shop.close()


def test_a_view_from_before_reads_on(tmp_path):
    shop = Formats(tmp_path, frames=2000)
    writer = shop.engine.open_context()
    shop.engine.statement(writer)
    assert shop.insert(writer, (1, 5, "a")) == 0
    shop.engine.commit(writer)
    old = shop.engine.open_context()
    shop.engine.open_view(old)
    alter(shop, [NOTE, *shop.table.columns])
    assert shop.update(writer, ("schön", 1, 5, "a"), ("new", 1, 6, "b")) == 0
    shop.engine.commit(writer)
    assert shop.scan(old, 0) == [("schön", 1, 5, "a")]
    assert shop.scan(old, 1) == [("schön", 1, 5, "a")]
    assert shop.read() == [("new", 1, 6, "b")]
    shop.close()


def test_a_name_alone_makes_no_format(tmp_path):
    shop = Shop(tmp_path)
    table = shop.table
    renamed = (table.columns[0], replace(table.columns[1], name="v"), table.columns[2])
    assert with_row_format(table, replace(table, columns=renamed), [0, 1, 2]).formats == ()
    shop.close()


def test_formats_are_bounded():
    table = Table("t", "d", (BIG, GAP)).with_clustered()
    for _ in range(FORMATS_MAX):
        changed = replace(table, columns=(BIG, replace(GAP, name="new")))
        table = with_row_format(table, changed, [0, -1])
    assert len(table.formats) == FORMATS_MAX
    assert Table.from_dict(table.to_dict()).formats == table.formats
    with pytest.raises(ValueError, match="too many"):
        with_row_format(table, table, [1, 0])
