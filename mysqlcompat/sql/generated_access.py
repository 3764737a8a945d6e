"""Conditions on an expression that an indexed generated column holds.

``WHERE doc->>'$.name' = 'x'`` says something of a column ``GENERATED ALWAYS AS (doc->>'$.name')``:
the same comparison of the column joins the conditions, so that its index can be chosen. The
condition as written is still checked, as the column may hold less than the expression says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.schema import Column, Table
from mysqlcompat.sql.rules import MIRRORED
from mysqlcompat.sql.table_expressions import resolve_over
from mysqlcompat.sql.typed import (
    IMPLICIT,
    Call,
    Cast,
    ColumnRef,
    Expression,
    anonymous,
    is_constant,
    transform,
)
from mysqlcompat.sqltypes import Class, SqlType, column_type

_LISTS: Final = ("in", "between")


def implied(
    table: Table, table_no: int, conditions: Sequence[Expression]
) -> tuple[Expression, ...]:
    """What `conditions` say of the generated columns at the head of the table's indexes."""
    held = _held(table, table_no)
    if not held:
        return ()
    found = (_of_column(condition, held) for condition in conditions)
    return tuple(one for one in found if one is not None)


def _held(table: Table, table_no: int) -> dict[Expression, ColumnRef]:
    """Expression -> the column that holds it."""
    heads = {index.parts[0].column for index in table.indexes if index.parts}
    held: dict[Expression, ColumnRef] = {}
    for number, column in enumerate(table.columns):
        if column.generated is None or column.name not in heads:
            continue
        expression = _comparable_form(_moved(table, column, table_no))
        held[expression] = ColumnRef(column_type(column), table_no, number, column.name)
    return held


def _moved(table: Table, column: Column, table_no: int) -> Expression:
    assert column.generated is not None

    def move(node: Expression) -> Expression:
        return replace(node, table_no=table_no) if isinstance(node, ColumnRef) else node

    return transform(resolve_over(column.generated, table), move)


def _comparable_form(expression: Expression) -> Expression:
    """`expression` without what depends on where it is written."""

    def forget(node: Expression) -> Expression:
        return replace(node, name="") if isinstance(node, ColumnRef) else node

    return transform(anonymous(expression), forget)


def _bare(expression: Expression) -> Expression:
    """Without the conversion a comparison asks for."""
    is_implicit = isinstance(expression, Cast) and expression.mode == IMPLICIT
    return expression.arg if is_implicit and isinstance(expression, Cast) else expression


def _of_column(condition: Expression, held: dict[Expression, ColumnRef]) -> Expression | None:
    """The condition with the column in place of the expression, if both compare alike."""
    if not isinstance(condition, Call):
        return None
    name, args = condition.function.name, condition.args
    if name not in MIRRORED and name not in _LISTS:
        return None
    for place, arg in enumerate(args[:1] if name in _LISTS else args):
        column = held.get(_comparable_form(_bare(arg)))
        others = [_bare(one) for number, one in enumerate(args) if number != place]
        if column is None or not all(map(is_constant, others)):
            continue
        is_equation = name in ("=", "<=>", "in")
        if not all(_alike(_bare(arg).type, column.type, one.type, is_equation) for one in others):
            continue
        made = [column, *others] if place == 0 else [*others, column]
        return replace(condition, args=tuple(made))
    return None


def _alike(expression: SqlType, column: SqlType, value: SqlType, is_equation: bool) -> bool:
    """Whether comparing the column finds all that comparing the expression does."""
    if value.cls is not column.cls:
        return False
    if expression.cls is Class.JSON:
        return is_equation and column.cls is Class.INT
    if column.cls is Class.STRING:
        return expression.cls is Class.STRING and expression.collation == column.collation
    return expression.cls is column.cls
