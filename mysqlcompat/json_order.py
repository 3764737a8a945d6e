"""Comparison of JSON values, MySQL's order of precedence, and containment.

Values of different kinds compare by kind: BLOB > BIT > OPAQUE > DATETIME > TIME > DATE > BOOLEAN >
ARRAY > OBJECT > STRING > NUMBER > NULL. Strings compare by bytes (utf8mb4_bin).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mysqlcompat.jsonb import Opaque
from mysqlcompat.numerals import double_text
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.temporal import pack_date, pack_datetime, pack_time


def rank(value: Any) -> int:
    match value:
        case None:
            return 0
        case bool():
            return 5
        case int() | float() | Decimal():
            return 1
        case str():
            return 2
        case dict():
            return 3
        case list():
            return 4
        case datetime() | PartialDatetime():
            return 8
        case date() | PartialDate():
            return 6
        case timedelta():
            return 7
        case Opaque():
            return 9
    raise TypeError(f"no JSON value: {type(value).__name__}")


def compare(left: Any, right: Any) -> int:
    """Below zero, zero or above zero."""
    kinds = rank(left), rank(right)
    if kinds[0] != kinds[1]:
        return kinds[0] - kinds[1]
    match left:
        case None:
            return 0
        case str():
            return _order(left.encode(), right.encode())
        case list():
            for one, other in zip(left, right, strict=False):
                result = compare(one, other)
                if result:
                    return result
            return len(left) - len(right)
        case dict():
            return _compare_objects(left, right)
        case Opaque():
            return _order((left.type_code, left.data), (right.type_code, right.data))
    return _order(_exact(left, right), _exact(right, left))


def _exact(value: Any, other: Any) -> Any:
    """Numbers of all kinds compare exactly; a double and a decimal by the double's text."""
    if isinstance(value, float):
        return Decimal(double_text(value)) if isinstance(other, Decimal) else Decimal(value)
    return value


def sort_key(value: Any) -> bytes:
    """Bytes that compare as the values do.

    One byte of kind, then what orders values of the kind; every key ends where it says itself, so
    that keys of elements may follow each other.
    """
    kind = bytes([rank(value)])
    match value:
        case None:
            return kind
        case bool():
            return kind + bytes([value])
        case int() | float() | Decimal():
            return kind + _number_key(_exact(value, Decimal(0)))
        case str():
            return kind + _text_key(value.encode())
        case list():
            return kind + b"".join(b"\1" + sort_key(one) for one in value) + b"\0"
        case dict():
            members = (_text_key(key.encode()) + sort_key(one) for key, one in value.items())
            return kind + len(value).to_bytes(4, "big") + b"".join(members)
        case Opaque(type_code=code, data=data):
            return kind + bytes([code]) + _text_key(data)
        case timedelta():
            return kind + (pack_time(value) + (1 << 63)).to_bytes(8, "big")
        case datetime() | PartialDatetime():
            return kind + pack_datetime(value).to_bytes(8, "big")
    return kind + pack_date(value).to_bytes(8, "big")


def order_key(value: Any) -> bytes:
    """The same for ORDER BY, where arrays are as long, and objects, as they have members."""
    if isinstance(value, list | dict):
        return bytes([rank(value)]) + len(value).to_bytes(4, "big")
    return sort_key(value)


def _text_key(data: bytes) -> bytes:
    return data.replace(b"\0", b"\0\xff") + b"\0\0"


def _number_key(value: int | Decimal) -> bytes:
    """Sign, exponent, digits; those of negative numbers inverted."""
    exact = Decimal(value)
    if not exact:
        return b"\1"
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0").encode() + b"\0"
    key = (exact.adjusted() + (1 << 15)).to_bytes(2, "big") + digits
    return b"\2" + key if exact > 0 else b"\0" + bytes(255 - byte for byte in key)


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    if len(left) != len(right):
        return len(left) - len(right)
    for (key, value), (other_key, other) in zip(left.items(), right.items(), strict=True):
        if key != other_key:
            return _order(key.encode(), other_key.encode())
        result = compare(value, other)
        if result:
            return result
    return 0


def contains(target: Any, candidate: Any) -> bool:
    """JSON_CONTAINS: objects by their members, arrays by their elements, scalars by equality."""
    if isinstance(target, list):
        wanted = candidate if isinstance(candidate, list) else [candidate]
        return all(any(contains(cell, one) for cell in target) for one in wanted)
    if isinstance(target, dict):
        return isinstance(candidate, dict) and all(
            key in target and contains(target[key], value) for key, value in candidate.items()
        )
    if isinstance(candidate, dict | list):
        return False
    return compare(target, candidate) == 0
