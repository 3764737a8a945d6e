"""Golden scripts: SQL in, what the server answered out; recorded from a real MySQL.

A script (`tests/golden/**/*.test`) is a list of blocks with empty lines between them::

    # a comment, kept
    [meta] a> SELECT 1 AS one
    ---
    one: LONGLONG(1) NOT_NULL BINARY charset 63
    | one |
    | 1   |

`a>` names the connection (made when first used). Each block holds one statement, which may span
lines; it ends at the line `---`, after which the expected answer stands. Tags before it:

    [meta]    print the columns' metadata too
    [ours]    the answer is written by hand: MySQL's differs or would not be stable; the comment
              above says why. Recording keeps it
    [sorted]  the order of rows means nothing
    [text]    by the text protocol only, on the writer only: MySQL's other answers differ
    [writer]  on the writer only: the answer is about the session or the node
    [waits]   the statement must wait for another connection: its answer is `waits`, and the
              connection says nothing more until a block tagged
    [ended]   gives the answer in the end; its text names the statement for the reader
    [brief]   a statement that has to wait is killed: its answer is `waits`, and that was all

What waits is not guessed from time: a look at the server's process list and transactions says
that the statement waits for a lock (or sleeps), or the statement has answered.

`${b}` in a statement stands for the connection id of `b`.

Besides `TEXT`, a runner may send what reads through the binary protocol (`PREPARED`), or to a
replica (`REPLICA`), after it has applied what the writer's statements wrote.

Every script starts in a database `golden`, new and empty, which is dropped at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE, FLAG, SERVER_STATUS

from tests import binary_protocol

DATABASE: Final = "golden"
TEXT: Final = "text"
PREPARED: Final = "prepared"
REPLICA: Final = "replica"
_READS: Final = re.compile(r"(SELECT|SHOW|DESC|DESCRIBE|EXPLAIN)\b", re.IGNORECASE)
#: Reads whose answer is about the session, or which a replica refuses.
_DIAGNOSTIC: Final = re.compile(r"SHOW\s+(COUNT|WARNINGS|ERRORS)\b", re.IGNORECASE)
_OWN: Final = re.compile(
    r"@|\b\w+_ID\(|_COUNT\(|FOUND_ROWS|FOR UPDATE|FOR SHARE|LOCK IN|WARNINGS|ERRORS"
    r"|VARIABLES|STATUS|PROCESSLIST|UUID|RAND",
    re.IGNORECASE,
)
#: What a reading connection must hear, too, to mean the same.
_SETTINGS: Final = re.compile(r"(SET|USE)\b(?!.*\b(GLOBAL|PERSIST)\b)", re.IGNORECASE)
_USE: Final = re.compile(r"USE\b", re.IGNORECASE)
_HEAD: Final = re.compile(r"((?:\[\w+\] )*)(\w+)> (.*)", re.DOTALL)
_TYPES: Final = {value: name for name, value in vars(FIELD_TYPE).items() if isinstance(value, int)}
_FLAGS: Final = {value: name for name, value in vars(FLAG).items() if isinstance(value, int)}


_ID_OF: Final = re.compile(r"\$\{(\w+)\}")
#: What says that connection {id}, thread {thread}, waits: for a row; for anything else.
_WAITS: Final = (
    "SELECT COUNT(*) FROM performance_schema.data_lock_waits WHERE REQUESTING_THREAD_ID = {thread}",
    "SELECT COUNT(*) FROM performance_schema.processlist WHERE ID = {id}"
    " AND (STATE LIKE 'Waiting for%lock' OR STATE IN ('User lock', 'User sleep'))",
)
_THREAD: Final = "SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = {id}"
#: How long one statement may take: one that waits unexpectedly ends the test, not the suite.
_PATIENCE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Block:
    """One statement of a script, or a comment (`sql` empty)."""

    comment: str
    tags: tuple[str, ...] = ()
    connection: str = ""
    sql: str = ""
    answer: str = ""

    def text(self) -> str:
        lines = [self.comment] if self.comment else []
        if self.sql:
            tags = "".join(f"[{tag}] " for tag in self.tags)
            lines += [f"{tags}{self.connection}> {self.sql}", "---"]
            lines += [self.answer] if self.answer else []
        return "\n".join(lines)


def parse(text: str) -> list[Block]:
    """The blocks of a script."""
    return [_block(part) for part in re.split(r"\n{2,}", text.strip("\n"))]


def _block(part: str) -> Block:
    lines = part.split("\n")
    comments = []
    while lines and lines[0].startswith("#"):
        comments.append(lines.pop(0))
    comment = "\n".join(comments)
    if not lines:
        return Block(comment)
    head, _, answer = "\n".join(lines).partition("\n---")
    match = _HEAD.fullmatch(head)
    assert match is not None, f"not a block: {part!r}"
    tags = tuple(re.findall(r"\[(\w+)\]", match[1]))
    return Block(comment, tags, match[2], match[3], answer.strip("\n"))


def render(blocks: list[Block]) -> str:
    return "\n\n".join(block.text() for block in blocks) + "\n"


@dataclass(slots=True)
class Runner:
    """Runs blocks against one server."""

    host: str
    port: int
    way: str = TEXT
    reader_port: int = 0
    connections: dict[str, Any] = field(default_factory=dict)
    readers: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, Future[str]] = field(default_factory=dict)

    def run(self, blocks: list[Block], keep_ours: bool) -> list[Block]:
        """The blocks with the server's answers; with `keep_ours` [ours] keep theirs."""
        setup = self._connect(None)
        try:
            with setup.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
                cursor.execute(f"CREATE DATABASE {DATABASE}")
            answered = [self._answer(block, keep_ours) for block in blocks]
            with setup.cursor() as cursor:
                self._hang_up()
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            return answered
        finally:
            self._hang_up()
            setup.close()

    def _hang_up(self) -> None:
        for connection in (*self.connections.values(), *self.readers.values()):
            connection.close()
        self.connections.clear()
        self.readers.clear()
        self.waiting.clear()

    def _connect(self, database: str | None, port: int = 0) -> Any:
        return pymysql.connect(
            host=self.host,
            port=port or self.port,
            user="root",
            ssl_disabled=True,
            password="",
            database=database,
            charset="utf8mb4",
            conv={},
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=None,
            read_timeout=_PATIENCE_S,
        )

    def _answer(self, block: Block, keep_ours: bool) -> Block:
        if not block.sql:
            return block
        if "ended" in block.tags:
            running = self.waiting.pop(block.connection, None)
            return replace(block, answer=running.result() if running else "has not waited")
        connection = self.connections.get(block.connection)
        if connection is None:
            connection = self.connections[block.connection] = self._connect(DATABASE)
        reads = _READS.match(block.sql) is not None and "text" not in block.tags
        diagnostic = _DIAGNOSTIC.match(block.sql) is not None  # MySQL does not prepare those
        if self.way == REPLICA:
            reader = self._reader(block, connection)
            connection = reader if reads and reader is not None else connection
        prepared = self.way == PREPARED and reads and not diagnostic
        sent = replace(block, sql=_ID_OF.sub(self._id_of, block.sql))
        run = self._started if {"waits", "brief"} & set(block.tags) else _run
        answer = run(connection, sent, prepared)
        if "brief" in block.tags and answer == "waits":
            self._kill_query(block.connection)
        return block if keep_ours and "ours" in block.tags else replace(block, answer=answer)

    def _id_of(self, match: re.Match[str]) -> str:
        return str(self.connections[match[1]].thread_id())

    def _kill_query(self, name: str) -> None:
        """End what the connection waits for; its answer is forgotten."""
        with closing(self._connect(None)) as other, other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {self.connections[name].thread_id()}")
        self.waiting.pop(name).result()

    def _started(self, connection: Any, block: Block, prepared: bool) -> str:
        """`waits` as soon as the statement does; its answer if it comes instead."""
        pool = ThreadPoolExecutor(1)
        running = pool.submit(_run, connection, block, prepared)
        pool.shutdown(wait=False)
        number = connection.thread_id()
        with closing(self._connect(None)) as observer, observer.cursor() as cursor:
            cursor.execute(_THREAD.format(id=number))
            found = cursor.fetchall()
            thread = found[0][0] if found else 0  # 0: it has killed itself
            while not running.done():
                for look in _WAITS:
                    cursor.execute(look.format(id=number, thread=thread))
                    if int(cursor.fetchall()[0][0]):
                        self.waiting[block.connection] = running
                        return "waits"
        return running.result()

    def _reader(self, block: Block, writer: Any) -> Any:
        """A replica's connection that means the same as the writer's; None when the block is not
        for replicas. Settings are sent to both."""
        reader = self.readers.get(block.connection)
        if _SETTINGS.match(block.sql):
            reader = reader or self._new_reader(block.connection, writer)
            if _USE.match(block.sql):  # a database that the replica may not know yet
                _catch_up(writer, reader)
            _try(reader, block.sql)
            return None
        in_transaction = writer.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        if in_transaction or "writer" in block.tags or _OWN.search(block.sql):
            return None
        if not _READS.match(block.sql):
            return None
        reader = reader or self._new_reader(block.connection, writer)
        _catch_up(writer, reader)
        return reader

    def _new_reader(self, name: str, writer: Any) -> Any:
        """A connection to a replica, in the golden database once it is there."""
        reader = self.readers[name] = self._connect(None, self.reader_port)
        _catch_up(writer, reader)
        reader.select_db(DATABASE)
        return reader


