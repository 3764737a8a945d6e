"""Columns of lanes to Python values and back: `of_lane` and `to_lane` of `values` for many at once.

A batch that goes to Python and comes back costs as much as what is done to it, so numbers go by
numpy, strings in one piece, and dates by their fields; only what is out of the ordinary goes value
by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Any, Final

import numpy as np

from btree.layout import RUN_MASK, RUN_SHIFT
from btree.schema import TypeKind
from mysqlcompat.numerals import EXACT
from mysqlcompat.sqltypes import TEMPORAL, Class, SqlType
from mysqlcompat.temporal import zone_of
from mysqlcompat.values import is_variable, of_bytes, of_lane, to_bytes, to_lane

_U64 = 1 << 64


def of_lanes(mem: Any, lanes: Any, nulls: Any, sql_type: SqlType, time_zone: str) -> list[Any]:
    """Values of `lanes` (int64 array); where `nulls` (u1 array) is not 0, None."""
    if is_variable(sql_type):
        values = _texts(mem, np.where(nulls, 0, lanes), sql_type)
    else:
        values = _numbers(lanes, nulls, sql_type, time_zone)
    for number in np.flatnonzero(nulls).tolist():
        values[number] = None
    return values


def _texts(mem: Any, lanes: Any, sql_type: SqlType) -> list[Any]:
    places, sizes = lanes >> RUN_SHIFT, lanes & RUN_MASK
    is_text = sql_type.is_text
    if sql_type.cls is Class.STRING:
        short = _short_texts(mem, places, sizes, is_text)
        if short is not None:
            return short
    view = memoryview(mem)
    runs = zip(places.tolist(), sizes.tolist(), strict=True)
    if sql_type.cls is Class.STRING and is_text:
        return [str(view[at : at + count], "utf-8", "surrogateescape") for at, count in runs]
    if sql_type.cls is Class.STRING:
        return [bytes(view[at : at + count]) for at, count in runs]
    return [of_bytes(bytes(view[at : at + count]), sql_type) if at else None for at, count in runs]


def _short_texts(mem: Any, places: Any, sizes: Any, is_text: bool) -> list[Any] | None:
    """Strings that are cut out of all their bytes side by side; None: they are too long for that,
    or not ASCII."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    if total > _SHORT * len(ends):
        return None
    data = mem[np.repeat(places - ends + sizes, sizes) + np.arange(total)].tobytes()
    whole: str | bytes = data
    if is_text:
        if not data.isascii():
            return None
        whole = data.decode("ascii")
    last = ends.tolist()
    return [whole[begin:end] for begin, end in zip([0, *last], last, strict=False)]


_SHORT: Final = 32  #: bytes, on average, of strings that are


def _numbers(lanes: Any, nulls: Any, sql_type: SqlType, time_zone: str) -> list[Any]:
    match sql_type.cls:
        case Class.INT:
            made: list[Any] = (lanes.view(np.uint64) if sql_type.unsigned else lanes).tolist()
            return made
        case Class.DOUBLE:
            floats: list[Any] = lanes.view(np.float64).tolist()
            return floats
        case Class.DECIMAL:
            scaled, places = EXACT.scaleb, -sql_type.scale
            return [scaled(Decimal(lane), places) for lane in lanes.tolist()]
        case Class.DATE | Class.DATETIME if _is_local(sql_type, time_zone):
            try:
                return _moments(np.where(nulls, _SOME_DAY, lanes), sql_type.cls is Class.DATE)
            except ValueError:  # one of them is no day of the calendar
                pass
        case Class.TIME:
            sizes = np.abs(lanes)
            seconds = (sizes >> 36) * 3600 + (sizes >> 30 & 63) * 60 + (sizes >> 24 & 63)
            signs = np.sign(lanes)
            micros = ((sizes & 0xFFFFFF) * signs).tolist()
            return list(map(timedelta, repeat(0), (seconds * signs).tolist(), micros))
    return [
        None if null else of_lane(lane, sql_type, time_zone)
        for lane, null in zip(lanes.tolist(), nulls.tolist(), strict=True)
    ]


