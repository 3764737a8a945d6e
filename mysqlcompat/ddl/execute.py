"""Data definition statements, run: rules that need the catalog, then the catalog's atomic change.

Every statement commits what is open before it starts. The catalog makes one mini-transaction per
statement, and the statement answers when it is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Table
from mysqlcompat import table_locks
from mysqlcompat.catalog_view import CatalogView, is_virtual
from mysqlcompat.ddl import alter, constraints, create_select, foreign_keys
from mysqlcompat.ddl.definition import Charset, make_table, resolve_charset
from mysqlcompat.errors import SqlError
from mysqlcompat.metadata_locks import Mode
from mysqlcompat.results import Ok, Result
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql import statements as st
from mysqlcompat.sql.statements import TableName
from mysqlcompat.temporary_tables import is_temporary, marked, unmarked
from mysqlcompat.transaction import check_room

if TYPE_CHECKING:
    from mysqlcompat.session import Session


async def run(session: Session, statement: st.Statement) -> Result:
    """Run one data definition statement."""
    if session.node.read_only:
        raise SqlError(1290, "--read-only")
    check_room(session.node)
    if getattr(statement, "temporary", False):
        session.transaction.check_write()  # this commits nothing, and nobody else is concerned
        return await _RUNNERS[type(statement)](session, statement)
    await session.node.gate.admitted(session)
    await session.transaction.commit()
    session.temporary.transaction_ended()
    if _is_about_own(session, statement):
        return await _RUNNERS[type(statement)](session, statement)
    if session.transaction.locked is not None:
        _check_allowed_under_locks(session, statement)
    try:
        await table_locks.intend(session)
        result = await _RUNNERS[type(statement)](session, statement)
        await session.node.durable(session.node.engine.log_end)
    finally:
        table_locks.definition_ended(session)
    return result


def _is_about_own(session: Session, statement: st.Statement) -> bool:
    """Whether a statement changes a temporary table."""
    if not session.temporary or not isinstance(statement, (act.AlterTable, st.TruncateTable)):
        return False
    name = statement.table
    return is_temporary(CatalogView(session).find(name.database, name.name))


def _check_allowed_under_locks(session: Session, statement: st.Statement) -> None:
    """After LOCK TABLES only the locked tables may be changed, and none made."""
    if isinstance(statement, (st.CreateTable, st.CreateTableLike)):
        raise SqlError(1100, statement.table.name)
    if isinstance(statement, st.DropTable):
        view = CatalogView(session)
        for name in statement.tables:
            table = view.find(name.database, name.name)
            if not isinstance(table, Table):
                raise SqlError(1100, name.name)
            table_locks.check_own(session, table, write=True)
    elif not isinstance(statement, (act.AlterTable, st.TruncateTable)):
        raise SqlError(1192)


def _catalog(session: Session) -> Any:
    return session.node.engine.catalog


def _check_writable(session: Session, database: str) -> None:
    if is_virtual(database):
        account = session.client.account
        raise SqlError(1044, account.user, account.host, database.lower())


def _place(session: Session, name: TableName) -> str:
    """The database of a table that is to be made or changed; ERROR 1044, 1046, 1049."""
    database = CatalogView(session).resolve_database(name.database)
    _check_writable(session, database)
    return database


async def _existing(session: Session, name: TableName) -> Table:
    """A table that is to be changed, when nobody else's transaction uses it any more."""
    database = _place(session, name)
    table = CatalogView(session).stored_table(database, name.name)
    table_locks.check_own(session, table, write=True)
    await table_locks.exclusive(session, table)
    return CatalogView(session).stored_table(database, name.name)  # perhaps another one by now


# Databases


async def _create_database(session: Session, statement: st.CreateDatabase) -> Result:
    _check_writable(session, statement.name)
    await table_locks.exclusive_schema(session, statement.name)
    if CatalogView(session).has_database(statement.name):
        if statement.if_not_exists:
            message = f"Can't create database '{statement.name}'; database exists"
            session.warn(1007, message, "Note")
            return Ok(affected=1)
        raise SqlError(1007, statement.name)
    while _catalog(session).drop_some(statement.name):  # what is left of one of that name
        await asyncio.sleep(0)
    server = _server_charset(session)
    chosen = resolve_charset(statement.charset, statement.collation, server)
    _catalog(session).create_database(statement.name, chosen.name, chosen.collation)
    return Ok(affected=1)


def _server_charset(session: Session) -> Charset:
    variables = session.variables
    return Charset(
        str(variables.get("character_set_server")), str(variables.get("collation_server"))
    )


async def _alter_database(session: Session, statement: st.AlterDatabase) -> Result:
    raise SqlError(1235, "ALTER DATABASE")


