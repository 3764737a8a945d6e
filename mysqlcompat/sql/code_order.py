"""Calls that need not look at all of their arguments.

Ops compute arguments for all lanes. What Python says of one meanwhile may be more than MySQL says,
which has not looked there (a NULL on the left, a branch nobody takes). So what such a call's
callbacks say is taken back, and the batch is evaluated anew: the call as a whole, row by row, in
order (`Callback.whole`). A batch of which nothing is said costs nothing. Constants are made before
the first row, and tell of themselves there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.machine.program import Callback, Register
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import EXPLICIT, Call, Cast, Expression
from mysqlcompat.sqltypes import Class

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

#: Operators that look at both sides, and what is done with one value alone.
_BOTH: Final = frozenset(("+", "-", "*", "/", "%", "div"))
_TESTS: Final = frozenset(("is null", "not"))
_DIVISIONS: Final = frozenset(("/", "%", "div"))
#: Functions with ops of which Python may say something.
_TELLING: Final = _DIVISIONS | {
    *("date_add", "date_sub", "addtime", "subtime", "timestamp", "timediff", "str_to_date"),
    *("from_unixtime", "sec_to_time", "concat", "lpad", "rpad"),
}
_NUMBERS: Final = (Class.INT, Class.DECIMAL, Class.DOUBLE)


@dataclass(frozen=True, slots=True)
class State:
    """What a coder has made so far."""

    made: dict[Any, Any]
    slots: int
    slot_of: dict[Any, int]
    mark: int

    @classmethod
    def of(cls, coder: Coder) -> State:
        return cls(dict(coder.made), len(coder.slots), dict(coder.slot_of), coder.asm.mark())

    def back(self, coder: Coder) -> None:
        """Forget what was made since."""
        coder.made = dict(self.made)
        del coder.slots[self.slots :]
        coder.slot_of = dict(self.slot_of)
        coder.callbacks = {at: one for at, one in coder.callbacks.items() if at < self.mark}
        coder.asm.roll_back(self.mark)


def coded_in_order(coder: Coder, call: Call) -> Register | None:
    """Code of a call; None: it is for Python."""
    is_ordered = len(call.args) > 1 and call.function.name not in _BOTH
    is_ordered = is_ordered or call.function.name in _TESTS
    if coder.is_within or not is_ordered:
        return coder.coded(call)
    before = State.of(coder)
    coder.is_within = True
    try:
        made = coder.coded(call)
        if made is None:
            before.back(coder)
            return None
        if not _says_something(coder, before.mark, made) or typed.has_effects(call):
            return made
        before.back(coder)
        expression, inputs = coder.inputs(call)
        known = State.of(coder)
        made = coder.coded(call)
        assert made is not None
    finally:
        coder.is_within = False
    coder.made = dict(known.made)  # what is between is not there where the whole was evaluated
    whole = Callback(expression, inputs, made, coder.asm.mark())
    for number, one in coder.callbacks.items():
        if number >= known.mark and isinstance(one, Callback):
            coder.callbacks[number] = replace(one, whole=whole)
    return made


def _says_something(coder: Coder, mark: int, made: Register) -> bool:
    """Whether what Python does of the code since `mark` may warn, other than of what is made."""
    since = [one for number, one in coder.callbacks.items() if number >= mark]
    if coder.asm.calls_python_since(mark):
        return True
    return any(_may_warn(one.expression) for one in since if getattr(one, "to", None) != made)


def _may_warn(node: Expression) -> bool:
    if isinstance(node, Call):
        return node.function.name in _TELLING
    if not isinstance(node, Cast):
        return False
    source, target = node.arg.type.cls, node.type.cls
    if source in _NUMBERS and target in _NUMBERS:
        return node.mode == EXPLICIT
    return source is not target and target is not Class.STRING
