"""Generated columns and DEFAULT (expression): what they may say, and how the dictionary keeps it.

A virtual column is stored like a stored one: its value is computed when the row changes, so reading
it, and indexes on it, cost nothing more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from btree.schema import Column, Table
from mysqlcompat.ddl import functional
from mysqlcompat.ddl.checks import columns_in, disallowed, named_column, printed
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.parse import parse_expression
from mysqlcompat.sql.statements import ColumnDefinition
from mysqlcompat.sql.table_expressions import default_value, generated_value, parse_kept

_GENERATED_CLAUSE = "generated column function"
_DEFAULT_CLAUSE = "default value expression"
#: Functions a DEFAULT may call although their values change.
_FOR_DEFAULTS = frozenset(
    {"rand", "now", "curdate", "curtime", "current_date", "current_time", "current_timestamp"}
    | {"localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp", "sysdate"}
    | {"uuid", "uuid_short", "user", "current_user", "session_user", "system_user", "database"}
    | {"schema", "connection_id", "version", "random_bytes", "unix_timestamp"}
)


def check_definition(definition: ColumnDefinition) -> None:
    """ERROR 1221 when a generated column has what only others may have."""
    if definition.generated is None:
        return
    for has, what in (
        (definition.default is not None, "DEFAULT"),
        (definition.auto_increment, "AUTO_INCREMENT"),
        (definition.on_update is not None, "ON UPDATE"),
    ):
        if has:
            raise SqlError(1221, what, "generated column")


def complete(table: Table, sql_mode: frozenset[str]) -> Table:
    """The table with the expressions of its columns checked, and as MySQL prints them."""
    if not table.has_expressions:
        return table
    columns = list(table.columns)
    for number, column in enumerate(table.columns):
        if column.hidden:
            columns[number] = functional.typed(table, column)
        elif column.generated is not None:
            columns[number] = _generated(table, number, sql_mode)
        elif column.has_default_expression:
            columns[number] = _default(table, number, sql_mode)
    made = replace(table, columns=tuple(columns))
    for column in made.columns:  # mistakes in types and functions
        if column.generated is not None:
            generated_value(made, column)
        elif column.has_default_expression:
            default_value(made, column)
    _check_actions(made)
    return made


def _tree(text: str, table: Table, sql_mode: frozenset[str]) -> Any:
    """The expression, written now (under `sql_mode`) or kept before."""
    return parse_kept(text).tree if "_utf8mb4'" in text else parse_expression(text, sql_mode).tree


def _generated(table: Table, number: int, sql_mode: frozenset[str]) -> Column:
    column = table.columns[number]
    assert column.generated is not None
    in_key = not table.has_row_id and column.name in {p.column for p in table.clustered.parts}
    if in_key and not column.generated_stored:
        raise SqlError(3106, "Defining a virtual generated column as primary key")
    tree = _tree(column.generated, table, sql_mode)
    for feature in disallowed(tree):
        match feature:
            case "subquery":
                raise SqlError(3102, column.name)
            case "variable":
                raise SqlError(3772, column.name)
        raise SqlError(3763, column.name, feature)
    before = {one.name for one in table.columns[:number]}

    def missing(shown: str) -> SqlError:
        return SqlError(1054, shown, _GENERATED_CLAUSE)

    for node in tree.walk():
        if isinstance(node, exp.Column):
            named = named_column(table, node, missing)
            if named.auto_increment:
                raise SqlError(3109, column.name)
            if named.generated is not None and named.name not in before:
                raise SqlError(3107)
    return replace(column, generated=printed(table, tree, missing))


def _default(table: Table, number: int, sql_mode: frozenset[str]) -> Column:
    column = table.columns[number]
    assert column.default is not None
    tree = _tree(column.default, table, sql_mode)
    for feature in disallowed(tree):
        match feature:
            case "subquery":
                raise SqlError(3769, column.name)
            case "variable":
                raise SqlError(3772, column.name)
        if feature not in _FOR_DEFAULTS:
            raise SqlError(3770, column.name, feature)

    def missing(shown: str) -> SqlError:
        return SqlError(1054, shown, _DEFAULT_CLAUSE)

    later = {one.name for one in table.columns[number:]}
    for node in tree.find_all(exp.Column):
        named = named_column(table, node, missing)
        if named.auto_increment:
            raise SqlError(3768, column.name)
        is_computed = named.generated is not None or named.has_default_expression
        if is_computed and named.name in later:
            raise SqlError(3767, column.name)
    return replace(column, default=f"({printed(table, tree, missing)})")


def _check_actions(table: Table) -> None:
    """A foreign key's action computes nothing when it changes a row: refuse what would need it."""
    used = {
        name
        for column in table.columns
        if column.generated is not None
        for name in columns_in(column.generated)
    }
    for key in table.foreign_keys:
        changes = key.on_delete == "SET NULL" or key.on_update in ("CASCADE", "SET NULL")
        if changes and used & set(key.columns):
            raise SqlError(1235, "foreign key actions on columns of generated columns")