async def _drop_database(session: Session, statement: st.DropDatabase) -> Result:
    view = CatalogView(session)
    if not view.has_database(statement.name):
        if statement.if_exists:
            message = f"Can't drop database '{statement.name}'; database doesn't exist"
            session.warn(1008, message, "Note")
            return Ok()
        raise SqlError(1008, statement.name)
    _check_writable(session, statement.name)
    await table_locks.exclusive_schema(session, statement.name)
    catalog = _catalog(session)
    foreign_keys.check_database_droppable(foreign_keys.world_of(session), statement.name)
    await table_locks.exclusive_tables(session, statement.name, catalog.places(statement.name))
    tables = len(catalog.table_names(statement.name))
    catalog.drop_database(statement.name)
    if session.database == statement.name:
        session.forget_database()
    return Ok(affected=tables)


# Tables


async def _is_taken(
    session: Session, database: str, statement: st.CreateTable | st.CreateTableLike
) -> bool:
    """Whether there is a table of the name that is to be made: of a temporary one a temporary one,
    of any other any other. Nobody else makes one until the statement ends."""
    name = statement.table.name
    if statement.temporary:
        return session.temporary.find(database, name) is not None
    await table_locks.exclusive_name(session, database, name)
    return CatalogView(session).find_shared(database, name) is not None


async def _create_table(session: Session, statement: st.CreateTable) -> Result:
    database = _place(session, statement.table)
    view = CatalogView(session)
    if await _is_taken(session, database, statement):
        return _exists(session, statement.table.name, statement.if_not_exists)
    default = Charset(*view.database_collation(database))
    names: list[str] = []
    written = statement
    if statement.select:
        statement, names = create_select.with_columns(session, statement)
    table = make_table(statement, database, default, session.warn, session.sql_mode)
    if statement.select:
        table = create_select.with_said(table, written)
    if statement.temporary:
        table = marked(table)
        if statement.foreign_keys:
            raise SqlError(1215)
    if session.variables.get("sql_require_primary_key") and table.has_row_id:
        raise SqlError(3750)
    table = constraints.complete(session, table, statement)
    table = replace(table, created=_now())
    if statement.select:
        rows = await create_select.create(session, statement, table, names)
        warnings = session.diagnostics.warning_count
        return Ok(affected=rows, info=f"Records: {rows}  Duplicates: 0  Warnings: {warnings}")
    _make(session, table)
    return Ok()


def _make(session: Session, table: Table) -> None:
    if is_temporary(table):
        session.temporary.add(_catalog(session).make_private(table))
    else:
        _catalog(session).create_table(table)


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat(" ")


def _exists(session: Session, name: str, conditional: bool) -> Result:
    if not conditional:
        raise SqlError(1050, name)
    session.warn(1050, f"Table '{name}' already exists", "Note")
    return Ok()


async def _create_like(session: Session, statement: st.CreateTableLike) -> Result:
    database = _place(session, statement.table)
    is_taken = await _is_taken(session, database, statement)
    model = CatalogView(session).stored_table(statement.model.database, statement.model.name)
    name = statement.table.name
    if is_taken:
        return _exists(session, name, statement.if_not_exists)
    made = _as_new(constraints.copied(replace(model, name=name, database=database), name))
    _make(session, marked(made) if statement.temporary else unmarked(made))
    return Ok()


def _as_new(table: Table) -> Table:
    """The definition alone: no trees, no ids, no counter."""
    indexes = tuple(replace(index, index_id=0, root=0) for index in table.indexes)
    return replace(
        table,
        indexes=indexes,
        table_id=0,
        version=0,
        auto_increment=1,
        created=_now(),
        descriptor=0,
    )


async def _drop_table(session: Session, statement: st.DropTable) -> Result:
    view = CatalogView(session)
    places, own = _places_to_drop(session, view, statement)

    def is_there(place: tuple[str, str]) -> bool:
        known = not statement.temporary and view.has_database(place[0])
        return known and view.find_shared(*place) is not None

    for place in places:
        if not statement.temporary and view.has_database(place[0]):
            _check_writable(session, place[0])
        if is_there(place):
            await table_locks.exclusive(session, view.find_shared(*place))
    found = [place for place in places if is_there(place)]
    missing = [".".join(place) for place in places if place not in found]
    if missing and not statement.if_exists:
        raise SqlError(1051, ",".join(missing))
    for shown in missing:
        session.warn(1051, f"Unknown table '{shown}'", "Note")
    tables = (view.find_shared(*place) for place in found)
    stored = [table for table in tables if isinstance(table, Table)]
    foreign_keys.check_droppable(foreign_keys.world_of(session), stored)
    for table in own:
        session.temporary.remove(table)
    if found:
        _catalog(session).drop_tables(found)
    return Ok()


