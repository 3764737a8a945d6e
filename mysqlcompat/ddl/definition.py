"""CREATE TABLE, parsed, to the `schema.Table` that the dictionary keeps; MySQL's rules and errors.

What `schema.Table` has no field for and SHOW CREATE TABLE prints is kept in `Table.options`:
`collate:<column>` (CHARACTER SET or COLLATE was written), `using:<index>`, `row_format`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from btree.collations import CODES
from btree.schema import BLOB_KINDS, TEXT_KINDS, Column, ColumnType, Index, Table, TypeKind
from mysqlcompat.collations import sort_key
from mysqlcompat.ddl import functional
from mysqlcompat.ddl.defaults import canonical_default
from mysqlcompat.ddl.generated import check_definition
from mysqlcompat.ddl.indexes import make_indexes, warn_of_duplicates
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import ColumnDefinition, CreateTable, IndexDefinition
from mysqlcompat.wire import charsets

MAX_COLUMNS: Final = 1017
MAX_ROW_BYTES: Final = 65535
CHARACTER_KINDS: Final = TEXT_KINDS | {TypeKind.ENUM, TypeKind.SET}
OTHER_ENGINES_TEXT: Final = """
    myisam memory csv archive blackhole merge mrg_myisam federated ndb ndbcluster heap
"""
OTHER_ENGINES: Final = frozenset(OTHER_ENGINES_TEXT.split())
_LOB: Final = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT, TypeKind.TINYBLOB,
        TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB, TypeKind.JSON, TypeKind.GEOMETRY,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set with the collation chosen in it."""

    name: str
    collation: str


def resolve_charset(charset: str | None, collation: str | None, default: Charset) -> Charset:
    """What CHARACTER SET and COLLATE clauses mean together; ERROR 1115, 1253, 1273."""
    name = "utf8mb3" if charset == "utf8" else charset
    if name is not None and name not in charsets.CHARACTER_SETS:
        raise SqlError(1115, charset)
    if collation == "*_bin":
        name = name or default.name
        collation = "binary" if name == "binary" else f"{name}_bin"
    if collation is not None:
        row = charsets.BY_NAME.get(collation)
        if row is None:
            raise SqlError(1273, collation)
        if name is not None and row.charset.name != name:
            raise SqlError(1253, collation, name)
        return Charset(row.charset.name, collation)
    if name is None:
        return default
    if name == "utf8mb4":
        return Charset(name, "utf8mb4_0900_ai_ci")
    return Charset(name, charsets.CHARACTER_SETS[name].default_collation)


Warn = Callable[[int, str, str], None]
_STRICT: Final = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES")


def no_warning(errno: int, message: str, level: str) -> None:
    """For definitions that nobody is told about."""


def make_table(
    statement: CreateTable,
    database: str,
    default: Charset,
    warn: Warn = no_warning,
    sql_mode: frozenset[str] = frozenset(),
) -> Table:
    """The table `statement` describes, in `database` whose character set is `default`."""
    options = statement.options
    check_engine(options.engine)
    charset = resolve_charset(options.charset, options.collation, default)
    if not statement.columns:
        raise SqlError(4028)
    if len(statement.columns) > MAX_COLUMNS:
        raise SqlError(1117)
    extra: dict[str, str] = {}
    names: set[str] = set()
    for definition in statement.columns:
        if definition.name.casefold() in names:
            raise SqlError(1060, definition.name)
        names.add(definition.name.casefold())
        said = definition.type.collation or definition.type.charset
        if said and definition.type.kind in CHARACTER_KINDS:
            extra[f"collate:{definition.name}"] = "1"
    primary = _primary_columns(statement.indexes)
    columns = tuple(
        make_column(definition, charset, definition.name.casefold() in primary, warn, sql_mode)
        for definition in statement.columns
    )
    definitions: Iterable[IndexDefinition] = statement.indexes
    if any(map(functional.is_functional, definitions)):
        shell = Table(statement.table.name, database, columns, collation=charset.collation)
        hidden, definitions = functional.with_hidden(shell, definitions, sql_mode)
        columns += hidden
    indexes = make_indexes(columns, definitions)
    warn_of_duplicates(indexes, (), f"{database}.{statement.table.name}", warn)
    if all(column.invisible for column in columns):
        raise SqlError(4028)
    columns = tuple(_not_null_if(column, primary) for column in columns)
    for index in statement.indexes:
        if index.using and index.name:
            extra[f"using:{index.name}"] = index.using
    if options.row_format and options.row_format != "DEFAULT":
        extra["row_format"] = options.row_format
    check_auto_increment(columns, indexes)
    check_row_size(columns)
    check_page_size(columns, indexes)
    return Table(
        name=statement.table.name,
        database=database,
        columns=columns,
        indexes=indexes,
        charset=charset.name,
        collation=charset.collation,
        comment=options.comment or "",
        auto_increment=max(options.auto_increment or 1, 1),
        options=extra,
    ).with_clustered()


