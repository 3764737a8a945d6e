"""Stages of data definition that takes long, and how far they are: events_stages_current."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

#: Stages of an index build (`IndexBuild.stage`) in MySQL's words.
BUILDING: Final = {
    "reading rows": "stage/innodb/alter table (read PK and internal sort)",
    "sorting": "stage/innodb/alter table (insert)",
    "following changes": "stage/innodb/alter table (log apply index)",
}
COPYING: Final = "stage/sql/copy to tmp table"


@dataclass(slots=True)
class Stage:
    """What a session is doing.

    state  in the process list
    name   of the event, now
    work   (done, estimated), in rows
    """

    state: str
    name: Callable[[], str]
    work: Callable[[], tuple[int, int]]
    begun_ns: int = field(default_factory=time.monotonic_ns)