def _places_to_drop(
    session: Session, view: CatalogView, statement: st.DropTable
) -> tuple[list[tuple[str, str]], list[Table]]:
    """(database, table) of the tables for all that are named, and the temporary ones, which come
    before them."""
    places: list[tuple[str, str]] = []
    own: list[Table] = []
    for name in statement.tables:
        database = view.resolve_database(name.database) if _known(view, name) else name.database
        place = (database or "", name.name)
        if place in places or place in ((one.database, one.name) for one in own):
            raise SqlError(1066, name.name)
        if database is None:
            raise SqlError(1046)
        temporary = session.temporary.find(*place)
        if temporary is not None:
            own.append(temporary)
        else:
            places.append(place)
    return places, own


def _known(view: CatalogView, name: TableName) -> bool:
    return name.database is None or view.has_database(name.database)


async def _truncate(session: Session, statement: st.TruncateTable) -> Result:
    """A new, empty table of the same definition takes the old one's place."""
    table = await _existing(session, statement.table)
    if is_temporary(table):
        session.temporary.put(table, _catalog(session).make_private(_as_new(table)))
        return Ok()
    foreign_keys.check_truncatable(foreign_keys.world_of(session), table)
    _catalog(session).truncate_table(table.database, table.name)
    return Ok()


async def _rename(session: Session, statement: st.RenameTable) -> Result:
    """All pairs are checked against what the pairs before them make of the names, then renamed."""
    view = CatalogView(session)
    moves: list[tuple[str, str, str, str]] = []
    gone: set[tuple[str, str]] = set()
    come: set[tuple[str, str]] = set()
    for old, new in statement.pairs:
        source = (_place(session, old), old.name)
        target = (_place(session, new), new.name)
        known = source in come or (source not in gone and view.find_shared(*source) is not None)
        if not known:
            raise SqlError(1146, *source)
        taken = target in come or (target not in gone and view.find_shared(*target) is not None)
        if taken:
            raise SqlError(1050, new.name)
        gone.add(source)
        come.discard(source)
        come.add(target)
        gone.discard(target)
        moves.append((*source, *target))
    for database, name, to_database, to_name in moves:
        await table_locks.exclusive(session, view.find_shared(database, name))
        await table_locks.exclusive_name(session, to_database, to_name)
    world = foreign_keys.world_of(session)
    moved: dict[tuple[str, str], Table] = {}
    for database, name, to_database, to_name in moves:
        table = moved.pop((database, name), None) or _shared(view, database, name)
        moved[to_database, to_name] = foreign_keys.table_renamed(table, to_database, to_name)
    places = (view.find_shared(*move[:2]) for move in moves)
    there = [table for table in places if isinstance(table, Table)]
    if not any(world.keys.concerns(table) for table in there):
        _catalog(session).redefine(list(moved.values()))
        return Ok()
    for database, name, to_database, to_name in moves:
        table = _shared(view, database, name)
        _rename_one(session, table, foreign_keys.table_renamed(table, to_database, to_name))
    return Ok()


def _shared(view: CatalogView, database: str, name: str) -> Table:
    """A table that is no temporary one, known to be there."""
    table = view.find_shared(database, name)
    assert isinstance(table, Table)
    return table


def _rename_one(session: Session, table: Table, new: Table) -> None:
    """One table gets another name, and the foreign keys that name it follow."""
    world = foreign_keys.world_of(session)
    foreign_keys.check_waiting_children(world, new)
    children = foreign_keys.children_of_renamed(world, table, new, {})
    _catalog(session).alter_table(table, new, children)


# Indexes


async def _alter(session: Session, statement: act.AlterTable) -> Result:
    database = _place(session, statement.table)
    table = CatalogView(session).stored_table(database, statement.table.name)
    table_locks.check_own(session, table, write=True)
    await table_locks.upgrade(session, table, Mode.SHARED_UPGRADABLE)
    table = CatalogView(session).stored_table(database, statement.table.name)
    return await alter.alter_table(session, statement, table)


_RUNNERS: Final[dict[type[st.Statement], Callable[[Any, Any], Awaitable[Result]]]] = {
    st.CreateDatabase: _create_database,
    st.AlterDatabase: _alter_database,
    st.DropDatabase: _drop_database,
    st.CreateTable: _create_table,
    st.CreateTableLike: _create_like,
    st.DropTable: _drop_table,
    st.TruncateTable: _truncate,
    act.AlterTable: _alter,
    st.RenameTable: _rename,
}
STATEMENTS: Final = tuple(_RUNNERS)
