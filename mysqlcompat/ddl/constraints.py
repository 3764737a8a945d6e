"""Constraints of a statement: those of CREATE TABLE, and those that ALTER TABLE adds and drops.

What may be defined is decided by `foreign_keys` and `checks`; this module knows rows as well: a key
or a CHECK that is added must hold for the rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from btree.foreign_keys import leading_index
from btree.schema import Check, ForeignKey, Index, Table
from mysqlcompat import compiler
from mysqlcompat.ddl import foreign_keys, generated
from mysqlcompat.ddl.checks import add_checks
from mysqlcompat.ddl.foreign_keys import add_foreign_keys, check_waiting_children, world_of
from mysqlcompat.ddl.indexes import add_index
from mysqlcompat.ddl.initial import over_old_rows
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql.parse_table import index_of
from mysqlcompat.sql.statements import CreateTable, ForeignKeyDefinition, IndexDefinition

if TYPE_CHECKING:
    from mysqlcompat.session import Session

ACTIONS = (
    act.AddForeignKey,
    act.DropForeignKey,
    act.AddCheck,
    act.DropCheck,
    act.DropConstraint,
    act.SetEnforced,
)


def complete(session: Session, table: Table, statement: CreateTable) -> Table:
    """The new table with its foreign keys and checks; ERROR 1215 … when it may not come."""
    world = world_of(session)
    table = add_foreign_keys(world, table, statement.foreign_keys)
    table = generated.complete(table, session.sql_mode)
    by_name = not statement.temporary
    table = add_checks(world, table, statement.checks, session.sql_mode, by_name)
    check_waiting_children(world, table)
    return table


def copied(table: Table, name: str) -> Table:
    """What CREATE TABLE … LIKE takes over: checks, under made-up names; no foreign keys."""
    checks = tuple(
        replace(check, name=f"{name}_chk_{number}") for number, check in enumerate(table.checks, 1)
    )
    return replace(table, foreign_keys=(), checks=checks)


def resolved(table: Table, actions: Sequence[act.Action]) -> list[act.Action]:
    """The actions, DROP CONSTRAINT and ALTER CONSTRAINT saying what they are about.

    ERROR 3939 when several constraints have the name, 3940 when none has.
    """
    made: list[act.Action] = []
    for action in actions:
        if isinstance(action, act.DropConstraint):
            made.append(_drop_of(table, action.name))
        elif isinstance(action, act.SetEnforced) and action.any_constraint:
            if not _named(table.checks, action.name):
                _no_such(table, action.name)
            made.append(replace(action, any_constraint=False))
        else:
            made.append(action)
    return made


def _drop_of(table: Table, name: str) -> act.Action:
    found: list[act.Action] = []
    if _named(table.foreign_keys, name):
        found.append(act.DropForeignKey(name))
    if _named(table.checks, name):
        found.append(act.DropCheck(name))
    for index in table.indexes:
        if index.unique and index.name.casefold() == name.casefold():
            found.append(act.DropIndexAction(index.name))
    if not found:
        raise SqlError(3940, name)
    if len(found) > 1:
        raise SqlError.with_text(
            3939,
            f"Table has multiple constraints with the name '{name}'. Please use constraint specific"
            " 'DROP' clause.",
        )
    return found[0]


def _no_such(table: Table, name: str) -> None:
    known = _named(table.foreign_keys, name) or any(
        index.unique and index.name.casefold() == name.casefold() for index in table.indexes
    )
    raise SqlError(3897 if known else 3940, name)


def _named(constraints: Sequence[ForeignKey] | Sequence[Check], name: str) -> bool:
    return any(one.name.casefold() == name.casefold() for one in constraints)


def indexes_wanted(
    table: Table, indexes: Sequence[Index], actions: Sequence[act.Action]
) -> list[Index]:
    """Indexes that added foreign keys need and do not find among `indexes`."""
    made: list[Index] = []
    for action in actions:
        if isinstance(action, act.AddForeignKey):
            there = (*indexes, *made)
            explicit = tuple(one for one in there if not one.generated or one in made)
            named = action.key.name is not None or action.key.index_name is not None
            serving = explicit if named else there
            if leading_index(serving, action.key.columns) is None:
                made.append(add_index(table.columns, there, _unclaimed(action.key, there)))
    return made


def superseded(indexes: Sequence[Index], new: Sequence[Index]) -> list[Index]:
    """Indexes made for foreign keys that a new one serves as well."""
    return [
        index
        for index in indexes
        if index.generated
        and leading_index(tuple(new), tuple(part.column for part in index.parts)) is not None
    ]


def _unclaimed(key: ForeignKeyDefinition, there: Sequence[Index]) -> IndexDefinition:
    """The index of a key; a name that is taken already is left out."""
    wanted = index_of(key)
    taken = {index.name.casefold() for index in there}
    if wanted.name is not None and wanted.name.casefold() in taken:
        return replace(wanted, name=None)
    return wanted


def altered(session: Session, table: Table, actions: Sequence[act.Action]) -> Table:
    """The definition after these (`resolved`) actions; its indexes are as they will be."""
    world = world_of(session)
    keys, checks = list(table.foreign_keys), list(table.checks)
    new_keys, new_checks = [], []
    for action in actions:
        match action:
            case act.DropForeignKey(name):
                keys = _without(keys, name, SqlError(1091, name))
            case act.DropCheck(name):
                checks = _without(checks, name, SqlError(3821, name))
            case act.SetEnforced(name, enforced):
                if not _named(checks, name):
                    raise SqlError(3821, name)
                checks = [
                    replace(one, enforced=enforced)
                    if one.name.casefold() == name.casefold()
                    else one
                    for one in checks
                ]
            case act.AddForeignKey(key):
                new_keys.append(key)
            case act.AddCheck(check):
                new_checks.append(check)
    made = replace(table, foreign_keys=tuple(keys), checks=tuple(checks))
    made = generated.complete(add_foreign_keys(world, made, new_keys), session.sql_mode)
    return add_checks(world, made, new_checks, session.sql_mode)


_Constraint = TypeVar("_Constraint", ForeignKey, Check)


def _without(there: list[_Constraint], name: str, missing: SqlError) -> list[_Constraint]:
    left = [one for one in there if one.name.casefold() != name.casefold()]
    if len(left) == len(there):
        raise missing
    return left


async def check_rows(session: Session, old: Table, new: Table, sources: Sequence[int]) -> None:
    """The rows of a table must hold to what is new in its definition; ERROR 1452, 3819.

    sources  numbers of the old columns that the new ones were, -1: added
    """
    world = world_of(session)
    before = {check.name for check in old.checks if check.enforced}
    for check in new.checks:
        if check.enforced and check.name not in before:
            condition = over_old_rows(check.expression, old, new, sources)
            text = (
                f"SELECT 1 FROM {quote_name(old.database)}.{quote_name(old.name)} "
                f"WHERE NOT ({condition}) LIMIT 1"
            )
            if await compiler.first_text(text, session) is not None:
                raise SqlError(3819, check.name)
    if not world.checks:
        return
    known = {key.name for key in old.foreign_keys}
    for key in new.foreign_keys:
        if key.name in known:
            continue
        itself = (key.database, key.table) == (old.database, old.name)
        parent = old if itself else world.find(key.database, key.table)
        assert parent is not None
        query = foreign_keys.orphan_query(old, key, parent)
        if await compiler.first_text(query, session) is not None:
            raise foreign_keys.missing_parent(new, key)


async def rows_to_check(session: Session, old: Table, new: Table) -> int:
    """Rows that MySQL copies, and counts, to check what is new; 0 when nothing is."""
    known = {key.name for key in old.foreign_keys}
    added = [key for key in new.foreign_keys if key.name not in known]
    is_checked = world_of(session).checks and bool(added)
    before = {check.name for check in old.checks if check.enforced}
    for check in new.checks:
        is_checked = is_checked or (check.enforced and check.name not in before)
    if not is_checked:
        return 0
    text = f"SELECT COUNT(*) FROM {quote_name(old.database)}.{quote_name(old.name)}"
    return int(await compiler.first_text(text, session) or 0)
