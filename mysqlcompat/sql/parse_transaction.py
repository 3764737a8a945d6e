"""BEGIN, START TRANSACTION, COMMIT, ROLLBACK, SAVEPOINT, RELEASE SAVEPOINT, SET TRANSACTION."""

from __future__ import annotations

from typing import Literal

from mysqlcompat.sql.statements import (
    Begin,
    Commit,
    ReleaseSavepoint,
    Rollback,
    Savepoint,
    SetTransaction,
    Statement,
)
from mysqlcompat.sql.token_stream import TokenStream


def parse_begin(stream: TokenStream) -> Statement:
    stream.expect("BEGIN")
    stream.accept("WORK")
    return Begin()


def parse_start(stream: TokenStream) -> Statement:
    stream.expect("START", "TRANSACTION")
    read_only: bool | None = None
    snapshot = contradicts = False
    while not stream.at_end():
        if stream.accept("WITH", "CONSISTENT", "SNAPSHOT"):
            snapshot = True
        elif stream.is_word("READ"):
            mode = _access_mode(stream)
            contradicts = contradicts or read_only not in (None, mode)
            read_only = mode
        else:
            raise stream.error()
        if not stream.accept_op(","):
            break
    if contradicts:
        raise stream.error()
    return Begin(read_only, snapshot)


def _access_mode(stream: TokenStream) -> bool:
    stream.expect("READ")
    return stream.expect_any("ONLY", "WRITE") == "ONLY"


def _chain_release(stream: TokenStream) -> tuple[bool, bool]:
    chain = release = False
    stream.accept("WORK")
    if stream.accept("AND"):
        chain = not stream.accept("NO")
        stream.expect("CHAIN")
    if stream.accept("NO"):
        stream.expect("RELEASE")
    elif not chain and stream.accept("RELEASE"):
        release = True
    return chain, release


def parse_commit(stream: TokenStream) -> Statement:
    stream.expect("COMMIT")
    chain, release = _chain_release(stream)
    return Commit(chain, release)


def parse_rollback(stream: TokenStream) -> Statement:
    stream.expect("ROLLBACK")
    if stream.is_word("TO") or stream.is_word("WORK", "TO"):
        stream.accept("WORK")
        stream.expect("TO")
        stream.accept("SAVEPOINT")
        return Rollback(savepoint=stream.name())
    chain, release = _chain_release(stream)
    return Rollback(chain, release)


def parse_savepoint(stream: TokenStream) -> Statement:
    stream.expect("SAVEPOINT")
    return Savepoint(stream.name())


def parse_release(stream: TokenStream) -> Statement:
    stream.expect("RELEASE", "SAVEPOINT")
    return ReleaseSavepoint(stream.name())


def parse_set_transaction(
    stream: TokenStream, scope: Literal["global", "session", "next"]
) -> SetTransaction:
    """After SET [GLOBAL | SESSION] TRANSACTION."""
    isolation: str | None = None
    read_only: bool | None = None
    while True:
        if isolation is None and stream.accept("ISOLATION", "LEVEL"):
            isolation = _isolation_level(stream)
        elif read_only is None and stream.is_word("READ"):
            read_only = _access_mode(stream)
        else:
            raise stream.error()
        if not stream.accept_op(","):
            return SetTransaction(scope, isolation, read_only)


def _isolation_level(stream: TokenStream) -> str:
    if stream.accept("REPEATABLE"):
        stream.expect("READ")
        return "REPEATABLE-READ"
    if stream.accept("SERIALIZABLE"):
        return "SERIALIZABLE"
    stream.expect("READ")
    return "READ-" + stream.expect_any("COMMITTED", "UNCOMMITTED")
