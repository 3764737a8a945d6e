"""BENCHMARK(): an expression evaluated again and again, beside other sessions where that can be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mysqlcompat.functions.table import Effects, Suspended
from mysqlcompat.slices import Slice

if TYPE_CHECKING:
    from mysqlcompat.sql.evaluate import Evaluator
    from mysqlcompat.sql.typed import Expression


class _Apart:
    """A context with effects of its own."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.effects = Effects()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def repeated(evaluator: Evaluator, expression: Expression, count: int) -> int:
    """0, after `count` evaluations. Raises `Suspended`, after which they are done."""
    if not evaluator.context.effects.may_wait:
        for _ in range(count):
            evaluator.value(expression)
        return 0

    async def repeat(session: Any, uses_tables: bool) -> int:
        apart: Any = _Apart(evaluator.context)
        inner = type(evaluator)(apart, evaluator.params, evaluator.row, evaluator.sources)
        slice_, left = Slice(), count
        while left:
            apart.effects.may_wait = True
            try:
                inner.value(expression)
                apart.effects.clear()
                left -= 1
            except Suspended as suspended:
                apart.effects.done(await suspended.wait(session, uses_tables))
            if slice_.is_over():
                await asyncio.sleep(0)
                slice_ = Slice()
        return 0

    raise Suspended(repeat)
