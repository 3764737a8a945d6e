"""Rewriting conditions: conjuncts, the tables they speak of, comparisons in one direction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mysqlcompat.sql.typed import Call, ColumnRef, Expression, is_constant, walk

#: a < b is b > a.
MIRRORED: Final = {"=": "=", "<=>": "<=>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def conjuncts(condition: Expression | None) -> Iterator[Expression]:
    """The conditions AND connects."""
    if condition is None:
        return
    if isinstance(condition, Call) and condition.function.name == "and":
        for arg in condition.args:
            yield from conjuncts(arg)
    else:
        yield condition


def tables_of(expression: Expression) -> frozenset[int]:
    """Numbers of the tables whose columns an expression reads."""
    return frozenset(node.table_no for node in walk(expression) if isinstance(node, ColumnRef))


def comparison(condition: Expression) -> Iterator[tuple[str, ColumnRef, Expression]]:
    """(operator, column, other side) for each side that is a bare column."""
    if not isinstance(condition, Call) or condition.function.name not in MIRRORED:
        return
    left, right = condition.args
    name = condition.function.name
    if isinstance(left, ColumnRef):
        yield name, left, right
    if isinstance(right, ColumnRef):
        yield MIRRORED[name], right, left


def without_between(condition: Expression) -> tuple[str, ColumnRef, tuple[Expression, ...]] | None:
    """`column BETWEEN a AND b` or `column IN (…)` with constants: (name, column, the constants)."""
    if not isinstance(condition, Call) or condition.function.name not in ("between", "in"):
        return None
    column, *others = condition.args
    if isinstance(column, ColumnRef) and all(is_constant(other) for other in others):
        return condition.function.name, column, tuple(others)
    return None


def equality(condition: Expression, inner: int) -> tuple[Expression, Expression] | None:
    """(outer side, inner side) of an equation between table `inner` and tables other than it."""
    if not isinstance(condition, Call) or condition.function.name != "=":
        return None
    left, right = condition.args
    of_left, of_right = tables_of(left), tables_of(right)
    if of_right == {inner} and of_left and inner not in of_left:
        return left, right
    if of_left == {inner} and of_right and inner not in of_right:
        return right, left
    return None


def is_null_test(condition: Expression) -> ColumnRef | None:
    """The column of `column IS NULL`."""
    if isinstance(condition, Call) and condition.function.name == "is null":
        (column,) = condition.args
        if isinstance(column, ColumnRef):
            return column
    return None
