"""Bulk INSERT: one program for any number of rows of VALUES, whatever the text's length.

`read` recognises the text (`bulk_kernels`), takes the program of its head and column count from
the plan cache, or compiles it for a row of NULLs, and has kernels turn the cells into lanes. Cells
that a kernel does not take (non-ASCII strings, dates, values that need rounding or complain,
expressions) are assigned in Python when the statement is run, in the order of the text, so errors
and warnings are those of the long way; others run in between. A text that is anything else is left
to it: `read` gives None, or `resolve` False.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from btree.layout import RUN_SHIFT
from btree.schema import TypeKind
from mysqlcompat import bulk_kernels as kernels
from mysqlcompat.bulk_documents import Documents
from mysqlcompat.bulk_expressions import CellExpressions
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Suspended
from mysqlcompat.machine import layout
from mysqlcompat.machine.machine import machine_of
from mysqlcompat.machine.program import Program
from mysqlcompat.machine.registers import RunMemory
from mysqlcompat.slices import Slice
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.literals import number_literal
from mysqlcompat.sql.typed import Cast, Expression, Insert, Literal
from mysqlcompat.sqltypes import Class, SqlType, null_type, string_type
from mysqlcompat.values import is_variable, to_bytes, to_lane
from redo.arena import Arena

if TYPE_CHECKING:
    from mysqlcompat.session import Session

LEAST_BYTES: Final = 1024  #: shorter statements are better off with a plan of their own shape
MOST_BYTES: Final = 64 << 20
_HEAD_BYTES: Final = 4096  #: up to the end of the first row's beginning
_GREATEST: Final = (1 << 63) - 1


@dataclass(slots=True)
class GivenRows:
    """Rows for one run of a bulk program, in arena memory of their own; `close` gives it back."""

    program: Program
    arena: Arena
    text: bytes
    lanes: int  #: room for the slots of the defaults, then the cells
    nulls: int
    first: int  #: slots of the defaults
    rows: int
    left: list[list[int]]
    blocks: list[tuple[int, int]]
    expressions: CellExpressions
    defaults: Sequence[Any] = ()  #: values of the slots before the cells, for a run

    def close(self) -> None:
        blocks, self.blocks = self.blocks, []
        for at, count in blocks:
            self.arena.free(at, count)

    async def resolve(self, session: Session) -> bool:
        """Look at the expressions among the cells; False: the long way has something to say."""
        width = len(self.program.slots) - self.first
        slice_ = Slice()
        session.diagnostics.clear()
        for cell, form, start, end, _ in self.left:
            if form != kernels.FORM_OTHER:
                continue
            try:
                self.expressions.of(cell % width, self.text[start:end])
            except SqlError:
                return False
            if session.diagnostics.warning_count or session.parser_notes:
                return False
            if slice_.is_over():
                await asyncio.sleep(0)
                slice_ = Slice()
        return bool(session.node.engine.catalog.version == self.program.version)

    async def bind(self, memory: RunMemory, session: Session) -> SqlError | None:
        """Make these rows the slots of a run; `defaults` are the values of the other slots.

        ->  what is wrong with a value, to be raised after the rows before it have been written
        """
        first, slots = self.first, self.program.slots
        width = len(slots) - first
        for number, value in enumerate(self.defaults):
            self._put(memory, number, slots[number].type, value, session.time_zone)
        evaluator = Evaluator(session)
        escapes = "NO_BACKSLASH_ESCAPES" not in session.sql_mode
        documents = Documents(memory, session.node.engine.st, escapes)
        lanes = self.arena.words(self.lanes, first + self.rows * width)
        slice_ = Slice()
        for cell, form, start, end, negative in self.left:
            if slice_.is_over():
                session.diagnostics.rows_settle()
                await asyncio.sleep(0)
                slice_ = Slice()
            row, column = divmod(cell, width)
            session.row = row + 1
            slot, source = slots[first + column], self.text[start:end]
            if slot.type.cls is Class.JSON and form == kernels.FORM_TEXT:
                lane = documents.lane(source)
                if lane is not None:
                    lanes[first + cell] = lane
                    self.arena.mem[self.nulls + first + cell] = 0
                    continue
            try:
                value = await self._assigned(session, evaluator, column, form, source, negative)
            except SqlError as error:
                if not row:
                    raise
                self._given(memory, row)
                return error
            self._put(memory, first + cell, slot.type, value, session.time_zone)
        self._given(memory, self.rows)
        return None

    def _given(self, memory: RunMemory, rows: int) -> None:
        """The first `rows` are all there are."""
        count = self.first + rows * (len(self.program.slots) - self.first)
        mem = self.arena.mem
        at = self.lanes + 8 * count  # null bytes follow the lanes, however many there are
        mem[at : at + count] = mem[self.nulls : self.nulls + count].copy()
        memory.set(layout.RUN_PARAMS, self.lanes)
        memory.set(layout.RUN_PARAM_COUNT, count)
        memory.set(self.program.given, rows)

    async def _assigned(
        self,
        session: Session,
        evaluator: Evaluator,
        column: int,
        form: int,
        source: bytes,
        negative: int,
    ) -> Any:
        """A cell as its column will hold it."""
        if form == kernels.FORM_OTHER:
            return await self._value(session, evaluator, self.expressions.of(column, source))
        expression = self.program.slots[self.first + column].expression
        assert isinstance(expression, Cast)
        literal = self._literal(session, form, source, bool(negative))
        return evaluator.value(replace(expression, arg=literal))

    async def _value(self, session: Session, evaluator: Evaluator, expression: Expression) -> Any:
        """What an expression is; a function that waits lets others run."""
        effects, mark = session.effects, session.diagnostics.mark()
        while True:
            effects.may_wait = True
            try:
                value = evaluator.value(expression)
            except Suspended as suspended:
                session.diagnostics.back_to(mark)
                effects.done(await suspended.wait(session, False))
            else:
                effects.clear()
                return value
            finally:
                effects.may_wait = False

    def _literal(self, session: Session, form: int, source: bytes, negative: bool) -> Literal:
        if form == kernels.FORM_NULL:
            return Literal(null_type(), None)
        if form == kernels.FORM_TEXT:
            text = str(session.tokenize(source.decode("utf-8", "replace"))[0].value)
            return Literal(string_type(len(text), session.collation, nullable=False), text)
        made, value = number_literal(source.decode().lstrip("-"))
        if negative:
            value = value.copy_negate() if made.cls is Class.DECIMAL else -value
        return Literal(made, value)

    def _put(
        self, memory: RunMemory, number: int, sql_type: SqlType, value: Any, zone: str
    ) -> None:
        self.arena.mem[self.nulls + number] = value is None
        lane = 0
        if value is not None and is_variable(sql_type):
            data = to_bytes(value, sql_type)
            at = memory.alloc(max(len(data), 1))
            self.arena.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
            lane = at << RUN_SHIFT | len(data)
        elif value is not None:
            lane = to_lane(value, sql_type, zone)
        self.arena.words(self.lanes + 8 * number, 1)[0] = lane


def read(session: Session, sql: bytes) -> GivenRows | None:
    """The rows of an INSERT … VALUES, and the program for them; None: it is something else."""
    mode, context = session.plans.mode, session.plans.context
    if mode is None or not LEAST_BYTES <= len(sql) <= MOST_BYTES:
        return None
    arena = session.node.engine.arena
    blocks: list[tuple[int, int]] = []

    def alloc(count: int) -> int:
        size = 1 << (count - 1).bit_length()  # sizes that recur
        at = int(arena.alloc(size))
        blocks.append((at, size))
        return at

    given = None
    try:
        given = _read(session, sql, mode, context, alloc, blocks)
    finally:
        if given is None:
            for at, count in blocks:
                arena.free(at, count)
    return given


def _read(
    session: Session, sql: bytes, mode: int, context: int, alloc: Any, blocks: Any
) -> GivenRows | None:
    arena: Arena = session.node.engine.arena
    text = alloc(len(sql))
    arena.mem[text : text + len(sql)] = np.frombuffer(sql, np.uint8)
    head = int(kernels.bulk_head(arena.mem, text, min(len(sql), _HEAD_BYTES), mode))
    if head < 0:
        return None
    rows_at, count = text + head, len(sql) - head
    found = int(kernels.bulk_width(arena.mem, rows_at, count, mode))
    if found < 0:
        return None
    width, row_bytes = found >> 32, found & 0xFFFFFFFF
    program = _program(session, sql[:head], width, context)
    if program is None:
        return None
    first = len(program.slots) - width
    columns = alloc(8 * kernels.COLUMN_WORDS * width)
    words = [word for slot in program.slots[first:] for word in _column(slot.type)]
    arena.words(columns, len(words))[:] = words
    likely = width * (2 * (count // row_bytes) + 64)  # rows half as long as the first one
    for room in (likely, count // 2 + width):
        lanes = alloc(9 * (first + room))
        nulls = alloc(first + room)
        left = alloc(8 * kernels.LEFT_WORDS * room)
        done = int(
            kernels.bulk_rows(
                arena.mem, rows_at, count, mode, columns, width,
                lanes + 8 * first, nulls + first, room, left, room,
            )
        )  # fmt: skip
        if done >= 0:
            entries = arena.words(left, kernels.LEFT_WORDS * (done & 0xFFFFFFFF))
            entries[2::5] += head
            entries[3::5] += head
            listed = entries.reshape(-1, kernels.LEFT_WORDS).tolist()
            expressions = CellExpressions(session, sql[:head], width)
            rows = done >> 32
            return GivenRows(
                program, arena, sql, lanes, nulls, first, rows, listed, blocks, expressions
            )
    return None


def _program(session: Session, head: bytes, width: int, context: int) -> Program | None:
    """The program for rows of `width` literals after `head`; None: the long way says why not."""
    from mysqlcompat import compiler

    version = session.node.engine.catalog.version
    programs = session.node.plans.programs("bulk", version)
    key = head, width, context
    program = programs.get(key)
    if program is None:
        text = head.decode("utf-8", "replace") + f"({', '.join(['NULL'] * width)})"
        try:
            statement = compiler.resolved(text, session)
            if not isinstance(statement, Insert) or len(statement.columns) != width:
                return None
            table = statement.table.table
            if table is None or statement.replace or statement.ignore:
                return None
            made = replace(statement, given=True)
            program = machine_of(session.node.engine).compile(made, version)
        except SqlError:
            return None
        programs[key] = program
    return program


def _column(sql_type: SqlType) -> list[int]:
    """COLUMN words of `bulk_kernels`."""
    null = int(sql_type.nullable)
    match sql_type.cls:
        case Class.INT if sql_type.kind not in (TypeKind.YEAR, TypeKind.BIT):
            least, greatest = sql_type.range
            return [kernels.FORM_INT, least, min(greatest, _GREATEST), 0, null]
        case Class.DECIMAL if not sql_type.is_wide_decimal:
            greatest = 10**sql_type.precision - 1
            return [kernels.FORM_DECIMAL, sql_type.scale, greatest, int(sql_type.unsigned), null]
        case Class.STRING if sql_type.is_text and is_variable(sql_type):
            is_char = int(sql_type.kind is TypeKind.CHAR)
            return [kernels.FORM_TEXT, sql_type.length, is_char, 0, null]
    return [kernels.FORM_OTHER, 0, 0, 0, null]


__all__ = ["LEAST_BYTES", "GivenRows", "read"]