def check_engine(engine: str | None) -> None:
    if engine is None or engine.lower() == "innodb":
        return
    if engine.lower() in OTHER_ENGINES:
        raise SqlError(1235, f"ENGINE={engine}")
    raise SqlError(1286, engine)


def _primary_columns(indexes: Iterable[IndexDefinition]) -> frozenset[str]:
    return frozenset(
        part.column.casefold()
        for index in indexes
        if index.kind == "primary"
        for part in index.parts
    )


def make_column(
    definition: ColumnDefinition,
    charset: Charset,
    in_primary: bool,
    warn: Warn,
    sql_mode: frozenset[str] = frozenset(),
) -> Column:
    """One column with its type complete and its default checked."""
    name = definition.name
    check_definition(definition)
    tell = warn if sql_mode.isdisjoint(_STRICT) else None
    type_ = complete_type(name, definition.type, charset, tell)
    nullable = not in_primary if definition.nullable is None else definition.nullable
    if definition.auto_increment:
        if not type_.is_integer:
            raise SqlError(1063, name)
        if definition.default is not None:
            raise SqlError(1067, name)
        nullable = False if definition.nullable is None else definition.nullable
    if in_primary and definition.nullable and not definition.auto_increment:
        raise SqlError(1171)
    column = Column(
        name,
        type_,
        nullable,
        auto_increment=definition.auto_increment,
        comment=definition.comment,
        invisible=definition.invisible,
        generated=definition.generated,
        generated_stored=definition.generated_stored,
    )
    default = definition.default
    if definition.on_update is not None:
        if type_.kind not in (TypeKind.DATETIME, TypeKind.TIMESTAMP):
            raise SqlError(1294, name)
        if _fsp(definition.on_update) != type_.scale:
            raise SqlError(1294, name)
        column = replace(column, on_update=definition.on_update)
    if default is None:
        return column
    if default.expression is not None and default.expression.startswith("("):
        return replace(column, default=default.expression, default_is_expression=True)
    if default.expression is not None:
        if type_.kind not in (TypeKind.DATETIME, TypeKind.TIMESTAMP):
            raise SqlError(1067, name)
        if _fsp(default.expression) != type_.scale:
            raise SqlError(1067, name)
        return replace(column, default=default.expression, default_is_expression=True)
    if default.literal is None:
        if not nullable:
            raise SqlError(1067, name)
        return column
    if type_.kind in _LOB:
        raise SqlError(1101, name)
    made, exact = canonical_default(name, type_, default)
    if not exact:
        warn(1265, f"Data truncated for column '{name}' at row 1", "Note")
    return replace(column, default=made, default_is_expression=type_.kind is TypeKind.BIT)


def _fsp(expression: str) -> int:
    """Digits of CURRENT_TIMESTAMP(n)."""
    return int(expression[:-1].rsplit("(", 1)[1]) if expression.endswith(")") else 0


def complete_type(
    name: str, type_: ColumnType, charset: Charset, tell: Warn | None = None
) -> ColumnType:
    """A type as written, with the character set it has where it says none. ERROR 1235, 1074 …

    tell  outside strict mode: of members that are written twice, else ERROR 1291
    """
    if type_.kind in (TypeKind.GEOMETRY, TypeKind.VECTOR):
        raise SqlError(1235, f"{type_.kind.name} columns")
    if type_.kind not in CHARACTER_KINDS:
        return type_
    chosen = resolve_charset(type_.charset or None, type_.collation or None, charset)
    _check_members(name, type_, chosen.collation, tell)
    if chosen.name == "binary":
        return _as_binary(type_)
    if chosen.collation not in CODES:
        raise SqlError(1235, f"columns of collation {chosen.collation}")
    limit = MAX_ROW_BYTES // charsets.CHARACTER_SETS[chosen.name].max_bytes
    if type_.kind is TypeKind.VARCHAR and type_.length > limit:
        raise SqlError(1074, name, limit)
    return replace(type_, charset=chosen.name, collation=chosen.collation)


def _check_members(name: str, type_: ColumnType, collation: str, tell: Warn | None) -> None:
    """1291 for members of an ENUM or SET that the collation does not tell apart."""
    seen: dict[object, int] = {}
    for place, member in enumerate(type_.members):
        first = seen.setdefault(sort_key(member, collation), place)
        if first < place:
            error = SqlError(1291, name, type_.members[first], type_.kind.name)
            if tell is None:
                raise error
            tell(1291, error.message, "Note")


_BINARY_TWINS: Final = {
    TypeKind.CHAR: TypeKind.BINARY, TypeKind.VARCHAR: TypeKind.VARBINARY,
    TypeKind.TINYTEXT: TypeKind.TINYBLOB, TypeKind.TEXT: TypeKind.BLOB,
    TypeKind.MEDIUMTEXT: TypeKind.MEDIUMBLOB, TypeKind.LONGTEXT: TypeKind.LONGBLOB,
}  # fmt: skip


