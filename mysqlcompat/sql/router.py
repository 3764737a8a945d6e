"""First keywords decide who parses a statement: our own parsers, or sqlglot for DML and SELECT.

`route` gives a `Statement` of `statements.py`; `Plain` means "parse → resolve → plan → run".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mysqlcompat.sql import parse_admin, parse_ddl, parse_transaction
from mysqlcompat.sql.parse_set import parse_set
from mysqlcompat.sql.parse_show import parse_show
from mysqlcompat.sql.statements import Nothing, Plain, Statement, Unsupported
from mysqlcompat.sql.token_stream import Note, TokenStream
from mysqlcompat.sql.tokens import Kind, Token, tokenize

Parser = Callable[[TokenStream], Statement]

_PARSERS: Final[dict[str, Parser]] = {
    "ALTER": parse_ddl.parse_alter,
    "ANALYZE": parse_admin.parse_maintenance,
    "BEGIN": parse_transaction.parse_begin,
    "CHECK": parse_admin.parse_maintenance,
    "COMMIT": parse_transaction.parse_commit,
    "CREATE": parse_ddl.parse_create,
    "DEALLOCATE": parse_admin.parse_deallocate,
    "DESC": parse_admin.parse_explain,
    "DESCRIBE": parse_admin.parse_explain,
    "DO": parse_admin.parse_do,
    "DROP": parse_ddl.parse_drop,
    "EXECUTE": parse_admin.parse_execute,
    "EXPLAIN": parse_admin.parse_explain,
    "FLUSH": parse_admin.parse_flush,
    "KILL": parse_admin.parse_kill,
    "LOCK": parse_admin.parse_lock,
    "OPTIMIZE": parse_admin.parse_maintenance,
    "PREPARE": parse_admin.parse_prepare,
    "RELEASE": parse_transaction.parse_release,
    "RENAME": parse_ddl.parse_rename,
    "ROLLBACK": parse_transaction.parse_rollback,
    "SAVEPOINT": parse_transaction.parse_savepoint,
    "SET": parse_set,
    "SHOW": parse_show,
    "START": parse_transaction.parse_start,
    "TRUNCATE": parse_ddl.parse_truncate,
    "UNLOCK": parse_admin.parse_unlock,
    "USE": parse_admin.parse_use,
}
_PLAIN_TEXT: Final = """
    SELECT INSERT REPLACE UPDATE DELETE WITH VALUES TABLE
"""
_PLAIN: Final = frozenset(_PLAIN_TEXT.split())
#: Statements of MySQL 8.4 which start with these words and are not there yet.
_LATER_TEXT: Final = """
    BINLOG CACHE CALL CHANGE CHECKSUM CLONE GET GRANT HANDLER IMPORT INSTALL LOAD PURGE
    REPAIR RESET RESIGNAL RESTART REVOKE SHUTDOWN SIGNAL STOP UNINSTALL XA
"""
_LATER: Final = frozenset(_LATER_TEXT.split())


def route(
    text: str, tokens: list[Token] | None = None, notes: list[Note] | None = None
) -> Statement:
    """The statement in `text` (one, without its semicolon). Mistakes are SqlError 1064.

    Warnings of the parser are appended to `notes`. Nothing but comments is `Nothing`.
    """
    tokens = tokens if tokens is not None else tokenize(text)
    first = tokens[0]
    if first.kind is Kind.END:
        return Nothing()
    if first.kind is Kind.OP and first.value == "(":
        return Plain("select")
    if first.kind is Kind.WORD and first.value in _PLAIN:
        return Plain(first.value.lower())
    stream = TokenStream(text, tokens)
    parser = _PARSERS.get(first.value) if first.kind is Kind.WORD else None
    if parser is None:
        if first.kind is Kind.WORD and first.value in _LATER:
            return Unsupported(first.value)
        raise stream.error()
    if first.value == "START" and not stream.is_word("START", "TRANSACTION"):
        return Unsupported("START " + stream.peek().value)
    statement = parser(stream)
    if not isinstance(statement, Unsupported):
        stream.expect_end()
    if notes is not None:
        notes.extend(stream.notes)
    return statement
