"""JSON_VALUE: a scalar out of a document as a SQL value, and what becomes of a value that is not
there or does not convert. JSON_TABLE's columns are made the same way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import json_path, jsonb
from mysqlcompat.convert import convert, decimal_of_double
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.documents import document
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.numerals import decimal_text, greatest_decimal, round_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import BINARY, Class, SqlType, int_type, string_type
from mysqlcompat.temporal import with_fsp

NULL, ERROR, DEFAULT = 0, 1, 2  #: what to do ON EMPTY or ON ERROR
_DEFAULT_LENGTH: Final = 512
_TEXT: Final = "utf8mb4_0900_bin"
_LONG_BYTES: Final = (1 << 32) - 1
_CONSTANT: Final = 4  #: coercibility


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to do ON EMPTY or ON ERROR; `value` belongs to DEFAULT."""

    action: int = NULL
    value: Any = None


NOTHING: Final = Reaction()  #: NULL


class Unfit(Exception):
    """The value does not convert."""


class _Quiet:
    """A context that takes every warning for a failure."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if level != "Note":
            raise Unfit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def default_type() -> SqlType:
    return string_type(_DEFAULT_LENGTH, _TEXT)


def returning(target: SqlType, sized: bool, charset_given: bool) -> SqlType:
    """The type of RETURNING as CAST would have it; strings without a length are long."""
    if not target.is_text and target.collation != BINARY:
        return target.or_null()
    if target.cls is Class.STRING and not sized:
        kind = TypeKind.LONGBLOB if target.collation == BINARY else TypeKind.LONGTEXT
        target = string_type(_LONG_BYTES, target.collation, True, kind=kind)
    if target.is_text and not charset_given:
        target = replace(target, collation=_TEXT)
    return replace(target, precision=0, nullable=True) if target.cls is Class.STRING else target


def type_name(target: SqlType, default: bool = False) -> str:
    """The type in ERROR 1690."""
    match target.cls:
        case Class.INT if target.kind is TypeKind.YEAR:
            return "YEAR"
        case Class.INT:
            return "UNSIGNED" if target.unsigned else "SIGNED"
        case Class.STRING:
            return "CHAR" if default else "STRING"
        case Class.DOUBLE:
            return "FLOAT" if target.kind is TypeKind.FLOAT else "DOUBLE"
    return target.cls.name


def build_json_value(
    typing: Typing,
    arg: Expression,
    path: Literal,
    target: SqlType,
    empty: tuple[int, Literal | None],
    error: tuple[int, Literal | None],
) -> Expression:
    """The typed call. Raises 3143, 3146, and 1690 or 1292 for a DEFAULT that does not convert."""
    json_path.parse_path(path.value)
    if arg.type.cls not in (Class.STRING, Class.JSON, Class.NULL):
        raise SqlError(3146, 1, "json_value")
    parts: list[Expression] = [arg, replace(path, literal_no=None)]
    for action, value in (empty, error):
        made = _default(typing.context, value, target) if value is not None else None
        parts += [Literal(int_type(2), action), Literal(target, made)]
    made = replace(target, coercibility=_CONSTANT) if target.cls is Class.STRING else target
    return typing.call("json_value", made, *parts)


def _default(context: Any, value: Literal, target: SqlType) -> Any:
    """The value of DEFAULT … as the target has it."""
    name = type_name(target, default=True)
    try:
        return fitted(context, value.value, value.type, target)
    except Unfit:
        if isinstance(value.value, str) and target.cls is Class.INT:
            raise SqlError(1292, f"INTEGER {name}", value.value) from None
        raise SqlError(1690, f"{name} DEFAULT", "json_value") from None


@implement("json_value", null_rejects=False)
def json_value(context: Context, call: Call, value: Any, path: str, *reactions: Any) -> Any:
    if value is None:
        return None
    empty, error = Reaction(*reactions[:2]), Reaction(*reactions[2:])
    try:
        root = document(call, 0, value)
    except SqlError as mistake:
        if error.action == ERROR:
            raise
        context.warn(mistake.errno, mistake.message)
        return error.value
    found = json_path.find(root, json_path.parse_path(path))
    if not found:
        if empty.action == ERROR:
            raise SqlError(3966, "json_value")
        return empty.value
    if len(found) > 1:
        if error.action == ERROR:
            raise SqlError(3967, "json_value")
        return error.value
    try:
        return of_document(context, found[0], call.type)
    except Unfit:
        if error.action == ERROR:
            raise SqlError(1690, type_name(call.type), "json_value") from None
        return error.value


def of_document(context: Context, value: Any, target: SqlType) -> Any:
    """A value within a document as a SQL value. Raises Unfit."""
    if value is None:
        return None
    if target.cls is Class.JSON:
        return Json(value)
    if isinstance(value, dict | list) and target.cls is not Class.STRING:
        raise Unfit
    if isinstance(value, Decimal) and target.cls is Class.INT and target.kind is not TypeKind.YEAR:
        return _whole(context, value, target)
    is_spaced = isinstance(value, str) and value[-1:].isspace()
    if is_spaced and target.cls in (Class.INT, Class.DOUBLE):
        raise Unfit
    if target.cls is Class.STRING or isinstance(value, str):
        source = string_type(_LONG_BYTES, _TEXT)
        return fitted(context, jsonb.scalar_text(value), source, target)
    return fitted(context, Json(value), _JSON, target)


def _whole(context: Context, value: Decimal, target: SqlType) -> int:
    """A DECIMAL as an integer: one without a sign as an unsigned one first. Raises Unfit."""
    number = int(round_decimal(value, 0))
    whole = min(max(number, -(1 << 63)), (1 << 64) - 1)
    if whole != number:
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(value)}'")
    if not _in_range(whole, target, value):
        raise Unfit
    return whole


_GREATEST_FLOAT: Final = 3.4028234663852886e38
_JSON: Final = SqlType(TypeKind.JSON, 0)


def fitted(context: Any, value: Any, source: SqlType, target: SqlType) -> Any:
    """`value` as a value of type `target`. Raises Unfit where anything is lost but decimals."""
    if value is None:
        return None
    if isinstance(value, Json) and isinstance(value.value, float):
        if target.kind is TypeKind.FLOAT and abs(value.value) > _GREATEST_FLOAT:
            return 0.0
        if target.cls is Class.DECIMAL:
            decimal_of_double(context, value.value)  # which warns of what no DECIMAL has room for
    exact = replace(target, scale=6) if target.cls in (Class.DATETIME, Class.TIME) else target
    made = convert(_Quiet(context), value, source, exact, False)
    match made:
        case datetime() | timedelta():
            if isinstance(value, str) and (":" not in value or _is_short(value, target)):
                raise Unfit
            return with_fsp(made, target.scale, False)
        case None:
            raise Unfit
        case int() if target.cls is Class.INT and not _in_range(made, target, value):
            raise Unfit
        case Decimal():
            limit = greatest_decimal(target.precision, target.scale)
            if round_decimal(made, target.scale).copy_abs() > limit:
                raise Unfit
            return made if target.mixed else round_decimal(made, target.scale)
        case str() | bytes() if len(made) > target.length:
            raise Unfit
    return made


def _is_short(text: str, target: SqlType) -> bool:
    """A DATETIME needs a date and a time."""
    return target.cls is Class.DATETIME and len(text) <= len("2024-02-29")


def _in_range(number: int, target: SqlType, value: Any) -> bool:
    if isinstance(value, Json) and isinstance(value.value, float):
        return (0 if target.unsigned else -(1 << 63)) <= round(value.value) < 1 << 63
    if target.kind is TypeKind.YEAR:
        given = value.value if isinstance(value, Json) else value
        return number == 0 or (1901 <= number <= 2155 and str(given) == str(number))
    low, high = (0, 1 << 64) if target.unsigned else (-(1 << 63), 1 << 63)
    return low <= number < high
