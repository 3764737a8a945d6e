"""GROUP BY … WITH ROLLUP and GROUPING().

A row counts once for each level: at level n, the number of group expressions, for its own group;
at the levels below for the subtotals in which only that many expressions are kept, at level 0 for
the total. To the rest of the server the level is one more column to group by, and the group
expressions are ``if(level > number, expression, NULL)``; the rows meet their levels as they meet
the rows of another table (`code_scans.ScanCoder.roll_up`). Of no rows there is a total all the
same: its level is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.functions.info import GROUPING
from mysqlcompat.sql.code_keys import sortable
from mysqlcompat.sql.typed import (
    LEVELS,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Item,
    Literal,
    Order,
    anonymous,
    is_constant,
    walk,
)
from mysqlcompat.sqltypes import Class, bool_type, int_type, json_type

LEVEL: Final = ColumnRef(int_type(), LEVELS, 0, "level")


def check_grouping_calls(parts: Sequence[Expression], groups: Sequence[Expression] | None) -> None:
    """Arguments of GROUPING() must be grouped by. Raises 1111, 1210, 3602."""
    known = {anonymous(group) for group in groups or ()}
    for part in parts:
        for node in walk(part):
            if not isinstance(node, Call) or node.function.name != GROUPING:
                continue
            for number, arg in enumerate(node.args, 1):
                is_number = isinstance(arg, Literal) and isinstance(arg.value, int)
                if is_number and anonymous(arg) not in known:
                    raise SqlError(1210, "GROUPING function")
                if groups is None:
                    raise SqlError(1111)
                if anonymous(arg) not in known:
                    raise SqlError(3602, number)


class Rollup:
    """Rewrites what a query shows of its groups."""

    def __init__(self, groups: Sequence[Expression]) -> None:
        self.listed = groups
        keys = [anonymous(group) for group in groups]
        self.numbers = {key: keys.index(key) for key in keys}  # of what is there twice the first
        self.kept = [
            self._kept(self.numbers[key], group) for key, group in zip(keys, groups, strict=True)
        ]

    @property
    def groups(self) -> tuple[Expression, ...]:
        return (*self.kept, LEVEL)

    @staticmethod
    def _kept(number: int, group: Expression) -> Expression:
        made = json_type() if group.type.cls is Class.JSON else group.type.or_null()
        is_kept = Call(bool_type(), FUNCTIONS[">"], (LEVEL, _number(number)))
        return Call(made, FUNCTIONS["if"], (is_kept, group, Literal(made, None)))

    def of(self, expression: Expression) -> Expression:
        """`expression`, which stands outside of aggregates, over the rolled groups."""
        if isinstance(expression, Aggregate):
            return self._list(expression)
        if isinstance(expression, Call) and expression.function.name == GROUPING:
            places = [_number(self.numbers[anonymous(arg)]) for arg in expression.args]
            return replace(expression, args=(LEVEL, *places))
        number = self.numbers.get(anonymous(expression))
        if number is not None:
            return self.kept[number]
        match expression:
            case Call(args=args):
                made = tuple(map(self.of, args))
                kind = expression.type if made == args else expression.type.or_null()
                return replace(expression, args=made, type=kind)
            case Cast(arg=arg):
                return replace(expression, arg=self.of(arg))
        return expression

    def _list(self, aggregate: Aggregate) -> Aggregate:
        """GROUP_CONCAT has the order of the groups where it has none of its own."""
        if aggregate.function != "group_concat" or (aggregate.distinct and aggregate.order_by):
            return aggregate
        made = list(aggregate.order_by)
        for group in self.listed:
            if not is_constant(group):
                made += [Order(Call(bool_type(False), FUNCTIONS["is null"], (group,)), True)]
                made += [Order(sortable(group))]
        return replace(aggregate, order_by=tuple(made))

    def items(self, items: Sequence[Item]) -> list[Item]:
        return [replace(item, expression=self.of(item.expression)) for item in items]

    def ordering(self, ordering: Sequence[Order]) -> list[Order]:
        """ORDER BY, then each subtotal behind what it is the total of."""
        made = [Order(self.of(one.expression), one.descending) for one in ordering]
        for number, group in enumerate(self.kept):
            is_total = Call(bool_type(), FUNCTIONS["<="], (LEVEL, _number(number)))
            made += [Order(is_total), Order(group)]
        return made


def _number(number: int) -> Expression:
    return Literal(int_type(2, nullable=False), number)


def with_rollup(clause: Any) -> bool:
    """Whether GROUP BY has WITH ROLLUP behind it."""
    return any(not one.expressions for one in clause.args.get("rollup") or ())
