"""Python values of SQL types, their text, and their place in a lane.

::

    CLASS     PYTHON VALUE             LANE (docs/seams.md §3)
    INT       int                      the number; unsigned BIGINT as the same 64 bits
    DECIMAL   Decimal                  value × 10^scale; ASCII text above 18 digits
    DOUBLE    float                    IEEE-754 bits
    STRING    str, or bytes (binary)   offset << 28 | byte count (ENUM, SET: the number)
    DATE      date, or PartialDate     packed
    DATETIME  datetime, or Partial…    packed; of TIMESTAMP the lane is UTC, the value local
    TIME      datetime.timedelta       packed, signed
    JSON      jsonb.Json               offset << 28 | byte count of the binary form
    any       None                     NULL, in the null byte
"""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from btree.schema import TypeKind
from mysqlcompat import jsonb
from mysqlcompat.collations import sort_key
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.numerals import EXACT, decimal_text, double_text, fixed_text, float_text
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.temporal import (
    date_text,
    datetime_text,
    local_to_utc,
    pack_date,
    pack_datetime,
    pack_time,
    time_text,
    unpack_date,
    unpack_datetime,
    unpack_time,
    utc_to_local,
)

Value = None | int | Decimal | float | str | bytes | date | PartialDate | timedelta | Json

_U64 = 1 << 64
_I63 = 1 << 63
_MICROSECONDS = 6  #: digits of a fraction, all of them


def is_variable(sql_type: SqlType) -> bool:
    """Whether a lane holds the place of bytes instead of the value itself."""
    match sql_type.cls:
        case Class.STRING:
            return sql_type.kind not in (TypeKind.ENUM, TypeKind.SET)
        case Class.JSON | Class.NULL:
            return True
        case Class.DECIMAL:
            return sql_type.is_wide_decimal
    return False


def to_lane(value: Any, sql_type: SqlType, time_zone: str = "UTC") -> int:
    """The lane word of a value that is not NULL, for a type that is not variable."""
    match sql_type.cls:
        case Class.INT:
            return int(value) - _U64 if value >= _I63 else int(value)
        case Class.DECIMAL:
            return int(EXACT.scaleb(value, sql_type.scale))
        case Class.DOUBLE:
            return int(struct.unpack("<q", struct.pack("<d", value))[0])
        case Class.DATE:
            return pack_date(value)
        case Class.DATETIME:
            if sql_type.kind is TypeKind.TIMESTAMP:
                value = local_to_utc(value, time_zone)
            return pack_datetime(value)
        case Class.TIME:
            return pack_time(value)
        case Class.STRING:
            return member_number(value, sql_type)
    raise TypeError(f"{sql_type} has no word of its own")


def of_lane(lane: int, sql_type: SqlType, time_zone: str = "UTC") -> Any:
    """The value of a lane word (the reverse of `to_lane`)."""
    match sql_type.cls:
        case Class.INT:
            return lane + _U64 if lane < 0 and sql_type.unsigned else lane
        case Class.DECIMAL:
            return EXACT.scaleb(Decimal(lane), -sql_type.scale)
        case Class.DOUBLE:
            return struct.unpack("<d", struct.pack("<q", lane))[0]
        case Class.DATE:
            return unpack_date(lane)
        case Class.DATETIME:
            value = unpack_datetime(lane)
            is_utc = sql_type.kind is TypeKind.TIMESTAMP
            return utc_to_local(value, time_zone) if is_utc else value
        case Class.TIME:
            return unpack_time(lane)
        case Class.STRING:
            return member_text(lane, sql_type)
    raise TypeError(f"{sql_type} has no word of its own")


def to_bytes(value: Any, sql_type: SqlType) -> bytes:
    """The bytes a lane of a variable type points to."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape")
        case bytes():
            return value
        case StoredJson(data=data):
            return data
        case Json(value=document):
            return jsonb.encode(document)
        case Decimal():
            return decimal_text(value).encode()
    return text_of(value, sql_type).encode()


def of_bytes(data: bytes, sql_type: SqlType) -> Any:
    """The value of a variable type's bytes (the reverse of `to_bytes`)."""
    match sql_type.cls:
        case Class.JSON:
            return StoredJson(data)
        case Class.DECIMAL:
            return Decimal(data.decode())
    return data.decode("utf-8", "surrogateescape") if sql_type.is_text else data


def member_number(value: str | int, sql_type: SqlType) -> int:
    """Number of an ENUM's member, or the bits of a SET; ValueError when there is no such member."""
    if isinstance(value, int):
        return value
    if sql_type.kind is TypeKind.ENUM:
        return _place(value, sql_type) + 1 if value or "" in sql_type.members else 0
    bits = 0
    for part in value.split(",") if value else ():
        bits |= 1 << _place(part, sql_type)
    return bits


def _place(text: str, sql_type: SqlType) -> int:
    """Place of the member that the column's collation finds equal."""
    place = _places(sql_type.members, sql_type.collation).get(sort_key(text, sql_type.collation))
    if place is None:
        raise ValueError(text)
    return place


@lru_cache(maxsize=256)
def _places(members: tuple[str, ...], collation: str) -> dict[object, int]:
    return {sort_key(member, collation): place for place, member in enumerate(members)}


def member_text(number: int, sql_type: SqlType) -> str:
    if sql_type.kind is TypeKind.ENUM:
        return sql_type.members[number - 1] if number else ""
    return ",".join(name for bit, name in enumerate(sql_type.members) if number >> bit & 1)


def text_of(value: Any, sql_type: SqlType) -> str:
    """A value as the text protocol and string functions show it. `value` is not NULL."""
    match value:
        case str():
            return value
        case int():
            if sql_type.kind is TypeKind.YEAR and not sql_type.precision:
                return f"{value:04d}"
            return str(value).zfill(sql_type.zerofill)
        case Decimal():
            return decimal_text(value)
        case float():
            if sql_type.cls is Class.DOUBLE and sql_type.scale < 31:
                return fixed_text(value, sql_type.scale)
            if sql_type.kind is TypeKind.FLOAT:
                return float_text(value)
            return double_text(value)
        case datetime() | PartialDatetime():
            return datetime_text(value, sql_type.scale if sql_type.cls is Class.DATETIME else 0)
        case date() | PartialDate():
            return date_text(value)
        case timedelta():
            scale = sql_type.scale if sql_type.cls is Class.TIME else 0
            if sql_type.mixed:
                scale = _MICROSECONDS if value.microseconds else 0
            return time_text(value, scale)
        case Json(value=document):
            return jsonb.text_of(document)
        case bytes():
            return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"no SQL value: {type(value).__name__}")
