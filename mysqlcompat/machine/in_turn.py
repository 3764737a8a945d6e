"""Statements once more, in MySQL's order of evaluation.

A program computes constants before the first row, and operands before it knows whether somebody
looks at them. What is said of a value may therefore be an error that MySQL does not come to, as of
a branch nobody takes. Then the statement, undone, is run by another program, made for it now, in
which each expression is one callback: slow, and exactly in order. Its errors stand.

What changes several rows does so in batches, column by column: a value of the tenth row may be
found wrong before the first row is written, and turns out to be a duplicate. After an error such a
statement is run row by row, to find the one that MySQL comes to. Warnings need no second run, but
those of constants that an UPDATE assigns, or a SELECT gives to an INSERT: one for each row.
"""

from __future__ import annotations

from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.machine.program import Program
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import Call, Expression

#: Functions all of whose arguments are looked at, in any order.
_WHOLE: Final = frozenset(("+", "-", "*", "=", "<>", "<", "<=", ">", ">="))
#: What has changed more rows is not run again: another error could only be of the same batch.
MOST_ROWS: Final = 4096
#: Errors of a row that is written: duplicates, checks, foreign keys.
_OF_ROWS: Final = (1062, 3819, 1451, 1452)


def mark(error: BaseException) -> None:
    """Note that an error is one of a value computed in mid-statement."""
    if isinstance(error, SqlError):
        error.of_value = True


def mark_rows(error: BaseException, rows: int) -> None:
    """Note how many rows had been changed before an error."""
    if isinstance(error, SqlError):
        error.rows_before = rows


def instead(
    program: Program, session: Any, error: SqlError, begin: tuple[int, int, int]
) -> Program | None:
    """The program to run after `error`; what has been said since `begin` is forgotten. None: the
    error is MySQL's, too, or it is too late."""
    if _is_of_rows(program):
        said = session.diagnostics.mark() != begin
        if program.row_by_row or not (error.of_value or (said and error.errno in _OF_ROWS)):
            return None
        if error.rows_before > MOST_ROWS:
            return None
        return _again(program, session, begin, row_by_row=True)
    if not error.of_value or program.is_in_turn or program.plan is None:
        return None
    if not any(map(_has_order, typed.expressions_of(program.plan.statement))):
        return None
    return _again(program, session, begin, row_by_row=False)


def for_each_row(program: Program, session: Any, begin: tuple[int, int, int]) -> Program | None:
    """The program to run, nothing having been done yet, if constants made something be said: in
    each row that gets them, hence perhaps in none. None: the one at hand is right."""
    if program.is_in_turn or session.diagnostics.mark() == begin:
        return None
    if program.statement_kind != "update" and not program.from_select:
        return None
    return _again(program, session, begin, row_by_row=False)


def _again(
    program: Program, session: Any, begin: tuple[int, int, int], row_by_row: bool
) -> Program | None:
    from mysqlcompat.machine.machine import machine_of

    if any(map(typed.has_effects, typed.expressions_of(program.plan.statement))):
        return None
    session.diagnostics.back_to(begin)
    if session.told is not None:
        session.told.clear()
    return machine_of(session.node.engine).in_turn(program, row_by_row)


def _is_of_rows(program: Program) -> bool:
    """Whether several rows may be changed, each of which has its own values."""
    if program.plan is None or program.kind != "write" or program.one_row:
        return False
    return program.statement_kind in ("insert", "update")


def _has_order(expression: Expression) -> bool:
    """Whether an argument may not be looked at, because of another one."""
    calls = (node for node in typed.walk(expression) if isinstance(node, Call))
    return any(len(call.args) > 1 and call.function.name not in _WHOLE for call in calls)
