"""Running programs: kernels do the batches, this answers what stops them.

A stop is answered in place and the kernel called again: E_PAGE_MISS by fetching, E_NO_ROOM by more
memory, E_CALLBACK (and a failed op that has a callback) by Python, E_LOCK_WAIT by waiting for the
holder, E_LATER by letting others run. Locks may be waited for in mid-statement, because the ops
that take them have all they need in copies: rows in the batch heap, values in slots and records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from btree.txn_layout import CTX_ISOLATION, ISOLATION_READ_UNCOMMITTED
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Suspended
from mysqlcompat.machine import foreign_errors, in_turn, layout
from mysqlcompat.machine.batch_values import evaluate_failed, evaluated
from mysqlcompat.machine.duplicates import duplicate_error
from mysqlcompat.machine.machine_kernels import pipeline_run
from mysqlcompat.machine.ops.collect_kernels import collection_rehash
from mysqlcompat.machine.ops.sort_kernels import collection_sort
from mysqlcompat.machine.outcome import ok_of
from mysqlcompat.machine.outside import put_outside
from mysqlcompat.machine.program import Callback, Collection, Program, Register, Slot
from mysqlcompat.machine.registers import OutOfMemory, RunMemory
from mysqlcompat.machine.sent_rows import SentRows
from mysqlcompat.results import Ok, Rows
from mysqlcompat.slices import Slice
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.typed import Expression, Literal, transform
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.turns import breathe, in_turns
from mysqlcompat.write_gate import NO_FRAMES
from redo.codes import (
    E_CALLBACK,
    E_CHECK_FAILED,
    E_DUPLICATE,
    E_LATER,
    E_LOCK_WAIT,
    E_LOG_FULL,
    E_LONG_VALUE,
    E_NO_FRAME,
    E_NO_ROOM,
    E_NULL,
    E_OVERFLOW,
    E_PAGE_MISS,
    E_TOO_BIG,
)

Inputs = dict[tuple[int, int], tuple[SqlType, Register]]
PAGES_AT_ONCE: Final = 64  #: of long values fetched between two looks at the loop
QUANTUM: Final = 32  #: batches (32 Ki rows, about 1 ms of work) between two looks at the loop
INSERT_QUANTUM: Final = 2  #: the same where each row is inserted
ROWS_QUANTUM: Final = 1024  #: the same of batches of one row
MANY_SLOTS: Final = 1000  #: so many constants are not made ready in one turn of the loop


class Execution:
    """One run of a program."""

    def __init__(
        self,
        program: Program,
        session: Any,
        params: Sequence[Any],
        literals: Sequence[Any] | None,
        binary: bool,
        given: Any = None,
    ) -> None:
        self.program = program
        self.session: Any = session
        self.engine = session.node.engine
        self.st = self.engine.st
        self.memory = RunMemory(program.arena, program)
        self.mem = program.arena.mem
        self.run = self.memory.run
        self._stage = -1
        self._params = params
        self._literals = literals
        self._expressions: dict[int, Expression] = {}  #: of callbacks, as this run has them
        self.failed: SqlError | None = None  #: that a row has no value; those before it are written
        self._failed_row = 0
        self._row: dict[tuple[int, int], Any] = {}
        self.accumulators: dict[tuple[int, int], Any] = {}  #: (aggregate, group) -> accumulator
        self.kept_bytes = 0  #: in accumulators, about
        self.seen: dict[int, set[Any]] = {}  #: keys met so far (`first_seen`)
        self.expansions: dict[int, Any] = {}  #: JSON_TABLEs in mid-batch (`expansion`)
        self.evaluator = Evaluator(session, params, self._column, program.sources)
        self._fetched = 0
        self.outside = 0  #: where the references of the row being written stand
        self._by_offset = {collection.at: collection for collection in program.collections}
        try:
            self._bind(given)
        except BaseException as error:
            self.close()
            in_turn.mark(error)
            raise
        self.memory.set(layout.RUN_CTX, session.ctx)
        self.memory.set(layout.RUN_BINARY, int(binary))
        self._quantum = INSERT_QUANTUM if program.statement_kind == "insert" else QUANTUM
        self._quantum = ROWS_QUANTUM if program.row_by_row else self._quantum
        self.memory.set(layout.RUN_QUANTUM, self._quantum)
        if program.kind == "write" and session.auto_increment is not None:
            for number, value in enumerate(session.auto_increment):
                self.memory.set(layout.RUN_AUTOINC + 8 * number, value)

    def close(self) -> None:
        self.memory.close()

    # slots

    def _bind(self, given: Any) -> None:
        program = self.program
        slots = program.slots[: None if given is None else given.first]
        values = [self._slot_value(slot) for slot in slots]
        self.session.effects.clear()
        if given is not None:
            given.defaults = values
            return
        self.memory.bind([slot.type for slot in slots], values, self.session.time_zone)
        if program.given:
            rows = self._failed_row - 1 if self.failed else len(program.plan.statement.rows)
            self.memory.set(program.given, rows)

    def _slot_value(self, slot: Slot) -> Any:
        breathe()
        if slot.param_no >= 0:
            return self._params[slot.param_no]
        if slot.literal_no >= 0 and self._literals is not None:
            return self._literals[slot.literal_no]
        if self.failed is not None and slot.row >= self._failed_row:
            return None
        self.session.row = slot.row
        try:
            return self.constant(slot.expression)
        except SqlError as error:
            if not self.program.row_by_row or slot.row == 1:
                raise
            self.failed, self._failed_row = error, slot.row
        return None

    def constant(self, expression: Expression) -> Any:
        """What a constant expression of the program is in this run."""
        return self.evaluator.value(self.as_run(expression))

    def as_run(self, expression: Expression) -> Expression:
        """An expression of the program with the literals of this run."""
        return transform(expression, self._with_literal) if self._literals else expression

    def value(self, expression: Expression, row: dict[tuple[int, int], Any]) -> Any:
        """What an expression is for columns of these values."""
        self._row = row
        return self.evaluator.value(expression)

    def lane_values(self, inputs: Inputs, lane: int) -> dict[tuple[int, int], Any]:
        """The inputs of a callback for one lane."""
        zone = self.session.time_zone
        return {
            place: self.memory.read_lane(register, sql_type, lane, zone)
            for place, (sql_type, register) in inputs.items()
        }

    def _with_literal(self, node: Expression) -> Expression:
        """A literal of the text as this run has it."""
        if isinstance(node, Literal) and node.literal_no is not None:
            assert self._literals is not None
            return replace(node, value=self._literals[node.literal_no])
        return node

    def _column(self, table_no: int, column_no: int) -> Any:
        return self._row[table_no, column_no]

    # stepping

    async def begin(self) -> None:
        """Statement savepoint and read view."""
        if self.program.tables:
            self.engine.statement(self.session.ctx, self.program.uses_view)
        await self._next_stage()

    async def _next_stage(self) -> bool:
        self._stage += 1
        if self._stage >= len(self.program.stages):
            return False
        stage = self.program.stages[self._stage]
        for step in stage.before:
            for _ in step(self) or ():
                await asyncio.sleep(0)
        self.memory.set(layout.RUN_CODE, stage.code)
        self.memory.set(layout.RUN_END, stage.end)
        for at in (layout.RUN_PC, layout.RUN_DEPTH, layout.RUN_STOP, layout.RUN_WIDTH):
            self.memory.set(at, 0)
        return True

    async def step(self) -> int:
        """Go on until the end (0), or until something only the caller can answer."""
        self._slice = Slice()
        while True:
            code = int(pipeline_run(self.st, self.mem, self.run))
            if code == 0:
                if not await self._next_stage():
                    return 0
            elif code == E_LATER:
                self.memory.set(layout.RUN_QUANTUM, self._quantum)
                if self._is_sending:
                    return code
                await asyncio.sleep(0)
                if self.program.kind != "read":
                    await self.session.node.gate.admitted(self.session)
                self._slice = Slice()
            elif code == E_LOG_FULL and self.engine.log is not None:
                await self.session.node.gate.log_room(self.session, self.engine.log)
            elif code == E_NO_ROOM and self.memory.get(layout.RUN_WANT_OF) == layout.WANT_OUT:
                return code
            elif code == E_NO_ROOM:
                self._make_room()
            elif code == E_LOCK_WAIT:
                await self._wait()
            elif code == E_LONG_VALUE:
                await put_outside(self)
            elif code in (E_PAGE_MISS, E_NO_FRAME) and await self._caught_up(code):
                pass
            elif code == E_PAGE_MISS and self.memory.get(layout.RUN_MAY_PAUSE):
                self._settle(code)
                self._fetched += 1
                if self._fetched % PAGES_AT_ONCE == 0:
                    await asyncio.sleep(0)
            else:
                mark = self.session.diagnostics.mark()
                try:
                    if not self._answer_callback(code):
                        self._settle(code)
                except Suspended as suspended:
                    self.session.diagnostics.back_to(mark)
                    result = await suspended.wait(self.session, bool(self.program.tables))
                    self.session.effects.done(result)

    @property
    def _is_sending(self) -> bool:
        return self.memory.get(layout.RUN_OUT_END) != 0

    def _settle(self, code: int) -> None:
        """What the engine can answer; everything else is the statement's error."""
        if code in foreign_errors.CODES:
            raise foreign_errors.foreign_error(self.engine, code)
        if code == E_CHECK_FAILED:
            enforced = [check for check in self.program.written.checks if check.enforced]
            raise SqlError(3819, enforced[self.memory.get(layout.RUN_FAILED)].name)
        if code == E_DUPLICATE:
            raise duplicate_error(self.program, self.memory, self.st, self.session.time_zone)
        if code == E_NULL:
            raise SqlError(1048, "")
        if code == E_OVERFLOW:
            is_insert = self.program.statement_kind == "insert"
            raise SqlError(1467) if is_insert else SqlError(1690, "BIGINT", "")
        if code == E_TOO_BIG:
            raise SqlError(1118, 8126)
        if not self.engine.settle(code):
            self.engine.ensure(code)

    async def _caught_up(self, code: int) -> bool:
        """Have what is logged become durable when the pool is full of what is newer. Others have
        run then, so the op has to miss its page again. False: that is not what is in the way."""
        log, ctx = self.engine.log, self.session.ctx
        if log is None or log.vdl >= log.next_lsn or not self.engine.store.must_wait(code):
            return False
        uncommitted = self.engine.word(ctx, CTX_ISOLATION) == ISOLATION_READ_UNCOMMITTED
        if uncommitted and not self.memory.get(layout.RUN_MAY_PAUSE):
            return False  # what it reads may be gone when others have run
        await self.session.node.gate.until(self.session, log.next_lsn, NO_FRAMES)
        return True

    async def _wait(self) -> None:
        """Wait for the transaction that holds a lock, at most innodb_lock_wait_timeout."""
        locks = self.engine.locks
        if locks.is_nowait():
            raise SqlError(3572)
        wait = locks.wait(self.session.ctx)
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def finish(_: Any) -> None:
            if not over.done():
                over.set_result(None)

        wait.add_done_callback(finish)
        seconds = float(self.session.system_variable("innodb_lock_wait_timeout"))
        timer = loop.call_later(seconds, locks.cancel, wait)
        try:
            await over
        except asyncio.CancelledError as error:
            locks.cancel(wait, error)
            raise
        finally:
            timer.cancel()
        wait.result()

    def _make_room(self) -> None:
        wanted = self.memory.get(layout.RUN_WANT)
        of = self.memory.get(layout.RUN_WANT_OF)
        try:
            if of == layout.WANT_HEAP:
                self.memory.grow_heap(wanted)
            elif of >= layout.WANT_CHUNK:
                self.memory.grow_chunks(self._by_offset[of - layout.WANT_CHUNK])
            elif of >= layout.WANT_TABLE:
                self._grow_table(self._by_offset[of - layout.WANT_TABLE], wanted)
            else:
                self.memory.grow_heap_of(self._by_offset[of], wanted)
        except (OutOfMemory, MemoryError) as error:
            raise SqlError(1038) from error

    def _grow_table(self, collection: Collection, wanted: int) -> None:
        table, mask = self.memory.grow_table(collection, wanted)
        at = self.run + collection.at
        collection_rehash(self.st, self.mem, at, table, mask, int(collection.chained))

    def _answer_callback(self, code: int) -> bool:
        """Evaluate a batch in Python if the op that stopped has a callback."""
        pc = self.memory.get(layout.RUN_PC)
        callback = self.program.callbacks.get(pc)
        if callback is None or code not in (E_CALLBACK, E_OVERFLOW):
            return False
        resume = pc + layout.INSTRUCTION_BYTES
        self.session.effects.may_wait = self.program.may_wait
        try:
            if isinstance(callback, Callback):
                resume = self._evaluated(callback, self.memory.get(layout.RUN_LANES)) or resume
            else:
                callback.answer(self, self.memory.get(layout.RUN_LANES))
        except SqlError as error:
            in_turn.mark(error)
            raise
        self.memory.set(layout.RUN_PC, resume)
        self.session.diagnostics.rows_settle()
        if self._slice.is_over():  # Python takes longer than kernels: this batch is the last
            self.memory.set(layout.RUN_QUANTUM, 0)
        return True

    def _evaluated(self, callback: Callback, n: int) -> int:
        """Do a batch, or the whole of which it is a part; the instruction to go on with."""
        whole, diagnostics = callback.whole, self.session.diagnostics
        if whole is None:
            self._evaluate(callback, n)
            return callback.resume
        mark = diagnostics.mark()
        try:
            self._evaluate(callback, n)
        except SqlError:
            pass
        else:
            if diagnostics.mark() == mark:
                return callback.resume
        diagnostics.back_to(mark)
        self._evaluate(whole, n)
        return whole.resume

    def _evaluate(self, callback: Callback, n: int) -> None:
        expression = self._expressions.get(id(callback))
        if expression is None:
            expression = self._expressions[id(callback)] = self.as_run(callback.expression)
        if callback.partial:
            evaluate_failed(self, expression, callback, n)
            self.session.effects.clear()
            return
        values = evaluated(self, expression, callback.inputs, n)
        self.memory.write(callback.to, callback.expression.type, values, self.session.time_zone)
        self.session.effects.clear()

    # what stages ask for before they start

    def sort(self, collection: Collection) -> None:
        count = self.memory.count_of(collection)
        pairs, spare = self.memory.alloc(16 * count + 16), self.memory.alloc(16 * count + 16)
        collection_sort(self.st, self.mem, self.run + collection.at, pairs, spare)

    def ensure_group(self, collection: Collection, carried: int) -> None:
        """The one group of no rows: zero counts, NULL for everything else."""
        if not self.memory.count_of(collection):
            self.memory.append(collection, [_NOTHING] * carried, [[None] * carried], "UTC")


