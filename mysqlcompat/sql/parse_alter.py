"""ALTER TABLE, CREATE INDEX, DROP INDEX: to `alter_actions`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.alter_actions import (
    Action,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterTable,
    ChangeColumn,
    ConvertCharset,
    DropCheck,
    DropColumn,
    DropConstraint,
    DropForeignKey,
    DropIndexAction,
    Force,
    OrderBy,
    Place,
    RenameColumn,
    RenameIndex,
    RenameTo,
    SetColumnVisible,
    SetDefault,
    SetEnforced,
    SetIndexVisible,
    SetKeys,
    SetOptions,
)
from mysqlcompat.sql.parse_table import (
    Element,
    at_table_option,
    column_elements,
    not_yet,
    parse_column,
    parse_default,
    parse_element,
    parse_key_parts,
    parse_table_option,
    read_index_options,
)
from mysqlcompat.sql.parse_types import read_charset
from mysqlcompat.sql.statements import (
    CheckDefinition,
    ColumnDefinition,
    ForeignKeyDefinition,
    IndexDefinition,
    Statement,
    TableOptions,
)
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

ALGORITHMS: Final = ("DEFAULT", "INSTANT", "INPLACE", "COPY")
LOCKS: Final = ("DEFAULT", "NONE", "SHARED", "EXCLUSIVE")
_PARTITIONS: Final = {
    "PARTITION": "PARTITION BY", "REMOVE": "REMOVE PARTITIONING", "COALESCE": "COALESCE PARTITION",
    "EXCHANGE": "EXCHANGE PARTITION", "REORGANIZE": "REORGANIZE PARTITION",
    "TRUNCATE": "TRUNCATE PARTITION", "ANALYZE": "ANALYZE PARTITION", "CHECK": "CHECK PARTITION",
    "OPTIMIZE": "OPTIMIZE PARTITION", "REPAIR": "REPAIR PARTITION", "REBUILD": "REBUILD PARTITION",
    "IMPORT": "IMPORT TABLESPACE", "DISCARD": "DISCARD TABLESPACE",
    "SECONDARY_LOAD": "SECONDARY_LOAD", "SECONDARY_UNLOAD": "SECONDARY_UNLOAD",
}  # fmt: skip
_INDEX_WORDS: Final = (
    "INDEX", "KEY", "UNIQUE", "PRIMARY", "CONSTRAINT", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL",
)  # fmt: skip


class _Alteration:
    """What has been read of one ALTER TABLE."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.algorithm = "DEFAULT"
        self.lock = "DEFAULT"


def parse_alter_table(stream: TokenStream) -> Statement:
    """After ALTER TABLE."""
    table = stream.table_name()
    read = _Alteration()
    while not stream.at_end():
        _action(stream, read)
        if not stream.accept_op(","):
            break
        if stream.at_end():
            raise stream.error()
    stream.expect_end()
    return AlterTable(table, tuple(read.actions), read.algorithm, read.lock)


def _action(stream: TokenStream, read: _Alteration) -> None:
    token = stream.token
    word = token.value if token.kind is Kind.WORD else ""
    if word == "ALGORITHM" or word == "LOCK":
        _read_hint(stream, read)
        return
    if word in _PARTITIONS:
        raise not_yet(f"ALTER TABLE … {_PARTITIONS[word]}")
    parser = _PARSERS.get(word)
    if parser is not None:
        stream.advance()
        read.actions += parser(stream)
    elif at_table_option(stream):
        read.actions.append(_options(stream))
    elif stream.accept("WITH", "VALIDATION") or stream.accept("WITHOUT", "VALIDATION"):
        pass  # of generated columns: what is stored has been checked anyway
    else:
        raise stream.error()


