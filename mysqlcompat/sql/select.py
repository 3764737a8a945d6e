"""SELECT: items and their names, aliases, grouping, ordering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.sql import grouping
from mysqlcompat.sql.branches import shown
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.padded import column_of, padded
from mysqlcompat.sql.parameters import text_type, with_type
from mysqlcompat.sql.rollup import Rollup, check_grouping_calls, with_rollup
from mysqlcompat.sql.scope import GROUP, HAVING, ORDER, WHERE, CatalogView, Scope
from mysqlcompat.sql.stored_groups import as_grouped
from mysqlcompat.sql.tables import check_args, resolve_from
from mysqlcompat.sql.typed import (
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Item,
    Join,
    Literal,
    Order,
    Param,
    Select,
    aggregates_in,
    anonymous,
    has_aggregate,
    is_constant,
    unified,
    walk,
)
from mysqlcompat.sqltypes import Class, SqlType, int_type

NAME_BYTES: Final = 255  #: of a column that has no name of its own
_ARGS: Final = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
    "distinct", "locks", "operation_modifiers", "kind", "hint",
}  # fmt: skip
#: Modifiers that only advise (what MySQL itself ignores or may ignore).
_WAITING: Final = {None: "", True: " nowait", False: " skip locked"}
_HINTS: Final = {
    "SQL_NO_CACHE", "HIGH_PRIORITY", "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT",
    "STRAIGHT_JOIN",
}  # fmt: skip


def resolve_select(
    node: Any, view: CatalogView, resolver: Resolver, columns: Sequence[SqlType] = ()
) -> Select:
    """The typed form of one SELECT. columns: of the columns that its items go to."""
    check_args(node, _ARGS, "SELECT …")
    for modifier in node.args.get("operation_modifiers") or ():
        if modifier.name.upper() not in _HINTS:
            raise not_supported(modifier.name.upper())
    joins: tuple[Join, ...] = ()
    source = node.args.get("from_")
    if source is not None and not _is_dual(source.this):
        joins = resolve_from(view, resolver, source.this, node.args.get("joins") or [])
    where = _where(node, resolver)
    return _Clauses(node, resolver, columns).select(joins, where)


def _introduced(node: Any, expression: Expression) -> str | None:
    """The text behind an introducer; None of anything else, hexadecimal digits too."""
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.Introducer | exp.National):
        return None
    if not isinstance(expression, Literal) or not isinstance(expression.value, str):
        return None
    is_text = isinstance(node, exp.National) or bool(expression.text)
    return expression.value if is_text else None


def shortened(name: str) -> str:
    """The name of an unnamed item, as long as MySQL has them: NAME_BYTES of UTF-8."""
    if len(name) <= NAME_BYTES // 4:
        return name
    return name.encode()[:NAME_BYTES].decode("utf-8", "ignore")


def _is_dual(table: Any) -> bool:
    return isinstance(table, exp.Table) and table.name.upper() == "DUAL" and not table.db


def _where(node: Any, resolver: Resolver) -> Expression | None:
    clause = node.args.get("where")
    if clause is None:
        return None
    with resolver.using(clause=WHERE):
        return resolver.where(clause.this)


class _Clauses:
    """The clauses of one SELECT after FROM and WHERE, in the order MySQL resolves them."""

    def __init__(self, node: Any, resolver: Resolver, columns: Sequence[SqlType]) -> None:
        self.node = node
        self.resolver = resolver
        self.scope: Scope = resolver.scope
        self.columns = columns

    def select(self, joins: tuple[Join, ...], where: Expression | None) -> Select:
        items = self.items()
        known: dict[Expression, Expression] = {}
        for number, item in enumerate(items):  # what is shown twice is one thing, too
            once = known.setdefault(anonymous(item.expression), item.expression)
            items[number] = replace(item, expression=once)
        groups = self.groups(items)
        if groups is not None:
            groups = tuple(unified(group, known) for group in groups)
            known |= {anonymous(group): group for group in groups}
        having = self.having(items, groups)
        if having is not None:
            having = unified(having, known)
        ordering = [
            Order(unified(order.expression, known), order.descending)
            for order in self.ordering(items)
        ]
        distinct = self.node.args.get("distinct") is not None
        parts = [item.expression for item in items] + [order.expression for order in ordering]
        parts += [having] if having is not None else []
        check_grouping_calls(parts, groups)
        if groups is not None or any(has_aggregate(part) for part in parts):
            conditions = [where] if where is not None else []
            conditions += [j.on for j in joins if j.on is not None and j.kind == "inner"]
            self.check_grouping(items, groups, having, ordering, conditions)
        elif distinct:
            self.check_distinct(items, ordering)
        elif groups is None:
            items = [replace(item, expression=shown(item.expression)) for item in items]
        items = [replace(item, expression=seen(item.expression)) for item in items]
        having = seen(having) if having is not None else None
        limit, offset = limits(self.node, self.resolver)
        rollup = self.rollup(groups)
        if rollup is not None:
            items = rollup.items(items)
            having = rollup.of(having) if having is not None else None
            ordering = rollup.ordering(ordering)
            if distinct:  # of rows that are alike there is no level any more
                ordering = [one for one in ordering if one.expression in shown_by(items)]
            groups = rollup.groups
        elif (
            groups
            and not (ordering or distinct)
            and any(one.takes_sorted_rows for one in aggregates_in(parts))
        ):
            ordering = [Order(group, False) for group in groups if not is_constant(group)]
        made = Select(
            tuple(self.scope.sources),
            joins,
            where,
            groups,
            having,
            tuple(items),
            distinct,
            tuple(ordering),
            limit,
            offset,
            self.locking(),
            len(self.resolver.parsed.param_numbers),
            len(groups) - 1 if rollup is not None and groups is not None else 0,
        )
        return as_grouped(made)

    def rollup(self, groups: tuple[Expression, ...] | None) -> Rollup | None:
        clause = self.node.args.get("group")
        return Rollup(groups) if groups and clause is not None and with_rollup(clause) else None

    # items

    def items(self) -> list[Item]:
        made: list[Item] = []
        texts, columns = self.resolver.parsed.items, self.columns
        with self.resolver.using(aggregates="yes", pinned=True):
            for number, node in enumerate(self.node.expressions):
                if _is_star(node):
                    made.extend(self.star(node))
                    continue
                alias = node.alias if isinstance(node, exp.Alias) else None
                inner = node.this if isinstance(node, exp.Alias) else node
                wanted = text_type(self.resolver.context.collation)
                wanted = columns[len(made)] if len(made) < len(columns) else wanted
                expression = with_type(self.resolver.scalar(inner), wanted)
                text = texts[number] if number < len(texts) else None
                made.append(self.item(expression, inner, alias, text))
        return made

    def star(self, node: Any) -> list[Item]:
        table = node.table or None if isinstance(node, exp.Column) else None
        database = node.db or None if isinstance(node, exp.Column) else None
        mode = self.resolver.context.sql_mode
        return [
            replace(self.plain(column, None), expression=padded(column, mode))
            for column in self.scope.star(table, database)
        ]

    def plain(self, column: ColumnRef, name: str | None) -> Item:
        source = self.scope.sources[column.table_no]
        own = source.table.columns[column.column_no].name
        return Item(column, name or own, source.alias, source.table.name, own, source.database)

    def item(self, expression: Expression, node: Any, alias: str | None, text: Any) -> Item:
        column = column_of(expression)
        if isinstance(column, ColumnRef):
            while isinstance(node, exp.Paren):
                node = node.this
            written = node.name if isinstance(node, exp.Column) else None
            if self.scope.sources[column.table_no].database == "information_schema":
                written = None  # its tables are views, whose columns keep their own names
            return replace(self.plain(column, alias or written), expression=expression)
        if alias is not None:
            return Item(expression, alias)
        text_itself = _introduced(node, expression)
        if text_itself is not None:
            return Item(expression, shortened(text_itself.lstrip()))
        name = shortened(self.name_of(node, text))
        if isinstance(expression, Cast) and expression.type.cls is Class.DECIMAL:
            expression = replace(expression, into=name)  # the name warnings give the "column"
        return Item(expression, name)

    def name_of(self, node: Any, text: Any) -> str:
        """The name of an unnamed item: its source text; of a string literal, its value. Around a
        literal, parentheses and a plus sign are not part of the name."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.Anonymous) and str(node.this).lower() == "name_const":
            node = node.expressions[0]
        start = node.meta.get("start") if isinstance(node, exp.Literal) else None
        if start is not None and not node.args.get("is_string"):
            return self.resolver.parsed.text[start : node.meta["end"] + 1]
        if isinstance(node, exp.Literal) and node.args.get("is_string"):
            return str(node.this).lstrip()
        if isinstance(node, exp.Concat) and isinstance(node.expressions[0], exp.Literal):
            return str(node.expressions[0].this)
        if isinstance(node, exp.Null):
            return "NULL"
        if text is None:
            return str(node)
        return self.resolver.parsed.text[text.start : text.end]

    # GROUP BY and HAVING

    def groups(self, items: Sequence[Item]) -> tuple[Expression, ...] | None:
        clause = self.node.args.get("group")
        if clause is None:
            return None
        allowed = {"expressions", "rollup"} if with_rollup(clause) else {"expressions"}
        check_args(clause, allowed, "GROUP BY …")
        made: list[Expression] = []
        with self.resolver.using(clause=GROUP):
            self.resolver.fallback = _alias_lookup(items)
            for node in clause.expressions:
                made.append(self.by_position(node, items, "group statement"))
            self.resolver.fallback = None
        if any(has_aggregate(expression) for expression in made):
            raise SqlError(1056, _aggregate_alias(items, made))
        return tuple(made)

    def by_position(self, node: Any, items: Sequence[Item], clause: str) -> Expression:
        """An expression, or the number of a select item; what fits no integer is none."""
        inner = node.unnest()
        is_integer = isinstance(inner, exp.Literal) and not inner.is_string
        position = int(str(inner.this)) if is_integer and str(inner.this).isdigit() else -1
        if 0 <= position < 1 << 64:
            if not 1 <= position <= len(items):
                raise SqlError(1054, str(inner.this), clause)
            return items[position - 1].expression
        return self.resolver.scalar(node)

    def having(
        self, items: Sequence[Item], groups: tuple[Expression, ...] | None
    ) -> Expression | None:
        clause = self.node.args.get("having")
        if clause is None:
            return None
        self.resolver.names = _having_lookup(items, groups or (), self.scope)
        try:
            with self.resolver.using(clause=HAVING, aggregates="yes"):
                return self.resolver.condition(clause.this)
        finally:
            self.resolver.names = None

    # ORDER BY, LIMIT, locks

    def ordering(self, items: Sequence[Item]) -> list[Order]:
        clause = self.node.args.get("order")
        if clause is None:
            return []
        made = []
        self.resolver.names = _alias_lookup(items)
        try:
            with self.resolver.using(clause=ORDER, aggregates="yes"):
                for node in clause.expressions:
                    expression = self.by_position(node.this, items, ORDER)
                    made.append(Order(expression, bool(node.args.get("desc"))))
        finally:
            self.resolver.names = None
        return made

    def locking(self) -> tuple[str, ...]:
        """FOR UPDATE and its like, for each table."""
        clauses = self.node.args.get("locks") or ()
        sources = self.scope.sources
        found = [""] * len(sources)
        for clause in clauses:
            strength = "update" if clause.args.get("update") else "share"
            strength += _WAITING[clause.args.get("wait")]
            named = clause.args.get("expressions")
            for number in self._named_tables(named) if named else range(len(sources)):
                if found[number]:
                    name = sources[number].alias
                    raise SqlError(3569, f"`{name}`" if named else name)
                found[number] = strength
        return tuple(found) if clauses else ()

    def _named_tables(self, names: Sequence[Any]) -> list[int]:
        aliases = {source.alias: number for number, source in enumerate(self.scope.sources)}
        for name in names:
            if name.name not in aliases:
                raise SqlError(3568, f"`{name.name}`")
        return [aliases[name.name] for name in names]

    # checks

    def check_grouping(
        self,
        items: Sequence[Item],
        groups: tuple[Expression, ...] | None,
        having: Expression | None,
        ordering: Sequence[Order],
        conditions: Sequence[Expression],
    ) -> None:
        if "ONLY_FULL_GROUP_BY" not in self.resolver.context.sql_mode:
            return
        sources = self.scope.sources
        listed = groups or ()
        clause = self.node.args.get("group")
        if clause is not None and with_rollup(clause):  # its NULLs depend on nothing
            known = grouping.determined((), (), ())
        else:
            known = grouping.determined(sources, listed, conditions)
        grouped = groups is not None
        for number, item in enumerate(items, 1):
            where = f"Expression #{number} of SELECT list"
            grouping.check(item.expression, listed, known, sources, where, grouped)
        if not grouped:
            return
        if having is not None:
            grouping.check(having, listed, known, sources, "HAVING clause", grouped)
        for number, order in enumerate(ordering, 1):
            where = f"Expression #{number} of ORDER BY clause"
            grouping.check(order.expression, listed, known, sources, where, grouped)

    def check_distinct(self, items: Sequence[Item], ordering: Sequence[Order]) -> None:
        if "ONLY_FULL_GROUP_BY" not in self.resolver.context.sql_mode:
            return
        shown = [item.expression for item in items]
        for number, order in enumerate(ordering, 1):
            if order.expression in shown:
                continue
            for part in walk(order.expression):
                if isinstance(part, ColumnRef) and part not in shown:
                    source = self.scope.sources[part.table_no]
                    name = f"{source.database}.{source.alias}.{part.name}"
                    raise SqlError(3065, number, name, "DISTINCT")


