"""Expressions as callbacks from columns alone: `sql.evaluate` decides what is looked at, when."""

from __future__ import annotations

from typing import Any

from mysqlcompat.machine.program import Register
from mysqlcompat.sql.code_expressions import Coder
from mysqlcompat.sql.typed import Call, Cast, Expression


class CoderInTurn(Coder):
    """Codes nothing but columns, literals and parameters (`machine.in_turn` says when)."""

    has_parts = False

    def filter(self, condition: Expression) -> None:
        self.keep(self.value(condition))

    def _compute(self, expression: Expression, key: Any) -> Register:
        if isinstance(expression, Call | Cast) and key not in self.frame.fields:
            return self.callback(expression)
        return super()._compute(expression, key)