_NOTHING: Final = SqlType(0)  # type: ignore[arg-type]


async def _execution(program: Program, session: Any, *rest: Any) -> Execution:
    """A run with its slots filled: constants may take long."""
    while True:
        session.effects.may_wait = True
        mark = session.diagnostics.mark()
        try:
            if len(program.slots) > MANY_SLOTS:
                return await in_turns(lambda: Execution(program, session, *rest))
            return Execution(program, session, *rest)
        except Suspended as suspended:
            session.diagnostics.back_to(mark)
            session.effects.done(await suspended.wait(session, False))
        finally:
            session.effects.may_wait = False


class _Reading(NamedTuple):
    """A statement that gives rows, and what it was asked with: it may have to be begun again."""

    program: Program
    session: Any
    params: Sequence[Any]
    literals: Sequence[Any] | None
    binary: bool
    mark: tuple[int, int, int]

    async def begun(self, program: Program) -> Execution:
        """A run of a program for it that has begun."""
        execution = await _execution(program, self.session, self.params, self.literals, self.binary)
        try:
            await execution.begin()
        except BaseException:
            execution.close()
            raise
        return execution

    async def again(self, error: SqlError) -> Execution | None:
        """Another one after an error that MySQL may not come to; None: it stands."""
        other = in_turn.instead(self.program, self.session, error, self.mark)
        return None if other is None else await self.begun(other)


