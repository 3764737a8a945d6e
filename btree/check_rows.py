"""Rows against indexes, undo and slots: what must hold between trees (S1, S2, R1, V1, U2).

`check_engine` verifies a whole engine between two statements: every tree, every page accounted for,
every secondary entry against the versions of its row and the other way round. Findings are text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from btree import txn_kernels
from btree import txn_layout as t
from btree.check import TreeReport, check_space, check_tree, page_reader
from btree.check_chains import ChainCheck
from btree.element_kernels import row_element
from btree.keys_kernels import row_key
from btree.layout import (
    CATALOG_ROOT,
    CELLS_AT,
    COUNT_AT,
    KIND_AT,
    PAGE_OVERFLOW,
    PAGE_UNDO,
    RIGHT_AT,
)
from btree.schema import Table
from btree.tree import BTree

if TYPE_CHECKING:
    from btree.engine import Engine


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """An undo record, opened up."""

    pointer: int
    kind: int
    flags: int
    table_id: int
    trx_id: int
    previous: int
    row_trx: int
    row_undo: int
    key: bytes
    row: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a row."""

    trx_id: int
    undo: int
    deleted: bool
    row: bytes


@dataclass(slots=True)
class _Undo:
    """The whole undo stream."""

    pages: list[int] = field(default_factory=list)
    spilled: list[int] = field(default_factory=list)
    records: dict[int, UndoRecord] = field(default_factory=dict)


