"""INSERT, REPLACE, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from btree.schema import Column
from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.parameters import is_untyped
from mysqlcompat.sql.scope import FIELD_LIST, ORDER, WHERE, CatalogView, Scope
from mysqlcompat.sql.select import limits, resolve_select
from mysqlcompat.sql.tables import add_table, check_args
from mysqlcompat.sql.typed import (
    ASSIGN,
    ASSIGNED,
    NEW_ROW,
    Call,
    Cast,
    ColumnRef,
    DefaultValue,
    Delete,
    Expression,
    Insert,
    Order,
    Param,
    Source,
    Update,
)
from mysqlcompat.sqltypes import Class, column_type

_INSERT_ARGS: Final = {"this", "expression", "conflict", "ignore"}
_UPDATE_ARGS: Final = {"this", "expressions", "where", "order", "limit"}
_DELETE_ARGS: Final = {"this", "where", "order", "limit", "tables"}


def assigned(
    resolver: Resolver, source: Source, column_no: int, expression: Expression
) -> Expression:
    """`expression` on its way into a column."""
    column: Column = source.table.columns[column_no]
    target = column_type(column)
    if column.auto_increment:
        target = target.or_null()
    name = column.name
    if target.cls is Class.JSON:
        name = f"{source.table.name}.{column.name}"
    if isinstance(expression, Param):
        wanted = target.or_null() if is_untyped(expression) else expression.type
        expression = replace(expression, type=wanted, place=ASSIGNED)
    return Cast(target, expression, ASSIGN, name)


def column_no(source: Source, name: str, table: str, database: str) -> int:
    """Number of a column by name. Raises 1054."""
    fits = (not table or table == source.alias) and (not database or database == source.database)
    for number, column in enumerate(source.table.columns):
        if fits and column.name.casefold() == name.casefold() and not column.hidden:
            return number
    shown = ".".join(part for part in (database, table, name) if part)
    raise SqlError(1054, shown, FIELD_LIST)


# INSERT -----------------------------------------------------------------------------------------


def resolve_insert(node: Any, view: CatalogView, resolver: Resolver) -> Insert:
    check_args(node, _INSERT_ARGS, "INSERT …")
    target = node.this
    names: list[Any] = []
    if isinstance(target, exp.Schema):
        names = target.expressions
        target = target.this
    source = add_table(view, resolver, target)
    columns = _columns(source, names)
    values = node.expression
    if isinstance(values, exp.Values):
        rows = _rows(resolver, source, columns, values)
        if rows and not rows[0] and not names:
            columns = ()
        select = None
    else:
        rows = ()
        if not isinstance(values, exp.Select):
            raise not_supported(f"INSERT … {type(values).__name__.upper()}")
        select = _selected(view, resolver, source, columns, values)
    return Insert(
        source,
        columns,
        rows,
        select,
        _on_duplicate(node, resolver, source, columns),
        resolver.parsed.ignore,
        resolver.parsed.replace,
        len(resolver.parsed.param_numbers),
        strict=resolver.typing.is_strict,
    )


def _columns(source: Source, names: Sequence[Any]) -> tuple[int, ...]:
    if not names:
        columns = source.table.columns
        return tuple(n for n, column in enumerate(columns) if not column.invisible)
    numbers: list[int] = []
    for name in names:
        table = getattr(name, "table", "") if isinstance(name, exp.Column) else ""
        number = column_no(source, name.name, table, "")
        if number in numbers:
            raise SqlError(1110, name.name)
        numbers.append(number)
    return tuple(numbers)


def _rows(
    resolver: Resolver, source: Source, columns: Sequence[int], values: Any
) -> tuple[tuple[Expression, ...], ...]:
    made: list[tuple[Expression, ...]] = []
    width: int | None = None
    for number, row in enumerate(values.expressions, 1):
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        expected = len(columns)
        if len(cells) != expected and (cells or (width or 0)):
            raise SqlError(1136, number)
        width = len(cells)
        made.append(
            tuple(
                _cell(resolver, source, column, cell)
                for column, cell in zip(columns, cells, strict=False)
            )
        )
    return tuple(made)


def _cell(resolver: Resolver, source: Source, column: int, node: Any) -> Expression:
    if not _is_default(node):
        _check_given(source, column)
    else:
        return DefaultValue(column_type(source.table.columns[column]), column)
    return assigned(resolver, source, column, resolver.scalar(node))


def _check_given(source: Source, column_no: int) -> None:
    """ERROR 3105 for a value that a generated column would have to take."""
    column: Column = source.table.columns[column_no]
    if column.generated is not None:
        raise SqlError(3105, column.name, source.table.name)


def _is_default(node: Any) -> bool:
    if isinstance(node, exp.Var):
        return str(node.name).upper() == "DEFAULT"
    return (
        isinstance(node, exp.Column)
        and not node.table
        and not getattr(node.this, "quoted", True)
        and node.name.upper() == "DEFAULT"
    )


def _selected(
    view: CatalogView, resolver: Resolver, source: Source, columns: Sequence[int], node: Any
) -> Any:
    """The query of INSERT … SELECT, its items cast to the columns."""

    inner = Resolver(resolver.parsed, Scope(), resolver.context, resolver.given)
    types = [column_type(source.table.columns[column]) for column in columns]
    select = resolve_select(node, view, inner, types)
    if len(select.items) != len(columns):
        raise SqlError(1136, 1)
    for column in columns:
        _check_given(source, column)
    items = tuple(
        replace(item, expression=assigned(resolver, source, column, item.expression))
        for item, column in zip(select.items, columns, strict=True)
    )
    return replace(select, items=items)


def _on_duplicate(
    node: Any, resolver: Resolver, source: Source, columns: Sequence[int]
) -> tuple[tuple[int, Expression], ...]:
    conflict = node.args.get("conflict")
    if conflict is None:
        return ()
    alias = node.expression.args.get("alias") if isinstance(node.expression, exp.Values) else None
    resolver.new_row = _new_row_lookup(source, columns, alias)
    try:
        return _assignments(resolver, source, conflict.expressions)
    finally:
        resolver.new_row = None


def _new_row_lookup(source: Source, columns: Sequence[int], alias: Any) -> Any:
    """VALUES(c), alias.c, and the alias's own column names mean the row that was to be inserted."""
    named = alias.name if alias is not None else None
    own = [column.name.casefold() for column in (alias.args.get("columns") or ())] if alias else []

    def reference(number: int) -> ColumnRef:
        column = source.table.columns[number]
        return ColumnRef(column_type(column).or_null(), NEW_ROW, number, column.name)

    def look(node: Any) -> Expression | None:
        if isinstance(node, exp.Anonymous):
            return reference(column_no(source, node.expressions[0].name, "", ""))
        if named is not None and node.table == named:
            if own:
                if node.name.casefold() not in own:
                    raise SqlError(1054, f"{named}.{node.name}", FIELD_LIST)
                return reference(columns[own.index(node.name.casefold())])
            return reference(column_no(source, node.name, "", ""))
        if not node.table and node.name.casefold() in own:
            return reference(columns[own.index(node.name.casefold())])
        return None

    return look


