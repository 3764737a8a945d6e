"""Column types as DDL writes them, turned into `ColumnType`; ranges checked as MySQL does.

Character set and collation stay empty where the text does not give them: the table's defaults are
filled in by `ddl`, which knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from btree.schema import ColumnType, TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

MAX_DECIMAL_PRECISION: Final = 65
MAX_DECIMAL_SCALE: Final = 30
MAX_FSP: Final = 6
MAX_BITS: Final = 64
MAX_CHAR: Final = 255


@dataclass(frozen=True, slots=True)
class ParsedType:
    """`serial` means BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE."""

    type: ColumnType
    serial: bool = False


_INTEGERS: Final = {
    "TINYINT": TypeKind.TINYINT, "INT1": TypeKind.TINYINT,
    "SMALLINT": TypeKind.SMALLINT, "INT2": TypeKind.SMALLINT,
    "MEDIUMINT": TypeKind.MEDIUMINT, "INT3": TypeKind.MEDIUMINT, "MIDDLEINT": TypeKind.MEDIUMINT,
    "INT": TypeKind.INT, "INTEGER": TypeKind.INT, "INT4": TypeKind.INT,
    "BIGINT": TypeKind.BIGINT, "INT8": TypeKind.BIGINT,
}  # fmt: skip
_TEXTS: Final = {
    "TINYTEXT": TypeKind.TINYTEXT, "TEXT": TypeKind.TEXT, "MEDIUMTEXT": TypeKind.MEDIUMTEXT,
    "LONGTEXT": TypeKind.LONGTEXT,
}  # fmt: skip
_BLOBS: Final = {
    "TINYBLOB": TypeKind.TINYBLOB, "BLOB": TypeKind.BLOB, "MEDIUMBLOB": TypeKind.MEDIUMBLOB,
    "LONGBLOB": TypeKind.LONGBLOB,
}  # fmt: skip
_GEOMETRY_TEXT: Final = """
    GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON
    GEOMETRYCOLLECTION GEOMCOLLECTION
