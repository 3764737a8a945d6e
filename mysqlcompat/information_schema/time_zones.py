"""mysql.time_zone, time_zone_name, time_zone_transition, time_zone_transition_type and
time_zone_leap_second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.information_schema.virtual import RowMaker, Wanted, no_rows
from mysqlcompat.time_zone_tables import zones

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Row = tuple[Any, ...]


def _zones(session: Session, wanted: Wanted) -> Iterator[Row]:
    yield from ((number, "N") for number in range(1, len(zones()) + 1))


def _names(session: Session, wanted: Wanted) -> Iterator[Row]:
    yield from ((name, number) for number, (name, _) in enumerate(zones(), 1))


def _transitions(session: Session, wanted: Wanted) -> Iterator[Row]:
    for number, (_, zone) in enumerate(zones(), 1):
        yield from ((number, at, kind) for at, kind in zone.changes)


def _types(session: Session, wanted: Wanted) -> Iterator[Row]:
    for number, (_, zone) in enumerate(zones(), 1):
        yield from ((number, kind, *shown) for kind, shown in enumerate(zone.types))


#: Columns, rows.
TABLES: Final[dict[str, tuple[str, RowMaker]]] = {
    "time_zone": (
        "Time_zone_id int unsigned NOT NULL, Use_leap_seconds enum('Y','N') NOT NULL DEFAULT 'N'",
        _zones,
    ),
    "time_zone_leap_second": ("Transition_time bigint NOT NULL, Correction int NOT NULL", no_rows),
    "time_zone_name": ("Name char(64) NOT NULL, Time_zone_id int unsigned NOT NULL", _names),
    "time_zone_transition": (
        "Time_zone_id int unsigned NOT NULL, Transition_time bigint NOT NULL,"
        " Transition_type_id int unsigned NOT NULL",
        _transitions,
    ),
    "time_zone_transition_type": (
        "Time_zone_id int unsigned NOT NULL, Transition_type_id int unsigned NOT NULL,"
        " `Offset` int NOT NULL DEFAULT '0', Is_DST tinyint unsigned NOT NULL DEFAULT '0',"
        " Abbreviation char(8) NOT NULL DEFAULT ''",
        _types,
    ),
}
