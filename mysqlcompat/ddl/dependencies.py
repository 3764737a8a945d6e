"""What else of a table needs a column that ALTER TABLE drops or renames.

A CHECK about a dropped column alone goes with it. Whatever else needs a name that is lost refuses:
other CHECKs, then by column defaults and generated columns, then functional key parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from btree.schema import Check, Column, Table
from mysqlcompat.ddl.checks import columns_in
from mysqlcompat.errors import SqlError


@dataclass(frozen=True, slots=True)
class Lost:
    """Names of columns as the statement spells them, in its order."""

    dropped: Sequence[str]
    renamed: Sequence[str]


def checks_left(checks: Sequence[Check], lost: Lost) -> tuple[Check, ...]:
    """The CHECKs without those that go with their column. ERROR 3959."""
    needed = {check.name: _folded(columns_in(check.expression)) for check in checks}
    dropped = _folded(lost.dropped)
    going = {name for name, columns in needed.items() if len(columns) == 1 and columns <= dropped}
    for name in (*lost.dropped, *lost.renamed):
        for check in checks:
            if name.casefold() in needed[check.name] and check.name not in going:
                raise SqlError(3959, check.name, name)
    return tuple(check for check in checks if check.name not in going)


def check_columns(old: Table, columns: Sequence[Column], lost: Lost) -> None:
    """ERROR 3766, 3108 or 3837 when one of the `columns` there will be is computed from a column
    that is lost, perhaps by way of others."""
    names = _folded((*lost.dropped, *lost.renamed))
    gone = [column.name for column in old.columns if column.name.casefold() in names]
    generated = {one.name.casefold(): one.generated for one in old.columns if one.generated}
    for column in sorted(columns, key=lambda one: one.hidden):
        if column.generated is None and not column.has_default_expression:
            continue
        needed = _needed(column.generated or column.default or "", generated)
        name = next((name for name in gone if name.casefold() in needed), None)
        if name is None:
            continue
        if column.generated is None:
            raise SqlError(3766, name, old.name)
        raise SqlError(3837 if column.hidden else 3108, name)


def _needed(expression: str, generated: dict[str, str]) -> set[str]:
    """Columns that an expression is computed from, and those that these are."""
    found, waiting = set[str](), list(_folded(columns_in(expression)))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _folded(columns_in(generated.get(name, "NULL")))
    return found


def _folded(names: Sequence[str]) -> set[str]:
    return {name.casefold() for name in names}
