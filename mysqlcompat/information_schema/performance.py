"""performance_schema: what is held, waited for and running now, in MySQL's columns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat import status, variables
from mysqlcompat.information_schema import locks

if TYPE_CHECKING:
    from mysqlcompat.information_schema.virtual import RowMaker, Wanted
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
_PAIR: Final = "VARIABLE_NAME varchar(64) NOT NULL, VARIABLE_VALUE varchar(1024)"
_METADATA_LOCKS: Final = (
    "OBJECT_TYPE varchar(64) NOT NULL, OBJECT_SCHEMA varchar(64), OBJECT_NAME varchar(64), "
    "COLUMN_NAME varchar(64), OBJECT_INSTANCE_BEGIN bigint unsigned NOT NULL, "
    "LOCK_TYPE varchar(32) NOT NULL, LOCK_DURATION varchar(32) NOT NULL, "
    "LOCK_STATUS varchar(32) NOT NULL, SOURCE varchar(64), OWNER_THREAD_ID bigint unsigned, "
    "OWNER_EVENT_ID bigint unsigned"
)
_PROCESSLIST: Final = (
    "ID bigint unsigned NOT NULL, USER varchar(32), HOST varchar(261), DB varchar(64), "
    "COMMAND varchar(16), TIME bigint, STATE varchar(64), INFO longtext, EXECUTION_ENGINE "
    "enum('PRIMARY','SECONDARY')"
)
_THREADS: Final = (
    "THREAD_ID bigint unsigned NOT NULL, NAME varchar(128) NOT NULL, TYPE varchar(10) NOT NULL, "
    "PROCESSLIST_ID bigint unsigned, PROCESSLIST_USER varchar(32), PROCESSLIST_HOST varchar(255), "
    "PROCESSLIST_DB varchar(64), PROCESSLIST_COMMAND varchar(16), PROCESSLIST_TIME bigint, "
    "PROCESSLIST_STATE varchar(64), PROCESSLIST_INFO longtext"
)


def _session_variables(session: Session, wanted: Wanted) -> Iterator[Row]:
    for name in session.variables.names():
        yield (name, variables.show(session.live_value(name)))


def _global_variables(session: Session, wanted: Wanted) -> Iterator[Row]:
    node = session.node.globals
    for name in node.names():
        yield (name, variables.show(node.get(name)))


def _status(session: Session, wanted: Wanted) -> Iterable[Row]:
    return status.status_rows(session)


def _metadata_locks(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Locks of statements first, then those in queues; the thread is the connection."""
    session.node.recall()
    catalog, held = session.node.engine.catalog, session.node.processlist.locks
    for owner in held.owners.values():
        for table_id, mode in owner.tables.items():
            table = catalog.table_of_id(table_id)
            if table is not None:
                place = ("TABLE", table.database, table.name)
                thread = owner.connection_id
                yield (*place, None, table_id, mode.name, "TRANSACTION", "GRANTED", "", thread, 1)
    for ticket in held.tickets():
        key = ticket.key
        yield (
            *(key.kind, key.schema or None, key.name or None, None, ticket.table_id),
            *(ticket.mode.name, ticket.duration, "GRANTED" if ticket.granted else "PENDING"),
            *("", ticket.owner.connection_id, 1),
        )


def process_row(session: Session, info_characters: int | None) -> Row:
    """(ID, USER, HOST, DB, COMMAND, TIME, STATE, INFO)"""
    client = session.client
    seconds = max(0, time.time_ns() // 1000 - session.since_us) // 1_000_000
    info = session.text or None
    if info is not None and info_characters is not None:
        info = info[:info_characters]
    host = f"{client.host}:{client.port}" if client.port else client.host
    command = session.command
    if command == "Sleep" and session.node.is_committing(session):
        command = "Query"
    state = "" if command == "Sleep" else session.stage
    return (
        *(session.connection_id, client.user, host, session.database),
        *(command, seconds, state, info),
    )


def _processlist(session: Session, wanted: Wanted) -> Iterator[Row]:
    for one in sorted(session.node.processlist, key=lambda other: other.connection_id):
        yield (*process_row(one, None), "PRIMARY")


def _threads(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Sessions: a thread is what serves a connection, and has its number."""
    for one in sorted(session.node.processlist, key=lambda other: other.connection_id):
        number, user, *rest = process_row(one, None)
        yield (number, "thread/sql/one_connection", "FOREGROUND", number, user, *rest)


_STAGES: Final = (
    "THREAD_ID bigint unsigned NOT NULL, EVENT_ID bigint unsigned NOT NULL, "
    "END_EVENT_ID bigint unsigned, EVENT_NAME varchar(128) NOT NULL, SOURCE varchar(64), "
    "TIMER_START bigint unsigned, TIMER_END bigint unsigned, TIMER_WAIT bigint unsigned, "
    "WORK_COMPLETED bigint unsigned, WORK_ESTIMATED bigint unsigned, "
    "NESTING_EVENT_ID bigint unsigned, "
    "NESTING_EVENT_TYPE enum('TRANSACTION','STATEMENT','STAGE','WAIT')"
)
_PICOSECONDS: Final = 1000  #: in a nanosecond


def _stages(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Data definition that is under way: a thread has at most one stage that shows its work."""
    now = time.monotonic_ns()
    for one in sorted(session.node.processlist, key=lambda other: other.connection_id):
        stage = one.long_stage
        if stage is not None:
            begun = stage.begun_ns * _PICOSECONDS
            waited = (now - stage.begun_ns) * _PICOSECONDS
            yield (
                *(one.connection_id, 1, None, stage.name(), None),
                *(begun, begun + waited, waited, *stage.work(), None, None),
            )


#: Name -> columns as CREATE TABLE has them, and where the rows come from.
TABLES: Final[dict[str, tuple[str, RowMaker]]] = {
    **locks.PERFORMANCE,
    "events_stages_current": (_STAGES, _stages),
    "global_status": (_PAIR, _status),
    "global_variables": (_PAIR, _global_variables),
    "metadata_locks": (_METADATA_LOCKS, _metadata_locks),
    "processlist": (_PROCESSLIST, _processlist),
    "session_status": (_PAIR, _status),
    "session_variables": (_PAIR, _session_variables),
    "threads": (_THREADS, _threads),
}
