"""CREATE, DROP, ALTER, TRUNCATE, RENAME of databases, tables and indexes.

What the dictionary cannot keep yet raises ERROR 1235 with the feature's name here, where it is
read: nothing is parsed and then ignored, except what MySQL itself ignores.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.parse_alter import parse_alter_table, parse_create_index, parse_drop_index
from mysqlcompat.sql.parse_system import parse_system
from mysqlcompat.sql.parse_table import not_yet, parse_create_table
from mysqlcompat.sql.parse_types import read_charset
from mysqlcompat.sql.statements import (
    AlterDatabase,
    CreateDatabase,
    DropDatabase,
    DropTable,
    RenameTable,
    Statement,
    TableName,
    TruncateTable,
    Unsupported,
)
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

_CREATABLE: Final = {
    "EVENT", "FUNCTION", "PROCEDURE", "TRIGGER", "VIEW", "USER", "ROLE", "SERVER", "TABLESPACE",
    "SPATIAL", "FULLTEXT", "LOGFILE", "RESOURCE", "UNDO", "DEFINER", "ALGORITHM", "SQL",
    "AGGREGATE",
}  # fmt: skip


def parse_create(stream: TokenStream) -> Statement:
    stream.expect("CREATE")
    if stream.accept_any("DATABASE", "SCHEMA"):
        return _create_database(stream)
    if stream.accept("TEMPORARY", "TABLE"):
        return replace(parse_create_table(stream), temporary=True)
    if stream.accept("TABLE"):
        return parse_create_table(stream)
    unique = stream.accept("UNIQUE")
    if stream.accept("INDEX"):
        return parse_create_index(stream, unique)
    if unique:
        raise stream.error()
    if stream.accept("OR", "REPLACE"):
        pass
    if stream.token.kind is Kind.WORD and stream.token.value in _CREATABLE:
        word = stream.advance().value
        suffix = " INDEX" if word in ("SPATIAL", "FULLTEXT") else ""
        return Unsupported("CREATE VIEW" if word == "ALGORITHM" else f"CREATE {word}{suffix}")
    raise stream.error()


def _database_options(stream: TokenStream) -> tuple[str | None, str | None]:
    """[DEFAULT] CHARACTER SET [=] x | [DEFAULT] COLLATE [=] y | ENCRYPTION [=] 'N', repeated."""
    charset: str | None = None
    collation: str | None = None
    while not stream.at_end():
        stream.accept("DEFAULT")
        if (
            stream.accept("CHARACTER", "SET")
            or stream.accept("CHARSET")
            or stream.accept("CHAR", "SET")
        ):
            stream.accept_op("=")
            charset = read_charset(stream)
        elif stream.accept("COLLATE"):
            stream.accept_op("=")
            collation = "binary" if stream.accept("BINARY") else stream.string_or_name().lower()
        elif stream.accept("ENCRYPTION"):
            stream.accept_op("=")
            if stream.string().upper() != "N":
                raise not_yet("ENCRYPTION='Y'")
        elif stream.is_word("READ", "ONLY"):
            raise not_yet("ALTER DATABASE READ ONLY")
        else:
            raise stream.error()
    return charset, collation


def _create_database(stream: TokenStream) -> Statement:
    conditional = stream.clause("IF", "NOT", "EXISTS")
    name = _database_name(stream)
    charset, collation = _database_options(stream)
    return CreateDatabase(name, conditional, charset, collation)


def _database_name(stream: TokenStream) -> str:
    name = stream.name()
    if not name or name.endswith(" "):
        raise SqlError(1102, name)
    return name


def parse_drop(stream: TokenStream) -> Statement:
    stream.expect("DROP")
    if stream.accept_any("DATABASE", "SCHEMA"):
        conditional = stream.clause("IF", "EXISTS")
        return DropDatabase(stream.name(), conditional)
    temporary = stream.accept("TEMPORARY")
    if stream.accept_any("TABLE", "TABLES"):
        conditional = stream.clause("IF", "EXISTS")
        tables = stream.table_names()
        stream.accept_any("RESTRICT", "CASCADE")
        return DropTable(tables, conditional, temporary)
    if stream.accept("INDEX"):
        return parse_drop_index(stream)
    if stream.accept("PREPARE"):
        from mysqlcompat.sql.statements import Deallocate

        return Deallocate(stream.name())
    if stream.token.kind is Kind.WORD and stream.token.value in _CREATABLE:
        return Unsupported(f"DROP {stream.advance().value}")
    raise stream.error()


def parse_truncate(stream: TokenStream) -> Statement:
    stream.expect("TRUNCATE")
    stream.accept("TABLE")
    return TruncateTable(stream.table_name())


def parse_rename(stream: TokenStream) -> Statement:
    stream.expect("RENAME")
    if stream.accept("USER"):
        return Unsupported("RENAME USER")
    stream.expect_any("TABLE", "TABLES")
    pairs: list[tuple[TableName, TableName]] = []
    while True:
        old = stream.table_name()
        stream.expect("TO")
        pairs.append((old, stream.table_name()))
        if not stream.accept_op(","):
            return RenameTable(tuple(pairs))


def parse_alter(stream: TokenStream) -> Statement:
    stream.expect("ALTER")
    if stream.accept_any("DATABASE", "SCHEMA"):
        known = stream.token.value in (
            "DEFAULT",
            "CHARACTER",
            "CHARSET",
            "COLLATE",
            "READ",
            "ENCRYPTION",
        )
        name = None if stream.token.kind is Kind.WORD and known else stream.name()
        if stream.at_end():
            raise stream.error()
        return AlterDatabase(name, *_database_options(stream))
    if stream.accept("SYSTEM"):
        return parse_system(stream)
    if not stream.accept("TABLE"):
        if stream.token.kind is Kind.WORD and stream.token.value in {
            *_CREATABLE,
            "INSTANCE",
        }:
            return Unsupported(f"ALTER {stream.advance().value}")
        raise stream.error()
    return parse_alter_table(stream)
