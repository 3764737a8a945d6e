"""The zones' tables say the same as the clocks of CONVERT_TZ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mysqlcompat.temporal import EPOCH, local_to_utc, utc_to_local
from mysqlcompat.time_zone_tables import zones

_SECOND = timedelta(seconds=1)
ZONES = dict(zones())


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
)
def test_changes(name: str) -> None:
    zone = ZONES[name]
    before = 0
    for number, (at, kind) in enumerate(zone.changes):
        assert number == 0 or before < at
        before = at
        offset = timedelta(seconds=zone.types[kind][0])
        moment = EPOCH + timedelta(seconds=at)
        assert utc_to_local(moment, name) - moment == offset, moment
        if number:
            earlier = timedelta(seconds=zone.types[zone.changes[number - 1][1]][0])
            assert utc_to_local(moment - _SECOND, name) - (moment - _SECOND) == earlier, moment


def test_berlin() -> None:
    zone = ZONES["Europe/Berlin"]
    assert len(zone.changes) == 143
    assert [(at, zone.types[kind]) for at, kind in zone.changes[-2:]] == [
        (2121901200, (7200, 1, "CEST")),
        (2140045200, (3600, 0, "CET")),
    ]


def test_no_summer_after_the_last_change() -> None:
    """A zone keeps its last offset, as it does on a server whose tables end with 2037."""
    summer = EPOCH.replace(year=2100, month=7)
    assert utc_to_local(summer, "Europe/Berlin") - summer == timedelta(hours=1)
    assert local_to_utc(summer, "Europe/Berlin") == summer - timedelta(hours=1)
    assert utc_to_local(summer, "Australia/Lord_Howe") - summer == timedelta(hours=11)
