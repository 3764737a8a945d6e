"""Dates that are on no calendar: ``0000-00-00``, ``2024-00-10``, under ALLOW_INVALID_DATES
``2024-02-31``. Python's `date` cannot hold them; these can.

They have the parts of `date` and `datetime`, compare with them, and nothing else: whoever counts
days asks `is_real` first. `make_date` and `make_datetime` give Python's own types where the date
exists, so partial ones only appear where sql_mode lets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


def _parts(value: Any) -> tuple[int, ...]:
    clock = (value.hour, value.minute, value.second, value.microsecond) if has_clock(value) else ()
    return (value.year, value.month, value.day, *(clock or (0, 0, 0, 0)))


def has_clock(value: Any) -> bool:
    return isinstance(value, datetime | PartialDatetime)


@dataclass(frozen=True, slots=True, eq=False)
class PartialDate:
    year: int
    month: int
    day: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, date | PartialDate) and _parts(self) == _parts(other)

    def __hash__(self) -> int:
        return hash(_parts(self))

    def __lt__(self, other: Any) -> bool:
        return _parts(self) < _parts(other)

    def __gt__(self, other: Any) -> bool:
        return _parts(self) > _parts(other)

    def __le__(self, other: Any) -> bool:
        return _parts(self) <= _parts(other)

    def __ge__(self, other: Any) -> bool:
        return _parts(self) >= _parts(other)


@dataclass(frozen=True, slots=True, eq=False)
class PartialDatetime(PartialDate):
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0

    def date(self) -> PartialDate:
        return PartialDate(self.year, self.month, self.day)


AnyDate = date | PartialDate
AnyDatetime = datetime | PartialDatetime


def is_real(value: Any) -> bool:
    """Whether a date is on the calendar."""
    return not isinstance(value, PartialDate)


def make_date(year: int, month: int, day: int) -> AnyDate:
    try:
        return date(year, month, day)
    except ValueError:
        return PartialDate(year, month, day)


def make_datetime(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
) -> AnyDatetime:
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:
        return PartialDatetime(year, month, day, hour, minute, second, microsecond)


ZERO_DATE = PartialDate(0, 0, 0)
ZERO_DATETIME = PartialDatetime(0, 0, 0)
