"""Side tables of the engine that is going to die: long values, and columns that come at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from btree.row_formats import with_row_format
from btree.rows import External
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from tests.btree.shop import Beside

#: Longer texts go to a chain of pages.
STAYS = 60

SIDE = Table(
    "side",
    "shop",
    (
        Column("id", ColumnType(TypeKind.BIGINT), nullable=False),
        Column("note", ColumnType(TypeKind.LONGBLOB)),
    ),
    (Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),),
)


@dataclass(frozen=True)
class Contents:
    """Rows of a side table, (id, note), in order; and how many columns it has got since."""

    notes: tuple[tuple[int, str], ...] = ()
    columns: int = 0

    def changed(self, kind: str, note: tuple[int, str]) -> Contents:
        """After a step: "column+", "note+", "note-" (the oldest goes), "note~" (words of the newest
        are others)."""
        if kind == "column+":
            return replace(self, columns=self.columns + 1)
        if kind == "note~":
            *others, (number, text) = self.notes
            return replace(self, notes=(*others, (number, edited(text, note[0]))))
        return replace(self, notes=(*self.notes, note) if kind == "note+" else self.notes[1:])


def edited(text: str, number: int) -> str:
    """A text as long with a word changed in the middle and one at the end."""
    middle = len(text) // 2
    word = f"{number:04}"[-4:]
    return f"{text[: middle - 4]}{word}{text[middle:-4]}{word}"


class Side(Beside):
    """A side table of a shop."""

    def change(self, ctx: int, kind: str, note: tuple[int, str]) -> None:
        """Do a step; "note?" is a note taken back."""
        if kind == "column+":
            self._add_column()
            return
        engine = self.engine
        engine.statement(ctx)
        added = range(1, len(self.table.columns) - 1)
        if kind == "note-":
            oldest = self.scan(ctx, limit=1)[0][0]
            engine.statement(ctx)
            assert self.delete(ctx, oldest) == 0
        elif kind == "note~":
            number, text = self.scan(ctx, limit=1)[-1]
            value = self._value(ctx, edited(text, note[0]).encode(), self._stored)
            assert self.update(ctx, number, (number, value, *added)) == 0  # type: ignore[arg-type]
        else:
            row = (note[0], self._value(ctx, note[1].encode()), *added)
            assert self.insert(ctx, row) == 0  # type: ignore[arg-type]
        if kind == "note?":
            engine.rollback(ctx)
        else:
            engine.commit(ctx)

    def _add_column(self) -> None:
        """The next column, for the rows that are there, too: none is touched."""
        table = self.table
        number = len(table.columns) - 1
        column = Column(f"c{number}", ColumnType(TypeKind.INT), initial=number)
        new = replace(table, columns=(*table.columns, column))
        sources = [*range(len(table.columns)), -1]
        self.engine.catalog.alter_table(table, with_row_format(table, new, sources))

    def _put_old(self, pk: int) -> int:
        row = self.codec.encode((pk, *[None] * (len(self.table.columns) - 1)))
        self.arena.mem[self._old : self._old + len(row)] = bytearray(row)
        return self._old

    def _value(self, ctx: int, data: bytes, before: object = None) -> bytes | External:
        if len(data) <= STAYS:
            return data
        staged = self.arena.alloc(len(data))
        self.arena.mem[staged : staged + len(data)] = bytearray(data)
        values = self.engine.long_values
        reference = b""
        if isinstance(before, External):
            reference = values.changed(before.reference, staged, len(data))
        reference = reference or values.store(ctx, self.table.table_id, staged, len(data))
        self.arena.free(staged, len(data))
        return External(reference)

    def _row(self, at: int) -> tuple:  # type: ignore[override]
        number, note, *added = self.codec.decode_at(at)
        assert added == list(range(1, len(self.table.columns) - 1))
        self._stored = note
        if isinstance(note, External):
            note = self.engine.long_values.read(note.reference)
        return number, note.decode()

    def contents(self, ctx: int) -> Contents:
        """What is there."""
        notes = tuple(self.scan(ctx, limit=1))  # reading a note may take the next row's page away
        return Contents(notes, len(self.table.columns) - 2)  # type: ignore[arg-type]
