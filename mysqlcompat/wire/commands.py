"""One function a command byte. What is not in HANDLERS is answered with 1047.

A handler gets the connection and what follows the command byte. It queues the reply; the connection
sends it. SqlError and Malformed become ERR; False ends the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from struct import pack
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.results import (
    STATUS_CURSOR_EXISTS,
    STATUS_LAST_ROW_SENT,
    STATUS_MORE_RESULTS,
    Ok,
    Parameter,
    PreparedInfo,
    Result,
    Rows,
)
from mysqlcompat.wire import constants as c
from mysqlcompat.wire import handshake
from mysqlcompat.wire.columns import (
    column_packet,
    end_of_rows,
    eof_packet,
    field_list_packet,
    ok_packet,
    result_head,
)
from mysqlcompat.wire.cursors import Cursor
from mysqlcompat.wire.decode import Type, read_query_attributes, read_types, read_values
from mysqlcompat.wire.fields import Fields, Malformed
from mysqlcompat.wire.sessions import Session
from mysqlcompat.wire.transcode import TranscodedRows

if TYPE_CHECKING:
    from mysqlcompat.wire.connection import Connection

log = logging.getLogger(__name__)

Handler = Callable[["Connection", bytes], Awaitable[bool | None]]


class Statement:
    """A prepared statement of one connection: what the session made, and what the wire keeps.

    types      of the last execution that sent them; the next may leave them out
    long_data  what COM_STMT_SEND_LONG_DATA brought since the last execution
    """

    def __init__(self, info: PreparedInfo) -> None:
        self.info = info
        self.types: list[Type] | None = None
        self.long_data: dict[int, bytearray] = {}
        self.long_data_error: SqlError | None = None
        self.cursor: Cursor | None = None

    def reset(self) -> None:
        """Forget long data and cursor."""
        self.long_data.clear()
        self.long_data_error = None
        self.cursor = None


class Statements:
    """The prepared statements of one connection, by id."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_id: dict[int, Statement] = {}
        self._last_id = 0

    def check_room(self) -> None:
        """Raises 1461 when there may be no more."""
        if len(self._by_id) >= self._limit:
            raise SqlError(1461, self._limit)

    def add(self, info: PreparedInfo) -> int:
        self._last_id += 1
        self._by_id[self._last_id] = Statement(info)
        return self._last_id

    def find(self, number: int) -> Statement:
        """Raises 1243 when there is none."""
        statement = self._by_id.get(number)
        if statement is None:
            raise SqlError(1243, number, "mysql_stmt_precheck")
        return statement

    def get(self, number: int) -> Statement | None:
        return self._by_id.get(number)

    def remove(self, number: int, session: Session) -> None:
        statement = self._by_id.pop(number, None)
        if statement is not None:
            session.close_statement(statement.info)

    def clear(self, session: Session) -> None:
        for number in list(self._by_id):
            self.remove(number, session)


# Results


async def send_result(connection: Connection, result: Result) -> None:
    """An OK, or columns and rows."""
    session = connection.session
    more = STATUS_MORE_RESULTS if result.more else 0
    if isinstance(result, Ok):
        connection.send(
            ok_packet(
                connection.capabilities,
                session.status | more,
                result.affected,
                result.insert_id,
                result.warnings,
                result.info,
                session.take_changes(),
            )
        )
        return
    await _send_rows(connection, result, more)


def _in_results_charset(session: Session, result: Result, binary: bool) -> None:
    """Have the rows encoded as the client wants them."""
    if session.results_codec and isinstance(result, Rows):
        result.source = TranscodedRows(result.source, result.columns, session.results_codec, binary)


async def _send_rows(connection: Connection, result: Rows, more: int) -> None:
    session, source = connection.session, result.source
    head, connection.sequence = result_head(
        result.columns,
        connection.capabilities,
        session.results_collation,
        session.status | more,
        result.warnings,
        connection.sequence,
    )
    connection.push(head)
    end = False
    try:
        while not end:
            packets, _, connection.sequence, end = await source.read(connection.sequence, 0)
            connection.push(packets)
            await connection.flush_some()
    finally:
        source.close()
    connection.send(
        end_of_rows(
            connection.capabilities,
            session.status | more,
            result.warnings,
            session.take_changes(),
        )
    )


