"""Slots that are the same in each run: made of literals that are part of the program, and settings
that are part of its key.

A value that cannot be made without an error or a warning is Python's: it says so in each run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import OutOfRange, Unfit
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import Class
from mysqlcompat.values import is_variable, to_bytes, to_lane

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program
    from mysqlcompat.session_state import SessionState

#: A lane, or the bytes of a string; None: NULL.
Fixed = int | bytes | None
TEXT_BYTES: Final = 4096  #: longer strings are not kept beside the program
_DATED: Final = frozenset({Class.DATE, Class.DATETIME})


class NotFixedError(Exception):
    """The value of a slot is not known before its program runs, or there is something to say."""


def is_fixed(expression: Expression) -> bool:
    """Whether an expression is the same in each run: a TIME becomes a moment of the day it is."""
    match expression:
        case Literal(literal_no=number):
            return number is None
        case Cast(type=wanted, arg=arg):
            return is_fixed(arg) and not (arg.type.cls is Class.TIME and wanted.cls in _DATED)
        case Call(function=function, args=args):
            return function.pure and all(map(is_fixed, args))
    return False


def fixed_value(program: Program, number: int, session: SessionState) -> Fixed:
    """The value of slot `number`; raises NotFixedError. It is made once for a program: all
    sessions that have it have the settings that decide it."""
    if number not in program.fixed:
        program.fixed[number] = _made(program, number, session)
    found = program.fixed[number]
    if found is NotFixedError:
        raise NotFixedError
    value: Fixed = found
    return value


def _made(program: Program, number: int, session: SessionState) -> Fixed | type[NotFixedError]:
    slot = program.slots[number]
    mark = session.diagnostics.mark()
    try:
        value = Evaluator(session).value(slot.expression)
    except (SqlError, OutOfRange, Unfit):
        value = NotFixedError
    if session.diagnostics.mark() != mark:
        session.diagnostics.back_to(mark)
        value = NotFixedError
    if value is None or value is NotFixedError:
        return value
    if not is_variable(slot.type):
        return to_lane(value, slot.type, session.time_zone)
    data = to_bytes(value, slot.type)
    return data if len(data) <= TEXT_BYTES else NotFixedError
