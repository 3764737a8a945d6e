"""USE, FORCE and IGNORE INDEX: which indexes of a table a plan may read, and give an order by.

A hint without FOR is for everything. USE and FORCE name what may be used, IGNORE takes away from
it; FORCE makes a scan of the table the last resort. Whatever is named, the whole table can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mysqlcompat.errors import SqlError

JOIN: Final = "JOIN"
ORDER_BY: Final = "ORDER BY"
_CLAUSES: Final = (JOIN, ORDER_BY, "GROUP BY")


@dataclass(frozen=True, slots=True)
class IndexHints:
    """What is said of one table. `read`, `order`: numbers of the indexes its rows may be found by,
    and that an order may come from; None: any that can be seen."""

    read: frozenset[int] | None = None
    order: frozenset[int] | None = None
    is_read_forced: bool = False
    is_order_forced: bool = False

    def may_read(self, index_no: int) -> bool:
        return self.read is None or index_no in self.read

    def may_order(self, index_no: int) -> bool:
        return self.order is None or index_no in self.order


NO_HINTS: Final = IndexHints()


def index_hints(table: Any, alias: str, nodes: Sequence[Any]) -> IndexHints:
    """The hints of one table.

    nodes  sqlglot's IndexTableHint: `this` is the verb, `target` what it is for
    Raises 1176 (no such index, or an invisible one) and 1221 (USE and FORCE of one table).
    """
    said: dict[tuple[str, str], set[int]] = {}
    for node in nodes:
        numbers = {_number(table, alias, name.name) for name in node.expressions}
        target = node.args.get("target")
        for clause in (target,) if target else _CLAUSES:
            said.setdefault((node.this, clause), set()).update(numbers)
    verbs = {verb for verb, _ in said}
    if {"USE", "FORCE"} <= verbs:
        raise SqlError(1221, "USE INDEX", "FORCE INDEX")
    every = {number for number, index in enumerate(table.indexes) if not index.invisible}

    def left(clause: str) -> frozenset[int] | None:
        wanted = said.get(("USE", clause), said.get(("FORCE", clause)))
        ignored = said.get(("IGNORE", clause))
        if wanted is None and ignored is None:
            return None
        return frozenset((every if wanted is None else wanted) - (ignored or set()))

    forced = [("FORCE", clause) in said for clause in (JOIN, ORDER_BY)]
    return IndexHints(left(JOIN), left(ORDER_BY), *forced)


def _number(table: Any, alias: str, name: str) -> int:
    """Number of the index that is meant: by its name, or by the beginning of just one name."""
    folded = name.casefold()
    named = {
        index.name.casefold(): number
        for number, index in enumerate(table.indexes)
        if number > 0 or not table.has_row_id
    }
    begun = [number for other, number in named.items() if other.startswith(folded)]
    number = named.get(folded, begun[0] if len(begun) == 1 else -1)
    if number < 0 or table.indexes[number].invisible:
        raise SqlError(1176, name, alias)
    return number
