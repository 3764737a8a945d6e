"""SHOW and DESCRIBE. What each form answers is in `show.py`; here only its grammar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import Show, Statement, TableName, Unsupported
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

#: Forms which are grammar in MySQL 8.4 and have nothing behind them here yet.
_LATER: Final = (
    ("BINARY", "LOGS"), ("BINARY", "LOG"), ("BINLOG",), ("CREATE", "EVENT"), ("CREATE", "FUNCTION"),
    ("CREATE", "PROCEDURE"), ("CREATE", "TRIGGER"), ("CREATE", "USER"), ("CREATE", "VIEW"),
    ("FUNCTION", "CODE"), ("OPEN",), ("PROCEDURE", "CODE"), ("PROFILE",),
    ("PROFILES",), ("RELAYLOG",), ("REPLICA",), ("REPLICAS",), ("PARSE_TREE",),
)  # fmt: skip


def parse_show(stream: TokenStream) -> Statement:
    stream.expect("SHOW")
    for words in _LATER:
        if stream.is_word(*words):
            return Unsupported("SHOW " + " ".join(words))
    if stream.is_word("EXTENDED"):
        return Unsupported("SHOW EXTENDED")
    full = stream.accept("FULL")
    if full and stream.token.value not in ("COLUMNS", "FIELDS", "TABLES", "PROCESSLIST"):
        raise stream.error()
    if stream.accept("COUNT"):
        return _count(stream)
    word = stream.accept_any("GLOBAL", "SESSION", "LOCAL")
    if word is not None:
        what = stream.expect_any("VARIABLES", "STATUS").lower()
        return _filtered(stream, Show(what, scope="global" if word == "GLOBAL" else "session"))
    token = stream.token
    form = _FORMS.get(token.value) if token.kind is Kind.WORD else None
    if form is None:
        raise stream.error()
    stream.advance()
    return form(stream, full)


def _filtered(stream: TokenStream, show: Show) -> Show:
    """[LIKE 'pattern' | WHERE expression] behind a SHOW."""
    if stream.accept("LIKE"):
        return _with(show, like=stream.string())
    if stream.accept("WHERE"):
        return _with(show, where=stream.rest())
    return show


def _with(show: Show, **changes: object) -> Show:
    from dataclasses import replace

    return replace(show, **changes)  # type: ignore[arg-type]


def _from_database(stream: TokenStream) -> str | None:
    return stream.name() if stream.accept_any("FROM", "IN") else None


def _from_table(stream: TokenStream) -> TableName:
    """{FROM | IN} table [{FROM | IN} database]"""
    stream.expect_any("FROM", "IN")
    table = stream.table_name()
    database = _from_database(stream)
    return TableName(database, table.name) if database is not None else table


def _columns(stream: TokenStream, full: bool) -> Statement:
    return _filtered(stream, Show("columns", table=_from_table(stream), full=full))


def _index(stream: TokenStream, full: bool) -> Statement:
    show = Show("index", table=_from_table(stream))
    return _with(show, where=stream.rest()) if stream.accept("WHERE") else show


def _tables(stream: TokenStream, full: bool) -> Statement:
    return _filtered(stream, Show("tables", database=_from_database(stream), full=full))


def _table_status(stream: TokenStream, full: bool) -> Statement:
    stream.expect("STATUS")
    return _filtered(stream, Show("table_status", database=_from_database(stream)))


def _of_database(what: str) -> Callable[[TokenStream, bool], Statement]:
    def parse(stream: TokenStream, full: bool) -> Statement:
        return _filtered(stream, Show(what, database=_from_database(stream)))

    return parse


def _filter_only(what: str) -> Callable[[TokenStream, bool], Statement]:
    def parse(stream: TokenStream, full: bool) -> Statement:
        return _filtered(stream, Show(what))

    return parse


def _bare(what: str) -> Callable[[TokenStream, bool], Statement]:
    def parse(stream: TokenStream, full: bool) -> Statement:
        return Show(what, full=full)

    return parse


def _create(stream: TokenStream, full: bool) -> Statement:
    if stream.accept("TABLE"):
        return Show("create_table", table=stream.table_name())
    stream.expect_any("DATABASE", "SCHEMA")
    conditional = stream.clause("IF", "NOT", "EXISTS")
    return Show("create_database", database=stream.name(), extra={"if_not_exists": conditional})


def _conditions(what: str) -> Callable[[TokenStream, bool], Statement]:
    def parse(stream: TokenStream, full: bool) -> Statement:
        if not stream.accept("LIMIT"):
            return Show(what)
        first = stream.integer()
        if stream.accept_op(","):
            return Show(what, limit=(first, stream.integer()))
        if stream.accept("OFFSET"):
            return Show(what, limit=(stream.integer(), first))
        return Show(what, limit=(0, first))

    return parse


def _count(stream: TokenStream) -> Statement:
    stream.expect_op("(")
    stream.expect_op("*")
    stream.expect_op(")")
    return Show("count_" + stream.expect_any("WARNINGS", "ERRORS").lower())


def _character(stream: TokenStream, full: bool) -> Statement:
    stream.expect("SET")
    return _filtered(stream, Show("charset"))


def _storage(stream: TokenStream, full: bool) -> Statement:
    stream.expect("ENGINES")
    return Show("engines")


def _routines(what: str) -> Callable[[TokenStream, bool], Statement]:
    def parse(stream: TokenStream, full: bool) -> Statement:
        stream.expect("STATUS")
        return _filtered(stream, Show(what))

    return parse


def _grants(stream: TokenStream, full: bool) -> Statement:
    if not stream.accept("FOR"):
        return Show("grants")
    if stream.accept("CURRENT_USER"):
        if stream.accept_op("("):
            stream.expect_op(")")
        return Show("grants")
    user = stream.string_or_name()
    host = stream.advance().value if stream.token.kind is Kind.AT else "%"
    if stream.accept("USING"):
        return Unsupported("SHOW GRANTS … USING")
    return Show("grants", name=user, extra={"host": host})


def _volume(stream: TokenStream, full: bool) -> Statement:
    stream.expect("STATUS")
    return _filtered(stream, Show("volume_status"))


def _engine(stream: TokenStream, full: bool) -> Statement:
    name = stream.name()
    if name.upper() == "ALL" or not stream.accept("STATUS"):
        return Unsupported("SHOW ENGINE of anything but InnoDB's STATUS")
    if name.upper() != "INNODB":
        raise SqlError(1286, name)
    return Show("engine_status")


_FORMS: Final[dict[str, Callable[[TokenStream, bool], Statement]]] = {
    "CHARACTER": _character,
    "CHARSET": _filter_only("charset"),
    "COLLATION": _filter_only("collation"),
    "COLUMNS": _columns,
    "FIELDS": _columns,
    "CREATE": _create,
    "DATABASES": _filter_only("databases"),
    "SCHEMAS": _filter_only("databases"),
    "ENGINE": _engine,
    "ENGINES": _bare("engines"),
    "STORAGE": _storage,
    "ERRORS": _conditions("errors"),
    "WARNINGS": _conditions("warnings"),
    "EVENTS": _of_database("events"),
    "FUNCTION": _routines("function_status"),
    "PROCEDURE": _routines("procedure_status"),
    "GRANTS": _grants,
    "INDEX": _index,
    "INDEXES": _index,
    "KEYS": _index,
    "PLUGINS": _bare("plugins"),
    "PRIVILEGES": _bare("privileges"),
    "PROCESSLIST": _bare("processlist"),
    "STATUS": _filter_only("status"),
    "TABLE": _table_status,
    "TABLES": _tables,
    "TRIGGERS": _of_database("triggers"),
    "VARIABLES": _filter_only("variables"),
    "VOLUME": _volume,
}


def parse_describe(stream: TokenStream) -> Statement:
    """After DESCRIBE: table [column | 'pattern']."""
    show = Show("columns", table=stream.table_name())
    if stream.at_end():
        return show
    return _with(show, like=stream.string_or_name())