"""
_GEOMETRY: Final = frozenset(_GEOMETRY_TEXT.split())
_DISPLAY_WIDTH_LIMIT: Final = 255
_WIDTH_NOTE: Final = "Integer display width is deprecated and will be removed in a future release."
_DIGITS_NOTE: Final = (
    "Specifying number of digits for floating point data types is deprecated and will be removed in"
    " a future release."
)
_UNSIGNED_NOTE: Final = (
    "UNSIGNED for decimal and floating point data types is deprecated and support for it will be"
    " removed in a future release."
)
_ZEROFILL_NOTE: Final = (
    "The ZEROFILL attribute is deprecated and will be removed in a future release. Use the LPAD"
    " function to zero-pad numbers, or store the formatted numbers in a CHAR column."
)
_BINARY_NOTE: Final = (
    "'BINARY as attribute of a type' is deprecated and will be removed in a future release. Please"
    " use a CHARACTER SET clause with _bin collation instead"
)
_NATIONAL_NOTE: Final = (
    "NATIONAL/NCHAR/NVARCHAR implies the character set UTF8MB3, which will be replaced by UTF8MB4"
    " in a future release. Please consider using CHAR(x) CHARACTER SET UTF8MB4 in order to be"
    " unambiguous."
)
UTF8_NOTE: Final = (
    "'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for UTF8MB4"
    " in a future release. Please consider using UTF8MB4 in order to be unambiguous."
)


def parse_type(stream: TokenStream, column: str) -> ParsedType:
    token = stream.token
    if token.kind is not Kind.WORD:
        raise stream.error()
    word = token.value
    if word in _GEOMETRY:
        stream.advance()
        return ParsedType(ColumnType(TypeKind.GEOMETRY))
    if word in _INTEGERS:
        stream.advance()
        return ParsedType(_integer(stream, _INTEGERS[word], column))
    if word in _TEXTS:
        stream.advance()
        length = _length(stream) if word == "TEXT" else None
        return ParsedType(_text(stream, _text_kind(_TEXTS[word], length)))
    if word in _BLOBS:
        stream.advance()
        length = _length(stream) if word == "BLOB" else None
        kind = _blob_kind(length) if length is not None else _BLOBS[word]
        return ParsedType(ColumnType(kind, charset="binary", collation="binary"))
    parse = _PARSERS.get(word)
    if parse is None:
        raise stream.error()
    stream.advance()
    if word == "SERIAL":
        return ParsedType(ColumnType(TypeKind.BIGINT, unsigned=True), serial=True)
    return ParsedType(parse(stream, column))


def _length(stream: TokenStream) -> int | None:
    """(n), or None when there is no parenthesis."""
    if not stream.accept_op("("):
        return None
    length = stream.integer()
    stream.expect_op(")")
    return length


def _numeric_options(stream: TokenStream, type_: ColumnType) -> ColumnType:
    """[UNSIGNED | SIGNED | ZEROFILL]…; ZEROFILL makes UNSIGNED."""
    while True:
        if stream.accept("UNSIGNED"):
            if not type_.is_integer:
                stream.notes.append((1681, _UNSIGNED_NOTE))
            type_ = replace(type_, unsigned=True)
        elif stream.accept("ZEROFILL"):
            stream.notes.append((1681, _ZEROFILL_NOTE))
            type_ = replace(type_, unsigned=True, zerofill=True)
        elif not stream.accept("SIGNED"):
            return type_


MAX_VARBINARY: Final = 65535
_UTF8MB3_NOTE: Final = (
    "'utf8mb3' is deprecated and will be removed in a future release. Please use utf8mb4 instead"
)
_UTF8MB3_COLLATION_NOTE: Final = (
    "'%s' is a collation of the deprecated character set UTF8MB3. Please consider using UTF8MB4"
    " with an appropriate collation instead."
)
_ZEROFILL_WIDTHS: Final = {
    TypeKind.TINYINT: 3, TypeKind.SMALLINT: 5, TypeKind.MEDIUMINT: 8, TypeKind.INT: 10,
    TypeKind.BIGINT: 20,
}  # fmt: skip


def _integer(stream: TokenStream, kind: TypeKind, column: str) -> ColumnType:
    width = _length(stream)
    if width is not None and width > _DISPLAY_WIDTH_LIMIT:
        raise SqlError(1439, column, _DISPLAY_WIDTH_LIMIT)
    type_ = _numeric_options(stream, ColumnType(kind))
    if width is not None:
        stream.notes.append((1681, _WIDTH_NOTE))
    # A display width is forgotten, as in MySQL 8.4, but for ZEROFILL and TINYINT(1), alias BOOL.
    if type_.zerofill:
        return replace(type_, length=width or _ZEROFILL_WIDTHS[kind])
    if kind is TypeKind.TINYINT and width == 1 and not type_.unsigned:
        return replace(type_, length=1)
    return type_


def _boolean(stream: TokenStream, column: str) -> ColumnType:
    return ColumnType(TypeKind.TINYINT, length=1)


def _decimal(stream: TokenStream, column: str) -> ColumnType:
    precision, scale = 10, 0
    if stream.accept_op("("):
        precision = stream.integer()
        if stream.accept_op(","):
            scale = stream.integer()
        stream.expect_op(")")
    if scale > MAX_DECIMAL_SCALE:
        raise SqlError(1425, scale, column, MAX_DECIMAL_SCALE)
    if precision > MAX_DECIMAL_PRECISION:
        raise SqlError(1426, precision, column, MAX_DECIMAL_PRECISION)
    precision = precision or 10
    if scale > precision:
        raise SqlError(1427, column)
    return _numeric_options(stream, ColumnType(TypeKind.DECIMAL, precision=precision, scale=scale))


def _floating(stream: TokenStream, kind: TypeKind, column: str) -> ColumnType:
    precision = scale = 0
    if stream.accept_op("("):
        precision = stream.integer()
        if stream.accept_op(","):
            scale = stream.integer()
            if scale > MAX_DECIMAL_SCALE:
                raise SqlError(1425, scale, column, MAX_DECIMAL_SCALE)
            if precision > _DISPLAY_WIDTH_LIMIT:
                raise SqlError(1439, column, _DISPLAY_WIDTH_LIMIT)
            if scale > precision:
                raise SqlError(1427, column)
            stream.notes.append((1681, _DIGITS_NOTE))
        else:  # FLOAT(p): p bits choose between FLOAT and DOUBLE
            if precision > 53:
                raise SqlError(1063, column)
            kind, precision = (TypeKind.DOUBLE if precision > 24 else kind), 0
        stream.expect_op(")")
    return _numeric_options(stream, ColumnType(kind, precision=precision, scale=scale))


def _float(stream: TokenStream, column: str) -> ColumnType:
    return _floating(stream, TypeKind.FLOAT, column)


def _double(stream: TokenStream, column: str) -> ColumnType:
    stream.accept("PRECISION")
    return _floating(stream, TypeKind.DOUBLE, column)


def _bit(stream: TokenStream, column: str) -> ColumnType:
    bits = _length(stream)
    if bits is not None and bits > MAX_BITS:
        raise SqlError(1439, column, MAX_BITS)
    if bits == 0:
        raise SqlError(3013, column)
    return ColumnType(TypeKind.BIT, length=bits or 1)


def _year(stream: TokenStream, column: str) -> ColumnType:
    width = _length(stream)
    if width not in (None, 4):
        raise SqlError.with_text(1818, "Invalid display width. Use YEAR instead.", "HY000")
    return _numeric_options(stream, ColumnType(TypeKind.YEAR))


def _date(stream: TokenStream, column: str) -> ColumnType:
    return ColumnType(TypeKind.DATE)


def _fractional(kind: TypeKind) -> Callable[[TokenStream, str], ColumnType]:
    def parse(stream: TokenStream, column: str) -> ColumnType:
        digits = _length(stream) or 0
        if digits > MAX_FSP:
            raise SqlError(1426, digits, column, MAX_FSP)
        return ColumnType(kind, scale=digits)

    return parse


def _char(stream: TokenStream, column: str) -> ColumnType:
    if stream.accept("VARYING"):
        return _varchar(stream, column)
    if stream.accept("BYTE"):
        return _binary(stream, column)
    length = _length(stream)
    if length is not None and length > MAX_CHAR:
        raise SqlError(1074, column, MAX_CHAR)
    return _text(stream, ColumnType(TypeKind.CHAR, length=1 if length is None else length))


def _varchar(stream: TokenStream, column: str) -> ColumnType:
    length = _length(stream)
    if length is None:
        raise stream.error()
    return _text(stream, ColumnType(TypeKind.VARCHAR, length=length))


def _national(stream: TokenStream, column: str) -> ColumnType:
    word = stream.expect_any("CHAR", "CHARACTER", "VARCHAR")
    type_ = _varchar(stream, column) if word == "VARCHAR" else _char(stream, column)
    return _as_national(stream, type_)


def _as_national(stream: TokenStream, type_: ColumnType) -> ColumnType:
    stream.notes.append((3720, _NATIONAL_NOTE))
    return replace(type_, charset="utf8mb3")


def read_charset(stream: TokenStream) -> str:
    """The name of a character set, in lower case; `utf8` is noted."""
    if stream.accept("BINARY"):
        return "binary"
    name = stream.string_or_name().lower()
    if name == "utf8":
        stream.notes.append((3719, UTF8_NOTE))
    elif name == "utf8mb3":
        stream.notes.append((1287, _UTF8MB3_NOTE))
    return name


def read_collation(stream: TokenStream) -> str:
    """The name of a collation, in lower case; those of `utf8mb3` are noted."""
    name = "binary" if stream.accept("BINARY") else stream.string_or_name().lower()
    if name.startswith("utf8mb3_"):
        stream.notes.append((3778, _UTF8MB3_COLLATION_NOTE % name))
    return name


def _binary(stream: TokenStream, column: str) -> ColumnType:
    length = _length(stream)
    if length is not None and length > MAX_CHAR:
        raise SqlError(1074, column, MAX_CHAR)
    size = 1 if length is None else length
    return ColumnType(TypeKind.BINARY, length=size, charset="binary", collation="binary")


def _varbinary(stream: TokenStream, column: str) -> ColumnType:
    length = _length(stream)
    if length is None:
        raise stream.error()
    if length > MAX_VARBINARY:
        raise SqlError(1074, column, MAX_VARBINARY)
    return ColumnType(TypeKind.VARBINARY, length=length, charset="binary", collation="binary")


def _text_kind(kind: TypeKind, length: int | None) -> ColumnType:
    """TEXT(n) is the smallest TEXT that holds n characters."""
    if length is not None:
        size = length * 4
        for bits, smaller in (
            (8, TypeKind.TINYTEXT),
            (16, TypeKind.TEXT),
            (24, TypeKind.MEDIUMTEXT),
        ):
            if size < 1 << bits:
                return ColumnType(smaller)
        return ColumnType(TypeKind.LONGTEXT)
    return ColumnType(kind)


def _blob_kind(length: int) -> TypeKind:
    for bits, kind in ((8, TypeKind.TINYBLOB), (16, TypeKind.BLOB), (24, TypeKind.MEDIUMBLOB)):
        if length < 1 << bits:
            return kind
    return TypeKind.LONGBLOB


def _long(stream: TokenStream, column: str) -> ColumnType:
    if stream.accept("VARBINARY"):
        return ColumnType(TypeKind.MEDIUMBLOB, charset="binary", collation="binary")
    if stream.accept("VARCHAR") or stream.accept_any("CHAR", "CHARACTER"):
        stream.accept("VARYING")
    return _text(stream, ColumnType(TypeKind.MEDIUMTEXT))


def _members(kind: TypeKind) -> Callable[[TokenStream, str], ColumnType]:
    def parse(stream: TokenStream, column: str) -> ColumnType:
        stream.expect_op("(")
        members = [stream.string().rstrip(" ")]
        while stream.accept_op(","):
            members.append(stream.string().rstrip(" "))
        stream.expect_op(")")
        if kind is TypeKind.SET:
            if len(members) > 64:
                raise SqlError(1097, column)
            for member in members:
                if "," in member:
                    raise SqlError(1367, "set", member)
        return _text(stream, ColumnType(kind, members=tuple(members)))

    return parse


def _json(stream: TokenStream, column: str) -> ColumnType:
    return ColumnType(TypeKind.JSON)


def _text(stream: TokenStream, type_: ColumnType) -> ColumnType:
    """[CHARACTER SET x | ASCII | UNICODE | BYTE] [BINARY] [COLLATE y] behind a character type."""
    while True:
        if (
            stream.accept("CHARACTER", "SET")
            or stream.accept("CHARSET")
            or stream.accept("CHAR", "SET")
        ):
            name = read_charset(stream)
            type_ = replace(type_, charset=name)
        elif stream.accept("ASCII"):
            type_ = replace(type_, charset="latin1")
        elif stream.accept("UNICODE"):
            type_ = replace(type_, charset="ucs2")
        elif stream.accept("BINARY"):
            stream.notes.append((1287, _BINARY_NOTE))
            type_ = replace(type_, collation="*_bin")  # the _bin collation of whatever charset
        else:
            return type_


_PARSERS: Final[dict[str, Callable[[TokenStream, str], ColumnType]]] = {
    "BOOL": _boolean,
    "BOOLEAN": _boolean,
    "DECIMAL": _decimal,
    "DEC": _decimal,
    "NUMERIC": _decimal,
    "FIXED": _decimal,
    "FLOAT": _float,
    "FLOAT4": _float,
    "DOUBLE": _double,
    "FLOAT8": _double,
    "REAL": _double,
    "BIT": _bit,
    "YEAR": _year,
    "DATE": _date,
    "TIME": _fractional(TypeKind.TIME),
    "DATETIME": _fractional(TypeKind.DATETIME),
    "TIMESTAMP": _fractional(TypeKind.TIMESTAMP),
    "CHAR": _char,
    "CHARACTER": _char,
    "NCHAR": lambda stream, column: _as_national(stream, _char(stream, column)),
    "NVARCHAR": lambda stream, column: _as_national(stream, _varchar(stream, column)),
    "NATIONAL": _national,
    "VARCHAR": _varchar,
    "VARCHARACTER": _varchar,
    "BINARY": _binary,
    "VARBINARY": _varbinary,
    "LONG": _long,
    "ENUM": _members(TypeKind.ENUM),
    "SET": _members(TypeKind.SET),
    "JSON": _json,
    "SERIAL": _json,
}
