"""How many rows an access finds, by the engine's statistics: for index choice and join order.

Plans are kept and run again with other values, so an estimate knows which columns are compared, not
with what: an equal part divides the rows by its different values, a range keeps a fixed share. With
`dives` it looks at the values, if they are constants (`dives.py`). `looks` gathers the choices that
are made on the way (`looks.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from btree.schema import Table
from mysqlcompat.sql.dives import Dives
from mysqlcompat.sql.plan import Access

#: A row found through a secondary index costs as much as this many of a scan.
SECONDARY_COST: Final = 3
LEAST_ROWS: Final = 1000
_ONE_END: Final = 4
_TWO_ENDS: Final = 20
_UNSAMPLED_EQUAL: Final = 10  #: rows of an equal key, when nobody has looked


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates over one engine's tables; `engine` None: nothing is known of any (tests)."""

    engine: Any = None
    dives: Dives | None = None
    looks: list[Any] | None = None

    def rows(self, table: Table) -> int:
        """Rows of a table."""
        return 1000 if self.engine is None else int(self.engine.estimate_rows(table))

    def weighs(self, table: Table) -> bool:
        """Whether costs decide: the table's keys have been sampled, and it is not small."""
        if self.engine is None or self.engine.statistics.of(table) is None:
            return False
        return self.rows(table) >= LEAST_ROWS

    def matching(self, table: Table, access: Access) -> int:
        """Rows that an access finds (for a lookup: each time)."""
        rows = self.rows(table)
        if access.kind == "const":
            return min(rows, 1)
        dived = None if self.dives is None else self.dives.rows(table, access)
        if dived is not None:
            return min(rows, max(1, dived))
        given = len(access.equal)
        found = float(rows)
        if given:
            found = rows / max(self._different(table, access.index_no, given, rows), 1)
        if access.members:
            per_member = rows / max(self._different(table, access.index_no, given + 1, rows), 1)
            found = min(found, per_member * len(access.members))
        elif access.low is not None and access.high is not None:
            found /= _TWO_ENDS
        elif access.low is not None or access.high is not None:
            found /= _ONE_END
        return min(rows, max(1, round(found)))

    def _different(self, table: Table, index_no: int, parts: int, rows: int) -> int:
        """Different values of the first parts of an index."""
        known = None if self.engine is None else self.engine.statistics.of(table)
        sampled = None if known is None else known.of(table.indexes[index_no].index_id)
        if sampled is None or len(sampled.different) < parts:
            return max(1, rows // _UNSAMPLED_EQUAL)
        return int(sampled.different[parts - 1])

    def cost(self, table: Table, access: Access) -> int:
        """What an access costs, in rows of a scan."""
        found = self.matching(table, access)
        return found if access.index_no == 0 else SECONDARY_COST * found
