"""SHOW ENGINE INNODB STATUS: transactions, who waits for whom, and the latest deadlock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Final

from btree import txn_layout
from btree.lock_views import LockReader, LockView
from btree.locks import Circle
from btree.state import ST_NEXT_TRX, ST_PURGE_LOW
from mysqlcompat import engine_status
from mysqlcompat.information_schema.locks import (
    LockNames,
    is_transaction,
    lock_structs,
    transaction_id,
)

if TYPE_CHECKING:
    from mysqlcompat.node_api import Node
    from mysqlcompat.session import Session

_WORDS: Final = {
    "": "",
    "REC_NOT_GAP": " locks rec but not gap",
    "GAP": " locks gap before rec",
    "GAP,INSERT_INTENTION": " locks gap before rec insert intention",
}


def watch_deadlocks(node: Node) -> None:
    """Keep a description of each deadlock of the node's engine, until the next."""

    def keep(circle: Circle) -> None:
        node.processlist.deadlock = "\n".join(_deadlock(node, circle))

    node.engine.locks.on_deadlock = keep


def status_text(session: Session) -> str:
    """The monitor's output; what the engine does not have is left out."""
    return "\n".join(_lines(session.node)) + "\n"


def _lines(node: Node) -> Iterator[str]:
    engine = node.engine
    yield from ("", "=" * 37, f"{_now()} INNODB MONITOR OUTPUT", "=" * 37)
    if node.processlist.deadlock:
        yield from _head("LATEST DETECTED DEADLOCK")
        yield node.processlist.deadlock
    yield from _head("TRANSACTIONS")
    yield f"Trx id counter {int(engine.st[ST_NEXT_TRX])}"
    yield f"Purge done for trx's n:o < {int(engine.st[ST_PURGE_LOW])} undo n:o < 0"
    yield f"History list length {engine.history_length}"
    yield "LIST OF TRANSACTIONS FOR EACH SESSION:"
    with closing(LockReader(engine)) as reader:
        for session in sorted(node.processlist, key=lambda one: -one.connection_id):
            yield from _transaction(session, reader)
    figures = engine_status.status_figures(engine)
    yield from _head("ROW OPERATIONS")
    counts = (f"{what} {figures[f'Innodb_rows_{what}']}" for what in ("inserted", "updated"))
    yield f"Number of rows {', '.join(counts)}, deleted {figures['Innodb_rows_deleted']}, " + (
        f"read {figures['Innodb_rows_read']}"
    )
    yield from ("-" * 28, "END OF INNODB MONITOR OUTPUT", "=" * 28)


def _head(title: str) -> tuple[str, str, str]:
    return ("-" * len(title), title, "-" * len(title))


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")


def _transaction(session: Session, reader: LockReader) -> Iterator[str]:
    engine, ctx = session.node.engine, session.ctx
    number = transaction_id(engine, ctx)
    if not is_transaction(session):
        yield f"---TRANSACTION {number}, not started"
        yield "0 lock struct(s), heap size 0, 0 row lock(s)"
        return
    yield f"---TRANSACTION {number}, {_activity(session)}"
    yield from _description(session, reader)
    wait = engine.locks.waiting(ctx)
    if wait is not None and wait.node:
        seconds = max(0, time.time_ns() // 1000 - session.since_us) // 1_000_000
        yield f"------- TRX HAS BEEN WAITING {seconds} SEC FOR THIS LOCK TO BE GRANTED:"
        yield from _lock(session, reader, reader.request(wait.node))
        yield "-" * 18


def _activity(session: Session) -> str:
    seconds = max(0, time.time_ns() // 1000 - session.transaction.begun_us) // 1_000_000
    return f"ACTIVE {seconds} sec"


def _description(session: Session, reader: LockReader) -> Iterator[str]:
    engine, ctx = session.node.engine, session.ctx
    structs = lock_structs(engine, ctx)
    rows = sum(lock.key is not None for lock in reader.locks_of(ctx))
    changed = engine.word(ctx, txn_layout.CTX_ROWS_CHANGED)
    waits = "LOCK WAIT " if engine.locks.waiting(ctx) else ""
    line = f"{waits}{structs} lock struct(s), heap size {64 * structs}, {rows} row lock(s)"
    yield line + (f", undo log entries {changed}" if changed else "")
    client = session.client
    who = f"{client.host} {client.user} {session.stage if session.text else ''}".rstrip()
    yield f"MySQL thread id {session.connection_id}, query id {session.connection_id} {who}"
    if session.text:
        yield session.text


def _lock(session: Session, reader: LockReader, lock: LockView) -> Iterator[str]:
    names = LockNames(session, reader)
    place = names.place(lock.root)
    if place is None:
        return
    table, index = place
    mode = ("lock_mode X" if lock.exclusive else "lock mode S") + _WORDS[lock.kind]
    waiting = " waiting" if lock.waiting else ""
    number = transaction_id(session.node.engine, lock.ctx)
    yield (
        f"RECORD LOCKS page no {lock.root} index {table.indexes[index].name} of table "
        f"`{table.database}`.`{table.name}` trx id {number} {mode}{waiting}"
    )
    yield f"Record lock: {names.data(lock)}"
    yield ""


def _deadlock(node: Node, circle: Circle) -> Iterator[str]:
    """Each waits for the next, the last for the first."""
    sessions = {session.ctx: session for session in node.processlist}
    yield _now()
    victim = 0
    with closing(LockReader(node.engine)) as reader:
        for place, wait in enumerate(circle.waits):
            session = sessions.get(wait.ctx)
            if session is None:
                continue
            if wait.ctx == circle.victim:
                victim = place + 1
            number = transaction_id(node.engine, wait.ctx)
            yield f"*** ({place + 1}) TRANSACTION:"
            yield f"TRANSACTION {number}, {_activity(session)}"
            yield from _description(session, reader)
            before = circle.waits[place - 1]
            if before.node:
                held = reader.blocking(reader.request(before.node), wait.ctx)
                if held is not None:
                    yield from ("", f"*** ({place + 1}) HOLDS THE LOCK(S):")
                    yield from _lock(session, reader, held)
            if wait.node:
                yield f"*** ({place + 1}) WAITING FOR THIS LOCK TO BE GRANTED:"
                yield from _lock(session, reader, reader.request(wait.node))
    yield f"*** WE ROLL BACK TRANSACTION ({victim})"
