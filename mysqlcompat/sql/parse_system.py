"""ALTER SYSTEM: Aurora's statements that let parts of a cluster fail. Anything else is 1064.

::

    ALTER SYSTEM CRASH [INSTANCE | DISPATCHER | NODE]
    ALTER SYSTEM SIMULATE n PERCENT READ REPLICA FAILURE [TO ALL | TO 'name'] FOR INTERVAL n unit
    ALTER SYSTEM SIMULATE n PERCENT DISK FAILURE [place] FOR INTERVAL n unit
    ALTER SYSTEM SIMULATE n PERCENT DISK CONGESTION BETWEEN low AND high MILLISECONDS [place]
        FOR INTERVAL n unit
    place: IN DISK i | [IN] NODE i
"""

from __future__ import annotations

from typing import Final, Literal

from mysqlcompat.sql.statements import (
    CrashSystem,
    SimulateDiskFault,
    SimulateReplicaFault,
    Statement,
)
from mysqlcompat.sql.token_stream import TokenStream

_UNIT_S: Final = {
    "SECOND": 1,
    "MINUTE": 60,
    "HOUR": 3600,
    "DAY": 86400,
    "WEEK": 7 * 86400,
    "MONTH": 30 * 86400,
    "QUARTER": 91 * 86400,
    "YEAR": 365 * 86400,
}
#: Longer intervals are as good as for ever.
INTERVAL_MAX_S: Final = 100 * _UNIT_S["YEAR"]
CONGESTION_MAX_MS: Final = 3_600_000

Place = tuple[Literal["disk", "node"], int] | None


def parse_system(stream: TokenStream) -> Statement:
    """What follows ALTER SYSTEM."""
    if stream.accept("CRASH"):
        return CrashSystem(
            (stream.accept_any("INSTANCE", "DISPATCHER", "NODE") or "INSTANCE").lower()
        )
    stream.expect("SIMULATE")
    percent = _number(stream, 100)
    stream.expect("PERCENT")
    if stream.clause("READ", "REPLICA", "FAILURE"):
        name = None
        if stream.accept("TO") and not stream.accept("ALL"):
            name = stream.string_or_name()
        return SimulateReplicaFault(percent, name, _interval_s(stream))
    stream.expect("DISK")
    if stream.expect_any("FAILURE", "CONGESTION") == "FAILURE":
        place = _place(stream)
        return SimulateDiskFault(percent, None, place, _interval_s(stream))
    stream.expect("BETWEEN")
    low = _number(stream, CONGESTION_MAX_MS)
    stream.expect("AND")
    high_token = stream.token
    high = _number(stream, CONGESTION_MAX_MS)
    if high < low:
        raise stream.error(high_token)
    stream.expect("MILLISECONDS")
    place = _place(stream)
    return SimulateDiskFault(percent, (low, high), place, _interval_s(stream))


def _number(stream: TokenStream, most: int) -> int:
    token = stream.token
    value = stream.integer()
    if value > most:
        raise stream.error(token)
    return value


def _place(stream: TokenStream) -> Place:
    if stream.accept("IN"):
        what = stream.expect_any("DISK", "NODE")
        return ("disk" if what == "DISK" else "node", stream.integer())
    if stream.accept("NODE"):
        return ("node", stream.integer())
    return None


def _interval_s(stream: TokenStream) -> int:
    stream.expect("FOR")
    stream.expect("INTERVAL")
    quantity = stream.integer()
    return min(INTERVAL_MAX_S, quantity * _UNIT_S[stream.expect_any(*_UNIT_S)])