def _as_binary(type_: ColumnType) -> ColumnType:
    """CHAR(n) CHARACTER SET binary is BINARY(n), and so on."""
    kind = _BINARY_TWINS.get(type_.kind, type_.kind)
    return replace(type_, kind=kind, charset="binary", collation="binary")


def _not_null_if(column: Column, primary: frozenset[str]) -> Column:
    return replace(column, nullable=False) if column.name.casefold() in primary else column


def check_auto_increment(columns: tuple[Column, ...], indexes: tuple[Index, ...]) -> None:
    counted = [column for column in columns if column.auto_increment]
    if len(counted) > 1:
        raise SqlError(1075)
    leading = {index.parts[0].column.casefold() for index in indexes}
    if counted and counted[0].name.casefold() not in leading:
        raise SqlError(1075)


_FIXED_BYTES: Final = {
    TypeKind.TINYINT: 1, TypeKind.SMALLINT: 2, TypeKind.MEDIUMINT: 3, TypeKind.INT: 4,
    TypeKind.BIGINT: 8, TypeKind.FLOAT: 4, TypeKind.DOUBLE: 8, TypeKind.YEAR: 1, TypeKind.DATE: 3,
    TypeKind.TIME: 3, TypeKind.DATETIME: 5, TypeKind.TIMESTAMP: 4, TypeKind.ENUM: 2,
    TypeKind.SET: 8, TypeKind.BIT: 8, TypeKind.DECIMAL: 30,
}  # fmt: skip


def check_row_size(columns: tuple[Column, ...]) -> None:
    """ERROR 1118 when the columns other than BLOBs could not fit MySQL's row of 65,535 bytes."""
    columns = tuple(column for column in columns if not column.hidden)
    size = (sum(column.nullable for column in columns) + 7) // 8
    for column in columns:
        kind = column.type.kind
        if kind in (TypeKind.CHAR, TypeKind.VARCHAR):
            bytes_most = _most_bytes(column.type)
            size += bytes_most + (0 if kind is TypeKind.CHAR else 1 if bytes_most < 256 else 2)
        elif kind in (TypeKind.BINARY, TypeKind.VARBINARY):
            length = column.type.length
            size += length + (0 if kind is TypeKind.BINARY else 1 if length < 256 else 2)
        elif kind in BLOB_KINDS or kind in TEXT_KINDS or kind is TypeKind.JSON:
            size += 12
        else:
            size += _FIXED_BYTES.get(kind, 8)
    if size > MAX_ROW_BYTES:
        raise SqlError(1118, MAX_ROW_BYTES)


def _most_bytes(type_: ColumnType) -> int:
    """Most bytes of a string column's value."""
    return type_.length * charsets.CHARACTER_SETS[type_.charset].max_bytes


MAX_IN_PAGE: Final = 8126
_PAGE_OVERHEAD: Final = 5 + 6 + 7  #: record header, transaction id, roll pointer
_ROW_ID: Final = 6
_LOCAL_BYTES: Final = 40  #: what a value that may leave the page takes in it at most
_PAGE_TEXT: Final = (
    "Row size too large (> 8126). Changing some columns to TEXT or BLOB may help."
    " In current row format, BLOB prefix of 0 bytes is stored inline."
)


def check_page_size(columns: tuple[Column, ...], indexes: tuple[Index, ...]) -> None:
    """ERROR 1118 when a row could be more than half a page though long values lie outside of it."""
    columns = tuple(column for column in columns if not column.hidden)
    size = _PAGE_OVERHEAD + (sum(column.nullable for column in columns) + 7) // 8
    if not any(index.primary for index in indexes):
        size += _ROW_ID
    for column in columns:
        kind = column.type.kind
        is_text = kind in (TypeKind.CHAR, TypeKind.VARCHAR)
        if kind is TypeKind.BINARY or (kind is TypeKind.CHAR and _is_narrow(column)):
            size += column.type.length
        elif is_text or kind is TypeKind.VARBINARY:
            most = _most_bytes(column.type) if is_text else column.type.length
            size += 1 + min(most, _LOCAL_BYTES)
        elif kind in BLOB_KINDS or kind in TEXT_KINDS or kind is TypeKind.JSON:
            size += 1 + _LOCAL_BYTES
        else:
            size += _FIXED_BYTES.get(kind, 8)
    if size >= MAX_IN_PAGE:
        raise SqlError.with_text(1118, _PAGE_TEXT)


def _is_narrow(column: Column) -> bool:
    """Whether CHAR has a fixed length in bytes."""
    return charsets.CHARACTER_SETS[column.type.charset].max_bytes == 1
