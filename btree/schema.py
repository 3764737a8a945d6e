"""Types, columns, indexes and tables as the dictionary keeps them: frozen, JSON-serialisable.

``TypeKind`` is the one enumeration of MySQL types in the project. What a type *stores* is decided
in `rows.py` (`storage_of`), what it looks like on the wire in `mysqlcompat/sqltypes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import IntEnum
from typing import Any


class TypeKind(IntEnum):
    """Every MySQL column type. The numbers are stored in the dictionary and never change."""

    NULL = 0
    TINYINT = 1
    SMALLINT = 2
    MEDIUMINT = 3
    INT = 4
    BIGINT = 5
    DECIMAL = 6
    FLOAT = 7
    DOUBLE = 8
    BIT = 9
    YEAR = 10
    DATE = 11
    TIME = 12
    DATETIME = 13
    TIMESTAMP = 14
    CHAR = 15
    VARCHAR = 16
    BINARY = 17
    VARBINARY = 18
    TINYTEXT = 19
    TEXT = 20
    MEDIUMTEXT = 21
    LONGTEXT = 22
    TINYBLOB = 23
    BLOB = 24
    MEDIUMBLOB = 25
    LONGBLOB = 26
    ENUM = 27
    SET = 28
    JSON = 29
    GEOMETRY = 30
    VECTOR = 31


INTEGER_KINDS = frozenset(
    {TypeKind.TINYINT, TypeKind.SMALLINT, TypeKind.MEDIUMINT, TypeKind.INT, TypeKind.BIGINT}
)
TEXT_KINDS = frozenset(
    {
        TypeKind.CHAR,
        TypeKind.VARCHAR,
        TypeKind.TINYTEXT,
        TypeKind.TEXT,
        TypeKind.MEDIUMTEXT,
        TypeKind.LONGTEXT,
    }
)
BLOB_KINDS = frozenset(
    {
        TypeKind.BINARY,
        TypeKind.VARBINARY,
        TypeKind.TINYBLOB,
        TypeKind.BLOB,
        TypeKind.MEDIUMBLOB,
        TypeKind.LONGBLOB,
        TypeKind.GEOMETRY,
        TypeKind.VECTOR,
    }
)

DEFAULT_CHARSET = "utf8mb4"
DEFAULT_COLLATION = "utf8mb4_0900_ai_ci"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type.

    length     CHAR/VARCHAR/TEXT: characters; BINARY/VARBINARY/BLOB: bytes; BIT: bits;
               integers: display width (0: none given)
    precision  DECIMAL: digits in all (FLOAT/DOUBLE(M,D): M)
    scale      DECIMAL: digits after the point; TIME/DATETIME/TIMESTAMP: fractional digits
    members    ENUM and SET: the strings, in order
    """

    kind: TypeKind
    length: int = 0
    precision: int = 0
    scale: int = 0
    unsigned: bool = False
    charset: str = ""
    collation: str = ""
    members: tuple[str, ...] = ()
    zerofill: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_KINDS

    @property
    def is_integer(self) -> bool:
        return self.kind in INTEGER_KINDS


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    default                 text of the default, None when there is none (nullable: NULL)
    default_is_expression   the text is an expression (CURRENT_TIMESTAMP(3), (uuid())), not a value
    on_update               expression text of ON UPDATE, or None
    generated               expression text of a generated column, or None
    initial                 value in rows older than the column: lane of a fixed type, hexadecimal
                            bytes of a variable one, None: NULL
    hidden                  a functional key part: computed and stored like a generated column, but
                            no statement can name it
    array                   hidden: the key part has several values, elements of this type; what
                            is stored is `keys.pack_elements`'s form of them all
    """

    name: str
    type: ColumnType
    nullable: bool = True
    default: str | None = None
    default_is_expression: bool = False
    on_update: str | None = None
    auto_increment: bool = False
    comment: str = ""
    invisible: bool = False
    generated: str | None = None
    generated_stored: bool = False
    initial: int | str | None = None
    hidden: bool = False
    array: ColumnType | None = None

    @property
    def has_default_expression(self) -> bool:
        """DEFAULT (expression), which is computed row by row; not CURRENT_TIMESTAMP."""
        written = self.default is not None and self.default.startswith("(")
        return written and self.default_is_expression


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A column of an index. `length` is the prefix in characters (bytes for binary), 0: whole."""

    column: str
    length: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index. `root`: root page of its tree, which never changes; `index_id`: its tree id."""

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    primary: bool = False
    index_id: int = 0
    root: int = 0
    comment: str = ""
    invisible: bool = False
    generated: bool = False  #: made for a foreign key, and gone when another index serves it


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key, kept by the table that has it (the child).

    columns, parent_columns   names, in pairs
    database, table           the parent; it need not be there (foreign_key_checks = 0)
    on_delete, on_update      "" (nothing was said), "NO ACTION", "RESTRICT", "CASCADE", "SET NULL"
    """

    name: str
    columns: tuple[str, ...]
    database: str
    table: str
    parent_columns: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""
    match: str = "NONE"  #: FULL or PARTIAL when it was written; nothing follows from it


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; `expression` is the text that SHOW CREATE TABLE prints."""

    name: str
    expression: str
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class RowFormat:
    """A row format of the table's past: rows written in it are still there.

    number   as in the rows
    columns  types of the columns it stored, in order
    sources  per stored column the table has now: its number in `columns`, -1: it has come since
    """

    number: int
    columns: tuple[ColumnType, ...]
    sources: tuple[int, ...]


#: Name of the column that stands in for a missing primary key; always the last stored column.
ROW_ID = "DB_ROW_ID"
ROW_ID_COLUMN = Column(ROW_ID, ColumnType(TypeKind.BIGINT), nullable=False, invisible=True)


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `indexes[0]` is the clustered one: PRIMARY, or one over the hidden row id.

    version      dictionary version in which this definition appeared
    row_format   version number that rows written under this definition carry
    formats      earlier ones that rows may still have
    descriptor   offset of the kernel-readable description in the arena (`descriptors`), 0: none;
                 not stored
    lease        keeps the descriptor's memory while a copy of the table is used; not stored
    """

    name: str
    database: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    charset: str = DEFAULT_CHARSET
    collation: str = DEFAULT_COLLATION
    comment: str = ""
    auto_increment: int = 1
    table_id: int = 0
    version: int = 0
    row_format: int = 1
    engine: str = "InnoDB"
    options: dict[str, str] = field(default_factory=dict)
    created: str = ""
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    formats: tuple[RowFormat, ...] = ()
    descriptor: int = field(default=0, compare=False)
    lease: Any = field(default=None, compare=False, repr=False)

    @property
    def shown_columns(self) -> tuple[Column, ...]:
        """The columns that statements can name."""
        return tuple(column for column in self.columns if not column.hidden)

    @property
    def clustered(self) -> Index:
        return self.indexes[0]

    @property
    def root(self) -> int:
        """Root page of the clustered index."""
        return self.indexes[0].root

    @property
    def has_row_id(self) -> bool:
        """Whether rows have the hidden row id as their last stored column."""
        return bool(self.indexes) and self.indexes[0].parts[0].column == ROW_ID

    @property
    def has_expressions(self) -> bool:
        """Whether values are computed when a row changes: CHECKs, generated columns, defaults."""
        return bool(self.checks) or any(
            column.generated is not None or column.has_default_expression for column in self.columns
        )

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """What a row holds, in lane order: the columns, then the hidden row id if there is one."""
        return (*self.columns, ROW_ID_COLUMN) if self.has_row_id else self.columns

    def column_no(self, name: str) -> int:
        """Number of a stored column by name, case-insensitively; KeyError when there is none."""
        folded = name.casefold()
        for number, column in enumerate(self.stored_columns):
            if column.name.casefold() == folded:
                return number
        raise KeyError(name)

    def is_multi_valued(self, index: Index) -> bool:
        """Whether a row has an entry for each of several values, perhaps none, in the index."""
        return any(self.stored_columns[self.column_no(p.column)].array for p in index.parts)

    def index_no(self, name: str) -> int:
        """Number of an index by name, case-insensitively; KeyError when there is none."""
        folded = name.casefold()
        for number, index in enumerate(self.indexes):
            if index.name.casefold() == folded:
                return number
        raise KeyError(name)

    def with_clustered(self) -> Table:
        """This table with its clustered index first: PRIMARY, or one over the hidden row id."""
        primary = [index for index in self.indexes if index.primary]
        others = tuple(index for index in self.indexes if not index.primary)
        first = primary[0] if primary else Index(ROW_ID, (IndexPart(ROW_ID),), unique=True)
        if self.has_row_id and not primary:
            return self
        return replace(self, indexes=(first, *others))

    def to_dict(self) -> dict[str, Any]:
        """JSON form for the dictionary, without what is as by default."""
        made: dict[str, Any] = _sparse(self)
        for name in ("descriptor", "lease"):
            made.pop(name, None)
        return made

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Table:
        """What `to_dict` gave, also after a trip through JSON; unknown keys are refused."""
        made = dict(stored)
        made["columns"] = tuple(_column_of(column) for column in made["columns"])
        made["indexes"] = tuple(_index_of(index) for index in made.get("indexes", ()))
        keys, checks = made.get("foreign_keys", ()), made.get("checks", ())
        made["foreign_keys"] = tuple(_foreign_key_of(one) for one in keys)
        made["checks"] = tuple(Check(**one) for one in checks)
        made["formats"] = tuple(_format_of(one) for one in made.get("formats", ()))
        return cls(**made)


