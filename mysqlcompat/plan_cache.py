"""Programs by the shape of their text: how a statement is compiled once and run many times.

A text is read by the fingerprint kernel (half a microsecond) into a *shape*, in which markers stand
for literals, and the literals. Shape and *context* (what of the session decides the meaning of a
text: database, sql_mode, character sets, …) find an entry. Literals which a program takes as slots
may differ from run to run; the others are *pinned*: their source text is part of the key.

Programs that need no Python are also installed in the lane, under the same shape and context.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np

from mysqlcompat.functions.key_parts import ELEMENT, shape_of
from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.fingerprint_kernels import fingerprint
from mysqlcompat.lane.lane import Lane
from mysqlcompat.machine.program import Program
from mysqlcompat.sql.typed import Call, Expression, Literal, Param, walk
from redo.arena import Arena

TEXT_BYTES: Final = 65536  #: longer statements are compiled every time
LITERALS: Final = 4096
CAPACITY: Final = 1000
QUESTIONS: Final = ("member@of", "json_contains", "json_overlaps")
OTHERS_CAPACITY: Final = 200  #: of each kind
LANE_PROGRAMS: Final = 8  #: of one shape that the lane may have: it looks at one after the other


@dataclass(slots=True)
class Fingerprint:
    """A text as the kernel read it. `literals`: marker, start, end, value, escaped, scale."""

    text: bytes
    shape: bytes
    literals: list[list[int]]

    def source(self, number: int) -> bytes:
        _, start, end, *_ = self.literals[number]
        return self.text[start:end]

    def document_shape(self, number: int) -> bytes:
        """The shape of a literal that is a document; its own text if that says more."""
        source = self.source(number)
        plain = self.literals[number][4] == 0 and source[:1] in (b"'", b'"')
        shape = shape_of(source[1:-1].decode()) if plain else None
        return source if shape is None else shape

    def value(self, number: int, unquote: Callable[[bytes], str]) -> Any:
        """The Python value of a literal."""
        marker, start, end, value, escaped, _ = self.literals[number]
        if marker == layout.LITERAL_INT:
            return value
        source = self.text[start:end]
        if marker == layout.LITERAL_DECIMAL:
            exact = Decimal(source.decode())
            is_integer = b"." not in source and exact < 1 << 64
            return int(source) if is_integer else exact
        if marker == layout.LITERAL_FLOAT:
            return float(source)
        return unquote(source) if escaped else source[1:-1].decode()


@dataclass(slots=True)
class Entry:
    """Programs of one shape in one context; they differ in their pinned literals, and in the shape
    of those that are documents (`key_parts.shape_of`)."""

    pinned: tuple[int, ...]
    documents: tuple[int, ...] = ()
    programs: dict[tuple[bytes, ...], Program] = field(default_factory=dict)
    generation: int = -1  #: of the lane's plan table when programs were `offered` to it
    offered: set[tuple[bytes, ...]] = field(default_factory=set)

    def key(self, read: Fingerprint) -> tuple[bytes, ...]:
        """What tells its programs apart, of a text."""
        pinned = [read.source(number) for number in self.pinned]
        return (*pinned, *map(read.document_shape, self.documents))


class PlanCache:
    """The cache of one node. Everything in it was made for one version of the dictionary."""

    def __init__(self, arena: Arena, lane: Lane | None = None) -> None:
        self._lane = lane
        self._mem = arena.mem
        self._arena = arena
        self._text = arena.alloc(TEXT_BYTES)
        self._shape = arena.alloc(TEXT_BYTES)
        self._literals = arena.alloc(8 * layout.LITERAL_WORDS * LITERALS)
        self._entries: OrderedDict[tuple[bytes, int], Entry] = OrderedDict()
        self._contexts: dict[Hashable, int] = {}
        self._last_context = 0
        self._served: dict[tuple[bytes, int], int] = {}  #: generations, as in Entry
        self._programs = 0
        self._others: dict[str, dict[Hashable, Program]] = {}
        self.version = -1
        self.hits = 0
        self.misses = 0

    def context(self, key: Hashable) -> int:
        """A small number for a combination of settings, above 0."""
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = self.new_context()
        return found

    def new_context(self) -> int:
        """The number of a combination that is nobody else's."""
        self._last_context += 1
        return self._last_context

    def read(self, text: bytes, mode: int) -> Fingerprint | None:
        """None for texts that are not one statement, or too long to be worth it."""
        count = len(text)
        if count > TEXT_BYTES:
            return None
        self._mem[self._text : self._text + count] = np.frombuffer(text, np.uint8)
        found = int(
            fingerprint(
                self._mem, self._text, count, mode,
                self._shape, TEXT_BYTES, self._literals, LITERALS,
            )
        )  # fmt: skip
        if found < 0:
            return None
        number, size = found >> 32, found & 0xFFFFFFFF
        words = layout.LITERAL_WORDS
        records = self._arena.words(self._literals, number * words).reshape(number, words)
        shape = self._mem[self._shape : self._shape + size].tobytes()
        return Fingerprint(text, shape, records.tolist())

    def find(self, read: Fingerprint, context: int, version: int) -> Program | None:
        """The program for this text, if there is one for this version of the dictionary."""
        if version != self.version:
            self.forget(version)
        entry = self._entries.get((read.shape, context))
        if entry is None:
            self.misses += 1
            return None
        self._entries.move_to_end((read.shape, context))
        program = entry.programs.get(entry.key(read))
        if program is None:
            self.misses += 1
        else:
            self.hits += 1
        return program

    def pinned_for_lane(self, read: Fingerprint, context: int) -> tuple[int, ...] | None:
        """The pinned literals of a text whose program is to be offered to the lane (again): told
        once, for each time the lane has emptied its table. None: it is not."""
        entry = self._entries.get((read.shape, context))
        if entry is None or entry.documents or self._lane is None:
            return None
        if entry.generation != self._lane.generation:
            entry.generation = self._lane.generation
            entry.offered.clear()
        key = entry.key(read)
        if key in entry.offered or len(entry.offered) == LANE_PROGRAMS:
            return None
        entry.offered.add(key)
        return entry.pinned

    def has_left_lane_as(self, read: Fingerprint, context: int) -> bool:
        """The same for a transaction statement, which has no program."""
        assert self._lane is not None
        key = read.shape, context
        known = self._served.get(key)
        self._served[key] = self._lane.generation
        return known != self._lane.generation

    def add(self, read: Fingerprint, context: int, program: Program, text: str) -> Entry | None:
        """Keep a program compiled from `text`; None when it cannot be kept.

        The kernel and the parser number literals each in its own way. Should they ever disagree, a
        wrong value would be bound, so both must name the same source text.
        """
        key = read.shape, context
        used: set[int] = set()
        for literal in literals_of(program):
            number = literal.literal_no
            assert number is not None
            source = text[literal.start : literal.end].encode()
            if number >= len(read.literals) or read.source(number) != source:
                return None
            used.add(number)
        pinned = {number for number in range(len(read.literals)) if number not in used}
        documents = documents_of(program)
        entry = self._entries.get(key)
        if entry is None or not (pinned <= {*entry.pinned} and documents <= {*entry.documents}):
            # What one program pins all must: which literals those are may hang on their values.
            if entry is not None:
                self._programs -= len(entry.programs)
                pinned |= {*entry.pinned}
                documents |= {*entry.documents}
                self._clear_lane()
            entry = self._entries[key] = Entry(tuple(sorted(pinned)), tuple(sorted(documents)))
        if entry.programs.setdefault(entry.key(read), program) is program:
            self._programs += 1
        while self._programs > CAPACITY and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            self._programs -= len(oldest.programs)
            self._clear_lane()
        return entry

    def programs(self, kind: str, version: int) -> dict[Hashable, Program]:
        """Programs found by something else than a shape, to look up and to add to: those of bulk
        INSERTs ("bulk"), and of texts that are prepared ("prepared")."""
        if version != self.version:
            self.forget(version)
        found = self._others.setdefault(kind, {})
        if len(found) >= OTHERS_CAPACITY:
            found.clear()
        return found

    def forget(self, version: int) -> None:
        """The dictionary has moved: nothing compiled before may run again."""
        self._clear_lane()
        self._entries.clear()
        self._served.clear()
        self._others.clear()
        self._programs = 0
        self.version = version

    def _clear_lane(self) -> None:
        """Programs are about to go: none may be run by address any more."""
        if self._lane is not None:
            self._lane.forget_plans()


