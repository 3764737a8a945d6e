"""Which programs the lane may run, and how they get there.

A program is installed when it needs no Python, and each of its slots is

- a literal (or `?`) of the statement, of a class whose lane value the binding kernels make: as it
  comes, or on its way into a column or a comparison, converted by `write_kernels` where that can
  neither fail nor warn;
- or a constant (`constants`): its value goes to the lane with the program.

Literals of a text that are part of the program are *pins*: the lane compares them as written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.constants import NotFixedError, fixed_value, is_fixed
from mysqlcompat.lane.lane import Lane, Slots
from mysqlcompat.results import (
    WIRE_LONG,
    WIRE_LONGLONG,
    WIRE_SHORT,
    WIRE_STRING,
    WIRE_TINY,
    WIRE_VAR_STRING,
    WIRE_VARCHAR,
    Parameter,
)
from mysqlcompat.sql.typed import ASSIGN, PLACED, Call, Cast, Expression, Literal, Param
from mysqlcompat.sqltypes import Class, SqlType, int_type
from mysqlcompat.values import is_variable
from mysqlcompat.wire.columns import result_head
from mysqlcompat.wire.constants import CLIENT_DEPRECATE_EOF

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program, Slot
    from mysqlcompat.plan_cache import Fingerprint
    from mysqlcompat.session_state import SessionState

Source = tuple[int, ...]  #: `lane_layout`'s SLOT SOURCE
Conversion = tuple[int, int, int, int]  #: the same without the number

_CLASSES: Final = {
    WIRE_LONG: Class.INT,
    WIRE_LONGLONG: Class.INT,
    WIRE_SHORT: Class.INT,
    WIRE_TINY: Class.INT,
    WIRE_STRING: Class.STRING,
    WIRE_VAR_STRING: Class.STRING,
    WIRE_VARCHAR: Class.STRING,
}
_SERVES: Final = {
    "insert": layout.SERVES_INSERT,
    "update": layout.SERVES_UPDATE,
    "delete": layout.SERVES_DELETE,
}
_MOST: Final = (1 << 63) - 1
_ANY: Final = (-_MOST - 1, _MOST)
_TEXTS: Final = frozenset(
    {
        TypeKind.CHAR,
        TypeKind.VARCHAR,
        TypeKind.TINYTEXT,
        TypeKind.TEXT,
        TypeKind.MEDIUMTEXT,
        TypeKind.LONGTEXT,
    }
)
_ASCII: Final = frozenset({"utf8mb4", "utf8mb3", "latin1", "ascii"})


def head(program: Program, results_collation: int) -> tuple[bytes, int]:
    """Column count and definitions as packets from number 1, and how many packets that is."""
    packets, following = result_head(
        program.columns, CLIENT_DEPRECATE_EOF, results_collation, 0, 0, 1
    )
    return packets, following - 1


def install_text(
    lane: Lane, read: Fingerprint, pinned: Sequence[int], program: Program, session: SessionState
) -> None:
    """Serve texts of this shape, with these literals just as they are, in the lane, if the program
    allows."""
    given = len(read.literals)
    slots = slots_of(program, [None] * given, session, pinned)
    if slots is None:
        return
    slots = slots._replace(pins=[(number, read.source(number)) for number in pinned])
    packets, count = _head(program, session.results_collation)
    lane.install(read.shape, session.plans.context, program.at, given, packets, count, slots)


def install_transaction(lane: Lane, read: Fingerprint, context: int, kind: int) -> None:
    """Serve texts of this shape, which have no literals, as a transaction statement."""
    if not read.literals:
        lane.install(read.shape, context, 0, 0, b"", 0, Slots(kind))


def prepared_slots(
    program: Program, parameters: Sequence[Parameter], session: SessionState
) -> tuple[int, bytes, bytes, int, Slots] | None:
    """Program, wire types with which the lane may run it, head packets, how many these are, where
    slots come from. None: it may not."""
    if any(one.wire_type not in _CLASSES or one.unsigned for one in parameters):
        return None
    classes = [_CLASSES[one.wire_type] for one in parameters]
    slots = slots_of(program, classes, session)
    if slots is None:
        return None
    types = bytes(one.wire_type for one in parameters)
    return (program.at, types, *_head(program, session.results_collation), slots)


def _head(program: Program, results_collation: int) -> tuple[bytes, int]:
    return head(program, results_collation) if program.kernel_only else (b"", 0)


def slots_of(
    program: Program,
    classes: Sequence[Class | None],
    session: SessionState,
    pinned: Sequence[int] = (),
) -> Slots | None:
    """How the program's slots are made of the literals or parameters that are given: each of them
    is used, or pinned.

    classes  of the parameters as they are sent; None: a literal of the text
    """
    given = len(classes)
    if not (program.kernel_only or program.lane_write) or given > layout.LITERAL_LIMIT:
        return None
    if program.looks is not None:  # another may suit the next values
        return None
    if program.locking and len(program.tables) > 1:  # the lane could not tell that it locks rows
        return None
    kind = _SERVES[program.statement_kind] if program.lane_write else layout.SERVES_ROWS
    if len(program.slots) > layout.LITERAL_LIMIT:
        return None
    sources = [_source(slot, classes) for slot in program.slots]
    used = {source[0] for source in sources if source is not None}
    if not used.isdisjoint(pinned) or len(used) + len(pinned) != given:
        return None
    plain = all(source == _same(number) for number, source in enumerate(sources))
    slots = Slots(kind, table=_table(program), owner=program)
    if plain and len(sources) == given:
        return slots
    return _with_constants(slots, sources, program, session)


def _same(number: int) -> Source:
    return (number, layout.SLOT_SAME, 0, 0, 0)


def _with_constants(
    slots: Slots, sources: Sequence[Source | None], program: Program, session: SessionState
) -> Slots | None:
    """`slots` with all sources: those that are None are constants. None: some are not."""
    known: list[Source] = []
    texts = {}
    unknown = [slot for slot, source in zip(program.slots, sources, strict=True) if source is None]
    if not all(is_fixed(slot.expression) for slot in unknown):
        return None
    for number, source in enumerate(sources):
        if source is not None:
            known.append(source)
            continue
        try:
            value = fixed_value(program, number, session)
        except NotFixedError:
            return None
        if value is None:
            known.append((0, layout.SLOT_NULL, 0, 0, 0))
            continue
        if isinstance(value, bytes):
            texts[number] = value
        lane = 0 if isinstance(value, bytes) else value
        known.append((0, layout.SLOT_CONSTANT, lane, 0, 0))
    return slots._replace(sources=known, texts=texts)


def _table(program: Program) -> int:
    """What a transaction notes of a program that ran in it: `layout.S_TABLE`."""
    if len(program.tables) > 1:
        return layout.UNKNOWN_TABLES
    changes = program.written is not None or program.locking
    return program.tables[0].table_id << 1 | changes if program.tables else 0


def _source(slot: Slot, classes: Sequence[Class | None]) -> Source | None:
    """Which literal or `?` makes the value of a slot, and how; None: none does."""
    expression, target = slot.expression, slot.type
    assigned = isinstance(expression, Cast) and expression.mode == ASSIGN
    arg = expression.arg if isinstance(expression, Cast) else expression
    sign = 1
    if isinstance(arg, Call) and arg.function.name == "neg" and isinstance(arg.args[0], Literal):
        sign, arg = -1, arg.args[0]
    number = _number(arg)
    if number < 0:
        return None
    sent = classes[number]
    if slot.simple and _takes(target, sent) and (sent is not Class.INT or target.range == _ANY):
        return _same(number)
    if isinstance(arg, Param) and arg.place == PLACED and arg.type.unsigned and target.nullable:
        return None  # a signed number would have another type, except as a number of rows
    given = int_type() if sent is Class.INT else arg.type
    if not _takes(given, sent):
        return None
    converted = _numbers(given, target, sign)
    if sent is Class.INT and converted is not None:
        converted = _within(converted, _numbers(given, arg.type, 1))
    if converted is None and assigned and sign == 1:
        converted = _texts(given, target)
    if converted is None:
        return None
    kind, *bounds = converted
    if target.nullable:
        kind |= layout.SLOT_NULLABLE
    return (number, kind, *bounds)


def _number(arg: Expression) -> int:
    """Number of a literal that may change, or of a `?`; -1: it is neither."""
    if isinstance(arg, Param):
        return arg.param_no
    return arg.literal_no if isinstance(arg, Literal) and arg.literal_no is not None else -1


def _takes(sql_type: SqlType, sent: Class | None) -> bool:
    """Whether the binding kernels make a lane of this type, from a literal or from what is sent."""
    if sent is not None:
        text = sql_type.is_text and is_variable(sql_type)
        return sql_type.cls is sent and (sent is Class.INT or text)
    if sql_type.cls is Class.DECIMAL:
        return not sql_type.is_wide_decimal
    return sql_type.cls is Class.INT or sql_type.is_text


def _numbers(given: SqlType, target: SqlType, sign: int) -> Conversion | None:
    """Kind, bounds and factor of a number that a column takes without rounding, negated if `sign`
    is -1."""
    if given.cls not in (Class.INT, Class.DECIMAL):
        return None
    if target.cls is Class.INT and given.cls is Class.INT:
        if target.kind in (TypeKind.YEAR, TypeKind.BIT):
            return None
        least, greatest = target.range
        greatest = min(greatest, _MOST)
        if sign < 0:
            least, greatest = -greatest, min(-least, _MOST)
        return layout.SLOT_NUMBER, least, greatest, sign
    if target.cls is not Class.DECIMAL or target.is_wide_decimal:
        return None
    scale = given.scale if given.cls is Class.DECIMAL else 0
    if scale > target.scale:
        return None
    factor = 10 ** (target.scale - scale)
    greatest = (10**target.precision - 1) // factor
    least = 0 if target.unsigned else -greatest
    if sign < 0:
        least, greatest = -greatest, -least
    return layout.SLOT_NUMBER, least, greatest, sign * factor


def _within(converted: Conversion, first: Conversion | None) -> Conversion | None:
    """A conversion of what `first` leaves as it is: a `?` takes its own type before it goes on."""
    if first is None:
        return None
    kind, least, greatest, factor = converted
    return kind, max(least, first[1]), min(greatest, first[2]), factor


def _texts(given: SqlType, target: SqlType) -> Conversion | None:
    """Kind and greatest length of a string that a column takes as it is, if it is ASCII."""
    if not given.is_text or target.kind not in _TEXTS or target.charset not in _ASCII:
        return None
    kind = layout.SLOT_CHAR if target.kind is TypeKind.CHAR else layout.SLOT_TEXT
    return kind, 0, target.length, 0
