"""Programs: a statement compiled for the machine, shared by all sessions, run by one at a time
each.

A `Program` is a Python object (what `run` steps through) and one run of arena memory (header, code,
constants, format in `layout.py`). *Slots* are the values that change from run to run: parameters
of a prepared statement, literals which a cached plan takes from the text, and constant expressions
that are evaluated when a run starts (NOW(), @variable, 1 + ?).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mysqlcompat.machine.calls import address_of
from mysqlcompat.machine.layout import (
    BEFORE_NOTHING,
    BEFORE_ONE_GROUP,
    BEFORE_SORT,
    COLLECTION_BYTES,
    GATHERED_BYTES,
    INSTRUCTION_BYTES,
    INSTRUCTION_WORDS,
    PROGRAM_CODE,
    PROGRAM_END,
    PROGRAM_GATHERED,
    PROGRAM_GATHERED_COUNT,
    PROGRAM_HEADER,
    PROGRAM_RUN_BYTES,
    PROGRAM_STAGE_COUNT,
    PROGRAM_STAGES,
    PROGRAM_STATE_BYTES,
    RECORD_FIELDS,
    REGISTER_BYTES,
    RUN_BYTES,
    STAGE_BYTES,
)
from mysqlcompat.machine.ops.callback_kernels import op_callback

if TYPE_CHECKING:
    from mysqlcompat.results import ColumnDef
    from mysqlcompat.sql.looks import Looks
    from mysqlcompat.sql.typed import Expression, Param
    from mysqlcompat.sqltypes import SqlType
    from redo.arena import Arena


@dataclass(frozen=True, slots=True)
class Slot:
    """One value given at the start of a run.

    expression   evaluated for its value; a bare Literal or Param is `simple`
    param_no     of a simple Param, else -1
    row          number of the row of VALUES it belongs to, for messages
    literal_no   of a simple Literal that a cached plan may replace, else -1
    """

    type: SqlType
    expression: Expression
    param_no: int = -1
    literal_no: int = -1
    row: int = 1

    @property
    def simple(self) -> bool:
        return self.param_no >= 0 or self.literal_no >= 0


@dataclass(frozen=True, slots=True)
class Callback:
    """An instruction in Python: `expression` over columns, lane by lane; the result goes to `to`.

    inputs  (table number, column number) -> type and register
    partial only lanes whose null byte is LANE_FAILED
    resume  instruction (its number; in a Program, its offset) to go on with; 0: the next
    whole   what is done instead if this says something, or fails (`sql.code_order`)
    """

    expression: Expression
    inputs: dict[tuple[int, int], tuple[SqlType, Register]]
    to: Register
    resume: int = 0
    partial: bool = False
    whole: Callback | None = None

    def placed(self, made: Assembled) -> Callback:
        """With offsets of `made` for numbers of instructions."""
        whole = None if self.whole is None else self.whole.placed(made)
        resume = made.instruction(self.resume) if self.resume else 0
        return replace(self, resume=resume, whole=whole)


class Answering(Protocol):
    """Another kind of instruction in Python."""

    @property
    def expression(self) -> Expression: ...

    def answer(self, execution: Any, n: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Collection:
    """Records gathered by one stage for a later one. `at` is its header in the run block."""

    at: int
    fields: int
    hashed: bool
    chained: bool = False

    def field(self, number: int) -> tuple[int, int]:
        """Where field `number` and its null byte are in a record."""
        return RECORD_FIELDS + 8 * number, RECORD_FIELDS + 8 * self.fields + number

    @property
    def record_bytes(self) -> int:
        return -(-(RECORD_FIELDS + 9 * self.fields) // 8) * 8


@dataclass(frozen=True, slots=True)
class Sorted:
    """Before a stage: the records of a collection in the order of their keys."""

    collection: Collection

    def __call__(self, execution: Any) -> None:
        execution.sort(self.collection)

    def words(self) -> list[int]:
        return [BEFORE_SORT, self.collection.at, 0, 0]


@dataclass(frozen=True, slots=True)
class OneGroup:
    """Before a stage: a query without GROUP BY has one group even when it has read no rows. Its
    first `carried` fields are NULL then."""

    collection: Collection
    carried: int

    def __call__(self, execution: Any) -> None:
        execution.ensure_group(self.collection, self.carried)

    def words(self) -> list[int]:
        return [BEFORE_ONE_GROUP, self.collection.at, self.collection.fields, self.carried]


#: What runs in Python before a stage. What takes long gives an iterator: others run between steps.
Before = Callable[..., Iterator[None] | None]


def before_words(before: Sequence[Before]) -> list[int] | None:
    """A stage's `before` for the kernels; None when only Python can do it."""
    if not before:
        return [BEFORE_NOTHING, 0, 0, 0]
    step = before[0]
    return step.words() if len(before) == 1 and isinstance(step, Sorted | OneGroup) else None


