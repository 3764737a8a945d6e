"""CHECK constraints in data definition: what they may say, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from btree.schema import Check, Column, Table
from mysqlcompat.ddl.expression_text import Printer, call_name, is_condition
from mysqlcompat.ddl.foreign_keys import World, generated_number
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.aggregate import AGGREGATES
from mysqlcompat.sql.parse import parse_expression
from mysqlcompat.sql.statements import CheckDefinition
from mysqlcompat.sql.table_expressions import check_expression, parse_kept

#: Functions whose value is not the arguments' alone.
_UNSTABLE_TEXT: Final = """
    rand now sysdate curdate current_date curtime current_time current_timestamp localtime
    localtimestamp utc_date utc_time utc_timestamp user current_user session_user system_user
    connection_id database schema version uuid uuid_short found_rows row_count last_insert_id
    sleep benchmark get_lock release_lock release_all_locks is_free_lock is_used_lock load_file
    name_const values random_bytes current_role statement_digest statement_digest_text
"""
UNSTABLE: Final = frozenset(_UNSTABLE_TEXT.split())
_CLOCK: Final = {
    exp.CurrentTimestamp: "now", exp.CurrentDate: "curdate", exp.CurrentTime: "curtime",
    exp.CurrentUser: "current_user", exp.Localtime: "now", exp.Localtimestamp: "now",
    exp.UtcTimestamp: "utc_timestamp", exp.UtcDate: "utc_date", exp.UtcTime: "utc_time",
}  # fmt: skip


def add_checks(
    world: World,
    table: Table,
    definitions: Sequence[CheckDefinition],
    sql_mode: frozenset[str],
    by_name: bool = True,
) -> Table:
    """The table with these constraints; ERROR 3812 to 3816, 3818, 3820, 3822, 3823.

    by_name  rows are checked in the order of their names, as the dictionary has them
    """
    if not definitions:
        check_actions(table)
        return table
    taken = world.check_names(table.database, table.name)
    taken |= {check.name.casefold() for check in table.checks}
    numbers = [generated_number(table.name, check.name, "chk") for check in table.checks]
    number = max(numbers, default=0)
    checks = list(table.checks)
    for definition in definitions:
        name = definition.name
        if name is None:
            number += 1
            name = f"{table.name}_chk_{number}"
        if name.casefold() in taken:
            raise SqlError(3822, name)
        taken.add(name.casefold())
        checks.append(_made(table, definition, name, sql_mode))
    if by_name:
        checks.sort(key=lambda one: one.name.casefold())
    made = replace(table, checks=tuple(checks))
    check_actions(made)
    return made


def check_actions(table: Table) -> None:
    """ERROR 3823 when a foreign key's action changes a column that a CHECK is about."""
    changed = {
        column: key.name
        for key in table.foreign_keys
        for column in key.columns
        if key.on_delete == "SET NULL" or key.on_update in ("CASCADE", "SET NULL")
    }
    for check in table.checks:
        for name in columns_in(check.expression):
            if name in changed:
                raise SqlError(3823, name, check.name, changed[name])


def columns_in(expression: str) -> list[str]:
    """Names of the columns in an expression of the dictionary."""
    tree = parse_kept(expression).tree
    return [node.name for node in tree.walk() if isinstance(node, exp.Column)]


def _made(table: Table, definition: CheckDefinition, name: str, sql_mode: frozenset[str]) -> Check:
    tree = parse_expression(definition.source, sql_mode).tree
    named = {node.name.casefold() for node in tree.walk() if isinstance(node, exp.Column)}
    if definition.column and named - {definition.column.casefold()}:
        raise SqlError(3813, name)  # before all else: whether there is such a column, too
    if not is_condition(tree):
        raise SqlError(3812, name)
    for feature in disallowed(tree):
        match feature:
            case "subquery":
                raise SqlError(3815, name)
            case "variable":
                raise SqlError(3816, name)
        raise SqlError(3814, name, feature)

    def missing(shown: str) -> SqlError:
        return SqlError(3820, name, shown)

    for node in tree.walk():
        if isinstance(node, exp.Column):
            column = named_column(table, node, missing)
            if column.auto_increment:
                raise SqlError(3818, name)
    text = printed(table, tree, missing)
    check = Check(name, text, definition.enforced)
    check_expression(table, check)  # mistakes in types and functions
    return check


def disallowed(tree: Any) -> Iterator[str]:
    """What a table's expression may not have: "subquery", "variable", or a function's name."""
    for node in tree.walk():
        match node:
            case exp.Subquery() | exp.Select() | exp.Exists():
                yield "subquery"
            case exp.Parameter() | exp.SessionParameter() | exp.PropertyEQ():
                yield "variable"
            case exp.Anonymous():
                name = call_name(node)
                if name in AGGREGATES:
                    raise SqlError(1111)
                if name in UNSTABLE or (name == "unix_timestamp" and not node.expressions):
                    yield name
            case exp.GroupConcat():
                raise SqlError(1111)
            case _ if type(node) in _CLOCK:
                yield _CLOCK[type(node)]


def named_column(table: Table, node: Any, missing: Callable[[str], SqlError]) -> Column:
    """The column of the table that a node names."""
    fits = not node.table or node.table == table.name
    for column in table.columns:
        if fits and column.name.casefold() == node.name.casefold():
            return column
    raise missing(f"{node.table}.{node.name}" if node.table else node.name)


def printed(table: Table, tree: Any, missing: Callable[[str], SqlError]) -> str:
    """The expression as the dictionary keeps it."""
    return Printer(lambda node: quote_name(named_column(table, node, missing).name)).text(tree)
