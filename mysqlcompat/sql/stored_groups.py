"""Groups that MySQL tells apart in a temporary table: their values are columns of that table.

What such a column holds is of its own type: of a FLOAT, an ENUM, a SET or a BIT column it is one
itself, of what was computed a DOUBLE, a text, an integer. Everything around it takes it for a
column, and messages call it by the column's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeGuard

from btree.schema import TypeKind
from mysqlcompat.sql.grouping import Place, determined, place_of
from mysqlcompat.sql.typed import (
    IMPLICIT,
    ROLLED,
    STORED,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Select,
    aggregates_of,
    has_aggregate,
    is_constant,
    transform,
    walk,
)
from mysqlcompat.sqltypes import (
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    double_type,
)

_MEMBERS: Final = (TypeKind.ENUM, TypeKind.SET)


def is_grouped_aside(select: Select) -> bool:
    """Whether groups are told apart in a temporary table, not by an index or a sort."""
    groups = [group for group in select.group_by or () if not is_constant(group)]
    if any(aggregate.takes_sorted_rows for aggregate in aggregates_of(select)):
        return False
    if select.rollup or not groups:
        return select.distinct and select.group_by is None
    if len(select.tables) > 1:
        return True
    known = determined(select.tables, (), (select.where,) if select.where is not None else ())
    groups = [group for group in groups if not _is_known(group, known)]
    if not groups or not all(isinstance(group, ColumnRef) for group in groups):
        return bool(groups)
    table = select.tables[0].table
    names = {table.columns[one.column_no].name for one in groups if isinstance(one, ColumnRef)}
    return not any(
        {part.column for part in index.parts[: len(names)]} == names for index in table.indexes
    )


def _is_known(group: Expression, known: set[Place]) -> bool:
    """Whether a condition says which value there is."""
    columns = {place_of(node) for node in walk(group) if isinstance(node, ColumnRef)}
    return columns <= known


def as_grouped(select: Select) -> Select:
    """`select` with what becomes of its aggregates in a temporary table, or in a ROLLUP."""
    if not select.group_by:
        return select
    ordering = [replace(one, expression=_of_member(one.expression)) for one in select.order_by]
    select = replace(select, order_by=tuple(ordering))
    if select.rollup:
        return _changed(select, _rolled)
    return _changed(select, _stored, _alone) if is_grouped_aside(select) else select


def _itself(expression: Expression) -> Expression:
    return expression


def _changed(
    select: Select,
    change: Callable[[Expression], Expression],
    alone: Callable[[Expression], Expression] = _itself,
) -> Select:
    """`select` with every part of what it shows, orders by and chooses among groups changed, then
    by `alone` what is no part."""

    def made(expression: Expression) -> Expression:
        return alone(transform(expression, change))

    items = [replace(one, expression=made(one.expression)) for one in select.items]
    ordering = [replace(one, expression=made(one.expression)) for one in select.order_by]
    having = None if select.having is None else transform(select.having, change)
    return replace(select, items=tuple(items), order_by=tuple(ordering), having=having)


def _of_member(expression: Expression) -> Expression:
    """The least or greatest member of a column by which is sorted: by its number."""
    if not isinstance(expression, Aggregate) or expression.function not in ("min", "max"):
        return expression
    kind = expression.args[0].type
    return replace(expression, type=kind.or_null()) if kind.kind in _MEMBERS else expression


def _alone(expression: Expression) -> Expression:
    """The column itself, where nothing is made of it."""
    kind = expression.type
    if isinstance(expression, Call) and kind.is_computed_bits and not has_aggregate(expression):
        return replace(expression, type=replace(kind, precision=0, mixed=False))
    return expression.arg if _is_text_of_member(expression) else expression


def _rolled(node: Expression) -> Expression:
    return replace(node, place=ROLLED) if isinstance(node, Aggregate) else node


def _stored(node: Expression) -> Expression:
    """A part of an expression, whose own parts have been changed."""
    if isinstance(node, Aggregate):
        made = replace(node, place=STORED, type=_stored_type(node))
        return Cast(node.type, made) if made.type.kind in _MEMBERS else made
    if not isinstance(node, Cast) or node.type.cls not in NUMERIC:
        return node
    if isinstance(node.arg, Call) and node.arg.function.name == "document text":
        (arg,) = node.arg.args
        return replace(node, arg=arg) if isinstance(arg, Aggregate) else node
    if _is_text_of_member(node.arg):  # which is its number, too
        return replace(node, arg=node.arg.arg)
    if node.type.cls is Class.INT and _is_number_of_moment(node.arg):  # which is rounded
        return replace(node, arg=node.arg.arg)
    return node


def _is_text_of_member(node: Expression) -> TypeGuard[Cast]:
    return (
        isinstance(node, Cast)
        and (node.mode, node.type.cls) == (IMPLICIT, Class.STRING)
        and isinstance(node.arg, Aggregate)
        and node.arg.type.kind in _MEMBERS
    )


def _is_number_of_moment(node: Expression) -> TypeGuard[Cast]:
    return (
        isinstance(node, Cast)
        and node.mode == IMPLICIT
        and isinstance(node.arg, Aggregate)
        and node.arg.is_column
        and node.arg.type.cls in TEMPORAL
    )


def _stored_type(node: Aggregate) -> SqlType:
    """The type of the column that holds an aggregate: of the least and the greatest of a column
    that column's."""
    made = node.type
    if node.function not in ("min", "max"):
        return made
    (arg,) = node.args
    if isinstance(arg, ColumnRef):
        return arg.type.or_null() if made.cls is not Class.JSON else made
    if made.kind is TypeKind.FLOAT:
        return double_type()
    if made.kind is TypeKind.BIT:
        return SqlType(TypeKind.BIGINT, made.length, unsigned=True, nullable=True)
    return made
