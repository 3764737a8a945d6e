"""SQL types: one row per `TypeKind`, and `SqlType`, the type of an expression or a column.

Everything that depends on a type asks this table: metadata on the wire, comparison classes, casts,
value ranges. Nothing else in the package branches on type names.

    length   what MySQL calls max_length, in characters: digits, sign and point of numbers,
             characters of strings. On the wire strings count bytes: `wire_length` multiplies by
             the character set the client receives.
    scale    decimals: digits after the point of DECIMAL, fractional seconds of temporals,
             `NOT_FIXED` for DOUBLE, strings and JSON
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind

if TYPE_CHECKING:
    from btree.schema import Column, ColumnType

NOT_FIXED: Final = 31
DEFAULT_COLLATION: Final = "utf8mb4_0900_ai_ci"
BINARY: Final = "binary"
COMPUTED_BITS: Final = 1  #: `SqlType.precision` of a BIT that a function made
MAX_DECIMAL_DIGITS: Final = 65
MAX_DECIMAL_SCALE: Final = 30
PAIR_DECIMAL_DIGITS: Final = 38  #: of a DECIMAL in a pair of registers
LANE_DECIMAL_DIGITS: Final = (
    18  #: a DECIMAL up to here is a scaled int64 in a lane, else ASCII text
)


class Class(IntEnum):
    """How values compare, compute and sit in a lane."""

    NULL = 0
    INT = 1  #: also YEAR and BIT
    DECIMAL = 2
    DOUBLE = 3  #: also FLOAT
    STRING = 4  #: also BINARY, TEXT and BLOB; ENUM and SET, whose lanes hold the number
    DATE = 5
    DATETIME = 6  #: also TIMESTAMP
    TIME = 7
    JSON = 8


TEMPORAL: Final = frozenset({Class.DATE, Class.DATETIME, Class.TIME})
NUMERIC: Final = frozenset({Class.INT, Class.DECIMAL, Class.DOUBLE})


@dataclass(frozen=True, slots=True)
class TypeRow:
    """What is true of all types of one kind.

    name        as SHOW COLUMNS prints it
    wire_code   protocol::MYSQL_TYPE_*
    width       display width in column metadata (0: from the column's length)
    byte_count  width of an integer in bytes; bytes that count a LOB's length
    """

    kind: TypeKind
    name: str
    wire_code: int
    cls: Class
    width: int = 0
    byte_count: int = 0
    is_binary: bool = False


def _row(
    kind: TypeKind,
    wire_code: int,
    cls: Class,
    width: int = 0,
    byte_count: int = 0,
    is_binary: bool = False,
) -> TypeRow:
    return TypeRow(kind, kind.name.lower(), wire_code, cls, width, byte_count, is_binary)


ROWS: Final[dict[TypeKind, TypeRow]] = {
    row.kind: row
    for row in (
        _row(TypeKind.NULL, 6, Class.NULL),
        _row(TypeKind.TINYINT, 1, Class.INT, 4, 1),
        _row(TypeKind.SMALLINT, 2, Class.INT, 6, 2),
        _row(TypeKind.MEDIUMINT, 9, Class.INT, 9, 3),
        _row(TypeKind.INT, 3, Class.INT, 11, 4),
        _row(TypeKind.BIGINT, 8, Class.INT, 20, 8),
        _row(TypeKind.YEAR, 13, Class.INT, 4, 1),
        _row(TypeKind.BIT, 16, Class.INT),
        _row(TypeKind.DECIMAL, 246, Class.DECIMAL),
        _row(TypeKind.FLOAT, 4, Class.DOUBLE, 12, 4),
        _row(TypeKind.DOUBLE, 5, Class.DOUBLE, 22, 8),
        _row(TypeKind.DATE, 10, Class.DATE, 10),
        _row(TypeKind.TIME, 11, Class.TIME, 10),
        _row(TypeKind.DATETIME, 12, Class.DATETIME, 19),
        _row(TypeKind.TIMESTAMP, 7, Class.DATETIME, 19),
        _row(TypeKind.CHAR, 254, Class.STRING),
        _row(TypeKind.VARCHAR, 253, Class.STRING),
        _row(TypeKind.BINARY, 254, Class.STRING, is_binary=True),
        _row(TypeKind.VARBINARY, 253, Class.STRING, is_binary=True),
        _row(TypeKind.TINYTEXT, 252, Class.STRING, byte_count=1),
        _row(TypeKind.TEXT, 252, Class.STRING, byte_count=2),
        _row(TypeKind.MEDIUMTEXT, 252, Class.STRING, byte_count=3),
        _row(TypeKind.LONGTEXT, 252, Class.STRING, byte_count=4),
        _row(TypeKind.TINYBLOB, 252, Class.STRING, byte_count=1, is_binary=True),
        _row(TypeKind.BLOB, 252, Class.STRING, byte_count=2, is_binary=True),
        _row(TypeKind.MEDIUMBLOB, 252, Class.STRING, byte_count=3, is_binary=True),
        _row(TypeKind.LONGBLOB, 252, Class.STRING, byte_count=4, is_binary=True),
        _row(TypeKind.ENUM, 254, Class.STRING),
        _row(TypeKind.SET, 254, Class.STRING),
        _row(TypeKind.JSON, 245, Class.JSON),
        _row(TypeKind.GEOMETRY, 255, Class.STRING, is_binary=True),
        _row(TypeKind.VECTOR, 242, Class.STRING, is_binary=True),
    )
}


@dataclass(frozen=True, slots=True)
class SqlType:
    """Type of an expression: a kind with its measures, and whether NULL may come out.

    precision     DECIMAL, and FLOAT(M,D): digits in all; INT: digits if not `length` less the sign;
                  YEAR: 1 for CAST's, which has no leading zeros
    collation     of strings; "binary" for binary strings and everything that is not text
    coercibility  MySQL's: 0 explicit COLLATE, 2 column, 3 system constant, 4 literal, 5 number,
                  6 NULL
    zerofill      digits of a column's numbers, which are shown with leading zeros; 0: without
    mixed         DECIMAL whose values keep the scale of the branch they come from (IF, CASE …);
                  TIME shown with a fraction, all of it, only where there is one;
                  BIT shown by its digits; JSON of a `?` that is given the text of a document
    """

    kind: TypeKind
    length: int = 0
    scale: int = 0
    precision: int = 0
    unsigned: bool = False
    collation: str = BINARY
    nullable: bool = True
    members: tuple[str, ...] = ()
    coercibility: int = 5
    zerofill: int = 0
    mixed: bool = False

    @property
    def cls(self) -> Class:
        return ROWS[self.kind].cls

    @property
    def charset(self) -> str:
        return charset_of(self.collation)

    @property
    def is_text(self) -> bool:
        """A string of characters (not of bytes)."""
        return self.cls is Class.STRING and self.collation != BINARY

    @property
    def is_computed_bits(self) -> bool:
        """A BIT that a function made: its text has the session's character set."""
        return self.kind is TypeKind.BIT and self.precision == COMPUTED_BITS

    @property
    def is_wide_decimal(self) -> bool:
        """DECIMAL whose lane is text instead of a scaled integer."""
        is_long = self.precision > LANE_DECIMAL_DIGITS or self.mixed
        return self.cls is Class.DECIMAL and is_long

    def or_null(self, nullable: bool = True) -> SqlType:
        return self if self.nullable == nullable else replace(self, nullable=nullable)

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest value of an integer kind."""
        if self.kind is TypeKind.BIT:
            return 0, (1 << max(self.length, 1)) - 1
        if self.kind is TypeKind.YEAR:
            return 0, 2155
        bits = 8 * ROWS[self.kind].byte_count
        return (0, (1 << bits) - 1) if self.unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)

    def __str__(self) -> str:
        name = ROWS[self.kind].name
        match self.cls:
            case Class.DECIMAL:
                name = f"{name}({self.precision},{self.scale})"
            case Class.STRING:
                name = f"{name}({self.length})"
        return (
            name + (" unsigned" if self.unsigned else "") + ("" if self.nullable else " not null")
        )


def charset_of(collation: str) -> str:
    return collation.split("_", 1)[0] if collation else BINARY


def bytes_per_character(collation: str) -> int:
    """The most bytes one character of the collation's character set takes."""
    return _CHARACTER_BYTES.get(charset_of(collation), 1)


_CHARACTER_BYTES: Final = {
    **dict.fromkeys(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), 4),
    **dict.fromkeys(("utf8mb3", "utf8", "ujis", "eucjpms"), 3),
    **dict.fromkeys(("ucs2", "big5", "gb2312", "gbk", "sjis", "cp932", "euckr"), 2),
}


