"""Parameters of COM_STMT_EXECUTE and query attributes, from bytes to `Parameter`s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import error as StructError
from struct import unpack
from typing import Final

from mysqlcompat import results as r
from mysqlcompat.errors import SqlError
from mysqlcompat.results import Parameter
from mysqlcompat.wire.fields import Fields, Malformed

_INTEGER_BYTES: Final = {
    r.WIRE_TINY: 1,
    r.WIRE_BOOL: 1,
    r.WIRE_SHORT: 2,
    r.WIRE_LONG: 4,
    r.WIRE_LONGLONG: 8,
}
_RUNS: Final = frozenset(
    {
        r.WIRE_DECIMAL,
        r.WIRE_NEWDECIMAL,
        r.WIRE_VARCHAR,
        r.WIRE_VAR_STRING,
        r.WIRE_STRING,
        r.WIRE_TINY_BLOB,
        r.WIRE_MEDIUM_BLOB,
        r.WIRE_LONG_BLOB,
        r.WIRE_BLOB,
        r.WIRE_JSON,
    }
)
_TEMPORAL: Final = frozenset({r.WIRE_DATE, r.WIRE_DATETIME, r.WIRE_TIMESTAMP, r.WIRE_TIME})
_UNSIGNED: Final = 0x8000
_LONGEST_TIME: Final = (838 << 12 | 59 << 6 | 59) << 24  #: packed

Type = tuple[int, str]  #: type word as sent (wire type, unsigned bit) and name of an attribute


def read_types(fields: Fields, count: int, named: bool) -> list[Type]:
    """The types of `count` parameters, each with its name where names are sent."""
    types = []
    for _ in range(count):
        word = fields.number(2)
        name = fields.string().decode("utf-8", "replace") if named else ""
        types.append((word, name))
    return types


def read_values(
    fields: Fields, types: Sequence[Type], nulls: bytes, long_data: Mapping[int, bytes]
) -> list[Parameter]:
    """The values after the types. Parameters sent as long data have no bytes here."""
    made = []
    for number, (word, name) in enumerate(types):
        wire_type, unsigned = word & 0xFF, bool(word & _UNSIGNED)
        value: int | float | bytes | None
        if number in long_data:
            value = long_data[number]
        elif nulls[number >> 3] >> (number & 7) & 1:
            value = None
        else:
            value = _value(fields, wire_type, unsigned)
        made.append(Parameter(wire_type, unsigned, value, name))
    return made


def _value(fields: Fields, wire_type: int, unsigned: bool) -> int | float | bytes | None:
    size = _INTEGER_BYTES.get(wire_type)
    if size is not None:
        return int.from_bytes(fields.take(size), "little", signed=not unsigned)
    if wire_type in _RUNS:
        return fields.string()
    if wire_type in _TEMPORAL:
        return _temporal(fields.take(fields.number(1)), wire_type)
    if wire_type == r.WIRE_DOUBLE:
        value: float = unpack("<d", fields.take(8))[0]
        return value
    if wire_type == r.WIRE_FLOAT:
        value = unpack("<f", fields.take(4))[0]
        return value
    if wire_type == r.WIRE_NULL:
        return None
    raise SqlError(1210, "mysqld_stmt_execute")  # a type that columns have, but no parameter


def _temporal(body: bytes, wire_type: int) -> int:
    """Packed form (`docs/seams.md` §3) of a binary DATE, DATETIME or TIME without its length."""
    try:
        if wire_type == r.WIRE_TIME:
            if not body:
                return 0
            negative, days, hour, minute, second = unpack("<BIBBB", body[:8])
            hour += 24 * days
            packed = (hour << 12 | minute << 6 | second) << 24 | _micros(body, 8)
            if packed > _LONGEST_TIME:
                raise SqlError(1690, "TIME", "set_parameter_value")
            return -int(packed) if negative else int(packed)
        if not body:
            return 0
        year, month, day = unpack("<HBB", body[:4])
        hour, minute, second = unpack("BBB", body[4:7]) if len(body) > 4 else (0, 0, 0)
    except StructError:
        raise Malformed(f"temporal of {len(body)} bytes") from None
    if wire_type == r.WIRE_DATE:
        hour = minute = second = 0
    if year > 9999 or month > 12 or day > 31 or hour > 23 or minute > 59 or second > 59:
        raise Malformed("date or time out of range")
    clock = (hour << 12 | minute << 6 | second) << 24
    packed = ((year * 13 + month) << 5 | day) << 41 | clock | _micros(body, 7)
    return int(packed)


def _micros(body: bytes, at: int) -> int:
    if len(body) <= at:
        return 0
    micros: int = unpack("<I", body[at : at + 4])[0]
    if micros > 999_999:
        raise Malformed(f"{micros} microseconds")
    return micros


def read_query_attributes(fields: Fields) -> list[Parameter]:
    """Query attributes before the text of COM_QUERY (with CLIENT_QUERY_ATTRIBUTES)."""
    count = fields.length()
    sets = fields.length()
    if count == 0:
        return []
    if sets != 1 or count > fields.left:
        raise Malformed(f"{count} query attributes in {sets} sets")
    nulls = fields.take((count + 7) // 8)
    if fields.number(1) != 1:
        raise Malformed("query attributes without types")
    return read_values(fields, read_types(fields, count, named=True), nulls, {})