def literals_of(program: Program) -> Iterator[Literal]:
    """The literals that a run of the program takes from its text."""
    for node in _nodes_of(program):
        if isinstance(node, Literal) and node.literal_no is not None:
            yield node


def documents_of(program: Program) -> set[int]:
    """Numbers of those literals of whose elements the plan knows the kinds."""
    calls = (node for node in _nodes_of(program) if isinstance(node, Call))
    asked = [one.args[0] for one in calls if one.function.name == ELEMENT]
    return {
        one.literal_no for one in asked if isinstance(one, Literal) and one.literal_no is not None
    }


def questions_of(program: Program) -> dict[int, bool]:
    """Numbers of those `?` that documents with an index of their elements are asked for; whether
    they are documents, not elements."""
    if not any(column.array for table in program.tables for column in table.columns):
        return {}
    found: dict[int, bool] = {}
    for node in _nodes_of(program):
        if isinstance(node, Call) and node.function.name in QUESTIONS:
            is_document = node.function.name != QUESTIONS[0]
            args = node.args[:1] if node.function.name == QUESTIONS[0] else node.args[:2]
            found |= {one.param_no: is_document for one in args if isinstance(one, Param)}
    return found


def _nodes_of(program: Program) -> Iterator[Expression]:
    expressions: list[Expression] = [slot.expression for slot in program.slots]
    expressions += [callback.expression for callback in program.callbacks.values()]
    for expression in expressions:
        yield from walk(expression)