class EngineCheck:
    """One check of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read = page_reader(engine.arena, engine.pool)
        self._room = engine.arena.alloc(1 << 20)
        self._key = engine.arena.alloc(1 << 16)
        self.problems: list[str] = []
        self.low = 0
        self.active: set[int] = set()
        self.undo = _Undo()

    def close(self) -> None:
        self._engine.arena.free(self._room, 1 << 20)
        self._engine.arena.free(self._key, 1 << 16)

    # pages

    def page(self, page_no: int) -> bytes:
        """Bytes of a page."""
        return self._read(page_no).data

    def slots(self) -> Iterator[tuple[int, int]]:
        """(page, trx id) of the slots in use; (page, 0) once per slot page."""
        page_no = t.SYSTEM_PAGE
        while page_no:
            page = self.page(page_no)
            yield page_no, 0
            for number in range(_word(page, t.SYS_SLOT_COUNT)):
                trx_id = _word(page, t.SLOTS_AT + t.SLOT_BYTES * number)
                if trx_id:
                    yield page_no, trx_id
            page_no = _word(page, t.SYS_NEXT_SLOTS)

    def read_undo(self) -> None:
        """Walk the undo stream from its head."""
        page_no = _word(self.page(t.SYSTEM_PAGE), t.SYS_UNDO_HEAD) >> 16
        tail, last = _word(self.page(t.SYSTEM_PAGE), t.SYS_UNDO_TAIL), 0
        while page_no:
            page = self.page(page_no)
            if page[KIND_AT] != PAGE_UNDO or page_no in self.undo.pages:
                self.problems.append(f"page {page_no}: the undo stream leads here")
                return
            self.undo.pages.append(page_no)
            self._read_records(page_no, page)
            last, page_no = page_no, _word(page, t.UNDO_NEXT)
        if last != tail:
            self.problems.append(f"undo stream ends on page {last}, not on {tail}")

    def _read_records(self, page_no: int, page: bytes) -> None:
        """The records of one undo page, which follow each other without gaps."""
        at, end = t.UNDO_AT, _word(page, t.UNDO_END)
        while at < min(end, len(page)):
            count = int.from_bytes(page[at : at + 2], "little")
            if count < t.U_KEY or at + count > end:
                self.problems.append(f"page {page_no}: undo record of {count} bytes at {at}")
                return
            record = self._record(page, page_no << 16 | at, at)
            self.undo.records[record.pointer] = record
            at += count

    def _record(self, page: bytes, pointer: int, at: int) -> UndoRecord:
        key_bytes = int.from_bytes(page[at + t.U_KEY_BYTES : at + t.U_KEY_BYTES + 2], "little")
        row_bytes = int.from_bytes(page[at + t.U_ROW_BYTES : at + t.U_ROW_BYTES + 2], "little")
        row_at = at + t.U_KEY + key_bytes
        row = page[row_at : row_at + row_bytes]
        if page[at + t.U_FLAGS] & t.IMAGE_SPILLED:
            row = self._chain(_word(row, 0), self.undo.spilled)
        return UndoRecord(
            pointer,
            page[at + t.U_KIND],
            page[at + t.U_FLAGS],
            int.from_bytes(page[at + t.U_TABLE : at + t.U_TABLE + 4], "little"),
            _word(page, at + t.U_TRX),
            _word(page, at + t.U_PREVIOUS),
            _word(page, at + t.U_ROW_TRX),
            _word(page, at + t.U_ROW_UNDO),
            page[at + t.U_KEY : row_at],
            row,
        )

    def _chain(self, page_no: int, pages: list[int] | None = None) -> bytes:
        """Contents of overflow pages, and their numbers."""
        made = b""
        seen: set[int] = set()
        while page_no:
            page = self.page(page_no)
            if page[KIND_AT] != PAGE_OVERFLOW or page_no in seen:
                self.problems.append(f"page {page_no}: a value's chain leads here")
                break
            seen.add(page_no)
            if pages is not None:
                pages.append(page_no)
            payload = int.from_bytes(page[COUNT_AT : COUNT_AT + 2], "little")
            made += page[CELLS_AT : CELLS_AT + payload]
            page_no = _word(page, RIGHT_AT)
        return made

    # rows

    def versions(self, where: str, value: bytes) -> Iterator[Version]:
        """The versions of a row that some view may see, newest first (V1)."""
        version = version_of(value)
        while True:
            yield version
            if version.trx_id < self.low:
                return
            record = self.undo.records.get(version.undo)
            if record is None:
                self.problems.append(f"{where}: undo pointer {version.undo:#x} leads nowhere")
                return
            if record.trx_id != version.trx_id:
                self.problems.append(f"{where}: undo record is of another transaction")
            if record.kind == t.UNDO_INSERT:
                return
            deleted = bool(record.flags & t.PREVIOUS_DELETED)
            version = Version(record.row_trx, record.row_undo, deleted, record.row)

    def key_of(self, table: Table, index_no: int, row: bytes) -> bytes:
        """Key of a row in an index."""
        engine = self._engine
        engine.arena.mem[self._room : self._room + len(row)] = bytearray(row)
        arguments = (table.descriptor, index_no, self._room, self._key)
        count = engine.ensure(engine.call(row_key, *arguments))
        return engine.arena.mem[self._key : self._key + count].tobytes()

    def keys_of(self, table: Table, index_no: int, row: bytes) -> list[bytes]:
        """Keys of all entries of a row in a secondary index."""
        if not table.is_multi_valued(table.indexes[index_no]):
            return [self.key_of(table, index_no, row)]
        engine = self._engine
        engine.arena.mem[self._room : self._room + len(row)] = bytearray(row)
        found: list[bytes] = []
        while True:
            arguments = (table.descriptor, index_no, self._room, len(found), self._key)
            count = engine.ensure(engine.call(row_element, *arguments))
            if count == 0:
                return found
            found.append(engine.arena.mem[self._key : self._key + count].tobytes())

    def check_table(self, table: Table) -> None:
        """Rows and entries of one table, both ways."""
        name = f"{table.database}.{table.name}"
        store = self._engine.store
        clustered = BTree(store, table.clustered.root)
        rows = dict(clustered.items())
        clustered.close()
        for key, value in rows.items():
            version = version_of(value)
            if not version.deleted and self.key_of(table, 0, version.row) != key:
                self.problems.append(f"{name}: row filed under another key {key.hex()}")
            list(self.versions(f"{name} {key.hex()}", value))
        for number in range(1, len(table.indexes)):
            tree = BTree(store, table.indexes[number].root)
            self._check_entries(table, number, rows, dict(tree.items()))
            tree.close()

    def _check_entries(
        self, table: Table, number: int, rows: dict[bytes, bytes], entries: dict[bytes, bytes]
    ) -> None:
        name = f"{table.database}.{table.name} index {table.indexes[number].name}"
        expected: dict[bytes, bool] = {}  #: key → marked; older versions' keys may be missing marks
        for value in rows.values():
            for place, version in enumerate(self.versions(name, value)):
                if version.deleted:
                    continue
                for key in self.keys_of(table, number, version.row):
                    expected[key] = expected.get(key, True) and place > 0
        for key, marked in expected.items():
            entry = entries.get(key)
            if entry is None:
                self.problems.append(f"{name}: no entry {key.hex()}")
            elif bool(entry[t.S_DELETED]) != marked:
                self.problems.append(f"{name}: entry {key.hex()} has the wrong mark")
        quiet = self._quiet_keys(table, number)
        for key, entry in entries.items():
            if _is_nobodys(entry) and table.is_multi_valued(table.indexes[number]):
                continue  # `multi_kernels`, M1
            if key not in expected and not entry[t.S_DELETED]:
                self.problems.append(f"{name}: entry {key.hex()} without a row")
            elif key not in expected and key not in quiet:
                self.problems.append(f"{name}: marked entry {key.hex()} that purge will not find")

    def _quiet_keys(self, table: Table, number: int) -> set[bytes]:
        """Keys that records not passed by purge still have to remove."""
        return {
            key
            for record in self.undo.records.values()
            if record.table_id == table.table_id
            and record.kind in (t.UNDO_UPDATE, t.UNDO_DELETE)
            and not record.flags & (t.UNDONE | t.PREVIOUS_DELETED)
            and record.row
            for key in self.keys_of(table, number, record.row)
        }

    # everything

    def run(self) -> list[str]:
        """All checks."""
        engine = self._engine
        self.low = int(txn_kernels.txn_purge_low(engine.st, engine.arena.mem))
        used: list[int] = []
        indexed: list[int] = []
        for page_no, trx_id in self.slots():
            if trx_id:
                self.active.add(trx_id)
            else:
                used.append(page_no)
        self.read_undo()
        used += self.undo.pages + self.undo.spilled
        self._check_writers()
        dropped = {root for _, root in engine.catalog.dropping()}
        broken = set()
        for root in self._roots():
            report: TreeReport = check_tree(self._read, root, root in dropped)
            self.problems += report.problems
            used += report.pages
            if report.problems:
                broken.add(root)
            elif root != CATALOG_ROOT:
                indexed += report.pages
        used += self._check_chains(indexed)
        self.problems += check_space(self._read, used)
        for table in engine.catalog.all_tables():
            if not any(index.root in broken for index in table.indexes):
                self.check_table(table)
        return self.problems

    def _check_chains(self, tree_pages: list[int]) -> list[int]:
        """Long values and their owners; the pages they are on."""
        chains = ChainCheck(self._read)
        for page_no in tree_pages:
            page = self._read(page_no)
            for slot in page.slots if page.is_leaf else ():
                value = self._chain(slot.overflow_page) if slot.overflow_page else slot.value or b""
                chains.row(f"page {page_no}", value)
        chains.records(self.undo.records.values(), self.active)
        chains.waiting()
        self.problems += chains.problems
        return chains.pages

    def _roots(self) -> list[int]:
        catalog = self._engine.catalog
        tables = catalog.all_tables()
        roots = [index.root for table in tables for index in table.indexes]
        return [CATALOG_ROOT, *roots, *(root for _, root in catalog.dropping())]

    def _check_writers(self) -> None:
        """A transaction with a slot has a record, unless all are undone (U2)."""
        next_trx = _word(self.page(t.SYSTEM_PAGE), t.SYS_NEXT_TRX)
        writers = {record.trx_id for record in self.undo.records.values()}
        for trx_id in self.active - writers:
            self.problems.append(f"transaction {trx_id} has a slot and no undo record")
        for trx_id in self.active | writers:
            if trx_id >= next_trx:
                self.problems.append(f"transaction {trx_id} is not below {next_trx}")


def _is_nobodys(entry: bytes) -> bool:
    """A marked entry that was made for a change which did not come."""
    return bool(entry[t.S_DELETED]) and _word(entry, t.S_TRX) == 0


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little", signed=True)


def version_of(value: bytes) -> Version:
    """The version of a row that a clustered entry holds."""
    return Version(
        _word(value, t.C_TRX), _word(value, t.C_UNDO), bool(value[t.C_DELETED]), value[t.C_ROW :]
    )


def check_engine(engine: Engine) -> list[str]:
    """Verify everything an engine has; problems as text, none when all is well."""
    check = EngineCheck(engine)
    try:
        return check.run()
    finally:
        check.close()
