"""information_schema's tables about constraints: keys, foreign keys, checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from btree.foreign_keys import parent_index
from btree.schema import Table
from mysqlcompat.ddl.text import escaped_expression
from mysqlcompat.information_schema import describe
from mysqlcompat.information_schema.virtual import VirtualTable, Wanted

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
CATALOG: Final = "def"


def all_tables(session: Session, wanted: Wanted) -> Iterator[tuple[str, Table | VirtualTable]]:
    """The tables that are wanted, each with its database. Definitions are not loaded for this."""
    from mysqlcompat.catalog_view import CatalogView

    view = CatalogView(session)
    for database in view.databases():
        if wanted.databases is None or database in wanted.databases:
            for one in view.tables(database, wanted.tables):
                yield database, one


def real_tables(session: Session, wanted: Wanted) -> Iterator[tuple[str, Table]]:
    """The stored ones among them."""
    for database, one in all_tables(session, wanted):
        if not isinstance(one, VirtualTable):
            yield database, one


def table_constraints(session: Session, wanted: Wanted) -> Iterator[Row]:
    for database, one in real_tables(session, wanted):
        for index in describe.visible_indexes(one):
            if index.unique:
                kind = "PRIMARY KEY" if index.primary else "UNIQUE"
                yield (CATALOG, database, index.name, database, one.name, kind, "YES")
        for key in one.foreign_keys:
            yield (CATALOG, database, key.name, database, one.name, "FOREIGN KEY", "YES")
        for check in one.checks:
            enforced = "YES" if check.enforced else "NO"
            yield (CATALOG, database, check.name, database, one.name, "CHECK", enforced)


def key_column_usage(session: Session, wanted: Wanted) -> Iterator[Row]:
    for database, one in real_tables(session, wanted):
        place = CATALOG, database, one.name
        for index in describe.visible_indexes(one):
            if not index.unique:
                continue
            for number, part in enumerate(index.parts, 1):
                yield (
                    *(CATALOG, database, index.name, *place),
                    *(part.column, number, None, None, None, None),
                )
        for key in one.foreign_keys:
            pairs = zip(key.columns, key.parent_columns, strict=True)
            for number, (column, named) in enumerate(pairs, 1):
                yield (
                    *(CATALOG, database, key.name, *place),
                    *(column, number, number, key.database, key.table, named),
                )


def referential_constraints(session: Session, wanted: Wanted) -> Iterator[Row]:
    catalog = session.node.engine.catalog
    for database, one in real_tables(session, wanted):
        for key in one.foreign_keys:
            parent = catalog.table(key.database, key.table)
            number = None if parent is None else parent_index(parent, key.parent_columns)
            unique = None if parent is None or number is None else parent.indexes[number].name
            yield (
                *(CATALOG, database, key.name, CATALOG, key.database, unique, key.match),
                *(key.on_update or "NO ACTION", key.on_delete or "NO ACTION"),
                *(one.name, key.table),
            )


def check_constraints(session: Session, wanted: Wanted) -> Iterator[Row]:
    for database, one in real_tables(session, wanted):
        for check in one.checks:
            yield (CATALOG, database, check.name, escaped_expression(check.expression))