@dataclass(frozen=True, slots=True)
class Stage:
    """Instructions from a source to whatever takes the rows; `before` comes first."""

    code: int
    end: int
    before: tuple[Before, ...] = ()


@dataclass(slots=True)
class Program:
    """A compiled statement.

    columns      result columns; empty for statements without rows
    tables       descriptors it uses; `version` is the dictionary version they belong to
    kernel_only  `program_execute` may run it, once somebody has made its slots
    lane_write   it, too, but the program changes (at most) one row
    callbacks    instruction offset -> what to evaluate there
    sources      tables of the statement as messages name them
    one_row      it is an INSERT of one row of values
    locking      SELECT … FOR UPDATE
    uses_view    it reads tables as a view shows them, not only the newest rows, locked
    max_execution_ms  what the hint MAX_EXECUTION_TIME says, 0: what the session does
    may_wait     rows at hand are copies: a function in mid-batch may wait beside other sessions
    written      table that is written to; `row_registers` hold its new rows, by column
    given        bulk INSERT: the word of the run block that says how many rows there are
    sent         registers of strings that go to the client: a pause in mid-batch must keep them
    looks        the choices of its plan that hang on values; None: it is good for all. `beside` are
                 programs for other values, by `looks.ways`; None: this one
    is_in_turn   each expression is one callback, evaluated in MySQL's order
    row_by_row   the same, and each row is done with before the next is looked at
    in_turn      programs of these sorts for the same plan, by `row_by_row`, once needed
    fixed        values of slots that are the same in each run (`lane.constants`), once asked for
    """

    arena: Arena
    kind: str
    columns: tuple[ColumnDef, ...]
    slots: tuple[Slot, ...]
    stages: tuple[Stage, ...]
    callbacks: dict[int, Callback | Answering]
    collections: tuple[Collection, ...]
    tables: tuple[Any, ...]
    version: int
    kernel_only: bool
    at: int
    size: int
    run_bytes: int
    state_bytes: int
    registers_at: int
    params: tuple[Param | None, ...] = ()
    plan: Any = None
    sources: tuple[Any, ...] = ()
    locking: bool = False
    uses_view: bool = False
    statement_kind: str = "select"
    written: Any = None
    row_registers: dict[int, Register] = field(default_factory=dict)
    from_select: bool = False
    one_row: bool = False
    given: int = 0
    lane_write: bool = False
    max_execution_ms: int = 0
    may_wait: bool = False
    sent: tuple[Register, ...] = ()
    blocks: list[tuple[int, int]] = field(default_factory=list)
    looks: Looks | None = None
    beside: dict[Any, Program | None] = field(default_factory=dict)
    is_in_turn: bool = False
    row_by_row: bool = False
    in_turn: dict[bool, Program] = field(default_factory=dict)
    fixed: dict[int, Any] = field(default_factory=dict)

    def __del__(self) -> None:
        """The last of cache, sessions and runs has let go: give the arena memory back."""
        if self.at:
            self.arena.free(self.at, self.size)
            for at, count in self.blocks:
                self.arena.free(at, count)
            self.at = 0


