"""Which programs the lane may run, and how they get there.

A program is installed when it needs no Python, and each of its slots is a literal (or `?`) of the
statement, of a class whose lane value the binding kernels make: as it comes, or on its way into a
column, converted by `write_kernels` where that can neither fail nor warn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.lane import lane_layout as layout
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
from mysqlcompat.sql.typed import ASSIGN, Cast, Expression, Literal, Param
from mysqlcompat.sqltypes import Class, SqlType, int_type
from mysqlcompat.values import is_variable
from mysqlcompat.wire.columns import result_head
from mysqlcompat.wire.constants import CLIENT_DEPRECATE_EOF

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program, Slot
    from mysqlcompat.plan_cache import Fingerprint

Source = tuple[int, ...]  #: `lane_layout`'s SLOT SOURCE

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
    lane: Lane, read: Fingerprint, context: int, program: Program, results_collation: int
) -> None:
    """Serve texts of this shape in the lane, if the program allows."""
    given = len(read.literals)
    slots = slots_of(program, given, [None] * given)
    if slots is None:
        return
    packets, count = _head(program, results_collation)
    lane.install(read.shape, context, program.at, given, packets, count, slots)


def install_transaction(lane: Lane, read: Fingerprint, context: int, kind: int) -> None:
    """Serve texts of this shape, which have no literals, as a transaction statement."""
    if not read.literals:
        lane.install(read.shape, context, 0, 0, b"", 0, Slots(kind))


def prepared_slots(
    program: Program, parameters: Sequence[Parameter], results_collation: int
) -> tuple[int, bytes, bytes, int, Slots] | None:
    """Program, wire types with which the lane may run it, head packets, how many these are, where
    slots come from. None: it may not."""
    if any(one.wire_type not in _CLASSES or one.unsigned for one in parameters):
        return None
    classes = [_CLASSES[one.wire_type] for one in parameters]
    slots = slots_of(program, len(parameters), classes)
    if slots is None:
        return None
    types = bytes(one.wire_type for one in parameters)
    return (program.at, types, *_head(program, results_collation), slots)


def _head(program: Program, results_collation: int) -> tuple[bytes, int]:
    return head(program, results_collation) if program.kernel_only else (b"", 0)


def slots_of(program: Program, given: int, classes: Sequence[Class | None]) -> Slots | None:
    """How the program's slots are made of `given` literals or parameters, all of them used.

    classes  of the parameters as they are sent; None: a literal of the text
    """
    if not (program.kernel_only or program.lane_write) or given > layout.LITERAL_LIMIT:
        return None
    if program.looks is not None:  # another may suit the next values
        return None
    if program.locking and len(program.tables) > 1:  # the lane could not tell that it locks rows
        return None
    kind = _SERVES[program.statement_kind] if program.lane_write else layout.SERVES_ROWS
    sources = [_source(slot, classes) for slot in program.slots]
    if len(sources) > layout.LITERAL_LIMIT or any(source is None for source in sources):
        return None
    used = [source for source in sources if source is not None]
    if {source[0] for source in used if source[1] != layout.SLOT_NULL} != set(range(given)):
        return None
    plain = all(source[:2] == (number, layout.SLOT_SAME) for number, source in enumerate(used))
    table = _table(program)
    return Slots(kind, (), table) if plain and len(used) == given else Slots(kind, used, table)


def _table(program: Program) -> int:
    """What a transaction notes of a program that ran in it: `layout.S_TABLE`."""
    if len(program.tables) > 1:
        return layout.UNKNOWN_TABLES
    changes = program.written is not None or program.locking
    return program.tables[0].table_id << 1 | changes if program.tables else 0


def _source(slot: Slot, classes: Sequence[Class | None]) -> Source | None:
    """Where the value of a slot comes from; None: Python makes it."""
    expression, target = slot.expression, slot.type
    assigned = isinstance(expression, Cast) and expression.mode == ASSIGN
    arg = expression.arg if isinstance(expression, Cast) else expression
    if isinstance(arg, Literal) and arg.value is None and target.nullable:
        return (0, layout.SLOT_NULL, 0, 0, 0)
    number = _number(arg)
    if number < 0 or not (assigned or slot.simple):
        return None
    sent = classes[number]
    if not assigned:
        return (number, layout.SLOT_SAME, 0, 0, 0) if _takes(target, sent) else None
    given = arg.type if sent is None else (int_type() if sent is Class.INT else arg.type)
    if not _takes(given, sent):
        return None
    converted = _numbers(given, target) or _texts(given, target)
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


def _numbers(given: SqlType, target: SqlType) -> tuple[int, int, int, int] | None:
    """Kind, bounds and factor of a number that a column takes without rounding."""
    if given.cls not in (Class.INT, Class.DECIMAL):
        return None
    if target.cls is Class.INT and given.cls is Class.INT:
        if target.kind in (TypeKind.YEAR, TypeKind.BIT):
            return None
        least, greatest = target.range
        return layout.SLOT_NUMBER, least, min(greatest, _MOST), 1
    if target.cls is not Class.DECIMAL or target.is_wide_decimal:
        return None
    scale = given.scale if given.cls is Class.DECIMAL else 0
    if scale > target.scale:
        return None
    factor = 10 ** (target.scale - scale)
    greatest = (10**target.precision - 1) // factor
    return layout.SLOT_NUMBER, 0 if target.unsigned else -greatest, greatest, factor


def _texts(given: SqlType, target: SqlType) -> tuple[int, int, int, int] | None:
    """Kind and greatest length of a string that a column takes as it is, if it is ASCII."""
    if not given.is_text or target.kind not in _TEXTS or target.charset not in _ASCII:
        return None
    kind = layout.SLOT_CHAR if target.kind is TypeKind.CHAR else layout.SLOT_TEXT
    return kind, 0, target.length, 0