def _sparse(one: Any) -> Any:
    """A dataclass as a dict of the fields that are not at their defaults, and so on inside."""
    if isinstance(one, tuple):
        return [_sparse(item) for item in one]
    if not is_dataclass(one):
        return one
    made = {}
    for each in fields(one):
        value = getattr(one, each.name)
        if value != each.default and not (each.name == "options" and not value):
            made[each.name] = _sparse(value)
    return made


def type_of_dict(stored: dict[str, Any]) -> ColumnType:
    """A ColumnType from its JSON form."""
    made = dict(stored)
    made["kind"] = TypeKind(made["kind"])
    made["members"] = tuple(made.get("members", ()))
    return ColumnType(**made)


def _column_of(stored: dict[str, Any]) -> Column:
    made = dict(stored)
    made["type"] = type_of_dict(made["type"])
    if made.get("array") is not None:
        made["array"] = type_of_dict(made["array"])
    return Column(**made)


def _format_of(stored: dict[str, Any]) -> RowFormat:
    columns = tuple(type_of_dict(column) for column in stored["columns"])
    return RowFormat(stored["number"], columns, tuple(stored["sources"]))


def _foreign_key_of(stored: dict[str, Any]) -> ForeignKey:
    made = dict(stored)
    for name in ("columns", "parent_columns"):
        made[name] = tuple(made[name])
    return ForeignKey(**made)


def _index_of(stored: dict[str, Any]) -> Index:
    made = dict(stored)
    made["parts"] = tuple(IndexPart(**part) for part in made["parts"])
    return Index(**made)
