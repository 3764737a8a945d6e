"""Physical plans: which index each table is read by, how tables meet, what must be sorted.

Expressions stay typed-tree expressions; `codegen` turns a plan into a program, `explain` into
EXPLAIN's rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mysqlcompat.sql.typed import Delete, Expression, Insert, Order, Select, Update


@dataclass(frozen=True, slots=True)
class Access:
    """How the rows of a table are found.

    kind        'ALL' whole clustered index, 'index' whole index in its order, 'const' one row by a
                primary or unique key, 'ref' all rows equal in leading parts, 'range'
    equal       values of the leading index parts
    low, high   bounds of the part after them; `members`: IN (…) on it instead
    is_null     leading parts which are searched for NULL (`equal` holds None there)
    again       a row may be found several times: once for each member
    """

    index_no: int
    kind: str
    equal: tuple[Expression | None, ...] = ()
    low: Expression | None = None
    low_inclusive: bool = True
    high: Expression | None = None
    high_inclusive: bool = True
    members: tuple[Expression, ...] = ()
    backward: bool = False
    point: bool = False  #: the whole primary key is given
    again: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """One table: read by `access`, then `filters` one after the other."""

    table_no: int
    access: Access
    filters: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """One more table joined to those before.

    method   'lookup': `access.equal` are expressions over the tables before, looked up row by row
             'hash': `scan` is read into a hash table by `inner_keys`, probed with `outer_keys`
             'expand': the rows of a JSON_TABLE, made anew for each row before
    outer    LEFT JOIN
    on       'expand' and `outer`: what the rows of the JSON_TABLE must fulfil
    filters  applied to the joined rows
    """

    scan: Scan
    method: str
    outer_keys: tuple[Expression, ...]
    inner_keys: tuple[Expression, ...]
    outer: bool
    filters: tuple[Expression, ...]
    on: Expression | None = None


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A SELECT. `ordered`: the scan already gives what ORDER BY wants."""

    statement: Select
    scan: Scan | None
    joins: tuple[Join, ...]
    filters: tuple[Expression, ...]
    aggregates: tuple[Any, ...]
    ordered: bool
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class InsertPlan:
    statement: Insert
    select: SelectPlan | None


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """`collect`: all rows are found before the first is changed, because changing may move them
    in the index they are found by, or because they are to be changed in an order."""

    statement: Update
    scan: Scan
    collect: bool
    ordered: bool


@dataclass(frozen=True, slots=True)
class DeletePlan:
    statement: Delete
    scan: Scan
    collect: bool
    ordered: bool


Plan = SelectPlan | InsertPlan | UpdatePlan | DeletePlan


@dataclass(slots=True)
class Conjuncts:
    """Conditions that must all hold, as they are handed out to scans and joins."""

    rest: list[Expression] = field(default_factory=list)

    def take(self, wanted: Any) -> list[Expression]:
        """Remove and return those for which `wanted` holds."""
        taken = [one for one in self.rest if wanted(one)]
        self.rest = [one for one in self.rest if not wanted(one)]
        return taken


__all__ = [
    "Access",
    "Conjuncts",
    "DeletePlan",
    "InsertPlan",
    "Join",
    "Order",
    "Plan",
    "Scan",
    "SelectPlan",
    "UpdatePlan",
]
