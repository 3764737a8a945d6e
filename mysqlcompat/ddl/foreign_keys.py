"""Foreign keys in data definition: what may be defined, dropped, renamed, and what follows.

All functions look at definitions only; rows are the callers' business (`ddl.constraints`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from btree.foreign_keys import ForeignKeys, child_index, parent_index
from btree.schema import Column, ColumnType, ForeignKey, Table, TypeKind
from mysqlcompat.ddl.text import foreign_key_text, quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import ForeignKeyDefinition

_BINARY = (TypeKind.BINARY, TypeKind.VARBINARY)
_TEXT = (TypeKind.CHAR, TypeKind.VARCHAR)


@dataclass(frozen=True, slots=True)
class World:
    """What definitions are checked against.

    find    a stored table by database and name, None when there is none
    keys    the engine's foreign keys
    check_names  folded names of the CHECKs of a database's tables but one
    with_keys  the tables that have foreign keys
    checks  foreign_key_checks
    """

    find: Callable[[str, str], Table | None]
    keys: ForeignKeys
    check_names: Callable[[str, str], set[str]]
    with_keys: Callable[[], Iterable[Table]]
    checks: bool


def generated_name(table: str, number: int) -> str:
    return f"{table}_ibfk_{number}"


def generated_number(table: str, name: str, kind: str = "ibfk") -> int:
    """n of the made-up name `table_ibfk_n`, 0 for any other name."""
    found = re.fullmatch(rf"{re.escape(table)}_{kind}_([1-9][0-9]*)", name, re.IGNORECASE)
    return int(found[1]) if found else 0


def add_foreign_keys(
    world: World, table: Table, definitions: Sequence[ForeignKeyDefinition]
) -> Table:
    """The table with these keys, each checked; its indexes are there already.

    ERROR 1072, 1215, 1824, 1826, 1830, 3734, 3780, 6125.
    """
    if not definitions:
        return table
    taken = {
        key.name.casefold()
        for one in world.with_keys()
        if one.database == table.database and one.name != table.name
        for key in one.foreign_keys
    }
    taken |= {key.name.casefold() for key in table.foreign_keys}
    numbers = [generated_number(table.name, key.name) for key in table.foreign_keys]
    number = max(numbers, default=0)
    keys = list(table.foreign_keys)
    for definition in definitions:
        name = definition.name
        if name is None:
            number += 1
            name = generated_name(table.name, number)
        if name.casefold() in taken:
            raise SqlError(1826, name)
        taken.add(name.casefold())
        keys.append(_made(world, table, definition, name))
    return replace(table, foreign_keys=tuple(keys))


def _made(world: World, table: Table, definition: ForeignKeyDefinition, name: str) -> ForeignKey:
    columns = tuple(_column(table, one).name for one in definition.columns)
    if "SET DEFAULT" in (definition.on_delete, definition.on_update):
        raise SqlError(1215)
    key = ForeignKey(
        name,
        columns,
        definition.parent.database or table.database,
        definition.parent.name,
        definition.parent_columns,
        definition.on_delete,
        definition.on_update,
        definition.match,
    )
    for column in columns:
        _check_nullable(_column(table, column), key)
    parent = _parent(world, table, key)
    if parent is None:
        if world.checks:
            raise SqlError(1824, key.table)
        if not key.parent_columns:
            raise SqlError(1239, name, "Key reference and table reference don't match")
        return key
    if not key.parent_columns:
        named = () if parent.has_row_id else parent.clustered.parts
        if len(named) != len(columns):
            raise SqlError(1239, name, "Key reference and table reference don't match")
        key = replace(key, parent_columns=tuple(part.column for part in named))
    return _matched(table, key, parent)


def _column(table: Table, name: str) -> Column:
    for column in table.columns:
        if column.name.casefold() == name.casefold():
            return column
    raise SqlError(1072, name)


def _check_nullable(column: Column, key: ForeignKey) -> None:
    if not column.nullable and "SET NULL" in (key.on_delete, key.on_update):
        raise SqlError(1830, column.name, key.name)
    if column.generated is not None:
        _check_generated(column, key)


def _check_generated(column: Column, key: ForeignKey) -> None:
    if not column.generated_stored:
        raise SqlError(3733, key.name, column.name)
    for event, action in (("UPDATE", key.on_update), ("DELETE", key.on_delete)):
        if action == "SET NULL" or (action == "CASCADE" and event == "UPDATE"):
            raise SqlError(3104, f"ON {event} {action}")


def _parent(world: World, table: Table, key: ForeignKey) -> Table | None:
    if (key.database, key.table) == (table.database, table.name):
        return table
    return world.find(key.database, key.table)


def _matched(table: Table, key: ForeignKey, parent: Table) -> ForeignKey:
    """The key with its parent's columns as they are spelt; ERROR 3734, 3780, 6125."""
    spelt: list[str] = []
    for mine, theirs in zip(key.columns, key.parent_columns, strict=True):
        found = [one for one in parent.columns if one.name.casefold() == theirs.casefold()]
        if not found:
            raise SqlError(3734, theirs, key.name, parent.name)
        spelt.append(found[0].name)
        if not alike(_column(table, mine).type, found[0].type):
            raise SqlError(3780, mine, found[0].name, key.name)
    key = replace(key, parent_columns=tuple(spelt))
    if parent_index(parent, key.parent_columns) is None:
        raise SqlError(6125, key.name, parent.name)
    return key


