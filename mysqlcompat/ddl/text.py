"""Dictionary entries back to SQL: column types, SHOW CREATE TABLE, SHOW CREATE DATABASE."""

from __future__ import annotations

from typing import Final

from btree.schema import (
    Check,
    Column,
    ColumnType,
    ForeignKey,
    Index,
    IndexPart,
    Table,
    TypeKind,
)
from mysqlcompat.ddl.indexes import in_order
from mysqlcompat.temporary_tables import is_temporary
from mysqlcompat.wire import charsets

_SIZED: Final = frozenset(
    {TypeKind.CHAR, TypeKind.VARCHAR, TypeKind.BINARY, TypeKind.VARBINARY, TypeKind.BIT}
)
_FRACTIONAL: Final = frozenset({TypeKind.TIME, TypeKind.DATETIME, TypeKind.TIMESTAMP})


def quote_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def quote_text(text: str) -> str:
    """A string literal as SHOW CREATE prints it."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "'" + escaped.replace("\0", "\\0").replace("\n", "\\n").replace("\r", "\\r") + "'"


def type_text(type_: ColumnType) -> str:
    """`decimal(12,2)`, `int unsigned`, `enum('a','b')`: COLUMN_TYPE of information_schema."""
    kind = type_.kind
    text = kind.name.lower()
    if kind is TypeKind.DECIMAL or (kind in (TypeKind.FLOAT, TypeKind.DOUBLE) and type_.precision):
        text += f"({type_.precision},{type_.scale})"
    elif kind in _SIZED or (type_.is_integer and type_.length):
        text += f"({type_.length})"
    elif kind in _FRACTIONAL and type_.scale:
        text += f"({type_.scale})"
    elif kind in (TypeKind.ENUM, TypeKind.SET):
        text += "(" + ",".join(quote_text(member) for member in type_.members) + ")"
    if type_.unsigned:
        text += " unsigned"
    if type_.zerofill:
        text += " zerofill"
    return text


def default_text(column: Column) -> str | None:
    """The DEFAULT as COLUMNS.COLUMN_DEFAULT shows it; None for none or NULL."""
    if column.has_default_expression and column.default is not None:
        return escaped_expression(column.default[1:-1])
    return column.default


def escaped_expression(text: str) -> str:
    """An expression as information_schema shows it: quotes and backslashes escaped."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def extra_text(column: Column) -> str:
    """EXTRA of SHOW COLUMNS."""
    parts = []
    if column.auto_increment:
        parts.append("auto_increment")
    if column.default_is_expression and column.type.kind is not TypeKind.BIT:
        parts.append("DEFAULT_GENERATED")
    if column.generated is not None:
        parts.append("STORED GENERATED" if column.generated_stored else "VIRTUAL GENERATED")
    if column.on_update:
        parts.append(f"on update {column.on_update}")
    if column.invisible:
        parts.append("INVISIBLE")
    return " ".join(parts)


def create_table(table: Table, next_auto_increment: int = 1) -> str:
    """SHOW CREATE TABLE. `next_auto_increment` is printed from 2 on, if there is such a column."""
    lines = [_column(column, table) for column in table.shown_columns]
    indexes = table.indexes[1:] if table.has_row_id else table.indexes
    lines += [_index(index, table) for index in in_order(table.columns, indexes)]
    keys = sorted(table.foreign_keys, key=lambda key: key.name)
    lines += [foreign_key_text(key, table.database) for key in keys]
    checks = sorted(table.checks, key=lambda check: check.name.casefold())
    lines += map(check_text, checks)
    kind = "TEMPORARY TABLE" if is_temporary(table) else "TABLE"
    text = f"CREATE {kind} {quote_name(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"
    text += f" ENGINE={table.engine}"
    if next_auto_increment > 1 and any(column.auto_increment for column in table.columns):
        text += f" AUTO_INCREMENT={next_auto_increment}"
    text += f" DEFAULT CHARSET={table.charset}"
    if _prints_collation(table.charset, table.collation):
        text += f" COLLATE={table.collation}"
    if "row_format" in table.options:
        text += f" ROW_FORMAT={table.options['row_format']}"
    if table.comment:
        text += f" COMMENT={quote_text(table.comment)}"
    return text


