"""CREATE TABLE: columns, keys and table options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.grammar_expressions import ExpressionGrammar
from mysqlcompat.sql.parse_constraints import (
    Constraint,
    column_check,
    column_references,
    constraint_name,
    parse_constraint,
)
from mysqlcompat.sql.parse_types import parse_type, read_charset, read_collation
from mysqlcompat.sql.statements import (
    CheckDefinition,
    ColumnDefinition,
    CreateTable,
    CreateTableLike,
    DefaultValue,
    ForeignKeyDefinition,
    IndexDefinition,
    KeyPart,
    TableOptions,
)
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

_QUERIES: Final = ("SELECT", "WITH", "TABLE", "VALUES")
COMMENT_COLUMN: Final = 1024  #: characters
COMMENT_INDEX: Final = 1024
COMMENT_TABLE: Final = 2048
_NOW: Final = ("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")
#: Options of other storage engines or of files: MySQL's InnoDB stores and ignores them too.
_IGNORED_OPTIONS_TEXT: Final = """
    AVG_ROW_LENGTH CHECKSUM DELAY_KEY_WRITE KEY_BLOCK_SIZE MAX_ROWS MIN_ROWS PACK_KEYS
    STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES INSERT_METHOD
"""
_IGNORED_OPTIONS: Final = frozenset(_IGNORED_OPTIONS_TEXT.split())
_OPTIONS: Final = ("ENGINE", "COLLATE", "COMMENT", "AUTO_INCREMENT", "ROW_FORMAT")
_LATER_OPTIONS_TEXT: Final = """
    COMPRESSION CONNECTION DATA ENCRYPTION TABLESPACE UNION SECONDARY_ENGINE
    ENGINE_ATTRIBUTE AUTOEXTEND_SIZE
"""
_LATER_OPTIONS: Final = frozenset(_LATER_OPTIONS_TEXT.split())


def not_yet(feature: str) -> SqlError:
    """ERROR 1235 (42000) naming what this version does not do."""
    return SqlError(1235, feature)


def parse_create_table(stream: TokenStream) -> CreateTable | CreateTableLike:
    """After CREATE TABLE."""
    conditional = stream.clause("IF", "NOT", "EXISTS")
    table = stream.table_name()
    if stream.accept("LIKE"):
        return CreateTableLike(table, stream.table_name(), conditional)
    if not stream.is_op("(") or stream.peek().value in _QUERIES:
        options = TableOptions() if stream.is_op("(") else _table_options(stream)
        return CreateTable(table, (), (), options, conditional, select=_query(stream))
    stream.advance()
    if stream.accept("LIKE"):
        model = stream.table_name()
        stream.expect_op(")")
        return CreateTableLike(table, model, conditional)
    columns: list[ColumnDefinition] = []
    elements: list[Element] = []
    while True:
        element = parse_element(stream)
        if element is not None:
            elements.append(element)
        else:
            column = parse_column(stream)
            columns.append(column)
            elements += column_elements(column)
        if not stream.accept_op(","):
            break
    stream.expect_op(")")
    options = _table_options(stream)
    select = _query(stream)
    own = [one for column in columns for one in column.checks]  # counted before the table's
    return CreateTable(
        table,
        tuple(columns),
        tuple(index_of(one) for one in elements if not isinstance(one, CheckDefinition)),
        options,
        conditional,
        tuple(one for one in elements if isinstance(one, ForeignKeyDefinition)),
        (*own, *(one for one in elements if isinstance(one, CheckDefinition))),
        select,
    )


def _query(stream: TokenStream) -> str:
    """The text of [AS] SELECT … behind a definition; "" when it ends here."""
    if stream.at_end():
        return ""
    if stream.is_word("IGNORE") or stream.is_word("REPLACE"):
        raise not_yet(f"CREATE TABLE … {stream.token.value} SELECT")
    stream.accept("AS")
    if stream.token.value not in _QUERIES and not stream.is_op("("):
        raise stream.error()
    return stream.rest()


def column_elements(column: ColumnDefinition) -> list[Element]:
    """The key and the foreign key that a column's attributes ask for."""
    made: list[Element] = []
    if column.key:
        made.append(IndexDefinition(None, column.key, (KeyPart(column.name),)))
    if column.references is not None:
        made.append(column.references)
    return made