def alike(child: ColumnType, parent: ColumnType) -> bool:
    """Whether a column of one type may refer to one of the other."""
    if child.kind in _TEXT and parent.kind in _TEXT:
        return child.collation == parent.collation
    if child.kind in _BINARY and parent.kind in _BINARY:
        return True
    same = child.kind is parent.kind and child.unsigned == parent.unsigned
    return same and (child.precision, child.scale) == (parent.precision, parent.scale)


# What is there already


def check_waiting_children(world: World, table: Table) -> None:
    """A parent comes, or comes back: do the keys that name it fit? ERROR 1215, 3734, 3780, 6125."""
    for naming in world.keys.naming(table.database, table.name):
        if naming.child.name == table.name and naming.child.database == table.database:
            continue
        try:
            _matched(naming.child, naming.key, table)
        except SqlError as error:
            if world.checks and error.errno != 3734:
                raise SqlError(1215) from error
            raise


def check_database_droppable(world: World, database: str) -> None:
    """ERROR 3730 when a key of another database's table names a table of this one."""
    for child in world.with_keys():
        for key in child.foreign_keys:
            inside = key.database == database and world.find(database, key.table) is not None
            if world.checks and inside and child.database != database:
                raise SqlError(3730, key.table, key.name, child.name)


def check_droppable(world: World, tables: Sequence[Table]) -> None:
    """ERROR 3730 when a key of a table that stays names one that goes."""
    going = {(table.database, table.name) for table in tables}
    if not world.checks:
        return
    for table in tables:
        for naming in world.keys.naming(table.database, table.name):
            if (naming.child.database, naming.child.name) not in going:
                raise SqlError(3730, table.name, naming.key.name, naming.child.name)


def check_truncatable(world: World, table: Table) -> None:
    """ERROR 1701 when another table's key names this one."""
    for naming in world.keys.naming(table.database, table.name):
        child = naming.child
        if world.checks and child.table_id != table.table_id:
            place = f"{quote_name(child.database)}.{quote_name(child.name)}"
            raise SqlError(1701, f"{place}, CONSTRAINT {quote_name(naming.key.name)}")


def check_altered(world: World, old: Table, new: Table, renamed: Mapping[str, str]) -> None:
    """Whether the keys of and to a table survive its alteration.

    renamed  old column names to new ones
    ERROR 1553, 1828, 1829, 1830, 3734, 3780, 6125
    """
    stays = {column.name.casefold() for column in new.columns}
    for key in old.foreign_keys:
        kept = [one for one in new.foreign_keys if one.name == key.name]
        for name in key.columns if kept else ():
            if renamed.get(name, name).casefold() not in stays:
                raise SqlError(1828, name, key.name)
    for naming in world.keys.naming(old.database, old.name):
        if naming.child.table_id == old.table_id:
            continue
        for name in naming.key.parent_columns:
            if renamed.get(name, name).casefold() not in stays:
                raise SqlError(1829, name, naming.key.name, naming.child.name)
        key = _with_parent_columns(naming.key, renamed)
        if parent_index(new, key.parent_columns) is None:
            raise SqlError(1553, _index_name(old, naming.key))
        _matched(naming.child, key, new)
    for key in new.foreign_keys:
        if child_index(new, key) is None:
            raise SqlError(1553, _leading_name(old, key))
        for name in key.columns:
            _check_nullable(_column(new, name), key)
        parent = _parent(world, new, key)
        if parent is not None:
            _matched(new, key, parent)


