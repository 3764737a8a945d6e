"""Time zones as rows: the tables mysql.time_zone and its relatives.

They are made of the zones that CONVERT_TZ and @@time_zone know (the system's, or those of the
tzdata package), with the moments at which their clocks change up to the end of 2037, after which a
zone keeps its last offset (`temporal.LAST_CHANGE_YEAR`). Leap seconds are not counted.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from itertools import chain
from pathlib import Path
from struct import Struct
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

from mysqlcompat.temporal import LAST_CHANGE_YEAR, zone_names, zone_of

_HEADER: Final = Struct(">4sc15x6l")  #: magic, version, six counts
_TYPE: Final = Struct(">lBB")  #: seconds east of UTC, is DST, where its abbreviation begins
_STEP: Final = timedelta(days=28)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS: Final = 1 << 60  #: s before 1970: before anything

Change = tuple[int, int]  #: s since 1970, number of the type that begins there


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. `types`: (seconds east of UTC, 1 in summer, abbreviation)."""

    types: tuple[tuple[int, int, str], ...]
    changes: tuple[Change, ...]


@cache
def zones() -> tuple[tuple[str, Zone], ...]:
    """Every zone by name; the first has the number 1."""
    return tuple((name, _zone(name)) for name in sorted(zone_names().values()))


def _zone(name: str) -> Zone:
    types, changes = _read(_data_of(name))
    known = dict(zip(types, range(len(types)), strict=True))
    for at, shown in _later_changes(name, changes[-1][0] if changes else 0):
        changes.append((at, known.setdefault(shown, len(known))))
    return Zone(tuple(known), tuple(changes))


def _data_of(name: str) -> bytes:
    for directory in TZPATH:
        path = Path(directory, name)
        if path.is_file():
            return path.read_bytes()
    package = resources.files("tzdata") / "zoneinfo"
    return package.joinpath(*name.split("/")).read_bytes()


def _read(data: bytes) -> tuple[list[tuple[int, int, str]], list[Change]]:
    """Types and changes of a compiled zone (RFC 8536), its part with times of 64 bits."""
    _, _, *counts = _HEADER.unpack_from(data)
    at = _HEADER.size + _block_bytes(counts, 4)
    _, _, *counts = _HEADER.unpack_from(data, at)
    _, _, _, times, kinds, characters = counts
    at += _HEADER.size
    moments = Struct(f">{times}q").unpack_from(data, at)
    numbers = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    names = data[at + 6 * kinds : at + 6 * kinds + characters]
    types = []
    for offset, summer, start in _TYPE.iter_unpack(data[at : at + 6 * kinds]):
        types.append((offset, summer, names[start : names.index(0, start)].decode()))
    last = int(datetime(LAST_CHANGE_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    unique = list(dict.fromkeys(types))
    found = zip(moments, (unique.index(types[number]) for number in numbers), strict=True)
    return unique, [change for change in found if change[0] < last]


def _block_bytes(counts: list[int], time_bytes: int) -> int:
    is_utc, is_standard, leaps, times, kinds, characters = counts
    entries = times * (time_bytes + 1) + kinds * 6 + leaps * (time_bytes + 4)
    return entries + characters + is_standard + is_utc


def _later_changes(name: str, after: int) -> Iterator[tuple[int, tuple[int, int, str]]]:
    """Changes behind the last one written down, which follow a rule."""
    zone = ZoneInfo(name)
    at = _EPOCH + timedelta(seconds=after)
    shown = _shown(zone, at)
    while at.year <= LAST_CHANGE_YEAR:
        following = at + _STEP
        if _shown(zone, following) != shown:
            change = _first_change(zone, at, shown)
            if change.year > LAST_CHANGE_YEAR:
                return
            shown = _shown(zone, change)
            yield int(change.timestamp()), shown
        at = following


def _first_change(zone: ZoneInfo, start: datetime, shown: tuple[int, int, str]) -> datetime:
    """The second in the step from `start` on at which the clock changes."""

    def has_changed(second: int) -> bool:
        return _shown(zone, start + timedelta(seconds=second)) != shown

    seconds = range(int(_STEP.total_seconds()))
    return start + timedelta(seconds=bisect_right(seconds, False, key=has_changed))


def _shown(zone: ZoneInfo, at: datetime) -> tuple[int, int, str]:
    local = at.astimezone(zone)
    offset, summer = local.utcoffset(), local.dst()
    assert offset is not None
    return int(offset.total_seconds()), int(bool(summer)), local.tzname() or ""


@lru_cache(maxsize=64)
def changes_of(name: str) -> bytes:
    """The zone called `name`, as kernels read it: words, how many stretches of one offset there are
    since 1970, then the first second (UTC) and the offset (s east) of each. Raises 1298."""
    zone = zone_of(name)
    if not isinstance(zone, ZoneInfo):
        offset = zone.utcoffset(None)
        assert offset is not None
        return _words([(-_ALWAYS, int(offset.total_seconds()))])
    written = _zone(zone.key)
    before = int((_EPOCH - 2 * _STEP).timestamp())
    stretches = [(-_ALWAYS, _shown(zone, _EPOCH - 2 * _STEP)[0])]
    for at, number in written.changes:
        offset_s = written.types[number][0]
        if at > before and offset_s != stretches[-1][1]:
            stretches.append((at, offset_s))
    return _words(stretches)


def _words(stretches: list[tuple[int, int]]) -> bytes:
    return struct.pack(f"<{1 + 2 * len(stretches)}q", len(stretches), *chain(*stretches))