async def execute(
    program: Program,
    session: Any,
    params: Sequence[Any] = (),
    binary: bool = False,
    literals: Sequence[Any] | None = None,
    given: Any = None,
) -> Ok | Rows:
    """Run a program for a session whose transaction has begun.

    params    Python values of `?`, already decoded
    literals  values that take the place of the text's literals, by literal_no; None: as compiled
    given     `bulk.GivenRows`, for a program made for them
    ->        Rows to be read by the wire (the statement goes on while they are read), or Ok with
              affected rows, first AUTO_INCREMENT value and MySQL's info text
    """
    mark = session.diagnostics.mark()
    try:
        return await _executed(program, session, params, binary, literals, given, mark)
    except SqlError as error:
        session.diagnostics.rows_end()
        other = None if given is not None else in_turn.instead(program, session, error, mark)
        if other is None:
            raise
        return await _executed(other, session, params, binary, literals, None, mark)


async def _executed(
    program: Program,
    session: Any,
    params: Sequence[Any],
    binary: bool,
    literals: Sequence[Any] | None,
    given: Any,
    mark: tuple[int, int, int],
) -> Ok | Rows:
    if program.kind == "read":
        reading = _Reading(program, session, params, literals, binary, mark)
        return Rows(program.columns, SentRows(await reading.begun(program), reading.again))
    session.diagnostics.rows_begin()
    execution = await _execution(program, session, params, literals, binary, given)
    other = in_turn.for_each_row(program, session, mark)
    if other is not None:
        execution.close()
        return await _executed(other, session, params, binary, literals, None, mark)
    try:
        await execution.begin()
        if given is not None:
            execution.failed = await given.bind(execution.memory, session)
        await execution.step()
        if execution.failed is not None:
            raise execution.failed
        session.diagnostics.rows_end()
        return ok_of(program, execution.memory, session)
    except GeneratorExit:
        session.node.engine.rollback_statement(session.ctx)
        raise
    except BaseException as error:
        if error is not execution.failed:
            done = max(map(execution.memory.get, (layout.RUN_MATCHED, layout.RUN_CHANGED)))
            session.diagnostics.rows_end_at(done + 1)
            in_turn.mark_rows(error, done)
        node = session.node
        await node.gate.undone(session, node.engine.undoing_statement(session.ctx))
        raise
    finally:
        execution.close()


__all__ = ["Execution", "execute"]