def _index_name(table: Table, key: ForeignKey) -> str:
    number = parent_index(table, key.parent_columns)
    return "" if number is None else table.indexes[number].name


def _leading_name(table: Table, key: ForeignKey) -> str:
    number = child_index(table, key)
    return "" if number is None else table.indexes[number].name


# What follows


def _with_parent_columns(key: ForeignKey, renamed: Mapping[str, str]) -> ForeignKey:
    return replace(
        key, parent_columns=tuple(renamed.get(name, name) for name in key.parent_columns)
    )


def columns_renamed(table: Table, renamed: Mapping[str, str]) -> Table:
    """The table's own keys after its columns got other names; a key to itself too."""
    keys = []
    for key in table.foreign_keys:
        key = replace(key, columns=tuple(renamed.get(name, name) for name in key.columns))
        if (key.database, key.table) == (table.database, table.name):
            key = _with_parent_columns(key, renamed)
        keys.append(key)
    return replace(table, foreign_keys=tuple(keys))


def table_renamed(table: Table, database: str, name: str) -> Table:
    """The table under another name: made-up names of constraints follow, keys to itself too."""
    keys = []
    for key in table.foreign_keys:
        number = generated_number(table.name, key.name)
        if number:
            key = replace(key, name=generated_name(name, number))
        if (key.database, key.table) == (table.database, table.name):
            key = replace(key, database=database, table=name)
        keys.append(key)
    checks = []
    for check in table.checks:
        number = generated_number(table.name, check.name, "chk")
        checks.append(replace(check, name=f"{name}_chk_{number}") if number else check)
    return replace(
        table,
        database=database,
        name=name,
        foreign_keys=tuple(keys),
        checks=tuple(checks),
    )


def children_of_renamed(
    world: World, old: Table, new: Table, renamed: Mapping[str, str]
) -> list[Table]:
    """Other tables whose keys name the one that has another name or other column names now."""
    changed: dict[int, Table] = {}
    for naming in world.keys.naming(old.database, old.name):
        if naming.child.table_id == old.table_id:
            continue
        child = changed.get(naming.child.table_id, naming.child)
        keys = list(child.foreign_keys)
        key = _with_parent_columns(naming.key, renamed)
        keys[naming.number] = replace(key, database=new.database, table=new.name)
        child = replace(child, foreign_keys=tuple(keys))
        if child != naming.child:
            changed[child.table_id] = child
    return list(changed.values())


def orphan_query(table: Table, key: ForeignKey, parent: Table) -> str:
    """A SELECT that gives a row when some row of the table has no parent."""
    pairs = list(zip(key.columns, key.parent_columns, strict=True))
    on = " AND ".join(f"c.{quote_name(a)} = p.{quote_name(b)}" for a, b in pairs)
    given = " AND ".join(f"c.{quote_name(a)} IS NOT NULL" for a, _ in pairs)
    return (
        f"SELECT 1 FROM {quote_name(table.database)}.{quote_name(table.name)} AS c LEFT JOIN "
        f"{quote_name(parent.database)}.{quote_name(parent.name)} AS p ON {on} "
        f"WHERE {given} AND p.{quote_name(pairs[0][1])} IS NULL LIMIT 1"
    )


def missing_parent(table: Table, key: ForeignKey) -> SqlError:
    """ERROR 1452 about rows that are there when a key is added."""
    place = f"{quote_name(table.database)}.{quote_name(table.name)}"
    return SqlError(1452, f" ({place}, {foreign_key_text(key, table.database)})")


def world_of(session: Any) -> World:
    """What a session's data definition is checked against."""
    engine = session.node.engine
    checks = bool(session.variables.get("foreign_key_checks"))
    catalog = engine.catalog
    return World(
        catalog.table,
        engine.foreign_keys,
        catalog.check_names,
        catalog.tables_with_foreign_keys,
        checks,
    )
