"""The virtual tables: definitions parsed once, and one function per table that makes its rows.

A table without a function here is empty: there is nothing of its kind (triggers, routines, views).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from btree.outlines import TableOutline
from mysqlcompat import accounts
from mysqlcompat.information_schema import (
    constraints,
    describe,
    innodb,
    locks,
    performance,
    statistics,
    time_zones,
    volume,
)
from mysqlcompat.information_schema.constraints import all_tables, real_tables
from mysqlcompat.information_schema.definitions import DEFINITIONS
from mysqlcompat.information_schema.performance import process_row
from mysqlcompat.information_schema.virtual import RowMaker, VirtualTable, Wanted, no_rows
from mysqlcompat.sql.router import route
from mysqlcompat.sql.statements import CreateTable
from mysqlcompat.wire import charsets

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
CATALOG: Final = "def"
SCHEMA: Final = "information_schema"
#: (ENGINE, SUPPORT, COMMENT, TRANSACTIONS, XA, SAVEPOINTS)
ENGINES: Final = (
    ("InnoDB", "DEFAULT", "Supports transactions and row-level locking", "YES", "NO", "YES"),
)
#: (name, status, type, library, license)
PLUGINS: Final = (
    ("caching_sha2_password", "ACTIVE", "AUTHENTICATION", None, "Apache-2.0"),
    ("InnoDB", "ACTIVE", "STORAGE ENGINE", None, "Apache-2.0"),
)


def tables_of(database: str) -> list[VirtualTable]:
    """The tables of one virtual database by name."""
    return [_tables()[key] for key in sorted(_tables()) if key[0] == database.lower()]


def table_named(database: str, name: str) -> VirtualTable | None:
    """One table; its name in any case."""
    return _tables().get((database.lower(), name.upper()))


@cache
def _tables() -> dict[tuple[str, str], VirtualTable]:
    made: dict[tuple[str, str], VirtualTable] = {}
    name, body = "", ""
    for line in [*DEFINITIONS.splitlines(), "END"]:
        if line.startswith("  "):
            body += line.strip() + " "
            continue
        if name:
            made[SCHEMA, name] = _make(SCHEMA, name, body, ROWS.get(name))
        name, body = line, ""
    for name, (columns, rows) in (innodb.TABLES | locks.INFORMATION | volume.TABLES).items():
        made[SCHEMA, name] = _make(SCHEMA, name, columns, rows)
    for name, (columns, rows) in (statistics.TABLES | time_zones.TABLES).items():
        made["mysql", name.upper()] = _make("mysql", name, columns, rows)
    for name, (columns, rows) in performance.TABLES.items():
        made["performance_schema", name.upper()] = _make("performance_schema", name, columns, rows)
    return made


def _make(database: str, name: str, columns: str, rows: RowMaker | None) -> VirtualTable:
    from mysqlcompat.ddl.definition import Charset, make_table

    statement = route(f"CREATE TABLE `{name}` ({columns})")
    assert isinstance(statement, CreateTable)
    real = make_table(statement, database, Charset("utf8mb3", "utf8mb3_general_ci"))
    return VirtualTable(database, name, real.columns, rows or no_rows)


# Who is there


def _processlist(session: Session, wanted: Wanted) -> Iterator[Row]:
    for one in sorted(session.node.processlist, key=lambda other: other.connection_id):
        yield process_row(one, None)


def _replica_host_status(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Aurora's list of instances that are alive: the writer and the readers."""
    for one in session.node.replica_status():
        updated = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=one.last_update_us)
        yield (
            one.server_id,
            "MASTER_SESSION_ID" if one.is_writer else one.session_id,
            *(0, 0, 0),
            one.cpu_percent,
            *(one.durable_lsn, one.durable_lsn),
            *(0, None),
            updated.replace(tzinfo=None),
            round(one.lag_ms * 1000),
            one.lag_ms,
            0.0,
            0,
            1,
            *(one.view_trx_id, one.applied_lsn),
            *(one.applied_lsn, one.applied_lsn),
            *(round(one.lag_ms * 1000), round(one.lag_ms * 1000), round(one.lag_ms * 1000)),
        )


def _user_privileges(session: Session, wanted: Wanted) -> Iterator[Row]:
    account = session.client.account
    for privilege in accounts.PRIVILEGES:
        yield (f"'{account.user}'@'{account.host}'", CATALOG, privilege, "YES")


# What there is


def _engines(session: Session, wanted: Wanted) -> Iterable[Row]:
    return ENGINES


def _plugins(session: Session, wanted: Wanted) -> Iterator[Row]:
    for name, state, kind, library, license_ in PLUGINS:
        yield (
            *(name, "1.0", state, kind, "80406.0", library, None),
            *("mysqlcompat", name, license_, "ON"),
        )


def _character_sets(session: Session, wanted: Wanted) -> Iterator[Row]:
    for one in charsets.CHARACTER_SETS.values():
        yield (one.name, one.default_collation, one.description, one.max_bytes)


def _collations(session: Session, wanted: Wanted) -> Iterator[Row]:
    for one in charsets.COLLATIONS.values():
        yield (
            *(one.name, one.charset.name, one.id, "Yes" if one.is_default else "", "Yes"),
            *(one.sort_length, "PAD SPACE" if one.pads else "NO PAD"),
        )


