"""Index dives: how many rows constants find, by descending to both ends of what they bound.

A plan is kept and run with other values, so what a dive says of these values may be wrong for the
next. It decides only where it makes another choice than the averages of `estimates` do, and such a
plan is *pinned*: its literals are part of it, other values get a plan of their own (`pinned`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from btree.keys_kernels import key_encode
from btree.layout import COLUMN_WORDS, D_INDEXES_AT, I_PARTS_AT, RUN_SHIFT
from btree.schema import Table
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.plan import Access
from mysqlcompat.sql.resolve import PlainContext
from mysqlcompat.sql.typed import Cast, Expression, Item, Literal, Order, Select, transform
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.values import is_variable, to_bytes, to_lane

#: More members of IN (…) than these are estimated by averages (eq_range_index_dive_limit).
MEMBERS_LIMIT: Final = 200
_VALUE_BYTES: Final = 1024  #: longer values are not dived for
_AFTER: Final = b"\xff" * 16  #: sorts behind whatever follows a key's beginning


class Dives:
    """Dives into the indexes of one engine's tables."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._value = engine.arena.alloc(_VALUE_BYTES)
        self._out = engine.arena.alloc(64 * _VALUE_BYTES)

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
        return self._between(table, access.index_no, prefix, ends)

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
        constant = expression.arg if isinstance(expression, Cast) else expression
        if not isinstance(constant, Literal):
            raise _Unknown
        value = Evaluator(PlainContext(time_zone="UTC")).value(expression)
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


def pinned(select: Select) -> Select:
    """The statement with its literals as part of the plan."""

    def pin(node: Expression) -> Expression:
        return replace(node, literal_no=None) if isinstance(node, Literal) else node

    def whole(expression: Expression | None) -> Expression | None:
        return None if expression is None else transform(expression, pin)

    def item(one: Item) -> Item:
        return replace(one, expression=transform(one.expression, pin))

    def order(one: Order) -> Order:
        return replace(one, expression=transform(one.expression, pin))

    groups = select.group_by
    return replace(
        select,
        joins=tuple(replace(join, on=whole(join.on)) for join in select.joins),
        where=whole(select.where),
        group_by=None if groups is None else tuple(transform(one, pin) for one in groups),
        having=whole(select.having),
        items=tuple(map(item, select.items)),
        order_by=tuple(map(order, select.order_by)),
    )
