"""Index dives: how many rows constants find, by descending to both ends of what they bound.

A plan is kept and run with other values, so what a dive says of these may be wrong for the next:
where values decide, each run looks at its own (`looks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from btree.keys_kernels import key_encode
from btree.layout import COLUMN_WORDS, D_INDEXES_AT, I_PARTS_AT, RUN_SHIFT
from btree.schema import Table
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.plan import Access
from mysqlcompat.sql.resolve import PlainContext
from mysqlcompat.sql.typed import Cast, Expression, Literal, Param, transform
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.values import is_variable, to_bytes, to_lane

#: More members of IN (…) than these are estimated by averages (eq_range_index_dive_limit).
MEMBERS_LIMIT: Final = 200
MEMBERS_DIVED: Final = 16  #: of the members of one IN (…); the others are taken to be like them
_VALUE_BYTES: Final = 1024  #: longer values are not dived for
_AFTER: Final = b"\xff" * 16  #: sorts behind whatever follows a key's beginning


@dataclass(frozen=True, slots=True)
class Values:
    """What a run is given: values of its `?`, of the types of their `Param` nodes, and of the
    literals of its text, by literal_no. None: nothing is known of a `?`, literals are as compiled.
    """

    params: Sequence[Any] | None = None
    literals: Sequence[Any] | None = None
    time_zone: str = "UTC"

    def of(self, expression: Expression) -> Any:
        """The value of a constant; None is NULL. Raises _Unknown."""

        def given(node: Expression) -> Expression:
            if isinstance(node, Literal):
                if self.literals is None or node.literal_no is None:
                    return node
                return replace(node, value=self.literals[node.literal_no])
            if isinstance(node, Cast) or (isinstance(node, Param) and self.params is not None):
                return node
            raise _Unknown

        constant = transform(expression, given)
        context = PlainContext(time_zone=self.time_zone)
        return Evaluator(context, self.params or ()).value(constant)


class Dives:
    """Dives into the indexes of one engine's tables, for the values of one run."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._value = engine.arena.alloc(_VALUE_BYTES)
        self._out = engine.arena.alloc(64 * _VALUE_BYTES)
        self.values = Values()

    def rows(self, table: Table, access: Access) -> int | None:
        """About how many rows an access finds; None when its bounds are not constants, or nobody
        has sampled the table."""
        if access.kind not in ("ref", "range") or len(access.members) > MEMBERS_LIMIT:
            return None
        try:
            prefix = self._key(table, access.index_no, 0, access.equal)
            ends = self._ends(table, access, len(access.equal))
        except (_Unknown, SqlError):
            return None
        found = self._between(table, access.index_no, prefix, ends[:MEMBERS_DIVED])
        dived = min(len(ends), MEMBERS_DIVED)
        return None if found is None else found * len(ends) // dived

    def _between(
        self, table: Table, index_no: int, prefix: bytes, ends: list[tuple[bytes, bytes]]
    ) -> int | None:
        found = 0
        for low, high in ends:
            statistics = self._engine.statistics
            rows = statistics.rows_between(table, index_no, prefix + low, prefix + high)
            if rows is None:
                return None
            found += rows
        return found

    def _ends(self, table: Table, access: Access, part: int) -> list[tuple[bytes, bytes]]:
        """What follows the equal parts: pairs of keys, from the first to before the second."""

        def key(value: Expression) -> bytes:
            return self._key(table, access.index_no, part, (value,))

        if access.members:
            keys = {key(member) for member in access.members}
            return [(one, one + _AFTER) for one in sorted(keys)]
        low, high = b"", _AFTER
        if access.low is not None:
            low = key(access.low) + (b"" if access.low_inclusive else _AFTER)
        if access.high is not None:
            high = key(access.high) + (_AFTER if access.high_inclusive else b"")
        return [(low, high)]

    def _key(
        self, table: Table, index_no: int, first: int, values: Sequence[Expression | None]
    ) -> bytes:
        """Key bytes of constants for the parts from `first` on. Raises _Unknown."""
        arena, st = self._engine.arena, self._engine.st
        at = int(arena.words(table.descriptor, 16)[D_INDEXES_AT])
        parts = int(arena.words(at, 16 * len(table.indexes))[16 * index_no + I_PARTS_AT])
        made = b""
        for number, expression in enumerate(values, first):
            lane, null = self._lane(expression)
            description = parts + 8 * COLUMN_WORDS * number
            count = int(key_encode(st, arena.mem, description, lane, null, self._out))
            made += arena.mem[self._out : self._out + count].tobytes()
        return made

    def _lane(self, expression: Expression | None) -> tuple[int, int]:
        """Lane and null byte of a constant; None is NULL. Raises _Unknown."""
        if expression is None:
            return 0, 1
        value = self.values.of(expression)
        of: SqlType = expression.type
        if value is None:
            return 0, 1
        if not is_variable(of):
            return to_lane(value, of), 0
        data = to_bytes(value, of)
        if len(data) > _VALUE_BYTES:
            raise _Unknown
        mem = self._engine.arena.mem
        mem[self._value : self._value + len(data)] = bytearray(data)
        return self._value << RUN_SHIFT | len(data), 0


class _Unknown(Exception):
    """The value is not known when the statement is planned."""