def _try(connection: Any, sql: str) -> None:
    """A setting that is a mistake on the writer is the same mistake here."""
    with suppress(pymysql.MySQLError), connection.cursor() as cursor:
        cursor.execute(sql)


def _catch_up(writer: Any, reader: Any) -> None:
    """Returns when the reader's replica has applied what the writer has made durable. Each look is
    a round trip, so this waits for the replica, not for time."""
    durable = host_lsn(writer, "DURABLE_LSN", "SESSION_ID = 'MASTER_SESSION_ID'")
    while host_lsn(reader, "CURRENT_READ_POINT", "SERVER_ID = @@aurora_server_id") < durable:
        pass


def wait_for_replicas(writer: Any) -> None:
    """Returns when every replica has applied what the writer has made durable."""
    durable = host_lsn(writer, "DURABLE_LSN", "SESSION_ID = 'MASTER_SESSION_ID'")
    others = "SESSION_ID <> 'MASTER_SESSION_ID'"
    while host_lsn(writer, "MIN(CURRENT_READ_POINT)", others) < durable:
        pass


def host_lsn(connection: Any, column: str, where: str) -> int:
    """An LSN that the cluster says of one of its nodes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM information_schema.replica_host_status WHERE {where}")
        ((lsn,),) = cursor.fetchall()
        return int(lsn)


def _run(connection: Any, block: Block, prepared: bool) -> str:
    return "\n".join(_lines(connection, block, prepared))


def _lines(connection: Any, block: Block, prepared: bool) -> Iterator[str]:
    with connection.cursor() as cursor:
        try:
            if prepared:
                result = binary_protocol.execute(connection, block.sql)
                yield from _result(result, block)
                yield from _warnings(connection, result)
                return
            cursor.execute(block.sql)
            while True:
                yield from _result(cursor._result, block)
                yield from _warnings(connection, cursor._result)
                if not cursor.nextset():
                    return
        except pymysql.MySQLError as error:
            yield f"error {error.args[0]}: {error.args[1]}"


def _result(result: Any, block: Block) -> Iterator[str]:
    if result.description is None:
        yield _ok(result)
        return
    if "meta" in block.tags:
        yield from (_metadata(column) for column in result.fields)
    names = [column.name for column in result.fields]
    rows = [[_shown(value) for value in row] for row in result.rows]
    if "sorted" in block.tags:
        rows.sort()
    widths = [max(len(row[at]) for row in [names, *rows]) for at in range(len(names))]
    for row in [names, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "| " + " | ".join(cells) + " |"


def _ok(result: Any) -> str:
    text = f"ok, {result.affected_rows} affected"
    if result.insert_id:
        text += f", insert id {result.insert_id}"
    message = (result.message or b"")[1:].decode()  # behind its length
    return text + (f", {message}" if message else "")


def _metadata(column: Any) -> str:
    flags = " ".join(name for bit, name in _FLAGS.items() if column.flags & bit)
    origin = ".".join(
        part for part in (_name(column.db), column.org_table, column.org_name) if part
    )
    decimals = f" decimals {column.scale}" if column.scale else ""
    return (
        f"{column.name}: {_TYPES.get(column.type_code, column.type_code)}({column.length})"
        f"{decimals} {flags} charset {column.charsetnr} {origin}".rstrip()
    )


def _name(text: Any) -> str:
    return text.decode() if isinstance(text, bytes) else str(text)


def _shown(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _warnings(connection: Any, result: Any) -> Iterator[str]:
    if not result.warning_count or result.has_next:
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW WARNINGS")
        for level, errno, message in cursor.fetchall():
            yield f"{level.lower()} {errno}: {message}"


def scripts(root: Path) -> list[Path]:
    """Every golden script below `root`."""
    return sorted(root.rglob("*.test"))