# Constructors -----------------------------------------------------------------------------------


def null_type() -> SqlType:
    return _NULL


@lru_cache(1024)
def int_type(length: int = 21, unsigned: bool = False, nullable: bool = True) -> SqlType:
    """BIGINT: the type of every integer expression."""
    return SqlType(TypeKind.BIGINT, length, unsigned=unsigned, nullable=nullable)


@lru_cache(2)
def bool_type(nullable: bool = True) -> SqlType:
    return SqlType(TypeKind.BIGINT, 1, nullable=nullable)


def decimal_type(
    precision: int, scale: int, unsigned: bool = False, nullable: bool = True
) -> SqlType:
    """DECIMAL, clipped to 65 digits with at most 30 behind the point."""
    scale = min(scale, MAX_DECIMAL_SCALE)
    precision = min(max(precision, scale, 1), MAX_DECIMAL_DIGITS)
    length = precision + (scale > 0) + (not unsigned and precision > 0)
    return SqlType(TypeKind.DECIMAL, length, scale, precision, unsigned, nullable=nullable)


def double_type(length: int = 23, nullable: bool = True, scale: int = NOT_FIXED) -> SqlType:
    return SqlType(TypeKind.DOUBLE, length, scale, nullable=nullable)


def string_type(
    length: int,
    collation: str = DEFAULT_COLLATION,
    nullable: bool = True,
    coercibility: int = 4,
    kind: TypeKind = TypeKind.VARCHAR,
) -> SqlType:
    """A string expression. What is too long for VARCHAR becomes a TEXT or BLOB, as in MySQL."""
    if kind is TypeKind.VARCHAR:
        kind = _string_kind(length, collation)
    return SqlType(
        kind, length, NOT_FIXED, collation=collation, nullable=nullable, coercibility=coercibility
    )


