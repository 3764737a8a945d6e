"""Values on chains of pages: who owns them through updates, rollbacks, purge, drops and crashes."""

from __future__ import annotations

import random

import pytest
from shop import Shop

from btree import row_kernels
from btree.layout import REFERENCE_SHARED
from btree.rows import External
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from btree.txn_layout import MODE_SNAPSHOT

TEXT = ColumnType(TypeKind.LONGTEXT, charset="utf8mb4", collation="utf8mb4_0900_ai_ci")


class LongShop(Shop):
    """The shop, with rows whose text is on a chain when it is long."""

    STAYS = 60

    def value(self, ctx: int, text: str | None, before: object = None) -> str | External | None:
        """A text as it goes into a row: long ones are written to a chain first, or are patches of
        that of the text before."""
        if text is None or len(text) <= self.STAYS:
            return text
        data = text.encode()
        staged = self.arena.alloc(len(data))
        self.arena.mem[staged : staged + len(data)] = bytearray(data)
        values = self.engine.long_values
        reference = b""
        if isinstance(before, External):
            reference = values.changed(before.reference, staged, len(data))
        if not reference:
            reference = values.store(ctx, self.table.table_id, staged, len(data))
        assert values.read(reference) == data
        self.arena.free(staged, len(data))
        return External(reference)

    def text(self, value: object) -> object:
        """The text of a row as the codec gave it."""
        if isinstance(value, External):
            return self.engine.long_values.read(value.reference).decode()
        return value

    def raw(self, ctx: int, pk: int) -> tuple | int:
        return self.get(ctx, pk, MODE_SNAPSHOT)


def text_of(rng: random.Random, number: int) -> str:
    """A text with a prefix of its own, short or up to some pages long."""
    return f"{number:08}" + "äx" * rng.choice((0, 5, 100, 400, 1500))


def text_near(rng: random.Random, text: str) -> str:
    """A text as long as another one that is different in some places."""
    made = list(text)
    for _ in range(rng.randrange(1, 4)):
        made[rng.randrange(8)] = rng.choice("0123456789")
        place = rng.randrange(8, len(made)) // 2 * 2 if len(made) > 9 else 0
        if made[place] == "ä":
            made[place] = "ö"
    return "".join(made)


@pytest.mark.parametrize("seed", range(6))
def test_chains_follow_their_rows(tmp_path, seed):
    rng = random.Random(seed)
    shop = LongShop(tmp_path, page_bytes=512, frames=64)
    committed: dict[int, tuple[int, str]] = {}
    number = 0
    for _ in range(12):
        ctx, reader = shop.engine.open_context(), shop.engine.open_context()
        shop.engine.open_view(reader)
        before = dict(committed)
        now = dict(committed)
        for _ in range(rng.randrange(1, 7)):
            shop.engine.statement(ctx)
            kept = dict(now)
            number += 1
            pk = rng.randrange(8)
            if pk not in now:
                text = text_of(rng, number)
                assert shop.insert(ctx, (pk, number, shop.value(ctx, text))) == 0
                now[pk] = (number, text)
            else:
                row = shop.get(ctx, pk)
                kind = rng.randrange(6)
                if kind == 0:
                    assert shop.delete(ctx, pk) == 0
                    del now[pk]
                elif kind == 1:  # the text stays, and its chain with it
                    assert shop.update(ctx, pk, (pk, number, row[2])) == 0
                    now[pk] = (number, now[pk][1])
                elif kind == 2 and pk + 10 not in now:  # under another primary key
                    assert shop.update(ctx, pk, (pk + 10, number, row[2])) == 0
                    now[pk + 10] = (number, now.pop(pk)[1])
                else:
                    text = text_of(rng, number)
                    if kind > 3:  # some of its bytes change
                        text = text_near(rng, now[pk][1])
                    value = shop.value(ctx, text, row[2])
                    assert shop.update(ctx, pk, (pk, number, value)) == 0
                    now[pk] = (number, text)
            if rng.random() < 0.3:
                shop.engine.rollback_statement(ctx)
                now = kept
        for pk, (u, text) in before.items():  # as before, whatever became of the rows
            row = shop.get(reader, pk)
            assert (row[1], shop.text(row[2])) == (u, text)
        assert shop.engine.check() == []
        fate = rng.randrange(4)
        if fate == 0:
            shop.engine.rollback(ctx)
        elif fate == 1:  # the process dies
            shop.log.wait_durable(shop.log.next_lsn)
            shop.close()
            shop = LongShop(tmp_path, page_bytes=512, frames=64)
            assert shop.engine.check() == []
            while shop.engine.recovered.step(2):
                assert shop.engine.check() == []
            ctx, reader = shop.engine.open_context(), shop.engine.open_context()
        else:
            shop.engine.commit(ctx)
            committed = now
        if rng.random() < 0.7:
            shop.engine.close_context(reader)
            while shop.engine.background_step():
                pass
            reader = shop.engine.open_context()
        late = shop.engine.open_context()
        shop.engine.open_view(late)
        for pk, (u, text) in committed.items():
            row = shop.get(late, pk)
            assert (row[1], shop.text(row[2])) == (u, text)
        assert shop.engine.check() == []
        for one in (ctx, reader, late):
            shop.engine.close_context(one)
    shop.engine.catalog.drop_table("shop", "t")
    while shop.engine.background_step():
        pass
    assert shop.engine.check() == []
    shop.close()