def _read_hint(stream: TokenStream, read: _Alteration) -> None:
    """ALGORITHM [=] x, LOCK [=] y; ERROR 1800, 1801 for other words."""
    what = stream.advance().value
    stream.accept_op("=")
    word = stream.advance()
    known, errno = (ALGORITHMS, 1800) if what == "ALGORITHM" else (LOCKS, 1801)
    if word.kind not in (Kind.WORD, Kind.QUOTED):
        raise stream.error(word)
    if word.value.upper() not in known:
        raise SqlError(errno, stream.text[word.start : word.end])
    if what == "ALGORITHM":
        read.algorithm = word.value.upper()
    else:
        read.lock = word.value.upper()


def _options(stream: TokenStream) -> Action:
    """Table options side by side, without commas."""
    options = TableOptions()
    while at_table_option(stream):
        options = parse_table_option(stream, options)
    return SetOptions(options)


# Actions, behind their first word


def _add(stream: TokenStream) -> list[Action]:
    token = stream.token
    if token.kind is Kind.WORD and token.value == "PARTITION":
        raise not_yet("ALTER TABLE … ADD PARTITION")
    if token.kind is Kind.WORD and token.value in _INDEX_WORDS:
        element = parse_element(stream)
        if element is None:
            raise stream.error()
        return [_adding(element)]
    stream.accept("COLUMN")
    if not stream.accept_op("("):
        column = parse_column(stream)
        return [AddColumn(column, _place(stream)), *_constraints_of(column)]
    actions: list[Action] = []
    while True:
        element = parse_element(stream)
        if element is not None:
            actions.append(_adding(element))
        else:
            column = parse_column(stream)
            actions += [AddColumn(column), *_constraints_of(column)]
        if not stream.accept_op(","):
            break
    stream.expect_op(")")
    return actions


def _adding(element: Element) -> Action:
    match element:
        case ForeignKeyDefinition():
            return AddForeignKey(element)
        case CheckDefinition():
            return AddCheck(element)
    return AddIndex(element)


def _constraints_of(column: ColumnDefinition) -> list[Action]:
    """The key, foreign key and checks that a column's attributes ask for."""
    elements = [*column_elements(column), *column.checks]
    return [_adding(element) for element in elements]


def _place(stream: TokenStream) -> Place | None:
    if stream.accept("FIRST"):
        return Place()
    if stream.accept("AFTER"):
        return Place(stream.name())
    return None


def _drop(stream: TokenStream) -> list[Action]:
    if stream.accept_any("INDEX", "KEY"):
        return [DropIndexAction(stream.name())]
    if stream.accept("PRIMARY"):
        stream.expect("KEY")
        return [DropIndexAction("PRIMARY")]
    if stream.clause("FOREIGN", "KEY"):
        return [DropForeignKey(stream.name())]
    if stream.accept("CHECK"):
        return [DropCheck(stream.name())]
    if stream.accept("CONSTRAINT"):
        return [DropConstraint(stream.name())]
    if stream.is_word("PARTITION"):
        raise not_yet("ALTER TABLE … DROP PARTITION")
    stream.accept("COLUMN")
    name = stream.name()
    stream.accept_any("RESTRICT", "CASCADE")
    return [DropColumn(name)]


def _modify(stream: TokenStream) -> list[Action]:
    stream.accept("COLUMN")
    column = parse_column(stream)
    return [ChangeColumn(column.name, column, _place(stream)), *_constraints_of(column)]


def _change(stream: TokenStream) -> list[Action]:
    stream.accept("COLUMN")
    name = stream.name()
    column = parse_column(stream)
    return [ChangeColumn(name, column, _place(stream)), *_constraints_of(column)]


