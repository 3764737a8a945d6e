"""Every kind of damage that a checker promises to find, planted one at a time in a sound volume."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from btree import layout
from btree import txn_layout as t
from btree.page import Page, head_of
from btree.schema import Index, IndexPart
from redo.image import PAGE_NO_AT
from tests.btree.shop import Shop, open_shop

PAGE_BYTES = 512


@dataclass
class Victim:
    """A shop with rows, versions, free pages and long values, and ways to damage it."""

    shop: Shop

    def page(self, page_no: int) -> Page:
        frame = self.frame(page_no)
        return Page(self.shop.arena.mem[frame : frame + PAGE_BYTES].tobytes())

    def frame(self, page_no: int) -> int:
        return self.shop.engine.pool.fetch(page_no)

    def pages(self, kind: int, level: int | None = None, tree: int | None = None) -> list[int]:
        last = self.page(0).volume[1]
        found = []
        for page_no in range(last):
            page = self.page(page_no)
            is_it = page.kind == kind and level in (None, page.level)
            if is_it and tree in (None, self.word(page_no, layout.TREE_ID_AT)):
                found.append(page_no)
        return found

    def word(self, page_no: int, at: int) -> int:
        frame = self.frame(page_no)
        return int(self.shop.arena.mem[frame + at : frame + at + 8].view("<i8")[0])

    def put(self, page_no: int, at: int, value: int, size: int = 8) -> None:
        frame = self.frame(page_no)
        raw = (value % (1 << 8 * size)).to_bytes(size, "little")
        self.shop.arena.mem[frame + at : frame + at + size] = bytearray(raw)

    def leaf(self, index: int) -> int:
        """A leaf in the middle of an index, with several entries."""
        tree = self.shop.table.indexes[index].index_id
        leaves = self.pages(layout.PAGE_TREE, 0, tree)
        return next(no for no in leaves if self.page(no).count > 2 and self.page(no).left)

    def slot_at(self, number: int) -> int:
        return PAGE_BYTES - layout.SLOT_BYTES * (number + 1)

    def value_at(self, page_no: int, number: int) -> int:
        slot = self.page(page_no).slots[number]
        return slot.cell_at + layout.LEAF_CELL_HEADER + len(slot.key)


def swap_slots(victim: Victim) -> None:
    page_no = victim.leaf(0)
    frame = victim.frame(page_no)
    mem = victim.shop.arena.mem
    first, second = (frame + victim.slot_at(n) for n in (0, 1))
    one = mem[first : first + 12].copy()
    mem[first : first + 12] = mem[second : second + 12]
    mem[second : second + 12] = one


def wrong_head(victim: Victim) -> None:
    victim.put(victim.leaf(0), victim.slot_at(1), 7)


def lost_garbage(victim: Victim) -> None:
    victim.put(victim.leaf(0), layout.GARBAGE_AT, 3, 2)


def misdirected(victim: Victim) -> None:
    victim.put(victim.leaf(0), PAGE_NO_AT, 1)


def broken_link(victim: Victim) -> None:
    victim.put(victim.leaf(0), layout.LEFT_AT, 1)


def key_of_another_leaf(victim: Victim) -> None:
    page_no = victim.leaf(0)
    slot = victim.page(page_no).slots[0]
    victim.put(page_no, slot.cell_at + layout.LEAF_CELL_HEADER, 0)
    victim.put(page_no, victim.slot_at(0), head_of(bytes(8)))


def wrong_level(victim: Victim) -> None:
    root = victim.shop.table.clustered.root
    victim.put(root, layout.LEVEL_AT, victim.page(root).level + 1, 1)


def twice_reached(victim: Victim) -> None:
    root = victim.shop.table.clustered.root
    first, second = victim.page(root).slots[:2]
    victim.put(root, second.cell_at + len(second.key), first.child)


def lost_entry(victim: Victim) -> None:
    tree = victim.shop.table.indexes[1].index_id
    for page_no in victim.pages(layout.PAGE_TREE, 0, tree):
        page = victim.page(page_no)
        value = page.slots[-1].value
        if value is not None and not value[t.S_DELETED]:
            break
    victim.put(page_no, layout.COUNT_AT, page.count - 1, 2)
    victim.put(page_no, layout.GARBAGE_AT, page.garbage + page.slots[-1].cell_bytes, 2)


def wrong_mark(victim: Victim) -> None:
    page_no = victim.leaf(1)
    victim.put(page_no, victim.value_at(page_no, 1) + t.S_DELETED, 1, 1)


def wrong_column(victim: Victim) -> None:
    page_no = victim.leaf(0)
    page = victim.page(page_no)
    number = next(n for n, slot in enumerate(page.slots) if slot.value is not None)
    at = victim.value_at(page_no, number)
    victim.put(page_no, at + t.C_ROW + 2 + 1 + 8, 77_777, 4)  # u, after format, bitmap and id


def undo_nowhere(victim: Victim) -> None:
    ctx = victim.shop.engine.open_context()
    assert victim.shop.update(ctx, 50, (50, 1, "not committed")) == 0
    for page_no in victim.pages(layout.PAGE_TREE, 0, victim.shop.table.clustered.index_id):
        for number in range(victim.page(page_no).count):
            at = victim.value_at(page_no, number)
            if victim.word(page_no, at + t.C_TRX) == victim.shop.engine.word(ctx, t.CTX_TRX):
                victim.put(page_no, at + t.C_UNDO, 99 << 16 | 80)


def slot_without_undo(victim: Victim) -> None:
    trx_id = victim.word(1, t.SYS_NEXT_TRX)
    victim.put(1, t.SYS_NEXT_TRX, trx_id + 1)
    victim.put(1, t.SYS_SLOT_COUNT, 4)
    victim.put(1, t.SLOTS_AT + 3 * t.SLOT_BYTES, trx_id)


def writer_of_the_future(victim: Victim) -> None:
    victim.put(1, t.SYS_NEXT_TRX, 2)


def cut_chain(victim: Victim) -> None:
    page_no = next(
        no for no in victim.pages(layout.PAGE_OVERFLOW) if victim.word(no, layout.RIGHT_AT)
    )
    victim.put(page_no, layout.RIGHT_AT, 0)


def chain_of_tree_pages(victim: Victim) -> None:
    victim.put(victim.pages(layout.PAGE_OVERFLOW)[0], layout.KIND_AT, layout.PAGE_TREE, 1)


def undo_cycle(victim: Victim) -> None:
    head = victim.word(1, t.SYS_UNDO_HEAD) >> 16
    victim.put(victim.word(1, t.SYS_UNDO_TAIL), t.UNDO_NEXT, head)


def undo_cut(victim: Victim) -> None:
    head = victim.word(1, t.SYS_UNDO_HEAD) >> 16
    victim.put(head, t.UNDO_NEXT, 0)


def undo_record_of_nothing(victim: Victim) -> None:
    victim.put(victim.word(1, t.SYS_UNDO_HEAD) >> 16, t.UNDO_AT, 0, 2)


def child_beyond_the_volume(victim: Victim) -> None:
    root = victim.shop.table.clustered.root
    slot = victim.page(root).slots[1]
    victim.put(root, slot.cell_at + len(slot.key), 1 << 40)


def leaked(victim: Victim) -> None:
    head = victim.word(0, layout.FREE_HEAD_AT)
    assert head
    victim.put(0, layout.FREE_HEAD_AT, victim.word(head, layout.RIGHT_AT))
    victim.put(0, layout.FREE_COUNT_AT, victim.word(0, layout.FREE_COUNT_AT) - 1)


def wrong_free_count(victim: Victim) -> None:
    victim.put(0, layout.FREE_COUNT_AT, victim.word(0, layout.FREE_COUNT_AT) + 1)


def used_and_free(victim: Victim) -> None:
    head = victim.word(0, layout.FREE_HEAD_AT)
    victim.put(head, layout.RIGHT_AT, victim.leaf(0))


def wrong_format(victim: Victim) -> None:
    victim.put(0, layout.FORMAT_AT, 99)


def dictionary_root(victim: Victim) -> None:
    catalog = layout.CATALOG_ROOT
    victim.put(catalog, layout.CELLS_END_AT, 20, 2)


#: The damage, and words of what is to be said of it.
DAMAGE: list[tuple[Callable[[Victim], None], str]] = [
    (swap_slots, "not before"),
    (wrong_head, "wrong head"),
    (lost_garbage, "garbage bytes"),
    (misdirected, "says it is page"),
    (broken_link, "left is"),
    (key_of_another_leaf, "out of its range"),
    (wrong_level, "level"),
    (twice_reached, "reached twice"),
    (lost_entry, "no entry"),
    (wrong_mark, "wrong mark"),
    (wrong_column, "no entry"),
    (undo_nowhere, "leads nowhere"),
    (slot_without_undo, "no undo record"),
    (writer_of_the_future, "is not below"),
    (cut_chain, "overflow chain"),
    (chain_of_tree_pages, "not an overflow page"),
    (undo_cycle, "the undo stream leads here"),
    (undo_cut, "undo stream ends on page"),
    (undo_record_of_nothing, "undo record of 0 bytes"),
    (child_beyond_the_volume, "says it is page 0"),
    (leaked, "leaked"),
    (wrong_free_count, "free pages, the chain has"),
    (used_and_free, "and used"),
    (wrong_format, "format 99"),
    (dictionary_root, "page 2"),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a shop that has something of everything."""
    directory = tmp_path_factory.mktemp("sound")
    with open_shop(directory, PAGE_BYTES, 600) as shop:
        ctx, other = shop.engine.open_context(), shop.engine.open_context()
        for number in range(200):
            text = f"{number:07d}" + "z" * (1500 if number % 20 == 0 else number % 30)
            assert shop.insert(ctx, (number, number * 3, text)) == 0
        shop.engine.commit(ctx)
        shop.engine.open_view(other)  # versions are kept for it
        for number in range(0, 200, 3):
            assert shop.update(ctx, number, (number, number * 3 + 1, f"{number:07d}new")) == 0
        for number in range(1, 200, 10):
            assert shop.delete(ctx, number) == 0
        shop.engine.commit(ctx)
        shop.engine.catalog.create_index("shop", "t", Index("gone", (IndexPart("u"),)))
        shop.engine.catalog.drop_index("shop", "t", "gone")
        shop.look_up()
        shop.finish_background()
        assert shop.engine.check() == []
        shop.log.wait_durable(shop.log.next_lsn)
    return directory


@pytest.mark.parametrize(("damage", "said"), DAMAGE, ids=[one.__name__ for one, _ in DAMAGE])
def test_damage_is_found(
    sound: Path, tmp_path: Path, damage: Callable[[Victim], None], said: str
) -> None:
    directory = tmp_path / "data"
    shutil.copytree(sound, directory)
    with open_shop(directory, PAGE_BYTES, 2000) as shop:
        assert shop.engine.check() == []
        damage(Victim(shop))
        problems = shop.engine.check()
        assert any(said in problem for problem in problems), problems