class Assembler:
    """Collects code, constants and room in the run block; `finish` puts them into the arena."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self._code: list[list[int]] = []
        self._constants: list[int] = []
        self._patches: list[tuple[int, int, int]] = []  # instruction, operand, constant index
        self.starts: list[int] = []
        self._befores: list[tuple[Before, ...]] = []
        self._state = RUN_BYTES
        self._registers = 0
        self._register_patches: list[tuple[int, int]] = []
        self.collections: list[Collection] = []
        self.needs_python = False
        self.sent: list[Register] = []
        self.blocks: list[tuple[int, int]] = []

    def stage(self, *before: Before) -> None:
        """What is emitted from now on is a new stage."""
        self.starts.append(len(self._code))
        self._befores.append(before)

    def state(self, count: int) -> int:
        """`count` zeroed bytes in the run block."""
        at = self._state
        self._state += -(-count // 8) * 8
        return at

    def register(self) -> Register:
        self._registers += 1
        return Register(self._registers - 1)

    def collection(self, fields: int, hashed: bool, chained: bool = False) -> Collection:
        made = Collection(self.state(COLLECTION_BYTES), fields, hashed, chained)
        self.collections.append(made)
        return made

    def block(self, data: bytes) -> int:
        """Bytes in the arena for as long as the program lives; their offset."""
        at = self.arena.alloc(len(data))
        self.arena.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
        self.blocks.append((at, len(data)))
        return at

    def words(self, values: list[int]) -> Constant:
        """Words among the program's constants; an operand that names them becomes their offset."""
        at = len(self._constants)
        self._constants.extend(values)
        return Constant(at)

    def set_word(self, constant: Constant, number: int, value: int) -> None:
        """Change a word given to `words` before."""
        self._constants[constant.at + number] = value

    def emit(self, op: Any, *operands: Any) -> int:
        """Append an instruction; its number. Operands: int, Register, Constant."""
        assert len(operands) < INSTRUCTION_WORDS
        number = len(self._code)
        self.needs_python = self.needs_python or op is op_callback
        self._code.append([address_of(op), *operands, *[0] * (7 - len(operands))])
        return number

    def set_operand(self, instruction: int, number: int, value: int) -> None:
        """Change an operand of an instruction emitted before."""
        self._code[instruction][number] = value

    def mark(self) -> int:
        """Number of the next instruction."""
        return len(self._code)

    def calls_python_since(self, mark: int) -> bool:
        """Whether an instruction from `mark` on is Python's."""
        python = address_of(op_callback)
        return any(code[0] == python for code in self._code[mark:])

    def roll_back(self, mark: int) -> None:
        """Forget the instructions from `mark` on; their registers and constants stay."""
        del self._code[mark:]

    @property
    def is_kernels_alone(self) -> bool:
        """Whether the stages need nothing of Python but memory."""
        return not self.needs_python and None not in map(before_words, self._befores)

    def finish(self, header: dict[int, int]) -> Assembled:
        """Put it into the arena. `header`: further words of the program header."""
        code_at = PROGRAM_HEADER
        constants_at = code_at + INSTRUCTION_BYTES * len(self._code)
        stages_at = constants_at + 8 * len(self._constants)
        gathered_at = stages_at + STAGE_BYTES * len(self.starts)
        size = gathered_at + GATHERED_BYTES * len(self.collections)
        base = self.arena.alloc(size)
        registers_at = -(-self._state // 64) * 64
        run_bytes = registers_at + REGISTER_BYTES * self._registers

        def resolve(value: Any) -> int:
            if isinstance(value, Register):
                return registers_at + REGISTER_BYTES * value.number + value.plus
            if isinstance(value, Constant):
                return base + constants_at + 8 * value.at
            return int(value)

        words = np.zeros(size // 8, np.int64)
        flat = [resolve(value) for row in self._code for value in row]
        words[code_at // 8 : constants_at // 8] = flat
        words[constants_at // 8 : stages_at // 8] = [resolve(value) for value in self._constants]
        ends = [*self.starts[1:], len(self._code)]
        stages = [
            Stage(
                base + code_at + INSTRUCTION_BYTES * start,
                base + code_at + INSTRUCTION_BYTES * end,
                before,
            )
            for start, end, before in zip(self.starts, ends, self._befores, strict=True)
        ]
        table = [[one.code, one.end, *(before_words(one.before) or [0] * 4)] for one in stages]
        words[stages_at // 8 : gathered_at // 8] = np.array(table, np.int64).reshape(-1)
        gathered = [[one.at, one.record_bytes, int(one.hashed)] for one in self.collections]
        words[gathered_at // 8 :] = np.array(gathered, np.int64).reshape(-1)
        words[PROGRAM_STAGES // 8] = base + stages_at
        words[PROGRAM_STAGE_COUNT // 8] = len(stages)
        words[PROGRAM_GATHERED // 8] = base + gathered_at
        words[PROGRAM_GATHERED_COUNT // 8] = len(gathered)
        words[PROGRAM_CODE // 8] = stages[0].code
        words[PROGRAM_END // 8] = stages[0].end
        words[PROGRAM_RUN_BYTES // 8] = run_bytes
        words[PROGRAM_STATE_BYTES // 8] = self._state
        for at, value in header.items():
            words[at // 8] = value
        self.arena.words(base, size // 8)[:] = words
        return Assembled(base, size, run_bytes, self._state, registers_at, stages)


@dataclass(frozen=True, slots=True)
class Register:
    """A register of a run block; `plus` bytes into it (its null bytes, say)."""

    number: int
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Constant:
    """A place among a program's constants."""

    at: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """What `Assembler.finish` made: where it is, and how large run blocks have to be."""

    at: int
    size: int
    run_bytes: int
    state_bytes: int
    registers_at: int
    stages: list[Stage]

    def instruction(self, number: int) -> int:
        """Offset of instruction `number`."""
        return self.at + PROGRAM_HEADER + INSTRUCTION_BYTES * number