def _string_kind(length: int, collation: str) -> TypeKind:
    is_text = collation != BINARY
    size = length * bytes_per_character(collation)
    if size <= 65535:
        return TypeKind.VARCHAR if is_text else TypeKind.VARBINARY
    if size < 1 << 24:
        return TypeKind.MEDIUMTEXT if is_text else TypeKind.MEDIUMBLOB
    return TypeKind.LONGTEXT if is_text else TypeKind.LONGBLOB


def date_type(nullable: bool = True) -> SqlType:
    return SqlType(TypeKind.DATE, 10, nullable=nullable)


def time_type(fsp: int = 0, nullable: bool = True) -> SqlType:
    return SqlType(TypeKind.TIME, 10 + (fsp + 1 if fsp else 0), fsp, nullable=nullable)


def datetime_type(
    fsp: int = 0, nullable: bool = True, kind: TypeKind = TypeKind.DATETIME
) -> SqlType:
    return SqlType(kind, 19 + (fsp + 1 if fsp else 0), fsp, nullable=nullable)


def json_type(nullable: bool = True) -> SqlType:
    return SqlType(
        TypeKind.JSON, (1 << 30) - 1, NOT_FIXED, collation="utf8mb4_bin", nullable=nullable
    )


def column_type(column: Column) -> SqlType:
    """Type of a reference to `column`."""
    return of_column_type(column.type, column.nullable)


@cache
def of_column_type(declared: ColumnType, nullable: bool) -> SqlType:
    kind, row = declared.kind, ROWS[declared.kind]
    collation = declared.collation if row.cls is Class.STRING and not row.is_binary else BINARY
    length, scale, precision = row.width, 0, 0
    match row.cls:
        case Class.INT if kind is TypeKind.BIT:
            length = declared.length or 1
        case Class.INT if declared.unsigned and kind is not TypeKind.BIGINT:
            length = row.width - (kind is not TypeKind.YEAR)
        case Class.DECIMAL:
            base = decimal_type(declared.precision, declared.scale, declared.unsigned)
            length, scale, precision = base.length, base.scale, base.precision
        case Class.DOUBLE if declared.precision:
            length, scale, precision = declared.precision, declared.scale, declared.precision
        case Class.DOUBLE:
            scale = NOT_FIXED
        case Class.DATETIME | Class.TIME:
            scale = declared.scale
            length = row.width + (scale + 1 if scale else 0)
        case Class.JSON:
            length, collation = (1 << 32) - 1, "utf8mb4_bin"
        case Class.STRING:
            length, scale = _column_characters(declared, row), NOT_FIXED
    return SqlType(
        kind,
        length,
        scale,
        precision,
        declared.unsigned or kind in (TypeKind.YEAR, TypeKind.BIT),
        collation,
        nullable,
        tuple(declared.members or ()),
        2 if row.cls in (Class.STRING, Class.JSON) else 5,
        _zeros(declared, length),
    )


def _zeros(declared: ColumnType, length: int) -> int:
    """To how many digits the numbers of a column are filled up."""
    if not declared.zerofill:
        return 0
    return declared.length if ROWS[declared.kind].cls is Class.INT else length


def _column_characters(declared: ColumnType, row: TypeRow) -> int:
    if declared.kind is TypeKind.ENUM:
        return max((len(member) for member in declared.members), default=0)
    if declared.kind is TypeKind.SET:
        return sum(len(member) for member in declared.members) + max(len(declared.members) - 1, 0)
    if row.byte_count:  # TEXT and BLOB: the limit is in bytes, MySQL reports it as characters
        return int((1 << 8 * row.byte_count) - 1)
    return declared.length


_NULL: Final = SqlType(TypeKind.NULL, coercibility=6)


# The wire ---------------------------------------------------------------------------------------

NOT_NULL_FLAG: Final = 1
BLOB_FLAG: Final = 16
UNSIGNED_FLAG: Final = 32
BINARY_FLAG: Final = 128
ENUM_FLAG: Final = 256
SET_FLAG: Final = 2048


def wire_code(sql_type: SqlType) -> int:
    return ROWS[sql_type.kind].wire_code


def wire_length(sql_type: SqlType, result_collation: str = DEFAULT_COLLATION) -> int:
    """Length as a column definition gives it: strings in bytes of the client's character set."""
    if sql_type.is_text or sql_type.cls is Class.JSON:
        return min(sql_type.length * bytes_per_character(result_collation), (1 << 32) - 1)
    return sql_type.length


def wire_flags(sql_type: SqlType) -> int:
    """Flags that follow from the type; a column adds those of its keys and defaults."""
    flags = 0 if sql_type.nullable else NOT_NULL_FLAG
    if sql_type.unsigned:
        flags |= UNSIGNED_FLAG
    if sql_type.cls is Class.INT or sql_type.collation.endswith(("_bin", BINARY)):
        flags |= BINARY_FLAG
    return flags
