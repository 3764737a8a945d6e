"""`python -m btree.dump VOLUME`: pages, trees and rows of a volume as text.

One line a page, one a slot below it: keys in hex; rows of a table that is named as values, with the
transaction that wrote them. Reads at the volume's durable end, so the server must be stopped: this
is the writer of that directory.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from btree.check_rows import version_of
from btree.engine import Engine
from btree.errors import BtreeError
from btree.layout import PAGE_TREE
from btree.page import Page, Slot
from btree.rows import External, RowCodec
from btree.schema import Table
from redo.directory import is_formatted
from redo.disk import FileDisk
from redo.errors import PageUnavailable, VolumeError
from redo.keyring import LocalKeyring
from redo.volume import NEWEST, LocalVolume

_SHOWN_BYTES = 48
_POOL_BYTES = 64 << 20
_PRIVATE_BYTES = 512 << 20

ShowSlot = Callable[[Slot], str]


class NoSuchTree(Exception):
    """A table or index that is asked for is not there."""


def slot_line(slot: Slot) -> str:
    """A slot as text."""
    key = slot.key[:_SHOWN_BYTES].hex() or "-"
    if slot.child:
        return f"  {key} → page {slot.child}"
    if slot.value is None:
        return f"  {key} = {slot.overflow_bytes} bytes from page {slot.overflow_page} on"
    more = "…" if len(slot.value) > _SHOWN_BYTES else ""
    return f"  {key} = {slot.value[:_SHOWN_BYTES].hex()}{more}"


def page_lines(page: Page, show: ShowSlot = slot_line) -> Iterator[str]:
    """A page as text: its header, then the slots of a tree page."""
    yield page.line()
    if page.kind != PAGE_TREE:
        return
    try:
        yield from map(show, page.slots)
    except (ValueError, struct.error) as error:
        yield f"  broken: {error}"


class Dump:
    """The volume of a stopped server, as text."""

    def __init__(self, volume: LocalVolume) -> None:
        self._volume = volume
        self._frame = volume.arena.alloc(volume.page_bytes)

    def read(self, page_no: int) -> Page:
        """A page. Raises PageUnavailable."""
        volume, at = self._volume, self._frame
        volume.read_page(page_no, NEWEST, at)
        return Page(volume.arena.mem[at : at + volume.page_bytes].tobytes())

    def pages(self, page_nos: list[int]) -> Iterator[str]:
        """Lines for these pages, or for all when the list is empty."""
        for page_no in page_nos or range(self.read(0).volume[1]):
            try:
                yield from page_lines(self.read(page_no))
            except PageUnavailable:
                yield f"page {page_no} does not exist"

    def tree(self, root: int, show: ShowSlot = slot_line, depth: int = 0) -> Iterator[str]:
        """Lines for the pages of a tree, each below its parent, as deep as it lies."""
        page = self.read(root)
        for line in page_lines(page, show if page.is_leaf else slot_line):
            yield "    " * depth + line
        if page.kind == PAGE_TREE and not page.is_leaf:
            for slot in page.slots:
                yield from self.tree(slot.child, show, depth + 1)

    def tables(self) -> Iterator[str]:
        """Lines for all tables and the roots of their indexes."""
        dictionary = self._engine().catalog
        for table in dictionary.all_tables():
            yield f"table {table.database}.{table.name}, id {table.table_id}"
            for index in table.indexes:
                parts = ", ".join(part.column for part in index.parts)
                yield f"  {index.name} ({parts}): tree {index.index_id} from page {index.root} on"

    def table(self, name: str) -> Iterator[str]:
        """Lines for all trees of a table, or for one index of it. Raises NoSuchTree.

        name  `database.table` or `database.table.index`
        """
        engine = self._engine()
        database, _, rest = name.partition(".")
        table_name, _, index_name = rest.partition(".")
        table = engine.catalog.table(database, table_name)
        if table is None:
            raise NoSuchTree(f"there is no table {database}.{table_name}")
        indexes = [one for one in table.indexes if index_name in ("", one.name)]
        if not indexes:
            raise NoSuchTree(f"table {database}.{table_name} has no index {index_name}")
        for index in indexes:
            yield f"index {index.name}"
            is_clustered = index.root == table.clustered.root
            yield from self.tree(index.root, self._show_rows(table) if is_clustered else slot_line)

    def _engine(self) -> Engine:
        volume = self._volume
        engine = Engine(volume.arena, volume.st, volume.log, volume, _POOL_BYTES)
        engine.open()
        return engine

    def _show_rows(self, table: Table) -> ShowSlot:
        """Slots of a clustered leaf as values by column."""
        codec = RowCodec(self._volume.arena, self._volume.st, table)
        names = [column.name for column in table.stored_columns]

        def show(slot: Slot) -> str:
            if slot.value is None:
                return slot_line(slot)
            version = version_of(slot.value)
            values = zip(names, codec.decode(version.row), strict=True)
            row = ", ".join(f"{name or '(row id)'} = {_text(value)}" for name, value in values)
            return f"  {row} · trx {version.trx_id}" + (" deleted" if version.deleted else "")

        return show


def _text(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, External):
        return "a value in pages of its own"
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _SHOWN_BYTES else text[:_SHOWN_BYTES] + "…"


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if not is_formatted(FileDisk(), options.volume):
            sys.stderr.write(f"btree.dump: {options.volume} is no volume\n")
            return 1
        keys = None if options.keyring is None else LocalKeyring(options.keyring)
        volume = LocalVolume(options.volume, private_bytes=_PRIVATE_BYTES, keys=keys)
        try:
            for line in _lines(Dump(volume), options):
                sys.stdout.write(line + "\n")
        finally:
            volume.close()
    except BrokenPipeError:  # whoever reads has seen enough
        return 1
    except (OSError, VolumeError, BtreeError, NoSuchTree) as error:
        sys.stderr.write(f"btree.dump: {error}\n")
        return 1
    return 0


def _lines(dump: Dump, options: argparse.Namespace) -> Iterator[str]:
    if options.tables:
        return dump.tables()
    if options.table is not None:
        return dump.table(options.table)
    if options.tree is not None:
        return dump.tree(options.tree)
    return dump.pages(options.pages)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m btree.dump",
        description="Show pages, trees and rows of a stopped server's volume.",
    )
    parser.add_argument("volume", help="its directory (data/volumes/main)")
    parser.add_argument("pages", nargs="*", type=int, metavar="PAGE", help="which; all if none")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--tables", action="store_true", help="tables, indexes, their root pages")
    what.add_argument("--table", metavar="DB.TABLE[.INDEX]", help="a table's trees, with its rows")
    what.add_argument("--tree", type=int, metavar="PAGE", help="the tree below this page")
    parser.add_argument("--keyring", type=Path, metavar="FILE", help="of an encrypted volume")
    return parser


if __name__ == "__main__":
    sys.exit(main())