def _alter(stream: TokenStream) -> list[Action]:
    if stream.accept("INDEX"):
        name = stream.name()
        return [SetIndexVisible(name, stream.expect_any("VISIBLE", "INVISIBLE") == "VISIBLE")]
    kind = stream.accept_any("CHECK", "CONSTRAINT")
    if kind is not None:
        name = stream.name()
        enforced = not stream.accept("NOT")
        stream.expect("ENFORCED")
        return [SetEnforced(name, enforced, any_constraint=kind == "CONSTRAINT")]
    stream.accept("COLUMN")
    name = stream.name()
    if stream.accept("SET"):
        if stream.accept_any("VISIBLE", "INVISIBLE"):
            return [SetColumnVisible(name, stream.tokens[stream.at - 1].value == "VISIBLE")]
        stream.expect("DEFAULT")
        return [SetDefault(name, parse_default(stream))]
    stream.expect("DROP", "DEFAULT")
    return [SetDefault(name, None)]


def _rename(stream: TokenStream) -> list[Action]:
    if stream.accept_any("INDEX", "KEY"):
        name = stream.name()
        stream.expect("TO")
        return [RenameIndex(name, stream.name())]
    if stream.accept("COLUMN"):
        name = stream.name()
        stream.expect("TO")
        return [RenameColumn(name, stream.name())]
    if not stream.accept_any("TO", "AS"):
        stream.accept_op("=")
    return [RenameTo(stream.table_name())]


def _convert(stream: TokenStream) -> list[Action]:
    stream.expect("TO")
    if not (stream.accept("CHARSET") or stream.accept("CHAR", "SET")):
        stream.expect("CHARACTER", "SET")
    charset = None if stream.accept("DEFAULT") else read_charset(stream)
    collation = None
    if stream.accept("COLLATE"):
        stream.accept_op("=")
        collation = "binary" if stream.accept("BINARY") else stream.string_or_name().lower()
    return [ConvertCharset(charset, collation)]


def _force(stream: TokenStream) -> list[Action]:
    return [Force()]


def _order(stream: TokenStream) -> list[Action]:
    stream.expect("BY")
    columns = []
    while True:
        columns.append(stream.name())
        stream.accept_any("ASC", "DESC")
        following = stream.peek()
        word = following.value if following.kind is Kind.WORD else ""
        if not stream.is_op(",") or word in _PARSERS or word in ("ALGORITHM", "LOCK"):
            return [OrderBy(tuple(columns))]
        stream.advance()


def _enable(stream: TokenStream) -> list[Action]:
    stream.expect("KEYS")
    return [SetKeys(True)]


def _disable(stream: TokenStream) -> list[Action]:
    stream.expect("KEYS")
    return [SetKeys(False)]


_PARSERS: Final[dict[str, Callable[[TokenStream], list[Action]]]] = {
    "ADD": _add,
    "DROP": _drop,
    "MODIFY": _modify,
    "CHANGE": _change,
    "ALTER": _alter,
    "RENAME": _rename,
    "CONVERT": _convert,
    "FORCE": _force,
    "ORDER": _order,
    "ENABLE": _enable,
    "DISABLE": _disable,
}


# CREATE INDEX, DROP INDEX


def parse_create_index(stream: TokenStream, unique: bool) -> Statement:
    """After CREATE [UNIQUE] INDEX."""
    name = stream.name()
    using = read_index_options(stream).using
    stream.expect("ON")
    table = stream.table_name()
    parts = parse_key_parts(stream)
    options = read_index_options(stream)
    index = IndexDefinition(
        name,
        "unique" if unique else "key",
        parts,
        options.comment,
        options.using or using,
        options.invisible,
    )
    return _with_hints(stream, AlterTable(table, (AddIndex(index),)))


def parse_drop_index(stream: TokenStream) -> Statement:
    """After DROP INDEX."""
    name = stream.name()
    stream.expect("ON")
    return _with_hints(stream, AlterTable(stream.table_name(), (DropIndexAction(name),)))


def _with_hints(stream: TokenStream, statement: AlterTable) -> AlterTable:
    read = _Alteration()
    while stream.is_word("ALGORITHM") or stream.is_word("LOCK"):
        _read_hint(stream, read)
    stream.expect_end()
    return replace(statement, algorithm=read.algorithm, lock=read.lock)
