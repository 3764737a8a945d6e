"""Locks and transactions of the engine: data_locks, data_lock_waits, INNODB_TRX.

An ENGINE_LOCK_ID is context : lock : entry. The thread is the connection, as everywhere here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from btree import txn_layout
from btree.lock_views import LockReader, LockView
from btree.rows import RowCodec
from btree.schema import Table
from mysqlcompat.metadata_locks import Mode

if TYPE_CHECKING:
    from btree.engine import Engine
    from mysqlcompat.information_schema.virtual import RowMaker, Wanted
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
SUPREMUM: Final = "supremum pseudo-record"
#: Transactions that have changed nothing have no id; MySQL makes one up, too.
NO_ID: Final = 1 << 48
_DATA_LOCKS: Final = (
    "ENGINE varchar(32) NOT NULL, ENGINE_LOCK_ID varchar(128) NOT NULL, "
    "ENGINE_TRANSACTION_ID bigint unsigned, THREAD_ID bigint unsigned, EVENT_ID bigint unsigned, "
    "OBJECT_SCHEMA varchar(64), OBJECT_NAME varchar(64), PARTITION_NAME varchar(64), "
    "SUBPARTITION_NAME varchar(64), INDEX_NAME varchar(64), "
    "OBJECT_INSTANCE_BEGIN bigint unsigned NOT NULL, LOCK_TYPE varchar(32) NOT NULL, "
    "LOCK_MODE varchar(32) NOT NULL, LOCK_STATUS varchar(32) NOT NULL, LOCK_DATA varchar(8192)"
)
_DATA_LOCK_WAITS: Final = ", ".join(
    [
        "ENGINE varchar(32) NOT NULL",
        *(
            f"{side}_ENGINE_LOCK_ID varchar(128) NOT NULL, "
            f"{side}_ENGINE_TRANSACTION_ID bigint unsigned, {side}_THREAD_ID bigint unsigned, "
            f"{side}_EVENT_ID bigint unsigned, "
            f"{side}_OBJECT_INSTANCE_BEGIN bigint unsigned NOT NULL"
            for side in ("REQUESTING", "BLOCKING")
        ),
    ]
)
_TRX: Final = (
    "trx_id bigint unsigned NOT NULL, trx_state varchar(13) NOT NULL, "
    "trx_started datetime NOT NULL, trx_requested_lock_id varchar(126), trx_wait_started datetime, "
    "trx_weight bigint unsigned NOT NULL, trx_mysql_thread_id bigint unsigned NOT NULL, "
    "trx_query varchar(1024), trx_operation_state varchar(64), "
    "trx_tables_in_use bigint unsigned NOT NULL, trx_tables_locked bigint unsigned NOT NULL, "
    "trx_lock_structs bigint unsigned NOT NULL, trx_lock_memory_bytes bigint unsigned NOT NULL, "
    "trx_rows_locked bigint unsigned NOT NULL, trx_rows_modified bigint unsigned NOT NULL, "
    "trx_concurrency_tickets bigint unsigned NOT NULL, trx_isolation_level varchar(16) NOT NULL, "
    "trx_unique_checks int NOT NULL, trx_foreign_key_checks int NOT NULL, "
    "trx_last_foreign_key_error varchar(256), trx_adaptive_hash_latched int NOT NULL, "
    "trx_adaptive_hash_timeout bigint unsigned NOT NULL, trx_is_read_only int NOT NULL, "
    "trx_autocommit_non_locking int NOT NULL, trx_schedule_weight bigint unsigned"
)


def transaction_id(engine: Engine, ctx: int) -> int:
    """The id of a transaction, or the made-up one."""
    return engine.word(ctx, txn_layout.CTX_TRX) or NO_ID | ctx


def lock_id(lock: LockView) -> str:
    """ENGINE_LOCK_ID."""
    entry = "supremum" if lock.key is None else lock.key.hex()[:64]
    return f"{lock.ctx}:{lock.number}:{entry}"


class LockNames:
    """Says which table, index and row a lock is about."""

    def __init__(self, session: Session, reader: LockReader) -> None:
        engine = session.node.engine
        self._engine = engine
        self._reader = reader
        self._places: dict[int, tuple[Table, int]] = {}
        owners = session.node.processlist.locks.owners.values()
        used = {table_id for owner in owners for table_id in owner.tables}
        self._learn(table for one in used if (table := engine.catalog.table_of_id(one)))
        self._knows_all = False

    def _learn(self, tables: Iterable[Table]) -> None:
        for table in tables:
            for number, index in enumerate(table.indexes):
                self._places[index.root] = table, number

    def place(self, root: int) -> tuple[Table, int] | None:
        """Table and number of the index; None when it is no table's (any more)."""
        if root not in self._places and not self._knows_all:
            self._learn(self._engine.catalog.all_tables())  # the lane does not say which it uses
            self._knows_all = True
        return self._places.get(root)

    def data(self, lock: LockView) -> str | None:
        """LOCK_DATA: the values of the entry; None when it is not there."""
        if lock.key is None:
            return SUPREMUM
        place = self.place(lock.root)
        found = next(self._reader.entries(lock.root, lock.key), None)
        if place is None or found is None or found[0] != lock.key:
            return None
        table, number = place
        value = found[1]
        if number:
            count = int.from_bytes(value[txn_layout.S_KEY_BYTES :][:2], "little")
            key = lock.key[len(lock.key) - count :]
            found = next(self._reader.entries(table.clustered.root, key), None)
            if found is None or found[0] != key:
                return None
            value = found[1]
        with closing(RowCodec(self._engine.arena, self._engine.st, table, 1 << 16)) as codec:
            row = codec.decode(value[txn_layout.C_ROW :])
        parts = [part.column for part in table.indexes[number].parts]
        if number:
            parts += [p.column for p in table.clustered.parts if p.column not in parts]
        return ", ".join(_shown(row[table.column_no(name)]) for name in parts)


