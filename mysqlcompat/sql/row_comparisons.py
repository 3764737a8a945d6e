"""Comparison of row constructors: ``(a, b) = (c, d)``, ``ROW(a, b) < (c, d)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.comparisons import compared_type, is_near_number
from mysqlcompat.sql.infer import nullable_of
from mysqlcompat.sql.row_memberships import is_plain, look_at_constants, row_membership
from mysqlcompat.sql.typed import Expression, Literal
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

    def row_comparison(
        self, operator: str, left: Any, right: Any, name: str = "", held: bool = True
    ) -> Expression:
        """`name`: what is said not to bring collations together; " IN " does not try. held: columns
        hold constants, as they do only where MySQL takes rows apart."""
        if not is_row(right):
            raise SqlError(1241, len(left.expressions))
        one, other = row_of(left), row_of(right)
        if len(one) != len(other):
            raise SqlError(1241, len(one))
        name = name or operator
        if operator not in ("=", "<>", "<=>"):
            return self._row_order(operator, one, other)
        parts = [self._pair(operator, a, b, name, held) for a, b in zip(one, other, strict=True)]
        return self.logic("or" if operator == "<>" else "and", parts)

    def row_membership(self, left: Any, items: Sequence[Any]) -> Expression:
        """``(a, b) IN ((c, d), …)``: as ``=``, or all of it in the classes of a and b."""
        one = row_of(left)
        if not all(is_row(item) and len(row_of(item)) == len(one) for item in items):
            raise SqlError(1241, len(one))
        others = [row_of(item) for item in items]
        if any(is_row(part) for row in (one, *others) for part in row):
            name = IN if len(items) > 1 else "="
            parts = [self.row_comparison("=", left, item, name, held=False) for item in items]
            return self.logic("or@in", parts)
        sought, *rows = map(self._row, (one, *others))
        if len(items) > 1 and not is_plain(sought, rows):
            return row_membership(self.typing, sought, rows)
        look_at_constants(self.typing, sought, *rows)
        name = IN if len(items) > 1 else "="
        equal = (
            [self._paired("=", a, b, name) for a, b in zip(sought, row, strict=True)]
            for row in rows
        )
        return self.logic("or@in", [self.logic("and", parts) for parts in equal])

    def _row(self, parts: Sequence[Any]) -> list[Expression]:
        """A row whose errors, if it is constant, come before those of the next one."""
        row = [self.resolve(part) for part in parts]
        if all(map(self.typing.is_known, row)):
            for arg in row:
                if not isinstance(arg, Literal):
                    self.typing.quiet_value(arg)
        return row

    def _row_order(self, operator: str, one: Sequence[Any], other: Sequence[Any]) -> Expression:
        """``(a, b) < (c, d)``: a < c, or a = c and b < d."""
        pairs = list(zip(one, other, strict=True))
        if not any(is_row(part) for pair in pairs for part in pair):
            left, right = map(self._row, (one, other))
            look_at_constants(self.typing, left, right)
            is_near = any(map(is_near_number, left, right))
            if not is_near and not is_plain(left, [right]):
                return self._ordered(operator, left, right)
        made = self._pair(operator, *pairs[-1], operator)
        for left, right in reversed(pairs[:-1]):
            rest = self.logic("and", [self._pair("=", left, right, operator), made])
            made = self.logic("or", [self._pair(operator[0], left, right, operator), rest])
        return made

    def _ordered(
        self, operator: str, left: Sequence[Expression], right: Sequence[Expression]
    ) -> Expression:
        """Rows that are looked at up to a difference or a NULL."""
        sides = [
            arg
            for pair in zip(left, right, strict=True)
            for arg in self._comparable(operator, *pair, operator)
        ]
        return self.typing.call(f"row {operator}", bool_type(nullable_of(sides)), *sides)

    def _comparable(
        self, operator: str, one: Expression, other: Expression, name: str, held: bool = False
    ) -> tuple[Expression, Expression]:
        if one.type.cls is Class.STRING and other.type.cls is Class.STRING:
            if name == IN:
                other = self.typing.with_collation(other, one.type.collation, at_once=False)
            else:
                one, other = self.typing.all_gathered((one, other), name)
        return self.typing.comparable(operator, one, other, held)

    def _pair(
        self, operator: str, left: Any, right: Any, name: str, held: bool = False
    ) -> Expression:
        """Two columns of rows, which may be rows themselves."""
        if is_row(left) or is_row(right):
            return self.row_comparison(operator, left, right, name, held)
        return self._paired(operator, self.resolve(left), self.resolve(right), name, held)

    def _paired(
        self, operator: str, left: Expression, right: Expression, name: str, held: bool = False
    ) -> Expression:
        one, other = self._comparable(operator, left, right, name, held)
        made = compared_type(operator, left, right, one, other)
        return self.typing.compared(operator, made, (left, right), (one, other))


def is_row(node: Any) -> bool:
    """``(a, b)`` or ``ROW(a, b)``."""
    if isinstance(node, exp.Tuple):
        return True
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == "row"


def row_of(node: Any) -> list[Any]:
    if not is_row(node):
        raise SqlError(1241, 1)
    return list(node.expressions)
