"""ALTER TABLE, CREATE INDEX, DROP INDEX, run: at once, beside the writers, or by a copy.

A statement's life: 1 others may read and write the table, but not alter it; 2 `alteration` says
what is wanted, `algorithms` whether that is what was asked for; 3 one of

*at once*  only the definition changes; rows written before are read by their own format
*beside*   new indexes are built while others change rows (`btree.index_build`)
*copied*   all rows are written into a table that has no name yet (`rebuild`); others only read

4 nobody uses the table any more: the new definition takes the old one's place in one step, indexes,
names and all. An error, KILL or crash before that leaves what was there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from btree.errors import DuplicateKey
from btree.index_build import IndexBuild
from btree.row_formats import with_row_format
from btree.schema import Index, Table
from mysqlcompat import compiler, table_locks
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.ddl import algorithms, alteration, constraints, foreign_keys, rebuild
from mysqlcompat.ddl.algorithms import COPY
from mysqlcompat.ddl.alteration import Alteration
from mysqlcompat.ddl.indexes import warn_of_duplicates
from mysqlcompat.ddl.initial import initial_value
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.machine.duplicates import LONGEST_ENTRY
from mysqlcompat.metadata_locks import Mode
from mysqlcompat.results import Ok, Result
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql.alter_actions import AlterTable
from mysqlcompat.stages import BUILDING, Stage
from mysqlcompat.temporary_tables import is_temporary

if TYPE_CHECKING:
    from mysqlcompat.session import Session


async def alter_table(session: Session, statement: AlterTable, table: Table) -> Result:
    """Alter a table that is locked SHARED_UPGRADABLE."""
    actions = constraints.resolved(table, statement.actions)
    made = alteration.alter(table, actions, session.warn, session.sql_mode)
    need = algorithms.needed(made, actions)
    if is_temporary(table):
        need = replace(need, level=COPY)  # nobody else is there to wait
        made.says_nothing = False
    algorithms.check(statement, need)
    await _constrain(session, made, actions)
    _rename(session, made)
    shown = f"{table.database}.{table.name}"
    old_indexes = [index for index in made.new.indexes if index.index_id]
    warn_of_duplicates(made.added_indexes, old_indexes, shown, session.warn)
    if not actions or (made.new == table and made.says_nothing):
        return Ok()
    is_copy = need.level == COPY or statement.algorithm == "COPY"
    if is_copy or _needs_copy(made):
        records = await rebuild.copied(session, made, is_copy)
    else:
        await _in_place(session, made)
    if not is_copy:
        records = made.checked_rows
    if made.says_nothing:
        return Ok()
    warnings = session.diagnostics.warning_count
    info = f"Records: {records}  Duplicates: 0  Warnings: {warnings}"
    return Ok(affected=records, info=info)


async def _constrain(session: Session, made: Alteration, actions: Sequence[act.Action]) -> None:
    """Foreign keys and CHECKs of the new definition, and the indexes they want."""
    table, new = made.old, made.new
    is_asked = any(isinstance(action, constraints.ACTIONS) for action in actions)
    kept = [index for index in new.indexes if index.index_id]
    added = made.added_indexes
    added += constraints.indexes_wanted(new, new.indexes, actions)
    going = constraints.superseded(kept, added)
    kept = [index for index in kept if index not in going]
    new = replace(new, indexes=tuple(index for index in (*new.indexes, *added) if index in kept
                                     or index in added))  # fmt: skip
    new = replace(new, indexes=tuple(dict.fromkeys(new.indexes)))
    new = foreign_keys.columns_renamed(new, made.renamed)
    new = constraints.altered(session, new, actions)
    if not is_temporary(table):
        foreign_keys.check_altered(foreign_keys.world_of(session), table, new, made.renamed)
    elif new.foreign_keys:
        raise SqlError(1215)
    if is_asked:
        await table_locks.upgrade(session, table, Mode.SHARED_NO_WRITE)
        await constraints.check_rows(session, table, new, made.sources)
        made.checked_rows = await constraints.rows_to_check(session, table, new)
    made.new = new


def _catalog(session: Session) -> Any:
    return session.node.engine.catalog


def _rename(session: Session, made: Alteration) -> None:
    """The name RENAME TO gives, and what follows it. ERROR 1044, 1049, 1050."""
    is_own = is_temporary(made.old)
    world = foreign_keys.world_of(session)
    if made.rename_to is not None:
        view = CatalogView(session)
        database = view.resolve_database(made.rename_to.database or made.old.database)
        name = made.rename_to.name
        is_other = (database, name) != (made.old.database, made.old.name)
        find = session.temporary.find if is_own else view.find_shared
        if is_other and find(database, name) is not None:
            raise SqlError(1050, name)
        made.new = foreign_keys.table_renamed(made.new, database, name)
        if is_other and not is_own:
            foreign_keys.check_waiting_children(world, made.new)
    if is_own:
        return
    made.followers = foreign_keys.children_of_renamed(world, made.old, made.new, made.renamed)


def _needs_copy(made: Alteration) -> bool:
    """Whether rows must be written anew here, whatever MySQL does."""
    added = [new for new, s in zip(made.new.columns, made.sources, strict=True) if s < 0]
    if made.rebuild or not made.new.clustered.index_id or any(c.auto_increment for c in added):
        return True
    if any(c.generated is not None or c.has_default_expression for c in added):
        return True
    if any(before.generated != after.generated for before, after in made.changed_columns()):
        return True
    try:
        with_row_format(made.old, made.new, made.sources)
    except ValueError:
        return True
    return False


async def lock_for_change(session: Session, made: Alteration) -> None:
    """Nobody uses the table, nor the name it will have."""
    await table_locks.exclusive(session, made.old)
    if is_temporary(made.old):
        return
    if (made.new.database, made.new.name) != (made.old.database, made.old.name):
        await table_locks.exclusive_name(session, made.new.database, made.new.name)


async def next_counter(session: Session, made: Alteration) -> int:
    """The next AUTO_INCREMENT value if AUTO_INCREMENT = asks for another one: it, or what follows
    the greatest value there is. 0: as it is. Nobody uses the table."""
    column = next((one for one in made.old.columns if one.auto_increment), None)
    if made.counter is None or column is None:
        return 0
    place = f"{quote_name(made.old.database)}.{quote_name(made.old.name)}"
    name = quote_name(column.name)
    text = f"SELECT {name} FROM {place} ORDER BY {name} DESC LIMIT 1"
    greatest = int(float(await compiler.first_text(text, session) or 0))
    return max(made.counter, greatest + 1, 1)


async def _in_place(session: Session, made: Alteration) -> None:
    """Change the definition; build indexes first, while others go on."""
    if any(b.nullable and not a.nullable for b, a in made.changed_columns()):
        await table_locks.upgrade(session, made.old, Mode.SHARED_NO_WRITE)
        await _check_no_nulls(session, made)
    columns = []
    is_empty = not _catalog(session).has_rows(made.old)
    for column, source in zip(made.new.columns, made.sources, strict=True):
        if source >= 0:
            columns.append(replace(column, initial=made.old.columns[source].initial))
        else:
            columns.append(initial_value(session, column, is_empty))
    new = with_row_format(made.old, replace(made.new, columns=tuple(columns)), made.sources)
    wanted = [index for index in new.indexes if not index.index_id]
    if not wanted:
        await lock_for_change(session, made)
        counter = await next_counter(session, made)
        _catalog(session).alter_table(made.old, new, made.followers, counter=counter)
        return
    catalog = _catalog(session)
    trees = catalog.make_trees(wanted)
    try:
        new = replace(new, indexes=_with_trees(new.indexes, trees))
        built = replace(new, indexes=_built_last(new.indexes, trees))
        await table_locks.exclusive(session, made.old)  # whoever has changed rows has ended
        build = IndexBuild(session.node.engine, built, trees)
        try:
            if not table_locks.owns(session, made.old):
                table_locks.downgrade(session, made.old)
            await run_build(session, build)
            await lock_for_change(session, made)
            counter = await next_counter(session, made)
            build.finish()
        finally:
            build.close()
        catalog.alter_table(made.old, new, made.followers, trees, counter)
    except DuplicateKey as error:
        raise await duplicate_of(session, made.old, made, error.index) from error
    finally:
        catalog.abandon_trees(trees)


def _with_trees(indexes: tuple[Index, ...], trees: list[Index]) -> tuple[Index, ...]:
    """The indexes, those without an id replaced by the ones that trees were made for."""
    made = iter(trees)
    return tuple(index if index.index_id else next(made) for index in indexes)


def _built_last(indexes: tuple[Index, ...], trees: list[Index]) -> tuple[Index, ...]:
    ids = {index.index_id for index in trees}
    return (*(index for index in indexes if index.index_id not in ids), *trees)


async def run_build(session: Session, build: IndexBuild) -> None:
    """Do the slices of a build; others run in between."""
    session.long_stage = Stage("altering table", lambda: BUILDING[build.stage], build.work)
    try:
        while build.step():
            await asyncio.sleep(0)
            await session.node.gate.admitted(session)
    finally:
        session.long_stage = None


async def _check_no_nulls(session: Session, made: Alteration) -> None:
    """ERROR 1138 when a column that becomes NOT NULL has NULLs."""
    for before, after in made.changed_columns():
        if before.nullable and not after.nullable:
            place = f"{quote_name(made.old.database)}.{quote_name(made.old.name)}"
            column = quote_name(before.name)
            text = f"SELECT 1 FROM {place} WHERE {column} IS NULL LIMIT 1"
            if await compiler.first_text(text, session) is not None:
                raise SqlError(1138)


async def duplicate_of(
    session: Session, place: Table, made: Alteration, index_name: str
) -> SqlError:
    """ERROR 1062 about the least key that two rows have."""
    index = made.new.indexes[made.new.index_no(index_name)]
    before = {to.casefold(): name for name, to in made.renamed.items()}
    keys = [
        _quoted(before.get(part.column.casefold(), part.column), part.length)
        for part in index.parts
    ]
    text = (
        f"SELECT CONCAT_WS('-', {', '.join(keys)}) FROM {quote_name(place.database)}."
        f"{quote_name(place.name)} WHERE {' AND '.join(f'{key} IS NOT NULL' for key in keys)}"
        f" GROUP BY {', '.join(keys)} HAVING COUNT(*) > 1 ORDER BY {', '.join(keys)} LIMIT 1"
    )
    found = await compiler.first_text(text, session)
    return SqlError(1062, (found or "")[:LONGEST_ENTRY], f"{made.new.name}.{index.name}")


def _quoted(name: str, prefix: int) -> str:
    return f"LEFT({quote_name(name)}, {prefix})" if prefix else quote_name(name)
