"""Statements once more, in MySQL's order of evaluation.

A program computes constants before the first row, and operands before it knows whether somebody
looks at them. What is said of a value may therefore be an error that MySQL does not come to, as of
a branch nobody takes. Then the statement, undone, is run by another program, made for it now, in
which each expression is one callback: slow, and exactly in order. Its errors stand.
"""

from __future__ import annotations

from typing import Any

from mysqlcompat.errors import SqlError
from mysqlcompat.machine.program import Program
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import Call, Expression

#: Functions all of whose arguments are looked at, in any order.
_WHOLE = frozenset(("+", "-", "*", "=", "<>", "<", "<=", ">", ">="))


def mark(error: BaseException) -> None:
    """Note that an error is one of a value computed in mid-statement."""
    if isinstance(error, SqlError):
        error.of_value = True


def instead(
    program: Program, session: Any, error: SqlError, begin: tuple[int, int, int]
) -> Program | None:
    """The program to run after `error`; what has been said since `begin` is forgotten. None: the
    error is MySQL's, too, or it is too late."""
    from mysqlcompat.machine.machine import machine_of

    if not error.of_value or program.is_in_turn or program.plan is None:
        return None
    roots = typed.expressions_of(program.plan.statement)
    if not any(map(_has_order, roots)) or any(map(typed.has_effects, roots)):
        return None
    session.diagnostics.back_to(begin)
    return machine_of(session.node.engine).in_turn(program)


def _has_order(expression: Expression) -> bool:
    """Whether an argument may not be looked at, because of another one."""
    calls = (node for node in typed.walk(expression) if isinstance(node, Call))
    return any(len(call.args) > 1 and call.function.name not in _WHOLE for call in calls)