def index_of(element: IndexDefinition | ForeignKeyDefinition) -> IndexDefinition:
    """The index that an element asks for; a foreign key is content with another's."""
    if isinstance(element, IndexDefinition):
        return element
    parts = tuple(KeyPart(column) for column in element.columns)
    return IndexDefinition(element.name or element.index_name, "foreign", parts)


def _selects(stream: TokenStream) -> bool:
    return stream.token.kind is Kind.WORD and stream.token.value in ("AS", *_QUERIES)


# Columns


def parse_column(stream: TokenStream) -> ColumnDefinition:
    """Name, type and attributes, up to a comma, a parenthesis or FIRST and AFTER of an ALTER."""
    name = stream.name()
    if not name or name.endswith(" "):
        raise SqlError(1166, name)
    parsed = parse_type(stream, name)
    column = ColumnDefinition(name, parsed.type)
    if parsed.serial:
        column = replace(column, nullable=False, auto_increment=True, key="unique")
    while not (stream.at_end() or stream.is_op(",") or stream.is_op(")") or _at_place(stream)):
        column = _column_attribute(stream, column)
    return column


def _at_place(stream: TokenStream) -> bool:
    return stream.is_word("FIRST") or stream.is_word("AFTER")


def _column_attribute(stream: TokenStream, column: ColumnDefinition) -> ColumnDefinition:
    if stream.clause("NOT", "NULL"):
        return replace(column, nullable=False)
    if stream.accept("NULL"):
        return replace(column, nullable=True)
    if stream.accept("DEFAULT"):
        return replace(column, default=parse_default(stream))
    if stream.clause("ON", "UPDATE"):
        return replace(column, on_update=_now(stream))
    if stream.accept("SERIAL", "DEFAULT", "VALUE"):
        return replace(column, nullable=False, auto_increment=True, key=column.key or "unique")
    if stream.accept("AUTO_INCREMENT"):
        return replace(column, auto_increment=True)
    if stream.accept("UNIQUE"):
        stream.accept("KEY")
        return replace(column, key=column.key or "unique")
    if stream.clause("PRIMARY", "KEY") or stream.accept("KEY"):
        return replace(column, key="primary")
    if stream.accept("COMMENT"):
        comment = stream.string()
        if len(comment) > COMMENT_COLUMN:
            raise SqlError(1629, column.name, COMMENT_COLUMN)
        return replace(column, comment=comment)
    if stream.accept("COLLATE"):
        name = read_collation(stream)
        return replace(column, type=replace(column.type, collation=name))
    if stream.accept("INVISIBLE"):
        return replace(column, invisible=True)
    if stream.accept("VISIBLE"):
        return column
    if stream.accept("COLUMN_FORMAT") or stream.accept("STORAGE"):
        stream.expect_any("FIXED", "DYNAMIC", "DEFAULT", "DISK", "MEMORY")
        return column
    if stream.is_word("GENERATED") or stream.is_word("AS"):
        return _generated(stream, column)
    if stream.is_word("CHECK") or stream.is_word("CONSTRAINT"):
        _, given = constraint_name(stream)
        stream.expect("CHECK")
        check = column_check(stream, given, column.name)
        return replace(column, checks=(*column.checks, check))
    if stream.is_word("REFERENCES"):
        return replace(column, references=column_references(stream, column.name))
    if stream.is_word("SRID"):
        raise not_yet("SRID")
    raise stream.error()


def _generated(stream: TokenStream, column: ColumnDefinition) -> ColumnDefinition:
    """[GENERATED ALWAYS] AS (expression) [VIRTUAL | STORED]"""
    if stream.accept("GENERATED"):
        stream.expect("ALWAYS")
    stream.expect("AS")
    source = stream.parenthesised()
    if not source:
        raise stream.error(stream.tokens[stream.at - 1])
    stored = stream.accept_any("VIRTUAL", "STORED") == "STORED"
    return replace(column, generated=source, generated_stored=stored)