def _shown(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"0x{value.hex().upper()}"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _sessions(session: Session) -> list[Session]:
    return sorted(session.node.processlist, key=lambda one: one.connection_id)


def _table_modes(session: Session, names: LockNames, locks: list[LockView]) -> dict[int, str]:
    """IS or IX for each table whose rows a transaction has locked or changed."""
    engine = session.node.engine
    modes: dict[int, str] = {}
    for lock in locks:
        place = names.place(lock.root)
        if place is not None:
            weaker = modes.get(place[0].table_id, "IS")
            modes[place[0].table_id] = "IX" if lock.exclusive else weaker
    if engine.word(session.ctx, txn_layout.CTX_TRX):
        for table_id, mode in session.transaction.owner.tables.items():
            if mode >= Mode.SHARED_WRITE:
                modes[table_id] = "IX"
    return modes


def _data_locks(session: Session, wanted: Wanted) -> Iterator[Row]:
    session.node.recall()
    engine = session.node.engine
    with closing(LockReader(engine)) as reader:
        names = LockNames(session, reader)
        for one in _sessions(session):
            locks = list(reader.locks_of(one.ctx))
            who = transaction_id(engine, one.ctx), one.connection_id, 1
            for table_id, mode in _table_modes(one, names, locks).items():
                table = engine.catalog.table_of_id(table_id)
                if table is None:
                    continue
                place = (table.database, table.name, None, None, None, one.ctx)
                number = f"{one.ctx}:{table_id}"
                yield ("INNODB", number, *who, *place, "TABLE", mode, "GRANTED", None)
            for lock in locks:
                found = names.place(lock.root)
                if found is None:
                    continue
                table, index = found
                index_name = table.indexes[index].name
                where = (table.database, table.name, None, None, index_name, one.ctx)
                status = "WAITING" if lock.waiting else "GRANTED"
                data = names.data(lock)
                yield ("INNODB", lock_id(lock), *who, *where, "RECORD", lock.mode, status, data)


def _data_lock_waits(session: Session, wanted: Wanted) -> Iterator[Row]:
    """Who waits for a row, and for whom."""
    engine = session.node.engine
    owners = session.node.processlist.locks.owners
    with closing(LockReader(engine)) as reader:
        for wait in engine.locks.all_waits():
            if not wait.node:
                continue
            wanting = reader.request(wait.node)
            for ctx in engine.locks.edges(wait):
                held = reader.blocking(wanting, ctx)
                sides: list[Any] = []
                for side, number in (
                    (wait.ctx, lock_id(wanting)),
                    (ctx, lock_id(held) if held else f"{ctx}:0"),
                ):
                    connection = owners[side].connection_id if side in owners else None
                    sides += [number, transaction_id(engine, side), connection, 1, side]
                yield ("INNODB", *sides)


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(tzinfo=None)


def _trx(session: Session, wanted: Wanted) -> Iterator[Row]:
    session.node.recall()
    engine = session.node.engine
    with closing(LockReader(engine)) as reader:
        for one in _sessions(session):
            if not is_transaction(one):
                continue
            changed = engine.word(one.ctx, txn_layout.CTX_ROWS_CHANGED)
            structs = lock_structs(engine, one.ctx)
            wait = engine.locks.waiting(one.ctx)
            asked = lock_id(reader.request(wait.node)) if wait and wait.node else None
            rows = sum(lock.key is not None for lock in reader.locks_of(one.ctx))
            transaction = one.transaction
            tables = len(transaction.owner.tables)
            yield (
                *(transaction_id(engine, one.ctx), "LOCK WAIT" if asked else "RUNNING"),
                *(_moment(transaction.begun_us), asked, _moment(one.since_us) if asked else None),
                *(changed + structs, one.connection_id, one.text[:1024] or None, None),
                *(int(bool(one.text)), tables, structs, 64 * structs, rows, changed, 0),
                *(transaction.current_isolation.replace("-", " "), 1),
                *(int(bool(one.variables.get("foreign_key_checks"))), None, 0, 0),
                *(int(transaction.read_only), int(transaction.single and not structs), None),
            )


def is_transaction(session: Session) -> bool:
    """Whether a session's transaction has begun for the engine."""
    return session.transaction.active and session.node.engine.has_begun(session.ctx)


def lock_structs(engine: Engine, ctx: int) -> int:
    """Locks with an entry of their own, and intervals."""
    counts = txn_layout.CTX_LOCK_COUNT, txn_layout.CTX_GAP_COUNT
    return sum(engine.word(ctx, at) for at in counts)


PERFORMANCE: Final[dict[str, tuple[str, RowMaker]]] = {
    "data_locks": (_DATA_LOCKS, _data_locks),
    "data_lock_waits": (_DATA_LOCK_WAITS, _data_lock_waits),
}
INFORMATION: Final[dict[str, tuple[str, RowMaker]]] = {"INNODB_TRX": (_TRX, _trx)}