def _assignments(
    resolver: Resolver, source: Source, nodes: Sequence[Any]
) -> tuple[tuple[int, Expression], ...]:
    made: list[tuple[int, Expression]] = []
    for node in nodes:
        if not isinstance(node, exp.EQ) or not isinstance(node.this, exp.Column):
            raise not_supported("this form of SET")
        left = node.this
        number = column_no(source, left.name, left.table, left.db)
        value = _cell(resolver, source, number, node.expression)
        made.append((number, _in_place(value, number)))
    return tuple(made)


def _in_place(value: Expression, column_no: int) -> Expression:
    """JSON_SET and its like of the very column they are assigned to change it in its bytes."""
    match value:
        case Cast(mode=mode) if mode == ASSIGN and value.type.cls is Class.JSON:
            return replace(value, arg=_in_place(value.arg, column_no))
        case Call(function=function, args=args) if f"{function.name} in place" in FUNCTIONS:
            first = _in_place(args[0], column_no)
            is_own = isinstance(first, ColumnRef) and first.column_no == column_no
            if is_own or first is not args[0]:
                changed = FUNCTIONS[f"{function.name} in place"]
                return replace(value, function=changed, args=(first, *args[1:]))
    return value


# UPDATE, DELETE ---------------------------------------------------------------------------------


def resolve_update(node: Any, view: CatalogView, resolver: Resolver) -> Update:
    check_args(node, _UPDATE_ARGS, "UPDATE …")
    if node.this.args.get("joins"):
        raise not_supported("multi-table UPDATE")
    source = add_table(view, resolver, node.this)
    assignments = _assignments(resolver, source, node.expressions)
    where, ordering = _where(node, resolver), _ordering(node, resolver)
    limit, _ = limits(node, resolver)
    return Update(
        source,
        assignments,
        where,
        ordering,
        limit,
        resolver.parsed.ignore,
        len(resolver.parsed.param_numbers),
        resolver.typing.is_strict,
    )


def resolve_delete(node: Any, view: CatalogView, resolver: Resolver) -> Delete:
    check_args(node, _DELETE_ARGS, "DELETE …")
    if node.args.get("tables") or node.this.args.get("joins"):
        raise not_supported("multi-table DELETE")
    source = add_table(view, resolver, node.this)
    where, ordering = _where(node, resolver), _ordering(node, resolver)
    limit, _ = limits(node, resolver)
    return Delete(
        source,
        where,
        ordering,
        limit,
        resolver.parsed.ignore,
        len(resolver.parsed.param_numbers),
    )


def _where(node: Any, resolver: Resolver) -> Expression | None:
    clause = node.args.get("where")
    if clause is None:
        return None
    with resolver.using(clause=WHERE):
        return resolver.where(clause.this)


def _ordering(node: Any, resolver: Resolver) -> tuple[Order, ...]:
    clause = node.args.get("order")
    if clause is None:
        return ()
    with resolver.using(clause=ORDER):
        return tuple(
            Order(resolver.scalar(one.this), bool(one.args.get("desc")))
            for one in clause.expressions
        )