def _is_local(sql_type: SqlType, time_zone: str) -> bool:
    """Whether lanes have what the clock shows in the session's time zone."""
    return sql_type.kind is not TypeKind.TIMESTAMP or zone_of(time_zone) is UTC


_SOME_DAY = (2000 * 13 + 1) << 46 | 1 << 41


def _moments(lanes: Any, is_date: bool) -> list[Any]:
    months, days = lanes >> 46, lanes >> 41 & 31
    years, months = months // 13, months % 13
    if is_date:
        return list(map(date, years.tolist(), months.tolist(), days.tolist()))
    clock = lanes >> 24
    parts = (years, months, days, clock >> 12 & 31, clock >> 6 & 63, clock & 63, lanes & 0xFFFFFF)
    return list(map(datetime, *(part.tolist() for part in parts)))


def fixed_lanes(values: Sequence[Any], sql_type: SqlType, time_zone: str) -> list[int] | Any:
    """Lanes of values of a type that is not variable; 0 for None."""
    if sql_type.cls in TEMPORAL and _is_local(sql_type, time_zone):
        return _packed(values, sql_type.cls)
    try:
        if sql_type.cls is Class.INT:
            return np.array(values, np.uint64 if sql_type.unsigned else np.int64).view(np.int64)
        if sql_type.cls is Class.DOUBLE and None not in values:
            return np.array(values, np.float64).view(np.int64)
        if sql_type.cls is Class.DECIMAL:
            scaled, scale = EXACT.scaleb, sql_type.scale
            return [0 if value is None else int(scaled(value, scale)) for value in values]
    except (TypeError, OverflowError):  # a NULL, or bits of the other sign
        pass
    return [0 if value is None else to_lane(value, sql_type, time_zone) for value in values]


def _packed(values: Sequence[Any], cls: Class) -> list[int] | Any:
    """`pack_date`, `pack_datetime`, `pack_time` of many."""
    if cls is Class.DATE:
        days = [0 if v is None else (v.year * 13 + v.month) << 5 | v.day for v in values]
        return np.array(days, np.int64) << 41
    if cls is Class.DATETIME:
        return [
            0
            if v is None
            else (
                ((v.year * 13 + v.month) << 5 | v.day) << 17
                | v.hour << 12
                | v.minute << 6
                | v.second
            )
            << 24
            | v.microsecond
            for v in values
        ]
    spans = [
        0 if v is None else (v.days * 86400 + v.seconds) * 1000000 + v.microseconds for v in values
    ]
    micros = np.array(spans, np.int64)
    sizes = np.abs(micros)
    seconds = sizes // 1000000
    clocks = seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60
    return (clocks << 24 | sizes % 1000000) * np.sign(micros)


def encoded(values: Sequence[Any], sql_type: SqlType) -> tuple[bytes, Any, Any]:
    """The bytes of values of a variable type side by side, where each of them begins, and how many
    bytes it has. None is empty."""
    data = _plainly_joined(values) if sql_type.cls is Class.STRING else None
    if data is None:
        values = [
            value.encode("utf-8", "surrogateescape")
            if type(value) is str
            else b""
            if value is None
            else to_bytes(value, sql_type)
            for value in values
        ]
        data = b"".join(values)
    elif None in values:
        values = ["" if value is None else value for value in values]
    sizes = np.fromiter(map(len, values), np.int64, len(values))
    return data, np.cumsum(sizes) - sizes, sizes


def _plainly_joined(values: Sequence[Any]) -> bytes | None:
    """All of them, if they are of one kind, and text is ASCII."""
    first = next((value for value in values if value is not None), b"")
    rest = [value for value in values if value is not None] if None in values else values
    try:
        if type(first) is bytes:
            return b"".join(rest)
        text = "".join(rest)
    except TypeError:
        return None
    return text.encode() if text.isascii() else None
