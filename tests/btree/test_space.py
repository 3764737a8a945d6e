"""What is dropped gives its room back: in the volume, and in the copies' files on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from btree.layout import HEADER_PAGE, NEXT_PAGE_AT
from redo.control import COUNT_DAMAGED
from redo.mending import Mender
from redo.quorum import copy_directory
from tests.btree.shop import TABLE, Beside, Shop
from tests.redo.writing import wait_for

TEXT = "long " * 390
ROWS = 3000
COALESCE_BYTES = 1 << 20


def bytes_on_disk(directory: Path, copy_no: int) -> int:
    """What the page files of a full copy take."""
    files = (directory / copy_directory(copy_no)).glob("pg-*/pages-*.dat")
    return sum(512 * file.stat().st_blocks for file in files)


def sizes(directory: Path) -> list[int]:
    """Of all full copies."""
    return [bytes_on_disk(directory, copy_no) for copy_no in (0, 2, 4)]


def next_page(shop: Shop) -> int:
    """The first page number never used."""
    frame = shop.engine.pool.fetch(HEADER_PAGE)
    return int(shop.engine.words(frame + NEXT_PAGE_AT, 1)[0])


class Clerk:
    """Writes log that matters to nobody."""

    def __init__(self, shop: Shop) -> None:
        shop.engine.catalog.create_table(replace(TABLE, name="beside"))
        self._table = Beside(shop, "beside")
        self._ctx = shop.engine.open_context()
        self._number = 0

    def work(self) -> None:
        """Write as much log as makes two rounds of coalescing due."""
        table, engine = self._table, self._table.engine
        end = engine.log_end + 2 * COALESCE_BYTES
        while engine.log_end < end:
            engine.statement(self._ctx)
            for _ in range(50):
                self._number += 1
                text = f"{self._number:08} {TEXT}"
                assert table.insert(self._ctx, (1, self._number, text)) == 0
                assert table.delete(self._ctx, 1) == 0
            engine.commit(self._ctx)
            table.finish_background()
            table.log.publish()
            table.log.wait_durable(engine.log_end)


def test_a_dropped_table_takes_no_room_on_disk(tmp_path: Path) -> None:
    shop = Shop(tmp_path, 16384, 256, coalesce_bytes=COALESCE_BYTES)
    clerk = Clerk(shop)
    ctx = shop.engine.open_context()
    for first in range(0, ROWS, 100):
        shop.engine.statement(ctx)
        for pk in range(first, first + 100):
            assert shop.insert(ctx, (pk, pk, f"{pk:08} {TEXT}")) == 0
        shop.engine.commit(ctx)
        shop.log.publish()
    data = ROWS * len(TEXT)

    clerk.work()
    wait_for(lambda: min(sizes(tmp_path)) > data, 300)
    shop.engine.catalog.drop_table("shop", "t")
    shop.finish_background()
    clerk.work()
    wait_for(lambda: max(sizes(tmp_path)) < 0.45 * data, 300)
    shop.engine.catalog.create_table(TABLE)
    shop.look_up()
    before = next_page(shop)
    shop.engine.statement(ctx)
    for pk in range(200):
        assert shop.insert(ctx, (pk, pk, f"{pk:08} {TEXT}")) == 0
    shop.engine.commit(ctx)
    assert next_page(shop) == before, "freed pages are used again"
    assert shop.engine.check() == []
    shop.log.publish()
    shop.log.wait_durable(shop.engine.log_end)
    shop.close()
    again = Shop(tmp_path, 16384, 256)
    ctx = again.engine.open_context()
    again.engine.statement(ctx)
    assert len(again.scan(ctx)) == 200
    assert again.engine.check() == []
    verify(again)
    again.close()


def verify(shop: Shop) -> None:
    """All that the copies hold is intact; what they gave up before is not theirs."""
    storage = shop.volume.storage
    mender = Mender(storage)
    for copier in storage.live():
        assert sum(mender.verify(copier)) > 0
        assert storage.control.counted(copier.segment.copy_no, COUNT_DAMAGED) == 0
