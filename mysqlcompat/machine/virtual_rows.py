"""Rows of a virtual table become the records of a collection, from which a stage reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mysqlcompat.errors import SqlError
from mysqlcompat.machine.program import Collection
from mysqlcompat.slices import Slice
from mysqlcompat.sql.typed import ColumnRef, Expression

if TYPE_CHECKING:
    from mysqlcompat.information_schema.virtual import VirtualTable

Constants = tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class VirtualRows:
    """What runs before a stage that reads a virtual table. Others run between its rows.

    columns            those that records have, in their order
    databases, tables  sets of constants: rows are about what is named in each of the sets
    """

    table: VirtualTable
    columns: tuple[ColumnRef, ...]
    collection: Collection
    databases: tuple[Constants, ...]
    tables: tuple[Constants, ...]

    def __call__(self, execution: Any) -> Iterator[None]:
        from mysqlcompat.information_schema.virtual import Wanted

        columns = self.table.columns
        wanted = Wanted(
            frozenset(columns[one.column_no].name.casefold() for one in self.columns),
            _names(execution, self.databases),
            _names(execution, self.tables),
        )
        numbers = [column.column_no for column in self.columns]
        types = [column.type for column in self.columns]
        keep, zone = execution.memory.append, execution.session.time_zone
        slice_, rows = Slice(), []
        for row in self.table.rows(execution.session, wanted):
            rows.append([row[number] for number in numbers])
            if slice_.is_over():
                keep(self.collection, types, rows, zone)
                rows = []
                yield
                slice_ = Slice()
        keep(self.collection, types, rows, zone)


def _names(execution: Any, limits: tuple[Constants, ...]) -> frozenset[str] | None:
    """The names that are in each of the sets, for this run; None: any."""
    found: frozenset[str] | None = None
    diagnostics = execution.session.diagnostics
    for constants in limits:
        mark = diagnostics.mark()
        try:
            values = [execution.constant(one) for one in constants]
        except SqlError:
            continue  # who compares with it will say so
        finally:
            diagnostics.back_to(mark)
        if all(value is None or isinstance(value, str) for value in values):
            names = frozenset(value.rstrip(" ") for value in values if value is not None)
            found = names if found is None else found & names
    return found
