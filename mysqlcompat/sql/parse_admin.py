"""USE, DO, PREPARE, EXECUTE, DEALLOCATE, KILL, FLUSH, ANALYZE, EXPLAIN, LOCK and their like."""

from __future__ import annotations

from typing import Literal

from mysqlcompat.sql.parse_show import parse_describe
from mysqlcompat.sql.statements import (
    Deallocate,
    Do,
    Execute,
    Explain,
    Flush,
    Kill,
    LockInstance,
    LockTables,
    Prepare,
    Source,
    Statement,
    TableLock,
    TableMaintenance,
    UnlockTables,
    Unsupported,
    Use,
)
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind


def parse_use(stream: TokenStream) -> Statement:
    stream.expect("USE")
    return Use(stream.name())


def parse_do(stream: TokenStream) -> Statement:
    stream.expect("DO")
    return Do(stream.rest())


def parse_prepare(stream: TokenStream) -> Statement:
    stream.expect("PREPARE")
    name = stream.name()
    stream.expect("FROM")
    if stream.token.kind is Kind.AT:
        return Prepare(name, None, stream.advance().value)
    return Prepare(name, stream.string(), None)


def parse_execute(stream: TokenStream) -> Statement:
    stream.expect("EXECUTE")
    name = stream.name()
    variables: list[str] = []
    if stream.accept("USING"):
        while True:
            if stream.token.kind is not Kind.AT:
                raise stream.error()
            variables.append(stream.advance().value)
            if not stream.accept_op(","):
                break
    return Execute(name, tuple(variables))


def parse_deallocate(stream: TokenStream) -> Statement:
    stream.expect_any("DEALLOCATE", "DROP")
    stream.expect("PREPARE")
    return Deallocate(stream.name())


def parse_kill(stream: TokenStream) -> Statement:
    stream.expect("KILL")
    query_only = stream.accept_any("QUERY", "CONNECTION") == "QUERY"
    return Kill(Source(stream.rest()), query_only)


def parse_flush(stream: TokenStream) -> Statement:
    stream.expect("FLUSH")
    stream.accept_any("NO_WRITE_TO_BINLOG", "LOCAL")
    what = stream.expect_any(
        "PRIVILEGES", "STATUS", "TABLES", "TABLE", "LOGS", "HOSTS", "USER_RESOURCES",
        "BINARY", "ENGINE", "ERROR", "GENERAL", "RELAY", "SLOW", "OPTIMIZER_COSTS",
    )  # fmt: skip
    if what in ("TABLES", "TABLE"):
        if stream.accept("WITH"):
            stream.expect("READ")
            stream.expect("LOCK")
            return Flush("GLOBAL READ LOCK")
        if not stream.at_end():
            return Unsupported("FLUSH TABLES of named tables")
        what = "TABLES"
    elif what in ("BINARY", "ENGINE", "ERROR", "GENERAL", "RELAY", "SLOW"):
        stream.expect("LOGS")
    return Flush(what)


def parse_unlock(stream: TokenStream) -> Statement:
    stream.expect("UNLOCK")
    if stream.accept("INSTANCE"):
        return LockInstance(unlock=True)
    stream.expect_any("TABLES", "TABLE")
    return UnlockTables()


def parse_lock(stream: TokenStream) -> Statement:
    stream.expect("LOCK")
    if stream.expect_any("TABLES", "TABLE", "INSTANCE") == "INSTANCE":
        stream.expect("FOR")
        stream.expect("BACKUP")
        return LockInstance(unlock=False)
    locks: list[TableLock] = []
    while True:
        name = stream.table_name()
        alias = stream.name() if stream.accept("AS") or stream.is_name() else None
        write = not stream.accept("READ")
        if write:
            stream.accept("LOW_PRIORITY")
            stream.expect("WRITE")
        else:
            stream.accept("LOCAL")
        locks.append(TableLock(name, write, alias))
        if not stream.accept_op(","):
            return LockTables(tuple(locks))


def parse_maintenance(stream: TokenStream) -> Statement:
    word = stream.expect_any("ANALYZE", "CHECK", "OPTIMIZE")
    verbs: dict[str, Literal["analyze", "check", "optimize"]] = {
        "ANALYZE": "analyze", "CHECK": "check", "OPTIMIZE": "optimize",
    }  # fmt: skip
    if word != "CHECK":
        stream.accept_any("NO_WRITE_TO_BINLOG", "LOCAL")
    stream.expect_any("TABLE", "TABLES")
    tables = stream.table_names()
    if word == "CHECK":
        while stream.accept_any("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED"):
            pass
    elif word == "ANALYZE" and stream.accept_any("UPDATE", "DROP"):
        return Unsupported("ANALYZE TABLE … HISTOGRAM")
    return TableMaintenance(verbs[word], tables)


def parse_explain(stream: TokenStream) -> Statement:
    """EXPLAIN, DESCRIBE and DESC are one word: of a table, or of a statement."""
    stream.expect_any("EXPLAIN", "DESCRIBE", "DESC")
    if stream.is_name() and not stream.is_word("ANALYZE") and not stream.is_word("FORMAT"):
        return parse_describe(stream)
    if stream.is_word("ANALYZE"):
        return Unsupported("EXPLAIN ANALYZE")
    output_format: str | None = None
    if stream.accept("FORMAT"):
        stream.expect_op("=")
        output_format = stream.string_or_name().upper()
        if output_format not in ("TRADITIONAL", "TREE", "JSON"):
            raise stream.error()
    if stream.token.value not in ("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "("):
        if stream.accept("FOR"):
            return Unsupported("EXPLAIN FOR CONNECTION")
        raise stream.error()
    return Explain(stream.rest(), output_format)
