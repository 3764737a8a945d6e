"""Sessions of one node: made for clients who have logged in, and for scripts of our own."""

from __future__ import annotations

from typing import Final

from mysqlcompat.accounts import ROOT, RootOnly
from mysqlcompat.errors import SqlError
from mysqlcompat.node_api import Node
from mysqlcompat.results import Rows
from mysqlcompat.session import Session
from mysqlcompat.startup import StartError
from mysqlcompat.wire.auth import hash_password
from mysqlcompat.wire.sessions import Client

COLLATION_UTF8MB4_0900_AI_CI: Final = 255


class NodeSessions:
    """Satisfies `wire.sessions.Sessions`.

    password  root's; empty: root is let in without one, from loopback
    """

    def __init__(self, node: Node, password: str) -> None:
        self._node = node
        self.accounts = RootOnly(hash_password(password) if password else b"")

    async def open(self, client: Client) -> Session:
        """A session for a client who has proved who he is. ERROR 1049: no such database."""
        session = Session(self._node, client)
        try:
            if client.database:
                session.use(client.database)
        except BaseException:
            session.close()
            raise
        node = self._node
        node.processlist.add(session)
        node.counters.connections += 1
        node.counters.max_used_connections = max(
            node.counters.max_used_connections, len(node.processlist)
        )
        return session

    def aborted(self, logged_in: bool) -> None:
        """A connection has ended otherwise than by COM_QUIT: in its login, or afterwards."""
        if logged_in:
            self._node.counters.aborted_clients += 1
        else:
            self._node.counters.aborted_connects += 1

    def own_client(self) -> Client:
        """The client that scripts of the server itself run as."""
        account = self.accounts.lookup(ROOT, "localhost")
        assert account is not None
        return Client(
            connection_id=self._node.processlist.next_id(),
            user=ROOT,
            host="localhost",
            port=0,
            account=account,
            database="",
            collation=COLLATION_UTF8MB4_0900_AI_CI,
            capabilities=0,
            secure=True,
        )


async def run_script(sessions: NodeSessions, script: str) -> None:
    """Run SQL statement after statement. Raises StartError at the first that fails."""
    session = await sessions.open(sessions.own_client())
    try:
        async for result in session.query(script.encode(), multi=True):
            if isinstance(result, Rows):
                result.source.close()
    except SqlError as error:
        raise StartError(f"the init file failed: ERROR {error.errno}: {error.message}") from error
    finally:
        session.close()