async def _open_cursor(connection: Connection, statement: Statement, result: Rows) -> None:
    """Columns now, rows on demand."""
    session = connection.session
    statement.cursor = await Cursor.of(result.source)
    statement.cursor.warnings = result.warnings
    head, connection.sequence = result_head(
        result.columns,
        connection.capabilities,
        session.results_collation,
        session.status | STATUS_CURSOR_EXISTS,
        result.warnings,
        connection.sequence,
        cursor=True,
    )
    connection.push(head)


# Text protocol and the small commands


async def com_query(connection: Connection, body: bytes) -> None:
    attributes: list[Parameter] = []
    if connection.capabilities & c.CLIENT_QUERY_ATTRIBUTES:
        fields = Fields(body)
        attributes = read_query_attributes(fields)
        body = fields.rest()
    results = connection.session.query(body, connection.multi_statements, attributes)
    answered = False
    async with aclosing(results) as each:  # type: ignore[type-var]
        async for result in each:
            answered = True
            _in_results_charset(connection.session, result, binary=False)
            await send_result(connection, result)
    if not answered:
        raise SqlError(1065)


async def com_init_db(connection: Connection, body: bytes) -> None:
    await connection.session.init_db(body)
    connection.ok()


async def com_ping(connection: Connection, body: bytes) -> None:
    connection.ok()


async def com_statistics(connection: Connection, body: bytes) -> None:
    connection.send((await connection.session.statistics()).encode())


async def com_process_kill(connection: Connection, body: bytes) -> None:
    await connection.session.kill(Fields(body).number(4))
    connection.ok()


async def com_debug(connection: Connection, body: bytes) -> None:
    connection.send(end_of_rows(connection.capabilities, connection.session.status))


async def com_set_option(connection: Connection, body: bytes) -> None:
    option = Fields(body).number(2)
    if option > 1:
        raise SqlError(1047)
    connection.multi_statements = option == 0
    connection.send(end_of_rows(connection.capabilities, connection.session.status))


async def com_field_list(connection: Connection, body: bytes) -> None:
    fields = Fields(body)
    table = fields.until_nul()
    columns = await connection.session.field_list(table, fields.rest())
    for column in columns:
        connection.send(field_list_packet(column, connection.session.results_collation))
    connection.send(end_of_rows(connection.capabilities, connection.session.status))


async def com_change_user(connection: Connection, body: bytes) -> bool:
    # The collation stays as it was when the packet says nothing about it.
    login = handshake.parse_change_user(body, connection.capabilities, 0)
    return await connection.change_user(login)


async def com_reset_connection(connection: Connection, body: bytes) -> None:
    connection.clear_statements()
    await connection.session.reset()
    connection.ok()


# Prepared statements


async def com_stmt_prepare(connection: Connection, body: bytes) -> None:
    connection.statements.check_room()
    session = connection.session
    info = await session.prepare(body)
    number = connection.statements.add(info)
    with_metadata = connection.capabilities & c.CLIENT_OPTIONAL_METADATA
    connection.send(
        pack("<BIHHBH", 0, number, len(info.columns), len(info.parameters), 0, info.warnings)
        + (b"\x01" if with_metadata else b"")
    )
    for group in (info.parameters, info.columns):
        for column in group:
            connection.send(column_packet(column, session.results_collation))
        if group and not connection.capabilities & c.CLIENT_DEPRECATE_EOF:
            connection.send(eof_packet(session.status))


async def com_stmt_execute(connection: Connection, body: bytes) -> None:
    fields = Fields(body)
    number = fields.number(4)
    statement = connection.statements.find(number)
    flags = fields.number(1)
    fields.number(4)  # iterations: always one
    error = statement.long_data_error
    try:
        if error is not None:
            raise error
        parameters = _parameters(connection, number, statement, fields, flags)
    finally:
        statement.reset()
    if flags and connection.channel.lender is not None:  # who does not know of cursors
        connection.channel.lender.close_statement(number)
    results = connection.session.execute(statement.info, parameters)
    async with aclosing(results) as each:  # type: ignore[type-var]
        async for result in each:
            _in_results_charset(connection.session, result, binary=True)
            if isinstance(result, Rows) and flags & c.CURSOR_READ_ONLY and not result.more:
                await _open_cursor(connection, statement, result)
            else:
                await send_result(connection, result)
    if not flags:
        _offer(connection, number, statement, parameters)


def _offer(
    connection: Connection, number: int, statement: Statement, parameters: list[Parameter]
) -> None:
    """Let the lane run the next execution, if it can. The reply to this one is on its way: an error
    is ours alone."""
    lender = connection.channel.lender
    if lender is None or lender.serves(number):
        return
    try:
        program = connection.session.lane_program(statement.info, parameters)
        if program is not None:
            lender.install(number, *program)
    except Exception:
        log.exception("a prepared statement could not be offered to the lane")
        lender.close_statement(number)


