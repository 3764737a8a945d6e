"""What sampling found, as MySQL shows it: mysql.innodb_table_stats, mysql.innodb_index_stats, and
the figures of SHOW INDEX, SHOW TABLE STATUS, TABLES and STATISTICS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from btree.outlines import TableOutline
from btree.schema import Index, Table
from btree.statistics import TableStatistics
from mysqlcompat.information_schema.constraints import real_tables
from mysqlcompat.information_schema.virtual import RowMaker, Wanted

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Row = tuple[Any, ...]


class Sizes(NamedTuple):
    """Estimated rows of a table, and its bytes."""

    rows: int
    row: int  #: of one, on average
    data: int
    indexes: int


NO_SIZES: Final = Sizes(0, 0, 0, 0)


def _known(session: Session, table: Table | TableOutline) -> TableStatistics | None:
    found: TableStatistics | None = session.node.engine.statistics.of(table)
    return found


def rows_of(session: Session, table: Table | TableOutline) -> int:
    """Estimated rows."""
    return int(session.node.engine.estimate_rows(table))


def cardinality(session: Session, table: Table, index: Index, parts: int) -> int:
    """Estimated number of different values of the first `parts` parts of an index."""
    known = _known(session, table)
    sampled = None if known is None else known.of(index.index_id)
    if sampled is None or len(sampled.different) < parts:
        return rows_of(session, table)
    return sampled.different[parts - 1]


def sizes(session: Session, table: TableOutline) -> Sizes:
    """Rows and bytes of a table's trees; one page a tree where nobody has looked."""
    page_bytes = session.node.engine.statistics.page_bytes
    known = _known(session, table)
    pages = [1] * len(table.index_ids)
    for number, index_id in enumerate(table.index_ids if known is not None else ()):
        assert known is not None
        sampled = known.of(index_id)
        pages[number] = 1 if sampled is None else sampled.pages
    data = page_bytes * pages[0]
    rows = rows_of(session, table)
    return Sizes(rows, data // rows if rows else 0, data, page_bytes * sum(pages[1:]))


def _time(known: TableStatistics) -> datetime:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=known.sampled_us)
    return moment.replace(tzinfo=None, microsecond=0)


def _table_stats(session: Session, wanted: Wanted) -> Iterator[Row]:
    for database, table in real_tables(session, wanted):
        known = _known(session, table)
        if known is not None:
            pages = [one.pages for one in known.indexes]
            yield (database, table.name, _time(known), known.rows, pages[0], sum(pages[1:]))


def _index_stats(session: Session, wanted: Wanted) -> Iterator[Row]:
    for database, table in real_tables(session, wanted):
        known = _known(session, table)
        for index in table.indexes if known is not None else ():
            assert known is not None
            sampled = known.of(index.index_id)
            if sampled is None:
                continue
            generated = table.has_row_id and index is table.clustered
            name = "GEN_CLUST_INDEX" if generated else index.name
            place = database, table.name, name, _time(known)
            columns = [part.column for part in index.parts]
            if index is not table.clustered and not index.unique:
                columns += [part.column for part in table.clustered.parts]
            for number, value in enumerate(sampled.different[: len(columns)], 1):
                label = ",".join(columns[:number])
                yield (*place, f"n_diff_pfx{number:02}", value, sampled.sampled, label)
            text = "Number of leaf pages in the index"
            yield (*place, "n_leaf_pages", sampled.leaves, None, text)
            yield (*place, "size", sampled.pages, None, "Number of pages in the index")


_PLACE: Final = "database_name varchar(64) BINARY NOT NULL, table_name varchar(199) BINARY NOT NULL"
#: Tables of the database mysql: columns, rows.
TABLES: Final[dict[str, tuple[str, RowMaker]]] = {
    "innodb_index_stats": (
        f"{_PLACE}, index_name varchar(64) BINARY NOT NULL, last_update timestamp NOT NULL,"
        " stat_name varchar(64) BINARY NOT NULL, stat_value bigint unsigned NOT NULL,"
        " sample_size bigint unsigned, stat_description varchar(1024) BINARY NOT NULL",
        _index_stats,
    ),
    "innodb_table_stats": (
        f"{_PLACE}, last_update timestamp NOT NULL, n_rows bigint unsigned NOT NULL,"
        " clustered_index_size bigint unsigned NOT NULL,"
        " sum_of_other_index_sizes bigint unsigned NOT NULL",
        _table_stats,
    ),
}