def _collation_applicability(session: Session, wanted: Wanted) -> Iterator[Row]:
    for one in charsets.COLLATIONS.values():
        yield (one.name, one.charset.name)


# The dictionary


def _schemata(session: Session, wanted: Wanted) -> Iterator[Row]:
    view = _view(session)
    for name in view.databases():
        yield (CATALOG, name, *view.database_collation(name), None, "NO")


def _view(session: Session) -> Any:
    from mysqlcompat.catalog_view import CatalogView

    return CatalogView(session)


def _tables_rows(session: Session, wanted: Wanted) -> Iterator[Row]:
    if wanted.columns is not None and wanted.columns <= _NAMES:
        yield from _names_rows(session, wanted)
        return
    # What is not in the definition is looked up on pages, so only for who looks at it.
    measured = wanted.has_column("table_rows", "avg_row_length", "data_length", "index_length")
    counted = wanted.has_column("auto_increment")
    view = _view(session)
    for database in view.databases():
        if wanted.databases is not None and database not in wanted.databases:
            continue
        for one in view.outlines(database, wanted.tables, measured, counted):
            yield _table_row(session, database, one, measured, counted)


def _table_row(
    session: Session, database: str, one: TableOutline | VirtualTable, measured: bool, counted: bool
) -> Row:
    if isinstance(one, VirtualTable):
        return (CATALOG, database, one.name, "SYSTEM VIEW", None, 10, *(None,) * 14, "")
    size = statistics.sizes(session, one) if measured else statistics.NO_SIZES
    return (
        *(CATALOG, database, one.name, "BASE TABLE", one.engine, 10),
        (one.row_format or "DYNAMIC").capitalize(),
        *(size.rows, size.row, size.data, 0, size.indexes, 0),
        describe.next_auto_increment(session, one) if counted else None,
        *(describe.created(one), None, None, one.collation, None),
        f"row_format={one.row_format}" if one.row_format else "",
        one.comment,
    )


#: Columns of TABLES that need no definitions.
_NAMES: Final = frozenset(("table_catalog", "table_schema", "table_name", "table_type"))


def _names_rows(session: Session, wanted: Wanted) -> Iterator[Row]:
    from mysqlcompat.catalog_view import is_virtual

    view = _view(session)
    for database in view.databases():
        if wanted.databases is not None and database not in wanted.databases:
            continue
        kind = "SYSTEM VIEW" if is_virtual(database) else "BASE TABLE"
        for name in view.table_names(database):
            if wanted.tables is None or name in wanted.tables:
                yield (CATALOG, database, name, kind)


def _columns_rows(session: Session, wanted: Wanted) -> Iterator[Row]:
    from mysqlcompat.ddl import text

    for database, one in all_tables(session, wanted):
        shown = [column for column in one.columns if not column.hidden]
        for number, column in enumerate(shown, 1):
            collation = describe.collation_of(column)
            yield (
                *(CATALOG, database, one.name, column.name, number),
                text.default_text(column),
                "YES" if column.nullable else "NO",
                column.type.kind.name.lower(),
                *describe.character_measures(column),
                *describe.numeric_measures(column),
                describe.datetime_precision(column),
                *((column.type.charset, collation) if collation else (None, None)),
                text.type_text(column.type),
                "" if isinstance(one, VirtualTable) else describe.column_key(one, column),
                *(text.extra_text(column), describe.COLUMN_PRIVILEGES, column.comment),
                *(text.escaped_expression(column.generated or ""), None),
            )


def _statistics(session: Session, wanted: Wanted) -> Iterator[Row]:
    sampled = wanted.has_column("cardinality")
    for database, one in real_tables(session, wanted):
        for index in describe.visible_indexes(one):
            for number, part in enumerate(index.parts, 1):
                column = one.columns[one.column_no(part.column)]
                yield (
                    *(CATALOG, database, one.name, int(not index.unique), database, index.name),
                    *(number, None if column.hidden else column.name),
                    "D" if part.descending else "A",
                    statistics.cardinality(session, one, index, number) if sampled else None,
                    *(part.length or None, None, "YES" if column.nullable else ""),
                    *("BTREE", "", index.comment, "NO" if index.invisible else "YES"),
                    describe.key_expression(column),
                )


ROWS: Final[dict[str, RowMaker]] = {
    "CHARACTER_SETS": _character_sets,
    "CHECK_CONSTRAINTS": constraints.check_constraints,
    "COLLATIONS": _collations,
    "COLLATION_CHARACTER_SET_APPLICABILITY": _collation_applicability,
    "COLUMNS": _columns_rows,
    "ENGINES": _engines,
    "KEY_COLUMN_USAGE": constraints.key_column_usage,
    "PLUGINS": _plugins,
    "PROCESSLIST": _processlist,
    "REFERENTIAL_CONSTRAINTS": constraints.referential_constraints,
    "REPLICA_HOST_STATUS": _replica_host_status,
    "SCHEMATA": _schemata,
    "STATISTICS": _statistics,
    "TABLES": _tables_rows,
    "TABLE_CONSTRAINTS": constraints.table_constraints,
    "USER_PRIVILEGES": _user_privileges,
}