def test_an_update_that_keeps_a_value_keeps_its_chain(tmp_path):
    shop = LongShop(tmp_path)
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    value = shop.value(ctx, "k" * 5000)
    assert shop.insert(ctx, (1, 1, value)) == 0
    shop.engine.commit(ctx)
    shop.engine.statement(ctx)
    allocated = shop.st[106]
    assert shop.update(ctx, 1, (1, 2, shop.get(ctx, 1)[2])) == 0
    assert shop.get(ctx, 1) == (1, 2, value)
    assert shop.st[106] - allocated <= 1, "at most an undo page"
    shop.engine.commit(ctx)
    while shop.engine.background_step():
        pass
    assert shop.text(shop.get(ctx, 1)[2]) == "k" * 5000
    assert shop.engine.check() == []
    shop.close()


def test_an_update_of_few_bytes_patches_the_chain(tmp_path):
    shop = LongShop(tmp_path, page_bytes=1024)
    ctx, reader = shop.engine.open_context(), shop.engine.open_context()
    shop.engine.statement(ctx)
    texts = ["k" * 20_000]
    assert shop.insert(ctx, (1, 1, shop.value(ctx, texts[0]))) == 0
    shop.engine.commit(ctx)
    shop.engine.open_view(reader)
    before, rewritten = shop.log.next_lsn, 0
    for number in range(1, 121):
        shop.engine.statement(ctx)
        row, text = shop.get(ctx, 1), texts[-1]
        low, high = number * 17, 15_000 + number
        text = f"{text[:low]}x{text[low + 1 : high]}y{text[high + 1 :]}"
        value = shop.value(ctx, text, row[2])
        rewritten += value.reference[:8] != row[2].reference[:8]
        assert shop.update(ctx, 1, (1, number, value)) == 0
        if number % 3:
            shop.engine.commit(ctx)
            texts.append(text)
        else:  # what it has left behind its patches is written over
            shop.engine.rollback(ctx)
    assert 1 <= rewritten <= 3, "when 14 bytes each have filled a page"
    assert shop.log.next_lsn - before < 120 * 1000 + rewritten * 30_000
    assert shop.text(shop.get(reader, 1)[2]) == texts[0]
    shop.engine.close_context(reader)
    shop.engine.open_view(ctx)
    assert shop.text(shop.get(ctx, 1)[2]) == texts[-1]
    while shop.engine.background_step():
        pass
    assert shop.engine.check() == []
    shop.close()


def test_a_rolled_back_row_does_not_say_that_its_chain_is_shared(tmp_path):
    shop = LongShop(tmp_path)
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    assert shop.insert(ctx, (1, 1, shop.value(ctx, "k" * 5000))) == 0
    shop.engine.commit(ctx)
    shop.engine.statement(ctx)
    assert shop.update(ctx, 1, (1, 2, shop.get(ctx, 1)[2])) == 0
    shop.engine.rollback(ctx)
    shop.engine.statement(ctx)
    reference = shop.get(ctx, 1)[2].reference
    assert not int.from_bytes(reference[8:12], "little") & REFERENCE_SHARED
    shop.close()


def test_two_long_columns_and_an_index_over_the_beginning_of_one(tmp_path):
    shop = LongShop(tmp_path, page_bytes=512, frames=64)
    table = Table(
        "pair",
        "shop",
        (
            Column("id", ColumnType(TypeKind.INT), nullable=False),
            Column("a", TEXT),
            Column("b", TEXT),
        ),
        (
            Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
            Index("a", (IndexPart("a", length=30),)),
        ),
    )
    shop.engine.catalog.create_table(table)
    shop.table = shop.engine.catalog.table("shop", "pair")
    codec = type(shop.codec)(shop.arena, shop.st, shop.table, room=1 << 16)
    ctx = shop.engine.open_context()
    shop.engine.statement(ctx)
    for pk in range(20):
        texts = (shop.value(ctx, f"{pk:030}" + "a" * 700), shop.value(ctx, "b" * 300))
        at, count = codec.encode_at((pk, *texts))
        insert = row_kernels.row_insert
        assert shop.engine.call(insert, ctx, shop.table.descriptor, at, count) == 0
    shop.engine.commit(ctx)
    assert shop.engine.check() == []
    index = Index("b", (IndexPart("b", length=10),))
    shop.table = shop.engine.catalog.create_index("shop", "pair", index)
    assert shop.engine.check() == []
    shop.close()