def parse_default(stream: TokenStream) -> DefaultValue:
    """What stands behind DEFAULT."""
    token = stream.token
    if stream.accept("NULL"):
        return DefaultValue(None)
    if token.kind is Kind.WORD and token.value in _NOW:
        return DefaultValue(None, expression=_now(stream))
    if stream.is_op("("):
        return DefaultValue(None, expression=f"({stream.parenthesised()})")
    if stream.accept("TRUE") or stream.accept("FALSE"):
        return DefaultValue("1" if token.value == "TRUE" else "0", is_number=True)
    if token.kind is Kind.STRING:
        return DefaultValue(stream.string())
    sign = "-" if stream.accept_op("-") else ""
    if not sign:
        stream.accept_op("+")
    if stream.token.kind is Kind.NUMBER:
        return DefaultValue(sign + stream.advance().value, is_number=True)
    if stream.token.kind is Kind.BITS and not sign:
        return DefaultValue(_bits_text(stream), is_number=False)
    if stream.token.kind is Kind.WORD and stream.token.value in ("DATE", "TIME", "TIMESTAMP"):
        stream.advance()
        return DefaultValue(stream.string())
    raise stream.error(token)


def _bits_text(stream: TokenStream) -> str:
    """Value of x'41', 0x41, b'101' as the string those bytes spell."""
    token = stream.advance()
    source = stream.text[token.start : token.end]
    digits, base = (token.value, source[0].lower())
    if digits[:2].lower() in ("0x", "0b"):
        digits, base = digits[2:], digits[1].lower()
    number = int(digits or "0", 16 if base == "x" else 2)
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big").decode("latin1")


def _now(stream: TokenStream) -> str:
    """CURRENT_TIMESTAMP and its synonyms, as `CURRENT_TIMESTAMP` or `CURRENT_TIMESTAMP(n)`."""
    stream.expect_any(*_NOW)
    digits = 0
    if stream.accept_op("("):
        if not stream.is_op(")"):
            digits = stream.integer()
        stream.expect_op(")")
    if digits > 6:
        raise SqlError(1426, digits, "now", 6)
    return f"CURRENT_TIMESTAMP({digits})" if digits else "CURRENT_TIMESTAMP"


# Keys


Element = IndexDefinition | Constraint


def parse_element(stream: TokenStream) -> Element | None:
    """A key or constraint in CREATE TABLE or behind ADD; None when a column stands here."""
    named, constraint = constraint_name(stream)
    made = parse_constraint(stream, constraint)
    if made is not None:
        return made
    if named and not (stream.is_word("PRIMARY") or stream.is_word("UNIQUE")):
        raise stream.error()
    if stream.accept("PRIMARY"):
        stream.expect("KEY")
        using = read_index_options(stream).using
        return _index_tail(stream, None, "primary", using)
    if stream.accept("UNIQUE"):
        stream.accept_any("KEY", "INDEX")
        return _named_index(stream, "unique", constraint)
    if stream.accept_any("KEY", "INDEX"):
        return _named_index(stream, "key", None)
    if stream.is_word("FULLTEXT") or stream.is_word("SPATIAL"):
        raise not_yet(f"{stream.token.value} INDEX")
    return None


def _named_index(stream: TokenStream, kind: str, constraint: str | None) -> IndexDefinition:
    name = constraint
    if not stream.is_op("(") and not stream.is_word("USING"):
        name = stream.name()
    using = read_index_options(stream).using
    return _index_tail(stream, name, kind, using)


def _index_tail(
    stream: TokenStream, name: str | None, kind: str, using: str | None
) -> IndexDefinition:
    parts = parse_key_parts(stream)
    options = read_index_options(stream)
    if len(options.comment) > COMMENT_INDEX:
        raise SqlError(1688, name or parts[0].column, COMMENT_INDEX)
    return IndexDefinition(
        name,
        kind,  # type: ignore[arg-type]
        parts,
        options.comment,
        options.using or using,
        options.invisible,
    )


