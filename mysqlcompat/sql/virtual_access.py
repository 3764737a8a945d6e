"""What a statement wants of a virtual table: the columns it looks at, and the databases and tables
that its conditions name, so that rows about others need not be made.

Conditions are applied to the rows all the same; what is found here only spares work. A database or
table is named by a constant, ``table_schema = 'x'``, or by a column of another table that a
constant is equal to in turn, ``t.table_schema = c.table_schema``, compared byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mysqlcompat.information_schema.virtual import (
    DATABASE_COLUMNS,
    TABLE_COLUMNS,
    VirtualTable,
)
from mysqlcompat.machine.program import Collection
from mysqlcompat.machine.virtual_rows import Constants, VirtualRows
from mysqlcompat.sql import typed
from mysqlcompat.sql.agreement import agree
from mysqlcompat.sql.rules import comparison, conjuncts
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Select, is_constant
from mysqlcompat.sqltypes import Class

Place = tuple[int, int]  #: table number, column number
#: Functions that may be called twice without anybody noticing, besides the pure ones.
_HARMLESS: Final = frozenset(("database", "schema"))


def rows_of(
    select: Select, table_no: int, columns: Sequence[ColumnRef], collection: Collection
) -> VirtualRows:
    """What makes the rows of table `table_no` before a stage reads them from `collection`."""
    table: VirtualTable = select.tables[table_no].table
    equations = _Equations(select)
    limits: list[list[Constants]] = [[], []]
    for number, column in enumerate(table.columns):
        for found, names in zip(limits, (DATABASE_COLUMNS, TABLE_COLUMNS), strict=True):
            if column.name.casefold() in names:
                found += equations.constants((table_no, number))
    databases, tables = map(tuple, limits)
    return VirtualRows(table, tuple(columns), collection, databases, tables)


class _Equations:
    """Which columns are equal to which others, and to which constants, in every row that counts."""

    def __init__(self, select: Select) -> None:
        self._constants: dict[Place, list[Constants]] = {}
        self._others: dict[Place, list[Place]] = {}
        for condition in conjuncts(select.where):
            self._note(condition, None)
        for join in select.joins:
            for condition in conjuncts(join.on):
                self._note(condition, join.table_no if join.kind == "left" else None)

    def _note(self, condition: Expression, only: int | None) -> None:
        """`only`: it holds for rows of this table alone, where they have partners."""
        if not isinstance(condition, Call) or not _by_bytes(condition.args):
            return
        if condition.function.name == "in":
            column, *members = condition.args
            if isinstance(column, ColumnRef) and all(map(_is_harmless, members)):
                self._keep(column, tuple(members), only)
            return
        for name, column, other in comparison(condition):
            if name not in ("=", "<=>"):
                continue
            if _is_harmless(other):
                self._keep(column, (other,), only)
            elif isinstance(other, ColumnRef) and only in (None, column.table_no):
                self._others.setdefault(_place(column), []).append(_place(other))

    def _keep(self, column: ColumnRef, constants: Constants, only: int | None) -> None:
        if only in (None, column.table_no):
            self._constants.setdefault(_place(column), []).append(constants)

    def constants(self, place: Place) -> Iterator[Constants]:
        """Sets of constants, in each of which the column's value is."""
        seen, waiting = {place}, [place]
        while waiting:
            one = waiting.pop()
            yield from self._constants.get(one, ())
            new = [other for other in self._others.get(one, ()) if other not in seen]
            seen.update(new)
            waiting += new


def _place(column: ColumnRef) -> Place:
    return column.table_no, column.column_no


def _by_bytes(args: Sequence[Expression]) -> bool:
    """Whether all are strings, and equal only if their bytes are (but for spaces at the end)."""
    types = [arg.type for arg in args]
    if any(one.cls is not Class.STRING for one in types):
        return False
    collation, _ = agree(types, "=")
    return collation.endswith("_bin")


def _is_harmless(expression: Expression) -> bool:
    """A constant that may be asked for its value once more."""
    calls = (node.function for node in typed.walk(expression) if isinstance(node, Call))
    return is_constant(expression) and all(one.pure or one.name in _HARMLESS for one in calls)
