"""Tables of information_schema about the engine: pool, counters, and who keeps old versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat import engine_status, status

if TYPE_CHECKING:
    from mysqlcompat.information_schema.virtual import RowMaker, Wanted
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
_POOL_COUNTS: Final = (
    *("POOL_ID", "POOL_SIZE", "FREE_BUFFERS", "DATABASE_PAGES", "OLD_DATABASE_PAGES"),
    *("MODIFIED_DATABASE_PAGES", "PENDING_DECOMPRESS", "PENDING_READS", "PENDING_FLUSH_LRU"),
    *("PENDING_FLUSH_LIST", "PAGES_MADE_YOUNG", "PAGES_NOT_MADE_YOUNG", "PAGES_MADE_YOUNG_RATE"),
    *("PAGES_MADE_NOT_YOUNG_RATE", "NUMBER_PAGES_READ", "NUMBER_PAGES_CREATED"),
    *("NUMBER_PAGES_WRITTEN", "PAGES_READ_RATE", "PAGES_CREATE_RATE", "PAGES_WRITTEN_RATE"),
    *("NUMBER_PAGES_GET", "HIT_RATE", "YOUNG_MAKE_PER_THOUSAND_GETS"),
    *("NOT_YOUNG_MAKE_PER_THOUSAND_GETS", "NUMBER_PAGES_READ_AHEAD", "NUMBER_READ_AHEAD_EVICTED"),
    *("READ_AHEAD_RATE", "READ_AHEAD_EVICTED_RATE", "LRU_IO_TOTAL", "LRU_IO_CURRENT"),
    *("UNCOMPRESS_TOTAL", "UNCOMPRESS_CURRENT"),
)
_POOL_STATS: Final = ", ".join(
    f"{name} {'double' if name.endswith('RATE') and name != 'HIT_RATE' else 'bigint unsigned'}"
    " NOT NULL"
    for name in _POOL_COUNTS
)
_METRICS: Final = (
    "NAME varchar(193) NOT NULL, SUBSYSTEM varchar(193) NOT NULL, COUNT bigint NOT NULL, "
    "MAX_COUNT bigint, MIN_COUNT bigint, AVG_COUNT double, COUNT_RESET bigint NOT NULL, "
    "MAX_COUNT_RESET bigint, MIN_COUNT_RESET bigint, AVG_COUNT_RESET double, "
    "TIME_ENABLED datetime, TIME_DISABLED datetime, TIME_ELAPSED bigint, TIME_RESET datetime, "
    "STATUS varchar(193) NOT NULL, TYPE varchar(193) NOT NULL, COMMENT varchar(193) NOT NULL"
)
_HISTORY_HOLDERS: Final = (
    "SERVER_ID varchar(100) NOT NULL, PROCESSLIST_ID bigint unsigned, "
    "OLDEST_READ_VIEW_TRX_ID bigint unsigned, IS_OLDEST varchar(3) NOT NULL, "
    "HISTORY_LIST_LENGTH bigint unsigned"
)


def _pool_stats(session: Session, wanted: Wanted) -> Iterator[Row]:
    engine = session.node.engine
    figures = engine_status.pool_figures(engine.pool)
    asked = figures["read_requests"]
    known = {
        "POOL_SIZE": figures["pages_total"],
        "FREE_BUFFERS": figures["pages_free"],
        "DATABASE_PAGES": figures["pages_data"],
        "MODIFIED_DATABASE_PAGES": figures["pages_dirty"],
        "NUMBER_PAGES_READ": figures["reads"] + figures["read_ahead"],
        "NUMBER_PAGES_CREATED": engine.pages_created,
        "NUMBER_PAGES_GET": asked,
        "HIT_RATE": 1000 - 1000 * figures["reads"] // asked if asked else 0,
        "NUMBER_PAGES_READ_AHEAD": figures["read_ahead"],
    }
    yield tuple(known.get(name, 0) for name in _POOL_COUNTS)


def _metrics(session: Session, wanted: Wanted) -> Iterator[Row]:
    elapsed = status.uptime_s(session)
    enabled = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=elapsed)
    for name, subsystem, value, kind, comment in engine_status.metrics(session.node.engine):
        yield (
            *(name, subsystem, value, value, None, None, value, value, None, None),
            *(enabled, None, elapsed, None, "enabled", kind, comment),
        )


def _history_holders(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Each instance's oldest read view: the oldest of all holds purge back (C26)."""
    node = session.node
    rows = node.replica_status()
    oldest = min((row.view_trx_id for row in rows if row.view_trx_id), default=0)
    for row in rows:
        length = node.engine.history_length if row.is_writer and not node.read_only else None
        yield (
            row.server_id,
            row.view_session or None,
            row.view_trx_id or None,
            "YES" if row.view_session and row.view_trx_id == oldest else "NO",
            length,
        )


TABLES: Final[dict[str, tuple[str, RowMaker]]] = {
    "INNODB_BUFFER_POOL_STATS": (_POOL_STATS, _pool_stats),
    "INNODB_METRICS": (_METRICS, _metrics),
    "HISTORY_HOLDERS": (_HISTORY_HOLDERS, _history_holders),
}
