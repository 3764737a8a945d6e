"""Lending connections to the lane: who may be lent, when, and what the session learns afterwards.

A connection is lent each time it would wait for its client, if nothing about it needs Python: no
compression, nothing read ahead, nothing unsent, no locked tables. What the lane has served since is
told to the session when the connection comes back, because the next statement may ask
(FOUND_ROWS(), SHOW WARNINGS, status counters).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.lane import CLEAR, Block, Lane, Slots, TlsParts
from mysqlcompat.results import STATUS_IN_TRANSACTION
from mysqlcompat.wire.openssl import kernel_calls

if TYPE_CHECKING:
    from mysqlcompat.wire.connection import Connection


class Terms(NamedTuple):
    """What a session says about being served without Python.

    context, mode  of the plan cache and the fingerprint kernel
    ctx            the engine's transaction context; its isolation is set
    writes         it may change data, too
    level          isolation of the transactions it may begin and end there; -1: none
    """

    context: int
    mode: int
    ctx: int
    writes: bool = False
    level: int = -1


class Served(NamedTuple):
    """What the lane has done for a session since its connection was lent.

    kind      of the last statement (`layout.SERVES_…`)
    affected  rows of the last one that changed data
    insert_id last AUTO_INCREMENT value given out, 0: none
    rows      of the last SELECT
    tables    `layout.S_TABLE` of what ran in the transaction that is open
    is_open   whether one is; begun_ns: monotonic, when, if it was begun there
    """

    selects: int
    inserts: int
    updates: int
    deletes: int
    begins: int
    commits: int
    rollbacks: int
    kind: int
    affected: int
    insert_id: int
    rows: int
    tables: tuple[int, ...] = ()
    is_open: bool = False
    begun_ns: int = 0


class Lending:
    """Makes every connection of a server lendable that is not compressed."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._lent: dict[int, LentConnection] = {}

    def recall(self) -> None:
        """Tell every session what was served for it; the connections stay lent."""
        for lent in list(self._lent.values()):
            if lent.recall():
                lent.idle()

    def is_committing(self, connection_id: int) -> bool:
        """Does a commit of this connection that the lane has served wait to be durable?"""
        lent = self._lent.get(connection_id)
        return lent is not None and lent.block is not None and bool(lent.block.words[layout.C_WAIT])

    def forget(self, connection: Connection) -> None:
        self._lent.pop(connection.id, None)

    def ready(self, connection: Connection) -> None:
        """A login is over."""
        channel = connection.channel
        if channel.compressed:
            return
        lent = LentConnection(self, connection)
        if lent.block is not None:
            channel.lender = lent
            self._lent[connection.id] = lent


class LentConnection:
    """One connection between the lane and its Python side."""

    def __init__(self, lending: Lending, connection: Connection) -> None:
        self._lending = lending
        self._lane = lane = lending.lane
        self._connection = connection
        socket = connection.channel.transport.get_extra_info("socket")
        self._descriptor: Final[int] = socket.fileno() if socket is not None else -1
        self._traffic = (0, 0)
        self._context = 0  #: of the prepared statements that are installed
        self.block: Block | None = None
        tls, parts = connection.channel.tls, CLEAR
        if tls is not None:
            lane.know_tls(kernel_calls())
            parts = TlsParts(tls.address, tls.incoming_at, tls.outgoing_at)
        if self._descriptor >= 0:
            self.block = lane.register(self._descriptor, self, parts)

    def idle(self) -> None:
        """The connection waits for its client: lend it, if it may be."""
        connection, block = self._connection, self.block
        channel = connection.channel
        if block is None or channel.reader.buffered or channel.transport.get_write_buffer_size():
            return
        terms = connection.session.lane_terms() if connection.has_session else None
        if terms is None:
            return
        self._keep_context(terms.context)
        self._lane.lend(
            block,
            terms.context,
            connection.session.status,
            connection.capabilities,
            terms.ctx,
            terms.mode,
            terms.writes,
            terms.level,
        )

    def _keep_context(self, context: int) -> None:
        """Settings decide how rows look: what was installed under others is installed anew."""
        if context != self._context:
            self._context = context
            self.close_statements()

    def recall(self) -> bool:
        """Take it back, now or when its commit is durable; whether the lane has served anything
        since it was lent."""
        block = self.block
        if block is None or not block.words[layout.C_SERVING]:
            return False
        if block.words[layout.C_WAIT]:
            block.words[layout.C_SERVING] = layout.UNTIL_DURABLE
            self._tell(block)
            return True
        busy = bool(block.words[layout.C_SERVED])
        self._lane.take(self._descriptor)
        return busy

    def lost(self) -> None:
        """The socket is about to be closed."""
        if self.block is not None:
            self._tell(self.block)
            self._traffic = self.traffic()
            self.block = None
            self._lane.release(self._descriptor)
            self._lending.forget(self._connection)

    def traffic(self) -> tuple[int, int]:
        """Bytes received and sent so far by the lane, as if nothing were encrypted."""
        if self.block is None:
            return self._traffic
        words = self.block.words
        return int(words[layout.C_RECEIVED]), int(words[layout.C_SENT])

    def lane_returned(self, received: bytes, unsent: bytes) -> None:
        """`LaneClient`: go on in Python."""
        assert self.block is not None
        self._tell(self.block)
        self._connection.channel.returned(received, unsent)

    def _tell(self, block: Block) -> None:
        """Have the session told what was served, once."""
        words = block.words
        served = int(words[layout.C_SERVED])
        if not served:
            return
        first = layout.C_COUNTS + layout.SERVES_INSERT
        changes = [int(count) for count in words[first : first + 6]]
        kind, affected, insert_id, rows = (
            int(words[word])
            for word in (layout.C_KIND, layout.C_AFFECTED, layout.C_INSERT_ID, layout.C_ROWS)
        )
        words[layout.C_SERVED] = words[layout.C_INSERT_ID] = 0
        words[first : first + 6] = 0
        tables = words[layout.C_TABLES : layout.C_TABLES + layout.TABLE_SLOTS]
        used = tuple(int(table) for table in tables if table)
        tables[:] = 0
        self._connection.session.lane_served(
            Served(
                selects=served - sum(changes),
                inserts=changes[0],
                updates=changes[1],
                deletes=changes[2],
                begins=changes[3],
                commits=changes[4],
                rollbacks=changes[5],
                kind=kind,
                affected=affected,
                insert_id=insert_id,
                rows=rows,
                tables=used,
                is_open=bool(words[layout.C_STATUS] & STATUS_IN_TRANSACTION),
                begun_ns=int(words[layout.C_BEGUN]),
            )
        )

    def install(
        self,
        statement: int,
        context: int,
        program: int,
        types: bytes,
        prefix: bytes,
        packets: int,
        slots: Slots,
    ) -> None:
        """Serve executions of this prepared statement until the session's settings change."""
        if self.block is not None:
            self._keep_context(context)
            self._lane.install_prepared(
                self.block, statement, program, types, prefix, packets, slots
            )

    def serves(self, statement: int) -> bool:
        return self.block is None or self._lane.serves_prepared(self.block, statement)

    def close_statement(self, statement: int) -> None:
        if self.block is not None:
            self._lane.close_prepared(self.block, statement)

    def close_statements(self) -> None:
        if self.block is not None:
            self._lane.close_all_prepared(self.block)
