"""SHOW and DESCRIBE: what each form answers, from the catalog view, the session and the node.

A form is a function `(session, show) -> rows`; its columns are in `show_columns.py`. LIKE filters
on the first column here; WHERE is an expression over the columns and goes to the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from btree.outlines import TableOutline
from btree.schema import Table
from mysqlcompat import (
    accounts,
    compiler,
    engine_monitor,
    information_schema,
    status,
    variables,
)
from mysqlcompat.catalog_view import CatalogView, is_virtual
from mysqlcompat.ddl import text
from mysqlcompat.errors import SqlError
from mysqlcompat.information_schema import VirtualTable, describe, statistics, volume
from mysqlcompat.results import ColumnDef, Result, Rows
from mysqlcompat.show_columns import columns_of
from mysqlcompat.slices import gathered
from mysqlcompat.sql.statements import Show
from mysqlcompat.temporary_tables import is_temporary
from mysqlcompat.wire import charsets
from mysqlcompat.wire.encode import PythonRows

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Row = Sequence[Any]
Form = Callable[["Session", Show], Iterable[Row]]
INFO_CHARACTERS: Final = 100  #: of a statement in SHOW PROCESSLIST without FULL
#: Forms whose first column compares by case in LIKE.
_BY_CASE: Final = frozenset({"tables", "databases", "table_status"})


async def run(session: Session, show: Show, binary: bool) -> Result:
    """Answer one SHOW."""
    header = columns(session, show)
    rows = await gathered(FORMS[show.what](session, show))
    if show.like is not None:
        matches = compiler.like_matcher(show.like, by_case=show.what in _BY_CASE)
        rows = [row for row in rows if matches(str(row[0]))]
    elif show.where is not None:
        rows = await compiler.filter_rows(session, header, rows, show.where)
    return Rows(header, PythonRows(header, rows, binary))


def columns(session: Session, show: Show) -> tuple[ColumnDef, ...]:
    """Result columns of one SHOW; some names depend on its arguments."""
    key = _COLUMNS_OF.get(show.what, show.what)
    if show.what in ("tables", "columns") and show.full:
        key += "_full"
    header = columns_of(key)
    pattern = f" ({show.like})" if show.like is not None else ""
    if show.what == "tables":
        database = CatalogView(session).resolve_database(show.database)
        return (_renamed(header[0], f"Tables_in_{database}{pattern}"), *header[1:])
    if show.what == "databases":
        return (_renamed(header[0], f"Database{pattern}"),)
    if show.what == "grants":
        user, host = _grantee(session, show)
        return (_renamed(header[0], f"Grants for {user}@{host}"),)
    if show.what in ("variables", "status") and show.scope == "global":
        source = f"global_{show.what}"
        return tuple(replace(one, table=source, org_table=source) for one in header)
    return header


_COLUMNS_OF: Final = {"errors": "warnings", "procedure_status": "function_status"}


def _renamed(column: ColumnDef, name: str) -> ColumnDef:
    return replace(column, name=name, org_name=name if column.org_name else "")


# Databases and tables


def _databases(session: Session, show: Show) -> Iterable[Row]:
    return [(name,) for name in CatalogView(session).databases()]


def _tables(session: Session, show: Show) -> Iterable[Row]:
    view = CatalogView(session)
    database = view.resolve_database(show.database)
    kind = "SYSTEM VIEW" if is_virtual(database) else "BASE TABLE"
    names = view.table_names(database)
    return [(name, kind) if show.full else (name,) for name in names]


def _table(session: Session, show: Show) -> Table | VirtualTable:
    assert show.table is not None
    return CatalogView(session).table(show.table.database, show.table.name)


def _stored_table(session: Session, show: Show) -> Table:
    assert show.table is not None
    return CatalogView(session).stored_table(show.table.database, show.table.name)


def _columns(session: Session, show: Show) -> Iterable[Row]:
    table = _table(session, show)
    nothing = None if is_temporary(table) else ""  # as MySQL has it
    for column in table.columns:
        if column.hidden:
            continue
        key = describe.column_key(table, column) if isinstance(table, Table) else ""
        nullable = "YES" if column.nullable else "NO"
        default, extra = text.default_text(column), text.extra_text(column) or nothing
        type_ = text.type_text(column.type)
        if show.full:
            collation = describe.collation_of(column)
            yield (
                *(column.name, type_, collation, nullable, key, default, extra),
                describe.COLUMN_PRIVILEGES,
                column.comment,
            )
        else:
            yield (column.name, type_, nullable, key, default, extra)


def _index(session: Session, show: Show) -> Iterable[Row]:
    table = _stored_table(session, show)
    for index in describe.visible_indexes(table):
        for number, part in enumerate(index.parts, 1):
            column = table.columns[table.column_no(part.column)]
            yield (
                table.name,
                int(not index.unique),
                index.name,
                number,
                None if column.hidden else column.name,
                "D" if part.descending else "A",
                statistics.cardinality(session, table, index, number),
                part.length or None,
                None,
                "YES" if column.nullable else "",
                "BTREE",
                "",
                index.comment,
                "NO" if index.invisible else "YES",
                describe.key_expression(column),
            )


def _create_table(session: Session, show: Show) -> Iterable[Row]:
    table = _stored_table(session, show)
    next_value = describe.next_auto_increment(session, TableOutline.of(table)) or 1
    return [(table.name, text.create_table(table, next_value))]


def _create_database(session: Session, show: Show) -> Iterable[Row]:
    assert show.database is not None
    view = CatalogView(session)
    name = view.database_name(show.database)
    conditional = bool(show.extra.get("if_not_exists"))
    return [(name, text.create_database(name, *view.database_collation(name), conditional))]


def _table_status(session: Session, show: Show) -> Iterable[Row]:
    view = CatalogView(session)
    database = view.resolve_database(show.database)
    for table in view.outlines(database, None, measured=True, counted=True):
        if isinstance(table, VirtualTable):
            yield (table.name, None, 10, *(None,) * 14, "")
            continue
        size, form = statistics.sizes(session, table), table.row_format
        yield (
            *(table.name, table.engine, 10, (form or "DYNAMIC").capitalize()),
            *(size.rows, size.row, size.data, 0, size.indexes, 0),
            *(describe.next_auto_increment(session, table), describe.created(table)),
            *(None, None, table.collation, None, f"row_format={form}" if form else ""),
            table.comment,
        )


def _none(session: Session, show: Show) -> Iterable[Row]:
    """Things that cannot exist yet: triggers, routines, events."""
    if show.what in ("triggers", "events"):
        CatalogView(session).resolve_database(show.database)
    return ()


# Session


def _warnings(session: Session, show: Show) -> Iterable[Row]:
    area = session.diagnostics
    found = area.errors() if show.what == "errors" else area.conditions
    start, count = show.limit or (0, len(found))
    return [(one.level, one.errno, one.message) for one in found[start : start + count]]


def _count_warnings(session: Session, show: Show) -> Iterable[Row]:
    return [(session.diagnostics.warning_count,)]


def _count_errors(session: Session, show: Show) -> Iterable[Row]:
    return [(session.diagnostics.error_count,)]


def _variables(session: Session, show: Show) -> Iterable[Row]:
    hidden = ("warning_count", "error_count", "identity", "last_insert_id")
    if show.scope == "global":
        node = session.node.globals
        return [(name, variables.show(node.get(name))) for name in node.names()]
    names = [name for name in session.variables.names() if name not in hidden or show.like]
    return [(name, variables.show(session.live_value(name))) for name in names]


def _status(session: Session, show: Show) -> Iterable[Row]:
    return status.status_rows(session)


def _volume_status(session: Session, show: Show) -> Iterable[Row]:
    return volume.status_rows(session.node)


def _processlist(session: Session, show: Show) -> Iterable[Row]:
    for one in sorted(session.node.processlist, key=lambda other: other.connection_id):
        yield information_schema.process_row(one, None if show.full else INFO_CHARACTERS)


def _grantee(session: Session, show: Show) -> tuple[str, str]:
    if show.name is None:
        return session.client.account.user, session.client.account.host
    return show.name, str(show.extra.get("host", "%"))


def _grants(session: Session, show: Show) -> Iterable[Row]:
    user, host = _grantee(session, show)
    own = session.client.account
    if (user, host) != (own.user, own.host):
        raise SqlError(1141, user, host)
    return [(line,) for line in accounts.grants_of(user, host)]


# Server


def _engines(session: Session, show: Show) -> Iterable[Row]:
    return information_schema.ENGINES


def _engine_status(session: Session, show: Show) -> Iterable[Row]:
    session.node.recall()
    return [("InnoDB", "", engine_monitor.status_text(session))]


def _charset(session: Session, show: Show) -> Iterable[Row]:
    for one in charsets.CHARACTER_SETS.values():
        yield (one.name, one.description, one.default_collation, one.max_bytes)


def _collation(session: Session, show: Show) -> Iterable[Row]:
    # As a case-insensitive collation orders the names: "_" comes after the letters.
    for one in sorted(charsets.COLLATIONS.values(), key=lambda row: row.name.upper()):
        yield (
            one.name, one.charset.name, one.id, "Yes" if one.is_default else "", "Yes",
            one.sort_length, "PAD SPACE" if one.pads else "NO PAD",
        )  # fmt: skip


def _plugins(session: Session, show: Show) -> Iterable[Row]:
    return information_schema.PLUGINS


def _privileges(session: Session, show: Show) -> Iterable[Row]:
    return [(name.capitalize(), "Server Admin", "") for name in accounts.PRIVILEGES]


FORMS: Final[dict[str, Form]] = {
    "charset": _charset,
    "collation": _collation,
    "columns": _columns,
    "count_errors": _count_errors,
    "count_warnings": _count_warnings,
    "create_database": _create_database,
    "create_table": _create_table,
    "databases": _databases,
    "engines": _engines,
    "engine_status": _engine_status,
    "errors": _warnings,
    "events": _none,
    "function_status": _none,
    "grants": _grants,
    "index": _index,
    "plugins": _plugins,
    "privileges": _privileges,
    "procedure_status": _none,
    "processlist": _processlist,
    "status": _status,
    "table_status": _table_status,
    "tables": _tables,
    "triggers": _none,
    "variables": _variables,
    "volume_status": _volume_status,
    "warnings": _warnings,
}


def field_list(session: Session, table: str, pattern: str) -> Sequence[ColumnDef]:
    """COM_FIELD_LIST: column definitions with their defaults."""
    view = CatalogView(session)
    found = view.table(None, table)
    matches = compiler.like_matcher(pattern or "%", by_case=False)
    return [
        replace(
            compiler.column_def(view.resolve_database(None), found, column),
            default=None if column.default is None else column.default.encode(),
        )
        for column in found.columns
        if matches(column.name) and not column.hidden
    ]