def _parameters(
    connection: Connection, number: int, statement: Statement, fields: Fields, flags: int
) -> list[Parameter]:
    """The bound parameters. New types are kept once all values were read.

    Query attributes of an execution, which come after them, are read and dropped: nothing of the
    session asks for them.
    """
    wanted = len(statement.info.parameters)
    named = bool(connection.capabilities & c.CLIENT_QUERY_ATTRIBUTES)
    count = wanted
    if named and (wanted or flags & c.PARAMETER_COUNT_AVAILABLE):
        count = fields.length()
        if count < wanted or count > wanted + fields.left:
            raise SqlError(1210, "mysqld_stmt_execute")
    if count == 0:
        return []
    nulls = fields.take((count + 7) // 8)
    if fields.number(1):
        types = read_types(fields, count, named)
        if types != statement.types and connection.channel.lender is not None:
            # It takes values for those of the types it knows, when a client sends no types.
            connection.channel.lender.close_statement(number)
    elif statement.types is None or len(statement.types) < count:
        raise SqlError(1210, "mysqld_stmt_execute")
    else:
        types = statement.types[:count]
    values = read_values(
        fields, types, nulls, {n: bytes(d) for n, d in statement.long_data.items()}
    )
    statement.types = types
    return values[:wanted]


async def com_stmt_send_long_data(connection: Connection, body: bytes) -> None:
    """No reply, not even an error: that is the next execution's."""
    fields = Fields(body)
    try:
        statement_no = fields.number(4)
        statement = connection.statements.get(statement_no)
        number, data = fields.number(2), fields.rest()
    except Malformed:
        return
    if statement is None:
        return
    if connection.channel.lender is not None:  # who does not know of this data
        connection.channel.lender.close_statement(statement_no)
    if number >= len(statement.info.parameters):
        statement.long_data_error = SqlError(1210, "mysqld_stmt_send_long_data")
        return
    gathered = statement.long_data.setdefault(number, bytearray())
    if len(gathered) + len(data) > connection.session.max_allowed_packet:
        statement.long_data_error = SqlError.with_text(
            1105,
            "Parameter of prepared statement which is set through mysql_send_long_data() is "
            "longer than 'max_allowed_packet' bytes",
        )
        return
    gathered += data


async def com_stmt_close(connection: Connection, body: bytes) -> None:
    """No reply."""
    if len(body) >= 4:
        number = Fields(body).number(4)
        if connection.channel.lender is not None:
            connection.channel.lender.close_statement(number)
        connection.statements.remove(number, connection.session)


async def com_stmt_reset(connection: Connection, body: bytes) -> None:
    connection.statements.find(Fields(body).number(4)).reset()
    connection.ok()


async def com_stmt_fetch(connection: Connection, body: bytes) -> None:
    fields = Fields(body)
    number, limit = fields.number(4), fields.number(4)
    statement = connection.statements.find(number)
    cursor = statement.cursor
    if cursor is None:
        raise SqlError(1421, number)
    packets, connection.sequence, at_end = cursor.fetch(limit, connection.sequence)
    connection.push(packets)
    status = STATUS_LAST_ROW_SENT if at_end else STATUS_CURSOR_EXISTS
    if at_end:
        statement.cursor = None
    session = connection.session
    connection.send(end_of_rows(connection.capabilities, session.status | status, cursor.warnings))


HANDLERS: Final[dict[int, Handler]] = {
    c.COM_INIT_DB: com_init_db,
    c.COM_QUERY: com_query,
    c.COM_FIELD_LIST: com_field_list,
    c.COM_STATISTICS: com_statistics,
    c.COM_PROCESS_KILL: com_process_kill,
    c.COM_DEBUG: com_debug,
    c.COM_PING: com_ping,
    c.COM_CHANGE_USER: com_change_user,
    c.COM_STMT_PREPARE: com_stmt_prepare,
    c.COM_STMT_EXECUTE: com_stmt_execute,
    c.COM_STMT_SEND_LONG_DATA: com_stmt_send_long_data,
    c.COM_STMT_CLOSE: com_stmt_close,
    c.COM_STMT_RESET: com_stmt_reset,
    c.COM_SET_OPTION: com_set_option,
    c.COM_STMT_FETCH: com_stmt_fetch,
    c.COM_RESET_CONNECTION: com_reset_connection,
}
