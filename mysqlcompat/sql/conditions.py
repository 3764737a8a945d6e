"""AND, OR, XOR, NOT and IS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from btree.schema import TypeKind
from mysqlcompat.sql.infer import Typing, is_truth, nullable_of
from mysqlcompat.sql.row_comparisons import is_row
from mysqlcompat.sql.rules import conjuncts, is_null_test
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import bool_type, int_type

_OPPOSITES: Final[dict[type, type]] = {
    exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.LTE: exp.GT,
    exp.GT: exp.LTE, exp.And: exp.Or, exp.Or: exp.And, exp.Xor: exp.Xor,
}  # fmt: skip


class Conditions:
    """The part of `Resolver` for what connects conditions."""

    typing: Typing

    if TYPE_CHECKING:

        def resolve(self, node: Any) -> Expression: ...

        def scalar(self, node: Any) -> Expression: ...

        def condition(self, node: Any) -> Expression: ...

        def row_comparison(self, operator: str, left: Any, right: Any) -> Expression: ...

    def logic(self, operator: str, args: Sequence[Expression]) -> Expression:
        """AND, OR over conditions; nested ones of the same kind are flattened."""
        flat: list[Expression] = []
        for arg in args:
            inner = getattr(arg, "function", None)
            is_same = inner is not None and getattr(inner, "name", "") == operator
            flat.extend(arg.args if is_same else (arg,))  # type: ignore[union-attr]
        if len(flat) == 1:
            return flat[0]
        return self.typing.call(operator, bool_type(nullable_of(flat)), *flat)

    def where(self, node: Any) -> Expression:
        """The condition of WHERE. One of those that AND connects, `date IS NULL` of a column that
        is never NULL finds the zero date: what ODBC's programs are told is NULL."""
        found = self.condition(node)
        parts = [*conjuncts(found)]
        if not any(map(_finds_zero_dates, parts)):
            return found
        zero = Literal(int_type(nullable=False), 0)
        return self.logic(
            "and",
            [
                self.typing.comparison("=", part.args[0], zero)  # type: ignore[union-attr]
                if _finds_zero_dates(part)
                else part
                for part in parts
            ],
        )

    def conjunction(self, node: Any) -> Expression:
        return self.logic("and", [*map(self.condition, _chain(node))])

    def disjunction(self, node: Any) -> Expression:
        return self.logic("or", [*map(self.condition, _chain(node))])

    def exclusive(self, node: Any) -> Expression:
        args = self.condition(node.this), self.condition(node.expression)
        return self.typing.call("xor", bool_type(nullable_of(args)), *args)

    def negated(self, node: Any) -> Expression:
        """NOT: of a comparison the opposite one, of AND and OR what De Morgan says of them."""
        inner = node.this.unnest()
        if isinstance(inner, exp.Not):
            twice = inner.this.unnest()
            if isinstance(twice, exp.Not) or type(twice) in _OPPOSITES:
                return self.resolve(twice)
        if isinstance(inner, exp.In) and len(inner.expressions) == 1:
            left, right = inner.this, inner.expressions[0]
            if is_row(left):
                return self.row_comparison("<>", left, right)
            return self.typing.comparison("<>", self.resolve(left), self.scalar(right))
        opposite = _OPPOSITES.get(type(inner))
        if opposite is None:
            return self.inverted(self.condition(node.this))
        if opposite is exp.Xor:
            left = exp.Not(this=inner.this)
            return self.exclusive(exp.Xor(this=left, expression=inner.expression))
        if opposite in (exp.And, exp.Or):
            operator = "and" if opposite is exp.And else "or"
            return self.logic(operator, [self.negated(exp.Not(this=one)) for one in _chain(inner)])
        return self.resolve(opposite(this=inner.this, expression=inner.expression))

    def inverted(self, arg: Expression) -> Expression:
        """NOT; twice it is nothing where the first one inverts what is called true or false."""
        if isinstance(arg, Call) and arg.function.name == "not" and is_truth(arg.args[0]):
            return arg.args[0]
        return self.typing.call("not", bool_type(arg.type.nullable), arg)

    def is_something(self, node: Any) -> Expression:
        what = node.expression
        if isinstance(what, exp.Null):
            return self.typing.is_null(self.scalar(node.this))
        name = "is true" if what.this else "is false"
        return self.typing.call(name, bool_type(False), self.condition(node.this))


def _chain(node: Any) -> list[Any]:
    """Operands of a chain of one operator; a long one is left-deep: no recursion."""
    kind, operands = type(node), []
    while isinstance(node, kind):
        operands.append(node.expression)
        node = node.this
    return [node, *reversed(operands)]


def _finds_zero_dates(condition: Expression) -> bool:
    """Whether it is `IS NULL` of a DATE or DATETIME column that is never NULL."""
    column = is_null_test(condition)
    if column is None or column.type.nullable:
        return False
    return column.type.kind in (TypeKind.DATE, TypeKind.DATETIME)
