"""Digests of statements: Python makes them for a batch at once, of texts that ops put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mysqlcompat.machine.ops import callback_kernels
from mysqlcompat.machine.program import Callback, Register
from mysqlcompat.sql.code_order import State
from mysqlcompat.sql.describe import origin_name
from mysqlcompat.sql.typed import Call, ColumnRef, is_constant

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder


def _digest(coder: Coder, call: Call) -> Register | None:
    from mysqlcompat.sql.code_expressions import INPUT

    (text,) = call.args
    if not isinstance(text, Call) or is_constant(text):
        return None
    before = State.of(coder)
    made = coder.value(text)
    if coder.asm.calls_python_since(before.mark):  # which does all of it better
        before.back(coder)
        return None
    to = coder.asm.register()
    place = ColumnRef(text.type, INPUT, 0, origin_name(text), text)
    inputs = {(INPUT, 0): (text.type, made)}
    number = coder.asm.emit(callback_kernels.op_callback)
    coder.callbacks[number] = Callback(replace(call, args=(place,)), inputs, to)
    return to


CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "statement_digest": _digest,
    "statement_digest_text": _digest,
}
