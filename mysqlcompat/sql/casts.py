"""CAST and CONVERT: the target type as written, and the node."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions import json_value
from mysqlcompat.functions.moments import of_calendar
from mysqlcompat.sql.branches import branches_of, is_average, is_extreme_date, natural, spelled
from mysqlcompat.sql.describe import OF_BRANCH, USING, USING_OF_BRANCH, describe
from mysqlcompat.sql.infer import Typing, is_number_literal
from mysqlcompat.sql.measures import text_length
from mysqlcompat.sql.parameters import cast_type, with_type
from mysqlcompat.sql.repertoires import is_said_nothing_of, is_taken_as_it_is
from mysqlcompat.sql.typed import EXPLICIT, Aggregate, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    bytes_per_character,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    int_type,
    json_type,
    string_type,
    time_type,
)

_TEMPORALS: Final = {"DATETIME": datetime_type, "TIME": time_type}
_MAX_FSP: Final = 6
_BYTES_MOST: Final = (1 << 32) - 1  #: of a string


def is_bytes(sql_type: SqlType) -> bool:
    """A binary string, which may be no text."""
    return sql_type.cls is Class.STRING and sql_type.collation == BINARY


def cast_node(typing: Typing, node: Any, arg: Expression) -> Expression:
    """CAST(arg AS type), CONVERT(arg, type), CONVERT(arg USING charset), BINARY arg."""
    kind = node.args["to"]
    name = kind.this.value if hasattr(kind.this, "value") else str(kind.this)
    sizes = [int(str(part.this.this)) for part in kind.expressions]
    target = _target(typing, name, sizes, kind, arg)
    if is_taken_as_it_is(arg, target):
        arg = typing.in_charset(arg, BINARY)
        if target.charset == "ascii":  # nothing is said of what is none
            arg = typing.in_charset(arg, "latin1_swedish_ci")
    elif is_said_nothing_of(arg, target):
        arg = typing.in_charset(arg, "latin1_swedish_ci")
    if target.cls in NUMERIC and is_number_literal(arg):
        arg = typing.as_number(arg)
    if target.cls is Class.STRING:
        arg = spelled(arg)
    if target.cls is Class.INT and target.kind is not TypeKind.YEAR:
        is_exact = is_average(arg) or _column_name(arg) == "unix_timestamp"
        if target.unsigned and arg.type.is_wide_decimal:  # which is rounded to its digits first
            arg = natural(arg)
        elif not (target.unsigned and is_exact):  # as this is
            arg = typing.computed(arg)
        if arg.type.cls is Class.DECIMAL and arg.type.unsigned:
            arg = typing.as_integer(arg)
        is_text = isinstance(arg, Aggregate) or (isinstance(arg, Call) and branches_of(arg))
        if arg.type.cls is Class.JSON and is_text:
            arg = typing.document_text(arg)
    elif target.kind is TypeKind.YEAR and (arg.type.is_wide_decimal or is_average(arg)):
        arg = typing.computed(arg)
    if target.cls is Class.JSON:
        arg = typing.in_json(arg)
    if target.cls in TEMPORAL:
        arg = typing.timely(arg)
        arg = arg if target.cls is Class.TIME else of_calendar(typing, arg)
    arg = with_type(arg, cast_type(target, typing.context.collation))
    may_fail = target.cls not in (Class.INT, Class.DECIMAL, Class.DOUBLE)
    may_fail = may_fail or target.kind is TypeKind.YEAR
    if target.is_text and not typing.is_strict:
        may_fail = False
    target = target.or_null(may_fail or arg.type.nullable)

    def of_branch(inner: Expression) -> Expression:
        is_exact = arg.type.cls is Class.DOUBLE and inner.type.cls is Class.DECIMAL
        if is_exact and target.cls is Class.INT and target.unsigned:  # a DECIMAL has a sign
            inner = _of_branch(Cast(int_type(21).or_null(inner.type.nullable), inner, EXPLICIT))
        return _of_branch(cast_node(typing, node, inner))

    own = typing.own_branches(arg, target, of_branch)
    is_text = arg.type.cls is Class.STRING and target.cls is Class.INT  # which is read as it is
    is_text = is_text and not is_extreme_date(arg)
    if own is not None and target.kind is TypeKind.FLOAT:  # which is too small for the whole
        arg, own = typing.as_double(arg), None
    if own is not None and not is_text:
        return own
    is_using = name == "CHARACTER_SET" and "nested" not in kind.args
    made = Cast(target, arg, EXPLICIT, wording=USING if is_using else "")
    into = _column_name(arg) if arg.type.cls is Class.JSON else describe(made)
    if target.cls is Class.DECIMAL:
        into = "(null)"  # the name of a select item, which an expression within one has not
    elif target.cls is Class.DOUBLE:
        into = ""  # it is written out with its tables where it fails
    return replace(made, into=into)


def _of_branch(made: Expression) -> Expression:
    """The CAST of one branch, instead of that of the whole."""
    if not isinstance(made, Cast):
        return made
    return replace(made, wording=USING_OF_BRANCH if made.wording == USING else OF_BRANCH)


def at_time_zone(typing: Typing, arg: Expression, node: Any) -> Expression:
    """``CAST(arg AT TIME ZONE 'UTC' AS DATETIME)``: a TIMESTAMP's clock in UTC, the only zone there
    is. Raises 1298 for others, 3998 for what is no TIMESTAMP."""
    sizes = [int(str(part.this.this)) for part in node.args["to"].expressions]
    target = _temporal("DATETIME", sizes, arg)
    if isinstance(arg, Literal) and isinstance(arg.value, datetime):  # its fraction is lost
        arg = Literal(datetime_type(0, False), arg.value.replace(microsecond=0))
    elif arg.type.kind not in (TypeKind.TIMESTAMP, TypeKind.NULL):
        raise SqlError(3998)
    zone = str(node.this.args["zone"].this)
    if zone not in ("UTC", "+00:00"):
        raise SqlError(1298, zone)
    return Cast(target, typing.call("utc of", datetime_type(arg.type.scale), arg), EXPLICIT)


def returned_type(typing: Typing, kind: Any, charset: str | None, arg: Expression) -> SqlType:
    """The type of RETURNING in JSON_VALUE."""
    name = kind.this.value if hasattr(kind.this, "value") else str(kind.this)
    sizes = [int(str(part.this.this)) for part in kind.expressions]
    target = _target(typing, name, sizes, kind, arg)
    if charset is not None:
        target = replace(target, collation=_characters(typing, [1], arg, charset).collation)
    return json_value.returning(target, bool(sizes), charset is not None)


def _column_name(arg: Expression) -> str:
    return getattr(getattr(arg, "function", None), "name", "") or getattr(arg, "name", "")


def _target(typing: Typing, name: str, sizes: list[int], kind: Any, arg: Expression) -> SqlType:
    match name:
        case "BIGINT" | "INT":
            return int_type(21)
        case "UBIGINT" | "UINT":
            return int_type(21, unsigned=True)
        case "DECIMAL":
            return _decimal(sizes, arg)
        case "DOUBLE" | "REAL":
            return double_type()
        case "FLOAT":
            return _float(sizes)
        case "DATE":
            return date_type()
        case "DATETIME" | "TIME" | "TIMESTAMP" | "TIMESTAMPTZ":
            return _temporal(name, sizes, arg)
        case "JSON":
            return json_type()
        case "YEAR":
            return SqlType(TypeKind.YEAR, 4, precision=1, unsigned=True)
        case "CHAR" | "VARCHAR":
            return _characters(typing, sizes, arg, None)
        case "NCHAR":
            return _characters(typing, sizes, arg, "utf8mb3")
        case "CHARACTER_SET":
            charset = str(kind.args["kind"].name).lower()
            return _characters(typing, sizes, arg, charset)
        case "BINARY" | "VARBINARY":
            return _binary(sizes, arg)
    raise not_supported(f"CAST AS {name}")


def _decimal(sizes: list[int], arg: Expression) -> SqlType:
    precision, scale = ([*sizes, 0] if sizes else [10, 0])[:2]
    shown = describe(arg)
    if precision > 65:
        raise SqlError(1426, precision, shown, 65)
    if scale > 30:
        raise SqlError(1425, scale, shown, 30)
    if scale > precision:
        raise SqlError(1427, "")
    return decimal_type(precision or 10, scale)


def _float(sizes: list[int]) -> SqlType:
    if sizes and sizes[0] > 53:
        raise SqlError(1426, sizes[0], "CAST", 53)
    if sizes and sizes[0] > 24:
        return double_type()
    return SqlType(TypeKind.FLOAT, 23, 31)


def _temporal(name: str, sizes: list[int], arg: Expression) -> SqlType:
    fsp = sizes[0] if sizes else 0
    if fsp > _MAX_FSP:
        raise SqlError(1426, fsp, "CAST", _MAX_FSP)
    return time_type(fsp) if name == "TIME" else datetime_type(fsp)


def _characters(typing: Typing, sizes: list[int], arg: Expression, charset: str | None) -> SqlType:
    collation = typing.context.collation
    if charset == "binary":
        return _binary([], arg)
    if charset is not None:
        collation = charset_collation(charset)
    source = arg.type
    length = sizes[0] if sizes else text_length(source)
    if source.cls is Class.STRING and source.collation == BINARY and not sizes:
        length = source.length
    if source.cls is Class.INT and not sizes and source.kind is TypeKind.BIGINT:
        length = source.length
    return replace(string_type(length, collation, True, 2), precision=int(bool(sizes)))


def char_using(typing: Typing, made: Expression, charset: str) -> Expression:
    """CHAR(… USING charset), `made` being CHAR(…)."""
    collation = charset_collation(charset)
    if collation == BINARY:
        return made
    return typing.call("char using", string_type(made.type.length, collation), made)


def charset_collation(charset: str) -> str:
    """The default collation of a character set. Raises 1115."""
    from mysqlcompat.wire.charsets import default_collation

    try:
        return default_collation(charset.lower()).name
    except KeyError:
        raise SqlError(1115, charset) from None


def _binary(sizes: list[int], arg: Expression) -> SqlType:
    if sizes:
        return replace(string_type(sizes[0], BINARY, coercibility=2), precision=1)
    source = arg.type
    width = bytes_per_character(source.collation) if source.is_text else 1
    length = _BYTES_MOST if source.cls is Class.JSON else text_length(source)
    if source.cls is Class.DOUBLE and isinstance(arg, Literal | Call | Cast):
        length = source.length
    length = min(length, _BYTES_MOST // width)
    return string_type(length * width, BINARY, coercibility=2)