def parse_key_parts(stream: TokenStream) -> tuple[KeyPart, ...]:
    """(column [(length)] [ASC | DESC], …)"""
    stream.expect_op("(")
    parts: list[KeyPart] = []
    while True:
        column, expression = "", ""
        if stream.is_op("("):
            expression = _expression(stream)
        else:
            column = stream.name()
        length: int | None = None
        if column and stream.accept_op("("):
            length = stream.integer()
            stream.expect_op(")")
            if length == 0:
                raise SqlError(1391, column)
        descending = stream.accept_any("ASC", "DESC") == "DESC"
        parts.append(KeyPart(column, length, descending, expression))
        if not stream.accept_op(","):
            break
    stream.expect_op(")")
    if len(parts) > 16:
        raise SqlError(1070, 16)
    return tuple(parts)


def _expression(stream: TokenStream) -> str:
    """The source of a functional key part, its parentheses left out."""
    stream.expect_op("(")
    start = stream.token.start
    grammar = ExpressionGrammar(stream)
    grammar.arrays = True
    grammar.expression()
    end = stream.token.start
    stream.expect_op(")")
    return stream.text[start:end].rstrip()


@dataclass(frozen=True, slots=True)
class IndexOptions:
    comment: str = ""
    using: str | None = None
    invisible: bool = False


def read_index_options(stream: TokenStream) -> IndexOptions:
    """USING BTREE, COMMENT, VISIBLE, KEY_BLOCK_SIZE in any order."""
    options = IndexOptions()
    while True:
        if stream.accept("USING") or stream.accept("TYPE"):
            options = replace(options, using=stream.expect_any("BTREE", "HASH"))
        elif stream.accept("COMMENT"):
            options = replace(options, comment=stream.string())
        elif stream.accept("VISIBLE"):
            options = replace(options, invisible=False)
        elif stream.accept("INVISIBLE"):
            options = replace(options, invisible=True)
        elif stream.accept("KEY_BLOCK_SIZE"):
            stream.accept_op("=")
            stream.integer()
        elif stream.accept("WITH"):
            stream.expect("PARSER")
            raise not_yet("WITH PARSER")
        else:
            return options


# Table options


def _table_options(stream: TokenStream) -> TableOptions:
    options = TableOptions()
    while not stream.at_end():
        if stream.token.kind is not Kind.WORD or _selects(stream):
            break
        if stream.token.value in ("IGNORE", "REPLACE"):
            break
        options = parse_table_option(stream, options)
        stream.accept_op(",")
    return options


def at_table_option(stream: TokenStream) -> bool:
    """Whether a table option begins here."""
    token = stream.token
    return token.kind is Kind.WORD and (
        token.value in _OPTIONS
        or token.value in _IGNORED_OPTIONS
        or token.value in _LATER_OPTIONS
        or token.value in ("DEFAULT", "CHARACTER", "CHARSET", "CHAR")
    )


def parse_table_option(stream: TokenStream, options: TableOptions) -> TableOptions:
    """One table option; what is said twice is taken from the last."""
    stream.accept("DEFAULT")
    if (
        stream.accept("CHARACTER", "SET")
        or stream.accept("CHARSET")
        or stream.accept("CHAR", "SET")
    ):
        stream.accept_op("=")
        return replace(options, charset=read_charset(stream))
    word = stream.token.value
    if word == "PARTITION":
        raise not_yet("PARTITION BY")
    if word in _LATER_OPTIONS:
        raise not_yet(word)
    if word not in _OPTIONS and word not in _IGNORED_OPTIONS:
        raise stream.error()
    stream.advance()
    stream.accept_op("=")
    if word == "ENGINE":
        return replace(options, engine=stream.string_or_name())
    if word == "COLLATE":
        name = read_collation(stream)
        return replace(options, collation=name)
    if word == "COMMENT":
        comment = stream.string()
        if len(comment) > COMMENT_TABLE:
            raise SqlError(1628, "table", COMMENT_TABLE)
        return replace(options, comment=comment)
    if word == "AUTO_INCREMENT":
        return replace(options, auto_increment=stream.integer())
    if word == "ROW_FORMAT":
        form = stream.expect_any(
            "DEFAULT", "DYNAMIC", "FIXED", "COMPRESSED", "REDUNDANT", "COMPACT"
        )
        return replace(options, row_format=form)
    stream.advance()
    return options
