"""Conditions on an expression that an indexed column holds.

``WHERE doc->>'$.name' = 'x'`` says something of a column ``GENERATED ALWAYS AS (doc->>'$.name')``:
the same comparison of the column joins the conditions, so that its index can be chosen. The
condition as written is still checked, as the column may hold less than the expression says. The
hidden column of a functional key part holds just what its expression says: it takes its place.
What MEMBER OF, JSON_CONTAINS and JSON_OVERLAPS ask of a document with a multi-valued index:
`array_access`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.schema import Column, Table
from mysqlcompat.sql.array_access import over_elements
from mysqlcompat.sql.rules import MIRRORED
from mysqlcompat.sql.table_expressions import resolve_over
from mysqlcompat.sql.typed import (
    IMPLICIT,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Order,
    anonymous,
    is_constant,
    transform,
)
from mysqlcompat.sqltypes import Class, SqlType, column_type

_LISTS: Final = ("in", "between")
Held = dict[Expression, ColumnRef]


def with_columns(table: Table, table_no: int, conditions: Sequence[Expression]) -> list[Expression]:
    """The conditions, in terms of the columns that hold what they are about, where there are some.

    Conditions on other tables stay as they are.
    """
    held = _held(table, table_no)
    arrays = [
        (table_no, number, column) for number, column in enumerate(table.columns) if column.array
    ]
    if not held and not arrays:
        return list(conditions)
    made: list[Expression] = []
    for condition in conditions:
        of_column = _of_column(condition, held)
        elements = over_elements(table, arrays, condition) if of_column is None else None
        if elements is not None:
            made.append(elements)
            continue
        if of_column is None or not _is_hidden(table, of_column):
            made.append(condition)
        if of_column is not None:
            made.append(of_column)
    return made


def ordered_by_columns(table: Table, table_no: int, order: Sequence[Order]) -> tuple[Order, ...]:
    """ORDER BY in terms of the columns that hold its expressions."""
    held = _held(table, table_no) if order else {}
    return tuple(
        replace(one, expression=held.get(_comparable_form(one.expression), one.expression))
        for one in order
    )


def _is_hidden(table: Table, condition: Expression) -> bool:
    assert isinstance(condition, Call)
    return any(
        isinstance(arg, ColumnRef) and table.columns[arg.column_no].hidden for arg in condition.args
    )


def _held(table: Table, table_no: int) -> Held:
    """Expression -> the indexed column that holds it."""
    indexed = {part.column for index in table.indexes for part in index.parts}
    held: Held = {}
    for number, column in enumerate(table.columns):
        if column.generated is None or column.array or column.name not in indexed:
            continue
        expression = _comparable_form(_moved(table, column, table_no))
        held[expression] = ColumnRef(column_type(column), table_no, number, column.name)
        unquoted = _unquoted(expression)
        if column.hidden and unquoted is not None:
            held.setdefault(unquoted, held[expression])
    return held


def _unquoted(expression: Expression) -> Expression | None:
    """``doc->>path`` of a key part ``CAST(doc->>path AS CHAR(n)) COLLATE utf8mb4_bin``: MySQL takes
    the part for it."""
    while isinstance(expression, Cast) or (
        isinstance(expression, Call) and expression.function.name == "collate"
    ):
        expression = expression.arg if isinstance(expression, Cast) else expression.args[0]
    is_unquoted = isinstance(expression, Call) and expression.function.name == "json_unquote"
    return expression if is_unquoted else None


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


def _of_column(condition: Expression, held: Held) -> Expression | None:
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
