"""Tables written anew: rows go to a table without a name, which then takes the old one's place.

The rows are copied by INSERT … SELECT, so values are converted, refused and warned of as by any
INSERT; secondary indexes are built afterwards, from sorted keys. Meanwhile others may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from btree.errors import DuplicateKey
from btree.index_build import IndexBuild
from btree.schema import Table
from mysqlcompat import compiler, table_locks
from mysqlcompat.ddl import alter
from mysqlcompat.ddl.alteration import Alteration
from mysqlcompat.ddl.initial import implicit_literal
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.machine import run
from mysqlcompat.metadata_locks import Mode
from mysqlcompat.stages import COPYING, Stage
from mysqlcompat.temporary_tables import is_temporary

if TYPE_CHECKING:
    from mysqlcompat.session import Session

PRIVATE_NAME: Final = "#sql-alter"  #: what the statement's own session calls the new table
_STRICT: Final = frozenset({"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"})


async def copied(session: Session, made: Alteration, says_copy: bool) -> int:
    """Do an alteration by a copy; how many rows there are."""
    await table_locks.upgrade(session, made.old, Mode.SHARED_NO_WRITE)
    catalog = session.node.engine.catalog
    private = _private(catalog, made)
    trees: list[Any] = []
    try:
        try:
            rows = await _copy_rows(session, made, private)
        except SqlError as error:
            raise _as_alter_says(error, made, says_copy) from error
        secondaries = made.new.indexes[1:]
        trees = catalog.make_trees(secondaries) if secondaries else []
        full = replace(private, indexes=(private.clustered, *trees))
        if trees:
            build = IndexBuild(session.node.engine, full, trees)
            try:
                await alter.run_build(session, build)
                build.finish()
            except DuplicateKey as error:
                with named(session, private):
                    same = replace(made, renamed={})
                    raise await alter.duplicate_of(session, private, same, error.index) from error
            finally:
                build.close()
        await alter.lock_for_change(session, made)
        _keep_counter(session, made, private)
        new = replace(
            made.new, table_id=private.table_id, indexes=full.indexes, row_format=1, formats=(),
            columns=private.columns,
        )  # fmt: skip
        if is_temporary(new):
            session.temporary.put(made.old, catalog.redefine_private(new))
        else:
            catalog.publish(new, made.old, made.followers)
        return rows
    except BaseException:
        catalog.abandon(private)
        catalog.abandon_trees(trees)
        raise


def _private(catalog: Any, made: Alteration) -> Table:
    columns = tuple(replace(column, initial=None) for column in made.new.columns)
    private: Table = catalog.make_private(
        replace(
            made.new, name=PRIVATE_NAME, columns=columns, indexes=made.new.indexes[:1],
            row_format=1, formats=(), foreign_keys=(), checks=(), auto_increment=1,
        )
    )  # fmt: skip
    return private


@contextmanager
def named(session: Session, table: Table) -> Iterator[str]:
    """While it lasts, the session may name the table; its name, quoted."""
    place = table.database, PRIVATE_NAME
    session.private_tables[place] = table
    try:
        yield f"{quote_name(table.database)}.{quote_name(PRIVATE_NAME)}"
    finally:
        del session.private_tables[place]


_UNORDERED: Final = "ORDER BY ignored as there is a user-defined clustered index in the table"


async def _copy_rows(session: Session, made: Alteration, private: Table) -> int:
    names, given = [], []
    for column, source in zip(made.new.columns, made.sources, strict=True):
        if column.generated is not None:
            continue
        if source >= 0:
            given.append(quote_name(made.old.columns[source].name))
        elif column.default is None and not column.nullable and not column.auto_increment:
            given.append(implicit_literal(column))
        else:
            continue
        names.append(quote_name(column.name))
    order = f" ORDER BY {', '.join(map(quote_name, made.order_by))}" if made.order_by else ""
    if order and not private.has_row_id:
        order, name = "", made.new.name
        session.warn(1105, f"{_UNORDERED} '{name}'", "Warning")
    source_table = f"{quote_name(made.old.database)}.{quote_name(made.old.name)}"
    kept_counter = any(column.auto_increment for column in made.old.columns)
    with named(session, private) as target, _mode(session, kept_counter):
        text = f"INSERT INTO {target} ({', '.join(names)}) SELECT {', '.join(given) or '1'} "
        engine = session.node.engine
        session.long_stage = Stage(
            "copy to tmp table",
            lambda: COPYING,
            lambda: (engine.statistics.rows_added(private), engine.estimate_rows(made.old)),
        )
        try:
            return await insert_select(session, f"{text}FROM {source_table}{order}")
        finally:
            session.long_stage = None


async def insert_select(session: Session, text: str, joins: bool = False) -> int:
    """Run an INSERT … SELECT; how many rows it made.

    joins  it is part of the transaction that is open, if one is; otherwise it has its own
    """
    is_alone = not joins or session.transaction.single
    session.strict = not session.sql_mode.isdisjoint(_STRICT)
    program = compiler.compile_statement(text, session)
    session.transaction.enter_statement(program.tables, program.written)
    try:
        result = await run.execute(program, session)
        if is_alone:
            await session.transaction.commit()
    except BaseException:
        if is_alone:
            await session.transaction.roll_back(session)
        raise
    finally:
        session.transaction.leave_statement()
    return int(getattr(result, "affected", 0))


@contextmanager
def _mode(session: Session, keeps_zero: bool) -> Iterator[None]:
    """A copy keeps the zeros of a column that is AUTO_INCREMENT already."""
    before = session.sql_mode
    if keeps_zero:
        session.sql_mode = before | {"NO_AUTO_VALUE_ON_ZERO"}
    try:
        yield
    finally:
        session.sql_mode = before


def _as_alter_says(error: SqlError, made: Alteration, says_copy: bool) -> SqlError:
    """A copy's error in ALTER TABLE's words."""
    if error.errno == 1048:
        column = error.message.split("'")[1]
        return SqlError(1265, column, 1) if says_copy else SqlError(1138)
    if error.errno == 1406:
        column, row = error.message.split("'")[1], error.message.rsplit(" ", 1)[1]
        return SqlError(1265, column, row)
    return with_table_name(error, made.new.name)


def with_table_name(error: SqlError, name: str) -> SqlError:
    """ERROR 1062 about the table as it will be called."""
    if error.errno != 1062:
        return error
    return SqlError.with_text(1062, error.message.replace(f"'{PRIVATE_NAME}.", f"'{name}."))


def _keep_counter(session: Session, made: Alteration, private: Table) -> None:
    """The AUTO_INCREMENT counter does not fall back to the greatest value there is, unless that is
    asked for."""
    engine = session.node.engine
    if any(column.auto_increment for column in made.new.columns):
        counted = any(column.auto_increment for column in made.old.columns)
        # At least 1: what the copy was given ahead and has not used is not lost.
        least = engine.next_auto_increment(made.old) if counted else 1
        engine.catalog.raise_counter(private, least if made.counter is None else made.counter)
