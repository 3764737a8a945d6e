"""Comparison of row constructors: ``(a, b) = (c, d)``, ``ROW(a, b) < (c, d)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.typed import Expression
from mysqlcompat.sqltypes import Class, bool_type

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing

IN: Final = " IN "


class RowComparisons:
    """The part of the resolver that compares rows, column by column."""

    typing: Typing

    if TYPE_CHECKING:

        def resolve(self, node: Any) -> Expression: ...

        def logic(self, operator: str, args: Sequence[Expression]) -> Expression: ...

    def row_comparison(self, operator: str, left: Any, right: Any, name: str = "") -> Expression:
        """`name`: what is said not to bring collations together; " IN " does not try."""
        if not is_row(right):
            raise SqlError(1241, len(left.expressions))
        one, other = row_of(left), row_of(right)
        if len(one) != len(other):
            raise SqlError(1241, len(one))
        name = name or operator
        if operator not in ("=", "<>", "<=>"):
            return self._row_order(operator, one, other)
        each = "<=>" if operator == "<=>" else "="
        parts = [self._pair(each, a, b, name) for a, b in zip(one, other, strict=True)]
        made = self.logic("and", parts)
        if operator != "<>":
            return made
        return self.typing.call("not", bool_type(made.type.nullable), made)

    def _row_order(self, operator: str, one: Sequence[Any], other: Sequence[Any]) -> Expression:
        """``(a, b) < (c, d)``: a < c, or a = c and b < d."""
        pairs = list(zip(one, other, strict=True))
        made = self._pair(operator, *pairs[-1], operator)
        for left, right in reversed(pairs[:-1]):
            rest = self.logic("and", [self._pair("=", left, right, operator), made])
            made = self.logic("or", [self._pair(operator[0], left, right, operator), rest])
        return made

    def _pair(self, operator: str, left: Any, right: Any, name: str) -> Expression:
        """Two columns of rows, which may be rows themselves."""
        if is_row(left) or is_row(right):
            return self.row_comparison(operator, left, right, name)
        one, other = self.resolve(left), self.resolve(right)
        if one.type.cls is Class.STRING and other.type.cls is Class.STRING:
            if name == IN:
                other = self.typing.with_collation(other, one.type.collation, at_once=False)
            else:
                one, other = self.typing.all_gathered((one, other), name)
        return self.typing.comparison(operator, one, other)


def is_row(node: Any) -> bool:
    """``(a, b)`` or ``ROW(a, b)``."""
    if isinstance(node, exp.Tuple):
        return True
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == "row"


def row_of(node: Any) -> list[Any]:
    if not is_row(node):
        raise SqlError(1241, 1)
    return list(node.expressions)
