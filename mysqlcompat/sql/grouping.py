"""ONLY_FULL_GROUP_BY: a grouped query may show only what its groups determine (1055, 1140, 3065).

A column is determined if it is grouped by, equal to a constant or to a determined column in WHERE
or ON, or belongs to a table whose primary or not-null unique key is determined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.typed import (
    Aggregate,
    Call,
    ColumnRef,
    Expression,
    Source,
    children,
    is_constant,
)

Place = tuple[int, int]
_MODE = "this is incompatible with sql_mode=only_full_group_by"


def determined(
    sources: Sequence[Source], groups: Sequence[Expression], conditions: Sequence[Expression]
) -> set[Place]:
    """Places (table, column) of columns that every group has one value of."""
    known = {place_of(group) for group in groups if isinstance(group, ColumnRef)}
    equalities = [pair for condition in conditions for pair in _equalities(condition)]
    for left, right in equalities:
        if is_constant(right) and isinstance(left, ColumnRef):
            known.add(place_of(left))
        if is_constant(left) and isinstance(right, ColumnRef):
            known.add(place_of(right))
    while True:
        before = len(known)
        for left, right in equalities:
            if isinstance(left, ColumnRef) and isinstance(right, ColumnRef):
                places = {place_of(left), place_of(right)}
                if places & known:
                    known |= places
        for number, source in enumerate(sources):
            if any(_has_key(known, number, key) for key in _keys(source)):
                known |= {(number, column) for column in range(len(source.table.columns))}
        if len(known) == before:
            return known


def place_of(column: ColumnRef) -> Place:
    return column.table_no, column.column_no


def _has_key(known: set[Place], number: int, key: Sequence[int]) -> bool:
    return all((number, column) in known for column in key)


def _keys(source: Source) -> Iterator[list[int]]:
    columns = {column.name.casefold(): n for n, column in enumerate(source.table.columns)}
    for index in source.table.indexes:
        names = [part.column.casefold() for part in index.parts]
        if (not index.unique and not index.primary) or not all(name in columns for name in names):
            continue
        numbers = [columns[name] for name in names]
        whole = all(part.length == 0 for part in index.parts)
        if whole and not any(source.table.columns[number].nullable for number in numbers):
            yield numbers


def _equalities(condition: Expression) -> Iterator[tuple[Expression, Expression]]:
    if isinstance(condition, Call):
        if condition.function.name == "and":
            for arg in condition.args:
                yield from _equalities(arg)
        elif condition.function.name == "=":
            yield condition.args[0], condition.args[1]


def check(
    expression: Expression,
    groups: Sequence[Expression],
    known: set[Place],
    sources: Sequence[Source],
    where: str,
    grouped: bool,
) -> None:
    """Raise 1055 or 1140 if `expression` shows a column its group does not determine.

    where    "Expression #2 of SELECT list", "HAVING clause" …
    grouped  whether there is a GROUP BY
    """
    if expression in groups or isinstance(expression, Aggregate):
        return
    if isinstance(expression, ColumnRef):
        if place_of(expression) in known:
            return
        _refuse(expression, sources, where, grouped)
    if isinstance(expression, Call) and expression.function.name == "any_value":
        return
    for child in children(expression):
        check(child, groups, known, sources, where, grouped)


def _refuse(column: ColumnRef, sources: Sequence[Source], where: str, grouped: bool) -> None:
    source = sources[column.table_no]
    name = f"{source.database}.{source.alias}.{column.name}"
    if grouped:
        raise SqlError.with_text(
            1055,
            f"{where} is not in GROUP BY clause and contains nonaggregated column '{name}' which is"
            f" not functionally dependent on columns in GROUP BY clause; {_MODE}",
        )
    first = where[0].lower() + where[1:] if where.startswith("Expression") else where
    raise SqlError.with_text(
        1140,
        f"In aggregated query without GROUP BY, {first} contains nonaggregated column '{name}';"
        f" {_MODE}",
    )