def limits(node: Any, resolver: Resolver) -> tuple[Expression | None, Expression | None]:
    """LIMIT and OFFSET, each a Literal or a Param."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    return (
        _limit_number(limit.expression, resolver) if limit is not None else None,
        _limit_number(offset.expression, resolver) if offset is not None else None,
    )


def _limit_number(node: Any, resolver: Resolver) -> Expression:
    made = resolver.resolve(node)
    wanted = int_type(21, unsigned=True, nullable=False)
    if isinstance(made, Param):
        return replace(made, type=wanted)
    assert isinstance(made, Literal)
    return Literal(wanted, int(made.value), made.literal_no, made.start, made.end)


def seen(expression: Expression) -> Expression:
    """`expression` without aggregates of which only is asked whether they are NULL, and which never
    are: MySQL does not compute them, unless it is asked whether they are not."""
    match expression:
        case Call(function=function, args=(arg,)) if function.name == "is null":
            if arg.type.nullable or not has_aggregate(arg):
                return expression
            count = Aggregate(int_type(21, nullable=False), "count", ())
            return replace(expression, args=(count,))
        case Call(function=function, args=(Call(function=inner),)) if (
            function.name == "not" and inner.name == "is null"
        ):
            return expression
        case Call(args=args):
            return replace(expression, args=tuple(map(seen, args)))
        case Cast(arg=arg):
            return replace(expression, arg=seen(arg))
    return expression


def shown_by(items: Sequence[Item]) -> list[Expression]:
    return [item.expression for item in items]


def _is_star(node: Any) -> bool:
    return isinstance(node, exp.Star) or (
        isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
    )


def _alias_lookup(items: Sequence[Item]) -> Any:
    """Select items by name; two different ones of one name are ambiguous."""

    def look(name: str) -> Expression | None:
        folded = name.casefold()
        found = [item.expression for item in items if item.name.casefold() == folded]
        if found and any(other != found[0] for other in found[1:]):
            raise SqlError(1052, name, ORDER)
        return found[0] if found else None

    return look


def _having_lookup(items: Sequence[Item], groups: Sequence[Expression], scope: Scope) -> Any:
    """HAVING sees select items, then columns that are grouped by; nothing else of FROM."""
    look = _alias_lookup(items)

    def find(name: str) -> Expression | None:
        found: Expression | None = look(name)
        if found is not None:
            return found
        for column in scope.find(name, None, None):
            shown = any(
                item.org_name.casefold() == name.casefold() and item.expression == column
                for item in items
            )
            if column in groups or shown:
                return column
        raise SqlError(1054, name, HAVING)

    return find


def _aggregate_alias(items: Sequence[Item], groups: Sequence[Expression]) -> str:
    for item in items:
        if any(item.expression == group and isinstance(group, Aggregate) for group in groups):
            return item.name
    return ""