def _prints_collation(charset: str, collation: str) -> bool:
    """Default collations go without saying, but for utf8mb4, whose default has changed."""
    return charset == "utf8mb4" or charsets.CHARACTER_SETS[charset].default_collation != collation


def _column(column: Column, table: Table) -> str:
    type_ = column.type
    text = f"{quote_name(column.name)} {type_text(type_)}"
    if type_.charset == "binary" and type_.kind in (TypeKind.ENUM, TypeKind.SET):
        text += " CHARACTER SET binary COLLATE binary"
    if type_.charset and type_.charset != "binary":
        explicit = f"collate:{column.name}" in table.options
        if type_.collation != table.collation or explicit:
            text += f" CHARACTER SET {type_.charset}"
        if (
            explicit
            or (type_.collation != table.collation and type_.collation == "utf8mb4_0900_ai_ci")
            or charsets.BY_NAME[type_.collation].charset.default_collation != type_.collation
        ):
            text += f" COLLATE {type_.collation}"
    if column.generated is not None:
        stored = "STORED" if column.generated_stored else "VIRTUAL"
        text += f" GENERATED ALWAYS AS ({column.generated}) {stored}"
    if not column.nullable:
        text += " NOT NULL"
    elif type_.kind is TypeKind.TIMESTAMP and column.generated is None:
        text += " NULL"
    if column.generated is None:
        text += _default(column)
    if column.on_update:
        text += f" ON UPDATE {column.on_update}"
    if column.auto_increment:
        text += " AUTO_INCREMENT"
    if column.invisible:
        text += " /*!80023 INVISIBLE */"
    if column.comment:
        text += f" COMMENT {quote_text(column.comment)}"
    return text


_NO_DEFAULT_NULL: Final = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT, TypeKind.TINYBLOB,
        TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB,
    }
)  # fmt: skip


def _default(column: Column) -> str:
    if column.default is None:
        shown = column.nullable and column.type.kind not in _NO_DEFAULT_NULL
        return " DEFAULT NULL" if shown else ""
    if column.default_is_expression:
        return f" DEFAULT {column.default}"
    return f" DEFAULT {quote_text(column.default)}"


def _index(index: Index, table: Table) -> str:
    if index.primary:
        text = "PRIMARY KEY"
    else:
        text = ("UNIQUE KEY " if index.unique else "KEY ") + quote_name(index.name)
    text += " (" + ",".join(_part(part, table) for part in index.parts) + ")"
    using = table.options.get(f"using:{index.name}")
    if using:
        text += f" USING {using}"
    if index.comment:
        text += f" COMMENT {quote_text(index.comment)}"
    if index.invisible:
        text += " /*!80000 INVISIBLE */"
    return text


def foreign_key_text(key: ForeignKey, database: str) -> str:
    """A foreign key of a table in `database`, as SHOW CREATE TABLE and its errors print it."""
    columns, named = (
        ", ".join(map(quote_name, names)) for names in (key.columns, key.parent_columns)
    )
    parent = quote_name(key.table)
    if key.database != database:
        parent = f"{quote_name(key.database)}.{parent}"
    text = (
        f"CONSTRAINT {quote_name(key.name)} FOREIGN KEY ({columns}) REFERENCES {parent} ({named})"
    )
    for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
        if action not in ("", "NO ACTION"):
            text += f" ON {event} {action}"
    return text


def check_text(check: Check) -> str:
    """A CHECK constraint as SHOW CREATE TABLE prints it."""
    text = f"CONSTRAINT {quote_name(check.name)} CHECK ({check.expression})"
    return text if check.enforced else text + " /*!80016 NOT ENFORCED */"


def _part(part: IndexPart, table: Table) -> str:
    column = table.columns[table.column_no(part.column)]
    text = f"({column.generated})" if column.hidden else quote_name(part.column)
    if part.length:
        text += f"({part.length})"
    return text + " DESC" if part.descending else text


def create_database(name: str, charset: str, collation: str, conditional: bool = False) -> str:
    """SHOW CREATE DATABASE."""
    collate = f" COLLATE {collation}" if _prints_collation(charset, collation) else ""
    exists = "/*!32312 IF NOT EXISTS*/ " if conditional else ""
    return (
        f"CREATE DATABASE {exists}{quote_name(name)} /*!40100 DEFAULT CHARACTER SET {charset}"
        f"{collate} */ /*!80016 DEFAULT ENCRYPTION='N' */"
    )
